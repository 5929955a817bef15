#![allow(clippy::unwrap_used, clippy::panic)]

use super::normal::normal_survival;
use super::*;

/// Computed with 60 digits (mpmath 1.3): t, degrees of freedom, probability.
const T: [(f64, f64, f64); 9] = [
    (0.5, 1.0, 0.704_832_764_699_133_5),
    (2.1, 3.7, 0.109_264_705_082_224_73),
    (1.0, 908.0, 0.317_576_922_059_387_7),
    (12.0, 908.0, 6.721_629_009_964_359e-31),
    (45.0, 908.0, 2.062_082_246_114_299_7e-233),
    (0.001, 20.5, 0.999_211_782_984_492_1),
    (-2.7, 927.0, 0.007_060_268_899_629_718),
    (5.0, 2.25, 0.029_522_088_781_192_53),
    (1.9, 100_000.0, 0.057_435_993_284_107_87),
];

/// F, degrees of freedom, probability; the first is the model of age on sex and nodes in `colon` (R
/// survival).
const F: [(f64, f64, f64, f64); 6] = [
    (4.120_321_680_378_648, 2.0, 908.0, 0.016_543_916_150_622_107),
    (0.24, 2.0, 926.0, 0.786_676_776_316_378_6),
    (1e-6, 5.0, 10.0, 0.999_999_999_999_995_9),
    (8.23, 7.0, 181.0, 1.057_949_868_148_701_5e-8),
    (300.0, 4.0, 906.0, 2.923_706_187_065_976_7e-164),
    (1.0, 40.5, 1200.25, 0.471_902_921_853_557_1),
];

/// Chi-squared, degrees of freedom, probability; the first is treatment by sex in `colon` (R survival).
const CHI_SQUARED: [(f64, f64, f64); 7] = [
    (7.130_048_325_545_105, 2.0, 0.028_296_301_758_823_06),
    (1e-5, 1.0, 0.997_476_871_683_194_4),
    (3.84, 1.0, 0.050_043_521_248_705_106),
    (1400.0, 1.0, 2.101_014_516_264_217_6e-306),
    (1000.0, 900.0, 0.010_994_608_942_135_848),
    (30.0, 39.0, 0.849_177_889_098_825_7),
    (1200.0, 12.0, 1.731_865_000_673_192_7e-249),
];

/// The two-sided 95 % point of t: degrees of freedom, point.
const CRITICAL: [(f64, f64); 6] = [
    (1.0, 12.706_204_736_174_705),
    (2.5, 3.574_654_842_003_683),
    (10.0, 2.228_138_851_986_275),
    (908.0, 1.962_580_044_904_689),
    (927.5, 1.962_524_973_573_495_5),
    (100_000.0, 1.959_987_707_534_609_5),
];

fn assert_close(found: f64, expected: f64, tolerance: f64) {
    let error = (found - expected).abs() / expected;
    assert!(error < tolerance, "{found:e} is not {expected:e}: {error:e}");
}

#[test]
fn tails_agree_with_sixty_digit_arithmetic() {
    for (t, df, p) in T {
        assert_close(t_two_sided(t, df), p, 1e-12);
    }
    for (f, numerator, denominator, p) in F {
        assert_close(f_survival(f, numerator, denominator), p, 1e-12);
    }
    for (x, df, p) in CHI_SQUARED {
        assert_close(chi_squared_survival(x, df), p, 1e-12);
    }
}

#[test]
fn critical_points_agree_with_sixty_digit_arithmetic() {
    for (df, point) in CRITICAL {
        assert_close(t_critical(0.95, df), point, 1e-13);
    }
}

#[test]
fn the_ends_of_a_distribution_are_zero_and_one() {
    assert_eq!(t_two_sided(0.0, 5.0), 1.0);
    assert_eq!(t_two_sided(f64::INFINITY, 5.0), 0.0);
    assert_eq!(f_survival(0.0, 2.0, 5.0), 1.0);
    assert_eq!(f_survival(f64::INFINITY, 2.0, 5.0), 0.0);
    assert_eq!(chi_squared_survival(0.0, 3.0), 1.0);
    assert_eq!(chi_squared_survival(f64::INFINITY, 3.0), 0.0);
}

/// The name of a function, its arguments, and what R gives for it.
type Point = (String, Vec<f64>, f64);

/// See `tests/reference/own/distribution.R`.
fn points() -> Vec<Point> {
    serde_json::from_str(include_str!("../../../tests/reference/own/distribution.json")).unwrap()
}

fn computed(name: &str, arguments: &[f64]) -> f64 {
    match (name, arguments) {
        ("normal_cdf", [z]) => normal_survival(-z),
        ("normal_survival", [z]) => normal_survival(*z),
        ("normal_quantile", [p]) => normal_quantile(*p).abs(),
        ("t_two_sided", [t, df]) => t_two_sided(*t, *df),
        ("chi_squared_survival", [x, df]) => chi_squared_survival(*x, *df),
        ("f_survival", [f, numerator, denominator]) => f_survival(*f, *numerator, *denominator),
        ("f_cdf", [f, numerator, denominator]) => f_cdf(*f, *numerator, *denominator),
        ("f_upper_quantile", [p, numerator, denominator]) => f_upper_quantile(*p, *numerator, *denominator),
        ("beta_quantile", [p, a, b]) => beta_quantile(*p, *a, *b),
        ("binomial_cdf", [successes, trials, success]) => {
            binomial_cdf(*successes as u64, *trials as u64, *success)
        }
        ("rank_sum", [w, first, second]) => Ranks::rank_sum(*first as u64, *second as u64).at_most(*w as u64),
        ("rank_sum_quantile", [p, first, second]) => {
            Ranks::rank_sum(*first as u64, *second as u64).quantile(*p) as f64
        }
        ("signed", [v, n]) => Ranks::signed(*n as u64).at_most(*v as u64),
        ("signed_quantile", [p, n]) => Ranks::signed(*n as u64).quantile(*p) as f64,
        _ => panic!("nothing computes {name} of {arguments:?}"),
    }
}

#[test]
fn a_thousand_tails_and_quantiles_agree_with_r_down_to_1e_300() {
    let points = points();
    assert!(points.len() > 1000 && points.iter().any(|(.., value)| *value < 1e-299));
    let mut wrong = Vec::new();
    for (name, arguments, expected) in points {
        let found = computed(&name, &arguments);
        let error = (found - expected).abs() / expected.abs().max(f64::MIN_POSITIVE);
        if error > 2e-12 {
            wrong.push(format!("{name} {arguments:?}: {found:e}, R {expected:e}: {error:e}"));
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_two_tails_of_the_normal_distribution_are_its_mirror_images() {
    assert_eq!((normal_quantile(0.5), normal_quantile(0.0)), (0.0, f64::NEG_INFINITY));
    assert!(normal_quantile(1.5).is_nan() && normal_quantile(-0.5).is_nan());
    assert_eq!(normal_quantile(0.25), -normal_quantile(0.75));
    assert_eq!(normal_two_sided(-1.5), 2.0 * normal_survival(1.5));
}
