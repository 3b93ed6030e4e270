//! Which collections of both sides a run reads and writes.

use crate::run::Run;
use pimkit_core::{Access, Collection, CollectionId, Error, ErrorKind, LinkQuery, Record, Result, Side, StateChange, StreamRow};
use std::collections::BTreeMap;

impl<R: Record> Run<R> {
    /// Finds the collections of both sides, and what of them goes with what. `ensure`: what the sync is to have of its own
    /// is made where it is missing; else what is there is taken as it is.
    pub(crate) async fn set_up(&mut self, ensure: bool) -> Result<()> {
        self.choose(Side::Left, ensure).await?;
        self.choose(Side::Right, ensure).await?;
        self.check_maps()?;
        self.check_loser_fields()?;
        self.keep_categories(ensure).await
    }

    /// Takes the chosen collections, and finds those that are gone.
    async fn choose(&mut self, side: Side, ensure: bool) -> Result<()> {
        let names = match side {
            Side::Left => self.setup.left_collections.clone(),
            Side::Right => self.setup.collections.clone(),
        };
        let all = self.half(side).repository.collections().await?;
        if side == Side::Right && self.is_dedicated() {
            return self.choose_own(all, ensure).await;
        }
        let account = self.half(side).account.id.clone();
        let known: Vec<CollectionId> = self.state().streams(&account, R::KIND).await?.into_iter().map(|row| row.key.collection).collect();
        let mut chosen = Vec::new();
        let mut gone: Vec<(CollectionId, String)> = Vec::new();
        if names.is_empty() {
            chosen.clone_from(&all);
            for id in known.iter().filter(|id| !all.iter().any(|c| c.id == **id)) {
                gone.push((id.clone(), id.to_string()));
            }
        }
        for name in &names {
            match all.iter().find(|c| c.id.as_str() == name).or_else(|| all.iter().find(|c| c.name == *name)) {
                Some(collection) => chosen.push(collection.clone()),
                None if !known.is_empty() => {
                    let id = known.iter().find(|id| id.as_str() == name).cloned().unwrap_or_else(|| CollectionId::from(name.clone()));
                    gone.push((id, name.clone()));
                }
                None => {
                    let there: Vec<&str> = all.iter().map(|c| c.name.as_str()).collect();
                    return Err(Error::new(ErrorKind::Config, "the account has no collection of this name; correct the config")
                        .with("side", side.word())
                        .with("collection", name)
                        .with("there are", there.join(", ")));
                }
            }
        }
        for (id, name) in gone {
            if names.is_empty() && !self.has_links(side, &id).await? {
                // Nothing was ever linked to it, or all of it went elsewhere: it is of no interest. Should it come back, it is
                // read from the start, by a round that is later than those that saw its items.
                let key = self.stream_key(side, &id);
                let stream = self.state().stream(&key).await?.filter(|row| row.cursor.is_some() || row.page.is_some());
                self.later(stream.map(|row| StateChange::Stream(StreamRow { cursor: None, page: None, ..row })));
                continue;
            }
            let why = "the collection is not there any more; what was linked to it is left alone".to_owned();
            self.report.notes.push(format!("{} {name}: {why}", side.word()));
            self.half_mut(side).failed.insert(id, why);
        }
        let chosen = self.only_private(side, chosen, !names.is_empty())?;
        let first_is_gone = names.first().is_some_and(|first| !chosen.iter().any(|c| c.id.as_str() == first || c.name == *first));
        self.half_mut(side).first_is_gone = first_is_gone;
        self.take(side, all, chosen).await
    }

    /// Takes the sync's own collection, and no other.
    async fn choose_own(&mut self, mut all: Vec<Collection>, ensure: bool) -> Result<()> {
        let own = self.own_collection(&all, ensure).await?;
        if let Some(own) = &own
            && !all.iter().any(|c| c.id == own.id)
        {
            all.push(own.clone());
        }
        if let (None, Some(gone)) = (&own, &self.standing.container) {
            let why = "the sync's own collection is not there any more; what was linked to it is left alone".to_owned();
            let id = gone.id.clone();
            self.report.notes.push(format!("right: {why}"));
            self.far.failed.insert(id, why);
        }
        self.take(Side::Right, all, own.into_iter().collect()).await
    }

    async fn take(&mut self, side: Side, all: Vec<Collection>, chosen: Vec<Collection>) -> Result<()> {
        let repository = self.half(side).repository.clone();
        let mut fields = BTreeMap::new();
        for collection in &chosen {
            let mut supported = repository.fields(&collection.id).await?;
            if collection.access == Access::Read {
                // What is edited on the other side all the same is held and told of, not overlooked.
                supported.iter_mut().for_each(|field| field.write |= field.read);
            }
            fields.insert(collection.id.clone(), supported);
        }
        let half = self.half_mut(side);
        half.collections = chosen;
        half.all = all;
        half.fields = fields;
        Ok(())
    }

    async fn has_links(&self, side: Side, collection: &CollectionId) -> Result<bool> {
        let mut query = LinkQuery::of(self.sync());
        query.collection = Some((side, collection.clone()));
        Ok(self.state().count_links(query).await? > 0)
    }
}
