//! How fast texts are read and written, beside the crates that one would otherwise take: `cargo bench -p pimkit-formats`,
//! or `cargo xtask bench formats` for a table.
//!
//! What is compared is not one thing: `pimkit` keeps every byte and tokenises a line when it is asked for, so that
//! `pimkit-every-line` tokenises them all; `calcard` makes typed values; `ical` makes a tree of names and texts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod input;

use std::{hint::black_box, time::Duration};

use criterion::{BenchmarkGroup, Criterion, SamplingMode, Throughput, criterion_group, criterion_main, measurement::WallTime};
use ical::{IcalParser, VcardParser, generator::Emitter as _};
use input::Input;
use pimkit_core::{Contact, Event};
use pimkit_formats::{
    Authoring, InlineBlobs, TextRecord,
    text::{Component, Document, Node},
};

/// Reads a text and writes it again; tells how many bytes were written and how many items it found.
type Engine = fn(&str) -> (usize, usize);

fn pimkit(text: &str) -> (usize, usize) {
    let document = Document::parse(text.to_owned()).unwrap();
    (document.to_bytes().len(), items(&document))
}

fn pimkit_every_line(text: &str) -> (usize, usize) {
    fn tokenise(nodes: &[Node]) {
        for node in nodes {
            match node {
                Node::Line(line) => drop(black_box(line.content())),
                Node::Component(component) => tokenise(component.nodes()),
            }
        }
    }
    let document = Document::parse(text.to_owned()).unwrap();
    tokenise(document.nodes());
    (document.to_bytes().len(), items(&document))
}

fn items(document: &Document) -> usize {
    let events = |root: &Component| root.components_named("VEVENT").count();
    document.components().map(|root| if root.is("VCARD") { 1 } else { events(root) }).sum()
}

fn calcard(text: &str) -> (usize, usize) {
    let mut parser = calcard::Parser::new(text);
    let (mut bytes, mut items) = (0, 0);
    loop {
        match parser.entry() {
            calcard::Entry::VCard(card) => {
                bytes += card.to_string().len();
                items += 1;
            }
            calcard::Entry::ICalendar(calendar) => {
                bytes += calendar.to_string().len();
                let event = calcard::icalendar::ICalendarComponentType::VEvent;
                items += calendar.components.iter().filter(|c| c.component_type == event).count();
            }
            calcard::Entry::Eof => return (bytes, items),
            other => panic!("calcard: {other:?}"),
        }
    }
}

fn ical_tree(text: &str) -> (usize, usize) {
    let (mut bytes, mut items) = (0, 0);
    if text.starts_with("BEGIN:VCARD") {
        for card in VcardParser::new(text.as_bytes()) {
            bytes += card.unwrap().generate().len();
            items += 1;
        }
    } else {
        for calendar in IcalParser::new(text.as_bytes()) {
            let calendar = calendar.unwrap();
            bytes += calendar.generate().len();
            items += calendar.events.len();
        }
    }
    (bytes, items)
}

const ENGINES: [(&str, Engine); 4] =
    [("pimkit", pimkit), ("pimkit-every-line", pimkit_every_line), ("calcard", calcard), ("ical", ical_tree)];

fn group<'a>(criterion: &'a mut Criterion, name: &str, bytes: u64) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Bytes(bytes)).sample_size(10).sampling_mode(SamplingMode::Flat);
    group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    group
}

fn parse_and_write(criterion: &mut Criterion) {
    for (name, input) in [("cards", input::cards()), ("calendars", input::calendars())] {
        let count = input.resources.len();
        let mut one_file = group(criterion, &format!("{name} in one file"), input.whole.len() as u64);
        for (engine, run) in ENGINES {
            // Whoever loses half of the input is not fast.
            let (bytes, items) = run(&input.whole);
            assert!(items == count && bytes * 10 > input.whole.len() * 9, "{engine}: {items} of {count} items, {bytes} bytes");
            one_file.bench_function(engine, |b| b.iter(|| run(black_box(&input.whole))));
        }
        one_file.finish();
        let mut each = group(criterion, &format!("{name} one by one"), input.bytes());
        for (engine, run) in ENGINES {
            each.bench_function(engine, |b| b.iter(|| input.resources.iter().map(|text| run(black_box(text)).0).sum::<usize>()));
        }
        each.finish();
    }
}

/// Reading into records, and changing one field of a text that is there.
fn records(criterion: &mut Criterion) {
    record::<Contact>(criterion, "contacts", &input::cards(), |contact| contact.notes = vec!["likes tea".to_owned()]);
    record::<Event>(criterion, "events", &input::calendars(), |event| event.title = Some("Tea".to_owned()));
}

fn record<R: TextRecord>(criterion: &mut Criterion, name: &str, input: &Input, edit: fn(&mut R)) {
    let now = "2026-03-02T08:00:00Z".parse().unwrap();
    let options = Authoring::new(now, "-//Example//Bench//EN");
    let blobs = InlineBlobs::new();
    let edits: Vec<(&str, R, R)> = input
        .resources
        .iter()
        .map(|text| {
            let base = R::read(text.as_bytes()).unwrap();
            let mut target = base.clone();
            edit(&mut target);
            assert!(!base.differing(&target).is_empty());
            (text.as_str(), base, target)
        })
        .collect();
    let mut group = group(criterion, name, input.bytes());
    group.bench_function("read", |b| b.iter(|| edits.iter().filter(|(text, ..)| R::read(black_box(text).as_bytes()).is_ok()).count()));
    group.bench_function("patch", |b| {
        b.iter(|| {
            edits.iter().map(|(text, base, target)| R::patch(text.as_bytes(), base, target, &options, &blobs).unwrap().len()).sum::<usize>()
        });
    });
    group.finish();
}

criterion_group!(benches, parse_and_write, records);
criterion_main!(benches);
