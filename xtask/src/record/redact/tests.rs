//! What is somebody's is gone wherever it stands, what is the service's stays, and what was the same is the same.

use super::*;
use serde_json::json;

fn redacted(value: &Value) -> Value {
    let mut graph = Graph::own(["Planted.Me@corp.invented.net".to_owned()]);
    serde_json::from_slice(&graph.body("application/json", value.to_string().as_bytes())).unwrap()
}

#[test]
fn planted_texts_are_gone_from_every_kind_and_what_means_something_stays() {
    let contact = json!({
        "@odata.context": "https://graph.invented.net/v1.0/$metadata#users('planted-user')/contacts/$entity",
        "@odata.etag": "W/\"EQAAAplanted\"", "id": "AAMkplanted=", "changeKey": "EQAAAplanted", "parentFolderId": "AAMkplantedFolder",
        "displayName": "Planted Name", "givenName": "Planted", "birthday": "1984-05-17T11:59:00Z",
        "createdDateTime": "2026-01-12T09:14:03Z", "categories": ["Planted category"], "businessPhones": ["+49 planted"],
        "emailAddresses": [{"name": "Planted", "address": "planted.one@corp.invented.net"}, {"name": null, "address": "/o=planted/cn=x"}],
        "homeAddress": {"street": "Planted street\r\n1"}, "businessHomePage": "https://planted.invented.net/", "personalNotes": "",
        "children": ["Planted child"], "mobilePhone": null,
        "singleValueExtendedProperties": [
            {"id": "String {6e31f0cc-c033-4411-aca9-852d9bedaaaf} Name pimkit.custom", "value": "{\"planted\": \"planted\"}"},
            {"id": "Boolean {00062004-0000-0000-c000-000000000046} Id 0x8015", "value": "true"},
            {"id": "SystemTime 0x3a41", "value": "2011-02-03T00:00:00Z"}, {"id": "String 0x3a21", "value": "planted"}],
    });
    let event = json!({
        "id": "e", "subject": "Planted", "body": {"contentType": "html", "content": "<p>planted</p>"}, "type": "seriesMaster",
        "start": {"dateTime": "2026-10-12T16:30:00.0000000", "timeZone": "UTC"}, "originalStart": "2026-10-26T17:30:00Z",
        "originalStartTimeZone": "W. Europe Standard Time", "showAs": "busy", "responseStatus": {"response": "organizer", "time": "0001-01-01T00:00:00Z"},
        "location": {"displayName": "Planted", "coordinates": {"latitude": 53.5, "longitude": 10.6}, "locationType": "default"},
        "organizer": {"emailAddress": {"name": "planted", "address": "planted.me@corp.invented.net"}},
        "attendees": [{"type": "required", "emailAddress": {"address": "Planted.One@corp.invented.net", "name": "planted"}}],
        "onlineMeeting": {"joinUrl": "https://meet.invented.net/planted", "conferenceId": "planted"},
        "cancelledOccurrences": ["OID.AAMkplanted=.2026-11-09"], "iCalUId": "0400planted",
        "recurrence": {"pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["monday"], "firstDayOfWeek": "monday", "index": "first"},
                       "range": {"type": "numbered", "startDate": "2026-10-12", "numberOfOccurrences": 6, "recurrenceTimeZone": "UTC"}},
    });
    let message = json!({
        "id": "m", "internetMessageId": "<planted@corp.invented.net>", "conversationId": "AAQkplanted", "subject": "planted",
        "from": {"emailAddress": {"name": "planted", "address": "planted.one@corp.invented.net"}}, "isRead": true,
        "flag": {"flagStatus": "flagged"}, "attachments": [{"@odata.type": "#microsoft.graph.fileAttachment", "name": "planted.pdf",
            "contentType": "application/pdf", "contentBytes": "cGxhbnRlZA==", "size": 7}],
    });
    let task = json!({"id": "t-planted", "status": "notStarted", "title": "planted", "body": {"content": "planted", "contentType": "text"},
        "checklistItems": [{"id": "s", "displayName": "planted", "isChecked": true}]});
    let user = json!({"id": "u", "accountEnabled": true, "userType": "Member", "proxyAddresses": ["SMTP:planted.one@corp.invented.net"],
        "userPrincipalName": "planted.one@corp.invented.net", "employeeId": "planted-7"});
    let error = json!({"error": {"code": "ErrorAccessDenied", "message": "Access to 'planted@corp.invented.net' is denied by REST policy, Planted."}});
    let all = json!({"value": [contact, event, message, task, user, error], "newProperty": {"newer": ["planted"]}});
    let clean = redacted(&all);
    let text = clean.to_string();
    // The host that was asked is the sanitiser's to take out.
    let lower = text.to_lowercase().replace("https://graph.invented.net/", "");
    for secret in ["planted", "invented", "cghhbnrlza", "1984", "2011", "53.5"] {
        assert!(!lower.contains(secret), "{secret}: {text}");
    }
    let [contact, event, message, task, user, error] = clean["value"].as_array().unwrap().as_slice() else { panic!("{text}") };
    assert_eq!(contact["@odata.etag"], format!("W/\"{}\"", contact["changeKey"].as_str().unwrap()));
    assert_eq!(contact["emailAddresses"][0]["address"], user["userPrincipalName"]);
    assert_eq!(event["attendees"][0]["emailAddress"]["address"], user["userPrincipalName"]);
    assert_eq!(message["from"]["emailAddress"]["address"], user["userPrincipalName"]);
    assert_eq!(user["proxyAddresses"][0], format!("SMTP:{}", user["userPrincipalName"].as_str().unwrap()));
    assert_eq!(event["organizer"]["emailAddress"]["address"], "me@example.org");
    assert_eq!(event["cancelledOccurrences"][0], format!("OID.{}.2026-11-09", contact["id"].as_str().unwrap()));
    for (kept, expected) in [
        (&contact["createdDateTime"], "2026-01-12T09:14:03Z"),
        (&contact["singleValueExtendedProperties"][1]["value"], "true"),
        (&contact["singleValueExtendedProperties"][0]["value"], "{}"),
        (&contact["personalNotes"], ""),
        (&event["start"]["dateTime"], "2026-10-12T16:30:00.0000000"),
        (&event["originalStartTimeZone"], "W. Europe Standard Time"),
        (&event["recurrence"]["pattern"]["daysOfWeek"][0], "monday"),
        (&event["body"]["contentType"], "html"),
        (&message["flag"]["flagStatus"], "flagged"),
        (&task["status"], "notStarted"),
        (&error["error"]["code"], "ErrorAccessDenied"),
        (&error["error"]["message"], "to is denied by REST policy,"),
    ] {
        assert_eq!(kept, expected);
    }
}

