use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::str::FromStr;

use crate::{SyntaxError, Token};

/// Rows of the table that finds a known name.
const BUCKET_COUNT: usize = 256;
/// Most known names that share a row.
const BUCKET_LEN: usize = 3;

macro_rules! names {
    ($($variant:ident $text:literal,)*) => {
        /// The name of a header, compared without case and through its compact form.
        #[derive(Debug, Clone)]
        #[non_exhaustive]
        pub enum HeaderName {
            $(
                #[doc = concat!("`", $text, "`")]
                $variant,
            )*
            /// Any other header, spelled as received.
            Other(Token),
        }

        #[repr(u8)]
        #[allow(clippy::enum_variant_names, reason = "a header is named Identity")]
        enum Id { Other, $($variant,)* }

        /// The canonical spellings, at the index of the id.
        const TEXTS: &[&str] = &["", $($text,)*];
        static NAMES: &[HeaderName] = &[$(HeaderName::$variant,)*];

        impl HeaderName {
            /// A small number for each known name, and [`OTHER`] for the others.
            #[inline(always)]
            pub(crate) const fn id(&self) -> u8 {
                (match self {
                    $(Self::$variant => Id::$variant,)*
                    Self::Other(_) => Id::Other,
                }) as u8
            }
        }
    };
}

names! {
    Accept "Accept",
    AcceptContact "Accept-Contact",
    AcceptEncoding "Accept-Encoding",
    AcceptLanguage "Accept-Language",
    AlertInfo "Alert-Info",
    Allow "Allow",
    AllowEvents "Allow-Events",
    AuthenticationInfo "Authentication-Info",
    Authorization "Authorization",
    CallId "Call-ID",
    CallInfo "Call-Info",
    Contact "Contact",
    ContentDescription "Content-Description",
    ContentDisposition "Content-Disposition",
    ContentEncoding "Content-Encoding",
    ContentId "Content-ID",
    ContentLanguage "Content-Language",
    ContentLength "Content-Length",
    ContentTransferEncoding "Content-Transfer-Encoding",
    ContentType "Content-Type",
    CSeq "CSeq",
    Date "Date",
    Diversion "Diversion",
    ErrorInfo "Error-Info",
    Event "Event",
    Expires "Expires",
    FlowTimer "Flow-Timer",
    From "From",
    Geolocation "Geolocation",
    HistoryInfo "History-Info",
    Identity "Identity",
    IdentityInfo "Identity-Info",
    InfoPackage "Info-Package",
    InReplyTo "In-Reply-To",
    Join "Join",
    MaxForwards "Max-Forwards",
    MimeVersion "MIME-Version",
    MinExpires "Min-Expires",
    MinSe "Min-SE",
    Organization "Organization",
    PAssertedIdentity "P-Asserted-Identity",
    PPreferredIdentity "P-Preferred-Identity",
    Path "Path",
    Priority "Priority",
    Privacy "Privacy",
    ProxyAuthenticate "Proxy-Authenticate",
    ProxyAuthorization "Proxy-Authorization",
    ProxyRequire "Proxy-Require",
    RAck "RAck",
    Reason "Reason",
    RecordRoute "Record-Route",
    RecvInfo "Recv-Info",
    ReferSub "Refer-Sub",
    ReferTo "Refer-To",
    ReferredBy "Referred-By",
    RejectContact "Reject-Contact",
    RemotePartyId "Remote-Party-ID",
    Replaces "Replaces",
    ReplyTo "Reply-To",
    RequestDisposition "Request-Disposition",
    Require "Require",
    RetryAfter "Retry-After",
    Route "Route",
    RSeq "RSeq",
    Server "Server",
    ServiceRoute "Service-Route",
    SessionExpires "Session-Expires",
    SessionId "Session-ID",
    SipEtag "SIP-ETag",
    SipIfMatch "SIP-If-Match",
    Subject "Subject",
    SubscriptionState "Subscription-State",
    Supported "Supported",
    TargetDialog "Target-Dialog",
    Timestamp "Timestamp",
    To "To",
    Unsupported "Unsupported",
    UserAgent "User-Agent",
    UserToUser "User-to-User",
    Via "Via",
    Warning "Warning",
    WwwAuthenticate "WWW-Authenticate",
}

/// The id of every name that is not known.
pub(crate) const OTHER: u8 = Id::Other as u8;

/// Ids of the known names by [`bucket`]; zero ends a row.
static BUCKETS: [[u8; BUCKET_LEN]; BUCKET_COUNT] = buckets();

