//! The properties that are asked for, as one response of a multistatus has them.

use super::words::{CAL, CARD, DAV, SERVER};
use pimkit_formats::xml::{Name, Reader, XmlError};

/// What a resource is (RFC 4918 section 15.9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Types {
    pub(crate) collection: bool,
    pub(crate) calendar: bool,
    pub(crate) address_book: bool,
    pub(crate) principal: bool,
    /// Scheduling boxes, notifications, trash, subscriptions: collections that hold nothing of the user's own.
    pub(crate) other: bool,
    pub(crate) shared: bool,
}

/// What may be done with a resource (RFC 3744 section 5.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Privileges {
    /// Members can be made.
    pub(crate) bind: bool,
    /// Members can be removed.
    pub(crate) unbind: bool,
    /// What is there can be changed.
    pub(crate) write_content: bool,
    /// Its properties can be changed.
    pub(crate) write_properties: bool,
}

/// What a response says of one resource. What was not answered, or answered with 404, is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Props {
    pub(crate) types: Option<Types>,
    pub(crate) etag: Option<String>,
    pub(crate) data: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) modified: Option<String>,
    pub(crate) display_name: Option<String>,
    pub(crate) ctag: Option<String>,
    pub(crate) sync_token: Option<String>,
    pub(crate) owner: Option<String>,
    pub(crate) privileges: Option<Privileges>,
    /// Names of reports.
    pub(crate) reports: Option<Vec<String>>,
    /// `VEVENT`, `VTODO`, …
    pub(crate) components: Option<Vec<String>>,
    /// Versions of vCard.
    pub(crate) card_versions: Option<Vec<String>>,
    pub(crate) max_size: Option<u64>,
    pub(crate) principal: Option<String>,
    pub(crate) unauthenticated: bool,
    pub(crate) calendar_homes: Vec<String>,
    pub(crate) address_book_homes: Vec<String>,
    pub(crate) addresses: Vec<String>,
}

fn hrefs(reader: &mut Reader<'_>) -> Result<Vec<String>, XmlError> {
    let mut found = Vec::new();
    while let Some(name) = reader.child()? {
        if name.is(DAV, "href") {
            let href = reader.text()?.trim().to_owned();
            if !href.is_empty() {
                found.push(href);
            }
        } else {
            reader.skip()?;
        }
    }
    Ok(found)
}

fn types(reader: &mut Reader<'_>) -> Result<Types, XmlError> {
    let mut types = Types::default();
    while let Some(name) = reader.child()? {
        match (name.namespace, name.local.as_str()) {
            (Some(DAV), "collection") => types.collection = true,
            (Some(DAV), "principal") => types.principal = true,
            (Some(CAL), "calendar") => types.calendar = true,
            (Some(CARD), "addressbook") => types.address_book = true,
            (Some(SERVER), "shared" | "shared-owner") => types.shared = true,
            (Some(CAL), "schedule-inbox" | "schedule-outbox") => types.other = true,
            (Some(SERVER), "notification" | "dropbox-home" | "subscribed" | "free-busy-url") => types.other = true,
            // Nextcloud's trash: `deleted-calendar`, `trash-bin`.
            (_, "deleted-calendar" | "trash-bin") => types.other = true,
            _ => {}
        }
        reader.skip()?;
    }
    Ok(types)
}

/// Old servers nest all privileges in one `privilege` (Radicale 1, 2), so names are looked for at any depth.
fn privileges(reader: &mut Reader<'_>) -> Result<Privileges, XmlError> {
    fn into(reader: &mut Reader<'_>, found: &mut Privileges) -> Result<(), XmlError> {
        while let Some(name) = reader.child()? {
            if name.namespace == Some(DAV) {
                match name.local.as_str() {
                    "all" | "write" => {
                        *found = Privileges { bind: true, unbind: true, write_content: true, write_properties: true };
                    }
                    "bind" => found.bind = true,
                    "unbind" => found.unbind = true,
                    "write-content" => found.write_content = true,
                    "write-properties" => found.write_properties = true,
                    _ => {}
                }
            }
            into(reader, found)?;
        }
        Ok(())
    }
    let mut found = Privileges::default();
    into(reader, &mut found)?;
    Ok(found)
}

/// The names of the reports in `supported-report-set` (RFC 3253 section 3.1.5).
fn reports(reader: &mut Reader<'_>) -> Result<Vec<String>, XmlError> {
    fn into(reader: &mut Reader<'_>, found: &mut Vec<String>) -> Result<(), XmlError> {
        while let Some(name) = reader.child()? {
            let wraps = name.is(DAV, "supported-report") || name.is(DAV, "report");
            if !wraps {
                found.push(name.local.to_string());
            }
            into(reader, found)?;
        }
        Ok(())
    }
    let mut found = Vec::new();
    into(reader, &mut found)?;
    Ok(found)
}

