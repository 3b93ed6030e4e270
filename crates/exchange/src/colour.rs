//! The colours of categories (Graph: `categoryColor` of `outlookCategory`; EWS: attribute `color` of a CategoryList).

/// A colour of the 25 that there are, or none. What it looks like is up to each client; the names are Outlook's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Colour(Option<u8>);

/// Names in the order of the numbers.
const NAMES: [&str; 25] = [
    "red",
    "orange",
    "brown",
    "yellow",
    "green",
    "teal",
    "olive",
    "blue",
    "purple",
    "cranberry",
    "steel",
    "darksteel",
    "gray",
    "darkgray",
    "black",
    "darkred",
    "darkorange",
    "darkbrown",
    "darkyellow",
    "darkgreen",
    "darkteal",
    "darkolive",
    "darkblue",
    "darkpurple",
    "darkcranberry",
];

impl Colour {
    /// No colour.
    pub const NONE: Self = Self(None);

    /// The colour of a number: -1 for none, 0 to 24. `None` for any other.
    #[must_use]
    pub fn of_number(number: i32) -> Option<Self> {
        if number == -1 {
            return Some(Self::NONE);
        }
        u8::try_from(number).ok().filter(|n| usize::from(*n) < NAMES.len()).map(|n| Self(Some(n)))
    }

    /// The colour of Graph's word: `none`, `preset0` to `preset24`. `None` for any other, such as one that is newer.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        if word.eq_ignore_ascii_case("none") {
            return Some(Self::NONE);
        }
        let digits = word.get(..6).filter(|head| head.eq_ignore_ascii_case("preset")).and_then(|_| word.get(6..))?;
        digits.parse().ok().filter(|_| !digits.starts_with('+')).and_then(Self::of_number).filter(|colour| colour.0.is_some())
    }

    /// The number in a CategoryList.
    #[must_use]
    pub fn number(self) -> i32 {
        self.0.map_or(-1, i32::from)
    }

    /// Graph's word.
    #[must_use]
    pub fn word(self) -> String {
        self.0.map_or_else(|| "none".to_owned(), |number| format!("preset{number}"))
    }

    /// Outlook's name; `None` for no colour.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        self.0.and_then(|number| NAMES.get(usize::from(number)).copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colour_has_a_number_a_word_and_a_name() {
        for number in -1..=24 {
            let colour = Colour::of_number(number).unwrap();
            assert_eq!(colour.number(), number);
            assert_eq!(Colour::of_word(&colour.word()), Some(colour));
            assert_eq!(colour.name().is_none(), number == -1);
        }
        assert_eq!(Colour::of_word("preset9").and_then(Colour::name), Some("cranberry"));
        assert_eq!(Colour::of_word("Preset24").map(Colour::number), Some(24));
    }

    #[test]
    fn what_is_no_colour_is_told_from_none() {
        for word in ["preset25", "preset-1", "preset", "preset+1", "red", "", "pre\u{17f}et1"] {
            assert_eq!(Colour::of_word(word), None, "{word}");
        }
        assert_eq!((Colour::of_number(25), Colour::of_number(-2)), (None, None));
    }
}
