use alloc::string::String;
use core::fmt;

/// One `a=` line: a name and, after a colon, a value (RFC 8866 5.13).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Attribute {
    name: String,
    value: Option<String>,
}

impl Attribute {
    /// Builds a property attribute, one without a value.
    ///
    /// Line ends and NUL, which no line can hold, are left out, here and in [`Attribute::new`].
    pub fn flag(name: &str) -> Self {
        Self {
            name: clean(name),
            value: None,
        }
    }

    /// Builds an attribute with a value.
    pub fn new(name: &str, value: &str) -> Self {
        Self {
            name: clean(name),
            value: Some(clean(value)),
        }
    }

    pub(crate) fn parse(text: &str) -> Self {
        match text.split_once(':') {
            Some((name, value)) => Self {
                name: name.into(),
                value: Some(value.into()),
            },
            None => Self {
                name: text.into(),
                value: None,
            },
        }
    }

    /// Returns the name as it was written.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the text after the first colon, if there is a colon.
    pub fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }

    /// Tells whether this is the named attribute, in any case of letters.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match &self.value {
            Some(value) => write!(f, ":{value}"),
            None => Ok(()),
        }
    }
}

/// A line that this crate keeps without reading it: `i=`, `b=`, `t=`, or a type nobody defined.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Line {
    pub(crate) kind: char,
    pub(crate) value: String,
}

impl Line {
    /// Returns the letter before the equals sign.
    pub fn kind(&self) -> char {
        self.kind
    }

    /// Returns the text after the equals sign.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Returns the place in the order of RFC 8866 5; lines of equal place keep their order, because
    /// `r=` belongs to the `t=` before it.
    pub(crate) fn place(&self) -> u8 {
        match self.kind {
            'i' => 0,
            'u' => 1,
            'e' => 2,
            'p' => 3,
            'b' => 5,
            't' | 'r' | 'z' => 6,
            'k' => 7,
            _ => 8,
        }
    }

    /// The place of `c=` lines among the others.
    pub(crate) const CONNECTION_PLACE: u8 = 4;
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}\r\n", self.kind, self.value)
    }
}

/// Finds the first attribute of a name.
pub(crate) fn find<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    attributes.iter().find(|attribute| attribute.is(name))
}

/// Leaves out what would end or corrupt a line.
fn clean(text: &str) -> String {
    let kept: String = text
        .chars()
        .filter(|c| !matches!(c, '\r' | '\n' | '\0'))
        .collect();
    String::from(kept.trim_ascii_end())
}
