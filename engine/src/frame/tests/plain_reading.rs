//! Rows, events and reductions again, patient by patient and as plainly as they can be said.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::Array;
use notochord_proto::dictionary::Dictionary;
use notochord_proto::expression::{Expression, Reduction};
use notochord_proto::name::VariableName;
use notochord_proto::scope::Scope;
use notochord_proto::study::Rows;
use notochord_proto::variable::VariableKind;
use proptest::prelude::*;

use crate::evaluate::tests::interpreter::{Row, Value, interpret};
use crate::evaluate::{Reduced, truth};
use crate::placed::Placed;
use crate::table::sample::{DESIGNATED, EVENTS, dictionary, table};

const FORMS: [&str; 3] = ["background", "pain", "surgery"];

/// An entry as it was made: patient, event, visit, form, instance, and what it says.
#[derive(Debug, Clone)]
struct Entry<V> {
    place: (u32, usize, u32, u32),
    form: &'static str,
    says: BTreeMap<&'static str, V>,
}

/// All entries, in order.
struct Reading<'a> {
    dictionary: &'a Dictionary,
    entries: Vec<Entry<Value>>,
    is_designated: bool,
}

impl Reading<'_> {
    /// The position of every event so called at which the form is filled in.
    fn events(&self, form: &str, event: &str) -> Vec<usize> {
        let events = self.dictionary.events().iter().enumerate();
        let named = events.filter(|(_, one)| (one.stem() == event || one.name == event) && one.has(form));
        named.map(|(at, _)| at).collect()
    }

    fn baseline(&self, form: &str) -> Vec<usize> {
        let first = self.dictionary.events().iter().find(|event| event.has(form)).unwrap();
        self.events(form, first.stem())
    }

    /// The value on the first visit of the first of these events that has one.
    fn at(&self, patient: u32, events: &[usize], form: &str, field: &str) -> Value {
        for event in events {
            for entry in self.entries.iter().filter(|entry| entry.form == form) {
                if entry.place == (patient, *event, 1, 1) && entry.says.contains_key(field) {
                    return entry.says[field].clone();
                }
            }
        }
        Value::Missing
    }

    /// The value of a variable in a row.
    fn value(&self, name: &VariableName, patient: u32, visit: Option<(usize, u32)>) -> Value {
        let (field, form) = (name.field(), self.dictionary.form_of(name.field()).unwrap());
        let Some((event, visit)) = visit.filter(|_| name.event().is_none()) else {
            let events = name.event().map_or_else(|| self.baseline(form), |event| self.events(form, event));
            return self.at(patient, &events, form, field);
        };
        let mut entries = self.entries.iter().filter(|entry| entry.form == form);
        if let Some(own) = entries.find(|entry| entry.place == (patient, event, visit, 1)) {
            return own.says.get(field).cloned().unwrap_or(Value::Missing);
        }
        let mut entries = self.entries.iter().filter(|entry| entry.form == form);
        let is_of_the_patient = match self.is_designated {
            true => form == "background",
            false => entries.all(|entry| [0, 2].contains(&entry.place.1) && entry.place.2 == 1),
        };
        match is_of_the_patient {
            true => self.at(patient, &self.baseline(form), form, field),
            false => Value::Missing,
        }
    }

    /// The value of a reduction for a patient.
    fn reduced(&self, reduction: &Expression, patient: u32) -> Value {
        let of = |form: &str| {
            let of_patient = self.entries.iter().filter(|entry| entry.place.0 == patient);
            of_patient.filter(|entry| entry.form == form).collect::<Vec<_>>()
        };
        let (reduction, value) = match reduction {
            Expression::Count(form) => return Value::Number(of(form.as_str()).len() as f64),
            Expression::Reduce { reduction, value } => (reduction, value),
            _ => panic!("not a reduction"),
        };
        let names = value.variables();
        let entries = of(self.dictionary.form_of(names.first().unwrap().as_str()).unwrap());
        let values = entries.iter().map(|entry| {
            let say = |name: &VariableName| entry.says.get(name.as_str()).cloned().unwrap_or(Value::Missing);
            interpret(value, &names.iter().map(|name| (name.to_string(), say(name))).collect::<Row>())
        });
        let known: Vec<_> = values.filter(|value| *value != Value::Missing).collect();
        let numbers = known.iter().map(|value| match value {
            Value::Number(number) => *number,
            _ => f64::NAN,
        });
        let number = |number: Option<f64>| number.map_or(Value::Missing, Value::Number);
        match reduction {
            Reduction::Any if known.is_empty() && !entries.is_empty() => Value::Missing,
            Reduction::Any => Value::Truth(known.contains(&Value::Truth(true))),
            Reduction::First => known.first().cloned().unwrap_or(Value::Missing),
            Reduction::Last => known.last().cloned().unwrap_or(Value::Missing),
            Reduction::Min => number(numbers.reduce(f64::min)),
            Reduction::Max => number(numbers.reduce(f64::max)),
            Reduction::Sum => number(numbers.reduce(|sum, next| sum + next)),
        }
    }

    /// What a condition is in every row.
    fn read(&self, condition: &Expression, rows: Rows, patients: u32) -> Vec<Value> {
        let mut visits: Vec<_> =
            self.entries.iter().map(|entry| (entry.place.0, Some((entry.place.1, entry.place.2)))).collect();
        visits.sort();
        visits.dedup();
        let rows = match rows {
            Rows::Patient => (0..patients).map(|patient| (patient, None)).collect(),
            Rows::Visit => visits,
        };
        rows.iter()
            .map(|(patient, visit)| {
                let variables = condition.variables_of_the_row().into_iter();
                let variables = variables.map(|name| (name.to_string(), self.value(&name, *patient, *visit)));
                let reductions = condition.reductions().into_iter();
                let reductions = reductions.map(|one| (one.in_words(), self.reduced(one, *patient)));
                interpret(condition, &variables.chain(reductions).collect())
            })
            .collect()
    }
}

