//! Progress bars: on standard error, and only where somebody looks at it.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pimkit::sync::{Progress, Watch};
use std::sync::{Mutex, PoisonError};

/// The bar of the stage under way.
#[derive(Debug)]
pub(crate) struct Bars {
    name: Mutex<String>,
    bar: ProgressBar,
}

impl Bars {
    /// Bars that show themselves on a terminal only.
    pub(crate) fn new() -> Self {
        // indicatif hides what is drawn to a standard error that is no terminal.
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
        Self { name: Mutex::new(String::new()), bar }
    }

    /// What is worked on: the name of a sync or a file.
    pub(crate) fn name(&self, name: &str) {
        let mut guard = self.name.lock().unwrap_or_else(PoisonError::into_inner);
        name.clone_into(&mut guard);
    }

    /// A stage begins.
    pub(crate) fn stage(&self, stage: &str, of: Option<u64>) {
        let name = self.name.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let template = match of {
            Some(_) => "{msg:30} {bar:40} {pos}/{len} {eta}",
            None => "{msg:30} {spinner} {pos}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
        self.bar.set_message(format!("{name}: {stage}"));
        self.bar.reset();
        match of {
            Some(of) => self.bar.set_length(of),
            None => self.bar.unset_length(),
        }
    }

    /// So many more are done.
    pub(crate) fn more(&self, items: u64) {
        self.bar.inc(items);
    }

    /// Takes the bar off the screen.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

impl Watch for Bars {
    fn progress(&self, progress: Progress) {
        match progress {
            Progress::Stage { stage, of } => self.stage(stage, of),
            Progress::Items(items) => self.more(items),
            _ => {}
        }
    }
}
