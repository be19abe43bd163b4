//! The examples at the end of each `--help`, as data: a test runs their arguments through the
//! parser.

/// `quorate --help`
pub(super) const TOP: &str = "\
Examples:
  quorate                     is it my turn?
  quorate status              where the key stands
  quorate verify              everything, checked from public data";

/// `quorate init --help`
pub(super) const INIT: &str = "\
Writes team.toml and makes keys/. Nothing that is there is touched.

Examples:
  quorate init
  quorate init --vault ../juniper";

/// `quorate create --help`
pub(super) const CREATE: &str = "\
Reads team.toml and keys/. Writes master.1.age, revocation.1.age,
practice.1.age, sealed/, .gitignore and, last, vault.toml. The secrets exist in
a locked-up process only. --import takes over a key that gpg made: only the
master key goes into custody; signing subkeys leave to out/, sealed to their
host; each other secret has to be named with --drop.

Examples:
  quorate create --as anna
  quorate create --as anna --cycle 'Juniper Cycle' --strict
  quorate create --as anna --import old-key.asc --subkey-for keys/host.age
  quorate create --discard";

/// `quorate roster --help`
pub(super) const ROSTER: &str = "\
Reads team.toml and keys/, and says all that stands against `create`, not only
the first. --challenge writes a message for each root, and nothing else is
written; what was asked and answered is kept on this machine.

Examples:
  quorate roster check
  quorate roster check --cycle 'Larch Cycle' --vault ../larch
  quorate roster check --challenge ../challenges
  quorate roster check --answer ben='orbit velvet maple cactus ribbon harvest'";

/// `quorate share --help`
pub(super) const SHARE: &str = "\
Reads sealed/ and opens what is sealed to you. Nothing secret is shown or
written, except by `show` and `practice`. The identity file is remembered once
given.

Examples:
  quorate share verify
  quorate share verify -i age-identity.txt
  quorate share receipt --as ben -i age-identity.txt
  quorate share card --html card.html";

/// `quorate share practice --help`
pub(super) const SHARE_PRACTICE: &str = "\
Opens your sealed share and prints the practice share in it, which is to be told
by its armour. With so many practice shares as are needed of real ones,
gfcombine and age open practice.1.age: docs/break-glass.md tells how, and may
be practised so by anybody, with nothing at stake.

Examples:
  quorate share practice
  quorate share practice --of revocation --yes";

/// `quorate share card --help`
pub(super) const SHARE_CARD: &str = "\
Reads vault.toml alone; no share is opened, and nothing secret is on the page.
Print one for each holder and write the numbers on it by hand. A team translates
the texts once: the file has the same keys, and says what is filled in.

Examples:
  quorate share card
  quorate share card --as ben --html card-ben.html
  quorate share card --write-texts card.toml
  quorate share card --texts card.toml --html card.html";

/// `quorate status --help`
pub(super) const STATUS: &str = "\
Reads the vault and this machine's inbox; writes nothing to the vault.

Examples:
  quorate status
  quorate status --json";

/// `quorate pins --help`
pub(super) const PINS: &str = "\
Each machine remembers the key, the newest manifest, and all minutes and
withdrawals that it has seen; a vault that goes back behind them is refused. A
second machine of yours learns them from a file instead of by voice.

Examples:
  quorate pins export juniper.pins
  quorate pins import juniper.pins";

/// `quorate certify --help`
pub(super) const CERTIFY: &str = "\
Reads the certificates; writes requests/ and approvals/ in the vault, and the
one-time key, sealed to you, on this machine. The certified certificates are
written by `perform`, to out/. With --live or --here the one-time key is in
memory only, the answers are taken now, and nothing is left to perform.

Examples:
  quorate certify packaging.asc --until 2027-06-30
  quorate certify packaging.asc --user-id packaging@example.org --type 0x13
  quorate certify team.pgp --notation reviewed@example.org=yes
  quorate certify packaging.asc --live";

/// `quorate show --help`
pub(super) const SHOW: &str = "\
Reads requests/. What is printed comes from the bytes that would be signed, not
from the opener.

