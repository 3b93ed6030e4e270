//! What is somebody's in the traffic of Microsoft Graph, taken out by where it stands.
//!
//! A text is kept only where its property is known to hold nothing of anybody's: words of the service, times, zones, types. Every
//! other one is replaced, the same by the same, by something of its sort: ids and versions by ids, addresses by addresses, pages by
//! pages, HTML by HTML. Paths of requests and links are treated alike, so that what is asked is still found.

mod words;

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine, engine::general_purpose::STANDARD};
use pimkit_http::Redaction;
use serde_json::{Map, Value, json};

use words::{LINKS, NAMES, OPTIONS, PLACES, SEGMENTS, TIMES, WORDS};

/// Texts of this length that look like nobody's word are looked for once more in what was written.
const TELLING: usize = 8;

/// One recording on its way to disk. It holds what is somebody's, and is shown nowhere.
#[derive(Default)]
pub(super) struct Graph {
    /// What stands for what.
    ids: BTreeMap<String, String>,
    texts: BTreeMap<String, String>,
    people: BTreeMap<String, String>,
    /// The account's own addresses, in lower case.
    own: BTreeSet<String>,
    gone: BTreeSet<String>,
}

/// A sort of stand-ins.
#[derive(Clone, Copy)]
enum Sort {
    Id,
    Text,
    Person,
}

impl Graph {
    /// One in which these addresses are the account's own.
    pub(super) fn own(addresses: impl IntoIterator<Item = String>) -> Self {
        Self { own: addresses.into_iter().map(|address| address.to_lowercase()).collect(), ..Self::default() }
    }

    /// Whether something that was taken out, and is no mere word, still stands in a text.
    pub(super) fn is_left(&self, text: &str) -> bool {
        let is_telling = |gone: &&String| gone.len() >= TELLING && !gone.chars().all(|c| c.is_ascii_alphabetic());
        self.gone.iter().filter(is_telling).any(|gone| text.contains(gone.as_str()))
    }

    fn stand_in(&mut self, sort: Sort, text: &str) -> String {
        self.gone.insert(text.to_owned());
        let key = if matches!(sort, Sort::Person) { text.to_lowercase() } else { text.to_owned() };
        if matches!(sort, Sort::Person) && self.own.contains(&key) {
            return "me@example.org".to_owned();
        }
        let known = match sort {
            Sort::Id => &mut self.ids,
            Sort::Text => &mut self.texts,
            Sort::Person => &mut self.people,
        };
        let next = known.len() + 1;
        let made = || match sort {
            Sort::Id => format!("id-{next}"),
            Sort::Text => format!("text-{next}"),
            Sort::Person => format!("person-{next}@example.org"),
        };
        known.entry(key).or_insert_with(made).clone()
    }

