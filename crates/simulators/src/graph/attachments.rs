//! Attachments of events, messages and tasks (<https://learn.microsoft.com/graph/api/resources/attachment>), and sessions in which
//! large ones are uploaded.

use crate::graph::answer::{Answer, Result, Says, invalid, no_such_method, no_such_path, not_found, refuse};
use crate::graph::bytes;
use crate::graph::ids;
use crate::graph::odata::View;
use crate::graph::shape;
use crate::graph::show;
use crate::graph::store::{Kind, Part};
use crate::graph::world::{Call, World};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Map, Value, json};

/// The most bytes that an upload session takes.
const MOST: usize = 150 * 1024 * 1024;
/// The most bytes of one part of an upload.
const CHUNK: usize = 4 * 1024 * 1024;

/// What attachments hang on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owner {
    pub(crate) kind: Kind,
    pub(crate) key: u64,
    /// The occurrence of a series.
    pub(crate) day: Option<Date>,
}

/// An upload under way.
#[derive(Debug, Clone)]
pub(crate) struct Upload {
    mailbox: String,
    owner: Owner,
    properties: Map<String, Value>,
    of: &'static str,
    size: usize,
    bytes: Vec<u8>,
    until: Timestamp,
}

impl Owner {
    const fn of(self) -> &'static str {
        match self.kind {
            Kind::Task => "attachmentBase",
            _ => "attachment",
        }
    }
}

/// An attachment as answers show it; its content comes only up to `most` bytes (wisecom-oy/atlas#60).
pub(crate) fn shown(part: &Part, most: usize) -> Value {
    let mut out = part.properties.clone();
    out.insert("@odata.type".to_owned(), Value::from(format!("#microsoft.graph.{}", part.of)));
    out.insert("id".to_owned(), Value::from(part.id.as_str()));
    out.insert("lastModifiedDateTime".to_owned(), Value::from(show::whole_seconds(part.created)));
    out.insert("size".to_owned(), Value::from(part.bytes.len() + 150));
    if matches!(part.of, "fileAttachment" | "taskFileAttachment") && part.bytes.len() <= most {
        out.insert("contentBytes".to_owned(), Value::from(bytes::encode(&part.bytes)));
    }
    for member in shape::shape(part.of).into_iter().flat_map(|shape| &shape.members).filter(|member| !member.relation && member.nullable) {
        out.entry(member.name).or_insert(Value::Null);
    }
    if part.of == "fileAttachment" && part.bytes.len() > most {
        out.remove("contentBytes");
    }
    Value::Object(out)
}

/// Makes an attachment from a body that was read as one.
///
/// # Errors
/// 400 without a type or a name, 413 above the limit.
pub(crate) fn made(call: &mut Call<'_>, owner: Owner, mut body: Map<String, Value>) -> Result<Part> {
    let told = body.remove("@odata.type").and_then(|told| told.as_str().map(|told| told.trim_start_matches('#').to_owned()));
    let of = match (told.as_deref(), owner.kind) {
        (None | Some("microsoft.graph.taskFileAttachment"), Kind::Task) => "taskFileAttachment",
        (Some("microsoft.graph.fileAttachment"), _) => "fileAttachment",
        (Some("microsoft.graph.itemAttachment"), _) => "itemAttachment",
        (Some("microsoft.graph.referenceAttachment"), _) => "referenceAttachment",
        _ => return Err(invalid("An attachment needs an @odata.type.")),
    };
    if body.get("name").and_then(Value::as_str).is_none_or(str::is_empty) {
        return Err(invalid("An attachment needs a name."));
    }
    let content = body.remove("contentBytes").and_then(|content| content.as_str().and_then(bytes::decode)).unwrap_or_default();
    if content.len() > call.rules().limits.attachment {
        return refuse(413, "ErrorMessageSizeExceeded", "The attachment is too large; use an upload session.");
    }
    for own in ["id", "size", "lastModifiedDateTime"] {
        body.remove(own);
    }
    if owner.kind != Kind::Task {
        body.entry("isInline").or_insert(Value::Bool(false));
    }
    body.entry("contentType").or_insert(Value::from("application/octet-stream"));
    part(call, of, body, content)
}

fn part(call: &mut Call<'_>, of: &'static str, properties: Map<String, Value>, bytes: Vec<u8>) -> Result<Part> {
    let now = call.now;
    let mailbox = call.mailbox_mut()?;
    let number = mailbox.mint();
    let id = ids::write(&mailbox.secret, number, None, 0, ids::Form::Default);
    Ok(Part { of, id, properties, bytes, created: now })
}

