//! The text of an item that is written: made, or patched, with the bytes that it is to hold.
//!
//! What folders and DAV servers do alike: open the blobs that a target newly speaks of, leave out what the format cannot
//! say, give a UID to what has none, and can do the same with each kind.

use crate::resource::{Authoring, FormatError, InlineBlob, InlineBlobs, TextRecord};
use jiff::Timestamp;
use pimkit_core::{
    BlobRef, Capabilities, Create, Error, ErrorKind, Field, FieldDef, Fields, Kind, Mark, Result, Shape, Value, WriteOptions,
    cursor::binding,
};

/// The most bytes of blobs that one item is given: in base64 they still fit into the largest text that is read.
const MOST: usize = 40 << 20;

/// What we write as: vCard 3.0, Apple's group cards, and our own name as the product.
#[must_use]
pub fn authoring(now: Timestamp) -> Authoring {
    Authoring::new(now, concat!("-//pimkit//pimkit ", env!("CARGO_PKG_VERSION"), "//EN"))
}

/// What a store of whole texts can do with a kind, one text an item, whose names are given by whoever makes them.
#[must_use]
pub const fn capabilities(kind: Kind) -> Capabilities {
    let mut can = Capabilities::none();
    can.write = true;
    can.conditional = true;
    can.move_items = true;
    // The mark is the text's name, and a create is refused where one of the name is.
    can.create = Create::Repeatable;
    can.can_keep_silent = true;
    can.photos = matches!(kind, Kind::Contact);
    can.attachments = matches!(kind, Kind::Event | Kind::Task);
    can.exceptions = matches!(kind, Kind::Event | Kind::Task);
    can.find = true;
    can.keeps_as_written = true;
    can
}

/// A target, and the bytes that its text will hold.
#[derive(Clone, Debug)]
pub struct Given<R> {
    /// What the text shall say. Fields whose bytes could not be had are as they were.
    pub target: R,
    /// The bytes.
    pub inline: InlineBlobs,
    /// The fields that stay as they were, and why.
    pub left_out: Vec<(Field, Error)>,
}

/// A text, and the fields that it does not say as the target does.
#[derive(Clone, Debug)]
pub struct Composed<R> {
    /// The text.
    pub bytes: Vec<u8>,
    /// What it says, read back.
    pub record: R,
    /// The fields, and why.
    pub left_out: Vec<(Field, Error)>,
}

fn blob_fields<R: TextRecord>() -> impl Iterator<Item = &'static FieldDef> {
    R::catalogue().fields().iter().filter(|f| matches!(f.shape, Shape::Blob | Shape::List("Attachment")))
}

/// The blobs in a field's value.
fn refs(value: Option<&Value>) -> Vec<BlobRef> {
    let read = |v: &Value| serde_json::from_value::<BlobRef>(v.clone()).ok();
    match value {
        Some(Value::Array(list)) => list.iter().filter_map(|a| a.get("blob").and_then(read)).collect(),
        Some(value) => read(value).into_iter().collect(),
        None => Vec::new(),
    }
}

/// The record with a field, and what goes with it, as it was before.
fn as_before<R: TextRecord>(base: &R, target: &R, field: &str) -> Option<R> {
    let def = R::catalogue().field(field)?;
    let with: Vec<&str> = match def.group {
        Some(group) => R::catalogue().group(group).map(|f| f.path).collect(),
        None => vec![field],
    };
    let before: Fields = with.into_iter().map(|path| (Field::from(path), base.get(path).unwrap_or(Value::Null))).collect();
    target.with(&before).ok()
}

/// Opens the blobs in which target and base differ. A field whose bytes cannot be had stays as it was, and is named.
pub async fn gather<R: TextRecord>(base: &R, mut target: R, options: &WriteOptions) -> Given<R> {
    let mut inline = InlineBlobs::new();
    let mut left_out = Vec::new();
    let mut room = MOST;
    for def in blob_fields::<R>() {
        let (was, wanted) = (base.get(def.path), target.get(def.path));
        if def.same(was.as_ref(), wanted.as_ref()) {
            continue;
        }
        let known = refs(was.as_ref());
        for blob in refs(wanted.as_ref()) {
            // Given by its address only, or standing in the text already.
            if blob.uri.is_some() || known.iter().any(|k| k.id == blob.id || (k.digest.is_some() && k.digest == blob.digest)) {
                continue;
            }
            match open(&blob, room, options).await {
                Ok(opened) => {
                    room = room.saturating_sub(opened.bytes.len());
                    inline.insert(blob.id, opened);
                }
                Err(error) => {
                    left_out.push((Field::from(def.path), error));
                    if let Some(before) = as_before(base, &target, def.path) {
                        target = before;
                    }
                    break;
                }
            }
        }
    }
    Given { target, inline, left_out }
}

/// Leaves out what a side does not take: fields that would change, and for which `refuses` gives a reason.
#[must_use]
pub fn withhold<R: TextRecord>(base: &R, mut given: Given<R>, refuses: impl Fn(&Field, &Value) -> Option<Error>) -> Given<R> {
    for field in base.differing(&given.target) {
        let Some(error) = given.target.get(field.as_str()).and_then(|value| refuses(&field, &value)) else { continue };
        if let Some(before) = as_before(base, &given.target, field.as_str()) {
            given.target = before;
            given.left_out.push((field, error));
        }
    }
    given
}

/// Whether a text in the value holds a character that XML cannot carry (XML 1.0 section 2.2): what travels in it would come
/// back without.
#[must_use]
pub fn is_beyond_xml(value: &Value) -> bool {
    let beyond = |c: char| (c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}');
    match value {
        Value::String(text) => text.contains(beyond),
        Value::Array(list) => list.iter().any(is_beyond_xml),
        Value::Object(map) => map.iter().any(|(key, value)| key.contains(beyond) || is_beyond_xml(value)),
        _ => false,
    }
}