    /// `W/"version"` keeps its dress, and the version stands for the same as where it stands bare.
    fn id(&mut self, text: &str) -> String {
        if is_address(text) {
            return self.stand_in(Sort::Person, text);
        }
        if let Some((before, version)) = text.strip_suffix('"').and_then(|rest| rest.split_once('"')) {
            return format!("{before}\"{}\"", self.id(version));
        }
        if text.is_empty() || text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.to_owned();
        }
        self.stand_in(Sort::Id, text)
    }

    fn text(&mut self, text: &str) -> String {
        let (scheme, rest) = text.split_once(':').unwrap_or(("", text));
        match text {
            "" => String::new(),
            _ if is_address(text) => self.stand_in(Sort::Person, text),
            // `SMTP:ada@example.org` of proxy addresses.
            _ if is_address(rest) && scheme.eq_ignore_ascii_case("smtp") => format!("{scheme}:{}", self.stand_in(Sort::Person, rest)),
            _ if is_page(text) => format!("https://example.org/{}", self.stand_in(Sort::Text, text)),
            // A Message-ID.
            _ if text.starts_with('<') && text.ends_with('>') && text.contains('@') => {
                format!("<{}@example.org>", self.stand_in(Sort::Id, text))
            }
            // What is kept aside as JSON stays JSON.
            _ if text.starts_with('{') && text.ends_with('}') => {
                self.gone.insert(text.to_owned());
                "{}".to_owned()
            }
            _ => self.stand_in(Sort::Text, text),
        }
    }

    /// What an error says: its small words, by which cases of one code are told apart.
    fn message(&mut self, text: &str) -> String {
        let is_plain = |word: &&str| {
            let word = word.trim_end_matches(['.', ',', ';', ':', '!']);
            let small = word.bytes().all(|byte| byte.is_ascii_lowercase());
            let capitals = word.len() > 2 && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
            small || capitals && !word.bytes().all(|byte| byte.is_ascii_digit())
        };
        // What stands in quotes is a name.
        let outside: Vec<&str> = text.split(['\'', '"', '\u{2018}', '\u{2019}']).step_by(2).collect();
        self.gone.insert(text.to_owned());
        outside.join(" ").split_whitespace().filter(is_plain).collect::<Vec<_>>().join(" ")
    }

    /// The property `name` of `holder`.
    fn value(&mut self, name: &str, value: Value) -> Value {
        match value {
            Value::Object(object) => Value::Object(self.object(object)),
            Value::Array(all) => Value::Array(all.into_iter().map(|one| self.value(name, one)).collect()),
            Value::Number(_) if PLACES.contains(&name) => json!(0),
            Value::String(text) => Value::String(self.string(name, text)),
            other => other,
        }
    }

    fn string(&mut self, name: &str, text: String) -> String {
        if WORDS.contains(&name) {
            return text;
        }
        if LINKS.contains(&name) {
            return self.link(&text);
        }
        if name.ends_with("@odata.context") {
            return text.split_once("/$metadata").map_or(String::new(), |(before, _)| format!("{before}/$metadata"));
        }
        if is_time(&text) {
            let known = TIMES.contains(&name) || name.ends_with("DateTime");
            return if known { text } else { "1970-01-01T11:59:00Z".to_owned() };
        }
        match name {
            "message" => self.message(&text),
            // `OID.{series}.2026-11-09`
            "cancelledOccurrences" => match text.rsplit_once('.').and_then(|(series, day)| Some((series.strip_prefix("OID.")?, day))) {
                Some((series, day)) if day.parse::<jiff::civil::Date>().is_ok() => format!("OID.{}.{day}", self.id(series)),
                _ => self.id(&text),
            },
            "url" if text.starts_with('/') => self.path(&text, 0),
            "contentBytes" => STANDARD.encode("removed"),
            "@odata.etag" | "@odata.mediaEtag" => self.id(&text),
            _ if NAMES.contains(&name) => self.id(&text),
            _ => self.text(&text),
        }
    }

    fn object(&mut self, object: Map<String, Value>) -> Map<String, Value> {
        if let (Some(id), Some(_)) = (object.get("id").and_then(Value::as_str).filter(|id| is_property(id)), object.get("value")) {
            let id = id.to_owned();
            return object.into_iter().map(|(name, value)| (name.clone(), self.property(&id, &name, value))).collect();
        }
        let is_html = object.get("contentType").and_then(Value::as_str).is_some_and(|kind| kind.eq_ignore_ascii_case("html"));
        // A call within a batch, or the answer to one: its id is its place.
        let in_batch = object.contains_key("method") && object.contains_key("url") || object.get("status").is_some_and(Value::is_u64);
        let one = |(name, value): (String, Value)| {
            let value = match (name.as_str(), value) {
                ("id", value) if in_batch => value,
                ("headers", Value::Object(headers)) if in_batch => {
                    let one = |(name, value): (String, Value)| {
                        let value = value.as_str().map_or(Value::Null, |text| self.header(&name.to_ascii_lowercase(), text).into());
                        (name, value)
                    };
                    Value::Object(headers.into_iter().map(one).collect())
                }
                // Bytes of a picture or a file.
                ("body", Value::String(_)) if in_batch => Value::String(STANDARD.encode("removed")),
                ("content", Value::String(text)) if is_html && !text.is_empty() => {
                    Value::String(format!("<html><body><p>{}</p></body></html>", self.stand_in(Sort::Text, &text)))
                }
                (name, value) => self.value(name, value),
            };
            (name, value)
        };
        object.into_iter().map(one).collect()
    }

    /// A named property, `{"id": "String {…} Name mark", "value": "…"}`: what it is named stays, and so do flags, numbers and zones.
    fn property(&mut self, id: &str, name: &str, value: Value) -> Value {
        let texts = ["String", "Binary", "SystemTime", "CLSID"];
        match (name, value) {
            ("value", Value::String(text)) if id.ends_with(" Name pimkit.zone") || !texts.iter().any(|kind| id.starts_with(kind)) => {
                Value::String(text)
            }
            ("value", Value::String(text)) if id.starts_with("Binary") => {
                self.gone.insert(text);
                Value::String(STANDARD.encode("removed"))
            }
            ("value", value) => self.value("", value),
            (_, value) => value,
        }
    }

    /// An address that the service gave.
    fn link(&mut self, text: &str) -> String {
        let Some((scheme, rest)) = text.split_once("://") else { return self.text(text) };
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        format!("{scheme}://{authority}{}", self.target(&format!("/{path}")))
    }

    /// A path and its query. `free`: so many segments stay, whatever they are.
    fn path(&mut self, target: &str, free: usize) -> String {
        let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let one = |(place, segment): (usize, &str)| {
            let is_word = |segment: &str| SEGMENTS.iter().any(|word| word.eq_ignore_ascii_case(segment));
            // `contactFolders('AAMk…')`, as some links spell it.
            let keyed = segment.strip_suffix("')").and_then(|rest| rest.split_once("('")).filter(|(word, _)| is_word(word));
            match keyed {
                _ if place <= free || segment.is_empty() || is_word(segment) => segment.to_owned(),
                Some((word, key)) => format!("{word}('{}')", escaped(&self.id(&plain(key)))),
                None => escaped(&self.id(&plain(segment))),
            }
        };
        let mut out = path.split('/').enumerate().map(one).collect::<Vec<_>>().join("/");
        if let Some(query) = query {
            let one = |pair: &str| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                let stays = OPTIONS.contains(&plain(name).to_ascii_lowercase().as_str());
                if stays || value.is_empty() { pair.to_owned() } else { format!("{name}={}", escaped(&self.id(&plain(value)))) }
            };
            out = format!("{out}?{}", query.split('&').map(one).collect::<Vec<_>>().join("&"));
        }
        out
    }
}

