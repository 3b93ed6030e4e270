//! The registry: names, features, keys and what it says when one is wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use pimkit::registry::{self, OpenError};
use serde_json::json;
use std::path::Path;

async fn refusal(name: &str, settings: serde_json::Value) -> OpenError {
    match registry::open(name, None, &settings, Path::new("/nonexistent-base"), None).await {
        Ok(_) => panic!("{name} {settings} was opened"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn an_unknown_name_is_refused_with_the_names_there_are() {
    let error = refusal("exchange", json!({})).await;
    assert!(matches!(error, OpenError::Unknown { .. }));
    let text = error.to_string();
    assert!(text.contains("\"exchange\""), "{text}");
    for info in pimkit::connectors() {
        assert!(text.contains(info.id), "{text}");
    }
}

#[tokio::test]
async fn a_connector_that_is_not_built_in_names_its_feature() {
    for known in registry::registered() {
        if known.info().is_none() {
            let error = refusal(known.name, json!({ "path": "x" })).await;
            assert!(matches!(error, OpenError::NotBuilt { .. }), "{error}");
            assert!(error.to_string().contains(&format!("feature {}", known.feature)), "{error}");
        }
    }
}

#[test]
fn every_built_in_connector_says_the_name_it_is_registered_under() {
    for known in registry::registered() {
        if let Some(info) = known.info() {
            assert_eq!(info.id, known.name);
            assert!(info.kinds.iter().all(|(kind, _)| known.has(*kind)));
        }
    }
    let built = cfg!(feature = "dav") as usize
        + cfg!(feature = "graph") as usize
        + cfg!(feature = "local") as usize
        + cfg!(feature = "vdir") as usize;
    assert_eq!(pimkit::connectors().len(), built);
}

#[tokio::test]
async fn a_wrong_key_or_value_is_refused_and_named() {
    for known in registry::registered().iter().filter(|k| k.info().is_some()) {
        // Where it is: the one key that each must have.
        let place = ["path", "client_id", "url"].into_iter().find(|key| known.keys.contains(key)).unwrap();
        for (settings, says) in [
            (json!({}), format!("\"{place}\"")),
            (json!({ place: "" }), "empty".to_owned()),
            (json!({ place: 5 }), "is no text".to_owned()),
            (json!({ place: "x", "pasword": "y" }), "no key \"pasword\"".to_owned()),
            (json!({ place: "x", "address": 5 }), "\"address\"".to_owned()),
            (json!([]), "no table".to_owned()),
        ] {
            let error = refusal(known.name, settings.clone()).await;
            assert!(error.to_string().contains(&says), "{} {settings}: {error}", known.name);
            assert!(!error.to_string().contains('\n'));
        }
    }
}

#[cfg(feature = "dav")]
#[tokio::test]
async fn credentials_of_dav_come_in_pairs_by_reference_and_never_over_plain_http_to_another_machine() {
    let (url, password) = ("https://dav.example.org/", json!({ "env": "PATH" }));
    for (settings, says) in [
        (json!({ "url": url, "user": "ada", "password": "hunter2" }), "holds a secret itself"),
        (json!({ "url": url, "user": "ada" }), "\"password\""),
        (json!({ "url": url, "password": password }), "\"user\""),
        (json!({ "url": url, "user": "ada", "password": password, "token": password }), "keep one of the two"),
        (json!({ "url": url, "server": "exchange" }), "\"server\""),
        (json!({ "url": url, "groups": "lists" }), "\"categories\""),
        (json!({ "url": url, "groupModel": "vlist" }), "\"collections\""),
        (json!({ "url": "https://ada:hunter2@dav.example.org/" }), "apart from the url"),
        (json!({ "url": "http://dav.example.org/", "user": "ada", "password": password }), "http"),
    ] {
        let line = refusal("dav", settings.clone()).await.to_string();
        assert!(line.contains(says) && !line.contains("hunter2") && !line.contains('\n'), "{settings}: {line}");
    }
    let good = json!({ "url": url, "user": "ada", "password": password });
    let opened = registry::open("dav", None, &good, Path::new("."), None).await.unwrap().info();
    assert_eq!((opened.id, opened.roles.contains(&pimkit::Role::Categories)), ("dav", false));
    let grouped = json!({ "url": url, "user": "ada", "password": password, "groups": "categories", "groupModel": "kind" });
    assert!(registry::open("dav", None, &grouped, Path::new("."), None).await.unwrap().info().roles.contains(&pimkit::Role::Categories));
}

#[cfg(feature = "graph")]
#[tokio::test]
async fn a_graph_account_signs_in_or_has_a_token_and_its_secret_is_never_shown() {
    let secret = tempfile::tempdir().unwrap();
    let path = secret.path().join("secret");
    std::fs::write(&path, "hunter2").unwrap();
    let kept = json!({ "file": path });
    for (settings, says) in [
        (json!({ "token": kept, "client_id": "x" }), "\"token\""),
        (json!({ "token": "hunter2" }), "holds a secret itself"),
        (json!({ "client_id": "x", "client_secret": "hunter2" }), "holds a secret itself"),
        (json!({ "client_id": "x", "client_secret": kept, "mailbox": "ada@example.com" }), "\"tenant\""),
        (json!({ "client_id": "x", "client_secret": kept, "mailbox": "ada@example.com", "tenant": "common" }), "\"tenant\""),
        (json!({ "client_id": "x", "tenant": "a/b" }), "tenant"),
        (json!({ "client_id": "x", "url": "https://graph.example.com/v1.0" }), "\"authority\""),
        (json!({ "client_id": "x", "authority": "http://login.example.com" }), "https://"),
        (json!({ "client_id": "x", "authority": "nowhere" }), "\"authority\""),
        (json!({ "client_id": "x", "scopes": 5 }), "\"scopes\""),
        (json!({ "client_id": "x", "groups": { "a": "b" } }), "\"groups\""),
        (json!({ "token": kept, "url": "http://graph.example.com/v1.0" }), "https"),
    ] {
        let text = refusal("graph", settings.clone()).await.to_string();
        assert!(text.contains(says) && !text.contains("hunter2") && !text.contains('\n'), "{settings}: {text}");
    }
    for settings in [
        json!({ "token": kept }),
        json!({ "client_id": "x", "client_secret": kept }),
        json!({ "client_id": "x", "client_secret": kept, "mailbox": "ada@example.com", "tenant": "contoso.example" }),
        json!({ "client_id": "x", "url": "https://graph.microsoft.us/v1.0", "scopes": ["Mail.Read"], "groups": ["02bd9fd6"] }),
        json!({ "client_id": "x", "url": "http://127.0.0.1:4000/v1.0", "authority": "http://127.0.0.1:4000" }),
    ] {
        assert!(registry::open("graph", Some("work"), &settings, secret.path(), None).await.is_ok(), "{settings}");
    }
}

#[cfg(feature = "graph")]
#[test]
fn what_is_asked_for_follows_the_cloud_the_kinds_and_the_settings() {
    use pimkit::Kind;
    let scopes = |settings, kinds: &[Kind], more: &[&str]| {
        let more: Vec<String> = more.iter().map(|scope| (*scope).to_owned()).collect();
        let sign_in = registry::sign_in("graph", Some("work"), &settings, Path::new("/base"), kinds, &more).unwrap();
        assert_eq!(sign_in.path(), Path::new("/base/tokens/work.json"));
        let all = sign_in.app().provider().scopes.join(" ");
        (sign_in.app().provider().token.to_string(), all.replace("offline_access openid profile ", ""))
    };
    let us = json!({ "client_id": "x", "url": "https://graph.microsoft.us/v1.0", "tenant": "contoso.example" });
    let (token, all) = scopes(us, &[], &[]);
    assert_eq!(token, "https://login.microsoftonline.us/contoso.example/oauth2/v2.0/token");
    let names: Vec<&str> = all.split(' ').map(|scope| scope.strip_prefix("https://graph.microsoft.us/").unwrap()).collect();
    let expected = [
        "User.Read",
        "Contacts.ReadWrite",
        "MailboxSettings.ReadWrite",
        "Calendars.ReadWrite",
        "Tasks.ReadWrite",
        "Mail.Read",
        "User.ReadBasic.All",
    ];
    assert_eq!(names, expected);
    let graph = |names: &str| names.split(' ').map(|name| format!("https://graph.microsoft.com/{name}")).collect::<Vec<_>>().join(" ");
    for (settings, kinds, more, expected) in [
        (json!({ "client_id": "x", "scopes": "Mail.Read" }), &[][..], &["User.ReadBasic.All"][..], "Mail.Read User.ReadBasic.All"),
        (json!({ "client_id": "x" }), &[Kind::Task], &["Mail.Read"], "User.Read Tasks.ReadWrite Mail.Read"),
        (
            json!({ "client_id": "x", "mailbox": "sales@contoso.example" }),
            &[Kind::Event],
            &[],
            "User.Read Calendars.ReadWrite Calendars.ReadWrite.Shared MailboxSettings.ReadWrite",
        ),
        (json!({ "client_id": "x", "groups": "02bd9fd6" }), &[Kind::User], &[], "User.Read User.ReadBasic.All GroupMember.Read.All"),
        (json!({ "client_id": "x", "groups": "02bd9fd6" }), &[Kind::Task], &[], "User.Read Tasks.ReadWrite"),
    ] {
        let (token, all) = scopes(settings.clone(), kinds, more);
        assert_eq!(token, "https://login.microsoftonline.com/common/oauth2/v2.0/token");
        assert_eq!(all, graph(expected), "{settings} {kinds:?}");
    }
    assert!(registry::sign_in("dav", None, &json!({ "url": "x" }), Path::new("."), &[], &[]).is_err());
}
