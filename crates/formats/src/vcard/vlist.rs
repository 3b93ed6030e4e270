//! Lists of contacts as SOGo keeps them in its address books: `VLIST`, of the type `text/x-vlist`.
//!
//! A member is a line `CARD;EMAIL=…;FN=…:x.vcf`: the name of its resource in the same address book, and what the web pages
//! show of it. No standard has it, and other servers refuse it (owncloud/core 27418).

use crate::{
    resource::FormatError,
    text::{Component, ContentLine, Dialect, Document},
};

/// The media type.
pub const MEDIA_TYPE: &str = "text/x-vlist";
/// What a resource's name ends in, without the dot.
pub const EXTENSION: &str = "vlf";

const VLIST: &str = "VLIST";
const CARD: &str = "CARD";

/// What a list says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// Its UID, which is nobody's member.
    pub uid: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Its members, in the order of the text.
    pub members: Vec<Listed>,
}

/// One member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// The name of its resource: `x.vcf`.
    pub file: String,
    /// Its e-mail address, for people.
    pub email: Option<String>,
    /// Its name, for people.
    pub name: Option<String>,
}

impl Listed {
    fn line(&self) -> ContentLine {
        let mut line = ContentLine::text_line(CARD, &self.file, Dialect::ICalendar);
        for (param, value) in [("EMAIL", &self.email), ("FN", &self.name)] {
            if let Some(value) = value.as_deref().map(str::trim).filter(|value| !value.is_empty()) {
                line = line.with_param(param, value);
            }
        }
        line
    }
}

/// What an edit does to a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edit {
    /// Its new name.
    pub name: Option<String>,
    /// Who comes in; who is in stays as it is there.
    pub joins: Vec<Listed>,
    /// Who goes, by the names of resources.
    pub leaves: Vec<String>,
}

/// Whether a text is a list and no card.
#[must_use]
pub fn is_list(text: &[u8]) -> bool {
    let start = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text).trim_ascii_start();
    start.get(..11).is_some_and(|start| start.eq_ignore_ascii_case(b"BEGIN:VLIST"))
}

fn file(line: &ContentLine) -> String {
    line.text(Dialect::ICalendar).trim().to_owned()
}

