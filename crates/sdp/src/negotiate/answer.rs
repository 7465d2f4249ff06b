use alloc::vec::Vec;
use core::net::IpAddr;

use crate::{
    AudioFormat, Connection, Direction, LocalMedia, Media, MediaKind, Negotiated, NegotiationError,
    Preference, SessionDescription, TelephoneEvent, payload::telephone_event,
};

use super::{events_for, peer::Peer, under};

/// Answers an offer (RFC 3264 6).
///
/// The first audio line over plain RTP that has a codec in common is taken, with all common codecs
/// under the offerer's numbers; every other line is refused with port 0. Our address is of the
/// family that the line names (RFC 3264 6, RFC 8866 5.7). We state the part of
/// [`LocalMedia::direction`] that the offer leaves room for.
///
/// # Errors
///
/// [`NegotiationError`] says what the offer would have to contain; the call is then refused with
/// that text (488 Not Acceptable Here).
pub fn answer(
    offer: &SessionDescription,
    local: &LocalMedia,
) -> Result<(SessionDescription, Negotiated), NegotiationError> {
    let chosen = choose(offer, local)?;
    let peer = Peer::read(offer, &offer.media[chosen.index])?;
    let direction = local.direction.and(peer.direction.reversed());
    let mux = peer.mux && local.multiplexes();
    let ptime = peer.ptime(local.ptime);
    let media = |(index, line): (usize, &Media)| {
        if index == chosen.index {
            chosen.line(line, local, direction, ptime, mux)
        } else {
            line.refused()
        }
    };
    let media = offer.media.iter().enumerate().map(media).collect();
    let answer = local.describe(media, chosen.address);
    let receive_formats = chosen.common.iter().map(|pair| AudioFormat {
        payload_type: pair.offered.payload_type,
        ..pair.ours.clone()
    });
    let negotiated = Negotiated {
        remote: peer.rtp,
        remote_rtcp: peer.rtcp(mux),
        format: under(&chosen.common[0].ours, &chosen.common[0].offered),
        receive_formats: receive_formats.collect(),
        telephone_event: chosen.event.as_ref().map(|event| TelephoneEvent {
            send_pt: event.payload_type,
            receive_pt: event.payload_type,
            clock_rate: event.clock_rate,
        }),
        direction,
        ptime,
        remote_on_hold: !peer.direction.receives(),
        rtcp_mux: mux,
    };
    Ok((answer, negotiated))
}

/// A codec that both name.
struct Pair {
    offered: AudioFormat,
    ours: AudioFormat,
}

/// The line that is accepted.
struct Chosen {
    index: usize,
    /// Where we receive.
    address: IpAddr,
    /// What both know, codecs before comfort noise; the first is a codec.
    common: Vec<Pair>,
    /// The telephone events as offered.
    event: Option<AudioFormat>,
}

impl Chosen {
    fn line(
        &self,
        offered: &Media,
        local: &LocalMedia,
        direction: Direction,
        ptime: core::time::Duration,
        mux: bool,
    ) -> Media {
        // RFC 3264 6.1: the offerer's numbers, and its spelling of the codec; our parameters.
        let formats = self.common.iter().map(|pair| AudioFormat {
            fmtp: pair.ours.fmtp.clone(),
            ..pair.offered.clone()
        });
        let event = self
            .event
            .as_ref()
            .map(|e| telephone_event(e.payload_type, e.clock_rate));
        let formats: Vec<_> = formats.chain(event).collect();
        let mut media = local.audio_line(offered.protocol(), &formats);
        local.finish_line(&mut media, ptime, direction, mux);
        media
    }
}

fn choose(offer: &SessionDescription, local: &LocalMedia) -> Result<Chosen, NegotiationError> {
    if !local.formats.iter().any(AudioFormat::is_codec) {
        return Err(NegotiationError::NoLocalFormat);
    }
    let active = |media: &Media| media.port() != 0 && *media.kind() == MediaKind::Audio;
    let audio: Vec<_> = offer
        .media
        .iter()
        .enumerate()
        .filter(|(_, m)| active(m))
        .collect();
    let (_, first) = audio.first().ok_or(NegotiationError::NoAudio)?;
    if !audio.iter().any(|(_, media)| media.is_plain_rtp()) {
        return Err(NegotiationError::Protocol {
            protocol: first.protocol().into(),
        });
    }
    let mut refused = Vec::new();
    let mut elsewhere = None;
    for (index, media) in audio.into_iter().filter(|(_, media)| media.is_plain_rtp()) {
        let offered = media.audio_formats();
        let common = common(&offered, local);
        if let Some(codec) = common.first().filter(|pair| pair.ours.is_codec()) {
            let address = match address_for(offer.connection_of(media), local) {
                Ok(address) => address,
                Err(offered) => {
                    elsewhere.get_or_insert(offered);
                    continue;
                }
            };
            let event = events_for(&offered, codec.ours.clock_rate).cloned();
            let event = event.filter(|_| local.telephone_event);
            return Ok(Chosen {
                index,
                address,
                common,
                event,
            });
        }
        refused.extend(offered.into_iter().filter(AudioFormat::is_codec));
    }
    if let Some(offered) = elsewhere {
        let ours = local.address;
        return Err(NegotiationError::AddressFamily { offered, ours });
    }
    let supported = local
        .formats
        .iter()
        .filter(|format| format.is_codec())
        .cloned()
        .collect();
    Err(NegotiationError::NoCommonCodec {
        offered: refused,
        supported,
    })
}

/// Finds our address for a line; the address of the line if we have none of its family.
///
/// A name and the null address of a hold (RFC 3264 8.4) say where nothing is sent to; the family
/// that goes with them is followed where we can.
fn address_for(line: Option<&Connection>, local: &LocalMedia) -> Result<IpAddr, IpAddr> {
    let Some(line) = line else {
        return Ok(local.address);
    };
    match (local.address_of(line.is_ipv6()), line.ip()) {
        (Some(ours), _) => Ok(ours),
        (None, Some(offered)) if !offered.is_unspecified() => Err(offered),
        (None, _) => Ok(local.address),
    }
}

/// Pairs what both know in the preferred order, each codec once, codecs before comfort noise.
fn common(offered: &[AudioFormat], local: &LocalMedia) -> Vec<Pair> {
    let mut pairs: Vec<Pair> = Vec::new();
    let mut add = |offered: &AudioFormat, ours: &AudioFormat| {
        if !ours.is_telephone_event() && !pairs.iter().any(|pair| pair.ours.same_codec(ours)) {
            pairs.push(Pair {
                offered: offered.clone(),
                ours: ours.clone(),
            });
        }
    };
    match local.preference {
        Preference::Offerer => {
            for offered in offered {
                if let Some(ours) = local.formats.iter().find(|ours| ours.same_codec(offered)) {
                    add(offered, ours);
                }
            }
        }
        Preference::Ours => {
            for ours in &local.formats {
                if let Some(offered) = offered.iter().find(|offered| ours.same_codec(offered)) {
                    add(offered, ours);
                }
            }
        }
    }
    pairs.sort_by_key(|pair| !pair.ours.is_codec());
    pairs
}
