use super::*;

/// Citations of a file as `number sections -> role`.
fn scanned(path: &str, source: &str) -> Vec<String> {
    let shown = |found: &Evidence| {
        let sections = found.citation.sections.iter().map(ToString::to_string);
        let sections: Vec<String> = sections.collect();
        let role = match &found.role {
            Role::Implemented => "implemented".to_owned(),
            Role::Test(name) => name.clone(),
            Role::Tests => "tests".to_owned(),
        };
        format!("{} {} -> {role}", found.citation.rfc, sections.join(" "))
    };
    let found = evidence(Path::new(path), source);
    found.iter().map(shown).collect()
}

fn code(source: &str) -> Vec<String> {
    scanned("crates/a/src/lib.rs", source)
}

#[test]
fn comments_and_texts_of_code_say_what_is_implemented() {
    for source in [
        "// RFC 3261 8.1\nfn a() {}\n",
        "/// # Standard\n///\n/// RFC 3261 8.1.\nfn a() {}\n",
        "//! RFC 3261 8.1\n",
        "fn a() {} // RFC 3261 8.1\n",
        "/* RFC 3261 8.1 */ fn a() {}\n",
        "const A: &str = \"see RFC 3261 8.1\";\n",
        "const A: &str = r#\"see RFC 3261 8.1\"#;\n",
        "/// Text: RFC 3261 8.1.\n#[cfg(not(test))]\nfn a() {}\n",
        "#[cfg_attr(test, derive(Debug))]\n/// RFC 3261 8.1.\nstruct A;\n",
    ] {
        assert_eq!(code(source), ["3261 8.1 -> implemented"], "{source}");
    }
    assert_eq!(code("fn rfc_3261() { RFC(3261) }\n"), [""; 0]);
}

#[test]
fn a_citation_goes_on_in_the_next_line_of_its_comment() {
    for source in [
        "// as said in RFC\n// 3261 8.1 and\n// 8.2 at length\n",
        "    /// (RFC 3261\n    /// sections 8.1,\n    /// 8.2).\n    fn a() {}\n",
        "/* RFC 3261\n * 8.1 and\n * 8.2 */\n",
        "/** RFC 3261\n 8.1 and\n 8.2 */\n",
        "const A: &str = \"RFC 3261 \\\n    8.1 and \\\n    8.2\";\n",
    ] {
        assert_eq!(code(source), ["3261 8.1 8.2 -> implemented"], "{source}");
    }
}

#[test]
fn a_citation_ends_with_its_paragraph_or_comment() {
    for source in [
        "// RFC 3261\n//\n// 8 is a number\n",
        "// RFC 3261\n\n// 8 is a number\n",
        "/// RFC 3261\n// 8 is a number\n",
        "f(); // RFC 3261\ng(); // 8 times\n",
    ] {
        assert_eq!(code(source), ["3261  -> implemented"], "{source}");
    }
}

#[test]
fn what_is_deliberately_absent_is_not_implemented() {
    let heading = "//! # Deliberately absent\n//!\n//! RFC 3261 16.\n//!\n//! RFC 3261 17.\n//!\n\
                   //! # Standard\n//!\n//! RFC 3261 8.\n";
    assert_eq!(code(heading), ["3261 8 -> implemented"]);
    let paragraph = "//! Deliberately absent: proxies\n//! (RFC 3261 16).\n//!\n//! RFC 3261 8.\n";
    assert_eq!(code(paragraph), ["3261 8 -> implemented"]);
    assert_eq!(
        code("// RFC 3261 8: the absent header\n"),
        ["3261 8 -> implemented"]
    );
}

#[test]
fn a_citation_in_or_above_a_test_is_of_that_test() {
    for source in [
        "/// RFC 3261 8.1.\n#[test]\nfn story() {}\n",
        "// RFC 3261 8.1\n#[test]\nfn story() {}\n",
        "#[test]\n/// RFC 3261 8.1.\nfn story() {}\n",
        "#[test]\n#[should_panic]\nfn story() {\n    // RFC 3261 8.1\n    f();\n}\n",
        "#[test]\nfn story() { assert!(a, \"RFC 3261 8.1\"); }\n",
        "#[tokio::test(start_paused = true)]\nasync fn story() { /* RFC 3261 8.1 */ }\n",
        "proptest! {\n    /// RFC 3261 8.1.\n    #[test]\n    fn story(a in 0..9) {}\n}\n",
        "#[cfg(test)]\nmod tests {\n    /// RFC 3261 8.1.\n    #[test]\n    fn story() {}\n}\n",
        "#[expect(dead_code)]\n#[test]\nfn story<const N: usize>() -> A<{ 1 }> { \"RFC 3261 8.1\" }\n",
    ] {
        assert_eq!(code(source), ["3261 8.1 -> story"], "{source}");
    }
}

#[test]
fn the_rest_of_a_file_is_not_of_its_tests() {
    let source = "/// RFC 3261 8.\nfn a() {}\n#[cfg(test)]\nmod tests;\n// RFC 3261 9\n\n\
                  #[test]\nfn story() {}\n\n/// RFC 3261 10.\nfn b() {}\n";
    assert_eq!(
        code(source),
        [
            "3261 8 -> implemented",
            "3261 9 -> implemented",
            "3261 10 -> implemented"
        ]
    );
    let pointer = "#[cfg(test)]\nconst A: fn(u8) = f;\n#[test]\nfn a() {}\n// RFC 3261 8\n";
    assert_eq!(code(pointer), ["3261 8 -> implemented"]);
}

#[test]
fn what_tests_share_counts_for_their_file() {
    let module = "//! RFC 3261 8.1.\n\nuse a::b;\n\n#[test]\nfn story() {}\n";
    for path in [
        "crates/a/tests/suite/calls.rs",
        "crates/a/src/call/tests.rs",
    ] {
        assert_eq!(scanned(path, module), ["3261 8.1 -> tests"], "{path}");
    }
    let inline = "#[cfg(test)]\nmod tests {\n    // RFC 3261 8.1\n    fn helper() {}\n    \
                  #[test]\n    fn story() {}\n}\n";
    assert_eq!(code(inline), ["3261 8.1 -> tests"]);
}

#[test]
fn helpers_of_tests_prove_nothing_by_themselves() {
    let helpers = "//! RFC 3261 8.1.\npub fn phone() {}\n";
    assert_eq!(scanned("crates/a/tests/suite/world.rs", helpers), [""; 0]);
}

#[test]
fn examples_and_the_virtual_world_are_neither_code_nor_tests() {
    for path in [
        "crates/a/src/lib.rs",
        "crates/a/tests/b.rs",
        "crates/sim/tests/b.rs",
    ] {
        assert!(is_scanned(Path::new(path)), "{path}");
    }
    for path in [
        "crates/a/examples/b.rs",
        "crates/sim/src/phone.rs",
        "crates/a/README.md",
        "xtask/src/rfc.rs",
    ] {
        assert!(!is_scanned(Path::new(path)), "{path}");
    }
}

#[test]
fn every_prefix_of_a_hard_file_is_scanned_without_a_panic() {
    let source = "//! RFC 1 1\n#![cfg(test)]\n#[cfg(test)] mod a { #[test] fn b() { \"RFC 2 ü\" } }\n\
                  /* RFC 3 \n * 4 */ #[tokio::test(a = [1])] async fn c() -> A<{ N }> {} #[x] ";
    for (end, _) in source.char_indices() {
        assert!(scanned("crates/a/src/tests.rs", &source[..end]).len() <= 3);
    }
}