async fn open(blob: &BlobRef, room: usize, options: &WriteOptions) -> Result<InlineBlob> {
    let Some(source) = &options.blobs else {
        return Err(Error::new(ErrorKind::InvalidData, "the write speaks of bytes and names no source for them; give one in its options"));
    };
    let opened = source.open(blob).await?;
    let media_type = if blob.media_type.is_empty() { opened.media_type.clone() } else { blob.media_type.clone() };
    Ok(InlineBlob { media_type, bytes: opened.collect(room).await? })
}

/// The text of a target: made, or the old one patched. A field that the text cannot say stays as it was, and is named in
/// [`Composed::left_out`]. `most` is how many bytes the text may have.
///
/// # Errors
/// `InvalidData` when there is no text that says the rest, or when it would be larger than `most`; `Unexpected` when it would
/// not read back.
pub fn compose<R: TextRecord>(old: Option<(&[u8], &R)>, given: Given<R>, options: &Authoring, most: u64) -> Result<Composed<R>> {
    let Given { mut target, inline, mut left_out } = given;
    let empty = R::default();
    let base = old.map_or(&empty, |(_, base)| base);
    loop {
        let composed = match old {
            Some((text, base)) => R::patch(text, base, &target, options, &inline),
            None => R::author(&target, options, &inline),
        };
        let error = match composed {
            Ok(bytes) => {
                // Nothing is put in place that could not be read again.
                let record = R::read(&bytes)
                    .map_err(|e| Error::new(ErrorKind::Unexpected, "the text would not read back; report it").caused_by(e))?;
                if bytes.len() as u64 > most {
                    let large = "the item would be larger than is taken there; leave its files or picture out";
                    return Err(Error::new(ErrorKind::InvalidData, large).with("bytes", bytes.len()).with("limit", most));
                }
                return Ok(Composed { bytes, record, left_out });
            }
            Err(error) => error,
        };
        let field = match &error {
            FormatError::Unwritable { field, .. } => field.clone(),
            FormatError::MissingBlob { field } => (*field).to_owned(),
            _ => return Err(error.into()),
        };
        let without = as_before(base, &target, &field).filter(|record| *record != target);
        let Some(without) = without else { return Err(error.into()) };
        target = without;
        left_out.push((Field::from(field), error.into()));
    }
}

/// Gives a record without UID one that is always the same for its mark, so that the same create makes the same item.
/// `maker` tells the UIDs of one connector from another's.
///
/// # Errors
/// `InvalidData` when the record cannot have a UID.
pub fn with_uid<R: TextRecord>(record: R, maker: &str, mark: &Mark) -> Result<R> {
    if record.uid().is_some_and(|uid| !uid.trim().is_empty()) {
        return Ok(record);
    }
    record.with(&Fields::from([(Field::from("uid"), Value::from(uid(maker, mark)))]))
}

/// A UID that is always the same for a mark: a UUID of version 8 (RFC 9562 section 5.8).
fn uid(maker: &str, mark: &Mark) -> String {
    let half = |part: &str| binding(&[maker, part, mark.as_str()]);
    let bits = (u128::from(half("1")) << 64) | u128::from(half("2"));
    let bits = (bits & !(0xf << 76) & !(0x3 << 62)) | (0x8 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    let parts = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)].map(|(from, to)| hex.get(from..to).unwrap_or_default());
    parts.join("-")
}

/// A UID as it is compared: without the prefix that vCard 4.0 puts before a UUID (RFC 6350 section 6.7.6), and without case.
#[must_use]
pub fn plain_uid(uid: &str) -> String {
    let uid = uid.trim();
    let uid =
        if uid.get(..9).is_some_and(|start| start.eq_ignore_ascii_case("urn:uuid:")) { uid.get(9..).unwrap_or_default() } else { uid };
    uid.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pimkit_core::{Contact, Record as _};

    #[test]
    fn a_mark_gives_one_uid_of_the_form_of_a_uuid() {
        let one = uid("x", &Mark::from("a"));
        assert_eq!(one, uid("x", &Mark::from("a")));
        assert_ne!(one, uid("x", &Mark::from("b")));
        assert_ne!(one, uid("y", &Mark::from("a")));
        assert_eq!(one.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert_eq!(one.as_bytes()[14], b'8');
        assert!(matches!(one.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
    }

    #[test]
    fn what_xml_cannot_carry_is_left_out_with_its_reason() {
        let base = Contact::build(|c| c.notes = vec!["before".into()]);
        let target = Contact::build(|c| {
            c.notes = vec!["a\u{0}b".into()];
            c.name.full = Some("Ada".into());
        });
        let given = Given { target, inline: InlineBlobs::new(), left_out: Vec::new() };
        let error = || Error::new(ErrorKind::InvalidData, "no");
        let given = withhold(&base, given, |_, value| is_beyond_xml(value).then(error));
        assert_eq!((given.target.notes.as_slice(), given.target.name.full.as_deref()), (["before".to_owned()].as_slice(), Some("Ada")));
        assert_eq!(given.left_out.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>(), ["notes"]);
    }

    #[test]
    fn a_uid_is_one_with_and_without_prefix_and_in_any_case() {
        for same in ["4FBE8971-0bc3", "urn:uuid:4fbe8971-0BC3", "URN:UUID:4fbe8971-0bc3 "] {
            assert_eq!(plain_uid(same), "4fbe8971-0bc3");
        }
        assert_eq!(plain_uid("ä"), "ä");
    }
}
