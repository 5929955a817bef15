#![allow(clippy::unwrap_used, clippy::panic)]

mod sample;

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::import::{Finding, FindingKind, RowPlace};
use sample::{Sample, finding, quality};

/// Compares a text with the file of that name, or writes it anew where `NOTOCHORD_BLESS` is set.
fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/quality/tests").join(name);
    if std::env::var_os("NOTOCHORD_BLESS").is_some() {
        fs::write(&path, text).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    let differs = golden.lines().zip(text.lines()).position(|(one, other)| one != other);
    let line = differs.unwrap_or(golden.lines().count()) + 1;
    assert!(golden == text, "{name} differs from line {line} on; NOTOCHORD_BLESS=1 accepts what it now is");
}

#[test]
fn the_page_is_as_it_was_agreed() {
    golden("quality.html", &quality().html());
}

#[test]
fn the_page_fetches_and_runs_nothing() {
    let page = quality().html();
    for nothing in
        ["<script", "<link", "<img", "<iframe", "src=", "href=", "url(", "@import", "http:", "https:"]
    {
        assert!(!page.contains(nothing), "{nothing}");
    }
}

#[test]
fn the_json_is_as_it_was_agreed() {
    golden("quality.json", &(serde_json::to_string_pretty(&quality()).unwrap() + "\n"));
}

#[test]
fn the_words_are_as_they_were_agreed() {
    golden("quality.txt", &(quality().in_words().join("\n") + "\n"));
}

#[test]
fn a_headline_says_what_was_read_and_what_was_put_aside() {
    let mut quality = quality();
    assert_eq!(quality.headline(), "412 rows, 103 patients; 7 rows quarantined");
    quality.rows_quarantined = 0;
    quality.patients = 1;
    assert_eq!(quality.headline(), "412 rows, 1 patient; nothing quarantined");
}

#[test]
fn a_value_is_expected_where_its_form_is_designated() {
    let quality = Sample::longitudinal().of(&[
        &[("demographics", "baseline_arm_1", 1, &["age"]), ("pain", "baseline_arm_1", 1, &["nrs"])],
        &[("demographics", "baseline_arm_1", 1, &[]), ("pain", "month3_arm_1", 1, &["nrs"])],
    ]);
    assert_eq!(quality.completeness.expected_at, Expected::DesignatedVisits);
    // One of two visits has pain at baseline, though the other has no entry of it.
    assert_eq!(present(&quality, "nrs"), [("baseline_arm_1", 1, 2), ("month3_arm_1", 1, 1)]);
    assert_eq!(present(&quality, "age"), [("baseline_arm_1", 1, 2)]);
}

#[test]
fn without_designations_a_value_is_expected_where_its_form_has_an_entry() {
    let quality = Sample::plain().of(&[
        &[("demographics", "", 1, &["age"]), ("pain", "", 1, &["nrs"]), ("pain", "", 2, &[])],
        &[("demographics", "", 1, &["age"]), ("demographics", "", 3, &["age"])],
    ]);
    assert_eq!(quality.completeness.expected_at, Expected::VisitsWithEntry);
    assert_eq!(present(&quality, "nrs"), [("", 1, 2)]);
    assert_eq!(present(&quality, "age"), [("", 3, 3)]);
    let visits = quality.events.iter().map(|event| (event.patients, event.visits));
    assert_eq!(visits.collect::<Vec<_>>(), [(2, 4)]);
}

#[test]
fn instances_of_a_form_are_one_visit_with_the_values_of_them_all() {
    let quality = Sample::plain().of(&[&[
        ("pain", "", 1, &["nrs"]),
        ("pain", "", 1, &["nrs", "weight"]),
        ("pain", "", 1, &[]),
    ]]);
    assert_eq!(present(&quality, "nrs"), [("", 1, 1)]);
    assert_eq!(present(&quality, "weight"), [("", 1, 1)]);
    let pain = quality.completeness.forms.iter().find(|form| form.form == "pain").unwrap();
    assert_eq!(pain.entries, 3);
}

#[test]
fn a_common_kind_of_finding_does_not_hide_a_rare_one() {
    let mut findings = Findings::default();
    let many = MOST_OF_A_KIND as u64 + 50;
    (0..many)
        .for_each(|row| findings.add(&finding("a.csv", row, Some("sex"), FindingKind::UnknownCode, "x")));
    findings.add(&finding("a.csv", 3, Some("age"), FindingKind::WholeNumberOutOfBounds, "y"));
    assert_eq!((findings.count, findings.unlisted), (many + 1, 50));
    assert_eq!(findings.listed.len(), MOST_OF_A_KIND + 1);
    assert_eq!(findings.unknown_codes.get("sex"), Some(&many));
    assert_eq!(findings.values_out_of_bounds.get("age"), Some(&1));
    assert_eq!(findings.most_frequent()[0], (FindingKind::UnknownCode, many));
    findings.sort(&["a.csv"]);
    assert!(findings.listed.is_sorted_by_key(|finding| match finding.row {
        RowPlace::Line(row) | RowPlace::Row(row) => row,
    }));
}

