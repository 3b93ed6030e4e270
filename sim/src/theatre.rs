//! Plays a play: users, runs, faults and crashes in order, then an end in which nothing goes wrong.

mod curtain;
mod drive;
mod ending;
mod shown;

use crate::{
    coverage::Coverage,
    dav::DavFar,
    far::FarWorld,
    graph::GraphFar,
    ledger::{Ledger, side_name, there},
    oracle::{self, Evidence},
    play::{FarPlan, Move, Play, RunPlan},
    probe::{Probe, hash_of},
    store::Store,
    terms::Terms,
};
use drive::Watching;
use futures::{TryStreamExt, executor::block_on, future::BoxFuture};
use jiff::SignedDuration;
use pimkit_contract::{FakeClock, MemoryHub, SeededChance, Worst};
use pimkit_core::{Clock, Contact, ErrorKind, Event, JournalQuery, JournalRow, Kind, Record, Result, Task};
use pimkit_sync::{AnyPair, Consent, Engine, Pair, Policy, Report};
use shown::Shown;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

/// What became of a play.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Performance {
    /// What is wrong, one line each.
    pub failures: Vec<String>,
    /// Everything that happened, as a number: requests, commits, outcomes, and what is there at the end.
    pub hash: u64,
    /// What users did that came to something.
    pub edits: usize,
    /// Faults that struck.
    pub faults: usize,
    /// Times that the process died.
    pub crashes: usize,
    /// Runs.
    pub runs: usize,
    /// What was hit where.
    pub coverage: Coverage,
    /// What happened, line by line, where it was asked for.
    pub trace: Vec<String>,
}

/// How a play is looked at while it is played.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Look {
    /// Line by line, for people.
    pub(crate) trace: bool,
    /// Commits are hashed with all that is in them.
    pub(crate) deep: bool,
}

/// Everything of one play.
pub(crate) struct Theatre<'a> {
    play: &'a Play,
    policy: Policy,
    look: Look,
    clock: FakeClock,
    sides: Vec<Box<dyn FarWorld>>,
    store: Store,
    probe: Probe,
    chance: SeededChance,
    ledger: Ledger,
    /// Requests seen of each side.
    requests: Vec<u64>,
    approvals: Vec<String>,
    /// By sync, what its last run held, and how many items that showed.
    held: BTreeMap<String, Vec<(String, u64)>>,
    /// Syncs whose last run told nothing: nobody knows whether what an earlier one held still needs an answer.
    stale: BTreeSet<String>,
    /// By sync and approval, how many items were shown when it was given.
    allowed: BTreeMap<(String, String), u64>,
    /// By sync, how many items it has deleted.
    deleted: BTreeMap<String, u64>,
    /// By sync, how many items were shown in what was approved since its last whole run, and at most in one approval before.
    given: BTreeMap<String, (u64, u64)>,
    /// Things that the end of a sync took away from a side.
    taken_away: BTreeSet<(u8, u32)>,
    /// What the sides showed after the last run, where nobody has acted since.
    shown: Option<Vec<Shown>>,
    /// Tokens that went from a side in a run, though no user had taken them away.
    went: BTreeSet<(u8, u32)>,
    /// By sync, how many acts there were when its last whole run began; and the same of each far side whose sync was ended.
    whole: BTreeMap<String, usize>,
    parted: BTreeMap<u8, usize>,
    /// Syncs that were ended.
    ended: BTreeSet<String>,
    /// Sides to which the run sent writes whose outcome it has not taken down.
    open: BTreeSet<u8>,
    /// Sides of which a write, or the look at it, failed.
    unknown: BTreeSet<u8>,
    /// Sides that told a listing short, as a success: what it kept back no later round names by itself.
    lied: BTreeSet<u8>,
    /// How many of their listings did not show what is there, since the last whole run with them.
    lying: BTreeMap<u8, u32>,
    /// By side, the acts that the last runs began with before a listing came short there.
    listed: BTreeMap<u8, Vec<usize>>,
    /// Sides that were written to.
    written: BTreeSet<u8>,
    /// What the policies change of what must be.
    terms: Terms,
    said: Performance,
}

