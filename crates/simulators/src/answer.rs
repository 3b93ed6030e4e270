//! Answers before they are bytes: statuses, preconditions, multistatus.

use crate::personality::{MissingProperties, Refuse, XmlStyle};
use crate::xml::{self, CAL, CARD, DAV, Element, Name};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

/// One response of a multistatus (RFC 4918 section 14.24).
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) href: String,
    /// The status of the whole, instead of properties.
    pub(crate) status: Option<u16>,
    pub(crate) found: Vec<Element>,
    pub(crate) missing: Vec<Name>,
    /// Properties with another status, as PROPPATCH answers.
    pub(crate) others: Vec<(u16, Name)>,
    /// What stands in `D:error`.
    pub(crate) error: Option<Element>,
}

impl Answer {
    pub(crate) const fn of(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: String::new() }
    }

    pub(crate) fn text(status: u16, text: &str) -> Self {
        Self::of(status).typed("text/plain; charset=utf-8").body(text)
    }

    pub(crate) fn html(status: u16, title: &str) -> Self {
        let page = format!("<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>");
        Self::of(status).typed("text/html; charset=utf-8").body(page)
    }

    pub(crate) fn xml(status: u16, root: &Element, style: &XmlStyle) -> Self {
        Self::of(status).typed(&style.content_type).body(xml::write(root, style.spelling))
    }

    /// `D:error` with a precondition.
    pub(crate) fn precondition(status: u16, element: Element, style: &XmlStyle) -> Self {
        let root = Element::new(DAV, "error").with(element);
        Self::xml(status, &root, style)
    }

    /// A refusal in the shape of this server.
    pub(crate) fn refused(refuse: &Refuse, element: Element, why: &str, style: &XmlStyle) -> Self {
        match refuse {
            Refuse::Element(status) => Self::precondition(*status, element, style),
            Refuse::Text(status) => Self::text(*status, why),
            Refuse::Bare(status) => Self::of(*status),
            Refuse::EmptyError(status) => {
                Self::of(*status).typed("application/xml; charset=utf-8").body(xml::write(&Element::new(DAV, "error"), style.spelling))
            }
            Refuse::Html(status) => Self::html(*status, "Forbidden"),
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn typed(mut self, content_type: &str) -> Self {
        self.headers.retain(|(name, _)| *name != "content-type");
        self.header("content-type", content_type)
    }

    pub(crate) fn body(mut self, body: impl Into<String>) -> Self {
        self.body = body.into();
        self
    }

    /// A multistatus (RFC 4918 section 13), with a token at its end if there is one.
    pub(crate) fn multistatus(members: &[Member], token: Option<&str>, style: &XmlStyle, minimal: bool) -> Self {
        let mut root = Element::new(DAV, "multistatus").all(members.iter().map(|member| member.element(style, minimal)));
        if let Some(token) = token {
            root = root.with(Element::new(DAV, "sync-token").text(token));
        }
        Self::xml(207, &root, style)
    }

    pub(crate) fn response(self) -> http::Response<Bytes> {
        let mut response = http::Response::new(Bytes::from(self.body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}

impl Member {
    pub(crate) const fn new(href: String) -> Self {
        Self { href, status: None, found: Vec::new(), missing: Vec::new(), others: Vec::new(), error: None }
    }

    pub(crate) const fn status(href: String, status: u16) -> Self {
        Self { href, status: Some(status), found: Vec::new(), missing: Vec::new(), others: Vec::new(), error: None }
    }

    fn element(&self, style: &XmlStyle, minimal: bool) -> Element {
        let mut response = Element::new(DAV, "response").with(Element::new(DAV, "href").text(&self.href));
        if let Some(status) = self.status {
            response = response.with(status_element(status));
        } else {
            let first = style.status_first;
            let good = propstat(self.found.clone(), if style.empty_status { None } else { Some(200) }, first);
            let missing = propstat(self.missing.iter().map(Element::empty).collect(), Some(404), first);
            let good = (!self.found.is_empty() || self.missing.is_empty() && self.others.is_empty()).then_some(good);
            let tells = !self.missing.is_empty() && !minimal && style.missing != MissingProperties::Omitted;
            let missing = tells.then_some(missing);
            let empty = (good.is_none() && missing.is_none() && self.others.is_empty()).then(|| propstat(Vec::new(), Some(200), first));
            let pair = if style.missing == MissingProperties::Before { [missing, good] } else { [good, missing] };
            response = response.all(pair.into_iter().flatten().chain(empty));
            let mut statuses: Vec<u16> = self.others.iter().map(|(status, _)| *status).collect();
            statuses.dedup();
            for status in statuses {
                let names = self.others.iter().filter(|(other, _)| *other == status).map(|(_, name)| Element::empty(name));
                response = response.with(propstat(names.collect(), Some(status), first));
            }
        }
        if let Some(error) = &self.error {
            response = response.with(Element::new(DAV, "error").with(error.clone()));
        }
        response
    }
}

fn propstat(properties: Vec<Element>, status: Option<u16>, status_first: bool) -> Element {
    let status = status.map_or_else(|| Element::new(DAV, "status"), status_element);
    let prop = Element::new(DAV, "prop").all(properties);
    let (one, other) = if status_first { (status, prop) } else { (prop, status) };
    Element::new(DAV, "propstat").with(one).with(other)
}

fn status_element(status: u16) -> Element {
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Unknown");
    Element::new(DAV, "status").text(format!("HTTP/1.1 {status} {reason}"))
}

/// A precondition of CalDAV or CardDAV, whichever the collection is.
pub(crate) fn data_element(card: bool, calendar_name: &str, card_name: &str) -> Element {
    if card { Element::new(CARD, card_name) } else { Element::new(CAL, calendar_name) }
}
