//! Links between documents: every relative one must lead somewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::Violation;

/// Checks the links of the document `path`, whose text is `content`.
pub(super) fn check(root: &Path, path: &Path, content: &str) -> Vec<Violation> {
    let broken = |(line, target): (usize, String)| {
        let sentence = resolve(root, path, content, &target).err()?;
        Some(Violation::new(path, line, sentence))
    };
    links(content).into_iter().filter_map(broken).collect()
}

fn resolve(root: &Path, path: &Path, content: &str, target: &str) -> Result<(), String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return Ok(());
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let folder = path.parent().unwrap_or(Path::new(""));
    let text = if file.is_empty() {
        content.to_owned()
    } else {
        let full = root.join(folder).join(file);
        if !full.exists() {
            return Err(format!(
                "links to `{target}`, and {} does not exist",
                full.display()
            ));
        }
        read_document(&full)
    };
    if anchor.is_empty() || text.is_empty() || anchors(&text).contains(anchor) {
        return Ok(());
    }
    Err(format!(
        "links to `{target}`, and no heading there makes the anchor `#{anchor}`"
    ))
}

/// Only documents have headings; anything else is left alone.
fn read_document(full: &PathBuf) -> String {
    let is_document = full.extension().is_some_and(|extension| extension == "md");
    if is_document {
        fs::read_to_string(full).unwrap_or_default()
    } else {
        String::new()
    }
}

/// Targets of `[text](target)` and `[name]: target`, with their lines; code is left out.
fn links(content: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (line, text) in prose(content) {
        let text = without_code_spans(text);
        let mut rest = text.as_str();
        while let Some(at) = rest.find("](") {
            rest = &rest[at + 2..];
            let end = rest.find(')').unwrap_or(rest.len());
            found.push((line, target(&rest[..end])));
        }
        let definition = text
            .trim_start()
            .strip_prefix('[')
            .and_then(|name| name.split_once("]:"));
        if let Some((_, after)) = definition {
            found.push((line, target(after)));
        }
    }
    found
}

/// The address without a title and without angle brackets.
fn target(inside: &str) -> String {
    let address = inside.split_whitespace().next().unwrap_or_default();
    address
        .trim_start_matches('<')
        .trim_end_matches('>')
        .to_owned()
}

/// Lines outside of code fences, numbered from 1.
fn prose(content: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    content
        .lines()
        .enumerate()
        .filter_map(move |(index, line)| {
            let start = line.trim_start();
            let fence = start.starts_with("```") || start.starts_with("~~~");
            fenced ^= fence;
            (!fenced && !fence).then_some((index + 1, line))
        })
}

fn without_code_spans(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join(" ")
}

/// The anchors that a forge makes from headings.
fn anchors(content: &str) -> BTreeSet<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let headings = prose(content).filter(|(_, line)| line.starts_with('#'));
    let mut found = BTreeSet::new();
    for (_, line) in headings {
        let slug = slug(line.trim_start_matches('#').trim());
        let count = seen.entry(slug.clone()).or_default();
        found.insert(if *count == 0 {
            slug
        } else {
            format!("{slug}-{count}")
        });
        *count += 1;
    }
    found
}

fn slug(heading: &str) -> String {
    let kept = heading.chars().filter_map(|character| match character {
        ' ' => Some('-'),
        '-' | '_' => Some(character),
        _ if character.is_alphanumeric() => Some(character),
        _ => None,
    });
    kept.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(content: &str) -> Vec<String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let found = check(root, Path::new("src/page.md"), content);
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_link_to_a_file_beside_it_passes_and_to_nothing_fails() {
        assert_eq!(
            broken("See [the code](main.rs) and [up](../Cargo.toml#dependencies).\n"),
            [""; 0]
        );
        let found = broken("fine\n\nSee [a](main.rs), [b](lost.md).\n");
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with("src/page.md:3: links to `lost.md`"),
            "{found:?}"
        );
    }

    #[test]
    fn reference_definitions_and_titles_are_links_too() {
        assert_eq!(broken("[a]: lost.md\n").len(), 1);
        assert_eq!(broken("[a](lost.md \"Title\")\n").len(), 1);
        assert_eq!(broken("[a](<lost.md>)\n").len(), 1);
    }

    #[test]
    fn anchors_must_match_a_heading() {
        let page = "# First call: how?\n## Twice\n## Twice\n";
        for anchor in ["first-call-how", "twice", "twice-1"] {
            assert_eq!(
                broken(&format!("{page}[a](#{anchor})\n")),
                [""; 0],
                "{anchor}"
            );
        }
        assert_eq!(broken(&format!("{page}[a](#twice-2)\n")).len(), 1);
    }

    #[test]
    fn outside_addresses_and_code_are_left_alone() {
        assert_eq!(
            broken("[a](https://example.org/lost) [b](mailto:a@example.org)\n"),
            [""; 0]
        );
        assert_eq!(
            broken("`[a](lost.md)`\n```\n[a](lost.md)\n# no heading\n```\n"),
            [""; 0]
        );
    }
}
