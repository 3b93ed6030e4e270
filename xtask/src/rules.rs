//! `rules`: which tests prove which rule of `tests/rules.toml`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::outcome::{Failures, Outcome};
use crate::tidy::rust_text::RustText;
use crate::workspace::Workspace;

/// The table, relative to the root of the workspace.
const TABLE: &str = "tests/rules.toml";

/// Print which tests prove which rule of `tests/rules.toml`.
///
/// A test belongs to the rule whose id its name begins with: `sell_22_…` to SELL-22. It is a function under an attribute
/// `test`, or one that a macro is given to make tests of. Fails on a rule that is due and has no test, on a test that
/// names no rule, and on a function that is named after a rule and never run, unless the rule is open.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// One JSON object instead of the table.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    /// What the first part of the ids stands for.
    groups: BTreeMap<String, String>,
    rules: BTreeMap<String, Rule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    due: Due,
    text: String,
    /// What brings a rule that is not due yet.
    waits: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Due {
    Said(bool),
    Word(OpenWord),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum OpenWord {
    Open,
}

/// How a rule stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Standing {
    Proven,
    Open,
    Later,
}

/// One rule and its tests.
#[derive(Debug, Serialize)]
struct Line {
    rule: String,
    standing: Standing,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    waits: Option<String>,
    tests: Vec<String>,
    /// Functions of an open rule that no test runs yet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    written: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Report {
    rules: Vec<Line>,
    proven: usize,
    open: usize,
    later: usize,
}

/// Where names of rule tests stand in the sources, each with its first file.
#[derive(Debug, Default)]
struct Names {
    /// Functions under an attribute `test`, and names handed to a macro.
    run: BTreeMap<String, String>,
    /// Functions that are not under such an attribute.
    written: BTreeMap<String, String>,
}

impl Args {
    /// Reads the table and the sources, and prints what belongs together.
    pub(crate) fn run(&self, workspace: &Workspace) -> Outcome {
        let read = |path: &str| std::fs::read_to_string(workspace.root.join(path)).map_err(|e| Failures::one(format!("{path}: {e}")));
        let table = parse(&read(TABLE)?)?;
        let mut names = Names::default();
        for path in workspace.files()?.iter().filter(|p| p.ends_with(".rs")) {
            names.read(path, &RustText::new(&read(path)?), &table);
        }
        let (report, failures) = judge(table, &names);
        if self.json {
            println!("{}", serde_json::to_string_pretty(&report).map_err(|e| Failures::one(format!("rules: the report: {e}")))?);
        } else {
            print!("{}", shown(&report));
        }
        failures.into_outcome()
    }
}

fn parse(text: &str) -> Result<Table, Failures> {
    let table: Table = toml::from_str(text).map_err(|e| Failures::one(format!("{TABLE}: {}", e.to_string().replace('\n', " "))))?;
    let mut failures = Failures::default();
    for (id, rule) in &table.rules {
        let known = id.rsplit_once('-').is_some_and(|(group, number)| {
            table.groups.contains_key(group) && number.len() == 2 && number.chars().all(|c| c.is_ascii_digit())
        });
        if !known {
            failures.push(format!("{TABLE}: {id} is not the id of a rule: a group and two digits"));
        }
        match (&rule.due, &rule.waits) {
            (Due::Said(false), None) => failures.push(format!("{TABLE}: {id} is not due and does not say what it waits for")),
            (Due::Said(true) | Due::Word(_), Some(_)) => failures.push(format!("{TABLE}: {id} is due and waits for something")),
            _ => {}
        }
    }
    failures.into_outcome()?;
    Ok(table)
}

/// The group of a name `group_number_sentence`, in capitals, and the id that it names.
fn id_of(name: &str) -> Option<(String, String)> {
    let (group, rest) = name.split_once('_')?;
    let (number, sentence) = rest.split_once('_')?;
    let digits = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit());
    (digits && !sentence.is_empty()).then(|| (group.to_uppercase(), format!("{}-{number}", group.to_uppercase())))
}

impl Names {
    fn read(&mut self, path: &str, text: &RustText, table: &Table) {
        // Whether an attribute that makes a test stands before the next function.
        let mut test = false;
        for line in &text.code {
            let trimmed = line.trim();
            test |= trimmed.starts_with("#[test") || trimmed.starts_with("#[tokio::test");
            let mut before = "";
            for word in trimmed.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|w| !w.is_empty()) {
                let named = id_of(word).is_some_and(|(group, _)| table.groups.contains_key(&group) && word == word.to_lowercase());
                if named {
                    let written = before == "fn" && !test;
                    let into = if written { &mut self.written } else { &mut self.run };
                    into.entry(word.to_owned()).or_insert_with(|| path.to_owned());
                }
                if before == "fn" {
                    test = false;
                }
                before = word;
            }
        }
    }
}

