//! The network's half of `table`: the counts with their margins, and the tests.

use std::collections::BTreeMap;

use serde::Serialize;

use super::association::{self, Ratio, Test};
use super::two_by_two::Effects;
use super::{Asked, CrossTable, fisher, mantel_haenszel, mcnemar, trend};
use crate::figure::Figure;
use crate::levels::Levels;
use crate::outcome::{Cell, Outcome, Table};
use crate::totals::Totals;
use crate::vector::Cells;

/// The result.
#[derive(Serialize)]
struct Counts {
    rows: Vec<String>,
    columns: Vec<String>,
    #[serde(flatten)]
    all: Margins,
    /// How many rows lack one of the factors.
    missing: Figure<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    layers: Option<Vec<Layer>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    effects: Option<Effects>,
    tests: BTreeMap<&'static str, Test>,
}

/// A table of counts and its margins.
#[derive(Serialize)]
struct Margins {
    counts: Vec<Vec<Figure<u64>>>,
    row_totals: Vec<Figure<u64>>,
    column_totals: Vec<Figure<u64>>,
    total: Figure<u64>,
}

/// The table of one level of `layers_by`.
#[derive(Serialize)]
struct Layer {
    level: String,
    #[serde(flatten)]
    table: Margins,
    #[serde(skip)]
    label: String,
}

/// Counts by row and column, every level among them.
type Grid = Vec<Vec<Figure<u64>>>;

pub(super) fn outcome(asked: &CrossTable, totals: &Totals) -> Outcome {
    let layers: Vec<Grid> = asked.counts.iter().map(|cells| asked.grid(cells, totals)).collect();
    let cell = |row: usize, column: usize| Figure::total(layers.iter().map(|layer| layer[row][column]));
    let all: Grid = (0..asked.rows.len())
        .map(|row| (0..asked.columns.len()).map(|column| cell(row, column)).collect())
        .collect();
    let margins = Margins::of(&all, asked.columns.len());
    let rows = kept(&asked.rows, &margins.row_totals);
    let columns = kept(&asked.columns, &margins.column_totals);
    let all_known = known(&all);
    let tests = asked.tests.iter().flat_map(|test| test.run(asked, &layers, all_known.as_deref())).collect();
    let codes = |levels: &Levels, kept: &[usize]| kept.iter().map(|at| levels.code(*at).to_owned()).collect();
    let result = Counts {
        rows: codes(&asked.rows, &rows),
        columns: codes(&asked.columns, &columns),
        all: Margins::of(&narrowed(&all, &rows, &columns), columns.len()),
        missing: totals.count(asked.missing),
        layers: asked.layers.as_ref().map(|by| layered(by, &layers, &rows, &columns)),
        effects: all_known.and_then(|counts| effects(asked, &counts)),
        tests,
    };
    let labels =
        |levels: &Levels, kept: &[usize]| kept.iter().map(|at| levels.label_of(*at).to_owned()).collect();
    let shown = result.shown(asked, labels(&asked.rows, &rows), labels(&asked.columns, &columns));
    Outcome::answered(totals, &result, result.tidy(), shown)
}

impl CrossTable {
    fn grid(&self, cells: &Cells, totals: &Totals) -> Grid {
        let row = |row| (0..self.columns.len()).map(|column| totals.count(cells.at(row, column))).collect();
        (0..self.rows.len()).map(row).collect()
    }
}

impl Margins {
    /// The margins of rows that have so many columns.
    fn of(counts: &Grid, columns: usize) -> Self {
        let column = |column: usize| Figure::total(counts.iter().map(|row| row[column]));
        let row_totals: Vec<_> = counts.iter().map(|row| Figure::total(row.iter().copied())).collect();
        Self {
            total: Figure::total(row_totals.iter().copied()),
            row_totals,
            column_totals: (0..columns).map(column).collect(),
            counts: counts.clone(),
        }
    }
}

/// The levels shown: whole numbers that nobody has are left out.
fn kept(levels: &Levels, totals: &[Figure<u64>]) -> Vec<usize> {
    let kept = |level: &usize| !(levels.are_integers() && totals[*level] == Figure::Known(0));
    (0..levels.len()).filter(kept).collect()
}

