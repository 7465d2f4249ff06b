//! Changes of a session that we ask for: re-INVITE and UPDATE (RFC 3261 14.1, RFC 3311 5.1).

use alloc::collections::VecDeque;
use core::time::Duration;

use plenum_sip_msg::{Core, HeaderName, Message, Method, StatusCode};
use plenum_time::Instant;

use super::{Call, MAX_QUEUED_REINVITES, OwedAck, Phase, Session};
use crate::body::description_of;
use crate::compose;
use crate::dialog::Dialog;
use crate::endpoint::Endpoint;
use crate::endpoint::drive::Silence;
use crate::endpoint::sending::{Outgoing, request_in};
use crate::keys::{ClientKey, ServerKey};
use crate::transaction::ClientOwner;
use crate::{
    Body, CallError, CallKey, Description, EarlyKey, EndCause, Event, ExchangeError, ExtraHeaders,
    Outbox,
};

/// RFC 3261 14.1: the pause after a 491 for the side that owns the Call-ID.
const OWNER_PAUSE: (Duration, Duration) = (Duration::from_millis(2_100), Duration::from_secs(4));
/// RFC 3261 14.1: the pause after a 491 for the other side.
const OTHER_PAUSE: (Duration, Duration) = (Duration::ZERO, Duration::from_secs(2));
/// Most times that one change is sent again with a longer session interval (422).
const MAX_RAISES: u8 = 3;

/// A re-INVITE or UPDATE of ours.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) method: Method,
    pub(crate) body: Option<Body>,
    pub(crate) headers: ExtraHeaders,
    /// The endpoint itself wishes it, to keep the session alive (RFC 4028 7.4).
    pub(crate) is_refresh: bool,
    pub(crate) raises: u8,
}

impl Change {
    pub(crate) fn new(method: Method, body: Option<Body>) -> Self {
        Self {
            method,
            body,
            headers: ExtraHeaders::none(),
            is_refresh: false,
            raises: 0,
        }
    }

    fn has_offer(&self) -> bool {
        let described = self.body.as_ref().and_then(Body::description);
        described.is_some()
    }

    /// Whether it takes part in the exchange of offers and answers.
    fn negotiates(&self) -> bool {
        self.method == Method::Invite || self.has_offer()
    }
}

/// The change of ours that is under way in a dialog.
#[derive(Debug, Default)]
pub(crate) enum LocalChange {
    /// None.
    #[default]
    Idle,
    /// Sent and not answered.
    Running {
        client: ClientKey,
        change: Change,
        expires_at: Instant,
        is_cancelled: bool,
    },
    /// Refused by 491; sent again at this time (RFC 3261 14.1).
    Retrying { at: Instant, change: Change },
}

/// All changes of a dialog.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) local: LocalChange,
    pub(crate) queue: VecDeque<Change>,
    /// The UPDATE, or PRACK with an offer, of the other side that our owner has not answered.
    pub(crate) remote: Option<ServerKey>,
    /// The last change that was refused, for another try.
    pub(crate) refused: Option<Change>,
}

impl Changes {
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match &self.local {
            LocalChange::Idle => None,
            LocalChange::Running { expires_at, .. } => Some(*expires_at),
            LocalChange::Retrying { at, .. } => Some(*at),
        }
    }

    fn runs(&self, key: ClientKey) -> bool {
        matches!(&self.local, LocalChange::Running { client, .. } if *client == key)
    }

    /// Whether a change of ours is sent and not answered.
    pub(crate) fn is_running(&self) -> bool {
        matches!(self.local, LocalChange::Running { .. })
    }

    /// Whether an INVITE or an offer of ours is sent and not answered.
    pub(crate) fn crosses_invite(&self) -> bool {
        match &self.local {
            LocalChange::Running { change, .. } => change.negotiates(),
            LocalChange::Idle | LocalChange::Retrying { .. } => false,
        }
    }

    pub(crate) fn is_quiet(&self) -> bool {
        matches!(self.local, LocalChange::Idle) && self.remote.is_none()
    }
}

