//! The workspace as `cargo metadata` tells it, and the files that belong to it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::outcome::Failures;
use crate::process;

/// The workspace: its root, its packages, and every package that they build on.
#[derive(Debug, Deserialize)]
pub(crate) struct Workspace {
    /// The folder of the root manifest.
    #[serde(rename = "workspace_root")]
    pub(crate) root: PathBuf,
    packages: Vec<Package>,
    workspace_members: BTreeSet<String>,
    resolve: Resolve,
}

/// One package, ours or another's.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Package {
    /// Cargo's opaque id.
    pub(crate) id: String,
    /// The name as in the manifest.
    pub(crate) name: String,
    /// The version.
    pub(crate) version: String,
    /// The licence expression, when the manifest has one.
    pub(crate) license: Option<String>,
    /// The licence file, for packages that name a file and no expression.
    pub(crate) license_file: Option<String>,
    /// The manifest.
    pub(crate) manifest_path: PathBuf,
    /// The features and what each switches on.
    pub(crate) features: BTreeMap<String, Vec<String>>,
    /// What the manifest asks for, of every kind.
    pub(crate) dependencies: Vec<Dependency>,
    /// What is built from it.
    pub(crate) targets: Vec<Target>,
    /// `Some([])` for a package that is never published.
    pub(crate) publish: Option<Vec<String>>,
}

/// One line of a `[dependencies]` table.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Dependency {
    /// The package's name.
    pub(crate) name: String,
    /// What it is needed for.
    #[serde(default)]
    pub(crate) kind: Option<DependencyKind>,
}

/// What a dependency is needed for; cargo writes nothing for a normal one.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DependencyKind {
    /// Tests, examples and benches.
    Dev,
    /// The build script.
    Build,
}

/// One thing that is built from a package.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Target {
    /// `lib`, `bin`, `test`, …
    pub(crate) kind: Vec<String>,
    /// Its name.
    pub(crate) name: String,
}

#[derive(Debug, Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
struct Node {
    id: String,
    deps: Vec<NodeDependency>,
}

#[derive(Debug, Deserialize)]
struct NodeDependency {
    pkg: String,
    dep_kinds: Vec<NodeDependencyKind>,
}

#[derive(Debug, Deserialize)]
struct NodeDependencyKind {
    kind: Option<DependencyKind>,
}

impl Package {
    /// Whether others can depend on it.
    pub(crate) fn is_library(&self) -> bool {
        self.targets.iter().any(|t| t.kind.iter().any(|k| k == "lib" || k == "proc-macro"))
    }

    /// Whether it goes to the registry.
    pub(crate) fn is_published(&self) -> bool {
        self.publish.as_ref().is_none_or(|registries| !registries.is_empty())
    }
}

impl Workspace {
    /// Asks cargo, with every feature on, so that optional dependencies are seen too.
    pub(crate) fn load() -> Result<Self, Failures> {
        // At run time the current folder may be anywhere in the workspace; cargo finds the root from there.
        let mut command = process::cargo(Path::new("."), ["metadata", "--format-version", "1", "--all-features"]);
        let finished = process::capture(&mut command).map_err(Failures::one)?;
        if !finished.status.success() {
            return Err(Failures::one(format!("cargo metadata: {}", one_line(&finished.stderr))));
        }
        Self::parse(&finished.stdout).map_err(|e| Failures::one(format!("cargo metadata: its answer cannot be read: {e}")))
    }

    /// Reads what `cargo metadata --format-version 1` prints.
    pub(crate) fn parse(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }

    /// Our own packages, by name.
    pub(crate) fn members(&self) -> Vec<&Package> {
        let mut members: Vec<_> = self.packages.iter().filter(|p| self.workspace_members.contains(&p.id)).collect();
        members.sort_by(|a, b| a.name.cmp(&b.name));
        members
    }

    /// The packages of others that end up in what we build: over normal and build dependencies, of every feature and
    /// platform, from the members that are published.
    pub(crate) fn foreign(&self) -> Vec<&Package> {
        let nodes: BTreeMap<&str, &Node> = self.resolve.nodes.iter().map(|n| (n.id.as_str(), n)).collect();
        let mut seen = BTreeSet::new();
        let mut open: Vec<&str> = self.members().iter().filter(|p| p.is_published()).map(|p| p.id.as_str()).collect();
        while let Some(id) = open.pop() {
            if !seen.insert(id) {
                continue;
            }
            let Some(node) = nodes.get(id) else { continue };
            let kept = node.deps.iter().filter(|d| d.dep_kinds.iter().any(|k| k.kind != Some(DependencyKind::Dev)));
            open.extend(kept.map(|d| d.pkg.as_str()));
        }
        let mut foreign: Vec<_> =
            self.packages.iter().filter(|p| seen.contains(p.id.as_str()) && !self.workspace_members.contains(&p.id)).collect();
        foreign.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
        foreign
    }

