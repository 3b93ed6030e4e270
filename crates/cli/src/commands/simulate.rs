//! `simulate`: simulated servers on this machine, until interrupted.

use crate::{
    cli::Simulate,
    failure::{Exit, Failure, Result},
    output::Out,
    simulated::{self, PASSWORD, USER},
};
use pimkit_simulators::{Dav, FaultPlan};
use serde::Serialize;
use std::time::Duration;

/// How long the simulator remembers what it was asked.
const FORGETS: Duration = Duration::from_secs(30);

/// The first line.
#[derive(Debug, Serialize)]
struct Ready {
    ready: bool,
    providers: Providers,
}

#[derive(Debug, Serialize)]
struct Providers {
    dav: Account,
}

/// How to reach a simulated account.
#[derive(Debug, Serialize)]
struct Account {
    base_url: String,
    user: &'static str,
    password: &'static str,
}

pub(super) async fn run(args: &Simulate, out: &mut Out) -> Result<Exit> {
    let plan = args.faults.as_deref().map_or_else(|| Ok(FaultPlan::default()), simulated::plan)?;
    let dav = Dav::builder((*args.server).clone()).user(USER, PASSWORD).faults(plan).build();
    if let Some(dir) = &args.load {
        let loaded = simulated::load(&dav, &args.server, USER, dir)?;
        loaded.left.iter().for_each(Out::note);
        Out::note(format_args!("{} items of {} loaded", loaded.items, dir.display()));
    }
    // Whoever reads the first line may interrupt at once.
    let mut interrupted = Interrupted::watch()?;
    let serving = simulated::serve(&dav, args.listen).await?;
    // Every provider that there is is asked for when none is named; there is one.
    let providers = Providers { dav: Account { base_url: simulated::start(&args.server, &serving), user: USER, password: PASSWORD } };
    out.value(&Ready { ready: true, providers })?;
    out.flush()?;
    // Nobody here looks at what was asked: it is not kept for as long as this runs.
    while tokio::time::timeout(FORGETS, interrupted.wait()).await.is_err() {
        dav.reset_requests();
        dav.reset_outbox();
    }
    serving.stop().await;
    Ok(Exit::Done)
}

/// The signals by which a person or a parent process ends the program.
#[cfg(unix)]
struct Interrupted {
    signals: [tokio::signal::unix::Signal; 2],
}

#[cfg(unix)]
impl Interrupted {
    fn watch() -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let refuse = |e| Failure::machine(format!("signals cannot be waited for: {e}; see the limits of this account"));
        Ok(Self { signals: [signal(SignalKind::interrupt()).map_err(refuse)?, signal(SignalKind::terminate()).map_err(refuse)?] })
    }

    async fn wait(&mut self) {
        let [interrupt, terminate] = &mut self.signals;
        futures::future::select(Box::pin(interrupt.recv()), Box::pin(terminate.recv())).await;
    }
}

/// The signal by which a person ends the program.
#[cfg(not(unix))]
struct Interrupted;

#[cfg(not(unix))]
impl Interrupted {
    #[allow(clippy::unnecessary_wraps, reason = "where there are signals they may fail")]
    fn watch() -> Result<Self> {
        Ok(Self)
    }

    async fn wait(&mut self) {
        // What cannot be waited for ends the program.
        let _ = tokio::signal::ctrl_c().await;
    }
}
