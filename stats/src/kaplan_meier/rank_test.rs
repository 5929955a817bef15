//! The log-rank test and its relative with Peto and Prentice's weights, plain and within strata (`survdiff` with `rho` 0
//! and 1).

use crate::exits::Course;
use crate::group_test::GroupTest;

/// How events at different times weigh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weights {
    /// All alike.
    Alike,
    /// As survival of all just before, in the stratum.
    Survival,
}

/// The test of groups, given for each stratum the exits of each group.
pub(super) fn test(strata: &[Vec<Course>], weights: Weights) -> GroupTest {
    let groups = strata.first().map_or(0, Vec::len);
    let mut observed = vec![0.0; groups];
    let mut expected = vec![0.0; groups];
    let mut variance = vec![vec![0.0; groups]; groups];
    for courses in strata {
        let all = Course::together(courses);
        let mut survival = 1.0;
        for at in 0..all.at_risk.len() {
            let events = all.any_event(at);
            if events == 0 {
                continue;
            }
            let (n, d) = (all.at_risk[at] as f64, events as f64);
            let weight = match weights {
                Weights::Alike => 1.0,
                Weights::Survival => survival,
            };
            survival *= (n - d) / n;
            let spread = if n > 1.0 { weight * weight * d * (n - d) / (n * (n - 1.0)) } else { 0.0 };
            for (group, course) in courses.iter().enumerate() {
                let own = course.at_risk[at] as f64;
                observed[group] += weight * course.any_event(at) as f64;
                expected[group] += weight * d * own / n;
                for (other, with) in courses.iter().enumerate() {
                    let same = if other == group { 1.0 } else { 0.0 };
                    variance[group][other] += spread * own * (same - with.at_risk[at] as f64 / n);
                }
            }
        }
    }
    let compared: Vec<usize> = (0..groups).filter(|group| expected[*group] > 0.0).collect();
    if compared.is_empty() {
        return GroupTest::refused("nobody had the event");
    }
    let rest = &compared[1..];
    let scores: Vec<f64> = rest.iter().map(|group| observed[*group] - expected[*group]).collect();
    let within: Vec<Vec<f64>> =
        rest.iter().map(|row| rest.iter().map(|column| variance[*row][*column]).collect()).collect();
    let test = GroupTest::of_scores(&scores, &within);
    GroupTest { observed, expected, variance, ..test }
}
