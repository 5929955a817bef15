//! The fields of `result.json` under the names that R's answers use.

use serde_json::{Map, Value, json};

use crate::reference::{Entry, Reference};

/// An analysis' result as R's entry would have it.
pub(crate) fn in_words_of_r(entry: &Entry, reference: &Reference, result: &Value) -> Value {
    let (family, subject) = entry.name.split_once(':').unwrap_or((&entry.name, ""));
    match family {
        "describe" if entry.part == "histogram" => histogram(result),
        "describe" => description(&result["groups"][0]["variables"][subject]),
        "describe_by_site" => by_site(result, subject),
        "count" => counts(&result["groups"][0]["variables"][subject]),
        "crosstab" => cross_table(result),
        "t_test_welch" | "t_test_pooled" => t_test(result),
        "anova" => analysis_of_variance(result),
        "lm" | "lm_site_fixed_effect" => linear_model(result, reference.site_column()),
        _ => panic!("no translation of {}", entry.name),
    }
}

fn description(variable: &Value) -> Value {
    let quantiles = in_order(&variable["quantiles"]);
    json!({
        "n": variable["n"],
        "n_missing": variable["missing"],
        "mean": variable["mean"],
        "sd": variable["sd"],
        "se": variable["se"],
        "quantile": {
            "p": Value::from_iter(quantiles.iter().map(|(p, _)| p.parse::<f64>().unwrap())),
            "type7": Value::from_iter(quantiles.iter().map(|(_, value)| (*value).clone())),
        },
    })
}

fn histogram(result: &Value) -> Value {
    let bins = list(&result["groups"][0]["bins"]);
    let ends = bins.last().map(|bin| &bin["to"]);
    json!({
        "breaks": Value::from_iter(bins.iter().map(|bin| &bin["from"]).chain(ends).cloned()),
        "counts_left_closed": Value::from_iter(bins.iter().map(|bin| bin["count"].clone())),
    })
}

fn by_site(result: &Value, variable: &str) -> Value {
    let sites = list(&result["groups"]).iter().filter(|group| !group["by"].is_null());
    named(sites.map(|group| (&group["by"], description(&group["variables"][variable]))))
}

fn counts(variable: &Value) -> Value {
    let levels = in_order(&variable["counts"]);
    json!({
        "levels": Value::from_iter(levels.iter().map(|(level, _)| level.as_str())),
        "n": Value::from_iter(levels.iter().map(|(_, count)| (*count).clone())),
        "n_missing": variable["missing"],
    })
}

fn cross_table(result: &Value) -> Value {
    let tests = &result["tests"];
    json!({
        "table": { "rows": result["rows"], "cols": result["columns"], "data": result["counts"] },
        "n": result["total"],
        "chisq": tests["chi_squared"]["statistic"],
        "df": tests["chi_squared"]["df"],
        "p_value": tests["chi_squared"]["p"],
        "chisq_yates": tests["chi_squared_yates"]["statistic"],
        "p_yates": tests["chi_squared_yates"]["p"],
        "fisher_p": tests["fisher"]["p"],
    })
}

fn t_test(result: &Value) -> Value {
    let (groups, test) = (list(&result["groups"]), &result["test"]);
    json!({
        "groups": Value::from_iter(groups.iter().map(|group| group["level"].clone())),
        "statistic": test["statistic"],
        "df": test["df"],
        "p_value": test["p"],
        "ci95": [test["lower"], test["upper"]],
        "estimate": Value::from_iter(groups.iter().map(|group| group["mean"].clone())),
    })
}

fn analysis_of_variance(result: &Value) -> Value {
    let (groups, test) = (list(&result["groups"]), &result["test"]);
    let of_groups = |field: &str| named(groups.iter().map(|group| (&group["level"], group[field].clone())));
    json!({
        "df": test["df"],
        "sum_sq": test["sum_of_squares"],
        "f": test["statistic"],
        "p_value": test["p"],
        "group_n": of_groups("n"),
        "group_mean": of_groups("mean"),
        "group_sd": of_groups("sd"),
    })
}

fn linear_model(result: &Value, site_column: &str) -> Value {
    // R knows the sites by the name of their column.
    let name =
        |term: &Value| Value::from(text(term).replace("factor(site)", &format!("factor({site_column})")));
    let terms: Vec<(Value, &Value)> =
        list(&result["terms"]).iter().map(|term| (name(&term["name"]), term)).collect();
    let coefficient = |term: &Value| json!({ "estimate": term["estimate"], "se": term["se"], "t": term["statistic"], "p": term["p"] });
    let names = Value::from_iter(terms.iter().map(|(name, _)| name.clone()));
    let intervals = terms.iter().map(|(_, term)| json!([term["lower"], term["upper"]]));
    let covariance = &result["covariance"];
    let columns = Value::from_iter(list(&covariance["terms"]).iter().map(name));
    json!({
        "n": result["n"],
        "coef": named(terms.iter().map(|(name, term)| (name, coefficient(term)))),
        "ci95": { "rows": names, "cols": ["lower", "upper"], "data": Value::from_iter(intervals) },
        "sigma": result["sigma"],
        "df_residual": result["df"][1],
        "rss": result["rss"],
        "r2": result["r_squared"],
        "adj_r2": result["adjusted_r_squared"],
        "f": [result["f"]["statistic"], result["f"]["df"][0], result["f"]["df"][1]],
        "loglik": result["loglik"],
        "aic": result["aic"],
        "bic": result["bic"],
        "vcov": { "rows": columns, "cols": columns, "data": covariance["values"] },
    })
}

fn named<'a>(pairs: impl Iterator<Item = (&'a Value, Value)>) -> Value {
    Value::Object(pairs.map(|(name, value)| (text(name).to_owned(), value)).collect::<Map<_, _>>())
}

/// The members of an object in R's order: numbers by their size, other names by their bytes.
fn in_order(object: &Value) -> Vec<(&String, &Value)> {
    let mut members: Vec<_> = object.as_object().unwrap().iter().collect();
    members.sort_by(|(one, _), (two, _)| match (one.parse::<f64>(), two.parse::<f64>()) {
        (Ok(one), Ok(two)) => one.total_cmp(&two),
        _ => one.cmp(two),
    });
    members
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
