use std::fmt;
use std::time::Duration;

use plenum_time::Instant;

/// What a good run was like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The seed.
    pub seed: u64,
    /// Steps taken.
    pub steps: u32,
    /// Virtual time that passed.
    pub time: Duration,
    /// Calls that were answered.
    pub calls_answered: u64,
    /// Differs between runs in which anything differs on the wire.
    pub fingerprint: u64,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seed,
            steps,
            time,
            calls_answered,
            fingerprint,
        } = self;
        let time = time.as_secs();
        write!(
            f,
            "seed {seed}: {steps} steps, {calls_answered} calls answered in {time} virtual \
             seconds, every invariant held; fingerprint {fingerprint:016x}"
        )
    }
}

/// Where and why a run failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// The step.
    pub step: u32,
    /// Steps that the run was to take.
    pub steps: u32,
    /// When, in virtual time.
    pub at: Instant,
    /// The invariant that broke.
    pub sentence: String,
    /// The last lines of what happened.
    pub lines: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            writeln!(f, "{line}")?;
        }
        let Self {
            seed,
            step,
            steps,
            at,
            sentence,
            ..
        } = self;
        writeln!(f, "seed {seed} failed in step {step} at {at:?}: {sentence}")?;
        write!(
            f,
            "rerun it with `cargo xtask sim --seed {seed} -- --steps {steps} --trace`"
        )
    }
}
