//! What became of creates whose answer was lost: probed as the collection's [`Create`] capability says.

use super::found_outcome;
use crate::{
    fresh::set_end,
    keys,
    planted::{Break, planted},
    project::part_of,
    run::Run,
    stranger::same_thing,
};
use futures::TryStreamExt;
use jiff::SignedDuration;
use pimkit_core::{
    CollectionId, Create, ErrorKind, Fetched, Fields, IntentRow, ItemId, Key, LinkState, Mark, Outcome, Presence, Record, Result,
    SeenQuery, SeenRow, Side, StateChange, Stored, Write, cursor::binding,
};

impl<R: Record> Run<R> {
    pub(super) async fn recover_create(&mut self, intent: &IntentRow) -> Result<bool> {
        let Some(collection) = self.half(intent.side).collection(&intent.collection).cloned() else { return Ok(false) };
        let (Some(mark), Some(target)) = (intent.mark.clone(), intent.target.as_deref()) else { return Ok(false) };
        if let Some(item) = &intent.item {
            return self.recover_made(intent, item).await;
        }
        if self.was_made_by_another_sync(intent).await? {
            return Ok(true);
        }
        if let Some(row) = self.shown_to_another_sync(intent).await? {
            return self.finish_intent(intent, found_outcome(self.stored_as(&row)?)).await;
        }
        if let Some(gone) = self.shown_and_gone(intent).await? {
            return self.made_and_gone(intent, &gone).await;
        }
        match collection.capabilities.create {
            Create::Repeatable => {
                let record: R = pimkit_core::decode_record(target)?;
                let mark_of = mark.clone();
                let blobs = self.blobs_of(intent).await?;
                let outcome = self
                    .send(intent.side, &intent.collection, vec![Write::Create { mark, record }], intent.side.other(), blobs)
                    .await
                    .into_iter()
                    .next();
                match outcome {
                    // Its place is taken, by itself or by something else: where the side cannot be asked, its listing tells.
                    Some(Outcome::Conflict { now: None }) if !self.may_be_asked(intent, &mark_of).await => {
                        self.to_find.insert(intent.id.clone());
                        Ok(false)
                    }
                    // That it is not done again now says nothing of the first time.
                    Some(Outcome::Refused(error)) if !is_lasting(&error) => self.finish_intent(intent, Outcome::Unknown(error)).await,
                    // Nor that it is never done again: a side that can be asked says whether the first one is there.
                    Some(Outcome::Refused(error)) => match self.marked(intent, &mark_of).await {
                        Some(Ok(Some(stored))) => self.finish_intent(intent, found_outcome(stored)).await,
                        // Not asked is not "not there".
                        Some(Err(failed)) if !is_lasting(&failed) => self.finish_intent(intent, Outcome::Unknown(failed)).await,
                        _ => self.finish_intent(intent, Outcome::Refused(error)).await,
                    },
                    // The first try may have been cut off half way: what is there is not what was sent until it says so.
                    Some(Outcome::Written { id, now: None, left_out, .. }) if left_out.is_empty() => self.recover_made(intent, &id).await,
                    Some(outcome) => self.finish_intent(intent, outcome).await,
                    None => Ok(false),
                }
            }
            Create::Findable { .. } if !collection.capabilities.find => {
                self.to_find.insert(intent.id.clone());
                Ok(false)
            }
            Create::Findable { .. } => {
                let repository = self.half(intent.side).repository.clone();
                match repository.find(&intent.collection, &[Key::Mark(mark)]).await.into_iter().next() {
                    Some(Ok(mut found)) => {
                        // A user may have copied it meanwhile, mark and all, and edited the copy: what we sent is ours.
                        let sent: R = pimkit_core::decode_record(target)?;
                        let ours = found.iter().position(|stored| pimkit_core::diff(&sent, &stored.record).is_empty());
                        found.drain(..ours.unwrap_or_default());
                        match found.into_iter().next() {
                            Some(stored) => self.finish_intent(intent, found_outcome(stored)).await,
                            None => Ok(false),
                        }
                    }
                    // That it is not there counts only where the side has said so.
                    _ => {
                        self.unasked.insert(intent.id.clone());
                        Ok(false)
                    }
                }
            }
            Create::ByContent => Ok(false),
        }
    }

