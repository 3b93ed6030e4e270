//! Whose mailbox it is that is opened: of who signed in, or of somebody else who lets them at it.
//!
//! What lies in somebody else's mailbox is shared, whatever the service lists of it. An application that signs in as itself has no
//! mailbox; the one that it names is the account's own.

use crate::{
    calls::{Call, odata, path::Path},
    session::{Session, answered},
};
use pimkit_core::{Collection, Result, Sharing};
use pimkit_http::Failure;
use serde_json::Value;

/// Whether a name is one of a user's: the id, the principal name, or an address.
fn is_named(user: &Value, name: &str) -> bool {
    let same = |other: &str| other.eq_ignore_ascii_case(name);
    ["id", "userPrincipalName"].into_iter().any(|property| odata::text(user, property).is_some_and(same))
        || odata::addresses(user).iter().any(|address| same(address))
}

impl Session {
    /// Who somebody else is whose mailbox this is; absent for one's own. Asked once in the life of a connector, where the
    /// configuration names a mailbox.
    ///
    /// # Errors
    /// What may pass. Who may not ask who they are is taken for somebody else: what is shared is not to look private.
    async fn somebody_else(&self) -> Result<Option<String>> {
        let Some(name) = self.config.mailbox.as_deref() else { return Ok(None) };
        let mut known = self.owner.lock().await;
        if let Some(known) = &*known {
            return Ok(known.clone());
        }
        let me = Path::of("me").query("$select", "id,mail,userPrincipalName,proxyAddresses");
        let reply = self.call(&Call::get("graph.account", me)).await.map_err(Failure::into_error)?;
        let own = match reply.status {
            // "/me request is only valid with delegated authentication flow."
            400 => true,
            403 | 404 => false,
            _ => is_named(&answered(reply)?, name),
        };
        let other = (!own).then(|| name.to_owned());
        *known = Some(other.clone());
        Ok(other)
    }

    /// The same collections, as what they are to who signed in.
    ///
    /// # Errors
    /// As the question who that is.
    pub(crate) async fn owned(&self, mut all: Vec<Collection>) -> Result<Vec<Collection>> {
        if let Some(owner) = self.somebody_else().await? {
            for collection in &mut all {
                collection.sharing = Sharing::Shared;
                collection.owner.get_or_insert_with(|| owner.clone());
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_user_goes_by_id_principal_name_and_every_address() {
        let user = json!({
            "id": "8A1B", "userPrincipalName": "ada@corp.example", "mail": "ada.l@corp.example",
            "proxyAddresses": ["SMTP:ada.l@corp.example", "smtp:ada@old.example"],
        });
        for name in ["8a1b", "Ada@corp.example", "ada.l@corp.example", "ada@old.example"] {
            assert!(is_named(&user, name), "{name}");
        }
        assert!(!is_named(&user, "boss@corp.example"));
        assert!(!is_named(&json!({"mail": null}), "boss@corp.example"));
    }
}
