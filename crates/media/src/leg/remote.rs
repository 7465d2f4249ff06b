//! Where the peer of a leg is.

use core::net::SocketAddr;

use plenum_rtp::SequenceNumber;

/// Consecutive packets of a stream that moved to another address before we follow it.
pub(crate) const REBIND_PACKETS: u8 = 3;

/// Consecutive packets from a stranger before a starved leg takes it for its peer.
pub(crate) const ADOPT_PACKETS: u8 = 5;

/// The addresses of a leg's peer.
///
/// ```text
///              a valid packet          three of the stream from elsewhere
///  Unlatched ------------------> Latched ----------------------------> Latched there
///      ^                            |
///      +---- another announcement --+
/// ```
///
/// Until a packet confirms the announced address, we send there; then to where packets come from.
///
/// # Standard
///
/// RFC 4961 (symmetric RTP).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Remote {
    announced: Option<SocketAddr>,
    latched: Option<SocketAddr>,
    rtcp: Option<SocketAddr>,
    pub(crate) rtcp_mux: bool,
    candidate: Option<Candidate>,
}

#[derive(Clone, Copy, Debug)]
struct Candidate {
    from: SocketAddr,
    next: SequenceNumber,
    packets: u8,
}

impl Remote {
    pub(crate) const fn announced(&self) -> Option<SocketAddr> {
        self.announced
    }

    pub(crate) const fn latched(&self) -> Option<SocketAddr> {
        self.latched
    }

    /// Returns where RTP goes.
    pub(crate) fn sends_to(&self) -> Option<SocketAddr> {
        self.latched.or(self.announced)
    }

    /// Returns where RTCP goes (RFC 3550 section 11: the next higher port unless told).
    pub(crate) fn sends_rtcp_to(&self) -> Option<SocketAddr> {
        if self.rtcp_mux {
            return self.sends_to();
        }
        let next_port =
            |rtp: SocketAddr| Some(SocketAddr::new(rtp.ip(), rtp.port().checked_add(1)?));
        self.rtcp.or_else(|| self.announced.and_then(next_port))
    }

    /// Takes what signalling says; an address without a host announces nothing.
    pub(crate) fn announce(
        &mut self,
        rtp: Option<SocketAddr>,
        rtcp: Option<SocketAddr>,
        rtcp_mux: bool,
    ) {
        let usable = |address: &SocketAddr| !address.ip().is_unspecified() && address.port() != 0;
        self.rtcp_mux = rtcp_mux;
        let Some(rtp) = rtp.filter(usable) else {
            return;
        };
        if self.announced != Some(rtp) {
            self.latched = self.latched.filter(|latched| *latched == rtp);
            self.announced = Some(rtp);
            self.candidate = None;
            self.rtcp = None;
        }
        self.rtcp = rtcp.filter(usable).or(self.rtcp);
    }

    /// Confirms an address; tells whether we sent to another one before.
    pub(crate) fn latch(&mut self, from: SocketAddr) -> bool {
        let moved = self.sends_to() != Some(from);
        self.latched = Some(from);
        self.candidate = None;
        moved
    }

    /// Learns where RTCP comes from.
    pub(crate) fn learn_rtcp(&mut self, from: SocketAddr) {
        self.rtcp = Some(from);
    }

    /// Counts packets of a candidate for latching; returns how many came in sequence.
    pub(crate) fn consider(&mut self, from: SocketAddr, sequence: SequenceNumber) -> u8 {
        let packets = match self.candidate {
            Some(known) if known.from == from && known.next == sequence => {
                known.packets.saturating_add(1)
            }
            _ => 1,
        };
        self.candidate = Some(Candidate {
            from,
            next: sequence.next(),
            packets,
        });
        packets
    }
}
