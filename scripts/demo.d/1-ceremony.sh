# shellcheck shell=bash disable=SC2088  # tildes are expanded by the shell of the person who types
# The first act: five people make a key and certify with it; what goes wrong is named.

act "A team of five"
mkdir "$dir/hub"; git init -q --bare -b main "$dir/hub/keys.git"
for who in "${people[@]}"; do
  mkdir -p "$dir/$who" "$keys/$who"; chmod 700 "$keys/$who"
  git -c init.defaultBranch=main clone -q "$dir/hub/keys.git" "$dir/$who/keys" 2>/dev/null
  git -C "$dir/$who/keys" config user.name "$who"
  git -C "$dir/$who/keys" config user.email "$who@example.org"
done
for who in anna cleo eve; do
  GNUPGHOME=$keys/$who gpg -q --batch --passphrase '' --quick-gen-key "$who <$who@example.org>" \
    future-default default never 2>/dev/null
done
age-keygen -o "$dir/ben/age.txt" 2>/dev/null
mkdir -m 700 "$dir/cleo/.ssh"
ssh-keygen -q -t ed25519 -N '' -C cleo -f "$dir/cleo/.ssh/id_ed25519"
say "The shares of anna and eve go to their OpenPGP keys, ben has an age key, cleo an ssh key (and an OpenPGP key for" \
  "signing), dan nothing but a passphrase. Each has a home directory and a clone of one git repository below" "$dir"
say ''
on anna 0 quorate init --quiet
for who in anna cleo eve; do GNUPGHOME=$keys/$who gpg -q --no-auto-check-trustdb --armor --export 2>/dev/null >"$dir/anna/keys/keys/$who.asc"; done
age-keygen -y "$dir/ben/age.txt" >"$dir/anna/keys/keys/ben.age"
cp "$dir/cleo/.ssh/id_ed25519.pub" "$dir/anna/keys/keys/cleo.pub"
fingerprint_of() { GNUPGHOME=$keys/$1 gpg --no-auto-check-trustdb --list-keys --with-colons 2>/dev/null | awk -F: '/^fpr/{print $10; exit}'; }
cat >"$dir/anna/keys/team.toml" <<TOML
[key]
user-id   = "Example Infra ({cycle}) <infra-root@example.org>"
algorithm = "ed25519"
outlives  = "28 days"
[cycles]
"Juniper Cycle" = $(date -u -d '+6 months' +%F)
"Larch Cycle"   = $(date -u -d '+8 months' +%F)
"Maple Cycle"   = $(date -u -d '+11 months' +%F)
[needed]
master     = 3
revocation = 2
[policy]
attest = "majority"
request-days = 7
any-root-may-revoke = false
[root.anna]
seal = "$(fingerprint_of anna)"
[root.ben]
seal = "keys/ben.age"
[root.cleo]
seal = "keys/cleo.pub"
attest = "$(fingerprint_of cleo)"
[root.dan]
seal = "passphrase"
[root.eve]
seal = "$(fingerprint_of eve)"
TOML
say "She fills in team.toml: three of five use the key, two of five revoke it, a majority has to sign it, and the" \
  "calendar knows three cycles, each of which gets a key of its own."

act "The key is made; dan comes to anna's desk and chooses his passphrase"
typing anna 0 quorate create --as anna --quiet
push anna 'Juniper key'
pull
fpr=$(sed -n 's/^fingerprint = "\(.*\)"/\1/p' "$dir/anna/keys/vault.toml")

act "Everybody shows that the own shares open"
say "The fingerprint is read by voice; each machine compares it once and remembers it."
say ''
on ben 0 quorate share verify --as ben --key "$fpr" -i "~/age.txt"
on ben 0 quorate share receipt --quiet
push ben 'Receipts: ben'
on cleo 0 quorate share receipt --as cleo --key "$fpr" -i "~/.ssh/id_ed25519" --quiet
push cleo 'Receipts: cleo'
typing dan 0 quorate share receipt --as dan --key "$fpr" --quiet
push dan 'Receipts: dan'
as anna "quorate share receipt --quiet" >/dev/null; push anna 'Receipts: anna'
say "Anna does the same. Eve hasn't yet, so the key can't be asked for anything:"
say ''
developer=$dir/developer.asc
keyring=/usr/share/keyrings/debian-keyring.gpg
[ -e "$keyring" ] || keyring=/usr/share/keyrings/debian-keyring.pgp
gpg_stranger() { gpg -q --batch --no-auto-check-trustdb --homedir "$keys/stranger" "$@"; }
mkdir -m 700 "$keys/stranger"
gpg_stranger --no-default-keyring --keyring "$keyring" --list-keys --with-colons 2>/dev/null |
  awk -F: '$1=="pub"{ok=($2!="e"&&$2!="r"&&$4==22)} $1=="fpr"&&ok{print $10; ok=0}' >"$dir/candidates"
