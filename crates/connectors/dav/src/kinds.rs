//! What tells contacts, events and tasks apart on a DAV server.

use crate::calls::{
    Protocol,
    bodies::{CALDAV, CARDDAV},
};
use pimkit_core::{Contact, ContactKind, Event, Task};
use pimkit_formats::resource::TextRecord;

/// A kind that DAV servers keep.
pub(crate) trait Resource: TextRecord {
    /// CalDAV or CardDAV.
    const PROTOCOL: Protocol;
    /// The component of iCalendar; none for vCard.
    const COMPONENT: Option<&'static str>;
    /// What a PUT says of its body.
    const CONTENT_TYPE: &'static str;

    /// Whether it stands for a group of others.
    fn is_group(&self) -> bool {
        false
    }
}

impl Resource for Contact {
    const PROTOCOL: Protocol = CARDDAV;
    const COMPONENT: Option<&'static str> = None;
    const CONTENT_TYPE: &'static str = "text/vcard; charset=utf-8";

    fn is_group(&self) -> bool {
        self.kind == ContactKind::Group
    }
}

impl Resource for Event {
    const PROTOCOL: Protocol = CALDAV;
    const COMPONENT: Option<&'static str> = Some("VEVENT");
    const CONTENT_TYPE: &'static str = "text/calendar; charset=utf-8";
}

impl Resource for Task {
    const PROTOCOL: Protocol = CALDAV;
    const COMPONENT: Option<&'static str> = Some("VTODO");
    const CONTENT_TYPE: &'static str = "text/calendar; charset=utf-8";
}
