//! The domain as one plain value.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use plenum_time::{Instant, TimerQueue};
use slotmap::SlotMap;

use crate::cause::Cause;
use crate::config::SwitchConfig;
use crate::dialplan::Dialplan;
use crate::effect::Effect;
use crate::effects::Effects;
use crate::ids::{BridgeKey, ChannelKey, PlaybackKey, RecordingKey, RoomKey};
use crate::journal::{Cursor, Event, Journal, Lost, Reading, RoomResult, View};
use crate::profile::RoomProfiles;
use crate::random::Random;

mod apps;
mod arrive;
mod audio;
mod channel;
mod command;
mod conference;
mod digits;
mod end;
mod menu;
mod refused;
mod room;
mod run;
mod scope;
mod stimulus;
mod variables;

use audio::Owner;
use channel::{Channel, Timer};
use refused::Refusals;
use room::Room;

pub use refused::REFUSALS_NOTED_PER_SECOND;

/// The domain: channels, bridges, rooms, the dialplan that runs on them, and the journal.
///
/// Each call takes the time and puts orders into the caller's [`Effects`]. The public state is
/// [`Switch::view`]; it changes by events only.
pub struct Switch {
    dialplan: Arc<Dialplan>,
    profiles: RoomProfiles,
    channels_max: usize,
    wall_at_zero: Duration,
    music_classes: Vec<String>,
    system_id: Arc<str>,
    random: Random,
    journal: Journal,
    view: View,
    channels: SlotMap<ChannelKey, Channel>,
    bridges: SlotMap<BridgeKey, ()>,
    rooms: SlotMap<RoomKey, Room>,
    /// Rooms by their names in lower case.
    room_names: BTreeMap<String, RoomKey>,
    playbacks: SlotMap<PlaybackKey, Owner>,
    recordings: SlotMap<RecordingKey, ChannelKey>,
    timers: TimerQueue<Timer>,
    work: VecDeque<Work>,
    serials: Serials,
    draining: bool,
    refusals: Refusals,
    totals: Totals,
}

/// What is left to do within one call of the switch.
#[derive(Clone, Copy, Debug)]
enum Work {
    /// Runs the dialplan of a channel until it waits for something.
    Run(ChannelKey),
    /// Takes a participant out of its room.
    Eject(ChannelKey, RoomResult),
}

/// Numbers that only grow.
#[derive(Clone, Copy, Debug, Default)]
struct Serials {
    channel: u64,
    admission: u64,
    recording: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    arrived: u64,
    refused: u64,
    destroyed: u64,
    late_stimuli: u64,
    runaways: u64,
}

/// One call of the switch: when it is, and where orders go.
struct Turn<'a> {
    now: Instant,
    effects: &'a mut Effects,
}

impl Turn<'_> {
    fn order(&mut self, effect: Effect) {
        self.effects.push(effect);
    }
}

/// Why a call was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Refusal {
    /// What the peer is told.
    pub cause: Cause,
    /// The sentence for the peer and the log.
    pub why: String,
}

/// How much of what there is and was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Channels that exist.
    pub channels: usize,
    /// Bridges that exist.
    pub bridges: usize,
    /// Rooms that exist.
    pub rooms: usize,
    /// Playbacks that run.
    pub playbacks: usize,
    /// Recordings that run.
    pub recordings: usize,
    /// Timers that are armed.
    pub timers: usize,
    /// Calls taken since the start.
    pub arrived: u64,
    /// Calls refused since the start.
    pub refused: u64,
    /// Channels destroyed since the start.
    pub destroyed: u64,
    /// Reports about what was gone already.
    pub late_stimuli: u64,
    /// Calls ended because their dialplan ran in circles.
    pub runaways: u64,
}

impl Switch {
    /// Builds a switch. The seed decides the identifiers of bridges.
    #[must_use]
    pub fn new(config: SwitchConfig, seed: u64) -> Self {
        let mut switch = Self {
            dialplan: Arc::new(config.dialplan),
            profiles: config.rooms,
            channels_max: config.channels_max,
            wall_at_zero: config.wall_at_zero,
            music_classes: config.music_classes,
            system_id: config.system_id.into(),
            random: Random::new(seed),
            journal: Journal::new(config.journal_bytes),
            view: View::default(),
            channels: SlotMap::with_key(),
            bridges: SlotMap::with_key(),
            rooms: SlotMap::with_key(),
            room_names: BTreeMap::new(),
            playbacks: SlotMap::with_key(),
            recordings: SlotMap::with_key(),
            timers: TimerQueue::new(),
            work: VecDeque::new(),
            serials: Serials::default(),
            draining: false,
            refusals: Refusals::default(),
            totals: Totals::default(),
        };
        switch.set_globals(Instant::ZERO);
        switch
    }

