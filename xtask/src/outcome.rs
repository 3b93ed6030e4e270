//! What a command ends with: nothing to say, or a list of lines that each say what is wrong and where.

/// Everything that did not hold, one line each.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Failures(pub(crate) Vec<String>);

/// The end of a command.
pub(crate) type Outcome = Result<(), Failures>;

impl Failures {
    /// A single failure.
    pub(crate) fn one(line: impl Into<String>) -> Self {
        Self(vec![line.into()])
    }

    /// Adds a line.
    pub(crate) fn push(&mut self, line: impl Into<String>) {
        self.0.push(line.into());
    }

    /// Takes over what another check found.
    pub(crate) fn extend(&mut self, lines: impl IntoIterator<Item = String>) {
        self.0.extend(lines);
    }

    /// `Ok` when nothing was found.
    pub(crate) fn into_outcome(self) -> Outcome {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }
}
