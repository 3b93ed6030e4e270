//! Any bytes: no panic, and what parses comes back byte for byte.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use pimkit_formats::text::{Component, ContentLine, Dialect, Document, Line, Node, escape, unescape};
use pimkit_formats::zone;
use proptest::prelude::*;

/// Pieces from which files are made that come close to vCard and iCalendar.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let fixed = prop::sample::select(vec![
        "BEGIN:VCARD",
        "END:VCARD",
        "BEGIN:VTIMEZONE",
        "END:VTIMEZONE",
        "BEGIN:STANDARD",
        "END:STANDARD",
        "\r\n",
        "\n",
        "\r",
        " ",
        "\t",
        ":",
        ";",
        ",",
        "=",
        "\"",
        "\\",
        "^",
        "TEL",
        "item1.",
        "TYPE=",
        "HOME",
        "ENCODING=QUOTED-PRINTABLE",
        "ENCODING=BASE64",
        "CHARSET=ISO-8859-1",
        "=C3=B6",
        "=\r\n",
        "AAEC",
        "\u{feff}",
        "ж",
        "TZID:Europe/Berlin",
        "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
        "DTSTART:16010101T000000",
        "TZOFFSETFROM:+0100",
        "TZOFFSETTO:+5730",
        "RDATE:20200101T000000",
    ]);
    prop_oneof![8 => fixed.prop_map(|text| text.as_bytes().to_vec()), 1 => prop::collection::vec(any::<u8>(), 0..6)]
}

fn walk(component: &Component) {
    let dialect = component.dialect();
    let _ = zone::VTimeZone::read(component).map(|zone| zone.offset_at_local(jiff::civil::date(2024, 7, 1).at(12, 0, 0, 0)));
    for node in component.nodes() {
        match node {
            Node::Component(inner) => walk(inner),
            Node::Line(line) => {
                let Some(content) = line.content() else { continue };
                if line.is_utf8() && !line.logical().contains(&b'\r') {
                    assert_eq!(content.unfolded().as_bytes(), &*line.logical(), "the parts of a line are the line");
                }
                let _ = (content.text(dialect), content.list(dialect), content.structured(dialect), content.types(), content.base64());
                let _ = zone::resolve(content.value(), Some(component));
            }
        }
    }
}

/// The bytes of a line. An empty line that ends an open soft line break counts to the line before it.
fn raw(line: &Line) -> Vec<u8> {
    line.raw().unwrap().trim_ascii_end().to_vec()
}

fn check(bytes: Vec<u8>) {
    let Ok(mut document) = Document::parse(bytes.clone()) else { return };
    assert_eq!(document.to_bytes(), bytes);
    document.components().for_each(walk);
    let Some(component) = document.components_mut().next() else { return };
    let others: Vec<Vec<u8>> = component.lines().map(raw).collect();
    component.add(ContentLine::new("X-PIMKIT-ADDED", "1"));
    let written = document.to_bytes();
    let again = Document::parse(written).unwrap();
    let component = again.components().next().unwrap();
    assert_eq!(component.line("X-PIMKIT-ADDED").map(|line| line.value()).as_deref(), Some("1"));
    let kept: Vec<Vec<u8>> = component.lines().filter(|line| !line.is("X-PIMKIT-ADDED")).map(raw).collect();
    assert_eq!(kept, others, "an added line leaves all others as they are");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_parses_comes_back(pieces in prop::collection::vec(piece(), 0..60)) {
        check(pieces.concat());
    }

    #[test]
    fn what_parses_inside_a_card_comes_back(pieces in prop::collection::vec(piece(), 0..40)) {
        let mut bytes = b"BEGIN:VCARD\r\n".to_vec();
        bytes.extend(pieces.concat());
        bytes.extend_from_slice(b"\r\nEND:VCARD\r\n");
        check(bytes);
    }

    #[test]
    fn random_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        check(bytes);
    }

    #[test]
    fn a_written_line_reads_back(text in "\\PC*", param in "\\PC*", dialect in prop::sample::select(vec![Dialect::VCard21, Dialect::VCard30, Dialect::VCard40, Dialect::ICalendar])) {
        let version = if dialect == Dialect::VCard21 { "2.1" } else { "4.0" };
        let mut card = Component::new("VCARD");
        card.add(ContentLine::new("VERSION", version));
        card.add(ContentLine::text_line("NOTE", &text, dialect).with_param("X-P", &param));
        let again = Document::parse(Document::from(card).to_bytes()).unwrap();
        let line = again.component("VCARD").unwrap().content("NOTE").unwrap();
        prop_assert_eq!(line.text(dialect), text);
        prop_assert_eq!(line.param_value("X-P").unwrap(), param);
    }

    #[test]
    fn escapes_are_undone(text in any::<String>()) {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        prop_assert_eq!(unescape(&escape(&text, Dialect::ICalendar), Dialect::ICalendar), text);
    }
}
