//! What another client of Microsoft Graph does at `pimkit simulate`, step by step and over plain HTTP: contacts and a calendar's
//! events are made, changed and deleted, and each step is seen in the rounds of changes. And the links of such a client's ids, taken over
//! by the program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    net::TcpStream,
};
use support::{Called, Desk, TO_STORE, server::Server, writes};

/// A client of the service at an address, as generated ones are: it asks for JSON, sends JSON, and names itself.
struct Client {
    address: String,
    token: String,
}

/// A status and what came with it.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: Value,
}

impl Answer {
    #[track_caller]
    fn is(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        self.body
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.split_once(": ").filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
    }
}

impl Client {
    fn at(server: &Server) -> Self {
        let graph = &server.ready["providers"]["graph"];
        let url = graph["base_url"].as_str().unwrap();
        let address = url.strip_prefix("http://").unwrap().strip_suffix("/v1.0").unwrap();
        Self { address: address.to_owned(), token: graph["token"].as_str().unwrap().to_owned() }
    }

    /// A request to a path below the version, or to an address that the service gave.
    fn send(&self, method: &str, target: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Answer {
        let path = match target.strip_prefix(&format!("http://{}", self.address)) {
            Some(path) => path.to_owned(),
            None => format!("/v1.0/{target}"),
        };
        assert!(path.starts_with("/v1.0/"), "{target} leads elsewhere");
        let body = body.map(Value::to_string);
        let mut text = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n", self.address, self.token);
        text.push_str(
            "Accept: application/json\r\nAccept-Encoding: gzip, deflate\r\nUser-Agent: a-client/1.0\r\nSdkVersion: a-sdk/1.0\r\n",
        );
        text.push_str("client-request-id: 5c2a4f3e-0d43-4b5e-8f7d-0a1b2c3d4e5f\r\nConnection: close\r\n");
        headers.iter().for_each(|(name, value)| text.push_str(&format!("{name}: {value}\r\n")));
        if let Some(body) = &body {
            text.push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()));
        }
        text.push_str("\r\n");
        text.push_str(body.as_deref().unwrap_or_default());
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let body = if body.is_empty() { Value::Null } else { serde_json::from_str(body).unwrap_or_else(|e| panic!("{e}: {answer}")) };
        Answer { status, head: head.to_owned(), body }
    }

    fn get(&self, target: &str) -> Answer {
        self.send("GET", target, &[], None)
    }

    fn post(&self, target: &str, body: &Value) -> Answer {
        self.send("POST", target, &[], Some(body))
    }

    fn patch(&self, target: &str, body: &Value) -> Answer {
        self.send("PATCH", target, &[], Some(body))
    }

    fn delete(&self, target: &str) {
        let answer = self.send("DELETE", target, &[], None);
        assert_eq!((answer.status, &answer.body), (204, &Value::Null), "{answer:?}");
    }

    /// All rows of a round, and where the next one begins.
    fn round(&self, target: &str, headers: &[(&str, &str)]) -> (Vec<Value>, String) {
        let mut rows = Vec::new();
        let mut page = self.send("GET", target, headers, None).is(200);
        loop {
            rows.extend(page["value"].as_array().unwrap().iter().cloned());
            match (page["@odata.nextLink"].as_str(), page["@odata.deltaLink"].as_str()) {
                (Some(next), None) => page = self.send("GET", next, headers, None).is(200),
                (None, Some(delta)) => return (rows, delta.to_owned()),
                links => panic!("a page ends in {links:?}"),
            }
        }
    }
}

fn id(value: &Value) -> &str {
    value["id"].as_str().unwrap()
}

fn ids(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(id).collect()
}

