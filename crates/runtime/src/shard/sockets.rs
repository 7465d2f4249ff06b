use std::io;
use std::iter;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use plenum_media::{PacketOutbox, PortId};

use crate::rtp::{PortPair, SocketPair};
use crate::sys::{ReceiveBatch, SendBatch, SendTally, kernel_drops};

/// Datagrams that one system call reads or writes at most.
pub const BATCH: usize = 64;

/// Longest datagram read: more than an Ethernet frame carries.
///
/// 25 cache lines, an odd number, so that the beginnings of a batch do not compete for one set of
/// the first-level cache.
pub const DATAGRAM_LEN_MAX: usize = 1600;

/// Datagrams read in one slice at most; the rest waits in the kernel, or is dropped there.
///
/// 10,000 callers send 2,500 packets in a slice of 5 ms.
pub const SLICE_DATAGRAMS_MAX: usize = 8192;

/// Addresses that a pair has at most: one of each family.
const HALVES: usize = 2;

/// Pairs whose kernel drops are looked up in one slice.
const DROP_CHECKS_PER_SLICE: usize = 4;

/// The RTP and RTCP sockets of one shard.
///
/// Level-triggered `epoll` names the sockets that have something to read, so that a quiet socket
/// costs nothing and a flooded one is found again in the next slice.
pub(super) struct Sockets {
    /// By [`PortId`]; a gap is a port that was never handed over.
    pairs: Vec<Option<Pair>>,
    rtp: Epoll,
    rtcp: Epoll,
    ready: Vec<EpollEvent>,
    receive: ReceiveBatch,
    send: SendBatch,
    next_drop_check: usize,
}

/// A port pair at one address, or at one of each family.
struct Pair {
    first: Half,
    other: Option<Half>,
}

/// The sockets at one address.
struct Half {
    sockets: SocketPair,
    drops: u32,
}

/// What one slice read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ReadTally {
    pub(super) packets: u64,
    pub(super) oversized: u64,
}

impl Sockets {
    pub(super) fn new() -> io::Result<Self> {
        let flags = EpollCreateFlags::EPOLL_CLOEXEC;
        Ok(Self {
            pairs: Vec::new(),
            rtp: Epoll::new(flags)?,
            rtcp: Epoll::new(flags)?,
            ready: Vec::new(),
            receive: ReceiveBatch::new(BATCH, DATAGRAM_LEN_MAX),
            send: SendBatch::new(BATCH),
            next_drop_check: 0,
        })
    }

    /// Returns how many pairs there are.
    pub(super) fn len(&self) -> usize {
        self.pairs.iter().flatten().count()
    }

    /// Takes over a pair; allocates.
    pub(super) fn add(&mut self, port: PortId, pair: PortPair) -> io::Result<()> {
        let pair = Pair::from(pair);
        for (half, at) in pair.halves().enumerate() {
            let event = EpollEvent::new(EpollFlags::EPOLLIN, name(port, half));
            self.rtp.add(&at.sockets.rtp, event)?;
            self.rtcp.add(&at.sockets.rtcp, event)?;
        }
        let index = port.0 as usize;
        if self.pairs.len() <= index {
            self.pairs.resize_with(index + 1, || None);
        }
        self.pairs[index] = Some(pair);
        self.ready
            .resize(HALVES * self.pairs.len(), EpollEvent::empty());
        Ok(())
    }

    /// Closes a pair.
    pub(super) fn remove(&mut self, port: PortId) {
        if let Some(pair) = self.pairs.get_mut(port.0 as usize) {
            // The kernel forgets a socket in its epoll sets once it is closed.
            *pair = None;
        }
    }

    /// Reads what waits on the RTP sockets, or on the RTCP sockets.
    pub(super) fn read(
        &mut self,
        rtcp: bool,
        take: &mut impl FnMut(PortId, SocketAddr, &[u8]),
    ) -> io::Result<ReadTally> {
        let ready = wait(if rtcp { &self.rtcp } else { &self.rtp }, &mut self.ready)?;
        let mut tally = ReadTally::default();
        for event in ready {
            let (port, half) = named(event.data());
            let Some(Some(pair)) = self.pairs.get(port.0 as usize) else {
                continue;
            };
            let Some(at) = pair.halves().nth(half) else {
                continue;
            };
            let socket = at.socket(rtcp);
            let mut deliver = |from: SocketAddr, bytes: &[u8]| take(port, from, bytes);
            drain(socket.as_fd(), &mut self.receive, &mut tally, &mut deliver);
            if tally.packets >= SLICE_DATAGRAMS_MAX as u64 {
                break;
            }
        }
        Ok(tally)
    }

