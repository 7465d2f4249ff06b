//! Where the repository is and what cargo knows of it.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::tool;

/// Variables that `cargo run` sets for this process and that a nested cargo must not inherit:
/// they describe xtask, and build scripts that watch them would rebuild for nothing.
const CARGO_RUN_VARIABLES: &[&str] = &["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH"];
const CARGO_RUN_PREFIXES: &[&str] = &["CARGO_PKG_", "CARGO_BIN_", "CARGO_CRATE_"];

/// The checked-out repository.
pub(crate) struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// Finds the repository that this binary was built from.
    pub(crate) fn find() -> Result<Self> {
        let manifest_dir = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest_dir
            .parent()
            .with_context(|| format!("{} has no parent folder", manifest_dir.display()))?;
        Self::at(root)
    }

    /// Takes `root` as the repository.
    pub(crate) fn at(root: &Path) -> Result<Self> {
        if !root.join("Cargo.toml").is_file() {
            bail!(
                "{} holds no Cargo.toml: run this as `cargo xtask`",
                root.display()
            );
        }
        Ok(Self {
            root: root.to_path_buf(),
        })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A path inside the repository.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// A command that starts in the repository's root.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        for (name, _) in env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            let ours = CARGO_RUN_VARIABLES.contains(&name.as_str())
                || CARGO_RUN_PREFIXES
                    .iter()
                    .any(|prefix| name.starts_with(prefix));
            if ours {
                command.env_remove(name);
            }
        }
        command
    }

    /// The cargo that runs this, with its first arguments.
    pub(crate) fn cargo<I, S>(&self, arguments: I) -> Command
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let mut command = self.command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(arguments);
        command
    }

    /// `cargo metadata` of the workspace's own packages.
    pub(crate) fn metadata(&self) -> Result<Value> {
        let mut command = self.cargo(["metadata", "--format-version", "1", "--no-deps"]);
        let output = tool::output(&mut command)?;
        serde_json::from_slice(&output).context("cargo metadata printed something else than JSON")
    }

    /// Whether `package` has a binary target named `name`.
    pub(crate) fn has_binary(&self, package: &str, name: &str) -> Result<bool> {
        let metadata = self.metadata()?;
        let found = array(&metadata["packages"])
            .iter()
            .filter(|candidate| candidate["name"] == package)
            .flat_map(|candidate| array(&candidate["targets"]))
            .any(|target| {
                target["name"] == name && array(&target["kind"]).iter().any(|kind| kind == "bin")
            });
        Ok(found)
    }

    /// Builds a binary in release and says where it is.
    pub(crate) fn build_release(&self, package: &str, binary: &str) -> Result<PathBuf> {
        let mut command = self.cargo(["build", "--release", "--package", package]);
        command.args(["--bin", binary, "--message-format=json-render-diagnostics"]);
        let output = tool::output(&mut command)?;
        let messages = String::from_utf8_lossy(&output);
        messages
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|message| message["target"]["name"] == binary)
            .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
            .next_back()
            .with_context(|| format!("cargo built {package} and named no executable {binary}"))
    }

    /// The repository's files in a fixed order, as paths relative to the root.
    pub(crate) fn files(&self) -> Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        collect(&self.root, Path::new(""), &mut found)?;
        found.sort();
        Ok(found)
    }

    /// Reads a text file of the repository.
    pub(crate) fn read(&self, relative: &Path) -> Result<String> {
        fs::read_to_string(self.root.join(relative))
            .with_context(|| format!("cannot read {} as UTF-8 text", relative.display()))
    }
}

/// Elements of a JSON array; nothing for any other value.
pub(crate) fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Folders that hold no source: build output, run output, version control, recorded inputs.
const SKIPPED_FOLDERS: &[&str] = &["target", "artifacts", "corpus", "coverage", "plenum-data"];
/// Hidden folders that are source all the same.
const HIDDEN_SOURCE_FOLDERS: &[&str] = &[".cargo", ".ci", ".config", ".github"];

fn collect(root: &Path, relative: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let folder = root.join(relative);
    let entries =
        fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = relative.join(&name);
        let kind = entry.file_type()?;
        if kind.is_file() {
            found.push(path);
        } else if kind.is_dir() && is_source_folder(&name) {
            collect(root, &path, found)?;
        }
    }
    Ok(())
}

fn is_source_folder(name: &str) -> bool {
    let hidden = name.starts_with('.') && !HIDDEN_SOURCE_FOLDERS.contains(&name);
    !hidden && !SKIPPED_FOLDERS.contains(&name)
}
