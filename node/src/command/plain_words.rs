//! A study in plain words, for a data steward who reads no expressions.

use notochord_proto::dictionary::Dictionary;
use notochord_proto::expression::Expression;
use notochord_proto::study::{Analysis, Profile, Study};
use notochord_stats::registry::KINDS;

/// What the study asks, of whom, and how the answer is protected; a line each.
pub(super) fn study(study: &Study, dictionary: &Dictionary) -> Vec<String> {
    let mut lines = vec![
        format!("{} ({}, version {})", study.title, study.id, study.version),
        format!("Question: {}", study.question),
    ];
    lines.extend(
        study
            .investigators
            .iter()
            .map(|one| format!("Investigator: {}, {} ({})", one.name, one.institution, one.role)),
    );
    lines.push(format!("Ethics reference: {}. Runs until {}.", study.ethics.reference, study.expires));
    lines.push(format!("Data-use terms: {}", study.data_use.join(", ")));
    lines.push(cohort(study));
    lines.push(format!("At least {} sites must contribute, or there is no result.", study.sites.minimum));
    lines.push(protection(study.disclosure.profile).to_owned());
    lines.extend(study.derived.iter().map(|derived| {
        format!("It computes `{}` for each patient, here, as: {}", derived.name, derived.value.in_words())
    }));
    lines.push(format!(
        "It asks {} things, each answered by counts and sums, never by a patient's record:",
        study.analyses.len()
    ));
    lines.extend(study.analyses.iter().map(analysis));
    lines.push(variables(study, dictionary));
    lines
}

fn cohort(study: &Study) -> String {
    match &study.cohort.condition {
        Expression::Truth(true) => "Of whom: every patient of the snapshot.".to_owned(),
        condition => format!("Of whom: patients for whom {}", condition.in_words()),
    }
}

fn protection(profile: Profile) -> &'static str {
    match profile {
        Profile::Standard => {
            "No count from 1 to 9 leaves, nor anything computed from so few patients (profile standard)."
        }
        Profile::Rare => {
            "No count from 1 to 4 leaves, nor anything computed from so few patients (profile rare)."
        }
        Profile::Cms => {
            "No count from 1 to 10 leaves, nor anything computed from so few patients (profile cms)."
        }
        Profile::Open => "Every count leaves, however small (profile open). Your policy must allow that.",
    }
}

fn analysis(analysis: &Analysis) -> String {
    let summary =
        KINDS.iter().find(|kind| kind.name == analysis.kind).map_or("unknown here", |kind| kind.summary);
    let narrowed = match &analysis.condition {
        Some(condition) => format!(", only where {}", condition.in_words()),
        None => String::new(),
    };
    format!("  - {} ({}: {summary}){narrowed}", analysis.id, analysis.kind)
}

/// The dictionary's variables that the document names anywhere.
fn variables(study: &Study, dictionary: &Dictionary) -> String {
    let mut named: Vec<&str> = Vec::new();
    for field in dictionary.variables() {
        let name = field.name.as_str();
        let in_expressions = study.cohort.condition.variables().contains(&field.name)
            || study.derived.iter().any(|derived| derived.value.variables().contains(&field.name));
        let in_analyses = study.analyses.iter().any(|analysis| {
            let words = format!("{:?}", analysis.section);
            words.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).any(|word| word == name)
        });
        if in_expressions || in_analyses {
            named.push(dictionary.field(name).map_or("", |field| field.label.as_str()));
        }
    }
    format!("Of each patient it reads: {}", named.join("; "))
}
