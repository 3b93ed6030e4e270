//! Recording a mailbox at the stand-in for Microsoft Graph, into which secrets were planted: none is in what is written, and what
//! is written plays.

use super::*;
use pimkit_contract::replay::Recording;
use pimkit_simulators::Graph;
use serde_json::json;
use std::collections::BTreeMap;

const USER: &str = "planted.alice@corp.invented.net";
const TOKEN: &str = "planted-token-0123456789";

fn planted(clock: jiff::Timestamp) -> Graph {
    let graph = Graph::builder().seed(7).user(USER, TOKEN).clock(Arc::new(move || clock)).build();
    let folder = graph.create(USER, "contactFolders", &json!({"displayName": "Planted clients"})).unwrap();
    for place in ["contacts".to_owned(), format!("contactFolders/{folder}/contacts")] {
        let contact = json!({
            "givenName": "Planted", "surname": "Planted-Smith", "displayName": "Planted Smith", "companyName": "Planted & Co",
            "emailAddresses": [{"name": "Planted", "address": "planted.bob@other.invented.net"}], "businessPhones": ["+49 30 planted"],
            "homeAddress": {"street": "Planted lane 1\r\nflat 2", "city": "Plantedville"}, "personalNotes": "planted note, \"quoted\"",
            "birthday": "1984-05-17T11:59:00Z", "categories": ["Planted category"], "businessHomePage": "https://planted.invented.net/me",
            "singleValueExtendedProperties": [{"id": "String {6e31f0cc-c033-4411-aca9-852d9bedaaaf} Name pimkit.custom", "value": "{\"pet\": \"planted\"}"}],
        });
        graph.create(USER, &place, &contact).unwrap();
    }
    let start = |at: &str| json!({"dateTime": at, "timeZone": "W. Europe Standard Time"});
    let event = json!({
        "subject": "Planted meeting", "body": {"contentType": "html", "content": "<p>planted body</p>"},
        "start": start("2026-03-10T14:00:00"), "end": start("2026-03-10T15:00:00"), "location": {"displayName": "Planted room"},
        "recurrence": {"pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["tuesday"], "firstDayOfWeek": "monday"},
                       "range": {"type": "numbered", "startDate": "2026-03-10", "numberOfOccurrences": 3}},
        "attendees": [{"type": "required", "emailAddress": {"name": "Planted", "address": "planted.bob@other.invented.net"}}],
    });
    graph.create(USER, "events", &event).unwrap();
    let list = graph.create(USER, "todo/lists", &json!({"displayName": "Planted list"})).unwrap();
    let task = json!({"title": "Planted task", "body": {"contentType": "text", "content": "planted"}, "dueDateTime": start("2026-03-31T00:00:00"),
        "checklistItems": [{"displayName": "planted step"}], "linkedResources": [{"applicationName": "planted", "webUrl": "https://planted.invented.net/task"}]});
    graph.create(USER, &format!("todo/lists/{list}/tasks"), &task).unwrap();
    let person = |name: &str| json!({"emailAddress": {"name": "Planted", "address": format!("{name}@other.invented.net")}});
    let message = json!({
        "subject": "Planted subject", "body": {"contentType": "html", "content": "<p>Dear planted@other.invented.net, planted.</p>"},
        "from": person("planted.bob"), "toRecipients": [person("planted.carol")], "internetMessageId": "<planted@mail.invented.net>",
        "attachments": [{"@odata.type": "#microsoft.graph.fileAttachment", "name": "planted.txt", "contentType": "text/plain", "contentBytes": "cGxhbnRlZA=="}],
    });
    graph.bring(USER, "inbox", &message).unwrap();
    let user = json!({"userPrincipalName": "planted.boss@corp.invented.net", "displayName": "Planted Boss", "jobTitle": "planted", "employeeId": "planted-1"});
    assert!(graph.set_user(&user) && graph.set_manager(USER, "planted.boss@corp.invented.net"));
    // Whom the user invited by hand was mailed.
    assert_eq!(graph.outbox().len(), 1);
    graph.reset_outbox();
    graph
}

