//! Links of which one in a hundred changed: how fast they are planned and applied, and what their memory says.

use serde::{Deserialize, Serialize};

use super::{aligned, each_size};
use crate::workspace::Workspace;

/// How many links.
const SIZES: [u64; 2] = [10_000, 1_000_000];
/// How many times the small run's peak the great one's may be.
const MOST: f64 = 1.5;

/// What a stage took.
#[derive(Debug, Serialize, Deserialize)]
struct Taken {
    wall: f64,
    cpu: f64,
    peak_kib: u64,
}

/// What one process measured of itself: the output of the example `changed_links`.
#[derive(Debug, Serialize, Deserialize)]
struct Measured {
    count: u64,
    changed: u64,
    link: Taken,
    plan: Taken,
    apply: Taken,
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
        let peak = |run: Option<&Measured>| run.map_or(f64::NAN, |run| run.apply.peak_kib as f64);
        let ratio = peak(runs.last()) / peak(runs.first());
        Self { runs, ratio }
    }

    /// Whether memory is bounded.
    pub(super) fn verdict(&self) -> Result<(), String> {
        if self.ratio <= MOST {
            return Ok(());
        }
        Err(format!(
            "bench: a hundred times the links take {:.2} times the memory, and {MOST} is the most: something grows with them",
            self.ratio
        ))
    }
}

/// Runs the example once for each size.
pub(super) fn measure(workspace: &Workspace) -> Result<Comparison, String> {
    Ok(Comparison::new(each_size(workspace, "changed_links", &SIZES)?))
}

/// A row for each size, and the ratio.
pub(super) fn table(comparison: &Comparison) -> String {
    let head = ["links", "changed", "link s", "links/s", "plan s", "apply s", "changes/s", "peak MiB", "state MB"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for run in &comparison.runs {
        rows.push(vec![
            run.count.to_string(),
            run.changed.to_string(),
            format!("{:.1}", run.link.wall),
            format!("{:.0}", run.count as f64 / run.link.wall),
            format!("{:.2}", run.plan.wall),
            format!("{:.2}", run.apply.wall),
            format!("{:.0}", run.changed as f64 / (run.plan.wall + run.apply.wall)),
            format!("{:.0}", run.apply.peak_kib as f64 / 1024.0),
            format!("{:.0}", run.state_bytes as f64 / 1e6),
        ]);
    }
    format!("{}\npeak of the great run, in small ones: {:.2} (at most {MOST})\n", aligned(&rows), comparison.ratio)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(count: u64, peak_kib: u64) -> Measured {
        let taken = |wall| Taken { wall, cpu: wall, peak_kib };
        let changed = count / 100;
        Measured { count, changed, link: taken(5.0), plan: taken(0.5), apply: taken(0.5), state_bytes: 8_000 * count }
    }

    #[test]
    fn memory_that_grows_with_the_links_is_a_failure() {
        for (great, bounded) in [(100_000, true), (150_000, true), (151_000, false)] {
            let comparison = Comparison::new(vec![run(10_000, 100_000), run(1_000_000, great)]);
            assert_eq!(comparison.verdict().is_ok(), bounded, "{great}");
        }
        assert!(Comparison::new(Vec::new()).verdict().is_err(), "nothing measured is no proof");
    }

    #[test]
    fn the_table_says_how_many_changes_went_through_a_second() {
        let text = table(&Comparison::new(vec![run(10_000, 102_400), run(1_000_000, 112_640)]));
        let last = text.lines().nth(2).unwrap();
        assert_eq!(
            last.split_whitespace().collect::<Vec<_>>(),
            ["1000000", "10000", "5.0", "200000", "0.50", "0.50", "10000", "110", "8000"]
        );
        assert!(text.ends_with("peak of the great run, in small ones: 1.10 (at most 1.5)\n"), "{text}");
    }
}
