//! Importance, sensitivity, show-as and responses: each with Graph's word, EWS's word, and what it is in a record.
//!
//! Several words of Exchange are one value of a record (out of office and busy). Whoever writes must leave the word alone where
//! the record's value did not change.

use pimkit_core::{EventStatus, FreeBusy, ParticipationStatus, Privacy};

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident: $graph:literal, $ews:literal;)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// Every one of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The meaning of a word of either side, whatever its case; `None` for one that is newer.
            #[must_use]
            pub fn of_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.graph().eq_ignore_ascii_case(word) || one.ews().eq_ignore_ascii_case(word))
            }

            /// Graph's word.
            #[must_use]
            pub fn graph(self) -> &'static str {
                match self { $(Self::$variant => $graph,)* }
            }

            /// EWS's word.
            #[must_use]
            pub fn ews(self) -> &'static str {
                match self { $(Self::$variant => $ews,)* }
            }
        }
    };
}

words! {
    /// How important an item is (Graph: `importance`; EWS: `Importance`).
    Importance {
        /// Less than others.
        Low: "low", "Low";
        /// As others.
        Normal: "normal", "Normal";
        /// More than others.
        High: "high", "High";
    }
}

words! {
    /// Who may see an item (Graph: `sensitivity`; EWS: `Sensitivity`).
    Sensitivity {
        /// Everybody who sees the calendar.
        Normal: "normal", "Normal";
        /// A hint that it is nobody's business.
        Personal: "personal", "Personal";
        /// Others see the time alone.
        Private: "private", "Private";
        /// The same, and more so.
        Confidential: "confidential", "Confidential";
    }
}

words! {
    /// How the time shows to others (Graph: `freeBusyStatus`; EWS: `LegacyFreeBusyStatus`).
    ShowAs {
        /// Free.
        Free: "free", "Free";
        /// Perhaps taken.
        Tentative: "tentative", "Tentative";
        /// Taken.
        Busy: "busy", "Busy";
        /// Out of office.
        Oof: "oof", "OOF";
        /// Working from somewhere else.
        WorkingElsewhere: "workingElsewhere", "WorkingElsewhere";
        /// It does not say.
        Unknown: "unknown", "NoData";
    }
}

words! {
    /// What somebody answered (Graph: `responseType`; EWS: `MyResponseType`, `ResponseType`).
    Response {
        /// Nothing, or nothing was asked.
        None: "none", "Unknown";
        /// It is the organiser.
        Organizer: "organizer", "Organizer";
        /// Perhaps.
        Tentative: "tentativelyAccepted", "Tentative";
        /// Yes.
        Accepted: "accepted", "Accept";
        /// No.
        Declined: "declined", "Decline";
        /// Nothing so far.
        NotResponded: "notResponded", "NoResponseReceived";
    }
}

impl Importance {
    /// The priority (RFC 5545 section 3.8.1.9) that it is; absent for normal.
    #[must_use]
    pub fn priority(self) -> Option<u8> {
        match self {
            Self::Low => Some(9),
            Self::Normal => None,
            Self::High => Some(1),
        }
    }

    /// The importance of a priority: 1 to 4 is high, 6 to 9 low.
    #[must_use]
    pub fn of_priority(priority: Option<u8>) -> Self {
        match priority {
            Some(1..=4) => Self::High,
            Some(6..) => Self::Low,
            _ => Self::Normal,
        }
    }
}

impl Sensitivity {
    /// Who may see it; absent for normal.
    #[must_use]
    pub fn privacy(self) -> Option<Privacy> {
        match self {
            Self::Normal => None,
            Self::Personal | Self::Private => Some(Privacy::Private),
            Self::Confidential => Some(Privacy::Secret),
        }
    }

    /// The sensitivity of a privacy.
    #[must_use]
    pub fn of_privacy(privacy: Option<Privacy>) -> Self {
        match privacy {
            None | Some(Privacy::Public) => Self::Normal,
            Some(Privacy::Private) => Self::Private,
            Some(Privacy::Secret) => Self::Confidential,
        }
    }
}

