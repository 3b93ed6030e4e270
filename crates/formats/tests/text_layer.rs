//! The content-line layer: what it keeps, what it reads and what an edit changes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use pimkit_formats::ParseError;
use pimkit_formats::text::{
    Component, ContentLine, Dialect, Document, Encoding, Limits, LineEnd, Param, escape, split_unescaped, unescape,
};

fn card(lines: &str) -> Document {
    Document::parse(format!("BEGIN:VCARD\r\n{lines}\r\nEND:VCARD\r\n")).unwrap()
}

fn content(line: &str) -> ContentLine {
    let document = card(line);
    document.component("VCARD").unwrap().lines().next().unwrap().content().unwrap()
}

/// The lines on which the tokeniser `ical` 0.11 loses text: name, line, value, parameters.
#[test]
fn every_line_that_the_tokeniser_loses_text_of_is_read_whole() {
    type Case<'a> = (&'a str, &'a str, &'a str, &'a [(&'a str, &'a [&'a str])]);
    let many: Vec<String> = (0..12).map(|n| format!("mailto:{n}@x")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let twelve = format!("ATTENDEE;MEMBER={}:mailto:a@b.c", many.iter().map(|m| format!("\"{m}\"")).collect::<Vec<_>>().join(","));
    let cases: &[Case] = &[
        ("fold after a blank", "DESCRIPTION:Hello \r\n World", "Hello World", &[]),
        ("leading colon", "SUMMARY::-) smile", ":-) smile", &[]),
        ("two leading colons", "SUMMARY:::x", "::x", &[]),
        ("quoted delimiters", "ATTENDEE;CN=\"Doe, John; Dr:x\":mailto:a@b.c", "mailto:a@b.c", &[("CN", &["Doe, John; Dr:x"])]),
        ("quoted zone", "DTSTART;TZID=\"(GMT +01:00)\":20200101T000000", "20200101T000000", &[("TZID", &["(GMT +01:00)"])]),
        ("empty parameter", "SUMMARY;LANGUAGE=:x", "x", &[("LANGUAGE", &[""])]),
        ("quoted Cyrillic", "ATTENDEE;CN=\"Жук, Боб\":mailto:b@x", "mailto:b@x", &[("CN", &["Жук, Боб"])]),
        ("twelve values", &twelve, "mailto:a@b.c", &[("MEMBER", &many)]),
        ("empty values", "X;P=,,a:v", "v", &[("P", &["", "", "a"])]),
        ("RFC 6868", "ATTENDEE;CN=a^'b^'^n^^c^x:mailto:a@b", "mailto:a@b", &[("CN", &["a\"b\"\n^c^x"])]),
        ("bare parameters", "TEL;HOME;VOICE:1", "1", &[("TYPE", &["HOME", "VOICE"])]),
        ("trailing blank", "SUMMARY:x  ", "x  ", &[]),
        ("lower case", "tel;type=home,work;type=voice:1", "1", &[("TYPE", &["home", "work", "voice"])]),
        ("quotes without need", "TEL;TYPE=\"home\":1", "1", &[("TYPE", &["home"])]),
        ("empty value", "NOTE:", "", &[]),
        ("quote inside a value", "X;P=a\"b:v", "v", &[("P", &["a\"b"])]),
        ("quote never closed", "X;P=\"ab:v", "v", &[("P", &["\"ab"])]),
    ];
    for (what, line, value, params) in cases {
        let document = card(line);
        let read = document.component("VCARD").unwrap().lines().next().unwrap().content().expect(what);
        assert_eq!(read.value(), *value, "{what}");
        for (name, values) in *params {
            assert_eq!(read.param_values(name), *values, "{what}");
        }
        let unfolded = line.replace("\r\n ", "");
        assert_eq!(read.unfolded(), unfolded, "{what}: written back by our own writer");
        assert_eq!(document.to_bytes(), format!("BEGIN:VCARD\r\n{line}\r\nEND:VCARD\r\n").into_bytes(), "{what}");
    }
}

