//! The journal has every value that was written and every one that was not, says why, and is kept as long as it must be.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use futures::{TryStreamExt, executor::block_on};
use pimkit_contract::{WorstOptions, samples};
use pimkit_core::{Contact, EmailAddress, ItemId, JournalRow, LinkQuery, Side, State};
use pimkit_sync::{Told, Verdict, why};
use serde_json::json;
use std::{sync::Arc, time::Duration};
use world::{World, named};

fn told(world: &World, item: &ItemId, field: &str) -> Vec<Told> {
    let state: Arc<dyn State> = Arc::new(world.state.clone());
    block_on(why(&state, item, &field.into()).try_collect()).unwrap()
}

fn rows(world: &World, action: &str) -> Vec<JournalRow> {
    world.journal().into_iter().filter(|row| row.action == action).collect()
}

#[test]
fn why_tells_every_value_that_a_field_had_on_both_sides_by_either_id() {
    let world = World::kind();
    let policy = &[("deletes", "delete"), ("conflicts", "newest")];
    let hub = world.hub_hand::<Contact>().put(&World::home::<Contact>(), named("Ada"));
    world.hub_hand::<Contact>().put(&World::home::<Contact>(), named("Grace"));
    world.run::<Contact>(policy);
    let is_ada = |s: &pimkit_core::Stored<Contact>| s.record.name.full.as_deref() == Some("Ada");
    let far = world.far_hand::<Contact>().items().into_iter().find(|(_, s)| is_ada(s)).unwrap().0;
    world.far_hand::<Contact>().edit(&far, |c| c.name.full = Some("Ada L.".into()));
    world.run::<Contact>(policy);
    world.hub_hand::<Contact>().edit(&hub, |c| c.name.full = Some("Old".into()));
    world.clock.advance(Duration::from_secs(9));
    world.far_hand::<Contact>().edit(&far, |c| c.name.full = Some("New".into()));
    world.run::<Contact>(policy);
    world.far_hand::<Contact>().delete(&far);
    world.run::<Contact>(policy);
    for id in [&hub, &far] {
        let told = told(&world, id, "name.full");
        let said: Vec<_> = told.iter().map(|t| (t.run, t.side, t.action.as_str(), t.from.clone(), t.to.clone())).collect();
        let some = |text: &str| Some(json!(text));
        assert_eq!(
            said,
            [
                (1, Side::Right, "created", None, some("Ada")),
                (2, Side::Left, "updated", some("Ada"), some("Ada L.")),
                (3, Side::Left, "updated", some("Old"), some("New")),
                (3, Side::Left, "lost", some("Ada L."), some("Old")),
                (4, Side::Left, "deleted", some("New"), None),
            ]
        );
        assert_eq!((told[1].origin, told[2].policy.as_deref()), (Some(Side::Right), Some("conflicts = newest")));
        assert_eq!((told[1].why.as_str(), told[4].why.as_str()), ("changed on the right", "deleted on the right"));
        assert!(told.windows(2).all(|two| two[0].at <= two[1].at));
    }
    assert_eq!(told(&world, &hub, "notes"), []);
}

#[test]
fn a_value_that_the_far_side_cuts_is_in_the_journal_with_what_was_sent_and_what_came() {
    let world = World::with(WorstOptions::kind().with(|o| {
        o.cut_at.insert("notes".into(), 8);
    }));
    let mut ada = named("Ada");
    ada.notes = vec!["longer than it holds".into()];
    ada.emails = (0..2).map(|n| EmailAddress { address: format!("{n}@x.example"), ..EmailAddress::default() }).collect();
    world.hub_hand::<Contact>().put(&World::home::<Contact>(), ada);
    world.run::<Contact>(&[]);
    let cut = rows(&world, "cut");
    assert_eq!(cut.len(), 1, "{cut:?}");
    let change = &cut[0].changes[0];
    assert_eq!((change.field.as_str(), cut[0].side), ("notes", Some(Side::Right)));
    assert_eq!((change.from.clone(), change.to.clone()), (Some(json!(["longer than it holds"])), Some(json!(["longer t"]))));
    assert_eq!(cut[0].changes.len(), 1, "only what was cut");
}

#[test]
fn what_leaves_the_scope_is_told_once() {
    let world = World::kind();
    world.hub_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(1));
    world.run::<Contact>(&[]);
    let far = world.far_hand::<Contact>().items().into_keys().next().unwrap();
    world.far_hand::<Contact>().hide(&far, true);
    world.run::<Contact>(&[]);
    world.run::<Contact>(&[]);
    let out = rows(&world, "out_of_scope");
    assert_eq!(out.len(), 1, "{out:?}");
    assert!(out[0].why.contains("hidden") && out[0].item.as_ref() == Some(&far));
}

#[test]
fn old_rows_go_but_not_what_an_open_conflict_or_an_unreleased_undo_needs() {
    let world = World::kind();
    let policy = |days: Option<u32>| {
        let mut policy = pimkit_sync::Policy::default();
        policy.set("conflicts", "ask").unwrap();
        policy.retention_days = days;
        policy
    };
    let pair = |days| {
        let builder = world.builder::<Contact>("contacts", &[]).policy(policy(days)).left_collections(vec!["contacts".into()]);
        builder.build().unwrap()
    };
    let run = |days| {
        world.clock.advance(Duration::from_secs(60));
        block_on(pair(days).run()).unwrap()
    };
    let hubs: Vec<ItemId> = (0..4).map(|n| world.hub_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(n))).collect();
    run(None);
    let links: Vec<_> = block_on(world.state.links(LinkQuery::of(&"contacts".into())).try_collect()).unwrap();
    let far = |hub: &ItemId| links.iter().find(|l| l.hub_item.as_ref() == Some(hub)).unwrap().item.clone().unwrap();
    // One pair is in conflict, one was changed, and that is undone; two only agree.
    world.hub_hand::<Contact>().edit(&hubs[0], |c| c.name.full = Some("Hub".into()));
    world.far_hand::<Contact>().edit(&far(&hubs[0]), |c| c.name.full = Some("Far".into()));
    world.far_hand::<Contact>().edit(&far(&hubs[1]), |c| c.nicknames = vec!["Nick".into()]);
    let report = run(None);
    assert_eq!((report.sync.held, report.sync.updated.left), (1, 1), "{report:?}");
    let plan = block_on(pair(None).undo(report.run)).unwrap();
    assert_eq!(block_on(pair(None).apply(plan)).unwrap().sync.verdict(), Verdict::Done);
    let all = world.journal().len();
    assert_eq!(run(Some(30)).sync.writes(), 0);
    assert_eq!(world.journal().len(), all, "nothing is that old");
    world.clock.advance(Duration::from_secs(31 * 86_400));
    run(Some(30));
    let left = world.journal();
    assert!(left.len() < all, "{all}");
    let of = |hub: &ItemId| left.iter().filter(|row| row.hub_item.as_ref() == Some(hub)).map(|row| row.action.clone()).collect::<Vec<_>>();
    assert_eq!(of(&hubs[0]), ["held"], "the conflict is still to be decided");
    assert_eq!(of(&hubs[1]), ["created", "updated", "updated"], "the undo is still to be released");
    assert_eq!((of(&hubs[2]).len(), of(&hubs[3]).len()), (0, 0));
    let waiting: Vec<_> = block_on(pair(None).conflicts().try_collect()).unwrap();
    assert_eq!(waiting[0].fields.len(), 1, "both values are still shown");
}
