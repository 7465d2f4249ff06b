use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> Dialplan {
    Dialplan::parse(text).unwrap_or_else(|errors| panic!("{errors}"))
}

fn errors(text: &str) -> Vec<String> {
    let errors = Dialplan::parse(text).expect_err("the text is wrong").errors;
    errors.iter().map(ToString::to_string).collect()
}

/// Which line answers when a number is dialled.
fn line(dialplan: &Dialplan, extension: &str, priority: u32) -> Option<u32> {
    dialplan
        .step("default", extension, priority, "")
        .map(|step| step.line)
}

#[test]
fn an_extension_runs_from_priority_to_priority() {
    let dialplan = parse(
        "[default]\n\
         exten => 100,1,Answer()\n\
         same => n(again),Playback(hello&world)\n\
         same => n+5,Hangup ; bye\n\
         exten => 100,20,NoOp(a;-- not read --;b)\n",
    );
    let step = |priority| dialplan.step("default", "100", priority, "").unwrap();
    assert_eq!(step(1).application, App::Answer);
    assert_eq!(&*step(2).arguments, "hello&world");
    assert_eq!(step(7).application, App::Hangup);
    assert_eq!(&*step(20).arguments, "ab");
    assert_eq!(dialplan.label("default", "100", "again", ""), Some(2));
    assert!(dialplan.warnings().is_empty());
}

#[test]
fn the_most_specific_pattern_wins() {
    let dialplan = parse(
        "[default]\n\
         exten => _.,1,NoOp\n\
         exten => _X.,1,NoOp\n\
         exten => _XXXX,1,NoOp\n\
         exten => _NXXX,1,NoOp\n\
         exten => _[45]XXX,1,NoOp\n\
         exten => _47!,1,NoOp\n\
         exten => _47X,1,NoOp\n\
         exten => 4711,1,NoOp\n\
         exten => _X-X,1,NoOp\n",
    );
    let line = |extension| line(&dialplan, extension, 1);
    assert_eq!(line("4711"), Some(9));
    assert_eq!(
        line("4712"),
        Some(7),
        "a first 4 is more specific than [45]"
    );
    assert_eq!(line("471"), Some(8));
    assert_eq!(line("47"), Some(7));
    assert_eq!(line("4811"), Some(6));
    assert_eq!(line("2811"), Some(5));
    assert_eq!(line("1811"), Some(4));
    assert_eq!(
        line("18"),
        Some(10),
        "dashes in a pattern only make it readable"
    );
    assert_eq!(line("18111"), Some(3));
    assert_eq!(line("alice"), Some(2));
    assert_eq!(line(""), None);
    assert_eq!(line("h"), None, "occasions are not matched by patterns");
}

#[test]
fn a_priority_that_the_best_match_lacks_comes_from_the_next() {
    let dialplan =
        parse("[default]\nexten => 100,1,NoOp\nexten => _1XX,1,NoOp\nexten => _1XX,2,Hangup\n");
    assert_eq!(line(&dialplan, "100", 1), Some(2));
    assert_eq!(line(&dialplan, "100", 2), Some(4));
}

#[test]
fn own_extensions_go_before_included_ones() {
    let dialplan = parse(
        "[default]\ninclude => more\ninclude => missing\nexten => _X.,1,NoOp\n\
         [more]\ninclude => default\nexten => 100,1,NoOp\nexten => abc,1,NoOp\n",
    );
    assert_eq!(
        line(&dialplan, "100", 1),
        Some(4),
        "even though the included one is written out"
    );
    assert_eq!(line(&dialplan, "abc", 1), Some(8));
    assert_eq!(
        line(&dialplan, "none", 1),
        None,
        "a circle of includes ends"
    );
    let warnings: Vec<_> = dialplan
        .warnings()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(warnings.len(), 1);
    assert!(
        warnings[0].contains("\"missing\", which is no context"),
        "{warnings:?}"
    );
}

#[test]
fn templates_pass_on_their_lines() {
    let dialplan = parse(
        "[base](!)\nexten => 1,1,NoOp(base)\n[default](base)\nexten => 2,1,NoOp(own)\n\
         [default](+)\nexten => 3,1,NoOp(more)\n",
    );
    assert!(
        ["1", "2", "3"]
            .iter()
            .all(|extension| dialplan.has("default", extension))
    );
    assert_eq!(dialplan.contexts().collect::<Vec<_>>(), ["default"]);
}

