//! Ten runs against every unpleasant trait of a provider, alone and all together: nothing lost, no
//! ping-pong, no duplicate, and no write in the last.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use pimkit_contract::{WorstOptions, samples, worst::Kept};
use pimkit_core::{Contact, EmailAddress, Event, ItemId, Record, Task, When};
use pimkit_sync::Report;
use world::World;

/// What the two users of a test do with a kind.
trait Played: Kept {
    fn played(n: u64) -> Self;
    /// Writes a token where the provider can hold it.
    fn write(&mut self, token: &str);
    /// Writes a token where a provider may cut, drop or not show it.
    fn write_at_risk(&mut self, token: &str);
    /// What the nth sample says and no other, on every provider.
    fn marker(n: u64) -> String {
        format!("about {n},")
    }
    fn text(&self) -> String {
        format!("{self:?}")
    }
}

impl Played for Contact {
    fn played(n: u64) -> Self {
        let mut contact = samples::full_contact(n);
        contact.photo = None;
        contact.emails = (0..5).map(|e| EmailAddress { address: format!("p{n}e{e}@x.example"), ..EmailAddress::default() }).collect();
        contact.notes = vec![format!("note of {n}, {}", "which goes on for longer than some hold ".repeat(4))];
        contact
    }
    fn marker(n: u64) -> String {
        format!("p{n}e0@x.example")
    }
    fn write(&mut self, token: &str) {
        self.name.given2 = Some(token.to_owned());
    }
    fn write_at_risk(&mut self, token: &str) {
        self.nicknames.push(token.to_owned());
    }
}

impl Played for Task {
    fn played(n: u64) -> Self {
        let mut task = samples::full_task(n);
        task.attachments.clear();
        task.due = Some(When::zoned(jiff::civil::datetime(2026, 5, 1, 17, 30, 0, 0), "Europe/Vienna"));
        task.description = Some(format!("about {n}, {}", "which goes on for longer than some hold ".repeat(4)));
        task
    }
    fn write(&mut self, token: &str) {
        self.title = Some(token.to_owned());
    }
    fn write_at_risk(&mut self, token: &str) {
        self.parent = Some(token.to_owned());
    }
}

impl Played for Event {
    fn played(n: u64) -> Self {
        let mut event = samples::series(n);
        event.description = Some(format!("about {n}, {}", "which goes on for longer than some hold ".repeat(4)));
        event.priority = Some(3);
        event
    }
    fn write(&mut self, token: &str) {
        self.title = Some(token.to_owned());
    }
    fn write_at_risk(&mut self, token: &str) {
        self.links.push(pimkit_core::Link { uri: format!("https://x.example/{token}"), ..pimkit_core::Link::default() });
    }
}

const POLICY: &[(&str, &str)] = &[("deletes", "delete")];

fn run<R: Record>(world: &World) -> Report {
    world.settle();
    world.run::<R>(POLICY)
}

