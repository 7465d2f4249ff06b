use plenum_session::{CallEvent, Party};

use crate::support::{CALLEE_HZ, CALLER_HZ, Pair, event, hears, hears_nothing, soon};

#[tokio::test]
async fn hold_silences_the_other_side_until_it_is_resumed() {
    let pair = Pair::new().await;
    pair.talk().await;
    pair.hear_each_other().await;
    soon("the hold", pair.caller.hold()).await.unwrap();
    let held = |event: &CallEvent| matches!(event, CallEvent::Held { by: Party::Remote });
    event(&pair.callee, "being held", held).await;
    assert!(pair.caller.status().held_by_local && pair.callee.status().held_by_remote);
    hears_nothing(&pair.caller).await;
    hears(&pair.callee, CALLER_HZ, CALLEE_HZ).await;
    soon("holding again", pair.caller.hold()).await.unwrap();
    soon("the resumption", pair.caller.resume()).await.unwrap();
    let resumed = |event: &CallEvent| matches!(event, CallEvent::Resumed { by: Party::Remote });
    event(&pair.callee, "being resumed", resumed).await;
    pair.hear_each_other().await;
    pair.part().await;
}

#[tokio::test]
async fn both_sides_can_hold_one_after_the_other() {
    let pair = Pair::new().await;
    pair.talk().await;
    soon("the first hold", pair.caller.hold()).await.unwrap();
    soon("the second hold", pair.callee.hold()).await.unwrap();
    hears_nothing(&pair.caller).await;
    hears_nothing(&pair.callee).await;
    soon("the first to resume", pair.caller.resume())
        .await
        .unwrap();
    hears_nothing(&pair.callee).await;
    assert!(pair.caller.status().held_by_remote);
    soon("the second to resume", pair.callee.resume())
        .await
        .unwrap();
    pair.hear_each_other().await;
    assert!(!pair.caller.status().held_by_remote && !pair.callee.status().held_by_remote);
    pair.part().await;
}

#[tokio::test]
async fn audio_moves_to_another_port_and_recordings_go_on() {
    let pair = Pair::new().await;
    pair.talk().await;
    pair.hear_each_other().await;
    let before = pair.caller.status().local_rtp;
    let mut recording = pair.caller.record().await.unwrap();
    soon("the move", pair.caller.move_audio()).await.unwrap();
    let after = pair.caller.status().local_rtp;
    assert_ne!(before, after);
    pair.hear_each_other().await;
    assert_eq!(pair.callee.status().remote_rtp, Some(after));
    while recording.try_next().is_some() {}
    assert!(soon("more samples", recording.next()).await.is_some());
    pair.part().await;
}

#[tokio::test]
async fn two_who_hold_at_once_both_succeed() {
    let pair = Pair::new().await;
    pair.talk().await;
    let both = async { tokio::join!(pair.caller.hold(), pair.callee.hold()) };
    let (caller, callee) = soon("both holds", both).await;
    caller.unwrap();
    callee.unwrap();
    hears_nothing(&pair.caller).await;
    hears_nothing(&pair.callee).await;
    let both = async { tokio::join!(pair.caller.resume(), pair.callee.resume()) };
    let (caller, callee) = soon("both resumptions", both).await;
    caller.unwrap();
    callee.unwrap();
    pair.hear_each_other().await;
    pair.part().await;
}
