//! The network's half of `describe`: summaries, and the tables that show them.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::comparison::{self, Comparison};
use super::{Content, Describe, Described};
use crate::distribution::t_critical;
use crate::figure::Figure;
use crate::grid::{Grid, GridUsed};
use crate::levels::Levels;
use crate::moments::{Moments, sums_of_positions};
use crate::outcome::{Cell, Outcome, Table};
use crate::proportion::Proportion;
use crate::shape::{Skew, powers_of_positions};
use crate::totals::Totals;

/// The result.
#[derive(Serialize)]
struct Description<'a> {
    groups: Vec<Group>,
    /// The groups compared in each variable, where there are any.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    comparisons: BTreeMap<&'a str, &'a Comparison>,
}

/// The rows of one group, or all rows.
#[derive(Serialize)]
struct Group {
    /// The group's level, or levels; null for all rows.
    by: Value,
    #[serde(serialize_with = "as_map")]
    variables: Vec<(String, Summary)>,
    /// The level of each factor, for tables.
    #[serde(skip)]
    codes: Vec<String>,
    /// The group's name for people.
    #[serde(skip)]
    label: String,
}

/// A variable in a group.
#[derive(Serialize)]
struct Summary {
    n: Figure<u64>,
    missing: Figure<u64>,
    #[serde(flatten)]
    number: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<Counts>,
    /// The shares of those with a value, by level.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_optional_map")]
    shares: Option<Vec<(String, Proportion)>>,
}

/// What is said about a number.
#[derive(Serialize)]
struct Number {
    mean: Figure<f64>,
    sd: Figure<f64>,
    se: Figure<f64>,
    /// Student's 95 % interval of the mean.
    interval: [Figure<f64>; 2],
    #[serde(flatten)]
    shape: Skew,
    /// R's type 7, its default.
    #[serde(serialize_with = "as_map")]
    quantiles: Vec<(String, Figure<f64>)>,
    /// R's type 2.
    #[serde(serialize_with = "as_map")]
    quantiles_type2: Vec<(String, Figure<f64>)>,
    grid: GridUsed,
}

/// How many have each level: the code, its label and the count.
struct Counts(Vec<(String, String, Figure<u64>)>);

pub(super) fn outcome(describe: &Describe, totals: &Totals) -> Outcome {
    let groups = groups(describe, totals);
    let comparisons = comparison::comparisons(describe, totals);
    let tidy = tidy(describe, &groups, &comparisons);
    let shown = [numbers(describe, &groups), counts(describe, &groups), comparison::shown(&comparisons)];
    let shown = shown.into_iter().filter(|table| !table.rows.is_empty()).collect();
    let comparisons = comparison::by_variable(&comparisons);
    Outcome::answered(totals, &Description { groups, comparisons }, tidy, shown)
}

/// All rows first, then each group somebody may be in.
fn groups(describe: &Describe, totals: &Totals) -> Vec<Group> {
    let by = &describe.groups;
    let everybody = Group {
        by: Value::Null,
        variables: summaries(describe, 0..by.headings().len(), totals),
        codes: vec![String::new(); by.by().len()],
        label: "All".to_owned(),
    };
    let each = (0..by.len()).filter(|_| !by.is_everybody()).map(|group| Group {
        by: by.value(group),
        variables: summaries(describe, group..group + 1, totals),
        codes: by.codes(group),
        label: by.label(group),
    });
    let each = each.filter(|group| !(by.leave_out_empty() && group.is_empty()));
    std::iter::once(everybody).chain(each).collect()
}

impl Group {
    fn is_empty(&self) -> bool {
        let nobody = |summary: &Summary| Figure::total([summary.n, summary.missing]) == Figure::Known(0);
        self.variables.iter().all(|(_, summary)| nobody(summary))
    }
}

fn summaries(describe: &Describe, rows: std::ops::Range<usize>, totals: &Totals) -> Vec<(String, Summary)> {
    let summary = |described: &Described| {
        (described.name.to_string(), described.summary(rows.clone(), &describe.quantiles, totals))
    };
    describe.variables.iter().map(summary).collect()
}

