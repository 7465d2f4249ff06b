use alloc::vec;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use plenum_sip_msg::Transport;

use super::RecordKind;

/// How long all attempts of one search may take together by default: 64 * T1, as one transaction.
pub const BUDGET: Duration = Duration::from_secs(32);
/// The shortest time that is suggested for one attempt while the budget lasts: three datagrams are
/// out by then (RFC 3261 17.1.1.2: at 0, 500 and 1,500 ms).
pub const ATTEMPT_MIN: Duration = Duration::from_secs(3);

/// Which versions of IP reach us, the preferred one first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Families {
    /// Only IPv4.
    V4,
    /// Only IPv6.
    V6,
    /// Both, IPv4 first.
    #[default]
    V4ThenV6,
    /// Both, IPv6 first.
    V6ThenV4,
}

impl Families {
    /// Whether an address can be reached.
    #[must_use]
    pub const fn has(self, address: IpAddr) -> bool {
        match self {
            Self::V4 => address.is_ipv4(),
            Self::V6 => address.is_ipv6(),
            Self::V4ThenV6 | Self::V6ThenV4 => true,
        }
    }

    /// What to ask for, the preferred first.
    pub(super) const fn kinds(self) -> &'static [RecordKind] {
        match self {
            Self::V4 => &[RecordKind::A],
            Self::V6 => &[RecordKind::Aaaa],
            Self::V4ThenV6 => &[RecordKind::A, RecordKind::Aaaa],
            Self::V6ThenV4 => &[RecordKind::Aaaa, RecordKind::A],
        }
    }
}

/// What this side can do and likes.
#[derive(Clone, Debug)]
pub struct Preferences {
    /// The transports we speak, the best liked first. UDP, TCP, TLS, WS and WSS count; others are
    /// passed over. Default UDP, then TCP.
    pub transports: Vec<Transport>,
    /// The versions of IP we speak. Default both, IPv4 first.
    pub families: Families,
    /// How long all attempts of one search may take together. Default [`BUDGET`].
    pub budget: Duration,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            transports: vec![Transport::Udp, Transport::Tcp],
            families: Families::default(),
            budget: BUDGET,
        }
    }
}
