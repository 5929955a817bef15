//! How much of what could have been entered was entered.

use std::collections::BTreeSet;

use notochord_proto::dictionary::{Dictionary, Event};
use serde::Serialize;

use super::EventCount;
use crate::import::plain;
use crate::patient::{Entry, Patient};
use crate::schema::{FormSchema, Schema};

/// What is there, form by form, as numbers of visits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Completeness {
    /// At which visits a value is expected.
    pub expected_at: Expected,
    /// The forms that hold variables, in the dictionary's order.
    pub forms: Vec<FormCompleteness>,
}

/// At which visits the variables of a form are expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// At every visit of an event for which the dictionary designates the form.
    DesignatedVisits,
    /// At the visits that have an entry of the form, because the dictionary designates no form for any event.
    VisitsWithEntry,
}

/// One form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FormCompleteness {
    /// Its name.
    pub form: String,
    /// How often it was filled in.
    pub entries: u64,
    /// Its variables, in the dictionary's order.
    pub variables: Vec<VariableCompleteness>,
}

/// One variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VariableCompleteness {
    /// Its name.
    pub variable: String,
    /// Its label, without the tags of a web page.
    pub label: String,
    /// How much of it is there, for each event at which any of it is expected.
    pub events: Vec<Present>,
}

/// How much of a variable is there at an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Present {
    /// The event.
    pub event: String,
    /// The visits at which it has a value, in whichever instance of its form.
    pub present_visits: u64,
    /// The visits at which it could have one.
    pub expected_visits: u64,
}

impl Completeness {
    /// The visits at which there is a value and at which there could be one, over all variables and events.
    pub fn overall(&self) -> (u64, u64) {
        let variables = self.forms.iter().flat_map(|form| &form.variables);
        let present = variables.flat_map(|variable| &variable.events);
        present.fold((0, 0), |(present, expected), one| {
            (present + one.present_visits, expected + one.expected_visits)
        })
    }
}

impl VariableCompleteness {
    /// How much of it is there at an event; none where it is not expected.
    pub fn at(&self, event: &str) -> Option<&Present> {
        self.events.iter().find(|present| present.event == event)
    }
}

/// Counts entries, visits and values while patients stream past: a number for each variable and event.
pub(super) struct Tally {
    events: Vec<Event>,
    forms: Vec<FormTally>,
    /// Patients and visits of each event.
    seen: Vec<(u64, u64)>,
}

/// The numbers of one form.
struct FormTally {
    /// The position of its first column in the schema.
    first: u16,
    completeness: FormCompleteness,
    /// The visits with an entry, by event.
    visits: Vec<u64>,
    /// The visits with a value, by event and then by column.
    present: Vec<Vec<u64>>,
}

impl Tally {
    pub(super) fn new(dictionary: &Dictionary, schema: &Schema) -> Self {
        let events = schema.events.len();
        let forms = schema.forms.iter().map(|form| FormTally::new(form, schema)).collect();
        Self { events: dictionary.events().to_vec(), forms, seen: vec![(0, 0); events] }
    }

    /// Adds a patient, whose entries are sorted by place.
    pub(super) fn patient(&mut self, patient: &Patient) {
        let same_visit =
            |one: &Entry, other: &Entry| visit(one) == visit(other) && one.place.form == other.place.form;
        for visit in patient.entries.chunk_by(same_visit) {
            let form = visit.first().and_then(|entry| self.forms.get_mut(usize::from(entry.place.form)));
            if let Some(form) = form {
                form.visit(visit);
            }
        }
        let visits: BTreeSet<(u16, u32)> = patient.entries.iter().map(visit).collect();
        let mut before = None;
        for (event, _) in visits {
            if let Some((patients, visits)) = self.seen.get_mut(usize::from(event)) {
                *patients += u64::from(before != Some(event));
                *visits += 1;
            }
            before = Some(event);
        }
    }

    /// What was counted.
    pub(super) fn finish(self) -> (Vec<EventCount>, Completeness) {
        let designates = self.events.iter().any(|event| event.forms.is_some());
        let expected_at = if designates { Expected::DesignatedVisits } else { Expected::VisitsWithEntry };
        let counts = |(position, (patients, visits)): (usize, &(u64, u64))| {
            let event = self.events.get(position);
            let name = event.map(|event| event.name.clone()).unwrap_or_default();
            let label = event.map(|event| plain(&event.label)).unwrap_or_default();
            EventCount { event: name, label, patients: *patients, visits: *visits }
        };
        let events: Vec<EventCount> = self.seen.iter().enumerate().map(counts).collect();
        let expected = |form: &FormTally, position: usize| match self.events.get(position) {
            Some(event) if designates && !event.has(&form.completeness.form) => 0,
            Some(_) if designates => events.get(position).map_or(0, |event| event.visits),
            _ => form.visits.get(position).copied().unwrap_or(0),
        };
        let forms =
            self.forms.iter().map(|form| form.finish(&events, |position| expected(form, position))).collect();
        (events, Completeness { expected_at, forms })
    }
}

impl FormTally {
    fn new(form: &FormSchema, schema: &Schema) -> Self {
        let columns = usize::from(form.columns.start)..usize::from(form.columns.end);
        let columns = schema.columns.get(columns).unwrap_or_default();
        let variables = columns.iter().map(|column| VariableCompleteness {
            variable: column.variable.name.as_str().to_owned(),
            label: plain(&column.variable.label),
            events: Vec::new(),
        });
        let completeness =
            FormCompleteness { form: form.name.clone(), entries: 0, variables: variables.collect() };
        let present = vec![vec![0; columns.len()]; schema.events.len()];
        Self { first: form.columns.start, completeness, visits: vec![0; schema.events.len()], present }
    }

    /// Adds the entries of one visit: more than one where the form repeats.
    fn visit(&mut self, entries: &[Entry]) {
        self.completeness.entries += entries.len() as u64;
        let event = entries.first().map_or(usize::MAX, |entry| usize::from(entry.place.event));
        let (Some(visits), Some(present)) = (self.visits.get_mut(event), self.present.get_mut(event)) else {
            return;
        };
        *visits += 1;
        let mut count = |column: u16| {
            let position = column.checked_sub(self.first).map(usize::from);
            if let Some(present) = position.and_then(|position| present.get_mut(position)) {
                *present += 1;
            }
        };
        let columns = |entry: &'_ Entry| entry.values.iter().map(|(column, _)| *column).collect::<Vec<_>>();
        match entries {
            [entry] => entry.values.iter().for_each(|(column, _)| count(*column)),
            _ => entries.iter().flat_map(columns).collect::<BTreeSet<_>>().into_iter().for_each(count),
        }
    }

    fn finish(&self, events: &[EventCount], expected: impl Fn(usize) -> u64) -> FormCompleteness {
        let mut form = self.completeness.clone();
        for (position, event) in events.iter().enumerate() {
            let expected_visits = expected(position);
            let present = self.present.get(position).into_iter().flatten();
            for (variable, present_visits) in form.variables.iter_mut().zip(present) {
                if expected_visits > 0 {
                    let (event, present_visits) = (event.event.clone(), *present_visits);
                    variable.events.push(Present { event, present_visits, expected_visits });
                }
            }
        }
        form
    }
}

fn visit(entry: &Entry) -> (u16, u32) {
    (entry.place.event, entry.place.visit)
}
