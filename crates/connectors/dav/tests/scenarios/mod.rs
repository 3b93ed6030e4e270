//! What is recorded at a server, and played again over the recording: the same code, so that nothing is compared with what
//! somebody wrote down by hand.
//!
//! A scenario asks the connector, and notes what it answered. What other programs do meanwhile goes through [`Elsewhere`]: at a
//! server it happens, in a replay it has happened.
#![allow(dead_code, unreachable_pub, reason = "the recorder and the tests take what they need")]

pub mod made;
pub mod over;
pub mod program;
mod reading;
mod writing;

use async_trait::async_trait;
use pimkit_contract::{
    replay::{Notes, Played},
    samples::Sample,
};
use pimkit_core::{Connector, Contact, Error, ErrorKind, Event, Kind, Repository, Result, Task};
use pimkit_dav::Dav;
use pimkit_formats::resource::{Authoring, InlineBlobs, TextRecord};
use std::sync::Arc;

/// What is recorded at each server that is tried: its name, and what it shows.
pub const CASES: &[(&str, &str)] = &[
    ("discovery", "From the server's address to the collections of all kinds."),
    ("first-contacts", "A first sync of an address book: listed, then read."),
    ("first-events", "A first sync of a calendar: listed, then read."),
    ("first-tasks", "A first sync of a task list: listed, then read."),
    ("incremental", "One item made, one changed and one deleted by another program, of each kind; then nothing new."),
    ("token-unknown", "A token that the server does not know, as the collection was deleted and made anew."),
    ("conflict", "A change of an item that another program changed in between, and a deletion of an older version, of each kind."),
    ("write-contacts", "A card made twice, changed and deleted, once with every field."),
    ("write-events", "An event made twice, changed and deleted, once with every field."),
    ("write-tasks", "A task made twice, changed and deleted, once with every field."),
    ("uid-conflict", "An item made whose UID another item of the collection has, of each kind."),
    ("folders", "A collection of each kind made, renamed and deleted."),
];

/// The case of whoever has an account: what is there, read.
pub const ACCOUNT: &str = "account";

/// What the version of the program is in texts that it writes does not matter.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("-//pimkit//pimkit ") {
        out.extend([before, "-//pimkit//pimkit "]);
        rest = behind.find("//EN").and_then(|end| behind.get(end..)).unwrap_or(behind);
    }
    out + rest
}

/// The account's other programs.
#[async_trait]
pub trait Elsewhere: Send + Sync {
    /// Sends a request.
    ///
    /// # Errors
    /// When it is refused.
    async fn send(&self, request: Other) -> Result<()>;
    /// Sends a request just before the connector's next one of this method.
    async fn ahead_of(&self, method: &'static str, request: Other) -> Result<()>;
}

/// Another program's request.
#[derive(Clone, Debug)]
pub struct Other {
    pub method: &'static str,
    pub path: String,
    pub content_type: &'static str,
    pub body: Vec<u8>,
}

/// In a replay, others did what they did before.
pub struct Past;

#[async_trait]
impl Elsewhere for Past {
    async fn send(&self, _: Other) -> Result<()> {
        Ok(())
    }
    async fn ahead_of(&self, _: &'static str, _: Other) -> Result<()> {
        Ok(())
    }
}

/// Where a scenario plays.
pub struct Scene<'s> {
    pub dav: Dav,
    pub elsewhere: &'s dyn Elsewhere,
    /// The homes of calendars and of address books.
    pub homes: [String; 2],
    pub notes: Notes,
}

/// Plays a case.
pub async fn play(case: &str, dav: Dav, elsewhere: &dyn Elsewhere, homes: [String; 2], base: &str) -> Played {
    let scene = Scene { dav, elsewhere, homes, notes: Notes::new(base) };
    let end = scene.case(case).await;
    scene.notes.played(end)
}

/// What a kind is called here, and its repository.
pub trait Playable: TextRecord + Sample {
    /// The last segment of its collection.
    const FOLDER: &'static str;
    /// An item as another program may have written it, with lines that are not modelled.
    const FOREIGN: &'static str;
    fn items(dav: &Dav) -> Option<Arc<dyn Repository<Self>>>;
    fn rename(&mut self, name: &str);
}

const CARD: &str = "BEGIN:VCARD\r\nVERSION:3.0\r\nPRODID:-//another//program//EN\r\nUID:foreign-1\r\nFN:Zo\u{eb} Quarles\r\n\
    N:Quarles;Zo\u{eb};;;\r\nitem1.EMAIL;TYPE=INTERNET:zoe@example.org\r\nitem1.X-ABLabel:_$!<Other>!$_\r\n\
    NOTE:A long line that this other program folds after seventy-five bytes\\, a\r\n s it is told to.\r\n\
    X-SOCIALPROFILE;TYPE=mastodon:https://social.example/@zoe\r\nREV:2026-02-01T09:00:00Z\r\nEND:VCARD\r\n";

const EVENT: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//another//program//EN\r\nBEGIN:VEVENT\r\nUID:foreign-1\r\n\
    DTSTAMP:20260201T090000Z\r\nDTSTART;VALUE=DATE:20260304\r\nDTEND;VALUE=DATE:20260306\r\nSUMMARY:F\u{ea}te\\; two days\r\n\
    CATEGORIES:Holidays\r\nTRANSP:TRANSPARENT\r\nX-OTHER-PROGRAM;X-P=1:kept\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