#[test]
fn a_rule_lists_its_first_places_and_counts_them_all() {
    let sample = Sample::longitudinal();
    let mut gatherer = sample.gatherer();
    gatherer.judges(sample.dictionary.rules());
    assert!(gatherer.contradiction("no_such_rule", "a.csv", RowPlace::Line(2)).is_none());
    let found = gatherer.contradiction("infant", "a.csv", RowPlace::Line(2)).unwrap();
    assert_eq!(found.to_string(), "a.csv:2: an infant cannot weigh so much (rule `infant`)");
    (3..30).for_each(|row| drop(gatherer.contradiction("infant", "a.csv", RowPlace::Line(row))));
    let quality = gatherer.finish(sample.origin());
    let infant = &quality.contradictions[0];
    assert_eq!((infant.count, infant.places.len(), quality.contradictions.len()), (28, 20, 2));
    assert!(infant.places_in_words().starts_with("a.csv:2, 3, 4, "));
    assert!(infant.places_in_words().ends_with(", 21 and 8 more"));
    assert_eq!(quality.findings.of_kind(FindingKind::Contradiction), 28);
}

#[test]
fn a_variable_is_absent_where_every_file_lacks_it() {
    let sample = Sample::longitudinal();
    let mut origin = sample.origin();
    let mut second = origin.files[0].clone();
    origin.files[0].absent = ["nrs", "age", "weight"].map(|name| name.parse().unwrap()).to_vec();
    second.absent = ["age", "nrs"].map(|name| name.parse().unwrap()).to_vec();
    origin.files.push(second);
    assert_eq!(sample.gatherer().finish(origin).absent, ["nrs", "age"]);
}

#[test]
fn an_import_of_nothing_has_a_page_and_words() {
    let sample = Sample::plain();
    let quality = sample.gatherer().finish(sample.origin());
    assert!(quality.html().contains("Nothing is wrong"));
    assert_eq!(quality.in_words()[0], "0 rows, 0 patients; nothing quarantined");
}

/// The numbers of a variable: event, present, expected.
fn present<'a>(quality: &'a Quality, variable: &str) -> Vec<(&'a str, u64, u64)> {
    let variables = quality.completeness.forms.iter().flat_map(|form| &form.variables);
    let found = variables.into_iter().find(|one| one.variable == variable).unwrap();
    let numbers = |at: &'a Present| (at.event.as_str(), at.present_visits, at.expected_visits);
    found.events.iter().map(numbers).collect()
}

/// A text that may be anything, and likes to be markup.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[<>&`\"'/=a !-]{0,20}",
        Just("</td></table></style><script>alert(1)</script><img src=x onerror=y>".to_owned()),
        "[\u{0}-\u{1f}\u{7f}\u{9b}\u{202e}<]{1,6}",
        Just("\"><svg/onload=x>-->]]><!--".to_owned()),
    ]
}

/// The tags and comments of a page, in order, but for the code that a text quotes.
fn tags(page: &str) -> Vec<&str> {
    let tags = page.split('<').skip(1).map(|rest| rest.split('>').next().unwrap_or_default());
    tags.filter(|tag| !matches!(*tag, "code" | "/code")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_was_read_becomes_markup_or_a_line(
        texts in proptest::collection::vec(hostile(), 8),
    ) {
        let hostile = |texts: &[String]| {
            let mut quality = quality();
            quality.dictionary_version.clone_from(&texts[0]);
            quality.files[0].name.clone_from(&texts[1]);
            quality.files[0].dropped[0].name.clone_from(&texts[2]);
            // A column without a heading is told otherwise, and a nearest name is the dictionary's.
            quality.files[0].unknown[0].name = format!("x{}", texts[3]);
            quality.findings.listed = vec![Finding {
                file: texts[4].clone(),
                row: RowPlace::Line(1),
                column: Some(texts[5].clone()),
                kind: FindingKind::NotADate,
                finding: texts[6].clone(),
            }];
            quality.findings.unknown_codes = [(texts[5].clone(), 3)].into();
            quality.contradictions[0].says.clone_from(&texts[7]);
            quality.contradictions[0].places = vec![texts[4].clone()];
            quality.events[0].label = format!("x{}", texts[7]);
            quality.completeness.forms[0].form.clone_from(&texts[0]);
            quality.completeness.forms[0].variables[0].label.clone_from(&texts[6]);
            quality
        };
        let (quality, harmless) = (hostile(&texts), hostile(&vec!["x".to_owned(); 8]));
        let (page, expected) = (quality.html(), harmless.html());
        prop_assert_eq!(tags(&page), tags(&expected));
        prop_assert!(quality.in_words().iter().all(|line| !line.contains(char::is_control)));
        prop_assert!(quality.in_words().len() < 120);
    }
}
