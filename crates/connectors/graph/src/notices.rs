//! What comes to the host's address, read without any framework.
//!
//! A handler of the host's does, for each request to that address:
//!
//! 1. [`validation`] of the query: when it gives a text, answer 200 with it, as `text/plain`, within ten seconds. That is how
//!    Microsoft finds out, while a subscription is being made, that the address is the host's.
//! 2. [`read`] of the body. Answer 202 within three seconds, whatever comes of it, and look afterwards.
//!
//! A notice says "look" and nothing else: there are several for one change, some for changes of ours, and none for some. Wait a few
//! seconds for more of them, then run the sync. ([Deliver change notifications](https://learn.microsoft.com/graph/change-notifications-delivery-webhooks).)

use crate::push::{BETWEEN, resources};
use pimkit_core::{CollectionId, Error, ErrorKind, Kind, Result, Subscription};
use pimkit_http::Secret;
use serde_json::Value;
use url::form_urlencoded;

/// Notices in one request at most; Microsoft sends a few hundred.
const MOST: usize = 10_000;

/// One notice.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notice {
    /// Graph's id of the subscription that it is of.
    pub subscription: String,
    /// What it says.
    pub says: Says,
}

/// What a [`Notice`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Says {
    /// Something changed: look.
    Look,
    /// Notices were lost: look at everything that the subscription covers.
    Missed,
    /// The subscription will be silent unless it is renewed now ([`Push::renew`](pimkit_core::Push::renew)).
    Renew,
    /// The subscription is gone: subscribe again, and look at everything that it covered.
    Removed,
    /// Something that is newer than this version. Look: it does no harm.
    Other,
}

/// What to answer to a request that asks whether the address is ours, as `text/plain`; none for any other request. `query` is what
/// stands behind the `?` of the request's address.
#[must_use]
pub fn validation(query: &str) -> Option<String> {
    form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "validationToken").map(|(_, token)| token.into_owned())
}

/// The notices in the body of a request. Those that do not carry the secret are not Microsoft's, and left out.
///
/// # Errors
/// `InvalidData` for what is no list of notices.
pub fn read(body: &[u8], client_state: &Secret) -> Result<Vec<Notice>> {
    let odd = || {
        Error::new(ErrorKind::InvalidData, "this is no list of notices of Microsoft Graph; answer 202 and forget it")
            .during("graph.notices")
    };
    let body: Value = serde_json::from_slice(body).map_err(|_| odd())?;
    let all = body.get("value").and_then(Value::as_array).ok_or_else(odd)?;
    Ok(all.iter().take(MOST).filter(|notice| is_known(notice, client_state)).filter_map(notice).collect())
}

fn is_known(notice: &Value, client_state: &Secret) -> bool {
    let said = notice.get("clientState").and_then(Value::as_str).unwrap_or_default();
    same(said.as_bytes(), client_state.expose().as_bytes())
}

/// Whether two texts are the same, in a time that does not say where they differ.
fn same(one: &[u8], other: &[u8]) -> bool {
    let differing = one.iter().zip(other).fold(0_u8, |differing, (a, b)| differing | (a ^ b));
    one.len() == other.len() && differing == 0 && !other.is_empty()
}

fn notice(notice: &Value) -> Option<Notice> {
    let subscription = notice.get("subscriptionId").and_then(Value::as_str).filter(|id| !id.is_empty())?.to_owned();
    let says = match notice.get("lifecycleEvent").and_then(Value::as_str) {
        None => Says::Look,
        Some("missed") => Says::Missed,
        Some("reauthorizationRequired") => Says::Renew,
        Some("subscriptionRemoved") => Says::Removed,
        Some(_) => Says::Other,
    };
    Some(Notice { subscription, says })
}

impl Notice {
    /// Where to look, when the notice is of this subscription; nowhere otherwise.
    #[must_use]
    pub fn within(&self, subscription: &Subscription) -> Vec<(Kind, CollectionId)> {
        let ids = subscription.id.split(BETWEEN).filter(|id| !id.is_empty());
        ids.zip(resources(&subscription.covers)).find(|(id, _)| *id == self.subscription).map(|(_, covered)| covered).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_request_that_asks_whose_the_address_is_gets_its_token_back() {
        for (query, expected) in [
            ("validationToken=Validation%3a+Testing+client%20application", Some("Validation: Testing client application")),
            ("a=b&validationToken=%3Cscript%3E", Some("<script>")),
            ("validationtoken=x", None),
            ("", None),
        ] {
            assert_eq!(validation(query).as_deref(), expected, "{query}");
        }
    }

    #[test]
    fn only_who_knows_the_secret_is_believed() {
        let body = json!({"value": [
            {"subscriptionId": "a", "clientState": "s3cret", "changeType": "updated", "resource": "x", "resourceData": {"id": "1"}},
            {"subscriptionId": "b", "clientState": "s3cre", "changeType": "updated"},
            {"subscriptionId": "c", "changeType": "updated"},
            {"subscriptionId": "d", "clientState": null},
            {"subscriptionId": "", "clientState": "s3cret"},
            {"subscriptionId": "e", "clientState": "s3cret", "lifecycleEvent": "reauthorizationRequired"},
            {"subscriptionId": "e", "clientState": "s3cret", "lifecycleEvent": "subscriptionRemoved"},
            {"subscriptionId": "e", "clientState": "s3cret", "lifecycleEvent": "missed"},
            {"subscriptionId": "e", "clientState": "s3cret", "lifecycleEvent": "unheardOf"},
        ]});
        let notices = read(body.to_string().as_bytes(), &Secret::new("s3cret")).unwrap();
        let said: Vec<(&str, Says)> = notices.iter().map(|n| (n.subscription.as_str(), n.says)).collect();
        assert_eq!(said, [("a", Says::Look), ("e", Says::Renew), ("e", Says::Removed), ("e", Says::Missed), ("e", Says::Other)]);
        assert!(read(br#"{"value":[{"subscriptionId":"a","clientState":""}]}"#, &Secret::new("")).unwrap().is_empty());
        for odd in ["", "{}", "[]", "{\"value\":5}", "<html>"] {
            assert_eq!(read(odd.as_bytes(), &Secret::new("s")).unwrap_err().kind(), ErrorKind::InvalidData, "{odd}");
        }
    }

    #[test]
    fn a_notice_leads_to_the_collections_of_its_resource() {
        let covers = vec![
            (Kind::Contact, CollectionId::of("contacts")),
            (Kind::Event, CollectionId::of("work")),
            (Kind::Event, CollectionId::of("home")),
            (Kind::Contact, CollectionId::of("f")),
        ];
        let subscription = Subscription { id: "a b c".to_owned(), expires: None, covers: covers.clone() };
        let notice = |id: &str| Notice { subscription: id.to_owned(), says: Says::Look };
        assert_eq!(notice("a").within(&subscription), [covers[0].clone()]);
        assert_eq!(notice("b").within(&subscription), [covers[1].clone(), covers[2].clone()], "all calendars are one resource");
        assert_eq!(notice("c").within(&subscription), [covers[3].clone()]);
        assert_eq!(notice("d").within(&subscription), []);
    }
}
