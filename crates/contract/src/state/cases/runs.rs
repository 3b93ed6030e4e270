//! Runs: their steps, intents, reports, and how far they came.

use super::{Verdict, all_of, case, open};
use crate::state::{
    Case, Place, rows,
    verdict::{check, same},
};
use pimkit_core::{IntentRow, Kind, RunRow, StateChange, StepRow, SyncId};

pub(super) const CASES: &[Case] = &[
    case!(intents_come_oldest_first_and_keep_their_place),
    case!(a_settled_intent_is_forgotten),
    case!(steps_come_in_order_over_many_pages),
    case!(a_step_is_marked_and_keeps_the_rest),
    case!(forgetting_the_steps_of_a_run_leaves_those_of_others),
    case!(runs_come_newest_first),
    case!(progress_is_kept_per_sync_and_stream),
];

async fn intents_come_oldest_first_and_keep_their_place(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    // Ids and steps fall while time rises, and 40 share a moment: neither ids nor steps give the order.
    let row = |n: u32| IntentRow { step: u64::from(5000 - n), ..rows::intent(&format!("i{:05}", 9999 - n), "s", n / 40) };
    let wanted: Vec<IntentRow> = (0..1230).map(row).collect();
    for chunk in wanted.chunks(500) {
        store.commit(chunk.iter().cloned().map(|row| StateChange::Intent(Box::new(row))).collect()).await?;
    }
    store.commit(vec![StateChange::Intent(Box::new(rows::intent("of another sync", "t", 0)))]).await?;
    let found = all_of(store.state.intents(&"s".into()), wanted.len()).await?;
    check!(found == wanted, "{} intents expected, oldest first; {} came", wanted.len(), found.len());
    // Written again with what is known by then, an intent is as old as it was.
    let Some(again) = wanted.first().map(|first| IntentRow { item: Some("made".into()), before: None, ..first.clone() }) else {
        return Ok(());
    };
    store.commit(vec![StateChange::Intent(Box::new(again.clone()))]).await?;
    let found = all_of(store.state.intents(&"s".into()), wanted.len()).await?;
    same!(found.first(), Some(&again), "the oldest intent after it was written again");
    same!(found.len(), wanted.len(), "how many intents there are after one was written again");
    Ok(())
}

async fn a_settled_intent_is_forgotten(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    let put = |id: &str| StateChange::Intent(Box::new(rows::intent(id, "s", 1)));
    store.commit(["a", "b", "", "c"].map(put).into()).await?;
    store.commit(vec![StateChange::Settled("b".into()), StateChange::Settled("never".into()), StateChange::Settled("".into())]).await?;
    let ids: Vec<String> = all_of(store.state.intents(&"s".into()), 2).await?.into_iter().map(|row| row.id).collect();
    same!(ids, ["a", "c"], "the open intents");
    Ok(())
}

fn body(n: u64) -> StepRow {
    StepRow { body: serde_json::json!({ "n": n }).into(), ..rows::step(3, n, "s") }
}

async fn steps_come_in_order_over_many_pages(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    // Written backwards, with gaps, from the first number to a great one.
    let mut wanted: Vec<StepRow> = (0..1700).map(|n| body(n * 3)).collect();
    wanted.push(body(u64::from(u32::MAX) + 7));
    let changes = wanted.iter().rev().cloned().map(|row| StateChange::Step(Box::new(row)));
    store.commit(changes.collect()).await?;
    store.commit([2, 4, 30].map(|run| StateChange::Step(Box::new(rows::step(run, 1, "s")))).into()).await?;
    let found = all_of(store.state.steps(3), wanted.len()).await?;
    check!(found == wanted, "{} steps expected in order, {} came", wanted.len(), found.len());
    same!(all_of(store.state.steps(99), 0).await?, [], "the steps of a run that there was not");
    Ok(())
}

async fn a_step_is_marked_and_keeps_the_rest(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    store.commit((0..3).map(|n| StateChange::Step(Box::new(body(n)))).collect()).await?;
    let done = |run, step, done: &str| StateChange::StepDone { run, step, done: done.into() };
    store.commit(vec![done(3, 1, "held"), done(3, 1, "applied"), done(3, 9, "applied"), done(4, 0, "applied"), done(3, 2, "")]).await?;
    let marked = |n, done: &str| StepRow { done: Some(done.to_owned()), ..body(n) };
    same!(all_of(store.state.steps(3), 3).await?, [body(0), marked(1, "applied"), marked(2, "")], "the steps after two were marked");
    store.commit(vec![StateChange::Step(Box::new(body(1)))]).await?;
    same!(all_of(store.state.steps(3), 3).await?, [body(0), body(1), marked(2, "")], "the steps after one was planned anew");
    Ok(())
}

async fn forgetting_the_steps_of_a_run_leaves_those_of_others(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    let steps = |run| (0..4).map(move |n| StateChange::Step(Box::new(rows::step(run, n, "s"))));
    store.commit((1..=3).flat_map(steps).collect()).await?;
    store.commit(vec![StateChange::DropSteps(2)]).await?;
    for (run, there) in [(1, 4), (2, 0), (3, 4)] {
        same!(all_of(store.state.steps(run), 4).await?.len(), there, "the steps of run {run}");
    }
    Ok(())
}

async fn runs_come_newest_first(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    let row = |n: u64| RunRow { report: serde_json::json!(n).into(), ..rows::run(n, if n.is_multiple_of(3) { "t" } else { "s" }) };
    let wanted: Vec<RunRow> = (1..=1300).rev().map(row).collect();
    let halves = [wanted.iter().step_by(2).cloned().collect::<Vec<_>>(), wanted.iter().skip(1).step_by(2).cloned().collect()];
    for half in halves {
        store.commit(half.into_iter().map(StateChange::Run).collect()).await?;
    }
    same!(store.state.last_run().await?, 1300, "the greatest run number");
    let found = all_of(store.state.runs(None), wanted.len()).await?;
    check!(found == wanted, "{} runs expected, newest first; {} came", wanted.len(), found.len());
    for sync in ["s", "t", "u"].map(SyncId::from) {
        let expected: Vec<RunRow> = wanted.iter().filter(|run| run.sync == sync).cloned().collect();
        let found = all_of(store.state.runs(Some(&sync)), expected.len()).await?;
        check!(found == expected, "{} runs of {sync} expected, newest first; {} came", expected.len(), found.len());
    }
    Ok(())
}

async fn progress_is_kept_per_sync_and_stream(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    let mut all = Vec::new();
    for sync in ["s", "t", ""] {
        for account in ["far", "hub"] {
            for kind in [Kind::Contact, Kind::Event] {
                for (collection, options) in [("a", 0), ("a", u64::MAX), ("b", 0)] {
                    let mut row = rows::progress(sync, rows::stream_key(account, kind, collection, options));
                    row.run = all.len() as u64;
                    all.push(row);
                }
            }
        }
    }
    store.commit(all.iter().cloned().map(StateChange::Progress).collect()).await?;
    for row in &all {
        same!(store.state.progress(&row.sync, &row.stream).await?, Some(row.clone()), "the progress of {:?}", row.sync);
    }
    let other = rows::stream_key("far", Kind::Contact, "a", 1);
    same!(store.state.progress(&"s".into(), &other).await?, None, "the progress of a stream that was never read");
    Ok(())
}
