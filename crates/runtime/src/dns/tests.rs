//! The task against a name server on loopback.

mod server;

use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use plenum_sip_ua::locate::{Answer, Question, Record, RecordData, RecordKind, Srv};
use tokio::sync::mpsc;

use self::server::NameServer;
use super::{Dns, DnsConfig, DnsError, DnsJob, Resolved};

/// A task, its name server and its answers.
struct World {
    dns: Dns,
    server: NameServer,
    answers: mpsc::Receiver<Resolved>,
    jobs: u64,
}

impl World {
    async fn new(change: impl FnOnce(&mut DnsConfig)) -> Self {
        let server = NameServer::start().await;
        let mut config = DnsConfig {
            servers: vec![server.address()],
            hosts: None,
            timeout: Duration::from_secs(3),
            ..DnsConfig::default()
        };
        change(&mut config);
        let (queue, answers) = mpsc::channel(8);
        Self {
            dns: Dns::start(&config, queue).unwrap(),
            server,
            answers,
            jobs: 0,
        }
    }

    fn ask(&mut self, kind: RecordKind, name: &str) -> Result<DnsJob, Resolved> {
        self.jobs += 1;
        let job = DnsJob(self.jobs);
        let name = name.parse().unwrap();
        self.dns.ask(job, Question { kind, name }).map(|()| job)
    }

    async fn answer(&mut self, kind: RecordKind, name: &str) -> Answer {
        let job = self.ask(kind, name).unwrap();
        let resolved = self.answers.recv().await.unwrap();
        assert_eq!(resolved.job, job);
        assert_eq!(resolved.question.kind, kind);
        resolved.answer
    }
}

fn address(ttl: u64, text: &str) -> Answer {
    let data = RecordData::Address(text.parse().unwrap());
    let ttl = Duration::from_secs(ttl);
    Answer::Records(vec![Record { ttl, data }])
}

#[tokio::test]
async fn records_of_each_kind_come_back_as_values() {
    let mut world = World::new(|_| {}).await;
    let four = world.answer(RecordKind::A, "one.example").await;
    assert_eq!(four, address(300, "192.0.2.1"));
    let six = world.answer(RecordKind::Aaaa, "one.example").await;
    assert_eq!(six, address(300, "2001:db8::1"));

    let Answer::Records(services) = world.answer(RecordKind::Srv, "_sip._udp.example").await else {
        panic!("no services");
    };
    let server = |port, target: Option<&str>| {
        RecordData::Srv(Srv {
            priority: 1,
            weight: 2,
            port,
            target: target.map(|name| name.parse().unwrap()),
        })
    };
    let found: Vec<RecordData> = services.into_iter().map(|record| record.data).collect();
    assert_eq!(found, [server(5060, Some("one.example")), server(0, None)]);

    let Answer::Records(rules) = world.answer(RecordKind::Naptr, "hall.example").await else {
        panic!("no rules");
    };
    let RecordData::Naptr(rule) = &rules[0].data else {
        panic!("not a rule");
    };
    assert_eq!((rule.order, rule.preference), (10, 50));
    assert_eq!(
        (rule.flags.as_str(), rule.services.as_str()),
        ("S", "SIP+D2U")
    );
    assert_eq!(
        rule.replacement.as_ref().unwrap().as_str(),
        "_sip._udp.example"
    );
}

#[tokio::test]
async fn that_there_is_none_comes_with_its_time_to_live() {
    let mut world = World::new(|_| {}).await;
    let ttl = Some(Duration::from_secs(77));
    let none = world.answer(RecordKind::A, "missing.example").await;
    assert_eq!(none, Answer::NoSuchName { ttl });
    let none = world.answer(RecordKind::Srv, "one.example").await;
    assert_eq!(none, Answer::NoData { ttl });
}

#[tokio::test]
async fn an_answer_too_long_for_a_datagram_comes_over_a_connection() {
    let mut world = World::new(|_| {}).await;
    let Answer::Records(records) = world.answer(RecordKind::A, "long.example").await else {
        panic!("no addresses");
    };
    assert_eq!(records.len(), 100);
    assert!(world.server.connections() > 0);
}

#[tokio::test]
async fn aliases_are_followed_and_their_time_to_live_counts() {
    let mut world = World::new(|_| {}).await;
    let answer = world.answer(RecordKind::A, "alias.example").await;
    assert_eq!(answer, address(20, "192.0.2.1"));
}

