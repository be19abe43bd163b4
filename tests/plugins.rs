//! Shares whose key is guarded by a plugin of age: one that works, one that lies, one that hangs. A real program
//! that speaks the protocol (tests/plugin/plugin.rs) is run by the real quorate.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use age::secrecy::ExposeSecret as _;

struct Scene(tempfile::TempDir);

impl Scene {
    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, line: &str) -> Output {
        let binary = Path::new(env!("CARGO_BIN_EXE_quorate"));
        let path = std::env::var("PATH").unwrap();
        let bin = self.path("bin");
        Command::new("bash")
            .args(["-c", line])
            .current_dir(self.path("vault"))
            .env_clear()
            .env("HOME", self.path("home"))
            .env(
                "PATH",
                format!(
                    "{}:{}:{path}",
                    bin.display(),
                    binary.parent().unwrap().display()
                ),
            )
            .output()
            .unwrap()
    }

    #[track_caller]
    fn must(&self, line: &str) -> String {
        let output = self.run(line);
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(output.status.success(), "$ {line}\n{said}");
        said
    }

    /// Runs a line that leaves every file of the vault as it is; gives the exit code and what was noted.
    #[track_caller]
    fn leaves_all(&self, line: &str) -> (Option<i32>, String) {
        let digests = "find . -type f | sort | xargs sha256sum";
        let before = self.must(digests);
        let output = self.run(line);
        assert_eq!(self.must(digests), before, "$ {line}");
        let noted = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), noted)
    }

    /// A vault of two, whose shares are sealed to keys that plugins guard.
    fn new() -> Self {
        let scene = Self(tempfile::tempdir().unwrap());
        for folder in ["home", "bin", "vault", "vault/keys"] {
            std::fs::create_dir(scene.path(folder)).unwrap();
        }
        let mode = |mode| std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(scene.path("bin"), mode(0o755)).unwrap();
        let identity = age::x25519::Identity::generate();
        let other = age::x25519::Identity::generate();
        let secret = identity.to_string().expose_secret().to_owned();
        std::fs::write(scene.path("bin/secret"), secret).unwrap();
        let plugin = Path::new(env!("CARGO_BIN_EXE_quorate")).with_file_name("examples/age_plugin");
        for name in ["works", "lies", "hangs"] {
            let program = scene.path(&format!("bin/age-plugin-{name}"));
            std::fs::copy(&plugin, &program).unwrap();
            std::fs::set_permissions(&program, mode(0o755)).unwrap();
            let own = age::plugin::Identity::default_for_plugin(name).unwrap();
            std::fs::write(scene.path(&format!("home/{name}")), own.to_string()).unwrap();
        }
        for (name, key) in [("anna", &identity), ("ben", &other)] {
            let recipient = key.to_public().to_string();
            std::fs::write(scene.path(&format!("vault/keys/{name}.age")), recipient).unwrap();
        }
        let config = "[key]\nuser-id = \"P <p@example.org>\"\n[cycles]\n\"A\" = 2999-01-01\n\
            [needed]\nmaster = 2\nrevocation = 2\n[policy]\nattest = \"none\"\n\
            [root.anna]\nseal = \"keys/anna.age\"\n[root.ben]\nseal = \"keys/ben.age\"\n";
        let days = "date -u -d '+100 days' +%F";
        std::fs::write(scene.path("vault/team.toml"), config).unwrap();
        scene.must(&format!("sed -i \"s/2999-01-01/$({days})/\" team.toml"));
        scene.must("quorate create --as anna");
        scene
    }
}

#[test]
fn a_plugin_that_works_opens_and_what_it_says_is_made_harmless() {
    let scene = Scene::new();
    let said = scene.must("quorate share verify -i ~/works");
    assert!(
        said.contains("opens; it is the share that was dealt"),
        "{said}"
    );
    assert!(said.contains("age-plugin-works is asked"), "{said}");
    assert!(said.contains(r"plugin: touch it \u{1b}[31mnow"), "{said}");
    scene.must("quorate share receipt");
}

#[test]
fn a_plugin_that_lies_is_refused_and_nothing_is_written() {
    let scene = Scene::new();
    let (code, said) = scene.leaves_all("quorate share receipt -i ~/lies");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("age-plugin-lies did not open it"), "{said}");
}

#[test]
fn a_plugin_that_hangs_is_named_and_ended_by_ctrl_c() {
    let scene = Scene::new();
    let (code, said) = scene.leaves_all("timeout -s INT 2 quorate share receipt -i ~/hangs");
    assert_ne!(code, Some(0), "{said}");
    assert!(said.contains("it may wait for a touch or a PIN"), "{said}");
    let left = format!(
        "pgrep -f {}/age-plugin-[h]angs || true",
        scene.path("bin").display()
    );
    assert_eq!(scene.must(&left), "", "the plugin has ended, too");
}
