//! What a Cox model reports.

use serde::Serialize;

use super::Cox;
use super::concordance::Pairs;
use super::newton::{Done, Penalty};
use super::partial::Ties;
use super::proportional::Interactions;
use super::state::{Start, State};
use crate::distribution::chi_squared_survival;
use crate::outcome::{Cell, Outcome, Status, Table};
use crate::standard::Estimates;
use crate::term_tests::{self, TermTest};
use crate::terms::{self, Covariance, Reference, Term};
use crate::totals::Totals;
use crate::twofold::Twofold;

/// The result.
#[derive(Serialize)]
struct Report {
    n: u64,
    /// How many rows lack a variable of the model, or end no later than they begin.
    missing: Option<u64>,
    events: u64,
    ties: &'static str,
    /// What has a baseline hazard of its own.
    strata: Vec<String>,
    /// The width of the grid and its last time, where the model is on one.
    grid: Option<[f64; 2]>,
    /// Logarithms of hazard ratios.
    terms: Vec<Term>,
    hazard_ratios: Vec<HazardRatio>,
    /// Terms that earlier ones give.
    aliased: Vec<String>,
    covariance: Covariance,
    /// The log partial likelihood, penalised where there is a penalty, and that of all coefficients 0.
    loglik: f64,
    loglik_null: f64,
    aic: f64,
    df: u64,
    /// How the standard errors were found.
    errors: &'static str,
    /// How many patients the rows are of, where errors are by patient.
    clusters: Option<u64>,
    tests: Tests,
    /// The test of proportional hazards.
    proportional: Option<Vec<TermTest>>,
    concordance: Option<Concordance>,
    /// The cumulative baseline hazard of each stratum of a model on the grid, where every column is 0.
    baseline: Option<Vec<Baseline>>,
    /// How many rounds were asked.
    iterations: u32,
}

#[derive(Serialize)]
struct HazardRatio {
    name: String,
    estimate: Option<f64>,
    lower: Option<f64>,
    upper: Option<f64>,
}

#[derive(Serialize)]
struct Tests {
    likelihood_ratio: Test,
    wald: Test,
    /// Rao's; none of a penalised likelihood.
    score: Option<Test>,
}

#[derive(Serialize)]
struct Test {
    statistic: f64,
    df: u64,
    p: f64,
}

#[derive(Serialize)]
struct Concordance {
    /// Of pairs within strata; none where there are no pairs.
    estimate: Option<f64>,
    concordant: u64,
    discordant: u64,
    /// Of the same risk: half concordant.
    tied: u64,
}

/// A step function of one stratum.
#[derive(Serialize)]
struct Baseline {
    stratum: Option<String>,
    times: Vec<f64>,
    cumulative_hazard: Vec<Option<f64>>,
}

/// A sandwich, in the coordinates of the fit.
pub(super) struct Robust {
    pub(super) covariance: Vec<Vec<Twofold>>,
    pub(super) clusters: Option<u64>,
}

/// What the last round adds.
#[derive(Default)]
pub(super) struct Additions {
    pub(super) robust: Option<Robust>,
    pub(super) interactions: Option<Interactions>,
    pub(super) pairs: Option<Pairs>,
}

pub(super) fn outcome(cox: &Cox, totals: &Totals, state: &State, additions: Additions) -> Outcome {
    let (Some(done), Some(start)) = (&state.fit.done, &state.start) else {
        return Outcome::refused("the fit has not come to its end");
    };
    let report = report(cox, state, done, start, additions);
    let finite = [report.loglik, report.loglik_null, report.tests.wald.statistic];
    if finite.iter().any(|number| !number.is_finite()) {
        return Outcome::refused("the fit left the numbers that can be computed with");
    }
    let mut outcome =
        Outcome::answered(totals, &report, terms::tidy("cox", &report.terms), report.shown(cox));
    if state.lost.is_none() && outcome.status == Status::Released {
        outcome.status = Status::PartlySuppressed;
        outcome.reason = Some("the number of rows lost was withheld by a disclosure rule".to_owned());
    }
    outcome
}

