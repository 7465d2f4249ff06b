//! SIPp, with scenarios that tell how far they are and wait for cues.
//!
//! A scenario speaks through its `<log>` actions, which go to standard error. It waits for the test
//! in a `<recv request="MESSAGE"/>`: the cue is a datagram with the Call-ID of the call, and SIPp
//! does not care who sent it. So no step of a story rests on a pause.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::SOON;
use super::folder::Folder;
use super::phone::Phone;
use super::ports::free_port;
use super::program::Program;
use super::server::Server;

/// SIPp gives up a call that stands still for so many milliseconds.
const PATIENCE_MS: &str = "20000";

/// A SIPp that is to be started.
#[derive(Debug)]
pub(crate) struct Call {
    command: Command,
    folder: Folder,
    port: u16,
}

impl Call {
    /// Prepares one call from a scenario in `tests/scenarios` to an extension.
    pub(crate) fn new(server: &Server, scenario: &str, extension: &str) -> Self {
        let folder = Folder::new();
        let port = free_port();
        let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
        let mut command = Command::new("sipp");
        command
            .current_dir(folder.path())
            .arg(format!("127.0.0.1:{}", server.sip_port))
            .arg("-sf")
            .arg(scenarios.join(scenario))
            .args(["-s", extension, "-i", "127.0.0.1", "-p", &port.to_string()])
            .args(["-cid_str", &format!("{port}-%u"), "-nostdin"])
            .args(["-recv_timeout", PATIENCE_MS])
            .args(["-trace_logs", "-log_file", "/dev/stderr"])
            .args(["-trace_err", "-error_file", "errors.log"])
            .stdout(Stdio::null());
        Self {
            command,
            folder,
            port,
        }
    }

    /// Sets a keyword of the scenario.
    pub(crate) fn key(mut self, name: &str, value: impl ToString) -> Self {
        self.command.args(["-key", name, &value.to_string()]);
        self
    }

    /// Has the scenario announce audio at an address.
    pub(crate) fn audio_at(self, address: SocketAddr) -> Self {
        let family = if address.is_ipv4() { "IP4" } else { "IP6" };
        self.key("rtp_family", family)
            .key("rtp_ip", address.ip())
            .key("rtp_port", address.port())
    }

    /// Sends over TCP, with one connection.
    pub(crate) fn over_tcp(mut self) -> Self {
        self.command.args(["-t", "t1"]);
        self
    }

    /// Has the scenario announce another address and direction when it is cued for the first time.
    pub(crate) fn reinvites(self, address: SocketAddr, direction: &str) -> Self {
        self.key("there_ip", address.ip())
            .key("there_port", address.port())
            .key("there_direction", direction)
    }

    /// Places one call whose audio is at a phone of ours, which talks once it is answered.
    pub(crate) fn connects(self, phone: &Phone) -> Sipp {
        let mut sipp = self.audio_at(phone.address()).start();
        phone.talks_to(sipp.is_answered());
        sipp
    }

    /// Places one call.
    pub(crate) fn start(mut self) -> Sipp {
        self.command
            .args(["-m", "1", "-trace_msg", "-message_file", "messages.log"]);
        self.launch()
    }

    /// Places many calls at a rate, with so many at the same time at most.
    pub(crate) fn start_many(mut self, calls: u32, a_second: u32, at_once: u32) -> Sipp {
        self.command
            .args(["-m", &calls.to_string(), "-r", &a_second.to_string()])
            .args(["-l", &at_once.to_string()]);
        self.launch()
    }

    fn launch(mut self) -> Sipp {
        Sipp {
            program: Program::start(&mut self.command, "sip-tester"),
            folder: self.folder,
            port: self.port,
        }
    }
}

/// A SIPp that runs.
#[derive(Debug)]
pub(crate) struct Sipp {
    program: Program,
    folder: Folder,
    pub(crate) port: u16,
}

impl Sipp {
    /// Waits for a line that begins with `word`, and returns the rest of it.
    pub(crate) fn says(&mut self, word: &str) -> String {
        let line = self.program.says(word, SOON);
        let (_, rest) = line.split_once(word).expect("the line has the word");
        rest.trim().to_owned()
    }

    /// Waits until the call is answered, and returns the server's RTP port.
    pub(crate) fn is_answered(&mut self) -> u16 {
        let port = self.says("answered");
        port.parse()
            .unwrap_or_else(|_| panic!("{port:?} is no port:\n{}", self.traces()))
    }

    /// Lets a scenario that ends with the next cue end well.
    pub(crate) fn hangs_up(self) {
        self.cue();
        self.succeeds();
    }

    /// Lets the scenario go on.
    pub(crate) fn cue(&self) {
        let port = self.port;
        let message = format!(
            "MESSAGE sip:sipp@127.0.0.1:{port} SIP/2.0\r\n\
             Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK-cue\r\n\
             From: <sip:test@127.0.0.1>;tag=cue\r\nTo: <sip:sipp@127.0.0.1>\r\n\
             Call-ID: {port}-1\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n"
        );
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
        socket
            .send_to(message.as_bytes(), (Ipv4Addr::LOCALHOST, port))
            .expect("loopback takes datagrams");
    }

    /// Waits until the scenario has run as written.
    pub(crate) fn succeeds(self) {
        self.succeeds_within(SOON);
    }

    pub(crate) fn succeeds_within(mut self, within: Duration) {
        let status = self.program.ends(within);
        assert!(
            status.success(),
            "SIPp ended with {status}:\n{}\n{}",
            self.program.said(),
            self.traces()
        );
    }

    /// Returns the messages that SIPp sent and received, and its complaints.
    pub(crate) fn traces(&self) -> String {
        self.folder.read("errors.log") + &self.folder.read("messages.log")
    }
}
