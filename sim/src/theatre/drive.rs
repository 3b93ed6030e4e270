//! One run, polled by hand: what it asks for is written down, and it is stopped, or disturbed,
//! after as many polls as the plan says.

use super::{Ended, Theatre};
use crate::{
    coverage::{Hit, Place, Wrong, classify, strikes},
    ledger::side_name,
    play::{Act, Aim, Cue, PlannedFault, RunPlan},
    probe::{AtCommit, CommitOf, Probe},
};
use futures::{future::BoxFuture, task::ArcWake};
use pimkit_contract::worst::{Fault, FaultPlan, Operation, Request};
use pimkit_core::Result;
use pimkit_sync::{Progress, Report, Watch};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

/// More polls than any run of a play takes.
const MOST: u32 = 20_000;

/// Knows the stage that the engine says it is in.
#[derive(Debug)]
pub(crate) struct Watching {
    stage: Mutex<Hit>,
}

impl Watching {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { stage: Mutex::new(Hit::Observe) })
    }

    fn stage(&self) -> Hit {
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watch for Watching {
    fn progress(&self, progress: Progress) {
        if let Progress::Stage { stage, .. } = progress {
            let hit = match stage {
                "recover" => Hit::Recover,
                "match" => Hit::Plan,
                "apply" => Hit::Apply,
                _ => Hit::Observe,
            };
            *self.stage.lock().unwrap_or_else(PoisonError::into_inner) = hit;
        }
    }
}

#[derive(Default)]
struct Woken(AtomicBool);

impl ArcWake for Woken {
    fn wake_by_ref(woken: &Arc<Self>) {
        woken.0.store(true, Ordering::Relaxed);
    }
}

/// Where a run stands after a poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    BeforeRequest,
    AfterEffect(Operation),
    Commit(AtCommit, CommitOf),
}

/// A run in the making.
pub(crate) struct Driven {
    future: BoxFuture<'static, Result<Report>>,
    watching: Arc<Watching>,
    woken: Arc<Woken>,
    at: At,
    before: At,
    /// A write was answered, and what came of it is not taken down yet.
    unrecorded: bool,
    /// The stage before the last poll: what the poll asked for belongs there.
    asked_in: Hit,
}

impl Driven {
    fn new(future: BoxFuture<'static, Result<Report>>, watching: Arc<Watching>) -> Self {
        Self {
            future,
            watching,
            woken: Arc::default(),
            at: At::BeforeRequest,
            before: At::BeforeRequest,
            unrecorded: false,
            asked_in: Hit::Observe,
        }
    }

    fn poll(&mut self) -> Poll<Result<Report>> {
        self.woken.0.store(false, Ordering::Relaxed);
        self.asked_in = self.watching.stage();
        let waker = futures::task::waker_ref(&self.woken);
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }

    fn hangs(&self) -> bool {
        !self.woken.0.load(Ordering::Relaxed)
    }

    /// The stage, where a request of this operation is about to be or was sent.
    fn stage(&self, operation: Option<Operation>) -> Hit {
        let stage = self.watching.stage();
        if stage == Hit::Apply && self.unrecorded && operation != Some(Operation::Write) { Hit::Record } else { stage }
    }

    /// The stage in which the last poll sent a request of this operation.
    fn asked(&self, operation: Operation) -> Hit {
        let answered = self.unrecorded || self.at == At::AfterEffect(Operation::Write);
        if self.asked_in == Hit::Apply && answered && operation != Operation::Write { Hit::Record } else { self.asked_in }
    }

    /// The stage that a request of this operation belongs to, if that is what the next poll sends.
    fn will_ask(&self, operation: Operation) -> Hit {
        let stage = self.watching.stage();
        let answered = self.unrecorded || self.at == At::AfterEffect(Operation::Write);
        if stage == Hit::Apply && answered && operation != Operation::Write { Hit::Record } else { stage }
    }

    /// Whether this is where an aim is taken at.
    fn is_at(&self, aim: &Aim) -> bool {
        self.cells(aim.wrong).contains(&(aim.stage, aim.wrong, aim.place))
    }