/// The parts of an owner; those of an occurrence are its own as soon as they are written.
fn parts_mut<'a>(call: &'a mut Call<'_>, owner: Owner) -> Result<&'a mut Vec<Part>> {
    let now = call.now;
    let item = call.item_mut(owner.key)?;
    match owner.day {
        None => Ok(&mut item.parts),
        Some(day) => {
            let whole = item.parts.clone();
            let exception = item.series.exceptions.entry(day).or_default();
            if exception.parts.is_empty() {
                exception.parts = whole;
            }
            exception.modified = now;
            Ok(&mut exception.parts)
        }
    }
}

fn parts(call: &Call<'_>, owner: Owner) -> Result<Vec<Part>> {
    let item = call.item(owner.key)?;
    let own =
        owner.day.and_then(|day| item.series.exceptions.get(&day)).map(|exception| &exception.parts).filter(|parts| !parts.is_empty());
    let all = own.unwrap_or(&item.parts);
    Ok(all.iter().filter(|part| part.of.ends_with("ttachment")).cloned().collect())
}

/// An owner has changed.
fn touched(call: &mut Call<'_>, owner: Owner) -> Result<()> {
    call.touch(owner.key)?;
    let version = call.item(owner.key)?.version;
    if let Some(exception) = owner.day.and_then(|day| call.item_mut(owner.key).ok()?.series.exceptions.get_mut(&day)) {
        exception.version = version;
    }
    Ok(())
}

/// Requests below `/attachments`; `writable` is false where they are only read.
pub(crate) fn attachments(call: &mut Call<'_>, owner: Owner, rest: &[&str], writable: bool) -> Result {
    let method = call.ask.method.as_str();
    let of = owner.of();
    match (method, rest) {
        ("GET", []) => {
            let view = View::read(call.ask, of)?;
            let most = call.rules().limits.attachment;
            let context = call.context("attachments");
            let all: Vec<Value> = parts(call, owner)?.iter().map(|part| shown(part, most)).collect();
            let look = |one: &Value, name: &str| one.get(name).cloned().unwrap_or(Value::Null);
            show::listing(call.ask, of, context, all, &look, &|one| picked(one, &view))
        }
        ("POST", []) if writable => {
            let body = call.ask.read(of)?;
            let part = made(call, owner, body)?;
            let body = shown(&part, usize::MAX);
            parts_mut(call, owner)?.push(part);
            touched(call, owner)?;
            Ok(Answer::json(201, body, Says::One(of)))
        }
        ("POST", [name]) if name.eq_ignore_ascii_case("createUploadSession") && writable => session(call, owner),
        ("GET", [id, rest @ ..]) => {
            let view = View::read(call.ask, of)?;
            let part = parts(call, owner)?.into_iter().find(|part| part.id == *id).ok_or_else(not_found)?;
            match rest {
                [] => Ok(Answer::json(200, picked(&shown(&part, usize::MAX), &view), Says::One(of))),
                ["$value"] if part.of == "referenceAttachment" => Err(no_such_method()),
                ["$value"] => Ok(Answer::bytes(
                    part.bytes.clone(),
                    part.properties.get("contentType").and_then(Value::as_str).unwrap_or("application/octet-stream"),
                )),
                [name, ..] => Err(no_such_path(name)),
            }
        }
        ("DELETE", [id]) if writable => {
            let all = parts_mut(call, owner)?;
            let before = all.len();
            all.retain(|part| part.id != *id);
            if all.len() == before {
                return Err(not_found());
            }
            touched(call, owner)?;
            Ok(Answer::empty(204))
        }
        _ => Err(no_such_method()),
    }
}

/// An attachment with the properties that were asked for.
fn picked(one: &Value, view: &View) -> Value {
    let mut one = one.clone();
    if let (Some(object), Some(names)) = (one.as_object_mut(), &view.select) {
        object.retain(|name, _| name == "id" || name.contains('@') || names.contains(name));
    }
    one
}

