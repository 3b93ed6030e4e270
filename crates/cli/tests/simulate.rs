//! `pimkit simulate` and `pimkit discover`, as other programs and people use them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use pimkit_simulators::{Challenge, Personality};
use serde_json::json;
use support::{Called, Desk, TO_STORE, card, server::Server};

const EVENT: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\nBEGIN:VEVENT\r\nUID:e1\r\nDTSTAMP:20240101T000000Z\r\n\
DTSTART:20240105T100000Z\r\nDTEND:20240105T110000Z\r\nSUMMARY:Weekly\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

#[test]
fn the_first_line_says_where_it_is_and_a_signal_ends_it_cleanly() {
    let desk = Desk::new(TO_STORE);
    for (args, signal) in [(&[][..], "-INT"), (&["--provider", "dav", "--server", "cyrus"][..], "-TERM")] {
        let server = Server::start(&desk, args);
        assert_eq!(server.ready["ready"], true);
        let graph = &server.ready["providers"]["graph"];
        assert_eq!(graph.is_object(), args.is_empty(), "all that there are when none is named");
        let dav = &server.ready["providers"]["dav"];
        assert!(dav["base_url"].as_str().unwrap().starts_with("http://127.0.0.1:"), "{dav}");
        assert_eq!((&dav["user"], &dav["password"]), (&json!("alice"), &json!("secret")));
        assert_eq!(server.interrupt(signal).code(), Some(0), "{signal}");
    }
}

#[test]
fn graph_answers_below_the_address_that_the_first_line_says() {
    let desk = Desk::new(TO_STORE);
    desk.write("in/contacts.json", "[{\"givenName\": \"Ada\"}]");
    let server = Server::start(&desk, &["--provider", "graph", "--load", "in"]);
    assert!(server.ready["providers"]["dav"].is_null());
    let graph = &server.ready["providers"]["graph"];
    let url = graph["base_url"].as_str().unwrap();
    let (address, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    assert_eq!(path, "v1.0");
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let token = graph["token"].as_str().unwrap();
    let asked = format!("GET /v1.0/me/contacts HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n");
    std::io::Write::write_all(&mut stream, asked.as_bytes()).unwrap();
    let mut answer = String::new();
    std::io::Read::read_to_string(&mut stream, &mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"Ada\""), "{answer}");
    assert_eq!(server.interrupt("-INT").code(), Some(0));
}

#[test]
fn a_folder_is_loaded_and_what_cannot_be_is_named() {
    let desk = Desk::new(TO_STORE);
    desk.write("in/Friends/ada.vcf", &card("ada", "Ada", "Lovelace", "1"));
    desk.write("in/Friends/broken.vcf", "no card");
    let server = Server::start(&desk, &["--load", "in"]);
    let called = discover(&desk, &server.url(), "secret", &["--json"]).exits(0).json();
    assert_eq!(called["collections"], json!([{ "kind": "contacts", "id": "/alice/friends/", "name": "Friends", "writable": true }]));
}

#[test]
fn a_call_that_cannot_be_followed_is_a_usage_error_that_says_what_can() {
    let desk = Desk::new(TO_STORE);
    desk.write("plan.toml", "seed = 1\n[[rules]]\ndo = \"explode\"\n");
    desk.write("plan.json", "{\n\"rules\": 5\n}");
    let taken = Server::start(&desk, &[]);
    let address = taken.address();
    for (args, code, says) in [
        (&["--provider", "gopher"][..], 2, "there are: dav, graph"),
        (&["--server", "exchange"], 2, "radicale, xandikos"),
        (&["--listen", "0.0.0.0:0"], 2, "this machine alone"),
        (&["--listen", "nowhere"], 2, "127.0.0.1:PORT"),
        (&["--load", "nowhere"], 2, "--load DIR"),
        (&["--faults", "nowhere"], 2, "--faults FILE"),
        (&["--faults", "plan.toml"], 2, "plan.toml:2: this is no fault plan: unknown variant `explode`"),
        (&["--faults", "plan.json"], 2, "plan.json:2: this is no fault plan"),
        (&["--listen", &address], 1, "cannot be listened on"),
    ] {
        let called = desk.call(&[&["simulate"], args].concat()).exits(code);
        assert!(called.stderr.contains(says) && called.stderr.lines().count() == 1, "{args:?}: {called:?}");
        assert_eq!(called.json()["error"]["exit"], code, "whoever waits for the first line reads what went wrong");
    }
}

