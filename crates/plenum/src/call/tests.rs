use std::future::Future;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clap::Parser;
use plenum_session::{
    Call, CallConfig, CallEvent, Phone, PhoneConfig, SessionError, Source, StatusCode, Tone,
};
use tokio::net::UdpSocket;

use super::interrupt::Interrupts;
use super::report::Report;
use super::{CallOptions, Outcome, perform};

/// Longest that one test may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Buffers of 20 ms in which the sound file must be heard before the other side hangs up.
const LOUD_BUFFERS: usize = 20;

/// What a command has printed.
#[derive(Clone, Default)]
struct Printed(Arc<Mutex<Vec<u8>>>);

impl Write for Printed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    options: CallOptions,
}

/// Runs `plenum call` with these words; returns what became of it and what it printed.
async fn plenum_call(words: &[&str]) -> (Outcome, String) {
    let words = ["call"].iter().chain(words);
    let options = Line::try_parse_from(words).unwrap().options;
    let printed = Printed::default();
    let mut report = Report::to(printed.clone(), options.json);
    let mut interrupts = Interrupts::new().unwrap();
    let work = perform(&options, &mut report, &mut interrupts);
    let outcome = tokio::time::timeout(PATIENCE, work)
        .await
        .expect("in time")
        .unwrap();
    let printed = printed.0.lock().unwrap().clone();
    (outcome, String::from_utf8(printed).unwrap())
}

/// A phone that answers one call and does something with it until it ends.
async fn callee<F: Future<Output = Result<(), SessionError>> + Send>(
    act: impl FnOnce(Arc<Call>) -> F + Send + 'static,
) -> String {
    let phone = Phone::start(PhoneConfig::default()).await.unwrap();
    let uri = format!("sip:bob@{}", phone.udp_address());
    tokio::spawn(async move {
        let incoming = phone.incoming().await.unwrap();
        incoming.ring().await.unwrap();
        let call = Arc::new(incoming.answer(CallConfig::default()).await.unwrap());
        act(Arc::clone(&call)).await.unwrap();
        call.ended().await.unwrap();
    });
    uri
}

fn tone() -> Source {
    let cadence = (Duration::from_secs(1), Duration::ZERO);
    Source::Tone(Tone {
        frequencies_hz: [600, 0],
        level_dbov: -15,
        cadence,
        length: None,
    })
}

fn temporary(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("plenum-call-{}-{name}", std::process::id()))
}

#[tokio::test]
async fn an_echo_passes_the_check() {
    let uri = callee(|call| async move { call.echo(true).await }).await;
    let (outcome, printed) = plenum_call(&[&uri, "--check", "--codec", "pcma"]).await;
    assert_eq!(outcome, Outcome::Good, "{printed}");
    let last = printed.lines().last().unwrap();
    assert!(last.starts_with("ok  echo heard   delay "), "{printed}");
    for part in [
        "loss 0.",
        "jitter ",
        "codec PCMA",
        "path rtp 127.0.0.1:",
        " <-> 127.0.0.1:",
    ] {
        assert!(last.contains(part), "{part} is not in {last}");
    }
}

#[tokio::test]
async fn a_phone_that_stays_silent_is_no_echo() {
    let uri = callee(|_| async { Ok(()) }).await;
    let (outcome, printed) = plenum_call(&[&uri, "--check"]).await;
    assert_eq!(outcome, Outcome::NoAudio);
    let last = printed.lines().last().unwrap();
    assert!(last.starts_with("failed    no echo: "), "{printed}");
    assert!(last.contains("level of -127 dBov"), "{printed}");
}

#[tokio::test]
async fn another_sound_is_no_echo() {
    let uri = callee(|call| async move { call.play(tone()).await.map(drop) }).await;
    let (outcome, printed) = plenum_call(&[&uri, "--check"]).await;
    assert_eq!(outcome, Outcome::NoAudio);
    assert!(
        printed.contains("no echo: ") && printed.contains("level of -15 dBov"),
        "{printed}"
    );
}

