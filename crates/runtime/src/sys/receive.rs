use std::io;
use std::mem;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

use super::address::{NAME_LEN, Name, no_name, read_destination, read_name};

/// Octets for the control messages of one datagram: an `in6_pktinfo` with its header is 40.
const CONTROL_LEN: usize = 64;

/// One received datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Datagram<'a> {
    /// Who sent it.
    pub(crate) from: SocketAddr,
    /// The address it was sent to, where the socket asks for it.
    pub(crate) to: Option<IpAddr>,
    /// What it carries.
    pub(crate) bytes: &'a [u8],
}

/// Memory for the datagrams that one `recvmmsg` reads.
pub(crate) struct ReceiveBatch {
    headers: Vec<libc::mmsghdr>,
    names: Vec<Name>,
    /// Read only through the headers.
    _iovecs: Vec<libc::iovec>,
    /// Read only through the headers.
    _controls: Vec<[u64; CONTROL_LEN / 8]>,
    bytes: Vec<u8>,
    datagram_len: usize,
    received: usize,
}

// SAFETY: the pointers in the headers lead only into the vectors beside them, which move with
// them, and nothing else holds those pointers.
unsafe impl Send for ReceiveBatch {}

impl ReceiveBatch {
    /// Builds room for `count` datagrams of at most `datagram_len` octets each.
    pub(crate) fn new(count: usize, datagram_len: usize) -> Self {
        let mut names = vec![no_name(); count];
        let mut controls = vec![[0u64; CONTROL_LEN / 8]; count];
        let mut bytes = vec![0u8; count * datagram_len];
        let mut iovecs: Vec<libc::iovec> = bytes
            .chunks_exact_mut(datagram_len)
            .map(|chunk| libc::iovec {
                iov_base: chunk.as_mut_ptr().cast(),
                iov_len: chunk.len(),
            })
            .collect();
        let headers = names
            .iter_mut()
            .zip(&mut iovecs)
            .zip(&mut controls)
            .map(|((name, iovec), control)| {
                // SAFETY: a C structure of integers and pointers, for which all zeroes is a value.
                let mut header: libc::mmsghdr = unsafe { mem::zeroed() };
                header.msg_hdr.msg_name = ptr::from_mut(name).cast();
                header.msg_hdr.msg_iov = ptr::from_mut(iovec);
                header.msg_hdr.msg_iovlen = 1;
                header.msg_hdr.msg_control = control.as_mut_ptr().cast();
                header
            })
            .collect();
        let (_iovecs, _controls) = (iovecs, controls);
        Self {
            headers,
            names,
            _iovecs,
            _controls,
            bytes,
            datagram_len,
            received: count,
        }
    }

    /// Returns how many datagrams one call reads at most.
    pub(crate) fn capacity(&self) -> usize {
        self.headers.len()
    }

    /// Reads what waits on a socket, without waiting; returns how many datagrams that are.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if nothing waits, else what the kernel says.
    pub(crate) fn receive(&mut self, socket: BorrowedFd<'_>) -> io::Result<usize> {
        // The kernel overwrote both lengths in the headers it used.
        for header in &mut self.headers[..self.received] {
            header.msg_hdr.msg_namelen = NAME_LEN;
            header.msg_hdr.msg_controllen = CONTROL_LEN as _;
        }
        self.received = 0;
        let count = libc::c_uint::try_from(self.headers.len()).unwrap_or(libc::c_uint::MAX);
        // SAFETY: `count` headers exist; the pointers in each lead to memory of the stated length
        // that `self` owns and that no reference reaches during the call.
        let outcome = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                self.headers.as_mut_ptr(),
                count,
                libc::MSG_DONTWAIT as _,
                ptr::null_mut(),
            )
        };
        self.received = usize::try_from(outcome).map_err(|_| io::Error::last_os_error())?;
        Ok(self.received)
    }

    /// Returns a datagram of the last call.
    ///
    /// `None` beyond the last one, and for one that was longer than its room or came from a family
    /// of addresses other than IP.
    pub(crate) fn datagram(&self, index: usize) -> Option<Datagram<'_>> {
        let header = self.headers[..self.received].get(index)?;
        if header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0 {
            return None;
        }
        let from = read_name(&self.names[index])?;
        let start = index * self.datagram_len;
        let bytes = &self.bytes[start..start + header.msg_len as usize];
        let to = if header.msg_hdr.msg_controllen == 0 {
            None
        } else {
            read_destination(&header.msg_hdr)
        };
        Some(Datagram { from, to, bytes })
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn a_batch_reads_what_waits_in_order_and_leaves_the_rest() {
        let here = UdpSocket::bind("127.0.0.1:0").unwrap();
        let there = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut batch = ReceiveBatch::new(4, 8);
        let empty = batch.receive(here.as_fd()).unwrap_err();
        assert_eq!(empty.kind(), io::ErrorKind::WouldBlock);
        for text in ["a", "bc", "too long for the room", "", "e"] {
            there
                .send_to(text.as_bytes(), here.local_addr().unwrap())
                .unwrap();
        }
        assert_eq!(batch.receive(here.as_fd()).unwrap(), 4);
        let from = there.local_addr().unwrap();
        let expected = |bytes| {
            Some(Datagram {
                from,
                to: None,
                bytes,
            })
        };
        assert_eq!(batch.datagram(0), expected(b"a".as_slice()));
        assert_eq!(batch.datagram(1), expected(b"bc".as_slice()));
        assert_eq!(batch.datagram(2), None);
        assert_eq!(batch.datagram(3), expected(b"".as_slice()));
        assert_eq!(batch.receive(here.as_fd()).unwrap(), 1);
        assert_eq!(batch.datagram(0), expected(b"e".as_slice()));
        assert_eq!(batch.datagram(1), None);
    }

    #[test]
    fn a_socket_that_asks_learns_where_datagrams_were_sent_to() {
        let here = UdpSocket::bind("0.0.0.0:0").unwrap();
        nix::sys::socket::setsockopt(&here, nix::sys::socket::sockopt::Ipv4PacketInfo, &true)
            .unwrap();
        let there = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut batch = ReceiveBatch::new(4, 8);
        for address in ["127.0.0.1", "127.0.0.2"] {
            let to = (
                address.parse::<IpAddr>().unwrap(),
                here.local_addr().unwrap().port(),
            );
            there.send_to(b"x", to).unwrap();
            assert_eq!(batch.receive(here.as_fd()).unwrap(), 1);
            assert_eq!(batch.datagram(0).unwrap().to, Some(to.0));
        }
    }
}
