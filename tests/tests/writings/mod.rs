//! 1,000 vCards and 1,000 iCalendar resources of every sort, as files in a folder.
#![allow(dead_code, unreachable_pub, reason = "each test program uses its own part")]

use pimkit::{
    Clock,
    formats::resource::{Authoring, CardVersion, InlineBlobs, TextRecord},
};
use pimkit_contract::{FakeClock, samples};
use std::{fs, path::Path};

/// Texts as programs write them; `{n}` is a number, so that each resource is one of its own.
pub const CARDS: &[&str] = &[
    // A phone of the nineties.
    "BEGIN:VCARD\r\nVERSION:2.1\r\nUID:old-{n}\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller {n};J=C3=B6rg\r\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=B6rg M=C3=BCller {n}\r\nTEL;HOME;VOICE:+43 1 {n}\r\nTEL;WORK;FAX:+43 2 {n}\r\nEMAIL;INTERNET:old{n}@example.org\r\nNOTE;ENCODING=QUOTED-PRINTABLE:two=0D=0A=\r\nlines\r\nEND:VCARD\r\n",
    // Apple's groups and labels.
    "BEGIN:VCARD\r\nVERSION:3.0\r\nPRODID:-//Apple Inc.//macOS 14//EN\r\nUID:apple-{n}\r\nN:Rossi;Bianca;;;\r\nFN:Bianca Rossi {n}\r\nitem1.EMAIL;type=INTERNET;type=pref:bianca{n}@example.org\r\nitem1.X-ABLabel:Atelier\r\nitem2.ADR;type=HOME:;;Via Roma {n};Torino;;10121;Italia\r\nitem2.X-ABADR:it\r\nitem3.URL:https://example.org/{n}\r\nitem3.X-ABLabel:_$!<HomePage>!$_\r\nBDAY;X-APPLE-OMIT-YEAR=1604:1604-04-12\r\nX-SOCIALPROFILE;type=twitter:https://social.example/bianca{n}\r\nEND:VCARD\r\n",
    // A 4.0 card with parameters that need care.
    "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:urn:uuid:00000000-0000-4000-8000-{n12}\r\nFN:Zo\u{eb} \u{201c}Z\u{201d} {n}\r\nN:\u{141}ukasz;Zo\u{eb};Ann,Beth;Dr.;PhD\r\nKIND:individual\r\nBDAY:--0229\r\nANNIVERSARY:20090808\r\nTEL;VALUE=uri;PREF=1;TYPE=\"voice,work\":tel:+1-418-{n};ext=102\r\nEMAIL;TYPE=work:zoe{n}@example.net\r\nRELATED;TYPE=friend;VALUE=text:Ada {n}\r\nLANG;PREF=1:fr\r\nCATEGORIES:kin,choir {n}\r\nNOTE:semi\\; comma\\, back\\\\slash\\nnew line {n}\r\nPHOTO:data:image/png;base64,iVBORw0KGgo=\r\nX-CUSTOM-THING:kept {n}\r\nREV:20260101T000000Z\r\nEND:VCARD\r\n",
    // A company, with a picture kept elsewhere.
    "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:org-{n}\r\nFN:Company {n}\r\nN:;;;;\r\nORG:Company {n};Sales;South\r\nTEL;TYPE=WORK:0512 {n}\r\nPHOTO;VALUE=URI:https://example.org/{n}.png\r\nX-ABShowAs:COMPANY\r\nEND:VCARD\r\n",
];

