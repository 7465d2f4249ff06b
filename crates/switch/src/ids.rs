//! Identifiers: generational keys inside, stable strings outside.

slotmap::new_key_type! {
    /// Key of a channel; names nothing once the channel is gone.
    pub struct ChannelKey;
    /// Key of a bridge.
    pub struct BridgeKey;
    /// Key of a room.
    pub struct RoomKey;
    /// Key of a playback.
    pub struct PlaybackKey;
    /// Key of a recording.
    pub struct RecordingKey;
}
