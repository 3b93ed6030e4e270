//! Cases for writes and their outcomes.

use super::{
    Case,
    context::{Context, SampleBytes, Verdict, ensure, fail, no_revision, said, says_missing, skip, words},
    reading::some,
};
use crate::{samples, world::Kept};
use futures::task::noop_waker;
use pimkit_core::{
    Create, Delete, ErrorKind, Fetched, Fields, Kind, Layered, Notify, Outcome, ReadOnly, Record, Stored, Write, WriteOptions,
};
use std::{
    collections::BTreeSet,
    pin::pin,
    sync::Arc,
    task::{self, Poll},
};

pub(super) fn cases<R: Kept>() -> Vec<Case<R>> {
    vec![
        Case::new("a_side_that_is_only_read_refuses_writes", |c| Box::pin(only_read(c))),
        Case::new("a_record_with_every_field_comes_back", |c| Box::pin(whole_record(c))),
        Case::new("an_update_writes_only_what_differs", |c| Box::pin(only_differences(c))),
        Case::new("an_update_without_a_difference_changes_nothing", |c| Box::pin(no_difference(c))),
        Case::new("an_update_of_a_superseded_version_is_a_conflict", |c| Box::pin(stale_update(c))),
        Case::new("a_deletion_of_a_superseded_version_is_a_conflict", |c| Box::pin(stale_delete(c))),
        Case::new("an_update_of_a_deleted_item_makes_no_new_one", |c| Box::pin(update_deleted(c))),
        Case::new("a_deleted_item_is_gone", |c| Box::pin(deletion(c))),
        Case::new("a_second_deletion_is_a_conflict", |c| Box::pin(delete_twice(c))),
        Case::new("trash_is_there_or_refused", |c| Box::pin(trash(c))),
        Case::new("a_move_keeps_the_item_or_is_refused", |c| Box::pin(moving(c))),
        Case::new("a_move_to_nowhere_is_refused", |c| Box::pin(move_to_nowhere(c))),
        Case::new("a_repeated_create_makes_one_item", |c| Box::pin(create_twice(c))),
        Case::new("a_mark_of_a_deleted_item_makes_an_item_or_is_a_conflict", |c| Box::pin(mark_of_deleted(c))),
        Case::new("a_mark_stays_on_its_item", |c| Box::pin(marks(c))),
        Case::new("one_bad_write_does_not_stop_the_others", |c| Box::pin(one_bad(c))),
        Case::new("outcomes_come_in_order", |c| Box::pin(in_order(c))),
        Case::new("nobody_is_mailed_unless_wanted", |c| Box::pin(silence(c))),
        Case::new("a_read_only_layer_refuses_every_write", |c| Box::pin(layer(c))),
        Case::new("a_write_may_be_dropped_at_any_await", |c| Box::pin(dropped(c))),
    ]
}

async fn only_read<R: Kept>(c: &Context<'_, R>) -> Verdict {
    if c.can().write {
        return skip("the collection is written");
    }
    let writes = vec![
        Write::Create { mark: c.mark(), record: R::least(1) },
        Write::Delete { id: "x".into(), revision: no_revision(), mode: Delete::Permanent },
    ];
    let outcomes = c.items.write(c.id(), writes, &WriteOptions::default()).await;
    ensure!(outcomes.len() == 2, "2 writes have {} outcomes", outcomes.len());
    for outcome in &outcomes {
        ensure!(matches!(outcome, Outcome::Refused(error) if says_missing(error)), "a write is {}", words(outcome));
    }
    ensure!(!c.fields.iter().any(|f| f.write), "a field can be written where nothing can be");
    Ok(())
}

async fn whole_record<R: Kept>(c: &Context<'_, R>) -> Verdict {
    c.writes()?;
    for n in [1, 2, 5] {
        let sent = c.fit(&super::fields::full::<R>(c, n))?;
        let made = c.create(&sent).await?;
        let differing = c.differing(&sent, &made.record)?;
        ensure!(differing.is_empty(), "sample {n} came back with other {}", list(&differing));
    }
    Ok(())
}

