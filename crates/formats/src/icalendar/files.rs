//! URL, ATTACH and LINK (RFC 5545 sections 3.8.4.6 and 3.8.1.1, RFC 8607, RFC 9253), CONFERENCE (RFC 7986).
//!
//! - URL is a link with rel `describedby`, ATTACH with an address one with rel `enclosure`, every other link is a LINK.
//! - ATTACH with bytes in it, with MANAGED-ID (the server keeps the bytes, RFC 8607 section 4) or with our mark is an
//!   attachment.

use std::collections::BTreeSet;

use base64::Engine as _;
use pimkit_core::{Attachment, BlobId, BlobRef, Digest, Link, VirtualLocation};

use super::lines::{Elements, inline_id};
use crate::FormatError;
use crate::resource::{InlineBlob, InlineBlobs};
use crate::text::{Component, ContentLine};

/// Says that an ATTACH with an address is a file of the item, not a link.
const ATTACHMENT: &str = "X-PIMKIT-ATTACHMENT";
/// The contexts of a link: iCalendar has no word for them.
const CONTEXT: &str = "X-PIMKIT-CONTEXT";
/// Where clients say a file's name; the first is the standard's (RFC 8607 section 4.2), the others are of KOrganizer,
/// Outlook and its kin, Apple, Oracle.
const NAMES: [&str; 6] = ["FILENAME", "X-LABEL", "X-FILENAME", "X-APPLE-FILENAME", "X-ORACLE-FILENAME", "LABEL"];

fn says(line: &ContentLine, name: &str, word: &str) -> bool {
    line.param_value(name).is_some_and(|value| value.eq_ignore_ascii_case(word))
}

fn is_inline(line: &ContentLine) -> bool {
    says(line, "VALUE", "BINARY") || says(line, "ENCODING", "BASE64") || says(line, "ENCODING", "B")
}

fn is_file(line: &ContentLine) -> bool {
    is_inline(line) || line.param("MANAGED-ID").is_some() || line.param(ATTACHMENT).is_some()
}

fn file_name(line: &ContentLine) -> Option<String> {
    NAMES.into_iter().find_map(|name| line.param_value(name)).filter(|name| !name.is_empty())
}

fn set_file_name(line: &mut ContentLine, name: Option<&str>) {
    if file_name(line).as_deref() != name {
        for known in NAMES {
            line.remove_param(known);
        }
        line.set_param("FILENAME", name);
    }
}

fn media_type(line: &ContentLine) -> String {
    line.param_value("FMTTYPE").unwrap_or_default()
}

fn set_media_type(line: &mut ContentLine, media_type: &str) {
    if self::media_type(line) != media_type {
        line.set_param("FMTTYPE", Some(media_type).filter(|word| !word.is_empty()));
    }
}

fn read_link(line: &ContentLine) -> Option<Link> {
    let uri = line.value().trim().to_owned();
    if uri.is_empty() || (line.is("ATTACH") && is_file(line)) {
        return None;
    }
    let rel = if line.is("URL") {
        Some("describedby".to_owned())
    } else if line.is("ATTACH") {
        Some("enclosure".to_owned())
    } else {
        // LINK to a UID or to a part of XML is no address (RFC 9253 section 8.2).
        if line.param_value("VALUE").is_some_and(|value| !value.eq_ignore_ascii_case("URI")) {
            return None;
        }
        line.param_value("LINKREL").filter(|rel| !rel.is_empty())
    };
    Some(Link {
        uri,
        rel,
        media_type: Some(media_type(line)).filter(|word| !word.is_empty()),
        contexts: line.param_values(CONTEXT).into_iter().filter(|c| !c.is_empty()).collect(),
        label: file_name(line),
        pref: line.param_value("X-PIMKIT-PREF").and_then(|pref| pref.parse().ok()),
    })
}

/// The property that says a link. URL stands once in a component and says nothing but the address.
fn property(link: &Link, url_free: bool) -> &'static str {
    let bare = link.media_type.is_none() && link.label.is_none() && link.contexts.is_empty() && link.pref.is_none();
    match link.rel.as_deref() {
        Some("describedby") if bare && url_free => "URL",
        Some("enclosure") => "ATTACH",
        _ => "LINK",
    }
}

