//! A running server: its parts put together, its start announced, its end orderly.

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use plenum_control::{BIND_STEP, Control, ControlConfig, Reply, Request};
use plenum_media::{Limits, ShardConfig};
use plenum_runtime::files::FilesConfig;
use plenum_runtime::process::raise_open_files_limit;
use plenum_runtime::rtp::PortRange;
use plenum_runtime::server::{ControlHandle, Ending, Facts, Server, ServerConfig};
use plenum_runtime::sip::{SipOptions, Tls};
use plenum_switch::{Dialplan, ProfileError, RoomProfiles, SwitchConfig};
use tokio::signal::unix::{SignalKind, signal};

use crate::config::{Config, ConfigError, OptionText, PROBLEMS_MAX, Problem, Profiles};
use crate::ctl::server::CtlSocket;
use crate::metrics::Metrics;
use crate::{http, sounds};

/// Asks the control machine of a running server.
pub type Handle = ControlHandle<Control>;

/// How long calls may take to end when the server stops.
///
/// A call whose answer was never acknowledged is given up after 32 s (RFC 3261 13.3.1.4).
const DRAIN_MAX: Duration = Duration::from_secs(35);

/// How long the first RTP ports may take to be bound.
const PORTS_PATIENCE: Duration = Duration::from_secs(2);

/// How long it is waited for more of them, where others use a part of the range.
const MORE_PORTS_PATIENCE: Duration = Duration::from_millis(200);

/// How often it is looked whether they are.
const PORTS_LOOK: Duration = Duration::from_millis(2);

/// Calls over the limit whose media is still being removed.
const CALLS_ENDING_MAX: usize = 1_000;

/// Bytes of events kept for slow readers.
const JOURNAL_BYTES: usize = 16 << 20;

/// Audio in one buffer of a recording: a second at 8 kHz.
const RECORDING_BUFFER_SAMPLES: usize = 8_000;

/// A server that is up.
#[derive(Debug)]
pub struct Running {
    server: Server<Control>,
    http: SocketAddr,
    ctl: CtlSocket,
    tls: Tls,
}

impl Running {
    /// Binds everything that the configuration names and starts to serve.
    ///
    /// `dialplan` is used instead of the file if it is given.
    ///
    /// # Errors
    ///
    /// The sentence that says what is missing, taken or wrong.
    pub async fn start(config: &Config, dialplan: Option<Dialplan>) -> anyhow::Result<Self> {
        config.coherent()?;
        raise_open_files_limit();
        let file = dialplan.is_none().then(|| config.dialplan.file.clone());
        let dialplan = match dialplan {
            Some(dialplan) => dialplan,
            None => configured_dialplan(config).map_err(|why| anyhow!(why))?,
        };
        let rooms = rooms(config)?;
        let name = file
            .as_ref()
            .map_or("dialplan".into(), |file| file.display().to_string());
        let unknown = unknown_profiles(&dialplan, &rooms, &name);
        if !unknown.is_empty() {
            return Err(anyhow!(unknown.join("\n")));
        }
        let tls = Tls::load(config.sip.tls.files())?;
        let parts = parts(config, tls.clone())?;
        let shards = u16::try_from(parts.shards.len()).unwrap_or(u16::MAX);
        let server = Server::start(parts, |facts, out| {
            Control::new(
                control(config, facts, shards, dialplan, rooms),
                facts.seed,
                out,
            )
        })
        .await?;
        until_ports(server.handle(), config, shards).await?;
        let metrics = Metrics {
            handle: server.handle().clone(),
            sip: Arc::clone(server.sip_metrics()),
            shards: server.shard_metrics().to_vec(),
        };
        let http = http::open(config.http.listen, Arc::new(metrics)).await;
        let http = http.map_err(|why| anyhow!(why))?;
        let ctl = CtlSocket::open(&config.data_dir, file, server.handle().clone()).await;
        let ctl = ctl.map_err(|why| anyhow!(why))?;
        Ok(Self {
            server,
            http,
            ctl,
            tls,
        })
    }

