#!/bin/sh
# Puts FNet Studio into a folder of yours, without rights of an administrator: install.sh [PREFIX] (~/.local).
# With --uninstall it goes again; it asks before it touches what you made with it.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
action=install
[ "${1:-}" = --uninstall ] && { action=uninstall; shift; }
prefix=${1:-$HOME/.local}
program=$prefix/opt/fnet-studio
share=$prefix/share

refresh() {
  command -v update-desktop-database >/dev/null && update-desktop-database -q "$share/applications" || true
  command -v update-mime-database >/dev/null && update-mime-database "$share/mime" >/dev/null 2>&1 || true
  command -v gtk-update-icon-cache >/dev/null && gtk-update-icon-cache -q -t "$share/icons/hicolor" 2>/dev/null || true
}

if [ "$action" = uninstall ]; then
  [ -f "$program/files.txt" ] || { echo "There is no FNet Studio in $prefix."; exit 1; }
  while IFS= read -r file; do
    rm -f "$share/$file"
  done < "$program/files.txt"
  [ "$(readlink "$prefix/bin/fnet-studio" || true)" = "$program/fnet-studio" ] && rm -f "$prefix/bin/fnet-studio"
  rm -rf "$program"
  rmdir "$prefix/opt" 2>/dev/null || true
  refresh
  data=${XDG_DATA_HOME:-$HOME/.local/share}/fnet-studio
  config=${XDG_CONFIG_HOME:-$HOME/.config}/fnet-studio
  cache=${XDG_CACHE_HOME:-$HOME/.cache}/fnet-studio
  rm -rf "$cache"
  echo "FNet Studio is removed."
  if [ -d "$data" ] || [ -d "$config" ]; then
    echo "Your runs and presets ($data) and settings ($config) are still there."
    answer=no
    if [ -t 0 ]; then
      printf 'Delete them too? Type "delete" to do it, anything else keeps them: '
      read -r answer || answer=no
    fi
    if [ "$answer" = delete ]; then
      rm -rf "$data" "$config"
      echo "They are deleted."
    else
      echo "They are kept."
    fi
  fi
  exit 0
fi

if [ -f "$here/fnet-studio.sha256" ]; then
  (cd "$here" && sha256sum --quiet --check fnet-studio.sha256) || {
    echo "The package is damaged: fetch it again. Nothing was installed." >&2
    exit 1
  }
fi
mkdir -p "$prefix/opt" "$prefix/bin" "$share"
rm -rf "$program.new"
cp -a "$here/fnet-studio" "$program.new"
(cd "$here/share" && find . -type f | sed 's|^\./||') > "$program.new/files.txt"
rm -rf "$program"
mv "$program.new" "$program"
cp "$here/install.sh" "$program/install.sh"
cp -R "$here/share/." "$share/"
# a menu does not always look into ~/.local/bin
sed -i "s|^Exec=fnet-studio |Exec=\"$program/fnet-studio\" |" "$share/applications/fnet-studio.desktop"
ln -sf "$program/fnet-studio" "$prefix/bin/fnet-studio"
refresh
echo "FNet Studio is installed. Start it from the menu, or with $prefix/bin/fnet-studio"
echo "To remove it: sh $program/install.sh --uninstall${1:+ $prefix}"
