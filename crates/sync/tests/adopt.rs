//! Links from elsewhere are adopted: nothing is written where both say the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use futures::{TryStreamExt, executor::block_on, stream};
use pimkit_contract::{WorstOptions, samples, state::MemoryState};
use pimkit_core::{Contact, Event, ItemId, LinkQuery, LinkRow, LinkState, Side, State};
use pimkit_sync::{Adopted, Adoption};
use world::{World, named};

fn adopt(world: &World, links: Vec<Adoption>) -> Adopted {
    block_on(world.pair::<Contact>(&[]).adopt(stream::iter(links))).unwrap()
}

fn link(hub: &ItemId, far: &ItemId) -> Adoption {
    Adoption::new(hub.clone(), World::home::<Contact>(), far.clone())
}

fn count(world: &World, state: LinkState) -> u64 {
    block_on(world.state.count_links(LinkQuery { states: vec![state], ..LinkQuery::of(&"contacts".into()) })).unwrap()
}

#[test]
fn what_no_key_would_join_is_joined_and_nothing_is_written_where_both_say_the_same() {
    for options in [WorstOptions::kind(), WorstOptions::only(&["server_made_ids", "lists_only", "drops_marks", "no_find"]).unwrap()] {
        let world = World::with(options);
        let (hub, far) = (world.hub_hand::<Contact>(), world.far_hand::<Contact>());
        let home = World::home::<Contact>();
        let mut links = Vec::new();
        // All of one content: by content, any could be joined with any.
        for _ in 0..10 {
            links.push((hub.put(&home, named("Twin")), far.put(&home, named("Twin"))));
        }
        links.reverse();
        // And two that are not the same.
        let (ours, theirs) = (hub.put(&home, named("Ada")), far.put(&home, named("Augusta")));
        far.edit(&theirs, |c| c.notes = vec!["theirs".into()]);
        links.push((ours.clone(), theirs.clone()));
        let requests = world.far.requests().len();
        let adopted = adopt(&world, links.iter().map(|(h, f)| link(h, f)).collect());
        assert_eq!((adopted.made, adopted.refused, adopted.lines.len()), (11, 0, 0));
        assert_eq!(count(&world, LinkState::Pending), 11);
        let written = world.far.requests().iter().skip(requests).any(|r| r.operation == pimkit_contract::worst::Operation::Write);
        assert!(!written);
        let report = world.run::<Contact>(&[]);
        assert_eq!((report.sync.linked, report.sync.created.total()), (11, 0), "{report:?}");
        assert_eq!(report.sync.updated.total(), 2, "the one that differs, on both sides: {report:?}");
        assert_eq!(hub.item(&ours).unwrap().record.notes, ["theirs"]);
        for (h, f) in &links {
            let found = block_on(world.state.links_of_hub(&"contacts".into(), std::slice::from_ref(h))).unwrap();
            assert_eq!(found[0].as_ref().unwrap().item.as_ref(), Some(f));
        }
        world.settle();
        assert_eq!(world.run::<Contact>(&[]).sync.writes(), 0);
    }
}

#[test]
fn ids_that_are_linked_unknown_or_claimed_twice_are_refused_with_a_line_each() {
    let world = World::kind();
    let (hub, far) = (world.hub_hand::<Contact>(), world.far_hand::<Contact>());
    let home = World::home::<Contact>();
    let hubs: Vec<ItemId> = (0..4).map(|n| hub.put(&home, named(&format!("H{n}")))).collect();
    let fars: Vec<ItemId> = (0..4).map(|n| far.put(&home, named(&format!("F{n}")))).collect();
    assert_eq!(adopt(&world, vec![link(&hubs[0], &fars[0])]).made, 1);
    let elsewhere = Adoption { collection: "nowhere".into(), ..link(&hubs[3], &fars[3]) };
    let wrong = [
        (link(&hubs[0], &fars[1]), "the left record is linked already"),
        (link(&hubs[1], &fars[0]), "the right item is linked already"),
        (link(&"no such".into(), &fars[2]), "the left side does not know"),
        (link(&hubs[2], &"no such".into()), "the right side does not know"),
        (elsewhere, "does not read this right collection"),
    ];
    for (adoption, says) in &wrong {
        let adopted = adopt(&world, vec![adoption.clone()]);
        assert_eq!((adopted.made, adopted.known, adopted.refused), (0, 0, 1), "{adopted:?}");
        assert!(adopted.lines[0].contains(says) && adopted.lines[0].contains(adoption.hub_item.as_str()), "{adopted:?}");
    }
    let adopted =
        adopt(&world, vec![link(&hubs[0], &fars[0]), link(&hubs[3], &fars[3]), link(&hubs[3], &fars[1]), link(&hubs[1], &fars[3])]);
    assert_eq!((adopted.made, adopted.known, adopted.refused), (1, 1, 2), "{adopted:?}");
    assert!(adopted.lines.iter().all(|line| line.contains("claimed twice")), "{adopted:?}");
    // What was refused is treated like anything else; what was adopted is a pair.
    let report = world.run::<Contact>(&[]);
    assert_eq!(report.sync.linked, 2, "{report:?}");
    assert_eq!((hub.records().len(), far.records().len()), (6, 6));
}

