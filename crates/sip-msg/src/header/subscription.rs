use core::fmt;

use crate::scan::{find_outside, number, trim};
use crate::{HeaderValue, Params, SyntaxError, Token};

macro_rules! token_with_params {
    ($(#[$doc:meta])* $name:ident, $(#[$field_doc:meta])* $field:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub struct $name {
            $(#[$field_doc])*
            pub $field: Token,
            /// What follows it.
            pub params: Params,
        }

        impl $name {
            /// A value without parameters.
            pub const fn new($field: Token) -> Self {
                Self { $field, params: Params::new() }
            }
        }

        impl HeaderValue for $name {
            fn parse_value(text: &str) -> Result<Self, SyntaxError> {
                let end = find_outside(text, b";", false);
                let $field = Token::new(trim(&text[..end]))?;
                Ok(Self { $field, params: text[end..].parse()? })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", self.$field, self.params)
            }
        }
    };
}

token_with_params! {
    /// The Event header: an event package and its parameters (RFC 6665 8.2.1).
    Event,
    /// The event package, templates included.
    package
}

token_with_params! {
    /// The Subscription-State header (RFC 6665 8.2.3).
    SubscriptionState,
    /// `active`, `pending`, `terminated` or an extension.
    state
}

impl Event {
    /// Tells subscriptions of one dialog apart.
    pub fn id(&self) -> Option<&str> {
        self.params.value("id")
    }
}

impl SubscriptionState {
    /// Whether the subscription ended.
    pub fn is_terminated(&self) -> bool {
        self.state.eq_ignore_ascii_case("terminated")
    }

    /// Seconds that remain.
    pub fn expires(&self) -> Option<u32> {
        self.params.value("expires").and_then(number)
    }

    /// Why the subscription ended.
    pub fn reason(&self) -> Option<&str> {
        self.params.value("reason")
    }

    /// Seconds before it makes sense to try again.
    pub fn retry_after(&self) -> Option<u32> {
        self.params.value("retry-after").and_then(number)
    }
}
