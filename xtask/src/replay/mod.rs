//! `replay`: recordings of others, which are not ours to commit, read by the connector.
//!
//! Two things are done with each. The account is discovered and read once, as far as what was recorded answers our questions.
//! Then every multistatus in it, and every card and calendar that was got, and every list and item of Microsoft Graph's, is given to
//! the connector as the answer to a question of its own: whoever asked for it, it must be readable.

mod feed;
mod graph;
mod har;
mod journey;

use std::fs;
use std::path::{Path, PathBuf};

use pimkit_contract::replay::{Recording, Taken};

use crate::outcome::{Failures, Outcome};

/// Let the connectors of DAV and of Microsoft Graph read recordings: folders with a `traffic.json`, and HAR files.
///
/// Ends with 1 when one panics, or cannot read an answer that says to be a multistatus, or a list of Microsoft Graph's. Items that
/// cannot be read are counted. What is printed names files and paths, no content.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder; sub-folders are searched too.
    dir: PathBuf,
}

/// What came of one recording.
#[derive(Debug, Default, PartialEq, Eq)]
struct Report {
    /// Exchanges that our own discovery and first sync came by, of all.
    used: (usize, usize),
    /// Answers with several things in them (a multistatus, a list), all and those that were not read.
    answers: (usize, usize),
    /// Items, read and not.
    items: (usize, usize),
    /// Where discovery or first sync stopped, and why. No failure: a recording ends somewhere.
    stops: Vec<String>,
    /// What must not be.
    failures: Vec<String>,
}

/// What came of one answer.
#[derive(Debug, Default, PartialEq, Eq)]
struct Fed {
    /// It says to have several things in it: a multistatus, a list.
    answer: bool,
    /// It is none that can be read, and why.
    unreadable: Option<String>,
    /// Items that were read from it.
    read: usize,
    /// Items that were not.
    unread: usize,
}

impl Args {
    /// Reads every recording, and prints a line for each.
    pub(crate) fn run(&self) -> Outcome {
        let mut found = Vec::new();
        walk(&self.dir, &mut found).map_err(|e| Failures::one(format!("{}: cannot be searched: {e}", self.dir.display())))?;
        found.sort();
        if found.is_empty() {
            return Err(Failures::one(format!("{}: there are no recordings under it", self.dir.display())));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|e| Failures::one(format!("replay: no runtime: {e}")))?;
        let mut failures = Failures::default();
        let mut total = Report::default();
        for path in &found {
            let name = path.strip_prefix(&self.dir).unwrap_or(path).display().to_string();
            let name = if name.is_empty() { path.display().to_string() } else { name };
            let report = match load(path) {
                Ok(exchanges) => runtime.block_on(report(exchanges)),
                Err(why) => Report { failures: vec![why], ..Report::default() },
            };
            println!("{name}: {}", line(&report));
            report.stops.iter().for_each(|stop| println!("  stopped: {stop}"));
            failures.extend(report.failures.iter().map(|why| format!("{name}: {why}")));
            total.add(&report);
        }
        println!("{} recordings: {}", found.len(), line(&total));
        failures.into_outcome()
    }
}

impl Report {
    fn add(&mut self, other: &Self) {
        let sum = |a: &mut (usize, usize), b: (usize, usize)| *a = (a.0 + b.0, a.1 + b.1);
        sum(&mut self.used, other.used);
        sum(&mut self.answers, other.answers);
        sum(&mut self.items, other.items);
    }
}

fn line(report: &Report) -> String {
    let Report { used, answers, items, .. } = report;
    format!("{} of {} exchanges used; {} lists, {} not read; {} items read, {} not", used.0, used.1, answers.0, answers.1, items.0, items.1)
}

async fn report(exchanges: Vec<Taken>) -> Report {
    let mut report = Report::default();
    // What was recorded of signing in answers nobody who has no credentials.
    let signed_in: Vec<Taken> = exchanges.iter().filter(|one| one.status != 401).cloned().collect();
    let is_graph = signed_in.iter().any(graph::is_one);
    let through = async move {
        let recording = Recording::of(signed_in);
        if is_graph { graph::through(recording).await } else { journey::through(recording).await }
    };
    // A task of its own, so that a panic is told and the next recording is read.
    match tokio::spawn(through).await {
        Ok((used, stops)) => {
            report.used = (used, exchanges.len());
            report.stops = stops;
        }
        Err(e) => report.failures.push(format!("discovery and first sync: {}", ended(&e))),
    }
    for (number, one) in (1..).zip(exchanges) {
        let at = format!("exchange {number}, {} {}", one.method, path(&one.target));
        let fed = async move { if graph::is_one(&one) { graph::one(one).await } else { feed::one(one).await } };
        match tokio::spawn(fed).await {
            Ok(fed) => {
                report.answers.0 += usize::from(fed.answer);
                if let Some(why) = fed.unreadable {
                    report.answers.1 += 1;
                    report.failures.push(format!("{at}: {why}"));
                }
                report.items.0 += fed.read;
                report.items.1 += fed.unread;
            }
            Err(e) => report.failures.push(format!("{at}: {}", ended(&e))),
        }
    }
    report
}

fn ended(error: &tokio::task::JoinError) -> &'static str {
    if error.is_panic() { "the connector panicked" } else { "the connector did not end" }
}

fn path(target: &str) -> &str {
    target.split('?').next().unwrap_or_default()
}

fn load(path: &Path) -> Result<Vec<Taken>, String> {
    if path.is_dir() {
        return Recording::read(path).map(|recording| recording.exchanges).map_err(|e| e.to_string());
    }
    let bytes = fs::read(path).map_err(|e| format!("cannot be read: {e}"))?;
    har::read(&bytes)
}

/// Folders with a `traffic.json`, and HAR files; links are not followed.
fn walk(dir: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if dir.join("traffic.json").is_file() {
        found.push(dir.to_owned());
    }
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let (kind, path) = (entry.file_type()?, entry.path());
        if kind.is_dir() {
            walk(&path, found)?;
        } else if kind.is_file() && path.extension().is_some_and(|e| e.eq_ignore_ascii_case("har")) {
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
