//! The store in memory passes the suite of state stores, without ever waiting; and it stops where a test says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use async_trait::async_trait;
use futures::{FutureExt, StreamExt, TryStreamExt};
use pimkit_contract::state::{self, MemoryState, Place, Snapshot, StateFactory, StopPoint};
use pimkit_core::{AccountId, AccountRow, ErrorKind, Lease, Result, State, StateChange};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

struct Memory;
struct Piece(MemoryState);

#[async_trait]
impl StateFactory for Memory {
    async fn place(&self) -> Result<Box<dyn Place>> {
        Ok(Box::new(Piece(MemoryState::new())))
    }
}

#[async_trait]
impl Place for Piece {
    async fn open(&mut self) -> Result<Arc<dyn State>> {
        self.0 = MemoryState::restore(self.0.snapshot());
        Ok(Arc::new(self.0.clone()))
    }
}

/// The outcome of a future that must not wait: there is no executor that could wake it.
fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("the store in memory waited")
}

#[test]
fn the_store_in_memory_passes_the_suite_inline() {
    let cases = now(state::run(&Memory));
    assert_eq!(cases, state::suite().len());
    let names: BTreeSet<&str> = state::suite().iter().map(state::Case::name).collect();
    assert_eq!(names.len(), cases, "two cases have one name");
}

fn account(id: &str, skew: i64) -> StateChange {
    StateChange::Account(AccountRow { id: id.into(), skew, endpoints: None, app_cursor: None })
}

fn skew(state: &MemoryState) -> Option<i64> {
    now(state.account(&AccountId::from("a"))).unwrap().map(|row| row.skew)
}

fn lease(state: &MemoryState) -> Lease {
    now(state.acquire(&"c".into())).unwrap()
}

#[test]
fn a_crash_before_or_after_the_effect_kills_the_store_and_the_snapshot_has_what_was_durable() {
    for (point, durable) in [(StopPoint::Before, 1), (StopPoint::After, 2)] {
        let state = MemoryState::new();
        let held = lease(&state);
        state.crash_at(2, point);
        now(state.commit(&held, vec![account("a", 1)])).unwrap();
        let mut reading = state.runs(None);
        assert_eq!(now(state.commit(&held, vec![account("a", 2)])).unwrap_err().kind(), ErrorKind::Storage);
        // The process is dead: nothing answers.
        assert_eq!(now(state.commit(&held, vec![account("a", 3)])).unwrap_err().kind(), ErrorKind::Storage);
        assert_eq!(now(state.account(&"a".into())).unwrap_err().kind(), ErrorKind::Storage);
        assert_eq!(now(state.acquire(&"d".into())).unwrap_err().kind(), ErrorKind::Storage);
        assert_eq!(now(reading.try_next()).unwrap_err().kind(), ErrorKind::Storage);
        assert!(now(reading.next()).is_none(), "a stream goes on after its error");
        assert_eq!(state.commits(), 2);
        // The lease of the dead process is forgotten though it was never dropped, and fenced off by the next one.
        let next = MemoryState::restore(state.snapshot());
        assert_eq!(skew(&next), Some(durable), "{point:?}");
        let newer = lease(&next);
        assert!(newer.token > held.token);
        assert_eq!(now(next.commit(&held, vec![account("a", 4)])).unwrap_err().kind(), ErrorKind::LeaseLost);
        now(next.commit(&newer, vec![account("a", 5)])).unwrap();
        assert_eq!(next.commits(), 1, "the count begins anew");
    }
}

#[test]
fn a_failed_commit_lets_the_store_go_on() {
    for (point, kept) in [(StopPoint::Before, 1), (StopPoint::After, 2)] {
        let state = MemoryState::new();
        let held = lease(&state);
        state.fail_at(2, point);
        now(state.commit(&held, vec![account("a", 1)])).unwrap();
        assert_eq!(now(state.commit(&held, vec![account("a", 2)])).unwrap_err().kind(), ErrorKind::Storage);
        assert_eq!(skew(&state), Some(kept), "{point:?}");
        now(state.commit(&held, vec![account("a", 3)])).unwrap();
        assert_eq!(skew(&state), Some(3));
    }
}

#[test]
fn a_snapshot_stays_as_it_was_and_a_restored_store_goes_its_own_way() {
    let state = MemoryState::new();
    let held = lease(&state);
    now(state.commit(&held, vec![account("a", 1)])).unwrap();
    let early: Snapshot = state.snapshot();
    now(state.commit(&held, vec![account("a", 2)])).unwrap();
    let (one, two) = (MemoryState::restore(early.clone()), MemoryState::restore(early.clone()));
    now(one.commit(&lease(&one), vec![account("a", 10)])).unwrap();
    assert_eq!([skew(&state), skew(&one), skew(&two)], [Some(2), Some(10), Some(1)]);
    assert_eq!(MemoryState::restore(early.clone()).snapshot(), early);
    assert_ne!(state.snapshot(), early);
}

#[test]
fn a_clone_is_a_handle_to_the_same_store() {
    let state = MemoryState::new();
    let other = state.clone();
    let held = lease(&state);
    now(other.commit(&held, vec![account("a", 1)])).unwrap();
    assert_eq!(skew(&state), Some(1));
    assert_eq!(state.commits(), 1);
    assert_eq!(now(other.acquire(&"c".into())).unwrap_err().kind(), ErrorKind::LeaseLost);
}

#[test]
fn every_commit_is_shown_to_the_hook_before_it_takes_effect() {
    let state = MemoryState::new();
    let held = lease(&state);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    state.on_commit(move |number, changes| log.lock().unwrap().push((number, changes.len())));
    state.fail_at(2, StopPoint::Before);
    let zombie = Lease::new("c".into(), held.token + 1, ());
    now(state.commit(&held, vec![account("a", 1)])).unwrap();
    now(state.commit(&zombie, vec![account("a", 1)])).unwrap_err();
    now(state.commit(&held, vec![account("a", 2), account("b", 2)])).unwrap_err();
    now(state.commit(&held, Vec::new())).unwrap();
    assert_eq!(*seen.lock().unwrap(), [(1, 1), (2, 2), (3, 0)]);
}

#[test]
fn the_suite_fails_on_a_store_that_forgets_when_its_process_ends() {
    struct Broken;
    struct BrokenPlace(MemoryState);
    #[async_trait]
    impl StateFactory for Broken {
        async fn place(&self) -> Result<Box<dyn Place>> {
            Ok(Box::new(BrokenPlace(MemoryState::new())))
        }
    }
    #[async_trait]
    impl Place for BrokenPlace {
        async fn open(&mut self) -> Result<Arc<dyn State>> {
            // Forgets everything when the process ends.
            self.0 = MemoryState::new();
            Ok(Arc::new(self.0.clone()))
        }
    }
    let failed: BTreeSet<&str> = state::suite().iter().filter(|case| now(case.run(&Broken)).is_err()).map(state::Case::name).collect();
    let expected = [
        "a_refused_batch_leaves_nothing_behind",
        "a_worker_that_lost_its_lease_writes_nothing",
        "journal_rows_get_places_that_grow_over_processes",
        "odd_ids_are_kept_apart_and_come_back_as_they_were",
        "ten_thousand_rows_are_written_read_and_replaced",
        "tokens_grow_with_every_acquisition_and_over_processes",
        "what_a_commit_returned_for_outlives_the_process",
    ];
    assert_eq!(failed, expected.into());
}
