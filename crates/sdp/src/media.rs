use alloc::{string::String, vec::Vec};
use core::fmt;

use crate::{
    AudioFormat, Connection, Direction, Line,
    attribute::{self, Attribute},
    description::write_lines,
    format::{Encoding, is_token},
};

/// What a media line carries (RFC 8866 5.14).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum MediaKind {
    /// `audio`
    Audio,
    /// `video`
    Video,
    /// `application`
    Application,
    /// `message`, as MSRP uses it (RFC 4975)
    Message,
    /// Any other word, such as `text` or `image`.
    Other(String),
}

impl MediaKind {
    fn parse(word: &str) -> Self {
        let known = [Self::Audio, Self::Video, Self::Application, Self::Message];
        known
            .into_iter()
            .find(|kind| kind.as_str().eq_ignore_ascii_case(word))
            .unwrap_or_else(|| Self::Other(word.into()))
    }

    /// Returns the word of the media line.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Application => "application",
            Self::Message => "message",
            Self::Other(word) => word,
        }
    }
}

impl fmt::Display for MediaKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One `m=` line with the lines that belong to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    pub(crate) kind: MediaKind,
    pub(crate) port: u16,
    pub(crate) port_count: Option<u16>,
    pub(crate) protocol: String,
    pub(crate) formats: Vec<String>,
    pub(crate) connections: Vec<Connection>,
    pub(crate) lines: Vec<Line>,
    pub(crate) attributes: Vec<Attribute>,
}

impl Media {
    pub(crate) fn new(kind: MediaKind, port: u16, protocol: &str, formats: Vec<String>) -> Self {
        Self {
            kind,
            port,
            port_count: None,
            protocol: protocol.into(),
            formats,
            connections: Vec::new(),
            lines: Vec::new(),
            attributes: Vec::new(),
        }
    }

    /// Reads `<media> <port>[/<count>] <protocol> <format>...`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        let (kind, ports, protocol) = (words.next()?, words.next()?, words.next()?);
        let (port, port_count) = match ports.split_once('/') {
            Some((port, count)) => (port, Some(count.parse().ok()?)),
            None => (ports, None),
        };
        let formats = words.map(String::from).collect();
        let media = Self::new(
            MediaKind::parse(kind),
            port.parse().ok()?,
            protocol,
            formats,
        );
        Some(Self {
            port_count,
            ..media
        })
    }

    /// Returns this line with port 0 and without attributes: the refusal of RFC 3264 6.
    ///
    /// RFC 3264 6: it has at least one format, whose meaning does not matter.
    pub(crate) fn refused(&self) -> Self {
        let mut formats = self.formats.clone();
        if formats.is_empty() {
            formats.push("0".into());
        }
        Self::new(self.kind.clone(), 0, &self.protocol, formats)
    }

    /// Returns what the line carries.
    pub fn kind(&self) -> &MediaKind {
        &self.kind
    }

    /// Returns the port; 0 means refused or removed.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the transport protocol as it was written, such as `RTP/AVP`.
    pub fn protocol(&self) -> &str {
        &self.protocol
    }

    /// Returns the formats as they were written; payload types for RTP.
    pub fn formats(&self) -> &[String] {
        &self.formats
    }

    /// Returns the first `c=` line of this media.
    pub fn connection(&self) -> Option<&Connection> {
        self.connections.first()
    }

    /// Returns the attributes in their order.
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// Returns the first attribute of a name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        attribute::find(&self.attributes, name)
    }

    /// Returns the lines that are kept unread.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Returns the direction that this media states itself.
    pub fn direction(&self) -> Option<Direction> {
        self.attributes
            .iter()
            .find_map(|a| Direction::from_attribute(a.name()))
    }

    /// Tells whether the line is RTP without encryption.
    pub fn is_plain_rtp(&self) -> bool {
        ["RTP/AVP", "RTP/AVPF"]
            .iter()
            .any(|plain| self.protocol.eq_ignore_ascii_case(plain))
    }

    /// Returns the audio formats in the order of the media line, each payload type once.
    ///
    /// A payload type that has no usable `a=rtpmap` means what RFC 3551 assigns to it, or else is
    /// left out.
    pub fn audio_formats(&self) -> Vec<AudioFormat> {
        self.audio_formats_or(&[])
    }

    /// Does the same, and gives payload types without a meaning of their own that of `known`.
    pub(crate) fn audio_formats_or(&self, known: &[AudioFormat]) -> Vec<AudioFormat> {
        let mut table = PayloadTable::read(&self.attributes, known);
        self.formats
            .iter()
            .filter_map(|word| payload_type(word))
            .filter_map(|payload_type| table.take(payload_type))
            .collect()
    }

    pub(crate) fn add_format(&mut self, format: &AudioFormat) {
        let number = format.payload_type;
        self.formats.push(alloc::format!("{number}"));
        let map = alloc::format!("{number} {format}");
        self.attributes.push(Attribute::new("rtpmap", &map));
        if let Some(parameters) = &format.fmtp {
            let parameters = alloc::format!("{number} {parameters}");
            self.attributes.push(Attribute::new("fmtp", &parameters));
        }
    }
}

