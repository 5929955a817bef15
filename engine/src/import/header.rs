//! What becomes of each column of a file.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use csv::StringRecord;
use notochord_proto::name::VariableName;
use notochord_proto::problem::nearest;

use super::cell::excerpt;
use super::file_report::{DroppedColumn, Headings, UnknownColumn};
use super::persons::PersonKey;
use super::reading::Reading;
use super::target::Target;
use super::{ImportError, MOST_COLUMNS};

/// The longest heading that is compared with the dictionary's names.
const LONGEST_NAME: usize = 200;
/// The most unknown columns whose nearest known name is sought.
const MOST_COMPARED: usize = 50;

/// The header row, resolved against the dictionary. Columns are positions in the file.
pub(super) struct Header {
    /// The headings, as they are written.
    pub(super) written: StringRecord,
    pub(super) headings: Headings,
    pub(super) record_id: Option<usize>,
    pub(super) event: Option<usize>,
    pub(super) instrument: Option<usize>,
    pub(super) instance: Option<usize>,
    /// Where each stored column of the file stands, by column of the schema.
    pub(super) stored: Vec<(usize, u16)>,
    /// Boxes that say that a checkbox field is missing, and its columns.
    pub(super) missing_boxes: Vec<(usize, Range<u16>)>,
    /// How complete the forms are.
    pub(super) statuses: Vec<usize>,
    /// The linkage keys whose fields the file has.
    pub(super) persons: Vec<PersonKey>,
    pub(super) dropped: Vec<DroppedColumn>,
    pub(super) unknown: Vec<UnknownColumn>,
    /// Variables without a column.
    pub(super) absent: Vec<VariableName>,
}

impl Header {
    pub(super) fn read(
        file: &str,
        written: &StringRecord,
        reading: &Reading<'_>,
    ) -> Result<Self, ImportError> {
        if written.len() > MOST_COLUMNS {
            return Err(ImportError::TooManyColumns { file: file.into(), columns: written.len() });
        }
        let headings = Headings::of(written, reading);
        let mut header = Self::new(written.clone(), headings);
        let mut seen = Seen::default();
        for (cell, heading) in written.iter().enumerate() {
            match found(file, heading, headings, reading)? {
                Some((name, target)) => {
                    if !seen.take(name, &target, heading) {
                        seen.twice.get_or_insert_with(|| name.to_owned());
                        continue;
                    }
                    header.take(cell, heading, &target);
                    if let Some(field) = field_name(name, &target) {
                        seen.fields.entry(field).or_insert((cell, stored_column(&target)));
                    }
                }
                None => {
                    if !heading.is_empty() && !seen.unknown.insert(heading.to_owned()) {
                        seen.twice.get_or_insert_with(|| excerpt(heading));
                    }
                    header.unknown.push(unknown(cell, heading, header.unknown.len(), reading));
                }
            }
        }
        if header.unknown.len() == written.len() {
            return Err(ImportError::NoKnownColumn { file: file.into() });
        }
        if let Some(name) = seen.twice {
            return Err(ImportError::DuplicateColumn { file: file.into(), name });
        }
        header.check_places(file, reading)?;
        header.stored.sort_unstable_by_key(|(_, column)| *column);
        header.persons = persons(&seen.fields, reading);
        let present: HashSet<u16> = header.stored.iter().map(|(_, column)| *column).collect();
        let absent = reading.schema.columns.iter().zip(0..).filter(|(_, column)| !present.contains(column));
        header.absent = absent.map(|(column, _)| column.variable.name.clone()).collect();
        Ok(header)
    }

    fn new(written: StringRecord, headings: Headings) -> Self {
        Self {
            written,
            headings,
            record_id: None,
            event: None,
            instrument: None,
            instance: None,
            stored: Vec::new(),
            missing_boxes: Vec::new(),
            statuses: Vec::new(),
            persons: Vec::new(),
            dropped: Vec::new(),
            unknown: Vec::new(),
            absent: Vec::new(),
        }
    }

    /// Every column from which something is read.
    pub(super) fn needed(&self) -> Vec<usize> {
        let places = [self.record_id, self.event, self.instrument, self.instance];
        let persons = self.persons.iter().flat_map(|key| key.cells.iter().map(|(cell, _)| *cell));
        let mut needed: Vec<usize> = places.into_iter().flatten().chain(persons).collect();
        needed.extend(self.stored.iter().map(|(cell, _)| *cell));
        needed.extend(self.missing_boxes.iter().map(|(cell, _)| *cell));
        needed.extend(&self.statuses);
        needed.sort_unstable();
        needed.dedup();
        needed
    }

    /// Whether only their order tells a patient's rows apart.
    pub(super) fn is_in_file_order(&self) -> bool {
        self.event.is_none() && self.instrument.is_none() && self.instance.is_none()
    }

