#!/bin/sh
# The system libraries that Qt opens at run time. Installs what is missing when run as root on Debian or Ubuntu,
# otherwise prints the command. Quick when nothing is missing; does nothing on other systems.
set -eu
[ "$(uname)" = Linux ] && command -v dpkg-query >/dev/null || exit 0

packages="libegl1 libgl1 libdbus-1-3 libfontconfig1 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1
  libxcb-image0 libxcb-render-util0 libxcb-shape0 libxcb-xkb1 libglib2.0-0 fonts-dejavu-core"

# a release after the 64-bit time transition has some of them as NAMEt64
missing=""
for package in $packages; do
  state=$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null || true)
  state64=$(dpkg-query -W -f '${db:Status-Abbrev}' "${package}t64" 2>/dev/null || true)
  case "$state$state64" in
    *ii*) ;;
    *) missing="$missing $package" ;;
  esac
done
[ -z "$missing" ] && exit 0

if [ "$(id -u)" = 0 ]; then
  echo "Installing system libraries for Qt:$missing"
  apt-get update -qq
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
  echo "Qt needs system libraries that are not installed. Install them, then try again:"
  echo "  sudo apt-get install$missing"
  exit 1
fi
