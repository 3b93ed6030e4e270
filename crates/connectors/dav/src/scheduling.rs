//! Meetings: what a write of one would mail, and how it is kept from mailing (RFC 6638).
//!
//! A server with automatic scheduling mails whatever a stored event says that its user organises. Copies that we make carry
//! `SCHEDULE-AGENT=CLIENT` on organiser and guests, which tells it to leave that to us; nobody is mailed by a copy. Meetings that
//! somebody else stored are left as they are, and a write that would mail is refused before it is sent.

use pimkit_formats::text::{Component, ContentLine, Document};

const AGENT: &str = "SCHEDULE-AGENT";

/// What a text says of guests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Meeting {
    /// Somebody is asked to come.
    pub(crate) guests: bool,
    /// The server is told to mail nobody.
    pub(crate) silent: bool,
    /// The organiser's address, in lower case, without `mailto:`.
    organiser: Option<String>,
}

/// Fields that are each user's own: alarms, and properties of nobody's standard. What else an organiser changes is told to the
/// guests, by one server or another: a category as well as a start.
const OWN: [&str; 2] = ["alerts", "useDefaultAlerts"];

/// Whether a change of this field may mail, or be refused; a guest may say too whether the time is taken (TRANSP: RFC 6638 section
/// 3.2.2.1).
pub(crate) fn tells(field: &str, organiser: bool) -> bool {
    let own = OWN.contains(&field) || field.starts_with("custom.") || (!organiser && field == "freeBusyStatus");
    !own
}

fn parts(document: &Document) -> impl Iterator<Item = &Component> {
    document.components_named("VCALENDAR").flat_map(Component::components).filter(|c| c.is("VEVENT") || c.is("VTODO"))
}

fn is_person(line: &ContentLine) -> bool {
    line.is("ATTENDEE") || line.is("ORGANIZER")
}

fn agent(line: &ContentLine) -> String {
    line.param_value(AGENT).unwrap_or_default().to_ascii_uppercase()
}

fn plain(address: &str) -> String {
    let address = address.trim().to_lowercase();
    address.strip_prefix("mailto:").unwrap_or(&address).to_owned()
}

impl Meeting {
    /// Reads a text. One that we cannot read the server may: it is taken for a meeting of the user's own.
    pub(crate) fn read(text: &[u8]) -> Self {
        let Ok(document) = Document::parse(text.to_vec()) else { return Self { guests: true, ..Self::default() } };
        let mut meeting = Self { silent: true, ..Self::default() };
        for part in parts(&document) {
            for line in part.contents("ORGANIZER").chain(part.contents("ATTENDEE")) {
                meeting.guests |= line.is("ATTENDEE");
                meeting.silent &= matches!(agent(&line).as_str(), "CLIENT" | "NONE");
                if line.is("ORGANIZER") {
                    // Where the value is no mail address, EMAIL says it (RFC 7986 section 6.2).
                    meeting.organiser = Some(plain(&line.param_value("EMAIL").unwrap_or_else(|| line.value().to_owned())));
                }
            }
        }
        meeting
    }

    /// Whether one of these addresses organises it; without an organiser, whoever stores it does. A server's own name for somebody
    /// (`urn:uuid:…` and `/principals/…` at Calendar Server and iCloud) may be anybody's, and so the user's.
    pub(crate) fn is_organised_by(&self, addresses: &[String]) -> bool {
        self.organiser.as_ref().is_none_or(|organiser| {
            let is_mail = organiser.contains('@') && !organiser.contains(['/', ':']);
            !is_mail || addresses.is_empty() || addresses.iter().any(|a| plain(a) == *organiser)
        })
    }
}

/// The text, whose server mails nobody for it.
pub(crate) fn silenced(text: Vec<u8>) -> Vec<u8> {
    changed(text, |line| {
        let loud = !matches!(agent(line).as_str(), "CLIENT" | "NONE");
        if loud {
            line.set_param(AGENT, Some("CLIENT"));
        }
        loud
    })
}

