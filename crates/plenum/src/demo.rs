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
    let running = Running::start(&config, Some(dialplan)).await;
    let running = running.map_err(|why| anyhow!(as_options(&format!("{why:#}"))))?;
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
    let mut config = Config::parse(&text).map_err(|error| {
        // The places are those of a text that nobody has seen.
        let problems = error.problems().iter();
        let messages: Vec<&str> = problems.map(|problem| problem.message.as_str()).collect();
        anyhow!(as_options(&messages.join("\n")))
    })?;
    config.recordings.folder = options.data_dir.join("recordings");
    config.data_dir.clone_from(&options.data_dir);
    Ok(config)
}

/// Keys that advice names, and the options that take their place where there is no file.
const OPTIONS: &[(&str, &str)] = &[
    ("[sip] listen", "--sip-port"),
    ("[http] listen", "--http-port"),
    ("[rtp] ports", "--rtp-ports"),
    ("rtp.ports", "--rtp-ports"),
    ("log.level", "--log"),
    ("set data_dir", "set --data-dir"),
];

/// Names options in an advice that names keys of a configuration.
fn as_options(advice: &str) -> String {
    let advice = advice.to_owned();
    OPTIONS
        .iter()
        .fold(advice, |advice, (key, option)| advice.replace(key, option))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_names_options_because_there_is_no_file() {
        assert_eq!(
            as_options("set [sip] listen to another port"),
            "set --sip-port to another port"
        );
        assert_eq!(
            as_options("stop it, or set data_dir to another folder"),
            "stop it, or set --data-dir to another folder"
        );
    }

    #[test]
    fn a_bad_range_of_ports_is_told_by_its_option_and_without_a_place() {
        let options = DemoOptions {
            data_dir: "data".into(),
            sip_port: 5060,
            http_port: 8088,
            rtp_ports: "many".into(),
            log: "info".into(),
        };
        let complaint = config(&options).expect_err("no range").to_string();
        assert!(complaint.starts_with("--rtp-ports: "), "{complaint}");
    }
}
