//! The three kinds of change feed, on a store whose transactions commit whenever the test says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use async_trait::async_trait;
use futures::{executor::block_on, future::BoxFuture};
use jiff::Timestamp;
use pimkit_app::{Abilities, Adapted, After, AppStore, Deleted, Feed, Guard, Line, Place, Row, Upsert, Upserted, What};
use pimkit_core::{
    Change, ChangeOptions, Clock, CollectionId, Connector, Contact, Cursor, Delete, ErrorKind, FieldSupport, ItemId, Next, Position,
    Record, Repository, Result,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

const SECOND: i64 = 1_000_000;

#[derive(Debug, Default)]
struct Table {
    rows: BTreeMap<ItemId, (String, i64)>,
    outbox: Vec<(i64, ItemId)>,
    tombstones: BTreeMap<ItemId, i64>,
}

/// A host's table. What a test puts in is committed: the position says when the transaction set its time.
#[derive(Debug)]
struct Host {
    feed: Feed,
    table: Mutex<Table>,
}

impl Host {
    fn put(&self, id: &str, name: &str, position: i64) {
        let mut table = self.table.lock().unwrap();
        table.tombstones.remove(id);
        table.rows.insert(id.into(), (name.to_owned(), position));
        table.outbox.push((position, id.into()));
    }
    fn delete(&self, id: &str, position: i64) {
        let mut table = self.table.lock().unwrap();
        table.rows.remove(id);
        table.tombstones.insert(id.into(), position);
        table.outbox.push((position, id.into()));
    }
    fn row(id: &ItemId, (name, position): &(String, i64)) -> Row<Contact> {
        let mut row = Row::new(id.clone(), Contact::build(|c| c.name.full = Some(name.clone())));
        row.position = Some(*position);
        row
    }
}

#[async_trait]
impl AppStore<Contact> for Host {
    fn abilities(&self) -> Abilities {
        Abilities::new(self.feed)
    }
    fn fields(&self) -> Vec<FieldSupport> {
        vec![FieldSupport::full("name.full")]
    }
    async fn places(&self) -> Result<Vec<Place>> {
        Ok(vec![Place::new("people", "People")])
    }
    async fn list(&self, _: &CollectionId, after: Option<&ItemId>, limit: usize) -> Result<Vec<Row<Contact>>> {
        let table = self.table.lock().unwrap();
        Ok(table.rows.iter().filter(|(id, _)| after.is_none_or(|a| *id > a)).take(limit).map(|(id, row)| Self::row(id, row)).collect())
    }
    async fn get(&self, _: &CollectionId, ids: &[ItemId]) -> Result<Vec<Option<Row<Contact>>>> {
        let table = self.table.lock().unwrap();
        Ok(ids.iter().map(|id| table.rows.get(id).map(|row| Self::row(id, row))).collect())
    }
    async fn changed(&self, _: &CollectionId, after: After<'_>, limit: usize) -> Result<Vec<Line<Contact>>> {
        let table = self.table.lock().unwrap();
        let mut lines: Vec<Line<Contact>> = match self.feed {
            Feed::Sequence { .. } => {
                table.outbox.iter().map(|(n, id)| Line { position: *n, id: id.clone(), what: What::Changed }).collect()
            }
            _ => {
                let rows = table.rows.iter().map(|(id, row)| Line {
                    position: row.1,
                    id: id.clone(),
                    what: What::Is(Box::new(Self::row(id, row))),
                });
                let gone = table.tombstones.iter().map(|(id, at)| Line { position: *at, id: id.clone(), what: What::Gone });
                let tombstones = matches!(self.feed, Feed::Updated { tombstones: true, .. });
                rows.chain(gone.filter(|_| tombstones)).collect()
            }
        };
        lines.sort_by(|a, b| (a.position, &a.id).cmp(&(b.position, &b.id)));
        lines.retain(|l| l.position > after.position || (l.position == after.position && after.id.is_none_or(|id| l.id > *id)));
        lines.truncate(limit);
        Ok(lines)
    }
    async fn newest(&self, _: &CollectionId) -> Result<Option<i64>> {
        let table = self.table.lock().unwrap();
        Ok(match self.feed {
            Feed::Sequence { .. } => table.outbox.iter().map(|(n, _)| *n).max(),
            _ => table.rows.values().map(|r| r.1).chain(table.tombstones.values().copied()).max(),
        })
    }
    async fn upsert(&self, _: &CollectionId, _: Upsert<'_, Contact>) -> Result<Upserted<Contact>> {
        panic!("these tests write nothing through the port")
    }
    async fn delete(&self, _: &CollectionId, _: &ItemId, _: &Guard, _: Delete) -> Result<Deleted<Contact>> {
        panic!("these tests write nothing through the port")
    }
}

#[derive(Debug)]
struct Fixed;
impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(1_000 * SECOND).unwrap()
    }
    fn sleep(&self, _: Duration) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// The engine's part: keeps only the cursor, as text, and what it was told.
