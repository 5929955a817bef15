//! A study nobody can change: the investigator's signature and the approvers', over the exact bytes.

use time::{Date, OffsetDateTime};

use crate::digest::Digest;
use crate::envelope::{Envelope, EnvelopeError};
use crate::name::NetworkName;
use crate::problem::Problem;
use crate::root::{Root, STUDY_TYPE};
use crate::study::{Release, Study};

/// A study whose seal meets the network's roles, today.
#[derive(Debug, Clone)]
pub struct SealedStudy {
    /// The envelope as received.
    pub envelope: Envelope,
    /// SHA-256 of the study's exact bytes.
    pub digest: Digest,
    /// The study, parsed from the verified bytes.
    pub study: Study,
    /// Names of the investigators who signed.
    pub investigators: Vec<String>,
    /// Names of the approvers who endorsed it.
    pub approvers: Vec<String>,
}

/// Why a sealed study may not run.
#[derive(Debug, thiserror::Error)]
pub enum SealedStudyError {
    /// No investigator of the network signed it.
    #[error("the study lacks an investigator's signature: {0}")]
    Investigator(EnvelopeError),
    /// Too few approvals.
    #[error("the study lacks approvals: {0}")]
    Approvals(EnvelopeError),
    /// Too few approvals of those who take part in deciding.
    #[error(
        "the study lacks approvals: {counted} of the {needed} needed count, because {recused} takes no part in \
         deciding on it; another approver must endorse it"
    )]
    Quorum {
        /// Endorsements that count.
        counted: usize,
        /// The approvers' threshold, which a recusal does not lower.
        needed: usize,
        /// Who endorsed it and takes no part.
        recused: String,
    },
    /// Its text is not a study.
    #[error("the study is malformed: {}", first(.0))]
    Malformed(Vec<Problem>),
    /// It was written for another network.
    #[error("the study is for the network `{found}`, this is `{expected}`")]
    Network {
        /// This network.
        expected: NetworkName,
        /// The study's.
        found: NetworkName,
    },
    /// Before its time.
    #[error("the study may not run before {0}")]
    TooEarly(Date),
    /// The network's root document is over.
    #[error("the network's root document expired on {0}; the coordinator must issue a new one")]
    RootExpired(Date),
    /// After its time.
    #[error("the study expired on {0}; its investigator can seal a new version")]
    Expired(Date),
    /// It wants what this version does not have.
    #[error(
        "the study asks for `{0}` release, which this version does not offer yet; write `release = \"site\"` \
         in [disclosure]"
    )]
    Release(&'static str),
    /// Too few sites for a release.
    #[error("the study would run with {0} sites; [sites] minimum must be at least 3")]
    Minimum(u32),
}

/// The fewest sites any study may run with outside a throw-away network.
pub const FEWEST_SITES: u32 = 3;

impl SealedStudy {
    /// The study in `envelope`, if an investigator and enough approvers of `root` signed its bytes and it may
    /// run at `now`. The approvals are looked at only after the investigator's signature.
    pub fn open(envelope: Envelope, root: &Root, now: OffsetDateTime) -> Result<Self, SealedStudyError> {
        let signed =
            envelope.verify(STUDY_TYPE, &root.investigators).map_err(SealedStudyError::Investigator)?;
        let endorsed = envelope.verify(STUDY_TYPE, &root.approvers).map_err(SealedStudyError::Approvals)?;
        let study = Study::parse("the sealed study", signed.payload).map_err(SealedStudyError::Malformed)?;
        check(&study, root, now.date())?;
        let (investigators, approvers) = (signed.signers, endorsed.signers);
        Ok(Self { digest: envelope.payload_digest(), study, investigators, approvers, envelope })
    }

    /// `id@version`, for people.
    pub fn name(&self) -> String {
        format!("{}@{}", self.study.id, self.study.version)
    }

    /// The same, without the endorsements of approvers who take no part in deciding on it: the others must still be
    /// as many as `root` asks for.
    pub fn without(self, recused: &[String], root: &Root) -> Result<Self, SealedStudyError> {
        let (out, counted): (Vec<_>, Vec<_>) =
            self.approvers.into_iter().partition(|name| recused.contains(name));
        let needed = root.approvers.threshold();
        if counted.len() < needed {
            let (counted, recused) = (counted.len(), out.join(", "));
            return Err(SealedStudyError::Quorum { counted, needed, recused });
        }
        Ok(Self { approvers: counted, ..self })
    }
}

/// Whether `study` may run in the network of `root` on this day.
pub fn check(study: &Study, root: &Root, today: Date) -> Result<(), SealedStudyError> {
    if study.network != root.network {
        let (expected, found) = (root.network.clone(), study.network.clone());
        return Err(SealedStudyError::Network { expected, found });
    }
    if today > root.expires {
        return Err(SealedStudyError::RootExpired(root.expires));
    }
    if let Some(first_day) = study.not_before.filter(|first_day| today < *first_day) {
        return Err(SealedStudyError::TooEarly(first_day));
    }
    if today > study.expires {
        return Err(SealedStudyError::Expired(study.expires));
    }
    if study.disclosure.release != Release::Site {
        return Err(SealedStudyError::Release(study.disclosure.release.name()));
    }
    if study.sites.minimum < FEWEST_SITES && root.throwaway_minimum.is_none() {
        return Err(SealedStudyError::Minimum(study.sites.minimum));
    }
    Ok(())
}

fn first(problems: &[Problem]) -> String {
    problems.first().map(ToString::to_string).unwrap_or_default()
}
