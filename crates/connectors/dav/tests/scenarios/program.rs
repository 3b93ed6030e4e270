//! The servers that are tried: how they are started, and where an account's things are on them.

use std::{
    path::Path,
    process::{Command, Stdio},
};

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    Radicale,
    Xandikos,
}

impl Kept {
    pub const ALL: [Self; 2] = [Self::Radicale, Self::Xandikos];

    /// As it is typed.
    pub fn word(self) -> &'static str {
        match self {
            Self::Radicale => "radicale",
            Self::Xandikos => "xandikos",
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Radicale => "Radicale",
            Self::Xandikos => "Xandikos",
        }
    }

    /// What pip installs.
    pub fn version(self) -> &'static str {
        match self {
            Self::Radicale => "3.9.0",
            Self::Xandikos => "0.4.10",
        }
    }

    /// The homes of calendars and of address books. Radicale makes a user of whoever comes; Xandikos has one, who does not
    /// sign in.
    pub fn homes(self, user: &str) -> [String; 2] {
        match self {
            Self::Radicale => [format!("/{user}/"), format!("/{user}/")],
            Self::Xandikos => ["/user/calendars/".to_owned(), "/user/contacts/".to_owned()],
        }
    }

    pub fn signs_in(self) -> bool {
        self == Self::Radicale
    }

    /// The call of it, on loopback, with the Python of the folder that it was installed in. Its output goes nowhere.
    pub fn command(self, python: &Path, data: &Path, port: u16) -> Command {
        let mut command = match self {
            Self::Radicale => {
                let mut command = Command::new(python);
                let hosts = format!("127.0.0.1:{port}");
                command.args(["-m", "radicale", "--config", "", "--server-hosts", &hosts, "--server-max-connections", "50"]);
                command.args(["--auth-type", "none", "--rights-type", "owner_only", "--web-type", "none", "--logging-level", "error"]);
                command.arg("--storage-filesystem-folder").arg(data);
                command
            }
            Self::Xandikos => {
                let mut command = Command::new(python.with_file_name("xandikos"));
                command.arg("serve").arg("-d").arg(data).args(["-l", "127.0.0.1", "-p", &port.to_string()]);
                command.args(["--current-user-principal", "/user/", "--autocreate"]);
                command
            }
        };
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }
}
