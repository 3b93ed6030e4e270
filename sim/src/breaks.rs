//! The breaks that can be planted in the engine, by the names that `cargo xtask sim --break` takes.

/// Each break, and the promise that it breaks.
pub const BREAKS: &[(&str, &str)] = &[
    ("base-per-side", "a side changed only where it differs from its own base"),
    ("unread-as-unknown", "a field that was not read is unknown, never empty"),
    ("unreadable-as-present", "an item that cannot be read is there"),
    ("stale-check", "a superseded version is no edit"),
    ("fetch-before-delete", "a deletion is believed only after the item was asked for by its id"),
    ("epochs", "a round that starts over is a round of its own"),
    ("update-intents", "an update has its intent on disk before it leaves"),
    ("recover-first", "an item with an open intent is not merged"),
    ("settle-time", "\"not found\" counts only after the settle time"),
    ("mark-check", "a mark counts only if no live link has it"),
    ("hub-delete", "a deletion in one of several mailboxes detaches that one alone"),
    ("copy-role", "a guest's copy does not speak for the meeting"),
    ("withheld-fields", "what the policy keeps from a side is not written there"),
    ("engine-delete", "what the engine took away no user has deleted"),
    ("lease", "a run that lost its lease ends"),
    ("approval-ceiling", "an approval covers no more than was shown"),
    ("echo-time", "what the engine writes was changed when its user changed it"),
];

/// The break that is planted in this build and asked for.
#[must_use]
pub fn planted() -> Option<String> {
    if cfg!(pimkit_break) { std::env::var("PIMKIT_BREAK").ok() } else { None }
}
