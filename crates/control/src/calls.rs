//! What happens on a call that exists, from the SIP side.

use alloc::string::ToString;

use bytes::Bytes;
use plenum_media::MediaCommand;
use plenum_sdp::{Negotiated, NegotiationError};
use plenum_sip_msg::{HeaderName, Message, Method, StatusCode};
use plenum_sip_ua::{Body, CallKey, EndCause, Event, ExtraHeaders, RequestKey};
use plenum_switch::{Cause, LegEvent, Stimulus};
use plenum_time::Instant;

use crate::Output;
use crate::causes::{cause_in, cause_of};
use crate::control::{Control, ControlOutbox};
use crate::inbound::{Invitation, explanation, sdp_body};
use crate::info;
use crate::leg::{Leg, LegKey, LegState, local_media, no_agreement, stream_setup};

/// Methods that are answered, for the `Allow` header of a 405.
const ALLOW: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO";

impl Control {
    pub(crate) fn sip_event(&mut self, now: Instant, event: Event, out: &mut ControlOutbox) {
        match event {
            Event::Incoming {
                call,
                flow,
                request,
                ..
            } => {
                let invitation = Invitation {
                    call,
                    from: flow.remote.ip().to_canonical(),
                    request,
                };
                self.incoming(now, invitation, out);
            }
            Event::Acknowledged { call, request, .. } => {
                self.acknowledged(now, call, &request, out);
            }
            Event::Reinvited { call, request, .. } => self.reinvited(now, call, &request, out),
            Event::ReinviteCancelled { call } => {
                if let Some(leg) = self.leg_of(call) {
                    self.legs[leg].offers.roll_back();
                }
            }
            Event::ReinviteAcknowledged { call, request, .. } => {
                self.late_answer(call, &request, out);
            }
            Event::Request {
                key, call, request, ..
            } => self.in_dialog(now, key, call, &request),
            Event::Ended { call, cause } => self.ended(call, &cause, out),
            _ => {}
        }
    }

    pub(crate) fn leg_of(&self, call: CallKey) -> Option<LegKey> {
        self.leg_of_call.get(&call).copied()
    }

    /// Reports an event of a leg to the switch.
    pub(crate) fn report(&mut self, key: LegKey, event: LegEvent) {
        let Some(channel) = self.legs.get(key).and_then(|leg| leg.channel) else {
            return;
        };
        self.stimuli.push_back(Stimulus::Leg { channel, event });
    }

    /// The ACK of an INVITE without offer carries the answer to ours.
    fn acknowledged(
        &mut self,
        now: Instant,
        call: CallKey,
        request: &Message,
        out: &mut ControlOutbox,
    ) {
        let Some(key) = self.leg_of(call) else { return };
        if !self.legs[key].offers.is_pending() {
            return;
        }
        let why = match sdp_body(request) {
            Ok(Some(answer)) => match self.legs[key].offers.remote_answer(&answer) {
                Ok(negotiated) => return self.apply(key, &negotiated, out),
                Err(error) => error.to_string(),
            },
            Ok(None) => "the ACK has no answer to our offer (RFC 3264 4)".to_string(),
            Err(why) => why,
        };
        let leg = &mut self.legs[key];
        leg.cause = Some(Cause(58));
        let gone = self
            .ua
            .hang_up(now, call, &explanation(&why), &mut self.ua_out);
        drop(gone);
    }

    /// The ACK of a re-INVITE without offer: without an answer all stays as it was.
    fn late_answer(&mut self, call: CallKey, request: &Message, out: &mut ControlOutbox) {
        let Some(key) = self.leg_of(call) else { return };
        let offers = &mut self.legs[key].offers;
        let answer = sdp_body(request).ok().flatten();
        match answer.map(|answer| offers.remote_answer(&answer)) {
            Some(Ok(negotiated)) => self.apply(key, &negotiated, out),
            Some(Err(_)) | None => {
                offers.roll_back();
            }
        }
    }

    fn reinvited(
        &mut self,
        now: Instant,
        call: CallKey,
        request: &Message,
        out: &mut ControlOutbox,
    ) {
        let Some(key) = self.leg_of(call) else { return };
        match self.renegotiate(key, request) {
            Ok((answer, negotiated)) => {
                let accepted =
                    self.ua
                        .accept_reinvite(now, call, Some(Body::sdp(answer)), &mut self.ua_out);
                if let (Ok(()), Some(negotiated)) = (accepted, negotiated) {
                    self.apply(key, &negotiated, out);
                }
            }
            Err((status, why)) => {
                let headers = explanation(&why);
                let refused =
                    self.ua
                        .refuse_reinvite(now, call, status, &headers, &mut self.ua_out);
                drop(refused);
            }
        }
    }

    /// Answers the offer of a re-INVITE, or makes one if it has none.
    fn renegotiate(
        &mut self,
        key: LegKey,
        request: &Message,
    ) -> Result<(Bytes, Option<Negotiated>), (StatusCode, alloc::string::String)> {
        let offer = sdp_body(request).map_err(|why| (StatusCode::UNSUPPORTED_MEDIA_TYPE, why))?;
        let leg = &mut self.legs[key];
        let local = local_media(leg.addresses, leg.place);
        let outcome = match offer {
            None => leg
                .offers
                .local_offer(&local)
                .map(|offer| (Bytes::from(offer), None)),
            Some(offer) => leg
                .offers
                .remote_offer(&offer, &local)
                .map(|(answer, negotiated)| (Bytes::from(answer), Some(negotiated))),
        };
        outcome.map_err(|error| {
            let status = match error {
                NegotiationError::OfferPending => StatusCode::REQUEST_PENDING,
                NegotiationError::Sdp(_) => StatusCode::BAD_REQUEST,
                _ => StatusCode::NOT_ACCEPTABLE_HERE,
            };
            (status, no_agreement(&error))
        })
    }

