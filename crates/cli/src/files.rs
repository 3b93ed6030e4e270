//! Files with many records: .vcf, .ics and .jsonl.

use crate::failure::{Failure, Result};
use pimkit::{
    BlobId, Contact, Digest, Event, Kind, Message, Record, Task, User, Value,
    formats::{Authoring, FormatError, InlineBlob, InlineBlobs, TextRecord, icalendar, vcard},
};
use serde_json::json;
use std::path::Path;

/// What PRODID of a file says that we write.
const PRODUCT: &str = "-//pimkit//pimkit//EN";

/// What is in a file, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// vCards, one after another.
    Vcf,
    /// One calendar.
    Ics,
    /// A JSON object per line.
    JsonLines,
}

impl Format {
    /// The format of a file for a kind.
    ///
    /// # Errors
    /// A usage failure when there is none.
    pub(crate) fn of(file: &Path, kind: Kind) -> Result<Self> {
        let extension = file.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
        let format = match extension.as_deref() {
            Some("vcf") => Self::Vcf,
            Some("ics") => Self::Ics,
            Some("jsonl") => Self::JsonLines,
            _ => return Err(Failure::usage(format!("{}: the name must end in .vcf, .ics or .jsonl; it says the format", file.display()))),
        };
        match (format, kind) {
            (Self::JsonLines, _) | (Self::Vcf, Kind::Contact) | (Self::Ics, Kind::Event | Kind::Task) => Ok(format),
            _ => {
                let takes = match kind {
                    Kind::Contact => ".vcf or .jsonl",
                    Kind::Event | Kind::Task => ".ics or .jsonl",
                    Kind::Message | Kind::User => ".jsonl",
                };
                Err(Failure::usage(format!("{}: {} go into {takes}; choose another file", file.display(), kind.plural())))
            }
        }
    }
}

/// A record that may have a text form.
pub(crate) trait FileRecord: Record {
    /// One record of a text.
    fn read_text(text: &[u8]) -> Result<Self, FormatError>;
    /// The bytes of an inline blob of the text.
    fn inline(text: &[u8], id: &BlobId) -> Option<InlineBlob>;
    /// The text of a record.
    fn write_text(&self, options: &Authoring, blobs: &InlineBlobs) -> Result<Vec<u8>, FormatError>;
}

macro_rules! text {
    ($($kind:ident),*) => {$(
        impl FileRecord for $kind {
            fn read_text(text: &[u8]) -> Result<Self, FormatError> {
                Self::read(text)
            }
            fn inline(text: &[u8], id: &BlobId) -> Option<InlineBlob> {
                Self::blob(text, id).ok().flatten()
            }
            fn write_text(&self, options: &Authoring, blobs: &InlineBlobs) -> Result<Vec<u8>, FormatError> {
                Self::author(self, options, blobs)
            }
        }
    )*};
}

macro_rules! no_text {
    ($($kind:ident),*) => {$(
        impl FileRecord for $kind {
            fn read_text(_: &[u8]) -> Result<Self, FormatError> {
                Err(FormatError::Nothing { component: "record of this kind" })
            }
            fn inline(_: &[u8], _: &BlobId) -> Option<InlineBlob> {
                None
            }
            fn write_text(&self, _: &Authoring, _: &InlineBlobs) -> Result<Vec<u8>, FormatError> {
                Err(FormatError::Unwritable { field: "the record".to_owned(), reason: "its kind has no text form; use .jsonl" })
            }
        }
    )*};
}

text!(Contact, Event, Task);
no_text!(Message, User);

/// One record of a file.
pub(crate) struct Entry<R> {
    /// Its place in the file, from 1.
    pub(crate) number: usize,
    /// Its text, where it has one: photos are in it.
    pub(crate) text: Option<Vec<u8>>,
    /// What it says; `Ok(None)` when it is of another kind.
    pub(crate) record: Result<Option<R>, String>,
}

/// Takes a file apart.
///
/// # Errors
/// A failure when the file as a whole cannot be understood.
pub(crate) fn entries<R: FileRecord>(file: &Path, format: Format, bytes: &[u8]) -> Result<Vec<Entry<R>>> {
    let about = |e: FormatError| Failure::usage(format!("{}: {e}", file.display()));
    let texts = match format {
        Format::JsonLines => return Ok(json_lines(bytes)),
        Format::Vcf => vcard::cards(bytes).map_err(about)?,
        Format::Ics => icalendar::split_calendar(bytes).map_err(about)?,
    };
    let entry = |(number, text): (usize, Vec<u8>)| {
        let record = match R::read_text(&text) {
            Ok(record) => Ok(Some(record)),
            // A calendar holds several kinds; a journal or a free-busy time is none of ours.
            Err(FormatError::OtherKind { .. } | FormatError::Nothing { .. }) if format == Format::Ics => Ok(None),
            Err(error) => Err(error.to_string()),
        };
        Entry { number, text: Some(text), record }
    };
    Ok((1..).zip(texts).map(entry).collect())
}

