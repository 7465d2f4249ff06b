//! `plenum demo`: everything on, on loopback, with something to dial.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::anyhow;
use clap::Args;

use crate::config::Config;
use crate::serve::{Running, parse_dialplan};

/// The dialplan of the demo.
const DIALPLAN: &str = include_str!("../assets/demo.conf");

/// Its configuration, as text so that it is checked like any other.
const CONFIG: &str = r#"
[sip]
anonymous_context = "default"

[conference.users.demo_user]
music_on_hold_when_empty = true
"#;

/// Starts a server on loopback with test numbers; needs no file.
#[derive(Debug, Args)]
pub struct DemoOptions {
    /// Folder of everything that the server writes.
    #[arg(long, value_name = "FOLDER", default_value = "plenum-data")]
    data_dir: PathBuf,
    /// SIP port on 127.0.0.1, for UDP and TCP.
    #[arg(long, value_name = "PORT", default_value_t = 5060,
          value_parser = clap::value_parser!(u16).range(1..))]
    sip_port: u16,
    /// HTTP port on 127.0.0.1.
    #[arg(long, value_name = "PORT", default_value_t = 8088)]
    http_port: u16,
    /// Range of RTP ports.
    #[arg(long, value_name = "FIRST-LAST", default_value = "20000-29999")]
    rtp_ports: String,
    /// What is logged: error, warn, info, debug or trace.
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    log: String,
}

/// Runs the demo until it is stopped.
///
/// # Errors
///
/// The sentence that says what is missing, taken or wrong.
pub async fn run(options: DemoOptions) -> anyhow::Result<ExitCode> {
    let config = config(&options)?;
    crate::logs::start(&config.log).map_err(|why| anyhow!(why))?;
    let dialplan = parse_dialplan(DIALPLAN, "demo dialplan").map_err(|why| anyhow!(why))?;
    let running = Running::start(&config, Some(dialplan)).await?;
    announce(&running, &options)?;
    running.until_stopped().await
}

fn config(options: &DemoOptions) -> anyhow::Result<Config> {
    let port = options.sip_port;
    let text = format!(
        "{CONFIG}\n[rtp]\nports = {:?}\n[http]\nlisten = \"127.0.0.1:{}\"\n[log]\nlevel = {:?}\n",
        options.rtp_ports, options.http_port, options.log
    );
    let listen = format!("listen = [\"udp://127.0.0.1:{port}\", \"tcp://127.0.0.1:{port}\"]");
    let text = text.replace("[sip]", &format!("[sip]\n{listen}"));
    let mut config = Config::parse(&text)?;
    config.recordings.folder = options.data_dir.join("recordings");
    config.data_dir.clone_from(&options.data_dir);
    Ok(config)
}

/// Says what runs and what to dial.
fn announce(running: &Running, options: &DemoOptions) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let port = options.sip_port;
    writeln!(
        out,
        "\nPlenum {} is up, on this machine only.\n",
        env!("CARGO_PKG_VERSION")
    )?;
    for (shard, scheduling) in &running.facts().shards {
        writeln!(out, "  audio  thread {}: {scheduling}", shard.0)?;
    }
    writeln!(
        out,
        "  SIP    udp and tcp 127.0.0.1:{port}, no account needed"
    )?;
    writeln!(
        out,
        "  HTTP   http://{0}/healthz and /metrics",
        running.http()
    )?;
    writeln!(out, "  files  {}\n", options.data_dir.display())?;
    writeln!(out, "  dial   9196        echo: hear yourself back")?;
    writeln!(out, "         9197        a tone of 1004 Hz")?;
    writeln!(
        out,
        "         9198        record yourself, then hear it (# ends)"
    )?;
    writeln!(
        out,
        "         4711        a conference room; 7000 to 7999 are a thousand more\n"
    )?;
    writeln!(
        out,
        "  try    plenum call sip:9196@127.0.0.1:{port} --check"
    )?;
    let socket = options.data_dir.join(crate::ctl::SOCKET);
    writeln!(
        out,
        "         plenum ctl --socket {} rooms list",
        socket.display()
    )?;
    writeln!(out, "  stop   Ctrl-C\n")?;
    out.flush()
}
