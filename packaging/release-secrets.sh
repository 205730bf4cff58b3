#!/bin/sh
# Fails when a secret that a signed release needs is missing, naming all that are, before anything is built.
set -eu
missing=""
for name in WINDOWS_CERTIFICATE WINDOWS_CERTIFICATE_PASSWORD \
  APPLE_CERTIFICATE APPLE_CERTIFICATE_PASSWORD APPLE_TEAM_ID APPLE_ID APPLE_ID_PASSWORD FEED_SECRET; do
  eval "value=\${$name:-}"
  [ -n "$value" ] || missing="$missing $name"
done
[ -z "$missing" ] && exit 0
echo "::error::A signed release needs these secrets, which are not set:$missing. Set them in the repository's settings (packaging/windows/sign.sh, packaging/macos/package.sh and packaging/make_feed.py say what each is), or start the workflow by hand with 'signed' off for a rehearsal."
exit 1
