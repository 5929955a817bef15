//! The analyses of a study, resolved against its variables.

use notochord_proto::expression::Expression;
use notochord_proto::layout::{CountTable, Layout, TablePurpose};
use notochord_proto::name::{AnalysisId, VariableName};
use notochord_proto::problem::Problem;
use notochord_proto::scope::Scope;
use notochord_proto::study::{Analysis, Study};
use notochord_proto::variable::VariableKind;

use crate::question::{Question, QuestionError};
use crate::registry;
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
    pub statistic: Box<dyn Statistic>,
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
        for analysis in &study.analyses {
            match PlannedAnalysis::new(analysis, scope) {
                Ok(planned) => analyses.push(planned),
                Err(problem) if problems.contains(&problem) => {}
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(Plan { analyses }) } else { Err(problems) }
    }

    /// The analysis of that id.
    pub fn analysis(&self, id: &AnalysisId) -> Option<&PlannedAnalysis> {
        self.analyses.iter().find(|analysis| analysis.id == *id)
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
    fn new(analysis: &Analysis, scope: &Scope) -> Result<Self, Problem> {
        let mut fields = analysis.section.fields();
        let kind = registry::kind(&analysis.kind).map_err(|message| fields.problem("kind", message))?;
        let statistic = (kind.parse)(&mut fields, scope)?;
        fields.finish()?;
        let condition = analysis.condition.as_ref().map(|condition| condition.resolve_condition(scope));
        let condition = condition
            .transpose()
            .map_err(|error| Problem::new(analysis.condition_place.clone(), error.to_string()))?;
        let planned = Self { id: analysis.id.clone(), kind: kind.name, condition, statistic };
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
