//! One sync of the program between a folder and a DAV server, as a benchmark of others wants to measure it.
//!
//! The benchmark's own JSON file says where server and folder are; beside it the configuration and the state are kept, so that a
//! second call is a second run. Nothing else is done here: whoever measures this process measures the program.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use serde::Deserialize;

use crate::outcome::{Failures, Outcome};

/// What the benchmark says.
#[derive(Debug, Deserialize)]
struct Conf {
    /// The address of the collection.
    url: String,
    user: String,
    password: String,
    /// `vcf` or `ics`.
    kind: String,
    /// The folder of the local side.
    local: PathBuf,
}

/// Runs the program once.
pub(super) fn run(conf: &Path) -> Outcome {
    let failed = |what: &str, e: &dyn std::fmt::Display| Failures::one(format!("bench dav: {}: {what}: {e}", conf.display()));
    let text = std::fs::read_to_string(conf).map_err(|e| failed("cannot be read", &e))?;
    let told: Conf = serde_json::from_str(&text).map_err(|e| failed("is not the benchmark's JSON", &e))?;
    let folder = conf.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let config = folder.join("pimkit-bench.toml");
    if !config.exists() {
        write(folder, &config, &told).map_err(|e| failed("the configuration beside it cannot be written", &e))?;
    }
    let program = program()?;
    let mut command = Command::new(program);
    command.arg("sync").arg("-c").arg(&config).arg("--json");
    crate::process::run(&mut command).map_err(Failures::one)
}

/// The program, built before: building it would be measured too.
fn program() -> Result<PathBuf, Failures> {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"), PathBuf::from);
    let program = target.join("release").join(format!("pimkit{}", std::env::consts::EXE_SUFFIX));
    if program.exists() {
        return Ok(program);
    }
    Err(Failures::one("bench dav: the program is not built; run `cargo build --release -p pimkit-cli` first"))
}

fn write(folder: &Path, config: &Path, told: &Conf) -> std::io::Result<()> {
    std::fs::create_dir_all(&told.local)?;
    let secret = folder.join("pimkit-bench-password");
    let mut options = std::fs::File::options();
    options.create(true).write(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&secret)?.write_all(told.password.as_bytes())?;
    let kind = if told.kind == "vcf" { "contacts" } else { "events" };
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let path = |path: &Path| std::path::absolute(path).map(|path| quoted(&path.to_string_lossy()));
    let text = format!(
        "state = \"pimkit-bench.db\"\n\n[accounts.folder]\nconnector = \"vdir\"\npath = {}\n\n[accounts.server]\nconnector = \"dav\"\nurl = {}\n\
         user = {}\npassword = {{ file = {} }}\n\n[[syncs]]\nname = \"{kind}\"\nkind = \"{kind}\"\nleft = \"folder\"\nright = \"server\"\n",
        path(&told.local)?,
        quoted(&told.url),
        quoted(&told.user),
        path(&secret)?,
    );
    std::fs::write(config, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_says_what_the_benchmark_said_and_no_secret() {
        let folder = tempfile::tempdir().unwrap();
        let told = Conf {
            url: "http://127.0.0.1:1/a \"b\"/".to_owned(),
            user: "ada".to_owned(),
            password: "hunter2".to_owned(),
            kind: "ics".to_owned(),
            local: folder.path().join("local"),
        };
        let config = folder.path().join("x.toml");
        write(folder.path(), &config, &told).unwrap();
        let text = std::fs::read_to_string(&config).unwrap();
        let read: toml::Table = text.parse().unwrap();
        assert_eq!(read["accounts"]["server"]["url"].as_str(), Some(told.url.as_str()));
        assert_eq!(read["syncs"][0]["kind"].as_str(), Some("events"));
        assert!(!text.contains("hunter2") && told.local.is_dir());
    }
}
