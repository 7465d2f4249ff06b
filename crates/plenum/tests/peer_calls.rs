//! SIPp calls the server: what a call can do, seen from the other side of the wire.

mod peers;

use std::net::{Ipv6Addr, SocketAddr};
use std::time::Duration;

use peers::SOON;
use peers::baresip::Baresip;
use peers::phone::Phone;
use peers::server::Server;
use peers::sipp::Call;
use plenum::ctl::Ask;

const OWN_HZ: f32 = 500.0;
const OTHER_HZ: f32 = 700.0;
const MILLIWATT_HZ: f32 = 1004.0;
const LISTEN: Duration = Duration::from_secs(1);

/// Codecs with the numbers that RFC 3551 gives them.
const PCMU: (u8, &str) = (0, "PCMU/8000");
const G729: (u8, &str) = (18, "G729/8000");

const DIALPLAN: &str = "\
[default]
exten => 100,1,Ringing()
 same => n,Wait(30)
 same => n,Answer()
exten => 200,1,Answer()
 same => n,Wait(0.2)
 same => n,Hangup()
exten => 300,1,Answer()
 same => n,Echo()
exten => 400,1,Answer()
 same => n,Milliwatt()
exten => 500,1,Answer()
 same => n,ConfBridge(${EXTEN})
";

fn server() -> Server {
    Server::with_dialplan(DIALPLAN)
}

/// Prepares a call whose audio is at a phone of ours.
fn call(server: &Server, scenario: &str, extension: &str, phone: &Phone) -> Call {
    Call::new(server, scenario, extension).audio_at(phone.address())
}

/// Listens to an echo, in which nobody else is heard.
fn hears_itself(phone: &Phone) {
    phone
        .hears(LISTEN)
        .has("the caller", &[OWN_HZ], &[OTHER_HZ]);
}

#[test]
fn an_echo_returns_the_own_tone() {
    let server = server();
    let phone = Phone::new(OWN_HZ);
    let sipp = Call::new(&server, "call.xml", "300").connects(&phone);
    hears_itself(&phone);
    sipp.hangs_up();
    let mut journal = server.journal();
    let ended = journal.next("HangupRequested");
    assert_eq!(
        (&ended["by"], &ended["cause"]),
        (&"peer".into(), &16.into())
    );
    phone.hears_nothing();
}

#[test]
fn digits_in_rtp_are_heard_once_each() {
    let server = server();
    let phone = Phone::new(OWN_HZ);
    let sipp = Call::new(&server, "call.xml", "400").connects(&phone);
    for key in "15#".chars() {
        phone.presses(key);
    }
    let mut journal = server.journal();
    for key in ["1", "5", "#"] {
        let event = journal.next("DigitReceived");
        assert_eq!(event["digit"], key);
        assert_eq!(event["duration_ms"], 160);
    }
    sipp.hangs_up();
    journal.next("ChannelDestroyed");
    assert_eq!(journal.count("DigitReceived"), 3);
}

#[test]
fn digits_in_info_are_heard_and_nonsense_is_explained() {
    let server = server();
    let phone = Phone::new(OWN_HZ);
    call(&server, "digits.xml", "400", &phone)
        .start()
        .succeeds();
    let mut journal = server.journal();
    let first = journal.next("DigitReceived");
    assert_eq!(
        (&first["digit"], &first["duration_ms"]),
        (&"7".into(), &160.into())
    );
    assert_eq!(journal.next("DigitReceived")["digit"], "#");
    journal.next("ChannelDestroyed");
    assert_eq!(journal.count("DigitReceived"), 2);
}

/// Holds a call that listens to a tone, in one of the two styles, and resumes it.
fn hold_and_resume(there_ip: &str, there_direction: &str, expected_answer: &str) {
    let server = server();
    let phone = Phone::new(OWN_HZ);
    let there = SocketAddr::new(
        there_ip.parse().expect("an address"),
        phone.address().port(),
    );
    let mut sipp = Call::new(&server, "reinvite.xml", "400")
        .reinvites(there, there_direction)
        .connects(&phone);
    phone
        .hears(LISTEN)
        .has("the caller", &[MILLIWATT_HZ], &[OWN_HZ]);

    sipp.cue();
    assert_eq!(sipp.says("moved"), expected_answer);
    let mut journal = server.journal();
    journal.next("Held");
    phone.hears_nothing();

    sipp.cue();
    assert_eq!(sipp.says("returned"), "sendrecv");
    journal.next("Resumed");
    phone
        .hears(LISTEN)
        .has("the caller", &[MILLIWATT_HZ], &[OWN_HZ]);
    sipp.hangs_up();
}

