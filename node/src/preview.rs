//! What would leave, shown to the data steward before anything does.

use std::collections::BTreeMap;

use notochord_disclosure::{Fired, Rules};
use notochord_proto::digest::Digest;
use notochord_proto::name::{AnalysisId, SiteId};
use notochord_proto::sealed_study::SealedStudy;
use notochord_proto::study::Rows;
use notochord_proto::vector;
use notochord_stats::frame::Frame;
use notochord_stats::plan::PlannedAnalysis;
use notochord_stats::question::Question;
use notochord_stats::step::{Following, Given, Step};

use crate::centre::Centre;
use crate::gate::Passage;
use crate::refusal::Refusal;

/// Computes every analysis as if this site were asked today. Nothing is written and nothing leaves.
pub fn preview(centre: &Centre, study: &SealedStudy, snapshot: Digest) -> Result<Vec<Preview>, Refusal> {
    let question = centre.question(study, &[centre.label().to_owned()])?;
    let (rules, rows) = (centre.rules(study)?, question.scope.rows());
    let desk = Desk { site: centre.site(), frames: centre.frames(study, &question, snapshot)?, rules, rows };
    question.plan.analyses.iter().map(|analysis| desk.preview(analysis)).collect()
}

/// One analysis as it would leave.
pub struct Preview {
    /// The analysis.
    pub analysis: AnalysisId,
    /// Name and value of every integer of its first round; `None` where a rule withholds it.
    pub integers: Vec<(String, Option<i128>)>,
    /// Why something is withheld, in words.
    pub reasons: Vec<String>,
    /// What it is asked after the first round.
    pub later: Later,
}

/// What leaves after the first round. The numbers depend on what all sites answer, so there are only names.
#[derive(Debug, PartialEq)]
pub enum Later {
    /// It is answered in one round.
    Nothing,
    /// The rules withhold it from the first round, and so from every other.
    Withheld,
    /// In each further round one number of each of these names.
    Sums {
        /// What each integer is, over all later rounds that these rows lead to by themselves.
        names: Vec<String>,
        /// The most integers of one round.
        integers: usize,
        /// The most further rounds.
        rounds: u32,
        /// Why the rules here would withhold some of them, in words.
        reasons: Vec<String>,
    },
    /// These rows by themselves lead to no second round; those of all sites may.
    NotFromHere {
        /// The most further rounds.
        rounds: u32,
    },
}

/// What a centre answers with.
struct Desk<'a> {
    site: &'a SiteId,
    frames: BTreeMap<AnalysisId, Frame>,
    rules: Rules,
    rows: Rows,
}

/// What leaves in one round, and why the rest does not.
type Left = (Option<Vec<Option<i128>>>, Vec<Fired>);

impl Desk<'_> {
    fn preview(&self, analysis: &PlannedAnalysis) -> Result<Preview, Refusal> {
        let first = Step::first(analysis.id.clone());
        let (vector, fired) = self.answer(analysis, &first.question)?;
        let layout = analysis.layout(&first.question);
        let layout = layout.map_err(|source| Refusal::Layout { analysis: analysis.id.clone(), source })?;
        let later = match (analysis.statistic.most_rounds(), &vector) {
            (1, _) => Later::Nothing,
            (_, None) => Later::Withheld,
            (most, Some(vector)) => self.later(analysis, first, vector.clone(), most - 1)?,
        };
        let values = vector.unwrap_or_else(|| vec![None; layout.len()]);
        let integers = layout.names().zip(values).collect();
        Ok(Preview { analysis: analysis.id.clone(), integers, reasons: self.reasons(&fired), later })
    }

    fn answer(&self, analysis: &PlannedAnalysis, question: &Question) -> Result<Left, Refusal> {
        let Passage { releasable, fired } =
            crate::centre::pass(analysis, question, &self.frames, &self.rules)?;
        let layout = analysis.layout(question);
        let layout = layout.map_err(|source| Refusal::Layout { analysis: analysis.id.clone(), source })?;
        let vector = releasable.and_then(|left| vector::decode(&layout, &left.into_message()).ok());
        Ok((vector, fired))
    }

    /// Goes on with these rows alone, for the names of what is asked. What it comes to is not the network's answer,
    /// and is not shown.
    fn later(
        &self,
        analysis: &PlannedAnalysis,
        mut step: Step,
        mut vector: Vec<Option<i128>>,
        rounds: u32,
    ) -> Result<Later, Refusal> {
        let (mut names, mut reasons, mut integers) = (Vec::new(), Vec::new(), 0);
        loop {
            let given = Given::from([(self.site.clone(), Some(vector))]);
            let Ok(Following::Ask(next)) = step.follow(analysis, &given, 1) else { break };
            let layout = analysis.layout(&next.question);
            let layout =
                layout.map_err(|source| Refusal::Layout { analysis: analysis.id.clone(), source })?;
            integers = integers.max(layout.len());
            for name in layout.names() {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            let (answer, fired) = self.answer(analysis, &next.question)?;
            for reason in self.reasons(&fired) {
                if !reasons.contains(&reason) {
                    reasons.push(reason);
                }
            }
            let Some(answer) = answer else { break };
            (step, vector) = (next, answer);
        }
        Ok(match names.is_empty() {
            true => Later::NotFromHere { rounds },
            false => Later::Sums { names, integers, rounds, reasons },
        })
    }

    fn reasons(&self, fired: &[Fired]) -> Vec<String> {
        let reason = |one: &Fired| one.rule.reason(self.rules.minimum, self.rows);
        fired.iter().map(|one| format!("{}: {}", one.what, reason(one))).collect()
    }
}
