use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;
use alloc::vec::Vec;

use super::{HeaderField, Message};
use crate::header::{
    CSeq, Event, HeaderValue, MediaType, NameAddr, RAck, Reason, Replaces, RetryAfter,
    SessionExpires, SubscriptionState, TokenList, Values, Via, Warning, Word,
};
use crate::{HeaderError, HeaderName, Method, SyntaxError};

/// The headers that every transaction needs, typed: a message that has them can be answered or
/// matched (RFC 3261 8.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Core {
    /// The topmost Via.
    pub via: Via,
    /// The From header.
    pub from: NameAddr,
    /// The To header.
    pub to: NameAddr,
    /// The Call-ID.
    pub call_id: String,
    /// The CSeq; its method is that of the request.
    pub cseq: CSeq,
}

/// Typed access. An absent optional header is `Ok(None)` or an empty iterator.
///
/// # Errors
///
/// [`HeaderError`] names the header and the rule; it concerns this header alone.
impl Message {
    /// The headers of every message, or the first thing wrong with them.
    pub fn core(&self) -> Result<Core, HeaderError> {
        let core = Core {
            via: self.top_via()?,
            from: self.from()?,
            to: self.to()?,
            call_id: self.call_id()?.to_owned(),
            cseq: self.cseq()?,
        };
        if self
            .method()
            .is_some_and(|method| *method != core.cseq.method)
        {
            return Err(HeaderError::CSeqMethod);
        }
        Ok(core)
    }

    /// Checks what any receiver has to understand: the start line, the headers of
    /// [`Message::core`], and those that route a message and describe its body.
    ///
    /// A request that fails is refused with 400 and the text of the error; a response is dropped.
    /// Other headers are checked when they are read.
    ///
    /// # Standard
    ///
    /// RFC 3261 sections 8.1.1, 8.2, 19.1.1 and 20.
    pub fn check(&self) -> Result<Core, HeaderError> {
        let core = self.core()?;
        if self.is_request() && !self.request_uri()?.raw_headers().is_empty() {
            return Err(HeaderError::RequestUri(SyntaxError::UriHeaders));
        }
        self.vias().try_for_each(|via| via.map(drop))?;
        for addresses in [self.contacts(), self.routes(), self.record_routes()] {
            for address in addresses {
                address?;
            }
        }
        self.max_forwards()?;
        self.content_type()?;
        Ok(core)
    }

    /// The one value of any header, typed. Lines that repeat it must say the same.
    pub fn value<T: HeaderValue>(&self, name: &HeaderName) -> Result<Option<T>, HeaderError> {
        let Some(text) = self.single(name)?.map(|field| field.text()) else {
            return Ok(None);
        };
        let malformed = |source| HeaderError::Malformed {
            name: name.clone(),
            source,
        };
        T::parse_value(&text).map(Some).map_err(malformed)
    }

    /// All values of any header, typed.
    pub fn values<'a, T: HeaderValue>(&'a self, name: &'a HeaderName) -> Values<'a, T> {
        Values::new(self.header_all(name))
    }

    /// The words of any list header; empty when it is absent.
    pub fn words(&self, name: &HeaderName) -> TokenList {
        let words = self.values::<Word>(name).flatten();
        TokenList::new(
            words
                .map(|word| word.0)
                .filter(|word| !word.is_empty())
                .collect(),
        )
    }

