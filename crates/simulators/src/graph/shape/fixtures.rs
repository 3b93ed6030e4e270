//! Whether the composed cases of the fixtures name only what the service's metadata has: nobody had a service to record them at.

use super::check;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Words of paths, and the types of what is below them.
const TYPES: &[(&str, &str)] = &[
    ("attachments", "attachment"),
    ("calendarGroups", "calendarGroup"),
    ("calendars", "calendar"),
    ("contactFolders", "contactFolder"),
    ("contacts", "contact"),
    ("events", "event"),
    ("lists", "todoTaskList"),
    ("mailFolders", "mailFolder"),
    ("mailboxSettings", "mailboxSettings"),
    ("messages", "message"),
    ("photo", "profilePhoto"),
    ("tasks", "todoTask"),
    ("users", "user"),
];

fn type_of(target: &str) -> Option<&'static str> {
    let path = target.split('?').next().unwrap_or_default();
    let known = |word: &str| TYPES.iter().find(|(known, _)| *known == word).map(|(_, of)| *of);
    // A well-known name is no collection.
    let path = path.replace("/contactFolders/contacts", "/contactFolders/default");
    path.split('/').filter_map(known).next_back()
}

/// What is not in the table of one body that was asked or answered at a path.
fn found(target: &str, body: &Value, at: &str) -> Vec<String> {
    if body.get("error").is_some() {
        return Vec::new();
    }
    let Some(of) = type_of(target) else { return vec![format!("{at}: {target} is of no type that is known here")] };
    let mut found = Vec::new();
    let rows = body.get("value").and_then(Value::as_array);
    for row in rows.map_or_else(|| vec![body], |rows| rows.iter().collect()) {
        check(row, of, at, &mut found);
    }
    found
}

#[test]
fn composed_cases_name_only_what_the_service_has() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/graph");
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for case in fs::read_dir(fixtures).unwrap().map(|entry| entry.unwrap().path()) {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let traffic: Vec<Value> = serde_json::from_slice(&fs::read(case.join("traffic.json")).unwrap()).unwrap();
        for (number, exchange) in (1..).zip(&traffic) {
            let at = format!("{name}, exchange {number}");
            let target = exchange["request"]["target"].as_str().unwrap();
            let body = |half: &str| {
                let file = exchange[half]["body"].as_str()?;
                serde_json::from_slice::<Value>(&fs::read(case.join(file)).unwrap()).ok()
            };
            let (asked, answered) = (body("request"), body("response"));
            if !target.ends_with("/$batch") {
                for one in [asked, answered].iter().flatten() {
                    seen += 1;
                    wrong.extend(found(target, one, &at));
                }
                continue;
            }
            let calls = asked.as_ref().and_then(|body| body["requests"].as_array()).cloned().unwrap_or_default();
            for reply in answered.as_ref().and_then(|body| body["responses"].as_array()).into_iter().flatten() {
                let call = calls.iter().find(|call| call["id"] == reply["id"]).unwrap_or_else(|| panic!("{at}: an answer to no call"));
                seen += 1;
                wrong.extend(found(call["url"].as_str().unwrap(), &reply["body"], &at));
            }
        }
    }
    assert!(seen > 100, "{seen} bodies");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_last_collection_of_a_path_says_what_is_there() {
    for (target, of) in [
        ("/v1.0/me/contactFolders/contacts?$select=id", Some("contactFolder")),
        ("/v1.0/me/contactFolders/f/childFolders", Some("contactFolder")),
        ("/v1.0/me/contactFolders/f/contacts/delta", Some("contact")),
        ("/v1.0/users/user-1/photo", Some("profilePhoto")),
        ("/v1.0/me/todo/lists/l/tasks/t", Some("todoTask")),
        ("/v1.0/me", None),
    ] {
        assert_eq!(type_of(target), of, "{target}");
    }
}
