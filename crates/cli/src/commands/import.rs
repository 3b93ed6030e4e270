//! `import`: the records of a file into an account. What is there is found again by its uid, so that doing it twice makes
//! no duplicates.

use crate::{
    accounts::{self, Missing},
    cli::Import,
    config::Config,
    failure::{Exit, Failure, Result},
    files::{self, Entry, FileRecord, Format},
    kinds::with_kind,
    output::{Bars, Out},
    reading::{self, Found},
};
use futures::{FutureExt, StreamExt, future::BoxFuture};
use pimkit::{
    Blob, BlobRef, BlobSource, Chance, Collection, CollectionId, Connector, Digest, Error, ErrorKind, Fields, Key, Mark, Outcome,
    Provenance, Repository, Stored, Write, WriteOptions, diff_fields, formats::InlineBlobs, sync::RandomChance,
};
use serde::Serialize;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// How many records are looked up and written together.
const BATCH: usize = 100;
/// A larger file is refused: it is read whole.
const LARGEST: u64 = 1 << 30;

/// What became of the file's records.
#[derive(Debug, Default, Serialize)]
struct Counts {
    read: u64,
    created: u64,
    updated: u64,
    unchanged: u64,
    /// Of another kind.
    other: u64,
    /// Left over: place in the file, and why.
    failed: Vec<Failed>,
}

#[derive(Debug, Serialize)]
struct Failed {
    /// The record's place in the file: its number, or its line in a .jsonl file.
    number: usize,
    error: String,
}

pub(super) async fn run(args: &Import, out: &mut Out) -> Result<Exit> {
    let config = Config::load(&args.config.config)?;
    let account = config.account(&args.account)?;
    if !account.connector.has(args.kind) {
        return Err(reading::no_kind(&account.name, account.connector.name, args.kind));
    }
    let format = Format::of(&args.file, args.kind)?;
    let bytes = read(args)?;
    let counts = with_kind!(args.kind, R => {
        // The file is understood before the account is touched, or made.
        let entries = files::entries::<R>(&args.file, format, &bytes)?;
        let connector = accounts::open_as(&config, account, Missing::Make, Provenance::Imported).await?;
        Importer::<R>::open(args, connector.as_ref()).await?.run(entries).await?
    });
    let kind = args.kind.plural();
    if out.is_json() {
        let mut value = serde_json::to_value(&counts).unwrap_or_default();
        if let serde_json::Value::Object(map) = &mut value {
            map.insert("file".to_owned(), serde_json::json!(args.file));
            map.insert("kind".to_owned(), serde_json::json!(kind));
        }
        out.value(&value)?;
    } else {
        let Counts { read, created, updated, unchanged, .. } = counts;
        out.line(format_args!("{read} {kind} read: {created} created, {updated} updated, {unchanged} were there already"))?;
        if counts.other > 0 {
            out.line(format_args!("{} items of other kinds were passed over; import them as what they are", counts.other))?;
        }
        for failed in &counts.failed {
            out.line(format_args!(
                "left over: {} {}: {}",
                if format == Format::JsonLines { "line" } else { "item" },
                failed.number,
                failed.error
            ))?;
        }
    }
    Ok(if counts.failed.is_empty() { Exit::Done } else { Exit::LeftOver })
}

fn read(args: &Import) -> Result<Vec<u8>> {
    let refuse =
        |e: &dyn std::fmt::Display| Failure::usage(format!("{}: cannot be read: {e}; name a file that can be read", args.file.display()));
    let size = std::fs::metadata(&args.file).map_err(|e| refuse(&e))?.len();
    if size > LARGEST {
        return Err(Failure::usage(format!("{}: is larger than 1 GiB; split it", args.file.display())));
    }
    std::fs::read(&args.file).map_err(|e| refuse(&e))
}

struct Importer<R: FileRecord> {
    repository: Arc<dyn Repository<R>>,
    /// All of the kind: what is there already may be in any of them.
    collections: Vec<Collection>,
    /// Where what is new goes.
    target: CollectionId,
    /// Where companies go, when the account keeps them apart.
    companies: Option<CollectionId>,
    /// What is there without the uid that a file's record would get: by content. Read when it is first asked for.
    by_content: Option<HashMap<Digest, ()>>,
    chance: RandomChance,
    counts: Counts,
}

