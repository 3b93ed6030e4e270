//! The program behind `cargo xtask sim`.

// A program for people at a terminal: it prints.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod rows;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use pimkit_sim::{
    BREAKS, Campaign, Failed, NOT_ACTED, NOT_PLAYED, Performance, Play, Providers, Summary, graph, missing, perform, planted, reasons,
    shrink, table,
};
use std::{process::ExitCode, time::Duration};

// A play makes and drops millions of small values, on every core at once. The engine itself brings no allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
/// So many seeds, where nothing else is said.
const SEEDS: u64 = 1000;
/// From so many seeds on, nothing that can be tried may be left untried.
const ENOUGH: u64 = 1000;

/// Plays seeds against the sync engine, and says which ones break it.
///
/// Ends with 0 when every seed holds, with 1 when one does not, with 2 when it was called wrongly. From 1000 seeds on it ends
/// with 1, too, when a fault that can strike somewhere was never tried there.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask sim", bin_name = "cargo xtask sim")]
struct Args {
    /// How many seeds; 1000 when not said, and 50 of each row with `--pairwise`.
    #[arg(long)]
    seeds: Option<u64>,
    /// Play for so many minutes, however many seeds that is (at most --seeds, when that is given too).
    #[arg(long)]
    minutes: Option<f64>,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Threads; as many as there are cores when not said.
    #[arg(long)]
    jobs: Option<usize>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    /// Play this seed alone.
    #[arg(long)]
    seed: Option<u64>,
    /// Play this play alone: a line as `--seed N --json` prints it.
    #[arg(long, conflicts_with = "seed")]
    play: Option<String>,
    /// Of one seed or play: print what happens, step by step.
    #[arg(long)]
    trace: bool,
    /// Of one seed or play that fails: find the shortest play that fails in the same way.
    #[arg(long)]
    shrink: bool,
    /// Plant this break in the engine: the simulation must find it, within --seeds. `list` names them all.
    #[arg(long = "break", value_name = "NAME")]
    plant: Option<String>,
    /// Play any two words of the policies together: rows in which every pair is, or is refused with a sentence.
    #[arg(long, conflicts_with_all = ["play", "minutes", "plant", "from"])]
    pairwise: bool,
    /// Of the pairwise rows this one alone, from 1; with --seed, that seed of it alone.
    #[arg(long, requires = "pairwise")]
    row: Option<usize>,
    /// Play on simulated DAV servers in place of providers in memory.
    #[arg(long, conflicts_with_all = ["pairwise", "plant"])]
    dav: bool,
    /// Play on simulated mailboxes at Microsoft's in place of providers in memory.
    #[arg(long, conflicts_with_all = ["pairwise", "plant", "dav"])]
    graph: bool,
    /// Show no progress.
    #[arg(long)]
    quiet: bool,
    /// End with the first seed that fails.
    #[arg(long)]
    until_failure: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    if let Some(name) = &args.plant {
        return broken(&args, name);
    }
    if args.pairwise {
        return rows::run(&args);
    }
    let one = match (&args.play, args.seed) {
        (Some(line), _) => Some(Play::from_line(line)),
        (None, Some(seed)) => Some(Ok(providers(&args).play(seed))),
        (None, None) => None,
    };
    match one {
        Some(Ok(play)) => alone(&args, &play),
        Some(Err(error)) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
        None => many(&args),
    }
}

/// Looks for a seed that finds a planted break.
fn broken(args: &Args, name: &str) -> ExitCode {
    if name == "list" {
        BREAKS.iter().for_each(|(name, promise)| println!("{name:<24}{promise}"));
        return ExitCode::SUCCESS;
    }
    if !BREAKS.iter().any(|(known, _)| *known == name) {
        eprintln!("error: there is no break {name:?}; --break list names them all");
        return ExitCode::from(2);
    }
    if planted().as_deref() != Some(name) {
        eprintln!("error: this program was built without breaks; start it with `cargo xtask sim --break {name}`");
        return ExitCode::from(2);
    }
    let seeds = args.seeds.unwrap_or(SEEDS);
    let (mut from, mut left, mut played) = (args.from, seeds, 0);
    while left > 0 {
        let summary = campaign(args, from, left, true);
        played += summary.seeds;
        let Some(failed) = summary.failed.first() else { break };
        // Only a seed that holds without the break has seen it.
        if holds_without(failed.seed) {
            println!("{name}: found by seed {} ({played} of {} were played): {}", failed.seed, seeds, first(failed));
            return ExitCode::SUCCESS;
        }
        let next = failed.seed.saturating_add(1);
        left = left.saturating_sub(next - from);
        from = next;
    }
    eprintln!("error: {name}: not found in {played} seeds");
    ExitCode::FAILURE
}

