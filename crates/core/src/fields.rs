//! A record by its fields: taken apart into values by path, and put together again.

use crate::{Catalogue, Error, ErrorKind, Field, Fields, Record, Result, Value};
use serde::{
    Serialize,
    ser::{Error as _, Impossible, SerializeStruct, Serializer},
};
use serde_json::{Map, value};

type Json<T> = std::result::Result<T, serde_json::Error>;

/// What stands for "not there".
fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

fn object<R: Record>(record: &R) -> Map<String, Value> {
    match serde_json::to_value(record) {
        Ok(Value::Object(map)) => map,
        // Records are structs with string keys: JSON can always say them.
        _ => Map::new(),
    }
}

/// Every field of the record.
pub(crate) fn read<R: Record>(catalogue: &Catalogue, record: &R) -> Fields {
    // Records are structs with string keys: JSON can always say them.
    record.serialize(Apart { catalogue, only: None, fields: Fields::new() }).unwrap_or_default()
}

/// The same, of JSON that a record was written as.
pub(crate) fn read_object(catalogue: &Catalogue, json: Map<String, Value>) -> Fields {
    let mut fields = Fields::new();
    for (key, value) in json {
        if is_field(catalogue, &key) {
            put(&mut fields, Field::from(key), value);
        } else {
            put_parts(catalogue, &mut fields, &key, value);
        }
    }
    fields
}

pub(crate) fn read_one<R: Record>(catalogue: &Catalogue, record: &R, path: &str) -> Option<Value> {
    catalogue.field(path)?;
    let only = Some(path.split_once('.').map_or(path, |(outer, _)| outer));
    record.serialize(Apart { catalogue, only, fields: Fields::new() }).ok()?.remove(path)
}

/// Whether a key of a record's JSON is a field of its own.
fn is_field(catalogue: &Catalogue, key: &str) -> bool {
    catalogue.fields().iter().any(|def| def.path == key)
}

fn put(fields: &mut Fields, field: Field, value: Value) {
    if !is_blank(&value) {
        fields.insert(field, value);
    }
}

/// The fields that lie in a structure: custom ones, and the parts of a name.
fn put_parts(catalogue: &Catalogue, fields: &mut Fields, outer: &str, value: Value) {
    let Value::Object(parts) = value else { return };
    for (inner, value) in parts {
        let path = format!("{outer}.{inner}");
        if outer == CUSTOM || is_field(catalogue, &path) {
            put(fields, Field::from(path), value);
        }
    }
}

const CUSTOM: &str = "custom";

/// Takes a record into its fields while it is serialised: what is no field never becomes a value, and what is one is not
/// moved from a document into a map.
struct Apart<'a> {
    catalogue: &'a Catalogue,
    /// The one key that is asked for.
    only: Option<&'a str>,
    fields: Fields,
}

impl SerializeStruct for Apart<'_> {
    type Ok = Fields;
    type Error = serde_json::Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Json<()> {
        if self.only.is_some_and(|only| only != key) {
            return Ok(());
        }
        let value = value.serialize(value::Serializer)?;
        if is_field(self.catalogue, key) {
            put(&mut self.fields, Field::of(key), value);
        } else {
            put_parts(self.catalogue, &mut self.fields, key, value);
        }
        Ok(())
    }

    fn end(self) -> Json<Fields> {
        Ok(self.fields)
    }
}

const NO_RECORD: &str = "a record is a structure";

/// A record is a structure, and nothing else.
macro_rules! never {
    ($($method:ident($($argument:ident: $type:ty),*);)*) => {$(
        fn $method(self, $($argument: $type),*) -> Json<Fields> {
            $(let _ = $argument;)*
            Err(serde_json::Error::custom(NO_RECORD))
        }
    )*};
}

