#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

fn through_the_sorter(records: &[Vec<u8>], memory: usize) -> Vec<Vec<u8>> {
    let scratch = TempDir::new().unwrap();
    let mut sorter = Sorter::new(scratch.path(), memory).unwrap();
    for record in records {
        sorter.push(|bytes| bytes.extend_from_slice(record)).unwrap();
        assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 0, "a run has a name");
    }
    let mut sorted = sorter.sorted().unwrap();
    let (mut all, mut record) = (Vec::new(), Vec::new());
    while sorted.next(&mut record).unwrap() {
        all.push(record.clone());
    }
    all
}

#[test]
fn more_runs_than_are_merged_at_once_are_merged_all_the_same() {
    let records: Vec<Vec<u8>> =
        (0..5 * MOST_RUNS as u32).map(|n| n.wrapping_mul(0x9e37_79b9).to_be_bytes().to_vec()).collect();
    let mut expected = records.clone();
    expected.sort();
    assert_eq!(through_the_sorter(&records, 1), expected);
}

#[test]
fn a_record_beyond_the_limit_is_refused() {
    let scratch = TempDir::new().unwrap();
    let mut sorter = Sorter::new(scratch.path(), usize::MAX).unwrap();
    assert!(sorter.push(|bytes| bytes.resize(LONGEST_RECORD + 1, 0)).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn whatever_the_memory_records_come_out_in_order_and_none_is_lost(
        records in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..60),
        memory in 1..600_usize,
    ) {
        let mut expected = records.clone();
        expected.sort();
        prop_assert_eq!(through_the_sorter(&records, memory), expected);
    }
}
