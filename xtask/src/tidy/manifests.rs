//! Manifests: what all members share is said once, in the root; a library asks for nothing that was not asked of it.

use std::collections::BTreeSet;

use toml::Value;

use crate::outcome::Failures;
use crate::process;
use crate::workspace::{Package, Workspace};

/// Keys of `[package]` that every member takes from the root.
const INHERITED: &[&str] = &["version", "edition", "rust-version", "license", "repository", "authors"];

/// Libraries that are a store in SQLite, so that it is no surprise there.
const SQLITE_STORES: &[&str] = &["pimkit-local", "pimkit-state-sqlite"];

/// One line for every crate that is not a member, and for every member that goes its own way.
pub(super) fn check(workspace: &Workspace, paths: &[String]) -> Result<Vec<String>, Failures> {
    let mut failures = strangers(paths, |path| workspace.members().iter().any(|p| p.manifest_path == workspace.root.join(path)));
    for package in workspace.members() {
        let path = package.manifest_path.strip_prefix(&workspace.root).unwrap_or(&package.manifest_path).display().to_string();
        let text = std::fs::read_to_string(&package.manifest_path).map_err(|e| Failures::one(format!("{path}: cannot be read: {e}")))?;
        let manifest: Value = toml::from_str(&text).map_err(|e| Failures::one(format!("{path}: {}", e.message())))?;
        failures.extend(inherited(&manifest).into_iter().map(|line| format!("{path}: {line}")));
        if package.is_library() && package.is_published() {
            failures.extend(no_default(package).map(|line| format!("{path}: {line}")));
            failures.extend(no_sqlite(workspace, package).map_err(Failures::one)?);
        }
    }
    Ok(failures)
}

/// Manifests below the root that the workspace does not know: cargo builds and tests them with nobody.
fn strangers(paths: &[String], is_member: impl Fn(&str) -> bool) -> Vec<String> {
    let manifests = paths.iter().filter(|path| path.ends_with("/Cargo.toml") && !is_member(path));
    manifests.map(|path| format!("{path}: not a member; name its folder in [workspace] members of the root manifest")).collect()
}

/// What a member's manifest says itself though the root says it.
fn inherited(manifest: &Value) -> Vec<String> {
    let from_root = |value: Option<&Value>| value.and_then(|v| v.get("workspace")).and_then(Value::as_bool) == Some(true);
    let mut failures = Vec::new();
    let package = manifest.get("package");
    for key in INHERITED {
        if !from_root(package.and_then(|p| p.get(key))) {
            failures.push(format!("[package] must have {key}.workspace = true"));
        }
    }
    if package.and_then(|p| p.get("description")).and_then(Value::as_str).is_none_or(str::is_empty) {
        failures.push("[package] has no description".to_owned());
    }
    if !from_root(manifest.get("lints")) {
        failures.push("[lints] must have workspace = true".to_owned());
    }
    for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
        let targets = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(|t| t.values());
        let tables = std::iter::once(manifest).chain(targets).filter_map(|m| m.get(table)).filter_map(Value::as_table);
        for (name, _) in tables.flatten().filter(|(_, value)| !from_root(Some(value))) {
            failures.push(format!("[{table}] {name} must take its version from the workspace"));
        }
    }
    failures
}

fn no_default(package: &Package) -> Option<String> {
    let default = package.features.get("default")?;
    (!default.is_empty()).then(|| format!("[features] default must be empty, it is {default:?}"))
}

/// What the library builds when a host asks for nothing but the library, as cargo resolves it.
fn no_sqlite(workspace: &Workspace, package: &Package) -> Result<Option<String>, String> {
    if SQLITE_STORES.contains(&package.name.as_str()) {
        return Ok(None);
    }
    let mut command = process::cargo(&workspace.root, ["tree", "--package", &package.name, "--edges", "normal", "--prefix", "none"]);
    let finished = process::capture(&mut command)?;
    process::ended(&command, finished.status)?;
    let names: BTreeSet<&str> = finished.stdout.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let found = ["rusqlite", "libsqlite3-sys"].into_iter().find(|name| names.contains(name));
    Ok(found.map(|name| format!("{}: brings {name} by default; SQLite is a host's choice", package.name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        [package]
        name = "x"
        description = "X."
        version.workspace = true
        edition.workspace = true
        rust-version.workspace = true
        license.workspace = true
        repository.workspace = true
        authors.workspace = true
        [lints]
        workspace = true
        [dependencies]
        serde.workspace = true
        tokio = { workspace = true, features = ["rt"] }
    "#;

    #[test]
    fn a_crate_that_the_workspace_does_not_know_is_told() {
        let paths = ["Cargo.toml", "crates/a/Cargo.toml", "crates/b/Cargo.toml"].map(str::to_owned);
        let found = strangers(&paths, |path| path == "crates/a/Cargo.toml");
        assert_eq!(found, ["crates/b/Cargo.toml: not a member; name its folder in [workspace] members of the root manifest"]);
    }

    #[test]
    fn a_member_that_inherits_everything_is_good() {
        assert_eq!(inherited(&toml::from_str(GOOD).unwrap()), Vec::<String>::new());
    }

    #[test]
    fn what_a_member_says_itself_is_named() {
        for (from, to, expected) in [
            ("edition.workspace = true", "edition = \"2021\"", "[package] must have edition.workspace = true"),
            ("license.workspace = true", "", "[package] must have license.workspace = true"),
            ("description = \"X.\"", "", "[package] has no description"),
            ("[lints]\n        workspace = true", "", "[lints] must have workspace = true"),
            ("serde.workspace = true", "serde = \"1\"", "[dependencies] serde must take its version from the workspace"),
            (
                "[dependencies]",
                "[target.'cfg(unix)'.dev-dependencies]\nlibc = \"0.2\"\n[dependencies]",
                "[dev-dependencies] libc must take its version from the workspace",
            ),
        ] {
            let manifest = GOOD.replace(from, to);
            assert_ne!(manifest, GOOD, "{from}");
            assert_eq!(inherited(&toml::from_str(&manifest).unwrap()), [expected]);
        }
    }
}
