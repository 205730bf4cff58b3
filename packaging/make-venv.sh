#!/bin/sh
# Makes a virtual environment: make-venv.sh PYTHON FOLDER.
# Debian and Ubuntu keep ensurepip in a package of its own: fetch it as root, or say how.
set -eu
python=$1
folder=$2
[ -x "$folder/bin/python" ] && "$folder/bin/python" -m pip --version >/dev/null 2>&1 && exit 0
rm -rf "$folder"
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "python$version-venv" >/dev/null
  else
    echo "Python's venv is missing. Install it, then try again:"
    echo "  sudo apt-get install python$version-venv"
    exit 1
  fi
fi
"$python" -m venv "$folder"
