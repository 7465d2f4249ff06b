//! What holds in any weather, whatever the two owners do.

use std::collections::BTreeMap;
use std::time::Duration;

use plenum_sip_msg::{Method, StatusCode};
use plenum_sip_ua::{
    Body, CallError, CallKey, Description, EarlyKey, EndpointConfig, Event, ExtraHeaders, Invite,
    Reliability, RequestKey, Retry, SessionTimers, Transport,
};
use plenum_time::Instant;
use proptest::prelude::*;

use crate::bench::{SDP, outgoing, status};
use crate::world::{Phone, Weather, World};

/// How long the owners act before everybody hangs up.
const ACTING: Duration = Duration::from_secs(40);
/// Longer than any series of timers after the last hang-up: Timer C, the wait for the effect of
/// a CANCEL, a BYE that nobody answers, and the transactions that linger behind it.
const SETTLING_MS: u64 = 400_000;

fn weather() -> impl Strategy<Value = Weather> {
    let transport = prop_oneof![4 => Just(Transport::Udp), 1 => Just(Transport::Tcp)];
    (0..60u64, 0..30u64, 0..1_500u64, transport).prop_map(|(loss, repeats, delay_ms, transport)| {
        Weather {
            loss,
            repeats,
            delay_ms,
            transport,
        }
    })
}

/// What the owner of a phone knows.
#[derive(Default)]
struct Owner {
    seen: usize,
    calls: BTreeMap<CallKey, State>,
    /// Requests to answer, and whose offers they make.
    requests: Vec<(RequestKey, Option<CallKey>)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    is_offered: bool,
    is_up: bool,
    owes_ack: bool,
    is_reinvited: bool,
    is_hung_up: bool,
    /// Our INVITE was refused, and we may try again.
    is_refused: bool,
    /// The early dialog whose offer waits for our PRACK.
    owes_prack: Option<EarlyKey>,
    /// Offers that we have not answered.
    offers: u32,
}

/// Two owners who do whatever the dice say.
struct Play {
    world: World,
    owners: [Owner; 2],
}

impl Play {
    fn new(seed: u64, weather: Weather) -> Self {
        Self {
            world: World::new(seed, weather),
            owners: Default::default(),
        }
    }

    fn run(&mut self) {
        let end = self.world.now + ACTING;
        for _ in 0..2_000 {
            if self.world.now >= end {
                break;
            }
            let pause = Duration::from_millis(self.world.roll(900));
            let until = end.min(self.world.now + pause);
            self.world.run_until_event(until);
            self.look();
            let who = usize::try_from(self.world.roll(2)).unwrap();
            self.act(who);
        }
        self.finish();
    }

    /// Everybody hangs up and the network heals.
    fn finish(&mut self) {
        self.world.calm_at = Some(self.world.now);
        let end = self.world.now + Duration::from_millis(SETTLING_MS);
        loop {
            self.look();
            for who in 0..2 {
                self.hang_up_all(who);
            }
            if !self.world.run_until_event(end) {
                break;
            }
        }
        self.look();
    }

    fn hang_up_all(&mut self, who: usize) {
        let calls: Vec<CallKey> = self.owners[who].calls.keys().copied().collect();
        for call in calls {
            self.hang_up(who, call);
        }
    }

    fn hang_up(&mut self, who: usize, call: CallKey) {
        let none = ExtraHeaders::none();
        self.world
            .act(who, |ua, now, out| ua.hang_up(now, call, &none, out))
            .unwrap();
        if let Some(state) = self.owners[who].calls.get_mut(&call) {
            state.is_hung_up = true;
        }
        self.look();
    }

    /// Reads the events as an owner does, and checks their order.
    fn look(&mut self) {
        for who in 0..2 {
            while let Some((_, event)) = self.world.phones[who].events.get(self.owners[who].seen) {
                let event = event.clone();
                self.owners[who].seen += 1;
                self.owners[who].hear(&event);
            }
        }
    }

    fn act(&mut self, who: usize) {
        let calls: Vec<_> = self.owners[who]
            .calls
            .iter()
            .map(|(k, s)| (*k, *s))
            .collect();
        let choice = self.world.roll(12);
        if calls.is_empty() || choice == 0 {
            if self.world.phones[who].ua.call_count() < 3 {
                self.place(who);
            }
            return;
        }
        let at = usize::try_from(self.world.roll(calls.len() as u64)).unwrap();
        let (call, state) = calls[at];
        self.act_on(who, call, state, choice);
        self.look();
    }

