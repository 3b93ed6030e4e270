//! Cases for what a side says: collections, rounds of changes, fetch and find.

use super::{
    Case,
    context::{Context, Got, Verdict, ensure, fail, present, said, says_missing, skip, words},
};
use crate::world::{Keep, Kept};
use pimkit_core::{
    BlobId, CategoryId, Change, ChangeOptions, Create, Cursor, Delete, ErrorKind, Fetched, ItemId, Key, Next, Outcome, PageToken, Position,
    Stored, Write, WriteOptions, cursor,
};
use std::collections::BTreeSet;

pub(super) fn cases<R: Kept>() -> Vec<Case<R>> {
    vec![
        Case::new("collections_are_stable", |c| Box::pin(collections(c))),
        Case::new("a_missing_collection_is_gone_in_every_method", |c| Box::pin(missing_collection(c))),
        Case::new("a_first_round_of_nothing_is_complete", |c| Box::pin(empty_round(c))),
        Case::new("a_first_round_names_everything", |c| Box::pin(first_round(c))),
        Case::new("small_pages_name_the_same", |c| Box::pin(paging(c))),
        Case::new("a_page_token_can_be_asked_again", |c| Box::pin(page_again(c))),
        Case::new("a_later_round_names_later_changes", |c| Box::pin(later_changes(c))),
        Case::new("a_cursor_can_be_asked_again", |c| Box::pin(cursor_again(c))),
        Case::new("a_round_after_which_nothing_happens_falls_silent", |c| Box::pin(silence(c))),
        Case::new("a_damaged_or_foreign_cursor_is_expired", |c| Box::pin(bad_cursors(c))),
        Case::new("fetch_answers_in_order", |c| Box::pin(fetch_order(c))),
        Case::new("nothing_asked_is_nothing_answered", |c| Box::pin(nothing_asked(c))),
        Case::new("reading_changes_nothing", |c| Box::pin(reading_is_idle(c))),
        Case::new("items_are_found_by_mark_and_uid", |c| Box::pin(finding(c))),
        Case::new("a_users_edit_is_a_change", |c| Box::pin(users_edit(c))),
        Case::new("a_users_deletion_is_a_change", |c| Box::pin(users_deletion(c))),
        Case::new("an_unreadable_item_is_there", |c| Box::pin(unreadable(c))),
    ]
}

/// So many fresh items.
pub(super) async fn some<R: Kept>(c: &Context<'_, R>, count: u64) -> Got<Vec<Stored<R>>> {
    c.writes()?;
    let mut items = Vec::new();
    for n in 0..count {
        items.push(c.create(&R::least(n)).await?);
    }
    Ok(items)
}

fn ids<R>(items: &[Stored<R>]) -> BTreeSet<ItemId> {
    items.iter().map(|stored| stored.id.clone()).collect()
}

async fn collections<R: Kept>(c: &Context<'_, R>) -> Verdict {
    let (first, second) = (c.items.collections().await?, c.items.collections().await?);
    ensure!(first == second, "two calls list different collections");
    let unique: BTreeSet<_> = first.iter().map(|k| &k.id).collect();
    ensure!(unique.len() == first.len(), "a collection is listed twice");
    ensure!(first.iter().all(|k| !k.id.as_str().is_empty()), "a collection has no id");
    Ok(())
}

