//! Requests as the service reads them: paths, options of queries, preferences.

use crate::graph::answer::{Refusal, Result, invalid, no_such_path, refuse};
use crate::graph::ids::Form;
use crate::graph::shape::{self, Wrong};
use serde_json::{Map, Value};

/// Options of a query that OData defines; they may come with `$` or without
/// (<https://learn.microsoft.com/graph/query-parameters>).
const SYSTEM: &[&str] = &["select", "filter", "expand", "top", "skip", "orderby", "search", "count", "skiptoken", "deltatoken", "format"];

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    /// In capitals.
    pub(crate) method: String,
    /// Decoded, below the version.
    pub(crate) path: Vec<String>,
    /// Names in lower case and without `$`, values decoded.
    pub(crate) query: Vec<(String, String)>,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// `http://host/v1.0`.
    pub(crate) root: String,
    pub(crate) prefer: Prefer,
}

/// What is preferred (<https://learn.microsoft.com/graph/outlook-immutable-id>, the pages of each resource).
#[derive(Debug, Clone, Default)]
pub(crate) struct Prefer {
    pub(crate) immutable: bool,
    /// The name of a time zone.
    pub(crate) zone: Option<String>,
    pub(crate) page: Option<usize>,
    pub(crate) text_body: bool,
    pub(crate) minimal: bool,
    /// What is echoed.
    pub(crate) applied: Vec<String>,
}

impl Ask {
    /// A request from its parts; `target` is what stands behind the root, query included.
    pub(crate) fn new(method: &str, root: String, target: &str, headers: Vec<(String, String)>, body: Vec<u8>) -> Result<Self> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = segments(path)?;
        let query = options(query)?;
        let prefer = Prefer::read(headers.iter().filter(|(name, _)| name == "prefer").map(|(_, value)| value.as_str()));
        Ok(Self { method: method.to_uppercase(), path, query, headers, body, root, prefer })
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// An option of the query, by its name in lower case and without `$`.
    pub(crate) fn option(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// A number among the options.
    pub(crate) fn number(&self, name: &str) -> Result<Option<usize>> {
        let Some(text) = self.option(name) else { return Ok(None) };
        match text.parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => refuse(400, "BadRequest", format!("Invalid value '{text}' for the ${name} query option: a number is expected.")),
        }
    }

    pub(crate) const fn form(&self) -> Form {
        if self.prefer.immutable { Form::Immutable } else { Form::Default }
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Result<Value> {
        if self.body.is_empty() {
            return refuse(400, "BadRequest", "Empty payload. JSON content expected.");
        }
        if !self.header("content-type").is_some_and(|told| told.to_lowercase().starts_with("application/json")) {
            return refuse(415, "RequestBodyRead", "A media type of 'application/json' is expected for the body.");
        }
        serde_json::from_slice(&self.body).or_else(|_| {
            refuse(
                400,
                "BadRequest",
                "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.",
            )
        })
    }

    /// The body as a type of the table.
    pub(crate) fn read(&self, of: &str) -> Result<Map<String, Value>> {
        shape::read(&self.json()?, of).map_err(Box::<Refusal>::from)
    }

    /// The body of an action: parameters in any case, none of them required here.
    pub(crate) fn parameters(&self) -> Result<Map<String, Value>> {
        if self.body.is_empty() {
            return Ok(Map::new());
        }
        match self.json()? {
            Value::Object(object) => Ok(object.into_iter().map(|(name, value)| (name.to_lowercase(), value)).collect()),
            _ => Err(invalid("The parameters of an action must be a JSON object.")),
        }
    }

    /// The address that this request was sent to, with other options.
    pub(crate) fn with(&self, options: &[(&str, String)]) -> String {
        let path: Vec<String> = self.path.iter().map(|segment| encode(segment, true)).collect();
        let query: Vec<String> = options.iter().map(|(name, value)| format!("{name}={}", encode(value, false))).collect();
        format!("{}/{}?{}", self.root, path.join("/"), query.join("&"))
    }
}

impl From<Wrong> for Box<Refusal> {
    fn from(wrong: Wrong) -> Self {
        crate::graph::answer::refusal(400, "RequestBodyRead", wrong.says)
    }
}

impl Prefer {
    fn read<'a>(headers: impl Iterator<Item = &'a str>) -> Self {
        let mut prefer = Self::default();
        for one in headers.flat_map(quoted_split) {
            let (name, value) = one.split_once('=').unwrap_or((one, ""));
            let value = value.trim().trim_matches('"');
            match name.trim().to_lowercase().as_str() {
                "idtype" => prefer.immutable = value.eq_ignore_ascii_case("ImmutableId"),
                "outlook.timezone" => prefer.zone = Some(value.to_owned()),
                "odata.maxpagesize" => prefer.page = value.parse().ok(),
                "outlook.body-content-type" => prefer.text_body = value.eq_ignore_ascii_case("text"),
                "return" => prefer.minimal = value.eq_ignore_ascii_case("minimal"),
                _ => continue,
            }
            prefer.applied.push(one.trim().to_owned());
        }
        prefer
    }
}

