//! The table of allowed edges between crates, and the check that holds it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use serde_json::Value;

use crate::workspace::{Workspace, array};

#[cfg(test)]
mod tests;

/// What one crate may depend on in its normal and build dependencies.
///
/// Development dependencies may name anything, as long as they close no circle.
pub(crate) struct Row {
    /// Package name.
    pub(crate) package: &'static str,
    /// Packages of this workspace.
    internal: &'static [&'static str],
    /// Packages from the registry.
    external: &'static [&'static str],
    /// No operating system: `no_std`, time and bytes are arguments.
    pub(crate) pure: bool,
}

/// Edges go downwards only: a row names packages of rows above it.
#[rustfmt::skip]
pub(crate) const TABLE: &[Row] = &[
    Row {
        package: "plenum-time",
        internal: &[],
        external: &[],
        pure: true,
    },
    // Wire: bytes to values and back.
    Row {
        package: "plenum-sip-msg",
        internal: &[],
        external: &["bytes", "memchr", "smallvec", "smol_str", "thiserror"],
        pure: true,
    },
    Row {
        package: "plenum-sdp",
        internal: &[],
        external: &["smallvec", "thiserror"],
        pure: true,
    },
    Row {
        package: "plenum-rtp",
        internal: &["plenum-time"],
        external: &["thiserror"],
        pure: true,
    },
    // Machines: values that take `now` as an argument.
    Row {
        package: "plenum-codecs",
        internal: &[],
        external: &["thiserror"],
        pure: true,
    },
    Row {
        package: "plenum-media",
        internal: &["plenum-time", "plenum-rtp", "plenum-codecs"],
        external: &["hashbrown", "libm", "rtrb", "smallvec", "thiserror"],
        pure: true,
    },
    Row {
        package: "plenum-sip-ua",
        internal: &["plenum-time", "plenum-sip-msg"],
        external: &[
            "bytes", "hashbrown", "md-5", "rand_chacha", "rand_core", "sha2", "slotmap",
            "smallvec", "subtle", "thiserror",
        ],
        pure: true,
    },
    Row {
        package: "plenum-switch",
        internal: &["plenum-time"],
        external: &["hashbrown", "slotmap", "smallvec", "thiserror"],
        pure: true,
    },
    Row {
        package: "plenum-control",
        internal: &[
            "plenum-time", "plenum-sip-msg", "plenum-sdp", "plenum-sip-ua", "plenum-codecs",
            "plenum-media", "plenum-switch",
        ],
        external: &[
            "bytes", "hashbrown", "rand_chacha", "rand_core", "slotmap", "smallvec", "thiserror",
        ],
        pure: true,
    },
    // The only place with system calls.
    Row {
        package: "plenum-runtime",
        internal: &[
            "plenum-time", "plenum-control", "plenum-media", "plenum-rtp", "plenum-sip-msg",
            "plenum-sip-ua", "plenum-codecs",
        ],
        external: &[
            "bytes", "futures-util", "getrandom", "hickory-resolver", "hound", "libc", "nix",
            "rtrb", "rustls", "rustls-native-certs", "rustls-webpki", "socket2", "thiserror",
            "tokio", "tokio-rustls", "tokio-tungstenite", "tracing",
        ],
        pure: false,
    },
    // SDKs.
    Row {
        package: "plenum-session",
        internal: &[
            "plenum-time", "plenum-sip-msg", "plenum-sdp", "plenum-sip-ua", "plenum-codecs",
            "plenum-media", "plenum-runtime",
        ],
        external: &["bytes", "thiserror", "tokio", "tracing"],
        pure: false,
    },
    // Development: the virtual world drives the same machines that `runtime` drives.
    Row {
        package: "plenum-sim",
        internal: &[
            "plenum-time", "plenum-sip-msg", "plenum-sdp", "plenum-rtp", "plenum-sip-ua",
            "plenum-codecs", "plenum-media", "plenum-switch", "plenum-control",
        ],
        external: &["bytes", "rand_chacha", "rand_core"],
        pure: false,
    },
    Row {
        package: "plenum",
        internal: &[
            "plenum-time", "plenum-sip-msg", "plenum-sdp", "plenum-rtp", "plenum-sip-ua",
            "plenum-codecs", "plenum-media", "plenum-switch", "plenum-control", "plenum-runtime",
            "plenum-session",
        ],
        external: &[
            "anyhow", "axum", "bytes", "clap", "indicatif", "libc", "mimalloc", "nix",
            "prometheus-client", "serde",
            "serde_json", "strsim", "tokio", "toml", "tracing", "tracing-subscriber",
        ],
        pure: false,
    },
    Row {
        package: "xtask",
        internal: &[],
        external: &["anyhow", "clap", "serde_json"],
        pure: false,
    },
];

/// External packages below the pure crates, direct and indirect, that are known to need no
/// operating system with the features that the pure crates switch on.
///
/// `cargo xtask purity` refuses any other package there; it also looks at what was linked.
pub(crate) const NO_STD_PACKAGES: &[&str] = &[
    "block-buffer",
    "bytes",
    "cfg-if",
    "cpufeatures",
    "crypto-common",
    "digest",
    "foldhash",
    "hashbrown",
    "hybrid-array",
    "libm",
    // The package md-5 names its crate so.
    "md5",
    "memchr",
    "ppv-lite86",
    "rand_chacha",
    "rand_core",
    "rtrb",
    "sha2",
    "slotmap",
    "smallvec",
    "smol_str",
    "subtle",
    "thiserror",
    "typenum",
    "zerocopy",
];