async fn missing_collection<R: Kept>(c: &Context<'_, R>) -> Verdict {
    let nowhere = Context::<R>::nowhere();
    let gone = |what: &str, kind: Option<ErrorKind>| {
        ensure!(kind == Some(ErrorKind::CollectionGone), "{what} says {kind:?}");
        Ok(())
    };
    let lacking = |what: &str, error: Option<&pimkit_core::Error>| match error {
        Some(error) if says_missing(error) => Ok(()),
        other => gone(what, other.map(pimkit_core::Error::kind)),
    };
    let changes = c.items.changes(&nowhere, Position::Start, &ChangeOptions::default()).await;
    gone("changes", changes.err().map(|e| e.kind()))?;
    for answer in c.items.fetch(&nowhere, &["x".into(), "y".into()]).await {
        match answer {
            Fetched::Failed(error) => gone("fetch", Some(error.kind()))?,
            other => return fail(format!("fetch says {}", said(&other))),
        }
    }
    let keys = [Key::Mark("x".into()), Key::Uid("y".into())];
    let answers = c.items.find(&nowhere, &keys).await;
    ensure!(answers.len() == keys.len(), "{} keys have {} answers", keys.len(), answers.len());
    for answer in answers {
        lacking("find", answer.err().as_ref())?;
    }
    gone("fields", c.items.fields(&nowhere).await.err().map(|e| e.kind()))?;
    lacking("ensure_field", c.items.ensure_field(&nowhere, "Region").await.err().as_ref())?;
    let writes = vec![
        Write::Create { mark: c.mark(), record: R::least(1) },
        Write::Delete { id: "x".into(), revision: "1".into(), mode: Delete::Permanent },
    ];
    for outcome in c.items.write(&nowhere, writes, &WriteOptions::default()).await {
        match &outcome {
            Outcome::Refused(error) if !c.can().write => lacking("write", Some(error))?,
            Outcome::Refused(error) => gone("write", Some(error.kind()))?,
            other => return fail(format!("write says {}", words(other))),
        }
    }
    if let Some(folders) = c.items.folders() {
        for outcome in
            [folders.rename(&nowhere, "New", &WriteOptions::default()).await, folders.delete(&nowhere, &WriteOptions::default()).await]
        {
            match outcome {
                Outcome::Refused(error) => lacking("folders", Some(&error))?,
                other => return fail(format!("folders say {}", words(&other))),
            }
        }
    }
    if let Some(categories) = c.items.categories() {
        // A provider with one list per mailbox answers the same for every collection.
        if categories.list(&nowhere).await.is_err() {
            lacking("categories", categories.ensure(&nowhere, "Red").await.err().as_ref())?;
            lacking("categories", categories.remove(&nowhere, &CategoryId::from("x")).await.err().as_ref())?;
        }
    }
    if let Some(blobs) = c.items.blobs() {
        gone("blobs", blobs.open(&nowhere, &"x".into(), &BlobId::from("y")).await.err().map(|e| e.kind()))?;
    }
    Ok(())
}

async fn empty_round<R: Kept>(c: &Context<'_, R>) -> Verdict {
    let there = c.there().await?;
    ensure!(there.is_empty(), "a fresh account has {} items", there.len());
    Ok(())
}

async fn first_round<R: Kept>(c: &Context<'_, R>) -> Verdict {
    let items = some(c, 5).await?;
    let there = c.there().await?;
    ensure!(there == ids(&items), "5 items were made, {} are listed", there.len());
    let (lines, _, _) = c.round(Position::Start, &ChangeOptions::default()).await?;
    for line in &lines {
        let Some(item) = items.iter().find(|stored| stored.id == *line.id()) else { continue };
        match line {
            Change::Upserted(stored) => {
                ensure!(stored.collection == c.home.id, "an item is listed in a collection where it is not");
                ensure!(stored.revision != item.revision || stored.mark == item.mark, "fetch and listing name two marks");
            }
            Change::Listed { revision: Some(revision), .. } => ensure!(!revision.as_str().is_empty(), "a revision is empty"),
            _ => {}
        }
    }
    Ok(())
}

async fn paging<R: Kept>(c: &Context<'_, R>) -> Verdict {
    let items = some(c, 7).await?;
    c.there().await?;
    for size in 1..=3 {
        let (lines, _, complete) = c.round(Position::Start, &ChangeOptions::default().page_size(size)).await?;
        ensure!(complete && present(&lines) == ids(&items), "pages of {size} name {} of 7 items", present(&lines).len());
    }
    Ok(())
}

