//! Addresses of resources, as servers spell them, and the one spelling that is kept.
//!
//! One resource is spelt `%40` here and `@` there, with upper and lower hexadecimal digits, as an address, a path or a relative
//! name, with double slashes (python-caldav 302, 435). An id is the path in one canonical spelling, so that the same resource
//! has the same id; the host is not part of it, because iCloud moves accounts from host to host with their paths kept.
//!
//! What a server writes can lead nowhere but to its own host: an id is a path and nothing else.

use url::Url;

/// The hexadecimal value of two digits.
fn unhex(digits: &[u8]) -> Option<u8> {
    let value = |b: &u8| char::from(*b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    match digits {
        [high, low] => Some(value(high)? * 16 + value(low)?),
        _ => None,
    }
}

/// Whether a byte stands for itself in a segment of a path (RFC 3986 section 3.3, `pchar`).
fn plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte)
}

/// A segment in its one spelling. A slash that was escaped stays so, as do bytes that are no text.
fn segment(raw: &str, out: &mut String) {
    let bytes = raw.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let (byte, width) = match (byte, bytes.get(at + 1..at + 3).and_then(unhex)) {
            (b'%', Some(byte)) => (byte, 3),
            _ => (*byte, 1),
        };
        at += width;
        if plain(byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
}

/// A path in its one spelling: from the root, without empty and dot segments, a slash at the end kept. None for one that
/// leads above the root.
pub(crate) fn canonical(path: &str) -> Option<String> {
    let mut segments: Vec<String> = Vec::new();
    let mut last_is_open = true;
    for raw in path.split('/') {
        let mut spelt = String::with_capacity(raw.len());
        segment(raw, &mut spelt);
        last_is_open = matches!(spelt.as_str(), "" | "." | "..");
        match spelt.as_str() {
            "" | "." => {}
            ".." => {
                segments.pop()?;
            }
            _ => segments.push(spelt),
        }
    }
    let mut whole = String::with_capacity(path.len() + 1);
    for spelt in &segments {
        whole.push('/');
        whole.push_str(spelt);
    }
    if last_is_open {
        whole.push('/');
    }
    Some(whole)
}

/// The path of a collection: with a slash at its end. Shared collections of Radicale answer 404 without it (Radicale 2187).
pub(crate) fn folder(path: &str) -> String {
    if path.ends_with('/') { path.to_owned() } else { format!("{path}/") }
}

/// What an href leads to, as an address. `a:b.vcf` is a name and no scheme, as no server offers another scheme than http.
pub(crate) fn resolve(base: &Url, href: &str) -> Option<Url> {
    let href = href.trim();
    let has_scheme = ["http://", "https://"].iter().any(|scheme| href.get(..scheme.len()).is_some_and(|s| s.eq_ignore_ascii_case(scheme)));
    if href.is_empty() || (href.contains("://") && !has_scheme && !href.starts_with('/')) {
        return None;
    }
    let mut url = if has_scheme || href.starts_with('/') {
        // Two slashes at the start are an empty segment, and not another host.
        if href.starts_with("//") { base.join(&format!("/{}", href.trim_start_matches('/'))) } else { base.join(href) }
    } else {
        base.join(&format!("./{href}"))
    }
    .ok()?;
    let path = canonical(url.path())?;
    url.set_path(&path);
    url.set_query(None);
    url.set_fragment(None);
    let _ = (url.set_username(""), url.set_password(None));
    Some(url)
}

/// The canonical path of an href; none when it leads to another host than `base`, which is where the answer came from.
pub(crate) fn path_of(base: &Url, href: &str) -> Option<String> {
    let url = resolve(base, href)?;
    // Behind a proxy servers write their inner scheme or port; the host alone has to be right (Stalwart writes https behind http).
    (url.host() == base.host()).then(|| url.path().to_owned())
}

/// The last segment of a path, without a slash at its end.
pub(crate) fn name(path: &str) -> &str {
    let path = path.strip_suffix('/').unwrap_or(path);
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether `item` lies directly in the collection, as a resource and not as a collection.
pub(crate) fn is_member(collection: &str, item: &str) -> bool {
    item.strip_prefix(collection).is_some_and(|rest| !rest.is_empty() && !rest.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_spelling() {
        for (raw, expected) in [
            ("/a/b.vcf", "/a/b.vcf"),
            ("/a%40b/%7Euser/x%2e.ics", "/a@b/~user/x..ics"),
            ("//a///b/", "/a/b/"),
            ("/a/ä b/%c3%a4%20b", "/a/%C3%A4%20b/%C3%A4%20b"),
            ("/a%2fb/c", "/a%2Fb/c"),
            ("/100%", "/100%25"),
            ("/a%2540b", "/a%2540b"),
            ("/a/./b/../c", "/a/c"),
            ("", "/"),
            ("/a/%2e%2e/b", "/b"),
        ] {
            let spelt = canonical(raw).unwrap();
            assert_eq!(spelt, expected, "{raw}");
            assert_eq!(canonical(&spelt).unwrap(), spelt, "{raw}");
        }
        assert_eq!(canonical("/a/../../b"), None);
    }

    #[test]
    fn an_href_is_an_address_a_path_or_a_name() {
        let base = Url::parse("https://dav.example.org/dav/book/").unwrap();
        for (href, expected) in [
            ("https://dav.example.org/dav/book/x.vcf", "/dav/book/x.vcf"),
            ("/dav/book/x%40y.vcf", "/dav/book/x@y.vcf"),
            (" x.vcf\n", "/dav/book/x.vcf"),
            ("a:b.vcf", "/dav/book/a:b.vcf"),
            ("//dav//book/x.vcf", "/dav/book/x.vcf"),
            ("http://dav.example.org:8080/dav/x.vcf?y#z", "/dav/x.vcf"),
        ] {
            assert_eq!(path_of(&base, href).as_deref(), Some(expected), "{href}");
        }
        for foreign in ["https://evil.example/dav/book/x.vcf", "", "ftp://dav.example.org/x", "https://dav.example.org.evil.example/x"] {
            assert_eq!(path_of(&base, foreign), None, "{foreign}");
        }
    }

    #[test]
    fn members_lie_directly_in_their_collection() {
        assert!(is_member("/a/", "/a/x.vcf"));
        for other in ["/a/", "/a/b/", "/a/b/x.vcf", "/ab/x.vcf", "x.vcf", ""] {
            assert!(!is_member("/a/", other), "{other}");
        }
        assert_eq!((name("/a/b.vcf"), name("/a/b/"), name("/")), ("b.vcf", "b", ""));
    }
}
