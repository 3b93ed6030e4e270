//! `servers`: the DAV servers that tests and recordings ask, installed below `target`, on loopback alone.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use clap::{Subcommand, ValueEnum};
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

use crate::outcome::{Failures, Outcome};
use crate::process;
use crate::scenarios::dav::program::Kept;
use crate::workspace::Workspace;

/// Install, start and stop the DAV servers that tests and recordings ask: Radicale and Xandikos.
///
/// They lie in a virtual environment of Python in `target/servers`, or where PIMKIT_SERVERS says. Tests start servers of
/// their own; what `start` starts is for trying things by hand, listens on loopback, and looks at no password.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Install them, unless they are there. The default.
    Install,
    /// Start one, and print one JSON line once it listens.
    Start {
        /// Which.
        server: Choice,
        /// Where it listens; a free port when absent.
        #[arg(long)]
        port: Option<u16>,
    },
    /// End what `start` started.
    Stop,
}

/// A server, as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Choice {
    /// Radicale: a user of any name.
    Radicale,
    /// Xandikos: one user, who does not sign in.
    Xandikos,
}

impl From<Choice> for Kept {
    fn from(choice: Choice) -> Self {
        match choice {
            Choice::Radicale => Self::Radicale,
            Choice::Xandikos => Self::Xandikos,
        }
    }
}

/// How long a server may take until it listens; the first start of a fresh installation compiles.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is recorded of a server that was started, in a file named after it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    pid: i32,
    /// Its folder of data: a part of its call, by which it is known again.
    data: PathBuf,
}

/// The line that `start` prints.
#[derive(Debug, Serialize)]
struct Ready<'a> {
    ready: bool,
    base_url: String,
    user: &'a str,
    password: &'a str,
    pid: u32,
}

impl Args {
    /// Does what was asked.
    pub(crate) fn run(&self, workspace: &Workspace) -> Outcome {
        let servers = Servers::of(workspace);
        match &self.what {
            None | Some(What::Install) => servers.install(),
            Some(What::Start { server, port }) => servers.start((*server).into(), *port),
            Some(What::Stop) => servers.stop(),
        }
        .map_err(Failures::one)
    }
}

/// The folder that the servers lie in.
#[derive(Debug)]
pub(crate) struct Servers {
    folder: PathBuf,
}

impl Servers {
    /// Where tests look for them too.
    pub(crate) fn of(workspace: &Workspace) -> Self {
        let told = std::env::var_os("PIMKIT_SERVERS").map(PathBuf::from);
        Self { folder: told.unwrap_or_else(|| workspace.root.join("target/servers")) }
    }

    fn python(&self) -> PathBuf {
        self.folder.join("venv/bin/python")
    }

    /// What pip is asked for.
    fn wanted() -> [String; 2] {
        Kept::ALL.map(|kept| format!("{}=={}", kept.word(), kept.version()))
    }

    fn install(&self) -> Result<(), String> {
        let (wanted, stamp) = (Self::wanted(), self.folder.join("venv/installed"));
        if fs::read_to_string(&stamp).is_ok_and(|there| there == wanted.join("\n")) && self.python().exists() {
            println!("servers: {} are installed in {}", wanted.join(" and "), self.folder.display());
            return Ok(());
        }
        let missing = |program: &str| format!("servers: {program}; install python3 and python3-venv with the system's packages");
        let mut probe = Command::new("python3");
        probe.args(["-c", "import ensurepip, venv"]);
        let found = process::capture(&mut probe).map_err(|_| missing("there is no python3"))?;
        if !found.status.success() {
            return Err(missing("python3 has no module venv, or none that brings pip"));
        }
        fs::create_dir_all(&self.folder).map_err(|e| format!("{}: cannot be made: {e}", self.folder.display()))?;
        let venv = self.folder.join("venv");
        process::run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
        let mut pip = Command::new(self.python());
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(&wanted);
        process::run(&mut pip).map_err(|e| format!("{e}; it needs PyPI, or a mirror of it that pip is told of"))?;
        fs::write(&stamp, wanted.join("\n")).map_err(|e| format!("{}: cannot be written: {e}", stamp.display()))?;
        println!("servers: installed {} in {}", wanted.join(" and "), self.folder.display());
        Ok(())
    }