/// Records a mailbox with this configuration, and gives back what came of it and the files.
fn recorded(keys: &str, name: &str) -> (Result<(), String>, BTreeMap<String, String>, Graph) {
    let (config, fixtures) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let graph = planted(FakeClock::default().now());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let done = runtime.block_on(async {
        let serving = graph.serve("127.0.0.1:0".parse().unwrap()).await.unwrap();
        fs::write(config.path().join("token"), format!("{TOKEN}\n")).unwrap();
        let text = format!("[accounts.work]\nconnector = \"graph\"\nurl = \"{}\"\n{keys}", serving.base_url());
        let file = config.path().join("pimkit.toml");
        fs::write(&file, text).unwrap();
        let account = Account { config: &file, account: name, name: "told", from: "a stand-in", sanitiser: Sanitiser::new() };
        account.record(fixtures.path()).await
    });
    let read = |entry: fs::DirEntry| (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap());
    let files = fs::read_dir(fixtures.path().join("told-account")).map(|all| all.map(|entry| read(entry.unwrap())).collect());
    if done.is_ok() {
        assert!(Recording::read(&fixtures.path().join("told-account")).is_ok());
    }
    (done, files.unwrap_or_default(), graph)
}

const KEYS: &str = "token = { file = \"token\" }\naddress = \"planted.alice@corp.invented.net\"\n";

fn nothing_planted(files: &BTreeMap<String, String>) {
    for (name, text) in files {
        let lower = text.to_lowercase();
        for secret in ["planted", "invented", "corp.", "smith", "127.0.0.1", "1984", "authorization", "bearer"] {
            assert!(!lower.contains(secret), "{secret} in {name}: {text}");
        }
    }
}

#[test]
fn nothing_that_was_planted_is_in_any_file_nothing_was_changed_and_the_case_plays() {
    let (done, files, graph) = recorded(KEYS, "work");
    done.unwrap();
    nothing_planted(&files);
    assert!(graph.outbox().is_empty());
    assert!(graph.requests().iter().all(|seen| seen.method == "GET" || seen.path.ends_with("/$batch")), "only questions");
    // It is the mailbox all the same: what was there is there, under other names.
    let expected = &files["expected.json"];
    assert_eq!(expected.matches("\"birth\"").count(), 2, "{expected}");
    assert!(!expected.contains("cannot be read"), "{expected}");
    for told in ["\"checklist\"", "\"attachments\"", "\"manager\""] {
        assert!(expected.contains(told), "{told}: {expected}");
    }
    for told in ["https://example.org/text-", "person-1@example.org", "\"weekly\"", "me@example.org", "W. Europe", "/v1.0/me/contacts/id-"]
    {
        assert!(files.values().any(|text| text.contains(told)), "{told}");
    }
}

#[test]
fn a_mailbox_by_name_is_recorded_under_another_name() {
    let (done, files, _) = recorded(&format!("{KEYS}mailbox = \"{USER}\"\n"), "work");
    done.unwrap();
    nothing_planted(&files);
    assert!(files["traffic.json"].contains("/v1.0/users/me%40example.org/contacts/delta"), "{}", files["traffic.json"]);
}

#[test]
fn what_cannot_be_recorded_is_told_and_leaves_nothing() {
    for (keys, name, expected) in [
        (KEYS, "home", "has no account \"home\""),
        ("token = { file = \"none\" }\n", "work", "token"),
        ("token = { file = \"pimkit.toml\" }\n", "work", "the account could not be read"),
        ("nothing = 1\n", "work", "no key \"nothing\""),
    ] {
        let (done, files, _) = recorded(keys, name);
        assert!(done.unwrap_err().contains(expected), "{expected}");
        assert_eq!(files.len(), 0);
    }
}

#[test]
fn what_would_change_something_is_not_sent() {
    let wire = Reading::over(Arc::new(pimkit_http::InProcess::new(|_| async { Incoming::status(200) })));
    let outgoing = |method: &str, url: &str, body: &str| {
        let mut request = Outgoing::new("test", method.parse().unwrap(), url.parse().unwrap());
        request.body = body.to_owned().into();
        request
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for (method, url, body, sent) in [
        ("GET", "https://graph.example/v1.0/me/contacts", "", true),
        ("POST", "https://graph.example/v1.0/$batch", r#"{"requests": [{"method": "GET"}]}"#, true),
        ("POST", "https://graph.example/v1.0/$batch", r#"{"requests": [{"method": "GET"}, {"method": "DELETE"}]}"#, false),
        ("POST", "https://graph.example/v1.0/$batch", "", false),
        ("POST", "https://graph.example/v1.0/me/contacts", "{}", false),
        ("PATCH", "https://graph.example/v1.0/me/contacts/1", "{}", false),
    ] {
        assert_eq!(runtime.block_on(wire.send(outgoing(method, url, body))).is_ok(), sent, "{method} {url} {body}");
    }
}
