//! PHOTO: bytes inside the card, or the address of a picture.
//!
//! - 3.0 and 2.1: `PHOTO;ENCODING=b;TYPE=JPEG:…`; `ENCODING=b,b` and `ENCODING=BASE64` are read too (iOS).
//! - 4.0: a `data:` URI (RFC 2397); upper-cased and with an escaped comma it is read as well, in 3.0 too (AVM).
//! - Type by the bytes themselves where they tell; what the line says is often wrong.
//! - The id of inline bytes is their SHA-256, so that it changes when they do; of an address, the address.

use super::card::{Card, Plain, uri_line};
use crate::resource::{FormatError, InlineBlob, InlineBlobs};
use crate::text::{ContentLine, Dialect, Encoding};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pimkit_core::{BlobId, BlobRef, Digest};

/// What a PHOTO line holds.
enum Picture {
    Inline(InlineBlob),
    At(String),
}

fn sniffed(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'B', b'M', ..] => Some("image/bmp"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        [_, _, _, _, b'f', b't', b'y', b'p', b'h', b'e', b'i', ..] => Some("image/heic"),
        _ => None,
    }
}

/// `type/subtype` in small letters without parameters; empty when there is none.
fn media_type(stated: &str) -> String {
    let plain = stated.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if plain.contains('/') { plain } else { String::new() }
}

fn inline(bytes: Vec<u8>, stated: &str) -> Option<Picture> {
    let media_type = sniffed(&bytes).map_or_else(|| media_type(stated), str::to_owned);
    (!bytes.is_empty()).then_some(Picture::Inline(InlineBlob { media_type, bytes }))
}

fn picture(line: &ContentLine, dialect: Dialect) -> Option<Picture> {
    let stated = line.param_value("MEDIATYPE").unwrap_or_else(|| {
        let words = super::marks::type_words(line);
        let word = words.iter().find(|word| !word.eq_ignore_ascii_case("pref") && !word.eq_ignore_ascii_case("home"));
        word.map_or_else(String::new, |word| if word.contains('/') { word.clone() } else { format!("image/{word}") })
    });
    if line.encoding() == Encoding::Base64 {
        return inline(line.base64()?, &stated);
    }
    let text = line.plain(dialect);
    let text = text.trim();
    let scheme = text.get(..5).unwrap_or_default();
    if scheme.eq_ignore_ascii_case("data:") {
        let (head, data) = text.get(5..)?.split_once(',')?;
        let (stated, base64) = match head.to_ascii_lowercase().strip_suffix(";base64") {
            Some(kind) => (kind.to_owned(), true),
            None => (head.to_owned(), false),
        };
        let bytes = if base64 { ContentLine::new("PHOTO", data).base64()? } else { percent_decoded(data) };
        return inline(bytes, &stated);
    }
    if super::card::has_scheme(text) {
        return Some(Picture::At(text.to_owned()));
    }
    // `VALUE=binary` and no ENCODING: seen from old exporters.
    let binary = super::card::value_is(line, "binary");
    binary.then(|| line.base64()).flatten().and_then(|bytes| inline(bytes, &stated))
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok()).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match code {
            Some(byte) if first == b'%' => {
                out.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                out.push(first);
                rest = after;
            }
        }
    }
    out
}

fn pictures(card: &Card) -> impl Iterator<Item = (usize, Picture)> {
    card.named(&["PHOTO"]).filter_map(|(at, line)| Some((at, picture(line, card.dialect)?)))
}

fn id(digest: Digest) -> BlobId {
    BlobId::from(digest.to_string())
}

fn named(picture: &Picture) -> BlobRef {
    match picture {
        Picture::Inline(blob) => {
            let digest = Digest::of(&blob.bytes);
            BlobRef {
                id: id(digest),
                media_type: blob.media_type.clone(),
                size: u64::try_from(blob.bytes.len()).ok(),
                digest: Some(digest),
                uri: None,
            }
        }
        Picture::At(uri) => BlobRef { id: BlobId::from(uri.clone()), uri: Some(uri.clone()), ..BlobRef::default() },
    }
}

/// The first picture of the card.
pub(super) fn read(card: &Card) -> Option<BlobRef> {
    pictures(card).next().map(|(_, picture)| named(&picture))
}

/// The bytes of the picture with this id.
pub(super) fn bytes(card: &Card, wanted: &BlobId) -> Option<InlineBlob> {
    pictures(card).find_map(|(_, picture)| match picture {
        Picture::Inline(blob) if id(Digest::of(&blob.bytes)) == *wanted => Some(blob),
        _ => None,
    })
}

/// Whether two references speak of the same bytes.
pub(super) fn same(a: Option<&BlobRef>, b: Option<&BlobRef>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) if a.digest.is_some() && b.digest.is_some() => a.digest == b.digest,
        (Some(a), Some(b)) if a.uri.is_some() && b.uri.is_some() => a.uri == b.uri,
        (Some(a), Some(b)) => a.digest.is_none() && b.digest.is_none() && a.uri == b.uri && a.id == b.id && a.size == b.size,
        _ => false,
    }
}

/// Makes the card's picture this one.
pub(super) fn write(card: &mut Card, wanted: Option<&BlobRef>, blobs: &InlineBlobs) -> Result<(), FormatError> {
    let current = read(card);
    let Some(wanted) = wanted else {
        if current.is_some() {
            card.remove_named(&["PHOTO"]);
        }
        return Ok(());
    };
    if same(current.as_ref(), Some(wanted)) {
        return Ok(());
    }
    let given = blobs.get(&wanted.id);
    let given = given.filter(|blob| wanted.digest.is_none_or(|digest| digest == Digest::of(&blob.bytes)));
    let line = match (given, &wanted.uri) {
        (Some(blob), _) => inline_line(blob, &wanted.media_type, card.dialect),
        (None, Some(uri)) => {
            let line = uri_line("PHOTO", uri, card.dialect);
            if card.is_v4() { line } else { line.with_param("VALUE", "uri") }
        }
        (None, None) => return Err(FormatError::MissingBlob { field: "photo" }),
    };
    let at = pictures(card).next().map(|(at, _)| at).or_else(|| card.first("PHOTO"));
    match at {
        Some(at) => {
            // Parameters of the old picture, such as Apple's X-ABCROP-RECTANGLE, are not of the new one.
            let mut line = line;
            line.set_group(card.line(at).and_then(|line| line.group()).map(str::to_owned).as_deref());
            card.set(at, line);
        }
        None => card.add(vec![line]),
    }
    Ok(())
}

fn inline_line(blob: &InlineBlob, stated: &str, dialect: Dialect) -> ContentLine {
    let said = media_type(if blob.media_type.is_empty() { stated } else { &blob.media_type });
    let kind = sniffed(&blob.bytes).map_or(said, str::to_owned);
    let data = STANDARD.encode(&blob.bytes);
    if dialect == Dialect::VCard40 {
        return ContentLine::new("PHOTO", &format!("data:{kind};base64,{data}"));
    }
    let encoding = if dialect == Dialect::VCard21 { "BASE64" } else { "b" };
    let line = ContentLine::new("PHOTO", &data).with_param("ENCODING", encoding);
    match kind.strip_prefix("image/") {
        Some(word) => line.with_param("TYPE", &word.to_ascii_uppercase()),
        None if kind.is_empty() => line,
        None => line.with_param("TYPE", &kind),
    }
}
