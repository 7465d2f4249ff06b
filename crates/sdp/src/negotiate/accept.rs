use alloc::vec::Vec;

use crate::{
    AudioFormat, DEFAULT_PTIME, Media, MediaKind, Negotiated, NegotiationError, SessionDescription,
    TelephoneEvent,
};

use super::{events_for, peer::Peer, under};

/// Reads the answer to an offer of ours (RFC 3264 7).
///
/// Forgives what leaves no doubt: payload types that were not offered, a dynamic payload type
/// without `a=rtpmap` (it means what we offered), other numbers for the same codec, a direction
/// wider than offered (it is narrowed), and `RTP/AVPF` for `RTP/AVP`.
///
/// # Errors
///
/// [`NegotiationError::Refused`] if the peer wants no audio, others if the answer does not fit the
/// offer.
pub fn accept_answer(
    offer: &SessionDescription,
    answer: &SessionDescription,
) -> Result<Negotiated, NegotiationError> {
    check_lines(offer, answer)?;
    let is_offered = |media: &Media| media.port() != 0 && *media.kind() == MediaKind::Audio;
    let mut offered = offer
        .media
        .iter()
        .zip(&answer.media)
        .filter(|(ours, _)| is_offered(ours))
        .peekable();
    if offered.peek().is_none() {
        return Err(NegotiationError::NoAudio);
    }
    let accepted = offered.find(|(_, theirs)| theirs.port() != 0);
    let (ours, theirs) = accepted.ok_or(NegotiationError::Refused)?;
    let codecs = Codecs::agree(&ours.audio_formats(), theirs)?;
    let peer = Peer::read(answer, theirs)?;
    let stated = Peer::read(offer, ours)?;
    let offered_direction = offer.direction_of(ours);
    let mux = peer.mux && stated.mux;
    Ok(Negotiated {
        remote: peer.rtp,
        remote_rtcp: peer.rtcp(mux),
        direction: offered_direction.and(peer.direction.reversed()),
        ptime: peer.ptime(stated.ptime(DEFAULT_PTIME)),
        remote_on_hold: offered_direction.sends() && !peer.direction.receives(),
        rtcp_mux: mux,
        format: codecs.send,
        receive_formats: codecs.receive,
        telephone_event: codecs.event,
    })
}

/// RFC 3264 6: the answer has the offer's lines in their order.
fn check_lines(
    offer: &SessionDescription,
    answer: &SessionDescription,
) -> Result<(), NegotiationError> {
    let (offered, answered) = (offer.media.len(), answer.media.len());
    if offered != answered {
        return Err(NegotiationError::LineCount { offered, answered });
    }
    for (index, (ours, theirs)) in offer.media.iter().zip(&answer.media).enumerate() {
        if ours.kind != theirs.kind {
            return Err(NegotiationError::LineKind {
                index,
                offered: ours.kind.clone(),
                answered: theirs.kind.clone(),
            });
        }
        let same = ours.protocol.eq_ignore_ascii_case(&theirs.protocol)
            || (ours.is_plain_rtp() && theirs.is_plain_rtp());
        // What a refused line says beside port 0 has no meaning.
        if theirs.port != 0 && !same {
            return Err(NegotiationError::LineProtocol {
                index,
                offered: ours.protocol.clone(),
                answered: theirs.protocol.clone(),
            });
        }
    }
    Ok(())
}

/// What both sides name in one line.
struct Codecs {
    send: AudioFormat,
    receive: Vec<AudioFormat>,
    event: Option<TelephoneEvent>,
}

impl Codecs {
    fn agree(ours: &[AudioFormat], line: &Media) -> Result<Self, NegotiationError> {
        let theirs = line.audio_formats_or(ours);
        let mut send = None;
        let mut receive: Vec<AudioFormat> = Vec::new();
        for theirs in theirs.iter().filter(|format| !format.is_telephone_event()) {
            let Some(our) = ours.iter().find(|our| our.same_codec(theirs)) else {
                continue;
            };
            if our.is_codec() {
                send.get_or_insert_with(|| under(our, theirs));
            }
            if !receive.contains(our) {
                receive.push(our.clone());
            }
        }
        let codecs = |formats: &[AudioFormat]| {
            formats
                .iter()
                .filter(|format| format.is_codec())
                .cloned()
                .collect()
        };
        let send = send.ok_or_else(|| NegotiationError::NoCommonCodec {
            offered: codecs(ours),
            supported: codecs(&theirs),
        })?;
        let event = event(ours, &theirs, send.clock_rate);
        Ok(Self {
            send,
            receive,
            event,
        })
    }
}

fn event(ours: &[AudioFormat], theirs: &[AudioFormat], clock_rate: u32) -> Option<TelephoneEvent> {
    let their = events_for(theirs, clock_rate)?;
    let our = ours.iter().find(|our| our.same_codec(their))?;
    Some(TelephoneEvent {
        send_pt: their.payload_type,
        receive_pt: our.payload_type,
        clock_rate: their.clock_rate,
    })
}
