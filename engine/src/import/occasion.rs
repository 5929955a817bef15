//! When a row was filled in: its event, its visit, and the repeating form it is an instance of.

use std::collections::HashMap;

use notochord_proto::dictionary::Event;
use notochord_proto::problem::nearest;

use super::FindingKind;
use super::cell::{Wrong, excerpt};
use super::label::{form_name, plain};
use super::reading::Reading;
use super::style::Encoding;
use crate::record::{Occasion, Repeat};

/// REDCap's names of the columns that place a row.
pub(super) const EVENT: &str = "redcap_event_name";
pub(super) const INSTRUMENT: &str = "redcap_repeat_instrument";
pub(super) const INSTANCE: &str = "redcap_repeat_instance";

/// The greatest instance of a form or an event.
const GREATEST_INSTANCE: u32 = 10_000;
/// The longest name that is compared with known ones.
const LONGEST_NAME: usize = 200;

/// The events of a registry, found by what a file may write for them.
pub(super) struct Events {
    names: HashMap<String, u16>,
    labels: HashMap<String, Vec<u16>>,
    /// The number behind `_arm_` of each event, empty where it has none.
    arms: Vec<String>,
    stems: Vec<String>,
}

impl Events {
    pub(super) fn new(events: &[Event]) -> Self {
        let mut labels: HashMap<String, Vec<u16>> = HashMap::new();
        for (event, position) in events.iter().zip(0..) {
            labels.entry(plain(&event.label)).or_default().push(position);
        }
        let arm = |event: &Event| event.arm().unwrap_or_default().to_owned();
        Self {
            names: events.iter().map(|event| event.name.clone()).zip(0..).collect(),
            labels,
            arms: events.iter().map(arm).collect(),
            stems: events.iter().map(|event| event.stem().to_owned()).collect(),
        }
    }

    /// How many events there are.
    pub(super) fn count(&self) -> usize {
        self.arms.len()
    }

    /// Whether the events belong to one arm, so that they follow one another.
    pub(super) fn are_of_one_arm(&self) -> bool {
        self.arms.iter().all(|arm| Some(arm) == self.arms.first())
    }

    /// The encoding of a file in which the cell stands, where only one can be meant.
    pub(super) fn leaning(&self, cell: &str) -> Option<Encoding> {
        match (self.names.contains_key(cell), self.labelled(cell).is_empty()) {
            (true, true) => Some(Encoding::Codes),
            (false, false) => Some(Encoding::Labels),
            _ => None,
        }
    }

    /// The event a cell names, or what is wrong with the cell.
    pub(super) fn read(&self, cell: &str, encoding: Encoding) -> Result<u16, Wrong> {
        if cell.is_empty() {
            return Err(Wrong { kind: FindingKind::NoEvent, finding: "the row names no event".to_owned() });
        }
        let wanted = match encoding {
            Encoding::Codes => "the unique name of an event",
            Encoding::Labels => "the label of an event",
        };
        let wrong = |kind, remedy: &str| Wrong::new(kind, cell, wanted, remedy);
        let (name, labelled) = (self.names.get(cell), self.labelled(cell));
        match (encoding, name, &labelled[..]) {
            (Encoding::Codes, Some(event), _) | (Encoding::Labels, _, [event]) => Ok(*event),
            (Encoding::Codes, None, [_, ..]) => {
                Err(wrong(FindingKind::EventLabelAmongCodes, "; it is a label, and the file holds codes"))
            }
            (Encoding::Labels, _, [_, _, ..]) => {
                let remedy = "export codes, or labels with their arms";
                let finding = format!("`{}` is the label of several events; {remedy}", excerpt(cell));
                Err(Wrong { kind: FindingKind::AmbiguousEvent, finding })
            }
            (Encoding::Labels, Some(_), []) => {
                let remedy = "; it is a unique name, and the file holds labels";
                Err(wrong(FindingKind::EventCodeAmongLabels, remedy))
            }
            (_, None, []) => Err(wrong(FindingKind::UnknownEvent, &self.suggestion(cell, encoding))),
        }
    }

    /// The events a label may mean: `Month 3`, or `Month 3 (Arm 1: Surgery)`.
    fn labelled(&self, cell: &str) -> Vec<u16> {
        let cell = plain(cell);
        if let Some(events) = self.labels.get(&cell) {
            return events.clone();
        }
        let Some((label, rest)) = cell.rsplit_once(" (Arm ") else { return Vec::new() };
        let arm = rest.split_once(':').map_or("", |(arm, _)| arm.trim());
        let is_of_arm = |event: &&u16| self.arms.get(usize::from(**event)).is_some_and(|one| one == arm);
        let events = self.labels.get(label.trim()).map_or(&[][..], Vec::as_slice);
        match events {
            // Without arms in the unique names there is nothing to tell apart.
            [event] if self.arms.get(usize::from(*event)).is_some_and(String::is_empty) => vec![*event],
            events => events.iter().filter(is_of_arm).copied().collect(),
        }
    }

    fn suggestion(&self, cell: &str, encoding: Encoding) -> String {
        if cell.len() > LONGEST_NAME {
            return String::new();
        }
        let of_stem = self
            .names
            .iter()
            .find(|(_, event)| self.stems.get(usize::from(**event)).is_some_and(|stem| stem == cell));
        let near = match encoding {
            Encoding::Codes => nearest(cell, self.names.keys().map(String::as_str)),
            Encoding::Labels => nearest(cell, self.labels.keys().map(String::as_str)),
        };
        let meant = of_stem.filter(|_| self.are_of_one_arm()).map(|(name, _)| name.as_str()).or(near);
        meant.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
    }
}