    /// Puts what was negotiated into force on the shard, and tells the switch of a hold.
    fn apply(&mut self, key: LegKey, negotiated: &Negotiated, out: &mut ControlOutbox) {
        let leg = &mut self.legs[key];
        let was_held = leg.held;
        leg.held = leg.state == LegState::Up && negotiated.remote_on_hold && !leg.one_way;
        leg.one_way &= negotiated.remote_on_hold;
        let held = leg.held;
        if let Some(stream) = stream_setup(negotiated, held) {
            let command = MediaCommand::UpdateLeg {
                leg: key.id(),
                stream,
            };
            out.push(Output::Media {
                shard: leg.shard,
                command,
            });
        }
        if let (Some(remote), Some(table)) = (negotiated.remote, self.ports.get_mut(&leg.shard)) {
            table.announce(key.id(), remote);
        }
        match (was_held, held) {
            (false, true) => self.report(key, LegEvent::Held),
            (true, false) => self.report(key, LegEvent::Resumed),
            _ => {}
        }
    }

    fn in_dialog(
        &mut self,
        now: Instant,
        key: RequestKey,
        call: Option<CallKey>,
        request: &Message,
    ) {
        let leg = call.and_then(|call| self.leg_of(call));
        let (status, headers) = match (request.method(), leg) {
            (Some(Method::Options), _) => (StatusCode::OK, capabilities()),
            (Some(Method::Info), Some(leg)) => self.info(leg, request),
            (Some(Method::Info), None) => (
                StatusCode::CALL_DOES_NOT_EXIST,
                explanation("INFO belongs to a call; there is none with these tags"),
            ),
            _ => (
                StatusCode::METHOD_NOT_ALLOWED,
                explanation("this method is not supported here; see Allow")
                    .with(HeaderName::Allow, ALLOW),
            ),
        };
        let answered = self
            .ua
            .respond(now, key, status, &headers, None, &mut self.ua_out);
        drop(answered);
    }

    fn info(&mut self, leg: LegKey, request: &Message) -> (StatusCode, ExtraHeaders) {
        let body = request.body();
        let kind = request.content_type().ok().flatten();
        let subtype = ["dtmf-relay", "dtmf"].into_iter().find(|subtype| {
            kind.as_ref()
                .is_some_and(|kind| kind.is("application", subtype))
        });
        match subtype {
            // RFC 6086 4.2.2 and common practice: an INFO without a body is a keep-alive.
            None if body.is_empty() => (StatusCode::OK, ExtraHeaders::none()),
            None => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                explanation("INFO carries digits here; send application/dtmf-relay").with(
                    HeaderName::Accept,
                    "application/dtmf-relay, application/dtmf",
                ),
            ),
            Some(subtype) => match info::digit(subtype, &body) {
                Some((digit, duration)) => {
                    self.report(leg, LegEvent::Digit { digit, duration });
                    (StatusCode::OK, ExtraHeaders::none())
                }
                None => (
                    StatusCode::BAD_REQUEST,
                    explanation("no digit in the body; send Signal=5 with one of 0-9 * # A-D"),
                ),
            },
        }
    }

    fn ended(&mut self, call: CallKey, cause: &EndCause, out: &mut ControlOutbox) {
        self.counters.calls_ended += 1;
        let Some(key) = self.leg_of(call) else {
            return self.held.remove(call);
        };
        let (cause, protocol_code) = hangup_cause(&self.legs[key], cause);
        self.close_leg(key, cause, protocol_code, out);
    }
}

/// What an OPTIONS is told (RFC 3261 11.2).
fn capabilities() -> ExtraHeaders {
    ExtraHeaders::none()
        .with(HeaderName::Allow, ALLOW)
        .with(
            HeaderName::Accept,
            "application/sdp, application/dtmf-relay, application/dtmf",
        )
        .with(HeaderName::AcceptLanguage, "en")
}

/// Works out why a call ended: our own reason, the peer's, or what the status says.
fn hangup_cause(leg: &Leg, cause: &EndCause) -> (Cause, Option<u16>) {
    let stated = |message: &Message| {
        message
            .reason()
            .filter_map(Result::ok)
            .find_map(|reason| cause_in(&reason))
    };
    match cause {
        EndCause::RemoteBye(bye) => (stated(bye).unwrap_or(Cause(16)), None),
        EndCause::RemoteCancel(cancel) => (stated(cancel).unwrap_or(Cause(127)), Some(487)),
        EndCause::Rejected(status) | EndCause::Refused(status) => (
            leg.cause.unwrap_or_else(|| cause_of(*status)),
            Some(status.as_u16()),
        ),
        EndCause::LocalBye | EndCause::LocalCancel => (leg.cause.unwrap_or(Cause(16)), None),
        EndCause::NoAck | EndCause::TimedOut | EndCause::Gone => (Cause(102), None),
        EndCause::TransportFailed => (Cause(38), None),
        _ => (Cause(127), None),
    }
}
