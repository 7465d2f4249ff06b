use plenum_session::{CallConfig, CallEvent, EndCause, SessionError};

use crate::support::{Pair, phone, soon, udp_uri};

#[tokio::test]
async fn the_last_event_tells_who_hung_up() {
    let pair = Pair::new().await;
    soon("the callee to hang up", pair.callee.hang_up()).await;
    let mut last = None;
    while let Some(event) = soon("the events to end", pair.caller.next_event()).await {
        last = Some(event);
    }
    let Some(CallEvent::Ended(ended)) = last else {
        panic!("{last:?} is not the end")
    };
    assert_eq!(ended.cause, EndCause::RemoteHangUp);
}

#[tokio::test]
async fn a_dropped_call_hangs_up() {
    let pair = Pair::new().await;
    drop(pair.caller);
    let ended = soon("the callee to notice", pair.callee.ended())
        .await
        .unwrap();
    assert_eq!(ended.cause, EndCause::RemoteHangUp);
}

#[tokio::test]
async fn a_phone_that_stops_ends_its_calls() {
    let pair = Pair::new().await;
    soon("the phone to stop", pair.alice.stop()).await;
    let ended = soon("the callee to notice", pair.callee.ended())
        .await
        .unwrap();
    assert_eq!(ended.cause, EndCause::RemoteHangUp);
    let ended = soon("the caller to know", pair.caller.ended())
        .await
        .unwrap();
    assert_eq!(ended.cause, EndCause::LocalHangUp);
    let error = pair.caller.stats().await.unwrap_err();
    assert!(matches!(error, SessionError::Ended(_)), "{error}");
}

#[tokio::test]
async fn a_dropped_phone_ends_its_calls() {
    let pair = Pair::new().await;
    drop(pair.alice);
    soon("the callee to notice", pair.callee.ended())
        .await
        .unwrap();
}

#[tokio::test]
async fn an_unanswered_call_does_not_keep_a_phone_from_stopping() {
    let (alice, bob) = (phone().await, phone().await);
    let caller = alice
        .call(&udp_uri(&bob), CallConfig::default())
        .await
        .unwrap();
    soon("the caller to stop", alice.stop()).await;
    let ended = soon("the end", caller.ended()).await.unwrap();
    assert_eq!(ended.cause, EndCause::LocalCancel);
}

#[tokio::test]
async fn ports_are_used_again_and_none_is_lost() {
    let (alice, bob) = (phone().await, phone().await);
    let mut ports = std::collections::BTreeSet::new();
    for _ in 0..20 {
        let caller = alice
            .call(&udp_uri(&bob), CallConfig::default())
            .await
            .unwrap();
        ports.insert(caller.status().local_rtp.port());
        let incoming = soon("the call", bob.incoming()).await.unwrap();
        let _callee = incoming.answer(CallConfig::default()).await.unwrap();
        soon("the answer", caller.established()).await.unwrap();
        soon("the end", caller.hang_up()).await;
    }
    assert!(ports.len() < 10, "{ports:?}");
}
