//! `/metrics`: what the server did and holds, in the OpenMetrics text format.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use plenum_control::Figures;
use plenum_runtime::server::{ControlFigures, ControlMetrics};
use plenum_runtime::shard::{LATENESS_BUCKETS, ShardFigures, ShardMetrics};
use plenum_runtime::sip::{SipFigures, SipMetrics};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, text};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

use crate::serve::Handle;

/// The control machine answers within this time, or it counts as stuck.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where the figures come from.
#[derive(Debug)]
pub struct Metrics {
    /// The control machine.
    pub handle: Handle,
    /// The SIP transports.
    pub sip: Arc<SipMetrics>,
    /// The shard threads, in order.
    pub shards: Vec<Arc<ShardMetrics>>,
}

impl Metrics {
    /// Reads all figures and writes them down.
    ///
    /// # Errors
    ///
    /// The sentence that says that the control machine does not answer.
    pub async fn text(&self) -> Result<String, String> {
        let request = self.handle.request(plenum_control::Request::Figures);
        let reply = tokio::time::timeout(PATIENCE, request).await;
        let figures = match reply {
            Ok(Ok(plenum_control::Reply::Figures(figures))) => figures,
            Ok(_) => return Err("the control task has stopped; restart the server".to_owned()),
            Err(_) => {
                return Err(format!(
                    "the control task has not answered for {PATIENCE:?}"
                ));
            }
        };
        let mut registry = Registry::with_prefix("plenum");
        registry.register_collector(Box::new(Snapshot {
            control: figures,
            driver: self.driver().read(),
            sip: self.sip.read(),
            shards: self.shards.iter().map(|shard| shard.read()).collect(),
        }));
        let mut text = String::new();
        text::encode(&mut text, &registry).map_err(|error| error.to_string())?;
        Ok(text)
    }

    fn driver(&self) -> &ControlMetrics {
        self.handle.metrics()
    }
}

#[derive(Debug)]
struct Snapshot {
    control: Box<Figures>,
    driver: ControlFigures,
    sip: SipFigures,
    shards: Vec<ShardFigures>,
}

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.calls(&mut encoder)?;
        self.tables(&mut encoder)?;
        self.transports(&mut encoder)?;
        self.driver(&mut encoder)?;
        self.media(&mut encoder)
    }
}

impl Snapshot {
    fn calls(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let totals = &self.control.totals;
        counter(
            encoder,
            "calls_arrived",
            "Calls that arrived",
            totals.calls_arrived,
        )?;
        counter(
            encoder,
            "calls_answered",
            "Calls that were answered",
            totals.calls_answered,
        )?;
        counter(
            encoder,
            "calls_refused",
            "Calls refused at the door",
            totals.calls_refused,
        )?;
        counter(
            encoder,
            "calls_ended",
            "Calls that ended",
            totals.calls_ended,
        )?;
        counter(
            encoder,
            "rtp_received",
            "RTP packets of ended calls",
            totals.packets_received,
        )?;
        counter(
            encoder,
            "rtp_lost",
            "RTP packets lost, of ended calls",
            totals.packets_lost,
        )?;
        counter(
            encoder,
            "rtp_late",
            "RTP packets too late, of ended calls",
            totals.packets_late,
        )?;
        let help = "Orders that a shard refused; each is a bug";
        counter(encoder, "media_refused", help, totals.media_refused)
    }

    fn tables(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let sizes = &self.control.sizes;
        gauge(encoder, "calls", "Calls at present", sizes.legs)?;
        gauge(
            encoder,
            "rooms",
            "Rooms at present",
            self.control.domain.rooms,
        )?;
        gauge(
            encoder,
            "channels",
            "Channels at present",
            self.control.domain.channels,
        )?;
        gauge(
            encoder,
            "playbacks",
            "Playbacks at present",
            sizes.playbacks,
        )?;
        gauge(
            encoder,
            "recordings",
            "Recordings at present",
            sizes.recordings,
        )?;
        gauge(
            encoder,
            "port_pairs",
            "RTP port pairs bound",
            sizes.port_pairs,
        )?;
        gauge(
            encoder,
            "port_seats",
            "Calls seated on port pairs",
            sizes.seats,
        )?;
        gauge(
            encoder,
            "sip_transactions",
            "SIP transactions",
            sizes.sip_transactions,
        )?;
        counter(
            encoder,
            "journal_events",
            "Events in the journal",
            self.control.last_event,
        )
    }

