//! RTCP of one leg: reports out and in.

use core::net::SocketAddr;
use core::time::Duration;

use plenum_rtp::rtcp::{
    BufferFull, Compound, ReportBlock, ReportBlocks, ReportInterval, RtcpPacket, RtcpWriter,
    SenderInfo, average_size,
};
use plenum_rtp::{NtpTime, Ssrc};
use plenum_time::Instant;

use super::Leg;
use crate::command::PortId;
use crate::moment::Moment;
use crate::outbox::PacketOutbox;
use crate::stats::LegStats;
use crate::time::length_of;

/// RFC 3550 6.2: RTCP takes 5 % of the session bandwidth, here of 64 kbit/s, in bytes a second.
const RTCP_BANDWIDTH: u32 = 400;

/// The size of a compound before any was seen, with its UDP and IP headers.
const SIZE_EXPECTED: u32 = 130;

/// UDP and IPv4 headers count towards the size (RFC 3550 section 6.2).
const LOWER_HEADERS: u32 = 28;

/// The largest compound we write: SR with one block, SDES with the longest CNAME, BYE.
const COMPOUND_MAX: usize = 52 + 268 + 8;

/// What the two ends told each other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reports {
    next: Option<Instant>,
    initial: bool,
    average_size: u32,
    packets_at_last: u64,
    round_trip: Duration,
    remote_fraction_lost: u8,
    remote_jitter: Duration,
}

impl Default for Reports {
    fn default() -> Self {
        Self {
            next: None,
            initial: true,
            average_size: SIZE_EXPECTED,
            packets_at_last: 0,
            round_trip: Duration::ZERO,
            remote_fraction_lost: 0,
            remote_jitter: Duration::ZERO,
        }
    }
}

impl Reports {
    pub(crate) fn stats(&self, stats: &mut LegStats) {
        stats.round_trip = self.round_trip;
        stats.remote_fraction_lost = self.remote_fraction_lost;
        stats.remote_jitter = self.remote_jitter;
    }

    fn schedule(&mut self, now: Instant, we_sent: bool, random: u32) {
        let interval = ReportInterval {
            members: 2,
            senders: 1 + u32::from(we_sent),
            bandwidth: RTCP_BANDWIDTH,
            we_sent,
            average_size: self.average_size,
            initial: self.initial,
        };
        self.next = Some(now + interval.randomised(random));
    }

    fn note_size(&mut self, len: usize) {
        let len = u32::try_from(len)
            .unwrap_or(u32::MAX)
            .saturating_add(LOWER_HEADERS);
        self.average_size = average_size(self.average_size, len);
    }

    fn hear(&mut self, block: &ReportBlock, wall: NtpTime) {
        self.remote_fraction_lost = block.fraction_lost;
        self.remote_jitter = length_of(u64::from(block.jitter));
        if let Some(round_trip) = block.round_trip(wall) {
            self.round_trip = round_trip;
        }
    }
}

/// A report that is ready to be written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Report {
    to: (PortId, bool, SocketAddr),
    ssrc: Ssrc,
    info: Option<SenderInfo>,
    block: Option<ReportBlock>,
}

impl Report {
    /// Writes the report; with `bye` it is the last one. Returns its length.
    pub(crate) fn write(&self, cname: &str, bye: bool, out: &mut PacketOutbox) -> usize {
        out.write(self.to, COMPOUND_MAX, |buffer| {
            self.compose(buffer, cname, bye).ok()
        })
    }

    fn compose(&self, buffer: &mut [u8], cname: &str, bye: bool) -> Result<usize, BufferFull> {
        let mut writer = RtcpWriter::new(buffer);
        match &self.info {
            Some(info) => writer.sender_report(self.ssrc, info, self.block.as_slice())?,
            None => writer.receiver_report(self.ssrc, self.block.as_slice())?,
        }
        writer.cname(self.ssrc, cname)?;
        if bye {
            writer.bye(&[self.ssrc], None)?;
        }
        Ok(writer.len())
    }
}

impl Leg {
    /// Sends a report if one is due (RFC 3550 section 6.3).
    pub(super) fn report(&mut self, at: &mut Moment<'_>) {
        let Some(due) = self.reports.next else {
            if self.sender.packets() > 0 || self.intake.source().is_some() {
                let random = at.random.next_u32();
                self.reports
                    .schedule(at.now, self.sender.packets() > 0, random);
            }
            return;
        };
        if at.now < due {
            return;
        }
        let we_sent = self.sender.packets() > self.reports.packets_at_last;
        if let Some(report) = self.compose_report(at.now, at.wall, we_sent) {
            let written = report.write(at.cname, false, at.out);
            at.counters.rtcp_sent += 1;
            self.reports.note_size(written);
        }
        self.reports.packets_at_last = self.sender.packets();
        self.reports.initial = false;
        self.reports.schedule(at.now, we_sent, at.random.next_u32());
    }

    /// Builds the last report of a leg that ends, with its BYE; absent if nothing was ever sent.
    pub(crate) fn farewell(&mut self, now: Instant, wall: Duration) -> Option<Report> {
        // RFC 3550 6.3.7: a participant that never sent anything must not send a BYE.
        if self.sender.packets() == 0 {
            return None;
        }
        self.compose_report(now, wall, true)
    }

    /// Takes an RTCP compound of the peer; tells whether it was well-formed.
    pub(crate) fn receive_rtcp(&mut self, now: Instant, wall: Duration, datagram: &[u8]) -> bool {
        let wall = NtpTime::from_unix(wall);
        self.reports.note_size(datagram.len());
        for packet in Compound::new(datagram) {
            match packet {
                Ok(RtcpPacket::SenderReport(report)) => {
                    self.intake
                        .receive_sender_report(report.ssrc, report.info.ntp, now);
                    self.hear_blocks(&report.blocks, wall);
                }
                Ok(RtcpPacket::ReceiverReport(report)) => self.hear_blocks(&report.blocks, wall),
                Ok(_) => {}
                Err(_) => return false,
            }
        }
        true
    }

    fn hear_blocks(&mut self, blocks: &ReportBlocks<'_>, wall: NtpTime) {
        let own = self.sender.ssrc();
        for block in blocks.iter().filter(|block| block.ssrc == own) {
            self.reports.hear(&block, wall);
        }
    }

    fn compose_report(&mut self, now: Instant, wall: Duration, we_sent: bool) -> Option<Report> {
        let to = self.remote.sends_rtcp_to()?;
        let info = we_sent.then(|| SenderInfo {
            ntp: NtpTime::from_unix(wall),
            timestamp: self.sender.timestamp(),
            // RFC 3550 6.4.1: both counts wrap.
            packets: self.sender.packets() as u32,
            octets: self.sender.bytes() as u32,
        });
        let block = self.intake.report(now);
        let to = (self.port, !self.remote.rtcp_mux, to);
        Some(Report {
            to,
            ssrc: self.sender.ssrc(),
            info,
            block,
        })
    }
}

/// Finds the participant that an RTCP compound speaks for.
pub(crate) fn reporter(datagram: &[u8]) -> Option<Ssrc> {
    match Compound::new(datagram).next()?.ok()? {
        RtcpPacket::SenderReport(report) => Some(report.ssrc),
        RtcpPacket::ReceiverReport(report) => Some(report.ssrc),
        RtcpPacket::Goodbye(goodbye) => goodbye.sources().next(),
        _ => None,
    }
}
