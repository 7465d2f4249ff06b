use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

/// The port of the first binding.
const FIRST_PORT: u16 = 10_000;

/// A NAT with one mapping an inside address, which lets in only whom the inside has written to
/// (RFC 4787 sections 4.1 and 5: endpoint-independent mapping, address-dependent filtering).
#[derive(Debug)]
pub(crate) struct Nat {
    public: IpAddr,
    next_port: u16,
    outside: BTreeMap<SocketAddr, u16>,
    inside: BTreeMap<u16, Binding>,
}

#[derive(Debug)]
struct Binding {
    inside: SocketAddr,
    peers: BTreeSet<IpAddr>,
}

impl Nat {
    pub(crate) fn new(public: IpAddr) -> Self {
        let (outside, inside) = (BTreeMap::new(), BTreeMap::new());
        Self {
            public,
            next_port: FIRST_PORT,
            outside,
            inside,
        }
    }

    /// Translates the source of a datagram to `to`.
    pub(crate) fn outward(&mut self, from: SocketAddr, to: SocketAddr) -> SocketAddr {
        let next_port = &mut self.next_port;
        let port = *self.outside.entry(from).or_insert_with(|| {
            let port = *next_port;
            *next_port = next_port.checked_add(1).unwrap_or(FIRST_PORT);
            port
        });
        let binding = self.inside.entry(port).or_insert(Binding {
            inside: from,
            peers: BTreeSet::new(),
        });
        binding.peers.insert(to.ip());
        SocketAddr::new(self.public, port)
    }

    /// Finds who inside a datagram from `from` is for.
    pub(crate) fn inward(&self, to: SocketAddr, from: SocketAddr) -> Option<SocketAddr> {
        let binding = self.inside.get(&to.port())?;
        binding.peers.contains(&from.ip()).then_some(binding.inside)
    }

    /// Forgets every binding, and goes on with other ports.
    pub(crate) fn rebind(&mut self) {
        self.outside.clear();
        self.inside.clear();
    }
}
