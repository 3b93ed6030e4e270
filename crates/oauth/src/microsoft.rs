//! Microsoft's identity platform, version 2.0: its clouds, and what its answers mean.
//!
//! Endpoints and national clouds: <https://learn.microsoft.com/en-us/graph/deployments>; error numbers:
//! <https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes>.

use crate::{Cause, Provider, RedirectHost};
use pimkit_core::{Error, ErrorKind, Kind, Result};
use url::Url;

/// One of Microsoft's clouds. A token of one is never good in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cloud {
    /// `global`, `us`, `dod` or `china`.
    pub name: &'static str,
    /// The host of Graph.
    pub graph: &'static str,
    /// The host that signs in.
    pub login: &'static str,
}

/// Everybody but those below; the US government's GCC too.
pub const GLOBAL: Cloud = Cloud { name: "global", graph: "graph.microsoft.com", login: "login.microsoftonline.com" };
/// US government L4 (GCC High).
pub const US: Cloud = Cloud { name: "us", graph: "graph.microsoft.us", login: "login.microsoftonline.us" };
/// US government L5 (Department of Defense).
pub const DOD: Cloud = Cloud { name: "dod", graph: "dod-graph.microsoft.us", login: "login.microsoftonline.us" };
/// China, operated by 21Vianet. `login.partner.microsoftonline.cn` is said to be the newer name of the same sign-in.
pub const CHINA: Cloud = Cloud { name: "china", graph: "microsoftgraph.chinacloudapi.cn", login: "login.chinacloudapi.cn" };

/// All that have a public name. For others (Bleu, Delos, …) a configuration says both addresses.
pub const CLOUDS: &[Cloud] = &[GLOBAL, US, DOD, CHINA];

/// What one kind is read and written with, by the [permissions reference](https://learn.microsoft.com/graph/permissions-reference)
/// and the "Permissions" section of each request's page.
struct Wants {
    kind: Kind,
    /// In the own mailbox.
    own: &'static [&'static str],
    /// In a mailbox that somebody else shares.
    shared: &'static [&'static str],
}

/// Categories are the mailbox's settings, and events read its zone there: that permission has no variant for what others share.
const WANTS: [Wants; 5] = [
    Wants {
        kind: Kind::Contact,
        own: &["Contacts.ReadWrite", "MailboxSettings.ReadWrite"],
        shared: &["Contacts.ReadWrite", "Contacts.ReadWrite.Shared", "MailboxSettings.ReadWrite"],
    },
    Wants {
        kind: Kind::Event,
        own: &["Calendars.ReadWrite", "MailboxSettings.ReadWrite"],
        shared: &["Calendars.ReadWrite", "Calendars.ReadWrite.Shared", "MailboxSettings.ReadWrite"],
    },
    Wants { kind: Kind::Task, own: &["Tasks.ReadWrite"], shared: &["Tasks.ReadWrite", "Tasks.ReadWrite.Shared"] },
    Wants { kind: Kind::Message, own: &["Mail.Read"], shared: &["Mail.Read", "Mail.Read.Shared"] },
    Wants { kind: Kind::User, own: &["User.ReadBasic.All"], shared: &["User.ReadBasic.All"] },
];

/// What everybody is asked for: by which addresses somebody is known.
const ALWAYS: &str = "User.Read";

/// The permissions with which these kinds are read and written, each once; of a mailbox that somebody else shares when `shared`.
/// Nothing is asked for a kind that is not among them: some organisations want an administrator's consent for one permission,
/// `MailboxSettings.ReadWrite` above all (evolution-ews 323), and then refuse the whole sign-in. Who is refused names fewer kinds, or
/// the permissions themselves.
#[must_use]
pub fn permissions(kinds: &[Kind], shared: bool) -> Vec<&'static str> {
    let mut all = vec![ALWAYS];
    for wants in WANTS.iter().filter(|wants| kinds.contains(&wants.kind)) {
        for permission in if shared { wants.shared } else { wants.own } {
            if !all.contains(permission) {
                all.push(permission);
            }
        }
    }
    all
}

impl Cloud {
    /// The cloud whose Graph has this address.
    #[must_use]
    pub fn of(graph: &Url) -> Option<Self> {
        CLOUDS.iter().copied().find(|cloud| graph.host_str().is_some_and(|host| host.eq_ignore_ascii_case(cloud.graph)))
    }

    /// Where it signs in: `https://login.microsoftonline.com/`.
    ///
    /// # Errors
    /// `Unexpected` for a cloud of the caller's with a host that is none.
    pub fn authority(&self) -> Result<Url> {
        address(self.login)
    }

    /// The root of its Graph, without a version: `https://graph.microsoft.com/`.
    ///
    /// # Errors
    /// As [`authority`](Self::authority).
    pub fn root(&self) -> Result<Url> {
        address(self.graph)
    }
}

