//! What an answer means: for the road, and for whoever asked.

use pimkit_core::{Error, ErrorKind};
use pimkit_http::{Classifier, Effect, Retry, Seen, Verdict, retry_after};
use std::time::Duration;

/// Reads the service's answers for the road.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reader;

impl Classifier for Reader {
    fn classify(&self, seen: &Seen<'_>) -> Verdict {
        judge(seen.status.as_u16(), || retry_after(seen.headers, seen.now))
    }
}

fn judge(status: u16, wait: impl Fn() -> Option<Duration>) -> Verdict {
    let error = |kind, message: &'static str| Error::new(kind, message).with("status", status);
    let again = |effect, error| Verdict::Retry(Retry { after: wait(), effect, error });
    match status {
        401 => Verdict::Reauthorise,
        407 => {
            let proxy = "the proxy asks for a user and password; give them in the proxy's address";
            Verdict::Fail(error(ErrorKind::Config, proxy))
        }
        429 => {
            let slower = "the service asks to slow down; try again later";
            again(Effect::Refused, error(ErrorKind::RateLimited, slower))
        }
        // What was done before the answer went wrong, nobody knows.
        408 | 425 | 500 | 502 | 503 | 504 => {
            let later = "the service cannot answer now; try again later";
            again(Effect::Unknown, error(ErrorKind::Unavailable, later))
        }
        _ => Verdict::Done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_from_an_answer_that_says_nothing_of_what_was_done() {
        for (status, expected) in [
            (200, "done"),
            (401, "sign in"),
            (404, "done"),
            (407, "fail config"),
            (429, "again Refused rate_limited"),
            (503, "again Unknown unavailable"),
        ] {
            let told = match judge(status, || None) {
                Verdict::Done => "done".to_owned(),
                Verdict::Reauthorise => "sign in".to_owned(),
                Verdict::Fail(error) => format!("fail {}", error.kind().word()),
                Verdict::Retry(retry) => format!("again {:?} {}", retry.effect, retry.error.kind().word()),
            };
            assert_eq!(told, expected, "{status}");
        }
    }
}
