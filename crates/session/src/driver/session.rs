//! One call as the driver sees it.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use plenum_codecs::Codec;
use plenum_media::{LegStats, StreamSetup};
use plenum_sdp::{AudioFormat, Encoding, LocalMedia, Negotiated, OfferAnswer, Preference};
use plenum_sip_ua::CallKey;
use tokio::sync::{mpsc, watch};
use tracing::warn;

use super::digits::InfoDigits;
use super::media::{Media, Seat};
use super::update::Update;
use crate::call::EVENTS_WAITING_MAX;
use crate::config::CallConfig;
use crate::error::SessionError;
use crate::event::{CallEvent, EndCause, Ended, Party};
use crate::link::{CallId, Reply};
use crate::state::{CallStatus, State};

/// Payload type under which L16 at 8 kHz is offered.
const L16_PAYLOAD_TYPE: u8 = 107;

/// Changes of one call that wait for their turn.
pub(super) const UPDATES_WAITING_MAX: usize = 8;

/// One call: its SIP side, its media, and what its handles wait for.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) id: CallId,
    pub(super) key: CallKey,
    pub(super) local: LocalMedia,
    pub(super) offers: OfferAnswer,
    /// Our offer that is tried again after a glare, kept while an offer of the peer goes first.
    pub(super) retrying: Option<OfferAnswer>,
    /// The offer that came with the INVITE.
    pub(super) offer: Option<bytes::Bytes>,
    pub(super) seat: Seat,
    pub(super) echo: bool,
    /// The change that is under way, and those behind it.
    pub(super) update: Option<(Update, Reply<()>)>,
    pub(super) updates: VecDeque<(Update, Reply<()>)>,
    pub(super) info: InfoDigits,
    pub(super) figures_wanted: Vec<Reply<LegStats>>,
    /// The figures of legs that the call has left.
    pub(super) past: LegStats,
    /// Why the call ends, where we know better than the SIP machine.
    pub(super) fault: Option<(EndCause, String)>,
    /// The call is over but for its final figures.
    pub(super) ended: Option<Ended>,
    events: mpsc::Sender<CallEvent>,
    /// Room for the last event, which is never lost.
    last: Option<mpsc::OwnedPermit<CallEvent>>,
    status: watch::Sender<CallStatus>,
}

/// What the handle of a session is made of.
pub(super) struct Ends {
    pub(super) status: watch::Receiver<CallStatus>,
    pub(super) events: mpsc::Receiver<CallEvent>,
}

impl Session {
    pub(super) fn new(
        id: CallId,
        key: CallKey,
        state: State,
        local: LocalMedia,
        seat: Seat,
        offers: OfferAnswer,
    ) -> (Self, Ends) {
        let (events, events_end) = mpsc::channel(EVENTS_WAITING_MAX + 1);
        let last = events.clone().try_reserve_owned().ok();
        let status = CallStatus::new(state, (local.address, seat.rtp_port).into());
        let (status, status_end) = watch::channel(status);
        let session = Self {
            id,
            key,
            local,
            offers,
            retrying: None,
            offer: None,
            seat,
            echo: false,
            update: None,
            updates: VecDeque::new(),
            info: InfoDigits::default(),
            figures_wanted: Vec::new(),
            past: LegStats::default(),
            fault: None,
            ended: None,
            events,
            last,
            status,
        };
        (
            session,
            Ends {
                status: status_end,
                events: events_end,
            },
        )
    }

    pub(super) fn state(&self) -> State {
        self.status.borrow().state
    }

    pub(super) fn set_state(&mut self, state: State) {
        self.status.send_modify(|status| status.state = state);
    }

    pub(super) fn set_status(&mut self, change: impl FnOnce(&mut CallStatus)) {
        self.status.send_modify(change);
    }

    pub(super) fn status(&self) -> CallStatus {
        self.status.borrow().clone()
    }

    /// Tells the handle what happened.
    pub(super) fn notify(&self, event: CallEvent) {
        if let Err(mpsc::error::TrySendError::Full(event)) = self.events.try_send(event) {
            warn!(
                call = self.id.0,
                ?event,
                "event lost: nobody takes the events of the call"
            );
        }
    }

    /// Fails unless the call is up.
    pub(super) fn must_be_up(&self, wish: &'static str) -> Result<(), SessionError> {
        match self.state() {
            State::Established => Ok(()),
            state => Err(SessionError::WrongState { wish, state }),
        }
    }

    /// Notes that we end the call.
    pub(super) fn end_locally(&mut self) {
        if self.state() < State::Terminating {
            self.set_state(State::Terminating);
        }
    }

    /// The call is up on both sides.
    pub(super) fn establish(&mut self) {
        if self.state() >= State::Established {
            return;
        }
        self.set_state(State::Established);
        let codec = self.status.borrow().codec;
        if let Some(codec) = codec {
            self.notify(CallEvent::Answered { codec });
        }
        if self.status.borrow().held_by_remote {
            self.notify(CallEvent::Held { by: Party::Remote });
        }
    }

    /// Puts into force what the other side has answered to our offer.
    pub(super) fn apply_answer(&mut self, negotiated: &Negotiated, media: &mut Media) {
        // Where we offered to send nothing, the answer cannot tell whether the other side holds.
        let held = match self.local.direction.sends() {
            true => negotiated.remote_on_hold,
            false => self.status.borrow().held_by_remote,
        };
        self.apply(negotiated, held, media);
    }

