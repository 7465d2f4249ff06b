use core::fmt;
use core::str::FromStr;

use crate::decimal::Decimal;
use crate::scan::number;
use crate::{HeaderValue, Method, SyntaxError};

/// RFC 3261 8.1.1.5: a sequence number is below 2^31.
const SEQUENCE_MAX: u32 = (1 << 31) - 1;

/// The CSeq header: orders the requests of a dialog (RFC 3261 20.16).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CSeq {
    /// Number of the request, below 2^31.
    pub number: u32,
    /// Method of the request.
    pub method: Method,
}

impl CSeq {
    /// The pair of a number and a method.
    pub const fn new(number: u32, method: Method) -> Self {
        Self { number, method }
    }
}

impl HeaderValue for CSeq {
    fn parse_value(text: &str) -> Result<Self, SyntaxError> {
        let mut words = text.split_ascii_whitespace();
        let (Some(digits), Some(method), None) = (words.next(), words.next(), words.next()) else {
            return Err(SyntaxError::CSeq);
        };
        let number = number(digits).filter(|number| *number <= SEQUENCE_MAX);
        let method = method.parse().map_err(|_| SyntaxError::CSeq)?;
        Ok(Self {
            number: number.ok_or(SyntaxError::CSeq)?,
            method,
        })
    }
}

impl FromStr for CSeq {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        Self::parse_value(text)
    }
}

impl fmt::Display for CSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut number = Decimal::default();
        number.push_number(self.number as usize);
        number.push(b' ');
        f.write_str(number.as_str())?;
        f.write_str(self.method.as_str())
    }
}

/// The RAck header: names the provisional response that a PRACK acknowledges (RFC 3262 7.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RAck {
    /// RSeq of the response.
    pub response: u32,
    /// CSeq of the response.
    pub cseq: CSeq,
}

impl HeaderValue for RAck {
    fn parse_value(text: &str) -> Result<Self, SyntaxError> {
        let text = crate::scan::trim(text);
        let (response, cseq) = text.split_once([' ', '\t']).ok_or(SyntaxError::RAck)?;
        let response = number(response).ok_or(SyntaxError::RAck)?;
        let cseq = cseq.parse().map_err(|_| SyntaxError::RAck)?;
        Ok(Self { response, cseq })
    }
}

impl fmt::Display for RAck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.response, self.cseq)
    }
}
