//! Session timers (RFC 4028).

use core::time::Duration;

use plenum_sip_msg::{HeaderName, Message, Method, Reason, StatusCode};
use plenum_time::Instant;

use super::change::Change;
use super::{Call, Interval, Phase};
use crate::compose;
use crate::endpoint::Endpoint;
use crate::endpoint::admission::whole_seconds;
use crate::{CallKey, EndCause, EndpointConfig, ExtraHeaders, Outbox, SessionTimers};

/// RFC 4028 10: the side that waits for refreshes hangs up this long before the interval ends,
/// or a third of the interval before, whichever is less.
const MARGIN: Duration = Duration::from_secs(32);
/// RFC 4028 5: no interval may be shorter.
const MIN_SE: Duration = Duration::from_secs(90);
/// The longest interval that is taken from a message.
const INTERVAL_MAX: Duration = Duration::from_secs(86_400);

/// The refreshes of a session that is up.
///
/// ```text
///             refresh answered, or refreshed by the other side
///                 +-----------------------------+
///                 V      half the interval      |
///   agreed --> Fresh ----------------------> Refreshing   (refresher only)
///                 |                             |
///                 +--------------+--------------+
///                                | the interval less the margin
///                                V
///                            BYE, Ended
/// ```
#[derive(Clone, Copy, Debug)]
pub(crate) struct SessionTimer {
    interval: Duration,
    /// When we refresh; none while a refresh is under way or the other side does it.
    refresh_at: Option<Instant>,
    is_refresher: bool,
    expires_at: Instant,
}

impl SessionTimer {
    fn start(now: Instant, interval: Duration, is_refresher: bool) -> Self {
        Self {
            interval,
            // RFC 4028 7.2: half the interval is recommended.
            refresh_at: is_refresher.then(|| now + interval / 2),
            is_refresher,
            expires_at: now + (interval - MARGIN.min(interval / 3)),
        }
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.refresh_at
            .map_or(self.expires_at, |at| at.min(self.expires_at))
    }
}

impl Interval {
    pub(crate) fn of(config: &EndpointConfig) -> Self {
        let min = config.min_se.max(MIN_SE);
        Self {
            expires: config.session_expires.max(min),
            min,
            is_raised: false,
        }
    }

    fn headers(&self, refresher: &str) -> ExtraHeaders {
        let (expires, min) = (whole_seconds(self.expires), whole_seconds(self.min));
        ExtraHeaders::none()
            .with(
                HeaderName::SessionExpires,
                alloc::format!("{expires}{refresher}"),
            )
            .with(HeaderName::MinSe, alloc::format!("{min}"))
    }

    /// What an INVITE carries (RFC 4028 7.1).
    pub(crate) fn of_invite(&self, config: &EndpointConfig) -> ExtraHeaders {
        match config.session_timers {
            SessionTimers::Off => ExtraHeaders::none(),
            SessionTimers::Accept if !self.is_raised => ExtraHeaders::none(),
            SessionTimers::Accept | SessionTimers::Request => self.headers(""),
        }
    }

    /// A 422 says what the shortest interval is (RFC 4028 7.4).
    pub(crate) fn raise(&mut self, response: &Message) {
        let min = seconds(response, &HeaderName::MinSe).unwrap_or(MIN_SE);
        self.min = self.min.max(min);
        self.expires = self.expires.max(self.min);
        self.is_raised = true;
    }
}

/// The seconds of Session-Expires or Min-SE.
fn seconds(message: &Message, name: &HeaderName) -> Option<Duration> {
    let value: plenum_sip_msg::SessionExpires = message.value(name).ok().flatten()?;
    Some(Duration::from_secs(value.seconds.into()).min(INTERVAL_MAX))
}

fn refresher(message: &Message) -> Option<bool> {
    let value = message.session_expires().ok().flatten()?;
    value
        .refresher()
        .map(|side| side.eq_ignore_ascii_case("uac"))
}

impl Call {
    /// What a re-INVITE or UPDATE carries (RFC 4028 7.4): the roles stay as they are.
    pub(crate) fn refresh_headers(&self, config: &EndpointConfig) -> ExtraHeaders {
        let Phase::Up(session) = &self.phase else {
            return ExtraHeaders::none();
        };
        match &session.timer {
            None => self.interval.of_invite(config),
            Some(timer) => {
                let expires = timer.interval.max(self.interval.min);
                let interval = Interval {
                    expires,
                    ..self.interval
                };
                interval.headers(match timer.is_refresher {
                    true => ";refresher=uac",
                    false => ";refresher=uas",
                })
            }
        }
    }

    pub(crate) fn raise_interval(&mut self, response: &Message) {
        self.interval.raise(response);
    }
}

