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
    let built = cfg!(feature = "dav") as usize + cfg!(feature = "local") as usize + cfg!(feature = "vdir") as usize;
    assert_eq!(pimkit::connectors().len(), built);
}

#[tokio::test]
async fn a_wrong_key_or_value_is_refused_and_named() {
    for known in registry::registered().iter().filter(|k| k.info().is_some()) {
        // Where it is: the one key that each must have.
        let place = if known.keys.contains(&"path") { "path" } else { "url" };
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
