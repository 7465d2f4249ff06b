use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use plenum_time::Instant;

use crate::network::Host;
use crate::phone::{CallEnd, Change, Hold, Line, Phone, Voice};
use crate::state::State;
use crate::watch::channel_of;

/// A phone of a [`World`](crate::World).
///
/// What it is told to do it does at the present moment; the effects come as the world goes on.
/// Actions that do not fit (hanging up without a call) do nothing and return false.
#[derive(Clone)]
pub struct PhoneHandle {
    state: Rc<RefCell<State>>,
    pub(crate) host: Host,
}

impl PhoneHandle {
    pub(crate) fn new(state: Rc<RefCell<State>>, host: Host) -> Self {
        Self { state, host }
    }

    /// Calls a number.
    pub fn dials(&self, number: &str) -> bool {
        self.act(&format!("dials {number}"), |phone, now| {
            phone.dial(now, number, true)
        })
    }

    /// Calls a number and leaves the offer to the server.
    pub fn dials_without_offer(&self, number: &str) -> bool {
        let what = format!("dials {number} without an offer");
        self.act(&what, |phone, now| phone.dial(now, number, false))
    }

    /// Hangs up; cancels a call that is not answered yet.
    pub fn hangs_up(&self) -> bool {
        self.act("hangs up", Phone::hang_up)
    }

    /// Puts the server on hold.
    pub fn holds(&self, hold: Hold) -> bool {
        self.act(&format!("holds by {hold:?}"), |phone, now| {
            phone.hold(now, Some(hold))
        })
    }

    /// Takes the server off hold.
    pub fn resumes(&self) -> bool {
        self.act("resumes", |phone, now| phone.hold(now, None))
    }

    /// Goes on with the call at another port.
    pub fn moves_its_audio(&self) -> bool {
        self.act("moves its audio", Phone::move_audio)
    }

    /// Presses keys, sent as telephone-events (RFC 4733).
    pub fn presses(&self, keys: &str) -> bool {
        self.act(&format!("presses {keys}"), |phone, _| phone.press(keys))
    }

    /// Presses a key, sent as INFO.
    pub fn presses_by_info(&self, key: char) -> bool {
        let what = format!("presses {key} by INFO");
        self.act(&what, |phone, now| phone.press_by_info(now, key))
    }

    /// Sends silence from here on.
    pub fn mutes_itself(&self) -> bool {
        self.act("mutes itself", |phone, _| phone.speak(Voice::Muted))
    }

    /// Sends no audio at all from here on.
    pub fn falls_silent(&self) -> bool {
        self.act("falls silent", |phone, _| phone.speak(Voice::Nothing))
    }

    /// Sends its tone again.
    pub fn speaks(&self) -> bool {
        self.act("speaks", |phone, _| phone.speak(Voice::Tone))
    }

    /// Loses its power, without a word.
    pub fn vanishes(&self) {
        self.act("vanishes", |phone, _| phone.crash());
    }

    /// Gets its power back; it knows nothing of the call it had.
    pub fn restarts(&self) {
        self.act("restarts", |phone, _| phone.restart());
    }

    /// Sends garbage to the server.
    pub fn misbehaves(&self) {
        self.act("misbehaves", |phone, _| phone.send_garbage());
    }

    /// Sends from other ports from here on, because its NAT has forgotten it.
    pub fn nat_rebinds(&self) {
        let mut state = self.state.borrow_mut();
        let name = state.phones[self.host].setup.name.clone();
        state.trace_note(&format!("{name}'s NAT binds anew"));
        state.network.rebind(self.host);
    }

    /// Returns how far the call is, as the phone sees it.
    #[must_use]
    pub fn line(&self) -> Line {
        self.ask(Phone::line)
    }

