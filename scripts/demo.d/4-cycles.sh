# shellcheck shell=bash disable=SC2088  # tildes are expanded by the shell of the person who types
# The fourth act: a new key every cycle, twice, and a stranger who walks from the first to the third.

fingerprint_in() { sed -n 's/^fingerprint = "\(.*\)"/\1/p' "$dir/anna/$1/vault.toml"; }

# The new vault of anna's becomes a git repository, and everybody clones it.
shared() { # shared FOLDER
  git init -q --bare -b main "$dir/hub/$1.git"
  git -C "$dir/anna/$1" init -q -b main
  git -C "$dir/anna/$1" remote add origin "$dir/hub/$1.git"
  for who in "${people[@]}"; do
    [ "$who" = anna ] || git -c init.defaultBranch=main clone -q "$dir/hub/$1.git" "$dir/$who/$1" 2>/dev/null
    git -C "$dir/$who/$1" config user.name "$who"
    git -C "$dir/$who/$1" config user.email "$who@example.org"
  done
}

# All of them show that their shares of the new key open, and sign it, on their own machines.
entered() { # entered FINGERPRINT
  local who
  as anna "quorate share receipt --as anna --key $1 --quiet" >/dev/null
  as ben "quorate share receipt --as ben --key $1 -i ~/age.txt --quiet" >/dev/null
  as cleo "quorate share receipt --as cleo --key $1 -i ~/.ssh/id_ed25519 --quiet" >/dev/null
  typing dan 0 quorate share receipt --as dan --key "$1" --quiet >/dev/null
  as eve "quorate share receipt --as eve --key $1 --quiet" >/dev/null
  for who in anna cleo eve; do as "$who" "quorate attest --key $1 --yes --quiet" >/dev/null; done
  for who in "${people[@]}"; do push "$who" "Receipts and attestation: $who"; done
  pull
}

act "The cycle nears its end: a new key, step by step"
say "Anna types 'quorate rotate', and again whenever she wants to know what is missing. First it makes the next key," \
  "in a vault of its own beside this one; dan comes to her desk once more."
say ''
typing anna 0 quorate rotate --final --quiet
shared larch
folder=larch
push anna 'Larch key'
pull
larch=$(fingerprint_in larch)
folder=keys
on anna 3 quorate rotate --quiet
say "The five of them do for the new key what they did for the first: each shows that the own shares open, and anna," \
  "cleo and eve sign it. Then the old key's quorum is asked."
say ''
folder=larch; entered "$larch"; folder=keys
on anna 0 quorate rotate --quiet | shortened
vouching=$(asked_by anna)
words=$(words_of "$vouching")
push anna "Request $vouching"
pull
say "Ben compares: it is the key that his own machine has a receipt for."
say ''
on ben 0 quorate approve "$vouching" --way voice --words "'$words'" --quiet | shortened
push ben "Approve $vouching: ben"
pull
answer "$vouching" anna cleo
as anna "quorate submit $dir/ben/$vouching-ben.submission $dir/cleo/$vouching-cleo.submission" >/dev/null
on anna 0 quorate rotate
push anna "Done $vouching"
pull

act "The announcement: two good signatures"
cp "$dir/anna/keys/out/0x${larch,,}.asc" "$dir/user/larch.asc"
cp "$dir/anna/keys/out/0x${fpr,,}.asc" "$dir/user/juniper.asc"
cp "$dir/anna/keys/out/announcement.asc" "$dir/user/"
user gpg --import juniper.asc larch.asc
user gpg --verify announcement.asc
[ "$(grep -c 'Good signature' "$dir/user.said")" -eq 2 ]

act "The next cycle, the third key"
say "Half a year later it is the same again, in the second key's vault: the key, five receipts, three signatures, the" \
  "request, two approvals besides anna's. The demo doesn't wait for that; the days in team.toml are far enough apart."
say ''
folder=larch
typing anna 0 quorate rotate --final --quiet >/dev/null
shared maple
folder=maple
push anna 'Maple key'
pull
maple=$(fingerprint_in maple)
entered "$maple"
folder=larch
as anna "quorate rotate --quiet" >/dev/null
vouching=$(asked_by anna)
push anna "Request $vouching"
answer "$vouching" anna ben cleo
as anna "quorate submit $dir/ben/$vouching-ben.submission $dir/cleo/$vouching-cleo.submission" >/dev/null
on anna 0 quorate rotate --quiet
push anna "Done $vouching"
pull

act "From the first key to the third"
say "Anna has the three certificates in one folder, as the two rotations wrote them. Out of these she writes the chain of keys:"
say ''
mkdir "$dir/anna/published"
cp "$dir/anna/keys/out/0x${fpr,,}.asc" "$dir/anna/larch/out/0x${larch,,}.asc" "$dir/anna/larch/out/0x${maple,,}.asc" "$dir/anna/published/"
on anna 0 quorate lineage "~/published"
on anna 0 quorate publish succession "~/published" --out out/succession.asc
cp "$dir"/anna/larch/out/succession.* "$dir/user/"
cp "$dir/anna/larch/out/0x${maple,,}.asc" "$dir/user/maple.asc"
say "A stranger knows the first fingerprint, from a book. Gpg and a page of shell do the rest; no quorate:"
say ''
walk="sh succession.sh $fpr succession.asc"
say "user\$ $walk"
(cd "$dir/user" && env -u GNUPGHOME HOME="$dir/user" PATH="${PATH#*:}" bash -c "$walk") | tee "$dir/user.said"
[ "$(sed -n '$s/ .*//p' "$dir/user.said")" = "$maple" ]
say ''
on anna 0 quorate lint "~/published"
