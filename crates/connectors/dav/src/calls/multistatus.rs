//! Answers: multistatus (RFC 4918 section 13) and error bodies (section 16).

use super::{
    props::Props,
    words::{DAV, NAMESPACES},
};
use pimkit_core::{Error, ErrorKind};
use pimkit_formats::xml::{self, Bounds, Reader, XmlError};

/// A whole answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Multistatus {
    pub(crate) responses: Vec<Response>,
    /// RFC 6578 section 6.4: a sibling of the responses.
    pub(crate) sync_token: Option<String>,
}

/// What it says of one resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) hrefs: Vec<String>,
    /// The status of the resource itself, where the answer gives one.
    pub(crate) status: Option<u16>,
    /// The properties that were answered with success.
    pub(crate) props: Props,
    /// Statuses of the properties that were not.
    pub(crate) refused: Vec<u16>,
    pub(crate) preconditions: Preconditions,
}

/// The preconditions that failed (RFC 4918 section 16), and the resource that they name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Preconditions {
    names: Vec<String>,
    pub(crate) href: Option<String>,
}

impl Preconditions {
    pub(crate) fn has(&self, name: &str) -> bool {
        self.names.iter().any(|n| n == name)
    }

    /// The first of them, for a message.
    pub(crate) fn first(&self) -> Option<&str> {
        self.names.first().map(String::as_str)
    }
}

/// `HTTP/1.1 404 Not Found`, as servers write it.
fn status(text: &str) -> Option<u16> {
    text.split_ascii_whitespace().find_map(|word| word.parse().ok().filter(|code| (100..600).contains(code)))
}

fn is_success(status: Option<u16>) -> bool {
    status.is_some_and(|code| (200..300).contains(&code))
}

/// What an answer that should have been a multistatus is instead: an error that says what to do.
pub(crate) fn unreadable(error: XmlError) -> Error {
    let message = match error {
        XmlError::DocumentType => "the server answered with a web page; check the address, and whether a login page stands between",
        XmlError::Truncated { .. } => "the answer was cut off; try again",
        XmlError::TooLarge { .. } => "the answer has more elements than are read; report this",
        _ => "the answer is no DAV answer; check that the address is that of a CalDAV or CardDAV server",
    };
    // A page that stands between goes away, and so does a cut: what was there before is still there.
    let kind = match error {
        XmlError::Truncated { .. } => ErrorKind::Transport,
        _ => ErrorKind::InvalidData,
    };
    Error::new(kind, message).caused_by(error)
}

impl Multistatus {
    /// Reads an answer.
    pub(crate) fn read(body: &[u8]) -> Result<Self, XmlError> {
        let text = xml::clean(body)?;
        let mut reader = Reader::new(&text, NAMESPACES, Bounds::default());
        match reader.child()? {
            Some(root) if root.is(DAV, "multistatus") => {}
            _ => return Err(XmlError::Foreign),
        }
        let mut answer = Self::default();
        while let Some(name) = reader.child()? {
            if name.is(DAV, "response") {
                answer.responses.push(response(&mut reader)?);
            } else if name.is(DAV, "sync-token") {
                let token = reader.text()?.trim().to_owned();
                answer.sync_token = (!token.is_empty()).then_some(token);
            } else {
                reader.skip()?;
            }
        }
        // Nothing may follow, but a cut must be seen.
        while reader.child()?.is_some() {
            reader.skip()?;
        }
        Ok(answer)
    }
}

fn response(reader: &mut Reader<'_>) -> Result<Response, XmlError> {
    let mut response = Response::default();
    let mut empty_status = false;
    while let Some(name) = reader.child()? {
        match (name.namespace, name.local.as_str()) {
            (Some(DAV), "href") => response.hrefs.push(reader.text()?.trim().to_owned()),
            (Some(DAV), "status") => {
                let text = reader.text()?;
                empty_status |= text.trim().is_empty();
                response.status = status(&text);
            }
            (Some(DAV), "propstat") => propstat(reader, &mut response)?,
            (Some(DAV), "error") => preconditions(reader, &mut response.preconditions)?,
            _ => reader.skip()?,
        }
    }
    // iCloud writes an empty status beside good properties (org-caldav 305).
    if empty_status && response.status.is_none() && response.props == Props::default() {
        response.status = Some(404);
    }
    Ok(response)
}

