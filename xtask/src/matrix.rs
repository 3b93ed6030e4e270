//! `matrix`: the table in README.md of what each connector can do, written from what the connectors say of themselves.

use pimkit_core::{Capabilities, ConnectorInfo, Create, Role};

use crate::outcome::{Failures, Outcome};
use crate::workspace::Workspace;

/// Write the capability matrix in README.md.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Change nothing; fail if README.md has another matrix.
    #[arg(long)]
    pub(crate) check: bool,
}

const BEGIN: &str = "<!-- matrix:begin -->";
const END: &str = "<!-- matrix:end -->";

impl Args {
    /// Writes or compares the part of README.md between the markers.
    pub(crate) fn run(&self, workspace: &Workspace) -> Outcome {
        let path = workspace.root.join("README.md");
        let readme = std::fs::read_to_string(&path).map_err(|e| Failures::one(format!("README.md: cannot be read: {e}")))?;
        let connectors = pimkit::connectors();
        if connectors.is_empty() {
            return Err(Failures::one("matrix: the facade names no connector"));
        }
        let written = splice(&readme, &render(&connectors)).map_err(Failures::one)?;
        if written == readme {
            println!("matrix: README.md is up to date");
            return Ok(());
        }
        if self.check {
            return Err(Failures::one("README.md: the capability matrix is not what the connectors say: run `cargo xtask matrix`"));
        }
        std::fs::write(&path, written).map_err(|e| Failures::one(format!("README.md: cannot be written: {e}")))?;
        println!("matrix: README.md is written");
        Ok(())
    }
}

/// A column: the capability's name in its serialised form, the heading, what stands in a cell.
type Column = (&'static str, &'static str, fn(&Capabilities) -> String);

const COLUMNS: &[Column] = &[
    ("write", "writes", |c| yes(c.write)),
    ("incremental", "names only changes", |c| yes(c.incremental)),
    ("conditional", "refuses stale writes", |c| yes(c.conditional)),
    ("create", "a lost create is", |c| create(c.create)),
    ("find", "finds by uid or mark", |c| yes(c.find)),
    ("keepsAsWritten", "keeps as written", |c| yes(c.keeps_as_written)),
    ("keepsIds", "keeps ids", |c| yes(c.keeps_ids)),
    ("movesKeepIds", "keeps ids when moved", |c| yes(c.moves_keep_ids)),
    ("canKeepSilent", "never mails", |c| yes(c.can_keep_silent)),
    ("moveItems", "moves", |c| yes(c.move_items)),
    ("trash", "trash", |c| yes(c.trash)),
    ("photos", "photos", |c| yes(c.photos)),
    ("attachments", "attachments", |c| yes(c.attachments)),
    ("exceptions", "exceptions", |c| yes(c.exceptions)),
    ("writeBatch", "writes per request", |c| c.write_batch.map_or_else(|| "1".to_owned(), |n| n.to_string())),
];

const ROLES: &[(Role, &str)] =
    &[(Role::Folders, "folders"), (Role::Categories, "categories"), (Role::Blobs, "blobs"), (Role::Search, "search"), (Role::Push, "push")];

fn yes(can: bool) -> String {
    (if can { "yes" } else { "–" }).to_owned()
}

fn create(create: Create) -> String {
    match create {
        Create::Repeatable => "repeated".to_owned(),
        Create::Findable { settles_after } => format!("looked for after {} s", settles_after.as_secs_f64()),
        Create::ByContent => "told by content".to_owned(),
    }
}

