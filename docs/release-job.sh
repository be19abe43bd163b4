#!/bin/sh
# A release job on the signing host: signs the files named, if the host may sign today.
#   docs/release-job.sh FILE...
# Nobody is asked anything. QUORATE_CERTIFICATE, if set, is the master key's certificate as published,
# fetched anew; without it the vault in this folder or above is looked at, if there is one.
set -eu

quorate host status --min-days "${QUORATE_MIN_DAYS:-7}" \
  ${QUORATE_CERTIFICATE:+--certificate "$QUORATE_CERTIFICATE"}

# The subkey itself, with a !, and never a user ID: gpg could find another key by that.
answer=$(quorate host status --json ${QUORATE_CERTIFICATE:+--certificate "$QUORATE_CERTIFICATE"})
field() { printf '%s\n' "$answer" | sed -n "s/^  \"$1\": \"\([0-9A-F]*\)\".*/\1/p"; }
subkey=$(field subkey)
master=$(field key)

for file in "$@"; do
  gpg --batch --yes --local-user "$subkey!" --armor --detach-sign "$file"
  # gpg --verify is content with any key that it knows; the last word names the master key.
  gpg --batch --status-fd 1 --verify "$file.asc" "$file" 2>/dev/null |
    grep -q "^\[GNUPG:\] VALIDSIG $subkey .* $master\$" ||
    { echo "$file.asc isn't a signature of $master" >&2; exit 1; }
  echo "signed $file"
done
