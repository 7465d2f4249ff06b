//! The table of keys.

use super::kind::Kind;

/// One key of the configuration file.
#[derive(Debug)]
pub struct Key {
    /// Its path, as in `sip.listen`.
    pub path: &'static str,
    /// What values it takes.
    pub kind: Kind,
    /// The value when the key is absent, in TOML; empty if there is none.
    pub default: &'static str,
    /// Unit of a number; empty if it has none.
    pub unit: &'static str,
    /// When a change takes effect.
    pub reload: Reload,
    /// What it does, in one sentence or two.
    pub about: &'static str,
}

/// When a change of a key takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reload {
    /// At the next start.
    Restart,
    /// For new calls after `plenum ctl dialplan reload`; calls in progress keep what they have.
    NewCalls,
}

/// Tables whose keys are named by the user: `[conference.users.NAME]`.
pub const PROFILE_TABLES: &[(&str, &str)] = &[
    (
        "conference.users",
        "a user profile with the option names of confbridge.conf",
    ),
    (
        "conference.bridges",
        "a bridge profile with the option names of confbridge.conf",
    ),
    (
        "conference.menus",
        "a key menu: key sequences, and one action or a list of actions for each, as in \
         \"*1\" = \"toggle_mute\"",
    ),
];

/// Every key, in the order in which a file would name them.
pub const KEYS: &[Key] = &[
    Key {
        path: "data_dir",
        kind: Kind::Path,
        default: r#""plenum-data""#,
        unit: "",
        reload: Reload::Restart,
        about: "Folder of everything that the server writes: recordings and the control socket.",
    },
    Key {
        path: "log.level",
        kind: Kind::LogFilter,
        default: r#""info""#,
        unit: "",
        reload: Reload::Restart,
        about: "What is logged: error, warn, info, debug or trace, also by part of the program, \
                as in \"info,plenum_sip_ua=debug\". Addresses and names appear from debug down.",
    },
    Key {
        path: "log.format",
        kind: Kind::Choice(&["auto", "human", "json"]),
        default: r#""auto""#,
        unit: "",
        reload: Reload::Restart,
        about: "Lines for people or one JSON object a line; auto is human on a terminal and JSON \
                otherwise.",
    },
    Key {
        path: "sip.listen",
        kind: Kind::Listens,
        default: r#"["udp://127.0.0.1:5060", "tcp://127.0.0.1:5060"]"#,
        unit: "",
        reload: Reload::Restart,
        about: "Where to listen for SIP. Loopback by default: add the address of a network card \
                to let phones in.",
    },
    Key {
        path: "sip.anonymous_context",
        kind: Kind::Text,
        default: "",
        unit: "",
        reload: Reload::Restart,
        about: "Dialplan context of calls from peers that are no known endpoint. While it is \
                absent such calls are refused with 403.",
    },
    Key {
        path: "sip.calls_max",
        kind: Kind::Integer {
            min: 1,
            max: 100_000,
        },
        default: "10000",
        unit: "calls",
        reload: Reload::Restart,
        about: "Calls at the same time; one more is refused with 503 and Retry-After.",
    },
    Key {
        path: "rtp.bind",
        kind: Kind::Addresses,
        default: r#""127.0.0.1""#,
        unit: "",
        reload: Reload::Restart,
        about: "Local address of all RTP sockets, or a list of an IPv4 and an IPv6 address. A call \
                gets the family that its phone offers; a family without address is refused with \
                488.",
    },
    Key {
        path: "rtp.advertise",
        kind: Kind::Addresses,
        default: "",
        unit: "",
        reload: Reload::Restart,
        about: "Address that session descriptions announce instead of that of rtp.bind of the same \
                family, for a server behind NAT or in a container; a list for both families.",
    },
    Key {
        path: "rtp.ports",
        kind: Kind::PortRange,
        default: r#""20000-29999""#,
        unit: "",
        reload: Reload::Restart,
        about: "Ports for RTP (even) and RTCP (the next one up). Up to 64 calls share a pair, so \
                100 ports carry thousands of calls.",
    },
    Key {
        path: "rtp.timeout_s",
        kind: Kind::Integer {
            min: 1,
            max: 86_400,
        },
        default: "30",
        unit: "seconds",
        reload: Reload::Restart,
        about: "Silence after which a stream that should flow is reported as missing, with the \
                suspected cause. The call stays up.",
    },
    Key {
        path: "media.shards",
        kind: Kind::Integer { min: 0, max: 256 },
        default: "0",
        unit: "threads",
        reload: Reload::Restart,
        about: "Threads that carry audio; 0 is one a core.",
    },
    Key {
        path: "media.realtime",
        kind: Kind::Flag,
        default: "true",
        unit: "",
        reload: Reload::Restart,
        about: "Whether the audio threads ask for real-time priority (SCHED_FIFO). Start-up says \
                whether they got it.",
    },
    Key {
        path: "http.listen",
        kind: Kind::Socket,
        default: r#""127.0.0.1:8088""#,
        unit: "",
        reload: Reload::Restart,
        about: "Where /healthz and /metrics answer.",
    },
    Key {
        path: "dialplan.file",
        kind: Kind::Path,
        default: r#""extensions.conf""#,
        unit: "",
        reload: Reload::NewCalls,
        about: "The dialplan, in the syntax of extensions.conf.",
    },
    Key {
        path: "sounds.folder",
        kind: Kind::Path,
        default: "",
        unit: "",
        reload: Reload::Restart,
        about: "Folder searched for sounds before the built-in ones. WAV of any rate, and raw \
                .ulaw, .alaw and .sln at 8 kHz.",
    },
    Key {
        path: "sounds.music",
        kind: Kind::Path,
        default: "",
        unit: "",
        reload: Reload::Restart,
        about: "Folder with one subfolder of music files for each class of music on hold; the \
                built-in music if absent.",
    },
    Key {
        path: "recordings.folder",
        kind: Kind::Path,
        default: "",
        unit: "",
        reload: Reload::Restart,
        about: "Folder of recordings; \"recordings\" in the data folder if absent.",
    },
];

/// Finds a key by its path.
#[must_use]
pub fn key(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}
