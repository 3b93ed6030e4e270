//! JSON that is only kept.

use crate::{Error, ErrorKind, Result, Value};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use serde_json::value::{RawValue, to_raw_value};
use std::sync::Arc;

/// What somebody keeps and does not look into, as the text that it was written as. Copies share it, and it stands in a
/// document as it is.
#[derive(Clone, Debug)]
pub struct Json(Arc<RawValue>);

impl Json {
    /// What a value is in JSON.
    ///
    /// # Errors
    /// `InvalidData` when it cannot be said in JSON.
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self> {
        let error = |e| Error::new(ErrorKind::InvalidData, "this cannot be said in JSON").caused_by(e);
        to_raw_value(value).map(|raw| Self(raw.into())).map_err(error)
    }

    /// What it says.
    ///
    /// # Errors
    /// `InvalidData` when it is something else.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T> {
        // The parser's message may quote the text, which may be personal.
        serde_json::from_str(self.as_str()).map_err(|_| Error::new(ErrorKind::InvalidData, "this JSON says something else than is read"))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.get()
    }
}

impl Default for Json {
    fn default() -> Self {
        Self(RawValue::NULL.to_owned().into())
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        // Every value can be said in JSON.
        Self::of(&value).unwrap_or_default()
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(|raw| Self(raw.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn it_stands_in_a_document_as_it_is_and_comes_back_out_of_one() {
        let json = Json::of(&BTreeMap::from([("a", [1, 2])])).unwrap();
        let document = serde_json::to_string(&[json.clone(), Json::default()]).unwrap();
        assert_eq!(document, r#"[{"a":[1,2]},null]"#);
        assert_eq!(serde_json::from_str::<Vec<Json>>(&document).unwrap(), [json.clone(), Json::default()]);
        assert_eq!(serde_json::to_value(&json).unwrap(), serde_json::json!({ "a": [1, 2] }));
        assert_eq!(json.read::<Value>().unwrap(), serde_json::json!({ "a": [1, 2] }));
    }

    #[test]
    fn what_is_something_else_is_refused_without_a_word_of_it() {
        let error = Json::of("secret").unwrap().read::<u32>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert!(!error.to_string().contains("secret"));
    }
}
