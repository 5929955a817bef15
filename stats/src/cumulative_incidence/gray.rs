//! Gray's test that a cause is as frequent in every group (Annals of Statistics 16, 1988), as `cmprsk::cuminc` computes it
//! with `rho = 0`: from the events of the cause and of the others at each grid time.

use crate::exits::Course;
use crate::group_test::GroupTest;

/// The test of groups, given for each stratum the exits of each group, and the position of the cause.
pub(super) fn test(strata: &[Vec<Course>], cause: usize) -> GroupTest {
    let groups = strata.first().map_or(0, Vec::len);
    let had = |course: &Course| course.events[cause].iter().any(|events| *events > 0);
    if !strata.iter().flatten().any(had) {
        return GroupTest::refused("nobody had the event");
    }
    let free = groups.saturating_sub(1);
    let mut scores = vec![0.0; free];
    let mut variance = vec![vec![0.0; free]; free];
    for courses in strata {
        let mut run = Run::new(groups);
        let times = courses.first().map_or(0, |course| course.at_risk.len());
        for at in 0..times {
            let moment: Vec<Moment> = courses.iter().map(|course| Moment::of(course, cause, at)).collect();
            run.pass(&moment);
        }
        let (own, spread) = run.finish();
        scores.iter_mut().zip(own).for_each(|(total, score)| *total += score);
        for (total, row) in variance.iter_mut().zip(spread) {
            total.iter_mut().zip(row).for_each(|(total, value)| *total += value);
        }
    }
    GroupTest::of_scores(&scores, &variance)
}

/// A group at a grid time.
struct Moment {
    at_risk: f64,
    own: f64,
    other: f64,
}

impl Moment {
    fn of(course: &Course, cause: usize, at: usize) -> Self {
        let own = course.events[cause][at];
        let other = course.any_event(at) - own;
        Self { at_risk: course.at_risk[at] as f64, own: own as f64, other: other as f64 }
    }
}

/// What is carried from one time to the next.
struct Run {
    /// Per group, just before: the share without any event, and the incidence of the cause.
    free: Vec<f64>,
    incidence: Vec<f64>,
    /// The incidence in all groups together were they alike.
    pooled: f64,
    scores: Vec<f64>,
    /// The integrated weights that each group's martingale has in each score.
    weights: Vec<Vec<f64>>,
    /// The parts of the variance: constant, linear and quadratic in the last weights.
    constant: Vec<Vec<f64>>,
    linear: Vec<Vec<f64>>,
    quadratic: Vec<f64>,
}

impl Run {
    fn new(groups: usize) -> Self {
        let free = groups.saturating_sub(1);
        Self {
            free: vec![1.0; groups],
            incidence: vec![0.0; groups],
            pooled: 0.0,
            scores: vec![0.0; free],
            weights: vec![vec![0.0; groups]; groups],
            constant: vec![vec![0.0; free]; free],
            linear: vec![vec![0.0; groups]; free],
            quadratic: vec![0.0; groups],
        }
    }

    fn pass(&mut self, moment: &[Moment]) {
        let own: f64 = moment.iter().map(|group| group.own).sum();
        let other: f64 = moment.iter().map(|group| group.other).sum();
        if own + other <= 0.0 {
            return;
        }
        let mut next_free = self.free.clone();
        let mut next_incidence = self.incidence.clone();
        // At risk of the cause had nobody been censored: `h` of Gray's paper, and his `R`.
        let mut exposed = vec![0.0; moment.len()];
        let mut at_risk = vec![0.0; moment.len()];
        for (group, now) in moment.iter().enumerate().filter(|(_, now)| now.at_risk > 0.0) {
            next_free[group] = self.free[group] * (now.at_risk - now.own - now.other) / now.at_risk;
            next_incidence[group] += self.free[group] * now.own / now.at_risk;
            exposed[group] = now.at_risk / self.free[group];
            at_risk[group] = exposed[group] * (1.0 - self.incidence[group]);
        }
        let (all_exposed, all_at_risk) = (exposed.iter().sum::<f64>(), at_risk.iter().sum::<f64>());
        let pooled = self.pooled + own / all_exposed;
        let jump = own / (all_exposed * (1.0 - self.pooled));
        let mut step = vec![vec![0.0; moment.len()]; moment.len()];
        for (group, row) in step.iter_mut().enumerate() {
            for (with, value) in row.iter_mut().enumerate() {
                let same = if group == with { exposed[group] } else { 0.0 };
                *value = same - exposed[group] * exposed[with] / all_exposed;
                self.weights[group][with] += *value * jump;
            }
        }
        for (group, score) in self.scores.iter_mut().enumerate() {
            *score += moment[group].own - own * at_risk[group] / all_at_risk;
        }
        if own > 0.0 {
            for (group, now) in moment.iter().enumerate().filter(|(_, now)| now.at_risk > 0.0) {
                let share =
                    if next_free[group] > 0.0 { 1.0 - (1.0 - pooled) / next_free[group] } else { 1.0 };
                let ties =
                    if own > 1.0 { 1.0 - (own - 1.0) / (all_exposed * self.free[group] - 1.0) } else { 1.0 };
                let spread = ties * self.free[group] * own / (all_exposed * now.at_risk);
                let direct: Vec<f64> = step.iter().map(|row| row[group]).collect();
                self.spread(group, share, spread, &direct);
            }
        }
        for (group, now) in moment.iter().enumerate() {
            if now.other <= 0.0 || next_free[group] <= 0.0 {
                continue;
            }
            let share = (1.0 - pooled) / next_free[group];
            let ties = if now.other > 1.0 { 1.0 - (now.other - 1.0) / (now.at_risk - 1.0) } else { 1.0 };
            let spread = ties * self.free[group] * self.free[group] * now.other / (now.at_risk * now.at_risk);
            // Other events act through the share left only.
            self.spread(group, share, spread, &vec![0.0; moment.len()]);
        }
        (self.free, self.incidence, self.pooled) = (next_free, next_incidence, pooled);
    }

    /// Adds the variance of a group's events at one time.
    fn spread(&mut self, group: usize, share: f64, spread: f64, direct: &[f64]) {
        self.quadratic[group] += share * share * spread;
        let parts: Vec<f64> =
            (0..self.scores.len()).map(|score| direct[score] - share * self.weights[score][group]).collect();
        for (score, part) in parts.iter().enumerate() {
            self.linear[score][group] += part * share * spread;
            for (with, other) in parts.iter().enumerate() {
                self.constant[score][with] += part * other * spread;
            }
        }
    }

    /// The scores of all groups but the last and their variance.
    fn finish(self) -> (Vec<f64>, Vec<Vec<f64>>) {
        let entry = |score: usize, with: usize| {
            let group = |group: usize| {
                let (one, two) = (self.weights[score][group], self.weights[with][group]);
                one * two * self.quadratic[group]
                    + one * self.linear[with][group]
                    + two * self.linear[score][group]
            };
            self.constant[score][with] + (0..self.free.len()).map(group).sum::<f64>()
        };
        let row = |score: usize| (0..self.scores.len()).map(|with| entry(score, with)).collect();
        let variance = (0..self.scores.len()).map(row).collect();
        (self.scores, variance)
    }
}
