#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod reference;

use serde_json::Value;

use crate::fixture::reference::DataSet;
use crate::{Outcome, Status};

/// A data set written out; `patient` is the column of patients.
fn data(text: &str) -> DataSet {
    DataSet::parse(text, Some("record_id"))
}

fn answer(text: &str, section: &str) -> Outcome {
    let data = data(text);
    let own = data.answer("mixed", section, 1);
    // Where nothing keeps sites together, the patients of several nodes give the same bits.
    if !section.contains("site") {
        assert_eq!(data.answer("mixed", section, 3), own, "{section}");
    }
    own
}

fn refusal(text: &str, section: &str) -> String {
    let outcome = answer(text, section);
    assert_eq!(outcome.status, Status::Refused, "{section}: {}", outcome.result);
    outcome.reason.unwrap()
}

/// Patients whose rows are as different as those of different patients: their means vary less than by chance.
const NO_PATIENTS: &str = "record_id,site,x,y\n1,A,0,1\n1,B,1,9\n2,A,0,2\n2,A,1,8\n3,B,0,9.5\n3,B,1,1.5\n4,B,0,8.5\n4,A,1,2.5\n5,A,0,3\n5,A,1,7\n";

#[test]
fn a_variance_of_zero_is_an_answer_that_equals_least_squares() {
    let outcome = answer(NO_PATIENTS, "formula = \"y ~ x + (1 | patient)\"");
    let found = outcome.result;
    assert_eq!(outcome.status, Status::Released);
    assert_eq!(
        (&found["singular"], &found["variance"]["patient"], &found["icc"]),
        (&true.into(), &0.0.into(), &0.0.into())
    );
    assert_eq!(found["iterations"], 2);
    let plain = data(NO_PATIENTS).answer("linear", "formula = \"y ~ x\"", 1).result;
    for at in 0..2 {
        for key in ["estimate", "se"] {
            let (one, two) =
                (found["terms"][at][key].as_f64().unwrap(), plain["terms"][at][key].as_f64().unwrap());
            assert!((one - two).abs() < 1e-12 * two.abs(), "{key}: {one} {two}");
        }
    }
    let sigma = plain["sigma"].as_f64().unwrap();
    assert!((found["variance"]["residual"].as_f64().unwrap() - sigma * sigma).abs() < 1e-12 * sigma * sigma);
}

#[test]
fn a_slope_without_variance_is_a_singular_fit() {
    // Patients differ in level; their slopes vary less than by chance.
    let mut text = "record_id,site,x,y\n".to_owned();
    for patient in 0..12_i32 {
        for x in 0..4 {
            let noise = [0.5, -0.5, -0.5, 0.5][x as usize]
                * f64::from(1 - 2 * (patient % 2))
                * f64::from(1 + patient % 3);
            text.push_str(&format!(
                "{patient},A,{x},{}\n",
                f64::from(patient * patient % 7) + 0.25 * f64::from(x) + noise
            ));
        }
    }
    let found = answer(&text, "formula = \"y ~ x + (1 + x | patient)\"").result;
    assert_eq!(found["singular"], true, "{found}");
    let plain = answer(&text, "formula = \"y ~ x + (1 | patient)\"").result;
    assert!(found["loglik"].as_f64().unwrap() >= plain["loglik"].as_f64().unwrap() - 1e-9);
    let correlation = &found["variance"]["correlation"];
    let slope = found["variance"]["slope"].as_f64().unwrap();
    assert!(
        slope < 1e-8 || correlation.as_f64().is_some_and(|correlation| correlation.abs() > 1.0 - 1e-8),
        "{found}"
    );
}

#[test]
fn what_has_no_answer_is_refused_in_words() {
    let one_visit = "record_id,site,x,y\n1,A,0,1\n2,B,1,9\n3,A,0,2\n4,A,1,8\n5,B,0,4\n";
    assert!(
        refusal(one_visit, "formula = \"y ~ x + (1 | patient)\"").contains("cannot be told from one another")
    );
    assert!(
        refusal("record_id,site,x,y\n1,A,0,1\n", "formula = \"y ~ x + (1 | patient)\"")
            .contains("same value")
    );
    let constant = "record_id,site,x,y\n1,A,0,3\n1,A,1,3\n2,B,0,3\n2,B,1,3\n";
    assert!(refusal(constant, "formula = \"y ~ x + (1 | patient)\"").contains("same value in every row"));
    let exact = "record_id,site,x,y\n1,A,0,3\n1,A,1,4\n2,B,0,3\n2,B,1,4\n3,B,1,4\n";
    assert!(refusal(exact, "formula = \"y ~ x + (1 | patient)\"").contains("exactly"));
    assert!(
        refusal(
            "record_id,site,x,y\n1,A,0,\n1,A,,1\n2,B,1,\n2,B,,2\n",
            "formula = \"y ~ x + (1 | patient)\""
        )
        .contains("no row")
    );
    let few = "record_id,site,x,y\n1,A,0,3\n1,A,1,5\n2,B,0,4\n";
    assert!(
        refusal(few, "formula = \"y ~ factor(x) * factor(site) + (1 | patient)\"")
            .contains("degrees of freedom")
    );
    let visits = "covariance = \"unstructured\"\nvisit = \"x\"";
    assert!(
        refusal(
            NO_PATIENTS.replace("5,A,1,7", "5,A,0,7").as_str(),
            &format!("formula = \"y ~ x\"\n{visits}")
        )
        .contains("two rows of one")
    );
    let apart = "record_id,site,x,y\n1,A,0,3\n2,A,1,5\n3,B,0,4\n4,B,1,7\n5,A,0,5\n";
    assert!(refusal(apart, &format!("formula = \"y ~ 1\"\n{visits}")).contains("no patient in common"));
    assert!(refusal(few, &format!("formula = \"y ~ 1\"\n{visits}")).contains("too few"));
    assert!(
        refusal(NO_PATIENTS.replace(",B,", ",A,").as_str(), "formula = \"y ~ x + (1 | site)\"")
            .contains("told from one another")
    );
}