fn json_lines<R: Record>(bytes: &[u8]) -> Vec<Entry<R>> {
    let mut entries = Vec::new();
    for (number, line) in (1..).zip(bytes.split(|b| *b == b'\n')) {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let record = serde_json::from_slice::<Value>(line)
            .map_err(|e| format!("no JSON at column {}; correct the line", e.column()))
            .and_then(|value| match value {
                // What `list` prints has the record inside.
                Value::Object(mut map) => {
                    let value = map.remove("record").unwrap_or(Value::Object(map));
                    let record: R = serde_json::from_value(value).map_err(|e| format!("no record of the {}: {e}", R::KIND.plural()))?;
                    if record.fields().is_empty() {
                        return Err(format!("no field of the {} is in it; see `pimkit fields`", R::KIND.plural()));
                    }
                    Ok(Some(without_bytes(record)))
                }
                _ => Err("no JSON object; a line holds one record".to_owned()),
            });
        entries.push(Entry { number, text: None, record });
    }
    entries
}

/// A line of JSON holds no bytes, so that photos and files by reference only would point nowhere.
fn without_bytes<R: Record>(record: R) -> R {
    let mut fields = pimkit::Fields::new();
    let kept = |blob: &Value| blob.get("uri").is_some_and(Value::is_string);
    if record.get("photo").is_some_and(|photo| !kept(&photo)) {
        fields.insert("photo".into(), Value::Null);
    }
    if let Some(Value::Array(list)) = record.get("attachments") {
        let list: Vec<Value> = list.into_iter().filter(|a| a.get("blob").is_some_and(kept)).collect();
        fields.insert("attachments".into(), json!(list));
    }
    record.with(&fields).unwrap_or(record)
}

/// How texts are authored into files.
pub(crate) fn authoring() -> Authoring {
    Authoring::new(jiff::Timestamp::now(), PRODUCT)
}

/// One calendar of several resources.
pub(crate) fn join(texts: &[Vec<u8>]) -> Result<Vec<u8>, FormatError> {
    icalendar::join_calendar(texts.iter().map(Vec::as_slice), PRODUCT)
}

/// What a record says, but for its uid, as a number.
pub(crate) fn content<R: Record>(record: &R) -> Digest {
    let mut fields = record.fields();
    fields.remove(&uid_field::<R>());
    // The map is ordered, so equal records have equal texts.
    Digest::of(serde_json::to_string(&fields).unwrap_or_default().as_bytes())
}

/// The field by which a kind names a record itself.
pub(crate) fn uid_field<R: Record>() -> pimkit::Field {
    let def = R::catalogue().fields().iter().find(|f| f.identity);
    def.map_or("uid", |f| f.path).into()
}

/// A uid that is the same for the same text: a UUID of version 8 (RFC 9562 section 5.8).
pub(crate) fn derived_uid(digest: &Digest) -> String {
    let mut bytes = [0_u8; 16];
    for (to, from) in bytes.iter_mut().zip(digest.0) {
        *to = from;
    }
    let mut number = u128::from_be_bytes(bytes);
    number &= !(0xf << 76) & !(0b11 << 62);
    number |= (8 << 76) | (0b10 << 62);
    let hex = format!("{number:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_says_the_format_and_must_fit_the_kind() {
        for (name, kind, format) in [
            ("a.vcf", Kind::Contact, Some(Format::Vcf)),
            ("a.VCF", Kind::Contact, Some(Format::Vcf)),
            ("a.ics", Kind::Task, Some(Format::Ics)),
            ("a.jsonl", Kind::User, Some(Format::JsonLines)),
            ("a.ics", Kind::Contact, None),
            ("a.vcf", Kind::Event, None),
            ("a.txt", Kind::Contact, None),
            ("vcf", Kind::Contact, None),
        ] {
            assert_eq!(Format::of(Path::new(name), kind).ok(), format, "{name}");
        }
    }

    #[test]
    fn a_derived_uid_is_a_uuid_of_version_8_and_follows_the_content_alone() {
        let one = Contact::build(|c| c.notes.push("a".into()));
        let mut other = one.clone();
        other.uid = Some("x".into());
        let uid = derived_uid(&content(&one));
        assert_eq!(uid, derived_uid(&content(&other)));
        assert_eq!(uid.len(), 36);
        assert_eq!(&uid[14..15], "8");
        assert!("89ab".contains(&uid[19..20]));
        assert_ne!(uid, derived_uid(&content(&Contact::build(|c| c.notes.push("b".into())))));
    }

    #[test]
    fn json_lines_are_read_bare_or_as_list_prints_them_and_bad_ones_are_told() {
        let text = "{\"uid\":\"1\",\"notes\":[\"x\"],\"photo\":{\"id\":\"p\"}}\n\n{\"id\":\"i\",\"record\":{\"uid\":\"2\"}}\nnope\n{\"nothing\":1}\n[]\n";
        let entries: Vec<Entry<Contact>> = json_lines(text.as_bytes());
        assert_eq!(entries.iter().map(|e| e.number).collect::<Vec<_>>(), [1, 3, 4, 5, 6]);
        let first = entries[0].record.as_ref().unwrap().as_ref().unwrap();
        assert_eq!((first.uid.as_deref(), first.photo.is_none()), (Some("1"), true));
        assert_eq!(entries[1].record.as_ref().unwrap().as_ref().unwrap().uid.as_deref(), Some("2"));
        assert!(entries[2..].iter().all(|e| e.record.is_err()));
    }
}
