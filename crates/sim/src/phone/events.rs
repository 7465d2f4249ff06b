//! What the server does to a phone.

use plenum_sip_msg::{Message, StatusCode};
use plenum_sip_ua::{Body, CallKey, EndCause, Event, ExtraHeaders};
use plenum_time::Instant;

use super::{Call, CallEnd, Line, Phone};

impl Phone {
    pub(super) fn event(&mut self, now: Instant, event: Event) {
        match event {
            Event::Incoming { call, .. } => {
                let busy = StatusCode::new(486).expect("a status");
                let none = ExtraHeaders::none();
                let refused = self.endpoint.reject(now, call, busy, &none, &mut self.out);
                drop(refused);
            }
            Event::Progress { call, response, .. } => self.progressed(now, call, &response),
            Event::Answered {
                call,
                response,
                needs_acknowledge,
                ..
            } => {
                self.answered(now, call, &response, needs_acknowledge);
            }
            Event::Reinvited { call, request, .. } => self.reinvited(now, call, &request),
            Event::ReinviteAnswered { call, response, .. } => {
                if let Some(own) = self.own(call) {
                    own.take_answer(now, &response);
                }
            }
            Event::ReinviteRefused { call, .. } => {
                if let Some(own) = self.own(call) {
                    own.offers.roll_back();
                    own.hold = own.agreed_hold;
                }
            }
            Event::Request { key, .. } => {
                let none = ExtraHeaders::none();
                let done =
                    self.endpoint
                        .respond(now, key, StatusCode::OK, &none, None, &mut self.out);
                drop(done);
            }
            Event::Ended { call, cause } => self.ended(call, &cause),
            _ => {}
        }
    }

    fn own(&mut self, key: CallKey) -> Option<&mut Call> {
        self.call.as_mut().filter(|call| call.key == key)
    }

    fn progressed(&mut self, now: Instant, key: CallKey, response: &Message) {
        let Some(call) = self.own(key) else { return };
        if call.line == Line::Calling {
            call.line = Line::Ringing;
        }
        // Early media: the answer is tried out, and taken when it comes with the 200.
        let mut trial = call.offers.clone();
        if let Ok(negotiated) = trial.remote_answer(&response.body()) {
            call.audio.apply(now, &negotiated);
        }
    }

    fn answered(&mut self, now: Instant, key: CallKey, response: &Message, late: bool) {
        let Some(call) = self.own(key) else { return };
        if call.line != Line::Ending {
            call.line = Line::Up;
        }
        if !late {
            call.take_answer(now, response);
            return;
        }
        let address = call.audio.address;
        let local = self.local_media(address, None);
        let Some(call) = self.own(key) else { return };
        let answer = call.offers.remote_offer(&response.body(), &local);
        let body = answer.ok().map(|(answer, negotiated)| {
            call.audio.apply(now, &negotiated);
            Body::sdp(answer)
        });
        let acknowledged = self.endpoint.acknowledge(now, key, body, &mut self.out);
        drop(acknowledged);
    }

    fn reinvited(&mut self, now: Instant, key: CallKey, request: &Message) {
        let Some((address, hold)) = self.own(key).map(|call| (call.audio.address, call.hold))
        else {
            return;
        };
        let local = self.local_media(address, hold);
        let Some(call) = self.own(key) else { return };
        let done = match call.offers.remote_offer(&request.body(), &local) {
            Ok((answer, negotiated)) => {
                call.audio.apply(now, &negotiated);
                let body = Some(Body::sdp(answer));
                self.endpoint.accept_reinvite(now, key, body, &mut self.out)
            }
            Err(_) => {
                let (status, none) = (StatusCode::NOT_ACCEPTABLE_HERE, ExtraHeaders::none());
                self.endpoint
                    .refuse_reinvite(now, key, status, &none, &mut self.out)
            }
        };
        drop(done);
    }

    fn ended(&mut self, key: CallKey, cause: &EndCause) {
        let Some(call) = self.call.take_if(|call| call.key == key) else {
            return;
        };
        drop(call);
        self.end = Some(match cause {
            EndCause::RemoteBye(_) => CallEnd::HungUpByServer,
            EndCause::LocalBye => CallEnd::HungUp,
            EndCause::LocalCancel => CallEnd::Cancelled,
            EndCause::Refused(status) => CallEnd::Refused(status.as_u16()),
            _ => CallEnd::Lost,
        });
    }
}

impl Call {
    fn take_answer(&mut self, now: Instant, response: &Message) {
        if let Ok(negotiated) = self.offers.remote_answer(&response.body()) {
            self.audio.apply(now, &negotiated);
            self.agreed_hold = self.hold;
        } else {
            self.offers.roll_back();
        }
    }
}
