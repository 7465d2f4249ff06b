//! `/metrics`: what the server did and holds, in the OpenMetrics text format.
//!
//! Every figure that a part of the server counts is on the page: `tables` takes the structs apart
//! field by field, so that a figure that is forgotten does not compile.

mod page;
mod tables;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use plenum_control::Figures;
use plenum_runtime::server::{ControlFigures, ControlMetrics};
use plenum_runtime::shard::{ShardFigures, ShardMetrics};
use plenum_runtime::sip::{SipFigures, SipMetrics};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, text};
use prometheus_client::registry::Registry;

use self::page::{Row, Value};
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
        let snapshot = Snapshot {
            control: figures,
            driver: self.driver().read(),
            sip: self.sip.read(),
            shards: self.shards.iter().map(|shard| shard.read()).collect(),
        };
        snapshot.text().map_err(|error| error.to_string())
    }

    fn driver(&self) -> &ControlMetrics {
        self.handle.metrics()
    }
}

/// All figures of one moment.
#[derive(Debug)]
struct Snapshot {
    control: Box<Figures>,
    driver: ControlFigures,
    sip: SipFigures,
    shards: Vec<ShardFigures>,
}

impl Snapshot {
    fn text(self) -> Result<String, fmt::Error> {
        let mut registry = Registry::with_prefix("plenum");
        registry.register_collector(Box::new(self));
        let mut text = String::new();
        text::encode(&mut text, &registry)?;
        Ok(text)
    }
}

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Figures {
            totals,
            sip,
            domain,
            sizes,
            last_event,
        } = *self.control;
        page::single(&mut encoder, &tables::calls(totals))?;
        page::single(&mut encoder, &tables::sizes(sizes))?;
        page::single(&mut encoder, &tables::domain(domain))?;
        page::single(&mut encoder, &[journal(last_event)])?;
        page::single(&mut encoder, &tables::sip(sip))?;
        page::single(&mut encoder, &tables::transports(self.sip))?;
        page::single(&mut encoder, &tables::driver(self.driver))?;
        let shards: Vec<_> = self.shards.iter().copied().map(tables::shard).collect();
        page::by_shard(&mut encoder, &shards)
    }
}

fn journal(last_event: u64) -> Row {
    Row {
        name: "journal_events",
        help: "Events in the journal",
        value: Value::Total(last_event),
    }
}

#[cfg(test)]
mod tests;
