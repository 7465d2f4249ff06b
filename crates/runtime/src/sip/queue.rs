//! Messages that wait for one connection, bounded in number and in octets.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use bytes::Bytes;
use tokio::sync::mpsc;

use super::SipLimits;

/// The end that takes messages.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    messages: mpsc::Sender<Bytes>,
    octets: Arc<AtomicUsize>,
    octets_max: usize,
}

/// The end that writes them.
#[derive(Debug)]
pub(super) struct Waiting {
    messages: mpsc::Receiver<Bytes>,
    octets: Arc<AtomicUsize>,
}

/// Why a message was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum QueueError {
    /// Too much waits: the peer does not read.
    Full,
    /// The connection has ended.
    Closed,
}

/// Builds the queue of a connection.
pub(super) fn queue(limits: &SipLimits) -> (Queue, Waiting) {
    let (sender, receiver) = mpsc::channel(limits.messages_waiting_max.max(1));
    let octets = Arc::new(AtomicUsize::new(0));
    let queue = Queue {
        messages: sender,
        octets: Arc::clone(&octets),
        octets_max: limits.bytes_waiting_max,
    };
    let waiting = Waiting {
        messages: receiver,
        octets,
    };
    (queue, waiting)
}

impl Queue {
    /// Takes a message; an empty queue takes one of any length.
    pub(super) fn push(&self, message: Bytes) -> Result<(), QueueError> {
        let len = message.len();
        let before = self.octets.fetch_add(len, Relaxed);
        let pushed = if before > 0 && before.saturating_add(len) > self.octets_max {
            Err(QueueError::Full)
        } else {
            self.messages
                .try_send(message)
                .map_err(|error| match error {
                    mpsc::error::TrySendError::Full(_) => QueueError::Full,
                    mpsc::error::TrySendError::Closed(_) => QueueError::Closed,
                })
        };
        if pushed.is_err() {
            self.octets.fetch_sub(len, Relaxed);
        }
        pushed
    }
}

impl Waiting {
    /// Waits for the next message; `None` once the other end is gone and all are taken.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        let message = self.messages.recv().await?;
        self.octets.fetch_sub(message.len(), Relaxed);
        Some(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn octets_are_bounded_like_messages() {
        let limits = SipLimits {
            messages_waiting_max: 2,
            bytes_waiting_max: 10,
            ..SipLimits::default()
        };
        let (queue, mut waiting) = queue(&limits);
        assert_eq!(queue.push(Bytes::from_static(&[0; 20])), Ok(()));
        assert_eq!(queue.push(Bytes::from_static(b"x")), Err(QueueError::Full));
        assert_eq!(waiting.next().await.map(|message| message.len()), Some(20));
        for _ in 0..2 {
            assert_eq!(queue.push(Bytes::from_static(b"x")), Ok(()));
        }
        assert_eq!(queue.push(Bytes::from_static(b"x")), Err(QueueError::Full));
        drop(waiting);
        assert_eq!(
            queue.push(Bytes::from_static(b"x")),
            Err(QueueError::Closed)
        );
    }
}
