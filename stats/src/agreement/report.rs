//! The network's half of `agreement`.

use serde::Serialize;

use super::counted::{Tallies, rated_by_all};
use super::icc::{self, Added};
use super::kappa::{self, Coefficient};
use super::{Agreement, Measure, Ratings};
use crate::figure::Figure;
use crate::outcome::{Cell, Outcome, Table};
use crate::totals::Totals;
use crate::twofold::Twofold;
use crate::vector::Cells;

/// The result.
#[derive(Serialize)]
struct Report {
    measure: &'static str,
    /// The subjects that every rater rated.
    n: u64,
    raters: u64,
    /// Rows without a rating.
    missing: Figure<u64>,
    /// Subjects of several rows that not every rater rated, or one rated twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    incomplete: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    levels: Option<Vec<String>>,
    /// For two raters: a row for each category of the first, a column for each of the second.
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<Vec<Vec<u64>>>,
    coefficients: Vec<Coefficient>,
}

const WITHHELD: &str = "numbers the coefficient needs were withheld by a disclosure rule";
const NOT_ROWS: &str = "the totals are not those of any rows";
const NOBODY: &str = "no subject was rated by every rater";
const ONE_CATEGORY: &str =
    "all ratings name the same category, so that there is no agreement beyond chance to measure";

/// The largest total that is taken for one.
const MOST: i128 = 1 << 110;

pub(super) fn outcome(asked: &Agreement, totals: &Totals) -> Outcome {
    let report = match &asked.ratings {
        Ratings::Pair { raters, cells } => {
            table(totals, cells, raters[0].len(), raters[1].len()).and_then(|counts| {
                let n = counts.iter().flatten().fold(0, |sum: u64, count| sum.saturating_add(*count));
                of_two(asked, n, raters[0].codes(), counts)
            })
        }
        Ratings::Categories { raters, used, each, products, agreeing } => {
            categories(totals, raters.len(), *used, each, products, agreeing)
                .and_then(|tallies| of_many(tallies, None))
        }
        Ratings::Numbers { used, sums, squares, subjects, .. } => {
            added(totals, *used, sums, *squares, *subjects).and_then(|added| of_numbers(&added, None))
        }
        Ratings::Rows { subject, rating, cells, .. } => {
            let tables = cells.iter().map(|cells| table(totals, cells, subject.len(), rating.len()));
            tables.collect::<Result<Vec<_>, _>>().and_then(|tables| of_rows(asked, &tables, rating.codes()))
        }
    };
    match report {
        Ok(report) => {
            let report = Report { missing: totals.count(asked.missing), ..report };
            Outcome::answered(totals, &report, report.tidy(), vec![report.shown()])
        }
        Err(outcome) => *outcome,
    }
}

type Answer<T> = Result<T, Box<Outcome>>;

fn refused<T>(reason: &str) -> Answer<T> {
    Err(Box::new(Outcome::refused(reason)))
}

fn known<T>(figure: Figure<T>) -> Answer<T> {
    match figure {
        Figure::Known(value) => Ok(value),
        Figure::Withheld => Err(Box::new(Outcome::suppressed(WITHHELD))),
        Figure::Undefined => refused(NOT_ROWS),
    }
}

fn sum(totals: &Totals, at: usize) -> Answer<i128> {
    let sum = known(totals.sum(at))?;
    if sum.unsigned_abs() > MOST.unsigned_abs() { refused(NOT_ROWS) } else { Ok(sum) }
}

fn table(totals: &Totals, cells: &Cells, rows: usize, columns: usize) -> Answer<Vec<Vec<u64>>> {
    let row = |row: usize| (0..columns).map(|column| known(totals.count(cells.at(row, column)))).collect();
    (0..rows).map(row).collect()
}

fn of_two(asked: &Agreement, n: u64, levels: Vec<String>, counts: Vec<Vec<u64>>) -> Answer<Report> {
    if n == 0 {
        return refused(NOBODY);
    }
    let (measure, coefficients) = match asked.measure {
        Measure::Weighted => (
            "weighted",
            [("linear", kappa::linear as kappa::Weights), ("quadratic", kappa::quadratic)]
                .map(|(name, weights)| kappa::of_two(name, &counts, weights))
                .to_vec(),
        ),
        _ => ("cohen", vec![kappa::of_two("unweighted", &counts, kappa::unweighted)]),
    };
    let Some(coefficients) = coefficients.into_iter().collect::<Option<Vec<_>>>() else {
        return refused(ONE_CATEGORY);
    };
    let report = Report::new(measure, n, 2, coefficients);
    Ok(Report { levels: Some(levels), counts: Some(counts), ..report })
}

fn of_many(tallies: Tallies, incomplete: Option<u64>) -> Answer<Report> {
    if tallies.subjects == 0 {
        return refused(NOBODY);
    }
    if tallies.raters < 2 {
        return refused("no subject has two ratings");
    }
    match kappa::of_many(&tallies) {
        Some(coefficient) => {
            let report = Report::new("fleiss", tallies.subjects, tallies.raters, vec![coefficient]);
            Ok(Report { incomplete, ..report })
        }
        None => refused(ONE_CATEGORY),
    }
}

