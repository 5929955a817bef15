//! What a synthesis reports.

use serde::Serialize;
use serde_json::{Value, json};

use super::synthesis::{
    Combined, Estimate, Heterogeneity, Random, dersimonian_laird, fixed, heterogeneity, random, reml,
};
use super::{Meta, Model, SiteFit};
use crate::figure::Figure;
use crate::outcome::{Cell, Outcome, Status, Table};
use crate::totals::Totals;

/// The result.
#[derive(Serialize)]
struct Report {
    /// The analysis whose estimates are combined.
    of: String,
    model: &'static str,
    sites: Vec<SiteLine>,
    terms: Vec<Term>,
}

/// A site and what became of its own fit.
#[derive(Serialize)]
struct SiteLine {
    site: String,
    n: Figure<u64>,
    status: &'static str,
}

/// A term; the model's synthesis stands first.
#[derive(Serialize)]
struct Term {
    name: String,
    /// How many sites estimate it.
    k: usize,
    #[serde(flatten)]
    first: Numbers,
    /// The estimate of the analysis itself, over all rows; filled in when that is known.
    pooled: Option<Value>,
    fixed: Option<Numbers>,
    dersimonian_laird: Option<RandomLine>,
    reml: Option<RandomLine>,
    heterogeneity: Option<HeterogeneityLine>,
    sites: Vec<SiteEstimate>,
}

/// An estimate with its test and interval; null where there is none.
#[derive(Serialize, Clone, Copy, Default)]
struct Numbers {
    estimate: Option<f64>,
    se: Option<f64>,
    statistic: Option<f64>,
    df: Option<u64>,
    p: Option<f64>,
    lower: Option<f64>,
    upper: Option<f64>,
}

/// A random-effects synthesis.
#[derive(Serialize)]
struct RandomLine {
    tau_squared: f64,
    i_squared: f64,
    #[serde(flatten)]
    normal: Numbers,
    hartung_knapp: Numbers,
    prediction: Option<Interval>,
}

#[derive(Serialize, Clone, Copy)]
struct Interval {
    lower: f64,
    upper: f64,
}

#[derive(Serialize, Clone, Copy)]
struct HeterogeneityLine {
    q: f64,
    df: u64,
    p: f64,
    i_squared: f64,
}

/// The estimate of one site.
#[derive(Serialize)]
struct SiteEstimate {
    site: String,
    n: Figure<u64>,
    estimate: f64,
    se: f64,
    /// Its share in the model's synthesis, in percent.
    weight: Option<f64>,
}

pub(super) fn outcome(meta: &Meta, totals: &Totals, sites: &[SiteFit]) -> Outcome {
    let own: Vec<Option<i128>> = (0..meta.sites.len())
        .flat_map(|site| {
            let fate = meta.fate(site);
            std::iter::once(meta.rows(site)).chain(fate..=fate + 2 * meta.terms.names.len())
        })
        .map(|at| totals.sum(at).known())
        .collect();
    let own = Totals::new(own);
    let lines: Vec<SiteLine> = sites.iter().map(|site| line(meta, site)).collect();
    if sites.iter().all(|site| site.estimates.iter().all(Option::is_none)) {
        let words: Vec<String> = lines.iter().map(|line| format!("{} {}", line.site, line.status)).collect();
        return match own.withheld() {
            0 => Outcome::refused(format!("no site's own fit gives an estimate: {}", words.join(", "))),
            _ => Outcome::suppressed("what the sites sent was withheld by a disclosure rule"),
        };
    }
    let terms = meta.terms.names.iter().enumerate().map(|(at, name)| term(meta, sites, at, name));
    let model = match meta.model {
        Model::Fixed => "fixed",
        Model::Random => "random",
    };
    // A term that no site estimates, such as one of a level nobody has, is none of the synthesis.
    let terms = terms.filter(|term| term.k > 0).collect();
    let report = Report { of: meta.of.to_string(), model, sites: lines, terms };
    let (tidy, shown) = (report.tidy(), report.shown());
    Outcome::answered(&own, &report, tidy, shown)
}

fn line(meta: &Meta, site: &SiteFit) -> SiteLine {
    let status = match site.fate {
        Figure::Known(fate) => fate.word(),
        Figure::Withheld => "withheld",
        Figure::Undefined => "no_answer",
    };
    SiteLine { site: meta.sites.code(site.site).to_owned(), n: site.n, status }
}

