//! What a server, or whoever stands between, may answer: nothing is ever deleted for it, and no credential goes anywhere else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod dav;

use dav::{
    Kit, SERVERS, account, named,
    portal::{Answerer, Which, bare, inside, of_writes, page, redirect},
    table::Table,
};
use futures::executor::block_on;
use pimkit::{
    Connector, Contact, Error, ErrorKind, Position, Record,
    http::{Failure, InProcess, Incoming, Outgoing},
};
use pimkit_contract::FakeClock;
use pimkit_simulators::{Fault, FaultPlan, FaultRule, ListingCut, Personality};
use std::{iter::once, sync::Arc, time::Duration};

const PEOPLE: usize = 12;

/// A sync at rest: twelve people on both sides.
fn at_rest(server: &str) -> Kit {
    let kit = Kit::new(server);
    (0..PEOPLE).for_each(|n| kit.put(n));
    kit.run();
    kit.run();
    assert_eq!(kit.hub.names().len(), PEOPLE);
    kit
}

/// Twelve people on both sides, and nothing to do.
fn unharmed(kit: &Kit, what: &str) {
    kit.simulator.set_faults(FaultPlan::default());
    assert_eq!(kit.hub.names().len(), PEOPLE, "{what}: the hub");
    assert_eq!(kit.simulator.list(kit.home.as_str()).len(), PEOPLE, "{what}: the server");
    for _ in 0..2 {
        let report = kit.run();
        assert_eq!((report.writes(), report.deleted.left, report.deleted.right), (0, 0, 0), "{what}: {report:?}");
    }
    assert_eq!(kit.hub.names().len(), PEOPLE, "{what}: the hub, after it was well again");
}

fn troubles() -> Vec<(&'static str, Fault)> {
    let status = |code| Fault::Status { code, retry_after: None, body: "<html>trouble</html>".to_owned() };
    let mut all = vec![
        ("a login page", Fault::LoginPage),
        ("a reset", Fault::ResetBefore),
        ("an empty listing", Fault::EmptyListing),
        ("another content type", Fault::ContentType { value: "text/html".to_owned() }),
        ("a lost token", Fault::ExpireTokens),
        ("a missing member", Fault::DropMember { index: 0 }),
    ];
    for code in [400, 401, 403, 404, 405, 409, 410, 412, 415, 418, 429, 500, 501, 502, 503, 504, 507] {
        all.push(("a status", status(code)));
    }
    for code in [403, 404, 410, 412, 423, 500, 507] {
        all.push(("a refusal inside", Fault::RefusedInside { code }));
    }
    for bytes in [0, 1, 40, 200, 500, 1000] {
        all.push(("a body that is cut", Fault::Truncate { bytes }));
    }
    all
}

#[test]
fn nothing_is_deleted_whatever_every_request_is_answered_with() {
    for server in SERVERS {
        for (name, fault) in troubles() {
            let kit = at_rest(server);
            let what = format!("{server}, {name} ({fault:?}), always");
            kit.simulator.set_faults(FaultPlan::of([FaultRule::always(fault)]));
            for _ in 0..2 {
                // It may fail; it may not harm.
                let _ = kit.try_run();
            }
            unharmed(&kit, &what);
        }
    }
}

#[test]
fn nothing_is_deleted_whatever_one_request_of_a_run_is_answered_with() {
    for server in ["radicale", "cyrus"] {
        for (name, fault) in troubles() {
            for nth in 1..=4 {
                let kit = at_rest(server);
                // Something to read, so that the run asks for more than two things.
                kit.edit_there(3);
                let what = format!("{server}, {name} ({fault:?}), request {nth}");
                kit.simulator.set_faults(FaultPlan::of([FaultRule::always(fault.clone()).nth(nth)]));
                let _ = kit.try_run();
                kit.simulator.set_faults(FaultPlan::default());
                kit.run();
                unharmed(&kit, &what);
                let edited = || kit.hub.0.by_hand::<Contact>().records().into_iter().filter(|r| r.notes == ["edited there"]).count();
                if edited() == 0 {
                    // A server that leaves a change out of a list of changes lies, and its next token is past it: what is listed whole
                    // every week finds it.
                    assert!(matches!(fault, Fault::EmptyListing | Fault::DropMember { .. }), "{what}: the edit");
                    kit.clock.advance(Duration::from_secs(8 * 86_400));
                    kit.run();
                }
                assert_eq!(edited(), 1, "{what}: the edit");
            }
        }
    }
}