impl Session {
    /// Whether no INVITE is under way that a change of ours could cross.
    fn is_quiet(&self) -> bool {
        self.unacknowledged.is_none()
            && self.owed_ack.is_none()
            && self.remote.is_none()
            && self.hang_up.is_none()
    }
}

impl Call {
    /// Whether a change may go in this dialog, apart from what happens in the dialog itself.
    fn may_change(&self, change: &Change) -> bool {
        match &self.phase {
            Phase::Up(session) => session.is_quiet(),
            Phase::Calling(calling) => {
                change.method == Method::Update && calling.giving_up.is_none()
            }
            // RFC 3311 5.1: the dialog must be known on the other side.
            Phase::Offered(offered) => {
                change.method == Method::Update
                    && offered.held.is_none()
                    && self.reliable.is_acknowledged()
            }
            Phase::Waiting(_) | Phase::Ending(_) => false,
        }
    }

    /// Takes the next change that may go, and says in which dialog.
    fn take_change(&mut self) -> Option<(Option<EarlyKey>, Change)> {
        let ready = self.dialogs().find_map(|dialog| {
            let next = dialog.changes.queue.front()?;
            let fits = match next.has_offer() {
                true => dialog.exchange.may_offer(),
                false => dialog.exchange.is_stable(),
            };
            let is_ready = fits && dialog.changes.is_quiet() && self.may_change(next);
            is_ready.then_some(dialog.early)
        })?;
        let dialog = self.dialog_at(ready)?;
        Some((ready, dialog.changes.queue.pop_front()?))
    }

    /// The dialog in which this transaction of ours runs.
    fn dialog_running(&mut self, client: ClientKey) -> Option<&mut Dialog> {
        let at = self
            .dialogs()
            .find(|dialog| dialog.changes.runs(client))?
            .early;
        self.dialog_at(at)
    }
}

impl Endpoint {
    pub(crate) fn start_reinvite(
        &mut self,
        now: Instant,
        key: CallKey,
        body: Option<Body>,
        out: &mut Outbox,
    ) -> Result<(), CallError> {
        let call = self.calls.get_mut(key).ok_or(CallError::UnknownCall)?;
        let state = call.state();
        let is_up = call
            .session_mut()
            .is_some_and(|session| session.hang_up.is_none());
        if !is_up {
            let wish = "reinvite";
            return Err(CallError::WrongState { wish, state });
        }
        let change = Change::new(Method::Invite, body);
        queue_change(&mut call.dialog, change)?;
        self.next_change(now, key, out);
        Ok(())
    }

    pub(crate) fn start_update(
        &mut self,
        now: Instant,
        key: CallKey,
        early: Option<EarlyKey>,
        body: Option<Body>,
        out: &mut Outbox,
    ) -> Result<(), CallError> {
        let call = self.calls.get_mut(key).ok_or(CallError::UnknownCall)?;
        let (wish, state) = ("update", call.state());
        let Some(dialog) = call.dialog_for_requests(early) else {
            return Err(CallError::WrongState { wish, state });
        };
        if !dialog.peer.allows_update {
            return Err(CallError::NotAllowed(Method::Update));
        }
        queue_change(dialog, Change::new(Method::Update, body))?;
        self.next_change(now, key, out);
        Ok(())
    }

    /// Sends the next change that waits, if it may go.
    pub(crate) fn next_change(&mut self, now: Instant, key: CallKey, out: &mut Outbox) {
        // Each change that goes makes its dialog busy, so this ends.
        while let Some((early, change)) = self.calls.get_mut(key).and_then(Call::take_change) {
            self.send_change(now, key, early, change, out);
        }
        self.settle_call(key);
    }