fn write_link(old: Option<ContentLine>, link: &Link, url_free: bool) -> ContentLine {
    let mut line = match old {
        // The old line's name still fits when it reads as the same sort of link.
        Some(line) if read_link(&line).is_some_and(|known| known.rel == link.rel) && (!line.is("URL") || property(link, true) == "URL") => {
            line
        }
        _ => {
            let name = property(link, url_free);
            let mut line = ContentLine::new(name, "");
            if name == "LINK" {
                line.set_param("LINKREL", link.rel.as_deref());
                line.set_param("VALUE", ["URI"]);
            }
            line
        }
    };
    line.set_value(&link.uri);
    if !line.is("URL") {
        set_media_type(&mut line, link.media_type.as_deref().unwrap_or_default());
        if file_name(&line) != link.label {
            for known in NAMES {
                line.remove_param(known);
            }
            line.set_param(if line.is("LINK") { "LABEL" } else { "FILENAME" }, link.label.as_deref());
        }
        line.set_param(CONTEXT, link.contexts.iter().map(String::as_str));
        let pref = link.pref.map(|pref| pref.to_string());
        line.set_param("X-PIMKIT-PREF", pref.as_deref());
    }
    line
}

fn is_link_line(line: &crate::text::Line) -> bool {
    line.is("URL") || line.is("ATTACH") || line.is("LINK")
}

pub(super) fn read_links(c: &Component) -> Vec<Link> {
    c.lines().filter(|line| is_link_line(line)).filter_map(|line| read_link(&line.content()?)).collect()
}

pub(super) fn patch_links(c: &mut Component, base: &[Link], target: &[Link]) -> Result<(), FormatError> {
    // Of several bare links the first becomes the URL; one that is the URL already stays it.
    let current = c.content("URL").and_then(|line| read_link(&line));
    let keeps = |link: &Link| current.as_ref().is_some_and(|url| url == link);
    let url = target.iter().find(|l| keeps(l)).or_else(|| target.iter().find(|l| property(l, true) == "URL")).cloned();
    let taken = std::cell::Cell::new(false);
    Elements {
        lines: &is_link_line,
        read: &read_link,
        same: &|a, b| a == b,
        akin: &|a: &Link, b: &Link| a.uri.trim() == b.uri.trim(),
        write: &|old, link| {
            let free = url.as_ref() == Some(link) && !keeps(link) && !taken.get();
            let line = write_link(old, link, free);
            taken.set(taken.get() || line.is("URL"));
            Ok(line)
        },
    }
    .patch(c, base, target)
}

fn read_attachment(line: &ContentLine) -> Option<Attachment> {
    if !is_file(line) {
        return None;
    }
    let mut blob = BlobRef { media_type: media_type(line), ..BlobRef::default() };
    if is_inline(line) {
        let bytes = line.base64()?;
        let digest = Digest::of(&bytes);
        blob.id = inline_id(&digest);
        blob.size = Some(bytes.len() as u64);
        blob.digest = Some(digest);
    } else {
        let uri = line.value().trim().to_owned();
        blob.id = BlobId::from(uri.clone());
        blob.size = line.param_value("SIZE").and_then(|size| size.parse().ok());
        blob.uri = Some(uri).filter(|uri| !uri.is_empty());
        blob.uri.as_ref()?;
    }
    Some(Attachment { blob, name: file_name(line) })
}

/// The bytes of an inline attachment of a component.
pub(super) fn blob(c: &Component, id: &BlobId) -> Option<InlineBlob> {
    c.contents("ATTACH").filter(is_inline).find_map(|line| {
        let bytes = line.base64()?;
        (inline_id(&Digest::of(&bytes)) == *id).then(|| InlineBlob { media_type: media_type(&line), bytes })
    })
}

/// The same bytes: as the catalogue compares blobs.
fn same_bytes(a: &BlobRef, b: &BlobRef) -> bool {
    match ((&a.digest, &b.digest), (&a.uri, &b.uri)) {
        ((Some(a), Some(b)), _) => a == b,
        (_, (Some(a), Some(b))) => a == b,
        _ => a.id == b.id,
    }
}