#[test]
fn what_is_asked_for_is_called_as_what_was_answered_is() {
    let mut graph = Graph::default();
    let answer = json!({"value": [{"id": "AA/b+c=="}], "@odata.nextLink": "https://graph.invented.net/v1.0/users('AA-user')/contacts/delta?$skiptoken=planted"});
    let clean: Value = serde_json::from_slice(&graph.body("application/json", answer.to_string().as_bytes())).unwrap();
    assert_eq!(clean["value"][0]["id"], "id-3");
    let next = clean["@odata.nextLink"].as_str().unwrap().to_owned();
    assert_eq!(next, "https://graph.invented.net/v1.0/users('id-1')/contacts/delta?$skiptoken=id-2");
    for (target, expected) in [
        ("/v1.0/users('AA-user')/contacts/delta?$skiptoken=planted", next.strip_prefix("https://graph.invented.net").unwrap()),
        ("/v1.0/me/contacts/AA%2Fb%2Bc%3D%3D?$select=id,changeKey&$top=5", "/v1.0/me/contacts/id-3?$select=id,changeKey&$top=5"),
        (
            "/v1.0/users/Ada%40corp.org/mailFolders/AA%2Fb%2Bc%3D%3D/messages/delta",
            "/v1.0/users/person-1%40example.org/mailFolders/id-3/messages/delta",
        ),
        ("/v1.0/$batch", "/v1.0/$batch"),
    ] {
        assert_eq!(graph.target(target), expected);
    }
    let batch = json!({"requests": [{"id": "0", "method": "GET", "url": "/me/contacts/AA%2Fb%2Bc%3D%3D?$select=id", "headers": {"Prefer": "IdType=\"ImmutableId\"", "If-Match": "W/\"v\""}}]});
    let clean: Value = serde_json::from_slice(&graph.body("application/json", batch.to_string().as_bytes())).unwrap();
    assert_eq!(
        clean,
        json!({"requests": [{"id": "0", "method": "GET", "url": "/me/contacts/id-3?$select=id", "headers": {"Prefer": "IdType=\"ImmutableId\"", "If-Match": "W/\"id-4\""}}]})
    );
    let answers = json!({"responses": [{"id": "0", "status": 200, "body": "cGxhbnRlZA==", "headers": {"ETag": "W/\"v\""}}]});
    let clean: Value = serde_json::from_slice(&graph.body("application/json", answers.to_string().as_bytes())).unwrap();
    assert_eq!(clean, json!({"responses": [{"id": "0", "status": 200, "body": "cmVtb3ZlZA==", "headers": {"ETag": "W/\"id-4\""}}]}));
    assert_eq!(graph.body("image/jpeg", &[255, 216, 1]), b"removed");
    assert!(graph.is_left("x AA/b+c== x") && !graph.is_left("id-1 planted"));
}
