//! Messaging accounts and social profiles: IMPP (RFC 4770, RFC 6350 section 6.4.3), SOCIALPROFILE (RFC 9554 section
//! 3.5), Apple's X-SOCIALPROFILE, and one property per service (X-AIM, X-JABBER, ...), as Evolution and older Apple
//! programs write them.
//!
//! - The service is what SERVICE-TYPE or X-SERVICE-TYPE says, else, on a social profile and on an IMPP that holds a bare
//!   handle (Nextcloud), the TYPE word that is no context. Never the scheme: `aim:` stands for ICQ too.
//! - A value with a scheme is an address, any other an account's name; VALUE says so where the look deceives.
//! - Apple writes an account twice, as IMPP and as X-JABBER and the like: the second is known by its equal name, and
//!   goes when the first is changed or removed.

use super::card::{Card, Plain, has_scheme, set_uri, uri_line, value_is};
use super::element::{Element, Located};
use super::marks::{self, Marks, Sort};
use crate::text::ContentLine;
use pimkit_core::OnlineService;
use std::collections::HashMap;

/// Properties of one service each, and its name.
const OWN: [(&str, &str); 13] = [
    ("X-AIM", "AIM"),
    ("X-ICQ", "ICQ"),
    ("X-JABBER", "Jabber"),
    ("X-MSN", "MSN"),
    ("X-YAHOO", "Yahoo"),
    ("X-SKYPE", "Skype"),
    ("X-SKYPE-USERNAME", "Skype"),
    ("X-GADUGADU", "GaduGadu"),
    ("X-GROUPWISE", "GroupWise"),
    ("X-QQ", "QQ"),
    ("X-GOOGLE-TALK", "GoogleTalk"),
    ("X-GTALK", "GoogleTalk"),
    ("X-TWITTER", "Twitter"),
];

pub(super) const PROPERTIES: [&str; 16] = [
    "IMPP",
    "SOCIALPROFILE",
    "X-SOCIALPROFILE",
    "X-AIM",
    "X-ICQ",
    "X-JABBER",
    "X-MSN",
    "X-YAHOO",
    "X-SKYPE",
    "X-SKYPE-USERNAME",
    "X-GADUGADU",
    "X-GROUPWISE",
    "X-QQ",
    "X-GOOGLE-TALK",
    "X-GTALK",
    "X-TWITTER",
];

/// The value that Apple writes where a profile has only an account's name.
const APPLE: &str = "x-apple:";

fn own_service(line: &ContentLine) -> Option<&'static str> {
    OWN.iter().find(|(property, _)| line.is(property)).map(|(_, service)| *service)
}

fn is_profile(line: &ContentLine) -> bool {
    line.is("SOCIALPROFILE") || line.is("X-SOCIALPROFILE")
}

/// TYPE words that never name a service.
fn is_use(word: &str) -> bool {
    ["home", "work", "pref", "internet", "other", "personal", "business", "mobile", "voice"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(word))
}

fn user_param(line: &ContentLine) -> Option<String> {
    line.param_value("USERNAME").or_else(|| line.param_value("X-USER")).filter(|user| !user.is_empty())
}

fn read(card: &Card, groups: &super::card::Groups, line: &ContentLine) -> Option<(OnlineService, Option<usize>)> {
    let text = line.plain(card.dialect).trim().to_owned();
    let (marks, label) = marks::read(card, groups, line, Sort::Service);
    let mut read = OnlineService { contexts: marks.contexts, label: marks.label, pref: marks.pref, ..OnlineService::default() };
    if let Some(service) = own_service(line) {
        read.service = Some(service.to_owned());
        read.user = (!text.is_empty()).then_some(text);
    } else {
        let stated = line.param_value("SERVICE-TYPE").or_else(|| line.param_value("X-SERVICE-TYPE")).filter(|service| !service.is_empty());
        let address = value_is(line, "uri") || (has_scheme(&text) && !value_is(line, "text"));
        let apple = text.get(..APPLE.len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case(APPLE)) && !value_is(line, "uri");
        read.service = stated.or_else(|| {
            let by_type = is_profile(line) || !address;
            by_type.then(|| marks::type_words(line).into_iter().find(|word| !is_use(word))).flatten()
        });
        read.user = user_param(line);
        if apple {
            read.user = read.user.or_else(|| text.get(APPLE.len()..).filter(|user| !user.is_empty()).map(str::to_owned));
        } else if text.is_empty() {
            // The parameters may still say it.
        } else if address {
            read.uri = Some(text);
        } else {
            read.user = read.user.or(Some(text));
        }
    }
    (read.uri.is_some() || read.user.is_some()).then_some((read, label))
}

/// Service and name of an account that is given by address. One with the same [`said_by_name`] is the same account.
pub(super) fn said_by_address(service: &OnlineService) -> Option<(String, String)> {
    let (_, name) = service.uri.as_deref()?.split_once(':')?;
    Some((service.service.as_deref()?.to_lowercase(), name.to_owned()))
}

/// Service and name of an account that is given by name only.
pub(super) fn said_by_name(service: &OnlineService) -> Option<(String, String)> {
    let name = service.user.clone().filter(|_| service.uri.is_none())?;
    Some((service.service.as_deref()?.to_lowercase(), name))
}

fn marks_of(service: &OnlineService) -> Marks {
    Marks { contexts: service.contexts.clone(), label: service.label.clone(), pref: service.pref, ..Marks::default() }
}

