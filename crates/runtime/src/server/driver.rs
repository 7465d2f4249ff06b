use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use plenum_control::Input;
use plenum_media::SLICE;
use plenum_time::Instant;
use tokio::sync::{mpsc, oneshot, watch};
use tracing::{error, info, warn};

use super::call_log;
use super::handle::{Ask, Ending};
use super::machine::Machine;
use super::metrics::ControlMetrics;
use super::world::{Bound, World};
use crate::clock::Clock;

/// Inputs handled before the other queues are looked at.
pub const INPUTS_PER_TURN: usize = 256;

/// Notices taken from one shard before the other queues are looked at.
pub const NOTICES_PER_TURN: usize = 1024;

/// Orders and their immediate answers that follow from one input; more is a machine that runs in
/// circles.
const ANSWERS_PER_TURN: usize = 10_000;

/// Recoveries tried after one fault; each may meet another one. What is left then waits for the
/// next input.
const RECOVERIES_MAX: usize = 16;

/// A time in the machine that is worth a line in the log: everything else waited as long.
const LONG: Duration = Duration::from_millis(100);

/// The control task: runs a machine in real time.
pub(super) struct Driver<M: Machine> {
    pub(super) machine: M,
    pub(super) out: M::Outbox,
    pub(super) clock: Clock,
    /// Before the world: whoever waits for room in a queue must be woken before he is joined.
    pub(super) queues: Queues<M>,
    pub(super) world: World,
    pub(super) journal: watch::Sender<u64>,
    pub(super) metrics: Arc<ControlMetrics>,
    pub(super) ending: Option<(Instant, oneshot::Sender<Ending>)>,
}

/// What the control task waits for.
pub(super) struct Queues<M: Machine> {
    pub(super) inputs: mpsc::Receiver<Input>,
    pub(super) asks: mpsc::Receiver<Ask<M>>,
    pub(super) bound: mpsc::Receiver<Bound>,
}

enum Event<M: Machine> {
    Inputs,
    Notices,
    Ask(Ask<M>),
    Bound(Bound),
    Due,
    Abandoned,
}

impl<M: Machine> Driver<M> {
    /// Runs until it is told to end, or until nobody is left who could tell it.
    pub(super) async fn run(mut self) {
        let mut batch = Vec::with_capacity(INPUTS_PER_TURN);
        self.carry_out();
        let ending = loop {
            if let Some(ending) = self.is_over() {
                break ending;
            }
            match self.next(&mut batch).await {
                Event::Inputs => {
                    self.metrics.waiting(self.queues.inputs.len() + batch.len());
                }
                Event::Notices => {
                    if self.world.notices(NOTICES_PER_TURN, &mut batch) {
                        self.world.wake.notify_one();
                    }
                    ControlMetrics::add(&self.metrics.notices, batch.len() as u64);
                }
                Event::Ask(ask) => {
                    self.metrics.waiting(self.queues.inputs.len());
                    self.answer(ask);
                }
                Event::Bound(bound) => batch.extend(self.world.hand_over(bound)),
                Event::Due => {}
                Event::Abandoned => break Ending::TimedOut,
            }
            for input in batch.drain(..) {
                self.handle(input);
            }
            self.time_out();
            self.world.flush();
            self.publish();
        };
        self.end(ending).await;
    }

