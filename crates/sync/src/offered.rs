//! What set-up may offer: the far side's own categories, to pick those whose items come into the hub.

use crate::pair::Pair;
use pimkit_core::{Category, Error, ErrorKind, Record, Result};

/// The categories that a user may pick for the policy `incoming`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offered {
    /// These; never none.
    Choice(Vec<Category>),
    /// The far side keeps a list, and nothing of the user's own is on it: there is nothing to choose.
    Nothing,
    /// The far side keeps no list. What its items carry can be named all the same.
    Unlisted,
}

impl<R: Record> Pair<R> {
    /// The far side's own categories, as they are on its list now: those that the sync keeps itself are none of them. A list that
    /// could not be read is an error, and never an empty one.
    ///
    /// # Errors
    /// What the far side says; `Config` where it has none of the collections that were chosen.
    pub async fn offered_categories(&self) -> Result<Offered> {
        let (_, setup) = self.parts();
        let missing = || Error::new(ErrorKind::Config, "the account has no such collection; correct the config").with("side", "right");
        let repository = R::repository(setup.right.as_ref()).ok_or_else(missing)?;
        let Some(role) = repository.categories() else { return Ok(Offered::Unlisted) };
        let all = repository.collections().await?;
        let first = match setup.collections.first() {
            Some(name) => all.iter().find(|c| c.id.as_str() == name).or_else(|| all.iter().find(|c| c.name == *name)),
            None => all.first(),
        };
        let first = first.ok_or_else(missing)?;
        let own = |category: &Category| !setup.policy.categories.iter().any(|managed| managed.name == category.name);
        match role.list(&first.id).await {
            Ok(list) => {
                let list: Vec<Category> = list.into_iter().filter(own).collect();
                Ok(if list.is_empty() { Offered::Nothing } else { Offered::Choice(list) })
            }
            Err(error) if error.kind() == ErrorKind::Unsupported => Ok(Offered::Unlisted),
            Err(error) => Err(error),
        }
    }
}