Examples:
  quorate show c41f9e2
  quorate show c41f9e2 --words
  quorate show c41f9e2 90d3b7f --words";

/// `quorate rehearse --help`
pub(super) const REHEARSE: &str = "\
Needs no share and changes nothing. A key of the same shape is made in memory,
signs what the request asks for, and is thrown away; every packet is shown.
Exit 0 if gpg and Sequoia accept all of it, 4 if one of them doesn't, 1 if gpg
isn't here.

Example:
  quorate rehearse 3f2a91c";

/// `quorate approve --help`
pub(super) const APPROVE: &str = "\
Writes approvals/ in the vault (public), and a submission (your share, readable
by the opener's machine alone) outside it, to be sent to the opener. Of a pair
(`rotate --bind`) both are shown and both answered, each in its own vault.

Examples:
  quorate approve c41f9e2
  quorate approve c41f9e2 -i age-identity.txt --out /tmp
  quorate approve c41f9e2 90d3b7f --expect-roster my-copy-of-team.toml
  quorate approve c41f9e2 --also ../larch
  quorate approve c41f --way voice \\
      --words 'orbi velv mapl cact ribb harv luna penc'";

/// `quorate attest --help`
pub(super) const ATTEST: &str = "\
Shows the key's fingerprint beside what this machine remembers, asks, and has
your own gpg certify it with the key that vault.toml names for you, in a keyring
that is thrown away: yours stays as it is. Writes attestations/. Everybody
signs on the own machine. Where quorate isn't, gpg alone does it:
  gpg --quick-sign-key FINGERPRINT && gpg --armor --export FINGERPRINT
and anybody collects that; each signature that doesn't count is told, and why.

Examples:
  quorate attest
  quorate attest --key A4C123B1612DD272D1371C17149D439536B3F1C7 --yes
  quorate attest --collect from-ben.asc from-cleo.asc
  quorate attest --collect ~/exported-keys";

/// `quorate perform --help`
pub(super) const PERFORM: &str = "\
Takes the submissions from this machine's inbox, and files or folders named.
Writes results/, minutes/ and approvals/ in the vault and the certificates to
out/, then deletes the one-time key and the inbox. A request that was carried
out already gives its recorded result. Of a pair both are carried out, or none.
With too few true shares nothing is signed, and minutes/ID-….attempt tells that
it was tried.

Examples:
  quorate perform c41f9e2
  quorate perform c41f9e2 c41f9e2-ben.submission c41f9e2-cleo.submission
  quorate perform c41f9e2 ~/inbox --strict";

/// `quorate drill --help`
pub(super) const DRILL: &str = "\
The whole way of a request, with the practice shares that lie in the very same
sealed files, and practice.1.age, which is worthless. A drill can't be turned
into a request, nor a request into a drill. Evidence goes to drills/.

Examples:
  quorate drill open
  quorate drill answer 3f2a1b9
  quorate drill perform 3f2a1b9
  quorate decline 3f2a1b9 --because 'on a train'
  quorate drill list";

/// `quorate drill open --help`
pub(super) const DRILL_OPEN: &str = "\
Writes drills/ in the vault, and the one-time key, sealed to you, on this
machine. Needs no receipts: a team can practise before the key is in force.
With --here the answers are taken at once, one after the other.

Examples:
  quorate drill open
  quorate drill open --here
  quorate drill open --of revocation -i age-identity.txt";

/// `quorate drill answer --help`
pub(super) const DRILL_ANSWER: &str = "\
Writes drills/ID-YOU.answer in the vault (public), and a submission outside it,
to be sent to the opener: your practice share, never the real one.

Examples:
  quorate drill answer 3f2a1b9
  quorate drill answer 3f2a1b9 -i age-identity.txt --out /tmp
  quorate drill answer 3f2a --way voice \\
      --words 'orbi velv mapl cact ribb harv luna penc'";