#[test]
fn a_hold_by_direction_stops_the_audio_until_it_is_resumed() {
    hold_and_resume("127.0.0.1", "sendonly", "recvonly");
}

#[test]
fn a_hold_by_inactive_stops_the_audio_until_it_is_resumed() {
    hold_and_resume("127.0.0.1", "inactive", "inactive");
}

/// RFC 2543's way, which RFC 3264 8.4 still wants to be understood.
#[test]
fn a_hold_by_a_null_address_stops_the_audio_until_it_is_resumed() {
    hold_and_resume("0.0.0.0", "sendrecv", "recvonly");
}

#[test]
fn who_is_on_hold_is_not_heard_in_the_room() {
    let server = server();
    let (holder, listener) = (Phone::new(OWN_HZ), Phone::new(OTHER_HZ));
    let listening = Call::new(&server, "call.xml", "500").connects(&listener);
    let mut holding = Call::new(&server, "reinvite.xml", "500")
        .reinvites(holder.address(), "sendonly")
        .connects(&holder);
    let mut journal = server.journal();
    journal.next("ParticipantJoined");
    journal.next("ParticipantJoined");
    listener
        .hears(LISTEN)
        .has("the listener", &[OWN_HZ], &[OTHER_HZ]);

    holding.cue();
    holding.says("moved");
    journal.next("Held");
    listener.hears(LISTEN / 2);
    listener
        .hears(LISTEN)
        .has("the listener", &[], &[OWN_HZ, OTHER_HZ]);

    holding.cue();
    holding.says("returned");
    journal.next("Resumed");
    listener.hears(LISTEN / 2);
    listener
        .hears(LISTEN)
        .has("the listener", &[OWN_HZ], &[OTHER_HZ]);
    holder
        .hears(LISTEN)
        .has("the holder", &[OTHER_HZ], &[OWN_HZ]);
    holding.hangs_up();
    listening.hangs_up();
}

#[test]
fn a_reinvite_moves_the_audio_to_another_address_and_back() {
    let server = server();
    let desk = Phone::new(OWN_HZ);
    let mobile = Phone::on("127.0.0.2".parse().unwrap(), OTHER_HZ);
    let mut sipp = call(&server, "reinvite.xml", "300", &desk)
        .reinvites(mobile.address(), "sendrecv")
        .start();
    let port = sipp.is_answered();
    desk.talks_to(port);
    desk.hears(LISTEN)
        .has("the desk phone", &[OWN_HZ], &[OTHER_HZ]);
    assert_eq!(mobile.packets(), 0);

    sipp.cue();
    assert_eq!(sipp.says("moved"), "sendrecv");
    desk.says_nothing();
    mobile.talks_to(port);
    mobile
        .hears(LISTEN)
        .has("the mobile", &[OTHER_HZ], &[OWN_HZ]);
    desk.hears_nothing();

    sipp.cue();
    assert_eq!(sipp.says("returned"), "sendrecv");
    mobile.says_nothing();
    desk.talks_to(port);
    desk.hears(LISTEN / 2);
    desk.hears(LISTEN)
        .has("the desk phone", &[OWN_HZ], &[OTHER_HZ]);
    mobile.hears_nothing();
    sipp.hangs_up();
}

#[test]
fn a_call_is_cancelled_while_it_rings() {
    let server = server();
    let phone = Phone::new(OWN_HZ);
    let mut sipp = call(&server, "cancel.xml", "100", &phone).start();
    sipp.says("ringing");
    sipp.hangs_up();
    assert_eq!(server.journal().next("ChannelDestroyed")["status"], 487);
    until_nothing_is_left(&server);
}

