//! An analysis: its name, its kind, its own rows, and the table that the statistic of its kind reads.

use super::cohort::Rows;
use crate::expression::Expression;
use crate::fields::Section;
use crate::name::AnalysisId;
use crate::problem::{Place, Problem};

/// An element of `[[analyses]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// Its id, unlike any other of the study.
    pub id: AnalysisId,
    /// The kind of statistic; whether it exists is for the room of statistics to say.
    pub kind: String,
    /// Which rows of the cohort it uses; all of them where absent.
    pub condition: Option<Expression>,
    /// Where the condition stands.
    pub condition_place: Place,
    /// Its table, in which `id`, `kind`, `where`, `rows` and `missing` are already taken.
    pub section: Section,
    /// Where it begins.
    pub place: Place,
}

pub(super) fn analysis(section: &Section, rows_of_the_cohort: Rows) -> Result<Analysis, Problem> {
    let mut fields = section.fields();
    let id = fields.required("id")?;
    let kind = fields.required("kind")?;
    let condition = fields.optional("where")?;
    if fields.optional::<Rows>("rows")?.is_some_and(|rows| rows != rows_of_the_cohort) {
        let message =
            "an analysis has the rows of its cohort in this version; a study of its own can have others";
        return Err(fields.problem("rows", message));
    }
    super::parse::missing(&mut fields)?;
    let condition_place = fields.place("where");
    Ok(Analysis {
        id,
        kind,
        condition,
        condition_place,
        section: fields.rest(),
        place: section.place().clone(),
    })
}
