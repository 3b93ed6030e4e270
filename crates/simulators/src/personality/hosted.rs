//! Services that others run: nobody can install them, so that their switches follow reports and documentation.

use super::presets::{ALL, EVENTS, EVENTS_TASKS, TASKS, basic, layout, start, stocked};
use super::{
    BadToken, Challenge, Counter, EtagOnPut, EtagSource, Expand, Limit, Personality, Precondition, Recurrences, Refuse, Rewrite,
    RootAnswer, UidScope, UnknownReport, VcardVersions, WellKnown,
};
use crate::xml::Spelling;

pub(super) fn all() -> Vec<Personality> {
    vec![
        Personality::icloud(),
        Personality::google_calendar(),
        Personality::google_contacts(),
        Personality::fastmail(),
        Personality::gmx(),
        Personality::posteo(),
        Personality::purelymail(),
        Personality::mailru(),
        Personality::robur(),
        Personality::yahoo(),
    ]
}

impl Personality {
    /// iCloud: shards, namespaces on every element, bare 403 for stale tokens, 404 for events without an end.
    #[must_use]
    pub fn icloud() -> Self {
        let seen = "home-assistant/core#91711; dengste/org-caldav#269, #305; bitfireAT/davx5-ose#1859; pimutils/vdirsyncer#593, #661";
        let mut p = start("icloud", seen, "AppleHttpServer");
        p.dav = "1, access-control, calendar-access, calendar-schedule, calendar-auto-schedule, calendar-audit, caldavserver-supports-telephone, \
                 calendarserver-principal-property-search, addressbook"
            .to_owned();
        let paths = layout("/", "/{user}/principal/", "/{user}/calendars/", "/{user}/carddavhome/");
        p.layout =
            stocked(paths, &[("home", "Home", EVENTS), ("work", "Work", EVENTS), ("tasks", "Reminders", TASKS)], &[("card", "card")]);
        p.layout.inbox = Some("inbox".to_owned());
        p.layout.outbox = Some("outbox".to_owned());
        p.layout.well_known = WellKnown::InPlace;
        p.layout.home_host = Some("p42-caldav.icloud.com:443".to_owned());
        p.layout.book_home_host = Some("p42-contacts.icloud.com:443".to_owned());
        p.login.challenges = vec![Challenge::Foreign("X-MobileMe-AuthToken".to_owned()), Challenge::Basic];
        p.login.realm = "MMCalDav".to_owned();
        p.xml.spelling = Spelling::DefaultOnEach;
        p.xml.content_type = "text/html; charset=UTF-8".to_owned();
        p.xml.empty_status = true;
        p.xml.lists_itself = true;
        p.xml.hrefs.escaped_at = true;
        p.sync.prefix = "HwoQEgwAAA".to_owned();
        p.sync.counter = Counter::Sha1;
        p.sync.bad_token = BadToken::Bare(403);
        p.etags.source = EtagSource::Change;
        p.etags.on_put = EtagOnPut::Always;
        p.etags.on_put_card = EtagOnPut::Always;
        p.write.max_size = Some(20_000_000);
        p.write.end_required = true;
        p.write.uids.scope = UidScope::User;
        p.write.uids.refuse = Refuse::Html(412);
        p.write.invalid = Refuse::Html(403);
        p.write.vcards = VcardVersions::ThreeOnly;
        p.write.no_move = Some(412);
        p.query.component_required = Some(400);
        p.query.expand = Expand::Ignored;
        p.collections.one_component = true;
        p.collections.no_mkcol = Some(403);
        p.scheduling.automatic = true;
        p.scheduling.tags = true;
        p.scheduling.writes_status = true;
        p.scheduling.strict_attendees = true;
        p
    }