    fn place(&mut self, who: usize) {
        let flow = self.world.flow(who);
        let body = (self.world.roll(4) > 0).then(|| Body::sdp(SDP));
        let contact = format!("sip:phone@{}", flow.local).parse().unwrap();
        let request_uri = format!("sip:phone@{}", flow.remote).parse().unwrap();
        let may_retry = self.world.roll(2) == 0;
        let invite = Invite {
            body,
            contact,
            request_uri,
            may_retry,
            ..outgoing(flow)
        };
        let call = self
            .world
            .act(who, |ua, now, out| ua.invite(now, invite, out))
            .unwrap();
        self.owners[who].calls.insert(call, State::default());
    }

    fn respond_to_all(&mut self, who: usize) {
        let (none, body) = (ExtraHeaders::none(), Some(Body::sdp(SDP)));
        let keys = std::mem::take(&mut self.owners[who].requests);
        let world = &mut self.world;
        for (key, offer) in keys {
            let answer = offer.and(body.clone());
            // A request may have been dropped meanwhile, because its sender gave up.
            let _ = world.act(who, |ua, now, out| {
                ua.respond(now, key, StatusCode::OK, &none, answer, out)
            });
            if let Some(state) = offer.and_then(|call| self.owners[who].calls.get_mut(&call)) {
                state.offers = state.offers.saturating_sub(1);
            }
        }
    }

    fn act_on(&mut self, who: usize, call: CallKey, state: State, choice: u64) {
        let (none, body) = (ExtraHeaders::none(), Some(Body::sdp(SDP)));
        self.respond_to_all(who);
        let world = &mut self.world;
        let result: Result<(), CallError> = match choice {
            1 => return self.hang_up(who, call),
            2..=4 if state.is_offered => world.act(who, |ua, now, out| {
                ua.accept(now, call, None, &none, body, out)
            }),
            5 if state.is_offered => world.act(who, |ua, now, out| {
                ua.reject(now, call, status(486), &none, out)
            }),
            7..=8 if state.is_offered => world.act(who, |ua, now, out| {
                ua.provisional(
                    now,
                    call,
                    status(183),
                    body,
                    Reliability::WherePossible,
                    out,
                )
            }),
            _ if state.is_offered => world.act(who, |ua, now, out| {
                ua.provisional(now, call, status(180), None, Reliability::Unreliable, out)
            }),
            2..=6 if state.owes_prack.is_some() => world.act(who, |ua, now, out| {
                let early = state.owes_prack.expect("there is one");
                ua.prack(now, call, early, body, out)
            }),
            2..=6 if state.is_refused => {
                let uri = format!("sip:phone{}@192.0.2.{}", world.roll(9), 2 - who);
                let retry = Retry {
                    request_uri: uri.parse().ok(),
                    ..Retry::default()
                };
                world.act(who, |ua, now, out| ua.retry(now, call, retry, out))
            }
            10 if !state.is_hung_up => {
                let body = (world.roll(2) == 0).then_some(Body::sdp(SDP));
                world.act(who, |ua, now, out| ua.update(now, call, None, body, out))
            }
            _ if state.is_hung_up || !state.is_up => return,
            _ if state.owes_ack => {
                world.act(who, |ua, now, out| ua.acknowledge(now, call, body, out))
            }
            2..=4 if state.is_reinvited => {
                world.act(who, |ua, now, out| ua.accept_reinvite(now, call, body, out))
            }
            5..=6 if state.is_reinvited => world.act(who, |ua, now, out| {
                ua.refuse_reinvite(now, call, status(488), &none, out)
            }),
            7 => world.act(who, |ua, now, out| ua.reinvite(now, call, body, out)),
            8 => world.act(who, |ua, now, out| ua.reinvite(now, call, None, out)),
            9 => world
                .act(who, |ua, now, out| {
                    ua.request(now, call, Method::Info, &none, None, out)
                })
                .map(|_| ()),
            _ => return,
        };
        assert!(is_fair(&result), "{choice} in {state:?}: {result:?}");
        if result.is_ok()
            && let Some(state) = self.owners[who].calls.get_mut(&call)
        {
            state.done(choice);
        }
    }
}

