//! By what an item of one side is recognised on the other, the strongest first.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{fmt, str::FromStr};

/// One key of recognition. A live link and our own mark always come first, and are not in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MatchKey {
    /// The record's uid; of events with the same organiser.
    Uid,
    /// An e-mail address that both have, with a compatible name.
    Email,
    /// The address that has this label (`primary`: the preferred or first one) on the hub, against the address that has
    /// that label at the far side; whatever the names are.
    LabelledEmail {
        /// Of the hub's.
        left: String,
        /// Of the far side's.
        right: String,
    },
    /// The same name with the same phone number, or title with time.
    NamePhone,
    /// The very same content.
    Content,
}

impl MatchKey {
    /// Every key, in the default order.
    #[must_use]
    pub fn default_order() -> Vec<Self> {
        vec![Self::Uid, Self::Email, Self::NamePhone, Self::Content]
    }
}

impl fmt::Display for MatchKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uid => f.write_str("uid"),
            Self::Email => f.write_str("email"),
            Self::LabelledEmail { left, right } => write!(f, "email:{left}:{right}"),
            Self::NamePhone => f.write_str("name_phone"),
            Self::Content => f.write_str("content"),
        }
    }
}

impl FromStr for MatchKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "uid" => Ok(Self::Uid),
            "email" => Ok(Self::Email),
            "name_phone" => Ok(Self::NamePhone),
            "content" => Ok(Self::Content),
            _ => match text.split(':').collect::<Vec<_>>().as_slice() {
                ["email", left, right] if !left.is_empty() && !right.is_empty() => {
                    Ok(Self::LabelledEmail { left: (*left).to_owned(), right: (*right).to_owned() })
                }
                _ => Err(format!("there is no match key \"{text}\"; there are: uid, email, email:LEFT:RIGHT, name_phone, content")),
            },
        }
    }
}

impl Serialize for MatchKey {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MatchKey {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_match_key_is_read_back_as_it_was_written() {
        for text in ["uid", "email", "email:primary:work", "name_phone", "content"] {
            assert_eq!(text.parse::<MatchKey>().unwrap().to_string(), text);
        }
        for text in ["", "mail", "email:", "email:a", "email:a:", "email:a:b:c"] {
            assert!(text.parse::<MatchKey>().unwrap_err().contains("there are: uid"), "{text}");
        }
    }
}
