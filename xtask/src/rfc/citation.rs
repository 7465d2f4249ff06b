//! Reads citations such as `RFC 3261 17.1.4 and 18.4` out of prose.

use std::fmt;

#[cfg(test)]
mod tests;

/// Sections that a range such as `8.2.1 to 8.2.3` may stand for; a longer one names its ends only.
const RANGE_SECTIONS_MAX: u16 = 20;

/// A place in a standard, such as `17.1.1.2` or `A.8`. Sorts as the standard does: appendices last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Section(Vec<Part>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Number(u16),
    Letter(char),
}

/// What one citation names. Without sections it means the standard as a whole.
#[derive(Debug, PartialEq)]
pub(super) struct Citation {
    pub(super) rfc: u16,
    pub(super) sections: Vec<Section>,
}

impl Section {
    /// Reads a whole text as one section.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut cursor = Cursor { rest: text };
        let section = cursor.section(true)?;
        cursor.rest.is_empty().then_some(section)
    }

    fn is_nested(&self) -> bool {
        self.0.len() > 1
    }

    /// This section, those after it and `last`, where both are parts of the same section.
    fn up_to(self, last: Self) -> Vec<Self> {
        if let (Some((Part::Number(from), parent)), Some((Part::Number(to), other))) =
            (self.0.split_last(), last.0.split_last())
            && parent == other
            && from < to
            && to - from < RANGE_SECTIONS_MAX
        {
            let number = |number| [parent, &[Part::Number(number)]].concat();
            return (*from..=*to).map(|at| Self(number(at))).collect();
        }
        vec![self, last]
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(".")?;
            }
            match part {
                Part::Number(number) => write!(f, "{number}")?,
                Part::Letter(letter) => write!(f, "{letter}")?,
            }
        }
        Ok(())
    }
}

/// All citations of a paragraph whose words are one space apart.
pub(super) fn citations(prose: &str) -> Vec<Citation> {
    let mut found = Vec::new();
    let mut cursor = Cursor { rest: prose };
    while let Some(at) = cursor.rest.find("RFC") {
        let inside_word = cursor.rest[..at].ends_with(|c: char| c.is_alphanumeric());
        cursor.rest = &cursor.rest[at + "RFC".len()..];
        if inside_word {
            continue;
        }
        if let Some(rfc) = cursor.rfc_number() {
            let sections = cursor.sections();
            found.push(Citation { rfc, sections });
        }
    }
    found
}

struct Cursor<'a> {
    rest: &'a str,
}

impl Cursor<'_> {
    fn take(&mut self, prefix: &str) -> bool {
        let rest = self.rest.strip_prefix(prefix);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn take_any(&mut self, prefixes: &[&str]) -> bool {
        prefixes.iter().any(|prefix| self.take(prefix))
    }

    fn number(&mut self) -> Option<u16> {
        let end = self.rest.find(|c: char| !c.is_ascii_digit());
        let (digits, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        let number = digits.parse().ok()?;
        self.rest = rest;
        Some(number)
    }

    fn at_word(&self) -> bool {
        self.rest
            .starts_with(|c: char| c.is_alphanumeric() || c == '_')
    }

    fn rfc_number(&mut self) -> Option<u16> {
        self.take_any(&[" ", "-"]);
        let number = self.number()?;
        (!self.at_word()).then_some(number)
    }

    /// The sections right after the number of the standard. After a comma they need the word
    /// `section`, because `RFC 4028, 30 min` names none.
    fn sections(&mut self) -> Vec<Section> {
        let start = self.rest;
        let after_comma = self.take(",");
        if !self.take(" ") {
            self.rest = start;
            return Vec::new();
        }
        let named = self.section_word();
        let first = (named || !after_comma)
            .then(|| self.section(named))
            .flatten();
        let Some(first) = first else {
            self.rest = start;
            return Vec::new();
        };
        let mut found = vec![first];
        while let Some((is_range, next)) = self.next_section() {
            match found.pop() {
                Some(first) if is_range => found.extend(first.up_to(next)),
                last => found.extend(last.into_iter().chain([next])),
            }
        }
        found
    }

    /// A further section of a list, and whether it ends a range.
    fn next_section(&mut self) -> Option<(bool, Section)> {
        let start = self.rest;
        let is_range = self.take_any(&[" to ", "-", "\u{2013}"]);
        if !is_range && !self.take_any(&[", and ", ", or ", ", ", " and ", " or ", " & ", "/"]) {
            return None;
        }
        let named = self.section_word();
        let section = self.section(named);
        // `RFC 3261 13.2.1, 2 s later` names one section.
        let section = section.filter(|found| named || found.is_nested() || self.at_end_of_item());
        if section.is_none() {
            self.rest = start;
        }
        Some((is_range, section?))
    }

    fn section_word(&mut self) -> bool {
        const WORDS: &[&str] = &[
            "sections ",
            "section ",
            "Sections ",
            "Section ",
            "appendices ",
            "appendix ",
            "Appendix ",
            "\u{a7}\u{a7} ",
            "\u{a7}\u{a7}",
            "\u{a7} ",
            "\u{a7}",
        ];
        self.take_any(WORDS)
    }

    /// `17.1.1.2`, `A.8`, and `A` alone where a word such as `appendix` stands before it.
    fn section(&mut self, named: bool) -> Option<Section> {
        let start = self.rest;
        let mut parts = Vec::new();
        if self.rest.starts_with(|c: char| c.is_ascii_uppercase()) {
            let (letter, rest) = self.rest.split_at(1);
            parts.extend(letter.chars().map(Part::Letter));
            self.rest = rest;
        } else {
            parts.extend(self.number().map(Part::Number));
        }
        let at_digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
        while !parts.is_empty() && self.rest.strip_prefix('.').is_some_and(at_digit) {
            self.take(".");
            parts.extend(self.number().map(Part::Number));
        }
        let is_lone_letter = matches!(parts[..], [Part::Letter(_)]);
        if parts.is_empty() || self.at_word() || (is_lone_letter && !named) {
            self.rest = start;
            return None;
        }
        Some(Section(parts))
    }

    fn at_end_of_item(&self) -> bool {
        const ENDS: &[&str] = &[".", ",", ";", ":", ")", "]", " and ", " or ", " to "];
        self.rest.is_empty() || ENDS.iter().any(|end| self.rest.starts_with(end))
    }
}
