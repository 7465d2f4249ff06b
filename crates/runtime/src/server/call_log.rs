//! One line in the log for each call: when it ends, or when it is refused.
//!
//! Who called whom is told from `debug` on, in a line behind that of the call.

use std::time::Duration;

use plenum_control::{CallOutcome, CallReport};
use tracing::{debug, info};

/// Writes down what became of a call.
pub(super) fn write(report: &CallReport) {
    let CallReport {
        id, caller, number, ..
    } = report;
    let cause = report.cause.map(|cause| cause.0);
    let cause_text = report.cause.map(|cause| cause.text());
    let code = report.protocol_code;
    let why = (!report.why.is_empty()).then_some(&*report.why);
    match report.outcome {
        CallOutcome::Ended { lasted, talked } => {
            let (lasted_s, talked_s) = (seconds(lasted), talked.map(seconds));
            info!(
                call = &**id,
                lasted_s, talked_s, cause, cause_text, code, why, "call ended"
            );
        }
        CallOutcome::Refused { left_out } => {
            // What is behind the `@` of a Call-ID is mostly an address (RFC 3261 20.8).
            let short = id.split('@').next().unwrap_or_default();
            let left_out = (left_out > 0).then_some(left_out);
            info!(
                call = short,
                cause, cause_text, code, why, left_out, "call refused"
            );
        }
    }
    debug!(
        call = &**id,
        caller = &**caller,
        number = &**number,
        "who called whom"
    );
}

fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex, PoisonError};

    use tracing::Level;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            written.extend_from_slice(octets);
            Ok(octets.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Returns what is logged of a report.
    fn logged(level: Level, report: &CallReport) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(level)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || write(report));
        let written = lines.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&written).into_owned()
    }

    fn report(outcome: CallOutcome) -> CallReport {
        CallReport {
            id: "4711@192.0.2.9".into(),
            caller: "alice".into(),
            number: "2000".into(),
            outcome,
            cause: None,
            protocol_code: Some(488),
            why: "no codec in common; offer PCMU or PCMA".into(),
        }
    }

    #[test]
    fn a_refused_call_is_one_line_without_names() {
        let log = logged(Level::INFO, &report(CallOutcome::Refused { left_out: 17 }));
        assert_eq!(log.lines().count(), 1, "{log}");
        for part in [
            "INFO",
            "call refused",
            "4711",
            "488",
            "offer PCMU",
            "left_out=17",
        ] {
            assert!(log.contains(part), "{part} is not in {log}");
        }
        for secret in ["alice", "2000", "192.0.2.9"] {
            assert!(!log.contains(secret), "{secret} is in {log}");
        }
    }

    #[test]
    fn an_ended_call_is_one_line_with_its_length() {
        let outcome = CallOutcome::Ended {
            lasted: Duration::from_millis(3_500),
            talked: None,
        };
        let log = logged(Level::INFO, &report(outcome));
        assert_eq!(log.lines().count(), 1, "{log}");
        assert!(
            log.contains("call ended") && log.contains("lasted_s=3.5"),
            "{log}"
        );
        assert!(
            !log.contains("talked_s") && !log.contains("left_out"),
            "{log}"
        );
    }

    #[test]
    fn debug_tells_who_called_whom() {
        let log = logged(Level::DEBUG, &report(CallOutcome::Refused { left_out: 0 }));
        assert_eq!(log.lines().count(), 2, "{log}");
        assert!(log.contains("caller=\"alice\" number=\"2000\""), "{log}");
    }
}