#[tokio::test]
async fn a_call_without_any_rtp_says_where_we_sent() {
    let (uri, rtp) = answers_without_rtp().await;
    let (outcome, printed) = plenum_call(&[&uri, "--check"]).await;
    assert_eq!(outcome, Outcome::NoAudio);
    assert!(
        printed.contains("no audio: the call was answered, but no RTP came"),
        "{printed}"
    );
    assert!(
        printed.contains(&format!("packets to 127.0.0.1:{rtp}")),
        "{printed}"
    );
}

#[tokio::test]
async fn a_hang_up_during_the_check_is_told() {
    let uri = callee(|call| async move {
        call.established().await?;
        call.hang_up().await;
        Ok(())
    });
    let (outcome, printed) = plenum_call(&[&uri.await, "--check"]).await;
    assert_eq!(outcome, Outcome::NoAudio);
    assert!(
        printed.contains("ended before the echo was heard: the other side hung up"),
        "{printed}"
    );
}

#[tokio::test]
async fn a_refusal_is_told_with_its_sentence() {
    let phone = Phone::start(PhoneConfig::default()).await.unwrap();
    let uri = format!("sip:bob@{};transport=tcp", phone.tcp_address());
    let refuse = async {
        let incoming = phone.incoming().await.unwrap();
        incoming
            .reject(StatusCode::BUSY_HERE, "Bob is in another call")
            .await
            .unwrap();
    };
    let words = [uri.as_str(), "--check"];
    let ((outcome, printed), ()) = tokio::join!(plenum_call(&words), refuse);
    assert_eq!(outcome, Outcome::NotConnected);
    let expected = "failed    the call was refused: 486 Busy Here (Bob is in another call)\n";
    assert!(printed.ends_with(expected), "{printed}");
}

#[tokio::test]
async fn nobody_there_and_nobody_answering_are_told_apart() {
    let gone = std::net::UdpSocket::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let (outcome, printed) = plenum_call(&[&format!("sip:1@{gone}")]).await;
    assert_eq!(outcome, Outcome::NotConnected);
    assert!(
        printed.contains("nobody is there") && printed.contains(&gone.to_string()),
        "{printed}"
    );
    let phone = Phone::start(PhoneConfig::default()).await.unwrap();
    let uri = format!("sip:bob@{}", phone.udp_address());
    let (outcome, printed) = plenum_call(&[&uri, "--patience", "0.3"]).await;
    assert_eq!(outcome, Outcome::NotConnected);
    assert!(
        printed.contains("no answer from udp") && printed.contains("in 0.3 s"),
        "{printed}"
    );
}

#[tokio::test]
async fn a_call_records_what_it_hears_and_ends_by_itself() {
    let uri = callee(|call| async move { call.play(tone()).await.map(drop) }).await;
    let file = temporary("heard.wav");
    let record = file.to_str().unwrap();
    let words = [
        &uri,
        "--duration",
        "0.6",
        "--play",
        "tone:900",
        "--record",
        record,
    ];
    let (outcome, printed) = plenum_call(&words).await;
    assert_eq!(outcome, Outcome::Good, "{printed}");
    for part in [
        "calling   sip:bob@",
        "ringing\n",
        "answered  codec PCMU",
        "ended     hung up",
    ] {
        assert!(printed.contains(part), "{part} is not in {printed}");
    }
    let Source::Samples { samples, .. } = super::sound::load(&file).await.unwrap() else {
        panic!("a file has samples");
    };
    std::fs::remove_file(&file).unwrap();
    assert!(samples.len() > 3000, "{} samples", samples.len());
    assert!(super::probe::level_dbov(&samples) > -30.0);
}

#[tokio::test]
async fn a_sound_file_is_played_and_the_other_side_may_hang_up() {
    let file = temporary("said.wav");
    let recorder = super::sound::Recorder::create(&file).unwrap();
    recorder.write(
        (0..8000)
            .map(|n| if n % 16 < 8 { 9000 } else { -9000 })
            .collect(),
    );
    assert_eq!(recorder.close().await, Ok(Duration::from_secs(1)));
    let uri = callee(|call| async move {
        let (mut recording, mut loud) = (call.record().await?, 0);
        while let Some(samples) = recording.next().await {
            loud += usize::from(super::probe::level_dbov(&samples) > -20.0);
            if loud == LOUD_BUFFERS {
                break;
            }
        }
        call.hang_up().await;
        Ok(())
    });
    let (outcome, printed) = plenum_call(&[&uri.await, "--play", file.to_str().unwrap()]).await;
    std::fs::remove_file(&file).unwrap();
    assert_eq!(outcome, Outcome::Good, "{printed}");
    assert!(
        printed.contains("ended     the other side hung up   received "),
        "{printed}"
    );
}

