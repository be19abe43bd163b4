# shellcheck shell=bash disable=SC2088  # tildes are expanded by the shell of the person who types
# The third act: a drill; then the signing host is broken into, two of five end its subkey, and another host gets a new one.

act "On a quiet afternoon: a drill"
say "Cleo wants to know whether two of them could end a subkey at night. A drill goes the whole way, with practice shares" \
  "that lie in the very same sealed files; it can't be turned into anything real."
say ''
on cleo 0 quorate drill open --of revocation --quiet
drill=$(basename "$(as cleo "git ls-files --others -- 'drills/*.drill'")" .drill)
words=$(as cleo "quorate drill show $drill --words" | tr -s ' \n' ' ' | sed 's/^ //;s/ $//')
push cleo "Drill $drill"
pull
say "She is impatient. One share opens nothing, and that it was tried is recorded:"
say ''
on cleo 3 quorate drill perform "$drill" --quiet
push cleo "Tried $drill"
pull
say "Dan has no time and says so. Ben hears the words by telephone, and answers:"
say ''
typing dan 0 quorate decline "$drill" --because '"in a meeting until six"' --quiet
push dan "Decline drill $drill: dan"
pull
on ben 0 quorate drill answer "$drill" --way voice --words "'$words'" --quiet
push ben "Drill $drill: ben"
pull
on cleo 0 quorate drill perform "$drill" "$dir/ben" --quiet
push cleo "Drill $drill done"
pull
say "Everybody can see who took part, who declined, and who never has:"
say ''
on eve 0 quorate drill list

act "At night: the signing host has been broken into"
say "Whoever was on $host has its subkey. Cleo is awake. She opens docs/worst-day.md, and doesn't need the master key:" \
  "when the subkey was bound, the revocations of it were made along, sealed to the revocation set. Two of five open them."
say ''
on cleo 0 quorate revoke subkey --reason compromised --confirm "${subkey:0:4}" --quiet
night=$(asked_by cleo)
words=$(words_of "$night" cleo)
push cleo "Request $night"
pull
say "She calls ben and reads him the words:"
say ''
on ben 0 quorate approve "$night" --way voice --words "'$words'" --quiet
push ben "Approve $night: ben"
pull
on cleo 0 quorate perform "$night" "$dir/ben" --quiet
push cleo "Done $night"
pull

act "The host's jobs stop, and a stranger's gpg learns of it"
as $host "git pull -q origin main"
on $host 1 quorate host status
say "Cleo publishes the certificate again. Who fetches it sees what the release is worth now. (gpg's exit code stays 0:" \
  "a script has to read its words, docs/signing-host.md.)"
say ''
cp "$dir/cleo/keys/out/0x${fpr,,}.asc" "$dir/user/published.asc"
user gpg --import published.asc
user gpg --verify example-1.0.tar.gz.asc
grep -q 'WARNING: This subkey has been revoked' "$dir/user.said"

act "In the morning: a new host, a new subkey"
old=$subkey
host=signing02
mkdir -p "$dir/$host" "$keys/$host"; chmod 700 "$keys/$host"
git clone -q "$dir/hub/keys.git" "$dir/$host/keys"
on $host 0 quorate host offer --key "$fpr" --quiet
offer=$(basename "$dir/$host"/keys/*.offer)
cp "$dir/$host/keys/$offer" "$dir/anna/"
say "It is bound as the first one was; ben and cleo hear the words and approve."
say ''
on anna 0 quorate subkey bind "~/$offer" --quiet
binding=$(asked_by anna)
push anna "Request $binding"
answer "$binding" anna ben cleo
on anna 0 quorate perform "$binding" "$dir/ben" "$dir/cleo" --quiet
push anna "Done $binding"
pull
as $host "git pull -q origin main"
cp "$dir/anna/keys/out/0x${fpr,,}.asc" "$dir/$host/published.asc"
on $host 0 quorate host install "~/published.asc" --quiet
subkey=$(as $host "quorate host status" | awk '/^may sign/ {$1=$2=""; gsub(" ", ""); print}')
[ -n "$subkey" ] && [ "$subkey" != "$old" ]
cp "$dir/signing01/example-1.0.tar.gz" "$dir/$host/example-1.0.1.tar.gz"
say "What is still good is signed anew:"
say ''
on $host 0 "gpg --batch --local-user '$subkey!' --armor --detach-sign ~/example-1.0.1.tar.gz"
cp "$dir/$host"/example-1.0.1.tar.gz* "$dir/$host/published.asc" "$dir/user/"
user gpg --import published.asc
user gpg --verify example-1.0.1.tar.gz.asc
if grep -q 'revoked' "$dir/user.said"; then false; fi
