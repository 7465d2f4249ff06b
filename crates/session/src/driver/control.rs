//! What the handles want.

use plenum_sip_msg::StatusCode;
use plenum_sip_ua::ExtraHeaders;

use super::Driver;
use super::update::Update;
use crate::error::SessionError;
use crate::link::{CallId, Wish};
use crate::state::State;

impl Driver {
    /// Does what a handle wants. A wish for a call that is over is dropped with its reply, which
    /// tells the handle to look how it ended.
    pub(super) fn wish(&mut self, id: CallId, wish: Wish) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        if session.ended.is_some() {
            return;
        }
        let (key, leg) = (session.key, session.seat.leg);
        match wish {
            Wish::Ring { reply } => {
                reply.send(self.sip.ring(key).map_err(Into::into));
            }
            Wish::Answer { config, reply } => reply.send(self.answer(id, &config)),
            Wish::Reject {
                status,
                text,
                reply,
            } => reply.send(self.reject(id, status, &text)),
            Wish::HangUp { reply } => {
                self.abandon(id);
                reply.send(Ok(()));
            }
            Wish::Cancel { reply } => reply.send(self.cancel(id)),
            Wish::Hold { reply } => self.update(id, Update::Hold, reply),
            Wish::Resume { reply } => self.update(id, Update::Resume, reply),
            Wish::Move { reply } => self.update(id, Update::Move(None), reply),
            Wish::SendDigits {
                digits,
                method,
                reply,
            } => {
                self.send_digits(id, &digits, method, reply);
            }
            Wish::Echo { on, reply } => {
                session.echo = on;
                self.media.connect(leg, id, on);
                reply.send(Ok(()));
            }
            Wish::Play { source, end, reply } => reply.send(self.media.play(id, source, end)),
            Wish::StopPlayback { playback } => self.media.stop_playback(playback),
            Wish::Record { queue, reply } => reply.send(self.media.record(id, leg, queue)),
            Wish::StopRecording { recording } => self.media.stop_recording(recording),
            Wish::Stats { reply } => {
                session.figures_wanted.push(reply);
                self.media.ask_figures(leg);
            }
        }
    }

    fn reject(&mut self, id: CallId, status: StatusCode, text: &str) -> Result<(), SessionError> {
        let Some(session) = self.sessions.get_mut(&id) else {
            return Err(SessionError::Stopped);
        };
        self.sip.reject(session.key, status, text)?;
        session.end_locally();
        Ok(())
    }

    fn cancel(&mut self, id: CallId) -> Result<(), SessionError> {
        let Some(session) = self.sessions.get_mut(&id) else {
            return Err(SessionError::Stopped);
        };
        match session.state() {
            State::Calling => {
                session.end_locally();
                Ok(self.sip.hang_up(session.key, &ExtraHeaders::none())?)
            }
            state => Err(SessionError::WrongState {
                wish: "cancel",
                state,
            }),
        }
    }
}
