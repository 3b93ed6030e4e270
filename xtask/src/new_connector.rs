//! `new-connector`: the skeleton of a connector, as DAV and Microsoft Graph have it in common.
//!
//! It compiles, opens an account, has one road to the network and nothing else, and its tests say so. What comes next is in
//! CONTRIBUTING.md.

use std::fs;
use std::path::Path;

use crate::outcome::{Failures, Outcome};
use crate::process;
use crate::workspace::Workspace;

/// Make the skeleton of a connector in `crates/connectors/NAME/`, and name it in the root manifest and in the table of edges.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What it is called: one word in small letters and digits.
    name: String,
    /// Look at it afterwards as `ci` would: clippy, its tests, `tidy`.
    #[arg(long)]
    check: bool,
}

/// The name that the skeleton has, which every file is written with.
const NAME: &str = "skeleton";
const TYPE: &str = "Skeleton";

/// The skeleton's files, below the connector's folder.
const FILES: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("new_connector/skeleton/manifest.toml")),
    ("src/lib.rs", include_str!("new_connector/skeleton/src/lib.rs")),
    ("src/config.rs", include_str!("new_connector/skeleton/src/config.rs")),
    ("src/connector.rs", include_str!("new_connector/skeleton/src/connector.rs")),
    ("src/cursor.rs", include_str!("new_connector/skeleton/src/cursor.rs")),
    ("src/error.rs", include_str!("new_connector/skeleton/src/error.rs")),
    ("src/quirks.rs", include_str!("new_connector/skeleton/src/quirks.rs")),
    ("src/session.rs", include_str!("new_connector/skeleton/src/session.rs")),
    ("tests/common/mod.rs", include_str!("new_connector/skeleton/tests/common/mod.rs")),
    ("tests/contract.rs", include_str!("new_connector/skeleton/tests/contract.rs")),
    ("tests/replay.rs", include_str!("new_connector/skeleton/tests/replay.rs")),
];

/// What is left to whoever made it.
const NEXT: &str = "\
Next (CONTRIBUTING.md, \"Add a connector\"):
  calls/    a file per resource: requests built and answers read, without sending anything
  mapping/  a file per kind, with what becomes of each field
  one file per kind in src/, with its line in KINDS; then a floor and `suite::run` in tests/contract.rs
  discovery.rs, when where things are has to be found out
  a stand-in in crates/simulators, scenarios and fixtures/, the facade's registry, the code map of ARCHITECTURE.md";

impl Args {
    /// Makes it.
    pub(crate) fn run(&self, workspace: &Workspace) -> Outcome {
        let fail = |why: String| Failures::one(format!("new-connector: {why}"));
        make(&workspace.root, &self.name).map_err(fail)?;
        let package = format!("pimkit-{}", self.name);
        // Lines are as long as the name is.
        cargo(workspace, &["fmt", "--package", &package]).map_err(fail)?;
        println!("made crates/connectors/{}", self.name);
        if self.check {
            let clippy = ["clippy", "--package", &package, "--all-targets", "--all-features", "--", "-D", "warnings"];
            cargo(workspace, &clippy).map_err(fail)?;
            cargo(workspace, &["test", "--package", &package]).map_err(fail)?;
            // The table of edges is another one now, and with it this program.
            cargo(workspace, &["xtask", "tidy"]).map_err(fail)?;
        }
        println!("{NEXT}");
        Ok(())
    }
}

fn cargo(workspace: &Workspace, args: &[&str]) -> Result<(), String> {
    process::run(&mut process::cargo(&workspace.root, args.iter().copied()))
}

/// Writes the files, and names the connector where it must be named.
fn make(root: &Path, name: &str) -> Result<(), String> {
    let is_word = name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    if !is_word || name == NAME {
        return Err("the name must be one word in small letters and digits, that begins with a letter".to_owned());
    }
    let folder = root.join("crates/connectors").join(name);
    if folder.exists() {
        return Err(format!("crates/connectors/{name} is there already"));
    }
    let (manifest, edges) = (root.join("Cargo.toml"), root.join("xtask/src/tidy/edges.rs"));
    // Both are read before anything is written.
    let named = member(&read(&manifest)?, name)?;
    let row = edge(&read(&edges)?, name)?;
    for (file, text) in FILES {
        let path = folder.join(file);
        let parent = path.parent().unwrap_or(&folder);
        fs::create_dir_all(parent).map_err(|e| format!("{}: {e}", parent.display()))?;
        write(&path, &called(text, name))?;
    }
    write(&manifest, &named)?;
    write(&edges, &row)
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))
}

/// A text of the skeleton for a connector of this name.
fn called(text: &str, name: &str) -> String {
    let (first, rest) = name.split_at(1);
    text.replace(TYPE, &format!("{}{rest}", first.to_ascii_uppercase())).replace(NAME, name)
}