/// One record of the file on its way.
struct Incoming<R> {
    number: usize,
    uid: String,
    /// The file named no uid.
    derived: bool,
    record: R,
    text: Option<Vec<u8>>,
}

impl<R: FileRecord> Importer<R> {
    async fn open(args: &Import, connector: &dyn Connector) -> Result<Self> {
        let repository = reading::repository::<R>(&args.account, connector)?;
        let collections = reading::collections(&args.account, repository.as_ref(), None).await?;
        let wanted = reading::collections(&args.account, repository.as_ref(), args.collection.as_deref()).await?;
        let target = wanted.iter().find(|c| c.capabilities.write).ok_or_else(|| {
            let what = if wanted.is_empty() { "has no collection" } else { "has no collection that can be written" };
            Failure::usage(format!("account \"{}\" {what} of {}; make one, or name another account", args.account, R::KIND.plural()))
        })?;
        let apart = args.collection.is_none() && connector.info().id == "local";
        let companies = collections.iter().find(|c| apart && c.id.as_str() == "companies").map(|c| c.id.clone());
        Ok(Self {
            repository,
            target: target.id.clone(),
            companies,
            collections,
            by_content: None,
            chance: RandomChance::default(),
            counts: Counts::default(),
        })
    }

    async fn run(mut self, entries: Vec<Entry<R>>) -> Result<Counts> {
        let bars = Bars::new();
        bars.name(R::KIND.plural());
        bars.stage("import", Some(entries.len() as u64));
        let mut batch: BTreeMap<String, Incoming<R>> = BTreeMap::new();
        for entry in entries {
            bars.more(1);
            let record = match entry.record {
                Ok(Some(record)) => record,
                Ok(None) => {
                    self.counts.other += 1;
                    continue;
                }
                Err(error) => {
                    self.counts.failed.push(Failed { number: entry.number, error });
                    continue;
                }
            };
            self.counts.read += 1;
            let incoming = incoming(entry.number, record, entry.text)?;
            // A uid that comes twice in a file is one record, changed by the later place.
            if batch.len() >= BATCH || batch.contains_key(&incoming.uid) {
                self.flush(std::mem::take(&mut batch)).await?;
            }
            batch.insert(incoming.uid.clone(), incoming);
        }
        self.flush(batch).await?;
        bars.end();
        self.counts.failed.sort_by_key(|f| f.number);
        Ok(self.counts)
    }

    async fn flush(&mut self, batch: BTreeMap<String, Incoming<R>>) -> Result<()> {
        let mut batch: Vec<Incoming<R>> = batch.into_values().collect();
        batch.sort_by_key(|i| i.number);
        let keys: Vec<Key> = batch.iter().map(|i| Key::Uid(i.uid.clone())).collect();
        let mut there: Vec<Result<Option<Stored<R>>, Error>> = batch.iter().map(|_| Ok(None)).collect();
        for collection in &self.collections {
            for (slot, found) in there.iter_mut().zip(self.repository.find(&collection.id, &keys).await) {
                match found {
                    Ok(found) if matches!(slot, Ok(None)) => *slot = Ok(found.into_iter().next()),
                    Ok(_) => {}
                    Err(error) => *slot = Err(error),
                }
            }
        }
        let mut writes: BTreeMap<CollectionId, Vec<(usize, bool, Write<R>)>> = BTreeMap::new();
        let mut blobs = InlineBlobs::new();
        for (incoming, there) in batch.into_iter().zip(there) {
            if let Some(text) = &incoming.text {
                for blob in incoming.record.blobs() {
                    blobs.extend(R::inline(text, &blob.id).map(|inline| (blob.id.clone(), inline)));
                }
            }
            match there {
                Err(error) => self.fail(incoming.number, format!("it cannot be told whether it is there: {error}")),
                Ok(Some(stored)) => match update(&stored, &incoming.record) {
                    Ok(None) => self.counts.unchanged += 1,
                    Ok(Some(write)) => writes.entry(stored.collection).or_default().push((incoming.number, false, write)),
                    Err(error) => self.fail(incoming.number, error.to_string()),
                },
                Ok(None) if incoming.derived && self.is_there(&incoming.record).await? => self.counts.unchanged += 1,
                Ok(None) => {
                    let is_org = incoming.record.get("kind").is_some_and(|kind| kind == "org");
                    let to = self.companies.as_ref().filter(|_| is_org).unwrap_or(&self.target);
                    // A fresh one: the uid tells whether it is there; a mark that was used before would be taken for done.
                    let mark = Mark::from(format!("import-{}", self.chance.id()));
                    let write = Write::Create { mark, record: incoming.record };
                    writes.entry(to.clone()).or_default().push((incoming.number, true, write));
                }
            }
        }
        let options = WriteOptions::default().blobs(Arc::new(Inline(blobs)));
        for (collection, list) in writes {
            let (places, list): (Vec<(usize, bool)>, Vec<Write<R>>) = list.into_iter().map(|(n, new, w)| ((n, new), w)).unzip();
            let outcomes = self.repository.write(&collection, list, &options).await;
            for ((number, new), outcome) in places.into_iter().zip(outcomes) {
                match outcome {
                    Outcome::Written { left_out, .. } => {
                        if new {
                            self.counts.created += 1
                        } else {
                            self.counts.updated += 1
                        }
                        for (field, error) in left_out {
                            self.fail(number, format!("{field} was left out: {error}"));
                        }
                    }
                    Outcome::Conflict { .. } => self.fail(number, "it was changed meanwhile; import it again".to_owned()),
                    Outcome::Refused(error) => self.fail(number, error.to_string()),
                    Outcome::Unknown(error) => {
                        self.fail(number, format!("it is not known whether it was written: {error}; import it again"))
                    }
                }
            }
        }
        Ok(())
    }

