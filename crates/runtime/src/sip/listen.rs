use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::str::FromStr;

use plenum_sip_ua::Transport;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

/// Connections that wait to be accepted.
const ACCEPT_BACKLOG: i32 = 1024;

/// Buffers asked for each SIP datagram socket; the kernel caps them.
const DATAGRAM_BUFFER: usize = 4 << 20;

/// Where to listen for SIP, as in `udp://127.0.0.1:5060`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SipListen {
    /// The transport.
    pub transport: Transport,
    /// The address; port 0 takes a free one, `0.0.0.0` and `[::]` take all of this machine.
    pub address: SocketAddr,
}

impl FromStr for SipListen {
    type Err = SipListenError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let shown = || text.chars().take(80).collect::<String>();
        let (scheme, address) = text
            .split_once("://")
            .ok_or_else(|| SipListenError::Syntax { text: shown() })?;
        let transport = Transport::ALL
            .into_iter()
            .find(|transport| self::scheme(*transport) == scheme)
            .ok_or_else(|| SipListenError::Transport { text: shown() })?;
        let address = address
            .parse()
            .map_err(|_| SipListenError::Address { text: shown() })?;
        Ok(Self { transport, address })
    }
}

impl fmt::Display for SipListen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", scheme(self.transport), self.address)
    }
}

/// Why a text does not say where to listen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SipListenError {
    /// Not of the form `udp://127.0.0.1:5060`.
    #[error("`{text}` names no transport; write it as in `udp://127.0.0.1:5060`")]
    Syntax {
        /// The beginning of what was written.
        text: String,
    },
    /// A transport that is not spoken.
    #[error(
        "the transport of `{text}` is unknown; choose `udp://`, `tcp://`, `tls://`, `ws://` or \
         `wss://`"
    )]
    Transport {
        /// The beginning of what was written.
        text: String,
    },
    /// No address with a port.
    #[error(
        "`{text}` has no IP address with a port behind `://`; write it as in \
         `udp://127.0.0.1:5060` or `tcp://[::1]:5060`"
    )]
    Address {
        /// The beginning of what was written.
        text: String,
    },
}

/// Why an address cannot be listened on.
#[derive(Debug)]
pub struct BindError {
    /// The address.
    pub listen: SipListen,
    /// What the system said.
    pub source: io::Error,
}

impl std::error::Error for BindError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { listen, source } = self;
        let port = listen.address.port();
        write!(f, "cannot listen on {listen}: ")?;
        match source.kind() {
            io::ErrorKind::AddrInUse => {
                let flag = if listen.transport == Transport::Udp {
                    'u'
                } else {
                    't'
                };
                write!(
                    f,
                    "the address is in use (by another server? find it with \
                     \"ss -l{flag}np 'sport = :{port}'\"); set [sip] listen to another port"
                )
            }
            io::ErrorKind::AddrNotAvailable => write!(
                f,
                "{} is no address of this machine; set [sip] listen to one that `ip address` shows",
                listen.address.ip()
            ),
            io::ErrorKind::PermissionDenied if port < 1024 => write!(
                f,
                "ports below 1024 need the capability CAP_NET_BIND_SERVICE; set [sip] listen to \
                 port 5060"
            ),
            _ => write!(f, "{source}"),
        }
    }
}

/// Binds a socket that does not block; a stream socket also listens.
pub(super) fn bind(listen: SipListen) -> Result<Socket, BindError> {
    try_bind(listen).map_err(|source| BindError { listen, source })
}

fn try_bind(listen: SipListen) -> io::Result<Socket> {
    let (kind, protocol) = match listen.transport {
        Transport::Udp => (Type::DGRAM, Protocol::UDP),
        _ => (Type::STREAM, Protocol::TCP),
    };
    let socket = Socket::new(Domain::for_address(listen.address), kind, Some(protocol))?;
    socket.set_nonblocking(true)?;
    if listen.address.is_ipv6() {
        // One family a socket: `[::]` and `0.0.0.0` can then be listened on side by side.
        socket.set_only_v6(true)?;
    }
    if listen.transport == Transport::Udp {
        // A wish; a system that denies it has smaller buffers.
        let _ = socket.set_recv_buffer_size(DATAGRAM_BUFFER);
        let _ = socket.set_send_buffer_size(DATAGRAM_BUFFER);
        socket.bind(&SockAddr::from(listen.address))?;
    } else {
        // A server that restarts must not wait for connections of its former life.
        socket.set_reuse_address(true)?;
        socket.bind(&SockAddr::from(listen.address))?;
        socket.listen(ACCEPT_BACKLOG)?;
    }
    Ok(socket)
}

const fn scheme(transport: Transport) -> &'static str {
    match transport {
        Transport::Tcp => "tcp",
        Transport::Tls => "tls",
        Transport::Ws => "ws",
        Transport::Wss => "wss",
        _ => "udp",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_as_it_is_written() {
        for text in [
            "udp://127.0.0.1:5060",
            "tcp://[::1]:5070",
            "udp://0.0.0.0:0",
            "tls://127.0.0.1:5061",
            "ws://[::]:80",
            "wss://127.0.0.1:443",
        ] {
            let listen: SipListen = text.parse().unwrap();
            assert_eq!(listen.to_string(), text);
        }
    }

    #[test]
    fn each_mistake_has_its_sentence() {
        let sentence = |text: &str| text.parse::<SipListen>().unwrap_err().to_string();
        assert!(sentence("127.0.0.1:5060").contains("names no transport"));
        assert!(sentence("sctp://127.0.0.1:5060").contains("choose `udp://`, `tcp://`, `tls://`"));
        assert!(sentence("udp://localhost:5060").contains("has no IP address with a port"));
        assert!(sentence("udp://127.0.0.1").contains("has no IP address with a port"));
    }

    #[test]
    fn a_port_in_use_is_named_with_the_way_to_find_the_other() {
        let other = bind("udp://127.0.0.1:0".parse().unwrap()).unwrap();
        let port = other.local_addr().unwrap().as_socket().unwrap().port();
        let listen = format!("udp://127.0.0.1:{port}").parse().unwrap();
        let sentence = bind(listen).unwrap_err().to_string();
        let expected = format!(
            "cannot listen on udp://127.0.0.1:{port}: the address is in use (by another server? \
             find it with \"ss -lunp 'sport = :{port}'\"); set [sip] listen to another port"
        );
        assert_eq!(sentence, expected);
    }

    #[test]
    fn an_address_of_another_machine_is_named() {
        let sentence = bind("tcp://192.0.2.1:5060".parse().unwrap())
            .unwrap_err()
            .to_string();
        assert!(
            sentence.contains("192.0.2.1 is no address of this machine"),
            "{sentence}"
        );
    }
}
