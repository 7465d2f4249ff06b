use alloc::boxed::Box;

use thiserror::Error;

use crate::{HeaderName, Message, StatusCode};

/// Says why received octets are not a message: the peer broke a rule or hit a limit.
#[derive(Debug, Clone, Error)]
#[error("{rule} (at octet {offset})")]
pub struct ParseError {
    rule: Rule,
    offset: usize,
    salvaged: Option<Box<Message>>,
}

impl ParseError {
    pub(crate) fn new(rule: Rule, offset: usize, salvaged: Option<Message>) -> Self {
        Self {
            rule,
            offset,
            salvaged: salvaged.map(Box::new),
        }
    }

    /// Counts the offset from an earlier start.
    pub(crate) fn move_offset(&mut self, by: usize) {
        self.offset += by;
    }

    /// The rule that was broken.
    pub fn rule(&self) -> Rule {
        self.rule
    }

    /// Where in the received octets it was broken.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// What could be read, when that is enough to answer the request or match the response: the
    /// start line and Via, From, To, Call-ID and CSeq. It has no body.
    pub fn salvaged(&self) -> Option<&Message> {
        self.salvaged.as_deref()
    }

    /// The status to refuse a request with.
    pub fn status(&self) -> StatusCode {
        match self.rule {
            Rule::Version => StatusCode::VERSION_NOT_SUPPORTED,
            Rule::MessageTooLong | Rule::HeaderLineTooLong | Rule::TooManyHeaders => {
                StatusCode::MESSAGE_TOO_LARGE
            }
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

/// The rules that decide where a message starts and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum Rule {
    /// Nothing but line ends: a keep-alive of RFC 5626 4.4.1 on a datagram transport.
    #[error("there is no message here, only line ends (a keep-alive)")]
    Empty,
    /// RFC 3261 7.1 and 7.2.
    #[error("the first line must be METHOD SP URI SP SIP/2.0 or SIP/2.0 SP CODE SP PHRASE")]
    StartLine,
    /// RFC 3261 7.1: the version of this standard.
    #[error("the version must be SIP/2.0")]
    Version,
    /// RFC 3261 7: the empty line after the headers.
    #[error("an empty line must end the headers, even without a body")]
    EndOfHeaders,
    /// RFC 3261 20.14: digits only, one value.
    #[error("Content-Length must be one decimal number")]
    ContentLength,
    /// RFC 3261 18.3: on a stream the length is all that separates messages.
    #[error("Content-Length is required on a stream transport")]
    ContentLengthMissing,
    /// RFC 3261 18.3: a datagram that ends before its body does.
    #[error("Content-Length is larger than the body in the datagram")]
    BodyTruncated,
    /// [`Limits::message_len`](crate::Limits::message_len).
    #[error("the message is longer than the limit; send a shorter one, or raise message_len")]
    MessageTooLong,
    /// [`Limits::headers`](crate::Limits::headers).
    #[error(
        "the message has more header lines than the limit; put several values on one line, or raise headers"
    )]
    TooManyHeaders,
    /// [`Limits::header_line_len`](crate::Limits::header_line_len).
    #[error(
        "a header is longer than the limit; send several lines of it, or raise header_line_len"
    )]
    HeaderLineTooLong,
    /// [`Limits::stream_buffer_len`](crate::Limits::stream_buffer_len): our caller did not drain.
    #[error("more stream octets were pushed than the framer may hold; drain it after each push")]
    StreamBufferFull,
}

/// Says why a header of a message cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// A header that the message needs is not there.
    #[error("the {0} header is missing")]
    Missing(HeaderName),
    /// A header that may occur once occurs again with another value.
    #[error("the {0} header occurs more than once with different values")]
    Repeated(HeaderName),
    /// The value does not follow its grammar.
    #[error("the {name} header is malformed: {source}")]
    Malformed {
        /// Which header.
        name: HeaderName,
        /// What is wrong with it.
        source: SyntaxError,
    },
    /// The Request-URI does not follow its grammar.
    #[error("the Request-URI is malformed: {0}")]
    RequestUri(SyntaxError),
    /// A response has no Request-URI.
    #[error("the message is a response, which has no Request-URI")]
    NotARequest,
    /// RFC 3261 8.1.1.5: the method of CSeq is the method of the request.
    #[error("the method of CSeq differs from the method of the request")]
    CSeqMethod,
}

/// Says which piece of grammar a text breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
#[allow(
    missing_docs,
    reason = "the message of each variant is its documentation"
)]
pub enum SyntaxError {
    #[error("a token must be letters, digits and -.!%*_+`'~")]
    Token,
    #[error("a method must be a token")]
    Method,
    #[error("a host must be a domain name, an IPv4 address or an IPv6 address in brackets")]
    Host,
    #[error("a port must be a number of 0 to 65535")]
    Port,
    #[error("a URI must start with a scheme and a colon")]
    UriScheme,
    #[error("a URI must not be empty or contain blanks, quotes, angles or control characters")]
    UriCharacter,
    #[error("a Request-URI must not have headers after a question mark")]
    UriHeaders,
    #[error("the user part of a URI must not be empty before the @")]
    UriUser,
    #[error("a telephone number must have digits")]
    TelephoneNumber,
    #[error("an address must be a URI or NAME <URI>, with the angle closed")]
    Address,
    #[error("a quoted string must end with a quote")]
    QuotedString,
    #[error("parameters must be NAME or NAME=VALUE, separated by semicolons")]
    Parameter,
    #[error("a Via must be SIP/2.0/TRANSPORT HOST[:PORT] and parameters")]
    Via,
    #[error("a CSeq must be a number below 2147483648 and a method")]
    CSeq,
    #[error("a Call-ID must be one word without blanks")]
    CallId,
    #[error("the value must be a decimal number in range")]
    Number,
    #[error("a media type must be TYPE/SUBTYPE")]
    MediaType,
    #[error("a warning must be a three digit CODE, an AGENT and a quoted text")]
    Warning,
    #[error("an RAck must be a response number, a CSeq number and a method")]
    RAck,
    #[error("credentials must be a scheme and NAME=VALUE pairs separated by commas")]
    Auth,
    #[error("a dialog reference must have a Call-ID, a to-tag and a from-tag")]
    DialogReference,
    #[error("a digest must have its required parameters, and a count of 8 hexadecimal digits")]
    Digest,
    #[error("a date must be DAY, DD MON YYYY HH:MM:SS GMT")]
    Date,
    #[error("a session identifier must be 32 hexadecimal digits")]
    SessionId,
    #[error("the value must be true or false")]
    Boolean,
    #[error("the header must not be empty")]
    Empty,
}
