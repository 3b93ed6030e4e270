//! The categories that the engine manages on the far side's own list: all of them are there, even
//! empty ones, under their names, whatever users do to them.
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
    Categories, Category, CategoryId, CollectionId, Error, ErrorKind, IntentKind, IntentRow, Record, Repository, Result, Side, StateChange,
    Value,
};
use std::sync::Arc;

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
        if policy.categories.is_empty() && policy.category.is_none() && self.standing.categories.is_empty() {
            return Ok(());
        }
        self.check_keywords()?;
        let mut listed = true;
        if ensure && let Some(first) = self.far.collections.first().map(|c| c.id.clone()) {
            listed = self.keep_listed(&first).await?;
        }
        self.tags = Tags::new(policy.category.as_ref(), &policy.categories, self.standing.aliases.keys().cloned());
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
                    "the right side keeps no categories on its items; take categories and category out, or sync into a container of its own",
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
        // What became of them is seen in the list; what is still to be done is done again.
        self.later(open.into_iter().filter(|i| i.write == IntentKind::Category && i.kind == R::KIND).map(|i| StateChange::Settled(i.id)));
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
            self.keep_one(role, collection, &list, &name).await?;
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
            self.standing.aliases.insert(category.name, 0);
            self.standing.leaving.push(category.id);
        }
    }

    async fn keep_one(&mut self, role: &dyn Categories, collection: &CollectionId, list: &[Category], name: &str) -> Result<()> {
        let kept = self.standing.categories.iter().find(|kept| kept.name == name).map(|kept| kept.id.clone());
        let by_name = list.iter().find(|category| category.name == name);
        let renamed = kept.as_ref().and_then(|id| list.iter().find(|category| category.id == *id && category.name != name));
        if let Some(renamed) = renamed
            && self.setup.policy.renamed == Renamed::Restore
        {
            // Where items follow the list, they carry the user's name for it.
            self.standing.aliases.insert(renamed.name.clone(), 0);
        }
        let heal = match (by_name, renamed) {
            (Some(there), _) => {
                self.remember(name, there.id.clone(), renamed);
                Heal::Nothing
            }
            (None, Some(renamed)) if self.setup.policy.renamed == Renamed::Restore => Heal::Rename(renamed.id.clone()),
            (None, _) => Heal::Ensure,
        };
        match heal {
            Heal::Nothing => {}
            Heal::Ensure => {
                if let Some(made) = self.ensure_one(role, collection, name).await? {
                    self.remember(name, made.id, renamed);
                }
            }
            Heal::Rename(id) => {
                let intent = self.note_category(collection, name).await?;
                match role.rename(collection, &id, name).await {
                    Ok(category) => {
                        self.later([StateChange::Settled(intent)]);
                        self.remember(name, category.id, None);
                    }
                    Err(error) if matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Unsupported) => {
                        self.later([StateChange::Settled(intent)]);
                        // Names are fixed there: it is made again, and the renamed one goes once nothing needs it.
                        if let Some(made) = self.ensure_one(role, collection, name).await? {
                            self.remember(name, made.id, renamed);
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

    /// Remembers which category of the list is ours; one that a user gave another name goes, unless that is followed.
    fn remember(&mut self, name: &str, id: CategoryId, renamed: Option<&Category>) {
        if let Some(renamed) = renamed.filter(|renamed| renamed.id != id && self.setup.policy.renamed == Renamed::Restore) {
            self.standing.leaving.push(renamed.id.clone());
        }
        self.standing.categories.retain(|kept| kept.name != name);
        self.standing.categories.push(Kept { name: name.to_owned(), id });
    }

    /// Notes that a category is about to be written.
    async fn note_category(&mut self, collection: &CollectionId, name: &str) -> Result<String> {
        let mut row = intent(self, collection, None, IntentKind::Category);
        row.body = Value::from(name);
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
