//! `profile show`: what a named set of policies says.

use crate::{
    cli::{Profile, ProfileCommand},
    failure::{Exit, Failure, Result},
    output::Out,
};
use pimkit::{Value, sync::Policy};

pub(super) fn run(args: &Profile, out: &mut Out) -> Result<Exit> {
    let ProfileCommand::Show { name, .. } = &args.command;
    let policy = Policy::profile(name).map_err(|e| Failure::usage(e.to_string()))?;
    if out.is_json() {
        out.value(&policy)?;
        return Ok(Exit::Done);
    }
    let value = serde_json::to_value(&policy)
        .map_err(|e| Failure::machine(format!("the policies cannot be written: {e}; report this as a bug")))?;
    let Value::Object(policies) = value else { return Ok(Exit::Done) };
    out.line(format_args!("# the policies of the profile \"{name}\", for a table [[syncs]]; any of them may be set otherwise"))?;
    for (key, value) in &policies {
        out.line(format_args!("{key} = {}", toml(value)))?;
    }
    Ok(Exit::Done)
}

/// A value as TOML has it in one line.
fn toml(value: &Value) -> String {
    match value {
        Value::Array(list) => format!("[{}]", list.iter().map(toml).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let pairs: Vec<String> = map.iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| format!("{k} = {}", toml(v))).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        other => other.to_string(),
    }
}