#[test]
fn faults_happen_to_whoever_asks() {
    let desk = Desk::new(TO_STORE);
    desk.write("plan.toml", "[[rules]]\nmethod = \"PROPFIND\"\ndo = \"login_page\"\n");
    let server = Server::start(&desk, &["--faults", "plan.toml"]);
    let called = discover(&desk, &server.url(), "secret", &[]).exits(1);
    assert!(called.stdout.contains("/.well-known/caldav"), "{called:?}");
}

fn discover(desk: &Desk, address: &str, password: &str, more: &[&str]) -> Called {
    let args = [&["discover", address, "--user", "alice", "--password-env", "PIMKIT_TEST_PASSWORD"], more].concat();
    desk.command(&args).env("PIMKIT_TEST_PASSWORD", password).output().unwrap().into()
}

#[test]
fn discover_ends_in_lines_with_which_the_account_opens_at_every_server_that_is_simulated() {
    let desk = Desk::new(TO_STORE);
    desk.write("in/Friends/ada.vcf", &card("ada", "Ada", "Lovelace", "1"));
    desk.write("in/Work/event.ics", EVENT);
    for personality in Personality::all() {
        let name = personality.name;
        let server = Server::start(&desk, &["--load", "in", "--server", &name]);
        let url = server.url();
        let secret = if personality.login.challenges == [Challenge::Bearer] { "--token-env" } else { "--password-env" };
        let args = ["discover", &url, "--user", "alice", secret, "PIMKIT_TEST_PASSWORD"];
        let called = Called::from(desk.command(&args).env("PIMKIT_TEST_PASSWORD", "secret").output().unwrap()).exits(0);
        assert_eq!(called.stderr, "", "{name}");
        assert!(called.stdout.contains("PROPFIND") && !called.stdout.contains("secret"), "{name}: {called:?}");
        let (_, account) = called.stdout.split_once("\n[accounts.dav]").unwrap();
        desk.write("found.toml", &format!("[accounts.dav]{account}"));
        let layout = personality.layout;
        for (kind, homes, collection, title) in
            [("contacts", layout.book_homes, "Friends", "Lovelace"), ("events", layout.calendar_homes, "Work", "Weekly")]
        {
            if homes.is_empty() {
                continue;
            }
            let mut list = desk.command(&["list", "dav", kind, "--collection", collection, "-c", "found.toml"]);
            let list = Called::from(list.env("PIMKIT_TEST_PASSWORD", "secret").output().unwrap()).exits(0);
            assert!(list.stdout.contains(title), "{name}: {list:?}");
        }
    }
}

#[test]
fn what_is_not_found_or_refused_is_told_with_what_to_type() {
    let desk = Desk::new(TO_STORE);
    let server = Server::start(&desk, &[]);
    let url = server.url();
    let wrong = discover(&desk, &url, "hunter2", &[]).exits(1);
    assert!(wrong.stderr.contains("made for programs") && !format!("{wrong:?}").contains("hunter2"), "{wrong:?}");
    let nobody = desk.call(&["discover", &url]).exits(1);
    assert!(nobody.stderr.contains("--user USER --password-env NAME"), "{nobody:?}");
    let json = discover(&desk, &url, "hunter2", &["--json"]).exits(1).json();
    assert_eq!((&json["found"], &json["error"]["kind"]), (&json!(false), &json!("unauthenticated")), "{json}");
    assert_eq!(json["asked"][0]["status"], 401, "{json}");
    server.cut();
    let gone = discover(&desk, &url, "secret", &[]).exits(1);
    assert!(gone.stderr.contains("no connection") && gone.stdout.contains("no answer"), "{gone:?}");
    for (args, says) in [
        (&["ftp://x.example/"][..], "https://dav.example.org/"),
        (&["https://ada:hunter2@x.example/"], "apart from the url"),
        (&["x.example", "--password-env", "PATH"], "--user"),
        (&["a@x.example", "--password-env", "PATH", "--token-env", "PATH"], "--token-env"),
        (&["http://x.example/", "--user", "a", "--password-env", "PATH"], "http"),
    ] {
        let called = desk.call(&[&["discover"], args].concat()).exits(2);
        assert!(called.stderr.contains(says) && called.stderr.lines().count() == 1, "{args:?}: {called:?}");
    }
}
