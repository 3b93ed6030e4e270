//! HAR files of Microsoft Graph, as browsers and proxies write them: what others asked for can be read.

use super::super::{Report, har, report};
use super::*;
use base64::{Engine, engine::general_purpose::STANDARD};

fn entry(method: &str, path: &str, sent: &Value, status: u16, received: &Value) -> Value {
    json!({
        "request": { "method": method, "url": format!("https://graph.invented.net{path}"), "headers": [], "postData": { "text": sent.to_string() } },
        "response": { "status": status, "headers": [{ "name": "Content-Type", "value": "application/json" }],
            "content": { "text": STANDARD.encode(received.to_string()), "encoding": "base64" } }
    })
}

fn told(entries: &[Value]) -> Report {
    let exchanges = har::read(json!({ "log": { "entries": entries } }).to_string().as_bytes()).unwrap();
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(report(exchanges))
}

fn contact(id: &str) -> Value {
    json!({ "@odata.etag": "W/\"k\"", "id": id, "changeKey": "k", "parentFolderId": "elsewhere", "displayName": "Ada", "emailAddresses": [] })
}

fn event(kind: &str) -> Value {
    let at = |hour: &str| json!({ "dateTime": format!("2026-03-10T{hour}:00:00.0000000"), "timeZone": "UTC" });
    json!({ "@odata.etag": "W/\"e\"", "id": "AAE=", "changeKey": "e", "subject": "x", "start": at("10"), "end": at("11"), "type": kind, "hasAttachments": true })
}

#[test]
fn lists_items_and_batches_of_others_are_read_and_what_is_no_item_by_itself_is_left_out() {
    let list = |rows: Value| json!({ "@odata.context": "https://graph.invented.net/v1.0/$metadata#x", "value": rows });
    let none = Value::Null;
    let batch = json!({ "requests": [{ "id": "a", "method": "GET", "url": "/me/events/AAE=" }, { "id": "b", "method": "GET", "url": "/me/messages/1" }] });
    let answers = json!({ "responses": [{ "id": "b", "status": 404, "body": { "error": { "code": "ErrorItemNotFound" } } },
        { "id": "a", "status": 200, "body": event("singleInstance") }] });
    let report = told(&[
        entry("GET", "/v1.0/me/contacts?$top=2", &none, 200, &list(json!([contact("AA/b=="), contact("AAC="), { "id": "ids-only" }]))),
        entry(
            "GET",
            "/beta/users/u/calendars/c/calendarView?startDateTime=x",
            &none,
            200,
            &list(json!([event("singleInstance"), event("occurrence")])),
        ),
        entry("POST", "/v1.0/$batch", &batch, 200, &answers),
        entry(
            "GET",
            "/v1.0/me/messages/AAM=",
            &none,
            200,
            &json!({ "id": "AAM=", "changeKey": "m", "subject": "s", "body": { "contentType": "text", "content": "t" } }),
        ),
        entry(
            "GET",
            "/v1.0/me/todo/lists/l/tasks",
            &none,
            200,
            &list(json!([{ "@odata.etag": "W/\"t\"", "id": "t", "title": "t" }, { "id": "u", "title": ["no text"] }])),
        ),
        entry(
            "GET",
            "/v1.0/users?$top=999",
            &none,
            200,
            &list(json!([{ "id": "u", "userPrincipalName": "u@x.example", "displayName": "U" }])),
        ),
        entry("GET", "/v1.0/me/contacts/1/photo", &none, 200, &json!({ "id": "48x48", "width": 48 })),
        entry("GET", "/v1.0/me/mailFolders", &none, 401, &none),
    ]);
    assert_eq!(report.failures, Vec::<String>::new());
    assert_eq!((report.answers, report.items), ((4, 0), (7, 1)), "{report:?}");
}

#[test]
fn a_list_that_is_none_is_a_failure_with_its_place_and_a_first_round_goes_as_far_as_it_was_recorded() {
    let page = json!({ "value": [{ "@odata.etag": "W/\"k\"", "id": "A" }], "@odata.deltaLink": "https://graph.invented.net/v1.0/me/contacts/delta?$deltatoken=1" });
    let none = Value::Null;
    let folders = json!({ "value": [] });
    let report = told(&[
        entry("GET", "/v1.0/me/contactFolders?$top=1", &none, 200, &folders),
        entry("GET", "/v1.0/me/contactFolders/contacts", &none, 200, &json!({ "id": "F", "displayName": "Contacts" })),
        entry("GET", "/v1.0/me/contactFolders/F/childFolders", &none, 200, &folders),
        entry("GET", "/v1.0/me/contacts/delta", &none, 200, &page),
        entry("GET", "/v1.0/me/contacts/A", &none, 200, &contact("A")),
        entry("GET", "/v1.0/me/contacts", &none, 200, &json!({ "value": "none" })),
    ]);
    assert_eq!(report.failures, ["exchange 6, GET /v1.0/me/contacts: the answer is no list of Microsoft Graph's"]);
    assert_eq!(report.used, (5, 6), "{report:?}");
    assert_eq!(report.items, (1, 0));
    assert!(report.stops.iter().any(|stop| stop.starts_with("events: ")), "{:?}", report.stops);
}

#[test]
fn the_path_says_what_is_there() {
    for (target, kind) in [
        ("/v1.0/me/contactFolders/f/contacts?$select=id", Some(Kind::Contacts)),
        ("/v1.0/me/contactFolders('f')/contacts('c')", Some(Kind::Contacts)),
        ("/v1.0/me/contactFolders/f", None),
        ("/v1.0/me/events/e/attachments", None),
        ("/v1.0/users/u", Some(Kind::Users)),
        ("/v1.0/users/u/mailFolders/inbox/messages/delta", Some(Kind::Messages)),
        ("/v1.0/me", Some(Kind::Users)),
    ] {
        assert_eq!(Kind::of(target), kind, "{target}");
    }
}
