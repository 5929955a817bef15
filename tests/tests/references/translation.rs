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
        "mantel_haenszel" => mantel_haenszel(result),
        "t_test_welch" | "t_test_pooled" => t_test(result),
        "t_test_one_sample" => one_sample(result),
        "var_test" => test_of(result, &[("f", "/statistic"), ("df", "/df"), ("p_value", "/p")]),
        "wilcoxon" => {
            let normal = [("p_corrected", "/normal/p_corrected"), ("p_uncorrected", "/normal/p_uncorrected")];
            test_of(result, &[&[("W", "/statistic")], &normal[..]].concat())
        }
        "anova" if entry.part == "welch" => {
            test_of(result, &[("f", "/statistic"), ("df", "/df"), ("p_value", "/p")])
        }
        "anova" if entry.part == "kruskal" => {
            test_of(result, &[("h", "/statistic"), ("df", "/df"), ("p_value", "/p")])
        }
        "anova" => analysis_of_variance(result),
        "correlation" if entry.part == "spearman" => matrix(&result["correlation"]),
        "correlation" => json!({
            "n": result["n"],
            "pearson": matrix(&result["correlation"]),
            "covariance": matrix(&result["covariance"]),
        }),
        "lm" | "lm_site_fixed_effect" => linear_model(result, reference.site_column()),
        "glm_negbin" => negative_binomial(result),
        "glm_binomial_logit" | "glm_binomial_probit" | "glm_poisson_log" | "glm_quasipoisson_log" => {
            generalised_linear_model(result)
        }
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
        "skewness_g1": variable["skewness"],
        "kurtosis_excess_g2": variable["kurtosis"],
        "t_ci95": variable["interval"],
        "quantile": {
            "p": Value::from_iter(quantiles.iter().map(|(p, _)| p.parse::<f64>().unwrap())),
            "type2": Value::from_iter(in_order(&variable["quantiles_type2"]).iter().map(|(_, value)| (*value).clone())),
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
    let columns = list(&result["columns"]);
    let order = by_number(columns.iter().map(text), "");
    let in_order = |row: &[Value]| Value::from_iter(order.iter().map(|at| row[*at].clone()));
    let counts = list(&result["counts"]).iter().map(|row| in_order(list(row)));
    json!({
        "table": { "rows": result["rows"], "cols": in_order(columns), "data": Value::from_iter(counts) },
        "n": result["total"],
        "chisq": tests["chi_squared"]["statistic"],
        "df": tests["chi_squared"]["df"],
        "p_value": tests["chi_squared"]["p"],
        "chisq_yates": tests["chi_squared_yates"]["statistic"],
        "p_yates": tests["chi_squared_yates"]["p"],
        "fisher_p": tests["fisher"]["p"],
        "fisher_or_cond_mle": tests["fisher"]["estimate"],
        "fisher_ci95": [tests["fisher"]["lower"], tests["fisher"]["upper"]],
        "odds_ratio": result["effects"]["odds_ratio"]["estimate"],
    })
}

fn mantel_haenszel(result: &Value) -> Value {
    let test = &result["tests"]["mantel_haenszel"];
    json!({
        "statistic": test["statistic"],
        "p_value": test["p"],
        "common_or": test["estimate"],
        "ci95": [test["lower"], test["upper"]],
    })
}

/// The numbers of a test under R's names.
fn test_of(result: &Value, names: &[(&str, &str)]) -> Value {
    let numbers = names.iter().map(|(name, place)| {
        let value = result["test"].pointer(place).unwrap_or_else(|| panic!("there is no {place}"));
        ((*name).to_owned(), value.clone())
    });
    Value::Object(numbers.collect())
}

fn one_sample(result: &Value) -> Value {
    let test = &result["test"];
    json!({
        "mu": 0,
        "statistic": test["statistic"],
        "df": test["df"],
        "p_value": test["p"],
        "ci95": [test["lower"], test["upper"]],
        "estimate": [test["estimate"]],
    })
}

