//! `quickstart`: a sync from beginning to end, on embedded parts.

use crate::{
    accounts::{self, For, Missing},
    cli::Quickstart,
    config::Config,
    failure::{Exit, Failure, Result},
    outcome::RunOutcome,
    output::{self, Out},
    quickstart::{self, CONFIG, Edit, FOLDER, PASSWORD_FILE, Server},
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
    let server = Server::start().await?;
    let aside = quickstart::lay_out(dir, &server.url())?;
    let online = server.fill(dir)?;
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

    server.keep(dir)?;

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
            "server": {
                "url": server.url(),
                "items": online,
                "folder": dir.join(FOLDER),
                "password_file": dir.join(PASSWORD_FILE),
                "again": server.again(dir),
            },
            "edits": edits,
            "conflicts": lost,
            "runs": [first.json(), second.json(), third.json()],
        }))?;
    } else {
        let told = Told { aside: aside.as_deref(), own, online, again: server.again(dir), edits: &edits, lost: &lost };
        report(out, dir, &told, [&first, &second, &third])?;
    }
    if third.writes() > 0 {
        exit = Exit::Failed;
        Out::note("error: the third sync wrote again though nothing had changed; report this as a bug");
    }
    server.stop().await;
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

/// What the report tells beside the runs.
struct Told<'a> {
    /// Where an earlier quickstart was put.
    aside: Option<&'a Path>,
    /// Records of the app's own.
    own: u64,
    /// Items of the server's own.
    online: u64,
    /// How the server is started again.
    again: String,
    edits: &'a [Edit],
    lost: &'a [JournalRow],
}

fn report(out: &mut Out, dir: &Path, told: &Told<'_>, [first, second, third]: [&RunOutcome; 3]) -> Result<()> {
    let config = dir.join(CONFIG).display().to_string();
    let at = dir.display();
    out.line(format_args!("pimkit quickstart in {at}\n"))?;
    if let Some(aside) = told.aside {
        out.line(format_args!("What an earlier quickstart left here is in {}.\n", aside.display()))?;
    }
    out.line(format_args!(
        "1. Two folders hold {} cards and calendar files, as Apple, Google, Outlook, Thunderbird, Evolution and Tasks.org write\n   \
         them; a simulated CalDAV and CardDAV server on this machine holds {} more, and an app store {} records of its own.\n   \
         Two people are in two of these places. The first sync brings them together:\n",
        quickstart::SAMPLES.len(),
        told.online,
        told.own,
    ))?;
    one(out, first, &config)?;
    out.line("2. Then both sides are edited, as people do:\n")?;
    for edit in told.edits {
        let place = if edit.place == "app" { "in the app:   " } else { "in the folder:" };
        out.line(format_args!("   {place} {}, {} becomes \"{}\"", edit.record, edit.field, edit.to))?;
    }
    out.line(
        "\n   The first two are different fields of one person: both arrive. The last two are the same field of one event:\n   \
              the policy decides (conflicts = \"right\" in the configuration), and what loses is kept. What the server brought\n   \
              in the first sync reaches the folders, and every edit reaches the server:\n",
    )?;
    one(out, second, &config)?;
    for row in told.lost {
        for line in output::conflicts(row) {
            out.line(format_args!("   {}: {line}", row.sync))?;
        }
    }
    out.line("\n3. A third sync finds all sides equal and writes nothing:\n")?;
    one(out, third, &config)?;
    next(out, dir, &config, told)
}

/// Where everything is, and what to do next.
fn next(out: &mut Out, dir: &Path, config: &str, told: &Told<'_>) -> Result<()> {
    let at = dir.display();
    out.line("Where everything is:")?;
    for (file, what) in [
        ("contacts", "cards, a folder per address book"),
        ("calendars", "events and tasks, a folder per calendar"),
        (FOLDER, "what the server held when it ended, which it did just now"),
        (PASSWORD_FILE, "its password; the configuration says only where it is"),
        ("crm.db", "the app's records"),
        ("sync.db", "what the engine remembers between two runs"),
        (CONFIG, "the configuration"),
    ] {
        out.line(format_args!("   {:44} {what}", format!("{at}/{file}")))?;
    }
    out.line("\nWhat to do next: start the server again, in a terminal of its own; Ctrl-C ends it, and it forgets what came meanwhile:")?;
    out.line(format_args!("   {}", told.again))?;
    out.line("Without it, the two syncs with the server fail and say so, the others run, and nothing is lost. Then:")?;
    for (command, what) in [
        (format!("pimkit sync -c {config}"), "after you changed a file in the folders"),
        (format!("pimkit plan -c {config}"), "what a sync would do, step by step"),
        (format!("pimkit history -c {config}"), "every change, and why"),
        (format!("pimkit list {APP} contacts -c {config}"), "the app's records"),
        (format!("pimkit list server contacts -c {config}"), "the server's, while it runs"),
    ] {
        out.line(format_args!("   {command:62} {what}"))?;
    }
    out.line("   `pimkit discover ADDRESS` finds a server of your own and prints its lines for a configuration like this one.")
}

fn one(out: &mut Out, run: &RunOutcome, config: &str) -> Result<()> {
    out.line(output::report(run))?;
    for line in output::sentences(run, config) {
        out.line(format_args!("   {line}"))?;
    }
    out.line("")
}
