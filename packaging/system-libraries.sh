#!/bin/sh
# The system libraries that Qt opens at run time.
exec sh "$(dirname -- "$0")/debian-packages.sh" Qt libegl1 libgl1 libdbus-1-3 libfontconfig1 libxkbcommon-x11-0 \
  libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-image0 libxcb-render-util0 libxcb-shape0 libxcb-xkb1 \
  libglib2.0-0 fonts-dejavu-core
