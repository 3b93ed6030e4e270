//! `disable`: the end of a sync.

use crate::{
    accounts::{self, For},
    cli::Disable,
    config::Config,
    failure::{Exit, Failure, Result},
    output::{self, Out},
    runner::{Runner, Said},
};
use pimkit::{
    LinkQuery,
    sync::{Consent, Policy},
};
use serde_json::json;

pub(super) async fn run(args: &Disable, out: &mut Out) -> Result<Exit> {
    let config = Config::load(&args.config.config)?;
    let chosen = config.chosen(Some(&args.sync))?;
    let Some(sync) = chosen.first().copied() else { return Err(Failure::usage(format!("there is no sync \"{}\"", args.sync))) };
    let known = accounts::state(&config, For::Reading)?;
    let state = known.ok_or_else(|| Failure::usage(format!("sync \"{}\" has never run: there is nothing to end", args.sync)))?;
    let links = state.count_links(LinkQuery::of(&args.sync.as_str().into())).await?;
    drop(state);
    if !args.yes {
        return show(args, sync_ending(&sync.policy), links, out);
    }
    let runner = Runner::open(&config, &chosen, Said::default()).await?;
    let outcome = runner.disable(sync, Consent::Given, args.why.as_deref()).await;
    if out.is_json() {
        out.value(&outcome.json())?;
    } else {
        out.line(output::report(&outcome))?;
        for line in output::sentences(&outcome, &config.file.display().to_string()) {
            out.line(line)?;
        }
        if outcome.exit() == Exit::Done {
            out.line(format_args!("{} is ended; the records of the hub stay. `pimkit resume {}` begins again", args.sync, args.sync))?;
        }
    }
    for failed in outcome.syncs.iter().filter_map(|ended| ended.report.failed.as_ref()) {
        out.flush()?;
        Out::note(format_args!("error: {}: {failed}", args.sync));
    }
    Ok(outcome.exit())
}

/// What becomes of the far copies, in words.
fn sync_ending(policy: &Policy) -> (String, &'static str) {
    let word = serde_json::to_value(policy.teardown).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
    let what = match word.as_str() {
        "leave" => "stay as they are, and nothing is known of them any more",
        "archive" => "stay as they are; what belongs together is remembered for a new beginning",
        "delete_made" => "that the sync made are deleted, and the others stay",
        _ => "are deleted with the collection that the sync made for them",
    };
    (word, what)
}

fn show(args: &Disable, (word, what): (String, &str), links: u64, out: &mut Out) -> Result<Exit> {
    if out.is_json() {
        out.value(&json!({ "sync": args.sync, "teardown": word, "linked": links, "done": false }))?;
    } else {
        out.line(format_args!(
            "{}: {links} records are linked. Ended (teardown = {word}), the far copies {what}; the hub's stay.",
            args.sync
        ))?;
        out.line(format_args!("    if that is right: pimkit disable {} --yes", args.sync))?;
    }
    Ok(Exit::Held)
}
