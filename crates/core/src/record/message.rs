//! Mail, as an app logs it (the words are RFC 5322's and RFC 8621's).

use super::{Attachment, Custom, is_default};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A message. Providers and apps keep it as it was: only its keywords change.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Message {
    /// Message-ID without angle brackets (RFC 5322 section 3.6.4): the same in every mailbox.
    #[serde(skip_serializing_if = "is_default")]
    pub message_id: Option<String>,
    /// The conversation, as the side names it.
    #[serde(skip_serializing_if = "is_default")]
    pub thread_id: Option<String>,
    /// The subject.
    #[serde(skip_serializing_if = "is_default")]
    pub subject: Option<String>,
    /// The author.
    #[serde(skip_serializing_if = "is_default")]
    pub from: Option<Mailbox>,
    /// Primary recipients.
    #[serde(skip_serializing_if = "is_default")]
    pub to: Vec<Mailbox>,
    /// Copied recipients.
    #[serde(skip_serializing_if = "is_default")]
    pub cc: Vec<Mailbox>,
    /// When it was sent.
    #[serde(skip_serializing_if = "is_default")]
    pub sent_at: Option<Timestamp>,
    /// When it arrived.
    #[serde(skip_serializing_if = "is_default")]
    pub received_at: Option<Timestamp>,
    /// The text.
    #[serde(skip_serializing_if = "is_default")]
    pub text: Option<String>,
    /// The text as HTML.
    #[serde(skip_serializing_if = "is_default")]
    pub html: Option<String>,
    /// Attached files.
    #[serde(skip_serializing_if = "is_default")]
    pub attachments: Vec<Attachment>,
    /// `$seen`, `$flagged` and labels (RFC 8621 section 4.1.1).
    #[serde(skip_serializing_if = "is_default")]
    pub keywords: BTreeSet<String>,
    /// Fields of the user's own making, by name.
    #[serde(skip_serializing_if = "is_default")]
    pub custom: Custom,
}

/// An address with its display name (RFC 5322 section 3.4).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Mailbox {
    /// The address.
    pub address: String,
    /// The display name.
    #[serde(skip_serializing_if = "is_default")]
    pub name: Option<String>,
}
