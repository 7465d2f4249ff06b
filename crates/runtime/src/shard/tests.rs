use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use plenum_codecs::Codec;
use plenum_control::Addresses;
use plenum_media::{LegId, Patch, StreamIdentity, StreamSetup};

use super::*;
use crate::rtp::{PortPool, PortRange};

/// Turns of a bounded wait; each waits for one packet or one notice at most 50 ms.
const TURNS_MAX: usize = 400;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A shard thread with one bound port pair.
struct Story {
    handle: ShardHandle,
    port: PortId,
    address: SocketAddr,
    rtcp: SocketAddr,
}

impl Story {
    fn begin() -> Self {
        Self::begin_at(LOOPBACK.into())
    }

    fn begin_at(bind: Addresses) -> Self {
        let options = ShardOptions {
            id: ShardId(0),
            cpu: None,
            real_time: false,
            config: ShardConfig::default(),
        };
        let wake = Arc::new(Notify::new());
        let mut handle = ShardThread::spawn(options, Clock::start(), wake).unwrap();
        let first = 22_000 + 32 * u16::try_from(std::process::id() % 300).unwrap();
        let mut pool = PortPool::new(bind, PortRange::new(first, first + 31).unwrap());
        let pair = pool.bind_pairs(1).0.pop().unwrap();
        let rtp_port = pair.port;
        let port = handle.add_port(pair).unwrap();
        handle.command(MediaCommand::AddPort { port }).unwrap();
        let address = SocketAddr::new(bind.first(), rtp_port);
        let rtcp = SocketAddr::new(bind.first(), rtp_port + 1);
        Self {
            handle,
            port,
            address,
            rtcp,
        }
    }

    fn echo_leg(&mut self, leg: LegId, phone: &UdpSocket) {
        let stream = StreamSetup {
            remote: Some(phone.local_addr().unwrap()),
            remote_rtcp: None,
            rtcp_mux: false,
            codec: Codec::Pcmu,
            send_payload_type: 0,
            receive: vec![(0, Codec::Pcmu)],
            send_event_type: None,
            receive_event_type: None,
            sends: true,
            receives: true,
            packet_time: Duration::from_millis(20),
        };
        let identity = StreamIdentity {
            ssrc: 7,
            sequence: 100,
            timestamp: 1000,
        };
        let port = self.port;
        let stream = Some(Box::new(stream));
        for command in [
            MediaCommand::AddLeg {
                leg,
                port,
                identity,
                stream,
            },
            MediaCommand::Connect {
                leg,
                to: Patch::Echo,
            },
        ] {
            self.handle.command(command).unwrap();
        }
    }

    fn figures_until(&self, enough: impl Fn(&ShardFigures) -> bool) -> ShardFigures {
        for _ in 0..TURNS_MAX {
            let figures = self.handle.metrics().read();
            if enough(&figures) {
                return figures;
            }
            thread::park_timeout(Duration::from_millis(10));
        }
        panic!("not in time: {:?}", self.handle.metrics().read());
    }

    fn notice(&mut self) -> MediaNotice {
        for _ in 0..TURNS_MAX {
            if let Some(notice) = self.handle.notice() {
                return notice;
            }
            thread::park_timeout(Duration::from_millis(10));
        }
        panic!("no notice in time");
    }
}

fn phone() -> UdpSocket {
    phone_at(LOOPBACK)
}

fn phone_at(ip: IpAddr) -> UdpSocket {
    let phone = UdpSocket::bind((ip, 0)).unwrap();
    phone
        .set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    phone
}

/// A packet of 20 ms of one G.711 octet.
fn packet(sequence: u16, octet: u8) -> Vec<u8> {
    let mut packet = vec![0x80, 0];
    packet.extend(sequence.to_be_bytes());
    packet.extend((u32::from(sequence) * 160).to_be_bytes());
    packet.extend(0xCAFE_u32.to_be_bytes());
    packet.extend([octet; 160]);
    packet
}

