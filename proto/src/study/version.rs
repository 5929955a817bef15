//! Whether a study is written for the dictionary at hand, and what it needs where it is not.

use super::Study;
use crate::dictionary::{Dictionary, Migration};
use crate::problem::Problem;

impl Study {
    /// Refuses a study that names another version of the dictionary, with what has changed since.
    pub fn check_dictionary(&self, dictionary: &Dictionary) -> Result<(), Problem> {
        let (Some(wanted), here) = (&self.dictionary, dictionary.version()) else { return Ok(()) };
        if wanted == here {
            return Ok(());
        }
        let message = match dictionary.migrations_from(wanted) {
            Some(steps) => format!(
                "is written for version {wanted} of the data dictionary; this network has {here}. Revise the study for \
                 version {here}. From {wanted} to {here}: {}",
                in_words(&steps)
            ),
            None => format!(
                "needs version {wanted} of the data dictionary; here it is {here}. Either the network needs the \
                 migration from {here} to {wanted}, or the study is revised for version {here}"
            ),
        };
        Err(Problem::new(self.dictionary_place.clone(), message))
    }
}

fn in_words(steps: &[&Migration]) -> String {
    let changes: Vec<_> = steps.iter().flat_map(|step| step.in_words()).collect();
    if changes.is_empty() { "no field is another".to_owned() } else { changes.join("; ") }
}