#[tokio::test]
async fn digits_are_dialled_after_the_answer() {
    let uri = callee(|call| async move {
        let mut dialled = String::new();
        while let Some(event) = call.next_event().await {
            if let CallEvent::Digit { digit, .. } = event {
                dialled.push(digit);
            }
            if dialled == "12#" {
                call.send_dtmf("9").await?;
                call.play(tone()).await?;
            }
        }
        Ok(())
    });
    let (outcome, printed) = plenum_call(&[&uri.await, "--dtmf", "12#", "--duration", "2.5"]).await;
    assert_eq!(outcome, Outcome::Good, "{printed}");
    assert!(printed.contains("digit     9\n"), "{printed}");
}

#[tokio::test]
async fn what_cannot_be_used_is_told_before_anybody_is_called() {
    let cases: [(&[&str], &str); 4] = [
        (&["sip:9196@host name"], "is no SIP URI"),
        (
            &["9196", "--play", "/nowhere/sound.wav"],
            "/nowhere/sound.wav cannot be read",
        ),
        (
            &["9196", "--record", "/nowhere/heard.wav"],
            "/nowhere/heard.wav cannot be written",
        ),
        (&["9196", "--record", "heard.mp3"], "name it heard.mp3.wav"),
    ];
    for (words, expected) in cases {
        let (outcome, printed) = plenum_call(words).await;
        assert_eq!(outcome, Outcome::Unusable);
        assert!(
            printed.starts_with("failed    ") && printed.contains(expected),
            "{printed}"
        );
        assert_eq!(printed.lines().count(), 1, "{printed}");
    }
}

#[tokio::test]
async fn json_has_one_object_a_line() {
    let uri = callee(|call| async move { call.echo(true).await }).await;
    let (outcome, printed) = plenum_call(&[&uri, "--check", "--json"]).await;
    assert_eq!(outcome, Outcome::Good, "{printed}");
    let events = printed.lines().map(|line| {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        value["event"].as_str().unwrap().to_owned()
    });
    assert_eq!(
        events.collect::<Vec<_>>(),
        ["calling", "ringing", "answered", "ok"]
    );
}

/// Somebody who answers each request and never sends RTP; returns its URI and its RTP port.
async fn answers_without_rtp() -> (String, u16) {
    let rtp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = rtp.local_addr().unwrap().port();
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let _open = rtp;
        let mut buffer = vec![0; 65_536];
        loop {
            let (len, from) = socket.recv_from(&mut buffer).await.unwrap();
            let request = String::from_utf8_lossy(&buffer[..len]).into_owned();
            if request.starts_with("ACK") {
                continue;
            }
            let copied = ["Via:", "From:", "Call-ID:", "CSeq:"];
            let copied = |line: &&str| copied.iter().any(|name| line.starts_with(name));
            let mut lines: Vec<&str> = request.lines().filter(copied).collect();
            let to = request
                .lines()
                .find(|line| line.starts_with("To:"))
                .unwrap();
            let tag = if to.contains("tag=") {
                ""
            } else {
                ";tag=silent"
            };
            let (to, contact) = (format!("{to}{tag}"), format!("Contact: <sip:{address}>"));
            lines.extend([
                to.as_str(),
                contact.as_str(),
                "Content-Type: application/sdp",
            ]);
            let sdp = format!(
                "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                 m=audio {port} RTP/AVP 0\r\n"
            );
            let head = lines.join("\r\n");
            let len = sdp.len();
            let answer = format!("SIP/2.0 200 OK\r\n{head}\r\nContent-Length: {len}\r\n\r\n{sdp}");
            socket.send_to(answer.as_bytes(), from).await.unwrap();
        }
    });
    (format!("sip:silent@{address}"), port)
}
