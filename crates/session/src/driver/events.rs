//! What the SIP machine reports.

use plenum_sip_msg::{HeaderName, Message, Method, StatusCode};
use plenum_sip_ua::{CallKey, EndCause as SipEnd, Event, ExtraHeaders, RequestKey};
use tracing::debug;

use super::sip::{explanation, stated};
use super::{Driver, FIGURES_PATIENCE, digits};
use crate::event::{CallEvent, EndCause, Ended};
use crate::link::CallId;
use crate::state::State;

/// Methods that are answered, for the Allow header.
const ALLOW: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO";

impl Driver {
    pub(super) fn sip_event(&mut self, event: Event) {
        match event {
            Event::Incoming {
                call,
                flow,
                request,
                ..
            } => self.arrive(call, flow, &request),
            Event::Progress { call, response, .. } => {
                self.with(call, |driver, id| driver.progress(id, &response));
            }
            Event::Answered {
                call,
                response,
                needs_acknowledge,
                ..
            } => {
                self.with(call, |driver, id| {
                    driver.answered(id, &response, needs_acknowledge)
                });
            }
            Event::Refused { call, response, .. } => {
                self.with(call, |driver, id| driver.refused(id, response.as_ref()));
            }
            Event::Acknowledged { call, request, .. } => {
                self.with(call, |driver, id| driver.acknowledged(id, &request));
            }
            Event::Reinvited { call, request, .. } => {
                self.with(call, |driver, id| driver.reinvited(id, &request));
            }
            Event::ReinviteCancelled { call } => {
                self.with(call, |driver, id| driver.reinvite_cancelled(id));
            }
            Event::ReinviteAcknowledged { call, request, .. } => {
                self.with(call, |driver, id| {
                    driver.reinvite_acknowledged(id, &request)
                });
            }
            Event::ReinviteAnswered { call, response, .. } => {
                self.with(call, |driver, id| driver.update_answered(id, &response));
            }
            Event::ReinviteRefused {
                call,
                status,
                response,
            } => {
                let text = response.as_ref().and_then(stated);
                self.with(call, |driver, id| driver.update_refused(id, status, text));
            }
            Event::Request {
                key, call, request, ..
            } => self.request(key, call, &request),
            Event::Response {
                key,
                call: Some(call),
                response,
            } => {
                self.with(call, |driver, id| {
                    driver.info_answered(id, key, response.as_ref())
                });
            }
            Event::Ended { call, cause } => {
                self.with(call, |driver, id| driver.ended(id, &cause));
                self.keys.remove(&call);
            }
            _ => {}
        }
    }

    fn with(&mut self, key: CallKey, act: impl FnOnce(&mut Self, CallId)) {
        if let Some(id) = self.keys.get(&key).copied() {
            act(self, id);
        }
    }

    /// Our call was refused: keeps what was said about it until the end is reported.
    fn refused(&mut self, id: CallId, response: Option<&Message>) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        if session.fault.is_none()
            && let Some(text) = response.and_then(stated)
        {
            session.fault = Some((EndCause::Refused, text));
        }
    }

    fn request(&mut self, key: RequestKey, call: Option<CallKey>, request: &Message) {
        let id = call.and_then(|call| self.keys.get(&call).copied());
        let (status, headers) = match (request.method(), id) {
            (Some(Method::Options), _) => (StatusCode::OK, capabilities()),
            (Some(Method::Info), Some(id)) => self.info(id, request),
            _ => {
                let headers = explanation("this phone does not do that; see Allow")
                    .with(HeaderName::Allow, ALLOW);
                (StatusCode::METHOD_NOT_ALLOWED, headers)
            }
        };
        if let Err(error) = self.sip.respond(key, status, &headers) {
            debug!(%error, "not answered");
        }
    }

    fn info(&mut self, id: CallId, request: &Message) -> (StatusCode, ExtraHeaders) {
        match digits::read(request) {
            Ok(Some((digit, duration))) => {
                if let Some(session) = self.sessions.get(&id) {
                    session.notify(CallEvent::Digit { digit, duration });
                }
                (StatusCode::OK, ExtraHeaders::none())
            }
            Ok(None) => (StatusCode::OK, ExtraHeaders::none()),
            Err((status, why)) => (status, explanation(why)),
        }
    }

    /// The SIP side of a call is over; its figures are still to come.
    fn ended(&mut self, id: CallId, cause: &SipEnd) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        session.end_locally();
        let ended = end_of(cause, session.fault.take());
        session.ended = Some(ended);
        session.fail_updates();
        session.info.fail();
        self.media.close(id);
        self.media.leave(session.seat);
        self.ending.arm_in(self.sip.now(), FIGURES_PATIENCE, id);
        if let Some(moved) = session.moving() {
            self.media.leave(moved);
        }
        session.update = None;
    }

    /// Tells the handle that all is over.
    pub(super) fn finish(&mut self, id: CallId, figures: Option<&plenum_media::LegStats>) {
        if let Some(session) = self.sessions.remove(&id) {
            debug_assert_eq!(session.state(), State::Terminating);
            self.legs.retain(|_, call| *call != id);
            self.media.forget(id);
            session.finish(figures);
        }
    }
}

/// Works out why a call is over.
fn end_of(cause: &SipEnd, fault: Option<(EndCause, String)>) -> Ended {
    let mut ended = match cause {
        SipEnd::RemoteBye(bye) => Ended {
            text: stated(bye),
            ..Ended::new(EndCause::RemoteHangUp)
        },
        SipEnd::RemoteCancel(cancel) => Ended {
            text: stated(cancel),
            ..Ended::new(EndCause::RemoteCancel)
        },
        SipEnd::LocalBye => Ended::new(EndCause::LocalHangUp),
        SipEnd::LocalCancel => Ended::new(EndCause::LocalCancel),
        SipEnd::Rejected(status) => Ended {
            status: Some(*status),
            ..Ended::new(EndCause::Rejected)
        },
        SipEnd::Refused(status) => Ended {
            status: Some(*status),
            ..Ended::new(EndCause::Refused)
        },
        SipEnd::NoAck => Ended::new(EndCause::NoAck),
        SipEnd::TimedOut => Ended::new(EndCause::TimedOut),
        SipEnd::Gone => Ended::new(EndCause::Gone),
        SipEnd::TransportFailed => Ended::new(EndCause::TransportFailed),
        _ => Ended::new(EndCause::PeerFault),
    };
    if let Some((cause, text)) = fault {
        (ended.cause, ended.text) = (cause, Some(text));
    }
    ended
}

/// What an OPTIONS is told (RFC 3261 11.2).
fn capabilities() -> ExtraHeaders {
    ExtraHeaders::none().with(HeaderName::Allow, ALLOW).with(
        HeaderName::Accept,
        "application/sdp, application/dtmf-relay, application/dtmf",
    )
}
