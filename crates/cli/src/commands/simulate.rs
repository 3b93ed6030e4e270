//! `simulate`: simulated servers on this machine, until interrupted.

use crate::{
    cli::Simulate,
    failure::{Exit, Failure, Result},
    output::Out,
    simulated::{self, MAILBOX, PASSWORD, TOKEN, USER},
};
use pimkit_simulators::{Dav, FaultPlan, Graph, GraphServing, Serving};
use serde::Serialize;
use std::{net::SocketAddr, time::Duration};

/// How long the simulator remembers what it was asked.
const FORGETS: Duration = Duration::from_secs(30);

/// The first line.
#[derive(Debug, Serialize)]
struct Ready {
    ready: bool,
    providers: Providers,
}

/// Those that were asked for.
#[derive(Debug, Default, Serialize)]
struct Providers {
    #[serde(skip_serializing_if = "Option::is_none")]
    dav: Option<Account>,
    #[serde(skip_serializing_if = "Option::is_none")]
    graph: Option<Bearer>,
}

/// How to reach a simulated account.
#[derive(Debug, Serialize)]
struct Account {
    base_url: String,
    user: &'static str,
    password: &'static str,
}

/// How to reach a simulated account with a token.
#[derive(Debug, Serialize)]
struct Bearer {
    base_url: String,
    token: &'static str,
}

pub(super) async fn run(args: &Simulate, out: &mut Out) -> Result<Exit> {
    let plan = args.faults.as_deref().map_or_else(|| Ok(FaultPlan::default()), simulated::plan)?;
    let asked = |name: &str| args.provider.is_empty() || args.provider.iter().any(|other| other == name);
    let dav = asked("dav").then(|| Dav::builder((*args.server).clone()).user(USER, PASSWORD).faults(plan.clone()).build());
    let graph = asked("graph").then(|| Graph::builder().user(MAILBOX, TOKEN).faults(plan).build());
    if let Some(dir) = &args.load {
        let loaded = simulated::load_all(dav.as_ref().map(|dav| (dav, &*args.server)), graph.as_ref(), dir)?;
        loaded.left.iter().for_each(Out::note);
        Out::note(format_args!("{} items of {} loaded", loaded.items, dir.display()));
    }
    // Whoever reads the first line may interrupt at once.
    let mut interrupted = Interrupted::watch()?;
    let served = Served::begin(dav.as_ref(), graph.as_ref(), args.listen).await?;
    let dav_account = |serving: &Serving| Account { base_url: simulated::start(&args.server, serving), user: USER, password: PASSWORD };
    let providers = Providers {
        dav: served.dav.as_ref().map(dav_account),
        graph: served.graph.as_ref().map(|serving| Bearer { base_url: serving.base_url(), token: TOKEN }),
    };
    out.value(&Ready { ready: true, providers })?;
    out.flush()?;
    // Nobody here looks at what was asked: it is not kept for as long as this runs.
    while tokio::time::timeout(FORGETS, interrupted.wait()).await.is_err() {
        if let Some(dav) = &dav {
            dav.reset_requests();
            dav.reset_outbox();
        }
        if let Some(graph) = &graph {
            graph.reset_requests();
            graph.reset_outbox();
            graph.reset_violations();
        }
    }
    served.stop().await;
    Ok(Exit::Done)
}

/// What is being served. A port that was named is the first one's; the next one takes the port above it.
struct Served {
    dav: Option<Serving>,
    graph: Option<GraphServing>,
}

impl Served {
    async fn begin(dav: Option<&Dav>, graph: Option<&Graph>, listen: SocketAddr) -> Result<Self> {
        let mut served = Self { dav: None, graph: None };
        let mut next = listen;
        if let Some(dav) = dav {
            served.dav = Some(simulated::serve(dav, listen).await?);
            let above = if listen.port() == 0 { Some(0) } else { listen.port().checked_add(1) };
            next.set_port(above.unwrap_or_default());
        }
        if let Some(graph) = graph {
            served.graph = Some(simulated::serve_graph(graph, next).await?);
        }
        Ok(served)
    }

    async fn stop(self) {
        if let Some(dav) = self.dav {
            dav.stop().await;
        }
        if let Some(graph) = self.graph {
            graph.stop().await;
        }
    }
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
