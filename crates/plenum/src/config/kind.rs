//! What values a key takes, and the sentence for each that it does not.

use std::net::{IpAddr, SocketAddr};

use plenum_control::Addresses;
use toml::de::{DeArray, DeValue};

use plenum_runtime::sip::SipListen;

use super::suggest::nearest;
use super::value::Value;

/// The kind of value that a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// A path of a file or folder, relative to the folder of the configuration file.
    Path,
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// A log filter.
    LogFilter,
    /// `true` or `false`.
    Flag,
    /// A whole number in a range.
    Integer {
        /// The least value.
        min: i64,
        /// The greatest value.
        max: i64,
    },
    /// An IPv4 or IPv6 address, or a list with one of each.
    Addresses,
    /// An address with a port.
    Socket,
    /// A range of ports, `first-last`.
    PortRange,
    /// A list of addresses with transports and ports.
    Listens,
    /// A list of origins of web pages.
    Origins,
}

impl Kind {
    /// Says in a few words what the kind takes.
    #[must_use]
    pub fn describe(self) -> String {
        match self {
            Self::Text => "text in quotes".into(),
            Self::Path => "a path in quotes".into(),
            Self::Choice(words) => format!("one of \"{}\"", words.join("\", \"")),
            Self::LogFilter => format!(
                "a level ({}), or levels by part of the program, as in \
                 \"info,plenum_sip_ua=debug\"",
                LEVELS.join(", ")
            ),
            Self::Flag => "true or false".into(),
            Self::Integer { min, max } => format!("a whole number from {min} to {max}"),
            Self::Addresses => "an IPv4 or IPv6 address in quotes, or a list of one of each".into(),
            Self::Socket => "an address with a port in quotes, as in \"127.0.0.1:8088\"".into(),
            Self::PortRange => "first-last in quotes, as in \"20000-29999\"".into(),
            Self::Listens => "a list of udp://, tcp://, tls://, ws:// and wss:// addresses, as in \
                 [\"udp://127.0.0.1:5060\"]"
                .into(),
            Self::Origins => "a list of origins, as in [\"https://phone.example\"]".into(),
        }
    }

    /// Takes a value, or says what is wrong with it.
    pub(super) fn read(self, value: &DeValue<'_>) -> Result<Value, String> {
        match (self, value) {
            (Self::Listens, DeValue::Array(items)) if items.is_empty() => Err(
                "the list is empty, so no phone could reach the server; give at least one \
                 address, as in [\"udp://127.0.0.1:5060\"]"
                    .to_owned(),
            ),
            (Self::Listens | Self::Origins, DeValue::Array(items)) => {
                self.read_items(items).map(Value::List)
            }
            (Self::Addresses, DeValue::Array(items)) => {
                let texts = self.read_items(items)?;
                addresses(&texts).ok_or_else(|| address_problem(&texts))?;
                Ok(Value::List(texts))
            }
            (Self::Addresses, DeValue::String(text)) => self
                .read_item(text)
                .map(|()| Value::List(vec![text.to_string()])),
            (Self::Flag, DeValue::Boolean(flag)) => Ok(Value::Flag(*flag)),
            (Self::Integer { min, max }, DeValue::Integer(number)) => {
                let digits = number.as_str().replace('_', "");
                let parsed = i64::from_str_radix(&digits, number.radix());
                match parsed {
                    Ok(number) if (min..=max).contains(&number) => Ok(Value::Integer(number)),
                    _ => Err(format!(
                        "{number} is out of range; give {}",
                        self.describe()
                    )),
                }
            }
            (Self::Listens | Self::Origins | Self::Flag | Self::Integer { .. }, other) => {
                Err(self.wrong_type(other))
            }
            (_, DeValue::String(text)) => {
                self.read_item(text).map(|()| Value::Text(text.to_string()))
            }
            (_, other) => Err(self.wrong_type(other)),
        }
    }

    fn read_items(self, items: &DeArray<'_>) -> Result<Vec<String>, String> {
        let texts = items.iter().map(|item| match item.get_ref() {
            DeValue::String(text) => self.read_item(text).map(|()| text.to_string()),
            other => Err(self.wrong_type(other)),
        });
        texts.collect()
    }

    fn wrong_type(self, value: &DeValue<'_>) -> String {
        format!(
            "this is {} {}; give {}",
            article(value.type_str()),
            value.type_str(),
            self.describe()
        )
    }