fn term(meta: &Meta, sites: &[SiteFit], at: usize, name: &str) -> Term {
    let given: Vec<(&SiteFit, Estimate)> =
        sites.iter().filter_map(|site| Some((site, (*site.estimates.get(at)?)?))).collect();
    let estimates: Vec<Estimate> = given.iter().map(|(_, estimate)| *estimate).collect();
    let common = fixed(&estimates);
    let by = |tau_squared: Option<f64>| random(&estimates, tau_squared?);
    let (laird, restricted) = (by(dersimonian_laird(&estimates)), by(reml(&estimates)));
    let (first, weights) = match meta.model {
        Model::Fixed => (
            common.as_ref().map(|(combined, _)| *combined),
            common.as_ref().map(|(_, weights)| weights.clone()),
        ),
        Model::Random => (
            restricted.as_ref().and_then(|random| random.hartung_knapp),
            restricted.as_ref().map(|random| random.weights.clone()),
        ),
    };
    let weight = |at: usize| weights.as_ref().and_then(|weights| weights.get(at)).copied();
    let site = |(at, (site, estimate)): (usize, &(&SiteFit, Estimate))| SiteEstimate {
        site: meta.sites.code(site.site).to_owned(),
        n: site.n,
        estimate: estimate.value,
        se: estimate.se,
        weight: weight(at).filter(|weight| weight.is_finite()),
    };
    Term {
        name: name.to_owned(),
        k: given.len(),
        first: first.map(Numbers::from).unwrap_or_default(),
        pooled: None,
        fixed: common.map(|(combined, _)| combined.into()),
        dersimonian_laird: laird.map(RandomLine::from),
        reml: restricted.map(RandomLine::from),
        heterogeneity: heterogeneity(&estimates).map(HeterogeneityLine::from),
        sites: given.iter().enumerate().map(site).collect(),
    }
}

impl From<Combined> for Numbers {
    fn from(combined: Combined) -> Self {
        Self {
            estimate: Some(combined.estimate),
            se: Some(combined.se),
            statistic: Some(combined.statistic),
            df: combined.df,
            p: Some(combined.p),
            lower: Some(combined.interval.0),
            upper: Some(combined.interval.1),
        }
    }
}

impl From<Random> for RandomLine {
    fn from(random: Random) -> Self {
        Self {
            tau_squared: random.tau_squared,
            i_squared: random.i_squared,
            normal: random.normal.map(Numbers::from).unwrap_or_default(),
            hartung_knapp: random.hartung_knapp.map(Numbers::from).unwrap_or_default(),
            prediction: random.prediction.map(|(lower, upper)| Interval { lower, upper }),
        }
    }
}

impl From<Heterogeneity> for HeterogeneityLine {
    fn from(found: Heterogeneity) -> Self {
        Self { q: found.q, df: found.df, p: found.p, i_squared: found.i_squared }
    }
}

const TIDY: [&str; 19] = [
    "term",
    "method",
    "site",
    "n",
    "estimate",
    "se",
    "statistic",
    "df",
    "p",
    "lower",
    "upper",
    "weight",
    "prediction_lower",
    "prediction_upper",
    "tau_squared",
    "i_squared",
    "q",
    "q_df",
    "q_p",
];

fn number(number: Option<f64>) -> Cell {
    number.map_or(Cell::Empty, Cell::from)
}

/// A row of the tidy table; `after` are the columns behind the interval.
fn row(term: &str, method: &str, site: [Cell; 2], numbers: Numbers, after: Vec<Cell>) -> Vec<Cell> {
    let Numbers { estimate, se, statistic, df, p, lower, upper } = numbers;
    let start = [term.into(), method.into()].into_iter().chain(site);
    let middle = [estimate, se, statistic].map(number).into_iter();
    let df = std::iter::once(df.map_or(Cell::Empty, Cell::from));
    let mut row: Vec<Cell> =
        start.chain(middle).chain(df).chain([p, lower, upper].map(number)).chain(after).collect();
    row.resize(TIDY.len(), Cell::Empty);
    row
}

impl Report {
    fn tidy(&self) -> Table {
        let mut table = Table::new("meta", TIDY);
        for term in &self.terms {
            let nowhere = || [Cell::Empty, Cell::Empty];
            for site in &term.sites {
                let numbers =
                    Numbers { estimate: Some(site.estimate), se: Some(site.se), ..Numbers::default() };
                let place = [site.site.as_str().into(), site.n.into()];
                table.rows.push(row(&term.name, "site", place, numbers, vec![number(site.weight)]));
            }
            if let Some(fixed) = term.fixed {
                let mut after = vec![Cell::Empty; 5];
                if let Some(found) = term.heterogeneity {
                    after[4] = found.i_squared.into();
                    after.extend([found.q.into(), found.df.into(), found.p.into()]);
                }
                table.rows.push(row(&term.name, "fixed", nowhere(), fixed, after));
            }
            let randoms = [("dersimonian_laird", &term.dersimonian_laird), ("reml", &term.reml)];
            for (method, random) in randoms {
                let Some(random) = random else { continue };
                let variances = |start: [Cell; 3]| {
                    let both = [random.tau_squared.into(), random.i_squared.into()];
                    start.into_iter().chain(both).collect::<Vec<Cell>>()
                };
                let nothing = [Cell::Empty, Cell::Empty, Cell::Empty];
                table.rows.push(row(&term.name, method, nowhere(), random.normal, variances(nothing)));
                let limit = |pick: fn(&Interval) -> f64| number(random.prediction.as_ref().map(pick));
                let prediction = [Cell::Empty, limit(|i| i.lower), limit(|i| i.upper)];
                let method = format!("{method}_hartung_knapp");
                table.rows.push(row(
                    &term.name,
                    &method,
                    nowhere(),
                    random.hartung_knapp,
                    variances(prediction),
                ));
            }
        }
        table
    }

