//! Who joins and leaves groups: all changes of one batch at once, one write for each group.
//!
//! A group that somebody else changed meanwhile is read again, and the same changes are made to what it is then, so that both
//! edits survive.

use super::{
    Grouped,
    book::{Book, Group, Who},
};
use crate::known::Known;
use pimkit_core::{Error, ErrorKind, Persistence};
use pimkit_formats::GroupModel;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

/// How often a group is written that others write too.
const TRIES: u32 = 3;

/// What one write does to groups.
#[derive(Clone, Debug)]
pub(super) struct Change {
    /// Which write it is.
    pub(super) place: usize,
    pub(super) who: Who,
    /// Names of groups.
    pub(super) joins: BTreeSet<String>,
    pub(super) leaves: BTreeSet<String>,
}

/// What is done to one group.
#[derive(Clone, Debug, Default)]
pub(super) struct Edit {
    pub(super) title: Option<String>,
    pub(super) joins: Vec<Who>,
    pub(super) leaves: Vec<Who>,
}

/// What became of a group.
#[derive(Debug)]
pub(super) enum Step {
    /// It is there, as this.
    Stored(String, Group),
    Gone,
    /// It is not as it was planned; or what became of it is not known.
    Overtaken(Option<Error>),
    Failed(Error),
}

impl Edit {
    /// The group after the edit.
    pub(super) fn made(&self, group: &Group) -> Group {
        let mut now = group.edited(&self.joins, &self.leaves);
        if let Some(title) = &self.title {
            now.title.clone_from(title);
        }
        now
    }
}

/// One group that is written.
struct Job {
    title: String,
    /// Its resource, and as what it was seen last; none when it is to be made.
    there: Option<(String, Group)>,
    edit: Edit,
    places: BTreeSet<usize>,
}

impl Job {
    fn of(title: &str, there: Option<(&String, &Group)>) -> Self {
        let there = there.map(|(file, group)| (file.clone(), group.clone()));
        Self { title: title.to_owned(), there, edit: Edit::default(), places: BTreeSet::new() }
    }
}

/// Others were faster every time.
fn crowded() -> Error {
    Error::new(ErrorKind::Unavailable, "others change the group at the same time; try again later").persistence(Persistence::Temporary)
}

/// A group may have been made, or not.
fn unsure() -> Error {
    let unsure = "the server did not say whether it made the group; sync again, and then give the contact its category again";
    Error::new(ErrorKind::Unavailable, unsure).persistence(Persistence::Temporary)
}

fn nobody() -> Error {
    Error::new(ErrorKind::InvalidData, "the contact has no UID, by which groups name their members; give it one")
}

impl Grouped {
    /// Makes changes of membership. Comes back with what could not be made, by the place of the write.
    pub(super) async fn apply(&self, known: &Arc<Known>, changes: &[Change]) -> HashMap<usize, Error> {
        let mut failures = HashMap::new();
        if changes.iter().all(|change| change.joins.is_empty() && change.leaves.is_empty()) {
            return failures;
        }
        let fail = |error: &Error| changes.iter().map(|change| (change.place, error.clone())).collect();
        let mut book = match self.book(known).await {
            Ok(book) => book,
            Err(e) => return fail(&e),
        };
        if changes.iter().flat_map(|change| &change.joins).any(|title| book.titled(title).next().is_none()) {
            // Somebody may have made it since: a second one of its name is never made.
            book = match self.anew(known).await {
                Ok(book) => book,
                Err(e) => return fail(&e),
            };
        }
        let jobs = jobs(&book, changes, &mut failures);
        self.run(known, jobs, &mut failures).await;
        failures
    }

    /// Does one thing to one group, and says what it is then.
    ///
    /// # Errors
    /// When it cannot be done.
    pub(super) async fn change(
        &self,
        known: &Arc<Known>,
        title: &str,
        there: Option<(&String, &Group)>,
        edit: Edit,
    ) -> Result<Option<(String, Group)>, Error> {
        let job = Job { edit, places: BTreeSet::from([0]), ..Job::of(title, there) };
        let mut failures = HashMap::new();
        let mut done = self.run(known, vec![job], &mut failures).await;
        match failures.remove(&0) {
            Some(e) => Err(e),
            None => Ok(done.pop()),
        }
    }