#[test]
fn any_component_name_nests_in_any_other_and_keeps_its_order() {
    let text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nBEGIN:X-FOO\r\nX:1\r\nEND:X-FOO\r\nSUMMARY:after a component\r\nEND:VEVENT\r\n\
                BEGIN:VAVAILABILITY\r\nBEGIN:available\r\nEND:AVAILABLE\r\nEND:VAVAILABILITY\r\nBEGIN:VTIMEZONE\r\nEND:VTIMEZONE\r\nX-LATE:1\r\nEND:VCALENDAR\r\n";
    let document = Document::parse(text).unwrap();
    let calendar = document.component("vcalendar").unwrap();
    let names: Vec<&str> = calendar.components().map(Component::name).collect();
    assert_eq!(names, ["VEVENT", "VAVAILABILITY", "VTIMEZONE"]);
    let event = calendar.component("VEVENT").unwrap();
    assert_eq!(event.component("X-FOO").unwrap().line("X").unwrap().value(), "1");
    assert_eq!(event.line("SUMMARY").unwrap().number(), 8);
    assert_eq!(document.to_bytes(), text.as_bytes());
}

#[test]
fn a_latin_1_byte_does_not_end_the_file_and_is_read_by_its_charset() {
    let text = b"BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=ISO-8859-1:M\xfcller;J\xf6rg\nFN:J\xf6rg \x80\nNOTE;CHARSET=ISO-8859-15:\xa4\nTEL:1\nEND:VCARD\n".to_vec();
    let document = Document::parse(text.clone()).unwrap();
    let card = document.component("VCARD").unwrap();
    assert!(!card.line("N").unwrap().is_utf8());
    assert_eq!(card.content("N").unwrap().structured(card.dialect()), [["Müller"], ["Jörg"]]);
    assert_eq!(card.content("FN").unwrap().text(card.dialect()), "Jörg €");
    assert_eq!(card.content("NOTE").unwrap().text(card.dialect()), "€");
    assert_eq!(card.line("TEL").unwrap().value(), "1");
    assert_eq!(document.to_bytes(), text);
}

#[test]
fn a_character_split_by_a_fold_is_whole_again() {
    let text = b"BEGIN:VCARD\r\nFN:M\xc3\r\n \xbcller\r\nNO\r\n\tTE:tab\r\nEND:VCARD\r\n".to_vec();
    let document = Document::parse(text.clone()).unwrap();
    let card = document.component("VCARD").unwrap();
    assert_eq!(card.content("FN").unwrap().text(Dialect::VCard40), "Müller");
    assert_eq!(card.line("NOTE").unwrap().value(), "tab", "a fold inside the name, with a tab");
    assert_eq!(document.to_bytes(), text);
}

#[test]
fn a_byte_order_mark_is_no_part_of_begin() {
    let text = "\u{feff}BEGIN:VCARD\r\nFN:x\r\nEND:VCARD\r\n";
    let mut document = Document::parse(text).unwrap();
    assert_eq!(document.to_bytes(), text.as_bytes());
    document.component_mut("VCARD").unwrap().set("FN", ContentLine::new("FN", "y"));
    assert_eq!(document.to_bytes(), text.replace('x', "y").as_bytes());
    assert_eq!(Document::parse(b"\xff\xfeB\0".to_vec()).unwrap_err(), ParseError::Utf16);
}

#[test]
fn line_ends_are_kept_and_the_most_common_one_is_used_for_edits() {
    for (line_end, text) in [
        (LineEnd::CrLf, "BEGIN:VCARD\r\nFN:a\nNOTE:b\r\nEND:VCARD\r\n"),
        (LineEnd::Lf, "BEGIN:VCARD\nFN:a\r\nNOTE:b\nEND:VCARD\n"),
        (LineEnd::Cr, "BEGIN:VCARD\rFN:a\rNOTE:b\rEND:VCARD\r"),
        (LineEnd::CrLf, "BEGIN:VCARD\r\r\nFN:a\r\r\nNOTE:b\r\r\nEND:VCARD"),
    ] {
        let mut document = Document::parse(text).unwrap();
        assert_eq!(document.line_end(), line_end);
        let card = document.component_mut("VCARD").unwrap();
        assert_eq!(card.line("FN").unwrap().value(), "a");
        let old = card.line("NOTE").unwrap().raw().unwrap().to_vec();
        assert!(card.set("NOTE", ContentLine::new("NOTE", "c")));
        let end = String::from_utf8(line_end.as_bytes().to_vec()).unwrap();
        let expected = text.replace(&String::from_utf8(old).unwrap(), &format!("NOTE:c{end}"));
        assert_eq!(String::from_utf8(document.to_bytes()).unwrap(), expected);
    }
}

