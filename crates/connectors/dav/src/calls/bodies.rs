//! The bodies of requests.

use super::words::{DECLARED, PROLOGUE};
use pimkit_formats::xml::escape;

/// What is asked of the address where discovery starts, and of principals (RFC 5397, RFC 4791 section 6.2.1, RFC 6352 section
/// 7.1.1, RFC 6638 section 2.4.1). All at once: whoever gives the address of a principal, a home or a collection is understood
/// in one step.
const DISCOVERY: &str = "<D:current-user-principal/><D:principal-URL/><D:resourcetype/><D:displayname/><C:calendar-home-set/>\
<A:addressbook-home-set/><C:calendar-user-address-set/>";

/// What is asked of collections.
const COLLECTION: &str = "<D:resourcetype/><D:displayname/><D:owner/><D:current-user-privilege-set/><D:supported-report-set/>\
<D:sync-token/><CS:getctag/><C:supported-calendar-component-set/><C:max-resource-size/><A:supported-address-data/>\
<A:max-resource-size/>";

fn propfind(props: &str) -> String {
    format!("{PROLOGUE}<D:propfind{DECLARED}><D:prop>{props}</D:prop></D:propfind>")
}

/// PROPFIND of discovery.
pub(crate) fn discovery() -> String {
    propfind(DISCOVERY)
}

/// PROPFIND of a home, or of one collection.
pub(crate) fn collections() -> String {
    propfind(COLLECTION)
}

/// PROPFIND that tells whether anything in a collection changed.
pub(crate) fn gate() -> String {
    propfind("<D:resourcetype/><D:sync-token/><CS:getctag/>")
}

/// PROPFIND that lists members with their versions.
pub(crate) fn listing() -> String {
    propfind("<D:resourcetype/><D:getetag/><D:getcontenttype/><D:getlastmodified/>")
}

/// REPORT of changes (RFC 6578 section 3.2). No limit is sent: Nextcloud answers it with 500 or 507 (nextcloud/server 9339,
/// 18490), and Xandikos 0.4 cuts the list short with a token that is past the rest.
pub(crate) fn sync(token: Option<&str>) -> String {
    let token = token.map_or_else(|| "<D:sync-token/>".to_owned(), |t| format!("<D:sync-token>{}</D:sync-token>", escape(t)));
    format!(
        "{PROLOGUE}<D:sync-collection{DECLARED}>{token}<D:sync-level>1</D:sync-level><D:prop><D:getetag/><D:resourcetype/></D:prop></D:sync-collection>"
    )
}

/// The words of CalDAV or CardDAV.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Protocol {
    /// `calendar` or `addressbook`: what its reports begin with.
    prefix: &'static str,
    /// The property that holds the data.
    data: &'static str,
    /// The namespace's prefix.
    space: &'static str,
}

/// RFC 4791.
pub(crate) const CALDAV: Protocol = Protocol { prefix: "calendar", data: "calendar-data", space: "C" };
/// RFC 6352.
pub(crate) const CARDDAV: Protocol = Protocol { prefix: "addressbook", data: "address-data", space: "A" };