    /// Whether an item has another link than that of the intent.
    pub(crate) async fn is_anothers(&self, intent: &IntentRow, item: &ItemId) -> Result<bool> {
        if self.claims.get(&(intent.side, item.clone())).is_some_and(|link| *link != intent.link) {
            return Ok(true);
        }
        let links = self.links_of(intent.side, &intent.collection, std::slice::from_ref(item)).await?;
        Ok(links.into_iter().flatten().any(|link| Some(&link.id) != intent.link.as_ref()))
    }

    /// What the repeat came to was linked meanwhile, as somebody else's: it is no longer this link's to take.
    pub(crate) async fn hold_made(&mut self, intent: &IntentRow) -> Result<bool> {
        let mut changes = vec![StateChange::Settled(intent.id.clone())];
        if let Some(id) = &intent.link
            && let Some(mut link) = self.state().link(id).await?
        {
            link.state = LinkState::Held;
            link.note = Some("what was made for it has a link to another item; unlink one of the two".to_owned());
            link.version += 1;
            changes.push(StateChange::Link(Box::new(link)));
            self.report.held += 1;
        }
        self.commit(changes).await?;
        Ok(true)
    }

    /// The item that carries the mark, where the side can be asked and says one.
    async fn marked(&self, intent: &IntentRow, mark: &Mark) -> Option<Result<Option<Stored<R>>>> {
        let repository = self.half(intent.side).repository.clone();
        let answer = repository.find(&intent.collection, &[Key::Mark(mark.clone())]).await.into_iter().next()?;
        Some(answer.map(|found| found.into_iter().next()))
    }

    /// Whether a side answers who carries a mark.
    async fn may_be_asked(&self, intent: &IntentRow, mark: &Mark) -> bool {
        let repository = self.half(intent.side).repository.clone();
        let answer = repository.find(&intent.collection, &[Key::Mark(mark.clone())]).await.into_iter().next();
        answer.is_some_and(|found| found.is_ok())
    }

    /// The create was answered with an id, and what was made could not be read back.
    async fn recover_made(&mut self, intent: &IntentRow, item: &ItemId) -> Result<bool> {
        let repository = self.half(intent.side).repository.clone();
        match repository.fetch(&intent.collection, std::slice::from_ref(item)).await.into_iter().next() {
            Some(Fetched::Found(stored)) => self.finish_intent(intent, found_outcome(*stored)).await,
            // It was there, and was deleted since: made again it would come back to whoever deleted it.
            Some(Fetched::Gone) => self.made_and_gone(intent, item).await,
            _ => Ok(false),
        }
    }

    /// What a create made was there, and was deleted since.
    async fn made_and_gone(&mut self, intent: &IntentRow, item: &ItemId) -> Result<bool> {
        let Some(target) = intent.target.as_deref() else { return Ok(false) };
        let mut stored = Stored::new(item.clone(), &intent.collection, "", pimkit_core::decode_record(target)?);
        stored.mark.clone_from(&intent.mark);
        self.finish_gone(intent, found_outcome(stored), Some(item)).await
    }

    /// The item with the mark of a create that another sync of the account has seen, and seen go.
    async fn shown_and_gone(&self, intent: &IntentRow) -> Result<Option<ItemId>> {
        let Some(mark) = &intent.mark else { return Ok(None) };
        let account = &self.half(intent.side).account.id;
        for (collection, item) in self.state().seen_by_keys(account, R::KIND, &[keys::mark_key(mark)], 4).await?.into_iter().flatten() {
            let rows = self.state().seen(account, R::KIND, &collection, std::slice::from_ref(&item)).await?;
            let gone = |row: &SeenRow| matches!(row.presence, Presence::Missing { .. } | Presence::Gone);
            if collection == intent.collection && rows.iter().flatten().any(gone) {
                return Ok(Some(item));
            }
        }
        Ok(None)
    }

