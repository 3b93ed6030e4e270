//! One request on its way through the service: signed in, counted, under its faults, looked at.

use crate::dav::Cut;
use crate::faults::Fault;
use crate::graph::answer::{Answer, Body, Refusal, Says, invalid, refusal};
use crate::graph::ask::Ask;
use crate::graph::bytes::encode;
use crate::graph::seen::{GraphSeen, Violation};
use crate::graph::throttle::{self, Lane};
use crate::graph::world::{Grant, World};
use crate::graph::{attachments, batch, ids, route, shape, under};
use bytes::Bytes;
use http::{Request, Response};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A request that is being answered.
pub(crate) struct Serving<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) lanes: Vec<(Lane, usize)>,
    pub(crate) delay: Duration,
}

/// The path below the version, with the query.
fn target(request: &Request<Bytes>) -> Result<&str, Box<Refusal>> {
    let whole = request.uri().path_and_query().map_or("/", |whole| whole.as_str());
    let rest = whole.get(..5).filter(|version| version.eq_ignore_ascii_case("/v1.0")).and_then(|_| whole.get(5..));
    rest.filter(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
        .ok_or_else(|| refusal(400, "BadRequest", "Invalid version: v1.0 is the one that is served."))
}

impl Serving<'_> {
    pub(crate) fn outer(&mut self, request: &Request<Bytes>) -> Result<Response<Bytes>, Cut> {
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
            return self.uploading(request, word, &root);
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

    /// A request to an upload's address, under the faults that the plan has for it.
    fn uploading(&mut self, request: &Request<Bytes>, word: &str, root: &str) -> Result<Response<Bytes>, Cut> {
        const PATH: &str = "/uploads/{session}";
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        let method = request.method().as_str();
        self.world.seen.push(GraphSeen {
            method: method.to_owned(),
            path: PATH.to_owned(),
            query: String::new(),
            status: 0,
            immutable: false,
            inside_batch: false,
            client_request_id: None,
            ignored: Vec::new(),
            sent: request.body().len(),
            received: 0,
        });
        let at = self.world.seen.len() - 1;
        let fault = self.world.faults.of(method, PATH).into_iter().find(|fault| fault.delay().is_none());
        let answer = match under::before(self.world, fault.as_ref())? {
            Some(answer) => answer,
            None if request.headers().contains_key("authorization") => {
                self.violated(method, &["uploads", "{session}"], false, "a token at an address that has its own");
                self.refused(refusal(401, "InvalidAuthenticationToken", "The address has a token of its own."), None)
            }
            None => attachments::upload(self.world, word, method, header("content-range"), request.body(), root)
                .unwrap_or_else(|| self.refused(refusal(404, "ErrorItemNotFound", "The upload session was not found."), None)),
        };
        let (answer, _) = under::after(fault.as_ref(), answer)?;
        if let Some(seen) = self.world.seen.get_mut(at) {
            seen.status = answer.status;
        }
        Ok(answer.response())
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
            // Whoever signed in as an application finds that out by asking.
            let who = grant.user.is_none() && ask.path.len() == 1;
            if !who && matches!(refusal.code, "BadRequest" | "RequestBodyRead" | "RequestBroker--ParseUri") || refusal.status == 405 {
                self.violated(&ask.method, &segments(ask), false, &refusal.message);
            }
            self.refused(refusal, id.as_deref())
        });
        let answer = located(ask, answer);
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
        let mut taken: BTreeSet<Lane> = BTreeSet::new();
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
                    // Those that wait for each other take one place.
                    taken.extend(lane.clone());
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
        self.lanes.extend(taken.into_iter().map(|lane| {
            let count = unchained.get(&lane).copied().unwrap_or_default();
            (lane, count.clamp(1, most.max(1)))
        }));
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
    pub(crate) fn refused(&mut self, refusal: Box<Refusal>, client_request_id: Option<&str>) -> Answer {
        let id = self.request_id();
        let date = self.world.now().strftime("%Y-%m-%dT%H:%M:%S").to_string();
        refusal.answer(&date, &id, client_request_id.unwrap_or(&id))
    }

    fn request_id(&mut self) -> String {
        self.world.asked += 1;
        ids::guid(&self.world.secret(), &format!("request {}", self.world.asked))
    }

    /// An answer with the headers that every answer has.
    pub(crate) fn dressed(&mut self, answer: Answer, client_request_id: Option<&str>, applied: &[String]) -> Answer {
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

/// An answer that says where the thing is that was made.
fn located(ask: &Ask, answer: Answer) -> Answer {
    let acts = ask.path.last().is_some_and(|last| last.eq_ignore_ascii_case("move") || last.eq_ignore_ascii_case("copy"));
    let made = answer.status == 201 && !acts && ask.method == "POST" && !answer.headers.iter().any(|(name, _)| *name == "location");
    let id = match &answer.body {
        Body::Json(body) if made => body.get("id").and_then(serde_json::Value::as_str).map(str::to_owned),
        _ => None,
    };
    match id {
        Some(id) => answer.header("location", format!("{}('{id}')", ask.with(&[]).trim_end_matches('?'))),
        None => answer,
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
    let demand = world.demands.iter().find(|demand| {
        let is_within = ask.path.iter().any(|segment| segment.eq_ignore_ascii_case(&demand.within));
        is_within && token.is_some_and(|token| demand.unmet.iter().any(|unmet| unmet == token))
    });
    if let Some(demand) = demand {
        let claims = encode(demand.claims.as_bytes());
        let challenge = format!("{challenge}, error=\"insufficient_claims\", claims=\"{claims}\"");
        let says = "Continuous access evaluation resulted in claims challenge.";
        return Err(refusal(401, "InvalidAuthenticationToken", says).header("www-authenticate", challenge));
    }
    match token.and_then(|token| world.grants.get(token)) {
        Some(grant) => Ok(grant.clone()),
        None => refuse("Access token validation failure. Invalid audience or lifetime."),
    }
}