#[test]
fn a_component_behind_a_file_without_last_line_end_starts_its_own_line() {
    let mut document = Document::parse("BEGIN:VCARD\nFN:a\nEND:VCARD").unwrap();
    assert_eq!(document.to_bytes(), b"BEGIN:VCARD\nFN:a\nEND:VCARD");
    document.push(Component::new("VCARD"));
    assert_eq!(document.to_bytes(), b"BEGIN:VCARD\nFN:a\nEND:VCARD\nBEGIN:VCARD\nEND:VCARD\n");
}

#[test]
fn junk_and_blank_lines_between_and_inside_components_stay() {
    let text = "hello\r\n\r\nBEGIN:VCARD\r\n\r\nno delimiter here\r\nFN:a\r\nname with blanks:x\r\nEND:VCARD\r\n-- \r\nBEGIN:VCARD\r\nitem1.end:VCARD\r\n";
    let document = Document::parse(text).unwrap();
    assert_eq!(document.components().count(), 2);
    assert_eq!(document.nodes().len(), 5);
    let junk: Vec<bool> = document.component("VCARD").unwrap().lines().map(|line| line.content().is_none()).collect();
    assert_eq!(junk, [true, true, false, true]);
    assert_eq!(document.to_bytes(), text.as_bytes());
}

#[test]
fn broken_nesting_is_an_error_with_its_line() {
    for (text, error) in [
        ("BEGIN:VEVENT\nUID:1\nEND:VTODO\n", ParseError::MismatchedEnd { line: 3, begun: 1 }),
        ("BEGIN:A\nFN:a\n b\nBEGIN:B\nEND:A\n", ParseError::MismatchedEnd { line: 5, begun: 4 }),
        ("X:1\nEND:A\n", ParseError::UnexpectedEnd { line: 2 }),
        ("BEGIN:A\nX:1\n\nBEGIN:B\nX:", ParseError::Unclosed { line: 4 }),
    ] {
        assert_eq!(Document::parse(text).unwrap_err(), error);
    }
}

#[test]
fn limits_hold_and_deep_nesting_does_not_overflow() {
    let bomb = "BEGIN:VEVENT\n".repeat(20_000) + &"END:VEVENT\n".repeat(20_000);
    assert_eq!(Document::parse(bomb.clone()).unwrap_err(), ParseError::TooDeep { line: 65, limit: 64 });
    let deep = "BEGIN:A\n".repeat(64) + &"END:A\n".repeat(64);
    assert_eq!(Document::parse(deep.clone()).unwrap().to_bytes(), deep.as_bytes());
    let limits = Limits { max_bytes: 20, ..Limits::default() };
    assert_eq!(Document::parse_with("BEGIN:VCARD\r\nEND:VCARD\r\n", &limits).unwrap_err(), ParseError::TooLarge { size: 24, limit: 20 });
    let limits = Limits { max_lines: 2, ..Limits::default() };
    assert_eq!(Document::parse_with("A:1\nB:2\n x\nC:3\n", &limits).unwrap_err(), ParseError::TooManyLines { line: 4, limit: 2 });
}

#[test]
fn errors_do_not_show_the_text_of_the_card() {
    let error = Document::parse("BEGIN:VCARD\nFN:Secret Name\nEND:Secret Name\n").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("Secret"));
    let document = card("FN:Secret Name\r\nTEL;X-A=Secret:Secret");
    assert!(!format!("{document:?} {:?}", content("TEL;X-A=Secret:Secret")).contains("Secret"));
}

