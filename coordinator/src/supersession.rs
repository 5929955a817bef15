//! Studies in whose place another has come. A study that names another in `supersedes` takes its place for good once
//! it is endorsed: whatever becomes of it later, the one before does not run again. One file per study replaced.

use notochord_proto::digest::Digest;
use notochord_proto::root::Root;
use notochord_proto::status_list::Superseded;

use crate::home::{Home, HomeError, file_error};
use crate::logbook::StudySuperseded;
use crate::office::Office;
use crate::studies::{self, StudiesError, SubmittedStudy};

const DIRECTORY: &str = "superseded";

/// Every study that was replaced, by digest.
pub fn all(home: &Home) -> Result<Vec<Superseded>, HomeError> {
    let read = |name: &String| {
        let file = format!("{DIRECTORY}/{name}");
        serde_json::from_slice(&home.read(&file)?).map_err(|error| {
            file_error(&home.path(&file), std::io::Error::new(std::io::ErrorKind::InvalidData, error))
        })
    };
    home.list(DIRECTORY)?.iter().map(read).collect()
}

/// What has come in a study's place.
pub fn of(home: &Home, study: Digest) -> Result<Option<Superseded>, HomeError> {
    Ok(all(home)?.into_iter().find(|one| one.study == study))
}

/// Writes down what an endorsed study replaces. The caller holds [`Office::submitting`].
pub(crate) fn note(office: &Office, root: &Root, submitted: &SubmittedStudy) -> Result<(), StudiesError> {
    let Some(replaced) = submitted.study.supersedes else { return Ok(()) };
    if of(&office.home, replaced)?.is_some()
        || !studies::is_endorsed(&office.home, root, &submitted.envelope)?
    {
        return Ok(());
    }
    let by = format!("{}@{}", submitted.study.id, submitted.study.version);
    let superseded = Superseded { study: replaced, replacement: submitted.envelope.payload_digest(), by };
    let entry = StudySuperseded {
        study: superseded.study,
        replacement: superseded.replacement,
        by: superseded.by.clone(),
    };
    office.logbook.write(&entry, office.now())?;
    // Serialising plain strings into memory cannot fail.
    let text = serde_json::to_vec_pretty(&superseded).unwrap_or_default();
    Ok(office.home.write(&format!("{DIRECTORY}/{}.json", replaced.hex()), &text)?)
}
