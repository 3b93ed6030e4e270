//! Well-known addresses (RFC 6764 section 5), the root, and OPTIONS (RFC 4918 section 10.1).

use super::Call;
use crate::answer::Answer;
use crate::path;
use crate::personality::{RootAnswer, WellKnown};
use crate::world::{Target, World};

/// What is allowed somewhere.
pub(super) const ALLOW: &str = "OPTIONS, GET, HEAD, PUT, DELETE, POST, PROPFIND, PROPPATCH, REPORT, MKCOL, MKCALENDAR, MOVE";

fn well_known(path: &str) -> Option<bool> {
    match path.trim_end_matches('/') {
        "/.well-known/caldav" => Some(false),
        "/.well-known/carddav" => Some(true),
        _ => None,
    }
}

/// Redirects need no login.
pub(super) fn before_login(world: &World, method: &str, path: &str) -> Option<Answer> {
    well_known(path)?;
    let layout = &world.personality.layout;
    let context = layout.context.as_str();
    // A context that depends on who asks can be shown only after the login.
    if context.contains("{user}") {
        return None;
    }
    match &layout.well_known {
        WellKnown::Redirect(status) => Some(Answer::of(*status).header("location", path::encode(context, world.personality.xml.hrefs))),
        WellKnown::RedirectGet(status) if matches!(method, "GET" | "HEAD") => {
            Some(Answer::of(*status).header("location", path::encode(context, world.personality.xml.hrefs)))
        }
        WellKnown::RedirectGet(_) => Some(Answer::html(404, "Not Found")),
        WellKnown::Status(status) => Some(Answer::html(*status, "Not Found")),
        WellKnown::InPlace | WellKnown::RedirectToBook(_) => None,
    }
}

/// What the root and the well-known addresses are after the login; others go on.
pub(super) fn in_place(call: &mut Call<'_>, method: &str) -> Option<Answer> {
    let layout = call.world.personality.layout.clone();
    let context = World::path_of(&layout.context, &call.user);
    if let Some(card) = well_known(&call.path) {
        return match layout.well_known {
            WellKnown::InPlace => {
                call.path = context;
                None
            }
            WellKnown::RedirectToBook(status) if card => {
                let home = World::path_of(layout.book_homes.first()?, &call.user);
                let book = layout.books.first()?;
                Some(Answer::of(status).header("location", call.href(&format!("{home}{}/", book.slug))))
            }
            WellKnown::Redirect(status) | WellKnown::RedirectToBook(status) => {
                Some(Answer::of(status).header("location", call.href(&context)))
            }
            WellKnown::RedirectGet(_) => Some(Answer::html(404, "Not Found")),
            WellKnown::Status(status) => Some(Answer::html(status, "Not Found")),
        };
    }
    let is_root = call.path == "/" || call.path == context;
    let personal =
        call.kind(&path::folder(&call.path)).is_some_and(|_| layout.principal.contains("{user}") && layout.context.contains("{user}"));
    match layout.root {
        RootAnswer::Status(status) if is_root && !personal && method != "OPTIONS" => Some(Answer::html(status, "Not Found")),
        RootAnswer::Principal if call.path == "/" && context != "/" && matches!(method, "PROPFIND" | "OPTIONS") => {
            // Proxies in front of such servers answer 404 at the root of the host; the context is one step below.
            Some(Answer::html(404, "Not Found"))
        }
        _ => None,
    }
}

/// What can be done here.
pub(super) fn options(call: &Call<'_>) -> Answer {
    let collections = &call.world.personality.collections;
    if let (Some(status), Target::Collection(_)) = (collections.options, call.target()) {
        return Answer::of(status);
    }
    Answer::of(200).header("dav", call.world.personality.dav.clone()).header("allow", ALLOW).header("content-length", "0")
}
