use std::collections::VecDeque;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use plenum_media::{
    MediaCommand, MediaNotice, Notices, PacketOutbox, PortId, Shard, ShardCounters,
};
use plenum_time::Instant;
use rtrb::{Consumer, Producer};
use tokio::sync::Notify;
use tracing::error;

use super::ShardId;
use super::grid::Slice;
use super::metrics::ShardMetrics;
use super::sockets::Sockets;
use crate::rtp::PortPair;

/// Orders obeyed in one slice at most, so that a burst of calls does not make audio late.
pub const SLICE_ORDERS_MAX: usize = 256;

/// Notices that wait while the queue to the control machine is full; later ones are lost.
pub const NOTICES_WAITING_MAX: usize = 65_536;

/// Notices that a slice makes without growing its list.
const NOTICES_RESERVED: usize = 1024;

/// Packets that a slice sends without growing its outbox.
const PACKETS_RESERVED: usize = 1024;

/// Octets of a G.711 packet of 20 ms.
const PACKET_BYTES: usize = 172;

/// What crosses from the control machine to a shard thread.
#[derive(Debug)]
pub(super) enum Order {
    /// An order to the shard.
    Command(MediaCommand),
    /// Sockets that the shard reads from here on.
    Port(PortId, PortPair),
}

/// What a shard thread drives: a [`Shard`], or in tests one that fails on purpose.
pub(super) trait Plane {
    fn command(&mut self, now: Instant, command: MediaCommand, notices: &mut Notices);

    /// Takes a datagram of the RTP socket, or of the RTCP socket.
    fn receive(&mut self, now: Instant, way: Way, packet: &[u8], notices: &mut Notices);

    fn tick(&mut self, now: Instant, slice: Slice, out: &mut PacketOutbox, notices: &mut Notices);

    /// Removes what was at fault in the call that panicked.
    fn expel(&mut self, notices: &mut Notices);

    fn counters(&self) -> &ShardCounters;
}

/// Where a datagram came in, and from where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    pub(super) port: PortId,
    pub(super) rtcp: bool,
    pub(super) from: SocketAddr,
}

impl Plane for Shard {
    fn command(&mut self, now: Instant, command: MediaCommand, notices: &mut Notices) {
        self.command(now, command, notices);
    }

    fn receive(&mut self, now: Instant, way: Way, packet: &[u8], notices: &mut Notices) {
        if way.rtcp {
            self.receive_rtcp(now, way.port, way.from, packet, notices);
        } else {
            self.receive_rtp(now, way.port, way.from, packet, notices);
        }
    }

    fn tick(&mut self, now: Instant, slice: Slice, out: &mut PacketOutbox, notices: &mut Notices) {
        self.tick(now, slice.tick, slice.phase, out, notices);
    }

    fn expel(&mut self, notices: &mut Notices) {
        self.expel(notices);
    }

    fn counters(&self) -> &ShardCounters {
        self.counters()
    }
}

/// The shard and all it works with in a slice.
pub(super) struct Worker<P> {
    pub(super) id: ShardId,
    pub(super) shard: P,
    pub(super) sockets: Sockets,
    pub(super) orders: Consumer<Order>,
    pub(super) reports: Reports,
    pub(super) outbox: PacketOutbox,
    pub(super) metrics: Arc<ShardMetrics>,
}

impl<P: Plane> Worker<P> {
    pub(super) fn new(
        id: ShardId,
        shard: P,
        sockets: Sockets,
        (orders, reports): (Consumer<Order>, Reports),
        metrics: Arc<ShardMetrics>,
    ) -> Self {
        let outbox = PacketOutbox::with_capacity(PACKETS_RESERVED, PACKETS_RESERVED * PACKET_BYTES);
        Self {
            id,
            shard,
            sockets,
            orders,
            reports,
            outbox,
            metrics,
        }
    }

    /// Does the work of one slice: obeys, reads, ticks, sends, reports.
    pub(super) fn run(&mut self, now: Instant, slice: Slice) {
        self.metrics.began_late(slice.late);
        ShardMetrics::add(&self.metrics.slices_skipped, slice.skipped);
        self.obey(now);
        self.read(now, slice);
        self.tick(now, slice);
        self.send();
        self.reports.flush(&self.metrics);
        ShardMetrics::add(&self.metrics.kernel_drops, self.sockets.check_drops());
        if slice.ends_tick() {
            self.metrics.copy(self.shard.counters());
        }
        ShardMetrics::add(&self.metrics.slices, 1);
    }

