use alloc::{borrow::Cow, string::String, vec::Vec};

use crate::{Attribute, Connection, Host, Line, Media, Origin, SdpError, SessionDescription};

/// The largest description that is read.
pub const MAX_DESCRIPTION_BYTES: usize = 64 * 1024;
/// The most `m=` lines in a description.
pub const MAX_MEDIA: usize = 32;
/// The most formats in an `m=` line; RTP has 128 payload types.
pub const MAX_FORMATS: usize = 128;
/// The most `a=` lines in the session or in one media; browsers send some two hundred.
pub const MAX_ATTRIBUTES: usize = 512;
/// The most `c=` lines in the session or in one media.
pub const MAX_CONNECTIONS: usize = 16;
/// The most lines of other types in the session or in one media.
pub const MAX_OTHER_LINES: usize = 64;

/// Reads a whole description.
pub(crate) fn description(bytes: &[u8]) -> Result<SessionDescription, SdpError> {
    if bytes.len() > MAX_DESCRIPTION_BYTES {
        return Err(SdpError::TooLarge { bytes: bytes.len() });
    }
    let mut reader = Reader::new();
    for (index, raw) in lines(bytes).enumerate() {
        let line = index + 1;
        let text = decode(raw);
        let text = text.trim_ascii_end();
        if text.is_empty() {
            continue;
        }
        if text.contains(['\0', '\r']) {
            return Err(SdpError::Control { line });
        }
        let (kind, value) = split(text).ok_or(SdpError::Line { line })?;
        reader.line(line, kind, value)?;
    }
    reader.finish()
}

/// Splits at LF, as RFC 8866 9 asks readers to, or at CR if that is the only line end there is.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let end = if bytes.contains(&b'\n') { b'\n' } else { b'\r' };
    bytes.split(move |byte| *byte == end)
}

/// RFC 8866 5 says UTF-8; a line that is not is taken for ISO 8859-1, which any bytes are.
fn decode(line: &[u8]) -> Cow<'_, str> {
    match core::str::from_utf8(line) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(line.iter().map(|byte| char::from(*byte)).collect()),
    }
}

fn split(text: &str) -> Option<(char, &str)> {
    let (kind, value) = text.split_once('=')?;
    let mut letters = kind.trim_ascii().chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) => Some((letter, value)),
        _ => None,
    }
}

/// Collects the lines of the session, then of each media.
struct Reader {
    version_seen: bool,
    /// The last line that was read.
    line: usize,
    origin: Option<Origin>,
    name: Option<String>,
    session: Section,
    media: Vec<(Media, Section)>,
}

/// The lines that the session and each media have alike.
#[derive(Default)]
struct Section {
    connections: Vec<Connection>,
    lines: Vec<Line>,
    attributes: Vec<Attribute>,
}

impl Reader {
    fn new() -> Self {
        Self {
            version_seen: false,
            line: 0,
            origin: None,
            name: None,
            session: Section::default(),
            media: Vec::new(),
        }
    }

    fn line(&mut self, line: usize, kind: char, value: &str) -> Result<(), SdpError> {
        self.line = line;
        if !self.version_seen {
            return self.version(line, kind, value);
        }
        let in_session = self.media.is_empty();
        match kind {
            'm' => self.start_media(line, value),
            // Some senders start over with `v=`; what follows cannot be told apart from the first.
            'v' => Err(SdpError::Version { line }),
            'o' if in_session && self.origin.is_none() => {
                self.origin = Some(origin(value));
                Ok(())
            }
            's' if in_session && self.name.is_none() => {
                self.name = Some(value.into());
                Ok(())
            }
            _ => self.section().line(line, kind, value),
        }
    }

    fn version(&mut self, line: usize, kind: char, value: &str) -> Result<(), SdpError> {
        match (kind, value.trim_ascii()) {
            ('v', "0") => {
                self.version_seen = true;
                Ok(())
            }
            ('v', _) => Err(SdpError::Version { line }),
            _ => Err(SdpError::NoVersion),
        }
    }

    fn start_media(&mut self, line: usize, value: &str) -> Result<(), SdpError> {
        if self.media.len() == MAX_MEDIA {
            return Err(SdpError::TooManyMedia { line });
        }
        let media = Media::parse(value).ok_or(SdpError::Media { line })?;
        if media.formats.len() > MAX_FORMATS {
            return Err(SdpError::TooManyFormats { line });
        }
        self.media.push((media, Section::default()));
        Ok(())
    }

    fn section(&mut self) -> &mut Section {
        match self.media.last_mut() {
            Some((_, section)) => section,
            None => &mut self.session,
        }
    }

    fn finish(self) -> Result<SessionDescription, SdpError> {
        if !self.version_seen {
            return Err(SdpError::NoVersion);
        }
        let mut session = self.session;
        if !session.lines.iter().any(|line| line.kind == 't') {
            // RFC 8866 5.9: `t=` is mandatory; 0 0 is a session without bounds.
            session.line(self.line, 't', "0 0")?;
        }
        session.sort();
        let name = self.name.filter(|name| !name.trim_ascii().is_empty());
        Ok(SessionDescription {
            origin: self.origin.unwrap_or_default(),
            // RFC 8866 5.3: `-` stands for no name.
            name: name.unwrap_or_else(|| "-".into()),
            connections: session.connections,
            lines: session.lines,
            attributes: session.attributes,
            media: self
                .media
                .into_iter()
                .map(|(media, section)| section.into_media(media))
                .collect(),
        })
    }
}

impl Section {
    fn line(&mut self, line: usize, kind: char, value: &str) -> Result<(), SdpError> {
        match kind {
            'a' if self.attributes.len() == MAX_ATTRIBUTES => {
                Err(SdpError::TooManyAttributes { line })
            }
            'a' => {
                self.attributes.push(Attribute::parse(value));
                Ok(())
            }
            'c' if self.connections.len() == MAX_CONNECTIONS => {
                Err(SdpError::TooManyConnections { line })
            }
            'c' => {
                let connection = Connection::parse(value).ok_or(SdpError::Connection { line })?;
                self.connections.push(connection);
                Ok(())
            }
            _ if self.lines.len() == MAX_OTHER_LINES => Err(SdpError::TooManyLines { line }),
            _ => {
                self.lines.push(Line {
                    kind,
                    value: value.into(),
                });
                Ok(())
            }
        }
    }

    fn sort(&mut self) {
        self.lines.sort_by_key(Line::place);
    }

    fn into_media(mut self, media: Media) -> Media {
        self.sort();
        let Self {
            connections,
            lines,
            attributes,
        } = self;
        Media {
            connections,
            lines,
            attributes,
            ..media
        }
    }
}

/// Reads the `o=` line from its end, since senders put spaces into the user name; missing words
/// become what [`Origin::default`] has.
fn origin(value: &str) -> Origin {
    let words: Vec<&str> = value.split_ascii_whitespace().collect();
    let user_words = words.len().saturating_sub(5).max(1).min(words.len());
    let (user, rest) = words.split_at(user_words);
    let word = |index: usize, otherwise: &str| -> String {
        rest.get(index).copied().unwrap_or(otherwise).into()
    };
    Origin {
        user: if user.is_empty() {
            "-".into()
        } else {
            user.join(" ")
        },
        session_id: word(0, "0"),
        session_version: word(1, "0"),
        network_type: word(2, "IN"),
        address_type: word(3, "IP4"),
        host: Host::parse(&word(4, "0.0.0.0")),
    }
}

#[cfg(test)]
mod tests;