    /// All Via values, topmost first.
    pub fn vias(&self) -> Values<'_, Via> {
        self.values(&HeaderName::Via)
    }

    /// The topmost Via.
    pub fn top_via(&self) -> Result<Via, HeaderError> {
        self.vias()
            .next()
            .unwrap_or(Err(HeaderError::Missing(HeaderName::Via)))
    }

    /// The From header.
    pub fn from(&self) -> Result<NameAddr, HeaderError> {
        self.required(HeaderName::From)
    }

    /// The To header.
    pub fn to(&self) -> Result<NameAddr, HeaderError> {
        self.required(HeaderName::To)
    }

    /// The CSeq header.
    pub fn cseq(&self) -> Result<CSeq, HeaderError> {
        self.required(HeaderName::CSeq)
    }

    /// The Call-ID header.
    pub fn call_id(&self) -> Result<&str, HeaderError> {
        let name = HeaderName::CallId;
        let field = self.single(&HeaderName::CallId)?;
        let raw = field
            .ok_or(HeaderError::Missing(HeaderName::CallId))?
            .raw_value();
        // Looks at every octet, so that the compiler can look at many at once.
        let is_graphic = |all: bool, byte: &u8| all & (*byte > b' ') & (*byte != 0x7F);
        let is_word = raw.iter().fold(!raw.is_empty(), is_graphic);
        let text = core::str::from_utf8(raw).ok().filter(|_| is_word);
        text.ok_or(HeaderError::Malformed {
            name,
            source: SyntaxError::CallId,
        })
    }

    /// Contact values; none for the wildcard, see [`Message::is_contact_wildcard`].
    pub fn contacts(&self) -> Values<'_, NameAddr> {
        if self.is_contact_wildcard() {
            return Values::none();
        }
        self.values(&HeaderName::Contact)
    }

    /// Whether Contact is `*`, which removes all registrations (RFC 3261 10.2.2).
    pub fn is_contact_wildcard(&self) -> bool {
        let mut fields = self.header_all(&HeaderName::Contact);
        let first = fields.next();
        first.is_some_and(|field| field.raw_value() == b"*") && fields.next().is_none()
    }

    /// Route values, the next hop first.
    pub fn routes(&self) -> Values<'_, NameAddr> {
        self.values(&HeaderName::Route)
    }

    /// Record-Route values in the order of the message.
    pub fn record_routes(&self) -> Values<'_, NameAddr> {
        self.values(&HeaderName::RecordRoute)
    }

    /// The Max-Forwards header.
    pub fn max_forwards(&self) -> Result<Option<u8>, HeaderError> {
        self.value(&HeaderName::MaxForwards)
    }

    /// The Content-Type header.
    pub fn content_type(&self) -> Result<Option<MediaType>, HeaderError> {
        self.value(&HeaderName::ContentType)
    }

    /// The Content-Length header. [`Message::body`] has that length already.
    pub fn content_length(&self) -> Result<Option<u32>, HeaderError> {
        self.value(&HeaderName::ContentLength)
    }

    /// The Accept values; empty when the header is absent.
    pub fn accept(&self) -> Values<'_, MediaType> {
        self.values(&HeaderName::Accept)
    }

    /// The option tags of Require.
    pub fn require(&self) -> TokenList {
        self.words(&HeaderName::Require)
    }

    /// The option tags of Proxy-Require.
    pub fn proxy_require(&self) -> TokenList {
        self.words(&HeaderName::ProxyRequire)
    }

    /// The option tags of Supported.
    pub fn supported(&self) -> TokenList {
        self.words(&HeaderName::Supported)
    }

    /// The option tags of Unsupported.
    pub fn unsupported(&self) -> TokenList {
        self.words(&HeaderName::Unsupported)
    }

    /// The methods of Allow, `None` when the header is absent. Words that are no method are
    /// left out.
    pub fn allow(&self) -> Option<Vec<Method>> {
        let words = || self.words(&HeaderName::Allow);
        let methods = || {
            words()
                .iter()
                .filter_map(|word| word.parse().ok())
                .collect()
        };
        self.has(&HeaderName::Allow).then(methods)
    }

    /// The event packages of Allow-Events.
    pub fn allow_events(&self) -> TokenList {
        self.words(&HeaderName::AllowEvents)
    }

    /// The Expires header, in seconds.
    pub fn expires(&self) -> Result<Option<u32>, HeaderError> {
        self.value(&HeaderName::Expires)
    }

    /// The Min-Expires header, in seconds.
    pub fn min_expires(&self) -> Result<Option<u32>, HeaderError> {
        self.value(&HeaderName::MinExpires)
    }

    /// The Session-Expires header.
    pub fn session_expires(&self) -> Result<Option<SessionExpires>, HeaderError> {
        self.value(&HeaderName::SessionExpires)
    }

    /// The Min-SE header.
    pub fn min_se(&self) -> Result<Option<SessionExpires>, HeaderError> {
        self.value(&HeaderName::MinSe)
    }

    /// The Reason values.
    pub fn reason(&self) -> Values<'_, Reason> {
        self.values(&HeaderName::Reason)
    }

    /// The Warning values.
    pub fn warning(&self) -> Values<'_, Warning> {
        self.values(&HeaderName::Warning)
    }

    /// The Retry-After header.
    pub fn retry_after(&self) -> Result<Option<RetryAfter>, HeaderError> {
        self.value(&HeaderName::RetryAfter)
    }

    /// The User-Agent header.
    pub fn user_agent(&self) -> Option<Cow<'_, str>> {
        self.text(&HeaderName::UserAgent)
    }

    /// The Server header.
    pub fn server(&self) -> Option<Cow<'_, str>> {
        self.text(&HeaderName::Server)
    }

    /// The Subject header.
    pub fn subject(&self) -> Option<Cow<'_, str>> {
        self.text(&HeaderName::Subject)
    }

    /// The first header of a name as text.
    pub fn text<'a>(&'a self, name: &'a HeaderName) -> Option<Cow<'a, str>> {
        self.header(name).map(|field| field.text())
    }

    /// The Event header.
    pub fn event(&self) -> Result<Option<Event>, HeaderError> {
        self.value(&HeaderName::Event)
    }

    /// The Subscription-State header.
    pub fn subscription_state(&self) -> Result<Option<SubscriptionState>, HeaderError> {
        self.value(&HeaderName::SubscriptionState)
    }

    /// The Refer-To header.
    pub fn refer_to(&self) -> Result<Option<NameAddr>, HeaderError> {
        self.value(&HeaderName::ReferTo)
    }

    /// The Referred-By header.
    pub fn referred_by(&self) -> Result<Option<NameAddr>, HeaderError> {
        self.value(&HeaderName::ReferredBy)
    }

    /// The Replaces header.
    pub fn replaces(&self) -> Result<Option<Replaces>, HeaderError> {
        self.value(&HeaderName::Replaces)
    }

    /// The RSeq header.
    pub fn rseq(&self) -> Result<Option<u32>, HeaderError> {
        self.value(&HeaderName::RSeq)
    }

    /// The RAck header.
    pub fn rack(&self) -> Result<Option<RAck>, HeaderError> {
        self.value(&HeaderName::RAck)
    }

    fn required<T: HeaderValue>(&self, name: HeaderName) -> Result<T, HeaderError> {
        self.value(&name)?.ok_or(HeaderError::Missing(name))
    }

    /// The one line of a name, or the first of several that say the same.
    fn single<'a>(&'a self, name: &'a HeaderName) -> Result<Option<HeaderField<'a>>, HeaderError> {
        let mut fields = self.header_all(name);
        let Some(first) = fields.next() else {
            return Ok(None);
        };
        if fields.any(|field| field.raw_value() != first.raw_value()) {
            return Err(HeaderError::Repeated(name.clone()));
        }
        Ok(Some(first))
    }
}
