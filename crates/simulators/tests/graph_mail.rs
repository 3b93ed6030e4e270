//! Folders of mail and messages, and a mailbox's settings.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cloned_ref_to_slice_refs,
    reason = "tests may panic"
)]

mod graph_common;

use graph_common::{ALICE, Client, client, ids, names};
use serde_json::{Value, json};

fn message(subject: &str, day: u8) -> Value {
    json!({
        "subject": subject, "internetMessageId": format!("<{day}@example.com>"), "conversationId": "c1",
        "receivedDateTime": format!("2026-03-{day:02}T10:00:00Z"), "body": {"contentType": "html", "content": "<p>Hello <b>you</b></p>"},
        "from": {"emailAddress": {"name": "Eve", "address": "eve@elsewhere.example"}},
        "toRecipients": [{"emailAddress": {"address": ALICE}}],
        "internetMessageHeaders": [{"name": "References", "value": "<0@example.com>"}]
    })
}

fn bring(alice: &Client, count: u8) -> Vec<String> {
    (1..=count).map(|day| alice.graph.bring(ALICE, "inbox", &message(&format!("m{day}"), day)).unwrap()).collect()
}

#[test]
fn folders_have_names_that_stand_for_ids() {
    let alice = client();
    let all = alice.get("/me/mailFolders?$top=100");
    assert!(names(all.rows(), "displayName").contains(&"Sent Items".to_owned()));
    let inbox = alice.get("/me/mailFolders/inbox");
    assert_eq!(inbox.id(), alice.get("/me/mailFolders('Inbox')").id());
    let (_, link) = alice.round("/me/mailFolders/delta");
    let child = alice.make("/me/mailFolders/inbox/childFolders", json!({"displayName": "Deals"}));
    assert_eq!(ids(&alice.round(&link).0), [child.clone()]);
    assert_eq!(alice.get("/me/mailFolders/inbox").body["childFolderCount"], 1);
    assert_eq!(alice.post("/me/mailFolders/inbox/childFolders", json!({"displayName": "deals"})).status, 409);
    assert_eq!((alice.delete("/me/mailFolders/inbox").status, alice.delete(&format!("/me/mailFolders/{child}")).status), (403, 204));
    alice.is_clean();
}

#[test]
fn messages_are_listed_newest_first_and_shown_as_text_or_html() {
    let alice = client().immutable();
    let made = bring(&alice, 3);
    let listed = alice.get("/me/mailFolders/inbox/messages?$select=subject&$top=2");
    assert_eq!(names(listed.rows(), "subject"), ["m3", "m2"]);
    assert_eq!(names(alice.get(&listed.link()).rows(), "subject"), ["m1"]);
    let one = alice.get(&format!("/me/messages/{}", made[0]));
    assert!(one.body.get("internetMessageHeaders").is_none() && one.body["bodyPreview"] == "Hello you", "{}", one.body);
    let headers = alice.get(&format!("/me/messages/{}?$select=internetMessageHeaders", made[0]));
    assert_eq!(headers.body["internetMessageHeaders"][0]["name"], "References");
    let text = alice.with("prefer", "outlook.body-content-type=\"text\"").get(&format!("/me/messages/{}", made[0]));
    assert_eq!(text.body["body"], json!({"contentType": "text", "content": "Hello you"}));
    let found = alice.get("/me/messages?$filter=internetMessageId%20eq%20'%3C2@example.com%3E'");
    assert_eq!(ids(found.rows()), [made[1].clone()]);
    let slow = alice.get("/me/messages?$filter=isRead%20eq%20false&$orderby=receivedDateTime");
    assert_eq!((slow.status, slow.code()), (400, "InefficientFilter"));
    let quick = alice
        .get("/me/messages?$filter=receivedDateTime%20ge%202026-03-02T00:00:00Z%20and%20isRead%20eq%20false&$orderby=receivedDateTime");
    assert_eq!(names(quick.rows(), "subject"), ["m2", "m3"]);
    assert_eq!(alice.get("/me/messages?$search=%22m2%22").rows().len(), 1);
    alice.is_clean();
}

