//! Running other programs, above all cargo.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

/// What a program that ran to its end left behind.
#[derive(Debug)]
pub(crate) struct Finished {
    /// How it ended.
    pub(crate) status: ExitStatus,
    /// What it wrote to its standard output.
    pub(crate) stdout: String,
    /// What it wrote to its standard error; empty when that went straight to ours.
    pub(crate) stderr: String,
}

/// A call of the cargo that started us, in the root of the workspace.
pub(crate) fn cargo<'a>(root: &Path, args: impl IntoIterator<Item = &'a str>) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(program);
    command.args(args).current_dir(root);
    command
}

/// Runs a program whose output goes straight to ours.
///
/// # Errors
/// One line with the call, when it cannot be started or does not end with 0.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|e| not_started(command, &e))?;
    ended(command, status)
}

/// Runs a program and keeps what it writes.
///
/// # Errors
/// One line with the call, when it cannot be started. A bad end is told by [`Finished::status`].
pub(crate) fn capture(command: &mut Command) -> Result<Finished, String> {
    let output = command.output().map_err(|e| not_started(command, &e))?;
    Ok(Finished {
        status: output.status,
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// Runs a program, shows its standard output as it comes, and keeps it.
///
/// # Errors
/// One line with the call, when it cannot be started or its output cannot be read.
pub(crate) fn show_and_keep(command: &mut Command) -> Result<Finished, String> {
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(|e| not_started(command, &e))?;
    let mut kept = String::new();
    if let Some(stdout) = child.stdout.take() {
        let mut reader = BufReader::new(stdout);
        let mut line = Vec::new();
        loop {
            line.clear();
            let count = reader.read_until(b'\n', &mut line).map_err(|e| format!("{}: reading its output: {e}", spelled(command)))?;
            if count == 0 {
                break;
            }
            let text = String::from_utf8_lossy(&line);
            print!("{text}");
            kept.push_str(&text);
        }
        // A closed terminal is no reason to stop: the exit code is what counts.
        let _ = std::io::stdout().flush();
    }
    let status = child.wait().map_err(|e| format!("{}: waiting for it: {e}", spelled(command)))?;
    Ok(Finished { status, stdout: kept, stderr: String::new() })
}

/// `Ok` when the program ended with 0, else a line that says how it ended.
///
/// # Errors
/// One line with the call and its exit code, or the words "was killed".
pub(crate) fn ended(command: &Command, status: ExitStatus) -> Result<(), String> {
    match status.code() {
        Some(0) => Ok(()),
        Some(code) => Err(format!("`{}` ended with {code}", spelled(command))),
        None => Err(format!("`{}` was killed", spelled(command))),
    }
}

/// The call as one would type it.
pub(crate) fn spelled(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    std::iter::once(program).chain(command.get_args().map(|a| a.to_string_lossy().into_owned())).collect::<Vec<_>>().join(" ")
}

fn not_started(command: &Command, error: &std::io::Error) -> String {
    format!("`{}` cannot be started: {error}", spelled(command))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_spelled_without_the_folder_of_its_program() {
        let mut command = Command::new("/opt/rust/bin/cargo");
        command.args(["check", "-p", "pimkit"]);
        assert_eq!(spelled(&command), "cargo check -p pimkit");
    }

    #[test]
    fn a_program_that_is_not_there_is_one_line() {
        let error = run(&mut Command::new("no-such-program-anywhere")).unwrap_err();
        assert!(error.starts_with("`no-such-program-anywhere` cannot be started: "), "{error}");
        assert!(!error.contains('\n'));
    }
}
