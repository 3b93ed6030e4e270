//! vCard 4.0 into 3.0, as sabre's VObject does on reading for clients that do not ask for 4.0.

use super::lines::{Component, Line};

/// The card as 3.0; as it is if it is not 4.0.
pub(crate) fn to_three(card: &Component) -> Component {
    if card.value("VERSION") != Some("4.0") {
        return card.clone();
    }
    let mut out = Component { name: card.name.clone(), lines: Vec::new(), children: card.children.clone() };
    let mut groups = 0;
    for line in &card.lines {
        match line.name.as_str() {
            "VERSION" => out.lines.push(Line::plain("VERSION", "3.0")),
            "KIND" if line.value.eq_ignore_ascii_case("org") => out.lines.push(Line::plain("X-ABSHOWAS", "COMPANY")),
            "KIND" if line.value.eq_ignore_ascii_case("group") => out.lines.push(Line::plain("X-ADDRESSBOOKSERVER-KIND", "GROUP")),
            "KIND" => {}
            "MEMBER" => out.lines.push(Line::plain("X-ADDRESSBOOKSERVER-MEMBER", &line.value)),
            // Three properties for one: nextcloud/server#12878.
            "ANNIVERSARY" => {
                groups += 1;
                let value = dashed(&line.value);
                for raw in [
                    format!("X-ANNIVERSARY;VALUE=DATE-AND-OR-TIME:{}", line.value),
                    format!("ITEM{groups}.X-ABDATE;VALUE=DATE-AND-OR-TIME:{value}"),
                    format!("ITEM{groups}.X-ABLABEL:_$!<Anniversary>!$_"),
                ] {
                    out.lines.extend(Line::of(&raw));
                }
            }
            "BDAY" if line.value.starts_with("--") => {
                let rest: String = line.value.chars().filter(char::is_ascii_digit).collect();
                out.lines.extend(Line::of(&format!("BDAY;X-APPLE-OMIT-YEAR=1604:{}", dashed(&format!("1604{rest}")))));
            }
            "PHOTO" | "LOGO" | "SOUND" => out.lines.extend(binary(line)),
            _ => out.lines.extend(preferred(line)),
        }
    }
    out
}

/// `19850412` as `1985-04-12`; anything else as it is.
fn dashed(value: &str) -> String {
    let parts = (value.get(..4), value.get(4..6), value.get(6..8));
    match parts {
        (Some(year), Some(month), Some(day)) if value.len() == 8 && value.bytes().all(|b| b.is_ascii_digit()) => {
            format!("{year}-{month}-{day}")
        }
        _ => value.to_owned(),
    }
}

/// A `data:` address as `ENCODING=b`.
fn binary(line: &Line) -> Option<Line> {
    let Some((kind, data)) = line.value.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,")) else {
        return Some(line.clone());
    };
    let kind = kind.rsplit('/').next().unwrap_or_default().to_uppercase();
    Line::of(&format!("{};ENCODING=b;TYPE={kind}:{data}", line.name))
}

/// `PREF=1` as `TYPE=PREF`, other preferences dropped.
fn preferred(line: &Line) -> Option<Line> {
    let Some(pref) = line.param("PREF") else { return Some(line.clone()) };
    let replacement = if pref == "1" { ";TYPE=PREF" } else { "" };
    Line::of(&line.raw.replacen(&format!(";PREF={pref}"), replacement, 1))
}
