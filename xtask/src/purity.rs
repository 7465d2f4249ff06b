//! The check that the wire and machine crates need no operating system.
//!
//! Three proofs, from the cheap to the strong: what the sources say, what the compiler linked into
//! each crate (its metadata names every crate below it), and, where the target is installed, a
//! build for WebAssembly, which has neither clock nor file nor thread nor socket.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::check_deps::{NO_STD_PACKAGES, TABLE};
use crate::tidy::lexer::{self, Token};
use crate::tool;
use crate::workspace::{Workspace, array};

const WASM: &str = "wasm32-unknown-unknown";
/// What the compiler itself brings for a crate without the standard library.
const LANGUAGE_CRATES: &[&str] = &["core", "alloc", "compiler_builtins"];

/// Checks every pure crate of the table.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let packages: Vec<&str> = TABLE
        .iter()
        .filter(|row| row.pure)
        .map(|row| row.package)
        .collect();
    let mut violations = Vec::new();
    for package in &packages {
        violations.extend(check_sources(workspace, package)?);
    }
    fail_on(&violations)?;
    fail_on(&check_linked(workspace, &packages)?)?;
    let proof = check_wasm(workspace, &packages)?;
    println!(
        "{} crates link only `core`, `alloc` and each other{proof}",
        packages.len()
    );
    Ok(())
}

fn fail_on(violations: &[String]) -> Result<()> {
    if violations.is_empty() {
        Ok(())
    } else {
        bail!("{}", violations.join("\n"))
    }
}

fn check_sources(workspace: &Workspace, package: &str) -> Result<Vec<String>> {
    let folder = format!("crates/{}/src", package.trim_start_matches("plenum-"));
    let lib = Path::new(&folder).join("lib.rs");
    let mut violations = check_lib(&lib, &workspace.read(&lib)?);
    for path in workspace.files()? {
        let is_source = path.starts_with(&folder) && path.extension().is_some_and(|e| e == "rs");
        if is_source && !is_test_file(&path) && names_std(&workspace.read(&path)?) {
            violations.push(format!(
                "{}: `extern crate std` is for tests: put it under #[cfg(test)] or take what it \
                 brings as an argument",
                path.display()
            ));
        }
    }
    Ok(violations)
}

/// Modules that are compiled for tests only, by the name that the house style gives them.
fn is_test_file(path: &Path) -> bool {
    path.components()
        .any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs")
}

fn check_lib(path: &Path, source: &str) -> Vec<String> {
    let tokens = lexer::tokens(source);
    let required = [["no_std"].as_slice(), ["forbid", "unsafe_code"].as_slice()];
    required
        .iter()
        .filter(|words| !has_inner_attribute(&tokens, words))
        .map(|words| {
            let attribute = match words {
                [name, argument] => format!("#![{name}({argument})]"),
                _ => format!("#![{}]", words.join("")),
            };
            format!(
                "{}: a pure crate says {attribute} at its top",
                path.display()
            )
        })
        .collect()
}

