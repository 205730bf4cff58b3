#!/bin/sh
# Makes the MSI and the setup program of a frozen Windows folder: package.sh FOLDER VERSION OUT. Runs on Linux (Debian's
# wixl and nsis) or wherever both are. The folder must have been frozen on Windows, and its programs signed before.
set -eu
[ $# = 3 ] || { echo "usage: $0 FOLDER VERSION OUT" >&2; exit 2; }
folder=$(cd "$1" && pwd)
version=$2
mkdir -p "$3"
out=$(cd "$3" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
for tool in wixl wixl-heat makensis; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install the packages wixl and nsis" >&2; exit 1; }
done
for program in fnet-studio.exe fnet-studio-worker.exe; do
  [ -f "$folder/$program" ] || { echo "$folder holds no $program: it is not a frozen Windows folder" >&2; exit 1; }
done
case $version in
  *[!0-9.]* | "" | .* | *.) echo "$version is not a version such as 1.2.3" >&2; exit 1 ;;
esac
icon=$here/fnet-studio.ico
[ -f "$icon" ] || { echo "$icon is missing: run packaging/make_icons.py" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# wixl takes no absolute paths: everything lies below the folder that it runs in
ln -s "$folder" "$work/tree"
cp "$icon" "$work/program.ico"
cp "$here/fnet-studio.wxs" "$work/"
(
  cd "$work"
  find tree/ -type f | sort |
    wixl-heat --prefix tree/ --component-group Files --var var.Source --directory-ref INSTALLDIR --win64 > files.wxs
  wixl --arch x64 -D Win64=yes -D "Version=$version" -D Source=tree -D Icon=program.ico \
    -o "$out/FNet-Studio-$version-x64.msi" fnet-studio.wxs files.wxs
)
makensis -V2 -WX "-DVERSION=$version" "-DSOURCE=$folder" "-DOUT=$out/FNet-Studio-$version-x64-setup.exe" \
  "-DICON=$icon" "-DLICENCE=$here/../../LICENSE" "$here/fnet-studio.nsi"
