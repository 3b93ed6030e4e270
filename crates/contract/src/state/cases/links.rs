//! Links: one claim per end, found by either end, by id and by query; their bases and stamps.

use super::{Open, Verdict, all_of, case, open};
use crate::state::{
    Case, Failure, Place, rows,
    verdict::{check, refused, same},
};
use pimkit_core::{Kind, LinkQuery, LinkRow, LinkState, Side, StateChange};

pub(super) const CASES: &[Case] = &[
    case!(an_end_has_at_most_one_claiming_link),
    case!(links_of_other_syncs_accounts_and_collections_do_not_clash),
    case!(ends_that_are_not_made_yet_do_not_clash),
    case!(a_claim_can_be_passed_on_within_a_batch),
    case!(a_refused_link_says_which_one_it_is),
    case!(links_are_found_by_their_ends_one_per_id_in_order),
    case!(links_are_found_by_state_attention_and_collection_and_counted),
    case!(links_come_in_the_order_of_their_ids_over_many_pages),
    case!(bases_and_stamps_are_answered_by_their_keys),
];

const STATES: [LinkState; 8] = [
    LinkState::Live,
    LinkState::Pending,
    LinkState::OutOfScope,
    LinkState::Suppressed,
    LinkState::Shadowed,
    LinkState::Held,
    LinkState::Quarantined,
    LinkState::Archived,
];

fn put(row: LinkRow) -> StateChange {
    StateChange::Link(Box::new(row))
}

async fn ids(store: &Open, query: LinkQuery, most: usize) -> Result<Vec<String>, Failure> {
    Ok(all_of(store.state.links(query), most).await?.into_iter().map(|link| link.id).collect())
}

async fn an_end_has_at_most_one_claiming_link(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    for (n, first) in STATES.into_iter().enumerate() {
        for (m, second) in STATES.into_iter().enumerate() {
            // The hub end and the far end by themselves, in two batches and in one.
            for hub in [true, false] {
                for together in [true, false] {
                    let sync = format!("{n} {m} {hub} {together}");
                    let (hub_item, far_item) = if hub { (Some("h"), None) } else { (None, Some("f")) };
                    let row = |id: &str, state| {
                        put(LinkRow { state, ..rows::link(&format!("{sync} {id}"), &sync, hub_item, "people", far_item) })
                    };
                    let (one, two) = (row("one", first), row("two", second));
                    let outcome = if together {
                        store.commit(vec![one, two]).await
                    } else {
                        store.commit(vec![one]).await?;
                        store.commit(vec![two]).await
                    };
                    let what = format!("{first:?} then {second:?}, hub end {hub}, together {together}");
                    let kept = if first.claims() && second.claims() {
                        refused!(outcome, InvalidData, "{what}");
                        u64::from(!together)
                    } else {
                        outcome.map_err(|e| e.with("case", &what))?;
                        2
                    };
                    same!(store.state.count_links(LinkQuery::of(&sync.as_str().into())).await?, kept, "links kept: {what}");
                }
            }
        }
    }
    Ok(())
}

async fn links_of_other_syncs_accounts_and_collections_do_not_clash(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    let row = || rows::link("1", "s", Some("h"), "people", Some("f"));
    let (other_sync, mut other_account, mut other_collection, mut other_case) =
        (rows::link("2", "S", Some("h"), "people", Some("f")), row(), row(), row());
    (other_account.id, other_account.hub_item, other_account.account) = ("3".into(), Some("h3".into()), "far 2".into());
    (other_collection.id, other_collection.hub_item, other_collection.collection) = ("4".into(), Some("h4".into()), "People".into());
    (other_case.id, other_case.hub_item, other_case.item) = ("5".into(), Some("H".into()), Some("F".into()));
    let all = [row(), other_sync, other_account, other_collection, other_case];
    store.commit(all.iter().cloned().map(put).collect()).await?;
    for link in &all {
        let found = store.state.links_of_far(&link.sync, &link.account, &link.collection, link.item.as_slice()).await?;
        same!(found, [Some(link.clone())], "the link of the far item of link {}", link.id);
        let found = store.state.links_of_hub(&link.sync, link.hub_item.as_slice()).await?;
        same!(found, [Some(link.clone())], "the link of the hub record of link {}", link.id);
    }
    Ok(())
}

async fn ends_that_are_not_made_yet_do_not_clash(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    let pending = |id: &str| put(LinkRow { state: LinkState::Pending, ..rows::link(id, "s", None, "people", None) });
    store.commit(["a", "b", "c"].map(pending).into()).await?;
    same!(store.state.count_links(LinkQuery::of(&"s".into())).await?, 3, "links without ends");
    // An end whose id is the empty text is an end.
    store.commit(vec![put(rows::link("d", "s", Some(""), "people", Some("")))]).await?;
    refused!(store.commit(vec![put(rows::link("e", "s", Some(""), "people", None))]).await, InvalidData, "the empty hub id twice");
    refused!(store.commit(vec![put(rows::link("e", "s", None, "people", Some("")))]).await, InvalidData, "the empty far id twice");
    Ok(())
}

