//! Signing in and out, from end to end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Stdio},
};
use support::{Called, Desk, authority::Authority};

fn desk(authority: &Authority, more: &str) -> Desk {
    Desk::new(&format!(
        "[accounts.work]\nconnector = \"graph\"\nclient_id = \"app\"\ntenant = \"contoso.example\"\nauthority = \"{}\"\n{more}\n\
         [accounts.home]\nconnector = \"vdir\"\npath = \"contacts\"\n",
        authority.url
    ))
}

/// A sign-in that waits for its user.
struct Waiting {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
}

impl Waiting {
    fn start(desk: &Desk, args: &[&str]) -> Self {
        let mut child = desk.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        line
    }

    fn ends(mut self) -> Called {
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.out.read_to_string(&mut stdout).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        Called { code: self.child.wait().unwrap().code().unwrap(), stdout, stderr }
    }
}

fn kept(desk: &Desk) -> Value {
    serde_json::from_str(&desk.read("tokens/work.json")).unwrap()
}

#[test]
fn a_browser_signs_in_and_logout_forgets_it() {
    let authority = Authority::start(&[]);
    let desk = desk(&authority, "");
    let mut waiting = Waiting::start(&desk, &["login", "work", "--json"]);
    let first: Value = serde_json::from_str(&waiting.line()).unwrap();
    let page = authority.browse(first["open"].as_str().unwrap(), true);
    assert!(page.contains("Signed in"), "{page}");
    let told = waiting.ends().exits(0);
    let last = told.json();
    assert_eq!((last["account"].as_str(), last["signed_in"].as_bool()), (Some("work"), Some(true)));
    assert_eq!(last["scopes"], serde_json::json!(["Contacts.ReadWrite", "Mail.Read"]));
    let token = kept(&desk)["refresh_token"].as_str().unwrap().to_owned();
    assert!(authority.refreshes(&token));
    assert!(!format!("{told:?}{first}").contains(&token));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(desk.path("tokens/work.json")).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(desk.call(&["logout", "work", "--json"]).exits(0).json()["signed_out"], true);
    assert!(!desk.path("tokens/work.json").exists());
    assert_eq!(desk.call(&["logout", "work", "--json"]).exits(0).json()["signed_out"], false);
}

#[test]
fn claims_that_a_server_wants_are_brought_along_by_the_next_sign_in_and_then_forgotten() {
    const CLAIMS: &str = "{\"access_token\":{\"acrs\":{\"essential\":true,\"value\":\"c1\"}}}";
    for device in [false, true] {
        let authority = Authority::start(&[]);
        let desk = desk(&authority, &format!("url = \"{}/v1.0\"", authority.url));
        let signs_in = || {
            if device {
                desk.call(&["login", "work", "--device", "--json"]).exits(0);
                return;
            }
            let mut waiting = Waiting::start(&desk, &["login", "work", "--json"]);
            let first: Value = serde_json::from_str(&waiting.line()).unwrap();
            authority.browse(first["open"].as_str().unwrap(), true);
            waiting.ends().exits(0);
        };
        signs_in();
        assert_eq!(authority.brought(), [""; 0]);
        desk.call(&["list", "work", "contacts"]).exits(0);
        authority.demand(CLAIMS);
        for _ in 0..2 {
            let told = desk.call(&["list", "work", "contacts"]).exits(1);
            assert!(told.stderr.contains("sign in again") && told.stderr.lines().count() == 1, "{told:?}");
        }
        let (kept, token) = (desk.read("tokens/work.claims.json"), kept(&desk)["refresh_token"].as_str().unwrap().to_owned());
        assert!(kept == CLAIMS && authority.refreshes(&token), "{kept}");
        signs_in();
        assert_eq!(authority.brought(), [CLAIMS]);
        assert!(!desk.path("tokens/work.claims.json").exists());
        desk.call(&["list", "work", "contacts"]).exits(0);
        signs_in();
        assert_eq!(authority.brought(), [CLAIMS], "once");
    }
}

