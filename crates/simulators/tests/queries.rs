//! Queries and multigets: filters, recurrences, versions, and the spellings of answers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests may panic")]

mod common;

use common::{Client, card, client, event, named, todo};
use pimkit_simulators::{HrefStyle, MissingProperties, Personality, Recurrences, Spelling, VcardVersions};

fn query(alice: &Client, calendar: &str, filter: &str, data: &str) -> common::Reply {
    let body = format!(
        "<C:calendar-query xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><D:prop><D:getetag/>{data}</D:prop>\
         <C:filter><C:comp-filter name=\"VCALENDAR\">{filter}</C:comp-filter></C:filter></C:calendar-query>"
    );
    alice.report(calendar, "1", &body)
}

fn names(reply: &common::Reply) -> Vec<String> {
    reply.hrefs().iter().map(|href| href.rsplit('/').next().unwrap().to_owned()).collect()
}

fn in_range(alice: &Client, calendar: &str, component: &str, start: &str, end: &str) -> Vec<String> {
    names(&query(
        alice,
        calendar,
        &format!("<C:comp-filter name=\"{component}\"><C:time-range start=\"{start}\" end=\"{end}\"/></C:comp-filter>"),
        "",
    ))
}

/// RFC 4791 section 7.8.1's kind of calendar: one event, a series with an exception and an override, a date, tasks.
fn calendar(alice: &Client) -> String {
    let calendar = alice.dav.make_calendar("alice", "Events", &["VEVENT", "VTODO"]).unwrap();
    let series = event("series", "RRULE:FREQ=WEEKLY;COUNT=4\r\nEXDATE:20260309T100000Z\r\n").replace(
        "END:VCALENDAR",
        "BEGIN:VEVENT\r\nUID:series\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID:20260316T100000Z\r\nDTSTART:20260401T100000Z\r\nDTEND:20260401T110000Z\r\nSUMMARY:Moved\r\nEND:VEVENT\r\nEND:VCALENDAR",
    );
    let date =
        event("date", "").replace("DTSTART:20260302T100000Z", "DTSTART;VALUE=DATE:20260410").replace("DTEND:20260302T110000Z\r\n", "");
    let bodies = [
        ("single", event("single", "LOCATION:Café\r\nCATEGORIES:A,B\r\nX-P:1\r\n")),
        ("series", series),
        ("date", date),
        ("endless", event("endless", "RRULE:FREQ=DAILY\r\n").replace("20260302", "20290101")),
        (
            "berlin",
            event("berlin", "")
                .replace("DTSTART:20260302T100000Z", "DTSTART;TZID=Europe/Berlin:20260701T003000")
                .replace("DTEND:20260302T110000Z\r\n", "DURATION:PT1H\r\n"),
        ),
        ("due", todo("due", "DUE:20260305T100000Z\r\n")),
        ("undated", todo("undated", "")),
    ];
    for (name, body) in bodies {
        assert_eq!(alice.put(&format!("{calendar}{name}.ics"), &body).status, 201, "{name}");
    }
    calendar
}

#[test]
fn time_ranges_see_instances_exceptions_overrides_dates_and_zones() {
    let alice = named("cyrus");
    let at = calendar(&alice);
    let events = |start: &str, end: &str| in_range(&alice, &at, "VEVENT", start, end);
    assert_eq!(events("20260302T000000Z", "20260303T000000Z"), ["series.ics", "single.ics"]);
    assert_eq!(events("20260309T000000Z", "20260310T000000Z"), Vec::<String>::new(), "an exception");
    assert_eq!(events("20260316T000000Z", "20260317T000000Z"), Vec::<String>::new(), "moved away");
    assert_eq!(events("20260401T000000Z", "20260402T000000Z"), ["series.ics"], "moved here");
    assert_eq!(events("20260323T000000Z", "20260324T000000Z"), ["series.ics"]);
    assert_eq!(events("20260330T000000Z", "20260331T000000Z"), Vec::<String>::new(), "after the last");
    assert_eq!(events("20260410T120000Z", "20260410T130000Z"), ["date.ics"]);
    assert_eq!(events("20260630T220000Z", "20260630T223000Z"), Vec::<String>::new(), "ends are excluded");
    assert_eq!(events("20260630T223000Z", "20260630T224000Z"), ["berlin.ics"]);
    assert_eq!(events("20330101T000000Z", "20330102T000000Z"), ["endless.ics"]);
    assert_eq!(in_range(&alice, &at, "VTODO", "20260305T000000Z", "20260306T000000Z"), ["due.ics", "undated.ics"]);
    assert_eq!(in_range(&alice, &at, "VTODO", "20270305T000000Z", "20270306T000000Z"), ["undated.ics"], "RFC 4791 section 9.9");
}