fn write_attachment(old: Option<ContentLine>, to: &Attachment, blobs: &InlineBlobs) -> Result<ContentLine, FormatError> {
    let mut line = match old {
        Some(line) if read_attachment(&line).is_some_and(|known| same_bytes(&known.blob, &to.blob)) => line,
        _ => {
            let mut line = ContentLine::new("ATTACH", "");
            if let Some(given) = blobs.get(&to.blob.id) {
                let media_type = if to.blob.media_type.is_empty() { &given.media_type } else { &to.blob.media_type };
                set_media_type(&mut line, media_type);
                set_file_name(&mut line, to.name.as_deref());
                line.set_param("ENCODING", ["BASE64"]);
                line.set_param("VALUE", ["BINARY"]);
                line.set_value(&base64::engine::general_purpose::STANDARD.encode(&given.bytes));
            } else if let Some(uri) = &to.blob.uri {
                line.set_value(uri);
                line.set_param(ATTACHMENT, ["TRUE"]);
                let size = to.blob.size.map(|size| size.to_string());
                line.set_param("SIZE", size.as_deref());
            } else {
                return Err(FormatError::MissingBlob { field: "attachments" });
            }
            line
        }
    };
    if !to.blob.media_type.is_empty() {
        set_media_type(&mut line, &to.blob.media_type);
    }
    set_file_name(&mut line, to.name.as_deref());
    Ok(line)
}

pub(super) fn read_attachments(c: &Component) -> Vec<Attachment> {
    c.contents("ATTACH").filter_map(|line| read_attachment(&line)).collect()
}

pub(super) fn patch_attachments(
    c: &mut Component,
    base: &[Attachment],
    target: &[Attachment],
    blobs: &InlineBlobs,
) -> Result<(), FormatError> {
    Elements {
        lines: &|line| line.is("ATTACH"),
        read: &read_attachment,
        same: &|a: &Attachment, b: &Attachment| a.name == b.name && same_bytes(&a.blob, &b.blob),
        akin: &|a: &Attachment, b: &Attachment| same_bytes(&a.blob, &b.blob),
        write: &|old, attachment| write_attachment(old, attachment, blobs),
    }
    .patch(c, base, target)
}

fn is_conference(line: &crate::text::Line) -> bool {
    line.is("CONFERENCE") || line.is("X-GOOGLE-CONFERENCE") || line.is("X-MICROSOFT-SKYPETEAMSMEETINGURL")
}

fn read_conference(line: &ContentLine) -> Option<VirtualLocation> {
    let uri = line.value().trim().to_owned();
    let name = line.param_value("LABEL").filter(|name| !name.is_empty());
    (!uri.is_empty()).then_some(VirtualLocation { uri, name })
}

/// CONFERENCE, and what Google and Microsoft wrote before it. The same address in two properties is one place.
pub(super) fn read_conferences(c: &Component) -> Vec<VirtualLocation> {
    let standard: Vec<VirtualLocation> = c.contents("CONFERENCE").filter_map(|line| read_conference(&line)).collect();
    let mut seen: BTreeSet<String> = standard.iter().map(|place| place.uri.clone()).collect();
    let others = c.lines().filter(|line| is_conference(line) && !line.is("CONFERENCE"));
    let others = others.filter_map(|line| read_conference(&line.content()?)).filter(|place| seen.insert(place.uri.clone()));
    let others: Vec<VirtualLocation> = others.collect();
    standard.into_iter().chain(others).collect()
}

pub(super) fn patch_conferences(c: &mut Component, base: &[VirtualLocation], target: &[VirtualLocation]) -> Result<(), FormatError> {
    let kept: BTreeSet<String> = target.iter().map(|place| place.uri.clone()).collect();
    let standard: BTreeSet<String> = c.contents("CONFERENCE").filter_map(|l| read_conference(&l)).map(|p| p.uri).collect();
    Elements {
        // A second spelling of a place that stays is no element of its own.
        lines: &|line| {
            is_conference(line)
                && (line.is("CONFERENCE")
                    || !{
                        let uri = line.value().trim().to_owned();
                        standard.contains(&uri) && kept.contains(&uri)
                    })
        },
        read: &read_conference,
        same: &|a, b| a == b,
        akin: &|a: &VirtualLocation, b: &VirtualLocation| a.uri == b.uri,
        write: &|old, place| {
            let mut line = old.unwrap_or_else(|| ContentLine::new("CONFERENCE", "").with_param("VALUE", "URI"));
            line.set_value(&place.uri);
            line.set_param("LABEL", place.name.as_deref());
            Ok(line)
        },
    }
    .patch(c, base, target)
}
