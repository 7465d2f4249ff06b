use super::*;
use crate::rfc::{claims, scan};

const LIST: &str =
    "RFC 3261 SIP\n8.1 Sending\n8.2 Receiving\n10 Registering\nRFC 3327 Path\n- All\n";

fn rendered(files: &[(&str, &str)]) -> String {
    let claims = claims::read(LIST).expect("the list is right");
    let mut coverage = Coverage::of(&claims);
    for (path, source) in files {
        for evidence in scan::evidence(Path::new(path), source) {
            coverage.add(Path::new(path), &evidence);
        }
    }
    page(&claims, &coverage)
}

fn has(page: &str, line: &str) -> bool {
    page.lines().any(|found| found == line)
}

const CALL: (&str, &str) = (
    "crates/ua/src/call.rs",
    "// RFC 3261 8.1 and 8.2\nfn f() {} // RFC 3261 8\n// RFC 9999 4\n",
);
const TESTS: (&str, &str) = (
    "crates/ua/tests/calls.rs",
    "//! RFC 3261 8.2.\n\n/// RFC 3261 8.1.\n#[test]\nfn one() {}\n/// RFC 3261 8.1.\n#[test]\nfn two() {}\n",
);

#[test]
fn a_section_is_tested_implemented_or_not_yet() {
    let page = rendered(&[CALL, TESTS]);
    let code = "[ua/call.rs](../crates/ua/src/call.rs)";
    let link = |name| format!("[{name}](../crates/ua/tests/calls.rs)");
    let (one, two, file) = (link("one"), link("two"), link("ua/tests/calls.rs"));
    for line in [
        format!("| 8.1 | Sending | {code} | {one}, {two} | tested |"),
        format!("| 8.2 | Receiving | {code} | {file} | tested |"),
        "| 10 | Registering | | | not yet |".to_owned(),
    ] {
        assert!(has(&page, &line), "{line}\n{page}");
    }
    let untested = rendered(&[CALL]);
    let line = format!("| 8.1 | Sending | {code} | | implemented |");
    assert!(has(&untested, &line), "{untested}");
}

#[test]
fn the_summary_counts_the_sections_of_the_list() {
    let page = rendered(&[CALL, TESTS]);
    for line in [
        "| [RFC 3261](#rfc-3261) | SIP | 2 | 0 | 1 |",
        "| [RFC 3327](#rfc-3327) | Path | 0 | 0 | 1 |",
        "| all | | 2 | 0 | 2 |",
    ] {
        assert!(has(&page, line), "{line}\n{page}");
    }
    let path = ("crates/ua/src/path.rs", "// RFC 3327 in short\n");
    assert!(has(&rendered(&[path]), "| all | | 0 | 1 | 3 |"));
}

#[test]
fn a_section_outside_of_the_list_has_a_row_and_no_words() {
    let code = "[ua/call.rs](../crates/ua/src/call.rs)";
    let line = format!("| 8 | | {code} | | implemented |");
    assert!(has(&rendered(&[CALL]), &line));
}

#[test]
fn a_standard_that_is_not_claimed_stands_at_the_end() {
    let page = rendered(&[CALL]);
    let others = page.split("## Others").nth(1).expect("it has a heading");
    let line = "| RFC 9999 | 4 | [ua/call.rs](../crates/ua/src/call.rs) | |";
    assert!(has(others, line), "{others}");
    assert!(!others.contains("RFC 3261"));
}

#[test]
fn a_file_is_not_named_beside_its_tests() {
    let both = (
        "crates/ua/src/call/tests.rs",
        "//! RFC 3261 10.\n\n// RFC 3261 10\n#[test]\nfn one() {}\n",
    );
    let line = "| 10 | Registering | | [one](../crates/ua/src/call/tests.rs) | tested |";
    assert!(has(&rendered(&[both]), line), "{}", rendered(&[both]));
}

#[test]
fn the_order_of_files_changes_nothing() {
    assert_eq!(rendered(&[CALL, TESTS]), rendered(&[TESTS, CALL]));
}