async fn a_claim_can_be_passed_on_within_a_batch(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    let old = rows::link("old", "s", Some("h"), "people", Some("f"));
    let archived = LinkRow { state: LinkState::Archived, ..old.clone() };
    let new = rows::link("new", "s", Some("h"), "people", Some("f"));
    store.commit(vec![put(old.clone())]).await?;
    refused!(store.commit(vec![put(new.clone()), put(archived.clone())]).await, InvalidData, "a claim taken before it was given up");
    same!(store.state.link("old").await?, Some(old.clone()), "the link whose claim was to be taken");
    store.commit(vec![put(archived.clone()), put(new.clone())]).await?;
    let found = store.state.links_of_hub(&"s".into(), &rows::items(&["h"])).await?;
    same!(found, [Some(new.clone())], "the claiming link after the old one was archived");
    store.commit(vec![StateChange::DropLink("new".into()), put(old.clone())]).await?;
    let found = store.state.links_of_far(&"s".into(), &"far".into(), &"people".into(), &rows::items(&["f"])).await?;
    same!(found, [Some(old.clone())], "the claiming link after the new one was dropped");
    // A link that moves to another item frees the one that it had, and may be written again as it is.
    let moved = LinkRow { item: Some("g".into()), hub_item: Some("h2".into()), ..old.clone() };
    store.commit(vec![put(moved.clone()), put(moved.clone()), put(new.clone())]).await?;
    let found = store.state.links_of_hub(&"s".into(), &rows::items(&["h", "h2"])).await?;
    same!(found, [Some(new), Some(moved)], "the links after one moved");
    Ok(())
}

async fn a_refused_link_says_which_one_it_is(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    store.commit(vec![put(rows::link("a", "s", Some("h"), "people", Some("f")))]).await?;
    for second in [rows::link("link-2", "s", Some("h"), "people", None), rows::link("link-2", "s", None, "people", Some("f"))] {
        let error = refused!(store.commit(vec![put(second)]).await, InvalidData, "a second link");
        check!(error.to_string().contains("link-2"), "the refusal does not name the link: {error}");
        check!(!error.to_string().contains('\n'), "the refusal has more than one line: {error}");
    }
    Ok(())
}

async fn links_are_found_by_their_ends_one_per_id_in_order(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    let mut claiming = Vec::new();
    for (n, state) in STATES.into_iter().enumerate() {
        let row = LinkRow { state, ..rows::link(&format!("l{n}"), "s", Some(&format!("h{n}")), "people", Some(&format!("f{n}"))) };
        store.commit(vec![put(row.clone())]).await?;
        claiming.push(state.claims().then_some(row));
    }
    let order = [7, 3, 0, 4, 3, 1, 2, 5, 6];
    let expected: Vec<_> = order.iter().map(|n| claiming.get(*n).cloned().flatten()).chain([None]).collect();
    let asked = |end: &str| order.iter().map(|n| rows::item(&format!("{end}{n}"))).chain([rows::item("none")]).collect::<Vec<_>>();
    same!(store.state.links_of_hub(&"s".into(), &asked("h")).await?, expected, "links by hub records");
    let found = store.state.links_of_far(&"s".into(), &"far".into(), &"people".into(), &asked("f")).await?;
    same!(found, expected, "links by far items");
    same!(store.state.links_of_hub(&"s".into(), &[]).await?, [], "links of no hub records");
    let nothing: Vec<Option<LinkRow>> = vec![None; asked("f").len()];
    for (sync, account, collection) in [("t", "far", "people"), ("s", "hub", "people"), ("s", "far", "records")] {
        let found = store.state.links_of_far(&sync.into(), &account.into(), &collection.into(), &asked("f")).await?;
        same!(found, nothing, "links by far items elsewhere: {sync} {account} {collection}");
    }
    Ok(())
}

