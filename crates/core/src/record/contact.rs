//! People and organisations, in the words of JSContact (RFC 9553).

use super::{Custom, is_default};
use crate::{BlobRef, PartialDate};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A card: a person, a company, a group, a place (RFC 9553 section 2).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Contact {
    /// Globally unique and stable, where the side keeps one (section 2.1.9).
    #[serde(skip_serializing_if = "is_default")]
    pub uid: Option<String>,
    /// What the card is of (section 2.1.4).
    #[serde(skip_serializing_if = "is_default")]
    pub kind: ContactKind,
    /// The name, in parts and in full (section 2.2.1).
    #[serde(skip_serializing_if = "is_default")]
    pub name: Name,
    /// Nicknames (section 2.2.2).
    #[serde(skip_serializing_if = "is_default")]
    pub nicknames: Vec<String>,
    /// Companies and their departments (section 2.2.3).
    #[serde(skip_serializing_if = "is_default")]
    pub organizations: Vec<Organization>,
    /// Job titles and roles (section 2.2.5).
    #[serde(skip_serializing_if = "is_default")]
    pub titles: Vec<Title>,
    /// E-mail addresses (section 2.3.1).
    #[serde(skip_serializing_if = "is_default")]
    pub emails: Vec<EmailAddress>,
    /// Telephone numbers (section 2.3.3).
    #[serde(skip_serializing_if = "is_default")]
    pub phones: Vec<Phone>,
    /// Messaging and social profiles (section 2.3.2).
    #[serde(skip_serializing_if = "is_default")]
    pub online_services: Vec<OnlineService>,
    /// Languages that the person prefers, best first: BCP 47 tags (section 2.3.4).
    #[serde(skip_serializing_if = "is_default")]
    pub preferred_languages: Vec<String>,
    /// Postal addresses (section 2.5.1).
    #[serde(skip_serializing_if = "is_default")]
    pub addresses: Vec<Address>,
    /// Birthdays and other dates that return (section 2.8.1).
    #[serde(skip_serializing_if = "is_default")]
    pub anniversaries: Vec<Anniversary>,
    /// Web pages and other resources (section 2.6.3).
    #[serde(skip_serializing_if = "is_default")]
    pub links: Vec<Link>,
    /// The picture (section 2.6.4, kind `photo`).
    #[serde(skip_serializing_if = "is_default")]
    pub photo: Option<BlobRef>,
    /// Free text (section 2.8.3).
    #[serde(skip_serializing_if = "is_default")]
    pub notes: Vec<String>,
    /// Categories, by name (section 2.8.2).
    #[serde(skip_serializing_if = "is_default")]
    pub keywords: BTreeSet<String>,
    /// Members of a group, by uid (section 2.1.6).
    #[serde(skip_serializing_if = "is_default")]
    pub members: BTreeSet<String>,
    /// Related people (section 2.1.8).
    #[serde(skip_serializing_if = "is_default")]
    pub related_to: Vec<Relation>,
    /// Fields of the user's own making, by name.
    #[serde(skip_serializing_if = "is_default")]
    pub custom: Custom,
    /// When the card was made, as the side says. Beside the fields: never merged.
    #[serde(skip_serializing_if = "is_default")]
    pub created: Option<Timestamp>,
    /// When the card was last changed, as the side says. Beside the fields: never merged.
    #[serde(skip_serializing_if = "is_default")]
    pub updated: Option<Timestamp>,
}

/// What a card is of (RFC 9553 section 2.1.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ContactKind {
    /// One person.
    #[default]
    Individual,
    /// Several cards: see [`Contact::members`].
    Group,
    /// A company or other organisation.
    Org,
    /// A place.
    Location,
    /// A device.
    Device,
    /// A program.
    Application,
}

