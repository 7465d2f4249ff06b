//! Options of a room.

use alloc::string::String;

use super::Millis;
use super::profile;

profile! {
    /// What ConfBridge does for a whole room (`type=bridge`); the first participant decides which.
    ///
    /// In force: `max_members`, `language` and the sounds of what [`UserProfile`] has in force.
    ///
    /// [`UserProfile`]: super::UserProfile
    BridgeProfile, "bridge";
    /// Active participants at most; 0 for no limit. Admins are exempt.
    max_members: u32 = 0;
    /// `auto`, or the rate in hertz.
    internal_sample_rate: String = String::from("auto");
    /// Highest rate in hertz, or `none`.
    maximum_sample_rate: String = String::from("none");
    /// Length of a mixed frame.
    mixing_interval: Millis = Millis(20);
    /// Records from the first participant to the last.
    record_conference: bool = false;
    /// Name of that file.
    record_file: String = String::new();
    /// A recording that starts again appends.
    record_file_append: bool = true;
    /// The time becomes part of the name.
    record_file_timestamp: bool = true;
    /// Options of the recorder.
    record_options: String = String::new();
    /// What runs when a recording is done.
    record_command: String = String::new();
    /// Whose video is shown.
    video_mode: String = String::from("none");
    /// How long a keyframe request is held back.
    video_update_discard: Millis = Millis(2_000);
    /// How often bandwidth estimates are sent.
    remb_send_interval: u32 = 0;
    /// How estimates are combined.
    remb_behavior: String = String::from("average");
    /// The estimate that is forced.
    remb_estimated_bitrate: u32 = 0;
    /// Language of announcements.
    language: String = String::from("en");
    /// Where the room registers an extension of its name.
    regcontext: String = String::new();
    /// Spatial mixing.
    binaural_active: bool = false;
    /// Sends events of the room within the calls.
    enable_events: bool = false;
    /// Has no effect.
    jitterbuffer: bool = false;
    /// Someone joined.
    sound_join: String = String::from("confbridge-join");
    /// Someone left.
    sound_leave: String = String::from("confbridge-leave");
    /// After a name: has joined.
    sound_has_joined: String = String::from("conf-hasjoin");
    /// After a name: has left.
    sound_has_left: String = String::from("conf-hasleft");
    /// To whom was removed.
    sound_kicked: String = String::from("conf-kicked");
    /// To whom was muted.
    sound_muted: String = String::from("conf-muted");
    /// To whom was unmuted.
    sound_unmuted: String = String::from("conf-unmuted");
    /// Spatial mixing is on.
    sound_binaural_on: String = String::from("confbridge-binaural-on");
    /// Spatial mixing is off.
    sound_binaural_off: String = String::from("confbridge-binaural-off");
    /// To whom is alone.
    sound_only_person: String = String::from("conf-onlyperson");
    /// There is one other.
    sound_only_one: String = String::from("conf-onlyone");
    /// Before a number.
    sound_there_are: String = String::from("conf-thereare");
    /// After a number.
    sound_other_in_party: String = String::from("conf-otherinparty");
    /// Unused, as in the reference.
    sound_place_into_conference: String = String::from("conf-placeintoconf");
    /// To whom waits for a marked user.
    sound_wait_for_leader: String = String::from("conf-waitforleader");
    /// The last marked user left.
    sound_leader_has_left: String = String::from("conf-leaderhasleft");
    /// Asks for the PIN.
    sound_get_pin: String = String::from("conf-getpin");
    /// The PIN was wrong.
    sound_invalid_pin: String = String::from("conf-invalidpin");
    /// To whom may not enter.
    sound_locked: String = String::from("conf-locked");
    /// To the admin: locked.
    sound_locked_now: String = String::from("conf-lockednow");
    /// To the admin: open.
    sound_unlocked_now: String = String::from("conf-unlockednow");
    /// A menu action failed.
    sound_error_menu: String = String::from("conf-errormenu");
    /// All participants are muted.
    sound_participants_muted: String = String::from("conf-now-muted");
    /// All participants are unmuted.
    sound_participants_unmuted: String = String::from("conf-now-unmuted");
    /// The conference begins.
    sound_begin: String = String::from("confbridge-conf-begin");
}
