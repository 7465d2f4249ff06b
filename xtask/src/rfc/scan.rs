//! Finds the citations of one Rust file and tells those of tests from those of the rest.

use std::path::Path;

use super::citation::{self, Citation};
use super::prose::{self, Block};
use crate::tidy::lexer::{self, Kind, Token};
use crate::tidy::rust;

#[cfg(test)]
mod tests;

/// A citation and what it stands for.
#[derive(Debug, PartialEq)]
pub(super) struct Evidence {
    pub(super) citation: Citation,
    pub(super) role: Role,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Role {
    Implemented,
    /// In or at the test of that name.
    Test(String),
    /// Among tests: their module, or what several of them share.
    Tests,
}

/// Whether files at this path hold what is built or tested: examples and the virtual world do not.
pub(super) fn is_scanned(path: &Path) -> bool {
    const NEITHER: &[&str] = &["examples", "benches"];
    let has = |name: &str| path.components().any(|part| part.as_os_str() == name);
    path.starts_with("crates")
        && path.extension().is_some_and(|extension| extension == "rs")
        && !path.starts_with("crates/sim/src")
        && !NEITHER.iter().any(|name| has(name))
}

/// All citations of the file.
pub(super) fn evidence(path: &Path, source: &str) -> Vec<Evidence> {
    let pieces = lexer::pieces(source);
    let tokens: Vec<Token<'_>> = pieces
        .iter()
        .copied()
        .filter(|piece| piece.kind != Kind::Comment)
        .collect();
    let mut regions = test_regions(&tokens);
    if is_test_file(path) {
        regions.push(Region::whole(source));
    }
    let has_tests = regions.iter().any(|region| region.test.is_some());
    let mut found = Vec::new();
    for block in prose::blocks(source, &pieces) {
        let paragraphs = block.paragraphs();
        let citations: Vec<Citation> = paragraphs
            .iter()
            .flat_map(|paragraph| citation::citations(paragraph))
            .collect();
        if citations.is_empty() {
            continue;
        }
        let role = role(source, &tokens, &regions, &block);
        if role == Role::Tests && !has_tests {
            continue;
        }
        found.extend(citations.into_iter().map(|citation| Evidence {
            citation,
            role: role.clone(),
        }));
    }
    found
}

fn is_test_file(path: &Path) -> bool {
    path.file_stem().is_some_and(|stem| stem == "tests")
        || path.components().any(|part| part.as_os_str() == "tests")
}

/// Code that is compiled for tests only.
struct Region {
    start: usize,
    end: usize,
    /// The name, where it is one test.
    test: Option<String>,
}

impl Region {
    fn whole(source: &str) -> Self {
        Self {
            start: 0,
            end: source.len(),
            test: None,
        }
    }
}

/// Items with `#[test]`, `#[tokio::test]`, `#[cfg(test)]` and the like.
fn test_regions(tokens: &[Token<'_>]) -> Vec<Region> {
    let mut found = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        let run = attributes(tokens, index);
        let after = run.last().map_or(index, |(_, close)| close + 1);
        let is = |which: fn(&[Token<'_>]) -> bool| {
            run.iter()
                .any(|(open, close)| which(&tokens[*open..*close]))
        };
        let is_test = is(is_test_attribute);
        if is_test || is(is_test_condition) {
            found.push(Region {
                start: tokens[index].start,
                end: tokens[item_end(tokens, after)].end,
                test: function_name(tokens, after).filter(|_| is_test),
            });
        }
        index = after.max(index + 1);
    }
    found
}

/// The brackets of the attributes in a row from `index` on.
fn attributes(tokens: &[Token<'_>], mut index: usize) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    while let [hash, open, ..] = &tokens[index..]
        && hash.is_punct(b'#')
        && open.is_punct(b'[')
        && let Some(close) = rust::closing(tokens, index + 1)
        && close + 1 < tokens.len()
    {
        found.push((index + 1, close));
        index = close + 1;
    }
    found
}

/// `[test`, `[tokio::test` and `[tokio::test(...)`.
fn is_test_attribute(attribute: &[Token<'_>]) -> bool {
    let path = attribute
        .iter()
        .skip(1)
        .take_while(|token| matches!(token.kind, Kind::Word(_)) || token.is_punct(b':'));
    path.last().is_some_and(|token| token.is("test"))
}

/// `[cfg(test)` and `[cfg(all(test, ...))`, but not `[cfg(not(test))`.
fn is_test_condition(attribute: &[Token<'_>]) -> bool {
    let has = |word: &str| attribute.iter().any(|token| token.is(word));
    has("cfg") && has("test") && !has("not")
}

fn function_name(tokens: &[Token<'_>], from: usize) -> Option<String> {
    let at = function(tokens, from)?;
    match tokens.get(at + 1)?.kind {
        Kind::Word(name) => Some(name.to_owned()),
        _ => None,
    }
}

/// Index of the `fn` of an item that begins at `from`.
fn function(tokens: &[Token<'_>], from: usize) -> Option<usize> {
    let is_brace = |token: &&Token<'_>| token.is_punct(b'{') || token.is_punct(b';');
    let rest = &tokens[from..];
    let end = rest.iter().position(|token| is_brace(&token));
    let header = &rest[..end.unwrap_or(rest.len())];
    let offset = header.iter().position(|token| token.is("fn"))?;
    Some(from + offset)
}

/// Index of the last token of an item: the brace that closes its body, or a semicolon.
fn item_end(tokens: &[Token<'_>], from: usize) -> usize {
    let last = tokens.len() - 1;
    let open = function(tokens, from).and_then(|at| rust::body(tokens, at + 1));
    if let Some(open) = open {
        return rust::closing(tokens, open).unwrap_or(last);
    }
    let mut index = from;
    while index < last {
        match tokens[index].kind {
            Kind::Punct(b';') => return index,
            Kind::Punct(b'{') => return rust::closing(tokens, index).unwrap_or(last),
            Kind::Punct(b'(' | b'[') => index = rust::closing(tokens, index).unwrap_or(last),
            _ => {}
        }
        index += 1;
    }
    last
}

/// A block belongs to the innermost test around it or, as its comment, right after it.
fn role(source: &str, tokens: &[Token<'_>], regions: &[Region], block: &Block) -> Role {
    let next = tokens.get(tokens.partition_point(|token| token.start < block.end));
    let leads = |region: &Region| {
        next.is_some_and(|token| token.start == region.start)
            && !has_blank_line(&source[block.end..region.start])
    };
    let around = |region: &&Region| (region.start..region.end).contains(&block.start);
    let named = |region: &Region| region.test.clone().map(Role::Test);
    regions
        .iter()
        .rev()
        .filter(|region| around(region) || leads(region))
        .find_map(named)
        .or_else(|| {
            let is_among_tests = regions
                .iter()
                .any(|region| around(&region) || leads(region));
            is_among_tests.then_some(Role::Tests)
        })
        .unwrap_or(Role::Implemented)
}

fn has_blank_line(gap: &str) -> bool {
    let lines: Vec<&str> = gap.split('\n').collect();
    let between = lines.get(1..lines.len() - 1).unwrap_or_default();
    between.iter().any(|line| line.trim().is_empty())
}