const TASK: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//another//program//EN\r\nBEGIN:VTODO\r\nUID:foreign-1\r\n\
    DTSTAMP:20260201T090000Z\r\nDUE:20260310T160000Z\r\nSUMMARY:Water the plants\r\nSTATUS:IN-PROCESS\r\nPERCENT-COMPLETE:40\r\n\
    X-OTHER-PROGRAM;X-P=1:kept\r\nEND:VTODO\r\nEND:VCALENDAR\r\n";

impl Playable for Contact {
    const FOLDER: &'static str = "book";
    const FOREIGN: &'static str = CARD;
    fn items(dav: &Dav) -> Option<Arc<dyn Repository<Self>>> {
        dav.contacts()
    }
    fn rename(&mut self, name: &str) {
        self.name.full = Some(name.to_owned());
    }
}

impl Playable for Event {
    const FOLDER: &'static str = "events";
    const FOREIGN: &'static str = EVENT;
    fn items(dav: &Dav) -> Option<Arc<dyn Repository<Self>>> {
        dav.events()
    }
    fn rename(&mut self, name: &str) {
        self.title = Some(name.to_owned());
    }
}

impl Playable for Task {
    const FOLDER: &'static str = "tasks";
    const FOREIGN: &'static str = TASK;
    fn items(dav: &Dav) -> Option<Arc<dyn Repository<Self>>> {
        dav.tasks()
    }
    fn rename(&mut self, name: &str) {
        self.title = Some(name.to_owned());
    }
}

fn odd(message: &'static str) -> Error {
    Error::new(ErrorKind::Unexpected, message)
}

impl Scene<'_> {
    async fn case(&self, case: &str) -> Result<()> {
        match case {
            "discovery" => {
                self.stock().await?;
                self.discovery().await
            }
            "first-contacts" => self.first::<Contact>().await,
            "first-events" => self.first::<Event>().await,
            "first-tasks" => self.first::<Task>().await,
            "incremental" => {
                self.stock().await?;
                self.incremental::<Contact>().await?;
                self.incremental::<Event>().await?;
                self.incremental::<Task>().await
            }
            "token-unknown" => self.forgotten::<Event>().await,
            "conflict" => {
                self.stock().await?;
                self.conflict::<Contact>().await?;
                self.conflict::<Event>().await?;
                self.conflict::<Task>().await
            }
            "write-contacts" => self.writes::<Contact>().await,
            "write-events" => self.writes::<Event>().await,
            "write-tasks" => self.writes::<Task>().await,
            "uid-conflict" => {
                self.stock().await?;
                self.same_uid::<Contact>().await?;
                self.same_uid::<Event>().await?;
                self.same_uid::<Task>().await
            }
            "folders" => {
                self.folders::<Contact>().await?;
                self.folders::<Event>().await?;
                self.folders::<Task>().await
            }
            ACCOUNT => {
                self.endpoints().await?;
                self.all::<Contact>().await?;
                self.all::<Event>().await?;
                self.all::<Task>().await
            }
            _ => Err(odd("there is no such case")),
        }
    }

    fn folder<R: Playable>(&self) -> String {
        let [calendars, books] = &self.homes;
        let home = if R::KIND == Kind::Contact { books } else { calendars };
        format!("{home}{}/", R::FOLDER)
    }

    fn items<R: Playable>(&self) -> Result<Arc<dyn Repository<R>>> {
        R::items(&self.dav).ok_or_else(|| odd("the connector has no such kind"))
    }

    /// An address book, a calendar and a task list, with nothing in them.
    async fn stock(&self) -> Result<()> {
        self.make::<Contact>().await?;
        self.make::<Event>().await?;
        self.make::<Task>().await
    }

    async fn make<R: Playable>(&self) -> Result<()> {
        let (method, body) = made::make(R::KIND, R::FOLDER);
        let path = self.folder::<R>();
        self.elsewhere.send(Other { method, path, content_type: "application/xml", body: body.into_bytes() }).await
    }

    fn putting<R: Playable>(&self, name: &str, text: impl Into<Vec<u8>>) -> Other {
        let path = format!("{}{name}.{}", self.folder::<R>(), R::EXTENSION);
        Other { method: "PUT", path, content_type: R::MEDIA_TYPE, body: text.into() }
    }

    async fn put<R: Playable>(&self, name: &str, text: impl Into<Vec<u8>>) -> Result<()> {
        self.elsewhere.send(self.putting::<R>(name, text)).await
    }

    async fn remove<R: Playable>(&self, path: String) -> Result<()> {
        self.elsewhere.send(Other { method: "DELETE", path, content_type: R::MEDIA_TYPE, body: Vec::new() }).await
    }

    /// A collection with four items of others'.
    async fn four<R: Playable>(&self) -> Result<()> {
        self.put::<R>("foreign", R::FOREIGN).await?;
        for n in 1..=3 {
            self.put::<R>(&format!("s{n}"), text(&R::sample(n))?).await?;
        }
        Ok(())
    }
}

/// A record as another program writes it.
fn text<R: Playable>(record: &R) -> Result<Vec<u8>> {
    let options = Authoring::new(jiff::Timestamp::UNIX_EPOCH, "-//another//program//EN");
    Ok(R::author(record, &options, &InlineBlobs::new())?)
}
