//! `fixtures`: recorded traffic is complete, can be read, and holds no secret.

use std::collections::BTreeMap;

use crate::outcome::{Failures, Outcome};
use crate::workspace::Workspace;

/// Check the recorded traffic under `fixtures/`.
///
/// A case is a folder `fixtures/<connector>/<case>/` with a `case.toml`, a `traffic.json` and the bodies as files.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// The files of one case: the path below the case's folder, and the text where it is one.
type Case = BTreeMap<String, Option<String>>;

/// What must never be in a recording, in lower case: words before a secret in headers, URLs and bodies.
const SECRETS: &[&str] = &[
    "authorization: bearer ",
    "authorization: basic ",
    "authorization: digest ",
    "set-cookie: ",
    "access_token=",
    "refresh_token=",
    "client_secret=",
    "-----begin private key",
    "-----begin rsa private key",
];

/// What the sanitiser puts in the place of a secret.
const REMOVED: &str = "removed";

impl Args {
    /// Reads every case; without a folder `fixtures` there is nothing to check, and that is said.
    pub(crate) fn run(&self, workspace: &Workspace) -> Outcome {
        let mut cases: BTreeMap<String, Case> = BTreeMap::new();
        let mut failures = Failures::default();
        for path in workspace.files()?.iter().filter_map(|p| p.strip_prefix("fixtures/")) {
            let mut parts = path.splitn(3, '/');
            let (Some(connector), Some(case), Some(file)) = (parts.next(), parts.next(), parts.next()) else {
                failures.push(format!("fixtures/{path}: not in a folder fixtures/<connector>/<case>/"));
                continue;
            };
            let bytes = std::fs::read(workspace.root.join("fixtures").join(path));
            let bytes = bytes.map_err(|e| Failures::one(format!("fixtures/{path}: cannot be read: {e}")))?;
            cases.entry(format!("fixtures/{connector}/{case}")).or_default().insert(file.to_owned(), String::from_utf8(bytes).ok());
        }
        println!("fixtures: {} cases", cases.len());
        failures.extend(cases.iter().flat_map(|(name, case)| check(name, case)));
        failures.into_outcome()
    }
}

fn check(name: &str, case: &Case) -> Vec<String> {
    let mut failures = Vec::new();
    match case.get("case.toml") {
        Some(Some(text)) => {
            failures.extend(toml::from_str::<toml::Table>(text).err().map(|e| format!("{name}/case.toml: {}", e.message())))
        }
        _ => failures.push(format!("{name}: no case.toml")),
    }
    match case.get("traffic.json") {
        Some(Some(text)) => match serde_json::from_str::<Vec<serde_json::Value>>(text) {
            Ok(exchanges) if exchanges.is_empty() => failures.push(format!("{name}/traffic.json: no exchange")),
            Ok(_) => {}
            Err(e) => failures.push(format!("{name}/traffic.json: not a list of exchanges: {e}")),
        },
        _ => failures.push(format!("{name}: no traffic.json")),
    }
    for (file, text) in case {
        for (number, line) in (1..).zip(text.iter().flat_map(|t| t.lines())) {
            if let Some(word) = secret(line) {
                failures.push(format!("{name}/{file}:{number}: a secret after {:?}", word.trim_end()));
            }
        }
    }
    failures
}

/// The word before a secret that was not removed. JSON's quotes around a header's name and value are looked through.
fn secret(line: &str) -> Option<&'static str> {
    let line = line.to_ascii_lowercase().replace('"', "");
    SECRETS.iter().copied().find(|word| line.split(word).skip(1).any(|after| !after.trim_start().starts_with(REMOVED)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(files: &[(&str, &str)]) -> Case {
        files.iter().map(|(name, text)| ((*name).to_owned(), Some((*text).to_owned()))).collect()
    }

    #[test]
    fn a_complete_case_without_secrets_passes() {
        let good = case(&[("case.toml", "shows = \"a page\""), ("traffic.json", "[{\"header\": \"Authorization: Bearer removed-1\"}]")]);
        assert_eq!(check("c", &good), Vec::<String>::new());
    }

    #[test]
    fn what_is_missing_or_unreadable_is_told() {
        assert_eq!(check("c", &case(&[])), ["c: no case.toml", "c: no traffic.json"]);
        let bad = check("c", &case(&[("case.toml", "a = = 1"), ("traffic.json", "{}")]));
        assert_eq!(bad.len(), 2);
        assert!(bad.iter().all(|line| !line.contains('\n')), "{bad:?}");
        assert_eq!(check("c", &case(&[("case.toml", ""), ("traffic.json", "[]")])), ["c/traffic.json: no exchange"]);
    }

    #[test]
    fn a_planted_secret_is_found() {
        for word in SECRETS {
            assert_eq!(secret(&format!("x {word}abc")), Some(*word));
            assert_eq!(secret(&format!("x {word}removed")), None);
        }
        assert!(secret("\"Authorization\": \"Bearer abc\",").is_some());
    }
}
