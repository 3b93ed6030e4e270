//! Servers that people run themselves, and whose switches follow reports.

use super::presets::{ALL, EVENTS, EVENTS_TASKS, TASKS, basic, layout, start, stocked};
use super::{
    Challenge, Counter, DigestAlgorithm, Expand, Limit, MissingProperties, Personality, Precondition, Recurrences, Refuse, Rewrite,
    RootAnswer, UidScope, VcardVersions, WellKnown,
};
use crate::xml::Spelling;

pub(super) fn all() -> Vec<Personality> {
    vec![
        Personality::nextcloud(),
        Personality::zimbra(),
        Personality::ox(),
        Personality::stalwart(),
        Personality::ccs(),
        Personality::synology(),
    ]
}

impl Personality {
    /// Nextcloud: sabre with a bin, a limit on creations and a limit that it does not like.
    #[must_use]
    pub fn nextcloud() -> Self {
        let mut p = Self::sabre();
        "nextcloud".clone_into(&mut p.name);
        "nextcloud/server#11633, #18490, #30096, #43732, #48678, #61659".clone_into(&mut p.seen_at);
        "Apache".clone_into(&mut p.server);
        let paths = layout(
            "/remote.php/dav/",
            "/remote.php/dav/principals/users/{user}/",
            "/remote.php/dav/calendars/{user}/",
            "/remote.php/dav/addressbooks/users/{user}/",
        );
        p.layout = stocked(paths, &[("personal", "Personal", EVENTS_TASKS)], &[("contacts", "Contacts")]);
        p.layout.inbox = Some("inbox".to_owned());
        p.layout.outbox = Some("outbox".to_owned());
        let mut birthdays = super::DefaultCollection::new("contact_birthdays", "Contact birthdays", EVENTS);
        birthdays.read_only = true;
        p.layout.calendars.push(birthdays);
        p.login = basic("Nextcloud");
        p.sync.limit = Limit::RefusesFirst;
        p.write.read_only = Refuse::Element(404);
        p.write.uids.refuse = Refuse::Element(409);
        p.write.bin_keeps_uids = true;
        p.collections.bin_keeps_slugs = true;
        p.collections.most_creations = Some(10);
        p
    }

    /// Zimbra: one type in a folder, names that are paths, creation only with `If-None-Match`.
    #[must_use]
    pub fn zimbra() -> Self {
        let mut p = start("zimbra", "jobisoft/TbSync#388; python-caldav's hints", "Zimbra");
        let paths = layout("/dav/", "/principals/users/{user}/", "/dav/{user}/", "/dav/{user}/");
        p.layout = stocked(paths, &[("Calendar", "Calendar", EVENTS), ("Tasks", "Tasks", TASKS)], &[("Contacts", "Contacts")]);
        p.login = basic("Zimbra");
        p.write.precondition = Precondition::CreateMustSaySo;
        p.write.uids.scope = UidScope::Nowhere;
        p.write.rewrites = vec![Rewrite::Prodid("Zimbra-Calendar-Provider".to_owned())];
        p.query.recurrences = Recurrences::MissesEndless;
        p.query.skips_undated_tasks = true;
        p.xml.repeats_members = true;
        p.collections.one_component = true;
        p.collections.body_required = true;
        p.collections.ignores_name = true;
        p.scheduling.automatic = true;
        p
    }

    /// Open-Xchange, mailbox.org: no renaming, wrong content type, rewritten bodies.
    #[must_use]
    pub fn ox() -> Self {
        let mut p = start("ox", "python-caldav/caldav#142 and its hints", "Open-Xchange WebDAV");
        let paths = layout("/", "/principals/users/{user}/", "/caldav/", "/carddav/");
        p.layout = stocked(paths, &[("31", "Calendar", EVENTS), ("32", "Tasks", TASKS)], &[("30", "Contacts")]);
        // One tree for all, whose sight depends on who looks.
        p.layout.calendar_homes = vec!["/caldav/{user}/".to_owned()];
        p.layout.book_homes = vec!["/carddav/{user}/".to_owned()];
        p.login = basic("OX WebDAV");
        p.xml.content_type = "text/plain; charset=utf-8".to_owned();
        p.write.rewrites = vec![Rewrite::Prodid("-//Open-Xchange//EN".to_owned()), Rewrite::DropExtensions];
        p.query.expand = Expand::Ignored;
        p.query.component_required = Some(403);
        p.collections.one_component = true;
        p.collections.ignores_name = true;
        p.collections.no_proppatch = Some(403);
        p.scheduling.automatic = true;
        p
    }

