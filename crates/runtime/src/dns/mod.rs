//! Questions for DNS, off the control task.
//!
//! [`Dns`] takes the questions of a server location ([`plenum_sip_ua::locate`]) without waiting,
//! and hands each answer into a bounded queue as a [`Resolved`]. Every question that was
//! taken gets one answer, within [`DnsConfig::timeout`]. A question that is
//! under way already is not asked twice.
//!
//! Answers are not kept here: the locator does that, with the time of its machine.
//!
//! # Deliberately absent
//!
//! Noticing that `/etc/resolv.conf` or the hosts file changed: start anew. DNSSEC and encrypted
//! transports: the name servers of the machine are trusted, or a local one does both.

mod answer;
mod config;
mod task;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use plenum_sip_ua::locate::{Answer, Question};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::Instant;
use tracing::debug;

pub use config::{DnsConfig, DnsError, HOSTS_FILE, QUESTION_TIMEOUT, QUESTIONS_MAX, WAITING_MAX};

/// Names who asked; chosen by the owner, handed back with the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DnsJob(pub u64);

/// The answer to one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// Who asked.
    pub job: DnsJob,
    /// What was asked.
    pub question: Question,
    /// What DNS said.
    pub answer: Answer,
}

/// What the questions came to, counted since the start.
#[derive(Debug, Default)]
pub struct DnsMetrics {
    asked: AtomicU64,
    shared: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
    timed_out: AtomicU64,
}

/// One reading of [`DnsMetrics`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DnsFigures {
    /// Questions sent to the name servers.
    pub asked: u64,
    /// Questions that waited for the same question of another.
    pub shared: u64,
    /// Questions not taken, because too many were waiting.
    pub refused: u64,
    /// Questions that the name servers failed to answer.
    pub failed: u64,
    /// Questions without an answer in time.
    pub timed_out: u64,
}

impl DnsMetrics {
    /// Reads all counters.
    #[must_use]
    pub fn figures(&self) -> DnsFigures {
        DnsFigures {
            asked: self.asked.load(Ordering::Relaxed),
            shared: self.shared.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            timed_out: self.timed_out.load(Ordering::Relaxed),
        }
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// The task that asks DNS. Dropping it ends all questions without an answer.
#[derive(Debug)]
pub struct Dns {
    questions: mpsc::Sender<Asked>,
    timeout: std::time::Duration,
    metrics: Arc<DnsMetrics>,
    task: AbortHandle,
}

/// A question on its way to the task.
#[derive(Debug)]
struct Asked {
    job: DnsJob,
    question: Question,
    deadline: Instant,
}

impl Dns {
    /// Reads the configuration and starts the task on the runtime of the caller.
    ///
    /// `answers` is the queue of the owner; while it is full, no further question is asked.
    ///
    /// # Errors
    ///
    /// [`DnsError`], if a file of the system cannot be read or names no server.
    pub fn start<T>(config: &DnsConfig, answers: mpsc::Sender<T>) -> Result<Self, DnsError>
    where
        T: From<Resolved> + Send + 'static,
    {
        let resolver = config.resolver()?;
        let metrics = Arc::new(DnsMetrics::default());
        let (questions, asked) = mpsc::channel(config.waiting_max);
        let task = task::Task::new(resolver, config, Arc::clone(&metrics));
        let task = tokio::spawn(task.run(asked, answers)).abort_handle();
        Ok(Self {
            questions,
            timeout: config.timeout,
            metrics,
            task,
        })
    }

    /// Takes a question, without waiting.
    ///
    /// # Errors
    ///
    /// The answer [`Answer::Failed`], if [`DnsConfig::waiting_max`] questions wait already; the
    /// queue of answers gets none then.
    pub fn ask(&self, job: DnsJob, question: Question) -> Result<(), Resolved> {
        let deadline = Instant::now() + self.timeout;
        let asked = Asked {
            job,
            question,
            deadline,
        };
        self.questions.try_send(asked).map_err(|error| {
            let asked = error.into_inner();
            count(&self.metrics.refused);
            debug!(question = %asked.question, "too many questions for DNS");
            asked.resolved(Answer::Failed)
        })
    }

    /// Returns the figures of the questions.
    #[must_use]
    pub const fn metrics(&self) -> &Arc<DnsMetrics> {
        &self.metrics
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Asked {
    fn resolved(self, answer: Answer) -> Resolved {
        Resolved {
            job: self.job,
            question: self.question,
            answer,
        }
    }
}