/// `quorate drill perform --help`
pub(super) const DRILL_PERFORM: &str = "\
Takes the submissions from this machine's inbox (`quorate submit` puts them
there), and files or folders named. The locked-up process opens practice.1.age,
and is given no file of the key. Writes answers and minutes to drills/, then
deletes the one-time key and the inbox.

Examples:
  quorate drill perform 3f2a1b9
  quorate drill perform 3f2a1b9 drill-3f2a1b9-ben.submission --strict";

/// `quorate verify --help`
pub(super) const VERIFY: &str = "\
Reads the vault, or the files named; writes nothing. Needs no share and no
roster entry.

Examples:
  quorate verify --key A4C123B1612DD272D1371C17149D439536B3F1C7
  quorate verify results/c41f9e2.result minutes/c41f9e2.minutes
  quorate verify --allowed-signers";

/// `quorate decline --help`
pub(super) const DECLINE: &str = "\
Writes approvals/ID-YOU.decline, signed with your holder key, which lies beside
your share, so the share is opened; nothing of it leaves this machine. Who
declined may still approve later. A drill is declined in the same way, in
drills/.

Examples:
  quorate decline c41f9e2 --because 'I cannot reach the owner'
  quorate decline c41f9e2 --because 'wrong user ID' -i ~/.ssh/id_ed25519";

/// `quorate withdraw --help`
pub(super) const WITHDRAW: &str = "\
Writes requests/ID.withdrawal, signed with the opener's holder key, and deletes
the one-time key and the submissions on this machine. A withdrawn request is
neither approved nor carried out any more. A drill is withdrawn in the same
way, in drills/.

Examples:
  quorate withdraw c41f9e2 --because 'typing error, a new one follows'";

/// `quorate submit --help`
pub(super) const SUBMIT: &str = "\
Reads submissions as they came, also quoted by mail, and puts them into the
inbox of an own open request, in your state directory. They are not opened
here: `perform` does that, and says who is meant.

Examples:
  quorate submit c41f9e2-ben.submission
  quorate submit --request c41f9e2 mail.txt
  quorate submit
On the holder's machine, in one line:
  quorate approve c41f9e2 --out - | ssh desk quorate --vault keys submit";

/// `quorate receipts --help`
pub(super) const CLOSE: &str = "\
Writes receipts/YOU-without-NAME-….closing for each set that lacks the receipt.
At least one receipt more than the number needed must be there; each missing
person is named by a note of the own.

Examples:
  quorate receipts close --without dan
  quorate receipts close --without dan -i age-identity.txt";

/// `quorate host --help`
pub(super) const HOST: &str = "\
The host makes its own subkey; no secret travels. Needs gpg and its agent, no
share and no roster entry. A root takes the offer to the vault (`quorate subkey
bind FILE`, then approve and perform) and sends the bound certificate back.

Examples:
  quorate host offer
  quorate host install bound-B0EB53F1.asc
  quorate host status
  quorate host leave";

/// `quorate host offer --help`
pub(super) const HOST_OFFER: &str = "\
Makes a key in gpg's agent, without a passphrase, and lets it sign that it
agrees to the master key. Writes offer-….offer, which is public. What is offered
already isn't made twice.

Examples:
  quorate host offer
  quorate host offer --algorithm rsa4096 --out signing01.offer
  quorate host offer --certificate juniper.asc \\
      --key A4C123B1612DD272D1371C17149D439536B3F1C7";

/// `quorate host install --help`
pub(super) const HOST_INSTALL: &str = "\
Reads the certificate that `perform` wrote to out/ on a root's machine, imports
it into this user's gpg, and proves with a test signature that gpg signs with
the subkey and sees it as the master key's. Run it again after an extension.

Examples:
  quorate host install bound-B0EB53F1.asc
  quorate host install juniper.asc \\
      --key A4C123B1612DD272D1371C17149D439536B3F1C7";

/// `quorate host status --help`
pub(super) const HOST_STATUS: &str = "\
Exit 0: the subkey in this gpg may sign. Exit 1: it must not, and why. Reads
gpg's keyring and the certificate in use, of the vault at hand or of a file;
what is revoked or expired in either is unfit. Asks nothing.

