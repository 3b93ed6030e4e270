//! Where a domain has its servers, as DNS says it (RFC 6764 sections 3 to 6 and 8).
//!
//! Nothing signs these answers. So a server is asked only when it is of the same owner as the domain that the user typed, which
//! is where the credentials may go anyhow; another one is named in an error, and the user who knows it types it.

use crate::{
    discovery::Endpoints,
    dns::{Dns, Srv},
    error::DISCOVER,
    href,
};
use futures::future::join;
use pimkit_core::{Chance, Error, ErrorKind, Result};
use pimkit_http::together;
use std::{cmp::Reverse, sync::Arc};
use url::{Host, Url};

/// Servers of one service that are considered, and texts.
const MOST: usize = 16;

/// The longest context path: what fits into one string of a TXT record.
const LONGEST: usize = 255;

/// Who is asked, and for which domain.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    pub(crate) dns: Arc<dyn Dns>,
    pub(crate) chance: Arc<dyn Chance>,
    /// The domain, as an address: `https://example.org/`.
    pub(crate) domain: Url,
    /// Whether services without TLS are asked for too.
    pub(crate) plain: bool,
}

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wants {
    pub(crate) calendars: bool,
    pub(crate) address_books: bool,
}

impl Wants {
    pub(crate) const NOTHING: Self = Self { calendars: false, address_books: false };

    /// Whether all of it was found.
    pub(crate) fn all(self, found: &Endpoints) -> bool {
        (!self.calendars || !found.calendars.is_empty()) && (!self.address_books || !found.address_books.is_empty())
    }

    /// What is looked for in both.
    fn and(self, other: Self) -> Self {
        Self { calendars: self.calendars && other.calendars, address_books: self.address_books && other.address_books }
    }

    /// Whether some of it was found.
    pub(crate) fn any(self, found: &Endpoints) -> bool {
        (self.calendars && !found.calendars.is_empty()) || (self.address_books && !found.address_books.is_empty())
    }
}

/// How sure it is that something is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Basis {
    /// It was said, or nothing else was.
    Said,
    /// The domain has SRV records for the other service and none for this one: trouble there hides nothing that was promised.
    Guess,
    /// DNS did not answer for this service, and did for the other.
    Unknown,
}

/// Servers to look at, one after the other until what is wanted is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Visit {
    pub(crate) wants: Wants,
    pub(crate) origins: Vec<Url>,
    /// Whether the first address is asked as it is: it was given.
    pub(crate) given: bool,
    /// Context paths, which are asked first.
    pub(crate) paths: Vec<String>,
    pub(crate) basis: Basis,
    /// What DNS did not answer for, its servers or its paths: missing here, it may be there all the same.
    pub(crate) open: Wants,
}

impl Visit {
    /// Everything, from one address that was given.
    pub(crate) fn at(start: Url) -> Self {
        let wants = Wants { calendars: true, address_books: true };
        Self { wants, origins: vec![start], given: true, paths: Vec::new(), basis: Basis::Said, open: Wants::NOTHING }
    }
}

/// What DNS said of a domain.
#[derive(Debug)]
pub(crate) struct Located {
    /// Where to look. None when the domain says that it has neither service.
    pub(crate) visits: Vec<Visit>,
    /// What was asked, for people.
    pub(crate) notes: Vec<String>,
}

/// What DNS said of one service.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Word {
    /// Servers, the best first, context paths, and whether there was an answer for those.
    Servers(Vec<Url>, Vec<String>, bool),
    /// It is not offered (RFC 2782: the target is `.`).
    Nowhere,
    /// There is no record: the domain itself is asked.
    Nothing,
    /// No answer.
    Unknown,
}

