//! `pimkit simulate` as a child process, as any program would start it.

use super::Desk;
use serde_json::Value;
use std::{
    io::{BufRead, BufReader},
    process::{Child, ExitStatus, Stdio},
    time::{Duration, Instant},
};

/// A server that is served by a child process; it is killed when this is dropped.
pub(crate) struct Server {
    child: Child,
    /// Its first line.
    pub(crate) ready: Value,
}

impl Server {
    /// Starts it in the folder of a desk, and waits for its first line.
    pub(crate) fn start(desk: &Desk, args: &[&str]) -> Self {
        let mut child = desk.command(&[&["simulate"], args].concat()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line:?}"));
        Self { child, ready }
    }

    /// The address where discovery starts.
    pub(crate) fn url(&self) -> String {
        self.ready["providers"]["dav"]["base_url"].as_str().unwrap().to_owned()
    }

    /// Where it listens, for `--listen`.
    pub(crate) fn address(&self) -> String {
        self.url().trim_start_matches("http://").trim_end_matches('/').to_owned()
    }

    /// Asks it to end, as Ctrl-C does, and says how it ended.
    pub(crate) fn interrupt(mut self, signal: &str) -> ExitStatus {
        let id = self.child.id().to_string();
        assert!(std::process::Command::new("kill").args([signal, &id]).status().unwrap().success());
        let since = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(since.elapsed() < Duration::from_secs(20), "it does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Takes it away at once, as a power cut does.
    pub(crate) fn cut(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // What has ended already cannot be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
