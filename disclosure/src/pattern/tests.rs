#![allow(clippy::unwrap_used)]

use notochord_proto::layout::Sum;
use notochord_proto::study::Rows;
use proptest::prelude::*;

use super::*;

fn rules(k: u32) -> Rules {
    Rules::throw_away(Threshold::new(k).unwrap())
}

fn table(purpose: TablePurpose, rows: usize, columns: usize) -> CountTable {
    let headings = |count: usize| (0..count).map(|n| n.to_string()).collect();
    CountTable { name: format!("{purpose:?}"), rows: headings(rows), columns: headings(columns), purpose }
}

fn sum(over: &[usize]) -> Sum {
    Sum { name: "age".into(), over: over.to_vec(), unit_bound: 100 }
}

fn fired(decision: &Decision) -> Vec<(Rule, &str)> {
    decision.fired.iter().map(|fired| (fired.rule, fired.what.as_str())).collect()
}

#[test]
fn with_a_minimum_of_1_everything_leaves() {
    let design = Some(Design { columns: 9, rows: 0 });
    let layout = Layout { tables: vec![table(TablePurpose::Base, 1, 1)], sums: vec![sum(&[0])], design };
    let decision = decide(&layout, &[1, 40], &rules(1)).unwrap();
    assert_eq!(decision, Decision { withheld: vec![false; 2], fired: vec![] });
}

#[test]
fn a_sum_falls_with_the_count_behind_it() {
    let tables = vec![table(TablePurpose::Base, 3, 1)];
    let layout = Layout { tables, sums: vec![sum(&[0]), sum(&[1]), sum(&[2]), sum(&[1, 2])], design: None };
    let decision = decide(&layout, &[30, 3, 0, 900, 90, 0, 90], &rules(10)).unwrap();
    assert_eq!(decision.withheld, [false, true, false, false, true, false, true]);
    assert_eq!(fired(&decision), [(Rule::Primary, "Base"), (Rule::Sum, "age"), (Rule::Sum, "age")]);
}

#[test]
fn a_sum_over_cells_that_are_few_together_falls() {
    let tables = vec![table(TablePurpose::Base, 1, 1), table(TablePurpose::Missing, 2, 1)];
    let layout = Layout { tables, sums: vec![sum(&[1, 2])], design: None };
    assert_eq!(decide(&layout, &[50, 0, 9, 7], &rules(10)).unwrap().withheld, [false, false, true, true]);
}

#[test]
fn a_sum_that_counts_follows_the_rules_for_counts() {
    let ones = Sum { name: "smokers".into(), over: vec![0], unit_bound: 1 };
    let layout = Layout { tables: vec![table(TablePurpose::Base, 1, 1)], sums: vec![ones], design: None };
    let withheld = |smokers| decide(&layout, &[40, smokers], &rules(10)).unwrap().withheld[1];
    assert_eq!(
        [0, 1, 9, 10, 30, 31, 39, 40].map(withheld),
        [false, true, true, false, false, true, true, false]
    );
    let design = Some(Design { columns: 2, rows: 0 });
    let model = Layout { design, ..layout };
    assert!(!decide(&model, &[40, 20], &rules(10)).unwrap().refuses());
    let refused = decide(&model, &[40, 3], &rules(10)).unwrap();
    assert!(refused.refuses());
    assert_eq!(fired(&refused), [(Rule::Level, "smokers")]);
}

#[test]
fn a_row_of_a_grid_with_a_small_cell_stays_whole_and_the_other_rows_leave() {
    let layout = Layout { tables: vec![table(TablePurpose::Grid, 2, 3)], ..Layout::default() };
    let withheld = |counts: [i128; 6]| decide(&layout, &counts, &rules(10)).unwrap().withheld;
    assert_eq!(withheld([3, 0, 40, 20, 0, 30]), [true, true, true, false, false, false]);
    assert_eq!(withheld([30, 0, 40, 20, 10, 0]), [false; 6]);
}

#[test]
fn an_analysis_of_a_few_patients_or_of_nobody_leaves_nothing() {
    let tables = vec![table(TablePurpose::Frequency, 2, 2), table(TablePurpose::Missing, 1, 1)];
    let layout = Layout { tables, sums: vec![sum(&[0])], design: None };
    for values in [[4, 0, 0, 0, 0, 70], [0; 6]] {
        let decision = decide(&layout, &values, &rules(10)).unwrap();
        assert!(decision.refuses());
        assert_eq!(decision.fired, [Fired { rule: Rule::Rows, what: "the analysis".into(), withheld: 6 }]);
    }
    assert!(!decide(&layout, &[0; 6], &rules(1)).unwrap().withheld.contains(&true));
}