/// Talks to an echo until it has come back five times, from where it was sent to.
fn hears_itself(phone: &UdpSocket, echo: SocketAddr) {
    let (mut buffer, mut heard) = ([0; 2048], 0);
    for turn in 0..TURNS_MAX {
        phone
            .send_to(&packet(u16::try_from(turn).unwrap(), 0x20), echo)
            .unwrap();
        let Ok((len, sender)) = phone.recv_from(&mut buffer) else {
            continue;
        };
        assert_eq!((len, buffer[1] & 0x7F, sender), (172, 0, echo));
        heard += usize::from(buffer[12..172].iter().all(|octet| *octet == 0x20));
        if heard == 5 {
            return;
        }
    }
    panic!("the echo of {echo} came back {heard} times");
}

#[test]
fn a_phone_hears_itself_through_an_echo_leg() {
    let mut story = Story::begin();
    let phone = phone();
    story.echo_leg(LegId(1), &phone);
    hears_itself(&phone, story.address);
    let figures = story.figures_until(|figures| {
        figures.legs == 1 && figures.packets_in >= 5 && figures.packets_out >= 5
    });
    assert_eq!(
        (figures.panics, figures.send_errors, figures.ports),
        (0, 0, 1)
    );
    let total: u64 = figures.lateness.counts.iter().sum();
    assert!(total >= figures.slices);
}

#[test]
fn one_pair_serves_phones_of_both_families() {
    let both = Addresses::of(&[LOOPBACK, Ipv6Addr::LOCALHOST.into()]).unwrap();
    let mut story = Story::begin_at(both);
    let phones = both.iter().map(phone_at).collect::<Vec<_>>();
    for (leg, phone) in (1..).zip(&phones) {
        story.echo_leg(LegId(leg), phone);
    }
    for (ip, phone) in both.iter().zip(&phones) {
        hears_itself(phone, SocketAddr::new(ip, story.address.port()));
    }
    let figures = story.figures_until(|figures| figures.legs == 2);
    assert_eq!((figures.send_errors, figures.ports), (0, 1));
}

#[test]
fn rtcp_sockets_are_read_and_long_datagrams_are_counted() {
    let story = Story::begin();
    let phone = phone();
    phone.send_to(&[0; 8], story.rtcp).unwrap();
    phone
        .send_to(&[0x80; DATAGRAM_LEN_MAX + 1], story.address)
        .unwrap();
    let figures = story.figures_until(|figures| figures.packets_in == 2);
    assert_eq!(figures.packets_oversized, 1);
}

#[test]
fn a_refused_order_comes_back_as_a_notice_and_wakes_its_taker() {
    let mut story = Story::begin();
    story
        .handle
        .command(MediaCommand::ReportStats { leg: LegId(5) })
        .unwrap();
    assert!(matches!(story.notice(), MediaNotice::Refused { .. }));
}

#[test]
fn orders_beyond_the_queue_wait_and_arrive() {
    let mut story = Story::begin();
    let count = ORDERS_MAX as u64 + 1000;
    for leg in 0..count {
        story
            .handle
            .command(MediaCommand::ReportStats { leg: LegId(leg) })
            .unwrap();
    }
    let mut refused = 0;
    for _ in 0..TURNS_MAX {
        story.handle.flush();
        while let Some(MediaNotice::Refused { .. }) = story.handle.notice() {
            refused += 1;
        }
        if refused == count {
            break;
        }
        thread::park_timeout(Duration::from_millis(10));
    }
    assert_eq!(refused, count);
    assert!(!story.handle.is_behind());
}

#[test]
fn a_stopped_thread_frees_its_ports() {
    let story = Story::begin();
    let (address, rtcp) = (story.address, story.rtcp);
    story.handle.stop();
    UdpSocket::bind(address).unwrap();
    UdpSocket::bind(rtcp).unwrap();
}

#[test]
fn pinning_to_a_core_that_does_not_exist_is_no_reason_not_to_start() {
    let options = ShardOptions {
        id: ShardId(3),
        cpu: Some(1000),
        real_time: true,
        config: ShardConfig::default(),
    };
    let handle = ShardThread::spawn(options, Clock::start(), Arc::new(Notify::new())).unwrap();
    assert_ne!(handle.scheduling(), Scheduling::Ordinary);
    assert_eq!(handle.id(), ShardId(3));
}