/// Whether `#![a]` or `#![a(b)]` stands in the file, for the words `a` and `b`.
fn has_inner_attribute(tokens: &[Token<'_>], words: &[&str]) -> bool {
    tokens.windows(3).enumerate().any(|(index, start)| {
        let opens = start[0].is_punct(b'#') && start[1].is_punct(b'!') && start[2].is_punct(b'[');
        let inside = tokens[index..]
            .iter()
            .skip(3)
            .take_while(|token| !token.is_punct(b']'));
        let names = inside.filter(|token| !token.is_punct(b'(') && !token.is_punct(b')'));
        opens && names.clone().count() == words.len() && names.zip(words).all(|(t, w)| t.is(w))
    })
}

/// Whether the file links the standard library outside of what is compiled for tests.
fn names_std(source: &str) -> bool {
    let tokens = lexer::tokens(source);
    let mut at = 0;
    while at < tokens.len() {
        if starts_with(&tokens[at..], &["#", "[", "cfg", "(", "test", ")", "]"]) {
            at = end_of_item(&tokens, at + 7);
        } else if starts_with(&tokens[at..], &["extern", "crate", "std"]) {
            return true;
        } else {
            at += 1;
        }
    }
    false
}

fn starts_with(tokens: &[Token<'_>], wanted: &[&str]) -> bool {
    let same = |(token, word): (&Token<'_>, &&str)| match word.as_bytes() {
        [punct] if punct.is_ascii_punctuation() => token.is_punct(*punct),
        _ => token.is(word),
    };
    tokens.len() >= wanted.len() && tokens.iter().zip(wanted).all(same)
}

/// The index after the item at `from`: past its `;` or its closing brace.
fn end_of_item(tokens: &[Token<'_>], from: usize) -> usize {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(from) {
        if token.is_punct(b'{') {
            depth += 1;
        } else if token.is_punct(b'}') {
            depth = depth.saturating_sub(1);
        }
        let ends = token.is_punct(b'}') || token.is_punct(b';');
        if depth == 0 && ends {
            return index + 1;
        }
    }
    tokens.len()
}

/// Compiles the pure crates by themselves and looks at what the compiler linked into each.
fn check_linked(workspace: &Workspace, packages: &[&str]) -> Result<Vec<String>> {
    let mut command = check_command(workspace, packages);
    command.arg("--message-format=json-render-diagnostics");
    let messages = tool::output(&mut command)?;
    let messages = String::from_utf8_lossy(&messages);
    let artifacts: Vec<(String, String)> = messages.lines().filter_map(metadata_file).collect();
    let mut violations = Vec::new();
    for package in packages {
        let name = package.replace('-', "_");
        let (_, file) = artifacts
            .iter()
            .rfind(|(crate_name, _)| *crate_name == name)
            .with_context(|| format!("cargo check left no metadata file for {package}"))?;
        violations.extend(check_metadata(workspace, package, file)?);
    }
    Ok(violations)
}

fn check_command(workspace: &Workspace, packages: &[&str]) -> std::process::Command {
    let mut command = workspace.cargo(["check", "--quiet", "--lib"]);
    for package in packages {
        command.args(["--package", package]);
    }
    command
}

/// Crate name and metadata file of a line that cargo printed about a built library.
fn metadata_file(line: &str) -> Option<(String, String)> {
    let message: Value = serde_json::from_str(line).ok()?;
    let name = message["target"]["name"].as_str()?.replace('-', "_");
    let mut files = array(&message["filenames"])
        .iter()
        .filter_map(Value::as_str);
    let file = files.find(|file| file.ends_with(".rmeta"))?;
    Some((name, file.to_owned()))
}

fn check_metadata(workspace: &Workspace, package: &str, file: &str) -> Result<Vec<String>> {
    // The listing of crate metadata is a compiler option that stable hides behind this variable.
    let mut command = workspace.command("rustc");
    command
        .env("RUSTC_BOOTSTRAP", "1")
        .args(["-Zls=root", file]);
    let listing = String::from_utf8(tool::output(&mut command)?)?;
    let linked = linked_crates(&listing).with_context(|| {
        format!("`rustc -Zls=root {file}` lists no dependencies: has its output changed?")
    })?;
    let allowed = allowed_crates();
    let foreign = linked.iter().filter(|name| !allowed.contains(*name));
    Ok(foreign
        .map(|name| foreign_crate_sentence(package, name))
        .collect())
}

fn foreign_crate_sentence(package: &str, name: &str) -> String {
    if name == "std" {
        format!(
            "{package} links the standard library through one of its dependencies: switch off \
             that dependency's default features (`cargo tree -p {package} -e features`)"
        )
    } else {
        format!(
            "{package} links {name}, which is not known to do without an operating system: look \
             at it, then add it to NO_STD_PACKAGES in xtask/src/check_deps.rs"
        )
    }
}

fn allowed_crates() -> BTreeSet<String> {
    let pure = TABLE.iter().filter(|row| row.pure).map(|row| row.package);
    let names = pure
        .chain(NO_STD_PACKAGES.iter().copied())
        .chain(LANGUAGE_CRATES.iter().copied());
    names.map(|name| name.replace('-', "_")).collect()
}

/// Crates that end up in the program, from rustc's listing; procedural macros only run in the
/// compiler and are left out.
fn linked_crates(listing: &str) -> Option<BTreeSet<String>> {
    let (_, dependencies) = listing.split_once("=External Dependencies=")?;
    let mut linked = BTreeSet::new();
    for line in dependencies
        .lines()
        .skip(1)
        .take_while(|line| !line.trim().is_empty())
    {
        let (name, _) = line.split_whitespace().nth(1)?.rsplit_once('-')?;
        if !line.contains(" kind MacrosOnly") {
            linked.insert(name.to_owned());
        }
    }
    linked.contains("core").then_some(linked)
}

/// Builds for WebAssembly where that target is there; says which proof was used.
fn check_wasm(workspace: &Workspace, packages: &[&str]) -> Result<&'static str> {
    let mut command = workspace.command("rustc");
    command.args(["--print", "target-libdir", "--target", WASM]);
    let folder = String::from_utf8(tool::output(&mut command)?)?;
    if !Path::new(folder.trim()).is_dir() {
        return Ok(" (by their metadata; the WebAssembly target is not installed)");
    }
    tool::run(check_command(workspace, packages).args(["--target", WASM]))?;
    Ok(" and build for WebAssembly")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTING: &str = "Crate info:\nname a\n=External Dependencies=\n\
        1 core-12ab hash 1 host_hash None kind Unconditional public\n\
        2 thiserror_impl-3f hash 2 host_hash Some(3) kind MacrosOnly private\n\
        3 plenum_sip_msg-77 hash 4 host_hash None kind Unconditional private\n\n\
        4 not-a-dependency\n";

    #[test]
    fn linked_crates_are_read_from_the_listing() {
        let linked = linked_crates(LISTING).expect("the listing has the section");
        assert_eq!(
            linked.into_iter().collect::<Vec<_>>(),
            ["core", "plenum_sip_msg"]
        );
    }

    #[test]
    fn a_listing_of_another_form_is_not_taken_for_a_pure_crate() {
        assert_eq!(linked_crates("Crate info:\nname a\n"), None);
        assert_eq!(linked_crates("=External Dependencies=\n\n"), None);
    }

    #[test]
    fn the_standard_library_and_strangers_are_not_allowed() {
        let allowed = allowed_crates();
        assert!(allowed.contains("plenum_sip_ua") && allowed.contains("rand_core"));
        for name in ["std", "libc", "tokio", "plenum_runtime"] {
            assert!(!allowed.contains(name), "{name}");
        }
    }

    #[test]
    fn a_lib_without_its_promises_is_refused() {
        let path = Path::new("lib.rs");
        let good = "//! Doc.\n#![no_std]\n#![forbid(unsafe_code)]\nextern crate alloc;\n";
        assert_eq!(check_lib(path, good), Vec::<String>::new());
        assert_eq!(
            check_lib(path, "#![forbid(unsafe_code)]\n// #![no_std]\n"),
            ["lib.rs: a pure crate says #![no_std] at its top"]
        );
        assert_eq!(
            check_lib(path, "#![no_std]\n#![deny(unsafe_code)]\n"),
            ["lib.rs: a pure crate says #![forbid(unsafe_code)] at its top"]
        );
        assert_eq!(
            check_lib(path, "#![cfg_attr(not(test), no_std)]\n").len(),
            2
        );
    }

    #[test]
    fn the_standard_library_is_for_tests() {
        assert!(names_std("extern crate std;\n"));
        assert!(names_std(
            "#[cfg(test)]\nmod tests { fn a() {} }\nextern crate std;\n"
        ));
        assert!(!names_std(
            "#[cfg(test)]\nextern crate std;\nextern crate alloc;\n"
        ));
        assert!(!names_std(
            "#[cfg(test)]\nmod tests {\n    extern crate std;\n}\n"
        ));
        assert!(!names_std("// extern crate std;\n"));
    }
}