fn model(columns: usize) -> Layout {
    let tables = vec![
        table(TablePurpose::Base, 1, 1),
        table(TablePurpose::Base, 3, 1),
        table(TablePurpose::Missing, 1, 1),
    ];
    Layout { tables, sums: vec![sum(&[0]), sum(&[1])], design: Some(Design { columns, rows: 0 }) }
}

#[test]
fn a_model_leaves_whole_but_for_its_count_of_missing_values() {
    let decision = decide(&model(4), &[100, 60, 0, 40, 3, 5, 6], &rules(10)).unwrap();
    assert_eq!(decision.withheld, [false, false, false, false, true, false, false]);
}

#[test]
fn a_model_with_a_rare_level_is_refused_whole() {
    let decision = decide(&model(4), &[100, 60, 1, 39, 0, 5, 6], &rules(10)).unwrap();
    assert!(decision.refuses());
    assert_eq!(fired(&decision), [(Rule::Level, "Base")]);
}

#[test]
fn a_model_with_too_many_parameters_is_refused_whole() {
    let refused = |columns, rows: i128| {
        let decision = decide(&model(columns), &[rows, rows, 0, 0, 0, 5, 6], &rules(10)).unwrap();
        fired(&decision).into_iter().map(|(rule, _)| rule).collect::<Vec<_>>()
    };
    assert_eq!(refused(2, 12), [] as [Rule; 0]);
    assert_eq!(refused(2, 11), [Rule::ResidualDf]);
    assert_eq!(refused(20, 100), [] as [Rule; 0]);
    assert_eq!(refused(21, 100), [Rule::Parameters]);
    assert_eq!(refused(2, 9), [Rule::Rows]);
    assert_eq!(refused(2, 0), [Rule::Rows]);
}

#[test]
fn a_contribution_that_does_not_fit_its_layout_is_an_error() {
    let layout = |over| Layout {
        tables: vec![table(TablePurpose::Base, 2, 1)],
        sums: vec![sum(&[over])],
        design: None,
    };
    let decide = |over, values: &[i128]| decide(&layout(over), values, &rules(10)).map(|_| ());
    assert_eq!(decide(0, &[1, 2]), Err(DisclosureError::Length { expected: 3, found: 2 }));
    assert_eq!(decide(2, &[1, 2, 3]), Err(DisclosureError::Layout { position: 2 }));
    assert_eq!(decide(0, &[1, -2, 3]), Err(DisclosureError::Count { position: 1 }));
    assert_eq!(decide(0, &[i128::MAX, 2, 3]), Err(DisclosureError::Count { position: 0 }));
    assert_eq!(decide(0, &[20, 20, i128::MIN]), Ok(()));
}

/// The rules where one patient may have so many rows.
fn visits(k: u32, most: usize) -> Rules {
    rules(k).for_rows_per_patient(most)
}

#[test]
fn few_patients_with_many_visits_are_still_few_patients() {
    let layout = Layout { tables: vec![table(TablePurpose::Frequency, 2, 1)], ..Layout::default() };
    // Three patients with five visits each, who might as well be fifteen.
    assert!(decide(&layout, &[15, 0], &visits(10, 5)).unwrap().refuses());
    assert!(!decide(&layout, &[15, 0], &rules(10)).unwrap().refuses());
    let withheld = |counts: [i128; 2]| decide(&layout, &counts, &visits(10, 5)).unwrap().withheld;
    assert_eq!(withheld([50, 0]), [false, false]);
    assert_eq!(withheld([49, 60]), [true, true]);
    assert_eq!(withheld([50, 60]), [false, false]);
    assert_eq!(withheld([49, 0]), [true, true]);
}

#[test]
fn a_model_of_visits_counts_the_patients_they_may_be_of() {
    let refused = |columns, rows: i128, most| {
        let decision = decide(&model(columns), &[rows, rows, 0, 0, 0, 5, 6], &visits(10, most)).unwrap();
        fired(&decision).into_iter().map(|(rule, _)| rule).collect::<Vec<_>>()
    };
    assert_eq!(refused(4, 100, 1), [] as [Rule; 0]);
    assert_eq!(refused(4, 100, 5), [] as [Rule; 0]);
    assert_eq!(refused(4, 95, 5), [Rule::Parameters]);
    assert_eq!(refused(10, 55, 5), [Rule::ResidualDf, Rule::Parameters]);
    assert_eq!(refused(2, 49, 5), [Rule::Rows]);
}

