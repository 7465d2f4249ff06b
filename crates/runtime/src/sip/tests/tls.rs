//! Who is believed over TLS.

use std::sync::Arc;

use plenum_sip_ua::PeerId;
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::authority::{Authority, sip_uri};
use super::*;
use crate::sip::handshake;
use crate::sip::streams::Shared;

fn options(tls: Tls) -> SipOptions {
    SipOptions {
        tls: Some(tls),
        ..SipOptions::default()
    }
}

/// Connects as a phone that expects `name`.
pub(super) async fn connect(
    story: &Story,
    phone: &Tls,
    name: &'static str,
) -> io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(story.address()).await?;
    let name = ServerName::try_from(name).unwrap();
    TlsConnector::from(phone.client())
        .connect(name, stream)
        .await
}

/// Says what a caller who expects `name` is told.
async fn complaint(server: Tls, phone: Tls, name: &'static str) -> String {
    let story = Story::listen("tls://127.0.0.1:0", options(server)).await;
    let (inputs, _queue) = mpsc::channel(1);
    let shared = Shared::new(options(phone), inputs, Arc::default());
    let local = "127.0.0.1:5061".parse().unwrap();
    let flow = Flow::to(Transport::Tls, local, story.address());
    let name = ServerName::try_from(name).unwrap();
    let opened = timeout(PATIENCE, handshake::open(&flow, Some(name), &shared))
        .await
        .unwrap();
    opened
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default()
}

#[tokio::test]
async fn a_certificate_for_another_domain_is_told_with_both_names() {
    let authority = Authority::new();
    let server = authority.tls(&["hall.example", "www.hall.example"]);
    let told = complaint(server, authority.trust(), "other.example").await;
    assert!(
        told.contains("is for hall.example, www.hall.example, not for other.example"),
        "{told}"
    );
    let server = authority.tls(&["*.example"]);
    let told = complaint(server, authority.trust(), "hall.example").await;
    assert!(told.contains("no wildcard"), "{told}");
    let server = authority.tls(&["hall.example"]);
    assert_eq!(
        complaint(server, authority.trust(), "HALL.example").await,
        ""
    );
    let server = authority.tls(&["127.0.0.1"]);
    assert_eq!(complaint(server, authority.trust(), "127.0.0.1").await, "");
}

#[tokio::test]
async fn a_sip_uri_in_a_certificate_counts_more_than_dns_names() {
    let authority = Authority::new();
    let identity = authority.issue_with("uri", &["hall.example"], |params| {
        params.subject_alt_names.push(sip_uri("conference.example"));
    });
    let files = TlsFiles {
        identity: Some(identity),
        ..TlsFiles::default()
    };
    let server = Tls::load(files).unwrap();
    let told = complaint(server.clone(), authority.trust(), "conference.example").await;
    assert_eq!(told, "");
    let told = complaint(server, authority.trust(), "hall.example").await;
    assert!(
        told.contains("is for conference.example, not for hall.example"),
        "{told}"
    );
}

#[tokio::test]
async fn expired_and_unknown_certificates_are_told_with_the_fix() {
    let authority = Authority::new();
    let identity = authority.issue_with("old", &["hall.example"], |params| {
        params.not_before = rcgen::date_time_ymd(2001, 1, 1);
        params.not_after = rcgen::date_time_ymd(2002, 1, 1);
    });
    let files = TlsFiles {
        identity: Some(identity),
        ..TlsFiles::default()
    };
    let told = complaint(Tls::load(files).unwrap(), authority.trust(), "hall.example").await;
    assert!(
        told.contains("has expired; it must be renewed there"),
        "{told}"
    );
    let stranger = Authority::new();
    let told = complaint(
        stranger.tls(&["hall.example"]),
        authority.trust(),
        "hall.example",
    )
    .await;
    assert!(told.contains("add the authority to [sip.tls] ca"), "{told}");
}

#[tokio::test]
async fn calls_to_one_name_share_a_connection_and_another_name_opens_its_own() {
    let authority = Authority::new();
    let server = authority.tls(&["hall.example", "room.example"]);
    for ip in ["127.0.0.1", "[::1]"] {
        let listen = format!("tls://{ip}:0");
        let mut hall = Story::listen(&listen, options(server.clone())).await;
        let mut phone = Story::listen(&listen, options(authority.tls(&["phone.example"]))).await;
        let (first, second) = (PeerId(1), PeerId(2));
        phone
            .transports
            .name_peer(first, &Host::Name("hall.example".into()));
        phone
            .transports
            .name_peer(second, &Host::Name("room.example".into()));
        let flow = Flow::to(Transport::Tls, phone.address(), hall.address());
        for call_id in ["one", "two"] {
            let bytes = Bytes::from(message(call_id));
            phone.transports.send(flow.to_peer(first), bytes).unwrap();
        }
        let (came, call_id) = hall.next_call_id().await;
        assert_eq!((came.transport, call_id.as_str()), (Transport::Tls, "one"));
        assert_eq!(hall.next_call_id().await, (came, "two".to_owned()));
        hall.transports
            .send(came, Bytes::from(message("answer")))
            .unwrap();
        let (answered, _) = phone.next_call_id().await;
        assert_eq!(
            (answered.peer, answered.remote),
            (Some(first), hall.address())
        );
        let bytes = Bytes::from(message("three"));
        phone.transports.send(flow.to_peer(second), bytes).unwrap();
        let (other, _) = hall.next_call_id().await;
        assert_ne!(other.connection, came.connection);
        assert_eq!(phone.figures().connected, 2);
        // Without a name the certificate would have to show the address.
        phone
            .transports
            .send(flow, Bytes::from(message("four")))
            .unwrap();
        match phone.next().await {
            Input::ConnectionLost {
                connection: None,
                flow: lost,
            } => assert_eq!(lost, flow),
            told => panic!("{told:?}"),
        }
        assert_eq!(phone.figures().tls_failures, 1);
        let told = phone.transports.send(flow.to_peer(PeerId(9)), Bytes::new());
        assert!(
            matches!(told, Err(Input::ConnectionLost { .. })),
            "nobody was named so"
        );
    }
}

