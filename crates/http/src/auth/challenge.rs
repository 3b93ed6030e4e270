//! `WWW-Authenticate` (RFC 9110 §11.6.1), as servers really write it.

use http::{HeaderMap, header};

/// One way to sign in that a server offers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Offer {
    /// `basic`, `digest`, `bearer`, …: in lower case.
    pub scheme: String,
    /// Names in lower case, values without quotes.
    pub params: Vec<(String, String)>,
    /// What schemes such as Negotiate say in one word.
    pub token: Option<String>,
}

impl Offer {
    /// The first value of this name.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether the server knows who asks, and wants more of the sign-in than the token shows: `error="insufficient_claims"`
    /// (<https://learn.microsoft.com/entra/identity-platform/claims-challenge>). What it wants is in the parameter `claims`.
    #[must_use]
    pub fn wants_claims(&self) -> bool {
        self.scheme == "bearer" && self.param("error") == Some("insufficient_claims")
    }
}

/// All offers of an answer, in order. Whatever cannot be read is passed over: a server that writes one odd offer may still
/// write a good one.
pub(crate) fn offers(headers: &HeaderMap) -> Vec<Offer> {
    let mut found = Vec::new();
    for value in headers.get_all(header::WWW_AUTHENTICATE) {
        // Realms are UTF-8 today and Latin-1 in old servers; there every byte is a character.
        let text = match std::str::from_utf8(value.as_bytes()) {
            Ok(text) => text.chars().collect(),
            Err(_) => value.as_bytes().iter().map(|byte| char::from(*byte)).collect(),
        };
        Reader { text, at: 0 }.offers(&mut found);
    }
    found
}

struct Reader {
    text: Vec<char>,
    at: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn skip(&mut self, of: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&of) {
            self.at += 1;
        }
    }

    fn take(&mut self, of: impl Fn(char) -> bool) -> String {
        let start = self.at;
        self.skip(of);
        self.text.get(start..self.at).unwrap_or_default().iter().collect()
    }

    fn offers(&mut self, found: &mut Vec<Offer>) {
        let begun = found.len();
        loop {
            self.skip(|c| c.is_whitespace() || c == ',');
            if self.peek().is_none() {
                return;
            }
            let word = self.take(is_token);
            if word.is_empty() {
                self.at += 1;
                continue;
            }
            let end_of_word = self.at;
            self.skip(char::is_whitespace);
            if self.peek() == Some('=') {
                self.at += 1;
                let value = self.value();
                // A parameter before any scheme of this header belongs to nothing.
                if let Some(offer) = found.get_mut(begun..).and_then(<[Offer]>::last_mut) {
                    offer.params.push((word.to_ascii_lowercase(), value));
                }
            } else {
                let token = if self.at > end_of_word { self.token() } else { None };
                found.push(Offer { scheme: word.to_ascii_lowercase(), params: Vec::new(), token });
            }
        }
    }

    /// `token68` after a scheme: a word that ends where the offer ends.
    fn token(&mut self) -> Option<String> {
        let start = self.at;
        let mut token = self.take(|c| c.is_ascii_alphanumeric() || "-._~+/".contains(c));
        token.push_str(&self.take(|c| c == '='));
        self.skip(char::is_whitespace);
        if !token.is_empty() && matches!(self.peek(), None | Some(',')) {
            return Some(token);
        }
        self.at = start;
        None
    }

    /// A token or a quoted string; a string that is not closed goes to the end.
    fn value(&mut self) -> String {
        self.skip(char::is_whitespace);
        if self.peek() != Some('"') {
            return self.take(|c| c != ',' && !c.is_whitespace());
        }
        self.at += 1;
        let mut value = String::new();
        while let Some(c) = self.peek() {
            self.at += 1;
            match c {
                '"' => break,
                '\\' => {
                    value.extend(self.peek());
                    self.at += 1;
                }
                _ => value.push(c),
            }
        }
        value
    }
}

/// RFC 9110 §5.6.2.
fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn shown(values: &[&[u8]]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_bytes(value).unwrap());
        }
        let one = |offer: Offer| {
            let params: String = offer.params.iter().map(|(name, value)| format!(" {name}=<{value}>")).collect();
            format!("{}{params}{}", offer.scheme, offer.token.map(|token| format!(" [{token}]")).unwrap_or_default())
        };
        offers(&headers).into_iter().map(one).collect()
    }

    proptest::proptest! {
        #[test]
        fn whatever_a_server_writes_is_read_to_its_end(bytes in proptest::collection::vec(0x20_u8..=0xff, 0..200), text in "[a-zB=\", \\\\]{0,80}") {
            shown(&[&bytes.iter().copied().filter(|byte| *byte != 0x7f).collect::<Vec<_>>(), text.as_bytes()]);
        }
    }

    #[test]
    fn offers_are_read_however_servers_write_them() {
        for (values, expected) in [
            (&[b"Basic realm=\"a, b\"".as_slice()][..], &["basic realm=<a, b>"][..]),
            (&[b"Basic"], &["basic"]),
            (&[b"Negotiate", b"NTLM"], &["negotiate", "ntlm"]),
            (&[b"Negotiate, NTLM, Basic realm=x"], &["negotiate", "ntlm", "basic realm=<x>"]),
            (&[b"Negotiate oRQwEqADCgEBoQ==, Basic realm=\"x\""], &["negotiate [oRQwEqADCgEBoQ==]", "basic realm=<x>"]),
            (&[b"X-MobileMe-AuthToken realm=\"m\", Basic realm=\"m\""], &["x-mobileme-authtoken realm=<m>", "basic realm=<m>"]),
            (
                &[b"DIGEST Realm = \"a \\\"b\\\" \\\\\" , nonce=\"n\",qop=\"auth,auth-int\", stale=TRUE, algorithm=MD5"],
                &["digest realm=<a \"b\" \\> nonce=<n> qop=<auth,auth-int> stale=<TRUE> algorithm=<MD5>"],
            ),
            (
                &[b"Digest realm=\"a\", nonce=\"1\", algorithm=SHA-256, Digest realm=\"a\", nonce=\"2\", algorithm=MD5"],
                &["digest realm=<a> nonce=<1> algorithm=<SHA-256>", "digest realm=<a> nonce=<2> algorithm=<MD5>"],
            ),
            (&[b"Digest realm=\"caf\xe9\""], &["digest realm=<caf\u{e9}>"]),
            (&["Digest realm=\"café\"".as_bytes()], &["digest realm=<café>"]),
            (&[b"Digest qop=\"\", nonce=\"n\""], &["digest qop=<> nonce=<n>"]),
            (&[b"Bearer error=\"invalid_token\" , error_description=\"x\""], &["bearer error=<invalid_token> error_description=<x>"]),
            // What is broken costs nothing but itself.
            (&[b""], &[]),
            (&[b",, ,"], &[]),
            (&[b"realm=\"x\""], &[]),
            (&[b"@@@ Basic realm=\"x"], &["basic realm=<x>"]),
            (&[b"Basic realm=\"x\\"], &["basic realm=<x>"]),
            (&[b"Basic", b"realm=\"x\""], &["basic"]),
        ] {
            assert_eq!(shown(values), expected, "{values:?}");
        }
    }
}
