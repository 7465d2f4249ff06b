//! Stories over real sockets on loopback, and in virtual time where there is no socket.

mod authority;
mod doors;
mod limits;
mod tls;
mod torn;

use std::net::SocketAddr;
use std::time::Duration;

use plenum_sip_ua::ConnectionId;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::time::timeout;

use super::*;

/// Bounds each wait, so that a test that would hang fails.
const PATIENCE: Duration = Duration::from_secs(20);

fn message(call_id: &str) -> Vec<u8> {
    format!(
        "OPTIONS sip:a@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK1\r\n\
         From: <sip:b@127.0.0.1>;tag=1\r\nTo: <sip:a@127.0.0.1>\r\nCall-ID: {call_id}\r\n\
         CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
    .into_bytes()
}

/// Transports on loopback and the queue they feed.
struct Story {
    transports: SipTransports,
    inputs: mpsc::Receiver<Input>,
}

impl Story {
    async fn listen(text: &str, options: impl Into<SipOptions>) -> Self {
        let (sender, inputs) = mpsc::channel(64);
        let listen: Vec<SipListen> = text.split(' ').map(|one| one.parse().unwrap()).collect();
        Self {
            transports: SipTransports::bind(&listen, options, sender).await.unwrap(),
            inputs,
        }
    }

    fn figures(&self) -> SipFigures {
        self.transports.metrics().read()
    }

    /// Waits until the figures show something.
    async fn until(&self, shown: impl Fn(&SipFigures) -> bool) {
        let shown = async {
            while !shown(&self.figures()) {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, shown).await.expect("figures in time");
    }

    fn address(&self) -> SocketAddr {
        self.transports.listens()[0].address
    }

    async fn next(&mut self) -> Input {
        timeout(PATIENCE, self.inputs.recv())
            .await
            .expect("an input in time")
            .unwrap()
    }

    async fn next_call_id(&mut self) -> (Flow, String) {
        match self.next().await {
            Input::Framed { flow, message } => {
                let text = String::from_utf8(message.bytes().to_vec()).unwrap();
                let line = text
                    .lines()
                    .find(|line| line.starts_with("Call-ID: "))
                    .unwrap();
                (flow, line["Call-ID: ".len()..].to_owned())
            }
            other => panic!("{other:?}"),
        }
    }
}

async fn read<S: AsyncRead + Unpin>(stream: &mut S, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    timeout(PATIENCE, stream.read_exact(&mut bytes))
        .await
        .expect("octets in time")
        .unwrap();
    bytes
}

/// Waits until the peer has closed; returns what it said before.
async fn read_end<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut rest = Vec::new();
    // Closing may show as an end or as a reset.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut rest))
        .await
        .expect("an end in time");
    String::from_utf8_lossy(&rest).into_owned()
}

#[tokio::test]
async fn datagrams_arrive_with_their_flow_and_answers_go_back() {
    for listen in ["udp://127.0.0.1:0", "udp://[::1]:0"] {
        let mut story = Story::listen(listen, SipLimits::default()).await;
        let ip = story.address().ip();
        let phone = UdpSocket::bind((ip, 0)).await.unwrap();
        phone.send_to(b"\r\n\r\n", story.address()).await.unwrap();
        phone.send_to(b"hello", story.address()).await.unwrap();
        let Input::Datagram { flow, bytes } = story.next().await else {
            panic!("a datagram")
        };
        assert_eq!(
            flow,
            Flow::udp(story.address(), phone.local_addr().unwrap())
        );
        assert_eq!(bytes, "hello");
        story
            .transports
            .send(flow, Bytes::from_static(b"answer"))
            .unwrap();
        let mut buffer = [0; 64];
        let received = timeout(PATIENCE, phone.recv_from(&mut buffer))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (&buffer[..received.0], received.1),
            (b"answer".as_slice(), story.address())
        );
        let figures = story.transports.metrics().read();
        assert_eq!(
            (
                figures.datagrams_in,
                figures.keep_alives,
                figures.datagrams_out
            ),
            (2, 1, 1)
        );
    }
}

#[tokio::test]
async fn a_socket_on_all_addresses_tells_which_one_was_meant() {
    let mut story = Story::listen("udp://0.0.0.0:0", SipLimits::default()).await;
    let phone = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let meant = SocketAddr::from(([127, 0, 0, 2], story.address().port()));
    phone.send_to(b"hello", meant).await.unwrap();
    let Input::Datagram { flow, .. } = story.next().await else {
        panic!("a datagram")
    };
    assert_eq!(flow.local, meant);
    story
        .transports
        .send(flow, Bytes::from_static(b"answer"))
        .unwrap();
    let mut buffer = [0; 64];
    assert_eq!(
        timeout(PATIENCE, phone.recv(&mut buffer))
            .await
            .unwrap()
            .unwrap(),
        6
    );
}

