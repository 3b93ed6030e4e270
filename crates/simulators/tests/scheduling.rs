//! Mails that a server would send by itself (RFC 6638), and those that it must not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests may panic")]

mod common;

use common::{Client, client, event, named};
use pimkit_simulators::{Mail, MailMethod, Personality};

fn meeting(attendees: &[&str], extra: &str) -> String {
    let attendees: String = attendees.iter().map(|line| format!("ATTENDEE{line}\r\n")).collect();
    event("meet", &format!("ORGANIZER:mailto:alice@example.com\r\n{attendees}{extra}"))
}

const CARL: &str = ";PARTSTAT=NEEDS-ACTION:mailto:carl@example.org";
const DORA: &str = ";PARTSTAT=NEEDS-ACTION:mailto:dora@example.org";

fn mails(alice: &Client) -> Vec<(MailMethod, String, String)> {
    let mails = alice.dav.outbox().into_iter().map(|Mail { method, from, to, .. }| (method, from, to)).collect();
    alice.dav.reset_outbox();
    mails
}

fn mail(method: MailMethod, from: &str, to: &str) -> (MailMethod, String, String) {
    (method, from.to_owned(), to.to_owned())
}

const ALICE: &str = "alice@example.com";

#[test]
fn an_organizer_mails_on_creation_change_removal_and_deletion() {
    let alice = named("cyrus");
    let path = format!("{}m.ics", alice.calendar());
    alice.put(&path, &meeting(&[CARL, DORA], ""));
    assert_eq!(mails(&alice), [mail(MailMethod::Request, ALICE, "carl@example.org"), mail(MailMethod::Request, ALICE, "dora@example.org")]);
    alice.put(&path, &meeting(&[CARL, DORA], "LOCATION:Elsewhere\r\n"));
    assert_eq!(mails(&alice).len(), 2, "a change");
    alice.put(&path, &meeting(&[CARL], "LOCATION:Elsewhere\r\n"));
    let sent = mails(&alice);
    assert!(sent.contains(&mail(MailMethod::Cancel, ALICE, "dora@example.org")), "{sent:?}");
    alice.send("DELETE", &path, &[], "");
    assert_eq!(mails(&alice), [mail(MailMethod::Cancel, ALICE, "carl@example.org")]);
}

#[test]
fn what_concerns_nobody_else_mails_nobody() {
    let alice = named("cyrus");
    let path = format!("{}m.ics", alice.calendar());
    alice.put(&path, &meeting(&[CARL], ""));
    mails(&alice);
    alice.put(
        &path,
        &meeting(&[CARL], "TRANSP:TRANSPARENT\r\nX-MINE:1\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\n"),
    );
    assert_eq!(mails(&alice), []);
    alice.put(&format!("{}plain.ics", alice.calendar()), &event("plain", ""));
    assert_eq!(mails(&alice), []);
}

#[test]
fn schedule_agent_silences_the_server_where_it_is_honoured() {
    for agent in ["CLIENT", "NONE"] {
        let quiet = format!(";SCHEDULE-AGENT={agent}{CARL}");
        for (name, sent) in [("cyrus", 0), ("sabre", 0), ("google-calendar", 1)] {
            let alice = named(name);
            let path = format!("{}m.ics", alice.calendar());
            assert_eq!(alice.put(&path, &meeting(&[&quiet], "")).status, 201, "{name}");
            assert_eq!(mails(&alice).len(), sent, "{name}");
            alice.send("DELETE", &path, &[], "");
            assert_eq!(mails(&alice).len(), sent, "{name}");
            // The negative control: without it, all of them mail.
            alice.put(&path, &meeting(&[CARL], ""));
            assert_eq!(mails(&alice).len(), 1, "{name}");
        }
    }
    let sogo = named("sogo");
    sogo.put(&format!("{}m.ics", sogo.calendar()), &meeting(&[CARL], "X-SOGO-SEND-APPOINTMENT-NOTIFICATIONS:NO\r\n"));
    assert_eq!(mails(&sogo), []);
}

