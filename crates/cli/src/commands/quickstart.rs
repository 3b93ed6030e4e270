//! `quickstart`: a sync from beginning to end, on embedded parts.

use crate::{
    accounts::{self, For, Missing},
    cli::Quickstart,
    config::Config,
    failure::{Exit, Failure, Result},
    outcome::RunOutcome,
    output::{self, Out},
    quickstart::{self, CONFIG, Edit},
    runner::{Runner, Said},
};
use futures::StreamExt;
use pimkit::{JournalQuery, JournalRow, Provenance};
use serde_json::{Value, json};
use std::path::Path;

/// The app's account in the configuration.
const APP: &str = "crm";

pub(super) async fn run(args: &Quickstart, out: &mut Out) -> Result<Exit> {
    let dir = args.dir.as_path();
    let aside = quickstart::lay_out(dir)?;
    let file = dir.join(CONFIG);
    let config = Config::load(&file)?;
    let store = accounts::open_as(&config, config.account(APP)?, Missing::Make, Provenance::Created).await?;
    let own = quickstart::fill(APP, store.as_ref()).await?;
    let first = sync(&config).await?;

    let edits = vec![quickstart::far(dir)?, quickstart::hub(APP, store.as_ref()).await?];
    let conflict = quickstart::both(dir, APP, store.as_ref()).await?;
    let second = sync(&config).await?;
    let lost = lost(&config, &second).await?;
    let third = sync(&config).await?;

    let edits: Vec<Edit> = edits.into_iter().chain(conflict).collect();
    let mut exit = [&first, &second, &third].into_iter().fold(Exit::Done, |exit, run| exit.worse(run.exit()));
    if out.is_json() {
        let lost: Vec<Value> =
            lost.iter().map(|row| json!({ "sync": row.sync, "item": row.item, "policy": row.policy, "lost": row.lost })).collect();
        out.value(&json!({
            "dir": dir,
            "config": file,
            "earlier": aside,
            "files": quickstart::SAMPLES.len(),
            "records": own,
            "edits": edits,
            "conflicts": lost,
            "runs": [first.json(), second.json(), third.json()],
        }))?;
    } else {
        report(out, dir, aside.as_deref(), own, &edits, &lost, [&first, &second, &third])?;
    }
    if third.writes() > 0 {
        exit = Exit::Failed;
        Out::note("error: the third sync wrote again though nothing had changed; report this as a bug");
    }
    Ok(exit)
}

async fn sync(config: &Config) -> Result<RunOutcome> {
    let chosen = config.chosen(None)?;
    let runner = Runner::open(config, &chosen, Said::default()).await?;
    Ok(runner.run(&chosen).await)
}

/// The journal's rows of a run in which a value lost.
async fn lost(config: &Config, run: &RunOutcome) -> Result<Vec<JournalRow>> {
    let state = accounts::state(config, For::Reading)?;
    let state = state.ok_or_else(|| Failure::machine("the state is gone; run the quickstart again"))?;
    let mut lost = Vec::new();
    for ended in &run.syncs {
        let mut rows = state.journal(JournalQuery { sync: Some(ended.report.name.as_str().into()), run: ended.run, item: None });
        while let Some(row) = rows.next().await {
            lost.extend(Some(row?).filter(|row| !row.lost.is_empty()));
        }
    }
    Ok(lost)
}

fn report(
    out: &mut Out,
    dir: &Path,
    aside: Option<&Path>,
    own: u64,
    edits: &[Edit],
    lost: &[JournalRow],
    [first, second, third]: [&RunOutcome; 3],
) -> Result<()> {
    let config = dir.join(CONFIG).display().to_string();
    let at = dir.display();
    out.line(format_args!("pimkit quickstart in {at}\n"))?;
    if let Some(aside) = aside {
        out.line(format_args!("What an earlier quickstart left here is in {}.\n", aside.display()))?;
    }
    out.line(format_args!(
        "1. Two folders hold {} cards and calendar files, as Apple, Google, Outlook, Thunderbird, Evolution and Tasks.org write\n   \
         them; an app store holds {own} records of its own. One person is on both sides. The first sync brings them together:\n",
        quickstart::SAMPLES.len()
    ))?;
    one(out, first, &config)?;
    out.line("2. Then both sides are edited, as people do:\n")?;
    for edit in edits {
        let place = if edit.place == "app" { "in the app:   " } else { "in the folder:" };
        out.line(format_args!("   {place} {}, {} becomes \"{}\"", edit.record, edit.field, edit.to))?;
    }
    out.line(
        "\n   The first two are different fields of one person: both arrive. The last two are the same field of one event:\n   \
              the policy decides (conflicts = \"right\" in the configuration), and what loses is kept:\n",
    )?;
    one(out, second, &config)?;
    for row in lost {
        for line in output::conflicts(row) {
            out.line(format_args!("   {}: {line}", row.sync))?;
        }
    }
    out.line("\n3. A third sync finds both sides equal and writes nothing:\n")?;
    one(out, third, &config)?;
    let place = |path: String, what: &str| format!("   {path:44} {what}");
    out.line("Where everything is:")?;
    for (file, what) in [
        ("contacts", "cards, a folder per address book"),
        ("calendars", "events and tasks, a folder per calendar"),
        ("crm.db", "the app's records"),
        ("sync.db", "what the engine remembers between two runs"),
        (CONFIG, "the configuration"),
    ] {
        out.line(place(format!("{at}/{file}"), what))?;
    }
    out.line("\nWhat to do next:")?;
    for (command, what) in [
        (format!("pimkit sync -c {config}"), "after you changed a file in the folders"),
        (format!("pimkit plan -c {config}"), "what a sync would do, step by step"),
        (format!("pimkit history -c {config}"), "every change, and why"),
        (format!("pimkit list {APP} contacts -c {config}"), "the app's records"),
    ] {
        out.line(format_args!("   {command:62} {what}"))?;
    }
    out.line("   Then put your own folders and accounts into a configuration like this one.")
}

fn one(out: &mut Out, run: &RunOutcome, config: &str) -> Result<()> {
    out.line(output::report(run))?;
    for line in output::sentences(run, config) {
        out.line(format_args!("   {line}"))?;
    }
    out.line("")
}
