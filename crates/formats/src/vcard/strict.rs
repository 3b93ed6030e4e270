//! A second opinion on the vCards 4.0 that we author (feature `strict-vcard`).

use vcard_parser::error::VcardError;

/// Says through `tracing` when `vcard_parser` refuses a card, and returns the kind of refusal.
///
/// The card is kept: the judge knows nothing of RFC 9554, for one, and refuses what every other program reads. Its
/// message holds the rest of the card, which is personal data, so only the kind is told.
pub(super) fn judge(text: &[u8]) -> Option<&'static str> {
    let text = std::str::from_utf8(text).ok()?;
    let refused = kind(&vcard_parser::parse_vcards(text).err()?);
    tracing::warn!(refused, "the strict validator refused an authored vCard 4.0; it is kept as it is");
    Some(refused)
}

fn kind(error: &VcardError) -> &'static str {
    match error {
        VcardError::ConversionFailure => "not UTF-8",
        VcardError::ParseError(_) => "syntax",
        VcardError::ParameterTypeNotAllowed(..) => "parameter not allowed",
        VcardError::PropertyFnMissing | VcardError::PropertyFnRequired => "FN missing",
        VcardError::PropertySetError(_) => "property not taken",
        VcardError::ValueInvalid(..) => "value not allowed",
        VcardError::ValueNameUnknown(_) => "unknown value type",
        VcardError::ValueNotAllowed(..) => "value type not allowed",
        VcardError::ValueMismatch(..) => "value of another type",
        VcardError::ValueMalformed(_) => "malformed value",
    }
}

#[cfg(test)]
mod tests {
    use super::judge;
    use crate::resource::{Authoring, CardVersion, InlineBlobs, TextRecord};
    use pimkit_core::{Contact, EmailAddress, Record};
    use std::sync::{Arc, Mutex};

    #[test]
    fn an_ordinary_authored_card_is_taken() {
        let contact = Contact::build(|c| {
            c.name.full = Some("Jane Doe".to_owned());
            c.name.surname = Some("Doe".to_owned());
            c.name.given = Some("Jane".to_owned());
            c.emails.push(EmailAddress { address: "jane@example.org".to_owned(), ..EmailAddress::default() });
            c.notes.push("line one\nline two".to_owned());
        });
        let options = Authoring::new("2026-03-01T10:00:00Z".parse().unwrap(), "-//example//").with_card_version(CardVersion::V4);
        let text = Contact::author(&contact, &options, &InlineBlobs::new()).unwrap();
        assert_eq!(judge(&text), None, "{}", String::from_utf8_lossy(&text));
    }

    /// Collects what is logged.
    struct Log(Arc<Mutex<String>>);

    impl tracing::Subscriber for Log {
        fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
            true
        }
        fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
            tracing::span::Id::from_u64(1)
        }
        fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
        fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
        fn event(&self, event: &tracing::Event<'_>) {
            struct Visit<'a>(&'a mut String);
            impl tracing::field::Visit for Visit<'_> {
                fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                    self.0.push_str(&format!("{field}={value:?} "));
                }
            }
            event.record(&mut Visit(&mut self.0.lock().unwrap()));
        }
        fn enter(&self, _: &tracing::span::Id) {}
        fn exit(&self, _: &tracing::span::Id) {}
    }

    #[test]
    fn a_refused_card_is_told_by_kind_and_without_its_text() {
        let log = Arc::new(Mutex::new(String::new()));
        let refused = tracing::subscriber::with_default(Log(log.clone()), || {
            judge(b"BEGIN:VCARD\r\nVERSION:4.0\r\nNOTE:a secret of Jane\r\nEND:VCARD\r\n")
        });
        assert_eq!(refused, Some("FN missing"));
        let said = log.lock().unwrap().clone();
        assert!(said.contains("FN missing") && !said.contains("secret"), "{said}");
    }
}
