//! What slow, silent and many peers get. Time is virtual where it matters.

use std::sync::Arc;

use plenum_sip_ua::ConnectionId;
use socket2::SockRef;
use tokio::io::{DuplexStream, duplex};
use tokio::net::TcpSocket;
use tokio::sync::watch;
use tokio::time::{Instant, advance};

use super::*;
use crate::process::raise_open_files_limit;
use crate::sip::connection::{Connection, Ended};
use crate::sip::queue::{Queue, queue};
use crate::sip::streams::Shared;

/// One connection without a socket.
struct Pipe {
    peer: DuplexStream,
    queue: Queue,
    keep_alive: watch::Sender<Option<Duration>>,
    inputs: mpsc::Receiver<Input>,
    ended: tokio::task::JoinHandle<Ended>,
    begun: Instant,
}

impl Pipe {
    /// Opens one whose system takes `room` octets that the peer has not read.
    fn open(limits: SipLimits, room: usize) -> Self {
        let (sender, inputs) = mpsc::channel(64);
        let shared = Shared::new(limits.into(), sender, Arc::default());
        let (peer, ours) = duplex(room);
        let (queue, waiting) = queue(&limits);
        let (keep_alive, pinged) = watch::channel(None);
        let (local, remote) = (
            "127.0.0.1:1".parse().unwrap(),
            "127.0.0.1:2".parse().unwrap(),
        );
        let begun = Instant::now();
        let ended = tokio::spawn(async move {
            let connection = Connection {
                shared: &shared,
                flow: Flow::tcp(local, remote, ConnectionId(1)),
                first_due: Some(begun + limits.first_message),
            };
            connection.run(ours, waiting, pinged).await
        });
        Self {
            peer,
            queue,
            keep_alive,
            inputs,
            ended,
            begun,
        }
    }

