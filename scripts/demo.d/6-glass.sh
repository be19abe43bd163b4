# shellcheck shell=bash
# The last act: the first key comes back without quorate, and where to go on.

act "Break glass: the key comes back without quorate"
say "Back to the days before that week: quorate can't be had. Three sealed shares of the first key are opened with gpg" \
  "and age; gfcombine, age and gpg do the rest."
glass=$dir/glass; mkdir -m 700 "$glass" "$keys/glass"
share() { # the raw share out of an opened text: shares-format/SPEC.md, section 8
  sed -n '/BEGIN QUORATE SHARE/,/END QUORATE SHARE/p' | grep '^[0-9]' | cut -c4-32 | tr -d ' \n' |
    tr '[:lower:]' '[:upper:]' | base32 -d | tail -c 52
}
cd "$dir/anna/keys"
GNUPGHOME=$keys/anna gpg -q -d sealed/master.1/anna.asc 2>/dev/null | share >"$glass/part.001"
age -d -i "$dir/ben/age.txt" sealed/master.1/ben.age | share >"$glass/part.002"
GNUPGHOME=$keys/eve gpg -q -d sealed/master.1/eve.asc 2>/dev/null | share >"$glass/part.005"
gfcombine -o "$glass/passphrase" "$glass"/part.00?
say "\$ gfcombine -o passphrase part.001 part.002 part.005"
say "\$ age -d -o key.asc master.1.age        (the passphrase is typed at the terminal)"
# shellcheck disable=SC2016  # expect expands these
PASS=$(cat "$glass/passphrase") OUT=$glass/key.asc expect -c '
  log_user 0
  spawn age -d -o $env(OUT) master.1.age
  expect "passphrase" { send -- "$env(PASS)\r" }
  expect eof
  exit [lindex [wait] 3]' >/dev/null
GNUPGHOME=$keys/glass gpg -q --batch --import "$glass/key.asc" 2>/dev/null
say "\$ gpg --import key.asc && gpg --list-secret-keys"
GNUPGHOME=$keys/glass gpg --list-secret-keys 2>/dev/null | sed -n '3,5p'
back=$(GNUPGHOME=$keys/glass gpg --list-secret-keys --with-colons 2>/dev/null | awk -F: '/^fpr/{print $10; exit}')
[ "$back" = "$fpr" ]
say "It is the same key. (docs/break-glass.md is the page for that day.)"
rm -rf "$glass"
cd /

act "Go on from here"
say "The work lies in $dir; for each of anna, ben, cleo, dan, eve a home with clones in keys/, larch/ and maple/."
say "Ben's age key and cleo's ssh key are there, dan's passphrase is: correct horse battery staple" \
  "(the OpenPGP holders' keys were thrown away):"
say "  cd $dir/ben/keys && HOME=$dir/ben $bin/quorate status"