#[test]
fn columns_that_others_give_are_aliased_and_their_means_are_none() {
    let text = "record_id,site,arm,copy,y\n1,A,a,p,1.5\n1,A,a,p,2\n2,B,b,q,4\n2,B,b,q,3.5\n3,A,a,p,6\n3,A,a,p,5\n4,B,b,q,8\n4,B,b,q,6.5\n";
    let found =
        answer(text, "formula = \"y ~ arm + copy + (1 | patient)\"\nmeans = [\"arm\", \"copy\"]").result;
    assert_eq!(found["aliased"], serde_json::json!(["copyq"]));
    assert_eq!(found["terms"][2]["estimate"], Value::Null);
    // The mean of a level of `arm` is over both copies, one of which nobody of that arm has.
    assert_eq!(found["means"].as_array().unwrap().len(), 4);
    assert_eq!(found["means"][0]["estimate"], Value::Null);
    assert!(found["means"][2]["estimate"].is_number());
}

#[test]
fn sections_that_mean_nothing_are_refused_at_their_keys() {
    use crate::fixture::refusal;
    let wrong = [
        ("formula = \"age ~ rx\"", "a mixed model has"),
        ("formula = \"age ~ (1 | patient) + (1 | patient)\"", "one random term each"),
        ("formula = \"age ~ (1 + stage | patient)\"", "not of a factor"),
        ("formula = \"age ~ rx + (1 | patient)\"\nvisit = \"rx\"", "belongs to"),
        ("formula = \"age ~ rx + (1 | patient)\"\ncovariance = \"unstructured\"", "leave"),
        ("formula = \"age ~ rx\"\ncovariance = \"unstructured\"", "event"),
        ("formula = \"age ~ stage + (1 | patient)\"\nmeans = [\"rx\"]", "`rx` is not a factor"),
        (
            "formula = \"age ~ stage + (1 | patient)\"\nmeans = [\"stage\"]\n[[contrasts]]\nname = \"c\"\nweights = { IV = 1 }",
            "`IV` is neither",
        ),
        ("formula = \"age ~ days:stage + (1 + days | patient)\"", "needs the term `days`"),
        ("formula = \"age ~ offset(days) + (1 | patient)\"", "offset"),
    ];
    for (section, words) in wrong {
        let message = refusal("mixed", section);
        assert!(message.contains(words), "{section}: {message}");
    }
}

/// Numbers of a generator whose seed never changes, about normal: twelve uniform ones, less six.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        let mut sum = -6.0;
        for _ in 0..12 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            sum += (self.0 >> 11) as f64 / (1_u64 << 53) as f64;
        }
        sum
    }
}

#[test]
fn intervals_cover_the_truth_as_often_as_they_say() {
    let mut noise = Noise(20_261_123);
    let (studies, mut covered) = (200, 0);
    for _ in 0..studies {
        let mut text = "record_id,site,arm,x,y\n".to_owned();
        for patient in 0..60 {
            let (level, arm) = (1.5 * noise.next(), patient % 2);
            for x in 0..4 {
                let y = 10.0 + f64::from(arm) + 0.5 * f64::from(x) + level + noise.next();
                text.push_str(&format!("{patient},A,{arm},{x},{y:.4}\n"));
            }
        }
        let found = data(&text).answer("mixed", "formula = \"y ~ arm + x + (1 | patient)\"", 1).result;
        let arm = &found["terms"][1];
        let (lower, upper) = (arm["lower"].as_f64().unwrap(), arm["upper"].as_f64().unwrap());
        covered += i32::from((lower..=upper).contains(&1.0));
    }
    // 95 % of 200 within three standard errors of the simulation, and the share that the normal distribution takes from
    // 58 degrees of freedom.
    assert!((179..=199).contains(&covered), "{covered} of {studies}");
}
