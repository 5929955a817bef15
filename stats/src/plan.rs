//! The analyses of a study, resolved against its variables.

use std::sync::Arc;

use notochord_proto::expression::Expression;
use notochord_proto::layout::{CountTable, Layout, TablePurpose};
use notochord_proto::name::{AnalysisId, VariableName};
use notochord_proto::problem::{Problem, suggestion};
use notochord_proto::scope::Scope;
use notochord_proto::study::{Analysis, Family, Study};
use notochord_proto::variable::VariableKind;

use crate::meta;
use crate::others::{Others, Standing};
use crate::outcome::Outcome;
use crate::question::{Question, QuestionError};
use crate::registry::{self, Parse};
use crate::statistic::{Statistic, Summed};
use crate::vector::{LONGEST, MOST_CELLS};

/// What a study asks of every node. Coordinator and nodes make the same plan of the same study, dictionary
/// and roster.
pub struct Plan {
    /// The analyses, in the order of the study.
    pub analyses: Vec<PlannedAnalysis>,
}

/// One analysis, ready to be answered.
pub struct PlannedAnalysis {
    /// Its id in the study.
    pub id: AnalysisId,
    /// The name of its kind.
    pub kind: &'static str,
    /// Which rows of the cohort it uses, resolved against the scope; all of them where absent.
    pub condition: Option<Expression>,
    /// What is computed.
    pub statistic: Arc<dyn Statistic>,
    /// The analysis it stands on, whose rows it uses.
    pub on: Option<AnalysisId>,
}

/// Why a question has no layout that may be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// It is none to the analysis.
    #[error(transparent)]
    Question(#[from] QuestionError),
    /// A table of counts is too large.
    #[error(
        "the table of counts `{table}` has {cells} cells; at most {MOST_CELLS} are allowed, so fewer groups or a wider grid"
    )]
    Cells {
        /// The table.
        table: String,
        /// Its cells.
        cells: usize,
    },
    /// The answer is too long.
    #[error("the analysis would send {0} numbers; at most {LONGEST} are allowed")]
    Length(usize),
}

impl Plan {
    /// Checks every condition and resolves every analysis; `scope` holds the study's derived variables. All problems are found, not only
    /// the first.
    pub fn new(study: &Study, scope: &Scope) -> Result<Plan, Vec<Problem>> {
        let mut analyses = Vec::new();
        let mut problems = study.check(scope).err().unwrap_or_default();
        let on_another =
            |kind: &Analysis| registry::kind(&kind.kind).is_ok_and(|kind| kind.parse.is_on_another());
        let (after, first): (Vec<&Analysis>, Vec<&Analysis>) =
            study.analyses.iter().partition(|analysis| on_another(analysis));
        for wanted in [first, after] {
            let others = Others::new(study, &analyses);
            let found = wanted.iter().map(|analysis| PlannedAnalysis::new(analysis, scope, &others));
            for one in found.collect::<Vec<_>>() {
                match one {
                    Ok(one) => analyses.push(one),
                    Err(problem) if problems.contains(&problem) => {}
                    Err(problem) => problems.push(problem),
                }
            }
        }
        let place = |planned: &PlannedAnalysis| study.analyses.iter().position(|one| one.id == planned.id);
        analyses.sort_by_key(place);
        let plan = Plan { analyses };
        if problems.is_empty() {
            problems.extend(study.families.iter().filter_map(|family| plan.unknown_term(family)));
        }
        if problems.is_empty() { Ok(plan) } else { Err(problems) }
    }

    /// The problem of a family that names a term none of its analyses can report.
    fn unknown_term(&self, family: &Family) -> Option<Problem> {
        let of_family = self.analyses.iter().filter(|analysis| family.analyses.contains(&analysis.id));
        let known: Vec<String> = of_family.flat_map(|analysis| analysis.statistic.terms().names).collect();
        let unknown = family.terms.iter().find(|term| !known.contains(term))?;
        let near = suggestion(unknown, known.iter().map(String::as_str));
        let message = format!("no analysis of the family `{}` has a term `{unknown}`{near}", family.name);
        Some(Problem::new(family.place.clone(), message))
    }

