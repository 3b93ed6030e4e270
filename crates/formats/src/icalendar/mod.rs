//! Events and tasks as iCalendar (RFC 5545, 7986, 9073, 9074, 9253).
//!
//! [`TextRecord`] is implemented for [`Event`] and [`Task`]: one resource holds one record, a series with its overrides among
//! them. [`split_calendar`] takes the export of a whole calendar apart into such resources, [`join_calendar`] puts them
//! together.
//!
//! # What is where
//!
//! | record | VEVENT, VTODO |
//! |---|---|
//! | `uid`, `title`, `description`, `color`, `priority` | UID, SUMMARY, DESCRIPTION, COLOR, PRIORITY |
//! | `start`, `end`, `due` | DTSTART, DTEND, DUE; DURATION is read and stays while it says the same |
//! | `recurrenceRules`, `excludedRecurrenceRules` | RRULE, EXRULE |
//! | `recurrenceOverrides` | components with RECURRENCE-ID, EXDATE, RDATE |
//! | `status`, `progress`, `freeBusyStatus`, `privacy` | STATUS, TRANSP, CLASS |
//! | `percentComplete`, `completed`, `parent` | PERCENT-COMPLETE, COMPLETED, RELATED-TO |
//! | `keywords` | CATEGORIES |
//! | `locations` | LOCATION with GEO; further ones as VLOCATION |
//! | `virtualLocations` | CONFERENCE; X-GOOGLE-CONFERENCE and Teams' address are read |
//! | `links` | URL, ATTACH by address, LINK |
//! | `attachments` | ATTACH with bytes, with MANAGED-ID, or with X-PIMKIT-ATTACHMENT |
//! | `organizer`, `participants` | ORGANIZER, ATTENDEE |
//! | `alerts` | VALARM with ACTION DISPLAY, AUDIO, EMAIL |
//! | `custom.NAME` | X-PIMKIT-NAME |
//!
//! A record is written with its `uid`: without one [`TextRecord::author`] answers [`FormatError::Unwritable`], for a UID made up
//! at each writing would make each a record of its own.
//!
//! Two components of one UID that say the same are one record; where they say other things
//! ([`FormatError::Several`]) neither is hidden behind the other.
//!
//! `progress: failed`, for which RFC 5545 has no word, is `STATUS;X-PIMKIT-PROGRESS=failed:NEEDS-ACTION`. What an override
//! names although it is as in the series stands in X-PIMKITNAMED.
//!
//! X-ALT-DESC and ALTREP go when the text changes that they repeat. All else (X-APPLE-STRUCTURED-LOCATION, VALARM of other sorts, METHOD of a file) stays in the text as it is.
//! METHOD is never written: a stored one makes iCloud refuse the resource (kellylford/QuickMail#289).

mod alarms;
mod custom;
mod dates;
mod event;
mod files;
mod item;
mod lines;
mod named;
mod patch;
mod people;
mod places;
mod rules;
mod series;
mod shared;
mod split;
mod task;
mod time;
mod zones;

use pimkit_core::{BlobId, Event, Field, FieldSupport, Fields, Task, Value, diff};

use crate::FormatError;
use crate::recurrence::write_utc;
use crate::resource::{Authoring, InlineBlob, InlineBlobs, TextRecord};
use crate::text::{Component, ContentLine, Dialect, Document, Node};
use item::{Item, Pen};
use zones::Zones;

pub use split::{join_calendar, split_calendar};

/// What the values of a resource are read and written by.
struct Context {
    zones: Zones,
    dialect: Dialect,
}

impl Context {
    fn of(calendar: &Component) -> Self {
        Self { zones: Zones::of(calendar), dialect: calendar.dialect() }
    }
}

fn calendar<R: Item>(document: &Document) -> Result<&Component, FormatError> {
    let at = series::calendar_at::<R>(document)?;
    document.nodes().get(at).and_then(Node::as_component).ok_or(FormatError::Nothing { component: R::COMPONENT })
}

fn read<R: Item>(text: &[u8]) -> Result<R, FormatError> {
    let document = Document::parse(text.to_vec())?;
    let calendar = calendar::<R>(&document)?;
    let context = Context::of(calendar);
    let parts = series::parts::<R>(calendar, &context)?;
    series::read(calendar, &parts, &context)
}