fn report(cox: &Cox, state: &State, done: &Done, start: &Start, additions: Additions) -> Report {
    let clusters = additions.robust.as_ref().and_then(|robust| robust.clusters);
    let natural = natural(cox, state, done, additions.robust);
    let values: Vec<f64> = natural.values.iter().map(|value| value.rounded()).collect();
    let covariance: Vec<Vec<f64>> =
        natural.covariance.iter().map(|row| row.iter().map(|entry| entry.rounded()).collect()).collect();
    let critical = Reference::Normal.critical();
    let kept = &state.standard.columns;
    let term = |column: &usize| {
        let name = cox.design.columns[*column].name.clone();
        match kept.iter().position(|own| own == column) {
            Some(at) => {
                let se = covariance[at][at].sqrt();
                Term::estimated(name, values[at], se, Reference::Normal, critical)
            }
            None => Term::aliased(name),
        }
    };
    let terms: Vec<Term> = state.used.iter().map(term).collect();
    let named = |aliased: bool| {
        let chosen = terms.iter().filter(move |term| term.estimate.is_none() == aliased);
        chosen.map(|term| term.name.clone()).collect::<Vec<_>>()
    };
    let df = kept.len() as u64;
    let test = |statistic: f64, df: u64| {
        let statistic = statistic.max(0.0);
        Test { statistic, df, p: chi_squared_survival(statistic, df as f64) }
    };
    let places: Vec<usize> = (1..=kept.len()).collect();
    let (mut loglik, mut loglik_null) = (done.loglik, start.loglik);
    if cox.asked.penalty == Penalty::Firth {
        let units = state.standard.log_units(&places, &cox.design);
        loglik += done.penalty + units;
        loglik_null += start.penalty + units;
    }
    let all: Vec<usize> = (0..kept.len()).collect();
    let (wald, rank) = term_tests::wald(&values, &covariance, &all);
    let finishing = state.finishing.as_ref();
    let interactions = additions.interactions.as_ref();
    let interactions =
        interactions.or_else(|| finishing.and_then(|finishing| finishing.interactions.as_ref()));
    let proportional = interactions.map(|own| own.tests(&done.inverse, &cox.design, &state.standard));
    Report {
        n: state.rows,
        missing: state.lost,
        events: state.events,
        ties: match cox.asked.ties {
            Ties::Efron => "efron",
            Ties::Breslow => "breslow",
        },
        strata: cox.strata.names(),
        grid: cox.grid().map(|times| [times.at(1), times.at(times.len() - 1)]),
        hazard_ratios: terms.iter().map(HazardRatio::of).collect(),
        aliased: named(true),
        covariance: Covariance { terms: named(false), values: covariance },
        terms,
        loglik,
        loglik_null,
        aic: 2.0 * df as f64 - 2.0 * loglik,
        df,
        errors: cox.asked.errors_name(),
        clusters,
        tests: Tests {
            likelihood_ratio: test(2.0 * (loglik - loglik_null), df),
            wald: test(wald, rank),
            score: (cox.asked.penalty == Penalty::None).then(|| test(start.score, df)),
        },
        proportional,
        concordance: additions.pairs.map(Concordance::of),
        baseline: cox.grid().map(|_| baseline(cox, state)),
        iterations: state.round,
    }
}

/// The coefficients and their covariance in the units of the columns.
fn natural(cox: &Cox, state: &State, done: &Done, robust: Option<Robust>) -> Estimates {
    let covariance = match robust {
        Some(robust) => robust.covariance,
        None => {
            let row = |row: &Vec<f64>| row.iter().map(|entry| Twofold::from(*entry)).collect();
            done.inverse.iter().map(row).collect()
        }
    };
    let values = state.fit.estimates.iter().map(|value| Twofold::from(*value)).collect();
    let places: Vec<usize> = (1..=state.standard.columns.len()).collect();
    state.standard.natural(&places, &Estimates { values, covariance }, &cox.design)
}

