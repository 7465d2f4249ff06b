use std::collections::BTreeSet;
use std::path::Path;

use plenum_control::{Counters, Sizes};
use plenum_runtime::shard::LATENESS_BUCKETS;

use super::*;

/// A server with two shards, of which the second was late once.
fn snapshot() -> Snapshot {
    let mut late = ShardFigures {
        link_frames_missed: 7,
        ..ShardFigures::default()
    };
    late.lateness.sum_nanos = 30_000_000;
    late.lateness.counts[LATENESS_BUCKETS.len()] = 1;
    Snapshot {
        control: Box::new(Figures {
            totals: Counters {
                calls_arrived: 3,
                frames_concealed: 5,
                ..Counters::default()
            },
            sip: plenum_sip_ua::Counters::default(),
            domain: plenum_switch::Counts::default(),
            sizes: Sizes {
                legs: 2,
                ..Sizes::default()
            },
            last_event: 9,
        }),
        driver: ControlFigures {
            busy_nanos: 1_500_000_000,
            queue_len: 4,
            media_orders_lost: 1,
            ..ControlFigures::default()
        },
        sip: SipFigures::default(),
        shards: vec![ShardFigures::default(), late],
    }
}

fn page() -> String {
    snapshot().text().expect("a string takes everything")
}

#[test]
fn figures_have_units_and_the_shards_have_labels() {
    let page = page();
    for line in [
        "plenum_calls_arrived_total 3",
        "plenum_calls 2",
        "plenum_journal_events_total 9",
        "plenum_audio_concealed_seconds_total 0.05",
        "plenum_control_busy_seconds_total 1.5",
        "plenum_control_queue 4",
        "plenum_media_orders_lost_total 1",
        "plenum_shard_link_frames_missed_total{shard=\"0\"} 0",
        "plenum_shard_link_frames_missed_total{shard=\"1\"} 7",
        "plenum_shard_lateness_seconds_sum{shard=\"1\"} 0.03",
        "plenum_shard_lateness_seconds_count{shard=\"1\"} 1",
        "plenum_shard_lateness_seconds_bucket{le=\"0.025\",shard=\"1\"} 0",
        "plenum_shard_lateness_seconds_bucket{le=\"+Inf\",shard=\"1\"} 1",
    ] {
        assert!(page.lines().any(|found| found == line), "{line}\n{page}");
    }
}

#[test]
fn no_two_figures_have_one_name() {
    let page = page();
    let names: Vec<&str> = described(&page).map(|(name, _)| name).collect();
    let different: BTreeSet<&&str> = names.iter().collect();
    assert_eq!(names.len(), different.len());
}

#[test]
fn the_guide_lists_every_figure_as_the_page_has_it() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/metrics.md");
    let guide = std::fs::read_to_string(path).expect("the guide is there");
    let wanted = listing(&page());
    let (_, listed) = guide.split_once("## All figures\n\n").expect("the heading");
    assert!(
        listed == wanted,
        "docs/guide/metrics.md is to end in:\n{wanted}"
    );
}

/// The names and sentences of all figures on a page.
fn described(page: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = page.lines().filter_map(|line| line.strip_prefix("# HELP "));
    lines.filter_map(|line| line.split_once(' '))
}

/// The table of the guide.
fn listing(page: &str) -> String {
    let mut table = "| figure | kind | meaning |\n|---|---|---|\n".to_owned();
    for (name, help) in described(page) {
        let typed = format!("# TYPE {name} ");
        let kind = page.lines().find_map(|line| line.strip_prefix(&typed));
        let kind = kind.expect("a figure has a kind");
        let suffix = if kind == "counter" { "_total" } else { "" };
        let help = help.trim_end_matches('.');
        table += &format!("| `{name}{suffix}` | {kind} | {help} |\n");
    }
    table
}
