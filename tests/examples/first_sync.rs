//! One first sync, measured in a process of its own: `first_sync COUNT`.
//!
//! COUNT contacts that a far side computes from their number go into an app store in SQLite, with the engine's state in
//! SQLite too, both on disk in a temporary folder (in `TMPDIR`). Then a second run finds nothing to do. What both took
//! is printed as one line of JSON. `cargo xtask bench sync` runs it for two sizes and compares their memory.
//!
//! The far side keeps nothing that is only read: what grows with COUNT is what the run itself keeps.

mod measured;

use std::{process::ExitCode, sync::Arc, time::Instant};

use futures::StreamExt as _;
use measured::{cpu_seconds, failed, peak_kib};
use pimkit::{
    Contact, Kind, Result, SeenQuery, State,
    local::{Local, Options},
    state_sqlite::SqliteState,
    sync::{Engine, Report, Verdict},
};
use pimkit_contract::{FakeClock, SeededChance, Worst};
use serde::Serialize;

/// What a run took.
#[derive(Debug, Serialize)]
struct Taken {
    /// Seconds by the clock on the wall.
    wall: f64,
    /// Seconds of processor time, the system's among them, of all threads.
    cpu: f64,
    /// The most memory that the process had in use up to the run's end, in KiB.
    peak_kib: u64,
    /// Records made in the app store.
    created: u64,
    /// Writes of any sort on either side.
    writes: u64,
}

/// What is printed.
#[derive(Debug, Serialize)]
struct Measured {
    count: u64,
    /// What the process had in use before the first run, in KiB.
    idle_kib: u64,
    first: Taken,
    unchanged: Taken,
    /// The sizes of the files afterwards, in bytes.
    store_bytes: u64,
    state_bytes: u64,
}

fn main() -> ExitCode {
    measured::main("first_sync 10000", measure)
}

async fn measure(count: u64) -> Result<Measured> {
    let folder = tempfile::tempdir().map_err(|e| failed(format!("no temporary folder can be made: {e}")))?;
    let (store_path, state_path) = (folder.path().join("app.db"), folder.path().join("sync.db"));
    let clock = FakeClock::default();
    let store = Local::open(&store_path, Options::default().clock(Arc::new(clock.clone())))?;
    let state = Arc::new(SqliteState::open(&state_path)?);
    let account = store.account_id();
    let far = Worst::generated::<Contact>(count, 1, &clock);
    let engine = Engine::new(state.clone()).clock(Arc::new(clock.clone())).chance(Arc::new(SeededChance::new(1)));
    let pair = engine.pair::<Contact>("bench", Arc::new(store), Arc::new(far)).build()?;

    let idle_kib = peak_kib()?;
    let first = taken(pair.run()).await?;
    // Counted in the state, without going over the store's records in memory.
    let there = state.seen_rows(SeenQuery::of(&account, Kind::Contact)).filter(|row| std::future::ready(row.is_ok())).count().await as u64;
    if first.created != count || there != count {
        return Err(failed(format!("{} contacts were made and {there} are there, not {count}", first.created)));
    }
    let unchanged = taken(pair.run()).await?;
    if unchanged.writes != 0 {
        return Err(failed(format!("the second run wrote {} times", unchanged.writes)));
    }
    let size = |path: &std::path::Path| path.metadata().map(|m| m.len()).map_err(|e| failed(format!("a file has no size: {e}")));
    Ok(Measured { count, idle_kib, first, unchanged, store_bytes: size(&store_path)?, state_bytes: size(&state_path)? })
}

async fn taken(run: impl Future<Output = Result<Report>>) -> Result<Taken> {
    let (began, cpu) = (Instant::now(), cpu_seconds());
    let report = run.await?;
    let (wall, cpu) = (began.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    if report.sync.verdict() != Verdict::Done {
        return Err(failed(format!("the run was not done: {:?}; {}", report.sync.verdict(), report.sync.notes.join("; "))));
    }
    Ok(Taken { wall, cpu, peak_kib: peak_kib()?, created: report.sync.created.left, writes: report.sync.writes() })
}
