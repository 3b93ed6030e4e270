//! Cases for kinds that a side only shows: mail that came, the users of a directory. There is nothing of the suite's to write, so
//! that the records come from the provider's own doors, a [`Source`].

use super::{
    Ask, Report, Source, Stage,
    context::{Got, Verdict, ensure, fail, present, said, says_missing, skip, words},
};
use futures::{TryStreamExt, future::BoxFuture};
use pimkit_core::{
    Access, Change, ChangeOptions, ChangePage, CollectionId, Cursor, Delete, ErrorKind, Fetched, ItemId, Key, Next, Outcome, PageToken,
    Position, Record, Repository, RepositoryExt, Stored, Write, WriteOptions, cursor,
};
use std::{collections::BTreeSet, sync::Arc};

/// How many records a case begins with.
const SOME: u32 = 5;

/// Where the cases get their records.
type Door<R> = for<'s> fn(&'s dyn Stage) -> Option<&'s dyn Source<R>>;
type Run<R> = for<'a> fn(&'a Shown<'a, R>) -> BoxFuture<'a, Verdict>;

/// Adds every case of a kind to a report; one line for all where the connector or the harness has none of it.
pub(super) async fn cases<R: Record>(ask: &dyn Ask, door: Door<R>, report: &mut Report) {
    let all: [(&str, Run<R>); 12] = [
        ("collections_are_stable_and_only_read", |c| Box::pin(collections(c))),
        ("a_missing_collection_is_gone", |c| Box::pin(missing_collection(c))),
        ("a_first_round_names_everything", |c| Box::pin(first_round(c))),
        ("small_pages_name_the_same", |c| Box::pin(paging(c))),
        ("a_page_token_can_be_asked_again", |c| Box::pin(page_again(c))),
        ("a_later_round_names_what_came_changed_and_went", |c| Box::pin(later(c))),
        ("a_round_after_which_nothing_happens_falls_silent", |c| Box::pin(silence(c))),
        ("a_damaged_or_foreign_cursor_is_expired", |c| Box::pin(bad_cursors(c))),
        ("fetch_answers_in_order", |c| Box::pin(fetch_order(c))),
        ("a_record_says_no_more_than_its_fields", |c| Box::pin(fields(c))),
        ("items_are_found_as_declared", |c| Box::pin(finding(c))),
        ("every_write_is_refused_and_changes_nothing", |c| Box::pin(writing(c))),
    ];
    let kind = R::KIND.plural();
    let stage = ask.fresh().await;
    if R::repository(&*stage.connector()).is_none() {
        return;
    }
    if door(&*stage).is_none() {
        return report.add(format!("{kind}::*"), skip("nothing of this kind comes into the account"));
    }
    drop(stage);
    for (name, run) in all {
        let stage = ask.fresh().await;
        let verdict = match Shown::new(&*stage, door).await {
            Ok(shown) => run(&shown).await,
            Err(stop) => Err(stop),
        };
        report.add(format!("{kind}::{name}"), verdict);
    }
}

/// One kind of a fresh account, with some records in it.
struct Shown<'c, R: Record> {
    stage: &'c dyn Stage,
    source: &'c dyn Source<R>,
    items: Arc<dyn Repository<R>>,
    home: CollectionId,
    /// Those that came, in the order in which they did; beside them there may be what every account has.
    came: Vec<ItemId>,
}

impl<'c, R: Record> Shown<'c, R> {
    async fn new(stage: &'c dyn Stage, door: Door<R>) -> Got<Self> {
        let (Some(items), Some(source)) = (R::repository(&*stage.connector()), door(stage)) else {
            return skip("the connector has no such kind");
        };
        let mut shown = Self { stage, source, items, home: CollectionId::default(), came: Vec::new() };
        for n in 0..SOME {
            let home = source.make(n).await;
            ensure!(n == 0 || shown.home == home, "records of one source come into two collections");
            shown.home = home;
        }
        stage.settle().await;
        let there = shown.there().await?;
        for n in 0..SOME {
            let id = shown.find(n, &there).await?;
            shown.came.push(id);
        }
        Ok(shown)
    }