/// An owner cannot know when the endpoint holds its answer, or what the other side can do.
fn is_fair(result: &Result<(), CallError>) -> bool {
    matches!(
        result,
        Ok(())
            | Err(CallError::TooManyReinvites(_)
                | CallError::TooManyProvisionals(_)
                | CallError::RetryLoop
                | CallError::TooManyAttempts(_)
                | CallError::NotAllowed(_)
                | CallError::WrongState {
                    state: "offered and not answered"
                        | "calling"
                        | "refused and waiting for a retry",
                    ..
                })
    )
}

impl State {
    /// Notes what the owner has done.
    fn done(&mut self, choice: u64) {
        match choice {
            2..=4 if self.is_offered => {
                (self.is_offered, self.is_up, self.offers) = (false, true, 0);
            }
            7..=8 if self.is_offered => self.offers = 0,
            _ if self.is_offered => {}
            2..=6 if self.owes_prack.is_some() => (self.owes_prack, self.offers) = (None, 0),
            2..=6 if self.is_refused => self.is_refused = false,
            10 => {}
            _ if self.owes_ack => (self.owes_ack, self.offers) = (false, 0),
            2..=6 if self.is_reinvited => (self.is_reinvited, self.offers) = (false, 0),
            _ => {}
        }
    }

    /// RFC 3264 4: one offer at a time.
    fn offered(&mut self, description: &Description) {
        if let Description::Offer(_) = description {
            self.offers += 1;
            assert_eq!(
                self.offers, 1,
                "an offer while another waits for its answer"
            );
        }
    }
}

impl Owner {
    fn hear(&mut self, event: &Event) {
        if let Event::Incoming { call, .. } = event {
            let state = State {
                is_offered: true,
                ..State::default()
            };
            assert!(
                self.calls.insert(*call, state).is_none(),
                "a call comes in once"
            );
        }
        if let Event::Request {
            key,
            call,
            description,
            ..
        } = event
        {
            let offer = call.filter(|_| description.bytes().is_some());
            self.requests.push((*key, offer));
        }
        let Some(call) = Phone::call_of(event) else {
            return;
        };
        if let Event::Ended { .. } = event {
            assert!(self.calls.remove(&call).is_some(), "a call ends once");
            return;
        }
        let state = self
            .calls
            .get_mut(&call)
            .expect("nothing follows the end of a call");
        state.hear(event);
    }
}