fn list(fields: &[pimkit_core::Field]) -> String {
    fields.iter().map(pimkit_core::Field::as_str).collect::<Vec<_>>().join(", ")
}

async fn only_differences<R: Kept>(c: &Context<'_, R>) -> Verdict {
    c.writes()?;
    let Some(name) = c.name_field() else { return skip("the side holds no text to edit") };
    let made = c.create(&super::fields::full::<R>(c, 1)).await?;
    // Everything else was not read, as far as the writer knows: it must stay.
    let known: Fields = made.record.fields().into_iter().filter(|(f, _)| f.as_str() == name).collect();
    let base = R::default().with(&known)?;
    let target = Context::with_text(&base, name, "Renamed")?;
    let write =
        Write::Update { id: made.id.clone(), revision: made.revision.clone(), base: Box::new(base), target: Box::new(target), mark: None };
    let outcome = c.write(write).await?;
    let now = c.stored(outcome).await?;
    let expected = Context::with_text(&made.record, name, "Renamed")?;
    let differing = c.differing(&expected, &now.record)?;
    ensure!(differing.is_empty(), "an update of {name} changed {}", list(&differing));
    ensure!(now.record.get(name) != made.record.get(name), "the update was not stored");
    Ok(())
}

async fn no_difference<R: Kept>(c: &Context<'_, R>) -> Verdict {
    let items = some(c, 1).await?;
    let [made] = items.as_slice() else { return fail("one item was made") };
    let now = c.update(made, &made.record).await?;
    ensure!(c.differing(&made.record, &now.record)?.is_empty(), "an update without a difference changed the record");
    Ok(())
}

/// The item, edited by us, and the revision before that.
async fn edited<R: Kept>(c: &Context<'_, R>) -> Result<(Stored<R>, Stored<R>, &'static str), super::Stop> {
    let Some(name) = c.name_field() else { return skip("the side holds no text to edit") };
    if !c.can().conditional {
        return skip("the side checks no revisions");
    }
    let made = some(c, 1).await?.pop();
    let Some(made) = made else { return fail("one item was made") };
    let target = Context::with_text(&made.record, name, "First edit")?;
    let now = c.update(&made, &target).await?;
    ensure!(now.revision != made.revision, "an edit keeps its revision");
    Ok((made, now, name))
}

async fn stale_update<R: Kept>(c: &Context<'_, R>) -> Verdict {
    let (mut before, now, name) = edited(c).await?;
    before.id.clone_from(&now.id);
    let target = Context::with_text(&before.record, name, "Second edit")?;
    let outcome = c.write(Context::update_of(&before, &target)).await?;
    let Outcome::Conflict { now: told } = &outcome else { return fail(format!("a stale update is {}", words(&outcome))) };
    ensure!(told.as_ref().is_none_or(|t| t.revision == now.revision), "the conflict tells another version than the one there");
    let after = c.read(&now.id).await?;
    ensure!(after.revision == now.revision && after.record == now.record, "a refused update changed the item");
    Ok(())
}

async fn stale_delete<R: Kept>(c: &Context<'_, R>) -> Verdict {
    let (before, now, _) = edited(c).await?;
    let write = Write::Delete { id: now.id.clone(), revision: before.revision, mode: Delete::Permanent };
    let outcome = c.write(write).await?;
    ensure!(matches!(outcome, Outcome::Conflict { .. }), "a stale deletion is {}", words(&outcome));
    c.read(&now.id).await?;
    Ok(())
}

async fn delete<R: Kept>(c: &Context<'_, R>, item: &Stored<R>, mode: Delete) -> Result<Outcome<R>, super::Stop> {
    c.write(Write::Delete { id: item.id.clone(), revision: item.revision.clone(), mode }).await
}

