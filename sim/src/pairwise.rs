//! The pairwise cover of the policies: any two values of two axes together, each played on many seeds
//! and judged by what its words say, or refused with a sentence.

mod axes;
mod cover;
mod plays;

use crate::{
    play::Play,
    theatre::{Look, perform_deep},
};
use axes::{Dimension, Setting, dimensions, plain, setting};
use cover::{At, Cover, Pair, Row, cover};
use serde::Serialize;
use std::{
    collections::{BTreeMap, HashMap},
    panic,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// Seeds of a row begin here, and go on by row: no two rows play the same users.
const ROW: u64 = 10_000;

/// Which pairs are in which rows, and what cannot be in one.
#[derive(Debug)]
pub struct Pairwise {
    dimensions: Vec<Dimension>,
    cover: Cover,
}

/// A pair of values that is refused by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefusedPair {
    /// The one value, as `key = word`.
    pub one: String,
    /// The other.
    pub other: String,
    /// What the engine says to it.
    pub sentences: Vec<String>,
    /// What is wrong with what it says; nothing when it is a sentence that names what it is about.
    pub wrong: Option<String>,
}

/// A seed of a row that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FailedSeed {
    /// The row, from 1.
    pub row: usize,
    /// The seed.
    pub seed: u64,
    /// What is wrong, one line each.
    pub failures: Vec<String>,
}

/// What all rows came to.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Seeds played.
    pub seeds: u64,
    /// How long it took.
    pub took: Duration,
    /// Those that failed, by row and seed.
    pub failed: Vec<FailedSeed>,
}

impl Pairwise {
    /// Finds the rows. The same each time.
    #[must_use]
    pub fn new() -> Self {
        let dimensions = dimensions();
        let known: std::cell::RefCell<HashMap<Row, Option<String>>> = std::cell::RefCell::default();
        let rules = |row: &[usize]| {
            if let Some(says) = known.borrow().get(row) {
                return says.clone();
            }
            let says = setting(&dimensions, row).refusal();
            known.borrow_mut().insert(row.to_vec(), says.clone());
            says
        };
        let sizes: Vec<usize> = dimensions.iter().map(|d| d.choices.len()).collect();
        let cover = cover(&sizes, &plain(&dimensions), &rules);
        Self { dimensions, cover }
    }