    /// Google's CalDAV: bearer tokens, events alone, nothing can be made or moved.
    #[must_use]
    pub fn google_calendar() -> Self {
        let mut p = start("google-calendar", "Google's CalDAV guide; pimutils/vdirsyncer#568; python-caldav/caldav#340", "ESF");
        p.dav = "1, calendar-access, calendar-schedule, calendar-auto-schedule, calendar-proxy".to_owned();
        let paths = layout("/caldav/v2/{user}/user/", "/caldav/v2/{user}/user/", "/caldav/v2/{user}/", "");
        p.layout = stocked(paths, &[("events", "Calendar", EVENTS)], &[]);
        p.layout.root = RootAnswer::Status(404);
        p.layout.well_known = WellKnown::Status(404);
        p.login.challenges = vec![Challenge::Bearer];
        p.login.open_options = true;
        p.login.realm = "https://www.google.com/".to_owned();
        p.xml.hrefs.escaped_at = true;
        p.sync.prefix = "https://www.googleapis.com/caldav/v2/sync-token/".to_owned();
        p.sync.bad_token = BadToken::Precondition(403);
        p.sync.too_many = Some(5_000);
        p.etags.source = EtagSource::Change;
        p.etags.on_put = EtagOnPut::Never;
        p.write.component = Refuse::EmptyError(403);
        p.write.invalid = Refuse::EmptyError(403);
        p.write.rewrites = vec![Rewrite::Prodid("-//Google Inc//Google Calendar 70.9054//EN".to_owned()), Rewrite::DefaultAlarm];
        p.write.uids.scope = UidScope::Collection;
        p.write.uids.refuse = Refuse::EmptyError(409);
        p.write.no_move = Some(405);
        p.query.expand = Expand::Ignored;
        p.collections.no_mkcalendar = Some(405);
        p.collections.no_mkcol = Some(405);
        p.collections.no_delete = Some(405);
        p.collections.privileges_listed = false;
        p.scheduling.automatic = true;
        p.scheduling.honours_agent = false;
        p.scheduling.honours_schedule_reply = false;
        p
    }

    /// Google's CardDAV: made by POST under a UID of its own, no preconditions, no empty token, changes at Depth 1 alone.
    #[must_use]
    pub fn google_contacts() -> Self {
        let mut p = start("google-contacts", "carddavclient's QUIRKS; mstilkerich/rcmcarddav#258; t-brown/mcds#15", "ESF");
        p.dav = "1, addressbook".to_owned();
        let home = "/carddav/v1/principals/{user}/lists/";
        p.layout = stocked(layout(home, "/carddav/v1/principals/{user}/", "", home), &[], &[("default", "Address Book")]);
        p.layout.root = RootAnswer::Status(404);
        p.layout.well_known = WellKnown::RedirectToBook(301);
        p.login.challenges = vec![Challenge::Bearer];
        p.login.realm = "https://accounts.google.com/".to_owned();
        p.xml.hrefs.escaped_at = true;
        p.sync.prefix = "https://www.googleapis.com/carddav/v1/synctoken/".to_owned();
        p.sync.counter = Counter::Sha1;
        p.sync.empty_token = Some(BadToken::Text(400, "Request contains an invalid argument.".to_owned()));
        p.sync.depth_one_only = true;
        p.sync.bad_token = BadToken::Precondition(403);
        p.sync.limit = Limit::Ignored;
        p.etags.source = EtagSource::Change;
        p.etags.on_put_card = EtagOnPut::Never;
        p.write.precondition = Precondition::Ignored;
        p.write.post_creates = true;
        p.write.rewrites = vec![Rewrite::NewUid, Rewrite::OneType, Rewrite::AddRev];
        p.write.uids.scope = UidScope::Nowhere;
        p.write.uids.may_change = true;
        p.write.uid_required = false;
        p.write.fn_required = false;
        p.write.content_type_listed = false;
        p.write.vcards = VcardVersions::ThreeOnly;
        p.write.no_move = Some(405);
        p.collections.options = Some(400);
        p.collections.no_mkcol = Some(405);
        p.collections.no_delete = Some(405);
        p.collections.privileges_listed = false;
        p
    }

    /// Fastmail: Cyrus, whose root is not found, and without tasks.
    #[must_use]
    pub fn fastmail() -> Self {
        let mut p = Self::cyrus();
        "fastmail".clone_into(&mut p.name);
        "tasks/tasks#896; olivierlambert/calrs#155".clone_into(&mut p.seen_at);
        "nginx".clone_into(&mut p.server);
        p.layout.root = RootAnswer::Status(404);
        p.layout.calendars = vec![super::DefaultCollection::new("cal1", "Calendar", EVENTS)];
        p.login = basic("Fastmail");
        p.write.rewrites = vec![Rewrite::Prodid("-//CyrusIMAP.org/Cyrus 3.9//EN".to_owned())];
        p.collections.deleted = 204;
        p
    }

