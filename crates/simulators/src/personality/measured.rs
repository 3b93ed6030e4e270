//! Servers that were measured.

use super::presets::{ALL, EVENTS_TASKS, basic, layout, start, stocked};
use super::{
    BadToken, Challenge, Counter, DigestAlgorithm, EtagOnPut, EtagSource, Expand, Limit, Personality, Precondition, Recurrences, Refuse,
    Rewrite, RootAnswer, UidScope, UnknownReport, VcardVersions, WellKnown,
};
use crate::xml::Spelling;

pub(super) fn all() -> Vec<Personality> {
    vec![
        Personality::radicale(),
        Personality::xandikos(),
        Personality::davical(),
        Personality::cyrus(),
        Personality::sogo(),
        Personality::sabre(),
        Personality::rustical(),
    ]
}

impl Personality {
    /// Radicale 3.9.0, measured: hashed tokens, bodies sorted by vobject, both kinds of collection in one home.
    #[must_use]
    pub fn radicale() -> Self {
        let mut p = start("radicale", "measured: Radicale 3.9.0; Kozea/Radicale#1066, #2187", "Radicale");
        p.dav = "1, 2, 3, calendar-access, addressbook, extended-mkcol".to_owned();
        p.layout = stocked(layout("/", "/{user}/", "/{user}/", "/{user}/"), &[], &[]);
        p.login = basic("Radicale - Password Required");
        p.xml.spelling = Spelling::DavIsDefault;
        p.xml.content_type = "text/xml; charset=utf-8".to_owned();
        p.xml.keeps_cr = false;
        p.sync.prefix = "http://radicale.org/ns/sync/".to_owned();
        p.sync.counter = Counter::Sha256;
        p.sync.ctag_quoted = true;
        p.sync.limit = Limit::Ignored;
        p.etags.on_put = EtagOnPut::Always;
        p.etags.on_put_card = EtagOnPut::Always;
        p.write.rewrites = vec![Rewrite::SortCard, Rewrite::SortCalendarVobject];
        p.write.invalid = Refuse::Text(400);
        p.write.media_type = Refuse::Text(400);
        p.write.component = Refuse::Text(400);
        p.write.uids.refuse = Refuse::Element(409);
        p.write.uids.href = false;
        p.write.refuses_method = false;
        p.write.any_type = true;
        p.write.deleted = 200;
        p.write.delete_multistatus = true;
        p.write.read_only = Refuse::Text(403);
        p.sync.infinite = None;
        p.query.filter_optional = true;
        p.query.depth_ignored = true;
        p.query.unknown_report = UnknownReport::Nothing;
        p.collections.deleted = 200;
        p.collections.exists = 409;
        p.collections.no_parent = 403;
        p.collections.no_plain = Some(403);
        p.collections.tagged = true;
        p.collections.protected_ignored = true;
        p.collections.infinite_depth = true;
        p.collections.zero_by_default = true;
        p.collections.principals_named = false;
        p.collections.mail_addresses = false;
        // Neither bind nor unbind: they follow from `all` and `write`.
        p.collections.privileges = ["read", "all", "write", "write-properties", "write-content"].map(str::to_owned).to_vec();
        p
    }

    /// Xandikos 0.4.10, measured: git hashes, no login, PUT in a multistatus, and a limit that loses the rest.
    #[must_use]
    pub fn xandikos() -> Self {
        let mut p = start("xandikos", "measured: Xandikos 0.4.10", "Xandikos/0.4.10");
        p.dav = "1, 2, 3, access-control, calendar-access, calendar-auto-scheduling, addressbook, extended-mkcol, add-member".to_owned();
        let paths = layout("/", "/{user}/", "/{user}/calendars/", "/{user}/contacts/");
        p.layout = stocked(paths, &[("calendar", "calendar", ALL)], &[("addressbook", "addressbook")]);
        p.layout.well_known = WellKnown::Redirect(302);
        p.login.open = true;
        p.xml.spelling = Spelling::Numbered;
        p.xml.content_type = "text/xml; charset=\"utf-8\"".to_owned();
        p.xml.status_first = true;
        p.xml.keeps_cr = false;
        p.sync.prefix = String::new();
        p.sync.counter = Counter::Sha1;
        p.sync.bad_token = BadToken::Precondition(412);
        p.sync.limit = Limit::Loses;
        p.sync.tells_short_lived = false;
        p.etags.on_put = EtagOnPut::Always;
        p.etags.on_put_card = EtagOnPut::Always;
        p.write.rewrites = vec![Rewrite::SortCalendar];
        p.write.invalid = Refuse::Element(412);
        p.write.media_type = Refuse::Element(412);
        p.write.component = Refuse::Element(412);
        p.write.uids.refuse = Refuse::Element(412);
        p.write.uids.may_change = true;
        p.write.uids.cards_share = true;
        p.write.uids.href = false;
        p.write.refuses_method = false;
        p.write.uid_required = false;
        p.write.any_type = true;
        p.write.one_object = false;
        p.write.move_conflicts = true;
        p.write.adds_members = true;
        p.write.card_type = "text/vcard".to_owned();
        p.write.calendar_type = "text/calendar".to_owned();
        p.write.offered_vcards = vec!["3.0".to_owned()];
        p.write.max_size = None;
        p.sync.infinite = Some(400);
        p.query.filter_optional = true;
        p.collections.tagged = true;
        p.collections.partial_proppatch = true;
        p.collections.infinite_depth = true;
        p.collections.zero_by_default = true;
        p.collections.missing_in_multistatus = true;
        p.collections.xml_type_required = Some(415);
        p.collections.privileges = vec!["all".to_owned()];
        p
    }

