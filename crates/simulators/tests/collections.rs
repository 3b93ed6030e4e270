//! Making, changing, listing and deleting collections.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests may panic")]

mod common;

use common::{client, event, named};
use pimkit_simulators::Personality;

const CALENDAR: &str = "<C:mkcalendar xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\" xmlns:I=\"http://apple.com/ns/ical/\"><D:set><D:prop><D:displayname>Fun &amp; games</D:displayname><I:calendar-color>#3366CCFF</I:calendar-color><C:supported-calendar-component-set><C:comp name=\"VEVENT\"/></C:supported-calendar-component-set></D:prop></D:set></C:mkcalendar>";
const TWO: &str = "<C:mkcalendar xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><D:set><D:prop><C:supported-calendar-component-set><C:comp name=\"VEVENT\"/><C:comp name=\"VTODO\"/></C:supported-calendar-component-set></D:prop></D:set></C:mkcalendar>";
const BOOK: &str = "<D:mkcol xmlns:D=\"DAV:\" xmlns:A=\"urn:ietf:params:xml:ns:carddav\"><D:set><D:prop><D:resourcetype><D:collection/><A:addressbook/></D:resourcetype><D:displayname>Friends</D:displayname></D:prop></D:set></D:mkcol>";

#[test]
fn a_calendar_is_made_as_asked_for() {
    let alice = named("cyrus");
    let at = "/dav/calendars/user/alice/new/";
    assert_eq!(alice.send("MKCALENDAR", at, &[], CALENDAR).status, 201);
    let made = alice.propfind(at, "0", &["D:displayname", "I:calendar-color", "C:supported-calendar-component-set", "D:resourcetype"]);
    assert_eq!((made.texts("displayname"), made.texts("calendar-color")), (vec!["Fun & games".to_owned()], vec!["#3366CCFF".to_owned()]));
    assert!(made.body.contains("name=\"VEVENT\"") && !made.body.contains("VTODO") && made.has("calendar"));
    let again = alice.send("MKCALENDAR", at, &[], CALENDAR);
    assert!(again.status == 403 && again.has("resource-must-be-null"));
    assert_eq!(alice.send("MKCALENDAR", "/dav/calendars/user/alice/none/inner/", &[], CALENDAR).status, 409);
    let elsewhere = alice.send("MKCALENDAR", "/dav/addressbooks/user/alice/new/", &[], CALENDAR);
    assert!(elsewhere.status == 403 && elsewhere.has("calendar-collection-location-ok"));
}

#[test]
fn an_address_book_is_made_by_extended_mkcol() {
    let alice = named("sabre");
    let at = "/dav.php/addressbooks/alice/new/";
    assert_eq!(alice.send("MKCOL", at, &[], BOOK).status, 201);
    assert!(alice.propfind(at, "0", &["D:resourcetype"]).has("addressbook"));
    assert_eq!(alice.send("MKCOL", at, &[], BOOK).status, 405);
    let odd = alice.send("MKCOL", "/dav.php/addressbooks/alice/odd/", &[], &BOOK.replace("A:addressbook", "A:albums"));
    assert!(odd.status == 403 && odd.has("valid-resourcetype"));
}

#[test]
fn servers_that_make_nothing_or_one_kind_say_so() {
    let status = |name: &str, method: &str, at: &str, body: &str| named(name).send(method, at, &[], body).status;
    assert_eq!(status("google-calendar", "MKCALENDAR", "/caldav/v2/alice/new/", CALENDAR), 405);
    assert_eq!(status("posteo", "MKCALENDAR", "/calendars/alice/new/", CALENDAR), 403);
    assert_eq!(status("icloud", "MKCOL", "/alice/carddavhome/new/", BOOK), 403, "pimutils/vdirsyncer#661");
    assert_eq!(status("icloud", "MKCALENDAR", "/alice/calendars/new/", TWO), 400, "pimutils/vdirsyncer#593");
    assert_eq!(status("icloud", "MKCALENDAR", "/alice/calendars/new/", CALENDAR), 201);
    assert_eq!(status("zimbra", "MKCALENDAR", "/dav/alice/new/", ""), 500);
    assert_eq!(status("radicale", "MKCALENDAR", "/alice/new/", ""), 201);
    assert_eq!(status("radicale", "MKCOL", "/alice/plain/", ""), 403, "Radicale 3.9.0");
}

#[test]
fn davical_ignores_the_name_of_a_creation_but_not_of_a_change() {
    let alice = named("davical");
    let at = "/caldav.php/alice/new/";
    alice.send("MKCALENDAR", at, &[], CALENDAR);
    let name = || alice.propfind(at, "0", &["D:displayname"]).texts("displayname");
    assert_eq!(name(), ["new"]);
    let change =
        "<D:propertyupdate xmlns:D=\"DAV:\"><D:set><D:prop><D:displayname>Named</D:displayname></D:prop></D:set></D:propertyupdate>";
    assert_eq!(alice.send("PROPPATCH", at, &[], change).status, 207);
    assert_eq!(name(), ["Named"]);
    assert_eq!(named("ox").send("PROPPATCH", "/caldav/alice/31/", &[], change).status, 403);
}

