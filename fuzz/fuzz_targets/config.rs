//! Any text is a configuration or refused with sentences that each name a line within it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plenum::config::Config;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    if let Err(error) = Config::parse(&text) {
        assert!(!error.problems().is_empty());
        for problem in error.problems() {
            assert!(problem.line <= text.lines().count() + 1);
            assert!(!problem.message.is_empty());
        }
    }
});
