//! The rows of a patient that carry no event: visits, in the order of the file.

use super::file_report::FileReport;
use super::occasion::not_at_event;
use super::reading::Reading;
use super::{Finding, FindingKind};
use crate::record::{Occasion, Record, Standing, Value};

impl Reading<'_> {
    /// Gives the rows of one patient, sorted by file and row, their places where only their order tells them:
    /// the n-th row in a file is the n-th visit or, in a registry with events, the n-th event. A quarantined
    /// row keeps its place. `files` are the files of the import, by number.
    pub(crate) fn in_file_order(&self, records: &mut [Record], files: &[FileReport]) -> Vec<Finding> {
        let mut findings = Vec::new();
        let (mut file, mut before) = (None, 0_u32);
        for record in records.iter_mut().filter(|record| record.occasion == Occasion::InFileOrder) {
            if file != Some(record.source.file) {
                (file, before) = (Some(record.source.file), 0);
            }
            let wrong = self.place_after(before, record);
            before = before.saturating_add(1);
            let Some((column, kind, finding)) = wrong.filter(|_| record.standing == Standing::Kept) else {
                continue;
            };
            record.quarantine(self.schema);
            let report = files.get(usize::from(record.source.file));
            findings.extend(report.map(|file| file.finding(record.source.row, column, kind, finding)));
        }
        findings
    }

    /// Places a row behind so many others of its patient, or says what is wrong.
    fn place_after(&self, before: u32, record: &mut Record) -> Option<(Option<&str>, FindingKind, String)> {
        let events = self.events.count();
        if events == 0 {
            record.occasion = Occasion::At { event: 0, visit: before.saturating_add(1) };
            return None;
        }
        let position = u16::try_from(before).ok().filter(|event| usize::from(*event) < events);
        let Some(event) = position else {
            record.occasion = Occasion::Nowhere;
            let finding =
                format!("the patient has more rows in the file than the dictionary has events, {events}");
            return Some((None, FindingKind::MoreRowsThanEvents, finding));
        };
        record.occasion = Occasion::At { event, visit: 1 };
        let wrong = self.drop_blank_elsewhere(&mut record.values, event)?;
        let (_, form) = self.form_of(wrong)?;
        let event = self.schema.events.get(usize::from(event)).map_or("", String::as_str);
        Some((Some(self.column_name(wrong)), FindingKind::FormNotAtEvent, not_at_event(form, event)))
    }

    /// Drops forms of nothing but boxes that are not ticked where the form is not filled in at the event; the
    /// column of a value of such a form that says more.
    pub(super) fn drop_blank_elsewhere(&self, values: &mut Vec<(u16, Value)>, event: u16) -> Option<u16> {
        self.drop_blank(values, |form| self.is_designated(form, event))
    }

    /// The same for any forms that may not stand in a row.
    pub(super) fn drop_blank(
        &self,
        values: &mut Vec<(u16, Value)>,
        may_stand: impl Fn(u16) -> bool,
    ) -> Option<u16> {
        let may_stand = |column: u16| self.form_of(column).is_none_or(|(form, _)| may_stand(form));
        let says_something = |(column, value): &&(u16, Value)| {
            !may_stand(*column) && !self.schema.is_blank([(*column, value)].into_iter())
        };
        let wrong = values.iter().find(says_something).map(|(column, _)| *column);
        if wrong.is_none() {
            values.retain(|(column, _)| may_stand(*column));
        }
        wrong
    }
}
