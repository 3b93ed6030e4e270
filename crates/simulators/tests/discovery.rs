//! Finding one's way from an address to the collections, and signing in on it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests may panic")]

mod common;

use common::{Client, basic, client, named};
use pimkit_simulators::{Challenge, CollectionKind, DigestAlgorithm, Personality, WellKnown};

#[test]
fn every_personality_leads_from_its_context_to_writable_collections() {
    for personality in Personality::all() {
        let name = personality.name.clone();
        let context = personality.layout.context.replace("{user}", "alice");
        let (layout, lists_home) = (personality.layout.clone(), personality.layout.calendar_home_set);
        let alice = client(personality);
        let mut principal = layout.principal.replace("{user}", "alice");
        let root = alice.propfind(&context, "0", &["D:current-user-principal"]);
        if root.status == 207 && layout.current_user_principal {
            principal = root.hrefs().last().unwrap().clone();
        }
        let reply = alice.propfind(&principal, "0", &["C:calendar-home-set", "A:addressbook-home-set", "D:resourcetype"]);
        assert_eq!(reply.status, 207, "{name}: {}", reply.body);
        assert_eq!(reply.has("calendar-home-set"), lists_home || layout.current_user_principal, "{name}");
        for (home, kind) in
            [(layout.calendar_homes.first(), CollectionKind::Calendar), (layout.book_homes.first(), CollectionKind::AddressBook)]
        {
            let Some(home) = home else { continue };
            let home = home.replace("{user}", "alice");
            let listing = alice.propfind(&home, "1", &["D:resourcetype", "D:displayname"]);
            assert_eq!(listing.status, 207, "{name}");
            for view in alice.dav.collections("alice").iter().filter(|view| view.kind == kind) {
                let slug = view.path.trim_end_matches('/').rsplit('/').next().unwrap();
                assert!(listing.body.contains(slug), "{name}: {} is not in {}", view.path, listing.body);
            }
        }
    }
}

#[test]
fn personalities_are_data_that_survives_being_written_down() {
    let mut names: Vec<String> = Vec::new();
    for personality in Personality::all() {
        let text = serde_json::to_string(&personality).unwrap();
        assert_eq!(serde_json::from_str::<Personality>(&text).unwrap(), personality);
        assert_eq!(Personality::named(&personality.name).as_ref(), Some(&personality));
        assert!(!names.contains(&personality.name));
        names.push(personality.name);
    }
    assert_eq!(names.len(), 23);
    assert!(Personality::named("nobody").is_none());
}

#[test]
fn well_known_addresses_do_what_the_personality_says() {
    let table = [
        ("radicale", 301, Some("/")),
        ("xandikos", 302, Some("/")),
        ("nextcloud", 301, Some("/remote.php/dav/")),
        ("synology", 404, None),
        ("google-contacts", 301, Some("/carddav/v1/principals/alice/lists/default/")),
    ];
    for (name, status, location) in table {
        let reply = named(name).propfind("/.well-known/carddav", "0", &["D:current-user-principal"]);
        assert_eq!((reply.status, reply.header("location")), (status, location), "{name}");
    }
    let reply = named("icloud").propfind("/.well-known/caldav", "0", &["D:current-user-principal"]);
    assert_eq!((reply.status, reply.hrefs().last().map(String::as_str)), (207, Some("/alice/principal/")));
    let mut gets = Personality::sabre();
    gets.layout.well_known = WellKnown::RedirectGet(302);
    let alice = client(gets);
    assert_eq!(alice.propfind("/.well-known/caldav", "0", &["D:resourcetype"]).status, 404);
    assert_eq!(alice.get("/.well-known/caldav").status, 302);
}

#[test]
fn roots_that_are_no_dav_say_so() {
    for (name, status) in [("fastmail", 404), ("cyrus", 405)] {
        assert_eq!(named(name).propfind("/dav/", "0", &["D:current-user-principal"]).status, status, "{name}");
    }
}

