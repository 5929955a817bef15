//! The network's half of `reclassification`.

use serde::Serialize;

use super::Reclassification;
use crate::figure::Figure;
use crate::outcome::{Cell, Outcome, Table};
use crate::totals::Totals;
use crate::twofold::Twofold;
use crate::wald::Wald;

/// The result.
#[derive(Serialize)]
struct Report {
    n: Figure<u64>,
    events: Figure<u64>,
    missing: Figure<u64>,
    cut_points: Vec<f64>,
    /// For rows without the event and with it: categories before by categories after.
    #[serde(skip_serializing_if = "Option::is_none")]
    categories: Option<[Vec<Vec<Figure<u64>>>; 2]>,
    /// Net reclassification between the categories.
    nri: Option<Net>,
    /// Net reclassification of any change.
    continuous_nri: Option<Net>,
    /// Integrated discrimination improvement.
    idi: Option<Wald>,
}

/// Net reclassification (Pencina and others, Statistics in Medicine 27, 2008, and 30, 2011).
#[derive(Serialize)]
struct Net {
    #[serde(flatten)]
    sum: Wald,
    events: Part,
    nonevents: Part,
}

/// That of one outcome: who moved up and down, as a share of all.
#[derive(Serialize)]
struct Part {
    up: u64,
    down: u64,
    estimate: Figure<f64>,
    se: Figure<f64>,
    #[serde(skip)]
    moved: (f64, f64),
}

pub(super) fn outcome(asked: &Reclassification, totals: &Totals) -> Outcome {
    let change = |class: usize, direction: usize| totals.count(asked.changes.at(class, direction));
    let size = |class: usize| Figure::total((0..3).map(|direction| change(class, direction)));
    let (without, with) = (size(0), size(1));
    match without.and(with) {
        Figure::Known((0, 0)) => return Outcome::refused("no row has the outcome and both predictions"),
        Figure::Known((0, _) | (_, 0)) => {
            let name = &asked.outcome.0.name;
            let reason = format!("`{name}` is the same in every row; reclassification needs both outcomes");
            return Outcome::refused(reason);
        }
        Figure::Undefined => return Outcome::refused("the totals are not those of any rows"),
        _ => {}
    }
    let levels = 0..=asked.cut_points.len();
    let categories = asked.categories.as_ref().map(|cells| {
        cells.map(|cells| {
            let row =
                |one: usize| levels.clone().map(|two| totals.count(cells.at(one, two))).collect::<Vec<_>>();
            levels.clone().map(row).collect::<Vec<_>>()
        })
    });
    let moved = |class: usize| {
        let counts = &categories.as_ref()?[class];
        let total = |up: bool| {
            let cells = levels.clone().flat_map(|one| levels.clone().map(move |two| (one, two)));
            let own = cells.filter(|(one, two)| if up { two > one } else { two < one });
            Figure::total(own.map(|(one, two)| counts[one][two]))
        };
        total(true).and(total(false)).known()
    };
    let changed = |class: usize| change(class, 0).and(change(class, 2)).known();
    let sizes = without.and(with).known();
    let report = Report {
        n: Figure::total([without, with]),
        events: with,
        missing: totals.count(asked.missing),
        cut_points: asked.cut_points.clone(),
        nri: sizes.and_then(|sizes| Some(Net::new(sizes, moved(0)?, moved(1)?))),
        continuous_nri: sizes.and_then(|sizes| Some(Net::new(sizes, changed(0)?, changed(1)?))),
        idi: sizes.and_then(|sizes| discrimination(asked, totals, sizes)),
        categories,
    };
    Outcome::answered(totals, &report, report.tidy(), vec![report.shown()])
}

impl Net {
    fn new(sizes: (u64, u64), nonevents: (u64, u64), events: (u64, u64)) -> Self {
        let (events, nonevents) = (Part::new(sizes.1, events, 1.0), Part::new(sizes.0, nonevents, -1.0));
        let se = (events.moved.1 + nonevents.moved.1).sqrt();
        Self { sum: Wald::new(events.moved.0 + nonevents.moved.0, se, 0.0), events, nonevents }
    }
}

impl Part {
    fn new(n: u64, (up, down): (u64, u64), sign: f64) -> Self {
        let (size, net, moved) = (n as f64, up as f64 - down as f64, up as f64 + down as f64);
        let estimate = sign * net / size;
        let variance = ((moved - net * net / size) / size / size).max(0.0);
        let (moved, se) = ((estimate, variance), Figure::finite(variance.sqrt()));
        Self { up, down, estimate: Figure::finite(estimate), se, moved }
    }
}

/// The greatest total of a sum.
const MOST: i128 = 1 << 121;

/// The change of predictions of rows with the event, less that of rows without; none where a sum was withheld.
fn discrimination(asked: &Reclassification, totals: &Totals, sizes: (u64, u64)) -> Option<Wald> {
    let change = |class: usize, n: u64| {
        let sum = |at: usize| {
            let sum = totals.sum(asked.sums[class][at]).known();
            sum.filter(|sum| sum.unsigned_abs() <= MOST.unsigned_abs()).map(Twofold::from)
        };
        let (before, after) = (asked.before.quantity, asked.after.quantity);
        let (one, two, n) = (before.step(), after.step(), Twofold::from(n));
        let origin = |origin: i64| Twofold::from(i128::from(origin));
        let added =
            two * (sum(1)? + n * origin(after.origin())) - one * (sum(0)? + n * origin(before.origin()));
        // The spread does not depend on the origins.
        let about = |one: Twofold, two: Twofold, product: Twofold| product - one * two / n;
        let spread =
            one * one * about(sum(0)?, sum(0)?, sum(2)?) + two * two * about(sum(1)?, sum(1)?, sum(3)?);
        let spread = spread - one * two * about(sum(0)?, sum(1)?, sum(4)?) * Twofold::from(2.0);
        let size = n.rounded();
        Some(((added / n).rounded(), spread.max_zero().rounded() / (size - 1.0) / size))
    };
    let (without, with) = (change(0, sizes.0)?, change(1, sizes.1)?);
    Some(Wald::new(with.0 - without.0, (with.1 + without.1).sqrt(), 0.0))
}

impl Report {
    fn measures(&self) -> [(&'static str, &'static str, Option<&Wald>); 3] {
        [
            ("nri", "Net reclassification", self.nri.as_ref().map(|net| &net.sum)),
            (
                "continuous_nri",
                "Category-free net reclassification",
                self.continuous_nri.as_ref().map(|net| &net.sum),
            ),
            ("idi", "Integrated discrimination improvement", self.idi.as_ref()),
        ]
    }

    fn tidy(&self) -> Table {
        let mut table = Table::new("reclassification", ["measure", "estimate", "se", "lower", "upper", "p"]);
        for (name, _, own) in self.measures() {
            if let Some(own) = own {
                let numbers = [own.estimate, own.se, own.lower, own.upper, own.p].map(Cell::from);
                table.rows.push([name.into()].into_iter().chain(numbers).collect());
            }
        }
        table
    }

    fn shown(&self) -> Table {
        let mut table = Table::new("Reclassification", ["Measure", "Estimate", "Lower", "Upper", "p"]);
        for (_, title, own) in self.measures() {
            if let Some(own) = own {
                let numbers = [own.estimate, own.lower, own.upper, own.p].map(Cell::from);
                table.rows.push([title.into()].into_iter().chain(numbers).collect());
            }
        }
        table
    }
}
