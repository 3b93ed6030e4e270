//! Photos (<https://learn.microsoft.com/graph/api/resources/profilephoto>).

use crate::graph::answer::{Answer, Result, Says, no_such_method, no_such_path, refuse};
use crate::graph::ask::Ask;
use crate::graph::store::{Extended, Photo};
use crate::graph::world::Call;
use crate::graph::{extended, ids};
use serde_json::{Map, Value};

/// The property of a contact that says whether it has a photo.
const HAS_PICTURE: &str = "Boolean {00062004-0000-0000-c000-000000000046} Id 0x8015";

/// The most bytes that a photo has.
const MOST: usize = 4 * 1024 * 1024;

/// Who has a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pictured {
    /// Its photo can be replaced and never be taken away.
    Contact,
    /// Nobody writes it here.
    User,
}

/// What a request does to a photo: None if it only reads it.
pub(crate) fn picture(ask: &Ask, of: Pictured, photo: Option<&Photo>, rest: &[&str]) -> Result<(Answer, Option<Photo>)> {
    let raw = match rest {
        [] => false,
        [name] if name.eq_ignore_ascii_case("$value") => true,
        [name, ..] => return Err(no_such_path(name)),
    };
    match (ask.method.as_str(), of) {
        ("GET", _) => {
            let Some(photo) = photo else {
                return refuse(404, "ErrorItemNotFound", "The specified object was not found in the store., The photo wasn't found.");
            };
            let answer = if raw {
                Answer::bytes(photo.bytes.clone(), &photo.content_type).header("etag", tag(photo))
            } else {
                Answer::json(200, Value::Object(metadata(photo)), Says::One("profilePhoto"))
            };
            Ok((answer, None))
        }
        ("PUT" | "PATCH", Pictured::Contact) => {
            let told = ask.header("content-type").unwrap_or_default().to_lowercase();
            if !told.starts_with("image/") && told != "application/octet-stream" {
                return refuse(415, "ErrorInvalidContentType", "The content type of a photo must be an image type.");
            }
            if ask.body.is_empty() {
                return refuse(400, "ErrorInvalidRequest", "A photo must have content.");
            }
            if ask.body.len() > MOST {
                return refuse(413, "ErrorMessageSizeExceeded", "The photo is larger than 4 MB.");
            }
            let content_type = if told.starts_with("image/") { told } else { "image/jpeg".to_owned() };
            Ok((Answer::empty(200), Some(Photo { bytes: ask.body.clone(), content_type })))
        }
        _ => Err(no_such_method()),
    }
}

pub(super) fn of_contact(call: &mut Call<'_>, key: u64, rest: &[&str]) -> Result {
    let (answer, photo) = picture(call.ask, Pictured::Contact, call.item(key)?.photo.as_ref(), rest)?;
    if let Some(photo) = photo {
        let item = call.item_mut(key)?;
        item.photo = Some(photo);
        // `PidLidHasPicture` (MS-OXOCNTC section 2.2.1.8.1), by which clients know that they need not ask.
        let flag = Extended { id: HAS_PICTURE.to_owned(), value: Value::from("true") };
        item.extended.insert(extended::canonical(HAS_PICTURE)?, flag);
        call.touch(key)?;
    }
    Ok(answer)
}

fn tag(photo: &Photo) -> String {
    format!("\"{}\"", ids::hex(&ids::secret(0, &ids::hex(&photo.bytes))).get(..32).unwrap_or_default())
}

/// What is told of a photo.
pub(crate) fn metadata(photo: &Photo) -> Map<String, Value> {
    let (width, height) = size(&photo.bytes).unwrap_or((1, 1));
    let mut out = Map::new();
    out.insert("@odata.mediaContentType".to_owned(), Value::from(photo.content_type.as_str()));
    out.insert("@odata.mediaEtag".to_owned(), Value::from(tag(photo)));
    out.insert("id".to_owned(), Value::from(format!("{width}X{height}")));
    out.insert("width".to_owned(), Value::from(width));
    out.insert("height".to_owned(), Value::from(height));
    out
}

/// Width and height of a PNG or a JPEG.
fn size(bytes: &[u8]) -> Option<(u32, u32)> {
    if bytes.starts_with(b"\x89PNG") {
        let at = |from: usize| Some(u32::from_be_bytes(bytes.get(from..from + 4)?.try_into().ok()?));
        return Some((at(16)?, at(20)?));
    }
    let mut at = 2;
    // Segments of a JPEG: a marker, a length, and in the frame's header height and width.
    while bytes.get(at) == Some(&0xff) {
        let marker = *bytes.get(at + 1)?;
        let pair = |from: usize| Some(u32::from(*bytes.get(from)?) << 8 | u32::from(*bytes.get(from + 1)?));
        if (0xc0..=0xcf).contains(&marker) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
            return Some((pair(at + 7)?, pair(at + 5)?));
        }
        at += 2 + usize::try_from(pair(at + 2)?).ok()?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_both_kinds_are_read_and_nonsense_is_not() {
        let png = [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), &7_u32.to_be_bytes(), &9_u32.to_be_bytes()].concat();
        let jpeg = [b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x11\x08".as_slice(), &[0, 9, 0, 7]].concat();
        assert_eq!((size(&png), size(&jpeg), size(b"GIF89a"), size(b"")), (Some((7, 9)), Some((7, 9)), None, None));
    }
}
