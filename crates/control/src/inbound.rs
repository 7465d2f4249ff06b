//! A call arrives: who may call, what audio we agree on, where the dialplan starts.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use core::net::{IpAddr, SocketAddr};

use plenum_media::{LegId, MediaCommand, StreamIdentity, StreamSetup};
use plenum_sdp::{Negotiated, NegotiationError, OfferAnswer, SessionDescription};
use plenum_sip_msg::{HeaderName, Message, Reason, StatusCode};
use plenum_sip_ua::{CallKey, ExtraHeaders};
use plenum_switch::{Arrival, Cause, Party, Refusal, RefusedCall};
use plenum_time::Instant;
use rand_core::Rng;
use smallvec::SmallVec;

use crate::causes::refusal_status;
use crate::control::{Control, ControlOutbox, STOPPING};
use crate::leg::{Leg, LegKey, LegState, local_media, no_agreement, stream_setup};
use crate::ports::Place;
use crate::{Output, ShardId};

/// Seconds after which a caller that was turned away for want of room may try again.
const RETRY_AFTER_S: u32 = 5;

/// Legs that a shard may have more than the emptiest one before calls go elsewhere.
const UNEVEN_MAX: usize = 500;

/// Constants of the FNV-1a hash.
const FNV_BASIS: u32 = 0x811c_9dc5;
const FNV_PRIME: u32 = 0x0100_0193;

/// A call as it came in.
#[derive(Debug)]
pub(crate) struct Invitation {
    pub(crate) call: CallKey,
    /// The address that its signalling came from.
    pub(crate) from: IpAddr,
    /// The INVITE.
    pub(crate) request: Message,
}

/// Technology of calls over SIP, as in the names of channels.
const TECHNOLOGY: &str = "SIP";

/// What became of a call that is not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It has a leg and a channel.
    Seated,
    /// There is no port pair for it at the moment.
    NoPlace,
}

/// Why a call is turned away before it becomes a channel.
pub(crate) struct Rejection {
    status: StatusCode,
    cause: Option<Cause>,
    why: String,
    retry: bool,
}

impl Rejection {
    fn new(status: StatusCode, why: impl Into<String>) -> Self {
        Self {
            status,
            cause: None,
            why: why.into(),
            retry: false,
        }
    }

    pub(crate) fn unavailable(why: impl Into<String>) -> Self {
        Self {
            retry: true,
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, why)
        }
    }
}

impl From<Refusal> for Rejection {
    fn from(refusal: Refusal) -> Self {
        Self {
            status: refusal_status(refusal.cause),
            cause: Some(refusal.cause),
            why: refusal.why,
            retry: false,
        }
    }
}

impl From<NegotiationError> for Rejection {
    fn from(error: NegotiationError) -> Self {
        let status = match error {
            NegotiationError::Sdp(_) => StatusCode::BAD_REQUEST,
            _ => StatusCode::NOT_ACCEPTABLE_HERE,
        };
        Self::new(status, no_agreement(&error))
    }
}

impl Control {
    /// Takes a new call: it becomes a channel, waits for a port pair, or is refused with a
    /// sentence.
    pub(crate) fn incoming(
        &mut self,
        now: Instant,
        invitation: Invitation,
        out: &mut ControlOutbox,
    ) {
        self.counters.calls_arrived += 1;
        match self.admit(now, &invitation, out) {
            Ok(Admission::Seated) => {}
            Ok(Admission::NoPlace) => self.hold(now, invitation),
            Err(rejection) => self.turn_away(now, &invitation, &rejection),
        }
    }

    /// Makes a call a channel, if it may be one and there is a place for it.
    pub(crate) fn admit(
        &mut self,
        now: Instant,
        invitation: &Invitation,
        out: &mut ControlOutbox,
    ) -> Result<Admission, Rejection> {
        if self.draining {
            return Err(Rejection::unavailable(STOPPING));
        }
        if self.legs.len() + self.held.len() >= self.config.calls_max {
            let max = self.config.calls_max;
            let why = format!("the limit of {max} calls is reached ([sip] calls_max)");
            return Err(Rejection::unavailable(why));
        }
        let context = self.config.anonymous_context.clone().ok_or_else(|| {
            let why = "calls from unknown peers are refused; set [sip] anonymous_context to let \
                       them in";
            Rejection::new(StatusCode::FORBIDDEN, why)
        })?;
        let Some(key) = self.seat(invitation, out)? else {
            return Ok(Admission::NoPlace);
        };
        let arrival = arrival(&invitation.request, context)?;
        match self.switch.arrive(now, arrival, &mut self.effects) {
            Ok(channel) => {
                self.legs[key].channel = Some(channel);
                self.leg_of_channel.insert(channel, key);
                Ok(Admission::Seated)
            }
            Err(refusal) => Err(refusal.into()),
        }
    }

