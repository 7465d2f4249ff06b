use std::sync::Arc;
use std::time::Duration;

use plenum_session::{CallConfig, Codec, DigitMethod, End, SessionError, Source};

use crate::support::{CALLEE_HZ, CALLER_HZ, Pair, digits, hears, soon, tcp_uri, tone, udp_uri};

#[tokio::test]
async fn each_hears_the_other_and_not_itself() {
    let pair = Pair::new().await;
    pair.talk().await;
    pair.hear_each_other().await;
    let stats = pair.caller.stats().await.unwrap();
    assert!(stats.packets_received > 0, "{stats:?}");
    assert_eq!(stats.remote, Some(pair.callee.status().local_rtp));
    pair.part().await;
}

#[tokio::test]
async fn each_codec_alone_carries_the_tones() {
    for codec in Codec::ALL {
        let pair = Pair::with(udp_uri, CallConfig::only(codec), CallConfig::default()).await;
        assert_eq!(
            (pair.caller.codec(), pair.callee.codec()),
            (Some(codec), Some(codec))
        );
        pair.talk().await;
        pair.hear_each_other().await;
        pair.part().await;
    }
}

#[tokio::test]
async fn calls_over_tcp_carry_audio_too() {
    let pair = Pair::with(tcp_uri, CallConfig::default(), CallConfig::default()).await;
    pair.talk().await;
    pair.hear_each_other().await;
    pair.part().await;
}

#[tokio::test]
async fn the_callee_makes_the_offer_when_the_caller_makes_none() {
    let late = CallConfig {
        late_offer: true,
        ..CallConfig::only(Codec::Pcma)
    };
    let pair = Pair::with(udp_uri, late, CallConfig::default()).await;
    assert_eq!(pair.callee.codec(), Some(Codec::Pcma));
    pair.talk().await;
    pair.hear_each_other().await;
    pair.part().await;
}

#[tokio::test]
async fn digits_arrive_both_ways_and_in_both_manners() {
    let pair = Pair::new().await;
    pair.caller.send_dtmf("12a*#").await.unwrap();
    digits(&pair.callee, "12A*#").await;
    pair.callee.send_dtmf("0D").await.unwrap();
    digits(&pair.caller, "0D").await;
    pair.caller
        .send_dtmf_by("7#", DigitMethod::Info)
        .await
        .unwrap();
    digits(&pair.callee, "7#").await;
    let error = pair.caller.send_dtmf("1x").await.unwrap_err();
    assert!(matches!(error, SessionError::NoDigit('X')), "{error}");
    pair.part().await;
}

#[tokio::test]
async fn digits_need_a_peer_that_takes_them() {
    let without = CallConfig {
        telephone_event: false,
        ..CallConfig::default()
    };
    let pair = Pair::with(udp_uri, CallConfig::default(), without).await;
    let error = pair.caller.send_dtmf("1").await.unwrap_err();
    assert!(matches!(error, SessionError::NoTelephoneEvent), "{error}");
    pair.caller
        .send_dtmf_by("1", DigitMethod::Info)
        .await
        .unwrap();
    digits(&pair.callee, "1").await;
    drop(pair);
}

#[tokio::test]
async fn an_echo_sends_back_what_it_hears() {
    let pair = Pair::new().await;
    pair.callee.echo(true).await.unwrap();
    pair.caller.play(tone(CALLER_HZ)).await.unwrap();
    hears(&pair.caller, CALLER_HZ, CALLEE_HZ).await;
    pair.part().await;
}

#[tokio::test]
async fn a_playback_ends_by_itself_or_when_it_is_stopped() {
    let pair = Pair::new().await;
    let samples: Arc<[i16]> = vec![1000; 800].into();
    let short = Source::Samples {
        samples,
        repeat: false,
    };
    let short = pair.caller.play(short).await.unwrap();
    assert_eq!(
        soon("the end of the sound", short.finished()).await,
        End::Finished
    );
    let endless = pair.caller.play(tone(CALLER_HZ)).await.unwrap();
    endless.stop();
    assert_eq!(soon("the stop", endless.finished()).await, End::Stopped);
    let cut = pair
        .caller
        .play(Source::Silence(Duration::from_secs(60)))
        .await
        .unwrap();
    pair.part().await;
    assert_eq!(
        soon("the end of the call", cut.finished()).await,
        End::TargetGone
    );
}
