//! A zone as data, and a world that searches in it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use plenum_sip_msg::Transport;
use plenum_sip_ua::locate::{
    Answer, Attempt, DnsName, Families, LocateError, Locator, Naptr, NextHop, Preferences,
    Question, Record, RecordData, RecordKind, Search, SearchEnd, Srv, Step, Target,
};
use plenum_time::Instant;

/// What DNS knows, written as lines:
///
/// ```text
/// hall.example NAPTR 10 50 s SIP+D2U _sip._udp.hall.example
/// _sip._udp.hall.example SRV 1 10 5060 one.hall.example
/// one.hall.example A 192.0.2.1
/// late.example A fails
/// ```
#[derive(Clone, Debug, Default)]
pub(crate) struct Zone {
    records: BTreeMap<Question, Vec<RecordData>>,
    broken: BTreeSet<Question>,
    names: BTreeSet<DnsName>,
    pub(crate) ttl: Duration,
}

impl Zone {
    pub(crate) fn new(lines: &str) -> Self {
        let mut zone = Self {
            ttl: Duration::from_secs(60),
            ..Self::default()
        };
        for line in lines.lines().filter(|line| !line.trim().is_empty()) {
            zone.add(line);
        }
        zone
    }

    fn add(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let question = question(words[1], words[0]);
        self.names.insert(question.name.clone());
        if words[2] == "fails" {
            self.broken.insert(question);
            return;
        }
        let data = data(&words);
        self.records.entry(question).or_default().push(data);
    }

    pub(crate) fn insert(&mut self, question: Question, data: Vec<RecordData>) {
        self.names.insert(question.name.clone());
        self.records.insert(question, data);
    }

    pub(crate) fn answer(&self, question: &Question) -> Answer {
        if self.broken.contains(question) {
            return Answer::TimedOut;
        }
        match self.records.get(question) {
            Some(data) => Answer::Records(data.iter().map(|data| self.record(data)).collect()),
            None if self.names.contains(&question.name) => Answer::NoData { ttl: None },
            None => Answer::NoSuchName { ttl: None },
        }
    }

    fn record(&self, data: &RecordData) -> Record {
        Record {
            ttl: self.ttl,
            data: data.clone(),
        }
    }
}

pub(crate) fn question(kind: &str, name: &str) -> Question {
    let kind = match kind {
        "NAPTR" => RecordKind::Naptr,
        "SRV" => RecordKind::Srv,
        "A" => RecordKind::A,
        "AAAA" => RecordKind::Aaaa,
        other => panic!("no record kind {other}"),
    };
    Question {
        kind,
        name: name.parse().unwrap(),
    }
}

fn data(words: &[&str]) -> RecordData {
    let number = |index: usize| words[index].parse().unwrap();
    let name = |index: usize| (words[index] != ".").then(|| words[index].parse().unwrap());
    let text = |index: usize| words[index].trim_matches('"').to_owned();
    match words[1] {
        "NAPTR" => RecordData::Naptr(Naptr {
            order: number(2),
            preference: number(3),
            flags: text(4),
            services: text(5),
            regexp: words
                .get(7)
                .map(|text| text.to_string())
                .unwrap_or_default(),
            replacement: name(6),
        }),
        "SRV" => RecordData::Srv(Srv {
            priority: number(2),
            weight: number(3),
            port: number(4),
            target: name(5),
        }),
        _ => RecordData::Address(words[2].parse().unwrap()),
    }
}

/// A locator in front of a zone, with the time in hand.
pub(crate) struct World {
    pub(crate) locator: Locator,
    pub(crate) zone: Zone,
    pub(crate) now: Instant,
    /// All questions that reached the zone.
    pub(crate) asked: Vec<String>,
}

impl World {
    pub(crate) fn new(zone: &str) -> Self {
        Self::with(zone, "UDP TCP TLS WS WSS", Families::V4ThenV6)
    }

    pub(crate) fn with(zone: &str, transports: &str, families: Families) -> Self {
        let preferences = Preferences {
            transports: transports
                .split_whitespace()
                .map(|word| word.parse::<Transport>().unwrap())
                .collect(),
            families,
            ..Preferences::default()
        };
        Self {
            locator: Locator::new(preferences, [7; 32]),
            zone: Zone::new(zone),
            now: Instant::ZERO,
            asked: Vec::new(),
        }
    }

    pub(crate) fn begin(&self, uri: &str) -> Result<Search, LocateError> {
        self.locator.search(self.now, &next_hop(uri)?, false)
    }

    /// Steps until there is a target or none is left.
    pub(crate) fn step(&mut self, search: &mut Search) -> Result<Attempt, SearchEnd> {
        let mut open = Vec::new();
        loop {
            match self.locator.step(self.now, search) {
                Step::Ask(question) => {
                    self.asked.push(question.to_string());
                    open.push(question);
                }
                Step::Wait => {
                    assert!(!open.is_empty(), "waits for nothing");
                    for question in open.drain(..) {
                        let answer = self.zone.answer(&question);
                        self.locator.answer(self.now, search, question, answer);
                    }
                }
                Step::Try(attempt) => return Ok(attempt),
                Step::Done(end) => return Err(end),
            }
        }
    }

    pub(crate) fn run(&mut self, mut search: Search) -> (Vec<Target>, SearchEnd) {
        let mut targets = Vec::new();
        loop {
            match self.step(&mut search) {
                Ok(attempt) => targets.push(attempt.target),
                Err(end) => return (targets, end),
            }
        }
    }

    /// All targets of a URI, as text with commas.
    pub(crate) fn targets(&mut self, uri: &str) -> String {
        let search = self.begin(uri).unwrap();
        written(&self.run(search).0)
    }
}

pub(crate) fn next_hop(uri: &str) -> Result<NextHop, LocateError> {
    NextHop::of_uri(&uri.parse().unwrap())
}

pub(crate) fn written(targets: &[Target]) -> String {
    let texts: Vec<String> = targets.iter().map(Target::to_string).collect();
    texts.join(", ")
}