/// The root manifest with one more member, and one more dependency to share.
fn member(manifest: &str, name: &str) -> Result<String, String> {
    let (mut lines, folder) = (Vec::new(), format!("crates/connectors/{name}"));
    let dependency = format!("pimkit-{name} = {{ path = \"{folder}\", version = \"0.1.0\" }}");
    let (mut in_members, mut in_dependencies) = (false, false);
    for line in manifest.lines() {
        if let Some(members) = line.strip_prefix("members = [").and_then(|rest| rest.strip_suffix(']')) {
            let mut members: Vec<&str> = members.split(", ").map(|member| member.trim_matches('"')).collect();
            let behind = members.iter().rposition(|member| member.starts_with("crates/") && *member < folder.as_str());
            members.insert(behind.map_or(0, |at| at + 1), &folder);
            let quoted: Vec<String> = members.iter().map(|member| format!("\"{member}\"")).collect();
            lines.push(format!("members = [{}]", quoted.join(", ")));
            in_members = true;
            continue;
        }
        // The list of ours ends with an empty line.
        let is_ours = line.starts_with("pimkit-");
        if !in_dependencies && lines.last().is_some_and(|last| last.starts_with("pimkit")) && (!is_ours || line > dependency.as_str()) {
            lines.push(dependency.clone());
            in_dependencies = true;
        }
        lines.push(line.to_owned());
    }
    if in_members && in_dependencies {
        Ok(lines.join("\n") + "\n")
    } else {
        Err("Cargo.toml: there is no list of members on one line, or none of our own dependencies".to_owned())
    }
}

/// The table of edges with a row for the connector, where it has none.
fn edge(table: &str, name: &str) -> Result<String, String> {
    if table.contains(&format!("name: \"pimkit-{name}\"")) {
        return Ok(table.to_owned());
    }
    let behind = "    Row { name: \"pimkit-dav\",";
    let row = format!("    Row {{ name: \"pimkit-{name}\", uses: Uses::Only(&[CORE, HTTP, FORMATS]), tests_with: PROOF }},");
    let mut lines = Vec::new();
    for line in table.lines() {
        lines.push(line);
        if line.starts_with(behind) {
            lines.push(&row);
        }
    }
    let there = lines.contains(&row.as_str());
    if there {
        Ok(lines.join("\n") + "\n")
    } else {
        Err("xtask/src/tidy/edges.rs: there is no row of pimkit-dav to put one behind".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use toml::Value;

    /// What a connector is made into: the two files that name it.
    fn copy() -> tempfile::TempDir {
        let (ours, copy) = (Path::new(env!("CARGO_MANIFEST_DIR")).join(".."), tempfile::tempdir().unwrap());
        for file in ["Cargo.toml", "xtask/src/tidy/edges.rs"] {
            fs::create_dir_all(copy.path().join(file).parent().unwrap()).unwrap();
            fs::copy(ours.join(file), copy.path().join(file)).unwrap();
        }
        copy
    }

    #[test]
    fn a_skeleton_has_every_room_and_is_named_where_it_must_be() {
        let copy = copy();
        make(copy.path(), "quux").unwrap();
        let folder = copy.path().join("crates/connectors/quux");
        for (file, _) in FILES {
            let text = read(&folder.join(file)).unwrap();
            assert!(!text.to_lowercase().contains(NAME), "{file}: {text}");
            assert!(!file.ends_with(".rs") || text.starts_with("//! "), "{file}");
        }
        assert!(read(&folder.join("src/connector.rs")).unwrap().contains("pub struct Quux"));
        let package: Value = toml::from_str(&read(&folder.join("Cargo.toml")).unwrap()).unwrap();
        assert_eq!(package["package"]["name"].as_str(), Some("pimkit-quux"));
        let root: Value = toml::from_str(&read(&copy.path().join("Cargo.toml")).unwrap()).unwrap();
        let shared = root["workspace"]["dependencies"].as_table().unwrap();
        for table in ["dependencies", "dev-dependencies"] {
            for name in package[table].as_table().unwrap().keys() {
                assert!(shared.contains_key(name), "{name} is not in the root manifest");
            }
        }
        let members: Vec<&str> = root["workspace"]["members"].as_array().unwrap().iter().map(|m| m.as_str().unwrap()).collect();
        let place = |name: &str| members.iter().position(|member| *member == name).unwrap();
        assert!(place("crates/connectors/local") < place("crates/connectors/quux"), "{members:?}");
        assert!(place("crates/connectors/quux") < place("crates/connectors/vdir"), "{members:?}");
        assert_eq!(shared["pimkit-quux"]["path"].as_str(), Some("crates/connectors/quux"));
        assert!(read(&copy.path().join("xtask/src/tidy/edges.rs")).unwrap().contains("Row { name: \"pimkit-quux\","));
    }

    #[test]
    fn what_is_there_or_no_name_is_refused_and_nothing_is_written() {
        let copy = copy();
        make(copy.path(), "quux").unwrap();
        let before = read(&copy.path().join("Cargo.toml")).unwrap();
        for (name, expected) in
            [("quux", "is there already"), ("Quux", "one word"), ("two-words", "one word"), ("", "one word"), (NAME, "one word")]
        {
            assert!(make(copy.path(), name).unwrap_err().contains(expected), "{name}");
        }
        fs::write(copy.path().join("xtask/src/tidy/edges.rs"), "nothing").unwrap();
        assert!(make(copy.path(), "other").unwrap_err().contains("edges.rs"));
        assert_eq!(read(&copy.path().join("Cargo.toml")).unwrap(), before);
        assert!(!copy.path().join("crates/connectors/other").exists());
    }

    #[test]
    fn a_connector_that_has_its_row_gets_no_second_one() {
        let table = "    Row { name: \"pimkit-dav\", x },\n    Row { name: \"pimkit-ews\", x },\n";
        assert_eq!(edge(table, "ews").unwrap(), table);
        assert_eq!(edge(table, "jmap").unwrap().lines().count(), 3);
    }
}