/// Whether a seed holds when nothing is planted: asked of this program, in a process of its own.
fn holds_without(seed: u64) -> bool {
    let Ok(program) = std::env::current_exe() else { return false };
    let mut command = std::process::Command::new(program);
    command.env_remove("PIMKIT_BREAK").args(["--seed", &seed.to_string(), "--quiet"]);
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn first(failed: &Failed) -> &str {
    failed.failures.first().map(String::as_str).unwrap_or_default()
}

fn alone(args: &Args, play: &Play) -> ExitCode {
    let mut played = perform(play, args.trace);
    let mut shown = play.clone();
    if args.shrink
        && let Some(shorter) = shrink(play)
    {
        played = perform(&shorter, args.trace);
        shown = shorter;
    }
    if args.json {
        match shown.to_line() {
            Ok(line) => println!("{line}"),
            Err(error) => eprintln!("error: {error}"),
        }
    } else {
        tell(&shown, &played, args);
    }
    for failure in &played.failures {
        eprintln!("error: {failure}");
    }
    if played.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tell(play: &Play, played: &Performance, args: &Args) {
    println!(
        "{} with {}",
        play.kind.plural(),
        play.fars.iter().map(|f| format!("[{}]", f.switches.join(", "))).collect::<Vec<_>>().join(" ")
    );
    println!("policy {:?}, pages of {}{}", play.policy, play.page_size, play.scene.map(|s| format!(", scene {s:?}")).unwrap_or_default());
    played.trace.iter().for_each(|line| println!("{line}"));
    let Performance { edits, faults, crashes, runs, hash, .. } = played;
    println!("{edits} edits, {faults} faults, {crashes} crashes, {runs} runs; trace {hash:016x}");
    if args.shrink
        && let Ok(line) = play.to_line()
    {
        println!("{line}");
    }
}

fn many(args: &Args) -> ExitCode {
    let seeds = args.seeds.unwrap_or(if args.minutes.is_some() { u64::MAX } else { SEEDS });
    let summary = campaign(args, args.from, seeds, args.until_failure);
    if args.json {
        json(&summary)
    } else {
        text(args, &summary)
    }
    let untried = untried(&summary);
    if is_enough(&summary) {
        untried.iter().for_each(|cell| eprintln!("error: not tried in {} seeds: {cell}", summary.seeds));
    } else if !untried.is_empty() && !args.json {
        println!("{} seeds are too few to judge what was not tried: that takes {ENOUGH}", summary.seeds);
    }
    if holds(&summary) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether so much was played that a fault which was tried nowhere says something.
fn is_enough(summary: &Summary) -> bool {
    summary.seeds >= ENOUGH
}

/// What could have been tried and was not, a line for each.
fn untried(summary: &Summary) -> Vec<String> {
    missing(&summary.coverage).into_iter().map(|(stage, wrong, place)| format!("{stage:?} {wrong:?} {place:?}")).collect()
}

/// Whether every seed held, and enough of them left nothing untried.
fn holds(summary: &Summary) -> bool {
    summary.failed.is_empty() && (!is_enough(summary) || untried(summary).is_empty())
}

fn providers(args: &Args) -> Providers {
    match (args.dav, args.graph) {
        (true, _) => Providers::Dav,
        (_, true) => Providers::Graph,
        _ => Providers::Memory,
    }
}

fn jobs(args: &Args) -> usize {
    args.jobs.or_else(|| std::thread::available_parallelism().ok().map(usize::from)).unwrap_or(1)
}

fn campaign(args: &Args, from: u64, seeds: u64, until_failure: bool) -> Summary {
    let jobs = jobs(args);
    let most = args.minutes.filter(|m| m.is_finite() && *m > 0.0).map(|minutes| Duration::from_secs_f64(minutes * 60.0));
    let campaign = Campaign { from, seeds, most, jobs, until_failure, providers: providers(args) };
    let bar = if args.quiet {
        ProgressBar::hidden()
    } else if seeds == u64::MAX {
        ProgressBar::new_spinner()
    } else {
        ProgressBar::new(seeds)
    };
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos} seeds, {per_sec}, {msg}") {
        bar.set_style(style);
    }
    let summary = campaign.run(&|done, failed| {
        bar.set_position(done);
        bar.set_message(format!("{failed} failed"));
    });
    bar.finish_and_clear();
    summary
}

fn text(args: &Args, summary: &Summary) {
    print!("{}", table(&summary.coverage));
    untried(summary).iter().for_each(|cell| println!("not tried: {cell}"));
    reasons().iter().for_each(|line| println!("cannot be hit, as {line}"));
    let of_providers = if args.graph { graph::NOT_PLAYED } else { &[] };
    NOT_PLAYED.iter().chain(NOT_ACTED).chain(of_providers).for_each(|(name, why)| println!("not played: {name} ({why})"));
    for failed in summary.failed.iter().take(20) {
        println!("seed {} fails: {}", failed.seed, first(failed));
    }
    let [edits, faults, crashes] = summary.medians;
    println!(
        "{} seeds in {:.1} s, {:.0} a second; {} runs; median of {edits} edits, {faults} faults, {crashes} crashes; {} played twice; {} failed",
        summary.seeds,
        summary.took.as_secs_f64(),
        summary.speed(),
        summary.runs,
        summary.twice,
        summary.failed.len()
    );
}

fn json(summary: &Summary) {
    let coverage: Vec<_> = summary.coverage.iter().map(|((stage, wrong, place), n)| serde_json::json!([stage, wrong, place, n])).collect();
    let [edits, faults, crashes] = summary.medians;
    println!(
        "{}",
        serde_json::json!({
            "seeds": summary.seeds,
            "seconds": summary.took.as_secs_f64(),
            "seedsPerSecond": summary.speed(),
            "runs": summary.runs,
            "playedTwice": summary.twice,
            "medians": { "edits": edits, "faults": faults, "crashes": crashes },
            "failed": summary.failed,
            "coverage": coverage,
            "notTried": untried(summary).len(),
            "untried": untried(summary),
            "isEnough": is_enough(summary),
        })
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use pimkit_sim::{Hit, PLACES, STAGES, WRONGS};

    /// A campaign of so many seeds that tried everything but what is left out.
    fn played(seeds: u64, left_out: Option<Hit>) -> Summary {
        let mut summary = Summary { seeds, ..Summary::default() };
        for stage in STAGES.into_iter().filter(|stage| Some(*stage) != left_out) {
            for wrong in WRONGS {
                for place in PLACES {
                    summary.coverage.insert((stage, wrong, place), 1);
                }
            }
        }
        summary
    }

    #[test]
    fn a_campaign_that_is_long_enough_and_left_a_fault_untried_does_not_hold() {
        for (seeds, left_out, expected) in [
            (ENOUGH, None, true),
            (ENOUGH, Some(Hit::Recover), false),
            (ENOUGH - 1, Some(Hit::Recover), true),
            (100_000, Some(Hit::Apply), false),
        ] {
            assert_eq!(holds(&played(seeds, left_out)), expected, "{seeds} {left_out:?}");
        }
        assert!(untried(&played(1, Some(Hit::Recover))).contains(&"Recover Crash BeforeCommit".to_owned()));
        assert_eq!(untried(&played(1, None)), Vec::<String>::new());
    }

    #[test]
    fn a_seed_that_fails_fails_the_campaign_however_short() {
        let failed = Failed { seed: 7, failures: vec!["lost".to_owned()] };
        assert!(!holds(&Summary { failed: vec![failed], ..played(1, None) }));
    }
}