#[test]
fn a_caller_may_have_an_extension_of_its_own() {
    let dialplan = parse(
        "[default]\nexten => 4711,1,NoOp(all)\nexten => 4711/100,1,NoOp(one)\n\
         exten => 4711/_2XX,1,NoOp(some)\n",
    );
    let arguments = |caller| {
        dialplan
            .step("default", "4711", 1, caller)
            .unwrap()
            .arguments
            .to_string()
    };
    assert_eq!(arguments("100"), "one");
    assert_eq!(arguments("234"), "some");
    assert_eq!(arguments(""), "all");
}

#[test]
fn every_error_is_told_with_its_place_and_its_fix() {
    let told = errors(
        "exten => 1,1,NoOp\n\
         [default]\n\
         exten => 1,1,ConfBrige(1)\n\
         same => n,Playback(x\n\
         same => n,Goto(a,b,c,d)\n\
         same => n,NoOp(${LENN(x)})\n\
         same => n,NoOp($[1 =~ 2])\n\
         same => n,NoOp(${x)\n\
         exten => _12.3,1,NoOp\n\
         exten => 2,n,NoOp\n\
         exten => 2,one,NoOp\n\
         exetn => 2,1,NoOp\n\
         #include \"other.conf\"\n\
         same\n\
         [x](nope)\n",
    );
    assert_eq!(
        told,
        [
            "line 1, column 1: this line belongs to no context; write [name] above it",
            "line 3, column 14: there is no application \"ConfBrige\"; did you mean \
             \"ConfBridge\"?",
            "line 4, column 19: the arguments of Playback have no end; close them with )",
            "line 5, column 11: Goto is written Goto([[context,]extension,]priority or label)",
            "line 6, column 16: there is no function \"LENN\"; did you mean \"LEN\"?",
            "line 7, column 16: =~ needs regular expressions, which are not available; compare \
             with = instead",
            "line 8, column 16: this ${ has no end; close it with }",
            "line 9, column 10: \"_12.3\" is no pattern; . and ! stand for all that is left, so \
             nothing may follow them",
            "line 10, column 12: \"n\" counts on from the step before; begin the extension with 1",
            "line 11, column 12: \"one\" is no priority; write a number from 1, n, n+2 or s, then \
             (label)",
            "line 12, column 1: a context takes exten, same and include, not \"exetn\"; did you \
             mean \"exten\"?",
            "line 13, column 1: #include is not read; put all contexts into one file",
            "line 14, column 1: this is no statement; write name => value, or ; before a comment",
            "line 15, column 1: no context \"nope\" above this line to take over",
        ]
    );
}

#[test]
fn a_target_that_leads_nowhere_is_a_warning() {
    let dialplan = parse(
        "[default]\nexten => 1,1,Goto(2,1)\nexten => 1,2,GotoIf($[1]?end:1)\n\
         exten => 1,3,Goto(room,1,1)\nexten => 1,1,NoOp\n[rooms]\nexten => 1,1,NoOp\n",
    );
    let warnings: Vec<_> = dialplan
        .warnings()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        warnings,
        [
            "line 2: no extension \"2\" in context \"default\"; nearest: 1",
            "line 3: extension \"1\" of \"default\" has no priority end",
            "line 4: no context \"room\"; nearest: rooms",
            "line 5: priority 1 is taken by line 2, which stays",
        ]
    );
}

#[test]
fn hostile_texts_cost_no_more_than_their_length() {
    let deep = format!("[a]\nexten => 1,1,NoOp({})\n", "${".repeat(3_000));
    assert!(Dialplan::parse(&deep).is_err());
    let comments = ";--".repeat(100_000);
    assert!(Dialplan::parse(&comments).is_err());
    let mut doubling = String::from("[a0](!)\nexten => 1,1,NoOp\n");
    for n in 0..60 {
        doubling += &format!("[a{}](a{n},a{n})\n", n + 1);
    }
    assert!(errors(&doubling)[0].contains("at most 100000 steps"));
    let reopened = "[a]\nexten => 1,1,NoOp\n".repeat(20_000);
    assert!(Dialplan::parse(&reopened).is_ok());
    let lost: String = (0..20_000)
        .map(|n| format!("exten => _{n}X,1,Goto(x,1)\n"))
        .collect();
    assert!(Dialplan::parse(&format!("[a]\n{lost}")).is_ok());
    let misspelt: String = (0..20_000).map(|n| format!("[a{n}](b)\n")).collect();
    assert!(Dialplan::parse(&misspelt).unwrap_err().more > 0);
}