    /// The cells that a stop at this point falls into.
    fn cells(&self, wrong: Wrong) -> Vec<(Hit, Wrong, Place)> {
        let mut cells = Vec::new();
        if matches!(self.before, At::AfterEffect(_)) && !matches!(self.at, At::AfterEffect(_)) {
            cells.push((self.stage(None), wrong, Place::AfterAnswer));
        }
        match self.at {
            At::BeforeRequest => cells.push((self.stage(None), wrong, Place::BeforeRequest)),
            At::AfterEffect(operation) => cells.push((self.stage(Some(operation)), wrong, Place::AfterEffect)),
            At::Commit(AtCommit::Before, of) => {
                let stage = self.watching.stage();
                let stage = if stage == Hit::Apply && of == CommitOf::Outcomes { Hit::Record } else { stage };
                cells.push((stage, wrong, Place::BeforeCommit));
            }
            At::Commit(AtCommit::After, _) => {}
        }
        cells
    }

    fn moved(&mut self, at: At) {
        self.before = self.at;
        if self.before == At::AfterEffect(Operation::Write) {
            self.unrecorded = true;
        }
        if matches!(at, At::Commit(AtCommit::After, CommitOf::Outcomes)) {
            self.unrecorded = false;
        }
        self.at = at;
    }
}

/// Which of the planned faults strike, counted as the worlds count.
#[derive(Default)]
struct Counting {
    all: BTreeMap<u8, u64>,
    by: BTreeMap<(u8, Operation), u64>,
    /// By the place of the fault in the plan.
    in_stage: BTreeMap<usize, u64>,
}

impl Counting {
    /// How many requests that a fault counts there were; nothing where it strikes none that is sent now.
    fn before(&self, n: usize, fault: &PlannedFault, run: Option<&Driven>) -> Option<u64> {
        let count = |count: Option<&u64>| count.copied().unwrap_or_default();
        match (fault.stage, fault.operation) {
            (None, None) => Some(count(self.all.get(&fault.side))),
            (None, Some(operation)) => Some(count(self.by.get(&(fault.side, operation)))),
            (Some(stage), Some(operation)) if run.is_some_and(|run| run.will_ask(operation) == stage) => Some(count(self.in_stage.get(&n))),
            (Some(_), _) => None,
        }
    }

    /// Counts a request of this stage. Comes back with the fault that it meets.
    fn next<'p>(&mut self, side: u8, request: &Request, stage: Hit, faults: &'p [PlannedFault]) -> Option<&'p PlannedFault> {
        let operation = request.operation;
        *self.all.entry(side).or_default() += 1;
        *self.by.entry((side, operation)).or_default() += 1;
        let of = |fault: &PlannedFault| fault.side == side && fault.operation.is_none_or(|of| of == operation);
        for (n, _) in faults.iter().enumerate().filter(|(_, f)| of(f) && f.stage == Some(stage)) {
            *self.in_stage.entry(n).or_default() += 1;
        }
        let meets = |n: usize, fault: &PlannedFault| match fault.stage {
            None => self.before(n, fault, None) == Some(fault.nth),
            Some(_) => fault.stage == Some(stage) && self.in_stage.get(&n) == Some(&fault.nth),
        };
        let mut met = faults.iter().enumerate().filter(|(n, f)| of(f) && meets(*n, f)).map(|(_, f)| f);
        let by_number = met.clone().rfind(|f| f.operation.is_none());
        by_number.or_else(|| met.next_back())
    }

    /// Whether the request that a cue speaks of was the last of its like.
    fn is_at(&self, cue: &Cue) -> bool {
        self.by.get(&(cue.side, cue.operation)) == Some(&cue.nth)
    }
}

