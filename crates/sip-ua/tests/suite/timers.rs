//! When messages go out again, to the millisecond of the RFC's tables.

use plenum_sip_ua::{Body, ExtraHeaders, Reliability};
use plenum_time::Instant;

use crate::bench::{Bench, CONTACT, SDP, ack, header, inside, invite, reply, status, word};

/// When which message went out, relative to `start`.
fn table(bench: &mut Bench, start: Instant) -> Vec<(u64, String)> {
    std::mem::take(&mut bench.sent)
        .into_iter()
        .map(|sent| (sent.at.as_millis() - start.as_millis(), word(&sent.message)))
        .collect()
}

fn all(word: &str, times: &[u64]) -> Vec<(u64, String)> {
    times.iter().map(|at| (*at, word.to_owned())).collect()
}

/// Doubling from T1 up to T2, until 64 * T1.
const CAPPED: [u64; 10] = [
    500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500,
];

#[test]
fn a_lost_invite_over_udp() {
    let mut bench = Bench::udp();
    bench.calling();
    bench.advance(100_000);
    let times = [500, 1_500, 3_500, 7_500, 15_500, 31_500];
    assert_eq!(table(&mut bench, Instant::ZERO), all("INVITE", &times));
    bench.assert_empties();
}

#[test]
fn a_lost_invite_over_tcp() {
    let mut bench = Bench::tcp();
    bench.calling();
    bench.advance(31_999);
    assert!(bench.sent.is_empty() && bench.events.is_empty());
    bench.advance(1);
    assert_eq!(bench.events.len(), 2);
    bench.assert_empties();
}

#[test]
fn a_lost_bye_over_udp() {
    let mut bench = Bench::udp();
    let (call, _) = bench.called_and_up();
    bench.advance(1_000);
    let start = bench.now;
    bench.hang_up(call);
    bench.take();
    bench.advance(100_000);
    assert_eq!(table(&mut bench, start), all("BYE", &CAPPED));
    bench.assert_empties();
}

#[test]
fn an_info_with_a_provisional_response() {
    let mut bench = Bench::udp();
    let (call, _) = bench.called_and_up();
    let (none, method) = (ExtraHeaders::none(), plenum_sip_msg::Method::Info);
    bench
        .ua
        .request(bench.now, call, method, &none, None, &mut bench.out)
        .unwrap();
    bench.drain();
    let info = bench.take_one();
    bench.advance(700);
    bench.hear(&reply(&info, "100 Trying", "", ""));
    bench.advance(100_000);
    // RFC 3261 17.1.2.2: the timer that runs is kept, those after it are T2.
    let times = [
        500, 1_500, 5_500, 9_500, 13_500, 17_500, 21_500, 25_500, 29_500,
    ];
    assert_eq!(table(&mut bench, Instant::ZERO), all("INFO", &times));
}

#[test]
fn a_success_without_ack_goes_out_again_over_both_transports() {
    for mut bench in [Bench::udp(), Bench::tcp()] {
        let call = bench.called();
        bench.accept(call);
        bench.take();
        bench.advance(31_999);
        // RFC 3261 13.3.1.4: also over a reliable transport, as a proxy may use UDP behind it.
        assert_eq!(table(&mut bench, Instant::ZERO), all("200", &CAPPED));
        bench.advance(1);
        assert_eq!(table(&mut bench, Instant::ZERO), all("BYE", &[32_000]));
        bench.assert_empties();
    }
}

#[test]
fn a_refusal_without_ack_goes_out_again_over_udp_only() {
    for (mut bench, times) in [(Bench::udp(), &CAPPED[..]), (Bench::tcp(), &[])] {
        let call = bench.called();
        let none = ExtraHeaders::none();
        bench
            .ua
            .reject(bench.now, call, status(487), &none, &mut bench.out)
            .unwrap();
        bench.drain();
        bench.take();
        bench.advance(100_000);
        assert_eq!(table(&mut bench, Instant::ZERO), all("487", times));
        bench.assert_empties();
    }
}

