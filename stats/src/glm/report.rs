//! What a generalised linear model reports.

use std::f64::consts::PI;

use serde::Serialize;

use super::Glm;
use super::family::Family;
use super::progress::{Done, Progress};
use super::section::{Dispersion, Penalty};
use super::state::State;
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
    family: &'static str,
    link: &'static str,
    n: u64,
    /// How many rows lack a variable of the model.
    missing: Option<u64>,
    /// How many outcomes are 1, where they are 0 or 1.
    events: Option<u64>,
    terms: Vec<Term>,
    /// Terms that earlier ones give.
    aliased: Vec<String>,
    covariance: Covariance,
    deviance: f64,
    null_deviance: f64,
    dispersion: f64,
    /// Regression, residual.
    df: [u64; 2],
    /// Residual degrees of freedom of the null model.
    df_null: u64,
    loglik: Option<f64>,
    aic: Option<f64>,
    bic: Option<f64>,
    pseudo_r_squared: Option<PseudoRSquared>,
    /// The mean squared distance of outcomes from their probabilities.
    brier: Option<f64>,
    /// Of a negative binomial model.
    theta: Option<Theta>,
    /// How the standard errors were found.
    errors: &'static str,
    /// How many patients the rows are of, where errors are by patient.
    clusters: Option<u64>,
    tests: Tests,
    /// How many rounds were asked.
    iterations: u32,
}

/// How much better than the null model.
#[derive(Serialize)]
struct PseudoRSquared {
    mcfadden: f64,
    cox_snell: f64,
    nagelkerke: f64,
}

/// The shape of a negative binomial distribution, whose variance is `mu + mu²/theta`.
#[derive(Serialize)]
struct Theta {
    estimate: f64,
    se: Option<f64>,
}

#[derive(Serialize)]
struct Tests {
    /// All terms but the intercept.
    likelihood_ratio: Option<Test>,
    /// Each term, by the likelihood.
    type2: Option<Vec<TermTest>>,
    /// Each term, by the covariance.
    wald: Option<Vec<TermTest>>,
}

#[derive(Serialize)]
struct Test {
    statistic: f64,
    df: u64,
    p: f64,
}

/// A sandwich, in the coordinates of the fit.
pub(super) struct Robust {
    pub(super) covariance: Vec<Vec<Twofold>>,
    pub(super) clusters: Option<u64>,
}

pub(super) fn outcome(glm: &Glm, totals: &Totals, state: &State, robust: Option<Robust>) -> Outcome {
    let (model, null) = (&state.fits[0], &state.fits[1]);
    let (Some(done), Some(null_done)) = (&model.done, &null.done) else {
        return Outcome::refused("the fit has not come to its end");
    };
    let residual = state.rows - model.places.len() as u64;
    let (dispersion, reference) = match glm.asked.dispersion {
        Dispersion::One => (1.0, Reference::Normal),
        Dispersion::Estimated => (done.pearson / residual as f64, Reference::T(residual as f64)),
    };
    if dispersion.is_nan() || dispersion <= EXACT * (null_done.deviance / state.rows as f64) {
        return Outcome::refused("the model fits the outcome exactly, which leaves no errors to estimate");
    }
    let report = report(glm, state, [done, null_done], dispersion, reference, robust);
    let title = format!("{} model of {} ({})", capital(report.family), glm.design.outcome, report.link);
    let mut shown = vec![terms::shown(title, &report.terms, reference.symbol()), report.summary(state)];
    shown.extend(report.tests.type2.iter().map(|tests| term_tests::shown("Tests of terms (type II)", tests)));
    shown.extend(report.tests.wald.iter().map(|tests| term_tests::shown("Tests of terms (Wald)", tests)));
    let mut outcome = Outcome::answered(totals, &report, terms::tidy(glm.asked.kind, &report.terms), shown);
    if state.lost.is_none() && outcome.status == Status::Released {
        outcome.status = Status::PartlySuppressed;
        outcome.reason = Some("the number of rows lost was withheld by a disclosure rule".to_owned());
    }
    outcome
}

/// A dispersion below this share of the outcome's is of an exact fit.
const EXACT: f64 = 1e-20;

