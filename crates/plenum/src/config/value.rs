//! Values by path, with the defaults of the table behind them.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use plenum_control::Addresses;
use toml::de::DeValue;

use super::kind;
use super::schema::key;

/// A checked value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    List(Vec<String>),
    Integer(i64),
    Flag(bool),
}

/// The values of a file by path; a path that the file leaves out reads as its default.
#[derive(Debug, Default)]
pub(super) struct Values {
    values: BTreeMap<&'static str, Value>,
    places: Places,
}

/// Line and column of each value that the file sets, by path.
pub(super) type Places = BTreeMap<&'static str, (usize, usize)>;

impl Values {
    pub(super) fn insert(&mut self, path: &'static str, value: Value, place: (usize, usize)) {
        self.values.insert(path, value);
        self.places.insert(path, place);
    }

    pub(super) fn places(&self) -> Places {
        self.places.clone()
    }

    pub(super) fn optional(&self, path: &str) -> Option<String> {
        match self.find(path) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    pub(super) fn text(&self, path: &str) -> String {
        self.optional(path).unwrap_or_default()
    }

    pub(super) fn list(&self, path: &str) -> Vec<String> {
        match self.find(path) {
            Some(Value::List(list)) => list,
            _ => Vec::new(),
        }
    }

    pub(super) fn flag(&self, path: &str) -> bool {
        self.find(path) == Some(Value::Flag(true))
    }

    pub(super) fn number(&self, path: &str) -> u32 {
        match self.find(path) {
            Some(Value::Integer(number)) => u32::try_from(number).unwrap_or(0),
            _ => 0,
        }
    }

    pub(super) fn addresses(&self, path: &str) -> Option<Addresses> {
        kind::addresses(&self.list(path))
    }

    pub(super) fn socket(&self, path: &str) -> SocketAddr {
        self.text(path)
            .parse()
            .expect("checked as an address, and so is its default")
    }

    pub(super) fn ports(&self, path: &str) -> (u16, u16) {
        kind::ports(&self.text(path)).expect("checked as a range, and so is its default")
    }

    fn find(&self, path: &str) -> Option<Value> {
        self.values.get(path).cloned().or_else(|| default_of(path))
    }
}

/// Reads the default of a key; `None` if it has none.
pub(super) fn default_of(path: &str) -> Option<Value> {
    let key = key(path)?;
    if key.default.is_empty() {
        return None;
    }
    let value = DeValue::parse(key.default).expect("defaults in the table are TOML");
    Some(
        key.kind
            .read(value.get_ref())
            .expect("defaults in the table fit their kind"),
    )
}
