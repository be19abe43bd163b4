//! `docs/break-glass.md`, its commands run as they stand there, with the stock programs in a pty;
//! and the evidence, checked by them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sequoia_openpgp::parse::Parse as _;
use sequoia_openpgp::{Cert, packet::UserID};

/// The commands of the page's blocks that bear one of these marks.
fn blocks(marks: &[&str]) -> String {
    let page = include_str!("../docs/break-glass.md");
    let mut script = String::from("set -eu\n");
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(mark) = line.strip_prefix("<!-- test: ") else {
            continue;
        };
        let mark = mark.strip_suffix(" -->").expect("a whole comment");
        assert_eq!(lines.next(), Some("```sh"), "a block follows its mark");
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        if marks.contains(&mark) {
            script += &block.join("\n");
            script.push('\n');
        }
    }
    script
}

/// Where programs are, this one first.
fn with_quorate() -> String {
    let binary = Path::new(env!("CARGO_BIN_EXE_quorate"));
    let path = std::env::var("PATH").unwrap();
    format!("{}:{path}", binary.parent().unwrap().display())
}

/// What dan chose.
const PASSPHRASE: &str = "correct horse battery staple";

/// A vault as the page supposes it, and the home of who breaks the glass.
struct Scene {
    folder: tempfile::TempDir,
    fingerprint: String,
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = Command::new("gpgconf")
            .arg("--homedir")
            .arg(self.gnupg())
            .args(["--kill", "all"])
            .output();
    }
}

impl Scene {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn gnupg(&self) -> PathBuf {
        self.path("g")
    }

    fn vault(&self) -> PathBuf {
        self.path("vault")
    }

    /// Runs a command line in the vault, as one of the roots.
    fn run(&self, who: &str, line: &str) -> Output {
        Command::new("bash")
            .args(["-c", line])
            .current_dir(self.vault())
            .env_clear()
            .env("PATH", with_quorate())
            .env("HOME", self.path(who))
            .env("GNUPGHOME", self.gnupg())
            .output()
            .unwrap()
    }

    #[track_caller]
    fn must(&self, who: &str, line: &str) -> String {
        let output = self.run(who, line);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let complained = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{who}$ {line}\n{said}{complained}");
        said
    }

    /// The same at a terminal, where dan's passphrase is typed whenever one is asked for.
    #[track_caller]
    fn typing(&self, who: &str, line: &str) -> String {
        let expect = format!(
            "expect -c 'set timeout 60; spawn {line}; \
             expect {{\n -re \"(passphrase|again).*: $\" {{ send -- \"{PASSPHRASE}\\r\"; exp_continue }}\n eof }}; \
             exit [lindex [wait] 3]'"
        );
        self.must(who, &expect)
    }