#[test]
fn with_a_minimum_of_1_every_visit_leaves() {
    let layout = Layout { tables: vec![table(TablePurpose::Frequency, 2, 1)], ..Layout::default() };
    assert!(!decide(&layout, &[1, 2], &visits(1, 5)).unwrap().withheld.contains(&true));
    assert!(!visits(1, usize::MAX).act());
}

#[test]
fn every_rule_says_why_in_words() {
    let k = Threshold::new(10).unwrap();
    assert_eq!(Rule::Primary.reason(k, Rows::Patient), "a count from 1 to 9 could point at single patients");
    assert_eq!(
        Rule::Rows.reason(k, Rows::Patient),
        "the analysis rests on fewer than 10 patients, or on nobody"
    );
    for rule in Rule::ALL {
        assert!(rule.reason(k, Rows::Visit).contains("patients"), "{}", rule.name());
    }
    assert_eq!(
        Rule::Primary.reason(k, Rows::Visit),
        "a count of visits that could be of fewer than 10 patients could point at single ones"
    );
}

#[test]
fn a_model_of_which_every_row_is_lost_leaves_nothing() {
    let decision = decide(&model(4), &[0, 0, 0, 0, 50, 0, 0], &rules(10)).unwrap();
    assert!(decision.refuses());
    assert!(fired(&decision).contains(&(Rule::Rows, "the model")));
}

fn contributions() -> impl Strategy<Value = (Layout, Vec<i128>)> {
    use TablePurpose::{Base, Frequency, Grid, Missing};
    let purpose = prop::sample::select(vec![Frequency, Base, Grid, Missing]);
    let tables = prop::collection::vec((purpose, 1usize..4, 1usize..4), 1..4);
    (tables, prop::bool::ANY).prop_flat_map(|(tables, is_model)| {
        let tables: Vec<_> =
            tables.into_iter().map(|(purpose, rows, columns)| table(purpose, rows, columns)).collect();
        let cells = tables.iter().map(CountTable::cells).sum::<usize>();
        let counting = Sum { unit_bound: 1, ..sum(&[0]) };
        let sums = vec![counting, sum(&(0..cells).collect::<Vec<_>>())];
        let design = is_model.then_some(Design { columns: 2, rows: 0 });
        let count = prop_oneof![1 => Just(0i128), 3 => 1i128..30];
        (Just(Layout { tables, sums, design }), prop::collection::vec(count, cells + 2))
    })
}

proptest! {
    #[test]
    fn a_larger_k_never_lets_out_more((layout, values) in contributions(), k in 1u32..25) {
        let smaller = decide(&layout, &values, &rules(k)).unwrap().withheld;
        let larger = decide(&layout, &values, &rules(k + 1)).unwrap().withheld;
        prop_assert!(smaller.iter().zip(&larger).all(|(smaller, larger)| !smaller || *larger));
    }

    #[test]
    fn more_rows_of_a_patient_never_let_out_more(
        (layout, values) in contributions(), k in 1u32..25, most in 0usize..5,
    ) {
        let fewer = decide(&layout, &values, &visits(k, most)).unwrap().withheld;
        let more = decide(&layout, &values, &visits(k, most + 1)).unwrap().withheld;
        prop_assert!(fewer.iter().zip(&more).all(|(fewer, more)| !fewer || *more));
    }

    #[test]
    fn one_row_of_each_patient_changes_nothing((layout, values) in contributions(), k in 1u32..25) {
        for most in [0, 1] {
            prop_assert_eq!(decide(&layout, &values, &visits(k, most)), decide(&layout, &values, &rules(k)));
        }
    }

    #[test]
    fn the_same_numbers_give_the_same_pattern((layout, values) in contributions(), k in 1u32..25) {
        prop_assert_eq!(decide(&layout, &values, &rules(k)), decide(&layout.clone(), &values, &rules(k)));
    }

    #[test]
    fn no_small_count_leaves((layout, values) in contributions(), k in 2u32..25) {
        let decision = decide(&layout, &values, &rules(k)).unwrap();
        for (value, withheld) in values[..layout.count_cells()].iter().zip(&decision.withheld) {
            prop_assert!(*withheld || *value == 0 || *value >= i128::from(k));
        }
        prop_assert_eq!(decision.fired.is_empty(), !decision.withheld.contains(&true));
    }
}
