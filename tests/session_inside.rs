//! What is possible inside the worker once it is locked up, tried in real processes.
//!
//! The test program starts itself again: `probe_child` is the worker when `QUORATE_PROBE` is set.
#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::net::{TcpStream, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use quorate::roster::holder_key::{HolderKey, Namespace};
use quorate::roster::opening::OneTimeIdentity;
use quorate::roster::{passphrase, sealing};
use quorate::session::harden::{Hardening, Landlock, Memory};
use quorate::session::locked::LockedBytes;
use quorate::session::start::{Channel, Ended, Reply, StartError, TAG_FIRST_FREE, Worker};
use sequoia_openpgp as openpgp;
use zeroize::Zeroizing;

const TAG_PROBE: u8 = TAG_FIRST_FREE;
const EPERM: i32 = 1;

/// Starting a script that another thread has open for writing, or has just forked with, fails.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// A script that is started as the worker.
fn script(dir: &Path, lines: &str) -> PathBuf {
    let path = dir.join("worker");
    fs::write(&path, format!("#!/bin/sh\n{lines}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn start_script(lines: &str, wanted: usize) -> Result<Worker, StartError> {
    let dir = tempfile::tempdir().unwrap();
    let _one = ONE_AT_A_TIME
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    Worker::start(&script(dir.path(), lines), wanted)
}

/// This program as the worker, by way of other programs.
fn start_probe(kind: &str, by_way_of: &str, wanted: usize) -> Result<Worker, StartError> {
    let own = std::env::current_exe().unwrap();
    let lines = format!(
        "export QUORATE_PROBE={kind}\nexec {by_way_of} '{}' --exact probe_child --nocapture --test-threads=1",
        own.display()
    );
    start_script(&lines, wanted)
}

fn probe(kind: &str, by_way_of: &str) -> (Hardening, BTreeMap<String, String>) {
    let worker = start_probe(kind, by_way_of, 64 << 20).unwrap();
    let hardening = worker.hardening();
    let Reply { message, seconds } = worker.call(TAG_PROBE, &[b"job"]).unwrap();
    assert!(seconds < 60.0);
    assert_eq!(message.tag, TAG_PROBE);
    let lines = message.fields.iter().map(|line| {
        let line = String::from_utf8(line.to_vec()).unwrap();
        let (name, result) = line.split_once('=').unwrap();
        (name.to_owned(), result.to_owned())
    });
    (hardening, lines.collect())
}

fn assert_all_refused(results: &BTreeMap<String, String>) {
    let mut tried = 0;
    for (name, result) in results {
        if let Some(what) = name.strip_prefix("forbidden ") {
            tried += 1;
            assert_eq!(result, "EPERM", "{what}");
        }
    }
    assert_eq!(tried, 19);
}

fn assert_all_computed(results: &BTreeMap<String, String>) {
    let mut tried = 0;
    for (name, result) in results {
        if let Some(what) = name.strip_prefix("allowed ") {
            tried += 1;
            assert_eq!(result, "ok", "{what}");
        }
    }
    assert_eq!(tried, 8);
}

#[test]
fn a_locked_up_worker_computes_and_can_do_nothing_else() {
    let (hardening, results) = probe("plain", "");
    assert_eq!(
        hardening.to_string(),
        "memory=all dumps=no landlock=full seccomp=yes",
        "needs root or CAP_IPC_LOCK, and Linux 6.12"
    );
    assert_all_refused(&results);
    assert_all_computed(&results);
}

#[test]
fn without_the_right_to_lock_memory_it_computes_and_reports_secrets_only() {
    let limited = "/usr/bin/setpriv --bounding-set=-ipc_lock --inh-caps=-ipc_lock \
                   /usr/bin/prlimit --memlock=65536:65536";
    let (hardening, results) = probe("plain", limited);
    assert_eq!(hardening.memory, Memory::Secrets { limit: 65536 });
    assert_eq!(
        hardening.missing(),
        ["all memory locked (only the secrets are)"]
    );
    assert_all_refused(&results);
    assert_all_computed(&results);
}

fn first_word(line: &str) -> &str {
    line.split_whitespace().next().unwrap_or_default()
}

#[test]
fn all_that_the_worker_can_write_is_locked() {
    // Of this size it comes from the heap, which grows for it.
    let worker = start_probe("plain", "", 8 << 20).unwrap();
    assert_eq!(worker.hardening().memory, Memory::All);
    let children = fs::read_to_string("/proc/thread-self/children").unwrap();
    // Of a test's own process root alone may read this.
    let smaps = fs::read_to_string(format!("/proc/{}/smaps", children.trim())).unwrap();
    let (mut writable, mut heap) = (0, 0);
    let mut header = "";
    for line in smaps.lines() {
        let mut words = line.split_whitespace();
        let first = words.next();
        if first.is_some_and(|word| word.contains('-')) {
            header = line;
        }
        let flags: Vec<_> = words.collect();
        if first == Some("VmFlags:") && flags.contains(&"wr") {
            writable += 1;
            if header.ends_with("[heap]") {
                let (from, to) = first_word(header).split_once('-').unwrap();
                let address = |hex| u64::from_str_radix(hex, 16).unwrap();
                heap += address(to) - address(from);
            }
            assert!(flags.contains(&"lo"), "{header}: {line}");
        }
    }
    assert!(writable > 5, "{smaps}");
    assert!(heap >= 8 << 20, "{smaps}");
    worker.call(TAG_PROBE, &[b"job"]).unwrap();
}

#[test]
fn the_right_to_lock_memory_in_a_user_namespace_is_none() {
    let namespace = "/usr/bin/prlimit --memlock=8388608:8388608 /usr/bin/unshare -r";
    let allowed = Command::new("/usr/bin/unshare")
        .args(["-r", "true"])
        .status();
    if !allowed.is_ok_and(|status| status.success()) {
        eprintln!("no user namespace can be made here");
        return;
    }
    // All that there is now is within the limit; what comes wouldn't be.
    let worker = start_probe("plain", namespace, 0).unwrap();
    let memory = worker.hardening().memory;
    assert_eq!(memory, Memory::Secrets { limit: 8 << 20 });
    worker.call(TAG_PROBE, &[b"job"]).unwrap();
}

#[test]
fn without_landlock_it_works_and_reports_it() {
    let (hardening, results) = probe("no-landlock", "");
    assert_eq!(hardening.landlock, Landlock::Missing);
    assert_eq!(hardening.missing(), ["Landlock"]);
    assert_all_refused(&results);
    assert_all_computed(&results);
}

#[test]
fn without_seccomp_landlock_alone_keeps_files_and_network_out() {
    let (hardening, results) = probe("no-seccomp", "");
    assert!(!hardening.seccomp);
    assert_eq!(hardening.missing(), ["seccomp"]);
    for what in ["open for reading", "create a file", "connect"] {
        assert_eq!(results[&format!("forbidden {what}")], "EACCES", "{what}");
    }
    assert_all_computed(&results);
}

/// The probe as somebody without rights but those.
fn report_of_nobody(rights: &str) -> String {
    let nobody = format!(
        "/usr/bin/setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set={rights} \
         --inh-caps={rights} --ambient-caps={rights} /usr/bin/prlimit --memlock=65536:65536"
    );
    // Somebody without rights must reach the program file.
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let copy = dir.path().join("probe");
    let lines = {
        let _one = ONE_AT_A_TIME
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
        format!(
            "export QUORATE_PROBE=plain\nexec {nobody} '{}' --exact probe_child --test-threads=1",
            copy.display()
        )
    };
    let worker = start_script(&lines, 1 << 20).unwrap();
    let report = worker.hardening().to_string();
    worker.call(TAG_PROBE, &[b"job"]).unwrap();
    report
}

#[test]
fn a_user_of_no_rights_gets_everything_but_locked_memory() {
    assert_eq!(
        report_of_nobody("-all"),
        "memory=secrets:65536 dumps=no landlock=full seccomp=yes"
    );
}

#[test]
fn a_user_who_may_lock_memory_gets_everything() {
    assert_eq!(
        report_of_nobody("-all,+ipc_lock"),
        "memory=all dumps=no landlock=full seccomp=yes"
    );
}

#[test]
fn a_worker_without_enough_memory_says_so_and_gets_no_job() {
    let error = start_probe("plain", "", usize::MAX).err().unwrap();
    assert!(matches!(error, StartError::Unfit { why } if why.starts_with("no memory for")));
}

#[test]
fn a_worker_that_ends_early_is_reported_with_its_code_or_signal() {
    let ended = |lines: &str| match start_script(lines, 0).err().unwrap() {
        StartError::Ended { ended } => ended,
        other => panic!("{other}"),
    };
    let code = |code| Ended {
        code: Some(code),
        signal: None,
    };
    assert_eq!(ended("exit 7"), code(7));
    let killed = Ended {
        code: None,
        signal: Some(9),
    };
    assert_eq!(ended("kill -9 $$"), killed);
}

#[test]
fn a_worker_that_dies_over_its_job_is_reported() {
    let worker = start_probe("dies", "", 0).unwrap();
    let error = worker.call(TAG_PROBE, &[b"job"]).err().unwrap();
    let StartError::Ended { ended } = error else {
        panic!("{error}")
    };
    assert_eq!(ended.code, Some(3));
}

#[test]
fn what_is_not_a_worker_is_refused() {
    // It takes what the front end sends first (21 bytes) and answers with a message of another tag.
    let lines = "/usr/bin/head -c 21 >/dev/null; printf '\\020\\0\\0\\0\\0' >&0";
    let error = start_script(lines, 0);
    assert!(matches!(
        error.err().unwrap(),
        StartError::Unexpected { tag: 16 }
    ));
    let missing = Worker::start(Path::new("/nowhere/at/all"), 0);
    assert!(matches!(missing.err().unwrap(), StartError::Spawn(_)));
}

#[test]
fn the_worker_gets_one_argument_and_no_environment_of_ours() {
    let dir = tempfile::tempdir().unwrap();
    let seen = dir.path().join("seen");
    let lines = format!("{{ echo \"$@\"; /usr/bin/env; }} > '{}'", seen.display());
    assert!(start_script(&lines, 0).is_err());
    let seen = fs::read_to_string(seen).unwrap();
    let mut lines = seen.lines();
    assert_eq!(lines.next(), Some("session-worker"));
    let names: BTreeSet<_> = lines.filter_map(|line| line.split('=').next()).collect();
    // The shell of this test adds some of its own.
    let of_the_shell = BTreeSet::from(["PWD", "SHLVL", "_", "OLDPWD"]);
    let rest: Vec<_> = names.difference(&of_the_shell).copied().collect();
    assert_eq!(rest, ["GLIBC_TUNABLES", "OPENSSL_CONF", "OPENSSL_MODULES"]);
}

#[test]
fn the_front_end_rules_out_dumps_and_still_runs_programs() {
    let own = std::env::current_exe().unwrap();
    let output = Command::new(own)
        .args(["--exact", "probe_child", "--nocapture", "--test-threads=1"])
        .env("QUORATE_PROBE", "front")
        .output()
        .unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("front: fine"), "{text}");
}

/// With the system's OpenSSL it would: whoever sets its variables can put code into a program that uses it.
#[cfg(feature = "vendored-openssl")]
#[test]
fn no_setting_of_openssl_brings_foreign_code_into_the_front_end() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let source = "#include <fcntl.h>\n__attribute__((constructor)) static void f(void) \
                  { open(MARK, O_CREAT | O_WRONLY, 0600); }\n";
    fs::write(at("module.c"), source).unwrap();
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .args([at("legacy.so"), at("module.c")])
        .arg(format!("-DMARK=\"{}\"", at("loaded").display()))
        .status();
    assert!(compiled.unwrap().success());
    let configuration = format!(
        "openssl_conf = init\n[init]\nproviders = providers\nengines = engines\n\
         [providers]\nforeign = module\n[engines]\nforeign = engine\n\
         [module]\nmodule = {0}\nactivate = 1\n[engine]\ndynamic_path = {0}\ninit = 1\n",
        at("legacy.so").display()
    );
    fs::write(at("openssl.cnf"), configuration).unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "probe_child", "--nocapture", "--test-threads=1"])
        .env("QUORATE_PROBE", "openssl")
        .env("OPENSSL_CONF", at("openssl.cnf"))
        .env("OPENSSL_MODULES", dir.path())
        .env("OPENSSL_ENGINES", dir.path())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("openssl: fine"), "{text}");
    assert!(!at("loaded").exists());
}

