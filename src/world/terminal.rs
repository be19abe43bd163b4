//! The terminal: lines out, answers in. No colours; no escapes but those that draw a board anew.
use super::reading::{Stop, read_bounded};
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use zeroize::{Zeroize, Zeroizing};

/// Longest answer in bytes: what terminals take as one line.
pub const MAX_ANSWER: usize = 4096;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TerminalError {
    /// The process has no terminal.
    #[error("no terminal")]
    None,
    /// The end of input instead of an answer.
    #[error("the terminal was closed")]
    Closed,
    /// More bytes than the limit.
    #[error("more than {limit} bytes")]
    TooLong {
        /// Bytes.
        limit: usize,
    },
    /// The answer is not UTF-8.
    #[error("not UTF-8")]
    NotText,
    /// Ctrl-C, while a secret was asked for.
    #[error("interrupted")]
    Interrupted,
    /// Anything else.
    #[error("{0}")]
    Failed(io::ErrorKind),
}

impl From<io::Error> for TerminalError {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.kind())
    }
}

/// What a board shows, and whether it goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// The lines from now on.
    pub lines: Vec<String>,
    /// These are the last ones.
    pub is_last: bool,
}

/// Who sits in front. Text from outside goes through [`super::SafeText`] first.
pub trait Terminal: Sync {
    /// A line for the standard output: what was asked for. May hold several lines.
    fn say(&self, text: &str);
    /// A line for the standard error: warnings, errors, progress.
    fn note(&self, text: &str);
    /// Asks at the terminal itself, whatever the input and output are, for one line.
    ///
    /// # Errors
    /// [`TerminalError`].
    fn ask(&self, prompt: &str) -> Result<String, TerminalError>;
    /// The same without showing what is typed.
    ///
    /// # Errors
    /// [`TerminalError`].
    fn ask_secret(&self, prompt: &str) -> Result<Zeroizing<String>, TerminalError>;
    /// Reads the standard input to its end, at most `limit` bytes.
    ///
    /// # Errors
    /// [`TerminalError::TooLong`], or what the system says.
    fn input(&self, limit: usize) -> Result<Zeroizing<Vec<u8>>, TerminalError>;
    /// Shows lines that change, and takes what is typed or pasted below them without showing it. `board` is
    /// called with each line that came, and with none about twice a second. The last lines stay on the screen.
    ///
    /// # Errors
    /// [`TerminalError::Closed`], [`TerminalError::Interrupted`], and the others.
    fn watch(&self, board: &mut dyn FnMut(Option<&str>) -> Look) -> Result<(), TerminalError>;
    /// Columns, 80 if unknown.
    fn width(&self) -> usize;
    /// Whether questions can be asked.
    fn is_interactive(&self) -> bool;
    /// Whether something said was lost, as on a full disk. A reader who has gone doesn't count.
    fn lost_output(&self) -> bool;
}

/// The terminal of the process.
#[derive(Debug, Default)]
pub struct RealTerminal {
    lost: AtomicBool,
}

impl RealTerminal {
    fn write(&self, mut to: impl Write, text: &str) {
        match writeln!(to, "{text}").and_then(|()| to.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                self.lost.store(true, Ordering::Relaxed);
            }
            _ => {}
        }
    }
}

fn open_terminal() -> Result<File, TerminalError> {
    // By name: the one that the user sits at, even if input and output lead elsewhere.
    let opened = OpenOptions::new().read(true).write(true).open("/dev/tty");
    opened.map_err(|_| TerminalError::None)
}

impl Terminal for RealTerminal {
    fn say(&self, text: &str) {
        self.write(io::stdout().lock(), text);
    }

    fn note(&self, text: &str) {
        self.write(io::stderr().lock(), text);
    }

    fn ask(&self, prompt: &str) -> Result<String, TerminalError> {
        let mut terminal = open_terminal()?;
        terminal.write_all(prompt.as_bytes())?;
        let mut line = Line::default();
        loop {
            match line.take(next_byte(&terminal)?, false) {
                Ok(false) => {}
                Ok(true) => return Ok(line.text()?.to_string()),
                Err(error) => {
                    // Ctrl-D leaves the cursor behind the question; what is told of it begins on a line of its own.
                    let _ = terminal.write_all(b"\n");
                    return Err(error);
                }
            }
        }
    }

    fn ask_secret(&self, prompt: &str) -> Result<Zeroizing<String>, TerminalError> {
        let terminal = open_terminal()?;
        let hidden = Hidden::new(&terminal)?;
        (&terminal).write_all(prompt.as_bytes())?;
        let mut line = Line::default();
        let mut result = Ok(false);
        while let Ok(false) = result {
            result = next_byte(&terminal).and_then(|byte| line.take(byte, true));
        }
        drop(hidden);
        // The user's own line end was not shown.
        (&terminal).write_all(b"\n")?;
        result.and_then(|_| line.text())
    }

