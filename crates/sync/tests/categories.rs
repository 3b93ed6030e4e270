//! Categories that the engine keeps on far items from what the app knows: ensured, followed, healed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use pimkit_contract::{
    WorstOptions,
    state::StopPoint,
    worst::{Failure, Fault, FaultPlan, Operation},
};
use pimkit_core::{Contact, ErrorKind, Facts, ItemId, Kind, Value};
use pimkit_sync::{Condition, ManagedCategory, Pair, Policy, Report, Verdict};
use std::{collections::BTreeSet, sync::Arc};
use world::{World, named};

fn policy() -> Policy {
    let mut policy = Policy::default();
    policy.categories = vec![
        ManagedCategory::new("Person", vec![Condition::is_not("field:kind", &["org"]), Condition::is_not("collection", &["leads"])]),
        ManagedCategory::new("Prospect", vec![Condition::at_least("deals.active", 1)]),
        ManagedCategory::new("Lead", vec![Condition::is("collection", &["leads"])]),
    ];
    policy
}

fn pair(world: &World, policy: Policy) -> Pair<Contact> {
    world.builder::<Contact>("contacts", &[]).policy(policy).app(Arc::new(world.hub.acting("ada"))).build().unwrap()
}

fn run(world: &World) -> Report {
    run_with(world, policy())
}

fn run_with(world: &World, policy: Policy) -> Report {
    world.run_pair(&pair(world, policy)).unwrap()
}

fn put(world: &World, collection: &str, name: &str) -> ItemId {
    world.hub_hand::<Contact>().put(&collection.into(), named(name))
}

fn deals(world: &World, id: &ItemId, active: i64) {
    let mut facts = Facts::own(Some("ada".into()));
    facts.more.insert("deals.active".into(), Value::from(active));
    world.hub.set_facts(Kind::Contact, id, facts);
}

fn far(world: &World, name: &str) -> (ItemId, Contact) {
    let items = world.far_hand::<Contact>().items();
    items.into_iter().map(|(id, s)| (id, s.record)).find(|(_, r)| r.name.full.as_deref() == Some(name)).unwrap()
}

fn tags(world: &World, name: &str) -> Vec<String> {
    far(world, name).1.keywords.into_iter().collect()
}