    /// A hub record was to be made again, nobody knows whether it was, and another sync has made it meanwhile: the link
    /// follows that one.
    async fn was_made_by_another_sync(&mut self, intent: &IntentRow) -> Result<bool> {
        let Some(task) = self.task(intent).await? else { return Ok(false) };
        let (Some(old), Some(mut link)) = (&task.step.replaces, task.link) else { return Ok(false) };
        let key = keys::id_key(binding(&[old.as_str()]));
        let mut stands: Option<SeenRow> = None;
        for (collection, item) in self.unlinked(Side::Left, &[key], 2, None).await?.into_values().flatten() {
            let rows = self.state().seen(&self.hub.account.id, R::KIND, &collection, &[item]).await?;
            let other = |row: &SeenRow| row.presence == Presence::Present && row.item != *old;
            stands = stands.or(rows.into_iter().flatten().find(other));
        }
        let Some(row) = stands else { return Ok(false) };
        set_end(&mut link, Side::Left, &row);
        link.state = LinkState::Live;
        link.again = true;
        link.version += 1;
        self.commit(vec![StateChange::Settled(intent.id.clone()), StateChange::Link(Box::new(link))]).await?;
        Ok(true)
    }

    /// The one item with the mark of a create that another sync of the account has seen since.
    async fn shown_to_another_sync(&self, intent: &IntentRow) -> Result<Option<SeenRow>> {
        let Some(mark) = &intent.mark else { return Ok(None) };
        let account = self.half(intent.side).account.id.clone();
        let mut marked = Vec::new();
        for (collection, item) in self.unlinked(intent.side, &[keys::mark_key(mark)], 2, None).await?.into_values().flatten() {
            let rows = self.state().seen(&account, R::KIND, &collection, &[item]).await?;
            let ours = |row: &SeenRow| row.collection == intent.collection && row.presence == Presence::Present;
            marked.extend(rows.into_iter().flatten().filter(ours));
        }
        // Of several, all but one are copies: the side is asked.
        Ok(if marked.len() == 1 { marked.pop() } else { None })
    }

    /// A sighting as the side told it.
    pub(super) fn stored_as(&self, row: &SeenRow) -> Result<Stored<R>> {
        let revision = row.revision.clone().unwrap_or_default();
        let mut stored = Stored::new(row.item.clone(), &row.collection, revision, self.record_of(row)?);
        stored.mark.clone_from(&row.mark);
        stored.unread.clone_from(&row.unread);
        stored.modified = row.modified;
        Ok(stored)
    }