#[test]
fn more_digits_are_wanted_while_they_could_lead_somewhere() {
    let dialplan = parse(
        "[default]\nexten => 100,1,NoOp\nexten => _2XX,1,NoOp\n\
         exten => _3.,1,NoOp\n",
    );
    let more = |digits| dialplan.wants_more("default", digits);
    assert!(more("") && more("10") && more("2") && more("22") && more("3") && more("345"));
    assert!(!more("100") && !more("222") && !more("4") && !more("11"));
}

/// Matches by trying, place by place, with nothing clever.
fn naive(pattern: &str, text: &str) -> bool {
    let Some(c) = pattern.chars().next() else {
        return text.is_empty();
    };
    let rest = &pattern[c.len_utf8()..];
    let set: String = match c {
        '!' => return true,
        '.' => return !text.is_empty(),
        'X' => "0123456789".into(),
        'Z' => "123456789".into(),
        'N' => "23456789".into(),
        '[' => {
            let (inside, rest) = rest.split_once(']').unwrap();
            let from = inside.as_bytes()[0];
            let to = *inside.as_bytes().last().unwrap();
            return text
                .bytes()
                .next()
                .is_some_and(|b| (from..=to).contains(&b))
                && naive(rest, &text[1..]);
        }
        c => c.into(),
    };
    text.chars().next().is_some_and(|first| set.contains(first)) && naive(rest, &text[1..])
}

fn pattern() -> impl Strategy<Value = String> {
    let place = prop_oneof![
        Just("X".to_string()),
        Just("Z".to_string()),
        Just("N".to_string()),
        "[0-9*#]",
        "[0-4]".prop_map(|from| format!("[{from}-7]")),
    ];
    let tail = prop_oneof![Just(""), Just("."), Just("!")];
    (prop::collection::vec(place, 1..5), tail)
        .prop_map(|(places, tail)| format!("{}{tail}", places.concat()))
}

proptest! {
    #[test]
    fn patterns_match_as_the_naive_model_does(
        patterns in prop::collection::vec(pattern(), 1..6),
        number in "[0-9*#]{1,6}",
    ) {
        let line = |pattern: &String| format!("exten => _{pattern},1,NoOp({pattern})\n");
        let lines: String = patterns.iter().map(line).collect();
        let dialplan = parse(&format!("[default]\n{lines}"));
        let found = dialplan.step("default", &number, 1, "").map(|step| step.arguments.to_string());
        let any = patterns.iter().any(|pattern| naive(pattern, &number));
        prop_assert_eq!(found.is_some(), any);
        if let Some(found) = found {
            prop_assert!(naive(&found, &number));
        }
        // A number whose beginning leads on is never said to lead nowhere.
        if any && number.len() > 1 {
            prop_assert!(dialplan.wants_more("default", &number[..number.len() - 1]));
        }
    }

    #[test]
    fn any_text_is_read_or_refused_with_sentences(
        pieces in prop::collection::vec(prop_oneof![
            Just("[a]\n"), Just("[b](a)\n"), Just("exten => "), Just("same => n,"), Just("1,1,"),
            Just("_X.,n(l),"), Just("NoOp("), Just(")\n"), Just("${"), Just("}"), Just("$["),
            Just("]"), Just(";--"), Just("--;"), Just("\\;"), Just("\n"), Just("include => a\n"),
            Just("Goto(a,b)"), Just("é"), Just("\""), Just("[globals]\n"), Just("x=1\n"),
        ], 0..40),
        noise in ".{0,40}",
    ) {
        let text = pieces.concat() + &noise;
        match Dialplan::parse(&text) {
            Ok(dialplan) => prop_assert!(dialplan.contexts().count() <= text.len()),
            Err(errors) => {
                prop_assert!(!errors.errors.is_empty());
                let lines = u32::try_from(text.lines().count()).unwrap();
                prop_assert!(errors.errors.iter().all(|error| error.line <= lines.max(1)));
            }
        }
    }
}