struct Reader {
    host: Arc<Host>,
    cursor: Option<Cursor>,
    holds: BTreeMap<ItemId, String>,
    page: u32,
}

impl Reader {
    fn new(feed: Feed) -> Self {
        Self { host: Arc::new(Host { feed, table: Mutex::default() }), cursor: None, holds: BTreeMap::new(), page: 2 }
    }

    fn repository(&self) -> Arc<dyn Repository<Contact>> {
        // Made anew for every round: whatever it keeps in memory is lost, as by a restart.
        Adapted::new("host", "host/1", Arc::new(Fixed)).with_contacts(self.host.clone()).contacts().unwrap()
    }

    /// One round; between its pages `between` is called with the number of pages read. What was said, in order.
    fn round_with(&mut self, mut between: impl FnMut(usize, &Host)) -> Vec<String> {
        let (place, options) = (CollectionId::from("people"), ChangeOptions::default().page_size(self.page));
        let start = self.cursor.clone();
        let (mut said, mut pages, mut token, mut named) = (Vec::new(), 0, None, BTreeSet::new());
        loop {
            let at = match (&token, &start) {
                (Some(token), _) => Position::Page(token),
                (None, Some(cursor)) => Position::Since(cursor),
                (None, None) => Position::Start,
            };
            let page = block_on(self.repository().changes(&place, at, &options)).unwrap();
            pages += 1;
            assert!(pages < 100, "the round does not end");
            for change in page.changes {
                let id = change.id().clone();
                match change {
                    Change::Upserted(stored) => {
                        let name = stored.record.name.full.clone().unwrap();
                        said.push(format!("{id}={name}"));
                        named.insert(id.clone());
                        self.holds.insert(id, name);
                    }
                    Change::Listed { revision, .. } => {
                        named.insert(id.clone());
                        let pimkit_core::Fetched::Found(stored) =
                            block_on(self.repository().fetch(&place, std::slice::from_ref(&id))).remove(0)
                        else {
                            continue;
                        };
                        let name = stored.record.name.full.clone().unwrap();
                        assert!(revision.is_some());
                        if self.holds.get(&id) != Some(&name) {
                            said.push(format!("{id}={name}"));
                        }
                        self.holds.insert(id, name);
                    }
                    Change::Removed { .. } => {
                        said.push(format!("-{id}"));
                        self.holds.remove(&id);
                        named.remove(&id);
                    }
                    other => panic!("unexpected line {other:?}"),
                }
            }
            match page.next {
                Next::More(next) => token = Some(next),
                Next::Done { cursor, complete } => {
                    if complete {
                        let absent: Vec<ItemId> = self.holds.keys().filter(|id| !named.contains(*id)).cloned().collect();
                        for id in absent {
                            said.push(format!("-{id}"));
                            self.holds.remove(&id);
                        }
                    }
                    self.cursor = Some(cursor);
                    return said;
                }
            }
            between(pages, &self.host);
        }
    }

    fn round(&mut self) -> Vec<String> {
        self.round_with(|_, _| {})
    }

    fn check(&self) {
        let there: BTreeMap<ItemId, String> =
            self.host.table.lock().unwrap().rows.iter().map(|(id, (name, _))| (id.clone(), name.clone())).collect();
        assert_eq!(self.holds, there);
    }
}

fn feeds() -> Vec<Feed> {
    let overlap = Duration::from_secs(10);
    vec![
        Feed::Sequence { overlap: 0 },
        Feed::Sequence { overlap: 3 * SECOND as u64 },
        Feed::Updated { overlap, tombstones: true },
        Feed::Updated { overlap, tombstones: false },
        Feed::Updated { overlap: Duration::ZERO, tombstones: false },
        Feed::Snapshot,
    ]
}

