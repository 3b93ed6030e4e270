//! TOML with lines: every refusal names the file and the line.

use crate::failure::{Failure, Result};
use pimkit::Value;
use std::{fmt::Display, ops::Range, path::Path};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// The text of a configuration, and where it came from.
pub(super) struct Source<'a> {
    file: &'a Path,
    text: &'a str,
}

impl<'a> Source<'a> {
    pub(super) fn new(file: &'a Path, text: &'a str) -> Self {
        Self { file, text }
    }

    pub(super) fn parse(&self) -> Result<DeTable<'a>> {
        match DeTable::parse(self.text) {
            Ok(table) => Ok(table.into_inner()),
            Err(error) => {
                let message = error.message().lines().map(str::trim).collect::<Vec<_>>().join(" ");
                Err(self.refuse(error.span(), format!("this is no TOML: {message}; correct the line")))
            }
        }
    }

    fn refuse(&self, span: Option<Range<usize>>, line: impl Display) -> Failure {
        let place = match span {
            Some(span) => format!("{}:{}", self.file.display(), self.line(span.start)),
            None => self.file.display().to_string(),
        };
        Failure::usage(format!("{place}: {line}"))
    }

    fn line(&self, byte: usize) -> usize {
        1 + self.text.bytes().take(byte).filter(|b| *b == b'\n').count()
    }
}

/// A table, and what it is called in messages.
pub(super) struct Table<'a> {
    source: &'a Source<'a>,
    name: String,
    table: &'a DeTable<'a>,
    span: Range<usize>,
}

type Entry<'a> = (&'a str, Range<usize>, &'a Spanned<DeValue<'a>>);

impl<'a> Table<'a> {
    pub(super) fn root(source: &'a Source<'a>, table: &'a DeTable<'a>) -> Self {
        Self { source, name: String::new(), table, span: 0..0 }
    }

    fn entries(&self) -> impl Iterator<Item = Entry<'a>> + use<'a> {
        self.table.iter().map(|(key, value)| (key.get_ref().as_ref(), key.span(), value))
    }