    /// Sends all packets of an outbox and empties it.
    pub(super) fn send(&mut self, outbox: &mut PacketOutbox) -> SendTally {
        let mut tally = SendTally::default();
        if outbox.is_empty() {
            return tally;
        }
        for group in outbox.groups() {
            let Some(Some(pair)) = self.pairs.get(group.port.0 as usize) else {
                tally.failed += group.len() as u64;
                continue;
            };
            let mut refused = group.len() as u64;
            for at in pair.halves() {
                let packets = group.packets().map(|packet| (packet.to, packet.bytes));
                let packets = packets.filter(|(to, _)| to.is_ipv6() == at.sockets.ipv6);
                let sent = self.send.send(at.socket(group.rtcp).as_fd(), packets);
                tally.sent += sent.sent;
                refused -= sent.sent;
            }
            tally.failed += refused;
        }
        outbox.clear();
        tally
    }

    /// Asks the kernel about the next few sockets; returns what it dropped since it was last asked.
    pub(super) fn check_drops(&mut self) -> u64 {
        let mut dropped = 0;
        for _ in 0..DROP_CHECKS_PER_SLICE.min(self.pairs.len()) {
            self.next_drop_check = (self.next_drop_check + 1) % self.pairs.len();
            let Some(pair) = &mut self.pairs[self.next_drop_check] else {
                continue;
            };
            for at in iter::once(&mut pair.first).chain(&mut pair.other) {
                if let Ok(drops) = kernel_drops(at.sockets.rtp.as_fd()) {
                    dropped += u64::from(drops.wrapping_sub(at.drops));
                    at.drops = drops;
                }
            }
        }
        dropped
    }
}

impl Pair {
    fn halves(&self) -> impl Iterator<Item = &Half> {
        iter::once(&self.first).chain(&self.other)
    }
}

impl From<PortPair> for Pair {
    fn from(pair: PortPair) -> Self {
        let half = |sockets| Half { sockets, drops: 0 };
        Self {
            first: half(pair.first),
            other: pair.other.map(half),
        }
    }
}

impl Half {
    const fn socket(&self, rtcp: bool) -> &UdpSocket {
        if rtcp {
            &self.sockets.rtcp
        } else {
            &self.sockets.rtp
        }
    }
}

/// Names a half of a pair for `epoll`.
fn name(port: PortId, half: usize) -> u64 {
    u64::from(port.0) * HALVES as u64 + half as u64
}

/// Reads such a name.
fn named(name: u64) -> (PortId, usize) {
    let port = u32::try_from(name / HALVES as u64).unwrap_or(u32::MAX);
    (PortId(port), usize::from(name % HALVES as u64 == 1))
}

fn wait<'a>(epoll: &Epoll, ready: &'a mut [EpollEvent]) -> io::Result<&'a [EpollEvent]> {
    if ready.is_empty() {
        return Ok(&[]);
    }
    match epoll.wait(ready, EpollTimeout::ZERO) {
        Ok(count) => Ok(&ready[..count]),
        Err(nix::errno::Errno::EINTR) => Ok(&[]),
        Err(error) => Err(error.into()),
    }
}

fn drain(
    socket: BorrowedFd<'_>,
    batch: &mut ReceiveBatch,
    tally: &mut ReadTally,
    deliver: &mut impl FnMut(SocketAddr, &[u8]),
) {
    loop {
        // An error is that of an earlier packet of ours; the next slice reads on.
        let Ok(count) = batch.receive(socket) else {
            return;
        };
        for index in 0..count {
            match batch.datagram(index) {
                Some(datagram) => deliver(datagram.from, datagram.bytes),
                None => tally.oversized += 1,
            }
        }
        tally.packets += count as u64;
        // Fewer than asked for: the socket is empty.
        if count < batch.capacity() || tally.packets >= SLICE_DATAGRAMS_MAX as u64 {
            return;
        }
    }
}
