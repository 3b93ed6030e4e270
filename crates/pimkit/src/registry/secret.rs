//! Secrets by reference: `{ env = "NAME" }`, `{ file = "PATH" }`, `{ command = ["PROGRAM", "ARGUMENT"] }`.
//!
//! A configuration holds where a secret is, and never the secret; no error shows it.

use super::OpenError;
use pimkit_core::Value;
use pimkit_http::Secret;
use std::{path::Path, process::Command};

/// The key's secret, when the key is there. One line end at its end is not part of it.
pub(super) fn read(connector: &'static str, key: &'static str, settings: &Value, base: &Path) -> Result<Option<Secret>, OpenError> {
    let refuse = |reason| OpenError::Setting { connector, key, reason };
    let reference = match settings.get(key) {
        None => return Ok(None),
        Some(Value::Object(reference)) => reference,
        Some(_) => {
            return Err(refuse(
                "holds a secret itself; say where it is kept: { env = \"NAME\" }, { file = \"PATH\" } or { command = [\"…\"] }",
            ));
        }
    };
    let mut entries = reference.iter();
    let (Some((how, what)), None) = (entries.next(), entries.next()) else {
        return Err(refuse("says not exactly one place; keep one of env, file and command"));
    };
    let text = match (how.as_str(), what) {
        ("env", Value::String(name)) => {
            std::env::var(name).map_err(|_| refuse("names a variable that is not set, or is no text; set it before the program starts"))?
        }
        ("file", Value::String(path)) => std::fs::read_to_string(base.join(path))
            .map_err(|_| refuse("names a file that cannot be read as text; check its path and permissions"))?,
        ("command", Value::Array(words)) => {
            let words: Option<Vec<&str>> = words.iter().map(Value::as_str).collect();
            output(words.as_deref().unwrap_or_default(), base).map_err(refuse)?
        }
        ("command", Value::String(program)) => output(&[program.as_str()], base).map_err(refuse)?,
        ("vault", _) => return Err(refuse("asks for the vault, which this version does not have yet; use env, file or command")),
        _ => return Err(refuse("is none of { env = \"NAME\" }, { file = \"PATH\" } and { command = [\"PROGRAM\", …] }")),
    };
    let text = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    if text.is_empty() {
        return Err(refuse("is empty where it is kept; put the secret there"));
    }
    Ok(Some(Secret::new(text)))
}

/// What a program prints.
fn output(words: &[&str], base: &Path) -> Result<String, &'static str> {
    let [program, arguments @ ..] = words else { return Err("names no program; give a list of texts, the program first") };
    let run = Command::new(program).args(arguments).current_dir(base).stdin(std::process::Stdio::null()).output();
    let done = run.map_err(|_| "names a program that cannot be started; check its path")?;
    if !done.status.success() {
        return Err("names a program that failed; run it by hand and see why");
    }
    String::from_utf8(done.stdout).map_err(|_| "names a program that prints something else than text")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(value: Value, base: &Path) -> Result<Option<String>, String> {
        let read = read("dav", "password", &json!({ "password": value }), base);
        read.map(|s| s.map(|s| s.expose().to_owned())).map_err(|e| e.to_string())
    }

    #[test]
    fn a_secret_is_read_where_it_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), "s p\u{e4}ce \r\n").unwrap();
        assert_eq!(of(json!({ "file": "secret" }), folder.path()).unwrap().as_deref(), Some("s p\u{e4}ce "));
        assert_eq!(of(json!({ "command": ["cat", "secret"] }), folder.path()).unwrap().as_deref(), Some("s p\u{e4}ce "));
        assert!(of(json!({ "env": "PATH" }), folder.path()).unwrap().is_some());
        assert_eq!(read("dav", "password", &json!({}), folder.path()).unwrap().map(|_| ()), None);
    }

    #[test]
    fn what_is_no_reference_is_refused_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("empty"), "\n").unwrap();
        for value in [
            json!("hunter2"),
            json!({ "env": "PIMKIT_NO_SUCH_VARIABLE" }),
            json!({ "file": "nowhere" }),
            json!({ "file": "empty" }),
            json!({ "command": ["false"] }),
            json!({ "command": [] }),
            json!({ "command": ["/nonexistent-program"] }),
            json!({ "vault": true }),
            json!({ "hunter2": "hunter2" }),
            json!({ "env": "A", "file": "B" }),
            json!({}),
        ] {
            let line = of(value.clone(), folder.path()).unwrap_err();
            assert!(!line.contains("hunter2") && !line.contains('\n'), "{value}: {line}");
        }
    }
}