impl ShowAs {
    /// Whether the time counts as taken (MS-OXCICAL section 2.1.3.1.1.20.25: working elsewhere is transparent).
    #[must_use]
    pub fn free_busy(self) -> Option<FreeBusy> {
        match self {
            Self::Free | Self::WorkingElsewhere => Some(FreeBusy::Free),
            Self::Tentative | Self::Busy | Self::Oof => Some(FreeBusy::Busy),
            Self::Unknown => None,
        }
    }

    /// Whether it is on: Exchange says "perhaps" only here.
    #[must_use]
    pub fn status(self) -> Option<EventStatus> {
        (self == Self::Tentative).then_some(EventStatus::Tentative)
    }

    /// The word for both. Nothing said is busy, as in RFC 5545 section 3.8.2.7.
    #[must_use]
    pub fn of(free_busy: Option<FreeBusy>, status: Option<EventStatus>) -> Self {
        match (free_busy, status) {
            (Some(FreeBusy::Free), _) => Self::Free,
            (_, Some(EventStatus::Tentative)) => Self::Tentative,
            _ => Self::Busy,
        }
    }
}

impl Response {
    /// What a participant answered.
    #[must_use]
    pub fn participation(self) -> ParticipationStatus {
        match self {
            Self::None | Self::NotResponded => ParticipationStatus::NeedsAction,
            Self::Organizer | Self::Accepted => ParticipationStatus::Accepted,
            Self::Tentative => ParticipationStatus::Tentative,
            Self::Declined => ParticipationStatus::Declined,
        }
    }

    /// The answer that says so; what Exchange has no word for (delegated, in process) is none.
    #[must_use]
    pub fn of_participation(status: ParticipationStatus) -> Self {
        match status {
            ParticipationStatus::Accepted => Self::Accepted,
            ParticipationStatus::Tentative => Self::Tentative,
            ParticipationStatus::Declined => Self::Declined,
            _ => Self::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_both_sides_are_read_and_newer_ones_told_apart() {
        for one in ShowAs::ALL {
            assert_eq!((ShowAs::of_word(one.graph()), ShowAs::of_word(one.ews())), (Some(*one), Some(*one)));
        }
        for one in Response::ALL.iter().filter(|one| **one != Response::None) {
            assert_eq!((Response::of_word(one.graph()), Response::of_word(one.ews())), (Some(*one), Some(*one)));
        }
        assert_eq!(Sensitivity::of_word("CONFIDENTIAL"), Some(Sensitivity::Confidential));
        assert_eq!(Importance::of_word("unknownFutureValue"), None);
    }

    #[test]
    fn what_a_record_says_comes_back_from_the_mailbox() {
        for priority in [None, Some(1), Some(9)] {
            assert_eq!(Importance::of_priority(priority).priority(), priority);
        }
        for (priority, expected) in [(0, Importance::Normal), (4, Importance::High), (5, Importance::Normal), (6, Importance::Low)] {
            assert_eq!(Importance::of_priority(Some(priority)), expected, "{priority}");
        }
        for privacy in [None, Some(Privacy::Private), Some(Privacy::Secret)] {
            assert_eq!(Sensitivity::of_privacy(privacy).privacy(), privacy);
        }
        assert_eq!(Sensitivity::of_privacy(Some(Privacy::Public)).privacy(), None, "public is what nothing said means");
        for (free_busy, status) in
            [(Some(FreeBusy::Free), None), (Some(FreeBusy::Busy), None), (Some(FreeBusy::Busy), Some(EventStatus::Tentative))]
        {
            let word = ShowAs::of(free_busy, status);
            assert_eq!((word.free_busy(), word.status()), (free_busy, status));
        }
        for status in [ParticipationStatus::Accepted, ParticipationStatus::Declined, ParticipationStatus::Tentative] {
            assert_eq!(Response::of_participation(status).participation(), status);
        }
    }
}
