//! The namespaces of DAV, and the order in which the reader knows them.

/// RFC 4918.
pub(crate) const DAV: usize = 0;
/// CalDAV, RFC 4791.
pub(crate) const CAL: usize = 1;
/// CardDAV, RFC 6352.
pub(crate) const CARD: usize = 2;
/// Extensions of Apple's Calendar Server: `getctag`, subscriptions, sharing.
pub(crate) const SERVER: usize = 3;

/// The names behind the numbers.
pub(crate) const NAMESPACES: &[&str] =
    &["DAV:", "urn:ietf:params:xml:ns:caldav", "urn:ietf:params:xml:ns:carddav", "http://calendarserver.org/ns/"];

/// The declarations of all of them, for the root of a request.
pub(crate) const DECLARED: &str = concat!(
    r#" xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:A="urn:ietf:params:xml:ns:carddav""#,
    r#" xmlns:CS="http://calendarserver.org/ns/""#
);

/// What every request begins with. Nothing may stand before it: iCloud refuses white space there (reported by KashCal).
pub(crate) const PROLOGUE: &str = r#"<?xml version="1.0" encoding="utf-8"?>"#;