    /// Looks among what was seen for the item that a lost create may have made. Where the collection
    /// was not `read` to its end, or the side tells repeats by itself, only a mark is proof.
    pub(super) async fn recover_seen(&mut self, intent: &IntentRow, read: bool) -> Result<bool> {
        let repeatable = self.half(intent.side).collection(&intent.collection).is_some_and(|c| c.capabilities.create == Create::Repeatable);
        let by_content = read && (!repeatable || self.to_find.contains(&intent.id));
        let Some(target) = intent.target.as_deref() else { return Ok(false) };
        let record: R = pimkit_core::decode_record(target)?;
        let fields = record.fields();
        let account = self.half(intent.side).account.id.clone();
        let mut asked: Vec<String> = intent.mark.iter().map(keys::mark_key).collect();
        if by_content {
            asked.extend(keys::content_keys(R::KIND, &fields));
        }
        asked.extend(record.uid().map(keys::uid_key));
        asked.push(keys::hash_key(keys::hash(&fields)));
        let (mut fitting, mut edited): (Vec<SeenRow>, Vec<SeenRow>) = Default::default();
        let mut places: Vec<(CollectionId, ItemId)> = self.unlinked(intent.side, &asked, 16, None).await?.into_values().flatten().collect();
        if record.uid().is_none() {
            // Half made on a side that keeps no marks, it has none of the keys.
            places.extend(self.came_without_a_name(intent).await?);
        }
        for (collection, item) in places {
            // One item may have several of the keys.
            if collection != intent.collection || fitting.iter().chain(&edited).any(|r| r.item == item) {
                continue;
            }
            let ids = [item];
            let row = self.state().seen(&account, R::KIND, &collection, &ids).await?.into_iter().flatten().next();
            let Some(row) = row.filter(|r| r.presence == Presence::Present) else { continue };
            let named = record.uid().is_some_and(|uid| row.keys.contains(&keys::uid_key(uid)));
            if named {
                // Whatever it says by now, and whenever it was seen first: it waits with the intent.
                self.open_creates.items.insert((intent.side, collection.clone(), row.item.clone()));
            }
            let marked = row.mark.is_some() && row.mark == intent.mark;
            let since = self.was_seen_since(intent, &row);
            if marked || (since && self.may_be(&fields, &row)?) {
                fitting.push(row);
            } else if since
                && named
                && self.is_edited(intent.side, &fields, &row).await?
                && !self.fits_another(intent, &fields, &row).await?
            {
                edited.push(row);
            }
        }
        // What came since and carries the uid that was sent is it all the same: its user has edited it already.
        if fitting.is_empty() {
            fitting = edited;
        }
        let sent = keys::hash(&fields);
        let mut marked = fitting.iter().filter(|r| r.mark.is_some() && r.mark == intent.mark);
        if let Some(row) = marked.clone().find(|r| r.hash == sent).or_else(|| marked.next()).cloned() {
            fitting = vec![row];
        }
        if !by_content && !fitting.iter().any(|row| row.mark.is_some() && row.mark == intent.mark) {
            // A side that keeps no marks may have made it all the same: it waits with the intent.
            self.open_creates.items.extend(fitting.into_iter().map(|row| (intent.side, row.collection, row.item)));
            return Ok(false);
        }
        let place = (intent.side, intent.collection.clone());
        // A side that refused the repeat has something there: readers that are late get the time that they may need.
        let late = SignedDuration::try_from(self.setup.policy.settle()).unwrap_or_default();
        let shown = intent.at.checked_add(late).unwrap_or(intent.at);
        let settles = if repeatable { intent.settles.max(shown) } else { intent.settles };
        match fitting.as_slice() {
            [row] => {
                let stored = self.stored_as(row)?;
                self.finish_intent(intent, found_outcome(stored)).await
            }
            // Its side could not say.
            [] if self.unasked.contains(&intent.id) => Ok(false),
            // What was never read may be what it made.
            [] if by_content && self.has_unread_since(intent.side, &intent.collection, intent.at).await? => Ok(false),
            // One listing may have come short: that it is not there is believed when another one says so too.
            [] if by_content && self.now() >= settles && !self.listed_again.contains(&place) => {
                if !self.may_list_again {
                    return Ok(false);
                }
                let read = self.list_again(intent.side, &intent.collection).await?;
                Box::pin(self.recover_seen(intent, read)).await
            }
            [] if by_content && (self.now() >= settles || planted(Break::SettleTime)) => {
                // It was not made: the item is planned anew.
                let mut changes = vec![StateChange::Settled(intent.id.clone())];
                if let Some(id) = &intent.link
                    && let Some(mut link) = self.state().link(id).await?
                {
                    link.again = true;
                    link.version += 1;
                    changes.push(StateChange::Link(Box::new(link)));
                }
                self.commit(changes).await?;
                Ok(true)
            }
            [] => Ok(false),
            several => {
                let n = several.len();
                for row in several {
                    self.open_creates.items.insert((intent.side, row.collection.clone(), row.item.clone()));
                }
                if let Some(mut link) = match &intent.link {
                    Some(id) => self.state().link(id).await?,
                    None => None,
                } {
                    let note = Some(format!("a create was cut off, and {n} items may be the one it made"));
                    if link.state != LinkState::Held || link.note != note {
                        link.state = LinkState::Held;
                        link.note = note;
                        link.version += 1;
                        self.commit(vec![StateChange::Link(Box::new(link))]).await?;
                    }
                }
                self.report.held += 1;
                Ok(false)
            }
        }
    }