    fn transports(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let sip = &self.sip;
        counter(
            encoder,
            "sip_datagrams_in",
            "SIP datagrams received",
            sip.datagrams_in,
        )?;
        counter(
            encoder,
            "sip_datagrams_out",
            "SIP datagrams sent",
            sip.datagrams_out,
        )?;
        let help = "SIP datagrams dropped because the control task was behind";
        counter(
            encoder,
            "sip_datagrams_in_dropped",
            help,
            sip.datagrams_in_dropped,
        )?;
        let help = "SIP datagrams dropped because the socket was full";
        counter(
            encoder,
            "sip_datagrams_out_dropped",
            help,
            sip.datagrams_out_dropped,
        )?;
        let open = usize::try_from(sip.connections).unwrap_or(usize::MAX);
        gauge(encoder, "sip_connections", "SIP connections open", open)?;
        let help = "SIP connections refused over the limit";
        counter(
            encoder,
            "sip_connections_refused",
            help,
            sip.connections_refused,
        )
    }

    fn driver(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let driver = &self.driver;
        counter(
            encoder,
            "control_inputs",
            "Inputs of the control task",
            driver.inputs,
        )?;
        seconds(
            encoder,
            "control_busy",
            "Time the control task worked",
            driver.busy_nanos,
        )?;
        let help = "Longest time that one input took";
        seconds(encoder, "control_busy_max", help, driver.busy_max_nanos)?;
        let waiting = usize::try_from(driver.queue_len_max).unwrap_or(usize::MAX);
        gauge(
            encoder,
            "control_queue_max",
            "Most inputs that ever waited",
            waiting,
        )?;
        counter(
            encoder,
            "control_panics",
            "Faults caught in the control task",
            driver.panics,
        )
    }

    fn media(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        type Row = (&'static str, &'static str, fn(&ShardFigures) -> u64);
        let rows: [Row; 11] = [
            ("slices", "Slices of 5 ms run", |shard| shard.slices),
            ("slices_skipped", "Slices skipped because late", |shard| {
                shard.slices_skipped
            }),
            ("packets_in", "Datagrams read", |shard| shard.packets_in),
            ("packets_out", "Datagrams sent", |shard| shard.packets_out),
            (
                "send_errors",
                "Datagrams that the kernel refused",
                |shard| shard.send_errors,
            ),
            (
                "kernel_drops",
                "Datagrams dropped by a full buffer",
                |shard| shard.kernel_drops,
            ),
            ("unmatched", "Datagrams that no leg claimed", |shard| {
                shard.packets_unmatched
            }),
            ("invalid", "Datagrams that were no valid packet", |shard| {
                shard.packets_invalid
            }),
            ("panics", "Faults caught in a shard", |shard| shard.panics),
            ("notices_lost", "Reports that nobody took", |shard| {
                shard.notices_lost
            }),
            ("busy_nanoseconds", "Time at work", |shard| shard.busy_nanos),
        ];
        for (name, help, read) in rows {
            let name = format!("shard_{name}");
            let mut family = encoder.encode_descriptor(
                &name,
                help,
                None,
                ConstCounter::new(0_u64).metric_type(),
            )?;
            for (index, shard) in self.shards.iter().enumerate() {
                let labels = [("shard", index.to_string())];
                let metric = family.encode_family(&labels)?;
                ConstCounter::new(read(shard)).encode(metric)?;
            }
        }
        self.lateness(encoder)
    }

    /// Slices by how late they began: the histogram that tells whether a core is enough.
    fn lateness(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let kind = ConstCounter::new(0_u64).metric_type();
        let help = "Slices by how long after their deadline they began, at most";
        let mut family = encoder.encode_descriptor("shard_late_slices", help, None, kind)?;
        for (index, shard) in self.shards.iter().enumerate() {
            for (bucket, count) in shard.lateness.iter().enumerate() {
                let bound = LATENESS_BUCKETS.get(bucket);
                let bound = bound.map_or("more".to_owned(), |bound| format!("{bound:?}"));
                let labels = [("shard", index.to_string()), ("late", bound)];
                ConstCounter::new(*count).encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}

fn counter(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> fmt::Result {
    let metric = ConstCounter::new(value);
    let descriptor = encoder.encode_descriptor(name, help, None, metric.metric_type())?;
    metric.encode(descriptor)
}

fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: usize) -> fmt::Result {
    let metric = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
    let descriptor = encoder.encode_descriptor(name, help, None, metric.metric_type())?;
    metric.encode(descriptor)
}

fn seconds(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, nanos: u64) -> fmt::Result {
    let metric = ConstGauge::new(Duration::from_nanos(nanos).as_secs_f64());
    let kind = metric.metric_type();
    let descriptor = encoder.encode_descriptor(name, help, Some(&Unit::Seconds), kind)?;
    metric.encode(descriptor)
}
