//! 1,000 vCards and 1,000 iCalendar resources of every sort go from a folder into the app store and
//! from there into a second folder, equal in every field; then both ends are edited.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use pimkit::{
    Clock, CollectionId, Connector, Contact, Event, Field, Fields, JournalQuery, Record, RepositoryExt, State, Task,
    formats::resource::{Authoring, CardVersion, InlineBlobs, TextRecord},
    local::{Local, Options},
    state_sqlite::SqliteState,
    sync::{Engine, Policy, Report, Verdict},
    vdir::{Config, Vdir},
};
use pimkit_contract::{FakeClock, samples};
use std::{collections::BTreeMap, fs, path::Path, sync::Arc, time::Duration};

/// Texts as programs write them; `{n}` is a number, so that each resource is one of its own.
const CARDS: &[&str] = &[
    // A phone of the nineties.
    "BEGIN:VCARD\r\nVERSION:2.1\r\nUID:old-{n}\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller {n};J=C3=B6rg\r\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=B6rg M=C3=BCller {n}\r\nTEL;HOME;VOICE:+43 1 {n}\r\nTEL;WORK;FAX:+43 2 {n}\r\nEMAIL;INTERNET:old{n}@example.org\r\nNOTE;ENCODING=QUOTED-PRINTABLE:two=0D=0A=\r\nlines\r\nEND:VCARD\r\n",
    // Apple's groups and labels.
    "BEGIN:VCARD\r\nVERSION:3.0\r\nPRODID:-//Apple Inc.//macOS 14//EN\r\nUID:apple-{n}\r\nN:Rossi;Bianca;;;\r\nFN:Bianca Rossi {n}\r\nitem1.EMAIL;type=INTERNET;type=pref:bianca{n}@example.org\r\nitem1.X-ABLabel:Atelier\r\nitem2.ADR;type=HOME:;;Via Roma {n};Torino;;10121;Italia\r\nitem2.X-ABADR:it\r\nitem3.URL:https://example.org/{n}\r\nitem3.X-ABLabel:_$!<HomePage>!$_\r\nBDAY;X-APPLE-OMIT-YEAR=1604:1604-04-12\r\nX-SOCIALPROFILE;type=twitter:https://social.example/bianca{n}\r\nEND:VCARD\r\n",
    // A 4.0 card with parameters that need care.
    "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:urn:uuid:00000000-0000-4000-8000-{n12}\r\nFN:Zo\u{eb} \u{201c}Z\u{201d} {n}\r\nN:\u{141}ukasz;Zo\u{eb};Ann,Beth;Dr.;PhD\r\nKIND:individual\r\nBDAY:--0229\r\nANNIVERSARY:20090808\r\nTEL;VALUE=uri;PREF=1;TYPE=\"voice,work\":tel:+1-418-{n};ext=102\r\nEMAIL;TYPE=work:zoe{n}@example.net\r\nRELATED;TYPE=friend;VALUE=text:Ada {n}\r\nLANG;PREF=1:fr\r\nCATEGORIES:kin,choir {n}\r\nNOTE:semi\\; comma\\, back\\\\slash\\nnew line {n}\r\nPHOTO:data:image/png;base64,iVBORw0KGgo=\r\nX-CUSTOM-THING:kept {n}\r\nREV:20260101T000000Z\r\nEND:VCARD\r\n",
    // A company, with a picture kept elsewhere.
    "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:org-{n}\r\nFN:Company {n}\r\nN:;;;;\r\nORG:Company {n};Sales;South\r\nTEL;TYPE=WORK:0512 {n}\r\nPHOTO;VALUE=URI:https://example.org/{n}.png\r\nX-ABShowAs:COMPANY\r\nEND:VCARD\r\n",
];

