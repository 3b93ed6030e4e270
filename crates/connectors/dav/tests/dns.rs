//! An account that is given by its domain, with DNS at hand and without: which servers are asked, and which never are.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use common::named::{CALDAV, CALDAVS, CARDDAVS, Net, Zone, hidden, homes, only, server, signed_in, world, world_at};
use http::header::AUTHORIZATION;
use pimkit_core::{Connector, Contact, ErrorKind, Event, Record};
use pimkit_dav::{Config, Endpoints};
use pimkit_simulators::{Fault, FaultRule};

#[tokio::test]
async fn a_bare_domain_without_a_resolver_is_tried_at_its_well_known_addresses() {
    for typed in ["example.org", "ada@example.org", "ada@home@example.org"] {
        let world = world(Net::default().at("example.org", server()), None, Config::new(typed).user("alice"), true);
        let found = world.dav.discover().await.unwrap();
        assert_eq!(found.calendars, ["https://example.org/remote.php/dav/calendars/alice/"], "{typed}");
        assert_eq!(found.asked[..2], ["https://example.org/", "https://example.org/.well-known/caldav"], "{typed}");
        assert_eq!(found.domain, None);
    }
}

#[tokio::test]
async fn a_server_that_srv_names_is_asked_and_the_domain_is_not() {
    let zone = Zone::default().both(&[(0, 1, 8443, "dav.example.org.")]);
    let world = signed_in(Net::default().at("dav.example.org:8443", server()), zone);
    let found = world.dav.discover().await.unwrap();
    let at = |path: &str| format!("https://dav.example.org:8443/remote.php/dav/{path}/alice/");
    assert_eq!(homes(&found), (vec![at("calendars").as_str()], vec![at("addressbooks/users").as_str()]));
    assert_eq!(world.hosts(), ["dav.example.org"]);
    assert_eq!(world.sent()[0], "PROPFIND https://dav.example.org:8443/.well-known/caldav");
    assert_eq!(found.domain.as_deref(), Some("example.org"));
    assert!(found.asked[0].starts_with("DNS _caldavs._tcp.example.org: SRV 0 1 https://dav.example.org:8443/"), "{:?}", found.asked);
    assert!(world.asked().iter().all(|name| !name.contains("_caldav.") && !name.contains("_carddav.")), "{:?}", world.asked());
    // Items are read there too, and nobody is asked again.
    let (names, sent) = (world.asked().len(), world.dav.requests());
    assert!(!Event::repository(&world.dav).unwrap().collections().await.unwrap().is_empty());
    assert_eq!((world.asked().len(), sent), (names, Some(world.wire.count() as u64 - 1)), "names are not requests");
}

#[tokio::test]
async fn calendars_and_contacts_on_two_hosts_are_one_account() {
    for (calendars, contacts) in [(only(server(), true), only(server(), false)), (server(), server())] {
        let zone = Zone::default().srv(CALDAVS, &[(0, 0, 443, "cal.example.org")]).srv(CARDDAVS, &[(0, 0, 443, "card.example.org")]);
        let world = signed_in(Net::default().at("cal.example.org", calendars).at("card.example.org", contacts), zone);
        let found = world.dav.discover().await.unwrap();
        let expected = (
            vec!["https://cal.example.org/remote.php/dav/calendars/alice/"],
            vec!["https://card.example.org/remote.php/dav/addressbooks/users/alice/"],
        );
        assert_eq!(homes(&found), expected);
        let books = Contact::repository(&world.dav).unwrap().collections().await.unwrap();
        let calendars = Event::repository(&world.dav).unwrap().collections().await.unwrap();
        assert!(!books.is_empty() && !calendars.is_empty());
    }
}

