use alloc::string::String;
use core::fmt;

use crate::scan::{find_outside, trim};
use crate::{HeaderValue, Params, SyntaxError};

macro_rules! dialog_reference {
    ($(#[$doc:meta])* $name:ident, $first:ident $first_name:literal $first_doc:literal,
     $second:ident $second_name:literal $second_doc:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub struct $name {
            /// Call-ID of the dialog.
            pub call_id: String,
            #[doc = $first_doc]
            pub $first: String,
            #[doc = $second_doc]
            pub $second: String,
            /// What follows, without the tags.
            pub params: Params,
        }

        impl $name {
            /// A reference without more parameters.
            pub fn new(call_id: &str, $first: &str, $second: &str) -> Self {
                Self {
                    call_id: call_id.into(),
                    $first: $first.into(),
                    $second: $second.into(),
                    params: Params::new(),
                }
            }
        }

        impl HeaderValue for $name {
            fn parse_value(text: &str) -> Result<Self, SyntaxError> {
                let (call_id, $first, $second, params) = parse(text, $first_name, $second_name)?;
                Ok(Self { call_id, $first, $second, params })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(
                    f,
                    concat!("{};", $first_name, "={};", $second_name, "={}{}"),
                    self.call_id, self.$first, self.$second, self.params
                )
            }
        }
    };
}

dialog_reference! {
    /// The Replaces header: the dialog that a new call takes the place of, seen from the receiver
    /// (RFC 3891 6.1).
    Replaces,
    to_tag "to-tag" "Tag of the receiver.",
    from_tag "from-tag" "Tag of the other side."
}

dialog_reference! {
    /// The Join header: the dialog that a new call is to be mixed with (RFC 3911 7.1).
    Join,
    to_tag "to-tag" "Tag of the receiver.",
    from_tag "from-tag" "Tag of the other side."
}

dialog_reference! {
    /// The Target-Dialog header: shows that the sender knows a dialog of the receiver (RFC 4538 7).
    TargetDialog,
    local_tag "local-tag" "Tag of the sender.",
    remote_tag "remote-tag" "Tag of the receiver."
}

impl Replaces {
    /// Whether only an early dialog may be replaced.
    pub fn is_early_only(&self) -> bool {
        self.params.has("early-only")
    }
}

/// Call-ID, both tags, and the parameters without them.
fn parse(
    text: &str,
    first: &str,
    second: &str,
) -> Result<(String, String, String, Params), SyntaxError> {
    let end = find_outside(text, b';', false);
    let mut params: Params = text[end..].parse()?;
    let call_id = trim(&text[..end]);
    let tag = |name: &str| {
        params
            .value(name)
            .filter(|tag| !tag.is_empty())
            .map(String::from)
    };
    match (tag(first), tag(second)) {
        (Some(one), Some(two)) if !call_id.is_empty() => {
            params.remove(first);
            params.remove(second);
            Ok((call_id.into(), one, two, params))
        }
        _ => Err(SyntaxError::DialogReference),
    }
}
