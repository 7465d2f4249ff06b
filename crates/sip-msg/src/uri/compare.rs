use alloc::string::String;
use alloc::vec::Vec;

use super::escape::decode;
use super::{Scheme, Uri};
use crate::Params;

/// RFC 3261 19.1.4: parameters that make a difference when only one URI has them.
const MUST_MATCH: [&str; 5] = ["maddr", "method", "transport", "ttl", "user"];

impl Uri {
    /// Compares by the rules of the standard instead of the spelling.
    ///
    /// `sip` and `sips` differ, a port differs from no port, the user keeps its case, escapes and
    /// the order of parameters do not count. A parameter that only one side has is ignored,
    /// except `maddr`, `method`, `transport`, `ttl` and `user`.
    ///
    /// # Standard
    ///
    /// RFC 3261 section 19.1.4; RFC 3966 section 4 for `tel`. The comparison is not transitive.
    pub fn equivalent(&self, other: &Self) -> bool {
        match (&self.scheme, &other.scheme) {
            (Scheme::Sip, Scheme::Sip) | (Scheme::Sips, Scheme::Sips) => sip(self, other),
            (Scheme::Tel, Scheme::Tel) => tel(self, other),
            (Scheme::Other(a), Scheme::Other(b)) => {
                a.eq_ignore_ascii_case(b) && self.user == other.user
            }
            _ => false,
        }
    }
}

fn sip(a: &Uri, b: &Uri) -> bool {
    let hosts = match (&a.host, &b.host) {
        (Some(a), Some(b)) => a.equivalent(b),
        (a, b) => a == b,
    };
    hosts
        && a.port == b.port
        && a.user() == b.user()
        && a.password().map(decode) == b.password().map(decode)
        && params(&a.params, &b.params, |name| MUST_MATCH.contains(&name))
        && sorted_headers(a) == sorted_headers(b)
}

fn tel(a: &Uri, b: &Uri) -> bool {
    let digits = |uri: &Uri| -> String {
        let raw = uri.raw_user().unwrap_or_default();
        // RFC 3966 5.1.1: visual separators carry no meaning.
        raw.chars()
            .filter(|c| !"-.()".contains(*c))
            .map(|c| c.to_ascii_lowercase())
            .collect()
    };
    digits(a) == digits(b) && params(&a.params, &b.params, |_| true)
}

/// Merges the sorted parameters: values of common names agree, and no `must_match` stands alone.
fn params(a: &Params, b: &Params, must_match: impl Fn(&str) -> bool) -> bool {
    let (a, b) = (a.sorted(), b.sorted());
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    loop {
        let order = match (a.peek(), b.peek()) {
            (None, None) => return true,
            (Some(_), None) => core::cmp::Ordering::Less,
            (None, Some(_)) => core::cmp::Ordering::Greater,
            (Some(a), Some(b)) => a.0.cmp(&b.0),
        };
        let (left, right) = (
            if order.is_le() { a.next() } else { None },
            if order.is_ge() { b.next() } else { None },
        );
        match (left, right) {
            (Some(left), Some(right)) => {
                let (left, right) = (left.1.map(decode), right.1.map(decode));
                let is_same = match (left, right) {
                    (Some(left), Some(right)) => left.eq_ignore_ascii_case(&right),
                    (left, right) => left.is_none() && right.is_none(),
                };
                if !is_same {
                    return false;
                }
            }
            (Some(alone), None) | (None, Some(alone)) if must_match(&alone.0) => return false,
            _ => {}
        }
    }
}

fn sorted_headers(uri: &Uri) -> Vec<(String, alloc::borrow::Cow<'_, str>)> {
    let mut headers: Vec<_> = uri
        .headers()
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .collect();
    headers.sort();
    headers
}