#[tokio::test]
async fn the_lowest_priority_is_asked_first_and_the_next_when_it_is_down_or_has_nothing() {
    // In this order, which is neither that of the alphabet nor that of the records.
    let records = [(20, 100, 443, "alpha.example.org"), (10, 0, 443, "mike.example.org"), (30, 0, 443, "kilo.example.org")];
    for (net, expected) in [
        (Net::default().at("mike.example.org", server()).at("alpha.example.org", server()), &["mike.example.org"][..]),
        (Net::default().at("alpha.example.org", server()), &["mike.example.org", "alpha.example.org"]),
        (
            Net::default().at("mike.example.org", hidden("/elsewhere/")).at("alpha.example.org", server()),
            &["mike.example.org", "alpha.example.org"],
        ),
    ] {
        let world = signed_in(net, Zone::default().both(&records));
        let found = world.dav.discover().await.unwrap();
        assert_eq!(world.hosts(), expected);
        assert!(found.calendars[0].starts_with(&format!("https://{}/", expected.last().unwrap())), "{found:?}");
    }
    // Servers that were named and are down are no reason to ask the domain.
    let world = signed_in(Net::default().at("example.org", server()), Zone::default().both(&records));
    assert_eq!(world.dav.discover().await.unwrap_err().kind(), ErrorKind::Transport);
    assert_eq!(world.hosts(), ["mike.example.org", "alpha.example.org", "kilo.example.org"]);
}

#[tokio::test]
async fn paths_of_txt_records_are_tried_ahead_of_the_well_known_address() {
    let srv = || Zone::default().both(&[(0, 0, 443, "dav.example.org")]);
    let all = |zone: Zone, texts: &[&str]| zone.txt(CALDAVS, texts).txt(CARDDAVS, texts);
    for (texts, first) in [
        (&["path=/hidden"][..], &["/hidden"][..]),
        (&["txtvers=1", "PATH=/nowhere/", "path=/hidden/"], &["/nowhere/", "/hidden/"]),
        (&["v=spf1 -all", "path", "path=", "path=/hidden/"], &["/hidden/"]),
    ] {
        let world = signed_in(Net::default().at("dav.example.org", hidden("/hidden/")), all(srv(), texts));
        let found = world.dav.discover().await.unwrap();
        assert_eq!(homes(&found).0, ["https://dav.example.org/hidden/calendars/alice/"], "{texts:?}");
        let asked: Vec<String> = first.iter().map(|path| format!("PROPFIND https://dav.example.org{path}")).collect();
        assert_eq!(world.sent()[..first.len()], asked, "{texts:?}");
    }
    // A path that leads nowhere does not keep the well-known address from being asked; nor do names without an answer for TXT.
    let world = signed_in(Net::default().at("dav.example.org", server()), all(srv(), &["path=/nowhere"]));
    assert!(world.dav.discover().await.is_ok());
    let zone = srv().txt_silent(CALDAVS).txt_silent(CARDDAVS);
    let world = signed_in(Net::default().at("dav.example.org", server()), zone);
    let found = world.dav.discover().await.unwrap();
    assert!(found.asked.contains(&format!("DNS {CALDAVS}: no answer for TXT")), "{:?}", found.asked);
}

#[tokio::test]
async fn each_service_has_its_own_paths_on_one_host() {
    let zone = Zone::default().both(&[(0, 0, 443, "dav.example.org")]).txt(CALDAVS, &["path=/nowhere"]).txt(CARDDAVS, &["path=/hidden"]);
    let world = signed_in(Net::default().at("dav.example.org", hidden("/hidden/")), zone);
    let found = world.dav.discover().await.unwrap();
    assert_eq!(homes(&found), (vec![], vec!["https://dav.example.org/hidden/addressbooks/users/alice/"]));
}

#[tokio::test]
async fn hostile_paths_are_left_out_and_named() {
    let long = format!("path=/{}", "a".repeat(300));
    for text in [
        "path=https://evil.example/",
        "path=//evil.example/",
        "path=/x//evil.example/",
        "path=evil",
        "path=@evil.example/",
        "path=/a/../../etc",
        "path=/a/%2E%2e/b",
        "path=/a\r\nx-injected: 1",
        "path=/\u{1b}[2J",
        "path=/a?b=c",
        "path=/a#b",
        "path=/\\evil.example/",
        "path=/\u{202e}",
        long.as_str(),
    ] {
        let zone = Zone::default().both(&[(0, 0, 443, "dav.example.org")]).txt(CALDAVS, &[text]).txt(CARDDAVS, &[text]);
        let world = signed_in(Net::default().at("dav.example.org", server()), zone);
        let found = world.dav.discover().await.unwrap();
        assert_eq!(world.hosts(), ["dav.example.org"], "{text:?}");
        assert_eq!(world.sent()[0], "PROPFIND https://dav.example.org/.well-known/caldav", "{text:?}");
        let named = found.asked.iter().find(|line| line.contains("left out")).unwrap();
        assert!(named.is_ascii() && !named.contains(char::is_control) && named.len() < 400, "{named:?}");
    }
}

