use alloc::borrow::Cow;

use super::Message;
use crate::header::{
    AuthValue, AuthenticationInfo, ContentDisposition, Date, Diversion, FeatureSet, HistoryInfo,
    InfoUri, Join, MimeVersion, NameAddr, Preference, Privacy, ReferSub, SessionId, TargetDialog,
    Timestamp, TokenList, UserToUser, Values,
};
use crate::{HeaderError, HeaderName, Token};

/// Typed access to the headers that some requests carry, and to those of the extensions.
///
/// # Errors
///
/// [`HeaderError`] names the header and the rule; it concerns this header alone.
impl Message {
    /// The Path values: proxies that requests to a registered address pass (RFC 3327).
    pub fn path(&self) -> Values<'_, NameAddr> {
        self.values(&HeaderName::Path)
    }

    /// The Service-Route values: proxies that requests of a registered user pass (RFC 3608).
    pub fn service_route(&self) -> Values<'_, NameAddr> {
        self.values(&HeaderName::ServiceRoute)
    }

    /// The P-Asserted-Identity values (RFC 3325 9.1).
    pub fn asserted_identities(&self) -> Values<'_, NameAddr> {
        self.values(&HeaderName::PAssertedIdentity)
    }

    /// The P-Preferred-Identity values (RFC 3325 9.2).
    pub fn preferred_identities(&self) -> Values<'_, NameAddr> {
        self.values(&HeaderName::PPreferredIdentity)
    }

    /// The Privacy header (RFC 3323 4.2).
    pub fn privacy(&self) -> Result<Option<Privacy>, HeaderError> {
        self.value(&HeaderName::Privacy)
    }

    /// The Diversion values, the last diversion first (RFC 5806).
    pub fn diversions(&self) -> Values<'_, Diversion> {
        self.values(&HeaderName::Diversion)
    }

    /// The History-Info values, the first target first (RFC 7044).
    pub fn history(&self) -> Values<'_, HistoryInfo> {
        self.values(&HeaderName::HistoryInfo)
    }

    /// The challenges of WWW-Authenticate, of any scheme; read them as
    /// [`DigestChallenge`](crate::DigestChallenge) with [`Message::values`].
    pub fn www_authenticate(&self) -> Values<'_, AuthValue> {
        self.values(&HeaderName::WwwAuthenticate)
    }

    /// The challenges of Proxy-Authenticate.
    pub fn proxy_authenticate(&self) -> Values<'_, AuthValue> {
        self.values(&HeaderName::ProxyAuthenticate)
    }

    /// The credentials of Authorization; read them as
    /// [`DigestCredentials`](crate::DigestCredentials) with [`Message::values`].
    pub fn authorization(&self) -> Values<'_, AuthValue> {
        self.values(&HeaderName::Authorization)
    }

    /// The credentials of Proxy-Authorization.
    pub fn proxy_authorization(&self) -> Values<'_, AuthValue> {
        self.values(&HeaderName::ProxyAuthorization)
    }

    /// The Authentication-Info header (RFC 7616 3.5).
    pub fn authentication_info(&self) -> Result<Option<AuthenticationInfo>, HeaderError> {
        self.value(&HeaderName::AuthenticationInfo)
    }

    /// The Accept-Encoding values.
    pub fn accept_encoding(&self) -> Values<'_, Preference> {
        self.values(&HeaderName::AcceptEncoding)
    }

    /// The Accept-Language values.
    pub fn accept_language(&self) -> Values<'_, Preference> {
        self.values(&HeaderName::AcceptLanguage)
    }

    /// The Content-Disposition header.
    pub fn content_disposition(&self) -> Result<Option<ContentDisposition>, HeaderError> {
        self.value(&HeaderName::ContentDisposition)
    }

    /// The codings of Content-Encoding, the first applied first.
    pub fn content_encoding(&self) -> TokenList {
        self.words(&HeaderName::ContentEncoding)
    }

    /// The languages of Content-Language.
    pub fn content_language(&self) -> TokenList {
        self.words(&HeaderName::ContentLanguage)
    }

    /// The MIME-Version header.
    pub fn mime_version(&self) -> Result<Option<MimeVersion>, HeaderError> {
        self.value(&HeaderName::MimeVersion)
    }

    /// The Alert-Info values.
    pub fn alert_info(&self) -> Values<'_, InfoUri> {
        self.values(&HeaderName::AlertInfo)
    }

    /// The Call-Info values.
    pub fn call_info(&self) -> Values<'_, InfoUri> {
        self.values(&HeaderName::CallInfo)
    }

    /// The Error-Info values.
    pub fn error_info(&self) -> Values<'_, InfoUri> {
        self.values(&HeaderName::ErrorInfo)
    }

    /// The Call-IDs of In-Reply-To.
    pub fn in_reply_to(&self) -> TokenList {
        self.words(&HeaderName::InReplyTo)
    }

    /// The Priority header, such as `emergency`.
    pub fn priority(&self) -> Result<Option<Token>, HeaderError> {
        self.value(&HeaderName::Priority)
    }

    /// The Date header.
    pub fn date(&self) -> Result<Option<Date>, HeaderError> {
        self.value(&HeaderName::Date)
    }

    /// The Timestamp header.
    pub fn timestamp(&self) -> Result<Option<Timestamp>, HeaderError> {
        self.value(&HeaderName::Timestamp)
    }

    /// The Reply-To header.
    pub fn reply_to(&self) -> Result<Option<NameAddr>, HeaderError> {
        self.value(&HeaderName::ReplyTo)
    }

    /// The Organization header.
    pub fn organization(&self) -> Option<Cow<'_, str>> {
        self.text(&HeaderName::Organization)
    }

    /// The SIP-ETag header (RFC 3903 11.3.1).
    pub fn sip_etag(&self) -> Result<Option<Token>, HeaderError> {
        self.value(&HeaderName::SipEtag)
    }

    /// The SIP-If-Match header (RFC 3903 11.3.2).
    pub fn sip_if_match(&self) -> Result<Option<Token>, HeaderError> {
        self.value(&HeaderName::SipIfMatch)
    }

    /// The Refer-Sub header (RFC 4488).
    pub fn refer_sub(&self) -> Result<Option<ReferSub>, HeaderError> {
        self.value(&HeaderName::ReferSub)
    }

    /// The Target-Dialog header (RFC 4538).
    pub fn target_dialog(&self) -> Result<Option<TargetDialog>, HeaderError> {
        self.value(&HeaderName::TargetDialog)
    }

    /// The Join header (RFC 3911).
    pub fn join(&self) -> Result<Option<Join>, HeaderError> {
        self.value(&HeaderName::Join)
    }

    /// The Flow-Timer header, in seconds (RFC 5626 4.4).
    pub fn flow_timer(&self) -> Result<Option<u32>, HeaderError> {
        self.value(&HeaderName::FlowTimer)
    }

    /// The Session-ID header (RFC 7989).
    pub fn session_id(&self) -> Result<Option<SessionId>, HeaderError> {
        self.value(&HeaderName::SessionId)
    }

    /// The User-to-User values (RFC 7433).
    pub fn user_to_user(&self) -> Values<'_, UserToUser> {
        self.values(&HeaderName::UserToUser)
    }

    /// The Accept-Contact values (RFC 3841).
    pub fn accept_contact(&self) -> Values<'_, FeatureSet> {
        self.values(&HeaderName::AcceptContact)
    }

    /// The Reject-Contact values (RFC 3841).
    pub fn reject_contact(&self) -> Values<'_, FeatureSet> {
        self.values(&HeaderName::RejectContact)
    }

    /// The directives of Request-Disposition (RFC 3841).
    pub fn request_disposition(&self) -> TokenList {
        self.words(&HeaderName::RequestDisposition)
    }
}