    /// The one of these items that says what the `n`th should.
    async fn find(&self, n: u32, among: &BTreeSet<ItemId>) -> Got<ItemId> {
        let mut found = Vec::new();
        for id in among {
            if self.source.is(n, &self.read(id).await?.record) {
                found.push(id.clone());
            }
        }
        match found.as_slice() {
            [id] => Ok(id.clone()),
            all => fail(format!("{} of {} items say what record {n} should", all.len(), among.len())),
        }
    }

    async fn pages(&self, at: Position<'_>, options: &ChangeOptions) -> Got<Vec<ChangePage<R>>> {
        Ok(self.items.pages(&self.home, at, options).try_collect().await?)
    }

    /// The lines of a round, where the next starts, and whether it was complete.
    async fn round(&self, at: Position<'_>) -> Got<(Vec<Change<R>>, Cursor, bool)> {
        let mut pages = self.pages(at, &ChangeOptions::default()).await?;
        match pages.last_mut().map(|page| page.next.clone()) {
            Some(Next::Done { cursor, complete }) => Ok((pages.into_iter().flat_map(|p| p.changes).collect(), cursor, complete)),
            _ => fail("a round ends without Done"),
        }
    }

    /// What is there, by a listing that says it is complete.
    async fn there(&self) -> Got<BTreeSet<ItemId>> {
        let (lines, _, complete) = self.round(Position::Start).await?;
        ensure!(complete, "a round from the start does not say complete");
        Ok(present(&lines))
    }

    async fn read(&self, id: &ItemId) -> Got<Stored<R>> {
        match self.items.fetch(&self.home, std::slice::from_ref(id)).await.pop() {
            Some(Fetched::Found(stored)) => {
                ensure!(stored.id == *id && stored.collection == self.home, "asked for one item, got another");
                Ok(*stored)
            }
            other => fail(format!("an item cannot be read: {}", other.as_ref().map_or_else(|| "no answer".to_owned(), said))),
        }
    }

    fn all(&self) -> BTreeSet<ItemId> {
        self.came.iter().cloned().collect()
    }

    fn one(&self) -> Got<&ItemId> {
        self.came.first().map_or_else(|| fail("no record came"), Ok)
    }
}

async fn collections<R: Record>(c: &Shown<'_, R>) -> Verdict {
    let (first, second) = (c.items.collections().await?, c.items.collections().await?);
    ensure!(first == second, "two calls list different collections");
    let Some(home) = first.iter().find(|one| one.id == c.home) else { return fail("what came lies in no collection that is listed") };
    ensure!(home.access == Access::Read && !home.capabilities.write, "what is only shown is declared to be written");
    Ok(())
}

async fn missing_collection<R: Record>(c: &Shown<'_, R>) -> Verdict {
    let nowhere = CollectionId::from("no-such-collection-4f1d");
    let gone = |what: &str, kind: Option<ErrorKind>| {
        ensure!(kind == Some(ErrorKind::CollectionGone), "{what} says {kind:?}");
        Ok(())
    };
    gone("changes", c.items.changes(&nowhere, Position::Start, &ChangeOptions::default()).await.err().map(|e| e.kind()))?;
    gone("fields", c.items.fields(&nowhere).await.err().map(|e| e.kind()))?;
    for answer in c.items.fetch(&nowhere, &["x".into(), "y".into()]).await {
        let Fetched::Failed(error) = answer else { return fail(format!("fetch says {}", said(&answer))) };
        gone("fetch", Some(error.kind()))?;
    }
    Ok(())
}

async fn first_round<R: Record>(c: &Shown<'_, R>) -> Verdict {
    let there = c.there().await?;
    ensure!(c.all().is_subset(&there), "{} came, and not all of them are listed", c.came.len());
    ensure!(c.all().len() == c.came.len(), "two records have one id");
    let (lines, _, _) = c.round(Position::Start).await?;
    for line in &lines {
        let named = match line {
            Change::Upserted(stored) => Some(&stored.revision),
            Change::Listed { revision, .. } => revision.as_ref(),
            _ => None,
        };
        if let Some(revision) = named {
            ensure!(c.read(line.id()).await?.revision == *revision, "a line names another version than the item has");
        }
    }
    Ok(())
}

