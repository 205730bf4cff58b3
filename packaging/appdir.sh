#!/bin/sh
# Lays out the folder that an AppImage is made of: appdir.sh FOLDER OUT.
set -eu
[ $# = 2 ] || { echo "usage: $0 FOLDER OUT" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$2/usr/lib" "$2/usr/share/icons/hicolor/scalable/apps"
cp -a "$1" "$2/usr/lib/fnet-studio"
cp "$here/../resources/icons/fnet-studio.svg" "$2/fnet-studio.svg"
cp "$2/fnet-studio.svg" "$2/usr/share/icons/hicolor/scalable/apps/"
ln -s fnet-studio.svg "$2/.DirIcon"
cat > "$2/fnet-studio.desktop" <<'DESKTOP'
[Desktop Entry]
Type=Application
Name=FNet Studio
Comment=Explore, fine-tune and teach FNet
Exec=fnet-studio
Icon=fnet-studio
Terminal=false
Categories=Science;ArtificialIntelligence;
DESKTOP
cat > "$2/AppRun" <<'RUN'
#!/bin/sh
exec "$(dirname "$(readlink -f "$0")")/usr/lib/fnet-studio/fnet-studio" "$@"
RUN
chmod +x "$2/AppRun"
