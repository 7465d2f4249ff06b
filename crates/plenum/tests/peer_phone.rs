//! The phone of the command line calls the server, and says what it found.

mod peers;

use std::time::Duration;

use peers::hearing::{Heard, write_tone};
use peers::phone::Phone;
use peers::ports::free_port;
use peers::program::run;
use peers::server::Server;
use peers::sipp::Call;
use serde_json::Value;

const OWN_HZ: f32 = 900.0;
const SIPP_HZ: f32 = 500.0;
const MILLIWATT_HZ: f32 = 1004.0;

/// Runs `plenum call` and returns its exit code and what it said.
fn call(arguments: &[&str]) -> (Option<i32>, String) {
    let output = run(&[&["call"], arguments].concat());
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), said + &complaint)
}

#[test]
fn an_echo_is_proved_with_its_delay_and_loss() {
    let server = Server::demo();
    let (code, said) = call(&[&server.uri("9196"), "--check"]);
    assert_eq!(code, Some(0), "{said}");
    let verdict = said.lines().last().unwrap_or_default();
    assert!(verdict.starts_with("ok  echo heard"), "{said}");
    for figure in ["delay ", " ms", "loss ", " %", "jitter ", "codec PCMU"] {
        assert!(verdict.contains(figure), "{figure:?} is not in {verdict:?}");
    }
}

#[test]
fn an_echo_is_proved_for_programs_too() {
    let server = Server::demo();
    for codec in ["pcma", "l16"] {
        let arguments = [&server.uri("9196"), "--check", "--json", "--codec", codec];
        let (code, said) = call(&arguments);
        assert_eq!(code, Some(0), "{said}");
        let last = said.lines().last().unwrap_or_default();
        let verdict: Value = serde_json::from_str(last).expect("each line is JSON");
        assert_eq!(verdict["event"], "ok", "{said}");
        let delay = verdict["delay_ms"].as_f64().expect("a figure");
        assert!((1.0..1000.0).contains(&delay), "{said}");
        assert!(
            verdict["loss_percent"].as_f64().expect("a figure") < 10.0,
            "{said}"
        );
        assert_eq!(verdict["codec"], codec.to_uppercase());
    }
}

#[test]
fn what_is_no_echo_is_told_from_one() {
    let server = Server::demo();
    let (code, said) = call(&[&server.uri("9197"), "--check"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("no echo"), "{said}");
    assert!(said.contains("is the number an echo test?"), "{said}");
}

#[test]
fn a_number_that_does_not_exist_is_named() {
    let server = Server::demo();
    let (code, said) = call(&[&server.uri("123"), "--check"]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("404") && said.contains("123"), "{said}");
}

#[test]
fn nobody_there_is_told_at_once() {
    let uri = format!("sip:9196@127.0.0.1:{}", free_port());
    let (code, said) = call(&[&uri, "--check"]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("is a SIP server running there?"), "{said}");
}

#[test]
fn digits_arrive_in_their_order() {
    let server = Server::demo();
    let (code, said) = call(&[&server.uri("9197"), "--dtmf", "12#", "--duration", "3"]);
    assert_eq!(code, Some(0), "{said}");
    let mut journal = server.journal();
    for digit in ["1", "2", "#"] {
        assert_eq!(journal.next("DigitReceived")["digit"], digit);
    }
}

#[test]
fn a_file_is_played_and_what_is_heard_is_recorded() {
    let server = Server::demo();
    let (played, recorded) = (
        server.folder.join("own.wav"),
        server.folder.join("heard.wav"),
    );
    write_tone(&played, OWN_HZ, Duration::from_secs(30));
    let phone = Phone::new(SIPP_HZ);
    let sipp = Call::new(&server, "call.xml", "4711").connects(&phone);
    // The first one is told that it is alone before it is let in.
    server.journal().next("ParticipantJoined");
    let (code, said) = call(&[
        &server.uri("4711"),
        "--duration",
        "3",
        "--play",
        &played.display().to_string(),
        "--record",
        &recorded.display().to_string(),
    ]);
    assert_eq!(code, Some(0), "{said}");
    let heard = Heard::read(&recorded).last(Duration::from_secs(2));
    heard.has("the caller", &[SIPP_HZ], &[OWN_HZ, MILLIWATT_HZ]);
    sipp.hangs_up();
}