// From here on: what runs inside.

#[test]
fn probe_child() {
    let Ok(kind) = std::env::var("QUORATE_PROBE") else {
        return;
    };
    match kind.as_str() {
        "front" => front(),
        "openssl" => {
            sign_and_verify().unwrap();
            println!("openssl: fine");
        }
        _ => inside(&kind),
    }
    std::process::exit(0);
}

fn front() {
    quorate::session::harden::harden_front();
    let core = rustix::process::getrlimit(rustix::process::Resource::Core);
    assert_eq!((core.current, core.maximum), (Some(0), Some(0)));
    let dumpable = rustix::process::dumpable_behavior().unwrap();
    assert_eq!(dumpable, rustix::process::DumpableBehavior::NotDumpable);
    let gpg = Command::new("gpg").arg("--version").output().unwrap();
    assert!(gpg.status.success());
    // And this very program, as the worker is started.
    let own = Command::new("/proc/self/exe").arg("--list").output();
    assert!(own.unwrap().status.success());
    println!("front: fine");
}

fn inside(kind: &str) {
    match kind {
        "no-landlock" => deny(libc::SYS_landlock_create_ruleset),
        "no-seccomp" => deny(libc::SYS_seccomp),
        _ => {}
    }
    let mut opened = File::open("/etc/passwd").unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut channel = Channel::take().unwrap();
    if channel.ready().is_err() {
        std::process::exit(1);
    }
    let job = channel.receive().unwrap();
    assert_eq!(job.tag, TAG_PROBE);
    if kind == "dies" {
        std::process::exit(3);
    }
    let mut lines = Vec::new();
    forbidden(&mut opened, &socket, &mut |what, result| {
        let result = match result {
            Ok(()) => "done".to_owned(),
            Err(error) => match error.raw_os_error() {
                Some(EPERM) => "EPERM".to_owned(),
                Some(13) => "EACCES".to_owned(),
                _ => format!("{error:?}"),
            },
        };
        lines.push(format!("forbidden {what}={result}"));
    });
    allowed(&mut |what, result| {
        let result = result.map_or_else(|error| error.to_string(), |()| "ok".to_owned());
        lines.push(format!("allowed {what}={result}"));
    });
    let fields: Vec<_> = lines.iter().map(String::as_bytes).collect();
    channel.send(TAG_PROBE, &fields).unwrap();
}