#[test]
fn vcard_2_1_is_read_with_its_own_rules() {
    let text = "BEGIN:VCARD\r\nVERSION:2.1\r\n\
                N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=B6=\r\nrg;a=3Bb\r\n\
                NOTE;QUOTED-PRINTABLE:one=0D=0Atwo=\r\n three=\r\n=\r\nend\r\n\
                PHOTO;ENCODING=BASE64;JPEG:\r\n AAEC\r\n   AwQF\r\n\r\n\
                LOGO;BASE64:\r\nAAEC\r\nAwQ=\r\n\r\n\
                ORG:a\\;b\\,c\\\\d;e\r\n\
                AGENT:\r\nBEGIN:VCARD\r\nVERSION:2.1\r\nFN:agent\r\nEND:VCARD\r\n\
                TEL;PREF;WORK:1\r\nEND:VCARD\r\n";
    let document = Document::parse(text).unwrap();
    let card = document.component("VCARD").unwrap();
    assert_eq!(card.dialect(), Dialect::VCard21);
    assert_eq!(card.content("N").unwrap().structured(Dialect::VCard21), [["Müller"], ["Jörg"], ["a;b"]]);
    let note = card.content("NOTE").unwrap();
    assert_eq!(note.encoding(), Encoding::QuotedPrintable);
    assert_eq!(note.text(Dialect::VCard21), "one\r\ntwo threeend");
    assert_eq!(card.content("LOGO").unwrap().base64().unwrap(), [0, 1, 2, 3, 4]);
    assert_eq!(card.content("ORG").unwrap().structured(Dialect::VCard21), [["a;b\\,c\\\\d"], ["e"]]);
    assert_eq!(card.component("VCARD").unwrap().line("FN").unwrap().value(), "agent");
    assert_eq!(card.content("TEL").unwrap().types(), ["pref", "work"]);
    assert_eq!(document.to_bytes(), text.as_bytes());
}

#[test]
fn a_soft_line_break_before_the_end_of_the_card_does_not_swallow_it() {
    let text = "BEGIN:VCARD\nVERSION:2.1\nNOTE;ENCODING=QUOTED-PRINTABLE:cut=\nEND:VCARD\n";
    let document = Document::parse(text).unwrap();
    assert_eq!(document.component("VCARD").unwrap().content("NOTE").unwrap().text(Dialect::VCard21), "cut");
    assert_eq!(document.to_bytes(), text.as_bytes());
}

#[test]
fn a_line_added_behind_an_open_soft_line_break_is_not_swallowed() {
    let text = "BEGIN:VCARD\nVERSION:2.1\nNOTE;ENCODING=QUOTED-PRINTABLE:cut=\nEND:VCARD\n";
    let mut document = Document::parse(text).unwrap();
    document.component_mut("VCARD").unwrap().add(ContentLine::new("TEL", "1"));
    let again = Document::parse(document.to_bytes()).unwrap();
    let card = again.component("VCARD").unwrap();
    assert_eq!(card.content("NOTE").unwrap().text(Dialect::VCard21), "cut");
    assert_eq!(card.line("TEL").unwrap().value(), "1");
}

#[test]
fn an_indented_base64_block_is_read_with_its_blanks_ignored() {
    let document = card("VERSION:2.1\r\nPHOTO;ENCODING=BASE64;JPEG:\r\n AAEC\r\n   AwQF\r\n");
    assert_eq!(document.component("VCARD").unwrap().content("PHOTO").unwrap().base64().unwrap(), [0, 1, 2, 3, 4, 5]);
    assert_eq!(content("PHOTO;ENCODING=b,b;TYPE=JPEG,jpeg:AAEC").encoding(), Encoding::Base64, "as iOS wrote it");
    assert_eq!(content("PHOTO;ENCODING=b:!!!").base64(), None);
}