impl Described {
    /// The summary of the groups in these rows of the tables, taken together.
    fn summary(&self, rows: std::ops::Range<usize>, quantiles: &[f64], totals: &Totals) -> Summary {
        let missing = Figure::total(rows.clone().map(|row| totals.count(self.missing.at(row, 0))));
        match &self.content {
            Content::Counts { levels, cells } => {
                let count = |level| Figure::total(rows.clone().map(|row| totals.count(cells.at(row, level))));
                of_levels(levels, (0..levels.len()).map(count).collect(), missing, quantiles)
            }
            Content::Number { number, shape } => {
                let moments = number.moments(rows.clone(), totals);
                let sums = number.pooled_sums(rows.clone(), totals);
                let powers = shape.as_ref().map(|shape| shape.powers(rows.clone(), totals));
                let shape = Skew::new(moments.n, sums, powers.unwrap_or(Figure::Undefined));
                let (counts, used) = number.pooled(rows, totals);
                let number = Number::new(&moments, shape, quantiles, &number.grid, &counts, used);
                Summary { n: moments.n, missing, number: Some(number), counts: None, shares: None }
            }
        }
    }
}

/// A factor's summary is its counts; that of an integer of few values is computed from them.
fn of_levels(levels: &Levels, counts: Vec<Figure<u64>>, missing: Figure<u64>, quantiles: &[f64]) -> Summary {
    let known = Figure::all(counts.iter().copied());
    let n = Figure::total(counts.iter().copied());
    let number = levels.grid().map(|(quantity, grid)| {
        let sums = known.clone().map(|counts| sums_of_positions(&counts));
        let powers = known.clone().map(|counts| powers_of_positions(&counts));
        let moments = Moments::new(n, sums, &quantity);
        Number::new(&moments, Skew::new(n, sums, powers), quantiles, &grid, &known, grid.used(None))
    });
    let all = counts.into_iter().enumerate();
    let kept = all.filter(|(_, count)| !(levels.are_integers() && *count == Figure::Known(0)));
    let named: Vec<_> = kept
        .map(|(level, count)| (levels.code(level).to_owned(), levels.label_of(level).to_owned(), count))
        .collect();
    let shares = named.iter().map(|(code, _, count)| (code.clone(), Proportion::new(*count, n))).collect();
    Summary { n, missing, number, counts: Some(Counts(named)), shares: Some(shares) }
}

impl Number {
    fn new(
        moments: &Moments,
        shape: Skew,
        quantiles: &[f64],
        grid: &Grid,
        counts: &Figure<Vec<u64>>,
        used: GridUsed,
    ) -> Self {
        let named = |values| quantiles.iter().map(f64::to_string).zip::<Vec<_>>(values).collect();
        let reach = moments.se().and(moments.n).map(|(se, n)| se * t_critical(0.95, (n - 1) as f64));
        let end =
            |sign: f64| moments.mean.and(reach).and_then(|(mean, reach)| Figure::finite(mean + sign * reach));
        Self {
            mean: moments.mean,
            sd: moments.sd(),
            se: moments.se(),
            interval: [end(-1.0), end(1.0)],
            shape,
            quantiles: named(grid.quantiles(quantiles, counts, used)),
            quantiles_type2: named(grid.averaged_quantiles(quantiles, counts, used)),
            grid: used,
        }
    }
}

/// A list of pairs as a JSON object.
fn as_map<S: Serializer, T: Serialize>(pairs: &[(String, T)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(key, value)| (key, value)))
}

fn as_optional_map<S: Serializer, T: Serialize>(
    pairs: &Option<Vec<(String, T)>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    as_map(pairs.as_deref().unwrap_or_default(), serializer)
}

impl Serialize for Counts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(code, _, count)| (code, count)))
    }
}