    fn fail(&mut self, number: usize, error: String) {
        self.counts.failed.push(Failed { number, error });
    }

    /// Whether a record without a uid is there, by all that it says.
    async fn is_there(&mut self, record: &R) -> Result<bool> {
        if self.by_content.is_none() {
            let mut all = HashMap::new();
            for collection in &self.collections {
                let mut items = reading::items(self.repository.as_ref(), collection);
                while let Some(found) = items.next().await {
                    if let Found::Record(stored) = found? {
                        all.insert(files::content(&stored.record), ());
                    }
                }
            }
            self.by_content = Some(all);
        }
        Ok(self.by_content.as_ref().is_some_and(|all| all.contains_key(&files::content(record))))
    }
}

fn incoming<R: FileRecord>(number: usize, record: R, text: Option<Vec<u8>>) -> Result<Incoming<R>> {
    if let Some(uid) = record.uid().filter(|uid| !uid.trim().is_empty()) {
        return Ok(Incoming { number, uid: uid.to_owned(), derived: false, record, text });
    }
    let uid = files::derived_uid(&files::content(&record));
    let record = record.with(&Fields::from([(files::uid_field::<R>(), uid.clone().into())]))?;
    Ok(Incoming { number, uid, derived: true, record, text })
}

/// The write that gives what is there the fields of the file; fields that the file does not have stay.
fn update<R: FileRecord>(stored: &Stored<R>, record: &R) -> Result<Option<Write<R>>, Error> {
    let uid = files::uid_field::<R>();
    let before = stored.record.fields();
    let mut fields = record.fields();
    // The uid names the record and never changes; what could not be read is not known to differ.
    fields.retain(|field, _| *field != uid && !stored.unread.contains(field));
    let mut after = before.clone();
    after.extend(fields.clone());
    if diff_fields::<R>(&before, &after).is_empty() {
        return Ok(None);
    }
    let target = stored.record.with(&fields)?;
    let (id, revision) = (stored.id.clone(), stored.revision.clone());
    Ok(Some(Write::Update { id, revision, base: Box::new(stored.record.clone()), target: Box::new(target), mark: None }))
}

/// The photos and files of a batch.
struct Inline(InlineBlobs);

impl BlobSource for Inline {
    fn open<'a>(&'a self, blob: &'a BlobRef) -> BoxFuture<'a, pimkit::Result<Blob>> {
        async move {
            let inline = self.0.get(&blob.id);
            let inline =
                inline.ok_or_else(|| Error::new(ErrorKind::InvalidData, "the file does not hold the bytes of a photo or attachment"))?;
            Ok(Blob::whole(inline.media_type.clone(), inline.bytes.clone()))
        }
        .boxed()
    }
}
