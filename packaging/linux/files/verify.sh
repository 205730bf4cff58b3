#!/bin/sh
# Checks downloaded packages against SHA256SUMS beside them: verify.sh [FILE…], all that are there without a name.
# 0 when each is whole and as it was built, 1 when one is not.
set -u
cd "$(dirname -- "$0")" || exit 1
[ -f SHA256SUMS ] || { echo "SHA256SUMS is missing: fetch it from where the packages came from."; exit 1; }
IFS='
'
if [ $# = 0 ]; then
  # shellcheck disable=SC2046
  set -- $(cut -c 67- SHA256SUMS)
  named=no
else
  named=yes
fi
bad=0
seen=0
for file; do
  name=$(basename -- "$file")
  [ "$named" = no ] && [ ! -e "$name" ] && continue
  sum=$(awk -v name="$name" '{ file = substr($0, 67) } file == name { print $1 }' SHA256SUMS)
  if [ -z "$sum" ]; then
    echo "$name: not in SHA256SUMS"
    bad=1
  elif [ ! -f "$name" ]; then
    echo "$name: missing"
    bad=1
  elif [ "$(sha256sum < "$name" | cut -d ' ' -f 1)" = "$sum" ]; then
    echo "$name: whole"
    seen=$((seen + 1))
  else
    echo "$name: DAMAGED or changed. Do not install it: fetch it again."
    bad=1
  fi
done
[ "$bad$seen" = 00 ] && { echo "No package lies beside SHA256SUMS."; exit 1; }
exit "$bad"