/// A play of ten runs; says what went wrong.
fn play<R: Played>(options: WorstOptions) -> Result<(), String> {
    let name = options.to_string();
    let written = !options.read_only;
    let world = World::with(options);
    let (hub, far) = (world.hub_hand::<R>(), world.far_hand::<R>());
    let hub_ids: Vec<ItemId> = (0..6).map(|n| hub.put(&World::home::<R>(), R::played(n))).collect();
    let before: Vec<R> = hub_ids.iter().map(|id| hub.item(id).unwrap().record).collect();
    for n in 10..16 {
        far.put(&World::home::<R>(), R::played(n));
    }
    let mut tokens: Vec<String> = Vec::new();
    let mut markers: Vec<String> = (10..13).map(R::marker).collect();
    let mut last = None;
    for round in 0..10 {
        if round == 2 || round == 4 {
            // Each user edits what the other one does not.
            let mut n = 0;
            for id in hub_ids.iter().take(3) {
                let token = format!("h{round}x{n}.");
                hub.edit(id, |r| {
                    r.write(&token);
                    r.write_at_risk(&format!("{token}risk"));
                });
                tokens.push(token);
                n += 1;
            }
            // By what it says, not by its id: some providers give an edited item another one.
            for marker in &mut markers {
                let found = far.items().into_iter().find(|(_, stored)| stored.record.text().to_lowercase().contains(marker.as_str()));
                let Some((id, _)) = found else { return Err(format!("{name}: {marker} is gone from the far side before round {round}")) };
                let token = format!("f{round}x{n}.");
                assert!(far.edit(&id, |r| r.write(&token)), "{name}: {id} cannot be edited");
                tokens.push(token.clone());
                *marker = token;
                n += 1;
            }
        }
        let report = run::<R>(&world);
        if let Some(failed) = &report.sync.failed {
            return Err(format!("{name}: round {round} failed: {failed}"));
        }
        if report.sync.deleted.total() > 0 {
            return Err(format!("{name}: round {round} deleted: {report:?}"));
        }
        last = Some(report);
    }
    assert_eq!(tokens.len(), 12);
    let report = last.unwrap();
    if report.sync.writes() > 0 {
        return Err(format!("{name}: the last run still writes: {:?}", report.sync));
    }
    let (hubs, fars) = (hub.records(), far.records());
    let expected_far = if written { 12 } else { 6 };
    if hubs.len() != 12 || fars.len() != expected_far {
        return Err(format!("{name}: {} records on the hub and {} on the far side: {:?}", hubs.len(), fars.len(), report.sync));
    }
    // Everything that a user of the hub wrote is there, with what no provider could hold.
    for (id, before) in hub_ids.iter().zip(&before) {
        let now = hub.item(id).unwrap().record;
        for path in ["emails", "notes", "due", "description", "phones", "addresses", "participants", "recurrenceRules"] {
            if now.get(path) != before.get(path) {
                return Err(format!("{name}: {path} of {id} was {:?} and is {:?}", before.get(path), now.get(path)));
            }
        }
    }
    let text = |records: &[R]| records.iter().map(Played::text).collect::<String>().to_lowercase();
    let (hub_text, far_text) = (text(&hubs), text(&fars));
    let journal: String = world.journal().iter().map(|row| format!("{:?}", row.lost)).collect::<String>().to_lowercase();
    for token in tokens.iter().filter(|t| t.contains("4x")) {
        let home = if token.starts_with('h') { &hub_text } else { &far_text };
        if !home.contains(token.as_str()) && !journal.contains(token.as_str()) {
            return Err(format!("{name}: {token} is lost where it was written"));
        }
        // What the far side cuts, drops or hides stays with the user who wrote it.
        let at_risk = format!("{token}risk");
        if token.starts_with('h') && !home.contains(&at_risk) {
            return Err(format!("{name}: {at_risk} is lost on the hub"));
        }
        let other = if token.starts_with('h') { &far_text } else { &hub_text };
        if written && !other.contains(token.as_str()) && !journal.contains(token.as_str()) {
            return Err(format!("{name}: {token} never arrived: {:?}", report.sync));
        }
    }
    Ok(())
}

fn play_all<R: Played>() {
    let mut wrong = Vec::new();
    let mut played = 0;
    for switch in WorstOptions::switches() {
        wrong.extend(play::<R>(WorstOptions::only(&[&switch]).unwrap()).err());
        played += 1;
    }
    for options in [WorstOptions::kind(), WorstOptions::worst()] {
        wrong.extend(play::<R>(options).err());
        played += 1;
    }
    assert!(wrong.is_empty(), "{} of {played} providers: {}", wrong.len(), wrong.join("\n"));
}

#[test]
fn contacts_come_to_rest_on_every_unpleasant_provider() {
    play_all::<Contact>();
}

#[test]
fn tasks_come_to_rest_on_every_unpleasant_provider() {
    play_all::<Task>();
}

#[test]
fn events_come_to_rest_on_every_unpleasant_provider() {
    play_all::<Event>();
}