fn narrowed(counts: &Grid, rows: &[usize], columns: &[usize]) -> Grid {
    rows.iter().map(|row| columns.iter().map(|column| counts[*row][*column]).collect()).collect()
}

fn layered(by: &Levels, layers: &[Grid], rows: &[usize], columns: &[usize]) -> Vec<Layer> {
    let of = |(at, counts): (usize, &Grid)| Layer {
        level: by.code(at).to_owned(),
        table: Margins::of(&narrowed(counts, rows, columns), columns.len()),
        label: by.label_of(at).to_owned(),
    };
    let layers = layers.iter().enumerate().map(of);
    layers.filter(|layer| !(by.are_integers() && layer.table.total == Figure::Known(0))).collect()
}

/// The counts, where all of them are known.
fn known(counts: &Grid) -> Option<Vec<Vec<u64>>> {
    Figure::all(counts.iter().map(|row| Figure::all(row.iter().copied()))).known()
}

/// The positions of the rows and of the columns that have anybody in them.
fn occupied(counts: &[Vec<u64>]) -> (Vec<usize>, Vec<usize>) {
    let columns = counts.first().map_or(0, Vec::len);
    let rows = (0..counts.len()).filter(|row| counts[*row].iter().any(|count| *count > 0));
    let columns = (0..columns).filter(|column| counts.iter().any(|row| row[*column] > 0));
    (rows.collect(), columns.collect())
}

/// The effects in a table of two occupied rows and two occupied columns.
fn effects(asked: &CrossTable, counts: &[Vec<u64>]) -> Option<Effects> {
    let (rows, columns) = occupied(counts);
    let ([first, second], [no, yes]) = (rows.as_slice(), columns.as_slice()) else { return None };
    let pick = |row: usize| [counts[row][*no], counts[row][*yes]];
    let names = [asked.rows.code(*first), asked.rows.code(*second)];
    Some(Effects::of([pick(*first), pick(*second)], names, asked.columns.code(*yes)))
}

impl Asked {
    /// The test's results by name; some have several.
    fn run(self, asked: &CrossTable, layers: &[Grid], all: Option<&[Vec<u64>]>) -> Vec<(&'static str, Test)> {
        let Some(counts) = all else { return vec![(self.name(), Test::withheld())] };
        match self {
            Self::ChiSquared => association::chi_squared(&association::occupied(counts)),
            Self::Fisher => vec![(self.name(), fisher::test(&association::occupied(counts)))],
            Self::Trend => vec![(self.name(), trend_test(asked, counts))],
            Self::MantelHaenszel => over_layers(layers, counts),
            Self::McNemar => mcnemar::tests(counts),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::ChiSquared => "chi_squared",
            Self::Fisher => "fisher",
            Self::Trend => "trend",
            Self::MantelHaenszel => "mantel_haenszel",
            Self::McNemar => "mcnemar",
        }
    }
}

/// The trend over the rows of the share in the second column, or over the columns of that in the second row.
fn trend_test(asked: &CrossTable, counts: &[Vec<u64>]) -> Test {
    let (rows, columns) = occupied(counts);
    let (ordered, levels, of): (_, _, Box<dyn Fn(usize) -> [u64; 2]>) = match (&rows[..], &columns[..]) {
        (_, &[no, yes]) => (&rows, &asked.rows, Box::new(move |row| [counts[row][no], counts[row][yes]])),
        (&[no, yes], _) => {
            (&columns, &asked.columns, Box::new(move |column| [counts[no][column], counts[yes][column]]))
        }
        _ => return Test::refused("a trend needs two occupied rows or two occupied columns"),
    };
    let each: Vec<[u64; 2]> = ordered.iter().map(|level| of(*level)).collect();
    let events: Vec<u64> = each.iter().map(|[_, events]| *events).collect();
    let trials: Vec<u64> = each.iter().map(|[others, events]| others + events).collect();
    // Whole numbers are their own scores; levels are 1, 2, 3 and so on, as R scores them.
    let number = |level: &usize| levels.are_integers().then(|| levels.code(*level).parse().ok()).flatten();
    let scores: Option<Vec<f64>> = ordered.iter().map(number).collect();
    let scores = scores.unwrap_or_else(|| (1..=ordered.len()).map(|score| score as f64).collect());
    trend::test(scores, &events, &trials)
}

