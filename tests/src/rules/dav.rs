//! Simulated DAV servers as a far side: a mailbox is a server with one user, whose other program writes files behind the wire.

use super::far::{FarSide, Item, Mailbox, address_of, repository};
use futures::executor::block_on;
use pimkit::{
    Clock, CollectionId, Connector, Fetched, ItemId, Kind, Outcome, Value, Write, WriteOptions,
    dav::{Config, Dav, Groups},
    formats::{Authoring, GroupModel, InlineBlobs},
    http::{Basic, Broken, InProcess, Secret},
};
use pimkit_contract::{FakeClock, SeededChance};
use pimkit_simulators::{Challenge, Cut, Dav as Simulator, Fault, FaultPlan, FaultRule, Personality};
use std::{
    collections::BTreeMap,
    fmt::Debug,
    marker::PhantomData,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

/// Which server it is.
pub trait Character: Clone + Debug + 'static {
    /// What it is called in skips.
    const NAME: &'static str;
    /// Its switches.
    fn personality() -> Personality;
    /// What groups of contacts are for its users.
    const GROUPS: Groups = Groups::Cards;
}

/// Radicale: no scheduling, bodies rewritten.
#[derive(Clone, Debug)]
pub struct Radicale;
/// sabre/dav: mails the guests of what is stored, unless it is told not to.
#[derive(Clone, Debug)]
pub struct Sabre;
/// Cyrus: bodies kept, a UID once for each user, listings in pages.
#[derive(Clone, Debug)]
pub struct Cyrus;
/// Cyrus with Apple's group cards, which are categories.
#[derive(Clone, Debug)]
pub struct Grouped;
/// SOGo: mails whatever it is told.
#[derive(Clone, Debug)]
pub struct Sogo;

impl Character for Radicale {
    const NAME: &'static str = "dav (Radicale)";
    fn personality() -> Personality {
        Personality::radicale()
    }
}
impl Character for Sabre {
    const NAME: &'static str = "dav (sabre)";
    fn personality() -> Personality {
        Personality::sabre()
    }
}
impl Character for Cyrus {
    const NAME: &'static str = "dav (Cyrus)";
    fn personality() -> Personality {
        Personality::cyrus()
    }
}
impl Character for Grouped {
    const NAME: &'static str = "dav (Cyrus, groups as categories)";
    fn personality() -> Personality {
        Personality::cyrus()
    }
    const GROUPS: Groups = Groups::Categories;
}
impl Character for Sogo {
    const NAME: &'static str = "dav (SOGo)";
    fn personality() -> Personality {
        Personality::sogo()
    }
}

/// Servers of one character, one for each user.
#[derive(Debug)]
pub struct Servers<C> {
    clock: FakeClock,
    mailboxes: Mutex<BTreeMap<String, Server<C>>>,
}

/// A server with one user.
#[derive(Clone, Debug)]
pub struct Server<C> {
    simulator: Simulator,
    user: String,
    clock: FakeClock,
    homes: [CollectionId; 3],
    made: Arc<AtomicU64>,
    character: PhantomData<C>,
}

impl<C: Character> FarSide for Servers<C> {
    const NAME: &'static str = C::NAME;
    type Mailbox = Server<C>;

    fn open(clock: &FakeClock) -> Self {
        Self { clock: clock.clone(), mailboxes: Mutex::default() }
    }

    fn mailbox(&self, user: &str) -> Server<C> {
        let make = || Server::new(user, &self.clock);
        self.mailboxes.lock().unwrap().entry(user.to_owned()).or_insert_with(make).clone()
    }
}

impl<C: Character> Server<C> {
    fn new(user: &str, clock: &FakeClock) -> Self {
        let mut personality = C::personality();
        personality.login.challenges = vec![Challenge::Basic];
        // What the server gives an account on its own would be one more place to look at.
        (personality.layout.calendars, personality.layout.books) = (Vec::new(), Vec::new());
        let time = clock.clone();
        let simulator = Simulator::builder(personality).user(user, "secret").clock(Arc::new(move || time.now())).build();
        let homes = [
            simulator.make_addressbook(user, "contacts"),
            simulator.make_calendar(user, "events", &["VEVENT"]),
            simulator.make_calendar(user, "tasks", &["VTODO"]),
        ];
        let homes = homes.map(|home| CollectionId::from(home.unwrap()));
        let made = Arc::default();
        Self { simulator, user: user.to_owned(), clock: clock.clone(), homes, made, character: PhantomData }
    }

    fn habits(&self) -> Authoring {
        Authoring::new(self.clock.now(), "-//A user//1.0//EN")
    }

