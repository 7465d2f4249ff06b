use std::future::Future;
use std::time::Duration;

use plenum_media::tone::ToneEar;
use plenum_session::{
    Call, CallConfig, CallEvent, IncomingCall, Phone, PhoneConfig, Source, State, Tone,
};

/// What the caller plays and what the callee plays.
pub(crate) const CALLER_HZ: u16 = 500;
pub(crate) const CALLEE_HZ: u16 = 1100;

/// Longest that anything may take; a test that waits for nothing fails with what it waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// Windows in a row in which a tone must, or must not, sound.
const WINDOWS: usize = 4;

/// Waits for something, but not for ever.
pub(crate) async fn soon<T>(what: &str, work: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(outcome) => outcome,
        Err(_) => panic!("waited in vain for {what}"),
    }
}

pub(crate) async fn phone() -> Phone {
    Phone::start(PhoneConfig::default()).await.unwrap()
}

pub(crate) fn udp_uri(phone: &Phone) -> String {
    format!("sip:bob@{}", phone.udp_address())
}

pub(crate) fn tcp_uri(phone: &Phone) -> String {
    format!("sip:bob@{};transport=tcp", phone.tcp_address())
}

pub(crate) async fn arrival(phone: &Phone) -> IncomingCall {
    soon("a call to come in", phone.incoming()).await.unwrap()
}

/// Two phones with a call between them.
pub(crate) struct Pair {
    pub(crate) alice: Phone,
    pub(crate) bob: Phone,
    pub(crate) caller: Call,
    pub(crate) callee: Call,
}

impl Pair {
    pub(crate) async fn new() -> Self {
        Self::with(udp_uri, CallConfig::default(), CallConfig::default()).await
    }

    pub(crate) async fn with(
        uri: impl FnOnce(&Phone) -> String,
        caller: CallConfig,
        callee: CallConfig,
    ) -> Self {
        let (alice, bob) = (phone().await, phone().await);
        let caller = alice.call(&uri(&bob), caller).await.unwrap();
        let incoming = arrival(&bob).await;
        incoming.ring().await.unwrap();
        let callee = incoming.answer(callee).await.unwrap();
        soon("the caller to be up", caller.established())
            .await
            .unwrap();
        soon("the callee to be up", callee.established())
            .await
            .unwrap();
        Self {
            alice,
            bob,
            caller,
            callee,
        }
    }

    /// Each plays its tone.
    pub(crate) async fn talk(&self) {
        self.caller.play(tone(CALLER_HZ)).await.unwrap();
        self.callee.play(tone(CALLEE_HZ)).await.unwrap();
    }

    pub(crate) async fn hear_each_other(&self) {
        hears(&self.callee, CALLER_HZ, CALLEE_HZ).await;
        hears(&self.caller, CALLEE_HZ, CALLER_HZ).await;
    }

    /// Alice hangs up and both agree that the call is over.
    pub(crate) async fn part(self) {
        let ended = soon("the caller to hang up", self.caller.hang_up()).await;
        assert_eq!(ended.cause, plenum_session::EndCause::LocalHangUp);
        assert!(ended.stats.packets_received > 0 && ended.stats.packets_sent > 0);
        let ended = soon("the callee to notice", self.callee.ended())
            .await
            .unwrap();
        assert_eq!(ended.cause, plenum_session::EndCause::RemoteHangUp);
        assert_eq!(self.callee.state(), State::Terminated);
        soon("both to stop", async {
            self.alice.stop().await;
            self.bob.stop().await;
        })
        .await;
    }
}

pub(crate) fn tone(hz: u16) -> Source {
    Source::Tone(Tone {
        frequencies_hz: [hz, 0],
        level_dbov: -15,
        cadence: (Duration::from_secs(1), Duration::ZERO),
        length: None,
    })
}

/// Waits until a call hears one tone and not the other, for a while.
pub(crate) async fn hears(call: &Call, wanted: u16, unwanted: u16) {
    let what = format!("{wanted} Hz without {unwanted} Hz");
    soon(&what, listen(call, &[(wanted, true), (unwanted, false)])).await;
}

/// Waits until a call hears none of the tones for a while.
pub(crate) async fn hears_nothing(call: &Call) {
    soon(
        "silence",
        listen(call, &[(CALLER_HZ, false), (CALLEE_HZ, false)]),
    )
    .await;
}

async fn listen(call: &Call, expected: &[(u16, bool)]) {
    let frequencies: Vec<f32> = expected.iter().map(|(hz, _)| f32::from(*hz)).collect();
    let mut ear = ToneEar::new(&frequencies, Duration::from_millis(100));
    let mut recording = call.record().await.unwrap();
    let mut good = 0;
    while good < WINDOWS {
        let samples = recording.next().await.expect("the call goes on");
        if ear.listen(&samples) > 0 {
            let as_expected = |(hz, sounds): &(u16, bool)| ear.hears(f32::from(*hz)) == *sounds;
            good = if expected.iter().all(as_expected) {
                good + 1
            } else {
                0
            };
        }
    }
}

/// Waits for the first event that fits.
pub(crate) async fn event(call: &Call, what: &str, fits: impl Fn(&CallEvent) -> bool) -> CallEvent {
    soon(what, async {
        loop {
            let event = call
                .next_event()
                .await
                .expect("the event comes before the end");
            if fits(&event) {
                return event;
            }
        }
    })
    .await
}

/// Waits for as many digits as are expected.
pub(crate) async fn digits(call: &Call, expected: &str) {
    let mut heard = String::new();
    while heard.len() < expected.len() {
        let event = event(call, "a digit", |event| {
            matches!(event, CallEvent::Digit { .. })
        })
        .await;
        if let CallEvent::Digit { digit, .. } = event {
            heard.push(digit);
        }
    }
    assert_eq!(heard, expected);
}