impl Names {
    /// Asks for both services. `start` is where the domain itself is asked, which is of its owner whatever its name.
    ///
    /// # Errors
    /// `Config` when a service is said to be at a server of somebody else.
    pub(crate) async fn locate(&self, start: &Url) -> Result<Located> {
        let (mut notes, mut more) = (Vec::new(), Vec::new());
        let both = join(self.service("_caldavs", "_caldav", start, &mut notes), self.service("_carddavs", "_carddav", start, &mut more));
        let (calendars, address_books) = both.await;
        let (calendars, address_books) = (calendars?, address_books?);
        notes.append(&mut more);
        Ok(Located { visits: visits(calendars, address_books, start), notes })
    }

    async fn service(&self, secure: &str, plain: &str, start: &Url, notes: &mut Vec<String>) -> Result<Word> {
        let word = self.word(secure, "https", start, notes).await?;
        // Never after a failure: who can make a question fail must not be able to take TLS away.
        if self.plain && matches!(word, Word::Nothing | Word::Nowhere) {
            let second = self.word(plain, "http", start, notes).await?;
            if let Word::Servers(..) | Word::Unknown = second {
                return Ok(second);
            }
        }
        Ok(word)
    }

    async fn word(&self, label: &str, scheme: &str, start: &Url, notes: &mut Vec<String>) -> Result<Word> {
        let name = format!("{label}._tcp.{}", self.domain.host_str().unwrap_or_default());
        let mut note = |what: &str| notes.push(format!("DNS {name}: {what}"));
        let Ok(records) = self.dns.srv(&name).await else {
            note("no answer");
            return Ok(Word::Unknown);
        };
        if records.is_empty() {
            note("no SRV record");
            return Ok(Word::Nothing);
        }
        let servers: Vec<Srv> = records.into_iter().filter(|srv| !srv.target.trim_end_matches('.').is_empty()).collect();
        if servers.is_empty() {
            note("not offered");
            return Ok(Word::Nowhere);
        }
        if servers.len() > MOST {
            note("too many SRV records, the rest was left out");
        }
        let (mut origins, mut stranger) = (Vec::new(), None);
        for srv in ordered(servers, &*self.chance) {
            match origin(scheme, &srv) {
                None => note("an SRV record that names no host was left out"),
                Some(url) if !together(&url, &self.domain) && !together(&url, start) => {
                    note(&format!("{url} is of another domain and was left out"));
                    stranger.get_or_insert(url);
                }
                Some(url) => {
                    note(&format!("SRV {} {} {url}", srv.priority, srv.weight));
                    if !origins.contains(&url) {
                        origins.push(url);
                    }
                }
            }
        }
        match stranger {
            Some(url) if origins.is_empty() => return Err(self.foreign(&url)),
            _ if origins.is_empty() => return Ok(Word::Nothing),
            _ => {}
        }
        let texts = self.dns.txt(&name).await;
        let told = texts.is_ok();
        if !told {
            note("no answer for TXT");
        }
        let texts = texts.unwrap_or_default();
        let mut paths = Vec::new();
        // A key of DNS-SD is spelt in any case (RFC 6763 section 6.4).
        let values = texts.iter().filter_map(|text| text.split_once('=')).filter(|(key, _)| key.trim().eq_ignore_ascii_case("path"));
        for (_, value) in values.take(MOST) {
            match context_path(value) {
                Some(path) if !paths.contains(&path) => {
                    note(&format!("TXT path={path}"));
                    paths.push(path);
                }
                Some(_) => {}
                None => {
                    let shown: String = value.chars().take(40).flat_map(char::escape_default).collect();
                    note(&format!("TXT path={shown} is no path on the server and was left out"));
                }
            }
        }
        Ok(Word::Servers(origins, paths, told))
    }

    fn foreign(&self, server: &Url) -> Error {
        let foreign = "DNS names a server of another domain, and DNS can be forged; if it is the right one, give it as the url";
        Error::new(ErrorKind::Config, foreign)
            .with("server", server)
            .with("domain", self.domain.host_str().unwrap_or_default())
            .during(DISCOVER)
    }
}

