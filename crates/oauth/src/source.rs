//! Where a road's access tokens come from.

use crate::{App, Cause, Granted, Kept, Refusal, Store, store::is_claims};
use async_trait::async_trait;
use pimkit_core::{Error, ErrorKind, Result};
use pimkit_http::{Need, Token, TokenSource};
use std::{fmt, sync::Arc};
use tokio::sync::Mutex;

/// Access tokens for an account that signed in: each is fetched with the kept refresh token.
///
/// # Behavior
/// - An exchange that has begun is finished in a task of its own, whoever stops waiting: its answer may hold the only refresh
///   token that is still good. It needs a Tokio runtime.
/// - A refresh token that came anew is stored before the access token beside it is given out. Where it cannot be stored, it is
///   stored before anything else the next time.
/// - Where another process has refreshed meanwhile, its token is taken.
/// - What was granted to another client, or by another endpoint, is not used.
/// - Claims that a provider or a server wants of the next sign-in are kept with the store ([`Store::save_claims`]).
pub struct Refreshing {
    shared: Arc<Shared>,
}

struct Shared {
    app: App,
    store: Arc<dyn Store>,
    account: String,
    /// What was granted and could not be stored. Whoever refreshes holds it.
    unsaved: Mutex<Option<Kept>>,
}

impl Refreshing {
    /// For an account of the store.
    pub fn new(app: App, store: Arc<dyn Store>, account: impl Into<String>) -> Self {
        Self { shared: Arc::new(Shared { app, store, account: account.into(), unsaved: Mutex::new(None) }) }
    }
}

impl fmt::Debug for Refreshing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refreshing").field("app", &self.shared.app).finish_non_exhaustive()
    }
}

#[async_trait]
impl TokenSource for Refreshing {
    async fn token(&self, _: Need) -> Result<Token> {
        let shared = self.shared.clone();
        let task = tokio::spawn(async move { shared.renew().await });
        task.await
            .map_err(|e| Error::new(ErrorKind::Unexpected, "the refresh was broken off; try again").during("oauth.refresh").caused_by(e))?
    }

    async fn wanted(&self, claims: &str) -> Result<()> {
        self.shared.store.save_claims(&self.shared.account, Some(claims)).await
    }
}

impl Shared {
    async fn renew(&self) -> Result<Token> {
        let mut unsaved = self.unsaved.lock().await;
        if let Some(kept) = &*unsaved {
            self.store.save(&self.account, kept).await?;
            *unsaved = None;
        }
        let mut kept = self.kept().await?;
        let granted = match self.refreshed(&kept).await {
            Err(error) if Refusal::of(&error).is_some_and(|refusal| refusal.cause == Cause::SignIn) => {
                let now = self.kept().await?;
                if now.refresh.expose() == kept.refresh.expose() {
                    return Err(error);
                }
                // Another process had used it up, and has kept what it got for it.
                kept = now;
                self.refreshed(&kept).await?
            }
            other => other?,
        };
        if let Some(refresh) = granted.refresh.as_ref().filter(|refresh| refresh.expose() != kept.refresh.expose()) {
            let scopes = if granted.scopes.is_empty() { kept.scopes } else { granted.scopes.clone() };
            let rotated = Kept { refresh: refresh.clone(), scopes, client: kept.client, endpoint: kept.endpoint };
            if let Err(error) = self.store.save(&self.account, &rotated).await {
                *unsaved = Some(rotated);
                return Err(error);
            }
        }
        Ok(granted.token())
    }

    /// What a refresh brought. What a provider that refuses it wants of the next sign-in is kept for that.
    async fn refreshed(&self, kept: &Kept) -> Result<Granted> {
        let granted = self.app.refresh(&kept.refresh).await;
        if let Err(error) = &granted
            && let Some(claims) = Refusal::of(error).and_then(|refusal| refusal.claims.as_deref()).filter(|claims| is_claims(claims))
        {
            // The refusal counts, whether or not this could be kept.
            let _ = self.store.save_claims(&self.account, Some(claims)).await;
        }
        granted
    }

    async fn kept(&self) -> Result<Kept> {
        let no = |message: &'static str| Error::new(ErrorKind::Unauthenticated, message).during("oauth.refresh");
        let kept = self.store.load(&self.account).await?.ok_or_else(|| no("nobody has signed in to this account; sign in"))?;
        if !self.app.granted(&kept) {
            return Err(no("the kept sign-in is of another client id or tenant; sign in again"));
        }
        Ok(kept)
    }
}

/// Access tokens in an app's own name.
#[derive(Debug)]
pub struct AppOnly(App);

impl AppOnly {
    /// Of this app, which must have a secret.
    #[must_use]
    pub fn new(app: App) -> Self {
        Self(app)
    }
}

#[async_trait]
impl TokenSource for AppOnly {
    async fn token(&self, _: Need) -> Result<Token> {
        Ok(self.0.own().await?.token())
    }
}
