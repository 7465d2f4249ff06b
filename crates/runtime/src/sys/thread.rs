use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

/// `SO_MEMINFO` of `asm-generic/socket.h`: memory and drop counts of a socket.
const SO_MEMINFO: libc::c_int = 55;

/// Words that the kernel fills for `SO_MEMINFO`.
const MEMINFO_WORDS: usize = 9;

/// Asks that the calling thread runs before all ordinary threads (`SCHED_FIFO`).
///
/// Threads and processes that it starts do not inherit this.
///
/// # Errors
///
/// `PermissionDenied` without the capability `CAP_SYS_NICE` or a sufficient `RLIMIT_RTPRIO`.
pub(crate) fn request_real_time(priority: i32) -> io::Result<()> {
    // SAFETY: a C structure of integers, for which all zeroes is a value.
    let mut parameter: libc::sched_param = unsafe { mem::zeroed() };
    parameter.sched_priority = priority;
    let policy = libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK;
    // SAFETY: `parameter` is a complete structure that the kernel only reads; 0 names the calling
    // thread.
    let outcome = unsafe { libc::sched_setscheduler(0, policy, ptr::from_ref(&parameter)) };
    if outcome == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Returns how many datagrams the kernel dropped on a socket because its buffer was full.
///
/// # Errors
///
/// What the kernel says, for one older than Linux 4.12.
pub(crate) fn kernel_drops(socket: BorrowedFd<'_>) -> io::Result<u32> {
    let mut words = [0u32; MEMINFO_WORDS];
    let mut len = mem::size_of_val(&words) as libc::socklen_t;
    // SAFETY: `words` has `len` octets, which the kernel fills at most.
    let outcome = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            SO_MEMINFO,
            words.as_mut_ptr().cast(),
            ptr::from_mut(&mut len),
        )
    };
    if outcome == 0 {
        Ok(words[libc::SK_MEMINFO_DROPS as usize])
    } else {
        Err(io::Error::last_os_error())
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn the_kernel_counts_what_a_full_socket_dropped() {
        let here = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket2::SockRef::from(&here)
            .set_recv_buffer_size(4096)
            .unwrap();
        assert_eq!(kernel_drops(here.as_fd()).unwrap(), 0);
        let there = UdpSocket::bind("127.0.0.1:0").unwrap();
        for _ in 0..100 {
            there
                .send_to(&[0; 1000], here.local_addr().unwrap())
                .unwrap();
        }
        assert!(kernel_drops(here.as_fd()).unwrap() > 0);
    }
}
