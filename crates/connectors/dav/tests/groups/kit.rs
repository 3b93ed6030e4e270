//! One account on one simulated server, whose contacts are seen with their groups as categories.

use crate::common::simulated::{account_as, simulator};
use bytes::Bytes;
use http::{Request, Response};
use pimkit_contract::FakeClock;
use pimkit_core::{
    Change, ChangeOptions, CollectionId, Connector, Contact, Cursor, Delete, Fetched, ItemId, Mark, Next, Outcome, Position, Record,
    Repository, Result, Revision, Stored, Write, WriteOptions,
};
use pimkit_dav::{Config, Groups, Quirks};
use pimkit_http::{Broken, InProcess};
use pimkit_simulators::{CollectionKind, Cut, Dav as Simulator, Personality};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

/// What looks at requests before the server does, and may answer in its place.
type Hook = Box<dyn FnMut(&Simulator, &Request<Bytes>) -> Option<Response<Bytes>> + Send>;

pub struct Kit {
    pub simulator: Simulator,
    pub clock: FakeClock,
    pub items: Arc<dyn Repository<Contact>>,
    pub book: CollectionId,
    hook: Arc<Mutex<Option<Hook>>>,
    personality: Personality,
}

pub fn is(request: &Request<Bytes>, method: &str, body: &str) -> bool {
    request.method() == method && request.body().windows(body.len()).any(|part| part == body.as_bytes())
}

pub fn names(of: &[&str]) -> BTreeSet<String> {
    of.iter().map(|name| (*name).to_owned()).collect()
}

fn opened(
    simulator: &Simulator,
    personality: &Personality,
    clock: &FakeClock,
    hook: &Arc<Mutex<Option<Hook>>>,
    with: impl FnOnce(Config) -> Config,
) -> Arc<dyn Repository<Contact>> {
    let (simulator, hook) = (simulator.clone(), Arc::clone(hook));
    let wire = InProcess::serving(move |request: Request<Bytes>| {
        if let Some(answer) = hook.lock().unwrap().as_mut().and_then(|hook| hook(&simulator, &request)) {
            return Ok(answer);
        }
        simulator.answer_now(&request).map_err(|cut| match cut {
            Cut::Reset => Broken::Reset,
            Cut::Truncated { head, body_so_far } => Broken::Truncated(Box::new(head.map(|()| body_so_far))),
        })
    });
    let dav = account_as(personality, clock, Arc::new(wire), |config| with(config.groups(Groups::Categories)));
    dav.contacts().unwrap()
}

impl Kit {
    pub fn of(name: &str) -> Self {
        Self::with(Personality::named(name).unwrap(), |config| config)
    }

    pub fn with(personality: Personality, with: impl FnOnce(Config) -> Config) -> Self {
        let clock = FakeClock::default();
        let simulator = simulator(personality.clone(), &clock);
        let is_book = |simulator: &Simulator| {
            simulator.collections("alice").into_iter().find(|c| c.kind == CollectionKind::AddressBook).map(|c| c.path)
        };
        let book = is_book(&simulator).or_else(|| simulator.make_addressbook("alice", "Book")).unwrap();
        let hook = Arc::default();
        let items = opened(&simulator, &personality, &clock, &hook, with);
        Self { simulator, clock, items, book: CollectionId::from(book), hook, personality }
    }

    /// The same account in another process.
    pub fn anew(&self) -> Arc<dyn Repository<Contact>> {
        opened(&self.simulator, &self.personality, &self.clock, &self.hook, |config| config)
    }

    /// The same server, whose searches are not believed.
    pub fn without_search(name: &str) -> Self {
        let mut quirks = Quirks::named(name).unwrap();
        (quirks.finds_uids, quirks.finds_groups) = (false, false);
        Self::with(Personality::named(name).unwrap(), |config| config.quirks(quirks))
    }

    pub fn hook(&self, hook: impl FnMut(&Simulator, &Request<Bytes>) -> Option<Response<Bytes>> + Send + 'static) {
        *self.hook.lock().unwrap() = Some(Box::new(hook));
    }

    pub fn unhook(&self) {
        *self.hook.lock().unwrap() = None;
    }

    pub fn path(&self, file: &str) -> String {
        format!("{}{file}", self.book)
    }

    pub fn id(&self, file: &str) -> ItemId {
        ItemId::from(self.path(file))
    }

    /// Time passes: SOGo's tokens are seconds.
    pub fn pass(&self) {
        self.clock.advance(Duration::from_secs(2));
    }

    /// Another program stores a text.
    pub fn put(&self, file: &str, text: &str) {
        self.pass();
        self.simulator.put(&self.path(file), text).unwrap();
        self.pass();
    }

    pub fn drop(&self, file: &str) {
        self.pass();
        assert!(self.simulator.delete(&self.path(file)));
        self.pass();
    }

    pub fn text(&self, file: &str) -> String {
        self.simulator.get(&self.path(file)).unwrap().1
    }

    /// Another program stores a contact.
    pub fn contact(&self, file: &str, uid: &str) {
        self.put(file, &card(uid, &[]));
    }

    pub async fn fetch(&self, file: &str) -> Fetched<Contact> {
        self.items.fetch(&self.book, &[self.id(file)]).await.pop().unwrap()
    }

    pub async fn stored(&self, file: &str) -> Stored<Contact> {
        match self.fetch(file).await {
            Fetched::Found(stored) => *stored,
            other => panic!("{file}: {other:?}"),
        }
    }

    pub async fn keywords(&self, file: &str) -> BTreeSet<String> {
        self.stored(file).await.record.keywords
    }