#[test]
fn servers_that_get_time_ranges_wrong_do_so() {
    let mut personality = Personality::cyrus();
    personality.query.skips_undated_tasks = true;
    personality.query.recurrences = Recurrences::MissesEndless;
    let alice = client(personality);
    let at = calendar(&alice);
    assert_eq!(in_range(&alice, &at, "VEVENT", "20330101T000000Z", "20330102T000000Z"), Vec::<String>::new());
    assert_eq!(in_range(&alice, &at, "VTODO", "20260305T000000Z", "20260306T000000Z"), Vec::<String>::new());
}

#[test]
fn property_filters_match_texts_absences_and_parameters() {
    let alice = named("cyrus");
    let at = calendar(&alice);
    let event = |filter: &str| names(&query(&alice, &at, &format!("<C:comp-filter name=\"VEVENT\">{filter}</C:comp-filter>"), ""));
    assert_eq!(event("<C:prop-filter name=\"LOCATION\"><C:text-match>caf\u{e9}</C:text-match></C:prop-filter>"), ["single.ics"]);
    assert_eq!(
        event("<C:prop-filter name=\"LOCATION\"><C:text-match collation=\"i;octet\">caf\u{e9}</C:text-match></C:prop-filter>"),
        Vec::<String>::new()
    );
    assert_eq!(
        event("<C:prop-filter name=\"UID\"><C:text-match negate-condition=\"yes\">e</C:text-match></C:prop-filter>"),
        Vec::<String>::new()
    );
    assert_eq!(event("<C:prop-filter name=\"RRULE\"/>"), ["endless.ics", "series.ics"]);
    let without = event("<C:prop-filter name=\"RRULE\"><C:is-not-defined/></C:prop-filter>");
    assert_eq!(without, ["berlin.ics", "date.ics", "series.ics", "single.ics"], "an override of the series has no rule");
    assert_eq!(
        event(
            "<C:prop-filter name=\"DTSTART\"><C:param-filter name=\"TZID\"><C:text-match>Berlin</C:text-match></C:param-filter></C:prop-filter>"
        ),
        ["berlin.ics"]
    );
    let refused = query(
        &alice,
        &at,
        "<C:comp-filter name=\"VEVENT\"><C:prop-filter name=\"UID\"><C:text-match collation=\"i;odd\">x</C:text-match></C:prop-filter></C:comp-filter>",
        "",
    );
    assert!(refused.status == 403 && refused.has("supported-collation"));
}

#[test]
fn expand_gives_every_instance_in_utc_without_its_rule() {
    let alice = named("cyrus");
    let at = calendar(&alice);
    let range = "start=\"20260301T000000Z\" end=\"20260501T000000Z\"";
    let filter = format!(
        "<C:comp-filter name=\"VEVENT\"><C:time-range {range}/><C:prop-filter name=\"UID\"><C:text-match>series</C:text-match></C:prop-filter></C:comp-filter>"
    );
    let data = format!("<C:calendar-data><C:expand {range}/></C:calendar-data>");
    let expanded = query(&alice, &at, &filter, &data);
    assert_eq!(expanded.body.matches("BEGIN:VEVENT").count(), 3, "{}", expanded.body);
    assert_eq!(expanded.body.matches("RECURRENCE-ID").count(), 3);
    assert!(!expanded.body.contains("RRULE"));
    let sogo = named("sogo");
    let at = calendar(&sogo);
    let ignored = query(&sogo, &at, "<C:comp-filter name=\"VEVENT\"/>", &data);
    assert!(ignored.body.contains("RRULE"), "SOGo ignores it");
}

#[test]
fn filters_that_servers_want_are_wanted() {
    for (name, status) in [("cyrus", 403), ("sabre", 400), ("radicale", 207), ("icloud", 400)] {
        let alice = named(name);
        assert_eq!(query(&alice, &alice.calendar(), "", "").status, status, "{name}");
    }
    let gmx = named("gmx");
    let half =
        query(&gmx, &gmx.calendar(), "<C:comp-filter name=\"VEVENT\"><C:time-range start=\"20260101T000000Z\"/></C:comp-filter>", "");
    assert_eq!(half.status, 400);
    let alice = named("cyrus");
    let at = calendar(&alice);
    let body = "<C:calendar-query xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"VEVENT\"/></C:comp-filter></C:filter></C:calendar-query>";
    assert!(alice.report(&at, "0", body).hrefs().is_empty(), "depth 0 is the collection alone");
}