impl Protocol {
    /// The properties of one item. `version` is the version of vCard that is asked for.
    fn item(self, version: Option<&str>) -> String {
        let Self { data, space, .. } = self;
        let version = version.map_or_else(String::new, |v| format!(r#" content-type="text/vcard" version="{v}""#));
        format!("<D:prop><D:getetag/><D:getlastmodified/><{space}:{data}{version}/></D:prop>")
    }

    /// REPORT that gives items by their hrefs (RFC 4791 section 7.9, RFC 6352 section 8.7).
    pub(crate) fn multiget<'a>(self, hrefs: impl IntoIterator<Item = &'a str>, version: Option<&str>) -> String {
        let Self { prefix, space, .. } = self;
        let mut body = format!("{PROLOGUE}<{space}:{prefix}-multiget{DECLARED}>{}", self.item(version));
        for href in hrefs {
            body.push_str("<D:href>");
            body.push_str(&escape(href));
            body.push_str("</D:href>");
        }
        body.push_str(&format!("</{space}:{prefix}-multiget>"));
        body
    }

    /// REPORT that searches items by UID (RFC 4791 section 7.8, RFC 6352 section 8.6). CalDAV wants the component named, and
    /// joins conditions by "and", so that it takes one UID; CardDAV takes several.
    pub(crate) fn by_uid(self, component: Option<&str>, uids: &[&str], version: Option<&str>) -> String {
        let Self { prefix, space, .. } = self;
        let condition = |uid: &str, collation: &str, how: &str| {
            format!(
                r#"<{space}:prop-filter name="UID"><{space}:text-match collation="{collation}"{how}>{}</{space}:text-match></{space}:prop-filter>"#,
                escape(uid)
            )
        };
        let filter = match component {
            Some(component) => {
                let conditions: String = uids.iter().take(1).map(|uid| condition(uid, "i;ascii-casemap", "")).collect();
                format!(r#"<C:comp-filter name="VCALENDAR"><C:comp-filter name="{component}">{conditions}</C:comp-filter></C:comp-filter>"#)
            }
            None => uids.iter().map(|uid| condition(uid, "i;unicode-casemap", r#" match-type="contains""#)).collect(),
        };
        let any = if component.is_none() { r#" test="anyof""# } else { "" };
        format!(
            "{PROLOGUE}<{space}:{prefix}-query{DECLARED}>{}<{space}:filter{any}>{filter}</{space}:filter></{space}:{prefix}-query>",
            self.item(version)
        )
    }
}

/// REPORT that searches cards by properties (RFC 6352 section 8.6): those that have one of them, with this text in it where one
/// is given.
pub(crate) fn cards_with(properties: &[(&str, Option<&str>)]) -> String {
    let filters: String = properties
        .iter()
        .map(|(name, text)| match text {
            None => format!(r#"<A:prop-filter name="{name}"/>"#),
            Some(text) => format!(
                r#"<A:prop-filter name="{name}"><A:text-match collation="i;unicode-casemap" match-type="contains">{}</A:text-match></A:prop-filter>"#,
                escape(text)
            ),
        })
        .collect();
    format!(
        r#"{PROLOGUE}<A:addressbook-query{DECLARED}>{}<A:filter test="anyof">{filters}</A:filter></A:addressbook-query>"#,
        CARDDAV.item(None)
    )
}

/// MKCALENDAR (RFC 4791 section 5.3.1). One component: iCloud, Zimbra and OX refuse several.
pub(crate) fn make_calendar(name: &str, component: &str) -> String {
    format!(
        r#"{PROLOGUE}<C:mkcalendar{DECLARED}><D:set><D:prop><D:displayname>{}</D:displayname><C:supported-calendar-component-set><C:comp name="{component}"/></C:supported-calendar-component-set></D:prop></D:set></C:mkcalendar>"#,
        escape(name)
    )
}

/// Extended MKCOL for an address book (RFC 5689, RFC 6352 section 6.3.1).
pub(crate) fn make_address_book(name: &str) -> String {
    format!(
        "{PROLOGUE}<D:mkcol{DECLARED}><D:set><D:prop><D:resourcetype><D:collection/><A:addressbook/></D:resourcetype><D:displayname>{}</D:displayname></D:prop></D:set></D:mkcol>",
        escape(name)
    )
}

/// PROPPATCH of a name (RFC 4918 section 9.2).
pub(crate) fn rename(name: &str) -> String {
    format!(
        "{PROLOGUE}<D:propertyupdate{DECLARED}><D:set><D:prop><D:displayname>{}</D:displayname></D:prop></D:set></D:propertyupdate>",
        escape(name)
    )
}

#[cfg(test)]
mod tests {
    use super::super::words::NAMESPACES;
    use super::*;
    use pimkit_formats::xml::{Bounds, Reader, Token, clean};

    #[test]
    fn every_body_is_well_formed_and_escapes_what_is_given() {
        let odd = "a<b>&\"c'";
        for body in [
            discovery(),
            collections(),
            gate(),
            listing(),
            sync(None),
            sync(Some(odd)),
            CALDAV.multiget([odd, "/b"], None),
            CARDDAV.multiget([odd], Some("4.0")),
            CALDAV.by_uid(Some("VEVENT"), &[odd], None),
            CARDDAV.by_uid(None, &[odd, "x"], None),
            cards_with(&[("X", None), ("KIND", Some(odd))]),
            make_calendar(odd, "VTODO"),
            make_address_book(odd),
            rename(odd),
        ] {
            assert!(body.starts_with("<?xml"), "{body}");
            assert!(!body.contains(odd), "{body}");
            let text = clean(body.as_bytes()).unwrap();
            let mut reader = Reader::new(&text, NAMESPACES, Bounds::default());
            loop {
                match reader.next_token().unwrap() {
                    Token::Open(name) => assert!(name.namespace.is_some(), "{body}: {name:?}"),
                    Token::End => break,
                    _ => {}
                }
            }
        }
    }
}
