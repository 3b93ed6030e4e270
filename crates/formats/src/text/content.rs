//! A content line in parts.

use std::fmt;

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use super::charset::{Charset, decode_quoted_printable, encode_quoted_printable};
use super::param::{Param, push_name};
use super::value::{Dialect, escape, split_unescaped, unescape};

/// `[group.]name[;parameters]:value`.
///
/// Names keep their spelling; compare with [`is`](Self::is). Two contents are equal when they are written the same.
/// `Debug` shows names and lengths, never the text.
#[derive(Clone, PartialEq, Eq)]
pub struct ContentLine {
    group: Option<String>,
    name: String,
    params: Vec<Param>,
    value: String,
}

/// The transfer encoding of a value (ENCODING parameter, or bare in vCard 2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// None, 7BIT or 8BIT.
    Plain,
    /// QUOTED-PRINTABLE.
    QuotedPrintable,
    /// BASE64 or B.
    Base64,
}

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent).with_decode_allow_trailing_bits(true),
);

impl ContentLine {
    /// A line from its value as it is to be written (escaped by the caller, a URI, a date…).
    #[must_use]
    pub fn new(name: &str, value: &str) -> Self {
        Self { group: None, name: name.to_owned(), params: Vec::new(), value: value.to_owned() }
    }

    /// A line that holds one text.
    #[must_use]
    pub fn text_line(name: &str, text: &str, dialect: Dialect) -> Self {
        let mut line = Self::new(name, "");
        line.set_text(text, dialect);
        line
    }

    pub(super) fn written(group: Option<&str>, name: &str, params: Vec<Param>, value: &str) -> Self {
        Self { group: group.map(str::to_owned), name: name.to_owned(), params, value: value.to_owned() }
    }

    /// The group.
    #[must_use]
    pub fn group(&self) -> Option<&str> {
        self.group.as_deref()
    }

    /// The name as it is spelt.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Is this the property `name`? Case-insensitive.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// All parameters in their order.
    #[must_use]
    pub fn params(&self) -> &[Param] {
        &self.params
    }

    /// The first parameter of that name, bare ones by what they stand for (see [`Param::is`]).
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&Param> {
        self.params.iter().find(|param| param.is(name))
    }

    /// The meaning of the first value of that parameter.
    #[must_use]
    pub fn param_value(&self, name: &str) -> Option<String> {
        self.param(name).and_then(|param| param.decoded().into_iter().next())
    }

    /// The meaning of all values of all parameters of that name.
    #[must_use]
    pub fn param_values(&self, name: &str) -> Vec<String> {
        self.params.iter().filter(|param| param.is(name)).flat_map(Param::decoded).collect()
    }

    /// The TYPE words in lower case: `TYPE=home,work`, `TYPE=home;TYPE=work`, `TYPE="home,work"` (RFC 6350 section 6.4.1
    /// shows the quoted list) and the bare ones of vCard 2.1.
    #[must_use]
    pub fn types(&self) -> Vec<String> {
        let mut types = Vec::new();
        for value in self.param_values("TYPE") {
            for word in value.split(',').map(|word| word.trim().to_ascii_lowercase()) {
                if !word.is_empty() && !types.contains(&word) {
                    types.push(word);
                }
            }
        }
        types
    }

    /// The value as it is written: folds and soft line breaks undone, escapes and transfer encoding not.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The transfer encoding. Tolerates `ENCODING=b,b` (seen from iOS).
    #[must_use]
    pub fn encoding(&self) -> Encoding {
        let words = self.param_values("ENCODING");
        let says = |known: &str| words.iter().any(|word| word.eq_ignore_ascii_case(known));
        if says("QUOTED-PRINTABLE") {
            Encoding::QuotedPrintable
        } else if says("BASE64") || says("B") {
            Encoding::Base64
        } else {
            Encoding::Plain
        }
    }

    /// The CHARSET parameter.
    #[must_use]
    pub fn charset(&self) -> Charset {
        self.param_value("CHARSET").map_or(Charset::Unknown, |name| Charset::named(&name))
    }

    /// The value as one text: QUOTED-PRINTABLE, CHARSET and escapes undone.
    #[must_use]
    pub fn text(&self, dialect: Dialect) -> String {
        self.part(&self.value, dialect)
    }

    /// The value as a list of texts, split at unescaped commas (CATEGORIES, NICKNAME…). vCard 2.1 has no escaped comma.
    #[must_use]
    pub fn list(&self, dialect: Dialect) -> Vec<String> {
        split_unescaped(&self.value, ',', dialect).into_iter().map(|part| self.part(part, dialect)).collect()
    }

    /// The value as a structured one (N, ADR, ORG, GENDER…): components at unescaped semicolons, each a list at
    /// unescaped commas. In vCard 2.1 a component is one text: commas there are data.
    #[must_use]
    pub fn structured(&self, dialect: Dialect) -> Vec<Vec<String>> {
        split_unescaped(&self.value, ';', dialect)
            .into_iter()
            .map(|component| match dialect {
                Dialect::VCard21 => vec![self.part(component, dialect)],
                _ => split_unescaped(component, ',', dialect).into_iter().map(|part| self.part(part, dialect)).collect(),
            })
            .collect()
    }

