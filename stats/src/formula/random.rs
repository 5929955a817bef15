//! Random terms of a mixed model, in the notation of R's `lme4`: `(1 | patient)`, `(1 + x | patient)`, `(1 | site)`.

use super::{Atom, Formula};

/// Whose rows share a random term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    /// `patient`
    Patient,
    /// `site`
    Site,
}

/// A random intercept, with a random slope of one number where there is one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RandomTerm {
    pub(crate) group: Group,
    pub(crate) slope: Option<Atom>,
}

impl Formula {
    /// Parses a formula of a mixed model: its fixed part and its random terms, or what is wrong with it.
    pub(crate) fn parse_mixed(text: &str) -> Result<(Formula, Vec<RandomTerm>), String> {
        let Some((left, right)) = text.split_once('~') else {
            return Formula::parse(text).map(|formula| (formula, Vec::new()));
        };
        let (random, fixed): (Vec<&str>, Vec<&str>) =
            summands(right).into_iter().partition(|part| is_random(part));
        let fixed = if fixed.is_empty() { "1".to_owned() } else { fixed.join("+") };
        let formula = Formula::parse(&format!("{left}~{fixed}"))?;
        let terms = random.into_iter().map(|part| random_term(left, part)).collect::<Result<_, _>>()?;
        Ok((formula, terms))
    }
}

/// The parts between `+` outside parentheses.
fn summands(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_i64, 0);
    for (at, sign) in text.char_indices() {
        match sign {
            '(' => depth += 1,
            ')' => depth -= 1,
            '+' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn is_random(part: &str) -> bool {
    let part = part.trim();
    part.starts_with('(') && part.ends_with(')') && part.contains('|')
}

fn random_term(response: &str, part: &str) -> Result<RandomTerm, String> {
    let part = part.trim();
    let wrong = || {
        format!(
            "`{part}` is no random term; there are `(1 | patient)`, `(1 + x | patient)` with a number x, and `(1 | site)`"
        )
    };
    let inside = part.strip_prefix('(').and_then(|part| part.strip_suffix(')')).ok_or_else(wrong)?;
    let (left, group) = inside.split_once('|').ok_or_else(wrong)?;
    let group = match group.trim() {
        "patient" => Group::Patient,
        "site" => Group::Site,
        _ => return Err(wrong()),
    };
    // As in R, `(x | patient)` has the intercept as well.
    let inner = Formula::parse(&format!("{response}~{left}"))?;
    let slope = match (inner.terms.as_slice(), inner.atoms.as_slice()) {
        ([], []) => None,
        ([_], [Atom::Factor(_)]) => return Err(wrong()),
        ([term], [atom]) if term.len() == 1 => Some(atom.clone()),
        _ => return Err(wrong()),
    };
    let offered = inner.intercept && inner.offsets.is_empty() && (group == Group::Patient || slope.is_none());
    if offered { Ok(RandomTerm { group, slope }) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn random_terms_are_taken_out_of_the_fixed_part() {
        let text = "y ~ a * b - 1 + (1 + day | patient) + (1|site)";
        let (formula, random) = Formula::parse_mixed(text).unwrap();
        assert!(!formula.intercept);
        assert_eq!(formula.terms.len(), 3);
        assert_eq!(random.len(), 2);
        assert_eq!(random[0].group, Group::Patient);
        assert_eq!(random[0].slope.as_ref().unwrap().to_string(), "day");
        assert_eq!(random[1], RandomTerm { group: Group::Site, slope: None });
    }

    #[test]
    fn a_model_of_random_terms_alone_has_an_intercept() {
        let (formula, random) = Formula::parse_mixed("y ~ (day | patient)").unwrap();
        assert!(formula.intercept && formula.terms.is_empty());
        assert!(random[0].slope.is_some());
    }

    #[test]
    fn other_random_terms_are_refused_in_words() {
        for text in [
            "y ~ a + (1 | ward)",
            "y ~ a + (0 + day | patient)",
            "y ~ a + (1 + day + age | patient)",
            "y ~ a + (1 + day | site)",
            "y ~ a + (1 + factor(a) | patient)",
        ] {
            let error = Formula::parse_mixed(text).unwrap_err();
            assert!(error.contains("random term"), "{text}: {error}");
        }
        assert!(Formula::parse_mixed("y ~ a + (1 | patient) - 1").unwrap_err().contains("random terms"));
    }
}
