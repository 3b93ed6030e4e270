//! The in-memory provider as a far side, with one of its characters.

use super::far::{FarSide, Item, Mailbox, address_of};
use pimkit::{CollectionId, Connector, Field, ItemId, Sharing, Stored};
use pimkit_contract::{
    FakeClock, Worst, WorstOptions,
    worst::{Failure, Fault, FaultPlan, Operation},
};
use std::{
    collections::BTreeMap,
    fmt::Debug,
    marker::PhantomData,
    sync::{Arc, Mutex, PoisonError},
};

/// What an in-memory provider is like.
pub trait Character: Debug + Default {
    /// What the provider is called in skips.
    const NAME: &'static str;
    /// As [`FarSide::MAILS_UNASKED`].
    const MAILS_UNASKED: bool = false;
    /// Its switches.
    fn options() -> WorstOptions;
}

/// As one would wish it, with a list of categories.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kind;

/// Kind, but without a list of categories, for good.
#[derive(Clone, Copy, Debug, Default)]
pub struct WithoutCategories;

/// Ids of the server's, no marks, listings of ids, pages of three, two requests for a write, lines that repeat, and no
/// relations between contacts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nasty;

/// Kind, but every write to a meeting with guests mails them, whatever the connector asks for.
#[derive(Clone, Copy, Debug, Default)]
pub struct MailsUnasked;

/// As [`MailsUnasked`], and the connector knows it: what would mail somebody is refused.
#[derive(Clone, Copy, Debug, Default)]
pub struct CannotKeepSilent;

impl Character for Kind {
    const NAME: &'static str = "worst (kind)";
    fn options() -> WorstOptions {
        WorstOptions::kind()
    }
}

impl Character for WithoutCategories {
    const NAME: &'static str = "worst (no categories)";
    fn options() -> WorstOptions {
        WorstOptions::only(&["no_categories", "for_good"]).unwrap()
    }
}

impl Character for Nasty {
    const NAME: &'static str = "worst (nasty)";
    fn options() -> WorstOptions {
        let switches = [
            "server_made_ids",
            "drops_marks",
            "lists_only",
            "not_incremental",
            "page_size",
            "repeats_lines",
            "two_calls",
            "answers_nothing",
        ];
        WorstOptions::only(&switches).unwrap().with(|o| o.hidden_fields = [Field::from("relatedTo")].into())
    }
}

impl Character for MailsUnasked {
    const NAME: &'static str = "worst (mails unasked)";
    const MAILS_UNASKED: bool = true;
    fn options() -> WorstOptions {
        WorstOptions::kind().with(|o| o.mails_unasked = true)
    }
}

impl Character for CannotKeepSilent {
    const NAME: &'static str = "worst (cannot keep silent)";
    fn options() -> WorstOptions {
        WorstOptions::only(&["cannot_keep_silent"]).unwrap().with(|o| o.mails_unasked = true)
    }
}

/// Mailboxes in memory.
#[derive(Debug)]
pub struct Memory<C> {
    clock: FakeClock,
    mailboxes: Mutex<BTreeMap<String, MemoryBox>>,
    character: PhantomData<C>,
}

/// One mailbox in memory.
#[derive(Clone, Debug)]
pub struct MemoryBox(Worst);

impl<C: Character> FarSide for Memory<C> {
    const NAME: &'static str = C::NAME;
    const MAILS_UNASKED: bool = C::MAILS_UNASKED;
    type Mailbox = MemoryBox;

    fn open(clock: &FakeClock) -> Self {
        Self { clock: clock.clone(), mailboxes: Mutex::default(), character: PhantomData }
    }

    fn mailbox(&self, user: &str) -> MemoryBox {
        let mut mailboxes = self.mailboxes.lock().unwrap_or_else(PoisonError::into_inner);
        let made = || {
            let options = C::options().with(|o| {
                o.account = format!("box of {user}");
                o.addresses = vec![address_of(user)];
            });
            MemoryBox(Worst::new(options, &self.clock))
        };
        mailboxes.entry(user.to_owned()).or_insert_with(made).clone()
    }
}

impl Mailbox for MemoryBox {
    fn connector(&self) -> Arc<dyn Connector> {
        Arc::new(self.0.clone())
    }

    fn put<R: Item>(&self, collection: &CollectionId, record: R) -> ItemId {
        self.0.by_hand::<R>().put(collection, record)
    }

    fn edit<R: Item>(&self, id: &ItemId, set: impl FnOnce(&mut R)) {
        assert!(self.0.by_hand::<R>().edit(id, set), "{id} is not there");
    }

    fn delete<R: Item>(&self, id: &ItemId) {
        assert!(self.0.by_hand::<R>().delete(id), "{id} is not there");
    }

    fn foreign<R: Item>(&self, sharing: Sharing, record: R) -> Option<(Arc<dyn Connector>, CollectionId)> {
        let hand = self.0.by_hand::<R>();
        let folder = hand.make_collection(&format!("{sharing:?} by others"));
        hand.put(&folder, record);
        assert!(hand.share(&folder, sharing));
        Some((self.connector(), folder))
    }

    fn break_categories(&self, broken: bool) {
        let plan = |plan: FaultPlan, nth| plan.at_nth(Operation::Categories, nth, Fault::Before(Failure::Unavailable));
        self.0.set_faults(if broken { (1..100).fold(FaultPlan::none(), plan) } else { FaultPlan::none() });
    }

    fn items<R: Item>(&self) -> Vec<Stored<R>> {
        self.0.by_hand::<R>().items().into_values().collect()
    }

    fn outbox(&self) -> Vec<String> {
        self.0.outbox().into_iter().map(|mail| format!("{:?} of {} to {}", mail.what, mail.item, mail.to.join(", "))).collect()
    }
}
