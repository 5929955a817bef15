//! A study in plain words, for a data steward who reads no expressions.

use std::collections::BTreeSet;

use notochord_disclosure::Rules;
use notochord_proto::dictionary::Dictionary;
use notochord_proto::expression::Expression;
use notochord_proto::name::VariableName;
use notochord_proto::study::{Analysis, Rows, Study};
use notochord_stats::plan::Plan;
use notochord_stats::registry::KINDS;

/// A study as it would run here: its document, its analyses resolved, and the rules it would run under.
pub(super) struct Subject<'a> {
    pub(super) study: &'a Study,
    pub(super) document: &'a str,
    pub(super) plan: &'a Plan,
    pub(super) rules: Rules,
    pub(super) dictionary: &'a Dictionary,
}

/// What the study asks, of whom, and how the answer is protected; a line each.
pub(super) fn study(subject: &Subject<'_>) -> Vec<String> {
    let study = subject.study;
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
    lines.push(protection(study, subject.rules));
    lines.extend(study.derived.iter().map(|derived| {
        let each = row(derived.rows);
        format!("It computes `{}` for each {each}, here, as: {}", derived.name, derived.value.in_words())
    }));
    lines.push(format!("It asks {} things, each answered by counts and sums:", study.analyses.len()));
    for (index, one) in study.analyses.iter().enumerate() {
        lines.push(analysis(one));
        lines.extend(written(subject.document, index).map(|line| format!("      {line}")));
    }
    lines.push(variables(subject));
    lines
}

fn cohort(study: &Study) -> String {
    match &study.cohort.condition {
        Expression::Truth(true) => format!("Of whom: every {} of the snapshot.", row(study.cohort.rows)),
        condition if study.cohort.rows == Rows::Visit => {
            format!("Of whom: visits for which {}", condition.in_words())
        }
        condition => format!("Of whom: patients for whom {}", condition.in_words()),
    }
}

fn row(rows: Rows) -> &'static str {
    match rows {
        Rows::Patient => "patient",
        Rows::Visit => "visit",
    }
}

/// The rules as they would act here: the stricter of the study's profile and the centre's policy.
fn protection(study: &Study, rules: Rules) -> String {
    let profile = study.disclosure.profile.name();
    let minimum = rules.minimum;
    match rules.act() {
        true if study.cohort.rows == Rows::Visit => format!(
            "No count of visits that could be of fewer than {minimum} patients leaves this centre, nor sums over so \
             few (profile {profile})."
        ),
        true => format!(
            "No count from 1 to {} leaves this centre, nor sums over so few patients (profile {profile}).",
            minimum.get() - 1
        ),
        false => "EVERY count leaves this centre, however small.".to_owned(),
    }
}

fn analysis(analysis: &Analysis) -> String {
    let summary =
        KINDS.iter().find(|kind| kind.name == analysis.kind).map_or("unknown here", |kind| kind.summary);
    format!("  - {} ({}: {summary})", analysis.id, analysis.kind)
}

/// The lines of the document that say what an analysis asks, as the investigator wrote and signed them.
fn written(document: &str, index: usize) -> impl Iterator<Item = &str> {
    let starts = |line: &str| line.trim_start().starts_with("[[analyses]]");
    let section = document.split_inclusive('\n').scan(0, move |seen, line| {
        *seen += usize::from(starts(line));
        Some((*seen, line.trim()))
    });
    section
        .filter(move |(seen, _)| *seen == index + 1)
        .map(|(_, line)| line)
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter(|line| {
            !line.is_empty()
                && !line.starts_with('#')
                && !line.starts_with("id ")
                && !line.starts_with("kind ")
        })
}

/// The labels of the dictionary's variables that anything in the study reads.
fn variables(subject: &Subject<'_>) -> String {
    let study = subject.study;
    let mut read: BTreeSet<VariableName> = study.cohort.condition.variables();
    read.extend(study.derived.iter().flat_map(|derived| derived.value.variables()));
    for analysis in &subject.plan.analyses {
        read.extend(analysis.condition.iter().flat_map(Expression::variables));
        read.extend(analysis.statistic.variables());
    }
    let labels: Vec<&str> = read
        .iter()
        .filter_map(|name| subject.dictionary.field(name.field()).map(|field| field.label.as_str()))
        .collect();
    format!("Of each patient it reads: {}", labels.join("; "))
}