    async fn next(&mut self, batch: &mut Vec<Input>) -> Event<M> {
        let due = self.deadline().map(|at| self.clock.to_std(at));
        let due = async {
            match due {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        let queues = &mut self.queues;
        tokio::select! {
            _ = queues.inputs.recv_many(batch, INPUTS_PER_TURN) => Event::Inputs,
            () = self.world.wake.notified() => Event::Notices,
            ask = queues.asks.recv() => ask.map_or(Event::Abandoned, Event::Ask),
            Some(bound) = queues.bound.recv() => Event::Bound(bound),
            () = due => Event::Due,
        }
    }

    /// Returns when to go on although nothing arrives.
    fn deadline(&self) -> Option<Instant> {
        let behind = self.world.is_behind().then(|| self.clock.now() + SLICE);
        let ending = self.ending.as_ref().map(|(at, _)| *at);
        [self.machine.next_deadline(), behind, ending]
            .into_iter()
            .flatten()
            .min()
    }

    fn handle(&mut self, input: Input) {
        self.call(|machine, now, out| machine.handle(now, input, out));
        ControlMetrics::add(&self.metrics.inputs, 1);
        self.carry_out();
    }

    fn time_out(&mut self) {
        let now = self.clock.now();
        if self.machine.next_deadline().is_some_and(|at| at <= now) {
            self.call(|machine, now, out| machine.timeout(now, out));
            ControlMetrics::add(&self.metrics.timeouts, 1);
            self.carry_out();
        }
    }

    fn answer(&mut self, ask: Ask<M>) {
        match ask {
            Ask::Request(request, reply) => {
                let answer = self.call(|machine, now, out| machine.request(now, request, out));
                ControlMetrics::add(&self.metrics.requests, 1);
                if let Some(answer) = answer {
                    // Who asked may have gone.
                    let _ = reply.send(answer);
                }
            }
            Ask::ShutDown { timeout, done } => {
                info!(?timeout, "shutting down");
                self.call(|machine, now, out| machine.drain(now, out));
                self.ending = Some((self.clock.now() + timeout, done));
            }
        }
        self.carry_out();
    }

    /// Carries out the orders of the machine, and tells it at once what became of them.
    fn carry_out(&mut self) {
        let mut answers = 0;
        loop {
            let mut orders = 0;
            while let Some(output) = M::pop(&mut self.out) {
                self.world.obey(output);
                orders += 1;
            }
            ControlMetrics::add(&self.metrics.outputs, orders);
            let Some(input) = self.world.answers.pop_front() else {
                return;
            };
            answers += 1;
            if answers > ANSWERS_PER_TURN {
                error!(dropped = ?std::mem::discriminant(&input), "the machine runs in circles");
                self.world.answers.clear();
                return;
            }
            self.call(|machine, now, out| machine.handle(now, input, out));
        }
    }

    /// Calls the machine; a panic is counted, and the machine recovers from it.
    fn call<T>(&mut self, work: impl FnOnce(&mut M, Instant, &mut M::Outbox) -> T) -> Option<T> {
        let outcome = self.attempt(work);
        if outcome.is_none() {
            self.recover();
        }
        outcome
    }

    /// Lets the machine end what was at fault and go on with the rest.
    fn recover(&mut self) {
        let recovered = (0..RECOVERIES_MAX).any(|_| {
            self.attempt(|machine, now, out| machine.recover(now, out))
                .is_some()
        });
        if !recovered {
            error!("the control machine cannot recover from a fault and goes on as it is");
        }
    }

    fn attempt<T>(&mut self, work: impl FnOnce(&mut M, Instant, &mut M::Outbox) -> T) -> Option<T> {
        let now = self.clock.now();
        let (machine, out) = (&mut self.machine, &mut self.out);
        let outcome = catch_unwind(AssertUnwindSafe(|| work(machine, now, out)));
        let time = self.clock.now().since(now);
        self.metrics.worked(time);
        if time > LONG {
            warn!(?time, "the control machine took long");
        }
        outcome
            .inspect_err(|_| {
                ControlMetrics::add(&self.metrics.panics, 1);
                let panics = self.metrics.read().panics;
                if panics.is_power_of_two() {
                    error!(panics, "the control machine panicked and goes on");
                }
            })
            .ok()
    }

    /// If the journal has grown, wakes its readers and logs the calls that are over.
    fn publish(&mut self) {
        let head = self.machine.journal_head();
        let has_grown = self
            .journal
            .send_if_modified(|seen| std::mem::replace(seen, head) != head);
        if has_grown {
            self.machine.reports().iter().for_each(call_log::write);
        }
    }

    fn is_over(&self) -> Option<Ending> {
        let (at, _) = self.ending.as_ref()?;
        if self.machine.is_drained() {
            return Some(Ending::Drained);
        }
        (*at <= self.clock.now()).then_some(Ending::TimedOut)
    }

    async fn end(self, ending: Ending) {
        let Self {
            world,
            queues,
            ending: asked,
            ..
        } = self;
        // Whoever waits for room in a queue is woken by its end.
        drop(queues);
        world.close().await;
        info!(?ending, "stopped");
        if let Some((_, done)) = asked {
            let _ = done.send(ending);
        }
    }
}
