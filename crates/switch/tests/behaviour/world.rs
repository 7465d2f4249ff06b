//! A driver that carries orders out in a toy world, and checks each of them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use plenum_switch::{
    Arrival, AudioTarget, BridgeKey, Cause, ChannelKey, ChannelView, Command, CommandError,
    Connection, Cursor, Dialplan, Effect, Effects, LegEvent, PlaybackKey, PlaybackOutcome, Reading,
    RecordingKey, Refusal, Reply, RoomView, Sound, Stimulus, Switch, SwitchConfig, View,
};
use plenum_time::Instant;

/// A leg as the driver sees it.
#[derive(Debug)]
pub(crate) struct Leg {
    pub(crate) connection: Connection,
    pub(crate) gate: Option<(bool, bool)>,
    /// How much louder it hears, and is heard.
    pub(crate) volume: (i8, i8),
    /// Keys that were sent to it.
    pub(crate) keys: String,
    pub(crate) hang_up: Option<(Cause, String)>,
}

/// A switch and the world it orders about.
pub(crate) struct World {
    pub(crate) switch: Switch,
    pub(crate) now: Instant,
    effects: Effects,
    /// Legs that are there.
    pub(crate) legs: BTreeMap<ChannelKey, Leg>,
    pub(crate) bridges: BTreeSet<BridgeKey>,
    pub(crate) playing: BTreeMap<PlaybackKey, (AudioTarget, Sound)>,
    pub(crate) recording: BTreeMap<RecordingKey, String>,
    stopped_recordings: Vec<RecordingKey>,
    /// Every order since the start, in short words.
    pub(crate) log: Vec<String>,
    /// What the switch waits to be told, and the world has not told yet.
    pub(crate) unanswered: Vec<ChannelKey>,
    /// Whether the world answers and ends calls at once when it is told to.
    pub(crate) prompt: bool,
    /// Whether sounds that end by themselves end at once.
    pub(crate) quick_sounds: bool,
}

impl World {
    pub(crate) fn new(dialplan: &str) -> Self {
        Self::with(dialplan, |_| ())
    }

    pub(crate) fn with(dialplan: &str, configure: impl FnOnce(&mut SwitchConfig)) -> Self {
        let dialplan = Dialplan::parse(dialplan).unwrap_or_else(|errors| panic!("{errors}"));
        let mut config = SwitchConfig::new(dialplan);
        config.wall_at_zero = Duration::from_secs(1_795_240_184);
        configure(&mut config);
        Self {
            switch: Switch::new(config, 7),
            now: Instant::from_millis(1_000),
            effects: Effects::new(),
            legs: BTreeMap::new(),
            bridges: BTreeSet::new(),
            playing: BTreeMap::new(),
            recording: BTreeMap::new(),
            stopped_recordings: Vec::new(),
            log: Vec::new(),
            unanswered: Vec::new(),
            prompt: true,
            quick_sounds: true,
        }
    }

    /// Someone dials a number.
    pub(crate) fn call(&mut self, caller: &str, extension: &str) -> ChannelKey {
        self.try_call(caller, extension)
            .expect("the number is in the dialplan")
    }

    pub(crate) fn try_call(&mut self, caller: &str, number: &str) -> Result<ChannelKey, Refusal> {
        let arrival = Arrival {
            technology: "SIP",
            endpoint: "anonymous".into(),
            protocol_id: "call-id".into(),
            caller_name: caller.into(),
            caller_number: caller.into(),
            context: "default".into(),
            extension: number.into(),
            variables: vec![("SIPDOMAIN".into(), "example.org".into())],
            note: None,
        };
        let key = self.switch.arrive(self.now, arrival, &mut self.effects)?;
        let leg = Leg {
            connection: Connection::Nothing,
            gate: None,
            volume: (0, 0),
            keys: String::new(),
            hang_up: None,
        };
        self.legs.insert(key, leg);
        self.settle();
        Ok(key)
    }

    pub(crate) fn tell(&mut self, stimulus: Stimulus) {
        self.forget(&stimulus);
        self.switch.stimulus(self.now, stimulus, &mut self.effects);
        self.settle();
    }

