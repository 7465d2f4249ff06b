use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use plenum_control::SoundName;

use super::FilesConfig;
use super::cache::Cache;
use super::music;
use super::name::relative;
use super::wav::Format;

/// Name of the music class that exists without a folder.
pub const DEFAULT_MUSIC: &str = "default";

/// What a sound may cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) file_bytes_max: u64,
    pub(super) samples_max: usize,
}

/// Finds, decodes and keeps sounds.
#[derive(Debug)]
pub(super) struct Sounds {
    config: FilesConfig,
    limits: Limits,
    cache: Cache<Key>,
}

/// A file that changes is another sound.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    File {
        path: PathBuf,
        changed: Option<SystemTime>,
        len: u64,
    },
    BuiltIn(&'static str),
    Generated,
}

impl Sounds {
    pub(super) fn new(config: FilesConfig) -> Self {
        let limits = Limits {
            file_bytes_max: config.sound_file_bytes_max,
            samples_max: config.sound_samples_max,
        };
        let cache = Cache::new(config.cache_bytes_max);
        Self {
            config,
            limits,
            cache,
        }
    }

    /// Loads a sound at 8 kHz, mono.
    ///
    /// # Errors
    ///
    /// The sentence that says why there is none.
    pub(super) fn load(&mut self, sound: &SoundName) -> Result<Arc<[i16]>, String> {
        match sound {
            SoundName::File(name) => self.load_named(name),
            SoundName::Music(class) => self.load_music(class),
        }
    }

    fn load_named(&mut self, name: &str) -> Result<Arc<[i16]>, String> {
        let path = relative(name)?;
        if let Some(folder) = self.config.sounds.clone()
            && let Some(sound) = self.look_in(&folder, &path)?
        {
            return Ok(sound);
        }
        if let Some(sound) = self.look_among_built_in(name)? {
            return Ok(sound);
        }
        if let Some(folder) = self.config.recordings.clone()
            && let Some(sound) = self.look_in(&folder, &path)?
        {
            return Ok(sound);
        }
        Err(self.missing(name))
    }

    fn look_in(&mut self, folder: &Path, name: &Path) -> Result<Option<Arc<[i16]>>, String> {
        for (path, format) in candidates(&folder.join(name)) {
            let metadata = match fs::metadata(&path) {
                Ok(metadata) if metadata.is_file() => metadata,
                Ok(_) => continue,
                Err(error) if is_absence(&error) => continue,
                Err(error) => return Err(unreadable(&path, &error)),
            };
            return self.load_path(path, format, &metadata).map(Some);
        }
        Ok(None)
    }

    fn load_path(
        &mut self,
        path: PathBuf,
        format: Format,
        metadata: &Metadata,
    ) -> Result<Arc<[i16]>, String> {
        let changed = metadata.modified().ok();
        let key = Key::File {
            path: path.clone(),
            changed,
            len: metadata.len(),
        };
        if let Some(sound) = self.cache.find(&key) {
            return Ok(sound);
        }
        let sound: Arc<[i16]> = load_file(&path, format, &self.limits)?.into();
        self.cache.keep(key, &sound);
        Ok(sound)
    }

    fn look_among_built_in(&mut self, name: &str) -> Result<Option<Arc<[i16]>>, String> {
        let bare = name.strip_suffix(".wav").unwrap_or(name);
        let Some((name, bytes)) = self.config.built_in.iter().find(|(name, _)| *name == bare)
        else {
            return Ok(None);
        };
        let key = Key::BuiltIn(name);
        if let Some(sound) = self.cache.find(&key) {
            return Ok(Some(sound));
        }
        let samples = Format::Wav
            .decode(bytes)
            .map_err(|cause| format!("the built-in sound \"{name}\" {cause}"))?;
        let sound = samples.into();
        self.cache.keep(key, &sound);
        Ok(Some(sound))
    }

