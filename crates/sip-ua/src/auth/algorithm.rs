use core::fmt;
use core::str::FromStr;

use md5::Md5;
use sha2::{Digest, Sha256, Sha512_256};

/// A hash function of RFC 7616 and RFC 8760.
///
/// They are ordered by strength, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hash {
    /// MD5, which most phones speak and which RFC 8760 keeps for them alone.
    Md5,
    /// SHA-256.
    Sha256,
    /// SHA-512/256: SHA-512 with its own start value, cut to 256 bits.
    Sha512_256,
}

impl Hash {
    /// Hashes the parts with colons between them.
    pub(crate) fn of(self, parts: &[&[u8]]) -> HexDigest {
        match self {
            Self::Md5 => HexDigest::of::<Md5>(parts),
            Self::Sha256 => HexDigest::of::<Sha256>(parts),
            Self::Sha512_256 => HexDigest::of::<Sha512_256>(parts),
        }
    }

    /// How many hexadecimal digits its digests have.
    #[must_use]
    pub const fn hex_len(self) -> usize {
        match self {
            Self::Md5 => 32,
            Self::Sha256 | Self::Sha512_256 => 64,
        }
    }
}

/// A digest algorithm: a hash function, and whether its key is bound to one challenge.
///
/// Prints and parses as the `algorithm` parameter. Algorithms are ordered by strength, the
/// weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Algorithm {
    /// The hash function.
    pub hash: Hash,
    /// The `-sess` variant: the key depends on the first nonce and cnonce (RFC 7616 3.4.2).
    pub is_session: bool,
}

impl Algorithm {
    /// `MD5`.
    pub const MD5: Self = Self::plain(Hash::Md5);
    /// `MD5-sess`.
    pub const MD5_SESS: Self = Self::session(Hash::Md5);
    /// `SHA-256`.
    pub const SHA_256: Self = Self::plain(Hash::Sha256);
    /// `SHA-256-sess`.
    pub const SHA_256_SESS: Self = Self::session(Hash::Sha256);
    /// `SHA-512-256`.
    pub const SHA_512_256: Self = Self::plain(Hash::Sha512_256);
    /// `SHA-512-256-sess`.
    pub const SHA_512_256_SESS: Self = Self::session(Hash::Sha512_256);
    /// All of them, the strongest first.
    pub const ALL: [Self; 6] = [
        Self::SHA_512_256_SESS,
        Self::SHA_512_256,
        Self::SHA_256_SESS,
        Self::SHA_256,
        Self::MD5_SESS,
        Self::MD5,
    ];

    const fn plain(hash: Hash) -> Self {
        Self {
            hash,
            is_session: false,
        }
    }

    const fn session(hash: Hash) -> Self {
        Self {
            hash,
            is_session: true,
        }
    }

    /// The spelling in the `algorithm` parameter.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match (self.hash, self.is_session) {
            (Hash::Md5, false) => "MD5",
            (Hash::Md5, true) => "MD5-sess",
            (Hash::Sha256, false) => "SHA-256",
            (Hash::Sha256, true) => "SHA-256-sess",
            (Hash::Sha512_256, false) => "SHA-512-256",
            (Hash::Sha512_256, true) => "SHA-512-256-sess",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no algorithm of RFC 7616.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no such digest algorithm; RFC 7616 has MD5, SHA-256 and SHA-512-256, each alone or with -sess"
)]
pub struct UnknownAlgorithm;

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    /// Reads the `algorithm` parameter, without case.
    fn from_str(text: &str) -> Result<Self, UnknownAlgorithm> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.as_str().eq_ignore_ascii_case(text))
            .ok_or(UnknownAlgorithm)
    }
}

/// Longest digest in hexadecimal digits.
const MAX_HEX_LEN: usize = 64;

/// A digest in the form in which it enters other digests: lower-case hexadecimal digits.
#[derive(Clone, Copy)]
pub(crate) struct HexDigest {
    digits: [u8; MAX_HEX_LEN],
    len: usize,
}

impl HexDigest {
    fn of<D: Digest>(parts: &[&[u8]]) -> Self {
        let mut hasher = D::new();
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                hasher.update(b":");
            }
            hasher.update(part);
        }
        Self::from_octets(&hasher.finalize())
    }

    fn from_octets(octets: &[u8]) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut digits = [0; MAX_HEX_LEN];
        for (pair, octet) in digits.chunks_exact_mut(2).zip(octets) {
            pair[0] = DIGITS[usize::from(octet >> 4)];
            pair[1] = DIGITS[usize::from(octet & 15)];
        }
        let len = (octets.len() * 2).min(MAX_HEX_LEN);
        Self { digits, len }
    }

    /// Reads the digits of a digest of this hash function, in either case.
    pub(crate) fn parse(hash: Hash, text: &str) -> Option<Self> {
        let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if text.len() != hash.hex_len() || !is_hex {
            return None;
        }
        let mut digits = [0; MAX_HEX_LEN];
        for (digit, byte) in digits.iter_mut().zip(text.bytes()) {
            *digit = byte.to_ascii_lowercase();
        }
        let len = text.len();
        Some(Self { digits, len })
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.digits[..self.len]
    }

    pub(crate) fn as_str(&self) -> &str {
        core::str::from_utf8(self.as_bytes()).expect("hexadecimal digits are text")
    }

    /// Compares in a time that does not tell how much of it agrees.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        subtle::ConstantTimeEq::ct_eq(self.as_bytes(), other.as_bytes()).into()
    }
}