/// Twelve people on both sides, of whom the hub has edited one and deleted one since; and one more there.
fn pending(server: &str) -> Kit {
    let kit = at_rest(server);
    kit.edit_here("Person 3");
    kit.hub.delete::<Contact>("Person 5");
    kit.hub.put_all(once(Kit::person(100)));
    kit
}

/// What was pending is done, once, and nothing else.
fn all_done(kit: &Kit, what: &str) {
    kit.portal.open();
    kit.simulator.set_faults(FaultPlan::default());
    kit.clock.advance(Duration::from_secs(24 * 3600));
    kit.try_run().unwrap();
    let last = kit.try_run().unwrap().sync;
    let mut expected = named(&(0..PEOPLE).filter(|n| *n != 5).chain(once(100)).map(Kit::person).collect::<Vec<_>>());
    expected.sort();
    let there: Vec<Contact> = kit.there::<Contact>().into_iter().map(|s| s.record).collect();
    assert_eq!(named(&there), expected, "{what}: the server; {last:?}");
    assert_eq!(kit.hub.names(), expected, "{what}: the hub; {last:?}");
    let edited = |all: &[Contact]| named(&all.iter().filter(|c| c.notes == ["edited here"]).cloned().collect::<Vec<_>>());
    assert_eq!(edited(&kit.hub.0.by_hand::<Contact>().records()), ["Person 3"], "{what}: the edit at the hub; {last:?}");
    assert_eq!(edited(&there), ["Person 3"], "{what}: the edit at the server; {last:?}");
    assert_eq!(last.verdict().exit_code(), 0, "{what}: {last:?}");
}

type Answers = fn(&Outgoing) -> Incoming;

/// A page below the account's own address, and a stranger's host, which are led to.
fn elsewhere(request: &Outgoing, stranger: Answers) -> Option<Incoming> {
    if request.url.host_str() != Some("localhost") {
        return Some(stranger(request));
    }
    request.url.path().starts_with("/sign-in").then(page)
}

/// What a portal says to a write, and what a stranger says to whom it leads there.
fn answers_to_writes() -> Vec<(&'static str, Answers, Answers)> {
    let nobody: Answers = |_| bare(404);
    vec![
        ("a login page", |_| page(), nobody),
        ("a login page of another status", |_| bare(203).header("content-type", "text/html").body("<html>sign in</html>"), nobody),
        (
            "a login page of XHTML",
            |_| bare(200).header("content-type", "application/xhtml+xml").body("<?xml version=\"1.0\"?><html/>"),
            nobody,
        ),
        ("302 to a login page", |_| redirect(302, "/sign-in"), nobody),
        ("303 to a login page", |_| redirect(303, "/sign-in"), nobody),
        ("307 to a login page", |_| redirect(307, "/sign-in"), nobody),
        ("403 inside", |r| inside(r.url.path(), "403 Forbidden"), nobody),
        ("412 inside", |r| inside(r.url.path(), "412 Precondition Failed"), nobody),
        ("507 inside", |r| inside(r.url.path(), "507 Insufficient Storage"), nobody),
        ("423 inside", |r| inside(r.url.path(), "423 Locked"), nobody),
        ("302 to a stranger's page", |_| redirect(302, "http://portal.example/"), |_| page()),
        ("302 to a stranger who says 200", |_| redirect(302, "http://portal.example/"), |_| bare(200)),
        ("307 to a stranger who says 201", |_| redirect(307, "http://portal.example/"), |_| bare(201).header("etag", "\"1\"")),
        ("307 to a stranger who says 204", |_| redirect(307, "https://portal.example/"), |_| bare(204)),
        ("308 to a stranger who says 207", |_| redirect(308, "https://portal.example/"), |r| inside(r.url.path(), "200 OK")),
        ("307 to a stranger who says 404", |_| redirect(307, "https://portal.example/"), nobody),
        ("307 to a stranger who says 412", |_| redirect(307, "https://portal.example/"), |_| bare(412)),
    ]
}