    /// Returns what was bound.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        self.server.facts()
    }

    /// Returns where /healthz and /metrics answer.
    #[must_use]
    pub const fn http(&self) -> SocketAddr {
        self.http
    }

    /// Returns what asks the control machine.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        self.server.handle()
    }

    /// Serves until Ctrl-C, SIGTERM or `plenum ctl server drain`; then ends all calls with BYE and
    /// closes recordings. A second Ctrl-C ends at once. SIGHUP reads the TLS certificates again.
    ///
    /// # Errors
    ///
    /// The system does not deliver signals.
    pub async fn until_stopped(self) -> anyhow::Result<ExitCode> {
        let mut interrupt = signal(SignalKind::interrupt()).context("no signals")?;
        let mut terminate = signal(SignalKind::terminate()).context("no signals")?;
        let mut hang_up = signal(SignalKind::hangup()).context("no signals")?;
        loop {
            tokio::select! {
                _ = interrupt.recv() => break,
                _ = terminate.recv() => break,
                () = self.ctl.stop_asked() => break,
                Some(()) = hang_up.recv() => reload(&self.tls),
            }
        }
        tracing::info!("stopping: calls are being ended; interrupt again to stop at once");
        let ending = self.handle().shut_down(DRAIN_MAX);
        let ending = tokio::select! {
            ending = ending => ending,
            _ = interrupt.recv() => return Ok(ExitCode::from(130)),
        };
        match ending {
            Ok(Ending::Drained) => tracing::info!("stopped; every call was ended"),
            Ok(Ending::TimedOut) => tracing::warn!("stopped; some calls did not end in time"),
            Err(error) => tracing::warn!(%error, "stopped"),
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Reads the certificates again; connections that are open keep theirs.
fn reload(tls: &Tls) {
    match tls.reload() {
        Ok(()) => tracing::info!("TLS certificates read again, for new connections"),
        Err(error) => tracing::warn!(%error, "TLS certificates stay as they were"),
    }
}

/// Waits until each shard has RTP ports in reserve, so that the first call finds one.
async fn until_ports(handle: &Handle, config: &Config, shards: u16) -> anyhow::Result<()> {
    let wanted = pairs_per_shard(config, shards).min(BIND_STEP.into()) * usize::from(shards);
    let start = Instant::now();
    loop {
        let bound = match handle.request(Request::Figures).await? {
            Reply::Figures(figures) => figures.sizes.port_pairs,
            _ => 0,
        };
        let patience = if bound == 0 {
            PORTS_PATIENCE
        } else {
            MORE_PORTS_PATIENCE
        };
        match (bound, start.elapsed() < patience) {
            (bound, _) if bound >= wanted => return Ok(()),
            (_, true) => tokio::time::sleep(PORTS_LOOK).await,
            (0, false) => return Err(anyhow!(no_ports(config))),
            (_, false) => return Ok(()),
        }
    }
}

fn no_ports(config: &Config) -> String {
    let (bind, (first, last)) = (config.rtp.bind, config.rtp.ports);
    format!(
        "no port from {first} to {last} can be bound on {bind}, so no call could have audio; set \
         [rtp] ports to a free range, or [rtp] bind to an address of this machine"
    )
}

/// Reads the dialplan that a configuration names.
///
/// # Errors
///
/// The sentences that say what is wrong with it, each with its line; of a missing file the line of
/// the key that names it.
pub fn configured_dialplan(config: &Config) -> Result<Dialplan, String> {
    let file = &config.dialplan.file;
    if !file.exists() {
        let message = format!(
            "there is no file {}; write a dialplan there, or name another file",
            file.display()
        );
        let problem = config.problem("dialplan.file", &message);
        config
            .refuse(vec![problem])
            .map_err(|error| error.to_string())?;
    }
    load_dialplan(Some(file))
}

/// Reads a dialplan file.
///
/// # Errors
///
/// The sentences that say what is wrong with it, each with its line.
pub fn load_dialplan(file: Option<&Path>) -> Result<Dialplan, String> {
    let file = file.ok_or("the dialplan is built in and is not read again")?;
    let text = std::fs::read_to_string(file).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => format!(
            "{}: there is no such file; write a dialplan there, or name another file with \
             [dialplan] file",
            file.display()
        ),
        _ => format!("{}: the file cannot be read: {error}", file.display()),
    })?;
    parse_dialplan(&text, &file.display().to_string())
}

