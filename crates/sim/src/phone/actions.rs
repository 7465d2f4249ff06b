//! What a phone's owner does with it.

use std::net::SocketAddr;

use bytes::Bytes;
use plenum_sdp::OfferAnswer;
use plenum_sip_msg::{Method, NameAddr, Uri};
use plenum_sip_ua::{Body, ExtraHeaders, Invite};
use plenum_time::Instant;

use super::{Audio, Call, Hold, KEEP_ALIVE, Line, Phone, SIP_PORT, Voice, endpoint};
use crate::network::Datagram;

/// Octets of a garbage datagram at most.
const GARBAGE_MAX: usize = 600;

impl Phone {
    /// Calls a number; tells whether the line was free.
    pub(crate) fn dial(&mut self, now: Instant, number: &str, with_offer: bool) -> bool {
        if self.call.is_some() || !self.is_on {
            return false;
        }
        self.end = None;
        self.calls += 1;
        let address = self.take_rtp_address();
        let mut offers = OfferAnswer::new(self.dice.long());
        let local = self.local_media(address, None);
        let offer = offers
            .local_offer(&local)
            .expect("a phone always has codecs");
        if !with_offer {
            offers = OfferAnswer::new(self.dice.long());
        }
        let call_id = format!(
            "{}-{}-{:08x}",
            self.setup.name,
            self.calls,
            self.dice.word()
        );
        let invite = self.invite(number, &call_id, with_offer.then(|| Body::sdp(offer)));
        let Ok(key) = self.endpoint.invite(now, invite, &mut self.out) else {
            return false;
        };
        let own = (self.setup.hz, self.setup.drift_ppm);
        self.call = Some(Call {
            key,
            call_id,
            number: number.to_owned(),
            line: Line::Calling,
            hold: None,
            agreed_hold: None,
            audio: Audio::new(now, address, own, &self.tones, &mut self.dice),
            offers,
            keep_alive: now + KEEP_ALIVE,
        });
        self.settle(now);
        true
    }

    /// Hangs up, or gives up a call that is not answered.
    pub(crate) fn hang_up(&mut self, now: Instant) -> bool {
        let Some(call) = self.call.as_mut().filter(|_| self.is_on) else {
            return false;
        };
        call.line = Line::Ending;
        let (key, none) = (call.key, ExtraHeaders::none());
        let done = self
            .endpoint
            .hang_up(now, key, &none, &mut self.out)
            .is_ok();
        self.settle(now);
        done
    }

    /// Puts the other side on hold, or takes it off.
    pub(crate) fn hold(&mut self, now: Instant, hold: Option<Hold>) -> bool {
        let Some(call) = self.call_up() else {
            return false;
        };
        let address = call.audio.address;
        self.reinvite(now, address, hold)
    }

    /// Goes on with the call at another address.
    pub(crate) fn move_audio(&mut self, now: Instant) -> bool {
        let Some(call) = self.call_up() else {
            return false;
        };
        let hold = call.hold;
        if call.offers.is_pending() {
            return false;
        }
        let address = self.take_rtp_address();
        self.reinvite(now, address, hold)
    }

    /// Presses keys, sent as telephone-events.
    pub(crate) fn press(&mut self, keys: &str) -> bool {
        let call = self.call.as_mut().filter(|call| call.line == Line::Up);
        call.is_some_and(|call| call.audio.press(keys))
    }

    /// Presses a key, sent as INFO.
    pub(crate) fn press_by_info(&mut self, now: Instant, key: char) -> bool {
        let content_type = "application/dtmf-relay".parse().expect("a media type");
        let text = format!("Signal={key}\r\nDuration=160\r\n");
        self.info(
            now,
            Some(Body {
                content_type,
                bytes: Bytes::from(text),
            }),
        )
    }

    /// Changes what the phone says.
    pub(crate) fn speak(&mut self, voice: Voice) -> bool {
        let call = self.call.as_mut();
        call.map(|call| call.audio.voice = voice).is_some()
    }

    /// Loses its power: nothing is said any more, and nothing known.
    pub(crate) fn crash(&mut self) {
        self.is_on = false;
        self.forgotten
            .extend(self.call.take().map(|call| call.call_id));
        self.outgoing.clear();
    }

    /// Gets its power back.
    pub(crate) fn restart(&mut self) {
        if !self.is_on {
            self.endpoint = endpoint(&self.setup, &mut self.dice);
            self.is_on = true;
        }
    }

    /// Sends octets that mean nothing, to the server's SIP port and to where its audio goes.
    pub(crate) fn send_garbage(&mut self) {
        if !self.is_on {
            return;
        }
        let len = self.dice.below(GARBAGE_MAX);
        let mut bytes = self.dice.bytes(len);
        if self.dice.chance(500) {
            let start = b"INVITE sip:4711@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP ";
            bytes.splice(0..0, start.iter().copied());
        }
        self.send_sip(self.setup.server, Bytes::from(bytes));
        let audio = self.call.as_ref().and_then(|call| {
            let from = SocketAddr::new(self.setup.address, call.audio.address.port() + 100);
            Some((from, call.audio.remote()?))
        });
        if let Some((from, to)) = audio {
            let len = 1 + self.dice.below(GARBAGE_MAX);
            let mut bytes = self.dice.bytes(len);
            // Of another version, for what looks like RTP may be taken for the phone's stream.
            bytes[0] |= 0b1100_0000;
            self.outgoing.push(Datagram {
                from,
                to,
                bytes: Bytes::from(bytes),
            });
        }
    }

    /// Says that the phone is still there, in its call.
    pub(super) fn keep_alive(&mut self, now: Instant) {
        let due = self.call_up().is_some_and(|call| call.keep_alive <= now);
        if due {
            self.info(now, None);
            if let Some(call) = &mut self.call {
                call.keep_alive = now + KEEP_ALIVE;
            }
        }
    }

    fn info(&mut self, now: Instant, body: Option<Body>) -> bool {
        let Some(key) = self.call_up().map(|call| call.key) else {
            return false;
        };
        let none = ExtraHeaders::none();
        let sent = self
            .endpoint
            .request(now, key, Method::Info, &none, body, &mut self.out)
            .is_ok();
        self.settle(now);
        sent
    }

    fn reinvite(&mut self, now: Instant, address: SocketAddr, hold: Option<Hold>) -> bool {
        let local = self.local_media(address, hold);
        let Some(call) = &mut self.call else {
            return false;
        };
        let Ok(offer) = call.offers.local_offer(&local) else {
            return false;
        };
        let body = Some(Body::sdp(offer));
        if self
            .endpoint
            .reinvite(now, call.key, body, &mut self.out)
            .is_err()
        {
            call.offers.roll_back();
            return false;
        }
        call.hold = hold;
        call.audio.address = address;
        self.settle(now);
        true
    }

    fn invite(&self, number: &str, call_id: &str, body: Option<Body>) -> Invite {
        let server = self.setup.server;
        let to = Uri::sip(server.ip()).with_user(number);
        let own = Uri::sip(self.setup.address).with_user(&self.setup.name);
        Invite {
            flow: self.flow(),
            request_uri: to.clone(),
            from: NameAddr::new(own.clone()).with_display(&self.setup.name),
            to: NameAddr::new(to),
            contact: own.with_port(SIP_PORT),
            routes: Vec::new(),
            headers: ExtraHeaders::none(),
            body,
            call_id: Some(call_id.to_owned()),
            may_retry: false,
        }
    }
}
