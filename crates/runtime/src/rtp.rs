//! RTP and RTCP port pairs out of a configured range.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::str::FromStr;

use plenum_control::Addresses;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

/// Receive buffer asked for each RTP socket; the kernel caps it at `net.core.rmem_max`.
///
/// A pair serves up to 64 legs; 1 MiB holds their packets of a quarter of a second.
pub const RECEIVE_BUFFER: usize = 1 << 20;

/// Send buffer asked for each RTP socket; the kernel caps it at `net.core.wmem_max`.
pub const SEND_BUFFER: usize = 1 << 20;

/// Traffic class of audio: expedited forwarding (RFC 3246, RFC 4594 section 4.1).
const EXPEDITED_FORWARDING: u32 = 46 << 2;

/// The ports that RTP may use: each pair takes an even port and the odd one above it
/// (RFC 3550 section 11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortRange {
    first: u16,
    last: u16,
}

impl PortRange {
    /// Builds a range from its first and last port.
    ///
    /// # Errors
    ///
    /// [`PortRangeError`] if the range holds no pair.
    pub fn new(first: u16, last: u16) -> Result<Self, PortRangeError> {
        let even = u32::from(first) + u32::from(first % 2);
        if first == 0 || even + 1 > u32::from(last) {
            return Err(PortRangeError::NoPair { first, last });
        }
        Ok(Self {
            first: first + first % 2,
            last,
        })
    }

    /// Returns how many pairs the range holds.
    #[must_use]
    pub const fn pairs(self) -> u16 {
        (self.last - self.first).div_ceil(2)
    }

    fn rtp_port(self, index: u16) -> u16 {
        self.first + 2 * (index % self.pairs())
    }
}

impl FromStr for PortRange {
    type Err = PortRangeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let syntax = || PortRangeError::Syntax {
            text: text.chars().take(40).collect(),
        };
        let (first, last) = text.split_once('-').ok_or_else(syntax)?;
        let port = |text: &str| text.trim().parse::<u16>().map_err(|_| syntax());
        Self::new(port(first)?, port(last)?)
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

/// Why a text is no range of ports.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PortRangeError {
    /// Not of the form `20000-29999`.
    #[error("`{text}` is no range of ports; write the first and the last one, as in `20000-29999`")]
    Syntax {
        /// The beginning of what was written.
        text: String,
    },
    /// No even port with an odd one above it.
    #[error(
        "the ports {first} to {last} hold no pair; RTP takes an even port and the one above it, \
         as in `20000-20001`"
    )]
    NoPair {
        /// The first port.
        first: u16,
        /// The last port.
        last: u16,
    },
}

/// A bound pair of ports: RTP on an even one, RTCP on the next, under the same numbers at each
/// address of the pool.
#[derive(Debug)]
pub struct PortPair {
    /// Port of the RTP sockets.
    pub port: u16,
    /// At the first address of the pool.
    pub(crate) first: SocketPair,
    /// At the address of the other family, if the pool has one.
    pub(crate) other: Option<SocketPair>,
}

/// The two sockets at one address. They do not block.
#[derive(Debug)]
pub(crate) struct SocketPair {
    pub(crate) rtp: UdpSocket,
    pub(crate) rtcp: UdpSocket,
    /// The family: what of these sockets can be sent to.
    pub(crate) ipv6: bool,
}

/// Binds port pairs, each time others of its range.
#[derive(Debug)]
pub struct PortPool {
    bind: Addresses,
    range: PortRange,
    next: u16,
}

impl PortPool {
    /// Builds a pool of ports at one address, or at one of each family; binds nothing yet.
    #[must_use]
    pub fn new(bind: impl Into<Addresses>, range: PortRange) -> Self {
        Self {
            bind: bind.into(),
            range,
            next: 0,
        }
    }