    /// GMX: no sync report, both ends or nothing, no `calendar-home-set`.
    #[must_use]
    pub fn gmx() -> Self {
        let mut p = start("gmx", "python-caldav's hints", "Apache");
        let home = "/begenda/dav/{user}/";
        p.layout =
            stocked(layout("/", home, home, "/CardDavProxy/carddav/{user}/"), &[("calendar", "Kalender", ALL)], &[("ab", "Adressbuch")]);
        p.layout.calendar_home_set = false;
        p.login = basic("GMX");
        p.sync.supported = false;
        p.sync.in_propfind = false;
        p.query.both_bounds = Some(400);
        p.query.expand = Expand::Ignored;
        p.query.empty_multiget = Some(400);
        p.collections.no_mkcalendar = Some(403);
        p
    }

    /// Posteo: nothing can be made, and sometimes there is no etag.
    #[must_use]
    pub fn posteo() -> Self {
        let mut p = start("posteo", "bitfireAT/davx5-ose#1700; python-caldav's hints", "nginx");
        let paths = layout("/", "/principals/users/{user}/", "/calendars/{user}/", "/addressbooks/{user}/");
        p.layout = stocked(paths, &[("default", "Kalender", EVENTS_TASKS)], &[("default", "Adressbuch")]);
        p.login = basic("posteo.de");
        p.sync.supported = false;
        p.sync.in_propfind = false;
        p.etags.on_put = EtagOnPut::Never;
        p.etags.on_put_card = EtagOnPut::Never;
        p.query.recurrences = Recurrences::MissesEndless;
        p.query.component_required = Some(400);
        p.query.unknown_report = UnknownReport::Precondition(415);
        p.collections.no_mkcalendar = Some(403);
        p.collections.no_mkcol = Some(403);
        p
    }

    /// Purelymail: collections made by PUT, no text search. Its index is late: use the fault `LaggingReads` for that.
    #[must_use]
    pub fn purelymail() -> Self {
        let mut p = start("purelymail", "python-caldav's hints", "Purelymail");
        let home = "/webdav/{user}/";
        p.layout = stocked(
            layout("/", home, "/webdav/{user}/caldav/", "/webdav/{user}/carddav/"),
            &[("default", "Default", ALL)],
            &[("default", "Default")],
        );
        p.login = basic("Purelymail");
        p.sync.prefix = "https://purelymail.com/ns/sync/".to_owned();
        p.write.makes_parent = true;
        p.query.text_match = false;
        p
    }

    /// mail.ru: drops what it does not know, lists the collection among its members.
    #[must_use]
    pub fn mailru() -> Self {
        let mut p = start("mailru", "python-caldav's hints", "nginx");
        let paths = layout("/", "/principals/{user}/", "/principals/{user}/calendars/", "/addressbook/{user}/");
        p.layout = stocked(paths, &[("default", "Calendar", EVENTS_TASKS)], &[("default", "Contacts")]);
        p.layout.current_user_principal = false;
        p.login = basic("mail.ru");
        p.xml.lists_itself = true;
        p.sync.supported = false;
        p.sync.in_propfind = false;
        p.write.rewrites = vec![Rewrite::DropExtensions];
        p
    }

    /// Robur: no sync report.
    #[must_use]
    pub fn robur() -> Self {
        let mut p = start("robur", "python-caldav's hints", "CalDAV (robur)");
        let paths = layout("/", "/principals/{user}/", "/calendars/{user}/", "");
        p.layout = stocked(paths, &[("default", "Calendar", ALL)], &[]);
        p.sync.supported = false;
        p.sync.in_propfind = false;
        p.query.text_match = false;
        p
    }

    /// Yahoo: no challenge, and no token in the answer of a sync.
    #[must_use]
    pub fn yahoo() -> Self {
        let mut p = start("yahoo", "jobisoft/DAV-4-TbSync#17, #237; Mailspring's DAVWorker", "ATS");
        let paths = layout("/", "/principals/users/{user}/", "/dav/{user}/Calendar/", "/dav/{user}/Contacts/");
        p.layout = stocked(paths, &[("default", "Calendar", EVENTS), ("tasks", "Tasks", TASKS)], &[("default", "Contacts")]);
        p.login.silent = true;
        p.xml.hrefs.double_slash = true;
        p.sync.in_report = false;
        p.write.rewrites = vec![Rewrite::DropExtensions];
        p.write.vcards = VcardVersions::ThreeOnly;
        p.write.precondition = Precondition::Strict;
        p.collections.no_mkcol = Some(403);
        p
    }
}
