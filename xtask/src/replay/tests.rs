//! Recordings of others: HAR files are read, what is good is counted, what is broken is told.

use super::*;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

const HOME: &str = r#"<multistatus xmlns="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><response><href>https://dav.invented.net/u/</href><propstat><prop>
    <current-user-principal><href>https://dav.invented.net/u/</href></current-user-principal><c:calendar-home-set><href>/u/</href></c:calendar-home-set>
    </prop><status>HTTP/1.1 200 OK</status></propstat></response></multistatus>"#;

const LIST: &str = r#"<multistatus xmlns="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><response><href>/u/c/</href><propstat><prop>
    <resourcetype><collection/><c:calendar/></resourcetype></prop><status>HTTP/1.1 200 OK</status></propstat></response></multistatus>"#;

const ITEMS: &str = r#"<D:multistatus xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">
    <D:response><D:href>/u/c/a%40b.ics</D:href><D:propstat><D:prop><D:getetag>"1"</D:getetag><C:calendar-data>BEGIN:VCALENDAR
VERSION:2.0
PRODID:x
BEGIN:VEVENT
UID:1
DTSTAMP:20260101T000000Z
DTSTART:20260101T100000Z
SUMMARY:s
END:VEVENT
END:VCALENDAR
</C:calendar-data></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>
    <D:response><D:href>/u/c/broken.ics</D:href><D:propstat><D:prop><C:calendar-data>no calendar</C:calendar-data></D:prop>
    <D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response></D:multistatus>"#;

const CARD: &str = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:1\r\nFN:Ada\r\nN:Lovelace;Ada;;;\r\nEND:VCARD\r\n";

fn entry(method: &str, path: &str, headers: Value, sent: &str, status: u16, received: &str) -> Value {
    json!({
        "request": { "method": method, "url": format!("https://dav.invented.net{path}"), "headers": headers, "postData": { "text": sent } },
        "response": { "status": status, "headers": [{ "name": "Content-Length", "value": "1" }, { "name": "ETag", "value": "\"1\"" }],
            "content": { "text": STANDARD.encode(received), "encoding": "base64" } }
    })
}

fn archive() -> Vec<Value> {
    let depth = |depth: &str| json!([{ "name": "Depth", "value": depth }]);
    vec![
        entry("PROPFIND", "/u/", depth("0"), "<propfind/>", 401, ""),
        entry("PROPFIND", "/u/", depth("0"), "<propfind/>", 207, HOME),
        entry("PROPFIND", "/u/", depth("1"), "<propfind/>", 207, LIST),
        entry("REPORT", "/u/c/", json!([]), "<C:calendar-multiget/>", 207, ITEMS),
        entry("GET", "/other/a.vcf", json!([]), "", 200, CARD),
        entry("GET", "/other/b.ics", json!([]), "", 200, "<html>sign in</html>"),
        entry("GET", "/", json!([]), "", 0, ""),
    ]
}

fn exchanges(entries: Vec<Value>) -> Vec<Taken> {
    har::read(json!({ "log": { "entries": entries } }).to_string().as_bytes()).unwrap()
}

fn told(entries: Vec<Value>) -> Report {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(report(exchanges(entries)))
}

#[test]
fn an_archive_becomes_exchanges_without_its_hosts() {
    let exchanges = exchanges(archive());
    assert_eq!(exchanges.len(), 6);
    let home = &exchanges[1];
    assert_eq!((home.method.as_str(), home.target.as_str(), home.status), ("PROPFIND", "/u/", 207));
    assert_eq!(home.asked, [("depth".to_owned(), "0".to_owned())]);
    assert_eq!(home.answered, [("etag".to_owned(), "\"1\"".to_owned())]);
    let text = String::from_utf8(home.received.clone()).unwrap();
    assert!(text.contains("https://host-1.example/u/") && !text.contains("invented"), "{text}");
    assert!(har::read(b"{}").unwrap_err().contains("no HAR"));
}

#[test]
fn what_can_be_read_is_counted_and_what_cannot_is_no_failure_of_the_connector() {
    let report = told(archive());
    assert_eq!(report.failures, Vec::<String>::new());
    assert_eq!((report.used, report.answers, report.items), ((2, 6), (3, 0), (2, 2)), "{report:?}");
    // The list is there, the calendar's own changes are not.
    assert!(report.stops.iter().any(|stop| stop.contains("/u/c/")), "{:?}", report.stops);
}

#[test]
fn a_multistatus_that_cannot_be_read_is_a_failure_with_its_place() {
    let mut entries = archive();
    entries.push(entry("REPORT", "/u/c/?x=1", json!([]), "<C:calendar-query/>", 207, "<multistatus xmlns='DAV:'><response></multistatus>"));
    let report = told(entries);
    assert_eq!(report.answers, (4, 1));
    assert!(report.failures.len() == 1 && report.failures[0].starts_with("exchange 7, REPORT /u/c/: "), "{:?}", report.failures);
}

#[test]
fn a_panic_is_told_and_what_was_not_asked_for_by_name_is_left_out() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let error = runtime.block_on(async { tokio::spawn(async { panic!("planted") }).await.unwrap_err() });
    assert_eq!(ended(&error), "the connector panicked");
    let folder = tempfile::tempdir().unwrap();
    let args = || Args { dir: folder.path().to_owned() };
    assert!(args().run().is_err());
    std::fs::write(folder.path().join("notes.txt"), "no recording").unwrap();
    std::fs::write(folder.path().join("good.har"), json!({ "log": { "entries": archive() } }).to_string()).unwrap();
    assert_eq!(args().run(), Ok(()));
    std::fs::write(folder.path().join("bad.HAR"), "no archive").unwrap();
    let Err(Failures(lines)) = args().run() else { panic!("a broken archive passes") };
    assert!(lines.len() == 1 && lines[0].starts_with("bad.HAR: "), "{lines:?}");
}