    fn save(&self, path: &str, bytes: Vec<u8>) {
        let text = String::from_utf8(bytes).unwrap();
        assert!(self.simulator.put(path, &text).is_some(), "{path} is not taken: {text}");
    }
}

impl<C: Character> Server<C> {
    /// A user whose program shows groups as categories edits an item.
    fn edit_with_groups<R: Item>(&self, id: &ItemId, set: impl FnOnce(&mut R)) {
        let items = repository::<R>(self.connector().as_ref());
        let home = CollectionId::from(&id.as_str()[..=id.as_str().rfind('/').unwrap()]);
        let Some(Fetched::Found(stored)) = block_on(items.fetch(&home, std::slice::from_ref(id))).pop() else {
            panic!("{id} is not there")
        };
        let mut target = stored.record.clone();
        set(&mut target);
        let write = Write::Update {
            id: id.clone(),
            revision: stored.revision,
            base: Box::new(stored.record),
            target: Box::new(target),
            mark: None,
        };
        let outcome = block_on(items.write(&home, vec![write], &WriteOptions::default())).pop();
        assert!(matches!(&outcome, Some(Outcome::Written { left_out, .. }) if left_out.is_empty()), "{outcome:?}");
    }
}

impl<C: Character> Mailbox for Server<C> {
    fn connector(&self) -> Arc<dyn Connector> {
        let simulator = self.simulator.clone();
        let wire = InProcess::serving(move |request| {
            simulator.answer_now(&request).map_err(|cut| match cut {
                Cut::Reset => Broken::Reset,
                Cut::Truncated { head, body_so_far } => Broken::Truncated(Box::new(head.map(|()| body_so_far))),
            })
        });
        let config =
            Config::new("http://localhost/").account(format!("dav-{}", self.user)).user(&self.user).address(address_of(&self.user));
        let config = config.groups(C::GROUPS).group_model(GroupModel::Apple);
        let auth = Basic::new(&self.user, &Secret::new("secret")).unwrap();
        let opening = Dav::builder(config, Arc::new(wire), Arc::new(self.clock.clone()), Arc::new(SeededChance::new(1)));
        Arc::new(opening.auth(Arc::new(auth)).open().unwrap())
    }

    fn put<R: Item>(&self, collection: &CollectionId, record: R) -> ItemId {
        let name = format!("own-{}.{}", self.made.fetch_add(1, Ordering::Relaxed), R::EXTENSION);
        let uid = record.uid().map_or_else(|| format!("{}-{name}", self.user), str::to_owned);
        let record = record.with(&[("uid".into(), Value::from(uid))].into()).unwrap();
        let path = format!("{collection}{name}");
        self.save(&path, R::author(&record, &self.habits(), &InlineBlobs::new()).unwrap());
        ItemId::from(path)
    }

    fn edit<R: Item>(&self, id: &ItemId, set: impl FnOnce(&mut R)) {
        if C::GROUPS == Groups::Categories && R::KIND == Kind::Contact {
            return self.edit_with_groups(id, set);
        }
        let (_, text) = self.simulator.get(id.as_str()).unwrap();
        let base = R::read(text.as_bytes()).unwrap();
        let mut target = base.clone();
        set(&mut target);
        self.save(id.as_str(), R::patch(text.as_bytes(), &base, &target, &self.habits(), &InlineBlobs::new()).unwrap());
    }

    fn delete<R: Item>(&self, id: &ItemId) {
        assert!(self.simulator.delete(id.as_str()), "{id} is not there");
    }

    fn outbox(&self) -> Vec<String> {
        self.simulator.outbox().into_iter().map(|mail| format!("{:?} of {} to {}", mail.method, mail.uid, mail.to)).collect()
    }

    fn break_categories(&self, broken: bool) {
        assert!(C::GROUPS == Groups::Categories, "there is no list");
        let rule = FaultRule::always(Fault::Status { code: 503, retry_after: None, body: String::new() });
        self.simulator.set_faults(if broken { FaultPlan { seed: 1, rules: vec![rule] } } else { FaultPlan::default() });
    }

    /// The lines about guests of what the user stored are the user's own: a server that mails then mails for them.
    fn keeps_silent_of_own<R: Item>(&self, collection: &CollectionId) -> bool {
        self.keeps_silent::<R>(collection) && !C::personality().scheduling.automatic
    }

    fn home<R: Item>(&self) -> CollectionId {
        let [contacts, events, tasks] = &self.homes;
        match R::KIND {
            Kind::Event => events.clone(),
            Kind::Task => tasks.clone(),
            _ => contacts.clone(),
        }
    }
}
