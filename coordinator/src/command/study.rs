mod state;

use std::fs;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use notochord_link::dictionary_directory;
use notochord_link::private_file::{read_signing_key, replace};
use notochord_program::failure::Failure;
use notochord_proto::dictionary::Dictionary;
use notochord_proto::envelope::Envelope;
use notochord_proto::keys::SecretKey;
use notochord_proto::root::STUDY_TYPE;
use notochord_proto::scope::Scope;
use notochord_proto::sealed_study;
use notochord_proto::statement::Says;
use notochord_proto::study::Study;
use notochord_proto::wire::{StudiesRequest, StudyRequest, StudySummary, SubmitRequest};
use notochord_stats::outcome::{Cell, Table};
use notochord_stats::plan::Plan;
use serde_json::json;
use time::{Duration, OffsetDateTime};

use super::block_on;
use crate::client::{connect, membership, status_failure};
use crate::printing::grid;

#[derive(Subcommand)]
pub(super) enum StudyCommand {
    /// Write a commented template
    #[command(after_help = "Example: notochord study new my-study.toml")]
    New {
        /// Where to write it; an existing file is never replaced
        file: PathBuf,
    },
    /// Check a study against the dictionary
    #[command(after_help = "Example: notochord study check my-study.toml --dictionary dictionary.csv")]
    Check {
        /// The study document
        file: PathBuf,
        /// The data dictionary; by default the network's
        #[arg(long)]
        dictionary: Option<PathBuf>,
    },
    /// Seal a study: the investigator's signature over its exact bytes
    #[command(after_help = "Example: notochord study sign my-study.toml --key me.key")]
    Sign {
        /// The study document
        file: PathBuf,
        /// The investigator's key
        #[arg(long)]
        key: PathBuf,
        /// The data dictionary to check against; by default the network's
        #[arg(long)]
        dictionary: Option<PathBuf>,
        /// Where to write the sealed study; by default FILE.sealed.json
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Approve a sealed study: an approver's signature over the very same bytes
    #[command(after_help = "Example: notochord study endorse my-study.toml.sealed.json --key ethics.key")]
    Endorse {
        /// The sealed study; the signature is added to the file
        file: PathBuf,
        /// The approver's key
        #[arg(long)]
        key: PathBuf,
    },
    /// Hand a sealed study to the coordinator
    #[command(after_help = "Example: notochord --home me study submit my-study.toml.sealed.json")]
    Submit {
        /// The sealed study
        file: PathBuf,
    },
    /// Withdraw a study: it runs no more, at any site. Investigators and approvers may; each one alone
    #[command(
        after_help = "Example: notochord --home me study withdraw my-study --key me.key --reason \"an error in the cohort\""
    )]
    Withdraw(state::Stating),
    /// Reject a study, as an approver; the approvals of others still count
    #[command(
        after_help = "Example: notochord --home me study reject my-study --key ethics.key --reason \"too broad\""
    )]
    Reject(state::Stating),
    /// Take no part in deciding on a study, as an approver with an interest of your own
    #[command(after_help = "Example: notochord --home me study recuse my-study --key ethics.key")]
    Recuse(state::Stating),
    /// Print a study: a sealed file's, or one the coordinator holds
    #[command(after_help = "Example: notochord study show my-study.toml.sealed.json")]
    Show {
        /// A sealed file, or `id`, `id@version`, or the first digits of a digest
        study: String,
    },
    /// List the studies the coordinator holds
    #[command(after_help = "Example: notochord --home me study list")]
    List {
        /// For programs
        #[arg(long)]
        json: bool,
    },
}

impl StudyCommand {
    pub(super) fn run(self, home: &Path) -> Result<(), Failure> {
        match self {
            Self::New { file } => new(&file),
            Self::Check { file, dictionary } => {
                let study = check(home, &file, dictionary.as_deref())?;
                fits_the_network(home, &file, &study)?;
                println!("{}: `{}` version {} is in order.", file.display(), study.id, study.version);
                Ok(())
            }
            Self::Sign { file, key, dictionary, out } => sign(home, &file, &key, dictionary.as_deref(), out),
            Self::Endorse { file, key } => endorse(&file, &key),
            Self::Submit { file } => block_on(submit(home, &file)),
            Self::Withdraw(stating) => block_on(stating.hand_in(home, Says::Withdraw)),
            Self::Reject(stating) => block_on(stating.hand_in(home, Says::Reject)),
            Self::Recuse(stating) => block_on(stating.hand_in(home, Says::Recuse)),
            Self::Show { study } => show(home, &study),
            Self::List { json } => block_on(list(home, json)),
        }
    }
}

