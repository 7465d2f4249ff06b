use core::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use crate::{
    Attribute, Direction, Host, MAX_PTIME, MIN_PTIME, Media, MediaKind, NegotiationError,
    SessionDescription,
};

/// What the peer's description says about one of its audio lines, whichever role it plays.
pub(super) struct Peer<'a> {
    description: &'a SessionDescription,
    media: &'a Media,
    /// Where it receives RTP, if that is an address to send to.
    pub(super) rtp: Option<SocketAddr>,
    /// What it does, seen from its side.
    pub(super) direction: Direction,
    /// Whether it wants RTP and RTCP on one port.
    pub(super) mux: bool,
}

/// Returns where a description announces that it receives audio: the address and port of its first
/// audio line that is not refused, if that is an address to send to.
///
/// Lets an answerer choose its own port with the peer's address in view, before it answers.
pub fn announced_audio(description: &SessionDescription) -> Option<SocketAddr> {
    let mut lines = description.media.iter();
    let line = lines.find(|media| *media.kind() == MediaKind::Audio && media.port() != 0)?;
    Peer::read(description, line).ok()?.rtp
}

impl<'a> Peer<'a> {
    pub(super) fn read(
        description: &'a SessionDescription,
        media: &'a Media,
    ) -> Result<Self, NegotiationError> {
        let connection = description
            .connection_of(media)
            .ok_or(NegotiationError::NoAddress)?;
        let ip = connection.ip();
        // RFC 3264 8.4: nothing is sent to 0.0.0.0, the hold of RFC 2543; `::` is its like.
        let reachable = !ip.is_some_and(|ip| ip.is_unspecified());
        let stated = description.direction_of(media);
        Ok(Self {
            description,
            media,
            rtp: ip
                .filter(|ip| is_destination(*ip))
                .map(|ip| SocketAddr::new(ip, media.port())),
            direction: Direction::new(stated.sends(), stated.receives() && reachable),
            mux: description.attribute_of(media, "rtcp-mux").is_some(),
        })
    }

    /// Returns where it receives RTCP.
    pub(super) fn rtcp(&self, mux: bool) -> Option<SocketAddr> {
        let rtp = self.rtp?;
        if mux {
            return Some(rtp);
        }
        let stated = self
            .media
            .attribute("rtcp")
            .and_then(|attribute| rtcp(attribute, rtp));
        let next = || {
            rtp.port()
                .checked_add(1)
                .map(|port| SocketAddr::new(rtp.ip(), port))
        };
        // RFC 3550 11: the next port, unless `a=rtcp` names another (RFC 3605).
        stated.or_else(next)
    }

    /// Returns the packet time it asks for, or `ours`, held to the limits of both.
    pub(super) fn ptime(&self, ours: Duration) -> Duration {
        let longest = self.milliseconds("maxptime").unwrap_or(MAX_PTIME);
        let wanted = self.milliseconds("ptime").unwrap_or(ours);
        wanted.min(longest).clamp(MIN_PTIME, MAX_PTIME)
    }

    /// Reads whole milliseconds; RFC 8866 6.4 allows a fraction, which no codec here can meet.
    fn milliseconds(&self, name: &str) -> Option<Duration> {
        let value = self
            .description
            .attribute_of(self.media, name)?
            .value()?
            .trim_ascii();
        let whole = value.split('.').next()?;
        let milliseconds: u16 = whole.parse().ok()?;
        (milliseconds > 0).then(|| Duration::from_millis(milliseconds.into()))
    }
}

/// RFC 3605 2.1: `a=rtcp:<port> [IN IP4 <address>]`.
fn rtcp(attribute: &Attribute, rtp: SocketAddr) -> Option<SocketAddr> {
    let mut words = attribute.value()?.split_ascii_whitespace();
    let port: u16 = words.next()?.parse().ok().filter(|port| *port != 0)?;
    let ip = match words.nth(2) {
        Some(address) => Host::parse(address).ip().filter(|ip| is_destination(*ip))?,
        None => rtp.ip(),
    };
    Some(SocketAddr::new(ip, port))
}

/// One party's media goes to one party: an address of many would multiply it.
fn is_destination(ip: IpAddr) -> bool {
    !ip.is_unspecified() && !ip.is_multicast() && ip != IpAddr::V4(Ipv4Addr::BROADCAST)
}
