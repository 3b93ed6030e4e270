//! `$filter` (OData 4.01 URL conventions section 5.1.1), the part of it that the service takes.

use crate::graph::answer::{Result, refuse};
use crate::graph::extended;
use crate::graph::shape;
use jiff::Timestamp;

/// An expression that is true or false.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Filter {
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
    Compare(Term, Comparison, Term),
    In(Term, Vec<Term>),
    /// A term that is true or false by itself.
    Is(Term),
    /// `path/any(name: …)`, or `all`.
    Every {
        path: Vec<String>,
        name: String,
        inside: Box<Filter>,
        all: bool,
    },
}

/// How two terms are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

/// What has a value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Term {
    Path(Vec<String>),
    Text(String),
    Number(f64),
    Boolean(bool),
    Null,
    Instant(Timestamp),
    Call(String, Vec<Term>),
}

/// A word of the text.
#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Open,
    Close,
    Comma,
    Colon,
}

/// Begins a text that is compared as it is, and not without regard to case.
const EXACT: char = '\u{1}';

/// A text that is compared as it is.
pub(crate) fn exact(text: &str) -> String {
    format!("{EXACT}{text}")
}

/// Whether [`exact`] made a text.
pub(super) fn is_exact(text: &str) -> bool {
    text.starts_with(EXACT)
}

/// Functions with the number of their arguments.
const FUNCTIONS: &[(&str, usize)] = &[("startswith", 2), ("endswith", 2), ("contains", 2), ("tolower", 1), ("toupper", 1), ("cast", 2)];

impl Filter {
    /// Reads a filter over `of`.
    ///
    /// # Errors
    /// 400 for what is no filter, and for properties that `of` does not have.
    pub(crate) fn read(text: &str, of: &str) -> Result<Self> {
        let tokens = tokens(text)?;
        let mut reader = Reader { tokens: &tokens, at: 0, names: Vec::new(), of };
        let filter = reader.or()?;
        if reader.at == tokens.len() { Ok(filter) } else { reader.fail() }
    }

    /// The property paths that are compared, in the order of the text; those within `any` by the path of their collection.
    pub(crate) fn paths(&self) -> Vec<String> {
        match self {
            Self::And(one, other) | Self::Or(one, other) => [one.paths(), other.paths()].concat(),
            Self::Not(inside) => inside.paths(),
            Self::Compare(one, _, other) => [one.paths(), other.paths()].concat(),
            Self::In(term, _) | Self::Is(term) => term.paths(),
            Self::Every { path, .. } => vec![path.join("/")],
        }
    }

    /// The values that `path` is compared with by `eq`, wherever that stands.
    pub(crate) fn equals(&self, path: &str) -> Vec<String> {
        match self {
            Self::And(one, other) | Self::Or(one, other) => [one.equals(path), other.equals(path)].concat(),
            Self::Compare(Term::Path(found), Comparison::Eq, Term::Text(value)) if found.join("/") == path => vec![value.clone()],
            Self::Every { inside, name, .. } => inside.equals(&format!("{name}/{path}")),
            _ => Vec::new(),
        }
    }
}

impl Term {
    fn paths(&self) -> Vec<String> {
        match self {
            Self::Path(path) => vec![path.join("/")],
            Self::Call(_, inside) => inside.iter().flat_map(Self::paths).collect(),
            _ => Vec::new(),
        }
    }
}

fn malformed<T>(what: &str) -> Result<T> {
    refuse(400, "BadRequest", format!("Invalid filter clause: {what}."))
}

fn tokens(text: &str) -> Result<Vec<Token>> {
    let mut out = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            ' ' => {}
            '(' => out.push(Token::Open),
            ')' => out.push(Token::Close),
            ',' => out.push(Token::Comma),
            // Instants hold colons too, and are read as words below.
            ':' => out.push(Token::Colon),
            '\'' => {
                let mut value = String::new();
                loop {
                    match chars.next() {
                        Some('\'') if chars.peek() == Some(&'\'') => {
                            chars.next();
                            value.push('\'');
                        }
                        Some('\'') => break,
                        Some(other) => value.push(other),
                        None => return malformed("an unterminated string literal"),
                    }
                }
                out.push(Token::Text(value));
            }
            other => {
                let mut word = other.to_string();
                let digit = other.is_ascii_digit();
                while let Some(next) = chars.next_if(|next| !" (),'".contains(*next) && (digit || *next != ':')) {
                    word.push(next);
                }
                out.push(Token::Word(word));
            }
        }
    }
    Ok(out)
}

struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
    /// Names that a lambda bound, with the type and whether it is an object.
    names: Vec<(String, &'static str)>,
    of: &'a str,
}

impl Reader<'_> {
    fn fail<T>(&self) -> Result<T> {
        malformed(&format!("Syntax error at position {}", self.at))
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn word(&self, wanted: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(word)) if word.eq_ignore_ascii_case(wanted))
    }

    fn take(&mut self, wanted: &Token) -> Result<()> {
        if self.peek() == Some(wanted) {
            self.at += 1;
            return Ok(());
        }
        self.fail()
    }

    fn or(&mut self) -> Result<Filter> {
        let mut left = self.and()?;
        while self.word("or") {
            self.at += 1;
            left = Filter::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Filter> {
        let mut left = self.one()?;
        while self.word("and") {
            self.at += 1;
            left = Filter::And(Box::new(left), Box::new(self.one()?));
        }
        Ok(left)
    }

    fn one(&mut self) -> Result<Filter> {
        if self.word("not") {
            self.at += 1;
            return Ok(Filter::Not(Box::new(self.one()?)));
        }
        if self.peek() == Some(&Token::Open) {
            self.at += 1;
            let inside = self.or()?;
            self.take(&Token::Close)?;
            return Ok(inside);
        }
        if let Some(every) = self.every()? {
            return Ok(every);
        }
        let left = self.term()?;
        let Some(Token::Word(word)) = self.peek() else { return Ok(Filter::Is(left)) };
        let comparison = match word.to_lowercase().as_str() {
            "eq" => Comparison::Eq,
            "ne" => Comparison::Ne,
            "gt" => Comparison::Gt,
            "ge" => Comparison::Ge,
            "lt" => Comparison::Lt,
            "le" => Comparison::Le,
            "in" => {
                self.at += 1;
                return Ok(Filter::In(left, self.arguments()?));
            }
            _ => return Ok(Filter::Is(left)),
        };
        self.at += 1;
        let right = self.term()?;
        let right = match (&left, right) {
            (Term::Path(path), Term::Text(text)) if self.is_extended_id(path) => Term::Text(exact(&extended::canonical(&text)?)),
            (_, other) => other,
        };
        Ok(Filter::Compare(left, comparison, right))
    }

    /// Whether a path is the id of an extended property: such are compared in one spelling, and with regard to case.
    fn is_extended_id(&self, path: &[String]) -> bool {
        let (Some(last), owner) = (path.last(), path.split_last().map_or(&[] as &[String], |(_, owner)| owner)) else { return false };
        let owner = if owner.is_empty() { Some(self.of) } else { self.type_of(owner).ok() };
        last == "id" && owner.is_some_and(|of| of.ends_with("ValueLegacyExtendedProperty"))
    }

    /// `path/any(name: …)` or `path/all(name: …)`, if that comes next.
    fn every(&mut self) -> Result<Option<Filter>> {
        let Some(Token::Word(word)) = self.peek().cloned() else { return Ok(None) };
        if self.tokens.get(self.at + 1) != Some(&Token::Open) {
            return Ok(None);
        }
        let Some((path, last)) = word.rsplit_once('/') else { return Ok(None) };
        let all = last.eq_ignore_ascii_case("all");
        if !all && !last.eq_ignore_ascii_case("any") {
            return Ok(None);
        }
        let path: Vec<String> = path.split('/').map(str::to_owned).collect();
        let of = self.type_of(&path)?;
        self.at += 2;
        let Some(Token::Word(name)) = self.peek().cloned() else { return self.fail() };
        self.at += 1;
        self.take(&Token::Colon)?;
        self.names.push((name.clone(), of));
        let inside = self.or()?;
        self.names.pop();
        self.take(&Token::Close)?;
        Ok(Some(Filter::Every { path, name, inside: Box::new(inside), all }))
    }

    fn arguments(&mut self) -> Result<Vec<Term>> {
        self.take(&Token::Open)?;
        let mut out = vec![self.term()?];
        while self.peek() == Some(&Token::Comma) {
            self.at += 1;
            out.push(self.term()?);
        }
        self.take(&Token::Close)?;
        Ok(out)
    }

    fn term(&mut self) -> Result<Term> {
        let token = self.peek().cloned();
        self.at += 1;
        let word = match token {
            Some(Token::Text(text)) => return Ok(Term::Text(text)),
            Some(Token::Word(word)) => word,
            _ => return self.fail(),
        };
        if self.peek() == Some(&Token::Open) {
            let name = word.to_lowercase();
            let Some((_, count)) = FUNCTIONS.iter().find(|(known, _)| *known == name) else {
                return malformed(&format!("An unknown function with name '{word}' was found"));
            };
            let arguments = if name == "cast" { self.cast()? } else { self.arguments()? };
            return if arguments.len() == *count { Ok(Term::Call(name, arguments)) } else { self.fail() };
        }
        match word.to_lowercase().as_str() {
            "true" => return Ok(Term::Boolean(true)),
            "false" => return Ok(Term::Boolean(false)),
            "null" => return Ok(Term::Null),
            _ => {}
        }
        if word.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
            if let Ok(number) = word.parse() {
                return Ok(Term::Number(number));
            }
            let midnight = format!("{word}T00:00:00Z");
            return match word.parse().or_else(|_| midnight.parse()) {
                Ok(instant) => Ok(Term::Instant(instant)),
                Err(_) => malformed(&format!("Unrecognized literal '{word}'")),
            };
        }
        let path: Vec<String> = word.split('/').map(str::to_owned).collect();
        self.type_of(&path)?;
        Ok(Term::Path(path))
    }

    /// The arguments of `cast`: a term and the name of a type.
    fn cast(&mut self) -> Result<Vec<Term>> {
        self.take(&Token::Open)?;
        let term = self.term()?;
        self.take(&Token::Comma)?;
        let Some(Token::Word(of)) = self.peek().cloned() else { return self.fail() };
        self.at += 1;
        self.take(&Token::Close)?;
        Ok(vec![term, Term::Text(of)])
    }

    /// The type at the end of a path.
    fn type_of(&self, path: &[String]) -> Result<&'static str> {
        let mut names = path.iter();
        let first = names.next().map(String::as_str).unwrap_or_default();
        let mut of = match self.names.iter().find(|(name, _)| name == first) {
            Some((_, of)) => Some(*of),
            None => member_type(self.of, first),
        };
        for name in names {
            of = of.and_then(|of| member_type(of, name));
        }
        let Some(of) = of else {
            return refuse(
                400,
                "BadRequest",
                format!("Could not find a property named '{}' on type 'microsoft.graph.{}'.", path.join("/"), self.of),
            );
        };
        Ok(of)
    }
}

