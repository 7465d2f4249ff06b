//! Values of options.

use alloc::string::String;

use super::ProfileError;

/// Seconds; zero is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seconds(pub u32);

/// Milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Millis(pub u32);

/// Whether a room hears how many are in it when someone joins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AnnounceAll {
    /// Never.
    #[default]
    No,
    /// Always.
    Yes,
    /// When there are more than this many.
    Above(u32),
}

/// A type that an option can have.
pub(super) trait Value: Sized {
    /// What to write, in words.
    const EXPECTED: &'static str;

    fn parse(text: &str) -> Option<Self>;
}

pub(super) fn read<V: Value>(option: &'static str, text: &str) -> Result<V, ProfileError> {
    V::parse(text.trim()).ok_or_else(|| ProfileError::BadValue {
        option,
        value: text.into(),
        expected: V::EXPECTED,
    })
}

impl Value for bool {
    const EXPECTED: &'static str = "yes or no";

    fn parse(text: &str) -> Option<Self> {
        const TRUE: [&str; 6] = ["yes", "true", "y", "t", "1", "on"];
        const FALSE: [&str; 7] = ["no", "false", "n", "f", "0", "off", ""];
        let is = |word: &&str| word.eq_ignore_ascii_case(text);
        match (TRUE.iter().any(is), FALSE.iter().any(is)) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        }
    }
}

impl Value for u32 {
    const EXPECTED: &'static str = "a whole number";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Value for Seconds {
    const EXPECTED: &'static str = "whole seconds";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

impl Value for Millis {
    const EXPECTED: &'static str = "whole milliseconds";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

impl Value for String {
    const EXPECTED: &'static str = "text";

    fn parse(text: &str) -> Option<Self> {
        Some(text.into())
    }
}

impl Value for AnnounceAll {
    const EXPECTED: &'static str = "yes, no or a whole number";

    fn parse(text: &str) -> Option<Self> {
        if let Some(yes) = bool::parse(text).filter(|_| text.parse::<u32>().is_err()) {
            return Some(if yes { Self::Yes } else { Self::No });
        }
        text.parse().ok().map(Self::Above)
    }
}
