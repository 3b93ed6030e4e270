//! `corpus`: the laws of the formats, tried on every card and calendar under a folder.
//!
//! 1. Nothing panics.
//! 2. What parses as a tree comes back byte for byte.
//! 3. What reads as a record can be edited field by field: afterwards the record says what the edit said, every line
//!    outside the field's atomic group, but for the stamps of the format, is the same bytes, and undoing nothing changes
//!    nothing.
//!
//! Files are found by extension or by their first line. A file with several items is tried as a whole (laws 1 and 2) and
//! item by item. Reports name files, lines and properties, never content.

mod edits;
mod lines;
mod trial;

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::outcome::{Failures, Outcome};
use trial::Trial;

/// Try the laws of the formats on every card and calendar under a folder.
///
/// Ends with 1 when any file breaks one, and names the first of them.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder; sub-folders are searched too.
    dir: PathBuf,
    /// Print one JSON object instead of the table.
    #[arg(long)]
    json: bool,
    /// How many sorts of breaches are named for each law.
    #[arg(long, default_value_t = 10)]
    show: usize,
}

/// What came of a run.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// What was counted, by name.
    pub(crate) counts: BTreeMap<String, u64>,
    /// Why files or items were not read as records, and how often. Not a fault: the reason is what a user is told.
    pub(crate) unread: BTreeMap<String, u64>,
    /// Why edits were refused by the format, and how often. Not a fault either.
    pub(crate) refused: BTreeMap<String, u64>,
    /// What broke a law.
    pub(crate) offenders: Vec<Offender>,
}

/// One breach of a law.
#[derive(Debug, Serialize)]
pub(crate) struct Offender {
    /// Which law.
    pub(crate) law: &'static str,
    /// The file, below the folder.
    pub(crate) file: String,
    /// The line, starting at 1; 0 for the file as a whole.
    pub(crate) line: usize,
    /// What happened; no content.
    pub(crate) reason: String,
}

impl Report {
    fn count(&mut self, name: impl Into<String>) {
        *self.counts.entry(name.into()).or_default() += 1;
    }

    fn tally(table: &mut BTreeMap<String, u64>, reason: &str) {
        // Line numbers and sizes would make every reason its own.
        let plain: String = reason.chars().map(|c| if c.is_ascii_digit() { '#' } else { c }).collect();
        let mut short = plain;
        while short.contains("##") {
            short = short.replace("##", "#");
        }
        *table.entry(short).or_default() += 1;
    }
}

impl Args {
    /// Tries every file and prints what came of it.
    pub(crate) fn run(&self) -> Outcome {
        let mut files = Vec::new();
        walk(&self.dir, &mut files).map_err(|e| Failures::one(format!("{}: cannot be searched: {e}", self.dir.display())))?;
        files.sort();
        if files.is_empty() {
            return Err(Failures::one(format!("{}: there are no cards or calendars under it", self.dir.display())));
        }
        let bar = if std::io::stderr().is_terminal() { ProgressBar::new(files.len() as u64) } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} files  {elapsed}") {
            bar.set_style(style);
        }
        // A panic is counted and named; its message would go between the bar's lines.
        let report = trial::quietly(|| {
            let mut report = Report::default();
            for file in &files {
                let name = file.strip_prefix(&self.dir).unwrap_or(file).display().to_string();
                Trial::new(&name, &mut report).file(file);
                bar.inc(1);
            }
            report
        });
        bar.finish_and_clear();
        if self.json {
            println!("{}", serde_json::to_string(&report).map_err(|e| Failures::one(format!("the report cannot be written: {e}")))?);
        } else {
            self.print(&report);
        }
        match report.offenders.len() {
            0 => Ok(()),
            n => Err(Failures::one(format!("corpus: {n} breaches of a law"))),
        }
    }

    fn print(&self, report: &Report) {
        let section = |title: &str, rows: &BTreeMap<String, u64>| {
            if !rows.is_empty() {
                println!("{title}");
                rows.iter().for_each(|(name, n)| println!("  {n:>8}  {name}"));
            }
        };
        section("counted", &report.counts);
        section("not read, and why", &report.unread);
        section("edits that the format refuses, and why", &report.refused);
        // One line for each sort of breach, with its first place: a hundred files of one program break one law once.
        let mut by_law: BTreeMap<&str, BTreeMap<&str, Vec<&Offender>>> = BTreeMap::new();
        for offender in &report.offenders {
            by_law.entry(offender.law).or_default().entry(&offender.reason).or_default().push(offender);
        }
        for (law, reasons) in by_law {
            println!("{law}: {} breaches", reasons.values().map(Vec::len).sum::<usize>());
            for (reason, offenders) in reasons.iter().take(self.show) {
                let first = offenders.first().map(|o| format!("{}:{}", o.file, o.line)).unwrap_or_default();
                println!("  {:>8}  {reason}, first in {first}", offenders.len());
            }
            if reasons.len() > self.show {
                println!("  and {} more sorts; see --show", reasons.len() - self.show);
            }
        }
        if report.offenders.is_empty() {
            println!("every law holds");
        }
    }
}

