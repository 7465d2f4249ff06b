//! Answers to STUN binding requests on the SIP port: the keep-alives of phones that speak UDP
//! (RFC 5626 4.4.2). Nothing else of STUN (RFC 5389) is spoken here.

use std::net::{IpAddr, SocketAddr};

/// RFC 5389 6: what tells STUN from everything else.
const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];

/// Length of the header: type, length, cookie, transaction.
const HEADER_LEN: usize = 20;

const BINDING_REQUEST: u16 = 0x0001;
const BINDING_SUCCESS: u16 = 0x0101;
const BINDING_ERROR: u16 = 0x0111;

const ERROR_CODE: u16 = 0x0009;
const UNKNOWN_ATTRIBUTES: u16 = 0x000a;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const FINGERPRINT: u16 = 0x8028;

/// RFC 5389 15: attributes below must be understood.
const OPTIONAL_ATTRIBUTES: u16 = 0x8000;

/// RFC 5389 15.5: what the checksum is mixed with.
const FINGERPRINT_XOR: u32 = 0x5354_554e;

/// Unknown attributes that an error names.
const UNKNOWN_MAX: usize = 8;

/// Tells whether a datagram is STUN: SIP begins with a letter, STUN with two zero bits.
pub(super) fn is_stun(bytes: &[u8]) -> bool {
    bytes.len() >= HEADER_LEN && bytes[0] < 0x40 && bytes[4..8] == MAGIC_COOKIE
}

/// Answers a binding request that came from `from`; anything else has no answer.
pub(super) fn answer(request: &[u8], from: SocketAddr) -> Option<Vec<u8>> {
    let word = |at: usize| {
        Some(u16::from_be_bytes([
            *request.get(at)?,
            *request.get(at + 1)?,
        ]))
    };
    let len = usize::from(word(2)?);
    if !is_stun(request) || word(0)? != BINDING_REQUEST || HEADER_LEN + len != request.len() {
        return None;
    }
    let transaction = request.get(4..HEADER_LEN)?;
    let asked = Asked::read(request)?;
    let mut answer = if asked.unknown.is_empty() {
        let mut answer = begin(BINDING_SUCCESS, transaction);
        attribute(
            &mut answer,
            XOR_MAPPED_ADDRESS,
            &xor_mapped(from, transaction),
        );
        answer
    } else {
        let mut answer = begin(BINDING_ERROR, transaction);
        // RFC 5389 7.3.1: class 4, number 20.
        attribute(&mut answer, ERROR_CODE, b"\0\0\x04\x14Unknown Attribute");
        let unknown: Vec<u8> = asked
            .unknown
            .iter()
            .flat_map(|kind| kind.to_be_bytes())
            .collect();
        attribute(&mut answer, UNKNOWN_ATTRIBUTES, &unknown);
        answer
    };
    if asked.fingerprint {
        let sum = fingerprint(&mut answer);
        attribute(&mut answer, FINGERPRINT, &sum.to_be_bytes());
    }
    Some(answer)
}

/// What the attributes of a request ask for.
#[derive(Default)]
struct Asked {
    fingerprint: bool,
    /// Kinds that must be understood and are not.
    unknown: Vec<u16>,
}

impl Asked {
    /// Reads the attributes; `None` if they are torn or their checksum is wrong.
    fn read(request: &[u8]) -> Option<Self> {
        let mut asked = Self::default();
        let mut at = HEADER_LEN;
        while at < request.len() {
            let head: [u8; 4] = request.get(at..at + 4)?.try_into().ok()?;
            let kind = u16::from_be_bytes([head[0], head[1]]);
            let len = usize::from(u16::from_be_bytes([head[2], head[3]]));
            let value = request.get(at + 4..at + 4 + len)?;
            if kind == FINGERPRINT {
                let sum = crc32(&request[..at]) ^ FINGERPRINT_XOR;
                if value != sum.to_be_bytes() {
                    return None;
                }
                asked.fingerprint = true;
            } else if kind < OPTIONAL_ATTRIBUTES && asked.unknown.len() < UNKNOWN_MAX {
                asked.unknown.push(kind);
            }
            at += 4 + len.next_multiple_of(4);
        }
        Some(asked)
    }
}

fn begin(kind: u16, transaction: &[u8]) -> Vec<u8> {
    let mut answer = Vec::with_capacity(64);
    answer.extend(kind.to_be_bytes());
    answer.extend([0, 0]);
    answer.extend(transaction);
    answer
}

