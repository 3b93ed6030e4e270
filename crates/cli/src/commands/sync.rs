//! `sync`: plan, guard, apply.

use crate::{
    cli::Sync,
    config::Config,
    failure::{Exit, Result},
    output::{self, Out},
    runner::{RunOutcome, Runner},
};
use futures::StreamExt;
use pimkit::{JournalQuery, State};

pub(super) async fn run(args: &Sync, out: &mut Out) -> Result<Exit> {
    let config = Config::load(&args.config.config)?;
    let chosen = config.chosen(args.sync.as_deref())?;
    let runner = Runner::open(&config, &chosen, &args.approve).await?;
    let outcome = runner.run(&chosen).await;
    if out.is_json() {
        out.value(&outcome.json())?;
        for ended in &outcome.syncs {
            if let Some(failed) = &ended.report.failed {
                Out::note(format_args!("error: {}: {failed}", ended.report.name));
            }
        }
    } else {
        people(&outcome, &args.config.config.display().to_string(), runner.state().as_ref(), out).await?;
    }
    Ok(outcome.exit())
}

/// The report for people: what was done, what became of conflicts, what to do next.
pub(super) async fn people(outcome: &RunOutcome, config: &str, state: &dyn State, out: &mut Out) -> Result<()> {
    out.line(output::report(outcome))?;
    for ended in outcome.syncs.iter().filter(|e| e.report.conflicts > 0) {
        let mut rows = state.journal(JournalQuery { sync: Some(ended.report.name.as_str().into()), run: ended.run, item: None });
        while let Some(row) = rows.next().await {
            for line in output::conflicts(&row?) {
                out.line(format_args!("{}: conflict: {line}", ended.report.name))?;
            }
        }
    }
    for line in output::sentences(outcome, config) {
        out.line(line)?;
    }
    let end = match outcome.exit() {
        Exit::Done if outcome.writes() == 0 => "Done: nothing had changed.".to_owned(),
        Exit::Done => format!("Done: {} written.", items(outcome.writes())),
        Exit::LeftOver => format!("Done but for what is left over: {} written.", items(outcome.writes())),
        Exit::Held => format!("Held: {} written, and something waits for your word (see above).", items(outcome.writes())),
        Exit::Failed | Exit::Usage => {
            format!("Failed: {} written before or beside it; run it again when the cause is gone.", items(outcome.writes()))
        }
    };
    out.line(end)?;
    for ended in &outcome.syncs {
        if let Some(failed) = &ended.report.failed {
            out.flush()?;
            Out::note(format_args!("error: {}: {failed}", ended.report.name));
        }
    }
    Ok(())
}

fn items(count: u64) -> String {
    if count == 1 { "1 item".to_owned() } else { format!("{count} items") }
}
