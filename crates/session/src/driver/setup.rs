//! Calls begin: ours, and those of others.

use plenum_runtime::random;
use plenum_sdp::{NegotiationError, OfferAnswer};
use plenum_sip_msg::{Message, NameAddr, StatusCode};
use plenum_sip_ua::{Body, CallKey, ExtraHeaders, Flow, Invite};
use tracing::debug;

use super::Driver;
use super::session::{Ends, Session, local_media};
use super::sip::{explanation, own_uri, sdp_body};
use crate::call::Call;
use crate::config::CallConfig;
use crate::destination::Destination;
use crate::error::SessionError;
use crate::event::{CallEvent, EndCause};
use crate::incoming::IncomingCall;
use crate::link::CallId;
use crate::state::State;

impl Driver {
    /// Places a call.
    pub(super) fn dial(
        &mut self,
        to: &Destination,
        config: &CallConfig,
    ) -> Result<Call, SessionError> {
        self.admit()?;
        let flow = self.sip.flow(to.transport(), to.remote())?;
        let seat = self.media.seat()?;
        let local = local_media(flow.local.ip(), seat.rtp_port, config);
        let mut offers = self.offers()?;
        let body = match config.late_offer {
            true => Ok(None),
            false => offers
                .local_offer(&local)
                .map(|offer| Some(Body::sdp(offer))),
        };
        let invited = body.map_err(disagreement).and_then(|body| {
            let invite = self.invite(flow, to, config, body);
            Ok(self.sip.invite(invite)?)
        });
        let key = match invited {
            Ok(key) => key,
            Err(error) => {
                self.media.leave(seat);
                return Err(error);
            }
        };
        let id = self.next_call();
        let (session, ends) = Session::new(id, key, State::Calling, local, seat, offers);
        Ok(self.enter(session, ends))
    }

    fn invite(
        &self,
        flow: Flow,
        to: &Destination,
        config: &CallConfig,
        body: Option<Body>,
    ) -> Invite {
        let from = config
            .from
            .as_ref()
            .or(self.config.identity.as_ref())
            .cloned();
        let from = from.unwrap_or_else(|| NameAddr::new(own_uri(&flow, None)));
        let contact = own_uri(&flow, from.uri.user().as_deref());
        let request_uri = to.uri().clone().without_headers();
        Invite {
            flow,
            to: NameAddr::new(request_uri.clone()),
            request_uri,
            from,
            contact,
            routes: Vec::new(),
            headers: ExtraHeaders::none(),
            body,
            call_id: None,
            may_retry: false,
        }
    }

    /// Somebody calls: whoever takes incoming calls decides.
    pub(super) fn arrive(&mut self, key: CallKey, flow: Flow, request: &Message) {
        let refused = match self.admit_arrival(key, flow, request) {
            Ok(()) => return,
            Err((status, why)) => self.sip.reject(key, status, &why),
        };
        if let Err(error) = refused {
            debug!(%error, "not refused");
        }
    }

    fn admit_arrival(
        &mut self,
        key: CallKey,
        flow: Flow,
        request: &Message,
    ) -> Result<(), (StatusCode, String)> {
        let bad = |error: plenum_sip_msg::HeaderError| (StatusCode::BAD_REQUEST, error.to_string());
        let unable = |error: SessionError| (StatusCode::SERVICE_UNAVAILABLE, error.to_string());
        let (from, uri) = (
            request.from().map_err(bad)?,
            request.request_uri().map_err(bad)?,
        );
        let offer = sdp_body(request).map_err(|why| (StatusCode::UNSUPPORTED_MEDIA_TYPE, why))?;
        self.admit().map_err(unable)?;
        let nobody = |_| {
            let why = "nobody takes the calls of this phone; call again later";
            (StatusCode::TEMPORARILY_UNAVAILABLE, why.to_owned())
        };
        let arrivals = self.incoming.clone();
        let place = arrivals.try_reserve().map_err(nobody)?;
        let mut address = flow.local.ip();
        if address.is_unspecified() {
            address = self.sip.source(flow.remote).map_err(unable)?;
        }
        let offers = self.offers().map_err(unable)?;
        let seat = self.media.seat().map_err(unable)?;
        let local = local_media(address, seat.rtp_port, &CallConfig::default());
        let id = self.next_call();
        let (mut session, ends) = Session::new(id, key, State::Incoming, local, seat, offers);
        session.offer = offer;
        let call = self.enter(session, ends);
        place.send(IncomingCall { call, from, uri });
        Ok(())
    }

