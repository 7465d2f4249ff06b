//! UDP sockets of phones, read with the times at which the kernel took the datagrams.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt,
};
use nix::sys::time::TimeSpec;
use plenum_time::Instant;

use super::clock::LoadClock;

/// The longest datagram that is read whole.
const DATAGRAM_MAX: usize = 8192;

/// Attempts to find two free neighbouring ports.
const PAIR_ATTEMPTS: usize = 256;

/// Datagrams that are thrown away at once at most.
const DRAIN_MAX: usize = 4096;

/// How long a refusal may take.
const REFUSAL_WAIT: Duration = Duration::from_millis(50);

/// What the socket of the signalling asks for; the system may grant less.
const SIGNALLING_BUFFER: usize = 4 << 20;

/// The RTP and RTCP sockets of one phone.
#[derive(Debug)]
pub(super) struct PhoneSockets {
    pub(super) rtp: UdpSocket,
    pub(super) rtcp: UdpSocket,
}

impl PhoneSockets {
    /// Binds an even port and the odd one behind it (RFC 3550 section 11).
    pub(super) fn bind(address: IpAddr) -> io::Result<Self> {
        for _ in 0..PAIR_ATTEMPTS {
            let rtp = UdpSocket::bind((address, 0))?;
            let port = rtp.local_addr()?.port();
            if port % 2 == 1 {
                continue;
            }
            match UdpSocket::bind((address, port + 1)) {
                Ok(rtcp) => {
                    prepare(&rtp)?;
                    rtcp.set_nonblocking(true)?;
                    return Ok(Self { rtp, rtcp });
                }
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other(
            "no two neighbouring UDP ports are free; widen ip_local_port_range",
        ))
    }

    /// Throws away what waits on both sockets.
    pub(super) fn drain(&self) {
        drain(&self.rtp);
        drain(&self.rtcp);
    }

    /// Throws away the reports that wait.
    pub(super) fn drain_rtcp(&self) {
        drain(&self.rtcp);
    }
}

fn drain(socket: &UdpSocket) {
    for _ in 0..DRAIN_MAX {
        // An ICMP error is taken from the queue like a datagram.
        if socket
            .recv(&mut [0])
            .is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
        {
            return;
        }
    }
}

/// Tells whether the machine of the target says that nobody listens there.
///
/// What is sent is the keep-alive of RFC 5626 section 3.5.1, which asks for no answer.
pub(super) fn is_refused(target: SocketAddr) -> io::Result<bool> {
    let scout = scout(target)?;
    scout.set_read_timeout(Some(REFUSAL_WAIT))?;
    scout.send(b"\r\n\r\n")?;
    let answer = scout.recv(&mut [0]);
    Ok(answer.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused))
}

fn scout(target: SocketAddr) -> io::Result<UdpSocket> {
    let any: IpAddr = if target.is_ipv4() {
        [0; 4].into()
    } else {
        [0u16; 8].into()
    };
    let scout = UdpSocket::bind((any, 0))?;
    scout.connect(target)?;
    Ok(scout)
}

/// Binds the socket of the signalling to the address that leads to `target`.
pub(super) fn signalling(target: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind((scout(target)?.local_addr()?.ip(), 0))?;
    prepare(&socket)?;
    // A smaller buffer is no reason to stop: what does not fit is counted, and SIP repeats it.
    let _ = setsockopt(&socket, sockopt::RcvBuf, &SIGNALLING_BUFFER);
    let _ = setsockopt(&socket, sockopt::RcvBufForce, &SIGNALLING_BUFFER);
    Ok(socket)
}

fn prepare(socket: &UdpSocket) -> io::Result<()> {
    socket.set_nonblocking(true)?;
    setsockopt(socket, sockopt::ReceiveTimestampns, &true)?;
    setsockopt(socket, sockopt::RxqOvfl, &1)?;
    Ok(())
}

/// One datagram.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Datagram<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) from: Option<SocketAddr>,
    /// When the kernel took it, however late it is read.
    pub(super) arrival: Instant,
    /// How many the kernel has dropped on this socket since it was bound.
    pub(super) dropped: u32,
}

/// Memory to read datagrams into.
pub(super) struct Intake {
    bytes: Vec<u8>,
    control: Vec<u8>,
}

