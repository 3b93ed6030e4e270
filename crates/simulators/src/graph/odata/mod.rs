//! OData as the service speaks it: `$filter`, `$select`, `$expand`, `$orderby` and pages.

mod evaluate;
mod filter;
mod page;
mod view;

pub(crate) use evaluate::comparable;
pub(crate) use filter::{Comparison, Filter, Term};
pub(crate) use page::{Order, Page, page_size};
pub(crate) use view::View;
