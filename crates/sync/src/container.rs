//! A far collection of the sync's own: made when the sync begins, kept by its id, healed when a user
//! renames it. One that a user deleted says "stop", never that all that was in it was deleted.

use crate::{
    keys,
    policy::{Container, Removed, Renamed},
    run::Run,
    standing::{Moving, Own, Retiring},
};
use futures::TryStreamExt;
use pimkit_core::{
    ChangeOptions, Collection, CollectionId, Error, ErrorKind, IntentKind, IntentRow, ItemId, Json, LinkQuery, LinkRow, LinkState, Mark,
    Notice, Outcome, Position, Record, Result, SeenQuery, Side, StateChange, SyncState, WriteOptions,
};
use serde::{Deserialize, Serialize};

/// What an intent about a container needs to be finished.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum About {
    /// It is made; these were there before.
    Make { before: Vec<CollectionId>, generation: u32 },
    /// It gets a name.
    Rename,
    /// It is deleted.
    Delete,
}

impl<R: Record> Run<R> {
    /// Whether the far side is a collection of the sync's own.
    pub(crate) fn is_dedicated(&self) -> bool {
        self.setup.policy.container == Container::Dedicated
    }

    /// The sync's own collection among those that are there; made or healed if need be, where `ensure`. None when it is
    /// gone: then the sync rests, or this run reads nothing of the far side.
    ///
    /// # Errors
    /// `Unsupported` where the account can have none.
    pub(crate) async fn own_collection(&mut self, all: &[Collection], ensure: bool) -> Result<Option<Collection>> {
        let wanted = self.setup.policy.container_name.of(R::KIND).cloned().unwrap_or_default();
        let Some(own) = self.standing.container.clone() else {
            return if ensure { self.make_container(all, &wanted).await.map(Some) } else { Ok(None) };
        };
        if let Some(found) = all.iter().find(|c| c.id == own.id) {
            let found = found.clone();
            return if ensure { self.heal_container(own, found, wanted).await.map(Some) } else { Ok(Some(found)) };
        }
        if !ensure {
            return Ok(None);
        }
        if let Some(found) = self.look_twice(&own.id).await? {
            return self.heal_container(own, found, wanted).await.map(Some);
        }
        match self.setup.policy.removed {
            Removed::Disable => {
                self.container_was_deleted(&own).await?;
                Ok(None)
            }
            Removed::Restore => {
                self.standing.moving = Some(Moving { from: own.id, anew: true });
                let made = self.make_container(all, &wanted).await?;
                self.remake_all().await?;
                self.note(format!("the collection {wanted} was deleted at the far side and is made again"));
                Ok(Some(made))
            }
        }
    }

    /// A listing that leaves it out is no proof: it is listed once more, and asked for itself.
    pub(crate) async fn look_twice(&self, id: &CollectionId) -> Result<Option<Collection>> {
        let repository = self.far.repository.clone();
        if let Some(found) = repository.collections().await?.into_iter().find(|c| c.id == *id) {
            return Ok(Some(found));
        }
        match repository.changes(id, Position::Start, &ChangeOptions::default().page_size(1)).await {
            Err(error) if error.kind() == ErrorKind::CollectionGone => Ok(None),
            Err(error) => Err(error),
            Ok(_) => Err(Error::new(
                ErrorKind::Unavailable,
                "the account does not list the sync's own collection and still answers for it; try again later",
            )
            .with("collection", id)),
        }
    }

    fn no_folders(&self) -> Error {
        Error::new(
            ErrorKind::Unsupported,
            "this account cannot have a collection of the sync's own; set container = selected and choose one of its collections",
        )
        .with("account", &self.setup.right_name)
        .with("sync", self.sync())
    }

    /// The note of a write about a container, before it leaves.
    pub(crate) fn container_intent(&self, id: &CollectionId, mark: Option<Mark>, about: &About) -> IntentRow {
        let body = Json::of(about).unwrap_or_default();
        IntentRow { body, ..intent(self, id, mark, IntentKind::Container) }
    }

    /// Intents about containers whose outcome was never heard of.
    async fn container_intents(&self) -> Result<Vec<(IntentRow, Option<About>)>> {
        let rows: Vec<IntentRow> = self.state().intents(self.sync()).try_collect().await?;
        let ours = rows.into_iter().filter(|row| row.write == IntentKind::Container && row.kind == R::KIND);
        Ok(ours
            .map(|row| {
                let about = row.body.read().ok();
                (row, about)
            })
            .collect())
    }

