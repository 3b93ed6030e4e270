//! From an address to where things are (RFC 6764 sections 5 and 6).
//!
//! ```text
//! a domain ─> SRV and TXT records ─> servers and paths  where the host gives a resolver (see `located.rs`)
//! the address given ─> principal ─> homes          a principal, a home or a collection may be given at once
//! /.well-known/caldav, /.well-known/carddav ─> …    never with a slash at the end
//! / ─> …
//! paths of servers that are often installed ─> …    only while nothing is found
//! ```
//!
//! Each is asked with one PROPFIND for all that may be answered. Whatever is no DAV answer sends us to the next; only 401 is
//! about the credentials. What is found is data ([`Endpoints`]) that the host keeps and hands back.

use crate::{
    calls::{Props, bodies},
    error::{self, DISCOVER},
    href,
    located::{Basis, Visit, Wants},
    quirks::Hints,
    session::{Depth, Session, read},
};
use pimkit_core::{Error, ErrorKind, Result};
use pimkit_http::{Answer, Request};
use serde::{Deserialize, Serialize};
use url::Url;

/// Where an account's things are. Plain data: a host keeps it, and hands it back ([`Config::endpoints`](crate::Config)).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Endpoints {
    /// The principal (RFC 5397), as an address; absent where the server has none (Synology).
    pub principal: Option<String>,
    /// The homes of calendars (RFC 4791 section 6.2.1), as addresses. There may be several, and on other hosts.
    pub calendars: Vec<String>,
    /// The homes of address books (RFC 6352 section 7.1.1), as addresses.
    pub address_books: Vec<String>,
    /// Collections whose own address was given: then there is no home to look into.
    pub collections: Vec<String>,
    /// Who the user is among attendees (RFC 6638 section 2.4.1): e-mail addresses.
    pub addresses: Vec<String>,
    /// The server, where it was recognised: a name of [`Quirks::named`](crate::Quirks::named).
    pub server: String,
    /// Whether it sends invitations for what is stored (RFC 6638 section 2, `calendar-auto-schedule`); absent when it did not say.
    pub schedules: Option<bool>,
    /// Server clock minus ours, in seconds, when it was found.
    pub skew: i64,
    /// Whose it is: the name that was signed in with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The domain that was looked up in DNS; absent when an address was given, or there was no resolver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// How it was found, for people: the addresses that were asked, in order, after what DNS said (lines that begin with `DNS`).
    pub asked: Vec<String>,
}

impl Endpoints {
    /// The address of a path: on the host of the home in which it lies; of `books` where it is an address book's.
    pub(crate) fn at(&self, start: &Url, path: &str, books: bool) -> Url {
        // The first of several that are equally good counts: calendars and address books may have the same paths on two hosts.
        let (first, second) = if books { (&self.address_books, &self.calendars) } else { (&self.calendars, &self.address_books) };
        let homes = first.iter().chain(second).chain(&self.collections).chain(&self.principal);
        let mut best: Option<Url> = None;
        for home in homes.filter_map(|home| Url::parse(home).ok()) {
            let length = |url: &Url| if path.starts_with(url.path()) { url.path().len() + 1 } else { 0 };
            if best.as_ref().is_none_or(|b| length(&home) > length(b)) {
                best = Some(home);
            }
        }
        let mut url = best.unwrap_or_else(|| start.clone());
        url.set_path(path);
        url.set_query(None);
        url
    }

    /// Whether nothing is in it where anything could be looked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.calendars.is_empty() && self.address_books.is_empty() && self.collections.is_empty()
    }
}

/// Where servers that answer neither at their root nor at a well-known address have their accounts: Cyrus (405 at `/dav/`,
/// measured at 3.6.1), DAViCal, sabre, Nextcloud, SOGo, Synology, Stalwart. `{}` is the user's name.
const INSTALLED: [&str; 9] = [
    "/dav/principals/user/{}/",
    "/caldav.php/{}/",
    "/dav.php/",
    "/remote.php/dav/",
    "/SOGo/dav/{}/",
    "/dav/pal/{}/",
    "/principals/{}/",
    "/carddav/{}/",
    "/addressbook/{}/",
];

/// What one address answered.
enum Found {
    Here(Box<Place>),
    /// No DAV answer: on to the next.
    Nothing,
}

struct Place {
    /// Where the answer came from in the end.
    url: Url,
    props: Props,
    server: Option<String>,
    sabre: bool,
}

