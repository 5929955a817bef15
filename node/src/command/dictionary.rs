use std::fs;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use notochord_ledger::Record as _;
use notochord_link::update::{Update, UpdateError};
use notochord_program::failure::Failure;
use notochord_proto::dictionary::Dictionary;
use serde_json::json;
use time::OffsetDateTime;

use crate::entry;
use crate::home::Home;

/// Show the network's data dictionary, or take a new version of it
#[derive(Subcommand)]
pub(super) enum DictionaryCommand {
    /// Say which version is in force here, and what it holds
    #[command(after_help = "Example: notochord-node --home node dictionary show")]
    Show {
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// Take a new version that the network's root keys have sealed
    #[command(after_help = "Example: notochord-node --home node dictionary update dictionary-2.update.json")]
    Update {
        /// The file that the coordinator's `notochord dictionary adopt` wrote
        file: PathBuf,
    },
}

impl DictionaryCommand {
    pub(super) fn run(self, path: &Path) -> Result<(), Failure> {
        let home = Home::open(path)?;
        match self {
            Self::Show { json } => show(&home, json),
            Self::Update { file } => update(&home, &file),
        }
    }
}

fn show(home: &Home, json: bool) -> Result<(), Failure> {
    let dictionary = home.dictionary()?;
    let variables = dictionary.variables();
    let names = || variables.iter().map(|variable| variable.name.as_str());
    if json {
        let events: Vec<&str> = dictionary.events().iter().map(|event| event.name.as_str()).collect();
        let shown = json!({
            "version": dictionary.version(), "sha256": dictionary.digest(), "forms": dictionary.forms(),
            "events": events, "variables": names().collect::<Vec<_>>(),
        });
        println!("{shown}");
        return Ok(());
    }
    println!("version {} of the data dictionary, {}", dictionary.version(), dictionary.digest());
    println!(
        "{} fields on {} forms; {} variables reach a snapshot; {} events",
        dictionary.fields().len(),
        dictionary.forms().len(),
        variables.len(),
        dictionary.events().len()
    );
    Ok(())
}

fn update(home: &Home, file: &Path) -> Result<(), Failure> {
    let bytes = fs::read(file).map_err(|error| Failure::unreadable(file, &error))?;
    let named = |error: &dyn std::fmt::Display| format!("{} {error}", file.display());
    let update = Update::from_json(&bytes).map_err(|error| Failure::usage(named(&error)))?;
    let membership = home.membership()?;
    let held = membership.root.dictionary_version.clone();
    match update.verify(&membership.root) {
        // A connected node has taken it over the link by itself.
        Err(UpdateError::NotNewer { .. }) if update.files().digest() == membership.root.dictionary => {
            println!("Version {held} of the data dictionary is in force here already.");
            return Ok(());
        }
        verified => drop(verified.map_err(|error| Failure::refused(named(&error)))?),
    }
    // A dictionary that cannot be read must not come into force, whoever sealed it.
    let dictionary = Dictionary::from_files(update.files())?;
    let membership = membership.update(&update).map_err(crate::home::HomeError::from)?;
    let record = entry::DictionaryUpdated {
        root: membership.root_digest,
        dictionary: dictionary.digest(),
        version: dictionary.version().to_owned(),
    };
    record.write(&mut home.ledger()?, OffsetDateTime::now_utc()).map_err(Failure::failed)?;
    println!("Version {} of the data dictionary is in force here; it was {held}.", dictionary.version());
    println!("Next: notochord-node snapshots migrate, or import again; and restart `notochord-node serve`.");
    Ok(())
}
