//! Replays the inputs of the fuzz target `config`: each is a configuration, or refused with
//! sentences that name a line.

use std::fs;
use std::path::Path;

use plenum::config::Config;

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/config");

#[test]
fn the_corpus_is_taken_or_refused_with_sentences() {
    let (mut taken, mut refused) = (0, 0);
    for entry in fs::read_dir(Path::new(CORPUS)).expect("the corpus is part of the repository") {
        let path = entry.expect("a file").path();
        let bytes = fs::read(&path).expect("readable");
        let text = String::from_utf8_lossy(&bytes);
        match Config::parse(&text) {
            Ok(_) => taken += 1,
            Err(error) => {
                refused += 1;
                assert!(!error.problems().is_empty(), "{path:?}");
                let lines = text.lines().count() + 1;
                let named = |line: usize| line <= lines;
                assert!(
                    error.problems().iter().all(|problem| named(problem.line)),
                    "{path:?}"
                );
            }
        }
    }
    assert!(
        taken >= 5 && refused >= 15,
        "{taken} taken, {refused} refused"
    );
}
