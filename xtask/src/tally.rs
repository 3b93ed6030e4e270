//! `tally`: one line for a whole `cargo test`, which by itself prints one result per test program.

use std::path::PathBuf;

use crate::outcome::{Failures, Outcome};

/// Sum up the results in the output of `cargo test`.
///
/// The last line printed is `N passed, N failed, N skipped`. Skipped are the tests marked `#[ignore]`, and what a test that ran
/// left out and said so: `skipped: sell_17 over vdir: no list of categories`. Fails when a test failed, when none ran, or when cargo
/// itself did not end with 0.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What cargo ended with.
    #[arg(long, default_value_t = 0)]
    status: i32,
    /// The kept output of `cargo test`, standard error included.
    log: PathBuf,
}

/// The sum over all test programs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Test programs (and doc-test runs) that reported.
    pub(crate) programs: u64,
    /// Tests that passed.
    pub(crate) passed: u64,
    /// Tests that failed.
    pub(crate) failed: u64,
    /// Tests marked `#[ignore]`, and what the others left out.
    pub(crate) skipped: u64,
}

impl Args {
    /// Reads the log and prints the sum.
    pub(crate) fn run(&self) -> Outcome {
        let bytes = std::fs::read(&self.log).map_err(|e| Failures::one(format!("{}: cannot be read: {e}", self.log.display())))?;
        let tally = Tally::parse(&String::from_utf8_lossy(&bytes));
        let verdict = tally.verdict(self.status);
        // Standard error first: the sum is the last line of the whole run, whatever happened.
        if let Err(line) = &verdict {
            eprintln!("error: {line}");
        }
        println!("{tally}");
        match verdict {
            Ok(()) => Ok(()),
            Err(_) => Err(Failures::default()),
        }
    }
}

impl Tally {
    /// Adds up every `test result:` line, and every line that says what a test left out.
    pub(crate) fn parse(log: &str) -> Self {
        log.lines().filter_map(|line| result_line(line).or_else(|| left_out(line))).fold(Self::default(), |sum, one| Self {
            programs: sum.programs + one.programs,
            passed: sum.passed + one.passed,
            failed: sum.failed + one.failed,
            skipped: sum.skipped + one.skipped,
        })
    }

    /// Whether the whole run is good, given what cargo ended with.
    ///
    /// # Errors
    /// One line that says why not.
    pub(crate) fn verdict(&self, status: i32) -> Result<(), String> {
        if self.failed > 0 {
            return Err(format!("{} tests failed", self.failed));
        }
        if status != 0 {
            return Err(format!("cargo test ended with {status} and no failed test: a crate does not build, or a test program died"));
        }
        if self.passed == 0 {
            return Err("no test ran".to_owned());
        }
        Ok(())
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s`, coloured or not.
fn result_line(line: &str) -> Option<Tally> {
    let plain = without_colour(line);
    let rest = plain.trim().strip_prefix("test result: ")?;
    let (_, counts) = rest.split_once(". ")?;
    let mut tally = Tally { programs: 1, ..Tally::default() };
    for part in counts.split(';') {
        let mut words = part.split_whitespace();
        let (Some(Ok(count)), Some(what)) = (words.next().map(str::parse::<u64>), words.next()) else { continue };
        match what {
            "passed" => tally.passed = count,
            "failed" => tally.failed = count,
            "ignored" => tally.skipped = count,
            _ => {}
        }
    }
    Some(tally)
}

/// `skipped: RULE over FAR SIDE: what it lacks`, which a test says past the capture of its output; behind the test's own name where
/// tests run one at a time.
fn left_out(line: &str) -> Option<Tally> {
    let plain = without_colour(line);
    let plain = plain.trim();
    let said = plain.strip_prefix("test ").and_then(|rest| rest.split_once(" ... ")).map_or(plain, |(_, said)| said);
    let (what, lacks) = said.strip_prefix("skipped: ")?.split_once(": ")?;
    (what.contains(" over ") && !lacks.is_empty()).then(|| Tally { skipped: 1, ..Tally::default() })
}

/// The line without the escape sequences that colour it.
fn without_colour(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(char) = chars.next() {
        if char == '\u{1b}' {
            // `ESC [ … letter`
            let _ = chars.by_ref().skip(1).find(char::is_ascii_alphabetic);
        } else {
            plain.push(char);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
     Running unittests src/lib.rs (target/debug/deps/pimkit_core-0123)

running 3 tests
test a ... ok
test b ... ignored, needs a server
test c ... ok

test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s

     Running tests/contract.rs (target/debug/deps/contract-4567)
test result: \u{1b}[31mFAILED\u{1b}[0m. 5 passed; 2 failed; 0 ignored; 0 measured; 3 filtered out; finished in 1.20s
   Doc-tests pimkit_core
test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
note: test result: ok. 100 passed; in the middle of a line does not count
";

    #[test]
    fn every_program_is_added_up() {
        let tally = Tally::parse(LOG);
        assert_eq!(tally, Tally { programs: 3, passed: 7, failed: 2, skipped: 1 });
        assert_eq!(tally.to_string(), "7 passed, 2 failed, 1 skipped");
    }

    #[test]
    fn what_a_test_left_out_is_a_skip_and_talk_of_skips_is_none() {
        let said = "skipped: sell_17 over vdir: no list of categories";
        let one = Tally { skipped: 1, ..Tally::default() };
        for line in [said.to_owned(), format!("test sell_17_a_name_comes_back ... {said}"), format!("\u{1b}[33m{said}\u{1b}[0m")] {
            assert_eq!(Tally::parse(&line), one, "{line}");
        }
        for line in
            ["skipped: nothing", "4 skipped: sell_17 over vdir: no list", "skipped: sell_17 over vdir", "skip contacts::trash: none"]
        {
            assert_eq!(Tally::parse(line), Tally::default(), "{line}");
        }
        let tally = Tally::parse(&format!("{LOG}{said}\n{said}\n"));
        assert_eq!((tally.programs, tally.to_string()), (3, "7 passed, 2 failed, 3 skipped".to_owned()));
    }

    #[test]
    fn only_a_run_that_ran_and_ended_well_is_good() {
        let tally = |passed, failed| Tally { programs: 1, passed, failed, skipped: 0 };
        assert_eq!(tally(3, 0).verdict(0), Ok(()));
        assert_eq!(tally(3, 1).verdict(101), Err("1 tests failed".to_owned()));
        assert_eq!(tally(3, 1).verdict(0), Err("1 tests failed".to_owned()));
        assert!(tally(3, 0).verdict(101).unwrap_err().starts_with("cargo test ended with 101"));
        assert_eq!(tally(0, 0).verdict(0), Err("no test ran".to_owned()));
    }
}
