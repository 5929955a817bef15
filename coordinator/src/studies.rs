//! The sealed studies the coordinator holds: one file per study's exact bytes.

use std::sync::PoisonError;

use notochord_proto::digest::Digest;
use notochord_proto::envelope::{Envelope, EnvelopeError};
use notochord_proto::name::AnalysisId;
use notochord_proto::problem::Problem;
use notochord_proto::root::{Root, STUDY_TYPE};
use notochord_proto::scope::Scope;
use notochord_proto::sealed_study::{SealedStudy, SealedStudyError};
use notochord_proto::statement::Says;
use notochord_proto::study::{Profile, Study};
use notochord_stats::plan::Plan;
use time::OffsetDateTime;

use crate::home::{Home, HomeError};
use crate::office::Office;
use crate::statements;
use crate::supersession;

/// A study as handed in; its approvals may still be incomplete.
#[derive(Debug, Clone)]
pub struct SubmittedStudy {
    /// The envelope with every signature handed in so far.
    pub envelope: Envelope,
    /// What it says.
    pub study: Study,
}

/// What handing in a study did.
#[derive(Debug, Clone)]
pub enum Submission {
    /// Everything was held already: a second copy.
    Known(SubmittedStudy),
    /// A study or a signature came.
    New(SubmittedStudy),
}

/// Why a study cannot be taken or found.
#[derive(Debug, thiserror::Error)]
pub enum StudiesError {
    /// Not an envelope.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// Not a study.
    #[error("{}", .0.first().map(ToString::to_string).unwrap_or_default())]
    Malformed(Vec<Problem>),
    /// May not run.
    #[error(transparent)]
    Sealed(#[from] SealedStudyError),
    /// A sum over what the study defines.
    #[error(
        "{analysis} adds up `{term}`, which the study defines; that could single out a patient, so nodes add up only \
         the dictionary's own variables and yes/no ones"
    )]
    DefinedSum {
        /// The analysis.
        analysis: AnalysisId,
        /// The term, as the study writes it.
        term: String,
    },
    /// Two documents under one name.
    #[error("`{0}` is taken by another document; a changed study needs a new version")]
    Taken(String),
    /// None.
    #[error("there is no study `{0}`; `notochord study list` names them")]
    Unknown(String),
    /// Several.
    #[error("`{0}` names several studies; give more digits of the digest")]
    Ambiguous(String),
    /// Stopped.
    #[error("{0} withdrew the study; it does not run any more. A new version can be sealed")]
    Withdrawn(String),
    /// An approval of somebody who takes no part.
    #[error("{0} takes no part in deciding on this study, so that endorsement does not count; leave it out")]
    Recused(String),
    /// Replaced.
    #[error("the study was replaced by `{0}`, which names it in `supersedes`; run that one")]
    Superseded(String),
    /// It names no study before it.
    #[error(
        "`supersedes` names {0}, which is no earlier version of this study that was handed in here; `notochord study \
         list --json` names the digests"
    )]
    NoPredecessor(Digest),
    /// The directory.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] notochord_ledger::LedgerError),
}

/// Takes a sealed study, or adds its signatures to the one already held. An investigator of the network must
/// have signed it, and it must be fit for the network today.
pub fn submit(office: &Office, bytes: &[u8]) -> Result<Submission, StudiesError> {
    let (home, root) = (&office.home, &*office.root());
    // Two that add signatures to one study at the same time must not lose each other's.
    let _alone = office.submitting.lock().unwrap_or_else(PoisonError::into_inner);
    let mut envelope = Envelope::from_json(bytes)?;
    let signed = envelope.verify(STUDY_TYPE, &root.investigators).map_err(SealedStudyError::Investigator)?;
    let study = Study::parse("the sealed study", signed.payload).map_err(StudiesError::Malformed)?;
    notochord_proto::sealed_study::check(&study, root, office.now().date())?;
    fit(office, &study)?;
    // Seals of strangers say nothing, and would take the place of approvals.
    envelope.keep_seals_of(&[&root.investigators, &root.approvers]);
    let stated = statements::about(home, envelope.payload_digest())?;
    if let Some(withdrawn) = stated.iter().find(|one| one.statement.says == Says::Withdraw) {
        return Err(StudiesError::Withdrawn(withdrawn.by.clone()));
    }
    let recused = || stated.iter().filter(|one| one.statement.says == Says::Recuse);
    if let Some(approver) =
        envelope.signers(&root.approvers).into_iter().find(|name| recused().any(|one| one.by == *name))
    {
        return Err(StudiesError::Recused(approver));
    }
    let digest = envelope.payload_digest();
    let all = list(home)?;
    let is_earlier = |held: &SubmittedStudy| held.study.id == study.id && held.study.version < study.version;
    if let Some(replaced) = study.supersedes
        && !all.iter().any(|held| held.envelope.payload_digest() == replaced && is_earlier(held))
    {
        return Err(StudiesError::NoPredecessor(replaced));
    }
    let signers =
        |envelope: &Envelope| [envelope.signers(&root.investigators), envelope.signers(&root.approvers)];
    let mut is_known = false;
    for held in all {
        if held.envelope.payload_digest() == digest {
            envelope.join(&held.envelope);
            is_known = signers(&envelope) == signers(&held.envelope);
        } else if (&held.study.id, held.study.version) == (&study.id, study.version) {
            return Err(StudiesError::Taken(format!("{}@{}", study.id, study.version)));
        }
    }
    if is_known {
        return Ok(Submission::Known(SubmittedStudy { envelope, study }));
    }
    home.write(&file_name(digest), envelope.to_json().as_bytes())?;
    let submitted = SubmittedStudy { envelope, study };
    supersession::note(office, root, &submitted)?;
    Ok(Submission::New(submitted))
}

