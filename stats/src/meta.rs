//! `meta`: synthesis of sites' own estimates of another analysis of the study, beside the pooled one.
//!
//! A node runs the named analysis on its own rows alone, all its rounds, and sends each term's estimate and standard
//! error in the places of its site; vectors of sites add up like all others. It takes one round, whatever the named
//! analysis takes, and works for every kind that reports terms. Whatever is indexed by site is a site release.
//!
//! # What it protects
//! The vector holds the whole first vector of the named analysis too: its counts, its sums, its design. So the gate
//! decides about a site's estimates exactly as it does about the site's part in the named analysis: enough patients
//! for each level, pair of levels and parameter, or nothing leaves. Its estimates are functions of what the named
//! analysis releases of that site in site release, where it takes one round; where it takes more, they are the point
//! at which the site's own sums would let it stop.
//!
//! A site whose own fit gives no answer, or where nobody has the reference level of a factor (its terms would be
//! contrasts with another), is listed with the reason and counts in no synthesis.
//!
//! `model = "random"` (the default) puts the REML synthesis with Hartung's and Knapp's test first, `"fixed"` the
//! common effect; both are always reported, and DerSimonian's and Laird's.
//!
//! Tidy columns: `term`, `method` (`site`, `pooled`, `fixed`, `dersimonian_laird`, `dersimonian_laird_hartung_knapp`,
//! `reml`, `reml_hartung_knapp`), `site`, `n`, `estimate`, `se`, `statistic`, `df`, `p`, `lower`, `upper`, `weight` (in
//! percent, of the model's synthesis), `prediction_lower`, `prediction_upper`, `tau_squared`, `i_squared` (in percent),
//! `q`, `q_df`, `q_p`.

mod carried;
mod fate;
mod report;
mod synthesis;

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_array::Array as _;
use notochord_proto::fields::{FieldValue, Fields, FromField, one_of};
use notochord_proto::layout::{CountTable, Layout, Sum, TablePurpose};
use notochord_proto::name::{AnalysisId, VariableName};
use notochord_proto::problem::Problem;
use notochord_proto::scope::{SITE, Scope};

use crate::contribution::{ContributeError, Contribution};
use crate::figure::Figure;
use crate::frame::{Column, Frame};
use crate::levels::Levels;
use crate::others::{Others, Standing};
use crate::outcome::Outcome;
use crate::question::Question;
use crate::statistic::{OneRound, Statistic, Summed, Turn, Unit};
use crate::terms::Terms;
use crate::totals::Totals;

use fate::Fate;
pub(crate) use report::beside;
use synthesis::Estimate;

/// The specification of a synthesis.
pub struct Meta {
    of: AnalysisId,
    inner: Arc<dyn Statistic>,
    terms: Terms,
    model: Model,
    sites: Levels,
    /// How many integers of the layout are counts of the named analysis.
    inner_counts: usize,
    /// How many are sums of it.
    inner_sums: usize,
    /// The cell of the named analysis that counts the rows used.
    used: usize,
    layout: Layout,
}

/// Which synthesis stands first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Model {
    Fixed,
    Random,
}

/// What a site's places hold.
struct SiteFit {
    site: usize,
    n: Figure<u64>,
    fate: Figure<Fate>,
    /// The estimate of each term, where there is one.
    estimates: Vec<Option<Estimate>>,
}

impl FromField for Model {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        one_of(value, &[("fixed", Self::Fixed), ("random", Self::Random)])
    }
}

/// Reads the section of a study.
pub(crate) fn parse(
    fields: &mut Fields<'_>,
    scope: &Scope,
    others: &Others<'_>,
) -> Result<Standing, Problem> {
    let of: AnalysisId = fields.required("of")?;
    let model = fields.optional("model")?.unwrap_or(Model::Random);
    let other = others.find(&of).map_err(|message| fields.problem("of", message))?;
    let inner = other.statistic.clone();
    let refused = |reason: &str| fields.problem("of", format!("`{of}` is a `{}`, {reason}", other.kind));
    let terms = inner.terms();
    let first = inner.layout(&Question::first()).map_err(|error| refused(&error.to_string()))?;
    let Some(design) = first.design.filter(|_| !terms.names.is_empty()) else {
        return Err(refused("which reports no terms to combine"));
    };
    let site = scope.variable(SITE).ok_or_else(|| fields.problem("of", "no sites are known here"))?;
    let sites = Levels::of(&site).map_err(|message| fields.problem("of", message))?;
    let meta = Meta {
        of: of.clone(),
        inner,
        model,
        inner_counts: first.count_cells(),
        inner_sums: first.sums.len(),
        used: design.rows,
        layout: layout(first, &sites, &terms),
        terms,
        sites,
    };
    Ok(Standing { statistic: Box::new(meta), on: of })
}

/// The first layout of the named analysis, with the places of each site: the rows used, after the other counts, and
/// then, after the other sums, what became of the site's fit and two numbers for each term.
fn layout(mut layout: Layout, sites: &Levels, terms: &Terms) -> Layout {
    let counts = layout.count_cells();
    layout.tables.push(CountTable {
        name: "rows of the site's own fit".to_owned(),
        rows: sites.codes(),
        columns: vec![String::new()],
        purpose: TablePurpose::Base,
    });
    for (at, site) in sites.codes().iter().enumerate() {
        let mut place = |name: String, unit_bound| {
            layout.sums.push(Sum { name: format!("{site}: {name}"), over: vec![counts + at], unit_bound });
        };
        place("what became of its fit".to_owned(), Fate::MOST);
        for term in &terms.names {
            place(format!("estimate of {term}"), carried::MOST);
            place(format!("standard error of {term}"), carried::MOST);
        }
    }
    layout
}