#[test]
fn rounds_of_a_folder_tell_what_comes_is_read_and_goes() {
    let alice = client().immutable();
    let made = bring(&alice, 2);
    let delta = "/me/mailFolders/inbox/messages/delta";
    let (rows, link) = alice.round(&format!("{delta}?$select=subject"));
    assert_eq!(names(&rows, "subject"), ["m1", "m2"]);
    assert_eq!(alice.patch(&format!("/me/messages/{}", made[0]), json!({"isRead": true})).body["isRead"], true);
    assert_eq!(alice.patch(&format!("/me/messages/{}", made[0]), json!({"subject": "x"})).status, 400);
    let moved = alice.post(&format!("/me/messages/{}/move", made[1]), json!({"destinationId": "archive"}));
    assert_eq!((moved.status, moved.id()), (201, made[1].clone()));
    let (rows, link) = alice.round(&link);
    assert_eq!(rows.len(), 2);
    assert_eq!((rows[0]["id"].as_str(), &rows[1]["@removed"]), (Some(made[0].as_str()), &json!({"reason": "deleted"})));
    alice.delete(&format!("/me/messages/{}", made[0]));
    assert_eq!(alice.round(&link).0.len(), 1);
    assert_eq!(alice.get(&format!("/me/messages/{}", made[0])).text("parentFolderId"), alice.get("/me/mailFolders/deleteditems").id());
    bring(&alice, 2);
    let (rows, _) = alice.round(&format!("{delta}?$filter=receivedDateTime%20ge%202026-03-02T00:00:00Z"));
    assert_eq!(names(&rows, "subject"), ["m2"]);
    let paged = alice.with("prefer", "odata.maxpagesize=1");
    let (rows, link) = paged.round(&format!("{delta}?$filter=receivedDateTime%20ge%202026-03-02T00:00:00Z&changeType=created"));
    assert_eq!(names(&rows, "subject"), ["m2"], "and every page remembers it");
    alice.patch(&format!("/me/messages/{}", rows[0]["id"].as_str().unwrap()), json!({"isRead": true}));
    assert_eq!(alice.round(&link).0, [] as [Value; 0], "what was made is asked for, and nothing that changed");
    for refused in ["$filter=isRead%20eq%20true", "$filter=receivedDateTime%20lt%202026-03-02T00:00:00Z", "$orderby=subject", "$search=a"] {
        assert_eq!(alice.get(&format!("{delta}?{refused}")).status, 400, "{refused}");
    }
    alice.is_clean();
}

#[test]
fn attachments_and_the_whole_message_are_read_as_bytes() {
    let alice = client().immutable();
    let mut whole = message("Files", 1);
    whole["attachments"] = json!([
        {"@odata.type": "#microsoft.graph.fileAttachment", "name": "a.txt", "contentType": "text/plain", "contentBytes": "aGk="},
        {"@odata.type": "#microsoft.graph.referenceAttachment", "name": "link"}
    ]);
    let id = alice.graph.bring(ALICE, "inbox", &whole).unwrap();
    let target = format!("/me/messages/{id}");
    assert_eq!(alice.get(&target).body["hasAttachments"], true);
    let all = alice.get(&format!("{target}/attachments?$select=id,name,contentType,size,isInline,lastModifiedDateTime"));
    assert_eq!(names(all.rows(), "name"), ["a.txt", "link"]);
    let of = |at: usize| format!("{target}/attachments/{}/$value", all.rows()[at]["id"].as_str().unwrap());
    assert_eq!((alice.get(&of(0)).bytes, alice.get(&of(1)).status), ("hi".into(), 405));
    let mime = String::from_utf8(alice.get(&format!("{target}/$value")).bytes.to_vec()).unwrap();
    assert!(mime.starts_with("From: eve@elsewhere.example\r\n") && mime.contains("Message-ID: <1@example.com>\r\n"), "{mime}");
    assert_eq!(alice.post(&format!("{target}/attachments"), json!({})).status, 405, "nothing is written here");
    assert_eq!(alice.post("/me/messages", message("x", 1)).status, 405);
}

#[test]
fn settings_are_read_whole_and_one_by_one_and_written() {
    let alice = client();
    assert_eq!(alice.get("/me/mailboxSettings").text("timeZone"), "UTC");
    assert_eq!(alice.patch("/me/mailboxSettings", json!({"timeZone": "W. Europe Standard Time"})).status, 200);
    assert_eq!(alice.get("/me/mailboxSettings/timeZone").text("value"), "W. Europe Standard Time");
    assert_eq!(alice.patch("/me/mailboxSettings", json!({"timeZone": "Mars"})).status, 400);
    let windows = alice.get("/me/outlook/supportedTimeZones");
    assert!(names(windows.rows(), "alias").contains(&"W. Europe Standard Time".to_owned()));
    let iana = alice.get("/me/outlook/supportedTimeZones(TimeZoneStandard=microsoft.graph.timeZoneStandard'Iana')");
    assert!(names(iana.rows(), "alias").contains(&"Europe/Vienna".to_owned()));
    alice.is_clean();
}

#[test]
fn ids_are_translated_between_their_forms() {
    let alice = client();
    let id = alice.make("/me/contacts", json!({"givenName": "A"}));
    let translate = |ids: &[&str], from: &str, to: &str| {
        alice.post("/me/translateExchangeIds", json!({"inputIds": ids, "sourceIdType": from, "targetIdType": to}))
    };
    let answer = translate(&[&id, "nonsense"], "restId", "restImmutableEntryId");
    let stays = answer.rows()[0]["targetId"].as_str().unwrap().to_owned();
    assert_eq!(alice.immutable().get("/me/contacts").rows()[0]["id"], stays);
    assert!(answer.rows()[1]["errorDetails"].is_object());
    let back = translate(&[&stays], "restImmutableEntryId", "ewsId");
    assert_eq!(back.rows()[0]["targetId"].as_str().unwrap(), id.replace('-', "/").replace('_', "+"));
    alice.is_clean();
}