#[test]
fn escapes_go_there_and_back() {
    for dialect in [Dialect::VCard30, Dialect::VCard40, Dialect::ICalendar] {
        for text in ["", "a,b;c\\d", "line\nline", "\\n", "\\", "back\\;slash", "Жук 👪", ":"] {
            assert_eq!(unescape(&escape(text, dialect), dialect), text);
        }
    }
    for (written, meant) in [("a\\nb\\Nc", "a\nb\nc"), ("a\\:b", "a:b"), ("\\x\\", "\\x\\"), ("\\\\n", "\\n")] {
        assert_eq!(unescape(written, Dialect::VCard30), meant);
    }
    assert_eq!(escape("a\r\nb\rc", Dialect::ICalendar), "a\\nb\\nc");
    assert_eq!(unescape("C:\\new\\;x", Dialect::VCard21), "C:\\new;x");
    assert_eq!(split_unescaped("a\\,b,c\\\\,d,", ',', Dialect::VCard40), ["a\\,b", "c\\\\", "d", ""]);
    assert_eq!(split_unescaped("a\\\\;b", ';', Dialect::VCard21), ["a\\\\;b"], "in 2.1 a backslash escapes only the semicolon behind it");
    let adr = content("ADR:;;1\\, Main;Town\\;x,Ville;;;");
    assert_eq!(adr.structured(Dialect::VCard40)[2..4], [vec!["1, Main".to_owned()], vec!["Town;x".to_owned(), "Ville".to_owned()]]);
    assert_eq!(content("CATEGORIES:a\\,b,c").list(Dialect::ICalendar), ["a,b", "c"]);
}

#[test]
fn parameters_are_quoted_and_encoded_when_they_must_be() {
    for (value, written) in [
        ("plain", "X;P=plain:v"),
        ("a,b", "X;P=\"a,b\":v"),
        ("a;b:c", "X;P=\"a;b:c\":v"),
        ("say \"hi\"\r\nthere^", "X;P=say ^'hi^'^nthere^^:v"),
        ("", "X;P=:v"),
    ] {
        let line = ContentLine::new("X", "v").with_param("P", value);
        assert_eq!(line.unfolded(), written);
        assert_eq!(content(written).param_value("P").unwrap(), value.replace("\r\n", "\n"));
    }
}

#[test]
fn no_value_name_or_parameter_can_start_a_line_of_its_own() {
    let mut line = ContentLine::new("NO\r\nTE:", "a\r\nEND:VCARD\rb\nc").with_param("P\n", "x\r\nEND:VCARD");
    line.set_group(Some("g\r\nEND:VCARD"));
    line.add_param(Param::bare("HOME\r\nX:1"));
    let mut document = card("FN:a");
    document.component_mut("VCARD").unwrap().add(line);
    let again = Document::parse(document.to_bytes()).unwrap();
    assert_eq!(again.components().count(), 1);
    assert_eq!(again.component("VCARD").unwrap().lines().count(), 2);
}

#[test]
fn an_edited_line_is_folded_at_75_octets_between_characters() {
    let text = "ж".repeat(100);
    let mut document = card("SUMMARY:x\r\nNOTE:folded \r\n as it was");
    document.component_mut("VCARD").unwrap().set("SUMMARY", ContentLine::text_line("SUMMARY", &text, Dialect::VCard40));
    let bytes = document.to_bytes();
    let written = String::from_utf8(bytes.clone()).expect("no character is cut");
    assert!(written.contains("NOTE:folded \r\n as it was\r\n"));
    let longest = written.split("\r\n").map(str::len).max().unwrap();
    assert!((74..=75).contains(&longest), "{longest}");
    assert_eq!(Document::parse(bytes).unwrap().component("VCARD").unwrap().content("SUMMARY").unwrap().value(), text);
}

#[test]
fn a_text_that_vcard_2_1_cannot_hold_becomes_quoted_printable() {
    let mut document = card("VERSION:2.1\r\nNOTE;WORK;CHARSET=ISO-8859-1:x");
    let note = "zwei\nZeilen = ü; ".repeat(12);
    let owned = document.component_mut("VCARD").unwrap();
    let mut line = owned.content("NOTE").unwrap();
    line.set_text(&note, Dialect::VCard21);
    owned.set("NOTE", line);
    let bytes = document.to_bytes();
    assert!(bytes.is_ascii());
    assert!(bytes.split(|byte| *byte == b'\n').all(|line| line.len() <= 77));
    let again = Document::parse(bytes).unwrap();
    let read = again.component("VCARD").unwrap().content("NOTE").unwrap();
    assert_eq!(read.text(Dialect::VCard21).replace("\r\n", "\n"), note);
    assert_eq!(read.types(), ["work"]);
    let mut plain = read;
    plain.set_text(&"long ".repeat(40), Dialect::VCard21);
    assert_eq!(plain.encoding(), Encoding::Plain);
    document.component_mut("VCARD").unwrap().set("NOTE", plain);
    assert_eq!(document.to_bytes().split(|byte| *byte == b'\n').count(), 5, "2.1 lines are not folded");
}

