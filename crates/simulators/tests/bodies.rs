//! What becomes of bodies and of whole items: rewriting, conversion, moving.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests may panic")]

mod common;

use common::{card, event, named};

#[test]
fn bodies_come_back_as_the_server_rewrote_them() {
    let sent = card("a", "item2.TEL:1\r\nitem2.X-ABLabel:foo\r\nEMAIL;TYPE=INTERNET;TYPE=pref:a@b.c\r\nX-FOO:1\r\n");
    let stored = |name: &str| {
        let alice = named(name);
        let path = format!("{}a.vcf", alice.book());
        assert_eq!(alice.put(&path, &sent).status, 201, "{name}");
        alice.dav.get(&path).unwrap().1
    };
    assert_eq!(stored("cyrus"), sent);
    assert_eq!(stored("sabre"), sent);
    assert_eq!(stored("xandikos"), sent);
    let radicale = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:a\r\nEMAIL;TYPE=INTERNET,pref:a@b.c\r\nFN:Name a\r\nN:Doe;Jo;Q;Dr.;\r\nitem2.TEL:1\r\n\
                    item2.X-ABLABEL:foo\r\nX-FOO:1\r\nEND:VCARD\r\n";
    assert_eq!(stored("radicale"), radicale);
    let davical = stored("davical");
    assert!(davical.contains("ITEM2.X-ABLABEL:foo") && davical.contains("\r\nREV:"), "{davical}");
    let sogo = stored("sogo");
    assert!(sogo.contains("N:Doe;Jo\r\n") && sogo.contains("CLASS:PUBLIC"), "{sogo}");
    let mailru = stored("mailru");
    assert!(!mailru.contains("X-"), "{mailru}");
}

#[test]
fn google_contacts_makes_items_by_post_under_a_uid_of_its_own() {
    let alice = named("google-contacts");
    let book = alice.book();
    assert_eq!(alice.put(&format!("{book}mine"), &card("mine", "")).status, 405);
    let made = alice.send("POST", &book, &[("content-type", "text/vcard")], &card("mine", "EMAIL;TYPE=INTERNET;TYPE=HOME:a@b.c\r\n"));
    assert_eq!(made.status, 201);
    let at = made.header("location").unwrap();
    let body = alice.get(at).body;
    assert!(!body.contains("UID:mine") && body.contains("EMAIL;TYPE=HOME:a@b.c"), "{body}");
    assert!(alice.propfind(at, "0", &["D:getcontenttype"]).body.contains("404"), "mstilkerich/rcmcarddav#258");
}

#[test]
fn xandikos_adds_members_at_an_address_with_two_slashes() {
    let alice = named("xandikos");
    let reply = alice.send("POST", &alice.calendar(), &[("content-type", "text/calendar")], &event("a", ""));
    assert_eq!(reply.status, 200);
    assert!(reply.header("location").unwrap().starts_with("//alice/calendars/"));
}

#[test]
fn moves_keep_the_item_and_heed_what_is_there() {
    let alice = named("sabre");
    let from = alice.calendar();
    let to = alice.dav.make_calendar("alice", "Other", &["VEVENT"]).unwrap();
    let path = format!("{from}a.ics");
    alice.put(&path, &event("a", ""));
    let there = format!("http://localhost{to}b.ics");
    assert_eq!(alice.send("MOVE", &path, &[("destination", &there), ("overwrite", "F")], "").status, 201);
    assert_eq!((alice.get(&path).status, alice.get(&format!("{to}b.ics")).status), (404, 200));
    alice.put(&path, &event("c", ""));
    assert_eq!(alice.send("MOVE", &path, &[("destination", &there), ("overwrite", "F")], "").status, 412);
    assert_eq!(alice.send("MOVE", &path, &[("destination", &there)], "").status, 204);
    assert_eq!(alice.send("MOVE", &path, &[("destination", &there)], "").status, 404);
    for (destination, status) in [("http://elsewhere.example/x.ics", 502), ("http://localhost/dav.php/calendars/alice/none/x.ics", 409)] {
        assert_eq!(alice.send("MOVE", &format!("{to}b.ics"), &[("destination", destination)], "").status, status);
    }
    for (name, status) in [("icloud", 412), ("google-calendar", 405), ("xandikos", 412)] {
        let alice = named(name);
        let path = format!("{}a.ics", alice.calendar());
        alice.dav.put(&path, &event("a", ""));
        let there = format!("http://localhost{}b.ics", alice.calendar());
        assert_eq!(alice.send("MOVE", &path, &[("destination", &there)], "").status, status, "{name}");
    }
}

#[test]
fn a_uid_in_nextclouds_bin_cannot_be_used_again() {
    let alice = named("nextcloud");
    let path = format!("{}a.ics", alice.calendar());
    alice.put(&path, &event("a", ""));
    alice.send("DELETE", &path, &[], "");
    // nextcloud/server#30096.
    let refused = alice.put(&path, &event("a", ""));
    assert!(refused.status == 400 && refused.body.contains("Deleted calendar object"));
}

#[test]
fn sabre_converts_four_into_three_unless_four_is_asked_for() {
    let alice = named("sabre");
    let path = format!("{}a.vcf", alice.book());
    let four = "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:a\r\nFN:A\r\nANNIVERSARY:20200101\r\nTEL;PREF=1:1\r\nEND:VCARD\r\n";
    assert_eq!(alice.put(&path, four).status, 201);
    let three = alice.get(&path).body;
    // nextcloud/server#12878; sabre-io/dav#1190.
    assert!(three.contains("VERSION:3.0") && three.contains("X-ABDATE") && three.contains("TEL;TYPE=PREF:1"), "{three}");
    assert_eq!(alice.send("GET", &path, &[("accept", "text/vcard; version=4.0, text/vcard;q=0.5")], "").body, four);
}

#[test]
fn the_same_calls_under_the_same_clock_give_the_same_bytes() {
    let play = || {
        let alice = named("cyrus");
        let path = format!("{}a.ics", alice.calendar());
        let mut out = String::new();
        for reply in
            [alice.put(&path, &event("a", "")), alice.get(&path), alice.propfind(&alice.calendar(), "1", &["D:getetag", "D:sync-token"])]
        {
            out.push_str(&format!("{} {:?} {}", reply.status, reply.headers, reply.body));
        }
        out
    };
    assert_eq!(play(), play());
}
