use std::io;
use std::mem;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

use super::address::{Name, no_name, write_name};

/// What became of the packets of one batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SendTally {
    /// Packets that the kernel took.
    pub(crate) sent: u64,
    /// Packets that the kernel refused or that found its buffer full.
    pub(crate) failed: u64,
}

/// Memory for the headers that one `sendmmsg` reads.
pub(crate) struct SendBatch {
    headers: Vec<libc::mmsghdr>,
    names: Vec<Name>,
    iovecs: Vec<libc::iovec>,
}

// SAFETY: the pointers in the headers are written before each call and never read after it.
unsafe impl Send for SendBatch {}

impl SendBatch {
    /// Builds room for `count` packets a call.
    pub(crate) fn new(count: usize) -> Self {
        // SAFETY: a C structure of integers and pointers, for which all zeroes is a value.
        let header: libc::mmsghdr = unsafe { mem::zeroed() };
        let iovec = libc::iovec {
            iov_base: ptr::null_mut(),
            iov_len: 0,
        };
        Self {
            headers: vec![header; count],
            names: vec![no_name(); count],
            iovecs: vec![iovec; count],
        }
    }

    /// Sends packets over one socket without waiting; what does not go out at once is dropped.
    pub(crate) fn send<'a>(
        &mut self,
        socket: BorrowedFd<'_>,
        mut packets: impl Iterator<Item = (SocketAddr, &'a [u8])>,
    ) -> SendTally {
        let mut tally = SendTally::default();
        loop {
            let mut filled = 0;
            while filled < self.headers.len() {
                let Some((to, bytes)) = packets.next() else {
                    break;
                };
                self.fill(filled, to, bytes);
                filled += 1;
            }
            if filled == 0 {
                return tally;
            }
            // The iterator yields slices that live for 'a, which outlasts this call.
            self.flush(socket, filled, &mut tally);
        }
    }

    fn fill(&mut self, index: usize, to: SocketAddr, bytes: &[u8]) {
        let len = write_name(to, &mut self.names[index]);
        // The kernel only reads through `iov_base`; the C type has no const.
        self.iovecs[index] = libc::iovec {
            iov_base: bytes.as_ptr().cast_mut().cast(),
            iov_len: bytes.len(),
        };
        let header = &mut self.headers[index].msg_hdr;
        header.msg_name = ptr::from_mut(&mut self.names[index]).cast();
        header.msg_namelen = len;
        header.msg_iov = ptr::from_mut(&mut self.iovecs[index]);
        header.msg_iovlen = 1;
    }

    fn flush(&mut self, socket: BorrowedFd<'_>, filled: usize, tally: &mut SendTally) {
        let mut start = 0;
        while start < filled {
            let rest = &mut self.headers[start..filled];
            // SAFETY: each header of `rest` was filled for this call: its name and its vector are
            // in `self`, its octets are borrowed by the caller of `send` until it returns.
            let outcome = unsafe {
                libc::sendmmsg(
                    socket.as_raw_fd(),
                    rest.as_mut_ptr(),
                    rest.len() as libc::c_uint,
                    libc::MSG_DONTWAIT as _,
                )
            };
            if let Ok(sent) = usize::try_from(outcome) {
                tally.sent += sent as u64;
                start += sent.max(1);
                continue;
            }
            match io::Error::last_os_error().kind() {
                io::ErrorKind::Interrupted => {}
                io::ErrorKind::WouldBlock => {
                    tally.failed += (filled - start) as u64;
                    return;
                }
                // The error is that of the first packet only.
                _ => {
                    tally.failed += 1;
                    start += 1;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn every_packet_reaches_its_own_address_across_batches() {
        let from = UdpSocket::bind("127.0.0.1:0").unwrap();
        let to: Vec<_> = (0..5)
            .map(|_| UdpSocket::bind("127.0.0.1:0").unwrap())
            .collect();
        let packets: Vec<_> = to
            .iter()
            .enumerate()
            .map(|(index, socket)| (socket.local_addr().unwrap(), vec![index as u8; index + 1]))
            .collect();
        let mut batch = SendBatch::new(2);
        let borrowed = packets.iter().map(|(to, bytes)| (*to, bytes.as_slice()));
        let tally = batch.send(from.as_fd(), borrowed);
        assert_eq!(tally, SendTally { sent: 5, failed: 0 });
        for (socket, (_, bytes)) in to.iter().zip(&packets) {
            let mut buffer = [0; 16];
            let (len, sender) = socket.recv_from(&mut buffer).unwrap();
            assert_eq!(&buffer[..len], bytes);
            assert_eq!(sender, from.local_addr().unwrap());
        }
    }

    #[test]
    fn a_packet_that_cannot_be_sent_does_not_stop_the_ones_behind_it() {
        let from = UdpSocket::bind("127.0.0.1:0").unwrap();
        let to = UdpSocket::bind("127.0.0.1:0").unwrap();
        let good = to.local_addr().unwrap();
        // IPv6 addresses do not fit an IPv4 socket.
        let bad: SocketAddr = "[2001:db8::1]:9".parse().unwrap();
        let packets = [(good, b"1".as_slice()), (bad, b"2"), (good, b"3")];
        let tally = SendBatch::new(8).send(from.as_fd(), packets.into_iter());
        assert_eq!(tally, SendTally { sent: 2, failed: 1 });
        let mut buffer = [0; 16];
        assert_eq!(to.recv(&mut buffer).unwrap(), 1);
        assert_eq!(to.recv(&mut buffer).unwrap(), 1);
        assert_eq!(buffer[0], b'3');
    }
}
