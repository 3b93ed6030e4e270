//! PUT (RFC 4791 section 5.3.2, RFC 6352 section 6.3.2), and POST where a collection makes names of its own.

use super::{Call, properties};
use crate::answer::{Answer, Member, data_element};
use crate::content::{self, Component, Kinds, Problem};
use crate::path;
use crate::personality::{EtagOnPut, Refuse, UidScope, WriteRules, XmlStyle};
use crate::schedule;
use crate::world::{Collection, Done, Item, Kind, Target, World};
use crate::xml::{CAL, CARD, DAV, Element};

pub(super) fn answer(call: &mut Call<'_>) -> Answer {
    let rules = call.world.personality.write.clone();
    match call.target() {
        Target::Collection(_) => Answer::text(405, "PUT of a collection"),
        Target::Nothing(..) if call.path.ends_with('/') => Answer::text(409, "PUT of a collection"),
        Target::Item(collection, name) => call.store_at(&collection, &name),
        Target::Nothing(collection, name) => {
            if !call.world.tree.collections.contains_key(&collection) {
                if !rules.makes_parent || !call.make_parent(&collection) {
                    return Answer::text(rules.no_parent, "The parent collection does not exist");
                }
            } else if rules.post_creates {
                return Answer::of(405);
            }
            call.store_at(&collection, &name)
        }
    }
}

/// POST to a collection that makes names of its own (RFC 5995 section 3; Google contacts).
pub(super) fn post(call: &mut Call<'_>) -> Answer {
    let rules = &call.world.personality.write;
    let Target::Collection(collection) = call.target() else { return Answer::of(405) };
    let card = call.kind(&collection) == Some(Kind::AddressBook);
    let (posts, adds) = (rules.post_creates && card, rules.adds_members && (card || call.kind(&collection) == Some(Kind::Calendar)));
    if !posts && !adds {
        return Answer::of(405);
    }
    let name = call.world.mint();
    let name = match (adds, card) {
        (true, true) => format!("{name}.vcf"),
        (true, false) => format!("{name}.ics"),
        (false, _) => name,
    };
    let mut answer = call.store_at(&collection, &name);
    if answer.status < 300 {
        let location = call.href(&format!("{collection}{name}"));
        if adds {
            answer.status = 200;
            // To a client this is another host.
            return answer.header("location", format!("/{location}"));
        }
        return answer.header("location", location);
    }
    answer
}

/// `D:need-privileges` for a collection (RFC 3744 section 7.1.1).
pub(super) fn need_privileges(call: &Call<'_>, collection: &str) -> Element {
    let privilege = Element::new(DAV, "privilege").with(Element::new(DAV, "write-content"));
    let resource = Element::new(DAV, "resource").with(Element::new(DAV, "href").text(call.href(collection))).with(privilege);
    Element::new(DAV, "need-privileges").with(resource)
}

