//! Sign-ins that may not do everything, and those of which more is wanted.

use crate::common::{ALICE, BOB, ROOT, open, wire};
use async_trait::async_trait;
use pimkit_contract::{FakeClock, SeededChance};
use pimkit_core::{
    ChangeOptions, Clock, CollectionId, Connector, Contact, Error, ErrorKind, Fetched, Mark, Outcome, Position, Result, Write, WriteOptions,
};
use pimkit_graph::{Config, Graph};
use pimkit_http::{Auth, Bearer, Challenge, Next, Secret, Signed, Signing};
use pimkit_simulators::{Graph as Simulator, GraphRules};
use serde_json::json;
use std::sync::{Arc, Mutex};

fn context<'e>(error: &'e Error, key: &str) -> &'e str {
    error.context().iter().find(|(known, _)| *known == key).map_or("", |(_, value)| value.as_str())
}

/// An account whose token was given with these scopes.
fn account(config: Config, scopes: &[&str]) -> (Graph, Simulator) {
    let clock = FakeClock::default();
    let now = clock.clone();
    let builder = Simulator::builder().seed(1).user(ALICE, "other").user(BOB, "bob").rules(GraphRules::default());
    let simulator = builder.grant("token", ALICE, Some(scopes)).clock(Arc::new(move || now.now())).build();
    (open(config, wire(&simulator, &Default::default()), &clock), simulator)
}

/// What the first question of each kind comes to: `ok`, or the permission that is missing.
async fn kinds(graph: &Graph) -> Vec<(&'static str, String)> {
    async fn of<R: pimkit_core::Record>(repository: &dyn pimkit_core::Repository<R>) -> String {
        let said = async {
            let collections = repository.collections().await?;
            let first = collections.first().unwrap().id.clone();
            repository.changes(&first, Position::Start, &ChangeOptions::default()).await.map(drop)
        };
        match said.await {
            Ok(()) => "ok".to_owned(),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
                assert!(!error.is_temporary() && error.to_string().contains("consent"), "{error}");
                let permission = context(&error, "permission").to_owned();
                assert!(error.to_string().contains(&permission), "{error}");
                permission
            }
        }
    }
    vec![
        ("contacts", of(&*graph.contacts().unwrap()).await),
        ("events", of(&*graph.events().unwrap()).await),
        ("tasks", of(&*graph.tasks().unwrap()).await),
        ("messages", of(&*graph.messages().unwrap()).await),
        ("users", of(&*graph.users().unwrap()).await),
    ]
}

#[tokio::test]
async fn a_kind_whose_permission_is_missing_says_which_and_the_others_go_on() {
    let all = ["User.Read", "Contacts.ReadWrite", "Calendars.ReadWrite", "Tasks.ReadWrite", "Mail.Read", "User.ReadBasic.All"];
    let missing = ["", "Contacts.Read", "Calendars.Read", "Tasks.Read", "Mail.Read", "User.ReadBasic.All"];
    for (left_out, lacks) in missing.into_iter().enumerate() {
        let scopes: Vec<&str> =
            all.iter().enumerate().filter(|(at, _)| left_out == 0 || *at != left_out).map(|(_, scope)| *scope).collect();
        let (graph, _) = account(Config::new(ROOT), &scopes);
        for (at, (kind, said)) in kinds(&graph).await.into_iter().enumerate() {
            let expected = if left_out > 0 && at + 1 == left_out { lacks } else { "ok" };
            assert_eq!(said, expected, "{kind} with {scopes:?}");
        }
    }
}

#[tokio::test]
async fn a_shared_mailbox_needs_the_permissions_for_what_is_shared() {
    for (scope, expected) in [
        ("Contacts.ReadWrite", "Contacts.Read.Shared"),
        ("Contacts.Read.Shared", "ok"),
        ("Calendars.ReadWrite.Shared", "Contacts.Read.Shared"),
    ] {
        let (graph, simulator) = account(Config::new(ROOT).mailbox(BOB), &["User.Read", scope]);
        assert!(simulator.share(BOB, ALICE, true));
        assert_eq!(kinds(&graph).await[0].1, expected, "{scope}");
    }
}

#[tokio::test]
async fn what_may_only_be_read_says_what_a_write_needs_and_categories_what_they_need() {
    let (graph, simulator) = account(Config::new(ROOT), &["User.Read", "Contacts.Read"]);
    let contacts = graph.contacts().unwrap();
    let home = contacts.collections().await.unwrap().remove(0).id;
    let create = Write::Create { mark: Mark::from("m"), record: Contact::default() };
    let refused = contacts.write(&home, vec![create], &WriteOptions::default()).await.pop().unwrap();
    let Outcome::Refused(error) = refused else { panic!("{refused:?}") };
    assert_eq!((error.kind(), context(&error, "permission")), (ErrorKind::PermissionDenied, "Contacts.ReadWrite"), "{error}");
    let error = contacts.categories().unwrap().list(&home).await.unwrap_err();
    assert_eq!((error.kind(), context(&error, "permission")), (ErrorKind::PermissionDenied, "MailboxSettings.Read"), "{error}");
    assert!(!error.to_string().contains('@'), "{error}");
    assert_eq!(simulator.act(ALICE, "GET", "contacts", None).1["value"], json!([]));
}

