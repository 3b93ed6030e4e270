//! Live properties.

use super::Call;
use crate::personality::{CollectionRules, Counter, VcardVersions};
use crate::world::{Collection, Item, Kind, World};
use crate::xml::{CAL, CARD, CS, DAV, Element, Name};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The properties that `allprop` and `propname` tell of collections.
pub(super) const OF_COLLECTIONS: &[(&str, &str)] =
    &[(DAV, "resourcetype"), (DAV, "displayname"), (DAV, "creationdate"), (DAV, "getlastmodified"), (DAV, "sync-token"), (CS, "getctag")];
/// The properties that `allprop` and `propname` tell of items.
pub(super) const OF_ITEMS: &[(&str, &str)] =
    &[(DAV, "resourcetype"), (DAV, "getetag"), (DAV, "getcontenttype"), (DAV, "getcontentlength"), (DAV, "getlastmodified")];

/// Properties that PROPPATCH must not change (RFC 4918 section 15, RFC 4791, RFC 6352, RFC 6578).
pub(super) fn protected(name: &Name) -> bool {
    const NAMES: &[(&str, &[&str])] = &[
        (
            DAV,
            &[
                "getetag",
                "getcontentlength",
                "getcontenttype",
                "getlastmodified",
                "creationdate",
                "resourcetype",
                "sync-token",
                "supported-report-set",
                "current-user-privilege-set",
                "current-user-principal",
                "principal-URL",
                "owner",
            ],
        ),
        (CAL, &["supported-calendar-component-set", "supported-calendar-data", "max-resource-size", "calendar-home-set", "schedule-tag"]),
        (CARD, &["supported-address-data", "max-resource-size", "addressbook-home-set"]),
        (CS, &["getctag"]),
    ];
    NAMES.iter().any(|(space, locals)| name.space == *space && locals.contains(&name.local.as_str()))
}

