//! `links export` and `links import`: which records are one thing, for and from another system.
//!
//! A line per link: `{"sync", "left_collection", "left", "right_collection", "right", "state", "origin", "role", "mark"}`. The file
//! is read line by line, so that its length is of no matter.

use super::export::Target;
use crate::{
    accounts::{self, For},
    cli::{Links, LinksFile},
    config::{Config, SyncConfig},
    failure::{Exit, Failure, Result},
    kinds::with_kind,
    output::{Out, to_json},
    runner::Runner,
};
use futures::{StreamExt, stream};
use pimkit::{
    LinkQuery, LinkRole, Mark, Record, Side,
    sync::{Adopted, Adoption},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

/// One link of a file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    sync: String,
    #[serde(default)]
    left_collection: String,
    left: String,
    right_collection: String,
    right: String,
    /// How it stood; what was given up is not adopted.
    #[serde(default = "live")]
    state: String,
    /// On which side it was first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origin: Option<Side>,
    /// Whose copy the right item is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    role: Option<LinkRole>,
    /// The mark by which the right item is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mark: Option<Mark>,
}

fn live() -> String {
    "live".to_owned()
}

/// The states in which two ends follow each other, or are to.
const JOINED: &[&str] = &["live", "pending", "held", "quarantined", "out_of_scope"];

pub(super) async fn run(args: &Links, out: &mut Out) -> Result<Exit> {
    match args {
        Links::Export(args) => export(args, out).await,
        Links::Import(args) => import(args, out).await,
    }
}

async fn export(args: &LinksFile, out: &mut Out) -> Result<Exit> {
    let config = Config::load(&args.config.config)?;
    let chosen = config.chosen(args.sync.as_deref())?;
    let state = accounts::state(&config, For::Reading)?;
    let mut target = Target::make(&args.file)?;
    let mut written = 0_u64;
    for sync in chosen {
        let Some(state) = &state else { break };
        let mut links = state.links(LinkQuery::of(&sync.name.as_str().into()));
        while let Some(link) = links.next().await {
            let link = link?;
            let (Some(left), Some(right)) = (link.hub_item, link.item) else { continue };
            let line = Line {
                sync: sync.name.clone(),
                left_collection: link.hub_collection.to_string(),
                left: left.to_string(),
                right_collection: link.collection.to_string(),
                right: right.to_string(),
                state: link.state.word().to_owned(),
                origin: Some(link.origin),
                role: Some(link.role),
                mark: link.mark,
            };
            let wrote = to_json(&line).and_then(|text| target.write(format!("{text}\n").as_bytes()));
            if let Err(failure) = wrote {
                target.drop();
                return Err(failure);
            }
            written += 1;
        }
    }
    target.finish(&args.file)?;
    if out.is_json() {
        out.value(&json!({ "file": args.file, "written": written }))?;
    } else {
        out.line(format_args!("{written} links written to {}", args.file.display()))?;
    }
    Ok(Exit::Done)
}

/// The lines of a file, one after another; empty ones are passed over.
fn lines(file: &Path) -> Result<impl Iterator<Item = Result<Line>> + use<'_>> {
    let opened = File::open(file).map_err(|e| Failure::usage(format!("{}: cannot be read: {e}; name another file", file.display())))?;
    let parse = move |(n, text): (usize, std::io::Result<String>)| {
        let refuse = |why: String| Failure::usage(format!("{}: line {}: {why}", file.display(), n + 1));
        match text {
            Err(error) => Some(Err(refuse(format!("cannot be read: {error}")))),
            Ok(text) if text.trim().is_empty() => None,
            // What serde says of a text may quote it: the line and the place are enough.
            Ok(text) => Some(serde_json::from_str(&text).map_err(|e| {
                let form = "{\"sync\", \"left\", \"right_collection\", \"right\"}";
                refuse(format!("it is no link (column {}): a line is one JSON object: {form}", e.column()))
            })),
        }
    };
    Ok(BufReader::new(opened).lines().enumerate().filter_map(parse))
}

async fn import(args: &LinksFile, out: &mut Out) -> Result<Exit> {
    let config = Config::load(&args.config.config)?;
    let chosen = config.chosen(args.sync.as_deref())?;
    // A file with a mistake in it changes nothing.
    for line in lines(&args.file)? {
        let line = line?;
        if !config.syncs.iter().any(|sync| sync.name == line.sync) {
            let line =
                format!("{}: the configuration has no sync \"{}\"; correct the file or the configuration", args.file.display(), line.sync);
            return Err(Failure::usage(line));
        }
    }
    let runner = Runner::open(&config, &chosen, crate::runner::Said::default()).await?;
    let mut exit = Exit::Done;
    let mut syncs = Vec::new();
    for sync in chosen {
        let adopted = with_kind!(sync.kind, R => adopt::<R>(&runner, sync, &args.file).await)?;
        if adopted.refused > 0 {
            exit = exit.worse(Exit::LeftOver);
        }
        if out.is_json() {
            syncs.push(json!({
                "name": sync.name, "adopted": adopted.made, "known": adopted.known, "refused": adopted.refused, "lines": adopted.lines,
            }));
        } else {
            out.line(format_args!(
                "{}: {} links adopted, {} known already, {} refused",
                sync.name, adopted.made, adopted.known, adopted.refused
            ))?;
            for line in &adopted.lines {
                out.line(format_args!("refused: {line}"))?;
            }
        }
    }
    if out.is_json() {
        out.value(&json!({ "syncs": syncs }))?;
    } else {
        out.line("The next sync merges what was adopted; where both sides say the same, it writes nothing.")?;
    }
    Ok(exit)
}

async fn adopt<R: Record>(runner: &Runner, sync: &SyncConfig, file: &Path) -> Result<Adopted> {
    let adoption = |line: Line| {
        let ours = line.sync == sync.name && JOINED.contains(&line.state.as_str());
        ours.then(|| Adoption {
            origin: line.origin,
            role: line.role,
            mark: line.mark,
            ..Adoption::new(line.left.into(), line.right_collection.into(), line.right.into())
        })
    };
    // Each line was read without a fault before.
    let links = lines(file)?.filter_map(Result::ok).filter_map(adoption);
    Ok(runner.pair::<R>(sync)?.adopt(stream::iter(links)).await?)
}