fn blob<R: Item>(text: &[u8], id: &BlobId) -> Result<Option<InlineBlob>, FormatError> {
    let document = Document::parse(text.to_vec())?;
    Ok(calendar::<R>(&document)?.components_named(R::COMPONENT).find_map(|c| files::blob(c, id)))
}

fn author<R: Item>(record: &R, options: &Authoring, blobs: &InlineBlobs) -> Result<Vec<u8>, FormatError> {
    let unwritable = |reason| FormatError::Unwritable { field: "uid".to_owned(), reason };
    // RFC 5545 section 3.8.4.7: a component has a UID. Nothing here makes one up, for it must stay the same ever after.
    let uid = record
        .uid()
        .filter(|uid| !uid.trim().is_empty())
        .ok_or_else(|| unwritable("it is missing; give the record one before it is written"))?;
    let mut component = Component::new(R::COMPONENT);
    component.add(ContentLine::text_line("UID", uid, Dialect::ICalendar));
    let (sequence, created, updated) = record.stamps();
    component.add(ContentLine::new("DTSTAMP", &write_utc(options.now)));
    if let Some(created) = created {
        component.add(ContentLine::new("CREATED", &write_utc(created)));
    }
    component.add(ContentLine::new("LAST-MODIFIED", &write_utc(updated.unwrap_or(options.now))));
    if sequence > 0 {
        component.add(ContentLine::new("SEQUENCE", &sequence.to_string()));
    }
    let mut calendar = Component::new("VCALENDAR");
    calendar.add(ContentLine::new("VERSION", "2.0"));
    calendar.add(ContentLine::text_line("PRODID", &options.product_id, Dialect::ICalendar));
    calendar.push(component);
    let context = Context::of(&calendar);
    let parts = series::parts::<R>(&calendar, &context)?;
    let base = R::default()
        .with(&Fields::from([(Field::from("uid"), Value::String(uid.to_owned()))]))
        .map_err(|_| unwritable("it cannot be set; read the record again"))?;
    patch::apply(&mut calendar, &parts, &base, record, &Pen { context: &context, blobs }, None)?;
    Ok(Document::from(calendar).to_bytes())
}

fn patch_text<R: Item>(text: &[u8], base: &R, target: &R, options: &Authoring, blobs: &InlineBlobs) -> Result<Vec<u8>, FormatError> {
    let mut document = Document::parse(text.to_vec())?;
    let at = series::calendar_at::<R>(&document)?;
    if diff(base, target).is_empty() {
        return Ok(text.to_vec());
    }
    let calendar = document.nodes_mut().get_mut(at).and_then(Node::as_component_mut);
    let calendar = calendar.ok_or(FormatError::Nothing { component: R::COMPONENT })?;
    let context = Context::of(calendar);
    let parts = series::parts::<R>(calendar, &context)?;
    // Reading it first teaches the zones which TZIDs the resource uses.
    let _: R = series::read(calendar, &parts, &context)?;
    patch::apply(calendar, &parts, base, target, &Pen { context: &context, blobs }, Some(options.now))?;
    Ok(document.to_bytes())
}

macro_rules! text_record {
    ($kind:ty) => {
        impl TextRecord for $kind {
            const EXTENSION: &'static str = "ics";
            const MEDIA_TYPE: &'static str = "text/calendar";

            fn read(text: &[u8]) -> Result<Self, FormatError> {
                read(text)
            }
            fn blob(text: &[u8], id: &BlobId) -> Result<Option<InlineBlob>, FormatError> {
                blob::<Self>(text, id)
            }
            fn author(record: &Self, options: &Authoring, blobs: &InlineBlobs) -> Result<Vec<u8>, FormatError> {
                author(record, options, blobs)
            }
            fn patch(text: &[u8], base: &Self, target: &Self, options: &Authoring, blobs: &InlineBlobs) -> Result<Vec<u8>, FormatError> {
                patch_text(text, base, target, options, blobs)
            }
            fn text_fields(_: &Authoring) -> Vec<FieldSupport> {
                FieldSupport::all::<Self>()
            }
        }
    };
}

text_record!(Event);
text_record!(Task);