const CALENDARS: &[&str] = &[
    // Outlook: a Windows zone with its rules, a moved and a left-out occurrence.
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Microsoft Corporation//Outlook 16.0 MIMEDIR//EN\r\nBEGIN:VTIMEZONE\r\nTZID:W. Europe Standard Time\r\nBEGIN:STANDARD\r\nDTSTART:16010101T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\nEND:STANDARD\r\nBEGIN:DAYLIGHT\r\nDTSTART:16010101T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:outlook-{n}\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Weekly {n}\r\nDTSTART;TZID=W. Europe Standard Time:20260302T090000\r\nDTEND;TZID=W. Europe Standard Time:20260302T100000\r\nRRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=20\r\nEXDATE;TZID=W. Europe Standard Time:20260316T090000\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Reminder\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:outlook-{n}\r\nRECURRENCE-ID;TZID=W. Europe Standard Time:20260323T090000\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Weekly {n}\\, later\r\nDTSTART;TZID=W. Europe Standard Time:20260323T140000\r\nDTEND;TZID=W. Europe Standard Time:20260323T150000\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
    // All-day, and a fold in the middle of a character's line.
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Mozilla.org/NONSGML Mozilla Calendar V1.1//EN\r\nBEGIN:VEVENT\r\nUID:allday-{n}\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Ferien {n} mit einer sehr langen \u{dc}berschrift\\, die auf mehr als eine Z\r\n eile geht\r\nDTSTART;VALUE=DATE:20260801\r\nDTEND;VALUE=DATE:20260815\r\nTRANSP:TRANSPARENT\r\nCATEGORIES:family,travel {n}\r\nCLASS:PRIVATE\r\nX-MOZ-GENERATION:1\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
    // Floating, with guests.
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example//EN\r\nBEGIN:VEVENT\r\nUID:guests-{n}\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Breakfast {n}\r\nDTSTART:20260504T073000\r\nDURATION:PT45M\r\nORGANIZER;CN=\"Doe, Jane\":mailto:jane@example.org\r\nATTENDEE;CN=Bob;PARTSTAT=ACCEPTED;ROLE=OPT-PARTICIPANT;X-NUM-GUESTS=0:mailto:bob{n}@example.org\r\nLOCATION:Caf\u{e9}\\, corner\r\nGEO:48.2;16.37\r\nURL:https://example.org/{n}\r\nSTATUS:TENTATIVE\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
];

fn write(folder: &Path, name: &str, text: &[u8]) {
    fs::write(folder.join(name), text).unwrap();
}

fn fill(template: &str, n: u64) -> String {
    template.replace("{n12}", &format!("{n:012}")).replace("{n}", &n.to_string())
}

fn authored<R: TextRecord>(record: &R, version: CardVersion, clock: &FakeClock) -> Vec<u8> {
    let options = Authoring::new(clock.now(), "-//pimkit//tests//EN").with_card_version(version);
    R::author(record, &options, &InlineBlobs::new()).unwrap()
}

/// 1,000 cards: what four programs write, and every field of ours in both versions.
fn lay_out_cards(folder: &Path, clock: &FakeClock) {
    for n in 0..500 {
        write(folder, &format!("t{n}.vcf"), fill(CARDS[n as usize % CARDS.len()], n).as_bytes());
    }
    for n in 0..500 {
        let mut contact = if n % 2 == 0 { samples::full_contact(n) } else { samples::contact(n) };
        contact.photo = None;
        let version = if n % 3 == 0 { CardVersion::V4 } else { CardVersion::V3 };
        write(folder, &format!("s{n}.vcf"), &authored(&contact, version, clock));
    }
}

/// 1,000 resources: what three programs write, series, tasks, and every field of ours.
fn lay_out_calendars(folder: &Path, clock: &FakeClock) {
    for n in 0..300 {
        write(folder, &format!("t{n}.ics"), fill(CALENDARS[n as usize % CALENDARS.len()], n).as_bytes());
    }
    for n in 0..400 {
        let mut event = match n % 4 {
            0 => samples::full_event(n),
            1 => samples::series(n),
            2 => samples::meeting(n),
            _ => samples::event(n),
        };
        event.attachments.clear();
        write(folder, &format!("e{n}.ics"), &authored(&event, CardVersion::V4, clock));
    }
    for n in 0..300 {
        let mut task = match n % 3 {
            0 => samples::full_task(n),
            1 => samples::task_series(n),
            _ => samples::task(n),
        };
        task.attachments.clear();
        write(folder, &format!("d{n}.ics"), &authored(&task, CardVersion::V4, clock));
    }
}

struct Pipeline {
    clock: FakeClock,
    dir: tempfile::TempDir,
    crm: Arc<dyn Connector>,
    first: Arc<dyn Connector>,
    second: Arc<dyn Connector>,
    engine: Engine,
    state: Arc<SqliteState>,
}