fn propstat(reader: &mut Reader<'_>, response: &mut Response) -> Result<(), XmlError> {
    let (mut props, mut code, mut said) = (Props::default(), None, false);
    while let Some(name) = reader.child()? {
        match (name.namespace, name.local.as_str()) {
            (Some(DAV), "prop") => {
                while let Some(name) = reader.child()? {
                    props.read(&name, reader)?;
                }
            }
            (Some(DAV), "status") => {
                let text = reader.text()?;
                said = !text.trim().is_empty();
                code = status(&text);
            }
            (Some(DAV), "error") => preconditions(reader, &mut response.preconditions)?,
            _ => reader.skip()?,
        }
    }
    if is_success(code) || (!said && props != Props::default()) {
        response.props.merge(props);
    } else {
        response.refused.push(code.unwrap_or(404));
    }
    Ok(())
}

fn preconditions(reader: &mut Reader<'_>, found: &mut Preconditions) -> Result<(), XmlError> {
    while let Some(name) = reader.child()? {
        found.names.push(name.local.to_string());
        // `no-uid-conflict` and `need-privileges` name the resource, at one depth or another.
        let mut depth = 1_usize;
        while depth > 0 {
            match reader.next_token()? {
                xml::Token::Open(inner) if inner.is(DAV, "href") => {
                    let href = reader.text()?.trim().to_owned();
                    if !href.is_empty() {
                        found.href.get_or_insert(href);
                    }
                }
                xml::Token::Open(_) => depth += 1,
                xml::Token::Close | xml::Token::End => depth -= 1,
                xml::Token::Text(_) => {}
            }
        }
    }
    Ok(())
}

impl Response {
    /// Whether the resource itself is said not to be there.
    pub(crate) fn is_gone(&self) -> bool {
        matches!(self.status, Some(404 | 410))
    }

    pub(crate) fn href(&self) -> &str {
        self.hrefs.first().map_or("", String::as_str)
    }
}

