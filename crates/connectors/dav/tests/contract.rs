//! The behaviour suite of all connectors, on DAV servers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use common::{
    Real,
    servers::{Kept, Server},
    simulated::{self, Expected, Simulated, of},
};
use pimkit_contract::{
    FakeClock,
    suite::{self, Report},
};
use pimkit_core::{Connector, Kind};
use pimkit_dav::Groups;
use pimkit_simulators::Personality;

/// What the suite cannot ask of any DAV server, whatever it can do: nothing there limits a field or searches by words, pages are
/// the server's own, and a card has no guests, no series and, while groups are cards, no list of categories.
const LEFT_OUT: [&str; 18] = [
    "contacts::a_page_token_can_be_asked_again",
    "contacts::a_series_with_overrides_comes_back",
    "contacts::a_side_that_is_only_read_refuses_writes",
    "contacts::categories_are_made_once_renamed_and_removed",
    "contacts::nobody_is_mailed_unless_wanted",
    "contacts::search_finds_by_words",
    "contacts::what_is_over_a_limit_is_left_out",
    "events::a_page_token_can_be_asked_again",
    "events::a_side_that_is_only_read_refuses_writes",
    "events::categories_are_made_once_renamed_and_removed",
    "events::search_finds_by_words",
    "events::what_is_over_a_limit_is_left_out",
    "tasks::a_page_token_can_be_asked_again",
    "tasks::a_side_that_is_only_read_refuses_writes",
    "tasks::categories_are_made_once_renamed_and_removed",
    "tasks::nobody_is_mailed_unless_wanted",
    "tasks::search_finds_by_words",
    "tasks::what_is_over_a_limit_is_left_out",
];

/// Real servers take no damaged items.
const UNDAMAGED: [&str; 3] =
    ["contacts::an_unreadable_item_is_there", "events::an_unreadable_item_is_there", "tasks::an_unreadable_item_is_there"];

/// vobject, with which Radicale reads calendars, refuses EXRULE.
const RADICALE: &str = "tasks::field_excludedRecurrenceRules";

/// A case more that is left out is a capability that was lost.
fn left_out_are(report: &Report, beyond: &[&str]) {
    let mut told: Vec<&str> = report.skipped.iter().map(|(case, _)| case.as_str()).collect();
    let mut expected: Vec<&str> = LEFT_OUT.iter().chain(beyond).copied().collect();
    told.sort_unstable();
    expected.sort_unstable();
    assert_eq!(told, expected);
}

#[tokio::test]
async fn the_suite_holds_on_a_real_radicale() {
    let Some(server) = Server::start(Kept::Radicale, "the suite") else { return };
    let report = suite::run(&Real { server, groups: Groups::Cards, clock: FakeClock::default() }).await;
    left_out_are(&report, &[&UNDAMAGED[..], &[RADICALE]].concat());
}

#[tokio::test]
async fn the_suite_holds_on_a_real_xandikos() {
    let Some(server) = Server::start(Kept::Xandikos, "the suite") else { return };
    let report = suite::run(&Real { server, groups: Groups::Cards, clock: FakeClock::default() }).await;
    left_out_are(&report, &UNDAMAGED);
}

#[tokio::test]
async fn with_categories_the_suite_holds_on_a_real_radicale() {
    let Some(server) = Server::start(Kept::Radicale, "the suite with categories") else { return };
    suite::run(&Real { server, groups: Groups::Categories, clock: FakeClock::default() }).await;
}

#[tokio::test]
async fn with_categories_the_suite_holds_on_a_real_xandikos() {
    let Some(server) = Server::start(Kept::Xandikos, "the suite with categories") else { return };
    suite::run(&Real { server, groups: Groups::Categories, clock: FakeClock::default() }).await;
}

/// What each server declares. Every one is tried both ways by the suite: what is declared works, what is not is refused.
const EXPECTED: &[Expected] = &[
    of("radicale"),
    of("xandikos"),
    Expected { mails: true, ..of("davical") },
    Expected { mails: true, ..of("cyrus") },
    Expected { mails: true, silent: false, ..of("sogo") },
    Expected { mails: true, ..of("sabre") },
    of("rustical"),
    Expected { mails: true, ..of("nextcloud") },
    Expected { mails: true, moves: false, makes: [false, false], ..of("zimbra") },
    Expected { mails: true, silent: false, incremental: false, moves: false, drops_extensions: true, makes: [false, false], ..of("ox") },
    Expected { mails: true, ..of("stalwart") },
    Expected { mails: true, makes: [false, true], ..of("ccs") },
    Expected { incremental: false, makes: [false, false], ..of("synology") },
    Expected { mails: true, moves: false, kinds: [true, true, false], required: &["end"], makes: [false, true], ..of("icloud") },
    Expected {
        mails: true,
        silent: false,
        moves: false,
        kinds: [false, true, false],
        required: &["alerts"],
        makes: [true, false],
        ..of("google-calendar")
    },
    Expected {
        conditional: false,
        repeatable: false,
        moves: false,
        kinds: [true, false, false],
        makes: [false, true],
        ..of("google-contacts")
    },
    Expected { mails: true, kinds: [true, true, false], ..of("fastmail") },
    Expected { silent: false, incremental: false, moves: false, makes: [false, false], ..of("gmx") },
    Expected { incremental: false, makes: [false, false], ..of("posteo") },
    of("purelymail"),
    Expected { incremental: false, moves: false, drops_extensions: true, makes: [false, false], ..of("mailru") },
    Expected { incremental: false, moves: false, kinds: [false, true, true], ..of("robur") },
    Expected { silent: false, incremental: false, moves: false, drops_extensions: true, makes: [false, true], ..of("yahoo") },
];

