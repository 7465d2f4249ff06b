//! Measures what idle TLS connections cost: opens them to a server in this process from clients in
//! a child process, and prints the growth of the resident size of the server.
//!
//! ```console
//! $ cargo run --release -p plenum-runtime --example tls_connections -- 10000
//! ```

#![expect(clippy::print_stdout, reason = "its output is the measurement")]

use std::error::Error;
use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use plenum_runtime::Input;
use plenum_runtime::process::raise_open_files_limit;
use plenum_runtime::sip::{SipLimits, SipOptions, SipTransports, Tls, TlsFiles};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::sync::mpsc;
use tokio_rustls::TlsConnector;

const NAME: &str = "hall.example";

/// Connections from one loopback address, so that the ports of one address do not run out.
const PER_ADDRESS: usize = 10_000;

const MESSAGE: &[u8] = b"OPTIONS sip:hall.example SIP/2.0\r\n\
    Via: SIP/2.0/TLS phone.example;branch=z9hG4bK1\r\nFrom: <sip:a@hall.example>;tag=1\r\n\
    To: <sip:hall.example>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n\
    Content-Length: 0\r\n\r\n";

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> Outcome {
    raise_open_files_limit();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["client", address, count, certificate] => {
            let certificate = Path::new(certificate);
            runtime.block_on(clients(address.parse()?, count.parse()?, certificate))
        }
        [count] => runtime.block_on(server(count.parse()?)),
        _ => Err("give the number of connections".into()),
    }
}

async fn server(connections: usize) -> Outcome {
    let folder = Folder(std::env::temp_dir().join(format!("plenum-tls-{}", std::process::id())));
    std::fs::create_dir(&folder.0)?;
    let certified = rcgen::generate_simple_self_signed([NAME.to_owned()])?;
    let (certificate, key) = (folder.0.join("hall.pem"), folder.0.join("hall.key"));
    std::fs::write(&certificate, certified.cert.pem())?;
    std::fs::write(&key, certified.signing_key.serialize_pem())?;
    let (sender, mut inputs) = mpsc::channel(1_024);
    let listen = ["tls://127.0.0.1:0".parse()?];
    let options = options((certificate.clone(), key))?;
    let hall = SipTransports::bind(&listen, options, sender).await?;
    let before = resident_kib()?;
    let mut clients = Command::new(std::env::current_exe()?)
        .arg("client")
        .arg(hall.listens()[0].address.to_string())
        .arg(connections.to_string())
        .arg(&certificate)
        .stdin(Stdio::piped())
        .spawn()?;
    // Each client asks once and is answered, so that every buffer was used.
    for _ in 0..connections {
        match inputs.recv().await {
            Some(Input::Framed { flow, message }) => {
                let answered = hall.send(flow, message.bytes().clone());
                answered.map_err(|_| "a client is gone")?;
            }
            other => return Err(format!("not a message: {other:?}").into()),
        }
    }
    let (after, open) = (resident_kib()?, hall.metrics().read().connections);
    let each = after.saturating_sub(before) / open.max(1);
    println!("{open} connections: {before} KiB before, {after} KiB with them: {each} KiB each");
    // Its input ends, and so does it.
    drop(clients.stdin.take());
    // Meanwhile the last answers are written.
    tokio::task::spawn_blocking(move || clients.wait()).await??;
    Ok(())
}

fn options(identity: (PathBuf, PathBuf)) -> Outcome<SipOptions> {
    let files = TlsFiles {
        identity: Some(identity),
        ..TlsFiles::default()
    };
    let limits = SipLimits {
        connections_max: usize::MAX,
        connections_per_source_max: usize::MAX,
        ..SipLimits::default()
    };
    Ok(SipOptions {
        limits,
        tls: Some(Tls::load(files)?),
        ..SipOptions::default()
    })
}

/// Opens all connections one after the other, and holds them until the server has measured.
async fn clients(address: SocketAddr, connections: usize, certificate: &Path) -> Outcome {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificate)?)?;
    let client = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(client));
    let mut open = Vec::with_capacity(connections);
    for number in 0..connections {
        let last = u8::try_from(1 + number / PER_ADDRESS)?;
        let socket = TcpSocket::new_v4()?;
        socket.bind((Ipv4Addr::new(127, 0, 1, last), 0).into())?;
        let stream = socket.connect(address).await?;
        let name = ServerName::try_from(NAME)?;
        let mut stream = connector.connect(name, stream).await?;
        stream.write_all(MESSAGE).await?;
        stream.read_exact(&mut vec![0; MESSAGE.len()]).await?;
        open.push(stream);
    }
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// Reads the resident size of this process.
fn resident_kib() -> Outcome<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let digits = line
        .ok_or("no resident size")?
        .trim()
        .trim_end_matches(" kB");
    Ok(digits.parse()?)
}

/// A folder that goes away with its owner.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
