//! Recordings: complete, readable by what reads fixtures, and without what was planted in them.

use super::*;
use crate::{InProcess, Secret};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures::executor::block_on;
use http::{HeaderName, HeaderValue, Method};
use pimkit_core::fixture::{Exchange, Expectation, Provenance};
use std::{collections::BTreeMap, fs};

const PASSWORD: &str = "h&nter/2 pässword";

fn case() -> Case {
    Case {
        format: 1,
        shows: "A listing with \"quotes\".".to_owned(),
        provenance: Provenance::Recorded { from: "invented 1.0".to_owned(), on: "2026-11-22".to_owned() },
        expect: Expectation::Ok,
    }
}

fn sanitiser() -> Sanitiser {
    Sanitiser::new()
        .login("alice.smith", &Secret::new(PASSWORD))
        .secret(&Secret::new("ya29.t0ken-value"))
        .replace("Alice Smith", "Somebody")
}

fn outgoing(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Outgoing {
    let mut request = Outgoing::new("test.ask", Method::from_bytes(method.as_bytes()).unwrap(), Url::parse(url).unwrap());
    for (name, value) in headers {
        request.headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    request.body = Bytes::copy_from_slice(body.as_bytes());
    request
}

/// Records these requests, each with its answer, and gives back the files of the case.
fn record(exchanges: Vec<(Outgoing, Incoming)>, sanitiser: &Sanitiser) -> Result<BTreeMap<String, String>> {
    let (requests, answers): (Vec<_>, Vec<_>) = exchanges.into_iter().unzip();
    let answers = Mutex::new(answers.into_iter());
    let wire = InProcess::new(move |_| {
        let next = answers.lock().unwrap().next().unwrap();
        async move { Ok(next) }
    });
    let recorder = Recorder::new(Arc::new(wire)).keep("X-Kept").keep("Authorization").keep("Set-Cookie");
    for request in requests {
        let answer = block_on(recorder.send(request)).unwrap();
        block_on(answer.body.collect(u64::MAX)).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("new");
    recorder.write(&folder, &case(), sanitiser)?;
    let read = |entry: fs::DirEntry| (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap());
    Ok(fs::read_dir(&folder).unwrap().map(|entry| read(entry.unwrap())).collect())
}

fn one(body: &str) -> Result<String> {
    let asked = outgoing("GET", "https://dav.corp.invented.net/x", &[], "");
    let files =
        record(vec![(asked, Incoming::status(200).unwrap().header("content-type", "text/plain").body(body.to_owned()))], &sanitiser())?;
    Ok(files.into_iter().find(|(name, _)| name.starts_with("001-response")).unwrap().1)
}

#[test]
fn a_recording_is_a_case_that_core_reads() {
    let exchanges = vec![
        (
            outgoing(
                "PROPFIND",
                "https://dav.corp.invented.net/a%20b/?x=1",
                &[("depth", "1"), ("user-agent", "pimkit"), ("x-kept", "k")],
                "<?xml?><a/>",
            ),
            Incoming::status(207).unwrap().header("content-type", "text/xml").header("date", "today").header("ETag", "\"1\"").body("<b/>"),
        ),
        (outgoing("DELETE", "https://dav.corp.invented.net/1.ics", &[("if-match", "\"1\"")], ""), Incoming::status(204).unwrap()),
    ];
    let files = record(exchanges, &sanitiser()).unwrap();
    assert_eq!(files.keys().map(String::as_str).collect::<Vec<_>>(), ["001-request.xml", "001-response.xml", "case.toml", "traffic.json"]);
    assert_eq!(toml::from_str::<Case>(&files["case.toml"]).unwrap(), case());
    let traffic: Vec<Exchange> = serde_json::from_str(&files["traffic.json"]).unwrap();
    let first = &traffic[0];
    assert_eq!((first.request.method.as_deref(), first.request.target.as_deref()), (Some("PROPFIND"), Some("/a%20b/?x=1")));
    assert_eq!(first.request.headers, [("depth".to_owned(), "1".to_owned()), ("x-kept".to_owned(), "k".to_owned())]);
    assert_eq!(first.response.headers, [("content-type".to_owned(), "text/xml".to_owned()), ("etag".to_owned(), "\"1\"".to_owned())]);
    assert_eq!((first.response.status, first.response.body.as_deref()), (Some(207), Some("001-response.xml")));
    assert_eq!((traffic[1].response.status, &traffic[1].response.body), (Some(204), &None));
    assert_eq!((files["001-request.xml"].as_str(), files["001-response.xml"].as_str()), ("<?xml?><a/>", "<b/>"));
}

#[test]
fn no_planted_secret_is_left_in_any_file() {
    let basic = STANDARD.encode(format!("alice.smith:{PASSWORD}"));
    let inside = STANDARD.encode(format!("<user>alice.smith</user><pw>{PASSWORD}</pw>"));
    let percent = "h%26nter%2F2%20p%C3%A4ssword";
    let asked = outgoing(
        "POST",
        &format!(
            "https://dav.corp.invented.net/users/alice.smith%40corp.invented.net/?access_token=ya29.t0ken-value&pw={percent}&sig={basic}"
        ),
        &[
            ("authorization", &format!("Basic {basic}")),
            ("cookie", "session=ya29.t0ken-value"),
            ("destination", "https://DAV.corp.invented.net/users/alice.smith/"),
            ("x-kept", &format!("{basic} ya29.t0ken-value")),
        ],
        &format!("user=alice.smith&pw={percent}&client_secret=planted-1&packed={inside}"),
    );
    let body = format!(
        "{{\"id_token\": \"planted-2\", \"pw\": \"{}\", \"mail\": \"Alice.Smith@corp.invented.net\", \"url\": \"https:\\/\\/dav.corp.invented.net\\/\",\
         \"esc\": \"h&nter\\/2 p\\u00e4ssword\", \"name\": \"Alice Smith\", \"other\": \"bob@other.invented.net\", \"basic\": \"{basic}\"}}",
        PASSWORD
    );
    let answered = Incoming::status(302)
        .unwrap()
        .header("content-type", "application/json")
        .header("set-cookie", "s=ya29.t0ken-value")
        .header("location", "https://alice.smith@dav.corp.invented.net/next?refresh_token=planted-3")
        .body(body);
    let xml = format!("<password>planted-4</password><p>h&amp;nter/2 pässword</p><a>mailto:bob@other.invented.net</a><e>{inside}</e>");
    let second = (
        outgoing("PUT", "https://dav.corp.invented.net/", &[], ""),
        Incoming::status(200).unwrap().header("content-type", "text/xml").body(xml),
    );
    let files = record(vec![(asked, answered), second], &sanitiser()).unwrap();
    assert_eq!(files.len(), 5);
    let packed_edges: [&str; 3] = [&basic, &inside, &inside[4..inside.len() - 4]];
    for (name, text) in &files {
        let lower = text.to_lowercase();
        for secret in ["nter", "ssword", "ya29", "planted", "corp", "invented.net", "alice", "bob", "cookie", "authorization", "\"session"]
        {
            // The word stands in the field's name, and the server of the case is said on purpose.
            let lower = lower.replace("<password>", "").replace("</password>", "");
            assert!(name == "case.toml" || !lower.contains(secret), "{secret} in {name}: {text}");
        }
        assert!(packed_edges.iter().all(|packed| !text.contains(packed)), "{name}: {text}");
    }
    // The same is the same everywhere.
    assert!(files["001-response.json"].contains("person-1@example.org") && files["traffic.json"].contains("person-1%40example.org"));
    assert!(
        files["001-response.json"].contains("person-3@example.org") && files["002-response.xml"].contains("mailto:person-3@example.org")
    );
    assert!(files["traffic.json"].contains("https://host-1.example/users/user-1/"));
    assert!(files["001-response.json"].contains("Somebody"));
}

#[test]
fn a_secret_in_a_dress_that_is_not_known_stops_the_writing() {
    for text in [
        // Escaped twice, by one letter, and by numbers.
        "h%2526nter%252F2%2520p%25C3%25A4ssword",
        "%68&nter/2 pässword",
        "h&#38;nter/2 p&#xE4;ssword",
        "h\\u0026nter/2 p\\u00e4ssword",
    ] {
        assert_eq!(one(text).unwrap_err().kind(), ErrorKind::InvalidData, "{text}");
    }
}

#[test]
fn an_address_of_somebody_real_in_a_dress_that_is_not_known_stops_the_writing() {
    for text in ["jo%2540corp.org", "jo&#64;corp.org", "jo&amp;#x40;corp.org", "jo\\u0040corp.org", "j%256F@corp&#46;org"] {
        let error = one(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData, "{text}");
        assert!(error.to_string().contains("e-mail address") && !error.to_string().contains("corp"), "{error}");
    }
    for text in ["jo%2540example.org", "jo&#64;host.test", "jo\\u0040dav.invalid", "jo%2540host-1.example"] {
        assert_eq!(one(text).unwrap(), text);
    }
}

#[test]
fn the_values_of_short_names_are_taken_out_where_the_name_stands_alone() {
    for (text, expected) in [
        ("grant=x&code=4/abc&device_code=d-1", "grant=x&code=removed-4&device_code=removed-5"),
        ("/?key=AIza-1&alt=json", "/?key=removed-4&alt=json"),
        ("{\"token\": \"t-1\", \"Authorization\": \"Bearer t-2\"}", "{\"token\": \"removed-4\", \"Authorization\": \"removed-5\"}"),
        ("Authorization: Bearer t-1, x=2\r\nDepth: 1", "Authorization: removed-4\r\nDepth: 1"),
        ("<token>t-1</token><x>2</x>", "<token>removed-4</token><x>2</x>"),
    ] {
        assert_eq!(one(text).unwrap(), expected);
    }
    // What a fixture is about stays.
    for text in [
        "<d:sync-token>data:,1</d:sync-token>",
        "{\"nextPageToken\": \"p\", \"nextSyncToken\": \"s\", \"sync_token\": 1}",
        "{\"error\": {\"code\": \"ErrorItemNotFound\"}, \"key\": \"a\", \"e\": {\"code\": 404}}",
        "zipcode=1&monkey=2",
    ] {
        assert_eq!(one(text).unwrap(), text);
    }
}

#[test]
fn what_is_folded_over_two_lines_is_found_and_other_lines_keep_their_folds() {
    let card = "BEGIN:VCARD\r\nNOTE:a long li\r\n ne\r\nEMAIL:alice.smi\r\n th@corp.inven\r\n\tted.net\r\nX-PW:h&nter/2 p\u{e4}ss\r\n word\r\nEND:VCARD\r\n";
    let expected = "BEGIN:VCARD\r\nNOTE:a long li\r\n ne\r\nEMAIL:person-1@example.org\r\nX-PW:removed-2\r\nEND:VCARD\r\n";
    assert_eq!(one(card).unwrap(), expected);
}

#[test]
fn a_secret_that_cannot_be_taken_out_stops_the_writing() {
    // Base64 over several lines: where its ends are, nobody can say.
    let packed = STANDARD.encode(PASSWORD);
    let error = one(&format!("{}\r\n{}", &packed[..9], &packed[9..])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    assert!(error.to_string().contains("nothing was written") && !error.to_string().contains("nter"), "{error}");
}

#[test]
fn words_that_only_look_alike_stay() {
    for text in [
        "malice.smithers",
        "a@b",
        "x @ y.net",
        "me@host.example",
        "password",
        "password reset",
        "the access_token",
        "removed-1",
        "data: d@-",
    ] {
        assert_eq!(one(text).unwrap(), text);
    }
    assert_eq!(one("{\"password\": null, \"user\": 1}").unwrap(), "{\"password\": null, \"user\": 1}");
    assert_eq!(one("<m:password>a\"b c</m:password> d<x>").unwrap(), "<m:password>removed-4</m:password> d<x>");
    assert_eq!(one("who=jo.doe@corp.org&x=1").unwrap(), "who=person-1@example.org&x=1");
    let note = r#"{"note": "call\nalice.smith\nor jo@corp.org,\tpat@corp.org \u000ajo@corp.org \\Njo@corp.org", "x": "a\\b"}"#;
    let clean = r#"{"note": "call\nuser-1\nor person-1@example.org,\tperson-2@example.org \u000aperson-1@example.org \\Nperson-1@example.org", "x": "a\\b"}"#;
    assert_eq!(one(note).unwrap(), clean);
    assert_eq!(one("C:\\alice@corp.org 9%jo@corp.org").unwrap(), "C:\\person-1@example.org 9%person-2@example.org");
    assert_eq!(one("/%2Falice.smith%2Fjo%40corp.org%2F").unwrap(), "/%2Fuser-1%2Fperson-1%40example.org%2F");
    assert_eq!(one("by alice.smith: password=removed-9&x").unwrap(), "by user-1: password=removed-9&x");
    // A password that holds an address goes whole, not but for its ends.
    let odd = Sanitiser::new().secret(&Secret::new("7!x@corp.org!9"));
    assert_eq!(odd.begin().apply(b"a 7!x@corp.org!9 b"), b"a removed-1 b");
    let short = Sanitiser::new().secret(&Secret::new("cal"));
    assert_eq!(short.begin().apply(b"calendar cal"), b"calendar removed-1");
}

#[test]
fn what_failed_on_the_wire_is_counted_and_a_case_is_never_overwritten() {
    let wire = InProcess::new(|request| async move {
        if request.method == Method::GET {
            Incoming::status(200)
        } else {
            Err(Failure::unknown(Error::new(ErrorKind::Transport, "broken")))
        }
    });
    let recorder = Recorder::new(Arc::new(wire));
    let folder = tempfile::tempdir().unwrap();
    let nothing = recorder.write(folder.path(), &case(), &sanitiser()).unwrap_err();
    assert_eq!(nothing.kind(), ErrorKind::InvalidData);
    assert!(block_on(recorder.send(outgoing("PUT", "https://a.example/", &[], ""))).is_err());
    assert!(block_on(recorder.send(outgoing("GET", "https://a.example/", &[], ""))).is_ok());
    assert_eq!(recorder.counts(), (1, 1));
    recorder.write(folder.path(), &case(), &sanitiser()).unwrap();
    assert_eq!(recorder.write(folder.path(), &case(), &sanitiser()).unwrap_err().kind(), ErrorKind::Storage);
    assert!(!format!("{recorder:?}").contains("a.example"));
}

#[test]
fn exchanges_stand_in_the_order_in_which_their_requests_left() {
    let (open, door) = futures::channel::oneshot::channel::<()>();
    let door = Mutex::new(Some(door));
    let wire = InProcess::new(move |request| {
        let door = if request.url.path() == "/slow" { door.lock().unwrap().take() } else { None };
        async move {
            if let Some(door) = door {
                door.await.unwrap();
            }
            Incoming::status(200)
        }
    });
    let recorder = Recorder::new(Arc::new(wire));
    block_on(async {
        let slow = recorder.send(outgoing("GET", "https://a.example/slow", &[], ""));
        let quick = async {
            recorder.send(outgoing("GET", "https://a.example/quick", &[], "")).await.unwrap();
            open.send(()).unwrap();
        };
        let (slow, ()) = futures::future::join(slow, quick).await;
        slow.unwrap();
    });
    let folder = tempfile::tempdir().unwrap();
    recorder.write(folder.path(), &case(), &Sanitiser::new()).unwrap();
    let traffic: Vec<Exchange> = serde_json::from_slice(&fs::read(folder.path().join("traffic.json")).unwrap()).unwrap();
    let targets: Vec<&str> = traffic.iter().filter_map(|exchange| exchange.request.target.as_deref()).collect();
    assert_eq!(targets, ["/slow", "/quick"]);
}
