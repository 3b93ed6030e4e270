//! An account with the addresses that a configuration gives it.

use async_trait::async_trait;
use pimkit_core::{Account, Connector, ConnectorInfo, Contact, Event, Message, Push, Repository, Result, Task, User, Value};
use std::sync::Arc;

/// A connector whose account also has these addresses.
#[derive(Debug)]
struct Addressed {
    inner: Arc<dyn Connector>,
    addresses: Vec<String>,
}

/// The connector; its account with these addresses beside its own.
pub(super) fn addressed(inner: Arc<dyn Connector>, addresses: Vec<String>) -> Arc<dyn Connector> {
    if addresses.is_empty() { inner } else { Arc::new(Addressed { inner, addresses }) }
}

#[async_trait]
impl Connector for Addressed {
    fn info(&self) -> ConnectorInfo {
        self.inner.info()
    }
    async fn account(&self) -> Result<Account> {
        let mut account = self.inner.account().await?;
        for address in &self.addresses {
            if !account.addresses.contains(address) {
                account.addresses.push(address.clone());
            }
        }
        Ok(account)
    }
    fn contacts(&self) -> Option<Arc<dyn Repository<Contact>>> {
        self.inner.contacts()
    }
    fn events(&self) -> Option<Arc<dyn Repository<Event>>> {
        self.inner.events()
    }
    fn tasks(&self) -> Option<Arc<dyn Repository<Task>>> {
        self.inner.tasks()
    }
    fn messages(&self) -> Option<Arc<dyn Repository<Message>>> {
        self.inner.messages()
    }
    fn users(&self) -> Option<Arc<dyn Repository<User>>> {
        self.inner.users()
    }
    fn push(&self) -> Option<Arc<dyn Push>> {
        self.inner.push()
    }
    fn endpoints(&self) -> Option<Value> {
        self.inner.endpoints()
    }
    fn requests(&self) -> Option<u64> {
        self.inner.requests()
    }
}
