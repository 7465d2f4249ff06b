//! The page: a summary, a table for each standard that we claim, and what else is cited.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use super::citation::Section;
use super::claims::{Claim, Claims};
use super::coverage::{Coverage, Row, Rows, State};

#[cfg(test)]
mod tests;

const OPENING: &str = "\
# Coverage of the standards

Which section of which standard is built, and which test holds it. This page is generated: change
the citations in code and tests, or the list of sections in
[xtask/src/rfc/sections.txt](../xtask/src/rfc/sections.txt), and run `cargo xtask rfc-coverage`.
[CONTRIBUTING](../CONTRIBUTING.md#citing-standards) says how to cite.

- **tested**: a test cites the section.
- **implemented**: code cites it and no test does.
- **not yet**: neither does. It is not built, or it is and nobody has said so.

The list holds the sections that matter to a user agent, a registrar or a server of conferences; what
a proxy alone needs is left out. The counts are of its sections. A section that is cited and not in
the list has a row without words; *whole* is a citation that names no section.
";

/// Renders the whole page.
pub(super) fn page(claims: &Claims, coverage: &Coverage) -> String {
    let mut page = String::from(OPENING);
    summary(&mut page, claims, coverage);
    let nothing = Rows::new();
    for (rfc, claim) in claims {
        let rows = coverage.rfcs.get(rfc).unwrap_or(&nothing);
        table(&mut page, *rfc, claim, rows);
    }
    others(&mut page, claims, coverage);
    page
}

fn summary(page: &mut String, claims: &Claims, coverage: &Coverage) {
    line(
        page,
        "\n| standard | about | tested | implemented | not yet |",
    );
    line(page, "|---|---|---|---|---|");
    let mut sums = [0; 3];
    for (rfc, claim) in claims {
        let rows = coverage.rfcs.get(rfc).into_iter().flatten();
        let counted: Vec<State> = rows
            .filter(|(section, _)| claim.sections.contains_key(section))
            .map(|(_, row)| row.state())
            .collect();
        let counts = [State::Tested, State::Implemented, State::NotYet]
            .map(|state| counted.iter().filter(|found| **found == state).count());
        let [tested, implemented, not_yet] = counts;
        let about = &claim.title;
        let heading = format!("[RFC {rfc}](#rfc-{rfc})");
        line(
            page,
            &format!("| {heading} | {about} | {tested} | {implemented} | {not_yet} |"),
        );
        for (sum, count) in sums.iter_mut().zip(counts) {
            *sum += count;
        }
    }
    let [tested, implemented, not_yet] = sums;
    line(
        page,
        &format!("| all | | {tested} | {implemented} | {not_yet} |"),
    );
}

fn table(page: &mut String, rfc: u16, claim: &Claim, rows: &Rows) {
    line(page, &format!("\n## RFC {rfc}\n\n{}.\n", claim.title));
    line(page, "| section | about | implemented in | tests | state |");
    line(page, "|---|---|---|---|---|");
    for (section, row) in rows {
        let about = claim.sections.get(section).map_or("", String::as_str);
        let cells = [
            section_name(section.as_ref()),
            about.to_owned(),
            code_links(row),
            test_links(row),
            row.state().word().to_owned(),
        ];
        line(page, &table_row(&cells));
    }
}

/// Standards that we follow in a detail and claim nothing else of.
fn others(page: &mut String, claims: &Claims, coverage: &Coverage) {
    line(
        page,
        "\n## Others\n\nCited for a detail, without a claim for the rest.\n",
    );
    line(page, "| standard | sections | cited in | tests |");
    line(page, "|---|---|---|---|");
    let unclaimed = coverage
        .rfcs
        .iter()
        .filter(|(rfc, _)| !claims.contains_key(rfc));
    for (rfc, rows) in unclaimed {
        let mut all = Row::default();
        for row in rows.values() {
            all.code.extend(row.code.iter().cloned());
            all.tests.extend(row.tests.iter().cloned());
        }
        let sections: Vec<String> = rows.keys().flatten().map(Section::to_string).collect();
        let cells = [
            format!("RFC {rfc}"),
            sections.join(", "),
            code_links(&all),
            test_links(&all),
        ];
        line(page, &table_row(&cells));
    }
}

fn table_row(cells: &[String]) -> String {
    let shown = cells.iter().map(|cell| {
        let space = if cell.is_empty() { "" } else { " " };
        format!("|{space}{cell} ")
    });
    format!("{}|", shown.collect::<String>())
}

fn section_name(section: Option<&Section>) -> String {
    section.map_or("*whole*".to_owned(), Section::to_string)
}

fn code_links(row: &Row) -> String {
    let links = row.code.iter().map(|path| link(&short(path), path));
    links.collect::<Vec<_>>().join(", ")
}

/// A file of tests is named where none of its tests is.
fn test_links(row: &Row) -> String {
    let named: BTreeSet<&Path> = row
        .tests
        .iter()
        .filter(|(_, name)| name.is_some())
        .map(|(path, _)| path.as_path())
        .collect();
    let links = row.tests.iter().filter_map(|(path, name)| match name {
        Some(name) => Some(link(name, path)),
        None if named.contains(path.as_path()) => None,
        None => Some(link(&short(path), path)),
    });
    links.collect::<Vec<_>>().join(", ")
}

/// `sip-ua/call/uac.rs` for `crates/sip-ua/src/call/uac.rs`.
fn short(path: &Path) -> String {
    let shown = slashes(path);
    let inside = shown.strip_prefix("crates/").unwrap_or(&shown);
    inside.replacen("/src/", "/", 1)
}

fn link(text: &str, path: &Path) -> String {
    format!("[{text}](../{})", slashes(path))
}

fn slashes(path: &Path) -> String {
    let parts = path.iter().map(|part| part.to_string_lossy());
    parts.collect::<Vec<_>>().join("/")
}

fn line(page: &mut String, text: &str) {
    writeln!(page, "{text}").expect("a string takes any text");
}
