//! The whole load against a small server of its own, honest or with a fault.

mod hall;

use hall::{Fault, Hall};

use super::options::tests::options;
use super::report::Report;
use super::target::Target;
use super::{rooms, signalling};

fn load(hall: &Hall, rest: &str) -> Report {
    let line = format!(
        "load --target sip:hall@{} --rate 1000 --settle 1 {rest}",
        hall.address()
    );
    let options = options(&line);
    options.check().unwrap();
    let target = Target::resolve(&options.target).unwrap();
    match options.calls {
        Some(calls) => signalling::run(&options, &target, calls).unwrap(),
        None => rooms::run(&options, &target).unwrap(),
    }
}

#[test]
fn in_an_honest_hall_everybody_hears_the_others() {
    let hall = Hall::open(Fault::None);
    let report = load(
        &hall,
        "--rooms 2 --participants 3 --talkers 2 --seconds 2 --codec pcma",
    );
    let media = report.media.unwrap();
    assert_eq!((report.calls.answered, report.calls.not_ended), (6, 0));
    assert_eq!(media.hearing.bad(), 0, "{media:?}");
    assert!(media.hearing.good >= 6, "{media:?}");
    assert_eq!(media.deaf_callers, 0);
    assert!(media.delay.unwrap().onsets >= 2);
    assert_eq!(hall.close(), 0, "calls are left");
}

#[test]
fn an_echo_of_the_own_voice_is_heard() {
    let hall = Hall::open(Fault::OwnVoice);
    let report = load(&hall, "--participants 2 --seconds 2 --codec l16");
    let media = report.media.as_ref().unwrap();
    assert_eq!(
        (media.hearing.good, media.deaf_callers),
        (0, 2),
        "{media:?}"
    );
    assert!(media.hearing.own_echo >= 2, "{media:?}");
    assert!(!report.quality_held);
}

#[test]
fn packets_that_are_not_sent_are_counted() {
    let hall = Hall::open(Fault::DropsEach(10));
    let report = load(&hall, "--participants 2 --seconds 2");
    let media = report.media.as_ref().unwrap();
    assert!((9.0..12.0).contains(&media.loss_percent), "{media:?}");
    assert!(
        report
            .broken
            .iter()
            .any(|broken| broken.starts_with("loss")),
        "{:?}",
        report.broken
    );
}

#[test]
fn calls_come_and_go_at_a_rate() {
    let hall = Hall::open(Fault::None);
    let report = load(&hall, "--calls 60 --cps 100 --hold-ms 20");
    assert_eq!((report.calls.answered, report.calls.failed), (60, 0));
    assert_eq!(
        (report.calls.not_ended, report.calls.dropped_by_server),
        (0, 0)
    );
    assert!(report.media.is_none());
    assert_eq!(hall.close(), 0, "calls are left");
}

#[test]
fn a_refusal_is_reported_with_its_status() {
    let hall = Hall::open(Fault::Busy);
    let report = load(&hall, "--participants 2 --seconds 1");
    assert_eq!(report.calls.failures["486 Busy Here"], 2);
    assert!(!report.quality_held);
}
