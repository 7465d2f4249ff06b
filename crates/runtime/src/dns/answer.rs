use std::time::Duration;

use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::rdata::{NAPTR, SRV};
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use plenum_sip_ua::locate::{
    Answer, DnsName, Naptr, Question, Record, RecordData, RecordKind, Srv,
};

/// The name as the resolver takes it. A name of one label is completed with the search list of the
/// system, as all programs on it do; any other is meant from the root.
pub(super) fn query(question: &Question) -> (String, RecordType) {
    let kind = match question.kind {
        RecordKind::Naptr => RecordType::NAPTR,
        RecordKind::Srv => RecordType::SRV,
        RecordKind::A => RecordType::A,
        RecordKind::Aaaa => RecordType::AAAA,
    };
    let name = question.name.as_str();
    if name.contains('.') {
        (format!("{name}."), kind)
    } else {
        (name.to_owned(), kind)
    }
}

pub(super) fn answer(kind: RecordKind, result: Result<Lookup, NetError>) -> Answer {
    match result {
        Ok(lookup) => found(kind, &lookup),
        Err(NetError::Timeout) => Answer::TimedOut,
        Err(NetError::Dns(DnsError::NoRecordsFound(none))) => {
            let ttl = none.negative_ttl.map(seconds);
            match none.response_code {
                ResponseCode::NXDomain => Answer::NoSuchName { ttl },
                ResponseCode::NoError => Answer::NoData { ttl },
                _ => Answer::Failed,
            }
        }
        Err(_) => Answer::Failed,
    }
}

fn found(kind: RecordKind, lookup: &Lookup) -> Answer {
    // An alias on the way may expire before the records it led to.
    let shortest = lookup.answers().iter().map(|record| record.ttl).min();
    let ttl = seconds(shortest.unwrap_or_default());
    let records: Vec<Record> = lookup
        .answers()
        .iter()
        .filter_map(|record| data(kind, &record.data))
        .map(|data| Record { ttl, data })
        .collect();
    if records.is_empty() {
        return Answer::NoData { ttl: None };
    }
    Answer::Records(records)
}

fn data(kind: RecordKind, data: &RData) -> Option<RecordData> {
    match (kind, data) {
        (RecordKind::A, RData::A(address)) => Some(RecordData::Address(address.0.into())),
        (RecordKind::Aaaa, RData::AAAA(address)) => Some(RecordData::Address(address.0.into())),
        (RecordKind::Srv, RData::SRV(record)) => srv(record).map(RecordData::Srv),
        (RecordKind::Naptr, RData::NAPTR(record)) => naptr(record).map(RecordData::Naptr),
        _ => None,
    }
}

fn srv(record: &SRV) -> Option<Srv> {
    Some(Srv {
        priority: record.priority,
        weight: record.weight,
        port: record.port,
        target: name(&record.target)?,
    })
}

fn naptr(record: &NAPTR) -> Option<Naptr> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
    Some(Naptr {
        order: record.order,
        preference: record.preference,
        flags: text(&record.flags)?,
        services: text(&record.services)?,
        regexp: text(&record.regexp)?,
        replacement: name(&record.replacement)?,
    })
}

/// The name, `Some(None)` for the root, or `None` for one that leads to no host.
#[expect(
    clippy::option_option,
    reason = "the root and a name that is none are two things"
)]
fn name(name: &Name) -> Option<Option<DnsName>> {
    if name.is_root() {
        return Some(None);
    }
    DnsName::new(&name.to_ascii()).ok().map(Some)
}

fn seconds(ttl: u32) -> Duration {
    Duration::from_secs(ttl.into())
}
