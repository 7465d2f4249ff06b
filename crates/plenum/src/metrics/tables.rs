//! The names and sentences of all figures.
//!
//! Each table takes a struct of figures apart, field by field: a field that is added there has to
//! be named here, as a row or as one that is none, or this does not compile.

use plenum_control::{Counters, Sizes};
use plenum_runtime::server::ControlFigures;
use plenum_runtime::shard::ShardFigures;
use plenum_runtime::sip::SipFigures;
use plenum_sip_ua::Counters as SipCounters;
use plenum_switch::Counts;

use super::page::{Row, Value};

/// Builds a function that makes rows of a struct: the field, what it is, its name on the page and
/// its sentence; then the fields that are no rows.
macro_rules! table {
    (
        $(#[$doc:meta])*
        fn $table:ident($figures:ident) {
            $($field:ident: $kind:ident, $name:literal, $help:literal;)*
        }
        $(without $($hidden:ident),*)?
        $(and $rest:tt)?
    ) => {
        $(#[$doc])*
        pub(super) fn $table(figures: $figures) -> Vec<Row> {
            let $figures { $($field,)* $($($hidden: _,)*)? $($rest)? } = figures;
            vec![$(Row { name: $name, help: $help, value: Value::$kind($field) },)*]
        }
    };
}

table! {
    /// Calls since the start, and the audio of those that ended.
    fn calls(Counters) {
        calls_arrived: Total, "calls_arrived", "Calls that arrived";
        calls_answered: Total, "calls_answered", "Calls that were answered";
        calls_refused: Total, "calls_refused", "Calls refused at the door";
        calls_held: Total, "calls_held", "Calls that waited for a port pair to be bound";
        calls_faulted: Total, "calls_faulted",
            "Calls ended by a fault at work on them; each is a bug";
        calls_ended: Total, "calls_ended", "Calls that ended";
        packets_received: Total, "rtp_received", "RTP packets received on calls that ended";
        packets_lost: Total, "rtp_lost", "RTP packets that never came, on calls that ended";
        packets_late: Total, "rtp_late", "RTP packets that came too late, on calls that ended";
        packets_duplicate: Total, "rtp_duplicate",
            "RTP packets that came twice, on calls that ended";
        packets_reordered: Total, "rtp_reordered",
            "RTP packets out of order but in time, on calls that ended";
        packets_invalid: Total, "rtp_invalid",
            "RTP packets that were not valid, on calls that ended";
        packets_sent: Total, "rtp_sent", "RTP packets sent on calls that ended";
        bytes_received: Total, "rtp_received_bytes", "Payload received on calls that ended";
        bytes_sent: Total, "rtp_sent_bytes", "Payload sent on calls that ended";
        frames_concealed: TotalFrames, "audio_concealed",
            "Audio that was missing and made up, on calls that ended";
        frames_dropped: TotalFrames, "audio_dropped",
            "Audio left out to bring the delay down, on calls that ended";
        media_refused: Total, "media_refused", "Orders that a shard refused; each is a bug";
    }
    // A text, not a figure.
    without media_refusal
}

table! {
    /// What the tables of the control machine hold.
    fn sizes(Sizes) {
        legs: Held, "calls", "Calls at present";
        sip_calls: Held, "sip_calls", "Calls of the SIP side at present, ending ones included";
        sip_transactions: Held, "sip_transactions", "SIP transactions at present";
        held: Held, "calls_waiting", "Calls that wait for a port pair to be bound";
        seats: Held, "port_seats", "Calls seated on port pairs";
        port_pairs: Held, "port_pairs", "RTP port pairs bound";
        bridges: Held, "media_bridges", "Bridges with a media side";
        playbacks: Held, "media_playbacks", "Playbacks with a media side";
        recordings: Held, "media_recordings", "Recordings with a media side";
    }
}

table! {
    /// What the switch holds and did.
    fn domain(Counts) {
        channels: Held, "channels", "Channels at present";
        bridges: Held, "bridges", "Bridges at present";
        rooms: Held, "rooms", "Rooms at present";
        playbacks: Held, "playbacks", "Playbacks at present";
        recordings: Held, "recordings", "Recordings at present";
        timers: Held, "timers", "Timers of the dialplan and of rooms that are armed";
        arrived: Total, "channels_created", "Calls that the dialplan took";
        refused: Total, "channels_refused", "Calls that the dialplan refused";
        destroyed: Total, "channels_destroyed", "Channels that ended";
        late_stimuli: Total, "late_reports", "Reports about calls that were gone already";
        runaways: Total, "dialplan_runaways", "Calls ended because their dialplan ran in circles";
    }
}

/// These counters may not be taken apart without `..`, so they are counted: each is a `u64`.
const _: () = assert!(
    size_of::<SipCounters>() == 13 * size_of::<u64>(),
    "a SIP counter is not on the page"
);

table! {
    /// What the SIP transactions and dialogs did.
    fn sip(SipCounters) {
        requests_received: Total, "sip_requests", "SIP requests received, repetitions included";
        responses_received: Total, "sip_responses", "SIP responses received, repetitions included";
        malformed: Total, "sip_malformed",
            "Octets that were no SIP message and could not be answered";
        repeated_requests: Total, "sip_repeated_requests", "SIP requests absorbed as repetitions";
        stray_responses: Total, "sip_stray_responses", "SIP responses that nothing waits for";
        stray_acks: Total, "sip_stray_acks", "ACKs that nothing waits for";
        retransmissions: Total, "sip_retransmissions",
            "SIP messages sent again because they may be lost";
        refused: Total, "sip_refused", "SIP requests refused before they were a call";
        overloaded: Total, "sip_overloaded", "SIP requests refused because a limit was reached";
        timeouts: Total, "sip_timeouts", "SIP transactions that nobody answered";
        transport_failures: Total, "sip_transport_failures",
            "SIP transactions ended because their transport failed";
        calls: Total, "sip_calls_begun", "Calls of the SIP side, placed and received";
        late_answers: Total, "sip_late_answers",
            "Answers to forked or cancelled calls, ended at once";
    }
    and ..
}

table! {
    /// What the SIP sockets did.
    fn transports(SipFigures) {
        datagrams_in: Total, "sip_datagrams_in", "SIP datagrams received";
        datagrams_out: Total, "sip_datagrams_out", "SIP datagrams sent";
        keep_alives: Total, "sip_keep_alives",
            "Keep-alives of SIP peers: empty datagrams and pings on connections";
        stun_answered: Total, "sip_stun_answered", "STUN binding requests answered";
        datagrams_in_dropped: Total, "sip_datagrams_in_dropped",
            "SIP datagrams dropped because the control task was behind";
        datagrams_out_dropped: Total, "sip_datagrams_out_dropped",
            "SIP datagrams dropped because the socket was full";
        undeliverable: Total, "sip_undeliverable", "SIP datagrams that the network refused";
        framed: Total, "sip_stream_messages_in", "SIP messages read from connections";
        unframed: Total, "sip_stream_malformed",
            "Octets read from connections that are no SIP message";
        stream_messages_out: Total, "sip_stream_messages_out",
            "SIP messages written to connections";
        connections: Present, "sip_connections", "SIP connections open at present";
        accepted: Total, "sip_connections_accepted", "SIP connections opened by peers";
        connected: Total, "sip_connections_opened", "SIP connections opened by the server";
        connect_failures: Total, "sip_connect_failures", "SIP connections that could not be opened";
        connections_refused: Total, "sip_connections_refused",
            "SIP connections refused over the limit";
        source_refused: Total, "sip_connections_source_refused",
            "SIP connections refused because their source had too many";
        handshakes: Present, "sip_handshakes", "TLS and WebSocket handshakes in progress";
        tls_failures: Total, "sip_tls_failures", "TLS handshakes that failed";
        websocket_refused: Total, "sip_websocket_refused", "WebSocket handshakes refused";
        handshakes_slow: Total, "sip_handshakes_slow", "Handshakes that took too long";
        tls_reloads: Total, "sip_tls_reloads", "Changed certificates that were read";
        tls_reload_failures: Total, "sip_tls_reload_failures",
            "Changed certificates that could not be read";
        half_open_closed: Total, "sip_connections_half_open_closed",
            "SIP connections closed without a first message in time";
        unfinished_closed: Total, "sip_connections_unfinished_closed",
            "SIP connections closed because a message did not end in time";
        idle_closed: Total, "sip_connections_idle_closed",
            "SIP connections closed because nothing was said on them";
        stalled_closed: Total, "sip_connections_stalled_closed",
            "SIP connections closed because the peer did not read";
        unanswered_closed: Total, "sip_connections_unanswered_closed",
            "SIP connections closed because the peer did not answer pings";
    }
}

table! {
    /// What the control task did.
    fn driver(ControlFigures) {
        inputs: Total, "control_inputs", "Inputs of the control task";
        notices: Total, "control_notices", "Reports of shards among them";
        requests: Total, "control_requests", "Requests of interfaces answered";
        timeouts: Total, "control_timeouts", "Times that something was due";
        outputs: Total, "control_orders", "Orders carried out";
        busy_nanos: TotalNanos, "control_busy", "Time the control task worked";
        busy_max_nanos: PresentNanos, "control_busy_max", "Longest time that one input took";
        queue_len: Present, "control_queue", "Inputs that wait for the control task";
        queue_len_max: Present, "control_queue_max", "Most inputs that ever waited";
        media_orders_lost: Total, "media_orders_lost",
            "Orders lost because a shard was hopelessly behind";
        panics: Total, "control_panics", "Faults caught in the control task";
    }
}

table! {
    /// What one shard thread holds and did.
    fn shard(ShardFigures) {
        slices: Total, "shard_slices", "Slices of 5 ms run";
        slices_skipped: Total, "shard_slices_skipped", "Slices skipped because the thread was late";
        lateness: Spread, "shard_lateness", "Slices by how long after their deadline they began";
        lateness_max_nanos: PresentNanos, "shard_lateness_max",
            "Longest time after its deadline that a slice began";
        busy_nanos: TotalNanos, "shard_busy", "Time at work";
        busy_max_nanos: PresentNanos, "shard_busy_max", "Longest time at work in one slice";
        packets_in: Total, "shard_datagrams_in", "Datagrams read, RTP and RTCP";
        packets_out: Total, "shard_datagrams_out", "Datagrams sent, RTP and RTCP";
        send_errors: Total, "shard_send_errors", "Datagrams that the kernel refused";
        packets_oversized: Total, "shard_oversized", "Datagrams longer than the room for them";
        kernel_drops: Total, "shard_kernel_drops", "Datagrams dropped by a full receive buffer";
        panics: Total, "shard_panics", "Faults caught in a shard";
        notices_lost: Total, "shard_notices_lost", "Reports that nobody took";
        orders: Total, "shard_orders", "Orders obeyed";
        orders_refused: Total, "shard_orders_refused", "Orders refused; each is a bug";
        legs: Present, "shard_legs", "Calls on the shard";
        mixers: Present, "shard_mixers", "Mixers on the shard";
        ports: Present, "shard_port_pairs", "RTP port pairs on the shard";
        playbacks: Present, "shard_playbacks", "Playbacks on the shard";
        recordings: Present, "shard_recordings", "Recordings on the shard";
        rtp_received: Total, "shard_rtp_received", "RTP packets received";
        rtp_sent: Total, "shard_rtp_sent", "RTP packets sent";
        rtp_unmatched: Total, "shard_rtp_unmatched", "RTP packets that no call claimed";
        rtp_invalid: Total, "shard_rtp_invalid", "RTP packets that were not valid for their call";
        rtcp_received: Total, "shard_rtcp_received", "RTCP packets received";
        rtcp_sent: Total, "shard_rtcp_sent", "RTCP packets sent";
        rtcp_unmatched: Total, "shard_rtcp_unmatched",
            "RTCP packets that were malformed or that no call claimed";
        encodings_shared: Total, "shard_encodings_shared",
            "Packets that needed no encoding of their own";
        link_frames_missed: Total, "shard_link_frames_missed",
            "Frames that a mixer on another shard did not deliver in time";
        link_frames_dropped: Total, "shard_link_frames_dropped",
            "Frames that a mixer on another shard did not take";
    }
}
