//! `ci`: every check but the tests, each step with its time, a table at the end.

use std::time::{Duration, Instant};

use crate::outcome::{Failures, Outcome};
use crate::workspace::Workspace;
use crate::{features, fixtures, matrix, package, process, rules, sim, tidy};

/// Everything that must hold before a change is taken, except the tests themselves.
///
/// A step that fails does not stop the others; the command fails at the end and names them all.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

type Step = (&'static str, fn(&Workspace) -> Outcome);

const STEPS: &[Step] = &[
    ("fmt", |w| cargo(w, &["fmt", "--all", "--check"], &[])),
    ("clippy", |w| cargo(w, &["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"], &[])),
    ("docs", |w| cargo(w, &["doc", "--workspace", "--no-deps", "--all-features"], &[("RUSTDOCFLAGS", "-D warnings")])),
    ("tidy", |w| tidy::Args {}.run(w)),
    ("features", |w| features::Args { package: None }.run(w)),
    ("matrix", |w| matrix::Args { check: true }.run(w)),
    ("package", |w| package::Args {}.run(w)),
    ("fixtures", |w| fixtures::Args {}.run(w)),
    ("rules", |w| rules::Args { json: false }.run(w)),
    ("sim", |w| sim::Args::of(FIXED).run(w)),
    ("sim over DAV", |w| sim::Args::of(FIXED_DAV).run(w)),
    ("sim over Graph", |w| sim::Args::of(FIXED_GRAPH).run(w)),
];

/// The plays of every check: the first seeds, a minute of them on two cores, all of which hold.
const FIXED: &[&str] = &["--seeds", "5000", "--quiet"];
/// The same over the simulated servers, ten seconds each.
const FIXED_DAV: &[&str] = &["--dav", "--seeds", "400", "--quiet"];
const FIXED_GRAPH: &[&str] = &["--graph", "--seeds", "400", "--quiet"];

/// How a step ended.
#[derive(Debug)]
struct Done {
    name: &'static str,
    took: Duration,
    failures: usize,
}

impl Args {
    /// Runs every step.
    pub(crate) fn run(&self, workspace: &Workspace) -> Outcome {
        let mut done = Vec::new();
        for (name, step) in STEPS {
            println!("== {name}");
            let started = Instant::now();
            let failures = match step(workspace) {
                Ok(()) => 0,
                Err(Failures(lines)) => {
                    lines.iter().for_each(|line| println!("error: {line}"));
                    lines.len()
                }
            };
            let took = started.elapsed();
            println!("== {name}: {} after {:.1} s\n", verdict(failures), took.as_secs_f64());
            done.push(Done { name, took, failures });
        }
        print!("{}", table(&done));
        summary(&done)
    }
}

fn cargo(workspace: &Workspace, args: &[&str], environment: &[(&str, &str)]) -> Outcome {
    let mut command = process::cargo(&workspace.root, args.iter().copied());
    command.envs(environment.iter().copied());
    process::run(&mut command).map_err(Failures::one)
}

fn verdict(failures: usize) -> &'static str {
    if failures == 0 { "ok" } else { "FAILED" }
}

fn table(done: &[Done]) -> String {
    let width = done.iter().map(|d| d.name.len()).max().unwrap_or_default();
    let mut table = String::new();
    for Done { name, took, failures } in done {
        table.push_str(&format!("{name:width$}  {:>7.1} s  {}\n", took.as_secs_f64(), verdict(*failures)));
    }
    let total: Duration = done.iter().map(|d| d.took).sum();
    table.push_str(&format!("{:width$}  {:>7.1} s\n", "", total.as_secs_f64()));
    table
}

fn summary(done: &[Done]) -> Outcome {
    let failed: Vec<_> = done.iter().filter(|d| d.failures > 0).map(|d| d.name).collect();
    if failed.is_empty() { Ok(()) } else { Err(Failures::one(format!("ci: failed in {}", failed.join(", ")))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done() -> Vec<Done> {
        let step = |name, seconds, failures| Done { name, took: Duration::from_secs(seconds), failures };
        vec![step("fmt", 1, 0), step("clippy", 60, 2), step("tidy", 3, 1)]
    }

    #[test]
    fn the_table_has_a_line_per_step_and_the_sum() {
        assert_eq!(table(&done()), "fmt         1.0 s  ok\nclippy     60.0 s  FAILED\ntidy        3.0 s  FAILED\n           64.0 s\n");
    }

    #[test]
    fn every_failed_step_is_named_at_the_end() {
        assert_eq!(summary(&done()), Err(Failures::one("ci: failed in clippy, tidy")));
        assert_eq!(summary(&[]), Ok(()));
    }
}
