//! What a commit says, for who reads the trace of a play.

use pimkit_core::StateChange;

/// One change of the engine's memory in a line; what only counts or remembers a place is left out.
pub(crate) fn in_words(change: &StateChange) -> Option<String> {
    Some(match change {
        StateChange::Seen(row) => format!(
            "seen {} {}/{} {:?}, revision {}, mark {}",
            row.account,
            row.collection,
            row.item,
            row.presence,
            row.revision.as_ref().map_or("-", |r| r.as_str()),
            row.mark.as_ref().map_or("-", |m| m.as_str()),
        ),
        StateChange::DropSeen { account, collection, item, .. } => format!("unseen {account} {collection}/{item}"),
        StateChange::Link(link) => format!(
            "link {} {:?}: {} = {}/{}{}{}",
            link.id,
            link.state,
            link.hub_item.as_ref().map_or("-", |i| i.as_str()),
            link.account,
            link.item.as_ref().map_or("-", |i| i.as_str()),
            if link.again { ", again" } else { "" },
            link.note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default(),
        ),
        StateChange::DropLink(id) => format!("unlink {id}"),
        StateChange::Base(base) => {
            let fields = |fields| serde_json::to_string(fields).unwrap_or_default();
            format!("base {}: hub {} far {}", base.link, fields(&base.hub), fields(&base.far))
        }
        StateChange::Intent(intent) => {
            let text = |bytes: &Option<Vec<u8>>| bytes.as_deref().map(String::from_utf8_lossy).unwrap_or_default().into_owned();
            let item = intent.item.as_ref().map_or("-", |i| i.as_str());
            let (before, target) = (text(&intent.before), text(&intent.target));
            format!("intent {} {:?} {:?} {item}: {before} -> {target}", intent.id, intent.side, intent.write)
        }
        StateChange::Settled(id) => format!("settled {id}"),
        StateChange::Stamps(row) => {
            format!("stamps {}/{} {}", row.account, row.item, serde_json::to_string(&row.stamps).unwrap_or_default())
        }
        StateChange::Step(step) => {
            let body: serde_json::Value = step.body.read().unwrap_or_default();
            let write = |side: &str| body.pointer(&format!("/{side}/write")).filter(|w| !w.is_null()).map(|w| format!(", {side} {w}"));
            let (hub, far) = (write("hub").unwrap_or_default(), write("far").unwrap_or_default());
            let said = |name: &str| body.get(name).map(ToString::to_string).unwrap_or_default();
            format!("step {} of {}: {} ({}){hub}{far}", step.step, said("link"), said("action"), said("reason"))
        }
        StateChange::StepDone { step, done, .. } => format!("step {step} {done}"),
        StateChange::Journal(row) => format!("journal {} {}: {}", row.action, row.link.as_deref().unwrap_or("-"), row.why),
        StateChange::Approval(row) => format!("approval {}", row.id),
        StateChange::Tombstone(row) => format!("tombstone {}", row.link),
        StateChange::DropTombstone { link, .. } => format!("no tombstone {link}"),
        StateChange::Quarantine(row) => format!("quarantine {}/{}", row.collection, row.item),
        StateChange::Released { collection, item, .. } => format!("released {collection}/{item}"),
        _ => return None,
    })
}