    fn read_item(self, text: &str) -> Result<(), String> {
        let wrong = || format!("\"{text}\" does not fit; give {}", self.describe());
        match self {
            Self::Text | Self::Path if text.is_empty() => {
                Err("an empty text says nothing; leave the key out instead".into())
            }
            Self::Text | Self::Path | Self::Flag | Self::Integer { .. } => Ok(()),
            Self::Choice(words) if words.contains(&text) => Ok(()),
            Self::Choice(words) => {
                let hint = nearest(text, words.iter().copied());
                let hint = hint.map_or(String::new(), |word| format!("; did you mean \"{word}\"?"));
                Err(wrong() + &hint)
            }
            Self::LogFilter => log_filter(text),
            Self::Addresses => text.parse::<IpAddr>().map(drop).map_err(|_| wrong()),
            Self::Socket => text.parse::<SocketAddr>().map(drop).map_err(|_| wrong()),
            Self::PortRange => ports(text).map(drop).ok_or_else(|| port_problem(text)),
            Self::Listens => listen(text).map(drop).ok_or_else(|| listen_problem(text)),
            Self::Origins if is_origin(text) => Ok(()),
            Self::Origins => Err(wrong()),
        }
    }
}

/// The levels of a log filter.
const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];

/// What the names of all parts of the program begin with.
const PARTS: &str = "plenum";

/// Checks a log filter. A misspelt level would else be taken for a part of the program that does
/// not exist, and nothing would be logged.
fn log_filter(text: &str) -> Result<(), String> {
    let refused = |word: &str, hint: Option<&str>| {
        let hint = hint.map_or(String::new(), |near| format!("; did you mean \"{near}\"?"));
        let kind = Kind::LogFilter.describe();
        Err(format!("\"{word}\" does not fit; give {kind}{hint}"))
    };
    let is_level = |word: &str| LEVELS.iter().any(|level| word.eq_ignore_ascii_case(level));
    for word in text.split(',') {
        let (part, level) = match word.split_once('=') {
            Some((part, level)) => (part, Some(level)),
            None => (word, None),
        };
        let trimmed = word.trim();
        if trimmed != word || part.ends_with(' ') {
            return refused(word, Some(&word.replace(' ', "")));
        }
        if let Some(level) = level.filter(|level| !is_level(level)) {
            return refused(level, nearest(level, LEVELS));
        }
        let head = part.split(['_', ':']).next().unwrap_or(part);
        let near = nearest(head, [PARTS]).map(|_| part.replacen(head, PARTS, 1));
        match (near, level) {
            _ if head == PARTS || (level.is_none() && is_level(word)) => {}
            (Some(near), _) => return refused(part, Some(&near)),
            (None, Some(_)) if !part.is_empty() => {}
            (None, _) => return refused(word, nearest(word, LEVELS)),
        }
    }
    text.parse::<tracing_subscriber::filter::Targets>()
        .map(drop)
        .map_err(|error| format!("\"{text}\" is no log filter: {error}"))
}

/// Reads one address, or one of each family.
pub(super) fn addresses(texts: &[String]) -> Option<Addresses> {
    let parsed: Result<Vec<IpAddr>, _> = texts.iter().map(|text| text.parse()).collect();
    Addresses::of(&parsed.ok()?)
}

/// Reads `TRANSPORT://ADDRESS:PORT`.
pub(super) fn listen(url: &str) -> Option<SipListen> {
    let listen: SipListen = url.parse().ok()?;
    (listen.address.port() != 0).then_some(listen)
}

/// RFC 6454 6.2: a scheme, a host and perhaps a port; no path.
fn is_origin(text: &str) -> bool {
    let rest = text
        .split_once("://")
        .filter(|(scheme, _)| matches!(*scheme, "http" | "https"));
    rest.is_some_and(|(_, host)| !host.is_empty() && !host.contains(['/', ' ', '*']))
}

/// Reads `first-last`: both included, at least one pair of an even and an odd port.
pub(super) fn ports(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once('-')?;
    let (first, last) = (
        first.trim().parse::<u16>().ok()?,
        last.trim().parse::<u16>().ok()?,
    );
    let first_even = first.checked_add(first % 2)?;
    (first >= 1024 && last > first_even).then_some((first, last))
}

fn address_problem(texts: &[String]) -> String {
    match texts {
        [] => "the list is empty; give at least one address".into(),
        _ => format!(
            "\"{}\" are of one family or too many; give one IPv4 and one IPv6 address at most",
            texts.join("\", \"")
        ),
    }
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    }
}

fn port_problem(text: &str) -> String {
    format!(
        "\"{text}\" is no range of ports; give first-last, as in \"20000-29999\", with first at \
         least 1024 and room for one even port and the odd one after it"
    )
}

fn listen_problem(url: &str) -> String {
    match url.split_once("://") {
        None => format!("\"{url}\" names no transport; write \"udp://{url}\" or \"tcp://{url}\""),
        Some(("udp" | "tcp" | "tls" | "ws" | "wss", address)) => format!(
            "\"{address}\" is no address with a port; give an IP address and a port from 1 to \
             65535, as in \"127.0.0.1:5060\" or \"[::1]:5060\""
        ),
        Some((scheme, _)) => {
            format!("the transport \"{scheme}\" is not supported; use udp, tcp, tls, ws or wss")
        }
    }
}