    /// Waits for the end; returns it with the time it took.
    async fn end(&mut self) -> (Ended, Duration) {
        let ended = (&mut self.ended).await.unwrap();
        (ended, self.begun.elapsed())
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_sender_is_cut_off_when_its_first_message_is_due() {
    let mut pipe = Pipe::open(SipLimits::default(), 4096);
    for octet in message("slow").into_iter().take(9) {
        pipe.peer.write_all(&[octet]).await.unwrap();
        advance(Duration::from_secs(2)).await;
    }
    let (ended, after) = pipe.end().await;
    assert!(matches!(ended, Ended::HalfOpen), "{ended}");
    assert_eq!(after, SipLimits::default().first_message);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_begins_must_end() {
    let mut pipe = Pipe::open(SipLimits::default(), 4096);
    pipe.peer.write_all(&message("one")).await.unwrap();
    assert!(matches!(
        pipe.inputs.recv().await,
        Some(Input::Framed { .. })
    ));
    advance(Duration::from_secs(60)).await;
    pipe.peer.write_all(b"OPTIONS sip:a").await.unwrap();
    let (ended, after) = pipe.end().await;
    assert!(matches!(ended, Ended::Unfinished), "{ended}");
    assert_eq!(
        after,
        Duration::from_secs(60) + SipLimits::default().message
    );
}

#[tokio::test(start_paused = true)]
async fn keep_alives_hold_a_connection_and_silence_ends_it() {
    let limits = SipLimits::default();
    let mut pipe = Pipe::open(limits, 4096);
    pipe.peer.write_all(&message("one")).await.unwrap();
    assert!(matches!(
        pipe.inputs.recv().await,
        Some(Input::Framed { .. })
    ));
    for _ in 0..5 {
        advance(limits.idle - Duration::from_secs(1)).await;
        pipe.peer.write_all(b"\r\n\r\n").await.unwrap();
        assert_eq!(read(&mut pipe.peer, 2).await, b"\r\n");
    }
    let last = pipe.begun.elapsed();
    let (ended, after) = pipe.end().await;
    assert!(matches!(ended, Ended::Idle), "{ended}");
    assert_eq!(after, last + limits.idle);
}

#[tokio::test(start_paused = true)]
async fn what_we_say_ends_the_silence_too() {
    let limits = SipLimits::default();
    let mut pipe = Pipe::open(limits, 4096);
    pipe.peer.write_all(&message("one")).await.unwrap();
    assert!(matches!(
        pipe.inputs.recv().await,
        Some(Input::Framed { .. })
    ));
    advance(limits.idle - Duration::from_secs(1)).await;
    pipe.queue.push(Bytes::from_static(b"notify")).unwrap();
    assert_eq!(read(&mut pipe.peer, 6).await, b"notify");
    let last = pipe.begun.elapsed();
    let (ended, after) = pipe.end().await;
    assert!(matches!(ended, Ended::Idle), "{ended}");
    assert_eq!(after, last + limits.idle);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_nothing_is_given_up() {
    let limits = SipLimits {
        first_message: Duration::from_secs(3600),
        ..SipLimits::default()
    };
    let mut pipe = Pipe::open(limits, 16);
    pipe.queue.push(Bytes::from_static(&[b'x'; 64])).unwrap();
    // It takes some, which gives it more time, and then no more.
    advance(Duration::from_secs(15)).await;
    read(&mut pipe.peer, 16).await;
    let (ended, after) = pipe.end().await;
    assert!(matches!(ended, Ended::Stalled), "{ended}");
    assert_eq!(after, Duration::from_secs(15) + limits.write);
}

#[tokio::test(start_paused = true)]
async fn pings_come_within_their_interval_until_one_stays_without_answer() {
    let limits = SipLimits {
        first_message: Duration::from_secs(3600),
        ..SipLimits::default()
    };
    let mut pipe = Pipe::open(limits, 4096);
    pipe.keep_alive.send_replace(Some(Duration::from_secs(100)));
    let mut before = pipe.begun;
    for _ in 0..10 {
        assert_eq!(read_in(&mut pipe.peer, 4).await, b"\r\n\r\n");
        // RFC 5626 4.4: 80 % to 100 %, counted from when the last answer was looked for.
        let gap = before.elapsed();
        let longest = Duration::from_secs(100) + limits.pong;
        assert!(gap >= Duration::from_secs(80) && gap <= longest, "{gap:?}");
        before = Instant::now();
        pipe.peer.write_all(b"\r\n").await.unwrap();
    }
    assert_eq!(read_in(&mut pipe.peer, 4).await, b"\r\n\r\n");
    let asked = pipe.begun.elapsed();
    let (ended, after) = pipe.end().await;
    assert!(matches!(ended, Ended::Unanswered), "{ended}");
    assert_eq!(after, asked + limits.pong);
}

/// Reads without a limit in time, which would end first where time is virtual.
async fn read_in(stream: &mut DuplexStream, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    stream.read_exact(&mut bytes).await.unwrap();
    bytes
}

#[tokio::test]
async fn one_source_does_not_take_all_connections() {
    raise_open_files_limit();
    let story = Story::listen("tcp://127.0.0.1:0", SipLimits::default()).await;
    let most = SipLimits::default().connections_per_source_max as u64;
    let mut phones = Vec::new();
    for _ in 0..1_000 {
        phones.push(TcpStream::connect(story.address()).await.unwrap());
    }
    story
        .until(|figures| figures.accepted + figures.source_refused == 1_000)
        .await;
    assert_eq!(
        (story.figures().accepted, story.figures().connections),
        (most, most)
    );
    let other = TcpSocket::new_v4().unwrap();
    other.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut other = other.connect(story.address()).await.unwrap();
    other.write_all(b"\r\n\r\n").await.unwrap();
    assert_eq!(read(&mut other, 2).await, b"\r\n");
    // What ends makes room.
    drop(phones);
    story.until(|figures| figures.connections == 1).await;
    let mut again = TcpStream::connect(story.address()).await.unwrap();
    again.write_all(b"\r\n\r\n").await.unwrap();
    assert_eq!(read(&mut again, 2).await, b"\r\n");
}

#[tokio::test]
async fn a_peer_that_vanishes_is_reported_and_others_stay() {
    let mut story = Story::listen("tcp://127.0.0.1:0", SipLimits::default()).await;
    let mut gone = TcpStream::connect(story.address()).await.unwrap();
    gone.write_all(&message("gone")).await.unwrap();
    let (flow, _) = story.next_call_id().await;
    let mut stays = TcpStream::connect(story.address()).await.unwrap();
    stays.write_all(&message("stays")).await.unwrap();
    let (other, _) = story.next_call_id().await;
    // It ends with a reset, as a machine does that knows nothing of the connection.
    SockRef::from(&gone)
        .set_linger(Some(Duration::ZERO))
        .unwrap();
    drop(gone);
    // Sending may find out first, or the reader.
    let _ = story.transports.send(flow, Bytes::from_static(b"anyone?"));
    match story.next().await {
        Input::ConnectionLost { connection, .. } => assert_eq!(connection, flow.connection),
        told => panic!("{told:?}"),
    }
    story
        .transports
        .send(other, Bytes::from_static(b"hello"))
        .unwrap();
    assert_eq!(read(&mut stays, 5).await, b"hello");
}
