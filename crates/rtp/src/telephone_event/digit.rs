use core::fmt;

use thiserror::Error;

/// The characters of the sixteen digits, in the order of their event codes.
const CHARACTERS: &[u8; 16] = b"0123456789*#ABCD";

/// A digit of a telephone's keypad: `0` to `9`, `*`, `#`, and `A` to `D`.
///
/// # Standard
///
/// RFC 4733 section 3.2.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digit(u8);

/// The character is not on a telephone's keypad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is not a telephone digit; use 0 to 9, *, # or A to D")]
pub struct NotADigit(pub char);

impl Digit {
    /// Builds a digit from its event code, `0..=15`.
    #[must_use]
    pub const fn from_event(event: u8) -> Option<Self> {
        if event < 16 { Some(Self(event)) } else { None }
    }

    /// Returns the event code.
    #[must_use]
    pub const fn event(self) -> u8 {
        self.0
    }

    /// Finds the digit of a character; letters in either case.
    #[must_use]
    pub fn from_char(character: char) -> Option<Self> {
        let upper = character.to_ascii_uppercase();
        let at = CHARACTERS
            .iter()
            .position(|&known| char::from(known) == upper)?;
        Self::from_event(at as u8)
    }

    /// Returns the digit's character, letters in upper case.
    #[must_use]
    pub fn to_char(self) -> char {
        char::from(CHARACTERS[usize::from(self.0 & 0x0F)])
    }
}

impl TryFrom<char> for Digit {
    type Error = NotADigit;

    fn try_from(character: char) -> Result<Self, NotADigit> {
        Self::from_char(character).ok_or(NotADigit(character))
    }
}

impl From<Digit> for char {
    fn from(digit: Digit) -> Self {
        digit.to_char()
    }
}

impl fmt::Display for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.to_char(), f)
    }
}

impl fmt::Debug for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digit({})", self.to_char())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_has_one_event_and_back() {
        for (event, character) in "0123456789*#ABCD".chars().enumerate() {
            let digit = Digit::try_from(character).unwrap();
            assert_eq!(usize::from(digit.event()), event);
            assert_eq!(digit.to_char(), character);
            assert_eq!(Digit::from_event(digit.event()), Some(digit));
            assert_eq!(
                Digit::from_char(character.to_ascii_lowercase()),
                Some(digit)
            );
        }
        assert_eq!(Digit::from_event(16), None);
        assert_eq!(Digit::try_from('E'), Err(NotADigit('E')));
    }
}