fn address(host: &str) -> Result<Url> {
    Url::parse(&format!("https://{host}/"))
        .map_err(|_| Error::new(ErrorKind::Unexpected, "this cloud has no host; name one").with("host", host))
}

/// The sign-in of a tenant for Graph.
///
/// `authority` is [`Cloud::authority`], or that of a cloud that is not in the table. `tenant` is a GUID, a domain, `common`,
/// `organizations` or `consumers`; in its own name an app signs in at a tenant alone. `graph` is any address of the Graph that
/// the tokens are for: the names of scopes begin with its origin. It asks for what every kind of the own mailbox is read and written
/// with ([`permissions`]), and for `offline_access`, without which there is no refresh token.
///
/// # Errors
/// `Config` for an authority that is not https (http is for this machine), and for a tenant that is no name.
pub fn provider(authority: &Url, tenant: &str, graph: &Url) -> Result<Provider> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    if tenant.is_empty() || !tenant.chars().all(plain) || tenant.chars().all(|c| c == '.') {
        return Err(Error::new(
            ErrorKind::Config,
            "the tenant is a GUID, a domain, \"common\", \"organizations\" or \"consumers\"; see the overview of the directory",
        ));
    }
    let endpoint = |last: &str| {
        let mut url = authority.clone();
        url.set_query(None);
        url.set_fragment(None);
        match url.path_segments_mut() {
            Ok(mut path) => {
                path.pop_if_empty().extend([tenant, "oauth2", "v2.0", last]);
            }
            Err(()) => return Err(Error::new(ErrorKind::Config, "the authority is no address; write it as https://HOST/")),
        }
        Ok(url)
    };
    let resource = graph.origin().ascii_serialization();
    let mut provider = Provider::new(endpoint("authorize")?, endpoint("token")?)?
        .device(endpoint("devicecode")?)?
        .scopes(["offline_access", "openid", "profile"])
        .scopes(permissions(&KINDS, false).into_iter().map(|scope| scope_of(&resource, scope)));
    provider.own_scopes = vec![format!("{resource}/.default")];
    // The portal registers http://localhost for programs, and any port of it is then taken:
    // https://learn.microsoft.com/en-us/entra/identity-platform/reply-url#localhost-exceptions.
    provider.redirect = RedirectHost::Localhost;
    // A refresh token that was used stays good until it runs out:
    // https://learn.microsoft.com/en-us/entra/identity-platform/refresh-tokens#token-lifetime.
    provider.refresh_repeats = true;
    provider.codes = CODES.iter().copied().collect();
    Ok(provider)
}

/// A permission of Graph as a scope: `Mail.Read` of `https://graph.microsoft.com` is `https://graph.microsoft.com/Mail.Read`.
/// What is an address already, and what belongs to OpenID Connect, stays as it is.
#[must_use]
pub fn scope(graph: &Url, permission: &str) -> String {
    scope_of(&graph.origin().ascii_serialization(), permission)
}

/// All of them.
const KINDS: [Kind; 5] = [Kind::Contact, Kind::Event, Kind::Task, Kind::Message, Kind::User];

fn scope_of(resource: &str, permission: &str) -> String {
    let whole = permission.contains("://") || matches!(permission, "offline_access" | "openid" | "profile" | "email");
    if whole { permission.to_owned() } else { format!("{resource}/{permission}") }
}