/// What became of a run.
pub(crate) enum Ended {
    Report(Box<Report>),
    Failed(pimkit_core::Error),
    /// It was stopped, or hung.
    Stopped,
}

impl<'a> Theatre<'a> {
    fn new(play: &'a Play, fars: Vec<Box<dyn FarWorld>>, clock: FakeClock, look: Look) -> Result<Self> {
        let mut sides: Vec<Box<dyn FarWorld>> = vec![Box::new(MemoryHub::new(&clock))];
        sides.extend(fars);
        if play.props.annex {
            sides.iter().for_each(|side| side.add_annex(play.kind));
        }
        let store = if play.sqlite { Store::sqlite()? } else { Store::memory() };
        Ok(Self {
            probe: Probe::new(store.state()?, look.deep, look.trace),
            store,
            chance: SeededChance::new(play.seed),
            ledger: Ledger::of(play),
            requests: vec![0; sides.len()],
            approvals: Vec::new(),
            held: BTreeMap::new(),
            stale: BTreeSet::new(),
            allowed: BTreeMap::new(),
            deleted: BTreeMap::new(),
            given: BTreeMap::new(),
            taken_away: BTreeSet::new(),
            shown: None,
            went: BTreeSet::new(),
            whole: BTreeMap::new(),
            parted: BTreeMap::new(),
            ended: BTreeSet::new(),
            open: BTreeSet::new(),
            unknown: BTreeSet::new(),
            lied: BTreeSet::new(),
            lying: BTreeMap::new(),
            listed: BTreeMap::new(),
            written: BTreeSet::new(),
            terms: Terms::of(play),
            said: Performance::default(),
            policy: play.policy()?,
            play,
            look,
            clock,
            sides,
        })
    }

    fn tell(&mut self, line: impl FnOnce() -> String) {
        if self.look.trace {
            self.said.trace.push(line());
        }
    }

    fn mix(&mut self, number: u64) {
        self.said.hash = (self.said.hash.rotate_left(5) ^ number).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    /// What the play says of a far side; nothing of the hub.
    fn plan_of(&self, side: u8) -> Option<&FarPlan> {
        usize::from(side).checked_sub(1).and_then(|n| self.play.fars.get(n))
    }

    fn act(&mut self, act: &crate::Act) {
        self.shown = None;
        let answers_nothing = |side: u8| self.sides.get(usize::from(side)).is_some_and(|world| world.answers_nothing());
        let calls_twice = |side: u8| self.plan_of(side).is_some_and(|far| far.has("two_calls"));
        self.ledger.unread = self.open.iter().copied().filter(|side| answers_nothing(*side) || calls_twice(*side)).collect();
        self.ledger.short.clone_from(&self.lied);
        if let Some(line) = self.ledger.act(self.play.kind, &self.sides, act, self.clock.now()) {
            self.tell(|| line);
        }
    }

    fn pair<R: Record>(&self, probe: &Probe, plan: &RunPlan, watching: Arc<Watching>) -> Result<Box<dyn AnyPair>>
    where
        Pair<R>: AnyPair,
    {
        let engine =
            Engine::new(Arc::new(probe.clone())).clock(Arc::new(self.clock.clone())).chance(Arc::new(self.chance.clone())).watch(watching);
        let (hub, side) = (self.sides.first(), self.sides.get(usize::from(plan.far)));
        let (Some(hub), Some(side)) = (hub, side) else {
            return Err(pimkit_core::Error::new(pimkit_core::ErrorKind::Config, "the play has no far side of this number"));
        };
        let mut builder = engine
            .pair::<R>(&plan.sync(), hub.connector(), side.connector())
            .policy(self.policy.clone())
            .left_collections(vec![R::KIND.plural().to_owned()])
            .page_size(self.play.page_size);
        if let Some(app) = hub.app(R::KIND).filter(|_| self.play.props.app) {
            builder = builder.app(app);
        }
        for id in &self.approvals {
            builder = builder.approve(id);
        }
        Ok(Box::new(builder.build()?))
    }

    fn future(&self, probe: &Probe, plan: &RunPlan, watching: Arc<Watching>) -> Result<BoxFuture<'static, Result<Report>>> {
        let pair = match self.play.kind {
            Kind::Event => self.pair::<Event>(probe, plan, watching)?,
            Kind::Task => self.pair::<Task>(probe, plan, watching)?,
            _ => self.pair::<Contact>(probe, plan, watching)?,
        };
        let ends = plan.ends;
        Ok(Box::pin(
            async move { if ends { pair.disable(Consent::Given, Some("nobody needs it any more")).await } else { pair.run().await } },
        ))
    }

