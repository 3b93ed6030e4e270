//! The server as a library sees it: built, asked, watched, and changed behind its clients' backs.

use crate::answer::{Answer, Member};
use crate::faults::{Fault, FaultPlan, Faults};
use crate::methods;
use crate::outbox::Mail;
use crate::path;
use crate::personality::Personality;
use crate::seen::Seen;
use crate::world::{Clock, User, World};
use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Request, Response};
use jiff::Timestamp;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// What waits while a fault delays an answer.
type Sleeper = Arc<dyn Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync>;

/// A connection that broke.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Cut {
    /// It broke before anything of the answer came.
    #[error("the connection was reset")]
    Reset,
    /// It broke within the answer's body.
    #[error("the connection broke after {} bytes of the body", body_so_far.len())]
    Truncated {
        /// Status and headers of the answer.
        head: Box<Response<()>>,
        /// What came of the body.
        body_so_far: Bytes,
    },
}

/// A CalDAV and CardDAV server of some [`Personality`]. Clones are handles of the same server.
#[derive(Clone)]
pub struct Dav {
    world: Arc<Mutex<World>>,
    sleeper: Sleeper,
}

impl std::fmt::Debug for Dav {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dav").field("personality", &self.world().personality.name).finish_non_exhaustive()
    }
}

/// What a server is made from.
pub struct DavBuilder {
    personality: Personality,
    users: Vec<User>,
    clock: Clock,
    plan: FaultPlan,
    sleeper: Sleeper,
}

impl std::fmt::Debug for DavBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DavBuilder").field("personality", &self.personality.name).finish_non_exhaustive()
    }
}

impl DavBuilder {
    /// A user, with principal, homes and the collections that the personality starts with. The first user is who everybody is
    /// where there is no login. `name` must not contain `/`.
    #[must_use]
    pub fn user(mut self, name: &str, password: &str) -> Self {
        self.users.push(User { name: name.to_owned(), password: password.to_owned() });
        self
    }

    /// Where the time comes from; the system's clock if this is not called.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Fn() -> Timestamp + Send + Sync>) -> Self {
        self.clock = clock;
        self
    }

    /// What goes wrong from the start.
    #[must_use]
    pub fn faults(mut self, plan: FaultPlan) -> Self {
        self.plan = plan;
        self
    }

    /// What waits for [`Fault::Delay`]; tokio's sleep if this is not called.
    #[must_use]
    pub fn sleeper(mut self, sleeper: Arc<dyn Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync>) -> Self {
        self.sleeper = sleeper;
        self
    }

    /// The server.
    #[must_use]
    pub fn build(self) -> Dav {
        let world = World::new(self.personality, self.users, self.clock, self.plan);
        Dav { world: Arc::new(Mutex::new(world)), sleeper: self.sleeper }
    }
}

