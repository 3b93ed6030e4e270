//! The service as a library sees it: asked and watched.

use crate::dav::Cut;
use crate::faults::{FaultPlan, Faults};
use crate::graph::batch;
use crate::graph::build::{GraphBuilder, Sleeper};
use crate::graph::push::{self, Courier, Handshake};
use crate::graph::rules::GraphRules;
use crate::graph::seen::{GraphSeen, Violation};
use crate::graph::serving::Serving;
use crate::graph::throttle::Lane;
use crate::graph::world::World;
use crate::outbox::Mail;
use bytes::Bytes;
use http::{Request, Response};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// Microsoft Graph v1.0. Clones are handles of the same service.
#[derive(Clone)]
pub struct Graph {
    pub(crate) world: Arc<Mutex<World>>,
    pub(crate) sleeper: Sleeper,
    pub(crate) latency: Duration,
    pub(crate) courier: Courier,
}

impl std::fmt::Debug for Graph {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Graph").field("mailboxes", &self.world().store.mailboxes.len()).finish_non_exhaustive()
    }
}

/// Requests that are under way until this is dropped.
struct UnderWay {
    graph: Graph,
    lanes: Vec<(Lane, usize)>,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut world = self.graph.world();
        for (lane, count) in &self.lanes {
            world.throttle.leave(lane, *count);
        }
    }
}

/// What a request came to.
struct Decided {
    answer: Result<Response<Bytes>, Cut>,
    delay: Duration,
    lanes: Vec<(Lane, usize)>,
    handshakes: Vec<Handshake>,
}

impl Graph {
    /// A service to be built, without users.
    #[must_use]
    pub fn builder() -> GraphBuilder {
        GraphBuilder::new()
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The answer to a request, delays included. Its address is a whole one, or a path with a `Host` header; either begins with
    /// `/v1.0`.
    ///
    /// # Errors
    /// A [`Cut`] if a fault breaks the connection.
    pub async fn answer(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Cut> {
        let mut decided = self.decide(&request);
        if let Some((subscription, refused)) = self.shake_hands(std::mem::take(&mut decided.handshakes)).await {
            decided.answer = decided.answer.map(|answer| batch::refused_inside(&answer, &subscription, &refused).unwrap_or(refused));
        }
        if !(decided.delay + self.latency).is_zero() {
            {
                let mut world = self.world();
                decided.lanes.iter().for_each(|(lane, count)| world.throttle.enter(lane, *count));
            }
            let under_way = UnderWay { graph: self.clone(), lanes: decided.lanes };
            (self.sleeper)(decided.delay + self.latency).await;
            drop(under_way);
        }
        decided.answer
    }

    /// The answer to a request at once: the whole service as a function. Delays are left out, so that no two requests overlap, and
    /// so are the handshakes of subscriptions, which are taken for agreed to.
    ///
    /// # Errors
    /// A [`Cut`] if a fault breaks the connection.
    pub fn answer_now(&self, request: &Request<Bytes>) -> Result<Response<Bytes>, Cut> {
        self.decide(request).answer
    }

    /// Sends what subscribers are to be told; how many took it. Served over loopback, this happens by itself after each request.
    pub async fn push(&self) -> usize {
        let due = {
            let mut world = self.world();
            let mut due = std::mem::take(&mut world.notices);
            due.extend(push::due(&mut world));
            due
        };
        let mut taken = 0;
        for notice in due {
            let request = Request::post(&notice.url).header("content-type", "application/json; charset=utf-8");
            let Ok(request) = request.body(Bytes::from(notice.body.to_string())) else { continue };
            if (self.courier)(request).await.is_some_and(|answer| answer.status().is_success()) {
                taken += 1;
            }
        }
        taken
    }

    /// Asks the addresses of new subscriptions whether they want them. The one that they do not want, and the answer to who made it.
    async fn shake_hands(&self, handshakes: Vec<Handshake>) -> Option<(String, Response<Bytes>)> {
        for shake in handshakes {
            let answer = match push::question(&shake) {
                Some(request) => (self.courier)(request).await,
                None => None,
            };
            if !push::agrees(answer.as_ref(), &shake) {
                let mut world = self.world();
                world.store.subscriptions.remove(&shake.subscription);
                let mut serving = Serving { world: &mut world, lanes: Vec::new(), delay: Duration::ZERO };
                let refused = serving.refused(push::unanswered(&shake), None);
                let answer = serving.dressed(refused, None, &[]).response();
                let made = |seen: &&mut GraphSeen| seen.method == "POST" && seen.path.ends_with("/subscriptions");
                if let Some(seen) = serving.world.seen.iter_mut().rev().find(made) {
                    seen.status = 400;
                }
                return Some((shake.subscription, answer));
            }
        }
        None
    }

    /// What goes wrong from now on; rules begin to count anew.
    pub fn set_faults(&self, plan: FaultPlan) {
        let mut world = self.world();
        world.faults = Faults::new(plan);
        world.before = None;
        world.lagging = 0;
    }

    /// What the service does in more than one way, from now on.
    pub fn set_rules(&self, rules: GraphRules) {
        self.world().rules = rules;
    }

    /// What was asked since the start or the last [`Graph::reset_requests`], in order.
    #[must_use]
    pub fn requests(&self) -> Vec<GraphSeen> {
        self.world().seen.clone()
    }

    /// Forgets what was asked.
    pub fn reset_requests(&self) {
        self.world().seen.clear();
    }

    /// Every mail that Exchange would have sent, in order.
    #[must_use]
    pub fn outbox(&self) -> Vec<Mail> {
        self.world().outbox.clone()
    }

    /// Forgets the mails.
    pub fn reset_outbox(&self) {
        self.world().outbox.clear();
    }

    /// What in a request or an answer is not in the service's metadata, since the start.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        self.world().violations.clone()
    }

    /// Forgets them.
    pub fn reset_violations(&self) {
        self.world().violations.clear();
    }

    fn decide(&self, request: &Request<Bytes>) -> Decided {
        let mut world = self.world();
        let mut serving = Serving { world: &mut world, lanes: Vec::new(), delay: Duration::ZERO };
        let answer = serving.outer(request);
        let (lanes, delay) = (serving.lanes, serving.delay);
        let handshakes = std::mem::take(&mut world.handshakes);
        Decided { answer, delay, lanes, handshakes }
    }
}
