//! The store as a connector.

use crate::{
    repo::{Items, capabilities},
    store::Local,
};
use async_trait::async_trait;
use pimkit_core::{
    Account, Capabilities, Connector, ConnectorInfo, Contact, Event, Kind, Message, Push, Repository, Result, Role, Task, User,
};
use std::sync::Arc;

static KINDS: [(Kind, Capabilities); 5] = [
    (Kind::Contact, capabilities(Kind::Contact)),
    (Kind::Event, capabilities(Kind::Event)),
    (Kind::Task, capabilities(Kind::Task)),
    (Kind::Message, capabilities(Kind::Message)),
    (Kind::User, capabilities(Kind::User)),
];

/// What the store can do, without opening one.
pub const INFO: ConnectorInfo =
    ConnectorInfo { id: "local", kinds: &KINDS, roles: &[Role::Folders, Role::Categories, Role::Blobs, Role::Search] };

#[async_trait]
impl Connector for Local {
    fn info(&self) -> ConnectorInfo {
        INFO
    }
    async fn account(&self) -> Result<Account> {
        Ok(Account { id: self.account_id(), addresses: self.addresses()?, skew: 0 })
    }
    fn contacts(&self) -> Option<Arc<dyn Repository<Contact>>> {
        Some(Arc::new(Items::new(self.clone())))
    }
    fn events(&self) -> Option<Arc<dyn Repository<Event>>> {
        Some(Arc::new(Items::new(self.clone())))
    }
    fn tasks(&self) -> Option<Arc<dyn Repository<Task>>> {
        Some(Arc::new(Items::new(self.clone())))
    }
    fn messages(&self) -> Option<Arc<dyn Repository<Message>>> {
        Some(Arc::new(Items::new(self.clone())))
    }
    fn users(&self) -> Option<Arc<dyn Repository<User>>> {
        Some(Arc::new(Items::new(self.clone())))
    }
    fn push(&self) -> Option<Arc<dyn Push>> {
        None
    }
}
