//! Extension patterns: `X` is a digit, `Z` 1 to 9, `N` 2 to 9, `[1-5]` a set, `.` one or more of
//! anything, `!` the rest.

use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;

use super::EXTENSION_CHARS_MAX;
use super::problem::Problem;

/// What an extension or a caller number is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    /// Written out.
    Exact(String),
    /// Begins with `_`.
    Glob(Glob),
}

/// A pattern with places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Glob {
    written: String,
    places: Vec<Place>,
    tail: Tail,
}

/// The characters that may stand at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// A set of ASCII characters, one bit each.
    Set(u128),
    /// One character beyond ASCII.
    Char(char),
}

/// What may follow the places; the order is that of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Tail {
    /// Nothing.
    End,
    /// `.`: one or more characters.
    Some,
    /// `!`: anything.
    Any,
}

impl Pattern {
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        let bad = |why| Problem::BadPattern {
            pattern: text.into(),
            why,
        };
        if text.is_empty() {
            return Err(bad("it is empty"));
        }
        if text.chars().count() > EXTENSION_CHARS_MAX {
            return Err(bad("it is longer than 80 characters"));
        }
        match text.strip_prefix('_') {
            Some(places) => Glob::parse(text, places).map(Self::Glob).map_err(bad),
            None => Ok(Self::Exact(text.into())),
        }
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == text,
            Self::Glob(glob) => glob.matches(text),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exact(exact) => exact,
            Self::Glob(glob) => &glob.written,
        })
    }
}

impl Glob {
    fn parse(written: &str, text: &str) -> Result<Self, &'static str> {
        let mut places = Vec::new();
        let mut tail = Tail::End;
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            if tail != Tail::End {
                return Err(". and ! stand for all that is left, so nothing may follow them");
            }
            match c {
                'X' | 'x' => places.push(range('0', '9')),
                'Z' | 'z' => places.push(range('1', '9')),
                'N' | 'n' => places.push(range('2', '9')),
                '[' => {
                    let rest = chars.as_str();
                    let end = rest.find(']').ok_or("its [ has no ]")?;
                    places.push(Place::Set(set(&rest[..end])?));
                    chars = rest[end + 1..].chars();
                }
                '.' => tail = Tail::Some,
                '!' => tail = Tail::Any,
                // Dashes only make numbers readable.
                '-' => {}
                _ if c.is_ascii() => places.push(Place::Set(1 << (c as u32))),
                _ => places.push(Place::Char(c)),
            }
        }
        if places.is_empty() && tail == Tail::End {
            return Err("nothing follows the _");
        }
        Ok(Self {
            written: written.into(),
            places,
            tail,
        })
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        let mut chars = text.chars();
        let all = self
            .places
            .iter()
            .all(|place| chars.next().is_some_and(|c| place.takes(c)));
        all && match self.tail {
            Tail::End => chars.next().is_none(),
            Tail::Some => chars.next().is_some(),
            Tail::Any => true,
        }
    }

    /// Whether a text that goes on from `prefix` could match.
    pub(super) fn wants_more(&self, prefix: &str) -> bool {
        let mut places = self.places.iter();
        for c in prefix.chars() {
            match places.next() {
                Some(place) if place.takes(c) => {}
                Some(_) => return false,
                None => return self.tail != Tail::End,
            }
        }
        places.next().is_some() || self.tail != Tail::End
    }

    /// The more specific pattern is less: fewer characters at the first place that differs; a
    /// pattern that ends goes before one that takes anything more.
    pub(super) fn precedence(&self, other: &Self) -> Ordering {
        for (left, right) in self.places.iter().zip(&other.places) {
            let order = left.weight().cmp(&right.weight());
            if order.is_ne() {
                return order;
            }
        }
        // With equal places so far, a longer pattern asks for more than `.` and `!` do.
        other
            .places
            .len()
            .cmp(&self.places.len())
            .then_with(|| self.tail.cmp(&other.tail))
            .then_with(|| self.written.cmp(&other.written))
    }
}

impl Place {
    fn takes(self, c: char) -> bool {
        match self {
            Self::Set(bits) => c.is_ascii() && bits & (1 << (c as u32)) != 0,
            Self::Char(own) => own == c,
        }
    }

    /// How many characters, then which.
    fn weight(self) -> (u32, u32) {
        match self {
            Self::Set(bits) => (bits.count_ones(), bits.trailing_zeros()),
            Self::Char(c) => (1, c as u32),
        }
    }
}

fn range(from: char, to: char) -> Place {
    Place::Set((from..=to).fold(0, |bits, c| bits | 1 << (c as u32)))
}

fn set(text: &str) -> Result<u128, &'static str> {
    let mut bits = 0;
    let mut chars = text.chars().peekable();
    while let Some(from) = chars.next() {
        let mut to = from;
        if chars.peek() == Some(&'-') {
            chars.next();
            to = chars.next().ok_or("a range in [ ] lacks its end")?;
        }
        if !from.is_ascii() || !to.is_ascii() {
            return Err("[ ] takes ASCII characters only");
        }
        if from > to {
            return Err("a range in [ ] runs backwards");
        }
        bits = (from..=to).fold(bits, |bits: u128, c| bits | 1 << (c as u32));
    }
    if bits == 0 {
        return Err("[ ] is empty");
    }
    Ok(bits)
}
