use super::*;

fn found(source: &str) -> Vec<String> {
    check(Path::new("x.rs"), source)
        .iter()
        .map(ToString::to_string)
        .collect()
}

/// A function that is `lines` long from `fn` to its closing brace.
fn function(header: &str, lines: usize) -> String {
    format!("{header} {{\n{}}}\n", "    step();\n".repeat(lines - 2))
}

#[test]
fn a_function_of_seventy_lines_passes_and_of_seventy_one_fails() {
    assert_eq!(found(&function("fn long()", 70)), Vec::<String>::new());
    assert_eq!(
        found(&function("fn long()", 71)),
        ["x.rs:1: function `long` has 71 lines and may have 70: give a part of it a name"]
    );
}

#[test]
fn long_functions_are_found_wherever_they_stand() {
    let method = format!(
        "impl A {{\n{}}}\n",
        function("pub(crate) async fn run(&self)", 71)
    );
    let inside_macro = format!("proptest! {{\n{}}}\n", function("fn law(x in 0..9)", 71));
    let nested = format!(
        "fn outer() {{ {} }}",
        function("fn inner()", 69).replace('\n', "\n\n")
    );
    for source in [method, inside_macro, nested] {
        assert!(!found(&source).is_empty(), "{source}");
    }
}

#[test]
fn hard_signatures_lead_to_the_right_body() {
    for header in [
        "fn f() -> A<{ N }>",
        "fn f<F>(f: F) -> [u8; { 3 }] where F: Fn(u8) -> Vec<Vec<u8>>",
        "fn f(text: &str /* { */) -> impl Iterator<Item = fn() -> u8>",
    ] {
        assert_eq!(
            found(&function(header, 70)),
            Vec::<String>::new(),
            "{header}"
        );
        assert_eq!(found(&function(header, 71)).len(), 1, "{header}");
    }
}

#[test]
fn declarations_and_function_pointers_have_no_body() {
    let declaration = format!(
        "trait A {{ fn f(&self); }}\nmod m {{\n{}}}\n",
        "\n".repeat(90)
    );
    let pointer = format!("struct A {{ f: fn(u8) -> u8,\n{}}}\n", "\n".repeat(90));
    assert_eq!(found(&declaration), Vec::<String>::new());
    assert_eq!(found(&pointer), Vec::<String>::new());
}

#[test]
fn braces_in_texts_and_comments_do_not_end_a_function() {
    let mut source = String::from("fn long() {\n    let a = \"}\"; // }\n    let b = '}';\n");
    source.push_str(&"    step();\n".repeat(67));
    source.push_str("}\n");
    assert_eq!(found(&source).len(), 1);
}

#[test]
fn a_file_of_eight_hundred_lines_passes_and_one_more_fails() {
    assert_eq!(found(&"// line\n".repeat(800)), Vec::<String>::new());
    assert_eq!(
        found(&"// line\n".repeat(801)),
        ["x.rs: has 801 lines and may have 800: split it by concern"]
    );
}

#[test]
fn the_hundred_and_first_column_is_one_too_many() {
    assert_eq!(
        found(&format!("//{}\n", "ä".repeat(98))),
        Vec::<String>::new()
    );
    assert_eq!(
        found(&format!("\n//{}\n", "ä".repeat(99))),
        ["x.rs:2: has 101 columns and may have 100"]
    );
}

#[test]
fn long_texts_and_addresses_may_be_wide() {
    assert_eq!(
        found(&format!("const A: &str = \"{}\";\n", "a".repeat(100))),
        Vec::<String>::new()
    );
    assert_eq!(
        found(&format!("// https://a.example/{}\n", "a".repeat(99))),
        Vec::<String>::new()
    );
    // A short text on a wide line excuses nothing.
    assert_eq!(found(&format!("f(\"a\", {});\n", "a".repeat(100))).len(), 1);
}

#[test]
fn ignored_tests_are_refused_in_each_spelling() {
    for attribute in [
        "#[ignore]",
        "#[ignore = \"slow\"]",
        "#[cfg_attr(miri, ignore)]",
    ] {
        let source = format!("#[test]\n{attribute}\nfn a() {{}}\n");
        let sentence = "x.rs:2: an ignored test proves nothing: make it run or remove it";
        assert_eq!(found(&source), [sentence], "{attribute}");
    }
    assert_eq!(
        found("fn ignore() {}\n// #[ignore]\n"),
        Vec::<String>::new()
    );
}

#[test]
fn ignored_examples_are_refused() {
    let sentence = "x.rs:1: an ignored example is not even compiled: use `no_run` or `text`";
    assert_eq!(found("/// ```ignore\n/// f();\n/// ```\n"), [sentence]);
    assert_eq!(found("//! ```rust,ignore\n"), [sentence]);
    assert_eq!(found("/// ```no_run\n"), Vec::<String>::new());
}

#[test]
fn unfinished_code_is_refused_and_its_name_in_a_text_is_not() {
    let sentence = "x.rs:1: unfinished code panics on a user: finish it or return an error";
    assert_eq!(found(concat!("fn f() { to", "do!() }\n")), [sentence]);
    assert_eq!(
        found(concat!("fn f() { unimplemen", "ted!(\"later\") }\n")),
        [sentence]
    );
    assert_eq!(found("fn f() { log(\"todo!\") }\n"), Vec::<String>::new());
}

#[test]
fn a_crate_without_a_top_doc_is_refused() {
    assert!(crate_doc(Path::new("lib.rs"), "#![no_std]\n").is_some());
    assert!(crate_doc(Path::new("lib.rs"), "//! What it is.\n#![no_std]\n").is_none());
}
