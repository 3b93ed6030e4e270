//! Sync tokens (RFC 6578): how they look, what they tell, how they are lost.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests may panic")]

mod common;

use common::{Client, card, client, named};
use pimkit_simulators::{BadToken, Personality};

/// An address book with so many cards.
fn book_of(alice: &Client, n: usize) -> String {
    let book = alice.book();
    for i in 0..n {
        alice.dav.put(&format!("{book}{i}.vcf"), &card(&format!("u{i}"), "")).unwrap();
    }
    book
}

/// Names of members that are there, and of those that are not.
fn told(reply: &common::Reply, book: &str) -> (Vec<String>, Vec<String>) {
    let mut there = (Vec::new(), Vec::new());
    for response in reply.body.split("response>").filter(|part| part.contains("href")) {
        let name = response.split("href").nth(1).unwrap().split('>').nth(1).unwrap().split('<').next().unwrap().to_owned();
        if name.trim_end_matches('/') == book.trim_end_matches('/') {
            continue;
        }
        let name = name.rsplit('/').next().unwrap().to_owned();
        if response.contains("getetag") { there.0.push(name) } else { there.1.push(name) }
    }
    // Some servers tell members twice.
    there.0.dedup();
    there
}

#[test]
fn every_personality_that_syncs_tells_all_then_nothing_then_what_changed() {
    for personality in Personality::all().into_iter().filter(|p| p.sync.supported && p.sync.in_report && p.sync.empty_token.is_none()) {
        let name = personality.name.clone();
        let alice = client(personality);
        if !alice.has_books() {
            continue;
        }
        let book = book_of(&alice, 3);
        let first = alice.sync(&book, "", None);
        assert_eq!((first.status, told(&first, &book).0.len()), (207, 3), "{name}: {}", first.body);
        if name != "sogo" {
            let second = alice.sync(&book, &first.token(), None);
            assert_eq!(told(&second, &book), (Vec::new(), Vec::new()), "{name}");
            assert_eq!(second.token(), first.token(), "{name}");
        }
        alice.hand.forward(5);
        alice.dav.put(&format!("{book}0.vcf"), &card("u0", "NOTE:new\r\n"));
        alice.dav.delete(&format!("{book}1.vcf"));
        let third = alice.sync(&book, &first.token(), None);
        let (there, gone) = told(&third, &book);
        assert!(there.contains(&"0.vcf".to_owned()) && gone == ["1.vcf"], "{name}: {}", third.body);
        assert_ne!(third.token(), first.token(), "{name}");
    }
}

#[test]
fn tokens_have_the_form_of_their_server() {
    let table = [
        ("radicale", "http://radicale.org/ns/sync/", 64),
        ("xandikos", "", 40),
        ("davical", "data:,", 1),
        ("cyrus", "data:,1700000000-", 1),
        ("sogo", "17800000", 2),
        ("sabre", "http://sabre.io/ns/sync/", 1),
        ("rustical", "github.com/lennart-k/rustical/ns/", 1),
    ];
    for (name, prefix, rest) in table {
        let alice = named(name);
        let book = book_of(&alice, 2);
        let token = alice.sync(&book, "", None).token();
        assert_eq!(token.strip_prefix(prefix).map(str::len), Some(rest), "{name}: {token}");
        let listed = alice.propfind(&book, "0", &["D:sync-token", "CS:getctag"]);
        assert_eq!(listed.token() == token, name != "sogo", "{name}");
        assert_eq!(listed.texts("getctag")[0].starts_with('"'), matches!(name, "radicale" | "davical"), "{name}");
    }
    let alice = named("sogo");
    assert_eq!(alice.sync(&alice.book(), "", None).token(), "-1");
}

