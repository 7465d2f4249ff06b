use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use plenum_codecs::Codec;
use plenum_runtime::rtp::PortRange;
use plenum_sip_msg::NameAddr;

/// Calls of one phone at a time, by default.
pub const CALLS_MAX: usize = 1000;

/// What a phone is started with.
#[derive(Clone, Debug)]
pub struct PhoneConfig {
    /// The address of this machine that the phone uses for SIP and RTP. Default 127.0.0.1.
    ///
    /// With an unspecified address it listens on all, and states the one that leads to the peer.
    pub bind: IpAddr,
    /// The SIP port, for UDP and TCP. Default 0: a free port for each.
    pub sip_port: u16,
    /// Ports that RTP may use. Default 40000-59999.
    pub rtp_ports: PortRange,
    /// Who the phone is, in calls that name nobody else; absent for `sip:phone@` its address.
    pub identity: Option<NameAddr>,
    /// Text of the User-Agent and Server headers.
    pub product: String,
    /// Calls at a time; more are refused. Default [`CALLS_MAX`].
    pub calls_max: usize,
    /// Silence of a stream that should sound after which
    /// [`CallEvent::NoAudio`](crate::CallEvent::NoAudio) tells so. Default 5 s.
    pub silence: Duration,
    /// How long [`Phone::stop`](crate::Phone::stop) waits for its calls to end. Default 2 s.
    pub stop_patience: Duration,
}

impl Default for PhoneConfig {
    fn default() -> Self {
        Self {
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            sip_port: 0,
            rtp_ports: PortRange::new(40_000, 59_999).expect("the range holds pairs"),
            identity: None,
            product: concat!("Plenum-Phone/", env!("CARGO_PKG_VERSION")).to_owned(),
            calls_max: CALLS_MAX,
            silence: Duration::from_secs(5),
            stop_patience: Duration::from_secs(2),
        }
    }
}

/// How one call is placed or answered.
#[derive(Clone, Debug)]
pub struct CallConfig {
    /// Codecs in order of preference; at least one. Default PCMU, PCMA, L16.
    pub codecs: Vec<Codec>,
    /// Who calls, where it is not who the phone is.
    pub from: Option<NameAddr>,
    /// Whether the INVITE goes without an offer, so that the other side makes it (RFC 3264 with
    /// RFC 3261 13.2.1). Default false.
    pub late_offer: bool,
    /// Whether digits as RTP packets (RFC 4733) are offered and taken. Default true.
    pub telephone_event: bool,
    /// Audio in each packet. Default 20 ms.
    pub packet_time: Duration,
}

impl Default for CallConfig {
    fn default() -> Self {
        Self {
            codecs: Codec::ALL.to_vec(),
            from: None,
            late_offer: false,
            telephone_event: true,
            packet_time: Duration::from_millis(20),
        }
    }
}

impl CallConfig {
    /// Builds the settings of a call that takes one codec only.
    #[must_use]
    pub fn only(codec: Codec) -> Self {
        Self {
            codecs: vec![codec],
            ..Self::default()
        }
    }
}
