//! The behaviour suite against the app store: in memory, and for an acting user on a file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use async_trait::async_trait;
use futures::executor::block_on;
use pimkit_contract::suite::{self, BackDoor, Floor, Harness, Stage};
use pimkit_core::{Connector, Create, Kind, Record, Role, Stored};
use pimkit_local::{AppUser, Local, UserRole};
use std::{path::PathBuf, sync::Arc};

struct Store {
    acting: bool,
}

struct Account {
    /// What the suite sees.
    store: Local,
    /// The CRM's own user interface.
    owner: Local,
    /// Where the file is, to damage it.
    file: Option<(PathBuf, tempfile::TempDir)>,
}

#[async_trait]
impl<R: Record> BackDoor<R> for Account {
    async fn edit(&self, item: &Stored<R>, record: &R) -> bool {
        self.owner.edit::<R>(&item.id, |held| *held = record.clone()).await.is_ok()
    }
    async fn delete(&self, item: &Stored<R>) -> bool {
        self.owner.delete(R::KIND, &item.id).await.is_ok() && self.owner.purge(R::KIND, &item.id).await.is_ok()
    }
    async fn damage(&self, item: &Stored<R>) -> bool {
        let Some((path, _)) = &self.file else { return false };
        let sql = rusqlite::Connection::open(path).unwrap();
        sql.execute("INSERT INTO place (chance) VALUES (random())", []).unwrap();
        let text = "UPDATE item SET record = '{\"name\": 7', rev = random(), seq = (SELECT max(seq) FROM place)
            WHERE id || '-' || chance = ?1";
        sql.execute(text, [item.id.as_str()]).unwrap() == 1
    }
}

#[async_trait]
impl Stage for Account {
    fn connector(&self) -> Arc<dyn Connector> {
        Arc::new(self.store.clone())
    }
    async fn second_collection(&self, kind: Kind) -> Option<pimkit_core::CollectionId> {
        (kind == Kind::Contact).then(|| "leads".into())
    }
    fn contact_door(&self) -> Option<&dyn BackDoor<pimkit_core::Contact>> {
        Some(self)
    }
    fn event_door(&self) -> Option<&dyn BackDoor<pimkit_core::Event>> {
        Some(self)
    }
    fn task_door(&self) -> Option<&dyn BackDoor<pimkit_core::Task>> {
        Some(self)
    }
    fn mails(&self) -> Option<usize> {
        // There is no way out of the store.
        Some(0)
    }
}

/// An empty store's file, made once: making one waits for the disk many times.
fn empty() -> &'static [u8] {
    static FILE: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
    FILE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("crm.db");
        drop(Local::open(&path, world::options()).unwrap());
        std::fs::read(&path).unwrap()
    })
}

#[async_trait]
impl Harness for Store {
    fn name(&self) -> String {
        if self.acting { "local, acting user".to_owned() } else { "local".to_owned() }
    }
    fn floor(&self) -> Floor {
        let all = |c: &mut pimkit_core::Capabilities| {
            (c.write, c.incremental, c.conditional, c.move_items, c.trash) = (true, true, true, true, true);
            (c.can_keep_silent, c.find, c.create) = (true, true, Create::Repeatable);
        };
        Floor::default()
            .kind(Kind::Contact, |c| {
                all(c);
                c.photos = true;
            })
            .kind(Kind::Event, |c| {
                all(c);
                (c.attachments, c.exceptions) = (true, true);
            })
            .kind(Kind::Task, |c| {
                all(c);
                (c.attachments, c.exceptions) = (true, true);
            })
            .kind(Kind::Message, |c| c.write = true)
            .kind(Kind::User, |c| c.write = true)
            .role(Role::Folders)
            .role(Role::Categories)
            .role(Role::Blobs)
            .role(Role::Search)
    }
    async fn fresh(&self) -> Box<dyn Stage> {
        if !self.acting {
            let owner = world::store();
            return Box::new(Account { store: owner.clone(), owner, file: None });
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("crm.db");
        std::fs::write(&path, empty()).unwrap();
        let owner = Local::open(&path, world::options()).unwrap();
        let user = AppUser { name: "ann".into(), role: UserRole::Member, team: None, emails: vec!["ann@example.org".into()] };
        owner.put_user(&user).await.unwrap();
        Box::new(Account { store: owner.acting("ann").unwrap(), owner, file: Some((path, folder)) })
    }
}

#[test]
fn the_store_keeps_the_contract() {
    block_on(suite::run(&Store { acting: false }));
}

#[test]
fn an_acting_users_view_keeps_the_contract() {
    block_on(suite::run(&Store { acting: true }));
}