async fn paging<R: Record>(c: &Shown<'_, R>) -> Verdict {
    let whole = c.there().await?;
    for size in [1, 2, 3] {
        let pages = c.pages(Position::Start, &ChangeOptions::default().page_size(size)).await?;
        let lines: Vec<Change<R>> = pages.into_iter().flat_map(|page| page.changes).collect();
        ensure!(present(&lines) == whole, "pages of {size} name others");
    }
    Ok(())
}

async fn page_again<R: Record>(c: &Shown<'_, R>) -> Verdict {
    let options = ChangeOptions::default().page_size(2);
    let first = c.items.changes(&c.home, Position::Start, &options).await?;
    let Next::More(token) = first.next else { return skip("everything comes in one page") };
    let names = |page: ChangePage<R>| page.changes.iter().map(|line| line.id().clone()).collect::<Vec<_>>();
    let once = names(c.items.changes(&c.home, Position::Page(&token), &options).await?);
    let twice = names(c.items.changes(&c.home, Position::Page(&token), &options).await?);
    ensure!(once == twice, "one page token names {} and then {}", once.len(), twice.len());
    Ok(())
}

async fn later<R: Record>(c: &Shown<'_, R>) -> Verdict {
    let before = c.there().await?;
    let (_, cursor, _) = c.round(Position::Start).await?;
    ensure!(c.source.make(SOME).await == c.home, "records of one source come into two collections");
    let [changed, .., gone] = c.came.as_slice() else { return fail("too few records came") };
    let was = c.read(changed).await?;
    ensure!(c.source.change(&was).await, "the source cannot change a record");
    ensure!(c.source.take(&c.read(gone).await?).await, "the source cannot take a record away");
    c.stage.settle().await;
    let new = c.find(SOME, &c.there().await?).await?;
    // A cursor may be asked twice: nothing is used up.
    for time in ["once", "again"] {
        let (lines, _, complete) = c.round(Position::Since(&cursor)).await?;
        let named: BTreeSet<ItemId> = lines.iter().map(|line| line.id().clone()).collect();
        ensure!(named.contains(&new), "{time}: what came is not named");
        ensure!(named.contains(changed), "{time}: what changed is not named");
        let there = present(&lines);
        ensure!(!there.contains(gone) && (complete || named.contains(gone)), "{time}: what went is not named");
        let expected: BTreeSet<ItemId> = before.iter().filter(|id| *id != gone).chain([&new]).cloned().collect();
        ensure!(!complete || there == expected, "{time}: a complete round leaves something out");
    }
    ensure!(c.read(changed).await?.record != was.record, "what changed says what it said before");
    ensure!(matches!(c.items.fetch(&c.home, std::slice::from_ref(gone)).await.pop(), Some(Fetched::Gone)), "what went is not gone");
    Ok(())
}

async fn silence<R: Record>(c: &Shown<'_, R>) -> Verdict {
    let (lines, mut cursor, _) = c.round(Position::Start).await?;
    let whole = present(&lines);
    for _ in 0..3 {
        let (lines, next, complete) = c.round(Position::Since(&cursor)).await?;
        if complete {
            ensure!(present(&lines) == whole, "a complete round names others though nothing happened");
        } else if lines.is_empty() {
            return Ok(());
        }
        cursor = next;
    }
    // A side that lists everything each time is never silent, and says complete.
    let (lines, _, complete) = c.round(Position::Since(&cursor)).await?;
    ensure!(complete || lines.is_empty(), "{} lines though nothing happened", lines.len());
    Ok(())
}

async fn bad_cursors<R: Record>(c: &Shown<'_, R>) -> Verdict {
    let expired = |what: &str, error: Option<pimkit_core::Error>| {
        let kind = error.map(|e| e.kind());
        ensure!(kind == Some(ErrorKind::CursorExpired), "{what} says {kind:?}");
        Ok(())
    };
    let options = ChangeOptions::default();
    let foreign = cursor::encode("somebody-else/1", 0, &1)?;
    let (_, own, _) = c.round(Position::Start).await?;
    let mut damaged = own.to_string();
    damaged.truncate(damaged.len() / 2);
    for text in ["", "garbage", "ä\u{0}", foreign.as_str(), damaged.as_str()] {
        let (cursor, token) = (Cursor::from(text), PageToken::from(text));
        expired("a damaged cursor", c.items.changes(&c.home, Position::Since(&cursor), &options).await.err())?;
        expired("a damaged page token", c.items.changes(&c.home, Position::Page(&token), &options).await.err())?;
    }
    Ok(())
}

