//! What is written.

use super::{HOME, Scene, odd};
use pimkit_core::{
    CollectionId, Contact, Delete, EmailAddress, Event, ItemId, Mark, Outcome, Record, Repository, Result, Stored, When, Write,
    WriteOptions,
};

const NOBODY: fn() -> WriteOptions = WriteOptions::default;

fn changed<R: Record>(stored: &Stored<R>, change: impl FnOnce(&mut R)) -> Write<R> {
    let mut target = stored.record.clone();
    change(&mut target);
    let (id, revision) = (stored.id.clone(), stored.revision.clone());
    Write::Update { id, revision, base: Box::new(stored.record.clone()), target: Box::new(target), mark: None }
}

fn deletion<R: Record>(stored: &Stored<R>) -> Write<R> {
    Write::Delete { id: stored.id.clone(), revision: stored.revision.clone(), mode: Delete::Trash }
}

impl Scene {
    /// Makes an item, and reads it.
    async fn made<R: Record>(&self, items: &dyn Repository<R>, at: &CollectionId, record: R) -> Result<Stored<R>> {
        let write = Write::Create { mark: Mark::from("mark-1"), record };
        match self.notes.write("create", items, at, write, &NOBODY()).await? {
            Outcome::Written { id, .. } => self.notes.stored(items, at, &id).await,
            _ => Err(odd("a create was not taken")),
        }
    }

    async fn change_and_delete<R: Record>(
        &self,
        items: &dyn Repository<R>,
        at: &CollectionId,
        record: R,
        change: impl FnOnce(&mut R),
    ) -> Result<()> {
        let stored = self.made(items, at, record).await?;
        let update = self.notes.write("update", items, at, changed(&stored, change), &NOBODY()).await?;
        let stored = self.notes.stored(items, at, &stored.id).await?;
        let delete = self.notes.write("delete", items, at, deletion(&stored), &NOBODY()).await?;
        match (update, delete) {
            (Outcome::Written { .. }, Outcome::Written { .. }) => Ok(()),
            _ => Err(odd("a change of what was made, or its deletion, was not taken")),
        }
    }

    pub(super) async fn contacts_write(&self) -> Result<()> {
        let record = Contact::build(|c| {
            c.name.full = Some("Dara Okafor".to_owned());
            c.name.given = Some("Dara".to_owned());
            c.name.surname = Some("Okafor".to_owned());
            c.emails = vec![EmailAddress { address: "dara@example.org".to_owned(), ..EmailAddress::default() }];
        });
        let change = |c: &mut Contact| c.nicknames = vec!["Dee".to_owned()];
        self.change_and_delete(&*self.items::<Contact>()?, &HOME, record, change).await
    }

    pub(super) async fn events_write(&self) -> Result<()> {
        let at = |hour: i8| When::zoned(jiff::civil::date(2026, 3, 9).at(hour, 0, 0, 0), "Europe/Berlin");
        let record = Event::build(|e| {
            e.title = Some("Stocktaking".to_owned());
            e.start = Some(at(9));
            e.end = Some(at(10));
        });
        let calendar = CollectionId::of("calendar-main");
        let move_to = |e: &mut Event| (e.start, e.end) = (Some(at(14)), Some(at(15)));
        self.change_and_delete(&*self.items::<Event>()?, &calendar, record, move_to).await
    }

    pub(super) async fn conflict(&self) -> Result<()> {
        let items = self.items::<Contact>()?;
        let stored = self.notes.stored(&*items, &HOME, &ItemId::of("contact-ana")).await?;
        let write = changed(&stored, |c| c.nicknames = vec!["Ours".to_owned()]);
        let outcome = self.notes.write("an update of what changed", &*items, &HOME, write, &NOBODY()).await?;
        if !matches!(outcome, Outcome::Conflict { .. }) {
            return Err(odd("an update of a contact that changed in between is no conflict"));
        }
        self.notes.write("a deletion of what changed", &*items, &HOME, deletion(&stored), &NOBODY()).await?;
        Ok(())
    }
}
