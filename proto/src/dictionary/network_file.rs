//! `network.toml`: the network's name, and what a dictionary needs beside its fields.

use std::collections::BTreeMap;

use super::findings::Findings;
use super::{Field, FieldKind, MissingCode, Settings};
use crate::document;
use crate::fields::{FieldValue, Fields, FromField, Section};
use crate::name::{NetworkName, VariableName};
use crate::problem::{Place, Problem, suggestion};

/// What `network.toml` in a network's directory says. Every key may be absent.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkFile {
    /// The name that studies give the network.
    pub name: Option<NetworkName>,
    /// What the network is about, for people.
    pub label: Option<String>,
    /// What it says about the dictionary.
    pub settings: Settings,
    missing_codes: Place,
    linkage: Place,
}

/// The most missing-data codes, the most linkage keys, and the most fields of one key.
const MOST: usize = 100;

/// The longest version, code or label, in characters.
const LONGEST: usize = 100;

impl NetworkFile {
    /// Parses the exact bytes of the file; `file` is its name in problems.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<NetworkFile, Vec<Problem>> {
        let section = Section::from_bytes(file, bytes).map_err(|problem| vec![problem])?;
        let mut fields = section.fields();
        let mut found = Findings::default();
        let default = Settings::default();
        let name = found.keep(fields.optional("name")).flatten();
        let label = found.keep(fields.optional("label")).flatten();
        let version = found.keep(fields.optional::<Version>("dictionary")).flatten();
        let settings = Settings {
            version: version.map_or(default.version, |version| version.0),
            missing_codes: found.keep(missing_codes(&mut fields)).unwrap_or_default(),
            linkage: found.keep(linkage(&mut fields)).unwrap_or_default(),
        };
        let (missing_codes, linkage) = (fields.place("missing_codes"), fields.place("linkage"));
        found.keep(fields.finish());
        found.or(NetworkFile { name, label, settings, missing_codes, linkage })
    }

    /// What does not fit the fields of the dictionary.
    pub(super) fn misfits<'a>(&'a self, fields: &'a [Field]) -> impl Iterator<Item = Problem> + 'a {
        let known: BTreeMap<&str, &Field> = fields.iter().map(|field| (field.name.as_str(), field)).collect();
        let unknown = move |name: &VariableName| {
            let near = || suggestion(name.as_str(), known.keys().copied());
            let message = || format!("unknown field `{name}`{}", near());
            (!known.contains_key(name.as_str())).then(|| Problem::new(self.linkage.clone(), message()))
        };
        let unknown = self.settings.linkage.iter().flatten().filter_map(unknown);
        let taken = move |code: &MissingCode| {
            let (field, why) =
                fields.iter().find_map(|field| Some((field, means_something(field, &code.code)?)))?;
            let message = format!(
                "the missing-data code `{}` {why} of `{}`; choose a code that no field can hold",
                code.code, field.name
            );
            Some(Problem::new(self.missing_codes.clone(), message))
        };
        unknown.chain(self.settings.missing_codes.iter().filter_map(taken))
    }

    /// What is unwise about it, with these fields.
    pub(super) fn warnings(&self, fields: &[Field]) -> Vec<Problem> {
        let same_label = |code: &MissingCode| {
            let field = fields.iter().find(|field| has_label(field, &code.label))?;
            let message = format!(
                "`{}` is the label of a missing-data code and of a choice of `{}`; in exports of labels it is the choice",
                code.label, field.name
            );
            Some(Problem::new(self.missing_codes.clone(), message))
        };
        self.settings.missing_codes.iter().filter_map(same_label).collect()
    }
}

/// What a code means in a field that it should not mean anything in.
fn means_something(field: &Field, code: &str) -> Option<&'static str> {
    let number = || code.parse::<f64>().ok();
    let within = |min: f64, max: f64| number().is_some_and(|number| (min..=max).contains(&number));
    let (means, why) = match &field.kind {
        FieldKind::Choice { levels } => (levels.iter().any(|level| level.code == code), "is a choice"),
        FieldKind::Checkbox { levels } => {
            (levels.iter().any(|choice| choice.level.code == code), "is a choice")
        }
        FieldKind::YesNo | FieldKind::TrueFalse => (matches!(code, "0" | "1"), "is a value"),
        FieldKind::Integer { bounds: Some((min, max)) } | FieldKind::Slider { bounds: (min, max) } => {
            (within(*min as f64, *max as f64), "lies within the bounds")
        }
        FieldKind::Number { bounds: Some((min, max)) } | FieldKind::Calc { bounds: Some((min, max)) } => {
            (within(*min, *max), "lies within the bounds")
        }
        _ => (false, ""),
    };
    means.then_some(why)
}

fn has_label(field: &Field, label: &str) -> bool {
    match &field.kind {
        FieldKind::Choice { levels } => levels.iter().any(|level| level.label == label),
        FieldKind::Checkbox { levels } => levels.iter().any(|choice| choice.level.label == label),
        _ => false,
    }
}

/// `[missing_codes]`: `-99 = "Unknown"`.
fn missing_codes(fields: &mut Fields<'_>) -> Result<Vec<MissingCode>, Problem> {
    let written: BTreeMap<String, String> = fields.optional("missing_codes")?.unwrap_or_default();
    if written.len() > MOST {
        return Err(fields.problem("missing_codes", format!("has more than {MOST} codes")));
    }
    let code = |(code, label): (String, String)| {
        let label = label.trim().to_owned();
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if code.is_empty() || code.len() > LONGEST || !code.chars().all(fits) {
            let message = format!("`{code}` is not a missing-data code: letters, digits, `-`, `_` and `.`");
            return Err(fields.problem("missing_codes", message));
        }
        if label.is_empty() || label.chars().count() > LONGEST {
            let message = format!("the label of `{code}` has 1 to {LONGEST} characters");
            return Err(fields.problem("missing_codes", message));
        }
        Ok(MissingCode { code, label })
    };
    written.into_iter().map(code).collect()
}

/// `[linkage]`: `keys = [["birth_date", "initials"]]`.
fn linkage(fields: &mut Fields<'_>) -> Result<Vec<Vec<VariableName>>, Problem> {
    let Some(section) = fields.section("linkage")? else { return Ok(Vec::new()) };
    let mut within = section.fields();
    let keys: Vec<Vec<VariableName>> = within.required("keys")?;
    let message = if keys.is_empty() || keys.iter().any(Vec::is_empty) {
        Some("a key names one field or more".to_owned())
    } else if keys.len() > MOST || keys.iter().any(|key| key.len() > MOST) {
        Some(format!("has more than {MOST} keys, or a key of more fields"))
    } else {
        let twice = keys.iter().find_map(document::repeated);
        twice.map(|name| format!("has a key that names `{name}` twice"))
    };
    match message {
        Some(message) => Err(within.problem("keys", message)),
        None => within.finish().map(|()| keys),
    }
}

/// The version of a dictionary: `3` or `"2026-1"`.
pub(super) struct Version(pub(super) String);

impl FromField for Version {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        let version = match value {
            FieldValue::Integer(version) => version.to_string(),
            _ => String::from_field(value)?.trim().to_owned(),
        };
        match version.chars().count() {
            1..=LONGEST => Ok(Self(version)),
            _ => Err(format!("a version has 1 to {LONGEST} characters")),
        }
    }
}