impl Intake {
    pub(super) fn new() -> Self {
        Self {
            bytes: vec![0; DATAGRAM_MAX],
            control: nix::cmsg_space!(TimeSpec, u32),
        }
    }

    /// Reads the next datagram that waits, if one does.
    ///
    /// # Errors
    ///
    /// What the kernel says, such as that the port at the other end is closed.
    pub(super) fn read(
        &mut self,
        socket: &UdpSocket,
        clock: &LoadClock,
    ) -> io::Result<Option<Datagram<'_>>> {
        let mut parts = [IoSliceMut::new(&mut self.bytes)];
        let flags = MsgFlags::MSG_DONTWAIT;
        let control = Some(self.control.as_mut_slice());
        let message =
            match recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut parts, control, flags) {
                Ok(message) => message,
                Err(Errno::EAGAIN) => return Ok(None),
                Err(error) => return Err(error.into()),
            };
        let (mut arrival, mut dropped) = (clock.now(), 0);
        for note in message.cmsgs()? {
            match note {
                ControlMessageOwned::ScmTimestampns(wall) => {
                    arrival = clock.at_wall(Duration::from(wall));
                }
                ControlMessageOwned::RxqOvfl(count) => dropped = count,
                _ => {}
            }
        }
        let from = message.address.as_ref().and_then(address);
        let len = message.bytes;
        Ok(Some(Datagram {
            bytes: &self.bytes[..len],
            from,
            arrival,
            dropped,
        }))
    }
}

fn address(name: &SockaddrStorage) -> Option<SocketAddr> {
    if let Some(v4) = name.as_sockaddr_in() {
        return Some(SocketAddr::V4((*v4).into()));
    }
    name.as_sockaddr_in6()
        .map(|v6| SocketAddr::V6((*v6).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn a_phone_has_an_even_port_and_the_next() {
        let phone = PhoneSockets::bind(HERE).unwrap();
        let port = phone.rtp.local_addr().unwrap().port();
        assert_eq!(port % 2, 0);
        assert_eq!(phone.rtcp.local_addr().unwrap().port(), port + 1);
    }

    #[test]
    fn a_datagram_has_the_time_of_its_arrival_not_of_its_reading() {
        let phone = PhoneSockets::bind(HERE).unwrap();
        let peer = UdpSocket::bind((HERE, 0)).unwrap();
        let mut clock = LoadClock::start();
        let mut intake = Intake::new();
        assert_eq!(intake.read(&phone.rtp, &clock).unwrap(), None);
        let before = clock.resync();
        peer.send_to(b"one", phone.rtp.local_addr().unwrap())
            .unwrap();
        let after = clock.resync();
        let slack = Duration::from_millis(1);
        let datagram = intake.read(&phone.rtp, &clock).unwrap().unwrap();
        assert_eq!(datagram.bytes, b"one");
        assert_eq!(datagram.from, Some(peer.local_addr().unwrap()));
        assert!(datagram.arrival + slack >= before && datagram.arrival <= after + slack);
        assert_eq!(datagram.dropped, 0);
    }

    #[test]
    fn draining_leaves_nothing() {
        let phone = PhoneSockets::bind(HERE).unwrap();
        let peer = UdpSocket::bind((HERE, 0)).unwrap();
        for socket in [&phone.rtp, &phone.rtcp] {
            peer.send_to(b"x", socket.local_addr().unwrap()).unwrap();
        }
        phone.drain();
        assert!(
            Intake::new()
                .read(&phone.rtp, &LoadClock::start())
                .unwrap()
                .is_none()
        );
        assert!(phone.rtcp.recv(&mut [0]).is_err());
    }

    #[test]
    fn a_closed_port_is_noticed() {
        let socket = UdpSocket::bind((HERE, 0)).unwrap();
        let address = socket.local_addr().unwrap();
        assert!(!is_refused(address).unwrap());
        drop(socket);
        assert!(is_refused(address).unwrap());
    }

    #[test]
    fn the_signalling_socket_has_the_address_that_leads_to_the_target() {
        let socket = signalling("127.0.0.1:5060".parse().unwrap()).unwrap();
        assert_eq!(socket.local_addr().unwrap().ip(), HERE);
    }
}