impl Dav {
    /// A server to be built, without users.
    #[must_use]
    pub fn builder(personality: Personality) -> DavBuilder {
        DavBuilder {
            personality,
            users: Vec::new(),
            clock: Arc::new(Timestamp::now),
            plan: FaultPlan::default(),
            sleeper: Arc::new(|long| Box::pin(tokio::time::sleep(long))),
        }
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The answer to a request, delays of faults included.
    ///
    /// # Errors
    /// A [`Cut`] if a fault breaks the connection.
    pub async fn answer(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Cut> {
        let (answer, delay) = self.decide(&request);
        if let Some(delay) = delay {
            (self.sleeper)(delay).await;
        }
        answer
    }

    /// The answer to a request at once: the whole server as a function. Delays of faults are left out.
    ///
    /// # Errors
    /// A [`Cut`] if a fault breaks the connection.
    pub fn answer_now(&self, request: &Request<Bytes>) -> Result<Response<Bytes>, Cut> {
        self.decide(request).0
    }

    fn decide(&self, request: &Request<Bytes>) -> (Result<Response<Bytes>, Cut>, Option<Duration>) {
        let mut world = self.world();
        let path = path::canonical(request.uri().path()).unwrap_or_default();
        let faults = world.faults.of(request.method().as_str(), &path);
        let delay = faults.iter().find_map(Fault::delay);
        let fault = faults.into_iter().find(|fault| fault.delay().is_none());
        let answer = under(&mut world, request, fault);
        let (status, received) = match &answer {
            Ok(response) => (response.status().as_u16(), response.body().len()),
            Err(Cut::Reset) => (0, 0),
            Err(Cut::Truncated { head, body_so_far }) => (head.status().as_u16(), body_so_far.len()),
        };
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let report = crate::xml::read(request.body()).ok().map(|root| root.name.local);
        let seen = Seen {
            method: request.method().as_str().to_owned(),
            path: request.uri().path().to_owned(),
            depth: header("depth"),
            report,
            status,
            sent: request.body().len(),
            received,
        };
        world.seen.push(seen);
        (answer, delay)
    }

    /// What goes wrong from now on; rules begin to count anew.
    pub fn set_faults(&self, plan: FaultPlan) {
        let mut world = self.world();
        world.faults = Faults::new(plan);
        world.before = None;
        world.lagging = 0;
    }

    /// What was asked since the start or the last [`Dav::reset_requests`], in order.
    #[must_use]
    pub fn requests(&self) -> Vec<Seen> {
        self.world().seen.clone()
    }

    /// Forgets what was asked.
    pub fn reset_requests(&self) {
        self.world().seen.clear();
    }

    /// Every mail that the server would have sent, in order.
    #[must_use]
    pub fn outbox(&self) -> Vec<Mail> {
        self.world().outbox.clone()
    }

    /// Forgets the mails.
    pub fn reset_outbox(&self) {
        self.world().outbox.clear();
    }
}

/// The answer to a request under a fault.
fn under(world: &mut World, request: &Request<Bytes>, fault: Option<Fault>) -> Result<Response<Bytes>, Cut> {
    match fault {
        Some(Fault::Status { code, retry_after, body }) => {
            let answer = Answer::text(code, &body);
            return Ok(retry_after.into_iter().fold(answer, |answer, value| answer.header("retry-after", value)).response());
        }
        Some(Fault::LoginPage) => return Ok(Answer::html(200, "Sign in to the network").response()),
        Some(Fault::RefusedInside { code }) => {
            let href = request.uri().path().to_owned();
            return Ok(Answer::multistatus(&[Member::status(href, code)], None, &world.personality.xml, false).response());
        }
        Some(Fault::ResetBefore) => return Err(Cut::Reset),
        Some(Fault::Redirect { to }) => return Ok(Answer::of(307).header("location", to).response()),
        Some(Fault::ExpireTokens) => crate::backdoor::expire(world),
        Some(Fault::LaggingReads { reports }) if world.lagging == 0 => world.lagging = reports,
        _ => {}
    }
    let lags = world.lagging > 0 && request.method().as_str() == "REPORT";
    let answer = match world.before.clone().filter(|_| lags) {
        Some(before) => {
            world.lagging -= 1;
            let now = std::mem::replace(&mut world.tree, before);
            let answer = methods::answer(world, request);
            let issued = std::mem::replace(&mut world.tree, now).issued;
            world.tree.issued.extend(issued);
            answer
        }
        None => methods::answer(world, request),
    };
    let server = world.personality.server.clone();
    let answer = answer.header("server", server).header("date", crate::backdoor::date(world));
    let answer = match &fault {
        Some(Fault::DropMember { index }) => crate::backdoor::without_members(answer, Some(*index), &world.personality.xml),
        Some(Fault::EmptyListing) => crate::backdoor::without_members(answer, None, &world.personality.xml),
        Some(Fault::VanishedHome) => crate::backdoor::without_homes(answer, &world.personality.xml),
        Some(Fault::ContentType { value }) => answer.typed(value),
        Some(Fault::StatusAfter { code }) => Answer::text(*code, "The server could not finish"),
        _ => answer,
    };
    let response = answer.response();
    match fault {
        Some(Fault::ResetAfter) => Err(Cut::Reset),
        Some(Fault::Truncate { bytes }) => {
            let (parts, body) = response.into_parts();
            let body_so_far = body.slice(..bytes.min(body.len()));
            Err(Cut::Truncated { head: Box::new(Response::from_parts(parts, ())), body_so_far })
        }
        _ => Ok(response),
    }
}
