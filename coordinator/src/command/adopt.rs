use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use notochord_ledger::{Ledger, Record as _};
use notochord_link::dictionary_directory;
use notochord_link::private_file::read_signing_key;
use notochord_link::update::Update;
use notochord_program::failure::Failure;
use notochord_proto::dictionary::difference::difference;
use notochord_proto::dictionary::{Dictionary, DictionaryFiles};
use notochord_proto::digest::Digest;
use notochord_proto::envelope::Envelope;
use notochord_proto::root::{ROOT_TYPE, Root};
use time::OffsetDateTime;

use crate::home::Home;
use crate::logbook::DictionaryAdopted;

/// Put a new version of the data dictionary in force
///
/// Seals a new root document that names it, and writes a file with both for the centres.
#[derive(Args)]
#[command(after_help = "Example: notochord --home network dictionary adopt deploy/networks/spine")]
pub(super) struct Adopt {
    /// The directory with the new version's files; its migrations.toml says what changes
    directory: PathBuf,
    /// A root key that is kept elsewhere; by default keys/root.key of the coordinator's directory
    #[arg(long)]
    key: Option<PathBuf>,
    /// Where to write the file for the centres; by default dictionary-VERSION.update.json
    #[arg(long)]
    out: Option<PathBuf>,
}

impl Adopt {
    pub(super) fn run(self, path: &Path) -> Result<(), Failure> {
        let home = Home::open(path)?;
        let (files, new) = dictionary_directory::open(&self.directory)?;
        let (held_envelope, held) = home.root()?;
        let old = home.dictionary()?;
        let steps = changes(&self.directory, &old, &new)?;
        let out = self.out.unwrap_or_else(|| format!("dictionary-{}.update.json", new.version()).into());
        if out.exists() {
            return Err(Failure::unwritable(&out, &std::io::ErrorKind::AlreadyExists.into()));
        }
        let key_file = self.key.unwrap_or_else(|| home.path("keys/root.key"));
        let key = read_signing_key(&key_file)?;
        let root = Root {
            version: held.version + 1,
            dictionary_version: new.version().to_owned(),
            dictionary: files.digest(),
            ..held.clone()
        };
        let sealed = Envelope::seal(ROOT_TYPE, root.to_bytes(), &key);
        let update = Update::new(sealed, files);
        update.verify(&held).map_err(|error| Failure::refused(format!("the new root document {error}")))?;
        // The file first, so that no version is in force that the centres cannot get.
        fs::write(&out, update.to_json()).map_err(|error| Failure::unwritable(&out, &error))?;
        put_in_force(&home, &update, &root, held_envelope.payload_digest())?;
        println!("Version {} of the data dictionary is in force; it was {}.", new.version(), old.version());
        steps.iter().for_each(|line| println!("  {line}"));
        println!(
            "Restart `notochord serve`: connected centres take it by themselves. For the others, send {}:",
            out.display()
        );
        println!("  notochord-node dictionary update {}", out.display());
        Ok(())
    }
}

/// What the new version changes, in words; a change that no migration states is a problem.
fn changes(directory: &Path, old: &Dictionary, new: &Dictionary) -> Result<Vec<String>, Failure> {
    let place = directory.display();
    if new.version() == old.version() {
        let version = old.version();
        return Err(Failure::usage(format!(
            "{place}: version {version} is in force already; give network.toml's `dictionary` a new version"
        )));
    }
    let Some(migrations) = new.migrations_from(old.version()) else {
        return Err(Failure::usage(format!(
            "{place}: migrations.toml says nothing of the way from version {} to {}; say what is renamed, recoded, \
             added and removed",
            old.version(),
            new.version()
        )));
    };
    let difference = difference(old, new);
    let unexplained = difference.unexplained().iter().cloned();
    let unexplained: Vec<_> = unexplained.map(|one| dictionary_directory::located(directory, one)).collect();
    if !unexplained.is_empty() {
        return Err(unexplained.into());
    }
    Ok(migrations.iter().flat_map(|migration| migration.in_words()).collect())
}

fn put_in_force(home: &Home, update: &Update, root: &Root, before: Digest) -> Result<(), Failure> {
    let files: &DictionaryFiles = update.files();
    home.keep_dictionary(files)?;
    home.write_root(update.root(), root.version)?;
    let mut ledger = Ledger::open(home.ledger_storage()?, home.checkpoint_key()?).map_err(Failure::failed)?;
    let record = DictionaryAdopted {
        before,
        root: update.root().payload_digest(),
        dictionary: root.dictionary,
        version: root.dictionary_version.clone(),
    };
    record.write(&mut ledger, OffsetDateTime::now_utc()).map_err(Failure::failed)
}