#[test]
fn no_write_is_taken_for_done_that_somebody_else_answered() {
    let mut table = Table::default();
    for server in SERVERS {
        for (name, answer, stranger) in answers_to_writes() {
            let what = format!("{server}, {name}, every write");
            table.row(&what, || {
                let kit = pending(server);
                kit.portal.close(of_writes(Which::All, answer, move |r| elsewhere(r, stranger)));
                for _ in 0..2 {
                    // It may fail; what it says was done must have been.
                    let Ok(report) = kit.try_run() else { continue };
                    assert_eq!(report.sync.writes(), 0, "{what}: {:?}", report.sync);
                    assert_ne!(report.sync.verdict().exit_code(), 0, "{what}: {:?}", report.sync);
                }
                assert!(kit.portal.answered() > 0, "{what}: nothing was troubled");
                all_done(&kit, &what);
            });
        }
    }
}

#[test]
fn one_write_of_a_run_that_somebody_else_answered_is_made_up_for() {
    let mut table = Table::default();
    for server in ["radicale", "cyrus"] {
        for (name, answer, stranger) in answers_to_writes() {
            for nth in 1..=3 {
                let what = format!("{server}, {name}, write {nth}");
                table.row(&what, || {
                    let kit = pending(server);
                    kit.portal.close(of_writes(Which::Nth(nth), answer, move |r| elsewhere(r, stranger)));
                    let _ = kit.try_run();
                    assert!(kit.portal.answered() > 0, "{what}: nothing was troubled");
                    all_done(&kit, &what);
                });
            }
        }
    }
}

/// What discovery finds when the home that is known does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Finds {
    /// The same home again.
    TheSame,
    Nothing,
    /// A home at another path, with nothing in it.
    AnEmptyHome,
    /// A home at another path, and in it an empty address book of the same name.
    AnEmptyBook,
}

/// A server whose home at that path, with all that is in it, answers `answer`; None is a connection that is refused.
fn without_home(home: String, answer: Option<u16>, finds: Finds) -> Answerer {
    let space = r#"xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:A="urn:ietf:params:xml:ns:carddav""#;
    let member = |path: &str, props: &str| {
        format!(
            "<D:response><D:href>{path}</D:href><D:propstat><D:prop>{props}</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"
        )
    };
    let folder = member("/elsewhere/", "<D:resourcetype><D:collection/></D:resourcetype>");
    let book = "<D:resourcetype><D:collection/><A:addressbook/></D:resourcetype><D:displayname>contacts</D:displayname>\
                <D:sync-token>urn:another:1</D:sync-token>";
    let book = member("/elsewhere/contacts/", book);
    let homes = "<D:current-user-principal><D:href>/somebody/</D:href></D:current-user-principal>\
                 <A:addressbook-home-set><D:href>/elsewhere/</D:href></A:addressbook-home-set>";
    let somebody = member("/somebody/", homes);
    Arc::new(move |request| {
        let path = request.url.path();
        let within = path.starts_with(home.trim_end_matches('/'));
        let multistatus = |members: String| {
            bare(207).header("content-type", "application/xml").body(format!("<D:multistatus {space}>{members}</D:multistatus>"))
        };
        Some(Ok(match (finds, within) {
            (_, true) => match answer {
                Some(status) => bare(status),
                None => return Some(Err(Failure::unknown(Error::new(ErrorKind::Transport, "the connection was refused")))),
            },
            (Finds::TheSame, _) => return None,
            (Finds::Nothing, _) => bare(404),
            (Finds::AnEmptyBook, _) if path == "/elsewhere/contacts/" => {
                multistatus(format!("{book}<D:sync-token>urn:another:1</D:sync-token>"))
            }
            (Finds::AnEmptyBook, _) if path == "/elsewhere/" => multistatus(format!("{folder}{book}")),
            (Finds::AnEmptyHome, _) if path == "/elsewhere/" => multistatus(folder.clone()),
            _ if path.starts_with("/elsewhere/") => bare(404),
            _ => multistatus(somebody.clone()),
        }))
    })
}