    fn input(&self, limit: usize) -> Result<Zeroizing<Vec<u8>>, TerminalError> {
        // Not through the buffer of the standard library, which nobody wipes.
        read_bounded(io::stdin(), 4096, limit).map_err(|stop| match stop {
            Stop::TooBig => TerminalError::TooLong { limit },
            Stop::Io(error) => error.into(),
        })
    }

    fn watch(&self, board: &mut dyn FnMut(Option<&str>) -> Look) -> Result<(), TerminalError> {
        let terminal = open_terminal()?;
        let hidden = Hidden::new(&terminal)?;
        let mut shown = Vec::new();
        let mut line = Line::default();
        let mut came = None;
        loop {
            let look = board(came.take().as_deref().map(String::as_str));
            redraw(&terminal, &mut shown, look.lines, self.width())?;
            if look.is_last {
                break;
            }
            while came.is_none() && has_input(&terminal)? {
                match line.take(next_byte(&terminal)?, true) {
                    Ok(false) => {}
                    // Nobody's submission has a line that isn't text, or such a long one.
                    Ok(true) => came = std::mem::take(&mut line).text().ok(),
                    Err(TerminalError::TooLong { .. }) => line = Line::default(),
                    Err(other) => return Err(other),
                }
            }
        }
        drop(hidden);
        Ok(())
    }

    fn width(&self) -> usize {
        let size = rustix::termios::tcgetwinsize(io::stdout());
        match size.map_or(0, |size| usize::from(size.ws_col)) {
            0 => 80,
            columns => columns,
        }
    }

    fn is_interactive(&self) -> bool {
        open_terminal().is_ok()
    }

    fn lost_output(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }
}

/// How long a board stands before it is looked at anew.
const TICK: rustix::event::Timespec = rustix::event::Timespec {
    tv_sec: 0,
    tv_nsec: 500_000_000,
};

/// Waits for a byte, at most a tick. A terminal whose other end has gone has one: its end.
fn has_input(terminal: &File) -> Result<bool, TerminalError> {
    use rustix::event::{PollFd, PollFlags, poll};
    let mut wanted = [PollFd::new(terminal, PollFlags::IN)];
    match poll(&mut wanted, Some(&TICK)) {
        Ok(ready) => Ok(ready > 0),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(io::Error::from(error).into()),
    }
}

/// Puts the lines where the ones before stand, each cut to the width, so that none takes two rows.
fn redraw(
    mut terminal: &File,
    shown: &mut Vec<String>,
    lines: Vec<String>,
    width: usize,
) -> Result<(), TerminalError> {
    let cut = |line: &String| line.chars().take(width.max(2) - 1).collect();
    let lines: Vec<String> = lines.iter().map(cut).collect();
    if *shown == lines {
        return Ok(());
    }
    let mut text = String::new();
    if !shown.is_empty() {
        // Up to the first of them, and away with everything below.
        text = format!("\x1b[{}A\r\x1b[J", shown.len());
    }
    for line in &lines {
        text += line;
        text += "\n";
    }
    terminal.write_all(text.as_bytes())?;
    *shown = lines;
    Ok(())
}

/// One byte at a time, so that lines typed ahead stay for the next question. None at the end.
fn next_byte(from: impl AsFd) -> Result<Option<u8>, TerminalError> {
    let mut byte = Zeroizing::new([0]);
    loop {
        match rustix::io::read(&from, &mut byte[..]) {
            Ok(0) => return Ok(None),
            Ok(_) => return Ok(Some(byte[0])),
            Err(rustix::io::Errno::INTR) => {}
            // A terminal whose other end has gone.
            Err(rustix::io::Errno::IO) => return Ok(None),
            Err(error) => return Err(io::Error::from(error).into()),
        }
    }
}

/// The terminal without echo, line editing and signals, so that Ctrl-C comes as a byte and the old
/// state is restored before anything else happens.
struct Hidden<'t> {
    terminal: &'t File,
    before: Termios,
}

