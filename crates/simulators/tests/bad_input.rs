//! Whatever comes in, an answer goes out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests may panic")]

mod common;

use common::{client, event, named};
use pimkit_simulators::Personality;

const METHODS: &[&str] = &[
    "OPTIONS",
    "PROPFIND",
    "PROPPATCH",
    "REPORT",
    "GET",
    "HEAD",
    "PUT",
    "POST",
    "DELETE",
    "MKCALENDAR",
    "MKCOL",
    "MOVE",
    "COPY",
    "LOCK",
    "BREW",
];

fn bodies() -> Vec<String> {
    let deep = format!("{}{}", "<a>".repeat(500), "</a>".repeat(500));
    let nested = "BEGIN:VCALENDAR\r\n".repeat(100);
    let mut bodies: Vec<String> = [
        "",
        "<",
        "<a",
        "<a></b>",
        "<x:a/>",
        "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
        "<a>&unknown;</a>",
        "<a>&#x110000;</a>",
        "<D:sync-collection xmlns:D=\"DAV:\"/>",
        "<D:sync-collection xmlns:D=\"DAV:\"><D:sync-token>\u{1f600}</D:sync-token><D:limit><D:nresults>-1</D:nresults></D:limit></D:sync-collection>",
        "<C:calendar-query xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><C:filter><C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"VEVENT\"><C:time-range start=\"x\" end=\"99999999T999999Z\"/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>",
        "<C:calendar-multiget xmlns:C=\"urn:ietf:params:xml:ns:caldav\" xmlns:D=\"DAV:\"><D:href/><D:href>%</D:href><D:href>%ff</D:href><D:href>http://</D:href><D:href>../../x</D:href></C:calendar-multiget>",
        "BEGIN:VCALENDAR",
        "END:VEVENT",
        ":::",
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:\r\nDTSTART;TZID=/////:20260101T000000\r\nRRULE:FREQ=YEARLY;INTERVAL=0;COUNT=99999999999999999999\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        "BEGIN:VCARD\r\n;:\r\nEND:VCARD",
    ]
    .map(str::to_owned)
    .to_vec();
    bodies.extend([deep, nested, "\u{0}\u{1}\u{2}".to_owned(), "é".repeat(1000)]);
    bodies
}

#[test]
fn no_method_and_no_body_makes_any_personality_fail() {
    let bodies = bodies();
    for personality in Personality::all() {
        let name = personality.name.clone();
        let alice = client(personality);
        let mut paths: Vec<String> = alice.dav.collections("alice").into_iter().map(|c| c.path).collect();
        paths.extend(["/", "/.well-known/caldav", "/%", "/%ff", "/a/../../b", "/%00", "//", "/alice", "/alice/x.ics"].map(str::to_owned));
        for path in &paths {
            for method in METHODS {
                for (n, body) in bodies.iter().enumerate() {
                    // Each path and method turns the depths on.
                    let depth = ["0", "1", "x"][(n + path.len() + method.len()) % 3];
                    let headers =
                        [("depth", depth), ("destination", "http://localhost/%ff"), ("if-match", "\"\""), ("content-type", "text/xml")];
                    let reply = alice.send(method, path, &headers, body);
                    assert!((100..600).contains(&reply.status), "{name} {method} {path}");
                }
            }
        }
    }
}

#[test]
fn document_types_are_refused() {
    let alice = named("sabre");
    let body = "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><D:propfind xmlns:D=\"DAV:\"><D:prop>&b;</D:prop></D:propfind>";
    assert_eq!(alice.send("PROPFIND", "/dav.php/", &[("depth", "0")], body).status, 400);
}

#[test]
fn rules_without_an_end_are_expanded_within_bounds() {
    let alice = named("cyrus");
    let calendar = alice.calendar();
    for (name, rule) in [
        ("a", "FREQ=SECONDLY"),
        ("b", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"),
        ("c", "FREQ=DAILY;INTERVAL=0"),
        ("d", "FREQ=MONTHLY;BYDAY=99MO"),
    ] {
        assert_eq!(alice.put(&format!("{calendar}{name}.ics"), &event(name, &format!("RRULE:{rule}\r\n"))).status, 201);
    }
    let range = "start=\"20260101T000000Z\" end=\"20360101T000000Z\"";
    let body = format!(
        "<C:calendar-query xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><D:prop><C:calendar-data><C:expand {range}/></C:calendar-data></D:prop>\
         <C:filter><C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"VEVENT\"><C:time-range {range}/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>"
    );
    assert_eq!(alice.report(&calendar, "1", &body).status, 207);
}

#[test]
fn bodies_that_are_not_utf_8_are_refused() {
    let alice = named("cyrus");
    let mut request = http::Request::put(format!("http://localhost{}a.ics", alice.calendar())).header("content-type", "text/calendar");
    request = request.header("authorization", alice.authorization.clone().unwrap());
    let response = alice.dav.answer_now(&request.body(bytes::Bytes::from_static(b"BEGIN:\xff\xfe")).unwrap()).unwrap();
    assert_eq!(response.status(), 403);
}
