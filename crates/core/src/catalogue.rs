//! Which fields a kind has, what shape they are of, and how they are compared.
//!
//! A field is the unit of comparison, mapping and merging. Fields of one **group** go together: a
//! merge takes the whole group from one side. A field with an element key is a set to the merge:
//! its elements come and go one by one, and their order is not a difference.

use crate::Value;
use serde_json::Map;

/// What a field's [`Value`] looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shape {
    /// A string.
    Text,
    /// One of these strings.
    Choice(&'static [&'static str]),
    /// A whole number.
    Number,
    /// True or false.
    Flag,
    /// A [`When`](crate::When).
    Time,
    /// An instant: RFC 3339 in UTC.
    Instant,
    /// A list of strings.
    Texts,
    /// A list of structures, by the name of the Rust type.
    List(&'static str),
    /// One structure, by the name of the Rust type.
    Structure(&'static str),
    /// A map of [`Override`](crate::Override)s by recurrence id.
    Overrides,
    /// A [`BlobRef`](crate::BlobRef).
    Blob,
    /// Text, number or flag: a custom field.
    Any,
}

impl Shape {
    /// True when the field can have several values.
    #[must_use]
    pub fn is_many(self) -> bool {
        matches!(self, Self::Texts | Self::List(_) | Self::Overrides)
    }

    /// Whether a value of one shape can stand in a field of the other.
    #[must_use]
    pub fn fits(self, other: Self) -> bool {
        let text = |s: Self| matches!(s, Self::Text | Self::Any | Self::Choice(_));
        self == other
            || (text(self) && text(other))
            || matches!((self, other), (Self::Any, Self::Number | Self::Flag) | (Self::Number | Self::Flag, Self::Any))
    }
}

/// One field of a kind.
#[derive(Clone, Copy, Debug)]
pub struct FieldDef {
    /// The path, such as `name.given`.
    pub path: &'static str,
    /// What its value looks like.
    pub shape: Shape,
    /// The atomic group that it belongs to.
    pub group: Option<&'static str>,
    /// What names an element of a many-valued field; `None`: the field merges as a whole.
    pub element: Option<fn(&Value) -> String>,
    /// Set when an item is made and never after: what names the record itself.
    pub identity: bool,
}

impl FieldDef {
    /// True when the elements of this field come and go one by one.
    #[must_use]
    pub fn mergeable(&self) -> bool {
        self.element.is_some() || self.shape == Shape::Overrides
    }

    /// Whether two values are the same. `Null` and absence are the same; the order of a set's
    /// elements is no difference; blobs are compared by their bytes, never by their ids.
    #[must_use]
    pub fn same(&self, a: Option<&Value>, b: Option<&Value>) -> bool {
        fn empty(v: Option<&Value>) -> bool {
            match v {
                None | Some(Value::Null) => true,
                Some(Value::Array(list)) => list.is_empty(),
                Some(Value::Object(map)) => map.is_empty(),
                Some(_) => false,
            }
        }
        match (a, b) {
            _ if empty(a) || empty(b) => empty(a) && empty(b),
            (Some(a), Some(b)) => {
                if a == b {
                    return true;
                }
                match (self.shape, a, b) {
                    (Shape::Blob, a, b) => same_blob(a, b),
                    (Shape::Overrides, Value::Object(x), Value::Object(y)) => same_overrides(x, y),
                    (_, Value::Array(x), Value::Array(y)) if self.element.is_some() => same_set(x, y),
                    _ => false,
                }
            }
            _ => true,
        }
    }
}

/// Bytes are the same when their digests or, for bytes kept elsewhere, their addresses are. Blobs
/// of which neither is known are the same when side, id and size say so.
fn same_blob(a: &Value, b: &Value) -> bool {
    for key in ["digest", "uri"] {
        if let (Some(x), Some(y)) = (a.get(key), b.get(key)) {
            return x == y;
        }
    }
    a.get("digest").is_none() && b.get("digest").is_none() && a.get("id") == b.get("id") && a.get("size") == b.get("size")
}

/// The same occurrences, each excluded or changed in the same fields to the same values, as each field compares them. A field
/// that an override does not name is the series', so here `Null` is not the same as absence.
fn same_overrides(a: &Map<String, Value>, b: &Map<String, Value>) -> bool {
    let same_value = |path: &String, x: &Value, y: &Value| match EVENT.field(path).or_else(|| TASK.field(path)) {
        Some(def) => def.same(Some(x), Some(y)),
        None => x == y,
    };
    let same_patch = |x: &Map<String, Value>, y: &Map<String, Value>| {
        x.len() == y.len() && x.iter().all(|(path, x)| y.get(path).is_some_and(|y| same_value(path, x, y)))
    };
    a.len() == b.len()
        && a.iter().all(|(id, x)| {
            b.get(id).is_some_and(|y| match (x.get("changed"), y.get("changed")) {
                (Some(Value::Object(x)), Some(Value::Object(y))) => same_patch(x, y),
                _ => x == y,
            })
        })
}

fn same_set(a: &[Value], b: &[Value]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    // Attachments hold blobs; their ids differ from side to side.
    fn canonical(value: &Value) -> String {
        match value.get("blob") {
            Some(blob) if blob.get("digest").is_some() || blob.get("uri").is_some() => {
                let mut value = value.clone();
                if let Some(Value::Object(blob)) = value.get_mut("blob") {
                    for beside in ["id", "size", "mediaType"] {
                        blob.remove(beside);
                    }
                }
                value.to_string()
            }
            _ => value.to_string(),
        }
    }
    let sorted = |list: &[Value]| {
        let mut texts: Vec<String> = list.iter().map(canonical).collect();
        texts.sort();
        texts
    };
    sorted(a) == sorted(b)
}

/// The fields of a kind.
#[derive(Clone, Copy, Debug)]
pub struct Catalogue {
    fields: &'static [FieldDef],
    custom: FieldDef,
}

impl Catalogue {
    /// Every field but the custom ones, in a fixed order.
    #[must_use]
    pub fn fields(&self) -> &'static [FieldDef] {
        self.fields
    }

    /// The field at a path; any `custom.NAME` is one.
    #[must_use]
    pub fn field(&self, path: &str) -> Option<&FieldDef> {
        match path.strip_prefix("custom.") {
            Some(name) if !name.is_empty() => Some(&self.custom),
            _ => self.fields.iter().find(|f| f.path == path),
        }
    }

    /// Every field of an atomic group.
    pub fn group(&self, name: &str) -> impl Iterator<Item = &'static FieldDef> {
        self.fields.iter().filter(move |f| f.group == Some(name))
    }
}

