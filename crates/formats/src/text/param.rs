//! Parameters of a content line and their codec (RFC 5545 section 3.2, RFC 6350 section 5, RFC 6868).

use std::fmt;

/// One parameter: `TYPE=home,work`, or bare in vCard 2.1 (`HOME` in `TEL;HOME:…`).
///
/// `Debug` shows the name and the number of values, never the text.
#[derive(Clone, PartialEq, Eq)]
pub struct Param {
    name: String,
    /// `None` for a bare parameter.
    values: Option<Vec<ParamValue>>,
}

/// One value of a parameter, as it is written.
#[derive(Clone, PartialEq, Eq)]
pub struct ParamValue {
    text: String,
    quoted: bool,
}

impl ParamValue {
    /// A value from its meaning: `^`, `"` and line ends are encoded (RFC 6868 section 3), and it is quoted when it
    /// holds `,`, `;` or `:`.
    #[must_use]
    pub fn new(value: &str) -> Self {
        let text = encode(value);
        let quoted = text.contains([',', ';', ':']);
        Self { text, quoted }
    }

    /// A value from the spelling of the file, without its quotes.
    pub(super) fn written(text: &str, quoted: bool) -> Self {
        Self { text: text.to_owned(), quoted }
    }

    /// The spelling of the file, without its quotes.
    #[must_use]
    pub fn as_written(&self) -> &str {
        &self.text
    }

    /// Is it written in double quotes?
    #[must_use]
    pub const fn is_quoted(&self) -> bool {
        self.quoted
    }

    /// The meaning: RFC 6868 undone.
    #[must_use]
    pub fn decoded(&self) -> String {
        decode(&self.text)
    }
}

impl Param {
    /// `name=value,value…` from the meaning of its values.
    #[must_use]
    pub fn new<'v>(name: &str, values: impl IntoIterator<Item = &'v str>) -> Self {
        Self { name: name.to_owned(), values: Some(values.into_iter().map(ParamValue::new).collect()) }
    }

    /// A bare parameter as vCard 2.1 writes it.
    #[must_use]
    pub fn bare(name: &str) -> Self {
        Self { name: name.to_owned(), values: None }
    }

    pub(super) fn written(name: &str, values: Vec<ParamValue>) -> Self {
        Self { name: name.to_owned(), values: Some(values) }
    }

    /// The name as it is spelt; for a bare parameter, its word.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Is this the parameter `name`? Case-insensitive. A bare parameter is also what its word stands for: `HOME` is a
    /// TYPE, `BASE64` an ENCODING, `URL` a VALUE (vCard 2.1 section 2.1.2).
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        if self.values.is_some() { self.name.eq_ignore_ascii_case(name) } else { implied(&self.name).eq_ignore_ascii_case(name) }
    }

    /// Is it bare (vCard 2.1)?
    #[must_use]
    pub const fn is_bare(&self) -> bool {
        self.values.is_none()
    }

    /// The values as written; empty for a bare parameter.
    #[must_use]
    pub fn values(&self) -> &[ParamValue] {
        self.values.as_deref().unwrap_or_default()
    }

    /// The meaning of the values; the word itself for a bare parameter.
    #[must_use]
    pub fn decoded(&self) -> Vec<String> {
        match &self.values {
            Some(values) => values.iter().map(ParamValue::decoded).collect(),
            None => vec![self.name.clone()],
        }
    }

    pub(super) fn write(&self, out: &mut String) {
        push_name(out, &self.name);
        let Some(values) = &self.values else { return };
        out.push('=');
        for (at, value) in values.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            if value.quoted {
                out.push('"');
            }
            // A line end cannot be in a parsed value; in an authored one it is encoded.
            out.extend(value.text.chars().filter(|c| !matches!(c, '\r' | '\n')));
            if value.quoted {
                out.push('"');
            }
        }
    }
}

/// Writes a group, property or parameter name without the characters that would end it.
pub(super) fn push_name(out: &mut String, name: &str) {
    out.extend(name.chars().filter(|c| !matches!(c, '\r' | '\n' | ':' | ';' | ',' | '"' | '=')));
}

/// The parameter that a bare word of vCard 2.1 belongs to.
fn implied(word: &str) -> &'static str {
    const ENCODINGS: [&str; 5] = ["QUOTED-PRINTABLE", "BASE64", "7BIT", "8BIT", "B"];
    const VALUES: [&str; 4] = ["INLINE", "URL", "CONTENT-ID", "CID"];
    if ENCODINGS.iter().any(|known| word.eq_ignore_ascii_case(known)) {
        "ENCODING"
    } else if VALUES.iter().any(|known| word.eq_ignore_ascii_case(known)) {
        "VALUE"
    } else {
        "TYPE"
    }
}

/// RFC 6868 section 3.1: `^n`, `^^` and `^'` for a line end, a circumflex and a double quote.
fn encode(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '^' => out.push_str("^^"),
            '"' => out.push_str("^'"),
            '\n' => out.push_str("^n"),
            '\r' => {
                if chars.peek() == Some(&'\n') {
                    chars.next();
                }
                out.push_str("^n");
            }
            other => out.push(other),
        }
    }
    out
}

/// RFC 6868 section 3.2: any other character after `^` leaves both as they are.
fn decode(text: &str) -> String {
    if !text.contains('^') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let decoded = match (c, chars.peek()) {
            ('^', Some('n')) => '\n',
            ('^', Some('^')) => '^',
            ('^', Some('\'')) => '"',
            _ => {
                out.push(c);
                continue;
            }
        };
        chars.next();
        out.push(decoded);
    }
    out
}

impl fmt::Debug for Param {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Param").field("name", &self.name).field("values", &self.values.as_ref().map(Vec::len)).finish()
    }
}

impl fmt::Debug for ParamValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParamValue").field("bytes", &self.text.len()).field("quoted", &self.quoted).finish()
    }
}