/// Where to look, what was said first.
fn visits(calendars: Word, address_books: Word, start: &Url) -> Vec<Visit> {
    let both = Wants { calendars: true, address_books: true };
    let untold = |word: &Word| matches!(word, Word::Unknown | Word::Servers(_, _, false));
    let open = Wants { calendars: untold(&calendars), address_books: untold(&address_books) };
    let at = |origins, paths, wants: Wants, basis| Visit { wants, origins, given: false, paths, basis, open: wants.and(open) };
    let itself = |wants, basis| at(vec![start.clone()], Vec::new(), wants, basis);
    match (calendars, address_books) {
        // One place for both is looked at once.
        (Word::Servers(origins, paths, _), Word::Servers(other, others, _)) if origins == other && paths == others => {
            vec![at(origins, paths, both, Basis::Said)]
        }
        (Word::Nothing | Word::Unknown, Word::Nothing | Word::Unknown) => vec![itself(both, Basis::Said)],
        (calendars, address_books) => {
            let said = [&calendars, &address_books].iter().any(|word| matches!(word, Word::Servers(..)));
            let visit = |word, wants| match word {
                Word::Servers(origins, paths, _) => Some(at(origins, paths, wants, Basis::Said)),
                Word::Nowhere => None,
                Word::Nothing if said => Some(itself(wants, Basis::Guess)),
                Word::Unknown if said => Some(itself(wants, Basis::Unknown)),
                Word::Nothing | Word::Unknown => Some(itself(wants, Basis::Said)),
            };
            let first = visit(calendars, Wants { calendars: true, address_books: false });
            let second = visit(address_books, Wants { calendars: false, address_books: true });
            let mut all: Vec<Visit> = first.into_iter().chain(second).collect();
            all.sort_by_key(|visit| visit.basis != Basis::Said);
            all
        }
    }
}

/// The best first: by priority, and among equal ones by chance, as often as their weights say (RFC 2782).
fn ordered(mut left: Vec<Srv>, chance: &dyn Chance) -> Vec<Srv> {
    left.sort_by(|a, b| (a.priority, Reverse(a.weight), &a.target, a.port).cmp(&(b.priority, Reverse(b.weight), &b.target, b.port)));
    left.dedup();
    left.truncate(MOST);
    // Those without weight come first in the running sum, so that they are drawn seldom and not never.
    left.sort_by_key(|srv| (srv.priority, srv.weight));
    let mut order = Vec::with_capacity(left.len());
    while let Some(priority) = left.first().map(|srv| srv.priority) {
        let total: u64 = left.iter().take_while(|srv| srv.priority == priority).map(|srv| u64::from(srv.weight)).sum();
        let mut drawn = chance.next() % (total + 1);
        let place = left.iter().position(|srv| {
            let weight = u64::from(srv.weight);
            let here = drawn <= weight;
            drawn = drawn.saturating_sub(weight);
            here
        });
        order.push(left.remove(place.unwrap_or(0)));
    }
    order
}

/// The address of a server. None for what is no name of a host: an IP address, a stray character, port 0.
fn origin(scheme: &str, srv: &Srv) -> Option<Url> {
    let name = srv.target.strip_suffix('.').unwrap_or(&srv.target);
    let spelt = name.len() <= 253 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    if !spelt || srv.port == 0 {
        return None;
    }
    let url = Url::parse(&format!("{scheme}://{name}:{}/", srv.port)).ok()?;
    matches!(url.host(), Some(Host::Domain(_))).then_some(url)
}

/// A context path in its one spelling. None for what could lead anywhere else than to a path of the server.
fn context_path(value: &str) -> Option<String> {
    let spelt = value.len() <= LONGEST
        && value.starts_with('/')
        && !value.contains("//")
        && value.bytes().all(|b| b.is_ascii_graphic() && !b"\\?#".contains(&b));
    let unescaped = value.to_ascii_lowercase().replace("%2e", ".");
    if !spelt || unescaped.split('/').any(|segment| segment == "..") {
        return None;
    }
    href::canonical(value)
}

#[cfg(test)]
mod tests;