async fn page_again<R: Kept>(c: &Context<'_, R>) -> Verdict {
    some(c, 6).await?;
    c.there().await?;
    let options = ChangeOptions::default().page_size(2);
    let first = c.items.changes(c.id(), Position::Start, &options).await?;
    let Next::More(token) = first.next else { return skip("six items come on one page of two") };
    let mut pages = Vec::new();
    for _ in 0..2 {
        let page = c.items.changes(c.id(), Position::Page(&token), &options).await?;
        pages.push(page.changes.iter().map(|l| l.id().clone()).collect::<BTreeSet<_>>());
    }
    let (Some(first), Some(second)) = (pages.first(), pages.last()) else { return fail("no pages") };
    ensure!(second.is_superset(first), "a page that is asked again names less");
    Ok(())
}

async fn later_changes<R: Kept>(c: &Context<'_, R>) -> Verdict {
    let Some(name) = c.name_field() else { return skip("the side holds no text to edit") };
    let items = some(c, 4).await?;
    c.there().await?;
    let (_, cursor, _) = c.round(Position::Start, &ChangeOptions::default()).await?;
    let [kept, edited, deleted, ..] = items.as_slice() else { return fail("four items were made") };
    let target = Context::with_text(&edited.record, name, "Edited")?;
    let edited = c.update(edited, &target).await?;
    let gone = Write::Delete { id: deleted.id.clone(), revision: deleted.revision.clone(), mode: Delete::Permanent };
    let outcome = c.write(gone).await?;
    ensure!(matches!(outcome, Outcome::Written { .. }), "a deletion is {}", words(&outcome));
    let made = c.create(&R::least(9)).await?;
    let (lines, _, complete) = c.rounds_since(&cursor).await?;
    let there = present(&lines);
    ensure!(there.contains(&edited.id), "the edited item is not named");
    ensure!(there.contains(&made.id), "the new item is not named");
    ensure!(!there.contains(&deleted.id), "the deleted item is named as there");
    let said = lines.iter().any(|l| matches!(l, Change::Removed { id, .. } if *id == deleted.id));
    ensure!(said || complete, "the deletion is neither named nor shown by a complete round");
    ensure!(!complete || there.contains(&kept.id), "a complete round does not name an untouched item");
    ensure!(!lines.iter().any(|l| matches!(l, Change::Removed { id, .. } if *id == kept.id)), "an untouched item is removed");
    Ok(())
}

async fn cursor_again<R: Kept>(c: &Context<'_, R>) -> Verdict {
    c.there().await?;
    let (_, cursor, _) = c.round(Position::Start, &ChangeOptions::default()).await?;
    let items = some(c, 2).await?;
    let (first, _, _) = c.rounds_since(&cursor).await?;
    let (second, _, _) = c.rounds_since(&cursor).await?;
    ensure!(present(&first).is_superset(&ids(&items)), "a round does not name what was made since its cursor");
    ensure!(present(&second).is_superset(&present(&first)), "a cursor that is asked again names less");
    Ok(())
}

async fn silence<R: Kept>(c: &Context<'_, R>) -> Verdict {
    if !c.can().incremental {
        return skip("every round names everything");
    }
    some(c, 3).await?;
    let (_, mut cursor, _) = c.round(Position::Start, &ChangeOptions::default()).await?;
    let mut last = Vec::new();
    for _ in 0..5 {
        c.stage.settle().await;
        let (lines, next, complete) = c.round(Position::Since(&cursor), &ChangeOptions::default()).await?;
        ensure!(!complete, "a round that names only changes says that it is complete");
        (last, cursor) = (lines, next);
    }
    ensure!(last.is_empty(), "the fifth idle round still names {} changes", last.len());
    Ok(())
}