    fn set() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("qg")
            .tempdir_in("/tmp")
            .unwrap();
        let mut scene = Self {
            folder,
            fingerprint: String::new(),
        };
        for name in ["anna", "ben", "cleo", "dan", "vault", "vault/keys"] {
            std::fs::create_dir(scene.path(name)).unwrap();
        }
        scene.must(
            "anna",
            "mkdir -m 700 $GNUPGHOME && gpg -q --batch --passphrase '' \
            --quick-gen-key 'Anna <anna@example.org>' future-default default never",
        );
        scene.must("anna", "gpg -q --armor --export >keys/anna.asc");
        scene.must("ben", "age-keygen -o ~/age-identity.txt");
        scene.must("ben", "age-keygen -y ~/age-identity.txt >keys/ben.age");
        scene.must(
            "cleo",
            "mkdir ~/.ssh && ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/id_ed25519 && \
             cp ~/.ssh/id_ed25519.pub keys/cleo.pub",
        );
        let anna = scene.must(
            "anna",
            "gpg --list-keys --with-colons | awk -F: '/^fpr/{print $10; exit}'",
        );
        let now = quorate::world::Timestamp::from(std::time::SystemTime::now());
        let team = format!(
            "[key]\nuser-id = \"Break Glass ({{cycle}}) <glass@example.org>\"\nalgorithm = \"ed25519\"\n\
             outlives = \"28 days\"\n[cycles]\n\"A\" = {}\n[needed]\nmaster = 2\nrevocation = 2\n\
             [policy]\nattest = \"none\"\nrequest-days = 7\nany-root-may-revoke = false\n\
             [root.anna]\nseal = \"{}\"\n[root.ben]\nseal = \"keys/ben.age\"\n\
             [root.cleo]\nseal = \"keys/cleo.pub\"\n[root.dan]\nseal = \"passphrase\"\n",
            now.plus_days(180).day(),
            anna.trim(),
        );
        std::fs::write(scene.vault().join("team.toml"), team).unwrap();
        scene.typing("anna", "quorate create --as anna");
        let manifest = std::fs::read_to_string(scene.vault().join("vault.toml")).unwrap();
        let line = manifest
            .lines()
            .find(|line| line.starts_with("fingerprint"))
            .unwrap();
        scene.fingerprint = line.split('"').nth(1).unwrap().to_owned();
        // The page is followed by one person, in the clone, with the others' files at hand.
        std::fs::copy(
            scene.path("ben").join("age-identity.txt"),
            scene.vault().join("age-identity.txt"),
        )
        .unwrap();
        let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("shares-format/recover.py");
        std::fs::copy(tool, scene.vault().join("recover.py")).unwrap();
        scene
    }

    /// Runs the page's script in a pty; when age asks, the recombined passphrase is typed.
    #[track_caller]
    fn in_a_pty(&self, script: &str) -> String {
        let file = self.path("page.sh");
        // The folder's name is kept for the test to find it.
        std::fs::write(&file, format!("{script}\necho GLASS=$GLASS\n")).unwrap();
        let expect = r#"
            set timeout 60
            spawn bash $env(PAGE)
            expect {
                -re "passphrase.*: $" {
                    set folder [lindex [lsort -decreasing [glob /dev/shm/$env(STEM)-*]] 0]
                    set in [open "$folder/passphrase"]
                    send -- "[string trim [read $in]]\r"
                    close $in
                    exp_continue
                }
                eof
            }
            exit [lindex [wait] 3]
        "#;
        let output = Command::new("expect")
            .args(["-c", expect])
            .current_dir(self.vault())
            .env("PATH", with_quorate())
            .env("PAGE", &file)
            .env("STEM", self.stem())
            .env("HOME", self.path("ben"))
            .env("GNUPGHOME", self.gnupg())
            .output()
            .expect("expect is needed: apt-get install expect");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}");
        said
    }

    /// A stem of this test's own, so that tests don't find each other's folder.
    fn stem(&self) -> String {
        let name = self
            .folder
            .path()
            .file_name()
            .unwrap()
            .to_string_lossy()
            .into_owned();
        format!("glass-{name}")
    }

    /// Runs the page's script, and gives what gpg lists in its keyring; then leaves nothing behind.
    #[track_caller]
    fn gpg_shows(&self, script: &str) -> String {
        let said = self.in_a_pty(script);
        let glass = glass_folder(&said);
        let shown = Command::new("gpg")
            .arg("--homedir")
            .arg(glass.join("gnupg"))
            .args(["--list-keys", "--with-colons"])
            .output()
            .unwrap();
        let end = self.page(&["end"]);
        self.must("ben", &format!("GLASS={}\n{end}", glass.display()));
        String::from_utf8_lossy(&shown.stdout).into_owned()
    }

    fn receipts(&self) {
        let key = format!("--key {}", self.fingerprint);
        self.must("anna", "quorate share receipt");
        for (who, file) in [("ben", "age-identity.txt"), ("cleo", ".ssh/id_ed25519")] {
            let line = format!("quorate share receipt --as {who} {key} -i ~/{file}");
            self.must(who, &line);
        }
        self.typing("dan", &format!("quorate share receipt --as dan {key}"));
    }

    /// A host offers a subkey, anna and ben bind it, and the certificate is published.
    fn binds_a_subkey(&self) -> String {
        self.receipts();
        std::fs::create_dir(self.path("host")).unwrap();
        let offer = "quorate host offer --out ../made.offer --key";
        let said = self.must("host", &format!("{offer} {}", self.fingerprint));
        let line = said.lines().find_map(|line| line.strip_prefix("subkey "));
        let subkey = line.unwrap().split_whitespace().collect();
        self.must("anna", "quorate subkey bind ../made.offer");
        let id = self.must("anna", "basename requests/*.request .request");
        let id = id.trim();
        let words = self.must("anna", &format!("quorate show {id} --words"));
        let words = words.replace('\n', " ");
        let approve = format!("quorate approve {id} --way voice --words '{words}'");
        self.must("ben", &approve);
        self.must("anna", &format!("quorate perform {id} ../ben"));
        self.must("anna", "cp out/0x*.asc published.asc");
        subkey
    }

    fn page(&self, marks: &[&str]) -> String {
        blocks(marks).replace("/dev/shm/glass-", &format!("/dev/shm/{}-", self.stem()))
    }
}

