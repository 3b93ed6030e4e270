//! What the program prints: answers on standard output, everything else on standard error.

mod progress;
mod report;
mod table;

pub(crate) use progress::Bars;
pub(crate) use report::{conflicts, report, sentences, shown};
pub(crate) use table::{Align, table};

use crate::failure::{Failure, Result};
use serde::Serialize;
use std::{
    fmt::Display,
    io::{self, BufWriter, IsTerminal, Stdout, Write},
};

/// Standard output, for people or for programs.
#[derive(Debug)]
pub(crate) struct Out {
    json: bool,
    printed: bool,
    stdout: BufWriter<Stdout>,
}

impl Out {
    pub(crate) fn new(json: bool) -> Self {
        Self { json, printed: false, stdout: BufWriter::new(io::stdout()) }
    }

    /// True when the answer is for a program.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// True when somebody looks at standard output.
    pub(crate) fn is_terminal() -> bool {
        io::stdout().is_terminal()
    }

    /// One or more lines.
    pub(crate) fn line(&mut self, text: impl Display) -> Result<()> {
        self.printed = true;
        Ok(writeln!(self.stdout, "{text}")?)
    }

    /// A piece of a line.
    pub(crate) fn piece(&mut self, text: impl Display) -> Result<()> {
        self.printed = true;
        Ok(write!(self.stdout, "{text}")?)
    }

    /// One JSON value on a line of its own.
    pub(crate) fn value(&mut self, value: &impl Serialize) -> Result<()> {
        let text = to_json(value)?;
        self.line(text)
    }

    /// A sentence beside the answer.
    pub(crate) fn note(text: impl Display) {
        // Nobody reading the notes is no reason to stop.
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Why it ended early: one line, and for programs an object unless they already got theirs.
    pub(crate) fn failure(&mut self, failure: &Failure) {
        let Failure::Said { exit, kind, .. } = failure else { return };
        if self.json && !self.printed {
            let value = serde_json::json!({ "error": { "kind": kind, "message": failure.to_string(), "exit": exit.code() } });
            let _ = self.line(value).and_then(|()| self.flush());
        }
        let _ = self.flush();
        Self::note(format_args!("error: {failure}"));
    }

    pub(crate) fn flush(&mut self) -> Result<()> {
        Ok(self.stdout.flush()?)
    }
}

/// A value as one line of JSON.
pub(crate) fn to_json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|e| Failure::machine(format!("the answer cannot be written as JSON: {e}; report this as a bug")))
}