/// A name, in parts and in full (RFC 9553 section 2.2.1; the parts' words are its component kinds).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Name {
    /// As it is written in one piece.
    #[serde(skip_serializing_if = "is_default")]
    pub full: Option<String>,
    /// Honorific before the name: `Dr.`
    #[serde(skip_serializing_if = "is_default")]
    pub title: Option<String>,
    /// Given name.
    #[serde(skip_serializing_if = "is_default")]
    pub given: Option<String>,
    /// Middle names.
    #[serde(skip_serializing_if = "is_default")]
    pub given2: Option<String>,
    /// Family name.
    #[serde(skip_serializing_if = "is_default")]
    pub surname: Option<String>,
    /// Second family name.
    #[serde(skip_serializing_if = "is_default")]
    pub surname2: Option<String>,
    /// What follows the name: `PhD`, `Jr.`
    #[serde(skip_serializing_if = "is_default")]
    pub credential: Option<String>,
    /// How the given name sounds.
    #[serde(skip_serializing_if = "is_default")]
    pub given_phonetic: Option<String>,
    /// How the family name sounds.
    #[serde(skip_serializing_if = "is_default")]
    pub surname_phonetic: Option<String>,
}

/// A company and its units, largest first (RFC 9553 section 2.2.3).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Organization {
    /// The company's name.
    #[serde(skip_serializing_if = "is_default")]
    pub name: Option<String>,
    /// Departments, largest first.
    #[serde(skip_serializing_if = "is_default")]
    pub units: Vec<String>,
}

/// A job title or a role (RFC 9553 section 2.2.5).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Title {
    /// The title's text.
    pub name: String,
    /// Whether it is a position or a part played.
    #[serde(skip_serializing_if = "is_default")]
    pub kind: TitleKind,
}

/// Whether a [`Title`] is a position or a part played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TitleKind {
    /// A position: vCard TITLE.
    #[default]
    Title,
    /// A part played: vCard ROLE.
    Role,
}

/// An e-mail address (RFC 9553 section 2.3.1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct EmailAddress {
    /// The address, as written.
    pub address: String,
    /// `private`, `work` (section 1.5.1).
    #[serde(skip_serializing_if = "is_default")]
    pub contexts: BTreeSet<String>,
    /// A label of the user's own (section 1.5.3).
    #[serde(skip_serializing_if = "is_default")]
    pub label: Option<String>,
    /// 1 is best, 100 least (section 1.5.4).
    #[serde(skip_serializing_if = "is_default")]
    pub pref: Option<u8>,
}

/// A telephone number (RFC 9553 section 2.3.3).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Phone {
    /// The number, as written; no `tel:` before it.
    pub number: String,
    /// `mobile`, `voice`, `text`, `video`, `main-number`, `textphone`, `fax`, `pager`.
    #[serde(skip_serializing_if = "is_default")]
    pub features: BTreeSet<String>,
    /// `private`, `work`.
    #[serde(skip_serializing_if = "is_default")]
    pub contexts: BTreeSet<String>,
    /// A label of the user's own.
    #[serde(skip_serializing_if = "is_default")]
    pub label: Option<String>,
    /// 1 is best, 100 least.
    #[serde(skip_serializing_if = "is_default")]
    pub pref: Option<u8>,
}

/// A messaging account or social profile (RFC 9553 section 2.3.2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct OnlineService {
    /// The service's name.
    #[serde(skip_serializing_if = "is_default")]
    pub service: Option<String>,
    /// The account as a URI.
    #[serde(skip_serializing_if = "is_default")]
    pub uri: Option<String>,
    /// The account's name at the service.
    #[serde(skip_serializing_if = "is_default")]
    pub user: Option<String>,
    /// `private`, `work`.
    #[serde(skip_serializing_if = "is_default")]
    pub contexts: BTreeSet<String>,
    /// A label of the user's own.
    #[serde(skip_serializing_if = "is_default")]
    pub label: Option<String>,
    /// 1 is best, 100 least.
    #[serde(skip_serializing_if = "is_default")]
    pub pref: Option<u8>,
}

