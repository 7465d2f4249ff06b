use alloc::vec::Vec;
use core::net::IpAddr;

use crate::{
    AudioFormat, LocalMedia, Media, MediaKind, Negotiated, NegotiationError, SessionDescription,
    accept_answer, answer, local::offered_line,
};

/// RFC 3264 5: id and first version stay below 2^62, so that versions can grow in a signed number.
const MAX_SESSION_ID: u64 = (1 << 62) - 1;

/// Offers and answers over the life of one session (RFC 3264 8), without any I/O.
///
/// ```text
///                    local_offer
///      ┌────────┐ ──────────────────► ┌───────────────┐
/// ┌──► │ stable │                     │ offer pending │
/// │    └────────┘ ◄────────────────── └───────────────┘
/// │        │       remote_answer (agreed), roll_back (as before)
/// └────────┘
/// remote_offer (answered at once)
/// ```
///
/// The state keeps what RFC 3264 8 asks for: the `o=` line stays the same but for its version,
/// which grows by one exactly if the text differs from what was sent last; media lines keep their
/// order and count; a payload number keeps its codec.
///
/// Two offers that cross are the caller's matter (RFC 3261 14.1): an offer refused with
/// [`NegotiationError::OfferPending`] is answered with 491. The value is `Clone`; a user
/// agent that may have to undo answered offers (RFC 6141) keeps a copy.
#[derive(Debug, Clone)]
pub struct OfferAnswer {
    session_id: u64,
    /// What went out last, refused or not: versions count from it.
    sent: Option<SessionDescription>,
    /// Our offer that waits for its answer.
    pending: Option<SessionDescription>,
    agreed: Option<Agreement>,
    /// What payload numbers have meant in this session, one entry each: the peer's first, then
    /// ours, the latest last.
    bound: Vec<AudioFormat>,
}

#[derive(Debug, Clone)]
struct Agreement {
    ours: SessionDescription,
    negotiated: Negotiated,
}

impl OfferAnswer {
    /// Starts a session; only the low 62 bits of the id are used.
    pub fn new(session_id: u64) -> Self {
        Self {
            session_id: session_id & MAX_SESSION_ID,
            sent: None,
            pending: None,
            agreed: None,
            bound: Vec::new(),
        }
    }

    /// Makes an offer, the first or another one, and waits for its answer.
    ///
    /// # Errors
    ///
    /// [`NegotiationError::OfferPending`] until the offer before is answered or rolled back, and
    /// [`NegotiationError::NoLocalFormat`] if `local` names no codec.
    pub fn local_offer(&mut self, local: &LocalMedia) -> Result<Vec<u8>, NegotiationError> {
        if self.pending.is_some() {
            return Err(NegotiationError::OfferPending);
        }
        let lines = self.offered_lines(local);
        let has_codec = |line: &Media| line.audio_formats().iter().any(AudioFormat::is_codec);
        if !lines.iter().any(has_codec) {
            return Err(NegotiationError::NoLocalFormat);
        }
        let address = self.address_in_use(local).unwrap_or(local.address);
        let offer = self.stamp(local.describe(lines, address));
        let bytes = offer.to_bytes();
        self.pending = Some(offer);
        Ok(bytes)
    }

    /// Answers the peer's offer; the agreement holds from then on.
    ///
    /// # Errors
    ///
    /// [`NegotiationError`] says why the offer is refused; what was agreed before stays in force.
    pub fn remote_offer(
        &mut self,
        offer: &[u8],
        local: &LocalMedia,
    ) -> Result<(Vec<u8>, Negotiated), NegotiationError> {
        if self.pending.is_some() {
            return Err(NegotiationError::OfferPending);
        }
        let offer = SessionDescription::parse(offer)?;
        let (ours, negotiated) = answer(&offer, local)?;
        self.reserve(&offer);
        let ours = self.stamp(ours);
        let bytes = ours.to_bytes();
        self.agreed = Some(Agreement {
            ours,
            negotiated: negotiated.clone(),
        });
        Ok((bytes, negotiated))
    }

