//! `bench`: the speed of the formats beside their peers, the speed and memory of the engine, and what providers cost.

mod dav;
mod formats;
mod graph;
mod links;
mod sync;

use std::path::PathBuf;

use clap::ValueEnum;
use serde::{Serialize, de::DeserializeOwned};

use crate::outcome::{Failures, Outcome};
use crate::process;
use crate::workspace::Workspace;

/// Measure the speed of the formats beside their peers, and the speed and memory of the engine.
///
/// Everything is built with the release profile. Ends with 1 when many more records take more than 1.5 times the memory. Figures are of this machine at this moment: compare those of one run.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What is measured.
    #[arg(value_enum, default_value = "all")]
    what: What,
    /// Of `dav`: the benchmark's JSON file.
    #[arg(required_if_eq("what", "dav"))]
    conf: Option<PathBuf>,
    /// Print one JSON object instead of the tables.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// Parsing and writing cards and calendars, beside calcard and ical; reading records and changing one field.
    Formats,
    /// A first sync of 10,000 and of 100,000 contacts into the app store, each in a process of its own.
    Sync,
    /// 1 % of 10,000 and of 1,000,000 links changed, planned and applied in memory, each in a process of its own. It takes
    /// long and some 10 GB in the temporary folder, so it is not part of `all`.
    Links,
    /// One run of the program between a folder and a DAV server, for whoever measures it from outside; not part of `all`.
    Dav,
    /// The requests of 5,000 contacts at Microsoft Graph, at its stand-in: a first pull, one without a change, one with 1 %, and as
    /// many creates; not part of `all`.
    Graph,
    /// Formats and first syncs.
    All,
}

/// What was measured.
#[derive(Debug, Default, Serialize)]
struct Report {
    #[serde(skip_serializing_if = "Option::is_none")]
    formats: Option<Vec<formats::Speed>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sync: Option<sync::Comparison>,
    #[serde(skip_serializing_if = "Option::is_none")]
    links: Option<links::Comparison>,
    #[serde(skip_serializing_if = "Option::is_none")]
    graph: Option<graph::Costs>,
}

impl Args {
    /// The one run that needs nothing of the workspace, and is measured without it.
    pub(crate) fn alone(&self) -> Option<Outcome> {
        (self.what == What::Dav).then(|| match &self.conf {
            Some(conf) => dav::run(conf),
            None => Err(Failures::one("bench dav: name the benchmark's JSON file")),
        })
    }

    /// Measures and prints.
    pub(crate) fn run(&self, workspace: &Workspace) -> Outcome {
        let mut failures = Failures::default();
        let mut report = Report::default();
        if matches!(self.what, What::Formats | What::All) {
            let speeds = formats::measure(workspace).map_err(Failures::one)?;
            if !self.json {
                print!("{}", formats::table(&speeds));
            }
            report.formats = Some(speeds);
        }
        if self.what == What::Links {
            let comparison = links::measure(workspace).map_err(Failures::one)?;
            if !self.json {
                print!("{}", links::table(&comparison));
            }
            failures.extend(comparison.verdict().err());
            report.links = Some(comparison);
        }
        if matches!(self.what, What::Sync | What::All) {
            let comparison = sync::measure(workspace).map_err(Failures::one)?;
            if !self.json {
                print!("{}", sync::table(&comparison));
            }
            failures.extend(comparison.verdict().err());
            report.sync = Some(comparison);
        }
        if self.what == What::Graph {
            let costs = graph::measure(workspace).map_err(Failures::one)?;
            if !self.json {
                print!("{}", graph::table(&costs));
            }
            report.graph = Some(costs);
        }
        if self.json {
            println!("{}", serde_json::to_string_pretty(&report).map_err(|e| Failures::one(format!("bench: the report: {e}")))?);
        }
        failures.into_outcome()
    }
}

/// Builds an example of the composed pipelines, runs it once for each size in a process of its own, and reads what it printed.
fn each_size<T: DeserializeOwned>(workspace: &Workspace, example: &str, sizes: &[u64]) -> Result<Vec<T>, String> {
    let named = ["--release", "--package", "pimkit-tests", "--example", example];
    process::run(&mut process::cargo(&workspace.root, ["build"].into_iter().chain(named)))?;
    let mut runs = Vec::new();
    for size in sizes {
        eprintln!("{example}: {size} contacts");
        let size = size.to_string();
        let mut command = process::cargo(&workspace.root, ["run", "--quiet"].into_iter().chain(named).chain(["--", size.as_str()]));
        let finished = process::capture(&mut command)?;
        let said = finished.stderr.lines().last().unwrap_or_default().to_owned();
        process::ended(&command, finished.status).map_err(|how| format!("{how}: {said}"))?;
        let measured = serde_json::from_str(finished.stdout.trim());
        runs.push(measured.map_err(|e| format!("bench: {example} printed something else than its measurements: {e}"))?);
    }
    Ok(runs)
}

/// Columns as wide as their widest cell: the first to the left, the others to the right.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let cell = if column == 0 { format!("{cell:width$}") } else { format!("  {cell:>width$}") };
            text.push_str(&cell);
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}
