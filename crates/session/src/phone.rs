use std::net::SocketAddr;
use std::sync::Arc;

use plenum_runtime::sip::SipListen;
use plenum_sip_ua::Transport;
use tokio::sync::{Mutex, Notify, mpsc};

use crate::call::Call;
use crate::config::{CallConfig, PhoneConfig};
use crate::destination::Destination;
use crate::driver;
use crate::error::SessionError;
use crate::incoming::IncomingCall;
use crate::link::{Link, Order};

/// Calls that wait to be taken from [`Phone::incoming`]; more are refused with 480.
pub const INCOMING_WAITING_MAX: usize = 64;

/// A phone: its own SIP sockets, media thread and calls.
///
/// Dropping it ends all its calls with BYE in the background.
#[derive(Debug)]
pub struct Phone {
    link: Link,
    incoming: Mutex<mpsc::Receiver<IncomingCall>>,
    listens: Vec<SipListen>,
}

impl Phone {
    /// Binds the sockets and starts the media thread. Needs a tokio runtime.
    ///
    /// # Errors
    ///
    /// [`SessionError::Bind`], [`SessionError::Shard`] and [`SessionError::Start`].
    pub async fn start(config: PhoneConfig) -> Result<Self, SessionError> {
        let wake = Arc::new(Notify::new());
        let (link, orders) = Link::new(Arc::clone(&wake));
        let (arrivals, incoming) = mpsc::channel(INCOMING_WAITING_MAX);
        let listens = driver::start(config, link.clone(), orders, arrivals, wake).await?;
        Ok(Self {
            link,
            incoming: Mutex::new(incoming),
            listens,
        })
    }

    /// Calls a SIP URI. Returns once the INVITE is on its way.
    ///
    /// # Errors
    ///
    /// What [`Destination::resolve`] says, and [`SessionError::Limit`] and
    /// [`SessionError::NoPort`].
    pub async fn call(&self, uri: &str, config: CallConfig) -> Result<Call, SessionError> {
        self.dial(Destination::resolve(uri).await?, config).await
    }

    /// Calls a destination. Returns once the INVITE is on its way.
    ///
    /// # Errors
    ///
    /// [`SessionError::Limit`], [`SessionError::NoPort`] and [`SessionError::NoRoute`].
    pub async fn dial(&self, to: Destination, config: CallConfig) -> Result<Call, SessionError> {
        let to = Box::new(to);
        self.link
            .ask(|reply| Order::Dial { to, config, reply })
            .await
    }

    /// Waits for the next call that comes in; none follows once the phone is stopped.
    ///
    /// # Cancel safety
    ///
    /// No call is lost when the future is dropped.
    pub async fn incoming(&self) -> Option<IncomingCall> {
        self.incoming.lock().await.recv().await
    }

    /// Returns where the phone listens for SIP over UDP.
    #[must_use]
    pub fn udp_address(&self) -> SocketAddr {
        self.address(Transport::Udp)
    }

    /// Returns where the phone listens for SIP over TCP.
    #[must_use]
    pub fn tcp_address(&self) -> SocketAddr {
        self.address(Transport::Tcp)
    }

    /// Ends all calls with BYE, waits for that as long as
    /// [`PhoneConfig::stop_patience`] allows, and closes the sockets.
    pub async fn stop(self) {
        self.link.stop().await;
    }

    fn address(&self, transport: Transport) -> SocketAddr {
        let listen = self
            .listens
            .iter()
            .find(|listen| listen.transport == transport);
        listen.expect("a phone listens on both transports").address
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        self.link.abandon_phone();
    }
}