async fn update_deleted<R: Kept>(c: &Context<'_, R>) -> Verdict {
    let Some(name) = c.name_field() else { return skip("the side holds no text to edit") };
    let items = some(c, 2).await?;
    let [gone, kept] = items.as_slice() else { return fail("two items were made") };
    delete(c, gone, Delete::Permanent).await?;
    let target = Context::with_text(&gone.record, name, "Too late")?;
    let outcome = c.write(Context::update_of(gone, &target)).await?;
    ensure!(matches!(outcome, Outcome::Conflict { now: None }), "an update of a deleted item is {}", words(&outcome));
    ensure!(c.there().await? == BTreeSet::from([kept.id.clone()]), "an update of a deleted item made one");
    Ok(())
}

async fn deletion<R: Kept>(c: &Context<'_, R>) -> Verdict {
    let items = some(c, 2).await?;
    let [gone, kept] = items.as_slice() else { return fail("two items were made") };
    let outcome = delete(c, gone, Delete::Permanent).await?;
    ensure!(matches!(&outcome, Outcome::Written { id, .. } if *id == gone.id), "a deletion is {}", words(&outcome));
    let answer = c.fetch(&gone.id).await?;
    ensure!(matches!(answer, Fetched::Gone), "a deleted item is {}", said(&answer));
    ensure!(c.there().await? == BTreeSet::from([kept.id.clone()]), "a deletion leaves other items than the others");
    Ok(())
}

async fn delete_twice<R: Kept>(c: &Context<'_, R>) -> Verdict {
    let items = some(c, 2).await?;
    let [gone, kept] = items.as_slice() else { return fail("two items were made") };
    delete(c, gone, Delete::Permanent).await?;
    let outcome = delete(c, gone, Delete::Permanent).await?;
    ensure!(matches!(outcome, Outcome::Conflict { now: None }), "a second deletion is {}", words(&outcome));
    c.read(&kept.id).await?;
    Ok(())
}

async fn trash<R: Kept>(c: &Context<'_, R>) -> Verdict {
    let items = some(c, 1).await?;
    let [item] = items.as_slice() else { return fail("one item was made") };
    let outcome = delete(c, item, Delete::Trash).await?;
    match &outcome {
        Outcome::Written { .. } if c.can().trash => {
            let answer = c.fetch(&item.id).await?;
            ensure!(matches!(answer, Fetched::Gone), "an item in the trash is {}", said(&answer));
            ensure!(c.there().await?.is_empty(), "an item in the trash is still listed");
        }
        Outcome::Refused(error) if !c.can().trash && says_missing(error) => {
            c.read(&item.id).await?;
        }
        other => return fail(format!("to the trash is {}", words(other))),
    }
    Ok(())
}

async fn moving<R: Kept>(c: &Context<'_, R>) -> Verdict {
    let items = some(c, 2).await?;
    let [item, kept] = items.as_slice() else { return fail("two items were made") };
    let second = c.second().await?;
    let write = Write::Move { id: item.id.clone(), revision: item.revision.clone(), to: second.clone() };
    let outcome = c.write(write).await?;
    match outcome {
        Outcome::Written { id, .. } if c.can().move_items => {
            let there = c.items.fetch(&second, std::slice::from_ref(&id)).await.pop();
            let Some(Fetched::Found(moved)) = there else { return fail("a moved item is not in its new place") };
            ensure!(moved.collection == second, "a moved item does not say where it is");
            ensure!(c.differing(&item.record, &moved.record)?.is_empty(), "a move changed the record");
            let answer = c.fetch(&item.id).await?;
            ensure!(matches!(answer, Fetched::Gone), "a moved item is {} in its old place", said(&answer));
            ensure!(c.there().await? == BTreeSet::from([kept.id.clone()]), "a move leaves other items than the others");
        }
        Outcome::Refused(error) if !c.can().move_items && says_missing(&error) => {
            c.read(&item.id).await?;
        }
        other => return fail(format!("a move is {}", words(&other))),
    }
    Ok(())
}