    /// Binds up to `count` pairs, skipping ports in use.
    ///
    /// Also returns a sentence that says why there are fewer than asked for, if so. A pair is free
    /// again once it is dropped.
    pub fn bind_pairs(&mut self, count: u16) -> (Vec<PortPair>, Option<String>) {
        let mut pairs = Vec::new();
        let mut in_use = 0u16;
        for _ in 0..self.range.pairs() {
            if pairs.len() == usize::from(count) {
                break;
            }
            let port = self.range.rtp_port(self.next);
            self.next = (self.next + 1) % self.range.pairs();
            match bind_pair(self.bind, port) {
                Ok(pair) => pairs.push(pair),
                Err((_, error)) if error.kind() == io::ErrorKind::AddrInUse => in_use += 1,
                Err((address, error)) => {
                    return (pairs, Some(failure(address, &error)));
                }
            }
        }
        let shortage =
            (pairs.len() < usize::from(count)).then(|| self.shortage(pairs.len(), count, in_use));
        (pairs, shortage)
    }

    fn shortage(&self, bound: usize, count: u16, in_use: u16) -> String {
        format!(
            "only {bound} of {count} RTP port pairs could be bound on {}: all others of the {} \
             pairs in {} are taken ({in_use} looked at); set [rtp] ports to a wider range",
            self.bind,
            self.range.pairs(),
            self.range,
        )
    }
}

fn failure(address: SocketAddr, error: &io::Error) -> String {
    let cause = match error.raw_os_error() {
        Some(libc::EADDRNOTAVAIL) => format!(
            "{} is no address of this machine; set [rtp] bind to one that `ip address` shows",
            address.ip()
        ),
        Some(libc::EAFNOSUPPORT) => format!(
            "this machine has no {}; leave that address out of [rtp] bind",
            if address.is_ipv6() { "IPv6" } else { "IPv4" }
        ),
        Some(libc::EACCES) => {
            "ports below 1024 need the capability CAP_NET_BIND_SERVICE; set [rtp] ports to a \
             higher range"
                .to_owned()
        }
        Some(libc::EMFILE) => {
            "the process may open no more files; raise the limit (`ulimit -n`, or LimitNOFILE= \
             in the service)"
                .to_owned()
        }
        _ => error.to_string(),
    };
    format!("cannot bind RTP port {address}: {cause}")
}

/// Binds a pair at all addresses, or says at which one it failed.
fn bind_pair(bind: Addresses, port: u16) -> Result<PortPair, (SocketAddr, io::Error)> {
    Ok(PortPair {
        port,
        first: bind_sockets(bind.first(), port)?,
        other: bind
            .other()
            .map(|other| bind_sockets(other, port))
            .transpose()?,
    })
}

fn bind_sockets(ip: IpAddr, port: u16) -> Result<SocketPair, (SocketAddr, io::Error)> {
    let at = |port| {
        let address = SocketAddr::new(ip, port);
        bind_socket(address).map_err(|error| (address, error))
    };
    Ok(SocketPair {
        rtp: at(port)?,
        rtcp: at(port + 1)?,
        ipv6: ip.is_ipv6(),
    })
}