impl Call<'_> {
    fn make_parent(&mut self, collection: &str) -> bool {
        let layout = self.world.personality.layout.clone();
        let above = path::parent(collection);
        let within = |homes: &[String]| homes.iter().any(|home| World::path_of(home, &self.user) == above);
        let (calendar, book) = (within(&layout.calendar_homes), within(&layout.book_homes));
        let card = self.path.ends_with(".vcf");
        let kind = match (calendar, book) {
            (true, _) if !card => Kind::Calendar,
            (_, true) if card || !calendar => Kind::AddressBook,
            _ => return false,
        };
        let now = self.world.now();
        let mut made = Collection::new(kind, Some(&self.user), now);
        if kind == Kind::Calendar {
            made.components = ["VEVENT", "VTODO", "VJOURNAL"].map(str::to_owned).to_vec();
        }
        self.world.tree.collections.insert(collection.to_owned(), made);
        true
    }

    fn store_at(&mut self, collection: &str, name: &str) -> Answer {
        let rules = self.world.personality.write.clone();
        let style = self.world.personality.xml.clone();
        let Some(place) = self.world.tree.collections.get(collection) else { return Answer::of(rules.no_parent) };
        let card = place.kind == Kind::AddressBook;
        let read_only = place.read_only || !matches!(place.kind, Kind::Calendar | Kind::AddressBook);
        let old = place.items.get(name).cloned();
        if read_only {
            return Answer::refused(&rules.read_only, need_privileges(self, collection), "This collection is read-only", &style);
        }
        if let Some(unmet) = self.unmet(old.as_ref()) {
            return unmet;
        }
        if let Some(status) = rules.refuses_inside {
            return Answer::multistatus(&[Member::status(self.href(&format!("{collection}{name}")), status)], None, &style, false);
        }
        let object = match self.checked(card, collection, &rules, &style) {
            Ok(object) => object,
            Err(refusal) => return refusal,
        };
        if let Some(conflict) = self.uid_conflict(collection, name, old.as_ref(), &object, card) {
            return conflict;
        }
        self.write(collection, name, old, object, card)
    }

    /// The body as an object, or why it is none for this collection.
    fn checked(&self, card: bool, collection: &str, rules: &WriteRules, style: &XmlStyle) -> Result<Component, Answer> {
        let body = self.request.body();
        let refused = |refuse: &Refuse, calendar: &str, address: &str, why: &str| {
            Err(Answer::refused(refuse, data_element(card, calendar, address), why, style))
        };
        if rules.max_size.is_some_and(|most| body.len() > most) {
            return refused(&rules.too_large, "max-resource-size", "max-resource-size", "The object is too large");
        }
        let kind = self.header("content-type").map(|value| value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
        let fits: &[&str] = if card { &["text/vcard", "text/x-vcard", "text/directory", "text/x-vlist"] } else { &["text/calendar"] };
        if !rules.any_type && kind.as_deref().is_some_and(|kind| !fits.contains(&kind)) {
            return refused(&rules.media_type, "supported-calendar-data", "supported-address-data", "Unsupported media type");
        }
        let kinds = Kinds {
            refuses_method: rules.refuses_method,
            fn_required: rules.fn_required,
            uid_required: rules.uid_required,
            one_object: rules.one_object,
            takes_lists: rules.takes_lists,
            end_required: rules.end_required,
        };
        let Ok(text) = std::str::from_utf8(body) else {
            return refused(&rules.invalid, "valid-calendar-data", "valid-address-data", "The body is not UTF-8");
        };
        let result =
            if card { content::card(text, kinds).map(|card| (card, String::new())) } else { content::calendar_object(text, kinds) };
        match result {
            Ok((object, component)) => {
                let taken = self.world.tree.collections.get(collection).is_none_or(|place| place.components.contains(&component));
                if card || taken || !rules.one_object {
                    Ok(object)
                } else {
                    refused(&rules.component, "supported-calendar-component", "", "This calendar does not take such components")
                }
            }
            Err(Problem::Invalid(why)) => refused(&rules.invalid, "valid-calendar-data", "valid-address-data", &why),
            Err(Problem::NotOneObject(why)) => refused(&rules.invalid, "valid-calendar-object-resource", "valid-address-data", &why),
            Err(Problem::NoEnd) => Err(Answer::html(404, "Not Found")),
        }
    }

    /// `no-uid-conflict` in the shape of this server; None if the UID is free or the item's own.
    pub(super) fn uid_conflict(&self, collection: &str, name: &str, old: Option<&Item>, object: &Component, card: bool) -> Option<Answer> {
        let rules = &self.world.personality.write;
        let style = &self.world.personality.xml;
        let uid = content::uid(object)?;
        let place = self.world.tree.collections.get(collection)?;
        let conflict = |other: Option<String>| {
            let mut element = Element::new(if card { CARD } else { CAL }, "no-uid-conflict");
            if let Some(path) = other.filter(|_| rules.uids.href) {
                element = element.with(Element::new(DAV, "href").text(self.href(&path)));
            }
            Some(Answer::refused(&rules.uids.refuse, element, "An object with this uid already exists", style))
        };
        if old.is_some_and(|old| old.uid.as_deref() != Some(uid)) && !rules.uids.may_change {
            return conflict(Some(format!("{collection}{name}")));
        }
        if old.is_none() && rules.bin_keeps_uids && place.bin.contains(uid) && !card {
            return Some(Answer::text(400, "Deleted calendar object with uid already exists in this calendar collection."));
        }
        let candidates = self.world.tree.collections.iter().filter(|(path, other)| match rules.uids.scope {
            _ if card && rules.uids.cards_share => false,
            UidScope::Nowhere => false,
            UidScope::Collection => path.as_str() == collection,
            UidScope::User => other.kind == place.kind && other.owner == place.owner,
        });
        for (path, other) in candidates {
            let twin = other
                .items
                .iter()
                .find(|(other_name, item)| item.uid.as_deref() == Some(uid) && !(path == collection && other_name.as_str() == name));
            if let Some((twin, _)) = twin {
                return conflict(Some(format!("{path}{twin}")));
            }
        }
        None
    }

    fn write(&mut self, collection: &str, name: &str, old: Option<Item>, object: Component, card: bool) -> Answer {
        let personality = self.world.personality.clone();
        let sent = self.request.body().clone();
        let before = old.as_ref().and_then(|old| content::parse(&old.body).ok()).and_then(|roots| roots.into_iter().next());
        let minted = self.world.mint();
        let mut stored = content::rewritten(object.clone(), &personality.write.rewrites, old.is_none(), &minted, self.world.now());
        let me = World::address(&self.user).to_lowercase();
        if !card && let Some(alias) = World::alias(&personality.scheduling, &self.user) {
            schedule::with_organizer(&mut stored, &me, &alias);
        }
        let follows = if card {
            schedule::Outcome::default()
        } else {
            schedule::outcome(&personality.scheduling, &self.user, before.as_ref(), Some(&stored), true)
        };
        if follows.overstepped {
            let element = Element::new(CAL, "allowed-attendee-scheduling-object-change");
            return Answer::precondition(403, element, &personality.xml);
        }
        if personality.scheduling.writes_status {
            schedule::with_status(&mut stored, &follows.mails);
        }
        let faithful = stored == object;
        let body = if faithful { String::from_utf8_lossy(&sent).into_owned() } else { content::write(&stored) };
        let uid = content::uid(&stored).map(str::to_owned);
        let Some(done) = self.world.store(collection, name, body, uid, follows.mild) else { return Answer::of(409) };
        self.world.deliver(follows.mails, &stored);
        let status = if done == Done::Created { personality.write.created } else { personality.write.updated };
        let mut answer = Answer::of(status);
        let on_put = if card { personality.etags.on_put_card } else { personality.etags.on_put };
        let item = self.world.tree.collections.get(collection).and_then(|place| place.items.get(name));
        if let Some(item) = item {
            let tells = on_put == EtagOnPut::Always || on_put == EtagOnPut::Faithful && faithful;
            if tells {
                answer = answer.header("etag", self.world.spelt(&item.etag));
            }
            if let Some(tag) = properties::schedule_tag(item).filter(|_| personality.scheduling.tags) {
                answer = answer.header("schedule-tag", tag);
            }
        }
        if personality.write.put_multistatus {
            let member = Member::status(self.href(&format!("{collection}{name}")), status);
            let headers = std::mem::take(&mut answer.headers);
            answer = Answer::multistatus(&[member], None, &personality.xml, false);
            answer.headers.extend(headers);
        }
        answer
    }
}