    /// Stalwart: content errors are 412, collections are made by PUT.
    #[must_use]
    pub fn stalwart() -> Self {
        let mut p = start("stalwart", "stalwartlabs/stalwart#1796 and python-caldav's hints", "Stalwart");
        let paths = layout("/dav/", "/dav/pal/{user}/", "/dav/cal/{user}/", "/dav/card/{user}/");
        p.layout = stocked(paths, &[("default", "Stalwart Calendar", ALL)], &[("default", "Stalwart Address Book")]);
        p.layout.inbox = Some("inbox".to_owned());
        p.login = basic("Stalwart");
        p.sync.prefix = "urn:stalwart:davsync:".to_owned();
        for refuse in [&mut p.write.invalid, &mut p.write.media_type, &mut p.write.component, &mut p.write.too_large] {
            *refuse = Refuse::Element(412);
        }
        p.write.uids.refuse = Refuse::Element(412);
        p.write.makes_parent = true;
        p.write.vcards = VcardVersions::AsStored;
        p.query.skips_undated_tasks = true;
        p.scheduling.automatic = true;
        p.scheduling.tags = true;
        p
    }

    /// Apple's Calendar and Contacts Server, archived 2019.
    #[must_use]
    pub fn ccs() -> Self {
        let mut p = start("ccs", "apple/ccs-calendarserver's defaults", "CalendarServer/9.3");
        p.dav = "1, access-control, calendar-access, calendar-schedule, calendar-auto-schedule, calendar-availability, \
                 calendarserver-principal-property-search, extended-mkcol, addressbook"
            .to_owned();
        let paths = layout("/", "/principals/users/{user}/", "/calendars/users/{user}/", "/addressbooks/users/{user}/");
        p.layout = stocked(paths, &[("calendar", "calendar", EVENTS), ("tasks", "tasks", TASKS)], &[("addressbook", "addressbook")]);
        p.layout.inbox = Some("inbox".to_owned());
        p.layout.outbox = Some("outbox".to_owned());
        p.login.challenges = vec![Challenge::Digest(DigestAlgorithm::Md5), Challenge::Basic];
        p.login.realm = "Test Realm".to_owned();
        p.xml.spelling = Spelling::DavIsDefault;
        p.xml.missing = MissingProperties::After;
        p.sync.prefix = "data:,".to_owned();
        p.sync.counter = Counter::ValidityModseq;
        p.write.max_size = Some(1_048_576);
        p.write.uids.scope = UidScope::User;
        p.write.vcards = VcardVersions::ThreeOnly;
        p.query.both_bounds = Some(403);
        p.query.component_required = Some(403);
        p.collections.one_component = true;
        p.scheduling.automatic = true;
        p.scheduling.tags = true;
        p.scheduling.tag_on_partstat = true;
        p.scheduling.writes_status = true;
        p.scheduling.strict_attendees = true;
        p
    }

    /// Synology, an old one: no `current-user-principal`, 404 for what is empty.
    #[must_use]
    pub fn synology() -> Self {
        let mut p = start("synology", "pimutils/vdirsyncer#498", "Apache");
        let home = "/caldav.php/{user}/";
        p.layout = stocked(layout(home, home, home, "/carddav/{user}/"), &[("home", "Home", ALL)], &[("default", "Contacts")]);
        p.layout.current_user_principal = false;
        p.layout.well_known = WellKnown::Status(404);
        p.layout.root = RootAnswer::Status(404);
        p.login = basic("Synology");
        p.sync.supported = false;
        p.sync.in_propfind = false;
        p.query.skips_undated_tasks = true;
        p.collections.no_delete = Some(403);
        p.collections.empty_is_missing = true;
        p
    }
}