#[test]
fn home_sets_may_be_elsewhere_many_and_bare() {
    let reply = named("icloud");
    let homes = |alice: &Client, path: &str| alice.propfind(path, "0", &["C:calendar-home-set"]).hrefs();
    // Over loopback, which no shard's name leads to, the host is the request's own.
    assert_eq!(homes(&reply, "/alice/principal/")[1], "http://localhost/alice/calendars/");
    let shard = http::Request::builder().method("PROPFIND").uri("https://contacts.icloud.com/alice/principal/").header("depth", "0");
    let shard = shard.header("authorization", basic("alice", "secret")).header("host", "contacts.icloud.com");
    let body =
        "<D:propfind xmlns:D=\"DAV:\" xmlns:A=\"urn:ietf:params:xml:ns:carddav\"><D:prop><A:addressbook-home-set/></D:prop></D:propfind>";
    let answer = reply.dav.answer_now(&shard.body(bytes::Bytes::from_static(body.as_bytes())).unwrap()).unwrap();
    let answer = String::from_utf8(answer.body().to_vec()).unwrap();
    assert!(answer.contains(">https://p42-contacts.icloud.com:443/alice/carddavhome/<"), "{answer}");
    let mut two = Personality::sabre();
    two.layout.calendar_homes.push("/dav.php/other/{user}/".to_owned());
    two.layout.home_slash = false;
    assert_eq!(homes(&client(two), "/dav.php/principals/alice/")[1..], ["/dav.php/calendars/alice", "/dav.php/other/alice"]);
    let gmx = named("gmx").propfind("/begenda/dav/alice/", "0", &["C:calendar-home-set"]);
    assert!(gmx.body.contains("404"), "{}", gmx.body);
}

#[test]
fn synology_has_no_current_user_principal() {
    let reply = named("synology").propfind("/caldav.php/alice/", "0", &["D:current-user-principal"]);
    assert!(reply.body.contains("404") && !reply.body.contains("200"), "{}", reply.body);
}

#[test]
fn a_401_challenges_as_the_server_does() {
    let challenge = |name: &str| -> Vec<String> {
        let mut alice = named(name);
        alice.authorization = Some(basic("alice", "wrong"));
        let context = Personality::named(name).unwrap().layout.context.replace("{user}", "alice");
        let reply = alice.propfind(&context, "0", &["D:current-user-principal"]);
        assert_eq!(reply.status, 401, "{name}");
        reply
            .headers
            .get_all("www-authenticate")
            .iter()
            .map(|value| value.to_str().unwrap().split(' ').next().unwrap().to_owned())
            .collect()
    };
    // home-assistant/core#91711; jobisoft/DAV-4-TbSync#17.
    assert_eq!(challenge("icloud"), ["X-MobileMe-AuthToken", "Basic"]);
    assert_eq!(challenge("yahoo"), Vec::<String>::new());
    assert_eq!(challenge("radicale"), ["Basic"]);
    assert_eq!(challenge("sabre"), ["Digest", "Basic"]);
    assert_eq!(challenge("google-calendar"), ["Bearer"]);
    assert_eq!(named("yahoo").propfind("/", "0", &["D:current-user-principal"]).status, 207);
}

#[test]
fn what_belongs_to_another_user_is_forbidden() {
    let bob = named("sabre").bob();
    assert_eq!(bob.propfind("/dav.php/calendars/alice/", "1", &["D:resourcetype"]).status, 403);
    assert_eq!(bob.get("/dav.php/calendars/alice/default/x.ics").status, 403);
}

#[test]
fn sogo_closes_the_connection_with_its_401() {
    let mut alice = named("sogo");
    alice.authorization = None;
    assert_eq!(alice.propfind("/SOGo/dav/alice/", "0", &["D:resourcetype"]).header("connection"), Some("close"));
}

#[test]
fn sabre_answers_a_report_without_a_body_before_it_asks_who_is_there() {
    let mut alice = named("sabre");
    alice.authorization = None;
    // sabre-io/dav#932.
    assert_eq!(alice.report("/dav.php/calendars/alice/default/", "1", "").status, 500);
}