async fn bad_cursors<R: Kept>(c: &Context<'_, R>) -> Verdict {
    let foreign = cursor::encode("somebody-else/1", 0, &1)?;
    let (_, own, _) = c.round(Position::Start, &ChangeOptions::default()).await?;
    let mut damaged = own.to_string();
    damaged.truncate(damaged.len() / 2);
    for text in ["", "garbage", "ä\u{0}", foreign.as_str(), damaged.as_str()] {
        let (at, page) = (Cursor::from(text), PageToken::from(text));
        for position in [Position::Since(&at), Position::Page(&page)] {
            match c.items.changes(c.id(), position, &ChangeOptions::default()).await {
                Err(error) if error.kind() == ErrorKind::CursorExpired => {}
                Err(error) => return fail(format!("a damaged token is {}", error.kind().word())),
                Ok(_) => return fail("a damaged token is taken"),
            }
        }
    }
    // A cursor of one collection is not one of another.
    let Ok(second) = c.second().await else { return Ok(()) };
    match c.items.changes(&second, Position::Since(&own), &ChangeOptions::default()).await {
        Err(error) if error.kind() == ErrorKind::CursorExpired => Ok(()),
        Err(error) => fail(format!("a cursor of another collection is {}", error.kind().word())),
        Ok(_) => fail("a cursor of another collection is taken"),
    }
}

async fn fetch_order<R: Kept>(c: &Context<'_, R>) -> Verdict {
    let items = some(c, 2).await?;
    let [a, b] = items.as_slice() else { return fail("two items were made") };
    let asked = [b.id.clone(), "no-such-item".into(), a.id.clone(), b.id.clone()];
    let answers = c.items.fetch(c.id(), &asked).await;
    ensure!(answers.len() == asked.len(), "{} ids have {} answers", asked.len(), answers.len());
    for (id, answer) in asked.iter().zip(&answers) {
        match answer {
            Fetched::Found(stored) => ensure!(stored.id == *id, "the answers are out of order"),
            Fetched::Gone => ensure!(id.as_str() == "no-such-item", "an item that is there is gone"),
            other => return fail(said(other)),
        }
    }
    Ok(())
}

async fn nothing_asked<R: Kept>(c: &Context<'_, R>) -> Verdict {
    ensure!(c.items.fetch(c.id(), &[]).await.is_empty(), "no ids have an answer");
    ensure!(c.items.find(c.id(), &[]).await.is_empty(), "no keys have an answer");
    ensure!(c.items.write(c.id(), Vec::new(), &WriteOptions::default()).await.is_empty(), "no writes have an outcome");
    Ok(())
}

async fn reading_is_idle<R: Kept>(c: &Context<'_, R>) -> Verdict {
    let items = some(c, 3).await?;
    // What a provider rewrites of its own accord it has done by then.
    for _ in 0..3 {
        c.there().await?;
    }
    let mut before = Vec::new();
    for stored in &items {
        before.push(c.read(&stored.id).await?.revision);
    }
    c.there().await?;
    c.items.fields(c.id()).await?;
    for (stored, revision) in items.iter().zip(before) {
        let after = c.read(&stored.id).await?;
        ensure!(after.revision == revision, "an item has another revision after it was only read");
    }
    Ok(())
}

async fn finding<R: Kept>(c: &Context<'_, R>) -> Verdict {
    c.writes()?;
    let mark = c.mark();
    let record = c.fit(&R::least(1))?;
    let uid = record.uid().map(str::to_owned);
    let made = c.write(Write::Create { mark: mark.clone(), record }).await?;
    let made = c.stored(made).await?;
    c.create(&R::least(2)).await?;
    c.stage.settle().await;
    let keys =
        [Key::Mark(mark), Key::Uid(uid.clone().unwrap_or_default()), Key::Mark("no-such-mark".into()), Key::Uid("no-such-uid".into())];
    let answers = c.items.find(c.id(), &keys).await;
    ensure!(answers.len() == keys.len(), "{} keys have {} answers", keys.len(), answers.len());
    let findable = matches!(c.can().create, Create::Findable { .. });
    let mut asked = 0;
    for (n, answer) in answers.into_iter().enumerate() {
        match answer {
            Err(error) if says_missing(&error) => {
                let promised = findable && matches!(keys.get(n), Some(Key::Mark(_)));
                ensure!(!promised, "a create is declared findable, and its mark cannot be searched for: {error}");
            }
            Err(error) => return Err(error.into()),
            Ok(_) if !c.can().find => return fail("finding is declared missing, and answers"),
            Ok(_) if n == 1 && uid.is_none() => {}
            Ok(found) => {
                asked += 1;
                let found: Vec<_> = found.into_iter().map(|stored| stored.id).collect();
                let right: &[ItemId] = if n < 2 { std::slice::from_ref(&made.id) } else { &[] };
                ensure!(found == right, "key {n} finds {} items, {} carry it", found.len(), right.len());
            }
        }
    }
    ensure!(asked > 0 || !c.can().find, "finding is declared, and no key can be searched for");
    Ok(())
}

