use alloc::vec::Vec;

use plenum_sip_msg::Transport;

use super::service::transport_of;
use super::{DnsName, Naptr, Record, RecordData};

/// Where one rule leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// To the servers of a service: flag `S`.
    Service(DnsName, Transport),
    /// To addresses: flag `A`.
    Host(DnsName, Transport),
    /// To further rules: no flag.
    Rules(DnsName),
}

impl Rule {
    /// The transport, unless further rules choose it.
    pub(super) const fn transport(&self) -> Option<&Transport> {
        match self {
            Self::Service(_, transport) | Self::Host(_, transport) => Some(transport),
            Self::Rules(_) => None,
        }
    }

    fn is_reliable(&self) -> bool {
        self.transport().is_none_or(Transport::is_reliable)
    }
}

/// The rules that this side can follow, in the order in which it does.
///
/// Only rules of the lowest order that fits at all count (RFC 3403 4.1). With `prefer_reliable`,
/// those for reliable transports come first, whatever their order: RFC 3261 18.1.1 demands it of
/// requests that are too long for a datagram.
pub(super) fn usable(records: &[Record], ours: &[Transport], prefer_reliable: bool) -> Vec<Rule> {
    let mut fitting: Vec<(&Naptr, Rule)> = records
        .iter()
        .filter_map(naptr)
        .filter_map(|naptr| Some((naptr, rule(naptr, ours)?)))
        .collect();
    fitting.sort_by_key(|(naptr, _)| (naptr.order, naptr.preference));
    if !prefer_reliable {
        return lowest_order(fitting);
    }
    let (reliable, others): (Vec<_>, Vec<_>) = fitting
        .into_iter()
        .partition(|(_, rule)| rule.is_reliable());
    let mut rules = lowest_order(reliable);
    rules.extend(lowest_order(others));
    rules
}

fn lowest_order(fitting: Vec<(&Naptr, Rule)>) -> Vec<Rule> {
    let Some(lowest) = fitting.first().map(|(naptr, _)| naptr.order) else {
        return Vec::new();
    };
    fitting
        .into_iter()
        .take_while(|(naptr, _)| naptr.order == lowest)
        .map(|(_, rule)| rule)
        .collect()
}

fn rule(naptr: &Naptr, ours: &[Transport]) -> Option<Rule> {
    // RFC 3263 4.1: the replacement is used; a rule that substitutes is none for SIP.
    if !naptr.regexp.is_empty() {
        return None;
    }
    let replacement = naptr.replacement.clone()?;
    if naptr.flags.is_empty() {
        let about_sip = naptr.services.is_empty() || is_ours(&naptr.services, ours).is_some();
        return about_sip.then_some(Rule::Rules(replacement));
    }
    let transport = is_ours(&naptr.services, ours)?;
    if naptr.flags.eq_ignore_ascii_case("s") {
        Some(Rule::Service(replacement, transport))
    } else if naptr.flags.eq_ignore_ascii_case("a") {
        Some(Rule::Host(replacement, transport))
    } else {
        None
    }
}

fn is_ours(services: &str, ours: &[Transport]) -> Option<Transport> {
    let transport = transport_of(services)?;
    ours.contains(transport).then(|| transport.clone())
}

fn naptr(record: &Record) -> Option<&Naptr> {
    match &record.data {
        RecordData::Naptr(naptr) => Some(naptr),
        _ => None,
    }
}