/// A home that is gone is a server that was moved or is ill: nobody has deleted anything.
#[test]
fn nothing_is_deleted_when_the_home_vanishes() {
    let mut table = Table::default();
    for server in SERVERS {
        for answer in [Some(404), Some(410), Some(403), Some(503), None] {
            for finds in [Finds::TheSame, Finds::Nothing, Finds::AnEmptyHome, Finds::AnEmptyBook] {
                for (restarted, pending) in [(false, false), (true, false), (true, true)] {
                    let what = format!("{server}, home {answer:?}, {finds:?}, restarted: {restarted}, a deletion pending: {pending}");
                    table.row(&what, || vanish(server, answer, finds, restarted, pending, &what));
                }
            }
        }
    }
}

fn vanish(server: &str, answer: Option<u16>, finds: Finds, restarted: bool, has_pending: bool, what: &str) {
    let mut kit = if has_pending { pending(server) } else { at_rest(server) };
    if restarted {
        kit.restart();
    }
    let (here, there) = (kit.hub.names(), kit.simulator.list(kit.home.as_str()));
    let (home, _) = kit.home.as_str().trim_end_matches('/').rsplit_once('/').unwrap();
    kit.portal.close(without_home(format!("{home}/"), answer, finds));
    for _ in 0..3 {
        let Ok(report) = kit.try_run() else { continue };
        assert_eq!(report.sync.writes(), 0, "{what}: {:?}", report.sync);
        assert_ne!(report.sync.verdict().exit_code(), 0, "{what}: {:?}", report.sync);
    }
    assert!(kit.portal.answered() > 0, "{what}: nothing was troubled");
    assert_eq!((kit.hub.names(), kit.simulator.list(kit.home.as_str())), (here, there), "{what}");
    if restarted {
        // What was found in the trouble is kept too, and must not outlive it.
        kit.restart();
    }
    if has_pending {
        all_done(&kit, what);
    } else {
        kit.portal.open();
        unharmed(&kit, what);
    }
}

#[test]
fn nothing_is_deleted_when_a_new_process_finds_no_home() {
    let mut table = Table::default();
    for server in SERVERS {
        table.row(server, || {
            let mut kit = at_rest(server);
            kit.simulator.reset_requests();
            kit.simulator.set_faults(FaultPlan::of([FaultRule::always(Fault::VanishedHome)]));
            kit.far = Arc::new(account(kit.portal.clone(), &kit.clock));
            for _ in 0..2 {
                let Ok(report) = kit.try_run() else { continue };
                // At some servers the principal is the home, which tells by what lies in it that it is one.
                assert_eq!((report.sync.writes(), report.sync.unchanged), (0, PEOPLE as u64), "{server}: {:?}", report.sync);
            }
            assert!(!kit.simulator.requests().is_empty(), "{server}: nothing was asked");
            unharmed(&kit, server);
        });
    }
}

