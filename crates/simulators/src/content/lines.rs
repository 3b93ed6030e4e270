//! Content lines, folded, with parameters, within components.

/// Components within components.
const DEPTH: usize = 16;
/// Lines of one text.
const LINES: usize = 200_000;

/// One unfolded content line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// `item1` of `item1.TEL`.
    pub(crate) group: Option<String>,
    /// In capitals.
    pub(crate) name: String,
    /// Names in capitals, values without quotes.
    pub(crate) params: Vec<(String, String)>,
    pub(crate) value: String,
    /// As it stood there, unfolded.
    pub(crate) raw: String,
}

/// `BEGIN:name` to `END:name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Component {
    /// In capitals.
    pub(crate) name: String,
    pub(crate) lines: Vec<Line>,
    pub(crate) children: Vec<Component>,
}

impl Line {
    /// The line that `raw` says; None if it is none.
    pub(crate) fn of(raw: &str) -> Option<Self> {
        let colon = outside_quotes(raw, ':')?;
        let (head, value) = (raw.get(..colon)?, raw.get(colon + 1..)?);
        let mut parts = split_outside_quotes(head, ';').into_iter();
        let full = parts.next()?;
        let (group, name) = match full.split_once('.') {
            Some((group, name)) => (Some(group.to_owned()), name),
            None => (None, full.as_str()),
        };
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || !name.chars().all(legal) {
            return None;
        }
        let mut params = Vec::new();
        for part in parts {
            // vCard 2.1 has bare types.
            let (key, value) = part.split_once('=').unwrap_or(("TYPE", &part));
            params.push((key.to_uppercase(), value.replace('"', "")));
        }
        Some(Self { group, name: name.to_uppercase(), params, value: value.to_owned(), raw: raw.to_owned() })
    }

    /// A line without group or parameters.
    pub(crate) fn plain(name: &str, value: &str) -> Self {
        Self { group: None, name: name.to_owned(), params: Vec::new(), value: value.to_owned(), raw: format!("{name}:{value}") }
    }

    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl Component {
    pub(crate) fn line(&self, name: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.name == name)
    }

    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Line> {
        self.lines.iter().filter(move |line| line.name == name)
    }

    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.line(name).map(|line| line.value.as_str())
    }
}

fn outside_quotes(text: &str, wanted: char) -> Option<usize> {
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            c if c == wanted && !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

fn split_outside_quotes(text: &str, separator: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    for c in text.chars() {
        if c == '"' {
            quoted = !quoted;
        }
        if c == separator && !quoted {
            parts.push(String::new());
        } else if let Some(last) = parts.last_mut() {
            last.push(c);
        }
    }
    parts
}

/// Everything in `text`, in order.
///
/// # Errors
/// What is wrong with it, in words for an answer's body.
pub(crate) fn parse(text: &str) -> Result<Vec<Component>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut open: Vec<Component> = Vec::new();
    let mut done = Vec::new();
    for raw in unfolded(text)? {
        if raw.trim().is_empty() {
            continue;
        }
        let line = Line::of(&raw).ok_or_else(|| format!("not a content line: {}", raw.chars().take(40).collect::<String>()))?;
        match line.name.as_str() {
            "BEGIN" => {
                if open.len() >= DEPTH {
                    return Err("components too deep".to_owned());
                }
                open.push(Component { name: line.value.trim().to_uppercase(), lines: Vec::new(), children: Vec::new() });
            }
            "END" => {
                let closed = open.pop().ok_or_else(|| "END without BEGIN".to_owned())?;
                if closed.name != line.value.trim().to_uppercase() {
                    return Err(format!("{} ends as {}", closed.name, line.value));
                }
                match open.last_mut() {
                    Some(parent) => parent.children.push(closed),
                    None => done.push(closed),
                }
            }
            _ => open.last_mut().ok_or_else(|| "a line outside of all components".to_owned())?.lines.push(line),
        }
    }
    if open.is_empty() { Ok(done) } else { Err("BEGIN without END".to_owned()) }
}

fn unfolded(text: &str) -> Result<Vec<String>, String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some(last)) => last.push_str(rest),
            _ => lines.push(line.to_owned()),
        }
        if lines.len() > LINES {
            return Err("too many lines".to_owned());
        }
    }
    Ok(lines)
}

/// The text of `component`: CRLF, folded at 75 octets.
pub(crate) fn write(component: &Component) -> String {
    let mut out = String::new();
    put(component, &mut out);
    out
}

fn put(component: &Component, out: &mut String) {
    fold(&format!("BEGIN:{}", component.name), out);
    for line in &component.lines {
        fold(&line.raw, out);
    }
    for child in &component.children {
        put(child, out);
    }
    fold(&format!("END:{}", component.name), out);
}

fn fold(raw: &str, out: &mut String) {
    let mut width = 0;
    for c in raw.chars() {
        if width + c.len_utf8() > 75 {
            out.push_str("\r\n ");
            width = 1;
        }
        out.push(c);
        width += c.len_utf8();
    }
    out.push_str("\r\n");
}
