//! Mails that the server would have sent, and would have called nobody's attention to if they were wrong.

use serde::{Deserialize, Serialize};

/// What a mail is for (RFC 5546 section 1.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MailMethod {
    /// An invitation, or a change of one.
    Request,
    /// A cancellation.
    Cancel,
    /// An answer of an attendee.
    Reply,
}

/// One mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// Whose mail it is, without `mailto:`.
    pub from: String,
    /// To whom, without `mailto:`.
    pub to: String,
    /// What for.
    pub method: MailMethod,
    /// The UID of the event.
    pub uid: String,
    /// Its title.
    pub summary: String,
    /// The answer, in replies: `ACCEPTED`, `DECLINED`.
    pub answer: Option<String>,
}