#[test]
fn every_feed_names_what_is_new_changed_and_gone_and_nothing_twice() {
    for feed in feeds() {
        let mut reader = Reader::new(feed);
        for n in 0..7 {
            reader.host.put(&format!("a{n}"), "first", (100 + n) * SECOND);
        }
        assert_eq!(reader.round().len(), 7, "{feed:?}");
        assert_eq!(reader.round(), [""; 0], "{feed:?}");
        reader.host.put("a3", "second", 110 * SECOND);
        reader.host.put("b", "first", 111 * SECOND);
        reader.host.delete("a5", 112 * SECOND);
        let mut said = reader.round();
        said.sort();
        // An item with two lines of an outbox, pages apart, may be told twice in one round.
        said.dedup();
        assert_eq!(said, ["-a5", "a3=second", "b=first"], "{feed:?}");
        reader.check();
        for _ in 0..3 {
            assert_eq!(reader.round(), [""; 0], "{feed:?}");
        }
    }
}

#[test]
fn a_commit_that_came_late_is_found_and_told_once() {
    for feed in feeds().into_iter().filter(|f| !matches!(f, Feed::Sequence { overlap: 0 })) {
        let mut reader = Reader::new(feed);
        reader.host.put("a", "first", 100 * SECOND);
        reader.host.put("b", "first", 200 * SECOND);
        reader.round();
        // Transactions that took their time before b's, and commit after it was read: one new item, one edit.
        reader.host.put("late", "first", 198 * SECOND);
        reader.host.put("a", "late edit", 199 * SECOND);
        let mut said = reader.round();
        said.sort();
        assert_eq!(said, ["a=late edit", "late=first"], "{feed:?}");
        assert_eq!(reader.round(), [""; 0], "{feed:?}");
        reader.check();
    }
}

#[test]
fn a_commit_later_than_the_overlap_is_found_where_ids_are_compared() {
    for overlap in [Duration::ZERO, Duration::from_secs(1)] {
        let mut reader = Reader::new(Feed::Updated { overlap, tombstones: false });
        reader.host.put("a", "first", 100 * SECOND);
        reader.host.put("b", "first", 500 * SECOND);
        reader.round();
        for n in 0..5 {
            reader.host.put(&format!("late{n}"), "first", 150 * SECOND);
        }
        reader.host.put("a", "late edit", 151 * SECOND);
        assert_eq!(reader.round().len(), 6);
        assert_eq!(reader.round(), [""; 0]);
        reader.check();
    }
}

#[test]
fn edits_at_one_and_the_same_time_are_told_apart() {
    for tombstones in [false, true] {
        let mut reader = Reader::new(Feed::Updated { overlap: Duration::ZERO, tombstones });
        for id in ["b", "c", "d"] {
            reader.host.put(id, "first", 100 * SECOND);
        }
        assert_eq!(reader.round().len(), 3);
        // A smaller id, a greater id and another text, all at the time that was read last.
        reader.host.put("a", "first", 100 * SECOND);
        reader.host.put("e", "first", 100 * SECOND);
        reader.host.put("c", "second", 100 * SECOND);
        let mut said = reader.round();
        said.sort();
        assert_eq!(said, ["a=first", "c=second", "e=first"]);
        assert_eq!(reader.round(), [""; 0]);
        reader.check();
    }
}

#[test]
fn what_happens_between_the_pages_of_a_round_is_in_the_next_one_at_the_latest() {
    for feed in feeds() {
        for at in 1..5 {
            let mut reader = Reader::new(feed);
            for n in 0..6 {
                reader.host.put(&format!("a{n}"), "first", (100 + n) * SECOND);
            }
            let happen = |host: &Host| {
                host.put("a0", "second", 120 * SECOND);
                host.put("a5", "second", 121 * SECOND);
                host.put("0", "first", 122 * SECOND);
                host.delete("a1", 123 * SECOND);
                host.delete("a4", 124 * SECOND);
            };
            reader.round_with(|pages, host| {
                if pages == at {
                    happen(host);
                }
            });
            reader.round();
            reader.check();
            assert_eq!(reader.round(), [""; 0], "{feed:?} at page {at}");
            // The same in a round that follows the feed.
            for n in 0..6 {
                reader.host.put(&format!("c{n}"), "first", (200 + n) * SECOND);
            }
            reader.round_with(|pages, host| {
                if pages == at {
                    host.put("c0", "second", 220 * SECOND);
                    host.delete("c1", 221 * SECOND);
                    host.delete("c5", 222 * SECOND);
                    host.delete("a2", 223 * SECOND);
                }
            });
            reader.round();
            reader.check();
            assert_eq!(reader.round(), [""; 0], "{feed:?} at page {at}");
        }
    }
}

