//! Addresses below the root of the version: segments and queries, escaped.

/// A path below the root of the version, with its query: `me/contacts?$top=10`. Ids may hold `/`, `+` and `=`, so that every
/// segment that is not a word of Graph's own is escaped whole: a path that is one segment too long hits the collection, and is
/// 405 at best (microsoft-graph-docs 2188 and 4086).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    text: String,
    has_query: bool,
}

impl Path {
    /// A path that begins with these words of Graph's own, unescaped.
    pub(crate) fn of(words: &str) -> Self {
        Self { text: words.to_owned(), has_query: false }
    }

    /// The same, one segment further: an id, a name.
    pub(crate) fn id(mut self, segment: &str) -> Self {
        self.text.push('/');
        escape(&mut self.text, segment, "");
        self
    }

    /// The same, further by words of Graph's own: `contacts/delta`, `photo/$value`.
    pub(crate) fn word(mut self, words: &'static str) -> Self {
        self.text.push('/');
        self.text.push_str(words);
        self
    }

    /// The same path with an argument: `users('$ada@example.org')`. The literal comes with its quotes.
    pub(crate) fn argument(mut self, literal: &str) -> Self {
        self.text.push('(');
        escape(&mut self.text, literal, "$'@");
        self.text.push(')');
        self
    }

    /// The same, with one more query option. The value is escaped; quotes inside of its literals are the caller's, see [`literal`].
    pub(crate) fn query(mut self, name: &'static str, value: &str) -> Self {
        self.text.push(if self.has_query { '&' } else { '?' });
        self.has_query = true;
        self.text.push_str(name);
        self.text.push('=');
        escape(&mut self.text, value, QUERY);
        self
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

/// What stays as it is in a query (RFC 3986 section 3.4), but for `+`, `&`, `#` and `%`, which mean something else there.
const QUERY: &str = "$,()':@/;=";

/// A text as OData writes it in a filter: in quotes, its own quotes doubled (OData 4.0, part 2, section 5.1.1.6.1).
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn escape(out: &mut String, text: &str, kept: &str) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        let c = char::from(byte);
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') || (byte.is_ascii() && kept.contains(c)) {
            out.push(c);
        } else {
            out.push('%');
            for half in [byte >> 4, byte & 15] {
                out.push(char::from(HEX.get(usize::from(half)).copied().unwrap_or(b'0')));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_one_segment_and_queries_keep_what_odata_reads() {
        for (path, expected) in [
            (Path::of("me/contacts").id("AA/b+c=="), "me/contacts/AA%2Fb%2Bc%3D%3D"),
            (Path::of("users").id("ada@example.org").word("contacts/delta"), "users/ada%40example.org/contacts/delta"),
            (
                Path::of("me").word("contacts").query("$select", "id,changeKey").query("$top", "5"),
                "me/contacts?$select=id,changeKey&$top=5",
            ),
            (
                Path::of("me/contacts").query("$filter", &format!("fileAs eq {}", literal("O'Neil & Söhne"))),
                "me/contacts?$filter=fileAs%20eq%20'O''Neil%20%26%20S%C3%B6hne'",
            ),
            (
                Path::of("x").query("$expand", "p($filter=id eq 'String {00020329-0000} Name a')"),
                "x?$expand=p($filter=id%20eq%20'String%20%7B00020329-0000%7D%20Name%20a')",
            ),
        ] {
            assert_eq!(path.as_str(), expected);
        }
    }
}
