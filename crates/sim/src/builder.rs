use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use plenum_switch::{Dialplan, RoomProfiles, SwitchConfig};

use crate::dice::Dice;
use crate::network::Link;
use crate::server::{Server, ServerSetup};
use crate::state::State;
use crate::trace::Trace;
use crate::world::World;

/// The dialplan of a world that names no other.
pub const DIALPLAN: &str = "\
[default]
; Rooms.
exten => 4711,1,Answer()
 same => n,ConfBridge(${EXTEN})
 same => n,Hangup()
exten => _7XXX,1,Answer()
 same => n,ConfBridge(${EXTEN},,quiet_user)
 same => n,Hangup()
; A hundred numbers of one room, so that its callers come to all shards.
exten => _71XX,1,Answer()
 same => n,ConfBridge(71,,quiet_user)
 same => n,Hangup()
; A room behind the PIN 4242.
exten => 8042,1,Answer()
 same => n,ConfBridge(${EXTEN},,pin_user)
 same => n,Hangup()
; Echo, a steady tone, record and play back.
exten => 9196,1,Answer()
 same => n,Echo()
exten => 9197,1,Answer()
 same => n,Milliwatt()
exten => 9198,1,Answer()
 same => n,Playback(beep)
 same => n,Record(take-${UNIQUEID}.wav,0,5)
 same => n,Playback(${RECORDED_FILE})
 same => n,Hangup()
; Rings for four seconds, then a room; and a line that is busy.
exten => 9100,1,Ringing()
 same => n,Wait(4)
 same => n,Answer()
 same => n,ConfBridge(${EXTEN},,quiet_user)
exten => 9486,1,Busy()
";

/// Builds a [`World`].
#[derive(Debug)]
pub struct WorldBuilder {
    seed: u64,
    dialplan: String,
    profiles: RoomProfiles,
    shards: u16,
    pairs_per_shard: usize,
    calls_max: usize,
    anonymous_context: Option<String>,
    stream_timeout: Duration,
    link: Link,
    traced: bool,
}

impl WorldBuilder {
    pub(crate) fn new(seed: u64) -> Self {
        let builder = Self {
            seed,
            dialplan: DIALPLAN.to_owned(),
            profiles: RoomProfiles::default(),
            shards: 1,
            pairs_per_shard: 200,
            calls_max: 1_000,
            anonymous_context: Some("default".to_owned()),
            stream_timeout: Duration::from_secs(5),
            link: Link::GOOD,
            traced: false,
        };
        builder
            .with_user_option("quiet_user", "quiet", "yes")
            .with_user_option("pin_user", "pin", "4242")
    }

    /// Sets the dialplan; [`DIALPLAN`] otherwise.
    #[must_use]
    pub fn with_dialplan(mut self, text: &str) -> Self {
        text.clone_into(&mut self.dialplan);
        self
    }

    /// Sets an option of a user profile.
    ///
    /// # Panics
    ///
    /// If ConfBridge has no such option.
    #[must_use]
    pub fn with_user_option(mut self, profile: &str, option: &str, value: &str) -> Self {
        self.profiles
            .set_user(profile, option, value)
            .expect("an option of a user profile");
        self
    }

    /// Sets an option of a bridge profile.
    ///
    /// # Panics
    ///
    /// If ConfBridge has no such option.
    #[must_use]
    pub fn with_bridge_option(mut self, profile: &str, option: &str, value: &str) -> Self {
        self.profiles
            .set_bridge(profile, option, value)
            .expect("an option of a bridge profile");
        self
    }

    /// Sets the number of media shards; 1 otherwise.
    #[must_use]
    pub fn with_shards(mut self, shards: u16) -> Self {
        self.shards = shards;
        self
    }

    /// Sets how many port pairs each shard may bind; 200 otherwise.
    #[must_use]
    pub fn with_port_pairs(mut self, pairs: usize) -> Self {
        self.pairs_per_shard = pairs;
        self
    }

    /// Sets how many calls the server takes at a time; 1,000 otherwise.
    #[must_use]
    pub fn with_calls_max(mut self, calls: usize) -> Self {
        self.calls_max = calls;
        self
    }

    /// Makes the server refuse unknown callers.
    #[must_use]
    pub fn without_anonymous_calls(mut self) -> Self {
        self.anonymous_context = None;
        self
    }

    /// Sets what lies between the server and phones that are plugged in later.
    #[must_use]
    pub fn with_link(mut self, link: Link) -> Self {
        self.link = link;
        self
    }

    /// Prints each SIP message and each event as it comes.
    #[must_use]
    pub fn traced(mut self, traced: bool) -> Self {
        self.traced = traced;
        self
    }

    /// Builds the world and lets the server start.
    ///
    /// # Panics
    ///
    /// If the dialplan cannot be read.
    #[must_use]
    pub fn build(self) -> World {
        let dialplan = match Dialplan::parse(&self.dialplan) {
            Ok(dialplan) => dialplan,
            Err(errors) => panic!("the dialplan of the story cannot be read: {errors}"),
        };
        let mut dice = Dice::new(self.seed);
        let switch = SwitchConfig {
            rooms: self.profiles,
            wall_at_zero: Duration::from_secs(1_800_000_000),
            ..SwitchConfig::new(dialplan)
        };
        let setup = ServerSetup {
            switch,
            shards: self.shards,
            pairs_per_shard: self.pairs_per_shard,
            calls_max: self.calls_max,
            anonymous_context: self.anonymous_context,
            stream_timeout: self.stream_timeout,
        };
        let server = Server::new(setup, dice.split());
        let state = State::new(dice, server, Trace::new(self.traced));
        let mut world = World::around(Rc::new(RefCell::new(state)), self.seed, self.link);
        world.runs_for(Duration::from_millis(50));
        world
    }
}
