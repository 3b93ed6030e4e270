//! Which of our crates may use which: the picture of ARCHITECTURE.md as a table.

use crate::workspace::{DependencyKind, Package};

/// What one crate of ours may use of ours.
struct Row {
    name: &'static str,
    /// Normal and build dependencies, optional ones included.
    uses: Uses,
    /// Dev-dependencies, beyond those of `uses`.
    tests_with: Uses,
}

/// A set of our crates.
#[derive(Clone, Copy)]
enum Uses {
    /// These and no other.
    Only(&'static [&'static str]),
    /// Any: a crate that nobody depends on.
    Any,
}

const CORE: &str = "pimkit-core";
const HTTP: &str = "pimkit-http";
const FORMATS: &str = "pimkit-formats";
const EXCHANGE: &str = "pimkit-exchange";
const OAUTH: &str = "pimkit-oauth";
const APP: &str = "pimkit-app";
const SYNC: &str = "pimkit-sync";
const CONTRACT: &str = "pimkit-contract";
const SIMULATORS: &str = "pimkit-simulators";

/// Connectors, engine, app port and stores are proven with the suite and the simulators.
const PROOF: Uses = Uses::Only(&[CONTRACT, SIMULATORS]);
const NOTHING: Uses = Uses::Only(&[]);

const TABLE: &[Row] = &[
    Row { name: CORE, uses: NOTHING, tests_with: NOTHING },
    // A shared bug would be invisible, so the stand-ins for the providers use nothing of ours, not even in tests.
    Row { name: SIMULATORS, uses: NOTHING, tests_with: NOTHING },
    Row { name: HTTP, uses: Uses::Only(&[CORE]), tests_with: NOTHING },
    // Sign-in is above the road and beside the connectors: they take what it makes, an `Auth`, and know nothing of it.
    Row { name: OAUTH, uses: Uses::Only(&[CORE, HTTP]), tests_with: NOTHING },
    Row { name: FORMATS, uses: Uses::Only(&[CORE]), tests_with: NOTHING },
    Row { name: EXCHANGE, uses: Uses::Only(&[CORE, FORMATS]), tests_with: NOTHING },
    Row { name: CONTRACT, uses: Uses::Only(&[CORE]), tests_with: NOTHING },
    Row { name: APP, uses: Uses::Only(&[CORE]), tests_with: PROOF },
    Row { name: SYNC, uses: Uses::Only(&[CORE, FORMATS]), tests_with: PROOF },
    Row { name: "pimkit-state-sqlite", uses: Uses::Only(&[CORE]), tests_with: PROOF },
    Row { name: "pimkit-state-postgres", uses: Uses::Only(&[CORE]), tests_with: PROOF },
    Row { name: "pimkit-local", uses: Uses::Only(&[CORE, FORMATS]), tests_with: PROOF },
    Row { name: "pimkit-vdir", uses: Uses::Only(&[CORE, FORMATS]), tests_with: PROOF },
    Row { name: "pimkit-dav", uses: Uses::Only(&[CORE, HTTP, FORMATS]), tests_with: PROOF },
    Row { name: "pimkit-google", uses: Uses::Only(&[CORE, HTTP, FORMATS]), tests_with: PROOF },
    Row { name: "pimkit-graph", uses: Uses::Only(&[CORE, HTTP, FORMATS, EXCHANGE]), tests_with: PROOF },
    Row { name: "pimkit-ews", uses: Uses::Only(&[CORE, HTTP, FORMATS, EXCHANGE]), tests_with: PROOF },
    // The only connector that builds on another one: a preset.
    Row { name: "pimkit-icloud", uses: Uses::Only(&[CORE, HTTP, FORMATS, "pimkit-dav"]), tests_with: PROOF },
    Row {
        name: "pimkit",
        uses: Uses::Only(&[
            CORE,
            HTTP,
            FORMATS,
            EXCHANGE,
            OAUTH,
            APP,
            SYNC,
            "pimkit-state-sqlite",
            "pimkit-state-postgres",
            "pimkit-local",
            "pimkit-vdir",
            "pimkit-dav",
            "pimkit-google",
            "pimkit-graph",
            "pimkit-ews",
            "pimkit-icloud",
        ]),
        tests_with: PROOF,
    },
    Row { name: "pimkit-cli", uses: Uses::Only(&["pimkit", SIMULATORS]), tests_with: Uses::Only(&[CONTRACT]) },
    // The oracle sees what users see; the engine is only run.
    Row {
        name: "pimkit-sim",
        uses: Uses::Only(&[CORE, HTTP, FORMATS, SYNC, CONTRACT, SIMULATORS, "pimkit-dav", "pimkit-graph", "pimkit-state-sqlite"]),
        tests_with: NOTHING,
    },
    Row { name: "pimkit-tests", uses: Uses::Any, tests_with: Uses::Any },
    Row { name: "xtask", uses: Uses::Any, tests_with: Uses::Any },
];

