//! The behaviour suite of all connectors, on a folder.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use async_trait::async_trait;
use common::settled_clock;
use pimkit_contract::{
    FakeClock, samples,
    suite::{self, BackDoor, Floor, Harness, Stage},
};
use pimkit_core::{Capabilities, CollectionId, Connector, Contact, Create, Event, Fields, Kind, Record, Role, Stored, Task};
use pimkit_formats::{
    resource::{Authoring, InlineBlobs, TextRecord},
    vcard,
};
use pimkit_vdir::{Config, Vdir};
use std::{fs, path::PathBuf, sync::Arc};

struct Folders {
    clock: FakeClock,
}

/// Another program at the same files.
struct Editor(PathBuf);

struct Account {
    dir: tempfile::TempDir,
    editor: Editor,
    vdir: Vdir,
}

#[async_trait]
impl<R: TextRecord> BackDoor<R> for Editor {
    async fn edit(&self, item: &Stored<R>, record: &R) -> bool {
        let path = self.0.join(item.id.as_str());
        let options = Authoring::new(jiff::Timestamp::now(), "-//another//program//EN");
        let text = fs::read(&path).unwrap();
        let text = R::patch(&text, &R::read(&text).unwrap(), record, &options, &InlineBlobs::new()).unwrap();
        fs::write(path, text).unwrap();
        true
    }
    async fn delete(&self, item: &Stored<R>) -> bool {
        fs::remove_file(self.0.join(item.id.as_str())).unwrap();
        true
    }
    async fn damage(&self, item: &Stored<R>) -> bool {
        fs::write(self.0.join(item.id.as_str()), "BEGIN:VCARD\r\nBEGIN:VCALENDAR\r\nFN:Ha").unwrap();
        true
    }
}

#[async_trait]
impl Stage for Account {
    fn connector(&self) -> Arc<dyn Connector> {
        Arc::new(self.vdir.clone())
    }
    async fn second_collection(&self, _: Kind) -> Option<CollectionId> {
        fs::create_dir_all(self.dir.path().join("second")).unwrap();
        Some("second".into())
    }
    fn contact_door(&self) -> Option<&dyn BackDoor<Contact>> {
        Some(&self.editor)
    }
    fn event_door(&self) -> Option<&dyn BackDoor<Event>> {
        Some(&self.editor)
    }
    fn task_door(&self) -> Option<&dyn BackDoor<Task>> {
        Some(&self.editor)
    }
    fn mails(&self) -> Option<usize> {
        // A folder has no post office.
        Some(0)
    }
}

#[async_trait]
impl Harness for Folders {
    fn name(&self) -> String {
        "vdir".to_owned()
    }
    fn floor(&self) -> Floor {
        let all = |c: &mut Capabilities| {
            (c.write, c.conditional, c.move_items, c.can_keep_silent, c.find, c.create) =
                (true, true, true, true, true, Create::Repeatable);
        };
        let calendar = move |c: &mut Capabilities| {
            all(c);
            (c.attachments, c.exceptions) = (true, true);
        };
        Floor::default()
            .kind(Kind::Contact, |c| {
                all(c);
                c.photos = true;
            })
            .kind(Kind::Event, calendar)
            .kind(Kind::Task, calendar)
            .role(Role::Folders)
            .role(Role::Blobs)
            .role(Role::Search)
    }
    fn prepare(&self, kind: Kind, mut fields: Fields) -> Fields {
        // A VTODO with overrides is a series, and a series has a start (RFC 5545 section 3.8.5.3).
        if kind == Kind::Task && fields.contains_key("recurrenceOverrides") && !fields.contains_key("start") {
            let start = samples::task_series(1).get("start").unwrap();
            fields.insert("start".into(), start);
        }
        fields
    }
    fn spelt(&self, kind: Kind, fields: Fields) -> Fields {
        match kind {
            // A uid is a uid with and without `urn:uuid:`.
            Kind::Contact => vcard::normalised(&Contact::default().with(&fields).unwrap()).fields(),
            _ => fields,
        }
    }
    async fn fresh(&self) -> Box<dyn Stage> {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("first")).unwrap();
        let vdir = Vdir::open(dir.path(), Config::default().clock(Arc::new(self.clock.clone()))).unwrap();
        Box::new(Account { editor: Editor(dir.path().to_owned()), dir, vdir })
    }
}

/// At this clock all files were changed just now: their revisions hold hashes.
#[tokio::test]
async fn the_suite_holds_while_every_file_is_fresh() {
    suite::run(&Folders { clock: FakeClock::default() }).await;
}

/// At this clock no file was changed lately: their times alone tell.
#[tokio::test]
async fn the_suite_holds_when_every_file_is_settled() {
    suite::run(&Folders { clock: settled_clock() }).await;
}
