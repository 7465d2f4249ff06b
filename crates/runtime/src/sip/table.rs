//! Which connections are open, who opened them, and how a message finds one.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use plenum_sip_msg::Host;
use plenum_sip_ua::{ConnectionId, Flow, PEER_NAMES_MAX, PeerId, Transport};
use rustls::pki_types::ServerName;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::SipLimits;
use super::queue::Queue;

/// All connections, and the names of peers.
#[derive(Debug, Default)]
pub(super) struct Table {
    by_id: HashMap<ConnectionId, Entry>,
    by_route: HashMap<Route, ConnectionId>,
    by_source: HashMap<Source, usize>,
    peers: BTreeMap<PeerId, ServerName<'static>>,
    pub(super) tasks: JoinSet<()>,
    is_closed: bool,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) route: Route,
    pub(super) origin: Origin,
    pub(super) queue: Queue,
    /// Ends its task.
    pub(super) end: Arc<Notify>,
    /// How often it is pinged.
    pub(super) keep_alive: watch::Sender<Option<Duration>>,
}

/// What a connection must lead to so that a message may use it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Route {
    pub(super) transport: Transport,
    pub(super) remote: SocketAddr,
    /// Who has proved to be there, on a TLS connection that we opened.
    pub(super) name: Option<ServerName<'static>>,
}

/// Who opened a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Ours,
    Theirs,
}

/// Who is counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Source {
    V4([u8; 4]),
    /// One site: its machines choose the other half freely.
    V6([u8; 8]),
}

/// Why a connection is one too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Closed,
    Total,
    Source,
}

/// A flow names a peer that is not known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UnknownPeer;

impl Table {
    /// Says what a number stands for; `false` if no certificate can show such a name.
    pub(super) fn name_peer(&mut self, peer: PeerId, name: &Host) -> bool {
        let name = match name {
            Host::Name(name) => ServerName::try_from(name.as_str())
                .ok()
                .map(|name| name.to_owned()),
            Host::V4(address) => Some(ServerName::from(IpAddr::V4(*address))),
            Host::V6(address) => Some(ServerName::from(IpAddr::V6(*address))),
        };
        let Some(name) = name else { return false };
        self.peers.insert(peer, name);
        // The machine forgets in the same order.
        while self.peers.len() > PEER_NAMES_MAX {
            self.peers.pop_first();
        }
        true
    }

    /// Returns what a connection for a message must lead to.
    pub(super) fn route(&self, flow: &Flow) -> Result<Route, UnknownPeer> {
        let name = match (flow.transport, flow.peer) {
            (Transport::Tls, Some(peer)) => Some(self.peers.get(&peer).ok_or(UnknownPeer)?.clone()),
            (Transport::Tls, None) => Some(ServerName::from(flow.remote.ip().to_canonical())),
            _ => None,
        };
        Ok(Route {
            transport: flow.transport,
            remote: flow.remote,
            name,
        })
    }

    pub(super) fn find(&self, route: &Route) -> Option<ConnectionId> {
        self.by_route.get(route).copied()
    }

    pub(super) fn entry(&self, id: ConnectionId) -> Option<&Entry> {
        self.by_id.get(&id)
    }

    /// Tells whether there is room for one more.
    pub(super) fn admit(
        &self,
        limits: &SipLimits,
        origin: Origin,
        remote: SocketAddr,
    ) -> Result<(), Refusal> {
        if self.is_closed {
            return Err(Refusal::Closed);
        }
        if self.by_id.len() >= limits.connections_max {
            return Err(Refusal::Total);
        }
        let open = self.by_source.get(&Source::of(remote)).copied();
        if origin == Origin::Theirs && open.unwrap_or(0) >= limits.connections_per_source_max {
            return Err(Refusal::Source);
        }
        Ok(())
    }

    pub(super) fn insert(&mut self, id: ConnectionId, entry: Entry) {
        if entry.origin == Origin::Theirs {
            *self
                .by_source
                .entry(Source::of(entry.route.remote))
                .or_default() += 1;
        }
        self.by_route.insert(entry.route.clone(), id);
        self.by_id.insert(id, entry);
    }

    pub(super) fn remove(&mut self, id: ConnectionId) {
        let Some(entry) = self.by_id.remove(&id) else {
            return;
        };
        if self.by_route.get(&entry.route) == Some(&id) {
            self.by_route.remove(&entry.route);
        }
        let source = Source::of(entry.route.remote);
        if entry.origin == Origin::Theirs
            && let Some(open) = self.by_source.get_mut(&source)
        {
            *open -= 1;
            if *open == 0 {
                self.by_source.remove(&source);
            }
        }
    }

    /// Forgets all connections, which end when they have written what waits, and returns their
    /// tasks.
    pub(super) fn close(&mut self) -> JoinSet<()> {
        self.is_closed = true;
        self.by_id.clear();
        self.by_route.clear();
        self.by_source.clear();
        std::mem::take(&mut self.tasks)
    }
}

impl Source {
    fn of(remote: SocketAddr) -> Self {
        match remote.ip().to_canonical() {
            IpAddr::V4(v4) => Self::V4(v4.octets()),
            IpAddr::V6(v6) => {
                let [a, b, c, d, e, f, g, h, ..] = v6.octets();
                Self::V6([a, b, c, d, e, f, g, h])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machines_of_one_site_are_one_source() {
        let source = |text: &str| Source::of(text.parse().unwrap());
        assert_eq!(source("[2001:db8::1]:1"), source("[2001:db8::ff:2]:2"));
        assert_ne!(source("[2001:db8::1]:1"), source("[2001:db8:0:1::1]:1"));
        assert_ne!(source("192.0.2.1:1"), source("192.0.2.2:1"));
        assert_eq!(source("192.0.2.1:1"), source("[::ffff:192.0.2.1]:1"));
    }

    #[test]
    fn names_are_forgotten_in_the_order_in_which_they_came() {
        let mut table = Table::default();
        for number in 0..=PEER_NAMES_MAX as u64 {
            assert!(table.name_peer(PeerId(number), &Host::Name(format!("h{number}.example"))));
        }
        let (local, remote) = (
            "127.0.0.1:1".parse().unwrap(),
            "127.0.0.1:2".parse().unwrap(),
        );
        let flow = Flow::to(Transport::Tls, local, remote);
        assert_eq!(table.route(&flow.to_peer(PeerId(0))), Err(UnknownPeer));
        let route = table.route(&flow.to_peer(PeerId(1))).unwrap();
        assert_eq!(
            route.name,
            Some(ServerName::try_from("h1.example").unwrap())
        );
        assert!(
            table.route(&flow).unwrap().name.is_some(),
            "the address itself"
        );
    }
}
