use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use plenum_control::{Input, Output, SoundJob, SoundName};
use plenum_media::{LegId, MediaCommand, MediaNotice};
use plenum_time::Instant;
use tokio::net::UdpSocket;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

use super::*;

/// Bounds each wait, so that a test that would hang fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// Answers each datagram with itself, does what it is asked, and tells what it was told.
struct Echo {
    told: UnboundedSender<Input>,
    due: Option<Instant>,
    timeouts: u64,
    datagrams: u64,
    draining: bool,
    /// Whether it ends when it is drained.
    obedient: bool,
    /// What a turn that panicked had left to send.
    left: VecDeque<Output>,
    /// Recoveries that are to panic.
    bad_recoveries: usize,
}

enum Ask {
    Timeouts,
    Order(Box<Output>),
    WakeIn(Duration),
    Panic,
    /// Panics now and in so many recoveries.
    PanicOften(usize),
}

impl Machine for Echo {
    type Request = Ask;
    type Reply = u64;
    type Outbox = VecDeque<Output>;

    fn pop(out: &mut Self::Outbox) -> Option<Output> {
        out.pop_front()
    }

    fn handle(&mut self, _now: Instant, input: Input, out: &mut Self::Outbox) {
        if let Input::Datagram { flow, bytes } = input {
            if bytes == "half" {
                let bytes = Bytes::from_static(b"other half");
                self.left.push_back(Output::Send { flow, bytes });
                panic!("a fault in the middle of a turn");
            }
            assert_ne!(bytes, "bug", "a fault in the machine");
            self.datagrams += 1;
            out.push_back(Output::Send { flow, bytes });
        } else {
            let _ = self.told.send(input);
        }
    }

    fn timeout(&mut self, now: Instant, _out: &mut Self::Outbox) {
        assert!(self.due.is_some_and(|due| due <= now));
        self.due = None;
        self.timeouts += 1;
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.due
    }

    fn request(&mut self, now: Instant, request: Ask, out: &mut Self::Outbox) -> u64 {
        match request {
            Ask::Timeouts => {}
            Ask::Order(order) => out.push_back(*order),
            Ask::WakeIn(after) => self.due = Some(now + after),
            Ask::Panic => panic!("a fault in the machine"),
            Ask::PanicOften(times) => {
                self.bad_recoveries = times;
                panic!("a fault in the machine")
            }
        }
        self.timeouts
    }

    fn journal_head(&self) -> u64 {
        self.datagrams
    }

    fn recover(&mut self, _now: Instant, out: &mut Self::Outbox) {
        if self.bad_recoveries > 0 {
            self.bad_recoveries -= 1;
            panic!("a fault in the recovery");
        }
        out.append(&mut self.left);
    }

    fn drain(&mut self, _now: Instant, _out: &mut Self::Outbox) {
        self.draining = true;
    }

    fn is_drained(&self) -> bool {
        self.draining && self.obedient
    }
}

struct Story {
    server: Server<Echo>,
    told: UnboundedReceiver<Input>,
    phone: UdpSocket,
}

impl Story {
    async fn begin(obedient: bool) -> Self {
        let loopback = IpAddr::from(Ipv4Addr::LOCALHOST);
        let first = 10_000 + 32 * u16::try_from(std::process::id() % 300).unwrap();
        let config = ServerConfig {
            sip: vec!["udp://127.0.0.1:0".parse().unwrap()],
            sip_options: SipOptions::default(),
            rtp_bind: loopback.into(),
            rtp_ports: PortRange::new(first, first + 2000).unwrap(),
            shards: ServerConfig::shards(1, false, &ShardConfig::default()),
            files: FilesConfig::default(),
        };
        let (told, told_queue) = unbounded_channel();
        let build = |_: &Facts, _: &mut VecDeque<Output>| Echo {
            told,
            due: None,
            timeouts: 0,
            datagrams: 0,
            draining: false,
            obedient,
            left: VecDeque::new(),
            bad_recoveries: 0,
        };
        let server = Server::start(config, build).await.unwrap();
        Self {
            server,
            told: told_queue,
            phone: UdpSocket::bind((loopback, 0)).await.unwrap(),
        }
    }

    fn address(&self) -> SocketAddr {
        self.server.facts().sip[0].address
    }

