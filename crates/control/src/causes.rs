//! Causes of Q.850 and status codes of SIP, one table each way.
//!
//! After RFC 3398 sections 7.2.4.1 and 8.2.6.1, and where those leave it open or programs of the
//! field expect otherwise (480 as 19, 603 as 21), what Asterisk reports.

use plenum_sip_msg::{Reason, StatusCode};
use plenum_switch::Cause;

/// Q.850 causes and the status that refuses a call for them.
const CAUSE_TO_STATUS: &[(u8, u16)] = &[
    (1, 404),
    (2, 404),
    (3, 404),
    (16, 603),
    (17, 486),
    (18, 408),
    (19, 480),
    (20, 480),
    (21, 403),
    (22, 410),
    (27, 502),
    (28, 484),
    (29, 501),
    (31, 480),
    (34, 503),
    (38, 503),
    (41, 503),
    (42, 503),
    (58, 488),
    (65, 488),
    (79, 501),
    (88, 606),
    (102, 504),
    (111, 500),
    (127, 500),
];

/// Status codes and the Q.850 cause that they stand for.
const STATUS_TO_CAUSE: &[(u16, u8)] = &[
    (401, 21),
    (402, 21),
    (403, 21),
    (404, 1),
    (405, 127),
    (406, 127),
    (407, 21),
    (408, 18),
    (409, 41),
    (410, 22),
    (413, 127),
    (414, 127),
    (415, 79),
    (420, 127),
    (423, 127),
    (480, 19),
    (482, 127),
    (483, 127),
    (484, 28),
    (485, 1),
    (486, 17),
    (487, 127),
    (488, 58),
    (500, 41),
    (501, 79),
    (502, 38),
    (503, 41),
    (504, 102),
    (505, 127),
    (600, 17),
    (603, 21),
    (604, 1),
    (606, 58),
];

/// Returns the status that refuses a call for a cause; 500 for a cause without one.
pub(crate) fn refusal_status(cause: Cause) -> StatusCode {
    let found = CAUSE_TO_STATUS.iter().find(|(value, _)| *value == cause.0);
    let code = found.map_or(500, |(_, code)| *code);
    StatusCode::new(code).expect("the table holds status codes")
}

/// Returns the cause that a final status stands for; 127 (interworking) for one without.
pub(crate) fn cause_of(status: StatusCode) -> Cause {
    let found = STATUS_TO_CAUSE
        .iter()
        .find(|(code, _)| *code == status.as_u16());
    Cause(found.map_or(127, |(_, cause)| *cause))
}

/// Returns the Q.850 cause of a `Reason` header (RFC 3326), if it has one.
pub(crate) fn cause_in(reason: &Reason) -> Option<Cause> {
    let value = reason
        .cause()
        .filter(|_| reason.protocol.as_str().eq_ignore_ascii_case("Q.850"));
    value
        .and_then(|value| u8::try_from(value).ok())
        .filter(|value| *value < 128)
        .map(Cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_refuses_with_a_failure() {
        for cause in 0..=255 {
            assert!(refusal_status(Cause(cause)).is_failure());
        }
    }

    #[test]
    fn busy_congested_and_unknown_survive_the_way_there_and_back() {
        for (cause, status) in [
            (17, 486),
            (1, 404),
            (28, 484),
            (58, 488),
            (22, 410),
            (21, 403),
        ] {
            assert_eq!(refusal_status(Cause(cause)).as_u16(), status);
            let status = StatusCode::new(status).expect("a status");
            assert_eq!(cause_of(status), Cause(cause));
        }
    }

    #[test]
    fn tables_have_no_double_entries() {
        assert!(CAUSE_TO_STATUS.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(STATUS_TO_CAUSE.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
