//! Messages, which are only read (<https://learn.microsoft.com/graph/api/resources/message>).
//!
//! | property | what becomes of it |
//! |---|---|
//! | internetMessageId | the Message-ID, without its brackets |
//! | conversationId | the thread |
//! | subject, sentDateTime, receivedDateTime | read |
//! | from (or sender, where there is none), toRecipients, ccRecipients | read |
//! | body | HTML as it is, and its text beside it; or text |
//! | isRead, isDraft, flag, importance, categories | keywords: `$seen`, `$draft`, `$flagged`, `$important`, and each category |
//! | attachments | files and attached items, inline pictures too; bytes when they are opened. Links to files elsewhere have no bytes, and are left out |
//! | bccRecipients, replyTo, headers, inference, web link, whatever is newer | not read |

use super::{Item, html};
use crate::calls::odata;
use pimkit_core::{Attachment, BlobId, BlobRef, Field, FieldSupport, Mailbox, Message, Record, Result};
use serde_json::Value;

/// What a message is read with.
pub(crate) const SELECT: &str = "id,changeKey,parentFolderId,lastModifiedDateTime,conversationId,internetMessageId,subject,body,from,sender,\
    toRecipients,ccRecipients,sentDateTime,receivedDateTime,isRead,isDraft,importance,flag,categories,hasAttachments";

/// What the mapping holds.
pub(crate) fn fields() -> Vec<FieldSupport> {
    let read = |field: &'static str| FieldSupport { write: false, ..FieldSupport::full(field) };
    ["messageId", "threadId", "subject", "from", "to", "cc", "sentAt", "receivedAt", "text", "html", "attachments", "keywords"]
        .map(read)
        .into()
}

/// The message in a resource; what is attached is elsewhere.
///
/// # Errors
/// `InvalidData` when a property is of another type than it should be.
pub(crate) fn read(value: &Value) -> Result<Message> {
    let item = Item::new(value)?;
    let mut error = None;
    let message = Message::build(|m| {
        if let Err(e) = fill(&item, value, m) {
            error = Some(e);
        }
    });
    match error {
        Some(error) => Err(error),
        None => Ok(message),
    }
}

fn fill(item: &Item<'_>, value: &Value, m: &mut Message) -> Result<()> {
    m.message_id = item.text("internetMessageId")?.map(bare).map(str::to_owned);
    m.thread_id = item.text("conversationId")?.map(str::to_owned);
    m.subject = item.text("subject")?.map(str::to_owned);
    m.from = match one(item.item("from")?)? {
        Some(from) => Some(from),
        None => one(item.item("sender")?)?,
    };
    let list = |name: &str| -> Result<Vec<Mailbox>> {
        let all = item.items(name)?.into_iter().map(|row| one(Some(row))).collect::<Result<Vec<_>>>()?;
        Ok(all.into_iter().flatten().collect())
    };
    (m.to, m.cc) = (list("toRecipients")?, list("ccRecipients")?);
    (m.sent_at, m.received_at) = (item.instant("sentDateTime")?, item.instant("receivedDateTime")?);
    if let Some(body) = item.item("body")? {
        if body.text("contentType")?.is_some_and(|kind| kind.eq_ignore_ascii_case("html")) {
            m.html = body.text("content")?.map(str::to_owned);
            m.text = m.html.as_deref().map(html::text).filter(|text| !text.is_empty());
        } else {
            m.text = body.lines("content")?;
        }
    }
    let is = |name: &str| value.get(name).and_then(Value::as_bool).unwrap_or_default();
    let flagged =
        item.item("flag")?.map(|flag| flag.text("flagStatus").map(|word| word.is_some_and(|w| w.eq_ignore_ascii_case("flagged"))));
    let important = item.text("importance")?.is_some_and(|word| word.eq_ignore_ascii_case("high"));
    for (word, there) in [
        ("$seen", is("isRead")),
        ("$draft", is("isDraft")),
        ("$flagged", flagged.transpose()?.unwrap_or_default()),
        ("$important", important),
    ] {
        if there {
            m.keywords.insert(word.to_owned());
        }
    }
    m.keywords.extend(item.texts("categories")?.into_iter().map(str::to_owned));
    Ok(())
}

/// A Message-ID without its brackets (RFC 5322 section 3.6.4).
fn bare(id: &str) -> &str {
    id.trim().trim_start_matches('<').trim_end_matches('>')
}

fn one(recipient: Option<Item<'_>>) -> Result<Option<Mailbox>> {
    let Some(address) = recipient.map(|recipient| recipient.item("emailAddress")).transpose()?.flatten() else { return Ok(None) };
    let (name, address) = (address.text("name")?, address.text("address")?);
    // A draft may have a name that is not resolved yet.
    let Some(address) = address.or(name) else { return Ok(None) };
    Ok(Some(Mailbox { address: address.to_owned(), name: name.filter(|name| *name != address).map(str::to_owned) }))
}

/// Whether something is attached: the property says so, but for what is shown inline (AdhocAdam/smletsexchangeconnector 528).
pub(crate) fn has_attachments(value: &Value) -> bool {
    // Where it is not said, they are asked for: no answer is not a "no".
    value.get("hasAttachments") != Some(&Value::Bool(false))
        || value.get("body").and_then(|body| odata::text(body, "content")).is_some_and(|html| html.contains("cid:"))
}