#[tokio::test]
async fn a_service_whose_target_is_a_dot_is_not_looked_for() {
    let net = || Net::default().at("example.org", server()).at("dav.example.org", server());
    let zone = Zone::default().srv(CALDAVS, &[(0, 0, 443, "dav.example.org")]).srv(CARDDAVS, &[(0, 0, 0, ".")]);
    let world = signed_in(net(), zone);
    let found = world.dav.discover().await.unwrap();
    assert_eq!((found.calendars.len(), found.address_books.len()), (1, 0));
    assert!(found.asked.contains(&format!("DNS {CARDDAVS}: not offered")), "{:?}", found.asked);
    assert_eq!(world.hosts(), ["dav.example.org"]);
    // Neither: nothing is sent at all.
    let world = signed_in(net(), Zone::default().both(&[(0, 0, 0, ".")]));
    let error = world.dav.discover().await.unwrap_err();
    assert_eq!((error.kind(), world.wire.count()), (ErrorKind::Config, 0));
    assert!(error.to_string().contains("neither calendars nor address books"), "{error}");
}

#[tokio::test]
async fn a_domain_without_records_or_answers_is_asked_itself() {
    for (zone, said) in [
        (Zone::default(), "no SRV record"),
        (Zone::default().silent(CALDAVS).silent(CARDDAVS), "no answer"),
        (
            Zone::default().both(&[(0, 0, 0, "dav.example.org"), (0, 0, 443, "127.0.0.1"), (0, 0, 443, "a b"), (0, 0, 443, "x/y@z")]),
            "left out",
        ),
    ] {
        let world = signed_in(Net::default().at("example.org", server()), zone);
        let found = world.dav.discover().await.unwrap();
        assert_eq!(found.calendars, ["https://example.org/remote.php/dav/calendars/alice/"], "{said}");
        assert_eq!(world.hosts(), ["example.org"], "{said}");
        assert!(found.asked[0].contains(said), "{:?}", found.asked);
    }
    // Nothing there either: the user may try again, as DNS may have known more.
    let world = signed_in(Net::default().at("example.org", hidden("/hidden/")), Zone::default().silent(CALDAVS));
    let error = world.dav.discover().await.unwrap_err();
    assert!(error.is_temporary() && error.to_string().contains("DNS"), "{error}");
}

#[tokio::test]
async fn what_is_missing_for_one_service_is_a_guess_and_what_is_not_known_is_not_taken_for_nothing() {
    let calendars = || Zone::default().srv(CALDAVS, &[(0, 0, 443, "cal.example.org")]);
    // Nobody listens at the domain, and nobody said that somebody would.
    let world = signed_in(Net::default().at("cal.example.org", only(server(), true)), calendars());
    let found = world.dav.discover().await.unwrap();
    assert_eq!((found.calendars.len(), found.address_books.len()), (1, 0));
    // The domain itself has the contacts.
    let net = Net::default().at("cal.example.org", only(server(), true)).at("example.org", server());
    let found = signed_in(net, calendars()).dav.discover().await.unwrap();
    let expected = (
        vec!["https://cal.example.org/remote.php/dav/calendars/alice/"],
        vec!["https://example.org/remote.php/dav/addressbooks/users/alice/"],
    );
    assert_eq!(homes(&found), expected);
    // Contacts that DNS did not answer for may be somewhere: half an account is not kept for a whole one.
    let net = Net::default().at("cal.example.org", server()).at("example.org", only(server(), true));
    let error = signed_in(net, calendars().silent(CARDDAVS)).dav.discover().await.unwrap_err();
    assert!(error.is_temporary() && error.to_string().contains("DNS"), "{error}");
}

/// Every request fails with this status.
fn status(code: u16) -> FaultRule {
    FaultRule::always(Fault::Status { code, retry_after: None, body: String::new() })
}

