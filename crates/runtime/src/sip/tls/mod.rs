//! TLS of the SIP connections: certificates from files, read again without a restart, and the
//! check of who answers (RFC 5922).

mod error;
mod files;
mod verify;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use rustls::{ClientConfig, ServerConfig};
use tracing::{info, warn};

use super::metrics::{SipMetrics, count};

pub use error::TlsError;
pub(super) use error::{explain_ours, explain_theirs};
pub use files::{TlsFiles, VerifyClient};

/// How often it is looked whether the files have changed.
pub const TLS_LOOK: Duration = Duration::from_secs(10);

/// The certificates of a server or phone, as they are at present.
///
/// Clones share them: who keeps one can [`reload`](Tls::reload) them. Connections keep the
/// certificates with which they were opened.
#[derive(Clone, Debug)]
pub struct Tls(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    files: TlsFiles,
    loaded: Mutex<Loaded>,
}

#[derive(Clone, Debug)]
struct Loaded {
    /// Absent without a certificate.
    server: Option<Arc<ServerConfig>>,
    client: Arc<ClientConfig>,
    /// What the files were when they were last looked at.
    stamps: Vec<Option<SystemTime>>,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    ///
    /// [`TlsError`] names the file, and what is wrong with it.
    pub fn load(files: TlsFiles) -> Result<Self, TlsError> {
        let loaded = Loaded::read(&files)?;
        Ok(Self(Arc::new(Inner {
            files,
            loaded: Mutex::new(loaded),
        })))
    }

    /// Reads the files again, for connections that are opened from then on. Blocks while it reads.
    ///
    /// # Errors
    ///
    /// As [`Tls::load`]; what was loaded before stays in force.
    pub fn reload(&self) -> Result<(), TlsError> {
        let loaded = Loaded::read(&self.0.files)?;
        self.put(loaded);
        Ok(())
    }

    /// Returns how connections of peers are taken; `None` without a certificate.
    pub(super) fn server(&self) -> Option<Arc<ServerConfig>> {
        self.with(|loaded| loaded.server.clone())
    }

    /// Returns how connections are opened.
    pub(super) fn client(&self) -> Arc<ClientConfig> {
        self.with(|loaded| Arc::clone(&loaded.client))
    }

    /// Looks at the files every [`TLS_LOOK`], and reads them again when they have changed.
    pub(super) async fn watch(self, metrics: Arc<SipMetrics>) {
        loop {
            tokio::time::sleep(TLS_LOOK).await;
            let (tls, metrics) = (self.clone(), Arc::clone(&metrics));
            // Fails only when the runtime ends.
            let _ = tokio::task::spawn_blocking(move || tls.look(&metrics)).await;
        }
    }

    /// Reads the files again if they have changed.
    pub(super) fn look(&self, metrics: &SipMetrics) {
        let stamps = stamps(&self.0.files);
        let is_changed = self.with(|loaded| {
            let is_changed = loaded.stamps != stamps;
            // Files that do not fit are complained about once.
            loaded.stamps = stamps;
            is_changed
        });
        if !is_changed {
            return;
        }
        match self.reload() {
            Ok(()) => {
                count(&metrics.tls_reloads);
                info!("TLS certificates read again; connections that are open keep the earlier");
            }
            Err(error) => {
                count(&metrics.tls_reload_failures);
                warn!(%error, "TLS certificates stay as they were");
            }
        }
    }

    fn put(&self, loaded: Loaded) {
        self.with(|present| *present = loaded);
    }

    fn with<T>(&self, take: impl FnOnce(&mut Loaded) -> T) -> T {
        // Each change of it is one assignment.
        take(&mut self.0.loaded.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Loaded {
    fn read(files: &TlsFiles) -> Result<Self, TlsError> {
        // Before the files: what is written in between is found at the next look.
        let stamps = stamps(files);
        let (server, client) = files.read()?;
        Ok(Self {
            server: server.map(Arc::new),
            client: Arc::new(client),
            stamps,
        })
    }
}

fn stamps(files: &TlsFiles) -> Vec<Option<SystemTime>> {
    let stamp = |path: &Path| {
        std::fs::metadata(path)
            .and_then(|file| file.modified())
            .ok()
    };
    files.paths().map(stamp).collect()
}
