//! An INVITE and its next attempts: redirection, credentials, failover, a longer session interval
//! (RFC 3261 8.1.3, 22; RFC 4028 7.4).

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use plenum_sip_msg::{HeaderName, Message, Method, StatusCode, Uri};
use plenum_time::Instant;

use super::{Calling, Phase, Waiting};
use crate::body::Body;
use crate::compose::{self, RequestHead};
use crate::endpoint::Endpoint;
use crate::endpoint::sending::Outgoing;
use crate::keys::ClientKey;
use crate::transaction::ClientOwner;
use crate::{CallError, CallKey, EndCause, Event, ExtraHeaders, Flow, Invite, Outbox, Retry};

/// Most times that one INVITE or other request is sent, the first included.
pub const MAX_ATTEMPTS: usize = 16;

/// What was sent of an INVITE, to send it again elsewhere.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) invite: Invite,
    pub(crate) tried: Tried,
    /// Headers of the last attempt, beside those of the INVITE.
    more: ExtraHeaders,
}

impl Attempt {
    pub(crate) fn new(invite: Invite) -> Self {
        let none = ExtraHeaders::none();
        let mut tried = Tried::default();
        // The first attempt is never a loop.
        let _ = tried.note(invite.flow, &invite.request_uri, &none);
        Self {
            invite,
            tried,
            more: none,
        }
    }

    pub(crate) fn has_offer(&self) -> bool {
        let described = self.body().and_then(Body::description);
        described.is_some()
    }

    pub(crate) fn body(&self) -> Option<&Body> {
        self.invite.body.as_ref()
    }
}

/// Where a request has been sent, with which additional headers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tried(Vec<(Flow, String, ExtraHeaders)>);

impl Tried {
    /// Notes an attempt, unless it repeats one or is one too many.
    pub(crate) fn note(
        &mut self,
        flow: Flow,
        uri: &Uri,
        headers: &ExtraHeaders,
    ) -> Result<(), CallError> {
        if self.0.len() >= MAX_ATTEMPTS {
            return Err(CallError::TooManyAttempts(MAX_ATTEMPTS));
        }
        let flow = Flow {
            connection: None,
            ..flow
        };
        let attempt = (flow, uri.to_string(), headers.clone());
        if self.0.contains(&attempt) {
            return Err(CallError::RetryLoop);
        }
        self.0.push(attempt);
        Ok(())
    }
}

/// RFC 3261 22.1: the headers that an ACK takes over from its INVITE.
fn credentials(headers: &ExtraHeaders) -> ExtraHeaders {
    let mut kept = ExtraHeaders::none();
    for (name, value) in headers.iter() {
        if matches!(
            name,
            HeaderName::Authorization | HeaderName::ProxyAuthorization
        ) {
            kept.push(name.clone(), value);
        }
    }
    kept
}

/// The targets of a redirection, the most wanted first (RFC 3261 8.1.3.4, 20.10).
pub(crate) fn targets(response: Option<&Message>) -> Vec<Uri> {
    /// More are not offered: nobody tries them all.
    const MAX_TARGETS: usize = 16;
    let is_redirection = |response: &&Message| {
        let status = response.status();
        status.is_some_and(StatusCode::is_redirection)
    };
    let Some(response) = response.filter(is_redirection) else {
        return Vec::new();
    };
    let contacts = response.contacts().filter_map(Result::ok).take(MAX_TARGETS);
    let mut targets: Vec<(u16, Uri)> = contacts
        .map(|contact| (thousandths(contact.params.value("q")), contact.uri))
        .collect();
    // The sort is stable: equal ones stay in the order of the message.
    targets.sort_by_key(|(q, _)| core::cmp::Reverse(*q));
    targets.into_iter().map(|(_, uri)| uri).collect()
}

/// RFC 3261 25.1: a qvalue has up to three decimals; without one it is 1.
fn thousandths(q: Option<&str>) -> u16 {
    const ONE: u16 = 1_000;
    let Some(text) = q else { return ONE };
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    if whole != "0" {
        return ONE;
    }
    let digits = part.bytes().chain([b'0'; 3]).take(3);
    digits.fold(0, |sum, digit| match digit {
        b'0'..=b'9' => sum * 10 + u16::from(digit - b'0'),
        _ => sum * 10,
    })
}

impl Endpoint {
    /// Sends the INVITE of a call, for the first time or again.
    pub(crate) fn send_invite(
        &mut self,
        now: Instant,
        key: CallKey,
        attempt: Box<Attempt>,
        out: &mut Outbox,
    ) {
        let branch = self.random.branch();
        let Some(call) = self.calls.get_mut(key) else {
            return;
        };
        let cseq = call.dialog.next_cseq();
        let invite = &attempt.invite;
        let headers = attempt.more.over(&invite.headers);
        call.credentials = credentials(&headers);
        let course = call.dialog.course_over(invite.flow);
        let head = RequestHead {
            method: Method::Invite,
            course: &course,
            from: &call.dialog.local,
            to: &call.dialog.remote,
            call_id: &call.dialog.call_id,
            cseq,
        };
        let builder = compose::request(&head, branch);
        let timers = call.interval.of_invite(&self.config);
        let builder = self.invite_headers(builder, &invite.contact, &headers);
        let builder = compose::extra(builder, &timers);
        let message = compose::body(builder, invite.body.clone()).build();
        let (owner, method) = (ClientOwner::Invite(key), Method::Invite);
        let outgoing = Outgoing {
            flow: course.flow,
            branch,
            method,
            owner,
            message,
        };
        let client: ClientKey = self.open_client(now, outgoing, out);
        let expires_at = now + self.config.invite_expiry;
        if let Some(call) = self.calls.get_mut(key) {
            call.phase = Phase::Calling(Calling {
                client,
                attempt,
                early: Vec::new(),
                forks: 0,
                expires_at,
                giving_up: None,
            });
        }
        self.settle_call(key);
    }

