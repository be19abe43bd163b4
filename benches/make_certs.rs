//! Makes a file of certificates for the benchmarks: `make_certs COUNT FILE`.

use std::io::Write as _;

use sequoia_openpgp::cert::CertBuilder;
use sequoia_openpgp::serialize::Serialize as _;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let count: usize = arguments
        .next()
        .and_then(|n| n.parse().ok())
        .expect("make_certs COUNT FILE");
    let file = arguments.next().expect("make_certs COUNT FILE");
    let mut out = std::io::BufWriter::new(std::fs::File::create(file).expect("the file"));
    let made = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
    for number in 0..count {
        let (cert, _) = CertBuilder::new()
            .add_userid(format!("Developer {number} <d{number}@example.org>"))
            .set_creation_time(made)
            .add_transport_encryption_subkey()
            .generate()
            .expect("a certificate");
        cert.serialize(&mut out).expect("written");
    }
    out.flush().expect("written");
}