fn matrix(matrix: &Value) -> Value {
    json!({ "rows": matrix["variables"], "cols": matrix["variables"], "data": matrix["values"] })
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
    let sites = format!("factor({site_column})");
    let terms: Vec<(Value, &Value)> =
        list(&result["terms"]).iter().map(|term| (name(&term["name"]), term)).collect();
    let order = by_number(terms.iter().map(|(name, _)| text(name)), &sites);
    let terms: Vec<(Value, &Value)> = order.iter().map(|at| terms[*at].clone()).collect();
    let coefficient = |term: &Value| json!({ "estimate": term["estimate"], "se": term["se"], "t": term["statistic"], "p": term["p"] });
    let names = Value::from_iter(terms.iter().map(|(name, _)| name.clone()));
    let intervals = terms.iter().map(|(_, term)| json!([term["lower"], term["upper"]]));
    let covariance = &result["covariance"];
    let columns: Vec<Value> = list(&covariance["terms"]).iter().map(name).collect();
    let order = by_number(columns.iter().map(text), &sites);
    let row = |row: &Value| Value::from_iter(order.iter().map(|at| row[*at].clone()));
    let values = Value::from_iter(order.iter().map(|at| row(&covariance["values"][*at])));
    let columns = Value::from_iter(order.iter().map(|at| columns[*at].clone()));
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
        "vcov": { "rows": columns, "cols": columns, "data": values },
    })
}

fn generalised_linear_model(result: &Value) -> Value {
    let terms = list(&result["terms"]);
    let coefficient = |term: &Value| json!({ "estimate": term["estimate"], "se": term["se"], "z_or_t": term["statistic"], "p": term["p"] });
    let names = Value::from_iter(terms.iter().map(|term| &term["name"]).cloned());
    let intervals = terms.iter().map(|term| json!([term["lower"], term["upper"]]));
    let covariance = &result["covariance"];
    json!({
        "n": result["n"],
        "coef": named(terms.iter().map(|term| (&term["name"], coefficient(term)))),
        "wald_ci95": { "rows": names, "cols": ["lower", "upper"], "data": Value::from_iter(intervals) },
        "deviance": result["deviance"],
        "null_deviance": result["null_deviance"],
        "df_residual": result["df"][1],
        "df_null": result["df_null"],
        "dispersion": result["dispersion"],
        "loglik": result["loglik"],
        "aic": result["aic"],
        "bic": result["bic"],
        "vcov": { "rows": covariance["terms"], "cols": covariance["terms"], "data": covariance["values"] },
    })
}

fn negative_binomial(result: &Value) -> Value {
    let coefficient = |term: &Value| json!({ "estimate": term["estimate"], "se": term["se"], "z": term["statistic"], "p": term["p"] });
    let terms = list(&result["terms"]).iter();
    json!({
        "theta": result["theta"]["estimate"],
        "se_theta": result["theta"]["se"],
        "coef": named(terms.map(|term| (&term["name"], coefficient(term)))),
        "loglik": result["loglik"],
        "aic": result["aic"],
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

/// The places of names as R orders them: those that are a number behind this prefix by their size, among themselves.
fn by_number<'a>(names: impl Iterator<Item = &'a str>, prefix: &str) -> Vec<usize> {
    let number = |name: &str| name.strip_prefix(prefix)?.parse::<f64>().ok();
    let numbers: Vec<Option<f64>> = names.map(number).collect();
    let places: Vec<usize> = (0..numbers.len()).filter(|at| numbers[*at].is_some()).collect();
    let mut sorted = places.clone();
    sorted.sort_by(|one, two| numbers[*one].partial_cmp(&numbers[*two]).unwrap());
    let mut order: Vec<usize> = (0..numbers.len()).collect();
    places.into_iter().zip(sorted).for_each(|(place, at)| order[place] = at);
    order
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
