//! How a case says no: an error with the two values, never a panic.

/// Ends the case unless the condition holds.
macro_rules! check {
    ($condition:expr, $($why:tt)+) => {
        if !$condition {
            return Err($crate::state::Failure::new(format!($($why)+)));
        }
    };
}

/// Ends the case unless both values are equal.
macro_rules! same {
    ($found:expr, $expected:expr, $($what:tt)+) => {
        match (&$found, &$expected) {
            (found, expected) => {
                if *found != *expected {
                    let what = format!($($what)+);
                    return Err($crate::state::Failure::new(format!("{what}: expected {expected:?}, found {found:?}")));
                }
            }
        }
    };
}

/// Ends the case unless the call was refused with this kind; the value is the error.
macro_rules! refused {
    ($outcome:expr, $kind:ident, $($what:tt)+) => {
        match $outcome {
            Err(error) if error.kind() == pimkit_core::ErrorKind::$kind => error,
            Err(error) => {
                let what = format!($($what)+);
                return Err($crate::state::Failure::new(format!("{what}: refused with {} instead of {}: {error}", error.kind().word(), pimkit_core::ErrorKind::$kind.word())));
            }
            Ok(_) => {
                let what = format!($($what)+);
                return Err($crate::state::Failure::new(format!("{what}: was not refused")));
            }
        }
    };
}

pub(crate) use {check, refused, same};
