//! Licences of what we ship: only permissive ones, so that pimkit can go into anybody's product.

use crate::workspace::Package;

/// What may be shipped under `MIT OR Apache-2.0` with no more than a notice; SPDX ids.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "Zlib",
];

/// Exceptions that take nothing away.
const EXCEPTIONS: &[&str] = &["LLVM-exception"];

/// Crates whose manifest names a licence file and no expression: name, version as read, what the file says.
const FROM_FILE: &[(&str, &str, &str)] = &[("ical", "0.11.0", "Apache-2.0")];

/// One line for every package whose licence is not allowed or not known.
pub(super) fn check(packages: &[&Package]) -> Vec<String> {
    packages.iter().filter_map(|package| judge(package).err().map(|why| format!("{} {}: {why}", package.name, package.version))).collect()
}

fn judge(package: &Package) -> Result<(), String> {
    let expression = match (&package.license, &package.license_file) {
        (Some(expression), _) => expression.as_str(),
        (None, Some(file)) => {
            let known = FROM_FILE.iter().find(|(name, version, _)| *name == package.name && *version == package.version);
            known
                .map(|(_, _, expression)| *expression)
                .ok_or_else(|| format!("no licence expression; read {file} and add the crate to xtask/src/tidy/licences.rs"))?
        }
        (None, None) => return Err("no licence".to_owned()),
    };
    match allowed(expression) {
        Ok(true) => Ok(()),
        Ok(false) => Err(format!("licence {expression} is not allowed")),
        Err(why) => Err(format!("licence {expression} cannot be read: {why}")),
    }
}

/// Whether an SPDX expression can be met with [`ALLOWED`] alone. The old `MIT/Apache-2.0` of many crates is an OR.
fn allowed(expression: &str) -> Result<bool, String> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut tokens = Tokens { rest: spaced.split_whitespace().collect::<Vec<_>>().into_iter().peekable() };
    let value = tokens.any()?;
    match tokens.rest.next() {
        None => Ok(value),
        Some(token) => Err(format!("{token} is out of place")),
    }
}

/// Reads an expression from its weakest operator (OR) to its strongest (WITH).
struct Tokens<'a> {
    rest: std::iter::Peekable<std::vec::IntoIter<&'a str>>,
}

impl Tokens<'_> {
    fn any(&mut self) -> Result<bool, String> {
        let mut value = self.all()?;
        while self.rest.next_if(|t| t.eq_ignore_ascii_case("OR")).is_some() {
            // Read on even when the left side decides, so that the rest is checked for its form.
            value |= self.all()?;
        }
        Ok(value)
    }

    fn all(&mut self) -> Result<bool, String> {
        let mut value = self.one()?;
        while self.rest.next_if(|t| t.eq_ignore_ascii_case("AND")).is_some() {
            value &= self.one()?;
        }
        Ok(value)
    }

    fn one(&mut self) -> Result<bool, String> {
        let Some(token) = self.rest.next() else { return Err("it ends too early".to_owned()) };
        if token == "(" {
            let value = self.any()?;
            return match self.rest.next() {
                Some(")") => Ok(value),
                _ => Err("a ( is never closed".to_owned()),
            };
        }
        if token == ")" || ["OR", "AND", "WITH"].iter().any(|word| token.eq_ignore_ascii_case(word)) {
            return Err(format!("{token} is out of place"));
        }
        let known = ALLOWED.contains(&token);
        if self.rest.next_if(|t| t.eq_ignore_ascii_case("WITH")).is_none() {
            return Ok(known);
        }
        let exception = self.rest.next().ok_or_else(|| "it ends after WITH".to_owned())?;
        Ok(known && EXCEPTIONS.contains(&exception))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Workspace;

    #[test]
    fn an_expression_is_met_with_allowed_licences_or_refused() {
        for (expression, expected) in [
            ("MIT", true),
            ("MIT OR Apache-2.0", true),
            ("MIT/Apache-2.0", true),
            ("Apache-2.0 / MIT", true),
            ("GPL-3.0-only", false),
            ("LGPL-3.0-or-later", false),
            ("MPL-2.0", false),
            ("MIT OR GPL-3.0-only", true),
            ("MIT AND GPL-3.0-only", false),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
            ("(MIT OR Apache-2.0) AND MPL-2.0", false),
            ("MIT OR Apache-2.0 AND MPL-2.0", true),
            ("GPL-2.0-only OR Apache-2.0 AND MPL-2.0", false),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("Apache-2.0 WITH LLVM-exception OR GPL-2.0-only", true),
            ("GPL-2.0-only WITH Classpath-exception-2.0", false),
            ("Apache-2.0 WITH some-exception", false),
            ("Unlicense or MIT", true),
        ] {
            assert_eq!(allowed(expression), Ok(expected), "{expression}");
        }
    }

    #[test]
    fn a_malformed_expression_is_told_not_taken() {
        for expression in ["", "MIT OR", "(MIT", "MIT)", "OR MIT", "MIT Apache-2.0", "MIT WITH", "AND", "()"] {
            assert!(allowed(expression).is_err(), "{expression}");
        }
    }

    #[test]
    fn a_crate_with_only_a_licence_file_must_be_in_the_table() {
        let workspace = Workspace::parse(crate::workspace::tests::METADATA).unwrap();
        let mut package = (*workspace.foreign().first().unwrap()).clone();
        package.license = None;
        package.license_file = Some("LICENSE".to_owned());
        assert!(check(&[&package]).first().unwrap().contains("read LICENSE and add the crate"));
        package.name = "ical".to_owned();
        package.version = "0.11.0".to_owned();
        assert!(check(&[&package]).is_empty());
        package.license_file = None;
        assert_eq!(check(&[&package]), ["ical 0.11.0: no licence"]);
    }
}
