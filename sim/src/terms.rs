//! What the words of the policies change of what the oracle demands. It is read from the words alone:
//! none of it is the engine's.

use crate::{
    play::Play,
    props::{CATEGORY, USER, VIEW, Where},
};
use pimkit_core::{Facts, Provenance, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Something that is otherwise than in a sync of all both ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Term {
    /// Nothing is ever written to the far sides.
    NothingToFar,
    /// Nothing is ever written to the hub.
    NothingToHub,
    /// What users do on the side that only follows is put back.
    PutBack,
    /// No deletion at a far side takes the hub's record.
    HubStays,
    /// No deletion on the hub takes the far items.
    FarStays,
    /// One deletion in a mailbox takes the record from all.
    AnyTakes,
    /// Where both sides changed one thing, both stay as they are.
    Undecided,
    /// Where both sides changed one thing, it is two things.
    Twofold,
    /// Runs do a little at a time.
    Slow,
    /// Which hub records are synced depends on what the app knows of them.
    HubScope,
    /// Far items are synced that are in the category.
    InCategory,
    /// Far items are synced that are in the sync's own container.
    InContainer,
    /// Far items of shared collections are not synced.
    PrivateOnly,
    /// There are other far collections: what is missing and cannot be searched for there is held.
    Elsewhere,
    /// Items that say the same, or fit several, wait for somebody.
    Wait,
    /// Items that were made on both sides are not recognised by what they say.
    Strangers,
    /// The engine may do nothing while a right is missing.
    ByRights,
    /// A container that a user deleted is made again.
    MadeAgain,
    /// Nobody is told of what comes in.
    Untold,
    /// Nobody is told of what is changed.
    ChangesUntold,
}

/// By policy and word (`*`: whenever it is set), what it changes, and why that is right.
const TERMS: &[(&str, &str, Term, &str)] = &[
    ("direction", "to_left", Term::NothingToFar, "the hub follows, and the far side is never written"),
    ("direction", "to_right", Term::NothingToHub, "the far side follows, and the hub is never written"),
    ("drift", "restore", Term::PutBack, "the leading side's value is put back; what was there is in the journal"),
    ("deletes_left", "ignore", Term::HubStays, "a deletion at the far side does nothing to the hub"),
    ("hub_delete", "never", Term::HubStays, "a deletion at the far side only lets go of the record"),
    ("hub_delete", "any", Term::AnyTakes, "a deletion in one mailbox reaches the hub, whoever else has the record"),
    ("deletes_right", "ignore", Term::FarStays, "a deletion on the hub does nothing to the far side"),
    ("conflicts", "ask", Term::Undecided, "nobody in a play decides, so that both values stay where they are"),
    ("conflicts", "keep_both", Term::Twofold, "the other side's record becomes a record of its own"),
    ("caps", "*", Term::Slow, "what is over the cap waits for the next run, and there must be enough of them"),
    ("scope", "visible", Term::HubScope, "what the acting user may not see is left alone"),
    ("scope", "owned", Term::HubScope, "what the acting user does not own is left alone"),
    ("view", "*", Term::HubScope, "what is not in the view is left alone"),
    ("imported", "exclude", Term::HubScope, "what came into the app in bulk is left alone"),
    ("imported", "exclude_until_changed", Term::HubScope, "what came into the app in bulk is left alone until it is changed"),
    ("category", "*", Term::InCategory, "what is not in the category is the far user's own"),
    ("container", "dedicated", Term::InContainer, "what is not in the container is the far user's own"),
    ("folders", "private", Term::PrivateOnly, "what is in a shared collection is not synced"),
    ("duplicates", "hold", Term::Wait, "all but the first wait until somebody looks, and nobody in a play does"),
    ("ambiguous", "ask", Term::Wait, "it waits until somebody decides, and nobody in a play does"),
    ("matches", "[]", Term::Strangers, "by nothing at all, two that users made alike are two things"),
    ("ambiguous", "make", Term::Strangers, "what several items fit is another thing"),
    ("enabling", "rights", Term::ByRights, "a run of a user who lacks a right is refused with its name"),
    ("removed", "restore", Term::MadeAgain, "with the container comes back everything that was in it"),
    ("notices", "none", Term::Untold, "the app's users are told of nothing"),
    ("notices", "none", Term::ChangesUntold, "the app's users are told of nothing"),
    ("notices", "created", Term::ChangesUntold, "the app's users are told of what is new, and not of what was changed"),
];

/// The terms of a play.
#[derive(Clone, Debug, Default)]
pub(crate) struct Terms {
    on: BTreeSet<Term>,
    words: BTreeMap<String, String>,
    view: bool,
}

impl Terms {
    /// What the words of a play say.
    pub(crate) fn of(play: &Play) -> Self {
        let words = &play.policy;
        let word = |key: &str| words.get(key).map(String::as_str);
        let said = |key: &str| match key {
            "deletes_left" | "deletes_right" => word(key).or(word("deletes")).map(str::to_owned),
            "notices" => word(key).or(Some("none")).map(str::to_owned),
            "ambiguous" => word(key).or(Some("ask")).map(str::to_owned),
            _ => word(key).map(str::to_owned).or(play.settings.get(key).map(ToString::to_string)),
        };
        let holds = |key: &str, wanted: &str| said(key).is_some_and(|word| wanted == "*" || word == wanted);
        let on = TERMS.iter().filter(|(key, wanted, ..)| holds(key, wanted)).map(|(_, _, term, _)| *term);
        let elsewhere = play.props.annex || word("container") == Some("dedicated");
        let on = on.chain(elsewhere.then_some(Term::Elsewhere)).collect();
        Self { on, words: words.clone(), view: play.settings.contains_key("view") }
    }

    pub(crate) fn has(&self, term: Term) -> bool {
        self.on.contains(&term)
    }

    fn word(&self, key: &str) -> Option<&str> {
        self.words.get(key).map(String::as_str)
    }

    pub(crate) fn is_two_way(&self) -> bool {
        !self.has(Term::NothingToFar) && !self.has(Term::NothingToHub)
    }

    /// Whether some items are not synced.
    pub(crate) fn is_scoped(&self) -> bool {
        [Term::HubScope, Term::InCategory, Term::InContainer, Term::PrivateOnly].into_iter().any(|term| self.has(term))
    }

    /// Whether a hub record of which the app knows this is synced.
    pub(crate) fn takes(&self, facts: &Facts) -> bool {
        let seen = facts.visible || !matches!(self.word("scope"), Some("visible" | "owned"));
        let own = facts.owner.as_deref() == Some(USER) || self.word("scope") != Some("owned");
        let listed = !self.view || facts.views.iter().any(|view| view == VIEW);
        let bulk = match self.word("imported") {
            Some("exclude") => matches!(facts.provenance, Provenance::Imported | Provenance::MassUpdated),
            Some("exclude_until_changed") => facts.provenance == Provenance::Imported,
            _ => false,
        };
        seen && own && listed && !bulk
    }

    /// Whether a far item that lies here, with these keywords, is synced.
    pub(crate) fn takes_far(&self, place: Option<Where>, keywords: Option<&Value>) -> bool {
        let tagged = || keywords.and_then(Value::as_array).is_some_and(|words| words.iter().any(|word| word == CATEGORY));
        let inside = match place {
            Some(Where::Container) => true,
            Some(Where::Annex) => !self.has(Term::InContainer) && !self.has(Term::PrivateOnly),
            _ => !self.has(Term::InContainer),
        };
        inside && (!self.has(Term::InCategory) || tagged())
    }

    /// How many rounds may still write after the last edit.
    pub(crate) fn rounds(&self) -> usize {
        if self.has(Term::Slow) { 16 } else { 3 }
    }

    /// What becomes of the far copies when the sync is disabled.
    pub(crate) fn teardown(&self) -> &str {
        self.word("teardown").unwrap_or("leave")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan;
    use pimkit_sync::AXES;

    #[test]
    fn every_term_is_of_a_policy_and_a_word_that_there_are() {
        for (key, word, term, why) in TERMS {
            assert!(pimkit_sync::Policy::keys().contains(key), "{key}");
            let axis = AXES.iter().find(|axis| axis.key == *key);
            assert!(["*", "[]"].contains(word) || axis.is_some_and(|axis| axis.words.contains(word)), "{key} = {word}");
            assert!(!why.is_empty(), "{term:?}");
        }
    }

    #[test]
    fn the_deletions_of_a_side_are_as_deletes_says_where_nothing_else_is_said() {
        let with = |set: &[(&str, &str)]| {
            let mut play = plan(1);
            play.policy = set.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            let terms = Terms::of(&play);
            (terms.has(Term::HubStays), terms.has(Term::FarStays))
        };
        assert_eq!(with(&[]), (false, false));
        assert_eq!(with(&[("deletes", "ignore")]), (true, true));
        assert_eq!(with(&[("deletes", "ignore"), ("deletes_left", "trash")]), (false, true));
        assert_eq!(with(&[("hub_delete", "never")]), (true, false));
    }
}