async fn fetch_order<R: Record>(c: &Shown<'_, R>) -> Verdict {
    ensure!(c.items.fetch(&c.home, &[]).await.is_empty(), "nothing asked is answered");
    let Some((gone, rest)) = c.came.split_last() else { return fail("no record came") };
    ensure!(c.source.take(&c.read(gone).await?).await, "the source cannot take a record away");
    c.stage.settle().await;
    let mut asked: Vec<ItemId> = rest.iter().rev().cloned().collect();
    asked.insert(1, gone.clone());
    asked.extend(rest.first().cloned());
    let answers = c.items.fetch(&c.home, &asked).await;
    ensure!(answers.len() == asked.len(), "{} ids have {} answers", asked.len(), answers.len());
    for (id, answer) in asked.iter().zip(&answers) {
        match answer {
            Fetched::Found(stored) => ensure!(stored.id == *id && id != gone, "answers come in another order"),
            Fetched::Gone => ensure!(id == gone, "what is there is gone"),
            other => return fail(format!("fetch says {}", said(other))),
        }
    }
    Ok(())
}

async fn fields<R: Record>(c: &Shown<'_, R>) -> Verdict {
    let supported = c.items.fields(&c.home).await?;
    ensure!(!supported.is_empty() && supported.iter().all(|field| !field.write), "a field is declared to be written");
    for id in &c.came {
        for field in c.read(id).await?.record.fields().keys() {
            let name = field.as_str();
            let custom = name.starts_with("custom.") && supported.iter().any(|f| f.field.as_str() == pimkit_core::FieldSupport::ANY_CUSTOM);
            ensure!(custom || supported.iter().any(|f| f.field == *field && f.read), "the field {name} is read and not declared");
        }
    }
    let error = c.items.ensure_field(&c.home, "Region").await.err();
    ensure!(error.as_ref().is_some_and(says_missing), "a field can be made where nothing is written");
    Ok(())
}

async fn finding<R: Record>(c: &Shown<'_, R>) -> Verdict {
    let collections = c.items.collections().await?;
    let finds = collections.iter().any(|one| one.id == c.home && one.capabilities.find);
    let stored = c.read(c.one()?).await?;
    let uid = stored.record.uid().map_or_else(|| "a-uid".to_owned(), str::to_owned);
    let keys = [Key::Uid(uid), Key::Uid("no-such-uid-4f1d".into())];
    let answers = c.items.find(&c.home, &keys).await;
    ensure!(answers.len() == keys.len(), "{} keys have {} answers", keys.len(), answers.len());
    for (n, answer) in answers.into_iter().enumerate() {
        match answer {
            Ok(found) => {
                ensure!(finds, "what cannot be searched answers");
                ensure!(found.is_empty() == (n == 1), "the wrong ones are found");
            }
            Err(error) => ensure!(!finds && says_missing(&error), "find says {error}"),
        }
    }
    Ok(())
}

async fn writing<R: Record>(c: &Shown<'_, R>) -> Verdict {
    let stored = c.read(c.one()?).await?;
    let writes = vec![
        Write::Create { mark: "suite-0001".into(), record: R::default() },
        Write::Update {
            id: stored.id.clone(),
            revision: stored.revision.clone(),
            base: Box::new(stored.record.clone()),
            target: Box::new(R::default()),
            mark: None,
        },
        Write::Delete { id: stored.id.clone(), revision: stored.revision.clone(), mode: Delete::Permanent },
    ];
    let before = c.there().await?;
    let outcomes = c.items.write(&c.home, writes, &WriteOptions::default()).await;
    ensure!(outcomes.len() == 3, "3 writes have {} outcomes", outcomes.len());
    for outcome in &outcomes {
        match outcome {
            Outcome::Refused(error) if says_missing(error) => {}
            other => return fail(format!("a write to what is only shown says {}", words(other))),
        }
    }
    ensure!(c.there().await? == before, "a refused write makes or takes something");
    let again = c.read(&stored.id).await?;
    ensure!(again == stored, "a refused write changes something");
    Ok(())
}