#[test]
fn a_client_makes_changes_and_deletes_contacts_and_sees_each_step_in_the_rounds() {
    let desk = Desk::new(TO_STORE);
    let server = Server::start(&desk, &["--provider", "graph"]);
    let client = Client::at(&server);
    let person = json!({
        "givenName": "Žofia", "surname": "Nováková", "emailAddresses": [{"name": "Žofia", "address": "zofia@example.com"}],
        "businessPhones": ["+421 2 555"], "birthday": "1984-02-29T11:59:00Z", "personalNotes": "one line\nand another",
    });
    let made = client.post("me/contacts", &person).is(201);
    for property in ["id", "changeKey", "parentFolderId", "@odata.etag", "createdDateTime"] {
        assert!(made[property].as_str().is_some_and(|text| !text.is_empty()), "{property}: {made}");
    }
    assert_eq!((&made["personalNotes"], &made["givenName"]), (&person["personalNotes"], &person["givenName"]));
    // With the parentheses of a function and without; the folder goes by its well-known name.
    for delta in ["me/contactFolders/contacts/contacts/delta()", "me/contactFolders/contacts/contacts/delta"] {
        let (rows, next) = client.round(delta, &[]);
        assert_eq!(ids(&rows), [id(&made)], "{delta}");
        assert_eq!(client.round(&next, &[]).0, Vec::<Value>::new(), "nothing has happened since");
    }
    let (_, start) = client.round("me/contactFolders/contacts/contacts/delta", &[]);
    let (_, start) = client.round(&start, &[]);
    let path = format!("me/contacts/{}", id(&made));
    let changed = client.patch(&path, &json!({"surname": "Changed"})).is(200);
    assert_eq!((&changed["surname"], &changed["givenName"]), (&json!("Changed"), &person["givenName"]), "what is not said stays");
    assert!(changed["changeKey"] != made["changeKey"] && changed["id"] == made["id"]);
    let (rows, next) = client.round(&start, &[]);
    assert_eq!(ids(&rows), [id(&made)]);
    assert_eq!(rows[0]["surname"], "Changed");
    // A version that is none.
    let stale = client.send("PATCH", &path, &[("If-Match", "W/\"bogus\"")], Some(&json!({"surname": "Stale"}))).is(412);
    assert!(stale["error"]["code"].as_str().is_some() && stale["error"]["message"].as_str().is_some(), "{stale}");
    let version = changed["@odata.etag"].as_str().unwrap();
    client.send("PATCH", &path, &[("If-Match", version)], Some(&json!({"surname": "Current"}))).is(200);
    let (_, next) = client.round(&next, &[]);
    client.delete(&path);
    let (rows, _) = client.round(&next, &[]);
    assert_eq!(ids(&rows), [id(&made)]);
    assert!(rows[0]["@removed"]["reason"].is_string(), "{rows:?}");
    let gone = client.get(&path);
    assert!(gone.header("request-id").is_some() && gone.header("content-type").is_some_and(|kind| kind.starts_with("application/json")));
    let gone = gone.is(404);
    assert_eq!(gone["error"]["code"], "ErrorItemNotFound", "{gone}");
    assert!(gone["error"]["innerError"]["request-id"].is_string(), "{gone}");
}

#[test]
fn a_client_makes_a_calendar_with_an_event_and_sees_each_step_in_the_rounds_of_its_view() {
    let desk = Desk::new(TO_STORE);
    let server = Server::start(&desk, &["--provider", "graph"]);
    let client = Client::at(&server);
    let calendar = client.post("me/calendars", &json!({"name": "Of a client"})).is(201);
    let events = format!("me/calendars/{}/events", id(&calendar));
    let at = |hour: u32| json!({"dateTime": format!("2026-03-02T{hour}:00:00"), "timeZone": "W. Europe Standard Time"});
    let event = json!({
        "subject": "Káva", "body": {"contentType": "text", "content": "with milk"}, "start": at(10), "end": at(11), "transactionId": "t-1",
    });
    let made = client.post(&events, &event).is(201);
    assert!(made["iCalUId"].as_str().is_some_and(|uid| !uid.is_empty()), "{made}");
    assert_eq!(client.post(&events, &event).is(201)["id"], made["id"], "a transaction is done once");
    // The options as generated clients escape them, the preferences in a line each.
    let view = format!("me/calendars/{}/calendarView", id(&calendar));
    let days = "startDateTime=2026-01-01T00%3A00%3A00Z&endDateTime=2026-12-31T00%3A00%3A00Z";
    let prefer = [("Prefer", "outlook.timezone=\"UTC\""), ("Prefer", "odata.maxpagesize=50")];
    let (rows, next) = client.round(&format!("{view}/delta()?{days}"), &prefer);
    assert_eq!(ids(&rows), [id(&made)]);
    let start = &rows[0]["start"];
    assert_eq!(start["timeZone"], "UTC", "{start}");
    assert!(start["dateTime"].as_str().unwrap().starts_with("2026-03-02T09:00"), "{start}");
    let one = format!("{events}/{}", id(&made));
    assert_eq!(client.patch(&one, &json!({"subject": "Čaj"})).is(200)["subject"], "Čaj");
    let (rows, next) = client.round(&next, &[]);
    assert_eq!(ids(&rows), [id(&made)]);
    client.delete(&one);
    let (rows, next) = client.round(&next, &[]);
    assert_eq!(ids(&rows), [id(&made)]);
    assert!(rows[0]["@removed"].is_object(), "{rows:?}");
    assert_eq!(client.round(&next, &[]).0, Vec::<Value>::new());
    client.delete(&format!("me/calendars/{}", id(&calendar)));
    let gone = client.get(&format!("me/calendars/{}", id(&calendar))).is(404);
    assert!(gone["error"]["code"].is_string(), "{gone}");
}

