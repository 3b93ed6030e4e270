//! `fields`: which field of one account can follow which field of another.

use crate::{
    accounts::{self, Missing},
    cli::Fields,
    config::Config,
    failure::{Exit, Failure, Result},
    kinds::with_kind,
    output::{Align, Out, table},
    reading, runner,
};
use pimkit::{FieldSupport, Precision, sync::FieldMap};
use serde_json::{Value, json};

pub(super) async fn run(args: &Fields, out: &mut Out) -> Result<Exit> {
    let config = Config::load(&args.config.config)?;
    let mut sides = Vec::new();
    for name in [&args.left, &args.right] {
        let account = config.account(name)?;
        if !account.connector.has(args.kind) {
            return Err(reading::no_kind(&account.name, account.connector.name, args.kind));
        }
        let connector = accounts::open(&config, account, Missing::Refuse).await?;
        let fields = with_kind!(args.kind, R => runner::fields::<R>(name, connector.as_ref()).await)?;
        if fields.is_empty() {
            return Err(Failure::usage(format!("account \"{name}\" has no collection of {}; make one first", args.kind.plural())));
        }
        sides.push(fields);
    }
    let [left, right] = sides.as_slice() else { return Err(Failure::machine("two accounts are needed; report this as a bug")) };
    let pairs = FieldMap::new(args.kind, left, right, &[])?.listed();
    let mut names: Vec<&str> = args.kind.catalogue().fields().iter().map(|f| f.path).collect();
    for field in left.iter().chain(right) {
        if !names.contains(&field.field.as_str()) {
            names.push(field.field.as_str());
        }
    }
    let find = |side: &[FieldSupport], name: &str| side.iter().find(|f| f.field.as_str() == name).cloned();
    let any = |name: &str| name == FieldSupport::ANY_CUSTOM;
    let follows = |name: &str| {
        if any(name) {
            (find(left, name).is_some() && find(right, name).is_some()).then(|| "every custom field of the same name".to_owned())
        } else {
            pairs.iter().find(|p| p.left.as_str() == name).map(|p| p.right.to_string())
        }
    };
    if out.is_json() {
        let fields: Vec<Value> = names
            .iter()
            .map(|name| json!({ "field": name, "left": find(left, name), "right": find(right, name), "follows": follows(name) }))
            .collect();
        out.value(&json!({ "kind": args.kind.plural(), "left": args.left, "right": args.right, "fields": fields }))?;
        return Ok(Exit::Done);
    }
    let rows = names
        .iter()
        .map(|name| {
            let shown = if any(name) { "custom.NAME" } else { name };
            let said = |side| find(side, name).map_or_else(|| "-".to_owned(), |f| said(&f));
            vec![shown.to_owned(), said(left), said(right), follows(name).unwrap_or_else(|| "-".to_owned())]
        })
        .collect();
    let headings =
        [("field", Align::Left), (args.left.as_str(), Align::Left), (args.right.as_str(), Align::Left), ("follows", Align::Left)];
    out.line(table(&headings, rows))?;
    out.line("To pair other fields, or to leave one out (right = \"\"), add [[syncs.fields]] tables with left and right to the sync.")?;
    Ok(Exit::Done)
}

/// What one side does with a field, in words.
fn said(field: &FieldSupport) -> String {
    let mut words = vec![match (field.read, field.write) {
        (true, true) => "read, written".to_owned(),
        (true, false) => "read only".to_owned(),
        (false, true) => "written only".to_owned(),
        (false, false) => "never".to_owned(),
    }];
    words.extend(field.many.map(|n| format!("at most {n}")));
    words.extend(field.max_len.map(|n| format!("at most {n} characters")));
    words.extend(field.precision.map(|p| match p {
        Precision::Day => "to the day".to_owned(),
        Precision::Minute => "to the minute".to_owned(),
    }));
    words.join(", ")
}
