//! baresip, with a tone for a microphone and a file for a loudspeaker.

use std::io::{BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Command, Stdio};
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::folder::Folder;
use super::hearing::{Heard, write_tone};
use super::ports::free_port;
use super::program::{Lines, Program};
use super::{SOON, until};

/// Length of the tone, longer than any story.
const TONE_LENGTH: Duration = Duration::from_secs(90);

/// What `baresip.conf` of a test adds to; ports and folders follow.
///
/// The filter `sndfile` writes what is decoded; the bridge `nowhere` takes it off its hands.
const CONFIG: &str = "\
poll_method epoll
net_interface 127.0.0.1
call_local_timeout 120
call_max_calls 4
audio_player aubridge,nowhere
audio_alert aubridge,alert
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
audio_buffer 20-160
rtp_ports 12000-12999
jitter_buffer_delay 5-10
module_path /usr/lib/baresip/modules
module g711.so
module sndfile.so
module aufile.so
module aubridge.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
";

/// A baresip that runs.
#[derive(Debug)]
pub(crate) struct Baresip {
    program: Program,
    control: TcpStream,
    answers: Lines,
    folder: Folder,
}

impl Baresip {
    /// Starts baresip with a tone of its own.
    pub(crate) fn start(tone_hz: f32) -> Self {
        let folder = Folder::new();
        let (sip, control) = (free_port(), free_port());
        let tone = folder.join("tone.wav");
        write_tone(&tone, tone_hz, TONE_LENGTH);
        let config = format!(
            "{CONFIG}audio_source aufile,{}\nsnd_path {}\nsip_listen 127.0.0.1:{sip}\n\
             ctrl_tcp_listen 127.0.0.1:{control}\n",
            tone.display(),
            folder.path().display()
        );
        folder.write("config", &config);
        folder.write(
            "accounts",
            "<sip:bare@127.0.0.1>;regint=0;audio_codecs=PCMU\n",
        );
        folder.write("contacts", "");
        let mut command = Command::new("baresip");
        command.arg("-f").arg(folder.path()).stdout(Stdio::piped());
        let program = Program::start(&mut command, "baresip-core");
        let control = connect(control);
        let (sender, answers) = Lines::new();
        let reader = control.try_clone().expect("sockets can be cloned");
        thread::spawn(move || read_netstrings(reader, &sender));
        Self {
            program,
            control,
            answers,
            folder,
        }
    }

    /// Calls a URI and waits for the answer.
    pub(crate) fn calls(&mut self, uri: &str) {
        self.does("dial", uri);
        self.sees("CALL_ESTABLISHED");
    }

    /// Gives a command of baresip's menu and waits until it is done.
    pub(crate) fn does(&mut self, command: &str, parameters: &str) {
        self.command(command, parameters);
        let answer = self.next(|value| value["token"] == command);
        assert_eq!(answer["ok"], true, "baresip refuses {command}: {answer}");
    }

    /// Waits for an event of baresip.
    pub(crate) fn sees(&mut self, event: &str) {
        self.next(|value| value["type"] == event);
    }

    /// Ends all calls and returns what was heard in the last one.
    pub(crate) fn leaves(mut self) -> Heard {
        self.command("quit", "");
        self.program.ends(SOON);
        let files = std::fs::read_dir(self.folder.path()).expect("the folder is there");
        let mut heard: Vec<_> = files
            .map(|file| file.expect("the folder can be read").path())
            .filter(|path| path.to_string_lossy().ends_with("-dec.wav"))
            .collect();
        heard.sort();
        Heard::read(heard.last().expect("baresip was in a call"))
    }

    fn command(&mut self, command: &str, parameters: &str) {
        let ask = json!({ "command": command, "params": parameters, "token": command });
        let ask = ask.to_string();
        write!(self.control, "{}:{ask},", ask.len()).expect("baresip is there");
    }

    fn next(&mut self, is_wanted: impl Fn(&Value) -> bool) -> Value {
        let parse = |line: &str| serde_json::from_str::<Value>(line).unwrap_or_default();
        match self.answers.find(SOON, |line| is_wanted(&parse(line))) {
            Ok(line) => parse(&line),
            Err(why) => panic!(
                "baresip should have said something else, but {why}:\n{}\n{}",
                self.answers.seen.join("\n"),
                self.program.said()
            ),
        }
    }
}

fn connect(port: u16) -> TcpStream {
    let mut stream = None;
    until("baresip opens its control port", SOON, || {
        stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok();
        stream.is_some()
    });
    stream.expect("waited for it")
}

/// Reads `length:text,` again and again.
fn read_netstrings(from: impl Read, to: &Sender<String>) {
    let mut octets = BufReader::new(from).bytes().map_while(Result::ok);
    loop {
        let length = octets.by_ref().take_while(|octet| *octet != b':');
        let length = String::from_utf8(length.collect()).ok();
        let Some(length) = length.and_then(|length| length.parse().ok()) else {
            return;
        };
        let text: Vec<u8> = octets.by_ref().take(length).collect();
        octets.next();
        if to
            .send(String::from_utf8_lossy(&text).into_owned())
            .is_err()
        {
            return;
        }
    }
}
