//! A table seen as rows of patients or of visits: which rows there are, and the value of a variable in each.

use std::sync::Arc;

use arrow_array::{Array, Int32Array, Int64Array, UInt32Array};
use arrow_schema::ArrowError;
use arrow_select::take::take;
use notochord_proto::dictionary::Dictionary;
use notochord_proto::name::VariableName;
use notochord_proto::schedule::{Schedule, VisitDay};
use notochord_proto::scope::{DAY, EVENT};
use notochord_proto::study::Rows;
use notochord_proto::variable::Variable;
use notochord_stats::frame::Column;

use crate::cohort::Cohort;
use crate::evaluate::Reduced;
use crate::rows::RowColumn;
use crate::table::{EntryPlace, FormTable, Table, VisitPlace};

/// A table and its rows. No `Debug`, `Display` or `Serialize`.
pub(crate) struct Placed<'a> {
    table: &'a Table,
    schedule: Schedule,
    day: Option<VisitDay>,
    /// The days on which each event is due.
    windows: Vec<Option<(i64, i64)>>,
    /// The rows, where they are visits.
    visits: Option<Vec<VisitPlace>>,
}

/// The table has other events than the dictionary.
pub(crate) struct OtherEvents;

impl<'a> Placed<'a> {
    /// The rows of a table that was imported under this dictionary.
    pub(crate) fn new(table: &'a Table, dictionary: &Dictionary, rows: Rows) -> Result<Self, OtherEvents> {
        let events = dictionary.events();
        let agree = match events.is_empty() {
            true => table.events.iter().all(String::is_empty) && table.events.len() <= 1,
            false => table.events.iter().eq(events.iter().map(|event| &event.name)),
        };
        if !agree {
            return Err(OtherEvents);
        }
        Ok(Self {
            table,
            schedule: Schedule::of(dictionary),
            day: VisitDay::of(dictionary),
            windows: events.iter().map(|event| event.window).collect(),
            visits: (rows == Rows::Visit).then(|| table.visits()),
        })
    }

    /// The rows, of which nothing else is known yet.
    pub(crate) fn rows(&self, reduced: Arc<Reduced>) -> Cohort {
        match &self.visits {
            Some(visits) => Cohort::of(visits.iter().map(|(patient, ..)| *patient).collect(), reduced),
            None => self.patients(reduced),
        }
    }

    /// The patients, of whom nothing else is known yet.
    pub(crate) fn patients(&self, reduced: Arc<Reduced>) -> Cohort {
        Cohort::of((0..self.table.patients.len() as u32).collect(), reduced)
    }

    /// Where a row comes from.
    pub(crate) fn visit(&self, row: usize) -> Option<VisitPlace> {
        self.visits.as_ref()?.get(row).copied()
    }

    /// The column of the table that a variable is read from; `None` for one the table does not have.
    pub(crate) fn stored(&self, name: &VariableName) -> Option<&RowColumn> {
        let field = VariableName::new(name.field()).ok()?;
        let on_a_form = self.table.form_of(&field).and_then(|form| form.columns.get(&field));
        on_a_form.or_else(|| self.table.about.get(&field))
    }

    /// Whether a variable tells visits apart and is not stored.
    pub(crate) fn tells_visits_apart(&self, name: &VariableName) -> bool {
        self.visits.is_some() && (name.as_str() == EVENT || name.as_str() == DAY)
    }

    /// The values of a variable in every row; `None` for one the table does not have.
    pub(crate) fn values(&self, variable: &Variable) -> Option<Result<RowColumn, ArrowError>> {
        let Some(visits) = &self.visits else { return self.values_of_patients(variable) };
        match variable.name.as_str() {
            EVENT => return Some(Ok(with(variable, Column::Factor(self.event(visits))))),
            DAY => return Some(Ok(with(variable, Column::Integer(self.day(visits)?)))),
            _ => {}
        }
        let bare = variable.name.event().is_none();
        match self.table.form_of(&variable.name).filter(|_| bare) {
            Some(form) => {
                let column = form.columns.get(&variable.name)?;
                let entries = self.in_visits(form, column, visits);
                Some(column.through(|values| take(values, &entries, None)))
            }
            None => {
                let of_patients = self.values_of_patients(variable)?;
                let patients: UInt32Array = visits.iter().map(|(patient, ..)| *patient).collect();
                Some(of_patients.and_then(|column| column.through(|values| take(values, &patients, None))))
            }
        }
    }

