//! The benches of `pimkit-formats`, as a table of medians.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::aligned;
use crate::process;
use crate::workspace::Workspace;

/// How fast one function went over one input.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Speed {
    /// The input.
    group: String,
    /// Who read it.
    function: String,
    /// Megabytes (10^6 bytes) of input per second, the median.
    megabytes_per_second: f64,
}

/// `benchmark.json` of criterion, as far as it is read.
#[derive(Deserialize)]
struct Benchmark {
    group_id: String,
    function_id: String,
    throughput: Throughput,
}

#[derive(Deserialize)]
struct Throughput {
    #[serde(rename = "Bytes")]
    bytes: f64,
}

/// `estimates.json` of criterion, as far as it is read; times in nanoseconds.
#[derive(Deserialize)]
struct Estimates {
    median: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    point_estimate: f64,
}

/// Runs the benches and reads what criterion wrote of them.
pub(super) fn measure(workspace: &Workspace) -> Result<Vec<Speed>, String> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.root.join("target"), |dir| workspace.root.join(dir));
    let home = target.join("xtask-bench");
    // Only what this run measures is told.
    if home.exists() {
        fs::remove_dir_all(&home).map_err(|e| format!("bench: {}: {e}", home.display()))?;
    }
    let mut command = process::cargo(&workspace.root, ["bench", "--package", "pimkit-formats", "--bench", "formats", "--", "--noplot"]);
    command.env("CRITERION_HOME", &home).stdout(std::process::Stdio::null());
    process::run(&mut command)?;
    read(&home)
}

/// Every result under criterion's folder, by group and function.
fn read(home: &Path) -> Result<Vec<Speed>, String> {
    let mut speeds = Vec::new();
    for group in folders(home)? {
        for function in folders(&group)? {
            let new = function.join("new");
            if new.join("benchmark.json").is_file() {
                let benchmark: Benchmark = parse(&new.join("benchmark.json"))?;
                let estimates: Estimates = parse(&new.join("estimates.json"))?;
                speeds.push(Speed {
                    group: benchmark.group_id,
                    function: benchmark.function_id,
                    megabytes_per_second: benchmark.throughput.bytes / estimates.median.point_estimate * 1000.0,
                });
            }
        }
    }
    if speeds.is_empty() {
        return Err(format!("bench: criterion wrote no results under {}", home.display()));
    }
    speeds.sort_by(|a, b| (&a.group, &a.function).cmp(&(&b.group, &b.function)));
    Ok(speeds)
}

fn folders(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let told = |e: std::io::Error| format!("bench: {}: {e}", folder.display());
    let entries = fs::read_dir(folder).map_err(told)?.collect::<Result<Vec<_>, _>>().map_err(told)?;
    Ok(entries.into_iter().map(|entry| entry.path()).filter(|path| path.is_dir()).collect())
}

fn parse<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, String> {
    let text = fs::read_to_string(path).map_err(|e| format!("bench: {}: {e}", path.display()))?;
    serde_json::from_str(&text).map_err(|e| format!("bench: {} is not as criterion writes it: {e}", path.display()))
}

/// One table for groups that have the same functions.
pub(super) fn table(speeds: &[Speed]) -> String {
    let mut groups: BTreeMap<&str, BTreeMap<&str, f64>> = BTreeMap::new();
    for speed in speeds {
        groups.entry(&speed.group).or_default().insert(&speed.function, speed.megabytes_per_second);
    }
    let mut tables: BTreeMap<Vec<&str>, Vec<Vec<String>>> = BTreeMap::new();
    for (group, functions) in groups {
        let columns: Vec<&str> = functions.keys().copied().collect();
        let head = || vec![["MB/s"].iter().chain(&columns).map(|&name| name.to_owned()).collect()];
        let row = [group.to_owned()].into_iter().chain(functions.values().map(|speed| format!("{speed:.0}"))).collect();
        tables.entry(columns.clone()).or_insert_with(head).push(row);
    }
    tables.into_values().map(|rows| aligned(&rows) + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speed(group: &str, function: &str, speed: f64) -> Speed {
        Speed { group: group.to_owned(), function: function.to_owned(), megabytes_per_second: speed }
    }

    #[test]
    fn groups_with_the_same_functions_share_a_table() {
        let speeds = [
            speed("calendars", "ical", 20.4),
            speed("calendars", "pimkit", 250.0),
            speed("cards", "ical", 9.6),
            speed("cards", "pimkit", 1250.0),
            speed("contacts", "read", 42.0),
        ];
        assert_eq!(
            table(&speeds),
            "MB/s       ical  pimkit\ncalendars    20     250\ncards        10    1250\n\nMB/s      read\ncontacts    42\n\n"
        );
    }

    #[test]
    fn what_criterion_wrote_is_read_and_nothing_is_an_error() {
        let home = tempfile::tempdir().unwrap();
        assert!(read(home.path()).unwrap_err().contains("no results"));
        let new = home.path().join("cards in one file/calcard/new");
        fs::create_dir_all(&new).unwrap();
        fs::create_dir_all(home.path().join("cards in one file/report")).unwrap();
        let benchmark = r#"{"group_id":"cards in one file","function_id":"calcard","value_str":null,"throughput":{"Bytes":4000000}}"#;
        fs::write(new.join("benchmark.json"), benchmark).unwrap();
        fs::write(new.join("estimates.json"), r#"{"median":{"point_estimate":80000000.0}}"#).unwrap();
        assert_eq!(read(home.path()).unwrap(), [speed("cards in one file", "calcard", 50.0)]);
        fs::write(new.join("estimates.json"), "{}").unwrap();
        assert!(read(home.path()).unwrap_err().contains("estimates.json is not as criterion writes it"));
    }
}
