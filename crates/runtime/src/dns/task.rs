use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use hickory_resolver::TokioResolver;
use plenum_sip_ua::locate::{Answer, Question};
use tokio::sync::mpsc;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, timeout_at};
use tracing::debug;

use super::{Asked, DnsConfig, DnsJob, DnsMetrics, Resolved, answer, count};

/// Asks questions, a bounded number at a time, and hands on the answers.
pub(super) struct Task {
    resolver: TokioResolver,
    questions_max: usize,
    waiting_max: usize,
    metrics: Arc<DnsMetrics>,
    lookups: JoinSet<Answer>,
    questions: HashMap<Id, Question>,
    /// Who waits for which question under way.
    waiting: BTreeMap<Question, Vec<DnsJob>>,
    jobs_waiting: usize,
}

impl Task {
    pub(super) fn new(
        resolver: TokioResolver,
        config: &DnsConfig,
        metrics: Arc<DnsMetrics>,
    ) -> Self {
        Self {
            resolver,
            questions_max: config.questions_max.max(1),
            waiting_max: config.waiting_max.max(1),
            metrics,
            lookups: JoinSet::new(),
            questions: HashMap::new(),
            waiting: BTreeMap::new(),
            jobs_waiting: 0,
        }
    }

    /// Runs until nobody can ask or nobody listens.
    pub(super) async fn run<T: From<Resolved>>(
        mut self,
        mut asked: mpsc::Receiver<Asked>,
        answers: mpsc::Sender<T>,
    ) {
        loop {
            let has_room =
                self.lookups.len() < self.questions_max && self.jobs_waiting < self.waiting_max;
            tokio::select! {
                Some(done) = self.lookups.join_next_with_id() => {
                    if self.hand_on(done, &answers).await.is_err() {
                        return;
                    }
                }
                asked = asked.recv(), if has_room => match asked {
                    Some(asked) => self.begin(asked),
                    None => return,
                },
            }
        }
    }

    fn begin(&mut self, asked: Asked) {
        self.jobs_waiting += 1;
        if let Some(jobs) = self.waiting.get_mut(&asked.question) {
            count(&self.metrics.shared);
            jobs.push(asked.job);
            return;
        }
        self.waiting.insert(asked.question.clone(), vec![asked.job]);
        let (resolver, metrics) = (self.resolver.clone(), Arc::clone(&self.metrics));
        let lookup = look_up(resolver, metrics, asked.question.clone(), asked.deadline);
        let id = self.lookups.spawn(lookup).id();
        self.questions.insert(id, asked.question);
    }

    /// Tells all who asked. While their queue is full, nothing else is asked.
    async fn hand_on<T: From<Resolved>>(
        &mut self,
        done: Result<(Id, Answer), JoinError>,
        answers: &mpsc::Sender<T>,
    ) -> Result<(), mpsc::error::SendError<T>> {
        // A fault in one lookup is the failure of one question.
        let (id, answer) = done.unwrap_or_else(|fault| (fault.id(), Answer::Failed));
        let Some(question) = self.questions.remove(&id) else {
            return Ok(());
        };
        for job in self.waiting.remove(&question).unwrap_or_default() {
            self.jobs_waiting -= 1;
            let resolved = Resolved {
                job,
                question: question.clone(),
                answer: answer.clone(),
            };
            answers.send(T::from(resolved)).await?;
        }
        Ok(())
    }
}

async fn look_up(
    resolver: TokioResolver,
    metrics: Arc<DnsMetrics>,
    question: Question,
    deadline: Instant,
) -> Answer {
    count(&metrics.asked);
    let (name, kind) = answer::query(&question);
    let answer = match timeout_at(deadline, resolver.lookup(name, kind)).await {
        Ok(result) => {
            if let Err(error) = &result {
                debug!(%question, %error, "no answer from DNS");
            }
            answer::answer(question.kind, result)
        }
        Err(_) => Answer::TimedOut,
    };
    match answer {
        Answer::Failed => count(&metrics.failed),
        Answer::TimedOut => count(&metrics.timed_out),
        _ => {}
    }
    answer
}
