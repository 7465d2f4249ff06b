//! Randomness of the operating system, for the seeds of the machines.

use std::io;

/// Returns 32 random octets: the seed of a machine.
///
/// # Errors
///
/// If the system has no randomness to give, which a Linux that has booted always has.
pub fn seed() -> io::Result<[u8; 32]> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(io::Error::other)?;
    Ok(seed)
}

/// Returns a random number.
///
/// # Errors
///
/// As [`seed`].
pub fn number() -> io::Result<u64> {
    let mut octets = [0; 8];
    getrandom::fill(&mut octets).map_err(io::Error::other)?;
    Ok(u64::from_ne_bytes(octets))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_seeds_differ() {
        assert_ne!(seed().unwrap(), seed().unwrap());
        assert_ne!(number().unwrap(), number().unwrap());
    }
}
