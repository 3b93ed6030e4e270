//! Faults in process: what is done, what is answered, and that plans are data.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests may panic")]

mod common;

use common::{Client, card, named};
use pimkit_simulators::{Cut, Fault, FaultPlan, FaultRule};
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn with(fault: FaultRule) -> (Client, String) {
    let alice = named("sabre");
    let book = alice.book();
    alice.dav.put(&format!("{book}a.vcf"), &card("a", ""));
    alice.dav.put(&format!("{book}b.vcf"), &card("b", ""));
    alice.dav.set_faults(FaultPlan::of([fault]));
    (alice, book)
}

#[test]
fn a_status_is_answered_and_nothing_is_done() {
    let fault = Fault::Status { code: 503, retry_after: Some("30".to_owned()), body: "later".to_owned() };
    let (alice, book) = with(FaultRule::on("PUT", fault).nth(2));
    let put = |name: &str| alice.put(&format!("{book}{name}.vcf"), &card(name, ""));
    assert_eq!(put("c").status, 201);
    let refused = put("d");
    assert_eq!((refused.status, refused.header("retry-after"), refused.body.as_str()), (503, Some("30"), "later"));
    assert_eq!(alice.dav.list(&book).len(), 3);
    assert_eq!(put("d").status, 201);
    assert_eq!(alice.dav.requests().iter().map(|seen| seen.status).collect::<Vec<_>>(), [201, 503, 201]);
}

#[test]
fn a_refusal_may_hide_in_a_multistatus() {
    let (alice, book) = with(FaultRule::on("DELETE", Fault::RefusedInside { code: 412 }).times(1));
    let path = format!("{book}a.vcf");
    let refused = alice.send("DELETE", &path, &[], "");
    assert!(refused.status == 207 && refused.hrefs() == [path.clone()] && refused.body.contains("412 Precondition Failed"));
    assert!(alice.dav.get(&path).is_some());
    assert_eq!(alice.send("DELETE", &path, &[], "").status, 204);
}

#[test]
fn rules_count_choose_paths_and_end() {
    let bare = |code| Fault::Status { code, retry_after: None, body: String::new() };
    let (alice, book) = with(FaultRule::on("GET", bare(500)).at("a.vcf").every(2).times(2));
    let statuses: Vec<u16> = (0..7).map(|_| alice.get(&format!("{book}a.vcf")).status).collect();
    assert_eq!(statuses, [200, 500, 200, 500, 200, 200, 200]);
    assert_eq!(alice.get(&format!("{book}b.vcf")).status, 200);
}

#[test]
fn probabilities_are_the_same_for_the_same_seed() {
    let draw = |seed: u64| {
        let (alice, book) = with(FaultRule::always(Fault::LoginPage));
        let rule = FaultRule::always(Fault::Status { code: 500, retry_after: None, body: String::new() }).probability(0.3);
        alice.dav.set_faults(FaultPlan { seed, rules: vec![rule] });
        (0..200).map(|_| alice.get(&format!("{book}a.vcf")).status).collect::<Vec<_>>()
    };
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
    let failed = draw(1).iter().filter(|status| **status == 500).count();
    assert!((30..90).contains(&failed), "{failed}");
}

#[test]
fn a_connection_breaks_before_or_after_the_effect() {
    let (alice, book) = with(FaultRule::on("PUT", Fault::ResetBefore));
    let path = format!("{book}n.vcf");
    let put = |alice: &Client| alice.try_send("PUT", &path, &[("content-type", "text/vcard")], &card("n", ""));
    assert!(matches!(put(&alice), Err(Cut::Reset)));
    assert!(alice.dav.get(&path).is_none());
    alice.dav.set_faults(FaultPlan::of([FaultRule::on("PUT", Fault::ResetAfter)]));
    assert!(matches!(put(&alice), Err(Cut::Reset)));
    assert!(alice.dav.get(&path).is_some());
    alice.dav.set_faults(FaultPlan::of([FaultRule::on("DELETE", Fault::StatusAfter { code: 504 })]));
    assert_eq!(alice.send("DELETE", &path, &[], "").status, 504);
    assert!(alice.dav.get(&path).is_none());
}

#[test]
fn a_body_breaks_off() {
    let (alice, book) = with(FaultRule::on("GET", Fault::Truncate { bytes: 10 }));
    let cut = alice.try_send("GET", &format!("{book}a.vcf"), &[], "");
    let Err(Cut::Truncated { head, body_so_far }) = cut else { panic!("not cut") };
    assert_eq!((head.status().as_u16(), &body_so_far[..]), (200, &b"BEGIN:VCAR"[..]));
}

#[test]
fn strangers_answer_in_the_servers_place() {
    let (alice, book) = with(FaultRule::always(Fault::LoginPage));
    let page = alice.propfind(&book, "1", &["D:getetag"]);
    assert!(page.status == 200 && page.header("content-type").unwrap().starts_with("text/html"));
    let (alice, book) = with(FaultRule::always(Fault::Redirect { to: "https://elsewhere.example/".to_owned() }));
    let away = alice.put(&format!("{book}x.vcf"), &card("x", ""));
    assert_eq!((away.status, away.header("location")), (307, Some("https://elsewhere.example/")));
    assert_eq!(alice.dav.list(&book).len(), 2);
}

