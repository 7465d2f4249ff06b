//! One figure as a line of the page.

use std::fmt;
use std::time::Duration;

use plenum_runtime::shard::{LATENESS_BUCKETS, Lateness};
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

/// Length of a frame of audio, in nanoseconds.
const FRAME_NANOS: u64 = 10_000_000;

/// A figure with its name and its sentence.
#[derive(Debug)]
pub(super) struct Row {
    /// Without `plenum_`, the unit and `_total`, which are added.
    pub(super) name: &'static str,
    /// Without the full stop, which is added.
    pub(super) help: &'static str,
    pub(super) value: Value,
}

/// What a figure is.
#[derive(Debug)]
pub(super) enum Value {
    /// A count since the start.
    Total(u64),
    /// Time since the start, in nanoseconds.
    TotalNanos(u64),
    /// Audio since the start, in frames.
    TotalFrames(u64),
    /// A number at this moment, or the greatest since the start.
    Present(u64),
    /// A time at this moment, or the longest since the start, in nanoseconds.
    PresentNanos(u64),
    /// A number of things that there are.
    Held(usize),
    /// How often it took how long.
    Spread(Lateness),
}

/// Writes figures that there is one of.
pub(super) fn single(encoder: &mut DescriptorEncoder<'_>, rows: &[Row]) -> fmt::Result {
    for row in rows {
        row.value.encode(row.describe(encoder)?)?;
    }
    Ok(())
}

/// Writes figures that each shard has; the tables of all shards have the same rows.
pub(super) fn by_shard(encoder: &mut DescriptorEncoder<'_>, tables: &[Vec<Row>]) -> fmt::Result {
    let Some(first) = tables.first() else {
        return Ok(());
    };
    for (index, row) in first.iter().enumerate() {
        let mut family = row.describe(encoder)?;
        for (shard, table) in tables.iter().enumerate() {
            let labels = [("shard", shard.to_string())];
            table[index].value.encode(family.encode_family(&labels)?)?;
        }
    }
    Ok(())
}

impl Row {
    fn describe<'e>(
        &self,
        encoder: &'e mut DescriptorEncoder<'_>,
    ) -> Result<MetricEncoder<'e>, fmt::Error> {
        let (kind, unit) = match self.value {
            Value::Total(_) => (MetricType::Counter, None),
            Value::TotalNanos(_) | Value::TotalFrames(_) => {
                (MetricType::Counter, Some(&Unit::Seconds))
            }
            Value::Present(_) | Value::Held(_) => (MetricType::Gauge, None),
            Value::PresentNanos(_) => (MetricType::Gauge, Some(&Unit::Seconds)),
            Value::Spread(_) => (MetricType::Histogram, Some(&Unit::Seconds)),
        };
        encoder.encode_descriptor(self.name, self.help, unit, kind)
    }
}

impl Value {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        match *self {
            Self::Total(count) => ConstCounter::new(count).encode(encoder),
            Self::TotalNanos(nanos) => ConstCounter::new(seconds(nanos)).encode(encoder),
            Self::TotalFrames(frames) => {
                let nanos = frames.saturating_mul(FRAME_NANOS);
                ConstCounter::new(seconds(nanos)).encode(encoder)
            }
            Self::Present(count) => gauge(count, encoder),
            Self::PresentNanos(nanos) => ConstGauge::new(seconds(nanos)).encode(encoder),
            Self::Held(count) => gauge(count, encoder),
            Self::Spread(Lateness { sum_nanos, counts }) => {
                let bounds = LATENESS_BUCKETS.iter().map(Duration::as_secs_f64);
                let buckets: Vec<(f64, u64)> = bounds.chain([f64::INFINITY]).zip(counts).collect();
                let (sum, count) = (seconds(sum_nanos), counts.iter().sum());
                encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
            }
        }
    }
}

/// Writes what may be above what the format has a number for.
fn gauge(count: impl TryInto<i64>, encoder: MetricEncoder<'_>) -> fmt::Result {
    ConstGauge::new(count.try_into().unwrap_or(i64::MAX)).encode(encoder)
}

fn seconds(nanos: u64) -> f64 {
    Duration::from_nanos(nanos).as_secs_f64()
}