    /// What ends is gone in the world before the switch hears of it.
    fn forget(&mut self, report: &Stimulus) {
        match report {
            Stimulus::Leg {
                channel,
                event: LegEvent::HungUp { .. },
            } => {
                self.legs.remove(channel);
            }
            Stimulus::PlaybackEnded { playback, .. } => {
                self.playing.remove(playback);
            }
            Stimulus::RecordingEnded { recording, .. } => {
                self.recording.remove(recording);
            }
            _ => {}
        }
    }

    pub(crate) fn leg(&mut self, channel: ChannelKey, event: LegEvent) {
        self.tell(Stimulus::Leg { channel, event });
    }

    pub(crate) fn hangs_up(&mut self, channel: ChannelKey) {
        let cause = Cause::NORMAL_CLEARING;
        self.leg(
            channel,
            LegEvent::HungUp {
                cause,
                protocol_code: None,
            },
        );
    }

    pub(crate) fn presses(&mut self, channel: ChannelKey, digits: &str) {
        for digit in digits.chars() {
            self.leg(
                channel,
                LegEvent::Digit {
                    digit,
                    duration: Duration::from_millis(100),
                },
            );
        }
    }

    pub(crate) fn command(&mut self, command: Command) -> Result<Reply, CommandError> {
        let reply = self.switch.command(self.now, command, &mut self.effects);
        self.settle();
        reply
    }

    /// Time passes; everything that is due happens when it is due.
    pub(crate) fn wait(&mut self, wait: Duration) {
        let end = self.now + wait;
        while let Some(due) = self.switch.next_deadline().filter(|due| *due <= end) {
            self.now = due.max(self.now);
            self.switch.timeout(self.now, &mut self.effects);
            self.settle();
        }
        self.now = end;
    }

    pub(crate) fn seconds(&mut self, seconds: u64) {
        self.wait(Duration::from_secs(seconds));
    }

    /// Ends a playback.
    pub(crate) fn ends(&mut self, playback: PlaybackKey, outcome: PlaybackOutcome) {
        self.tell(Stimulus::PlaybackEnded { playback, outcome });
    }

    /// Ends the sounds one channel hears, as often as new ones follow, but not music.
    pub(crate) fn hears_out(&mut self, channel: ChannelKey) {
        while let Some(playback) = self.playback_of(channel) {
            self.ends(playback, PlaybackOutcome::Finished);
        }
    }

    fn playback_of(&self, channel: ChannelKey) -> Option<PlaybackKey> {
        let mine = |(target, sound): &&(AudioTarget, Sound)| {
            *target == AudioTarget::Channel(channel) && ends_by_itself(sound)
        };
        self.playing
            .iter()
            .find(|(_, playing)| mine(playing))
            .map(|(key, _)| *key)
    }

    /// What one channel hears by a playback of its own.
    pub(crate) fn hears(&self, channel: ChannelKey) -> Vec<String> {
        self.heard_by(AudioTarget::Channel(channel))
    }

    pub(crate) fn heard_by(&self, wanted: AudioTarget) -> Vec<String> {
        let heard = self
            .playing
            .values()
            .filter(|(target, _)| *target == wanted);
        heard.map(|(_, sound)| words(sound)).collect()
    }

    pub(crate) fn view(&self, channel: ChannelKey) -> &ChannelView {
        &self.switch.view().channels[&channel]
    }

    pub(crate) fn variable(&self, channel: ChannelKey, name: &str) -> &str {
        self.view(channel)
            .variables
            .get(name)
            .map_or("", |value| value)
    }

    pub(crate) fn room(&self, name: &str) -> &RoomView {
        let rooms = &self.switch.view().rooms;
        rooms
            .values()
            .find(|room| &*room.name == name)
            .expect("the room is open")
    }

    pub(crate) fn is_gone(&self, channel: ChannelKey) -> bool {
        !self.switch.view().channels.contains_key(&channel)
    }

    /// Whether two legs hear each other.
    pub(crate) fn talk(&self, one: ChannelKey, other: ChannelKey) -> bool {
        self.is_heard(one, other) && self.is_heard(other, one)
    }