/// The tables: a line per connector and kind, then a line per connector with its roles.
fn render(connectors: &[ConnectorInfo]) -> String {
    let headings: Vec<String> = COLUMNS.iter().map(|(_, heading, _)| (*heading).to_owned()).collect();
    let mut table = row(["connector", "kind"].map(str::to_owned).into_iter().chain(headings));
    table.push_str(&rule(2 + COLUMNS.len()));
    for info in connectors {
        for (kind, capabilities) in info.kinds {
            let cells = COLUMNS.iter().map(|(_, _, cell)| cell(capabilities));
            table.push_str(&row([format!("`{}`", info.id), kind.plural().to_owned()].into_iter().chain(cells)));
        }
    }
    table.push('\n');
    table.push_str(&row(std::iter::once("connector").chain(ROLES.iter().map(|(_, name)| *name)).map(str::to_owned)));
    table.push_str(&rule(1 + ROLES.len()));
    for info in connectors {
        let cells = ROLES.iter().map(|(role, _)| yes(info.roles.contains(role)));
        table.push_str(&row(std::iter::once(format!("`{}`", info.id)).chain(cells)));
    }
    table
}

fn row(cells: impl IntoIterator<Item = String>) -> String {
    format!("| {} |\n", cells.into_iter().collect::<Vec<_>>().join(" | "))
}

fn rule(columns: usize) -> String {
    format!("|{}\n", "---|".repeat(columns))
}

/// The document with what stands between the markers replaced.
fn splice(document: &str, block: &str) -> Result<String, String> {
    let missing = |marker: &str| format!("README.md: the marker {marker} is missing, or not there just once and in order");
    let (head, rest) = document.split_once(BEGIN).ok_or_else(|| missing(BEGIN))?;
    let (_, tail) = rest.split_once(END).ok_or_else(|| missing(END))?;
    if tail.contains(BEGIN) || tail.contains(END) || rest.matches(BEGIN).count() > 0 {
        return Err(missing(BEGIN));
    }
    Ok(format!("{head}{BEGIN}\n{block}{END}{tail}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pimkit_core::Kind;
    use std::time::Duration;

    #[test]
    fn every_capability_has_a_column() {
        let value = serde_json::to_value(Capabilities::none()).unwrap();
        let mut names: Vec<&str> = COLUMNS.iter().map(|(name, _, _)| *name).collect();
        names.sort_unstable();
        assert_eq!(value.as_object().unwrap().keys().collect::<Vec<_>>(), names);
    }

    #[test]
    fn a_line_says_what_a_connector_can_do_with_a_kind() {
        let mut capabilities = Capabilities::none();
        capabilities.write = true;
        capabilities.create = Create::Findable { settles_after: Duration::from_secs(90) };
        capabilities.write_batch = Some(20);
        let kinds: &'static [(Kind, Capabilities)] =
            Box::leak(Box::new([(Kind::Contact, capabilities), (Kind::Task, Capabilities::none())]));
        let table = render(&[ConnectorInfo { id: "x", kinds, roles: &[Role::Blobs] }]);
        let lines: Vec<&str> = table.lines().collect();
        let columns = lines.first().unwrap().matches('|').count();
        assert!(lines.iter().take(4).all(|line| line.matches('|').count() == columns), "{table}");
        assert_eq!(
            lines.get(2).unwrap(),
            &"| `x` | contacts | yes | – | – | looked for after 90 s | – | – | – | – | – | – | – | – | – | – | 20 |"
        );
        assert_eq!(lines.get(3).unwrap(), &"| `x` | tasks | – | – | – | told by content | – | – | – | – | – | – | – | – | – | – | 1 |");
        assert_eq!(lines.last().unwrap(), &"| `x` | – | – | yes | – | – |");
    }

    #[test]
    fn only_what_stands_between_the_markers_is_replaced() {
        let document = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        let once = splice(&document, "new\n").unwrap();
        assert_eq!(once, format!("a\n{BEGIN}\nnew\n{END}\nb\n"));
        assert_eq!(splice(&once, "new\n").unwrap(), once);
    }

    #[test]
    fn a_document_without_its_markers_is_refused() {
        for document in ["", BEGIN, END, &format!("{END}{BEGIN}"), &format!("{BEGIN}{END}{BEGIN}{END}"), &format!("{BEGIN}{BEGIN}{END}")] {
            assert!(splice(document, "x").is_err(), "{document}");
        }
    }
}
