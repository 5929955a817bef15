//! What would leave, shown to the data steward before anything does.

use std::collections::BTreeMap;

use notochord_disclosure::Rules;
use notochord_proto::digest::Digest;
use notochord_proto::name::AnalysisId;
use notochord_proto::sealed_study::SealedStudy;
use notochord_proto::study::Rows;
use notochord_proto::vector;
use notochord_stats::frame::Frame;
use notochord_stats::plan::PlannedAnalysis;
use notochord_stats::question::Question;

use crate::centre::Centre;
use crate::gate::Passage;
use crate::refusal::Refusal;

/// Computes every analysis as if this site were asked today. Nothing is written and nothing leaves.
pub fn preview(centre: &Centre, study: &SealedStudy, snapshot: Digest) -> Result<Vec<Preview>, Refusal> {
    let question = centre.question(study, &[centre.label().to_owned()])?;
    let rules = centre.rules(study)?;
    let frames = centre.frames(study, &question, snapshot)?;
    question
        .plan
        .analyses
        .iter()
        .map(|analysis| one(analysis, &frames, &rules, question.scope.rows()))
        .collect()
}

/// One analysis as it would leave.
pub struct Preview {
    /// The analysis.
    pub analysis: AnalysisId,
    /// Name and value of every integer; `None` where a rule withholds it.
    pub integers: Vec<(String, Option<i128>)>,
    /// Why something is withheld, in words.
    pub reasons: Vec<String>,
}

fn one(
    analysis: &PlannedAnalysis,
    frames: &BTreeMap<AnalysisId, Frame>,
    rules: &Rules,
    rows: Rows,
) -> Result<Preview, Refusal> {
    let layout = analysis.statistic.layout(&Question::first()).unwrap_or_default();
    let Passage { releasable, fired } = crate::centre::pass(analysis, frames, rules)?;
    let withheld = || vec![None; layout.len()];
    let vector = match releasable {
        Some(releasable) => {
            vector::decode(&layout, &releasable.into_message()).unwrap_or_else(|_| withheld())
        }
        None => withheld(),
    };
    let reasons =
        fired.iter().map(|one| format!("{}: {}", one.what, one.rule.reason(rules.minimum, rows))).collect();
    Ok(Preview { analysis: analysis.id.clone(), integers: layout.names().zip(vector).collect(), reasons })
}
