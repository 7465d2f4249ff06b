//! The arithmetic of mixing, over plain slices.
//!
//! Loops without branches, so that the compiler turns each into vector instructions. Slices of
//! different length are handled as far as the shorter one goes.

/// What a frame sounds like, as far as mixing is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loudness {
    /// Sum of the magnitudes.
    pub sum: u32,
    /// The largest magnitude.
    pub peak: u16,
    /// Samples measured.
    pub len: u32,
}

impl Loudness {
    /// Returns the mean magnitude; zero for no samples.
    #[must_use]
    pub fn mean(&self) -> u32 {
        self.sum.checked_div(self.len).unwrap_or(0)
    }
}

/// Measures a frame of at most 65,536 samples.
#[must_use]
pub fn loudness(samples: &[i16]) -> Loudness {
    let mut sum = 0_u32;
    let mut peak = 0_u16;
    for &sample in samples {
        let magnitude = sample.unsigned_abs();
        sum = sum.wrapping_add(u32::from(magnitude));
        peak = peak.max(magnitude);
    }
    Loudness {
        sum,
        peak,
        len: u32::try_from(samples.len()).unwrap_or(u32::MAX),
    }
}

/// Adds a source to a sum.
pub fn accumulate(sum: &mut [i32], source: &[i16]) {
    for (sum, &sample) in sum.iter_mut().zip(source) {
        *sum += i32::from(sample);
    }
}

/// Takes a listener's own voice out of a sum: mix minus.
pub fn subtract(sum: &[i32], own: &[i16], out: &mut [i32]) {
    for ((out, &sum), &own) in out.iter_mut().zip(sum).zip(own) {
        *out = sum - i32::from(own);
    }
}

/// Multiplies a source by a gain, rounded to the nearest sample.
///
/// Exact to half a sample: the products of 16-bit samples and any gain up to 256 fit.
pub fn amplify(source: &[i16], gain: f32, out: &mut [i32]) {
    for (out, &sample) in out.iter_mut().zip(source) {
        let product = f32::from(sample) * gain;
        *out = (product + 0.5_f32.copysign(product)) as i32;
    }
}

/// Returns the largest magnitude of a sum, negative samples folded by one's complement.
///
/// So a sum fits 16 bits exactly if this is at most 32,767.
#[must_use]
pub fn peak(sum: &[i32]) -> u32 {
    sum.iter().fold(0, |peak, sample| peak.max(folded(*sample)))
}

pub(crate) fn folded(sample: i32) -> u32 {
    (sample ^ (sample >> 31)).cast_unsigned()
}
