//! What a server, or whoever stands between, may answer: nothing is ever deleted for it, and no credential goes anywhere else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod dav;

use dav::{Kit, SERVERS, account};
use futures::executor::block_on;
use pimkit::{
    Connector, Contact, Position, Record,
    http::{InProcess, Incoming},
};
use pimkit_contract::FakeClock;
use pimkit_simulators::{Fault, FaultPlan, FaultRule};
use std::{sync::Arc, time::Duration};

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
        ("a vanished home", Fault::VanishedHome),
        ("another content type", Fault::ContentType { value: "text/html".to_owned() }),
        ("a lost token", Fault::ExpireTokens),
        ("a missing member", Fault::DropMember { index: 0 }),
    ];
    for code in [400, 401, 403, 404, 405, 409, 410, 412, 415, 418, 429, 500, 501, 502, 503, 504, 507] {
        all.push(("a status", status(code)));
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
