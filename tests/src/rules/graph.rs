//! The stand-in for Microsoft Graph as a far side: a mailbox is a service with one user, whose other program writes over a
//! connector of its own and leaves no marks.

use super::far::{FarSide, Item, Mailbox, address_of, repository};
use futures::executor::block_on;
use pimkit::{
    Clock, CollectionId, Connector, Fetched, ItemId, Kind, Mark, Outcome, Write, WriteOptions,
    graph::{Config, Graph},
    http::{Bearer, Broken, InProcess, Secret},
};
use pimkit_contract::{FakeClock, SeededChance};
use pimkit_simulators::{Cut, Graph as Simulator};
use serde_json::json;
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

/// The property in which the connector keeps its marks.
const MARK: &str = "String {6e31f0cc-c033-4411-aca9-852d9bedaaaf} Name pimkit.mark";

/// Microsoft 365, with an organisation for each user.
#[derive(Debug)]
pub struct Microsoft365 {
    clock: FakeClock,
    mailboxes: Mutex<BTreeMap<String, Outlook>>,
}

/// A mailbox.
#[derive(Clone, Debug)]
pub struct Outlook {
    simulator: Simulator,
    user: String,
    clock: FakeClock,
    made: Arc<AtomicU64>,
}

impl FarSide for Microsoft365 {
    const NAME: &'static str = "graph";
    type Mailbox = Outlook;

    fn open(clock: &FakeClock) -> Self {
        Self { clock: clock.clone(), mailboxes: Mutex::default() }
    }

    fn mailbox(&self, user: &str) -> Outlook {
        let make = || Outlook::new(user, &self.clock);
        self.mailboxes.lock().unwrap().entry(user.to_owned()).or_insert_with(make).clone()
    }
}

impl Outlook {
    fn new(user: &str, clock: &FakeClock) -> Self {
        let time = clock.clone();
        let simulator = Simulator::builder().seed(7).user(&address_of(user), "token").clock(Arc::new(move || time.now())).build();
        Self { simulator, user: user.to_owned(), clock: clock.clone(), made: Arc::default() }
    }

    /// Where items of a kind are, below the user.
    fn path<R: Item>(id: &ItemId) -> String {
        let of = match R::KIND {
            Kind::Event => "events",
            _ => "contacts",
        };
        format!("{of}/{id}")
    }

    fn where_it_is<R: Item>(&self, id: &ItemId) -> (CollectionId, pimkit::Stored<R>) {
        let items = repository::<R>(self.connector().as_ref());
        for collection in block_on(items.collections()).unwrap() {
            if let Some(Fetched::Found(stored)) = block_on(items.fetch(&collection.id, std::slice::from_ref(id))).pop() {
                return (collection.id, *stored);
            }
        }
        panic!("{id} is not there")
    }
}

impl Mailbox for Outlook {
    fn connector(&self) -> Arc<dyn Connector> {
        let simulator = self.simulator.clone();
        let wire = InProcess::serving(move |request| {
            simulator.answer_now(&request).map_err(|cut| match cut {
                Cut::Reset => Broken::Reset,
                Cut::Truncated { head, body_so_far } => Broken::Truncated(Box::new(head.map(|()| body_so_far))),
            })
        });
        let config = Config::new("https://graph.example.com/v1.0").account(format!("graph-{}", self.user)).address(address_of(&self.user));
        let opening = Graph::builder(config, Arc::new(wire), Arc::new(self.clock.clone()), Arc::new(SeededChance::new(1)));
        Arc::new(opening.auth(Arc::new(Bearer::fixed(Secret::new("token")))).open().unwrap())
    }

    fn put<R: Item>(&self, collection: &CollectionId, record: R) -> ItemId {
        let mark = Mark::from(format!("by-hand-{}", self.made.fetch_add(1, Ordering::Relaxed)));
        let uid = record.uid().map_or_else(|| format!("{}-{mark}", self.user), str::to_owned);
        let record = record.with(&[("uid".into(), uid.into())].into()).unwrap();
        let items = repository::<R>(self.connector().as_ref());
        let outcome = block_on(items.write(collection, vec![Write::Create { mark, record }], &WriteOptions::default())).pop();
        let Some(Outcome::Written { id, .. }) = outcome else { panic!("{outcome:?}") };
        // Another program than the engine's has no marks.
        let without = json!({"singleValueExtendedProperties": [{"id": MARK, "value": null}]});
        assert!(self.simulator.change(&address_of(&self.user), &Self::path::<R>(&id), &without), "{id} is not taken");
        id
    }

    fn edit<R: Item>(&self, id: &ItemId, set: impl FnOnce(&mut R)) {
        let (collection, stored) = self.where_it_is::<R>(id);
        let mut target = stored.record.clone();
        set(&mut target);
        let write = Write::Update {
            id: id.clone(),
            revision: stored.revision,
            base: Box::new(stored.record),
            target: Box::new(target),
            mark: None,
        };
        let items = repository::<R>(self.connector().as_ref());
        let outcome = block_on(items.write(&collection, vec![write], &WriteOptions::default())).pop();
        assert!(matches!(&outcome, Some(Outcome::Written { left_out, .. }) if left_out.is_empty()), "{outcome:?}");
    }

    fn delete<R: Item>(&self, id: &ItemId) {
        assert!(self.simulator.delete(&address_of(&self.user), &Self::path::<R>(id)), "{id} is not there");
    }

    fn home<R: Item>(&self) -> CollectionId {
        let collections = block_on(repository::<R>(self.connector().as_ref()).collections()).unwrap();
        collections.into_iter().map(|c| c.id).next().unwrap()
    }

    /// As Outlook does it: the category stays the same one, and so do its items.
    fn rename_category<R: Item>(&self, from: &str, to: &str) {
        assert!(self.simulator.rename_category(&address_of(&self.user), from, to), "there is no {from}");
        self.rename_keyword::<R>(from, to);
    }

    fn outbox(&self) -> Vec<String> {
        self.simulator.outbox().into_iter().map(|mail| format!("{:?} of {} to {}", mail.method, mail.uid, mail.to)).collect()
    }
}