/// Reads the text of a dialplan; `name` is put before each complaint.
///
/// # Errors
///
/// The sentences that say what is wrong with it, each with its line.
pub fn parse_dialplan(text: &str, name: &str) -> Result<Dialplan, String> {
    let dialplan = Dialplan::parse(text).map_err(|errors| {
        let lines = errors.to_string();
        lines
            .lines()
            .map(|line| format!("{name}: {line}\n"))
            .collect::<String>()
            .trim()
            .to_owned()
    })?;
    for warning in dialplan.warnings() {
        tracing::warn!("{name}: {warning}");
    }
    Ok(dialplan)
}

/// Builds the conference profiles.
///
/// # Errors
///
/// Each option that is unknown and each value that does not fit, with its line.
pub fn rooms(config: &Config) -> Result<RoomProfiles, ConfigError> {
    let mut rooms = RoomProfiles::default();
    let mut problems = Vec::new();
    let conference = &config.conference;
    for (name, option, value) in options(&conference.users) {
        let set = rooms.set_user(name, option, &value.text);
        problems.extend(refused("users", name, option, value, set));
        if problems.len() >= PROBLEMS_MAX {
            break;
        }
    }
    for (name, option, value) in options(&conference.bridges) {
        if problems.len() >= PROBLEMS_MAX {
            break;
        }
        let set = rooms.set_bridge(name, option, &value.text);
        problems.extend(refused("bridges", name, option, value, set));
    }
    for (name, menu) in &config.conference.menus {
        rooms.menus.insert(name.clone(), Arc::new(menu.clone()));
    }
    config.refuse(problems).map(|()| rooms)
}

/// Returns all options of all profiles of one kind.
fn options(profiles: &Profiles) -> impl Iterator<Item = (&str, &str, &OptionText)> {
    profiles.iter().flat_map(|(name, options)| {
        let options = options.iter();
        options.map(|(option, value)| (name.as_str(), option.as_str(), value))
    })
}

/// Places the error of an option at its line.
fn refused(
    table: &str,
    name: &str,
    option: &str,
    value: &OptionText,
    set: Result<(), ProfileError>,
) -> Option<Problem> {
    let error = set.err()?;
    Some(Problem {
        line: value.line,
        column: value.column,
        message: format!("[conference.{table}.{name}] {option}: {error}"),
    })
}

/// Says which profiles and menus a dialplan names that nobody configured; `name` is put before
/// each complaint.
#[must_use]
pub fn unknown_profiles(dialplan: &Dialplan, rooms: &RoomProfiles, name: &str) -> Vec<String> {
    let unknown = dialplan.unknown_profiles(rooms);
    unknown.iter().map(|why| format!("{name}: {why}")).collect()
}