    fn send_change(
        &mut self,
        now: Instant,
        key: CallKey,
        early: Option<EarlyKey>,
        change: Change,
        out: &mut Outbox,
    ) {
        let branch = self.random.branch();
        let Some(call) = self.calls.get_mut(key) else {
            return;
        };
        let contact = call.contact.clone();
        let timers = call.refresh_headers(&self.config);
        let Some(dialog) = call.dialog_at(early) else {
            return;
        };
        let method = change.method.clone();
        match method {
            Method::Invite => dialog.exchange.send_invite(change.body.as_ref()),
            _ => dialog.exchange.send_offer(change.body.as_ref()),
        }
        let (flow, builder) = request_in(dialog, method.clone(), branch);
        let builder = self.session_headers(builder, &contact, &change.headers);
        let message = compose::body(compose::extra(builder, &timers), change.body.clone()).build();
        let owner = ClientOwner::Change(key);
        let outgoing = Outgoing {
            flow,
            branch,
            method,
            owner,
            message,
        };
        let client = self.open_client(now, outgoing, out);
        let expires_at = now + self.config.invite_expiry;
        if let Some(dialog) = self.dialog_at(key, early) {
            dialog.changes.local = LocalChange::Running {
                client,
                change,
                expires_at,
                is_cancelled: false,
            };
        }
    }

    pub(crate) fn dialog_at(
        &mut self,
        key: CallKey,
        early: Option<EarlyKey>,
    ) -> Option<&mut Dialog> {
        self.calls.get_mut(key)?.dialog_at(early)
    }

    /// Takes the change that this transaction carries out of its dialog.
    fn finish_change(
        &mut self,
        key: CallKey,
        client: ClientKey,
    ) -> Option<(Option<EarlyKey>, Change)> {
        let dialog = self.calls.get_mut(key)?.dialog_running(client)?;
        match core::mem::take(&mut dialog.changes.local) {
            LocalChange::Running { change, .. } => Some((dialog.early, change)),
            LocalChange::Idle | LocalChange::Retrying { .. } => None,
        }
    }

    /// A response to our re-INVITE or UPDATE, other than a repeated success.
    pub(crate) fn change_answered(
        &mut self,
        now: Instant,
        key: CallKey,
        client: ClientKey,
        response: &Message,
        core: &Core,
        out: &mut Outbox,
    ) {
        let Some(status) = response.status().filter(|status| status.is_final()) else {
            return;
        };
        let Some((early, change)) = self.finish_change(key, client) else {
            // The call ended meanwhile. The success must be acknowledged all the same.
            if status.is_success() && core.cseq.method == Method::Invite {
                self.acknowledge_orphan(client, response, core, out);
            }
            return;
        };
        if status.is_success() {
            if let Some(dialog) = self.dialog_at(key, early) {
                dialog.refresh_target(response);
                dialog.peer.learn(response);
            }
            self.agree_as_client(now, key, response);
            match change.method {
                Method::Invite => {
                    self.reinvite_accepted(key, (client, core.cseq.number), &change, response, out);
                }
                _ => self.update_accepted(key, early, &change, response, out),
            }
        } else {
            self.change_refused(now, key, early, change, response, out);
        }
        self.next_change(now, key, out);
        self.release_success(now, key, out);
    }

    fn reinvite_accepted(
        &mut self,
        key: CallKey,
        (client, cseq): (ClientKey, u32),
        change: &Change,
        response: &Message,
        out: &mut Outbox,
    ) {
        let Some(call) = self.calls.get_mut(key) else {
            return;
        };
        let said = description_of(response);
        let is_known = said
            .as_ref()
            .is_some_and(|said| call.dialog.exchange.has_remote(said));
        let description = call.dialog.exchange.receive_response(said, true);
        let has_offer = change.has_offer();
        if has_offer {
            // An answer that is missing leaves the session as it was.
            if !call.dialog.exchange.is_stable() {
                call.dialog.exchange.roll_back();
            }
            self.acknowledge_success(key, client, cseq, None, out);
        } else if let Some(session) = call.session_mut() {
            session.owed_ack = Some(OwedAck { client, cseq });
        }
        let response = response.clone();
        match change.is_refresh {
            true if is_known => {}
            true => out.event(Event::Refreshed {
                call: key,
                response,
                description,
            }),
            false => out.event(Event::ReinviteAnswered {
                call: key,
                response,
                description,
                needs_acknowledge: !has_offer,
            }),
        }
    }

    fn update_accepted(
        &mut self,
        key: CallKey,
        early: Option<EarlyKey>,
        change: &Change,
        response: &Message,
        out: &mut Outbox,
    ) {
        let Some(dialog) = self.dialog_at(key, early) else {
            return;
        };
        let description = match change.has_offer() {
            true => dialog.exchange.receive_answer(description_of(response)),
            false => Description::None,
        };
        if change.is_refresh {
            return;
        }
        let response = response.clone();
        out.event(Event::UpdateAnswered {
            call: key,
            early,
            response,
            description,
        });
    }