    /// The values of a variable for every patient: at its event, or else at its baseline.
    pub(crate) fn values_of_patients(&self, variable: &Variable) -> Option<Result<RowColumn, ArrowError>> {
        let name = VariableName::new(variable.name.field()).ok()?;
        let Some(form) = self.table.form_of(&name) else {
            return self.table.about.get(&name).map(|column| Ok(column.shared()));
        };
        let column = form.columns.get(&name)?;
        let events = match variable.name.event() {
            Some(event) => self.schedule.positions(&form.form, event).ok()?,
            None => self.schedule.baseline(&form.form),
        };
        let entries = self.first_known(form, column, &events);
        let values = column.through(|values| take(values, &entries, None));
        Some(values.map(|column| RowColumn { variable: variable.clone(), values: column.values }))
    }

    /// For each patient the entry on the first visit of one of these events: the first with a value, for a
    /// patient belongs to one arm.
    fn first_known(&self, form: &FormTable, column: &RowColumn, events: &[usize]) -> UInt32Array {
        let mut found: Vec<Option<u32>> = vec![None; self.table.patients.len()];
        for (entry, place) in (0_u32..).zip(&form.places) {
            let is_wanted =
                place.visit == 1 && place.instance == 1 && events.contains(&usize::from(place.event));
            if let Some(found) = found.get_mut(place.patient as usize)
                && found.is_none()
                && is_wanted
                && column.array().is_valid(entry as usize)
            {
                *found = Some(entry);
            }
        }
        found.into()
    }

    /// For each visit the entry of a form. What is entered once for the patient stands beside every visit.
    fn in_visits(&self, form: &FormTable, column: &RowColumn, visits: &[VisitPlace]) -> UInt32Array {
        let own = first_instances(form, visits);
        if !self.is_of_the_patient(form) {
            return own.into();
        }
        let of_patients = self.first_known(form, column, &self.schedule.baseline(&form.form));
        let of_patient = |patient: u32| {
            let patient = patient as usize;
            (patient < of_patients.len() && of_patients.is_valid(patient)).then(|| of_patients.value(patient))
        };
        own.into_iter().zip(visits).map(|(own, (patient, ..))| own.or_else(|| of_patient(*patient))).collect()
    }

    /// As the dictionary says; where it does not, whether everything was entered on the first visit.
    fn is_of_the_patient(&self, form: &FormTable) -> bool {
        let first = self.schedule.first();
        let is_first = |place: &EntryPlace| place.visit == 1 && first.contains(&usize::from(place.event));
        self.schedule.is_of_the_patient(&form.form).unwrap_or_else(|| form.places.iter().all(is_first))
    }

    /// The position of each visit's event among the events without their arms.
    fn event(&self, visits: &[VisitPlace]) -> Int32Array {
        let stems = self.schedule.stem_positions();
        let stem = |event: u16| i32::try_from(*stems.get(usize::from(event))?).ok();
        visits.iter().map(|(_, event, _)| stem(*event)).collect()
    }

    /// The days since day 0 of each visit; `None` where the dictionary has no dates.
    fn day(&self, visits: &[VisitPlace]) -> Option<Int64Array> {
        let day = self.day.as_ref()?;
        let mut days: Vec<Option<i64>> = vec![None; visits.len()];
        for date in day.dates() {
            let form = self.table.form_of(date)?;
            let Column::Integer(dates) = &form.columns.get(date)?.values else { return None };
            let here = first_instances(form, visits);
            for ((day_found, entry), (_, event, _)) in days.iter_mut().zip(here).zip(visits) {
                let date = entry.map(|entry| entry as usize).filter(|entry| dates.is_valid(*entry));
                let date = date.map(|entry| dates.value(entry));
                *day_found = match day {
                    VisitDay::Marked(_) => day_found.or(date),
                    VisitDay::Earliest(_) => {
                        let window = self.windows.get(usize::from(*event)).copied().flatten();
                        let is_due = |date: &i64| window.is_none_or(|(from, to)| (from..=to).contains(date));
                        (*day_found).into_iter().chain(date.filter(is_due)).min()
                    }
                };
            }
        }
        Some(days.into())
    }
}

/// For each visit the first instance of a form there. Both are sorted, so one pass finds them all.
fn first_instances(form: &FormTable, visits: &[VisitPlace]) -> Vec<Option<u32>> {
    let mut entries = (0_u32..).zip(&form.places).filter(|(_, place)| place.instance == 1).peekable();
    let mut find = |visit: &VisitPlace| {
        while entries.next_if(|(_, place)| place.visit() < *visit).is_some() {}
        entries.next_if(|(_, place)| place.visit() == *visit).map(|(entry, _)| entry)
    };
    visits.iter().map(&mut find).collect()
}

fn with(variable: &Variable, values: Column) -> RowColumn {
    RowColumn { variable: variable.clone(), values }
}

#[cfg(test)]
mod tests;
