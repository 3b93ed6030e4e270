//! What presets share.

use super::{Challenge, DefaultCollection, Layout, LoginRules, Personality};

/// A personality to change from, with its name and where it was seen.
pub(super) fn start(name: &str, seen_at: &str, server: &str) -> Personality {
    Personality { name: name.to_owned(), seen_at: seen_at.to_owned(), server: server.to_owned(), ..Personality::default() }
}

/// A layout with one home for each kind.
pub(super) fn layout(context: &str, principal: &str, calendars: &str, books: &str) -> Layout {
    let homes = |home: &str| if home.is_empty() { Vec::new() } else { vec![home.to_owned()] };
    Layout {
        context: context.to_owned(),
        principal: principal.to_owned(),
        calendar_homes: homes(calendars),
        book_homes: homes(books),
        ..Layout::default()
    }
}

/// The layout with these collections from the start.
pub(super) fn stocked(mut layout: Layout, calendars: &[(&str, &str, &[&str])], books: &[(&str, &str)]) -> Layout {
    layout.calendars = calendars.iter().map(|(slug, name, components)| DefaultCollection::new(slug, name, components)).collect();
    layout.books = books.iter().map(|(slug, name)| DefaultCollection::new(slug, name, &[])).collect();
    layout
}

/// Basic with that realm.
pub(super) fn basic(realm: &str) -> LoginRules {
    LoginRules { challenges: vec![Challenge::Basic], realm: realm.to_owned(), ..LoginRules::default() }
}

/// Every component type.
pub(super) const ALL: &[&str] = &["VEVENT", "VTODO", "VJOURNAL"];
/// Events and tasks.
pub(super) const EVENTS_TASKS: &[&str] = &["VEVENT", "VTODO"];
/// Events alone.
pub(super) const EVENTS: &[&str] = &["VEVENT"];
/// Tasks alone.
pub(super) const TASKS: &[&str] = &["VTODO"];
