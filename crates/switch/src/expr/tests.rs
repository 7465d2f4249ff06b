use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;

/// A handful of variables, and a function that repeats its arguments.
struct Table(BTreeMap<&'static str, &'static str>);

impl Scope for Table {
    fn variable(&self, name: &str) -> String {
        self.0.get(name).copied().unwrap_or_default().into()
    }

    fn function(&self, name: &str, arguments: &str) -> Result<String, String> {
        match name {
            "LEN" => Ok(alloc::format!("{}", arguments.chars().count())),
            _ => Err(alloc::format!("no function {name}")),
        }
    }
}

fn table() -> Table {
    Table(BTreeMap::from([
        ("A", "hello"),
        ("N", "7"),
        ("NAME", "A"),
        ("EXTEN", "0049301234"),
        ("EVIL", "x\" | \"1"),
        ("CODE", "${A}"),
    ]))
}

fn expand(text: &str) -> String {
    substitute(text, &table()).text
}

fn warnings(text: &str) -> Vec<String> {
    substitute(text, &table()).warnings
}

#[test]
fn a_line_with_a_thousand_mistakes_tells_a_few() {
    assert_eq!(warnings(&"$[1+]".repeat(1000)).len(), 16);
}

#[test]
fn a_line_that_reads_too_much_is_cut() {
    let line = "${IF(1?)}${A}".repeat(50_000);
    let expansion = substitute(&line, &table());
    assert!(expansion.text.len() < 8192);
    assert!(
        expansion.warnings[0].contains("512 KiB"),
        "{:?}",
        expansion.warnings
    );
}

#[test]
fn variables_are_replaced_and_cut() {
    assert_eq!(expand("-${A}-${NONE}-"), "-hello--");
    assert_eq!(expand("${EXTEN:4}"), "301234");
    assert_eq!(expand("${EXTEN:-3}"), "234");
    assert_eq!(expand("${EXTEN:2:2}"), "49");
    assert_eq!(expand("${EXTEN:2:-4}"), "4930");
    assert_eq!(expand("${EXTEN:-4:2}"), "12");
    assert_eq!(expand("${EXTEN:99}"), "");
    assert_eq!(expand("${A::2}"), "he");
    assert_eq!(expand("${${NAME}}"), "hello");
    assert_eq!(expand("${LEN(${A}x)}"), "6");
    assert_eq!(expand("${LEN(abc):0:1}"), "3");
    assert_eq!(expand("a$b \\${A} $"), "a$b ${A} $");
    assert_eq!(
        expand("${CODE}"),
        "${A}",
        "what a variable holds is not read again"
    );
}

#[test]
fn expressions_count_compare_and_choose() {
    for (text, value) in [
        ("$[1 + 2 * 3]", "7"),
        ("$[(1 + 2) * 3]", "9"),
        ("$[10 / 3]", "3"),
        ("$[10 % 3 - -1]", "2"),
        ("$[${N} > 10]", "0"),
        ("$[${N} < 10]", "1"),
        ("$[\"9\" < \"10\"]", "0"),
        ("$[abc = abc]", "1"),
        ("$[\"a b\" = \"a b\"]", "1"),
        ("$[\"${NONE}\" = \"\"]", "1"),
        ("$[1 & 0 | 5]", "5"),
        ("$[!0]", "1"),
        ("$[!${A}]", "0"),
        ("$[1 = 1 ? yes :: no]", "yes"),
        ("$[0 ? yes :: 0 ? a :: b]", "b"),
        ("$[\"a\" ~~ b]", "ab"),
        ("$[2 >= 2 & 3 != 4 & 1 <= 2]", "1"),
        ("x$[1+1]y", "x2y"),
    ] {
        assert_eq!(expand(text), value, "{text}");
    }
}

#[test]
fn what_does_not_work_is_empty_and_told() {
    assert_eq!(expand("[$[ = 1]]"), "[]");
    assert!(warnings("$[${NONE} = 1]")[0].contains("put quotes around a variable"));
    assert!(warnings("$[1 / 0]")[0].contains("divided by zero"));
    assert!(warnings("$[9223372036854775807 + 1]")[0].contains("too large"));
    assert!(warnings("$[a b]")[0].contains("side by side"));
    assert!(warnings("$[(1]")[0].contains("has no )"));
    assert!(warnings("${NONE(1)}")[0].contains("no function NONE"));
    assert!(warnings("${A:x}")[0].contains("no offset"));
    assert_eq!(expand("$[abc + 1]"), "1");
    assert!(warnings("$[abc + 1]")[0].contains("no whole number"));
}

#[test]
fn a_value_in_quotes_cannot_become_an_operator() {
    assert_eq!(expand("$[\"${EVIL}\" = \"y\"]"), "0");
}

#[test]
fn arguments_split_at_commas_only_outside() {
    let split = |text| {
        arguments(text)
            .iter()
            .map(|part| String::from(&**part))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        split("a,b(c,d),\"e,f\",g\\,h"),
        ["a", "b(c,d)", "e,f", "g,h"]
    );
    assert_eq!(split(""), [""]);
}

#[test]
fn a_check_finds_the_place() {
    assert_eq!(check("abc ${x} $[1 ? 2 :: 3]"), Ok(()));
    assert_eq!(check("ab${").unwrap_err().0, 2);
    assert_eq!(
        check("ab${LEN(${}) }").unwrap_err(),
        (8, SyntaxError::NoName)
    );
    assert_eq!(
        check("$[a : b]").unwrap_err().1,
        SyntaxError::Regex { operator: ":" }
    );
    assert_eq!(check("$[\"a:b\" = ${x:1}]"), Ok(()));
    let deep = "${".repeat(40) + &"}".repeat(40);
    assert!(check(&deep).is_err());
}

proptest! {
    #[test]
    fn any_text_is_expanded_within_its_bounds(
        pieces in prop::collection::vec(prop_oneof![
            Just("${"), Just("}"), Just("$["), Just("]"), Just("A"), Just("N"), Just(":"),
            Just("-"), Just("1"), Just("\""), Just("("), Just(")"), Just("?"), Just("::"),
            Just("="), Just("<"), Just("!"), Just("*"), Just("\\"), Just("$"), Just("é"),
            Just(" "), Just("LEN("), Just("%"),
        ], 0..60),
    ) {
        let text = pieces.concat();
        let expanded = expand(&text);
        prop_assert!(expanded.len() <= crate::config::VALUE_BYTES_MAX);
        if check(&text).is_ok() {
            prop_assert!(!warnings(&text).iter().any(|why| why.contains("has no end; close")));
        }
    }

    #[test]
    fn numbers_calculate_as_the_machine_does(a in -1000_i64..1000, b in -1000_i64..1000) {
        prop_assert_eq!(expand(&alloc::format!("$[{a} + {b}]")), alloc::format!("{}", a + b));
        prop_assert_eq!(expand(&alloc::format!("$[{a} * {b}]")), alloc::format!("{}", a * b));
        let less = if a < b { "1" } else { "0" };
        prop_assert_eq!(expand(&alloc::format!("$[{a} < {b}]")), less);
    }
}
