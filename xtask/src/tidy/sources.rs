//! Sources: headers, length, nothing unfinished, nothing that panics on purpose, no test left out without a reason.

use std::collections::BTreeSet;

use super::TextFile;
use super::rust_text::{RustText, has_word};

/// Above this, a file is named as long.
const LONG: usize = 400;
/// Above this, a file is too long.
const TOO_LONG: usize = 600;

/// Files that may be longer, and why: tables of data that nobody reads from top to bottom.
const MAY_BE_LONG: &[(&str, &str)] = &[];

/// Macros that stand for code that is not there, or for somebody looking for a bug.
const UNFINISHED: &[&str] = &["todo!", "unimplemented!", "dbg!"];
/// Words that stand for work that is not done; assembled so that this file does not hold them itself.
const UNDONE: &[&str] = &[concat!("FIX", "ME"), concat!("XX", "X"), concat!("TO", "DO:")];
/// Lints that keep a library from panicking.
const PANICKING: &[&str] =
    &["unwrap_used", "expect_used", "indexing_slicing", "clippy::panic", "clippy::todo", "clippy::unimplemented", "clippy::unreachable"];

/// What is broken, and which files are long.
pub(super) fn check(files: &[TextFile]) -> (Vec<String>, Vec<String>) {
    let (mut broken, mut long) = (Vec::new(), Vec::new());
    let sources: Vec<(&TextFile, RustText)> =
        files.iter().filter(|f| f.path.ends_with(".rs")).map(|f| (f, RustText::new(&f.text))).collect();
    let test_files = test_files(&sources);
    for (file, text) in &sources {
        let in_src = file.path.split('/').any(|part| part == "src");
        if in_src && !file.text.starts_with("//!") {
            broken.push(format!("{}:1: the file must begin with a //! header that says what it is", file.path));
        }
        match length(file) {
            Ok(None) => {}
            Ok(Some(line)) => long.push(line),
            Err(line) => broken.push(line),
        }
        broken.extend(ignored_without_reason(file, text));
        broken.extend(undone(file, text));
        let library = in_src && file.path.starts_with("crates/") && !test_files.contains(&file.path);
        if library {
            broken.extend(unfinished(file, text));
            broken.extend(allowed_to_panic(file, text));
        }
    }
    (broken, long)
}

/// The files that exist only for tests: `tests.rs` and the like, declared under `#[cfg(test)]`, and all below them.
fn test_files(sources: &[(&TextFile, RustText)]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (file, text) in sources {
        let folder = children_of(&file.path);
        for module in &text.test_modules {
            let inside = format!("{folder}{module}/");
            let own = format!("{folder}{module}.rs");
            found.extend(sources.iter().map(|(f, _)| &f.path).filter(|path| **path == own || path.starts_with(&inside)).cloned());
        }
    }
    found
}

/// The folder, with a `/` at its end, in which the files of a file's own modules lie.
fn children_of(path: &str) -> String {
    let (folder, name) = path.rsplit_once('/').map_or(("", path), |(folder, name)| (folder, name));
    match name {
        "lib.rs" | "main.rs" | "mod.rs" => format!("{folder}/"),
        _ => format!("{folder}/{}/", name.trim_end_matches(".rs")),
    }
}

fn length(file: &TextFile) -> Result<Option<String>, String> {
    let lines = file.text.lines().count();
    if lines <= LONG || MAY_BE_LONG.iter().any(|(path, _)| file.path == *path) {
        Ok(None)
    } else if lines <= TOO_LONG {
        Ok(Some(format!("{}: {lines} lines, above {LONG}", file.path)))
    } else {
        Err(format!("{}: {lines} lines, above {TOO_LONG}; split it, or give the reason in xtask/src/tidy/sources.rs", file.path))
    }
}

fn ignored_without_reason(file: &TextFile, text: &RustText) -> Vec<String> {
    let mut found = Vec::new();
    for (number, (code, line)) in (1..).zip(text.code.iter().zip(file.text.lines())) {
        if !code.contains("#[ignore") {
            continue;
        }
        let reason = line.split_once("#[ignore").and_then(|(_, rest)| rest.split_once('"')).and_then(|(_, rest)| rest.split_once('"'));
        if reason.is_none_or(|(reason, _)| reason.trim().is_empty()) {
            found.push(format!("{}:{number}: #[ignore] must say why: #[ignore = \"…\"]", file.path));
        }
    }
    found
}

fn undone(file: &TextFile, text: &RustText) -> Vec<String> {
    let mut found = Vec::new();
    for (number, comment) in (1..).zip(&text.comments) {
        if let Some(word) = UNDONE.iter().find(|word| has_word(comment, word)) {
            found.push(format!("{}:{number}: {word} in a comment; do it, or file it as an issue", file.path));
        }
    }
    found
}

