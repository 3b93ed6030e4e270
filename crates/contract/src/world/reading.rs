//! What the provider says: collections, rounds of changes, items by id, items by key.

use super::{
    Core, Face, Fault, Keep, Operation, cannot, gone,
    manners::{normalised, shown},
    options::{Normalises, WorstOptions},
    shelf::{Generated, Version},
};
use jiff::{SignedDuration, Timestamp};
use pimkit_core::{
    Access, Change, ChangeOptions, ChangePage, Collection, CollectionId, Create, Cursor, Error, ErrorKind, Fetched, Field, FieldSupport,
    ItemId, Key, Next, PageToken, Position, Precision, Removal, Result, Revision, Stored,
    cursor::{binding, decode, encode},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

const TOKENS: &str = "memory/1";
/// Lines on a page when nobody asks for fewer.
const PAGE: usize = 100;

/// An item at the version that a listing names.
type Named<R> = (ItemId, Arc<Version<R>>);

/// Where the next round starts.
#[derive(Serialize, Deserialize)]
struct At {
    seq: u64,
    /// The collection's rounds when it was given out.
    told: u64,
    made: Timestamp,
}

/// Where the next page starts.
#[derive(Clone, Serialize, Deserialize)]
struct Place {
    full: bool,
    /// Of a full listing: generated items named so far.
    index: u64,
    /// Of a full listing: the last kept item named.
    after: Option<ItemId>,
    /// Of what changed: the last change looked at.
    seq: u64,
    /// The last change that this round speaks of.
    horizon: u64,
    /// Of what changed: the collection's rounds when the last one ended.
    told: u64,
    /// When the round began.
    made: Timestamp,
    restarted: bool,
}

fn expired() -> Error {
    Error::new(ErrorKind::CursorExpired, "the cursor is too old; read from the start")
}

fn unreadable(id: &ItemId) -> Error {
    Error::new(ErrorKind::InvalidData, "the item cannot be understood; mend it at the provider").with("item", id)
}

impl<R: Keep> Face<R> {
    fn bound(&self, core: &Core, collection: &CollectionId, options: &ChangeOptions) -> u64 {
        let window = options.window.map(|(from, to)| format!("{from} {to}")).unwrap_or_default();
        binding(&[self.world.name, core.options.account.as_str(), R::KIND.plural(), collection.as_str(), window.as_str()])
    }

    /// An item as the provider tells it.
    pub(super) fn tell(&self, core: &mut Core, id: &ItemId, version: &Version<R>) -> Option<Stored<R>> {
        let body = version.body.as_ref()?;
        let options = &core.options;
        let every = options.unread_every.map(|n| u64::from(n.max(1)));
        let reads = R::shelf(core).reads + 1;
        let mut unread: Vec<Field> = body.withheld.iter().cloned().collect();
        if every.is_some_and(|n| reads.is_multiple_of(n)) {
            unread.extend(options.unread_fields.iter().filter(|f| R::catalogue().field(f.as_str()).is_some()).cloned());
        }
        unread.sort();
        unread.dedup();
        let mut record = shown(options, &body.record, &unread);
        if options.no_digests {
            record.blobs_mut().into_iter().filter(|b| b.uri.is_none()).for_each(|b| b.digest = None);
        }
        let modified = version.at.checked_add(SignedDuration::from_secs(options.skew)).unwrap_or(version.at);
        let stored = Stored {
            id: id.clone(),
            collection: version.collection.clone(),
            revision: version.revision.clone(),
            record,
            modified: Some(modified),
            mark: body.mark.clone().filter(|_| !options.drops_marks),
            access: body.access,
            unread,
        };
        R::shelf_mut(core).reads = reads;
        Some(stored)
    }

    /// A line of a listing.
    fn line(&self, core: &mut Core, collection: &CollectionId, id: &ItemId, version: &Version<R>) -> Change<R> {
        let (lists_only, no_revision) = (core.options.lists_only || core.options.no_listed_revision, core.options.no_listed_revision);
        let revision = || Some(version.revision.clone()).filter(|_| !no_revision);
        match version.seen_in(collection) {
            None => {
                let hidden_or_moved = version.body.is_some();
                Change::Removed { id: id.clone(), reason: if hidden_or_moved { Removal::Left } else { version.reason } }
            }
            Some(body) if body.unreadable => Change::Unreadable { id: id.clone(), revision: revision(), error: unreadable(id) },
            Some(_) if lists_only => Change::Listed { id: id.clone(), revision: revision() },
            Some(_) => match self.tell(core, id, version) {
                Some(stored) => Change::Upserted(Box::new(stored)),
                None => Change::Removed { id: id.clone(), reason: version.reason },
            },
        }
    }

    /// A round begins: late rewriting happens, and the collection counts it.
    fn begin(&self, core: &mut Core, collection: &CollectionId, now: Timestamp) {
        let options = Arc::clone(&core.options);
        let shelf = R::shelf_mut(core);
        let Some(folder) = shelf.folders.get_mut(collection) else { return };
        folder.rounds += 1;
        let rounds = folder.rounds;
        if options.normalises != Normalises::Late {
            return;
        }
        let due: Vec<ItemId> = shelf.to_normalise.iter().filter(|(_, round)| **round + 2 <= rounds).map(|(id, _)| id.clone()).collect();
        for id in due {
            let Some(version) = shelf.version(&options, &id) else { continue };
            if version.collection != *collection {
                continue;
            }
            shelf.to_normalise.remove(&id);
            if let Some(mut body) = version.body.clone() {
                let record = normalised(&body.record);
                if record != body.record {
                    body.record = record;
                    shelf.push(&options, &id, collection, Ok(body), now);
                }
            }
        }
    }

    fn place(&self, core: &mut Core, collection: &CollectionId, at: Position<'_>, options: &ChangeOptions) -> Result<Place> {
        let now = self.world.clock.now();
        let bound = self.bound(core, collection, options);
        let dead = |options: &WorstOptions, made| options.cursor_lives.is_some_and(|lives| crate::clock::later(made, lives) < now);
        let full = |horizon| Place { full: true, index: 0, after: None, seq: 0, horizon, told: 0, made: now, restarted: false };
        match at {
            Position::Start => {
                self.begin(core, collection, now);
                Ok(full(R::shelf(core).horizon(collection, &core.options, now)))
            }
            Position::Since(cursor) => {
                let at: At = decode(TOKENS, bound, cursor.as_str())?;
                if dead(&core.options, at.made) || at.seq > R::shelf(core).seq {
                    return Err(expired());
                }
                self.begin(core, collection, now);
                let horizon = R::shelf(core).horizon(collection, &core.options, now);
                if core.options.not_incremental {
                    return Ok(full(horizon));
                }
                Ok(Place { full: false, seq: at.seq, told: at.told, horizon: horizon.max(at.seq), ..full(horizon) })
            }
            Position::Page(token) => {
                let mut place: Place = decode(TOKENS, bound, token.as_str())?;
                let every = core.options.page_expires_every.map(|n| u64::from(n.max(2)));
                let restarts = core.options.restarts_listing;
                // What a cursor does not outlive no page does.
                let dead = dead(&core.options, place.made);
                let shelf = R::shelf_mut(core);
                shelf.pages += 1;
                if dead || every.is_some_and(|n| shelf.pages.is_multiple_of(n)) || place.horizon > shelf.seq {
                    return Err(expired());
                }
                if restarts && place.full && !place.restarted {
                    place = Place { restarted: true, made: place.made, ..full(place.horizon) };
                }
                Ok(place)
            }
        }
    }

    /// The items of a full listing from `place` on; moves the place. True at the end.
    fn list(&self, core: &Core, collection: &CollectionId, place: &mut Place, most: usize) -> (Vec<Named<R>>, bool) {
        let shelf = R::shelf(core);
        let mut lines = Vec::new();
        if let Some(generated) = shelf.generated.as_ref().filter(|g| g.collection == *collection) {
            while place.index < generated.count {
                if lines.len() >= most {
                    return (lines, false);
                }
                let id = Generated::id(place.index);
                place.index += 1;
                if let Some(version) = shelf.version_at(&core.options, &id, place.horizon)
                    && version.seen_in(collection).is_some()
                {
                    lines.push((id, version));
                }
            }
        }
        for id in shelf.ids_after(place.after.as_ref()) {
            if shelf.generated.as_ref().is_some_and(|g| g.collection == *collection && g.index(id.as_str()).is_some()) {
                continue;
            }
            let Some(version) = shelf.version_at(&core.options, id, place.horizon).filter(|v| v.seen_in(collection).is_some()) else {
                continue;
            };
            if lines.len() >= most {
                return (lines, false);
            }
            place.after = Some(id.clone());
            lines.push((id.clone(), version));
        }
        (lines, true)
    }

    /// The items that changed from `place` on; moves the place. True at the end.
    fn changed(&self, core: &Core, collection: &CollectionId, place: &mut Place, most: usize) -> (Vec<Named<R>>, bool) {
        let shelf = R::shelf(core);
        let mut lines = Vec::new();
        if place.seq >= place.horizon {
            return (lines, true);
        }
        if let Some(generated) = shelf.generated.as_ref().filter(|g| g.collection == *collection)
            && let Some(edit) = generated.edited.as_ref().filter(|edit| edit.seq > place.seq && edit.seq <= place.horizon)
        {
            while place.index < generated.count {
                if lines.len() >= most {
                    return (lines, false);
                }
                let id = Generated::id(place.index);
                place.index += edit.every;
                let untouched = !shelf.is_kept(&id);
                lines.extend(shelf.version_at(&core.options, &id, place.horizon).filter(|_| untouched).map(|version| (id, version)));
            }
        }
        for (seq, id) in shelf.log.range(place.seq + 1..=place.horizon) {
            if lines.len() >= most {
                return (lines, false);
            }
            place.seq = *seq;
            let Some(version) = shelf.version_at(&core.options, id, place.horizon).filter(|v| v.seq == *seq) else { continue };
            let generated_here = shelf.generated.as_ref().is_some_and(|g| g.collection == *collection && g.index(id.as_str()).is_some());
            if version.seen_in(collection).is_some() || generated_here || shelf.was_in(id, collection, place.horizon) {
                lines.push((id.clone(), version));
            }
        }
        (lines, true)
    }

    /// Versions that were superseded a short while ago, told again; and, when that is over, the true ones.
    fn stale(&self, core: &Core, collection: &CollectionId, place: &Place) -> Vec<Named<R>> {
        let shelf = R::shelf(core);
        let rounds = shelf.folders.get(collection).map_or(0, |f| f.rounds);
        let most = u64::from(core.options.stale_rounds);
        let mut lines = Vec::new();
        if most == 0 {
            return lines;
        }
        for (seq, id) in &shelf.log {
            let Some(version) = shelf.version_at(&core.options, id, place.horizon).filter(|v| v.seq == *seq) else { continue };
            if version.seen_in(collection).is_none() {
                continue;
            }
            // A write after round n is first told in round n + 1.
            if rounds <= version.round + most {
                let before = shelf.version_before(id, *seq).filter(|v| v.seen_in(collection).is_some_and(|b| !b.unreadable));
                lines.extend(before.map(|v| (id.clone(), Arc::clone(v))));
            } else if place.told <= version.round + most && !place.full {
                // Told until a round that had it has come to its end.
                lines.push((id.clone(), version));
            }
        }
        lines
    }

    fn page(
        &self,
        core: &mut Core,
        collection: &CollectionId,
        at: Position<'_>,
        options: &ChangeOptions,
        fault: Option<Fault>,
    ) -> Result<ChangePage<R>> {
        core.present::<R>(collection)?;
        let mut place = self.place(core, collection, at, options)?;
        let asked = options.page_size.map_or(PAGE, |n| n.max(1) as usize);
        let most = core.options.page_size.map_or(asked, |own| asked.min(own.max(1) as usize));
        let full = place.full;
        let (mut lines, last) =
            if full { self.list(core, collection, &mut place, most) } else { self.changed(core, collection, &mut place, most) };
        if last {
            lines.extend(self.stale(core, collection, &place));
        }
        if core.options.repeats_lines {
            let shelf = R::shelf(core);
            lines = lines
                .into_iter()
                .enumerate()
                .flat_map(|(n, (id, version))| {
                    let again = n.is_multiple_of(3).then(|| {
                        let before = shelf.version_before(&id, version.seq).filter(|v| v.seen_in(collection).is_some());
                        (id.clone(), Arc::clone(before.unwrap_or(&version)))
                    });
                    again.into_iter().chain([(id, version)])
                })
                .collect();
        }
        let mut changes: Vec<Change<R>> = lines.iter().map(|(id, version)| self.line(core, collection, id, version)).collect();
        if last && full {
            let strangers = R::shelf(core).folders.get(collection).map_or(0, |folder| folder.strangers(&core.options));
            changes.extend((0..strangers).map(|n| Change::OtherKind {
                id: ItemId::from(format!("stranger{n}")),
                revision: Some(Revision::from("1")),
                kind: R::stranger(),
            }));
        }
        match fault {
            Some(Fault::TruncatedPage) => changes.truncate(changes.len() / 2),
            Some(Fault::Empty) => changes.clear(),
            _ => {}
        }
        let bound = self.bound(core, collection, options);
        let next = if last || fault == Some(Fault::Empty) {
            let told = R::shelf(core).folders.get(collection).map_or(0, |f| f.rounds);
            let cursor = encode(TOKENS, bound, &At { seq: place.horizon, told, made: self.world.clock.now() })?;
            Next::Done { cursor: Cursor::from(cursor), complete: full }
        } else {
            Next::More(PageToken::from(encode(TOKENS, bound, &place)?))
        };
        Ok(ChangePage { changes, next })
    }

    pub(super) async fn read_changes(&self, collection: &CollectionId, at: Position<'_>, options: &ChangeOptions) -> Result<ChangePage<R>> {
        let fault = self.world.ask(Operation::Changes, Some(R::KIND), Some(collection), 0).await?;
        let refused = fault == Some(Fault::Expired) && !matches!(at, Position::Start);
        let page = if refused { Err(expired()) } else { self.page(&mut self.world.core(), collection, at, options, fault) };
        self.world.answer(fault).await?;
        page
    }

    pub(super) async fn read_collections(&self) -> Result<Vec<Collection>> {
        let fault = self.world.ask(Operation::Collections, Some(R::KIND), None, 0).await?;
        let mut list = self.list_collections(&self.world.core());
        self.world.answer(fault).await?;
        if fault == Some(Fault::Empty) {
            list.clear();
        }
        Ok(list)
    }

    pub(super) fn list_collections(&self, core: &Core) -> Vec<Collection> {
        let there = R::shelf(core).folders.iter().filter(|(_, folder)| !folder.vanished);
        there
            .map(|(id, folder)| {
                let read_only = folder.read_only || core.options.read_only;
                Collection {
                    id: id.clone(),
                    name: folder.name.clone(),
                    owner: None,
                    sharing: folder.sharing,
                    access: if read_only { Access::Read } else { Access::Write },
                    capabilities: core.options.capabilities(R::KIND).with(|c| c.write = !read_only),
                }
            })
            .collect()
    }

    pub(super) async fn read_items(&self, collection: &CollectionId, ids: &[ItemId]) -> Vec<Fetched<R>> {
        let all = |error: &Error| ids.iter().map(|_| Fetched::Failed(error.clone())).collect();
        let fault = match self.world.ask(Operation::Fetch, Some(R::KIND), Some(collection), ids.len()).await {
            Ok(fault) => fault,
            Err(error) => return all(&error),
        };
        let answers = {
            let mut core = self.world.core();
            match core.present::<R>(collection).map(|_| ()) {
                Err(error) => all(&error),
                Ok(()) => ids.iter().map(|id| self.look(&mut core, collection, id)).collect(),
            }
        };
        match self.world.answer(fault).await {
            Ok(()) => answers,
            Err(error) => all(&error),
        }
    }

    fn look(&self, core: &mut Core, collection: &CollectionId, id: &ItemId) -> Fetched<R> {
        let stranger = id.as_str().strip_prefix("stranger").and_then(|n| n.parse::<u32>().ok());
        let strangers = R::shelf(core).folders.get(collection).map_or(0, |folder| folder.strangers(&core.options));
        if stranger.is_some_and(|n| n < strangers) {
            return Fetched::OtherKind { revision: Some(Revision::from("1")), kind: R::stranger() };
        }
        let Some(version) = R::shelf(core).version(&core.options, id).filter(|v| v.collection == *collection) else {
            return Fetched::Gone;
        };
        match &version.body {
            None => Fetched::Gone,
            Some(body) if body.hidden => Fetched::Hidden,
            Some(body) if body.unreadable => Fetched::Unreadable { revision: Some(version.revision.clone()), error: unreadable(id) },
            Some(_) => self.tell(core, id, &version).map_or(Fetched::Gone, |stored| Fetched::Found(Box::new(stored))),
        }
    }

    pub(super) async fn search_keys(&self, collection: &CollectionId, keys: &[Key]) -> Vec<Result<Vec<Stored<R>>>> {
        let fault = match self.world.ask(Operation::Find, Some(R::KIND), Some(collection), keys.len()).await {
            Ok(fault) => fault,
            Err(error) => return keys.iter().map(|_| Err(error.clone())).collect(),
        };
        let answers: Vec<_> = keys.iter().map(|key| self.search_key(&mut self.world.core(), collection, key)).collect();
        match self.world.answer(fault).await {
            Ok(()) => answers,
            Err(error) => keys.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    fn search_key(&self, core: &mut Core, collection: &CollectionId, key: &Key) -> Result<Vec<Stored<R>>> {
        core.present::<R>(collection)?;
        let options = Arc::clone(&core.options);
        let no_marks = options.create == Create::ByContent;
        let ids = match key {
            _ if options.no_find => return Err(cannot(&options, "memory.find")),
            Key::Mark(_) if no_marks => return Err(cannot(&options, "memory.find_mark")),
            Key::Uid(_) if options.withholds("uid") => return Err(cannot(&options, "memory.find_uid")),
            Key::Mark(mark) => R::shelf(core).with_mark(mark.as_str()),
            Key::Uid(uid) => R::shelf(core).with_uid(uid),
        };
        let now = self.world.clock.now();
        let mut found = Vec::new();
        for id in ids {
            let Some(version) = R::shelf(core).version(&options, &id) else { continue };
            let Some(body) = version.seen_in(collection).filter(|b| !b.unreadable || matches!(key, Key::Mark(_))) else { continue };
            let carries = match key {
                Key::Mark(mark) => body.mark.as_ref() == Some(mark),
                Key::Uid(uid) => body.record.uid() == Some(uid.as_str()),
            };
            // What is found at once is found whatever became of the clock.
            let after = options.create.settles_after();
            let settled = after.is_zero() || crate::clock::later(body.created, after) <= now;
            if carries && settled && body.unreadable {
                // The mark lies beside what cannot be read: something is there.
                return Err(unreadable(&id));
            }
            if carries && settled {
                found.extend(self.tell(core, &id, &version));
            }
        }
        Ok(found)
    }

    pub(super) async fn read_fields(&self, collection: &CollectionId) -> Result<Vec<FieldSupport>> {
        let fault = self.world.ask(Operation::Fields, Some(R::KIND), Some(collection), 0).await?;
        let fields = {
            let core = self.world.core();
            core.present::<R>(collection).map(|_| supported::<R>(&core))
        };
        self.world.answer(fault).await?;
        fields
    }

    pub(super) async fn make_field(&self, collection: &CollectionId, name: &str) -> Result<Field> {
        let fault = self.world.ask(Operation::EnsureField, Some(R::KIND), Some(collection), 1).await?;
        let made = {
            let mut core = self.world.core();
            core.present::<R>(collection).map(|_| ()).and_then(|()| {
                if core.options.no_custom_fields {
                    return Err(cannot(&core.options, "memory.ensure_field"));
                }
                if name.is_empty() {
                    return Err(Error::new(ErrorKind::InvalidData, "a custom field needs a name"));
                }
                R::shelf_mut(&mut core).custom.insert(name.to_owned());
                Ok(Field::from(format!("custom.{name}")))
            })
        };
        self.world.answer(fault).await?;
        made
    }
}

/// What can be mapped here.
fn supported<R: Keep>(core: &Core) -> Vec<FieldSupport> {
    let options: &WorstOptions = &core.options;
    let any = (!options.makes_custom_fields).then(|| FieldSupport::ANY_CUSTOM.to_owned());
    let custom = R::shelf(core).custom.iter().map(|name| format!("custom.{name}")).chain(any);
    R::catalogue()
        .fields()
        .iter()
        .map(|f| f.path.to_owned())
        .chain(custom)
        .filter(|path| !options.withholds(path))
        .map(|path| {
            let mut support = FieldSupport::full(path.as_str());
            support.write = !options.read_only;
            support.many = options.at_most.get(path.as_str()).copied();
            support.max_len = options.cut_at.get(path.as_str()).copied();
            support.precision = options.date_only.contains(path.as_str()).then_some(Precision::Day);
            support
        })
        .collect()
}

/// Whether a field is written at all: shown to us and, where custom fields must be made, made before.
pub(super) fn takes<R: Keep>(core: &Core, field: &Field) -> bool {
    let any = !core.options.makes_custom_fields;
    let made = field.as_str().strip_prefix("custom.").is_none_or(|name| any || R::shelf(core).custom.contains(name));
    made && !core.options.withholds(field.as_str())
}

/// The refusal of a whole collection.
pub(super) fn missing<R: Keep>(core: &Core, collection: &CollectionId) -> Option<Error> {
    core.present::<R>(collection).is_err().then(|| gone(Some(collection)))
}