    /// Gives the call a place on a shard and settles its audio as far as the INVITE tells; `None`
    /// if there is no place.
    fn seat(
        &mut self,
        invitation: &Invitation,
        out: &mut ControlOutbox,
    ) -> Result<Option<LegKey>, Rejection> {
        let Invitation {
            call,
            from,
            ref request,
        } = *invitation;
        let offer = session_description(request)?;
        let remote = offer.as_deref().and_then(announced);
        let family = remote.map_or(from, |remote| remote.ip());
        let addresses = self.config.media_addresses.preferring(family);
        let session_id = self.random.next_u64();
        let key = self.legs.insert_with_key(|_| Leg {
            call,
            channel: None,
            shard: ShardId(0),
            place: Place {
                port: plenum_media::PortId(0),
                rtp_port: 0,
            },
            addresses,
            on_shard: false,
            state: LegState::Offered,
            offers: OfferAnswer::new(session_id),
            answer: None,
            one_way: false,
            held: false,
            cause: None,
        });
        self.leg_of_call.insert(call, key);
        let Some((shard, place)) = self.place_for(key.id(), request, remote) else {
            self.unseat(key);
            return Ok(None);
        };
        let leg = &mut self.legs[key];
        (leg.shard, leg.place) = (shard, place);
        let local = local_media(addresses, place);
        let negotiated = match offer.map(|offer| leg.offers.remote_offer(&offer, &local)) {
            None => None,
            Some(Ok((answer, negotiated))) => {
                leg.answer = Some(answer);
                leg.one_way = negotiated.remote_on_hold;
                Some(negotiated)
            }
            Some(Err(error)) => {
                self.unseat(key);
                return Err(error.into());
            }
        };
        self.add_media_leg(key, negotiated.as_ref(), out);
        Ok(Some(key))
    }

    fn add_media_leg(
        &mut self,
        key: LegKey,
        negotiated: Option<&Negotiated>,
        out: &mut ControlOutbox,
    ) {
        let identity = StreamIdentity {
            ssrc: self.random.next_u32(),
            #[expect(clippy::cast_possible_truncation, reason = "any 16 bits will do")]
            sequence: self.random.next_u32() as u16,
            timestamp: self.random.next_u32(),
        };
        let leg = &mut self.legs[key];
        leg.on_shard = true;
        let stream: Option<Box<StreamSetup>> =
            negotiated.and_then(|negotiated| stream_setup(negotiated, false));
        let command = MediaCommand::AddLeg {
            leg: key.id(),
            port: leg.place.port,
            identity,
            stream,
        };
        out.push(Output::Media {
            shard: leg.shard,
            command,
        });
    }

    /// Gives a call a place on the shard where it belongs, or on another if that one is full.
    fn place_for(
        &mut self,
        leg: LegId,
        request: &Message,
        remote: Option<SocketAddr>,
    ) -> Option<(ShardId, Place)> {
        let shards = self.shards_for(request);
        shards.into_iter().find_map(|shard| {
            let place = self.ports.get_mut(&shard)?.assign(leg, remote)?;
            Some((shard, place))
        })
    }

    /// Lists all shards, the one where a new call belongs first.
    pub(crate) fn shards_for(&self, request: &Message) -> SmallVec<[ShardId; 8]> {
        let first = self.shard_for(request);
        let rest = self.ports.keys().copied().filter(|shard| *shard != first);
        core::iter::once(first).chain(rest).collect()
    }

    /// Chooses the shard of a new call: callers of one number share a shard, because they are
    /// likely to meet, unless it is much fuller than another.
    fn shard_for(&self, request: &Message) -> ShardId {
        let loads = || {
            self.ports
                .iter()
                .map(|(shard, table)| (table.legs(), *shard))
        };
        let (least, emptiest) = loads().min().unwrap_or((0, ShardId(0)));
        let number = request.raw_request_uri().unwrap_or_default();
        let hash = number.iter().fold(FNV_BASIS, |hash, octet| {
            (hash ^ u32::from(*octet)).wrapping_mul(FNV_PRIME)
        });
        let index = usize::try_from(hash).unwrap_or(0) % self.ports.len().max(1);
        match loads().nth(index) {
            Some((load, shard)) if load <= least + UNEVEN_MAX => shard,
            _ => emptiest,
        }
    }

