//! Many seeds, on all cores: each is played on one thread, and what it came to is added up.

use crate::{
    coverage::Coverage,
    dav::on_dav,
    graph::on_graph,
    plan::plan,
    play::Play,
    theatre::{Look, Performance, perform_deep},
};
use serde::Serialize;
use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// One seed in so many is played twice, and must come to the same.
const TWICE: u64 = 50;

/// Who the far sides are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Providers {
    /// Providers in memory, with every unpleasant trait on a switch.
    #[default]
    Memory,
    /// Simulated DAV servers.
    Dav,
    /// Simulated mailboxes at Microsoft's.
    Graph,
}

impl Providers {
    /// The play of a seed with them.
    #[must_use]
    pub fn play(self, seed: u64) -> Play {
        match self {
            Self::Memory => plan(seed),
            Self::Dav => on_dav(plan(seed)),
            Self::Graph => on_graph(seed),
        }
    }
}

/// Which seeds are played, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Campaign {
    /// The first seed.
    pub from: u64,
    /// How many.
    pub seeds: u64,
    /// No seed is begun after this time.
    pub most: Option<Duration>,
    /// Threads.
    pub jobs: usize,
    /// Ends with the first seed that fails.
    pub until_failure: bool,
    /// Who the far sides are.
    pub providers: Providers,
}

/// A seed that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failed {
    /// The seed.
    pub seed: u64,
    /// What is wrong, one line each.
    pub failures: Vec<String>,
}

/// What the seeds came to.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Seeds played.
    pub seeds: u64,
    /// How long it took.
    pub took: Duration,
    /// Those that failed, in the order of their seeds.
    pub failed: Vec<Failed>,
    /// Medians of edits, faults and crashes.
    pub medians: [usize; 3],
    /// Runs in all.
    pub runs: u64,
    /// Seeds that were played twice and came to the same.
    pub twice: u64,
    /// What was hit where.
    pub coverage: Coverage,
}

impl Summary {
    /// Seeds in a second.
    #[must_use]
    pub fn speed(&self) -> f64 {
        let seconds = self.took.as_secs_f64();
        if seconds > 0.0 { self.seeds as f64 / seconds } else { 0.0 }
    }
}

#[derive(Default)]
struct Sum {
    edits: Vec<usize>,
    faults: Vec<usize>,
    crashes: Vec<usize>,
    summary: Summary,
}

impl Sum {
    fn add(&mut self, seed: u64, played: Performance) {
        self.edits.push(played.edits);
        self.faults.push(played.faults);
        self.crashes.push(played.crashes);
        self.summary.seeds += 1;
        self.summary.runs += played.runs as u64;
        for (cell, count) in played.coverage {
            *self.summary.coverage.entry(cell).or_default() += count;
        }
        if !played.failures.is_empty() {
            self.summary.failed.push(Failed { seed, failures: played.failures });
        }
    }
}

fn median(mut numbers: Vec<usize>) -> usize {
    numbers.sort_unstable();
    numbers.get(numbers.len() / 2).copied().unwrap_or(0)
}

fn play(seed: u64, providers: Providers) -> (Performance, bool) {
    let twice = seed.is_multiple_of(TWICE);
    let look = Look { trace: false, deep: twice };
    let play = providers.play(seed);
    let mut played = perform_deep(&play, look);
    if twice && perform_deep(&play, look).hash != played.hash {
        played.failures.push("the same seed played twice does not come to the same".to_owned());
    }
    (played, twice)
}

impl Campaign {
    /// Plays the seeds. `watch` is told how many are done, and how many have failed.
    pub fn run(&self, watch: &(dyn Fn(u64, u64) + Sync)) -> Summary {
        let started = Instant::now();
        let next = AtomicU64::new(0);
        let stop = AtomicBool::new(false);
        let sum = Mutex::new(Sum::default());
        let work = || {
            while !stop.load(Ordering::Relaxed) && self.most.is_none_or(|most| started.elapsed() < most) {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= self.seeds {
                    break;
                }
                let seed = self.from.wrapping_add(n);
                let (played, twice) = play(seed, self.providers);
                if self.until_failure && !played.failures.is_empty() {
                    stop.store(true, Ordering::Relaxed);
                }
                let mut sum = sum.lock().unwrap_or_else(PoisonError::into_inner);
                sum.add(seed, played);
                sum.summary.twice += u64::from(twice);
                let (done, failed) = (sum.summary.seeds, sum.summary.failed.len() as u64);
                drop(sum);
                watch(done, failed);
            }
        };
        thread::scope(|scope| {
            for _ in 0..self.jobs.max(1) {
                scope.spawn(work);
            }
        });
        let sum = sum.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut summary = sum.summary;
        summary.took = started.elapsed();
        summary.medians = [median(sum.edits), median(sum.faults), median(sum.crashes)];
        summary.failed.sort_by_key(|f| f.seed);
        summary
    }
}