/// One search.
pub(crate) struct Explorer<'s> {
    session: &'s Session,
    asked: Vec<String>,
    /// The first refusal that is about the account, to be told when nothing is found.
    refusal: Option<Error>,
    server: Option<&'static str>,
    /// What is looked for now.
    wants: Wants,
    /// Whether nobody said that it is here.
    guess: bool,
}

impl<'s> Explorer<'s> {
    pub(crate) fn new(session: &'s Session) -> Self {
        let wants = Wants { calendars: true, address_books: true };
        Self { session, asked: Vec::new(), refusal: None, server: None, wants, guess: false }
    }

    pub(crate) async fn explore(mut self) -> Result<Endpoints> {
        let start = &self.session.start;
        let mut endpoints = Endpoints::default();
        let mut visits = vec![Visit::at(start.clone())];
        if let Some(names) = &self.session.names {
            let located = names.locate(start).await?;
            endpoints.domain = names.domain.host_str().map(str::to_owned);
            (visits, self.asked) = (located.visits, located.notes);
        }
        let nowhere = visits.is_empty();
        for visit in &visits {
            match (self.visit(visit, &mut endpoints).await, visit.basis) {
                // Nobody promised that it is here, and whoever is here says that it is not.
                (Err(error), Basis::Guess) if !endpoints.is_empty() && error::denies(&error) => {}
                // Half an account would be kept for a whole one.
                (Err(error), Basis::Guess) if !endpoints.is_empty() => return Err(error::half(error)),
                (Err(error), _) => return Err(error),
                (Ok(()), _) if !visit.open.all(&endpoints) && endpoints.collections.is_empty() => return Err(error::unanswered()),
                (Ok(()), _) => {}
            }
        }
        if endpoints.is_empty() {
            return Err(self.refusal.unwrap_or_else(|| {
                let nothing = match nowhere {
                    false => {
                        "no calendars and no address books were found there; give the address that the provider names for CalDAV or CardDAV"
                    }
                    true => {
                        "the domain says in DNS that it has neither calendars nor address books; give the provider's address as the url"
                    }
                };
                let asked = self.asked.iter().filter(|line| !line.starts_with("DNS ")).count();
                Error::new(ErrorKind::Config, nothing).with("asked", asked).during(DISCOVER)
            }));
        }
        self.options(&mut endpoints).await;
        endpoints.server = self.server.unwrap_or_default().to_owned();
        endpoints.skew = self.session.skew();
        endpoints.user.clone_from(&self.session.config.user);
        endpoints.asked = self.asked;
        Ok(endpoints)
    }

    /// Looks at servers one after the other: the next when one has nothing, or is down.
    async fn visit(&mut self, visit: &Visit, endpoints: &mut Endpoints) -> Result<()> {
        (self.wants, self.guess) = (visit.wants, visit.basis == Basis::Guess);
        let (last, collections) = (visit.origins.len().saturating_sub(1), endpoints.collections.len());
        let mut down = None;
        for (place, origin) in visit.origins.iter().enumerate() {
            match self.walk(origin, visit, place == 0, endpoints).await {
                // The next one is another server (RFC 2782).
                Err(error) if place < last && matches!(error.kind(), ErrorKind::Transport | ErrorKind::Unavailable) => {
                    down.get_or_insert(error);
                }
                Err(error) => return Err(error),
                Ok(()) if visit.wants.all(endpoints) => return Ok(()),
                Ok(()) => {}
            }
        }
        // What the others do not have may be at the one that is down.
        match down {
            Some(error) if endpoints.collections.len() == collections => Err(error),
            _ => Ok(()),
        }
    }