impl State {
    fn hear(&mut self, event: &Event) {
        match event {
            Event::Incoming { description, .. } | Event::Request { description, .. } => {
                self.offered(description);
            }
            Event::Progress {
                early,
                description,
                needs_prack,
                ..
            } => {
                self.offered(description);
                if *needs_prack {
                    self.owes_prack = *early;
                }
            }
            Event::Refused { may_retry, .. } => {
                (self.is_refused, self.offers, self.owes_prack) = (*may_retry, 0, None);
            }
            Event::Answered {
                needs_acknowledge,
                description,
                ..
            } => {
                assert!(!self.is_up, "a call is answered once");
                (self.is_up, self.owes_ack) = (true, *needs_acknowledge);
                self.offered(description);
            }
            Event::ReinviteAnswered {
                needs_acknowledge,
                description,
                ..
            } => {
                self.owes_ack = *needs_acknowledge;
                self.offered(description);
            }
            Event::Reinvited { description, .. } => {
                assert!(!self.is_reinvited, "one re-INVITE at a time");
                self.is_reinvited = true;
                self.offered(description);
            }
            Event::ReinviteCancelled { .. } => (self.is_reinvited, self.offers) = (false, 0),
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Every call ends once and last, and nothing is left of it.
    #[test]
    fn every_call_ends_and_leaves_nothing(seed: u64, weather in weather()) {
        let mut play = Play::new(seed, weather);
        play.run();
        for (owner, phone) in play.owners.iter().zip(&play.world.phones) {
            prop_assert!(owner.calls.is_empty(), "{:?}", owner.calls);
            prop_assert_eq!(phone.ua.call_count(), 0);
            prop_assert_eq!(phone.ua.transaction_count(), 0);
            prop_assert_eq!(phone.ua.timer_count(), 0);
        }
    }

    /// All final responses to a request say the same.
    #[test]
    fn every_request_has_one_final_response(seed: u64, weather in weather()) {
        let mut play = Play::new(seed, weather);
        play.run();
        let mut answers = BTreeMap::new();
        for (_, who, message) in &play.world.log {
            if let Some(status) = message.status().filter(|status| status.is_final()) {
                let core = message.core().unwrap();
                let branch = core.via.branch().unwrap().to_owned();
                let id = (*who, branch, core.cseq.method.to_string());
                // A transaction that its server has forgotten may be answered by 481.
                let first = *answers.entry(id).or_insert(status);
                prop_assert!(
                    first == status || status == StatusCode::CALL_DOES_NOT_EXIST,
                    "{first} and then {status}"
                );
            }
        }
    }

    /// RFC 3262 3: reliable responses to one INVITE count up by one, and each repetition says the
    /// same.
    #[test]
    fn reliable_responses_count_up(seed: u64, weather in weather()) {
        let mut play = Play::new(seed, weather);
        play.run();
        let mut last = BTreeMap::new();
        for (_, who, message) in &play.world.log {
            let is_reliable = message.status().is_some() && message.require().contains("100rel");
            let Some(rseq) = message.rseq().unwrap().filter(|_| is_reliable) else { continue };
            let core = message.core().unwrap();
            let tag = core.to.tag().unwrap_or_default().to_owned();
            let id = (*who, core.call_id, tag, core.cseq.number);
            let highest = *last.entry(id.clone()).or_insert(rseq);
            prop_assert!(rseq == highest || rseq == highest + 1, "{highest} and then {rseq}");
            last.insert(id, rseq);
        }
    }

    /// A session that both sides want lives as long as they do, in bad weather too, and ends
    /// on both sides when the network between them is gone.
    #[test]
    fn a_session_lives_by_its_refreshes(seed: u64, loss in 0..20u64, repeats in 0..30u64) {
        let weather = Weather { loss, repeats, delay_ms: 300, transport: Transport::Udp };
        let config = EndpointConfig {
            session_timers: SessionTimers::Request,
            session_expires: Duration::from_secs(120),
            ..EndpointConfig::default()
        };
        let mut world = World::with_config(seed, weather, &config);
        let invite = Invite {
            request_uri: "sip:phone@192.0.2.2".parse().unwrap(),
            ..outgoing(world.flow(0))
        };
        world.act(0, |ua, now, out| ua.invite(now, invite, out)).unwrap();
        let Some(callee) = incoming(&mut world) else { return Ok(()) };
        let (none, body) = (ExtraHeaders::none(), Some(Body::sdp(SDP)));
        world
            .act(1, |ua, now, out| ua.accept(now, callee, None, &none, body, out))
            .unwrap();
        world.run(3_600_000);
        let counts = [0, 1].map(|who| world.phones[who].ua.call_count());
        prop_assert_eq!(counts, [1, 1]);
        world.weather.loss = 100;
        world.run(240_000);
        let counts = [0, 1].map(|who| world.phones[who].ua.call_count());
        prop_assert_eq!(counts, [0, 0]);
    }

    /// A call that is answered in calm weather is up on both sides, until one side hangs up, and
    /// then on neither.
    #[test]
    fn both_sides_agree(seed: u64, weather in weather(), hangs_up in 0..2usize) {
        let weather = Weather { loss: weather.loss / 3, ..weather };
        let mut world = World::new(seed, weather);
        let invite = Invite {
            request_uri: "sip:phone@192.0.2.2".parse().unwrap(),
            ..outgoing(world.flow(0))
        };
        let caller = world.act(0, |ua, now, out| ua.invite(now, invite, out)).unwrap();
        let Some(callee) = incoming(&mut world) else { return Ok(()) };
        let none = ExtraHeaders::none();
        world
            .act(1, |ua, now, out| ua.accept(now, callee, None, &none, Some(Body::sdp(SDP)), out))
            .unwrap();
        world.calm_at = Some(world.now + Duration::from_secs(10));
        world.run(30_000);
        let has = |world: &World, who: usize, is: fn(&Event) -> bool| {
            world.phones[who].events.iter().any(|(_, event)| is(event))
        };
        let is_answered = has(&world, 0, |event| matches!(event, Event::Answered { .. }));
        let is_known = has(&world, 1, |event| matches!(event, Event::Acknowledged { .. }));
        prop_assert!(is_answered && is_known);
        let call = [caller, callee][hangs_up];
        world.act(hangs_up, |ua, now, out| ua.hang_up(now, call, &none, out)).unwrap();
        world.run(30_000);
        for who in 0..2 {
            let is_ended = has(&world, who, |event| matches!(event, Event::Ended { .. }));
            prop_assert!(is_ended);
            prop_assert_eq!(world.phones[who].ua.call_count(), 0);
        }
    }

    /// The same seed takes the same path, octet by octet.
    #[test]
    fn a_run_can_be_repeated(seed: u64, weather in weather()) {
        let log = |seed| {
            let mut play = Play::new(seed, weather);
            play.run();
            play.world.log
        };
        prop_assert!(log(seed) == log(seed));
    }

    /// Whatever octets come, nothing breaks.
    #[test]
    fn mangled_messages_do_no_harm(
        seed: u64,
        cuts in proptest::collection::vec((0..4_000usize, any::<u8>()), 1..6),
    ) {
        mangle(seed, &cuts);
    }
}

/// The dice of the laws reach what the laws are about.
#[test]
fn the_owners_do_everything() {
    let mut seen = std::collections::BTreeSet::new();
    let mut words = std::collections::BTreeSet::new();
    for seed in 0..40 {
        let weather = Weather {
            loss: 10,
            repeats: 10,
            delay_ms: 300,
            transport: Transport::Udp,
        };
        let mut play = Play::new(seed, weather);
        play.run();
        for event in play.world.phones.iter().flat_map(|phone| &phone.events) {
            let text = format!("{:?}", event.1);
            let name = text.split([' ', '{']).next().unwrap_or_default().to_owned();
            seen.insert(name);
        }
        let sent = play.world.log.iter();
        words.extend(sent.map(|(_, _, message)| crate::bench::word(message)));
    }
    for name in [
        "Incoming",
        "Progress",
        "Pracked",
        "Answered",
        "Refused",
        "Acknowledged",
        "Reinvited",
        "ReinviteAcknowledged",
        "ReinviteAnswered",
        "ReinviteRefused",
        "UpdateAnswered",
        "UpdateRefused",
        "Request",
        "Response",
        "Ended",
    ] {
        assert!(seen.contains(name), "{name} never comes: {seen:?}");
    }
    for word in ["PRACK", "UPDATE", "CANCEL", "491", "500", "486", "487"] {
        assert!(words.contains(word), "{word} is never sent: {words:?}");
    }
}

/// Runs until the callee sees the call; `None` if the weather kept it away.
fn incoming(world: &mut World) -> Option<CallKey> {
    let end = Instant::from_millis(31_000);
    while world.run_until_event(end) {
        let events = &world.phones[1].events;
        if let Some((_, Event::Incoming { call, .. })) = events.first() {
            return Some(*call);
        }
    }
    None
}

/// Plays a whole call into a third endpoint, each message with some octets changed.
fn mangle(seed: u64, cuts: &[(usize, u8)]) {
    let weather = Weather {
        loss: 0,
        repeats: 0,
        delay_ms: 10,
        transport: Transport::Udp,
    };
    let mut play = Play::new(seed, weather);
    play.run();
    let mut bench = crate::bench::Bench::udp();
    for (_, _, message) in play.world.log.iter().take(200) {
        let mut octets = message.bytes().to_vec();
        for (at, octet) in cuts {
            let at = at % octets.len();
            octets[at] = *octet;
        }
        bench.hear_octets(octets);
    }
    for event in std::mem::take(&mut bench.events) {
        if let Event::Incoming { call, .. } = event {
            // The mangled peer may have ended the call itself.
            let none = ExtraHeaders::none();
            let _ = bench.ua.hang_up(bench.now, call, &none, &mut bench.out);
        }
    }
    bench.drain();
    bench.assert_empties();
}
