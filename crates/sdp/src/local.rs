use alloc::{format, string::String, vec::Vec};
use core::{net::IpAddr, time::Duration};

use crate::{
    Attribute, AudioFormat, Connection, Direction, Line, Media, MediaKind, Origin,
    SessionDescription, payload::numbered,
};

/// The shortest packet time that is agreed to.
pub const MIN_PTIME: Duration = Duration::from_millis(10);
/// The longest packet time that is agreed to, the longest frame of Opus.
pub const MAX_PTIME: Duration = Duration::from_millis(120);

/// The packet time where nobody states one (RFC 3551 4.2).
pub const DEFAULT_PTIME: Duration = Duration::from_millis(20);

/// Whose order of formats decides when both know several codecs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Preference {
    /// The offerer's, as RFC 3264 6.1 recommends.
    #[default]
    Offerer,
    /// The order of [`LocalMedia::formats`].
    Ours,
}

/// What we bring to an offer or an answer.
///
/// Start from [`LocalMedia::new`] and change what differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalMedia {
    /// The address at which we receive.
    pub address: IpAddr,
    /// Our address of the other family, for answers to offers of that family. Offers of ours name
    /// it only in a session in which it is in use.
    pub other_address: Option<IpAddr>,
    /// The RTP port at which we receive.
    pub port: u16,
    /// The RTCP port: `None` is `port + 1`, and the value of `port` itself means that we multiplex
    /// RTP and RTCP where the peer does (RFC 5761).
    pub rtcp_port: Option<u16>,
    /// Our codecs in order of preference; the payload types are those of our offers, unless
    /// the session has given the number another meaning or two formats want the same; then a free
    /// dynamic one is used. There has to be at least one codec.
    pub formats: Vec<AudioFormat>,
    /// Whether we send and receive DTMF as telephone events (RFC 4733).
    pub telephone_event: bool,
    /// How much audio we like to receive in a packet.
    pub ptime: Duration,
    /// What we want; the peer may narrow it. `SendOnly` or `Inactive` puts the peer on hold.
    pub direction: Direction,
    /// The id in our `o=` line. [`OfferAnswer`](crate::OfferAnswer) puts its own there.
    pub session_id: u64,
    /// The version in our `o=` line. [`OfferAnswer`](crate::OfferAnswer) puts its own there.
    pub session_version: u64,
    /// The user in our `o=` line; empty becomes `-`.
    pub origin_user: String,
    /// Whose order of codecs our answers follow.
    pub preference: Preference,
}

impl LocalMedia {
    /// Builds the usual description of a telephone: PCMU and PCMA with telephone events, 20 ms,
    /// both directions, RTCP on the next port.
    pub fn new(address: IpAddr, port: u16) -> Self {
        Self {
            address,
            other_address: None,
            port,
            rtcp_port: None,
            formats: [AudioFormat::pcmu(), AudioFormat::pcma()].into(),
            telephone_event: true,
            ptime: DEFAULT_PTIME,
            direction: Direction::SendRecv,
            session_id: 1,
            session_version: 1,
            origin_user: String::new(),
            preference: Preference::Offerer,
        }
    }

    /// Tells whether we multiplex RTP and RTCP where the peer does.
    pub(crate) fn multiplexes(&self) -> bool {
        self.rtcp_port == Some(self.port)
    }

    /// Returns our address of a family, if we have one.
    pub(crate) fn address_of(&self, ipv6: bool) -> Option<IpAddr> {
        let mut addresses = [Some(self.address), self.other_address]
            .into_iter()
            .flatten();
        addresses.find(|address| address.is_ipv6() == ipv6)
    }

    /// Builds the session's lines around `media`, which is received at `address`.
    pub(crate) fn describe(&self, media: Vec<Media>, address: IpAddr) -> SessionDescription {
        let version = self.session_version;
        SessionDescription {
            origin: Origin::new(&self.origin_user, self.session_id, version, address),
            name: "-".into(),
            connections: [Connection::new(address)].into(),
            lines: [Line {
                kind: 't',
                value: "0 0".into(),
            }]
            .into(),
            attributes: Vec::new(),
            media,
        }
    }

    /// Builds our audio line over `protocol` with these formats, which all have their numbers.
    pub(crate) fn audio_line(&self, protocol: &str, formats: &[AudioFormat]) -> Media {
        let mut media = Media::new(MediaKind::Audio, self.port, protocol, Vec::new());
        formats.iter().for_each(|format| media.add_format(format));
        media
    }

    /// Adds what stands below the formats: packet time, direction, RTCP.
    pub(crate) fn finish_line(
        &self,
        media: &mut Media,
        ptime: Duration,
        direction: Direction,
        mux: bool,
    ) {
        let attributes = &mut media.attributes;
        attributes.push(Attribute::new("ptime", &format!("{}", ptime.as_millis())));
        attributes.push(Attribute::flag(direction.as_str()));
        if let Some(port) = self.rtcp_port {
            attributes.push(Attribute::new("rtcp", &format!("{port}")));
        }
        if mux {
            attributes.push(Attribute::flag("rtcp-mux"));
        }
    }
}

/// Describes what we offer: one audio line over `RTP/AVP` (RFC 3264 5).
pub fn offer(local: &LocalMedia) -> SessionDescription {
    let line = offered_line(local, "RTP/AVP", &[]);
    local.describe([line].into(), local.address)
}

/// Builds the audio line of an offer.
pub(crate) fn offered_line(local: &LocalMedia, protocol: &str, bound: &[AudioFormat]) -> Media {
    let formats = numbered(local, bound);
    let mut media = local.audio_line(protocol, &formats);
    let ptime = local.ptime.clamp(MIN_PTIME, MAX_PTIME);
    local.finish_line(&mut media, ptime, local.direction, local.multiplexes());
    media
}