    fn shown(&self) -> Vec<Table> {
        let headings = ["Term", "", "Rows", "Estimate", "SE", "Lower", "Upper", "p", "Weight %"];
        let mut forest =
            Table::new(format!("Sites' own estimates of {} and their synthesis", self.of), headings);
        let mut variances =
            Table::new("Between sites", ["Term", "Sites", "Q", "df", "p", "I² %", "τ² (REML)", "τ² (DL)"]);
        for term in &self.terms {
            let name = || Cell::from(term.name.as_str());
            for site in &term.sites {
                let numbers = [site.estimate.into(), site.se.into(), Cell::Empty, Cell::Empty, Cell::Empty];
                let start = [name(), site.site.as_str().into(), site.n.into()];
                forest.rows.push(start.into_iter().chain(numbers).chain([number(site.weight)]).collect());
            }
            let mut combined = |label: &str, numbers: Numbers| {
                let Numbers { estimate, se, p, lower, upper, .. } = numbers;
                let numbers = [estimate, se, lower, upper, p].map(number);
                let start = [name(), label.into(), Cell::Empty];
                forest.rows.push(start.into_iter().chain(numbers).chain([Cell::Empty]).collect());
            };
            term.fixed.into_iter().for_each(|fixed| combined("Fixed effect", fixed));
            let randoms = [("DerSimonian–Laird", &term.dersimonian_laird), ("REML", &term.reml)];
            for (label, random) in randoms {
                let Some(random) = random else { continue };
                combined(label, random.normal);
                combined(&format!("{label}, Hartung–Knapp"), random.hartung_knapp);
                let prediction = random.prediction.map(|i| Numbers {
                    lower: Some(i.lower),
                    upper: Some(i.upper),
                    ..Numbers::default()
                });
                prediction.into_iter().for_each(|i| combined(&format!("{label}, prediction interval"), i));
            }
            if let Some(found) = term.heterogeneity {
                let tau =
                    |random: &Option<RandomLine>| number(random.as_ref().map(|random| random.tau_squared));
                variances.rows.push(vec![
                    name(),
                    (term.k as u64).into(),
                    found.q.into(),
                    found.df.into(),
                    found.p.into(),
                    found.i_squared.into(),
                    tau(&term.reml),
                    tau(&term.dersimonian_laird),
                ]);
            }
        }
        let mut sites = Table::new("Sites' own fits", ["Site", "Rows", "Fit"]);
        let line = |line: &SiteLine| {
            vec![line.site.as_str().into(), line.n.into(), line.status.replace('_', " ").as_str().into()]
        };
        sites.rows.extend(self.sites.iter().map(line));
        vec![forest, variances, sites]
    }
}

/// Puts the pooled estimates of the named analysis beside their synthesis, once both are there.
pub(crate) fn beside(synthesis: &mut Outcome, pooled: &Outcome) {
    if !matches!(pooled.status, Status::Released | Status::PartlySuppressed) {
        return;
    }
    let Some(terms) = synthesis.result["terms"].as_array_mut() else { return };
    let known = pooled.result["terms"].as_array().map_or(&[][..], Vec::as_slice);
    for term in terms {
        let Some(found) = known.iter().find(|other| other["name"] == term["name"]) else { continue };
        let get = |key: &str| found[key].as_f64();
        let numbers = Numbers {
            estimate: get("estimate"),
            se: get("se"),
            statistic: get("statistic"),
            df: None,
            p: get("p"),
            lower: get("lower"),
            upper: get("upper"),
        };
        let keys = ["estimate", "se", "statistic", "p", "lower", "upper"];
        let pairs = keys.iter().map(|key| ((*key).to_owned(), json!(get(key))));
        term["pooled"] = Value::Object(pairs.collect());
        let name = term["name"].as_str().unwrap_or_default();
        let n = pooled.result["n"].as_u64().map_or(Cell::Empty, Cell::from);
        synthesis.tidy.rows.push(row(name, "pooled", [Cell::Empty, n.clone()], numbers, Vec::new()));
        if let Some(forest) = synthesis.shown.first_mut() {
            let Numbers { estimate, se, p, lower, upper, .. } = numbers;
            let cells = [estimate, se, lower, upper, p].map(number);
            let start = [Cell::from(name), "Pooled rows".into(), n];
            forest.rows.push(start.into_iter().chain(cells).chain([Cell::Empty]).collect());
        }
    }
}