fn listed(world: &World) -> BTreeSet<String> {
    let list = world.far_hand::<Contact>().categories();
    let names: BTreeSet<String> = list.iter().map(|c| c.name.clone()).collect();
    assert_eq!(names.len(), list.len(), "twice on the list: {list:?}");
    names
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

fn hub_is_free_of_them(world: &World) {
    for record in world.hub_hand::<Contact>().records() {
        assert!(record.keywords.iter().all(|k| k.starts_with("own ")), "{record:?}");
    }
}

fn rename(world: &World, from: &str, to: &str) {
    let id = world.far_hand::<Contact>().categories().into_iter().find(|c| c.name == from).unwrap().id;
    assert!(world.far_hand::<Contact>().rename_category(&id, to));
}

fn quiet(world: &World, case: &str) {
    let report = run(world);
    assert_eq!((report.sync.writes(), report.sync.verdict()), (0, Verdict::Done), "{case}: {report:?}");
}

const PLAIN: &[&str] = &[];
const NASTY: &[&str] = &["fixed_category_names", "lists_only", "server_made_ids", "answers_nothing"];
const BARE: &[&str] = &["no_categories"];

#[test]
fn all_of_them_are_listed_even_empty_ones_and_items_follow_the_facts_though_no_record_changes() {
    for switches in [PLAIN, NASTY, BARE] {
        let case = format!("{switches:?}");
        let world = World::with(WorstOptions::only(switches).unwrap());
        let all = if switches == BARE { set(&[]) } else { set(&["Person", "Prospect", "Lead"]) };
        run(&world);
        assert_eq!(listed(&world), all, "{case}");
        let ada = put(&world, "contacts", "Ada");
        put(&world, "leads", "Lea");
        world.hub_hand::<Contact>().edit(&ada, |c| {
            c.keywords.insert("own hub".into());
        });
        assert_eq!(run(&world).sync.created.right, 2, "{case}");
        assert_eq!(
            (tags(&world, "Ada"), tags(&world, "Lea")),
            (vec!["Person".into(), "own hub".into()], vec!["Lead".to_owned()]),
            "{case}"
        );
        quiet(&world, &case);
        deals(&world, &ada, 2);
        let report = run(&world);
        assert_eq!((report.sync.updated.right, report.sync.writes()), (1, 1), "{case}: {report:?}");
        assert_eq!(tags(&world, "Ada"), ["Person", "Prospect", "own hub"], "{case}");
        quiet(&world, &case);
        // A user's own ones follow each other; ours are put back when a user takes them away.
        let id = far(&world, "Ada").0;
        world.far_hand::<Contact>().edit(&id, |c| {
            c.keywords.remove("Person");
            c.keywords.insert("own far".into());
        });
        let report = run(&world);
        assert_eq!((report.sync.updated.left, report.sync.updated.right), (1, 1), "{case}: {report:?}");
        assert_eq!(tags(&world, "Ada"), ["Person", "Prospect", "own far", "own hub"], "{case}");
        quiet(&world, &case);
        deals(&world, &ada, 0);
        run(&world);
        assert_eq!(tags(&world, "Ada"), ["Person", "own far", "own hub"], "{case}");
        hub_is_free_of_them(&world);
        quiet(&world, &case);
        assert_eq!(listed(&world), all, "{case}");
    }
}

#[test]
fn what_comes_from_the_far_side_is_put_into_them_once_the_app_knows_it() {
    let world = World::kind();
    let mut contact = named("Far");
    contact.keywords = set(&["own far", "Lead"]);
    world.far_hand::<Contact>().put(&"contacts".into(), contact);
    world.far_hand::<Contact>().make_category("Lead");
    run(&world);
    hub_is_free_of_them(&world);
    run(&world);
    // A category of that name that a user had before is the engine's from now on.
    assert_eq!(tags(&world, "Far"), ["Person", "own far"]);
    assert_eq!(listed(&world), set(&["Person", "Prospect", "Lead"]));
    quiet(&world, "far-born");
}

#[test]
fn a_name_that_a_user_changed_comes_back_with_all_its_members() {
    for switches in [PLAIN, NASTY] {
        // Providers differ: of some the items keep the name that they have, of some they follow the list.
        for items_follow in [false, true] {
            let case = format!("{switches:?}, items follow: {items_follow}");
            let world = World::with(WorstOptions::only(switches).unwrap());
            put(&world, "contacts", "Ada");
            put(&world, "contacts", "Bob");
            run(&world);
            rename(&world, "Person", "People of mine");
            if items_follow {
                for name in ["Ada", "Bob"] {
                    let id = far(&world, name).0;
                    world.far_hand::<Contact>().edit(&id, |c| {
                        c.keywords.remove("Person");
                        c.keywords.insert("People of mine".into());
                    });
                }
            }
            let report = run(&world);
            assert_eq!(report.sync.verdict(), Verdict::Done, "{case}: {report:?}");
            assert_eq!(listed(&world), set(&["Person", "Prospect", "Lead"]), "{case}");
            assert_eq!((tags(&world, "Ada"), tags(&world, "Bob")), (vec!["Person".to_owned()], vec!["Person".to_owned()]), "{case}");
            hub_is_free_of_them(&world);
            for _ in 0..4 {
                quiet(&world, &case);
            }
            // From then on the user may call a category so.
            let id = far(&world, "Ada").0;
            world.far_hand::<Contact>().edit(&id, |c| {
                c.keywords.insert("People of mine".into());
            });
            assert_eq!(run(&world).sync.updated.left, 1, "{case}");
            assert_eq!(tags(&world, "Ada"), ["People of mine", "Person"], "{case}");
        }
    }
}

#[test]
fn under_follow_a_category_goes_by_the_name_that_a_user_gave_it_on_the_list_and_on_the_items() {
    let mut follow = policy();
    follow.set("renamed", "follow").unwrap();
    for items_follow in [false, true] {
        let case = format!("items follow: {items_follow}");
        let world = World::kind();
        put(&world, "contacts", "Ada");
        run_with(&world, follow.clone());
        rename(&world, "Person", "own people");
        let id = far(&world, "Ada").0;
        if items_follow {
            world.far_hand::<Contact>().edit(&id, |c| c.keywords = set(&["own people"]));
        }
        run_with(&world, follow.clone());
        let all = set(&["own people", "Prospect", "Lead"]);
        assert_eq!((listed(&world), tags(&world, "Ada")), (all.clone(), vec!["own people".to_owned()]), "{case}");
        // It is managed as before: new ones are in it, who leaves it leaves it for good, and the hub knows nothing of it.
        put(&world, "contacts", "Bob");
        world.far_hand::<Contact>().edit(&id, |c| c.keywords.clear());
        for _ in 0..2 {
            run_with(&world, follow.clone());
        }
        assert_eq!((tags(&world, "Bob"), tags(&world, "Ada")), (vec!["own people".to_owned()], vec!["own people".to_owned()]), "{case}");
        assert!(world.hub_hand::<Contact>().records().iter().all(|c| c.keywords.is_empty()), "{case}");
        assert_eq!(run_with(&world, follow.clone()).sync.writes(), 0, "{case}");
        // Off the list it is made again under that name; and the policy gives it up under that name.
        let ours = world.far_hand::<Contact>().categories().into_iter().find(|c| c.name == "own people").unwrap().id;
        world.far_hand::<Contact>().remove_category(&ours);
        run_with(&world, follow.clone());
        assert_eq!(listed(&world), all, "{case}");
        let mut fewer = follow.clone();
        fewer.categories.remove(0);
        run_with(&world, fewer.clone());
        assert_eq!((tags(&world, "Ada"), listed(&world)), (vec![], set(&["Prospect", "Lead"])), "{case}");
        assert_eq!(run_with(&world, fewer).sync.writes(), 0, "{case}");
        // One that is to have the policy's name again gets it.
        let world = World::kind();
        put(&world, "contacts", "Ada");
        run_with(&world, follow.clone());
        rename(&world, "Person", "own people");
        run_with(&world, follow.clone());
        run(&world);
        assert_eq!((listed(&world), tags(&world, "Ada")), (set(&["Person", "Prospect", "Lead"]), vec!["Person".to_owned()]), "{case}");
    }
}

#[test]
fn a_category_that_a_user_had_before_stays_on_the_list_when_the_policy_gives_it_up() {
    for switches in [PLAIN, NASTY] {
        let world = World::with(WorstOptions::only(switches).unwrap());
        world.far_hand::<Contact>().make_category("Person");
        put(&world, "contacts", "Ada");
        run(&world);
        assert_eq!(tags(&world, "Ada"), ["Person"], "{switches:?}");
        quiet(&world, "taken over");
        let mut none = policy();
        none.categories.truncate(0);
        none.categories.push(policy().categories.remove(2));
        run_with(&world, none.clone());
        assert_eq!((tags(&world, "Ada"), listed(&world)), (vec![], set(&["Person", "Lead"])), "{switches:?}");
        assert_eq!(run_with(&world, none).sync.writes(), 0, "{switches:?}");
    }
}

#[test]
fn one_whose_making_was_not_heard_of_is_the_engines_all_the_same() {
    let world = World::kind();
    put(&world, "contacts", "Ada");
    // The list is asked for, and then the first one is made, and the answer is lost.
    world.far.set_faults(FaultPlan::none().at_nth(Operation::Categories, 2, Fault::After(Failure::Transport)));
    run(&world);
    world.far.set_faults(FaultPlan::none());
    run(&world);
    assert_eq!(listed(&world), set(&["Person", "Prospect", "Lead"]));
    let mut fewer = policy();
    fewer.categories.remove(0);
    run_with(&world, fewer);
    assert_eq!(listed(&world), set(&["Prospect", "Lead"]));
}

#[test]
fn one_that_a_user_takes_off_the_list_is_there_again_and_one_that_the_policy_gives_up_goes() {
    let world = World::kind();
    put(&world, "contacts", "Ada");
    run(&world);
    let id = world.far_hand::<Contact>().categories()[0].id.clone();
    world.far_hand::<Contact>().remove_category(&id);
    quiet(&world, "taken off");
    assert_eq!(listed(&world), set(&["Person", "Prospect", "Lead"]));
    let mut fewer = policy();
    fewer.categories.remove(0);
    run_with(&world, fewer.clone());
    assert_eq!((tags(&world, "Ada"), listed(&world)), (vec![], set(&["Prospect", "Lead"])));
    hub_is_free_of_them(&world);
    assert_eq!(run_with(&world, fewer).sync.writes(), 0);
}

#[test]
fn a_run_costs_one_listing_of_categories() {
    let world = World::kind();
    put(&world, "contacts", "Ada");
    run(&world);
    let before = world.far.requests().iter().filter(|r| r.operation == Operation::Categories).count();
    quiet(&world, "again");
    assert_eq!(world.far.requests().iter().filter(|r| r.operation == Operation::Categories).count() - before, 1);
}

#[test]
fn a_far_side_that_holds_no_keywords_is_refused_with_what_to_do() {
    let world = World::with(WorstOptions::kind().with(|o| {
        o.hidden_fields.insert("keywords".into());
    }));
    put(&world, "contacts", "Ada");
    let error = futures::executor::block_on(pair(&world, policy()).plan()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("take categories"), "{error}");
    let mut group = Policy::default();
    group.category = Some("Friends".into());
    assert_eq!(futures::executor::block_on(pair(&world, group).plan()).unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn the_category_that_is_synced_is_made_where_it_is_missing_and_one_that_goes_later_deletes_nothing() {
    let mut group = Policy::default();
    group.category = Some("Friends".into());
    let mut follows = group.clone();
    follows.set("direction", "to_left").unwrap();
    let world = World::kind();
    put(&world, "contacts", "Ada");
    run_with(&world, follows);
    assert_eq!(listed(&world), set(&[]), "the far side is never written");
    assert_eq!(run_with(&world, group.clone()).sync.created.right, 1);
    assert_eq!((listed(&world), tags(&world, "Ada")), (set(&["Friends"]), vec!["Friends".to_owned()]));
    // A user deletes the group, and with it everybody has left it.
    let id = world.far_hand::<Contact>().categories()[0].id.clone();
    world.far_hand::<Contact>().remove_category(&id);
    let far_id = far(&world, "Ada").0;
    world.far_hand::<Contact>().edit(&far_id, |c| c.keywords.clear());
    put(&world, "contacts", "Bob");
    let report = run_with(&world, group.clone());
    assert_eq!((report.sync.created.right, report.sync.writes()), (1, 1), "{report:?}");
    assert_eq!((listed(&world), tags(&world, "Bob")), (set(&["Friends"]), vec!["Friends".to_owned()]));
    assert_eq!(world.hub_hand::<Contact>().records().len(), 2);
    assert_eq!(run_with(&world, group).sync.writes(), 0);
}

/// Stops a run at each request and commit; the next ones bring everything to where it belongs.
fn each_stop(switches: &[&str], scene: impl Fn(&World)) {
    let begin = || {
        let world = World::with(WorstOptions::only(switches).unwrap());
        put(&world, "contacts", "Ada");
        scene(&world);
        world
    };
    let whole = begin();
    let (before, first) = (whole.far.requests().len(), whole.state.commits());
    assert!(whole.stop(&pair(&whole, policy())));
    let (requests, commits) = ((whole.far.requests().len() - before) as u64, whole.state.commits());
    let end = |mut world: World, at: String| {
        world.restart();
        for _ in 0..4 {
            world.settle();
            run(&world);
        }
        assert_eq!(listed(&world), set(&["Person", "Prospect", "Lead"]), "{at}");
        assert_eq!(tags(&world, "Ada"), ["Person"], "{at}");
        hub_is_free_of_them(&world);
        quiet(&world, &at);
    };
    for number in 1..=requests {
        for fault in [Fault::HangBefore, Fault::HangAfter, Fault::Before(Failure::Transport), Fault::After(Failure::Unavailable)] {
            let world = begin();
            world.far.set_faults(FaultPlan::none().at(number, fault));
            world.stop(&pair(&world, policy()));
            end(world, format!("{switches:?}: {fault:?} at request {number} of {requests}"));
        }
    }
    for number in first + 1..=commits {
        for point in [StopPoint::Before, StopPoint::After] {
            let world = begin();
            world.state.crash_at(number, point);
            world.stop(&pair(&world, policy()));
            end(world, format!("{switches:?}: {point:?} commit {number} of {commits}"));
        }
    }
}

#[test]
fn a_run_that_makes_them_or_puts_a_name_back_may_stop_anywhere() {
    each_stop(PLAIN, |_| {});
    for switches in [PLAIN, &["fixed_category_names"]] {
        each_stop(switches, |world| {
            run(world);
            rename(world, "Person", "People of mine");
            let id = far(world, "Ada").0;
            world.far_hand::<Contact>().edit(&id, |c| c.keywords = set(&["People of mine"]));
        });
    }
}

#[test]
fn keywords_that_changed_while_the_list_could_not_be_read_are_looked_at_once_it_can() {
    let world = World::kind();
    put(&world, "contacts", "Ada");
    run(&world);
    let (ada, _) = far(&world, "Ada");
    world.far_hand::<Contact>().edit(&ada, |c| c.keywords.extend(["own of the far user".into()]));
    world.far.set_faults(FaultPlan::none().at_nth(Operation::Categories, 1, Fault::Before(Failure::Transport)));
    run(&world);
    world.far.set_faults(FaultPlan::none());
    assert_eq!(run(&world).sync.updated.left, 1);
    let keywords: Vec<_> = world.hub_hand::<Contact>().records().into_iter().flat_map(|r| r.keywords).collect();
    assert_eq!(keywords, ["own of the far user"]);
}

#[test]
fn a_keyword_that_was_given_to_a_record_before_anybody_knew_that_it_was_made_is_an_edit() {
    let mut policy = Policy::default();
    policy.category = Some("Team".into());
    let world = World::kind();
    let mut ada = named("Ada");
    ada.keywords.insert("Team".into());
    let ada = world.far_hand::<Contact>().put(&World::home::<Contact>(), ada);
    world.hub.set_faults(FaultPlan::none().at_nth(Operation::Write, 1, Fault::HangAfter));
    assert!(!world.stop(&pair(&world, policy.clone())), "the run ends though a request is never answered");
    world.hub.set_faults(FaultPlan::none());
    let made = world.hub_hand::<Contact>().items().into_keys().next().unwrap();
    world.hub_hand::<Contact>().edit(&made, |c| c.keywords.extend(["own of the hub user".into()]));
    for _ in 0..2 {
        run_with(&world, policy.clone());
    }
    let keywords: BTreeSet<String> = world.far_hand::<Contact>().item(&ada).unwrap().record.keywords.into_iter().collect();
    assert_eq!(keywords, set(&["Team", "own of the hub user"]));
}