    fn take(&mut self, cell: usize, heading: &str, target: &Target) {
        let mut drop = |reason| self.dropped.push(DroppedColumn { name: excerpt(heading), reason });
        match target {
            Target::RecordId => self.record_id = Some(cell),
            Target::Event => self.event = Some(cell),
            Target::Instrument => self.instrument = Some(cell),
            Target::Instance => self.instance = Some(cell),
            Target::Stored(column) => self.stored.push((cell, *column)),
            Target::MissingBox(columns) => self.missing_boxes.push((cell, columns.clone())),
            Target::Dropped { reason, .. } => drop(reason),
            Target::Status => {
                self.statuses.push(cell);
                drop("how complete a form is");
            }
        }
    }

    /// Whether the file says where its rows belong in a registry of this dictionary.
    fn check_places(&self, file: &str, reading: &Reading<'_>) -> Result<(), ImportError> {
        let (has_events, file) = (reading.events.count() > 0, || file.to_owned());
        match self.event {
            Some(_) if !has_events => Err(ImportError::EventsNotInDictionary { file: file() }),
            None if has_events && !self.is_in_file_order() => {
                Err(ImportError::NoEventColumn { file: file() })
            }
            None if has_events && !reading.events.are_of_one_arm() => {
                Err(ImportError::EventsOfSeveralArms { file: file() })
            }
            _ => Ok(()),
        }
    }
}

/// What the headings before one were.
#[derive(Default)]
struct Seen {
    columns: HashSet<String>,
    headings: HashSet<String>,
    unknown: HashSet<String>,
    /// The field columns of the file, for linkage.
    fields: HashMap<String, (usize, Option<u16>)>,
    /// The start of a heading that stands twice.
    twice: Option<String>,
}

impl Seen {
    /// Whether no column before was this one. Headings may repeat where nothing is read from their columns,
    /// as `Complete?` does for every form; names may not.
    fn take(&mut self, name: &str, target: &Target, heading: &str) -> bool {
        let is_new = self.headings.insert(heading.to_owned());
        match target.may_repeat() {
            true => is_new || heading != name,
            false => self.columns.insert(name.to_owned()),
        }
    }
}

/// The name and the target of a heading, `None` where it is unknown.
fn found<'a>(
    file: &str,
    heading: &'a str,
    headings: Headings,
    reading: &'a Reading<'_>,
) -> Result<Option<(&'a str, Target)>, ImportError> {
    let named = || reading.targets.named(heading).map(|target| (heading, target.clone()));
    let labelled = reading.targets.labelled(heading);
    let by_name = if headings == Headings::Names { named() } else { None };
    if by_name.is_some() {
        return Ok(by_name);
    }
    match labelled {
        [] => Ok(named()),
        [(name, target)] => Ok(Some((name, target.clone()))),
        [(name, target), ..] if labelled.iter().all(|(_, target)| target.may_repeat()) => {
            Ok(Some((name, target.clone())))
        }
        several => {
            let columns = several.iter().take(3).map(|(name, _)| format!("`{name}`"));
            let columns = columns.collect::<Vec<_>>().join(", ");
            Err(ImportError::AmbiguousHeading { file: file.into(), heading: excerpt(heading), columns })
        }
    }
}

impl Headings {
    /// Whether headings are names or labels: whatever more of them can only be.
    fn of(written: &StringRecord, reading: &Reading<'_>) -> Self {
        let (mut names, mut labels) = (0, 0);
        for heading in written {
            match (reading.targets.named(heading).is_some(), reading.targets.labelled(heading).is_empty()) {
                (true, true) => names += 1,
                (false, false) => labels += 1,
                _ => {}
            }
        }
        if labels > names { Self::Labels } else { Self::Names }
    }
}

/// The field of a column that stands for a whole field.
fn field_name(name: &str, target: &Target) -> Option<String> {
    match target {
        Target::Stored(_) => Some(name.to_owned()),
        Target::Dropped { field, .. } => field.clone(),
        _ => None,
    }
}

fn stored_column(target: &Target) -> Option<u16> {
    match target {
        Target::Stored(column) => Some(*column),
        _ => None,
    }
}

fn persons(fields: &HashMap<String, (usize, Option<u16>)>, reading: &Reading<'_>) -> Vec<PersonKey> {
    let keys = reading.dictionary.settings().linkage.iter().zip(0..);
    let of = |(names, key): (&Vec<VariableName>, u16)| {
        let cells = names.iter().map(|name| fields.get(name.as_str()).copied());
        let cells: Vec<_> = cells.collect::<Option<_>>()?;
        (!cells.is_empty()).then_some(PersonKey { key, cells })
    };
    keys.filter_map(of).collect()
}

fn unknown(cell: usize, heading: &str, before: usize, reading: &Reading<'_>) -> UnknownColumn {
    let comparable = heading.len() <= LONGEST_NAME && before < MOST_COMPARED;
    let nearest = comparable.then(|| nearest(heading, reading.targets.names())).flatten();
    UnknownColumn { position: cell + 1, name: excerpt(heading), nearest: nearest.map(str::to_owned) }
}
