//! Named properties: what a mailbox keeps on an item beside the fields of Graph and EWS (Graph:
//! `singleValueLegacyExtendedProperty`; EWS: `ExtendedFieldURI`). Both wires reach the same property, so that what one connector
//! wrote the other finds, in the mailbox of the same server or in the one that it was moved to.
//!
//! No wire gives "all named properties of an item", so that custom fields of any name are together in one, [`CUSTOM`]; a mailbox
//! has room for a few thousand names of properties, and never frees one.

use std::borrow::Cow;
use std::collections::BTreeMap;

use pimkit_core::Value;

/// The set that our own properties are in.
pub const OURS: &str = "6e31f0cc-c033-4411-aca9-852d9bedaaaf";

/// The set of properties of appointments (MS-OXPROPS section 1.3.2, `PSETID_Appointment`).
pub const APPOINTMENT: &str = "00062002-0000-0000-c000-000000000046";

/// The set of properties of meetings (`PSETID_Meeting`).
pub const MEETING: &str = "6ed8da90-450b-101b-98da-00aa003f1305";

/// The mark of an item that we made.
pub const MARK: Property = Property::named(OURS, "pimkit.mark", Type::String);

/// The custom fields of an item, as a JSON object by name; see [`read_custom`].
pub const CUSTOM: Property = Property::named(OURS, "pimkit.custom", Type::String);

/// The UID that a record had before it came here: Graph sets none.
pub const UID: Property = Property::named(OURS, "pimkit.uid", Type::String);

/// The IANA name of the zone that an event was written in: several are one Windows zone.
pub const ZONE: Property = Property::named(OURS, "pimkit.zone", Type::String);

/// What Exchange says of an event though its record says nothing: `true` where nobody said whether the time is taken. Read as said,
/// it would be somebody's edit, which no user made.
pub const UNSAID: Property = Property::named(OURS, "pimkit.unsaid", Type::String);

/// What names a meeting, the same for every occurrence (MS-OXOCAL section 2.2.1.28).
pub const CLEAN_GLOBAL_OBJECT_ID: Property = Property::numbered(MEETING, 0x23, Type::Binary);

/// The type of a property's value. On the wire it is text all the same: `true`, `42`, base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Type {
    String,
    Integer,
    Boolean,
    Double,
    SystemTime,
    Binary,
    Clsid,
    Short,
    Long,
}

impl Type {
    const WORDS: [(Self, &'static str); 9] = [
        (Self::String, "String"),
        (Self::Integer, "Integer"),
        (Self::Boolean, "Boolean"),
        (Self::Double, "Double"),
        (Self::SystemTime, "SystemTime"),
        (Self::Binary, "Binary"),
        (Self::Clsid, "CLSID"),
        (Self::Short, "Short"),
        (Self::Long, "Long"),
    ];

    /// The word for it, the same on both wires.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(one, _)| *one == self).map_or("String", |(_, word)| word)
    }

    fn of_word(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(_, own)| own.eq_ignore_ascii_case(word)).map(|(one, _)| *one)
    }
}

/// What tells a property from others of its set.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    /// A name, whose case counts.
    Named(Cow<'static, str>),
    /// A number: EWS's `PropertyId`.
    Numbered(u16),
    /// A tag, which is in no set: EWS's `PropertyTag`.
    Tag(u16),
}

/// One property.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Property {
    /// GUID of the set in lower case; empty for a tag.
    pub set: Cow<'static, str>,
    /// Which one of the set.
    pub name: Name,
    /// The type of its value.
    pub kind: Type,
}

impl Property {
    /// The property of this name.
    #[must_use]
    pub const fn named(set: &'static str, name: &'static str, kind: Type) -> Self {
        Self { set: Cow::Borrowed(set), name: Name::Named(Cow::Borrowed(name)), kind }
    }

    /// The property of this number.
    #[must_use]
    pub const fn numbered(set: &'static str, number: u16, kind: Type) -> Self {
        Self { set: Cow::Borrowed(set), name: Name::Numbered(number), kind }
    }

    /// The property of this tag.
    #[must_use]
    pub const fn tag(tag: u16, kind: Type) -> Self {
        Self { set: Cow::Borrowed(""), name: Name::Tag(tag), kind }
    }

