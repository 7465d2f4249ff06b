//! Packets in: whose they are and what they change.

use core::net::SocketAddr;
use core::time::Duration;

use plenum_rtp::{RtpPacket, looks_like_rtcp};
use plenum_time::Instant;

use super::Shard;
use crate::command::{MediaNotice, PortId};
use crate::leg::{ADOPT_PACKETS, Leg, REBIND_PACKETS, Taken, reporter};
use crate::notices::Notices;

/// A leg without packets for this long may have lost its peer to a new address.
const STARVED_AFTER: Duration = Duration::from_millis(500);

/// Why a packet may belong to a leg, in the order in which the reasons are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Claim {
    /// It comes from the address of the leg's peer.
    Address,
    /// It goes on with the leg's stream from another address: a NAT bound anew.
    Stream,
    /// Only this leg of the pair waits for its first packet.
    Unlatched,
    /// Only this leg of the pair has gone without packets.
    Starved,
}

impl Shard {
    /// Takes one datagram from the RTP socket of a port pair.
    pub fn receive_rtp(
        &mut self,
        now: Instant,
        port: PortId,
        from: SocketAddr,
        packet: &[u8],
        notices: &mut Notices,
    ) {
        if looks_like_rtcp(packet) {
            self.receive_rtcp(now, port, from, packet, notices);
            return;
        }
        self.counters.packets_received += 1;
        let Ok(packet) = RtpPacket::parse(packet) else {
            self.counters.packets_invalid += 1;
            for &slot in self.routes.at(port, from).iter().take(1) {
                if let Some(leg) = self.legs.at_mut(slot) {
                    leg.intake.count_invalid();
                }
            }
            return;
        };
        let claim = self.claim(now, port, from, &packet);
        self.suspect = claim.map(|(slot, _)| slot);
        match claim {
            Some((slot, Claim::Address)) => self.accept(now, slot, from, &packet, notices),
            Some((slot, claim)) => self.consider(now, (slot, claim), from, &packet, notices),
            None => self.counters.packets_unmatched += 1,
        }
        self.suspect = None;
    }

    /// Takes one datagram from the RTCP socket of a port pair.
    pub fn receive_rtcp(
        &mut self,
        now: Instant,
        port: PortId,
        from: SocketAddr,
        packet: &[u8],
        _notices: &mut Notices,
    ) {
        self.counters.rtcp_received += 1;
        let wall = self.wall(now);
        let slot = self.rtcp_owner(port, from, packet);
        let Some(leg) = slot.and_then(|slot| self.legs.at_mut(slot)) else {
            self.counters.rtcp_unmatched += 1;
            return;
        };
        if leg.receive_rtcp(now, wall, packet) {
            if !leg.remote.rtcp_mux {
                leg.remote.learn_rtcp(from);
            }
        } else {
            self.counters.rtcp_unmatched += 1;
        }
    }

    /// Finds the leg that a packet belongs to.
    fn claim(
        &self,
        now: Instant,
        port: PortId,
        from: SocketAddr,
        packet: &RtpPacket<'_>,
    ) -> Option<(u32, Claim)> {
        match *self.routes.at(port, from) {
            [] => self.claim_by_state(now, port, packet),
            [slot] => Some((slot, Claim::Address)),
            ref several => self.claim_by_source(several, packet),
        }
    }

    /// Tells legs with the same peer address apart.
    fn claim_by_source(&self, slots: &[u32], packet: &RtpPacket<'_>) -> Option<(u32, Claim)> {
        let source = |slot: u32| self.legs.at(slot).map(|leg| leg.intake.source());
        let known = slots
            .iter()
            .find(|slot| source(**slot) == Some(Some(packet.header.ssrc)));
        let slot = known.or_else(|| slots.iter().find(|slot| source(**slot) == Some(None)))?;
        Some((*slot, Claim::Address))
    }

    /// Finds the leg of a packet that comes from nowhere known.
    fn claim_by_state(
        &self,
        now: Instant,
        port: PortId,
        packet: &RtpPacket<'_>,
    ) -> Option<(u32, Claim)> {
        let slots = self.routes.legs(port)?;
        let legs = || {
            slots
                .iter()
                .filter_map(|slot| Some((*slot, self.legs.at(*slot)?)))
        };
        if let Some((slot, _)) = legs().find(|(_, leg)| leg.intake.could_continue(packet)) {
            return Some((slot, Claim::Stream));
        }
        if let Some(slot) = sole(legs().filter(|(_, leg)| leg.remote.latched().is_none())) {
            return Some((slot, Claim::Unlatched));
        }
        let starved = |leg: &Leg| leg.intake.is_starved(now, STARVED_AFTER);
        let slot = sole(legs().filter(|(_, leg)| starved(leg)))?;
        Some((slot, Claim::Starved))
    }