/// The test within layers, of the two rows and two columns that anybody is in.
fn over_layers(layers: &[Grid], all: &[Vec<u64>]) -> Vec<(&'static str, Test)> {
    let (rows, columns) = occupied(all);
    let (&[first, second], &[no, yes]) = (rows.as_slice(), columns.as_slice()) else {
        let reason = "it compares two occupied rows and two occupied columns";
        return vec![(Asked::MantelHaenszel.name(), Test::refused(reason))];
    };
    let pick = |counts: Vec<Vec<u64>>| [first, second].map(|row| [counts[row][no], counts[row][yes]]);
    let layers: Option<Vec<_>> = layers.iter().map(|layer| known(layer).map(pick)).collect();
    match layers {
        Some(layers) => mantel_haenszel::tests(&layers),
        None => vec![(Asked::MantelHaenszel.name(), Test::withheld())],
    }
}

impl Counts {
    fn tidy(&self) -> Table {
        let Some(layers) = &self.layers else {
            let mut table = Table::new("table", ["row", "column", "count"]);
            table.rows = self.tidy_rows(&self.all);
            return table;
        };
        let mut table = Table::new("table", ["layer", "row", "column", "count"]);
        for layer in layers {
            let rows = self.tidy_rows(&layer.table).into_iter();
            table.rows.extend(
                rows.map(|row| std::iter::once(Cell::from(layer.level.as_str())).chain(row).collect()),
            );
        }
        table
    }

    fn tidy_rows(&self, table: &Margins) -> Vec<Vec<Cell>> {
        let row = |(row, counts): (&String, &Vec<Figure<u64>>)| {
            let cells = self.columns.iter().zip(counts.clone());
            let cells =
                cells.map(|(column, count)| vec![row.as_str().into(), column.as_str().into(), count.into()]);
            cells.collect::<Vec<_>>()
        };
        self.rows.iter().zip(&table.counts).flat_map(row).collect()
    }

    /// For people: the counts with their margins, in all and in each layer, the effects and the tests.
    fn shown(&self, asked: &CrossTable, rows: Vec<String>, columns: Vec<String>) -> Vec<Table> {
        let title = format!("{} by {}", asked.rows.label, asked.columns.label);
        let headings: Vec<String> =
            std::iter::once(asked.rows.label.clone()).chain(columns).chain(["Total".to_owned()]).collect();
        let mut shown = vec![self.all.shown(title.clone(), &headings, &rows)];
        for (by, layer) in
            asked.layers.iter().flat_map(|by| self.layers.iter().flatten().map(move |l| (by, l)))
        {
            let title = format!("{title}: {} {}", by.label, layer.label);
            shown.push(layer.table.shown(title, &headings, &rows));
        }
        shown.extend(self.effects.as_ref().map(Effects::shown));
        if !self.tests.is_empty() {
            let mut tests = Table::new("Tests", Test::HEADINGS);
            tests.rows.extend(self.tests.iter().map(|(name, test)| test.shown(name)));
            shown.push(tests);
        }
        shown
    }
}

impl Margins {
    fn shown(&self, title: String, headings: &[String], rows: &[String]) -> Table {
        let mut table = Table::new(title, headings.iter().cloned());
        for ((label, row), total) in rows.iter().zip(&self.counts).zip(&self.row_totals) {
            let cells = row.iter().chain([total]).map(|count| Cell::from(*count));
            table.rows.push(std::iter::once(label.as_str().into()).chain(cells).collect());
        }
        let margin = self.column_totals.iter().chain([&self.total]).map(|count| Cell::from(*count));
        table.rows.push(std::iter::once("Total".into()).chain(margin).collect());
        table
    }
}

impl Ratio {
    pub(super) fn cell(self) -> Cell {
        match self {
            Self::Finite(value) => value.into(),
            Self::Infinite(text) => text.into(),
        }
    }
}
