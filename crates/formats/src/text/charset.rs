//! Character sets and QUOTED-PRINTABLE of vCard 2.1 and vCalendar 1.0.

/// A character set that a CHARSET parameter names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// UTF-8, also US-ASCII.
    Utf8,
    /// ISO-8859-1; read as windows-1252, since nobody means the C1 controls.
    Latin1,
    /// ISO-8859-15.
    Latin9,
    /// windows-1252.
    Windows1252,
    /// A name that is not known here: bytes are read as UTF-8 if they are valid, else as windows-1252.
    Unknown,
}

/// The bytes 0x80 to 0x9F of windows-1252 (the five holes are the C1 controls, as browsers read them).
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–',
    '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

impl Charset {
    /// The character set of a name, case-insensitive.
    #[must_use]
    pub fn named(name: &str) -> Self {
        match name.trim().to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" | "us-ascii" | "ascii" => Self::Utf8,
            "iso-8859-1" | "iso8859-1" | "iso_8859-1" | "latin1" | "latin-1" => Self::Latin1,
            "iso-8859-15" | "iso8859-15" | "latin9" | "latin-9" => Self::Latin9,
            "windows-1252" | "cp1252" | "windows1252" => Self::Windows1252,
            _ => Self::Unknown,
        }
    }

    /// The text of bytes. Never fails: bytes that are not valid UTF-8 are read as windows-1252.
    #[must_use]
    pub fn decode(self, bytes: &[u8]) -> String {
        match self {
            Self::Utf8 | Self::Unknown => match std::str::from_utf8(bytes) {
                Ok(text) => text.to_owned(),
                Err(_) => single_byte(bytes, false),
            },
            Self::Latin1 | Self::Windows1252 => single_byte(bytes, false),
            Self::Latin9 => single_byte(bytes, true),
        }
    }

    const fn is_single_byte(self) -> bool {
        matches!(self, Self::Latin1 | Self::Latin9 | Self::Windows1252)
    }
}

fn single_byte(bytes: &[u8], latin9: bool) -> String {
    bytes
        .iter()
        .map(|&byte| match byte {
            0xA4 if latin9 => '€',
            0xA6 if latin9 => 'Š',
            0xA8 if latin9 => 'š',
            0xB4 if latin9 => 'Ž',
            0xB8 if latin9 => 'ž',
            0xBC if latin9 => 'Œ',
            0xBD if latin9 => 'œ',
            0xBE if latin9 => 'Ÿ',
            0x80..=0x9F => WINDOWS_1252.get(usize::from(byte - 0x80)).copied().unwrap_or('\u{fffd}'),
            other => char::from(other),
        })
        .collect()
}

/// The CHARSET parameter of a line whose bytes are not UTF-8.
pub(super) fn declared(line: &[u8]) -> Option<Charset> {
    let head = line.split(|&byte| byte == b':').next()?;
    head.split(|&byte| byte == b';').skip(1).find_map(|param| {
        let text = std::str::from_utf8(param).ok()?;
        let (name, value) = text.split_once('=')?;
        name.eq_ignore_ascii_case("CHARSET").then(|| Charset::named(value.trim_matches('"')))
    })
}

/// QUOTED-PRINTABLE undone, then decoded (RFC 2045 section 6.7). A broken `=` stays as it is; one at the end is a soft
/// line break without a next line and goes.
pub(super) fn decode_quoted_printable(value: &str, charset: Charset) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        if c == '=' {
            if after.trim_end().is_empty() {
                break;
            }
            let code = after
                .get(..2)
                .filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
                .and_then(|hex| u8::from_str_radix(hex, 16).ok());
            if let Some(byte) = code {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
                continue;
            }
        }
        match u8::try_from(u32::from(c)) {
            Ok(byte) if c.is_ascii() || charset.is_single_byte() => bytes.push(byte),
            _ => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        rest = after;
    }
    charset.decode(&bytes)
}

/// QUOTED-PRINTABLE of UTF-8, without soft line breaks: the writer sets those.
pub(super) fn encode_quoted_printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\r' if bytes.peek() == Some(&b'\n') => {}
            b'\r' | b'\n' => out.push_str("=0D=0A"),
            b' ' if bytes.peek().is_none() => out.push_str("=20"),
            b'=' | 0..=0x1F | 0x7F.. => {
                out.push('=');
                for digit in [byte >> 4, byte & 15] {
                    out.extend(char::from_digit(u32::from(digit), 16).map(|c| c.to_ascii_uppercase()));
                }
            }
            _ => out.push(char::from(byte)),
        }
    }
    out
}
