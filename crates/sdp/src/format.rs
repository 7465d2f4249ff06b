use alloc::{borrow::Cow, string::String};
use core::fmt;

/// The name of an audio encoding, equal to another in any case of letters (RFC 4855 3).
#[derive(Debug, Clone)]
pub struct Encoding(Cow<'static, str>);

impl Encoding {
    /// G.711 mu-law.
    pub const PCMU: Self = Self(Cow::Borrowed("PCMU"));
    /// G.711 A-law.
    pub const PCMA: Self = Self(Cow::Borrowed("PCMA"));
    /// G.722; its clock rate is 8000 by a historic error (RFC 3551 4.5.2).
    pub const G722: Self = Self(Cow::Borrowed("G722"));
    /// Linear 16-bit samples.
    pub const L16: Self = Self(Cow::Borrowed("L16"));
    /// Opus, always `opus/48000/2` (RFC 7587 7).
    pub const OPUS: Self = Self(Cow::Borrowed("opus"));
    /// GSM full rate.
    pub const GSM: Self = Self(Cow::Borrowed("GSM"));
    /// G.729.
    pub const G729: Self = Self(Cow::Borrowed("G729"));
    /// Comfort noise (RFC 3389).
    pub const CN: Self = Self(Cow::Borrowed("CN"));
    /// Named telephone events, DTMF among them (RFC 4733).
    pub const TELEPHONE_EVENT: Self = Self(Cow::Borrowed("telephone-event"));

    /// Builds a name; characters that a token cannot hold (RFC 8866 9) are left out.
    pub fn new(name: &str) -> Self {
        Self(Cow::Owned(
            name.chars().filter(|c| is_token(*c)).collect::<String>(),
        ))
    }

    /// Returns the name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Encoding {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Encoding {}

impl PartialEq<str> for Encoding {
    fn eq(&self, other: &str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }
}

impl PartialEq<&str> for Encoding {
    fn eq(&self, other: &&str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One audio codec under one RTP payload type (`a=rtpmap`, `a=fmtp`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudioFormat {
    /// The RTP payload type, 0 to 127.
    pub payload_type: u8,
    /// The codec's name.
    pub encoding: Encoding,
    /// The RTP clock rate in hertz.
    pub clock_rate: u32,
    /// The number of channels, at least 1.
    pub channels: u8,
    /// The parameters of `a=fmtp`, if there are any.
    pub fmtp: Option<String>,
}

impl AudioFormat {
    /// Builds a format of one channel without parameters.
    pub fn new(payload_type: u8, encoding: Encoding, clock_rate: u32) -> Self {
        Self {
            payload_type,
            encoding,
            clock_rate,
            channels: 1,
            fmtp: None,
        }
    }

    /// PCMU under payload type 0.
    pub fn pcmu() -> Self {
        Self::new(0, Encoding::PCMU, 8000)
    }

    /// PCMA under payload type 8.
    pub fn pcma() -> Self {
        Self::new(8, Encoding::PCMA, 8000)
    }

    /// G.722 under payload type 9.
    pub fn g722() -> Self {
        Self::new(9, Encoding::G722, 8000)
    }

    /// Opus under a dynamic payload type.
    pub fn opus(payload_type: u8) -> Self {
        Self {
            channels: 2,
            ..Self::new(payload_type, Encoding::OPUS, 48_000)
        }
    }

    /// Returns the same format with parameters.
    #[must_use]
    pub fn with_fmtp(self, fmtp: &str) -> Self {
        Self {
            fmtp: Some(fmtp.into()),
            ..self
        }
    }

    /// Returns the format that a payload type means without `a=rtpmap` (RFC 3551 6, audio only).
    pub fn from_static(payload_type: u8) -> Option<Self> {
        let (encoding, clock_rate, channels) = match payload_type {
            0 => (Encoding::PCMU, 8000, 1),
            3 => (Encoding::GSM, 8000, 1),
            4 => (Encoding(Cow::Borrowed("G723")), 8000, 1),
            5 => (Encoding(Cow::Borrowed("DVI4")), 8000, 1),
            6 => (Encoding(Cow::Borrowed("DVI4")), 16_000, 1),
            7 => (Encoding(Cow::Borrowed("LPC")), 8000, 1),
            8 => (Encoding::PCMA, 8000, 1),
            9 => (Encoding::G722, 8000, 1),
            10 => (Encoding::L16, 44_100, 2),
            11 => (Encoding::L16, 44_100, 1),
            12 => (Encoding(Cow::Borrowed("QCELP")), 8000, 1),
            13 => (Encoding::CN, 8000, 1),
            14 => (Encoding(Cow::Borrowed("MPA")), 90_000, 1),
            15 => (Encoding(Cow::Borrowed("G728")), 8000, 1),
            16 => (Encoding(Cow::Borrowed("DVI4")), 11_025, 1),
            17 => (Encoding(Cow::Borrowed("DVI4")), 22_050, 1),
            18 => (Encoding::G729, 8000, 1),
            _ => return None,
        };
        Some(Self {
            channels,
            ..Self::new(payload_type, encoding, clock_rate)
        })
    }

    /// Tells whether `other` is the same codec, whatever its payload type and parameters.
    ///
    /// Two errors of the field are forgiven, since neither leaves a doubt: G.722 stated with its
    /// sampling rate of 16000, and Opus stated with another number of channels than 2.
    pub fn same_codec(&self, other: &Self) -> bool {
        if self.encoding != other.encoding {
            return false;
        }
        let rate = |format: &Self| match format.clock_rate {
            16_000 if format.encoding == Encoding::G722 => 8000,
            rate => rate,
        };
        let channels = self.channels == other.channels || self.encoding == Encoding::OPUS;
        rate(self) == rate(other) && channels
    }

    /// Tells whether this carries speech; comfort noise and telephone events only go with a codec.
    pub fn is_codec(&self) -> bool {
        self.encoding != Encoding::CN && self.encoding != Encoding::TELEPHONE_EVENT
    }

    pub(crate) fn is_telephone_event(&self) -> bool {
        self.encoding == Encoding::TELEPHONE_EVENT
    }
}

/// Writes `PCMU/8000` or `opus/48000/2`, as `a=rtpmap` does.
impl fmt::Display for AudioFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.encoding, self.clock_rate)?;
        match self.channels {
            0 | 1 => Ok(()),
            channels => write!(f, "/{channels}"),
        }
    }
}

/// RFC 8866 9: token-char.
pub(crate) fn is_token(c: char) -> bool {
    matches!(c, '!' | '#'..='\'' | '*' | '+' | '-' | '.' | '0'..='9' | 'A'..='Z' | '^'..='~')
}
