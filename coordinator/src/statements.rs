//! What was stated about studies beside approvals: withdrawn, rejected, recused. One file per statement.

use notochord_proto::digest::Digest;
use notochord_proto::envelope::{Envelope, EnvelopeError};
use notochord_proto::role::Role;
use notochord_proto::statement::{Says, Statement, StatementError};
use notochord_proto::status_list::{Recused, Withdrawn};
use serde::{Deserialize, Serialize};

use crate::directory;
use crate::home::{Home, HomeError};
use crate::logbook::StudyStated;
use crate::office::Office;
use crate::studies::{self, StudiesError, SubmittedStudy};

const DIRECTORY: &str = "statements";

/// A statement that counts, and who made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stated {
    /// What.
    pub statement: Statement,
    /// Who, as the root document or the enrolment log names them.
    pub by: String,
    /// The sealed statement.
    pub sealed: String,
}

/// Why a statement is not taken.
#[derive(Debug, thiserror::Error)]
pub enum StatementsError {
    /// Not an envelope.
    #[error("the statement is {0}")]
    Envelope(#[from] EnvelopeError),
    /// Its seal or its text.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// The study.
    #[error(transparent)]
    Studies(#[from] Box<StudiesError>),
    /// The directory.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] notochord_ledger::LedgerError),
}

/// Takes a sealed statement, from whomever it comes: the seal is what counts. Taken again it changes nothing.
pub fn take(office: &Office, bytes: &[u8]) -> Result<SubmittedStudy, StatementsError> {
    let envelope = Envelope::from_json(bytes)?;
    let stewards: Vec<Role> = directory::sites(&office.home)?
        .into_iter()
        .filter(|site| site.revoked.is_none())
        .map(|site| Role::of_one(&site.label, site.steward))
        .collect();
    let (statement, by) = Statement::open(&envelope, &office.root(), &stewards)?;
    let study = studies::find(&office.home, &statement.study.hex()).map_err(Box::new)?;
    // Said again in other words it is the same statement: nobody fills the directory or the status list.
    let is_same = |one: &Stated| one.by == by && one.statement.says == statement.says;
    if about(&office.home, statement.study)?.iter().any(is_same) {
        return Ok(study);
    }
    let file = format!("{DIRECTORY}/{}.json", envelope.payload_digest().hex());
    let entry = StudyStated {
        study: statement.study,
        says: statement.says.name(),
        by: by.clone(),
        reason: statement.reason.clone(),
    };
    let stated = Stated { statement, by, sealed: envelope.to_json() };
    office.logbook.write(&entry, office.now())?;
    write(&office.home, &file, &stated)?;
    Ok(study)
}

/// Everything that was stated, the oldest first.
pub fn all(home: &Home) -> Result<Vec<Stated>, HomeError> {
    let mut stated = Vec::new();
    for name in home.list(DIRECTORY)? {
        let file = format!("{DIRECTORY}/{name}");
        let read: Stated = serde_json::from_slice(&home.read(&file)?).map_err(|error| {
            let source = std::io::Error::new(std::io::ErrorKind::InvalidData, error);
            crate::home::file_error(&home.path(&file), source)
        })?;
        stated.push(read);
    }
    stated.sort_by(|a, b| {
        (a.statement.made_at, a.statement.study, &a.by).cmp(&(b.statement.made_at, b.statement.study, &b.by))
    });
    Ok(stated)
}

/// Everything that was stated about one study.
pub fn about(home: &Home, study: Digest) -> Result<Vec<Stated>, HomeError> {
    Ok(all(home)?.into_iter().filter(|one| one.statement.study == study).collect())
}

/// The studies that were withdrawn, each once, as the status list names them.
pub fn withdrawals(home: &Home) -> Result<Vec<Withdrawn>, HomeError> {
    let mut withdrawn: Vec<Withdrawn> = Vec::new();
    for one in all(home)?.into_iter().filter(|one| one.statement.says == Says::Withdraw) {
        let study = one.statement.study;
        if !withdrawn.iter().any(|known| known.study == study) {
            withdrawn.push(Withdrawn { study, by: one.by, statement: one.sealed });
        }
    }
    Ok(withdrawn)
}

/// The approvers who take no part in deciding on a study, as the status list names them.
pub fn recusals(home: &Home) -> Result<Vec<Recused>, HomeError> {
    let recused = all(home)?.into_iter().filter(|one| one.statement.says == Says::Recuse);
    Ok(recused
        .map(|one| Recused { study: one.statement.study, approver: one.by, statement: one.sealed })
        .collect())
}

fn write(home: &Home, file: &str, stated: &Stated) -> Result<(), HomeError> {
    // Serialising plain strings into memory cannot fail.
    home.write(file, &serde_json::to_vec_pretty(stated).unwrap_or_default())
}
