//! Rust source seen as text: code apart from comments and literals, tests apart from the rest.
//!
//! No parser: tidy reads files that may be in the middle of an edit, and needs only to know what kind of text a word
//! stands in.

/// A source file taken apart, line for line.
#[derive(Debug)]
pub(crate) struct RustText {
    /// The code of each line; comments and what stands inside of literals are blank.
    pub(crate) code: Vec<String>,
    /// The comments of each line; everything else is blank.
    pub(super) comments: Vec<String>,
    /// Whether each line belongs to an item under `#[cfg(test)]`.
    pub(super) test: Vec<bool>,
    /// Modules declared under `#[cfg(test)]` that are files of their own.
    pub(super) test_modules: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum In {
    Code,
    LineComment,
    BlockComment { depth: usize },
    Text,
    RawText { hashes: usize },
}

impl RustText {
    /// Takes a source file apart.
    pub(crate) fn new(text: &str) -> Self {
        let (code, comments) = apart(text);
        let (test, test_modules) = tests_of(&code);
        let lines = |t: &str| t.lines().map(str::to_owned).collect::<Vec<_>>();
        let code = lines(&code);
        let comments = lines(&comments);
        Self { test: code.iter().enumerate().map(|(at, _)| test.contains(&at)).collect(), code, comments, test_modules }
    }
}

fn apart(text: &str) -> (String, String) {
    let chars: Vec<char> = text.chars().collect();
    let at = |index: usize| chars.get(index).copied().unwrap_or('\0');
    let (mut code, mut comments) = (String::new(), String::new());
    let mut state = In::Code;
    let mut index = 0;
    while index < chars.len() {
        let (c, next) = (at(index), at(index + 1));
        let mut taken = 1;
        // Which of the two texts this belongs to; the inside of a literal belongs to none.
        let (mut to_code, mut to_comments) = (false, false);
        match state {
            In::Code => {
                to_code = true;
                if c == '/' && next == '/' {
                    (state, to_code, to_comments) = (In::LineComment, false, true);
                } else if c == '/' && next == '*' {
                    (state, to_code, to_comments, taken) = (In::BlockComment { depth: 1 }, false, true, 2);
                } else if c == '"' {
                    state = match hashes_of_raw(&chars, index) {
                        Some(hashes) => In::RawText { hashes },
                        None => In::Text,
                    };
                } else if c == '\'' {
                    taken = char_literal(&chars, index).unwrap_or(1);
                    to_code = taken == 1;
                }
            }
            In::LineComment => {
                to_comments = true;
                if c == '\n' {
                    state = In::Code;
                }
            }
            In::BlockComment { depth } => {
                to_comments = true;
                if c == '*' && next == '/' {
                    taken = 2;
                    state = if depth == 1 { In::Code } else { In::BlockComment { depth: depth - 1 } };
                } else if c == '/' && next == '*' {
                    taken = 2;
                    state = In::BlockComment { depth: depth + 1 };
                }
            }
            In::Text => {
                if c == '\\' {
                    taken = 2;
                } else if c == '"' {
                    (state, to_code) = (In::Code, true);
                }
            }
            In::RawText { hashes } => {
                if c == '"' && (1..=hashes).all(|n| at(index + n) == '#') {
                    (state, to_code) = (In::Code, true);
                }
            }
        }
        for char in chars.iter().skip(index).take(taken).copied() {
            let shown = |kept: bool| if kept || char == '\n' { char } else { ' ' };
            code.push(shown(to_code));
            comments.push(shown(to_comments));
        }
        index += taken;
    }
    (code, comments)
}

/// How many `#` open the raw string whose quote stands at `quote`; none when it is an ordinary string.
fn hashes_of_raw(chars: &[char], quote: usize) -> Option<usize> {
    let before = || chars.iter().take(quote).rev();
    let hashes = before().take_while(|c| **c == '#').count();
    let mut rest = before().skip(hashes);
    if rest.next() != Some(&'r') {
        return None;
    }
    // `br"…"` and `cr"…"` are raw too; the `r` at the end of an identifier is not one.
    match rest.next() {
        Some('b' | 'c') => rest.next().is_none_or(|c| !is_word(*c)).then_some(hashes),
        before => before.is_none_or(|c| !is_word(*c)).then_some(hashes),
    }
}

/// The length of a character literal that begins here; none when the `'` begins a lifetime or a label.
fn char_literal(chars: &[char], start: usize) -> Option<usize> {
    let at = |offset: usize| chars.get(start + offset).copied();
    if at(1)? == '\\' {
        // The longest is '\u{10FFFF}' with its underscores; the second character after the backslash is never the end of '\''.
        return (3..=20).find(|offset| at(*offset) == Some('\'')).map(|offset| offset + 1);
    }
    (at(2)? == '\'').then_some(3)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The lines (counted from 0) of items under `#[cfg(test)]`, and the names of test modules in files of their own.
fn tests_of(code: &str) -> (std::collections::BTreeSet<usize>, Vec<String>) {
    let mut lines = std::collections::BTreeSet::new();
    let mut modules = Vec::new();
    for (start, _) in code.match_indices("#[cfg(test)]") {
        let Some(rest) = code.get(start..) else { continue };
        let Some(end) = rest.find(['{', ';']) else { continue };
        let head = rest.get(..end).unwrap_or_default();
        let mut length = end + 1;
        if rest.get(end..).is_some_and(|r| r.starts_with('{')) {
            let mut depth = 0_usize;
            for (offset, c) in rest.char_indices().skip_while(|(offset, _)| *offset < end) {
                match c {
                    '{' => depth += 1,
                    '}' => depth = depth.saturating_sub(1),
                    _ => continue,
                }
                length = offset + 1;
                if depth == 0 {
                    break;
                }
            }
        } else if let Some((_, name)) = head.split_once("mod ") {
            modules.push(name.trim().to_owned());
        }
        let first = code.get(..start).unwrap_or_default().matches('\n').count();
        let count = rest.get(..length).unwrap_or_default().matches('\n').count();
        lines.extend(first..=first + count);
    }
    (lines, modules)
}

/// Whether the text holds the word, not as a part of a longer one.
pub(super) fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|t| t.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|t| t.chars().next());
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_comments_and_literals_are_told_apart() {
        for (text, code, comments) in [
            ("a // b", "a", "// b"),
            ("a /* b /* c */ d */ e", "a                   e", "/* b /* c */ d */"),
            (r#"f("x // y", 1)"#, r#"f("      ", 1)"#, ""),
            (r#"f("\"//", 1)"#, r#"f("    ", 1)"#, ""),
            ("f(r#\"a\" // b\"#, 1)", "f(r#\"       \"#, 1)", ""),
            ("f(br\"\\\", 1) // c", "f(br\" \", 1)", "// c"),
            ("var\"\\\"\" // c", "var\"  \"", "// c"),
            ("f('\"', 'a', '\\'', '\\u{1F600}') // c", "f(   ,    ,     ,            )", "// c"),
            ("fn f<'a>(x: &'a str) // c", "fn f<'a>(x: &'a str)", "// c"),
            ("//! \"a\nb\"//\"", "\nb\"  \"", "//! \"a"),
        ] {
            let (c, k) = apart(text);
            let trimmed = |t: &str| t.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim_end().to_owned();
            assert_eq!(trimmed(&c), code.trim_end(), "{text}");
            assert_eq!(trimmed(&k).trim(), comments, "{text}");
        }
    }

    #[test]
    fn items_under_cfg_test_are_known() {
        let text = RustText::new("fn a() {}\n#[cfg(test)]\nmod laws;\n#[cfg(test)]\nmod tests {\n  fn b() { \"}\" }\n}\nfn c() {}\n");
        assert_eq!(text.test, [false, true, true, true, true, true, true, false]);
        assert_eq!(text.test_modules, ["laws"]);
    }

    #[test]
    fn a_word_is_not_a_part_of_another() {
        assert!(has_word("// TODO: x", "TODO"));
        assert!(!has_word("// a VTODO of", "TODO"));
        assert!(!has_word("// TODOs", "TODO"));
    }
}