    /// Asks one server at one address after the other. Paths are guessed at the `best` server alone.
    async fn walk(&mut self, origin: &Url, visit: &Visit, best: bool, endpoints: &mut Endpoints) -> Result<()> {
        let wants = visit.wants;
        let at = |path: &str| {
            let mut url = origin.clone();
            url.set_path(path);
            url.set_query(None);
            url
        };
        let mut candidates: Vec<Url> = visit.given.then(|| origin.clone()).into_iter().collect();
        candidates.extend(visit.paths.iter().map(|path| at(path)));
        for (path, wanted) in [("/.well-known/caldav", wants.calendars), ("/.well-known/carddav", wants.address_books), ("/", true)] {
            let url = at(path);
            if wanted && !candidates.contains(&url) {
                candidates.push(url);
            }
        }
        let well_known = candidates.len();
        if let Some(user) = self.session.config.user.as_ref().filter(|_| best) {
            candidates.extend(INSTALLED.iter().map(|path| at(&path.replace("{}", user))));
        }
        let collections = endpoints.collections.len();
        // A server that was found by a guess at its path has address books under another one (Synology).
        let mut guessed = false;
        for (place, candidate) in candidates.into_iter().enumerate() {
            let found = wants.any(endpoints) || endpoints.collections.len() > collections;
            if place >= well_known {
                guessed |= !found;
                if !guessed || wants.all(endpoints) {
                    break;
                }
            }
            // The other protocol's well-known address is asked only while that protocol has no home.
            let path = candidate.path();
            let done = wants.all(endpoints)
                || endpoints.collections.len() > collections
                || (path == "/.well-known/caldav" && !endpoints.calendars.is_empty())
                || (path == "/.well-known/carddav" && !endpoints.address_books.is_empty())
                || (path == "/" && found);
            if !done && let Found::Here(place) = self.ask(candidate).await? {
                self.take(*place, endpoints).await?;
            }
        }
        Ok(())
    }

    /// What one address says. Whoever answers anything but a multistatus is passed over.
    async fn ask(&mut self, url: Url) -> Result<Found> {
        self.asked.push(shown(&url));
        let request = self.session.query(DISCOVER, "PROPFIND", url.clone(), Some(Depth::Zero), bodies::discovery())?;
        let answer = match self.session.send(request).await {
            // Many a domain's website is elsewhere.
            Ok(answer) if self.guess && !answer.own => return Ok(Found::Nothing),
            Ok(answer) => read(&answer).map(|whole| (whole, answer)),
            Err(failure) => Err(failure.into_error()),
        };
        match answer {
            Ok((answer, whole)) => Ok(self.place(answer.responses, &whole)),
            Err(error) => match error.kind() {
                ErrorKind::Unauthenticated | ErrorKind::RateLimited | ErrorKind::Transport => Err(error.during(DISCOVER)),
                // Down is down; the next address of the same server will not be better.
                ErrorKind::Unavailable if error.is_temporary() => Err(error.during(DISCOVER)),
                // Credentials do not go over plain http, which an answer of DNS may lead to.
                ErrorKind::Config if url.scheme() == "http" => {
                    self.refusal.get_or_insert(error.during(DISCOVER));
                    Ok(Found::Nothing)
                }
                ErrorKind::PermissionDenied => {
                    self.refusal.get_or_insert(error.during(DISCOVER));
                    Ok(Found::Nothing)
                }
                // Some servers lead on from their well-known address only for GET (tsdav).
                _ if url.path().starts_with("/.well-known/") => self.led(url).await,
                _ => Ok(Found::Nothing),
            },
        }
    }

    fn place(&mut self, responses: Vec<crate::calls::Response>, answer: &Answer) -> Found {
        let Some(response) = responses.into_iter().find(|r| !r.is_gone()) else { return Found::Nothing };
        let server = answer.header("server").map(str::to_owned);
        let sabre = answer.header("x-sabre-version").is_some();
        Found::Here(Box::new(Place { url: answer.url.clone(), props: response.props, server, sabre }))
    }

    /// Where a GET is led to, when it is led anywhere on the account's own hosts.
    async fn led(&mut self, url: Url) -> Result<Found> {
        let Ok(answer) = self.session.send(Request::new(DISCOVER, "GET", url.clone())?).await else { return Ok(Found::Nothing) };
        if answer.url == url || !answer.own {
            return Ok(Found::Nothing);
        }
        self.asked.push(shown(&answer.url));
        let request = self.session.query(DISCOVER, "PROPFIND", answer.url, Some(Depth::Zero), bodies::discovery())?;
        match self.session.ask(request).await {
            Ok((answer, whole)) => Ok(self.place(answer.responses, &whole)),
            Err(_) => Ok(Found::Nothing),
        }
    }

    fn recognise(&mut self, place: &Place) {
        let hints =
            Hints { url: Some(&place.url), server: place.server.as_deref(), sabre: place.sabre, token: place.props.sync_token.as_deref() };
        if let Some(found) = hints.recognised() {
            self.server = Some(found);
        }
    }

