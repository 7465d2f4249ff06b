//! The standards that we claim, and their sections that matter here: `sections.txt`.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};

use super::citation::Section;

/// A line `RFC <number> <title>` opens a standard; each line below it is `<section> <what it asks
/// for>`, where `-` stands for the standard as a whole. `#` starts a remark.
const SECTIONS: &str = include_str!("sections.txt");

/// By number.
pub(super) type Claims = BTreeMap<u16, Claim>;

/// A standard that we claim.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) title: String,
    /// What each section asks for; without a section, what the whole does.
    pub(super) sections: BTreeMap<Option<Section>, String>,
}

/// Reads the list that is built in.
pub(super) fn claims() -> Result<Claims> {
    read(SECTIONS)
}

pub(super) fn read(text: &str) -> Result<Claims> {
    let mut claims = Claims::new();
    let mut current = None;
    for (index, line) in text.lines().enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(header) = line.strip_prefix("RFC ") {
            current = Some(open(&mut claims, header).with_context(|| place(index))?);
        } else {
            let claim = current
                .and_then(|rfc| claims.get_mut(&rfc))
                .with_context(|| format!("{}: no line `RFC ...` stands above it", place(index)))?;
            add(claim, line).with_context(|| place(index))?;
        }
    }
    Ok(claims)
}

fn place(index: usize) -> String {
    format!("xtask/src/rfc/sections.txt:{}", index + 1)
}

fn open(claims: &mut Claims, header: &str) -> Result<u16> {
    let (number, title) = header
        .split_once(' ')
        .context("write `RFC <number> <title>`")?;
    let rfc = number
        .parse()
        .with_context(|| format!("{number} is no number of a standard"))?;
    let claim = Claim {
        title: title.trim().to_owned(),
        sections: BTreeMap::new(),
    };
    if claims.insert(rfc, claim).is_some() {
        bail!("RFC {rfc} is listed twice");
    }
    Ok(rfc)
}

fn add(claim: &mut Claim, line: &str) -> Result<()> {
    let (place, what) = line
        .split_once(' ')
        .context("write `<section> <what it asks for>`")?;
    let section = if place == "-" {
        None
    } else {
        let read = Section::parse(place);
        Some(read.with_context(|| format!("{place} is no section such as 17.1 or A.8"))?)
    };
    let replaced = claim.sections.insert(section, what.trim().to_owned());
    if replaced.is_some() {
        bail!("section {place} is listed twice");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        let error = read(text).expect_err("the list is wrong");
        error
            .chain()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(": ")
    }

    #[test]
    fn the_list_that_is_built_in_reads_and_no_standard_is_empty() {
        let claims = claims().expect("the list is right");
        assert!(claims.contains_key(&3261));
        for (rfc, claim) in &claims {
            assert!(!claim.title.is_empty(), "RFC {rfc}");
            assert!(!claim.sections.is_empty(), "RFC {rfc}");
        }
    }

    #[test]
    fn standards_sections_and_remarks_are_told_apart() {
        let claims = read("# remark\nRFC 1 First\n- All\n2.1 Part\n\nRFC 2 Second\nA.1 More\n");
        let claims = claims.expect("the list is right");
        let first: Vec<&str> = claims[&1].sections.values().map(String::as_str).collect();
        assert_eq!(first, ["All", "Part"]);
        assert_eq!(claims[&2].title, "Second");
        assert!(claims[&2].sections.contains_key(&Section::parse("A.1")));
    }

    #[test]
    fn a_wrong_line_is_refused_with_its_place() {
        for (text, sentence) in [
            ("2.1 Part\n", "sections.txt:1: no line"),
            ("RFC 1 A\n8. Part\n", "sections.txt:2: 8. is no section"),
            ("RFC 1 A\n8 B\n8 C\n", "sections.txt:3: section 8 is listed"),
            ("RFC 1 A\nRFC 1 B\n", "sections.txt:2: RFC 1 is listed"),
            ("RFC one A\n", "sections.txt:1: one is no number"),
            ("RFC 1\n", "sections.txt:1: write `RFC"),
        ] {
            assert!(refusal(text).contains(sentence), "{}", refusal(text));
        }
    }
}
