//! `why`: how a field came to what it is.

use crate::{
    accounts::{self, For},
    cli::Why,
    config::Config,
    failure::{Exit, Failure, Result},
    output::{Out, shown, to_json},
};
use futures::TryStreamExt;
use pimkit::sync::{Told, why};

pub(super) async fn run(args: &Why, out: &mut Out) -> Result<Exit> {
    let config = Config::load(&args.config.config)?;
    let nothing = || {
        Failure::usage(format!(
            "nothing is known of the field \"{}\" of a record \"{}\"; `pimkit history` names records, `pimkit fields` their fields",
            args.field, args.record
        ))
    };
    let state = accounts::state(&config, For::Reading)?.ok_or_else(nothing)?;
    let mut told = why(&state, &args.record.as_str().into(), &args.field.as_str().into());
    let mut first = true;
    while let Some(one) = told.try_next().await? {
        if out.is_json() {
            out.piece(if first { "{\"entries\":[" } else { "," })?;
            out.piece(to_json(&one)?)?;
        } else {
            people(&one, out)?;
        }
        first = false;
    }
    if first {
        return Err(nothing());
    }
    if out.is_json() {
        out.line("]}")?;
    }
    Ok(Exit::Done)
}

fn people(one: &Told, out: &mut Out) -> Result<()> {
    let at = one.at.strftime("%Y-%m-%d %H:%M:%S UTC");
    let from = one.origin.map(|side| format!(", as on the {} side", side.word())).unwrap_or_default();
    let policy = one.policy.as_deref().map(|p| format!(" ({p})")).unwrap_or_default();
    let (before, after) = (shown(one.from.as_ref()), shown(one.to.as_ref()));
    let (side, field, run, sync, action) = (one.side.word(), &one.field, one.run, &one.sync, &one.action);
    out.line(format_args!("{at}  run {run}  {sync}: {action} on the {side} side{from}: {field}: {before} -> {after}: {}{policy}", one.why))
}