    async fn ask(&self, ask: Ask) -> Result<u64, RequestError> {
        timeout(PATIENCE, self.server.handle().request(ask))
            .await
            .expect("a reply in time")
    }

    async fn told(&mut self) -> Input {
        timeout(PATIENCE, self.told.recv())
            .await
            .expect("an input in time")
            .unwrap()
    }

    async fn echo(&self, text: &str) -> String {
        self.phone
            .send_to(text.as_bytes(), self.address())
            .await
            .unwrap();
        let mut buffer = [0; 64];
        let len = timeout(PATIENCE, self.phone.recv(&mut buffer))
            .await
            .unwrap()
            .unwrap();
        String::from_utf8(buffer[..len].to_vec()).unwrap()
    }
}

#[tokio::test]
async fn the_machine_answers_datagrams_and_the_journal_wakes_its_readers() {
    let story = Story::begin(true).await;
    let mut journal = story.server.handle().journal();
    assert_eq!(*journal.borrow_and_update(), 0);
    assert_eq!(story.echo("one").await, "one");
    timeout(PATIENCE, journal.wait_for(|head| *head == 1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(story.server.handle().metrics().read().inputs, 1);
    assert_eq!(story.server.sip_metrics().read().datagrams_out, 1);
}

#[tokio::test]
async fn what_is_due_is_done_without_any_input() {
    let story = Story::begin(true).await;
    story
        .ask(Ask::WakeIn(Duration::from_millis(5)))
        .await
        .unwrap();
    let done = async { while story.ask(Ask::Timeouts).await.unwrap() == 0 {} };
    timeout(PATIENCE, done).await.unwrap();
    assert_eq!(story.ask(Ask::Timeouts).await, Ok(1));
}

#[tokio::test]
async fn ports_are_bound_named_and_usable() {
    let mut story = Story::begin(true).await;
    let order = Output::BindPorts {
        shard: ShardId(0),
        count: 3,
    };
    story.ask(Ask::Order(Box::new(order))).await.unwrap();
    let Input::PortsBound {
        shard,
        ports,
        shortage,
    } = story.told().await
    else {
        panic!("ports were to be bound")
    };
    assert_eq!((shard, ports.len(), shortage), (ShardId(0), 3, None));
    for (index, (port, rtp_port)) in ports.iter().enumerate() {
        assert_eq!(port.0 as usize, index);
        assert_eq!(rtp_port % 2, 0);
        assert!(std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, *rtp_port)).is_err());
    }
}

#[tokio::test]
async fn a_range_that_is_used_up_is_reported_with_what_there_was() {
    let mut story = Story::begin(true).await;
    let order = Output::BindPorts {
        shard: ShardId(0),
        count: 5000,
    };
    story.ask(Ask::Order(Box::new(order))).await.unwrap();
    let Input::PortsBound {
        ports, shortage, ..
    } = story.told().await
    else {
        panic!("ports were to be bound")
    };
    assert!(!ports.is_empty() && ports.len() <= 1000);
    assert!(shortage.unwrap().contains("RTP port pairs could be bound"));
}

