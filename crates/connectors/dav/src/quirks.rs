//! What servers do differently, as data.
//!
//! A row for each server that is known; a server that is not recognised gets [`Quirks::default`], which trusts nobody further
//! than the standards oblige. Where the row of a server is only reported and not measured, a host may override it
//! ([`Config::quirks`](crate::Config::quirks)).

use pimkit_core::Kind;
use pimkit_formats::GroupModel;
use serde::{Deserialize, Serialize};
use url::Url;

/// How one server differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct Quirks {
    /// The server's name; empty when it was not recognised.
    pub server: String,
    /// What it stores is what was sent, whenever it answers a PUT with an ETag (RFC 4791 section 5.3.4 obliges to that, and half
    /// of all servers rewrite all the same).
    pub keeps_as_written: bool,
    /// It has sync-collection, when it says so.
    pub sync_collection: bool,
    /// A token that it does not know gives everything, without an error: what is missing then is not named as removed.
    pub bad_token_lists_all: bool,
    /// sync-collection works with `Depth: 1` alone (Google contacts).
    pub token_depth_one: bool,
    /// It refuses an empty token: the first one comes from a property (Google contacts).
    pub refuses_empty_token: bool,
    /// `If-None-Match: *` is not looked at: a PUT overwrites.
    pub ignores_if_none_match: bool,
    /// `If-Match` is not looked at: a PUT overwrites.
    pub ignores_if_match: bool,
    /// It chooses names and UIDs of new items itself, which are made by POST (Google contacts).
    pub names_items_itself: bool,
    /// A search by UID that finds nothing means that there is nothing.
    pub finds_uids: bool,
    /// A search for group cards, or for cards with categories, that finds nothing means that there are none. Elsewhere such a
    /// search is believed where it has found some before, and everything is read where it has not.
    pub finds_groups: bool,
    /// Items in one multiget; 0: it has none.
    pub multiget: u32,
    /// "404" in a multiget does not yet mean that the item is gone (iCloud answers so for what it has just listed).
    pub late_multiget: bool,
    /// Calendars can be made, and deleted.
    pub makes_calendars: bool,
    /// Address books can be made, and deleted.
    pub makes_address_books: bool,
    /// Collections can be deleted.
    pub deletes_collections: bool,
    /// The listing of a collection that is empty is answered with 404 (old Synology), the collection itself is not.
    pub empty_is_missing: bool,
    /// The last changes are named again in every round, with the same ETags (SOGo 5.8, whose tokens are seconds).
    pub repeats_changes: bool,
    /// What was made and deleted between two rounds is not named as removed (Xandikos 0.4.10, measured): where anything changed,
    /// everything is listed.
    pub forgets_brief: bool,
    /// A collection's name can be changed.
    pub renames: bool,
    /// Items can be moved between collections.
    pub moves: bool,
    /// It sends invitations for what is stored, whether or not it says so.
    pub schedules: bool,
    /// `SCHEDULE-AGENT` keeps it from mailing (RFC 6638 section 7.1).
    pub obeys_schedule_agent: bool,
    /// Pictures of contacts are kept.
    pub photos: bool,
    /// It has tasks.
    pub tasks: bool,
    /// It reads cards with vobject, which takes a comma or semicolon for the end of a value in whatever property, and stores
    /// only what stands before (seen at Radicale 3.9: `NICKNAME:a,b`, `URL:https://x.example/?a=1,2`).
    pub cuts_values: bool,
    /// How it keeps the groups of an address book that shows none yet; absent where contacts carry their names (CATEGORIES).
    pub groups: Option<GroupModel>,
    /// Fields that it refuses, as `kind.field`: `tasks.excludedRecurrenceRules`.
    pub refuses: Vec<String>,
}

impl Default for Quirks {
    fn default() -> Self {
        Self {
            server: String::new(),
            keeps_as_written: false,
            sync_collection: true,
            bad_token_lists_all: true,
            token_depth_one: false,
            refuses_empty_token: false,
            ignores_if_none_match: false,
            ignores_if_match: false,
            names_items_itself: false,
            finds_uids: false,
            finds_groups: false,
            multiget: 50,
            late_multiget: false,
            makes_calendars: true,
            makes_address_books: true,
            deletes_collections: true,
            empty_is_missing: false,
            repeats_changes: false,
            forgets_brief: false,
            renames: true,
            moves: true,
            schedules: false,
            obeys_schedule_agent: true,
            photos: true,
            tasks: true,
            cuts_values: false,
            groups: None,
            refuses: Vec::new(),
        }
    }
}