/// R's `basehaz(centered = FALSE)` at the times of events.
fn baseline(cox: &Cox, state: &State) -> Vec<Baseline> {
    let Some((times, finishing)) = cox.grid().zip(state.finishing.as_ref()) else { return Vec::new() };
    // The predictor of somebody whose columns are all 0, in the coordinates of the fit.
    let zero = (0..state.standard.columns.len())
        .map(|at| -state.standard.shift(at, &cox.design).rounded() * state.fit.estimates[at])
        .fold(0.0, |sum, part| sum + part);
    let of_stratum = |(at, hazards): (usize, &super::hazards::Hazards)| {
        let mut sum = 0.0;
        let step = |term: &super::partial::Term| {
            sum += term.hazard;
            Some(sum * libm::exp(zero)).filter(|hazard| hazard.is_finite())
        };
        Baseline {
            stratum: Some(cox.strata.code(at)).filter(|code| !code.is_empty()),
            times: hazards.times.iter().map(|time| times.at(*time as usize)).collect(),
            cumulative_hazard: hazards.terms.iter().map(step).collect(),
        }
    };
    finishing.hazards.iter().enumerate().map(of_stratum).collect()
}

impl HazardRatio {
    fn of(term: &Term) -> Self {
        let ratio = |log: Option<f64>| log.map(libm::exp).filter(|ratio| ratio.is_finite());
        Self {
            name: term.name.clone(),
            estimate: ratio(term.estimate),
            lower: ratio(term.lower),
            upper: ratio(term.upper),
        }
    }
}

impl Concordance {
    fn of(Pairs { concordant, discordant, tied }: Pairs) -> Self {
        let all = concordant + discordant + tied;
        let estimate = (all > 0).then(|| (concordant as f64 + tied as f64 / 2.0) / all as f64);
        Self { estimate, concordant, discordant, tied }
    }
}

impl Report {
    fn shown(&self, cox: &Cox) -> Vec<Table> {
        let or_empty = |number: Option<f64>| number.map_or(Cell::Empty, Cell::from);
        let headings = ["Term", "Hazard ratio", "Lower", "Upper", "p", "Estimate", "SE"];
        let mut terms = Table::new(format!("Cox model of {}", cox.design.outcome), headings);
        terms.rows.extend(self.terms.iter().zip(&self.hazard_ratios).map(|(term, ratio)| {
            let numbers =
                [ratio.estimate, ratio.lower, ratio.upper, term.p, term.estimate, term.se].map(or_empty);
            std::iter::once(term.name.as_str().into()).chain(numbers).collect()
        }));
        let headings = ["Rows used", "Rows lost", "Events", "Log-likelihood", "AIC", "Concordance", "Rounds"];
        let mut model = Table::new("Model", headings);
        model.rows.push(vec![
            self.n.into(),
            self.missing.map_or(Cell::Withheld, Cell::from),
            self.events.into(),
            self.loglik.into(),
            self.aic.into(),
            or_empty(self.concordance.as_ref().and_then(|own| own.estimate)),
            u64::from(self.iterations).into(),
        ]);
        let mut tests = Table::new("Tests of the model", ["Test", "Statistic", "df", "p"]);
        let named = [
            ("Likelihood ratio", Some(&self.tests.likelihood_ratio)),
            ("Wald", Some(&self.tests.wald)),
            ("Score", self.tests.score.as_ref()),
        ];
        tests.rows.extend(named.into_iter().filter_map(|(name, test)| {
            test.map(|test| vec![name.into(), test.statistic.into(), test.df.into(), test.p.into()])
        }));
        let mut shown = vec![terms, model, tests];
        shown.extend(
            self.proportional.as_ref().map(|own| term_tests::shown("Test of proportional hazards", own)),
        );
        shown
    }
}
