//! When the forms of a dictionary are filled in, and on which day a visit was.
//!
//! Events are known by their position among [`Dictionary::events`]. A dictionary without events has one, at
//! position 0, whose visits are counted.

use std::collections::BTreeSet;

use crate::dictionary::{BASELINE, Dictionary, Event, Field, FieldKind};
use crate::name::VariableName;
use crate::problem::suggestion;

/// The events, asked from the side of a form.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    events: Vec<Event>,
}

/// What tells the day of a visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VisitDay {
    /// The first of the dates marked `@VISIT` that the visit has.
    Marked(Vec<VariableName>),
    /// The earliest of the visit's dates within the window of its event.
    Earliest(Vec<VariableName>),
}

impl Schedule {
    /// The events of a dictionary.
    pub fn of(dictionary: &Dictionary) -> Self {
        Self { events: dictionary.events().to_vec() }
    }

    /// The events without their arms, in order, each once with the label of its first.
    pub fn stems(&self) -> Vec<(&str, &str)> {
        let mut stems: Vec<(&str, &str)> = Vec::new();
        for event in &self.events {
            if !stems.iter().any(|(stem, _)| *stem == event.stem()) {
                stems.push((event.stem(), &event.label));
            }
        }
        stems
    }

    /// For each event the position of its name without the arm among [`Schedule::stems`].
    pub fn stem_positions(&self) -> Vec<usize> {
        let stems = self.stems();
        let position = |event: &Event| stems.iter().position(|(stem, _)| *stem == event.stem());
        self.events.iter().filter_map(position).collect()
    }

    /// The positions of the first event, in each arm.
    pub fn first(&self) -> Vec<usize> {
        let Some(first) = self.events.first() else { return vec![0] };
        let events = self.events.iter().enumerate().filter(|(_, event)| event.stem() == first.stem());
        events.map(|(position, _)| position).collect()
    }

    /// The label of an event as it may be asked for.
    pub fn label<'a>(&'a self, event: &'a str) -> &'a str {
        let named = self.events.iter().find(|one| one.name == event || one.stem() == event);
        named.map_or(event, |event| &event.label)
    }

    /// The positions of a form's first event, in each arm that has it.
    pub fn baseline(&self, form: &str) -> Vec<usize> {
        match self.events.iter().find(|event| event.has(form)) {
            Some(first) => self.designated(form, |event| event.stem() == first.stem()),
            None => vec![0],
        }
    }

    /// The positions of the events that `event` names, by unique name or without the arm, at which the form is
    /// filled in. An event may itself be called [`BASELINE`]; where none is, that is the form's first.
    pub fn positions(&self, form: &str, event: &str) -> Result<Vec<usize>, String> {
        let is_named = |one: &Event| one.name == event || one.stem() == event;
        let named = match self.events.iter().any(|one| one.name == event) {
            true => self.designated(form, |one| one.name == event),
            false => self.designated(form, is_named),
        };
        if !named.is_empty() {
            Ok(named)
        } else if self.events.iter().any(is_named) {
            let at = self.designated_stems(form).join(", ");
            Err(format!("the form `{form}` is not filled in at `{event}`; it is at {at}"))
        } else if event == BASELINE {
            Ok(self.baseline(form))
        } else if self.events.is_empty() {
            Err(format!("the dictionary has no events; `@{BASELINE}` is the first visit"))
        } else {
            let stems = self.designated_stems(form);
            let names = self.events.iter().map(|one| one.name.as_str());
            let near = match suggestion(event, stems.iter().copied().chain(names).chain([BASELINE])) {
                near if near.is_empty() => {
                    format!("; the form `{form}` is filled in at {}", stems.join(", "))
                }
                near => near,
            };
            Err(format!("unknown event `{event}`{near}"))
        }
    }

    /// Whether the form is filled in once for the patient, at a single event; `None` where the dictionary does
    /// not say and only the data can tell.
    pub fn is_of_the_patient(&self, form: &str) -> Option<bool> {
        let says = !self.events.is_empty() && self.events.iter().all(|event| event.forms.is_some());
        says.then(|| self.designated_stems(form).len() == 1)
    }

    fn designated(&self, form: &str, wanted: impl Fn(&Event) -> bool) -> Vec<usize> {
        let events = self.events.iter().enumerate();
        events.filter(|(_, event)| event.has(form) && wanted(event)).map(|(position, _)| position).collect()
    }

    fn designated_stems(&self, form: &str) -> Vec<&str> {
        let mut stems: Vec<_> = self.events.iter().filter(|event| event.has(form)).map(Event::stem).collect();
        let mut seen = BTreeSet::new();
        stems.retain(|stem| seen.insert(*stem));
        stems
    }
}

impl VisitDay {
    /// What tells the day of a visit; `None` where dates are not kept, because no field is marked `@DAY0`.
    pub fn of(dictionary: &Dictionary) -> Option<Self> {
        let is_date =
            |field: &&Field| field.kind == FieldKind::Date && dictionary.why_withheld(field).is_none();
        let dates = || dictionary.fields().iter().filter(is_date);
        let marked: Vec<_> =
            dates().filter(|field| field.annotations.visit).map(|field| field.name.clone()).collect();
        if !marked.is_empty() {
            return Some(Self::Marked(marked));
        }
        let dates: Vec<_> = dates().map(|field| field.name.clone()).collect();
        (!dates.is_empty()).then_some(Self::Earliest(dates))
    }

    /// The dates it is told from.
    pub fn dates(&self) -> &[VariableName] {
        match self {
            Self::Marked(dates) | Self::Earliest(dates) => dates,
        }
    }
}

#[cfg(test)]
mod tests;
