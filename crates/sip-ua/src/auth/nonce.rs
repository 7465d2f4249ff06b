use alloc::format;
use alloc::string::String;
use core::net::IpAddr;

use plenum_time::Instant;
use subtle::ConstantTimeEq as _;

use super::{Algorithm, Hash};

/// Hexadecimal digits of each of the two numbers in a nonce.
const NUMBER_LEN: usize = 16;
/// Hexadecimal digits of the seal: 128 bits.
const SEAL_LEN: usize = 32;

/// Issues nonces that prove themselves, so that a flood of requests without credentials fills no
/// table: the time, a serial number, and a seal over both that only this value can make.
///
/// The seal also binds the algorithm, so that a challenge for a strong one cannot be answered
/// with a weak one (RFC 8760 4), and the source.
#[derive(Debug)]
pub(crate) struct Mint {
    key: Key,
    serial: u64,
}

struct Key([u8; 32]);

impl core::fmt::Debug for Key {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Key(..)")
    }
}

impl Mint {
    pub(crate) const fn new(key: [u8; 32]) -> Self {
        Self {
            key: Key(key),
            serial: 0,
        }
    }

    pub(crate) fn issue(&mut self, now: Instant, binding: Binding) -> String {
        self.serial += 1;
        let id = NonceId {
            issued_ms: now.as_millis(),
            serial: self.serial,
        };
        let mut text = format!("{:016x}{:016x}", id.issued_ms, id.serial);
        self.with_seal(id, binding, |seal| text.push_str(seal));
        text
    }

    /// Reads a nonce that this value has issued for this binding, at whatever time.
    pub(crate) fn read(&self, text: &str, binding: Binding) -> Option<NonceId> {
        if text.len() != 2 * NUMBER_LEN + SEAL_LEN || !text.is_ascii() {
            return None;
        }
        let (numbers, seal) = text.split_at(2 * NUMBER_LEN);
        let (issued, serial) = numbers.split_at(NUMBER_LEN);
        let id = NonceId {
            issued_ms: u64::from_str_radix(issued, 16).ok()?,
            serial: u64::from_str_radix(serial, 16).ok()?,
        };
        let mut is_ours = false;
        self.with_seal(id, binding, |own| {
            is_ours = own.as_bytes().ct_eq(seal.as_bytes()).into();
        });
        is_ours.then_some(id)
    }

    /// The key in front of what it seals is enough: SHA-512/256 hides half of its state, so that
    /// no seal can be extended, and all parts have a fixed length.
    fn with_seal(&self, id: NonceId, binding: Binding, with: impl FnOnce(&str)) {
        let seal = Hash::Sha512_256.of(&[
            &self.key.0,
            &id.issued_ms.to_be_bytes(),
            &id.serial.to_be_bytes(),
            &[
                binding.algorithm.hash as u8,
                binding.algorithm.is_session.into(),
            ],
            &binding.source.0,
        ]);
        with(&seal.as_str()[..SEAL_LEN]);
    }
}

/// What a nonce is good for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Binding {
    pub(crate) algorithm: Algorithm,
    pub(crate) source: SourceKey,
}

/// Names one nonce; those issued later are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NonceId {
    pub(crate) issued_ms: u64,
    pub(crate) serial: u64,
}

/// Where requests come from: an IPv4 address, or the /64 of an IPv6 address, because one
/// subscriber has a whole /64 to take addresses from (RFC 6177).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SourceKey([u8; 16]);

impl SourceKey {
    /// Stands for every source.
    pub(crate) const ANY: Self = Self([0xff; 16]);
}

impl From<IpAddr> for SourceKey {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self(v4.to_ipv6_mapped().octets()),
            IpAddr::V6(v6) => {
                let mut octets = v6.octets();
                octets[8..].fill(0);
                Self(octets)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: SourceKey = SourceKey([1; 16]);
    const BINDING: Binding = Binding {
        algorithm: Algorithm::SHA_256,
        source: HERE,
    };

    #[test]
    fn a_nonce_is_read_back_by_who_issued_it_and_by_nobody_else() {
        let mut mint = Mint::new([7; 32]);
        let now = Instant::from_millis(1_234);
        let (first, second) = (mint.issue(now, BINDING), mint.issue(now, BINDING));
        assert_ne!(first, second);
        let id = mint.read(&first, BINDING).unwrap();
        assert_eq!(id.issued_ms, 1_234);
        assert!(id < mint.read(&second, BINDING).unwrap());
        assert_eq!(Mint::new([8; 32]).read(&first, BINDING), None);
    }

    #[test]
    fn a_nonce_serves_one_algorithm_and_one_source() {
        let mut mint = Mint::new([7; 32]);
        let nonce = mint.issue(Instant::ZERO, BINDING);
        let algorithm = Algorithm::MD5;
        assert_eq!(
            mint.read(
                &nonce,
                Binding {
                    algorithm,
                    ..BINDING
                }
            ),
            None
        );
        let source = SourceKey::ANY;
        assert_eq!(mint.read(&nonce, Binding { source, ..BINDING }), None);
    }

    #[test]
    fn any_changed_digit_breaks_the_seal() {
        let mut mint = Mint::new([7; 32]);
        let nonce = mint.issue(Instant::from_millis(99), BINDING);
        for at in 0..nonce.len() {
            let mut forged = nonce.clone().into_bytes();
            forged[at] = if forged[at] == b'0' { b'1' } else { b'0' };
            let forged = String::from_utf8(forged).unwrap();
            assert_eq!(mint.read(&forged, BINDING), None, "{forged}");
        }
    }

    #[test]
    fn a_subscriber_of_ipv6_is_one_source() {
        let key = |text: &str| SourceKey::from(text.parse::<IpAddr>().unwrap());
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
        assert_eq!(key("192.0.2.1"), key("::ffff:192.0.2.1"));
    }
}