    fn load_music(&mut self, class: &str) -> Result<Arc<[i16]>, String> {
        let name = relative(class)?;
        if let Some(folder) = self.config.music.as_ref().map(|folder| folder.join(&name))
            && let Ok(metadata) = fs::metadata(&folder)
            && metadata.is_dir()
        {
            let changed = metadata.modified().ok();
            let key = Key::File {
                path: folder.clone(),
                changed,
                len: metadata.len(),
            };
            if let Some(music) = self.cache.find(&key) {
                return Ok(music);
            }
            let music = music::load_class(&folder, &self.limits)?.into();
            self.cache.keep(key, &music);
            return Ok(music);
        }
        if class != DEFAULT_MUSIC {
            return Err(self.no_class(class));
        }
        if let Some(music) = self.cache.find(&Key::Generated) {
            return Ok(music);
        }
        let music = music::generated();
        self.cache.keep(Key::Generated, &music);
        Ok(music)
    }

    fn missing(&self, name: &str) -> String {
        let extensions = Format::ALL
            .map(|format| format!(".{}", format.extension()))
            .join(", ");
        let mut places = Vec::new();
        if let Some(folder) = &self.config.sounds {
            places.push(format!("{} ({extensions})", folder.display()));
        }
        places.push("the built-in sounds".to_owned());
        if let Some(folder) = &self.config.recordings {
            places.push(format!("the recordings in {}", folder.display()));
        }
        let fix = match &self.config.sounds {
            Some(folder) => format!("put it at {}.wav", folder.join(name).display()),
            None => "name a sounds folder in the configuration".to_owned(),
        };
        format!(
            "no sound \"{name}\": looked in {}; {fix}",
            places.join(", ")
        )
    }

    fn no_class(&self, class: &str) -> String {
        match &self.config.music {
            Some(folder) => format!(
                "no music class \"{class}\": make the folder {} with .wav files, or use \
                 \"{DEFAULT_MUSIC}\"",
                folder.join(class).display()
            ),
            None => format!(
                "no music class \"{class}\": name a music folder in the configuration, or use \
                 \"{DEFAULT_MUSIC}\""
            ),
        }
    }
}

/// Reads and decodes one file.
///
/// # Errors
///
/// The sentence that says what is wrong with it.
pub(super) fn load_file(path: &Path, format: Format, limits: &Limits) -> Result<Vec<i16>, String> {
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    let mut bytes = Vec::new();
    // One octet more than permitted tells a file that is too large from one that just fits.
    let mut bounded = file.take(limits.file_bytes_max.saturating_add(1));
    bounded
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(path, &error))?;
    if bytes.len() as u64 > limits.file_bytes_max {
        return Err(format!(
            "the sound {} is larger than {} octets; cut it into pieces",
            path.display(),
            limits.file_bytes_max
        ));
    }
    let samples = format
        .decode(&bytes)
        .map_err(|cause| format!("the sound {} {cause}", path.display()))?;
    if samples.len() > limits.samples_max {
        return Err(format!(
            "the sound {} is longer than {} seconds; cut it into pieces",
            path.display(),
            limits.samples_max / plenum_media::SAMPLE_RATE as usize
        ));
    }
    Ok(samples)
}

/// Returns the files that a name may mean: itself if it ends like a sound, then each format.
fn candidates(path: &Path) -> Vec<(PathBuf, Format)> {
    let own = path
        .extension()
        .and_then(|extension| extension.to_str())
        .and_then(Format::of_extension)
        .map(|format| (path.to_owned(), format));
    let with_extension = |format: Format| {
        let mut name = path.as_os_str().to_owned();
        name.push(".");
        name.push(format.extension());
        (PathBuf::from(name), format)
    };
    own.into_iter()
        .chain(Format::ALL.map(with_extension))
        .collect()
}

fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn unreadable(path: &Path, error: &io::Error) -> String {
    format!("the sound {} cannot be read: {error}", path.display())
}