    fn obey(&mut self, now: Instant) {
        let mut obeyed = 0;
        while obeyed < SLICE_ORDERS_MAX {
            let Ok(order) = self.orders.pop() else { break };
            obeyed += 1;
            match order {
                Order::Command(command) => {
                    let closed = match command {
                        MediaCommand::RemovePort { port } => Some(port),
                        _ => None,
                    };
                    let (shard, notices) = (&mut self.shard, &mut self.reports.notices);
                    let call = AssertUnwindSafe(|| shard.command(now, command, notices));
                    if catch_unwind(call).is_err() {
                        fault(self.id, &self.metrics, "command");
                    }
                    if let Some(port) = closed {
                        self.sockets.remove(port);
                        self.metrics.ports.store(self.sockets.len() as u64, Relaxed);
                    }
                }
                Order::Port(port, pair) => {
                    if let Err(error) = self.sockets.add(port, pair) {
                        error!(shard = self.id.0, port = port.0, %error, "port pair not watched");
                    }
                    self.metrics.ports.store(self.sockets.len() as u64, Relaxed);
                }
            }
        }
        ShardMetrics::add(&self.metrics.orders, obeyed as u64);
    }

    fn read(&mut self, now: Instant, slice: Slice) {
        self.read_sockets(now, false);
        if slice.ends_tick() {
            self.read_sockets(now, true);
        }
    }

    fn read_sockets(&mut self, now: Instant, rtcp: bool) {
        let Self {
            id,
            shard,
            sockets,
            reports,
            metrics,
            ..
        } = self;
        let notices = &mut reports.notices;
        let read = sockets.read(rtcp, &mut |port, from, packet| {
            let way = Way { port, rtcp, from };
            let call = AssertUnwindSafe(|| shard.receive(now, way, packet, notices));
            if catch_unwind(call).is_err() {
                fault(*id, metrics, "packet");
                shard.expel(notices);
            }
        });
        match read {
            Ok(read) => {
                ShardMetrics::add(&metrics.packets_in, read.packets);
                ShardMetrics::add(&metrics.packets_oversized, read.oversized);
            }
            Err(error) => error!(shard = id.0, %error, "sockets not read"),
        }
    }

    fn tick(&mut self, now: Instant, slice: Slice) {
        let Self {
            shard,
            outbox,
            reports,
            ..
        } = self;
        let notices = &mut reports.notices;
        let call = AssertUnwindSafe(|| shard.tick(now, slice, outbox, notices));
        if catch_unwind(call).is_err() {
            fault(self.id, &self.metrics, "tick");
            self.shard.expel(&mut self.reports.notices);
        }
    }

    fn send(&mut self) {
        let sent = self.sockets.send(&mut self.outbox);
        ShardMetrics::add(&self.metrics.packets_out, sent.sent);
        ShardMetrics::add(&self.metrics.send_errors, sent.failed);
    }
}

/// The way of notices to the control machine.
pub(super) struct Reports {
    pub(super) notices: Notices,
    waiting: VecDeque<MediaNotice>,
    queue: Producer<MediaNotice>,
    wake: Arc<Notify>,
}

impl Reports {
    pub(super) fn new(queue: Producer<MediaNotice>, wake: Arc<Notify>) -> Self {
        let notices = Notices::with_capacity(NOTICES_RESERVED);
        Self {
            notices,
            waiting: VecDeque::with_capacity(NOTICES_RESERVED),
            queue,
            wake,
        }
    }

    /// Hands over what the slice has to say, in order, and wakes the taker if that is anything.
    fn flush(&mut self, metrics: &ShardMetrics) {
        if self.notices.is_empty() && self.waiting.is_empty() {
            return;
        }
        let room = NOTICES_WAITING_MAX.saturating_sub(self.waiting.len());
        let lost = self.notices.len().saturating_sub(room);
        self.waiting.extend(self.notices.drain().take(room));
        ShardMetrics::add(&metrics.notices_lost, lost as u64);
        while !self.queue.is_full()
            && let Some(notice) = self.waiting.pop_front()
        {
            // Only this thread pushes, so a queue with room has room.
            let _ = self.queue.push(notice);
        }
        self.wake.notify_one();
    }
}