/// What is attached, of the rows of a listing.
///
/// # Errors
/// `InvalidData` when a property is of another type than it should be.
pub(crate) fn attachments(rows: &[Value]) -> Result<Vec<Attachment>> {
    let mut all = Vec::new();
    for row in rows {
        let item = Item::new(row)?;
        // It has no bytes (microsoft-graph-docs 21573).
        if item.text("@odata.type")?.is_some_and(|kind| kind.ends_with("referenceAttachment")) {
            continue;
        }
        let Some(id) = item.text("id")? else { continue };
        let media_type = item.text("contentType")?.unwrap_or_default().to_owned();
        // `size` counts more than the bytes, so that it is not known.
        let blob = BlobRef { id: BlobId::from(id), media_type, ..BlobRef::default() };
        all.push(Attachment { blob, name: item.text("name")?.map(str::to_owned) });
    }
    Ok(all)
}

/// The field of what is attached, for when it could not be asked for.
pub(crate) fn unread() -> Vec<Field> {
    vec![Field::of("attachments")]
}

#[cfg(test)]
mod tests {
    use super::*;
    use pimkit_core::ErrorKind;
    use serde_json::json;

    fn resource() -> Value {
        let who = |name: &str, address: &str| json!({ "emailAddress": { "name": name, "address": address } });
        json!({
            "@odata.etag": "W/\"CQAAABYAAAA\"", "id": "AAMk", "parentFolderId": "inbox-id", "conversationId": "AAQk",
            "internetMessageId": "<abc@mail.example>", "subject": "Tea", "importance": "high", "isRead": true, "isDraft": false,
            "hasAttachments": false, "flag": { "flagStatus": "flagged" }, "categories": ["Kitchen"],
            "sentDateTime": "2026-03-02T08:00:00Z", "receivedDateTime": "2026-03-02T08:00:07Z",
            "body": { "contentType": "html", "content": "<p>Hello<br>there</p><img src=\"cid:1\">" },
            "from": who("Ada", "ada@example.com"), "sender": who("x", "x@example.com"),
            "toRecipients": [who("bob@example.com", "bob@example.com"), null], "ccRecipients": [who("Group", ""), { "emailAddress": null }],
        })
    }

    #[test]
    fn a_message_is_read_with_its_html_and_its_text() {
        let message = read(&resource()).unwrap();
        assert_eq!((message.message_id.as_deref(), message.thread_id.as_deref()), (Some("abc@mail.example"), Some("AAQk")));
        let shown = |mailbox: &Mailbox| (mailbox.address.clone(), mailbox.name.clone());
        assert_eq!(message.from.as_ref().map(shown), Some(("ada@example.com".into(), Some("Ada".into()))));
        assert_eq!(message.to.iter().map(shown).collect::<Vec<_>>(), [("bob@example.com".into(), None)]);
        assert_eq!(message.cc.iter().map(shown).collect::<Vec<_>>(), [("Group".into(), None)]);
        assert_eq!(message.text.as_deref(), Some("Hello\nthere"));
        assert!(message.html.as_deref().unwrap().starts_with("<p>"));
        assert_eq!(message.received_at.unwrap().to_string(), "2026-03-02T08:00:07Z");
        assert_eq!(message.keywords.iter().map(String::as_str).collect::<Vec<_>>(), ["$flagged", "$important", "$seen", "Kitchen"]);
        assert!(has_attachments(&resource()), "a picture within the text is attached, whatever the property says");
        assert!(fields().iter().all(|field| field.read && !field.write && Message::catalogue().field(field.field.as_str()).is_some()));
    }

    #[test]
    fn nulls_everywhere_cost_nothing_and_other_types_are_errors() {
        let mut value = resource();
        for (name, slot) in value.as_object_mut().unwrap() {
            if name != "id" {
                *slot = Value::Null;
            }
        }
        // Whether something is attached is not said: it is asked.
        assert_eq!((read(&value).unwrap(), has_attachments(&value)), (Message::default(), true));
        let sender =
            json!({ "sender": { "emailAddress": { "address": "x@example.com" } }, "body": { "contentType": "text", "content": "a\r\nb" } });
        let message = read(&sender).unwrap();
        assert_eq!((message.from.unwrap().address.as_str(), message.text.as_deref(), message.html), ("x@example.com", Some("a\nb"), None));
        for odd in [json!({ "subject": 1 }), json!({ "toRecipients": {} }), json!({ "from": "ada" }), json!({ "sentDateTime": "now" })] {
            assert_eq!(read(&odd).unwrap_err().kind(), ErrorKind::InvalidData, "{odd}");
        }
    }

    #[test]
    fn what_is_attached_has_a_name_and_a_way_to_its_bytes() {
        let all = attachments(&[
            json!({ "@odata.type": "#microsoft.graph.fileAttachment", "id": "a", "name": "tea.pdf", "contentType": "application/pdf", "size": 9 }),
            json!({ "@odata.type": "#microsoft.graph.itemAttachment", "id": "b", "name": null, "contentType": null }),
            json!({ "@odata.type": "#microsoft.graph.referenceAttachment", "id": "c", "name": "elsewhere" }),
            json!({ "@odata.type": "#microsoft.graph.fileAttachment" }),
        ]);
        let all: Vec<_> = all.unwrap().into_iter().map(|a| (a.blob.id.to_string(), a.blob.media_type, a.blob.size, a.name)).collect();
        assert_eq!(all, [("a".into(), "application/pdf".into(), None, Some("tea.pdf".into())), ("b".into(), String::new(), None, None)]);
    }
}
