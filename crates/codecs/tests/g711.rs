//! Both laws against the decision values of ITU-T G.711, for every sample and every byte.

use plenum_codecs::g711::{decode_alaw, decode_ulaw, encode_alaw, encode_ulaw};

/// A law as the tables of G.711 give it: where each interval of magnitudes begins.
struct Law {
    /// Decision values; the last one is virtual.
    decisions: Vec<i32>,
    /// How far a 16-bit sample is shifted to the scale of the decision values.
    shift: u32,
}

impl Law {
    fn new(first: &[i32], segments: &[(usize, i32)], shift: u32) -> Self {
        let mut decisions = first.to_vec();
        for &(steps, width) in segments {
            for _ in 0..steps {
                decisions.push(decisions.last().expect("a first decision value") + width);
            }
        }
        assert_eq!(decisions.len(), 129, "128 intervals");
        Self { decisions, shift }
    }

    /// Tables 2a and 2b.
    fn mu() -> Self {
        let segments = [
            (15, 2),
            (16, 4),
            (16, 8),
            (16, 16),
            (16, 32),
            (16, 64),
            (16, 128),
            (16, 256),
        ];
        Self::new(&[0, 1], &segments, 2)
    }

    /// Tables 1a and 1b.
    fn a() -> Self {
        let segments = [
            (32, 2),
            (16, 4),
            (16, 8),
            (16, 16),
            (16, 32),
            (16, 64),
            (16, 128),
        ];
        Self::new(&[0], &segments, 3)
    }

    /// The interval of a sample, found by walking the table, and whether it is negative.
    fn interval(&self, sample: i16) -> (u8, bool) {
        let scaled = i32::from(sample) >> self.shift;
        let magnitude = if scaled < 0 { !scaled } else { scaled };
        let above = self
            .decisions
            .iter()
            .take(128)
            .filter(|&&value| value <= magnitude);
        (
            u8::try_from(above.count() - 1).expect("128 intervals"),
            sample < 0,
        )
    }

    /// The value that stands for an interval: its middle.
    fn middle(&self, interval: u8) -> i32 {
        let at = usize::from(interval);
        ((self.decisions[at] + self.decisions[at + 1]) / 2) << self.shift
    }
}

fn ulaw_byte((interval, negative): (u8, bool)) -> u8 {
    if negative {
        127 - interval
    } else {
        255 - interval
    }
}

fn alaw_byte((interval, negative): (u8, bool)) -> u8 {
    (if negative { interval } else { 128 + interval }) ^ 0x55
}

fn all_samples() -> impl Iterator<Item = i16> {
    i16::MIN..=i16::MAX
}

#[test]
fn the_tables_end_where_the_standard_says() {
    assert_eq!(Law::mu().decisions.last(), Some(&8159));
    assert_eq!(Law::a().decisions.last(), Some(&4096));
}

#[test]
fn every_sample_gets_the_byte_of_its_interval() {
    let (mu, a) = (Law::mu(), Law::a());
    for sample in all_samples() {
        assert_eq!(
            encode_ulaw(sample),
            ulaw_byte(mu.interval(sample)),
            "µ-law of {sample}"
        );
        assert_eq!(
            encode_alaw(sample),
            alaw_byte(a.interval(sample)),
            "A-law of {sample}"
        );
    }
}

#[test]
fn every_byte_gets_the_middle_of_its_interval() {
    let (mu, a) = (Law::mu(), Law::a());
    for interval in 0..128 {
        // The first interval of µ-law lies around zero, not above it.
        let value = if interval == 0 {
            0
        } else {
            mu.middle(interval)
        };
        assert_eq!(i32::from(decode_ulaw(ulaw_byte((interval, false)))), value);
        assert_eq!(i32::from(decode_ulaw(ulaw_byte((interval, true)))), -value);
        let value = a.middle(interval);
        assert_eq!(i32::from(decode_alaw(alaw_byte((interval, false)))), value);
        assert_eq!(i32::from(decode_alaw(alaw_byte((interval, true)))), -value);
    }
}

#[test]
fn a_second_passage_changes_nothing() {
    for byte in 0..=u8::MAX {
        assert_eq!(encode_alaw(decode_alaw(byte)), byte);
        // µ-law has a negative zero, which becomes the positive one.
        let expected = if byte == 0x7F { 0xFF } else { byte };
        assert_eq!(encode_ulaw(decode_ulaw(byte)), expected);
    }
}

#[test]
fn both_laws_are_symmetric() {
    for byte in 0..=u8::MAX {
        assert_eq!(decode_ulaw(byte ^ 0x80), -decode_ulaw(byte));
        assert_eq!(decode_alaw(byte ^ 0x80), -decode_alaw(byte));
    }
    for sample in all_samples() {
        assert_eq!(encode_ulaw(!sample), encode_ulaw(sample) ^ 0x80);
        assert_eq!(encode_alaw(!sample), encode_alaw(sample) ^ 0x80);
    }
}

#[test]
fn louder_samples_never_get_quieter() {
    for (quiet, loud) in all_samples().zip(all_samples().skip(1)) {
        assert!(decode_ulaw(encode_ulaw(quiet)) <= decode_ulaw(encode_ulaw(loud)));
        assert!(decode_alaw(encode_alaw(quiet)) <= decode_alaw(encode_alaw(loud)));
    }
}
