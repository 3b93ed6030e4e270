//! The answer to a Digest challenge, word by word (RFC 7616 §3.4).

use super::Session;
use md5::Md5;
use sha2::{Digest as _, Sha256};
use std::fmt::Write;
use zeroize::Zeroizing;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Md5,
    Md5Session,
    Sha256,
    Sha256Session,
}

impl Algorithm {
    pub(super) fn named(name: &str) -> Option<Self> {
        let known = [("MD5", Self::Md5), ("MD5-sess", Self::Md5Session), ("SHA-256", Self::Sha256), ("SHA-256-sess", Self::Sha256Session)];
        known.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, algorithm)| algorithm)
    }

    pub(super) fn session(self) -> bool {
        matches!(self, Self::Md5Session | Self::Sha256Session)
    }

    pub(super) fn strength(self) -> u8 {
        match self {
            Self::Md5 | Self::Md5Session => 1,
            Self::Sha256 | Self::Sha256Session => 2,
        }
    }

    /// The hash of parts joined by colons, in lower-case hexadecimal.
    fn hash(self, parts: &[&str]) -> String {
        let text = Zeroizing::new(parts.join(":"));
        match self {
            Self::Md5 | Self::Md5Session => hex(&Md5::digest(text.as_bytes())),
            Self::Sha256 | Self::Sha256Session => hex(&Sha256::digest(text.as_bytes())),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What is answered, for one request.
pub(super) struct Answer<'a> {
    pub(super) session: &'a Session,
    pub(super) cnonce: &'a str,
    pub(super) method: &'a str,
    /// The request target, byte for byte: the server compares.
    pub(super) uri: &'a str,
}

impl Answer<'_> {
    /// The value of `Authorization`.
    pub(super) fn header(&self, user: &str, password: &str) -> String {
        let Self { session, cnonce, uri, .. } = self;
        let algorithm = session.algorithm;
        let mut text = "Digest ".to_owned();
        text.push_str(&self.user(user));
        push_quoted(&mut text, "realm", &session.realm);
        push_quoted(&mut text, "nonce", &session.nonce);
        push_quoted(&mut text, "uri", uri);
        if let Some(spelled) = &session.spelled {
            push(&mut text, "algorithm", spelled);
        }
        if session.qop {
            push(&mut text, "qop", "auth");
            push(&mut text, "nc", &count(session.count));
        }
        if session.qop || algorithm.session() {
            push_quoted(&mut text, "cnonce", cnonce);
        }
        push_quoted(&mut text, "response", &self.response(user, password));
        if let Some(opaque) = &session.opaque {
            push_quoted(&mut text, "opaque", opaque);
        }
        if session.userhash {
            push(&mut text, "userhash", "true");
        }
        text
    }

    fn user(&self, user: &str) -> String {
        let mut text = String::new();
        if self.session.userhash {
            write_quoted(&mut text, "username", &self.session.algorithm.hash(&[user, &self.session.realm]));
        } else if self.session.utf8 && !user.is_ascii() {
            // RFC 7616 §3.4, RFC 8187 §3.2: what a quoted string cannot hold. Servers that never said that they know this
            // form get the bytes as they are.
            text.push_str("username*=UTF-8''");
            for byte in user.bytes() {
                if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
                    text.push(char::from(byte));
                } else {
                    let _ = write!(text, "%{byte:02X}");
                }
            }
        } else {
            write_quoted(&mut text, "username", user);
        }
        text
    }

    fn response(&self, user: &str, password: &str) -> String {
        let Self { session, cnonce, method, uri } = self;
        let algorithm = session.algorithm;
        let mut key = Zeroizing::new(algorithm.hash(&[user, &session.realm, password]));
        if algorithm.session() {
            key = Zeroizing::new(algorithm.hash(&[&key, &session.nonce, cnonce]));
        }
        let what = algorithm.hash(&[method, uri]);
        if session.qop {
            algorithm.hash(&[&key, &session.nonce, &count(session.count), cnonce, "auth", &what])
        } else {
            algorithm.hash(&[&key, &session.nonce, &what])
        }
    }
}

fn count(count: u32) -> String {
    format!("{count:08x}")
}

fn push(text: &mut String, name: &str, value: &str) {
    let _ = write!(text, ", {name}={value}");
}

fn push_quoted(text: &mut String, name: &str, value: &str) {
    text.push_str(", ");
    write_quoted(text, name, value);
}

fn write_quoted(text: &mut String, name: &str, value: &str) {
    let _ = write!(text, "{name}=\"");
    for c in value.chars() {
        if matches!(c, '"' | '\\') {
            text.push('\\');
        }
        text.push(c);
    }
    text.push('"');
}