fn digest(alice: &mut Client, algorithm: &str, nonce: &str, nc: u32, password: &str) -> u16 {
    use sha2::Digest as _;
    let hash = |text: String| -> String {
        let bytes =
            if algorithm == "MD5" { md5::Md5::digest(text.as_bytes()).to_vec() } else { sha2::Sha256::digest(text.as_bytes()).to_vec() };
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let path = "/dav.php/principals/alice/";
    let first = hash(format!("alice:BaikalDAV:{password}"));
    let second = hash(format!("PROPFIND:{path}"));
    let response = hash(format!("{first}:{nonce}:{nc:08x}:c:auth:{second}"));
    alice.authorization = Some(format!(
        "Digest username=\"alice\", realm=\"BaikalDAV\", nonce=\"{nonce}\", uri=\"{path}\", qop=auth, nc={nc:08x}, cnonce=\"c\", \
         algorithm={algorithm}, response=\"{response}\""
    ));
    alice.propfind(path, "0", &["D:resourcetype"]).status
}

fn nonce(alice: &mut Client, algorithm: &str) -> (String, bool) {
    alice.authorization = None;
    let reply = alice.propfind("/dav.php/", "0", &["D:resourcetype"]);
    let all: Vec<&str> = reply.headers.get_all("www-authenticate").iter().map(|value| value.to_str().unwrap()).collect();
    let ours = all.iter().find(|value| value.contains(&format!("algorithm={algorithm},"))).unwrap();
    (ours.split("nonce=\"").nth(1).unwrap().split('"').next().unwrap().to_owned(), ours.contains("stale=true"))
}

#[test]
fn digest_is_checked_for_real() {
    for algorithm in ["MD5", "SHA-256"] {
        let mut personality = Personality::sabre();
        personality.login.challenges = vec![Challenge::Digest(DigestAlgorithm::Sha256), Challenge::Digest(DigestAlgorithm::Md5)];
        let mut alice = client(personality);
        let (nonce, _) = nonce(&mut alice, algorithm);
        assert_eq!(digest(&mut alice, algorithm, &nonce, 1, "secret"), 207);
        assert_eq!(digest(&mut alice, algorithm, &nonce, 2, "secret"), 207);
        assert_eq!(digest(&mut alice, algorithm, &nonce, 2, "secret"), 401, "a count was used twice");
        assert_eq!(digest(&mut alice, algorithm, &nonce, 3, "wrong"), 401);
        assert_eq!(digest(&mut alice, algorithm, "of-nobody", 1, "secret"), 401);
        alice.authorization = Some(basic("alice", "secret"));
        assert_eq!(alice.propfind("/dav.php/", "0", &["D:resourcetype"]).status, 401, "Basic is not offered");
    }
}

#[test]
fn an_old_nonce_is_stale_and_the_challenge_says_so() {
    let mut alice = named("sabre");
    let (nonce, stale) = nonce(&mut alice, "MD5");
    assert!(!stale);
    alice.hand.forward(301);
    assert_eq!(digest(&mut alice, "MD5", &nonce, 1, "secret"), 401);
    let reply = alice.propfind("/dav.php/principals/alice/", "0", &["D:resourcetype"]);
    assert!(reply.header("www-authenticate").unwrap().contains("stale=true"));
    let mut personality = Personality::sabre();
    personality.login.nonce_uses = Some(1);
    let mut alice = client(personality);
    let (nonce, _) = self::nonce(&mut alice, "MD5");
    assert_eq!([1, 2].map(|nc| digest(&mut alice, "MD5", &nonce, nc, "secret")), [207, 401]);
}

#[test]
fn options_tells_what_the_server_can_and_is_refused_where_it_is() {
    let reply = named("cyrus").send("OPTIONS", "/dav/calendars/user/alice/Default/", &[], "");
    assert!(reply.status == 200 && reply.header("dav").unwrap().contains("calendar-auto-schedule"));
    assert_eq!(named("google-contacts").send("OPTIONS", "/carddav/v1/principals/alice/lists/default/", &[], "").status, 400);
    let mut google = named("google-calendar");
    google.authorization = None;
    assert_eq!(google.send("OPTIONS", "/caldav/v2/alice/events/", &[], "").status, 200);
}