    /// Axes, and pairs of values of two of them.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        (self.dimensions.len(), self.cover.pairs)
    }

    /// How many rows are played.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.cover.rows.len()
    }

    fn value(&self, (axis, value): At) -> String {
        let choice = |d: &Dimension| Some(format!("{} = {}", d.key, d.choices.get(value)?.word));
        self.dimensions.get(axis).and_then(choice).unwrap_or_default()
    }

    /// The words of a row that are not the first of their axes, for people; rows count from 1.
    #[must_use]
    pub fn words(&self, row: usize) -> String {
        let words = self.cover.rows.get(row.wrapping_sub(1)).into_iter().flatten().copied().enumerate();
        words.map(|at| self.value(at)).collect::<Vec<_>>().join(", ")
    }

    /// The play of a seed of a row; nothing when there is no such row.
    #[must_use]
    pub fn play(&self, row: usize, seed: u64) -> Option<Play> {
        let values = self.cover.rows.get(row.wrapping_sub(1))?;
        Some(plays::play(&self.setting(values), seed))
    }

    fn setting(&self, row: &[usize]) -> Setting {
        setting(&self.dimensions, row)
    }

    /// The pairs that no row may have, each with what the engine says to it.
    #[must_use]
    pub fn refused(&self) -> Vec<RefusedPair> {
        let one = |pair: &Pair| {
            let sentences = self.sentences(*pair);
            let wrong = self.wrong_in(*pair, &sentences);
            RefusedPair { one: self.value(pair.0), other: self.value(pair.1), sentences, wrong }
        };
        self.cover.refused.iter().map(one).collect()
    }

    /// What the engine says to a pair beside nothing but defaults; and where that asks for another value, what it says then.
    fn sentences(&self, pair: Pair) -> Vec<String> {
        let mut row = plain(&self.dimensions);
        for (axis, value) in [pair.0, pair.1] {
            if let Some(place) = row.get_mut(axis) {
                *place = value;
            }
        }
        let mut sentences: Vec<String> = Vec::new();
        while let Some(sentence) = self.setting(&row).refusal().filter(|s| !sentences.contains(s)) {
            sentences.push(sentence.clone());
            if self.wrong_in(pair, &sentences).is_none() {
                break;
            }
            let asked =
                self.dimensions.iter().enumerate().filter(|(axis, d)| *axis != pair.0.0 && *axis != pair.1.0 && sentence.contains(d.key));
            let other = asked.flat_map(|(axis, d)| (0..d.choices.len()).map(move |value| (axis, value))).find_map(|(axis, value)| {
                let mut other = row.clone();
                *other.get_mut(axis)? = value;
                self.setting(&other).refusal().is_some_and(|says| !sentences.contains(&says)).then_some(other)
            });
            row = other.unwrap_or(row);
        }
        sentences
    }

    /// What is wrong with the refusal of a pair: it is one line, and the sentences name both values, or how one leads to what
    /// the other is refused with.
    fn wrong_in(&self, pair: Pair, sentences: &[String]) -> Option<String> {
        if sentences.is_empty() || sentences.iter().any(|s| s.trim().is_empty() || s.contains('\n')) {
            return Some("a refusal is one line".to_owned());
        }
        let unnamed = |(axis, value): At| {
            let dimension = self.dimensions.get(axis)?;
            let choice = dimension.choices.get(value)?;
            let named = sentences.iter().any(|s| s.contains(dimension.key) || s.contains(&choice.word));
            (!named).then(|| format!("no sentence names {} or {}", dimension.key, choice.word))
        };
        unnamed(pair.0).or_else(|| unnamed(pair.1))
    }

    /// Plays so many seeds of each row, on so many threads. `watch` is told how many are done, and how many have failed.
    pub fn run(&self, rows: &[usize], seeds: u64, jobs: usize, watch: &(dyn Fn(u64, u64) + Sync)) -> Outcome {
        let started = Instant::now();
        let all: Vec<(usize, u64)> = rows.iter().flat_map(|row| (0..seeds).map(move |n| (*row, *row as u64 * ROW + n))).collect();
        let next = AtomicUsize::new(0);
        let sum = Mutex::new(Outcome::default());
        let work = || {
            while let Some((row, seed)) = all.get(next.fetch_add(1, Ordering::Relaxed)).copied() {
                let Some(play) = self.play(row, seed) else { continue };
                // A panic is a failure like any other, and the other seeds are played all the same.
                let failures = panic::catch_unwind(|| perform_deep(&play, Look::default()).failures);
                let failures = failures.unwrap_or_else(|_| vec!["the engine panicked".to_owned()]);
                let mut sum = sum.lock().unwrap_or_else(PoisonError::into_inner);
                sum.seeds += 1;
                if !failures.is_empty() {
                    sum.failed.push(FailedSeed { row, seed, failures });
                }
                let (done, failed) = (sum.seeds, sum.failed.len() as u64);
                drop(sum);
                watch(done, failed);
            }
        };
        thread::scope(|scope| {
            for _ in 0..jobs.max(1) {
                scope.spawn(work);
            }
        });
        let mut outcome = sum.into_inner().unwrap_or_else(PoisonError::into_inner);
        outcome.took = started.elapsed();
        outcome.failed.sort_by_key(|failed| (failed.row, failed.seed));
        outcome
    }

    /// The pairs whose rows fail more often than their values' other rows do, the most striking first: the likely causes.
    #[must_use]
    pub fn suspects(&self, outcome: &Outcome, seeds: u64) -> Vec<(String, u64, u64)> {
        let mut by_row: BTreeMap<usize, u64> = BTreeMap::new();
        outcome.failed.iter().for_each(|failed| *by_row.entry(failed.row).or_default() += 1);
        let mut by_value: BTreeMap<At, (u64, u64)> = BTreeMap::new();
        for (n, row) in self.cover.rows.iter().enumerate() {
            let failed = by_row.get(&(n + 1)).copied().unwrap_or(0);
            for at in row.iter().copied().enumerate() {
                let entry = by_value.entry(at).or_default();
                entry.0 += failed;
                entry.1 += seeds;
            }
        }
        let mut all: Vec<(String, u64, u64)> =
            by_value.into_iter().map(|(at, (failed, played))| (self.value(at), failed, played)).collect();
        all.sort_by(|a, b| (b.1 * a.2).cmp(&(a.1 * b.2)).then_with(|| a.0.cmp(&b.0)));
        all.retain(|(_, failed, _)| *failed > 0);
        all
    }
}

impl Default for Pairwise {
    fn default() -> Self {
        Self::new()
    }
}
