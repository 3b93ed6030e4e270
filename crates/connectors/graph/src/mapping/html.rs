//! The text of HTML, as people read it: for notes that a program of Microsoft's wrote as HTML, and for the text of mails.

/// What is not text, whatever is in it.
const HIDDEN: [&str; 5] = ["head", "script", "style", "title", "template"];
/// What begins and ends a line.
const LINES: [&str; 22] = [
    "address",
    "article",
    "blockquote",
    "div",
    "dl",
    "dt",
    "dd",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "li",
    "ol",
    "section",
    "table",
    "tr",
    "ul",
];
/// What stands apart by an empty line.
const PARAGRAPHS: [&str; 2] = ["p", "pre"];

/// The text. Lines end with a line feed; whatever is broken costs nothing but itself.
#[must_use]
pub(crate) fn text(html: &str) -> String {
    let mut out = Out::default();
    let mut rest = html;
    let mut hidden: Option<&str> = None;
    while !rest.is_empty() {
        let Some(at) = rest.find('<') else {
            if hidden.is_none() {
                out.words(rest);
            }
            break;
        };
        let (before, tag) = rest.split_at(at);
        if hidden.is_none() {
            out.words(before);
        }
        if let Some(comment) = tag.strip_prefix("<!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        let is_tag = tag.as_bytes().get(1).is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'/' | b'!' | b'?'));
        if !is_tag {
            // A sign that stands for itself.
            if hidden.is_none() {
                out.words("<");
            }
            rest = tag.get(1..).unwrap_or_default();
            continue;
        }
        let end = end_of(tag);
        let inside = tag.get(1..end).unwrap_or_default();
        rest = tag.get(end + 1..).unwrap_or_default();
        let closes = inside.starts_with('/');
        let name: String =
            inside.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        match hidden {
            Some(word) => {
                if closes && name == word {
                    hidden = None;
                }
            }
            None => {
                if !closes && !inside.ends_with('/') {
                    hidden = HIDDEN.into_iter().find(|word| *word == name);
                }
                out.tag(&name, closes);
            }
        }
    }
    out.done()
}

/// Where a tag ends: a sign within quotes does not end it.
fn end_of(tag: &str) -> usize {
    let mut quote = None;
    for (at, byte) in tag.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return at,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    // A quote that is never closed: the first sign, or the end.
    tag.find('>').unwrap_or(tag.len())
}

#[derive(Default)]
struct Out {
    text: String,
    /// Line ends that come before the next word.
    ends: usize,
    space: bool,
}

impl Out {
    fn words(&mut self, words: &str) {
        let mut rest = words;
        while let Some(c) = rest.chars().next() {
            if c.is_ascii_whitespace() {
                self.space = true;
                rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace());
                continue;
            }
            if let Some((decoded, after)) = entity(rest) {
                if decoded == '\u{a0}' {
                    self.put(' ');
                } else {
                    self.put(decoded);
                }
                rest = after;
                continue;
            }
            self.put(c);
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        }
    }

    fn put(&mut self, c: char) {
        if self.ends > 0 && !self.text.is_empty() {
            self.text.extend(std::iter::repeat_n('\n', self.ends.min(2)));
        } else if self.space && !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push(' ');
        }
        (self.ends, self.space) = (0, false);
        self.text.push(c);
    }

    fn tag(&mut self, name: &str, closes: bool) {
        if name == "br" {
            self.ends += 1;
            self.space = false;
        } else if PARAGRAPHS.contains(&name) {
            self.ends = self.ends.max(2);
        } else if LINES.contains(&name) {
            self.ends = self.ends.max(1);
            if name == "li" && !closes {
                self.put('-');
                self.space = true;
            }
        } else if matches!(name, "td" | "th") && closes {
            self.space = true;
        } else if name == "hr" {
            self.ends = self.ends.max(1);
        }
    }

    fn done(self) -> String {
        let lines: Vec<&str> = self.text.lines().map(str::trim_end).collect();
        lines.join("\n").trim().to_owned()
    }
}

/// The character of a reference, and what follows it.
fn entity(text: &str) -> Option<(char, &str)> {
    let body = text.strip_prefix('&')?;
    let end = body.find(';').filter(|end| *end <= 10)?;
    let (name, after) = (body.get(..end)?, body.get(end + 1..)?);
    let c = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        "ndash" => '\u{2013}',
        "mdash" => '\u{2014}',
        "hellip" => '\u{2026}',
        "lsquo" => '\u{2018}',
        "rsquo" => '\u{2019}',
        "ldquo" => '\u{201c}',
        "rdquo" => '\u{201d}',
        "bull" => '\u{2022}',
        "middot" => '\u{b7}',
        "copy" => '\u{a9}',
        "reg" => '\u{ae}',
        "trade" => '\u{2122}',
        "euro" => '\u{20ac}',
        "auml" => '\u{e4}',
        "ouml" => '\u{f6}',
        "uuml" => '\u{fc}',
        "Auml" => '\u{c4}',
        "Ouml" => '\u{d6}',
        "Uuml" => '\u{dc}',
        "szlig" => '\u{df}',
        "eacute" => '\u{e9}',
        "egrave" => '\u{e8}',
        "agrave" => '\u{e0}',
        "ccedil" => '\u{e7}',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code).filter(|c| !c.is_control() || *c == '\n')?
        }
    };
    Some((c, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_reads_as_people_see_it() {
        for (html, expected) in [
            ("<html><head><title>x</title><style>p{}</style></head><body><p>One</p><p>Two</p></body></html>", "One\n\nTwo"),
            ("<div>One</div><div>Two<br>Three</div>", "One\nTwo\nThree"),
            ("a<br><br>b<br/>c", "a\n\nb\nc"),
            ("  a \r\n  b  ", "a b"),
            ("<b>bold</b> and <i>not</i>", "bold and not"),
            ("<ul><li>x</li><li>y</li></ul>z", "- x\n- y\nz"),
            ("a &amp; b &lt;c&gt; &#8364; &#x20AC; &nbsp;d &unknown; &", "a & b <c> \u{20ac} \u{20ac}  d &unknown; &"),
            ("<a href=\"x>y\">link</a>", "link"),
            ("<script>if (a < b) {}</script>seen", "seen"),
            ("<!-- <p>no</p> -->seen", "seen"),
            ("5 < 6 <", "5 < 6 <"),
            ("<p", ""),
            ("<a title=\"never closed>text", "text"),
            ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
            ("plain", "plain"),
            ("", ""),
        ] {
            assert_eq!(text(html), expected, "{html}");
        }
    }
}
