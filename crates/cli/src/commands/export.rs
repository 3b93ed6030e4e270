//! `export`: the records of an account into one file.

use crate::{
    accounts::{self, Missing},
    cli::Export,
    config::Config,
    failure::{Exit, Failure, Result},
    files::{self, FileRecord, Format},
    kinds::with_kind,
    output::{Bars, Out},
    reading::{self, Found},
};
use futures::StreamExt;
use pimkit::{Connector, Kind, Record, Repository, Stored, formats::InlineBlob, formats::InlineBlobs};
use serde_json::json;
use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

/// Larger photos and files are left out: 64 MiB.
const LARGEST_BLOB: usize = 64 << 20;

pub(super) async fn run(args: &Export, out: &mut Out) -> Result<Exit> {
    let config = Config::load(&args.config.config)?;
    let account = config.account(&args.account)?;
    if !account.connector.has(args.kind) {
        return Err(reading::no_kind(&account.name, account.connector.name, args.kind));
    }
    let format = Format::of(&args.file, args.kind)?;
    if let Some(folder) = args.file.parent().filter(|p| !p.as_os_str().is_empty() && !p.is_dir()) {
        return Err(Failure::usage(format!("there is no folder {}; make it, or correct the path", folder.display())));
    }
    if args.file.is_dir() {
        return Err(Failure::usage(format!("{} is a folder; name a file", args.file.display())));
    }
    let connector = accounts::open(&config, account, Missing::Refuse).await?;
    let mut target = Target::make(&args.file)?;
    let exported = with_kind!(args.kind, R => export::<R>(args, format, connector.as_ref(), &mut target).await);
    let Exported { written, left, bytes } = match exported {
        Ok(counts) => counts,
        Err(failure) => {
            target.drop();
            return Err(failure);
        }
    };
    target.finish(&args.file)?;
    let unread = left.len();
    let mut left = left;
    left.extend(bytes.line(args.kind));
    if out.is_json() {
        out.value(&json!({ "file": args.file, "kind": args.kind.plural(), "written": written, "left_out": left }))?;
    } else {
        out.line(format_args!("{written} {} written to {}", args.kind.plural(), args.file.display()))?;
        for line in &left {
            out.line(format_args!("left out: {line}"))?;
        }
    }
    Ok(if unread == 0 { Exit::Done } else { Exit::LeftOver })
}

/// What went into the file.
struct Exported {
    written: u64,
    /// Items that are not in it, and why.
    left: Vec<String>,
    bytes: WithoutBytes,
}

/// Photos and attachments that a line of JSON cannot hold.
#[derive(Default)]
struct WithoutBytes {
    records: u64,
    blobs: u64,
}

impl WithoutBytes {
    fn count<R: Record>(&mut self, record: &R) {
        // What is only referred to is in the line.
        let blobs = record.blobs().into_iter().filter(|b| b.uri.is_none()).count() as u64;
        self.records += u64::from(blobs > 0);
        self.blobs += blobs;
    }

    fn line(&self, kind: Kind) -> Option<String> {
        let what = match kind {
            Kind::Contact | Kind::User => "photos",
            Kind::Event | Kind::Task | Kind::Message => "attachments",
        };
        let instead = match kind {
            Kind::Contact => "; a .vcf file holds them",
            Kind::Event | Kind::Task => "; an .ics file holds them",
            Kind::Message | Kind::User => "",
        };
        let (records, blobs) = (self.records, self.blobs);
        (blobs > 0).then(|| format!("{blobs} {what} of {records} {}: .jsonl holds no bytes{instead}", kind.plural()))
    }
}

async fn export<R: FileRecord>(args: &Export, format: Format, connector: &dyn Connector, target: &mut Target) -> Result<Exported> {
    let repository = reading::repository::<R>(&args.account, connector)?;
    let bars = Bars::new();
    bars.name(&args.account);
    bars.stage("export", None);
    let (mut written, mut left, mut bytes) = (0, Vec::new(), WithoutBytes::default());
    let mut resources = Vec::new();
    for collection in reading::collections(&args.account, repository.as_ref(), args.collection.as_deref()).await? {
        let mut items = reading::items(repository.as_ref(), &collection);
        while let Some(found) = items.next().await {
            bars.more(1);
            let stored = match found? {
                Found::Record(stored) => stored,
                Found::Unreadable(id, error) => {
                    left.push(format!("{id}: {error}"));
                    continue;
                }
            };
            if format == Format::JsonLines {
                target.write(crate::output::to_json(&stored.record)?.as_bytes())?;
                target.write(b"\n")?;
                bytes.count(&stored.record);
                written += 1;
                continue;
            }
            match text(repository.as_ref(), &stored).await {
                Ok(text) if format == Format::Ics => resources.push(text),
                Ok(text) => target.write(&text)?,
                Err(error) => {
                    left.push(format!("{}: {error}", stored.id));
                    continue;
                }
            }
            written += 1;
        }
    }
    if format == Format::Ics {
        let calendar = files::join(&resources).map_err(|e| Failure::machine(format!("the calendar cannot be put together: {e}")))?;
        target.write(&calendar)?;
    }
    bars.end();
    Ok(Exported { written, left, bytes })
}

/// One record as text, with its photo or files inside.
async fn text<R: FileRecord>(repository: &dyn Repository<R>, stored: &Stored<R>) -> Result<Vec<u8>, String> {
    let mut blobs = InlineBlobs::new();
    for blob in stored.record.blobs().into_iter().filter(|b| b.uri.is_none()) {
        let Some(source) = repository.blobs() else { continue };
        let opened = source.open(&stored.collection, &stored.id, &blob.id).await.map_err(|e| e.to_string())?;
        let media_type = if opened.media_type.is_empty() { blob.media_type.clone() } else { opened.media_type.clone() };
        let bytes = opened.collect(LARGEST_BLOB).await.map_err(|e| e.to_string())?;
        blobs.insert(blob.id.clone(), InlineBlob { media_type, bytes });
    }
    let record = if stored.record.uid().is_some_and(|uid| !uid.is_empty()) {
        stored.record.clone()
    } else {
        // A calendar item must have one, and the next export must say the same.
        let uid = files::derived_uid(&files::content(&stored.record));
        stored.record.with(&[(files::uid_field::<R>(), uid.into())].into()).map_err(|e| e.to_string())?
    };
    record.write_text(&files::authoring(), &blobs).map_err(|e| e.to_string())
}

/// The file under another name until it is whole.
pub(super) struct Target {
    temporary: PathBuf,
    writer: BufWriter<File>,
}

impl Target {
    pub(super) fn make(file: &Path) -> Result<Self> {
        let name = file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let temporary = file.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
        let handle = File::create_new(&temporary).map_err(|e| refuse(&temporary, &e))?;
        Ok(Self { temporary, writer: BufWriter::new(handle) })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.writer.write_all(bytes).map_err(|e| refuse(&self.temporary, &e))
    }

    pub(super) fn finish(mut self, file: &Path) -> Result<()> {
        let done =
            self.writer.flush().and_then(|()| self.writer.get_ref().sync_all()).and_then(|()| std::fs::rename(&self.temporary, file));
        done.map_err(|e| {
            let failure = refuse(file, &e);
            self.drop();
            failure
        })
    }

    pub(super) fn drop(self) {
        // What cannot be removed is a hidden file beside the target.
        let _ = std::fs::remove_file(&self.temporary);
    }
}

fn refuse(path: &Path, error: &std::io::Error) -> Failure {
    Failure::machine(format!("{}: cannot be written: {error}; see the folder's permissions and space", path.display()))
}
