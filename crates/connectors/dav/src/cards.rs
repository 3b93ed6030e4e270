//! Cards for servers that cut values at commas and semicolons ([`Quirks::cuts_values`](crate::Quirks::cuts_values)).

use pimkit_formats::text::{Component, ContentLine, Dialect, Document};

/// The card with one nickname to a line, and with commas and semicolons of addresses escaped, as such servers write them
/// themselves; [`TextRecord::read`](pimkit_formats::TextRecord::read) reads both alike. Every other byte stays.
pub(crate) fn uncut(text: Vec<u8>) -> Vec<u8> {
    let Ok(mut document) = Document::parse(text.clone()) else { return text };
    let mut any = false;
    for card in document.components_mut().filter(|c| c.is("VCARD")) {
        let dialect = card.dialect();
        any |= apart(card, dialect);
        for line in card.lines_mut() {
            let Some(mut content) = line.content().filter(|content| content.is("URL")) else { continue };
            let escaped = escaped(content.value());
            if escaped != content.value() {
                content.set_value(&escaped);
                any |= line.set_content(content);
            }
        }
    }
    if any { document.to_bytes() } else { text }
}

/// One line for each nickname.
fn apart(card: &mut Component, dialect: Dialect) -> bool {
    let mut lines = Vec::new();
    for line in card.contents("NICKNAME") {
        let names = line.list(dialect);
        if names.len() < 2 {
            lines.push(line);
            continue;
        }
        lines.extend(names.iter().map(|name| {
            let mut own: ContentLine = line.clone();
            own.set_text(name, dialect);
            own
        }));
    }
    card.set_all("NICKNAME", lines)
}

fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut escape = false;
    for c in value.chars() {
        if matches!(c, ',' | ';') && !escape {
            text.push('\\');
        }
        escape = c == '\\' && !escape;
        text.push(c);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use pimkit_core::Contact;
    use pimkit_formats::TextRecord;

    #[test]
    fn nothing_is_left_to_cut_and_the_card_reads_as_before() {
        let card =
            "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:x\r\nNICKNAME;X-A=1:a,b\\, c\r\nURL:https://x.example/?a=1,2;3\r\nNOTE:n\r\nEND:VCARD\r\n";
        let uncut = uncut(card.as_bytes().to_vec());
        let text = String::from_utf8(uncut.clone()).unwrap();
        assert!(text.contains("NICKNAME;X-A=1:a\r\nNICKNAME;X-A=1:b\\, c\r\nURL:https://x.example/?a=1\\,2\\;3\r\n"), "{text}");
        assert_eq!(Contact::read(&uncut).unwrap(), Contact::read(card.as_bytes()).unwrap());
        assert_eq!(super::uncut(uncut.clone()), uncut);
    }
}
