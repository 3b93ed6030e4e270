//! What a sync costs at Microsoft Graph, counted at the stand-in: `graph_costs COUNT`.
//!
//! A mailbox of COUNT contacts is pulled, read again without a change and with one in a hundred changed; a hub of COUNT records is
//! written to an empty mailbox, at a service that runs whole batches and at one that refuses what is more than four calls of a batch.
//! What it took is printed as one line of JSON. `cargo xtask bench graph` runs it and shows a table.

#[allow(dead_code, reason = "time and memory are what other measurements are about")]
mod measured;

use std::{
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use measured::failed;
use pimkit::{
    Clock, Contact, EmailAddress, Record as _, Result,
    graph::{Config, Graph, Quirks},
    http::{Bearer, Broken, InProcess, Secret},
    sync::{Engine, Pair, Verdict},
};
use pimkit_contract::{FakeClock, MemoryHub, SeededChance, state::MemoryState};
use pimkit_simulators::{Cut, Graph as Simulator, GraphRules};
use serde::Serialize;
use serde_json::json;

const ALICE: &str = "alice@example.com";
/// The most that Outlook gives on a page.
const PAGE: u32 = 1000;

/// What a run took.
#[derive(Debug, Serialize)]
struct Taken {
    run: String,
    /// Requests on the wire; a batch is one.
    requests: usize,
    /// Calls, those within batches one by one; a batch itself is none.
    calls: usize,
    /// Of these, those that were refused with 429.
    refused: usize,
    /// Records made or changed on the hub, and in the mailbox.
    hub: u64,
    mailbox: u64,
    /// Seconds that the connector waited, by its own clock.
    waited: f64,
    /// Seconds by the clock on the wall, the stand-in's work among them.
    wall: f64,
}

/// What is printed.
#[derive(Debug, Serialize)]
struct Measured {
    count: u64,
    page: u32,
    runs: Vec<Taken>,
}

fn main() -> ExitCode {
    measured::main("graph_costs 5000", measure)
}

/// A mailbox, a hub, and the sync between them.
struct Kit {
    simulator: Simulator,
    hub: MemoryHub,
    clock: FakeClock,
    pair: Pair<Contact>,
}

impl Kit {
    fn new(rules: GraphRules, quirks: Quirks) -> Result<Self> {
        let clock = FakeClock::default();
        let time = clock.clone();
        let simulator = Simulator::builder().seed(1).user(ALICE, "token").rules(rules).clock(Arc::new(move || time.now())).build();
        let wire = simulator.clone();
        let transport = InProcess::serving(move |request| {
            wire.answer_now(&request).map_err(|cut| match cut {
                Cut::Reset => Broken::Reset,
                Cut::Truncated { head, body_so_far } => Broken::Truncated(Box::new(head.map(|()| body_so_far))),
            })
        });
        let config = Config::new("https://graph.example.com/v1.0").account("far").page_size(PAGE).quirks(quirks);
        let opening = Graph::builder(config, Arc::new(transport), Arc::new(clock.clone()), Arc::new(SeededChance::new(1)));
        let graph = opening.auth(Arc::new(Bearer::fixed(Secret::new("token")))).open()?;
        let hub = MemoryHub::new(&clock);
        let engine = Engine::new(Arc::new(MemoryState::new())).clock(Arc::new(clock.clone())).chance(Arc::new(SeededChance::new(2)));
        let pair = engine.pair::<Contact>("bench", Arc::new(hub.clone()), Arc::new(graph)).page_size(PAGE).build()?;
        Ok(Self { simulator, hub, clock, pair })
    }

    fn documented() -> Result<Self> {
        Self::new(GraphRules::default(), Quirks::default())
    }

    /// So many contacts that another program made.
    fn fill(&self, count: u64) -> Result<Vec<String>> {
        let made = |n| {
            let person = json!({
                "displayName": format!("Person {n}"), "givenName": "Person", "surname": format!("{n}"),
                "emailAddresses": [{ "address": format!("person{n}@example.com"), "name": format!("Person {n}") }],
                "businessPhones": [format!("+43 1 {n:06}")], "categories": ["Customers"],
            });
            self.simulator.create(ALICE, "contacts", &person).ok_or_else(|| failed("a contact was not made".to_owned()))
        };
        (0..count).map(made).collect()
    }

    /// One run, of which a number of records must come to the hub and to the mailbox.
    async fn taken(&self, run: &str, hub: u64, mailbox: u64) -> Result<Taken> {
        self.clock.advance(Duration::from_secs(24 * 3600));
        self.simulator.reset_requests();
        let (began, slept) = (Instant::now(), self.clock.slept());
        let report = self.pair.run().await?.sync;
        let (wall, waited) = (began.elapsed().as_secs_f64(), self.clock.slept().saturating_sub(slept).as_secs_f64());
        if report.verdict() != Verdict::Done {
            return Err(failed(format!("{run}: {:?}; {}", report.verdict(), report.notes.join("; "))));
        }
        let came = (report.created.left + report.updated.left, report.created.right + report.updated.right);
        if came != (hub, mailbox) {
            return Err(failed(format!("{run}: {came:?} records were written, not {:?}", (hub, mailbox))));
        }
        let seen = self.simulator.requests();
        let is_batch = |path: &str| path.eq_ignore_ascii_case("/$batch");
        Ok(Taken {
            run: run.to_owned(),
            requests: seen.iter().filter(|seen| !seen.inside_batch).count(),
            calls: seen.iter().filter(|seen| !is_batch(&seen.path)).count(),
            refused: seen.iter().filter(|seen| seen.status == 429).count(),
            hub,
            mailbox,
            waited,
            wall,
        })
    }

    /// Nothing is doubled or lost in the mailbox, and nobody was mailed.
    fn holds(&self, count: u64) -> Result<()> {
        let there = self.simulator.list(ALICE, "contacts?$select=id,displayName");
        let names: std::collections::BTreeSet<String> = there.iter().map(|row| row["displayName"].to_string()).collect();
        let all = (there.len() as u64, names.len() as u64);
        if all == (count, count) && self.simulator.outbox().is_empty() {
            return Ok(());
        }
        Err(failed(format!("{} contacts of {} names are in the mailbox, not {count}", all.0, all.1)))
    }
}

async fn measure(count: u64) -> Result<Measured> {
    let mut runs = Vec::new();
    let kit = Kit::documented()?;
    let ids = kit.fill(count)?;
    runs.push(kit.taken("first pull", count, 0).await?);
    runs.push(kit.taken("no change", 0, 0).await?);
    let some = ids.iter().step_by(100);
    let changed = some.filter(|id| kit.simulator.change(ALICE, &format!("contacts/{id}"), &json!({ "nickName": "Somebody" }))).count();
    runs.push(kit.taken("one in a hundred changed", changed as u64, 0).await?);
    kit.holds(count)?;

    let mut rules = GraphRules::default();
    rules.delta.expands = true;
    let mut quirks = Quirks::default();
    quirks.expands_in_delta = true;
    let kit = Kit::new(rules, quirks)?;
    kit.fill(count)?;
    runs.push(kit.taken("first pull, delta brings all along", count, 0).await?);

    let mut crowded = GraphRules::default();
    crowded.limits.batch_at_once = Some(4);
    for (run, rules) in [("creates", GraphRules::default()), ("creates, four calls of a batch are taken", crowded)] {
        let kit = Kit::new(rules, Quirks::default())?;
        let hand = kit.hub.by_hand::<Contact>();
        for n in 0..count {
            hand.put(
                &"contacts".into(),
                Contact::build(|c| {
                    c.uid = Some(format!("uid-{n}"));
                    c.name.full = Some(format!("Person {n}"));
                    c.emails = vec![EmailAddress { address: format!("person{n}@example.com"), ..EmailAddress::default() }];
                }),
            );
        }
        runs.push(kit.taken(run, 0, count).await?);
        kit.holds(count)?;
        runs.push(kit.taken(&format!("{run}: a run behind"), 0, 0).await?);
    }
    Ok(Measured { count, page: PAGE, runs })
}