#[test]
fn an_edit_that_changes_nothing_keeps_the_bytes() {
    let text = "BEGIN:VCARD\r\nVERSION:3.0\r\ntel;type=home:+1 \r\n 555\r\nTEL:2\r\nEND:VCARD\r\n";
    let mut document = Document::parse(text).unwrap();
    let card = document.component_mut("VCARD").unwrap();
    let contents: Vec<ContentLine> = card.contents("TEL").collect();
    assert!(!card.set_all("TEL", contents));
    for line in card.lines_mut() {
        let same = line.content().unwrap();
        assert!(!line.set_content(same));
    }
    assert_eq!(document.to_bytes(), text.as_bytes());
}

#[test]
fn setting_a_list_of_lines_touches_only_the_changed_ones() {
    let mut document = card("VERSION:3.0\r\nitem1.EMAIL;type=\"x\":a@x\r\nX-BETWEEN:1\r\nEMAIL:b@x\r\nEMAIL:c@x\r\nNOTE:n");
    let card = document.component_mut("VCARD").unwrap();
    let mut emails: Vec<ContentLine> = card.contents("EMAIL").collect();
    emails[1].set_value("new@x");
    emails.remove(2);
    assert!(card.set_all("EMAIL", emails.clone()));
    emails.push(ContentLine::new("EMAIL", "d@x"));
    emails.push(ContentLine::new("EMAIL", "e@x"));
    assert!(card.set_all("EMAIL", emails));
    assert_eq!(card.remove("NOTE"), 1);
    let written = String::from_utf8(document.to_bytes()).unwrap();
    assert_eq!(
        written,
        "BEGIN:VCARD\r\nVERSION:3.0\r\nitem1.EMAIL;type=\"x\":a@x\r\nX-BETWEEN:1\r\nEMAIL:new@x\r\nEMAIL:d@x\r\nEMAIL:e@x\r\nEND:VCARD\r\n"
    );
}

#[test]
fn an_added_property_stands_before_inner_components() {
    let mut document = Document::parse("BEGIN:VEVENT\nUID:1\n\nBEGIN:VALARM\nEND:VALARM\nEND:VEVENT\n").unwrap();
    document.component_mut("VEVENT").unwrap().add(ContentLine::new("SUMMARY", "s"));
    assert_eq!(document.to_bytes(), b"BEGIN:VEVENT\nUID:1\nSUMMARY:s\n\nBEGIN:VALARM\nEND:VALARM\nEND:VEVENT\n");
}

#[test]
fn groups_are_found_and_kept() {
    let document = card("item1.TEL:1\r\nITEM1.X-ABLabel:_$!<Home>!$_\r\nitem2.TEL:2");
    let card = document.component("VCARD").unwrap();
    assert_eq!(card.lines_named("TEL").filter_map(|line| line.group()).collect::<Vec<_>>(), ["item1", "item2"]);
    assert_eq!(card.lines_in_group("item1").count(), 2);
}

#[test]
fn a_bare_cr_inside_a_value_is_read_and_never_written_by_an_edit() {
    let mut document = card("NOTE:one\rtwo");
    let card = document.component_mut("VCARD").unwrap();
    let mut note = card.content("NOTE").unwrap();
    assert_eq!(note.value(), "one\rtwo");
    note.set_param("LANGUAGE", ["en"]);
    card.set("NOTE", note);
    assert_eq!(document.to_bytes(), b"BEGIN:VCARD\r\nNOTE;LANGUAGE=en:one\\ntwo\r\nEND:VCARD\r\n");
}
