//! Items: what is stored, what is refused and how, and what becomes of bodies.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests may panic")]

mod common;

use common::{card, client, event, named, todo};
use pimkit_simulators::{EtagSpelling, Personality, Refuse};

#[test]
fn what_is_put_comes_back_and_its_tag_changes_with_it() {
    for personality in Personality::all() {
        let name = personality.name.clone();
        let alice = client(personality);
        if alice.dav.make_calendar("alice", "probe", &["VEVENT"]).is_none() {
            continue;
        }
        let path = format!("{}a.ics", alice.calendar());
        assert_eq!(alice.put_if(&path, &event("a", ""), &[("if-none-match", "*")]).status, 201, "{name}");
        let first = alice.get(&path);
        assert!(first.status == 200 && first.body.contains("UID:a"), "{name}");
        let tag = first.header("etag").unwrap();
        assert_eq!(alice.propfind(&path, "0", &["D:getetag"]).texts("getetag"), [tag], "{name}");
        let update = alice.put_if(&path, &event("a", "LOCATION:There\r\n"), &[("if-match", tag)]);
        assert!(matches!(update.status, 201 | 204), "{name}: {}", update.status);
        let second = alice.get(&path);
        assert!(second.body.contains("LOCATION:There"), "{name}");
        assert_ne!(second.header("etag").unwrap(), tag, "{name}");
        assert!(update.header("etag").is_none_or(|told| Some(told) == second.header("etag")), "{name}");
        let gone = alice.send("DELETE", &path, &[("if-match", second.header("etag").unwrap())], "");
        assert!(matches!(gone.status, 200 | 204), "{name}");
        assert_eq!(alice.get(&path).status, 404, "{name}");
    }
}

#[test]
fn preconditions_are_compared_strongly() {
    let alice = named("radicale");
    let path = format!("{}a.vcf", alice.book());
    assert_eq!(alice.put_if(&path, &card("a", ""), &[("if-match", "\"x\"")]).status, 412);
    assert_eq!(alice.put_if(&path, &card("a", ""), &[("if-none-match", "*")]).status, 201);
    assert_eq!(alice.put_if(&path, &card("a", ""), &[("if-none-match", "*")]).status, 412);
    let tag = alice.get(&path).header("etag").unwrap().to_owned();
    for wrong in [format!("W/{tag}"), tag.trim_matches('"').to_owned(), "\"other\"".to_owned()] {
        assert_eq!(alice.put_if(&path, &card("a", "NOTE:x\r\n"), &[("if-match", &wrong)]).status, 412, "{wrong}");
        assert_eq!(alice.send("DELETE", &path, &[("if-match", &wrong)], "").status, 412, "{wrong}");
    }
    let listed = format!("\"other\", {tag}");
    assert_eq!(alice.put_if(&path, &card("a", "NOTE:x\r\n"), &[("if-match", &listed)]).status, 204);
    assert_eq!(alice.put_if(&path, &card("a", ""), &[("if-match", "*")]).status, 204);
    let unchanged = alice.send("GET", &path, &[("if-none-match", &tag)], "");
    assert_eq!((unchanged.status, unchanged.body.as_str()), (304, ""));
}

#[test]
fn servers_that_are_lax_or_odd_about_preconditions_are_so() {
    let overwritten = |name: &str, conditions: &[(&str, &str)]| {
        let alice = named(name);
        let path = format!("{}a.ics", alice.calendar());
        alice.dav.put(&path, &event("a", ""));
        alice.put_if(&path, &event("a", "LOCATION:x\r\n"), conditions).status
    };
    assert_eq!(overwritten("sogo", &[("if-none-match", "*")]), 204, "SOGo 5.8.0");
    assert_eq!(overwritten("davical", &[("if-match", "*")]), 412, "ical4j/ical4j-connector#7");
    assert_eq!(overwritten("cyrus", &[("if-none-match", "*")]), 412);
    let zimbra = named("zimbra");
    assert_eq!(zimbra.put(&format!("{}n.ics", zimbra.calendar()), &event("n", "")).status, 409, "jobisoft/TbSync#388");
    let google = named("google-contacts");
    let path = format!("{}a", google.book());
    google.dav.put(&path, &card("a", ""));
    assert_eq!(google.put_if(&path, &card("a", "NOTE:x\r\n"), &[("if-match", "\"stale\"")]).status, 204);
}

