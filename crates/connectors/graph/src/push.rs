//! Push: subscriptions that tell an address of the host's to look (<https://learn.microsoft.com/graph/change-notifications-overview>).
//!
//! Graph subscribes to one resource at a time, so that a subscription of ours may be several of Graph's, whose ids stand in
//! its own beside each other. What comes to the host's address is read by [`notices`](crate::notices).

use crate::{
    calls::subscriptions as calls,
    error,
    session::{Session, answered, lock},
};
use async_trait::async_trait;
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use jiff::{SignedDuration, Timestamp};
use pimkit_core::{CollectionId, Deliver, Error, ErrorKind, Kind, Persistence, Push, Result, Subscription, unsupported};
use pimkit_http::{Failure, Secret, together};
use std::sync::{Arc, Mutex};
use url::Url;

/// How long a subscription is asked for, in minutes: a little less than what every resource of Outlook and To Do had at most
/// (4,230; later pages say 10,080). What it really is the answer says.
const MINUTES: i64 = 4_200;

/// What stands between the ids of Graph's subscriptions in ours.
pub(crate) const BETWEEN: char = ' ';

/// Where notices go, and how they are told from those of others.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "it holds a secret")]
pub struct Notices {
    pub(crate) client_state: Secret,
    pub(crate) lifecycle: Option<String>,
}

impl Notices {
    /// Notices that carry this secret, of 1 to 128 characters: whoever does not know it is not believed. The same for all
    /// subscriptions of the account, as long as there are any.
    #[must_use]
    pub fn new(client_state: Secret) -> Self {
        Self { client_state, lifecycle: None }
    }

    /// The same, with an address of their own for notices about subscriptions; without, they go where the others go.
    #[must_use]
    pub fn lifecycle(mut self, url: impl Into<String>) -> Self {
        self.lifecycle = Some(url.into());
        self
    }
}

/// Subscriptions of an account.
pub(crate) struct Pushing {
    session: Arc<Session>,
    notices: Notices,
    /// Subscriptions that were made while others failed, and are to be taken back.
    stray: Mutex<Vec<String>>,
}

impl std::fmt::Debug for Pushing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pushing").field("session", &self.session).finish_non_exhaustive()
    }
}

/// The collections that one of Graph's subscriptions covers, each resource once, in order.
pub(crate) fn resources(covers: &[(Kind, CollectionId)]) -> Vec<Vec<(Kind, CollectionId)>> {
    let mut all: Vec<(String, Vec<(Kind, CollectionId)>)> = Vec::new();
    for (kind, collection) in covers {
        let path = calls::resource(crate::calls::path::Path::of(""), *kind, collection).as_str().to_owned();
        match all.iter_mut().find(|(known, _)| *known == path) {
            Some((_, covered)) => covered.push((*kind, collection.clone())),
            None => all.push((path, vec![(*kind, collection.clone())])),
        }
    }
    all.into_iter().map(|(_, covered)| covered).collect()
}

impl Pushing {
    pub(crate) fn new(session: Arc<Session>, notices: Notices) -> Self {
        Self { session, notices, stray: Mutex::default() }
    }

    fn end(&self) -> Timestamp {
        self.session.now().checked_add(SignedDuration::from_mins(MINUTES)).unwrap_or(Timestamp::MAX)
    }

    async fn start(&self, to: &[(Kind, CollectionId)], url: &str) -> Result<Subscription> {
        let lifecycle = self.notices.lifecycle.as_deref().unwrap_or(url);
        for address in [url, lifecycle] {
            // A stand-in on this machine reaches what is on it.
            let is_reachable = |url: Url| {
                url.scheme() == "https"
                    || url.scheme() == "http" && together(&url, self.session.root()) && url.scheme() == self.session.root().scheme()
            };
            if !Url::parse(address).is_ok_and(|url| url.host_str().is_some_and(|host| !host.is_empty()) && is_reachable(url)) {
                return Err(Error::new(ErrorKind::Config, "Microsoft sends notices to https addresses alone; give one that it can reach"));
            }
        }
        self.tidy().await;
        let (mut ids, mut expires) = (Vec::new(), None::<Timestamp>);
        for covered in resources(to) {
            let Some((kind, collection)) = covered.first() else { continue };
            let resource = calls::resource(self.session.mailbox(), *kind, collection);
            let call = calls::create(&resource, url, lifecycle, self.notices.client_state.expose(), self.end());
            let made = self.session.call(&call).await.map_err(Failure::into_error).and_then(answered);
            let odd = || Error::new(ErrorKind::InvalidData, "the answer does not say which subscription was made; subscribe again");
            match made.and_then(|answer| calls::read(&answer).ok_or_else(odd)) {
                Ok((id, end)) => {
                    expires = end.into_iter().chain(expires).min();
                    ids.push(id);
                }
                Err(error) => {
                    lock(&self.stray).append(&mut ids);
                    self.tidy().await;
                    return Err(error);
                }
            }
        }
        Ok(Subscription { id: ids.join(&BETWEEN.to_string()), expires, covers: to.to_vec() })
    }

    /// Takes back what nobody will renew. It would end by itself.
    async fn tidy(&self) {
        let stray = std::mem::take(&mut *lock(&self.stray));
        for id in stray {
            if self.session.call(&calls::delete(&id)).await.is_err() {
                lock(&self.stray).push(id);
            }
        }
    }
}

fn ids(subscription: &Subscription) -> impl Iterator<Item = &str> {
    subscription.id.split(BETWEEN).filter(|id| !id.is_empty())
}

#[async_trait]
impl Push for Pushing {
    async fn subscribe(&self, to: &[(Kind, CollectionId)], deliver: Deliver) -> Result<Subscription> {
        let during = |e: Error| e.during("graph.subscribe");
        if to.is_empty() {
            return Err(during(Error::new(ErrorKind::Config, "say which collections the subscription is to cover")));
        }
        match deliver {
            Deliver::Webhook { url } => self.start(to, &url).await.map_err(during),
            _ => Err(unsupported("graph.subscribe")),
        }
    }

    async fn renew(&self, subscription: &Subscription) -> Result<Subscription> {
        let during = |e: Error| e.during("graph.renew");
        let mut expires = None::<Timestamp>;
        for id in ids(subscription) {
            let reply = self.session.call(&calls::renew(id, self.end())).await.map_err(|failure| during(failure.into_error()))?;
            if error::is_missing(&reply) {
                let ended = "the subscription has ended; subscribe again, and look at everything that it covered";
                return Err(during(Error::new(ErrorKind::Unavailable, ended).persistence(Persistence::Permanent)));
            }
            let end = calls::read(&answered(reply).map_err(during)?).and_then(|(_, end)| end);
            expires = end.into_iter().chain(expires).min();
        }
        Ok(Subscription { expires, ..subscription.clone() })
    }

    async fn unsubscribe(&self, subscription: &Subscription) -> Result<()> {
        let during = |e: Error| e.during("graph.unsubscribe");
        for id in ids(subscription) {
            let reply = self.session.call(&calls::delete(id)).await.map_err(|failure| during(failure.into_error()))?;
            if !reply.is_success() && !error::is_missing(&reply) {
                return Err(during(error::refused(&reply)));
            }
        }
        Ok(())
    }

    fn listen(&self, _: Subscription) -> BoxStream<'static, Result<(Kind, CollectionId)>> {
        stream::iter([Err(unsupported("graph.listen"))]).boxed()
    }
}
