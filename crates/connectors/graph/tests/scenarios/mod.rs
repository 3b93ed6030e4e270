//! What is played over the fixtures of Microsoft Graph, and over the account of whoever has one.
//!
//! Answers of a case were put together after the reference, and say so; what the connector asks, and what it makes of them, is taken
//! down by playing it (`cargo xtask record --connector graph`).
#![allow(dead_code, unreachable_pub, reason = "the recorder and the tests take what they need")]

pub mod over;
mod reading;
mod writing;

use pimkit_contract::replay::{Notes, Played};
use pimkit_core::{
    CollectionId, Connector, Contact, Error, ErrorKind, Event, Message, Record, Repository, Result, Task, User, cursor::binding,
};
use pimkit_graph::Graph;
use serde_json::Value;
use std::sync::Arc;

/// What each case shows.
pub const CASES: &[(&str, &str)] = &[
    ("batch-throttled", "A batch in which one answer is 429: it alone is asked for again."),
    ("conditional-access", "The organisation's access rules take a token back."),
    ("conflict", "A change and a deletion of a contact that another program changed in between: 412, and what is there now."),
    ("consent-missing", "The app was not allowed to read the directory."),
    ("contact-photo", "A contact with a picture: what is known of it, and its bytes."),
    ("contacts-changes", "One contact changed and one deleted since the last round; then nothing new."),
    ("contacts-first", "The folders of contacts, and a first round of two of them in pages."),
    ("contacts-write", "A contact made, changed and deleted."),
    ("delta-expired", "A delta token that the service has forgotten (410), and the round that starts anew."),
    ("delta-needs-start", "A tenant that refuses events/delta without a start."),
    ("events-first", "The calendars, and a first round: a meeting online with guests and a file, a day off, a private appointment."),
    ("events-series", "A weekly series across the end of summer time, with a moved occurrence and one that does not take place."),
    ("events-write", "An event made, moved to another hour and deleted."),
    ("licence-gone", "The account has no licence for Exchange any more."),
    ("mailbox-missing", "The account has no mailbox in this cloud."),
    ("mailbox-moving", "The mailbox is being moved to another server, and does not come back in time."),
    ("messages-first", "The folders of mail, a first round of the inbox, and a file attached to a message."),
    ("tasks", "The lists of tasks, a first round, and one task done and one deleted since."),
    ("token-refused", "A token that is not taken."),
    ("users", "The organisation's users in pages, with manager and picture; then one disabled and one deleted."),
];

/// The case of whoever has an account: what is there, read.
pub const ACCOUNT: &str = "account";

/// The default folder of contacts.
const HOME: CollectionId = CollectionId::of("contacts");

/// Plays a case.
pub async fn play(case: &str, graph: Graph, base: &str) -> Played {
    let scene = Scene { graph, notes: Notes::new(base) };
    let end = scene.case(case).await;
    if let Err(error) = &end
        && let Some((_, trouble)) = error.context().iter().find(|(key, _)| *key == "trouble")
    {
        scene.notes.note("trouble", Value::from(trouble.as_str()));
    }
    scene.notes.played(end)
}

/// Where a scenario plays.
struct Scene {
    graph: Graph,
    notes: Notes,
}

fn odd(message: &'static str) -> Error {
    Error::new(ErrorKind::Unexpected, message)
}

impl Scene {
    async fn case(&self, case: &str) -> Result<()> {
        match case {
            "batch-throttled" => self.batch_throttled().await,
            "consent-missing" => self.all::<User>().await,
            "conflict" => self.conflict().await,
            "contact-photo" => self.photo().await,
            "contacts-changes" => self.contacts_changes().await,
            "contacts-write" => self.contacts_write().await,
            "delta-expired" => self.forgotten().await,
            "delta-needs-start" | "events-first" | "events-series" => self.all::<Event>().await,
            "events-write" => self.events_write().await,
            "messages-first" => self.messages().await,
            "tasks" => self.tasks().await,
            "users" => self.users().await,
            "conditional-access" | "contacts-first" | "licence-gone" | "mailbox-missing" | "mailbox-moving" | "token-refused" => {
                self.all::<Contact>().await
            }
            ACCOUNT => {
                self.allowed::<Contact>().await?;
                self.allowed::<Event>().await?;
                self.allowed::<Task>().await?;
                self.allowed::<Message>().await?;
                self.allowed::<User>().await
            }
            _ => Err(odd("there is no such case")),
        }
    }

    fn items<R: Record>(&self) -> Result<Arc<dyn Repository<R>>> {
        R::repository(&self.graph as &dyn Connector).ok_or_else(|| odd("the connector has no such kind"))
    }

    /// Keeps bytes by their length and a number made of them.
    fn note_bytes(&self, media_type: &str, bytes: &[u8]) {
        let told = format!("{} bytes of {media_type}, {:016x}", bytes.len(), binding(&[format!("{bytes:?}")]));
        self.notes.note("bytes", Value::from(told));
    }
}