#[test]
fn a_token_that_is_not_known_is_answered_as_the_server_does() {
    let table = [
        ("radicale", 403, true),
        ("xandikos", 412, true),
        ("davical", 207, false),
        ("cyrus", 403, true),
        ("sogo", 207, false),
        ("sabre", 403, true),
        ("rustical", 207, false),
        ("icloud", 403, false),
    ];
    for (name, status, element) in table {
        let alice = named(name);
        let book = book_of(&alice, 2);
        let token = alice.sync(&book, "", None).token();
        let reply = alice.sync(&book, "http://nowhere/nothing", None);
        assert_eq!((reply.status, reply.has("valid-sync-token")), (status, element), "{name}");
        assert_eq!(told(&reply, &book).0.len(), if status == 207 { 2 } else { 0 }, "{name}");
        if name != "sogo" {
            alice.dav.expire_tokens();
            assert_eq!(alice.sync(&book, &token, None).status, status, "{name}");
            assert_ne!(alice.sync(&book, "", None).token(), token, "{name}: an expired token must not come back");
        }
    }
    for (bad, status) in
        [(BadToken::Text(400, "Invalid or unknown sync token".to_owned()), 400), (BadToken::Bare(507), 507), (BadToken::Bare(410), 410)]
    {
        let mut personality = Personality::sabre();
        personality.sync.bad_token = bad;
        let alice = client(personality);
        assert_eq!(alice.sync(&alice.book(), "x", None).status, status);
    }
}

#[test]
fn limits_page_lose_or_are_ignored() {
    let pages = |name: &str| {
        let alice = named(name);
        let book = book_of(&alice, 5);
        let (mut token, mut pages) = (String::new(), Vec::new());
        loop {
            let reply = alice.sync(&book, &token, Some(2));
            let (there, _) = told(&reply, &book);
            pages.push((there.len(), reply.body.contains("507")));
            if there.is_empty() || reply.token() == token {
                return pages;
            }
            token = reply.token();
        }
    };
    // Measured: Cyrus 3.6.1 pages, Xandikos 0.4.10 loses, the others do not heed it.
    assert_eq!(pages("cyrus"), [(2, true), (2, true), (1, false), (0, false)]);
    assert_eq!(pages("xandikos"), [(2, false), (0, false)]);
    for name in ["radicale", "davical", "sabre", "rustical"] {
        assert_eq!(pages(name), [(5, false), (0, false)], "{name}");
    }
    let nextcloud = named("nextcloud");
    let refused = nextcloud.sync(&book_of(&nextcloud, 3), "", Some(2));
    assert!(refused.status == 507 && refused.has("number-of-matches-within-limits"), "nextcloud/server#48678");
}

#[test]
fn pages_tell_what_changes_between_them() {
    let alice = named("cyrus");
    let book = book_of(&alice, 4);
    let first = alice.sync(&book, "", Some(2));
    alice.dav.delete(&format!("{book}0.vcf"));
    alice.dav.put(&format!("{book}3.vcf"), &card("u3", "NOTE:x\r\n"));
    let rest = alice.sync(&book, &first.token(), None);
    assert_eq!(told(&rest, &book), (vec!["2.vcf".to_owned(), "3.vcf".to_owned()], vec!["0.vcf".to_owned()]));
}

#[test]
fn what_came_and_went_between_two_syncs_is_told_by_all_but_xandikos() {
    for (name, told_gone) in
        [("radicale", true), ("davical", true), ("cyrus", true), ("sabre", true), ("rustical", true), ("xandikos", false)]
    {
        let alice = named(name);
        let book = book_of(&alice, 1);
        let token = alice.sync(&book, "", None).token();
        alice.dav.put(&format!("{book}z.vcf"), &card("z", ""));
        alice.dav.delete(&format!("{book}z.vcf"));
        let (_, gone) = told(&alice.sync(&book, &token, None), &book);
        assert_eq!(!gone.is_empty(), told_gone, "{name}");
    }
}

#[test]
fn sogo_tells_its_last_second_again_and_again() {
    let alice = named("sogo");
    let book = book_of(&alice, 5);
    let token = alice.sync(&book, "", None).token();
    alice.hand.forward(3);
    assert_eq!(told(&alice.sync(&book, &token, None), &book).0.len(), 5);
    alice.dav.put(&format!("{book}9.vcf"), &card("u9", ""));
    let next = alice.sync(&book, &token, None).token();
    alice.hand.forward(3);
    assert_eq!(told(&alice.sync(&book, &next, None), &book).0, ["9.vcf"]);
}