    fn entry(&self, key: &str) -> Option<Entry<'a>> {
        self.entries().find(|(k, _, _)| *k == key)
    }

    /// The keys, as they stand in the file.
    pub(super) fn keys(&self) -> Vec<&'a str> {
        let mut entries: Vec<Entry<'a>> = self.entries().collect();
        entries.sort_by_key(|(_, span, _)| span.start);
        entries.into_iter().map(|(key, _, _)| key).collect()
    }

    /// ` in [accounts.home]`, or nothing at the top.
    fn place(&self) -> String {
        if self.name.is_empty() { String::new() } else { format!(" in {}", self.name) }
    }

    /// A refusal at the line of a key, or of the table when the key is not there.
    pub(super) fn refuse(&self, key: &str, line: impl Display) -> Failure {
        let span = self.entry(key).map_or_else(|| self.span.clone(), |(_, span, _)| span);
        self.source.refuse(Some(span), line)
    }

    /// Refuses every key but these.
    pub(super) fn only(&self, known: &[&str]) -> Result<()> {
        match self.keys().into_iter().find(|key| !known.contains(key)) {
            Some(key) => Err(self.refuse(key, format!("unknown key \"{key}\"{}; there are: {}", self.place(), known.join(", ")))),
            None => Ok(()),
        }
    }

    pub(super) fn missing(&self, key: &str, add: &str) -> Failure {
        self.refuse(key, format!("the key \"{key}\" is missing{}; add {add}", self.place()))
    }

    fn wrong(&self, key: &str, is: &DeValue<'_>, wanted: &str) -> Failure {
        self.refuse(key, format!("\"{key}\"{} is of type {}; it must be {wanted}", self.place(), is.type_str()))
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<&'a str>> {
        let Some((_, _, value)) = self.entry(key) else { return Ok(None) };
        match value.get_ref() {
            DeValue::String(text) => Ok(Some(text.as_ref())),
            other => Err(self.wrong(key, other, "a text in quotes")),
        }
    }

    pub(super) fn required_text(&self, key: &str, add: &str) -> Result<&'a str> {
        let text = self.text(key)?.ok_or_else(|| self.missing(key, add))?;
        if text.is_empty() {
            return Err(self.refuse(key, format!("\"{key}\"{} is empty; write {add}", self.place())));
        }
        Ok(text)
    }

    pub(super) fn texts(&self, key: &str) -> Result<Vec<String>> {
        let Some((_, _, value)) = self.entry(key) else { return Ok(Vec::new()) };
        let wanted = "a list of texts, as [\"a\", \"b\"]";
        let DeValue::Array(list) = value.get_ref() else { return Err(self.wrong(key, value.get_ref(), wanted)) };
        list.iter().map(|item| item.get_ref().as_str().map(str::to_owned).ok_or_else(|| self.wrong(key, item.get_ref(), wanted))).collect()
    }

    pub(super) fn table(&self, key: &str) -> Result<Option<Table<'a>>> {
        let Some((_, span, value)) = self.entry(key) else { return Ok(None) };
        let name = if self.name.is_empty() { format!("[{key}]") } else { format!("[{}.{key}]", self.name.trim_matches(['[', ']'])) };
        match value.get_ref() {
            DeValue::Table(table) => Ok(Some(Table { source: self.source, name, table, span })),
            other => Err(self.wrong(key, other, &format!("a table: {name}"))),
        }
    }

    pub(super) fn required_table(&self, key: &str) -> Result<Table<'a>> {
        self.table(key)?.ok_or_else(|| self.missing(key, "it"))
    }

    /// An array of tables: `[[syncs]]`.
    pub(super) fn tables(&self, key: &str) -> Result<Vec<Table<'a>>> {
        let Some((_, _, value)) = self.entry(key) else { return Ok(Vec::new()) };
        let outer = self.name.trim_matches(['[', ']']);
        let name = if outer.is_empty() { format!("[[{key}]]") } else { format!("[[{outer}.{key}]]") };
        let wanted = format!("a list of tables: {name}");
        let DeValue::Array(list) = value.get_ref() else { return Err(self.wrong(key, value.get_ref(), &wanted)) };
        list.iter()
            .map(|item| match item.get_ref() {
                DeValue::Table(table) => Ok(Table { source: self.source, name: name.clone(), table, span: item.span() }),
                other => Err(self.wrong(key, other, &wanted)),
            })
            .collect()
    }

    /// Everything but these keys, as a JSON object.
    pub(super) fn json(&self, without: &[&str]) -> Value {
        let entries = self.entries().filter(|(key, _, _)| !without.contains(key));
        Value::Object(entries.map(|(key, _, value)| (key.to_owned(), json(value.get_ref()))).collect())
    }

    /// The file, and the line of a key, or of the table when the key is not there.
    pub(super) fn place_of(&self, key: &str) -> String {
        let start = self.entry(key).map_or(self.span.start, |(_, span, _)| span.start);
        format!("{}:{}", self.source.file.display(), self.source.line(start))
    }

    /// The file, and the line on which the table starts: `pimkit.toml:4`.
    pub(super) fn place_in_file(&self) -> String {
        format!("{}:{}", self.source.file.display(), self.source.line(self.span.start))
    }
}

fn json(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or_else(|_| Value::from(number.as_str()), Value::from)
        }
        DeValue::Float(number) => number.as_str().parse::<f64>().map_or(Value::Null, Value::from),
        DeValue::Boolean(flag) => Value::from(*flag),
        DeValue::Datetime(time) => Value::from(time.to_string()),
        DeValue::Array(list) => list.iter().map(|item| json(item.get_ref())).collect(),
        DeValue::Table(table) => {
            Value::Object(table.iter().map(|(key, value)| (key.get_ref().to_string(), json(value.get_ref()))).collect())
        }
    }
}
