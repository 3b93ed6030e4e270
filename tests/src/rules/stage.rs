//! The stage of a rule test: an app with users, their mailboxes, and syncs between them.

use super::{
    far::{FarSide, Item, Mailbox, address_of, everything},
    people::{Named, names},
};
use futures::executor::block_on;
use pimkit::{
    CollectionId, Connector, Contact, ErrorKind, ItemId, Record, Result, Role, State, Stored, User,
    local::{AppUser, Local, Options, UserRole},
    sync::{Consent, Container, Engine, FieldPair, Offered, Pair, Policy, Report},
};
use pimkit_contract::{FakeClock, SeededChance};
use std::{future::Future, io::Write as _, marker::PhantomData, sync::Arc, time::Duration};

/// An app, a far side, and what the engine remembers.
#[derive(Debug)]
pub struct Stage<F: FarSide> {
    /// The time of everything on the stage.
    pub clock: FakeClock,
    /// The app, for the owner of its file: who may do everything.
    pub app: Local,
    /// The provider.
    pub far: F,
    state: Arc<dyn State>,
    chance: SeededChance,
    rule: &'static str,
}

/// What something of the app's own interface comes to.
///
/// # Panics
/// When it fails.
pub fn done<T>(work: impl Future<Output = Result<T>>) -> T {
    block_on(work).unwrap()
}

impl<F: FarSide> Stage<F> {
    /// An empty stage for the rule of this id.
    #[must_use]
    pub fn new(rule: &'static str) -> Self {
        let clock = F::clock();
        let app = Local::in_memory(Options::default().account("crm").clock(Arc::new(clock.clone()))).unwrap();
        let far = F::open(&clock);
        Self { state: far.state(), chance: SeededChance::new(1), clock, app, far, rule }
    }

    /// A user of the app.
    pub fn user(&self, name: &str, role: UserRole, team: Option<&str>) -> Desk {
        let user = AppUser { name: name.to_owned(), role, team: team.map(str::to_owned), emails: vec![address_of(name)] };
        done(self.app.put_user(&user));
        Desk { local: self.app.acting(name).unwrap(), user: name.to_owned() }
    }

    /// What everything of a kind in the app is called, whoever sees it; sorted.
    pub fn everything<R: Record + Named>(&self) -> Vec<String> {
        names(&everything::<R>(&self.app)).into_iter().map(str::to_owned).collect()
    }

    /// The one user that most rules need.
    pub fn ann(&self) -> Desk {
        self.user("ann", UserRole::Member, None)
    }

    /// That user, with a sync under a named profile.
    pub fn set_up<R: Item>(&self, profile: &str) -> (Desk, Sync<'_, F, R>) {
        let ann = self.ann();
        let sync = self.sync(&ann, profile);
        (ann, sync)
    }