impl Endpoint {
    /// RFC 4028 9: an interval that is too short is refused, if the other side can try again.
    pub(crate) fn inspect_interval(&self, request: &Message) -> Option<ExtraHeaders> {
        let is_off = self.config.session_timers == SessionTimers::Off;
        if is_off || !Self::mentions(request, "timer") {
            return None;
        }
        let min = Interval::of(&self.config).min;
        let asked = seconds(request, &HeaderName::SessionExpires)?;
        (asked < min).then(|| {
            compose::warning("the session interval is too short; see Min-SE")
                .with(HeaderName::MinSe, alloc::format!("{}", whole_seconds(min)))
        })
    }

    /// Agrees on a timer as the one who is asked, and hands back what our success says of it
    /// (RFC 4028 9).
    pub(crate) fn agree_as_server(
        &mut self,
        now: Instant,
        key: CallKey,
        request: &Message,
    ) -> ExtraHeaders {
        let none = ExtraHeaders::none();
        let mode = self.config.session_timers;
        let Some(call) = self.calls.get_mut(key) else {
            return none;
        };
        let own = call.interval;
        let Phase::Up(session) = &mut call.phase else {
            return none;
        };
        session.timer = None;
        let is_known = Self::mentions(request, "timer");
        let asked = seconds(request, &HeaderName::SessionExpires);
        let lowest = seconds(request, &HeaderName::MinSe).unwrap_or(MIN_SE);
        let (interval, we_refresh) = match (asked, mode) {
            (_, SessionTimers::Off) | (None, SessionTimers::Accept) => return none,
            (None, SessionTimers::Request) if !is_known => return none,
            (None, SessionTimers::Request) => (own.expires.max(lowest), true),
            (Some(asked), _) => {
                let floor = lowest.max(own.min);
                // RFC 4028 9: never longer than asked, and not shorter than either minimum.
                let interval = asked.min(own.expires.max(floor)).max(MIN_SE);
                // RFC 4028 table 2: only a side that knows the extension can refresh.
                let theirs = is_known && refresher(request) != Some(false);
                (interval, !theirs)
            }
        };
        session.timer = Some(SessionTimer::start(now, interval, we_refresh));
        let side = if we_refresh { "uas" } else { "uac" };
        let value = alloc::format!("{};refresher={side}", whole_seconds(interval));
        let headers = none.with(HeaderName::SessionExpires, value);
        match is_known {
            // RFC 4028 9: the caller must know that it is the one who refreshes.
            true => headers.with(HeaderName::Require, "timer"),
            false => headers,
        }
    }

    /// Takes what a success to a request of ours says of the timer (RFC 4028 7.2).
    pub(crate) fn agree_as_client(&mut self, now: Instant, key: CallKey, response: &Message) {
        if self.config.session_timers == SessionTimers::Off {
            return;
        }
        let Some(session) = self.session_mut(key) else {
            return;
        };
        session.timer = seconds(response, &HeaderName::SessionExpires).map(|interval| {
            let we_refresh = refresher(response).unwrap_or(true);
            SessionTimer::start(now, interval.max(MIN_SE), we_refresh)
        });
        self.settle_call(key);
    }

    /// A refresh is due, or nobody refreshed in time.
    pub(crate) fn session_elapsed(&mut self, now: Instant, key: CallKey, out: &mut Outbox) {
        let Some(call) = self.calls.get_mut(key) else {
            return;
        };
        let Phase::Up(session) = &mut call.phase else {
            return;
        };
        let Some(timer) = &mut session.timer else {
            return;
        };
        if timer.expires_at <= now {
            let reason = Reason::sip(StatusCode::REQUEST_TIMEOUT, "Session timer expired");
            let headers = ExtraHeaders::none().with(HeaderName::Reason, alloc::format!("{reason}"));
            return self.send_bye(now, key, EndCause::SessionExpired, &headers, out);
        }
        if timer.refresh_at.is_none_or(|at| at > now) {
            return;
        }
        timer.refresh_at = None;
        let dialog = &mut call.dialog;
        // RFC 4028 7.4: UPDATE is preferred, as it needs no offer.
        let mut change = match dialog.peer.allows_update {
            true => Change::new(Method::Update, None),
            false => Change::new(Method::Invite, dialog.exchange.local().cloned()),
        };
        change.is_refresh = true;
        dialog.changes.queue.push_front(change);
        self.next_change(now, key, out);
    }

    /// A refresh was refused: tries again while there is time.
    pub(crate) fn postpone_refresh(&mut self, now: Instant, key: CallKey) {
        if let Some(session) = self.session_mut(key)
            && let Some(timer) = &mut session.timer
        {
            timer.refresh_at = Some(now + timer.expires_at.since(now) / 2 + Duration::from_secs(1));
        }
        self.settle_call(key);
    }
}