fn judge(table: Table, names: &Names) -> (Report, Failures) {
    let mut failures = Failures::default();
    let mut tests: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, path) in &names.run {
        let Some((_, id)) = id_of(name) else { continue };
        if !table.rules.contains_key(&id) {
            failures.push(format!("{path}: {name} names no rule of {TABLE}"));
        }
        tests.entry(id).or_default().push(name.clone());
    }
    let run: BTreeSet<&String> = names.run.keys().collect();
    let is_open = |id: &String| table.rules.get(id).is_some_and(|rule| matches!(rule.due, Due::Word(OpenWord::Open)));
    let mut written: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, path) in names.written.iter().filter(|(name, _)| !run.contains(name)) {
        match id_of(name) {
            // It waits for what it tests.
            Some((_, id)) if is_open(&id) => written.entry(id).or_default().push(name.clone()),
            _ => failures.push(format!("{path}: {name} is named after a rule and no test runs it")),
        }
    }
    let mut report = Report { rules: Vec::new(), proven: 0, open: 0, later: 0 };
    for (id, rule) in table.rules {
        let tests = tests.remove(&id).unwrap_or_default();
        let written = written.remove(&id).unwrap_or_default();
        let standing = match rule.due {
            Due::Said(true) => Standing::Proven,
            Due::Word(OpenWord::Open) => Standing::Open,
            Due::Said(false) => Standing::Later,
        };
        match standing {
            Standing::Proven => report.proven += 1,
            Standing::Open => report.open += 1,
            Standing::Later => report.later += 1,
        }
        if standing == Standing::Proven && tests.is_empty() {
            failures.push(format!("{id} is due and no test is named after it: {}", rule.text));
        }
        report.rules.push(Line { rule: id, standing, text: rule.text, waits: rule.waits, tests, written });
    }
    (report, failures)
}

fn shown(report: &Report) -> String {
    let mut text = String::new();
    for line in &report.rules {
        let proof = match (line.standing, &line.waits) {
            (Standing::Later, Some(part)) => format!("later, with {part}"),
            (Standing::Open, _) if !line.tests.is_empty() => format!("OPEN, begun in {}", line.tests.join(", ")),
            (Standing::Open, _) if !line.written.is_empty() => format!("OPEN, written and not run: {}", line.written.join(", ")),
            (Standing::Open, _) => "OPEN".to_owned(),
            _ => line.tests.join(", "),
        };
        text.push_str(&format!("{:8} {proof}\n", line.rule));
    }
    let Report { rules, proven, open, later } = report;
    text.push_str(&format!("rules: {} in all, {proven} proven, {open} open, {later} later\n", rules.len()));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = r#"
        [groups]
        AB = "a product"
        [rules]
        AB-01 = { due = true, text = "one" }
        AB-02 = { due = true, text = "two" }
        AB-03 = { due = "open", text = "three" }
        AB-04 = { due = false, waits = "the fourth part", text = "four" }
    "#;

    fn found(source: &str) -> (String, Vec<String>) {
        let table = parse(RULES).unwrap();
        let mut names = Names::default();
        names.read("x.rs", &RustText::new(source), &table);
        let (report, failures) = judge(table, &names);
        (shown(&report), failures.0)
    }

    #[test]
    fn a_due_rule_without_a_test_and_a_test_without_a_rule_are_told() {
        let (shown, failures) = found("#[test]\nfn ab_01_is_so() {}\n#[tokio::test]\nasync fn ab_09_is_odd() {}\nfn other_01_x() {}");
        assert_eq!(failures, ["x.rs: ab_09_is_odd names no rule of tests/rules.toml", "AB-02 is due and no test is named after it: two"]);
        assert_eq!(
            shown,
            "AB-01    ab_01_is_so\nAB-02    \nAB-03    OPEN\nAB-04    later, with the fourth part\nrules: 4 in all, 2 proven, 1 open, 1 later\n"
        );
    }

    #[test]
    fn a_function_counts_when_a_macro_makes_a_test_of_it_and_is_told_when_none_does() {
        let (shown, failures) =
            found("pub fn ab_01_is_so() {}\nrun! { ab_01_is_so, ab_02_is_so }\npub fn ab_03_waits() {}\npub fn ab_04_lies_about() {}");
        assert_eq!(failures, ["x.rs: ab_04_lies_about is named after a rule and no test runs it"]);
        assert!(
            shown.starts_with("AB-01    ab_01_is_so\nAB-02    ab_02_is_so\nAB-03    OPEN, written and not run: ab_03_waits\n"),
            "{shown}"
        );
    }

    #[test]
    fn what_stands_in_comments_and_texts_is_no_test() {
        let (_, failures) = found("// ab_01_is_so, ab_02_is_so\nlet x = \"ab_01_is_so ab_02_is_so\";");
        assert_eq!(failures.len(), 2, "{failures:?}");
    }

    #[test]
    fn a_table_that_does_not_hold_together_is_refused() {
        for (from, to, says) in [
            ("AB-01 =", "AC-01 =", "AC-01 is not the id of a rule"),
            ("waits = \"the fourth part\", ", "", "does not say what it waits for"),
            ("due = true, text = \"one\"", "due = true, waits = \"x\", text = \"one\"", "is due and waits"),
            ("\"open\"", "\"opne\"", "tests/rules.toml"),
        ] {
            let error = parse(&RULES.replace(from, to)).unwrap_err();
            assert!(error.0.iter().any(|line| line.contains(says)), "{error:?}");
        }
    }
}