fn date(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// The date of `Last-Modified` and `getlastmodified`.
pub(super) fn http_date(at: Timestamp) -> String {
    date(at)
}

impl Call<'_> {
    /// A property of a collection; None if it has none of that name.
    pub(super) fn of_collection(&mut self, path: &str, name: &Name) -> Option<Element> {
        let personality = self.world.personality.clone();
        let collection = self.world.tree.collections.get(path)?.outline();
        let element = Element::empty(name);
        let data = matches!(collection.kind, Kind::Calendar | Kind::AddressBook);
        let user = collection.owner.clone().unwrap_or_else(|| self.user.clone());
        match (name.space.as_str(), name.local.as_str()) {
            (DAV, "resourcetype") => Some(element.all(types(&collection))),
            (DAV, "current-user-principal") if personality.layout.current_user_principal => {
                let principal = World::path_of(&personality.layout.principal, &self.user);
                Some(element.with(self.href_element(&principal)))
            }
            (DAV, "principal-URL") if collection.kind == Kind::Principal => Some(element.with(self.href_element(path))),
            (DAV, "getetag") if data && personality.collections.tagged => {
                let tag = self.world.counter(path, collection.seq, 0)?;
                Some(element.text(self.world.spelt(&tag)))
            }
            (DAV, "getcontenttype") if data && personality.collections.tagged => Some(element.text("httpd/unix-directory")),
            (DAV, "owner") => {
                collection.owner.as_ref()?;
                Some(element.with(self.href_element(&World::path_of(&personality.layout.principal, &user))))
            }
            (DAV, "creationdate") => Some(element.text(collection.created.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())),
            (DAV, "getlastmodified") if data => Some(element.text(date(collection.last.unwrap_or(collection.created)))),
            (DAV, "current-user-privilege-set") if personality.collections.privileges_listed && collection.owner.is_some() => {
                Some(element.all(privileges(collection.read_only, &personality.collections)))
            }
            (DAV, "supported-report-set") => Some(element.all(self.reports(&collection))),
            (DAV, "sync-token") if data && personality.sync.supported && personality.sync.in_propfind => {
                let token = self.world.token(path, personality.sync.propfind_offset)?;
                Some(element.text(token))
            }
            (CS, "getctag") if data && personality.sync.ctag => Some(element.text(self.ctag(path, &collection)?)),
            (CAL, "calendar-home-set") if collection.kind == Kind::Principal && personality.layout.calendar_home_set => {
                self.homes(element, &personality.layout.calendar_homes, &user)
            }
            (CARD, "addressbook-home-set") if collection.kind == Kind::Principal => {
                self.homes(element, &personality.layout.book_homes, &user)
            }
            (CAL, "calendar-user-address-set") if collection.kind == Kind::Principal && !personality.layout.calendar_homes.is_empty() => {
                let address = Element::new(DAV, "href").text(format!("mailto:{}", World::address(&user))).attribute("preferred", "1");
                let mail = personality.collections.mail_addresses.then_some(address);
                let alias = World::alias(&personality.scheduling, &user).map(|alias| Element::new(DAV, "href").text(alias));
                Some(element.all(mail).with(self.href_element(path)).all(alias))
            }
            (CS, "email-address-set") if collection.kind == Kind::Principal => {
                Some(element.with(Element::new(CS, "email-address").text(World::address(&user))))
            }
            (CAL, "schedule-inbox-URL" | "schedule-outbox-URL") if collection.kind == Kind::Principal => {
                let inbox = name.local == "schedule-inbox-URL";
                let slug = if inbox { personality.layout.inbox.clone() } else { personality.layout.outbox.clone() }?;
                let home = World::path_of(personality.layout.calendar_homes.first()?, &user);
                Some(element.with(self.href_element(&format!("{home}{slug}/"))))
            }
            (CAL, "supported-calendar-component-set") if collection.kind == Kind::Calendar && personality.collections.components_listed => {
                Some(element.all(collection.components.iter().map(|component| Element::new(CAL, "comp").attribute("name", component))))
            }
            (CAL, "supported-calendar-data") if collection.kind == Kind::Calendar => Some(
                element.with(Element::new(CAL, "calendar-data").attribute("content-type", "text/calendar").attribute("version", "2.0")),
            ),
            (CARD, "supported-address-data") if collection.kind == Kind::AddressBook => {
                let mut versions = personality.write.offered_vcards.clone();
                versions.retain(|version| personality.write.vcards != VcardVersions::ThreeOnly || version == "3.0");
                Some(element.all(versions.iter().map(|version| {
                    Element::new(CARD, "address-data-type").attribute("content-type", "text/vcard").attribute("version", version)
                })))
            }
            (CAL, "max-resource-size") if collection.kind == Kind::Calendar => {
                personality.write.max_size.map(|size| element.text(size.to_string()))
            }
            (CARD, "max-resource-size") if collection.kind == Kind::AddressBook => {
                personality.write.max_size.map(|size| element.text(size.to_string()))
            }
            (CAL, "supported-collation-set") if collection.kind == Kind::Calendar => {
                Some(element.all(["i;ascii-casemap", "i;octet"].map(|name| Element::new(CAL, "supported-collation").text(name))))
            }
            (CAL, "schedule-calendar-transp") if collection.kind == Kind::Calendar && personality.scheduling.automatic => {
                Some(collection.properties.get(name).cloned().unwrap_or_else(|| element.with(Element::new(CAL, "opaque"))))
            }
            (DAV, "displayname") if collection.kind == Kind::Principal && personality.collections.principals_named => {
                Some(element.text(user))
            }
            _ => collection.properties.get(name).cloned(),
        }
    }

    /// A property of an item, without the data of reports.
    pub(super) fn of_item(&self, collection: &str, item: &Item, name: &Name) -> Option<Element> {
        let personality = &self.world.personality;
        let element = Element::empty(name);
        match (name.space.as_str(), name.local.as_str()) {
            (DAV, "resourcetype") => Some(element),
            (DAV, "getetag") if personality.etags.listed => Some(element.text(self.world.spelt(&item.etag))),
            (DAV, "getcontenttype") if personality.write.content_type_listed => Some(element.text(self.content_type(collection, item))),
            (DAV, "getcontentlength") => Some(element.text(item.body.len().to_string())),
            (DAV, "getlastmodified") => Some(element.text(date(item.modified))),
            (DAV, "current-user-privilege-set") if personality.collections.privileges_listed => {
                let read_only = self.world.tree.collections.get(collection).is_some_and(|collection| collection.read_only);
                Some(element.all(privileges(read_only, &personality.collections)))
            }
            (CAL, "schedule-tag") if personality.scheduling.tags => schedule_tag(item).map(|tag| element.text(tag)),
            _ => None,
        }
    }

    /// The media type of an item.
    pub(super) fn content_type(&self, collection: &str, item: &Item) -> String {
        let rules = &self.world.personality.write;
        if self.kind(collection) == Some(Kind::AddressBook) {
            let list = item.body.to_ascii_uppercase().starts_with("BEGIN:VLIST");
            return if list { "text/x-vlist".to_owned() } else { rules.card_type.clone() };
        }
        let component = ["VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY"].into_iter().find(|name| item.body.contains(&format!("BEGIN:{name}")));
        match component.filter(|_| rules.component_parameter) {
            Some(name) => format!("{}; component={}", rules.calendar_type, name.to_lowercase()),
            None => rules.calendar_type.clone(),
        }
    }

    fn href_element(&self, path: &str) -> Element {
        Element::new(DAV, "href").text(self.href(path))
    }

    fn homes(&self, element: Element, homes: &[String], user: &str) -> Option<Element> {
        let layout = &self.world.personality.layout;
        let host = if element.name.space == CARD { &layout.book_home_host } else { &layout.home_host };
        let hrefs = homes.iter().map(|home| {
            let mut href = self.href(&World::path_of(home, user));
            if !layout.home_slash {
                href = href.trim_end_matches('/').to_owned();
            }
            if let Some(host) = host {
                let loopback = ["127.0.0.1", "localhost", "[::1]"].iter().any(|name| self.origin.contains(name));
                href = if loopback { format!("{}{href}", self.origin) } else { format!("https://{host}{href}") };
            }
            Element::new(DAV, "href").text(href)
        });
        (!homes.is_empty()).then(|| element.all(hrefs))
    }

    fn ctag(&mut self, path: &str, collection: &Collection) -> Option<String> {
        let sync = self.world.personality.sync.clone();
        let counter = self.world.counter(path, collection.seq, 0)?;
        let whole = collection.kind == Kind::Calendar && !matches!(sync.counter, Counter::ValidityModseq);
        let tag = if whole && !sync.ctag_quoted { format!("{}{counter}", sync.prefix) } else { counter };
        Some(if sync.ctag_quoted { format!("\"{}\"", crate::hash::md5(tag.as_bytes())) } else { tag })
    }

    fn reports(&self, collection: &Collection) -> Vec<Element> {
        let personality = &self.world.personality;
        let query = &personality.query;
        let mut reports = Vec::new();
        let calendar = matches!(collection.kind, Kind::Calendar | Kind::Inbox);
        let card = collection.kind == Kind::AddressBook;
        let offered = [
            (calendar && query.multiget, CAL, "calendar-multiget"),
            (calendar && query.calendar, CAL, "calendar-query"),
            (card && query.multiget, CARD, "addressbook-multiget"),
            (card && query.addressbook, CARD, "addressbook-query"),
            ((calendar || card) && personality.sync.supported, DAV, "sync-collection"),
        ];
        for (there, space, local) in offered {
            if there {
                let report = Element::new(DAV, "report").with(Element::new(space, local));
                reports.push(Element::new(DAV, "supported-report").with(report));
            }
        }
        reports
    }
}

