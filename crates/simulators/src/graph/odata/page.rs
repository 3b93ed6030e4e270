//! Order and pages of listings.

use super::evaluate::{Look, compare};
use crate::graph::answer::{Result, refuse};
use crate::graph::ask::Ask;
use crate::graph::shape;
use serde_json::Value;
use std::cmp::Ordering;

/// What the service gives when nobody says how much (<https://learn.microsoft.com/graph/paging>).
const PAGE: usize = 10;
/// What delta gives when nobody says how much.
const DELTA_PAGE: usize = 50;
/// The most that it gives.
const MOST: usize = 1000;

/// `$orderby`: paths, each with whether it descends.
#[derive(Debug, Clone, Default)]
pub(crate) struct Order(pub(crate) Vec<(Vec<String>, bool)>);

/// Which part of a listing is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page {
    pub(crate) size: usize,
    pub(crate) skip: usize,
}

impl Order {
    /// # Errors
    /// 400 for properties that `of` does not have.
    pub(crate) fn read(ask: &Ask, of: &str) -> Result<Self> {
        let mut out = Vec::new();
        for one in ask.option("orderby").into_iter().flat_map(|text| text.split(',')) {
            let mut words = one.split_whitespace();
            let path: Vec<String> = words.next().unwrap_or_default().split('/').map(str::to_owned).collect();
            let first = path.first().map(String::as_str).unwrap_or_default();
            let descends = match words.next() {
                None | Some("asc") => false,
                Some("desc") => true,
                Some(other) => return refuse(400, "BadRequest", format!("Syntax error at '{other}' in $orderby.")),
            };
            if shape::member(of, first).is_none_or(|member| member.relation || member.many) {
                return refuse(400, "BadRequest", format!("Could not find a property named '{first}' on type 'microsoft.graph.{of}'."));
            }
            out.push((path, descends));
        }
        Ok(Self(out))
    }

    /// How two items are ordered.
    pub(crate) fn of(&self, one: Look<'_>, other: Look<'_>) -> Ordering {
        for (path, descends) in &self.0 {
            let at = |look: Look<'_>| match path.split_first() {
                Some((first, rest)) => rest.iter().fold(look(first), |value, name| value.get(name).cloned().unwrap_or(Value::Null)),
                None => Value::Null,
            };
            let (one, other) = (at(one), at(other));
            let order = compare(&one, &other).unwrap_or_else(|| one.is_null().cmp(&other.is_null()).reverse());
            let order = if *descends { order.reverse() } else { order };
            if order != Ordering::Equal {
                return order;
            }
        }
        Ordering::Equal
    }
}

impl Page {
    /// # Errors
    /// 400 for sizes that are not given.
    pub(crate) fn read(ask: &Ask) -> Result<Self> {
        let top = ask.number("top")?;
        if top.is_some_and(|top| top == 0 || top > MOST) {
            return refuse(400, "ErrorInvalidParameter", format!("The value of the $top query option must be between 1 and {MOST}."));
        }
        let size = top.or(ask.prefer.page.filter(|size| *size > 0)).unwrap_or(PAGE).min(MOST);
        Ok(Self { size, skip: ask.number("skip")?.unwrap_or_default() })
    }

    /// The address of the next page, if there are `all` in the listing.
    pub(crate) fn next(self, ask: &Ask, all: usize) -> Option<String> {
        let skip = self.skip + self.size;
        if skip >= all {
            return None;
        }
        let mut options: Vec<(&str, String)> = Vec::new();
        for (name, value) in ask.query.iter().filter(|(name, _)| name != "skip") {
            options.push((dollar(name), value.clone()));
        }
        options.push(("$skip", skip.to_string()));
        Some(ask.with(&options))
    }
}

/// How many rows a page of a delta has.
pub(crate) fn page_size(ask: &Ask) -> usize {
    let top = ask.option("top").and_then(|text| text.parse().ok());
    ask.prefer.page.or(top).filter(|size| *size > 0).unwrap_or(DELTA_PAGE).min(MOST)
}

/// The spelling of an option in addresses that the service makes.
fn dollar(name: &str) -> &str {
    match name {
        "select" => "$select",
        "filter" => "$filter",
        "expand" => "$expand",
        "top" => "$top",
        "orderby" => "$orderby",
        "search" => "$search",
        "count" => "$count",
        other => other,
    }
}