/// One item that the server fails over costs itself alone, and is told.
#[test]
fn an_item_that_spoils_every_multiget_keeps_no_other_from_coming() {
    let mut table = Table::default();
    for server in SERVERS {
        for people in [2, PEOPLE, 130] {
            let what = format!("{server}, {people} people");
            table.row(&what, || {
                let mut personality = Personality::named(server).unwrap();
                personality.query.poison = Some("/own-1.vcf".to_owned());
                let kit = Kit::of::<Contact>(personality);
                (0..people).for_each(|n| kit.put(n));
                kit.simulator.reset_requests();
                for round in 0..2 {
                    let report = kit.try_run().unwrap().sync;
                    let others = (0..people).filter(|n| *n != 1).map(Kit::person).collect::<Vec<_>>();
                    assert_eq!(kit.hub.names(), named(&others), "{what}, run {round}: {report:?}");
                    let told = report.quarantined.iter().any(|item| item.id.ends_with("/own-1.vcf"));
                    assert!(told && report.verdict().exit_code() != 0, "{what}, run {round}: {report:?}");
                    assert_eq!(report.deleted.left + report.writes() - report.created.left, 0, "{what}, run {round}: {report:?}");
                }
                // Halves of halves, not everybody by name.
                let asked = kit.simulator.requests().len();
                assert!(asked < 90, "{what}: {asked} requests");
                assert_eq!(kit.simulator.list(kit.home.as_str()).len(), people, "{what}: the server");
                // What comes later comes too.
                kit.put(200);
                kit.clock.advance(Duration::from_secs(24 * 3600));
                let report = kit.try_run().unwrap().sync;
                assert!(kit.hub.names().contains(&"Person 200".to_owned()), "{what}: {report:?}");
            });
        }
    }
}

/// A listing that is cut is no whole one: who is not in it is still there.
#[test]
fn a_listing_that_is_cut_deletes_nobody_and_is_told() {
    let mut table = Table::default();
    for server in SERVERS {
        for (name, cut) in [("507 inside", ListingCut::Inside(PEOPLE)), ("status 507", ListingCut::Status(PEOPLE))] {
            // Without sync-collection, and with one that refuses so many.
            for too_many in [None, Some(PEOPLE)] {
                let what = format!("{server}, {name}, sync-collection refuses more than {too_many:?}");
                table.row(&what, || cut_listing(server, cut, too_many, &what));
            }
        }
    }
}

fn cut_listing(server: &str, cut: ListingCut, too_many: Option<usize>, what: &str) {
    let mut personality = Personality::named(server).unwrap();
    personality.collections.listing_cut = Some(cut);
    personality.sync.supported = too_many.is_some();
    personality.sync.too_many = too_many;
    let kit = Kit::of::<Contact>(personality);
    (0..PEOPLE).for_each(|n| kit.put(n));
    kit.run();
    kit.run();
    assert_eq!(kit.hub.names().len(), PEOPLE, "{what}");
    // Names in the listing are in order, so that those who come now push out some who were there.
    (100..104).for_each(|n| kit.put(n));
    for _ in 0..3 {
        kit.simulator.expire_tokens();
        let Ok(report) = kit.try_run() else { continue };
        assert_eq!((report.sync.deleted.left, report.sync.deleted.right), (0, 0), "{what}: {:?}", report.sync);
        assert_ne!(report.sync.verdict().exit_code(), 0, "{what}: the cut is not told: {:?}", report.sync);
    }
    let all = named(&(0..PEOPLE).map(Kit::person).collect::<Vec<_>>());
    assert!(all.iter().all(|name| kit.hub.names().contains(name)), "{what}: the hub has {:?}", kit.hub.names());
    assert_eq!(kit.simulator.list(kit.home.as_str()).len(), PEOPLE + 4, "{what}: the server");
    // Short enough again.
    (100..104).for_each(|n| assert!(kit.simulator.delete(&format!("{}own-{n}.vcf", kit.home))));
    kit.edit_there(3);
    kit.clock.advance(Duration::from_secs(24 * 3600));
    kit.run();
    kit.run();
    assert_eq!(kit.hub.names(), all, "{what}");
    assert_eq!(kit.hub.0.by_hand::<Contact>().records().iter().filter(|c| c.notes == ["edited there"]).count(), 1, "{what}");
}

