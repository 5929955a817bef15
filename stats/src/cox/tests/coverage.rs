//! Whether 95 % intervals hold the truth as often as they say.

use super::reference::within;
use crate::fixture::reference::DataSet;

/// Marsaglia's xorshift: numbers above 0 and below 1.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }
}

const DOSE: f64 = 0.15;
const ARM: f64 = -0.5;
const TRIALS: usize = 200;

#[test]
fn intervals_hold_the_truth_as_often_as_they_say() {
    let mut numbers = Numbers(20_260_917);
    let mut held = [0_usize; 2];
    for _ in 0..TRIALS {
        let mut text = "site,time,status,dose,arm\n".to_owned();
        for row in 0..120 {
            let (site, arm) = (row % 3, f64::from(u8::from(numbers.next() < 0.5)));
            let dose = (numbers.next() * 10.0).floor();
            // Each site has a hazard of its own; a third is censored or so.
            let hazard = 0.002 * (1.0 + site as f64) * libm::exp(DOSE * dose + ARM * arm);
            let (death, censoring) = (-libm::log(numbers.next()) / hazard, numbers.next() * 600.0);
            let time = death.min(censoring).ceil();
            text.push_str(&format!(
                "{},{time},{},{dose},{arm}\n",
                ["A", "B", "C"][site],
                u8::from(death <= censoring)
            ));
        }
        let data = DataSet::parse(&text, None);
        let found = within(&data, "formula = \"Surv(time, status) ~ dose + arm\"", 3);
        for (at, truth) in [DOSE, ARM].into_iter().enumerate() {
            let term = &found["terms"][at];
            let (lower, upper) = (term["lower"].as_f64().unwrap(), term["upper"].as_f64().unwrap());
            held[at] += usize::from(lower <= truth && truth <= upper);
        }
    }
    // Three standard errors of a share of 0.95.
    let error = 3.0 * (0.95 * 0.05 / TRIALS as f64).sqrt();
    for held in held {
        let share = held as f64 / TRIALS as f64;
        assert!((share - 0.95).abs() <= error, "{share}");
    }
}