impl Theatre<'_> {
    fn set_faults(&self, faults: &[PlannedFault], counting: &Counting, run: Option<&Driven>) {
        for (side, world) in (0_u8..).zip(&self.sides) {
            // A listing that looks whole and keeps back the original of a copy makes the copy the one that has the uid.
            let copied = self.ledger.copied_on.contains_key(&side);
            let is_told = |f: &PlannedFault| !(copied && matches!(f.fault, Fault::TruncatedPage | Fault::Empty));
            let of_side = faults.iter().enumerate().filter(|(_, f)| f.side == side && is_told(f));
            let left = of_side.filter_map(|(n, f)| Some((f, f.nth.checked_sub(counting.before(n, f, run)?).filter(|left| *left > 0)?)));
            world.set_faults(left.fold(FaultPlan::none(), |plan, (f, left)| match f.operation {
                Some(operation) => plan.at_nth(operation, left, f.fault),
                None => plan.at(left, f.fault),
            }));
        }
    }

    /// The requests since they were last looked at.
    fn new_requests(&mut self) -> Vec<(u8, Request)> {
        let mut new = Vec::new();
        for ((side, world), seen) in (0_u8..).zip(&self.sides).zip(&mut self.requests) {
            for request in world.requests_after(*seen) {
                *seen = request.number;
                new.push((side, request));
            }
        }
        new
    }

    fn hit(&mut self, cells: Vec<(Hit, Wrong, Place)>) {
        for cell in cells {
            *self.said.coverage.entry(cell).or_default() += 1;
        }
    }

    /// After a poll: what was asked and committed goes into the trace, and what struck is counted.
    fn look_after(&mut self, far: u8, run: &mut Driven, probe: &Probe, counting: &mut Counting, faults: &[PlannedFault]) {
        let committing = probe.at();
        for commit in probe.told() {
            self.mix(commit.count as u64 ^ commit.hash);
            self.tell(|| format!("    commit of {} changes", commit.count));
            for words in commit.words {
                self.tell(|| format!("      {words}"));
            }
        }
        let mut at = committing.map_or(At::BeforeRequest, |(at, of)| At::Commit(at, of));
        if at == At::Commit(AtCommit::After, CommitOf::Outcomes) {
            self.open.clear();
        }
        if at == At::Commit(AtCommit::After, CommitOf::Intents) {
            // They may have left, for all that the next process knows.
            self.open.extend([0, far]);
        }
        for (side, request) in self.new_requests() {
            if request.operation == Operation::Write {
                self.open.insert(side);
                self.written.insert(side);
            }
            let collection = request.collection.as_ref().map_or(0, |c| c.as_str().len());
            self.mix(u64::from(side) << 48 ^ (request.operation as u64) << 32 ^ (request.ids as u64) << 8 ^ collection as u64);
            let stage = run.asked(request.operation);
            let struck = counting.next(side, &request, stage, faults).filter(|f| strikes(f.fault, request.operation)).map(|f| f.fault);
            at = At::AfterEffect(request.operation);
            self.tell(|| {
                let fault = struck.map(|f| format!(" !! {f:?}")).unwrap_or_default();
                format!("    {stage:?}: {} {:?} of {}{fault}", side_name(side), request.operation, request.ids)
            });
            if let Some(fault) = struck {
                self.said.faults += 1;
                if matches!(request.operation, Operation::Write | Operation::Fetch) {
                    // Its outcome may stay open, whatever is taken down of the others.
                    self.unknown.insert(side);
                }
                if request.operation == Operation::Changes && matches!(fault, Fault::TruncatedPage | Fault::Empty) {
                    self.lied.insert(side);
                    *self.lying.entry(side).or_default() += 1;
                }
                let (wrong, place) = classify(fault);
                self.hit(vec![(stage, wrong, place)]);
            }
        }
        run.moved(at);
        if let Some(of) = probe.failed() {
            self.said.faults += 1;
            let stage = run.watching.stage();
            let stage = if stage == Hit::Apply && of == CommitOf::Outcomes { Hit::Record } else { stage };
            self.tell(|| format!("    {stage:?}: !! a commit fails"));
            self.hit(vec![(stage, Wrong::DiskFull, Place::BeforeCommit)]);
        }
    }

    /// Another process believes this one dead, takes its lease, and does the work.
    fn overtake(&mut self, plan: &RunPlan) -> Result<()> {
        self.tell(|| "  -- another process takes over".to_owned());
        self.ledger.overtaken(plan.far, self.whole.get(&plan.sync()).copied().unwrap_or_default());
        let mut counting = Counting::default();
        self.set_faults(&[], &counting, None);
        let probe = Probe::new(self.store.state()?, self.look.deep, self.look.trace);
        let watching = Watching::new();
        let mut run = Driven::new(self.future(&probe, plan, watching.clone())?, watching);
        for _ in 0..MOST {
            let polled = run.poll();
            self.look_after(plan.far, &mut run, &probe, &mut counting, &[]);
            if let Poll::Ready(ended) = polled {
                if let Ok(report) = &ended {
                    self.now_holds(&plan.sync(), report);
                }
                let text = ended.map_or_else(|e| e.to_string(), |r| super::brief(&r));
                self.tell(|| format!("  -- the other process is done: {text}"));
                break;
            }
            if run.hangs() {
                break;
            }
        }
        self.said.runs += 1;
        Ok(())
    }

    pub(super) fn drive(&mut self, plan: &RunPlan) -> Result<Ended> {
        let mut counting = Counting::default();
        self.set_faults(&plan.faults, &counting, None);
        self.probe.fail(plan.commit);
        let probe = self.probe.clone();
        let watching = Watching::new();
        self.tell(|| format!("{} runs", plan.sync()));
        let mut run = Driven::new(self.future(&probe, plan, watching.clone())?, watching);
        let mut faults: &[PlannedFault] = &plan.faults;
        let mut cues: Vec<&(Cue, Act)> = plan.on.iter().collect();
        let mut came_by = 0;
        let mut ended = Ended::Stopped;
        for n in 0..MOST {
            for (_, act) in plan.acts.iter().filter(|(at, _)| *at == n) {
                self.act(act);
            }
            let (now, later): (Vec<_>, Vec<_>) = cues.into_iter().partition(|(cue, _)| counting.is_at(cue));
            cues = later;
            now.iter().for_each(|(_, act)| self.act(act));
            let aim = plan.aim.as_ref().filter(|aim| run.is_at(aim)).filter(|aim| {
                came_by += 1;
                came_by == aim.nth
            });
            let aimed = aim.map(|aim| aim.wrong);
            if plan.stop == Some(n) || aimed == Some(Wrong::Crash) {
                self.tell(|| format!("  -- the process dies, {:?}", run.at));
                self.hit(run.cells(Wrong::Crash));
                drop(run);
                self.restart()?;
                break;
            }
            if (plan.taken == Some(n) || aimed == Some(Wrong::Lease)) && probe.take_over() {
                self.hit(run.cells(Wrong::Lease));
                self.said.faults += 1;
                faults = &[];
                let twice = self.plan_of(plan.far).is_some_and(|far| far.has("two_calls"));
                if twice && run.at == At::AfterEffect(Operation::Write) {
                    self.ledger.between_calls(self.whole.get(&plan.sync()).copied().unwrap_or_default());
                }
                self.overtake(plan)?;
            }
            if aimed == Some(Wrong::DiskFull) {
                // Every other time it was written all the same.
                probe.fail_next(came_by % 2 == 0);
            }
            if faults.iter().any(|f| f.stage.is_some()) {
                self.set_faults(faults, &counting, Some(&run));
            }
            let polled = run.poll();
            self.look_after(plan.far, &mut run, &probe, &mut counting, faults);
            match polled {
                Poll::Ready(Ok(report)) => {
                    ended = Ended::Report(Box::new(report));
                    break;
                }
                Poll::Ready(Err(error)) => {
                    ended = Ended::Failed(error);
                    break;
                }
                // Whoever waits for it gives up.
                Poll::Pending if run.hangs() => break,
                Poll::Pending => {}
            }
        }
        self.set_faults(&[], &Counting::default(), None);
        self.probe.fail(None);
        Ok(ended)
    }
}
