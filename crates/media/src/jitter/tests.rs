use std::vec;
use std::vec::Vec;

use plenum_rtp::{ExtendedSequence, SequenceNumber, SequenceOutcome};
use proptest::prelude::*;

use super::conceal::FADE_IN;
use super::*;

/// Every sample of the test stream tells its place.
fn sample(position: u64) -> i16 {
    (position % 20_000) as i16 + 1
}

fn packet(position: u64, len: usize) -> Vec<i16> {
    (position..position + len as u64).map(sample).collect()
}

/// A packet on its way: when it arrives (in samples of time), its number, its place.
#[derive(Clone, Copy, Debug)]
struct Flight {
    arrives: u64,
    number: u64,
    position: u64,
}

/// A listener that checks what comes out of a buffer.
struct Listener {
    buffer: JitterBuffer,
    sequence: ExtendedSequence,
    len: usize,
    /// Where the audio heard so far ends.
    heard: Option<u64>,
    after_gap: bool,
    dropped: u64,
    audio_frames: u64,
}

impl Listener {
    fn new(len: usize) -> Self {
        Self {
            buffer: JitterBuffer::new(&JitterLimits::default()),
            sequence: ExtendedSequence::announced(),
            len,
            heard: None,
            after_gap: false,
            dropped: 0,
            audio_frames: 0,
        }
    }

    fn receive(&mut self, flight: &Flight, until_tick: u32, base: u32) {
        let outcome = self.sequence.receive(SequenceNumber(flight.number as u16));
        if !outcome.is_accepted() || matches!(outcome, SequenceOutcome::Duplicate { .. }) {
            return;
        }
        let arrival = Arrival {
            timestamp: base.wrapping_add(flight.position as u32),
            newest: !matches!(outcome, SequenceOutcome::Late { .. }),
            until_tick,
        };
        self.buffer
            .insert(arrival, &packet(flight.position, self.len));
    }

    /// Pulls a frame and checks that what is not made up is right and in order.
    fn pull(&mut self) -> Played {
        let mut frame = [0; FRAME];
        let before = self.buffer.figures().samples_dropped;
        self.after_gap |= core::mem::replace(&mut self.dropped, before) != before;
        let played = self.buffer.pull(&mut frame);
        assert!(
            self.buffer.delay() <= Duration::from_millis(200),
            "{:?}",
            self.buffer.delay()
        );
        self.dropped = self.buffer.figures().samples_dropped;
        let cut = self.dropped != before;
        match played {
            Played::Audio if !cut => self.check(&frame),
            Played::Audio => self.after_gap = false,
            Played::Concealed => self.after_gap = true,
            Played::Silence => {
                assert!(frame.iter().all(|sample| *sample == 0));
                self.after_gap = true;
            }
        }
        played
    }

    fn check(&mut self, frame: &[i16; FRAME]) {
        let skip = if self.after_gap { FADE_IN } else { 0 };
        self.after_gap = false;
        self.audio_frames += 1;
        let first = frame[skip];
        for (step, value) in (0_u64..).zip(&frame[skip..]) {
            assert_eq!(
                *value,
                sample((first as u64 - 1) + step),
                "a wrong sample at {step}"
            );
        }
        // The place is known modulo 20,000; it never goes back.
        let modulo = first as u64 - 1;
        let floor = self.heard.unwrap_or(modulo);
        let ahead = (modulo + 20_000 - floor % 20_000) % 20_000;
        assert!(ahead < 10_000, "audio went back to {modulo} after {floor}");
        self.heard = Some(floor + ahead + (FRAME - skip) as u64);
    }
}

/// Flies packets of `len` samples for `ticks` ticks; `delay` gives each its delay, or loss.
fn fly(
    listener: &mut Listener,
    ticks: u64,
    phase: u64,
    base: u32,
    mut delay: impl FnMut(u64) -> Vec<u64>,
) {
    let len = listener.len as u64;
    let mut flights: Vec<Flight> = Vec::new();
    for number in 0..ticks * FRAME as u64 / len {
        for delay in delay(number) {
            let position = number * len;
            flights.push(Flight {
                arrives: position + len + delay,
                number,
                position,
            });
        }
    }
    flights.sort_by_key(|flight| flight.arrives);
    let mut flights = flights.into_iter().peekable();
    for tick in 0..ticks {
        let now = tick * FRAME as u64 + phase;
        while let Some(flight) = flights.next_if(|flight| flight.arrives <= now) {
            listener.receive(&flight, (now - flight.arrives) as u32, base);
        }
        listener.pull();
    }
}

