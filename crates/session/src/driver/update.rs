//! Changes of a call that is up: hold, resume, other ports, from either side.

use plenum_sdp::{Direction, LocalMedia, Negotiated, NegotiationError};
use plenum_sip_msg::{Message, StatusCode};
use tracing::debug;

use super::Driver;
use super::media::Seat;
use super::session::{Session, UPDATES_WAITING_MAX};
use super::setup::disagreement;
use super::sip::sdp_body;
use crate::error::SessionError;
use crate::event::{CallEvent, Party};
use crate::link::{CallId, Reply};
use crate::state::State;

/// A change that we make by re-INVITE.
#[derive(Clone, Copy, Debug)]
pub(super) enum Update {
    Hold,
    Resume,
    /// The audio moves to this seat, once it is known.
    Move(Option<Seat>),
}

impl Session {
    /// Returns the seat that the call is moving to.
    pub(super) fn moving(&self) -> Option<Seat> {
        match self.update {
            Some((Update::Move(seat), _)) => seat,
            _ => None,
        }
    }

    /// The call is over: nothing is changed any more. Those who wait see how it ended.
    pub(super) fn fail_updates(&mut self) {
        self.updates.clear();
    }

    /// Tells whether a change is the state already.
    fn is_idle_change(&self, update: Update) -> bool {
        let held = self.status().held_by_local;
        match update {
            Update::Hold => held,
            Update::Resume => !held,
            Update::Move(_) => false,
        }
    }
}

impl Driver {
    /// Begins a change, or lets it wait for its turn.
    pub(super) fn update(&mut self, id: CallId, update: Update, reply: Reply<()>) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let wish = match update {
            Update::Hold => "hold",
            Update::Resume => "resume",
            Update::Move(_) => "move the audio",
        };
        if let Err(error) = session.must_be_up(wish) {
            return reply.send(Err(error));
        }
        if session.updates.len() >= UPDATES_WAITING_MAX {
            let limit = UPDATES_WAITING_MAX;
            return reply.send(Err(SessionError::Limit {
                what: "changes of a call",
                limit,
            }));
        }
        session.updates.push_back((update, reply));
        self.next_update(id);
    }

    /// Makes the next change that waits, if none is under way.
    fn next_update(&mut self, id: CallId) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        while session.update.is_none()
            && !session.offers.is_pending()
            && session.state() == State::Established
            && let Some((update, reply)) = session.updates.pop_front()
        {
            if session.is_idle_change(update) {
                reply.send(Ok(()));
                continue;
            }
            let seat = match update {
                Update::Move(_) => match self.media.seat() {
                    Ok(seat) => Some(seat),
                    Err(error) => {
                        reply.send(Err(error));
                        continue;
                    }
                },
                _ => None,
            };
            let update = seat.map_or(update, |seat| Update::Move(Some(seat)));
            let mut local = session.local.clone();
            change(&mut local, update, session.status().held_by_remote);
            let offered = session
                .offers
                .local_offer(&local)
                .map_err(disagreement)
                .and_then(|offer| Ok(self.sip.reinvite(session.key, offer)?));
            match offered {
                Ok(()) => session.update = Some((update, reply)),
                Err(error) => {
                    session.offers.roll_back();
                    seat.into_iter().for_each(|seat| self.media.leave(seat));
                    reply.send(Err(error));
                }
            }
        }
    }

    /// Our change was agreed to.
    pub(super) fn update_answered(&mut self, id: CallId, response: &Message) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        if let Some(retried) = session.retrying.take() {
            session.offers = retried;
        }
        let Some((update, reply)) = session.update.take() else {
            return;
        };
        let agreed = match sdp_body(response) {
            Ok(Some(answer)) => session.offers.remote_answer(&answer).map_err(disagreement),
            Ok(None) => Err(SessionError::NoAgreement("the answer is empty".to_owned())),
            Err(why) => Err(SessionError::NoAgreement(why)),
        };
        match agreed {
            Ok(negotiated) => {
                let held_by_remote = session.status().held_by_remote;
                change(&mut session.local, update, held_by_remote);
                if let Update::Move(Some(seat)) = update {
                    self.legs.insert(seat.leg, id);
                    let left = std::mem::replace(&mut session.seat, seat);
                    self.media.connect(seat.leg, id, session.echo);
                    self.media.move_recordings(id, seat.leg);
                    self.media.leave(left);
                    let local_rtp = (session.local.address, seat.rtp_port).into();
                    session.set_status(|status| status.local_rtp = local_rtp);
                }
                session.apply_answer(&negotiated, &mut self.media);
                session.note(update);
                reply.send(Ok(()));
            }
            Err(error) => {
                session.offers.roll_back();
                if let Update::Move(Some(seat)) = update {
                    self.media.leave(seat);
                }
                reply.send(Err(error));
            }
        }
        self.next_update(id);
    }

    /// Our change was refused: all stays as it was (RFC 3261 14.1).
    pub(super) fn update_refused(&mut self, id: CallId, status: StatusCode, text: Option<String>) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        session.retrying = None;
        session.offers.roll_back();
        if let Some((update, reply)) = session.update.take() {
            if let Update::Move(Some(seat)) = update {
                self.media.leave(seat);
            }
            reply.send(Err(SessionError::Refused { status, text }));
        }
        self.next_update(id);
    }

    /// The other side changes the call.
    pub(super) fn reinvited(&mut self, id: CallId, request: &Message) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let key = session.key;
        let outcome = session.answer_offer(request);
        let done = match outcome {
            Ok((body, negotiated)) => {
                let accepted = self.sip.accept_reinvite(key, body);
                if accepted.is_ok()
                    && let Some(negotiated) = negotiated
                {
                    session.apply_offer(&negotiated, &mut self.media);
                }
                accepted
            }
            Err((status, why)) => self.sip.refuse_reinvite(key, status, &why),
        };
        if let Err(error) = done {
            debug!(call = id.0, %error, "re-INVITE not answered");
        }
    }

    pub(super) fn reinvite_cancelled(&mut self, id: CallId) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        if session.update.is_none() {
            session.offers.roll_back();
        }
        self.next_update(id);
    }

    /// The ACK of a re-INVITE has the answer if the re-INVITE had no offer.
    pub(super) fn reinvite_acknowledged(&mut self, id: CallId, request: &Message) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        if session.offers.is_pending() && session.update.is_none() {
            let answer = sdp_body(request).ok().flatten();
            match answer.map(|answer| session.offers.remote_answer(&answer)) {
                Some(Ok(negotiated)) => session.apply_answer(&negotiated, &mut self.media),
                // Without an answer all stays as it was.
                _ => {
                    session.offers.roll_back();
                }
            }
        }
        self.next_update(id);
    }
}