    /// Refuses a call with its sentence, for the caller and for the journal.
    pub(crate) fn turn_away(
        &mut self,
        now: Instant,
        invitation: &Invitation,
        rejection: &Rejection,
    ) {
        self.counters.calls_refused += 1;
        let refused = refused_call(&invitation.request, rejection);
        self.switch.note_refused(now, refused);
        let mut headers = explanation(&rejection.why);
        if let Some(cause) = rejection.cause {
            headers.push(
                HeaderName::Reason,
                Reason::q850(u16::from(cause.0), "").to_string(),
            );
        }
        if rejection.retry {
            headers.push(HeaderName::RetryAfter, RETRY_AFTER_S.to_string());
        }
        let refused = self.ua.reject(
            now,
            invitation.call,
            rejection.status,
            &headers,
            &mut self.ua_out,
        );
        // A call that was cancelled meanwhile needs no refusal.
        drop(refused);
    }
}

/// Builds the headers that carry a sentence to the caller.
pub(crate) fn explanation(why: &str) -> ExtraHeaders {
    if why.is_empty() {
        return ExtraHeaders::none();
    }
    let warning = plenum_sip_msg::Warning {
        code: 399,
        agent: "plenum".into(),
        text: why.to_string(),
    };
    ExtraHeaders::none().with(HeaderName::Warning, warning.to_string())
}

/// Returns the session description of a message; `None` if it has no body.
pub(crate) fn sdp_body(message: &Message) -> Result<Option<bytes::Bytes>, String> {
    let body = message.body();
    if body.is_empty() {
        return Ok(None);
    }
    match message.content_type() {
        Ok(Some(kind)) if kind.is("application", "sdp") => Ok(Some(body)),
        Ok(Some(kind)) => Err(format!(
            "a body of {kind} is not understood; send application/sdp"
        )),
        Ok(None) => Err("the body has no Content-Type; send application/sdp".to_string()),
        Err(error) => Err(error.to_string()),
    }
}

fn session_description(request: &Message) -> Result<Option<bytes::Bytes>, Rejection> {
    sdp_body(request).map_err(|why| Rejection::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, why))
}

/// Finds the address that an offer announces for its audio, before a place is known.
fn announced(offer: &[u8]) -> Option<SocketAddr> {
    let description = SessionDescription::parse(offer).ok()?;
    plenum_sdp::announced_audio(&description)
}

/// Describes a refused call as far as its INVITE can be read.
fn refused_call(request: &Message, rejection: &Rejection) -> RefusedCall {
    let from = request.from().ok();
    let name = from.as_ref().and_then(|from| from.display.clone());
    let caller = from.as_ref().and_then(|from| from.uri.user());
    let uri = request.request_uri().ok();
    let number = uri.as_ref().and_then(|uri| uri.user());
    RefusedCall {
        technology: TECHNOLOGY,
        protocol_id: request.call_id().unwrap_or_default().into(),
        caller: Party {
            name: name.unwrap_or_default().into(),
            number: caller.unwrap_or_default().into(),
        },
        number: number.map_or_else(String::new, Cow::into_owned),
        protocol_code: rejection.status.as_u16(),
        cause: rejection.cause,
        why: rejection.why.clone(),
        left_out: 0,
    }
}

/// Reads who calls whom.
fn arrival(request: &Message, context: String) -> Result<Arrival, Rejection> {
    let bad = |why: String| Rejection::new(StatusCode::BAD_REQUEST, why);
    let uri = request
        .request_uri()
        .map_err(|error| bad(error.to_string()))?;
    let from = request.from().map_err(|error| bad(error.to_string()))?;
    let call_id = request.call_id().map_err(|error| bad(error.to_string()))?;
    let extension = uri.user().map_or_else(|| "s".to_string(), Cow::into_owned);
    let domain = uri.host().map(ToString::to_string).unwrap_or_default();
    Ok(Arrival {
        technology: TECHNOLOGY,
        endpoint: "anonymous".into(),
        protocol_id: call_id.into(),
        caller_name: from.display.clone().unwrap_or_default(),
        caller_number: from.uri.user().map(Cow::into_owned).unwrap_or_default(),
        context,
        extension,
        variables: vec![("SIPDOMAIN".into(), domain)],
        note: None,
    })
}
