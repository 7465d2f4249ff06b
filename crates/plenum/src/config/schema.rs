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
    /// When the content of the file changes, for connections opened from then on.
    Certificates,
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
        about: "Where to listen for SIP: udp://, tcp://, tls://, ws:// and wss://. Loopback by \
                default: add the address of a network card to let phones in.",
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
        path: "sip.connections_max",
        kind: Kind::Integer {
            min: 1,
            max: 1_000_000,
        },
        default: "20000",
        unit: "connections",
        reload: Reload::Restart,
        about: "SIP connections at the same time, those of all transports but UDP; one more is \
                closed.",
    },
    Key {
        path: "sip.connections_per_source_max",
        kind: Kind::Integer {
            min: 1,
            max: 1_000_000,
        },
        default: "256",
        unit: "connections",
        reload: Reload::Restart,
        about: "SIP connections that one IPv4 address, or one IPv6 network of 64 bits, may open. \
                Raise it where many phones share an address.",
    },
    Key {
        path: "sip.first_message_s",
        kind: Kind::Integer { min: 1, max: 3_600 },
        default: "20",
        unit: "seconds",
        reload: Reload::Restart,
        about: "How long a peer that connects may take until its first whole message, handshakes \
                included.",
    },
    Key {
        path: "sip.idle_s",
        kind: Kind::Integer {
            min: 60,
            max: 604_800,
        },
        default: "3900",
        unit: "seconds",
        reload: Reload::Restart,
        about: "Silence in both directions after which a SIP connection is closed. Messages and \
                keep-alives end the silence; keep it longer than registrations last.",
    },
    Key {
        path: "sip.message_bytes_max",
        kind: Kind::Integer {
            min: 4_096,
            max: 1_048_576,
        },
        default: "65536",
        unit: "bytes",
        reload: Reload::Restart,
        about: "Longest SIP message on a connection; a longer one ends it.",
    },
    Key {
        path: "sip.websocket_origins",
        kind: Kind::Origins,
        default: "[]",
        unit: "",
        reload: Reload::Restart,
        about: "Origins whose web pages may connect over WebSocket; all if empty. Programs that \
                are no browser are not held by it.",
    },
    Key {
        path: "sip.tls.certificate",
        kind: Kind::Path,
        default: "",
        unit: "",
        reload: Reload::Certificates,
        about: "PEM file of the server's certificate with its chain, for tls:// and wss://, and \
                for servers that ask for one.",
    },
    Key {
        path: "sip.tls.key",
        kind: Kind::Path,
        default: "",
        unit: "",
        reload: Reload::Certificates,
        about: "PEM file of the key of the certificate.",
    },
    Key {
        path: "sip.tls.ca",
        kind: Kind::Path,
        default: "",
        unit: "",
        reload: Reload::Certificates,
        about: "PEM file of authorities: trusted beside those of the system for servers that are \
                called, and alone for clients that show a certificate.",
    },
    Key {
        path: "sip.tls.verify_client",
        kind: Kind::Choice(&["none", "optional", "required"]),
        default: r#""none""#,
        unit: "",
        reload: Reload::Restart,
        about: "Whether peers that connect over TLS must show a certificate that sip.tls.ca has \
                signed.",
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
