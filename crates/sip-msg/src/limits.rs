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
    /// Most parts of one multipart body.
    pub multipart_parts: usize,
    /// How deep multipart bodies may stand in each other; 1 means parts that are no multipart.
    pub multipart_depth: usize,
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
    /// Default of [`Limits::multipart_parts`].
    pub const MULTIPART_PARTS: usize = 64;
    /// Default of [`Limits::multipart_depth`].
    pub const MULTIPART_DEPTH: usize = 5;
    /// Default of [`Limits::stream_buffer_len`].
    pub const STREAM_BUFFER_LEN: usize = 4 * Self::MESSAGE_LEN;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_len: Self::MESSAGE_LEN,
            headers: Self::HEADERS,
            header_line_len: Self::HEADER_LINE_LEN,
            multipart_parts: Self::MULTIPART_PARTS,
            multipart_depth: Self::MULTIPART_DEPTH,
            stream_buffer_len: Self::STREAM_BUFFER_LEN,
        }
    }
}
