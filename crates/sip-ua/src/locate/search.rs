use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use plenum_sip_msg::{Host, Transport};
use plenum_time::Instant;

use super::blacklist::Blacklist;
use super::cache::Cache;
use super::naptr::{self, Rule};
use super::next_hop::{Plan, TargetHost};
use super::preferences::ATTEMPT_MIN;
use super::service::srv_labels;
use super::srv;
use super::{
    Answer, Attempt, DnsName, Families, LocateError, NextHop, Preferences, Question, RecordData,
    RecordKind, SearchEnd, Target,
};
use crate::random::Random;

/// Most targets of one search; the search ends after them.
pub const MAX_TARGETS: usize = 32;
/// Most questions of one search; what would ask for more is passed over.
pub const MAX_QUESTIONS: usize = 64;
/// How many rules may lead from one to the next before they count as a circle.
pub const MAX_RULES_DEPTH: u8 = 4;

/// What a search needs next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask DNS, and hand the answer to [`Locator::answer`](super::Locator::answer). Step again at
    /// once: there may be more to ask at the same time.
    Ask(Question),
    /// Answers are awaited; step again after one.
    Wait,
    /// Try this target; step again if it fails.
    Try(Attempt),
    /// There is no other target.
    Done(SearchEnd),
}

/// One search for the servers of a next hop (RFC 3263 4).
///
/// Targets are found one after the other, so that nobody asks for the address of a server that is
/// not needed. Each is handed out once. Those that failed lately for others come last.
///
/// The search keeps a row of leads and follows the first until it is an address:
///
/// ```text
///  Rules --NAPTR--> Service --SRV--> Host --A, AAAA--> Address --> try, or pass over if dead
///    |                                ^
///    +--> Service of each transport --+  Fallback, if there is no service at all
/// ```
#[derive(Debug)]
pub struct Search {
    deadline: Instant,
    families: Families,
    prefer_reliable: bool,
    plan: Plan,
    domain: Host,
    leads: VecDeque<Lead>,
    /// Questions that were asked, and their answers.
    answers: BTreeMap<Question, Option<Answer>>,
    seen: BTreeSet<(Transport, SocketAddr)>,
    /// Targets that failed lately, for when nothing else is left.
    passed_over: VecDeque<Target>,
    /// RFC 3263 4.2: then the address of the domain itself is not used.
    service_found: bool,
    unanswered: bool,
    attempts: usize,
}

/// Where the search goes on.
#[derive(Clone, Debug)]
enum Lead {
    /// NAPTR records of a name.
    Rules { name: DnsName, depth: u8 },
    /// SRV records of a name.
    Service { name: DnsName, transport: Transport },
    /// The address of the domain itself, if no service was found.
    Fallback {
        name: DnsName,
        transports: Vec<Transport>,
    },
    /// Addresses of a name.
    Host {
        name: DnsName,
        port: u16,
        transport: Transport,
    },
    /// A target.
    Address(Transport, SocketAddr),
}

/// What a search borrows for one step.
pub(super) struct Shared<'a> {
    pub(super) cache: &'a Cache,
    pub(super) blacklist: &'a Blacklist,
    pub(super) random: &'a mut Random,
}

impl Search {
    pub(super) fn new(
        now: Instant,
        next_hop: &NextHop,
        preferences: &Preferences,
        prefer_reliable: bool,
    ) -> Result<Self, LocateError> {
        let plan = next_hop.plan(preferences, prefer_reliable)?;
        let leads = first_leads(next_hop, &plan);
        if leads
            .iter()
            .all(|lead| lead.is_unreachable(preferences.families))
        {
            return Err(LocateError::WrongFamily);
        }
        Ok(Self {
            deadline: now + preferences.budget,
            families: preferences.families,
            prefer_reliable,
            plan,
            domain: next_hop.domain().clone(),
            leads,
            answers: BTreeMap::new(),
            seen: BTreeSet::new(),
            passed_over: VecDeque::new(),
            service_found: false,
            unanswered: false,
            attempts: 0,
        })
    }

    /// When the budget of the search is spent.
    #[must_use]
    pub const fn deadline(&self) -> Instant {
        self.deadline
    }

    pub(super) fn step(&mut self, now: Instant, shared: Shared<'_>) -> Step {
        if now >= self.deadline {
            return Step::Done(SearchEnd::OutOfTime);
        }
        while let Some(lead) = self.leads.front().cloned() {
            if self.seen.len() >= MAX_TARGETS {
                self.leads.clear();
                break;
            }
            if let Lead::Address(transport, address) = lead {
                self.leads.pop_front();
                if let Some(target) = self.fresh_target(now, transport, address, shared.blacklist) {
                    return self.attempt(now, target);
                }
                continue;
            }
            if let Some(step) = self.missing_answer(now, &lead, shared.cache) {
                return step;
            }
            self.leads.pop_front();
            for next in self.follow(lead, shared.random).into_iter().rev() {
                self.leads.push_front(next);
            }
        }
        // All that remain are dead as far as anyone knows, so they are tried in order after all.
        match self.passed_over.pop_front() {
            Some(target) => self.attempt(now, target),
            None => Step::Done(self.end()),
        }
    }