const CALENDARS: &[&str] = &[
    // Outlook: a Windows zone with its rules, a moved and a left-out occurrence.
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Microsoft Corporation//Outlook 16.0 MIMEDIR//EN\r\nBEGIN:VTIMEZONE\r\nTZID:W. Europe Standard Time\r\nBEGIN:STANDARD\r\nDTSTART:16010101T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\nEND:STANDARD\r\nBEGIN:DAYLIGHT\r\nDTSTART:16010101T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:outlook-{n}\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Weekly {n}\r\nDTSTART;TZID=W. Europe Standard Time:20260302T090000\r\nDTEND;TZID=W. Europe Standard Time:20260302T100000\r\nRRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=20\r\nEXDATE;TZID=W. Europe Standard Time:20260316T090000\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Reminder\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:outlook-{n}\r\nRECURRENCE-ID;TZID=W. Europe Standard Time:20260323T090000\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Weekly {n}\\, later\r\nDTSTART;TZID=W. Europe Standard Time:20260323T140000\r\nDTEND;TZID=W. Europe Standard Time:20260323T150000\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
    // All-day, and a fold in the middle of a character's line.
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Mozilla.org/NONSGML Mozilla Calendar V1.1//EN\r\nBEGIN:VEVENT\r\nUID:allday-{n}\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Ferien {n} mit einer sehr langen \u{dc}berschrift\\, die auf mehr als eine Z\r\n eile geht\r\nDTSTART;VALUE=DATE:20260801\r\nDTEND;VALUE=DATE:20260815\r\nTRANSP:TRANSPARENT\r\nCATEGORIES:family,travel {n}\r\nCLASS:PRIVATE\r\nX-MOZ-GENERATION:1\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
    // Floating, with guests.
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example//EN\r\nBEGIN:VEVENT\r\nUID:guests-{n}\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Breakfast {n}\r\nDTSTART:20260504T073000\r\nDURATION:PT45M\r\nORGANIZER;CN=\"Doe, Jane\":mailto:jane@example.org\r\nATTENDEE;CN=Bob;PARTSTAT=ACCEPTED;ROLE=OPT-PARTICIPANT;X-NUM-GUESTS=0:mailto:bob{n}@example.org\r\nLOCATION:Caf\u{e9}\\, corner\r\nGEO:48.2;16.37\r\nURL:https://example.org/{n}\r\nSTATUS:TENTATIVE\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
];

/// Writes a file.
pub fn write(folder: &Path, name: &str, text: &[u8]) {
    fs::write(folder.join(name), text).unwrap();
}

/// A text with its number.
pub fn fill(template: &str, n: u64) -> String {
    template.replace("{n12}", &format!("{n:012}")).replace("{n}", &n.to_string())
}

fn authored<R: TextRecord>(record: &R, version: CardVersion, clock: &FakeClock) -> Vec<u8> {
    let options = Authoring::new(clock.now(), "-//pimkit//tests//EN").with_card_version(version);
    R::author(record, &options, &InlineBlobs::new()).unwrap()
}

/// 1,000 cards: what four programs write, and every field of ours in both versions.
pub fn lay_out_cards(folder: &Path, clock: &FakeClock) {
    for n in 0..500 {
        write(folder, &format!("t{n}.vcf"), fill(CARDS[n as usize % CARDS.len()], n).as_bytes());
    }
    for n in 0..500 {
        let mut contact = if n % 2 == 0 { samples::full_contact(n) } else { samples::contact(n) };
        contact.photo = None;
        let version = if n % 3 == 0 { CardVersion::V4 } else { CardVersion::V3 };
        write(folder, &format!("s{n}.vcf"), &authored(&contact, version, clock));
    }
}

/// 1,000 resources: what three programs write, series, tasks, and every field of ours.
pub fn lay_out_calendars(folder: &Path, clock: &FakeClock) {
    for n in 0..300 {
        write(folder, &format!("t{n}.ics"), fill(CALENDARS[n as usize % CALENDARS.len()], n).as_bytes());
    }
    for n in 0..400 {
        let mut event = match n % 4 {
            0 => samples::full_event(n),
            1 => samples::series(n),
            2 => samples::meeting(n),
            _ => samples::event(n),
        };
        event.attachments.clear();
        write(folder, &format!("e{n}.ics"), &authored(&event, CardVersion::V4, clock));
    }
    for n in 0..300 {
        let mut task = match n % 3 {
            0 => samples::full_task(n),
            1 => samples::task_series(n),
            _ => samples::task(n),
        };
        task.attachments.clear();
        write(folder, &format!("d{n}.ics"), &authored(&task, CardVersion::V4, clock));
    }
}
