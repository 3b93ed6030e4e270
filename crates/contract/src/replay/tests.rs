//! Replays: what was recorded is answered once and in order, and what is not as it was recorded is told.

use super::*;
use std::io::{Read, Write};

fn one(method: &str, target: &str, sent: &str, status: u16, received: &str) -> Taken {
    Taken {
        method: method.to_owned(),
        target: target.to_owned(),
        sent: sent.as_bytes().to_vec(),
        status,
        answered: vec![("etag".to_owned(), "\"1\"".to_owned())],
        received: received.as_bytes().to_vec(),
        ..Taken::default()
    }
}

/// A request as it goes on the wire, and the answer as it came: status and body.
fn ask(replay: &Replay, method: &str, target: &str, headers: &str, body: &str) -> (u16, String) {
    let address = replay.base().trim_start_matches("http://").to_owned();
    let mut stream = std::net::TcpStream::connect(&address).unwrap();
    let length = body.len();
    write!(stream, "{method} {target} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}

#[tokio::test]
async fn the_same_question_gets_its_answers_in_the_order_of_the_recording() {
    let recording = Recording::of(vec![
        one("PROPFIND", "/a?x=1", "<p/>", 207, "first https://host-1.example/b"),
        one("PROPFIND", "/a?x=1", "<p/>", 207, "second"),
        one("PROPFIND", "/a?x=1", "<q/>", 404, ""),
    ]);
    let replay = Replay::strict(recording).await;
    assert_eq!(ask(&replay, "PROPFIND", "/a?x=1", "", "<q/>").0, 404);
    assert_eq!(ask(&replay, "PROPFIND", "/a?x=1", "", "<p/>"), (207, format!("first {}/b", replay.base())));
    assert_eq!(ask(&replay, "PROPFIND", "/a?x=1", "", "<p/>"), (207, "second".to_owned()));
    assert_eq!((replay.used(), replay.problems()), ((3, 3), Vec::new()));
}

#[tokio::test]
async fn what_was_not_recorded_and_what_was_not_asked_name_their_nearest() {
    let recording = Recording::of(vec![one("GET", "/a.ics", "", 200, ""), one("PUT", "/b.ics", "BEGIN\nSUMMARY:x\nEND", 201, "")]);
    let replay = Replay::strict(recording).await;
    assert_eq!(ask(&replay, "PUT", "/b.ics", "", "BEGIN\nSUMMARY:y\nEND").0, 400);
    assert_eq!(ask(&replay, "GET", "/a.ics", "", "").0, 200);
    assert_eq!(ask(&replay, "GET", "/a.ics", "", "").0, 400);
    assert_eq!(
        replay.problems(),
        [
            "PUT /b.ics was asked and not recorded; nearest is exchange 2, PUT /b.ics: line 2 of the body is \"SUMMARY:y\", recorded as \"SUMMARY:x\"",
            "GET /a.ics was asked and not recorded; nearest is exchange 1, GET /a.ics: it was asked for before",
            "exchange 2, PUT /b.ics, was recorded and not asked for; nearest is PUT /b.ics: line 2 of the body is \"SUMMARY:y\", recorded as \"SUMMARY:x\"",
        ]
    );
}

#[tokio::test]
async fn headers_that_were_recorded_must_come_and_bodies_may_differ_in_what_means_nothing() {
    let mut put = one("PUT", "/b.ics", "v1 by pimkit 1", 204, "");
    put.asked = vec![("if-match".to_owned(), "\"1\"".to_owned())];
    let recording = Recording::of(vec![put.clone(), put]).plainly(|text| text.replace(char::is_numeric, "#"));
    let replay = Replay::strict(recording).await;
    assert_eq!(ask(&replay, "PUT", "/b.ics", "if-match: \"1\"\r\n", "v1 by pimkit 2").0, 204);
    assert_eq!(replay.problems(), ["exchange 2, PUT /b.ics, was recorded and not asked for"]);
    ask(&replay, "PUT", "/b.ics", "if-match: \"2\"\r\n", "v1 by pimkit 1");
    assert_eq!(replay.problems(), ["exchange 2, PUT /b.ics: if-match is \"\\\"2\\\"\", recorded as \"\\\"1\\\"\""]);
}

#[tokio::test]
async fn others_recordings_answer_by_path_and_sort_of_question_again_and_again() {
    let report = |root: &str| format!("<?xml version=\"1.0\"?>\n<C:{root} xmlns:C=\"c\"><x/></C:{root}>");
    let recording = Recording::of(vec![
        one("REPORT", "/c/", &report("sync-collection"), 207, "changes"),
        one("REPORT", "/c/", &report("calendar-multiget"), 207, "items"),
    ]);
    let replay = Replay::loose(recording).await;
    for _ in 0..2 {
        assert_eq!(ask(&replay, "REPORT", "/c", "", "<calendar-multiget xmlns='c'/>"), (207, "items".to_owned()));
    }
    assert_eq!(ask(&replay, "REPORT", "/c/", "", "<calendar-query/>").0, 405);
    assert_eq!(ask(&replay, "PROPFIND", "/c/", "", "").0, 404);
    assert_eq!((replay.used(), replay.problems()), ((1, 2), Vec::new()));
}

#[test]
fn a_folder_that_is_no_case_is_told() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Recording::read(folder.path()).unwrap_err().to_string().contains("case.toml"));
    std::fs::write(folder.path().join("case.toml"), "format = 1\nshows = \"x\"\nexpect = \"ok\"\n[provenance.composed]\nfrom = \"x\"\n")
        .unwrap();
    let traffic = r#"[{"request": {"method": "GET", "target": "/"}, "response": {"status": 200, "body": "001-response.xml"}}]"#;
    std::fs::write(folder.path().join("traffic.json"), traffic).unwrap();
    assert!(Recording::read(folder.path()).unwrap_err().to_string().contains("001-response.xml"));
    std::fs::write(folder.path().join("001-response.xml"), "<a/>").unwrap();
    let recording = Recording::read(folder.path()).unwrap();
    assert_eq!((recording.start(), recording.exchanges.len(), recording.exchanges[0].received.as_slice()), ("/", 1, b"<a/>".as_slice()));
    assert!(recording.case.is_some());
}
