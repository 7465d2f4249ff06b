//! The server, started as users start it.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};

use plenum::ctl::{Answer, Ask, SOCKET};
use serde_json::Value;

use super::SOON;
use super::folder::Folder;
use super::journal::Journal;
use super::ports::{free_port, rtp_range};
use super::program::Program;

/// A server of its own process, ports and folder; killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    // Dropped first: a running server writes into its folder.
    pub(crate) program: Program,
    pub(crate) folder: Folder,
    pub(crate) sip_port: u16,
    pub(crate) http_port: u16,
}

impl Server {
    /// Starts `plenum demo` and waits until it is up.
    pub(crate) fn demo() -> Self {
        let folder = Folder::new();
        let (sip_port, http_port) = (free_port(), free_port());
        let mut program = Program::start(&mut demo(&folder, sip_port, http_port), "plenum");
        program.says("stop   Ctrl-C", SOON);
        Self {
            program,
            folder,
            sip_port,
            http_port,
        }
    }

    /// Starts `plenum serve` with a dialplan; strangers start in its context `default`.
    pub(crate) fn with_dialplan(dialplan: &str) -> Self {
        Self::serve(dialplan, "anonymous_context = \"default\"\n")
    }

    /// Starts `plenum serve` with a dialplan and keys for the section `[sip]`.
    pub(crate) fn serve(dialplan: &str, sip: &str) -> Self {
        Self::serve_with(dialplan, sip, "")
    }

    /// Starts `plenum serve` with a dialplan and keys for the sections `[sip]` and `[rtp]`.
    pub(crate) fn serve_with(dialplan: &str, sip: &str, rtp: &str) -> Self {
        let folder = Folder::new();
        let (sip_port, http_port) = (free_port(), free_port());
        folder.write("extensions.conf", dialplan);
        let config = format!(
            "data_dir = \"data\"\n[log]\nformat = \"human\"\n[sip]\n\
             listen = [\"udp://127.0.0.1:{sip_port}\", \"tcp://127.0.0.1:{sip_port}\"]\n{sip}\
             [rtp]\nports = \"{}\"\n{rtp}[http]\nlisten = \"127.0.0.1:{http_port}\"\n",
            rtp_range()
        );
        let config = folder.write("plenum.toml", &config);
        let mut command = plenum();
        command.args(["serve", "--config"]).arg(config);
        let mut program = Program::start(&mut command, "plenum");
        program.says("ready", SOON);
        Self {
            program,
            folder,
            sip_port,
            http_port,
        }
    }

    /// Returns the URI of an extension.
    pub(crate) fn uri(&self, extension: &str) -> String {
        format!("sip:{extension}@127.0.0.1:{}", self.sip_port)
    }

    /// Returns where the control socket is.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.join("data").join(SOCKET)
    }

    /// Asks the server, and expects to be told.
    pub(crate) fn ask(&self, ask: &Ask) -> Value {
        let mut stream = UnixStream::connect(self.socket()).expect("the server is up");
        let ask = serde_json::to_string(ask).expect("an ask is JSON");
        writeln!(stream, "{ask}").expect("the server reads its socket");
        let mut line = String::new();
        BufReader::new(stream)
            .read_line(&mut line)
            .expect("the server answers");
        match serde_json::from_str(&line) {
            Ok(Answer::Ok(value)) => value,
            other => panic!("{ask} was answered with {other:?}"),
        }
    }

    /// Returns a figure of `plenum ctl server status`.
    pub(crate) fn figure(&self, name: &str) -> u64 {
        let status = self.ask(&Ask::Status);
        status[name]
            .as_u64()
            .unwrap_or_else(|| panic!("{name} is no figure of {status}"))
    }

    /// Reads the journal from its start.
    pub(crate) fn journal(&self) -> Journal {
        Journal::open(&self.socket())
    }

    /// Presses Ctrl-C and waits for the end.
    pub(crate) fn stop(mut self) -> ExitStatus {
        self.program.interrupt();
        self.program.ends(SOON)
    }
}

/// Returns the command that starts a demo in a folder.
pub(crate) fn demo(folder: &Folder, sip_port: u16, http_port: u16) -> Command {
    let mut command = plenum();
    command
        .arg("demo")
        .arg("--data-dir")
        .arg(folder.join("data"));
    command.args(["--sip-port", &sip_port.to_string()]);
    command.args(["--http-port", &http_port.to_string()]);
    command.args(["--rtp-ports", &rtp_range()]);
    command
}

/// Returns the command that starts the binary under test.
pub(crate) fn plenum() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plenum"));
    command.stdout(Stdio::piped());
    command
}
