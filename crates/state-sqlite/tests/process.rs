//! Two handles and two processes on one file, and a process that is killed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use pimkit_core::{AccountRow, ComponentId, ErrorKind, State, StateChange};
use pimkit_state_sqlite::SqliteState;
use std::{
    env,
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

/// Where a process that this test started finds the state that it is to hold.
const HOLD: &str = "PIMKIT_TEST_HOLD";

fn account(id: &str, skew: i64) -> StateChange {
    StateChange::Account(AccountRow { id: id.into(), skew, endpoints: None, app_cursor: None })
}

async fn skew(state: &SqliteState, id: &str) -> Option<i64> {
    state.account(&id.into()).await.unwrap().map(|row| row.skew)
}

#[tokio::test]
async fn a_second_handle_is_refused_until_the_first_lets_go() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sync.db");
    let one = SqliteState::open(&path).unwrap();
    // By another name of the same file.
    let two = SqliteState::open(folder.path().join("./sync.db")).unwrap();
    let lease = one.acquire(&"c".into()).await.unwrap();
    let error = two.acquire(&"c".into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LeaseLost);
    let told = format!("another run holds the component; wait until it ends, or stop it (component c, process {})", std::process::id());
    assert!(error.to_string().ends_with(&told), "{error}");
    // Another component goes on beside it.
    let other = two.acquire(&"d".into()).await.unwrap();
    two.commit(&other, vec![account("d", 1)]).await.unwrap();
    one.commit(&lease, vec![account("c", 1)]).await.unwrap();
    assert_eq!(skew(&one, "d").await, Some(1));
    // A lease outlives the handle that gave it, and holds.
    drop(one);
    assert_eq!(two.acquire(&"c".into()).await.unwrap_err().kind(), ErrorKind::LeaseLost);
    drop(lease);
    let newer = two.acquire(&"c".into()).await.unwrap();
    two.commit(&newer, vec![account("c", 2)]).await.unwrap();
    // Who let go is never named in place of the next one.
    drop((newer, other));
    let locks = folder.path().read_dir().unwrap().map(|e| e.unwrap()).filter(|e| e.file_name().to_string_lossy().ends_with(".lock"));
    assert_eq!(locks.map(|lock| lock.metadata().unwrap().len()).collect::<Vec<_>>(), [0, 0]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_state_reached_over_a_link_is_the_same_state() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sync.db");
    let one = SqliteState::open(&path).unwrap();
    let linked = folder.path().join("linked.db");
    std::os::unix::fs::symlink(&path, &linked).unwrap();
    let two = SqliteState::open(&linked).unwrap();
    let _lease = one.acquire(&"c".into()).await.unwrap();
    assert_eq!(two.acquire(&"c".into()).await.unwrap_err().kind(), ErrorKind::LeaseLost);
    assert_eq!(one.path(), two.path());
}

#[tokio::test]
async fn a_call_that_is_dropped_midway_leaves_a_batch_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let state = SqliteState::open(folder.path().join("sync.db")).unwrap();
    let lease = state.acquire(&"c".into()).await.unwrap();
    for n in 0..50 {
        let mut commit = state.commit(&lease, vec![account("a", n), account("b", n)]);
        // Asked once, so that the work has been handed over, and dropped.
        assert!(futures::poll!(&mut commit).is_pending());
        drop(commit);
        let later = state.commit(&lease, Vec::new()).await;
        later.unwrap();
        // What was dropped may still be at work, and come between two reads.
        loop {
            let (a, b) = (skew(&state, "a").await, skew(&state, "b").await);
            if a == skew(&state, "a").await {
                assert_eq!(a, b);
                break;
            }
        }
    }
    // A lease whose acquisition was dropped is given back.
    let component = ComponentId::from("d");
    for _ in 0..20 {
        let mut acquire = state.acquire(&component);
        let _ = futures::poll!(&mut acquire);
        drop(acquire);
    }
    let lease = loop {
        // A dropped acquisition may still be at work.
        match state.acquire(&component).await {
            Ok(lease) => break lease,
            Err(error) => assert_eq!(error.kind(), ErrorKind::LeaseLost),
        }
    };
    state.commit(&lease, Vec::new()).await.unwrap();
}

fn start(path: &Path) -> (Child, BufReader<ChildStdout>) {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "a_killed_process_blocks_nobody_and_lost_nothing_that_it_was_told_is_kept", "--nocapture"])
        .env(HOLD, path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(child.stdout.take().unwrap());
    (child, said)
}

/// What the started process does: takes the component, commits without end and says each number that is durable.
async fn hold(path: &Path) {
    let state = SqliteState::open(path).unwrap();
    let lease = state.acquire(&"c".into()).await.unwrap();
    let from = skew(&state, "a").await.unwrap_or(0);
    for n in from + 1..from + 100_000 {
        state.commit(&lease, vec![account("a", n), account("b", n)]).await.unwrap();
        let mut out = std::io::stdout().lock();
        writeln!(out, "\ncommitted {n}").unwrap();
        out.flush().unwrap();
    }
    // Held until killed, or until the test that started it ends.
    let _ = std::io::stdin().read(&mut [0]);
}

#[tokio::test]
async fn a_killed_process_blocks_nobody_and_lost_nothing_that_it_was_told_is_kept() {
    if let Some(path) = env::var_os(HOLD) {
        return hold(Path::new(&path)).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sync.db");
    let state = SqliteState::open(&path).unwrap();
    let mut last_token = 0;
    for round in 1..=5 {
        let (mut child, said) = start(&path);
        let mut told = 0;
        for line in said.lines() {
            let line = line.unwrap();
            if let Some(n) = line.strip_prefix("committed ") {
                told = n.parse::<i64>().unwrap();
                if told >= round * 20 {
                    break;
                }
            }
        }
        assert!(told >= round * 20, "the process ended before it was killed");
        let error = state.acquire(&"c".into()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LeaseLost);
        if cfg!(unix) {
            assert!(error.to_string().contains(&format!("process {}", child.id())), "{error}");
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let lease = state.acquire(&"c".into()).await.unwrap();
        assert!(lease.token > last_token);
        last_token = lease.token;
        let (a, b) = (skew(&state, "a").await, skew(&state, "b").await);
        assert_eq!(a, b, "half a batch");
        assert!(a >= Some(told), "{told} was durable, and {a:?} is there");
        state.commit(&lease, vec![account("a", round * 20), account("b", round * 20)]).await.unwrap();
    }
}
