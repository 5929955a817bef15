//! What the dictionary's rules found contradictory.

use serde::Serialize;

/// The most places of a rule that are listed.
pub const MOST_PLACES: usize = 20;

/// A rule of the dictionary, and the rows it does not believe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Contradiction {
    /// The rule's id.
    pub id: String,
    /// What is contradictory, in a sentence.
    pub says: String,
    /// How often it was found.
    pub count: u64,
    /// The first places, up to [`MOST_PLACES`]: `patients.csv:7`.
    pub places: Vec<String>,
}

impl Contradiction {
    pub(super) fn add(&mut self, place: String) {
        self.count += 1;
        if self.places.len() < MOST_PLACES {
            self.places.push(place);
        }
    }

    /// The places that are listed, a file named once for its rows, and how many more there are.
    pub(super) fn places_in_words(&self) -> String {
        let (mut words, mut before) = (String::new(), None);
        for place in &self.places {
            let (file, row) = place.rsplit_once(':').unwrap_or((place, ""));
            let same = before == Some(file) && !row.is_empty();
            words.push_str(if words.is_empty() { "" } else { ", " });
            words.push_str(if same { row } else { place });
            before = Some(file);
        }
        match self.count.saturating_sub(self.places.len() as u64) {
            0 => words,
            more => format!("{words} and {more} more"),
        }
    }
}
