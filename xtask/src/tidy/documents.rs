//! Documents: what README and ARCHITECTURE name is there, and what they must say is said.

use super::TextFile;

/// The only set-up there is.
const SETUP: &[&str] = &["cargo run --release --bin pimkit -- quickstart", "cargo test --workspace"];

/// Documents whose paths and crate names are checked.
const CHECKED: &[&str] = &["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"];

/// Folders at the root whose mention is a path.
const FOLDERS: &[&str] = &["crates/", "xtask/", "tests/", "fixtures/", ".ci/"];

/// One line for everything that is missing, or named and not there.
pub(super) fn check(files: &[TextFile], paths: &[String], crates: &[&str]) -> Vec<String> {
    let mut failures = Vec::new();
    let text_of = |path: &str| files.iter().find(|f| f.path == path).map(|f| f.text.as_str());
    for path in CHECKED {
        match text_of(path) {
            Some(text) => failures.extend(names(path, text, paths, crates)),
            None => failures.push(format!("{path}: missing")),
        }
    }
    if let Some(readme) = text_of("README.md") {
        let missing = SETUP.iter().filter(|command| !readme.contains(*command));
        failures.extend(missing.map(|command| format!("README.md: does not hold the command `{command}`")));
    }
    match text_of("CHANGELOG.md") {
        Some(text) if text.lines().any(|line| line.trim_end() == "## [Unreleased]") => {}
        Some(_) => failures.push("CHANGELOG.md: no section ## [Unreleased]".to_owned()),
        None => failures.push("CHANGELOG.md: missing".to_owned()),
    }
    failures
}

/// The back-ticked paths and crate names that do not exist.
fn names(document: &str, text: &str, paths: &[String], crates: &[&str]) -> Vec<String> {
    let mut failures = Vec::new();
    let mut fenced = false;
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            continue;
        }
        if fenced {
            continue;
        }
        // Between the back-ticks: every second part. A span over several lines is not a name.
        for span in line.split('`').skip(1).step_by(2) {
            let known = match kind(span) {
                Name::Path(path) => alternatives(path).iter().all(|p| exists(p, paths)),
                Name::Crate => crates.contains(&span),
                Name::Other => true,
            };
            if !known {
                failures.push(format!("{document}:{number}: `{span}` does not exist"));
            }
        }
    }
    failures
}

enum Name<'a> {
    Path(&'a str),
    Crate,
    Other,
}

fn kind(span: &str) -> Name<'_> {
    // A `<placeholder>` makes it the form of a path, not a path.
    if span.contains(char::is_whitespace) || span.contains('<') {
        return Name::Other;
    }
    let path = span.split_once(".rs:").map_or(span, |(_, line)| span.strip_suffix(&format!(":{line}")).unwrap_or(span));
    if path.ends_with(".rs") || FOLDERS.iter().any(|folder| path.starts_with(folder)) {
        return Name::Path(path);
    }
    let name = span
        .strip_prefix("pimkit-")
        .is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
    if name { Name::Crate } else { Name::Other }
}

/// `a/{b,c}/d` is `a/b/d` and `a/c/d`.
fn alternatives(path: &str) -> Vec<String> {
    let Some((head, rest)) = path.split_once('{') else { return vec![path.to_owned()] };
    let Some((inside, tail)) = rest.split_once('}') else { return vec![path.to_owned()] };
    inside.split(',').flat_map(|part| alternatives(&format!("{head}{}{tail}", part.trim()))).collect()
}

/// Whether a file or folder of this name is there: from the root, or (as in `src/lib.rs`) at the end of some path.
/// A `*` stands for any run of characters within one part.
fn exists(path: &str, paths: &[String]) -> bool {
    let wanted: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    let fits = |want: &str, have: &str| match want.split_once('*') {
        Some((head, tail)) => have.len() >= head.len() + tail.len() && have.starts_with(head) && have.ends_with(tail),
        None => want == have,
    };
    paths.iter().any(|have| {
        let have: Vec<&str> = have.split('/').collect();
        let same = |part: &[&str]| part.len() == wanted.len() && wanted.iter().zip(part).all(|(w, h)| fits(w, h));
        let from_root = have.get(..wanted.len()).is_some_and(same);
        let at_end = have.len().checked_sub(wanted.len()).and_then(|start| have.get(start..)).is_some_and(same);
        from_root || at_end
    })
}

#[cfg(test)]
mod tests {
    use super::super::file;
    use super::*;

    fn paths() -> Vec<String> {
        ["crates/core/src/lib.rs", "crates/core/src/record/contact.rs", "crates/connectors/vdir/src/lib.rs", ".ci/run"]
            .map(str::to_owned)
            .to_vec()
    }

    #[test]
    fn a_name_that_exists_passes_and_another_is_told_with_its_line() {
        for (span, good) in [
            ("crates/core/src/lib.rs", true),
            ("crates/core/src/lib.rs:12", true),
            ("crates/core/", true),
            ("crates/core", true),
            ("crates/connectors/*/src/lib.rs", true),
            ("crates/connectors/<name>/src/lib.rs", true),
            ("fixtures/<connector>/<case>/", true),
            ("crates/core/src/record/*.rs", true),
            ("crates/{core,connectors}/", true),
            ("record/contact.rs", true),
            ("contact.rs", true),
            (".ci/run", true),
            ("pimkit-core", true),
            ("pimkit", true),
            ("cargo test", true),
            ("Repository", true),
            ("crates/core/src/gone.rs", false),
            ("crates/{core,gone}/", false),
            ("crates/gone/", false),
            ("tact.rs", false),
            (".ci/gone", false),
            ("pimkit-gone", false),
        ] {
            let failures = names("README.md", &format!("one\nsee `{span}` and `x`\n"), &paths(), &["pimkit-core", "pimkit"]);
            let expected = if good { vec![] } else { vec![format!("README.md:2: `{span}` does not exist")] };
            assert_eq!(failures, expected);
        }
    }

    #[test]
    fn what_stands_in_a_fenced_block_is_not_a_name() {
        assert_eq!(names("README.md", "```\n`crates/gone`\n```\n", &paths(), &[]), Vec::<String>::new());
    }

    #[test]
    fn missing_documents_commands_and_sections_are_told() {
        let failures = check(&[file("README.md", "cargo test --workspace"), file("CHANGELOG.md", "# Changelog\n")], &paths(), &[]);
        assert_eq!(
            failures,
            [
                "ARCHITECTURE.md: missing",
                "CONTRIBUTING.md: missing",
                "README.md: does not hold the command `cargo run --release --bin pimkit -- quickstart`",
                "CHANGELOG.md: no section ## [Unreleased]",
            ]
        );
    }
}