/// One attribute of every element within: of `comp` (RFC 4791 section 5.2.3) or `address-data-type` (RFC 6352 section 6.2.2).
fn listed(reader: &mut Reader<'_>, attribute: &str) -> Result<Vec<String>, XmlError> {
    let mut found = Vec::new();
    while reader.child()?.is_some() {
        found.extend(reader.attribute(attribute).map(|value| value.trim().to_ascii_uppercase()));
        reader.skip()?;
    }
    Ok(found)
}

/// The text of an element; none when there is nothing but white space.
fn said(reader: &mut Reader<'_>) -> Result<Option<String>, XmlError> {
    let text = reader.text()?;
    let trimmed = text.trim();
    Ok(if trimmed.is_empty() {
        None
    } else if trimmed.len() == text.len() {
        Some(text)
    } else {
        Some(trimmed.to_owned())
    })
}

impl Props {
    /// Reads one property, whose element is open.
    pub(crate) fn read(&mut self, name: &Name, reader: &mut Reader<'_>) -> Result<(), XmlError> {
        match (name.namespace, name.local.as_str()) {
            (Some(DAV), "resourcetype") => self.types = Some(types(reader)?),
            (Some(DAV), "getetag") => self.etag = said(reader)?,
            (Some(CAL), "calendar-data") | (Some(CARD), "address-data") => {
                let text = reader.text()?;
                self.data = (!text.trim().is_empty()).then_some(text);
            }
            (Some(DAV), "getcontenttype") => self.content_type = said(reader)?,
            (Some(DAV), "getlastmodified") => self.modified = said(reader)?,
            (Some(DAV), "displayname") => self.display_name = said(reader)?,
            (Some(SERVER), "getctag") => self.ctag = said(reader)?,
            (Some(DAV), "sync-token") => self.sync_token = said(reader)?,
            (Some(DAV), "owner") => self.owner = hrefs(reader)?.into_iter().next(),
            (Some(DAV), "current-user-privilege-set") => self.privileges = Some(privileges(reader)?),
            (Some(DAV), "supported-report-set") => self.reports = Some(reports(reader)?),
            (Some(CAL), "supported-calendar-component-set") => self.components = Some(listed(reader, "name")?),
            (Some(CARD), "supported-address-data") => self.card_versions = Some(listed(reader, "version")?),
            (Some(CAL | CARD), "max-resource-size") => self.max_size = said(reader)?.and_then(|text| text.parse().ok()),
            (Some(DAV), "current-user-principal" | "principal-URL") => {
                let is_current = name.local == "current-user-principal";
                let mut found = None;
                while let Some(inner) = reader.child()? {
                    if inner.is(DAV, "href") {
                        found = said(reader)?;
                    } else {
                        self.unauthenticated |= is_current && inner.is(DAV, "unauthenticated");
                        reader.skip()?;
                    }
                }
                if is_current || self.principal.is_none() {
                    self.principal = found.or(self.principal.take());
                }
            }
            (Some(CAL), "calendar-home-set") => self.calendar_homes = hrefs(reader)?,
            (Some(CARD), "addressbook-home-set") => self.address_book_homes = hrefs(reader)?,
            (Some(CAL), "calendar-user-address-set") => self.addresses = hrefs(reader)?,
            _ => reader.skip()?,
        }
        Ok(())
    }

    /// Takes over what another part of the same response says. Nothing that is there is lost to an empty copy: iCloud repeats
    /// every name, empty, under 404 (AndroidCaldavSyncAdapater 186).
    pub(crate) fn merge(&mut self, other: Self) {
        fn take<T>(mine: &mut Option<T>, theirs: Option<T>) {
            if mine.is_none() {
                *mine = theirs;
            }
        }
        take(&mut self.types, other.types);
        take(&mut self.etag, other.etag);
        take(&mut self.data, other.data);
        take(&mut self.content_type, other.content_type);
        take(&mut self.modified, other.modified);
        take(&mut self.display_name, other.display_name);
        take(&mut self.ctag, other.ctag);
        take(&mut self.sync_token, other.sync_token);
        take(&mut self.owner, other.owner);
        take(&mut self.privileges, other.privileges);
        take(&mut self.reports, other.reports);
        take(&mut self.components, other.components);
        take(&mut self.card_versions, other.card_versions);
        take(&mut self.max_size, other.max_size);
        take(&mut self.principal, other.principal);
        self.unauthenticated |= other.unauthenticated;
        for (mine, theirs) in [
            (&mut self.calendar_homes, other.calendar_homes),
            (&mut self.address_book_homes, other.address_book_homes),
            (&mut self.addresses, other.addresses),
        ] {
            if mine.is_empty() {
                *mine = theirs;
            }
        }
    }
}