fn glass_folder(said: &str) -> PathBuf {
    let line = said
        .lines()
        .find_map(|line| line.trim().strip_prefix("GLASS="))
        .unwrap();
    PathBuf::from(line)
}

#[test]
fn the_page_leads_back_to_the_master_key_for_both_kinds_of_seal() {
    let scene = Scene::set();
    let said = scene.in_a_pty(&scene.page(&["all"]));
    let glass = glass_folder(&said);
    assert!(said.contains(&scene.fingerprint), "{said}");
    let listed = Command::new("gpg")
        .arg("--homedir")
        .arg(glass.join("gnupg"))
        .args(["--list-secret-keys", "--with-colons"])
        .output()
        .unwrap();
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let end = format!("GLASS={}\n{}", glass.display(), scene.page(&["end"]));
    scene.must("ben", &end);
    assert!(
        listed.contains("sec:") && listed.contains(&scene.fingerprint),
        "{listed}"
    );
    assert!(!glass.exists());
}

#[test]
fn the_page_opens_shares_of_ssh_keys_and_passphrases_too() {
    let scene = Scene::set();
    let home = scene.path("cleo").display().to_string();
    let script = scene.page(&["all", "ssh", "passphrase"]);
    // Steps 1 and 2; the pty types what stands in the folder, which is dan's passphrase here.
    let two = script
        .split("raw() {")
        .next()
        .unwrap()
        .replace("~/", &format!("{home}/"));
    let folder = "export GLASS=$(mktemp -d /dev/shm/";
    let typed = format!("printf '{PASSPHRASE}' >$GLASS/passphrase\n");
    let at = two.find(folder).unwrap();
    let end = at + two[at..].find('\n').unwrap() + 1;
    let two = format!("{}{typed}{}", &two[..end], &two[end..]);
    let rest = "for two in 'anna ben' 'cleo dan' 'ben cleo'; do set -- $two\n\
         python3 recover.py --vault vault.toml $GLASS/$1.txt $GLASS/$2.txt | sha256sum; done";
    let said = scene.in_a_pty(&format!("{two}{rest}"));
    let glass = glass_folder(&said);
    scene.must(
        "ben",
        &format!("GLASS={}\n{}", glass.display(), scene.page(&["end"])),
    );
    // age leaves escapes before the first one.
    let digests: Vec<&str> = said
        .lines()
        .filter_map(|line| line.trim_end().strip_suffix("  -"))
        .map(|line| &line[line.len() - 64..])
        .collect();
    assert_eq!(digests.len(), 3, "{said}");
    assert!(digests.iter().all(|digest| *digest == digests[0]), "{said}");
}

#[test]
fn holders_of_every_kind_show_that_their_shares_open() {
    let scene = Scene::set();
    let key = &scene.fingerprint;
    scene.must("anna", "quorate share receipt");
    for (who, identity) in [("ben", "~/age-identity.txt"), ("cleo", "~/.ssh/id_ed25519")] {
        scene.must(
            who,
            &format!("quorate share receipt --as {who} --key {key} -i {identity}"),
        );
    }
    let said = scene.typing(
        "dan",
        &format!("quorate share receipt --as dan --key {key}"),
    );
    assert!(said.contains("that was the last receipt"), "{said}");
    // What is remembered of ssh keys is the path; the passphrase is asked for each time.
    scene.must("cleo", "quorate share verify");
    let wrong = scene.run(
        "dan",
        "expect -c 'set timeout 60; spawn quorate share verify; \
         expect {\n -re \"passphrase.*: $\" { send -- \"something else\\r\"; exp_continue }\n eof }; \
         exit [lindex [wait] 3]'",
    );
    let said = String::from_utf8_lossy(&wrong.stdout).into_owned();
    assert_eq!(wrong.status.code(), Some(1), "{said}");
    assert_eq!(said.matches("that isn't it").count(), 3, "{said}");
}

