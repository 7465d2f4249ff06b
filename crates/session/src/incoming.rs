use plenum_sip_msg::{NameAddr, StatusCode, Uri};

use crate::call::Call;
use crate::config::CallConfig;
use crate::error::SessionError;
use crate::event::Ended;
use crate::link::Wish;

/// A call that waits to be answered. Dropping it refuses the call with 480.
#[derive(Debug)]
pub struct IncomingCall {
    pub(crate) call: Call,
    pub(crate) from: NameAddr,
    pub(crate) uri: Uri,
}

impl IncomingCall {
    /// Returns who calls.
    #[must_use]
    pub const fn from(&self) -> &NameAddr {
        &self.from
    }

    /// Returns what was called: the Request-URI.
    #[must_use]
    pub const fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Lets the caller hear that it rings (180).
    ///
    /// # Errors
    ///
    /// [`SessionError::Ended`] if the caller gave up.
    pub async fn ring(&self) -> Result<(), SessionError> {
        self.call.ask(|reply| Wish::Ring { reply }).await
    }

    /// Answers. The call is up once [`Call::established`] says so.
    ///
    /// # Errors
    ///
    /// [`SessionError::NoAgreement`] if no codec is in common; the caller is told (488).
    /// [`SessionError::Ended`] if the caller gave up.
    pub async fn answer(self, config: CallConfig) -> Result<Call, SessionError> {
        self.call
            .ask(|reply| Wish::Answer { config, reply })
            .await?;
        Ok(self.call)
    }

    /// Refuses the call with a status of 300 to 699 and a sentence for the caller, which may be
    /// empty.
    ///
    /// # Errors
    ///
    /// [`SessionError::Sip`] for another status, [`SessionError::Ended`] if the caller gave up.
    pub async fn reject(self, status: StatusCode, text: &str) -> Result<(), SessionError> {
        let text = text.to_owned();
        self.call
            .ask(|reply| Wish::Reject {
                status,
                text,
                reply,
            })
            .await
    }

    /// Waits until the caller gives up.
    ///
    /// # Errors
    ///
    /// [`SessionError::Stopped`] if the phone is stopped.
    pub async fn withdrawn(&self) -> Result<Ended, SessionError> {
        self.call.ended().await
    }
}
