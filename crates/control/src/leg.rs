//! One call: its SIP side, its channel and its media under one key.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use plenum_codecs::Codec;
use plenum_media::{LegId, StreamSetup};
use plenum_sdp::{AudioFormat, Encoding, LocalMedia, Negotiated, NegotiationError, OfferAnswer};
use plenum_sip_ua::CallKey;
use plenum_switch::{Cause, ChannelKey};
use slotmap::Key as _;

use crate::ports::Place;
use crate::{Addresses, ShardId};

slotmap::new_key_type! {
    /// Key of a leg; its number names the media leg on the shard.
    pub(crate) struct LegKey;
}

impl LegKey {
    /// Returns the name of the media leg.
    pub(crate) fn id(self) -> LegId {
        LegId(self.data().as_ffi())
    }

    /// Returns the key behind the name of a media leg.
    pub(crate) fn of(id: LegId) -> Self {
        slotmap::KeyData::from_ffi(id.0).into()
    }
}

/// A call that is being set up, is up, or whose media is being removed.
///
/// ```text
///   Offered ──answer──► Up ──┐
///      └──────refuse─────────┴──► Ended   (until the shard has removed the media leg)
/// ```
#[derive(Debug)]
pub(crate) struct Leg {
    pub(crate) call: CallKey,
    pub(crate) channel: Option<ChannelKey>,
    pub(crate) shard: ShardId,
    pub(crate) place: Place,
    /// Where we receive: the family that the peer is known to speak is offered first.
    pub(crate) addresses: Addresses,
    /// Whether the shard was told of it.
    pub(crate) on_shard: bool,
    pub(crate) state: LegState,
    pub(crate) offers: OfferAnswer,
    /// Our answer to the offer in the INVITE; `None` when the INVITE had none, so that we offer.
    pub(crate) answer: Option<Vec<u8>>,
    /// Whether the peer offered from the start not to receive: that is no hold.
    pub(crate) one_way: bool,
    /// Whether the peer has put us on hold since the call was set up.
    pub(crate) held: bool,
    /// Why we end the call, when we do.
    pub(crate) cause: Option<Cause>,
}

/// Where a leg is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LegState {
    Offered,
    Up,
    Ended,
}

/// Payload type under which we offer L16 at 8 kHz.
const L16_PAYLOAD_TYPE: u8 = 107;

/// Describes what we offer and accept on a place.
pub(crate) fn local_media(addresses: Addresses, place: Place) -> LocalMedia {
    let formats = vec![
        AudioFormat::pcmu(),
        AudioFormat::pcma(),
        AudioFormat::new(L16_PAYLOAD_TYPE, Encoding::L16, 8_000),
    ];
    LocalMedia {
        formats,
        other_address: addresses.other(),
        ..LocalMedia::new(addresses.first(), place.rtp_port)
    }
}

/// Says why offer and answer came to no agreement, and what the operator could change about it.
pub(crate) fn no_agreement(error: &NegotiationError) -> String {
    match error {
        NegotiationError::AddressFamily { .. } => format!(
            "{error}; the server takes both families if [rtp] bind lists an address of each"
        ),
        NegotiationError::NoCommonCodec { .. } => format!("{error}; offer PCMU or PCMA"),
        _ => error.to_string(),
    }
}

/// Translates what was negotiated into what the shard needs.
///
/// What a peer sends while it holds us is its hold music, which belongs to no room: it is not
/// received.
pub(crate) fn stream_setup(negotiated: &Negotiated, held: bool) -> Option<Box<StreamSetup>> {
    let codec = codec_of(&negotiated.format)?;
    let receive = negotiated.receive_formats.iter();
    let receive = receive.filter_map(|format| Some((format.payload_type, codec_of(format)?)));
    Some(Box::new(StreamSetup {
        remote: negotiated.remote,
        remote_rtcp: negotiated.remote_rtcp,
        rtcp_mux: negotiated.rtcp_mux,
        codec,
        send_payload_type: negotiated.format.payload_type,
        receive: receive.collect(),
        send_event_type: negotiated
            .telephone_event
            .as_ref()
            .map(|event| event.send_pt),
        receive_event_type: negotiated
            .telephone_event
            .as_ref()
            .map(|event| event.receive_pt),
        sends: negotiated.direction.sends(),
        receives: negotiated.direction.receives() && !held,
        packet_time: packet_time(negotiated.ptime),
    }))
}

/// Rounds a packet time down to one that a shard sends: 10 ms to 60 ms in steps of 10 ms.
fn packet_time(wanted: Duration) -> Duration {
    let frames = (wanted.as_millis() / 10).clamp(1, 6);
    Duration::from_millis(10) * u32::try_from(frames).unwrap_or(2)
}

fn codec_of(format: &AudioFormat) -> Option<Codec> {
    if format.clock_rate != 8_000 || format.channels != 1 {
        return None;
    }
    let known = [
        (Encoding::PCMU, Codec::Pcmu),
        (Encoding::PCMA, Codec::Pcma),
        (Encoding::L16, Codec::L16),
    ];
    known
        .into_iter()
        .find(|(encoding, _)| *encoding == format.encoding)
        .map(|(_, codec)| codec)
}