const fn one(path: &'static str, shape: Shape) -> FieldDef {
    FieldDef { path, shape, group: None, element: None, identity: false }
}
const fn part(group: &'static str, path: &'static str, shape: Shape) -> FieldDef {
    FieldDef { path, shape, group: Some(group), element: None, identity: false }
}
const fn set(path: &'static str, shape: Shape, element: fn(&Value) -> String) -> FieldDef {
    FieldDef { path, shape, group: None, element: Some(element), identity: false }
}
const fn named(path: &'static str) -> FieldDef {
    FieldDef { path, shape: Shape::Text, group: None, element: None, identity: true }
}
const CUSTOM: FieldDef = one("custom", Shape::Any);

fn text_of<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}
fn by_text(value: &Value) -> String {
    value.as_str().unwrap_or_default().trim().to_owned()
}
fn by_whole(value: &Value) -> String {
    value.to_string()
}
fn by_address(value: &Value) -> String {
    text_of(value, "address").trim().to_lowercase()
}
/// Digits and a leading plus: spaces, hyphens and brackets are spelling.
fn by_number(value: &Value) -> String {
    let number = text_of(value, "number");
    let digits: String = number.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '+').collect();
    if digits.is_empty() { number.trim().to_owned() } else { digits.to_lowercase() }
}
fn by_uri(value: &Value) -> String {
    text_of(value, "uri").trim().to_owned()
}
fn by_name(value: &Value) -> String {
    text_of(value, "name").trim().to_owned()
}
fn by_service(value: &Value) -> String {
    format!("{}\n{}\n{}", text_of(value, "service").to_lowercase(), text_of(value, "uri"), text_of(value, "user"))
}
fn by_anniversary(value: &Value) -> String {
    let kind = text_of(value, "kind");
    // There is one birthday; of other days there may be several.
    if kind == "other" {
        format!("{kind}\n{}\n{}", text_of(value, "label"), value.get("date").unwrap_or(&Value::Null))
    } else {
        kind.to_owned()
    }
}
fn by_title(value: &Value) -> String {
    format!("{}\n{}", text_of(value, "kind"), text_of(value, "name"))
}
fn by_related(value: &Value) -> String {
    text_of(value, "to").trim().to_owned()
}
fn by_attachment(value: &Value) -> String {
    let blob = value.get("blob").unwrap_or(&Value::Null);
    ["digest", "uri", "id"].into_iter().find_map(|k| blob.get(k).and_then(Value::as_str)).unwrap_or_default().to_owned()
}

const KINDS: Shape = Shape::Choice(&["individual", "group", "org", "location", "device", "application"]);
const NAME: &str = "name";
const TIMES: &str = "times";
const STATE: &str = "state";

macro_rules! name_fields {
    () => {
        [
            part(NAME, "name.full", Shape::Text),
            part(NAME, "name.title", Shape::Text),
            part(NAME, "name.given", Shape::Text),
            part(NAME, "name.given2", Shape::Text),
            part(NAME, "name.surname", Shape::Text),
            part(NAME, "name.surname2", Shape::Text),
            part(NAME, "name.credential", Shape::Text),
            part(NAME, "name.givenPhonetic", Shape::Text),
            part(NAME, "name.surnamePhonetic", Shape::Text),
        ]
    };
}

/// Joins two tables while compiling.
#[allow(clippy::indexing_slicing, reason = "an index outside either table would fail the build, not a run")]
const fn join<const A: usize, const B: usize, const N: usize>(a: [FieldDef; A], b: [FieldDef; B]) -> [FieldDef; N] {
    let mut all = [CUSTOM; N];
    let mut n = 0;
    while n < A {
        all[n] = a[n];
        n += 1;
    }
    while n < A + B {
        all[n] = b[n - A];
        n += 1;
    }
    all
}