fn report(
    glm: &Glm,
    state: &State,
    [done, null]: [&Done; 2],
    dispersion: f64,
    reference: Reference,
    robust: Option<Robust>,
) -> Report {
    let model = &state.fits[0];
    let clusters = robust.as_ref().and_then(|robust| robust.clusters);
    let natural = natural(glm, state, model, done, dispersion, robust);
    let covariance: Vec<Vec<f64>> =
        natural.covariance.iter().map(|row| row.iter().map(|entry| entry.rounded()).collect()).collect();
    // As R's confint.default, also where a dispersion is estimated.
    let critical = Reference::Normal.critical();
    let used = (0..state.standard.columns.len() + 1).skip(usize::from(!glm.design.intercept));
    let labels = glm.labels(state, &used.clone().collect::<Vec<_>>());
    let term = |(place, name): (usize, String)| match model.places.iter().position(|own| *own == place) {
        Some(at) => {
            let se = covariance[at][at].sqrt();
            Term::estimated(name, natural.values[at].rounded(), se, reference, critical)
        }
        None => Term::aliased(name),
    };
    let terms: Vec<Term> = used.zip(labels).map(term).collect();
    let wald = glm.asked.tests.contains(&term_tests::Asked::Wald).then(|| {
        let values: Vec<f64> = natural.values.iter().map(|value| value.rounded()).collect();
        wald(glm, state, &values, &covariance, reference)
    });
    let named = |aliased: bool| {
        let chosen = terms.iter().filter(move |term| term.estimate.is_none() == aliased);
        chosen.map(|term| term.name.clone()).collect::<Vec<_>>()
    };
    let (n, rank) = (state.rows as f64, model.places.len() as u64);
    let constant = u64::from(glm.design.intercept);
    let squared = glm.scale * glm.scale;
    let (deviance, null_deviance) = (done.deviance * squared, null.deviance * squared);
    let binary = matches!(glm.asked.family, Family::Binomial(_));
    let loglik = match (glm.asked.family, glm.asked.dispersion) {
        (Family::Gaussian, _) => Some(-n / 2.0 * (libm::log(2.0 * PI * deviance / n) + 1.0)),
        (_, Dispersion::Estimated) => None,
        (_, Dispersion::One) if glm.asked.penalty == Penalty::Firth => {
            let units = state.standard.log_units(&model.places, &glm.design);
            Some(done.loglik + done.penalty + units)
        }
        (_, Dispersion::One) => Some(done.loglik),
    };
    let one_more = matches!(glm.asked.family, Family::Gaussian | Family::NegativeBinomial);
    let parameters = rank as f64 + f64::from(u8::from(one_more));
    let df = rank - constant.min(rank);
    // The null model of a negative binomial one has the model's theta, as R's null deviance.
    let comparable = glm.asked.dispersion == Dispersion::One
        && glm.asked.family != Family::NegativeBinomial
        && glm.asked.penalty == Penalty::None;
    let likelihood_ratio = (comparable && df > 0).then(|| {
        let statistic = (null.deviance - done.deviance).max(0.0);
        Test { statistic, df, p: chi_squared_survival(statistic, df as f64) }
    });
    Report {
        family: glm.asked.family_name(),
        link: glm.asked.family.link(),
        n: state.rows,
        missing: state.lost,
        events: binary.then_some(state.total.round() as u64),
        aliased: named(true),
        covariance: Covariance { terms: named(false), values: covariance },
        terms,
        deviance,
        null_deviance,
        dispersion: dispersion * squared,
        df: [df, state.rows - rank],
        df_null: state.rows - constant,
        loglik,
        aic: loglik.map(|loglik| 2.0 * parameters - 2.0 * loglik),
        bic: loglik.map(|loglik| libm::log(n) * parameters - 2.0 * loglik),
        pseudo_r_squared: (binary && loglik.is_some())
            .then(|| PseudoRSquared::new(deviance, null_deviance, n)),
        brier: binary.then_some(done.squares / n),
        theta: done.theta_information.map(|information| {
            let se = 1.0 / information.sqrt();
            Theta { estimate: libm::exp(state.tau(0)), se: Some(se).filter(|se| se.is_finite()) }
        }),
        errors: glm.asked.errors.name(),
        clusters,
        tests: Tests { likelihood_ratio, type2: type2(glm, state, done, dispersion), wald },
        iterations: state.round,
    }
}