#[test]
fn listings_lose_members_all_of_them_or_their_home() {
    let (alice, book) = with(FaultRule::on("PROPFIND", Fault::EmptyListing));
    let listing = alice.propfind(&book, "1", &["D:getetag"]);
    assert_eq!((listing.status, listing.hrefs()), (207, vec![book.clone()]));
    alice.dav.set_faults(FaultPlan::of([FaultRule::on("REPORT", Fault::EmptyListing)]));
    let sync = alice.sync(&book, "", None);
    assert!(sync.status == 207 && sync.hrefs().is_empty() && !sync.token().is_empty());
    alice.dav.set_faults(FaultPlan::of([FaultRule::on("REPORT", Fault::DropMember { index: 2 })]));
    assert_eq!(alice.sync(&book, "", None).hrefs(), [format!("{book}a.vcf")]);
    alice.dav.set_faults(FaultPlan::of([FaultRule::on("PROPFIND", Fault::VanishedHome)]));
    let principal = alice.propfind("/dav.php/principals/alice/", "0", &["C:calendar-home-set", "D:resourcetype"]);
    assert!(principal.status == 207 && !principal.has("calendar-home-set") && principal.has("principal"));
}

#[test]
fn tokens_expire_and_types_lie() {
    let (alice, book) = with(FaultRule::on("REPORT", Fault::ExpireTokens).nth(2));
    let token = alice.sync(&book, "", None).token();
    assert_eq!(alice.sync(&book, &token, None).status, 403);
    assert_eq!(alice.sync(&book, "", None).status, 207);
    alice.dav.set_faults(FaultPlan::of([FaultRule::always(Fault::ContentType { value: "image/png".to_owned() })]));
    assert_eq!(alice.sync(&book, "", None).header("content-type"), Some("image/png"));
}

#[test]
fn reports_lag_behind_the_last_write_for_a_while() {
    let (alice, book) = with(FaultRule::on("REPORT", Fault::LaggingReads { reports: 2 }).nth(1));
    alice.put(&format!("{book}c.vcf"), &card("c", ""));
    let seen: Vec<usize> = (0..3).map(|_| alice.sync(&book, "", None).hrefs().len()).collect();
    assert_eq!(seen, [2, 2, 3]);
    assert_eq!(alice.get(&format!("{book}c.vcf")).status, 200);
}

#[test]
fn a_lagging_report_gives_a_token_from_which_nothing_is_lost() {
    let (alice, book) = with(FaultRule::on("REPORT", Fault::LaggingReads { reports: 1 }).nth(1));
    alice.put(&format!("{book}c.vcf"), &card("c", ""));
    let lagging = alice.sync(&book, "", None);
    assert_eq!(alice.sync(&book, &lagging.token(), None).hrefs(), [format!("{book}c.vcf")]);
}

#[tokio::test]
async fn delays_wait_with_what_they_are_given() {
    let waited: Arc<Mutex<Vec<Duration>>> = Arc::default();
    let log = waited.clone();
    let plan = FaultPlan::of([FaultRule::always(Fault::Delay { ms: 90_000 }), FaultRule::always(Fault::LoginPage)]);
    let dav = pimkit_simulators::Dav::builder(pimkit_simulators::Personality::radicale())
        .user("alice", "secret")
        .faults(plan)
        .sleeper(Arc::new(move |long| {
            log.lock().unwrap().push(long);
            Box::pin(async {})
        }))
        .build();
    let request = http::Request::get("http://localhost/").body(bytes::Bytes::new()).unwrap();
    assert_eq!(dav.answer(request).await.unwrap().status(), 200);
    assert_eq!(*waited.lock().unwrap(), [Duration::from_secs(90)]);
}

#[test]
fn plans_are_written_down_and_read_again() {
    let text = "seed = 7\n[[rules]]\nmethod = \"PUT\"\npath = \".ics\"\nevery = 3\ndo = \"status\"\ncode = 429\nretry_after = \"60\"\n\n[[rules]]\nprobability = 0.1\ndo = \"reset_after\"\n";
    let plan = FaultPlan::from_toml(text).unwrap();
    assert_eq!(
        plan.rules[0],
        FaultRule::on("PUT", Fault::Status { code: 429, retry_after: Some("60".to_owned()), body: String::new() }).at(".ics").every(3)
    );
    assert_eq!(plan.rules[1], FaultRule::always(Fault::ResetAfter).probability(0.1));
    let json = serde_json::to_string(&plan).unwrap();
    assert_eq!(FaultPlan::from_json(&json).unwrap(), plan);
    assert!(FaultPlan::from_toml("[[rules]]\ndo = \"explode\"").is_err());
    assert!(FaultPlan::from_json("[]x").is_err());
}