#[test]
fn a_time_in_the_future_hides_nothing_that_comes_after_it() {
    for tombstones in [false, true] {
        let mut reader = Reader::new(Feed::Updated { overlap: Duration::from_secs(1), tombstones });
        // The clock of these tests stands at 1,000 seconds.
        reader.host.put("wrong", "first", 9_999_999 * SECOND);
        reader.round();
        reader.host.put("a", "first", 1_001 * SECOND);
        assert_eq!(reader.round(), ["a=first"]);
        assert_eq!(reader.round(), [""; 0]);
    }
}

#[test]
fn an_item_made_again_with_its_old_id_outlives_its_tombstone() {
    let mut reader = Reader::new(Feed::Updated { overlap: Duration::from_secs(10), tombstones: true });
    reader.host.put("a", "first", 100 * SECOND);
    reader.round();
    reader.host.put("a", "again", 102 * SECOND);
    // The tombstone of the first life commits late.
    reader.host.table.lock().unwrap().tombstones.insert("a".into(), 101 * SECOND);
    reader.round();
    reader.check();
    assert_eq!(reader.round(), [""; 0]);
}

#[test]
fn an_outbox_behind_its_cursor_is_another_database() {
    let mut reader = Reader::new(Feed::Sequence { overlap: 0 });
    reader.host.put("a", "first", 50);
    reader.round();
    reader.host.table.lock().unwrap().outbox = vec![(7, "a".into())];
    let cursor = reader.cursor.clone().unwrap();
    let error = block_on(reader.repository().changes(&"people".into(), Position::Since(&cursor), &ChangeOptions::default())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CursorExpired);
}

#[test]
fn a_cursor_of_another_feed_or_place_is_refused() {
    let mut reader = Reader::new(Feed::Snapshot);
    reader.host.put("a", "first", 50);
    reader.round();
    let cursor = reader.cursor.clone().unwrap();
    let other = Reader::new(Feed::Sequence { overlap: 0 });
    let ask = |reader: &Reader, place: &str| {
        block_on(reader.repository().changes(&place.into(), Position::Since(&cursor), &ChangeOptions::default())).unwrap_err().kind()
    };
    assert_eq!(ask(&other, "people"), ErrorKind::CursorExpired);
    assert_eq!(ask(&reader, "nowhere"), ErrorKind::CollectionGone);
}

/// A small generator, so that a failure can be repeated: the seed is in the message.
fn chance(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed >> 11
}

#[test]
fn whatever_happens_in_whatever_order_a_reader_ends_with_what_is_there() {
    for feed in feeds() {
        for start in 1..60_u64 {
            let mut seed = start;
            let mut reader = Reader::new(feed);
            reader.page = 1 + (chance(&mut seed) % 4) as u32;
            let mut time = 100;
            // Late commits only as late as the feed allows for.
            let late = match feed {
                Feed::Sequence { overlap: 0 } => 1,
                Feed::Updated { tombstones: true, .. } => 8,
                _ => 3,
            };
            let mut used = BTreeSet::new();
            let mut step = |host: &Host, seed: &mut u64| {
                let mut at;
                loop {
                    time += 1;
                    at = time * SECOND - (chance(seed) % late) as i64 * SECOND;
                    // Numbers of an outbox are unique.
                    if used.insert(at) {
                        break;
                    }
                }
                let id = format!("i{}", chance(seed) % 6);
                let newer = host.table.lock().unwrap().rows.get(id.as_str()).is_none_or(|row| row.1 < at);
                match chance(seed) % 4 {
                    0 if newer => host.delete(&id, at),
                    _ if newer => host.put(&id, &format!("v{at}"), at),
                    _ => {}
                }
            };
            for _ in 0..12 {
                for _ in 0..chance(&mut seed) % 5 {
                    step(&reader.host, &mut seed);
                }
                let mut inner = chance(&mut seed) | 1;
                reader.round_with(|_, host| {
                    if chance(&mut inner).is_multiple_of(5) {
                        step(host, &mut inner);
                    }
                });
            }
            reader.round();
            reader.round();
            let there: BTreeMap<ItemId, String> =
                reader.host.table.lock().unwrap().rows.iter().map(|(id, (name, _))| (id.clone(), name.clone())).collect();
            assert_eq!(reader.holds, there, "{feed:?}, seed {start}");
            assert_eq!(reader.round(), [""; 0], "{feed:?}, seed {start}");
        }
    }
}