    /// A sync between a user's view of the app and the user's mailbox, under a named profile.
    pub fn sync<R: Item>(&self, desk: &Desk, profile: &str) -> Sync<'_, F, R> {
        let mailbox = self.far.mailbox(&desk.user);
        Sync {
            stage: self,
            name: format!("{} of {}", R::KIND.plural(), desk.user),
            desk: desk.clone(),
            hub: desk.local.clone(),
            collections: None,
            left_collections: Vec::new(),
            mailbox,
            shown: None,
            policy: Policy::profile(profile).unwrap(),
            fields: Vec::new(),
            mails: false,
            kind: PhantomData,
        }
    }

    /// Brings the users of the organisation's directory, as a mailbox's account sees it, into the app, under a profile; for whoever
    /// runs the app. Nothing where the account has no directory.
    pub fn import(&self, mailbox: &F::Mailbox, profile: &str) -> Option<Result<()>> {
        let connector = mailbox.connector();
        connector.users()?;
        self.wait(60);
        let mut policy = Policy::profile(profile).unwrap();
        // A directory is only read, and its people are everybody's.
        for (key, word) in [("direction", "to_left"), ("container", "selected"), ("teardown", "leave"), ("scope", "all")] {
            policy.set(key, word).unwrap();
        }
        let pair = self.engine().pair::<User>("users", Arc::new(self.app.clone()), connector).app(Arc::new(self.app.clone()));
        let report = pair.policy(policy).build().and_then(|pair| block_on(pair.run()));
        self.wait(60);
        shown("users", &report);
        Some(report.map(|_| ()))
    }

    fn engine(&self) -> Engine {
        Engine::new(self.state.clone()).clock(Arc::new(self.clock.clone())).chance(Arc::new(self.chance.clone()))
    }

    /// Time passes.
    pub fn wait(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Forgets everything that the engine knows: the sync was deleted with its state.
    pub fn forget(&mut self) {
        self.state = Arc::new(pimkit_contract::state::MemoryState::new());
    }

    /// Whether the mailbox has a list of categories. Where it has none, that must be what its connector declares; it is a skip.
    ///
    /// # Panics
    /// When what is declared is not what is there.
    pub fn has_categories(&self, mailbox: &F::Mailbox) -> bool {
        let listed = mailbox.categories::<Contact>();
        let declared = mailbox.connector().info().roles.contains(&Role::Categories);
        assert_eq!(listed.is_ok(), declared, "what is declared is there, and nothing else: {listed:?}");
        if let Err(error) = listed {
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
            self.skip("no list of categories");
            return false;
        }
        true
    }

    /// Says, past the capture of test output, that the far side lacks what the rule is about. `cargo xtask tally` counts it.
    pub fn skip(&self, lacks: &str) {
        // Nobody to tell is no reason to fail.
        let _ = std::io::stderr().write_all(format!("skipped: {} over {}: {lacks}\n", self.rule, F::NAME).as_bytes());
    }
}

/// A user at the app's own interface.
#[derive(Clone, Debug)]
pub struct Desk {
    /// The app, as the user sees it.
    pub local: Local,
    /// The user's name.
    pub user: String,
}

impl Desk {
    /// Makes a record.
    pub fn put<R: Record>(&self, collection: &str, record: R) -> ItemId {
        done(self.local.create(&collection.into(), record)).id
    }

    /// Changes a record.
    pub fn edit<R: Record>(&self, id: &ItemId, set: impl FnOnce(&mut R) + Send) {
        done(self.local.edit(id, set));
    }

    /// Puts a record into the trash.
    pub fn delete<R: Record>(&self, id: &ItemId) {
        done(self.local.delete(R::KIND, id));
    }

    /// A record that is there.
    #[must_use]
    pub fn get<R: Record>(&self, id: &ItemId) -> R {
        done(self.local.get::<R>(id)).record
    }

    /// Every record of a kind that the user sees.
    #[must_use]
    pub fn items<R: Record>(&self) -> Vec<Stored<R>> {
        everything(&self.local)
    }

    /// The topics of the user's notices, oldest first.
    #[must_use]
    pub fn notices(&self) -> Vec<String> {
        done(self.local.notices()).into_iter().map(|notice| notice.topic).collect()
    }
}

/// A sync of one kind between a desk and a mailbox.
#[derive(Debug)]
pub struct Sync<'s, F: FarSide, R> {
    stage: &'s Stage<F>,
    desk: Desk,
    /// The user's mailbox.
    pub mailbox: F::Mailbox,
    /// What shows the far side, where that is not the mailbox itself.
    shown: Option<Arc<dyn Connector>>,
    name: String,
    policy: Policy,
    fields: Vec<FieldPair>,
    /// The user's own collection, or the sync's own one, when nobody says otherwise.
    collections: Option<Vec<String>>,
    left_collections: Vec<String>,
    hub: Local,
    mails: bool,
    kind: PhantomData<fn() -> R>,
}

