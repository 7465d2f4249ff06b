//! The actions of a menu.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::Interrupts;
use crate::effect::{Decibels, Effect};
use crate::ids::{ChannelKey, RoomKey};
use crate::journal::{Event, ParticipantView, RoomResult, RoomView};
use crate::profile::{BridgeProfile, MenuAction, VolumeChange};
use crate::switch::{Switch, Turn, Work};

/// One step of a volume.
const VOLUME_STEP: i8 = 3;
/// The furthest that steps lead, either way.
const VOLUME_MAX: i8 = 24;

impl Switch {
    pub(super) fn perform(&mut self, key: ChannelKey, action: MenuAction, turn: &mut Turn<'_>) {
        use MenuAction as A;
        let Some(room) = self.room_of(key) else {
            return;
        };
        let Some((profile, participant)) = self.in_room(key, room) else {
            return;
        };
        let (admin, muted) = (participant.admin, participant.muted);
        match action {
            A::NoOp | A::ToggleBinaural | A::SetAsSingleVideoSrc | A::ReleaseAsSingleVideoSrc => {}
            A::ToggleMute => {
                self.mute(room, key, !muted, turn);
                let told = if muted {
                    &profile.sound_unmuted
                } else {
                    &profile.sound_muted
                };
                self.tell(key, told, turn);
            }
            A::ListeningVolume(change) => {
                let changed = (step(participant.listening, change), participant.talking);
                self.set_volume(key, room, changed, turn);
            }
            A::TalkingVolume(change) => {
                let changed = (participant.listening, step(participant.talking, change));
                self.set_volume(key, room, changed, turn);
            }
            A::ParticipantCount => self.tell_count(key, room, &profile, turn),
            A::Playback(sounds) => self.say(key, sounds.iter().cloned(), Interrupts::No, turn),
            A::PlaybackAndContinue(sounds) => {
                self.say(key, sounds.iter().cloned(), Interrupts::GoingOn, turn);
            }
            A::DialplanExec {
                context,
                extension,
                priority,
            } => {
                if let Err(why) = self.send_away(key, context, extension, priority, turn) {
                    self.warn(key, format!("dialplan_exec: {why}"), turn.now);
                    self.tell(key, &profile.sound_error_menu, turn);
                }
            }
            A::LeaveConference => self.eject(key, RoomResult::Dtmf, turn),
            A::AdminKickLast if admin => self.kick_last(key, room, &profile, turn),
            A::AdminKickLast => {
                self.tell(key, &profile.sound_error_menu, turn);
                self.refuse("admin_kick_last", key, turn);
            }
            A::AdminToggleConferenceLock if admin => {
                let locked = self.toggle_lock(room, turn);
                let told = if locked {
                    &profile.sound_locked_now
                } else {
                    &profile.sound_unlocked_now
                };
                self.tell(key, told, turn);
            }
            A::AdminToggleConferenceLock => {
                self.refuse("admin_toggle_conference_lock", key, turn);
            }
            A::AdminToggleMuteParticipants if admin => {
                self.toggle_mute_participants(room, &profile, turn);
            }
            A::AdminToggleMuteParticipants => {
                self.refuse("admin_toggle_mute_participants", key, turn);
            }
        }
    }

    fn in_room(
        &self,
        key: ChannelKey,
        room: RoomKey,
    ) -> Option<(Arc<BridgeProfile>, &ParticipantView)> {
        let participant = self.view.rooms.get(&room)?.participants.get(&key)?;
        Some((self.rooms.get(room)?.profile.clone(), participant))
    }

    /// Plays a prompt to a participant; a key ends it.
    fn tell(&mut self, key: ChannelKey, sound: &str, turn: &mut Turn<'_>) {
        self.say(key, [sound.to_string()], Interrupts::Anew, turn);
    }

    fn refuse(&mut self, action: &str, key: ChannelKey, turn: &mut Turn<'_>) {
        let why = format!("{action} is for admins; set admin in the user profile");
        self.warn(key, why, turn.now);
    }

    fn set_volume(
        &mut self,
        channel: ChannelKey,
        room: RoomKey,
        (listening, talking): (Decibels, Decibels),
        turn: &mut Turn<'_>,
    ) {
        self.note(
            turn.now,
            Event::ParticipantVolume {
                room,
                channel,
                listening,
                talking,
            },
        );
        turn.order(Effect::Volume {
            channel,
            listening,
            talking,
        });
    }

