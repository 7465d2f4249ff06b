//! Who comes in over WebSocket, and how keep-alives are answered.

use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::authority::Authority;
use super::*;

/// The request of a client that asks for a subprotocol.
pub(super) fn upgrade(protocol: &str, more: &str) -> Vec<u8> {
    format!(
        "GET / HTTP/1.1\r\nHost: hall.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Protocol: {protocol}\r\n{more}\r\n"
    )
    .into_bytes()
}

/// Reads the head of a response.
pub(super) async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.extend(read(stream, 1).await);
    }
    String::from_utf8(head).unwrap()
}

async fn knock(story: &Story, request: &[u8]) -> String {
    let mut phone = TcpStream::connect(story.address()).await.unwrap();
    phone.write_all(request).await.unwrap();
    read_end(&mut phone).await
}

#[tokio::test]
async fn who_does_not_ask_for_sip_is_told() {
    let options = SipOptions {
        origins: vec!["https://phone.example".to_owned()],
        ..SipOptions::default()
    };
    let story = Story::listen("ws://127.0.0.1:0", options).await;
    let answer = knock(&story, &upgrade("chat, mqtt", "")).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("Sec-WebSocket-Protocol: sip"), "{answer}");
    let answer = knock(&story, &upgrade("sip", "Origin: https://other.example\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    assert!(answer.contains("websocket_origins"), "{answer}");
    let answer = knock(&story, b"GET / HTTP/1.1\r\nHost: hall.example\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    story.until(|figures| figures.websocket_refused == 3).await;
    let mut phone = TcpStream::connect(story.address()).await.unwrap();
    let request = upgrade("chat, SIP", "Origin: https://phone.example\r\n");
    phone.write_all(&request).await.unwrap();
    assert!(head(&mut phone).await.starts_with("HTTP/1.1 101 "));
}

#[tokio::test]
async fn a_browser_speaks_under_tls_and_is_answered_over_its_connection() {
    let authority = Authority::new();
    let options = SipOptions {
        tls: Some(authority.tls(&["hall.example"])),
        ..SipOptions::default()
    };
    let mut story = Story::listen("wss://[::1]:0", options).await;
    let stream = super::tls::connect(&story, &authority.trust(), "hall.example").await;
    let mut request = "wss://hall.example/".into_client_request().unwrap();
    let sip = "sip".parse().unwrap();
    request.headers_mut().insert("Sec-WebSocket-Protocol", sip);
    let (mut browser, response) = client_async(request, stream.unwrap()).await.unwrap();
    assert_eq!(response.headers()["Sec-WebSocket-Protocol"], "sip");
    let text = String::from_utf8(message("one")).unwrap();
    let shorter = text.replace("Content-Length: 0\r\n", "");
    browser.send(Frame::text(shorter)).await.unwrap();
    browser.send(Frame::binary(message("two"))).await.unwrap();
    browser.send(Frame::text("\r\n\r\n")).await.unwrap();
    let (flow, call_id) = story.next_call_id().await;
    assert_eq!(call_id, "one");
    assert_eq!(
        (flow.transport, flow.local),
        (Transport::Wss, story.address())
    );
    assert_eq!(story.next_call_id().await, (flow, "two".to_owned()));
    assert_eq!(next(&mut browser).await, Frame::text("\r\n"));
    story
        .transports
        .send(flow, Bytes::from_static(b"answer"))
        .unwrap();
    assert_eq!(next(&mut browser).await, Frame::text("answer"));
    story
        .transports
        .send(flow, Bytes::from_static(&[0xff]))
        .unwrap();
    assert_eq!(next(&mut browser).await, Frame::binary(vec![0xff]));
    browser.close(None).await.unwrap();
    assert!(matches!(story.next().await, Input::ConnectionLost { .. }));
    // A client that is gone cannot be connected to.
    let again = Flow::to(flow.transport, flow.local, flow.remote);
    let told = story.transports.send(again, Bytes::from_static(b"anyone?"));
    assert!(matches!(told, Err(Input::ConnectionLost { .. })));
}

async fn next<S>(browser: &mut WebSocketStream<S>) -> Frame
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    timeout(PATIENCE, browser.next())
        .await
        .expect("a frame in time")
        .unwrap()
        .unwrap()
}

#[tokio::test]
async fn a_huge_websocket_message_ends_the_connection() {
    let mut story = Story::listen("ws://127.0.0.1:0", SipLimits::default()).await;
    let mut phone = TcpStream::connect(story.address()).await.unwrap();
    phone.write_all(&upgrade("sip", "")).await.unwrap();
    head(&mut phone).await;
    let mut phone = WebSocketStream::from_raw_socket(phone, Role::Client, None).await;
    let _ = phone.send(Frame::binary(vec![b'x'; 70_000])).await;
    assert!(matches!(story.next().await, Input::ConnectionLost { .. }));
    assert_eq!(story.figures().unframed, 1);
}

#[tokio::test]
async fn a_huge_message_is_answered_before_its_connection_ends() {
    let mut story = Story::listen("tcp://127.0.0.1:0", SipLimits::default()).await;
    let mut phone = TcpStream::connect(story.address()).await.unwrap();
    let text = String::from_utf8(message("huge")).unwrap();
    let head = text.replace("Content-Length: 0", "Content-Length: 70000");
    phone.write_all(head.as_bytes()).await.unwrap();
    let Input::Unframed { flow, error } = story.next().await else {
        panic!("what cannot be framed")
    };
    assert!(error.salvaged().is_some(), "enough for an answer: {error}");
    story
        .transports
        .send(flow, Bytes::from_static(b"SIP/2.0 513 "))
        .unwrap();
    assert_eq!(read_end(&mut phone).await, "SIP/2.0 513 ");
    assert!(matches!(story.next().await, Input::ConnectionLost { .. }));
}

#[tokio::test]
async fn stun_is_answered_on_the_sip_port() {
    for listen in ["udp://127.0.0.1:0", "udp://[::1]:0"] {
        let mut story = Story::listen(listen, SipLimits::default()).await;
        let phone = UdpSocket::bind((story.address().ip(), 0)).await.unwrap();
        let request = b"\x00\x01\x00\x00\x21\x12\xa4\x42abcdefghijkl";
        phone.send_to(request, story.address()).await.unwrap();
        let mut buffer = [0; 64];
        let received = timeout(PATIENCE, phone.recv(&mut buffer)).await.unwrap();
        let answer = &buffer[..received.unwrap()];
        assert_eq!(answer[..2], [1, 1]);
        assert_eq!(answer[4..20], request[4..20]);
        let port = u16::from_be_bytes([answer[26] ^ 0x21, answer[27] ^ 0x12]);
        assert_eq!(port, phone.local_addr().unwrap().port());
        assert_eq!(story.figures().stun_answered, 1);
        // The machine hears nothing of it.
        phone.send_to(b"hello", story.address()).await.unwrap();
        assert!(matches!(story.next().await, Input::Datagram { bytes, .. } if bytes == "hello"));
    }
}

#[tokio::test]
async fn a_peer_that_does_not_answer_our_pings_is_lost() {
    let limits = SipLimits {
        pong: Duration::from_millis(50),
        ..SipLimits::default()
    };
    let mut story = Story::listen("tcp://127.0.0.1:0", limits).await;
    let peer = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let flow = Flow::to(Transport::Tcp, story.address(), peer.local_addr().unwrap());
    story
        .transports
        .send(flow, Bytes::from_static(b"hello"))
        .unwrap();
    story
        .transports
        .keep_alive(flow, Some(Duration::from_millis(10)));
    let (mut stream, _) = timeout(PATIENCE, peer.accept()).await.unwrap().unwrap();
    assert_eq!(read(&mut stream, 5).await, b"hello");
    for _ in 0..2 {
        assert_eq!(read(&mut stream, 4).await, b"\r\n\r\n");
        stream.write_all(b"\r\n").await.unwrap();
    }
    read_end(&mut stream).await;
    assert!(matches!(story.next().await, Input::ConnectionLost { .. }));
    assert_eq!(story.figures().unanswered_closed, 1);
}