impl<F: FarSide, R: Item> Sync<'_, F, R> {
    /// The same under another policy.
    #[must_use]
    pub fn with(mut self, set: impl FnOnce(&mut Policy)) -> Self {
        set(&mut self.policy);
        self
    }

    /// The same under another name: another sync.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// The same with a far side that something else than the user's own mailbox shows.
    #[must_use]
    pub fn through(mut self, connector: Arc<dyn Connector>) -> Self {
        self.shown = Some(connector);
        self
    }

    /// The same with these pairs of fields.
    #[must_use]
    pub fn fields(mut self, pairs: &[(&str, &str)]) -> Self {
        self.fields = pairs.iter().map(|(left, right)| FieldPair { left: (*left).into(), right: (*right).into() }).collect();
        self
    }

    /// The same over these collections of the mailbox; all when none is named.
    #[must_use]
    pub fn over(mut self, collections: &[&CollectionId]) -> Self {
        self.collections = Some(collections.iter().map(ToString::to_string).collect());
        self
    }

    /// The same over these collections of the app; all when none is named.
    #[must_use]
    pub fn of(mut self, collections: &[&str]) -> Self {
        self.left_collections = collections.iter().map(|c| (*c).to_owned()).collect();
        self
    }

    /// The same, whose connector shows the whole app: what the user may see is for the engine to ask.
    #[must_use]
    pub fn of_the_whole_app(mut self) -> Self {
        self.hub = self.stage.app.clone();
        self
    }

    /// The same, which writes to meetings with guests: where the provider mails unasked, it may, and the test says when it does.
    #[must_use]
    pub fn mailing(mut self) -> Self {
        self.mails = F::MAILS_UNASKED;
        self
    }

    fn pair(&self) -> Result<Pair<R>> {
        let engine = self.stage.engine();
        let far = self.shown.clone().unwrap_or_else(|| self.mailbox.connector());
        let usual = || if self.policy.container == Container::Dedicated { Vec::new() } else { vec![self.mailbox.home::<R>().to_string()] };
        engine
            .pair::<R>(&self.name, Arc::new(self.hub.clone()), far)
            .app(Arc::new(self.desk.local.clone()))
            .policy(self.policy.clone())
            .fields(self.fields.clone())
            .collections(self.collections.clone().unwrap_or_else(usual))
            .left_collections(self.left_collections.clone())
            .home("kind", "org".into(), "companies")
            .build()
    }

    /// Something that the engine does, some time after whatever was before it. Nobody is mailed for it, whatever the provider is
    /// like, but for a sync that says that it is [`mailing`](Self::mailing).
    fn act<T: Future<Output = Result<Report>>>(&self, act: impl FnOnce(Pair<R>) -> T) -> Result<()> {
        self.stage.wait(60);
        let report = self.pair().and_then(|pair| block_on(act(pair)));
        self.stage.wait(60);
        shown(&self.name, &report);
        assert!(self.mails || self.mailbox.outbox().is_empty(), "somebody is mailed: {:?}", self.mailbox.outbox());
        report.map(|_| ())
    }

    /// What set-up offers its user to pick.
    ///
    /// # Errors
    /// What the far side says.
    pub fn offered(&self) -> Result<Offered> {
        self.pair().and_then(|pair| block_on(pair.offered_categories()))
    }

    /// One run.
    ///
    /// # Errors
    /// What the engine says.
    pub fn try_run(&self) -> Result<()> {
        self.act(|pair| async move { pair.run().await })
    }

    /// A run of a sync that has ended, as a scheduler would still start it: whatever it answers.
    pub fn rest(&self) {
        let _ = self.try_run();
    }

    /// The user switches the sync off, and agrees to what that takes away.
    ///
    /// # Panics
    /// When the engine refuses.
    pub fn disable(&self) {
        self.act(|pair| async move { pair.disable(Consent::Given, None).await }).unwrap();
    }

    /// The user asks to switch the sync off, and has not yet agreed to what that takes away.
    ///
    /// # Panics
    /// When the engine refuses.
    pub fn ask_to_disable(&self) {
        self.act(|pair| async move { pair.disable(Consent::Asked, None).await }).unwrap();
    }

    /// One run that must come to its end.
    ///
    /// # Panics
    /// When it does not.
    pub fn run(&self) {
        self.try_run().unwrap();
    }
}

/// For whoever reads a failed test; the rules themselves never look.
#[allow(clippy::print_stdout, reason = "cargo shows what a test prints when it fails")]
fn shown(name: &str, report: &Result<Report>) {
    println!("{name}: {report:?}");
}
