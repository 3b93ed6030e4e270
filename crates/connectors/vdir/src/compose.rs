//! The text of an item: made, or patched.

use crate::{
    blobs::{self, Given},
    disk, error,
    files::Files,
};
use pimkit_core::{Error, ErrorKind, Field, Mark, Result, cursor::binding};
use pimkit_formats::resource::{FormatError, TextRecord};

/// A text, and the fields that it does not say as the target does.
pub(crate) struct Composed {
    pub(crate) bytes: Vec<u8>,
    pub(crate) left_out: Vec<(Field, Error)>,
}

impl<R: TextRecord> Files<R> {
    /// The text of a target: made, or the old one patched. A field that the text cannot say stays as it was, and is
    /// named in `left_out`.
    pub(crate) fn compose(&self, old: Option<(&[u8], &R)>, given: Given<R>) -> Result<Composed> {
        let Given { mut target, inline, mut left_out } = given;
        let options = self.authoring();
        let empty = R::default();
        let base = old.map_or(&empty, |(_, base)| base);
        loop {
            let composed = match old {
                Some((text, base)) => R::patch(text, base, &target, &options, &inline),
                None => R::author(&target, &options, &inline),
            };
            let error = match composed {
                Ok(bytes) => {
                    // Nothing is put in place that could not be read again.
                    R::read(&bytes)
                        .map_err(|e| Error::new(ErrorKind::Unexpected, "the text would not read back; report it").caused_by(e))?;
                    if bytes.len() as u64 > disk::LARGEST {
                        return Err(error::unreadable("the item would be larger than a file may be; leave its files or picture out"));
                    }
                    return Ok(Composed { bytes, left_out });
                }
                Err(error) => error,
            };
            let field = match &error {
                FormatError::Unwritable { field, .. } => field.clone(),
                FormatError::MissingBlob { field } => (*field).to_owned(),
                _ => return Err(error.into()),
            };
            let without = blobs::as_before(base, &target, &field).filter(|record| *record != target);
            let Some(without) = without else { return Err(error.into()) };
            target = without;
            left_out.push((Field::from(field), error.into()));
        }
    }
}

/// A UID that is always the same for a mark: a UUID of version 8 (RFC 9562 section 5.8).
pub(crate) fn uid(mark: &Mark) -> String {
    let half = |part: &str| binding(&["pimkit-vdir", part, mark.as_str()]);
    let bits = (u128::from(half("1")) << 64) | u128::from(half("2"));
    let bits = (bits & !(0xf << 76) & !(0x3 << 62)) | (0x8 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    let parts = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)].map(|(from, to)| hex.get(from..to).unwrap_or_default());
    parts.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_gives_one_uid_of_the_form_of_a_uuid() {
        let one = uid(&Mark::from("a"));
        assert_eq!(one, uid(&Mark::from("a")));
        assert_ne!(one, uid(&Mark::from("b")));
        assert_eq!(one.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert_eq!(one.as_bytes()[14], b'8');
        assert!(matches!(one.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
    }
}
