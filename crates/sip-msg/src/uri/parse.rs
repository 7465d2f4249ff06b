use core::str::FromStr;

use smol_str::SmolStr;

use super::{Scheme, Uri};
use crate::host::parse_host_port;
use crate::scan::{find, is_token, trim, visit};
use crate::{HeaderValue, Params, SyntaxError, Token};

impl FromStr for Uri {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        let (scheme, rest) = match text.strip_prefix("sip:") {
            Some(rest) => (Scheme::Sip, rest),
            None => {
                let colon = find(b':', text.as_bytes()).ok_or(SyntaxError::UriScheme)?;
                (parse_scheme(&text[..colon])?, &text[colon + 1..])
            }
        };
        let marks = Marks::of(rest.as_bytes()).ok_or(SyntaxError::UriCharacter)?;
        match scheme {
            Scheme::Sip | Scheme::Sips => parse_sip(scheme, rest, &marks),
            Scheme::Tel => parse_tel(rest),
            Scheme::Other(_) => Ok(Uri {
                user: Some(rest.into()),
                ..empty(scheme)
            }),
        }
    }
}

impl HeaderValue for Uri {
    fn parse_value(text: &str) -> Result<Self, SyntaxError> {
        let text = trim(text);
        let inner = text
            .strip_prefix('<')
            .and_then(|text| text.strip_suffix('>'));
        inner.unwrap_or(text).parse()
    }
}

pub(super) fn empty(scheme: Scheme) -> Uri {
    Uri {
        scheme,
        user: None,
        password: None,
        host: None,
        port: None,
        params: Params::new(),
        headers: SmolStr::default(),
    }
}

fn parse_scheme(text: &str) -> Result<Scheme, SyntaxError> {
    let is = |name: &str| text == name || text.eq_ignore_ascii_case(name);
    if is("sip") {
        Ok(Scheme::Sip)
    } else if is("sips") {
        Ok(Scheme::Sips)
    } else if is("tel") {
        Ok(Scheme::Tel)
    } else if is_token(text.as_bytes()) && text.as_bytes()[0].is_ascii_alphabetic() {
        Ok(Scheme::Other(Token::new(text)?))
    } else {
        Err(SyntaxError::UriScheme)
    }
}

/// Where the parts of a SIP URI meet.
struct Marks {
    /// The `@` after the user.
    at: Option<usize>,
    /// The first `:` of the user part.
    password: Option<usize>,
    /// The first `:` after the user part.
    colon: Option<usize>,
    /// The `;` before the parameters.
    params: usize,
    /// The `?` before the headers, or the end.
    headers: usize,
}

impl Marks {
    /// Looks once at each octet; `None` when one may not stand in a URI, or there is none.
    fn of(rest: &[u8]) -> Option<Self> {
        visit(rest.len());
        let mut marks = Self {
            at: None,
            password: None,
            colon: None,
            params: rest.len(),
            headers: rest.len(),
        };
        for (index, &byte) in rest.iter().enumerate() {
            match KIND[usize::from(byte)] {
                PLAIN => {}
                FORBIDDEN => return None,
                // RFC 3261 25.1: a user may hold ; and ? unescaped, but no part an unescaped @.
                AT if marks.at.is_none() => {
                    marks = Self {
                        at: Some(index),
                        password: marks.colon,
                        colon: None,
                        params: rest.len(),
                        headers: rest.len(),
                    };
                }
                SEMICOLON if index < marks.params && index < marks.headers => marks.params = index,
                COLON if marks.colon.is_none() => marks.colon = Some(index),
                QUESTION if index < marks.headers => marks.headers = index,
                _ => {}
            }
        }
        marks.params = marks.params.min(marks.headers);
        (!rest.is_empty()).then_some(marks)
    }
}

const PLAIN: u8 = 0;
const FORBIDDEN: u8 = 1;
const AT: u8 = 2;
const SEMICOLON: u8 = 3;
const QUESTION: u8 = 4;
const COLON: u8 = 5;

static KIND: [u8; 256] = {
    let mut kinds = [PLAIN; 256];
    let mut byte = 0u8;
    while byte < 128 {
        kinds[byte as usize] = match byte {
            b' ' | b'"' | b'<' | b'>' => FORBIDDEN,
            b'@' => AT,
            b';' => SEMICOLON,
            b'?' => QUESTION,
            b':' => COLON,
            _ if byte.is_ascii_control() => FORBIDDEN,
            _ => PLAIN,
        };
        byte += 1;
    }
    kinds
};

fn parse_sip(scheme: Scheme, rest: &str, marks: &Marks) -> Result<Uri, SyntaxError> {
    let host_start = marks.at.map_or(0, |at| at + 1);
    let host_port = &rest[host_start..marks.params];
    let (host, port) = match marks.colon {
        Some(colon) if colon < marks.params => parse_host_port(host_port)?,
        _ => (host_port.parse()?, None),
    };
    let params = &rest[marks.params..marks.headers];
    let headers = rest.get(marks.headers + 1..).unwrap_or_default();
    let (user, password) = match (marks.at, marks.password) {
        (None, _) => (None, None),
        (Some(at), None) => (Some(&rest[..at]), None),
        (Some(at), Some(colon)) => (Some(&rest[..colon]), Some(&rest[colon + 1..at])),
    };
    if user == Some("") {
        return Err(SyntaxError::UriUser);
    }
    Ok(Uri {
        params: Params::from_wire(params)?,
        scheme,
        user: user.map(SmolStr::new),
        password: password.map(SmolStr::new),
        host: Some(host),
        port,
        headers: SmolStr::new(headers),
    })
}

fn parse_tel(rest: &str) -> Result<Uri, SyntaxError> {
    let (number, params) = rest.split_once(';').unwrap_or((rest, ""));
    super::tel::check(number)?;
    Ok(Uri {
        user: Some(number.into()),
        params: params.parse()?,
        ..empty(Scheme::Tel)
    })
}
