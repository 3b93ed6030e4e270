//! Links of which one in a hundred changed, measured in a process of its own: `changed_links COUNT`.
//!
//! Two sides compute the same COUNT contacts from their numbers; a first run links them, and writes nothing. Then one in
//! a hundred changes at the far side, and a second run is planned and applied. The engine's state is a SQLite file in a
//! temporary folder (in `TMPDIR`). What it took is printed as one line of JSON. `cargo xtask bench links` runs it for two
//! counts and compares their memory.
//!
//! Both sides keep nothing that is only read, and of what is written only that it was: the memory is the engine's.

mod measured;

use measured::{cpu_seconds, failed, peak_kib};
use pimkit::{
    Contact, Result,
    state_sqlite::SqliteState,
    sync::{Engine, Verdict},
};
use pimkit_contract::{FakeClock, SeededChance, Worst, WorstOptions};
use serde::Serialize;
use std::{process::ExitCode, sync::Arc, time::Duration, time::Instant};

/// One in so many changes.
const EVERY: u64 = 100;

/// What a stage took.
#[derive(Debug, Serialize)]
struct Taken {
    /// Seconds by the clock on the wall.
    wall: f64,
    /// Seconds of processor time of all threads.
    cpu: f64,
    /// The most memory that the process had in use up to its end, in KiB.
    peak_kib: u64,
}

/// What is printed.
#[derive(Debug, Serialize)]
struct Measured {
    count: u64,
    changed: u64,
    link: Taken,
    plan: Taken,
    apply: Taken,
    state_bytes: u64,
}

fn main() -> ExitCode {
    measured::main("changed_links 10000", measure)
}

async fn measure(count: u64) -> Result<Measured> {
    let folder = tempfile::tempdir().map_err(|e| failed(format!("no temporary folder can be made: {e}")))?;
    let state_path = folder.path().join("sync.db");
    let clock = FakeClock::default();
    let state = Arc::new(SqliteState::open(&state_path)?);
    let hub = Worst::new(WorstOptions::kind().with(|o| o.account = "hub".to_owned()), &clock);
    hub.generate::<Contact>(count, 1);
    hub.foresee::<Contact>(change);
    let far = Worst::generated::<Contact>(count, 1, &clock);
    let engine = Engine::new(state).clock(Arc::new(clock.clone())).chance(Arc::new(SeededChance::new(1)));
    let pair = engine.pair::<Contact>("bench", Arc::new(hub.clone()), Arc::new(far.clone())).build()?;

    let began = (Instant::now(), cpu_seconds());
    let first = pair.run().await?;
    let link = since(began)?;
    if first.sync.linked != count || first.sync.writes() != 0 {
        return Err(failed(format!("{} of {count} were linked with {} writes", first.sync.linked, first.sync.writes())));
    }
    clock.advance(Duration::from_secs(24 * 3600));
    far.edit_generated::<Contact>(EVERY, change);
    let changed = count.div_ceil(EVERY);
    let began = (Instant::now(), cpu_seconds());
    let planned = pair.plan().await?;
    let plan = since(began)?;
    let began = (Instant::now(), cpu_seconds());
    let report = pair.apply(planned).await?;
    let apply = since(began)?;
    if report.sync.updated.left != changed || report.sync.writes() != changed || report.sync.verdict() != Verdict::Done {
        return Err(failed(format!("{} of {changed} changes arrived: {:?}", report.sync.updated.left, report.sync.verdict())));
    }
    let state_bytes = state_path.metadata().map(|m| m.len()).map_err(|e| failed(format!("the state has no size: {e}")))?;
    Ok(Measured { count, changed, link, plan, apply, state_bytes })
}

/// What is changed in a contact.
fn change(contact: &mut Contact) {
    contact.nicknames = vec!["changed".to_owned()];
}

fn since((wall, cpu): (Instant, f64)) -> Result<Taken> {
    Ok(Taken { wall: wall.elapsed().as_secs_f64(), cpu: cpu_seconds() - cpu, peak_kib: peak_kib()? })
}
