use super::token_params::token_with_params;
use crate::scan::number;

token_with_params! {
    /// The Event header: an event package and its parameters (RFC 6665 8.2.1).
    Event,
    /// The event package, templates included.
    package,
    false
}

token_with_params! {
    /// The Subscription-State header (RFC 6665 8.2.3).
    SubscriptionState,
    /// `active`, `pending`, `terminated` or an extension.
    state,
    false
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
