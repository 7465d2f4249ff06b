//! `plenum doctor`: what would stop audio or calls here, with the line to change.

use std::io::Write;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use plenum_runtime::sip::{SipListen, Tls};
use plenum_sip_ua::Transport;

use crate::config::{Config, SipTls};
use crate::serve;

/// Looks for what would stop audio or calls on this machine.
#[derive(Debug, Args)]
pub struct DoctorOptions {
    /// The configuration file; without it the defaults are examined.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// One finding.
#[derive(Debug, PartialEq, Eq)]
enum Finding {
    Good(String),
    Warning(String),
    Problem(String),
}

/// Examines the machine; the exit code is 1 if something would not work.
///
/// # Errors
///
/// The configuration cannot be read.
pub fn run(options: &DoctorOptions) -> anyhow::Result<ExitCode> {
    let config = options
        .config
        .as_deref()
        .map_or_else(|| Ok(Config::default()), Config::load)?;
    let findings = examine(&config);
    let mut out = std::io::stdout().lock();
    for finding in &findings {
        match finding {
            Finding::Good(text) => writeln!(out, "  ok       {text}")?,
            Finding::Warning(text) => writeln!(out, "  warning  {text}")?,
            Finding::Problem(text) => writeln!(out, "  problem  {text}")?,
        }
    }
    let broken = findings
        .iter()
        .any(|finding| matches!(finding, Finding::Problem(_)));
    Ok(if broken {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn examine(config: &Config) -> Vec<Finding> {
    let mut findings: Vec<Finding> = config.sip.listen.iter().map(sip_listener).collect();
    findings.extend(certificates(&config.sip.tls));
    findings.push(http_listener(config.http.listen));
    findings.extend(config.rtp.bind.iter().map(|bind| rtp_address(config, bind)));
    let announced = config.rtp.announced();
    findings.extend(announced.iter().map(|at| reachability(config, at)));
    findings.push(receive_buffer());
    findings.push(open_files(config));
    findings.push(folder(config));
    findings.push(real_time(config));
    // Without a file only the machine is examined.
    if config.file.is_some() {
        findings.push(dialplan(config));
        findings.push(callers(config));
    }
    findings
}

/// Reads profiles and dialplan as a start would.
fn dialplan(config: &Config) -> Finding {
    let file = config.dialplan.file.display().to_string();
    let rooms = match serve::rooms(config) {
        Ok(rooms) => rooms,
        Err(error) => return Finding::Problem(error.to_string()),
    };
    let dialplan = match serve::load_dialplan(Some(&config.dialplan.file)) {
        Ok(dialplan) => dialplan,
        Err(why) => return Finding::Problem(why),
    };
    let unknown = serve::unknown_profiles(&dialplan, &rooms, &file);
    if !unknown.is_empty() {
        return Finding::Problem(unknown.join("\n"));
    }
    let context = config.sip.anonymous_context.as_deref();
    match context.filter(|name| !dialplan.contexts().any(|known| known == *name)) {
        Some(name) => Finding::Problem(format!(
            "[sip] anonymous_context \"{name}\" is not in {file}; name a context that is there"
        )),
        None => Finding::Good(format!("dialplan {file} can be read")),
    }
}

/// Says whether anybody may call.
fn callers(config: &Config) -> Finding {
    match &config.sip.anonymous_context {
        Some(context) => Finding::Good(format!("calls start in the context \"{context}\"")),
        None => Finding::Problem(
            "every call is refused with 403; set [sip] anonymous_context to the context of the \
             dialplan where calls from unknown peers start"
                .to_owned(),
        ),
    }
}

fn sip_listener(listen: &SipListen) -> Finding {
    let address = listen.address;
    let bound = match listen.transport {
        Transport::Udp => UdpSocket::bind(address).map(drop),
        _ => TcpListener::bind(address).map(drop),
    };
    match bound {
        Ok(()) => Finding::Good(format!("SIP {listen} is free")),
        Err(error) => Finding::Problem(format!(
            "SIP {listen} cannot be bound: {error}; change [sip] listen, or stop what uses it"
        )),
    }
}

/// Reads the certificates as a start would; says nothing where none are named.
fn certificates(tls: &SipTls) -> Option<Finding> {
    let file = tls.certificate.as_ref().or(tls.ca.as_ref())?;
    Some(match Tls::load(tls.files()) {
        Ok(_) => Finding::Good(format!("TLS certificates can be read ({})", file.display())),
        Err(error) => Finding::Problem(error.to_string()),
    })
}

fn http_listener(address: SocketAddr) -> Finding {
    match TcpListener::bind(address) {
        Ok(_) => Finding::Good(format!("HTTP {address} is free")),
        Err(error) => Finding::Problem(format!(
            "HTTP {address} cannot be bound: {error}; change [http] listen"
        )),
    }
}

fn rtp_address(config: &Config, bind: IpAddr) -> Finding {
    let (first, last) = config.rtp.ports;
    let pairs = usize::from(last - first).div_ceil(2);
    match UdpSocket::bind((bind, 0)) {
        Err(error) => Finding::Problem(format!(
            "RTP cannot be bound to {bind}: {error}; set [rtp] bind to an address of this machine"
        )),
        Ok(_) => Finding::Good(format!(
            "RTP {bind} has {pairs} port pairs; open udp {first} to {last} in the firewall"
        )),
    }
}

/// Compares what is announced to peers with where they could be.
fn reachability(config: &Config, advertise: IpAddr) -> Finding {
    let open = config
        .sip
        .listen
        .iter()
        .any(|listen| !listen.address.ip().is_loopback());
    if advertise.is_unspecified() {
        return Finding::Problem(format!(
            "session descriptions would announce {advertise}, where nobody can send audio; set \
             [rtp] advertise to the address that phones reach"
        ));
    }
    if open && advertise.is_loopback() {
        return Finding::Problem(format!(
            "SIP listens beyond this machine, but audio is announced at {advertise}; set [rtp] \
             bind and advertise to an address that phones reach"
        ));
    }
    match advertise {
        IpAddr::V4(v4) if open && v4.is_private() => Finding::Warning(format!(
            "audio is announced at the private address {v4}; phones on the internet need [rtp] \
             advertise set to the public one"
        )),
        _ => Finding::Good(format!("audio is announced at {advertise}")),
    }
}

fn receive_buffer() -> Finding {
    const WANTED: u64 = 1 << 20;
    let path = "/proc/sys/net/core/rmem_max";
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let value: Option<u64> = text.trim().parse().ok();
    match value {
        Some(bytes) if bytes < WANTED => Finding::Warning(format!(
            "UDP receive buffers are limited to {bytes} bytes; with many callers a stall loses \
             packets: sysctl -w net.core.rmem_max={WANTED}"
        )),
        Some(_) => Finding::Good("UDP receive buffers may be large".to_owned()),
        None => Finding::Warning(format!("{path} cannot be read")),
    }
}

fn open_files(config: &Config) -> Finding {
    let limit = plenum_runtime::process::raise_open_files_limit();
    // Each port pair is two sockets at each address, and calls that have not sent audio yet have
    // one alone.
    let sockets = 2 * config.rtp.bind.iter().count() as u64;
    let wanted = u64::from(config.sip.calls_max) * sockets + 1_000;
    if limit < wanted {
        return Finding::Warning(format!(
            "{limit} open files are allowed; {wanted} are needed if all calls wait for their \
             first packet at once: raise LimitNOFILE, or lower [sip] calls_max"
        ));
    }
    Finding::Good(format!("{limit} open files are allowed"))
}

fn folder(config: &Config) -> Finding {
    let folder = &config.data_dir;
    let probe = folder.join(".doctor");
    let absent = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    let made: Vec<&Path> = folder.ancestors().take_while(absent).collect();
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&probe, b"probe"));
    // An examination leaves nothing behind. What cannot be removed was not empty, or is not there.
    let _ = std::fs::remove_file(&probe);
    for folder in made {
        let _ = std::fs::remove_dir(folder);
    }
    match written {
        Ok(()) => Finding::Good(format!("{} can be written", folder.display())),
        Err(error) => Finding::Problem(format!(
            "{} cannot be written: {error}; set data_dir, or give the user of the server the \
             right to write there",
            folder.display()
        )),
    }
}

fn real_time(config: &Config) -> Finding {
    if !config.media.realtime {
        return Finding::Good("real-time priority is switched off".to_owned());
    }
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max realtime priority"));
    let soft = line
        .and_then(|line| line.split_whitespace().nth(3))
        .unwrap_or("0");
    let root = std::fs::read_to_string("/proc/self/status")
        .is_ok_and(|text| text.lines().any(|line| line.starts_with("Uid:\t0")));
    if soft == "0" && !root {
        return Finding::Warning(
            "audio threads get no real-time priority, so a busy machine can delay audio; give the \
             binary CAP_SYS_NICE or the service LimitRTPRIO=20"
                .to_owned(),
        );
    }
    Finding::Good("audio threads may have real-time priority".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        Config::parse(text).expect("a good configuration")
    }

    fn reached(config: &Config) -> Finding {
        reachability(config, config.rtp.announced().first())
    }

    #[test]
    fn a_taken_port_is_a_problem_that_names_the_key() {
        let taken = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let address = taken.local_addr().expect("bound");
        let Finding::Problem(text) = sip_listener(&SipListen {
            transport: Transport::Udp,
            address,
        }) else {
            panic!("the port is taken");
        };
        assert!(text.contains("[sip] listen"), "{text}");
    }

    #[test]
    fn a_missing_dialplan_and_calls_that_nobody_may_make_are_problems() {
        let mut config = Config::default();
        config.dialplan.file = "no-such-folder/extensions.conf".into();
        assert!(
            matches!(dialplan(&config), Finding::Problem(text) if text.contains("no such file"))
        );
        assert!(matches!(callers(&config), Finding::Problem(text) if text.contains("403")));
    }

    #[test]
    fn looking_at_a_folder_that_is_not_there_does_not_make_it() {
        let name = format!("plenum-doctor-{}", std::process::id());
        let outer = std::env::temp_dir().join(name);
        let mut config = Config::default();
        config.data_dir = outer.join("inner");
        assert!(matches!(folder(&config), Finding::Good(_)));
        assert!(!outer.exists());
    }

    #[test]
    fn audio_announced_on_loopback_to_the_world_is_a_problem() {
        let config = config("[sip]\nlisten = [\"udp://192.0.2.7:5060\"]\n");
        assert!(matches!(reached(&config), Finding::Problem(text) if text.contains("[rtp]")));
    }

    #[test]
    fn a_private_address_is_a_warning_and_loopback_alone_is_fine() {
        let private =
            config("[sip]\nlisten = [\"udp://10.0.0.5:5060\"]\n[rtp]\nadvertise = \"10.0.0.5\"\n");
        assert!(matches!(reached(&private), Finding::Warning(_)));
        assert!(matches!(reached(&Config::default()), Finding::Good(_)));
    }

    #[test]
    fn an_address_of_another_machine_cannot_carry_audio() {
        let config = config("[rtp]\nbind = [\"127.0.0.1\", \"2001:db8::7\"]\n");
        let findings: Vec<Finding> = config
            .rtp
            .bind
            .iter()
            .map(|bind| rtp_address(&config, bind))
            .collect();
        assert!(matches!(
            &findings[..],
            [Finding::Good(_), Finding::Problem(text)] if text.contains("2001:db8::7")
        ));
    }
}
