//! Domains: what DNS says of them, and which servers there are.

use super::simulated::simulator;
use async_trait::async_trait;
use pimkit_contract::{FakeClock, SeededChance};
use pimkit_core::{Error, ErrorKind, Result};
use pimkit_dav::{Config, Dav, Dns, Endpoints, Srv};
use pimkit_http::{Basic, Broken, Failure, InProcess, RetryPolicy, Secret, Transport};
use pimkit_simulators::{Dav as Simulator, FaultPlan, FaultRule, Personality, WellKnown};
use std::{
    collections::HashMap,
    io,
    sync::{Arc, Mutex},
};
use url::Position;

/// What is said of names; what is not said is no record, and what is `None` no answer.
#[derive(Debug, Default)]
pub struct Zone {
    pub srv: HashMap<String, Option<Vec<Srv>>>,
    pub txt: HashMap<String, Option<Vec<String>>>,
    asked: Mutex<Vec<String>>,
}

#[async_trait]
impl Dns for Zone {
    async fn srv(&self, name: &str) -> Result<Vec<Srv>> {
        self.asked.lock().unwrap().push(format!("SRV {name}"));
        self.srv.get(name).cloned().unwrap_or_else(|| Some(Vec::new())).ok_or_else(failed)
    }
    async fn txt(&self, name: &str) -> Result<Vec<String>> {
        self.asked.lock().unwrap().push(format!("TXT {name}"));
        self.txt.get(name).cloned().unwrap_or_else(|| Some(Vec::new())).ok_or_else(failed)
    }
}

fn failed() -> Error {
    Error::new(ErrorKind::Transport, "SERVFAIL")
}

pub const CALDAVS: &str = "_caldavs._tcp.example.org";
pub const CARDDAVS: &str = "_carddavs._tcp.example.org";
pub const CALDAV: &str = "_caldav._tcp.example.org";

impl Zone {
    pub fn srv(mut self, name: &str, records: &[(u16, u16, u16, &str)]) -> Self {
        let records = records.iter().map(|(priority, weight, port, target)| Srv::new(*priority, *weight, *port, *target)).collect();
        self.srv.insert(name.to_owned(), Some(records));
        self
    }
    pub fn both(self, records: &[(u16, u16, u16, &str)]) -> Self {
        self.srv(CALDAVS, records).srv(CARDDAVS, records)
    }
    pub fn silent(mut self, name: &str) -> Self {
        self.srv.insert(name.to_owned(), None);
        self
    }
    pub fn txt_silent(mut self, name: &str) -> Self {
        self.txt.insert(name.to_owned(), None);
        self
    }
    pub fn txt(mut self, name: &str, texts: &[&str]) -> Self {
        self.txt.insert(name.to_owned(), Some(texts.iter().map(|&t| t.to_owned()).collect()));
        self
    }
}

/// Servers by the host and port at which they are; nobody listens anywhere else.
#[derive(Default)]
pub struct Net(HashMap<String, Simulator>);

impl Net {
    pub fn at(mut self, host: &str, personality: Personality) -> Self {
        self.0.insert(host.to_owned(), simulator(personality, &FakeClock::default()));
        self
    }
    /// A server of which requests fail.
    pub fn failing(self, host: &str, personality: Personality, rule: FaultRule) -> Self {
        let net = self.at(host, personality);
        net.0[host].set_faults(FaultPlan::of([rule]));
        net
    }
}

/// As the network says it, below what the transport says of it.
fn nobody_listens() -> Failure {
    let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
    Failure::not_sent(
        Error::new(ErrorKind::Transport, "no connection").caused_by(Error::new(ErrorKind::Unexpected, "tcp").caused_by(refused)),
    )
}

pub struct World {
    pub dav: Dav,
    pub wire: Arc<InProcess>,
    pub zone: Option<Arc<Zone>>,
}

fn served(server: Simulator) -> InProcess {
    InProcess::serving(move |request| server.answer_now(&request).map_err(|_| Broken::Reset))
}

/// An account of alice's on these servers.
pub fn world(net: Net, zone: Option<Zone>, config: Config, login: bool) -> World {
    let clock = FakeClock::default();
    let net: HashMap<String, InProcess> = net.0.into_iter().map(|(host, server)| (host, served(server))).collect();
    let net = Arc::new(net);
    let wire = Arc::new(InProcess::new(move |request| {
        let net = Arc::clone(&net);
        async move {
            let host = request.url[Position::BeforeHost..Position::AfterPort].to_owned();
            let server = net.get(&host).ok_or_else(nobody_listens)?;
            server.send(request).await
        }
    }));
    let zone = zone.map(Arc::new);
    let mut opening = Dav::builder(config, wire.clone(), Arc::new(clock), Arc::new(SeededChance::new(1)));
    opening = opening.policy(RetryPolicy::default().attempts(1));
    if login {
        opening = opening.auth(Arc::new(Basic::new("alice", &Secret::new("secret")).unwrap()));
    }
    if let Some(zone) = &zone {
        opening = opening.dns(zone.clone());
    }
    World { dav: opening.open().unwrap(), wire, zone }
}

pub fn signed_in(net: Net, zone: Zone) -> World {
    world(net, Some(zone), Config::new("ada@example.org").user("alice"), true)
}

impl World {
    /// What was asked over the wire, as method and address, without repeats.
    pub fn sent(&self) -> Vec<String> {
        let mut sent: Vec<String> = self.wire.requests().iter().map(|r| format!("{} {}", r.method, r.url)).collect();
        sent.dedup();
        sent
    }
    /// The hosts that were asked, in order; one that was asked again later is in it again.
    pub fn hosts(&self) -> Vec<String> {
        let mut hosts: Vec<String> = self.wire.requests().iter().map(|r| r.url.host_str().unwrap().to_owned()).collect();
        hosts.dedup();
        hosts
    }
    pub fn asked(&self) -> Vec<String> {
        self.zone.as_ref().unwrap().asked.lock().unwrap().clone()
    }
}

/// Accounts under `/remote.php/dav/`; the well-known addresses lead there.
pub fn server() -> Personality {
    Personality::nextcloud()
}

/// The same, found under no address that is commonly tried.
pub fn hidden(context: &str) -> Personality {
    let mut hidden = Personality::nextcloud();
    hidden.layout.well_known = WellKnown::Status(404);
    let moved = |path: &str| path.replace("/remote.php/dav/", context);
    let layout = &mut hidden.layout;
    (layout.context, layout.principal) = (moved(&layout.context), moved(&layout.principal));
    layout.calendar_homes.iter_mut().chain(&mut layout.book_homes).for_each(|home| *home = moved(home));
    hidden
}

pub fn only(mut personality: Personality, calendars: bool) -> Personality {
    let layout = &mut personality.layout;
    if calendars {
        layout.book_homes.clear();
    } else {
        layout.calendar_homes.clear();
    }
    personality
}

pub fn homes(found: &Endpoints) -> (Vec<&str>, Vec<&str>) {
    (found.calendars.iter().map(String::as_str).collect(), found.address_books.iter().map(String::as_str).collect())
}

pub fn world_at(net: Net, config: Config) -> World {
    world(net, Some(Zone::default()), config, true)
}