#[tokio::test]
async fn sounds_and_shards_answer_the_machine() {
    let mut story = Story::begin(true).await;
    let (job, sound) = (SoundJob(4), SoundName::File("missing".to_owned()));
    story
        .ask(Ask::Order(Box::new(Output::LoadSound { job, sound })))
        .await
        .unwrap();
    let Input::SoundLoaded {
        job: SoundJob(4),
        outcome: Err(sentence),
    } = story.told().await
    else {
        panic!("a sound was to be missing")
    };
    assert!(sentence.starts_with("no sound \"missing\""), "{sentence}");
    let command = MediaCommand::ReportStats { leg: LegId(77) };
    let order = Output::Media {
        shard: ShardId(0),
        command,
    };
    story.ask(Ask::Order(Box::new(order))).await.unwrap();
    match story.told().await {
        Input::Media {
            shard: ShardId(0),
            notice: MediaNotice::Refused { .. },
        } => {}
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_cannot_be_sent_is_told_at_once() {
    let mut story = Story::begin(true).await;
    let (local, remote) = (story.address(), "[::1]:9".parse().unwrap());
    let flow = plenum_sip_ua::Flow::udp(local, remote);
    let order = Output::Send {
        flow,
        bytes: Bytes::from_static(b"x"),
    };
    story.ask(Ask::Order(Box::new(order))).await.unwrap();
    assert!(matches!(story.told().await, Input::Undeliverable { .. }));
}

#[tokio::test]
async fn a_fault_of_the_machine_costs_one_input_and_is_counted() {
    let story = Story::begin(true).await;
    story.phone.send_to(b"bug", story.address()).await.unwrap();
    assert_eq!(story.echo("still here").await, "still here");
    assert_eq!(story.ask(Ask::Panic).await, Err(RequestError::Failed));
    assert_eq!(story.ask(Ask::Timeouts).await, Ok(0));
    assert_eq!(story.server.handle().metrics().read().panics, 2);
}

#[tokio::test]
async fn the_machine_recovers_and_does_what_a_fault_had_left() {
    let story = Story::begin(true).await;
    assert_eq!(story.echo("half").await, "other half");
    assert_eq!(story.server.handle().metrics().read().panics, 1);
}

#[tokio::test]
async fn a_recovery_that_panics_is_counted_and_tried_again() {
    let story = Story::begin(true).await;
    let failed = Err(RequestError::Failed);
    assert_eq!(story.ask(Ask::PanicOften(2)).await, failed);
    assert_eq!(story.echo("half").await, "other half");
    assert_eq!(story.server.handle().metrics().read().panics, 4);
    assert_eq!(story.ask(Ask::PanicOften(usize::MAX)).await, failed);
    assert_eq!(story.echo("still here").await, "still here");
}

#[tokio::test]
async fn a_shutdown_drains_closes_and_ends() {
    let story = Story::begin(true).await;
    let address = story.address();
    let handle = story.server.handle().clone();
    let ending = timeout(PATIENCE, handle.shut_down(PATIENCE)).await.unwrap();
    assert_eq!(ending, Ok(Ending::Drained));
    assert_eq!(
        handle.request(Ask::Timeouts).await,
        Err(RequestError::Stopped)
    );
    assert_eq!(handle.shut_down(PATIENCE).await, Err(RequestError::Stopped));
    std::net::UdpSocket::bind(address).expect("the port is free again");
}

#[tokio::test]
async fn a_machine_that_does_not_finish_is_cut_off_when_the_time_is_up() {
    let story = Story::begin(false).await;
    let handle = story.server.handle().clone();
    let ending = timeout(PATIENCE, handle.shut_down(Duration::from_millis(10)))
        .await
        .unwrap();
    assert_eq!(ending, Ok(Ending::TimedOut));
}

#[tokio::test]
async fn dropping_the_server_frees_its_ports() {
    let story = Story::begin(true).await;
    let (address, handle) = (story.address(), story.server.handle().clone());
    drop(story);
    let ended = async { while handle.request(Ask::Timeouts).await.is_ok() {} };
    timeout(PATIENCE, ended).await.unwrap();
    let free = async {
        while std::net::UdpSocket::bind(address).is_err() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, free).await.unwrap();
}

#[test]
fn each_shard_has_a_core_of_its_own_where_there_are_enough() {
    let cores = permitted_cores();
    let config = ShardConfig::default();
    let count = u16::try_from(cores.len()).unwrap();
    let mut pinned: Vec<_> = ServerConfig::shards(count, true, &config)
        .iter()
        .filter_map(|shard| shard.cpu)
        .collect();
    pinned.dedup();
    assert_eq!(pinned.len(), if cores.len() > 1 { cores.len() } else { 0 });
    let crowded = ServerConfig::shards(count + 1, true, &config);
    assert!(crowded.iter().all(|shard| shard.cpu.is_none()));
}

#[tokio::test]
async fn a_busy_port_stops_the_start_with_a_sentence() {
    let story = Story::begin(true).await;
    let config = ServerConfig {
        sip: vec![story.server.facts().sip[0]],
        sip_options: SipOptions::default(),
        rtp_bind: IpAddr::from(Ipv4Addr::LOCALHOST).into(),
        rtp_ports: "20000-20001".parse().unwrap(),
        shards: Vec::new(),
        files: FilesConfig::default(),
    };
    let build = |_: &Facts, _: &mut VecDeque<Output>| unreachable!("nothing is built");
    let error = Server::<Echo>::start(config, build).await.unwrap_err();
    assert!(
        error.to_string().contains("the address is in use"),
        "{error}"
    );
}
