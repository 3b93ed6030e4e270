//! What ends a command early: one line for people, and the exit code that goes with it.

use pimkit::{ErrorKind, OpenError, sync::Verdict};
use std::{fmt, io};

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything is done.
    Done,
    /// It could not go on.
    Failed,
    /// Called or configured wrongly.
    Usage,
    /// Done, with items left over.
    LeftOver,
    /// A guard holds something back.
    Held,
}

impl Exit {
    /// The number that the shell sees.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::LeftOver => 3,
            Self::Held => 4,
        }
    }

    /// The worse of two: failed, held, left over, done.
    pub(crate) fn worse(self, other: Self) -> Self {
        fn weight(exit: Exit) -> u8 {
            match exit {
                Exit::Done => 0,
                Exit::LeftOver => 1,
                Exit::Held => 2,
                Exit::Failed => 3,
                Exit::Usage => 4,
            }
        }
        if weight(other) > weight(self) { other } else { self }
    }
}

impl From<Verdict> for Exit {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Done => Self::Done,
            Verdict::LeftOver => Self::LeftOver,
            Verdict::Held => Self::Held,
            Verdict::Failed => Self::Failed,
        }
    }
}

/// Why a command ended early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Nobody reads what is printed any more (`pimkit list … | head`): the end, without a word.
    NobodyReads,
    /// Said in one line.
    Said {
        /// How the program ends.
        exit: Exit,
        /// The word for programs.
        kind: &'static str,
        /// What, where, and what to do.
        line: String,
    },
}

pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    /// The program was called or configured wrongly.
    pub(crate) fn usage(line: impl Into<String>) -> Self {
        Self::Said { exit: Exit::Usage, kind: ErrorKind::Config.word(), line: line.into() }
    }

    /// Something of the machine's failed: a file, a folder.
    pub(crate) fn machine(line: impl Into<String>) -> Self {
        Self::Said { exit: Exit::Failed, kind: ErrorKind::Storage.word(), line: line.into() }
    }

    /// A server could not be reached, or said no.
    pub(crate) fn failed(kind: ErrorKind, line: impl Into<String>) -> Self {
        Self::Said { exit: Exit::Failed, kind: kind.word(), line: line.into() }
    }

    /// The same, saying what it was about: an account, a sync, a file.
    pub(crate) fn about(self, what: impl fmt::Display) -> Self {
        match self {
            Self::NobodyReads => self,
            Self::Said { exit, kind, line } => Self::Said { exit, kind, line: format!("{what}: {line}") },
        }
    }

    /// The same, with something else to do about it.
    pub(crate) fn and(self, what: impl fmt::Display) -> Self {
        match self {
            Self::NobodyReads => self,
            Self::Said { exit, kind, line } => Self::Said { exit, kind, line: format!("{line}; {what}") },
        }
    }

    /// How the program ends.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::NobodyReads => Exit::Done,
            Self::Said { exit, .. } => *exit,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NobodyReads => f.write_str("the reader went away"),
            // Whatever a message was made from, it is one line.
            Self::Said { line, .. } => f.write_str(&line.replace(['\r', '\n'], " ")),
        }
    }
}

impl From<pimkit::Error> for Failure {
    fn from(error: pimkit::Error) -> Self {
        let exit = if error.kind() == ErrorKind::Config { Exit::Usage } else { Exit::Failed };
        Self::Said { exit, kind: error.kind().word(), line: error.to_string() }
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        pimkit::Error::from(error).into()
    }
}

/// An error of writing to standard output.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::NobodyReads;
        }
        Self::machine(format!("standard output cannot be written: {error}; see where it goes"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_of_several_ends_is_failed_then_held_then_left_over() {
        let order = [Exit::Done, Exit::LeftOver, Exit::Held, Exit::Failed];
        for (n, a) in order.iter().enumerate() {
            for (m, b) in order.iter().enumerate() {
                assert_eq!(a.worse(*b), order[n.max(m)]);
            }
        }
        assert_eq!(order.map(Exit::code), [0, 3, 4, 1]);
    }

    #[test]
    fn a_failure_is_one_line() {
        let failure = Failure::usage("a\nb").about("x.toml:3");
        assert_eq!(failure.to_string(), "x.toml:3: a b");
    }
}
