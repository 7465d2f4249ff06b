use plenum_control::{CallReport, Control, ControlOutbox, Input, Output, Reply, Request};
use plenum_time::Instant;

/// A plain value that the driver runs: the control machine of a server, or that of a phone.
///
/// No method may block: everything else waits while one runs.
pub trait Machine: Send + 'static {
    /// What interfaces ask for.
    type Request: Send + 'static;
    /// What they are told.
    type Reply: Send + 'static;
    /// Where the machine puts its orders.
    type Outbox: Default + Send + 'static;

    /// Takes the oldest order out of an outbox.
    fn pop(out: &mut Self::Outbox) -> Option<Output>;

    /// Takes one input and does all that follows from it.
    fn handle(&mut self, now: Instant, input: Input, out: &mut Self::Outbox);

    /// Does everything that is due at `now`.
    fn timeout(&mut self, now: Instant, out: &mut Self::Outbox);

    /// Tells when [`timeout`](Self::timeout) must be called next.
    fn next_deadline(&self) -> Option<Instant>;

    /// Answers a request.
    fn request(
        &mut self,
        now: Instant,
        request: Self::Request,
        out: &mut Self::Outbox,
    ) -> Self::Reply;

    /// Returns a number that grows with each event that readers of the journal may want.
    fn journal_head(&self) -> u64 {
        0
    }

    /// Returns what became of calls since the last time, for the log; asked when the journal grew.
    fn reports(&mut self) -> Vec<CallReport> {
        Vec::new()
    }

    /// Ends what was at work when the machine panicked in any other method, and goes on with what
    /// that turn had left for others. Called again if it panics itself.
    fn recover(&mut self, now: Instant, out: &mut Self::Outbox);

    /// Begins to end: finishes what runs and takes nothing more.
    fn drain(&mut self, now: Instant, out: &mut Self::Outbox);

    /// Tells whether nothing is left that a stop would cut off.
    fn is_drained(&self) -> bool;
}

impl Machine for Control {
    type Request = Request;
    type Reply = Reply;
    type Outbox = ControlOutbox;

    fn pop(out: &mut ControlOutbox) -> Option<Output> {
        out.pop()
    }

    fn handle(&mut self, now: Instant, input: Input, out: &mut ControlOutbox) {
        self.handle(now, input, out);
    }

    fn timeout(&mut self, now: Instant, out: &mut ControlOutbox) {
        self.timeout(now, out);
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.next_deadline()
    }

    fn request(&mut self, now: Instant, request: Request, out: &mut ControlOutbox) -> Reply {
        self.request(now, request, out)
    }

    fn journal_head(&self) -> u64 {
        self.switch().journal().last_seq()
    }

    fn reports(&mut self) -> Vec<CallReport> {
        self.reports()
    }

    fn recover(&mut self, now: Instant, out: &mut ControlOutbox) {
        self.recover(now, out);
    }

    fn drain(&mut self, now: Instant, out: &mut ControlOutbox) {
        self.drain(now, out);
    }

    fn is_drained(&self) -> bool {
        self.is_drained()
    }
}
