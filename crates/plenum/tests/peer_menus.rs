//! A caller works the key menu of a room: what it presses changes what the others hear.

mod peers;

use std::time::Duration;

use peers::phone::Phone;
use peers::server::Server;
use peers::sipp::{Call, Sipp};

const ALICE_HZ: f32 = 500.0;
const BOB_HZ: f32 = 700.0;

/// Longer than the prompts that answer keys.
const PROMPT: Duration = Duration::from_secs(2);
const LISTEN: Duration = Duration::from_secs(1);

const DIALPLAN: &str = "\
[default]
exten => 500,1,Answer()
 same => n,Set(CONFBRIDGE(menu,*1)=toggle_mute)
 same => n,Set(CONFBRIDGE(menu,*8)=leave_conference)
 same => n,ConfBridge(${EXTEN})
 same => n,Wait(30)
";

/// Calls the room; the audio of the call is at a phone of ours.
fn enters(server: &Server, phone: &Phone) -> Sipp {
    Call::new(server, "call.xml", "500").connects(phone)
}

/// Listens behind the prompts.
fn hears(who: &str, phone: &Phone, sounding: &[f32], absent: &[f32]) {
    let heard = phone.hears(PROMPT + LISTEN).last(LISTEN);
    heard.has(who, sounding, absent);
}

#[test]
fn the_others_hear_a_caller_mute_and_unmute_itself_and_leave() {
    let server = Server::with_dialplan(DIALPLAN);
    let mut journal = server.journal();
    let (alice, bob) = (Phone::new(ALICE_HZ), Phone::new(BOB_HZ));
    let mut calls = Vec::new();
    for phone in [&alice, &bob] {
        calls.push(enters(&server, phone));
        journal.next("ParticipantJoined");
    }
    alice.hears(LISTEN).has("alice", &[BOB_HZ], &[ALICE_HZ]);
    let presses = |keys: &str| keys.chars().for_each(|key| bob.presses(key));

    presses("*1");
    journal.next("ParticipantMuted");
    hears("alice", &alice, &[], &[BOB_HZ]);
    hears("the muted one", &bob, &[ALICE_HZ], &[BOB_HZ]);

    presses("*1");
    journal.next("ParticipantUnmuted");
    hears("alice", &alice, &[BOB_HZ], &[ALICE_HZ]);

    presses("*8");
    let left = journal.next("ParticipantLeft");
    assert_eq!(left["result"], "DTMF");
    bob.hears_nothing();
    for call in calls {
        call.cue();
        call.succeeds();
    }
    assert!(server.stop().success());
}
