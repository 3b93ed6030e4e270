//! The categories that the engine manages on the far side's own list: all of them are there, even
//! empty ones, under their names, whatever users do to them.
//!
//! One that was there before it was to be managed is managed like any other, and stays on the list when it is given up. Under
//! `renamed = follow` a category goes by the name that a user gave it.
//!
//! A write of one is repeated when its outcome is not known: to ensure a category twice is no harm.
//! Where the far side has no list, the items' keywords are all there is, and nothing is done here.

use crate::{
    container::intent,
    policy::Renamed,
    run::Run,
    standing::Kept,
    tags::{FIELD, Tags},
};
use futures::TryStreamExt;
use pimkit_core::{
    Categories, Category, CategoryId, CollectionId, Error, ErrorKind, IntentKind, IntentRow, Json, Record, Repository, Result, Side,
    StateChange, Value,
};
use std::{collections::BTreeSet, sync::Arc};

/// What is to be done with a category so that it is as it should be.
enum Heal {
    Nothing,
    Ensure,
    /// The one of this id gets its name back.
    Rename(CategoryId),
}

impl<R: Record> Run<R> {
    /// Finds the engine's categories on the far side, and with `ensure` makes and heals them.
    ///
    /// # Errors
    /// `Unsupported` where far items hold no categories at all.
    pub(crate) async fn keep_categories(&mut self, ensure: bool) -> Result<()> {
        let policy = self.setup.policy.clone();
        let picks = policy.category.is_some() || !policy.incoming.is_empty();
        if policy.categories.is_empty() && !picks && self.standing.categories.is_empty() {
            return Ok(());
        }
        self.check_keywords()?;
        let mut listed = true;
        if ensure && let Some(first) = self.far.collections.first().map(|c| c.id.clone()) {
            listed = self.keep_listed(&first).await?;
        }
        let mut managed = policy.categories;
        for category in &mut managed {
            if let Some(kept) = self.standing.categories.iter().find(|kept| kept.name == category.name) {
                kept.goes_by().clone_into(&mut category.name);
            }
        }
        self.tags = Tags::new(policy.category.as_ref(), &managed, self.standing.aliases.keys().cloned());
        self.tags.unlisted = !listed;
        Ok(())
    }

