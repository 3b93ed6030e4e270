//! `tidy`: the rules of the house that neither the compiler nor clippy checks.

mod documents;
mod edges;
mod licences;
mod machine;
mod manifests;
pub(crate) mod rust_text;
mod sources;

use crate::outcome::{Failures, Outcome};
use crate::workspace::Workspace;

/// The rules of the house: crate edges, licences, sources, documents.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// A text file of the project.
#[derive(Debug)]
struct TextFile {
    /// Relative to the root, with `/`.
    path: String,
    text: String,
}

impl Args {
    /// Runs every check and gathers what they find.
    pub(crate) fn run(&self, workspace: &Workspace) -> Outcome {
        let paths = workspace.files()?;
        let files = read(workspace, &paths)?;
        let mut failures = Failures::default();
        failures.extend(edges::check(&workspace.members()));
        failures.extend(licences::check(&workspace.foreign()));
        failures.extend(manifests::check(workspace, &paths)?);
        let (broken, long) = sources::check(&files);
        for line in long {
            println!("warning: {line}");
        }
        failures.extend(broken);
        let names: Vec<&str> = workspace.members().iter().map(|p| p.name.as_str()).collect();
        failures.extend(documents::check(&files, &paths, &names));
        failures.extend(machine::check(&files));
        if failures.0.is_empty() {
            println!("tidy: {} files, {} crates of ours and {} of others hold", paths.len(), names.len(), workspace.foreign().len());
        }
        failures.into_outcome()
    }
}

/// The files that are text; others (pictures, databases) are left out.
fn read(workspace: &Workspace, paths: &[String]) -> Result<Vec<TextFile>, Failures> {
    let mut files = Vec::new();
    for path in paths {
        let bytes = std::fs::read(workspace.root.join(path)).map_err(|e| Failures::one(format!("{path}: cannot be read: {e}")))?;
        if let Ok(text) = String::from_utf8(bytes)
            && !text.contains('\0')
        {
            files.push(TextFile { path: path.clone(), text });
        }
    }
    Ok(files)
}

#[cfg(test)]
fn file(path: &str, text: &str) -> TextFile {
    TextFile { path: path.to_owned(), text: text.to_owned() }
}
