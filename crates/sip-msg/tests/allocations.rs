//! Counts what reading and writing a call takes from the allocator: a counting allocator is the
//! witness that no change makes it more without being seen.
#![allow(
    unsafe_code,
    reason = "an allocator can only be written with unsafe code"
)]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use bytes::Bytes;
use plenum_sip_msg::{HeaderName, Limits, Message, MessageBuilder, StatusCode};

/// The table of offsets.
const READ: u64 = 1;
/// The table; of Via the parameters, of From the name and the host, of To the host, the Call-ID.
const READ_AND_TYPE: u64 = 6;
/// The values, the list of headers, the message, what makes it shared, and its table.
const ANSWER: u64 = 6;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

fn count() {
    // A thread that is ending has no counter any more, and nobody asks for it.
    let _ = COUNT.try_with(|count| count.set(count.get() + 1));
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Runs the work once and returns how often it asked for memory.
fn during<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let before = COUNT.with(Cell::get);
    let result = work();
    (result, COUNT.with(Cell::get) - before)
}

fn invite() -> Message {
    let datagram = Bytes::from_static(include_bytes!("../examples/invite.sip"));
    Message::parse_datagram(datagram, &Limits::default()).unwrap()
}

#[test]
fn reading_an_invite_takes_one_table() {
    let (message, read) = during(invite);
    assert_eq!(read, READ);
    let (core, typed) = during(|| message.core().unwrap());
    let (contact, contact_typed) = during(|| message.contacts().next().unwrap().unwrap());
    assert_eq!(core.from.display.as_deref(), Some("Mara Lind"));
    assert_eq!(contact.uri.port(), Some(5060));
    let all = read + typed + contact_typed;
    assert!(
        all <= READ_AND_TYPE,
        "{all} = {read} + {typed} + {contact_typed}"
    );
}

#[test]
fn looking_up_headers_takes_nothing() {
    let message = invite();
    let (seen, taken) = during(|| {
        let known = message.has(&HeaderName::SessionExpires) && !message.has(&HeaderName::Replaces);
        known && message.call_id().is_ok() && message.headers().count() == 14
    });
    assert_eq!((seen, taken), (true, 0));
}

#[test]
fn an_answer_takes_a_fixed_number() {
    let message = invite();
    let (answer, taken) = during(|| {
        MessageBuilder::response_to(&message, StatusCode::RINGING)
            .to_tag("a1")
            .build()
    });
    assert_eq!(answer.to().unwrap().tag(), Some("a1"));
    assert!(taken <= ANSWER, "{taken}");
}

#[test]
fn a_clone_takes_nothing() {
    let message = invite();
    let ((), taken) = during(|| drop((message.clone(), message.body(), message.bytes().clone())));
    assert_eq!(taken, 0);
}
