use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use plenum_media::{PacketOutbox, PortId};

use crate::rtp::PortPair;
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

/// Sockets whose kernel drops are looked up in one slice.
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

struct Pair {
    sockets: PortPair,
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
    pub(super) fn add(&mut self, port: PortId, sockets: PortPair) -> io::Result<()> {
        let event = EpollEvent::new(EpollFlags::EPOLLIN, u64::from(port.0));
        self.rtp.add(&sockets.rtp, event)?;
        self.rtcp.add(&sockets.rtcp, event)?;
        let index = port.0 as usize;
        if self.pairs.len() <= index {
            self.pairs.resize_with(index + 1, || None);
        }
        self.pairs[index] = Some(Pair { sockets, drops: 0 });
        self.ready.resize(self.pairs.len(), EpollEvent::empty());
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
            let index = usize::try_from(event.data()).unwrap_or(usize::MAX);
            let Some(Some(pair)) = self.pairs.get(index) else {
                continue;
            };
            let socket = if rtcp {
                &pair.sockets.rtcp
            } else {
                &pair.sockets.rtp
            };
            let port = PortId(u32::try_from(index).unwrap_or(u32::MAX));
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
            let socket = if group.rtcp {
                &pair.sockets.rtcp
            } else {
                &pair.sockets.rtp
            };
            let packets = group.packets().map(|packet| (packet.to, packet.bytes));
            let sent = self.send.send(socket.as_fd(), packets);
            tally.sent += sent.sent;
            tally.failed += sent.failed;
        }
        outbox.clear();
        tally
    }

    /// Asks the kernel about the next few sockets; returns what it dropped since it was last asked.
    pub(super) fn check_drops(&mut self) -> u64 {
        let mut dropped = 0;
        for _ in 0..DROP_CHECKS_PER_SLICE.min(self.pairs.len()) {
            self.next_drop_check = (self.next_drop_check + 1) % self.pairs.len();
            if let Some(pair) = &mut self.pairs[self.next_drop_check]
                && let Ok(drops) = kernel_drops(pair.sockets.rtp.as_fd())
            {
                dropped += u64::from(drops.wrapping_sub(pair.drops));
                pair.drops = drops;
            }
        }
        dropped
    }
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
