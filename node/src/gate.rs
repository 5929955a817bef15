//! The gate: the only function through which anything computed from patients' rows leaves a centre.
//!
//! A [`Releasable`] can be made nowhere else, and an answer takes nothing but `Releasable`s. What it may hold is
//! said by two things: the layouts of `stats/`, one file per statistic (integers that are counts of patients or
//! sums over counted patients), and the rules of `disclosure/`, which decide from layout and numbers alone which
//! of those integers leave. An integer that a rule withholds is not in the `Releasable`, not even masked.

use notochord_disclosure::{DisclosureError, Fired, Rules, decide};
use notochord_proto::layout::Layout;
use notochord_proto::vector;
use notochord_proto::wire;
use notochord_stats::contribution::Contribution;

/// A contribution that may leave.
pub struct Releasable(wire::Contribution);

/// What the gate decided about one step.
pub struct Passage {
    /// What leaves; nothing if the rules withhold all of it.
    pub releasable: Option<Releasable>,
    /// The rules that withheld something. Stays at the centre.
    pub fired: Vec<Fired>,
}

/// Lets a contribution out as far as the rules allow.
pub fn let_out(
    layout: &Layout,
    contribution: Contribution,
    rules: &Rules,
) -> Result<Passage, DisclosureError> {
    let values = contribution.values();
    let decision = decide(layout, values, rules)?;
    if decision.refuses() {
        return Ok(Passage { releasable: None, fired: decision.fired });
    }
    let kept: Vec<Option<i128>> = values
        .iter()
        .zip(&decision.withheld)
        .map(|(value, withheld)| (!withheld).then_some(*value))
        .collect();
    let mut names: Vec<String> = decision.fired.iter().map(|fired| fired.rule.name().to_owned()).collect();
    names.sort();
    names.dedup();
    let releasable = Releasable(vector::encode(layout, &kept, names));
    Ok(Passage { releasable: Some(releasable), fired: decision.fired })
}

impl Releasable {
    /// The message that leaves.
    pub fn into_message(self) -> wire::Contribution {
        self.0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use notochord_disclosure::Threshold;
    use notochord_proto::layout::{CountTable, Sum, TablePurpose};

    use super::*;

    fn layout() -> Layout {
        let table = |name: &str, rows: &[&str], purpose| CountTable {
            name: name.into(),
            rows: rows.iter().map(|row| (*row).into()).collect(),
            columns: vec![String::new()],
            purpose,
        };
        let tables = vec![
            table("rows of the group", &["a", "b"], TablePurpose::Base),
            table("missing", &["age"], TablePurpose::Missing),
        ];
        let sum = |name: &str, over| Sum { name: name.into(), over: vec![over], unit_bound: 100 };
        Layout { tables, sums: vec![sum("age, a", 0), sum("age, b", 1)], design: None }
    }

    fn pass(values: [i128; 5], k: u32) -> Option<Vec<Option<i128>>> {
        let rules = Rules::throw_away(Threshold::new(k).unwrap());
        let contribution = Contribution::checked(values.to_vec(), &layout()).unwrap();
        let passage = let_out(&layout(), contribution, &rules).unwrap();
        passage.releasable.map(|releasable| vector::decode(&layout(), &releasable.into_message()).unwrap())
    }

    #[test]
    fn a_small_group_and_the_sums_over_it_stay_inside() {
        let left = pass([40, 9, 0, 2400, 540], 10).unwrap();
        assert_eq!(left, [Some(40), None, Some(0), Some(2400), None]);
    }

    #[test]
    fn an_analysis_of_few_patients_does_not_leave_at_all() {
        assert!(pass([5, 3, 0, 300, 180], 10).is_none());
    }

    #[test]
    fn with_a_minimum_of_one_everything_leaves() {
        let left = pass([5, 1, 1, 300, 60], 1).unwrap();
        assert_eq!(left, [Some(5), Some(1), Some(1), Some(300), Some(60)]);
    }
}