/// Every card and calendar below a folder; links are not followed.
fn walk(dir: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            walk(&entry.path(), files)?;
        } else if kind.is_file() && (has_extension(&entry.path()) || starts_so(&entry.path())?) {
            files.push(entry.path());
        }
    }
    Ok(())
}

fn has_extension(path: &Path) -> bool {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    ["vcf", "vcard", "ics", "ical", "icalendar", "ifb", "vcs"].contains(&extension.as_str())
}

/// Whether a file's first line begins a card or calendar.
fn starts_so(path: &Path) -> std::io::Result<bool> {
    use std::io::Read as _;
    let mut head = Vec::new();
    std::fs::File::open(path)?.take(64).read_to_end(&mut head)?;
    let head = String::from_utf8_lossy(&head).trim_start_matches('\u{feff}').trim_start().to_ascii_uppercase();
    Ok(head.starts_with("BEGIN:VCARD") || head.starts_with("BEGIN:VCALENDAR"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_on(files: &[(&str, &str)]) -> Report {
        let dir = tempfile::tempdir().unwrap();
        for (name, content) in files {
            std::fs::write(dir.path().join(name), content).unwrap();
        }
        let mut found = Vec::new();
        walk(dir.path(), &mut found).unwrap();
        found.sort();
        let mut report = Report::default();
        for file in found {
            Trial::new(&file.file_name().unwrap().to_string_lossy(), &mut report).file(&file);
        }
        report
    }

    #[test]
    fn good_files_break_no_law_and_every_field_is_tried() {
        let card = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:1\r\nFN:Ada\r\nN:Lovelace;Ada;;;\r\nX-OWN:kept\r\nNOTE:n\r\nEND:VCARD\r\n";
        let event = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VEVENT\nUID:1\nDTSTAMP:20260101T000000Z\nDTSTART:20260101T100000Z\n\
                     SUMMARY:s\nX-OWN:kept\nEND:VEVENT\nEND:VCALENDAR\n";
        let report = run_on(&[("a.vcf", card), ("b.ics", event), ("noextension", card), ("c.txt", "not one")]);
        assert!(report.offenders.is_empty(), "{:?}", report.offenders);
        assert_eq!((report.counts["files"], report.counts["contacts read"], report.counts["events read"]), (3, 2, 1));
        assert!(report.counts["edits of contacts"] >= 4 && report.counts["edits of events"] >= 2, "{:?}", report.counts);
    }

    #[test]
    fn broken_files_are_counted_with_their_reason_and_are_no_breach() {
        let two = "BEGIN:VCARD\nVERSION:4.0\nFN:A\nEND:VCARD\nBEGIN:VCARD\nVERSION:4.0\nFN:B\nEND:VCARD\n";
        let report = run_on(&[("half.vcf", "BEGIN:VCARD\nFN:A"), ("two.vcf", two), ("empty.ics", "")]);
        assert!(report.offenders.is_empty(), "{:?}", report.offenders);
        assert_eq!(report.counts["contacts read"], 2);
        assert_eq!(report.unread.values().sum::<u64>(), 2, "{:?}", report.unread);
    }

    #[test]
    fn a_panic_is_an_offender_with_its_place_and_without_its_words() {
        let mut report = Report::default();
        trial::quietly(|| {
            let mut trial = Trial::new("x.vcf", &mut report);
            assert_eq!(trial.guarded("reading", || panic!("a secret")), None::<()>);
        });
        let offender = &report.offenders[0];
        assert_eq!(offender.law, "no panic");
        assert!(offender.reason.contains("mod.rs") && !offender.reason.contains("secret"), "{}", offender.reason);
    }
}