/// The preconditions in the body of a refusal; none when it is something else (HTML, JSON, nothing).
pub(crate) fn refusal(body: &[u8]) -> Preconditions {
    let read = || -> Result<Preconditions, XmlError> {
        let text = xml::clean(body)?;
        let mut reader = Reader::new(&text, NAMESPACES, Bounds::default());
        let mut found = Preconditions::default();
        match reader.child()? {
            Some(root) if root.is(DAV, "error") => preconditions(&mut reader, &mut found)?,
            // RFC 5689 section 3: an error of MKCOL comes in a multistatus of its own.
            Some(root) if root.local == "mkcol-response" || root.local == "mkcalendar-response" || root.is(DAV, "multistatus") => {
                let mut response = Response::default();
                while let Some(name) = reader.child()? {
                    match name.local.as_str() {
                        "propstat" => propstat(&mut reader, &mut response)?,
                        "response" => {
                            let inner = self::response(&mut reader)?;
                            response.preconditions.names.extend(inner.preconditions.names);
                        }
                        _ => reader.skip()?,
                    }
                }
                found = response.preconditions;
            }
            _ => {}
        }
        Ok(found)
    };
    read().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(inner: &str) -> Multistatus {
        let text = format!(
            r#"<?xml version="1.0"?><D:multistatus xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:A="urn:ietf:params:xml:ns:carddav">{inner}</D:multistatus>"#
        );
        Multistatus::read(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_second_propstat_with_empty_copies_takes_nothing_away() {
        for order in [true, false] {
            let good = "<D:propstat><D:prop><D:getetag>\"1\"</D:getetag><D:displayname>Home</D:displayname></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>";
            let bad = "<D:propstat><D:prop><D:getetag/><D:displayname/><D:owner/></D:prop><D:status>HTTP/1.1 404 Not Found</D:status></D:propstat>";
            let both = if order { format!("{good}{bad}") } else { format!("{bad}{good}") };
            let answer = read(&format!("<D:response><D:href>/a</D:href>{both}</D:response>"));
            let props = &answer.responses[0].props;
            assert_eq!((props.etag.as_deref(), props.display_name.as_deref()), (Some("\"1\""), Some("Home")));
            assert_eq!(answer.responses[0].status, None);
            assert_eq!(answer.responses[0].refused, [404]);
        }
    }

    #[test]
    fn an_empty_status_is_success_beside_properties_and_absence_without() {
        let answer = read(
            "<D:response><D:href>/a</D:href><D:propstat><D:prop><D:getetag>1</D:getetag></D:prop><D:status/></D:propstat></D:response>\
             <D:response><D:href>/b</D:href><D:status></D:status></D:response>",
        );
        assert_eq!(answer.responses[0].props.etag.as_deref(), Some("1"));
        assert!(!answer.responses[0].is_gone());
        assert!(answer.responses[1].is_gone());
    }

    #[test]
    fn prefixes_default_namespaces_and_sections_are_read_alike() {
        let text = r#"<multistatus xmlns="DAV:"><response xmlns="DAV:"><href xmlns="DAV:">/c/1.ics</href><propstat><prop>
            <getetag xmlns="DAV:">"x"</getetag><calendar-data xmlns="urn:ietf:params:xml:ns:caldav"><![CDATA[BEGIN:VCALENDAR
END:VCALENDAR
]]></calendar-data></prop><status>HTTP/1.1 200 OK</status></propstat></response><sync-token>t/1</sync-token></multistatus>"#;
        let answer = Multistatus::read(text.as_bytes()).unwrap();
        assert_eq!(answer.sync_token.as_deref(), Some("t/1"));
        assert_eq!(answer.responses[0].href(), "/c/1.ics");
        assert_eq!(answer.responses[0].props.data.as_deref(), Some("BEGIN:VCALENDAR\nEND:VCALENDAR\n"));
    }

    #[test]
    fn a_name_in_another_namespace_is_another_property() {
        let answer = read(
            r#"<D:response><D:href>/a</D:href><D:propstat><D:prop><getetag xmlns="urn:other">no</getetag><D:getetag>yes</D:getetag>
               <C:supported-calendar-component-set><C:comp name="VEVENT"/><C:comp name='vtodo'></C:comp></C:supported-calendar-component-set>
               <A:supported-address-data><A:address-data-type content-type="text/vcard" version="3.0"/></A:supported-address-data>
               <D:supported-report-set><D:supported-report><D:report><D:sync-collection/></D:report></D:supported-report></D:supported-report-set>
               <D:current-user-privilege-set><D:privilege><D:read/><D:write/></D:privilege></D:current-user-privilege-set>
               </D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"#,
        );
        let props = &answer.responses[0].props;
        assert_eq!(props.etag.as_deref(), Some("yes"));
        assert_eq!(props.components.as_deref().unwrap(), ["VEVENT", "VTODO"]);
        assert_eq!(props.card_versions.as_deref().unwrap(), ["3.0"]);
        assert_eq!(props.reports.as_deref().unwrap(), ["sync-collection"]);
        assert!(props.privileges.unwrap().bind);
    }

    #[test]
    fn what_is_no_multistatus_is_refused() {
        for text in ["", "<html/>", "<!DOCTYPE html><html></html>", "{}", "<multistatus/>", "<D:multistatus xmlns:D='DAV:'><D:response>"] {
            assert!(Multistatus::read(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn preconditions_and_the_resource_they_name_are_found() {
        let body = r#"<d:error xmlns:d="DAV:" xmlns:cal="urn:ietf:params:xml:ns:caldav"><cal:no-uid-conflict><d:href>/c/x.ics</d:href></cal:no-uid-conflict></d:error>"#;
        let found = refusal(body.as_bytes());
        assert!(found.has("no-uid-conflict"));
        assert_eq!(found.href.as_deref(), Some("/c/x.ics"));
        let body = r#"<D:error xmlns:D="DAV:"><D:need-privileges><D:resource><D:href>/c/</D:href><D:privilege><D:bind/></D:privilege></D:resource></D:need-privileges></D:error>"#;
        assert!(refusal(body.as_bytes()).has("need-privileges"));
        for nothing in ["", "<html>", "<D:error xmlns:D='DAV:'/>", "{\"error\":1}"] {
            assert_eq!(refusal(nothing.as_bytes()).first(), None, "{nothing}");
        }
    }
}