/// The text, whose server mails as it does.
pub(crate) fn loud(text: Vec<u8>) -> Vec<u8> {
    changed(text, |line| agent(line) == "CLIENT" && line.remove_param(AGENT))
}

/// The text with its lines about people changed; every other byte stays.
fn changed(text: Vec<u8>, mut change: impl FnMut(&mut ContentLine) -> bool) -> Vec<u8> {
    let Ok(mut document) = Document::parse(text.clone()) else { return text };
    let mut any = false;
    for calendar in document.components_mut().filter(|c| c.is("VCALENDAR")) {
        for part in calendar.components_mut().filter(|c| c.is("VEVENT") || c.is("VTODO")) {
            for line in part.lines_mut() {
                let Some(mut content) = line.content().filter(is_person) else { continue };
                if change(&mut content) {
                    any |= line.set_content(content);
                }
            }
        }
    }
    if any { document.to_bytes() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nORGANIZER;CN=Me:mailto:ME@example.org\r\n\
ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@example.org\r\nATTENDEE;SCHEDULE-AGENT=NONE:mailto:b@example.org\r\nX-OWN:ATTENDEE\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

    #[test]
    fn a_silenced_text_says_so_on_every_person_and_comes_back_as_it_was() {
        let quiet = silenced(TEXT.as_bytes().to_vec());
        let text = String::from_utf8(quiet.clone()).unwrap();
        assert_eq!(text.matches("SCHEDULE-AGENT=CLIENT").count(), 2, "{text}");
        assert!(text.contains("SCHEDULE-AGENT=NONE") && text.contains("X-OWN:ATTENDEE\r\n"));
        assert!(Meeting::read(&quiet).silent);
        assert!(!Meeting::read(TEXT.as_bytes()).silent);
        assert_eq!(String::from_utf8(loud(quiet)).unwrap(), TEXT);
    }

    #[test]
    fn the_organiser_is_told_from_guests() {
        let meeting = Meeting::read(TEXT.as_bytes());
        assert!(meeting.guests);
        assert!(meeting.is_organised_by(&["me@EXAMPLE.org".to_owned()]));
        assert!(!meeting.is_organised_by(&["a@example.org".to_owned()]));
        // Who "I" am is not known: taken for the organiser, whose writes mail.
        assert!(meeting.is_organised_by(&[]));
        assert!(!Meeting::read(b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n").guests);
    }

    #[test]
    fn an_organiser_who_may_be_the_user_is_taken_for_the_user() {
        let me = ["me@example.org".to_owned()];
        for (organiser, mine) in [
            ("mailto:ME@example.org", true),
            ("mailto:boss@example.org", false),
            ("urn:uuid:0f2d", true),
            ("/principals/users/boss@example.org/", true),
            ("invalid:nomail", true),
        ] {
            let text = TEXT.replace("mailto:ME@example.org", organiser);
            assert_eq!(Meeting::read(text.as_bytes()).is_organised_by(&me), mine, "{organiser}");
        }
        let named = TEXT.replace("CN=Me:mailto:ME@example.org", "EMAIL=boss@example.org:urn:uuid:0f2d");
        assert!(!Meeting::read(named.as_bytes()).is_organised_by(&me));
        // What we cannot read the server may.
        let broken = Meeting::read(b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VCALENDAR\r\n");
        assert!(broken.guests && !broken.silent && broken.is_organised_by(&me), "{broken:?}");
    }

    #[test]
    fn only_what_is_the_users_own_is_told_to_nobody() {
        for (field, by_organiser, by_guest) in [
            ("title", true, true),
            ("participants", true, true),
            ("keywords", true, true),
            ("freeBusyStatus", true, false),
            ("alerts", false, false),
            ("custom.X", false, false),
        ] {
            assert_eq!((tells(field, true), tells(field, false)), (by_organiser, by_guest), "{field}");
        }
    }
}