fn set_service(line: &mut ContentLine, service: Option<&str>, v4: bool) {
    line.remove_param("SERVICE-TYPE");
    line.remove_param("X-SERVICE-TYPE");
    line.set_param(if v4 { "SERVICE-TYPE" } else { "X-SERVICE-TYPE" }, service);
}

fn authored(card: &Card, to: &OnlineService) -> ContentLine {
    let (dialect, v4) = (card.dialect, card.is_v4());
    match (&to.uri, &to.user) {
        (Some(uri), None) if !uri.to_ascii_lowercase().starts_with("http") => {
            let mut line = uri_line("IMPP", uri, dialect);
            set_service(&mut line, to.service.as_deref(), v4);
            if !has_scheme(uri) || uri.to_ascii_lowercase().starts_with(APPLE) {
                line.set_param("VALUE", ["uri"]);
            }
            line
        }
        (Some(uri), user) => {
            let mut line = uri_line(if v4 { "SOCIALPROFILE" } else { "X-SOCIALPROFILE" }, uri, dialect);
            set_service(&mut line, to.service.as_deref(), v4);
            apple_type(&mut line, to.service.as_deref(), card);
            line.set_param(if v4 { "USERNAME" } else { "X-USER" }, user.as_deref());
            if !has_scheme(uri) || uri.to_ascii_lowercase().starts_with(APPLE) {
                line.set_param("VALUE", ["uri"]);
            }
            line
        }
        (None, user) => {
            let user = user.as_deref().unwrap_or_default();
            let own = OWN.iter().find(|(_, service)| to.service.as_deref() == Some(*service));
            if let (Some((property, _)), false) = (own, v4) {
                return ContentLine::text_line(property, user, dialect);
            }
            let mut line = ContentLine::text_line(if v4 { "SOCIALPROFILE" } else { "X-SOCIALPROFILE" }, user, dialect);
            set_service(&mut line, to.service.as_deref(), v4);
            apple_type(&mut line, to.service.as_deref(), card);
            line.set_param("VALUE", ["text"]);
            if !v4 {
                line.set_param("X-USER", [user]);
            }
            line
        }
    }
}

/// Apple's programs know the service of a profile by TYPE; where the word can stand there, it does.
fn apple_type(line: &mut ContentLine, service: Option<&str>, card: &Card) {
    let Some(service) = service.filter(|_| !card.is_v4()) else { return };
    let plain = service.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if plain && !is_use(service) {
        marks::set_type_words(line, &[service.to_owned()], card.dialect);
    }
}

impl Element for OnlineService {
    fn locate(card: &Card) -> Vec<Located<Self>> {
        let groups = card.groups();
        let mut found: Vec<Located<Self>> = Vec::new();
        let mut later: Vec<Located<Self>> = Vec::new();
        for (at, line) in card.named(&PROPERTIES) {
            let Some((value, label)) = read(card, &groups, line) else { continue };
            let located = Located { value, at, with: label.into_iter().collect() };
            if located.value.uri.is_none() { later.push(located) } else { found.push(located) }
        }
        let mut first: HashMap<(String, String), usize> = HashMap::new();
        for (place, found) in found.iter().enumerate() {
            if let Some(said) = said_by_address(&found.value) {
                first.entry(said).or_insert(place);
            }
        }
        for own in later {
            let said = said_by_name(&own.value);
            match said.and_then(|said| first.get(&said)).and_then(|place| found.get_mut(*place)) {
                Some(first) => {
                    first.with.push(own.at);
                    first.with.extend(own.with);
                }
                None => found.push(own),
            }
        }
        found.sort_by_key(|found| found.at);
        found
    }

    fn key(&self) -> String {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        format!("{}\n{}\n{}", text(&self.service).to_lowercase(), text(&self.uri), text(&self.user))
    }

    fn lines(&self, card: &Card) -> Vec<ContentLine> {
        let mut line = authored(card, self);
        marks::mark(&mut line, &marks_of(self), Sort::Service, card.dialect);
        marks::labelled(card, line, self.label.as_deref(), Sort::Service)
    }

    fn edit(card: &mut Card, found: &Located<Self>, to: &Self) -> bool {
        let from = &found.value;
        if from.service != to.service {
            return false;
        }
        let dialect = card.dialect;
        let Some(mut line) = card.line(found.at).cloned() else { return false };
        if own_service(&line).is_some() {
            if to.uri.is_some() {
                return false;
            }
            line.set_text(to.user.as_deref().unwrap_or_default(), dialect);
        } else if from.uri != to.uri || from.user != to.user {
            // What the value is, and what the parameters say, differs by program; only the plain cases are edited.
            let user = user_param(&line).is_some();
            match (&from.uri, &to.uri) {
                (Some(_), Some(uri)) => set_uri(&mut line, uri, dialect),
                (None, None) if !user => _ = line.set_text(to.user.as_deref().unwrap_or_default(), dialect),
                _ => return false,
            }
            if from.user != to.user && user {
                let name = if line.param("USERNAME").is_some() { "USERNAME" } else { "X-USER" };
                line.set_param(name, to.user.as_deref());
            }
        }
        let mut label = None;
        for at in &found.with {
            match card.line(*at) {
                Some(beside) if beside.is("X-ABLabel") => label = label.or(Some(*at)),
                Some(_) if from.uri != to.uri => card.remove(*at),
                _ => {}
            }
        }
        marks::edit(card, found.at, label, line, &marks_of(from), &marks_of(to), Sort::Service)
    }
}
