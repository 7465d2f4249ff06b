use super::*;

fn good() -> Report {
    Report {
        load: Load {
            talkers: 4,
            ..Load::default()
        },
        calls: Calls {
            wanted: 8,
            answered: 8,
            ..Calls::default()
        },
        media: Some(Media {
            packets_sent: 8000,
            packets_received: 8000,
            hearing: HearingTally {
                good: 80,
                ..HearingTally::default()
            },
            ..Media::default()
        }),
        ..Report::default()
    }
}

fn changed(change: impl FnOnce(&mut Report)) -> Report {
    let mut report = good();
    change(&mut report);
    report.judged()
}

fn media(report: &mut Report) -> &mut Media {
    report.media.as_mut().unwrap()
}

#[test]
fn a_clean_run_held() {
    let report = good().judged();
    assert!(report.quality_held);
    assert!(report.to_string().ends_with("verdict    quality held\n"));
}

#[test]
fn each_criterion_that_breaks_is_named() {
    let reports = [
        (
            changed(|report| media(report).loss_percent = 0.11),
            "loss of 0.110 %",
        ),
        (
            changed(|report| media(report).late_percent = 1.5),
            "1.500 % late packets",
        ),
        (
            changed(|report| media(report).packets_refused = 4),
            "4 packets found the port of the server closed",
        ),
        (
            changed(|report| media(report).packets_received = 0),
            "no audio came back",
        ),
        (
            changed(|report| media(report).hearing.own_echo = 1),
            "1.23 % of 81 windows the wrong people",
        ),
        (
            changed(|report| media(report).deaf_callers = 2),
            "2 callers did not hear",
        ),
        (
            changed(|report| report.calls.answered = 7),
            "1 of 8 calls were not set up",
        ),
        (
            changed(|report| report.calls.dropped_by_server = 3),
            "the server ended 3 calls",
        ),
        (
            changed(|report| report.calls.not_ended = 2),
            "2 calls did not end",
        ),
        (
            changed(|report| {
                report.calls.setup_limit_ms = Some(50.0);
                report.calls.setup_p99_ms = 51.0;
            }),
            "set-up took 51.0 ms",
        ),
        (
            changed(|report| report.calls.rate_wanted = Some(500.0)),
            "instead of 500",
        ),
    ];
    for (report, words) in reports {
        assert!(!report.quality_held, "{words}");
        assert_eq!(report.broken.len(), 1, "{:?}", report.broken);
        assert!(report.broken[0].contains(words), "{:?}", report.broken);
        assert!(
            report
                .to_string()
                .ends_with("verdict    quality did not hold\n")
        );
    }
}

#[test]
fn what_is_allowed_does_not_break() {
    let report = changed(|report| {
        media(report).loss_percent = 0.1;
        media(report).late_percent = 1.0;
        media(report).hearing = HearingTally {
            good: 990,
            gap: 10,
            ..HearingTally::default()
        };
    });
    assert!(report.quality_held, "{:?}", report.broken);
}

#[test]
fn a_lost_packet_of_one_talker_may_dent_the_windows_of_many() {
    let dented = |talkers| {
        changed(|report| {
            report.load.talkers = talkers;
            media(report).hearing = HearingTally {
                good: 950,
                wrong_level: 50,
                ..HearingTally::default()
            };
        })
    };
    assert!(dented(16).quality_held);
    assert!(!dented(4).quality_held);
}

#[test]
fn a_generator_at_its_limit_gives_no_verdict() {
    let reports = [
        (
            changed(|report| report.generator.lateness_p99_ms = 5.5),
            "5.5 ms late",
        ),
        (
            changed(|report| report.generator.send_errors = 1),
            "did not take 1",
        ),
        (
            changed(|report| report.generator.socket_drops = 9),
            "dropped 9",
        ),
    ];
    for (report, words) in reports {
        assert!(!report.quality_held);
        assert!(report.invalid[0].contains(words), "{:?}", report.invalid);
        assert!(report.to_string().contains("verdict    no verdict"));
    }
    assert!(!changed(|report| report.interrupted = true).quality_held);
}

#[test]
fn the_figures_are_shares_of_what_they_say() {
    let outcome = MediaOutcome {
        sent: 1000,
        refused: 0,
        send_errors: 0,
        dropped: 0,
        reception: crate::load::reception::ReceptionTally {
            received: 990,
            lost: 10,
            late: 99,
            duplicates: 0,
        },
        hearing: HearingTally::default(),
        deaf: 0,
        delays: Distribution::new(),
    };
    let media = Media::new(&outcome);
    assert!((media.loss_percent - 1.0).abs() < 1e-9);
    assert!((media.late_percent - 10.0).abs() < 1e-9);
    assert!(media.delay.is_none());
    let usage = |cpu: u64, resident_kib| Usage {
        cpu: Duration::from_secs(cpu),
        resident_kib,
    };
    let marks = Marks {
        before: usage(1, 1000),
        steady: usage(2, 3000),
        steady_end: usage(5, 3000),
        after: usage(5, 1100),
    };
    let server = Server::new(&marks, Duration::from_secs(10), 100.0, 100);
    assert!((server.cpu_percent - 30.0).abs() < 1e-9);
    assert!((server.cpu_percent_each - 0.3).abs() < 1e-9);
    assert!((server.resident_kib_per_call - 20.0).abs() < 1e-9);
}

#[test]
fn programs_read_the_same_figures() {
    let json = serde_json::to_value(good().judged()).unwrap();
    assert_eq!(json["quality_held"], true);
    assert_eq!(json["media"]["hearing"]["good"], 80);
    assert_eq!(json["server"], serde_json::Value::Null);
}