    fn move_on(&mut self, step: &Move) -> Result<()> {
        match step {
            Move::Act(act) => self.act(act),
            Move::Wait(seconds) => self.clock.advance(Duration::from_secs(u64::from(*seconds))),
            Move::Clock(seconds) => {
                self.tell(|| format!("the clock jumps by {seconds} s"));
                let now = self.clock.now();
                self.clock.set(now.checked_add(SignedDuration::from_secs(i64::from(*seconds))).unwrap_or(now));
            }
            Move::Run(plan) => {
                self.run(plan)?;
            }
        }
        Ok(())
    }

    /// Where every deletion must be allowed, a sync deletes no more than it was shown and allowed, neither in all nor in one run.
    fn check_asked(&mut self, sync: &str, report: &Report) {
        let word = |key: &str| self.play.policy.get(key).or(self.play.policy.get("deletes")).map(String::as_str);
        if ["deletes_left", "deletes_right"].iter().any(|key| word(key) != Some("ask")) {
            return;
        }
        let now = report.sync.deleted.total();
        let deleted = self.deleted.entry(sync.to_owned()).or_default();
        *deleted += now;
        let allowed: u64 = self.allowed.iter().filter(|((of, _), _)| of == sync).map(|(_, items)| *items).sum();
        let (given, before) = self.given.get(sync).copied().unwrap_or_default();
        if *deleted > allowed {
            let line = format!("{sync} has deleted {deleted} items, and {allowed} were shown and approved");
            self.said.failures.push(line);
        } else if now > given.max(before) {
            let line = format!("{sync} has deleted {now} items in a run, and {given} were shown and approved for it");
            self.said.failures.push(line);
        }
        // What was approved is used up by a whole run, or waits until it is all that there is to do.
        if report.sync.failed.is_none() {
            self.given.insert(sync.to_owned(), (0, before.max(given)));
        }
    }

    fn run(&mut self, plan: &RunPlan) -> Result<Ended> {
        let sync = plan.sync();
        if plan.approve {
            // What was approved once is used up, or is asked anew.
            let held = self.held.remove(&sync).unwrap_or_default();
            self.approvals = held.iter().map(|(id, _)| id.clone()).collect();
            self.given.entry(sync.clone()).or_default().0 += held.iter().map(|(_, items)| *items).sum::<u64>();
            self.allowed.extend(held.into_iter().map(|(id, items)| ((sync.clone(), id), items)));
        }
        let mut ended = self.run_once(plan)?;
        let late = |ended: &Ended| matches!(ended, Ended::Failed(error) if error.kind() == ErrorKind::Config);
        if !std::mem::take(&mut self.approvals).is_empty() && late(&ended) {
            // A run that was cut off had used it up already: who approved it is told so, and looks again.
            ended = self.run_once(&RunPlan { far: plan.far, second: plan.second, ..RunPlan::default() })?;
        }
        Ok(ended)
    }

