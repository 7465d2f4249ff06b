use std::mem;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// Room for the address of either family: an IPv6 address is the larger one.
pub(super) type Name = libc::sockaddr_in6;

/// The length of [`Name`], as the kernel wants it.
pub(super) const NAME_LEN: libc::socklen_t = mem::size_of::<Name>() as libc::socklen_t;

/// Returns an empty address.
pub(super) fn no_name() -> Name {
    // SAFETY: a C structure of integers, for which all zeroes is a value.
    unsafe { mem::zeroed() }
}

/// Writes an address where the kernel reads it; returns its length.
pub(super) fn write_name(address: SocketAddr, name: &mut Name) -> libc::socklen_t {
    match address {
        SocketAddr::V4(v4) => {
            let short = libc::sockaddr_in {
                sin_family: libc::AF_INET as libc::sa_family_t,
                sin_port: v4.port().to_be(),
                sin_addr: libc::in_addr {
                    s_addr: u32::from_ne_bytes(v4.ip().octets()),
                },
                sin_zero: [0; 8],
            };
            // SAFETY: `sockaddr_in` is shorter than `sockaddr_in6`, and `Name` outlives the write.
            unsafe {
                std::ptr::from_mut(name)
                    .cast::<libc::sockaddr_in>()
                    .write_unaligned(short)
            };
            mem::size_of::<libc::sockaddr_in>() as libc::socklen_t
        }
        SocketAddr::V6(v6) => {
            *name = libc::sockaddr_in6 {
                sin6_family: libc::AF_INET6 as libc::sa_family_t,
                sin6_port: v6.port().to_be(),
                sin6_flowinfo: v6.flowinfo(),
                sin6_addr: libc::in6_addr {
                    s6_addr: v6.ip().octets(),
                },
                sin6_scope_id: v6.scope_id(),
            };
            NAME_LEN
        }
    }
}

/// Reads an address that the kernel wrote; `None` for a family other than IPv4 and IPv6.
pub(super) fn read_name(name: &Name) -> Option<SocketAddr> {
    match libc::c_int::from(name.sin6_family) {
        libc::AF_INET => {
            // SAFETY: the family says that the kernel wrote a `sockaddr_in`, which is shorter than
            // the `Name` it wrote it into.
            let short = unsafe {
                std::ptr::from_ref(name)
                    .cast::<libc::sockaddr_in>()
                    .read_unaligned()
            };
            let ip = Ipv4Addr::from(short.sin_addr.s_addr.to_ne_bytes());
            Some(SocketAddrV4::new(ip, u16::from_be(short.sin_port)).into())
        }
        libc::AF_INET6 => {
            let ip = Ipv6Addr::from(name.sin6_addr.s6_addr);
            let port = u16::from_be(name.sin6_port);
            Some(SocketAddrV6::new(ip, port, name.sin6_flowinfo, name.sin6_scope_id).into())
        }
        _ => None,
    }
}

/// Reads the address a datagram was sent to from its control messages, if the socket asks for it.
pub(super) fn read_destination(header: &libc::msghdr) -> Option<IpAddr> {
    // SAFETY: `header` was filled by `recvmmsg`, so its control pointer and length describe the
    // control messages in a buffer that lives as long as the header.
    let mut control = unsafe { libc::CMSG_FIRSTHDR(header) };
    // SAFETY: `control` is null or points to a complete control message inside that buffer.
    while let Some(message) = unsafe { control.as_ref() } {
        // SAFETY: the data of a complete control message follows its header.
        let data = unsafe { libc::CMSG_DATA(message) };
        match (message.cmsg_level, message.cmsg_type) {
            (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                // SAFETY: level and type say that the data is an `in_pktinfo`.
                let info = unsafe { data.cast::<libc::in_pktinfo>().read_unaligned() };
                return Some(Ipv4Addr::from(info.ipi_addr.s_addr.to_ne_bytes()).into());
            }
            (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                // SAFETY: level and type say that the data is an `in6_pktinfo`.
                let info = unsafe { data.cast::<libc::in6_pktinfo>().read_unaligned() };
                return Some(Ipv6Addr::from(info.ipi6_addr.s6_addr).into());
            }
            _ => {}
        }
        // SAFETY: `control` points into the control buffer of `header`.
        control = unsafe { libc::CMSG_NXTHDR(header, control) };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back_as_it_was_written() {
        for text in [
            "192.0.2.7:5060",
            "[2001:db8::1%3]:20000",
            "[::]:0",
            "255.255.255.255:65535",
        ] {
            let address: SocketAddr = text.parse().unwrap();
            let mut name = no_name();
            write_name(address, &mut name);
            assert_eq!(read_name(&name), Some(address));
        }
        assert_eq!(read_name(&no_name()), None);
    }
}
