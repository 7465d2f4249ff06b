use alloc::borrow::ToOwned;
use alloc::string::String;
use core::str::FromStr;

use super::{Scheme, Uri};
use crate::host::parse_host_port;
use crate::scan::{is_token, trim};
use crate::{HeaderValue, Params, SyntaxError, Token};

impl FromStr for Uri {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        let (scheme, rest) = text.split_once(':').ok_or(SyntaxError::UriScheme)?;
        let scheme = parse_scheme(scheme)?;
        let is_forbidden = |c: char| c.is_ascii_control() || matches!(c, ' ' | '"' | '<' | '>');
        if rest.is_empty() || rest.contains(is_forbidden) {
            return Err(SyntaxError::UriCharacter);
        }
        match scheme {
            Scheme::Sip | Scheme::Sips => parse_sip(scheme, rest),
            Scheme::Tel => parse_tel(rest),
            Scheme::Other(_) => Ok(Uri {
                user: Some(rest.to_owned()),
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
        headers: String::new(),
    }
}

fn parse_scheme(text: &str) -> Result<Scheme, SyntaxError> {
    let is = |name: &str| text.eq_ignore_ascii_case(name);
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

fn parse_sip(scheme: Scheme, rest: &str) -> Result<Uri, SyntaxError> {
    // RFC 3261 25.1: a user may hold ; and ? unescaped, but no part may hold an unescaped @.
    let (userinfo, rest) = match rest.split_once('@') {
        Some((userinfo, rest)) => (Some(userinfo), rest),
        None => (None, rest),
    };
    let (rest, headers) = rest.split_once('?').unwrap_or((rest, ""));
    let (host_port, params) = rest.split_once(';').unwrap_or((rest, ""));
    let (host, port) = parse_host_port(host_port)?;
    let (user, password) = match userinfo {
        None => (None, None),
        Some(userinfo) => match userinfo.split_once(':') {
            Some((user, password)) => (Some(user), Some(password)),
            None => (Some(userinfo), None),
        },
    };
    if user == Some("") {
        return Err(SyntaxError::UriUser);
    }
    Ok(Uri {
        user: user.map(ToOwned::to_owned),
        password: password.map(ToOwned::to_owned),
        host: Some(host),
        port,
        params: params.parse()?,
        headers: headers.to_owned(),
        ..empty(scheme)
    })
}

fn parse_tel(rest: &str) -> Result<Uri, SyntaxError> {
    let (number, params) = rest.split_once(';').unwrap_or((rest, ""));
    // RFC 3966 3: digits with visual separators; a local number may hold *, # and letters A to F.
    let is_number_byte = |byte: u8| byte.is_ascii_hexdigit() || b"*#-.()+".contains(&byte);
    let has_digit = number
        .bytes()
        .any(|byte| byte.is_ascii_hexdigit() || b"*#".contains(&byte));
    if !has_digit || !number.bytes().all(is_number_byte) {
        return Err(SyntaxError::TelephoneNumber);
    }
    Ok(Uri {
        user: Some(number.to_owned()),
        params: params.parse()?,
        ..empty(Scheme::Tel)
    })
}