/// A postal address: one atom, its parts never mixed from two sides (RFC 9553 section 2.5.1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Address {
    /// As it is written in one piece, with line breaks.
    #[serde(skip_serializing_if = "is_default")]
    pub full: Option<String>,
    /// Post office box.
    #[serde(skip_serializing_if = "is_default")]
    pub post_office_box: Option<String>,
    /// Apartment, suite, floor (vCard's extended address).
    #[serde(skip_serializing_if = "is_default")]
    pub apartment: Option<String>,
    /// Street and number; may have line breaks.
    #[serde(skip_serializing_if = "is_default")]
    pub street: Option<String>,
    /// City, town, village.
    #[serde(skip_serializing_if = "is_default")]
    pub locality: Option<String>,
    /// State, province.
    #[serde(skip_serializing_if = "is_default")]
    pub region: Option<String>,
    /// Postal code.
    #[serde(skip_serializing_if = "is_default")]
    pub postcode: Option<String>,
    /// The country's name.
    #[serde(skip_serializing_if = "is_default")]
    pub country: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[serde(skip_serializing_if = "is_default")]
    pub country_code: Option<String>,
    /// A `geo:` URI (RFC 5870).
    #[serde(skip_serializing_if = "is_default")]
    pub coordinates: Option<String>,
    /// `private`, `work`, `billing`, `delivery`.
    #[serde(skip_serializing_if = "is_default")]
    pub contexts: BTreeSet<String>,
    /// A label of the user's own.
    #[serde(skip_serializing_if = "is_default")]
    pub label: Option<String>,
    /// 1 is best, 100 least.
    #[serde(skip_serializing_if = "is_default")]
    pub pref: Option<u8>,
}

/// A date that returns (RFC 9553 section 2.8.1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Anniversary {
    /// What happened then.
    pub kind: AnniversaryKind,
    /// When. Absent when only `text` is known.
    #[serde(skip_serializing_if = "is_default")]
    pub date: PartialDate,
    /// What was written where no date was: `circa 1800` (RFC 6350 section 6.2.5).
    #[serde(skip_serializing_if = "is_default")]
    pub text: Option<String>,
    /// A label of the user's own, for `other`.
    #[serde(skip_serializing_if = "is_default")]
    pub label: Option<String>,
}

/// What an [`Anniversary`] is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AnniversaryKind {
    /// Birthday.
    #[default]
    Birth,
    /// Day of death.
    Death,
    /// Wedding day.
    Wedding,
    /// Something else: see the label.
    Other,
}

/// A web page or other resource (RFC 9553 section 2.6.3; RFC 8984 section 1.4.11).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Link {
    /// Where it is.
    pub uri: String,
    /// What it is: `contact` on cards; `enclosure`, `describedby` on calendars.
    #[serde(skip_serializing_if = "is_default")]
    pub rel: Option<String>,
    /// Media type, when said.
    #[serde(skip_serializing_if = "is_default")]
    pub media_type: Option<String>,
    /// `private`, `work`.
    #[serde(skip_serializing_if = "is_default")]
    pub contexts: BTreeSet<String>,
    /// A label of the user's own, or the file's name.
    #[serde(skip_serializing_if = "is_default")]
    pub label: Option<String>,
    /// 1 is best, 100 least.
    #[serde(skip_serializing_if = "is_default")]
    pub pref: Option<u8>,
}

/// A related person (RFC 9553 section 2.1.8).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Relation {
    /// A uid, a URI, or a name as written.
    pub to: String,
    /// `spouse`, `child`, `parent`, `friend`, ... (RFC 9553's registry).
    #[serde(skip_serializing_if = "is_default")]
    pub relation: BTreeSet<String>,
    /// A label of the user's own.
    #[serde(skip_serializing_if = "is_default")]
    pub label: Option<String>,
}
