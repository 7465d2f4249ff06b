/// Bounds what one received message may cost.
///
/// # Units and range
///
/// Lengths are octets. Messages of 4 GiB and more are always refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest message, start line to end of body.
    pub message_len: usize,
    /// Most header lines in a message.
    pub headers: usize,
    /// Longest header line with its folded continuation lines; also the longest start line.
    pub header_line_len: usize,
    /// Most octets a [`StreamFramer`](crate::StreamFramer) holds before its caller drains it.
    pub stream_buffer_len: usize,
}

impl Limits {
    /// Default of [`Limits::message_len`]: what fits a UDP datagram.
    pub const MESSAGE_LEN: usize = 65_536;
    /// Default of [`Limits::headers`].
    pub const HEADERS: usize = 256;
    /// Default of [`Limits::header_line_len`].
    pub const HEADER_LINE_LEN: usize = 8_192;
    /// Default of [`Limits::stream_buffer_len`].
    pub const STREAM_BUFFER_LEN: usize = 4 * Self::MESSAGE_LEN;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_len: Self::MESSAGE_LEN,
            headers: Self::HEADERS,
            header_line_len: Self::HEADER_LINE_LEN,
            stream_buffer_len: Self::STREAM_BUFFER_LEN,
        }
    }
}