#[test]
fn reports_that_are_not_there_are_answered_as_the_server_does() {
    let body = "<C:free-busy-query xmlns:C=\"urn:ietf:params:xml:ns:caldav\"/>";
    for (name, status, element) in [("cyrus", 403, true), ("sabre", 415, true), ("sogo", 501, false), ("radicale", 207, false)] {
        let alice = named(name);
        let reply = alice.report(&alice.calendar(), "1", body);
        assert_eq!((reply.status, reply.has("supported-report")), (status, element), "{name}");
    }
    let rustical = named("rustical");
    let query = "<A:addressbook-query xmlns:A=\"urn:ietf:params:xml:ns:carddav\"><A:filter/></A:addressbook-query>";
    assert_eq!(rustical.report(&rustical.book(), "1", query).status, 403);
}

fn search(alice: &Client, book: &str, filter: &str, rest: &str) -> common::Reply {
    let body = format!(
        "<A:addressbook-query xmlns:D=\"DAV:\" xmlns:A=\"urn:ietf:params:xml:ns:carddav\"><D:prop><D:getetag/></D:prop>{filter}{rest}</A:addressbook-query>"
    );
    alice.report(book, "1", &body)
}

#[test]
fn address_book_queries_match_as_rfc_6352_says() {
    let alice = named("cyrus");
    let book = alice.book();
    for (uid, extra) in
        [("a", "EMAIL;TYPE=HOME:a@home.example\r\nNICKNAME:Zed\r\n"), ("b", "EMAIL;TYPE=WORK:b@work.example\r\n"), ("c", "")]
    {
        alice.put(&format!("{book}{uid}.vcf"), &card(uid, extra));
    }
    let text = |name: &str, how: &str, text: &str| {
        format!("<A:prop-filter name=\"{name}\"><A:text-match match-type=\"{how}\">{text}</A:text-match></A:prop-filter>")
    };
    let found = |test: &str, filters: &str| names(&search(&alice, &book, &format!("<A:filter test=\"{test}\">{filters}</A:filter>"), ""));
    assert_eq!(found("anyof", &text("EMAIL", "contains", "HOME")), ["a.vcf"]);
    assert_eq!(found("anyof", &text("EMAIL", "starts-with", "b@")), ["b.vcf"]);
    assert_eq!(found("anyof", &text("EMAIL", "ends-with", "example")), ["a.vcf", "b.vcf"]);
    assert_eq!(found("anyof", &text("FN", "equals", "name c")), ["c.vcf"]);
    let both = format!("{}{}", text("EMAIL", "contains", "example"), text("NICKNAME", "equals", "zed"));
    assert_eq!((found("allof", &both), found("anyof", &both)), (vec!["a.vcf".to_owned()], vec!["a.vcf".to_owned(), "b.vcf".to_owned()]));
    assert_eq!(found("anyof", "<A:prop-filter name=\"EMAIL\"><A:is-not-defined/></A:prop-filter>"), ["c.vcf"]);
    // Group cards of both forms, as programs look for them.
    alice.put(&format!("{book}g.vcf"), &card("g", "X-ADDRESSBOOKSERVER-KIND:group\r\n"));
    alice.put(&format!("{book}k.vcf"), &card("k", "KIND:GROUP\r\n"));
    alice.put(&format!("{book}o.vcf"), &card("o", "KIND:org\r\n"));
    let groups = format!("<A:prop-filter name=\"X-ADDRESSBOOKSERVER-KIND\"/>{}", text("KIND", "contains", "group"));
    assert_eq!(found("anyof", &groups), ["g.vcf", "k.vcf"]);
    for name in ["g", "k", "o"] {
        alice.send("DELETE", &format!("{book}{name}.vcf"), &[], "");
    }
    assert_eq!(
        found(
            "anyof",
            "<A:prop-filter name=\"EMAIL\"><A:param-filter name=\"TYPE\"><A:text-match>work</A:text-match></A:param-filter></A:prop-filter>"
        ),
        ["b.vcf"]
    );
    let limited = search(&alice, &book, "<A:filter/>", "<A:limit><A:nresults>2</A:nresults></A:limit>");
    assert!(limited.hrefs().len() == 3 && limited.body.contains("507"));
    let sogo = named("sogo");
    let book = sogo.book();
    sogo.put(&format!("{book}a.vcf"), &card("a", ""));
    assert!(search(&sogo, &book, &format!("<A:filter>{}</A:filter>", text("FN", "contains", "name")), "").hrefs().is_empty());
}

