//! `fixtures`: recorded traffic is complete, can be read, and holds no secret.

use std::collections::BTreeMap;

use pimkit_core::fixture::{Case, Exchange, Message, Provenance};

use crate::outcome::{Failures, Outcome};
use crate::workspace::Workspace;

/// Check the recorded traffic under `fixtures/`.
///
/// A case is a folder `fixtures/<connector>/<case>/` with a `case.toml`, a `traffic.json` and the bodies as files.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// The files of one case: the path below the case's folder, and what is in it.
type Files = BTreeMap<String, Vec<u8>>;

/// The version of the format that is read here.
const FORMAT: u32 = 1;

/// Headers whose value is a secret, in lower case.
const SECRET_HEADERS: &[&str] = &["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "x-goog-api-key"];

/// Names of secrets in queries, forms and JSON, in lower case.
const SECRET_NAMES: &[&str] = &["access_token", "refresh_token", "id_token", "client_secret", "password", "api_key"];

/// What stands in the place of a secret begins with this word, after the scheme where there is one.
const REMOVED: &str = "removed";

impl Args {
    /// Reads every case; without a folder `fixtures` it says that there are none.
    pub(crate) fn run(&self, workspace: &Workspace) -> Outcome {
        let mut cases: BTreeMap<String, Files> = BTreeMap::new();
        let mut failures = Failures::default();
        for path in workspace.files()?.iter().filter_map(|p| p.strip_prefix("fixtures/")) {
            let mut parts = path.splitn(3, '/');
            let (Some(connector), Some(case), Some(file)) = (parts.next(), parts.next(), parts.next()) else {
                failures.push(format!("fixtures/{path}: not in a folder fixtures/<connector>/<case>/"));
                continue;
            };
            let bytes = std::fs::read(workspace.root.join("fixtures").join(path));
            let bytes = bytes.map_err(|e| Failures::one(format!("fixtures/{path}: cannot be read: {e}")))?;
            cases.entry(format!("fixtures/{connector}/{case}")).or_default().insert(file.to_owned(), bytes);
        }
        let mut connectors: BTreeMap<&str, Vec<&Files>> = BTreeMap::new();
        for (name, files) in &cases {
            connectors.entry(name.split('/').nth(1).unwrap_or_default()).or_default().push(files);
        }
        for (connector, files) in connectors {
            println!("fixtures/{connector}: {}", counted(&files));
        }
        println!("fixtures: {}", counted(&cases.values().collect::<Vec<_>>()));
        failures.extend(cases.iter().flat_map(|(name, files)| check(name, files)));
        failures.into_outcome()
    }
}

/// How many cases, and where from.
fn counted(cases: &[&Files]) -> String {
    let [mut recorded, mut replayed, mut composed] = [0; 3];
    for case in cases.iter().filter_map(|files| toml::from_slice::<Case>(files.get("case.toml")?).ok()) {
        *match case.provenance {
            Provenance::Recorded { .. } => &mut recorded,
            Provenance::Replayed { .. } => &mut replayed,
            Provenance::Composed { .. } => &mut composed,
        } += 1;
    }
    format!("{} cases: {recorded} recorded, {replayed} replayed, {composed} composed", cases.len())
}

fn check(name: &str, files: &Files) -> Vec<String> {
    let mut failures = Vec::new();
    match files.get("case.toml").map(|bytes| toml::from_slice::<Case>(bytes)) {
        None => failures.push(format!("{name}: no case.toml")),
        Some(Err(e)) => failures.push(format!("{name}/case.toml: {}", e.message())),
        Some(Ok(case)) if case.format != FORMAT => {
            failures.push(format!("{name}/case.toml: format {} is not known, {FORMAT} is", case.format))
        }
        Some(Ok(case)) if case.shows.trim().is_empty() => failures.push(format!("{name}/case.toml: shows is empty")),
        Some(Ok(_)) => {}
    }
    match files.get("traffic.json").map(|bytes| serde_json::from_slice::<Vec<Exchange>>(bytes)) {
        None => failures.push(format!("{name}: no traffic.json")),
        Some(Err(e)) => failures.push(format!("{name}/traffic.json: {e}")),
        Some(Ok(exchanges)) => failures.extend(traffic(files, &exchanges).into_iter().map(|line| format!("{name}/traffic.json: {line}"))),
    }
    for (file, bytes) in files {
        let text = String::from_utf8_lossy(bytes);
        for (number, line) in (1..).zip(text.lines()) {
            failures.extend(secret(line).map(|word| format!("{name}/{file}:{number}: the value of {word} was not removed")));
        }
    }
    failures
}

fn traffic(files: &Files, exchanges: &[Exchange]) -> Vec<String> {
    let mut failures = Vec::new();
    if exchanges.is_empty() {
        failures.push("no exchange".to_owned());
    }
    for (number, Exchange { request, response }) in (1..).zip(exchanges) {
        let mut say = |what: String| failures.push(format!("exchange {number}: {what}"));
        if request.method.is_none() || request.target.is_none() {
            say("the request has no method or no target".to_owned());
        }
        if response.status.is_none() {
            say("the response has no status".to_owned());
        }
        for Message { headers, body, .. } in [request, response] {
            if let Some(body) = body.as_ref().filter(|body| !files.contains_key(*body)) {
                say(format!("its body {body} is missing"));
            }
            for (header, _) in headers.iter().filter(|(header, value)| is_secret_header(header) && !is_removed(value)) {
                say(format!("the value of {header} was not removed"));
            }
        }
    }
    failures
}

fn is_secret_header(name: &str) -> bool {
    SECRET_HEADERS.iter().any(|secret| name.eq_ignore_ascii_case(secret))
}

/// `removed-1`, `Bearer removed-1`, `session=removed-1; Path=/`.
fn is_removed(value: &str) -> bool {
    value.split([' ', '=']).take(2).any(|word| word.to_ascii_lowercase().starts_with(REMOVED))
}

/// The name of a secret that stands with its value in a query, a form or JSON.
fn secret(line: &str) -> Option<&'static str> {
    let line: String = line.to_ascii_lowercase().chars().filter(|c| !c.is_whitespace() && *c != '"').collect();
    SECRET_NAMES.iter().copied().find(|name| {
        line.split(name)
            .skip(1)
            .filter_map(|after| after.strip_prefix([':', '=']))
            .any(|value| !value.is_empty() && !value.starts_with(REMOVED))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CASE: &str =
        "format = 1\nshows = \"A page.\"\nprovenance = { composed = { from = \"https://example.org/page\" } }\nexpect = \"ok\"\n";
    const TRAFFIC: &str = r#"[{"request": {"method": "GET", "target": "/a", "headers": [["authorization", "Bearer removed-1"]]},
        "response": {"status": 200, "body": "a.json"}}]"#;

    fn files(files: &[(&str, &str)]) -> Files {
        files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect()
    }

    fn found(case: &str, traffic: &str, body: &str) -> Vec<String> {
        check("c", &files(&[("case.toml", case), ("traffic.json", traffic), ("a.json", body)]))
    }

    #[test]
    fn cases_are_counted_by_where_they_are_from() {
        let of =
            |provenance: &str| files(&[("case.toml", &CASE.replace("composed = { from = \"https://example.org/page\" }", provenance))]);
        let cases = [CASE, CASE].map(|case| files(&[("case.toml", case)]));
        let recorded = of("recorded = { from = \"A server 1\", on = \"2026-03-02\" }");
        let all: Vec<&Files> = cases.iter().chain([&recorded]).collect();
        assert_eq!(counted(&all), "3 cases: 1 recorded, 0 replayed, 2 composed");
        assert_eq!(counted(&[&files(&[])]), "1 cases: 0 recorded, 0 replayed, 0 composed");
    }

    #[test]
    fn a_complete_case_without_secrets_passes() {
        assert_eq!(found(CASE, TRAFFIC, "{}"), Vec::<String>::new());
    }

    #[test]
    fn what_is_missing_or_unreadable_is_told_on_one_line_each() {
        assert_eq!(check("c", &files(&[])), ["c: no case.toml", "c: no traffic.json"]);
        for (case, traffic, expected) in [
            ("format = = 1", TRAFFIC, "c/case.toml: "),
            (&CASE.replace("format = 1", "format = 2"), TRAFFIC, "c/case.toml: format 2 is not known, 1 is"),
            (&CASE.replace("A page.", " "), TRAFFIC, "c/case.toml: shows is empty"),
            (CASE, "{}", "c/traffic.json: "),
            (CASE, "[]", "c/traffic.json: no exchange"),
            (CASE, &TRAFFIC.replace("a.json", "b.json"), "c/traffic.json: exchange 1: its body b.json is missing"),
            (CASE, &TRAFFIC.replace("\"status\": 200, ", ""), "c/traffic.json: exchange 1: the response has no status"),
            (CASE, &TRAFFIC.replace("\"method\": \"GET\", ", ""), "c/traffic.json: exchange 1: the request has no method or no target"),
        ] {
            let failures = found(case, traffic, "{}");
            assert_eq!(failures.len(), 1, "{failures:?}");
            assert!(failures.iter().all(|line| line.starts_with(expected) && !line.contains('\n')), "{failures:?}");
        }
    }

    #[test]
    fn a_planted_secret_is_found() {
        for header in SECRET_HEADERS {
            let traffic = TRAFFIC.replace("authorization", header).replace("removed-1", "abc");
            assert_eq!(found(CASE, &traffic, "{}"), [format!("c/traffic.json: exchange 1: the value of {header} was not removed")]);
        }
        for name in SECRET_NAMES {
            for body in [format!("{{\"{name}\": \"abc\"}}"), format!("a=1&{name}=abc")] {
                assert_eq!(found(CASE, TRAFFIC, &body), [format!("c/a.json:1: the value of {name} was not removed")]);
                assert_eq!(found(CASE, TRAFFIC, &body.replace("abc", "removed-2")), Vec::<String>::new());
            }
        }
    }
}
