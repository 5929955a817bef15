//! How often categories were named, by whatever road the counts came.

/// What Fleiss' kappa is computed from: sums over subjects that so many raters rated.
#[derive(Debug, Clone, Default)]
pub(super) struct Tallies {
    pub(super) subjects: u64,
    pub(super) raters: u64,
    /// How often each category was named.
    pub(super) times: Vec<i128>,
    /// The sum of each subject's agreement: its squared counts added up.
    pub(super) agreement: i128,
    pub(super) agreement_squared: i128,
    /// Agreement times the count of each category.
    pub(super) agreement_by: Vec<i128>,
    /// The lower triangle of the products of two categories' counts.
    pub(super) products: Vec<i128>,
}

impl Tallies {
    /// The sum of the products of two categories' counts.
    pub(super) fn product(&self, one: usize, two: usize) -> i128 {
        let (low, high) = (one.min(two), one.max(two));
        self.products.get(high * (high + 1) / 2 + low).copied().unwrap_or(0)
    }

    /// Of a table of subjects by category, from the subjects with the most ratings; with it how many have some, but fewer.
    pub(super) fn of_table(table: &[Vec<u64>]) -> (Self, u64) {
        let categories = table.first().map_or(0, Vec::len);
        let ratings = |row: &Vec<u64>| row.iter().fold(0, |sum: u64, count| sum.saturating_add(*count));
        let most = table.iter().map(ratings).max().unwrap_or(0);
        let mut tallies = Self {
            raters: most,
            times: vec![0; categories],
            agreement_by: vec![0; categories],
            products: vec![0; categories * (categories + 1) / 2],
            ..Self::default()
        };
        for row in table.iter().filter(|row| most > 0 && ratings(row) == most) {
            let times: Vec<i128> = row.iter().map(|count| i128::from(*count)).collect();
            let agreement: i128 = times.iter().map(|times| times * times).sum();
            tallies.subjects += 1;
            tallies.agreement = tallies.agreement.saturating_add(agreement);
            tallies.agreement_squared =
                tallies.agreement_squared.saturating_add(agreement.saturating_mul(agreement));
            let mut place = 0;
            for (at, one) in times.iter().enumerate() {
                tallies.times[at] += one;
                tallies.agreement_by[at] =
                    tallies.agreement_by[at].saturating_add(agreement.saturating_mul(*one));
                for two in &times[..=at] {
                    tallies.products[place] += one * two;
                    place += 1;
                }
            }
        }
        let some = table.iter().filter(|row| ratings(row) > 0).count() as u64;
        let subjects = tallies.subjects;
        (tallies, some - subjects)
    }
}

/// The category that each of some raters gave each subject that all of them rated once, and how many subjects some, but
/// not all, did. `tables` has a table of subjects by category for each rater.
pub(super) fn rated_by_all(tables: &[Vec<Vec<u64>>]) -> (Vec<Vec<usize>>, u64) {
    let subjects = tables.first().map_or(0, Vec::len);
    let once = |row: &Vec<u64>| {
        let mut named = row.iter().enumerate().filter(|(_, count)| **count > 0);
        match (named.next(), named.next()) {
            (Some((category, 1)), None) => Some(category),
            _ => None,
        }
    };
    let mut complete = Vec::new();
    let mut left_out = 0;
    for subject in 0..subjects {
        let rated: Option<Vec<usize>> = tables.iter().map(|table| once(&table[subject])).collect();
        match rated {
            Some(rated) => complete.push(rated),
            None if tables.iter().any(|table| table[subject].iter().any(|count| *count > 0)) => left_out += 1,
            None => {}
        }
    }
    (complete, left_out)
}
