use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;
use core::time::Duration;

use super::DnsName;

/// Most records of one answer that are looked at; more are dropped.
pub const MAX_RECORDS: usize = 32;

/// What DNS can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordKind {
    /// Rules that say by which transports a domain is reached (RFC 3403 4).
    Naptr,
    /// The servers of one service (RFC 2782).
    Srv,
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
}

/// One question for DNS.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Question {
    /// What is asked for.
    pub kind: RecordKind,
    /// About which name.
    pub name: DnsName,
}

impl Question {
    pub(super) const fn new(kind: RecordKind, name: DnsName) -> Self {
        Self { kind, name }
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            RecordKind::Naptr => "NAPTR",
            RecordKind::Srv => "SRV",
            RecordKind::A => "A",
            RecordKind::Aaaa => "AAAA",
        };
        write!(f, "{kind} {}", self.name)
    }
}

/// What DNS answered. Aliases were followed already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The records, at least one of the kind asked for.
    Records(Vec<Record>),
    /// There is no such name (NXDOMAIN).
    NoSuchName {
        /// How long that holds (RFC 2308 5), when the answer says so.
        ttl: Option<Duration>,
    },
    /// There is such a name, but it has no records of this kind.
    NoData {
        /// How long that holds (RFC 2308 5), when the answer says so.
        ttl: Option<Duration>,
    },
    /// The name servers refused, broke the protocol or could not be reached.
    Failed,
    /// No name server answered in time.
    TimedOut,
}

impl Answer {
    /// Whether it says nothing about the name, only about the name servers.
    pub(super) const fn is_failure(&self) -> bool {
        matches!(self, Self::Failed | Self::TimedOut)
    }

    pub(super) fn records(&self) -> &[Record] {
        match self {
            Self::Records(records) => records,
            _ => &[],
        }
    }

    /// Drops what is above the limit.
    pub(super) fn bounded(mut self) -> Self {
        if let Self::Records(records) = &mut self {
            records.truncate(MAX_RECORDS);
        }
        self
    }
}

/// One record of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// How long it may be kept.
    pub ttl: Duration,
    /// What it says.
    pub data: RecordData,
}

/// The part of a record that is ours to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordData {
    /// A rule.
    Naptr(Naptr),
    /// A server.
    Srv(Srv),
    /// An address of either version.
    Address(IpAddr),
}

/// One rule of a domain (RFC 3403 4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naptr {
    /// Rules of a lower order come first; others count only if none of those fits.
    pub order: u16,
    /// Among rules of one order, the lower is liked better by the domain.
    pub preference: u16,
    /// `S` leads to SRV, `A` to addresses, nothing to further rules.
    pub flags: String,
    /// What it offers, as `SIP+D2U`.
    pub services: String,
    /// A substitution, which rules for SIP do not have (RFC 3263 4.1).
    pub regexp: String,
    /// Where it leads; `None` is the root, which leads nowhere.
    pub replacement: Option<DnsName>,
}

/// One server of a service (RFC 2782).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Srv {
    /// Servers of a lower number come first.
    pub priority: u16,
    /// The share of the load among servers of one priority.
    pub weight: u16,
    /// The port.
    pub port: u16,
    /// The name of the server; `None` is the root: the service is decidedly not offered.
    pub target: Option<DnsName>,
}