/// What a text says.
///
/// # Errors
/// [`FormatError::Parse`] when it is no tree of components; [`FormatError::Nothing`] when there is no list in it.
pub fn read(text: &[u8]) -> Result<List, FormatError> {
    let document = Document::parse(text.to_vec())?;
    let list = document.component(VLIST).ok_or(FormatError::Nothing { component: VLIST })?;
    let said = |name: &str| {
        let text = list.content(name)?.text(Dialect::ICalendar).trim().to_owned();
        (!text.is_empty()).then_some(text)
    };
    let member = |line: ContentLine| {
        let shown = |name: &str| line.param_value(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        Listed { file: file(&line), email: shown("EMAIL"), name: shown("FN") }
    };
    let members = list.contents(CARD).map(member).filter(|member| !member.file.is_empty()).collect();
    Ok(List { uid: said("UID"), name: said("FN"), members })
}

/// A text for a list that has none.
#[must_use]
pub fn author(list: &List) -> Vec<u8> {
    let mut component = Component::new(VLIST);
    let mut text = |name: &str, value: &str| component.add(ContentLine::text_line(name, value, Dialect::ICalendar));
    if let Some(uid) = &list.uid {
        text("UID", uid);
    }
    text("VERSION", "1.0");
    text("FN", list.name.as_deref().unwrap_or_default());
    list.members.iter().for_each(|member| component.add(member.line()));
    Document::from(component).to_bytes()
}

/// The same text with an edit made; every other line is the same bytes.
///
/// # Errors
/// As [`read`].
pub fn patch(text: &[u8], edit: &Edit) -> Result<Vec<u8>, FormatError> {
    let mut document = Document::parse(text.to_vec())?;
    let list = document.component_mut(VLIST).ok_or(FormatError::Nothing { component: VLIST })?;
    let mut changed = false;
    if let Some(name) = &edit.name {
        let mut line = list.content("FN").unwrap_or_else(|| ContentLine::new("FN", ""));
        if line.text(Dialect::ICalendar).trim() != name {
            line.set_text(name, Dialect::ICalendar);
            changed |= list.set("FN", line);
        }
    }
    let goes = |line: &crate::text::Line| line.is(CARD) && line.content().is_some_and(|line| edit.leaves.contains(&file(&line)));
    changed |= list.remove_where(goes) > 0;
    let mut there: Vec<String> = list.contents(CARD).map(|line| file(&line)).collect();
    for joins in &edit.joins {
        if !there.contains(&joins.file) {
            there.push(joins.file.clone());
            list.add(joins.line());
            changed = true;
        }
    }
    Ok(if changed { document.to_bytes() } else { text.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEAM: &str = "BEGIN:VLIST\r\nUID:l-1.vlf\r\nVERSION:1.0\r\nFN:Team\\, red\r\nX-ODD;A=b:stays\r\n\
        CARD;EMAIL=ada@a.example;FN=\"Lovelace, Ada\":a.vcf\r\nCARD;X-SEEN=1;FN=Bo:b.vcf\r\nEND:VLIST\r\n";

    fn listed(file: &str) -> Listed {
        Listed { file: file.to_owned(), ..Listed::default() }
    }

    fn edited(edit: &Edit) -> String {
        String::from_utf8(patch(TEAM.as_bytes(), edit).unwrap()).unwrap()
    }

    #[test]
    fn a_list_is_read_with_its_members_by_file() {
        let list = read(TEAM.as_bytes()).unwrap();
        assert_eq!((list.uid.as_deref(), list.name.as_deref()), (Some("l-1.vlf"), Some("Team, red")));
        let ada = Listed { file: "a.vcf".into(), email: Some("ada@a.example".into()), name: Some("Lovelace, Ada".into()) };
        assert_eq!(list.members, [ada, Listed { name: Some("Bo".into()), ..listed("b.vcf") }]);
        assert!(is_list(TEAM.as_bytes()) && is_list(b"\n begin:vlist\r\n") && !is_list(b"BEGIN:VCARD\r\n"));
        assert_eq!(read(b"BEGIN:VCARD\r\nEND:VCARD\r\n"), Err(FormatError::Nothing { component: "VLIST" }));
    }

    #[test]
    fn what_is_authored_reads_back() {
        let long = "name; of \"many\", words ".repeat(6).trim().to_owned();
        let members = vec![Listed { email: Some("a@b.example".into()), name: Some(long.clone()), ..listed("a;b,c.vcf") }, listed("d.vcf")];
        let list = List { uid: Some("u".into()), name: Some(long), members };
        let text = author(&list);
        assert!(text.split(|b| *b == b'\n').all(|line| line.len() <= 76));
        let mut read = read(&text).unwrap();
        // Quotes have no place in a parameter but in RFC 6868's spelling, which comes back.
        assert_eq!(read.members.remove(0), list.members[0].clone());
        assert_eq!((read.uid, read.name), (list.uid, list.name));
    }

    #[test]
    fn an_edit_touches_only_the_lines_that_it_means() {
        assert_eq!(edited(&Edit::default()), TEAM);
        let same = Edit { name: Some("Team, red".into()), joins: vec![listed("a.vcf")], leaves: vec!["z.vcf".into()] };
        assert_eq!(edited(&same), TEAM);
        let joined = edited(&Edit { joins: vec![listed("c.vcf"), listed("c.vcf")], ..Edit::default() });
        assert_eq!(joined, TEAM.replace("END:VLIST", "CARD:c.vcf\r\nEND:VLIST"));
        let left = edited(&Edit { leaves: vec!["a.vcf".into()], ..Edit::default() });
        assert_eq!(left, TEAM.replace("CARD;EMAIL=ada@a.example;FN=\"Lovelace, Ada\":a.vcf\r\n", ""));
        let renamed = edited(&Edit { name: Some("Blue".into()), ..Edit::default() });
        assert_eq!(renamed, TEAM.replace("Team\\, red", "Blue"));
    }
}