#[test]
fn multigets_tell_what_is_there_and_what_is_not() {
    let alice = named("sabre");
    let book = alice.book();
    alice.put(&format!("{book}a b@c.vcf").replace(' ', "%20"), &card("a", ""));
    let multiget = |hrefs: &[&str], data: &str| {
        let hrefs: String = hrefs.iter().map(|href| format!("<D:href>{href}</D:href>")).collect();
        let body = format!(
            "<A:addressbook-multiget xmlns:D=\"DAV:\" xmlns:A=\"urn:ietf:params:xml:ns:carddav\"><D:prop><D:getetag/>{data}</D:prop>{hrefs}</A:addressbook-multiget>"
        );
        alice.report(&book, "0", &body)
    };
    let there = format!("{book}a%20b%40c.vcf");
    let elsewhere = "/dav.php/addressbooks/bob/default/x.vcf".to_owned();
    let absolute = format!("http://localhost{there}");
    let reply = multiget(&[&there, &absolute, &format!("{book}none.vcf"), &elsewhere], "<A:address-data/>");
    assert_eq!((reply.texts("address-data").len(), reply.body.matches("404 Not Found").count()), (2, 2), "{}", reply.body);
    let odd = multiget(&[&there], "<A:address-data content-type=\"text/vcard\" version=\"5.0\"/>");
    assert!(odd.status == 403 && odd.has("supported-address-data-conversion"));
    let gmx = named("gmx");
    let empty = "<A:addressbook-multiget xmlns:D=\"DAV:\" xmlns:A=\"urn:ietf:params:xml:ns:carddav\"><D:prop/></A:addressbook-multiget>";
    assert_eq!(gmx.report(&gmx.book(), "0", empty).status, 400);
}

#[test]
fn servers_that_know_only_three_refuse_four() {
    let mut personality = Personality::sabre();
    personality.write.vcards = VcardVersions::ThreeOnly;
    let alice = client(personality);
    let book = alice.book();
    assert_eq!(alice.propfind(&book, "0", &["A:supported-address-data"]).body.matches("address-data-type").count(), 1);
    alice.put(&format!("{book}a.vcf"), &card("a", ""));
    let body = format!(
        "<A:addressbook-multiget xmlns:D=\"DAV:\" xmlns:A=\"urn:ietf:params:xml:ns:carddav\"><D:prop><A:address-data version=\"4.0\"/></D:prop><D:href>{book}a.vcf</D:href></A:addressbook-multiget>"
    );
    assert_eq!(alice.report(&book, "0", &body).status, 403);
}

#[test]
fn one_multistatus_has_many_spellings() {
    let spelt = |change: &dyn Fn(&mut Personality)| {
        let mut personality = Personality::sabre();
        change(&mut personality);
        let alice = client(personality);
        let calendar = alice.calendar();
        alice.dav.put(&format!("{calendar}a@b.ics"), &event("a", ""));
        alice.propfind(&calendar, "1", &["D:getetag", "CS:nonsense"])
    };
    for (spelling, sample) in [
        (Spelling::LowerPrefix, "<d:multistatus "),
        (Spelling::UpperPrefix, "<D:multistatus "),
        (Spelling::DavIsDefault, "<multistatus xmlns=\"DAV:\""),
        (Spelling::DefaultOnEach, "<getetag xmlns=\"DAV:\">"),
        (Spelling::Numbered, "<ns0:multistatus "),
    ] {
        let reply = spelt(&|p| p.xml.spelling = spelling);
        assert!(reply.body.contains(sample), "{spelling:?}: {}", reply.body);
        assert_eq!(reply.texts("getetag").len(), 1, "{spelling:?}");
    }
    let href = |style: HrefStyle| spelt(&|p| p.xml.hrefs = style).hrefs()[1].clone();
    assert_eq!(href(HrefStyle { absolute: true, ..HrefStyle::default() }), "http://localhost/dav.php/calendars/alice/default/a@b.ics");
    assert!(href(HrefStyle { escaped_at: true, ..HrefStyle::default() }).ends_with("/a%40b.ics"));
    assert!(href(HrefStyle { double_slash: true, ..HrefStyle::default() }).ends_with("default//a@b.ics"));
    assert!(href(HrefStyle { escaped_at: true, double_encoded: true, ..HrefStyle::default() }).ends_with("/a%2540b.ics"));
    assert!(!spelt(&|p| p.xml.missing = MissingProperties::Omitted).has("nonsense"));
    let before = spelt(&|p| p.xml.missing = MissingProperties::Before).body;
    assert!(before.find("nonsense") < before.find("getetag>"));
    assert!(spelt(&|p| p.xml.empty_status = true).body.contains("<d:status/>"));
    assert_eq!(spelt(&|p| p.xml.repeats_members = true).hrefs().len(), 3);
    assert_eq!(spelt(&|p| p.xml.content_type = "text/html".to_owned()).header("content-type"), Some("text/html"));
    assert!(!spelt(&|p| p.etags.listed = false).body.contains("getetag>\""));
}

#[test]
fn minimal_answers_leave_out_what_is_missing() {
    let alice = named("sabre");
    let body = "<D:propfind xmlns:D=\"DAV:\"><D:prop><D:resourcetype/><D:none/></D:prop></D:propfind>";
    let reply = alice.send("PROPFIND", &alice.calendar(), &[("depth", "0"), ("prefer", "return=minimal")], body);
    assert!(!reply.has("none") && reply.has("resourcetype"));
}