    /// DAViCal 1.1.12, measured: tokens in `data:`, no etag for cards, a bad token lists all.
    #[must_use]
    pub fn davical() -> Self {
        let mut p = start("davical", "measured: DAViCal 1.1.12; ical4j/ical4j-connector#7", "1.1.12");
        p.dav = "1, 2, 3, access-control, calendar-access, calendar-schedule, extended-mkcol, bind, addressbook, calendar-auto-schedule, \
                 calendar-proxy"
            .to_owned();
        let home = "/caldav.php/{user}/";
        p.layout =
            stocked(layout("/caldav.php/", home, home, home), &[("calendar", "alice calendar", ALL)], &[("addresses", "alice addresses")]);
        p.layout.well_known = WellKnown::Status(404);
        p.login = basic("DAViCal CalDAV Server");
        p.xml.spelling = Spelling::DavIsDefault;
        p.sync.prefix = "data:,".to_owned();
        p.sync.ctag_quoted = true;
        p.sync.bad_token = BadToken::FullListing;
        p.sync.limit = Limit::Ignored;
        p.etags.source = EtagSource::Change;
        p.etags.on_put = EtagOnPut::Always;
        p.etags.on_put_card = EtagOnPut::Never;
        p.write.precondition = Precondition::StarNeverMatches;
        p.write.rewrites = vec![Rewrite::UppercaseGroups, Rewrite::AddRev];
        p.write.fn_required = false;
        p.write.uid_required = false;
        p.write.component_parameter = true;
        p.write.read_only = Refuse::Element(403);
        p.query.skips_undated_tasks = true;
        p.collections.ignores_name = true;
        p.scheduling.automatic = true;
        p.scheduling.honours_schedule_reply = false;
        p
    }

    /// Cyrus 3.6.1, measured: modseq tokens, real pages, UIDs unique for a user, full scheduling.
    #[must_use]
    pub fn cyrus() -> Self {
        let mut p = start("cyrus", "measured: Cyrus IMAP 3.6.1; cyrusimap/cyrus-imapd#2345, #2853, #2506", "Cyrus-HTTP/3.6.1");
        p.dav = "1, 2, 3, access-control, extended-mkcol, resource-sharing, calendar-access, calendar-auto-schedule, \
                 calendar-query-extended, calendar-availability, calendar-managed-attachments, addressbook"
            .to_owned();
        let paths = layout("/dav/", "/dav/principals/user/{user}/", "/dav/calendars/user/{user}/", "/dav/addressbooks/user/{user}/");
        p.layout = stocked(paths, &[("Default", "personal", ALL)], &[("Default", "personal")]);
        p.layout.inbox = Some("Inbox".to_owned());
        p.layout.outbox = Some("Outbox".to_owned());
        p.layout.root = RootAnswer::Status(405);
        p.layout.elsewhere = 404;
        p.login = basic("Cyrus");
        p.sync.prefix = "data:,".to_owned();
        p.sync.counter = Counter::ValidityModseq;
        p.sync.limit = Limit::Pages;
        p.etags.source = EtagSource::Change;
        p.etags.on_put = EtagOnPut::Faithful;
        p.etags.on_put_card = EtagOnPut::Always;
        p.write.uids.scope = UidScope::User;
        p.write.vcards = VcardVersions::AsStored;
        p.query.component_required = Some(403);
        // The mailbox is there until the delayed delete is done, so that the server finds it and says 404.
        p.collections.deleted = 404;
        p.scheduling.automatic = true;
        p.scheduling.tags = true;
        p.scheduling.tag_on_partstat = true;
        p.scheduling.writes_status = true;
        p.scheduling.strict_attendees = true;
        p
    }