async fn move_to_nowhere<R: Kept>(c: &Context<'_, R>) -> Verdict {
    let items = some(c, 1).await?;
    let [item] = items.as_slice() else { return fail("one item was made") };
    let to = Context::<R>::nowhere();
    let outcome = c.write(Write::Move { id: item.id.clone(), revision: item.revision.clone(), to }).await?;
    let right = |kind: ErrorKind| kind == ErrorKind::CollectionGone || !c.can().move_items;
    ensure!(matches!(&outcome, Outcome::Refused(error) if right(error.kind())), "a move to nowhere is {}", words(&outcome));
    c.read(&item.id).await?;
    Ok(())
}

async fn create_twice<R: Kept>(c: &Context<'_, R>) -> Verdict {
    c.writes()?;
    if c.can().create != Create::Repeatable {
        return skip("a create is not repeatable here");
    }
    let (mark, record) = (c.mark(), c.fit(&R::least(1))?);
    let first = c.write(Write::Create { mark: mark.clone(), record: record.clone() }).await?;
    let first = c.stored(first).await?;
    let again = c.write(Write::Create { mark, record }).await?;
    match &again {
        Outcome::Written { id, .. } => ensure!(*id == first.id, "a repeated create gives another item"),
        Outcome::Conflict { now } => ensure!(now.as_ref().is_none_or(|n| n.id == first.id), "the conflict tells another item"),
        other => return fail(format!("a repeated create is {}", words(other))),
    }
    ensure!(c.there().await? == BTreeSet::from([first.id.clone()]), "a repeated create makes two items");
    let now = c.read(&first.id).await?;
    ensure!(now.revision == first.revision, "a repeated create writes the item again");
    Ok(())
}

/// An answer that a create is written, with no item behind it, would leave the writer without one for ever.
async fn mark_of_deleted<R: Kept>(c: &Context<'_, R>) -> Verdict {
    c.writes()?;
    if c.can().create != Create::Repeatable {
        return skip("a create is not repeatable here");
    }
    let modes = [Delete::Permanent].into_iter().chain(c.can().trash.then_some(Delete::Trash));
    let mut expected = BTreeSet::new();
    for mode in modes {
        let (mark, record) = (c.mark(), c.fit(&R::least(1))?);
        let create = || Write::Create { mark: mark.clone(), record: record.clone() };
        let first = c.write(create()).await?;
        let first = c.stored(first).await?;
        let outcome = delete(c, &first, mode).await?;
        ensure!(matches!(outcome, Outcome::Written { .. }), "a deletion is {}", words(&outcome));
        c.stage.settle().await;
        match c.write(create()).await? {
            Outcome::Conflict { .. } => {}
            outcome @ Outcome::Written { .. } => {
                // Reads the item: it has to be there.
                let second = c.stored(outcome).await?;
                expected.insert(second.id.clone());
                let again = c.write(create()).await?;
                let same = match &again {
                    Outcome::Written { id, .. } => *id == second.id,
                    Outcome::Conflict { .. } => true,
                    Outcome::Refused(_) | Outcome::Unknown(_) => false,
                };
                ensure!(same, "a repeat after that is {}, or another item", words(&again));
            }
            other => return fail(format!("a create with the mark of a deleted item is {}", words(&other))),
        }
        ensure!(c.there().await? == expected, "creates with the mark of a deleted item leave other items than they say");
    }
    Ok(())
}

async fn marks<R: Kept>(c: &Context<'_, R>) -> Verdict {
    c.writes()?;
    let (mark, record) = (c.mark(), c.fit(&R::least(1))?);
    let made = c.write(Write::Create { mark: mark.clone(), record }).await?;
    let made = c.stored(made).await?;
    let Some(kept) = &made.mark else {
        return skip("the side has no place for a mark");
    };
    ensure!(*kept == mark, "an item comes back with another mark");
    let Some(name) = c.name_field() else { return Ok(()) };
    let target = Context::with_text(&made.record, name, "Edited")?;
    let now = c.update(&made, &target).await?;
    ensure!(now.mark == Some(mark), "an edit loses the mark");
    Ok(())
}

