#!/bin/sh
# debian-packages.sh WHO PACKAGE…: installs what is missing when run as root on Debian or Ubuntu, otherwise says who needs
# it and prints the command. Quick when nothing is missing; does nothing on other systems.
set -eu
[ "$(uname)" = Linux ] && command -v dpkg-query >/dev/null || exit 0
who=$1
shift

# a release after the 64-bit time transition has some of them as NAMEt64
missing=""
for package; do
  state=$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null || true)
  state64=$(dpkg-query -W -f '${db:Status-Abbrev}' "${package}t64" 2>/dev/null || true)
  case "$state$state64" in
    *ii*) ;;
    *) missing="$missing $package" ;;
  esac
done
[ -z "$missing" ] && exit 0

if [ "$(id -u)" = 0 ]; then
  echo "Installing what $who needs:$missing"
  apt-get update -qq
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
  echo "$who needs packages that are not installed. Install them, then try again:"
  echo "  sudo apt-get install$missing"
  exit 1
fi
