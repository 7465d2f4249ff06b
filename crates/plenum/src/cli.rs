//! The commands and what they run.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::anyhow;
use clap::{Args, Parser, Subcommand};
use plenum_switch::Dialplan;

use crate::config::{Config, explain, nearest};
use crate::{call, ctl, demo, doctor, load, serve};

/// A conferencing server and call-control platform.
#[derive(Debug, Parser)]
#[command(name = "plenum", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::DemoOptions),
    Serve(ServeOptions),
    /// Checks and explains the configuration.
    #[command(subcommand)]
    Config(ConfigVerb),
    Call(Box<call::CallOptions>),
    Load(Box<load::LoadOptions>),
    Ctl(ctl::client::CtlOptions),
    Doctor(doctor::DoctorOptions),
}

/// Starts the server.
#[derive(Debug, Args)]
struct ServeOptions {
    /// The configuration file; defaults apply to every key that it leaves out.
    #[arg(long, value_name = "FILE", default_value = "plenum.toml")]
    config: PathBuf,
}

#[derive(Debug, Subcommand)]
enum ConfigVerb {
    /// Checks a configuration file and the dialplan that it names.
    Check {
        /// The configuration file.
        #[arg(default_value = "plenum.toml")]
        file: PathBuf,
    },
    /// Explains a key, a section, or all keys: default, unit, range, and when a change counts.
    Explain {
        /// A key as in "sip.listen", or a section as in "rtp".
        key: Option<String>,
    },
}

/// Runs the command line.
#[must_use]
pub fn run() -> ExitCode {
    match dispatch(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            // Nothing can be done if standard error is gone.
            let _ = writeln!(std::io::stderr(), "plenum: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Demo(options) => runtime()?.block_on(demo::run(options)),
        Command::Serve(options) => runtime()?.block_on(serve(options)),
        Command::Config(ConfigVerb::Check { file }) => check(&file),
        Command::Config(ConfigVerb::Explain { key }) => {
            let text = explain::explain(key.as_deref()).map_err(|why| anyhow!(why))?;
            write!(std::io::stdout(), "{text}")?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Call(options) => runtime()?.block_on(call::run(*options)),
        Command::Load(options) => load::run(*options),
        Command::Ctl(options) => ctl::client::run(options),
        Command::Doctor(options) => doctor::run(&options),
    }
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?)
}

async fn serve(options: ServeOptions) -> anyhow::Result<ExitCode> {
    let config = Config::load(&options.config)?;
    crate::logs::start(&config.log).map_err(|why| anyhow!(why))?;
    let running = serve::Running::start(&config, None).await?;
    for listen in &running.facts().sip {
        tracing::info!(%listen, "SIP");
    }
    for (shard, scheduling) in &running.facts().shards {
        tracing::info!(shard = shard.0, %scheduling, "audio thread");
    }
    tracing::info!(http = %running.http(), dialplan = %config.dialplan.file.display(), "ready");
    if config.sip.anonymous_context.is_none() {
        tracing::warn!(
            "calls from unknown peers are refused; [sip] anonymous_context lets them in"
        );
    }
    running.until_stopped().await
}

fn check(file: &std::path::Path) -> anyhow::Result<ExitCode> {
    let config = Config::load(file)?;
    let coherent = config.coherent();
    let rooms = serve::rooms(&config);
    let dialplan = serve::configured_dialplan(&config);
    let mut complaints: Vec<String> = Vec::new();
    complaints.extend(coherent.err().map(|error| error.to_string()));
    if let (Ok(rooms), Ok(dialplan)) = (&rooms, &dialplan) {
        let file = config.dialplan.file.display().to_string();
        complaints.extend(serve::unknown_profiles(dialplan, rooms, &file));
    }
    complaints.extend(rooms.err().map(|error| error.to_string()));
    match &dialplan {
        Ok(dialplan) => complaints.extend(doubts(&config, dialplan)),
        Err(why) => complaints.push(why.clone()),
    }
    let mut out = std::io::stdout().lock();
    if complaints.is_empty() {
        writeln!(out, "{}: good", file.display())?;
        return Ok(ExitCode::SUCCESS);
    }
    for complaint in complaints {
        writeln!(out, "{complaint}")?;
    }
    Ok(ExitCode::FAILURE)
}

/// Says what in a dialplan that can be read will hardly work as its author meant.
fn doubts(config: &Config, dialplan: &Dialplan) -> Vec<String> {
    let file = config.dialplan.file.display();
    let warnings = dialplan
        .warnings()
        .iter()
        .map(|warning| format!("{file}: {warning}"));
    let mut doubts: Vec<String> = warnings.collect();
    let context = config.sip.anonymous_context.as_deref();
    if let Some(context) = context.filter(|name| !dialplan.contexts().any(|known| known == *name)) {
        let hint = match nearest(context, dialplan.contexts()) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!(
                "it has: {}",
                dialplan.contexts().collect::<Vec<_>>().join(", ")
            ),
        };
        let message = format!("there is no context \"{context}\" in {file}; {hint}");
        let problem = config.problem("sip.anonymous_context", &message);
        let refused = config.refuse(vec![problem]).err();
        doubts.extend(refused.map(|error| error.to_string()));
    }
    doubts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_context_is_told_at_its_line_with_the_nearest() {
        let config = Config::parse("[sip]\nanonymous_context = \"pubic\"\n").expect("a context");
        let dialplan = Dialplan::parse("[public]\nexten => 1,1,Answer()\n").expect("a dialplan");
        assert_eq!(
            doubts(&config, &dialplan),
            [
                "configuration:2:21: sip.anonymous_context: there is no context \"pubic\" in \
                 extensions.conf; did you mean \"public\"?"
            ]
        );
    }
}
