use plenum_session::{
    CallConfig, CallEvent, Codec, EndCause, NameAddr, Phone, PhoneConfig, SessionError, State,
    StatusCode,
};

use crate::support::{Pair, arrival, event, phone, soon, tcp_uri, udp_uri};

#[tokio::test]
async fn a_caller_hears_it_ring_and_then_the_answer() {
    let (alice, bob) = (phone().await, phone().await);
    let caller = alice
        .call(&udp_uri(&bob), CallConfig::default())
        .await
        .unwrap();
    assert_eq!(caller.state(), State::Calling);
    let incoming = arrival(&bob).await;
    incoming.ring().await.unwrap();
    event(&caller, "ringing", |event| {
        matches!(event, CallEvent::Ringing)
    })
    .await;
    let callee = incoming.answer(CallConfig::default()).await.unwrap();
    let answered = |event: &CallEvent| matches!(event, CallEvent::Answered { .. });
    event(&caller, "the answer", answered).await;
    event(&callee, "the acknowledgement", answered).await;
    assert_eq!(
        (caller.state(), callee.state()),
        (State::Established, State::Established)
    );
    alice.stop().await;
    bob.stop().await;
}

#[tokio::test]
async fn the_callee_sees_who_calls_and_what_was_dialled() {
    let (alice, bob) = (phone().await, phone().await);
    let from: NameAddr = "\"Alice\" <sip:alice@hall.example>".parse().unwrap();
    let config = CallConfig {
        from: Some(from),
        ..CallConfig::default()
    };
    let _caller = alice.call(&udp_uri(&bob), config).await.unwrap();
    let incoming = arrival(&bob).await;
    assert_eq!(incoming.from().display.as_deref(), Some("Alice"));
    assert_eq!(incoming.from().uri.to_string(), "sip:alice@hall.example");
    assert_eq!(incoming.uri().to_string(), udp_uri(&bob));
}

#[tokio::test]
async fn a_busy_callee_says_why() {
    for uri in [udp_uri, tcp_uri] {
        let (alice, bob) = (phone().await, phone().await);
        let caller = alice.call(&uri(&bob), CallConfig::default()).await.unwrap();
        let incoming = arrival(&bob).await;
        incoming
            .reject(StatusCode::BUSY_HERE, "Bob is in another call")
            .await
            .unwrap();
        let ended = soon("the refusal", caller.ended()).await.unwrap();
        assert_eq!(
            (ended.cause, ended.status),
            (EndCause::Refused, Some(StatusCode::BUSY_HERE))
        );
        assert_eq!(
            ended.to_string(),
            "refused: 486 Busy Here (Bob is in another call)"
        );
        let error = caller.hold().await.unwrap_err();
        assert!(matches!(error, SessionError::Ended(_)), "{error}");
    }
}

#[tokio::test]
async fn phones_without_a_common_codec_do_not_get_together() {
    let (alice, bob) = (phone().await, phone().await);
    let caller = alice
        .call(&udp_uri(&bob), CallConfig::only(Codec::L16))
        .await
        .unwrap();
    let incoming = arrival(&bob).await;
    let error = incoming
        .answer(CallConfig::only(Codec::Pcmu))
        .await
        .unwrap_err();
    assert!(matches!(error, SessionError::NoAgreement(_)), "{error}");
    let ended = soon("the refusal", caller.ended()).await.unwrap();
    assert_eq!(ended.status, Some(StatusCode::NOT_ACCEPTABLE_HERE));
    assert!(ended.text.unwrap().starts_with("no codec in common"));
}

#[tokio::test]
async fn a_caller_can_give_up_before_the_answer() {
    let (alice, bob) = (phone().await, phone().await);
    let caller = alice
        .call(&udp_uri(&bob), CallConfig::default())
        .await
        .unwrap();
    let incoming = arrival(&bob).await;
    incoming.ring().await.unwrap();
    event(&caller, "ringing", |event| {
        matches!(event, CallEvent::Ringing)
    })
    .await;
    let ended = soon("the cancellation", caller.cancel()).await.unwrap();
    assert_eq!(ended.cause, EndCause::LocalCancel);
    let ended = soon("the callee to notice", incoming.withdrawn())
        .await
        .unwrap();
    assert_eq!(ended.cause, EndCause::RemoteCancel);
    let error = incoming.answer(CallConfig::default()).await.unwrap_err();
    assert!(matches!(error, SessionError::Ended(_)), "{error}");
}

#[tokio::test]
async fn a_call_that_is_up_cannot_be_cancelled() {
    let pair = Pair::new().await;
    let error = pair.caller.cancel().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot cancel while the call is ESTABLISHED"
    );
}

#[tokio::test]
async fn a_dropped_incoming_call_is_refused() {
    let (alice, bob) = (phone().await, phone().await);
    let caller = alice
        .call(&udp_uri(&bob), CallConfig::default())
        .await
        .unwrap();
    drop(arrival(&bob).await);
    let ended = soon("the refusal", caller.ended()).await.unwrap();
    assert_eq!(ended.status, Some(StatusCode::TEMPORARILY_UNAVAILABLE));
}

#[tokio::test]
async fn nobody_at_all_is_noticed_at_once() {
    let alice = phone().await;
    let gone = std::net::UdpSocket::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    for parameter in ["", ";transport=tcp"] {
        let uri = format!("sip:9196@{gone}{parameter}");
        let caller = alice.call(&uri, CallConfig::default()).await.unwrap();
        let ended = soon("the failure", caller.ended()).await.unwrap();
        assert_eq!(ended.cause, EndCause::TransportFailed, "{ended:?}");
    }
}

#[tokio::test]
async fn a_phone_takes_no_more_calls_than_its_limit() {
    let config = PhoneConfig {
        calls_max: 1,
        ..PhoneConfig::default()
    };
    let (alice, bob) = (Phone::start(config).await.unwrap(), phone().await);
    let _first = alice
        .call(&udp_uri(&bob), CallConfig::default())
        .await
        .unwrap();
    let error = alice
        .call(&udp_uri(&bob), CallConfig::default())
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the limit of 1 calls is reached; wait until one is done"
    );
}