/// Checks the workspace against [`TABLE`].
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let crates = parse(&workspace.metadata()?);
    let mut violations = stale_rows(&crates);
    violations.extend(check(&crates, TABLE));
    if violations.is_empty() {
        println!("{} crates keep to the table of allowed edges", crates.len());
        return Ok(());
    }
    bail!("{}", violations.join("\n"))
}

/// One workspace crate as `cargo metadata` shows it.
#[derive(Clone, Debug, Default, PartialEq)]
struct Crate {
    package: String,
    folder: String,
    normal: BTreeSet<String>,
    dev: BTreeSet<String>,
}

fn parse(metadata: &Value) -> Vec<Crate> {
    let root = metadata["workspace_root"].as_str().unwrap_or_default();
    array(&metadata["packages"])
        .iter()
        .map(|package| parse_package(root, package))
        .collect()
}

fn parse_package(root: &str, package: &Value) -> Crate {
    let manifest = package["manifest_path"].as_str().unwrap_or_default();
    let folder = manifest.trim_start_matches(root).trim_matches('/');
    let mut parsed = Crate {
        package: package["name"].as_str().unwrap_or_default().to_owned(),
        folder: folder.trim_end_matches("/Cargo.toml").to_owned(),
        ..Crate::default()
    };
    for dependency in array(&package["dependencies"]) {
        let name = dependency["name"].as_str().unwrap_or_default().to_owned();
        // Build scripts run before the crate, so their dependencies count like normal ones.
        let set = if dependency["kind"] == "dev" {
            &mut parsed.dev
        } else {
            &mut parsed.normal
        };
        set.insert(name);
    }
    parsed
}

fn check(crates: &[Crate], table: &[Row]) -> Vec<String> {
    let mut violations = rows_out_of_order(table);
    for one in crates {
        match table.iter().find(|row| row.package == one.package) {
            Some(row) => violations.extend(check_crate(one, row, crates)),
            None => violations.push(format!(
                "{} has no row in the table: add {} to xtask/src/check_deps.rs with the reason \
                 for which the crate exists",
                one.folder, one.package
            )),
        }
    }
    violations.extend(dev_circles(crates));
    violations
}

/// A table whose rows name only rows above them holds no circle, whatever it allows.
fn rows_out_of_order(table: &[Row]) -> Vec<String> {
    let mut above = BTreeSet::new();
    let mut violations = Vec::new();
    for row in table {
        for name in row.internal.iter().filter(|name| !above.contains(*name)) {
            violations.push(format!(
                "the table lets {} depend on {name}, which stands in no row above it: edges go \
                 downwards only",
                row.package
            ));
        }
        above.insert(row.package);
    }
    violations
}

fn check_crate(one: &Crate, row: &Row, crates: &[Crate]) -> Vec<String> {
    let internal = |name: &String| crates.iter().any(|other| other.package == *name);
    let allowed = |name: &String| {
        let list = if internal(name) {
            row.internal
        } else {
            row.external
        };
        list.contains(&name.as_str())
    };
    let sentence = |name: &String| {
        let rule = if internal(name) {
            "edges go downwards only (ARCHITECTURE.md); move the code or change the table"
        } else {
            "each crate names its outside dependencies; do without it or change the table"
        };
        format!(
            "{} may not depend on {name}: {rule} in xtask/src/check_deps.rs with an ADR",
            one.folder
        )
    };
    one.normal
        .iter()
        .filter(|name| !allowed(name))
        .map(sentence)
        .collect()
}

/// Finds development dependencies on a crate that itself stands on the crate under test.
fn dev_circles(crates: &[Crate]) -> Vec<String> {
    let by_name: BTreeMap<&str, &Crate> = crates
        .iter()
        .map(|one| (one.package.as_str(), one))
        .collect();
    let mut violations = Vec::new();
    for one in crates {
        for name in &one.dev {
            if closure(name, &by_name).contains(one.package.as_str()) {
                violations.push(format!(
                    "{} may not test with {name}, which itself depends on {}: move the test into \
                     the crate that is higher up",
                    one.folder, one.package
                ));
            }
        }
    }
    violations
}

/// The workspace crates that `start` stands on, itself included.
fn closure<'a>(start: &'a str, by_name: &BTreeMap<&'a str, &'a Crate>) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    let mut open = vec![start];
    while let Some(name) = open.pop() {
        if let Some(one) = by_name.get(name)
            && seen.insert(name)
        {
            open.extend(one.normal.iter().map(String::as_str));
        }
    }
    seen
}

fn stale_rows(crates: &[Crate]) -> Vec<String> {
    TABLE
        .iter()
        .filter(|row| !crates.iter().any(|one| one.package == row.package))
        .map(|row| {
            format!(
                "the table has a row for {}, which is no crate of the workspace: remove the row \
                 from xtask/src/check_deps.rs",
                row.package
            )
        })
        .collect()
}
