//! Real servers: started on loopback for one test program, stopped by their process.
//!
//! `cargo xtask servers` installs them; without, tests over them are left out, and say so. Where PIMKIT_SERVERS_REQUIRED is
//! set, as in continuous integration, they fail instead.

#[path = "../scenarios/program.rs"]
mod program;

pub use program::Kept;

use super::{Client, make, network, open};
use pimkit_contract::FakeClock;
use pimkit_core::Kind;
use pimkit_dav::{Config, Dav, Groups};
use std::{
    io::Write,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Child,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

/// A running server.
#[derive(Debug)]
pub struct Server {
    kept: Kept,
    child: Mutex<Child>,
    port: u16,
    _data: tempfile::TempDir,
    users: AtomicU32,
}

impl Drop for Server {
    fn drop(&mut self) {
        // Only what this program started.
        let mut child = self.child.lock().unwrap();
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// Where `cargo xtask servers` puts them.
fn installed() -> PathBuf {
    match std::env::var_os("PIMKIT_SERVERS") {
        Some(folder) => PathBuf::from(folder),
        // This file is read into test programs of several packages: the workspace is where the lock file is.
        None => {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().find(|folder| folder.join("Cargo.lock").exists());
            root.unwrap_or(Path::new(".")).join("target/servers")
        }
    }
}

impl Server {
    /// Starts a server; none when it is not installed.
    pub fn start(kept: Kept, test: &str) -> Option<Arc<Self>> {
        let python = installed().join("venv/bin/python");
        if !python.exists() {
            let required = std::env::var_os("PIMKIT_SERVERS_REQUIRED").is_some();
            assert!(!required, "the servers are not installed; run `cargo xtask servers`");
            // Past the capture of a test's output, so that `cargo xtask tally` counts it.
            let left_out = format!("skipped: {test} over {kept:?}: the server is not installed; run `cargo xtask servers`\n");
            let _ = std::io::stderr().write_all(left_out.as_bytes());
            return None;
        }
        // Between our look for a free port and the server's start another program may take it.
        for _ in 0..5 {
            let data = tempfile::tempdir().unwrap();
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let child = kept.command(&python, data.path(), port).spawn().unwrap();
            let server = Self { kept, child: Mutex::new(child), port, _data: data, users: AtomicU32::new(0) };
            if server.listens() {
                return Some(Arc::new(server));
            }
        }
        panic!("{kept:?} does not come up");
    }

    /// Whether it came up. There is no other sign than that it listens, and goes on to.
    fn listens(&self) -> bool {
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(50));
            if self.child.lock().unwrap().try_wait().unwrap().is_some() {
                return false;
            }
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                std::thread::sleep(Duration::from_millis(200));
                return self.child.lock().unwrap().try_wait().unwrap().is_none();
            }
        }
        false
    }

    pub fn name(&self) -> &'static str {
        self.kept.name()
    }

    /// Where discovery starts for an account, and how it signs in. Radicale makes a user of whoever comes; Xandikos has one.
    pub fn login(&self) -> (String, Option<(String, String)>) {
        let base = format!("http://127.0.0.1:{}/", self.port);
        match self.kept {
            Kept::Radicale => {
                let user = format!("u{}", self.users.fetch_add(1, Ordering::Relaxed));
                (base, Some((user, "x".to_owned())))
            }
            Kept::Xandikos => (base, None),
        }
    }

    /// A fresh account: an address book, a calendar and a task list, and nothing in them.
    pub async fn account(&self, clock: &FakeClock, groups: Groups) -> Dav {
        let (url, login) = self.login();
        let config = Config::new(&url).account("suite").address("me@example.org").groups(groups);
        let dav = open(config, login.as_ref().map(|(u, p)| (u.as_str(), p.as_str())), network(), clock);
        let client = Client(dav.clone());
        let homes = self.kept.homes(login.as_ref().map_or("", |(user, _)| user));
        // Xandikos has one user, and keeps what it deleted in mind: every account gets collections of its own.
        let number = self.users.fetch_add(1, Ordering::Relaxed);
        if self.kept == Kept::Xandikos {
            for home in &homes {
                client.empty(home).await;
            }
        }
        for (kind, home, name) in [(Kind::Contact, &homes[1], "book"), (Kind::Event, &homes[0], "events"), (Kind::Task, &homes[0], "tasks")]
        {
            let path = format!("{home}{name}-{number}/");
            let (method, body) = make(kind, name);
            let status = client.send(method, &path, &[("content-type", "application/xml")], body).await;
            assert!(matches!(status, 200..=207), "{method} is {status}");
        }
        dav
    }
}