/// The parts of a header between commas that do not stand in quotes.
fn quoted_split(header: &str) -> Vec<&str> {
    let mut quoted = false;
    header
        .split(|c: char| {
            quoted ^= c == '"';
            c == ',' && !quoted
        })
        .collect()
}

/// The segments of a path. Keys in parentheses are segments of their own, `delta()` and `microsoft.graph.delta` are `delta`.
fn segments(path: &str) -> Result<Vec<String>> {
    let mut out = Vec::new();
    for raw in path.split('/').filter(|raw| !raw.is_empty()) {
        let segment = decode(raw, false)?;
        let segment = segment.strip_prefix("microsoft.graph.").filter(|rest| !rest.contains('/')).unwrap_or(&segment);
        match segment.split_once('(').and_then(|(name, rest)| Some((name, rest.strip_suffix(')')?))) {
            Some((name, "")) => out.push(name.to_owned()),
            Some((name, key)) if key.starts_with('\'') && key.ends_with('\'') && key.len() > 1 => {
                out.push(name.to_owned());
                out.push(key.get(1..key.len() - 1).unwrap_or_default().replace("''", "'"));
            }
            _ => out.push(segment.to_owned()),
        }
    }
    Ok(out)
}

fn options(query: &str) -> Result<Vec<(String, String)>> {
    let mut out: Vec<(String, String)> = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode(name, true)?, decode(value, true)?);
        let bare = name.trim_start_matches('$').to_lowercase();
        if name.starts_with('$') && !SYSTEM.contains(&bare.as_str()) {
            return refuse(400, "BadRequest", format!("The query parameter '{name}' is not supported."));
        }
        if SYSTEM.contains(&bare.as_str()) && out.iter().any(|(other, _)| *other == bare) {
            return refuse(
                400,
                "BadRequest",
                format!("Query option '${bare}' was specified more than once, but it must be specified at most once."),
            );
        }
        out.push((bare, value));
    }
    Ok(out)
}

/// Takes percent-encoding away; in queries `+` is a space.
pub(crate) fn decode(text: &str, query: bool) -> Result<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let digits = [bytes.next(), bytes.next()].map(|digit| digit.and_then(|digit| char::from(digit).to_digit(16)));
                let [Some(high), Some(low)] = digits else { return Err(no_such_path(text)) };
                out.push(u8::try_from(high * 16 + low).unwrap_or_default());
            }
            b'+' if query => out.push(b' '),
            other => out.push(other),
        }
    }
    String::from_utf8(out).map_err(|_| no_such_path("?"))
}

/// Percent-encodes what is not unreserved (RFC 3986 section 2.3); `=` may stand in a path.
pub(crate) fn encode(text: &str, path: bool) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) || path && b"=@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(target: &str, headers: &[(&str, &str)]) -> Ask {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Ask::new("get", "http://h/v1.0".to_owned(), target, headers, Vec::new()).unwrap()
    }

    #[test]
    fn keys_and_functions_are_read_in_every_spelling() {
        for (target, path) in [
            ("/me/contacts/a%2Fb%3D/photo/$value", vec!["me", "contacts", "a/b=", "photo", "$value"]),
            ("/users('al''s@x')/contactFolders('c')/contacts/delta()", vec!["users", "al's@x", "contactFolders", "c", "contacts", "delta"]),
            ("/me/contacts/microsoft.graph.delta()", vec!["me", "contacts", "delta"]),
            (
                "/me/outlook/supportedTimeZones(TimeZoneStandard=x'Iana')",
                vec!["me", "outlook", "supportedTimeZones(TimeZoneStandard=x'Iana')"],
            ),
        ] {
            assert_eq!(ask(target, &[]).path, path);
        }
    }

    #[test]
    fn options_come_with_and_without_a_dollar_and_once() {
        let asked = ask("/me?$select=a%2Cb&top=5&startDateTime=2026-01-01T00:00:00Z&%24filter=x+eq+1", &[]);
        assert_eq!((asked.option("select"), asked.number("top").unwrap()), (Some("a,b"), Some(5)));
        assert_eq!((asked.option("filter"), asked.option("startdatetime")), (Some("x eq 1"), Some("2026-01-01T00:00:00Z")));
        for refused in ["/me?$select=a&select=b", "/me?$selct=a", "/me?x=%zz"] {
            assert!(Ask::new("GET", String::new(), refused, Vec::new(), Vec::new()).is_err(), "{refused}");
        }
    }

    #[test]
    fn preferences_come_in_one_header_or_in_several() {
        let header = "outlook.timezone=\"W. Europe Standard Time\", IdType=\"ImmutableId\"";
        let asked = ask("/me", &[("prefer", header), ("prefer", "odata.maxpagesize=2"), ("prefer", "something.else")]);
        assert_eq!((asked.prefer.immutable, asked.prefer.page), (true, Some(2)));
        assert_eq!(asked.prefer.zone.as_deref(), Some("W. Europe Standard Time"));
        assert_eq!(asked.prefer.applied.len(), 3);
    }
}
