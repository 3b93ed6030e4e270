//! Versions: ETags in every spelling that servers and proxies give them, and hashes where there is none.

use pimkit_core::{Revision, cursor::binding};

/// What a proxy that packs bodies appends to an ETag: `-gzip` (Apache), `-br`, `;gzip` (nextcloud/server 28140).
const PACKED: [&str; 6] = ["-gzip", "-br", "-deflate", "-zstd", ";gzip", ";br"];

/// What a revision made of an ETag begins with.
const TAG: &str = "e:";
/// What a revision made of a body begins with.
const BODY: &str = "b:";

/// An ETag without all that is not the server's own: `W/`, quotes, a proxy's suffix. None when nothing is left.
///
/// Weak and unquoted ones (Yandex, Kerio, GroupOffice 556) are as good as others: they are compared as texts.
pub(crate) fn opaque(raw: &str) -> Option<&str> {
    let raw = raw.trim();
    let raw = raw.strip_prefix("W/").or_else(|| raw.strip_prefix("w/")).unwrap_or(raw);
    let strip = |text| PACKED.iter().find_map(|suffix| str::strip_suffix(text, suffix)).unwrap_or(text);
    let raw = strip(raw);
    let raw = raw.strip_prefix('"').and_then(|r| r.strip_suffix('"')).unwrap_or(raw);
    let raw = strip(raw);
    (!raw.is_empty() && !raw.contains(|c: char| c.is_control() || c == '"')).then_some(raw)
}

/// The revision of an ETag.
pub(crate) fn revision(raw: &str) -> Option<Revision> {
    opaque(raw).map(|tag| Revision::from(format!("{TAG}{tag}")))
}

/// The revision of a body whose server gives no ETag (Posteo, SmarterMail).
pub(crate) fn of_body(body: &[u8]) -> Revision {
    Revision::from(format!("{BODY}{:016x}{:016x}", binding(&[b"1".as_slice(), body]), binding(&[b"2".as_slice(), body])))
}

/// The ETag in a revision, as a precondition says it: quoted, strong. None for one made of a body.
pub(crate) fn condition(revision: &Revision) -> Option<String> {
    revision.as_str().strip_prefix(TAG).map(|tag| format!("\"{tag}\""))
}

/// Other spellings of a precondition, for servers that compare bytes: with a proxy's suffix, bare, weak.
pub(crate) fn spellings(revision: &Revision) -> Vec<String> {
    let Some(tag) = revision.as_str().strip_prefix(TAG) else { return Vec::new() };
    let mut spellings = vec![format!("W/\"{tag}\""), tag.to_owned()];
    spellings.extend(PACKED.iter().take(5).map(|suffix| format!("\"{tag}{suffix}\"")));
    spellings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_an_etag_is_one_revision() {
        for raw in ["\"abc\"", "abc", "W/\"abc\"", "\"abc-gzip\"", "\"abc\"-br", "W/\"abc;gzip\"", " \"abc\" "] {
            assert_eq!(revision(raw).unwrap().as_str(), "e:abc", "{raw}");
        }
        for none in ["", "\"\"", "W/\"\"", "  ", "\"a\"b\"", "a\u{1}"] {
            assert_eq!(revision(none), None, "{none}");
        }
        assert_eq!(revision("\"C=123@U=uuid\"").unwrap().as_str(), "e:C=123@U=uuid");
    }

    #[test]
    fn a_precondition_is_quoted_and_strong() {
        assert_eq!(condition(&revision("W/abc-gzip").unwrap()).unwrap(), "\"abc\"");
        assert_eq!(condition(&of_body(b"x")), None);
        assert_ne!(of_body(b"x"), of_body(b"y"));
    }
}