#[test]
fn servers_without_scheduling_and_writes_behind_the_scenes_never_mail() {
    for name in ["radicale", "xandikos", "rustical"] {
        let alice = named(name);
        let at = alice.calendar();
        assert_eq!(alice.put(&format!("{at}m.ics"), &meeting(&[CARL], "")).status, 201);
        assert_eq!(mails(&alice), [], "{name}");
    }
    let alice = named("cyrus");
    alice.dav.put(&format!("{}m.ics", alice.calendar()), &meeting(&[CARL], ""));
    assert_eq!(mails(&alice), []);
}

fn invitation(partstat: &str, extra: &str) -> String {
    event("invite", &format!("ORGANIZER:mailto:carl@example.org\r\nATTENDEE;PARTSTAT={partstat}:mailto:alice@example.com\r\n{extra}"))
}

#[test]
fn an_attendee_replies_by_what_it_stores_and_declines_by_deleting() {
    let alice = named("cyrus");
    let path = format!("{}i.ics", alice.calendar());
    alice.dav.put(&path, &invitation("NEEDS-ACTION", ""));
    alice.put(&path, &invitation("ACCEPTED", ""));
    let sent = alice.dav.outbox();
    assert_eq!((sent[0].method, sent[0].to.as_str(), sent[0].answer.as_deref()), (MailMethod::Reply, "carl@example.org", Some("ACCEPTED")));
    mails(&alice);
    alice.put(&path, &invitation("ACCEPTED", "X-MINE:1\r\n"));
    assert_eq!(mails(&alice), []);
    alice.send("DELETE", &path, &[], "");
    assert_eq!(alice.dav.outbox()[0].answer.as_deref(), Some("DECLINED"));
}

#[test]
fn schedule_reply_f_keeps_a_deletion_silent_where_it_is_honoured() {
    for (name, sent) in [("cyrus", 0), ("google-calendar", 1)] {
        let alice = named(name);
        let path = format!("{}i.ics", alice.calendar());
        alice.dav.put(&path, &invitation("NEEDS-ACTION", ""));
        alice.send("DELETE", &path, &[("schedule-reply", "F")], "");
        assert_eq!(mails(&alice).len(), sent, "{name}");
    }
}

#[test]
fn an_attendee_may_change_its_own_part_alone() {
    let alice = named("cyrus");
    let path = format!("{}i.ics", alice.calendar());
    alice.dav.put(&path, &invitation("NEEDS-ACTION", ""));
    let refused = alice.put(&path, &invitation("ACCEPTED", "LOCATION:My place\r\n"));
    assert!(refused.status == 403 && refused.has("allowed-attendee-scheduling-object-change"), "{}", refused.body);
    assert_eq!(mails(&alice), []);
    assert_eq!(alice.put(&path, &invitation("TENTATIVE", "EXDATE:20270101T000000Z\r\n")).status, 204);
}