/// The schedule tag of an item that is one of scheduling (RFC 6638 section 3.2.10).
pub(super) fn schedule_tag(item: &Item) -> Option<String> {
    item.body.contains("ORGANIZER").then(|| format!("\"{}\"", item.schedule))
}

fn types(collection: &Collection) -> Vec<Element> {
    let mut types = vec![Element::new(DAV, "collection")];
    types.extend(match collection.kind {
        Kind::Folder => None,
        Kind::Principal => Some(Element::new(DAV, "principal")),
        Kind::Calendar => Some(Element::new(CAL, "calendar")),
        Kind::AddressBook => Some(Element::new(CARD, "addressbook")),
        Kind::Inbox => Some(Element::new(CAL, "schedule-inbox")),
        Kind::Outbox => Some(Element::new(CAL, "schedule-outbox")),
    });
    types
}

fn privileges(read_only: bool, rules: &CollectionRules) -> Vec<Element> {
    let reading = ["read".to_owned()];
    let names = if read_only { reading.as_slice() } else { rules.privileges.as_slice() };
    let privileges = names.iter().map(|name| Element::new(DAV, name));
    if rules.privileges_nested {
        return vec![Element::new(DAV, "privilege").all(privileges)];
    }
    privileges.map(|privilege| Element::new(DAV, "privilege").with(privilege)).collect()
}