fn packet_lengths() -> impl Strategy<Value = usize> {
    prop_oneof![Just(80_usize), Just(160), Just(240), Just(320), Just(480)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn whatever_the_network_does_what_plays_is_right_or_made_up(
        len in packet_lengths(),
        phase in 0_u64..160,
        base in any::<u32>(),
        fates in proptest::collection::vec((0_u64..1200, 0_u8..100), 200),
    ) {
        let mut listener = Listener::new(len);
        fly(&mut listener, 600, phase, base, |number| {
            let (delay, fate) = fates[number as usize % fates.len()];
            match fate {
                0..5 => vec![],
                5..10 => vec![delay, delay + 300],
                _ => vec![delay],
            }
        });
        prop_assert!(listener.audio_frames > 30, "only {} frames", listener.audio_frames);
    }

    #[test]
    fn no_arrival_breaks_the_buffer(
        steps in proptest::collection::vec(
            (any::<u32>(), 0_u32..4000, any::<bool>(), 0_usize..1200, 0_u8..3), 1..200),
    ) {
        let mut buffer = JitterBuffer::new(&JitterLimits::default());
        let (mut timestamp, mut out) = (0_u32, [0; FRAME]);
        for (wild, step, newest, len, kind) in steps {
            timestamp = match kind {
                0 => wild,
                1 => timestamp.wrapping_add(step),
                _ => timestamp.wrapping_sub(step),
            };
            buffer.insert(Arrival { timestamp, newest, until_tick: wild }, &std::vec![1; len]);
            if step % 3 == 0 {
                buffer.pull(&mut out);
                prop_assert!(buffer.delay() <= Duration::from_millis(200));
            }
            if step == 1 {
                buffer.restart();
            }
        }
    }

    #[test]
    fn a_calm_stream_waits_a_frame_at_most_and_loses_nothing(
        len in packet_lengths(),
        phase in 0_u64..160,
        base in any::<u32>(),
    ) {
        let mut listener = Listener::new(len);
        fly(&mut listener, 500, phase, base, |_| vec![0]);
        let figures = *listener.buffer.figures();
        // Until the rhythm of packets is known, one tick may run dry.
        prop_assert!(figures.packets_late <= 1, "{:?}", figures);
        prop_assert!(figures.samples_concealed <= 480, "{:?}", figures);
        let frame_or_packet = len.max(FRAME) as u64;
        let delay = listener.buffer.delay();
        prop_assert!(delay <= length_of(frame_or_packet + FRAME as u64), "{:?}", delay);
    }

    #[test]
    fn delay_returns_to_need_after_a_disturbance(
        phase in 0_u64..160,
        spikes in proptest::collection::vec(0_u64..1500, 100),
    ) {
        let mut listener = Listener::new(FRAME);
        fly(&mut listener, 2500, phase, 0, |number| {
            vec![spikes.get(number as usize).copied().unwrap_or(0)]
        });
        let delay = listener.buffer.delay();
        prop_assert!(delay <= Duration::from_millis(40), "{:?}", delay);
    }

    #[test]
    fn clocks_that_drift_apart_keep_the_delay(
        phase in 0_u64..160,
        parts_per_million in 0_u64..=1000,
    ) {
        let mut listener = Listener::new(FRAME);
        // The sender's clock is 500 ppm slow to 500 ppm fast for a minute.
        fly(&mut listener, 3000, phase, 0, |number| {
            let drift = number * FRAME as u64 * parts_per_million / 1_000_000;
            vec![1000 + number * FRAME as u64 / 2000 - drift]
        });
        let delay = listener.buffer.delay();
        prop_assert!(delay <= Duration::from_millis(45), "{:?}", delay);
        let figures = listener.buffer.figures();
        prop_assert!(figures.samples_concealed <= 5 * FRAME as u64, "{:?}", figures);
    }

    #[test]
    fn a_network_that_reorders_is_learnt(phase in 0_u64..160) {
        let mut listener = Listener::new(FRAME);
        // Every fourth packet is overtaken by the next.
        fly(&mut listener, 1000, phase, 0, |number| {
            vec![if number % 4 == 3 { 250 } else { 0 }]
        });
        let figures = listener.buffer.figures();
        prop_assert!(figures.packets_late <= 4, "{:?}", figures);
    }

    #[test]
    fn isolated_losses_are_concealed_sample_by_sample(
        phase in 0_u64..160,
        lost in proptest::collection::btree_set(2_u64..48, 0..12),
    ) {
        // With a packet in reserve, each loss is seen as one and none as lateness.
        let mut listener = Listener::new(FRAME);
        let lost: Vec<u64> = lost.into_iter().map(|number| number * 10).collect();
        fly(&mut listener, 500, phase, 0, |number| match number {
            0 => vec![0],
            _ if lost.contains(&number) => vec![],
            _ => vec![0],
        });
        let figures = listener.buffer.figures();
        prop_assert_eq!(figures.samples_concealed, (lost.len() * FRAME) as u64);
        prop_assert_eq!(figures.packets_late, 0);
    }
}

fn arrival(timestamp: u32) -> Arrival {
    Arrival {
        timestamp,
        newest: true,
        until_tick: 80,
    }
}

/// Feeds and plays `frames` frames in step.
fn run(buffer: &mut JitterBuffer, timestamp: u32, frames: u32, level: i16) -> Vec<i16> {
    let mut heard = Vec::new();
    for frame in 0..frames {
        buffer.insert(
            arrival(timestamp.wrapping_add(frame * FRAME as u32)),
            &[level; FRAME],
        );
        let mut out = [0; FRAME];
        buffer.pull(&mut out);
        heard.extend(out);
    }
    heard
}

#[test]
fn a_jump_of_timestamps_is_not_heard() {
    let mut buffer = JitterBuffer::new(&JitterLimits::default());
    run(&mut buffer, 1000, 20, 5000);
    for jump in [3_000_000_000, 7, 2_000_000] {
        let heard = run(&mut buffer, jump, 10, 5000);
        assert!(heard.iter().all(|sample| *sample == 5000), "jump to {jump}");
    }
    assert_eq!(buffer.figures().samples_concealed, 0);
}

#[test]
fn a_pause_of_the_sender_keeps_the_delay() {
    let mut buffer = JitterBuffer::new(&JitterLimits::default());
    run(&mut buffer, 0, 50, 5000);
    let mut out = [0; FRAME];
    for _ in 0..100 {
        buffer.pull(&mut out);
    }
    assert_eq!(out, [0; FRAME]);
    let heard = run(&mut buffer, 150 * FRAME as u32, 2, 5000);
    assert!(heard[FADE_IN..].iter().all(|sample| *sample == 5000));
    assert!(buffer.delay() <= Duration::from_millis(40));
}

#[test]
fn concealment_has_no_steps() {
    let mut buffer = JitterBuffer::new(&JitterLimits::default());
    let mut tone = crate::tone::ToneSource::new(200.0, -12.0);
    let mut heard = Vec::new();
    for frame in 0..40_u32 {
        let mut samples = [0; FRAME];
        tone.fill(&mut samples);
        if !(10..14).contains(&frame) && frame != 20 {
            buffer.insert(arrival(frame * FRAME as u32), &samples);
        }
        let mut out = [0; FRAME];
        buffer.pull(&mut out);
        heard.extend(out);
    }
    let step = heard
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).unsigned_abs())
        .max();
    // A sine of this level and frequency moves by 1,830 a sample at most.
    assert!(step < Some(2200), "{step:?}");
    assert!(buffer.figures().samples_concealed > 0);
}

#[test]
fn a_burst_after_a_stall_is_cut_to_the_bound() {
    let mut buffer = JitterBuffer::new(&JitterLimits::default());
    run(&mut buffer, 0, 50, 5000);
    let mut out = [0; FRAME];
    for _ in 0..30 {
        buffer.pull(&mut out);
    }
    for frame in 50..80_u32 {
        buffer.insert(arrival(frame * FRAME as u32), &[5000; FRAME]);
    }
    buffer.pull(&mut out);
    assert_eq!(buffer.delay(), Duration::from_millis(200));
    assert_eq!(buffer.figures().samples_dropped, 20 * FRAME as u64);
}

#[test]
fn a_buffer_is_small() {
    let ring = (1600 + FRAME) * 2;
    assert!(
        size_of::<JitterBuffer>() + ring < 6000,
        "{}",
        size_of::<JitterBuffer>()
    );
}