    /// Weighs a packet from an unknown address, which counts only if it is right in all else.
    fn consider(
        &mut self,
        now: Instant,
        (slot, claim): (u32, Claim),
        from: SocketAddr,
        packet: &RtpPacket<'_>,
        notices: &mut Notices,
    ) {
        let Some(leg) = self.legs.at_mut(slot) else {
            return;
        };
        if !leg.intake.expects(packet.header.payload_type.value()) {
            self.counters.packets_unmatched += 1;
            return;
        }
        let needed = match claim {
            Claim::Address | Claim::Unlatched => 1,
            Claim::Stream => REBIND_PACKETS,
            Claim::Starved => ADOPT_PACKETS,
        };
        if leg.remote.consider(from, packet.header.sequence) >= needed {
            self.latch(now, slot, from, notices);
            self.accept(now, slot, from, packet, notices);
        } else {
            self.counters.packets_unmatched += 1;
        }
    }

    fn accept(
        &mut self,
        now: Instant,
        slot: u32,
        from: SocketAddr,
        packet: &RtpPacket<'_>,
        notices: &mut Notices,
    ) {
        let Some(leg) = self.legs.at_mut(slot) else {
            return;
        };
        if !leg.intake.expects(packet.header.payload_type.value()) {
            leg.intake.count_invalid();
            self.counters.packets_invalid += 1;
            return;
        }
        match leg.remote.latched() {
            Some(latched) if latched == from => {}
            Some(_) => {
                // The announced address speaks again. A straggler from before the peer moved must
                // not move it back, so this takes as many packets as moving away did.
                if leg.remote.consider(from, packet.header.sequence) >= REBIND_PACKETS {
                    self.latch(now, slot, from, notices);
                } else if leg.intake.source() != Some(packet.header.ssrc) {
                    self.counters.packets_unmatched += 1;
                    return;
                }
            }
            None => self.latch(now, slot, from, notices),
        }
        let Some(leg) = self.legs.at_mut(slot) else {
            return;
        };
        if leg.receive(now, packet, &mut self.scratch.decoded, notices) == Taken::Invalid {
            self.counters.packets_invalid += 1;
        }
    }

    /// Confirms the address of a leg's peer.
    fn latch(&mut self, now: Instant, slot: u32, from: SocketAddr, notices: &mut Notices) {
        let Some(leg) = self.legs.at_mut(slot) else {
            return;
        };
        let (id, port) = (leg.id, leg.port);
        let before = leg.remote.latched();
        if before.is_none() {
            leg.intake.await_start(now);
        }
        let moved = leg.remote.latch(from);
        let announced = leg.remote.announced();
        if let Some(before) = before.filter(|before| Some(*before) != announced) {
            self.routes.unpoint(port, before, slot);
        }
        self.routes.point(port, from, slot);
        if moved {
            notices.push(MediaNotice::RemoteLearned {
                leg: id,
                remote: from,
            });
        }
    }

    /// Finds the leg of an RTCP datagram: by address, else by the stream it speaks of.
    fn rtcp_owner(&self, port: PortId, from: SocketAddr, packet: &[u8]) -> Option<u32> {
        let slots = self.routes.legs(port)?;
        let legs = || {
            slots
                .iter()
                .filter_map(|slot| Some((*slot, self.legs.at(*slot)?)))
        };
        let by_address = legs().find(|(_, leg)| leg.remote.sends_rtcp_to() == Some(from));
        if let Some((slot, _)) = by_address {
            return Some(slot);
        }
        let source = reporter(packet)?;
        let same_host = |leg: &Leg| leg.remote.sends_to().is_some_and(|to| to.ip() == from.ip());
        let by_source =
            legs().find(|(_, leg)| leg.intake.source() == Some(source) && same_host(leg));
        by_source.map(|(slot, _)| slot)
    }
}

/// Returns the slot of the only leg, if there is only one.
fn sole<'a>(mut legs: impl Iterator<Item = (u32, &'a Leg)>) -> Option<u32> {
    let (slot, _) = legs.next()?;
    legs.next().is_none().then_some(slot)
}