/// Appends an attribute, padded, and counts it in the header.
fn attribute(message: &mut Vec<u8>, kind: u16, value: &[u8]) {
    let len = u16::try_from(value.len()).expect("our attributes are short");
    message.extend(kind.to_be_bytes());
    message.extend(len.to_be_bytes());
    message.extend(value);
    message.resize(message.len().next_multiple_of(4), 0);
    let len = message.len() - HEADER_LEN;
    set_len(message, len);
}

fn set_len(message: &mut [u8], len: usize) {
    let len = u16::try_from(len).expect("our messages are short");
    message[2..4].copy_from_slice(&len.to_be_bytes());
}

/// RFC 5389 15.2: the address, mixed with cookie and transaction so that no translator edits it.
fn xor_mapped(from: SocketAddr, cookie_and_transaction: &[u8]) -> Vec<u8> {
    let port = from.port() ^ u16::from_be_bytes([MAGIC_COOKIE[0], MAGIC_COOKIE[1]]);
    let (family, address) = match from.ip().to_canonical() {
        IpAddr::V4(v4) => (1, v4.octets().to_vec()),
        IpAddr::V6(v6) => (2, v6.octets().to_vec()),
    };
    let mut value = vec![0, family];
    value.extend(port.to_be_bytes());
    let mixed = address.iter().zip(cookie_and_transaction);
    value.extend(mixed.map(|(octet, with)| octet ^ with));
    value
}

/// RFC 5389 15.5: the checksum counts a length that already holds the attribute.
fn fingerprint(message: &mut [u8]) -> u32 {
    let len = message.len() + 8 - HEADER_LEN;
    set_len(message, len);
    crc32(message) ^ FINGERPRINT_XOR
}

/// The checksum of ITU-T V.42, bit by bit: requests are short and few.
fn crc32(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for octet in bytes {
        sum ^= u32::from(*octet);
        for _ in 0..8 {
            let low = sum & 1;
            sum = (sum >> 1) ^ (0xedb8_8320 * low);
        }
    }
    !sum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A binding request with attributes.
    fn request(attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let mut transaction = MAGIC_COOKIE.to_vec();
        transaction.extend(b"abcdefghijkl");
        let mut request = begin(BINDING_REQUEST, &transaction);
        for (kind, value) in attributes {
            attribute(&mut request, *kind, value);
        }
        request
    }

    #[test]
    fn the_checksum_is_the_common_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn the_source_comes_back_mixed_with_the_cookie() {
        let from = "192.0.2.1:32853".parse().unwrap();
        let told = answer(&request(&[]), from).unwrap();
        // RFC 5769 2.2 has the same address and port.
        let mapped = [0, 1, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43];
        assert_eq!(told[..4], [1, 1, 0, 12]);
        assert_eq!(told[4..20], request(&[])[4..20]);
        assert_eq!(told[20..24], [0, 0x20, 0, 8]);
        assert_eq!(told[24..], mapped);
        let told = answer(&request(&[]), "[2001:db8::1]:5060".parse().unwrap()).unwrap();
        assert_eq!(told[2..4], [0, 24]);
        assert_eq!(told[25], 2);
    }

    #[test]
    fn a_fingerprint_is_checked_and_answered_with_one() {
        let mut asked = request(&[(0x8022, b"a phone")]);
        let sum = fingerprint(&mut asked);
        attribute(&mut asked, FINGERPRINT, &sum.to_be_bytes());
        let told = answer(&asked, "192.0.2.1:5060".parse().unwrap()).unwrap();
        let (head, tail) = told.split_at(told.len() - 8);
        assert_eq!(tail[..4], [0x80, 0x28, 0, 4]);
        assert_eq!(tail[4..], (crc32(head) ^ FINGERPRINT_XOR).to_be_bytes());
        let last = asked.len() - 1;
        asked[last] ^= 1;
        assert_eq!(answer(&asked, "192.0.2.1:5060".parse().unwrap()), None);
    }

    #[test]
    fn what_must_be_understood_and_is_not_is_named() {
        let told = answer(
            &request(&[(0x0006, b"user")]),
            "192.0.2.1:1".parse().unwrap(),
        )
        .unwrap();
        assert_eq!(told[..2], BINDING_ERROR.to_be_bytes());
        assert_eq!(told[24..28], [0, 0, 4, 20]);
        assert!(told.ends_with(&[0, 0x0a, 0, 2, 0, 6, 0, 0]));
    }

    proptest! {
        #[test]
        fn no_octets_are_too_much(head: [u8; 4], rest: Vec<u8>) {
            let mut bytes = head.to_vec();
            bytes.extend(MAGIC_COOKIE);
            bytes.extend(rest);
            let told = answer(&bytes, "192.0.2.1:1".parse().unwrap());
            prop_assert!(told.is_none_or(|told| told.len() % 4 == 0));
        }
    }
}
