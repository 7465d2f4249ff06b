use alloc::{string::String, vec::Vec};
use core::{fmt, net::IpAddr};

use crate::{
    AudioFormat, MAX_ATTRIBUTES, MAX_CONNECTIONS, MAX_DESCRIPTION_BYTES, MAX_FORMATS, MAX_MEDIA,
    MAX_OTHER_LINES, MediaKind,
};

/// Why bytes are not a session description. The sender is at fault, or a stated limit was hit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SdpError {
    /// The text is larger than the limit.
    #[error(
        "the session description has {bytes} bytes; at most {MAX_DESCRIPTION_BYTES} are accepted"
    )]
    TooLarge {
        /// The size received.
        bytes: usize,
    },
    /// The first line is not `v=`.
    #[error("a session description starts with `v=0` (RFC 8866 5.1); this text does not")]
    NoVersion,
    /// The version is not 0.
    #[error("line {line}: the only version of SDP is `v=0` (RFC 8866 5.1)")]
    Version {
        /// The line, counted from 1.
        line: usize,
    },
    /// A line is not `<letter>=<text>`.
    #[error("line {line}: each line is one letter, `=` and text (RFC 8866 5)")]
    Line {
        /// The line, counted from 1.
        line: usize,
    },
    /// A line holds NUL or a carriage return that ends no line.
    #[error("line {line}: a line holds neither NUL nor a carriage return (RFC 8866 9)")]
    Control {
        /// The line, counted from 1.
        line: usize,
    },
    /// A `c=` line has not three words.
    #[error("line {line}: write `c=IN IP4 <address>` or `c=IN IP6 <address>` (RFC 8866 5.7)")]
    Connection {
        /// The line, counted from 1.
        line: usize,
    },
    /// An `m=` line lacks a part, or its port is not a port.
    #[error("line {line}: write `m=<media> <port> <protocol> <format>...` (RFC 8866 5.14)")]
    Media {
        /// The line, counted from 1.
        line: usize,
    },
    /// Too many `m=` lines.
    #[error("line {line}: at most {MAX_MEDIA} media lines are accepted")]
    TooManyMedia {
        /// The line, counted from 1.
        line: usize,
    },
    /// Too many formats in one `m=` line.
    #[error("line {line}: at most {MAX_FORMATS} formats are accepted in a media line")]
    TooManyFormats {
        /// The line, counted from 1.
        line: usize,
    },
    /// Too many `a=` lines in one section.
    #[error("line {line}: at most {MAX_ATTRIBUTES} attributes are accepted in a section")]
    TooManyAttributes {
        /// The line, counted from 1.
        line: usize,
    },
    /// Too many `c=` lines in one section.
    #[error("line {line}: at most {MAX_CONNECTIONS} `c=` lines are accepted in a section")]
    TooManyConnections {
        /// The line, counted from 1.
        line: usize,
    },
    /// Too many lines of other types in one section.
    #[error("line {line}: at most {MAX_OTHER_LINES} other lines are accepted in a section")]
    TooManyLines {
        /// The line, counted from 1.
        line: usize,
    },
}

/// Why offer and answer came to no agreement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NegotiationError {
    /// The peer sent something that is no session description.
    #[error(transparent)]
    Sdp(#[from] SdpError),
    /// The offer has no audio line with a port.
    #[error("the offer has no audio to accept; offer `m=audio <port> RTP/AVP ...`")]
    NoAudio,
    /// All audio lines want a protocol that is not plain RTP.
    #[error(
        "audio is offered only over {protocol}, which is not available here; offer RTP/AVP as well"
    )]
    Protocol {
        /// The protocol of the first audio line.
        protocol: String,
    },
    /// No codec is known to both.
    #[error(
        "no codec in common: offered {}; supported {}",
        List(offered),
        List(supported)
    )]
    NoCommonCodec {
        /// What the offer lists.
        offered: Vec<AudioFormat>,
        /// What we take.
        supported: Vec<AudioFormat>,
    },
    /// A media line has a port but no `c=` line applies to it.
    #[error(
        "no address for audio: add `c=IN IP4 <address>` to the session or the media (RFC 8866 5.7)"
    )]
    NoAddress,
    /// All audio that could be accepted is offered at an address of a family that we have none of.
    #[error(
        "audio is offered at {offered}, and there is only {ours} to receive it at; offer an {} \
         address (RFC 3264 6)",
        if ours.is_ipv4() { "IPv4" } else { "IPv6" }
    )]
    AddressFamily {
        /// Where the peer receives.
        offered: IpAddr,
        /// Where we would.
        ours: IpAddr,
    },
    /// The answer does not have one line for each line of the offer.
    #[error(
        "the answer has {answered} media lines and the offer {offered}; RFC 3264 6 wants the same \
         count in the same order"
    )]
    LineCount {
        /// How many lines were offered.
        offered: usize,
        /// How many lines came back.
        answered: usize,
    },
    /// A line of the answer is of another kind than the offered line.
    #[error(
        "media line {index} was offered as {offered} and answered as {answered}; RFC 3264 6 wants \
         the same order"
    )]
    LineKind {
        /// The line, counted from 0.
        index: usize,
        /// What was offered.
        offered: MediaKind,
        /// What came back.
        answered: MediaKind,
    },
    /// A line of the answer has another protocol than the offered line.
    #[error(
        "media line {index} was offered over {offered} and answered over {answered}; RFC 3264 6.1 \
         wants the same protocol"
    )]
    LineProtocol {
        /// The line, counted from 0.
        index: usize,
        /// What was offered.
        offered: String,
        /// What came back.
        answered: String,
    },
    /// The peer refused all audio by answering with port 0.
    #[error("the peer refused the audio that was offered (port 0 in its answer, RFC 3264 6)")]
    Refused,
    /// Our offer waits for its answer, so there can be no other offer.
    #[error("an offer of ours is unanswered; wait for the answer or roll it back (RFC 3264 4)")]
    OfferPending,
    /// An answer came although nothing was offered.
    #[error("an answer without an offer (RFC 3264 4)")]
    NoOfferPending,
    /// Our own caller gave no codec to offer or to answer with.
    #[error("there is no codec to offer: name at least one audio format")]
    NoLocalFormat,
}

/// How many formats an error's text names.
const MAX_LISTED: usize = 12;

struct List<'a>(&'a [AudioFormat]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none that is known");
        }
        for (index, format) in self.0.iter().take(MAX_LISTED).enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{format}")?;
        }
        match self.0.len().checked_sub(MAX_LISTED) {
            Some(more) if more > 0 => write!(f, " and {more} more"),
            _ => Ok(()),
        }
    }
}