const fn buckets() -> [[u8; BUCKET_LEN]; BUCKET_COUNT] {
    let mut rows = [[OTHER; BUCKET_LEN]; BUCKET_COUNT];
    let mut id = 1;
    while id < TEXTS.len() {
        let text = TEXTS[id].as_bytes();
        let row = &mut rows[bucket(text[0], text[text.len() - 1], text.len())];
        let mut column = 0;
        while row[column] != OTHER {
            column += 1;
        }
        row[column] = id as u8;
        id += 1;
    }
    rows
}

/// Spreads names by their length, first and last octet, without their case.
const fn bucket(first: u8, last: u8, len: usize) -> usize {
    ((first | 0x20) as usize * 5 + (last | 0x20) as usize * 11 + len * 7) % BUCKET_COUNT
}

/// The id of a name as received, full or compact, in any case.
#[inline]
pub(crate) fn id_of(name: &[u8]) -> u8 {
    let (first, last) = match name {
        [] => return OTHER,
        [letter] => return compact_id(letter.to_ascii_lowercase()),
        [first, .., last] => (*first, *last),
    };
    for &id in &BUCKETS[bucket(first, last, name.len())] {
        let text = TEXTS[usize::from(id)].as_bytes();
        if text == name || (id != OTHER && text.eq_ignore_ascii_case(name)) {
            return id;
        }
    }
    OTHER
}

/// RFC 3261 7.3.3 and the registry of compact forms.
fn compact_id(letter: u8) -> u8 {
    let id = match letter {
        b'a' => Id::AcceptContact,
        b'b' => Id::ReferredBy,
        b'c' => Id::ContentType,
        b'd' => Id::RequestDisposition,
        b'e' => Id::ContentEncoding,
        b'f' => Id::From,
        b'i' => Id::CallId,
        b'j' => Id::RejectContact,
        b'k' => Id::Supported,
        b'l' => Id::ContentLength,
        b'm' => Id::Contact,
        b'n' => Id::IdentityInfo,
        b'o' => Id::Event,
        b'r' => Id::ReferTo,
        b's' => Id::Subject,
        b't' => Id::To,
        b'u' => Id::AllowEvents,
        b'v' => Id::Via,
        b'x' => Id::SessionExpires,
        b'y' => Id::Identity,
        _ => Id::Other,
    };
    id as u8
}

impl HeaderName {
    /// The canonical spelling, or the received one of an unknown header.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(token) => token,
            known => TEXTS[usize::from(known.id())],
        }
    }

    /// The known name of an id, if it is one.
    pub(crate) fn from_id(id: u8) -> Option<Self> {
        NAMES.get(usize::from(id).checked_sub(1)?).cloned()
    }

    /// Whether this header may hold several values separated by commas (RFC 3261 7.3.1).
    pub(crate) fn is_list(&self) -> bool {
        matches!(
            self,
            Self::Accept
                | Self::AcceptContact
                | Self::AcceptEncoding
                | Self::AcceptLanguage
                | Self::AlertInfo
                | Self::Allow
                | Self::AllowEvents
                | Self::CallInfo
                | Self::Contact
                | Self::ContentEncoding
                | Self::ContentLanguage
                | Self::Diversion
                | Self::ErrorInfo
                | Self::Geolocation
                | Self::HistoryInfo
                | Self::InReplyTo
                | Self::PAssertedIdentity
                | Self::PPreferredIdentity
                | Self::Path
                | Self::ProxyRequire
                | Self::Reason
                | Self::RecordRoute
                | Self::RecvInfo
                | Self::RejectContact
                | Self::RemotePartyId
                | Self::RequestDisposition
                | Self::Require
                | Self::Route
                | Self::ServiceRoute
                | Self::Supported
                | Self::Unsupported
                | Self::UserToUser
                | Self::Via
                | Self::Warning
        )
    }
}

impl FromStr for HeaderName {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        match Self::from_id(id_of(text.as_bytes())) {
            Some(known) => Ok(known),
            None => Token::new(text).map(Self::Other),
        }
    }
}

impl PartialEq for HeaderName {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Other(one), Self::Other(other)) => one.eq_ignore_ascii_case(other),
            (one, other) => one.id() == other.id(),
        }
    }
}

impl Eq for HeaderName {}

impl PartialOrd for HeaderName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for HeaderName {
    fn cmp(&self, other: &Self) -> Ordering {
        let lower = |byte: u8| byte.to_ascii_lowercase();
        let (a, b) = (
            self.as_str().bytes().map(lower),
            other.as_str().bytes().map(lower),
        );
        self.id().cmp(&other.id()).then_with(|| a.cmp(b))
    }
}

impl Hash for HeaderName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id().hash(state);
        if let Self::Other(token) = self {
            token
                .bytes()
                .for_each(|byte| byte.to_ascii_lowercase().hash(state));
        }
    }
}

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