#[test]
fn what_is_asked_for_is_what_the_syncs_of_the_account_need() {
    let authority = Authority::start(&[]);
    for (kinds, wanted, unwanted) in [
        (&[][..], &["Contacts.ReadWrite", "Calendars.ReadWrite", "Tasks.ReadWrite", "Mail.Read", "User.ReadBasic.All"][..], &[][..]),
        (&["tasks"], &["Tasks.ReadWrite"], &["Contacts.ReadWrite", "Calendars.ReadWrite", "MailboxSettings", "User.ReadBasic.All"]),
        (&["contacts", "events"], &["Contacts.ReadWrite", "Calendars.ReadWrite", "MailboxSettings.ReadWrite"], &["Tasks", "Mail.Read"]),
    ] {
        let syncs: Vec<String> = kinds
            .iter()
            .map(|kind| format!("[[syncs]]\nname = \"{kind}\"\nkind = \"{kind}\"\nleft = \"crm\"\nright = \"work\"\n"))
            .collect();
        let desk = desk(&authority, "");
        let config = format!("{}[accounts.crm]\nconnector = \"local\"\npath = \"crm.db\"\n{}", desk.read("pimkit.toml"), syncs.concat());
        desk.write("pimkit.toml", &config);
        let mut waiting = Waiting::start(&desk, &["login", "work", "--json"]);
        let first: Value = serde_json::from_str(&waiting.line()).unwrap();
        let open = first["open"].as_str().unwrap();
        for scope in wanted.iter().chain(["User.Read", "offline_access"].iter()) {
            assert!(open.contains(scope), "{scope}: {open}");
        }
        for scope in unwanted {
            assert!(!open.contains(scope), "{scope}: {open}");
        }
        authority.browse(open, true);
        waiting.ends().exits(0);
    }
}

#[test]
fn a_user_who_says_no_is_told_what_to_do_and_nothing_is_kept() {
    let authority = Authority::start(&[]);
    let desk = desk(&authority, "");
    let mut waiting = Waiting::start(&desk, &["login", "work"]);
    let mut url = String::new();
    while !url.starts_with("   http") {
        url = waiting.line();
    }
    let page = authority.browse(url.trim(), false);
    assert!(page.contains("Not signed in") && page.contains("declined"), "{page}");
    let told = waiting.ends().exits(1);
    assert!(told.stderr.contains("pimkit.toml:1: account \"work\"") && told.stderr.contains("sign in again and accept"), "{told:?}");
    assert!(!desk.path("tokens").exists());
}

#[test]
fn a_device_signs_in_with_a_code() {
    let authority = Authority::start(&["authorization_pending"]);
    let desk = desk(&authority, "");
    let told = desk.call(&["login", "work", "--device", "--json"]).exits(0);
    let lines: Vec<Value> = told.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["user_code"], "ABCD");
    assert_eq!(lines[0]["verification_uri"], format!("{}/link", authority.url));
    assert_eq!(lines[1]["signed_in"], true);
    assert!(authority.refreshes(kept(&desk)["refresh_token"].as_str().unwrap()));
    assert!(!told.stdout.contains("device-1"), "{told:?}");
    let told = desk.call(&["login", "work", "--device"]).exits(0);
    assert!(told.stdout.contains("ABCD") && told.stdout.contains("pimkit logout work"), "{told:?}");
}

#[test]
fn a_device_that_is_refused_keeps_nothing_and_says_why_on_one_line() {
    let authority = Authority::start(&["access_denied"]);
    let desk = desk(&authority, "");
    let told = desk.call(&["login", "work", "--device", "--json"]).exits(1);
    assert!(told.stderr.contains("declined") && told.stderr.lines().count() == 1, "{told:?}");
    assert!(!desk.path("tokens").exists());
}

#[test]
fn an_app_in_its_own_name_is_tried_and_keeps_nothing() {
    let authority = Authority::start(&[]);
    for (secret, code) in [("right", 0), ("wrong", 2)] {
        let desk = desk(&authority, "mailbox = \"ada@example.com\"\nclient_secret = { file = \"secret\" }");
        desk.write("secret", secret);
        let told = desk.call(&["login", "work", "--json"]).exits(code);
        if code == 0 {
            assert_eq!(told.json()["own_name"], true);
        } else {
            assert!(told.stderr.contains("the client secret is wrong") && !told.stderr.contains("ada"), "{told:?}");
        }
        assert!(!desk.path("tokens").exists());
    }
}

#[test]
fn what_cannot_be_signed_in_to_is_refused_before_anything_is_asked() {
    let authority = Authority::start(&[]);
    let desk = desk(&authority, "");
    for (args, says) in [
        (&["login", "nobody"][..], "there is no account \"nobody\""),
        (&["login", "home"], "does not sign in"),
        (&["logout", "home"], "nobody signs in"),
        (&["login"], "ACCOUNT"),
        (&["login", "work", "--minutes", "0"], "--minutes"),
    ] {
        let told = desk.call(args).exits(2);
        assert!(told.stderr.contains(says) && told.stderr.lines().count() == 1, "{args:?}: {told:?}");
    }
    desk.write("pimkit.toml", "[accounts.work]\nconnector = \"graph\"\nclient_id = 5\n");
    let told = desk.call(&["login", "work"]).exits(2);
    assert!(told.stderr.contains("pimkit.toml:3") && told.stderr.contains("client_id"), "{told:?}");
}
