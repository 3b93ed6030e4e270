//! `disable`: the end of a sync.

use crate::{
    accounts::{self, For},
    cli::Disable,
    config::{Config, SyncConfig},
    failure::{Exit, Failure, Result},
    kinds::with_kind,
    output::{self, Out},
    runner::{Runner, Said},
    undecided::{self, SHOWN},
};
use pimkit::{
    LinkQuery,
    sync::{Consent, Policy, Teardown},
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
        return show(args, &config, sync, links, out).await;
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

/// What the end would do, and each of the far copies that it would take away.
async fn show(args: &Disable, config: &Config, sync: &SyncConfig, links: u64, out: &mut Out) -> Result<Exit> {
    let (word, what) = sync_ending(&sync.policy);
    let mut asked = None;
    let mut goes = Vec::new();
    if matches!(sync.policy.teardown, Teardown::DeleteMade | Teardown::DeleteContainer) {
        let runner = Runner::open(config, &[sync], Said::default()).await?;
        let outcome = runner.disable(sync, Consent::Asked, None).await;
        if let Some(failed) = outcome.syncs.iter().find_map(|ended| ended.report.failed.clone()) {
            return Err(Failure::machine(failed));
        }
        asked = outcome.syncs.into_iter().flat_map(|ended| ended.report.holds).next();
        goes = with_kind!(sync.kind, R => runner.goes::<R>(sync).await)?;
    }
    if out.is_json() {
        out.value(&json!({
            "sync": args.sync, "teardown": word, "linked": links, "shown": asked.map(|hold| hold.shown), "goes": goes, "done": false,
        }))?;
        return Ok(Exit::Held);
    }
    out.line(format_args!("{}: {links} records are linked. Ended (teardown = {word}), the far copies {what}; the hub's stay.", args.sync))?;
    if let Some(hold) = asked {
        out.line(format_args!("{}: {}:", args.sync, hold.shown))?;
    }
    for one in goes.iter().take(SHOWN) {
        let alone = if one.left.is_none() { ", of which the hub has none" } else { "" };
        out.line(format_args!("    {} ({}{alone})", one.right, one.name))?;
    }
    undecided::more(&args.sync, goes.len(), out)?;
    out.line(format_args!("    if that is right: pimkit disable {} --yes", args.sync))?;
    Ok(Exit::Held)
}