#[test]
fn the_page_leads_back_to_the_revocations_and_gpg_takes_them() {
    let scene = Scene::set();
    let steps = scene.page(&["all"]);
    // Steps 1 to 4 with the other folder, as the page says.
    let four = steps.split("age -d -o $GLASS/key.asc").next().unwrap();
    let four = four.replace("sealed/master.1/", "sealed/revocation.1/");
    let rest = scene
        .page(&["opened", "revocation"])
        .replace("set -eu\n", "");
    let shown = scene.gpg_shows(&format!("{four}{rest}"));
    assert!(shown.contains("pub:r:"), "{shown}");
}

#[test]
fn the_page_is_practised_with_practice_shares_and_nothing_at_stake() {
    let scene = Scene::set();
    let key = &scene.fingerprint;
    scene.must(
        "ben",
        &format!("quorate share verify --as ben --key {key} -i ~/age-identity.txt"),
    );
    let page = scene.page(&["practice"]);
    let of_revocation = page
        .replace("practice --yes", "practice --of revocation --yes")
        .replace("sealed/master", "sealed/revocation")
        .replace("practice-master", "practice-revocation");
    for script in [page, of_revocation] {
        let said = scene.in_a_pty(&script);
        assert!(said.contains("This file is worthless"), "{said}");
        assert!(said.contains(key.as_str()), "{said}");
        assert!(!glass_folder(&said).exists());
    }
}

#[test]
fn the_page_leads_back_to_the_revocation_of_a_later_subkey() {
    let scene = Scene::set();
    let subkey = scene.binds_a_subkey();
    let steps = scene.page(&["all"]);
    let four = steps.split("age -d -o $GLASS/key.asc").next().unwrap();
    let four = four.replace("sealed/master.1/", "sealed/revocation.1/");
    let rest = scene.page(&["opened", "subkey"]).replace("set -eu\n", "");
    let shown = scene.gpg_shows(&format!("{four}export SUBKEY={subkey}\n{rest}"));
    assert!(shown.contains("sub:r:"), "{shown}");
    assert!(!shown.contains("pub:r:"), "{shown}");
}

#[test]
fn a_wrong_share_gives_what_the_page_says() {
    let scene = Scene::set();
    let script = scene.page(&["all"]);
    let until_raw = script.split("gfcombine").next().unwrap();
    let damaged = format!(
        "{until_raw}head -c 52 /dev/urandom >$GLASS/part.002\n\
         gfcombine -o $GLASS/passphrase $GLASS/part.001 $GLASS/part.002\n\
         grep -cxE '[a-z2-7]{{52}}' $GLASS/passphrase || echo garbage\n\
         python3 recover.py --vault vault.toml $GLASS/anna.txt || echo exit $?\n\
         sed 's/^04 \\(..\\)./04 \\1q/' $GLASS/ben.txt >$GLASS/slip.txt\n\
         python3 recover.py --vault vault.toml $GLASS/anna.txt $GLASS/slip.txt || echo exit $?\n\
         rm -r $GLASS\n"
    );
    let said = scene.must("ben", &damaged);
    // gfcombine ends well and writes garbage, which the page's check shows.
    assert!(said.contains("0\ngarbage"), "{said}");
    assert!(said.contains("exit 3"), "{said}");
    // A slip of a typist's, unless the letter was that one by chance, too.
    let slipped = said.contains("exit 4")
        || said
            .trim_end()
            .lines()
            .last()
            .is_some_and(|l| l.len() == 52);
    assert!(slipped, "{said}");
}