pub(crate) static CONTACT: Catalogue = Catalogue {
    fields: &join::<9, 17, 26>(
        name_fields!(),
        [
            named("uid"),
            one("kind", KINDS),
            set("nicknames", Shape::Texts, by_text),
            set("organizations", Shape::List("Organization"), by_name),
            set("titles", Shape::List("Title"), by_title),
            set("emails", Shape::List("EmailAddress"), by_address),
            set("phones", Shape::List("Phone"), by_number),
            set("onlineServices", Shape::List("OnlineService"), by_service),
            set("preferredLanguages", Shape::Texts, by_text),
            set("addresses", Shape::List("Address"), by_whole),
            set("anniversaries", Shape::List("Anniversary"), by_anniversary),
            set("links", Shape::List("Link"), by_uri),
            one("photo", Shape::Blob),
            set("notes", Shape::Texts, by_text),
            set("keywords", Shape::Texts, by_text),
            set("members", Shape::Texts, by_text),
            set("relatedTo", Shape::List("Relation"), by_related),
        ],
    ),
    custom: CUSTOM,
};

pub(crate) static EVENT: Catalogue = Catalogue {
    fields: &[
        named("uid"),
        one("title", Shape::Text),
        one("description", Shape::Text),
        part(TIMES, "start", Shape::Time),
        part(TIMES, "end", Shape::Time),
        part(TIMES, "recurrenceRules", Shape::List("RecurrenceRule")),
        part(TIMES, "excludedRecurrenceRules", Shape::List("RecurrenceRule")),
        one("recurrenceOverrides", Shape::Overrides),
        one("status", Shape::Choice(&["confirmed", "cancelled", "tentative"])),
        one("freeBusyStatus", Shape::Choice(&["free", "busy"])),
        one("privacy", Shape::Choice(&["public", "private", "secret"])),
        one("priority", Shape::Number),
        one("color", Shape::Text),
        set("keywords", Shape::Texts, by_text),
        set("locations", Shape::List("Location"), by_whole),
        set("virtualLocations", Shape::List("VirtualLocation"), by_uri),
        set("links", Shape::List("Link"), by_uri),
        set("attachments", Shape::List("Attachment"), by_attachment),
        one("organizer", Shape::Structure("Organizer")),
        set("participants", Shape::List("Participant"), by_address),
        set("alerts", Shape::List("Alert"), by_whole),
    ],
    custom: CUSTOM,
};

pub(crate) static TASK: Catalogue = Catalogue {
    fields: &[
        named("uid"),
        one("title", Shape::Text),
        one("description", Shape::Text),
        part(TIMES, "start", Shape::Time),
        part(TIMES, "recurrenceRules", Shape::List("RecurrenceRule")),
        part(TIMES, "excludedRecurrenceRules", Shape::List("RecurrenceRule")),
        one("recurrenceOverrides", Shape::Overrides),
        part(STATE, "due", Shape::Time),
        part(STATE, "progress", Shape::Choice(&["needs-action", "in-process", "completed", "failed", "cancelled"])),
        part(STATE, "percentComplete", Shape::Number),
        part(STATE, "completed", Shape::Instant),
        one("priority", Shape::Number),
        one("privacy", Shape::Choice(&["public", "private", "secret"])),
        one("color", Shape::Text),
        set("keywords", Shape::Texts, by_text),
        set("locations", Shape::List("Location"), by_whole),
        set("links", Shape::List("Link"), by_uri),
        set("attachments", Shape::List("Attachment"), by_attachment),
        one("parent", Shape::Text),
        set("alerts", Shape::List("Alert"), by_whole),
    ],
    custom: CUSTOM,
};

pub(crate) static MESSAGE: Catalogue = Catalogue {
    fields: &[
        named("messageId"),
        one("threadId", Shape::Text),
        one("subject", Shape::Text),
        one("from", Shape::Structure("Mailbox")),
        set("to", Shape::List("Mailbox"), by_address),
        set("cc", Shape::List("Mailbox"), by_address),
        one("sentAt", Shape::Instant),
        one("receivedAt", Shape::Instant),
        one("text", Shape::Text),
        one("html", Shape::Text),
        set("attachments", Shape::List("Attachment"), by_attachment),
        set("keywords", Shape::Texts, by_text),
    ],
    custom: CUSTOM,
};

pub(crate) static USER: Catalogue = Catalogue {
    fields: &join::<9, 10, 19>(
        name_fields!(),
        [
            named("uid"),
            one("enabled", Shape::Flag),
            set("emails", Shape::List("EmailAddress"), by_address),
            set("phones", Shape::List("Phone"), by_number),
            one("login", Shape::Text),
            one("title", Shape::Text),
            one("department", Shape::Text),
            one("manager", Shape::Text),
            set("groups", Shape::Texts, by_text),
            one("photo", Shape::Blob),
        ],
    ),
    custom: CUSTOM,
};
