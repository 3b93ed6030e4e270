//! What VEVENT and VTODO have in common.

use std::collections::BTreeSet;

use jiff::Timestamp;
use pimkit_core::{Alert, Attachment, Custom, Link, Location, Privacy};

use super::lines::{set_text, set_value};
use super::{Context, alarms, custom, files, places, time};
use crate::FormatError;
use crate::resource::InlineBlobs;
use crate::text::{Component, ContentLine};

/// The fields that both kinds have.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) uid: Option<String>,
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) privacy: Option<Privacy>,
    pub(super) priority: Option<u8>,
    pub(super) color: Option<String>,
    pub(super) keywords: BTreeSet<String>,
    pub(super) locations: Vec<Location>,
    pub(super) links: Vec<Link>,
    pub(super) attachments: Vec<Attachment>,
    pub(super) alerts: Vec<Alert>,
    pub(super) custom: Custom,
    pub(super) sequence: u32,
    pub(super) created: Option<Timestamp>,
    pub(super) updated: Option<Timestamp>,
}

pub(super) fn text(c: &Component, name: &str, context: &Context) -> Option<String> {
    c.content(name).map(|line| line.text(context.dialect)).filter(|text| !text.is_empty())
}

fn word(c: &Component, name: &str) -> Option<String> {
    c.content(name).map(|line| line.value().trim().to_ascii_uppercase()).filter(|word| !word.is_empty())
}

/// The upper-case word of a property, for those that know a list of words.
pub(super) fn choice<T>(c: &Component, name: &str, of: impl Fn(&str) -> Option<T>) -> Option<T> {
    word(c, name).and_then(|word| of(&word))
}

/// CREATED and LAST-MODIFIED before 1970 (`00001231T000000Z`) mean "unknown" (seen in Google's exports).
fn stamp(c: &Component, name: &str, context: &Context) -> Option<Timestamp> {
    let at = time::read_instant(&c.content(name)?, &context.zones)?;
    (at > Timestamp::UNIX_EPOCH).then_some(at)
}

fn keywords(line: &ContentLine, context: &Context) -> Vec<String> {
    line.list(context.dialect).into_iter().map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect()
}

pub(super) fn read(c: &Component, context: &Context) -> Shared {
    Shared {
        uid: text(c, "UID", context).map(|uid| uid.trim().to_owned()).filter(|uid| !uid.is_empty()),
        title: text(c, "SUMMARY", context),
        description: text(c, "DESCRIPTION", context),
        privacy: choice(c, "CLASS", |word| {
            Some(match word {
                "PUBLIC" => Privacy::Public,
                "CONFIDENTIAL" => Privacy::Secret,
                // An unknown class must be taken as private (RFC 5545 section 3.8.1.3).
                _ => Privacy::Private,
            })
        }),
        priority: c.content("PRIORITY").and_then(|line| line.value().trim().parse().ok()).filter(|n: &u8| *n <= 9),
        color: text(c, "COLOR", context).map(|color| color.trim().to_owned()),
        keywords: c.contents("CATEGORIES").flat_map(|line| keywords(&line, context)).collect(),
        locations: places::read(c, context),
        links: files::read_links(c),
        attachments: files::read_attachments(c),
        alerts: alarms::read(c, context),
        custom: custom::read(c, context),
        sequence: c.content("SEQUENCE").and_then(|line| line.value().trim().parse().ok()).unwrap_or_default(),
        created: stamp(c, "CREATED", context),
        updated: stamp(c, "LAST-MODIFIED", context),
    }
}

/// Writes what differs; alerts and attachments need the words and bytes beside the fields.
pub(super) fn patch(
    c: &mut Component,
    base: &Shared,
    target: &Shared,
    words: &alarms::Words<'_>,
    blobs: &InlineBlobs,
    context: &Context,
) -> Result<(), FormatError> {
    set_text(c, "UID", base.uid.as_deref(), target.uid.as_deref(), context);
    set_text(c, "SUMMARY", base.title.as_deref(), target.title.as_deref(), context);
    if set_text(c, "DESCRIPTION", base.description.as_deref(), target.description.as_deref(), context) {
        // The same text as HTML (MS-OXCICAL, X-ALT-DESC): Outlook prefers it to the text.
        c.remove("X-ALT-DESC");
    }
    let class = |privacy: Option<Privacy>| {
        privacy.map(|privacy| match privacy {
            Privacy::Public => "PUBLIC",
            Privacy::Private => "PRIVATE",
            Privacy::Secret => "CONFIDENTIAL",
        })
    };
    set_value(c, "CLASS", class(base.privacy), class(target.privacy));
    let number = |n: Option<u8>| n.map(|n| n.min(9).to_string());
    set_value(c, "PRIORITY", number(base.priority).as_deref(), number(target.priority).as_deref());
    set_text(c, "COLOR", base.color.as_deref(), target.color.as_deref(), context);
    patch_keywords(c, &base.keywords, &target.keywords, context);
    places::patch(c, &base.locations, &target.locations, context);
    files::patch_links(c, &base.links, &target.links)?;
    files::patch_attachments(c, &base.attachments, &target.attachments, blobs)?;
    custom::patch(c, &base.custom, &target.custom, context);
    alarms::patch(c, &base.alerts, &target.alerts, words, context);
    Ok(())
}

/// CATEGORIES may stand several times, each with several words; a line without a change keeps its bytes.
fn patch_keywords(c: &mut Component, base: &BTreeSet<String>, target: &BTreeSet<String>, context: &Context) {
    if base == target {
        return;
    }
    let mut missing: Vec<&str> = target.iter().map(String::as_str).collect();
    for line in c.lines_named("CATEGORIES").filter_map(crate::text::Line::content) {
        let there = keywords(&line, context);
        missing.retain(|word| !there.iter().any(|known| known == word));
    }
    let count = c.lines_named("CATEGORIES").count();
    let mut emptied = Vec::new();
    for (at, line) in c.lines_mut().filter(|line| line.is("CATEGORIES")).enumerate() {
        let Some(mut content) = line.content() else { continue };
        let there = keywords(&content, context);
        let mut words: Vec<&str> =
            there.iter().map(String::as_str).filter(|word| target.contains(*word) || !base.contains(*word)).collect();
        let kept = words.len();
        if at + 1 == count {
            // Many readers take one line only: what is added joins the last.
            words.extend(std::mem::take(&mut missing));
        }
        if words.is_empty() {
            emptied.push(at);
        } else if words.len() != there.len() || kept != there.len() {
            content.set_list(&words, context.dialect);
            line.set_content(content);
        }
    }
    let mut at = 0;
    c.remove_where(|line| {
        let is = line.is("CATEGORIES");
        let gone = is && emptied.contains(&at);
        at += usize::from(is);
        gone
    });
    if !missing.is_empty() {
        let mut line = ContentLine::new("CATEGORIES", "");
        line.set_list(&missing, context.dialect);
        c.add(line);
    }
}
