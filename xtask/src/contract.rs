//! `contract`: the behaviour suite over every connector and state store, with its cases counted.

use crate::outcome::{Failures, Outcome};
use crate::process;
use crate::tally::Tally;
use crate::workspace::{Package, Workspace};

/// Run the behaviour suite of connectors and state stores, and count its cases.
///
/// Runs every test target named `contract`. A case that a connector cannot be asked prints `skip <case>: <reason>`;
/// those are counted and listed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only this one: `vdir` or `pimkit-vdir`.
    #[arg(short, long)]
    connector: Option<String>,
}

/// What the suite said of one crate.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    name: String,
    tests: Tally,
    skips: Vec<String>,
}

impl Args {
    /// Runs the suites one after the other and prints the table.
    pub(crate) fn run(&self, workspace: &Workspace) -> Outcome {
        let members = workspace.members();
        let with_suite: Vec<&&Package> = members.iter().filter(|p| has_suite(p)).collect();
        let chosen: Vec<&&Package> = with_suite.iter().copied().filter(|p| self.chooses(&p.name)).collect();
        if chosen.is_empty() {
            let known: Vec<&str> = with_suite.iter().map(|p| p.name.as_str()).collect();
            return Err(Failures::one(format!("contract: no such suite; there are: {}", known.join(", "))));
        }
        let mut failures = Failures::default();
        let mut rows = Vec::new();
        for package in chosen {
            let mut command = process::cargo(
                &workspace.root,
                ["test", "--package", &package.name, "--all-features", "--test", "contract", "--", "--nocapture"],
            );
            let finished = process::show_and_keep(&mut command).map_err(Failures::one)?;
            let row = Row { name: package.name.clone(), tests: Tally::parse(&finished.stdout), skips: skips(&finished.stdout) };
            failures.extend(row.tests.verdict(finished.status.code().unwrap_or(-1)).err().map(|why| format!("{}: {why}", package.name)));
            rows.push(row);
        }
        print!("\n{}", table(&rows));
        failures.into_outcome()
    }

    fn chooses(&self, package: &str) -> bool {
        self.connector.as_deref().is_none_or(|name| package == name || package.strip_prefix("pimkit-") == Some(name))
    }
}

fn has_suite(package: &Package) -> bool {
    package.targets.iter().any(|t| t.name == "contract" && t.kind.iter().any(|k| k == "test"))
}

/// The lines `skip <case>: <reason>`, without the first word.
fn skips(output: &str) -> Vec<String> {
    output.lines().filter_map(|line| line.trim().strip_prefix("skip ")).filter(|rest| rest.contains(": ")).map(str::to_owned).collect()
}

fn table(rows: &[Row]) -> String {
    let width = rows.iter().map(|r| r.name.len()).max().unwrap_or_default();
    let mut table = format!("{:width$}  passed  failed  skipped\n", "");
    for Row { name, tests, skips } in rows {
        let skipped = tests.skipped + skips.len() as u64;
        table.push_str(&format!("{name:width$}  {:>6}  {:>6}  {skipped:>7}\n", tests.passed, tests.failed));
    }
    for Row { name, skips, .. } in rows {
        for skip in skips {
            table.push_str(&format!("{name}: skipped {skip}\n"));
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skips_are_counted_and_listed() {
        let output = "skip contacts::trash: the folder has no trash\nskip this sentence is none\n\ntest result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out\n";
        let rows = [Row { name: "pimkit-vdir".to_owned(), tests: Tally::parse(output), skips: skips(output) }];
        assert_eq!(
            table(&rows),
            "             passed  failed  skipped\npimkit-vdir      12       0        2\npimkit-vdir: skipped contacts::trash: the folder has no trash\n"
        );
    }

    #[test]
    fn a_suite_is_chosen_by_either_of_its_names() {
        let args = |name: Option<&str>| Args { connector: name.map(str::to_owned) };
        assert!(args(Some("vdir")).chooses("pimkit-vdir"));
        assert!(args(Some("pimkit-vdir")).chooses("pimkit-vdir"));
        assert!(!args(Some("dir")).chooses("pimkit-vdir"));
        assert!(args(None).chooses("pimkit-local"));
    }
}
