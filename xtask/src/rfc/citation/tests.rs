use super::*;

/// Citations as `number: section section`, one after the other.
fn read(prose: &str) -> Vec<String> {
    let shown = |citation: &Citation| {
        let sections: Vec<String> = citation.sections.iter().map(Section::to_string).collect();
        format!("{}: {}", citation.rfc, sections.join(" "))
    };
    citations(prose).iter().map(shown).collect()
}

#[test]
fn a_section_follows_the_number_in_each_spelling() {
    for prose in [
        "RFC 3261 8.1",
        "RFC 3261 8.1: the request",
        "(RFC 3261 8.1).",
        "RFC 3261 section 8.1",
        "RFC 3261, section 8.1, has it",
        "RFC 3261 Section 8.1.",
        "RFC 3261 §8.1",
        "RFC 3261 § 8.1",
        "RFC3261 8.1",
        "RFC-3261 8.1",
    ] {
        assert_eq!(read(prose), ["3261: 8.1"], "{prose}");
    }
}

#[test]
fn a_list_names_each_of_its_sections() {
    for prose in [
        "RFC 3261 17.1.4 and 18.4: gone",
        "RFC 3261 17.1.4, 18.4",
        "RFC 3261 17.1.4/18.4",
        "RFC 3261 sections 17.1.4 and 18.4.",
        "RFC 3261 §17.1.4 and §18.4",
    ] {
        assert_eq!(read(prose), ["3261: 17.1.4 18.4"], "{prose}");
    }
    assert_eq!(read("RFC 4028 4 and 5)."), ["4028: 4 5"]);
    assert_eq!(
        read("RFC 3261 sections 8.1.3.4, 8.1.3.5, and 22."),
        ["3261: 8.1.3.4 8.1.3.5 22"]
    );
}

#[test]
fn a_list_of_standards_is_one_citation_each() {
    assert_eq!(read("RFC 3264, RFC 6337)."), ["3264: ", "6337: "]);
    assert_eq!(
        read("RFC 3261 8.1.3, 22; RFC 4028 7.4)"),
        ["3261: 8.1.3 22", "4028: 7.4"]
    );
    assert_eq!(
        read("RFC 3264 4 and RFC 6337 2.1"),
        ["3264: 4", "6337: 2.1"]
    );
    assert_eq!(
        read("RFC 3261 17.1.1 figure 5 with RFC 6026 7.2."),
        ["3261: 17.1.1", "6026: 7.2"]
    );
}

#[test]
fn a_range_names_what_lies_between() {
    assert_eq!(
        read("RFC 3261 8.2.1 to 8.2.3, in its order."),
        ["3261: 8.2.1 8.2.2 8.2.3"]
    );
    assert_eq!(read("RFC 3261 17-18."), ["3261: 17 18"]);
    assert_eq!(
        read("RFC 3261 8.1 to 9.1 and 10"),
        ["3261: 8.1 9.1 10"],
        "ends of different sections stand for themselves"
    );
    assert_eq!(read("RFC 1 1.1 to 1.999"), ["1: 1.1 1.999"]);
}

#[test]
fn appendices_are_sections_after_all_others() {
    assert_eq!(read("RFC 3550 A.8 keeps"), ["3550: A.8"]);
    assert_eq!(
        read("RFC 3550 section 6.4.1, appendices A.1, A.3 and A.8."),
        ["3550: 6.4.1 A.1 A.3 A.8"]
    );
    assert_eq!(read("RFC 3261 appendix A)."), ["3261: A"]);
    assert_eq!(read("RFC 3261 A rule of it"), ["3261: "]);
    let sorted = ["2", "10", "10.2", "10.10", "A", "A.3"];
    let sections: Vec<Section> = sorted
        .iter()
        .filter_map(|text| Section::parse(text))
        .collect();
    assert_eq!(sections.len(), sorted.len());
    assert!(sections.is_sorted());
}

#[test]
fn a_standard_without_a_section_is_cited_as_a_whole() {
    for prose in [
        "RFC 3261",
        "(RFC 3261).",
        "RFC 3261's way",
        "RFC 3261, 30 min",
        "RFC 3261: the request",
        "RFC 3261 table 4",
        "RFC 3261 with care",
        "RFC 3261 64ths",
    ] {
        assert_eq!(read(prose), ["3261: "], "{prose}");
    }
}

#[test]
fn numbers_that_name_no_section_are_left_alone() {
    assert_eq!(read("RFC 3261 13.2.1, 2 s later"), ["3261: 13.2.1"]);
    assert_eq!(read("RFC 3261 18.1.1: from 1 to 3 times"), ["3261: 18.1.1"]);
    assert_eq!(read("RFC 3264 6 wants the same"), ["3264: 6"]);
    assert_eq!(read("RFC 3264 6. 2 follow"), ["3264: 6"]);
}

#[test]
fn words_that_look_like_citations_are_none() {
    for prose in ["rfc822", "RFC", "RFC 3261bis", "an RFC 99999", "XRFC 3261"] {
        assert_eq!(read(prose), [""; 0], "{prose}");
    }
}

#[test]
fn every_piece_of_a_hard_text_reads_without_a_panic() {
    let prose = "RFC 3261 §§ 8.1, A.2 and – to RFC-70000 3/4-9 – ü RFC 3550 appendix B–";
    for (start, _) in prose.char_indices() {
        for (end, _) in prose.char_indices().filter(|(end, _)| *end >= start) {
            assert!(citations(&prose[start..end]).len() <= 3);
        }
    }
}

#[test]
fn a_section_alone_is_the_whole_text() {
    assert_eq!(
        Section::parse("17.1").map(|s| s.to_string()),
        Some("17.1".into())
    );
    for text in ["", "-", "8.", "8.1 x", ".1"] {
        assert_eq!(Section::parse(text), None, "{text}");
    }
}