impl fmt::Display for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m={} {}", self.kind, self.port)?;
        if let Some(count) = self.port_count {
            write!(f, "/{count}")?;
        }
        write!(f, " {}", self.protocol)?;
        for format in &self.formats {
            write!(f, " {format}")?;
        }
        f.write_str("\r\n")?;
        write_lines(f, &self.lines, &self.connections, &self.attributes)
    }
}

/// RFC 3550 5.1: the payload type has seven bits.
const PAYLOAD_TYPES: usize = 128;

/// What each payload type means, read in one pass over the attributes.
struct PayloadTable {
    formats: Vec<Option<AudioFormat>>,
}

impl PayloadTable {
    fn read(attributes: &[Attribute], known: &[AudioFormat]) -> Self {
        let mut formats: Vec<_> = (0..PAYLOAD_TYPES as u8)
            .map(AudioFormat::from_static)
            .collect();
        for format in known {
            if let Some(slot) = formats.get_mut(usize::from(format.payload_type)) {
                slot.get_or_insert_with(|| AudioFormat {
                    fmtp: None,
                    ..format.clone()
                });
            }
        }
        let mut mapped = [false; PAYLOAD_TYPES];
        for format in attributes
            .iter()
            .filter(|a| a.is("rtpmap"))
            .filter_map(rtpmap)
        {
            let index = usize::from(format.payload_type);
            if !mapped[index] {
                mapped[index] = true;
                formats[index] = Some(format);
            }
        }
        for (payload_type, parameters) in attributes
            .iter()
            .filter(|a| a.is("fmtp"))
            .filter_map(number_and_rest)
        {
            if let Some(format) = &mut formats[usize::from(payload_type)] {
                format.fmtp.get_or_insert_with(|| parameters.into());
            }
        }
        Self { formats }
    }

    fn take(&mut self, payload_type: u8) -> Option<AudioFormat> {
        self.formats.get_mut(usize::from(payload_type))?.take()
    }
}

fn payload_type(word: &str) -> Option<u8> {
    word.parse()
        .ok()
        .filter(|number| usize::from(*number) < PAYLOAD_TYPES)
}

/// Splits `<payload type> <text>`, as `rtpmap` and `fmtp` have it.
fn number_and_rest(attribute: &Attribute) -> Option<(u8, &str)> {
    let value = attribute.value()?.trim_ascii();
    let (number, rest) = value.split_once([' ', '\t'])?;
    Some((payload_type(number)?, rest.trim_ascii()))
}

/// RFC 8866 6.6: `<payload type> <encoding>/<clock rate>[/<channels>]`.
fn rtpmap(attribute: &Attribute) -> Option<AudioFormat> {
    let (payload_type, map) = number_and_rest(attribute)?;
    let mut parts = map.split('/');
    let name = parts.next()?.trim_ascii();
    let clock_rate = parts
        .next()?
        .trim_ascii()
        .parse()
        .ok()
        .filter(|rate| *rate > 0)?;
    let channels = match parts.next() {
        Some(count) => count.trim_ascii().parse().ok().filter(|count| *count > 0)?,
        None => 1,
    };
    if name.is_empty() || !name.chars().all(is_token) {
        return None;
    }
    Some(AudioFormat {
        channels,
        ..AudioFormat::new(payload_type, Encoding::new(name), clock_rate)
    })
}
