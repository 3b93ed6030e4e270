//! Conveniences over [`Repository`]; nobody implements them.

use crate::{Change, ChangeOptions, ChangePage, CollectionId, Next, PageToken, Position, Record, Repository, Result};
use futures::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};

/// Streams over the pages of a round.
pub trait RepositoryExt<R: Record>: Repository<R> {
    /// The pages of one round, from `start`.
    fn pages<'a>(
        &'a self,
        collection: &'a CollectionId,
        start: Position<'a>,
        options: &'a ChangeOptions,
    ) -> BoxStream<'a, Result<ChangePage<R>>> {
        enum At<'a> {
            Start(Position<'a>),
            Page(PageToken),
            End,
        }
        stream::try_unfold(At::Start(start), move |at| async move {
            let page = match &at {
                At::Start(position) => self.changes(collection, *position, options).await?,
                At::Page(token) => self.changes(collection, Position::Page(token), options).await?,
                At::End => return Ok(None),
            };
            let next = match &page.next {
                Next::More(token) => At::Page(token.clone()),
                Next::Done { .. } => At::End,
            };
            Ok(Some((page, next)))
        })
        .boxed()
    }

    /// The lines of one round, from `start`.
    fn items<'a>(
        &'a self,
        collection: &'a CollectionId,
        start: Position<'a>,
        options: &'a ChangeOptions,
    ) -> BoxStream<'a, Result<Change<R>>> {
        self.pages(collection, start, options).map_ok(|page| stream::iter(page.changes.into_iter().map(Ok))).try_flatten().boxed()
    }
}

impl<R: Record, T: Repository<R> + ?Sized> RepositoryExt<R> for T {}
