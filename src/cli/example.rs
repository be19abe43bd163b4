//! The examples at the end of each `--help`, as data: a test runs their arguments through the
//! parser.

/// `quorate --help`
pub(super) const TOP: &str = "\
Examples:
  quorate                          whose turn is it? (mine?)
  quorate status                   where the key stands
  quorate verify --key FINGERPRINT everything, checked from public data";

/// `quorate init --help`
pub(super) const INIT: &str = "\
Writes team.toml and makes keys/. Nothing that is there is touched.

Examples:
  quorate init
  quorate init --vault ../juniper";

/// `quorate create --help`
pub(super) const CREATE: &str = "\
Reads team.toml and keys/. Writes master.1.age, revocation.1.age, practice.1.age, sealed/,
.gitignore and, last, vault.toml. The secrets exist in a locked-up process only.

Examples:
  quorate create --as anna
  quorate create --as anna --cycle 'Juniper Cycle' --strict";

/// `quorate share --help`
pub(super) const SHARE: &str = "\
Reads sealed/ and opens what is sealed to you; nothing secret is shown or written, except by
`show`.

Examples:
  quorate share verify
  quorate share verify -i age-identity.txt
  quorate share receipt --as ben -i age-identity.txt";

/// `quorate status --help`
pub(super) const STATUS: &str = "\
Reads the vault and this machine's inbox; writes nothing to the vault.

Examples:
  quorate status
  quorate status --json";

/// `quorate certify --help`
pub(super) const CERTIFY: &str = "\
Reads the certificates; writes requests/ and approvals/ in the vault, and the one-time key, sealed
to you, on this machine. The certificates themselves are written by `perform`, to out/.

Examples:
  quorate certify packaging.asc --until 2027-06-30
  quorate certify packaging.asc --user-id packaging@example.org --type 0x13
  quorate certify team-keyring.pgp --notation reviewed@example.org=yes -i age-identity.txt";

/// `quorate show --help`
pub(super) const SHOW: &str = "\
Reads requests/. What is printed comes from the bytes that would be signed, not from the opener.

Examples:
  quorate show c41f9e2
  quorate show c41f9e2 --words";

/// `quorate approve --help`
pub(super) const APPROVE: &str = "\
Writes approvals/ in the vault (public), and a submission (your share, readable by the opener's
machine alone) outside it, to be sent to the opener.

Examples:
  quorate approve c41f9e2
  quorate approve c41f9e2 -i age-identity.txt --out /tmp
  quorate approve c41f9e2 --way voice --words 'orbi velv mapl cact ribb harv luna penc'";

/// `quorate perform --help`
pub(super) const PERFORM: &str = "\
Takes the submissions from this machine's inbox, and files or folders named. Writes results/,
minutes/ and approvals/ in the vault and the certificates to out/, then deletes the one-time key
and the submissions. A request that was carried out already gives its recorded result.

Examples:
  quorate perform c41f9e2
  quorate perform c41f9e2 c41f9e2-ben.submission c41f9e2-cleo.submission
  quorate perform c41f9e2 ~/inbox --strict";

/// `quorate verify --help`
pub(super) const VERIFY: &str = "\
Reads the vault, or the files named; writes nothing. Needs no share and no roster entry.

Examples:
  quorate verify --key A4C123B1612DD272D1371C17149D439536B3F1C7
  quorate verify results/c41f9e2.result minutes/c41f9e2.minutes
  quorate verify --allowed-signers";