    /// Far items that hold no categories cannot be told by them.
    fn check_keywords(&self) -> Result<()> {
        let policy = &self.setup.policy;
        let writes = !policy.categories.is_empty() || (policy.category.is_some() && policy.writes(Side::Right));
        for (collection, fields) in &self.far.fields {
            if !fields.iter().any(|f| f.field.as_str() == FIELD && f.read && (f.write || !writes)) {
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    "the right side keeps no categories on its items; take categories, category and incoming out, or sync into a container of its own",
                )
                .with("collection", collection)
                .with("kind", R::KIND.plural()));
            }
        }
        Ok(())
    }

    /// False where the list could not be read this time.
    async fn keep_listed(&mut self, collection: &CollectionId) -> Result<bool> {
        let repository = self.far.repository.clone();
        let Some(role) = repository.categories() else { return Ok(true) };
        let open: Vec<IntentRow> = self.state().intents(self.sync()).try_collect().await?;
        let (open, _): (Vec<_>, Vec<_>) = open.into_iter().partition(|i| i.write == IntentKind::Category && i.kind == R::KIND);
        // What became of them is seen in the list; what is still to be done is done again.
        let begun: BTreeSet<String> = open.iter().filter_map(|i| i.body.read().ok()).collect();
        self.later(open.into_iter().map(|i| StateChange::Settled(i.id)));
        let list = match role.list(collection).await {
            Ok(list) => list,
            Err(error) if error.kind() == ErrorKind::Unsupported => return self.flush().await.map(|()| true),
            Err(error) => {
                self.note(format!("the right side's categories could not be listed, and are looked after in the next run: {error}"));
                return self.flush().await.map(|()| false);
            }
        };
        self.find_group(role, collection, &list).await?;
        self.give_up_unmanaged();
        for name in self.setup.policy.categories.iter().map(|category| category.name.clone()).collect::<Vec<_>>() {
            self.keep_one(role, collection, &list, &name, begun.contains(&name)).await?;
        }
        let row = self.standing_row();
        self.commit(vec![row]).await?;
        Ok(true)
    }

    /// The category that is synced is there too. One that is on no list may still be on items, and to refuse it would be
    /// wrong; what is made on the far side is put into it, so that it is made.
    async fn find_group(&mut self, role: &dyn Categories, collection: &CollectionId, list: &[Category]) -> Result<()> {
        let Some(name) = self.setup.policy.category.clone() else { return Ok(()) };
        if !list.iter().any(|category| category.name == name) && self.setup.policy.writes(Side::Right) {
            self.ensure_one(role, collection, &name).await?;
        }
        Ok(())
    }

    /// Categories that the policy does not name any more come off the items and off the list.
    fn give_up_unmanaged(&mut self) {
        let managed = |name: &str| self.setup.policy.categories.iter().any(|category| category.name == name);
        let (kept, dropped): (Vec<Kept>, Vec<Kept>) = self.standing.categories.clone().into_iter().partition(|kept| managed(&kept.name));
        self.standing.categories = kept;
        for category in dropped {
            self.standing.aliases.insert(category.goes_by().to_owned(), 0);
            if category.made {
                self.standing.leaving.push(category.id);
            }
        }
    }

    /// The category goes by the name that a user gave it from now on; unless another one of ours has that. Comes back with what
    /// is remembered of it.
    fn follow_renamed(&mut self, list: &[Category], name: &str) -> Option<Kept> {
        let kept = self.standing.categories.iter().find(|kept| kept.name == name).cloned();
        if self.setup.policy.renamed != Renamed::Follow {
            return kept.map(|kept| Kept { called: None, ..kept });
        }
        let mut kept = kept?;
        let now = list.iter().find(|category| category.id == kept.id).map(|category| category.name.clone());
        let taken = |now: &str| {
            let others = self.standing.categories.iter().filter(|other| other.name != name);
            others.map(Kept::goes_by).chain(self.setup.policy.categories.iter().map(|c| c.name.as_str())).any(|other| other == now)
        };
        if let Some(now) = now.filter(|now| now != kept.goes_by() && (now == name || !taken(now))) {
            // Where the items do not follow the list, they carry the old one.
            self.standing.aliases.insert(kept.goes_by().to_owned(), 0);
            self.standing.aliases.remove(&now);
            kept.called = Some(now).filter(|now| now != name);
            self.standing.categories.iter_mut().filter(|other| other.name == name).for_each(|other| other.called.clone_from(&kept.called));
        }
        Some(kept)
    }

    /// Sees to it that one is there, under its name. `begun`: an earlier run was about to make it.
    async fn keep_one(&mut self, role: &dyn Categories, collection: &CollectionId, list: &[Category], of: &str, begun: bool) -> Result<()> {
        let kept = self.follow_renamed(list, of);
        let name = kept.as_ref().map_or(of, Kept::goes_by);
        let made = kept.as_ref().is_some_and(|kept| kept.made);
        let remembered = |id: &CategoryId, made: bool| Kept {
            name: of.to_owned(),
            id: id.clone(),
            called: kept.as_ref().and_then(|kept| kept.called.clone()),
            made,
        };
        let by_name = list.iter().find(|category| category.name == name);
        let restores = self.setup.policy.renamed == Renamed::Restore;
        let renamed = kept.as_ref().and_then(|kept| list.iter().find(|category| category.id == kept.id && category.name != name));
        let renamed = renamed.filter(|_| restores);
        if let Some(renamed) = renamed {
            // Where items follow the list, they carry the user's name for it.
            self.standing.aliases.insert(renamed.name.clone(), 0);
        }
        // One that a user gave another name goes, if it was made here.
        let goes = renamed.filter(|_| made);
        let heal = match (by_name, renamed) {
            (Some(there), _) => {
                let same = kept.as_ref().is_some_and(|kept| kept.id == there.id);
                self.remember(remembered(&there.id, if same { made } else { begun }), goes);
                Heal::Nothing
            }
            (None, Some(renamed)) => Heal::Rename(renamed.id.clone()),
            (None, None) => Heal::Ensure,
        };
        match heal {
            Heal::Nothing => {}
            Heal::Ensure => {
                if let Some(there) = self.ensure_one(role, collection, name).await? {
                    self.remember(remembered(&there.id, true), goes);
                }
            }
            Heal::Rename(id) => {
                let intent = self.note_category(collection, name).await?;
                match role.rename(collection, &id, name).await {
                    Ok(category) => {
                        self.later([StateChange::Settled(intent)]);
                        self.remember(remembered(&category.id, made), None);
                    }
                    Err(error) if matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Unsupported) => {
                        self.later([StateChange::Settled(intent)]);
                        // Names are fixed there: it is made again, and the renamed one goes once nothing needs it.
                        if let Some(there) = self.ensure_one(role, collection, name).await? {
                            self.remember(remembered(&there.id, true), goes);
                        }
                    }
                    Err(error) => {
                        self.note(format!("the category {name} could not be given its name back, and is in the next run: {error}"))
                    }
                }
            }
        }
        Ok(())
    }

    /// Remembers which category of the list is ours, and which one goes in its place.
    fn remember(&mut self, kept: Kept, goes: Option<&Category>) {
        self.standing.leaving.extend(goes.filter(|goes| goes.id != kept.id).map(|goes| goes.id.clone()));
        self.standing.categories.retain(|other| other.name != kept.name);
        self.standing.categories.push(kept);
    }

    /// Notes that a category is about to be written.
    async fn note_category(&mut self, collection: &CollectionId, name: &str) -> Result<String> {
        let mut row = intent(self, collection, None, IntentKind::Category);
        row.body = Json::from(Value::from(name));
        let id = row.id.clone();
        // The run's number is taken before anything is written, and what is known by now is durable.
        self.note_run("started", None).await?;
        let standing = self.standing_row();
        self.commit(vec![standing, StateChange::Intent(Box::new(row))]).await?;
        Ok(id)
    }

    async fn ensure_one(&mut self, role: &dyn Categories, collection: &CollectionId, name: &str) -> Result<Option<Category>> {
        let intent = self.note_category(collection, name).await?;
        match role.ensure(collection, name).await {
            Ok(category) => {
                self.later([StateChange::Settled(intent)]);
                Ok(Some(category))
            }
            Err(error) => {
                // It may have been made: the next run sees it in the list, or makes it.
                self.note(format!("the category {name} could not be made, and is in the next run: {error}"));
                Ok(None)
            }
        }
    }

    /// Takes categories off the list that nothing needs any more, once the items have been seen to.
    pub(crate) async fn take_off_list(&mut self) -> Result<()> {
        if self.standing.leaving.is_empty() || self.report.failed.is_some() || !self.report.holds.is_empty() {
            return Ok(());
        }
        let repository: Arc<dyn Repository<R>> = self.far.repository.clone();
        let (Some(role), Some(first)) = (repository.categories(), self.far.collections.first().map(|c| c.id.clone())) else {
            return Ok(());
        };
        for id in self.standing.leaving.clone() {
            let intent = self.note_category(&first, id.as_str()).await?;
            match role.remove(&first, &id).await {
                // Gone already is as good.
                Err(error) if error.kind() != ErrorKind::InvalidData => {
                    self.note(format!("a category could not be taken off the right side's list, and is in the next run: {error}"));
                }
                _ => {
                    self.later([StateChange::Settled(intent)]);
                    self.standing.leaving.retain(|leaving| *leaving != id);
                }
            }
        }
        let row = self.standing_row();
        self.commit(vec![row]).await
    }
}
