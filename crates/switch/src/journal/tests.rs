use alloc::string::String;

use super::*;
use crate::ids::ChannelKey;

fn say(text: &str) -> Event {
    Event::Verbose {
        channel: ChannelKey::default(),
        level: 0,
        text: text.into(),
    }
}

fn journal(events: usize, bytes_max: usize) -> Journal {
    let mut journal = Journal::new(bytes_max);
    for n in 0..events {
        journal.push(Instant::ZERO, Duration::ZERO, say(&alloc::format!("{n}")));
    }
    journal
}

fn numbers(batch: &Batch<'_>) -> Vec<u64> {
    batch.entries.iter().map(|entry| entry.seq).collect()
}

#[test]
fn a_reader_gets_everything_once_in_batches() {
    let journal = journal(5, 1 << 20);
    let filter = Filter::default();
    let batch = journal.read_after(0, &filter, 3);
    assert_eq!(
        (numbers(&batch), batch.next, batch.lost),
        (Vec::from([1, 2, 3]), 3, None)
    );
    let batch = journal.read_after(batch.next, &filter, 3);
    assert_eq!(
        (numbers(&batch), batch.next, batch.lost),
        (Vec::from([4, 5]), 5, None)
    );
    assert_eq!(numbers(&journal.read_after(5, &filter, 3)), []);
}

#[test]
fn a_slow_reader_is_told_what_it_lost() {
    let journal = journal(1_000, 10 * size_of::<Entry>());
    assert!(journal.bytes() <= 10 * size_of::<Entry>());
    let first = journal.first_seq();
    assert!(first > 900);
    let batch = journal.read_after(3, &Filter::default(), 2);
    assert_eq!(
        batch.lost,
        Some(Lost {
            from: 4,
            to: first - 1
        })
    );
    assert_eq!(numbers(&batch), [first, first + 1]);
    let batch = journal.read_after(batch.next, &Filter::default(), 100);
    assert_eq!((batch.lost, batch.next), (None, 1_000));
}

#[test]
fn the_newest_event_is_kept_whatever_its_size() {
    let mut journal = Journal::new(10);
    journal.push(Instant::ZERO, Duration::ZERO, say(&"x".repeat(1000)));
    assert_eq!(numbers(&journal.read_after(0, &Filter::default(), 9)), [1]);
    assert!(journal.bytes() > 1000);
    journal.push(Instant::ZERO, Duration::ZERO, say(""));
    assert_eq!(journal.first_seq(), 2);
}

#[test]
fn a_filter_passes_kinds_and_what_they_touch() {
    let event = say("");
    let none = KindSet::NONE;
    assert!(Filter::kinds(none.with(EventKind::Verbose)).passes(&event));
    assert!(!Filter::kinds(none.with(EventKind::Held)).passes(&event));
    assert!(!Filter::kinds(KindSet::ALL.without(EventKind::Verbose)).passes(&event));
    let mut filter = Filter::default();
    filter.channels.insert(ChannelKey::default());
    assert!(filter.passes(&event));
    assert!(!filter.passes(&Event::DialplanReloaded { contexts: 1 }));
}

#[test]
fn a_filtered_reader_moves_past_what_it_does_not_want() {
    let journal = journal(5, 1 << 20);
    let batch = journal.read_after(0, &Filter::kinds(KindSet::NONE), 3);
    assert_eq!((batch.entries.len(), batch.next), (0, 5));
}

#[test]
fn kinds_fit_into_a_set_and_have_names() {
    assert!(EventKind::ALL.len() <= 64);
    assert_eq!(
        EventKind::ParticipantJoined.name(),
        String::from("ParticipantJoined")
    );
}
