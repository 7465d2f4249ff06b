//! Reliable provisional responses that we receive (RFC 3262 4).

use plenum_sip_msg::{HeaderName, Message, Method, StatusCode};
use plenum_time::Instant;

use crate::compose;
use crate::dialog::{Dialog, OwedPrack};
use crate::endpoint::Endpoint;
use crate::endpoint::sending::{Outgoing, request_in};
use crate::transaction::ClientOwner;
use crate::{Body, CallError, CallKey, EarlyKey, Outbox};

/// What a provisional response is to its dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// It may get lost.
    Unreliable,
    /// Reliable, and its turn.
    Next(u32),
    /// Reliable, and heard before, or too early.
    Drop,
}

impl Dialog {
    /// RFC 3262 4: reliable responses are handed up once each, in their order.
    pub(crate) fn order(&mut self, response: &Message) -> Order {
        let is_reliable =
            response.status() != Some(StatusCode::TRYING) && response.require().contains("100rel");
        let rseq = response.rseq().ok().flatten();
        let Some(rseq) = rseq.filter(|_| is_reliable) else {
            return Order::Unreliable;
        };
        let is_next = self
            .rseq
            .is_none_or(|last| Some(rseq) == last.checked_add(1));
        if !is_next {
            return Order::Drop;
        }
        self.rseq = Some(rseq);
        Order::Next(rseq)
    }
}

impl Endpoint {
    /// Our owner has the answer to the offer of a reliable response.
    pub(crate) fn prack_answer(
        &mut self,
        now: Instant,
        key: CallKey,
        early: EarlyKey,
        body: Option<Body>,
        out: &mut Outbox,
    ) -> Result<(), CallError> {
        let call = self.calls.get_mut(key).ok_or(CallError::UnknownCall)?;
        let (wish, state) = ("prack", call.state());
        let dialog = call
            .dialog_at(Some(early))
            .filter(|dialog| dialog.owed_prack.is_some());
        let dialog = dialog.ok_or(CallError::WrongState { wish, state })?;
        dialog.exchange.send_answer(body.as_ref())?;
        if let Some(owed) = dialog.owed_prack.take() {
            self.send_prack(now, key, Some(early), owed, body, out);
        }
        self.next_change(now, key, out);
        Ok(())
    }

    pub(crate) fn send_prack(
        &mut self,
        now: Instant,
        key: CallKey,
        early: Option<EarlyKey>,
        owed: OwedPrack,
        body: Option<Body>,
        out: &mut Outbox,
    ) {
        let branch = self.random.branch();
        let Some(dialog) = self.dialog_at(key, early) else {
            return;
        };
        let (flow, builder) = request_in(dialog, Method::Prack, branch);
        let OwedPrack { rseq, cseq } = owed;
        let builder = builder.header(HeaderName::RAck, format_args!("{rseq} {cseq} INVITE"));
        let message = compose::body(self.user_agent(builder), body).build();
        // A PRACK that is refused changes nothing: the INVITE tells how the call goes on.
        let (method, owner) = (Method::Prack, ClientOwner::Nobody);
        let outgoing = Outgoing {
            flow,
            branch,
            method,
            owner,
            message,
        };
        self.open_client(now, outgoing, out);
    }
}
