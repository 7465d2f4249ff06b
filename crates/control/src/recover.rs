//! A fault in one call ends that call.
//!
//! Before each piece of work the machine notes whose work it is. When its driver has caught a
//! panic, [`Control::recover`] ends the call that was at work and goes on with what is left for
//! the others.

use alloc::string::ToString;
use alloc::vec::Vec;

use plenum_media::{LegId, MediaCommand, MediaNotice};
use plenum_sip_msg::{HeaderName, Reason, StatusCode};
use plenum_sip_ua::{CallKey, Event};
use plenum_switch::{
    AudioTarget, Cause, ChannelKey, Effect, Entry, Event as DomainEvent, Filter, LegEvent, Stimulus,
};
use plenum_time::Instant;

use crate::Output;
use crate::control::{Control, ControlOutbox};
use crate::inbound::explanation;
use crate::leg::{LegKey, LegState};

/// The cause of a call that ends by a fault of ours: a temporary failure.
const FAULT: Cause = Cause(41);

/// What the peer of such a call is told.
const SORRY: &str = "the server failed on this call; call again";

/// Events of one piece of work that are looked at.
const EVENTS_MAX: usize = 10_000;

/// Whose work it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Call(CallKey),
    Leg(LegKey),
    Channel(ChannelKey),
}

/// The piece of work in hand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AtWork {
    who: Option<Who>,
    /// The last event before it.
    seq: u64,
}