#[tokio::test]
async fn what_the_next_server_does_not_have_may_be_at_the_one_that_is_down() {
    let two = [(10, 0, 443, "mike.example.org"), (20, 0, 443, "alpha.example.org")];
    let nothing = || hidden("/elsewhere/");
    let contacts = Zone::default().srv(CALDAVS, &[(0, 0, 443, "cal.example.org")]).srv(CARDDAVS, &two);
    let calendars = || Net::default().at("cal.example.org", only(server(), true)).at("alpha.example.org", nothing());
    let one = || Zone::default().srv(CALDAVS, &[(0, 0, 0, ".")]).srv(CARDDAVS, &two);
    let shared = || Zone::default().both(&two);
    for (case, net, zone, kind) in [
        ("two services", calendars(), contacts, ErrorKind::Transport),
        ("one service", Net::default().at("alpha.example.org", nothing()), one(), ErrorKind::Transport),
        (
            "one service, 503",
            Net::default().at("alpha.example.org", nothing()).failing("mike.example.org", server(), status(503)),
            one(),
            ErrorKind::Unavailable,
        ),
        ("half of what both are to have", Net::default().at("alpha.example.org", only(server(), true)), shared(), ErrorKind::Transport),
    ] {
        let world = signed_in(net, zone);
        let error = world.dav.discover().await.unwrap_err();
        assert!(error.is_temporary() && error.kind() == kind, "{case}: {error}");
        assert_eq!(world.hosts().last().map(String::as_str), Some("alpha.example.org"), "{case}");
        assert!(world.dav.discovered().is_none(), "{case}");
    }
}

#[tokio::test]
async fn a_guess_is_given_up_only_where_somebody_says_that_nothing_is_there() {
    let zone = || Zone::default().srv(CALDAVS, &[(0, 0, 443, "cal.example.org")]);
    let net = || Net::default().at("cal.example.org", only(server(), true));
    let at = |fault| net().failing("example.org", server(), fault);
    let elsewhere = Fault::Redirect { to: "https://www.example.net/".to_owned() };
    let website = at(FaultRule::always(elsewhere)).failing("www.example.net", server(), status(404));
    for (case, net) in [
        ("nobody listens", net()),
        ("404", at(status(404))),
        ("401", at(status(401))),
        ("403", at(status(403))),
        ("405", at(status(405))),
        ("501", at(status(501))),
        ("a page", at(FaultRule::always(Fault::LoginPage))),
        ("a website elsewhere", website),
    ] {
        let found = signed_in(net, zone()).dav.discover().await.unwrap_or_else(|error| panic!("{case}: {error}"));
        assert_eq!((found.calendars.len(), found.address_books.len()), (1, 0), "{case}");
    }
    for (case, net) in [
        ("503", at(status(503))),
        ("500", at(status(500))),
        ("429", at(status(429))),
        ("silence", at(FaultRule::always(Fault::ResetBefore))),
        (
            "503 where the home's folder is listed",
            net().failing("example.org", only(server(), true), status(503).at("/principals/users/alice/").nth(2)),
        ),
    ] {
        let world = signed_in(net, zone());
        let error = world.dav.discover().await.expect_err(case);
        assert!(error.is_temporary() && error.to_string().contains("give the provider's address"), "{case}: {error}");
        assert!(world.dav.discovered().is_none(), "{case}");
    }
}

#[tokio::test]
async fn a_path_that_dns_did_not_tell_is_not_taken_for_none() {
    let srv = || Zone::default().both(&[(0, 0, 443, "dav.example.org")]);
    let net = || Net::default().at("dav.example.org", hidden("/hidden/"));
    // Where the other service's path leads to has both, and each service has its own word.
    for (case, zone) in [
        ("both", srv().txt_silent(CALDAVS).txt_silent(CARDDAVS)),
        ("one", srv().txt_silent(CALDAVS)),
        ("the other is told", srv().txt_silent(CALDAVS).txt(CARDDAVS, &["path=/hidden/"])),
    ] {
        let error = signed_in(net(), zone).dav.discover().await.expect_err(case);
        assert!(error.is_temporary() && error.to_string().contains("DNS"), "{case}: {error}");
    }
    // Told that there is none, what is not found is not there.
    assert!(!signed_in(net(), srv()).dav.discover().await.unwrap_err().is_temporary());
    // What was answered for may be missing.
    let net = Net::default().at("dav.example.org", only(server(), true));
    let found = signed_in(net, srv().txt_silent(CALDAVS)).dav.discover().await.unwrap();
    assert_eq!((found.calendars.len(), found.address_books.len()), (1, 0));
}

