//! The service as a library sees it: asked and watched.

use crate::dav::Cut;
use crate::faults::{Fault, FaultPlan, Faults};
use crate::graph::answer::{Answer, Body, Refusal, Says, invalid, refusal};
use crate::graph::ask::Ask;
use crate::graph::batch;
use crate::graph::build::{GraphBuilder, Sleeper};
use crate::graph::push::{self, Courier};
use crate::graph::rules::GraphRules;
use crate::graph::seen::{GraphSeen, Violation};
use crate::graph::throttle::{self, Lane};
use crate::graph::world::{Grant, World};
use crate::graph::{attachments, ids, route, shape, under};
use crate::outbox::Mail;
use bytes::Bytes;
use http::{Request, Response};
use std::collections::{BTreeMap, BTreeSet};
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
        if let Some(answer) = self.shake_hands().await {
            decided.answer = Ok(answer);
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

    /// The answer to a request at once: the whole service as a function. Delays are left out, so that no two requests overlap.
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

    /// Asks the addresses of new subscriptions whether they want them. The answer to the request that made one, if they do not.
    async fn shake_hands(&self) -> Option<Response<Bytes>> {
        let handshakes = std::mem::take(&mut self.world().handshakes);
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
                if let Some(seen) = serving.world.seen.last_mut() {
                    seen.status = 400;
                }
                return Some(answer);
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
        Decided { answer, delay, lanes }
    }
}

/// A request that is being answered.
struct Serving<'a> {
    world: &'a mut World,
    lanes: Vec<(Lane, usize)>,
    delay: Duration,
}

