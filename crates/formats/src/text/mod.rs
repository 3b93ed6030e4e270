//! The lossless content-line layer under vCard 2.1, 3.0, 4.0, iCalendar and vCalendar.
//!
//! A [`Document`] is read from bytes and keeps the bytes of every line, with its fold positions and its line end.
//! Writing it back gives the same bytes; an edit changes the edited line and nothing else.
//!
//! # Reading
//!
//! ```
//! use pimkit_formats::text::{Dialect, Document};
//!
//! let document = Document::parse("BEGIN:VCARD\r\nVERSION:3.0\r\nitem1.TEL;TYPE=home,voice:+1 555\r\nN:Doe;Jane;;;\r\nEND:VCARD\r\n")?;
//! for card in document.components_named("VCARD") {
//!     let dialect = card.dialect();
//!     assert_eq!(dialect, Dialect::VCard30);
//!     for line in card.lines_named("TEL") {
//!         // Tokenised only when asked: `content` is None for a line that has no `name:value` shape.
//!         let Some(tel) = line.content() else { continue };
//!         assert_eq!(tel.group(), Some("item1"));
//!         assert_eq!(tel.types(), ["home", "voice"]);
//!         assert_eq!(tel.text(dialect), "+1 555");
//!     }
//!     let name = card.content("N").map(|n| n.structured(dialect)).unwrap_or_default();
//!     assert_eq!(name.first().map(Vec::as_slice), Some(["Doe".to_owned()].as_slice()));
//! }
//! # Ok::<(), pimkit_formats::ParseError>(())
//! ```
//!
//! # Editing
//!
//! ```
//! use pimkit_formats::text::{ContentLine, Dialect, Document};
//!
//! let source = "BEGIN:VCARD\nVERSION:4.0\nFN:Jane\nx-own:kept as it is\nEND:VCARD\n";
//! let mut document = Document::parse(source)?;
//! if let Some(card) = document.component_mut("VCARD") {
//!     card.set("FN", ContentLine::text_line("FN", "Jane Doe", Dialect::VCard40));
//!     card.add(ContentLine::text_line("NOTE", "a, b", Dialect::VCard40));
//! }
//! let written = document.to_bytes();
//! assert_eq!(written, b"BEGIN:VCARD\nVERSION:4.0\nFN:Jane Doe\nx-own:kept as it is\nNOTE:a\\, b\nEND:VCARD\n");
//! # Ok::<(), pimkit_formats::ParseError>(())
//! ```
//!
//! # Which bytes are one line
//!
//! A line end is CRLF or LF; a bare CR counts only in a document without any LF. A line that starts with a space or a
//! tab continues the line before it (RFC 5545 section 3.1, RFC 6350 section 3.2). In vCard 2.1 style, a
//! QUOTED-PRINTABLE line that ends with `=` continues on the next line, and unindented base64 lines belong to the
//! BASE64 property above them.

mod charset;
mod content;
mod edit;
mod line;
mod param;
mod tokenise;
mod tree;
mod unfold;
mod value;
mod write;

pub use charset::Charset;
pub use content::{ContentLine, Encoding};
pub use line::Line;
pub use param::{Param, ParamValue};
pub use tree::{Component, Document, Limits, Node};
pub use unfold::LineEnd;
pub use value::{Dialect, escape, split_unescaped, unescape};
