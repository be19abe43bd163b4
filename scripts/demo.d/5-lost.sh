# shellcheck shell=bash
# The fifth act: the third key is lost, and the revocation set ends it.

act "The newest key is lost"
say "In one bad week anna and cleo lose what opens their shares, and dan forgets his passphrase. Ben and eve are left, and" \
  "three are needed to use the key. Nobody else can have it, but it would live for another year, and users would wait for" \
  "it. Two can still end it: the revocation was made when the key was, and lies sealed to the revocation set."
say ''
folder=maple
on eve 0 quorate revoke key --reason none --confirm "${maple:0:4}" --quiet
last=$(asked_by eve)
words=$(words_of "$last" eve)
push eve "Request $last"
pull
on ben 0 quorate approve "$last" --way voice --words "'$words'" --quiet
push ben "Approve $last: ben"
pull
on eve 0 quorate perform "$last" "$dir/ben" --quiet
push eve "Done $last"
pull
cp "$dir/eve/maple/out/revoked-$maple.asc" "$dir/user/revoked.asc"
user gpg --import maple.asc revoked.asc
user gpg --list-keys "$maple"
grep -q '^pub.*revoked' "$dir/user.said"
on dan 0 quorate status
folder=keys