fn tidy(describe: &Describe, groups: &[Group], comparisons: &[Comparison]) -> Table {
    let by = describe.groups.by().iter().map(|levels| format!("by_{}", levels.name));
    let columns = by.chain(["variable", "statistic", "level", "value"].map(str::to_owned));
    let mut table = Table::new("describe", columns);
    for group in groups {
        for (variable, summary) in &group.variables {
            let by = group.codes.iter().map(|code| Cell::from(code.as_str()));
            let start: Vec<Cell> = by.chain([variable.as_str().into()]).collect();
            let mut add = |statistic: &str, level: &str, value: Cell| {
                let row = start.iter().cloned().chain([statistic.into(), level.into(), value]);
                table.rows.push(row.collect());
            };
            add("n", "", summary.n.into());
            add("missing", "", summary.missing.into());
            if let Some(number) = &summary.number {
                add("mean", "", number.mean.into());
                add("sd", "", number.sd.into());
                add("se", "", number.se.into());
                add("mean_lower", "", number.interval[0].into());
                add("mean_upper", "", number.interval[1].into());
                add("skewness", "", number.shape.skewness.into());
                add("kurtosis", "", number.shape.kurtosis.into());
                number.quantiles.iter().for_each(|(p, value)| add("quantile", p, (*value).into()));
                number
                    .quantiles_type2
                    .iter()
                    .for_each(|(p, value)| add("quantile_type2", p, (*value).into()));
            }
            let counts = summary.counts.iter().flat_map(|counts| &counts.0);
            counts.for_each(|(code, _, count)| add("count", code, (*count).into()));
            for (code, share) in summary.shares.iter().flatten() {
                add("share", code, share.share.into());
                add("wilson_lower", code, share.wilson[0].into());
                add("wilson_upper", code, share.wilson[1].into());
                add("exact_lower", code, share.clopper_pearson[0].into());
                add("exact_upper", code, share.clopper_pearson[1].into());
            }
        }
    }
    for comparison in comparisons {
        let start =
            describe.groups.by().iter().map(|_| Cell::Empty).chain([comparison.variable.as_str().into()]);
        let start: Vec<Cell> = start.collect();
        table
            .rows
            .extend(comparison.tidy().into_iter().map(|end| start.iter().cloned().chain(end).collect()));
    }
    table
}

/// For people: a row for each number and group.
fn numbers(describe: &Describe, groups: &[Group]) -> Table {
    let quantiles = describe.quantiles.iter().map(|p| match *p {
        0.5 => "Median".to_owned(),
        p => format!("Quantile {p}"),
    });
    let columns =
        ["Variable", "Group", "n", "Missing", "Mean", "SD", "Skewness", "Kurtosis"].map(str::to_owned);
    let mut table = Table::new("Numbers", columns.into_iter().chain(quantiles));
    for (at, described) in describe.variables.iter().enumerate() {
        for group in groups {
            let (_, summary) = &group.variables[at];
            let Some(number) = &summary.number else { continue };
            let start = [described.label.as_str().into(), group.label.as_str().into()];
            let shape = [number.shape.skewness.into(), number.shape.kurtosis.into()];
            let middle = [summary.n.into(), summary.missing.into(), number.mean.into(), number.sd.into()];
            let middle = middle.into_iter().chain(shape);
            let quantiles = number.quantiles.iter().map(|(_, value)| Cell::from(*value));
            table.rows.push(start.into_iter().chain(middle).chain(quantiles).collect());
        }
    }
    table
}

/// For people: a row for each level, a column for each group.
fn counts(describe: &Describe, groups: &[Group]) -> Table {
    let labels = groups.iter().map(|group| group.label.clone());
    let mut table =
        Table::new("Counts", ["Variable".to_owned(), "Level".to_owned()].into_iter().chain(labels));
    for (at, described) in describe.variables.iter().enumerate() {
        let Some(all) = groups.first().and_then(|group| group.variables[at].1.counts.as_ref()) else {
            continue;
        };
        for (code, label, _) in &all.0 {
            let count = |group: &Group| {
                let counts = group.variables[at].1.counts.iter().flat_map(|counts| &counts.0);
                let found = counts.clone().find(|(own, _, _)| own == code);
                found.map_or(Cell::Count(0), |(_, _, count)| (*count).into())
            };
            let start = [described.label.as_str().into(), label.as_str().into()];
            table.rows.push(start.into_iter().chain(groups.iter().map(count)).collect());
        }
        let missing = groups.iter().map(|group| Cell::from(group.variables[at].1.missing));
        let start = [described.label.as_str().into(), "missing".into()];
        table.rows.push(start.into_iter().chain(missing).collect());
    }
    table
}