#[tokio::test]
async fn a_datagram_to_nobody_is_reported_and_the_socket_lives_on() {
    let mut story = Story::listen("udp://127.0.0.1:0", SipLimits::default()).await;
    let gone = std::net::UdpSocket::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let flow = Flow::udp(story.address(), gone);
    story
        .transports
        .send(flow, Bytes::from_static(b"anyone?"))
        .unwrap();
    let Input::Undeliverable { flow: reported } = story.next().await else {
        panic!("a report")
    };
    assert_eq!(reported, flow);
    let phone = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    phone.send_to(b"hello", story.address()).await.unwrap();
    assert!(matches!(story.next().await, Input::Datagram { .. }));
}

#[tokio::test]
async fn a_family_without_a_socket_is_undeliverable_at_once() {
    let story = Story::listen("udp://127.0.0.1:0", SipLimits::default()).await;
    let flow = Flow::udp(story.address(), "[::1]:5060".parse().unwrap());
    let told = story.transports.send(flow, Bytes::from_static(b"x"));
    assert!(matches!(told, Err(Input::Undeliverable { .. })));
}

#[tokio::test]
async fn a_machine_that_is_behind_loses_datagrams_that_are_counted() {
    let story = Story::listen("udp://127.0.0.1:0", SipLimits::default()).await;
    let phone = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for _ in 0..100 {
        phone.send_to(b"hello", story.address()).await.unwrap();
    }
    let all_read = async {
        while story.transports.metrics().read().datagrams_in < 100 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, all_read).await.unwrap();
    assert_eq!(
        story.transports.metrics().read().datagrams_in_dropped,
        100 - 64
    );
}

#[tokio::test]
async fn messages_are_framed_wherever_the_stream_is_torn() {
    let mut story = Story::listen("tcp://127.0.0.1:0", SipLimits::default()).await;
    let mut phone = TcpStream::connect(story.address()).await.unwrap();
    phone.set_nodelay(true).unwrap();
    let stream = [message("one"), message("two"), message("three")].concat();
    for piece in stream.chunks(97) {
        phone.write_all(piece).await.unwrap();
        tokio::task::yield_now().await;
    }
    let (flow, first) = story.next_call_id().await;
    assert_eq!(flow.remote, phone.local_addr().unwrap());
    assert_eq!(flow.local, story.address());
    assert!(flow.connection.is_some());
    assert_eq!(first, "one");
    assert_eq!(story.next_call_id().await, (flow, "two".to_owned()));
    assert_eq!(story.next_call_id().await, (flow, "three".to_owned()));
    for answer in ["first ", "second"] {
        story
            .transports
            .send(flow, Bytes::from_static(answer.as_bytes()))
            .unwrap();
    }
    assert_eq!(read(&mut phone, 12).await, b"first second");
    drop(phone);
    match story.next().await {
        Input::ConnectionLost {
            connection,
            flow: lost,
        } => {
            assert_eq!((connection, lost), (flow.connection, flow));
        }
        other => panic!("{other:?}"),
    }
    let late = story.transports.send(flow, Bytes::from_static(b"too late"));
    assert!(matches!(late, Err(Input::ConnectionLost { .. })));
}

#[tokio::test]
async fn a_ping_is_answered() {
    let story = Story::listen("tcp://127.0.0.1:0", SipLimits::default()).await;
    let mut phone = TcpStream::connect(story.address()).await.unwrap();
    phone.write_all(b"\r\n\r\n").await.unwrap();
    assert_eq!(read(&mut phone, 2).await, b"\r\n");
}