    fn change_refused(
        &mut self,
        now: Instant,
        key: CallKey,
        early: Option<EarlyKey>,
        change: Change,
        response: &Message,
        out: &mut Outbox,
    ) {
        let Some(call) = self.calls.get_mut(key) else {
            return;
        };
        let is_up = matches!(call.phase, Phase::Up(_));
        if let Some(dialog) = call.dialog_at(early).filter(|_| change.negotiates()) {
            dialog.exchange.roll_back();
        }
        match response.status().unwrap_or(StatusCode::REQUEST_TIMEOUT) {
            StatusCode::REQUEST_PENDING => self.retry_change(now, key, early, change),
            StatusCode::SESSION_INTERVAL_TOO_SMALL if change.raises < MAX_RAISES => {
                call.raise_interval(response);
                let raises = change.raises + 1;
                if let Some(dialog) = call.dialog_at(early) {
                    dialog.changes.queue.push_front(Change { raises, ..change });
                }
            }
            // RFC 3261 14.1 and 12.2.1.2: these say that the dialog is gone.
            StatusCode::CALL_DOES_NOT_EXIST | StatusCode::REQUEST_TIMEOUT if is_up => {
                self.send_bye(now, key, EndCause::Gone, &ExtraHeaders::none(), out);
            }
            status => self.report_refusal(now, key, early, change, status, Some(response), out),
        }
    }

    /// Tells the owner that its change, or one of ours that needs its help, was refused.
    #[allow(clippy::too_many_arguments, reason = "all parts of one event")]
    fn report_refusal(
        &mut self,
        now: Instant,
        key: CallKey,
        early: Option<EarlyKey>,
        change: Change,
        status: StatusCode,
        response: Option<&Message>,
        out: &mut Outbox,
    ) {
        let is_challenge = matches!(
            status,
            StatusCode::UNAUTHORIZED | StatusCode::PROXY_AUTHENTICATION_REQUIRED
        );
        if change.is_refresh {
            self.postpone_refresh(now, key);
        }
        let (call, response) = (key, response.cloned());
        if !change.is_refresh || is_challenge {
            out.event(match change.method {
                Method::Invite => Event::ReinviteRefused {
                    call,
                    status,
                    response,
                },
                _ => Event::UpdateRefused {
                    call,
                    early,
                    status,
                    response,
                },
            });
        }
        if let Some(dialog) = self.dialog_at(key, early) {
            dialog.changes.refused = Some(change);
        }
    }

    /// RFC 3261 14.1: both sides asked at once, so each waits for another while.
    fn retry_change(
        &mut self,
        now: Instant,
        key: CallKey,
        early: Option<EarlyKey>,
        change: Change,
    ) {
        let Some(call) = self.calls.get_mut(key) else {
            return;
        };
        let (low, high) = match call.is_caller {
            true => OWNER_PAUSE,
            false => OTHER_PAUSE,
        };
        let at = now + self.random.pause(low, high);
        if let Some(dialog) = call.dialog_at(early) {
            dialog.changes.local = LocalChange::Retrying { at, change };
        }
    }

    /// Our re-INVITE or UPDATE got no answer: the dialog is gone (RFC 3261 14.1, RFC 3311 5.3).
    pub(crate) fn change_unanswered(
        &mut self,
        now: Instant,
        key: CallKey,
        client: ClientKey,
        silence: Silence,
        out: &mut Outbox,
    ) {
        let Some((early, change)) = self.finish_change(key, client) else {
            return;
        };
        let dialog = self.dialog_at(key, early);
        if let Some(dialog) = dialog.filter(|_| change.negotiates()) {
            dialog.exchange.roll_back();
        }
        let (status, cause) = silence.meaning();
        self.report_refusal(now, key, early, change, status, None, out);
        let is_up = self
            .calls
            .get(key)
            .is_some_and(|call| matches!(call.phase, Phase::Up(_)));
        if is_up {
            self.send_bye(now, key, cause, &ExtraHeaders::none(), out);
        } else {
            self.release_success(now, key, out);
        }
    }

