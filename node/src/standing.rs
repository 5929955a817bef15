//! How a study stands at this centre, as the ledger says it.
//!
//! Decisions, standing rules and status lists lie in files, and files can be put back from a copy. The ledger cannot,
//! without its witnesses finding it: what it says wins, and a file that says more than the ledger says nothing.

use notochord_ledger::{Entry, Ledger, Record as _};
use notochord_proto::digest::Digest;
use notochord_proto::root::Root;
use notochord_proto::sealed_study::{SealedStudy, SealedStudyError};
use notochord_proto::status_list::StatusList;
use notochord_proto::trust::Trust;

use crate::decision::{self, Decision, DecisionError};
use crate::entry::{
    ApproverRecused, Enrolled, RootAdopted, StandingRuleChanged, StatusHeard, StudyAccepted,
    StudyAcceptedByRule, StudyRefused, StudySuperseded, StudyWithdrawn,
};
use crate::home::Home;
use crate::refusal::Refusal;

/// What the data steward decided about a study last.
enum Said {
    Accepted { snapshot: Digest },
    Refused { reason: String },
}

/// What the centre has decided about a study: what its file says, as far as the ledger agrees. An acceptance that the
/// ledger does not hold, or that was refused since, is none.
pub(crate) fn decision(home: &Home, ledger: &Ledger, study: Digest) -> Result<Decision, DecisionError> {
    let filed = decision::of(home, study)?;
    Ok(match (said(ledger, study), filed) {
        (Some(Said::Refused { reason }), _) => Decision::Refused { reason },
        (_, Decision::Refused { reason }) => Decision::Refused { reason },
        (Some(Said::Accepted { snapshot }), Decision::Accepted(accepted))
            if accepted.snapshot == snapshot =>
        {
            Decision::Accepted(accepted)
        }
        (Some(Said::Accepted { .. }) | None, _) => Decision::Pending,
    })
}

fn said(ledger: &Ledger, study: Digest) -> Option<Said> {
    let of_study = |entry: &Entry| match entry.kind.as_str() {
        StudyAccepted::KIND => entry
            .body::<StudyAccepted>()
            .ok()
            .filter(|body| body.study == study)
            .map(|body| Said::Accepted { snapshot: body.snapshot }),
        StudyAcceptedByRule::KIND => entry
            .body::<StudyAcceptedByRule>()
            .ok()
            .filter(|body| body.study == study)
            .map(|body| Said::Accepted { snapshot: body.snapshot }),
        StudyRefused::KIND => entry
            .body::<StudyRefused>()
            .ok()
            .filter(|body| body.study == study)
            .map(|body| Said::Refused { reason: body.reason }),
        _ => None,
    };
    ledger.entries().iter().rev().find_map(of_study)
}

/// Whether the data steward made this standing rule, and has not ended it since.
pub(crate) fn rule_stands(ledger: &Ledger, rule: Digest) -> bool {
    let change = |entry: &Entry| {
        let body = entry.body::<StandingRuleChanged>().ok()?;
        (body.rule == rule).then_some(body.change == StandingRuleChanged::MADE)
    };
    let changes = ledger.entries().iter().rev().filter(|entry| entry.kind == StandingRuleChanged::KIND);
    changes.filter_map(change).next().unwrap_or(false)
}

/// Why a study is answered no more, if it was stopped.
pub(crate) fn stopped(ledger: &Ledger, study: Digest) -> Option<Refusal> {
    ledger.entries().iter().rev().find_map(|entry| match entry.kind.as_str() {
        StudyWithdrawn::KIND => {
            let body = entry.body::<StudyWithdrawn>().ok()?;
            (body.study == study).then_some(Refusal::Withdrawn)
        }
        StudySuperseded::KIND => {
            let body = entry.body::<StudySuperseded>().ok()?;
            (body.study == study).then_some(Refusal::Superseded(body.by))
        }
        _ => None,
    })
}

/// Why a study is answered no more, if the network says that it was stopped.
pub(crate) fn stopped_by(list: &StatusList, study: Digest) -> Option<Refusal> {
    let superseded = || list.superseded(study).map(|one| Refusal::Superseded(one.by.clone()));
    list.withdrawn(study).map(|_| Refusal::Withdrawn).or_else(superseded)
}

/// The approvers who take no part in deciding on a study.
pub(crate) fn recused(ledger: &Ledger, study: Digest) -> Vec<String> {
    let of_study = |entry: &Entry| {
        let body = entry.body::<ApproverRecused>().ok()?;
        (body.study == study).then_some(body.approver)
    };
    let recusals = ledger.entries().iter().filter(|entry| entry.kind == ApproverRecused::KIND);
    recusals.filter_map(of_study).collect()
}

/// Whether the root document and the status list that lie here are the newest this node has heard of. Status lists are
/// counted anew under another key of the coordinator, so only those since the last root document are looked at.
pub(crate) fn not_put_back(ledger: &Ledger, trust: &Trust) -> Result<(), Refusal> {
    // A site that is enrolled anew begins anew.
    let since = ledger.entries().iter().rev().take_while(|entry| entry.kind != Enrolled::KIND);
    let (mut status, mut root) = (None, None);
    for entry in since {
        match entry.kind.as_str() {
            StatusHeard::KIND if status.is_none() => {
                status = entry.body::<StatusHeard>().ok().map(|heard| heard.version);
            }
            RootAdopted::KIND => {
                root = entry.body::<RootAdopted>().ok().map(|adopted| u64::from(adopted.version));
                break;
            }
            _ => {}
        }
    }
    let status_held = trust.last_heard().map(|list| list.version).unwrap_or_default();
    let held =
        [("root document", u64::from(trust.root().version), root), ("status list", status_held, status)];
    for (what, held, known) in held {
        if let Some(known) = known.filter(|known| held < *known) {
            return Err(Refusal::PutBack { what, held, known });
        }
    }
    Ok(())
}

/// The study, if enough approvers who take part in deciding endorsed it.
pub(crate) fn with_quorum(
    study: SealedStudy,
    ledger: &Ledger,
    root: &Root,
) -> Result<SealedStudy, SealedStudyError> {
    let recused = recused(ledger, study.digest);
    study.without(&recused, root)
}