    /// SOGo 5.8.0, measured: tokens of one second, revision etags, `If-None-Match` ignored, cards shortened.
    #[must_use]
    pub fn sogo() -> Self {
        let mut p = start("sogo", "measured: SOGo 5.8.0; aluxnimm/outlookcaldavsynchronizer#15", "SOGo");
        p.dav = "1, 2, access-control, calendar-access, calendar-schedule, calendar-auto-schedule, calendar-proxy, addressbook".to_owned();
        let paths = layout("/SOGo/dav/", "/SOGo/dav/{user}/", "/SOGo/dav/{user}/Calendar/", "/SOGo/dav/{user}/Contacts/");
        p.layout = stocked(paths, &[("personal", "Personal Calendar", ALL)], &[("personal", "Personal Address Book")]);
        p.layout.well_known = WellKnown::Redirect(301);
        p.login = basic("SOGo");
        p.login.closes = true;
        p.xml.spelling = Spelling::UpperPrefix;
        p.sync.prefix = String::new();
        p.sync.counter = Counter::Second;
        p.sync.propfind_offset = 1;
        p.sync.bad_token = BadToken::FullListing;
        p.sync.limit = Limit::Ignored;
        p.etags.source = EtagSource::Revision;
        p.etags.on_put = EtagOnPut::Always;
        p.etags.on_put_card = EtagOnPut::Always;
        p.write.precondition = Precondition::NoIfNoneMatch;
        p.write.uids.scope = UidScope::Nowhere;
        p.write.rewrites = vec![Rewrite::ShortN, Rewrite::UppercaseGroups, Rewrite::ClassPublic];
        p.write.fn_required = false;
        p.write.uid_required = false;
        p.write.card_type = "text/x-vcard; charset=utf-8".to_owned();
        p.write.takes_lists = true;
        p.query.text_match = false;
        p.query.expand = Expand::Ignored;
        p.query.component_required = Some(403);
        p.query.unknown_report = UnknownReport::Bare(501);
        p.scheduling.automatic = true;
        p.scheduling.sogo_switch = true;
        p
    }

    /// sabre/dav 4 under Baikal and Davis: numbered tokens, Digest, vCards converted to 3.0 on reading.
    #[must_use]
    pub fn sabre() -> Self {
        let mut p = start("sabre", "measured: sabre/dav; sabre-io/dav#932, #993, #1190, #1252", "nginx");
        p.dav = "1, 3, extended-mkcol, access-control, calendarserver-principal-property-search, calendar-access, \
                 calendar-proxy, calendar-auto-schedule, calendar-availability, addressbook"
            .to_owned();
        let paths = layout("/dav.php/", "/dav.php/principals/{user}/", "/dav.php/calendars/{user}/", "/dav.php/addressbooks/{user}/");
        p.layout = stocked(paths, &[("default", "Default calendar", EVENTS_TASKS)], &[("default", "Default Address Book")]);
        p.layout.inbox = Some("inbox".to_owned());
        p.layout.outbox = Some("outbox".to_owned());
        p.login = basic("BaikalDAV");
        p.login.challenges = vec![Challenge::Digest(DigestAlgorithm::Md5), Challenge::Basic];
        p.login.body_first = true;
        p.xml.spelling = Spelling::LowerPrefix;
        p.sync.prefix = "http://sabre.io/ns/sync/".to_owned();
        p.sync.limit = Limit::Ignored;
        p.write.invalid = Refuse::Text(415);
        p.write.media_type = Refuse::Text(415);
        p.write.uids.refuse = Refuse::Text(400);
        p.write.uids.may_change = true;
        p.write.rewrites = vec![Rewrite::AddUid];
        p.write.uid_required = false;
        p.write.fn_required = false;
        p.write.vcards = VcardVersions::ThreeByDefault;
        p.write.component_parameter = true;
        p.query.recurrences = Recurrences::MissesEndless;
        p.query.component_required = Some(400);
        p.query.unknown_report = UnknownReport::Precondition(415);
        p.scheduling.automatic = true;
        p
    }

    /// rustical, measured: tokens that are no URI, changes answered 201 and deletions 200, no `addressbook-query`.
    #[must_use]
    pub fn rustical() -> Self {
        let mut p = start("rustical", "measured: rustical", "rustical");
        let principal = "/caldav/principal/{user}/";
        let paths = layout("/caldav/", principal, principal, "/carddav/principal/{user}/");
        p.layout = stocked(paths, &[("default", "Calendar", ALL)], &[("default", "Contacts")]);
        p.login = basic("RustiCal");
        p.xml.spelling = Spelling::DavIsDefault;
        p.sync.prefix = "github.com/lennart-k/rustical/ns/".to_owned();
        p.sync.bad_token = BadToken::FullListing;
        p.sync.limit = Limit::Ignored;
        p.etags.on_put = EtagOnPut::Always;
        p.etags.on_put_card = EtagOnPut::Always;
        p.write.updated = 201;
        p.write.deleted = 200;
        p.collections.deleted = 200;
        p.query.addressbook = false;
        p
    }
}
