//! What lies in a mailbox.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    ContactFolder,
    Contact,
    CalendarGroup,
    Calendar,
    Event,
    TaskList,
    Task,
    MailFolder,
    Message,
    Category,
}

impl Kind {
    /// Its type in the table of shapes.
    pub(crate) const fn of(self) -> &'static str {
        match self {
            Self::ContactFolder => "contactFolder",
            Self::Contact => "contact",
            Self::CalendarGroup => "calendarGroup",
            Self::Calendar => "calendar",
            Self::Event => "event",
            Self::TaskList => "todoTaskList",
            Self::Task => "todoTask",
            Self::MailFolder => "mailFolder",
            Self::Message => "message",
            Self::Category => "outlookCategory",
        }
    }

    /// Whether it holds others; such have one id, whatever is preferred.
    pub(crate) const fn is_container(self) -> bool {
        matches!(self, Self::ContactFolder | Self::CalendarGroup | Self::Calendar | Self::TaskList | Self::MailFolder | Self::Category)
    }
}

/// A photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Photo {
    pub(crate) bytes: Vec<u8>,
    pub(crate) content_type: String,
}

/// An extended property: its id as it was written first, and its value or values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Extended {
    pub(crate) id: String,
    pub(crate) value: Value,
}

/// A part of an item: an attachment, a checklist item, a linked resource.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Part {
    /// Its type in the table of shapes.
    pub(crate) of: &'static str,
    pub(crate) id: String,
    pub(crate) properties: Map<String, Value>,
    pub(crate) bytes: Vec<u8>,
    pub(crate) created: Timestamp,
}

/// What a series has beside its master.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Series {
    /// Occurrences that are not as the rule says, by the day in the rule: what is different.
    pub(crate) exceptions: BTreeMap<Date, Exception>,
    /// Days of the rule on which nothing happens.
    pub(crate) cancelled: BTreeSet<Date>,
}

/// An occurrence that is not as the rule says.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Exception {
    /// What is different.
    pub(crate) properties: Map<String, Value>,
    pub(crate) extended: BTreeMap<String, Extended>,
    pub(crate) parts: Vec<Part>,
    pub(crate) version: u64,
    pub(crate) modified: Timestamp,
}

/// One of them.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) key: u64,
    pub(crate) kind: Kind,
    /// The key of what it lies in; 0 for what lies in the mailbox itself.
    pub(crate) parent: u64,
    /// How often it was moved.
    pub(crate) generation: u32,
    /// The number of its last change.
    pub(crate) version: u64,
    pub(crate) created: Timestamp,
    pub(crate) modified: Timestamp,
    pub(crate) properties: Map<String, Value>,
    /// By id in the one spelling that ids are compared in.
    pub(crate) extended: BTreeMap<String, Extended>,
    /// Open extensions, by name.
    pub(crate) extensions: BTreeMap<String, Map<String, Value>>,
    pub(crate) photo: Option<Photo>,
    pub(crate) series: Series,
    pub(crate) parts: Vec<Part>,
}

impl Item {
    /// A property as text; empty if it is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.properties.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether a property is true.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.properties.get(name).and_then(Value::as_bool).unwrap_or_default()
    }
}
