//! Laws of events and tasks as text, over records that are made up.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use std::collections::BTreeSet;

use jiff::civil::{Date, DateTime, Time, date};
use jiff::{Span, Timestamp, ToSpan as _};
use pimkit_core::series::Series;
use pimkit_core::{
    Alert, AlertAction, Attachment, BlobId, BlobRef, Custom, Day, Digest, Event, EventStatus, Fields, FreeBusy, Frequency, Link, Location,
    NthDay, Organizer, Override, Overrides, Participant, ParticipationStatus, Privacy, Progress, Record, RecurrenceId, RecurrenceRule,
    Task, Trigger, Until, Value, VirtualLocation, When, Zone, diff,
};
use pimkit_formats::{Authoring, InlineBlob, InlineBlobs, TextRecord};
use proptest::collection::{btree_set, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

fn options() -> Authoring {
    Authoring::new("2026-11-22T12:00:00Z".parse().unwrap(), "-//pimkit//laws//EN")
}

/// Text of every sort: escapes, line ends, quotes, long lines, other scripts. Blank at its ends is the business of the lines.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9 ,;:\\\\\"^'=äжñ🎉\n\\[\\]<>%&-]{0,40}".prop_map(|s| format!("x{s}x")),
        "[ж,]{60,90}".prop_map(|s| s),
        Just("BEGIN:VEVENT\nEND:VEVENT".to_owned()),
        Just("\\n is no line end, \\\\n neither".to_owned()),
    ]
}

fn word() -> impl Strategy<Value = String> {
    "[a-zA-Z][a-zA-Z0-9 äж,;\\\\]{0,10}[a-z]"
}

fn uri() -> impl Strategy<Value = String> {
    "[a-z]{1,8}".prop_map(|s| format!("https://example.org/{s}?a=1,2;b=\"x\"&c=%20"))
}

fn day() -> impl Strategy<Value = Date> {
    (0_i64..9000).prop_map(|days| date(2005, 1, 1).checked_add(days.days()).unwrap())
}

/// Between 05:00 and 21:00 no zone used here has a gap or a fold.
fn time() -> impl Strategy<Value = Time> {
    (5_i8..21, 0_i8..60, select(std::vec![0_i8, 0, 0, 7])).prop_map(|(h, m, s)| Time::new(h, m, s, 0).unwrap())
}

fn own_zone() -> Zone {
    let rules = "BEGIN:VTIMEZONE\r\nTZID:Our own\\, odd\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0217\r\nTZOFFSETTO:+0217\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n";
    Zone { id: "Our own, odd".into(), rules: Some(rules.into()), spelling: None }
}

/// The case of time: as a series has one, its end and due time have it too.
#[derive(Clone, Debug)]
enum Case {
    Days,
    Floating,
    In(Zone),
}