#[test]
fn proppatch_does_all_or_nothing_where_the_rfc_is_followed() {
    let body = "<D:propertyupdate xmlns:D=\"DAV:\"><D:set><D:prop><D:getetag>x</D:getetag><D:displayname>New</D:displayname></D:prop></D:set></D:propertyupdate>";
    for (name, changed, codes) in [("sabre", false, ["403", "424"]), ("xandikos", true, ["403", "200"]), ("radicale", true, ["200", "200"])]
    {
        let alice = named(name);
        let at = alice.dav.make_calendar("alice", "Old", &["VEVENT"]).unwrap();
        let reply = alice.send("PROPPATCH", &at, &[], body);
        assert!(codes.iter().all(|code| reply.body.contains(&format!("HTTP/1.1 {code}"))), "{name}: {}", reply.body);
        assert_eq!(alice.propfind(&at, "0", &["D:displayname"]).texts("displayname"), [if changed { "New" } else { "Old" }], "{name}");
    }
    let alice = named("sabre");
    let at = alice.calendar();
    let remove = "<D:propertyupdate xmlns:D=\"DAV:\"><D:remove><D:prop><D:displayname/></D:prop></D:remove></D:propertyupdate>";
    assert_eq!(alice.send("PROPPATCH", &at, &[], remove).status, 207);
    assert!(alice.propfind(&at, "0", &["D:displayname"]).body.contains("404"));
}

#[test]
fn deleted_collections_are_gone_with_all_in_them() {
    for (name, status) in [("sabre", 204), ("radicale", 200), ("cyrus", 404), ("google-calendar", 405)] {
        let alice = named(name);
        let at = alice.dav.make_calendar("alice", "Gone", &["VEVENT"]).unwrap();
        alice.dav.put(&format!("{at}a.ics"), &event("a", ""));
        assert_eq!(alice.send("DELETE", &at, &[], "").status, status, "{name}");
        assert_eq!(alice.dav.collections("alice").iter().any(|c| c.path == at), status == 405, "{name}");
    }
    let alice = named("sabre");
    assert_eq!(alice.send("DELETE", "/dav.php/calendars/alice/", &[], "").status, 403, "a home stays");
}

#[test]
fn nextcloud_counts_creations_and_keeps_deleted_names() {
    let alice = named("nextcloud");
    let at = |n: u32| format!("/remote.php/dav/calendars/alice/n{n}/");
    for n in 0..10 {
        assert_eq!(alice.send("MKCALENDAR", &at(n), &[], CALENDAR).status, 201);
    }
    assert_eq!(alice.send("MKCALENDAR", &at(10), &[], CALENDAR).status, 403, "nextcloud/server#43732");
    let fresh = named("nextcloud");
    fresh.send("MKCALENDAR", &at(0), &[], CALENDAR);
    fresh.send("DELETE", &at(0), &[], "");
    assert_eq!(fresh.send("MKCALENDAR", &at(0), &[], CALENDAR).status, 405);
}

#[test]
fn listings_go_one_step_deep_and_no_deeper() {
    let alice = named("sabre");
    let refused = alice.propfind("/dav.php/calendars/alice/", "infinity", &["D:resourcetype"]);
    assert!(refused.status == 403 && refused.has("propfind-finite-depth"));
    alice.put(&format!("{}a.ics", alice.calendar()), &event("a", ""));
    let hrefs = alice.propfind("/dav.php/calendars/alice/", "1", &["D:resourcetype"]).hrefs();
    assert!(hrefs.contains(&alice.calendar()) && !hrefs.iter().any(|href| href.ends_with(".ics")), "{hrefs:?}");
    let radicale = named("radicale");
    radicale.dav.make_calendar("alice", "A", &["VEVENT"]);
    assert_eq!(radicale.propfind("/alice/", "infinity", &["D:resourcetype"]).status, 207);
}

#[test]
fn what_is_not_there_is_not_found_each_in_its_way() {
    assert_eq!(named("sabre").propfind("/dav.php/calendars/alice/none/", "0", &["D:resourcetype"]).status, 404);
    let xandikos = named("xandikos").propfind("/alice/calendars/none/", "0", &["D:resourcetype"]);
    assert!(xandikos.status == 207 && xandikos.body.contains("404"));
    let synology = named("synology");
    assert_eq!(synology.propfind(&synology.calendar(), "1", &["D:getetag"]).status, 404, "an empty collection");
    let mut strict = Personality::radicale();
    strict.layout.slash_required = true;
    let alice = client(strict);
    let at = alice.dav.make_calendar("alice", "A", &["VEVENT"]).unwrap();
    // Kozea/Radicale#2187.
    assert_eq!(alice.propfind(at.trim_end_matches('/'), "0", &["D:resourcetype"]).status, 404);
}

#[test]
fn xandikos_wants_its_xml_called_xml() {
    let body = "<D:propfind xmlns:D=\"DAV:\"><D:prop><D:resourcetype/></D:prop></D:propfind>";
    let headers = [("depth", "0"), ("content-type", "application/octet-stream")];
    assert_eq!(named("xandikos").send("PROPFIND", "/", &headers, body).status, 415);
    assert_eq!(named("sabre").send("PROPFIND", "/dav.php/", &headers, body).status, 207);
}