#[tokio::test]
async fn aliases_in_a_circle_come_to_an_end() {
    let mut world = World::new(|_| {}).await;
    let answer = world.answer(RecordKind::A, "circle.example").await;
    assert!(!matches!(answer, Answer::Records(_)), "{answer:?}");
    assert!(world.server.questions() < 100);
}

#[tokio::test]
async fn a_name_server_that_refuses_is_a_failure() {
    let mut world = World::new(|_| {}).await;
    let answer = world.answer(RecordKind::A, "broken.example").await;
    assert_eq!(answer, Answer::Failed);
    assert_eq!(world.dns.metrics().figures().failed, 1);
}

#[tokio::test]
async fn a_name_server_that_is_silent_costs_the_time_limit() {
    let mut world = World::new(|config| config.timeout = Duration::from_millis(300)).await;
    let answer = world.answer(RecordKind::A, "silent.example").await;
    assert_eq!(answer, Answer::TimedOut);
    assert_eq!(world.dns.metrics().figures().timed_out, 1);
    // Others are answered all the same.
    let other = world.answer(RecordKind::A, "one.example").await;
    assert_eq!(other, address(300, "192.0.2.1"));
}

#[tokio::test]
async fn one_question_of_many_is_asked_once() {
    let mut world = World::new(|config| config.timeout = Duration::from_millis(300)).await;
    for _ in 0..5 {
        world.ask(RecordKind::A, "silent.example").unwrap();
    }
    let mut jobs = Vec::new();
    for _ in 0..5 {
        let resolved = world.answers.recv().await.unwrap();
        assert_eq!(resolved.answer, Answer::TimedOut);
        jobs.push(resolved.job.0);
    }
    assert_eq!(jobs, [1, 2, 3, 4, 5]);
    let figures = world.dns.metrics().figures();
    assert_eq!((figures.asked, figures.shared), (1, 4));
}

#[tokio::test]
async fn too_many_questions_are_refused_at_once() {
    let mut world = World::new(|config| config.waiting_max = 3).await;
    // The task has not run since, so the queue holds what it can.
    for _ in 0..3 {
        world.ask(RecordKind::A, "one.example").unwrap();
    }
    let refused = world.ask(RecordKind::A, "one.example").unwrap_err();
    assert_eq!((refused.job, refused.answer), (DnsJob(4), Answer::Failed));
    for job in 1..=3 {
        assert_eq!(world.answers.recv().await.unwrap().job, DnsJob(job));
    }
    assert_eq!(world.dns.metrics().figures().refused, 1);
}

#[tokio::test]
async fn names_of_the_hosts_file_need_no_dns() {
    let mut file = tempfile();
    writeln!(file.1, "192.0.2.44 pbx pbx.example # the old one").unwrap();
    let path = file.0.clone();
    let mut world = World::new(|config| config.hosts = Some(path)).await;
    for name in ["pbx.example", "PBX.example", "pbx"] {
        let Answer::Records(records) = world.answer(RecordKind::A, name).await else {
            panic!("{name} is unknown");
        };
        let address = "192.0.2.44".parse().unwrap();
        assert_eq!(records[0].data, RecordData::Address(address));
    }
    assert_eq!(world.server.questions(), 0);
    std::fs::remove_file(&file.0).unwrap();
}

#[tokio::test]
async fn a_system_without_a_hosts_file_is_none_the_worse() {
    let missing = std::env::temp_dir().join("plenum-no-such-hosts-file");
    let mut world = World::new(|config| config.hosts = Some(missing)).await;
    let answer = world.answer(RecordKind::A, "one.example").await;
    assert_eq!(answer, address(300, "192.0.2.1"));

    let (queue, _answers) = mpsc::channel::<Resolved>(1);
    let config = DnsConfig {
        servers: vec![SocketAddr::from(([127, 0, 0, 1], 53))],
        hosts: Some(std::env::temp_dir()),
        ..DnsConfig::default()
    };
    let error = Dns::start(&config, queue).unwrap_err();
    assert!(matches!(error, DnsError::Hosts { .. }), "{error}");
}

fn tempfile() -> (std::path::PathBuf, std::fs::File) {
    let name = format!("plenum-hosts-{}", std::process::id());
    let path = std::env::temp_dir().join(name);
    let file = std::fs::File::create(&path).unwrap();
    (path, file)
}
