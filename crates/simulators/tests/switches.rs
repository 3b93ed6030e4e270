//! Switches that no preset shows elsewhere, each turned by hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests may panic")]

mod common;

use common::{Client, card, client, event};
use pimkit_simulators::{ListingCut, Personality, Recurrences, Rewrite};

fn sabre(change: impl Fn(&mut Personality)) -> Client {
    let mut personality = Personality::sabre();
    change(&mut personality);
    client(personality)
}

fn multiget(alice: &Client, book: &str, names: &[&str]) -> common::Reply {
    let hrefs: String = names.iter().map(|name| format!("<D:href>{book}{name}.vcf</D:href>")).collect();
    let body = format!(
        "<A:addressbook-multiget xmlns:D=\"DAV:\" xmlns:A=\"urn:ietf:params:xml:ns:carddav\"><D:prop><A:address-data/></D:prop>{hrefs}</A:addressbook-multiget>"
    );
    alice.report(book, "0", &body)
}

#[test]
fn a_multiget_may_be_capped() {
    // pimutils/vdirsyncer#988.
    let alice = sabre(|p| p.query.multiget_cap = Some(2));
    let book = alice.book();
    for uid in ["a", "b", "c"] {
        alice.put(&format!("{book}{uid}.vcf"), &card(uid, ""));
    }
    assert_eq!(multiget(&alice, &book, &["a", "b", "c"]).hrefs().len(), 2);
}

#[test]
fn carriage_returns_in_data_are_kept_by_reference_or_lost() {
    for (keeps, references) in [(true, 6), (false, 0)] {
        let alice = sabre(|p| p.xml.keeps_cr = keeps);
        let book = alice.book();
        alice.put(&format!("{book}a.vcf"), &card("a", ""));
        assert_eq!(multiget(&alice, &book, &["a"]).body.matches("&#13;").count(), references);
    }
}

#[test]
fn a_put_may_be_answered_by_a_multistatus() {
    let alice = sabre(|p| p.write.put_multistatus = true);
    let reply = alice.put(&format!("{}a.vcf", alice.book()), &card("a", ""));
    assert!(reply.status == 207 && reply.body.contains("201 Created") && reply.header("etag").is_some(), "{}", reply.body);
}

#[test]
fn collections_may_keep_their_rights_and_components_to_themselves() {
    let told = |change: &dyn Fn(&mut Personality)| {
        let alice = sabre(change);
        alice.propfind(&alice.calendar(), "0", &["D:current-user-privilege-set", "C:supported-calendar-component-set"])
    };
    let nested = told(&|p| p.collections.privileges_nested = true);
    assert_eq!(nested.texts("privilege").len(), 1);
    assert!(nested.has("write-content"));
    assert!(!told(&|p| p.collections.privileges_listed = false).has("write-content"));
    assert!(!told(&|p| p.collections.components_listed = false).has("comp"));
}

#[test]
fn a_server_may_page_without_being_asked() {
    let alice = sabre(|p| p.sync.page = Some(2));
    let book = alice.book();
    for uid in ["a", "b", "c"] {
        alice.put(&format!("{book}{uid}.vcf"), &card(uid, ""));
    }
    let first = alice.sync(&book, "", None);
    assert!(first.body.contains("507") && first.body.contains("a.vcf") && !first.body.contains("c.vcf"));
    let rest = alice.sync(&book, &first.token(), None);
    assert_eq!(rest.hrefs(), [format!("{book}c.vcf")]);
}

#[test]
fn every_recurring_event_may_match_any_range() {
    let alice = sabre(|p| p.query.recurrences = Recurrences::AlwaysMatch);
    let at = alice.calendar();
    alice.put(&format!("{at}a.ics"), &event("a", "RRULE:FREQ=DAILY;COUNT=2\r\n"));
    alice.put(&format!("{at}b.ics"), &event("b", ""));
    let body = "<C:calendar-query xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><D:prop><D:getetag/></D:prop><C:filter>\
                <C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"VEVENT\"><C:time-range start=\"20300101T000000Z\" end=\"20300102T000000Z\"/>\
                </C:comp-filter></C:comp-filter></C:filter></C:calendar-query>";
    assert_eq!(alice.report(&at, "1", body).hrefs(), [format!("{at}a.ics")]);
}

#[test]
fn rewriting_adds_what_the_server_adds() {
    let stored = |rewrite: Rewrite, body: &str| {
        let alice = sabre(|p| p.write.rewrites = vec![rewrite.clone()]);
        let path = format!("{}a.ics", alice.calendar());
        let reply = alice.put(&path, body);
        assert_eq!((reply.status, reply.header("etag")), (201, None), "what was changed has no tag in the answer");
        alice.get(&path).body
    };
    assert!(stored(Rewrite::DefaultAlarm, &event("a", "")).contains("BEGIN:VALARM"));
    assert!(stored(Rewrite::Prodid("-//New//EN".to_owned()), &event("a", "")).contains("PRODID:-//New//EN"));
    assert!(stored(Rewrite::AddUid, &event("a", "").replace("UID:a\r\n", "")).contains("UID:"));
}

#[test]
fn a_refused_put_may_hide_in_a_multistatus() {
    let alice = sabre(|p| p.write.refuses_inside = Some(403));
    let path = format!("{}a.vcf", alice.book());
    let reply = alice.put(&path, &card("a", ""));
    assert!(reply.status == 207 && reply.body.contains("403 Forbidden") && reply.header("etag").is_none(), "{}", reply.body);
    assert!(alice.dav.get(&path).is_none());
}

#[test]
fn one_item_may_spoil_every_multiget_that_asks_for_it() {
    let alice = sabre(|p| p.query.poison = Some("/b.vcf".to_owned()));
    let book = alice.book();
    for uid in ["a", "b", "c"] {
        alice.put(&format!("{book}{uid}.vcf"), &card(uid, ""));
    }
    assert_eq!(multiget(&alice, &book, &["a", "b", "c"]).status, 500);
    assert_eq!(multiget(&alice, &book, &["a", "c"]).hrefs().len(), 2);
    assert_eq!((alice.get(&format!("{book}a.vcf")).status, alice.get(&format!("{book}b.vcf")).status), (200, 500));
    assert_eq!(alice.sync(&book, "", None).hrefs().len(), 3, "it is listed");
}

#[test]
fn a_long_listing_may_be_cut_and_say_so() {
    for (cut, status, hrefs) in [(ListingCut::Inside(2), 207, 4), (ListingCut::Status(2), 507, 3)] {
        let alice = sabre(|p| p.collections.listing_cut = Some(cut));
        let book = alice.book();
        for uid in ["a", "b"] {
            alice.put(&format!("{book}{uid}.vcf"), &card(uid, ""));
        }
        let whole = alice.propfind(&book, "1", &["D:getetag"]);
        assert_eq!((whole.status, whole.hrefs().len(), whole.body.contains("507")), (207, 3, false), "{cut:?}: not longer than that");
        alice.put(&format!("{book}c.vcf"), &card("c", ""));
        let part = alice.propfind(&book, "1", &["D:getetag"]);
        assert_eq!((part.status, part.hrefs().len()), (status, hrefs), "{cut:?}");
        assert_eq!(part.body.contains("507"), status == 207, "{cut:?}");
        assert!(!part.hrefs().contains(&format!("{book}c.vcf")), "{cut:?}");
        assert_eq!(alice.propfind(&book, "0", &["D:getetag"]).status, 207, "{cut:?}: of itself");
    }
}