    /// Starts one that goes on when we end.
    fn start(&self, kept: Kept, port: Option<u16>) -> Result<(), String> {
        let port = port.map_or_else(free_port, Ok)?;
        let name = format!("{}-{port}", kept.word());
        let (data, noted) = (self.folder.join(&name), self.folder.join(format!("{name}.pid")));
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Err(format!("servers: something listens on port {port}; choose another, or run `cargo xtask servers stop`"));
        }
        let mut child = self.spawn(kept, &data, port, true)?;
        let note = Note { pid: i32::try_from(child.id()).unwrap_or_default(), data: data.clone() };
        let text = serde_json::to_string(&note).map_err(|e| format!("servers: the process cannot be noted: {e}"))?;
        let written = fs::write(&noted, text).map_err(|e| format!("{}: cannot be written: {e}", noted.display()));
        if let Err(why) = written.and_then(|()| listens(&mut child, port)) {
            let _ = child.kill();
            let _ = fs::remove_file(&noted);
            return Err(format!("servers: {} does not come up: {why}", kept.name()));
        }
        let ready = Ready { ready: true, base_url: format!("http://127.0.0.1:{port}/"), user: "user", password: "any", pid: child.id() };
        println!("{}", serde_json::to_string(&ready).map_err(|e| format!("servers: {e}"))?);
        Ok(())
    }

    fn spawn(&self, kept: Kept, data: &Path, port: u16, alone: bool) -> Result<Child, String> {
        let python = self.python();
        if !python.exists() {
            return Err("servers: they are not installed; run `cargo xtask servers install`".to_owned());
        }
        fs::create_dir_all(data).map_err(|e| format!("{}: cannot be made: {e}", data.display()))?;
        let mut command = kept.command(&python, data, port);
        if alone {
            // Not ended with the terminal that it was started from.
            std::os::unix::process::CommandExt::process_group(&mut command, 0);
        }
        command.spawn().map_err(|e| format!("servers: {} cannot be started: {e}", kept.name()))
    }

    fn stop(&self) -> Result<(), String> {
        let entries = fs::read_dir(&self.folder).map(|entries| entries.filter_map(Result::ok).collect::<Vec<_>>()).unwrap_or_default();
        let mut stopped = 0;
        for path in entries.iter().map(fs::DirEntry::path).filter(|path| path.extension().is_some_and(|e| e == "pid")) {
            let note = fs::read_to_string(&path).ok().and_then(|text| serde_json::from_str::<Note>(&text).ok());
            if let Some(note) = note.filter(Note::still_runs) {
                let pid = Pid::from_raw(note.pid).ok_or_else(|| format!("{}: holds no process", path.display()))?;
                kill_process(pid, Signal::TERM).map_err(|e| format!("servers: process {} cannot be ended: {e}", note.pid))?;
                let asked = Instant::now();
                while note.still_runs() && asked.elapsed() < Duration::from_secs(10) {
                    std::thread::sleep(Duration::from_millis(50));
                }
                if note.still_runs() {
                    return Err(format!("servers: process {} does not end; end it by hand", note.pid));
                }
                stopped += 1;
            }
            fs::remove_file(&path).map_err(|e| format!("{}: cannot be removed: {e}", path.display()))?;
        }
        println!("servers: {stopped} stopped");
        Ok(())
    }

    /// Starts one that ends with us, with nothing in it.
    pub(crate) fn fresh(&self, kept: Kept) -> Result<Running, String> {
        let mut why = String::new();
        // Between our look for a free port and the server's start another program may take it.
        for _ in 0..3 {
            let data = tempfile::tempdir().map_err(|e| format!("servers: no folder for data: {e}"))?;
            let port = free_port()?;
            let child = self.spawn(kept, data.path(), port, false)?;
            let mut running = Running { child, port, _data: data };
            match listens(&mut running.child, port) {
                Ok(()) => return Ok(running),
                Err(e) => why = e,
            }
        }
        Err(format!("servers: {} does not come up: {why}", kept.name()))
    }
}

/// A server of our own; dropped, it is gone.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    /// On loopback.
    pub(crate) port: u16,
    _data: tempfile::TempDir,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|e| format!("servers: no free port: {e}"))?;
    listener.local_addr().map(|address| address.port()).map_err(|e| format!("servers: no free port: {e}"))
}

/// Waits until it listens, and goes on to: there is no other sign that it came up.
fn listens(child: &mut Child, port: u16) -> Result<(), String> {
    let started = Instant::now();
    let mut ended = || child.try_wait().ok().flatten().map(|status| format!("it ended with {status}"));
    while started.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(50));
        if let Some(why) = ended() {
            return Err(why);
        }
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            std::thread::sleep(Duration::from_millis(200));
            return ended().map_or(Ok(()), Err);
        }
    }
    Err(format!("nothing listens after {} s", PATIENCE.as_secs()))
}

impl Note {
    /// Whether the process is still the one that was started: a number is given to others in time.
    fn still_runs(&self) -> bool {
        let data = self.data.to_string_lossy();
        match fs::read(format!("/proc/{}/cmdline", self.pid)) {
            Ok(call) => String::from_utf8_lossy(&call).split('\0').any(|word| word == data),
            Err(_) if Path::new("/proc/self").exists() => false,
            // Without /proc, as on macOS.
            Err(_) => {
                let mut ps = Command::new("ps");
                ps.args(["-ww", "-o", "command=", "-p", &self.pid.to_string()]).stdin(Stdio::null());
                process::capture(&mut ps).is_ok_and(|found| found.stdout.contains(&*data))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_process_that_was_noted_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let servers = Servers { folder: folder.path().to_owned() };
        let data = folder.path().join("radicale-1");
        let mut child = Command::new("sh").args(["-c", "read line", &data.to_string_lossy()]).stdin(Stdio::piped()).spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        let note = |data: PathBuf| serde_json::to_string(&Note { pid, data }).unwrap();
        // Its number, and another program's call.
        fs::write(folder.path().join("xandikos-2.pid"), note(folder.path().join("xandikos-2"))).unwrap();
        servers.stop().unwrap();
        assert!(child.try_wait().unwrap().is_none() && !folder.path().join("xandikos-2.pid").exists());
        fs::write(folder.path().join("radicale-1.pid"), note(data)).unwrap();
        let waiting = std::thread::spawn(move || child.wait().unwrap());
        servers.stop().unwrap();
        assert!(!waiting.join().unwrap().success());
    }

    #[test]
    fn what_is_not_installed_is_told_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let servers = Servers { folder: folder.path().join("servers") };
        let why = servers.fresh(Kept::Radicale).unwrap_err();
        assert!(why.contains("cargo xtask servers install"), "{why}");
        assert!(servers.start(Kept::Xandikos, None).is_err());
        servers.stop().unwrap();
    }

    #[test]
    fn versions_are_fixed() {
        assert_eq!(Servers::wanted(), ["radicale==3.9.0", "xandikos==0.4.10"]);
    }
}
