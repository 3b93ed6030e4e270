//! Taking out of traffic what is somebody's: secrets, users, hosts, addresses.

use super::spellings;
use crate::Secret;
use std::collections::BTreeMap;

/// Names whose values are secrets, wherever they stand: queries, forms, JSON, XML.
const SECRET_NAMES: &[&str] =
    &["access_token", "refresh_token", "id_token", "client_secret", "api_key", "code_verifier", "assertion", "password", "passwd"];

/// Such names too, where they stand alone: `sync-token` and `pageToken` are what a fixture is about.
const SECRET_WORDS: &[&str] = &["device_code", "token", "authorization", "code", "key"];

/// Of these, the ones that hold secrets only in queries and forms: in JSON and XML they are how a provider names its errors
/// and its parts, which a fixture must keep.
const ONLY_ASSIGNED: &[&str] = &["code", "key"];

/// What is taken out of recorded traffic, and what stands there instead: the same for the same, so that what was equal stays
/// equal.
///
/// Besides what it is told, every recording takes out the hosts that were asked, all e-mail addresses, and the values of
/// names such as `access_token`. It cannot know names and notes of people: tell it with [`replace`](Self::replace), or
/// record an account of invented people.
#[derive(Clone, Default)]
#[expect(missing_debug_implementations, reason = "it holds secrets")]
pub struct Sanitiser {
    rules: Vec<Rule>,
    counts: [usize; 3],
}

#[derive(Clone)]
struct Rule {
    plain: Vec<String>,
    /// In base64: the whole run of base64 around it goes, as its ends hold a part of it.
    packed: Vec<String>,
    stand_in: String,
    /// Not inside of a longer word.
    word: bool,
}

impl Sanitiser {
    /// One that knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes out a password or token, in any spelling and at any place: `removed-1`.
    #[must_use]
    pub fn secret(mut self, secret: &Secret) -> Self {
        let stand_in = self.numbered(0, "removed-", "");
        // A secret of a few letters would be found in every other word.
        let word = secret.expose().len() < 6;
        self.rule(secret.expose(), stand_in, word);
        self
    }

    /// Takes out a user, a password, and the two as Basic joins them.
    #[must_use]
    pub fn login(self, user: &str, password: &Secret) -> Self {
        let pair = Secret::new(format!("{user}:{}", password.expose()));
        self.secret(&pair).secret(password).user(user)
    }

    /// Takes out a user: `user-1`.
    #[must_use]
    pub fn user(mut self, user: &str) -> Self {
        let stand_in = self.numbered(1, "user-", "");
        self.rule(user, stand_in, true);
        self
    }

    /// Takes out a host: `host-1.example`. Hosts that were asked are known without it.
    #[must_use]
    pub fn host(mut self, host: &str) -> Self {
        let known = self.rules.iter().any(|rule| rule.plain.iter().any(|plain| plain.eq_ignore_ascii_case(host)));
        if !known && !is_fictional(host) {
            let stand_in = self.numbered(2, "host-", ".example");
            self.rule(host, stand_in, true);
        }
        self
    }

    /// Puts something of your choice in the place of a text, such as a name.
    #[must_use]
    pub fn replace(mut self, text: &str, stand_in: &str) -> Self {
        self.rule(text, stand_in.to_owned(), true);
        self
    }

    fn numbered(&mut self, kind: usize, before: &str, after: &str) -> String {
        let count = self.counts.get_mut(kind).map_or(0, |count| {
            *count += 1;
            *count
        });
        format!("{before}{count}{after}")
    }

    fn rule(&mut self, text: &str, stand_in: String, word: bool) {
        if !text.is_empty() {
            self.rules.push(Rule { plain: spellings::of(text), packed: spellings::packed(text), stand_in, word });
        }
    }