#[tokio::test]
async fn half_of_what_the_domain_has_is_not_all_where_dns_did_not_answer() {
    let net = || Net::default().at("example.org", only(server(), true));
    let error = signed_in(net(), Zone::default().silent(CARDDAVS)).dav.discover().await.unwrap_err();
    assert!(error.is_temporary() && error.to_string().contains("DNS"), "{error}");
    let found = signed_in(net(), Zone::default().silent(CALDAVS)).dav.discover().await.unwrap();
    assert_eq!(found.calendars.len(), 1, "contacts were answered for");
    // Also where the question for servers without TLS is the one that fails.
    let config = Config::new("example.org").user("alice").plain_dns(true);
    let net = Net::default().at("example.org", only(server(), false));
    let error = world(net, Some(Zone::default().silent(CALDAV)), config, true).dav.discover().await.unwrap_err();
    assert!(error.is_temporary() && error.to_string().contains("DNS"), "{error}");
}

#[tokio::test]
async fn a_server_of_another_domain_gets_no_request_and_no_credentials() {
    for target in ["dav.evil.example", "example.org.evil.example", "evilexample.org", "localhost", "dav.localhost", "org"] {
        let zone = Zone::default().both(&[(0, 0, 443, target)]);
        let world = signed_in(Net::default().at(target, server()).at("example.org", server()), zone);
        let error = world.dav.discover().await.unwrap_err();
        let line = error.to_string();
        assert_eq!((error.kind(), world.wire.count()), (ErrorKind::Config, 0), "{target}: {line}");
        assert!(line.contains(&format!("https://{target}/")) && line.contains("url") && line.contains("example.org"), "{line}");
        assert!(!line.contains('\n') && !line.contains("ada"), "{line}");
        // Given by the user, it is asked.
        let own = Net::default().at(target, server());
        let config = Config::new(format!("https://{target}/")).user("alice");
        assert!(world_at(own, config).dav.discover().await.is_ok(), "{target}");
    }
    // Neighbours under a public suffix are strangers.
    let mut zone = Zone::default();
    for label in ["_caldavs", "_carddavs"] {
        zone = zone.srv(&format!("{label}._tcp.ada.github.io"), &[(0, 0, 443, "mallory.github.io")]);
    }
    let world = world(Net::default().at("mallory.github.io", server()), Some(zone), Config::new("ada.github.io").user("alice"), true);
    assert_eq!((world.dav.discover().await.unwrap_err().kind(), world.wire.count()), (ErrorKind::Config, 0));
}

#[tokio::test]
async fn a_stranger_for_one_service_stops_the_other_too() {
    // Half of an account would look like a whole one.
    let zone = Zone::default().srv(CALDAVS, &[(0, 0, 443, "dav.example.org")]).srv(CARDDAVS, &[(0, 0, 443, "dav.evil.example")]);
    let world = signed_in(Net::default().at("dav.example.org", server()), zone);
    let error = world.dav.discover().await.unwrap_err();
    assert!(error.to_string().contains("dav.evil.example") && world.wire.count() == 0, "{error}");
}

#[tokio::test]
async fn a_domain_whose_own_server_is_known_to_us_is_looked_up_all_the_same() {
    for (typed, domain, target) in [
        ("ada@fastmail.com", "fastmail.com", "card.fastmail.com"),
        ("ada@me.com", "me.com", "contacts.icloud.com"),
        ("ada@me.com", "me.com", "dav.me.com"),
    ] {
        let mut zone = Zone::default();
        for label in ["_caldavs", "_carddavs"] {
            zone = zone.srv(&format!("{label}._tcp.{domain}"), &[(0, 0, 443, target)]);
        }
        let world = world(Net::default().at(target, server()), Some(zone), Config::new(typed).user("alice"), true);
        let found = world.dav.discover().await.unwrap();
        assert!(found.address_books[0].starts_with(&format!("https://{target}/")), "{found:?}");
    }
    let net = Net::default().at("caldav.fastmail.com", server());
    let world = world(net, Some(Zone::default()), Config::new("fastmail.com").user("alice"), true);
    assert!(world.dav.discover().await.is_ok(), "without records it is asked where we know it to be");
}

