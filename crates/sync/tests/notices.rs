//! The app's own users are told of what comes in, as the policy says and at least once; attendees never are.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use futures::executor::block_on;
use pimkit_contract::{
    samples,
    state::{MemoryState, StopPoint},
};
use pimkit_core::{Event, ItemId, Kind};
use std::sync::Arc;
use world::{World, many::Many};

/// The topics of what was told so far.
fn topics(world: &Many) -> Vec<String> {
    world.hub.notices().into_iter().map(|(notice, _)| notice.topic).collect()
}

fn put(world: &Many, n: u64) -> ItemId {
    world.far_hand::<Event>(0).put(&World::home::<Event>(), samples::meeting(n))
}

/// One far side that was synced once.
fn begun(policy: &[(&str, &str)]) -> Many {
    let world = Many::of(1);
    world.far[0].change(|o| o.addresses = vec!["me@example.com".into()]);
    put(&world, 1);
    world.run::<Event>(0, policy);
    world
}

#[test]
fn new_events_and_changes_are_told_as_the_policy_says() {
    for (word, new, edit) in [("none", 0, 0), ("created", 1, 0), ("all", 1, 1)] {
        let policy = &[("notices", word)];
        let world = begun(policy);
        let first = topics(&world).len();
        let far = put(&world, 2);
        world.run::<Event>(0, policy);
        assert_eq!(topics(&world).len() - first, new, "{word}");
        if new == 1 {
            let (notice, _) = world.hub.notices().pop().unwrap();
            assert_eq!(notice.topic, "event.created");
            let (kind, item) = notice.item.unwrap();
            assert_eq!(kind, Kind::Event);
            assert!(world.hub_hand::<Event>().item(&item).is_some());
            assert!(!notice.text.contains("guest"), "no personal data: {}", notice.text);
        }
        world.far_hand::<Event>(0).edit(&far, |e| e.title = Some("changed".into()));
        world.run::<Event>(0, policy);
        assert_eq!(topics(&world).len() - first - new, edit, "{word}");
        assert_eq!(topics(&world).last().map(String::as_str) == Some("event.updated"), edit == 1, "{word}");
        // What the app's own users do is no news to them, and a run that brings nothing tells nothing.
        let before = topics(&world).len();
        let hub = world.hub_hand::<Event>().put(&World::home::<Event>(), samples::event(9));
        world.run::<Event>(0, policy);
        world.hub_hand::<Event>().edit(&hub, |e| e.title = Some("ours".into()));
        world.run::<Event>(0, policy);
        world.run::<Event>(0, policy);
        assert_eq!(topics(&world).len(), before, "{word}");
        world.assert_no_mail();
    }
}

#[test]
fn the_first_run_is_one_notice_however_many_came() {
    let world = Many::of(1);
    for n in 0..30 {
        world.far_hand::<Event>(0).put(&World::home::<Event>(), samples::event(n));
    }
    let policy = &[("notices", "all")];
    world.run::<Event>(0, policy);
    assert_eq!(topics(&world), ["sync.first"]);
    assert!(world.hub.notices()[0].0.text.starts_with("30 events"), "{:?}", world.hub.notices());
    // One that comes with nothing new tells nothing.
    let empty = Many::of(1);
    empty.run::<Event>(0, policy);
    assert!(topics(&empty).is_empty());
}

#[test]
fn a_notice_is_for_the_user_whose_sync_it_is() {
    let world = begun(&[("notices", "created")]);
    put(&world, 2);
    let pair = world.builder::<Event>(0, &[("notices", "created")]).app(Arc::new(world.hub.acting("ada"))).build().unwrap();
    block_on(pair.run()).unwrap();
    assert_eq!(world.hub.notices().pop().unwrap().0.user.as_deref(), Some("ada"));
}

#[test]
fn a_notice_goes_out_at_least_once_wherever_a_run_is_cut_off() {
    let policy = &[("notices", "created")];
    let commits = {
        let world = begun(policy);
        let before = world.state.commits();
        put(&world, 2);
        world.run::<Event>(0, policy);
        (before, world.state.commits())
    };
    for commit in commits.0 + 1..=commits.1 {
        for point in [StopPoint::Before, StopPoint::After] {
            let mut world = begun(policy);
            put(&world, 2);
            world.state.crash_at(commit, point);
            let pair = world.builder::<Event>(0, policy).build().unwrap();
            block_on(pair.run()).unwrap_err();
            world.state = MemoryState::restore(world.state.snapshot());
            world.run::<Event>(0, policy);
            world.run::<Event>(0, policy);
            let told = topics(&world).iter().filter(|t| *t == "event.created").count();
            assert!((1..=2).contains(&told), "commit {commit}, {point:?}: {told}");
            assert_eq!(world.hub_hand::<Event>().records().len(), 2);
        }
    }
}