#[test]
fn the_stock_programs_check_evidence_manifest_and_results() {
    let scene = Scene::set();
    scene.receipts();

    // The page's own lines.
    let page = scene.page(&["all", "evidence"]);
    let place = page
        .lines()
        .find(|line| line.starts_with("export GLASS"))
        .unwrap();
    let evidence = scene.page(&["evidence"]);
    let end = "gpgconf --homedir $GLASS/gnupg --kill all; rm -r $GLASS";
    let said = scene.must("ben", &format!("{place}\n{evidence}\n{end} 2>&1"));
    assert_eq!(
        said.matches("Good \"receipt@quorate\" signature for ben")
            .count(),
        2,
        "{said}"
    );

    // A whole ceremony, for the other kinds of evidence.
    let (target, _) = sequoia_openpgp::cert::CertBuilder::new()
        .add_userid("Target <target@example.org>")
        .generate()
        .unwrap();
    let bytes = sequoia_openpgp::serialize::SerializeInto::to_vec(&target.armored()).unwrap();
    std::fs::write(scene.path("target.asc"), bytes).unwrap();
    scene.must("anna", "quorate certify ../target.asc");
    let id = scene
        .must("anna", "basename requests/*.request .request")
        .trim()
        .to_owned();
    let words = scene
        .must("anna", &format!("quorate show {id} --words"))
        .replace('\n', " ");
    scene.must(
        "ben",
        &format!("quorate approve {id} --way voice --words '{words}'"),
    );
    scene.must("anna", &format!("quorate perform {id} ../ben"));
    scene.must("anna", "quorate verify --allowed-signers >../signers");
    // A request's name is the digest of what its opener signed.
    let digest = "sed '/BEGIN SSH/,$d' requests/*.request | sha256sum";
    assert!(scene.must("ben", digest).starts_with(&id));
    for (file, who, namespace) in [
        (format!("requests/{id}.request"), "anna", "request"),
        (format!("approvals/{id}-ben.approval"), "ben", "approval"),
        (format!("minutes/{id}.minutes"), "anna", "minutes"),
    ] {
        let check = |namespace: &str| {
            format!(
                "sed -n '/^-----BEGIN SSH SIGNATURE/,$p' {file} >../sig; \
                 sed '/^-----BEGIN SSH SIGNATURE/,$d' {file} | \
                 ssh-keygen -Y verify -f ../signers -I {who} -n {namespace}@quorate -s ../sig"
            )
        };
        scene.must("ben", &check(namespace));
        assert!(!scene.run("ben", &check("submission")).status.success());
    }

    // The manifest is bad to a gpg that isn't told the notation; the certification is good to gpg.
    let own = "export GNUPGHOME=$(mktemp -d /tmp/qgXXXX); trap 'gpgconf --kill all; rm -r $GNUPGHOME' EXIT; \
        sed -n '/BEGIN PGP PUBLIC KEY/,/END PGP PUBLIC KEY/p' vault.toml | gpg -q --batch --import; \
        gpg -q --batch --import out/target.asc;";
    let manifest = "quorate verify --signed-part >../part; \
        sed -n '/BEGIN PGP SIGNATURE/,/END PGP SIGNATURE/p' vault.toml >../part.asc;";
    let verify = "--verify ../part.asc ../part";
    scene.must(
        "ben",
        &format!("{own}{manifest} gpg --known-notation manifest@quorate {verify}"),
    );
    assert!(
        !scene
            .run("ben", &format!("{own}{manifest} gpg {verify}"))
            .status
            .success()
    );
    let checked = scene.must(
        "ben",
        &format!("{own} gpg --check-sigs --with-colons target@example.org"),
    );
    let long = &scene.fingerprint[24..];
    assert!(
        checked
            .lines()
            .any(|l| l.starts_with("sig:!") && l.contains(long)),
        "{checked}"
    );
    // Sequoia's library finds it good, and good of nothing else.
    let out = std::fs::read(scene.vault().join("out/target.asc")).unwrap();
    let certified = Cert::from_bytes(&out).unwrap();
    let master = std::fs::read_to_string(scene.vault().join("vault.toml")).unwrap();
    let armor = master.find("-----BEGIN PGP PUBLIC KEY BLOCK").unwrap();
    let master = Cert::from_bytes(&master[armor..]).unwrap();
    let by_us: Vec<_> = certified
        .userids()
        .flat_map(|user_id| {
            let signatures = user_id.certifications().cloned().collect::<Vec<_>>();
            signatures
                .into_iter()
                .map(move |s| (user_id.userid().clone(), s))
        })
        .filter(|(_, signature)| {
            signature
                .issuer_fingerprints()
                .any(|f| *f == master.fingerprint())
        })
        .collect();
    assert_eq!(by_us.len(), 1);
    let (primary, target) = (master.primary_key().key(), certified.primary_key().key());
    let (user_id, signature) = &by_us[0];
    signature
        .verify_userid_binding(primary, target, user_id)
        .unwrap();
    let other = UserID::from("Somebody else <other@example.org>");
    assert!(
        signature
            .verify_userid_binding(primary, target, &other)
            .is_err()
    );
    let dump = scene.must("ben", "sq packet dump out/target.asc");
    assert!(dump.contains(&scene.fingerprint), "{dump}");
}