/// A field and a value of it, as an export writes it.
fn says(form: &'static str) -> BoxedStrategy<BTreeMap<&'static str, String>> {
    let number = |name: &'static str, most: i32| {
        proptest::option::of(0..=most).prop_map(move |value| value.map(|value| (name, value.to_string())))
    };
    let code = |name: &'static str, codes: [&'static str; 2]| {
        proptest::option::of(proptest::sample::select(codes.to_vec()))
            .prop_map(move |code| code.map(|code| (name, code.to_owned())))
    };
    let collect = |cells: Vec<Option<(&'static str, String)>>| cells.into_iter().flatten().collect();
    match form {
        "background" => (code("sex", ["f", "m"]), number("first_seen", 3))
            .prop_map(move |(sex, seen)| collect(vec![sex, seen]))
            .boxed(),
        "pain" => (number("nrs", 4), number("asked", 5))
            .prop_map(move |(nrs, asked)| collect(vec![nrs, asked]))
            .boxed(),
        _ => (code("kind", ["resection", "biopsy"]), number("blood_loss", 3), number("operated", 5))
            .prop_map(move |(kind, loss, day)| collect(vec![kind, loss, day]))
            .boxed(),
    }
}

/// Entries of up to five patients, as written, by place.
fn entries() -> impl Strategy<Value = Vec<Entry<String>>> {
    let form = proptest::sample::select(FORMS.to_vec()).prop_flat_map(|form| (Just(form), says(form)));
    let visit = prop_oneof![3 => Just(1_u32), 1 => Just(2)];
    let place = (0..5_u32, 0..5_usize, visit, 1..3_u32);
    let entry = (place, form).prop_map(|(place, (form, says))| ((place, form), says));
    proptest::collection::vec(entry, 0..40).prop_map(|entries| {
        let by_place: BTreeMap<_, _> = entries.into_iter().collect();
        by_place.into_iter().map(|((place, form), says)| Entry { place, form, says }).collect()
    })
}

