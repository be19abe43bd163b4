//! A plugin for age, for tests: works, hangs or lies, by the name under which it is called. The identity that it
//! guards lies beside it, in `secret`.

use age::Identity as _;
use age::secrecy::ExposeSecret as _;
use age_core::format::Stanza;
use age_core::plugin::Connection;
use std::io;
use std::path::PathBuf;

fn main() -> io::Result<()> {
    let program = PathBuf::from(std::env::args_os().next().unwrap_or_default());
    let name = program.to_string_lossy().into_owned();
    if name.ends_with("hangs") {
        std::thread::sleep(std::time::Duration::from_secs(600));
    }
    let mut connection = Connection::accept();
    let stanza = |mut stanza: Stanza| -> Result<Stanza, io::Error> {
        stanza.args.remove(0);
        stanza.tag = stanza.args.remove(0);
        Ok(stanza)
    };
    let (_, stanzas, _, _) = connection.unidir_receive(
        ("add-identity", |_| Ok(())),
        ("recipient-stanza", stanza),
        (None, |_| Ok(())),
        (None, |_| Ok(())),
    )?;
    let stanzas = stanzas.unwrap_or_default();
    // Beside the file that PATH led to, whatever that is a copy of.
    let found = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .map(|folder| folder.join("secret"))
        .find(|file| file.exists())
        .ok_or(io::ErrorKind::NotFound)?;
    let secret = std::fs::read_to_string(found)?;
    let identity: age::x25519::Identity = secret.trim().parse().map_err(io::Error::other)?;
    let key = stanzas
        .iter()
        .find_map(|stanza| identity.unwrap_stanza(stanza))
        .ok_or(io::ErrorKind::InvalidData)?
        .map_err(io::Error::other)?;
    let key = match name.ends_with("lies") {
        true => [7; 16],
        false => *key.expose_secret(),
    };
    connection.bidir_send(|mut phase| {
        phase.send("msg", &[], b"touch it \x1b[31mnow")?.ok();
        phase.send("file-key", &["0"], &key)?.ok();
        Ok(())
    })?;
    Ok(())
}
