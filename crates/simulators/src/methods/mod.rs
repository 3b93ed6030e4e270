//! The methods of HTTP, WebDAV, CalDAV and CardDAV, one file for each.

mod collections;
mod delete;
mod discovery;
mod get;
mod move_;
mod multiget;
mod precondition;
mod properties;
mod propfind;
mod proppatch;
mod put;
mod query;
mod report;
mod sync;

use crate::answer::Answer;
use crate::login;
use crate::path;
use crate::world::{Kind, Target, World};
use crate::xml::{self, DAV, Element};
use bytes::Bytes;
use http::Request;

/// One request on its way through the server.
pub(crate) struct Call<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) request: &'a Request<Bytes>,
    /// Who asks.
    pub(crate) user: String,
    /// The canonical path.
    pub(crate) path: String,
    /// `https://host` of the request.
    pub(crate) origin: String,
    /// `Prefer: return=minimal` (RFC 8144).
    pub(crate) minimal: bool,
}

/// The answer to `request`, in a world that is already as it shall be.
pub(crate) fn answer(world: &mut World, request: &Request<Bytes>) -> Answer {
    let method = request.method().as_str().to_owned();
    let raw = request.uri().path_and_query().map_or_else(|| request.uri().path(), |target| target.as_str()).to_owned();
    let Some(path) = path::canonical(request.uri().path()) else { return Answer::text(400, "Bad path") };
    if let Some(answer) = discovery::before_login(world, &method, &path) {
        return answer;
    }
    if world.personality.login.body_first && method == "REPORT" && request.body().is_empty() {
        return Answer::text(500, "Empty body on REPORT");
    }
    let credentials = request.headers().get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let open_options = method == "OPTIONS" && world.personality.login.open_options && credentials.is_none();
    let user = if open_options { Ok(String::new()) } else { login::user(world, &method, &raw, credentials) };
    let user = match user {
        Ok(user) => user,
        Err(challenge) => return challenge,
    };
    let minimal = header(request, "prefer").is_some_and(|value| value.contains("return=minimal") || value.contains("return-minimal"))
        || header(request, "brief").is_some_and(|value| value.eq_ignore_ascii_case("t"));
    let origin = origin(request);
    let mut call = Call { world, request, user, path, origin, minimal };
    call.dispatch(&method)
}

/// Scheme and host as the client used them.
fn origin(request: &Request<Bytes>) -> String {
    let host = header(request, "host").map(str::to_owned).or_else(|| request.uri().authority().map(ToString::to_string));
    let host = host.unwrap_or_else(|| "localhost".to_owned());
    let scheme = request.uri().scheme_str().unwrap_or("http");
    format!("{scheme}://{host}")
}

fn header<'a>(request: &'a Request<Bytes>, name: &str) -> Option<&'a str> {
    request.headers().get(name).and_then(|value| value.to_str().ok())
}

impl Call<'_> {
    fn dispatch(&mut self, method: &str) -> Answer {
        if let Some(answer) = discovery::in_place(self, method) {
            return answer;
        }
        if let Some(refusal) = self.forbidden() {
            return refusal;
        }
        let xml = self.header("content-type").is_some_and(|value| value.contains("xml"));
        if let Some(status) = self.world.personality.collections.xml_type_required
            && matches!(method, "PROPFIND" | "PROPPATCH" | "REPORT")
            && !xml
            && !self.request.body().is_empty()
        {
            return Answer::text(status, "Unsupported media type");
        }
        match method {
            "OPTIONS" => discovery::options(self),
            "PROPFIND" => propfind::answer(self),
            "PROPPATCH" => proppatch::answer(self),
            "REPORT" => report::answer(self),
            "GET" | "HEAD" => get::answer(self, method == "HEAD"),
            "PUT" => put::answer(self),
            "POST" => put::post(self),
            "DELETE" => delete::answer(self),
            "MKCALENDAR" => collections::make(self, true),
            "MKCOL" => collections::make(self, false),
            "MOVE" => move_::answer(self),
            _ => Answer::text(405, "Method Not Allowed").header("allow", discovery::ALLOW),
        }
    }

    /// What belongs to somebody else, or is hidden, is forbidden.
    fn forbidden(&self) -> Option<Answer> {
        let mut at = path::folder(&self.path);
        loop {
            if let Some(collection) = self.world.tree.collections.get(&at) {
                let foreign = collection.owner.as_ref().is_some_and(|owner| *owner != self.user);
                if collection.hidden || foreign && !self.user.is_empty() {
                    let privilege = Element::new(DAV, "need-privileges");
                    return Some(Answer::precondition(403, privilege, &self.world.personality.xml));
                }
            }
            if at == "/" {
                return None;
            }
            at = path::parent(&at);
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(self.request, name)
    }

    pub(crate) fn target(&self) -> Target {
        self.world.target(&self.path)
    }

    /// The body's root element, or the 400 that anything else is answered with; None if there is no body.
    pub(crate) fn body(&self) -> Result<Option<Element>, Answer> {
        let body = self.request.body();
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(None);
        }
        xml::read(body).map(Some).map_err(|error| Answer::text(400, &error.to_string()))
    }

    /// The href of a canonical path as this server spells it.
    pub(crate) fn href(&self, path: &str) -> String {
        let style = self.world.personality.xml.hrefs;
        let mut path = path.to_owned();
        if style.double_slash && !path.ends_with('/') {
            path = format!("{}/{}", path::parent(&path), path::last(&path));
        }
        let encoded = path::encode(&path, style);
        if style.absolute { format!("{}{encoded}", self.origin) } else { encoded }
    }

    /// 404, as this server answers for what is not there.
    pub(crate) fn not_found(&self) -> Answer {
        let known = |user: &str| self.path.starts_with(&self.home(user));
        let status = if known(&self.user) { 404 } else { self.world.personality.layout.elsewhere };
        Answer::text(status, "The requested resource could not be found.")
    }

    /// The first home of a user, of whichever kind there is.
    fn home(&self, user: &str) -> String {
        let layout = &self.world.personality.layout;
        let first = layout.calendar_homes.first().or_else(|| layout.book_homes.first());
        first.map(|home| World::path_of(home, user)).unwrap_or_default()
    }

    /// Whether the server fails over the item at this canonical path.
    pub(crate) fn is_poison(&self, path: &str) -> bool {
        self.world.personality.query.poison.as_ref().is_some_and(|part| path.contains(part.as_str()))
    }

    /// The kind of a collection that is there.
    pub(crate) fn kind(&self, collection: &str) -> Option<Kind> {
        self.world.tree.collections.get(collection).map(|collection| collection.kind)
    }
}