#[test]
fn a_call_is_cancelled_over_tcp() {
    let server = server();
    let phone = Phone::new(OWN_HZ);
    let sipp = call(&server, "cancel_at_once.xml", "100", &phone).over_tcp();
    sipp.start().succeeds();
    assert_eq!(server.journal().next("ChannelDestroyed")["status"], 487);
}

#[test]
fn the_dialplan_ends_a_call_with_bye() {
    let server = server();
    let phone = Phone::new(OWN_HZ);
    let mut sipp = call(&server, "server_bye.xml", "200", &phone).start();
    assert!(sipp.says("ended").contains("Q.850"), "{}", sipp.traces());
    sipp.succeeds();
    assert_eq!(server.journal().next("HangupRequested")["by"], "server");
}

#[test]
fn an_operator_ends_a_call_over_tcp() {
    let server = server();
    let phone = Phone::new(OWN_HZ);
    let mut sipp = Call::new(&server, "server_bye.xml", "300")
        .over_tcp()
        .connects(&phone);
    hears_itself(&phone);
    let channels = server.ask(&Ask::Channels);
    let channel = channels[0]["name"]
        .as_str()
        .expect("there is a call")
        .to_owned();
    server.ask(&Ask::HangUp { channel, cause: 16 });
    assert!(sipp.says("ended").contains("cause=16"), "{}", sipp.traces());
    sipp.succeeds();
}

#[test]
fn a_caller_ends_a_call_over_tcp() {
    let server = server();
    let phone = Phone::new(OWN_HZ);
    call(&server, "short.xml", "300", &phone)
        .over_tcp()
        .start()
        .succeeds();
    assert_eq!(server.journal().next("HangupRequested")["by"], "peer");
}

#[test]
fn a_late_offer_is_answered_in_the_ack() {
    let server = server();
    let phone = Phone::new(OWN_HZ);
    let sipp = Call::new(&server, "late_offer.xml", "300").connects(&phone);
    hears_itself(&phone);
    sipp.hangs_up();
}

/// The Contact is unreachable, so that a BYE that ignores the route never arrives.
#[test]
fn a_bye_follows_the_recorded_route() {
    let server = server();
    let phone = Phone::new(OWN_HZ);
    call(&server, "routes.xml", "200", &phone)
        .start()
        .succeeds();
    until_nothing_is_left(&server);
}

#[test]
fn options_are_answered_with_what_is_allowed_even_behind_a_nat() {
    let server = server();
    let phone = Phone::new(OWN_HZ);
    let mut sipp = call(&server, "options.xml", "ping", &phone).start();
    assert_eq!(sipp.says("came to"), sipp.port.to_string());
    sipp.succeeds();
}

/// A server with audio at both families, as far as loopback has them.
fn server_of_both_families() -> Server {
    let sip = "anonymous_context = \"default\"\n";
    Server::serve_with(DIALPLAN, sip, "bind = [\"127.0.0.1\", \"::1\"]\n")
}

#[test]
fn phones_of_both_families_hear_each_other_in_a_room() {
    let server = server_of_both_families();
    let old = Phone::new(OWN_HZ);
    let new = Phone::on(Ipv6Addr::LOCALHOST.into(), OTHER_HZ);
    let old_call = Call::new(&server, "call.xml", "500").connects(&old);
    let new_call = Call::new(&server, "call.xml", "500").connects(&new);
    let mut journal = server.journal();
    journal.next("ParticipantJoined");
    journal.next("ParticipantJoined");
    old.hears(LISTEN).has("IPv4", &[OTHER_HZ], &[OWN_HZ]);
    new.hears(LISTEN).has("IPv6", &[OWN_HZ], &[OTHER_HZ]);
    old_call.hangs_up();
    new_call.hangs_up();
}

#[test]
fn a_phone_of_another_family_is_told_which_key_would_let_it_in() {
    let phone = Phone::on(Ipv6Addr::LOCALHOST.into(), OWN_HZ);
    let refusal = refusal(&server(), "300", &phone, PCMU);
    assert!(refusal.starts_with("488 399"), "{refusal}");
    assert!(
        refusal.contains("::1") && refusal.contains("[rtp] bind"),
        "{refusal}"
    );
}