    /// Tells how many others are there; who is alone hears nothing, as in the reference.
    fn tell_count(
        &mut self,
        key: ChannelKey,
        room: RoomKey,
        profile: &BridgeProfile,
        turn: &mut Turn<'_>,
    ) {
        let Some(view) = self.view.rooms.get(&room) else {
            return;
        };
        let waits = view.participants.get(&key).is_some_and(|own| own.waiting);
        let others = view.active() - usize::from(!waits);
        match others {
            0 => {}
            1 => self.tell(key, &profile.sound_only_one, turn),
            _ => {
                let mut sounds = Vec::from([profile.sound_there_are.clone()]);
                sounds.extend(number(others));
                sounds.push(profile.sound_other_in_party.clone());
                self.say(key, sounds, Interrupts::Anew, turn);
            }
        }
    }

    /// Removes who joined last, unless that is an admin or the presser.
    fn kick_last(
        &mut self,
        key: ChannelKey,
        room: RoomKey,
        profile: &BridgeProfile,
        turn: &mut Turn<'_>,
    ) {
        let view = self.view.rooms.get(&room);
        let last = view.map(RoomView::in_order).unwrap_or_default();
        let last = last
            .into_iter()
            .rfind(|(_, participant)| !participant.waiting);
        match last {
            Some((last, participant)) if last != key && !participant.admin => {
                self.work.push_back(Work::Eject(last, RoomResult::Kicked));
            }
            _ => self.tell(key, &profile.sound_error_menu, turn),
        }
    }

    fn toggle_lock(&mut self, room: RoomKey, turn: &mut Turn<'_>) -> bool {
        let locked = !self.view.rooms.get(&room).is_some_and(|view| view.locked);
        self.set_lock(room, locked, turn);
        locked
    }

    fn toggle_mute_participants(
        &mut self,
        room: RoomKey,
        profile: &BridgeProfile,
        turn: &mut Turn<'_>,
    ) {
        let muted = !self.view.rooms.get(&room).is_some_and(|view| view.muted);
        let (event, told) = if muted {
            let event = Event::ParticipantsMuted { room };
            (event, &profile.sound_participants_muted)
        } else {
            let event = Event::ParticipantsUnmuted { room };
            (event, &profile.sound_participants_unmuted)
        };
        self.note(turn.now, event);
        self.refresh(room, turn);
        self.play_to_room(room, told, turn);
    }
}

fn step(volume: Decibels, change: VolumeChange) -> Decibels {
    Decibels(match change {
        VolumeChange::Increase => (volume.0 + VOLUME_STEP).min(VOLUME_MAX),
        VolumeChange::Decrease => (volume.0 - VOLUME_STEP).max(-VOLUME_MAX),
        VolumeChange::Reset => 0,
    })
}

/// The sounds of a number in English; of numbers beyond 999,999 only the last six digits.
fn number(number: usize) -> Vec<String> {
    let mut sounds = Vec::new();
    let (thousands, rest) = (number / 1000 % 1000, number % 1000);
    if thousands > 0 {
        below_thousand(thousands, &mut sounds);
        sounds.push("digits/thousand".into());
    }
    if rest > 0 || thousands == 0 {
        below_thousand(rest, &mut sounds);
    }
    sounds
}

fn below_thousand(number: usize, sounds: &mut Vec<String>) {
    let (hundreds, rest) = (number / 100, number % 100);
    if hundreds > 0 {
        sounds.push(format!("digits/{hundreds}"));
        sounds.push("digits/hundred".into());
    }
    match (rest / 10, rest % 10) {
        (0, 0) if hundreds > 0 => {}
        (0 | 1, _) | (_, 0) => sounds.push(format!("digits/{rest}")),
        (tens, ones) => {
            sounds.push(format!("digits/{tens}0"));
            sounds.push(format!("digits/{ones}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(value: usize) -> String {
        let sounds: Vec<String> = number(value)
            .iter()
            .map(|sound| sound.replace("digits/", ""))
            .collect();
        sounds.join(" ")
    }

    #[test]
    fn numbers_are_said_as_in_english() {
        for (value, words) in [
            (0, "0"),
            (2, "2"),
            (13, "13"),
            (20, "20"),
            (42, "40 2"),
            (100, "1 hundred"),
            (317, "3 hundred 17"),
            (999, "9 hundred 90 9"),
            (1_000, "1 thousand"),
            (12_005, "12 thousand 5"),
        ] {
            assert_eq!(said(value), words, "{value}");
        }
    }

    #[test]
    fn a_volume_stays_within_its_range() {
        let mut volume = Decibels(0);
        for _ in 0..20 {
            volume = step(volume, VolumeChange::Increase);
        }
        assert_eq!(volume, Decibels(24));
        for _ in 0..40 {
            volume = step(volume, VolumeChange::Decrease);
        }
        assert_eq!(volume, Decibels(-24));
        assert_eq!(step(volume, VolumeChange::Reset), Decibels(0));
    }
}