    /// Takes an answer; one that nobody waits for is dropped.
    pub(super) fn answer(&mut self, question: &Question, answer: &Answer) {
        if let Some(slot @ None) = self.answers.get_mut(question) {
            self.unanswered |= answer.is_failure();
            *slot = Some(answer.clone());
        }
    }

    /// Asks for the first answer that the lead lacks.
    fn missing_answer(&mut self, now: Instant, lead: &Lead, cache: &Cache) -> Option<Step> {
        let mut waits = false;
        for question in self.questions(lead) {
            if let Some(known) = self.answers.get(&question) {
                waits |= known.is_none();
            } else if self.answers.len() < MAX_QUESTIONS {
                self.answers.insert(question.clone(), None);
                match cache.look_up(now, &question) {
                    Some(answer) => self.answer(&question, answer),
                    None => return Some(Step::Ask(question)),
                }
            }
        }
        waits.then_some(Step::Wait)
    }

    fn questions(&self, lead: &Lead) -> Vec<Question> {
        let one = |kind, name: &DnsName| alloc::vec![Question::new(kind, name.clone())];
        match lead {
            Lead::Rules { name, .. } => one(RecordKind::Naptr, name),
            Lead::Service { name, .. } => one(RecordKind::Srv, name),
            Lead::Host { name, .. } => self
                .families
                .kinds()
                .iter()
                .map(|kind| Question::new(*kind, name.clone()))
                .collect(),
            Lead::Fallback { .. } | Lead::Address(..) => Vec::new(),
        }
    }

    /// Turns a lead whose answers are there into those it leads to.
    fn follow(&mut self, lead: Lead, random: &mut Random) -> Vec<Lead> {
        match lead {
            Lead::Rules { name, depth } => self.follow_rules(name, depth),
            Lead::Service { name, transport } => self.follow_service(name, &transport, random),
            Lead::Fallback { .. } if self.service_found => Vec::new(),
            Lead::Fallback { name, transports } => transports
                .into_iter()
                .map(|transport| Lead::host(name.clone(), None, transport))
                .collect(),
            Lead::Host {
                name,
                port,
                transport,
            } => self
                .addresses(&name)
                .into_iter()
                .map(|address| Lead::Address(transport.clone(), SocketAddr::new(address, port)))
                .collect(),
            Lead::Address(..) => Vec::new(),
        }
    }

    /// RFC 3263 4.1: the rules of a domain, or the services of our transports if it has none.
    fn follow_rules(&mut self, name: DnsName, depth: u8) -> Vec<Lead> {
        let records = self
            .answer_to(RecordKind::Naptr, &name)
            .map(Answer::records);
        let rules = naptr::usable(
            records.unwrap_or_default(),
            &self.plan.usable,
            self.prefer_reliable,
        );
        if rules.is_empty() && depth == 0 {
            return probes(name, &self.plan.usable, self.plan.without_dns.clone());
        }
        let mut transports: Vec<Transport> = rules
            .iter()
            .filter_map(|rule| rule.transport().cloned())
            .collect();
        let mut leads = Vec::with_capacity(rules.len() + 1);
        for rule in rules {
            leads.extend(self.follow_rule(rule, depth));
        }
        if depth == 0 {
            if transports.is_empty() {
                transports.clone_from(&self.plan.without_dns);
            }
            leads.push(Lead::Fallback { name, transports });
        }
        leads
    }

    fn follow_rule(&mut self, rule: Rule, depth: u8) -> Option<Lead> {
        match rule {
            Rule::Service(name, transport) => Some(Lead::Service { name, transport }),
            Rule::Host(name, transport) => {
                self.service_found = true;
                Some(Lead::host(name, None, transport))
            }
            Rule::Rules(name) => (depth + 1 < MAX_RULES_DEPTH).then_some(Lead::Rules {
                name,
                depth: depth + 1,
            }),
        }
    }

    fn follow_service(
        &mut self,
        name: DnsName,
        transport: &Transport,
        random: &mut Random,
    ) -> Vec<Lead> {
        let records = self.answer_to(RecordKind::Srv, &name).map(Answer::records);
        let servers = srv::in_order(records.unwrap_or_default(), random);
        self.service_found |= !servers.is_empty();
        let lead = |server: super::Srv| {
            // RFC 2782: the root as target means that the service is decidedly not offered.
            let name = server.target?;
            Some(Lead::host(name, Some(server.port), transport.clone()))
        };
        servers.into_iter().filter_map(lead).collect()
    }