#[test]
fn google_contacts_refuses_the_empty_token_and_is_silent_at_depth_0() {
    let alice = named("google-contacts");
    let book = book_of(&alice, 2);
    assert_eq!(alice.sync(&book, "", None).status, 400);
    let token = alice.propfind(&book, "0", &["D:sync-token"]).token();
    alice.dav.put(&format!("{book}new"), &card("new", ""));
    let at = |depth: &str| {
        let body = format!(
            "<D:sync-collection xmlns:D=\"DAV:\"><D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop></D:sync-collection>"
        );
        told(&alice.report(&book, depth, &body), &book).0.len()
    };
    assert_eq!((at("0"), at("1")), (0, 1));
}

#[test]
fn yahoo_gives_no_token_and_gmx_has_no_such_report() {
    let yahoo = named("yahoo");
    let reply = yahoo.sync(&book_of(&yahoo, 1), "", None);
    assert!(reply.status == 207 && !reply.has("sync-token"));
    let gmx = named("gmx");
    let book = gmx.book();
    assert!(!gmx.propfind(&book, "0", &["D:supported-report-set"]).has("sync-collection"));
    assert_eq!(gmx.sync(&book, "", None).status, 403);
}

#[test]
fn icloud_lists_the_collection_among_its_members() {
    let alice = named("icloud");
    let book = book_of(&alice, 1);
    let hrefs = alice.sync(&book, "", None).hrefs();
    assert_eq!(hrefs, [book.clone(), format!("{book}0.vcf")]);
}

#[test]
fn a_pruned_log_is_silently_short() {
    let alice = named("nextcloud");
    let book = book_of(&alice, 1);
    let token = alice.sync(&book, "", None).token();
    alice.dav.put(&format!("{book}lost.vcf"), &card("lost", ""));
    alice.dav.prune_changes();
    alice.dav.put(&format!("{book}kept.vcf"), &card("kept", ""));
    // nextcloud/server#36644.
    assert_eq!(told(&alice.sync(&book, &token, None), &book).0, ["kept.vcf"]);
}

#[test]
fn a_restored_backup_does_not_know_the_tokens_of_what_it_lost() {
    let alice = named("sabre");
    let book = book_of(&alice, 3);
    let token = alice.sync(&book, "", None).token();
    alice.dav.roll_back(1);
    assert_eq!(alice.dav.list(&book).len(), 2);
    assert_eq!(alice.sync(&book, &token, None).status, 403);
    let snapshot = alice.dav.snapshot();
    alice.dav.delete(&format!("{book}0.vcf"));
    alice.dav.restore(&snapshot);
    assert_eq!(alice.dav.list(&book).len(), 2);
}

#[test]
fn sync_levels_below_the_collection_are_refused() {
    let body = "<D:sync-collection xmlns:D=\"DAV:\"><D:sync-token/><D:sync-level>infinite</D:sync-level><D:prop/></D:sync-collection>";
    let alice = named("sabre");
    let refused = alice.report(&alice.book(), "0", body);
    assert!(refused.status == 403 && refused.has("sync-traversal-supported"));
    let xandikos = named("xandikos");
    assert_eq!(xandikos.report(&xandikos.book(), "0", body).status, 400);
}

#[test]
fn big_collections_are_too_many_for_googles_report() {
    let mut personality = Personality::google_calendar();
    personality.sync.too_many = Some(1);
    let alice = client(personality);
    let calendar = alice.calendar();
    for uid in ["a", "b"] {
        alice.dav.put(&format!("{calendar}{uid}.ics"), &common::event(uid, ""));
    }
    // python-caldav/caldav#340.
    assert_eq!(alice.sync(&calendar, "", None).status, 507);
}