    /// The analysis of that id.
    pub fn analysis(&self, id: &AnalysisId) -> Option<&PlannedAnalysis> {
        self.analyses.iter().find(|analysis| analysis.id == *id)
    }

    /// Puts beside each answer what it takes from another one; `outcomes` are in the order of the plan.
    pub fn finish(&self, outcomes: &mut [Outcome]) {
        for (at, analysis) in self.analyses.iter().enumerate() {
            let other =
                analysis.on.as_ref().and_then(|on| self.analyses.iter().position(|one| one.id == *on));
            let Some(other) = other.and_then(|other| outcomes.get(other)).cloned() else { continue };
            if let Some(outcome) = outcomes.get_mut(at) {
                meta::beside(outcome, &other);
            }
        }
    }

    /// The first analysis that adds up what the study defines, and the term: arithmetic in a formula, or a
    /// derived number of more than the values 0 and 1. Such a sum can single out one patient among many. A sum
    /// of zeros and ones is a count, and protected as one.
    pub fn defined_sum(&self, study: &Study) -> Option<(AnalysisId, String)> {
        let is_count = |kind: &VariableKind| matches!(kind, VariableKind::Integer { bounds: Some((0, 1)) });
        let defined = |name: &VariableName| {
            study.derived.iter().any(|derived| derived.name == *name && !is_count(&derived.kind))
        };
        self.analyses.iter().find_map(|analysis| {
            let term = analysis.statistic.summed().into_iter().find_map(|summed| match summed {
                Summed::Expression(text) => Some(text),
                Summed::Variable(name) => defined(&name).then(|| name.to_string()),
            });
            term.map(|term| (analysis.id.clone(), term))
        })
    }
}

impl PlannedAnalysis {
    fn new(analysis: &Analysis, scope: &Scope, others: &Others<'_>) -> Result<Self, Problem> {
        let mut fields = analysis.section.fields();
        let kind = registry::kind(&analysis.kind).map_err(|message| fields.problem("kind", message))?;
        let (statistic, on) = match kind.parse {
            Parse::Alone(parse) => (parse(&mut fields, scope)?, None),
            Parse::OnAnother(parse) => {
                let Standing { statistic, on } = parse(&mut fields, scope, others)?;
                (statistic, Some(on))
            }
        };
        fields.finish()?;
        let condition = match on.as_ref().and_then(|on| others.find(on).ok()) {
            Some(other) if analysis.condition.is_some() => {
                let message = format!("its rows are those of `{}`; leave `where` to that analysis", other.id);
                return Err(Problem::new(analysis.condition_place.clone(), message));
            }
            Some(other) => other.condition.clone(),
            None => {
                let condition =
                    analysis.condition.as_ref().map(|condition| condition.resolve_condition(scope));
                condition
                    .transpose()
                    .map_err(|error| Problem::new(analysis.condition_place.clone(), error.to_string()))?
            }
        };
        let (id, statistic) = (analysis.id.clone(), statistic.into());
        let planned = Self { id, kind: kind.name, condition, statistic, on };
        let layout = planned.layout(&Question::first());
        layout.map_err(|error| Problem::new(analysis.place.clone(), error.to_string()))?;
        Ok(planned)
    }

    /// What each integer of the answer to a question is, where there are not too many.
    pub fn layout(&self, question: &Question) -> Result<Layout, LayoutError> {
        let layout = self.statistic.layout(question)?;
        let wide =
            |table: &&CountTable| table.purpose == TablePurpose::Frequency && table.cells() > MOST_CELLS;
        if let Some(table) = layout.tables.iter().find(wide) {
            return Err(LayoutError::Cells { table: table.name.clone(), cells: table.cells() });
        }
        match layout.len() {
            length if length > LONGEST => Err(LayoutError::Length(length)),
            _ => Ok(layout),
        }
    }
}

#[cfg(test)]
mod tests;