#[test]
fn a_provisional_response_is_repeated_each_minute() {
    let mut bench = Bench::udp();
    let call = bench.called();
    bench.advance(10_000);
    let body = Some(Body::sdp(SDP));
    bench
        .ua
        .provisional(
            bench.now,
            call,
            status(183),
            body,
            Reliability::Unreliable,
            &mut bench.out,
        )
        .unwrap();
    bench.drain();
    let early = bench.take_one();
    bench.advance(130_000);
    let sent = bench.sent.clone();
    assert_eq!(
        table(&mut bench, Instant::ZERO),
        all("183", &[70_000, 130_000])
    );
    assert!(sent.iter().all(|sent| sent.message == early));
    bench.accept(call);
    bench.take();
    bench.advance(400);
    assert!(bench.sent.is_empty());
}

#[test]
fn a_call_that_nobody_looks_at_asks_for_more_time_each_minute() {
    let mut bench = Bench::udp();
    bench.called();
    bench.advance(125_000);
    assert_eq!(
        table(&mut bench, Instant::ZERO),
        all("183", &[60_000, 120_000])
    );
}

#[test]
fn the_server_remembers_a_request_for_timer_j() {
    let mut bench = Bench::udp();
    let (_, ok) = bench.called_and_up();
    let bye = inside(&ok, "BYE", 2, "bye", "");
    bench.hear(&bye);
    bench.advance(31_999);
    bench.hear(&bye);
    assert_eq!(bench.take_words(), ["200", "200"]);
    bench.advance(1);
    bench.hear(&bye);
    assert_eq!(bench.take_words(), ["481"], "it is another request by then");
}

#[test]
fn the_server_remembers_an_accepted_invite_for_timer_l() {
    let mut bench = Bench::udp();
    let call = bench.called();
    bench.accept(call);
    let ok = bench.take_one();
    bench.hear(&ack(&ok, 1));
    bench.events.clear();
    bench.advance(31_999);
    bench.hear(&invite(""));
    assert!(bench.take().is_empty());
    assert_eq!(bench.ua.transaction_count(), 1);
    bench.advance(1);
    assert_eq!(bench.ua.transaction_count(), 0);
}

#[test]
fn the_client_remembers_a_success_for_timer_m_and_a_refusal_for_timer_d() {
    for (line, lasts) in [("200 OK", 32_000), ("404 Not Found", 32_000)] {
        let mut bench = Bench::udp();
        let (_, invite) = bench.calling();
        bench.hear(&reply(&invite, line, "there", CONTACT));
        bench.advance(lasts - 1);
        assert_eq!(bench.ua.transaction_count(), 1, "{line}");
        bench.advance(1);
        assert_eq!(bench.ua.transaction_count(), 0, "{line}");
    }
}

#[test]
fn timers_d_i_j_and_k_are_zero_over_tcp() {
    let mut bench = Bench::tcp();
    let (_, invite_sent) = bench.calling();
    bench.hear(&reply(&invite_sent, "404 Not Found", "there", ""));
    assert_eq!(bench.ua.transaction_count(), 0, "timer D");
    bench.take();
    bench.events.clear();

    let call = bench.called_with(&invite("").replace("UDP", "TCP"));
    let none = ExtraHeaders::none();
    bench.events.clear();
    let _ = bench
        .ua
        .reject(bench.now, call, status(486), &none, &mut bench.out);
    bench.drain();
    let busy = bench.take().pop().unwrap();
    bench.hear(&inside(&busy, "ACK", 1, "first", "").replace("UDP", "TCP"));
    assert_eq!(bench.ua.transaction_count(), 0, "timer I");
    assert_eq!(header(&busy, plenum_sip_msg::HeaderName::CSeq), "1 INVITE");

    bench.hear(&inside(&busy, "BYE", 2, "bye", "").replace("UDP", "TCP"));
    assert_eq!(bench.take_words(), ["481"]);
    assert_eq!(bench.ua.transaction_count(), 0, "timer J");
}