    /// Takes the answer to our offer.
    ///
    /// # Errors
    ///
    /// [`NegotiationError::NoOfferPending`] if nothing was offered. With any other error the offer
    /// stays pending; [`OfferAnswer::roll_back`] returns to what was agreed before.
    pub fn remote_answer(&mut self, answer: &[u8]) -> Result<Negotiated, NegotiationError> {
        let offer = self
            .pending
            .as_ref()
            .ok_or(NegotiationError::NoOfferPending)?;
        let answer = SessionDescription::parse(answer)?;
        let negotiated = accept_answer(offer, &answer)?;
        self.reserve(&answer);
        let ours = self
            .pending
            .take()
            .ok_or(NegotiationError::NoOfferPending)?;
        self.agreed = Some(Agreement {
            ours,
            negotiated: negotiated.clone(),
        });
        Ok(negotiated)
    }

    /// Forgets our offer because the peer refused it; tells whether there was one.
    ///
    /// What was agreed before stays in force (RFC 3261 14.1).
    pub fn roll_back(&mut self) -> bool {
        self.pending.take().is_some()
    }

    /// Returns what is agreed, if anything is yet.
    pub fn current(&self) -> Option<&Negotiated> {
        self.agreed.as_ref().map(|agreement| &agreement.negotiated)
    }

    /// Tells whether an offer of ours waits for its answer.
    pub fn is_pending(&self) -> bool {
        self.pending.is_some()
    }

    /// Returns what we described last, refused or not.
    pub fn last_sent(&self) -> Option<&SessionDescription> {
        self.sent.as_ref()
    }

    /// RFC 3264 8: the lines of the session in their order, ours in the place of the active one.
    fn offered_lines(&self, local: &LocalMedia) -> Vec<Media> {
        let Some(Agreement { ours, .. }) = &self.agreed else {
            return [offered_line(local, "RTP/AVP", &self.bound)].into();
        };
        let line = |media: &Media| match media.port() {
            0 => media.refused(),
            _ => offered_line(local, media.protocol(), &self.bound),
        };
        ours.media.iter().map(line).collect()
    }

    /// Returns our address of the family that the session has agreed on.
    fn address_in_use(&self, local: &LocalMedia) -> Option<IpAddr> {
        let Agreement { ours, .. } = self.agreed.as_ref()?;
        local.address_of(ours.connection()?.is_ipv6())
    }

    /// Gives a description our `o=` line and records it as sent.
    fn stamp(&mut self, mut description: SessionDescription) -> SessionDescription {
        match &self.sent {
            None => {
                description.origin.set_id(self.session_id);
                description.origin.set_version(1);
            }
            Some(sent) => {
                // RFC 3264 8: the origin stays the same, its address too, but for the version.
                description.origin = sent.origin.clone();
                if description != *sent {
                    description
                        .origin
                        .set_version(sent.origin.version().saturating_add(1));
                }
            }
        }
        audio_lines(&description).for_each(|media| self.bind(media));
        self.sent = Some(description.clone());
        description
    }

    /// Keeps our offers from giving another meaning to a number that the peer has used.
    fn reserve(&mut self, theirs: &SessionDescription) {
        for format in audio_lines(theirs).flat_map(Media::audio_formats) {
            if !self
                .bound
                .iter()
                .any(|bound| bound.payload_type == format.payload_type)
            {
                self.bound.insert(0, format);
            }
        }
    }

    fn bind(&mut self, media: &Media) {
        for format in media.audio_formats() {
            self.bound
                .retain(|bound| bound.payload_type != format.payload_type);
            self.bound.push(format);
        }
    }
}

fn audio_lines(description: &SessionDescription) -> impl Iterator<Item = &Media> {
    let active = |media: &&Media| media.port() != 0 && *media.kind() == MediaKind::Audio;
    description.media.iter().filter(active)
}

#[cfg(test)]
mod tests;
