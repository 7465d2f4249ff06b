//! Where log lines go and what they look like.

use std::io::IsTerminal;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::Log;

/// Starts logging to standard error.
///
/// # Errors
///
/// The sentence that says what is wrong with the filter.
pub fn start(log: &Log) -> Result<(), String> {
    let filter: Targets = log
        .level
        .parse()
        .map_err(|error| format!("log.level \"{}\": {error}", log.level))?;
    let terminal = std::io::stderr().is_terminal();
    let registry = tracing_subscriber::registry().with(filter);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let started = match log.format.as_str() {
        "json" => registry.with(lines.json()).try_init(),
        "auto" if !terminal => registry.with(lines.json()).try_init(),
        _ => registry
            .with(lines.with_target(false).with_ansi(terminal))
            .try_init(),
    };
    started.map_err(|error| error.to_string())
}