    fn run_once(&mut self, plan: &RunPlan) -> Result<Ended> {
        self.clock.advance(Duration::from_secs(7));
        let since = self.ledger.acts;
        let (sync, shown) = (plan.sync(), self.shown.take().unwrap_or_else(|| self.look_at_all()));
        let both = BTreeSet::from([0, plan.far]);
        let before = if plan.leaves_doubts() { there(self.play.kind, &self.sides, &both) } else { BTreeSet::new() };
        let ended = self.drive(plan)?;
        self.check_shown(plan, &shown);
        if plan.ends {
            self.ended.insert(sync.clone());
            self.parted.insert(plan.far, self.whole.get(&sync).copied().unwrap_or_default());
        }
        let clean = match &ended {
            Ended::Report(r) => r.sync.notes.is_empty() && r.sync.quarantined.is_empty() && r.sync.failed.is_none(),
            _ => false,
        };
        if clean && !plan.ends {
            self.whole.insert(sync.clone(), since);
            self.ledger.copied_on.retain(|side, act| !both.contains(side) || *act >= since);
        }
        let mut open = std::mem::take(&mut self.open);
        open.append(&mut self.unknown);
        if let Ended::Report(report) = &ended {
            // What the end of a sync takes away is agreed to with the end.
            if !plan.ends {
                self.check_asked(&sync, report);
            }
            self.now_holds(&sync, report);
        }
        if matches!(ended, Ended::Report(_)) {
            self.stale.remove(&sync);
        } else {
            self.stale.insert(sync.clone());
        }
        let lying = self.lying.clone();
        let rekeys = |side: u8| self.ledger.rekeying.contains(&side);
        let hidden: Vec<u8> = lying.iter().filter(|(side, times)| **times > 1 && rekeys(**side)).map(|(side, _)| *side).collect();
        for side in hidden {
            self.ledger.lose_sight(side);
        }
        self.ledger.ended(plan.far, since, clean, clean && !self.lied.contains(&0), &open, &lying);
        if clean {
            // What was kept back then, a whole listing has shown since, or two runs have asked for.
            self.lying.retain(|side, _| *side != 0 && *side != plan.far);
        }
        // What a user took away where listings come short, nobody had listed when the write left.
        for side in [0, plan.far] {
            let late = self.plan_of(side).is_some_and(FarPlan::lists_late);
            let listed = self.listed.entry(side).or_default();
            if open.contains(&side) && (late || self.lied.contains(&side)) {
                self.ledger.blur(side, listed.first().copied().unwrap_or_default());
            } else if !self.lied.contains(&side) {
                listed.push(since);
                let over = listed.len().saturating_sub(if late { 3 } else { 1 });
                listed.drain(..over);
            }
        }
        if plan.leaves_doubts() {
            self.ledger.came(self.play.kind, &self.sides, &before, &open, since);
        }
        self.clock.advance(Duration::from_secs(3));
        self.said.runs += 1;
        match &ended {
            Ended::Report(report) => {
                let hash = hash_of(&report.sync);
                self.mix(hash);
                let text = self.look.trace.then(|| format!("run of {sync}: {}", brief(report)));
                self.tell(|| text.unwrap_or_default());
            }
            Ended::Failed(error) => {
                self.mix(error.to_string().len() as u64);
                let line = format!("run of {sync} failed: {error}");
                self.tell(|| line);
            }
            Ended::Stopped => {
                self.mix(1);
                self.tell(|| format!("run of {sync} was stopped"));
            }
        }
        Ok(ended)
    }

    /// What the last process that came to its end holds: what it was shown before may be answered by now.
    fn now_holds(&mut self, sync: &str, report: &Report) {
        self.held.insert(sync.to_owned(), report.sync.holds.iter().map(|h| (h.approve.clone(), h.items)).collect());
    }

    fn restart(&mut self) -> Result<()> {
        self.store.restart()?;
        self.probe = Probe::new(self.store.state()?, self.look.deep, self.look.trace);
        self.said.crashes += 1;
        Ok(())
    }

    fn journal(&self) -> Result<Vec<JournalRow>> {
        block_on(self.store.state()?.journal(JournalQuery::default()).try_collect())
    }

