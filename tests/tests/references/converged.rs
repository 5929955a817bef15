//! R's generalised linear models, converged.
//!
//! `glm` stops when the deviance changes by less than 1e-8 of itself and takes its standard errors from the weights of
//! the iterate before. `own/regression.R` starts each fit again at its own estimates until nothing changes.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

/// How far R's first stop may be from where the fit ends.
const STOP: f64 = 1e-4;

/// Puts the converged fits in the place of those that R stopped early.
pub(crate) fn put_in_place(references: &Path, data_set: &str, answers: &mut Value) {
    let fits: Vec<Value> =
        serde_json::from_slice(&fs::read(references.join("own/regression.json")).unwrap()).unwrap();
    for fit in fits.iter().filter(|fit| fit["set"] == data_set) {
        let name = fit["name"].as_str().unwrap();
        if let Some(stopped) = answers.get_mut(name).filter(|_| name.starts_with("glm_")) {
            for (field, value) in of(fit, stopped) {
                is_near(&stopped[&field], &value, &format!("{data_set} {name} {field}"));
                stopped[&field] = value;
            }
        }
    }
}

/// The fields of R's entry that depend on where the fit ends.
fn of(fit: &Value, stopped: &Value) -> Map<String, Value> {
    let names: Vec<&str> = list(&fit["names"]).iter().map(|name| name.as_str().unwrap()).collect();
    let statistic = if stopped.get("theta").is_some() { "z" } else { "z_or_t" };
    let coefficient = |at: usize| json!({ "estimate": fit["estimate"][at], "se": fit["se"][at], statistic: fit["statistic"][at], "p": fit["p"][at] });
    let coefficients: Map<String, Value> =
        names.iter().enumerate().map(|(at, name)| ((*name).to_owned(), coefficient(at))).collect();
    let intervals = (0..names.len()).map(|at| json!([fit["lower"][at], fit["upper"][at]]));
    let mut fields = json!({
        "coef": coefficients,
        "wald_ci95": { "rows": names, "cols": ["lower", "upper"], "data": Value::from_iter(intervals) },
        "deviance": fit["deviance"],
        "null_deviance": fit["null_deviance"],
        "dispersion": fit["dispersion"],
        "loglik": fit["loglik"],
        "aic": fit["aic"],
        "bic": fit["bic"],
        "theta": fit["theta"],
        "se_theta": fit["theta_se"],
        "vcov": { "rows": names, "cols": names, "data": fit["covariance"] },
    });
    let fields = fields.as_object_mut().unwrap();
    fields.retain(|field, value| !value.is_null() && stopped.get(field).is_some_and(|old| !old.is_null()));
    std::mem::take(fields)
}

/// It is the same fit: no number is far from where R stopped.
fn is_near(stopped: &Value, converged: &Value, place: &str) {
    match (stopped, converged) {
        (Value::Array(stopped), Value::Array(converged)) => {
            assert_eq!(stopped.len(), converged.len(), "{place}");
            stopped.iter().zip(converged).for_each(|(one, other)| is_near(one, other, place));
        }
        (Value::Object(stopped), Value::Object(converged)) => {
            assert!(stopped.keys().eq(converged.keys()), "{place}");
            stopped.values().zip(converged.values()).for_each(|(one, other)| is_near(one, other, place));
        }
        (Value::Number(stopped), Value::Number(converged)) => {
            let (stopped, converged) = (stopped.as_f64().unwrap(), converged.as_f64().unwrap());
            let far = (stopped - converged).abs() > STOP * stopped.abs().max(1e-6);
            assert!(!far, "{place}: R stopped at {stopped}, the fit ends at {converged}");
        }
        _ => assert_eq!(stopped, converged, "{place}"),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}