Examples:
  quorate host status
  quorate host status --min-days 14 --vault /srv/juniper
  quorate host status --json --certificate juniper.asc";

/// `quorate host leave --help`
pub(super) const HOST_LEAVE: &str = "\
Deletes the secrets that quorate made on this host for a master key. The public
keys stay. Copies in backups stay, too, and the subkey stays valid for others.

Examples:
  quorate host leave
  quorate host leave --yes
  quorate host leave --subkey B0EB53F1612DD272D1371C17149D439536B3F1C7";

/// `quorate extend --help`
pub(super) const EXTEND: &str = "\
Rewrites the direct-key signature and the binding of every user ID in use, so
that gpg and Sequoia show the same end; with --subkeys also the subkeys that
would end before. Writes requests/ and approvals/; the new certificate is
written by `perform`, to out/.

Examples:
  quorate extend --until 2027-10-31
  quorate extend --until 2027-10-31 --subkeys \\
      --and-add-uid 'Infra <i@example.org>'";

/// `quorate uid --help`
pub(super) const UID: &str = "\
Each opens a request, in requests/ and approvals/. What was retired can't be
added again.

Examples:
  quorate uid add 'Example Infra <infra@example.org>'
  quorate uid retire old@example.org \\
      --and-add-uid 'Example Infra <new@example.org>'";

/// `quorate uid add --help`
pub(super) const UID_ADD: &str = "\
Example:
  quorate uid add 'Example Infra <infra@example.org>'";

/// `quorate uid retire --help`
pub(super) const UID_RETIRE: &str = "\
Example:
  quorate uid retire old@example.org";

/// `quorate subkey --help`
pub(super) const SUBKEY: &str = "\
The signing host makes its own subkey (`quorate host offer`); no secret travels.

Examples:
  quorate subkey bind offer-AC2F8670D15B77A3.offer
  quorate subkey bind offer-AC2F8670D15B77A3.offer --until 2027-04-30";

/// `quorate subkey bind --help`
pub(super) const SUBKEY_BIND: &str = "\
Reads the offer. Along with the binding the key makes two hard revocations of
the subkey, which go sealed to the revocation set into revocations/, for the
worst day. Refused before the key is attested.

Examples:
  quorate subkey bind offer-AC2F8670D15B77A3.offer
  quorate subkey bind new.offer \\
      --replaces DAEEB975729FAE923D5A4FD12AABFE228F21F1C7";

/// `quorate rotate --help`
pub(super) const ROTATE: &str = "\
In the old key's vault, again and again: makes the successor's vault beside it,
waits for receipts and attestations, asks the old key's quorum to certify it and
to sign the same announcement, carries that out, and writes both certificates
and the announcement to out/. Exit 3: something is missing, and from whom.
--bind opens, with the old key's request, one that binds a host's subkey to the
new key: a pair, with one set of words, carried out together or not at all.

Examples:
  quorate rotate
  quorate rotate --bind offer-signing01.txt
  quorate rotate --successor ../larch --final
  quorate rotate --json";

/// `quorate retire --help`
pub(super) const RETIRE: &str = "\
Reads the vault and says how far the end of its key is. --destroyed writes
receipts/YOU-….destruction; --clear removes the master file and the sealed
shares from the folder. The vault stays readable for ever.

Examples:
  quorate retire
  quorate retire --destroyed
  quorate retire --clear --yes";

/// `quorate revoke --help`
pub(super) const REVOKE: &str = "\
Says what the reason does to old signatures before anybody approves. The hard
reasons (compromised, none) were made in advance and are released by the
revocation set alone; all others are made by the master set.

Examples:
  quorate revoke subkey
  quorate revoke key --reason retired --text 'succeeded by the key of 2027'
  quorate revoke certification packaging.asc --user-id packaging@example.org";

/// `quorate revoke key --help`
pub(super) const REVOKE_KEY: &str = "\
Writes requests/ and approvals/; `perform` writes the revocation and the whole
certificate to out/.