async fn one_bad<R: Kept>(c: &Context<'_, R>) -> Verdict {
    c.writes()?;
    let (a, b) = (c.fit(&R::least(1))?, c.fit(&R::least(2))?);
    let bad = Write::Update {
        id: "no-such-item".into(),
        revision: no_revision(),
        base: Box::new(a.clone()),
        target: Box::new(b.clone()),
        mark: None,
    };
    let writes = vec![Write::Create { mark: c.mark(), record: a }, bad, Write::Create { mark: c.mark(), record: b }];
    let outcomes = c.items.write(c.id(), writes, &WriteOptions::default()).await;
    match outcomes.as_slice() {
        [Outcome::Written { .. }, Outcome::Conflict { now: None }, Outcome::Written { .. }] => {}
        other => return fail(other.iter().map(words).collect::<Vec<_>>().join("; ")),
    }
    ensure!(c.there().await?.len() == 2, "two good writes of three leave {} items", c.there().await?.len());
    Ok(())
}

async fn in_order<R: Kept>(c: &Context<'_, R>) -> Verdict {
    c.writes()?;
    let Some(name) = c.name_field() else { return skip("the side holds no text") };
    let mut writes = Vec::new();
    for n in 0..9 {
        let record = Context::with_text(&c.fit(&R::least(n))?, name, &format!("Number {n}"))?;
        writes.push(Write::Create { mark: c.mark(), record });
    }
    let outcomes = c.items.write(c.id(), writes, &WriteOptions::default()).await;
    ensure!(outcomes.len() == 9, "9 writes have {} outcomes", outcomes.len());
    for (n, outcome) in outcomes.into_iter().enumerate() {
        let stored = c.stored(outcome).await?;
        let sent = Context::with_text(&R::default(), name, &format!("Number {n}"))?;
        ensure!(c.differing(&sent, &stored.record)?.iter().all(|f| f.as_str() != name), "outcome {n} is of another write");
    }
    Ok(())
}

/// A meeting, as a record of whatever kind this is.
fn meeting<R: Kept>(c: &Context<'_, R>, n: u64) -> Result<Option<R>, super::Stop> {
    if R::KIND != Kind::Event || !c.holds("participants") {
        return Ok(None);
    }
    let fields = samples::meeting(n).fields();
    let record = c.fit(&R::default().with(&fields)?)?;
    Ok(record.get("participants").is_some().then_some(record))
}

async fn silence<R: Kept>(c: &Context<'_, R>) -> Verdict {
    c.writes()?;
    let Some(meeting) = meeting(c, 1)? else { return skip("no guests are held here") };
    let before = c.stage.mails();
    let quiet = SampleBytes::options();
    let loud = SampleBytes::options().notify(Notify::Attendees);
    let made = c.write_with(Write::Create { mark: c.mark(), record: meeting.clone() }, &quiet).await?;
    if c.can().can_keep_silent {
        let made = c.stored(made).await?;
        let target = Context::with_text(&made.record, "title", "Moved")?;
        let now = c.update(&made, &target).await?;
        let outcome = c.write_with(Write::Delete { id: now.id, revision: now.revision, mode: Delete::Permanent }, &quiet).await?;
        ensure!(matches!(outcome, Outcome::Written { .. }), "a quiet deletion is {}", words(&outcome));
    } else {
        let refused = |o: &Outcome<R>| matches!(o, Outcome::Refused(error) if error.kind() == ErrorKind::WouldNotify);
        ensure!(refused(&made), "a create that would mail is {}", words(&made));
        ensure!(c.there().await?.is_empty(), "a refused create is stored");
        let told = c.write_with(Write::Create { mark: c.mark(), record: meeting.clone() }, &loud).await?;
        let told = c.stored(told).await?;
        let after = c.stage.mails();
        let target = Context::with_text(&told.record, "title", "Moved")?;
        let update = c.write_with(Context::update_of(&told, &target), &quiet).await?;
        ensure!(refused(&update), "an update that would mail is {}", words(&update));
        let gone = Write::Delete { id: told.id.clone(), revision: told.revision.clone(), mode: Delete::Permanent };
        let gone = c.write_with(gone, &quiet).await?;
        ensure!(refused(&gone), "a deletion that would mail is {}", words(&gone));
        let kept = c.read(&told.id).await?;
        ensure!(kept.record == told.record, "a refused write changed the meeting");
        ensure!(c.stage.mails() == after, "a refused write mailed somebody");
    }
    if c.can().can_keep_silent {
        ensure!(c.stage.mails() == before, "a quiet write mailed somebody");
    }
    // The negative control: an outbox that stays empty whatever happens proves nothing.
    if c.ask.mails_guests() {
        let Some(quiet_count) = c.stage.mails() else { return fail("the harness says that guests are mailed, and shows no outbox") };
        // Another meeting: the first one may still be there, and many sides have a uid only once.
        let Some(another) = self::meeting(c, 2)? else { return fail("the second meeting has no guests") };
        let outcome = c.write_with(Write::Create { mark: c.mark(), record: another }, &loud).await?;
        ensure!(matches!(outcome, Outcome::Written { .. }), "a create that may mail is {}", words(&outcome));
        ensure!(c.stage.mails().is_some_and(|n| n > quiet_count), "a write that is to mail the guests does not");
    }
    Ok(())
}

