//! The stand-in for Microsoft Graph as a far side: a mailbox is a service with one user, whose other program writes over a
//! connector of its own and leaves no marks.

use super::far::{FarSide, Item, Mailbox, address_of, repository};
use futures::executor::block_on;
use pimkit::{
    Clock, CollectionId, Connector, Fetched, ItemId, Kind, Mark, Notify, Outcome, Sharing, Value, Write, WriteOptions,
    graph::{Config, Graph},
    http::{Bearer, Broken, InProcess, Secret},
};
use pimkit_contract::{FakeClock, SeededChance};
use pimkit_simulators::{Cut, Fault, FaultPlan, FaultRule, Graph as Simulator};
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

/// Somebody else of the organisation, who invites.
const BOSS: &str = "boss@elsewhere.example";

/// What an ordinary user of an organisation consents to, without an administrator: the own mailbox, what others share, and the
/// names of the organisation's people (<https://learn.microsoft.com/graph/permissions-reference>).
const ORDINARY: [&str; 8] = [
    "User.Read",
    "User.ReadBasic.All",
    "Contacts.ReadWrite",
    "Contacts.ReadWrite.Shared",
    "Calendars.ReadWrite",
    "Calendars.ReadWrite.Shared",
    "Tasks.ReadWrite",
    "MailboxSettings.ReadWrite",
];

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
    /// What was mailed before what its users did by hand: they mail as they like.
    mailed: Arc<Mutex<Vec<String>>>,
    /// The organiser's own event of each copy.
    originals: Arc<Mutex<BTreeMap<ItemId, ItemId>>>,
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
        let own = address_of(user);
        let simulator = Simulator::builder().seed(7).user(&own, "token").user(BOSS, "of the boss").grant("token", &own, Some(&ORDINARY));
        let simulator = simulator.clock(Arc::new(move || time.now())).build();
        Self {
            simulator,
            user: user.to_owned(),
            clock: clock.clone(),
            made: Arc::default(),
            mailed: Arc::default(),
            originals: Arc::default(),
        }
    }

    /// Where an item is, below the user.
    fn path<R: Item>(&self, id: &ItemId) -> String {
        let own = address_of(&self.user);
        match R::KIND {
            Kind::Event => format!("events/{id}"),
            Kind::Task => {
                let lists = self.simulator.list(&own, "todo/lists");
                let paths = lists.iter().filter_map(|list| Some(format!("todo/lists/{}/tasks/{id}", list["id"].as_str()?)));
                paths.into_iter().find(|path| self.simulator.get(&own, path).is_some()).unwrap()
            }
            _ => format!("contacts/{id}"),
        }
    }

    /// Another program than the engine's leaves no marks.
    fn unmark<R: Item>(&self, id: &ItemId) {
        let (own, path) = (address_of(&self.user), self.path::<R>(id));
        if R::KIND == Kind::Task {
            for link in self.simulator.list(&own, &format!("{path}/linkedResources")) {
                assert!(self.simulator.delete(&own, &format!("{path}/linkedResources/{}", link["id"].as_str().unwrap())));
            }
            return;
        }
        let without = json!({"singleValueExtendedProperties": [{"id": MARK, "value": null}]});
        assert!(self.simulator.change(&own, &path, &without), "{id} is not taken");
    }

    /// The account of somebody.
    fn account(&self, address: &str, token: &str) -> Graph {
        let config = Config::new("https://graph.example.com/v1.0").account(format!("graph-{}", self.user)).address(address);
        self.opened(config, token)
    }

    fn opened(&self, config: Config, token: &str) -> Graph {
        let simulator = self.simulator.clone();
        let wire = InProcess::serving(move |request| {
            simulator.answer_now(&request).map_err(|cut| match cut {
                Cut::Reset => Broken::Reset,
                Cut::Truncated { head, body_so_far } => Broken::Truncated(Box::new(head.map(|()| body_so_far))),
            })
        });
        let opening = Graph::builder(config, Arc::new(wire), Arc::new(self.clock.clone()), Arc::new(SeededChance::new(1)));
        opening.auth(Arc::new(Bearer::fixed(Secret::new(token)))).open().unwrap()
    }

    /// Something that a user does, whose mails are the user's own.
    fn by_hand<T>(&self, act: impl FnOnce() -> T) -> T {
        self.mailed.lock().unwrap().extend(self.sent());
        self.simulator.reset_outbox();
        let done = act();
        self.simulator.reset_outbox();
        done
    }

    fn sent(&self) -> Vec<String> {
        self.simulator.outbox().into_iter().map(|mail| format!("{:?} of {} to {}", mail.method, mail.uid, mail.to)).collect()
    }

    fn make<R: Item>(&self, account: &Graph, collection: &CollectionId, record: R) -> ItemId {
        let mark = Mark::from(format!("by-hand-{}", self.made.fetch_add(1, Ordering::Relaxed)));
        let uid = record.uid().map_or_else(|| format!("{}-{mark}", self.user), str::to_owned);
        let record = record.with(&[("uid".into(), uid.into())].into()).unwrap();
        let options = WriteOptions::default().notify(Notify::Attendees);
        let items = repository::<R>(account);
        let outcome = block_on(items.write(collection, vec![Write::Create { mark, record }], &options)).pop();
        let Some(Outcome::Written { id, .. }) = outcome else { panic!("{outcome:?}") };
        id
    }

    fn revise<R: Item>(&self, account: &Graph, id: &ItemId, set: impl FnOnce(&mut R)) {
        let items = repository::<R>(account);
        let mut there = None;
        for collection in block_on(items.collections()).unwrap() {
            if let Some(Fetched::Found(stored)) = block_on(items.fetch(&collection.id, std::slice::from_ref(id))).pop() {
                there = Some((collection.id, *stored));
                break;
            }
        }
        let (collection, stored) = there.unwrap();
        let mut target = stored.record.clone();
        set(&mut target);
        let write = Write::Update {
            id: id.clone(),
            revision: stored.revision,
            base: Box::new(stored.record),
            target: Box::new(target),
            mark: None,
        };
        let options = WriteOptions::default().notify(Notify::Attendees);
        let outcome = block_on(items.write(&collection, vec![write], &options)).pop();
        assert!(matches!(&outcome, Some(Outcome::Written { left_out, .. }) if left_out.is_empty()), "{outcome:?}");
    }

    /// The boss invites this mailbox's user, who answers as the record says.
    fn invited<R: Item>(&self, mut record: R) -> ItemId {
        let own = address_of(&self.user);
        let boss = self.account(BOSS, "of the boss");
        let Some(Value::Array(mut guests)) = record.get("participants") else { panic!("a meeting has guests") };
        let answer = guests.iter().find(|guest| guest["address"] == own.as_str()).and_then(|guest| guest["participationStatus"].as_str());
        let answer = answer.map(str::to_owned);
        if !guests.iter().any(|guest| guest["address"] == own.as_str()) {
            guests.push(json!({"address": own}));
            record = record.with(&[("participants".into(), guests.into())].into()).unwrap();
        }
        let before = self.simulator.list(&own, "events");
        let calendar = block_on(repository::<R>(&boss).collections()).unwrap()[0].id.clone();
        let original = self.make(&boss, &calendar, record);
        let copy = self.simulator.list(&own, "events").into_iter().find(|event| before.iter().all(|b| b["id"] != event["id"])).unwrap();
        let copy = copy["id"].as_str().unwrap().to_owned();
        let action = match answer.as_deref() {
            Some("accepted") => Some("accept"),
            Some("tentative") => Some("tentativelyAccept"),
            _ => None,
        };
        if let Some(action) = action {
            let (status, _) = self.simulator.act(&own, "POST", &format!("events/{copy}/{action}"), Some(&json!({"sendResponse": false})));
            assert_eq!(status, 202);
        }
        let copy = ItemId::from(copy);
        self.originals.lock().unwrap().insert(copy.clone(), original);
        copy
    }
}