/// A random condition over the forms, their events and their entries.
fn condition() -> impl Strategy<Value = String> {
    let number = proptest::sample::select(vec![
        "nrs",
        "nrs@baseline",
        "nrs@month3",
        "nrs@month3_arm_2",
        "nrs@late",
        "blood_loss",
        "blood_loss@late",
        "count(pain)",
        "count(surgery)",
        "max(nrs)",
        "min(asked - nrs)",
        "sum(blood_loss * 2)",
        "first(nrs)",
        "last(operated)",
        "first_seen",
        "sum(CASE WHEN kind = 'biopsy' THEN 1 END)",
        "2",
        "first(nrs + asked)",
    ]);
    let test = proptest::sample::select(vec![
        "sex = 'f'",
        "sex@baseline IS NULL",
        "kind = 'biopsy'",
        "kind@month3 <> 'biopsy'",
        "any(nrs > 2)",
        "any(kind = 'biopsy' AND blood_loss > 1)",
        "first(kind) = 'biopsy'",
        "last(kind) IS NULL",
        "any(sex = 'm')",
        "any(kind IS NULL)",
        "first(kind) = last(kind)",
    ]);
    let compared = (number.clone(), proptest::sample::select(vec!["<", "=", ">="]), number)
        .prop_map(|(left, sign, right)| format!("{left} {sign} {right}"));
    let leaf = prop_oneof![test.prop_map(str::to_owned), compared];
    leaf.prop_recursive(3, 8, 2, |part| {
        prop_oneof![
            (part.clone(), part.clone()).prop_map(|(left, right)| format!("({left} AND {right})")),
            (part.clone(), part.clone()).prop_map(|(left, right)| format!("({left} OR {right})")),
            part.prop_map(|part| format!("NOT ({part})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rows_events_and_reductions_agree_with_a_plain_reading(
        entries in entries(),
        condition in condition(),
        is_designated in any::<bool>(),
        by_visit in any::<bool>(),
    ) {
        let events = if is_designated { DESIGNATED } else { EVENTS };
        let rows = if by_visit { Rows::Visit } else { Rows::Patient };
        let dictionary = dictionary(&[("events.csv", events)], &[]);
        let line = |Entry { place: (patient, event, visit, instance), form, says }: &Entry<String>| {
            let event = &dictionary.events()[*event].name;
            let cells: String = says.iter().map(|(name, value)| format!(" {name}={value}")).collect();
            format!("{patient} {event} {visit} {form} {instance}{cells}\n")
        };
        let lines = entries.iter().map(line);
        let table = table(&dictionary, &format!("{}4\n", lines.collect::<String>()));

        let scope = Scope::without_sites(&dictionary, rows);
        let resolved = Expression::parse(&condition).unwrap().resolve_condition(&scope);
        // An event at which a form is not filled in is refused where the dictionary says so.
        prop_assume!(resolved.is_ok());
        let resolved = resolved.unwrap();
        let placed = Placed::new(&table, &dictionary, rows).ok().unwrap();
        let mut cohort = placed.rows(Arc::new(Reduced::of([&resolved], &table).unwrap()));
        for name in resolved.variables_of_the_row() {
            cohort.insert(placed.values(&scope.require(&name).unwrap()).unwrap().unwrap());
        }
        let found = truth(&resolved, &cohort).unwrap();
        let found: Vec<_> = (0..found.len())
            .map(|row| if found.is_valid(row) { Value::Truth(found.value(row)) } else { Value::Missing })
            .collect();

        let value = |name: &str, text: &String| {
            match scope.variable(name).unwrap().kind {
                VariableKind::Factor { .. } => Value::Text(text.clone()),
                _ => Value::Number(text.parse().unwrap()),
            }
        };
        let read = |Entry { place, form, says }: Entry<String>| {
            let says = says.iter().map(|(name, text)| (*name, value(name, text))).collect();
            Entry { place, form, says }
        };
        let entries = entries.into_iter().map(read).collect();
        let reading = Reading { dictionary: &dictionary, entries, is_designated };
        prop_assert_eq!(found, reading.read(&resolved, rows, 5), "{}", condition);
    }
}
