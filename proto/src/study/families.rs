//! Families of analyses whose p-values are adjusted together.

use std::collections::BTreeSet;

use super::Analysis;
use crate::document;
use crate::fields::{FieldValue, FromField, Section, one_of};
use crate::name::{AnalysisId, FamilyName};
use crate::problem::{Place, Problem, suggestion};

/// A `[families.NAME]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// Its name.
    pub name: FamilyName,
    /// Whose p-values it holds; one or more of the study's.
    pub analyses: Vec<AnalysisId>,
    /// How they are adjusted.
    pub adjust: Adjustment,
    /// The terms of models whose p-values it holds; all but the intercept where none is named.
    pub terms: Vec<String>,
    /// Where it begins.
    pub place: Place,
}

/// How the p-values of a family are adjusted, as R's `p.adjust` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adjustment {
    /// Holm (1979): no false finding but with the probability of one test.
    Holm,
    /// Bonferroni: the same, more strictly.
    Bonferroni,
    /// Benjamini and Hochberg (1995): the expected share of false ones among the findings.
    BenjaminiHochberg,
}

/// The most terms a family names.
const MOST_TERMS: usize = 300;

impl Adjustment {
    const WORDS: [(&str, Self); 3] = [
        ("holm", Self::Holm),
        ("bonferroni", Self::Bonferroni),
        ("benjamini_hochberg", Self::BenjaminiHochberg),
    ];

    /// Its word in studies and results.
    pub fn name(self) -> &'static str {
        Self::WORDS.iter().find(|(_, one)| *one == self).map_or("", |(word, _)| word)
    }
}

impl FromField for Adjustment {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        one_of(value, &Self::WORDS)
    }
}

pub(super) fn family(name: &str, section: &Section, known: &[Analysis]) -> Result<Family, Problem> {
    let mut fields = section.fields();
    let name =
        FamilyName::new(name).map_err(|error| Problem::new(section.place().clone(), error.to_string()))?;
    let analyses: Vec<AnalysisId> = fields.required("analyses")?;
    let adjust = fields.required("adjust")?;
    let terms: Vec<String> = fields.optional("terms")?.unwrap_or_default();
    if analyses.is_empty() {
        return Err(fields.problem("analyses", "a family names one analysis or more"));
    }
    let mut ids = BTreeSet::new();
    for id in &analyses {
        if !ids.insert(id) {
            return Err(fields.problem("analyses", format!("names `{id}` twice")));
        }
        if !known.iter().any(|analysis| analysis.id == *id) {
            let near = suggestion(id.as_str(), known.iter().map(|analysis| analysis.id.as_str()));
            return Err(fields.problem("analyses", format!("there is no analysis `{id}`{near}")));
        }
    }
    if terms.len() > MOST_TERMS {
        return Err(fields.problem("terms", format!("a family names at most {MOST_TERMS} terms")));
    }
    if let Some(term) = document::repeated(&terms) {
        return Err(fields.problem("terms", format!("names `{term}` twice")));
    }
    let place = section.place().clone();
    fields.finish()?;
    Ok(Family { name, analyses, adjust, terms, place })
}

/// The families' table beside those of the analyses is `families.csv`.
pub(super) fn table_is_free(families: &[Family], analyses: &[Analysis]) -> Result<(), Problem> {
    match analyses.iter().find(|analysis| analysis.id.as_str() == "families") {
        Some(analysis) if !families.is_empty() => {
            let message = "`families` names the table of adjusted p-values; give this analysis another id";
            Err(Problem::new(analysis.place.clone(), message))
        }
        _ => Ok(()),
    }
}
