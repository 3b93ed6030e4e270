//! A sign-in server that checks what it is sent, a clock that stands still, and what the tests make of them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    dead_code,
    unreachable_pub,
    reason = "each test program uses its own part"
)]

pub mod authority;
pub mod still;

use authority::Authority;
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use pimkit_core::{Chance, Clock};
use pimkit_http::{InProcess, Secret};
use pimkit_oauth::{App, Provider};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use url::Url;

/// A clock whose sleeps end at once, and move it; it keeps each of them.
#[derive(Clone, Debug, Default)]
pub struct Hands(Arc<Mutex<(Duration, Vec<Duration>)>>);

impl Hands {
    pub fn slept(&self) -> Vec<u64> {
        self.0.lock().unwrap().1.iter().map(Duration::as_secs).collect()
    }
    pub fn advance(&self, time: Duration) {
        self.0.lock().unwrap().0 += time;
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.0.lock().unwrap().0).unwrap();
        Timestamp::from_second(1_772_438_400).unwrap().checked_add(passed).unwrap()
    }
    fn sleep(&self, time: Duration) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let mut hands = self.0.lock().unwrap();
            hands.0 += time;
            hands.1.push(time);
        })
    }
}

/// Numbers that count up, in all their bits.
#[derive(Debug, Default)]
pub struct Counting(AtomicU64);

impl Chance for Counting {
    fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

pub const HOST: &str = "https://login.example.com";

pub fn provider() -> Provider {
    let url = |path: &str| Url::parse(&format!("{HOST}{path}")).unwrap();
    let provider = Provider::new(url("/authorize"), url("/token")).unwrap().device(url("/device")).unwrap();
    let mut provider = provider.scopes(["offline_access", "Contacts.ReadWrite"]);
    provider.own_scopes = vec!["https://graph.example.com/.default".to_owned()];
    provider
}

/// An app at an authority, the wire between them, and the app's clock.
pub struct Set {
    pub authority: Arc<Authority>,
    pub wire: Arc<InProcess>,
    pub hands: Hands,
    pub app: App,
}

pub fn set(authority: Authority) -> Set {
    with(authority, provider(), None)
}

pub fn with(authority: Authority, provider: Provider, secret: Option<&str>) -> Set {
    let (authority, hands) = (Arc::new(authority), Hands::default());
    let serving = authority.clone();
    let wire = Arc::new(InProcess::serving(move |request| serving.serve(request)));
    let app = App::new(provider, "app", secret.map(Secret::from), wire.clone(), Arc::new(hands.clone()), Arc::new(Counting::default()));
    Set { authority, wire, hands, app: app.unwrap() }
}
