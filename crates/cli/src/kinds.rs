//! From a kind that was said to the type that stands for it.

use pimkit::{Contact, Event, FieldSupport, Kind, Message, Task, User};

/// Evaluates an expression with `$R` as the record type of a kind.
macro_rules! with_kind {
    ($kind:expr, $R:ident => $body:expr) => {
        match $kind {
            ::pimkit::Kind::Contact => {
                type $R = ::pimkit::Contact;
                $body
            }
            ::pimkit::Kind::Event => {
                type $R = ::pimkit::Event;
                $body
            }
            ::pimkit::Kind::Task => {
                type $R = ::pimkit::Task;
                $body
            }
            ::pimkit::Kind::Message => {
                type $R = ::pimkit::Message;
                $body
            }
            ::pimkit::Kind::User => {
                type $R = ::pimkit::User;
                $body
            }
        }
    };
}
pub(crate) use with_kind;

/// Every field that a kind can have.
pub(crate) fn all_fields(kind: Kind) -> Vec<FieldSupport> {
    match kind {
        Kind::Contact => FieldSupport::all::<Contact>(),
        Kind::Event => FieldSupport::all::<Event>(),
        Kind::Task => FieldSupport::all::<Task>(),
        Kind::Message => FieldSupport::all::<Message>(),
        Kind::User => FieldSupport::all::<User>(),
    }
}
