use std::path::{Path, PathBuf};

use clap::Subcommand;
use notochord_engine::snapshot::{HistoryStep, SnapshotKey, SnapshotManifest, Written};
use notochord_ledger::Record as _;
use notochord_program::failure::Failure;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::decision::named_snapshot;
use crate::entry;
use crate::home::Home;

/// List, show, encrypt and migrate what was imported
#[derive(Subcommand)]
pub(super) enum SnapshotsCommand {
    /// List every snapshot, newest first
    #[command(after_help = "Example: notochord-node --home node snapshots list")]
    List {
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// Say what a snapshot holds and where it came from
    #[command(after_help = "Example: notochord-node --home node snapshots show 3f2a91c0")]
    Show {
        /// The first digits of its hash; the newest if none is named
        snapshot: Option<String>,
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// Encrypt every snapshot, now and from now on, with the key in a file
    #[command(
        after_help = "Example: notochord-node --home node snapshots encrypt --key /media/key/snapshot.key"
    )]
    Encrypt {
        /// The key's file: made if it is not there. Without it the snapshots cannot be read, by anybody, ever
        #[arg(long)]
        key: PathBuf,
    },
    /// Store every snapshot without encryption again
    #[command(after_help = "Example: notochord-node --home node snapshots decrypt")]
    Decrypt,
    /// Write a snapshot again under the present version of the dictionary
    #[command(after_help = "Example: notochord-node --home node snapshots migrate")]
    Migrate {
        /// The first digits of its hash; the newest if none is named
        snapshot: Option<String>,
    },
}

impl SnapshotsCommand {
    pub(super) fn run(self, path: &Path) -> Result<(), Failure> {
        let home = Home::open(path)?;
        match self {
            Self::List { json } => list(&home, json),
            Self::Show { snapshot, json } => show(&home, snapshot.as_deref(), json),
            Self::Encrypt { key } => encrypt(&home, &key),
            Self::Decrypt => decrypt(&home),
            Self::Migrate { snapshot } => migrate(&home, snapshot.as_deref()),
        }
    }
}

fn list(home: &Home, json: bool) -> Result<(), Failure> {
    let snapshots = home.snapshots()?.list().map_err(Failure::failed)?;
    if json {
        println!("{}", serde_json::to_string_pretty(&snapshots).map_err(Failure::failed)?);
        return Ok(());
    }
    for one in &snapshots {
        let files: Vec<_> = one.sources.iter().map(|source| source.file.as_str()).collect();
        println!(
            "{}  {}  {:>7} patients  dictionary {}{}  {}",
            one.content.short(),
            when(one.imported_at),
            one.patients,
            one.layout.dictionary_version,
            if one.sealed_with.is_some() { "  encrypted" } else { "" },
            files.join(", ")
        );
    }
    if snapshots.is_empty() {
        println!("no snapshot; run `notochord-node import FILE`");
    }
    Ok(())
}

fn show(home: &Home, named: Option<&str>, json: bool) -> Result<(), Failure> {
    let manifest = find(home, named)?;
    if json {
        println!("{}", serde_json::to_string_pretty(&manifest).map_err(Failure::failed)?);
        return Ok(());
    }
    println!("snapshot    {}", manifest.content);
    println!("imported    {} by notochord-node {}", when(manifest.imported_at), manifest.software);
    println!("dictionary  version {}, {}", manifest.layout.dictionary_version, manifest.layout.dictionary);
    let key =
        manifest.sealed_with.as_ref().map_or("not encrypted".to_owned(), |id| format!("encrypted, key {id}"));
    println!("at rest     {key}");
    println!("patients    {}", manifest.patients);
    for (form, entries) in manifest.layout.forms.iter().zip(&manifest.entries) {
        println!("  {}: {entries} entries, {} variables", form.form, form.variables.len());
    }
    for source in &manifest.sources {
        println!("from        {}, {} rows, {}", source.file, source.rows, source.digest);
    }
    for step in &manifest.history {
        match step {
            HistoryStep::Erased { from, at } => {
                println!("since       {}: a patient was erased from {}", when(*at), from.short());
            }
            HistoryStep::Migrated { from, version, at } => {
                println!("since       {}: migrated from {} of version {version}", when(*at), from.short());
            }
        }
    }
    Ok(())
}

fn encrypt(home: &Home, file: &Path) -> Result<(), Failure> {
    let file = std::path::absolute(file).map_err(Failure::failed)?;
    let key = match file.exists() {
        true => SnapshotKey::read(&file),
        false => SnapshotKey::create(&file),
    };
    let key = key.map_err(Failure::usage)?;
    let id = key.id();
    let mut snapshots = home.snapshots()?;
    let changed = snapshots.reseal(Some(key)).map_err(Failure::failed)?;
    home.keep_snapshot_key(Some(&file))?;
    record(home, Some(id), changed)?;
    println!("{changed} snapshots were encrypted, and every later one will be.");
    println!("Keep a copy of {} apart from every copy of the node's directory.", file.display());
    Ok(())
}

fn decrypt(home: &Home) -> Result<(), Failure> {
    let changed = home.snapshots()?.reseal(None).map_err(Failure::failed)?;
    home.keep_snapshot_key(None)?;
    record(home, None, changed)?;
    println!("{changed} snapshots are stored without encryption again.");
    Ok(())
}

fn record(home: &Home, key: Option<String>, snapshots: u64) -> Result<(), Failure> {
    let record = entry::SnapshotsSealed { key, snapshots };
    record.write(&mut home.ledger()?, OffsetDateTime::now_utc()).map_err(Failure::failed)
}

fn migrate(home: &Home, named: Option<&str>) -> Result<(), Failure> {
    let old = find(home, named)?;
    let dictionary = home.dictionary()?;
    if old.layout.dictionary == dictionary.digest() {
        println!("{} is of the dictionary in force already", old.content.short());
        return Ok(());
    }
    let now = OffsetDateTime::now_utc();
    let written = home.snapshots()?.migrate(&old.content, &dictionary, now).map_err(Failure::usage)?;
    let new = written.manifest();
    if let Written::New(_) = &written {
        let record =
            entry::SnapshotMigrated { from: old.content, to: new.content, dictionary: new.layout.dictionary };
        record.write(&mut home.ledger()?, now).map_err(Failure::failed)?;
    }
    println!(
        "{} of version {} is now also {} of version {}",
        old.content.short(),
        old.layout.dictionary_version,
        new.content,
        new.layout.dictionary_version
    );
    let steps = dictionary.migrations_from(&old.layout.dictionary_version).unwrap_or_default();
    steps.iter().flat_map(|step| step.in_words()).for_each(|line| println!("  {line}"));
    Ok(())
}

/// The snapshot that a person names, or the newest.
fn find(home: &Home, named: Option<&str>) -> Result<SnapshotManifest, Failure> {
    let snapshots = home.snapshots()?.list().map_err(Failure::failed)?;
    Ok(named_snapshot(snapshots, named)?)
}

fn when(time: OffsetDateTime) -> String {
    time.replace_nanosecond(0).ok().and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_default()
}
