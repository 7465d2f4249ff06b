//! The two companding laws of ITU-T G.711, one sample at a time.
//!
//! Samples are 16-bit, left-justified: µ-law uses the upper 14 bits, A-law the upper 13. A negative
//! sample is folded by one's complement, as the ITU's own software tools (G.191) do; so
//! `encode(!sample)` is `encode(sample)` with the sign bit flipped, for every sample.
//!
//! The encoders look up a folded magnitude. That takes 4 KiB for µ-law and 2 KiB for A-law, where
//! tables over the plain sample would take 16 and 4 KiB of a first-level cache that the mixer
//! needs as well.

/// The µ-law byte of a zero sample.
pub const ULAW_SILENCE: u8 = 0xFF;

/// The A-law byte of a zero sample.
pub const ALAW_SILENCE: u8 = 0xD5;

/// What µ-law adds to a 16-bit magnitude so that every segment starts at a power of two.
const ULAW_BIAS: u16 = 33 << 2;

/// The last segment of µ-law ends below this biased magnitude; louder samples clip to it.
const ULAW_LEVELS: usize = 4096;

/// Magnitudes that A-law tells apart.
const ALAW_LEVELS: usize = 2048;

/// A-law inverts every other bit of a character signal (G.711 table 1a, note 2).
const ALAW_TOGGLE: u8 = 0x55;

static ULAW_DECODE: [i16; 256] = ulaw_decode_table();
static ALAW_DECODE: [i16; 256] = alaw_decode_table();
static ULAW_ENCODE: [u8; ULAW_LEVELS] = ulaw_encode_table();
static ALAW_ENCODE: [u8; ALAW_LEVELS] = alaw_encode_table();

/// Expands one µ-law byte.
#[inline]
#[must_use]
pub fn decode_ulaw(byte: u8) -> i16 {
    ULAW_DECODE[usize::from(byte)]
}

/// Expands one A-law byte.
#[inline]
#[must_use]
pub fn decode_alaw(byte: u8) -> i16 {
    ALAW_DECODE[usize::from(byte)]
}

/// Compresses one sample to µ-law.
#[inline]
#[must_use]
pub fn encode_ulaw(sample: i16) -> u8 {
    let level = usize::from((magnitude(sample) + ULAW_BIAS) >> 3);
    ULAW_ENCODE[level.min(ULAW_LEVELS - 1)] ^ sign_bit(sample)
}

/// Compresses one sample to A-law.
#[inline]
#[must_use]
pub fn encode_alaw(sample: i16) -> u8 {
    let level = usize::from(magnitude(sample) >> 4);
    ALAW_ENCODE[level & (ALAW_LEVELS - 1)] ^ sign_bit(sample)
}

/// Folds a sample to `0..=0x7FFF` by one's complement.
const fn magnitude(sample: i16) -> u16 {
    (sample ^ (sample >> 15)).cast_unsigned()
}

/// The sign bit of a byte, set for a negative sample.
const fn sign_bit(sample: i16) -> u8 {
    if sample < 0 { 0x80 } else { 0 }
}

/// The bytes of positive samples, by biased magnitude in steps of eight.
///
/// The finest step of µ-law is eight, so a level decides the byte.
const fn ulaw_encode_table() -> [u8; ULAW_LEVELS] {
    let mut table = [ULAW_SILENCE; ULAW_LEVELS];
    // The bias keeps a level at 16 or above.
    let mut level = 16;
    while level < ULAW_LEVELS {
        let segment = level.ilog2() - 4;
        let step = (level >> segment) & 0x0F;
        table[level] = !((segment << 4) as u8 | step as u8);
        level += 1;
    }
    table
}

/// The bytes of positive samples, by magnitude in steps of sixteen.
const fn alaw_encode_table() -> [u8; ALAW_LEVELS] {
    let mut table = [ALAW_SILENCE; ALAW_LEVELS];
    let mut level = 0;
    while level < ALAW_LEVELS {
        // The first two segments share one step size.
        let byte = if level < 32 {
            level as u8
        } else {
            let segment = level.ilog2() - 3;
            let step = (level >> (segment - 1)) & 0x0F;
            (segment << 4) as u8 | step as u8
        };
        table[level] = (byte | 0x80) ^ ALAW_TOGGLE;
        level += 1;
    }
    table
}

const fn ulaw_decode_table() -> [i16; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let inverted = !(byte as u8);
        let segment = (inverted >> 4) & 0x07;
        let step = (inverted & 0x0F) as i16;
        let level = (((step << 1) + 33) << segment) - 33;
        table[byte] = if inverted & 0x80 == 0 {
            level << 2
        } else {
            -(level << 2)
        };
        byte += 1;
    }
    table
}

const fn alaw_decode_table() -> [i16; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let plain = byte as u8 ^ ALAW_TOGGLE;
        let segment = (plain >> 4) & 0x07;
        let step = ((plain & 0x0F) as i16) << 1;
        // The value in the middle of its step, in units of the 13-bit scale.
        let level = if segment == 0 {
            step + 1
        } else {
            (step + 33) << (segment - 1)
        };
        table[byte] = if plain & 0x80 == 0 {
            -(level << 3)
        } else {
            level << 3
        };
        byte += 1;
    }
    table
}