    /// Whether an item that has no link was seen since a create left. What fits was not there when that was planned, or it would
    /// have been recognised: where it was seen before this run, a run that was cut off has seen it, and it has changed once more.
    fn was_seen_since(&self, intent: &IntentRow, row: &SeenRow) -> bool {
        self.came_since(intent, row) || row.unchanged_at.is_some_and(|at| at > intent.at)
    }

    /// Items without a uid and without a link that came since a write left: half made, they have none of the keys that what was
    /// sent has.
    async fn came_without_a_name(&self, intent: &IntentRow) -> Result<Vec<(CollectionId, ItemId)>> {
        let mut query = SeenQuery::of(&self.half(intent.side).account.id, R::KIND).within(&intent.collection);
        query.changed_after = Some(intent.run.saturating_sub(1));
        let mut rows = self.state().seen_rows(query);
        let mut found = Vec::new();
        while let Some(row) = rows.try_next().await? {
            let named = row.keys.iter().any(|key| key.starts_with("uid:"));
            let came = row.presence == Presence::Present && self.was_seen_since(intent, &row);
            if !named && came && !self.is_anothers(intent, &row.item).await? {
                found.push((row.collection, row.item));
            }
        }
        Ok(found)
    }

    /// Whether an item that carries the uid that was sent may be what was made and edited since: one of another name, beside
    /// others with that uid, is a user's copy of those.
    async fn is_edited(&self, side: Side, sent: &Fields, row: &SeenRow) -> Result<bool> {
        if same_thing(R::KIND, sent, &self.fields_of(row)?) {
            return Ok(true);
        }
        for uid in row.keys.iter().filter(|key| key.starts_with("uid:")) {
            if self.carriers(side, uid).await?.len() > 1 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether an item is rather what another write of unknown outcome left: of a record and its copy, which carry one uid,
    /// each gets its own.
    async fn fits_another(&self, intent: &IntentRow, sent: &Fields, row: &SeenRow) -> Result<bool> {
        let now = self.fields_of(row)?;
        for other in self.intents().await? {
            let same_place = other.side == intent.side && other.collection == intent.collection;
            let (true, Some(target)) = (same_place && other.id != intent.id, other.target.as_deref()) else { continue };
            let target = pimkit_core::decode_record::<R>(target)?;
            let marked = row.mark.is_some() && row.mark == other.mark;
            let named = target.uid().is_some_and(|uid| row.keys.contains(&keys::uid_key(uid)));
            let is_other = named && same_thing(R::KIND, &target.fields(), &now) && !same_thing(R::KIND, sent, &now);
            if marked || is_other || self.may_be(&target.fields(), row)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether an item may be what a side made of these fields.
    fn may_be(&self, target: &Fields, row: &SeenRow) -> Result<bool> {
        let now = self.fields_of(row)?;
        Ok(now.iter().all(|(field, value)| match R::catalogue().field(field.as_str()) {
            _ if row.unread.contains(field) => true,
            Some(def) if def.identity => true,
            Some(def) => match target.get(field) {
                Some(sent) => def.same(Some(sent), Some(value)) || part_of(def, Some(sent), Some(value)),
                // A default of the side's own.
                None => !value.is_array() && !value.is_object() && value.as_str().is_none_or(|t| t.len() < 16),
            },
            None => true,
        }))
    }
}

/// Whether a refusal is about what was sent, so that it was refused the first time too.
fn is_lasting(error: &pimkit_core::Error) -> bool {
    matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::Unsupported | ErrorKind::WouldNotify)
}
