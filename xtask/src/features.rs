//! `features`: no feature may need another one, and none may break the crate without it.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::outcome::{Failures, Outcome};
use crate::process;
use crate::workspace::{Package, Workspace};

/// Check every library with no feature, with each feature alone and with all of them.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only this package.
    #[arg(short, long)]
    pub(crate) package: Option<String>,
}

impl Args {
    /// Runs `cargo check` for every set of features; a warning fails it like an error.
    pub(crate) fn run(&self, workspace: &Workspace) -> Outcome {
        let members = workspace.members();
        let chosen: Vec<&Package> = match &self.package {
            Some(name) => members.into_iter().filter(|p| p.name == *name).collect(),
            None => members.into_iter().filter(|p| p.is_library() && p.is_published()).collect(),
        };
        if chosen.is_empty() {
            return Err(Failures::one(format!("features: no package {}", self.package.as_deref().unwrap_or("to check"))));
        }
        let mut failures = Failures::default();
        for package in chosen {
            for set in sets(&package.features) {
                if let Err(line) = check(workspace, &package.name, &set) {
                    failures.push(line);
                }
            }
        }
        failures.into_outcome()
    }
}

fn check(workspace: &Workspace, package: &str, set: &[&str]) -> Result<(), String> {
    let features = set.join(",");
    let mut args = vec!["check", "--color", "never", "--package", package, "--no-default-features"];
    if !set.is_empty() {
        args.extend(["--features", &features]);
    }
    let started = Instant::now();
    let mut command = process::cargo(&workspace.root, args);
    let finished = process::capture(&mut command)?;
    let named = if set.is_empty() { "no feature".to_owned() } else { features.clone() };
    let outcome = process::ended(&command, finished.status).and_then(|()| quiet(&finished.stderr, package, &named));
    println!("{package}: {named}: {} after {:.1} s", if outcome.is_ok() { "ok" } else { "FAILED" }, started.elapsed().as_secs_f64());
    if outcome.is_err() {
        print!("{}", finished.stderr);
    }
    outcome
}

/// Cargo repeats the warnings of a crate that it did not have to build again, so its words (without colour) are enough.
fn quiet(stderr: &str, package: &str, named: &str) -> Result<(), String> {
    let warned = stderr.lines().any(|line| line.starts_with("warning: `") && line.contains(" generated "));
    if warned { Err(format!("{package}: with {named}: cargo check warns")) } else { Ok(()) }
}

/// No feature, each alone, all together.
fn sets(features: &BTreeMap<String, Vec<String>>) -> Vec<Vec<&str>> {
    let names: Vec<&str> = features.keys().map(String::as_str).filter(|name| *name != "default").collect();
    let mut sets = vec![Vec::new()];
    sets.extend(names.iter().map(|name| vec![*name]));
    if names.len() > 1 {
        sets.push(names);
    }
    sets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_each_and_all_are_tried_once() {
        let features = |names: &[&str]| names.iter().map(|n| ((*n).to_owned(), Vec::new())).collect::<BTreeMap<_, _>>();
        for (names, expected) in [
            (&["default"][..], vec![vec![]]),
            (&["default", "a"], vec![vec![], vec!["a"]]),
            (&["a", "default", "b"], vec![vec![], vec!["a"], vec!["b"], vec!["a", "b"]]),
        ] {
            assert_eq!(sets(&features(names)), expected, "{names:?}");
        }
    }

    #[test]
    fn a_warning_is_a_failure() {
        let warned = "warning: unused import: `x`\nwarning: `pimkit-app` (lib) generated 1 warning\n    Finished\n";
        assert!(quiet(warned, "pimkit-app", "a").is_err());
        assert!(quiet("    Checking pimkit-app v0.1.0\n    Finished `dev` profile\n", "pimkit-app", "a").is_ok());
    }
}