#[test]
fn every_personality_has_an_expected_set() {
    let names: Vec<String> = Personality::all().into_iter().map(|p| p.name).collect();
    for name in &names {
        assert!(EXPECTED.iter().any(|e| e.name == name), "{name}");
    }
    for expected in EXPECTED {
        assert!(names.iter().any(|n| n == expected.name), "{}", expected.name);
    }
}

/// What a collection declares is what is expected of its server, no less and no more.
#[tokio::test]
async fn every_personality_declares_its_expected_set() {
    for expected in EXPECTED {
        let clock = FakeClock::default();
        let personality = Personality::named(expected.name).unwrap();
        let account = simulated::fresh(&personality, &clock);
        let [contacts, events, tasks] = expected.kinds;
        if contacts {
            expected.check(&*account.contacts().unwrap(), Kind::Contact).await;
        }
        if events {
            expected.check(&*account.events().unwrap(), Kind::Event).await;
        }
        if tasks {
            expected.check(&*account.tasks().unwrap(), Kind::Task).await;
        }
    }
}

async fn over(name: &str) {
    grouped(name, Groups::Cards).await;
}

async fn grouped(name: &str, groups: Groups) {
    let expected = *EXPECTED.iter().find(|e| e.name == name).unwrap();
    let personality = Personality::named(name).unwrap();
    let report = suite::run(&Simulated { personality, expected, groups, clock: FakeClock::default() }).await;
    match (groups, name) {
        (Groups::Cards, "radicale") => left_out_are(&report, &[RADICALE]),
        (Groups::Cards, "xandikos" | "cyrus" | "sabre") => left_out_are(&report, &[]),
        _ => {}
    }
}

macro_rules! personalities {
    ($($test:ident: $name:literal),* $(,)?) => {$(
        #[tokio::test]
        async fn $test() {
            over($name).await;
        }
    )*};
}

personalities! {
    the_suite_holds_on_a_simulated_radicale: "radicale",
    the_suite_holds_on_a_simulated_xandikos: "xandikos",
    the_suite_holds_on_a_simulated_davical: "davical",
    the_suite_holds_on_a_simulated_cyrus: "cyrus",
    the_suite_holds_on_a_simulated_sogo: "sogo",
    the_suite_holds_on_a_simulated_sabre: "sabre",
    the_suite_holds_on_a_simulated_rustical: "rustical",
    the_suite_holds_on_a_simulated_nextcloud: "nextcloud",
    the_suite_holds_on_a_simulated_zimbra: "zimbra",
    the_suite_holds_on_a_simulated_ox: "ox",
    the_suite_holds_on_a_simulated_stalwart: "stalwart",
    the_suite_holds_on_a_simulated_ccs: "ccs",
    the_suite_holds_on_a_simulated_synology: "synology",
    the_suite_holds_on_a_simulated_icloud: "icloud",
    the_suite_holds_on_a_simulated_google_calendar: "google-calendar",
    the_suite_holds_on_a_simulated_google_contacts: "google-contacts",
    the_suite_holds_on_a_simulated_fastmail: "fastmail",
    the_suite_holds_on_a_simulated_gmx: "gmx",
    the_suite_holds_on_a_simulated_posteo: "posteo",
    the_suite_holds_on_a_simulated_purelymail: "purelymail",
    the_suite_holds_on_a_simulated_mailru: "mailru",
    the_suite_holds_on_a_simulated_robur: "robur",
    the_suite_holds_on_a_simulated_yahoo: "yahoo",
}

/// Where groups are categories, contacts are what they were: on every server that has any, and in every model of groups.
macro_rules! with_categories {
    ($($test:ident: $name:literal),* $(,)?) => {$(
        #[tokio::test]
        async fn $test() {
            grouped($name, Groups::Categories).await;
        }
    )*};
}

with_categories! {
    with_categories_the_suite_holds_on_a_simulated_radicale: "radicale",
    with_categories_the_suite_holds_on_a_simulated_xandikos: "xandikos",
    with_categories_the_suite_holds_on_a_simulated_davical: "davical",
    with_categories_the_suite_holds_on_a_simulated_cyrus: "cyrus",
    with_categories_the_suite_holds_on_a_simulated_sogo: "sogo",
    with_categories_the_suite_holds_on_a_simulated_sabre: "sabre",
    with_categories_the_suite_holds_on_a_simulated_rustical: "rustical",
    with_categories_the_suite_holds_on_a_simulated_nextcloud: "nextcloud",
    with_categories_the_suite_holds_on_a_simulated_zimbra: "zimbra",
    with_categories_the_suite_holds_on_a_simulated_ox: "ox",
    with_categories_the_suite_holds_on_a_simulated_stalwart: "stalwart",
    with_categories_the_suite_holds_on_a_simulated_ccs: "ccs",
    with_categories_the_suite_holds_on_a_simulated_synology: "synology",
    with_categories_the_suite_holds_on_a_simulated_icloud: "icloud",
    with_categories_the_suite_holds_on_a_simulated_google_contacts: "google-contacts",
    with_categories_the_suite_holds_on_a_simulated_fastmail: "fastmail",
    with_categories_the_suite_holds_on_a_simulated_gmx: "gmx",
    with_categories_the_suite_holds_on_a_simulated_posteo: "posteo",
    with_categories_the_suite_holds_on_a_simulated_purelymail: "purelymail",
    with_categories_the_suite_holds_on_a_simulated_mailru: "mailru",
    with_categories_the_suite_holds_on_a_simulated_yahoo: "yahoo",
}
