//! What the tests of the program share: a folder to work in, and the program itself.
#![allow(dead_code, reason = "each test program uses its own part")]

pub(crate) mod authority;
pub(crate) mod server;

use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};
use tempfile::TempDir;

/// A folder with a configuration, an address book and what else a test puts there.
pub(crate) struct Desk {
    dir: TempDir,
}

/// What a call of the program came to.
#[derive(Debug)]
pub(crate) struct Called {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Called {
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.stdout.lines().count(), 1, "one object on one line: {self:?}");
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }
}

impl From<Output> for Called {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// An app store as hub, and a folder of contacts.
pub(crate) const TO_STORE: &str = "state = \"sync.db\"
[accounts.crm]
connector = \"local\"
path = \"crm.db\"
[accounts.home]
connector = \"vdir\"
path = \"contacts\"
[[syncs]]
name = \"people\"
kind = \"contacts\"
left = \"crm\"
right = \"home\"
";

impl Desk {
    /// With this configuration and an address book `contacts/friends` that is empty.
    pub(crate) fn new(config: &str) -> Self {
        let desk = Self { dir: tempfile::tempdir().unwrap() };
        desk.write("pimkit.toml", config);
        fs::create_dir_all(desk.path("contacts/friends")).unwrap();
        desk
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn card(&self, file: &str, card: &str) {
        self.write(&format!("contacts/friends/{file}"), card);
    }

    /// The program, ready to be started in the folder.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pimkit"));
        command.args(args).current_dir(self.dir.path()).stdin(Stdio::null());
        command
    }

    pub(crate) fn call(&self, args: &[&str]) -> Called {
        self.command(args).output().unwrap().into()
    }

    /// One run of the syncs, as JSON.
    pub(crate) fn sync(&self) -> Value {
        let called = self.call(&["sync", "--json"]);
        assert!([0, 3, 4].contains(&called.code), "{called:?}");
        called.json()
    }

    /// The records of an account, by uid.
    pub(crate) fn records(&self, account: &str, kind: &str) -> BTreeMap<String, Value> {
        let called = self.call(&["list", account, kind, "--json"]).exits(0);
        let mut records = BTreeMap::new();
        for line in called.stdout.lines() {
            let value: Value = serde_json::from_str(line).unwrap();
            let record = value["record"].clone();
            let uid = record["uid"].as_str().unwrap_or_default().to_owned();
            assert_eq!(records.insert(uid.clone(), record), None, "two records with the uid {uid:?}");
        }
        records
    }

    /// Every file and folder, with what the files hold.
    pub(crate) fn snapshot(&self) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
        let mut all = BTreeMap::new();
        walk(self.dir.path(), &mut all);
        all
    }
}

fn walk(dir: &Path, all: &mut BTreeMap<PathBuf, Option<Vec<u8>>>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.insert(path.clone(), None);
            walk(&path, all);
        } else {
            let bytes = fs::read(&path).ok();
            all.insert(path, bytes);
        }
    }
}

/// A card with this uid, name and number.
pub(crate) fn card(uid: &str, given: &str, surname: &str, number: &str) -> String {
    format!(
        "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{uid}\r\nFN:{given} {surname}\r\nN:{surname};{given};;;\r\nTEL;TYPE=CELL:{number}\r\n\
         EMAIL;TYPE=HOME:{given}.{surname}@example.com\r\nEND:VCARD\r\n"
    )
}

/// The sum of what a run wrote.
pub(crate) fn writes(run: &Value) -> u64 {
    let mut sum = 0;
    for sync in run["syncs"].as_array().unwrap() {
        for what in ["created", "updated", "deleted"] {
            for side in ["left", "right"] {
                sum += sync[what][side].as_u64().unwrap();
            }
        }
    }
    sum
}
