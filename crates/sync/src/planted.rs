//! Breaks of the engine's own promises, planted one at a time to see whether the simulation finds them.
//!
//! Nothing of it is in a build without the compiler's flag `--cfg pimkit_break`: there, no break is planted.

/// A promise that can be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Break {
    /// One base for both sides.
    BasePerSide,
    /// A field that was not read is taken for empty.
    UnreadAsUnknown,
    /// An item that cannot be read is taken for gone.
    UnreadableAsPresent,
    /// A version that was superseded is taken for an edit.
    StaleCheck,
    /// A deletion is believed without asking for the item.
    FetchBeforeDelete,
    /// A round that starts over is no round of its own.
    Epochs,
    /// An update leaves without its intent.
    UpdateIntents,
    /// Items with open intents are merged.
    RecoverFirst,
    /// "Not found" counts at once.
    SettleTime,
    /// Items that have a link are recognised once more.
    MarkCheck,
    /// A deletion in one of several mailboxes goes to the hub.
    HubDelete,
    /// An attendee's copy speaks for the meeting.
    CopyRole,
    /// What is kept from a side is written there.
    WithheldFields,
    /// What the engine took away counts as deleted by a user.
    EngineDelete,
    /// A run goes on without its lease.
    Lease,
    /// An approval covers whatever comes.
    ApprovalCeiling,
    /// What the engine writes is changed when it writes it.
    EchoTime,
}

/// Whether a break is planted: never.
#[cfg(not(pimkit_break))]
pub(crate) const fn planted(_: Break) -> bool {
    false
}

/// Whether a break is planted: the environment variable `PIMKIT_BREAK` names it.
#[cfg(pimkit_break)]
pub(crate) fn planted(one: Break) -> bool {
    static NAME: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    let name = match one {
        Break::BasePerSide => "base-per-side",
        Break::UnreadAsUnknown => "unread-as-unknown",
        Break::UnreadableAsPresent => "unreadable-as-present",
        Break::StaleCheck => "stale-check",
        Break::FetchBeforeDelete => "fetch-before-delete",
        Break::Epochs => "epochs",
        Break::UpdateIntents => "update-intents",
        Break::RecoverFirst => "recover-first",
        Break::SettleTime => "settle-time",
        Break::MarkCheck => "mark-check",
        Break::HubDelete => "hub-delete",
        Break::CopyRole => "copy-role",
        Break::WithheldFields => "withheld-fields",
        Break::EngineDelete => "engine-delete",
        Break::Lease => "lease",
        Break::ApprovalCeiling => "approval-ceiling",
        Break::EchoTime => "echo-time",
    };
    NAME.get_or_init(|| std::env::var("PIMKIT_BREAK").ok()).as_deref() == Some(name)
}
