//! The study document: what an investigator asks, signs and submits.
//!
//! Parsing checks all that the document alone can tell; [`Study::check`] compares it with a dictionary. What
//! this version does not offer is refused by name. An analysis keeps its own table, which the room of
//! statistics reads.

mod analysis;
mod cohort;
mod derived;
mod disclosure;
mod families;
mod parse;
mod people;
mod sites;
mod version;

pub use analysis::Analysis;
pub use cohort::{Cohort, Rows};
pub use derived::Derived;
pub use disclosure::{DisclosureSection, Profile, RareLevels, Release};
pub use families::{Adjustment, Family};
pub use people::{Ethics, Investigator, Output};
pub use sites::SiteRules;

use time::Date;

use crate::digest::Digest;
use crate::expression::Expression;
use crate::name::{AnalysisId, NetworkName, StudyId};
use crate::problem::{Place, Problem};
use crate::scope::Scope;

/// A study document.
#[derive(Debug, Clone, PartialEq)]
pub struct Study {
    /// Its id, the same in every version.
    pub id: StudyId,
    /// Its version, from 1.
    pub version: u32,
    /// Its title.
    pub title: String,
    /// What it asks, in a sentence.
    pub question: String,
    /// The network it is written for.
    pub network: NetworkName,
    /// The version of the dictionary it was written against; the current one where absent.
    pub dictionary: Option<String>,
    /// Where that version stands.
    pub dictionary_place: Place,
    /// The first day it may run.
    pub not_before: Option<Date>,
    /// The last day it may run.
    pub expires: Date,
    /// The digest of the version it replaces.
    pub supersedes: Option<Digest>,
    /// Who asks; one or more.
    pub investigators: Vec<Investigator>,
    /// The approval of an ethics committee.
    pub ethics: Ethics,
    /// GA4GH DUO terms it asks under, such as `DUO:0000006`; one or more.
    pub data_use: Vec<String>,
    /// Which sites answer.
    pub sites: SiteRules,
    /// How results are protected.
    pub disclosure: DisclosureSection,
    /// Whose rows are used.
    pub cohort: Cohort,
    /// Variables computed from others, each from those before it.
    pub derived: Vec<Derived>,
    /// What is computed; one or more.
    pub analyses: Vec<Analysis>,
    /// Whose p-values are adjusted together.
    pub families: Vec<Family>,
    /// Who receives the results, and in which forms.
    pub outputs: Vec<Output>,
    digest: Digest,
}

/// The longest study document, in bytes.
pub const LONGEST: usize = 1 << 20;

/// The most analyses, and the most derived variables, of a study.
pub const MOST_ANALYSES: usize = 500;

impl Study {
    /// Parses the exact bytes of a document; `file` is its name in problems.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Study, Vec<Problem>> {
        parse::study(file, bytes)
    }

    /// The digest of the exact bytes it was parsed from.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The analysis of that id.
    pub fn analysis(&self, id: &AnalysisId) -> Option<&Analysis> {
        self.analyses.iter().find(|analysis| analysis.id == *id)
    }

    /// Compares the document with the variables it may name; `scope` holds the derived ones
    /// ([`Scope::with_derived`]). What the analyses ask is for the room of statistics to check.
    pub fn check(&self, scope: &Scope) -> Result<(), Vec<Problem>> {
        let cohort = (&self.cohort.condition, &self.cohort.place);
        let narrowed = self
            .analyses
            .iter()
            .filter_map(|analysis| Some((analysis.condition.as_ref()?, &analysis.condition_place)));
        let problems: Vec<_> = std::iter::once(cohort)
            .chain(narrowed)
            .filter_map(|(condition, place)| wrong(condition, place, scope))
            .collect();
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }
}

/// What is wrong with a condition, at its place.
fn wrong(condition: &Expression, place: &Place, scope: &Scope) -> Option<Problem> {
    let error = condition.resolve_condition(scope).err()?;
    Some(Problem::new(place.clone(), error.to_string()))
}

#[cfg(test)]
mod tests;