#[tokio::test]
async fn what_is_no_sip_is_reported_and_the_connection_closed() {
    let mut story = Story::listen("tcp://127.0.0.1:0", SipLimits::default()).await;
    let mut phone = TcpStream::connect(story.address()).await.unwrap();
    phone
        .write_all(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        .await
        .unwrap();
    assert!(matches!(story.next().await, Input::Unframed { .. }));
    assert!(matches!(story.next().await, Input::ConnectionLost { .. }));
    read_end(&mut phone).await;
}

#[tokio::test]
async fn a_flow_without_a_connection_opens_one_and_the_next_message_uses_it() {
    let mut story = Story::listen("tcp://127.0.0.1:0", SipLimits::default()).await;
    let peer = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let flow = Flow::to(Transport::Tcp, story.address(), peer.local_addr().unwrap());
    for text in ["one ", "two ", "three"] {
        story
            .transports
            .send(flow, Bytes::from_static(text.as_bytes()))
            .unwrap();
    }
    let (mut stream, _) = timeout(PATIENCE, peer.accept()).await.unwrap().unwrap();
    assert_eq!(read(&mut stream, 13).await, b"one two three");
    stream.write_all(&message("answer")).await.unwrap();
    let (answered, call_id) = story.next_call_id().await;
    assert_eq!(call_id, "answer");
    assert_eq!((answered.local, answered.remote), (flow.local, flow.remote));
    assert!(answered.connection.is_some());
    assert_eq!(story.transports.metrics().read().connected, 1);
    drop(stream);
    // Both those who learned the name of the connection and those who did not are told.
    let Input::ConnectionLost { connection, .. } = story.next().await else {
        panic!("lost")
    };
    assert_eq!(connection, answered.connection);
    let Input::ConnectionLost {
        connection,
        flow: lost,
    } = story.next().await
    else {
        panic!("lost")
    };
    assert_eq!((connection, lost), (None, flow));
}

#[tokio::test]
async fn a_connection_that_cannot_be_opened_is_reported() {
    let mut story = Story::listen("tcp://127.0.0.1:0", SipLimits::default()).await;
    let gone = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let flow = Flow::to(Transport::Tcp, story.address(), gone);
    story
        .transports
        .send(flow, Bytes::from_static(b"anyone?"))
        .unwrap();
    match story.next().await {
        Input::ConnectionLost {
            connection: None,
            flow: lost,
        } => assert_eq!(lost, flow),
        other => panic!("{other:?}"),
    }
    assert_eq!(story.transports.metrics().read().connect_failures, 1);
}

#[tokio::test]
async fn more_connections_than_permitted_are_closed_at_once() {
    let limits = SipLimits {
        connections_max: 1,
        ..SipLimits::default()
    };
    let mut story = Story::listen("tcp://127.0.0.1:0", limits).await;
    let mut first = TcpStream::connect(story.address()).await.unwrap();
    first.write_all(b"\r\n\r\n").await.unwrap();
    assert_eq!(read(&mut first, 2).await, b"\r\n");
    let mut second = TcpStream::connect(story.address()).await.unwrap();
    read_end(&mut second).await;
    let figures = story.transports.metrics().read();
    assert_eq!(
        (
            figures.accepted,
            figures.connections_refused,
            figures.connections
        ),
        (1, 1, 1)
    );
    drop(first);
    assert!(matches!(story.next().await, Input::ConnectionLost { .. }));
    let mut third = TcpStream::connect(story.address()).await.unwrap();
    third.write_all(b"\r\n\r\n").await.unwrap();
    assert_eq!(read(&mut third, 2).await, b"\r\n");
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_cut_off() {
    let limits = SipLimits {
        messages_waiting_max: 4,
        ..SipLimits::default()
    };
    let mut story = Story::listen("tcp://127.0.0.1:0", limits).await;
    let mut phone = TcpStream::connect(story.address()).await.unwrap();
    phone.write_all(&message("one")).await.unwrap();
    let (flow, _) = story.next_call_id().await;
    let large = Bytes::from(vec![b'x'; 1 << 20]);
    let lost = async {
        loop {
            if story.transports.send(flow, large.clone()).is_err() {
                return;
            }
            if let Ok(Input::ConnectionLost { .. }) = story.inputs.try_recv() {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, lost).await.expect("cut off in time");
    assert!(story.transports.metrics().read().stalled_closed > 0);
}

#[tokio::test]
async fn closing_writes_what_waits_first() {
    let mut story = Story::listen("tcp://127.0.0.1:0", SipLimits::default()).await;
    let mut phone = TcpStream::connect(story.address()).await.unwrap();
    phone.write_all(&message("one")).await.unwrap();
    let (flow, _) = story.next_call_id().await;
    story
        .transports
        .send(flow, Bytes::from_static(b"goodbye"))
        .unwrap();
    let address = story.address();
    // The report of the closed connection must find room.
    let Story {
        transports,
        inputs: _inputs,
    } = story;
    transports.close(PATIENCE).await;
    assert_eq!(read(&mut phone, 7).await, b"goodbye");
    read_end(&mut phone).await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn an_unknown_connection_is_lost() {
    let story = Story::listen("tcp://127.0.0.1:0", SipLimits::default()).await;
    let flow = Flow::tcp(
        story.address(),
        "127.0.0.1:9".parse().unwrap(),
        ConnectionId(99),
    );
    let told = story.transports.send(flow, Bytes::from_static(b"x"));
    assert!(matches!(
        told,
        Err(Input::ConnectionLost {
            connection: Some(_),
            ..
        })
    ));
}

#[tokio::test]
async fn one_address_in_use_stops_the_start_with_its_sentence() {
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port();
    let listen = [
        "udp://127.0.0.1:0".parse().unwrap(),
        format!("tcp://127.0.0.1:{port}").parse().unwrap(),
    ];
    let (inputs, _queue) = mpsc::channel(1);
    let error = SipTransports::bind(&listen, SipLimits::default(), inputs)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("is in use"), "{error}");
}

#[test]
fn the_source_towards_loopback_is_loopback() {
    assert!(
        source_towards("127.0.0.1:5060".parse().unwrap())
            .unwrap()
            .is_loopback()
    );
}