    pub async fn round(&self, since: Option<&Cursor>) -> Result<(Vec<Change<Contact>>, Cursor, bool)> {
        self.pass();
        let at = since.map_or(Position::Start, Position::Since);
        let page = self.items.changes(&self.book, at, &ChangeOptions::default()).await?;
        match page.next {
            Next::Done { cursor, complete } => Ok((page.changes, cursor, complete)),
            Next::More(_) => panic!("a round has one page"),
        }
    }

    /// The first round.
    pub async fn first(&self) -> (Vec<Change<Contact>>, Cursor) {
        let (changes, cursor, complete) = self.round(None).await.unwrap();
        assert!(complete);
        (changes, cursor)
    }

    pub async fn next(&self, since: &Cursor) -> (Vec<Change<Contact>>, Cursor) {
        let (changes, cursor, _) = self.round(Some(since)).await.unwrap();
        (changes, cursor)
    }

    pub async fn write(&self, write: Write<Contact>) -> Outcome<Contact> {
        self.pass();
        let outcome = self.items.write(&self.book, vec![write], &WriteOptions::default()).await.pop().unwrap();
        self.pass();
        outcome
    }

    pub fn creation(mark: &str, record: &Contact) -> Write<Contact> {
        Write::Create { mark: Mark::from(mark), record: record.clone() }
    }

    /// Makes a contact with these categories; the name of its resource.
    pub async fn create(&self, mark: &str, keywords: &[&str]) -> String {
        let record = Contact::build(|c| {
            c.name.full = Some(format!("Person {mark}"));
            c.keywords = names(keywords);
        });
        match self.write(Self::creation(mark, &record)).await {
            Outcome::Written { id, revision, left_out, .. } => {
                assert!(left_out.is_empty(), "{left_out:?}");
                let file = id.as_str().rsplit('/').next().unwrap().to_owned();
                assert_eq!(revision.as_ref(), Some(&self.stored(&file).await.revision), "the outcome names the revision");
                file
            }
            other => panic!("{mark}: {other:?}"),
        }
    }

    pub async fn edition(&self, file: &str, edit: impl FnOnce(&mut Contact)) -> Write<Contact> {
        let Stored { id, revision, record, .. } = self.stored(file).await;
        let mut target = record.clone();
        edit(&mut target);
        Write::Update { id, revision, base: Box::new(record), target: Box::new(target), mark: None }
    }

    /// Edits a contact, which succeeds wholly.
    pub async fn edit(&self, file: &str, edit: impl FnOnce(&mut Contact)) -> Revision {
        let write = self.edition(file, edit).await;
        match self.write(write).await {
            Outcome::Written { revision: Some(revision), left_out, .. } => {
                assert!(left_out.is_empty(), "{left_out:?}");
                assert_eq!(revision, self.stored(file).await.revision, "the outcome names the revision");
                revision
            }
            other => panic!("{file}: {other:?}"),
        }
    }

    pub async fn delete(&self, file: &str) -> Outcome<Contact> {
        let Stored { id, revision, .. } = self.stored(file).await;
        self.write(Write::Delete { id, revision, mode: Delete::Permanent }).await
    }

    /// How many requests were sent since the last time this was asked.
    pub fn requests(&self) -> usize {
        let asked = self.simulator.requests().len();
        self.simulator.reset_requests();
        asked
    }

    pub fn puts(&self, file: &str) -> usize {
        let path = self.path(file);
        self.simulator.requests().iter().filter(|r| r.method == "PUT" && r.path == path).count()
    }
}

/// A card of a person.
pub fn card(uid: &str, lines: &[&str]) -> String {
    let more: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    format!("BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{uid}\r\nFN:Person {uid}\r\nN:{uid};Person;;;\r\n{more}END:VCARD\r\n")
}

/// A group in the form of a model: cards name members as they are given, lists by file.
pub fn group(model: &str, uid: &str, name: &str, members: &[&str]) -> String {
    let (kind, member) = match model {
        "apple" => ("X-ADDRESSBOOKSERVER-KIND:group", "X-ADDRESSBOOKSERVER-MEMBER:"),
        "kind" => ("KIND:group", "MEMBER:"),
        _ => {
            let cards: String = members.iter().map(|member| format!("CARD;FN=Somebody:{member}\r\n")).collect();
            return format!("BEGIN:VLIST\r\nUID:{uid}\r\nVERSION:1.0\r\nFN:{name}\r\n{cards}END:VLIST\r\n");
        }
    };
    let members: String = members.iter().map(|uid| format!("{member}{uid}\r\n")).collect();
    format!("BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{uid}\r\n{kind}\r\nN:{name}\r\nFN:{name}\r\nX-OTHER;A=b:stays\r\n{members}END:VCARD\r\n")
}

/// The files that lines name, by what the lines are.
pub fn said(kit: &Kit, changes: &[Change<Contact>]) -> Vec<(String, &'static str)> {
    let word = |change: &Change<Contact>| match change {
        Change::Listed { .. } | Change::Upserted(_) => "there",
        Change::Removed { .. } => "removed",
        Change::OtherKind { .. } => "other",
        Change::Unreadable { .. } => "unreadable",
    };
    let file = |id: &ItemId| id.as_str().strip_prefix(kit.book.as_str()).unwrap().to_owned();
    let mut said: Vec<_> = changes.iter().map(|change| (file(change.id()), word(change))).collect();
    said.sort();
    said
}

pub fn revision<'c>(kit: &Kit, changes: &'c [Change<Contact>], file: &str) -> Option<&'c Revision> {
    changes.iter().find_map(|change| match change {
        Change::Listed { id, revision } if *id == kit.id(file) => revision.as_ref(),
        _ => None,
    })
}