    /// Follows one answer to homes.
    async fn take(&mut self, place: Place, endpoints: &mut Endpoints) -> Result<()> {
        self.recognise(&place);
        if place.props.unauthenticated {
            // The request was taken for anybody's: credentials lost on the way (CGI), or a backend that is down.
            let anonymous = "the server did not look at the credentials; check how it is set up, or give the address of the account itself";
            return Err(Error::new(ErrorKind::Unauthenticated, anonymous).during(DISCOVER));
        }
        let types = place.props.types.unwrap_or_default();
        if (types.calendar && self.wants.calendars) || (types.address_book && self.wants.address_books) {
            add(&mut endpoints.collections, &href_folder(&place.url));
            return Ok(());
        }
        let principal = place.props.principal.as_deref().and_then(|p| href::resolve(&place.url, p));
        let mut at = place;
        if !at.props.calendar_homes.is_empty() || !at.props.address_book_homes.is_empty() {
            endpoints.principal.get_or_insert_with(|| principal.as_ref().unwrap_or(&at.url).to_string());
        } else if let Some(url) = principal {
            if url != at.url {
                match self.ask(url.clone()).await? {
                    Found::Here(found) => at = *found,
                    Found::Nothing => return Ok(()),
                }
                self.recognise(&at);
            }
            endpoints.principal.get_or_insert_with(|| url.to_string());
        }
        let homes = |list: &[String]| -> Vec<String> {
            let urls = list.iter().filter_map(|home| href::resolve(&at.url, home));
            urls.map(|url| href_folder(&url)).collect()
        };
        // With servers of their own, each has the word on its own service.
        for home in homes(&at.props.calendar_homes).iter().filter(|_| self.wants.calendars) {
            add(&mut endpoints.calendars, home);
        }
        for home in homes(&at.props.address_book_homes).iter().filter(|_| self.wants.address_books) {
            add(&mut endpoints.address_books, home);
        }
        for address in &at.props.addresses {
            if let Some(mail) = address.get(..7).filter(|s| s.eq_ignore_ascii_case("mailto:")).and_then(|_| address.get(7..)) {
                add(&mut endpoints.addresses, mail.trim());
            }
        }
        // GMX names no calendar home, Synology no principal: what was asked may be the home itself.
        if !self.wants.all(endpoints) {
            let (calendars, address_books) = self.holds(&at.url).await?;
            if calendars && self.wants.calendars && endpoints.calendars.is_empty() {
                add(&mut endpoints.calendars, &href_folder(&at.url));
            }
            if address_books && self.wants.address_books && endpoints.address_books.is_empty() {
                add(&mut endpoints.address_books, &href_folder(&at.url));
            }
        }
        Ok(())
    }

    /// Whether calendars, and address books, lie directly in it.
    async fn holds(&mut self, url: &Url) -> Result<(bool, bool)> {
        let mut url = url.clone();
        url.set_path(&href::folder(url.path()));
        let request = self.session.query(DISCOVER, "PROPFIND", url, Some(Depth::One), bodies::collections())?;
        let answer = match self.session.send(request).await.map_err(Error::from) {
            Ok(answer) => read(&answer),
            // Who is down did not say that there are none.
            Err(error) if error.is_temporary() => return Err(error.during(DISCOVER)),
            Err(error) => Err(error),
        };
        match answer {
            Ok(answer) => {
                let types: Vec<_> = answer.responses.iter().filter_map(|r| r.props.types).collect();
                Ok((types.iter().any(|t| t.calendar), types.iter().any(|t| t.address_book)))
            }
            Err(error) if error.kind() == ErrorKind::Transport => Err(error.during(DISCOVER)),
            Err(_) => Ok((false, false)),
        }
    }

    /// Whether the server sends invitations. It may not say: OPTIONS is 404 or 400 at iCloud's and Google's contacts.
    async fn options(&self, endpoints: &mut Endpoints) {
        let Some(url) = endpoints.calendars.first().or(endpoints.collections.first()).and_then(|home| Url::parse(home).ok()) else {
            return;
        };
        let Ok(request) = Request::new(error::OPTIONS, "OPTIONS", url) else { return };
        let Ok(answer) = self.session.send(request).await else { return };
        let said: Vec<&str> =
            answer.headers.get_all("dav").iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(',')).map(str::trim).collect();
        if answer.status.is_success() && answer.own && said.contains(&"calendar-access") {
            endpoints.schedules = Some(said.contains(&"calendar-auto-schedule") || said.contains(&"calendar-schedule"));
        }
    }
}

fn href_folder(url: &Url) -> String {
    let mut url = url.clone();
    url.set_path(&href::folder(url.path()));
    url.to_string()
}

fn add(list: &mut Vec<String>, item: &str) {
    if !list.iter().any(|known| known == item) {
        list.push(item.to_owned());
    }
}

/// An address for people: without what may be a secret.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.to_string()
}