impl Meta {
    /// Where the rows of a site are counted.
    fn rows(&self, site: usize) -> usize {
        self.inner_counts + site
    }

    /// Where it is told what became of a site's fit; the numbers of its terms follow.
    fn fate(&self, site: usize) -> usize {
        let places = 1 + 2 * self.terms.names.len();
        self.inner_counts + self.sites.len() + self.inner_sums + site * places
    }

    /// Where a number of the named analysis' first vector stands in this one.
    fn inner(&self, at: usize) -> usize {
        if at < self.inner_counts { at } else { at + self.sites.len() }
    }

    /// Fits the named analysis to the rows of one site, and adds what it gives.
    fn fit(&self, site: usize, part: &Frame, contribution: &mut Contribution) -> Result<(), ContributeError> {
        let mut question = Question::first();
        let first = self.inner.contribute(part, &question)?;
        first.values().iter().enumerate().for_each(|(at, value)| contribution.tally(self.inner(at), *value));
        let n = first.values().get(self.used).copied().unwrap_or(0);
        contribution.tally(self.rows(site), n);
        if n <= 0 {
            return Ok(());
        }
        if !self.has_references(part)? {
            contribution.tally(self.fate(site), Fate::NoReference.code());
            return Ok(());
        }
        let mut totals = Totals::from(first);
        let outcome = loop {
            match self.inner.advance(&question, &totals)? {
                Turn::Answer(outcome) => break outcome,
                Turn::Ask(next) => question = next,
            }
            totals = Totals::from(self.inner.contribute(part, &question)?);
        };
        contribution.tally(self.fate(site), Fate::of(&outcome).code());
        let reported = outcome.result["terms"].as_array().map_or(&[][..], Vec::as_slice);
        for (at, name) in self.terms.names.iter().enumerate() {
            let Some(term) = reported.iter().find(|term| term["name"] == name.as_str()) else { continue };
            let number = |key: &str| term[key].as_f64().and_then(carried::carry);
            if let (Some(estimate), Some(se)) = (number("estimate"), number("se")) {
                contribution.tally(self.fate(site) + 1 + 2 * at, estimate);
                contribution.tally(self.fate(site) + 2 + 2 * at, se);
            }
        }
        Ok(())
    }

    /// Whether somebody, among the rows without a missing value, has the reference level of each factor.
    fn has_references(&self, part: &Frame) -> Result<bool, ContributeError> {
        let names = self.inner.variables();
        let missing = |name: &VariableName, row: usize| match part.column(name) {
            Some(Column::Integer(values)) => values.is_null(row),
            Some(Column::Number(values)) => values.is_null(row),
            Some(Column::Factor(values)) => values.is_null(row),
            None => true,
        };
        let complete: Vec<usize> =
            (0..part.rows()).filter(|row| !names.iter().any(|name| missing(name, *row))).collect();
        for (levels, reference) in &self.terms.references {
            let column = levels.read(part)?;
            let mut somebody = false;
            for row in &complete {
                somebody |= column.at(*row)? == Some(*reference);
            }
            if !somebody {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What a site sent.
    fn site_fit(&self, site: usize, totals: &Totals) -> SiteFit {
        let fate = self.fate(site);
        let number = |at: usize| totals.sum(at).known().and_then(carried::number);
        let estimate = |term: usize| {
            let (value, se) = (number(fate + 1 + 2 * term)?, number(fate + 2 + 2 * term)?);
            (se > 0.0).then_some(Estimate { value, se })
        };
        let fate =
            totals.sum(fate).and_then(|code| Fate::coded(code).map_or(Figure::Undefined, Figure::Known));
        let answered = fate == Figure::Known(Fate::Answered);
        let terms = 0..self.terms.names.len();
        SiteFit {
            site,
            n: totals.count(self.rows(site)),
            fate,
            estimates: terms.map(|term| estimate(term).filter(|_| answered)).collect(),
        }
    }
}

impl OneRound for Meta {
    fn unit(&self) -> Unit {
        Unit::Site
    }

    fn variables(&self) -> BTreeSet<VariableName> {
        let mut variables = self.inner.variables();
        variables.insert(self.sites.name.clone());
        variables
    }

    fn summed(&self) -> Vec<Summed> {
        self.inner.summed()
    }

    fn terms(&self) -> Terms {
        self.terms.clone()
    }

    fn layout(&self) -> Layout {
        self.layout.clone()
    }

    fn contribute(&self, frame: &Frame) -> Result<Contribution, ContributeError> {
        let mut contribution = Contribution::zero(self.layout.len());
        let column = self.sites.read(frame)?;
        let mut rows = vec![Vec::new(); self.sites.len()];
        for row in 0..frame.rows() {
            if let Some(site) = column.at(row)? {
                rows[site].push(row);
            }
        }
        for (site, rows) in rows.iter().enumerate().filter(|(_, rows)| !rows.is_empty()) {
            self.fit(site, &frame.part(rows), &mut contribution)?;
        }
        Ok(contribution)
    }

    fn advance(&self, totals: &Totals) -> Outcome {
        let sites: Vec<SiteFit> = (0..self.sites.len()).map(|site| self.site_fit(site, totals)).collect();
        report::outcome(self, totals, &sites)
    }
}

#[cfg(test)]
mod tests;