fn named(fields: &[&str]) -> Vec<String> {
    fields.iter().map(|field| (*field).to_owned()).collect()
}

impl Quirks {
    /// Properties of nobody's standard are dropped: what is said in them cannot be kept.
    fn drops_extensions(&mut self) {
        self.refuses = named(&[
            "contacts.name.givenPhonetic",
            "contacts.name.surnamePhonetic",
            "contacts.kind",
            "contacts.onlineServices",
            "contacts.members",
            "contacts.relatedTo",
            "contacts.custom",
            "events.custom",
            "tasks.custom",
        ]);
    }

    fn of(server: &str, set: impl FnOnce(&mut Self)) -> Self {
        let mut quirks = Self { server: server.to_owned(), ..Self::default() };
        set(&mut quirks);
        quirks
    }

    /// Whether it refuses a field of a kind.
    pub(crate) fn refuses(&self, kind: Kind, field: &str) -> bool {
        let field = if field.starts_with("custom.") { "custom" } else { field };
        self.refuses.iter().any(|name| name.strip_prefix(kind.plural()).and_then(|rest| rest.strip_prefix('.')) == Some(field))
    }

    /// The row of a server.
    #[must_use]
    pub fn named(server: &str) -> Option<Self> {
        let row = match server {
            // Measured: 3.9. Groups are re-ordered and labels upper-cased, whatever the ETag says; a bad token is 403.
            "radicale" => Self::of(server, |q| {
                (q.bad_token_lists_all, q.finds_uids, q.cuts_values) = (false, true, true);
                // `group_cards_are_categories_on_a_real_radicale`.
                q.finds_groups = true;
                // "failed to find DUE at all": a task with EXRULE and without DUE is 400.
                q.refuses = named(&["tasks.excludedRecurrenceRules"]);
            }),
            // Measured: 0.4. Cards stay, calendars are re-ordered; a bad token is 412.
            "xandikos" => Self::of(server, |q| (q.bad_token_lists_all, q.forgets_brief) = (false, true)),
            // Measured: 1.1.12. A bad token lists all; no ETag for cards; If-Match: * never matches (not sent).
            "davical" => Self::of(server, |q| q.schedules = true),
            // Measured: 3.6.1. A bad token is 403, bodies stay as sent, a UID is once per user.
            "cyrus" | "fastmail" => Self::of(server, |q| {
                (q.bad_token_lists_all, q.keeps_as_written, q.finds_uids, q.schedules) = (false, true, true, true);
            }),
            // Measured: 5.8. `If-None-Match` overwrites; a bad token lists all; N is cut to two parts; mails on its own.
            "sogo" => Self::of(server, |q| {
                (q.ignores_if_none_match, q.schedules, q.obeys_schedule_agent, q.repeats_changes) = (true, true, false, true);
                // Its own pages know lists alone (owncloud/core 27418; `lists_of_sogo_are_categories`).
                q.groups = Some(GroupModel::Collections);
                q.refuses = named(&["contacts.name.given2", "contacts.name.title", "contacts.name.credential", "contacts.name.surname2"]);
            }),
            // Measured: sabre/dav 4. No ETag where it changed the body, so that one with an ETag is as sent.
            "sabre" => Self::of(server, |q| {
                (q.bad_token_lists_all, q.keeps_as_written, q.finds_uids, q.schedules) = (false, true, true, true);
            }),
            // sabre/dav within; 403 for a bad token, 418 or 500 after deletions (python-caldav 183): a token that is lost.
            "nextcloud" => Self::of(server, |q| {
                (q.bad_token_lists_all, q.keeps_as_written, q.finds_uids, q.schedules) = (false, true, true, true);
            }),
            // Measured. A bad token lists all.
            "rustical" => Self::of(server, |q| q.keeps_as_written = true),
            // No address book can be made, MOVE is 412, multiget lags; photos of at most 224 KB. Apple's programs show no CATEGORIES
            // (`group_cards_of_apple_are_categories`).
            "icloud" => Self::of(server, |q| {
                q.groups = Some(GroupModel::Apple);
                (q.late_multiget, q.makes_address_books, q.moves, q.schedules, q.tasks) = (true, false, false, true, false);
            }),
            "google-calendar" => Self::of(server, |q| {
                (q.makes_calendars, q.deletes_collections, q.renames, q.moves, q.tasks) = (false, false, false, false, false);
                (q.schedules, q.obeys_schedule_agent) = (true, false);
            }),
            "google-contacts" => Self::of(server, |q| {
                (q.token_depth_one, q.refuses_empty_token, q.ignores_if_match, q.names_items_itself) = (true, true, true, true);
                (q.makes_address_books, q.renames, q.moves, q.deletes_collections) = (false, false, false, false);
                // The UID that it gives.
                q.refuses = named(&["contacts.uid"]);
            }),
            // One UID in two calendars is one item; the name of a folder is its address.
            "zimbra" => Self::of(server, |q| {
                (q.renames, q.schedules, q.moves) = (false, true, false);
            }),
            "ox" => Self::of(server, |q| {
                (q.sync_collection, q.renames, q.makes_calendars, q.makes_address_books, q.moves) = (false, false, false, false, false);
                (q.schedules, q.obeys_schedule_agent) = (true, false);
                q.drops_extensions();
            }),
            "stalwart" => Self::of(server, |q| q.schedules = true),
            "ccs" => Self::of(server, |q| {
                q.groups = Some(GroupModel::Apple);
                (q.keeps_as_written, q.schedules, q.makes_address_books) = (true, true, false);
            }),
            "synology" => Self::of(server, |q| {
                (q.sync_collection, q.deletes_collections, q.empty_is_missing) = (false, false, true);
            }),
            "gmx" => Self::of(server, |q| {
                (q.sync_collection, q.makes_calendars, q.makes_address_books, q.moves, q.schedules, q.obeys_schedule_agent) =
                    (false, false, false, false, true, false);
            }),
            "posteo" => Self::of(server, |q| {
                (q.sync_collection, q.makes_calendars, q.makes_address_books) = (false, false, false);
            }),
            "purelymail" => Self::of(server, |_| {}),
            "mailru" => Self::of(server, |q| {
                (q.sync_collection, q.makes_calendars, q.makes_address_books, q.moves) = (false, false, false, false);
                q.drops_extensions();
            }),
            "robur" => Self::of(server, |q| (q.sync_collection, q.moves) = (false, false)),
            // No token in the answer, whatever is asked.
            "yahoo" => Self::of(server, |q| {
                (q.sync_collection, q.makes_address_books, q.moves, q.schedules, q.obeys_schedule_agent) =
                    (false, false, false, true, false);
                q.drops_extensions();
            }),
            // Answers about a hundred members at most (vdirsyncer 988).
            "zoho" => Self::of(server, |q| {
                (q.schedules, q.obeys_schedule_agent, q.moves, q.makes_address_books) = (true, false, false, false);
            }),
            _ => return None,
        };
        Some(row)
    }
}

