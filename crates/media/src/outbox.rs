//! Where a shard puts the packets it sends.

use alloc::vec::Vec;
use core::net::SocketAddr;
use core::ops::Range;

use crate::command::PortId;

/// One packet to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutPacket<'a> {
    /// The port pair to send from.
    pub port: PortId,
    /// Whether it leaves from the RTCP socket of the pair.
    pub rtcp: bool,
    /// Where it goes.
    pub to: SocketAddr,
    /// The datagram.
    pub bytes: &'a [u8],
}

/// All packets of an outbox that leave from one socket.
#[derive(Clone, Copy, Debug)]
pub struct Group<'a> {
    /// The port pair to send from.
    pub port: PortId,
    /// Whether they leave from the RTCP socket of the pair.
    pub rtcp: bool,
    order: &'a [u32],
    entries: &'a [Entry],
    bytes: &'a [u8],
}

impl<'a> Group<'a> {
    /// Returns how many packets the group has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Tells whether the group is empty, which none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Walks the packets in the order they were written.
    pub fn packets(&self) -> impl ExactSizeIterator<Item = OutPacket<'a>> + use<'a> {
        let (entries, bytes) = (self.entries, self.bytes);
        self.order
            .iter()
            .map(move |&index| entries[index as usize].packet(bytes))
    }
}

/// The packets of a tick, back to back in memory that the caller owns and uses again.
///
/// [`groups`](Self::groups) sorts them by socket, so that each socket is written in one call.
/// A slice with more packets than were reserved makes the memory grow once; reserve for a quarter
/// of all legs, since they are spread over four phases.
#[derive(Debug, Default)]
pub struct PacketOutbox {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    order: Vec<u32>,
    starts: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    port: PortId,
    rtcp: bool,
    to: SocketAddr,
    start: u32,
    end: u32,
}

impl Entry {
    fn packet<'a>(&self, bytes: &'a [u8]) -> OutPacket<'a> {
        OutPacket {
            port: self.port,
            rtcp: self.rtcp,
            to: self.to,
            bytes: &bytes[self.start as usize..self.end as usize],
        }
    }

    fn socket(&self) -> usize {
        self.port.0 as usize * 2 + usize::from(self.rtcp)
    }
}

impl PacketOutbox {
    /// Reserves room for `packets` packets with `bytes` bytes in all.
    #[must_use]
    pub fn with_capacity(packets: usize, bytes: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(bytes),
            entries: Vec::with_capacity(packets),
            order: Vec::with_capacity(packets),
            starts: Vec::new(),
        }
    }

    /// Forgets all packets and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.entries.clear();
    }

    /// Returns how many packets wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Tells whether no packet waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Walks the packets in the order they were written.
    pub fn packets(&self) -> impl ExactSizeIterator<Item = OutPacket<'_>> {
        self.entries.iter().map(|entry| entry.packet(&self.bytes))
    }

    /// Walks the packets grouped by the socket they leave from, in the order of ports.
    pub fn groups(&mut self) -> impl Iterator<Item = Group<'_>> {
        self.sort();
        let (order, entries, bytes) = (&self.order[..], &self.entries[..], &self.bytes[..]);
        let same =
            |a: &u32, b: &u32| entries[*a as usize].socket() == entries[*b as usize].socket();
        order.chunk_by(same).map(move |order| {
            let first = &entries[order[0] as usize];
            Group {
                port: first.port,
                rtcp: first.rtcp,
                order,
                entries,
                bytes,
            }
        })
    }

    /// Appends a packet of at most `len_max` bytes that `write` fills in.
    ///
    /// `write` returns the length it used; a packet it gives no length for is left out.
    pub(crate) fn write(
        &mut self,
        (port, rtcp, to): (PortId, bool, SocketAddr),
        len_max: usize,
        write: impl FnOnce(&mut [u8]) -> Option<usize>,
    ) -> usize {
        let start = self.bytes.len();
        self.bytes.resize(start + len_max, 0);
        let len = write(&mut self.bytes[start..]).unwrap_or(0).min(len_max);
        self.bytes.truncate(start + len);
        if len > 0 {
            let range: Range<usize> = start..start + len;
            self.entries.push(Entry {
                port,
                rtcp,
                to,
                start: u32::try_from(range.start).unwrap_or(u32::MAX),
                end: u32::try_from(range.end).unwrap_or(u32::MAX),
            });
        }
        len
    }

    /// Counting sort by socket: two passes over the packets, no comparison.
    fn sort(&mut self) {
        let sockets = self
            .entries
            .iter()
            .map(Entry::socket)
            .max()
            .map_or(0, |last| last + 1);
        self.starts.clear();
        self.starts.resize(sockets + 1, 0);
        for entry in &self.entries {
            self.starts[entry.socket() + 1] += 1;
        }
        for socket in 0..sockets {
            self.starts[socket + 1] += self.starts[socket];
        }
        self.order.clear();
        self.order.resize(self.entries.len(), 0);
        for (index, entry) in (0..).zip(&self.entries) {
            let place = &mut self.starts[entry.socket()];
            self.order[*place as usize] = index;
            *place += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn groups_hold_each_packet_once_in_order(
            packets in proptest::collection::vec((0_u32..9, any::<bool>(), 0_usize..20), 0..60),
        ) {
            let mut outbox = PacketOutbox::with_capacity(8, 64);
            for _ in 0..2 {
                outbox.clear();
                let mut expected: BTreeMap<(u32, bool), Vec<Vec<u8>>> = BTreeMap::new();
                for (number, (port, rtcp, len)) in (0_u8..).zip(&packets) {
                    let to = SocketAddr::from(([192, 0, 2, 1], u16::from(number)));
                    outbox.write((PortId(*port), *rtcp, to), len + 5, |bytes| {
                        bytes[..*len].fill(number);
                        Some(*len)
                    });
                    if *len > 0 {
                        let group = expected.entry((*port, *rtcp)).or_default();
                        group.push(std::vec![number; *len]);
                    }
                }
                let kept = packets.iter().filter(|(_, _, len)| *len > 0).count();
                prop_assert_eq!(outbox.len(), kept);
                let grouped: BTreeMap<(u32, bool), Vec<Vec<u8>>> = outbox
                    .groups()
                    .map(|group| {
                        let packets = group.packets().map(|packet| packet.bytes.to_vec());
                        ((group.port.0, group.rtcp), packets.collect())
                    })
                    .collect();
                prop_assert_eq!(&grouped, &expected);
            }
        }
    }
}
