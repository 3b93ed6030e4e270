//! Links from elsewhere: another system, an older state, a person who knows better than any key.

use crate::{
    fresh::recognise,
    pair::Pair,
    run::{Run, component},
};
use futures::{Stream, StreamExt, pin_mut};
use pimkit_core::{CollectionId, Error, ErrorKind, Fetched, ItemId, LinkRole, LinkRow, Mark, Record, Result, Side, StateChange};
use std::collections::{BTreeMap, BTreeSet};

/// How many links are looked at, asked about and written down at a time.
const CHUNK: usize = 100;
/// How many refusals are told one by one.
const TOLD: usize = 1000;
/// What a run that only adopted is called.
pub(crate) const ADOPTED: &str = "adopted";

/// Two items that are one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adoption {
    /// The hub record.
    pub hub_item: ItemId,
    /// Where the far item is.
    pub collection: CollectionId,
    /// The far item.
    pub item: ItemId,
    /// On which side the thing was first: what came from outside is not the app's to change, where the policy says so. Absent:
    /// as the mark on the far item says, and where there is none, it came from the far side.
    pub origin: Option<Side>,
    /// Whose copy the far item is; absent: as its organiser says.
    pub role: Option<LinkRole>,
    /// The mark by which the far item was known, where the far side keeps none.
    pub mark: Option<Mark>,
}

impl Adoption {
    /// Two items of which no more is known than that they are one thing.
    #[must_use]
    pub fn new(hub_item: ItemId, collection: CollectionId, item: ItemId) -> Self {
        Self { hub_item, collection, item, origin: None, role: None, mark: None }
    }
}

/// What became of links that were to be adopted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Adopted {
    /// Links that were made; the next run merges their ends.
    pub made: u64,
    /// Links that were there already, between the same two items.
    pub known: u64,
    /// Those that were refused.
    pub refused: u64,
    /// Why, a line each; the first thousand.
    pub lines: Vec<String>,
}

impl Adopted {
    fn refuse(&mut self, adoption: &Adoption, why: &str) {
        self.refused += 1;
        if self.lines.len() < TOLD {
            self.lines.push(format!("{} <-> {}/{}: {why}", adoption.hub_item, adoption.collection, adoption.item));
        }
    }
}

impl<R: Record> Pair<R> {
    /// Joins items by their ids. Nothing is written to either side: the next run merges what was joined, and where both
    /// say the same, it writes nothing either.
    ///
    /// An id that is linked already, that its side does not know, or that comes twice is refused with a line; the others
    /// go on. What was adopted before an error stays.
    ///
    /// # Errors
    /// `LeaseLost` when a run has the component; `Config` when the sync rests; what the state says when it fails.
    pub async fn adopt(&self, links: impl Stream<Item = Adoption> + Send) -> Result<Adopted> {
        let (shared, setup) = self.parts();
        let lease = shared.state.acquire(&component()).await?;
        let mut run = Run::<R>::begin(shared, setup, lease).await?;
        if let Some(why) = run.rests_as() {
            return Err(Error::new(ErrorKind::Config, why));
        }
        let mut adopted = Adopted::default();
        let chunks = links.chunks(CHUNK);
        pin_mut!(chunks);
        while let Some(chunk) = chunks.next().await {
            run.adopt(chunk, &mut adopted).await?;
        }
        run.report.linked = adopted.made;
        let finished = run.now();
        run.note_run(ADOPTED, Some(finished)).await?;
        Ok(adopted)
    }
}

impl<R: Record> Run<R> {
    async fn adopt(&mut self, chunk: Vec<Adoption>, adopted: &mut Adopted) -> Result<()> {
        let (mut hubs, mut fars) = (BTreeSet::new(), BTreeSet::new());
        let mut open = Vec::new();
        let (read, unread): (Vec<_>, Vec<_>) = chunk.into_iter().partition(|a| self.far.collection(&a.collection).is_some());
        for adoption in &unread {
            adopted.refuse(adoption, "the sync does not read this right collection");
        }
        for adoption in self.known_by_current_ids(read, adopted).await {
            let far = (adoption.collection.clone(), adoption.item.clone());
            if hubs.insert(adoption.hub_item.clone()) && fars.insert(far) {
                open.push(adoption);
            } else {
                adopted.refuse(&adoption, "one of the two is claimed twice");
            }
        }
        let items: Vec<ItemId> = open.iter().map(|a| a.hub_item.clone()).collect();
        let of_hubs = self.links_of(Side::Left, &CollectionId::default(), &items).await?;
        let mut free = Vec::new();
        for (adoption, of_hub) in open.into_iter().zip(of_hubs) {
            let of_far = self.links_of(Side::Right, &adoption.collection, std::slice::from_ref(&adoption.item)).await?;
            match (of_hub, of_far.into_iter().flatten().next()) {
                (None, None) => free.push(adoption),
                (Some(a), Some(b)) if a.id == b.id => adopted.known += 1,
                (Some(_), _) => adopted.refuse(&adoption, "the left record is linked already"),
                (None, Some(_)) => adopted.refuse(&adoption, "the right item is linked already"),
            }
        }
        let places = self.find_hub_records(&free).await;
        let there = self.find_far_items(&free).await;
        let mut changes = Vec::new();
        for ((adoption, place), there) in free.into_iter().zip(places).zip(there) {
            match (place, there) {
                (Ok(hub_collection), Ok(mark)) => {
                    let origin = adoption.origin.unwrap_or(Side::Right);
                    let mut link = LinkRow {
                        hub_collection,
                        hub_item: Some(adoption.hub_item),
                        collection: adoption.collection,
                        item: Some(adoption.item),
                        role: adoption.role.unwrap_or_default(),
                        ..self.new_link(origin, None, None, 1)
                    };
                    if let Some(mark) = mark.or(adoption.mark) {
                        recognise(&mut link, &mark);
                    }
                    changes.push(StateChange::Link(Box::new(link)));
                    adopted.made += 1;
                }
                (Err(why), _) | (_, Err(why)) => adopted.refuse(&adoption, &why),
            }
        }
        self.commit(changes).await
    }

