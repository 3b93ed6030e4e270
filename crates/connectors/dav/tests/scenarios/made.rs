//! Collections, as another program makes them.

use pimkit_core::Kind;

/// Method and body of the request that makes one.
pub fn make(kind: Kind, name: &str) -> (&'static str, String) {
    match kind {
        Kind::Contact => (
            "MKCOL",
            format!(
                r#"<?xml version="1.0"?><mkcol xmlns="DAV:" xmlns:r="urn:ietf:params:xml:ns:carddav"><set><prop><resourcetype><collection/><r:addressbook/></resourcetype><displayname>{name}</displayname></prop></set></mkcol>"#
            ),
        ),
        _ => {
            let component = if kind == Kind::Task { "VTODO" } else { "VEVENT" };
            (
                "MKCALENDAR",
                format!(
                    r#"<?xml version="1.0"?><c:mkcalendar xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><d:set><d:prop><d:displayname>{name}</d:displayname><c:supported-calendar-component-set><c:comp name="{component}"/></c:supported-calendar-component-set></d:prop></d:set></c:mkcalendar>"#
                ),
            )
        }
    }
}