/// The tests of each term against the model without it.
fn type2(glm: &Glm, state: &State, model: &Done, dispersion: f64) -> Option<Vec<TermTest>> {
    if !glm.asked.tests.contains(&term_tests::Asked::Type2) {
        return None;
    }
    let objective = |done: &Done| match glm.asked.family {
        Family::NegativeBinomial => -2.0 * done.loglik,
        _ => done.deviance,
    };
    let mut fits = state.fits[2..].iter();
    let mut next = || fits.next().and_then(|fit| Some((objective(fit.done.as_ref()?), fit.places.len())));
    let compared = term_tests::compared(&glm.design, &state.standard.columns).into_iter();
    let tests = compared.filter_map(|term| {
        let (without, fewer) = next()?;
        let (with, more) = match term.larger {
            Some(_) => next()?,
            None => (objective(model), state.fits[0].places.len()),
        };
        let df = more.saturating_sub(fewer) as u64;
        let statistic = ((without - with) / dispersion).max(0.0);
        let p = chi_squared_survival(statistic, df as f64);
        (df > 0).then_some(TermTest { term: term.term, statistic, df: vec![df], p })
    });
    Some(tests.collect())
}

/// The tests of each term's coefficients.
fn wald(
    glm: &Glm,
    state: &State,
    estimates: &[f64],
    covariance: &[Vec<f64>],
    reference: Reference,
) -> Vec<TermTest> {
    let model = &state.fits[0];
    let tests = glm.design.terms.iter().filter_map(|term| {
        let of_term = |place: &usize| {
            place.checked_sub(1).is_some_and(|at| term.columns.contains(&state.standard.columns[at]))
        };
        let places: Vec<usize> = (0..model.places.len()).filter(|at| of_term(&model.places[*at])).collect();
        let (statistic, df) = term_tests::wald(estimates, covariance, &places);
        (df > 0).then(|| TermTest::wald(term.name.clone(), statistic, df, reference))
    });
    tests.collect()
}

/// The coefficients and their covariance in the units of the columns.
fn natural(
    glm: &Glm,
    state: &State,
    model: &Progress,
    done: &Done,
    dispersion: f64,
    robust: Option<Robust>,
) -> Estimates {
    let scale = Twofold::from(glm.scale);
    let covariance: Vec<Vec<Twofold>> = match robust {
        Some(robust) => robust.covariance,
        None => {
            let row = |row: &Vec<f64>| {
                row.iter().map(|entry| Twofold::from(*entry) * Twofold::from(dispersion)).collect()
            };
            done.inverse.iter().map(row).collect()
        }
    };
    let scaled = |row: &Vec<Twofold>| row.iter().map(|entry| *entry * scale * scale).collect();
    let estimates = Estimates {
        values: model.coefficients().iter().map(|value| Twofold::from(*value) * scale).collect(),
        covariance: covariance.iter().map(scaled).collect(),
    };
    state.standard.natural(&model.places, &estimates, &glm.design)
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

impl PseudoRSquared {
    fn new(deviance: f64, null_deviance: f64, n: f64) -> Self {
        let cox_snell = -libm::expm1((deviance - null_deviance) / n);
        let greatest = -libm::expm1(-null_deviance / n);
        Self { mcfadden: 1.0 - deviance / null_deviance, cox_snell, nagelkerke: cox_snell / greatest }
    }
}

impl Report {
    fn summary(&self, state: &State) -> Table {
        let headings = [
            "Rows used",
            "Rows lost",
            "Residual df",
            "Deviance",
            "Null deviance",
            "Dispersion",
            "AIC",
            "Rounds",
        ];
        let mut table = Table::new("Model", headings);
        table.rows.push(vec![
            self.n.into(),
            state.lost.map_or(Cell::Withheld, Cell::from),
            self.df[1].into(),
            self.deviance.into(),
            self.null_deviance.into(),
            self.dispersion.into(),
            self.aic.map_or(Cell::Empty, Cell::from),
            u64::from(self.iterations).into(),
        ]);
        table
    }
}
