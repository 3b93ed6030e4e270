//! How an account is opened.

use crate::quirks::Quirks;
use serde::{Deserialize, Serialize};

/// A Microsoft cloud: tokens of one never work at another.
/// ([National clouds](https://learn.microsoft.com/graph/deployments).)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Cloud {
    /// The global one, and the US government's GCC.
    #[default]
    Global,
    /// The US government's L4 (GCC High).
    UsGov,
    /// The US government's L5 (DoD).
    UsGovDod,
    /// China, run by 21Vianet.
    China,
}

impl Cloud {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Global, Self::UsGov, Self::UsGovDod, Self::China];

    /// The root of version 1.0 of its Graph.
    #[must_use]
    pub const fn root(self) -> &'static str {
        match self {
            Self::Global => "https://graph.microsoft.com/v1.0",
            Self::UsGov => "https://graph.microsoft.us/v1.0",
            Self::UsGovDod => "https://dod-graph.microsoft.us/v1.0",
            Self::China => "https://microsoftgraph.chinacloudapi.cn/v1.0",
        }
    }

    /// The one whose root this is.
    #[must_use]
    pub fn of(root: &url::Url) -> Option<Self> {
        let host = root.host_str()?;
        Self::ALL.into_iter().find(|cloud| cloud.root().strip_prefix("https://").and_then(|rest| rest.split('/').next()) == Some(host))
    }

    /// The hosts that large files go to. That of the global cloud is documented
    /// ([attach large files](https://learn.microsoft.com/graph/outlook-large-attachments)); the others are the hosts of Outlook in the
    /// lists of Microsoft 365's addresses, and were not seen in an upload: [`Config::upload_hosts`] adds to them.
    #[must_use]
    pub const fn uploads(self) -> &'static [&'static str] {
        match self {
            Self::Global => &["outlook.office.com", "outlook.office365.com"],
            Self::UsGov => &["outlook.office365.us"],
            Self::UsGovDod => &["outlook-dod.office365.us"],
            Self::China => &["partner.outlook.cn"],
        }
    }

    /// Where its tokens come from.
    #[must_use]
    pub const fn authority(self) -> &'static str {
        match self {
            Self::Global => "https://login.microsoftonline.com",
            Self::UsGov | Self::UsGovDod => "https://login.microsoftonline.us",
            Self::China => "https://login.chinacloudapi.cn",
        }
    }
}

/// How an account is opened. There is no secret in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// The root of version 1.0: that of a [`Cloud`], or of a stand-in. Nothing of the account is sent to another host.
    pub url: String,
    /// Whose mailbox: a user principal name, or the id of a user. Absent: that of whoever signed in (`/me`); an application that
    /// signs in as itself must name one.
    #[serde(default)]
    pub mailbox: Option<String>,
    /// Who "I" am among attendees: e-mail addresses. When none is given, Graph is asked, once in the life of a connector; an app
    /// without the permission `User.Read` is told nothing.
    #[serde(default)]
    pub addresses: Vec<String>,
    /// The id of the account: what the state of a sync keeps its items under. A name that stays, and that no other account has.
    /// When absent, the id is made of mailbox and address.
    #[serde(default)]
    pub account: Option<String>,
    /// Which users of the directory are read: the members of these groups, by the ids of the groups, and of groups in them. All users
    /// when there is none.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Hosts that large files may go to, beside that of the root and those of its cloud ([`Cloud::uploads`]): over https, and without
    /// the account's credentials.
    #[serde(default)]
    pub upload_hosts: Vec<String>,
    /// Rows in one page of a listing; the server may give fewer. 100; Outlook takes 1,000 at most.
    #[serde(default = "page_size")]
    pub page_size: u32,
    /// What is known of the service, instead of what is taken for granted.
    #[serde(default)]
    pub quirks: Quirks,
}

fn page_size() -> u32 {
    100
}

impl Default for Config {
    fn default() -> Self {
        Self::new(Cloud::Global.root())
    }
}

impl Config {
    /// An account at this root (`https://graph.microsoft.com/v1.0`).
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            mailbox: None,
            addresses: Vec::new(),
            account: None,
            groups: Vec::new(),
            upload_hosts: Vec::new(),
            page_size: page_size(),
            quirks: Quirks::default(),
        }
    }

    /// The same, for this mailbox.
    #[must_use]
    pub fn mailbox(mut self, mailbox: impl Into<String>) -> Self {
        self.mailbox = Some(mailbox.into());
        self
    }

    /// The same, with this address of mine.
    #[must_use]
    pub fn address(mut self, address: impl Into<String>) -> Self {
        self.addresses.push(address.into());
        self
    }

    /// The same, with this id of the account.
    #[must_use]
    pub fn account(mut self, id: impl Into<String>) -> Self {
        self.account = Some(id.into());
        self
    }

    /// The same, with the members of this group (its id) among the users.
    #[must_use]
    pub fn group(mut self, id: impl Into<String>) -> Self {
        self.groups.push(id.into());
        self
    }

    /// The same, with one more host that large files may go to.
    #[must_use]
    pub fn upload_host(mut self, host: impl Into<String>) -> Self {
        self.upload_hosts.push(host.into());
        self
    }

    /// The same, with pages of this many rows.
    #[must_use]
    pub fn page_size(mut self, rows: u32) -> Self {
        self.page_size = rows;
        self
    }

    /// The same, with what is known of the service.
    #[must_use]
    pub fn quirks(mut self, quirks: Quirks) -> Self {
        self.quirks = quirks;
        self
    }
}