#[test]
fn tags_are_spelt_as_servers_and_proxies_spell_them() {
    let table = [
        (EtagSpelling::Quoted, "\"", "\""),
        (EtagSpelling::Weak, "W/\"", "\""),
        (EtagSpelling::Gzip, "\"", "-gzip\""),
        (EtagSpelling::Bare, "", ""),
    ];
    for (spelling, before, after) in table {
        let mut personality = Personality::sabre();
        personality.etags.spelling = spelling;
        let alice = client(personality);
        let path = format!("{}a.ics", alice.calendar());
        let opaque = alice.dav.put(&path, &event("a", "")).unwrap();
        let shown = alice.get(&path).header("etag").unwrap().to_owned();
        assert_eq!(shown, format!("{before}{opaque}{after}"));
        assert_eq!(alice.propfind(&path, "0", &["D:getetag"]).texts("getetag").first(), Some(&shown));
        // Only the tag itself is one; what a proxy made of it is not.
        let works = matches!(spelling, EtagSpelling::Quoted | EtagSpelling::Bare);
        let status = alice.put_if(&path, &event("a", "LOCATION:x\r\n"), &[("if-match", &shown)]).status;
        assert_eq!(status, if works { 204 } else { 412 }, "{shown}");
        let tag = format!("\"{}\"", alice.dav.get(&path).unwrap().0);
        assert_eq!(alice.put_if(&path, &event("a", "LOCATION:y\r\n"), &[("if-match", &tag)]).status, 204);
    }
}

#[test]
fn a_put_tells_its_tag_only_where_the_server_does() {
    let told = |name: &str, is_card: bool| {
        let alice = named(name);
        let reply = if is_card {
            alice.put(&format!("{}a.vcf", alice.book()), &card("a", ""))
        } else {
            alice.put(&format!("{}a.ics", alice.calendar()), &event("a", ""))
        };
        assert_eq!(reply.status, 201, "{name}");
        reply.header("etag").is_some()
    };
    for (name, calendar, contacts) in
        [("radicale", true, true), ("davical", true, false), ("sabre", true, true), ("posteo", false, false), ("sogo", true, true)]
    {
        assert_eq!((told(name, false), told(name, true)), (calendar, contacts), "{name}");
    }
    assert!(!told("google-calendar", false));
}

#[test]
fn an_equal_put_makes_a_new_tag_where_servers_count_changes() {
    for (name, new) in [
        ("radicale", false),
        ("xandikos", false),
        ("sabre", false),
        ("rustical", false),
        ("cyrus", true),
        ("davical", true),
        ("sogo", true),
    ] {
        let alice = named(name);
        let path = format!("{}a.vcf", alice.book());
        alice.put(&path, &card("a", ""));
        let before = alice.get(&path).header("etag").unwrap().to_owned();
        alice.put(&path, &card("a", ""));
        assert_eq!(alice.get(&path).header("etag").unwrap() != before, new, "{name}");
    }
}

#[test]
fn revision_tags_of_sogo_are_equal_across_items() {
    let alice = named("sogo");
    let book = alice.book();
    let tags = ["a", "b"].map(|uid| {
        let path = format!("{book}{uid}.vcf");
        alice.put(&path, &card(uid, ""));
        alice.get(&path).header("etag").unwrap().to_owned()
    });
    assert_eq!(tags[0], tags[1]);
    assert_eq!(tags[0], "\"gcs00000000\"");
}