Examples:
  quorate revoke key
  quorate revoke key --reason retired
  quorate revoke key --live --confirm A4C1
  quorate revoke key --alone";

/// `quorate revoke subkey --help`
pub(super) const REVOKE_SUBKEY: &str = "\
Writes requests/ and approvals/; `perform` writes to out/ the revocation in the
form that merges by itself (primary, subkey, revocation), and the certificate.

Examples:
  quorate revoke subkey
  quorate revoke subkey --live
  quorate revoke subkey DAEEB975729FAE923D5A4FD12AABFE228F21F1C7 \\
      --reason superseded";

/// `quorate revoke uid --help`
pub(super) const REVOKE_UID: &str = "\
Example:
  quorate revoke uid old@example.org";

/// `quorate revoke learn --help`
pub(super) const REVOKE_LEARN: &str = "\
Reads the certificate or revocation, and believes what verifies with the key
itself, whoever brought it. Writes revocations/, and the certificate to out/.
This machine refuses a folder without it from now on.

Examples:
  quorate revoke learn revoked.asc
  quorate revoke learn from-keyserver.asc --commit";

/// `quorate revoke certification --help`
pub(super) const REVOKE_CERTIFICATION: &str = "\
Reads the certificate with the certification on it; `perform` writes it with the
revocation to out/.

Example:
  quorate revoke certification packaging.asc --text 'the owner lost the key'";

/// `quorate statement --help`
pub(super) const STATEMENT: &str = "\
What is signed is shown word for word to each who approves. `perform` writes the
cleartext-signed message to out/, for `gpg --verify`.

Example:
  quorate statement announcement.txt";

/// `quorate minutes --help`
pub(super) const MINUTES: &str = "\
Reads requests/, approvals/, results/ and minutes/; writes nothing. Needs no
share and no roster entry. Only what verifies is told. Drills: quorate drill
list.

Examples:
  quorate minutes c41f9e2
  quorate minutes";

/// `quorate lint --help`
pub(super) const LINT: &str = "\
Reads the certificates, writes nothing. Exit 0 if nothing is refused now, 1 if
something is, 4 if a file is damaged. A key that has merely expired isn't
refused: what it signed before stays good. Of a request the certificate is
judged as it would become, before anything is signed; what the request brings is
NEW.

Examples:
  quorate lint
  quorate lint c41f9e2
  quorate lint larch.asc
  quorate lint ../releases/doc/source/static --json";

/// `quorate lineage --help`
pub(super) const LINEAGE: &str = "\
Reads the certificates, writes nothing. Each certification is judged at the
time when it was made. Exit 1 if a link is missing.

Examples:
  quorate lineage juniper.asc larch.asc
  quorate lineage ../releases/doc/source/static";

/// `quorate publish --help`
pub(super) const PUBLISH: &str = "\
`keyserver` sends with gpg and reads back into a keyring that is thrown away; a
step whose result doesn't arrive stays open, exit 1. `site` writes the key's
page, the series data and, where the front page lists the keys, that list into
the checkout, and commits nothing. `succession` writes the chain and the script
that walks it. `mail` writes a message file and sends nothing.