#[tokio::test]
async fn a_stranger_among_own_servers_is_left_out_and_named() {
    let zone = Zone::default().both(&[(0, 0, 443, "dav.evil.example"), (5, 0, 443, "dav.example.org")]);
    let world = signed_in(Net::default().at("dav.evil.example", server()).at("dav.example.org", server()), zone);
    let found = world.dav.discover().await.unwrap();
    assert_eq!(world.hosts(), ["dav.example.org"]);
    assert!(found.asked.iter().any(|line| line.contains("dav.evil.example") && line.contains("left out")), "{:?}", found.asked);
}

#[tokio::test]
async fn names_without_tls_are_asked_only_where_the_configuration_says_so_and_get_no_credentials() {
    let zone = || Zone::default().srv(CALDAV, &[(0, 0, 8080, "dav.example.org")]).srv(CARDDAVS, &[(0, 0, 0, ".")]);
    let open = || {
        let mut open = only(server(), true);
        open.login.challenges.clear();
        open
    };
    let config = || Config::new("example.org").user("alice");
    // By default nobody asks for them.
    let closed = world(Net::default().at("dav.example.org:8080", open()), Some(zone()), config(), false);
    assert!(closed.dav.discover().await.is_err());
    assert!(closed.asked().iter().all(|name| !name.contains("_caldav.")), "{:?}", closed.asked());
    // With credentials they are found, and refused over plain http.
    let guarded = world(Net::default().at("dav.example.org:8080", open()), Some(zone()), config().plain_dns(true), true);
    let error = guarded.dav.discover().await.unwrap_err();
    assert!(error.to_string().contains("plain http"), "{error}");
    assert_eq!(guarded.wire.requests().iter().filter(|r| r.headers.contains_key(AUTHORIZATION)).count(), 0);
    // Without, they are asked.
    let anybody = world(Net::default().at("dav.example.org:8080", open()), Some(zone()), config().plain_dns(true), false);
    let _ = anybody.dav.discover().await;
    assert!(anybody.sent()[0].starts_with("PROPFIND http://dav.example.org:8080/"), "{:?}", anybody.sent());
    // After a failure never: it may be somebody's doing.
    let silent = world(Net::default(), Some(zone().silent(CALDAVS)), config().plain_dns(true), false);
    assert!(silent.dav.discover().await.is_err());
    assert!(silent.asked().iter().all(|name| !name.contains("_caldav.")), "{:?}", silent.asked());
}

#[tokio::test]
async fn a_whole_address_is_never_looked_up() {
    for typed in ["https://example.org/", "example.org/", "example.org:443"] {
        let world = world_at(Net::default().at("example.org", server()), Config::new(typed).user("alice"));
        world.dav.discover().await.unwrap();
        assert_eq!(world.asked(), Vec::<String>::new(), "{typed}");
    }
}

#[tokio::test]
async fn what_was_found_is_kept_for_the_domain_and_dropped_for_another() {
    let zone = || Zone::default().both(&[(0, 0, 443, "dav.example.org")]);
    let net = || Net::default().at("dav.example.org", server());
    let found = signed_in(net(), zone()).dav.discover().await.unwrap();
    let kept: Endpoints = serde_json::from_value(serde_json::to_value(&found).unwrap()).unwrap();
    assert_eq!(kept, found);
    for (typed, still) in [("Example.org", true), ("bob@example.org", true), ("example.com", false), ("https://example.org/", false)] {
        let config = Config::new(typed).user("alice").endpoints(Some(kept.clone()));
        let world = world(net(), Some(zone()), config, true);
        assert_eq!(world.dav.discovered().is_some(), still, "{typed}");
        if still {
            assert!(!Event::repository(&world.dav).unwrap().collections().await.unwrap().is_empty());
            assert!(world.asked().is_empty(), "{typed}: DNS is asked when things are looked for, and not before each run");
        }
    }
}