    /// The id that Graph calls it by: `String {6e31f0cc-…} Name pimkit.mark`, `Integer 0x0E07`.
    #[must_use]
    pub fn graph_id(&self) -> String {
        let (kind, set) = (self.kind.word(), &self.set);
        match &self.name {
            Name::Named(name) => format!("{kind} {{{set}}} Name {name}"),
            Name::Numbered(number) => format!("{kind} {{{set}}} Id 0x{number:04X}"),
            Name::Tag(tag) => format!("{kind} 0x{tag:04X}"),
        }
    }

    /// The property of Graph's id. Type, set and numbers may be in any case and width; `None` for what is no such id.
    #[must_use]
    pub fn of_graph_id(id: &str) -> Option<Self> {
        let number = |text: &str| {
            let text = text.trim();
            let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
            digits.map_or_else(|| text.parse().ok(), |digits| u16::from_str_radix(digits, 16).ok())
        };
        let (kind, rest) = id.trim().split_once(' ')?;
        let kind = Type::of_word(kind)?;
        let rest = rest.trim_start();
        let Some(rest) = rest.strip_prefix('{') else { return Some(Self::tag(number(rest)?, kind)) };
        let (set, rest) = rest.split_once('}')?;
        let (how, what) = rest.trim_start().split_once(' ')?;
        let name = if how.eq_ignore_ascii_case("Name") {
            Name::Named(Cow::Owned(what.to_owned()))
        } else if how.eq_ignore_ascii_case("Id") {
            Name::Numbered(number(what)?)
        } else {
            return None;
        };
        Some(Self { set: Cow::Owned(set.to_ascii_lowercase()), name, kind })
    }
}

/// The custom fields that a property holds. What is no JSON object holds none that we know: another program's.
#[must_use]
pub fn read_custom(text: &str) -> BTreeMap<String, Value> {
    serde_json::from_str(text).unwrap_or_default()
}

/// What to write for custom fields; empty for none, because a property cannot be taken off an item on every wire.
#[must_use]
pub fn write_custom(custom: &BTreeMap<String, Value>) -> String {
    if custom.is_empty() { String::new() } else { serde_json::to_string(custom).unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_is_known_by_the_id_that_graph_gives_it() {
        for (property, id) in [
            (MARK, "String {6e31f0cc-c033-4411-aca9-852d9bedaaaf} Name pimkit.mark"),
            (CLEAN_GLOBAL_OBJECT_ID, "Binary {6ed8da90-450b-101b-98da-00aa003f1305} Id 0x0023"),
            (Property::tag(0x0e07, Type::Integer), "Integer 0x0E07"),
        ] {
            assert_eq!(property.graph_id(), id);
            assert_eq!(Property::of_graph_id(id), Some(property));
        }
        // As servers and other programs spell them.
        assert_eq!(Property::of_graph_id("binary {6ED8DA90-450B-101B-98DA-00AA003F1305} Id 0x23"), Some(CLEAN_GLOBAL_OBJECT_ID));
        assert_eq!(Property::of_graph_id("String {6E31F0CC-C033-4411-ACA9-852D9BEDAAAF} Name pimkit.mark"), Some(MARK));
        let spaced = Property::of_graph_id("String {6e31f0cc-c033-4411-aca9-852d9bedaaaf} Name Name of it").unwrap();
        assert_eq!(spaced.name, Name::Named("Name of it".into()));
        for id in ["", "String", "Text {a} Name b", "String {a Name b", "String {a} Title b", "Integer 0xZZ"] {
            assert_eq!(Property::of_graph_id(id), None, "{id}");
        }
    }

    #[test]
    fn the_case_of_a_name_counts() {
        let other = Property::of_graph_id("String {6e31f0cc-c033-4411-aca9-852d9bedaaaf} Name Pimkit.Mark");
        assert_ne!(other, Some(MARK));
    }

    #[test]
    fn custom_fields_are_one_property() {
        let custom = BTreeMap::from([("Region".to_owned(), Value::from("north")), ("Size".to_owned(), Value::from(3))]);
        assert_eq!(read_custom(&write_custom(&custom)), custom);
        assert_eq!(write_custom(&BTreeMap::new()), "");
        for foreign in ["", "[]", "north", "{"] {
            assert!(read_custom(foreign).is_empty(), "{foreign}");
        }
    }
}
