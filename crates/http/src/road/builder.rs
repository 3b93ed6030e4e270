//! How a road is laid.

use super::{Inner, Road};
use crate::{Auth, Classifier, Limits, Pace, Plain, RetryPolicy, Transport, gate::Gate, scope::Scope};
use pimkit_core::{Chance, Clock, Result};
use std::{
    fmt,
    sync::{Arc, Mutex, atomic::AtomicU64},
};
use url::Url;

/// Builds a [`Road`].
pub struct RoadBuilder {
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    auth: Option<Arc<dyn Auth>>,
    scope: Scope,
    classifier: Arc<dyn Classifier>,
    policy: RetryPolicy,
    limits: Limits,
    pace: Pace,
}

impl RoadBuilder {
    pub(super) fn new(transport: Arc<dyn Transport>, clock: Arc<dyn Clock>, chance: Arc<dyn Chance>) -> Self {
        Self {
            transport,
            clock,
            chance,
            auth: None,
            scope: Scope::default(),
            classifier: Arc::new(Plain),
            policy: RetryPolicy::default(),
            limits: Limits::default(),
            pace: Pace::default(),
        }
    }

    /// The account's credentials. They go nowhere without a [`home`](Self::home).
    #[must_use]
    pub fn auth(mut self, auth: Arc<dyn Auth>) -> Self {
        self.auth = Some(auth);
        self
    }

    /// An address of the account. The credentials go to hosts of its registrable domain (`example.org` for
    /// `dav.example.org`), over https; where it is loopback, to loopback. It may be called several times.
    #[must_use]
    pub fn home(mut self, url: Url) -> Self {
        self.scope.home(url);
        self
    }

    /// A pair of domains, such as `google.com` and `googleapis.com`: credentials that belong to hosts of the first go to
    /// hosts of the second too. Only for domains that one provider holds altogether.
    #[must_use]
    pub fn ally(mut self, home: &str, other: &str) -> Self {
        self.scope.ally(home, other);
        self
    }

    /// Who reads the answers; [`Plain`] when nobody is named.
    #[must_use]
    pub fn classifier(mut self, classifier: Arc<dyn Classifier>) -> Self {
        self.classifier = classifier;
        self
    }

    /// How it tries again.
    #[must_use]
    pub fn policy(mut self, policy: RetryPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// How large answers may be.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How fast the account may ask.
    #[must_use]
    pub fn pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// The road.
    ///
    /// # Errors
    /// `Config` for credentials without a home, for one on plain http beyond this machine, and for an ally of one label.
    pub fn build(self) -> Result<Road> {
        if self.auth.is_some() {
            self.scope.check()?;
        }
        let salt = self.chance.next();
        Ok(Road(Arc::new(Inner {
            transport: self.transport,
            clock: self.clock,
            chance: self.chance,
            auth: self.auth,
            scope: self.scope,
            classifier: self.classifier,
            policy: self.policy,
            limits: self.limits,
            gate: Gate::new(self.pace),
            salt,
            sent: AtomicU64::new(0),
            skew: Mutex::default(),
        })))
    }
}

impl fmt::Debug for RoadBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoadBuilder").field("transport", &self.transport).field("auth", &self.auth).finish_non_exhaustive()
    }
}