#[tokio::test]
async fn new_certificates_are_for_new_connections() {
    let authority = Authority::new();
    let tls = authority.tls(&["hall.example"]);
    let mut story = Story::listen("tls://127.0.0.1:0", options(tls.clone())).await;
    let trust = authority.trust();
    let mut old = connect(&story, &trust, "hall.example").await.unwrap();
    old.write_all(&message("before")).await.unwrap();
    let (flow, _) = story.next_call_id().await;
    let shown =
        |stream: &TlsStream<TcpStream>| stream.get_ref().1.peer_certificates().unwrap()[0].clone();
    let metrics = story.transports.metrics();
    tls.look(metrics);
    assert_eq!(metrics.read().tls_reloads, 0, "nothing has changed");
    let (certificate, _) = authority.issue("hall.example", &["hall.example"]);
    let later = std::time::SystemTime::now() + Duration::from_secs(2);
    let touched = std::fs::File::options()
        .append(true)
        .open(&certificate)
        .unwrap();
    touched.set_modified(later).unwrap();
    tls.look(metrics);
    assert_eq!(metrics.read().tls_reloads, 1);
    let new = connect(&story, &trust, "hall.example").await.unwrap();
    assert_ne!(shown(&new), shown(&old));
    old.write_all(&message("after")).await.unwrap();
    assert_eq!(story.next_call_id().await, (flow, "after".to_owned()));
    story
        .transports
        .send(flow, Bytes::from_static(b"still here"))
        .unwrap();
    assert_eq!(read(&mut old, 10).await, b"still here");
    // A file that is half written changes nothing.
    std::fs::write(&certificate, "-----BEGIN").unwrap();
    let told = tls.reload().unwrap_err().to_string();
    assert!(told.contains("no certificate can be read"), "{told}");
    tls.look(story.transports.metrics());
    assert_eq!(story.figures().tls_reload_failures, 1);
    let same = connect(&story, &trust, "hall.example").await.unwrap();
    assert_eq!(shown(&same), shown(&new));
}

#[tokio::test]
async fn clients_show_certificates_where_they_must() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let with = authority.tls(&["phone.example"]);
    let without = authority.trust();
    // It trusts the server, and shows what the server does not trust.
    let forged = Tls::load(TlsFiles {
        ca: Some(authority.ca()),
        ..stranger.files(&["phone.example"])
    });
    let forged = forged.unwrap();
    for (verify, outcomes) in [
        (VerifyClient::None, [true, true, true]),
        (VerifyClient::Optional, [true, true, false]),
        (VerifyClient::Required, [true, false, false]),
    ] {
        let server = Tls::load(TlsFiles {
            verify_client: verify,
            ..authority.files(&["hall.example"])
        });
        let mut story = Story::listen("tls://127.0.0.1:0", options(server.unwrap())).await;
        for (phone, comes_in) in [&with, &without, &forged].into_iter().zip(outcomes) {
            let mut stream = connect(&story, phone, "hall.example").await.unwrap();
            let _ = stream.write_all(&message("hello")).await;
            if comes_in {
                assert_eq!(story.next_call_id().await.1, "hello");
                drop(stream);
                assert!(matches!(story.next().await, Input::ConnectionLost { .. }));
            } else {
                read_end(&mut stream).await;
            }
        }
        let refused = outcomes.iter().filter(|comes_in| !**comes_in).count() as u64;
        story.until(|figures| figures.tls_failures == refused).await;
    }
}

#[tokio::test]
async fn who_listens_without_a_certificate_is_told() {
    let (inputs, _queue) = mpsc::channel(1);
    let listen = ["tls://127.0.0.1:0".parse().unwrap()];
    let told = SipTransports::bind(&listen, SipLimits::default(), inputs)
        .await
        .unwrap_err();
    assert!(
        told.to_string()
            .contains("set [sip.tls] certificate and key"),
        "{told}"
    );
}

#[test]
fn each_file_that_does_not_fit_is_named() {
    let authority = Authority::new();
    let told = |files: TlsFiles| Tls::load(files).unwrap_err().to_string();
    let (certificate, key) = authority.issue("a", &["a.example"]);
    let (other, other_key) = authority.issue("b", &["b.example"]);
    let identity = |certificate: &std::path::Path, key: &std::path::Path| TlsFiles {
        identity: Some((certificate.to_owned(), key.to_owned())),
        ..TlsFiles::default()
    };
    assert!(told(identity(&certificate, &other_key)).contains("do not make a pair"));
    assert!(told(identity(&other, &certificate)).contains("no private key can be read"));
    assert!(told(identity(&key, &key)).contains("there is none in it"));
    let files = TlsFiles {
        verify_client: VerifyClient::Required,
        ..identity(&certificate, &key)
    };
    assert!(told(files).contains("set [sip.tls] ca"));
}