/// From now on the call fails as in a kernel without it.
fn deny(call: libc::c_long) {
    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
    let filter = SeccompFilter::new(
        BTreeMap::from([(call, Vec::new())]),
        SeccompAction::Allow,
        SeccompAction::Errno(libc::ENOSYS as u32),
        std::env::consts::ARCH.try_into().unwrap(),
    );
    let program: BpfProgram = filter.unwrap().try_into().unwrap();
    seccompiler::apply_filter_all_threads(&program).unwrap();
}

fn forbidden(
    opened: &mut File,
    socket: &UdpSocket,
    tell: &mut dyn FnMut(&str, Result<(), io::Error>),
) {
    use rustix::process::{Resource, Rlimit, getpid};
    let mut tell = |what: &str, result: io::Result<()>| tell(what, result);
    tell("open for reading", File::open("/etc/passwd").map(drop));
    tell("read what was open", opened.read(&mut [0]).map(drop));
    tell(
        "create a file",
        File::create("/tmp/quorate-probe").map(drop),
    );
    tell(
        "write to standard error",
        raw(rustix::io::write(io::stderr(), b".")),
    );
    tell("remove a file", fs::remove_file("/tmp/quorate-no-such"));
    tell("list a folder", fs::read_dir("/").map(drop));
    tell(
        "own memory as a file",
        File::options().write(true).open("/proc/self/mem").map(drop),
    );
    tell("make a socket", UdpSocket::bind("127.0.0.1:0").map(drop));
    tell("connect", TcpStream::connect("127.0.0.1:9").map(drop));
    tell("send", socket.send_to(b".", "127.0.0.1:9").map(drop));
    tell(
        "pair of sockets",
        std::os::unix::net::UnixStream::pair().map(drop),
    );
    // Where seccomp is missing this would end the probe.
    let sealed = File::open("/etc/passwd").is_err_and(|e| e.raw_os_error() == Some(EPERM));
    if sealed {
        tell(
            "become another program",
            Err(Command::new("/bin/true").exec()),
        );
    }
    tell(
        "start a program",
        Command::new("/bin/true").status().map(drop),
    );
    tell(
        "start a thread",
        std::thread::Builder::new().spawn(|| ()).map(drop),
    );
    let unlimited = Rlimit {
        current: None,
        maximum: None,
    };
    tell(
        "allow core dumps",
        raw(rustix::process::setrlimit(Resource::Core, unlimited)),
    );
    let dumpable = rustix::process::DumpableBehavior::Dumpable;
    tell(
        "become dumpable",
        raw(rustix::process::set_dumpable_behavior(dumpable)),
    );
    tell("signal", raw(rustix::process::test_kill_process(getpid())));
    tell(
        "memory that is code",
        region::alloc(4096, region::Protection::READ_WRITE_EXECUTE)
            .map(drop)
            .map_err(|error| error.into_io_error()),
    );
    tell(
        "copy a descriptor",
        rustix::io::dup(&*opened).map(drop).map_err(Into::into),
    );
}