/// Calls and returns the refusal: its status and its Warning.
fn refusal(server: &Server, extension: &str, phone: &Phone, codec: (u8, &str)) -> String {
    let mut sipp = call(server, "refused.xml", extension, phone)
        .key("format", codec.0)
        .key("codec", codec.1)
        .start();
    let refusal = sipp.says("refused");
    sipp.succeeds();
    until_nothing_is_left(server);
    refusal
}

#[test]
fn an_unknown_extension_is_refused_with_its_name() {
    let refusal = refusal(&server(), "4242", &Phone::new(OWN_HZ), PCMU);
    assert!(refusal.starts_with("404 399"), "{refusal}");
    assert!(
        refusal.contains("4242") && refusal.contains("default"),
        "{refusal}"
    );
}

#[test]
fn a_phone_without_a_common_codec_is_told_what_there_is() {
    let refusal = refusal(&server(), "300", &Phone::new(OWN_HZ), G729);
    assert!(refusal.starts_with("488 399"), "{refusal}");
    for codec in ["G729", "PCMU", "PCMA", "L16"] {
        assert!(refusal.contains(codec), "{codec} is not in {refusal}");
    }
}

#[test]
fn strangers_are_refused_unless_the_configuration_lets_them_in() {
    let server = Server::serve(DIALPLAN, "");
    let refusal = refusal(&server, "300", &Phone::new(OWN_HZ), PCMU);
    assert!(refusal.starts_with("403 399"), "{refusal}");
    assert!(refusal.contains("anonymous_context"), "{refusal}");
}

#[test]
fn a_repeated_invite_makes_one_call() {
    let server = server();
    let phone = Phone::new(OWN_HZ);
    let sipp = Call::new(&server, "repeated.xml", "300").connects(&phone);
    hears_itself(&phone);
    sipp.hangs_up();
    let mut journal = server.journal();
    journal.next("ChannelDestroyed");
    assert_eq!(journal.count("ChannelCreated"), 1);
    assert_eq!(server.figure("calls_arrived"), 1);
}

#[test]
fn baresip_presses_keys_and_hears_a_tone() {
    let server = server();
    let mut journal = server.journal();
    let mut baresip = Baresip::start(OTHER_HZ);
    baresip.calls(&server.uri("400"));
    for key in ["5", "*", "#"] {
        baresip.does("sndcode", key);
        assert_eq!(journal.next("DigitReceived")["digit"], key);
    }
    baresip.does("hangup", "");
    assert_eq!(journal.next("HangupRequested")["by"], "peer");
    let heard = baresip.leaves();
    heard.has("baresip", &[MILLIWATT_HZ], &[OTHER_HZ]);
}

#[test]
fn baresip_holds_and_resumes_in_a_room() {
    let server = server();
    let mut journal = server.journal();
    let listener = Phone::new(OWN_HZ);
    let listening = Call::new(&server, "call.xml", "500").connects(&listener);
    let mut baresip = Baresip::start(OTHER_HZ);
    baresip.calls(&server.uri("500"));
    journal.next("ParticipantJoined");
    journal.next("ParticipantJoined");
    let hears = |sounding: &[f32], absent: &[f32]| {
        // What is on its way when the state changes does not count.
        listener.hears(LISTEN / 2);
        listener.hears(LISTEN).has("the listener", sounding, absent);
    };
    hears(&[OTHER_HZ], &[OWN_HZ]);
    baresip.does("hold", "");
    journal.next("Held");
    hears(&[], &[OTHER_HZ, OWN_HZ]);
    baresip.does("resume", "");
    journal.next("Resumed");
    hears(&[OTHER_HZ], &[OWN_HZ]);
    // baresip 1.0 stops to write what it hears at its first hold.
    let heard = baresip.leaves().last(LISTEN);
    heard.has("baresip", &[OWN_HZ], &[OTHER_HZ]);
    listening.hangs_up();
}

fn until_nothing_is_left(server: &Server) {
    peers::until("calls and seats are gone", SOON, || {
        server.figure("calls") == 0 && server.figure("port_seats") == 0
    });
}
