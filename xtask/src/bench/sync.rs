//! A first sync of two sizes, each in a process of its own, and what their memory says.

use serde::{Deserialize, Serialize};

use super::{aligned, each_size};
use crate::workspace::Workspace;

/// How many contacts.
const SIZES: [u64; 2] = [10_000, 100_000];
/// How many times the small run's peak the great one's may be.
const MOST: f64 = 1.5;

/// What a run took.
#[derive(Debug, Serialize, Deserialize)]
struct Taken {
    wall: f64,
    cpu: f64,
    peak_kib: u64,
    created: u64,
    writes: u64,
}

/// What one process measured of itself: the output of the example `first_sync`.
#[derive(Debug, Serialize, Deserialize)]
struct Measured {
    count: u64,
    idle_kib: u64,
    first: Taken,
    unchanged: Taken,
    store_bytes: u64,
    state_bytes: u64,
}

/// The two sizes beside each other.
#[derive(Debug, Serialize)]
pub(super) struct Comparison {
    runs: Vec<Measured>,
    /// The great run's peak of memory, in small ones.
    ratio: f64,
}

impl Comparison {
    fn new(runs: Vec<Measured>) -> Self {
        let peak = |run: Option<&Measured>| run.map_or(f64::NAN, |run| run.unchanged.peak_kib.max(run.first.peak_kib) as f64);
        let ratio = peak(runs.last()) / peak(runs.first());
        Self { runs, ratio }
    }

    /// Whether memory is bounded.
    pub(super) fn verdict(&self) -> Result<(), String> {
        if self.ratio <= MOST {
            return Ok(());
        }
        Err(format!(
            "bench: ten times the records take {:.2} times the memory, and {MOST} is the most: something grows with them",
            self.ratio
        ))
    }
}

/// Runs the example once for each size.
pub(super) fn measure(workspace: &Workspace) -> Result<Comparison, String> {
    Ok(Comparison::new(each_size(workspace, "first_sync", &SIZES)?))
}

/// A row for each size, and the ratio.
pub(super) fn table(comparison: &Comparison) -> String {
    let head = ["contacts", "first sync s", "cpu s", "records/s", "peak MiB", "no change s", "store MB", "state MB"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for run in &comparison.runs {
        rows.push(vec![
            run.count.to_string(),
            format!("{:.1}", run.first.wall),
            format!("{:.1}", run.first.cpu),
            format!("{:.0}", run.count as f64 / run.first.wall),
            format!("{:.0}", run.unchanged.peak_kib.max(run.first.peak_kib) as f64 / 1024.0),
            format!("{:.1}", run.unchanged.wall),
            format!("{:.0}", run.store_bytes as f64 / 1e6),
            format!("{:.0}", run.state_bytes as f64 / 1e6),
        ]);
    }
    format!("{}\npeak of the great run, in small ones: {:.2} (at most {MOST})\n", aligned(&rows), comparison.ratio)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(count: u64, peak_kib: u64) -> Measured {
        let taken = |wall, peak_kib, created| Taken { wall, cpu: wall / 2.0, peak_kib, created, writes: created };
        Measured {
            count,
            idle_kib: 9_000,
            first: taken(count as f64 / 5_000.0, peak_kib, count),
            unchanged: taken(0.5, peak_kib, 0),
            store_bytes: 1_300 * count,
            state_bytes: 5_000 * count,
        }
    }

    #[test]
    fn memory_that_grows_with_the_records_is_a_failure() {
        for (great, bounded) in [(100_000, true), (150_000, true), (151_000, false), (1_000_000, false)] {
            let comparison = Comparison::new(vec![run(10_000, 100_000), run(100_000, great)]);
            assert_eq!(comparison.verdict().is_ok(), bounded, "{great}");
        }
        assert!(Comparison::new(Vec::new()).verdict().is_err(), "nothing measured is no proof");
    }

    #[test]
    fn the_table_has_a_row_for_each_size() {
        let text = table(&Comparison::new(vec![run(10_000, 102_400), run(100_000, 112_640)]));
        assert_eq!(
            text,
            "contacts  first sync s  cpu s  records/s  peak MiB  no change s  store MB  state MB
10000              2.0    1.0       5000       100          0.5        13        50
100000            20.0   10.0       5000       110          0.5       130       500

peak of the great run, in small ones: 1.10 (at most 1.5)
"
        );
    }
}