/// AADSTS numbers. The reference page lists them as subject to change: [`Provider::codes`] may be changed.
const CODES: &[(u32, Cause)] = &[
    (16000, Cause::Interaction),
    (50034, Cause::NoAccount),
    (50020, Cause::NoAccount),
    (50053, Cause::AccountLocked),
    (50055, Cause::Password),
    (50056, Cause::Password),
    (50057, Cause::AccountDisabled),
    (50072, Cause::SecondFactor),
    (50074, Cause::SecondFactor),
    (50076, Cause::SecondFactor),
    (50078, Cause::SecondFactor),
    (50079, Cause::SecondFactor),
    (50097, Cause::ConditionalAccess),
    (50105, Cause::NotAssigned),
    (50126, Cause::Password),
    (50131, Cause::ConditionalAccess),
    (50144, Cause::Password),
    (50158, Cause::SecondFactor),
    (50173, Cause::SignIn),
    (50194, Cause::Tenant),
    (53000, Cause::ConditionalAccess),
    (53001, Cause::ConditionalAccess),
    (53002, Cause::ConditionalAccess),
    (53003, Cause::ConditionalAccess),
    (53004, Cause::SecondFactor),
    (53011, Cause::ConditionalAccess),
    (54005, Cause::CodeUsed),
    (65001, Cause::Consent),
    (65004, Cause::Declined),
    (65005, Cause::Scope),
    (70008, Cause::SignIn),
    (70011, Cause::Scope),
    (70016, Cause::Pending),
    (70019, Cause::Expired),
    (70020, Cause::Expired),
    (70043, Cause::SignIn),
    (90002, Cause::Tenant),
    (90072, Cause::NoAccount),
    (90094, Cause::AdminConsent),
    (700016, Cause::Client),
    (700025, Cause::SecretUnwanted),
    (700082, Cause::SignIn),
    (700084, Cause::SignIn),
    (7000215, Cause::Secret),
    (7000218, Cause::SecretMissing),
    (7000222, Cause::SecretExpired),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cloud_has_its_own_authority_and_scopes() {
        let global = "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token";
        for (graph, cloud, token, mail) in [
            ("https://graph.microsoft.com/v1.0", "global", global, "https://graph.microsoft.com/Mail.Read"),
            (
                "https://GRAPH.microsoft.us/v1.0",
                "us",
                "https://login.microsoftonline.us/contoso.example/oauth2/v2.0/token",
                "https://graph.microsoft.us/Mail.Read",
            ),
            (
                "https://dod-graph.microsoft.us",
                "dod",
                "https://login.microsoftonline.us/contoso.example/oauth2/v2.0/token",
                "https://dod-graph.microsoft.us/Mail.Read",
            ),
            (
                "https://microsoftgraph.chinacloudapi.cn/v1.0",
                "china",
                "https://login.chinacloudapi.cn/contoso.example/oauth2/v2.0/token",
                "https://microsoftgraph.chinacloudapi.cn/Mail.Read",
            ),
        ] {
            let graph = Url::parse(graph).unwrap();
            let found = Cloud::of(&graph).unwrap();
            assert_eq!(found.name, cloud);
            let provider = provider(&found.authority().unwrap(), "contoso.example", &graph).unwrap();
            assert_eq!(provider.token.as_str(), token);
            assert_eq!(provider.device.unwrap().as_str(), token.replace("/token", "/devicecode"));
            assert_eq!(provider.authorize.as_str(), token.replace("/token", "/authorize"));
            assert!(provider.scopes.contains(&mail.to_owned()), "{:?}", provider.scopes);
            assert!(provider.scopes.contains(&"offline_access".to_owned()));
            assert_eq!(provider.own_scopes, [mail.replace("Mail.Read", ".default")]);
        }
        assert_eq!(Cloud::of(&Url::parse("https://graph.microsoft.com.example.org/").unwrap()), None);
    }

    #[test]
    fn a_tenant_cannot_lead_elsewhere() {
        let graph = GLOBAL.root().unwrap();
        for tenant in ["", ".", "..", "a/b", "common?x=", "a#b", "a%2fb", "a b"] {
            let error = provider(&GLOBAL.authority().unwrap(), tenant, &graph).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{tenant:?}");
        }
    }

    #[test]
    fn an_authority_below_a_path_keeps_it() {
        let authority = Url::parse("http://127.0.0.1:4000/login/?x=1").unwrap();
        let provider = provider(&authority, "common", &Url::parse("http://127.0.0.1:4000/v1.0").unwrap()).unwrap();
        assert_eq!(provider.token.as_str(), "http://127.0.0.1:4000/login/common/oauth2/v2.0/token");
    }

    #[test]
    fn the_kinds_of_an_account_say_what_is_asked_for() {
        use Kind::{Contact, Event, Message, Task, User};
        let settings = "MailboxSettings.ReadWrite";
        for (kinds, shared, expected) in [
            (&[][..], false, &["User.Read"][..]),
            (&[Contact], false, &["User.Read", "Contacts.ReadWrite", settings]),
            (&[Task], false, &["User.Read", "Tasks.ReadWrite"]),
            (&[User, Message], false, &["User.Read", "Mail.Read", "User.ReadBasic.All"]),
            (&[Event], true, &["User.Read", "Calendars.ReadWrite", "Calendars.ReadWrite.Shared", settings]),
            (&[Message, Message], true, &["User.Read", "Mail.Read", "Mail.Read.Shared"]),
            (
                &KINDS,
                false,
                &["User.Read", "Contacts.ReadWrite", settings, "Calendars.ReadWrite", "Tasks.ReadWrite", "Mail.Read", "User.ReadBasic.All"],
            ),
        ] {
            assert_eq!(permissions(kinds, shared), expected, "{kinds:?} {shared}");
        }
    }

    #[test]
    fn permissions_become_scopes_of_their_graph() {
        let graph = Url::parse("https://graph.microsoft.us/v1.0").unwrap();
        assert_eq!(scope(&graph, "Mail.Read"), "https://graph.microsoft.us/Mail.Read");
        assert_eq!(scope(&graph, "openid"), "openid");
        assert_eq!(scope(&graph, "https://other.example/X"), "https://other.example/X");
    }
}