async fn users_edit<R: Kept>(c: &Context<'_, R>) -> Verdict {
    let Some(door) = <R as Keep>::door(c.stage) else { return skip("the harness has no back door") };
    let Some(name) = c.name_field() else { return skip("the side holds no text to edit") };
    let items = some(c, 2).await?;
    c.there().await?;
    let (_, cursor, _) = c.round(Position::Start, &ChangeOptions::default()).await?;
    let [edited, ..] = items.as_slice() else { return fail("two items were made") };
    let edited = c.read(&edited.id).await?;
    let target = Context::with_text(&edited.record, name, "By hand")?;
    if !door.edit(&edited, &target).await {
        return skip("the back door cannot edit");
    }
    let (lines, _, _) = c.rounds_since(&cursor).await?;
    ensure!(present(&lines).contains(&edited.id), "the edited item is not named");
    let now = c.read(&edited.id).await?;
    ensure!(now.revision != edited.revision, "the edit keeps its revision");
    ensure!(c.differing(&target, &now.record)?.is_empty(), "the edit is not read");
    Ok(())
}

async fn users_deletion<R: Kept>(c: &Context<'_, R>) -> Verdict {
    let Some(door) = <R as Keep>::door(c.stage) else { return skip("the harness has no back door") };
    let items = some(c, 2).await?;
    c.there().await?;
    let (_, cursor, _) = c.round(Position::Start, &ChangeOptions::default()).await?;
    let [deleted, kept, ..] = items.as_slice() else { return fail("two items were made") };
    if !door.delete(deleted).await {
        return skip("the back door cannot delete");
    }
    let (lines, _, complete) = c.rounds_since(&cursor).await?;
    let named = lines.iter().any(|l| matches!(l, Change::Removed { id, .. } if *id == deleted.id));
    ensure!(named || (complete && !present(&lines).contains(&deleted.id)), "the deletion is not named");
    let answers = (c.fetch(&deleted.id).await?, c.fetch(&kept.id).await?);
    ensure!(matches!(answers.0, Fetched::Gone), "the deleted item is {}", said(&answers.0));
    ensure!(matches!(answers.1, Fetched::Found(_)), "the other item is {}", said(&answers.1));
    Ok(())
}

async fn unreadable<R: Kept>(c: &Context<'_, R>) -> Verdict {
    let Some(door) = <R as Keep>::door(c.stage) else { return skip("the harness has no back door") };
    let items = some(c, 3).await?;
    c.there().await?;
    let (_, cursor, _) = c.round(Position::Start, &ChangeOptions::default()).await?;
    let [damaged, kept, ..] = items.as_slice() else { return fail("three items were made") };
    if !door.damage(damaged).await {
        return skip("the back door cannot damage");
    }
    let there = c.there().await?;
    ensure!(there.contains(&damaged.id), "a damaged item is listed as absent");
    ensure!(there.contains(&kept.id), "an item beside a damaged one is not listed");
    let (lines, _, _) = c.rounds_since(&cursor).await?;
    ensure!(!lines.iter().any(|l| matches!(l, Change::Removed { id, .. } if *id == damaged.id)), "a damaged item is removed");
    let answer = c.fetch(&damaged.id).await?;
    ensure!(matches!(answer, Fetched::Unreadable { .. }), "a damaged item is {}", said(&answer));
    c.read(&kept.id).await?;
    Ok(())
}