    pub(crate) fn is_heard(&self, speaker: ChannelKey, listener: ChannelKey) -> bool {
        let (speaker, listener) = (&self.legs[&speaker], &self.legs[&listener]);
        let Connection::Bridge(_) = speaker.connection else {
            return false;
        };
        speaker.connection == listener.connection
            && speaker.gate.is_none_or(|(talk, _)| talk)
            && listener.gate.is_none_or(|(_, hear)| hear)
    }

    /// Sentences of warnings so far.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut cursor = Cursor::default();
        let Reading::Entries(entries) = self.switch.read(&mut cursor, usize::MAX) else {
            panic!("the journal is large enough for a test")
        };
        let warning = |entry: &&plenum_switch::Entry| match &entry.event {
            plenum_switch::Event::DialplanWarning { why, .. } => Some(why.clone()),
            _ => None,
        };
        entries.iter().filter_map(warning).collect()
    }

    /// Carries out what the switch ordered, until it orders no more.
    pub(crate) fn settle(&mut self) {
        let mut reports = VecDeque::new();
        loop {
            let orders: Vec<Effect> = self.effects.drain().collect();
            for order in orders {
                self.log.push(format!("{order:?}"));
                self.carry_out(order, &mut reports);
            }
            let Some(report) = reports.pop_front() else {
                break;
            };
            self.forget(&report);
            self.switch.stimulus(self.now, report, &mut self.effects);
        }
        self.check();
    }

    /// A leg that an order may name: it is there, and its end was not ordered.
    fn live(&mut self, channel: ChannelKey) -> &mut Leg {
        let leg = self
            .legs
            .get_mut(&channel)
            .expect("orders name legs that are there");
        assert!(leg.hang_up.is_none(), "nothing is ordered behind a hang-up");
        leg
    }

    fn carry_out(&mut self, order: Effect, reports: &mut VecDeque<Stimulus>) {
        match order {
            Effect::Ring { channel } | Effect::Progress { channel } => {
                self.live(channel);
            }
            Effect::Answer { channel } => {
                self.live(channel);
                if self.prompt {
                    reports.push_back(Stimulus::Leg {
                        channel,
                        event: LegEvent::Answered,
                    });
                } else {
                    self.unanswered.push(channel);
                }
            }
            Effect::HangUp {
                channel,
                cause,
                why,
            } => {
                self.live(channel).hang_up = Some((cause, why));
                if self.prompt {
                    let event = LegEvent::HungUp {
                        cause,
                        protocol_code: None,
                    };
                    reports.push_back(Stimulus::Leg { channel, event });
                } else {
                    self.unanswered.push(channel);
                }
            }
            Effect::CreateBridge { bridge } => assert!(self.bridges.insert(bridge)),
            Effect::DestroyBridge { bridge } => assert!(self.bridges.remove(&bridge)),
            Effect::Connect { channel, to } => {
                if let Connection::Bridge(bridge) = to {
                    assert!(
                        self.bridges.contains(&bridge),
                        "a bridge exists before it is used"
                    );
                }
                let leg = self.live(channel);
                leg.connection = to;
                leg.gate = None;
            }
            Effect::Gate {
                channel,
                talk,
                hear,
            } => {
                let leg = self.live(channel);
                assert!(matches!(leg.connection, Connection::Bridge(_)));
                leg.gate = Some((talk, hear));
            }
            Effect::Volume {
                channel,
                listening,
                talking,
            } => self.live(channel).volume = (listening.0, talking.0),
            Effect::SendDigit { channel, digit } => self.live(channel).keys.push(digit),
            audio => self.carry_out_audio(audio, reports),
        }
    }

    fn carry_out_audio(&mut self, order: Effect, reports: &mut VecDeque<Stimulus>) {
        match order {
            Effect::Play {
                playback,
                target,
                sound,
            } => {
                self.check_target(target);
                if self.quick_sounds && ends_by_itself(&sound) {
                    let outcome = PlaybackOutcome::Finished;
                    reports.push_back(Stimulus::PlaybackEnded { playback, outcome });
                } else {
                    self.playing.insert(playback, (target, sound));
                }
            }
            Effect::StopPlay { playback } => {
                self.playing.remove(&playback);
                let outcome = PlaybackOutcome::Stopped;
                reports.push_back(Stimulus::PlaybackEnded { playback, outcome });
            }
            Effect::Record {
                recording,
                target,
                file,
            } => {
                self.check_target(target);
                self.recording.insert(recording, file);
            }
            Effect::StopRecord { recording } => {
                assert!(self.recording.contains_key(&recording));
                self.stopped_recordings.push(recording);
                if self.prompt {
                    reports.extend(self.close_recordings());
                }
            }
            other => panic!("the world cannot {other:?}"),
        }
    }

    /// Closes the files of recordings that were stopped.
    pub(crate) fn close_recordings(&mut self) -> Vec<Stimulus> {
        let stopped = std::mem::take(&mut self.stopped_recordings);
        let close = |recording| {
            let outcome = Ok(Duration::from_secs(3));
            Stimulus::RecordingEnded { recording, outcome }
        };
        stopped.into_iter().map(close).collect()
    }

    fn check_target(&mut self, target: AudioTarget) {
        match target {
            AudioTarget::Channel(channel) => {
                self.live(channel);
            }
            AudioTarget::Bridge(bridge) => assert!(self.bridges.contains(&bridge)),
        }
    }

    /// What holds at any moment.
    fn check(&self) {
        let view = self.switch.view();
        let counts = self.switch.counts();
        assert!(
            view.channels.keys().eq(self.legs.keys()),
            "a channel is a leg"
        );
        assert!(
            view.bridges.keys().eq(self.bridges.iter()),
            "a bridge is a bridge"
        );
        assert!(
            view.playbacks.keys().eq(self.playing.keys()),
            "what plays was ordered"
        );
        assert!(view.recordings.keys().eq(self.recording.keys()));
        assert_eq!(counts.arrived, counts.destroyed + counts.channels as u64);
        assert_eq!(counts.rooms, view.rooms.len());
        for target in view.playbacks.values().map(|playback| playback.target) {
            match target {
                AudioTarget::Channel(channel) => assert!(self.legs.contains_key(&channel)),
                AudioTarget::Bridge(bridge) => assert!(self.bridges.contains(&bridge)),
            }
        }
        self.check_rooms(view);
        for (key, channel) in &view.channels {
            let Connection::Bridge(bridge) = self.legs[key].connection else {
                continue;
            };
            if self.legs[key].hang_up.is_none() {
                assert_eq!(
                    channel.bridge,
                    Some(bridge),
                    "the view knows who is connected"
                );
            }
        }
    }

    fn check_rooms(&self, view: &View) {
        for room in view.rooms.values() {
            assert!(
                !room.participants.is_empty(),
                "a room exists for its participants"
            );
            let members = &view.bridges[&room.bridge].members;
            let joined = room
                .participants
                .iter()
                .filter(|(_, p)| p.joined)
                .map(|(key, _)| key);
            assert!(members.iter().eq(joined), "who joined is in the bridge");
            for (key, participant) in room.participants.iter().filter(|(_, p)| p.joined) {
                let leg = &self.legs[key];
                if participant.away {
                    assert_ne!(leg.connection, Connection::Bridge(room.bridge));
                    continue;
                }
                assert_eq!(leg.connection, Connection::Bridge(room.bridge));
                let volume = (participant.listening.0, participant.talking.0);
                assert_eq!(leg.volume, volume, "the view knows how loud it is");
                let (talk, hear) = leg.gate.expect("a participant has a gate");
                let music = self.heard_by(AudioTarget::Channel(*key));
                let music = music.iter().any(|sound| sound.starts_with("music"));
                let held = view.channels[key].held;
                assert_eq!(hear, !music);
                assert_eq!(
                    talk,
                    !music && !held && !participant.muted && !participant.waiting
                );
            }
        }
    }
}

fn ends_by_itself(sound: &Sound) -> bool {
    match sound {
        Sound::File { repeat, .. } => !repeat,
        Sound::Tone(tone) => tone.length.is_some(),
        Sound::Silence(_) => true,
        _ => false,
    }
}

fn words(sound: &Sound) -> String {
    match sound {
        Sound::File { name, .. } => name.clone(),
        Sound::Music { class } => format!("music {class}"),
        Sound::Tone(tone) => format!("tone {}", tone.frequencies_hz[0]),
        Sound::Silence(_) => "silence".into(),
        _ => "?".into(),
    }
}
