mod accept;
mod answer;
mod peer;

#[cfg(test)]
mod tests;

use alloc::vec::Vec;
use core::{net::SocketAddr, time::Duration};

use crate::{AudioFormat, Direction};

pub use accept::accept_answer;
pub use answer::answer;
pub use peer::announced_audio;

/// What offer and answer agreed on, seen from our side: all that an RTP session needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Negotiated {
    /// Where we send RTP. `None` if the peer gave no usable address: unspecified (an old hold
    /// style), a host name, multicast or broadcast.
    pub remote: Option<SocketAddr>,
    /// Where we send RTCP: the port of `a=rtcp`, that of RTP if both are multiplexed, or the next.
    pub remote_rtcp: Option<SocketAddr>,
    /// What we send, with the payload type and the parameters that the peer wants.
    pub format: AudioFormat,
    /// All that may arrive, with the payload types and parameters that we stated, best first.
    pub receive_formats: Vec<AudioFormat>,
    /// DTMF as RTP packets, if both do that.
    pub telephone_event: Option<TelephoneEvent>,
    /// What we do: send, receive, both or neither.
    pub direction: Direction,
    /// How much audio we put into a packet, between [`MIN_PTIME`](crate::MIN_PTIME) and
    /// [`MAX_PTIME`](crate::MAX_PTIME). The peer may ask for any millisecond in between.
    pub ptime: Duration,
    /// Whether the peer has put us on hold: we would send, and it does not receive.
    pub remote_on_hold: bool,
    /// Whether RTP and RTCP share one port on both sides (RFC 5761).
    pub rtcp_mux: bool,
}

/// The payload types of telephone events (RFC 4733).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TelephoneEvent {
    /// The payload type that we send with.
    pub send_pt: u8,
    /// The payload type that arrives.
    pub receive_pt: u8,
    /// The clock of their timestamps, in hertz; that of the codec unless the peer lacks it.
    pub clock_rate: u32,
}

/// Builds a format under our name for the codec, with a number and parameters of one side.
fn under(codec: &AudioFormat, stated: &AudioFormat) -> AudioFormat {
    AudioFormat {
        payload_type: stated.payload_type,
        fmtp: stated.fmtp.clone(),
        ..codec.clone()
    }
}

/// Finds the telephone events at the clock of the codec, or else any.
///
/// RFC 4733 2.1 wants the same clock, yet phones offer Opus with events at 8000 alone; without the
/// second choice their users could enter no PIN.
fn events_for(formats: &[AudioFormat], clock_rate: u32) -> Option<&AudioFormat> {
    let mut events = formats.iter().filter(|format| format.is_telephone_event());
    let same = events.clone().find(|event| event.clock_rate == clock_rate);
    same.or_else(|| events.next())
}
