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
    let built = cfg!(feature = "local") as usize + cfg!(feature = "vdir") as usize;
    assert_eq!(pimkit::connectors().len(), built);
}

#[tokio::test]
async fn a_wrong_key_or_value_is_refused_and_named() {
    for known in registry::registered().iter().filter(|k| k.info().is_some()) {
        for (settings, says) in [
            (json!({}), "\"path\""),
            (json!({ "path": "" }), "is empty"),
            (json!({ "path": 5 }), "is no text"),
            (json!({ "path": "x", "pasword": "y" }), "no key \"pasword\""),
            (json!({ "path": "x", "address": 5 }), "\"address\""),
            (json!([]), "no table"),
        ] {
            let error = refusal(known.name, settings.clone()).await;
            assert!(error.to_string().contains(says), "{} {settings}: {error}", known.name);
            assert!(!error.to_string().contains('\n'));
        }
    }
}