fn unfinished(file: &TextFile, text: &RustText) -> Vec<String> {
    let mut found = Vec::new();
    for (number, (code, test)) in (1..).zip(text.code.iter().zip(&text.test)) {
        if let Some(name) = UNFINISHED.iter().find(|name| !test && has_word(code, name)) {
            found.push(format!("{}:{number}: {name} in library code", file.path));
        }
    }
    found
}

/// A whole file may not switch off what keeps it from panicking; one item may, when it says why that cannot happen.
fn allowed_to_panic(file: &TextFile, text: &RustText) -> Vec<String> {
    let code = text.code.join("\n");
    let mut found = Vec::new();
    for opening in ["#![allow(", "#![expect(", "#[allow(", "#[expect("] {
        for (at, _) in code.match_indices(opening) {
            let attribute = code.get(at..).and_then(|rest| rest.split_once(']')).map_or("", |(attribute, _)| attribute);
            let line = code.get(..at).unwrap_or_default().matches('\n').count();
            let in_test = text.test.get(line).copied().unwrap_or_default();
            let Some(lint) = PANICKING.iter().find(|lint| has_word(attribute, lint)) else { continue };
            let whole = opening.starts_with("#!");
            if !in_test && (whole || !attribute.contains("reason")) {
                let why = if whole { "for a whole file outside of tests" } else { "without a reason" };
                found.push(format!("{}:{}: allows {lint} {why}", file.path, line + 1));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::file;
    use super::*;

    fn broken(files: &[TextFile]) -> Vec<String> {
        check(files).0
    }

    #[test]
    fn a_finished_file_passes() {
        let text = "//! What it is.\n\nfn f() { g(\"todo!()\"); } // reads a VTODO\n\n#[cfg(test)]\nmod tests {\n    #[ignore = \"needs a server\"]\n    fn t() { todo!() }\n}\n";
        assert_eq!(check(&[file("crates/core/src/a.rs", text)]), (Vec::new(), Vec::new()));
    }

    #[test]
    fn what_is_unfinished_is_found_with_its_line() {
        for (text, expected) in [
            ("fn f() {}", "a.rs:1: the file must begin with a //! header that says what it is"),
            ("//! A.\nfn f() { todo!() }", "a.rs:2: todo! in library code"),
            ("//! A.\nfn f() { dbg!(1); }", "a.rs:2: dbg! in library code"),
            ("//! A.\n#[ignore]\nfn f() {}", "a.rs:2: #[ignore] must say why: #[ignore = \"…\"]"),
            ("//! A.\n#[ignore = \" \"]\nfn f() {}", "a.rs:2: #[ignore] must say why: #[ignore = \"…\"]"),
            ("//! A.\n#![allow(clippy::unwrap_used)]", "a.rs:2: allows unwrap_used for a whole file outside of tests"),
            ("//! A.\n\n#[allow(\n    clippy::panic\n)]\nfn f() {}", "a.rs:3: allows clippy::panic without a reason"),
        ] {
            assert_eq!(broken(&[file("crates/core/src/a.rs", text)]), [format!("crates/core/src/{expected}")], "{text}");
        }
        for word in UNDONE {
            let text = format!("//! A.\n// {word} later\n");
            assert_eq!(broken(&[file("crates/core/src/a.rs", &text)]).len(), 1, "{word}");
        }
    }

    #[test]
    fn one_item_may_allow_a_panic_that_cannot_happen_when_it_says_why() {
        let text = "//! A.\n#[allow(clippy::indexing_slicing, reason = \"the index is below the length\")]\nfn f() {}\n";
        assert_eq!(broken(&[file("crates/core/src/a.rs", text)]), Vec::<String>::new());
    }

    #[test]
    fn tests_may_panic_wherever_they_lie() {
        let allow = "//! Tests.\n#![allow(clippy::unwrap_used)]\nfn t() { todo!() }\n";
        let files = [
            file("crates/core/src/lib.rs", "//! L.\n#[cfg(test)]\nmod tests;\nmod a;\n"),
            file("crates/core/src/tests.rs", allow),
            file("crates/core/src/tests/deep.rs", allow),
            file("crates/core/src/a.rs", "//! A.\n#[cfg(test)]\nmod laws;\n"),
            file("crates/core/src/a/laws.rs", allow),
            file("crates/core/tests/whole.rs", "#![allow(clippy::unwrap_used)]\n"),
        ];
        assert_eq!(broken(&files), Vec::<String>::new());
    }

    #[test]
    fn a_long_file_is_named_and_a_longer_one_is_refused() {
        let of = |lines: usize| format!("//! L.\n{}", "// x\n".repeat(lines - 1));
        let (broken, long) =
            check(&[file("crates/a/src/a.rs", &of(400)), file("crates/a/src/b.rs", &of(600)), file("crates/a/src/c.rs", &of(601))]);
        assert_eq!(long, ["crates/a/src/b.rs: 600 lines, above 400"]);
        assert_eq!(broken.len(), 1);
        assert!(broken.first().unwrap().starts_with("crates/a/src/c.rs: 601 lines, above 600"));
    }
}
