#!/bin/sh
# Walks from a key that you trust to its newest successor, with gpg alone (and sh, awk, sort).
#
#   sh succession.sh FINGERPRINT [succession.asc]
#
# FINGERPRINT is the whole fingerprint of the key that you trust, as you know it and not as the file
# says. Each step has to be certified by the key before it, under the same address, and is judged at
# the second when that was done: gpg itself takes no certification by a key that has expired since.
# A key that said of a certification, with the notation successor@quorate, that it makes a successor
# is followed along such ones only. A key that is revoked as compromised certifies nothing. Prints the keys one after the other, the newest last; exit 0 if at
# least one step could be made, 1 if none, 2 if the question can't be meant so. Your own keyring isn't
# touched, and nothing is fetched.
set -eu

trusted=$(printf '%s' "${1:-}" | tr -d ' ' | tr 'a-f' 'A-F')
chain=${2:-succession.asc}
case $trusted in *[!0-9A-F]*) trusted= ;; esac
if [ ${#trusted} -ne 40 ] || [ ! -f "$chain" ]; then
  echo "usage: sh succession.sh FINGERPRINT [succession.asc]" >&2
  exit 2
fi
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
trap 'exit 1' INT TERM

quiet() {
  gpg --homedir "$home" --no-options --batch --no-tty --quiet --no-auto-key-retrieve \
    --no-auto-check-trustdb --no-autostart "$@" 2>/dev/null
}

if ! quiet --import "$chain" || ! quiet --list-keys "$trusted" >/dev/null; then
  echo "the key $trusted isn't in $chain, or that can't be read" >&2
  exit 1
fi

# The address of a user ID, which may be nothing else.
address='
  function address(user_id) {
    if (match(user_id, /<[^<> ]+@[^<> ]+>$/)) return tolower(substr(user_id, RSTART))
    if (user_id ~ /^[^<> ]+@[^<> ]+$/) return tolower("<" user_id ">")
    return ""
  }'

# The addresses of a key's own user IDs, one a line.
addresses() { # addresses FINGERPRINT
  quiet --with-colons --list-keys "$1" |
    awk -F: "$address"'$1 == "uid" && address($10) { print address($10) }'
}

# "second newer kind" for each certification of a younger key by this one, as it says itself, oldest
# first; kind is "successor" if the signed part says so, or "any". A master key certifies many keys: a
# successor has the same address. A "spk" line is a part of the signature above it; 20 is a notation.
claims() { # claims FINGERPRINT
  addresses "$1" >"$home/addresses"
  quiet --with-colons --list-options show-sig-subpackets=20 --list-sigs | awk -F: -v by="$1" "$address"'
    NR == FNR { own[$0]; next }
    $1 != "spk" { listed = 0 }
    $1 == "pub" { made = $6; whose = ""; same = 0 }
    $1 == "fpr" && whose == "" { whose = $10; if (whose == by) mine = made }
    $1 == "uid" { same = address($10) in own }
    $1 == "sub" { same = 0 }
    $1 == "sig" && same && $13 == by && whose != by && $11 ~ /^1[0-3]/ {
      n++; when[n] = $6; of[n] = whose; born[n] = made; kind[n] = "any"; listed = $11 ~ /^13/
    }
    $1 == "spk" && listed && $2 == 20 && int($3) % 2 && $5 == "%80%00%00%00%00%11%00%01successor@quorate1" {
      kind[n] = "successor"
    }
    END { for (i = 1; i <= n; i++) if (born[i] > mine) print when[i], of[i], kind[i] }
  ' "$home/addresses" - | sort -n
}

# Does gpg find the certification good, at the second when it was made? Exit 3 if it is, and was taken back.
holds() { # holds OLDER NEWER SECOND
  quiet --faked-system-time "$3!" --with-colons --check-sigs "$2" | awk -F: -v by="$1" -v at="$3" "$address"'
    NR == FNR { own[$0]; next }
    $1 == "uid" { same = address($10) in own }
    $1 == "sub" { same = 0 }
    $1 == "sig" && same && $2 == "!" && $13 == by && $6 == at && $11 ~ /^1[0-3]/ { good = 1 }
    $1 == "rev" && same && $13 == by && $11 ~ /^30/ { back = 1 }
    END { exit good ? (back ? 3 : 0) : 1 }
  ' "$home/addresses" -
}

# Was the key revoked as compromised, or without a reason? A retired one has done its work well.
compromised() { # compromised FINGERPRINT
  quiet --with-colons --list-sigs "$1" | awk -F: '
    $1 == "uid" || $1 == "sub" { exit }
    $1 == "rev" && $11 !~ /^20x?,0[13]/ { found = 1 }
    END { exit !found }'
}

name() { quiet --with-colons --list-keys "$1" | awk -F: '$1 == "uid" { print $10; exit }'; }
day() { date -u -d "@$1" +%Y-%m-%d 2>/dev/null || date -u -r "$1" +%Y-%m-%d; }

current=$trusted
steps=0
echo "$current   $(name "$current")   trusted by you"
while :; do
  if compromised "$current"; then
    echo "this key is revoked as compromised: what it certified is worth nothing"
    exit 1
  fi
  next=
  says_so=
  claims "$current" >"$home/claims"
  for wanted in successor any; do
    while read -r second newer kind; do
      if [ "$kind" != "$wanted" ]; then continue; fi
      found=0
      holds "$current" "$newer" "$second" || found=$?
      if [ "$kind" = successor ] && [ "$found" -ne 1 ]; then says_so=yes; fi
      if [ "$found" -eq 0 ]; then
        next=$newer
        break
      fi
    done <"$home/claims"
    if [ -n "$next$says_so" ]; then break; fi
  done
  if [ -z "$next" ]; then break; fi
  echo "$next   $(name "$next")   certified $(day "$second")"
  current=$next
  steps=$((steps + 1))
done
if [ "$steps" -eq 0 ]; then
  echo "no newer key is certified by this one" >&2
  exit 1
fi