    /// Where something known still stands, or an e-mail address that somebody may read.
    pub(super) fn leaks(&self, text: &[u8]) -> bool {
        let joined: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
        let plain = View::of(text).bytes;
        let once = spellings::undressed(&plain);
        let twice = spellings::undressed(&once);
        // Told or not, and in whatever dress: nobody real is written to.
        let someone = |text: &Vec<u8>| (0..text.len()).any(|at| Address::at(text, at).is_some());
        if [&plain, &once, &twice].into_iter().any(someone) {
            return true;
        }
        self.rules.iter().any(|rule| {
            let stands = |text: &[u8]| (0..text.len()).any(|at| rule.plain_at(text, at).is_some());
            // Base64 is broken into lines at any place.
            [&plain, &once, &twice].into_iter().any(|text| stands(text))
                || rule.packed.iter().any(|packed| find(&joined, packed.as_bytes()))
        })
    }

    pub(super) fn begin(&self) -> Sanitising<'_> {
        Sanitising {
            rules: &self.rules,
            people: BTreeMap::new(),
            values: BTreeMap::new(),
            removed: self.counts.first().copied().unwrap_or(0),
        }
    }
}

/// Hosts and domains that are nobody's (RFC 2606, RFC 6761), and this machine.
fn is_fictional(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let reserved = ["example", "example.com", "example.org", "example.net", "localhost", "invalid", "test"];
    reserved.iter().any(|name| host.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
        || host.starts_with("127.")
        || host == "[::1]"
}

impl Rule {
    /// The end of what this rule takes out at this place.
    fn plain_at(&self, text: &[u8], at: usize) -> Option<usize> {
        self.plain.iter().find_map(|plain| {
            let end = at + plain.len();
            let found = text.get(at..end)?.eq_ignore_ascii_case(plain.as_bytes());
            let whole = !self.word || (begins_word(text, at) && !text.get(end).copied().is_some_and(is_word));
            (found && whole).then_some(end)
        })
    }

    fn packed_at(&self, text: &[u8], at: usize) -> Option<usize> {
        self.packed.iter().find_map(|packed| {
            let end = at + packed.len();
            (text.get(at..end)? == packed.as_bytes()).then_some(end)
        })
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80
}

/// Whether a word may begin here: behind no letter, or behind one that belongs to an escape, as in `\\nalice` or `%2Falice`.
fn begins_word(text: &[u8], at: usize) -> bool {
    let before = |back: usize| at.checked_sub(back).and_then(|index| text.get(index)).copied();
    let hex = |back: usize| (1..=back).all(|back| before(back).is_some_and(|byte| byte.is_ascii_hexdigit()));
    !before(1).is_some_and(is_word)
        || (before(2) == Some(b'\\') && before(1).is_some_and(|byte| b"nrtbfN".contains(&byte)))
        || (before(3) == Some(b'%') && hex(2))
        || (before(6) == Some(b'\\') && before(5) == Some(b'u') && hex(4))
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/=-_".contains(&byte)
}

fn find(text: &[u8], needle: &[u8]) -> bool {
    text.windows(needle.len().max(1)).any(|window| window == needle)
}

/// A text without the folds of vCard and iCalendar (RFC 5545 §3.1), and where each byte of it stands in the text.
struct View {
    bytes: Vec<u8>,
    at: Vec<usize>,
}

impl View {
    fn of(text: &[u8]) -> Self {
        let upper: Vec<u8> = text.to_ascii_uppercase();
        // Elsewhere a line that begins with a space is a new line.
        let folded = find(&upper, b"BEGIN:VCARD") || find(&upper, b"BEGIN:VCALENDAR");
        let (mut bytes, mut at, mut index) = (Vec::with_capacity(text.len()), Vec::with_capacity(text.len()), 0);
        while let Some(byte) = text.get(index).copied() {
            // In XML a CR may be a reference.
            let folds: [&[u8]; 6] = [b"\r\n ", b"\r\n\t", b"\n ", b"\n\t", b"&#13;\n ", b"&#13;\n\t"];
            let fold = folds.iter().find(|fold| folded && text.get(index..).is_some_and(|rest| rest.starts_with(fold)));
            match fold {
                Some(fold) => index += fold.len(),
                None => {
                    bytes.push(byte);
                    at.push(index);
                    index += 1;
                }
            }
        }
        Self { bytes, at }
    }
}

/// One recording on its way to disk.
pub(super) struct Sanitising<'a> {
    rules: &'a [Rule],
    /// Addresses seen so far, in lower case.
    people: BTreeMap<Vec<u8>, usize>,
    /// Values of secret names seen so far.
    values: BTreeMap<Vec<u8>, usize>,
    removed: usize,
}

/// An e-mail address that is not of an invented domain.
struct Address {
    start: usize,
    end: usize,
    /// `@`, or as it is escaped.
    sign: &'static [u8],
    /// In lower case, with an `@`.
    whole: Vec<u8>,
}

impl Address {
    /// The one whose `@` or `%40` is here.
    fn at(text: &[u8], at: usize) -> Option<Self> {
        let sign = [b"@".as_slice(), b"%40"].into_iter().find(|sign| text.get(at..).is_some_and(|rest| rest.starts_with(sign)))?;
        let is_local = |byte: u8| is_word(byte) || b"._+-".contains(&byte);
        let start = (0..at).rev().take_while(|before| text.get(*before).copied().is_some_and(is_local)).last()?;
        // An escape before the address is not a part of it: cut in two, it would break what it stands in.
        let escape = start.checked_sub(1).and_then(|before| text.get(before)).is_some_and(|byte| b"\\%".contains(byte));
        let start = if escape { (start + 1..at).take(5).find(|inside| begins_word(text, *inside)).unwrap_or(start) } else { start };
        let from = at + sign.len();
        let is_domain = |byte: u8| is_word(byte) || b".-".contains(&byte);
        let mut end = from;
        while text.get(end).copied().is_some_and(is_domain) {
            end += 1;
        }
        while end > from && text.get(end - 1).copied().is_some_and(|byte| b".-".contains(&byte)) {
            end -= 1;
        }
        let domain = String::from_utf8_lossy(text.get(from..end)?).into_owned();
        if !domain.contains('.') || is_fictional(&domain) {
            return None;
        }
        let whole = [text.get(start..at)?, b"@", domain.as_bytes()].concat().to_ascii_lowercase();
        Some(Self { start, end, sign, whole })
    }
}

/// What stands from here to there is taken out, for this.
type Cut = (usize, usize, Vec<u8>);

impl Sanitising<'_> {
    /// The same text with stand-ins.
    pub(super) fn apply(&mut self, text: &[u8]) -> Vec<u8> {
        let text = cut(text, |view, at| self.packed(view, at));
        // Addresses before users and hosts, which are parts of them; secrets with these, as an address may hold one.
        let text = cut(&text, |view, at| self.secret(view, at));
        let text = cut(&text, |view, at| self.address(view, at));
        let text = cut(&text, |view, at| self.known(view, at));
        cut(&text, |view, at| self.value(view, at))
    }

    fn packed(&self, text: &[u8], at: usize) -> Option<Cut> {
        let (rule, mut end) = self.rules.iter().find_map(|rule| Some((rule, rule.packed_at(text, at)?)))?;
        let start = (0..at).rev().take_while(|before| text.get(*before).copied().is_some_and(is_base64)).last().unwrap_or(at);
        while text.get(end).copied().is_some_and(is_base64) {
            end += 1;
        }
        Some((start, end, rule.stand_in.clone().into_bytes()))
    }

    fn secret(&self, text: &[u8], at: usize) -> Option<Cut> {
        self.first(text, at, |rule| rule.stand_in.starts_with("removed-"))
    }

    fn known(&self, text: &[u8], at: usize) -> Option<Cut> {
        self.first(text, at, |_| true)
    }

    /// The longest of what is known at this place.
    fn first(&self, text: &[u8], at: usize, of: impl Fn(&Rule) -> bool) -> Option<Cut> {
        let found = self.rules.iter().filter(|rule| of(rule)).filter_map(|rule| Some((rule, rule.plain_at(text, at)?)));
        let (rule, end) = found.max_by_key(|(_, end)| *end)?;
        Some((at, end, rule.stand_in.clone().into_bytes()))
    }

    /// An e-mail address whose `@` or `%40` is here.
    fn address(&mut self, text: &[u8], at: usize) -> Option<Cut> {
        let Address { start, end, sign, whole } = Address::at(text, at)?;
        let next = self.people.len() + 1;
        let number = *self.people.entry(whole).or_insert(next);
        let stand_in = [format!("person-{number}").as_bytes(), sign, b"example.org"].concat();
        Some((start, end, stand_in))
    }

    /// The value of a secret name that begins here.
    fn value(&mut self, text: &[u8], at: usize) -> Option<Cut> {
        let is_here = |name: &&&str| text.get(at..at + name.len()).is_some_and(|word| word.eq_ignore_ascii_case(name.as_bytes()));
        let alone =
            begins_word(text, at) && !at.checked_sub(1).and_then(|before| text.get(before)).is_some_and(|byte| b"_-.".contains(byte));
        let words = SECRET_WORDS.iter().filter(|_| alone);
        let name = SECRET_NAMES.iter().chain(words).find(is_here)?;
        let byte = |index: usize| text.get(index).copied();
        let skip = |mut index: usize, of: &[u8]| {
            while byte(index).is_some_and(|byte| of.contains(&byte)) {
                index += 1;
            }
            index
        };
        let sign = skip(at + name.len(), b"\"' \t\r\n");
        let signs: &[u8] = if ONLY_ASSIGNED.contains(name) { b"=" } else { b":=>" };
        if !byte(sign).is_some_and(|byte| signs.contains(&byte)) {
            return None;
        }
        // In an element the value goes to the next tag, whatever stands in it.
        let element = byte(sign) == Some(b'>');
        let opening = (0..at).rev().find(|before| !byte(*before).is_some_and(|byte| is_word(byte) || b":-_.".contains(&byte)));
        if element && opening.and_then(byte) == Some(b'/') {
            // `</password>`: what follows is nobody's value.
            return None;
        }
        let start = if element { sign + 1 } else { skip(sign + 1, b"\"' \t\r\n") };
        let quote = byte(start.checked_sub(1)?).filter(|byte| b"\"'".contains(byte));
        let mut end = start;
        while let Some(now) = byte(end) {
            let over = match quote {
                _ if element => now == b'<',
                Some(quote) => now == quote,
                // As a header it holds a scheme and its words, up to the end of the line.
                None if *name == "authorization" => b"&}<\"'\r\n".contains(&now),
                None => b"&,;}<\"'".contains(&now) || now.is_ascii_whitespace(),
            };
            if over {
                break;
            }
            // An escaped quote belongs to the value.
            end += if now == b'\\' && !element { 2 } else { 1 };
        }
        let end = end.min(text.len());
        let value = text.get(start..end)?;
        let nothing = value.is_empty() || (quote.is_none() && [b"null".as_slice(), b"true", b"false"].contains(&value));
        if nothing || value.to_ascii_lowercase().starts_with(b"removed") {
            return None;
        }
        if !self.values.contains_key(value) {
            self.removed += 1;
            self.values.insert(value.to_vec(), self.removed);
        }
        let number = self.values.get(value)?;
        Some((start, end, format!("removed-{number}").into_bytes()))
    }
}

/// Takes out what is found, place by place; what is found begins behind what was found before.
fn cut(text: &[u8], mut found: impl FnMut(&[u8], usize) -> Option<Cut>) -> Vec<u8> {
    let view = View::of(text);
    let mut out = Vec::with_capacity(text.len());
    // Behind the last cut: in the view, and in the text.
    let (mut free, mut copied) = (0, 0);
    let mut at = 0;
    while at < view.bytes.len() {
        if let Some((start, end, stand_in)) = found(&view.bytes, at) {
            let start = start.max(free);
            let from = view.at.get(start).copied().unwrap_or(text.len());
            // A fold inside of what goes, goes with it.
            let to = end.checked_sub(1).and_then(|last| view.at.get(last)).map_or(from, |last| last + 1);
            out.extend_from_slice(text.get(copied..from).unwrap_or_default());
            out.extend_from_slice(&stand_in);
            copied = to.max(from);
            free = end;
            at = end.max(at + 1);
        } else {
            at += 1;
        }
    }
    out.extend_from_slice(text.get(copied..).unwrap_or_default());
    out
}
