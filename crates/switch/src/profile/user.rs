//! Options of a participant.

use alloc::string::String;

use super::profile;
use super::{AnnounceAll, Millis, Seconds};

profile! {
    /// What ConfBridge grants and does to one participant (`type=user`).
    ///
    /// The first lines of the table are in force; what is not is said at the option.
    UserProfile, "user";
    /// May enter locked and full rooms, and is exempt from commands to `participants`.
    admin: bool = false;
    /// Is a marked user: others can wait for it and end with it.
    marked: bool = false;
    /// Joins muted.
    startmuted: bool = false;
    /// Waits, muted, until a marked user is present.
    wait_marked: bool = false;
    /// Leaves with the last marked user.
    end_marked: bool = false;
    /// Leaves with any marked user.
    end_marked_any: bool = false;
    /// Hears music while alone or waiting.
    music_on_hold_when_empty: bool = false;
    /// Class of that music; empty for `default`.
    music_on_hold_class: String = String::new();
    /// Hears no prompts but those of the PIN, and is not announced.
    quiet: bool = false;
    /// Hears its own join sound.
    hear_own_join_sound: bool = true;
    /// Is told how many are there. Not in force.
    announce_user_count: bool = false;
    /// All are told how many are there. Not in force.
    announce_user_count_all: AnnounceAll = AnnounceAll::No;
    /// Is told when it is the only one.
    announce_only_user: bool = true;
    /// Says its name, which is played when it joins and leaves. Not in force.
    announce_join_leave: bool = false;
    /// The same, with a review of the name. Not in force.
    announce_join_leave_review: bool = false;
    /// A sound played to it before it enters.
    announcement: String = String::new();
    /// What it must enter, ended by `#`; empty for no question.
    pin: String = String::new();
    /// Its keys are sent to the others, but for those that its menu takes.
    dtmf_passthrough: bool = false;
    /// Interfaces report when it begins and stops talking.
    talk_detection_events: bool = false;
    /// Its silence is not mixed. The media plane always does that.
    dsp_drop_silence: bool = false;
    /// Silence that ends talking.
    dsp_silence_threshold: Millis = Millis(2_500);
    /// Mean magnitude that counts as talking.
    dsp_talking_threshold: u32 = 160;
    /// Noise suppression. Not in force.
    denoise: bool = false;
    /// Adaptive jitter buffer. The media plane always has one.
    jitterbuffer: bool = false;
    /// Is removed after so long.
    timeout: Seconds = Seconds(0);
    /// Gets text messages of the room. Not in force.
    text_messaging: bool = true;
    /// Gets events of the room within its call. Not in force.
    send_events: bool = false;
    /// Gets its own events too. Not in force.
    echo_events: bool = false;
    /// Is answered if the call is not up.
    answer_channel: bool = true;
}