    /// The files of the project, relative to the root and sorted: what git knows or would take, else (no git, or a
    /// checkout that git does not trust) everything outside of `target`.
    pub(crate) fn files(&self) -> Result<Vec<String>, Failures> {
        let mut git = std::process::Command::new("git");
        git.args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"]).current_dir(&self.root);
        let mut files = match process::capture(&mut git) {
            Ok(finished) if finished.status.success() => {
                let listed = finished.stdout.split('\0').filter(|f| !f.is_empty());
                // A file that was removed but not yet committed is still in git's list.
                listed.filter(|f| self.root.join(f).is_file()).map(str::to_owned).collect()
            }
            _ => walk(&self.root)?,
        };
        files.sort();
        files.dedup();
        Ok(files)
    }
}

/// Every file below a folder, without `target` and `.git`, relative to it.
fn walk(root: &Path) -> Result<Vec<String>, Failures> {
    let mut files = Vec::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(folder) = open.pop() {
        let failed = |e: std::io::Error| Failures::one(format!("{}: cannot be listed: {e}", folder.display()));
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let kind = entry.file_type().map_err(failed)?;
            let path = entry.path();
            if kind.is_dir() {
                if !["target", ".git"].iter().any(|skipped| entry.file_name() == *skipped) {
                    open.push(path);
                }
            } else if kind.is_file()
                && let Ok(relative) = path.strip_prefix(root)
            {
                files.push(relative.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    Ok(files)
}

/// What a program said, on one line: its first error, else its last words.
fn one_line(stderr: &str) -> String {
    let mut lines = stderr.lines().filter(|l| !l.trim().is_empty());
    let error = lines.clone().find(|l| l.starts_with("error"));
    error.or_else(|| lines.next_back()).unwrap_or("no reason given").trim().to_owned()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A published member `a` with a normal, a build and a dev dependency, and an unpublished member `b`.
    pub(crate) const METADATA: &str = r#"{
        "workspace_root": "/w",
        "workspace_members": ["a#1", "b#1"],
        "packages": [
            {"id": "a#1", "name": "a", "version": "1.0.0", "license": "MIT", "license_file": null, "manifest_path": "/w/a/Cargo.toml",
             "features": {}, "publish": null, "targets": [{"kind": ["lib"], "name": "a"}],
             "dependencies": [{"name": "normal", "kind": null}, {"name": "built", "kind": "build"}, {"name": "tested", "kind": "dev"}]},
            {"id": "b#1", "name": "b", "version": "1.0.0", "license": "MIT", "license_file": null, "manifest_path": "/w/b/Cargo.toml",
             "features": {}, "publish": [], "targets": [{"kind": ["bin"], "name": "b"}], "dependencies": [{"name": "chore", "kind": null}]},
            {"id": "normal#1", "name": "normal", "version": "1.0.0", "license": "MIT", "license_file": null, "manifest_path": "/r/normal/Cargo.toml",
             "features": {}, "publish": null, "targets": [], "dependencies": []},
            {"id": "built#1", "name": "built", "version": "1.0.0", "license": "MIT", "license_file": null, "manifest_path": "/r/built/Cargo.toml",
             "features": {}, "publish": null, "targets": [], "dependencies": []},
            {"id": "tested#1", "name": "tested", "version": "1.0.0", "license": "MIT", "license_file": null, "manifest_path": "/r/tested/Cargo.toml",
             "features": {}, "publish": null, "targets": [], "dependencies": []},
            {"id": "chore#1", "name": "chore", "version": "1.0.0", "license": "MIT", "license_file": null, "manifest_path": "/r/chore/Cargo.toml",
             "features": {}, "publish": null, "targets": [], "dependencies": []}
        ],
        "resolve": {"nodes": [
            {"id": "a#1", "deps": [
                {"pkg": "normal#1", "dep_kinds": [{"kind": null}]},
                {"pkg": "built#1", "dep_kinds": [{"kind": "build"}]},
                {"pkg": "tested#1", "dep_kinds": [{"kind": "dev"}]}]},
            {"id": "b#1", "deps": [{"pkg": "chore#1", "dep_kinds": [{"kind": null}]}]},
            {"id": "normal#1", "deps": []}, {"id": "built#1", "deps": []}, {"id": "tested#1", "deps": []}, {"id": "chore#1", "deps": []}
        ]}
    }"#;

    #[test]
    fn what_we_ship_is_followed_over_normal_and_build_dependencies_only() {
        let workspace = Workspace::parse(METADATA).unwrap();
        let names: Vec<_> = workspace.foreign().iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["built", "normal"]);
        let members: Vec<_> = workspace.members().iter().map(|p| (p.name.as_str(), p.is_library(), p.is_published())).collect();
        assert_eq!(members, [("a", true, true), ("b", false, false)]);
    }

    #[test]
    fn a_walk_leaves_out_what_cargo_and_git_made() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["a.txt", "src/b.rs", "target/c.rs", ".git/d"] {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let mut files = walk(folder.path()).unwrap();
        files.sort();
        assert_eq!(files, ["a.txt", "src/b.rs"]);
    }

    #[test]
    fn the_first_error_is_the_line_that_is_shown() {
        assert_eq!(one_line("    Updating index\nerror: no such thing\n\nCaused by:\n  x\n"), "error: no such thing");
        assert_eq!(one_line("\n"), "no reason given");
    }
}