#[test]
fn ten_thousand_links_are_adopted_a_hundred_at_a_time() {
    let world = World::kind();
    let (hub, far) = (world.hub_hand::<Contact>(), world.far_hand::<Contact>());
    let home = World::home::<Contact>();
    let ids: Vec<(ItemId, ItemId)> =
        (0..10_000).map(|n| (hub.put(&home, samples::contact(n)), far.put(&home, samples::contact(n)))).collect();
    let most = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let seen = most.clone();
    world.state.on_commit(move |_, changes| {
        seen.fetch_max(changes.len(), std::sync::atomic::Ordering::Relaxed);
    });
    let adopted = block_on(world.pair::<Contact>(&[]).adopt(stream::iter(ids.iter().map(|(h, f)| link(h, f))))).unwrap();
    assert_eq!((adopted.made, adopted.refused), (10_000, 0));
    assert_eq!(count(&world, LinkState::Pending), 10_000);
    assert!(most.load(std::sync::atomic::Ordering::Relaxed) <= 100, "{most:?}");
}

#[test]
fn a_sync_whose_component_is_taken_adopts_nothing() {
    let world = World::kind();
    let (h, f) = (
        world.hub_hand::<Contact>().put(&World::home::<Contact>(), named("A")),
        world.far_hand::<Contact>().put(&World::home::<Contact>(), named("A")),
    );
    let plan = block_on(world.pair::<Contact>(&[]).plan()).unwrap();
    let error = block_on(world.pair::<Contact>(&[]).adopt(stream::iter(vec![link(&h, &f)]))).unwrap_err();
    assert_eq!(error.kind(), pimkit_core::ErrorKind::LeaseLost);
    drop(plan);
    assert_eq!(count(&world, LinkState::Pending) + count(&world, LinkState::Live), 1, "only what the plan joined");
}

/// Series of both sides, synced as `sage` does; and then the state is gone. The links that there were.
fn series(options: WorstOptions) -> (World, Vec<LinkRow>) {
    let mut world = World::with(options);
    world.hub_hand::<Event>().put(&World::home::<Event>(), samples::series(1));
    world.run::<Event>(SAGE);
    world.far_hand::<Event>().put(&World::home::<Event>(), samples::series(2));
    world.run::<Event>(SAGE);
    world.settle();
    world.run::<Event>(SAGE);
    let links = block_on(world.state.links(LinkQuery::of(&"events".into())).try_collect()).unwrap();
    world.state = MemoryState::new();
    (world, links)
}

const SAGE: &[(&str, &str)] = &[("recurrence", "ignore"), ("invited", "read")];

#[test]
fn of_an_adopted_series_it_is_known_whether_the_app_made_it() {
    for (switches, told) in [(&[][..], false), (&["server_made_ids", "lists_only", "drops_marks", "no_find"], true)] {
        let (world, before) = series(WorstOptions::only(switches).unwrap());
        let adoption = |link: &LinkRow| {
            let plain = Adoption::new(link.hub_item.clone().unwrap(), link.collection.clone(), link.item.clone().unwrap());
            // Where no mark on the items says so, the file does.
            if told { Adoption { origin: Some(link.origin), role: Some(link.role), mark: link.mark.clone(), ..plain } } else { plain }
        };
        let adopted = block_on(world.pair::<Event>(SAGE).adopt(stream::iter(before.iter().map(adoption).collect::<Vec<_>>()))).unwrap();
        assert_eq!((adopted.made, adopted.refused), (2, 0), "{switches:?}: {adopted:?}");
        assert_eq!(world.run::<Event>(SAGE).sync.writes(), 0, "{switches:?}");
        let hub = world.hub_hand::<Event>();
        for link in &before {
            let item = link.hub_item.as_ref().unwrap();
            assert!(hub.edit(item, |e| e.description = Some("by the app".into())));
        }
        world.settle();
        let report = world.run::<Event>(SAGE);
        assert_eq!((report.sync.updated.right, report.sync.held), (1, 1), "{switches:?}: {report:?}");
        let described: Vec<bool> = before
            .iter()
            .map(|link| {
                world.far_hand::<Event>().item(link.item.as_ref().unwrap()).unwrap().record.description.as_deref() == Some("by the app")
            })
            .collect();
        let ours: Vec<bool> = before.iter().map(|link| link.origin == Side::Left).collect();
        assert_eq!(described, ours, "{switches:?}: the app's own goes out, the other one does not");
    }
}
