#!/bin/sh
# Makes an AppImage of the frozen folder: appimage.sh FOLDER VERSION OUT. The tool with its run-time stub is fetched from
#   APPIMAGETOOL         an address of appimagetool
#   APPIMAGETOOL_SHA256  its checksum
set -eu
[ $# = 3 ] || { echo "usage: $0 FOLDER VERSION OUT" >&2; exit 2; }
for name in APPIMAGETOOL APPIMAGETOOL_SHA256; do
  eval "value=\${$name:-}"
  [ -n "$value" ] || { echo "$name is not set: the AppImage cannot be made. Add it to the variables." >&2; exit 1; }
done
here=$(cd "$(dirname "$0")" && pwd)
[ -x "$1/fnet-studio" ] || { echo "$1 holds no fnet-studio: it is not a frozen folder" >&2; exit 1; }
mkdir -p "$3"
out=$(cd "$3" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sh "$here/appdir.sh" "$1" "$work/FNet-Studio.AppDir"
curl --fail --silent --show-error --location --output "$work/appimagetool" "$APPIMAGETOOL"
echo "$APPIMAGETOOL_SHA256  $work/appimagetool" | sha256sum --check --quiet
chmod +x "$work/appimagetool"
ARCH=x86_64 "$work/appimagetool" --appimage-extract-and-run "$work/FNet-Studio.AppDir" \
  "$out/FNet-Studio-$2-x86_64.AppImage"
