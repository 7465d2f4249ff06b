//! What a room costs the domain beyond its callers: a counting allocator is the witness.
#![allow(
    unsafe_code,
    reason = "an allocator can only be written with unsafe code"
)]

#[allow(dead_code, reason = "the stories use more of the world")]
#[path = "behaviour/world.rs"]
mod world;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use world::World;

thread_local! {
    /// Bytes that this thread has taken and not given back.
    static HELD: Cell<isize> = const { Cell::new(0) };
}

struct Counting;

fn count(bytes: isize) {
    // A thread that is ending has no counter any more, and nobody asks for it.
    let _ = HELD.try_with(|held| held.set(held.get() + bytes));
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(-layout.size().cast_signed());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size.cast_signed() - layout.size().cast_signed());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The switch's part of the 4 KiB that a room may take beyond its callers; the media shard has
/// the rest (`media/tests/no_alloc.rs`).
const ROOM_BYTES_MAX: isize = 3 * 1024;

/// Just beyond a power of two, where tables that double have the most to spare.
const CALLERS: isize = 520;

const DIALPLAN: &str = "\
[default]
exten => _X.,1,ConfBridge(${EXTEN})
";

/// The bytes that a switch gives back at its end, its callers being in the rooms they dialled.
fn bytes(rooms: isize) -> isize {
    let mut world = World::with(DIALPLAN, |config| config.journal_bytes = 1);
    for caller in 0..CALLERS {
        world.call("anna", &format!("{}", 1_000_000 + caller % rooms));
    }
    world.seconds(60);
    let counts = world.switch.counts();
    assert_eq!(counts.rooms, rooms.cast_unsigned());
    assert_eq!(counts.channels, CALLERS.cast_unsigned());
    let World { switch, .. } = world;
    let before = HELD.with(Cell::get);
    drop(switch);
    before - HELD.with(Cell::get)
}

#[test]
fn a_room_costs_the_domain_little_beyond_its_callers() {
    let (one, all) = (bytes(1), bytes(CALLERS));
    assert!(one > CALLERS * 100, "the allocator counts: {one}");
    let room = (all - one) / (CALLERS - 1);
    println!("{room} bytes a room with one caller, beyond the caller");
    assert!((1..=ROOM_BYTES_MAX).contains(&room), "{room} bytes");
}