/// A sign-in asks for `User.ReadBasic.All`, which tells no managers: users are read without, and none is taken for gone or hidden.
#[tokio::test]
async fn who_may_not_read_managers_reads_users_without_them() {
    for (scope, is_unread) in [("User.ReadBasic.All", true), ("User.Read.All", false)] {
        let (graph, simulator) = account(Config::new(ROOT), &["User.Read", scope]);
        assert!(simulator.set_manager(ALICE, BOB));
        let users = graph.users().unwrap();
        let home = users.collections().await.unwrap().remove(0).id;
        let page = users.changes(&home, Position::Start, &ChangeOptions::default()).await.unwrap();
        let ids: Vec<pimkit_core::ItemId> = page.changes.iter().map(|line| line.id().clone()).collect();
        for round in 0..2 {
            simulator.reset_requests();
            let mut managers = 0;
            for answer in users.fetch(&home, &ids).await {
                let Fetched::Found(stored) = answer else { panic!("{scope}: {answer:?}") };
                managers += usize::from(stored.record.manager.is_some());
                assert_eq!(stored.unread.iter().any(|field| field.as_str() == "manager"), is_unread, "{scope}");
            }
            assert_eq!(managers, usize::from(!is_unread), "{scope}");
            let refused = simulator.requests().iter().filter(|seen| seen.status == 403).count();
            assert_eq!(refused > 0, is_unread && round == 0, "{scope} {round}: asked once");
        }
    }
}

/// A token, and the claims that servers wanted of it.
#[derive(Debug)]
struct Watching(Bearer, Arc<Mutex<Vec<String>>>);

#[async_trait]
impl Auth for Watching {
    async fn apply(&self, to: &Signing<'_>) -> Result<Signed> {
        self.0.apply(to).await
    }
    async fn challenged(&self, by: &Challenge<'_>) -> Result<Next> {
        let wanted = by.offers.iter().filter(|offer| offer.wants_claims()).filter_map(|offer| offer.param("claims"));
        self.1.lock().unwrap().extend(wanted.map(str::to_owned));
        Ok(Next::GiveUp)
    }
}

#[tokio::test]
async fn claims_that_are_wanted_reach_the_sign_in_from_an_answer_and_from_within_a_batch() {
    let clock = FakeClock::default();
    let now = clock.clone();
    let simulator = Simulator::builder().seed(1).user(ALICE, "token").clock(Arc::new(move || now.now())).build();
    let told = Arc::new(Mutex::new(Vec::new()));
    let auth = Watching(Bearer::fixed(Secret::new("token")), told.clone());
    let wire = wire(&simulator, &Default::default());
    let opening = Graph::builder(Config::new(ROOT).account("a").address(ALICE), wire, Arc::new(clock), Arc::new(SeededChance::new(1)));
    let graph = opening.auth(Arc::new(auth)).open().unwrap();
    let contacts = graph.contacts().unwrap();
    let home = contacts.collections().await.unwrap().remove(0).id;
    let made = |name: &str| simulator.create(ALICE, "contacts", &json!({"givenName": name})).map(pimkit_core::ItemId::from).unwrap();
    let ids = [made("a"), made("b")];
    simulator.demand("contacts", "{\"access_token\":{}}");
    // Two questions are one batch: what is within it is refused, and the batch is not.
    for answer in contacts.fetch(&home, &ids).await {
        let Fetched::Failed(error) = answer else { panic!("{answer:?}") };
        assert_eq!((error.kind(), context(&error, "trouble")), (ErrorKind::Unauthenticated, "conditional_access"), "{error}");
    }
    assert_eq!(*told.lock().unwrap(), vec!["eyJhY2Nlc3NfdG9rZW4iOnt9fQ=="; 2]);
    let error = contacts.changes(&home, Position::Start, &ChangeOptions::default()).await.unwrap_err();
    assert_eq!((error.kind(), context(&error, "trouble")), (ErrorKind::Unauthenticated, "conditional_access"), "{error}");
    assert_eq!(told.lock().unwrap().len(), 3);
    // Elsewhere the sign-in is as good as before.
    assert_eq!(graph.events().unwrap().collections().await.unwrap().first().map(|c| c.id != CollectionId::from("")), Some(true));
}