impl Pipeline {
    fn new(lay_out: fn(&Path, &FakeClock)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = FakeClock::default();
        for name in ["first", "second"] {
            fs::create_dir_all(dir.path().join(name).join("home")).unwrap();
        }
        lay_out(&dir.path().join("first/home"), &clock);
        let folder = |name: &str| -> Arc<dyn Connector> {
            Arc::new(Vdir::open(dir.path().join(name), Config::default().clock(Arc::new(clock.clone()))).unwrap())
        };
        let (first, second) = (folder("first"), folder("second"));
        let crm = Arc::new(Local::open(dir.path().join("crm.db"), Options::default().clock(Arc::new(clock.clone()))).unwrap());
        let state = Arc::new(SqliteState::open(dir.path().join("sync.db")).unwrap());
        let engine = Engine::new(state.clone()).clock(Arc::new(clock.clone()));
        Self { clock, dir, crm, first, second, engine, state }
    }

    /// One run of a sync, spawned as an app would spawn it.
    async fn run<R: Record>(&self, name: &str, right: &Arc<dyn Connector>, policy: &[(&str, &str)]) -> Report {
        self.clock.advance(Duration::from_secs(60));
        let mut set = Policy::default();
        // What one folder has is to be in the other, guests too.
        set.set("attendees", "real").unwrap();
        for (key, word) in policy {
            set.set(key, word).unwrap();
        }
        let pair = self.engine.pair::<R>(&format!("{name}-{}", R::KIND.plural()), self.crm.clone(), right.clone());
        let pair = pair.policy(set).home("kind", "org".into(), "companies").build().unwrap();
        let report = tokio::spawn(async move { pair.run().await }).await.unwrap().unwrap();
        self.clock.advance(Duration::from_secs(60));
        report
    }

    async fn both<R: Record>(&self, policy: &[(&str, &str)]) -> [Report; 2] {
        [self.run::<R>("first", &self.first, policy).await, self.run::<R>("second", &self.second, policy).await]
    }
}

/// Every record of a kind, by uid, as fields.
async fn records<R: Record>(connector: &Arc<dyn Connector>) -> BTreeMap<String, Fields> {
    let repository = R::repository(connector.as_ref()).unwrap();
    let mut all = BTreeMap::new();
    for collection in repository.collections().await.unwrap() {
        for (record, _) in read_all::<R>(connector, &collection.id).await {
            let uid = record.uid().unwrap().to_owned();
            assert!(all.insert(uid.clone(), record.fields()).is_none(), "{uid} is there twice");
        }
    }
    all
}

