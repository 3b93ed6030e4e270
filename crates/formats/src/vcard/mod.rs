//! Contacts as vCard: 2.1 is read and patched, 3.0 (RFC 2426) and 4.0 (RFC 6350, 6473, 6474, 6715, 8605, 9554) are
//! written too.
//!
//! Every field of the contact's catalogue has a place in both versions, so that [`read`](TextRecord::read) of
//! [`author`](TextRecord::author) gives the record back; [`normalised`] says what exactly. Where a version has no
//! property of its own, the one that most programs know is taken, and the rest stands in parameters named `X-PIMKIT-…`,
//! which others ignore. [`properties`] lists the lines that a field is made of.
//!
//! An edit changes the lines of the elements that differ. An element that changes keeps its group, its labels and the
//! parameters that the record does not know. In a vCard 2.1 card, edited lines are written as 2.1: bare TYPE words, and
//! text beyond ASCII as QUOTED-PRINTABLE in UTF-8.
//!
//! ```
//! use pimkit_core::{Contact, Record};
//! use pimkit_formats::{Authoring, InlineBlobs, TextRecord};
//!
//! let text = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Jane Doe\r\nN:Doe;Jane;;;\r\nitem1.EMAIL;X-SEEN=1:jane@example.org\r\n\
//! item1.X-ABLabel:Club\r\nX-OTHER:stays\r\nEND:VCARD\r\n";
//! let base = Contact::read(text)?;
//! let mut target = base.clone();
//! target.emails[0].address = "jane@example.com".to_owned();
//! let options = Authoring::new("2026-03-01T10:00:00Z".parse()?, "-//example//");
//! let patched = Contact::patch(text, &base, &target, &options, &InlineBlobs::new())?;
//! assert!(String::from_utf8(patched)?.contains("item1.EMAIL;X-SEEN=1:jane@example.com\r\nitem1.X-ABLabel:Club\r\nX-OTHER"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod addresses;
mod card;
mod channels;
mod custom;
mod dates;
mod element;
mod groups;
mod marks;
mod names;
mod normal;
mod photo;
mod properties;
mod record;
mod relations;
mod services;
#[cfg(feature = "strict-vcard")]
mod strict;
mod texts;
pub mod vlist;

pub use groups::{group_model, same_uid};
pub use normal::normalised;
pub use properties::properties;

use crate::resource::{Authoring, FormatError, InlineBlob, InlineBlobs, TextRecord};
use crate::text::{Component, Document};
use card::Card;
use pimkit_core::{BlobId, Contact, FieldSupport, Kind, Record};

const VCARD: &str = "VCARD";

/// Checks that a document is one card.
fn one_card(document: &Document) -> Result<(), FormatError> {
    let mut cards = document.components_named(VCARD);
    match (cards.next(), cards.next()) {
        (Some(_), None) => Ok(()),
        (Some(_), Some(second)) => Err(FormatError::Several { component: VCARD, line: second.begin().number() }),
        (None, _) => {
            let calendar = document.component("VCALENDAR");
            let holds = |name: &str| calendar.is_some_and(|calendar| calendar.component(name).is_some());
            if holds("VEVENT") {
                Err(FormatError::OtherKind { found: Kind::Event })
            } else if holds("VTODO") {
                Err(FormatError::OtherKind { found: Kind::Task })
            } else {
                Err(FormatError::Nothing { component: VCARD })
            }
        }
    }
}

fn open(text: &[u8]) -> Result<Card, FormatError> {
    let document = Document::parse(text.to_vec())?;
    one_card(&document)?;
    document.component(VCARD).map(Card::of).ok_or(FormatError::Nothing { component: VCARD })
}

impl TextRecord for Contact {
    const EXTENSION: &'static str = "vcf";
    const MEDIA_TYPE: &'static str = "text/vcard";

    fn read(text: &[u8]) -> Result<Self, FormatError> {
        Ok(record::read(&open(text)?))
    }

    fn blob(text: &[u8], id: &BlobId) -> Result<Option<InlineBlob>, FormatError> {
        Ok(photo::bytes(&open(text)?, id))
    }

    fn author(record: &Self, options: &Authoring, blobs: &InlineBlobs) -> Result<Vec<u8>, FormatError> {
        let (card, wanted) = record::author(record, options, blobs)?;
        let mut component = Component::new(VCARD);
        card.give(&mut component);
        let text = Document::from(component).to_bytes();
        record::check(&open(&text)?, &wanted, blobs)?;
        #[cfg(feature = "strict-vcard")]
        if options.card_version == crate::resource::CardVersion::V4 {
            let _ = strict::judge(&text);
        }
        Ok(text)
    }

    fn patch(text: &[u8], base: &Self, target: &Self, options: &Authoring, blobs: &InlineBlobs) -> Result<Vec<u8>, FormatError> {
        let mut document = Document::parse(text.to_vec())?;
        one_card(&document)?;
        if base.differing(target).is_empty() {
            return Ok(text.to_vec());
        }
        let Some(component) = document.component_mut(VCARD) else {
            return Err(FormatError::Nothing { component: VCARD });
        };
        let mut card = Card::take(component);
        let wanted = record::patch(&mut card, base, target, options, blobs)?;
        if !card.is_changed() {
            return Ok(text.to_vec());
        }
        card.give(component);
        let text = document.to_bytes();
        record::check(&open(&text)?, &wanted, blobs)?;
        Ok(text)
    }

    fn text_fields(options: &Authoring) -> Vec<FieldSupport> {
        let mut fields = FieldSupport::all::<Self>();
        for field in &mut fields {
            if field.field.as_str() == "members" {
                field.write = groups::writes_members(options);
            }
        }
        fields
    }
}

/// Every card of a file that holds several, each as a text of its own with the bytes it has there.
///
/// # Errors
/// [`FormatError::Parse`] when the file is no tree of components; [`FormatError::Nothing`] when it holds no card.
pub fn cards(text: &[u8]) -> Result<Vec<Vec<u8>>, FormatError> {
    let document = Document::parse(text.to_vec())?;
    let cards: Vec<Vec<u8>> = document.components_named(VCARD).map(|card| card.to_bytes(document.line_end())).collect();
    if cards.is_empty() { Err(FormatError::Nothing { component: VCARD }) } else { Ok(cards) }
}
