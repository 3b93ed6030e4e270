//! `--pairwise`: any two words of the policies together, as the program tells it.

use crate::{Args, alone, jobs};
use indicatif::{ProgressBar, ProgressStyle};
use pimkit_sim::{Outcome, Pairwise};
use std::process::ExitCode;

/// So many seeds of each row, where nothing else is said.
const SEEDS: u64 = 50;

/// Plays all rows, or one, or one seed of one.
pub(crate) fn run(args: &Args) -> ExitCode {
    let pairwise = Pairwise::new();
    if let Some(row) = args.row.filter(|row| *row == 0 || *row > pairwise.rows()) {
        eprintln!("error: there is no row {row}; there are {}", pairwise.rows());
        return ExitCode::from(2);
    }
    if let (Some(row), Some(seed)) = (args.row, args.seed) {
        let Some(play) = pairwise.play(row, seed) else { return ExitCode::from(2) };
        return alone(args, &play);
    }
    let rows: Vec<usize> = args.row.map_or_else(|| (1..=pairwise.rows()).collect(), |row| vec![row]);
    let seeds = args.seeds.unwrap_or(SEEDS);
    let bar = if args.quiet { ProgressBar::hidden() } else { ProgressBar::new(rows.len() as u64 * seeds) };
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos} of {len} seeds, {per_sec}, {msg}") {
        bar.set_style(style);
    }
    let outcome = pairwise.run(&rows, seeds, jobs(args), &|done, failed| {
        bar.set_position(done);
        bar.set_message(format!("{failed} failed"));
    });
    bar.finish_and_clear();
    let refused = pairwise.refused();
    let mute = refused.iter().filter(|refused| refused.wrong.is_some()).count();
    if args.json {
        let failed = &outcome.failed;
        println!(
            "{}",
            serde_json::json!({ "rows": pairwise.rows(), "pairs": pairwise.size().1, "refused": refused, "seeds": outcome.seeds, "failed": failed })
        );
    } else {
        tell(&pairwise, &rows, &outcome, seeds);
    }
    if mute == 0 && outcome.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tell(pairwise: &Pairwise, rows: &[usize], outcome: &Outcome, seeds: u64) {
    let refused = pairwise.refused();
    for pair in &refused {
        println!("refused: {} with {}: {}", pair.one, pair.other, pair.sentences.join("; "));
        if let Some(wrong) = &pair.wrong {
            println!("error: {wrong}");
        }
    }
    for row in rows {
        let failed = outcome.failed.iter().filter(|failed| failed.row == *row);
        let mut failed = failed.peekable();
        if failed.peek().is_some() {
            println!("row {row}: {}", pairwise.words(*row));
        }
        for failed in failed {
            println!("  seed {} fails: {}", failed.seed, failed.failures.first().map(String::as_str).unwrap_or_default());
        }
    }
    if let Some(failed) = outcome.failed.first() {
        println!("to see one: cargo xtask sim --pairwise --row {} --seed {} --trace", failed.row, failed.seed);
        println!("{:<36}{:>8}{:>8}", "with this value", "failed", "played");
    }
    for (value, failed, played) in pairwise.suspects(outcome, seeds).into_iter().take(12) {
        println!("{value:<36}{failed:>8}{played:>8}");
    }
    let (axes, pairs) = pairwise.size();
    println!(
        "{axes} axes, {pairs} pairs: {} refused by themselves, the others in {} rows; {} seeds in {:.1} s, {} failed",
        refused.len(),
        pairwise.rows(),
        outcome.seeds,
        outcome.took.as_secs_f64(),
        outcome.failed.len()
    );
}
