//! What the provider does when it is written to.

use super::{
    Core, Face, Failure, Fault, Keep, KeptBlob, Mail, MailKind, Operation, cannot, denied,
    manners::{hold, normalised, overflows},
    options::Normalises,
    reading::{missing, takes},
    shelf::{Body, Version},
};
use pimkit_core::{
    Access, BlobId, BlobRef, CollectionId, Create, Delete, Digest, Error, ErrorKind, Field, Fields, ItemId, Mark, Notify, Outcome, Removal,
    Result, Revision, Value, Write, WriteOptions, diff,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The most bytes that a blob may have.
const BLOB_LIMIT: usize = 32 * 1024 * 1024;
/// What providers do not tell guests about.
const PERSONAL: [&str; 6] = ["alerts", "keywords", "color", "freeBusyStatus", "privacy", "priority"];

/// What became of the bytes behind a write's blobs: the provider's own reference, or why it has none.
type Gathered = Vec<(BlobRef, Result<BlobRef>)>;

/// What a write meets, or the outcome that ends it.
type Met<R> = Result<(Arc<Version<R>>, Body<R>), Box<Outcome<R>>>;

/// A change that passed every check, and what it leaves out.
struct Planned<R> {
    id: Option<ItemId>,
    body: Body<R>,
    changes: Fields,
    left_out: Vec<(Field, Error)>,
}

fn not_taken(field: &Field) -> (Field, Error) {
    (field.clone(), Error::new(ErrorKind::Unavailable, "this side does not hold the field; leave it out of the map").with("field", field))
}

impl<R: Keep> Face<R> {
    pub(super) async fn write_all(&self, collection: &CollectionId, writes: Vec<Write<R>>, options: &WriteOptions) -> Vec<Outcome<R>> {
        let size = self.world.core().options.write_batch.map_or(1, |n| n.max(1) as usize);
        let mut outcomes = Vec::with_capacity(writes.len());
        let mut writes = writes.into_iter().peekable();
        while writes.peek().is_some() {
            let batch: Vec<Write<R>> = writes.by_ref().take(size).collect();
            outcomes.extend(self.write_batch(collection, batch, options).await);
        }
        outcomes
    }

    /// One request, and a second where the provider needs two.
    async fn write_batch(&self, collection: &CollectionId, batch: Vec<Write<R>>, options: &WriteOptions) -> Vec<Outcome<R>> {
        let mut gathered = Vec::with_capacity(batch.len());
        for write in &batch {
            gathered.push(match write {
                Write::Create { record, .. } => self.gather(record, options).await,
                Write::Update { target, .. } => self.gather(target, options).await,
                Write::Move { .. } | Write::Delete { .. } => Gathered::new(),
            });
        }
        let fault = match self.world.ask(Operation::Write, Some(R::KIND), Some(collection), batch.len()).await {
            Ok(fault) => fault,
            Err(error) => return batch.iter().map(|_| failed(&error)).collect(),
        };
        let two_calls = self.world.core().options.two_calls;
        let done = if fault == Some(Fault::HalfDone) { batch.len() / 2 } else { batch.len() };
        let mut outcomes = Vec::with_capacity(batch.len());
        let mut second = Vec::new();
        {
            let mut core = self.world.core();
            for (write, blobs) in batch.iter().zip(&gathered).take(done) {
                let (outcome, rest) = self.write_one(&mut core, collection, write, blobs, options.notify, two_calls);
                second.push(rest);
                outcomes.push(outcome);
            }
        }
        if let Err(error) = self.world.answer(fault).await {
            return batch.iter().map(|_| failed_after(&error)).collect();
        }
        for (outcome, rest) in outcomes.iter_mut().zip(second) {
            if let Some((id, changes)) = rest {
                self.second_call(collection, outcome, id, changes).await;
            }
        }
        outcomes
    }

    /// The rest of a write that takes two requests. What fails here leaves the item half-written.
    async fn second_call(&self, collection: &CollectionId, outcome: &mut Outcome<R>, id: ItemId, changes: Fields) {
        let fault = match self.world.ask(Operation::Write, Some(R::KIND), Some(collection), 1).await {
            Ok(fault) => fault,
            Err(error) => {
                *outcome = Outcome::Unknown(error);
                return;
            }
        };
        // A half-done batch of one is not done at all.
        let written = if fault == Some(Fault::HalfDone) {
            None
        } else {
            let mut core = self.world.core();
            let version = R::shelf(&core).version(&core.options, &id);
            version.and_then(|v| {
                let body = v.body.clone()?;
                Some(self.store(&mut core, collection, Some(&id), body, &changes, true))
            })
        };
        if let Err(error) = self.world.answer(fault).await {
            *outcome = Outcome::Unknown(error);
            return;
        }
        if let (Outcome::Written { id, revision, now, .. }, Some((new_id, version))) = (&mut *outcome, written) {
            let mut core = self.world.core();
            *now = if core.options.answers_nothing { None } else { self.tell(&mut core, &new_id, &version).map(Box::new) };
            *revision = (!core.options.answers_nothing).then(|| version.revision.clone());
            *id = new_id;
        }
    }

    /// Takes over the bytes behind a record's blobs.
    async fn gather(&self, record: &R, options: &WriteOptions) -> Gathered {
        let mut gathered = Gathered::new();
        for blob in record.blobs() {
            if blob.uri.is_some() {
                continue;
            }
            let known = {
                let core = self.world.core();
                core.blobs.get(&blob.id).filter(|kept| blob.digest.is_none_or(|d| d == kept.digest)).map(|kept| reference(&blob.id, kept))
            };
            let taken = match (known, &options.blobs) {
                (Some(own), _) => Ok(own),
                (None, None) => Err(Error::new(ErrorKind::InvalidData, "the bytes of a blob have no source; give the write one")),
                (None, Some(source)) => match source.open(blob).await {
                    Err(error) => Err(error),
                    Ok(open) => {
                        let media_type = if open.media_type.is_empty() { blob.media_type.clone() } else { open.media_type.clone() };
                        open.collect(BLOB_LIMIT).await.map(|bytes| self.keep(media_type, bytes))
                    }
                },
            };
            gathered.push((blob.clone(), taken));
        }
        gathered
    }

    /// Keeps bytes under an id of this account's own.
    pub(super) fn keep(&self, media_type: String, bytes: Vec<u8>) -> BlobRef {
        let mut core = self.world.core();
        let digest = Digest::of(&bytes);
        let hex = digest.to_string();
        let id = BlobId::from(format!("{}-{}", core.options.account, hex.get(..16).unwrap_or(&hex)));
        let kept = KeptBlob { media_type, bytes: bytes.into(), digest };
        let own = reference(&id, &kept);
        core.blobs.insert(id, kept);
        own
    }

    /// Does one write. The second part is what a second request has to bring.
    fn write_one(
        &self,
        core: &mut Core,
        collection: &CollectionId,
        write: &Write<R>,
        blobs: &Gathered,
        notify: Notify,
        two_calls: bool,
    ) -> (Outcome<R>, Option<(ItemId, Fields)>) {
        if let Some(error) = missing::<R>(core, collection) {
            return (Outcome::Refused(error), None);
        }
        if core.options.read_only || R::shelf(core).folders.get(collection).is_some_and(|f| f.read_only) {
            return (Outcome::Refused(cannot(&core.options, "memory.write")), None);
        }
        let planned = match write {
            Write::Create { mark, record } => self.plan_create(core, collection, mark, record, blobs),
            Write::Update { id, revision, base, target, mark } => {
                self.plan_update(core, collection, id, revision, base, target, mark.as_ref(), blobs)
            }
            Write::Move { id, revision, to } => return (self.do_move(core, collection, id, revision, to), None),
            Write::Delete { id, revision, mode } => return (self.do_delete(core, collection, id, revision, *mode, notify), None),
        };
        let planned = match planned {
            Ok(planned) => planned,
            Err(outcome) => return (*outcome, None),
        };
        let personal = |f: &Field| PERSONAL.contains(&f.as_str()) || f.as_str().starts_with("custom.");
        let mut told: BTreeSet<String> = BTreeSet::new();
        if core.options.mails_unasked || planned.id.is_none() || !planned.changes.keys().all(personal) {
            told = guests(core, &planned.body.record);
            let after = planned.changes.contains_key("participants").then(|| planned.body.record.with(&planned.changes));
            told.extend(after.and_then(Result::ok).iter().flat_map(|after| guests(core, after)));
        }
        if let Some(refusal) = would_notify(core, &told, notify) {
            return (Outcome::Refused(refusal), None);
        }
        let (now, rest) = if two_calls { halves(planned.changes) } else { (planned.changes, Fields::new()) };
        let last = rest.is_empty();
        let (id, version) = self.store(core, collection, planned.id.as_ref(), planned.body, &now, last);
        if mails(core, notify) {
            self.mail(core, &id, told, if planned.id.is_none() { MailKind::Invitation } else { MailKind::Update });
        }
        let intended = match write {
            Write::Create { record, .. } => record,
            Write::Update { target, .. } => target,
            Write::Move { .. } | Write::Delete { .. } => return (Outcome::written(id, None), None),
        };
        let mut outcome = self.written(core, &id, &version, Some(intended));
        if let Outcome::Written { left_out, .. } = &mut outcome {
            *left_out = planned.left_out;
        }
        (outcome, (!last).then_some((id, rest)))
    }

    fn written(&self, core: &mut Core, id: &ItemId, version: &Version<R>, intended: Option<&R>) -> Outcome<R> {
        if core.options.answers_nothing {
            return Outcome::written(id.clone(), None);
        }
        let now = self.tell(core, id, version).filter(|stored| intended.is_none_or(|r| !diff(r, &stored.record).is_empty()));
        Outcome::Written { id: id.clone(), revision: Some(version.revision.clone()), now: now.map(Box::new), left_out: Vec::new() }
    }

    fn conflict(&self, core: &mut Core, id: &ItemId, version: Option<&Version<R>>) -> Box<Outcome<R>> {
        let now = version.filter(|_| !core.options.answers_nothing).and_then(|v| self.tell(core, id, v));
        Box::new(Outcome::Conflict { now: now.map(Box::new) })
    }

    /// Which fields go in, and with which of the provider's blobs.
    fn sort_out(&self, core: &Core, changes: Fields, blobs: &Gathered, create: bool) -> (Fields, Vec<(Field, Error)>) {
        let mut left_out = Vec::new();
        let mut taken = Fields::new();
        for (field, value) in changes {
            let identity = R::catalogue().field(field.as_str()).is_some_and(|def| def.identity);
            if !takes::<R>(core, &field) || (identity && !create) {
                left_out.push(not_taken(&field));
            } else if core.options.refuses_overflow && overflows(&core.options, &field, &value) {
                let error = Error::new(ErrorKind::InvalidData, "the field holds fewer values here; take some out").with("field", &field);
                left_out.push((field, error));
            } else {
                match with_own_blobs(&value, blobs) {
                    Ok(value) => {
                        taken.insert(field, value);
                    }
                    Err(error) => left_out.push((field, error)),
                }
            }
        }
        (taken, left_out)
    }

    fn plan_create(
        &self,
        core: &mut Core,
        collection: &CollectionId,
        mark: &Mark,
        record: &R,
        blobs: &Gathered,
    ) -> Result<Planned<R>, Box<Outcome<R>>> {
        let options = Arc::clone(&core.options);
        let own_id = (!options.server_made_ids).then(|| ItemId::from(mark.as_str()));
        let repeatable = options.create == Create::Repeatable;
        // Where ids are chosen by us, one that is taken is refused whatever the provider promises.
        let mut same: Vec<ItemId> = own_id.clone().into_iter().collect();
        if repeatable {
            // A user's copies carry the mark too: the item itself comes before them.
            same.extend(R::shelf(core).with_mark(mark.as_str()));
        }
        for id in same {
            let Some(version) = R::shelf(core).version(&options, &id).filter(|v| v.body.is_some()) else { continue };
            let ours = version.body.as_ref().is_some_and(|b| b.mark.as_ref() == Some(mark));
            if ours && repeatable && !options.refuses_repeats && version.collection == *collection {
                return Err(Box::new(self.written(core, &id, &version, None)));
            }
            return Err(self.conflict(core, &id, Some(&version)));
        }
        let now = self.world.clock.now();
        let body = Body {
            record: R::default(),
            mark: Some(mark.clone()),
            access: Access::Write,
            hidden: false,
            unreadable: false,
            withheld: BTreeSet::new(),
            created: now,
        };
        let (changes, left_out) = self.sort_out(core, record.fields(), blobs, true);
        Ok(Planned { id: None, body, changes, left_out })
    }

    /// The version that a write to an existing item meets, when it may be written.
    fn meet(&self, core: &mut Core, collection: &CollectionId, id: &ItemId, revision: &Revision) -> Met<R> {
        let version = R::shelf(core).version(&core.options, id).filter(|v| v.collection == *collection);
        let Some((version, body)) = version.and_then(|v| v.body.clone().map(|b| (v, b))) else {
            return Err(self.conflict(core, id, None));
        };
        if body.hidden || body.access == Access::Read {
            return Err(Box::new(Outcome::Refused(denied(id))));
        }
        if !core.options.unconditional && version.revision != *revision {
            return Err(self.conflict(core, id, Some(&version)));
        }
        Ok((version, body))
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one write")]
    fn plan_update(
        &self,
        core: &mut Core,
        collection: &CollectionId,
        id: &ItemId,
        revision: &Revision,
        base: &R,
        target: &R,
        mark: Option<&Mark>,
        blobs: &Gathered,
    ) -> Result<Planned<R>, Box<Outcome<R>>> {
        let (_, mut body) = self.meet(core, collection, id, revision)?;
        if body.unreadable {
            let error = Error::new(ErrorKind::InvalidData, "the item cannot be understood; mend it at the provider").with("item", id);
            return Err(Box::new(Outcome::Refused(error)));
        }
        if let Some(mark) = mark {
            body.mark = Some(mark.clone());
        }
        let changes: Fields = diff(base, target).into_iter().map(|d| (d.field, d.to.unwrap_or(Value::Null))).collect();
        let (changes, left_out) = self.sort_out(core, changes, blobs, false);
        Ok(Planned { id: Some(id.clone()), body, changes, left_out })
    }

    /// Puts the changes down as a version; `last`: no second request follows.
    fn store(
        &self,
        core: &mut Core,
        collection: &CollectionId,
        id: Option<&ItemId>,
        mut body: Body<R>,
        changes: &Fields,
        last: bool,
    ) -> (ItemId, Arc<Version<R>>) {
        let options = Arc::clone(&core.options);
        let now = self.world.clock.now();
        let changed = body.record.with(changes).unwrap_or_else(|_| body.record.clone());
        body.record = hold(&options, changed);
        if options.normalises == Normalises::AtOnce {
            body.record = normalised(&body.record);
        }
        let shelf = R::shelf_mut(core);
        let id = match id {
            None if options.server_made_ids => {
                shelf.made += 1;
                ItemId::from(format!("{}-{}", R::KIND.plural(), shelf.made))
            }
            None => ItemId::from(body.mark.as_ref().map_or_else(Default::default, Mark::as_str)),
            Some(id) if options.rekeys_on_edit && last => rekey(shelf, &options, id, collection, now),
            Some(id) => id.clone(),
        };
        if options.normalises == Normalises::Late {
            let rounds = shelf.folders.get(collection).map_or(0, |f| f.rounds);
            shelf.to_normalise.insert(id.clone(), rounds);
        }
        let version = shelf.push(&options, &id, collection, Ok(body), now);
        (id, version)
    }

    fn do_move(&self, core: &mut Core, collection: &CollectionId, id: &ItemId, revision: &Revision, to: &CollectionId) -> Outcome<R> {
        let options = Arc::clone(&core.options);
        if options.no_move {
            return Outcome::Refused(cannot(&options, "memory.move"));
        }
        if let Some(error) = missing::<R>(core, to) {
            return Outcome::Refused(error);
        }
        let body = match self.meet(core, collection, id, revision) {
            Ok((_, body)) => body,
            Err(outcome) => return *outcome,
        };
        let now = self.world.clock.now();
        let shelf = R::shelf_mut(core);
        let id = if options.rekeys_on_move { rekey(shelf, &options, id, collection, now) } else { id.clone() };
        let version = shelf.push(&options, &id, to, Ok(body), now);
        Outcome::written(id, (!options.answers_nothing).then(|| version.revision.clone()))
    }

    fn do_delete(
        &self,
        core: &mut Core,
        collection: &CollectionId,
        id: &ItemId,
        revision: &Revision,
        mode: Delete,
        notify: Notify,
    ) -> Outcome<R> {
        let options = Arc::clone(&core.options);
        if mode == Delete::Trash && options.no_trash {
            return Outcome::Refused(cannot(&options, "memory.trash"));
        }
        let (version, body) = match self.meet(core, collection, id, revision) {
            Ok(met) => met,
            Err(outcome) => return *outcome,
        };
        let told = guests(core, &body.record);
        if let Some(refusal) = would_notify(core, &told, notify) {
            return Outcome::Refused(refusal);
        }
        let kept = (mode == Delete::Trash).then(|| whole(id, &version, &body));
        let now = self.world.clock.now();
        let shelf = R::shelf_mut(core);
        shelf.trash.extend(kept.map(|stored| (id.clone(), stored)));
        shelf.push(&options, id, collection, Err(Removal::Deleted), now);
        if mails(core, notify) {
            self.mail(core, id, told, MailKind::Cancellation);
        }
        Outcome::written(id.clone(), None)
    }

    pub(super) fn mail(&self, core: &mut Core, id: &ItemId, to: BTreeSet<String>, what: MailKind) {
        if !to.is_empty() {
            let at = self.world.server_time(core.options.skew);
            core.outbox.push(Mail { to: to.into_iter().collect(), item: id.clone(), what, at });
        }
    }
}

/// An item as the provider has it, nothing kept back.
pub(super) fn whole<R: Keep>(id: &ItemId, version: &Version<R>, body: &Body<R>) -> pimkit_core::Stored<R> {
    let mut stored = pimkit_core::Stored::new(id.clone(), &version.collection, version.revision.clone(), body.record.clone());
    stored.modified = Some(version.at);
    stored.mark.clone_from(&body.mark);
    stored.access = body.access;
    stored
}

/// Whom a write to this record would be mailed to.
pub(super) fn guests<R: Keep>(core: &Core, record: &R) -> BTreeSet<String> {
    let own = |address: &str| core.options.addresses.iter().any(|a| a.eq_ignore_ascii_case(address));
    record.guests().into_iter().filter(|address| !own(address)).map(str::to_owned).collect()
}

/// Whether those who could be told of a write are.
pub(super) fn mails(core: &Core, notify: Notify) -> bool {
    core.options.mails_unasked || notify == Notify::Attendees
}

/// The refusal of what would mail somebody although nobody is to be told.
pub(super) fn would_notify(core: &Core, told: &BTreeSet<String>, notify: Notify) -> Option<Error> {
    (core.options.cannot_keep_silent && notify == Notify::Nobody && !told.is_empty()).then(|| {
        Error::new(ErrorKind::WouldNotify, "the provider would mail the guests; allow it or leave the item alone")
            .with("guests", told.len())
    })
}

fn reference(id: &BlobId, kept: &KeptBlob) -> BlobRef {
    BlobRef {
        id: id.clone(),
        media_type: kept.media_type.clone(),
        size: Some(kept.bytes.len() as u64),
        digest: Some(kept.digest),
        uri: None,
    }
}

/// The value with the provider's own references in place of the caller's.
fn with_own_blobs(value: &Value, blobs: &Gathered) -> Result<Value> {
    let mut value = value.clone();
    for (foreign, own) in blobs {
        let Ok(json) = serde_json::to_value(foreign) else { continue };
        let places: Vec<&mut Value> = match &mut value {
            Value::Array(list) => list.iter_mut().filter_map(|entry| entry.get_mut("blob")).collect(),
            other => vec![other],
        };
        for place in places {
            if *place == json {
                *place = serde_json::to_value(own.clone()?).unwrap_or(Value::Null);
            }
        }
    }
    Ok(value)
}

/// The fields of a first and of a second request.
fn halves(changes: Fields) -> (Fields, Fields) {
    let first = |field: &Field| {
        let path = field.as_str();
        path.starts_with("name.") || ["uid", "kind", "title", "start", "end", "due"].contains(&path)
    };
    let (mut now, mut rest): (BTreeMap<_, _>, BTreeMap<_, _>) = changes.into_iter().partition(|(field, _)| first(field));
    if now.is_empty() {
        now.extend(rest.pop_first());
    }
    (now, rest)
}

/// Takes the item's id away from it, and says the id that comes in its place.
fn rekey<R: Keep>(
    shelf: &mut super::shelf::Shelf<R>,
    options: &super::WorstOptions,
    id: &ItemId,
    collection: &CollectionId,
    now: jiff::Timestamp,
) -> ItemId {
    shelf.made += 1;
    let stem = id.as_str().split('~').next().unwrap_or_default();
    let fresh = ItemId::from(format!("{stem}~{}", shelf.made));
    shelf.push(options, id, collection, Err(Removal::Unknown), now);
    fresh
}

/// A request that did not arrive, as far as can be told.
fn failed<T>(error: &Error) -> Outcome<T> {
    match error.kind() {
        ErrorKind::Transport => Outcome::Unknown(error.clone()),
        _ => Outcome::Refused(error.clone()),
    }
}

/// A request whose answer did not arrive: whatever the error, it may have been stored.
fn failed_after<T>(error: &Error) -> Outcome<T> {
    let lost = if error.kind() == ErrorKind::Transport {
        error.clone()
    } else {
        Failure::Transport.error("memory.answer").caused_by(error.clone())
    };
    Outcome::Unknown(lost)
}

pub(super) fn failed_folder<T>(error: &Error, arrived: bool) -> Outcome<T> {
    if arrived { failed_after(error) } else { failed(error) }
}