pull
found=
while read -r candidate; do
  gpg_stranger --no-default-keyring --keyring "$keyring" --armor --export "$candidate" >"$developer"
  # a key whose user IDs are few is easier to follow on a screen
  if [ "$(gpg_stranger --show-keys --with-colons "$developer" | grep -c '^uid')" -le 2 ] &&
    ! gpg_stranger --show-keys --with-colons "$developer" | grep -q '^uat'; then
    found=$candidate
    break
  fi
done < <(head -200 "$dir/candidates")
[ -n "$found" ]
cp "$developer" "$dir/anna/developer.asc"
on anna 3 quorate certify "~/developer.asc"
pull
as eve "quorate share receipt --as eve --key $fpr --quiet" >/dev/null; push eve 'Receipts: eve'
pull
on anna 0 quorate status

act "Anna asks: certify a real Debian developer's key"
until=$(date -u -d '+5 months' +%F)
on anna 0 quorate certify "~/developer.asc" --until "$until" --quiet
request=$(asked_by anna)
words=$(words_of "$request")
push anna "Request $request"
pull

act "Ben looks at it, hears the words by telephone, and approves"
on ben 0 quorate approve "$request" --way voice --words "'$words'" --quiet
push ben "Approve $request: ben"

act "Somebody types other words: nothing is opened"
on dan 4 quorate approve "$request" --way voice --words "'cat dog bird fish cow horse pig hen'" --quiet 2>&1 |
  sed -n '1p;/error/,$p'

act "Dan says no, and the others can still say yes"
typing dan 0 quorate decline "$request" --because '"I could not reach the owner"' --quiet
push dan "Decline $request: dan"
pull
say "Anna's program has a text for each of those who haven't answered:"
say ''
on anna 0 quorate status --remind

act "An operator who swaps the target after the approvals"
say "Anna's machine has been broken into. The request in it is made to name another user ID; the approvals are kept."
cp -r "$dir/anna/keys" "$dir/evil"
python3 - "$dir/evil/requests/$request.request" <<'PY'
import base64, sys
path = sys.argv[1]
text = open(path).read()
head, rest = text.split("drafts:\n")
lines, signature = rest.split("-----BEGIN", 1)
drafts = bytearray(base64.b64decode(lines.replace("\n", "").replace(" ", "")))
at = drafts.rindex(b"@")
drafts[at - 1] ^= 1
encoded = base64.b64encode(bytes(drafts)).decode()
block = "".join(" " + encoded[i:i + 76] + "\n" for i in range(0, len(encoded), 76))
open(path, "w").write(head + "drafts:\n" + block + "-----BEGIN" + signature)
PY
cp "$dir/anna/keys/requests/$request.request" "$dir/true.request"
cp "$dir/evil/requests/$request.request" "$dir/anna/keys/requests/$request.request"
on anna 4 quorate perform "$request" "$dir/ben"
cp "$dir/true.request" "$dir/anna/keys/requests/$request.request"
rm -rf "$dir/evil"

act "A corrupted share, and one of another vault"
say "A byte of dan's sealed share is hit by a bad disk:"
say ''
cp "$dir/dan/keys/sealed/master.1/dan.age" "$dir/dan.age"
sed -i '5s/./A/;5s/^\(.\{10\}\)./\1B/' "$dir/dan/keys/sealed/master.1/dan.age"
on dan 4 quorate share verify
as dan "git checkout -q sealed"
say "Cleo answers through a pipe, as over ssh, and by mistake sends along a file from another team's vault:"
say ''
say "cleo:~/keys\$ quorate approve $request --out - | ssh anna@desk quorate --vault keys submit"
as cleo "quorate approve $request --way voice --words '$words' --out - 2>/dev/null" | as anna "quorate submit"
say ''
push cleo "Approve $request: cleo"
age-keygen -o "$dir/other.txt" 2>/dev/null
head -c 300 /dev/urandom | age -a -r "$(age-keygen -y "$dir/other.txt")" >"$dir/cleo/other-vault.submission"
pull

act "Anna carries it out"
on anna 0 quorate perform "$request" "$dir/ben" "$dir/cleo" --quiet
push anna "Done $request"
rm "$dir/cleo/other-vault.submission"
pull

act "What happened, told to anybody"
say "A stranger has a clone and the published fingerprint, and nothing else."
say ''
mkdir "$dir/stranger" && git clone -q "$dir/hub/keys.git" "$dir/stranger/keys"
on stranger 0 quorate verify --key "$fpr"
on stranger 0 quorate minutes "$request" --key "$fpr"

act "A second machine of ben's learns what the first one has seen"
say "No voice is needed: what ben's machine remembers goes along on a stick."
say ''
on ben 0 quorate pins export "~/example.pins"
mkdir "$dir/ben-laptop" && git clone -q "$dir/hub/keys.git" "$dir/ben-laptop/keys" && mkdir "$keys/ben-laptop"
on ben-laptop 0 quorate pins import "$dir/ben/example.pins" --key "$fpr"
say "There the clone is set back to the day before, as an attacker would do it:"
say ''
as ben-laptop "git reset -q --hard HEAD~1"
on ben-laptop 4 quorate status
