#!/bin/sh
# Signs Windows programs, an MSI or a setup program in place: sign.sh FILE... Needs Debian's osslsigncode, and
#   WINDOWS_CERTIFICATE           a PKCS#12 file with key and chain, in base64
#   WINDOWS_CERTIFICATE_PASSWORD  its password
#   WINDOWS_TIMESTAMP             the address of a time stamp service; without one the signature ends with the certificate
set -eu
for name in WINDOWS_CERTIFICATE WINDOWS_CERTIFICATE_PASSWORD; do
  eval "value=\${$name:-}"
  [ -n "$value" ] || { echo "$name is not set: nothing can be signed for Windows. Add it to the secrets." >&2; exit 1; }
done
command -v osslsigncode >/dev/null || { echo "osslsigncode is missing: install the package of that name" >&2; exit 1; }
umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf %s "$WINDOWS_CERTIFICATE" | base64 -d > "$work/certificate.p12" ||
  { echo "WINDOWS_CERTIFICATE is not base64" >&2; exit 1; }
printf %s "$WINDOWS_CERTIFICATE_PASSWORD" > "$work/password"
for file in "$@"; do
  osslsigncode sign -pkcs12 "$work/certificate.p12" -readpass "$work/password" -h sha256 -n "FNet Studio" \
    ${WINDOWS_TIMESTAMP:+-ts "$WINDOWS_TIMESTAMP"} -in "$file" -out "$work/signed" >&2
  cat "$work/signed" > "$file"
  rm "$work/signed"
  echo "signed $file"
done
