//! Offers and answers, followed through the messages that carry them (RFC 3264, RFC 6337).

use bytes::Bytes;

use crate::{Body, Description, ExchangeError};

/// The exchange of one dialog.
///
/// ```text
///              offer sent                     offer received
///             +-------------+   +--------+   +---------------+
///             V             +---|        |---+               V
///       +------------+          | Stable |           +-------------+
///       | LocalOffer |--------->|        |<----------| RemoteOffer |
///       +------------+  answer  +--------+   answer  +-------------+
///                      received,             sent,
///                       refusal             refusal
/// ```
///
/// # Standard
///
/// RFC 6337 2.1: which message may carry an offer, and which its answer.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    state: State,
    /// The INVITE under way got its description in a reliable response: later ones repeat it.
    is_settled: bool,
    /// What we said in a response to the INVITE under way: its success may say it again.
    in_response: Option<Body>,
    /// What we said last, also where it is not answered yet.
    local: Option<Body>,
    /// What we said before an offer that may be refused.
    before: Option<Body>,
    remote: Option<Bytes>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Stable,
    LocalOffer,
    RemoteOffer,
}

/// Why an offer of the other side cannot be taken (RFC 3311 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Glare {
    /// Ours waits for its answer: 491.
    Local,
    /// Theirs waits for its answer: 500 with Retry-After.
    Remote,
}

impl Exchange {
    /// Starts with an INVITE of ours.
    pub(crate) fn of_sent_invite(body: Option<&Body>) -> Self {
        let mut exchange = Self::default();
        exchange.send_invite(body);
        exchange
    }

    /// Starts with an INVITE of the other side.
    pub(crate) fn of_received_invite(offer: Option<Bytes>) -> (Self, Description) {
        let mut exchange = Self::default();
        let description = exchange.receive_invite(offer).unwrap_or_default();
        (exchange, description)
    }

    pub(crate) fn is_stable(&self) -> bool {
        self.state == State::Stable
    }

    /// Whether the first offer of the INVITE has been made by now, so that others may follow.
    pub(crate) fn may_offer(&self) -> bool {
        self.is_stable() && self.is_settled
    }

    /// What we said last, to say it again.
    pub(crate) fn local(&self) -> Option<&Body> {
        self.local.as_ref()
    }

    pub(crate) fn has_remote(&self, description: &Bytes) -> bool {
        self.remote.as_ref() == Some(description)
    }

    /// Our INVITE or re-INVITE goes.
    pub(crate) fn send_invite(&mut self, body: Option<&Body>) {
        self.is_settled = false;
        if let Some(body) = body.filter(|body| body.description().is_some()) {
            self.offer(body);
        }
    }

    /// Their INVITE or re-INVITE came.
    pub(crate) fn receive_invite(&mut self, offer: Option<Bytes>) -> Result<Description, Glare> {
        let description = self.receive_offer(offer)?;
        self.is_settled = false;
        self.in_response = None;
        Ok(description)
    }

    /// An offer of ours outside of INVITE goes.
    pub(crate) fn send_offer(&mut self, body: Option<&Body>) {
        if let Some(body) = body.filter(|body| body.description().is_some()) {
            self.offer(body);
        }
    }

    fn offer(&mut self, body: &Body) {
        self.state = State::LocalOffer;
        self.before = self.local.replace(body.clone());
    }

    /// An UPDATE, PRACK or INVITE came, with an offer or without.
    pub(crate) fn receive_offer(&mut self, offer: Option<Bytes>) -> Result<Description, Glare> {
        let Some(offer) = offer else {
            return Ok(Description::None);
        };
        match self.state {
            State::LocalOffer => Err(Glare::Local),
            State::RemoteOffer => Err(Glare::Remote),
            State::Stable => {
                self.state = State::RemoteOffer;
                self.remote = Some(offer.clone());
                Ok(Description::Offer(offer))
            }
        }
    }

    /// A response to our INVITE came.
    pub(crate) fn receive_response(
        &mut self,
        said: Option<Bytes>,
        is_reliable: bool,
    ) -> Description {
        let Some(said) = said.filter(|_| !self.is_settled) else {
            return Description::None;
        };
        if !is_reliable {
            return Description::Preview(said);
        }
        self.is_settled = true;
        match self.state {
            State::LocalOffer => self.receive_answer(Some(said)),
            _ => self.receive_offer(Some(said)).unwrap_or_default(),
        }
    }

    /// An ACK, a PRACK or a success to UPDATE came, which answers our offer if there is one.
    pub(crate) fn receive_answer(&mut self, answer: Option<Bytes>) -> Description {
        if self.state != State::LocalOffer {
            return Description::None;
        }
        let Some(answer) = answer else {
            self.roll_back();
            return Description::None;
        };
        self.state = State::Stable;
        self.before = None;
        self.remote = Some(answer.clone());
        Description::Answer(answer)
    }

