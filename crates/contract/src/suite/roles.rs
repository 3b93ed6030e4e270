//! Cases for what a repository does beside items: collections, categories, search.

use super::{
    Case,
    context::{Context, Verdict, ensure, fail, says_missing, skip, words},
    reading::some,
};
use crate::world::Kept;
use pimkit_core::{Collection, CollectionId, ErrorKind, ItemId, Notify, Outcome, Role, WriteOptions};

pub(super) fn cases<R: Kept>() -> Vec<Case<R>> {
    vec![
        Case::new("collections_are_made_renamed_and_deleted", |c| Box::pin(folders(c))),
        Case::new("categories_are_made_once_renamed_and_removed", |c| Box::pin(categories(c))),
        Case::new("search_finds_by_words", |c| Box::pin(search(c))),
    ]
}

/// The reason to skip a role that is not there; an undeclared absence is a failure of the floor.
fn absent<R: Kept>(c: &Context<'_, R>, role: Role) -> Verdict {
    let declared = c.connector.info().roles.contains(&role);
    skip(if declared { format!("{role:?} are not there for this kind") } else { format!("{role:?} are declared missing") })
}

fn made(outcome: Outcome<Collection>) -> Result<CollectionId, super::Stop> {
    match outcome {
        Outcome::Written { id, .. } => Ok(CollectionId::from(id.as_str())),
        other => fail(format!("the collection is {}", words(&other))),
    }
}

async fn folders<R: Kept>(c: &Context<'_, R>) -> Verdict {
    let Some(folders) = c.items.folders() else { return absent(c, Role::Folders) };
    let options = WriteOptions::default().notify(Notify::Nobody);
    let mark = c.mark();
    let before = c.items.collections().await?;
    let outcome = folders.create(&mark, "Suite, \"odd\" näme", &options).await;
    if let Outcome::Refused(error) = &outcome
        && says_missing(error)
    {
        return skip("collections cannot be made in this account");
    }
    let id = made(outcome)?;
    let named = |all: &[Collection], id: &CollectionId| all.iter().find(|k| k.id == *id).map(|k| k.name.clone());
    let after = c.items.collections().await?;
    ensure!(after.len() == before.len() + 1, "one collection was made, {} more are listed", after.len() - before.len());
    ensure!(named(&after, &id).as_deref() == Some("Suite, \"odd\" näme"), "a made collection has another name");
    let again = made(folders.create(&mark, "Suite, \"odd\" näme", &options).await)?;
    if again != id {
        made(folders.delete(&again, &options).await)?;
    }
    let renamed = made(folders.rename(&id, "Renamed", &options).await)?;
    let after = c.items.collections().await?;
    ensure!(named(&after, &renamed).as_deref() == Some("Renamed"), "a renamed collection has another name");
    ensure!(after.len() == before.len() + 1, "renaming changes the number of collections");
    // It is a collection like the others.
    let fields = c.items.fields(&renamed).await?;
    ensure!(fields.is_empty() == c.fields.is_empty(), "a made collection holds other fields");
    let outcome = folders.delete(&renamed, &options).await;
    ensure!(matches!(outcome, Outcome::Written { .. }), "deleting a collection is {}", words(&outcome));
    ensure!(c.items.collections().await? == before, "a deleted collection is still listed, or another one changed");
    let kind = c.items.fields(&renamed).await.err().map(|e| e.kind());
    ensure!(kind == Some(ErrorKind::CollectionGone), "a deleted collection is {kind:?}");
    Ok(())
}

async fn categories<R: Kept>(c: &Context<'_, R>) -> Verdict {
    let Some(categories) = c.items.categories() else { return absent(c, Role::Categories) };
    let before = categories.list(c.id()).await?;
    let first = match categories.ensure(c.id(), "Tea, green").await {
        Err(error) if says_missing(&error) => return skip("categories cannot be made in this account"),
        made => made?,
    };
    let again = categories.ensure(c.id(), "Tea, green").await?;
    ensure!(first == again, "one name makes two categories");
    let listed = categories.list(c.id()).await?;
    ensure!(listed.contains(&first), "a made category is not listed");
    ensure!(listed.len() <= before.len() + 1, "one category was made, {} more are listed", listed.len() - before.len());
    let mut last = first.clone();
    match categories.rename(c.id(), &first.id, "Coffee").await {
        Ok(renamed) => {
            ensure!(renamed.name == "Coffee", "a renamed category has another name");
            let listed = categories.list(c.id()).await?;
            ensure!(listed.contains(&renamed) && !listed.iter().any(|k| k.name == "Tea, green"), "a category keeps its old name");
            last = renamed;
        }
        Err(error) if says_missing(&error) => {}
        Err(error) => return Err(error.into()),
    }
    match categories.remove(c.id(), &last.id).await {
        Ok(()) => ensure!(!categories.list(c.id()).await?.contains(&last), "a removed category is still listed"),
        Err(error) if says_missing(&error) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

async fn search<R: Kept>(c: &Context<'_, R>) -> Verdict {
    let Some(search) = c.items.search() else { return absent(c, Role::Search) };
    let Some(name) = c.name_field() else { return skip("the side holds no text") };
    let items = some(c, 3).await?;
    let [item, ..] = items.as_slice() else { return fail("three items were made") };
    let target = Context::with_text(&item.record, name, "Quetzalcoatlus")?;
    let edited = c.update(item, &target).await?;
    c.stage.settle().await;
    let found: Vec<ItemId> = search.search("Quetzalcoatlus", 10).await?.into_iter().map(|stored| stored.id).collect();
    ensure!(found == [edited.id], "a rare word finds {} items", found.len());
    ensure!(search.search("Quetzalcoatlus", 0).await?.is_empty(), "a limit of none finds some");
    Ok(())
}
