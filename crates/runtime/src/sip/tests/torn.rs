//! A message arrives whole wherever its octets were torn.

use rustls::pki_types::ServerName;
use tokio::io::AsyncWrite;
use tokio_rustls::TlsConnector;

use super::authority::Authority;
use super::*;

fn invite(call_id: &str) -> Vec<u8> {
    let body = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n";
    format!(
        "INVITE sip:a@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1;branch=z9hG4bK1\r\n\
         From: <sip:b@127.0.0.1>;tag=1\r\nTo: <sip:a@127.0.0.1>\r\nCall-ID: {call_id}\r\n\
         CSeq: 1 INVITE\r\nContact: <sip:b@127.0.0.1>\r\nMax-Forwards: 70\r\n\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Sends the message octet by octet, then torn in two at each place.
async fn tear<S: AsyncWrite + Unpin>(
    story: &mut Story,
    stream: &mut S,
    wrap: impl Fn(Vec<u8>) -> Vec<u8>,
) {
    for octet in wrap(invite("slow")) {
        stream.write_all(&[octet]).await.unwrap();
        stream.flush().await.unwrap();
    }
    assert_eq!(story.next_call_id().await.1, "slow");
    let len = wrap(invite("slow")).len();
    for place in 1..len {
        let call_id = format!("{place:04}");
        let octets = wrap(invite(&call_id));
        for piece in [&octets[..place], &octets[place..]] {
            stream.write_all(piece).await.unwrap();
            stream.flush().await.unwrap();
            // What was written is read apart from what follows.
            tokio::task::yield_now().await;
        }
        assert_eq!(story.next_call_id().await.1, call_id);
    }
}

/// A frame of a client (RFC 6455 5.2), masked with zeroes, which change nothing.
fn client_frame(message: Vec<u8>) -> Vec<u8> {
    let len = u16::try_from(message.len()).unwrap();
    let mut frame = vec![0x81, 0x80 | 126];
    frame.extend(len.to_be_bytes());
    frame.extend([0; 4]);
    frame.extend(message);
    frame
}

#[tokio::test]
async fn over_tcp() {
    let mut story = Story::listen("tcp://[::1]:0", SipLimits::default()).await;
    let mut phone = TcpStream::connect(story.address()).await.unwrap();
    phone.set_nodelay(true).unwrap();
    tear(&mut story, &mut phone, |message| message).await;
}

#[tokio::test]
async fn over_tls() {
    let authority = Authority::new();
    let options = SipOptions {
        tls: Some(authority.tls(&["hall.example"])),
        ..SipOptions::default()
    };
    let mut story = Story::listen("tls://127.0.0.1:0", options).await;
    let phone = TcpStream::connect(story.address()).await.unwrap();
    phone.set_nodelay(true).unwrap();
    let name = ServerName::try_from("hall.example").unwrap();
    let connector = TlsConnector::from(authority.trust().client());
    let mut phone = connector.connect(name, phone).await.unwrap();
    tear(&mut story, &mut phone, |message| message).await;
}

#[tokio::test]
async fn over_websocket_with_its_handshake() {
    let mut story = Story::listen("ws://127.0.0.1:0", SipLimits::default()).await;
    let mut phone = TcpStream::connect(story.address()).await.unwrap();
    phone.set_nodelay(true).unwrap();
    for octet in super::doors::upgrade("sip", "") {
        phone.write_all(&[octet]).await.unwrap();
    }
    let answer = super::doors::head(&mut phone).await;
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    tear(&mut story, &mut phone, client_frame).await;
}