    /// A change is tried again, or has gone on for too long.
    pub(crate) fn changes_elapsed(&mut self, now: Instant, key: CallKey, out: &mut Outbox) {
        let is_due = |dialog: &&Dialog| dialog.changes.deadline().is_some_and(|at| at <= now);
        let due = self
            .calls
            .get(key)
            .and_then(|call| Some(call.dialogs().find(is_due)?.early));
        let patience = self.patience();
        let Some(dialog) = due.and_then(|early| self.dialog_at(key, early)) else {
            return;
        };
        match &mut dialog.changes.local {
            LocalChange::Retrying { .. } => {
                if let LocalChange::Retrying { change, .. } =
                    core::mem::take(&mut dialog.changes.local)
                {
                    dialog.changes.queue.push_front(change);
                }
                self.next_change(now, key, out);
            }
            LocalChange::Running {
                client,
                expires_at,
                is_cancelled,
                ..
            } => {
                let (client, was_cancelled) = (*client, *is_cancelled);
                (*expires_at, *is_cancelled) = (now + patience, true);
                if was_cancelled {
                    self.close_client(client);
                    self.change_unanswered(now, key, client, Silence::TimedOut, out);
                } else {
                    self.cancel_transaction(now, client, &ExtraHeaders::none(), out);
                }
            }
            LocalChange::Idle => {}
        }
    }

    /// Sends the change that was refused last again, with more headers.
    pub(crate) fn retry_refused_change(
        &mut self,
        now: Instant,
        key: CallKey,
        headers: &ExtraHeaders,
        out: &mut Outbox,
    ) -> Result<(), CallError> {
        let call = self.calls.get_mut(key).ok_or(CallError::UnknownCall)?;
        let (wish, state) = ("retry", call.state());
        let early = call
            .dialogs()
            .find(|dialog| dialog.changes.refused.is_some())
            .map(|dialog| dialog.early);
        let dialog = early.and_then(|early| call.dialog_at(early));
        let change = dialog.and_then(|dialog| Some((dialog.changes.refused.take()?, dialog)));
        let (mut change, dialog) = change.ok_or(CallError::WrongState { wish, state })?;
        let merged = headers.over(&change.headers);
        if merged == change.headers {
            dialog.changes.refused = Some(change);
            return Err(CallError::RetryLoop);
        }
        change.headers = merged;
        dialog.changes.queue.push_front(change);
        self.next_change(now, key, out);
        Ok(())
    }

    /// RFC 3261 14.2, RFC 3311 5.2: what an offer that comes at a wrong time is told.
    pub(crate) fn refuse_glare(
        &mut self,
        now: Instant,
        server: ServerKey,
        is_ours: bool,
        out: &mut Outbox,
    ) {
        /// RFC 3261 14.2: Retry-After of a 500 is 0 to 10 s.
        const RETRY_AFTER_BOUND: u64 = 11;
        if is_ours {
            let sentence = "an offer of ours is under way; ask again in a moment";
            let headers = compose::warning(sentence);
            return self.refuse(now, server, StatusCode::REQUEST_PENDING, &headers, out);
        }
        let seconds = self.random.below(RETRY_AFTER_BOUND);
        let headers = compose::warning("the request before this one is not answered yet")
            .with(HeaderName::RetryAfter, alloc::format!("{seconds}"));
        self.refuse(
            now,
            server,
            StatusCode::SERVER_INTERNAL_ERROR,
            &headers,
            out,
        );
    }
}

fn queue_change(dialog: &mut Dialog, change: Change) -> Result<(), CallError> {
    if dialog.changes.queue.len() >= MAX_QUEUED_REINVITES {
        return Err(CallError::TooManyReinvites(MAX_QUEUED_REINVITES));
    }
    let is_update = change.method == Method::Update;
    if is_update && change.body.is_some() && !change.has_offer() {
        return Err(ExchangeError::MissingOffer.into());
    }
    dialog.changes.queue.push_back(change);
    Ok(())
}