fn case() -> impl Strategy<Value = Case> {
    prop_oneof![
        Just(Case::Days),
        Just(Case::Floating),
        select(std::vec!["Europe/Vienna", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"])
            .prop_map(|z| Case::In(Zone::iana(z))),
        Just(Case::In(own_zone())),
    ]
}

fn at(case: &Case, wall: DateTime) -> When {
    match case {
        Case::Days => When::all_day(wall.date()),
        Case::Floating => When::floating(wall),
        Case::In(zone) => When::Zoned { at: wall, zone: zone.clone() },
    }
}

fn rule(case: Case) -> impl Strategy<Value = RecurrenceRule> {
    let days = vec((select(std::vec![Day::Mo, Day::We, Day::Su]), of(select(std::vec![-1, 2]))), 0..3);
    let frequency = select(std::vec![Frequency::Yearly, Frequency::Monthly, Frequency::Weekly, Frequency::Daily]);
    let end = prop_oneof![Just(None), day().prop_map(|d| Some((d, None))), (day(), time()).prop_map(|(d, t)| Some((d, Some(t))))];
    (
        frequency,
        of(2_u32..5),
        days,
        of(1_u32..20),
        end,
        of(select(std::vec![Day::Su, Day::Sa])),
        vec(1_u8..13, 0..3),
        of(select(std::vec![-1, 1])),
    )
        .prop_map(move |(frequency, interval, days, count, end, first, months, position)| {
            let mut rule = RecurrenceRule { frequency, interval, first_day_of_week: first, ..RecurrenceRule::default() };
            let nth_is_allowed = matches!(frequency, Frequency::Monthly | Frequency::Yearly);
            rule.by_day = days.into_iter().map(|(day, n)| NthDay { day, nth_of_period: n.filter(|_| nth_is_allowed) }).collect();
            rule.by_month = months.into_iter().map(|m| m.to_string()).collect();
            rule.by_set_position = position.filter(|_| !rule.by_day.is_empty()).into_iter().collect();
            rule.until = end.map(|(day, time)| match time.filter(|_| !matches!(case, Case::Days)) {
                Some(time) => Until::At(day.to_datetime(time)),
                None => Until::On(day),
            });
            rule.count = count.filter(|_| rule.until.is_none());
            rule
        })
}

fn location() -> impl Strategy<Value = Location> {
    let coordinates =
        select(std::vec!["geo:48.2,16.37", "geo:-1.5,0", "geo:48.2,16.3,183;u=40", "somewhere, near"]).prop_map(str::to_owned);
    prop_oneof![
        text().prop_map(|name| Location { name: Some(name), coordinates: None }),
        (text(), coordinates).prop_map(|(name, c)| Location { name: Some(name), coordinates: Some(c) }),
    ]
}

fn link() -> impl Strategy<Value = Link> {
    let rel = of(select(std::vec!["describedby", "enclosure", "icon"]).prop_map(str::to_owned));
    (
        uri(),
        rel,
        of(Just("text/html".to_owned())),
        of(text()),
        btree_set(select(std::vec!["work".to_owned(), "private".to_owned()]), 0..2),
        of(1_u8..9),
    )
        .prop_map(|(uri, rel, media_type, label, contexts, pref)| {
            let mut link = Link { uri, rel, ..Link::default() };
            link.media_type = media_type;
            link.label = label.map(|label| label.replace('\n', " "));
            link.contexts = contexts;
            link.pref = pref;
            link
        })
}

fn blob_bytes(seed: u8) -> Vec<u8> {
    (0..=seed).collect()
}

fn blobs() -> InlineBlobs {
    (0..40_u8).map(|n| (BlobId::from(format!("far-{n}")), InlineBlob { media_type: "image/png".into(), bytes: blob_bytes(n) })).collect()
}

fn attachment() -> impl Strategy<Value = Attachment> {
    prop_oneof![
        (0..40_u8, of(word())).prop_map(|(n, name)| {
            let bytes = blob_bytes(n);
            let digest = Some(Digest::of(&bytes));
            let blob = BlobRef {
                id: BlobId::from(format!("far-{n}")),
                media_type: "image/png".into(),
                size: Some(bytes.len() as u64),
                digest,
                uri: None,
            };
            Attachment { blob, name }
        }),
        (uri(), of(word())).prop_map(|(uri, name)| {
            let blob = BlobRef { id: BlobId::from(uri.clone()), media_type: "text/plain".into(), uri: Some(uri), ..BlobRef::default() };
            Attachment { blob, name }
        }),
    ]
}

fn alert() -> impl Strategy<Value = Alert> {
    let trigger = prop_oneof![
        (-1_000_000_i64..1_000_000).prop_map(Trigger::Start),
        (-1_000_000_i64..1_000_000).prop_map(Trigger::End),
        (1_000_000_000_i64..2_000_000_000).prop_map(|s| Trigger::At(Timestamp::from_second(s).unwrap())),
    ];
    (trigger, select(std::vec![AlertAction::Display, AlertAction::Audio, AlertAction::Email]))
        .prop_map(|(trigger, action)| Alert { trigger, action })
}

fn participant() -> impl Strategy<Value = Participant> {
    let address = prop_oneof![
        r"[a-c]{1,2}@example\.org",
        Just("urn:uuid:550e8400-e29b-41d4-a716-446655440000".to_owned()),
        Just("/principals/42/".to_owned())
    ];
    let roles = btree_set(select(std::vec!["attendee", "optional", "informational", "chair"]).prop_map(str::to_owned), 0..3);
    let status = select(std::vec![
        ParticipationStatus::NeedsAction,
        ParticipationStatus::Accepted,
        ParticipationStatus::Declined,
        ParticipationStatus::Delegated
    ]);
    let kind = of(select(std::vec!["individual", "group", "resource", "location"]).prop_map(str::to_owned));
    (address, of(word()), kind, roles, status, any::<bool>()).prop_map(
        |(address, name, kind, roles, participation_status, expect_reply)| Participant {
            address,
            name,
            kind,
            roles,
            participation_status,
            expect_reply,
            person: None,
        },
    )
}

fn custom() -> impl Strategy<Value = Custom> {
    let name = select(std::vec!["lead-score", "Lead Score", "shoeSize", "größe", "place", "coordinates", "x"]).prop_map(str::to_owned);
    let value = prop_oneof![
        text().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        (-1e6_f64..1e6).prop_map(Value::from)
    ];
    proptest::collection::btree_map(name, value, 0..4)
}

/// One element per key, as the catalogue tells elements apart.
fn unique<T>(mut list: Vec<T>, key: impl Fn(&T) -> String) -> Vec<T> {
    let mut seen = BTreeSet::new();
    list.retain(|item| seen.insert(key(item)));
    list
}

/// The fields that both kinds have, by path: set through the catalogue, as the engine does.
fn shared_fields() -> impl Strategy<Value = Fields> {
    let texts = (of(text()), of(text()), of(select(std::vec!["turquoise".to_owned(), "#ff0000".to_owned()])), of(0_u8..10));
    let lists = (
        btree_set(word(), 0..4),
        vec(location(), 0..3),
        vec(link(), 0..4),
        vec(attachment(), 0..3),
        vec(alert(), 0..3),
        of(select(std::vec![Privacy::Public, Privacy::Private, Privacy::Secret])),
    );
    (texts, lists, custom()).prop_map(|((title, description, color, priority), (keywords, locations, links, attachments, alerts, privacy), custom)| {
        let attachments = unique(attachments, |a| a.blob.id.to_string());
        let links = unique(links, |l| l.uri.clone());
        let locations = unique(locations, |l| format!("{l:?}"));
        let json = serde_json::json!({
            "title": title, "description": description, "color": color, "priority": priority, "keywords": keywords, "locations": locations,
            "links": links, "attachments": attachments, "alerts": alerts, "privacy": privacy,
        });
        let Value::Object(map) = json else { unreachable!() };
        let mut fields: Fields = map.into_iter().map(|(path, value)| (path.into(), value)).collect();
        fields.extend(custom.into_iter().map(|(name, value)| (format!("custom.{name}").into(), value)));
        fields
    })
}

fn overrides(case: Case, first: DateTime, titles: impl Strategy<Value = Vec<(u8, Option<Fields>)>>) -> impl Strategy<Value = Overrides> {
    titles.prop_map(move |list| {
        list.into_iter()
            .map(|(day, fields)| {
                let id = at(&case, first).with_wall(first.checked_add(i64::from(day).days()).unwrap());
                (RecurrenceId::of(&id), fields.map_or(Override::Excluded, Override::Changed))
            })
            .collect()
    })
}

fn minimal<R: Series>(master: R, overrides: Overrides) -> R {
    // Only what differs from the series may stand in an override.
    let bare = master.clone().with_overrides(Overrides::new());
    let overrides = overrides
        .into_iter()
        .map(|(id, what)| match what {
            Override::Excluded => (id, Override::Excluded),
            Override::Changed(fields) => {
                let expected = bare.occurrence(id);
                let record = expected.with(&fields).unwrap();
                let patch = diff(&expected, &record).into_iter().map(|d| (d.field, d.to.unwrap_or(Value::Null))).collect();
                (id, Override::Changed(patch))
            }
        })
        .collect();
    bare.with_overrides(overrides)
}

fn exceptions() -> impl Strategy<Value = Vec<(u8, Option<Fields>)>> {
    let one = prop_oneof![Just(None), Just(Some(Fields::new())), shared_fields().prop_map(Some)];
    vec((0_u8..40, one), 0..4)
}

fn event() -> impl Strategy<Value = Event> {
    (case(), day(), time()).prop_flat_map(|(case, day, time)| {
        let first = day.to_datetime(if matches!(case, Case::Days) { Time::midnight() } else { time });
        let rules = prop_oneof![Just(Vec::new()), vec(rule(case.clone()), 1..3)];
        let own = (
            of(1_i64..5),
            of(select(std::vec![EventStatus::Confirmed, EventStatus::Cancelled, EventStatus::Tentative])),
            of(select(std::vec![FreeBusy::Free, FreeBusy::Busy])),
            of((participant(), of(word())).prop_map(|(p, name)| Organizer { address: p.address, name })),
            vec(participant(), 0..4),
            vec((uri(), of(word())).prop_map(|(uri, name)| VirtualLocation { uri, name }), 0..3),
        );
        let ends_elsewhere = any::<bool>();
        (shared_fields(), rules, vec(rule(case.clone()), 0..2), own, overrides(case.clone(), first, exceptions()), ends_elsewhere).prop_map(
            move |(fields, rules, excluded, (days, status, free_busy, organizer, participants, places), overrides, elsewhere)| {
                let mut event = Event::default().with(&fields).unwrap();
                event.uid = Some("uid-1@example.org".into());
                event.start = Some(at(&case, first));
                event.end = days.map(|days| at(&case, first.checked_add(days.days()).unwrap()));
                if elsewhere && matches!(case, Case::In(_)) {
                    event.end = event.end.map(|end| When::zoned(end.wall().checked_add(1.day()).unwrap(), "America/Lima"));
                }
                event.excluded_recurrence_rules = if rules.is_empty() { Vec::new() } else { excluded };
                event.recurrence_rules = rules;
                event.status = status;
                event.free_busy_status = free_busy;
                event.organizer = organizer;
                event.participants = unique(participants, |p| p.address.clone());
                event.virtual_locations = unique(places, |p| p.uri.clone());
                minimal(event, overrides)
            },
        )
    })
}

fn task() -> impl Strategy<Value = Task> {
    (case(), day(), time(), any::<bool>(), any::<bool>()).prop_flat_map(|(case, day, time, has_start, has_due)| {
        let first = day.to_datetime(if matches!(case, Case::Days) { Time::midnight() } else { time });
        let rules = prop_oneof![Just(Vec::new()), vec(rule(case.clone()), 1..2)];
        let progress =
            of(select(std::vec![Progress::NeedsAction, Progress::InProcess, Progress::Completed, Progress::Failed, Progress::Cancelled]));
        let own = (progress, of(0_u8..101), of(1_000_000_000_i64..2_000_000_000), of(Just("parent-1@example.org".to_owned())));
        (shared_fields(), rules, own, overrides(case.clone(), first, exceptions())).prop_map(
            move |(fields, rules, (progress, percent, completed, parent), overrides)| {
                let mut task = Task::default().with(&fields).unwrap();
                task.uid = Some("uid-2@example.org".into());
                task.start = has_start.then(|| at(&case, first));
                let due = if has_start { first.checked_add(2.days()).unwrap() } else { first };
                task.due = has_due.then(|| at(&case, due));
                task.progress = progress;
                task.percent_complete = percent;
                task.completed = completed.map(|s| Timestamp::from_second(s).unwrap());
                task.parent = parent;
                if has_start || has_due {
                    task.recurrence_rules = rules;
                    return minimal(task, overrides);
                }
                task
            },
        )
    })
}

fn assert_same<R: Record>(found: &R, wanted: &R, text: &[u8], what: &str) {
    let found = diff(wanted, found);
    assert!(found.is_empty(), "{what}: {found:#?}\n{}", String::from_utf8_lossy(text));
}

fn lines(text: &[u8]) -> Vec<Vec<u8>> {
    // With its folds and line end: what stands between two of these is one line of the file.
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for line in text.split_inclusive(|b| *b == b'\n') {
        match lines.last_mut() {
            Some(last) if line.starts_with(b" ") => last.extend_from_slice(line),
            _ => lines.push(line.to_vec()),
        }
    }
    lines
}

/// A foreign client's lines in every component, which no record can say.
fn with_foreign_lines(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(text.to_vec()).unwrap();
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        if line.starts_with("END:VEVENT") || line.starts_with("END:VTODO") {
            out.push_str("x-alt-desc;FMTTYPE=text/html:<b>as it\n  was</b>\nX-APPLE-STRUCTURED-LOCATION;X-TITLE=\"a,b\":geo:1,2\n");
            out.push_str("BEGIN:VALARM\nACTION:NONE\nTRIGGER;VALUE=DATE-TIME:19760401T005545Z\nEND:VALARM\nREQUEST-STATUS:2.0;Success\n");
        }
        out.push_str(line);
    }
    out.into_bytes()
}

fn laws<R: TextRecord + Series>(first: &R, second: &R) {
    let (options, blobs) = (options(), blobs());
    let text = R::author(first, &options, &blobs).unwrap();
    let read = R::read(&text).unwrap();
    assert_same(&read, first, &text, "read(author(r))");
    assert!(text.split(|b| *b == b'\n').all(|line| line.len() <= 76), "a line is longer than 75 octets");

    let text = with_foreign_lines(&text);
    let base = R::read(&text).unwrap();
    assert_same(&base, first, &text, "foreign lines are no part of the record");
    assert_eq!(R::patch(&text, &base, &base, &options, &blobs).unwrap(), text, "nothing to do, nothing done");

    let patched = R::patch(&text, &base, second, &options, &blobs).unwrap();
    assert_same(&R::read(&patched).unwrap(), second, &patched, "read(patch(text, base, target))");
    assert_eq!(R::patch(&patched, second, second, &options, &blobs).unwrap(), patched);
    // The master's foreign lines are where they were, and the way back works too. The description as HTML goes with its text.
    let count = |start: &str| lines(&patched).into_iter().filter(|l| l.starts_with(start.as_bytes())).count();
    let (components, html) = (count("BEGIN:VEVENT") + count("BEGIN:VTODO"), count("x-alt-desc"));
    assert_eq!(count("X-APPLE"), components);
    assert!(html <= components && (html > 0 || base.get("description") != second.get("description")));
    let back = R::patch(&patched, second, first, &options, &blobs).unwrap();
    assert_same(&R::read(&back).unwrap(), first, &back, "and back");
}

/// Each single field on its own: every line that is of no property of its group is the same bytes.
fn one_field_touches_only_its_lines<R: TextRecord + Series>(first: &R, second: &R) {
    let (options, blobs) = (options(), blobs());
    let single = first.clone().with_overrides(Overrides::new());
    let text = with_foreign_lines(&R::author(&single, &options, &blobs).unwrap());
    let base = R::read(&text).unwrap();
    for (field, properties) in [
        ("title", &["SUMMARY"][..]),
        ("description", &["DESCRIPTION", "x-alt-desc"]),
        ("keywords", &["CATEGORIES"]),
        ("participants", &["ATTENDEE"]),
        ("organizer", &["ORGANIZER"]),
        ("links", &["URL", "ATTACH", "LINK"]),
        ("priority", &["PRIORITY"]),
        ("privacy", &["CLASS"]),
    ] {
        if R::catalogue().field(field).is_none() {
            continue;
        }
        let value = second.get(field).unwrap_or(Value::Null);
        let target = base.with(&Fields::from([(field.into(), value)])).unwrap();
        let patched = R::patch(&text, &base, &target, &options, &blobs).unwrap();
        let outside = |text: &[u8]| -> Vec<Vec<u8>> {
            let stamps = ["DTSTAMP", "LAST-MODIFIED"];
            let is_of =
                |line: &[u8], name: &str| line.strip_prefix(name.as_bytes()).is_some_and(|rest| matches!(rest.first(), Some(b':' | b';')));
            lines(text).into_iter().filter(|l| !properties.iter().chain(&stamps).any(|name| is_of(l, name))).collect()
        };
        let shown = |text: &[u8]| -> Vec<String> { outside(text).iter().map(|l| String::from_utf8_lossy(l).into_owned()).collect() };
        assert_eq!(shown(&patched), shown(&text), "{field}: another line was touched");
        assert_same(&R::read(&patched).unwrap(), &target, &patched, field);
    }
}

/// The master's `field` at other values: the second record's, none, and for times and rules others of the same case.
fn edits<R: Series>(base: &R, second: &R, field: &str) -> Vec<Value> {
    let old = base.get(field);
    let later = |by: Span| {
        let time: When = serde_json::from_value(old.clone()?).ok()?;
        serde_json::to_value(time.with_wall(time.wall().checked_add(by).ok()?)).ok()
    };
    match field {
        // Occurrences that nothing names any more are no edit of one field.
        "uid" | "recurrenceOverrides" => Vec::new(),
        // Never past the end.
        "start" => [later(-1.hour()), later(-1.day()), later(-3.days())].into_iter().flatten().collect(),
        "end" | "due" => [later(1.hour()), later(1.day()), later(3.days())].into_iter().flatten().collect(),
        "recurrenceRules" | "excludedRecurrenceRules" => {
            let mut less = old.as_ref().and_then(Value::as_array).cloned().unwrap_or_default();
            less.pop();
            std::vec![Value::Null, Value::Array(less)]
        }
        _ => std::vec![second.get(field).unwrap_or(Value::Null), Value::Null],
    }
}

/// An edit of the master alone: the overrides name the fields that they named, and inherit the others.
fn one_field_of_the_master_arrives<R: TextRecord + Series>(first: &R, second: &R) {
    let (options, mut blobs) = (options(), blobs());
    // The way back brings in again what the edit took out, by the ids that reading gave.
    blobs.extend(blobs.clone().into_values().map(|blob| (BlobId::from(Digest::of(&blob.bytes).to_string()), blob)));
    let text = with_foreign_lines(&R::author(first, &options, &blobs).unwrap());
    let base = R::read(&text).unwrap();
    let custom = base.fields().into_keys().map(String::from).filter(|f| f.starts_with("custom."));
    let fields: Vec<String> = R::catalogue().fields().iter().map(|f| f.path.to_owned()).chain(custom).collect();
    for field in fields {
        for value in edits(&base, second, &field) {
            let target = base.with(&Fields::from([(field.as_str().into(), value)])).unwrap();
            let patched = R::patch(&text, &base, &target, &options, &blobs).unwrap();
            assert_same(&R::read(&patched).unwrap(), &target, &patched, &field);
            assert_eq!(R::patch(&patched, &target, &target, &options, &blobs).unwrap(), patched);
            // What is inherited is inherited still, and what is held is held.
            let back = R::patch(&patched, &target, &base, &options, &blobs).unwrap();
            assert_same(&R::read(&back).unwrap(), &base, &back, &field);
        }
    }
}

/// A series of added dates, some as PERIODs: which end it has is of no matter to overrides that say none.
fn periods() -> impl Strategy<Value = String> {
    let one = (
        1_i8..28,
        of(prop_oneof![Just("/PT1H".to_owned()), Just("/PT90M".to_owned()), (10_i8..20).prop_map(|h| format!("/{h}"))]),
        any::<bool>(),
    );
    (vec(one, 1..6), any::<bool>()).prop_map(|(list, ruled)| {
        let mut lines = String::new();
        for (day, end, utc) in list {
            let (tzid, z) = if utc { ("", "Z") } else { (";TZID=Asia/Kolkata", "") };
            let begin = format!("202603{day:02}T0{}{z}", if utc { "33000" } else { "90000" });
            lines.push_str(&match end {
                None => format!("RDATE{tzid}:{begin}\n"),
                Some(end) if end.len() == 3 => format!("RDATE;VALUE=PERIOD{tzid}:{begin}/202603{day:02}T{}0000{z}\n", &end[1..]),
                Some(end) => format!("RDATE;VALUE=PERIOD{tzid}:{begin}{end},20260401T090000/PT1H\n"),
            });
        }
        let rule = if ruled { "RRULE:FREQ=MONTHLY\n" } else { "" };
        format!(
            "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:u\nDTSTART;TZID=Asia/Kolkata:20260301T090000\nDTEND;TZID=Asia/Kolkata:20260301T100000\n{rule}{lines}SUMMARY:s\nEND:VEVENT\nEND:VCALENDAR\n"
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn events_survive_their_text(first in event(), second in event()) {
        laws(&first, &second);
        one_field_touches_only_its_lines(&first, &second);
        one_field_of_the_master_arrives(&first, &second);
    }

    #[test]
    fn tasks_survive_their_text(first in task(), second in task()) {
        laws(&first, &second);
        one_field_touches_only_its_lines(&first, &second);
        one_field_of_the_master_arrives(&first, &second);
    }

    #[test]
    fn periods_keep_what_they_say_under_any_edit_of_times(text in periods(), hours in -20_i64..40, of_start in any::<bool>(), no_end in any::<bool>()) {
        let base = Event::read(text.as_bytes()).unwrap();
        let mut target = base.clone();
        let shift = |time: &Option<When>| time.as_ref().map(|t| t.with_wall(t.wall().checked_add(hours.hours()).unwrap()));
        if of_start {
            target.start = shift(&base.start).filter(|t| Some(t.wall()) <= base.end.as_ref().map(When::wall));
            prop_assume!(target.start.is_some());
        } else {
            target.end = shift(&base.end).filter(|t| !no_end && Some(t.wall()) >= base.start.as_ref().map(When::wall));
        }
        let patched = Event::patch(text.as_bytes(), &base, &target, &options(), &blobs()).unwrap();
        assert_same(&Event::read(&patched).unwrap(), &target, &patched, "periods");
        let back = Event::patch(&patched, &target, &base, &options(), &blobs()).unwrap();
        assert_same(&Event::read(&back).unwrap(), &base, &back, "periods, and back");
    }

    #[test]
    fn calcard_reads_the_same_start_and_summary(event in event()) {
        let text = String::from_utf8(Event::author(&event, &options(), &blobs()).unwrap()).unwrap();
        let calendar = calcard::icalendar::ICalendar::parse(&text).unwrap();
        let component = calendar.components.iter().find(|c| {
            c.component_type == calcard::icalendar::ICalendarComponentType::VEvent
                && !c.has_property(&calcard::icalendar::ICalendarProperty::RecurrenceId)
        }).unwrap();
        let of = |name| component.property(&name).and_then(|entry| entry.values.first());
        let summary = of(calcard::icalendar::ICalendarProperty::Summary).and_then(|v| v.as_text()).unwrap_or_default();
        prop_assert_eq!(summary, event.title.as_deref().unwrap_or_default());
        let start = of(calcard::icalendar::ICalendarProperty::Dtstart).and_then(|v| v.as_partial_date_time()).unwrap();
        let wall = event.start.as_ref().unwrap().wall();
        let found = (start.year, start.month, start.day, start.hour.unwrap_or(0), start.minute.unwrap_or(0));
        let wanted = (wall.year() as u16, wall.month() as u8, wall.day() as u8, wall.hour() as u8, wall.minute() as u8);
        prop_assert_eq!(found, (Some(wanted.0), Some(wanted.1), Some(wanted.2), wanted.3, wanted.4));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..300), at in 0_usize..600, event in event()) {
        let mut text = Event::author(&event, &options(), &blobs()).unwrap();
        let at = at.min(text.len());
        text.splice(at..(at + bytes.len() / 8).min(text.len()), bytes);
        if let Ok(read) = Event::read(&text) {
            let mut target = read.clone();
            target.title = Some("other".into());
            let _ = Event::patch(&text, &read, &target, &options(), &blobs());
        }
        let _ = Task::read(&text);
        let _ = pimkit_formats::icalendar::split_calendar(&text);
    }
}