impl Uses {
    fn allows(self, name: &str) -> bool {
        match self {
            Self::Only(names) => names.contains(&name),
            Self::Any => true,
        }
    }
}

/// One line for every dependency that goes the wrong way, and for every crate without a row.
pub(super) fn check(members: &[&Package]) -> Vec<String> {
    let mut failures = Vec::new();
    for package in members {
        let Some(row) = TABLE.iter().find(|row| row.name == package.name) else {
            failures.push(format!("{}: not in the table of allowed edges in xtask/src/tidy/edges.rs", package.name));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|d| members.iter().any(|m| m.name == d.name)) {
            let dev = dependency.kind == Some(DependencyKind::Dev);
            if !(row.uses.allows(&dependency.name) || dev && row.tests_with.allows(&dependency.name)) {
                let how = if dev { "dev-depend" } else { "depend" };
                failures.push(format!("{}: must not {how} on {}", package.name, dependency.name));
            }
        }
    }
    failures
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::{Dependency, Package, Target};

    fn package(name: &str, dependencies: &[(&str, Option<DependencyKind>)]) -> Package {
        Package {
            id: name.to_owned(),
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            license: None,
            license_file: None,
            manifest_path: "Cargo.toml".into(),
            features: Default::default(),
            dependencies: dependencies.iter().map(|(name, kind)| Dependency { name: (*name).to_owned(), kind: *kind }).collect(),
            targets: vec![Target { kind: vec!["lib".to_owned()], name: name.to_owned() }],
            publish: None,
        }
    }

    #[test]
    fn edges_run_one_way() {
        let dev = Some(DependencyKind::Dev);
        let all =
            ["pimkit-core", "pimkit-http", "pimkit-contract", "pimkit-simulators", "pimkit-dav", "pimkit-icloud", "pimkit-sync", "pimkit"];
        let cases: &[(&str, &str, Option<DependencyKind>, bool)] = &[
            ("pimkit-http", "pimkit-core", None, true),
            ("pimkit-core", "pimkit-http", None, false),
            ("pimkit-icloud", "pimkit-dav", None, true),
            ("pimkit-dav", "pimkit-icloud", None, false),
            ("pimkit-dav", "pimkit-contract", dev, true),
            ("pimkit-dav", "pimkit-contract", None, false),
            ("pimkit-dav", "pimkit-contract", Some(DependencyKind::Build), false),
            ("pimkit-sync", "pimkit-dav", dev, false),
            ("pimkit-simulators", "pimkit-core", dev, false),
            ("pimkit-core", "pimkit-contract", dev, false),
            ("pimkit-dav", "pimkit-core", dev, true),
            ("pimkit-dav", "serde", None, true),
        ];
        for (from, to, kind, good) in cases {
            let packages: Vec<Package> =
                all.iter().map(|name| if name == from { package(name, &[(*to, *kind)]) } else { package(name, &[]) }).collect();
            let failures = check(&packages.iter().collect::<Vec<_>>());
            assert_eq!(failures.is_empty(), *good, "{from} -> {to} {kind:?}: {failures:?}");
        }
    }

    #[test]
    fn a_crate_without_a_row_is_refused() {
        let stranger = package("pimkit-stranger", &[]);
        assert_eq!(check(&[&stranger]), ["pimkit-stranger: not in the table of allowed edges in xtask/src/tidy/edges.rs"]);
    }

    #[test]
    fn every_name_in_a_row_has_a_row() {
        for row in TABLE {
            for uses in [row.uses, row.tests_with] {
                let Uses::Only(names) = uses else { continue };
                for name in names {
                    assert!(TABLE.iter().any(|other| other.name == *name), "{} names {name}", row.name);
                }
            }
        }
    }
}