async fn read_all<R: Record>(connector: &Arc<dyn Connector>, collection: &CollectionId) -> Vec<(R, pimkit::Stored<R>)> {
    use futures::TryStreamExt;
    let repository = R::repository(connector.as_ref()).unwrap();
    let options = pimkit::ChangeOptions::default();
    let lines: Vec<pimkit::Change<R>> = repository.items(collection, pimkit::Position::Start, &options).try_collect().await.unwrap();
    let mut all = Vec::new();
    let mut fetch = Vec::new();
    for line in lines {
        match line {
            pimkit::Change::Upserted(stored) => all.push((stored.record.clone(), *stored)),
            pimkit::Change::Listed { id, .. } => fetch.push(id),
            pimkit::Change::OtherKind { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    for answer in repository.fetch(collection, &fetch).await {
        match answer {
            pimkit::Fetched::Found(stored) => all.push((stored.record.clone(), *stored)),
            pimkit::Fetched::OtherKind { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    all
}

fn assert_equal<R: Record>(what: &str, a: &BTreeMap<String, Fields>, b: &BTreeMap<String, Fields>) {
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>(), "{what}");
    for (uid, fields) in a {
        let differing: Vec<_> = pimkit::diff_fields::<R>(fields, &b[uid]).into_iter().collect();
        assert!(differing.is_empty(), "{what}: {uid}: {differing:#?}");
    }
}

async fn arrives_and_rests<R: Record>(pipeline: &Pipeline, count: usize) {
    let [first, second] = pipeline.both::<R>(&[]).await;
    assert_eq!((first.sync.created.left as usize, first.sync.verdict()), (count, Verdict::Done), "{first:#?}");
    assert_eq!((second.sync.created.right as usize, second.sync.verdict()), (count, Verdict::Done), "{second:#?}");
    let (a, hub, b) = (records::<R>(&pipeline.first).await, records::<R>(&pipeline.crm).await, records::<R>(&pipeline.second).await);
    assert_eq!(a.len(), count);
    assert_equal::<R>("folder and app store", &a, &hub);
    assert_equal::<R>("folder and second folder", &a, &b);
    for report in pipeline.both::<R>(&[]).await {
        assert_eq!((report.sync.writes(), report.sync.verdict()), (0, Verdict::Done), "{report:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_cards_go_into_the_app_store_and_into_a_second_folder_equal_in_every_field() {
    let pipeline = Pipeline::new(lay_out_cards);
    arrives_and_rests::<Contact>(&pipeline, 1000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_calendar_resources_go_into_the_app_store_and_into_a_second_folder_equal_in_every_field() {
    let pipeline = Pipeline::new(lay_out_calendars);
    arrives_and_rests::<Event>(&pipeline, 700).await;
    arrives_and_rests::<Task>(&pipeline, 300).await;
}

#[tokio::test]
async fn edits_at_both_ends_arrive_and_a_conflict_follows_the_policy_and_keeps_the_loser() {
    let pipeline = Pipeline::new(|folder, _| {
        for n in 0..20 {
            write(folder, &format!("{n}.vcf"), fill(CARDS[1], n).as_bytes());
        }
    });
    pipeline.both::<Contact>(&[]).await;
    let second = pipeline.dir.path().join("second/home");
    let copies: Vec<_> = fs::read_dir(&second).unwrap().map(|e| e.unwrap().path()).collect();
    let copy_of = |n: u64| copies.iter().find(|p| fs::read_to_string(p).unwrap().contains(&format!("apple-{n}\r\n"))).unwrap().clone();
    // Different fields of one record, in two folders.
    let first = |n: u64| pipeline.dir.path().join(format!("first/home/{n}.vcf"));
    let edit = |path: &Path, from: &str, to: &str| {
        let text = fs::read_to_string(path).unwrap();
        assert!(text.contains(from), "{from} is not in {text}");
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    };
    edit(&first(3), "Via Roma 3", "Via Po 33");
    edit(&copy_of(3), "https://example.org/3", "https://example.net/three");
    // One field, on both ends.
    edit(&first(4), "FN:Bianca Rossi 4", "FN:Bianca First");
    pipeline.run::<Contact>("first", &pipeline.first, &[]).await;
    edit(&copy_of(4), "FN:Bianca Rossi 4", "FN:Bianca Second");
    let report = pipeline.run::<Contact>("second", &pipeline.second, &[("conflicts", "right")]).await;
    assert_eq!(report.sync.conflicts, 1, "{report:#?}");
    for _ in 0..2 {
        pipeline.both::<Contact>(&[]).await;
    }
    let (a, hub, b) =
        (records::<Contact>(&pipeline.first).await, records::<Contact>(&pipeline.crm).await, records::<Contact>(&pipeline.second).await);
    assert_equal::<Contact>("folder and app store", &a, &hub);
    assert_equal::<Contact>("folder and second folder", &a, &b);
    let text = |uid: &str, field: &str| a[uid][&Field::from(field)].to_string();
    assert!(text("apple-3", "addresses").contains("Via Po 33") && text("apple-3", "links").contains("example.net/three"));
    assert_eq!(text("apple-4", "name.full"), "\"Bianca Second\"");
    use futures::TryStreamExt;
    let journal: Vec<_> = pipeline.state.journal(JournalQuery::default()).try_collect().await.unwrap();
    let lost: Vec<_> = journal.iter().flat_map(|row| &row.lost).map(|l| (l.field.to_string(), l.to.clone().unwrap())).collect();
    assert_eq!(lost, [("name.full".to_owned(), serde_json::json!("Bianca First"))]);
    // What neither side's model knows is still there, byte for byte.
    assert!(fs::read_to_string(first(3)).unwrap().contains("PRODID:-//Apple Inc.//macOS 14//EN\r\n"));
    for report in pipeline.both::<Contact>(&[]).await {
        assert_eq!(report.sync.writes(), 0, "{report:?}");
    }
}
