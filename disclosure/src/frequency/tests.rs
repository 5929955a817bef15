#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

fn pattern(counts: &[i128], columns: usize, k: u32) -> Vec<bool> {
    withhold(counts, columns, Threshold::new(k).unwrap()).iter().map(Option::is_some).collect()
}

#[test]
fn large_counts_and_zeros_are_released() {
    assert_eq!(pattern(&[20, 30, 0, 40], 1, 10), [false; 4]);
    assert_eq!(pattern(&[20, 30, 40, 50], 2, 10), [false; 4]);
}

#[test]
fn a_small_count_takes_the_smallest_other_with_it() {
    assert_eq!(pattern(&[3, 40, 20, 30], 1, 10), [true, false, true, false]);
}

#[test]
fn two_small_counts_that_add_up_to_less_than_k_take_a_third() {
    assert_eq!(pattern(&[3, 4, 40, 20], 1, 10), [true, true, false, true]);
    assert_eq!(pattern(&[3, 7, 40, 20], 1, 10), [true, true, false, false]);
}

#[test]
fn all_but_a_few_of_a_group_is_withheld() {
    let rules = withhold(&[97, 3], 1, Threshold::new(10).unwrap());
    assert_eq!(rules, [Some(Rule::Complement), Some(Rule::Primary)]);
}

#[test]
fn in_rows_and_columns_a_rectangle_is_withheld() {
    let counts = [100, 20, 50, 30, 3, 40, 60, 70, 80];
    let rectangle = [false, false, false, true, true, false, true, true, false];
    assert_eq!(pattern(&counts, 3, 10), rectangle);
}

#[test]
fn empty_lines_neither_give_protection_nor_need_it() {
    // One site's part of a table by site: the other sites' columns stay 0.
    assert_eq!(
        pattern(&[3, 0, 0, 50, 0, 0, 60, 0, 0], 3, 10),
        [true, false, false, true, false, false, false, false, false]
    );
    assert_eq!(pattern(&[3, 0], 1, 10), [true, false]);
}

#[test]
fn a_table_of_a_few_patients_is_withheld_but_for_its_empty_lines() {
    assert_eq!(pattern(&[2, 0, 1, 1, 0, 0], 2, 10), [true, true, true, true, false, false]);
}

/// The smallest and largest value of each cell over all tables that agree with `counts` in their margins and
/// in the cells that are not withheld, by trying every one.
fn ranges(counts: &[i128], columns: usize, withheld: &[bool]) -> Vec<(i128, i128)> {
    struct Search<'a> {
        columns: usize,
        withheld: &'a [bool],
        rows_left: Vec<i128>,
        columns_left: Vec<i128>,
        table: Vec<i128>,
        ranges: Vec<(i128, i128)>,
    }
    impl Search<'_> {
        fn from(&mut self, cell: usize) {
            if cell == self.table.len() {
                if self.rows_left.iter().chain(&self.columns_left).all(|left| *left == 0) {
                    for (range, value) in self.ranges.iter_mut().zip(&self.table) {
                        *range = (range.0.min(*value), range.1.max(*value));
                    }
                }
                return;
            }
            let (row, column) = (cell / self.columns, cell % self.columns);
            let last_of_row = column + 1 == self.columns;
            let most = self.rows_left[row].min(self.columns_left[column]);
            let values = match (self.withheld[cell], last_of_row) {
                (false, _) => self.table[cell]..=self.table[cell],
                (true, true) => self.rows_left[row]..=self.rows_left[row],
                (true, false) => 0..=most,
            };
            let before = self.table[cell];
            for value in values.filter(|value| *value <= most) {
                self.table[cell] = value;
                self.rows_left[row] -= value;
                self.columns_left[column] -= value;
                self.from(cell + 1);
                self.rows_left[row] += value;
                self.columns_left[column] += value;
            }
            self.table[cell] = before;
        }
    }
    let rows = counts.len() / columns;
    let mut search = Search {
        columns,
        withheld,
        rows_left: (0..rows).map(|row| counts[row * columns..][..columns].iter().sum()).collect(),
        columns_left: (0..columns).map(|column| counts.iter().skip(column).step_by(columns).sum()).collect(),
        table: counts.to_vec(),
        ranges: vec![(i128::MAX, i128::MIN); counts.len()],
    };
    search.from(0);
    search.ranges
}

fn tables() -> impl Strategy<Value = (Vec<i128>, usize)> {
    let count = prop_oneof![2 => Just(0), 3 => 1i128..5, 4 => 5i128..14];
    (1usize..=3, 1usize..=3).prop_flat_map(move |(rows, columns)| {
        (prop::collection::vec(count.clone(), rows * columns), Just(columns))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn no_withheld_count_can_be_worked_out((counts, columns) in tables(), k in 2u32..7) {
        let withheld = pattern(&counts, columns, k);
        let ranges = ranges(&counts, columns, &withheld);
        let table = Table::new(&counts, columns);
        let all_withheld = table.positions().iter().all(|position| withheld[*position]);
        for cell in 0..table.counts().len() {
            let position = table.positions()[cell];
            if !withheld[position] || table.rows() < 2 || table.columns() < 2 {
                continue;
            }
            let (least, most) = ranges[position];
            let [row, column, _] = table.groups_of(cell);
            prop_assert!(least < most, "{counts:?} by {columns}: {withheld:?}");
            prop_assert!(all_withheld || most - least >= i128::from(k).min(row).min(column));
        }
    }

    #[test]
    fn in_a_list_the_withheld_counts_are_at_least_two_and_together_at_least_k(
        counts in prop::collection::vec(0i128..14, 1..8), k in 2u32..9,
    ) {
        let withheld = pattern(&counts, 1, k);
        let hidden: Vec<i128> = counts.iter().zip(&withheld).filter(|(_, w)| **w).map(|(c, _)| *c).collect();
        let patients = counts.iter().filter(|count| **count > 0).count();
        let total: i128 = counts.iter().sum();
        if !hidden.is_empty() && patients > 1 {
            prop_assert!(hidden.len() > 1);
            prop_assert!(hidden.iter().sum::<i128>() >= i128::from(k).min(total));
        }
    }

    #[test]
    fn a_larger_k_never_releases_more((counts, columns) in tables(), k in 1u32..20) {
        let smaller = pattern(&counts, columns, k);
        let larger = pattern(&counts, columns, k + 1);
        prop_assert!(smaller.iter().zip(&larger).all(|(smaller, larger)| !smaller || *larger));
    }

    #[test]
    fn every_small_count_and_every_small_rest_is_withheld((counts, columns) in tables(), k in 2u32..12) {
        let k_minus_1 = i128::from(k) - 1;
        let withheld = pattern(&counts, columns, k);
        let table = Table::new(&counts, columns);
        for cell in 0..table.counts().len() {
            let count = table.count(cell);
            let small = (1..=k_minus_1).contains(&count)
                || table.groups_of(cell).iter().any(|group| (1..=k_minus_1).contains(&(group - count)));
            prop_assert!(!small || withheld[table.positions()[cell]]);
        }
    }
}
