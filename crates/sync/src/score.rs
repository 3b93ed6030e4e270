//! How well two items fit each other, in a number that says what it is made of.

use crate::{keys, policy::MatchKey};
use pimkit_core::{Fields, Kind};
use serde::{Deserialize, Serialize};

/// By what two items were found to fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rung {
    /// One carries our mark, which names the other.
    Mark,
    /// A key of the policy's.
    Key(MatchKey),
}

impl Rung {
    pub(crate) fn words(&self) -> &'static str {
        match self {
            Self::Mark => "its mark",
            Self::Key(MatchKey::Uid) => "its uid",
            Self::Key(MatchKey::Email) => "its e-mail address and name",
            Self::Key(MatchKey::LabelledEmail { .. }) => "its e-mail address of that label",
            Self::Key(MatchKey::NamePhone) => "its name or title, and number or time",
            Self::Key(MatchKey::Content) => "its content",
        }
    }

    /// Whether an item says itself that it is the other end: no guess by what it holds.
    pub(crate) fn is_proof(&self) -> bool {
        matches!(self, Self::Mark | Self::Key(MatchKey::Uid))
    }
}

/// How well two items fit: 0 to 100, and what that is made of. No personal data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    /// 0 to 100.
    pub points: u8,
    /// What speaks for it and against it, one phrase each.
    pub reasons: Vec<String>,
}

impl std::fmt::Display for Score {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.points, self.reasons.join("; "))
    }
}

fn in_common(a: &Fields, b: &Fields, field: &str, key: &str, normal: fn(&str) -> String) -> usize {
    let of = |fields: &Fields| keys::list(fields, field, key).into_iter().map(normal).collect::<std::collections::BTreeSet<_>>();
    of(a).intersection(&of(b)).count()
}

fn digits(number: &str) -> String {
    let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
    digits.iter().skip(digits.len().saturating_sub(9)).collect()
}

/// Scores two items that fit by `by`. `same` says that their content is the very same.
pub(crate) fn score(kind: Kind, by: &Rung, same: bool, a: &Fields, b: &Fields) -> Score {
    let mut points: i32 = match by {
        Rung::Mark => 90,
        Rung::Key(MatchKey::Content) => 80,
        Rung::Key(MatchKey::Uid | MatchKey::LabelledEmail { .. }) => 70,
        Rung::Key(MatchKey::Email | MatchKey::NamePhone) => 50,
    };
    let mut reasons = vec![match by {
        Rung::Mark => "our mark names it".to_owned(),
        Rung::Key(MatchKey::Uid) => "the same uid".to_owned(),
        Rung::Key(MatchKey::Email) => "an address in common".to_owned(),
        Rung::Key(MatchKey::LabelledEmail { left, right }) => format!("the left {left} address is the right {right} address"),
        Rung::Key(MatchKey::NamePhone) if matches!(kind, Kind::Event | Kind::Task) => "the same title and time".to_owned(),
        Rung::Key(MatchKey::NamePhone) => "the same name and number".to_owned(),
        Rung::Key(MatchKey::Content) => "the same content".to_owned(),
    }];
    let mut count = |worth: i32, reason: &str| {
        points += worth;
        reasons.push(reason.to_owned());
    };
    if same {
        count(100, "every field is the same");
    }
    match kind {
        Kind::Contact | Kind::User => {
            let (ours, theirs) = (keys::name_words(a), keys::name_words(b));
            match (ours.is_empty() || theirs.is_empty(), ours == theirs) {
                (true, _) => count(0, "one has no name"),
                (false, true) => count(20, "the same name"),
                (false, false) if keys::compatible(a, b) => count(10, "names compatible: all words of the shorter are in the longer"),
                (false, false) => count(-20, "the names differ"),
            }
            if in_common(a, b, "phones", "number", digits) > 0 {
                count(10, "a number in common");
            }
            if in_common(a, b, "emails", "address", |address| address.trim().to_lowercase()) > 1 {
                count(10, "more than one address in common");
            }
        }
        Kind::Event | Kind::Task => {
            let mut held = |field: &str, same: &str, other: &str| {
                if let (Some(x), Some(y)) = (a.get(field), b.get(field)) {
                    if x == y { count(10, same) } else { count(-10, other) }
                }
            };
            held("title", "the same title", "the titles differ");
            held("start", "the same start", "the starts differ");
            held("due", "the same due time", "the due times differ");
        }
        Kind::Message => {}
    }
    if keys::has_other_uid(a, b) && *by != Rung::Key(MatchKey::Uid) {
        count(-10, "another uid");
    }
    Score { points: u8::try_from(points.clamp(0, 100)).unwrap_or(100), reasons }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pimkit_core::{Contact, EmailAddress, Phone, Record};

    fn card(name: &str, phone: &str) -> Fields {
        Contact::build(|c| {
            c.name.full = Some(name.to_owned());
            c.emails.push(EmailAddress { address: "a@x.example".into(), ..EmailAddress::default() });
            c.phones.push(Phone { number: phone.to_owned(), ..Phone::default() });
        })
        .fields()
    }

    #[test]
    fn a_score_grows_with_what_fits_and_says_what_it_is_made_of() {
        let by = Rung::Key(MatchKey::Email);
        let of = |name, phone| score(Kind::Contact, &by, false, &card("Ada Lovelace", "+43 1 5550100"), &card(name, phone));
        let (same, shorter, other) = (of("Lovelace, Ada", "+43-1-5550100"), of("Ada", "2"), of("Mary", "3"));
        assert_eq!((same.points, shorter.points, other.points), (80, 60, 30));
        assert_eq!(same.reasons, ["an address in common", "the same name", "a number in common"]);
        assert!(shorter.reasons.iter().any(|r| r.contains("all words of the shorter")));
        let text = format!("{same}{shorter}{other}");
        assert!(!text.contains("Ada") && !text.contains("@") && !text.contains("555"), "{text}");
        assert_eq!(score(Kind::Contact, &by, true, &card("Ada", "1"), &card("Ada", "1")).points, 100);
    }
}