impl Serializer for Apart<'_> {
    type Ok = Fields;
    type Error = serde_json::Error;
    type SerializeSeq = Impossible<Fields, serde_json::Error>;
    type SerializeTuple = Impossible<Fields, serde_json::Error>;
    type SerializeTupleStruct = Impossible<Fields, serde_json::Error>;
    type SerializeTupleVariant = Impossible<Fields, serde_json::Error>;
    type SerializeMap = Impossible<Fields, serde_json::Error>;
    type SerializeStruct = Self;
    type SerializeStructVariant = Impossible<Fields, serde_json::Error>;

    fn serialize_struct(self, _: &'static str, _: usize) -> Json<Self> {
        Ok(self)
    }

    never! {
        serialize_bool(v: bool);
        serialize_i8(v: i8);
        serialize_i16(v: i16);
        serialize_i32(v: i32);
        serialize_i64(v: i64);
        serialize_u8(v: u8);
        serialize_u16(v: u16);
        serialize_u32(v: u32);
        serialize_u64(v: u64);
        serialize_f32(v: f32);
        serialize_f64(v: f64);
        serialize_char(v: char);
        serialize_str(v: &str);
        serialize_bytes(v: &[u8]);
        serialize_none();
        serialize_unit();
        serialize_unit_struct(name: &'static str);
        serialize_unit_variant(name: &'static str, index: u32, variant: &'static str);
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Json<Fields> {
        value.serialize(self)
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Json<Fields> {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(self, _: &'static str, _: u32, _: &'static str, value: &T) -> Json<Fields> {
        value.serialize(self)
    }
    fn serialize_seq(self, _: Option<usize>) -> Json<Self::SerializeSeq> {
        Err(serde_json::Error::custom(NO_RECORD))
    }
    fn serialize_tuple(self, _: usize) -> Json<Self::SerializeTuple> {
        Err(serde_json::Error::custom(NO_RECORD))
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Json<Self::SerializeTupleStruct> {
        Err(serde_json::Error::custom(NO_RECORD))
    }
    fn serialize_tuple_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Json<Self::SerializeTupleVariant> {
        Err(serde_json::Error::custom(NO_RECORD))
    }
    fn serialize_map(self, _: Option<usize>) -> Json<Self::SerializeMap> {
        Err(serde_json::Error::custom(NO_RECORD))
    }
    fn serialize_struct_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Json<Self::SerializeStructVariant> {
        Err(serde_json::Error::custom(NO_RECORD))
    }
}

pub(crate) fn write<R: Record>(catalogue: &Catalogue, record: &R, fields: &Fields) -> Result<R> {
    if fields.is_empty() {
        return Ok(record.clone());
    }
    let mut json = object(record);
    for (field, value) in fields {
        let path = field.as_str();
        if catalogue.field(path).is_none() {
            return Err(Error::new(ErrorKind::InvalidData, "no such field; `pimkit fields` lists those that exist")
                .with("kind", R::KIND.plural())
                .with("field", path));
        }
        let (object, key) = match path.split_once('.') {
            Some((outer, inner)) => {
                let nested = json.entry(outer).or_insert_with(|| Value::Object(Map::new()));
                match nested.as_object_mut() {
                    Some(nested) => (nested, inner),
                    None => continue,
                }
            }
            None => (&mut json, path),
        };
        if is_blank(value) {
            object.remove(key);
        } else {
            object.insert(key.to_owned(), value.clone());
        }
    }
    serde_json::from_value(Value::Object(json)).map_err(|_| {
        // serde's message may quote the value, which is personal data: name the field instead.
        let culprit = fields
            .iter()
            .find(|(field, value)| {
                fields.len() > 1 && write(catalogue, record, &Fields::from([((*field).clone(), (*value).clone())])).is_err()
            })
            .or_else(|| fields.iter().next());
        let error = Error::new(ErrorKind::InvalidData, "a value has not the shape of its field").with("kind", R::KIND.plural());
        match culprit {
            Some((field, _)) => error.with("field", field),
            None => error,
        }
    })
}
