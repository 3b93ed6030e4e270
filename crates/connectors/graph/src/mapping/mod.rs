//! Graph's words and ours. A folder per kind, each with the table of what it does with every property: managed, the provider's
//! own, made by the provider, kept aside.

mod aside;
pub(crate) mod contact;
pub(crate) mod event;
pub(crate) mod extended;
mod item;
mod slots;

pub(crate) use item::Item;
pub(crate) use slots::Slots;
