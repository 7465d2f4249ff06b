//! The virtual network: links that lose and delay, and NATs that translate.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;

use crate::dice::Dice;

mod nat;

pub(crate) use nat::Nat;

/// How much later a datagram comes that others overtake.
const OVERTAKEN_BY: Duration = Duration::from_millis(35);

/// What a link does to datagrams, each way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Of a thousand datagrams so many are lost.
    pub loss_permille: u16,
    /// Of a thousand datagrams so many come twice.
    pub duplicates_permille: u16,
    /// Of a thousand datagrams so many are overtaken by those behind them.
    pub reordered_permille: u16,
    /// How long each datagram takes at least.
    pub delay: Duration,
    /// How much longer it may take.
    pub jitter: Duration,
    /// Whether nothing passes at all.
    pub cut: bool,
}

impl Link {
    /// A wire in a building.
    pub const GOOD: Self = Self {
        loss_permille: 0,
        duplicates_permille: 0,
        reordered_permille: 0,
        delay: Duration::from_millis(2),
        jitter: Duration::from_millis(1),
        cut: false,
    };

    /// A crowded radio cell: a tenth is lost, some is doubled and overtaken.
    pub const LOSSY: Self = Self {
        loss_permille: 100,
        duplicates_permille: 20,
        reordered_permille: 20,
        delay: Duration::from_millis(20),
        jitter: Duration::from_millis(15),
        cut: false,
    };

    /// A cable that somebody pulled.
    pub const CUT: Self = Self {
        cut: true,
        ..Self::GOOD
    };
}

/// One datagram under way.
#[derive(Clone, Debug)]
pub(crate) struct Datagram {
    /// Where it comes from, as its receiver sees it.
    pub(crate) from: SocketAddr,
    /// Where it goes, as its sender wrote it.
    pub(crate) to: SocketAddr,
    pub(crate) bytes: Bytes,
}

/// Names a phone of the world by its number.
pub(crate) type Host = usize;

/// Who sits where, and what lies between.
///
/// The server stands in the open. Each phone has a link of its own and, if it wants, a NAT.
#[derive(Debug)]
pub(crate) struct Network {
    dice: Dice,
    ports: Vec<Port>,
    public: BTreeMap<IpAddr, Host>,
    pub(crate) lost: u64,
}

/// Where a phone is plugged in.
#[derive(Debug)]
struct Port {
    link: Link,
    nat: Option<Nat>,
}

impl Network {
    pub(crate) fn new(dice: Dice) -> Self {
        Self {
            dice,
            ports: Vec::new(),
            public: BTreeMap::new(),
            lost: 0,
        }
    }

    /// Plugs a phone in; `public` is how the world sees it.
    pub(crate) fn plug(&mut self, public: IpAddr, nat: bool, link: Link) -> Host {
        let host = self.ports.len();
        let nat = nat.then(|| Nat::new(public));
        self.ports.push(Port { link, nat });
        self.public.insert(public, host);
        host
    }

    pub(crate) fn set_link(&mut self, host: Host, link: Link) {
        self.ports[host].link = link;
    }

    /// Forgets all bindings of a phone's NAT: what it sends from here on has other ports.
    pub(crate) fn rebind(&mut self, host: Host) {
        if let Some(nat) = &mut self.ports[host].nat {
            nat.rebind();
        }
    }

    /// Takes a datagram of a phone; returns it as the server sees it, and when it comes.
    pub(crate) fn leave_phone(&mut self, host: Host, mut datagram: Datagram) -> Transit {
        let port = &mut self.ports[host];
        if let Some(nat) = &mut port.nat {
            datagram.from = nat.outward(datagram.from, datagram.to);
        }
        let arrivals = self.arrivals(host);
        Transit { datagram, arrivals }
    }

    /// Takes a datagram of the server; `None` if no phone is reached that way.
    pub(crate) fn leave_server(&mut self, datagram: Datagram) -> Option<(Host, Transit)> {
        let host = *self.public.get(&datagram.to.ip())?;
        let arrivals = self.arrivals(host);
        Some((host, Transit { datagram, arrivals }))
    }

