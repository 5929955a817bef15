use std::path::{Path, PathBuf};

use clap::Subcommand;
use notochord_link::dictionary_directory::{self, DirectoryError};
use notochord_program::failure::Failure;
use notochord_proto::dictionary::Dictionary;
use notochord_proto::dictionary::difference::difference;
use notochord_proto::problem::Problem;
use serde_json::{Value, json};

#[derive(Subcommand)]
pub(super) enum DictionaryCommand {
    /// Check a data dictionary by REDCap's rules and the network's, and say what it holds
    #[command(after_help = "Example: notochord dictionary check registry/")]
    Check {
        /// A directory with dictionary.csv and the files beside it, or REDCap's CSV alone
        path: PathBuf,
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// Say what a data dictionary changes in an older one, and what of it no migration states
    #[command(after_help = "Example: notochord dictionary diff registry-1/ registry-2/")]
    Diff {
        /// The older dictionary: a directory, or REDCap's CSV alone
        old: PathBuf,
        /// The newer dictionary
        new: PathBuf,
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// Put a new version of the data dictionary in force
    Adopt(super::adopt::Adopt),
}

impl DictionaryCommand {
    pub(super) fn run(self, home: &Path) -> Result<(), Failure> {
        match self {
            Self::Adopt(adopt) => adopt.run(home),
            Self::Check { path, json: false } => check(&path),
            Self::Check { path, json: true } => check_for_programs(&path),
            Self::Diff { old, new, json: false } => diff(&old, &new),
            Self::Diff { old, new, json: true } => diff_for_programs(&old, &new),
        }
    }
}

fn check(path: &Path) -> Result<(), Failure> {
    let dictionary = read(path)?;
    println!(
        "{}: version {}, {} on {}; {} in a snapshot. {}",
        path.display(),
        dictionary.version(),
        count(dictionary.fields().len(), "field"),
        count(dictionary.forms().len(), "form"),
        count(dictionary.variables().len(), "variable"),
        dictionary.digest()
    );
    let beside = [
        (dictionary.events().len(), "event"),
        (dictionary.settings().missing_codes.len(), "missing-data code"),
        (dictionary.rules().len(), "rule"),
        (dictionary.migrations().len(), "migration"),
    ];
    let beside: Vec<_> = beside
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| count(number, what))
        .collect();
    if !beside.is_empty() {
        println!("Beside them {}.", beside.join(", "));
    }
    for warning in warnings(path, &dictionary) {
        println!("warning: {warning}");
    }
    Ok(())
}

fn check_for_programs(path: &Path) -> Result<(), Failure> {
    match dictionary_directory::open(path) {
        Ok((_, dictionary)) => {
            let summary = json!({
                "version": dictionary.version(),
                "sha256": dictionary.digest(),
                "fields": dictionary.fields().len(),
                "forms": dictionary.forms().len(),
                "variables": dictionary.variables().len(),
                "events": dictionary.events().len(),
                "missing_codes": dictionary.settings().missing_codes.len(),
                "rules": dictionary.rules().len(),
                "migrations": dictionary.migrations().len(),
                "warnings": problems(&warnings(path, &dictionary)),
                "problems": [],
            });
            println!("{summary:#}");
            Ok(())
        }
        Err(DirectoryError::Problems(found)) => {
            println!("{:#}", json!({ "problems": problems(&found) }));
            Err(found.into())
        }
        Err(error) => Err(error.into()),
    }
}

fn diff(old: &Path, new: &Path) -> Result<(), Failure> {
    let difference = difference(&read(old)?, &read(new)?);
    if difference.is_empty() {
        println!("{} and {} say the same.", old.display(), new.display());
    }
    for change in difference.in_words() {
        println!("{change}");
    }
    explained(new, difference.unexplained())
}

fn diff_for_programs(old: &Path, new: &Path) -> Result<(), Failure> {
    let (before, after) = (read(old)?, read(new)?);
    let difference = difference(&before, &after);
    let unexplained = located(new, difference.unexplained());
    let summary = json!({
        "old": { "version": before.version(), "sha256": before.digest() },
        "new": { "version": after.version(), "sha256": after.digest() },
        "changes": difference.in_words(),
        "unexplained": problems(&unexplained),
    });
    println!("{summary:#}");
    explained(new, difference.unexplained())
}

/// Changes of meaning that no migration states must be mended in the newer dictionary.
fn explained(new: &Path, unexplained: &[Problem]) -> Result<(), Failure> {
    if unexplained.is_empty() { Ok(()) } else { Err(located(new, unexplained).into()) }
}

fn read(path: &Path) -> Result<Dictionary, Failure> {
    Ok(dictionary_directory::open(path)?.1)
}

fn warnings(path: &Path, dictionary: &Dictionary) -> Vec<Problem> {
    let mut warnings = located(path, dictionary.warnings());
    warnings.extend(dictionary_directory::misnamed(path));
    warnings
}

fn located(path: &Path, problems: &[Problem]) -> Vec<Problem> {
    problems.iter().map(|problem| dictionary_directory::located(path, problem.clone())).collect()
}

fn problems(problems: &[Problem]) -> Vec<Value> {
    let value = |Problem { place, message }: &Problem| json!({ "file": place.file, "line": place.line, "column": place.column, "message": message });
    problems.iter().map(value).collect()
}

/// `1 form`, `2 forms`
fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}