/// The path below the version, with the query.
fn target(request: &Request<Bytes>) -> Result<&str, Box<Refusal>> {
    let whole = request.uri().path_and_query().map_or("/", |whole| whole.as_str());
    let rest = whole.get(..5).filter(|version| version.eq_ignore_ascii_case("/v1.0")).and_then(|_| whole.get(5..));
    rest.filter(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
        .ok_or_else(|| refusal(400, "BadRequest", "Invalid version: v1.0 is the one that is served."))
}

impl Serving<'_> {
    fn outer(&mut self, request: &Request<Bytes>) -> Result<Response<Bytes>, Cut> {
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let authority = request.uri().authority().map(|authority| authority.as_str().to_owned());
        let host = authority.or_else(|| header("host")).unwrap_or_else(|| "localhost".to_owned());
        let root = format!("{}://{host}/v1.0", request.uri().scheme_str().unwrap_or("http"));
        let headers = request
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_lowercase(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        let client_request_id = header("client-request-id");
        if let Some(word) = request.uri().path().strip_prefix("/uploads/") {
            let method = request.method().as_str();
            let answer = attachments::upload(self.world, word, method, header("content-range").as_deref(), request.body(), &root);
            let answer =
                answer.unwrap_or_else(|| self.refused(refusal(404, "ErrorItemNotFound", "The upload session was not found."), None));
            return Ok(answer.response());
        }
        let asked = target(request)
            .and_then(|target| Ask::new(request.method().as_str(), root, target, headers.collect(), request.body().to_vec()));
        let at = self.world.seen.len();
        self.world.seen.push(GraphSeen {
            method: request.method().as_str().to_owned(),
            path: request.uri().path().get(5..).unwrap_or_default().to_owned(),
            query: request.uri().query().unwrap_or_default().to_owned(),
            status: 0,
            immutable: asked.as_ref().is_ok_and(|ask| ask.prefer.immutable),
            inside_batch: false,
            client_request_id: client_request_id.clone(),
            ignored: Vec::new(),
            sent: request.body().len(),
            received: 0,
        });
        let answer = match &asked {
            Ok(ask) => self.faulty(ask, true),
            Err(refusal) => {
                let path = request.uri().path().split('/').skip(2).collect::<Vec<_>>();
                self.violated(request.method().as_str(), &path, false, &refusal.message);
                Ok((self.refused(refusal.clone(), client_request_id.as_deref()), None))
            }
        };
        let applied = asked.ok().map(|ask| ask.prefer.applied).unwrap_or_default();
        let answer = answer.map(|(answer, cut)| (self.dressed(answer, client_request_id.as_deref(), &applied).response(), cut));
        let (answer, status, received) = match answer {
            Ok((response, None)) => {
                let (status, received) = (response.status().as_u16(), response.body().len());
                (Ok(response), status, received)
            }
            Ok((response, Some(bytes))) => {
                let status = response.status().as_u16();
                let (parts, body) = response.into_parts();
                let body_so_far = body.slice(..bytes.min(body.len()));
                let received = body_so_far.len();
                (Err(Cut::Truncated { head: Box::new(Response::from_parts(parts, ())), body_so_far }), status, received)
            }
            Err(cut) => (Err(cut), 0, 0),
        };
        let ignored = std::mem::take(&mut self.world.ignored);
        if let Some(seen) = self.world.seen.get_mut(at) {
            (seen.status, seen.received) = (status, received);
            seen.ignored.extend(ignored);
        }
        answer
    }

    /// The answer under the faults that the plan has for it, and after how many bytes it breaks off.
    fn faulty(&mut self, ask: &Ask, outer: bool) -> Result<(Answer, Option<usize>), Cut> {
        let path = format!("/v1.0/{}", ask.path.join("/"));
        let faults = self.world.faults.of(&ask.method, &path);
        self.delay += faults.iter().find_map(Fault::delay).unwrap_or_default();
        let fault = faults.into_iter().find(|fault| fault.delay().is_none());
        if let Some(answer) = under::before(self.world, fault.as_ref())? {
            return Ok((answer, None));
        }
        let lags = self.world.lagging > 0 && ask.method == "GET";
        let before = self.world.before.clone().filter(|_| lags);
        let answer = match before {
            Some(before) => {
                self.world.lagging -= 1;
                let now = std::mem::replace(&mut self.world.store, before);
                let answer = self.checked(ask, outer);
                self.world.store = now;
                answer
            }
            None => {
                let kept = (self.world.faults.lags() && ask.method != "GET").then(|| self.world.store.clone());
                let answer = self.checked(ask, outer);
                if kept.is_some() && (200..300).contains(&answer.status) {
                    self.world.before = kept;
                }
                answer
            }
        };
        under::after(fault.as_ref(), answer)
    }

    /// The answer, as a request of the service's own that is signed in, counted, and looked at.
    fn checked(&mut self, ask: &Ask, outer: bool) -> Answer {
        let id = ask.header("client-request-id").map(str::to_owned);
        let grant = match signed_in(self.world, ask) {
            Ok(grant) => grant,
            Err(refusal) => return self.refused(refusal, id.as_deref()),
        };
        let is_batch = outer && ask.path.len() == 1 && ask.path.iter().any(|name| name.eq_ignore_ascii_case("$batch"));
        let answer = if is_batch { self.batch(ask, &grant) } else { self.counted(ask, &grant, outer) };
        let answer = answer.unwrap_or_else(|refusal| {
            if matches!(refusal.code, "BadRequest" | "RequestBodyRead" | "RequestBroker--ParseUri") || refusal.status == 405 {
                self.violated(&ask.method, &segments(ask), false, &refusal.message);
            }
            self.refused(refusal, id.as_deref())
        });
        let mut found = Vec::new();
        match (&answer.body, answer.says) {
            (Body::Json(body), Says::One(of)) => shape::check(body, of, "", &mut found),
            (Body::Json(body), Says::Many(of)) => match body.get("value").and_then(serde_json::Value::as_array) {
                Some(rows) => rows.iter().for_each(|row| shape::check(row, of, "value", &mut found)),
                None => found.push("a listing without value".to_owned()),
            },
            _ => {}
        }
        found.iter().for_each(|what| self.violated(&ask.method, &segments(ask), true, what));
        answer
    }

    /// The answer to a request, which takes one of the mailbox's places; within a batch, places are the batch's.
    fn counted(&mut self, ask: &Ask, grant: &Grant, outer: bool) -> crate::graph::answer::Result {
        if let Some(lane) = route::lane(self.world, ask, grant) {
            let now = self.world.now();
            let limits = self.world.rules.limits.clone();
            if let Some(refusal) = self.world.throttle.count(&lane, now, &limits) {
                return Err(refusal);
            }
            if outer {
                if self.world.throttle.under_way(&lane) >= limits.concurrent {
                    return Err(throttle::too_many_at_once(&limits));
                }
                self.lanes.push((lane, 1));
            }
        }
        route::answer(self.world, ask, grant)
    }

    fn batch(&mut self, ask: &Ask, grant: &Grant) -> crate::graph::answer::Result {
        if ask.method != "POST" {
            return Err(invalid("A batch is posted."));
        }
        let limits = self.world.rules.limits.clone();
        let inner = batch::read(ask, limits.batch)?;
        let mut unchained: BTreeMap<Lane, usize> = BTreeMap::new();
        let mut bad: BTreeSet<String> = BTreeSet::new();
        let mut answers = Vec::new();
        for request in inner {
            let id = request.id.clone();
            let answer = match request.ask {
                Err(refusal) => self.refused(refusal, None),
                Ok(_) if request.after.iter().any(|other| bad.contains(other)) => self.refused(batch::failed_before(), None),
                Ok(inner) => {
                    let at = self.noted(&inner);
                    let lane = route::lane(self.world, &inner, grant);
                    let crowded = lane.filter(|_| request.after.is_empty()).is_some_and(|lane| {
                        let taken = self.world.throttle.under_way(&lane);
                        let number = unchained.entry(lane).or_default();
                        *number += 1;
                        // Four run at a time; so many of each four find no place as others have taken.
                        let no_place = (*number - 1) % limits.concurrent.max(1) >= limits.concurrent.saturating_sub(taken);
                        no_place || limits.batch_at_once.is_some_and(|most| *number > most)
                    });
                    let answer = if crowded { self.refused(throttle::too_many_at_once(&limits), None) } else { self.inner(&inner, grant) };
                    let ignored = std::mem::take(&mut self.world.ignored);
                    if let Some(seen) = self.world.seen.get_mut(at) {
                        seen.status = answer.status;
                        seen.ignored = ignored;
                    }
                    answer
                }
            };
            if answer.status >= 400 {
                bad.insert(id.clone());
            }
            answers.push((id, answer));
        }
        let most = limits.concurrent;
        self.lanes.extend(unchained.into_iter().map(|(lane, count)| (lane, count.min(most))));
        Ok(batch::gathered(answers))
    }

    fn noted(&mut self, ask: &Ask) -> usize {
        let query: Vec<String> = ask.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        self.world.seen.push(GraphSeen {
            method: ask.method.clone(),
            path: format!("/{}", ask.path.join("/")),
            query: query.join("&"),
            status: 0,
            immutable: ask.prefer.immutable,
            inside_batch: true,
            client_request_id: ask.header("client-request-id").map(str::to_owned),
            ignored: Vec::new(),
            sent: ask.body.len(),
            received: 0,
        });
        self.world.seen.len() - 1
    }

    /// A request of a batch, under its own faults.
    fn inner(&mut self, ask: &Ask, grant: &Grant) -> Answer {
        let mut ask = ask.clone();
        // The batch is signed in, and nothing within it.
        let token =
            self.world.grants.iter().find(|(_, other)| other.user == grant.user && other.app == grant.app && other.scopes == grant.scopes);
        ask.headers.retain(|(name, _)| name != "authorization");
        ask.headers.extend(token.map(|(token, _)| ("authorization".to_owned(), format!("Bearer {token}"))));
        match self.faulty(&ask, false) {
            Ok((answer, _)) => answer,
            Err(_) => self.refused(refusal(500, "InternalServerError", "The request could not be completed."), None),
        }
    }

    #[allow(clippy::boxed_local, reason = "refusals are boxed wherever they come from")]
    fn refused(&mut self, refusal: Box<Refusal>, client_request_id: Option<&str>) -> Answer {
        let id = self.request_id();
        let date = self.world.now().strftime("%Y-%m-%dT%H:%M:%S").to_string();
        refusal.answer(&date, &id, client_request_id.unwrap_or(&id))
    }

    fn request_id(&mut self) -> String {
        self.world.asked += 1;
        ids::guid(&self.world.secret(), &format!("request {}", self.world.asked))
    }

    /// An answer with the headers that every answer has.
    fn dressed(&mut self, answer: Answer, client_request_id: Option<&str>, applied: &[String]) -> Answer {
        let id = self.request_id();
        let date = self.world.now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let answer = answer.header("date", date).header("request-id", id.clone());
        let answer = answer.header("client-request-id", client_request_id.unwrap_or(&id));
        let answer = applied.iter().fold(answer, |answer, one| answer.header("preference-applied", one.clone()));
        answer.header("cache-control", "private")
    }

    fn violated(&mut self, method: &str, path: &[&str], in_answer: bool, what: &str) {
        let path: Vec<&str> =
            path.iter().map(|segment| if segment.len() > 30 || segment.contains('@') { "{id}" } else { *segment }).collect();
        let path = format!("/{}", path.join("/"));
        self.world.violations.push(Violation { in_answer, method: method.to_owned(), path, what: what.to_owned() });
    }
}

fn segments(ask: &Ask) -> Vec<&str> {
    ask.path.iter().map(String::as_str).collect()
}

/// Who a request is from.
fn signed_in(world: &World, ask: &Ask) -> Result<Grant, Box<Refusal>> {
    let challenge = "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\"";
    let refuse = |message: &str| Err(refusal(401, "InvalidAuthenticationToken", message).header("www-authenticate", challenge));
    let Some(told) = ask.header("authorization") else { return refuse("Access token is empty.") };
    let token = told.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
    match token.and_then(|token| world.grants.get(token)) {
        Some(grant) => Ok(grant.clone()),
        None => refuse("Access token validation failure. Invalid audience or lifetime."),
    }
}
