//! XML as a server of that kind reads and writes it: elements by namespace and local name, whatever their prefixes.

mod read;
mod write;

pub(crate) use read::read;
pub use write::Spelling;
pub(crate) use write::write;

/// `DAV:` (RFC 4918).
pub(crate) const DAV: &str = "DAV:";
/// CalDAV (RFC 4791).
pub(crate) const CAL: &str = "urn:ietf:params:xml:ns:caldav";
/// CardDAV (RFC 6352).
pub(crate) const CARD: &str = "urn:ietf:params:xml:ns:carddav";
/// Apple's calendar server: `getctag` and its kin.
pub(crate) const CS: &str = "http://calendarserver.org/ns/";
/// Apple's calendar: `calendar-color`, `calendar-order`.
pub(crate) const ICAL: &str = "http://apple.com/ns/ical/";

/// The name of an element or a property.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    pub(crate) space: String,
    pub(crate) local: String,
}

impl Name {
    pub(crate) fn new(space: &str, local: &str) -> Self {
        Self { space: space.to_owned(), local: local.to_owned() }
    }

    /// Whether this is `local` in `space`.
    pub(crate) fn is(&self, space: &str, local: &str) -> bool {
        self.space == space && self.local == local
    }
}

/// An element with all that is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) name: Name,
    /// Attributes by their name as written, namespace declarations left out.
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) inside: Vec<Inside>,
}

/// What stands in an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Inside {
    Element(Element),
    Text(String),
}

impl Element {
    pub(crate) fn new(space: &str, local: &str) -> Self {
        Self { name: Name::new(space, local), attributes: Vec::new(), inside: Vec::new() }
    }

    pub(crate) fn empty(name: &Name) -> Self {
        Self { name: name.clone(), attributes: Vec::new(), inside: Vec::new() }
    }

    pub(crate) fn text(mut self, text: impl Into<String>) -> Self {
        self.inside.push(Inside::Text(text.into()));
        self
    }

    pub(crate) fn attribute(mut self, name: &str, value: &str) -> Self {
        self.attributes.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn with(mut self, child: Self) -> Self {
        self.inside.push(Inside::Element(child));
        self
    }

    pub(crate) fn all(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        self.inside.extend(children.into_iter().map(Inside::Element));
        self
    }

    pub(crate) fn children(&self) -> impl Iterator<Item = &Self> {
        self.inside.iter().filter_map(|inside| match inside {
            Inside::Element(element) => Some(element),
            Inside::Text(_) => None,
        })
    }

    pub(crate) fn child(&self, space: &str, local: &str) -> Option<&Self> {
        self.children().find(|child| child.name.is(space, local))
    }

    pub(crate) fn named<'a>(&'a self, space: &'a str, local: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children().filter(move |child| child.name.is(space, local))
    }

    pub(crate) fn get(&self, attribute: &str) -> Option<&str> {
        self.attributes.iter().find(|(name, _)| name == attribute).map(|(_, value)| value.as_str())
    }

    /// The text directly in it, joined.
    pub(crate) fn content(&self) -> String {
        self.inside
            .iter()
            .filter_map(|inside| match inside {
                Inside::Text(text) => Some(text.as_str()),
                Inside::Element(_) => None,
            })
            .collect()
    }
}
