//! REPORT (RFC 3253 section 3.6): which one, and the members that all of them answer with.

use super::{Call, multiget, query, sync};
use crate::answer::{Answer, Member};
use crate::content::{self, BadFilter};
use crate::personality::{Expand, UnknownReport, VcardVersions};
use crate::world::{Item, Target};
use crate::xml::{CAL, CARD, DAV, Element, Name};

pub(super) fn answer(call: &mut Call<'_>) -> Answer {
    let root = match call.body() {
        Err(bad) => return bad,
        Ok(None) if call.world.personality.query.unknown_report == UnknownReport::Nothing => return unknown(call),
        Ok(None) => return Answer::text(400, "A REPORT needs a body"),
        Ok(Some(root)) => root,
    };
    let at = match call.target() {
        Target::Collection(at) => at,
        Target::Item(..) => return unknown(call),
        Target::Nothing(..) => return call.not_found(),
    };
    let rules = call.world.personality.query.clone();
    let place = call.kind(&at);
    let calendar = matches!(place, Some(crate::world::Kind::Calendar | crate::world::Kind::Inbox));
    let card = place == Some(crate::world::Kind::AddressBook);
    match (root.name.space.as_str(), root.name.local.as_str()) {
        (DAV, "sync-collection") if call.world.personality.sync.supported && (calendar || card) => sync::answer(call, &at, &root),
        (CAL, "calendar-multiget") if rules.multiget && (calendar || !card) => multiget::answer(call, &root),
        (CARD, "addressbook-multiget") if rules.multiget && (card || !calendar) => multiget::answer(call, &root),
        (CAL, "calendar-query") if rules.calendar && calendar => query::calendar(call, &at, &root),
        (CARD, "addressbook-query") if rules.addressbook && card => query::addressbook(call, &at, &root),
        _ => unknown(call),
    }
}

fn unknown(call: &Call<'_>) -> Answer {
    let style = &call.world.personality.xml;
    match call.world.personality.query.unknown_report {
        UnknownReport::Precondition(status) => Answer::precondition(status, Element::new(DAV, "supported-report"), style),
        UnknownReport::Bare(status) => Answer::of(status),
        UnknownReport::Nothing => Answer::multistatus(&[], None, style, false),
    }
}

/// What a report wants of each member.
pub(super) struct Columns {
    properties: Vec<Element>,
}

impl Columns {
    /// The children of the report's `D:prop`; without one, nothing is wanted.
    pub(super) fn of(root: &Element) -> Self {
        Self { properties: root.child(DAV, "prop").map(|prop| prop.children().cloned().collect()).unwrap_or_default() }
    }

    /// The names alone.
    pub(super) fn names(&self) -> Vec<Name> {
        self.properties.iter().map(|property| property.name.clone()).collect()
    }
}

impl Call<'_> {
    /// A member of a report: properties, and the data if it is wanted.
    pub(super) fn report_member(&mut self, collection: &str, name: &str, columns: &Columns) -> Result<Option<Member>, BadFilter> {
        let Some(item) = self.world.tree.collections.get(collection).and_then(|place| place.items.get(name)).cloned() else {
            return Ok(None);
        };
        let mut member = Member::new(self.href(&format!("{collection}{name}")));
        for property in &columns.properties {
            let data = property.name.is(CAL, "calendar-data") || property.name.is(CARD, "address-data");
            let value = if data {
                let body = self.data(&item, property)?;
                Some(Element::empty(&property.name).text(self.line_ends(body)))
            } else {
                self.of_item(collection, &item, &property.name)
            };
            match value {
                Some(value) => member.found.push(value),
                None => member.missing.push(property.name.clone()),
            }
        }
        Ok(Some(member))
    }

    fn line_ends(&self, body: String) -> String {
        if self.world.personality.xml.keeps_cr { body } else { body.replace('\r', "") }
    }

    /// The body as the report's `calendar-data` or `address-data` wants it.
    fn data(&self, item: &Item, property: &Element) -> Result<String, BadFilter> {
        if property.name.is(CARD, "address-data") {
            return self.card_in(item, property.get("version"));
        }
        let Some(expand) = property.child(CAL, "expand") else { return Ok(item.body.clone()) };
        if self.world.personality.query.expand == Expand::Ignored {
            return Ok(item.body.clone());
        }
        let range = content::range(expand)?;
        let roots = content::parse(&item.body).unwrap_or_default();
        Ok(roots.iter().map(|root| content::write(&content::expanded(root, range))).collect())
    }

    /// A card in the version that is wanted, as far as this server converts (RFC 6352 section 5.1.1).
    pub(super) fn card_in(&self, item: &Item, version: Option<&str>) -> Result<String, BadFilter> {
        match (self.world.personality.write.vcards, version) {
            (_, Some(version)) if version != "3.0" && version != "4.0" => Err("supported-address-data-conversion"),
            (VcardVersions::ThreeOnly, Some("4.0")) => Err("supported-address-data-conversion"),
            (VcardVersions::ThreeByDefault, None | Some("3.0")) => {
                let roots = content::parse(&item.body).unwrap_or_default();
                let four = roots.iter().any(|root| root.value("VERSION") == Some("4.0"));
                let three = roots.iter().map(|root| content::write(&content::to_three(root))).collect();
                Ok(if four { three } else { item.body.clone() })
            }
            _ => Ok(item.body.clone()),
        }
    }
}