/// What servers can be recognised by.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hints<'a> {
    pub(crate) url: Option<&'a Url>,
    /// The header `Server`.
    pub(crate) server: Option<&'a str>,
    /// The header `X-Sabre-Version` is there.
    pub(crate) sabre: bool,
    /// A token of sync-collection.
    pub(crate) token: Option<&'a str>,
}

/// Hosts of providers whose server is known by its address.
const HOSTS: [(&str, &str); 15] = [
    ("icloud.com", "icloud"),
    ("icloud.com.cn", "icloud"),
    ("fastmail.com", "fastmail"),
    ("yahoo.com", "yahoo"),
    ("aol.com", "yahoo"),
    ("gmx.net", "gmx"),
    ("web.de", "gmx"),
    ("posteo.de", "posteo"),
    ("mailbox.org", "ox"),
    ("purelymail.com", "purelymail"),
    ("mail.ru", "mailru"),
    ("zoho.com", "zoho"),
    ("zoho.eu", "zoho"),
    ("zoho.in", "zoho"),
    ("apidata.googleusercontent.com", "google-calendar"),
];

impl Hints<'_> {
    /// The server's name in the table.
    pub(crate) fn recognised(self) -> Option<&'static str> {
        self.by_address().or_else(|| self.by_token()).or_else(|| self.by_headers())
    }

    fn by_address(self) -> Option<&'static str> {
        let (host, path) = (self.url?.host_str()?, self.url?.path());
        if host == "www.googleapis.com" || host == "google.com" || host.ends_with(".google.com") {
            return Some(if path.contains("/carddav/") || path.contains("carddav") { "google-contacts" } else { "google-calendar" });
        }
        let within = |domain: &str| host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
        if let Some((_, server)) = HOSTS.iter().find(|(domain, _)| within(domain)) {
            return Some(server);
        }
        [
            ("/remote.php/", "nextcloud"),
            ("/SOGo/", "sogo"),
            ("/caldav.php/", "davical"),
            ("/dav/principals/user/", "cyrus"),
            ("/dav/calendars/user/", "cyrus"),
            ("/dav/addressbooks/user/", "cyrus"),
            ("/dav/pal/", "stalwart"),
            ("/dav/cal/", "stalwart"),
            ("/dav/card/", "stalwart"),
        ]
        .into_iter()
        .find(|(part, _)| path.contains(part))
        .map(|(_, server)| server)
    }

    fn by_token(self) -> Option<&'static str> {
        let token = self.token?;
        let numbered = |rest: &str| rest.bytes().all(|b| b.is_ascii_digit());
        if token.starts_with("http://radicale.org/ns/sync/") {
            Some("radicale")
        } else if token.starts_with("http://sabre.io/ns/sync/") || token.starts_with("http://sabredav.org/ns/sync/") {
            Some("sabre")
        } else if token.starts_with("github.com/lennart-k/rustical/ns/") {
            Some("rustical")
        } else if let Some(rest) = token.strip_prefix("data:,") {
            Some(if numbered(rest) { "davical" } else { "cyrus" })
        } else if token.len() == 40 && token.bytes().all(|b| b.is_ascii_hexdigit()) {
            Some("xandikos")
        } else {
            None
        }
    }

    fn by_headers(self) -> Option<&'static str> {
        if self.sabre {
            return Some("sabre");
        }
        let server = self.server?.to_ascii_lowercase();
        ["cyrus", "xandikos", "radicale", "zimbra", "stalwart"].into_iter().find(|name| server.contains(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(url: &str, token: Option<&str>) -> Option<&'static str> {
        Hints { url: Some(&Url::parse(url).unwrap()), token, ..Hints::default() }.recognised()
    }

    #[test]
    fn servers_are_recognised_by_address_token_and_headers() {
        for (url, token, expected) in [
            ("https://p12-caldav.icloud.com/1/calendars/", None, Some("icloud")),
            ("https://noticloud.com/", None, None),
            ("https://icloud.com.evil.example/", None, None),
            ("https://www.googleapis.com/carddav/v1/principals/a/lists/default/", None, Some("google-contacts")),
            ("https://apidata.googleusercontent.com/caldav/v2/a/events/", None, Some("google-calendar")),
            ("https://cloud.example/remote.php/dav/calendars/a/b/", Some("http://sabre.io/ns/sync/3"), Some("nextcloud")),
            ("http://127.0.0.1/alice/x/", Some("http://radicale.org/ns/sync/abc"), Some("radicale")),
            ("http://127.0.0.1/x/", Some("data:,17"), Some("davical")),
            ("http://127.0.0.1/x/", Some("data:,1700000000-3"), Some("cyrus")),
            ("http://127.0.0.1/x/", Some("0123456789abcdef0123456789abcdef01234567"), Some("xandikos")),
            ("http://127.0.0.1/x/", Some("17"), None),
        ] {
            assert_eq!(by(url, token), expected, "{url} {token:?}");
        }
        assert_eq!(Hints { server: Some("Cyrus-HTTP/3.6.1"), ..Hints::default() }.recognised(), Some("cyrus"));
        assert_eq!(Hints { sabre: true, ..Hints::default() }.recognised(), Some("sabre"));
    }

    #[test]
    fn every_server_that_can_be_recognised_has_a_row() {
        for (_, server) in HOSTS {
            assert_eq!(Quirks::named(server).unwrap().server, server);
        }
        for server in ["radicale", "xandikos", "davical", "cyrus", "sogo", "sabre", "rustical", "nextcloud", "zimbra", "stalwart"] {
            assert!(Quirks::named(server).is_some(), "{server}");
        }
        assert_eq!(Quirks::named("nobody"), None);
    }
}
