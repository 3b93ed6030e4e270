//! Every public future can be spawned, and a glob import changes nobody's bounds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use pimkit::{
    local::{Local, Options},
    state_sqlite::SqliteState,
    sync::{Engine, Pair, Plan},
    vdir::Vdir,
    *,
};
use std::sync::Arc;

/// Compiles only while `Send`, `Sync` and `Result` mean what they mean everywhere.
fn bounds<T: Send + Sync + 'static>(_: &T) -> std::result::Result<(), std::fmt::Error> {
    std::result::Result::Ok(())
}

fn sendable<F: Future + Send>(_: &F) {}

#[test]
fn everything_public_may_cross_threads() {
    fn both<T: Send + Sync + 'static>() {}
    both::<Engine>();
    both::<Pair<Contact>>();
    both::<Plan>();
    both::<Lease>();
    both::<Error>();
    both::<Local>();
    both::<Vdir>();
    both::<SqliteState>();
    both::<Arc<dyn Connector>>();
    both::<Arc<dyn Repository<Event>>>();
    both::<Arc<dyn State>>();
    both::<Write<Task>>();
    both::<Outcome<Task>>();
    assert!(bounds(&7).is_ok());
}

#[tokio::test]
async fn every_future_of_a_pair_can_be_spawned() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("cards/home")).unwrap();
    let crm: Arc<dyn Connector> = Arc::new(Local::open(dir.path().join("crm.db"), Options::default()).unwrap());
    let cards: Arc<dyn Connector> = Arc::new(Vdir::open(dir.path().join("cards"), vdir::Config::default()).unwrap());
    let engine = Engine::new(Arc::new(SqliteState::open(dir.path().join("sync.db")).unwrap()));
    let pair = engine.pair::<Contact>("people", crm, cards).build().unwrap();
    let planning = pair.plan();
    sendable(&planning);
    let plan = planning.await.unwrap();
    let applying = pair.apply(plan);
    sendable(&applying);
    applying.await.unwrap();
    let running = pair.run();
    sendable(&running);
    running.await.unwrap();
    let again = pair.clone();
    assert_eq!(tokio::spawn(async move { again.run().await.map(|r| r.sync.writes()) }).await.unwrap().unwrap(), 0);
}

#[tokio::test]
async fn a_connector_made_of_layers_is_a_connector() {
    let dir = tempfile::tempdir().unwrap();
    let crm: Arc<dyn Connector> = Arc::new(Local::open(dir.path().join("crm.db"), Options::default()).unwrap());
    let readonly = Layered::new(crm, ReadOnly);
    let contacts = readonly.contacts().unwrap();
    let home = contacts.collections().await.unwrap().remove(0);
    assert!(!home.capabilities.write);
    let write = Write::Create { mark: Mark::from("m"), record: Contact::build(|c| c.name.full = Some("Ada".into())) };
    let outcome = contacts.write(&home.id, vec![write], &WriteOptions::default()).await;
    assert!(matches!(&outcome[..], [Outcome::Refused(e)] if e.kind() == ErrorKind::Unavailable), "{outcome:?}");
}