#[test]
fn a_second_item_of_a_uid_is_refused_in_five_shapes() {
    // cyrusimap/cyrus-imapd#2345; Kozea/Radicale; stalwart; older Nextcloud and sabre; Zimbra takes it.
    let table = [
        ("cyrus", 403, true, true),
        ("nextcloud", 409, true, true),
        ("radicale", 409, true, false),
        ("stalwart", 412, true, true),
        ("sabre", 400, false, false),
        ("icloud", 412, false, false),
    ];
    for (name, status, element, href) in table {
        let alice = named(name);
        let calendar = alice.calendar();
        alice.put(&format!("{calendar}a.ics"), &event("twin", ""));
        let refused = alice.put(&format!("{calendar}b.ics"), &event("twin", ""));
        assert_eq!((refused.status, refused.has("no-uid-conflict")), (status, element), "{name}: {}", refused.body);
        let expected: Vec<String> = if href { vec![format!("{calendar}a.ics")] } else { Vec::new() };
        assert_eq!(refused.hrefs(), expected, "{name}");
        assert_eq!(alice.dav.list(&calendar).len(), 1, "{name}");
    }
    let zimbra = named("zimbra");
    let calendar = zimbra.calendar();
    for name in ["a", "b"] {
        assert_eq!(zimbra.put_if(&format!("{calendar}{name}.ics"), &event("twin", ""), &[("if-none-match", "*")]).status, 201);
    }
}

#[test]
fn cyrus_wants_a_uid_once_among_all_of_a_users_collections() {
    let (cyrus, radicale) = (named("cyrus"), named("radicale"));
    for (alice, status) in [(cyrus, 403), (radicale, 201)] {
        alice.put(&format!("{}a.ics", alice.calendar()), &event("twin", ""));
        let other = alice.dav.make_calendar("alice", "Second", &["VEVENT"]).unwrap();
        assert_eq!(alice.put(&format!("{other}b.ics"), &event("twin", "")).status, status);
    }
}

#[test]
fn a_put_may_change_a_uid_only_where_the_server_lets_it() {
    for (name, status) in [("sabre", 204), ("xandikos", 204), ("cyrus", 403), ("radicale", 409)] {
        let alice = named(name);
        let path = format!("{}a.ics", alice.calendar());
        alice.put(&path, &event("one", ""));
        assert_eq!(alice.put(&path, &event("two", "")).status, status, "{name}");
    }
}

#[test]
fn what_is_no_object_is_refused_as_the_server_refuses_it() {
    let two = event("a", "").replace("END:VCALENDAR", "BEGIN:VEVENT\r\nUID:b\r\nDTSTART:20260302T100000Z\r\nEND:VEVENT\r\nEND:VCALENDAR");
    let bad = [
        ("hello".to_owned(), "valid-calendar-data"),
        (event("a", "").replace("END:VEVENT\r\n", ""), "valid-calendar-data"),
        (event("a", "").replace("20260302T100000Z", "tomorrow"), "valid-calendar-data"),
        (event("a", "").replace("BEGIN:VEVENT", "METHOD:REQUEST\r\nBEGIN:VEVENT"), "valid-calendar-object-resource"),
        (two, "valid-calendar-object-resource"),
    ];
    for (name, status, element) in [("cyrus", 403, true), ("stalwart", 412, true), ("sabre", 415, false), ("google-calendar", 403, false)] {
        let alice = named(name);
        for (body, precondition) in &bad {
            let refused = alice.put(&format!("{}a.ics", alice.calendar()), body);
            assert_eq!((refused.status, refused.has(precondition)), (status, element), "{name}: {body} {}", refused.body);
        }
    }
    let radicale = named("radicale");
    // Kozea/Radicale#1066.
    assert_eq!(radicale.put(&format!("{}a.vcf", radicale.book()), &card("a", "").replace("FN:Name a\r\n", "")).status, 400);
    let cyrus = named("cyrus");
    let refused = cyrus.put(&format!("{}a.vcf", cyrus.book()), &card("a", "").replace("VERSION:3.0\r\n", ""));
    assert!(refused.status == 403 && refused.has("valid-address-data"));
    let wrong = cyrus.send("PUT", &format!("{}a.vcf", cyrus.book()), &[("content-type", "text/html")], &card("a", ""));
    assert!(wrong.status == 403 && wrong.has("supported-address-data"));
}

#[test]
fn lists_of_sogo_lie_among_its_cards_and_nowhere_else() {
    let list = "BEGIN:VLIST\r\nUID:l\r\nVERSION:1.0\r\nFN:Team\r\nCARD;EMAIL=a@b.c;FN=\"A\":a.vcf\r\nEND:VLIST\r\n";
    for (name, status) in [("sogo", 201), ("sabre", 415)] {
        let alice = named(name);
        let path = format!("{}l.vlf", alice.book());
        assert_eq!(alice.send("PUT", &path, &[("content-type", "text/x-vlist")], list).status, status, "{name}");
        if status == 201 {
            assert_eq!(alice.propfind(&path, "0", &["D:getcontenttype"]).texts("getcontenttype"), ["text/x-vlist"]);
        }
    }
}

