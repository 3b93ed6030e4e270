//! Fault plans from files.

use crate::failure::{Failure, Result};
use pimkit_simulators::FaultPlan;
use std::path::Path;

/// The plan of a file: JSON when its name says so, else TOML.
///
/// # Errors
/// A usage failure with the file and, where it is known, the line.
pub(crate) fn plan(file: &Path) -> Result<FaultPlan> {
    let text = std::fs::read_to_string(file)
        .map_err(|e| Failure::usage(format!("{}: the fault plan cannot be read: {e}; name a file with --faults FILE", file.display())))?;
    let is_json = file.extension().is_some_and(|e| e.eq_ignore_ascii_case("json"));
    let plan = if is_json { FaultPlan::from_json(&text) } else { FaultPlan::from_toml(&text) };
    plan.map_err(|e| {
        let told = e.to_string();
        let place = line(&told).map_or_else(|| file.display().to_string(), |line| format!("{}:{line}", file.display()));
        Failure::usage(format!("{place}: this is no fault plan: {}; correct it", reason(&told)))
    })
}

/// The number of the line that a reader of TOML or JSON speaks of.
fn line(told: &str) -> Option<usize> {
    let (_, rest) = told.split_once(" line ")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// What is wrong, without the picture of the line that TOML's reader draws.
fn reason(told: &str) -> String {
    let told = told.strip_prefix("the fault plan cannot be read: ").unwrap_or(told);
    let is_picture = |l: &str| {
        l.starts_with("TOML parse error") || l.split_once('|').is_some_and(|(n, _)| n.trim().parse::<u64>().is_ok() || n.trim().is_empty())
    };
    let lines: Vec<&str> = told.lines().map(str::trim).filter(|l| !l.is_empty() && !is_picture(l)).collect();
    lines.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(name: &str, text: &str) -> String {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(name);
        std::fs::write(&file, text).unwrap();
        plan(&file).unwrap_err().to_string().replace(&format!("{}", dir.path().display()), "")
    }

    #[test]
    fn a_plan_is_read_in_both_forms() {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("p.toml", "seed = 3\n[[rules]]\nmethod = \"PUT\"\nnth = 2\ndo = \"status\"\ncode = 503\n"),
            ("p.json", "{\"seed\":3,\"rules\":[{\"method\":\"PUT\",\"nth\":2,\"do\":\"status\",\"code\":503}]}"),
        ] {
            let file = dir.path().join(name);
            std::fs::write(&file, text).unwrap();
            let plan = plan(&file).unwrap();
            assert_eq!((plan.seed, plan.rules.len()), (3, 1), "{name}");
        }
    }

    #[test]
    fn a_bad_plan_is_told_in_one_line_with_its_line() {
        for (name, text, says) in [
            ("a.toml", "seed = 1\nrules = 5\n", "a.toml:2: this is no fault plan: "),
            ("b.toml", "seed = 1\n\nsede = 2\n", "b.toml:3: this is no fault plan: "),
            ("c.json", "{\"seed\":\n5,\n}", "c.json:3: this is no fault plan: "),
        ] {
            let line = refusal(name, text);
            assert!(line.contains(says) && !line.contains('|') && line.lines().count() == 1, "{line}");
        }
        assert!(refusal("d.toml", "[[rules]]\ndo = \"explode\"\n").contains("explode"));
    }
}
