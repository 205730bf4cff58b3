#!/bin/sh
# Signs and notarises a frozen bundle and makes its disk image: package.sh "FNet Studio.app" VERSION OUT. On macOS only.
#   APPLE_CERTIFICATE, APPLE_CERTIFICATE_PASSWORD   a "Developer ID Application" certificate, PKCS#12 in base64
#   APPLE_TEAM_ID, APPLE_ID, APPLE_ID_PASSWORD      who asks for the notarisation (the password is one for this alone)
set -eu
[ $# = 3 ] || { echo "usage: $0 BUNDLE VERSION OUT" >&2; exit 2; }
missing=""
for name in APPLE_CERTIFICATE APPLE_CERTIFICATE_PASSWORD APPLE_TEAM_ID APPLE_ID APPLE_ID_PASSWORD; do
  eval "value=\${$name:-}"
  [ -n "$value" ] || missing="$missing $name"
done
[ -z "$missing" ] || { echo "Not set:$missing. Nothing can be signed for macOS. Add them to the secrets." >&2; exit 1; }
[ "$(uname)" = Darwin ] || { echo "codesign and notarytool are on macOS only" >&2; exit 1; }
bundle=$1
version=$2
out=$3
here=$(cd "$(dirname "$0")" && pwd)
[ -d "$bundle/Contents/MacOS" ] || { echo "$bundle is not a bundle" >&2; exit 1; }
umask 077
work=$(mktemp -d)
keychain=$work/build.keychain-db
trap 'security delete-keychain "$keychain" 2>/dev/null || true; rm -rf "$work"' EXIT

printf %s "$APPLE_CERTIFICATE" | base64 -d > "$work/certificate.p12"
password=$(openssl rand -hex 24)
security create-keychain -p "$password" "$keychain"
security set-keychain-settings -lut 3600 "$keychain"
security unlock-keychain -p "$password" "$keychain"
security import "$work/certificate.p12" -k "$keychain" -P "$APPLE_CERTIFICATE_PASSWORD" -T /usr/bin/codesign
security set-key-partition-list -S apple-tool:,apple: -s -k "$password" "$keychain" >/dev/null
security list-keychains -d user -s "$keychain" login.keychain-db
identity="Developer ID Application"

# from the inside out: a signature covers what it encloses. The programs go last, with the entitlements.
find "$bundle/Contents" -type f \( -name '*.dylib' -o -name '*.so' \) -print0 |
  xargs -0 codesign --force --timestamp --options runtime --sign "$identity" --keychain "$keychain"
find "$bundle/Contents/Frameworks" -type d -name '*.framework' -prune -print0 |
  xargs -0 codesign --force --timestamp --options runtime --sign "$identity" --keychain "$keychain"
for program in "$bundle"/Contents/MacOS/*; do
  codesign --force --timestamp --options runtime --entitlements "$here/entitlements.plist" \
    --sign "$identity" --keychain "$keychain" "$program"
done
codesign --force --timestamp --options runtime --entitlements "$here/entitlements.plist" \
  --sign "$identity" --keychain "$keychain" "$bundle"
codesign --verify --deep --strict "$bundle"

mkdir -p "$out"
image="$out/FNet-Studio-$version-$(uname -m).dmg"
dmgbuild -s "$here/dmg_settings.py" -D "app=$bundle" "FNet Studio" "$image"
codesign --force --timestamp --sign "$identity" --keychain "$keychain" "$image"
xcrun notarytool submit "$image" --wait \
  --apple-id "$APPLE_ID" --team-id "$APPLE_TEAM_ID" --password "$APPLE_ID_PASSWORD"
xcrun stapler staple "$image"
spctl --assess --type open --context context:primary-signature "$image"
