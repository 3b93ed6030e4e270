//! Tests that are tables: each row is played, whatever becomes of the others.

/// The rows of a table, all of them played; those that fail are named together, so that one does not hide the others.
#[derive(Default)]
pub struct Table(Vec<String>);

impl Table {
    pub fn row(&mut self, name: &str, play: impl FnOnce()) {
        if std::panic::catch_unwind(std::panic::AssertUnwindSafe(play)).is_err() {
            self.0.push(name.to_owned());
        }
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert!(self.0.is_empty(), "{} rows failed:\n{}", self.0.len(), self.0.join("\n"));
        }
    }
}
