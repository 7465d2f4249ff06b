//! The configuration file: one TOML document, every key optional.
//!
//! [`schema::KEYS`] is the one table of keys. It drives the check (unknown keys, types, ranges,
//! each with the line and the fix), the defaults, and `plenum config explain`.

mod check;
mod coherent;
pub mod explain;
mod kind;
mod lines;
pub mod schema;
mod sip;
mod suggest;
mod value;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

pub use check::{ConfigError, PROBLEMS_MAX, Problem};
pub use sip::{Sip, SipTls};
pub use suggest::nearest;

use plenum_control::Addresses;
use plenum_switch::MenuProfile;
use value::{Places, Values};

/// The configuration of a server, with all defaults filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Folder of everything that the server writes.
    pub data_dir: PathBuf,
    /// What is logged, and how.
    pub log: Log,
    /// SIP signalling.
    pub sip: Sip,
    /// RTP ports.
    pub rtp: Rtp,
    /// The media plane.
    pub media: Media,
    /// Health, metrics and, later, the HTTP interfaces.
    pub http: Http,
    /// The dialplan.
    pub dialplan: Dialplan,
    /// Sound files.
    pub sounds: Sounds,
    /// Recordings.
    pub recordings: Recordings,
    /// Profiles of conference rooms: option values by profile name.
    pub conference: Conference,
    /// The file that the configuration was read from.
    pub file: Option<PathBuf>,
    places: Places,
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// A filter in the syntax of `tracing`: `info`, `debug`, `info,plenum_sip_ua=debug`.
    pub level: String,
    /// `auto`, `human` or `json`.
    pub format: String,
}

/// RTP ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rtp {
    /// Local addresses of all RTP sockets.
    pub bind: Addresses,
    /// Addresses that session descriptions announce instead of those.
    pub advertise: Option<Addresses>,
    /// First and last port of the range.
    pub ports: (u16, u16),
    /// Silence after which a missing stream is reported, in seconds.
    pub timeout_s: u32,
}

impl Rtp {
    /// Returns the addresses that session descriptions announce, one for each of
    /// [`bind`](Self::bind) and in that order.
    #[must_use]
    pub fn announced(&self) -> Addresses {
        let instead = |own| self.advertise.and_then(|advertise| advertise.like(own));
        let announced: Vec<IpAddr> = self
            .bind
            .iter()
            .map(|own| instead(own).unwrap_or(own))
            .collect();
        Addresses::of(&announced).expect("of the families of `bind`")
    }
}

/// The media plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// Shard threads; zero for one a core.
    pub shards: u16,
    /// Whether shard threads ask for real-time priority.
    pub realtime: bool,
}

/// The HTTP listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    /// Where to listen.
    pub listen: SocketAddr,
}

/// The dialplan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialplan {
    /// The file, in the syntax of `extensions.conf`.
    pub file: PathBuf,
}

/// Sound files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sounds {
    /// Folder searched before the built-in sounds.
    pub folder: Option<PathBuf>,
    /// Folder with one subfolder of music files for each class.
    pub music: Option<PathBuf>,
}

/// Recordings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recordings {
    /// Folder of finished recordings.
    pub folder: PathBuf,
}

/// Conference profiles by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conference {
    /// `[conference.users.NAME]`.
    pub users: Profiles,
    /// `[conference.bridges.NAME]`.
    pub bridges: Profiles,
    /// `[conference.menus.NAME]`.
    pub menus: BTreeMap<String, MenuProfile>,
}

/// Profiles of one kind: option values by profile name and option name.
pub type Profiles = BTreeMap<String, BTreeMap<String, OptionText>>;

/// The value of an option, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionText {
    /// The value as text; true and false are yes and no.
    pub text: String,
    /// Line of the value in the file.
    pub line: usize,
    /// Column of the value.
    pub column: usize,
}

impl Config {
    /// Reads and checks a configuration file.
    ///
    /// Relative paths in it are relative to the folder of the file.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] lists every problem with its line and the fix.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|error| ConfigError::unreadable(path, &error))?;
        let mut config = Self::parse(&text).map_err(|error| error.in_file(path))?;
        config.file = Some(path.to_owned());
        if let Some(folder) = path.parent() {
            config.rebase(folder);
        }
        Ok(config)
    }

    /// Checks the text of a configuration file.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] lists every problem with its line and the fix.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let (values, conference) = check::check(text)?;
        Ok(Self::from_values(&values, conference))
    }

    /// Builds the problem of a key, at the line where the file sets it.
    #[must_use]
    pub fn problem(&self, key: &str, message: &str) -> Problem {
        let (line, column) = self.places.get(key).copied().unwrap_or_default();
        Problem {
            line,
            column,
            message: format!("{key}: {message}"),
        }
    }

    fn from_values(values: &Values, conference: Conference) -> Self {
        let data_dir = PathBuf::from(values.text("data_dir"));
        Self {
            log: Log {
                level: values.text("log.level"),
                format: values.text("log.format"),
            },
            sip: Sip::from_values(values),
            rtp: Rtp {
                bind: values
                    .addresses("rtp.bind")
                    .expect("checked as addresses, and so is its default"),
                advertise: values.addresses("rtp.advertise"),
                ports: values.ports("rtp.ports"),
                timeout_s: values.number("rtp.timeout_s"),
            },
            media: Media {
                shards: u16::try_from(values.number("media.shards")).unwrap_or(0),
                realtime: values.flag("media.realtime"),
            },
            http: Http {
                listen: values.socket("http.listen"),
            },
            dialplan: Dialplan {
                file: PathBuf::from(values.text("dialplan.file")),
            },
            sounds: Sounds {
                folder: values.optional("sounds.folder").map(PathBuf::from),
                music: values.optional("sounds.music").map(PathBuf::from),
            },
            recordings: Recordings {
                folder: values
                    .optional("recordings.folder")
                    .map_or_else(|| data_dir.join("recordings"), PathBuf::from),
            },
            data_dir,
            conference,
            file: None,
            places: values.places(),
        }
    }

    fn rebase(&mut self, folder: &Path) {
        let paths = [
            &mut self.data_dir,
            &mut self.dialplan.file,
            &mut self.recordings.folder,
        ];
        for path in paths
            .into_iter()
            .chain(&mut self.sounds.folder)
            .chain(&mut self.sounds.music)
            .chain(self.sip.tls.paths_mut())
        {
            *path = folder.join(&path);
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::from_values(&Values::default(), Conference::default())
    }
}

#[cfg(test)]
mod tests;