    /// Lets a datagram in at a phone's end: the NAT says who it is for, if it is for anybody.
    pub(crate) fn enter(&mut self, host: Host, datagram: Datagram) -> Option<Datagram> {
        match &self.ports[host].nat {
            None => Some(datagram),
            Some(nat) => {
                let to = nat.inward(datagram.to, datagram.from)?;
                Some(Datagram { to, ..datagram })
            }
        }
    }

    /// Draws how long a datagram takes: not at all, once, or twice.
    fn arrivals(&mut self, host: Host) -> Vec<Duration> {
        let (link, dice) = (self.ports[host].link, &mut self.dice);
        if link.cut || dice.chance(link.loss_permille) {
            self.lost += 1;
            return Vec::new();
        }
        let copies = 1 + usize::from(dice.chance(link.duplicates_permille));
        let mut travel = || {
            let late = dice.chance(link.reordered_permille);
            let extra = if late { OVERTAKEN_BY } else { Duration::ZERO };
            link.delay + dice.duration(link.jitter) + extra
        };
        (0..copies).map(|_| travel()).collect()
    }
}

/// A datagram with how long each copy of it takes.
#[derive(Debug)]
pub(crate) struct Transit {
    pub(crate) datagram: Datagram,
    pub(crate) arrivals: Vec<Duration>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: &str = "192.0.2.1:5060";

    fn datagram(from: &str, to: &str) -> Datagram {
        let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
        Datagram {
            from,
            to,
            bytes: Bytes::from_static(b"x"),
        }
    }

    fn network(link: Link, nat: bool) -> Network {
        let mut network = Network::new(Dice::new(1));
        network.plug("203.0.113.10".parse().unwrap(), nat, link);
        network
    }

    #[test]
    fn a_good_link_delivers_everything_once() {
        let mut network = network(Link::GOOD, false);
        for _ in 0..100 {
            let sent = datagram("203.0.113.10:5060", SERVER);
            assert_eq!(network.leave_phone(0, sent).arrivals.len(), 1);
        }
        assert!(
            network
                .leave_server(datagram(SERVER, "203.0.113.10:9"))
                .is_some()
        );
        assert!(
            network
                .leave_server(datagram(SERVER, "10.0.0.1:9"))
                .is_none()
        );
    }

    #[test]
    fn a_lossy_link_loses_about_what_it_says_and_a_cut_one_everything() {
        let mut network = network(Link::LOSSY, false);
        let count = |network: &mut Network| -> usize {
            let sent = || datagram("203.0.113.10:5060", SERVER);
            (0..1_000)
                .map(|_| network.leave_phone(0, sent()).arrivals.len())
                .sum()
        };
        let came = count(&mut network);
        assert!((870..970).contains(&came), "{came}");
        network.set_link(0, Link::CUT);
        assert_eq!(count(&mut network), 0);
    }

    #[test]
    fn a_nat_hides_the_phone_and_lets_answers_in() {
        let mut network = network(Link::GOOD, true);
        let sent = network
            .leave_phone(0, datagram("192.168.1.10:5060", SERVER))
            .datagram;
        assert_eq!(sent.from.ip().to_string(), "203.0.113.10");
        let answer = Datagram {
            from: sent.to,
            to: sent.from,
            bytes: Bytes::new(),
        };
        let entered = network.enter(0, answer.clone()).unwrap();
        assert_eq!(entered.to.to_string(), "192.168.1.10:5060");
        let stranger = Datagram {
            from: "198.51.100.9:1".parse().unwrap(),
            ..answer.clone()
        };
        assert!(network.enter(0, stranger).is_none());
        network.rebind(0);
        assert!(network.enter(0, answer).is_none());
        let again = network
            .leave_phone(0, datagram("192.168.1.10:5060", SERVER))
            .datagram;
        assert_ne!(again.from, sent.from);
    }
}
