//! The section of a study that asks about agreement.

use notochord_proto::fields::{FieldValue, Fields, FromField, one_of};
use notochord_proto::name::VariableName;
use notochord_proto::problem::Problem;
use notochord_proto::scope::Scope;

use super::{Agreement, Measure};
use crate::levels::Levels;
use crate::quantity::Numeric;
use crate::statistic::Statistic;
use crate::vector::{LONGEST, MOST_CELLS};

/// The most raters that are variables of a row.
const MOST_RATERS: usize = 50;

impl FromField for Measure {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        let offered = [
            ("cohen", Self::Cohen),
            ("weighted", Self::Weighted),
            ("fleiss", Self::Fleiss),
            ("icc", Self::Icc),
        ];
        one_of(value, &offered)
    }
}

/// Reads the section of a study.
pub(crate) fn parse(fields: &mut Fields<'_>, scope: &Scope) -> Result<Box<dyn Statistic>, Problem> {
    let measure: Measure = fields.required("measure")?;
    let named: Option<Vec<VariableName>> = fields.optional("ratings")?;
    let subject: Option<VariableName> = fields.optional("subject")?;
    let agreement = match (named, subject) {
        (Some(_), Some(_)) => {
            let message =
                "`ratings` names the ratings of a row, `subject` those of several rows; keep one of them";
            return Err(fields.problem("subject", message));
        }
        (Some(named), None) => of_variables(measure, &named, fields, scope)?,
        (None, Some(subject)) => of_rows(measure, subject, fields, scope)?,
        (None, None) => {
            let message = "name two or more variables in `ratings`, or `subject`, `rater` and `rating`";
            return Err(fields.problem("ratings", message));
        }
    };
    Ok(Box::new(agreement))
}

fn of_variables(
    measure: Measure,
    named: &[VariableName],
    fields: &Fields<'_>,
    scope: &Scope,
) -> Result<Agreement, Problem> {
    let problem = |message: String| fields.problem("ratings", message);
    if !(2..=MOST_RATERS).contains(&named.len()) {
        return Err(problem(format!("`ratings` names between 2 and {MOST_RATERS} variables")));
    }
    if let Some((_, twice)) = named.iter().enumerate().find(|(at, name)| named[..*at].contains(name)) {
        return Err(problem(format!("`ratings` names `{twice}` twice")));
    }
    let variables =
        named.iter().map(|name| scope.require(name)).collect::<Result<Vec<_>, _>>().map_err(problem)?;
    if measure == Measure::Icc {
        let raters = variables.iter().map(Numeric::of).collect::<Result<Vec<_>, _>>();
        let raters = raters.map_err(problem)?;
        if let Some(other) = raters.iter().find(|rater| rater.quantity != raters[0].quantity) {
            let message = format!(
                "`{}` and `{}` have different bounds; ratings need the same",
                raters[0].name, other.name
            );
            return Err(problem(message));
        }
        return Ok(Agreement::of_numbers(raters));
    }
    let raters = variables.iter().map(Levels::of).collect::<Result<Vec<_>, _>>();
    let raters = raters.map_err(problem)?;
    if let Some(other) = raters.iter().find(|rater| rater.codes() != raters[0].codes()) {
        let message =
            format!("`{}` and `{}` have different levels; ratings need the same", raters[0].name, other.name);
        return Err(problem(message));
    }
    match (measure, <[Levels; 2]>::try_from(raters)) {
        (Measure::Fleiss, Ok(pair)) => Ok(Agreement::of_categories(pair.into())),
        (Measure::Fleiss, Err(raters)) => Ok(Agreement::of_categories(raters)),
        (_, Ok(pair)) => Ok(Agreement::of_pair(measure, pair)),
        (_, Err(_)) => {
            Err(problem("this kappa compares two raters; `fleiss` and `icc` take more".to_owned()))
        }
    }
}

fn of_rows(
    measure: Measure,
    subject: VariableName,
    fields: &mut Fields<'_>,
    scope: &Scope,
) -> Result<Agreement, Problem> {
    let (rater, rating) = (fields.required("rater")?, fields.required("rating")?);
    let asked: Option<Vec<String>> = fields.optional("raters")?;
    let levels = |key: &'static str, name: &VariableName| {
        let levels = scope.require(name).and_then(|variable| Levels::of(&variable));
        levels.map_err(|message| fields.problem(key, message))
    };
    let (subject, rater, rating) =
        (levels("subject", &subject)?, levels("rater", &rater)?, levels("rating", &rating)?);
    if subject.name == rater.name || subject.name == rating.name || rater.name == rating.name {
        return Err(fields.problem("rating", "`subject`, `rater` and `rating` are three variables"));
    }
    let codes = rater.codes();
    let mut takes_part = Vec::new();
    for code in asked.as_ref().unwrap_or(&codes) {
        match codes.iter().position(|own| own == code) {
            Some(at) if !takes_part.contains(&at) => takes_part.push(at),
            Some(_) => return Err(fields.problem("raters", format!("`raters` names `{code}` twice"))),
            None => return Err(fields.problem("raters", format!("`{}` has no level `{code}`", rater.name))),
        }
    }
    let many = takes_part.len();
    let key = if asked.is_some() { "raters" } else { "rater" };
    if many < 2 {
        return Err(fields.problem(key, "agreement is that of two raters or more"));
    }
    if matches!(measure, Measure::Cohen | Measure::Weighted) && many != 2 {
        let message = format!("this kappa compares two raters, not {many}; name them in `raters`");
        return Err(fields.problem(key, message));
    }
    if measure == Measure::Icc && rating.grid().is_none() {
        let message = format!("`{}` is a factor; intraclass correlation needs numbers", rating.name);
        return Err(fields.problem("rating", message));
    }
    let cells = subject.len() * rating.len();
    if cells > MOST_CELLS || cells * many > LONGEST {
        return Err(fields.problem("subject", format!("a table has at most {MOST_CELLS} cells")));
    }
    Ok(Agreement::of_rows(measure, subject, rater, takes_part, rating))
}