    /// Makes the container, or finds the one that an earlier run made and never heard of.
    async fn make_container(&mut self, all: &[Collection], wanted: &str) -> Result<Collection> {
        let mut intent = None;
        for (row, about) in self.container_intents().await? {
            match about {
                Some(About::Make { before, generation }) => intent = Some((row, before, generation)),
                // What was there is gone, whatever it was to be called.
                _ => self.later([StateChange::Settled(row.id)]),
            }
        }
        let (intent, generation) = match intent {
            Some((intent, before, generation)) => {
                let new: Vec<&Collection> = all.iter().filter(|c| c.name == wanted && !before.contains(&c.id)).collect();
                match new.as_slice() {
                    [found] => return self.container_is_made(&intent, generation, (*found).clone(), wanted).await,
                    [] => (intent, generation),
                    several => {
                        return Err(Error::new(
                            ErrorKind::InvalidData,
                            "several collections may be the one that was made for this sync; delete or rename all but one",
                        )
                        .with("name", wanted)
                        .with("there are", several.len()));
                    }
                }
            }
            None => {
                if self.far.repository.folders().is_none() {
                    return Err(self.no_folders());
                }
                let generation = self.standing.containers + 1;
                let mark = keys::mint(self.sync(), &ItemId::from("container"), generation);
                let about = About::Make { before: all.iter().map(|c| c.id.clone()).collect(), generation };
                let intent = self.container_intent(&CollectionId::default(), Some(mark), &about);
                // The run's number is taken before anything is written.
                self.note_run("started", None).await?;
                self.commit(vec![StateChange::Intent(Box::new(intent.clone()))]).await?;
                (intent, generation)
            }
        };
        let repository = self.far.repository.clone();
        let Some(folders) = repository.folders() else { return Err(self.no_folders()) };
        let mark = intent.mark.clone().unwrap_or_default();
        match folders.create(&mark, wanted, &WriteOptions::default()).await {
            Outcome::Written { id, now, .. } => {
                let id = CollectionId::from(id.as_str());
                let made = match now {
                    Some(stored) => Some(stored.record),
                    None => repository.collections().await?.into_iter().find(|c| c.id == id),
                };
                let made = made.ok_or_else(|| {
                    Error::new(ErrorKind::Unavailable, "the sync's own collection was made and is not listed yet; try again later")
                })?;
                self.container_is_made(&intent, generation, made, wanted).await
            }
            Outcome::Conflict { .. } => {
                self.commit(vec![StateChange::Settled(intent.id)]).await?;
                Err(Error::new(
                    ErrorKind::InvalidData,
                    "another collection of this name is there already; rename it, or set container_name",
                )
                .with("name", wanted))
            }
            Outcome::Refused(error) => {
                self.commit(vec![StateChange::Settled(intent.id)]).await?;
                Err(error)
            }
            // The intent stays open; the next run finds out.
            Outcome::Unknown(error) => Err(error),
        }
    }

    async fn container_is_made(&mut self, intent: &IntentRow, generation: u32, made: Collection, wanted: &str) -> Result<Collection> {
        self.standing.container = Some(Own { id: made.id.clone(), name: made.name.clone(), asked: wanted.to_owned() });
        self.standing.containers = generation;
        let row = self.standing_row();
        self.commit(vec![StateChange::Settled(intent.id.clone()), row]).await?;
        Ok(made)
    }

    /// The container is there: its name is put back, or followed.
    async fn heal_container(&mut self, own: Own, mut found: Collection, wanted: String) -> Result<Collection> {
        for (intent, _) in self.container_intents().await? {
            // It is there, under whatever name: what is to be done about that is found out anew.
            self.later([StateChange::Settled(intent.id)]);
        }
        let by_config = own.asked != wanted;
        let by_user = found.name != own.name || found.name != own.asked;
        let restores = self.setup.policy.renamed == Renamed::Restore;
        if found.name != wanted && (by_config || (by_user && restores)) {
            self.rename_container(&mut found, &wanted).await?;
        }
        let now = Own { id: found.id.clone(), name: found.name.clone(), asked: wanted };
        if now != own {
            self.standing.container = Some(now);
            let row = self.standing_row();
            self.later([row]);
        }
        self.flush().await?;
        self.remake_all().await?;
        Ok(found)
    }

    async fn rename_container(&mut self, found: &mut Collection, wanted: &str) -> Result<()> {
        let repository = self.far.repository.clone();
        let Some(folders) = repository.folders() else { return Ok(()) };
        let intent = self.container_intent(&found.id, None, &About::Rename);
        self.note_run("started", None).await?;
        self.commit(vec![StateChange::Intent(Box::new(intent.clone()))]).await?;
        match folders.rename(&found.id, wanted, &WriteOptions::default()).await {
            Outcome::Written { id, now, .. } => {
                let id = CollectionId::from(id.as_str());
                if id != found.id {
                    // Everything in it is under another id: what was linked there is linked here.
                    self.standing.moving = Some(Moving { from: found.id.clone(), anew: false });
                }
                *found = match now {
                    Some(stored) => stored.record,
                    None => Collection { id, name: wanted.to_owned(), ..found.clone() },
                };
                self.later([StateChange::Settled(intent.id)]);
            }
            Outcome::Conflict { .. } => {
                self.later([StateChange::Settled(intent.id)]);
                self.note(format!("the sync's own collection could not be given its name {wanted} back: it is taken"));
            }
            Outcome::Refused(error) => {
                self.later([StateChange::Settled(intent.id)]);
                self.note(format!("the sync's own collection could not be given its name {wanted} back: {error}"));
            }
            // Done again in the next run, which is no harm.
            Outcome::Unknown(error) => self.note(format!("the outcome of a rename is open ({error}); the next run finds out")),
        }
        Ok(())
    }