impl Mailbox for Outlook {
    fn connector(&self) -> Arc<dyn Connector> {
        Arc::new(self.account(&address_of(&self.user), "token"))
    }

    fn put<R: Item>(&self, collection: &CollectionId, record: R) -> ItemId {
        let organizer = record.get("organizer").and_then(|organizer| organizer["address"].as_str().map(str::to_owned));
        if organizer.is_some_and(|organizer| organizer != address_of(&self.user)) {
            return self.by_hand(|| self.invited(record));
        }
        self.by_hand(|| {
            let id = self.make(&self.account(&address_of(&self.user), "token"), collection, record);
            self.unmark::<R>(&id);
            id
        })
    }

    fn edit<R: Item>(&self, id: &ItemId, set: impl FnOnce(&mut R)) {
        let original = self.originals.lock().unwrap().get(id).cloned();
        self.by_hand(|| match original {
            // What its organiser changes, changes the copies.
            Some(original) => self.revise(&self.account(BOSS, "of the boss"), &original, set),
            None => self.revise(&self.account(&address_of(&self.user), "token"), id, set),
        });
    }

    fn delete<R: Item>(&self, id: &ItemId) {
        self.by_hand(|| assert!(self.simulator.delete(&address_of(&self.user), &self.path::<R>(id)), "{id} is not there"));
    }

    fn outbox(&self) -> Vec<String> {
        self.mailed.lock().unwrap().iter().cloned().chain(self.sent()).collect()
    }

    /// The boss lets the user at the own mailbox. Public folders are not in Graph.
    fn foreign<R: Item>(&self, sharing: Sharing, record: R) -> Option<(Arc<dyn Connector>, CollectionId)> {
        if sharing != Sharing::Shared {
            return None;
        }
        let boss = self.account(BOSS, "of the boss");
        let folder = block_on(repository::<R>(&boss).collections()).unwrap()[0].id.clone();
        self.by_hand(|| self.make(&boss, &folder, record));
        assert!(self.simulator.share(BOSS, &address_of(&self.user), true));
        let config = Config::new("https://graph.example.com/v1.0").account("graph-of-the-boss").address(BOSS).mailbox(BOSS);
        Some((Arc::new(self.opened(config, "token")), folder))
    }

    fn break_categories(&self, broken: bool) {
        let refused = Fault::Status { code: 503, retry_after: None, body: String::new() };
        let rule = FaultRule::on("GET", refused).at("masterCategories");
        self.simulator.set_faults(if broken { FaultPlan { seed: 1, rules: vec![rule] } } else { FaultPlan::default() });
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
}