#[test]
fn invitations_and_answers_reach_users_of_the_same_server() {
    let alice = named("stalwart");
    let bob = alice.bob();
    let path = format!("{}m.ics", alice.calendar());
    let made = alice.put(&path, &meeting(&[";PARTSTAT=NEEDS-ACTION:mailto:bob@example.com"], ""));
    let (tag, schedule_tag) = (alice.dav.get(&path).unwrap().0, made.header("schedule-tag").unwrap().to_owned());
    let copy = bob.dav.list(&bob.calendar()).pop().unwrap();
    assert!(bob.get(&copy).body.contains("UID:meet"));
    assert_eq!(bob.dav.list("/dav/cal/bob/inbox/").len(), 1);
    let accepted = bob.get(&copy).body.replace("PARTSTAT=NEEDS-ACTION", "PARTSTAT=ACCEPTED");
    assert_eq!(bob.put(&copy, &accepted).status, 204);
    assert!(alice.get(&path).body.contains("PARTSTAT=ACCEPTED"));
    // sabre-io/dav#827: the tag of the bytes has changed under the organizer; that of scheduling has not (RFC 6638 section 3.2.10).
    assert_ne!(alice.dav.get(&path).unwrap().0, tag);
    assert_eq!(alice.get(&path).header("schedule-tag"), Some(schedule_tag.as_str()));
    let edited = meeting(&[";PARTSTAT=ACCEPTED:mailto:bob@example.com"], "LOCATION:There\r\n");
    assert_eq!(alice.put_if(&path, &edited, &[("if-schedule-tag-match", "\"0\"")]).status, 412);
    assert_eq!(alice.put_if(&path, &edited, &[("if-schedule-tag-match", &schedule_tag)]).status, 204);
    alice.send("DELETE", &path, &[], "");
    assert!(bob.get(&copy).body.contains("STATUS:CANCELLED"));
}

#[test]
fn status_is_written_into_what_is_stored_and_costs_the_etag() {
    let alice = named("cyrus");
    let path = format!("{}m.ics", alice.calendar());
    // cyrusimap/cyrus-imapd#2456.
    assert_eq!(alice.put(&path, &meeting(&[CARL], "")).header("etag"), None);
    assert!(alice.get(&path).body.replace("\r\n ", "").contains("SCHEDULE-STATUS=1.1"));
    let mut plain = Personality::cyrus();
    plain.scheduling.writes_status = false;
    let alice = client(plain);
    assert!(alice.put(&format!("{}m.ics", alice.calendar()), &meeting(&[CARL], "")).header("etag").is_some());
}

#[test]
fn principals_tell_addresses_and_boxes() {
    let alice = named("cyrus");
    let reply = alice.propfind(
        "/dav/principals/user/alice/",
        "0",
        &["C:calendar-user-address-set", "C:schedule-inbox-URL", "C:schedule-outbox-URL"],
    );
    assert!(reply.hrefs().contains(&"mailto:alice@example.com".to_owned()));
    assert!(reply.hrefs().contains(&"/dav/calendars/user/alice/Inbox/".to_owned()));
    assert!(alice.propfind("/dav/calendars/user/alice/Inbox/", "0", &["D:resourcetype"]).has("schedule-inbox"));
    assert_eq!(alice.put("/dav/calendars/user/alice/Inbox/x.ics", &event("x", "")).status, 403);
}

#[test]
fn an_organizer_may_be_stored_under_another_address_and_mails_as_before() {
    for alias in ["urn:uuid:0f-{user}", "/principals/{user}/"] {
        let mut personality = Personality::cyrus();
        personality.scheduling.organizer_as = Some(alias.to_owned());
        let alice = client(personality);
        let path = format!("{}m.ics", alice.calendar());
        let named = alias.replace("{user}", "alice");
        assert_eq!(alice.put(&path, &meeting(&[CARL], "")).status, 201);
        let stored = alice.get(&path).body.replace("\r\n ", "");
        assert!(stored.contains(&format!("ORGANIZER:{named}\r\n")), "{stored}");
        assert_eq!(mails(&alice), [mail(MailMethod::Request, ALICE, "carl@example.org")], "{alias}");
        alice.send("DELETE", &path, &[], "");
        assert_eq!(mails(&alice), [mail(MailMethod::Cancel, ALICE, "carl@example.org")], "{alias}");
        let told = alice.propfind("/dav/principals/user/alice/", "0", &["C:calendar-user-address-set"]);
        assert!(told.hrefs().contains(&named), "{}", told.body);
        let bob = alice.bob();
        bob.dav.put(&format!("{}m.ics", bob.calendar()), &stored);
        bob.send("DELETE", &format!("{}m.ics", bob.calendar()), &[], "");
        assert_eq!(mails(&alice), [], "{alias}: of nobody else");
    }
}