impl<'t> Hidden<'t> {
    fn new(terminal: &'t File) -> Result<Self, TerminalError> {
        let before = rustix::termios::tcgetattr(terminal).map_err(io::Error::from)?;
        let mut hidden = before.clone();
        let shown = LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG;
        hidden.local_modes.remove(shown);
        hidden.special_codes[SpecialCodeIndex::VMIN] = 1;
        hidden.special_codes[SpecialCodeIndex::VTIME] = 0;
        rustix::termios::tcsetattr(terminal, OptionalActions::Now, &hidden)
            .map_err(io::Error::from)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Hidden<'_> {
    fn drop(&mut self) {
        let _ = rustix::termios::tcsetattr(self.terminal, OptionalActions::Now, &self.before);
    }
}

/// A line while it is typed. All room is made at first, so that nothing is moved and left behind.
struct Line {
    bytes: Zeroizing<Vec<u8>>,
    escape: Escape,
}

/// Inside what an arrow or function key sends.
#[derive(Clone, Copy, PartialEq)]
enum Escape {
    No,
    Begun,
    Inside,
}

impl Default for Line {
    fn default() -> Self {
        Self {
            bytes: Zeroizing::new(Vec::with_capacity(MAX_ANSWER)),
            escape: Escape::No,
        }
    }
}

impl Line {
    /// Takes the next byte and says whether the line is complete. With `edits` the keys that a
    /// terminal otherwise handles itself are handled here.
    fn take(&mut self, byte: Option<u8>, edits: bool) -> Result<bool, TerminalError> {
        let Some(byte) = byte else {
            return if self.bytes.is_empty() {
                Err(TerminalError::Closed)
            } else {
                Ok(true)
            };
        };
        match (self.escape, byte) {
            _ if !edits && byte != b'\n' => self.push(byte)?,
            (_, b'\n' | b'\r') => return Ok(true),
            (_, 0x03 | 0x1c) => return Err(TerminalError::Interrupted),
            (_, 0x1b) => self.escape = Escape::Begun,
            (Escape::Begun, b'[' | b'O') => self.escape = Escape::Inside,
            (Escape::Begun, _) => self.escape = Escape::No,
            (Escape::Inside, b'@'..=b'~') => self.escape = Escape::No,
            (Escape::Inside, _) => {}
            (_, 0x04) if self.bytes.is_empty() => return Err(TerminalError::Closed),
            (_, 0x08 | 0x7f) => while self.bytes.pop().is_some_and(|last| last & 0xc0 == 0x80) {},
            (_, 0x15) => {
                self.bytes.zeroize();
                self.bytes.reserve_exact(MAX_ANSWER);
            }
            (_, 0..0x20) => {}
            _ => self.push(byte)?,
        }
        Ok(false)
    }

    fn push(&mut self, byte: u8) -> Result<(), TerminalError> {
        if self.bytes.len() == MAX_ANSWER {
            return Err(TerminalError::TooLong { limit: MAX_ANSWER });
        }
        self.bytes.push(byte);
        Ok(())
    }

    fn text(&self) -> Result<Zeroizing<String>, TerminalError> {
        let text = std::str::from_utf8(&self.bytes).map_err(|_| TerminalError::NotText)?;
        Ok(Zeroizing::new(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &[u8]) -> Result<Zeroizing<String>, TerminalError> {
        let mut line = Line::default();
        let mut keys = keys.iter().copied();
        while !line.take(keys.next(), true)? {}
        line.text()
    }

    #[track_caller]
    fn gives(keys: &[u8], text: &str) {
        assert_eq!(typed(keys).as_deref().map(String::as_str), Ok(text));
    }

    #[test]
    fn a_secret_can_be_corrected_while_it_is_typed() {
        gives(b"abc\x7fd\n", "abd");
        gives("aä\x7fb\r".as_bytes(), "ab");
        gives(b"abc\x15xy\n", "xy");
        gives(b"\x7f\x7fa\n", "a");
        gives(b"a\x1b[D\x1bOP\x1b[1;5Cb\n", "ab");
        gives(b"a b\x04\x01\n", "a b");
        gives(b"no line end", "no line end");
        gives(b"\n", "");
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        assert_eq!(typed(b"ab\x03"), Err(TerminalError::Interrupted));
        assert_eq!(typed(b"\x04"), Err(TerminalError::Closed));
        assert_eq!(typed(b""), Err(TerminalError::Closed));
        assert_eq!(typed(b"a\xff\n"), Err(TerminalError::NotText));
        let long = TerminalError::TooLong { limit: MAX_ANSWER };
        assert_eq!(typed(&[b'a'; MAX_ANSWER + 1]), Err(long));
    }

    #[test]
    fn a_reader_who_has_gone_is_no_loss_but_a_full_disk_is() {
        let terminal = RealTerminal::default();
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        terminal.write(writer, "into nothing");
        assert!(!terminal.lost_output());
        terminal.write(
            OpenOptions::new().write(true).open("/dev/full").unwrap(),
            "lost",
        );
        assert!(terminal.lost_output());
    }
}