fn new(file: &Path) -> Result<(), Failure> {
    if file.exists() {
        return Err(Failure::unwritable(file, &io::ErrorKind::AlreadyExists.into()));
    }
    let expires = (OffsetDateTime::now_utc() + Duration::days(365)).date();
    let template = include_str!("study/template.toml").replace("EXPIRES", &expires.to_string());
    fs::write(file, template).map_err(|error| Failure::unwritable(file, &error))?;
    println!("{}", file.display());
    Ok(())
}

fn check(home: &Path, file: &Path, dictionary: Option<&Path>) -> Result<Study, Failure> {
    let bytes = read(file)?;
    let study = Study::parse(&file.display().to_string(), &bytes)?;
    let dictionary = match dictionary {
        Some(path) => dictionary_directory::open(path)?.1,
        None => {
            let membership = membership(home).map_err(|_| {
                Failure::usage("name the data dictionary with --dictionary, or your directory with --home")
            })?;
            Dictionary::from_files(&membership.dictionary)?
        }
    };
    // The sites of a run are not known yet; `site` then has stand-ins for levels.
    let scope = Scope::for_study(&dictionary, &[], &study)?;
    let plan = Plan::new(&study, &scope)?;
    if let Some((analysis, term)) = plan.defined_sum(&study) {
        eprintln!(
            "note: {analysis} adds up `{term}`, which the study defines; nodes answer that only in throw-away networks \
             and under the profile `open`"
        );
    }
    Ok(study)
}

/// In a member's directory: whether the network would take the study today.
fn fits_the_network(home: &Path, file: &Path, study: &Study) -> Result<(), Failure> {
    match membership(home) {
        Ok(member) => sealed_study::check(study, &member.root, OffsetDateTime::now_utc().date())
            .map_err(|error| Failure::usage(format!("{}: {error}", file.display()))),
        // Without a network there is nothing to fit.
        Err(_) => Ok(()),
    }
}

fn sign(
    home: &Path,
    file: &Path,
    key: &Path,
    dictionary: Option<&Path>,
    out: Option<PathBuf>,
) -> Result<(), Failure> {
    check(home, file, dictionary)?;
    let envelope = Envelope::seal(STUDY_TYPE, read(file)?, &read_key(key)?);
    let out = out.unwrap_or_else(|| PathBuf::from(format!("{}.sealed.json", file.display())));
    write(&out, &envelope)?;
    println!("{}", out.display());
    eprintln!("Signed {}. Hand it to the approvers.", envelope.payload_digest());
    Ok(())
}

fn endorse(file: &Path, key: &Path) -> Result<(), Failure> {
    let mut envelope = read_envelope(file)?;
    let study = Study::parse(&file.display().to_string(), envelope.payload_for_reading())?;
    envelope.sign(&read_key(key)?);
    write(file, &envelope)?;
    println!("Endorsed `{}` version {}, {}.", study.id, study.version, envelope.payload_digest());
    Ok(())
}

async fn submit(home: &Path, file: &Path) -> Result<(), Failure> {
    let sealed_study = read_envelope(file)?.to_json().into_bytes();
    let mut client = connect(home).await?;
    let reply =
        client.desk.submit(SubmitRequest { sealed_study }).await.map_err(status_failure)?.into_inner();
    let study = reply.study.unwrap_or_default();
    println!(
        "Submitted `{}` version {}: {} of {} approvals.",
        study.id,
        study.version,
        study.approvals.len(),
        study.approvals_needed
    );
    Ok(())
}