    /// The addresses of a name, the versions of IP taking turns.
    fn addresses(&self, name: &DnsName) -> Vec<IpAddr> {
        let mut rows: Vec<VecDeque<IpAddr>> = Vec::new();
        for kind in self.families.kinds() {
            let records = self.answer_to(*kind, name).map(Answer::records);
            let of_kind = |address: &IpAddr| address.is_ipv4() == (*kind == RecordKind::A);
            rows.push(
                records
                    .unwrap_or_default()
                    .iter()
                    .filter_map(|record| match &record.data {
                        RecordData::Address(address) => Some(*address),
                        _ => None,
                    })
                    .filter(of_kind)
                    .collect(),
            );
        }
        let mut turns = Vec::new();
        while rows.iter().any(|row| !row.is_empty()) {
            turns.extend(rows.iter_mut().filter_map(VecDeque::pop_front));
        }
        turns
    }

    fn answer_to(&self, kind: RecordKind, name: &DnsName) -> Option<&Answer> {
        self.answers
            .get(&Question::new(kind, name.clone()))?
            .as_ref()
    }

    /// The target, unless it was seen in this search or is dead.
    fn fresh_target(
        &mut self,
        now: Instant,
        transport: Transport,
        address: SocketAddr,
        blacklist: &Blacklist,
    ) -> Option<Target> {
        if !self.families.has(address.ip()) || !self.seen.insert((transport.clone(), address)) {
            return None;
        }
        let target = Target {
            transport,
            address,
            domain: self.domain.clone(),
        };
        if blacklist.is_dead(now, &target) {
            self.passed_over.push_back(target);
            return None;
        }
        Some(target)
    }

    fn attempt(&mut self, now: Instant, target: Target) -> Step {
        self.attempts += 1;
        Step::Try(Attempt {
            target,
            patience: self.patience(now),
            number: self.attempts,
        })
    }

    /// An equal share of what is left of the budget for each target that is known to follow.
    fn patience(&self, now: Instant) -> Duration {
        let left = self.deadline.since(now);
        let leads_on =
            |lead: &&Lead| !(self.service_found && matches!(lead, Lead::Fallback { .. }));
        let others = self.leads.iter().filter(leads_on).count() + self.passed_over.len();
        let shares = u32::try_from(others + 1).unwrap_or(u32::MAX);
        (left / shares).max(ATTEMPT_MIN).min(left)
    }

    fn end(&self) -> SearchEnd {
        if self.attempts > 0 {
            SearchEnd::Exhausted
        } else if self.unanswered {
            SearchEnd::Unanswered
        } else {
            SearchEnd::NotFound
        }
    }
}

impl Lead {
    fn host(name: DnsName, port: Option<u16>, transport: Transport) -> Self {
        Self::Host {
            name,
            port: port.unwrap_or_else(|| transport.default_port()),
            transport,
        }
    }

    fn is_unreachable(&self, families: Families) -> bool {
        matches!(self, Self::Address(_, address) if !families.has(address.ip()))
    }
}

/// RFC 3263 4.1 and 4.2: what is known without an answer.
fn first_leads(next_hop: &NextHop, plan: &Plan) -> VecDeque<Lead> {
    let each = |lead: &dyn Fn(&Transport) -> Lead| plan.without_dns.iter().map(lead).collect();
    let port_for =
        |transport: &Transport| next_hop.port().unwrap_or_else(|| transport.default_port());
    let mut leads: VecDeque<Lead> = match (next_hop.host(), next_hop.port()) {
        (TargetHost::Numeric(ip), _) => each(&|transport| {
            Lead::Address(transport.clone(), SocketAddr::new(*ip, port_for(transport)))
        }),
        (TargetHost::Name(name), Some(port)) => {
            each(&|transport| Lead::host(name.clone(), Some(port), transport.clone()))
        }
        (TargetHost::Name(name), None) if plan.is_open => VecDeque::from([Lead::Rules {
            name: name.clone(),
            depth: 0,
        }]),
        (TargetHost::Name(name), None) => {
            let transports = plan.without_dns.clone();
            probes(name.clone(), &transports, transports.clone()).into()
        }
    };
    if let Some(source) = next_hop.source() {
        let transport = plan.without_dns[0].clone();
        leads.push_front(Lead::Address(transport, source));
    }
    leads
}

/// The service of each transport, then the domain itself.
fn probes(name: DnsName, services: &[Transport], fallback: Vec<Transport>) -> Vec<Lead> {
    let service = |transport: &Transport| {
        // A name that has no room for the labels has no services.
        let name = name.prefixed(srv_labels(transport)?).ok()?;
        Some(Lead::Service {
            name,
            transport: transport.clone(),
        })
    };
    let mut leads: Vec<Lead> = services.iter().filter_map(service).collect();
    leads.push(Lead::Fallback {
        name,
        transports: fallback,
    });
    leads
}
