//! What comes into an account that the connector only shows: mail, and the users of the directory.

use super::{ALICE, Account};
use async_trait::async_trait;
use pimkit_contract::suite::Source;
use pimkit_core::{CollectionId, Connector as _, Message, Stored, User};
use serde_json::{Value, json};

fn mail(n: u32) -> Value {
    let who = |name: &str| json!({"emailAddress": {"name": name, "address": format!("{}@example.net", name.to_lowercase())}});
    json!({
        "subject": format!("Mail {n}"), "from": who("Bob"), "toRecipients": [who("Alice"), who("Carol")], "ccRecipients": [who("Dora")],
        "internetMessageId": format!("<m{n}@mail.example>"), "conversationId": format!("thread-{n}"), "isRead": n.is_multiple_of(2),
        "body": {"contentType": "text", "content": format!("Hello {n}")},
        "receivedDateTime": format!("2026-03-01T08:{n:02}:00Z"), "sentDateTime": "2026-03-01T07:59:58Z",
    })
}

#[async_trait]
impl Source<Message> for Account {
    async fn make(&self, n: u32) -> CollectionId {
        self.simulator.bring(ALICE, "inbox", &mail(n)).unwrap();
        let folders = self.graph.messages().unwrap().collections().await.unwrap();
        folders.into_iter().find(|folder| folder.name == "Inbox").unwrap().id
    }
    fn is(&self, n: u32, record: &Message) -> bool {
        let names = |all: &[pimkit_core::Mailbox]| all.iter().map(|a| a.address.clone()).collect::<Vec<_>>();
        (record.subject.as_deref(), record.message_id.as_deref()) == (Some(&*format!("Mail {n}")), Some(&*format!("m{n}@mail.example")))
            && record.text.as_deref().is_some_and(|text| text.trim() == format!("Hello {n}"))
            && names(&record.to) == ["alice@example.net", "carol@example.net"]
            && names(&record.cc) == ["dora@example.net"]
            && record.keywords.contains("$seen") == n.is_multiple_of(2)
    }
    async fn change(&self, item: &Stored<Message>) -> bool {
        let read = item.record.keywords.contains("$seen");
        self.simulator.change(ALICE, &format!("messages/{}", item.id), &json!({"isRead": !read}))
    }
    async fn take(&self, item: &Stored<Message>) -> bool {
        self.simulator.delete(ALICE, &format!("messages/{}", item.id))
    }
}

fn login(n: u32) -> String {
    format!("p{n}@example.com")
}

#[async_trait]
impl Source<User> for Account {
    async fn make(&self, n: u32) -> CollectionId {
        let person = json!({
            "userPrincipalName": login(n), "displayName": format!("Person {n}"), "givenName": "Person", "surname": n.to_string(),
            "mail": login(n), "jobTitle": "Taster", "department": "Kitchen", "accountEnabled": n.is_multiple_of(2),
        });
        assert!(self.simulator.set_user(&person));
        CollectionId::of("directory")
    }
    fn is(&self, n: u32, record: &User) -> bool {
        (record.login.as_deref(), record.name.full.as_deref()) == (Some(&*login(n)), Some(&*format!("Person {n}")))
            && (record.title.as_deref(), record.department.as_deref()) == (Some("Taster"), Some("Kitchen"))
            && record.enabled == Some(n.is_multiple_of(2))
            && record.emails.iter().any(|email| email.address == login(n))
    }
    async fn change(&self, item: &Stored<User>) -> bool {
        let Some(login) = &item.record.login else { return false };
        self.simulator.set_user(&json!({"userPrincipalName": login, "jobTitle": "Chief taster"}))
    }
    async fn take(&self, item: &Stored<User>) -> bool {
        item.record.login.as_deref().is_some_and(|login| self.simulator.remove_user(login, false))
    }
}