fn raw<T>(result: rustix::io::Result<T>) -> io::Result<()> {
    result.map(drop).map_err(Into::into)
}

type Anything = Result<(), Box<dyn std::error::Error>>;

fn allowed(tell: &mut dyn FnMut(&str, Anything)) {
    tell("sign and verify", sign_and_verify());
    tell("an RSA key", rsa());
    tell("seal to a certificate", seal_to_cert());
    tell("seal and open with age", age());
    tell("passphrase", passphrases());
    tell("holder key", holder_key());
    tell("64 MiB", {
        let memory = vec![1_u8; 64 << 20];
        assert_eq!(
            memory.iter().map(|byte| u64::from(*byte)).sum::<u64>(),
            64 << 20
        );
        Ok(())
    });
    tell("lock a secret", {
        let locked = LockedBytes::new(Zeroizing::new(vec![1; 100]));
        if locked.is_locked() {
            Ok(())
        } else {
            Err("not locked".into())
        }
    });
}

fn sign_and_verify() -> Anything {
    use openpgp::packet::key::{Key4, PrimaryRole, SecretParts};
    use openpgp::packet::{Key, signature::SignatureBuilder};
    use openpgp::types::{Curve, HashAlgorithm, SignatureType};
    let key: Key<SecretParts, PrimaryRole> = Key4::generate_ecc(true, Curve::Ed25519)?.into();
    let mut pair = key.into_keypair()?;
    for algorithm in [HashAlgorithm::SHA256, HashAlgorithm::SHA512] {
        let builder = SignatureBuilder::new(SignatureType::Binary).set_hash_algo(algorithm);
        let signature = builder.sign_message(&mut pair, b"text")?;
        signature.verify_message(pair.public(), b"text")?;
    }
    Ok(())
}