Examples:
  quorate publish keyserver hkps://keyserver.example.org
  quorate publish keyserver hkp://localhost:11371 larch.asc
  quorate publish site ../site --series larch --start 2026-10-05 \\
      --previous old.asc
  quorate publish succession juniper.asc larch.asc --out out/succession.asc
  quorate publish mail announcement.asc --subject News \\
      --from r@example.org --to u@example.org
  quorate publish mail announcement.asc --mime --subject News \\
      --from r@example.org --to u@example.org";

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory as _, Parser as _};

    /// A line split as a shell does, as far as the examples need it.
    fn words(line: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        let mut quoted = false;
        for c in line.chars() {
            match c {
                '\'' => quoted = !quoted,
                ' ' if !quoted => words.push(String::new()),
                c => words.last_mut().unwrap().push(c),
            }
        }
        words.retain(|word| !word.is_empty());
        words
    }

    #[test]
    fn every_example_can_be_typed() {
        let mut count = 0;
        for text in [
            TOP,
            INIT,
            ATTEST,
            PINS,
            CREATE,
            SHARE,
            SHARE_CARD,
            SHARE_PRACTICE,
            STATUS,
            CERTIFY,
            SHOW,
            REHEARSE,
            APPROVE,
            PERFORM,
            DRILL,
            DRILL_OPEN,
            DRILL_ANSWER,
            DRILL_PERFORM,
            VERIFY,
            DECLINE,
            WITHDRAW,
            SUBMIT,
            CLOSE,
            ROSTER,
            HOST,
            HOST_OFFER,
            HOST_INSTALL,
            HOST_STATUS,
            HOST_LEAVE,
            EXTEND,
            UID,
            UID_ADD,
            UID_RETIRE,
            SUBKEY,
            SUBKEY_BIND,
            REVOKE,
            REVOKE_KEY,
            REVOKE_SUBKEY,
            REVOKE_UID,
            REVOKE_CERTIFICATION,
            ROTATE,
            RETIRE,
            REVOKE_LEARN,
            STATEMENT,
            MINUTES,
            LINT,
            LINEAGE,
            PUBLISH,
        ] {
            let wide = text.lines().find(|line| line.chars().count() > 80);
            assert!(wide.is_none(), "{wide:?}");
            let text = text.replace(" \\\n      ", " ");
            for line in text.lines().filter(|line| line.starts_with("  quorate")) {
                // In the first text explanations stand beside the commands.
                let line = line.trim_start().split("   ").next().unwrap_or(line);
                // The other end of a pipe is another machine; a file is the shell's.
                let line = line.split(" | ").next().unwrap_or(line);
                let line = line.split(" >").next().unwrap_or(line);
                let parsed = super::super::Cli::try_parse_from(words(line));
                assert!(parsed.is_ok(), "{line}: {}", parsed.err().unwrap());
                count += 1;
            }
        }
        assert!(count > 20);
    }

    #[test]
    fn the_command_line_is_consistent_and_its_help_fits_a_terminal() {
        let mut command = super::super::Cli::command();
        command.clone().debug_assert();
        for sub in command.get_subcommands_mut() {
            let help = sub.render_long_help().to_string();
            let wide = help.lines().find(|line| line.chars().count() > 100);
            assert!(wide.is_none(), "{}: {wide:?}", sub.get_name());
        }
    }

    fn help(path: &[&str]) -> String {
        let words = [&["quorate"], path, &["--help"]].concat();
        super::super::Cli::try_parse_from(words)
            .err()
            .unwrap()
            .to_string()
    }

    /// The commands that a help text lists, each with what it says of them.
    fn listed(help: &str) -> Vec<(String, String)> {
        let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
        let mut all: Vec<(String, String)> = Vec::new();
        for line in lines.take_while(|line| !line.is_empty()) {
            let text = line.trim_start();
            match (line.starts_with("   "), text.split_once(' ')) {
                (false, Some((name, about))) => all.push((name.into(), about.trim().into())),
                _ => {
                    let (_, about) = all.last_mut().unwrap();
                    *about = format!("{about} {text}");
                }
            }
        }
        all.retain(|(name, _)| name != "help");
        all
    }

    #[test]
    fn the_help_of_every_command_begins_with_what_the_list_says_of_it() {
        let mut count = 0;
        for (name, about) in listed(&help(&[])) {
            let below = help(&[&name]);
            let begins = |help: &str, about: &str| {
                let first: Vec<&str> = help.lines().take_while(|line| !line.is_empty()).collect();
                assert_eq!(first.join(" "), about);
            };
            begins(&below, &about);
            for (inner, about) in listed(&below) {
                begins(&help(&[&name, &inner]), &about);
                count += 1;
            }
            count += 1;
        }
        assert!(count > 40, "{count}");
    }
}
