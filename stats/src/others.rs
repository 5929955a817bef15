//! The analyses of a study that another analysis may stand on.

use notochord_proto::name::AnalysisId;
use notochord_proto::problem::suggestion;
use notochord_proto::study::Study;

use crate::plan::PlannedAnalysis;
use crate::statistic::Statistic;

/// The planned analyses of a study that need no other.
pub struct Others<'a> {
    study: &'a Study,
    planned: &'a [PlannedAnalysis],
}

/// An analysis that stands on another, whose rows it takes.
pub struct Standing {
    /// What is computed.
    pub statistic: Box<dyn Statistic>,
    /// What it stands on.
    pub on: AnalysisId,
}

impl<'a> Others<'a> {
    pub(crate) fn new(study: &'a Study, planned: &'a [PlannedAnalysis]) -> Self {
        Self { study, planned }
    }

    /// The analysis of that id, or why nothing can stand on it.
    pub(crate) fn find(&self, id: &AnalysisId) -> Result<&'a PlannedAnalysis, String> {
        if let Some(found) = self.planned.iter().find(|analysis| analysis.id == *id) {
            return Ok(found);
        }
        match self.study.analysis(id) {
            Some(_) => Err(format!("`{id}` stands on another analysis itself, or has a problem of its own")),
            None => {
                let near = suggestion(id.as_str(), self.planned.iter().map(|analysis| analysis.id.as_str()));
                Err(format!("there is no analysis `{id}`{near}"))
            }
        }
    }
}