    /// Puts into force what we have answered to an offer of the other side.
    pub(super) fn apply_offer(&mut self, negotiated: &Negotiated, media: &mut Media) {
        self.apply(negotiated, negotiated.remote_on_hold, media);
    }

    fn apply(&mut self, negotiated: &Negotiated, held: bool, media: &mut Media) {
        let Some(stream) = stream_setup(negotiated) else {
            warn!(call = self.id.0, "a codec was agreed that was not offered");
            return;
        };
        let (codec, remote) = (stream.codec, stream.remote);
        let telephone_event = stream.send_event_type.is_some();
        media.update(self.seat.leg, stream);
        let was_held = self.status.borrow().held_by_remote;
        self.set_status(|status| {
            status.codec = Some(codec);
            status.remote_rtp = remote.or(status.remote_rtp);
            status.telephone_event = telephone_event;
            status.held_by_remote = held;
        });
        if self.state() == State::Established && was_held != held {
            let by = Party::Remote;
            self.notify(if held {
                CallEvent::Held { by }
            } else {
                CallEvent::Resumed { by }
            });
        }
    }

    /// Adds the figures of a leg that the call has left.
    pub(super) fn figures(&self, leg: &LegStats) -> LegStats {
        merge(&self.past, leg)
    }

    /// Tells the handle that all is over.
    pub(super) fn finish(mut self, last_leg: Option<&LegStats>) {
        let mut ended = self
            .ended
            .take()
            .unwrap_or_else(|| Ended::new(EndCause::LocalHangUp));
        ended.stats = last_leg.map_or(self.past, |leg| self.figures(leg));
        self.set_status(|status| {
            status.state = State::Terminated;
            status.ended = Some(ended.clone());
        });
        for reply in self.figures_wanted.drain(..) {
            reply.send(Ok(ended.stats));
        }
        if let Some(last) = self.last.take() {
            last.send(CallEvent::Ended(Box::new(ended)));
        }
    }
}

/// Describes what a call offers and takes.
pub(super) fn local_media(address: IpAddr, rtp_port: u16, config: &CallConfig) -> LocalMedia {
    LocalMedia {
        formats: config
            .codecs
            .iter()
            .map(|codec| format_of(*codec))
            .collect(),
        telephone_event: config.telephone_event,
        ptime: config.packet_time,
        preference: Preference::Ours,
        ..LocalMedia::new(address, rtp_port)
    }
}

fn format_of(codec: Codec) -> AudioFormat {
    let payload_type = codec.static_payload_type().unwrap_or(L16_PAYLOAD_TYPE);
    AudioFormat::new(
        payload_type,
        Encoding::new(codec.encoding_name()),
        codec.clock_rate(),
    )
}

fn codec_of(format: &AudioFormat) -> Option<Codec> {
    let is_mono = format.channels == 1;
    Codec::from_rtpmap(format.encoding.as_str(), format.clock_rate).filter(|_| is_mono)
}

/// Translates what was negotiated into what the shard needs.
pub(super) fn stream_setup(negotiated: &Negotiated) -> Option<StreamSetup> {
    let receive = negotiated.receive_formats.iter();
    let receive = receive.filter_map(|format| Some((format.payload_type, codec_of(format)?)));
    let event = negotiated.telephone_event.as_ref();
    Some(StreamSetup {
        remote: negotiated.remote,
        remote_rtcp: negotiated.remote_rtcp,
        rtcp_mux: negotiated.rtcp_mux,
        codec: codec_of(&negotiated.format)?,
        send_payload_type: negotiated.format.payload_type,
        receive: receive.collect(),
        send_event_type: event.map(|event| event.send_pt),
        receive_event_type: event.map(|event| event.receive_pt),
        sends: negotiated.direction.sends(),
        receives: negotiated.direction.receives(),
        packet_time: packet_time(negotiated.ptime),
    })
}

/// Rounds a packet time down to one that a shard sends: 10 ms to 60 ms in steps of 10 ms.
fn packet_time(wanted: Duration) -> Duration {
    let frames = (wanted.as_millis() / 10).clamp(1, 6);
    Duration::from_millis(10) * u32::try_from(frames).unwrap_or(2)
}

/// Adds up what two legs of one call counted; what is a state is that of the later one.
fn merge(past: &LegStats, leg: &LegStats) -> LegStats {
    LegStats {
        packets_received: past.packets_received + leg.packets_received,
        bytes_received: past.bytes_received + leg.bytes_received,
        packets_lost: past.packets_lost + leg.packets_lost,
        packets_late: past.packets_late + leg.packets_late,
        packets_duplicate: past.packets_duplicate + leg.packets_duplicate,
        packets_reordered: past.packets_reordered + leg.packets_reordered,
        packets_invalid: past.packets_invalid + leg.packets_invalid,
        frames_concealed: past.frames_concealed + leg.frames_concealed,
        frames_dropped: past.frames_dropped + leg.frames_dropped,
        packets_sent: past.packets_sent + leg.packets_sent,
        bytes_sent: past.bytes_sent + leg.bytes_sent,
        ..*leg
    }
}