    /// Our INVITE was refused: tells the owner, and ends the call or waits for its decision.
    pub(crate) fn invite_refused(
        &mut self,
        now: Instant,
        key: CallKey,
        status: StatusCode,
        response: Option<&Message>,
        cause: EndCause,
        out: &mut Outbox,
    ) {
        let patience = self.patience();
        let Some(call) = self.calls.get_mut(key) else {
            return;
        };
        if !matches!(call.phase, Phase::Calling(_)) {
            return;
        }
        let phase = core::mem::replace(&mut call.phase, Phase::Ending(EndCause::LocalCancel));
        let Phase::Calling(calling) = phase else {
            return;
        };
        if let Some(wish) = calling.giving_up {
            return self.abandoned(key, wish.cause, out);
        }
        let (attempt, may_raise) = (calling.attempt, !call.interval.is_raised);
        if status == StatusCode::SESSION_INTERVAL_TOO_SMALL
            && may_raise
            && let Some(response) = response
        {
            call.interval.raise(response);
            return self.send_invite(now, key, attempt, out);
        }
        let may_retry = attempt.invite.may_retry;
        if may_retry {
            call.phase = Phase::Waiting(Waiting {
                attempt,
                cause: cause.clone(),
                gives_up_at: now + patience,
            });
        }
        out.event(Event::Refused {
            call: key,
            status,
            response: response.cloned(),
            targets: targets(response),
            may_retry,
        });
        if may_retry {
            self.settle_call(key);
        } else {
            self.end_call(key, cause, out);
        }
    }

    /// An INVITE that nobody wanted any more has ended.
    fn abandoned(&mut self, key: CallKey, cause: EndCause, out: &mut Outbox) {
        let is_news = !matches!(cause, EndCause::LocalCancel | EndCause::RemoteBye(_));
        if is_news {
            out.event(Event::Refused {
                call: key,
                status: StatusCode::REQUEST_TIMEOUT,
                response: None,
                targets: Vec::new(),
                may_retry: false,
            });
        }
        self.end_call(key, cause, out);
    }

    /// The owner took too long to decide, or has decided to give up.
    pub(crate) fn give_up_retry(&mut self, key: CallKey, out: &mut Outbox) {
        let Some(call) = self.calls.get(key) else {
            return;
        };
        if let Phase::Waiting(waiting) = &call.phase {
            let cause = waiting.cause.clone();
            self.end_call(key, cause, out);
        }
    }

    pub(crate) fn retry_call(
        &mut self,
        now: Instant,
        key: CallKey,
        retry: Retry,
        out: &mut Outbox,
    ) -> Result<(), CallError> {
        self.check_transactions()?;
        let call = self.calls.get_mut(key).ok_or(CallError::UnknownCall)?;
        if matches!(
            call.phase,
            Phase::Up(_) | Phase::Offered(_) | Phase::Calling(_)
        ) {
            return self.retry_refused_change(now, key, &retry.headers, out);
        }
        let (wish, state) = ("retry", call.state());
        let Phase::Waiting(waiting) = &mut call.phase else {
            return Err(CallError::WrongState { wish, state });
        };
        let invite = &mut waiting.attempt.invite;
        let flow = retry.flow.unwrap_or(invite.flow);
        let request_uri = retry
            .request_uri
            .unwrap_or_else(|| invite.request_uri.clone());
        waiting
            .attempt
            .tried
            .note(flow, &request_uri, &retry.headers)?;
        invite.flow = flow;
        invite.request_uri = request_uri;
        if let Some(routes) = retry.routes {
            invite.routes = routes;
        }
        waiting.attempt.more = retry.headers;
        let dialog = &mut call.dialog;
        dialog.flow = flow;
        dialog.target = invite.request_uri.clone();
        dialog.routes.clone_from(&invite.routes);
        let cause = EndCause::LocalCancel;
        let phase = core::mem::replace(&mut call.phase, Phase::Ending(cause));
        if let Phase::Waiting(waiting) = phase {
            self.send_invite(now, key, waiting.attempt, out);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quality_is_read_in_thousandths() {
        let cases = [
            (None, 1_000),
            (Some("1"), 1_000),
            (Some("1.0"), 1_000),
            (Some("0.5"), 500),
            (Some("0.125"), 125),
            (Some("0.1259"), 125),
            (Some("0"), 0),
            (Some("0.x"), 0),
        ];
        for (text, expected) in cases {
            assert_eq!(thousandths(text), expected, "{text:?}");
        }
    }
}