fn bind_socket(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::DGRAM,
        Some(Protocol::UDP),
    )?;
    socket.set_nonblocking(true)?;
    // Buffers and traffic class are wishes; a system that denies them still carries audio.
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    let _ = socket.set_send_buffer_size(SEND_BUFFER);
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
        let _ = socket.set_tclass_v6(EXPEDITED_FORWARDING);
    } else {
        let _ = socket.set_tos_v4(EXPEDITED_FORWARDING);
    }
    socket.bind(&SockAddr::from(address))?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};
    use std::sync::atomic::{AtomicU16, Ordering::Relaxed};

    use super::*;

    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    /// Some free range of `pairs` pairs, found by asking; test processes look in different places.
    fn free_range(pairs: u16) -> PortRange {
        static SEARCHES: AtomicU16 = AtomicU16::new(0);
        let place = std::process::id() + 25 * u32::from(SEARCHES.fetch_add(1, Relaxed));
        let start = 2_000 + 64 * u16::try_from(place % 100).unwrap();
        (start..10_000)
            .step_by(64)
            .map(|first| PortRange::new(first, first + 2 * pairs - 1).unwrap())
            .find(|range| {
                PortPool::new(LOOPBACK, *range)
                    .bind_pairs(pairs)
                    .1
                    .is_none()
            })
            .unwrap()
    }

    #[test]
    fn a_range_reads_as_it_is_written() {
        let range: PortRange = "20000-29999".parse().unwrap();
        assert_eq!(
            (range.pairs(), range.to_string()),
            (5000, "20000-29999".to_owned())
        );
        let odd: PortRange = "20001-20004".parse().unwrap();
        assert_eq!((odd.pairs(), odd.rtp_port(0)), (1, 20_002));
        for bad in ["", "20000", "20000-", "a-b", "1-70000"] {
            let error = bad.parse::<PortRange>().unwrap_err();
            assert!(error.to_string().contains("as in `20000-29999`"), "{error}");
        }
        for none in ["0-10", "20001-20002", "30000-20000", "65535-65535"] {
            let error = none.parse::<PortRange>().unwrap_err();
            assert!(matches!(error, PortRangeError::NoPair { .. }), "{none}");
        }
    }

    #[test]
    fn pairs_are_an_even_port_and_the_odd_one_above() {
        let mut pool = PortPool::new(LOOPBACK, free_range(4));
        let (pairs, shortage) = pool.bind_pairs(4);
        assert_eq!((pairs.len(), shortage), (4, None));
        for PortPair { port, first, other } in pairs {
            assert_eq!((port % 2, other.is_none()), (0, true));
            assert_eq!(first.rtp.local_addr().unwrap(), (LOOPBACK, port).into());
            assert_eq!(
                first.rtcp.local_addr().unwrap(),
                (LOOPBACK, port + 1).into()
            );
        }
    }

    #[test]
    fn a_pair_has_the_same_numbers_at_both_addresses() {
        let range = free_range(2);
        let both = Addresses::of(&[LOOPBACK, Ipv6Addr::LOCALHOST.into()]).unwrap();
        // A port that is taken at one address is of no use at the other.
        let taken = UdpSocket::bind((Ipv6Addr::LOCALHOST, range.rtp_port(0))).unwrap();
        let (pairs, shortage) = PortPool::new(both, range).bind_pairs(2);
        assert_eq!((pairs.len(), shortage.is_some()), (1, true));
        let PortPair { port, first, other } = &pairs[0];
        let at = [first, other.as_ref().unwrap()].map(|pair| pair.rtp.local_addr().unwrap());
        let expected = both.iter().map(|ip| SocketAddr::new(ip, *port));
        assert_eq!(at.to_vec(), expected.collect::<Vec<_>>());
        drop(taken);
    }

    #[test]
    fn ports_of_others_are_skipped_and_a_used_up_range_says_so() {
        let range = free_range(3);
        let other = UdpSocket::bind((LOOPBACK, range.rtp_port(1) + 1)).unwrap();
        let mut pool = PortPool::new(LOOPBACK, range);
        let (pairs, shortage) = pool.bind_pairs(3);
        let ports: Vec<_> = pairs.iter().map(|pair| pair.port).collect();
        assert_eq!(ports, [range.rtp_port(0), range.rtp_port(2)]);
        let shortage = shortage.unwrap();
        assert!(
            shortage.starts_with("only 2 of 3 RTP port pairs"),
            "{shortage}"
        );
        assert!(
            shortage.contains("set [rtp] ports to a wider range"),
            "{shortage}"
        );
        drop((other, pairs));
        assert_eq!(pool.bind_pairs(3).0.len(), 3);
    }

    #[test]
    fn an_address_of_another_machine_is_named_with_the_fix() {
        let elsewhere: IpAddr = "192.0.2.1".parse().unwrap();
        let (pairs, shortage) = PortPool::new(elsewhere, free_range(1)).bind_pairs(1);
        assert!(pairs.is_empty());
        assert!(
            shortage
                .unwrap()
                .contains("192.0.2.1 is no address of this machine")
        );
    }
}