fn show(home: &Path, study: &str) -> Result<(), Failure> {
    // No study and no digest has a dot or a slash in it.
    let (envelope, standing) = match Path::new(study).is_file() || study.contains(['.', '/']) {
        true => (read_envelope(Path::new(study))?, None),
        false => block_on_value(fetch(home, study))?,
    };
    print!("{}", String::from_utf8_lossy(envelope.payload_for_reading()));
    eprintln!("# {}", envelope.payload_digest());
    let StudySummary { superseded_by, statements, .. } = standing.unwrap_or_default();
    if !superseded_by.is_empty() {
        eprintln!("# replaced by {superseded_by}, which runs in its place");
    }
    statements.iter().for_each(|one| eprintln!("# {}: {} {}", one.says, one.by, one.reason));
    Ok(())
}

async fn fetch(home: &Path, study: &str) -> Result<(Envelope, Option<StudySummary>), Failure> {
    let mut client = connect(home).await?;
    let request = StudyRequest { study: study.to_owned() };
    let reply = client.desk.study(request).await.map_err(status_failure)?.into_inner();
    let envelope = Envelope::from_json(&reply.sealed_study).map_err(Failure::failed)?;
    Ok((envelope, reply.study))
}

fn block_on_value<T>(fetched: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let mut value = None;
    block_on(async {
        value = Some(fetched.await?);
        Ok(())
    })?;
    value.ok_or_else(|| Failure::failed("nothing came"))
}

async fn list(home: &Path, json: bool) -> Result<(), Failure> {
    let mut client = connect(home).await?;
    let studies = client.desk.studies(StudiesRequest {}).await.map_err(status_failure)?.into_inner().studies;
    match json {
        true => println!("{}", serde_json::Value::from_iter(studies.iter().map(as_json))),
        false => println!("{}", grid(&as_table(&studies))),
    }
    Ok(())
}

fn as_json(study: &StudySummary) -> serde_json::Value {
    json!({
        "id": study.id, "version": study.version, "title": study.title, "sha256": hex::encode(&study.digest),
        "approvals": study.approvals, "approvals_needed": study.approvals_needed, "expires": study.expires,
        "superseded_by": study.superseded_by, "statements": study.statements.iter().map(|one| {
            json!({ "says": one.says, "by": one.by, "reason": one.reason })
        }).collect::<Vec<_>>(),
    })
}

fn as_table(studies: &[StudySummary]) -> Table {
    let columns = ["study", "title", "approvals", "expires", "digest"].map(str::to_owned).into();
    let row = |study: &StudySummary| {
        let digest: String = hex::encode(&study.digest).chars().take(12).collect();
        let mut approvals = format!("{} of {}", study.approvals.len(), study.approvals_needed);
        for word in ["withdraw", "reject", "recuse"] {
            let by: Vec<&str> =
                study.statements.iter().filter(|one| one.says == word).map(|one| one.by.as_str()).collect();
            if !by.is_empty() {
                approvals.push_str(&format!("; {word}: {}", by.join(", ")));
            }
        }
        if !study.superseded_by.is_empty() {
            approvals.push_str(&format!("; replaced by {}", study.superseded_by));
        }
        let name = format!("{}@{}", study.id, study.version);
        [name, study.title.clone(), approvals, study.expires.clone(), digest].map(Cell::Text).into()
    };
    Table { title: String::new(), columns, rows: studies.iter().map(row).collect() }
}

/// The most bytes of a file that a person names.
const MOST_BYTES: u64 = 32 << 20;

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let wrong = |error: std::io::Error| Failure::unreadable(file, &error);
    if fs::metadata(file).map_err(wrong)?.len() > MOST_BYTES {
        return Err(Failure::usage(format!("{}: larger than 32 MiB", file.display())));
    }
    fs::read(file).map_err(wrong)
}

fn read_envelope(file: &Path) -> Result<Envelope, Failure> {
    let envelope = Envelope::from_json(&read(file)?).and_then(|envelope| envelope.of_type(STUDY_TYPE));
    envelope.map_err(|error| Failure::usage(format!("{}: {error}; seal the study again", file.display())))
}

fn read_key(file: &Path) -> Result<SecretKey, Failure> {
    Ok(read_signing_key(file)?)
}

fn write(file: &Path, envelope: &Envelope) -> Result<(), Failure> {
    replace(file, envelope.to_json().as_bytes()).map_err(|error| Failure::unwritable(file, &error))
}