    /// The same with the ids by which the far side knows the items today, without those that cannot be told.
    async fn known_by_current_ids(&self, mut adoptions: Vec<Adoption>, adopted: &mut Adopted) -> Vec<Adoption> {
        let collections: BTreeSet<CollectionId> = adoptions.iter().map(|a| a.collection.clone()).collect();
        let mut untold: BTreeMap<usize, Error> = BTreeMap::new();
        for collection in &collections {
            let (places, ids): (Vec<usize>, Vec<ItemId>) =
                adoptions.iter().enumerate().filter(|(_, a)| a.collection == *collection).map(|(n, a)| (n, a.item.clone())).unzip();
            for (n, answer) in places.into_iter().zip(self.far.repository.current_ids(collection, &ids).await) {
                match (answer, adoptions.get_mut(n)) {
                    (Ok(id), Some(adoption)) => adoption.item = id,
                    (Err(error), _) => drop(untold.insert(n, error)),
                    (Ok(_), None) => {}
                }
            }
        }
        let mut told = Vec::with_capacity(adoptions.len());
        for (n, adoption) in adoptions.into_iter().enumerate() {
            match untold.get(&n) {
                Some(error) => adopted.refuse(&adoption, &format!("it could not be looked up ({error}); adopt it again")),
                None => told.push(adoption),
            }
        }
        told
    }

    /// In which of the hub's chosen collections the records are; why not, where they are in none.
    async fn find_hub_records(&self, adoptions: &[Adoption]) -> Vec<std::result::Result<CollectionId, String>> {
        let unknown = || Err("the left side does not know this record in the collections that the sync reads".to_owned());
        let mut found: Vec<std::result::Result<CollectionId, String>> = adoptions.iter().map(|_| unknown()).collect();
        for collection in &self.hub.collections {
            let open: Vec<usize> = found.iter().enumerate().filter(|(_, place)| place.is_err()).map(|(n, _)| n).collect();
            let ids: Vec<ItemId> = open.iter().filter_map(|n| adoptions.get(*n)).map(|a| a.hub_item.clone()).collect();
            if ids.is_empty() {
                break;
            }
            let answers = self.hub.repository.fetch(&collection.id, &ids).await;
            for (n, answer) in open.into_iter().zip(answers) {
                if let (Some(slot), Some(there)) = (found.get_mut(n), is_there(&answer)) {
                    *slot = there.map(|_| collection.id.clone());
                }
            }
        }
        found
    }

    /// Whether the far items are there, and the marks on them.
    async fn find_far_items(&self, adoptions: &[Adoption]) -> Vec<std::result::Result<Option<Mark>, String>> {
        let mut found: Vec<_> = adoptions.iter().map(|_| Err("the right side does not know this item".to_owned())).collect();
        let collections: BTreeSet<&CollectionId> = adoptions.iter().map(|a| &a.collection).collect();
        for collection in collections {
            let (places, ids): (Vec<usize>, Vec<ItemId>) =
                adoptions.iter().enumerate().filter(|(_, a)| a.collection == *collection).map(|(n, a)| (n, a.item.clone())).unzip();
            let answers = self.far.repository.fetch(collection, &ids).await;
            for (n, answer) in places.into_iter().zip(answers) {
                if let (Some(slot), Some(there)) = (found.get_mut(n), is_there(&answer)) {
                    *slot = there;
                }
            }
        }
        found
    }
}

/// Whether an item is there, and the mark on it; none when it is not, an error when it cannot be told.
fn is_there<R>(answer: &Fetched<R>) -> Option<std::result::Result<Option<Mark>, String>> {
    match answer {
        Fetched::Found(stored) => Some(Ok(stored.mark.clone())),
        Fetched::Hidden | Fetched::Unreadable { .. } => Some(Ok(None)),
        Fetched::Failed(error) => Some(Err(format!("it could not be looked up ({error}); adopt it again"))),
        Fetched::Gone | Fetched::OtherKind { .. } => None,
    }
}