    /// A user deleted the container: that says "stop". The hub's records stay as they are.
    async fn container_was_deleted(&mut self, own: &Own) -> Result<()> {
        let why = format!("the collection {} was deleted at the far side", own.name);
        self.standing.container = None;
        self.standing.gone = Some(own.id.clone());
        self.standing.retiring = Some(match self.setup.policy.teardown {
            crate::policy::Teardown::Leave | crate::policy::Teardown::DeleteMade => Retiring::Forget,
            crate::policy::Teardown::Archive | crate::policy::Teardown::DeleteContainer => Retiring::Archive,
        });
        self.disabled(why).await
    }

    /// Ends the sync, and has its user told.
    pub(crate) async fn disabled(&mut self, why: String) -> Result<()> {
        let (user, name) = (self.setup.app.as_ref().and_then(|app| app.user()), self.sync().to_string());
        let text = format!("the sync {name} was ended: {why}; enable it to start it again");
        self.standing.notices.push(Notice { user, topic: "sync.disabled".to_owned(), item: None, text });
        self.set_state(SyncState::Disabled, Some(why));
        let row = self.standing_row();
        self.note_run("started", None).await?;
        self.commit(vec![row]).await
    }

    /// After a container was made again or moved to another id: what was linked to the old one is to be made in the new
    /// one. May be done again after a crash.
    pub(crate) async fn remake_all(&mut self) -> Result<()> {
        let (Some(Moving { from: old, anew }), Some(own)) = (self.standing.moving.clone(), self.standing.container.clone()) else {
            return Ok(());
        };
        let new = own.id;
        let size = self.setup.page_size as usize;
        let mut query = LinkQuery::of(self.sync());
        query.collection = Some((Side::Right, old.clone()));
        let mut links = self.state().links(query).try_chunks(size);
        while let Some(page) = links.try_next().await.map_err(|e| e.1)? {
            let all = page.into_iter().filter(|link| !anew || !matches!(link.state, LinkState::Suppressed | LinkState::Shadowed));
            let moved = all.map(|link| StateChange::Link(Box::new(moved(link, &new, anew))));
            self.commit(moved.collect()).await?;
        }
        drop(links);
        self.forget_collection(&old).await?;
        self.standing.moving = None;
        let row = self.standing_row();
        self.commit(vec![row]).await
    }

    /// Forgets everything that was seen of a far collection that is gone, and what was open there.
    pub(crate) async fn forget_collection(&mut self, old: &CollectionId) -> Result<()> {
        let intents: Vec<IntentRow> = self.state().intents(self.sync()).try_collect().await?;
        self.later(intents.into_iter().filter(|i| i.side == Side::Right && i.collection == *old).map(|i| StateChange::Settled(i.id)));
        let account = self.far.account.id.clone();
        let mut rows = self.state().seen_rows(SeenQuery::of(&account, R::KIND).within(old)).try_chunks(self.setup.page_size as usize);
        while let Some(page) = rows.try_next().await.map_err(|e| e.1)? {
            let gone = page.into_iter().map(|row| StateChange::DropSeen {
                account: row.account,
                kind: row.kind,
                collection: row.collection,
                item: row.item,
            });
            self.commit(gone.collect()).await?;
        }
        drop(rows);
        let stream = self.stream_key(Side::Right, old);
        self.commit(vec![StateChange::DropStream(stream)]).await
    }
}

/// The note of a write to the far side that is about no item.
pub(crate) fn intent<R: Record>(run: &Run<R>, collection: &CollectionId, mark: Option<Mark>, write: IntentKind) -> IntentRow {
    IntentRow {
        id: run.shared.chance.id(),
        run: run.run,
        step: 0,
        sync: run.sync().clone(),
        side: Side::Right,
        account: run.far.account.id.clone(),
        kind: R::KIND,
        collection: collection.clone(),
        link: None,
        write,
        item: None,
        mark,
        before: None,
        target: None,
        revision: None,
        at: run.now(),
        settles: run.now(),
        body: Json::default(),
    }
}

/// A link of another collection, where its far item is the same, or is made `anew`.
fn moved(mut link: LinkRow, to: &CollectionId, anew: bool) -> LinkRow {
    link.collection = to.clone();
    if anew {
        link.item = None;
        link.revision = None;
        link.generation += 1;
        if link.state != LinkState::OutOfScope {
            link.state = LinkState::Pending;
            link.note = None;
        }
    }
    link.again = true;
    link.version += 1;
    link
}