/// The type of a property; names of relations may be in any case, as Microsoft's pages write them in both.
fn member_type(of: &str, name: &str) -> Option<&'static str> {
    let shape = shape::shape(of)?;
    let found = shape.members.iter().find(|member| member.name == name || member.relation && member.name.eq_ignore_ascii_case(name));
    found.map(|member| member.of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_filter_or_names_what_is_not_there_is_refused() {
        for text in [
            "",
            "surname",
            "surname eq",
            "surname eq 'a",
            "(surname eq 'a'",
            "surname eq 'a')",
            "phones/any(p: p eq '1')",
            "length(surname) eq 1",
            "emailAddresses/any(a:a/adress eq 'x')",
            "surname eq 2026-13-01",
            "surname foo 'x'",
        ] {
            let read = Filter::read(text, "contact");
            assert!(read.is_err() || text == "surname", "{text}: {read:?}");
        }
    }

    #[test]
    fn paths_and_what_is_asked_for_by_name_are_known() {
        let text = "singleValueExtendedProperties/Any(ep: ep/id eq 'String {00020329-0000-0000-C000-000000000046} Name B' and ep/value eq 'x') and surname ne null";
        let filter = Filter::read(text, "contact").unwrap();
        assert_eq!(filter.paths(), ["singleValueExtendedProperties", "surname"]);
        assert_eq!(filter.equals("id"), [exact("String {00020329-0000-0000-c000-000000000046} Name B")]);
    }
}