async fn layer<R: Kept>(c: &Context<'_, R>) -> Verdict {
    let there = if c.can().write { some(c, 1).await? } else { Vec::new() };
    let layered = Layered::new(Arc::clone(&c.connector), ReadOnly);
    let Some(items) = R::repository(&layered) else { return fail("the layer takes the kind away") };
    let mut writes = vec![Write::Create { mark: c.mark(), record: R::least(2) }];
    writes.extend(there.iter().map(|s| Write::Delete { id: s.id.clone(), revision: s.revision.clone(), mode: Delete::Permanent }));
    let count = writes.len();
    let outcomes = items.write(c.id(), writes, &WriteOptions::default()).await;
    ensure!(outcomes.len() == count, "{count} writes have {} outcomes", outcomes.len());
    for outcome in &outcomes {
        ensure!(matches!(outcome, Outcome::Refused(error) if says_missing(error)), "a write through the layer is {}", words(outcome));
    }
    let collections = items.collections().await?;
    ensure!(collections.iter().all(|k| !k.capabilities.write), "the layer leaves a collection writable");
    ensure!(items.fields(c.id()).await?.iter().all(|f| !f.write), "the layer leaves a field writable");
    ensure!(c.there().await?.len() == there.len(), "a write went through the layer");
    Ok(())
}

async fn dropped<R: Kept>(c: &Context<'_, R>) -> Verdict {
    c.writes()?;
    let Some(name) = c.name_field() else { return skip("the side holds no text to edit") };
    let waker = noop_waker();
    for polls in 0..12_u64 {
        let item = c.create(&R::least(100 + polls)).await?;
        let target = Context::with_text(&item.record, name, &format!("Dropped {polls}"))?;
        let writes =
            vec![Write::Create { mark: c.mark(), record: c.fit(&super::fields::full::<R>(c, polls))? }, Context::update_of(&item, &target)];
        let options = c.options();
        let done = {
            let mut future = pin!(c.items.write(c.id(), writes, &options));
            let mut context = task::Context::from_waker(&waker);
            (0..polls).any(|_| matches!(future.as_mut().poll(&mut context), Poll::Ready(_)))
        };
        // What was dropped is unknown; what is there can be read, and written.
        let there = c.there().await?;
        ensure!(there.len() <= 100, "a dropped write makes {} items", there.len());
        for id in &there {
            let answer = c.fetch(id).await?;
            ensure!(matches!(answer, Fetched::Found(_)), "after {polls} polls an item is {}", said(&answer));
        }
        if done {
            return Ok(());
        }
    }
    Ok(())
}
