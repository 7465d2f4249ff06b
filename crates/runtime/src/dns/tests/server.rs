//! A name server with one zone, over datagrams and connections.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hickory_resolver::proto::op::{Message, OpCode, Query, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, CNAME, NAPTR, SOA, SRV};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;

/// Dropping it ends it.
pub(super) struct NameServer {
    address: SocketAddr,
    questions: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl NameServer {
    pub(super) async fn start() -> Self {
        let (udp, tcp) = one_port().await;
        let address = udp.local_addr().unwrap();
        let (questions, connections) = (Arc::default(), Arc::default());
        let mut tasks = JoinSet::new();
        tasks.spawn(datagrams(udp, Arc::clone(&questions)));
        tasks.spawn(streams(tcp, Arc::clone(&connections)));
        Self {
            address,
            questions,
            connections,
            _tasks: tasks,
        }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn questions(&self) -> usize {
        self.questions.load(Ordering::Relaxed)
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

/// A port that is free for both; another test may take one half of it in between.
async fn one_port() -> (UdpSocket, TcpListener) {
    for _ in 0..100 {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()).await {
            return (udp, tcp);
        }
    }
    panic!("no port is free for datagrams and connections");
}

async fn datagrams(socket: UdpSocket, questions: Arc<AtomicUsize>) {
    let mut buffer = [0; 4096];
    loop {
        let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
        questions.fetch_add(1, Ordering::Relaxed);
        let Some(mut answer) = answer(&buffer[..length]) else {
            continue;
        };
        if answer.answers.len() > 20 {
            answer = answer.truncate();
        }
        socket
            .send_to(&answer.to_vec().unwrap(), from)
            .await
            .unwrap();
    }
}

async fn streams(listener: TcpListener, connections: Arc<AtomicUsize>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        connections.fetch_add(1, Ordering::Relaxed);
        // One after the other is enough for a test; an error is the end of the connection.
        let _ = stream_of_questions(stream).await;
    }
}

async fn stream_of_questions(mut stream: TcpStream) -> std::io::Result<()> {
    loop {
        let length = stream.read_u16().await?;
        let mut question = vec![0; length.into()];
        stream.read_exact(&mut question).await?;
        if let Some(answer) = answer(&question) {
            let bytes = answer.to_vec().unwrap();
            stream
                .write_u16(u16::try_from(bytes.len()).unwrap())
                .await?;
            stream.write_all(&bytes).await?;
        }
    }
}

fn answer(question: &[u8]) -> Option<Message> {
    let asked = Message::from_vec(question).unwrap();
    let query = asked.queries[0].clone();
    let mut message = Message::response(asked.metadata.id, OpCode::Query);
    message.metadata.recursion_available = true;
    message.add_query(query.clone());
    match query.name().to_ascii().to_ascii_lowercase().as_str() {
        "silent.example." => return None,
        "broken.example." => message.metadata.response_code = ResponseCode::ServFail,
        "missing.example." => {
            message.metadata.response_code = ResponseCode::NXDomain;
            message.add_authority(authority());
        }
        text => {
            message.add_answers(records(text, &query));
            if message.answers.is_empty() {
                message.add_authority(authority());
            }
        }
    }
    Some(message)
}

fn records(text: &str, query: &Query) -> Vec<Record> {
    let record = |ttl, data| Record::from_rdata(query.name().clone(), ttl, data);
    let alias = |to| record(20, RData::CNAME(CNAME(name(to))));
    match (text, query.query_type()) {
        ("one.example.", RecordType::A) => vec![record(300, RData::A(A::new(192, 0, 2, 1)))],
        ("one.example.", RecordType::AAAA) => {
            let address = "2001:db8::1".parse().unwrap();
            vec![record(300, RData::AAAA(AAAA(address)))]
        }
        ("long.example.", RecordType::A) => (0..100)
            .map(|last| record(300, RData::A(A::new(192, 0, 2, last))))
            .collect(),
        ("_sip._udp.example.", RecordType::SRV) => vec![
            record(300, RData::SRV(SRV::new(1, 2, 5060, name("one.example.")))),
            record(300, RData::SRV(SRV::new(1, 2, 0, Name::root()))),
        ],
        ("hall.example.", RecordType::NAPTR) => vec![record(300, rule())],
        ("alias.example.", _) => vec![alias("one.example.")],
        ("circle.example.", _) => vec![alias("round.example.")],
        ("round.example.", _) => vec![alias("circle.example.")],
        _ => vec![],
    }
}

fn rule() -> RData {
    let bytes = |text: &str| text.as_bytes().to_vec().into_boxed_slice();
    let to = name("_sip._udp.example.");
    RData::NAPTR(NAPTR::new(
        10,
        50,
        bytes("S"),
        bytes("SIP+D2U"),
        bytes(""),
        to,
    ))
}

fn authority() -> Record {
    let zone = name("example.");
    let soa = SOA::new(zone.clone(), zone.clone(), 1, 60, 60, 60, 77);
    Record::from_rdata(zone, 900, RData::SOA(soa))
}

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}
