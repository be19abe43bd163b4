//! With the real agent, and with scripted ones.
use super::*;
use crate::world::RealPrograms;
use crate::world::doubles::ScriptedPrograms;
use proptest::prelude::*;
use sha2::{Digest as _, Sha512};

/// An agent in a home of its own, which ends with it.
struct Agent {
    home: tempfile::TempDir,
    programs: RealPrograms,
}

impl Agent {
    fn new() -> Self {
        // In /tmp, since the names of sockets must be short.
        let home = tempfile::Builder::new().prefix("qa").tempdir_in("/tmp");
        let home = home.unwrap();
        let mut environment: crate::world::Environment = std::env::vars_os().collect();
        environment.insert("GNUPGHOME".into(), home.path().into());
        Self {
            home,
            programs: RealPrograms::new(environment),
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let mut kill = std::process::Command::new("gpgconf");
        let kill = kill.arg("--homedir").arg(self.home.path());
        let _ = kill.args(["--kill", "all"]).status();
    }
}

#[test]
fn a_key_of_each_kind_is_made_signs_and_is_gone_again() {
    let agent = Agent::new();
    let programs = &agent.programs;
    let digest: [u8; 64] = Sha512::digest(b"abc").into();
    for kind in [Kind::Ed25519, Kind::Rsa4096] {
        let key = generate(programs, kind).unwrap();
        let grip = Keygrip::of(&key).unwrap();
        assert_eq!(has(programs, grip), Ok(true));
        match (key, sign(programs, grip, &digest).unwrap()) {
            (PublicKey::Ed25519(_), Value::EdDsa { .. }) => {}
            (PublicKey::Rsa { n, e }, Value::Rsa { s }) => {
                assert_eq!((n.len(), e), (512, vec![1, 0, 1]));
                assert!(s.len() <= 512);
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(delete(programs, grip), Ok(()));
        assert_eq!(has(programs, grip), Ok(false));
        assert_eq!(delete(programs, grip), Err(AgentError::NoKey));
        assert_eq!(sign(programs, grip, &digest), Err(AgentError::NoKey));
    }
}

#[test]
fn an_agent_that_does_not_start_is_told_from_one_that_refuses() {
    let agent = Agent::new();
    let gone = agent.home.path().join("nowhere");
    let path = std::env::var_os("PATH").unwrap();
    let environment = [("PATH".into(), path), ("GNUPGHOME".into(), gone.into())];
    let programs = RealPrograms::new(environment.into_iter().collect());
    let error = generate(&programs, Kind::Ed25519).unwrap_err();
    assert!(matches!(error, AgentError::NoAgent(_)), "{error:?}");

    let missing = generate(&ScriptedPrograms::default(), Kind::Ed25519).unwrap_err();
    let skipped = Vec::new();
    assert_eq!(missing, AgentError::Missing { skipped });
}

fn scripted(said: &[u8]) -> Result<PublicKey, AgentError> {
    let programs = ScriptedPrograms::default();
    programs.output(0, said, b"");
    generate(&programs, Kind::Ed25519)
}

#[test]
fn answers_that_were_not_asked_for_are_refused() {
    let q = "a".repeat(32);
    let good = format!("(10:public-key(3:ecc(5:curve7:Ed25519)(5:flags5:eddsa)(1:q32:{q})))");
    let expected = PublicKey::Ed25519([b'a'; 32]);
    assert_eq!(
        scripted(format!("D {good}\nOK\n").as_bytes()),
        Ok(expected.clone())
    );
    // Over several lines, with news between, and with escapes.
    let (front, back) = good.split_at(50);
    let back = back.replacen('a', "%61", 1);
    let said =
        format!("S PROGRESS primegen X 1 1\nINQUIRE KEYPARAM\nD {front}\nS X\nD {back}\nOK\n");
    assert_eq!(scripted(said.as_bytes()), Ok(expected));

    let bad = |said: String| assert!(scripted(said.as_bytes()).is_err(), "{said}");
    bad(format!("D {good}\n"));
    bad(format!("D {good}\nOK\nOK\n"));
    bad(format!("D {good}%\nOK\n"));
    bad(format!("D {good}x\nOK\n"));
    bad(format!("D {}\nOK\n", good.replace("Ed25519", "Ed25518")));
    bad(format!("D {}\nOK\n", good.replace("1:q32", "1:q31")));
    bad("OK\n".to_owned());
    bad(format!("D {}\nOK\n", "a".repeat(20_000)));
    assert_eq!(
        scripted(b"ERR 83886179 Operation cancelled <Pinentry>\n"),
        Err(AgentError::Refused {
            code: 99,
            text: SafeText::new("Operation cancelled <Pinentry>")
        })
    );
}

proptest! {
    #[test]
    fn nothing_that_an_agent_says_makes_a_panic(said: Vec<u8>, data: Vec<u8>) {
        let _ = scripted(&said);
        let mut line = b"D ".to_vec();
        line.extend(&data);
        line.extend(b"\nOK\n");
        let _ = scripted(&line);
        let _ = (public_key(&data), value(&data));
    }
}
