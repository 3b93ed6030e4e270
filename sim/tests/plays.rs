//! The simulation itself: it repeats, it sees, and what once failed does not fail again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use futures::executor::block_on;
use pimkit_contract::{FakeClock, Worst, WorstOptions, samples};
use pimkit_core::{Connector, Mark, Notify, Write, WriteOptions};
use pimkit_sim::{FarWorld, Play, perform, perform_with, plan, regressions, shrink};

/// Seeds whose plays hold; there are more in `cargo xtask sim`.
const SEEDS: std::ops::Range<u64> = 1..13;

#[test]
fn the_same_seed_played_twice_comes_to_the_same_in_every_step() {
    for seed in 1..5 {
        let (once, twice) = (perform(&plan(seed), true), perform(&plan(seed), true));
        assert_eq!(once, twice, "seed {seed}");
        assert!(once.trace.len() > 50 && once.hash != 0);
    }
    assert_ne!(perform(&plan(1), false).hash, perform(&plan(2), false).hash);
}

#[test]
fn a_play_without_its_trace_comes_to_the_same_number() {
    assert_eq!(perform(&plan(3), true).hash, perform(&plan(3), false).hash);
}

#[test]
fn a_few_seeds_hold() {
    for seed in SEEDS {
        let played = perform(&plan(seed), false);
        assert!(played.failures.is_empty(), "seed {seed}: {:?}", played.failures);
    }
}

#[test]
fn what_once_failed_holds() {
    for regression in regressions().unwrap() {
        let played = perform(&regression.play, false);
        assert!(played.failures.is_empty(), "{}: {:?}", regression.why, played.failures);
    }
}

fn empty_play() -> Play {
    let mut play = plan(1);
    play.kind = pimkit_core::Kind::Event;
    play.fars.truncate(1);
    play.moves.clear();
    play
}

#[test]
fn a_mail_that_a_side_has_sent_is_seen() {
    for notify in [Notify::Nobody, Notify::Attendees] {
        let clock = FakeClock::default();
        let far = Worst::new(WorstOptions::kind().with(|o| o.account = "far1".to_owned()), &clock);
        let mut meeting = samples::meeting(1);
        meeting.title = Some("Thing b1z".to_owned());
        let write = Write::Create { mark: Mark::from("one".to_owned()), record: meeting };
        block_on(far.events().unwrap().write(&"events".into(), vec![write], &WriteOptions::default().notify(notify)));
        let worlds: Vec<Box<dyn FarWorld>> = vec![Box::new(far)];
        let played = perform_with(&empty_play(), worlds, clock, false);
        let mailed = played.failures.iter().any(|f| f.contains("has mailed"));
        assert_eq!(mailed, notify == Notify::Attendees, "{:?}", played.failures);
    }
}

#[test]
fn an_item_that_nobody_made_is_seen_and_its_play_shrinks_to_nothing_else() {
    let clock = FakeClock::default();
    let far = Worst::new(WorstOptions::kind().with(|o| o.account = "far1".to_owned()), &clock);
    far.by_hand::<pimkit_core::Event>().put(&"events".into(), samples::event(1));
    let worlds: Vec<Box<dyn FarWorld>> = vec![Box::new(far)];
    let played = perform_with(&empty_play(), worlds, clock, false);
    assert!(played.failures.iter().any(|f| f.contains("nobody made")), "{:?}", played.failures);
    assert!(shrink(&empty_play()).is_none(), "a play that holds has nothing to shrink");
}