/// Whether nodes could answer a study: one that they cannot would only meet their silence.
fn fit(office: &Office, study: &Study) -> Result<(), StudiesError> {
    let scope =
        Scope::for_study(&office.in_force().dictionary, &[], study).map_err(StudiesError::Malformed)?;
    let plan = Plan::new(study, &scope).map_err(StudiesError::Malformed)?;
    let rules_act = office.root().throwaway_minimum != Some(1) && study.disclosure.profile != Profile::Open;
    match plan.defined_sum(study) {
        Some((analysis, term)) if rules_act => Err(StudiesError::DefinedSum { analysis, term }),
        _ => Ok(()),
    }
}

/// Every study, by id and version.
pub fn list(home: &Home) -> Result<Vec<SubmittedStudy>, StudiesError> {
    let mut studies = Vec::new();
    for name in home.list("studies")? {
        let envelope = Envelope::from_json(&home.read(&format!("studies/{name}"))?)?;
        let study = Study::parse("a sealed study", envelope.payload_for_reading())
            .map_err(StudiesError::Malformed)?;
        studies.push(SubmittedStudy { envelope, study });
    }
    studies.sort_by(|a, b| (&a.study.id, a.study.version).cmp(&(&b.study.id, b.study.version)));
    Ok(studies)
}

/// The study that `selector` names: `id` (its newest version), `id@version`, or the first digits of its digest.
pub fn find(home: &Home, selector: &str) -> Result<SubmittedStudy, StudiesError> {
    let (id, version) = match selector.split_once('@') {
        Some((id, version)) => (id, version.parse::<u32>().ok()),
        None => (selector, None),
    };
    let all = list(home)?;
    let named = |one: &&SubmittedStudy| {
        one.study.id.as_str() == id && (!selector.contains('@') || Some(one.study.version) == version)
    };
    if let Some(newest) = all.iter().filter(named).max_by_key(|one| one.study.version) {
        return Ok(newest.clone());
    }
    let digits = selector.strip_prefix("sha256:").unwrap_or(selector);
    let mut matching =
        all.iter().filter(|one| digits.len() >= 8 && one.envelope.payload_digest().hex().starts_with(digits));
    match (matching.next(), matching.next()) {
        (Some(one), None) => Ok(one.clone()),
        (Some(_), Some(_)) => Err(StudiesError::Ambiguous(selector.to_owned())),
        (None, _) => Err(StudiesError::Unknown(selector.to_owned())),
    }
}

/// The study, if it may run: every signature is checked again.
pub fn runnable(
    home: &Home,
    root: &Root,
    selector: &str,
    now: OffsetDateTime,
) -> Result<SealedStudy, StudiesError> {
    let found = find(home, selector)?;
    permitted(home, root, found.envelope, now)
}

/// The study in an envelope, if it may run: nobody stopped it, enough approvers who take part in deciding endorsed it,
/// and every signature holds.
pub fn permitted(
    home: &Home,
    root: &Root,
    envelope: Envelope,
    now: OffsetDateTime,
) -> Result<SealedStudy, StudiesError> {
    let digest = envelope.payload_digest();
    not_stopped(home, digest)?;
    Ok(SealedStudy::open(envelope, root, now)?.without(&recused(home, digest)?, root)?)
}

/// Whether a study was neither withdrawn nor replaced.
fn not_stopped(home: &Home, study: Digest) -> Result<(), StudiesError> {
    if let Some(one) = statements::withdrawals(home)?.into_iter().find(|one| one.study == study) {
        return Err(StudiesError::Withdrawn(one.by));
    }
    match supersession::of(home, study)? {
        Some(one) => Err(StudiesError::Superseded(one.by)),
        None => Ok(()),
    }
}

/// Whether what was found permitted under `root` still is: it may have been stopped meanwhile, or an approver taken no
/// part. Its last day does not matter any more.
pub fn still_permitted(home: &Home, root: &Root, sealed: &SealedStudy) -> Result<(), StudiesError> {
    not_stopped(home, sealed.digest)?;
    sealed.clone().without(&recused(home, sealed.digest)?, root)?;
    Ok(())
}

/// Whether an investigator signed a study, and enough approvers who take part in deciding: on whatever day it may run.
pub(crate) fn is_endorsed(home: &Home, root: &Root, envelope: &Envelope) -> Result<bool, StudiesError> {
    let recused = recused(home, envelope.payload_digest())?;
    let counted =
        envelope.signers(&root.approvers).into_iter().filter(|name| !recused.contains(name)).count();
    let is_signed = envelope.verify(STUDY_TYPE, &root.investigators).is_ok();
    Ok(is_signed && counted >= root.approvers.threshold())
}

/// The approvers who take no part in deciding on a study.
pub(crate) fn recused(home: &Home, study: Digest) -> Result<Vec<String>, HomeError> {
    let recusals = statements::recusals(home)?.into_iter().filter(|one| one.study == study);
    Ok(recusals.map(|one| one.approver).collect())
}

/// The studies that are complete, in time and not withdrawn.
pub fn able_to_run(office: &Office) -> Result<Vec<Study>, StudiesError> {
    let (root, now) = (office.root(), office.now());
    let withdrawn = statements::withdrawals(&office.home)?;
    let is_withdrawn = |digest: Digest| withdrawn.iter().any(|one| one.study == digest);
    let sealed =
        list(&office.home)?.into_iter().filter_map(|one| SealedStudy::open(one.envelope, &root, now).ok());
    Ok(sealed.filter(|one| !is_withdrawn(one.digest)).map(|one| one.study).collect())
}

fn file_name(digest: Digest) -> String {
    format!("studies/{}.json", digest.hex())
}
