# shellcheck shell=bash disable=SC2088  # tildes are expanded by the shell of the person who types
# The second act: the roots attest, a signing host gets a subkey, a stranger verifies its release.

act "The roots sign the key, each with the own one"
say "That a team stands behind the key, its members tell the world with their own OpenPGP keys. A signing subkey isn't" \
  "bound before a majority has done that."
say ''
on anna 0 quorate attest --key "$fpr" --yes --quiet
push anna 'Attested: anna'
for who in cleo eve; do
  as "$who" "git pull -q --rebase origin main && quorate attest --key $fpr --yes --quiet" >/dev/null
  push "$who" "Attested: $who"
done
pull
say "Cleo and eve do the same on their machines:"
say ''
on dan 0 quorate status

act "A signing host makes a subkey of its own"
host=signing01
mkdir -p "$dir/$host" "$keys/$host"; chmod 700 "$keys/$host"
git clone -q "$dir/hub/keys.git" "$dir/$host/keys"
on $host 0 quorate host offer --key "$fpr" --quiet
offer=$(basename "$dir/$host"/keys/*.offer)
cp "$dir/$host/keys/$offer" "$dir/anna/"

act "Three roots bind it"
say "Anna has the file by mail, and the subkey's fingerprint by telephone."
say ''
on anna 0 quorate subkey bind "~/$offer" --quiet
binding=$(asked_by anna)
words=$(words_of "$binding")
push anna "Request $binding"
pull
answer "$binding" anna ben
say "Ben has approved it. Cleo hears the words, too:"
say ''
on cleo 0 quorate approve "$binding" --way voice --words "'$words'" --quiet
push cleo "Approve $binding: cleo"
pull
on anna 0 quorate perform "$binding" "$dir/ben" "$dir/cleo" --quiet
push anna "Done $binding"
pull
bound=$(basename "$dir"/anna/keys/out/bound-*.asc)
subkey=${bound#bound-}; subkey=${subkey%.asc}
cp "$dir/anna/keys/out/$bound" "$dir/$host/bound.asc"
published=$dir/0x${fpr,,}.asc
cp "$dir/anna/keys/out/0x${fpr,,}.asc" "$published"

act "The host signs a release"
on $host 0 quorate host install "~/bound.asc" --quiet
as $host "git pull -q origin main"
on $host 0 quorate host status
mkdir "$dir/$host/example"
git init -q --bare -b main "$dir/example.git"
as $host "cd ~/example && git init -q -b main && git config user.name Release && git config user.email release@example.org &&
  echo 'int main;' >main.c && git add main.c && git commit -qm 'The program' && tar czf ~/example-1.0.tar.gz main.c"
on $host 0 "gpg --batch --local-user '$subkey!' --armor --detach-sign ~/example-1.0.tar.gz"
on $host 0 "git -C ~/example config user.signingkey '$subkey!'"
on $host 0 "git -C ~/example tag -s -m 'example 1.0' v1.0"
as $host "git -C ~/example push -q $dir/example.git main v1.0"

act "A stranger verifies it, with the published certificate and nothing else"
mkdir -m 700 "$keys/user"; mkdir "$dir/user"
cp "$published" "$dir/user/published.asc"
cp "$dir/$host"/example-1.0.tar.gz* "$dir/user/"
user gpg --import published.asc
user gpg --verify example-1.0.tar.gz.asc
git clone -q "$dir/example.git" "$dir/user/example"
user git -C example verify-tag v1.0

act "Anybody can check it"
gpg_stranger --import "$dir/anna/keys/out/developer.asc" 2>/dev/null
sed -n '/BEGIN PGP PUBLIC/,/END PGP PUBLIC/p' "$dir/anna/keys/vault.toml" >"$dir/master.asc"
gpg_stranger --import "$dir/master.asc" 2>/dev/null
say "stranger\$ gpg --check-sigs $found   (the lines of our key)"
gpg_stranger --check-sigs --with-colons "$found" >"$dir/checked" 2>/dev/null
awk -F: -v key="${fpr: -16}" '$1=="sig" && $5==key {print "  sig" $2 "  " $5 "  " $10; n++} END {exit n==0}' "$dir/checked"
awk -F: -v key="${fpr: -16}" '$1=="sig" && $5==key && $2!="!" {exit 1}' "$dir/checked"
say ''
on eve 0 quorate verify --key "$fpr"
