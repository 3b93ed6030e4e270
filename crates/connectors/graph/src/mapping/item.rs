//! A typed view of a resource in JSON. Nulls and missing properties are one; what is of another type is an error that names the
//! property, so that a damaged item is never read as one without it.

use super::extended;
use jiff::Timestamp;
use pimkit_core::{Error, ErrorKind, Result};
use pimkit_exchange::property::Property;
use serde_json::{Map, Value};

/// A resource.
#[derive(Debug)]
pub(crate) struct Item<'v> {
    object: &'v Map<String, Value>,
    extended: Vec<(Property, &'v str)>,
}

fn odd(property: &str) -> Error {
    let name: String = property.chars().take(60).collect();
    Error::new(ErrorKind::InvalidData, "a property of the item is of another type than Graph's; look at it in Outlook")
        .with("property", name)
}

impl<'v> Item<'v> {
    /// The resource in a value.
    ///
    /// # Errors
    /// `InvalidData` when the value is no object.
    pub(crate) fn new(value: &'v Value) -> Result<Self> {
        let object = value.as_object().ok_or_else(|| Error::new(ErrorKind::InvalidData, "the item is no object; report this"))?;
        match object.get(extended::LIST) {
            None | Some(Value::Null | Value::Array(_)) => Ok(Self { object, extended: extended::read(value) }),
            Some(_) => Err(odd(extended::LIST)),
        }
    }

    fn get(&self, name: &str) -> Option<&'v Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    /// A text; none when it is empty.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&'v str>> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            Some(_) => Err(odd(name)),
        }
    }

    /// A text with its line breaks as records have them.
    pub(crate) fn lines(&self, name: &str) -> Result<Option<String>> {
        Ok(self.text(name)?.map(|text| text.replace("\r\n", "\n")))
    }

    /// A list of texts, without empty ones.
    pub(crate) fn texts(&self, name: &str) -> Result<Vec<&'v str>> {
        let one = |value: &'v Value| match value {
            Value::Null => Ok(""),
            Value::String(text) => Ok(text.as_str()),
            _ => Err(odd(name)),
        };
        let all: Vec<&str> = self.list(name)?.iter().map(one).collect::<Result<_>>()?;
        Ok(all.into_iter().filter(|text| !text.is_empty()).collect())
    }

    fn list(&self, name: &str) -> Result<&'v [Value]> {
        match self.get(name) {
            None => Ok(&[]),
            Some(Value::Array(list)) => Ok(list),
            Some(_) => Err(odd(name)),
        }
    }

    /// A list of structures, without nulls.
    pub(crate) fn items(&self, name: &str) -> Result<Vec<Item<'v>>> {
        let wrong = |_| odd(name);
        self.list(name)?.iter().filter(|value| !value.is_null()).map(|value| Item::new(value).map_err(wrong)).collect()
    }

    /// A structure.
    pub(crate) fn item(&self, name: &str) -> Result<Option<Item<'v>>> {
        self.get(name).map(Item::new).transpose().map_err(|_| odd(name))
    }

    /// An instant.
    pub(crate) fn instant(&self, name: &str) -> Result<Option<Timestamp>> {
        self.text(name)?.map(|text| text.parse().map_err(|_| odd(name))).transpose()
    }

    /// A flag of the resource's own.
    pub(crate) fn bool(&self, name: &str) -> Result<Option<bool>> {
        self.get(name).map(|value| value.as_bool().ok_or_else(|| odd(name))).transpose()
    }

    /// A whole number.
    pub(crate) fn whole_number(&self, name: &str) -> Result<Option<i64>> {
        self.get(name).map(|value| value.as_i64().ok_or_else(|| odd(name))).transpose()
    }

    /// A number.
    pub(crate) fn number(&self, name: &str) -> Result<Option<f64>> {
        self.get(name).map(|value| value.as_f64().ok_or_else(|| odd(name))).transpose()
    }

    /// The value of an extended property; none when it is empty, or was not asked for.
    pub(crate) fn extended(&self, property: &Property) -> Option<&'v str> {
        self.extended.iter().find(|(known, _)| known == property).map(|(_, value)| *value)
    }

    /// Whether an extended flag is set.
    pub(crate) fn flag(&self, property: &Property) -> bool {
        self.extended(property).is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nulls_are_missing_and_other_types_are_errors_that_name_the_property() {
        let value =
            json!({"a": null, "b": "", "c": [null, "", "x"], "d": 5, "e": {"f": "g"}, "h": "2026-01-02T03:04:05Z", "i": "yesterday"});
        let item = Item::new(&value).unwrap();
        assert_eq!((item.text("a").unwrap(), item.text("b").unwrap(), item.text("z").unwrap()), (None, None, None));
        assert_eq!(item.texts("c").unwrap(), ["x"]);
        assert_eq!(item.item("e").unwrap().unwrap().text("f").unwrap(), Some("g"));
        assert_eq!(item.instant("h").unwrap().unwrap().to_string(), "2026-01-02T03:04:05Z");
        assert!(item.texts("a").unwrap().is_empty() && item.items("a").unwrap().is_empty() && item.item("a").unwrap().is_none());
        for error in [item.text("d").unwrap_err(), item.texts("d").unwrap_err(), item.item("d").unwrap_err(), item.items("d").unwrap_err()]
        {
            assert!(error.kind() == ErrorKind::InvalidData && error.to_string().contains("property d"), "{error}");
        }
        assert!(item.instant("i").is_err() && Item::new(&json!([])).is_err());
    }
}