    /// Tells whether the call is up.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.line() == Line::Up
    }

    /// Tells whether no call is being set up, changed or ended.
    pub(crate) fn is_settled(&self) -> bool {
        self.ask(Phone::is_settled)
    }

    /// Tells whether the phone has power.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.ask(|phone| phone.is_on)
    }

    /// Returns how the last call ended; `None` during a call and before the first.
    #[must_use]
    pub fn call_end(&self) -> Option<CallEnd> {
        self.ask(|phone| phone.end)
    }

    /// Tells whether the phone hears another one.
    #[must_use]
    pub fn hears(&self, other: &Self) -> bool {
        self.hears_tone(other.tone())
    }

    /// Tells whether the phone hears itself.
    #[must_use]
    pub fn hears_itself(&self) -> bool {
        self.hears_tone(self.tone())
    }

    /// Tells whether the phone hears a tone of the shelf.
    #[must_use]
    pub fn hears_tone(&self, hz: f32) -> bool {
        self.heard_since(hz).is_some()
    }

    /// Returns since when the phone hears a tone.
    #[must_use]
    pub fn heard_since(&self, hz: f32) -> Option<Instant> {
        self.ask(|phone| phone.call.as_ref()?.audio.hearing.since(hz))
    }

    /// Returns all tones that the phone hears.
    #[must_use]
    pub fn heard_tones(&self) -> Vec<f32> {
        let all = |phone: &Phone| Some(phone.call.as_ref()?.audio.hearing.sounding().collect());
        self.ask(all).unwrap_or_default()
    }

    /// Returns when tones began and ended for the phone in this call, oldest first.
    #[must_use]
    pub fn heard_changes(&self) -> Vec<Change> {
        let all = |phone: &Phone| {
            Some(
                phone
                    .call
                    .as_ref()?
                    .audio
                    .hearing
                    .changes()
                    .copied()
                    .collect(),
            )
        };
        self.ask(all).unwrap_or_default()
    }

    /// Returns the pauses in which the phone did not hear another one, since `from`.
    #[must_use]
    pub fn gaps_of(&self, other: &Self, from: Instant) -> Vec<Duration> {
        let hz = other.tone();
        self.ask(|phone| Some(phone.call.as_ref()?.audio.hearing.gaps(hz, from)))
            .unwrap_or_default()
    }

    /// Returns the level at which the phone hears another one, in dBov.
    #[must_use]
    pub fn level_of(&self, other: &Self) -> Option<f32> {
        let hz = other.tone();
        self.ask(|phone| phone.call.as_ref()?.audio.hearing.level(hz))
    }

    /// Returns how many audio packets the phone has received in this call.
    #[must_use]
    pub fn packets_received(&self) -> u64 {
        self.ask(|phone| {
            phone
                .call
                .as_ref()
                .map_or(0, |call| call.audio.packets_received)
        })
    }

    /// Returns how many frames of 20 ms were not there when they were due in this call.
    #[must_use]
    pub fn frames_missing(&self) -> u64 {
        self.ask(|phone| {
            phone
                .call
                .as_ref()
                .map_or(0, |call| call.audio.frames_missing())
        })
    }

    /// Returns the phone's tone, in hertz.
    #[must_use]
    pub fn tone(&self) -> f32 {
        self.ask(|phone| phone.setup.hz)
    }

    /// Returns the identifier of the phone's channel on the server.
    #[must_use]
    pub fn channel_id(&self) -> Option<String> {
        let state = self.state.borrow();
        let call = state.phones[self.host].call.as_ref()?;
        let view = state.server.control.switch().view();
        let key = channel_of(view, &call.call_id)?;
        Some(view.channels[&key].id.to_string())
    }

    fn ask<T>(&self, ask: impl FnOnce(&Phone) -> T) -> T {
        ask(&self.state.borrow().phones[self.host])
    }

    fn act<T>(&self, what: &str, act: impl FnOnce(&mut Phone, Instant) -> T) -> T {
        let mut state = self.state.borrow_mut();
        let name = state.phones[self.host].setup.name.clone();
        state.trace_note(&format!("{name} {what}"));
        state.with_phone(self.host, act)
    }
}

impl std::fmt::Debug for PhoneHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PhoneHandle")
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}