    /// The bytes of a base64 value, blanks ignored, padding optional; `None` when it is not base64.
    #[must_use]
    pub fn base64(&self) -> Option<Vec<u8>> {
        let compact: Vec<u8> = self.value.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        LENIENT.decode(compact).ok()
    }

    fn part(&self, part: &str, dialect: Dialect) -> String {
        if self.encoding() == Encoding::QuotedPrintable {
            unescape(&decode_quoted_printable(part, self.charset()), dialect)
        } else {
            unescape(part, dialect)
        }
    }

    /// Sets the group.
    pub fn set_group(&mut self, group: Option<&str>) -> &mut Self {
        self.group = group.map(str::to_owned);
        self
    }

    /// Sets the value as it is to be written. Any transfer encoding parameter is left as it is.
    pub fn set_value(&mut self, value: &str) -> &mut Self {
        value.clone_into(&mut self.value);
        self
    }

    /// Sets one text.
    pub fn set_text(&mut self, text: &str, dialect: Dialect) -> &mut Self {
        self.set_structured(&[&[text]], dialect)
    }

    /// Sets a list of texts, separated by commas.
    pub fn set_list(&mut self, texts: &[&str], dialect: Dialect) -> &mut Self {
        self.set_structured(&[texts], dialect)
    }

    /// Sets a structured value: components separated by semicolons, the texts of each by commas.
    ///
    /// In vCard 2.1 a text that is not ASCII or has a line end turns the value to QUOTED-PRINTABLE in UTF-8; in the other
    /// dialects, ENCODING=QUOTED-PRINTABLE and CHARSET go.
    pub fn set_structured(&mut self, components: &[&[&str]], dialect: Dialect) -> &mut Self {
        let quoted_printable = dialect == Dialect::VCard21
            && components.iter().flat_map(|texts| texts.iter()).any(|text| !text.is_ascii() || text.contains(['\r', '\n']));
        self.params.retain(|param| !param.is("CHARSET") && !(param.is("ENCODING")));
        if quoted_printable {
            self.params.push(Param::new("CHARSET", ["UTF-8"]));
            self.params.push(Param::new("ENCODING", ["QUOTED-PRINTABLE"]));
        }
        let components: Vec<String> = components
            .iter()
            .map(|texts| {
                let texts: Vec<String> = texts
                    .iter()
                    .map(|text| {
                        let text = escape(text, dialect);
                        if quoted_printable { encode_quoted_printable(&text) } else { text }
                    })
                    .collect();
                texts.join(",")
            })
            .collect();
        self.value = components.join(";");
        self
    }

    /// Sets a parameter by the meaning of its values, in the place of the first of that name; an empty list removes it.
    pub fn set_param<'v>(&mut self, name: &str, values: impl IntoIterator<Item = &'v str>) -> &mut Self {
        let param = Param::new(name, values);
        let at = self.params.iter().position(|known| known.is(name));
        self.remove_param(name);
        if !param.values().is_empty() {
            let at = at.unwrap_or(self.params.len()).min(self.params.len());
            self.params.insert(at, param);
        }
        self
    }

    /// Appends a parameter.
    pub fn add_param(&mut self, param: Param) -> &mut Self {
        self.params.push(param);
        self
    }

    /// Removes all parameters of that name. Returns whether there was one.
    pub fn remove_param(&mut self, name: &str) -> bool {
        let before = self.params.len();
        self.params.retain(|param| !param.is(name));
        self.params.len() < before
    }

    /// The same line with a parameter more, for building.
    #[must_use]
    pub fn with_param(mut self, name: &str, value: &str) -> Self {
        self.params.push(Param::new(name, [value]));
        self
    }

    /// The line as it is written, before folding and without line end. Line ends inside the value become `\n`, so a
    /// value can never start a line of its own.
    #[must_use]
    pub fn unfolded(&self) -> String {
        let mut out = self.head();
        if self.value.contains(['\r', '\n']) {
            out.push_str(&self.value.replace("\r\n", "\\n").replace(['\r', '\n'], "\\n"));
        } else {
            out.push_str(&self.value);
        }
        out
    }

    /// Everything up to the colon before the value.
    pub(super) fn head(&self) -> String {
        let mut out = String::with_capacity(self.name.len() + self.value.len() + 16);
        if let Some(group) = &self.group {
            push_name(&mut out, group);
            out.push('.');
        }
        push_name(&mut out, &self.name);
        for param in &self.params {
            out.push(';');
            param.write(&mut out);
        }
        out.push(':');
        out
    }
}

impl fmt::Debug for ContentLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContentLine")
            .field("name", &self.name)
            .field("params", &self.params)
            .field("value_bytes", &self.value.len())
            .finish_non_exhaustive()
    }
}
