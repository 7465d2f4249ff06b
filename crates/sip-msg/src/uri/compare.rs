use alloc::string::String;
use alloc::vec::Vec;

use super::escape::normal;
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
        && a.raw_user().map(normal) == b.raw_user().map(normal)
        && a.password().map(normal) == b.password().map(normal)
        && params(
            &a.params,
            &b.params,
            |name| MUST_MATCH.contains(&name),
            same_text,
        )
        && sorted_headers(a) == sorted_headers(b)
}

fn tel(a: &Uri, b: &Uri) -> bool {
    // RFC 3966 4: a global number is never a local one, and visual separators carry no meaning.
    a.is_global_number() == b.is_global_number()
        && a.number_digits() == b.number_digits()
        && params(&a.params, &b.params, |_| true, same_number_or_text)
}

fn same_text(_name: &str, a: &str, b: &str) -> bool {
    normal(a).eq_ignore_ascii_case(&normal(b))
}

/// RFC 3966 4: an extension and a context that is a number are compared without separators.
fn same_number_or_text(name: &str, a: &str, b: &str) -> bool {
    let is_number = name == "ext" || (name == "phone-context" && a.starts_with('+'));
    if is_number {
        super::tel::digits(a) == super::tel::digits(b)
    } else {
        same_text(name, a, b)
    }
}

/// Merges the sorted parameters: values of common names agree, and no `must_match` stands alone.
fn params(
    a: &Params,
    b: &Params,
    must_match: impl Fn(&str) -> bool,
    is_same: impl Fn(&str, &str, &str) -> bool,
) -> bool {
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
                let agree = match (left.1, right.1) {
                    (Some(one), Some(other)) => is_same(&left.0, one, other),
                    (one, other) => one.is_none() && other.is_none(),
                };
                if !agree {
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