/// Another system noted down the ids that it was given, which do not stay; the program's own links are of ids that do.
#[test]
fn links_are_exported_and_those_of_another_clients_ids_are_adopted_and_nothing_is_written() {
    let desk = Desk::new(TO_STORE);
    let people: Vec<Value> = (0..45)
        .map(
            |n| json!({"displayName": format!("Ada {n}"), "givenName": "Ada", "surname": n.to_string(), "mobilePhone": format!("+43 {n}")}),
        )
        .collect();
    desk.write("in/contacts.json", &json!(people).to_string());
    let server = Server::start(&desk, &["--provider", "graph", "--load", "in"]);
    let client = Client::at(&server);
    let graph = &server.ready["providers"]["graph"];
    let account =
        format!("[accounts.mail]\nconnector = \"graph\"\nurl = {}\ntoken = {{ env = \"PIMKIT_TEST_TOKEN\" }}\n", graph["base_url"]);
    let store = "[accounts.crm]\nconnector = \"local\"\npath = \"crm.db\"\n";
    let sync = "[[syncs]]\nname = \"people\"\nkind = \"contacts\"\nleft = \"crm\"\nright = \"mail\"\ncollections = [\"contacts\"]\n";
    desk.write("pimkit.toml", &format!("state = \"sync.db\"\n{account}{store}{sync}"));
    let call = |args: &[&str]| Called::from(desk.command(args).env("PIMKIT_TEST_TOKEN", &client.token).output().unwrap());
    let lines = |file: &str| -> Vec<Value> { desk.read(file).lines().map(|line| serde_json::from_str(line).unwrap()).collect() };
    let run = call(&["sync", "--json"]).exits(0).json();
    assert_eq!(run["syncs"][0]["created"]["left"], 45, "{run}");
    call(&["links", "export", "own.jsonl"]).exits(0);
    let own = lines("own.jsonl");
    assert_eq!(own.len(), 45);
    // What a client that asks for no lasting ids is given, by the name that the lasting one is read under.
    let (mut plain, mut next) = (BTreeMap::new(), "me/contacts?$select=displayName&$top=20".to_owned());
    loop {
        let page = client.get(&next).is(200);
        plain.extend(page["value"].as_array().unwrap().iter().map(|row| (row["displayName"].to_string(), id(row).to_owned())));
        match page["@odata.nextLink"].as_str() {
            Some(link) => next = link.to_owned(),
            None => break,
        }
    }
    assert_eq!(plain.len(), 45);
    let mut theirs = String::new();
    for line in &own {
        let path = format!("me/contacts/{}?$select=displayName", line["right"].as_str().unwrap());
        let name = client.send("GET", &path, &[("Prefer", "IdType=\"ImmutableId\"")], None).is(200)["displayName"].to_string();
        assert_ne!(line["right"], plain[&name].as_str(), "an id that does not stay is in the links");
        let link = json!({"sync": "people", "left": line["left"], "right_collection": "contacts", "right": plain[&name]});
        theirs.push_str(&format!("{link}\n"));
    }
    desk.write("theirs.jsonl", &theirs);
    let versions = || -> BTreeMap<String, String> {
        let (rows, _) = client.round("me/contacts/delta", &[]);
        rows.iter().map(|row| (id(row).to_owned(), row["@odata.etag"].as_str().unwrap().to_owned())).collect()
    };
    let (before, pairs) = (versions(), |lines: &[Value]| {
        let mut pairs: Vec<String> = lines.iter().map(|line| format!("{} {}", line["left"], line["right"])).collect();
        pairs.sort();
        pairs
    });
    assert_eq!(before.len(), 45);
    for file in ["theirs.jsonl", "own.jsonl"] {
        fs::remove_file(desk.path("sync.db")).unwrap();
        let adopted = call(&["links", "import", file, "--json"]).exits(0).json();
        let counts = (&adopted["syncs"][0]["adopted"], &adopted["syncs"][0]["refused"]);
        assert_eq!(counts, (&json!(45), &json!(0)), "{file}: {adopted}");
        let run = call(&["sync", "--json"]).exits(0).json();
        assert_eq!((writes(&run), &run["syncs"][0]["linked"]), (0, &json!(45)), "{file}: {run}");
        call(&["links", "export", "again.jsonl"]).exits(0);
        assert_eq!(pairs(&lines("again.jsonl")), pairs(&own), "{file}: by ids that stay");
        assert_eq!(versions(), before, "{file}: nothing is written");
    }
}