/// The cells that place a row, empty where the file has no such column.
pub(super) struct PlacingCells<'a> {
    /// The event; `None` where the file has no column of events.
    pub(super) event: Option<&'a str>,
    pub(super) instrument: &'a str,
    pub(super) instance: &'a str,
}

/// Where a row belongs.
pub(super) struct Placed {
    pub(super) occasion: Occasion,
    pub(super) repeat: Option<Repeat>,
    /// The repeating form the row names, stored or not.
    pub(super) instrument: Option<String>,
}

impl PlacingCells<'_> {
    /// Where the row belongs, or what is wrong and in which column.
    pub(super) fn read(
        &self,
        encoding: Encoding,
        reading: &Reading<'_>,
    ) -> Result<Placed, Vec<(&'static str, Wrong)>> {
        let event = self.event.map_or(Ok(0), |cell| reading.events.read(cell, encoding));
        let instrument = instrument(self.instrument, encoding, reading);
        let instance = self.instance();
        let (event, instrument, instance) = match (event, instrument, instance) {
            (Ok(event), Ok(instrument), Ok(instance)) => (event, instrument, instance),
            (event, instrument, instance) => {
                let event = event.err().map(|wrong| (EVENT, wrong));
                let instrument = instrument.err().map(|wrong| (INSTRUMENT, wrong));
                let instance = instance.err().map(|wrong| (INSTANCE, wrong));
                return Err([event, instrument, instance].into_iter().flatten().collect());
            }
        };
        let Some(form) = instrument else {
            // An instance without a form counts the repeats of the whole event.
            let occasion = Occasion::At { event, visit: instance.unwrap_or(1) };
            return Ok(Placed { occasion, repeat: None, instrument: None });
        };
        let repeat =
            reading.schema.form(form).zip(instance).map(|(form, instance)| Repeat { form, instance });
        let occasion = match repeat {
            Some(_) => Occasion::At { event, visit: 1 },
            None => Occasion::Nowhere,
        };
        Ok(Placed { occasion, repeat, instrument: Some(form.to_owned()) })
    }

    fn instance(&self) -> Result<Option<u32>, Wrong> {
        let cell = self.instance;
        if cell.is_empty() {
            return match self.instrument.is_empty() {
                true => Ok(None),
                false => {
                    let finding = "the row names a repeating form and no instance of it".to_owned();
                    Err(Wrong { kind: FindingKind::NoInstance, finding })
                }
            };
        }
        let wanted = format!("a whole number from 1 to {GREATEST_INSTANCE}");
        let whole = cell.strip_suffix(".0").unwrap_or(cell);
        let is_whole = !whole.is_empty() && whole.bytes().all(|byte| byte.is_ascii_digit());
        match whole.parse::<u32>() {
            Ok(1..=GREATEST_INSTANCE) if is_whole => Ok(whole.parse().ok()),
            _ if is_whole && whole.trim_start_matches('0').len() > 3 => {
                Err(Wrong::new(FindingKind::GreatInstance, cell, &wanted, ""))
            }
            _ => Err(Wrong::new(FindingKind::UnreadableInstance, cell, &wanted, "")),
        }
    }
}

/// The form a cell names: by its name, and in a file of labels by what REDCap made its name of.
fn instrument<'a>(cell: &str, encoding: Encoding, reading: &Reading<'a>) -> Result<Option<&'a str>, Wrong> {
    if cell.is_empty() {
        return Ok(None);
    }
    let forms = reading.dictionary.forms();
    let named = form_name(&plain(excerpt_of_name(cell)));
    let found = forms.iter().find(|form| match encoding {
        Encoding::Codes => *form == cell,
        Encoding::Labels => *form == cell || **form == named,
    });
    found.map(|form| Some(form.as_str())).ok_or_else(|| {
        let meant = nearest(&named, forms.iter().map(String::as_str));
        let remedy = meant.map(|form| format!("; did you mean `{form}`?")).unwrap_or_default();
        Wrong::new(FindingKind::UnknownInstrument, cell, "a form of the dictionary", &remedy)
    })
}

/// The cell, or nothing where it is too long to be the label of a form.
fn excerpt_of_name(cell: &str) -> &str {
    if cell.len() > LONGEST_NAME { "" } else { cell }
}

/// The encoding of a file in which the cell of a repeating form stands, where only one can be meant.
pub(super) fn leaning_of_instrument(cell: &str, reading: &Reading<'_>) -> Option<Encoding> {
    let forms = reading.dictionary.forms();
    if forms.iter().any(|form| form == cell) {
        return Some(Encoding::Codes);
    }
    let named = form_name(&plain(excerpt_of_name(cell)));
    forms.contains(&named).then_some(Encoding::Labels)
}

/// The encoding of a file in which the cell of a form's status stands, where only one can be meant.
pub(super) fn leaning_of_status(cell: &str) -> Option<Encoding> {
    match cell {
        "0" | "1" | "2" => Some(Encoding::Codes),
        "Incomplete" | "Unverified" | "Complete" => Some(Encoding::Labels),
        _ => None,
    }
}

/// What a value says that stands where its form is not filled in.
pub(super) fn not_at_event(form: &str, event: &str) -> String {
    format!("a value of the form `{form}`, which is not filled in at `{}`", excerpt(event))
}