fn parts(config: &Config, tls: Tls) -> anyhow::Result<ServerConfig> {
    // Any one shard may have to take all calls; each has a playback and a recording at most.
    let calls = usize::try_from(config.sip.calls_max).unwrap_or(usize::MAX);
    let least = Limits::default();
    let shard = ShardConfig {
        limits: Limits {
            legs_max: calls.saturating_add(CALLS_ENDING_MAX).max(least.legs_max),
            mixers_max: calls.max(least.mixers_max),
            ports_max: usize::from(u16::MAX),
            playbacks_max: calls.saturating_mul(2).max(least.playbacks_max),
            recordings_max: calls.max(least.recordings_max),
            ..least
        },
        stream_timeout: Duration::from_secs(u64::from(config.rtp.timeout_s)),
        ..ShardConfig::default()
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let count = match config.media.shards {
        0 => u16::try_from(cores).unwrap_or(u16::MAX),
        count => count,
    };
    let (first, last) = config.rtp.ports;
    Ok(ServerConfig {
        sip: config.sip.listen.clone(),
        sip_options: SipOptions {
            limits: config.sip.limits,
            tls: Some(tls),
            origins: config.sip.websocket_origins.clone(),
        },
        rtp_bind: config.rtp.bind,
        rtp_ports: PortRange::new(first, last).context("[rtp] ports")?,
        shards: ServerConfig::shards(count, config.media.realtime, &shard),
        files: FilesConfig {
            sounds: config.sounds.folder.clone(),
            built_in: sounds::BUILT_IN,
            recordings: Some(config.recordings.folder.clone()),
            music: config.sounds.music.clone(),
            ..FilesConfig::default()
        },
    })
}

fn control(
    config: &Config,
    facts: &Facts,
    shards: u16,
    dialplan: Dialplan,
    rooms: RoomProfiles,
) -> ControlConfig {
    let calls_max = usize::try_from(config.sip.calls_max).unwrap_or(usize::MAX);
    ControlConfig {
        product: format!("Plenum/{}", env!("CARGO_PKG_VERSION")),
        calls_max,
        anonymous_context: config.sip.anonymous_context.clone(),
        media_addresses: config.rtp.announced(),
        shards,
        pairs_per_shard: pairs_per_shard(config, shards),
        recording_buffer_samples: RECORDING_BUFFER_SAMPLES,
        switch: SwitchConfig {
            rooms,
            journal_bytes: JOURNAL_BYTES,
            channels_max: calls_max.saturating_mul(2),
            wall_at_zero: facts.clock.wall_at_zero(),
            ..SwitchConfig::new(dialplan)
        },
    }
}

/// The range of ports is shared out evenly.
fn pairs_per_shard(config: &Config, shards: u16) -> usize {
    let (first, last) = config.rtp.ports;
    usize::from(last - first).div_ceil(2) / usize::from(shards.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint<T>(outcome: Result<T, ConfigError>) -> String {
        outcome
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    }

    #[test]
    fn every_mistake_in_a_profile_is_told_with_its_line() {
        let config = Config::parse(
            "[conference.users.a]\nadnim = true\npin = 12\n\
             [conference.bridges.b]\nmax_members = \"many\"\n",
        )
        .expect("profiles are checked later");
        let complaint = complaint(rooms(&config));
        let lines: Vec<&str> = complaint.lines().collect();
        assert_eq!(lines.len(), 2, "{complaint}");
        assert!(lines[0].starts_with("configuration:2:9: [conference.users.a] adnim: "));
        assert!(lines[0].contains("admin"), "the suggestion: {complaint}");
        assert!(lines[1].starts_with("configuration:5:15: [conference.bridges.b] max_members: "));
    }

    #[test]
    fn menus_reach_the_rooms_and_an_unknown_one_is_told() {
        let config = Config::parse("[conference.menus.host]\n\"*1\" = \"toggle_mute\"\n");
        let rooms = rooms(&config.expect("a menu")).expect("profiles");
        assert!(rooms.menus["host"].actions("*1").is_some());
        let dialplan =
            "[a]\nexten => 1,1,ConfBridge(1,,,host)\nexten => 2,1,ConfBridge(1,,,hots)\n";
        let dialplan = Dialplan::parse(dialplan).expect("a dialplan");
        assert_eq!(
            unknown_profiles(&dialplan, &rooms, "extensions.conf"),
            [
                "extensions.conf: line 3: ConfBridge names the menu \"hots\", which is not \
                 configured; did you mean \"host\"?"
            ]
        );
    }

    #[test]
    fn a_missing_dialplan_is_told_at_the_line_that_names_it() {
        let config = Config::parse("[dialplan]\nfile = \"no-such.conf\"\n").expect("a file");
        let why = configured_dialplan(&config).expect_err("it is missing");
        assert_eq!(
            why,
            "configuration:2:8: dialplan.file: there is no file no-such.conf; write a dialplan \
             there, or name another file"
        );
    }

    #[test]
    fn profiles_full_of_mistakes_are_given_up_after_a_screen() {
        let options: String = (0..1_000).map(|n| format!("x{n} = 1\n")).collect();
        let config = Config::parse(&format!("[conference.users.a]\n{options}")).expect("options");
        assert_eq!(complaint(rooms(&config)).lines().count(), PROBLEMS_MAX);
    }
}