async fn links_are_found_by_state_attention_and_collection_and_counted(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    let mut all = Vec::new();
    for (n, state) in STATES.into_iter().enumerate() {
        for (m, collection) in ["people", "friends", ""].into_iter().enumerate() {
            for again in [false, true] {
                let end = format!("{n} {m} {again}");
                let mut row = LinkRow { state, again, ..rows::link(&end, "s", Some(&end), collection, Some(&end)) };
                row.hub_collection = if n % 2 == 0 { "records".into() } else { "friends".into() };
                all.push(row);
            }
        }
    }
    all.push(rows::link("of another sync", "t", Some("h"), "people", Some("f")));
    store.commit(all.iter().cloned().map(put).collect()).await?;
    let mut expected_ids: Vec<&LinkRow> = all.iter().filter(|row| row.sync.as_str() == "s").collect();
    expected_ids.sort_by(|a, b| a.id.cmp(&b.id));
    let mut asked: Vec<Vec<LinkState>> = vec![vec![], vec![LinkState::Held, LinkState::Live, LinkState::Held], STATES.to_vec()];
    asked.extend(STATES.map(|state| vec![state]));
    let of = |side, collection: &str| Some((side, collection.into()));
    let collections = [
        None,
        of(Side::Right, "people"),
        of(Side::Right, "friends"),
        of(Side::Right, ""),
        of(Side::Left, "friends"),
        of(Side::Left, "records"),
        of(Side::Left, "people"),
    ];
    for states in asked {
        for again in [false, true] {
            for collection in &collections {
                let query = LinkQuery { states: states.clone(), again, collection: collection.clone(), ..LinkQuery::of(&"s".into()) };
                let wanted = |row: &&&LinkRow| {
                    (states.is_empty() || states.contains(&row.state))
                        && (!again || row.again)
                        && match collection {
                            None => true,
                            Some((Side::Left, id)) => row.hub_collection == *id,
                            Some((Side::Right, id)) => row.collection == *id,
                        }
                };
                let expected: Vec<&str> = expected_ids.iter().filter(wanted).map(|row| row.id.as_str()).collect();
                same!(store.state.count_links(query.clone()).await?, expected.len() as u64, "how many links {query:?} finds");
                same!(ids(&store, query.clone(), expected.len()).await?, expected, "links that {query:?} finds");
            }
        }
    }
    Ok(())
}

async fn links_come_in_the_order_of_their_ids_over_many_pages(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    let mut wanted = Vec::new();
    for chunk in (0..2100_u32).collect::<Vec<_>>().chunks(500) {
        let row = |n: &u32| {
            let id = format!("link {}", n.wrapping_mul(2_654_435_761));
            let state = if n.is_multiple_of(3) { LinkState::Held } else { LinkState::Live };
            LinkRow { state, again: n.is_multiple_of(2), ..rows::link(&id, "s", Some(&id), "people", Some(&id)) }
        };
        let links: Vec<LinkRow> = chunk.iter().map(row).collect();
        wanted.extend(links.iter().map(|link| (link.id.clone(), link.state, link.again)));
        store.commit(links.into_iter().map(put).collect()).await?;
    }
    wanted.sort_by(|a, b| a.0.cmp(&b.0));
    let all = LinkQuery::of(&"s".into());
    for query in [
        all.clone(),
        LinkQuery { states: vec![LinkState::Live], ..all.clone() },
        LinkQuery { states: vec![LinkState::Held, LinkState::Live], ..all.clone() },
        LinkQuery { again: true, ..all.clone() },
        LinkQuery { collection: Some((Side::Right, "people".into())), ..all.clone() },
        LinkQuery { collection: Some((Side::Left, "records".into())), again: true, ..all },
    ] {
        let of = |(_, state, again): &&(String, LinkState, bool)| {
            (query.states.is_empty() || query.states.contains(state)) && (!query.again || *again)
        };
        let expected: Vec<&str> = wanted.iter().filter(of).map(|(id, ..)| id.as_str()).collect();
        let found = ids(&store, query.clone(), expected.len()).await?;
        check!(found == expected, "{query:?}: {} links expected in order, {} came", expected.len(), found.len());
    }
    Ok(())
}

async fn bases_and_stamps_are_answered_by_their_keys(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    let mut changes = Vec::new();
    for id in ["b", "a", ""] {
        changes.push(put(rows::link(id, "s", None, "people", None)));
        changes.push(StateChange::Base(Box::new(rows::base(id))));
    }
    for (account, kind, item) in
        [("hub", Kind::Contact, "h"), ("hub", Kind::Task, "h"), ("far", Kind::Contact, "h"), ("hub", Kind::Contact, "")]
    {
        changes.push(StateChange::Stamps(rows::stamps(account, kind, item)));
    }
    store.commit(changes).await?;
    let found = store.state.bases(&rows::texts(&["a", "x", "", "b", "a"])).await?;
    let expected = [Some(rows::base("a")), None, Some(rows::base("")), Some(rows::base("b")), Some(rows::base("a"))];
    same!(found, expected, "bases by link");
    same!(store.state.bases(&[]).await?, [], "bases of no links");
    for (account, kind, item, there) in [
        ("hub", Kind::Contact, "h", true),
        ("hub", Kind::Task, "h", true),
        ("far", Kind::Contact, "", false),
        ("hub", Kind::Contact, "", true),
    ] {
        let found = store.state.stamps(&account.into(), kind, &item.into()).await?;
        same!(found, there.then(|| rows::stamps(account, kind, item)), "stamps of {account} {kind:?} {item:?}");
    }
    store.commit(vec![StateChange::DropLink("a".into())]).await?;
    let found = store.state.bases(&rows::texts(&["a", "b"])).await?;
    same!(found, [None, Some(rows::base("b"))], "bases after a link was dropped");
    Ok(())
}
