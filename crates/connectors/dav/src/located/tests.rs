//! What DNS says, put in order; and what of it is refused.

use super::*;
use std::sync::atomic::{AtomicU64, Ordering};

/// Says these numbers, one after the other.
#[derive(Debug)]
struct Said(AtomicU64, &'static [u64]);

impl Chance for Said {
    fn next(&self) -> u64 {
        let place = usize::try_from(self.0.fetch_add(1, Ordering::Relaxed)).unwrap();
        self.1[place % self.1.len()]
    }
}

fn order(records: &[(u16, u16, &str)], says: &'static [u64]) -> String {
    let records = records.iter().map(|(priority, weight, target)| Srv::new(*priority, *weight, 443, *target)).collect();
    ordered(records, &Said(AtomicU64::new(0), says)).into_iter().map(|srv| srv.target).collect::<Vec<_>>().join(" ")
}

#[test]
fn servers_are_ordered_by_priority_and_then_by_chance_as_their_weights_say() {
    let three = [(1, 60, "c"), (1, 0, "a"), (1, 40, "b")];
    for (records, says, expected) in [
        (&[(20, 9, "b"), (10, 0, "a"), (30, 9, "c")][..], &[0][..], "a b c"),
        // The running sums are 0, 40 and 100.
        (&three, &[0], "a b c"),
        (&three, &[1, 0], "b a c"),
        (&three, &[40, 0], "b a c"),
        (&three, &[41, 0], "c a b"),
        (&three, &[100, 40], "c b a"),
        (&[(1, 65535, "a"), (1, 65535, "b")], &[65536], "b a"),
        (&[(1, 0, "b"), (1, 0, "a")], &[7], "a b"),
        (&[(1, 5, "a"), (1, 5, "a")], &[9], "a"),
        (&[], &[0], ""),
    ] {
        assert_eq!(order(records, says), expected, "{records:?} {says:?}");
    }
}

#[test]
fn weights_are_met_over_many_draws() {
    #[derive(Debug)]
    struct Counter(AtomicU64);
    impl Chance for Counter {
        fn next(&self) -> u64 {
            self.0.fetch_add(1, Ordering::Relaxed)
        }
    }
    let chance = Counter(AtomicU64::new(0));
    let records = vec![Srv::new(0, 1, 443, "light"), Srv::new(0, 3, 443, "heavy")];
    let heavy = (0..1000).filter(|_| ordered(records.clone(), &chance)[0].target == "heavy").count();
    assert!((500..900).contains(&heavy), "{heavy}");
}

#[test]
fn no_more_servers_are_kept_than_are_considered_and_the_best_are() {
    let records: Vec<Srv> = (0..100).rev().map(|n| Srv::new(n, 0, 443, format!("h{n}"))).collect();
    let kept = ordered(records, &Said(AtomicU64::new(0), &[0]));
    assert_eq!((kept.len(), kept[0].target.as_str(), kept[15].target.as_str()), (16, "h0", "h15"));
}

#[test]
fn a_target_is_the_name_of_a_host_and_nothing_else() {
    for (target, port, expected) in [
        ("dav.example.org.", 443, Some("https://dav.example.org/")),
        ("DAV.example.org", 8443, Some("https://dav.example.org:8443/")),
        ("dav_1.example.org", 443, Some("https://dav_1.example.org/")),
        ("dav.example.org", 0, None),
        ("127.0.0.1", 443, None),
        ("0x7f.1", 443, None),
        ("[::1]", 443, None),
        ("a/b", 443, None),
        ("user@dav.example.org", 443, None),
        ("dav.example.org:80", 443, None),
        ("dav example.org", 443, None),
        ("d\u{e4}v.example.org", 443, None),
        ("dav%2eexample.org", 443, None),
        ("", 443, None),
    ] {
        assert_eq!(origin("https", &Srv::new(0, 0, port, target)).as_ref().map(Url::as_str), expected, "{target:?}");
    }
    assert_eq!(origin("https", &Srv::new(0, 0, 443, "a.".repeat(200))), None);
}

#[test]
fn a_context_path_leads_to_the_server_that_is_asked() {
    for (value, expected) in [
        ("/", Some("/")),
        ("/caldav", Some("/caldav")),
        ("/a%40b/c/", Some("/a@b/c/")),
        ("/a/./b", Some("/a/b")),
        ("", None),
        ("caldav", None),
        ("//evil.example/", None),
        ("/..", None),
        ("/a/%2e%2E/b", None),
        ("/a b", None),
    ] {
        assert_eq!(context_path(value).as_deref(), expected, "{value:?}");
    }
}

#[test]
fn both_services_at_one_place_are_looked_at_once() {
    let url = |text: &str| Url::parse(text).unwrap();
    let start = url("https://example.org/");
    let at = |host: &str| Word::Servers(vec![url(&format!("https://{host}/"))], Vec::new(), true);
    let shown = |calendars, books| -> Vec<(String, bool, bool, Basis)> {
        let visits = visits(calendars, books, &start);
        let row = |v: Visit| (v.origins[0].host_str().unwrap().to_owned(), v.wants.calendars, v.wants.address_books, v.basis);
        visits.into_iter().map(row).collect()
    };
    let row = |host: &str, calendars, books, basis| (host.to_owned(), calendars, books, basis);
    use Basis::{Guess, Said, Unknown};
    for (calendars, books, expected) in [
        (at("a"), at("a"), vec![row("a", true, true, Said)]),
        (at("a"), at("b"), vec![row("a", true, false, Said), row("b", false, true, Said)]),
        (Word::Nothing, Word::Unknown, vec![row("example.org", true, true, Said)]),
        (Word::Nothing, at("b"), vec![row("b", false, true, Said), row("example.org", true, false, Guess)]),
        (at("a"), Word::Unknown, vec![row("a", true, false, Said), row("example.org", false, true, Unknown)]),
        (Word::Nowhere, Word::Nothing, vec![row("example.org", false, true, Said)]),
        (Word::Nowhere, Word::Nowhere, vec![]),
    ] {
        assert_eq!(shown(calendars, books), expected);
    }
}
