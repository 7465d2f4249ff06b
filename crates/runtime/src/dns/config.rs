use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::{Hosts, TokioResolver, system_conf};
use thiserror::Error;

/// How long a question may take by default, from when it is taken to its answer.
pub const QUESTION_TIMEOUT: Duration = Duration::from_secs(5);
/// How many questions are under way at a time by default.
pub const QUESTIONS_MAX: usize = 64;
/// How many questions may wait by default; more are refused.
pub const WAITING_MAX: usize = 1_024;
/// Where Unix keeps names that need no DNS.
pub const HOSTS_FILE: &str = "/etc/hosts";

/// Whom to ask, and how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsConfig {
    /// The name servers; none means those of `/etc/resolv.conf`, with its options. Default none.
    pub servers: Vec<SocketAddr>,
    /// The file of names that need no DNS; `None` asks DNS for all. Default [`HOSTS_FILE`].
    pub hosts: Option<PathBuf>,
    /// How long a question may take. Default [`QUESTION_TIMEOUT`].
    pub timeout: Duration,
    /// How many questions are under way at a time, at least 1. Default [`QUESTIONS_MAX`].
    pub questions_max: usize,
    /// How many questions may wait, at least 1. Default [`WAITING_MAX`].
    pub waiting_max: usize,
}

impl Default for DnsConfig {
    fn default() -> Self {
        Self {
            servers: Vec::new(),
            hosts: Some(HOSTS_FILE.into()),
            timeout: QUESTION_TIMEOUT,
            questions_max: QUESTIONS_MAX,
            waiting_max: WAITING_MAX,
        }
    }
}

/// Why DNS cannot be asked: the system is set up in a way that this side does not understand.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DnsError {
    /// `/etc/resolv.conf` is missing or broken.
    #[error(
        "the name servers of the system cannot be read from /etc/resolv.conf ({0}); \
         repair the file, or name servers in the configuration"
    )]
    System(#[source] NetError),
    /// No name server at all.
    #[error("/etc/resolv.conf names no name server; add one there or in the configuration")]
    NoServers,
    /// The hosts file cannot be read.
    #[error("the names in {path} cannot be read ({source}); make the file readable")]
    Hosts {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// The resolver did not accept what it was given.
    #[error("the resolver cannot be built ({0}); check the name servers in the configuration")]
    Build(#[source] NetError),
}

impl DnsConfig {
    pub(super) fn resolver(&self) -> Result<TokioResolver, DnsError> {
        let (config, options) = self.servers()?;
        let mut builder =
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        *builder.options_mut() = self.limited(options);
        let mut resolver = builder.build().map_err(DnsError::Build)?;
        resolver.set_hosts(Arc::new(self.read_hosts()?));
        Ok(resolver)
    }

    fn servers(&self) -> Result<(ResolverConfig, ResolverOpts), DnsError> {
        if !self.servers.is_empty() {
            let servers = self.servers.iter().map(name_server).collect();
            let config = ResolverConfig::from_name_servers(servers);
            return Ok((config, ResolverOpts::default()));
        }
        let (config, options) = system_conf::read_system_conf().map_err(DnsError::System)?;
        if config.name_servers().is_empty() {
            return Err(DnsError::NoServers);
        }
        Ok((config, options))
    }

    fn limited(&self, mut options: ResolverOpts) -> ResolverOpts {
        // One lost datagram must not cost the whole time of a question.
        options.timeout = options.timeout.min(self.timeout / 3);
        options.attempts = options.attempts.max(2);
        // The locator keeps answers; kept twice, they would outlive their time.
        options.cache_size = 0;
        // The time to live of an alias counts too, so it must be seen.
        options.preserve_intermediates = true;
        options.use_hosts_file = ResolveHosts::Never;
        options.max_active_requests = self.questions_max.max(1);
        options
    }

    /// The names that need no DNS. A system without the file has none.
    fn read_hosts(&self) -> Result<Hosts, DnsError> {
        let mut hosts = Hosts::default();
        if let Some(path) = &self.hosts {
            read_into(&mut hosts, path).map_err(|source| DnsError::Hosts {
                path: path.clone(),
                source,
            })?;
        }
        Ok(hosts)
    }
}

fn read_into(hosts: &mut Hosts, path: &Path) -> io::Result<()> {
    match File::open(path) {
        Ok(file) => hosts.read_hosts_conf(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Datagrams first, a connection for what does not fit one.
fn name_server(address: &SocketAddr) -> NameServerConfig {
    let mut server = NameServerConfig::udp_and_tcp(address.ip());
    let at_port = |connection: &mut ConnectionConfig| connection.port = address.port();
    server.connections.iter_mut().for_each(at_port);
    server
}