fn rsa() -> Anything {
    use openpgp::packet::key::{Key4, PrimaryRole, SecretParts};
    use openpgp::packet::{Key, signature::SignatureBuilder};
    let key: Key<SecretParts, PrimaryRole> = Key4::generate_rsa(2048)?.into();
    let mut pair = key.into_keypair()?;
    let builder = SignatureBuilder::new(openpgp::types::SignatureType::Binary);
    let signature = builder.sign_message(&mut pair, b"text")?;
    Ok(signature.verify_message(pair.public(), b"text")?)
}

fn seal_to_cert() -> Anything {
    use openpgp::cert::{CertBuilder, CipherSuite};
    use openpgp::serialize::SerializeInto;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    for suite in [CipherSuite::Cv25519, CipherSuite::P256, CipherSuite::RSA2k] {
        let builder = CertBuilder::new().set_cipher_suite(suite);
        let (cert, _) = builder.add_transport_encryption_subkey().generate()?;
        let recipient = sealing::Recipient::openpgp(&cert.to_vec()?, &cert.fingerprint(), now + 1)?;
        sealing::seal(&recipient, b"share")?;
    }
    Ok(())
}

fn age() -> Anything {
    let identity = OneTimeIdentity::generate();
    let recipient = sealing::Recipient::Age(identity.recipient());
    let sealed = sealing::seal(&recipient, b"share")?;
    assert_eq!(identity.open(&sealed, 100)?.as_slice(), b"share");
    Ok(())
}

fn passphrases() -> Anything {
    let mut bits = [0; 32];
    openpgp::crypto::random(&mut bits)?;
    let secret = passphrase::Passphrase::from_random(&mut bits);
    let sealed = passphrase::encrypt(&secret, b"key")?;
    assert_eq!(
        passphrase::decrypt(&secret, &sealed, 100)?.as_slice(),
        b"key"
    );
    Ok(())
}

fn holder_key() -> Anything {
    let key = HolderKey::generate(&mut [7; 32]);
    let signature = key.sign(Namespace::Approval, b"text")?;
    key.public()
        .verify(Namespace::Approval, b"text", &signature)?;
    Ok(())
}