#[test]
fn calendars_take_only_their_components() {
    let alice = named("ccs");
    let refused = alice.put(&format!("{}t.ics", alice.calendar()), &todo("t", ""));
    assert!(refused.status == 403 && refused.has("supported-calendar-component"), "{}", refused.body);
    let google = named("google-calendar");
    let refused = google.put(&format!("{}t.ics", google.calendar()), &todo("t", ""));
    // pimutils/vdirsyncer#568.
    assert!(refused.status == 403 && refused.body.ends_with("xmlns:D=\"DAV:\"/>"), "{}", refused.body);
}

#[test]
fn what_is_too_large_is_refused_and_the_limit_is_told() {
    let mut personality = Personality::cyrus();
    personality.write.max_size = Some(400);
    let alice = client(personality);
    let path = format!("{}a.ics", alice.calendar());
    let refused = alice.put(&path, &event("a", &format!("DESCRIPTION:{}\r\n", "x".repeat(400))));
    assert!(refused.status == 403 && refused.has("max-resource-size"));
    assert_eq!(alice.propfind(&alice.calendar(), "0", &["C:max-resource-size"]).texts("max-resource-size"), ["400"]);
    let mut personality = Personality::cyrus();
    (personality.write.max_size, personality.write.too_large) = (Some(10), Refuse::Bare(413));
    let alice = client(personality);
    assert_eq!(alice.put(&format!("{}a.ics", alice.calendar()), &event("a", "")).status, 413);
}

#[test]
fn read_only_collections_refuse_and_say_so() {
    let alice = named("cyrus");
    let calendar = alice.calendar();
    alice.dav.put(&format!("{calendar}a.ics"), &event("a", ""));
    alice.dav.set_read_only(&calendar, true);
    let refused = alice.put(&format!("{calendar}b.ics"), &event("b", ""));
    assert!(refused.status == 403 && refused.has("need-privileges"));
    assert_eq!(alice.send("DELETE", &format!("{calendar}a.ics"), &[], "").status, 403);
    let privileges = alice.propfind(&calendar, "0", &["D:current-user-privilege-set"]);
    assert!(privileges.has("read") && !privileges.has("write"));
    // nextcloud/server#11633.
    let nextcloud = named("nextcloud");
    let birthdays = nextcloud.dav.collections("alice").into_iter().find(|c| c.read_only).unwrap();
    assert_eq!(nextcloud.put(&format!("{}b.ics", birthdays.path), &event("b", "")).status, 404);
}

#[test]
fn hidden_collections_answer_403_until_they_are_shown() {
    let alice = named("sabre");
    let calendar = alice.calendar();
    alice.dav.hide(&calendar);
    assert_eq!(alice.propfind(&calendar, "0", &["D:getetag"]).status, 403);
    alice.dav.show(&calendar);
    assert_eq!(alice.propfind(&calendar, "0", &["D:resourcetype"]).status, 207);
}

#[test]
fn a_put_without_a_parent_conflicts_or_makes_it() {
    for (name, path, status) in [
        ("radicale", "/alice/none/a.ics", 409),
        ("cyrus", "/dav/calendars/user/alice/none/a.ics", 409),
        ("stalwart", "/dav/cal/alice/new/a.ics", 201),
        ("purelymail", "/webdav/alice/caldav/new/a.ics", 201),
    ] {
        assert_eq!(named(name).put(path, &event("a", "")).status, status, "{name}");
    }
}

#[test]
fn icloud_does_not_find_events_without_an_end() {
    let alice = named("icloud");
    let path = format!("{}a.ics", alice.calendar());
    // bitfireAT/davx5-ose#1859.
    assert_eq!(alice.put(&path, &event("a", "").replace("DTEND:20260302T110000Z\r\n", "")).status, 404);
    assert_eq!(alice.put(&path, &event("a", "")).status, 201);
}