    /// A response to their INVITE shall go; hands back the body that it may have.
    pub(crate) fn send_response(
        &mut self,
        body: Option<Body>,
        is_reliable: bool,
        is_final: bool,
    ) -> Result<Option<Body>, ExchangeError> {
        let Some(body) = body.filter(|body| body.description().is_some()) else {
            return match self.state {
                _ if !is_final || self.is_settled => Ok(None),
                State::RemoteOffer => Err(ExchangeError::MissingAnswer),
                _ => Err(ExchangeError::MissingOffer),
            };
        };
        match self.state {
            _ if self.is_settled && self.in_response.as_ref() == Some(&body) => Ok(None),
            _ if self.is_settled => Err(ExchangeError::AlreadyAnswered),
            State::RemoteOffer if !is_reliable => Ok(Some(body)),
            State::RemoteOffer => {
                self.is_settled = true;
                self.in_response = Some(body.clone());
                self.answer(body.clone());
                Ok(Some(body))
            }
            State::Stable if !is_reliable => Err(ExchangeError::Unreliable),
            State::Stable => {
                self.is_settled = true;
                self.in_response = Some(body.clone());
                self.offer(&body);
                Ok(Some(body))
            }
            State::LocalOffer => Err(ExchangeError::OfferPending),
        }
    }

    /// A PRACK or a success to UPDATE shall go, which must answer their offer if there is one.
    pub(crate) fn send_answer(&mut self, body: Option<&Body>) -> Result<(), ExchangeError> {
        let said = body.filter(|body| body.description().is_some());
        match (self.state, said) {
            (State::RemoteOffer, Some(body)) => {
                self.answer(body.clone());
                Ok(())
            }
            (State::RemoteOffer, None) => Err(ExchangeError::MissingAnswer),
            (_, Some(_)) => Err(ExchangeError::NoOffer),
            (_, None) => Ok(()),
        }
    }

    fn answer(&mut self, body: Body) {
        self.state = State::Stable;
        self.before = None;
        self.local = Some(body);
    }

    /// Our offer, or our INVITE without one, was refused: all is as before (RFC 3264 4).
    pub(crate) fn roll_back(&mut self) {
        if self.state == State::LocalOffer {
            self.local = self.before.take();
            self.state = State::Stable;
        }
        self.is_settled = true;
    }

    /// We refuse their offer, or their INVITE without one.
    pub(crate) fn refuse(&mut self) {
        if self.state == State::RemoteOffer {
            self.state = State::Stable;
        }
        self.is_settled = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sdp(text: &'static str) -> Body {
        Body::sdp(text)
    }

    fn octets(text: &'static str) -> Option<Bytes> {
        Some(Bytes::from(text))
    }

    #[test]
    fn a_preview_is_no_answer_and_a_repeated_answer_is_nothing() {
        let mut exchange = Exchange::of_sent_invite(Some(&sdp("offer")));
        let preview = exchange.receive_response(octets("answer"), false);
        assert!(matches!(preview, Description::Preview(_)));
        assert!(!exchange.is_stable());
        let answer = exchange.receive_response(octets("answer"), true);
        assert!(matches!(answer, Description::Answer(_)));
        assert!(exchange.may_offer());
        assert_eq!(
            exchange.receive_response(octets("other"), true),
            Description::None
        );
    }

    #[test]
    fn an_offer_that_meets_another_is_told_apart() {
        let mut exchange = Exchange::of_sent_invite(Some(&sdp("offer")));
        assert_eq!(exchange.receive_offer(octets("x")), Err(Glare::Local));
        let (mut exchange, offer) = Exchange::of_received_invite(octets("offer"));
        assert!(matches!(offer, Description::Offer(_)));
        assert_eq!(exchange.receive_offer(octets("x")), Err(Glare::Remote));
    }

    #[test]
    fn a_response_of_ours_must_fit_the_exchange() {
        let (mut late, _) = Exchange::of_received_invite(None);
        let say = |exchange: &mut Exchange, body, reliable, last| {
            exchange.send_response(body, reliable, last)
        };
        let unreliable = say(&mut late, Some(sdp("o")), false, false);
        assert_eq!(unreliable, Err(ExchangeError::Unreliable));
        assert_eq!(
            say(&mut late, None, true, true),
            Err(ExchangeError::MissingOffer)
        );
        assert_eq!(
            say(&mut late, Some(sdp("o")), true, false),
            Ok(Some(sdp("o")))
        );
        assert_eq!(say(&mut late, Some(sdp("o")), true, true), Ok(None));
        let other = say(&mut late, Some(sdp("x")), true, true);
        assert_eq!(other, Err(ExchangeError::AlreadyAnswered));
        let (mut early, _) = Exchange::of_received_invite(octets("offer"));
        assert_eq!(
            say(&mut early, None, true, true),
            Err(ExchangeError::MissingAnswer)
        );
        assert_eq!(early.send_answer(Some(&sdp("a"))), Ok(()));
        assert_eq!(
            early.send_answer(Some(&sdp("a"))),
            Err(ExchangeError::NoOffer)
        );
    }

    #[test]
    fn a_refused_offer_leaves_what_was_said_before() {
        let mut exchange = Exchange::of_sent_invite(Some(&sdp("one")));
        exchange.receive_response(octets("answer"), true);
        exchange.send_offer(Some(&sdp("two")));
        assert_eq!(exchange.local(), Some(&sdp("two")));
        exchange.roll_back();
        assert_eq!(exchange.local(), Some(&sdp("one")));
        assert!(exchange.may_offer());
    }
}