/// One piece of work.
#[derive(Debug)]
pub(crate) enum Step<'a> {
    /// Work of nobody in particular.
    Common,
    Notice(&'a MediaNotice),
    Sip(&'a Event),
    Held(CallKey),
    Stimulus(&'a Stimulus),
    Effect(&'a Effect),
}

impl Control {
    /// Ends the call that was at work when the machine panicked, and goes on with what is left for
    /// the others.
    ///
    /// The driver calls it after it caught a panic of any other method, with the same outbox. Where
    /// nobody was at work, what was in hand is lost and nothing else. It may panic as well: called
    /// again, it goes on behind the next fault.
    pub fn recover(&mut self, now: Instant, out: &mut ControlOutbox) {
        if let Some(work) = self.at_work.take() {
            self.finish_arrival(work);
            if let Some(who) = self.culprit(work) {
                self.expel(now, who, out);
            }
        }
        self.settle(now, out);
    }

    /// Notes whose work begins.
    pub(crate) fn begin(&mut self, step: Step<'_>) {
        self.at_work = Some(AtWork {
            who: self.whose(&step),
            seq: self.switch.journal().last_seq(),
        });
        #[cfg(test)]
        self.traps.spring(&step);
    }

    fn whose(&self, step: &Step<'_>) -> Option<Who> {
        match step {
            Step::Common => None,
            Step::Notice(notice) => leg_of_notice(notice).map(|leg| Who::Leg(LegKey::of(leg))),
            Step::Sip(event) => call_of_event(event).map(Who::Call),
            Step::Held(call) => Some(Who::Call(*call)),
            Step::Stimulus(stimulus) => self.channel_of_stimulus(stimulus).map(Who::Channel),
            Step::Effect(effect) => channel_of_effect(effect).map(Who::Channel),
        }
    }

    fn channel_of_stimulus(&self, stimulus: &Stimulus) -> Option<ChannelKey> {
        let view = self.switch.view();
        let target = match stimulus {
            Stimulus::Leg { channel, .. } => return Some(*channel),
            Stimulus::PlaybackEnded { playback, .. } => view.playbacks.get(playback)?.target,
            Stimulus::RecordingEnded { recording, .. } => view.recordings.get(recording)?.target,
            _ => return None,
        };
        channel_of_target(target)
    }

    /// Ties the channel of a call to its leg whose arrival was cut short, so that it can be ended.
    fn finish_arrival(&mut self, work: AtWork) {
        let Some(Who::Call(call)) = work.who else {
            return;
        };
        let Some(key) = self.leg_of(call) else { return };
        let created = self
            .events_of(work)
            .into_iter()
            .find_map(|entry| match &entry.event {
                DomainEvent::ChannelCreated { channel, .. } => Some(*channel),
                _ => None,
            });
        if let (None, Some(channel)) = (self.legs[key].channel, created) {
            self.legs[key].channel = Some(channel);
            self.leg_of_channel.insert(channel, key);
        }
    }

    /// Finds the call at fault: the one whose dialplan step was begun last, because work on one
    /// call runs the dialplan of others too, or else the one whose work it was.
    fn culprit(&self, work: AtWork) -> Option<Who> {
        let stepped = self
            .events_of(work)
            .into_iter()
            .rev()
            .find_map(|entry| match &entry.event {
                DomainEvent::DialplanStep { channel, .. } => Some(*channel),
                _ => None,
            });
        let stepped = stepped.filter(|channel| self.leg_of_channel.contains_key(channel));
        stepped.map(Who::Channel).or(work.who)
    }

    fn events_of(&self, work: AtWork) -> Vec<&Entry> {
        let journal = self.switch.journal();
        // What is due at the same time is one piece of work: the latest events decide.
        let begin = journal.last_seq().saturating_sub(EVENTS_MAX as u64);
        let after = work.seq.max(begin);
        journal
            .read_after(after, &Filter::default(), EVENTS_MAX)
            .entries
    }

    /// Ends a call at once: its channel, its media and its signalling. What is left to do for it
    /// finds no leg and does nothing.
    fn expel(&mut self, now: Instant, who: Who, out: &mut ControlOutbox) {
        let key = match who {
            Who::Call(call) => self.leg_of(call),
            Who::Leg(key) => Some(key),
            Who::Channel(channel) => self.leg_of_channel.get(&channel).copied(),
        };
        let leg = key.and_then(|key| self.legs.get(key));
        let call = match (who, leg) {
            (Who::Call(call), _) => call,
            (_, Some(leg)) if leg.state != LegState::Ended => leg.call,
            // It is over already.
            _ => return,
        };
        self.counters.calls_faulted += 1;
        self.held.remove(call);
        if let Some(key) = key {
            self.pull_out(key, out);
        }
        // Last: if the endpoint is at fault, all else is in order.
        self.dismiss(now, call, FAULT, SORRY);
    }

    fn pull_out(&mut self, key: LegKey, out: &mut ControlOutbox) {
        let Some(leg) = self.legs.get(key) else {
            return;
        };
        let channel = leg.channel;
        let code =
            (leg.state == LegState::Offered).then_some(StatusCode::SERVER_INTERNAL_ERROR.as_u16());
        self.stimuli.retain(|stimulus| match stimulus {
            Stimulus::Leg { channel: of, .. } => Some(*of) != channel,
            _ => true,
        });
        self.close_leg(key, FAULT, code, out);
    }

    /// Takes a leg whose call is over from its channel and its shard.
    pub(crate) fn close_leg(
        &mut self,
        key: LegKey,
        cause: Cause,
        protocol_code: Option<u16>,
        out: &mut ControlOutbox,
    ) {
        let over = LegEvent::HungUp {
            cause,
            protocol_code,
        };
        self.report(key, over);
        let leg = &mut self.legs[key];
        leg.state = LegState::Ended;
        self.leg_of_call.remove(&leg.call);
        if let Some(channel) = leg.channel.take() {
            self.leg_of_channel.remove(&channel);
        }
        if !leg.on_shard {
            return self.unseat(key);
        }
        let command = MediaCommand::RemoveLeg { leg: key.id() };
        out.push(Output::Media {
            shard: leg.shard,
            command,
        });
        self.bridges.leave(key, out);
    }

    /// Forgets a leg that no shard knows, and frees its place.
    pub(crate) fn unseat(&mut self, key: LegKey) {
        if let Some(leg) = self.legs.remove(key) {
            self.leg_of_call.remove(&leg.call);
        }
        for table in self.ports.values_mut() {
            table.release(key.id());
        }
    }

    /// Ends a call for a fault of ours: with 500 while it is not answered, else with BYE.
    pub(crate) fn dismiss(&mut self, now: Instant, call: CallKey, cause: Cause, why: &str) {
        let mut headers = explanation(why);
        let reason = Reason::q850(u16::from(cause.0), cause.text());
        headers.push(HeaderName::Reason, reason.to_string());
        let status = StatusCode::SERVER_INTERNAL_ERROR;
        let refused = self
            .ua
            .reject(now, call, status, &headers, &mut self.ua_out);
        if refused.is_err() {
            // A call that the peer has ended at the same moment reports its end by itself.
            drop(self.ua.hang_up(now, call, &headers, &mut self.ua_out));
        }
    }
}

fn call_of_event(event: &Event) -> Option<CallKey> {
    match event {
        Event::Incoming { call, .. }
        | Event::Acknowledged { call, .. }
        | Event::Reinvited { call, .. }
        | Event::ReinviteCancelled { call }
        | Event::ReinviteAcknowledged { call, .. }
        | Event::Ended { call, .. } => Some(*call),
        Event::Request { call, .. } => *call,
        _ => None,
    }
}

fn leg_of_notice(notice: &MediaNotice) -> Option<LegId> {
    match notice {
        MediaNotice::Digit { leg, .. }
        | MediaNotice::Talking { leg, .. }
        | MediaNotice::StreamStarted { leg }
        | MediaNotice::RemoteLearned { leg, .. }
        | MediaNotice::StreamSilent { leg, .. }
        | MediaNotice::LegRemoved { leg, .. } => Some(*leg),
        _ => None,
    }
}

fn channel_of_effect(effect: &Effect) -> Option<ChannelKey> {
    match effect {
        Effect::Ring { channel }
        | Effect::Progress { channel }
        | Effect::Answer { channel }
        | Effect::HangUp { channel, .. }
        | Effect::Connect { channel, .. }
        | Effect::Gate { channel, .. }
        | Effect::Volume { channel, .. }
        | Effect::SendDigit { channel, .. } => Some(*channel),
        Effect::Play { target, .. } | Effect::Record { target, .. } => channel_of_target(*target),
        _ => None,
    }
}

fn channel_of_target(target: AudioTarget) -> Option<ChannelKey> {
    match target {
        AudioTarget::Channel(channel) => Some(channel),
        AudioTarget::Bridge(_) => None,
    }
}

#[cfg(test)]
pub(crate) mod tests;