/// Counts a panic; the shard goes on, because the other legs have nothing to do with it.
#[cold]
fn fault(id: ShardId, metrics: &ShardMetrics, doing: &'static str) {
    ShardMetrics::add(&metrics.panics, 1);
    let panics = metrics.panics.load(Relaxed);
    // A fault that each packet meets again must not turn into a flood of lines.
    if panics.is_power_of_two() {
        error!(
            shard = id.0,
            doing, panics, "the shard panicked and goes on"
        );
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr, UdpSocket};
    use std::time::Duration;

    use plenum_media::LegId;
    use rtrb::RingBuffer;

    use super::*;
    use crate::rtp::{PortPool, PortRange};

    /// Panics on an order about leg 13, on a packet that begins with 13, and in tick 13; notes
    /// what else it sees.
    #[derive(Default)]
    struct Unlucky {
        expelled: u32,
        counters: ShardCounters,
        packets: Vec<(u8, bool)>,
        ticks: Vec<u64>,
    }

    impl Plane for Unlucky {
        fn command(&mut self, _now: Instant, command: MediaCommand, notices: &mut Notices) {
            if let MediaCommand::RemoveLeg { leg } = command {
                assert_ne!(leg, LegId(13));
            }
            notices.push(MediaNotice::Refused {
                reason: "no such leg",
            });
        }

        fn receive(&mut self, _now: Instant, way: Way, packet: &[u8], _notices: &mut Notices) {
            assert_ne!(packet[0], 13);
            self.packets.push((packet[0], way.rtcp));
        }

        fn tick(&mut self, _: Instant, slice: Slice, _: &mut PacketOutbox, _: &mut Notices) {
            assert_ne!(slice.tick, 13);
            self.ticks.push(slice.tick);
        }

        fn expel(&mut self, _notices: &mut Notices) {
            self.expelled += 1;
        }

        fn counters(&self) -> &ShardCounters {
            &self.counters
        }
    }

    struct Story {
        worker: Worker<Unlucky>,
        orders: Producer<Order>,
        notices: Consumer<MediaNotice>,
    }

    impl Story {
        fn begin(notices_max: usize) -> Self {
            let (orders, orders_end) = RingBuffer::new(512);
            let (notices_end, notices) = RingBuffer::new(notices_max);
            let reports = Reports::new(notices_end, Arc::new(Notify::new()));
            let (sockets, metrics) = (Sockets::new().unwrap(), Arc::new(ShardMetrics::default()));
            let ends = (orders_end, reports);
            let worker = Worker::new(ShardId(0), Unlucky::default(), sockets, ends, metrics);
            Self {
                worker,
                orders,
                notices,
            }
        }

        fn order(&mut self, leg: u64) {
            let command = MediaCommand::RemoveLeg { leg: LegId(leg) };
            self.orders.push(Order::Command(command)).unwrap();
        }

        fn slice(&mut self, tick: u64, phase: u8) {
            let slice = Slice {
                tick,
                phase,
                late: Duration::ZERO,
                skipped: 0,
            };
            self.worker.run(Instant::from_millis(20 * tick), slice);
        }
    }

    #[test]
    fn a_fault_costs_one_order_one_packet_or_one_tick_and_is_counted() {
        let mut story = Story::begin(16);
        let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let first = 22_000 + 32 * u16::try_from(std::process::id() % 300).unwrap();
        let range = PortRange::new(first, first + 31).unwrap();
        let pair = PortPool::new(loopback, range)
            .bind_pairs(1)
            .0
            .pop()
            .unwrap();
        let port = pair.port;
        story.orders.push(Order::Port(PortId(0), pair)).unwrap();
        for leg in [1, 13, 2] {
            story.order(leg);
        }
        let phone = UdpSocket::bind((loopback, 0)).unwrap();
        for octet in [1, 13, 2] {
            phone.send_to(&[octet], (loopback, port)).unwrap();
            phone.send_to(&[octet], (loopback, port + 1)).unwrap();
        }
        for (tick, phase) in [(12, 2), (12, 3), (13, 0), (14, 0)] {
            story.slice(tick, phase);
        }
        assert_eq!(story.worker.shard.ticks, [12, 12, 14]);
        // One RTP packet, one RTCP packet and one tick; an order has no leg at work.
        assert_eq!(story.worker.shard.expelled, 3);
        assert_eq!(
            story.worker.shard.packets,
            [(1, false), (2, false), (1, true), (2, true)]
        );
        assert_eq!(story.notices.slots(), 2);
        let figures = story.worker.metrics.read();
        assert_eq!(
            (figures.panics, figures.slices, figures.packets_in),
            (4, 4, 6)
        );
    }

    #[test]
    fn notices_wait_in_order_while_nobody_takes_them() {
        let mut story = Story::begin(2);
        for leg in 0..5 {
            story.order(leg);
        }
        story.slice(1, 0);
        assert_eq!(
            (story.notices.slots(), story.worker.reports.waiting.len()),
            (2, 3)
        );
        story.notices.pop().unwrap();
        story.slice(1, 1);
        assert_eq!(
            (story.notices.slots(), story.worker.reports.waiting.len()),
            (2, 2)
        );
    }

    #[test]
    fn a_burst_of_orders_is_spread_over_slices() {
        let mut story = Story::begin(1024);
        for leg in 0..300 {
            story.order(leg + 100);
        }
        story.slice(1, 0);
        assert_eq!(story.worker.metrics.read().orders, SLICE_ORDERS_MAX as u64);
        story.slice(1, 1);
        assert_eq!(story.worker.metrics.read().orders, 300);
    }
}