/// Begins an upload (<https://learn.microsoft.com/graph/outlook-large-attachments>).
fn session(call: &mut Call<'_>, owner: Owner) -> Result {
    let parameters = call.ask.parameters()?;
    let item = parameters.get(if owner.kind == Kind::Task { "attachmentinfo" } else { "attachmentitem" }).cloned().unwrap_or(Value::Null);
    let item = shape::read(&item, "attachmentItem")?;
    let size = item.get("size").and_then(Value::as_u64).and_then(|size| usize::try_from(size).ok()).unwrap_or_default();
    let name = item.get("name").and_then(Value::as_str).unwrap_or_default();
    if name.is_empty() || size == 0 || size > MOST {
        return Err(invalid("An upload needs an attachmentType, a name and a size of at most 150 MB."));
    }
    if size < call.rules().limits.upload {
        let says = "Attachment size must be greater than the minimum size.";
        return refuse(400, "ErrorAttachmentSizeShouldNotBeLessThanMinimumSize", says);
    }
    let mut properties = Map::new();
    properties.insert("name".to_owned(), Value::from(name));
    properties.insert("contentType".to_owned(), item.get("contentType").cloned().unwrap_or(Value::from("application/octet-stream")));
    if owner.kind != Kind::Task {
        properties.insert("isInline".to_owned(), item.get("isInline").cloned().filter(Value::is_boolean).unwrap_or(Value::Bool(false)));
    }
    let of = if owner.kind == Kind::Task { "taskFileAttachment" } else { "fileAttachment" };
    let until = call.now.checked_add(3.hours()).unwrap_or(call.now);
    let upload = Upload { mailbox: call.owner.clone(), owner, properties, of, size, bytes: Vec::new(), until };
    let number = call.mailbox_mut()?.mint();
    let word = ids::guid(&call.world.secret(), &format!("upload {} {number}", call.owner));
    call.world.uploads.insert(word.clone(), upload);
    let other = call.rules().limits.upload_host.as_ref().map(|host| format!("https://{host}"));
    let host = other.as_deref().unwrap_or_else(|| call.ask.root.trim_end_matches("/v1.0"));
    let body =
        json!({"uploadUrl": format!("{host}/uploads/{word}"), "expirationDateTime": until.to_string(), "nextExpectedRanges": ["0-"]});
    Ok(Answer::json(201, body, Says::One("uploadSession")))
}

/// A request to an upload's address, which nobody signs in at. None if there is no such upload.
pub(crate) fn upload(world: &mut World, word: &str, method: &str, range: Option<&str>, content: &[u8], root: &str) -> Option<Answer> {
    let now = world.now();
    let multiple = world.rules.limits.upload_parts.max(1);
    let known = world.uploads.get_mut(word).filter(|upload| upload.until > now)?;
    match method {
        "GET" => {
            let body = json!({"expirationDateTime": known.until.to_string(), "nextExpectedRanges": [format!("{}-", known.bytes.len())]});
            return Some(Answer::json(200, body, Says::One("uploadSession")));
        }
        "DELETE" => {
            world.uploads.remove(word);
            return Some(Answer::empty(204));
        }
        "PUT" => {}
        _ => return Some(Answer::empty(405)),
    }
    let (from, to, all) = range.and_then(spans)?;
    let fits = from == known.bytes.len() && all == known.size && to + 1 == from + content.len() && to < all && content.len() <= CHUNK;
    if !fits {
        return Some(Answer::empty(416));
    }
    if to + 1 < all && !content.len().is_multiple_of(multiple) {
        return Some(Answer::empty(400));
    }
    known.bytes.extend(content);
    if known.bytes.len() < known.size {
        let body = json!({"expirationDateTime": known.until.to_string(), "nextExpectedRanges": [format!("{}-", known.bytes.len())]});
        return Some(Answer::json(200, body, Says::One("uploadSession")));
    }
    let upload = world.uploads.remove(word)?;
    let ask = crate::graph::ask::Ask::new("PUT", root.to_owned(), "/", Vec::new(), Vec::new()).ok()?;
    let mut call = Call { world, ask: &ask, owner: upload.mailbox.clone(), guest: false, now };
    let part = part(&mut call, upload.of, upload.properties, upload.bytes).ok()?;
    let place = format!("{root}/users/{}/attachments/{}", call.owner, part.id);
    parts_mut(&mut call, upload.owner).ok()?.push(part);
    touched(&mut call, upload.owner).ok()?;
    if upload.owner.kind == Kind::Event {
        crate::graph::events::tell_of_attachment(&mut call, upload.owner.key, upload.owner.day).ok()?;
    }
    Some(Answer::empty(201).header("location", place))
}

/// `bytes from-to/all`.
fn spans(range: &str) -> Option<(usize, usize, usize)> {
    let (span, all) = range.strip_prefix("bytes ")?.split_once('/')?;
    let (from, to) = span.split_once('-')?;
    Some((from.parse().ok()?, to.parse().ok()?, all.parse().ok()?))
}