    /// Writes groups, each until it is as it shall be. Keeps what they are then.
    async fn run(&self, known: &Arc<Known>, mut jobs: Vec<Job>, failures: &mut HashMap<usize, Error>) -> Vec<(String, Group)> {
        let Ok(book) = self.book(known).await else { return Vec::new() };
        let (mut done, mut gone) = (Vec::new(), Vec::new());
        for tried in 1..=TRIES {
            let steps = self.steps(known, book.model, &jobs).await;
            let mut open = Vec::new();
            for (mut job, step) in jobs.into_iter().zip(steps) {
                match step {
                    Step::Stored(file, group) if job.edit.made(&group) == group => {
                        done.push((job, file, group));
                    }
                    // It is there, and without those who shall join.
                    Step::Stored(file, group) if tried < TRIES => {
                        job.there = Some((file, group));
                        open.push(job);
                    }
                    Step::Failed(e) => failures.extend(job.places.iter().map(|place| (*place, e.clone()))),
                    // Sent again, a group that the server names itself would be there twice.
                    Step::Overtaken(_) if job.there.is_none() && known.quirks.names_items_itself => {
                        failures.extend(job.places.iter().map(|place| (*place, unsure())));
                    }
                    Step::Overtaken(_) if tried < TRIES => match self.seen_again(known, &mut job, &mut gone).await {
                        Ok(true) => open.push(job),
                        Ok(false) => {}
                        Err(e) => failures.extend(job.places.iter().map(|place| (*place, e.clone()))),
                    },
                    Step::Gone => {}
                    Step::Overtaken(e) => {
                        let e = e.unwrap_or_else(crowded);
                        failures.extend(job.places.iter().map(|place| (*place, e.clone())));
                    }
                    Step::Stored(..) => failures.extend(job.places.iter().map(|place| (*place, crowded()))),
                }
            }
            jobs = open;
            if jobs.is_empty() {
                break;
            }
        }
        // What others of this session learnt meanwhile stays.
        let mut now = self.session().book(&known.id).map_or_else(|| (*book).clone(), |book| (*book).clone());
        gone.iter().for_each(|file| _ = now.groups.remove(file));
        done.iter().for_each(|(job, file, group)| note(&mut now, job, file, group));
        now.settle();
        self.session().keep_book(&known.id, now);
        done.into_iter().map(|(_, file, group)| (file, group)).collect()
    }

    /// Reads a group again that was overtaken. False when there is nothing left to do.
    async fn seen_again(&self, known: &Arc<Known>, job: &mut Job, gone: &mut Vec<String>) -> Result<bool, Error> {
        let Some((file, _)) = job.there.take() else { return Ok(true) };
        if let Some((group, _)) = self.group(known, &file).await? {
            job.there = Some((file, group));
            return Ok(true);
        }
        // It is gone, and nobody is in it; who joins it wants one of its name.
        gone.push(file);
        Ok(!job.edit.joins.is_empty())
    }

    /// One try of each job, in order.
    async fn steps(&self, known: &Arc<Known>, model: GroupModel, jobs: &[Job]) -> Vec<Step> {
        let is_card = |job: &Job| job.there.as_ref().is_some_and(|(_, group)| !group.is_list());
        let cards: Vec<(&str, &Group, &Edit)> =
            jobs.iter().filter(|job| is_card(job)).filter_map(|job| job.there.as_ref().map(|(f, g)| (f.as_str(), g, &job.edit))).collect();
        let mut cards = self.edit_cards(known, &cards).await.into_iter();
        let mut steps = Vec::with_capacity(jobs.len());
        for job in jobs {
            steps.push(match &job.there {
                Some((_, group)) if !group.is_list() => cards.next().unwrap_or(Step::Overtaken(None)),
                Some((file, _)) => self.edit_list(known, file, &job.edit).await,
                None if model == GroupModel::Collections => self.make_list(known, &job.title, &job.edit).await,
                None => self.make_card(known, model, &job.title, &job.edit).await,
            });
        }
        steps
    }
}

/// The groups that changes touch, each once.
fn jobs(book: &Book, changes: &[Change], failures: &mut HashMap<usize, Error>) -> Vec<Job> {
    let mut jobs: BTreeMap<(&str, Option<&String>), Job> = BTreeMap::new();
    for change in changes {
        for title in &change.leaves {
            for (file, group) in book.titled(title) {
                let job = jobs.entry((title, Some(file))).or_insert_with(|| Job::of(title, Some((file, group))));
                job.edit.leaves.push(change.who.clone());
                job.places.insert(change.place);
            }
        }
        for title in &change.joins {
            // Of several groups of one name, the first.
            let there = book.titled(title).next();
            let is_list = there.map_or(book.model == GroupModel::Collections, |(_, group)| group.is_list());
            if !is_list && change.who.uid.as_deref().is_none_or(|uid| uid.trim().is_empty()) {
                failures.insert(change.place, nobody());
                continue;
            }
            let job = jobs.entry((title, there.map(|(file, _)| file))).or_insert_with(|| Job::of(title, there));
            job.edit.joins.push(change.who.clone());
            job.places.insert(change.place);
        }
    }
    jobs.into_values().collect()
}

/// Keeps what a group is now, and where those are who joined it.
fn note(book: &mut Book, job: &Job, file: &str, group: &Group) {
    for who in &job.edit.joins {
        if let Some(uid) = &who.uid {
            book.places.entry(super::book::plain(uid)).or_default().insert(who.file.clone());
        }
    }
    book.groups.insert(file.to_owned(), group.clone());
}
