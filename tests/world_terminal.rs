//! The real terminal in a real pty, made by `script` of util-linux.
use quorate::world::{RealTerminal, Terminal};
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};

/// Set where the part inside the pty shall run.
const INSIDE: &str = "QUORATE_TEST_INSIDE";

/// Not a test of its own: what runs inside the pty.
#[test]
fn inside() {
    // Started by the other tests, inside a pty; by itself it has nobody to talk to.
    if std::env::var_os(INSIDE).is_none() {
        return;
    }
    let terminal = RealTerminal::default();
    let name = terminal.ask("name? ");
    let secret = terminal.ask_secret("secret? ");
    let outcome = secret.map(|secret| secret.len());
    terminal.say(&format!(
        "name {name:?}, length {outcome:?}, {}",
        terminal.is_interactive()
    ));
}

/// The inside at a terminal, and everything that the terminal showed so far.
struct Pty {
    script: Child,
    shown: String,
}

impl Pty {
    fn start() -> Self {
        let own = std::env::current_exe().unwrap();
        let inside = format!(
            "{INSIDE}=1 {} --exact inside --nocapture; stty -a",
            own.display()
        );
        let mut script = Command::new("script");
        script
            .args(["-qec", &inside, "/dev/null"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        Self {
            script: script.spawn().unwrap(),
            shown: String::new(),
        }
    }

    /// Reads until a text is shown.
    fn until(&mut self, text: &str) {
        let from = self.script.stdout.as_mut().unwrap();
        let mut byte = [0];
        while !self.shown.contains(text) {
            assert_eq!(from.read(&mut byte).unwrap(), 1, "{}", self.shown);
            self.shown.push(char::from(byte[0]));
        }
    }

    fn type_keys(&mut self, keys: &[u8]) {
        self.script.stdin.as_mut().unwrap().write_all(keys).unwrap();
    }

    fn finish(mut self) -> String {
        self.until("isig");
        self.until("echo ");
        self.script.stdin.take();
        self.script.wait().unwrap();
        self.shown
    }
}

#[test]
fn a_name_is_shown_and_a_secret_is_not_while_they_are_typed() {
    let mut pty = Pty::start();
    pty.until("name? ");
    pty.type_keys(b"anna\n");
    pty.until("secret? ");
    pty.type_keys(b"right horse\x7f\x7f\n");
    let shown = pty.finish();
    assert!(
        shown.contains("name Ok(\"anna\"), length Ok(9), true"),
        "{shown}"
    );
    assert!(!shown.contains("horse"), "{shown}");
    assert!(
        !shown.contains("-echo ") && !shown.contains("-icanon"),
        "{shown}"
    );
}

#[test]
fn ctrl_c_at_a_secret_leaves_the_terminal_as_it_was() {
    let mut pty = Pty::start();
    pty.until("name? ");
    pty.type_keys(b"anna\n");
    pty.until("secret? ");
    pty.type_keys(b"right\x03");
    let shown = pty.finish();
    assert!(shown.contains("length Err(Interrupted)"), "{shown}");
    assert!(
        !shown.contains("-echo ") && !shown.contains("-icanon"),
        "{shown}"
    );
}

#[test]
fn what_is_told_after_ctrl_d_begins_on_a_line_of_its_own() {
    let mut pty = Pty::start();
    pty.until("name? ");
    pty.type_keys(b"\x04");
    pty.until("secret? ");
    pty.type_keys(b"\x04");
    let shown = pty.finish();
    assert!(shown.contains("name? \r\nsecret? \r\n"), "{shown:?}");
    assert!(shown.contains("name Err(Closed)"), "{shown}");
}

#[test]
fn without_a_terminal_there_is_an_error_and_no_waiting() {
    let own = std::env::current_exe().unwrap();
    let mut alone = Command::new("setsid");
    alone
        .arg("--wait")
        .arg(own)
        .args(["--exact", "inside", "--nocapture"]);
    let output = alone
        .env(INSIDE, "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(
        shown.contains("name Err(None), length Err(None), false"),
        "{shown}"
    );
}