impl Session {
    fn answer_offer(
        &mut self,
        request: &Message,
    ) -> Result<(Vec<u8>, Option<Negotiated>), (StatusCode, String)> {
        let offer = sdp_body(request).map_err(|why| (StatusCode::UNSUPPORTED_MEDIA_TYPE, why))?;
        if self.offers.is_pending() && self.retrying.is_none() {
            // RFC 3261 14.1: after a glare ours waits, and this one goes first.
            let mut without = self.offers.clone();
            without.roll_back();
            self.retrying = Some(std::mem::replace(&mut self.offers, without));
        }
        let held = self.status().held_by_local;
        self.local.direction = if held {
            Direction::SendOnly
        } else {
            Direction::SendRecv
        };
        let outcome = match offer {
            None => self
                .offers
                .local_offer(&self.local)
                .map(|offer| (offer, None)),
            Some(offer) => self
                .offers
                .remote_offer(&offer, &self.local)
                .map(|(answer, negotiated)| (answer, Some(negotiated))),
        };
        outcome.map_err(|error| {
            let status = match error {
                NegotiationError::OfferPending => StatusCode::REQUEST_PENDING,
                NegotiationError::Sdp(_) => StatusCode::BAD_REQUEST,
                _ => StatusCode::NOT_ACCEPTABLE_HERE,
            };
            (status, error.to_string())
        })
    }

    /// Makes known what we have changed.
    fn note(&mut self, update: Update) {
        let by = Party::Local;
        let (held, event) = match update {
            Update::Hold => (true, CallEvent::Held { by }),
            Update::Resume => (false, CallEvent::Resumed { by }),
            Update::Move(_) => return,
        };
        self.set_status(|status| status.held_by_local = held);
        self.notify(event);
    }
}

/// Changes what we describe.
fn change(local: &mut LocalMedia, update: Update, held_by_remote: bool) {
    match update {
        // RFC 3264 8.4: who is on hold itself asks for nothing at all.
        Update::Hold if held_by_remote => local.direction = Direction::Inactive,
        Update::Hold => local.direction = Direction::SendOnly,
        Update::Resume => local.direction = Direction::SendRecv,
        Update::Move(Some(seat)) => local.port = seat.rtp_port,
        Update::Move(None) => {}
    }
}