/// Where a redirect may lead that must never see the credentials: other hosts, hosts that look like ours, plain http, other
/// schemes, spellings of the same.
const HOSTILE: [&str; 22] = [
    "https://evil.example/",
    "http://evil.example/alice/",
    "//evil.example/alice/",
    "https://example.org.evil.example/",
    "https://dav-example.org/",
    "https://dav.example.org@evil.example/",
    "https://alice:secret@evil.example/",
    "https://evil.example#@dav.example.org/",
    "https://evil.example/?https://dav.example.org/",
    "https://evil.example\\@dav.example.org/",
    "http://dav.example.org/",
    "http://dav.example.org:443/",
    "HTTP://DAV.EXAMPLE.ORG/",
    "ftp://dav.example.org/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "https://[::1]/",
    "https://127.0.0.1/",
    "https://org/",
    "https://co.uk/",
    "https://evil.example.:443/",
    "data:text/xml,<multistatus/>",
];

#[test]
fn no_redirect_takes_the_credentials_to_another_host() {
    for status in [301, 302, 303, 307, 308] {
        for to in HOSTILE {
            let wire = Arc::new(InProcess::new(move |outgoing| async move {
                if outgoing.url.host_str() == Some("dav.example.org") && outgoing.url.scheme() == "https" {
                    return Ok(Incoming::status(status)?.header("location", to));
                }
                // The stranger plays a server, with homes of its own.
                let body = r#"<D:multistatus xmlns:D="DAV:" xmlns:A="urn:ietf:params:xml:ns:carddav"><D:response><D:href>/</D:href><D:propstat><D:prop>
                    <D:current-user-principal><D:href>/p/</D:href></D:current-user-principal><A:addressbook-home-set><D:href>/h/</D:href></A:addressbook-home-set>
                    <D:resourcetype><D:collection/><A:addressbook/></D:resourcetype></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response></D:multistatus>"#;
                Ok(Incoming::status(207)?.body(body))
            }));
            let config = pimkit::dav::Config::new("https://dav.example.org/").account("far").user("alice");
            let auth = Arc::new(pimkit::http::Basic::new("alice", &pimkit::http::Secret::new("secret")).unwrap());
            let clock = Arc::new(FakeClock::default());
            let opening = pimkit::dav::Dav::builder(config, wire.clone(), clock, Arc::new(pimkit_contract::SeededChance::new(1)));
            let dav = opening.auth(auth).open().unwrap();
            assert!(block_on(dav.discover()).is_err(), "{status} {to}: a stranger's homes are taken");
            assert!(!wire.requests().is_empty());
            for request in wire.requests() {
                let own = request.url.scheme() == "https" && request.url.host_str() == Some("dav.example.org");
                assert!(own || !request.headers.contains_key("authorization"), "{status} {to}: the credentials went to {}", request.url);
            }
        }
    }
}

/// A home on a stranger's host is no home of ours: nothing is signed there, and nothing that it says is believed.
#[test]
fn a_home_on_a_strangers_host_gets_no_credentials() {
    let wire = Arc::new(InProcess::new(|outgoing| async move {
        let home =
            if outgoing.url.host_str() == Some("localhost") { "<D:href>https://evil.example/h/</D:href>" } else { "<D:href>/h/</D:href>" };
        let body = format!(
            r#"<D:multistatus xmlns:D="DAV:" xmlns:A="urn:ietf:params:xml:ns:carddav"><D:response><D:href>{}</D:href><D:propstat><D:prop>
            <A:addressbook-home-set>{home}</A:addressbook-home-set><D:resourcetype><D:collection/></D:resourcetype></D:prop>
            <D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response></D:multistatus>"#,
            outgoing.url.path()
        );
        Ok(Incoming::status(207)?.body(body))
    }));
    let clock = FakeClock::default();
    let dav = account(wire.clone(), &clock);
    let contacts = Contact::repository(&dav as &dyn Connector).unwrap();
    assert!(block_on(contacts.collections()).is_err());
    let at = pimkit::ChangeOptions::default();
    assert!(block_on(contacts.changes(&"/h/book/".into(), Position::Start, &at)).is_err());
    for request in wire.requests() {
        let own = request.url.host_str() == Some("localhost");
        assert!(own || !request.headers.contains_key("authorization"), "signed: {}", request.url);
    }
}