    /// Answers a call that came in.
    pub(super) fn answer(&mut self, id: CallId, config: &CallConfig) -> Result<(), SessionError> {
        let Some(session) = self.sessions.get_mut(&id) else {
            return Err(SessionError::Stopped);
        };
        if session.state() != State::Incoming {
            let state = session.state();
            return Err(SessionError::WrongState {
                wish: "answer",
                state,
            });
        }
        session.local = local_media(session.local.address, session.seat.rtp_port, config);
        let agreed = match session.offer.take() {
            None => session
                .offers
                .local_offer(&session.local)
                .map(|offer| (offer, None)),
            Some(offer) => session
                .offers
                .remote_offer(&offer, &session.local)
                .map(|(answer, negotiated)| (answer, Some(negotiated))),
        };
        match agreed {
            Ok((body, negotiated)) => {
                self.sip.accept(session.key, body)?;
                session.set_state(State::Accepting);
                if let Some(negotiated) = negotiated {
                    session.apply_offer(&negotiated, &mut self.media);
                }
                Ok(())
            }
            Err(error) => {
                let status = match error {
                    NegotiationError::Sdp(_) => StatusCode::BAD_REQUEST,
                    _ => StatusCode::NOT_ACCEPTABLE_HERE,
                };
                let why = error.to_string();
                session.fault = Some((EndCause::NoAgreement, why.clone()));
                self.sip.reject(session.key, status, &why)?;
                Err(disagreement(error))
            }
        }
    }

    /// Our call was answered.
    pub(super) fn answered(&mut self, id: CallId, response: &Message, offered: bool) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let key = session.key;
        let body = sdp_body(response);
        let agreed = match body {
            Err(why) => Err(why),
            Ok(None) => Err("the answer has no session description (RFC 3264 4)".to_owned()),
            Ok(Some(answer)) if !offered => session
                .offers
                .remote_answer(&answer)
                .map_err(|e| e.to_string()),
            Ok(Some(offer)) => {
                let outcome = session.offers.remote_offer(&offer, &session.local);
                outcome
                    .map_err(|error| error.to_string())
                    .and_then(|(answer, negotiated)| {
                        let sent = self.sip.acknowledge(key, Some(answer));
                        sent.map(|()| negotiated).map_err(|error| error.to_string())
                    })
            }
        };
        match agreed {
            Ok(negotiated) if offered => {
                session.apply_offer(&negotiated, &mut self.media);
                session.establish();
            }
            Ok(negotiated) => {
                session.apply_answer(&negotiated, &mut self.media);
                session.establish();
            }
            Err(why) => {
                if offered {
                    // RFC 3261 13.2.2.4: the ACK goes out in any case, then BYE.
                    let _ = self.sip.acknowledge(key, None);
                }
                let headers = explanation(&why);
                session.fault = Some((EndCause::NoAgreement, why));
                session.end_locally();
                let _ = self.sip.hang_up(key, &headers);
            }
        }
    }

    /// The ACK of our answer: the call is up, and the ACK has the answer if we had offered.
    pub(super) fn acknowledged(&mut self, id: CallId, request: &Message) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        if session.offers.is_pending() {
            let agreed = match sdp_body(request) {
                Ok(Some(answer)) => session
                    .offers
                    .remote_answer(&answer)
                    .map_err(|error| error.to_string()),
                Ok(None) => Err("the ACK has no answer to our offer (RFC 3264 4)".to_owned()),
                Err(why) => Err(why),
            };
            match agreed {
                Ok(negotiated) => session.apply_answer(&negotiated, &mut self.media),
                Err(why) => {
                    let headers = explanation(&why);
                    session.fault = Some((EndCause::NoAgreement, why));
                    session.end_locally();
                    let _ = self.sip.hang_up(session.key, &headers);
                    return;
                }
            }
        }
        if session.state() == State::Accepting {
            session.establish();
        }
    }

    /// A provisional response to our INVITE; a session description in it is early media.
    pub(super) fn progress(&mut self, id: CallId, response: &Message) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let Some(status) = response.status() else {
            return;
        };
        let mut early_media = false;
        if session.offers.is_pending()
            && let Ok(Some(answer)) = sdp_body(response)
        {
            // RFC 3261 13.2.1: the answer that counts is that of the 2xx, so this one is tried on
            // a copy.
            let mut early = session.offers.clone();
            if let Ok(negotiated) = early.remote_answer(&answer) {
                session.apply_answer(&negotiated, &mut self.media);
                early_media = true;
            }
        }
        session.notify(match status {
            StatusCode::RINGING if !early_media => CallEvent::Ringing,
            status => CallEvent::Progress {
                status,
                early_media,
            },
        });
    }

    fn admit(&self) -> Result<(), SessionError> {
        if self.stopping.is_some() {
            return Err(SessionError::Stopped);
        }
        let limit = self.config.calls_max;
        if self.sessions.len() >= limit {
            return Err(SessionError::Limit {
                what: "calls",
                limit,
            });
        }
        Ok(())
    }

    fn offers(&self) -> Result<OfferAnswer, SessionError> {
        Ok(OfferAnswer::new(
            random::number().map_err(SessionError::Start)?,
        ))
    }

    const fn next_call(&mut self) -> CallId {
        self.calls += 1;
        CallId(self.calls)
    }

    /// Puts a session into the books and returns its handle.
    fn enter(&mut self, session: Session, ends: Ends) -> Call {
        let id = session.id;
        self.media.open(id);
        self.media.connect(session.seat.leg, id, false);
        self.keys.insert(session.key, id);
        self.legs.insert(session.seat.leg, id);
        self.sessions.insert(id, session);
        Call::new(id, self.link.clone(), ends.status, ends.events)
    }
}

pub(super) fn disagreement(error: NegotiationError) -> SessionError {
    SessionError::NoAgreement(error.to_string())
}
