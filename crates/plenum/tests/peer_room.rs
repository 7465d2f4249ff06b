//! Phones of three makes stand in one room.

mod peers;

use std::time::Duration;

use peers::SOON;
use peers::baresip::Baresip;
use peers::hearing::Heard;
use peers::phone::Phone;
use peers::program::Program;
use peers::server::{Server, plenum};
use peers::sipp::Call;
use plenum::ctl::Ask;
use serde_json::json;

const SIPP_HZ: f32 = 500.0;
const BARESIP_HZ: f32 = 700.0;
const PLENUM_HZ: f32 = 900.0;

/// All three are heard together for so long.
const MEETING: Duration = Duration::from_secs(3);

/// Of each recording the end counts, when all three were there.
const JUDGED: Duration = Duration::from_secs(2);

/// SIPp signals while a phone of ours has its audio, because it does not keep what it hears.
#[test]
fn sipp_baresip_and_plenum_call_hear_each_other_in_a_room() {
    let server = Server::demo();
    let mut journal = server.journal();

    let phone = Phone::new(SIPP_HZ);
    let sipp = Call::new(&server, "call.xml", "4711").connects(&phone);
    journal.next("ParticipantJoined");

    let mut baresip = Baresip::start(BARESIP_HZ);
    baresip.calls(&server.uri("4711"));
    journal.next("ParticipantJoined");

    let recording = server.folder.join("heard.wav");
    let mut command = plenum();
    command.args(["call", &server.uri("4711")]);
    command.args(["--play", &format!("tone:{PLENUM_HZ}"), "--record"]);
    let mut call = Program::start(command.arg(&recording), "plenum");
    journal.next("ParticipantJoined");

    let room = server.ask(&Ask::Room {
        room: "4711".into(),
    });
    assert_eq!(room.as_array().map(Vec::len), Some(3), "{room}");
    let heard = phone.hears(MEETING).last(JUDGED);
    heard.has("SIPp", &[BARESIP_HZ, PLENUM_HZ], &[SIPP_HZ]);

    call.interrupt();
    let heard = baresip.leaves().last(JUDGED);
    heard.has("baresip", &[SIPP_HZ, PLENUM_HZ], &[BARESIP_HZ]);
    let status = call.ends(SOON);
    assert!(status.success(), "{status}: {}", call.said());
    let heard = Heard::read(&recording).last(JUDGED);
    heard.has("plenum call", &[SIPP_HZ, BARESIP_HZ], &[PLENUM_HZ]);

    journal.next("ParticipantLeft");
    journal.next("ParticipantLeft");
    sipp.hangs_up();
    journal.next("RoomEnded");
    assert_eq!(server.ask(&Ask::Rooms), json!([]));
    assert!(server.stop().success());
}