fn of_numbers(added: &Added, incomplete: Option<u64>) -> Answer<Report> {
    match icc::coefficients(added) {
        Ok(coefficients) => {
            let report = Report::new("icc", added.subjects, added.raters.len() as u64, coefficients.to_vec());
            Ok(Report { incomplete, ..report })
        }
        Err(reason) => refused(reason),
    }
}

fn of_rows(asked: &Agreement, tables: &[Vec<Vec<u64>>], levels: Vec<String>) -> Answer<Report> {
    if asked.measure == Measure::Fleiss {
        let (tallies, incomplete) = Tallies::of_table(tables.first().map_or(&[][..], Vec::as_slice));
        return of_many(tallies, Some(incomplete));
    }
    let (rated, incomplete) = rated_by_all(tables);
    if asked.measure == Measure::Icc {
        let number = |category: &usize| Twofold::from(*category as u64);
        let add = |sum: Twofold, term: Twofold| sum + term;
        let total = |subject: &Vec<usize>| subject.iter().map(number).fold(Twofold::ZERO, add);
        let added = Added {
            subjects: rated.len() as u64,
            raters: (0..tables.len())
                .map(|rater| rated.iter().map(|subject| number(&subject[rater])).fold(Twofold::ZERO, add))
                .collect(),
            squares: rated.iter().flatten().map(|at| number(at) * number(at)).fold(Twofold::ZERO, add),
            by_subject: rated.iter().map(|subject| total(subject) * total(subject)).fold(Twofold::ZERO, add),
        };
        return of_numbers(&added, Some(incomplete));
    }
    let mut counts = vec![vec![0; levels.len()]; levels.len()];
    for subject in &rated {
        if let [one, two] = subject[..] {
            counts[one][two] += 1;
        }
    }
    let report = of_two(asked, rated.len() as u64, levels, counts)?;
    Ok(Report { incomplete: Some(incomplete), ..report })
}

fn categories(
    totals: &Totals,
    raters: usize,
    used: usize,
    each: &[Cells],
    products: &[usize],
    agreeing: &[usize],
) -> Answer<Tallies> {
    let subjects = known(totals.count(used))?;
    let products = products.iter().map(|at| sum(totals, *at)).collect::<Answer<Vec<_>>>()?;
    let agreeing = agreeing.iter().map(|at| sum(totals, *at)).collect::<Answer<Vec<_>>>()?;
    let categories = agreeing.len() - 1;
    let named = |category: usize| {
        let counts = each.iter().map(|cells| known(totals.count(cells.at(category, 0))));
        counts.sum::<Answer<u64>>().map(i128::from)
    };
    let agreement = (0..categories).map(|at| products[at * (at + 3) / 2]).sum();
    Ok(Tallies {
        subjects,
        raters: raters as u64,
        times: (0..categories).map(named).collect::<Answer<_>>()?,
        agreement,
        agreement_squared: agreeing[0],
        agreement_by: agreeing[1..].to_vec(),
        products,
    })
}

fn added(totals: &Totals, used: usize, sums: &[usize], squares: usize, subjects: usize) -> Answer<Added> {
    Ok(Added {
        subjects: known(totals.count(used))?,
        raters: sums.iter().map(|at| sum(totals, *at).map(Twofold::from)).collect::<Answer<_>>()?,
        squares: sum(totals, squares)?.into(),
        by_subject: sum(totals, subjects)?.into(),
    })
}

impl Report {
    fn new(measure: &'static str, n: u64, raters: u64, coefficients: Vec<Coefficient>) -> Self {
        let (incomplete, levels, counts) = (None, None, None);
        Self { measure, n, raters, missing: Figure::Undefined, incomplete, levels, counts, coefficients }
    }

    fn tidy(&self) -> Table {
        let columns = ["coefficient", "estimate", "se", "lower", "upper", "statistic", "p", "n"];
        let mut table = Table::new("agreement", columns);
        for own in &self.coefficients {
            let se = own.se.unwrap_or(Figure::Undefined);
            let numbers = [own.estimate, se, own.lower, own.upper, own.statistic, own.p].map(Cell::from);
            table.rows.push([own.name.into()].into_iter().chain(numbers).chain([self.n.into()]).collect());
        }
        table
    }

    fn shown(&self) -> Table {
        let title = format!("Agreement of {} raters on {} subjects", self.raters, self.n);
        let mut table = Table::new(title, ["Coefficient", "Estimate", "Lower", "Upper", "p"]);
        for own in &self.coefficients {
            let numbers = [own.estimate, own.lower, own.upper, own.p].map(Cell::from);
            table.rows.push([own.name.into()].into_iter().chain(numbers).collect());
        }
        table
    }
}