    fn finish(mut self) -> Result<Performance> {
        let mut failures = self.end()?;
        let journal = self.journal()?;
        let clock_jumped = self.play.moves.iter().any(|m| matches!(m, Move::Clock(_)));
        let late = (1_u8..).zip(&self.play.fars).filter(|(_, far)| far.lists_late()).map(|(side, _)| side).collect();
        let rewrites = |(side, _): &(u8, _)| self.plan_of(*side).is_some_and(|far| far.has("normalises"));
        let rewriting: BTreeSet<u8> = (0..).zip(&self.sides).filter(rewrites).map(|(side, _)| side).collect();
        let evidence = Evidence {
            late: &late,
            rewriting: &rewriting,
            kind: self.play.kind,
            sides: &self.sides,
            ledger: &self.ledger,
            journal: &journal,
            policy: &self.play.policy,
            taken_away: &self.taken_away,
            parted: &self.parted,
            terms: &self.terms,
            written: &self.written,
            clock_jumped,
        };
        let verdict = oracle::judge(&evidence);
        let there: Vec<u64> = verdict.there.iter().map(hash_of).collect();
        failures.extend(verdict.failures);
        failures.extend(self.missed(&journal));
        for number in there {
            self.mix(number);
        }
        self.said.edits = self.ledger.acts;
        if self.play.props.ends {
            failures.extend(self.curtain()?);
        }
        self.said.failures.extend(failures);
        Ok(self.said)
    }
}

fn brief(report: &Report) -> String {
    let s = &report.sync;
    let two = |name: &str, of: pimkit_sync::PerSide| format!("{name} {}/{}", of.left, of.right);
    let mut text = [two("created", s.created), two("updated", s.updated), two("deleted", s.deleted)].join(", ");
    text.push_str(&format!(", linked {}, conflicts {}, held {}, holds {}", s.linked, s.conflicts, s.held, s.holds.len()));
    for over in &s.quarantined {
        text.push_str(&format!("; {} {}: {}", over.side.word(), over.id, over.error));
    }
    for note in s.notes.iter().chain(&s.failed) {
        text.push_str(&format!("; {note}"));
    }
    text
}

/// Plays on far sides of the caller's own, one for each of the play's.
#[must_use]
pub fn perform_with(play: &Play, fars: Vec<Box<dyn FarWorld>>, clock: FakeClock, trace: bool) -> Performance {
    perform_looking(play, Ok(fars), clock, Look { trace, deep: true })
}

/// Plays on in-memory far sides. With `trace`, what happens is written down line by line.
#[must_use]
pub fn perform(play: &Play, trace: bool) -> Performance {
    perform_deep(play, Look { trace, deep: true })
}

pub(crate) fn perform_deep(play: &Play, look: Look) -> Performance {
    let clock = FakeClock::default();
    let worlds = play.fars.iter().enumerate().map(|(n, far)| {
        let after = |word: &str| far.switches.iter().find_map(|switch| switch.strip_prefix(word));
        let world: Box<dyn FarWorld> = match (after(crate::dav::SWITCH), after(crate::graph::SWITCH)) {
            (Some(server), _) => Box::new(DavFar::new(server, n + 1, &clock)?),
            (_, Some(way)) => Box::new(GraphFar::new(way, n + 1, &clock)?),
            _ => Box::new(Worst::new(far.options(n + 1)?, &clock)),
        };
        Ok(world)
    });
    let worlds: Result<Vec<_>> = worlds.collect();
    perform_looking(play, worlds, clock, look)
}

fn perform_looking(play: &Play, fars: Result<Vec<Box<dyn FarWorld>>>, clock: FakeClock, look: Look) -> Performance {
    let played = fars.and_then(|fars| {
        let mut theatre = Theatre::new(play, fars, clock, look)?;
        for step in &play.moves {
            theatre.move_on(step)?;
        }
        theatre.finish()
    });
    played.unwrap_or_else(|error| Performance { failures: vec![format!("the play cannot be played: {error}")], ..Performance::default() })
}

impl std::fmt::Debug for Theatre<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Theatre")
            .field("sides", &self.sides.iter().enumerate().map(|(n, _)| side_name(n as u8)).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