impl Redaction for Graph {
    fn target(&mut self, target: &str) -> String {
        // `/v1.0/` stays.
        self.path(target, 1)
    }

    fn header(&mut self, name: &str, value: &str) -> String {
        match name {
            "etag" | "if-match" | "if-none-match" => self.id(value),
            "location" | "content-location" => self.link(value),
            _ => value.to_owned(),
        }
    }

    fn body(&mut self, _: &str, body: &[u8]) -> Vec<u8> {
        match serde_json::from_slice::<Value>(body) {
            // What was sent is compared letter by letter.
            Ok(value) if value.get("requests").is_some() => self.value("", value).to_string().into_bytes(),
            Ok(value) => {
                let mut text = serde_json::to_vec_pretty(&self.value("", value)).unwrap_or_default();
                text.push(b'\n');
                text
            }
            // A picture, a file, a page for people.
            Err(_) => b"removed".to_vec(),
        }
    }
}

fn is_address(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty() && !domain.contains('@'))
        && !text.contains(|c: char| c.is_whitespace() || "<>:/\"".contains(c))
}

fn is_page(text: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
}

/// Times as Graph writes them: with an offset, without one, and days.
fn is_time(text: &str) -> bool {
    text.len() >= 10
        && (text.parse::<jiff::Timestamp>().is_ok()
            || text.parse::<jiff::civil::DateTime>().is_ok()
            || text.parse::<jiff::civil::Date>().is_ok())
}

/// The name of an extended property: `String {00020329-…} Name mark`, `Boolean {…} Id 0x8015`, `String 0x3a21`.
fn is_property(id: &str) -> bool {
    let mut words = id.split(' ');
    let kind = words.next().is_some_and(|kind| kind.chars().all(|c| c.is_ascii_alphabetic()));
    kind && words.next().is_some_and(|next| next.starts_with('{') || next.starts_with("0x"))
}

/// A segment without its escapes.
fn plain(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let hex = behind.get(..2).filter(|_| *first == b'%').and_then(|two| std::str::from_utf8(two).ok());
        match hex.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = behind.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A stand-in as it stands in a path: as the connector writes it.
fn escaped(stand_in: &str) -> String {
    stand_in.replace('@', "%40")
}

#[cfg(test)]
mod tests;