    /// Does what is due; to be called when [`Switch::next_deadline`] has come.
    pub fn timeout(&mut self, now: Instant, effects: &mut Effects) {
        let mut turn = Turn { now, effects };
        while let Some((_, timer)) = self.timers.pop_due(now) {
            self.timer_fired(timer, &mut turn);
            self.do_work(&mut turn);
        }
    }

    /// Returns when [`Switch::timeout`] is due.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.timers.next_deadline()
    }

    /// Returns the journal.
    #[must_use]
    pub const fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Returns the public state: channels, bridges, rooms, playbacks, recordings.
    #[must_use]
    pub const fn view(&self) -> &View {
        &self.view
    }

    /// Copies the public state, with the number of the last event in it.
    #[must_use]
    pub fn snapshot(&self) -> (u64, View) {
        (self.view.seq, self.view.clone())
    }

    /// Reads on for a cursor, and moves it.
    ///
    /// A cursor that fell off the tail gets one [`Reading::Lost`] with everything it missed and
    /// the state behind that, and goes on from there.
    pub fn read<'a>(&'a self, cursor: &mut Cursor, max: usize) -> Reading<'a> {
        let batch = self.journal.read_after(cursor.after, &cursor.filter, max);
        if let Some(lost) = batch.lost {
            let lost = Lost {
                from: lost.from,
                to: self.journal.last_seq(),
            };
            cursor.after = lost.to;
            return Reading::Lost {
                lost,
                snapshot: Box::new(self.view.clone()),
            };
        }
        cursor.after = batch.next;
        Reading::Entries(batch.entries)
    }

    /// Counts what there is and was.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts {
            channels: self.channels.len(),
            bridges: self.bridges.len(),
            rooms: self.rooms.len(),
            playbacks: self.playbacks.len(),
            recordings: self.recordings.len(),
            timers: self.timers.len(),
            arrived: self.totals.arrived,
            refused: self.totals.refused,
            destroyed: self.totals.destroyed,
            late_stimuli: self.totals.late_stimuli,
            runaways: self.totals.runaways,
        }
    }

    /// Returns the name of this system.
    #[must_use]
    pub fn system_id(&self) -> &str {
        &self.system_id
    }

    /// Takes another dialplan for calls that arrive from here on; calls in progress keep theirs.
    pub fn reload_dialplan(&mut self, now: Instant, dialplan: Dialplan) {
        let contexts = dialplan.contexts().count();
        self.dialplan = Arc::new(dialplan);
        self.note(now, Event::DialplanReloaded { contexts });
        self.set_globals(now);
    }

    /// Ends all calls and refuses further ones.
    pub fn drain(&mut self, now: Instant, effects: &mut Effects) {
        self.draining = true;
        let mut turn = Turn { now, effects };
        let all: Vec<ChannelKey> = self.channels.keys().collect();
        for channel in all {
            self.hang_up(
                channel,
                Cause::NORMAL_CLEARING,
                "the server is shutting down",
                &mut turn,
            );
        }
        self.do_work(&mut turn);
    }

    /// Writes an event down and brings the public state up to it.
    fn note(&mut self, now: Instant, event: Event) {
        let wall = self.wall(now);
        let entry = self.journal.push(now, wall, event);
        self.view.apply(entry);
    }

    /// The time since 1970.
    fn wall(&self, now: Instant) -> Duration {
        self.wall_at_zero.saturating_add(now.since(Instant::ZERO))
    }

    /// Does what calls of this turn left to do.
    fn do_work(&mut self, turn: &mut Turn<'_>) {
        while let Some(work) = self.work.pop_front() {
            match work {
                Work::Run(channel) => self.run(channel, turn),
                Work::Eject(channel, result) => self.eject(channel, result, turn),
            }
        }
    }
}

impl fmt::Debug for Switch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Switch")
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}
