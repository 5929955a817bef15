//! Reads a study document section by section, and gathers every problem it can find in one go.

use std::collections::BTreeSet;

use time::Date;

use super::{Analysis, Derived, Family, LONGEST, MOST_ANALYSES, Rows, Study};
use super::{analysis, cohort, derived, disclosure, families, people, sites};
use crate::digest::Digest;
use crate::document;
use crate::fields::{FieldValue, Fields, FromField, Section, one_of};
use crate::name::{NetworkName, StudyId};
use crate::problem::{Place, Problem};

/// Keys of `formats.md` that a later version offers.
const NOT_OFFERED: [&str; 5] = ["standing", "class", "structural_zeros", "not_patient", "overlap"];

pub(super) fn study(file: &str, bytes: &[u8]) -> Result<Study, Vec<Problem>> {
    let document = document::text(file, bytes, LONGEST).and_then(|text| Section::parse(file, text));
    let document = document.map_err(|problem| vec![problem])?;
    let mut fields = document.fields();
    let mut found = Findings::default();

    let header = found.keep(header(&mut fields));
    found.keep(offered(&mut fields));
    let investigators = found.all(tables(&mut fields, "investigators"), people::investigator);
    let ethics = found.table(&mut fields, "ethics", people::ethics);
    let data_use = found.table(&mut fields, "data_use", people::data_use);
    let sites = found.table(&mut fields, "sites", sites::rules);
    let disclosure = found.table(&mut fields, "disclosure", disclosure::section);
    let cohort = found.table(&mut fields, "cohort", cohort::cohort);
    let named = found.keep(fields.named_sections("derived")).unwrap_or_default();
    let rows = cohort.as_ref().map_or(Rows::Patient, |cohort| cohort.rows);
    let derived: Vec<Derived> = named
        .iter()
        .filter_map(|(name, section)| found.keep(derived::derived(name, section, rows)))
        .collect();
    let analyses = found.all(tables(&mut fields, "analyses"), |section| analysis::analysis(section, rows));
    let named = found.keep(fields.named_sections("families")).unwrap_or_default();
    let families: Vec<Family> = named
        .iter()
        .filter_map(|(name, section)| found.keep(families::family(name, section, &analyses)))
        .collect();
    found.keep(families::table_is_free(&families, &analyses));
    found.keep(few_enough(&fields, "families", families.len()));
    let outputs = found.all(fields.sections("outputs"), people::output);
    found.keep(few_enough(&fields, "derived", derived.len()));
    found.keep(few_enough(&fields, "analyses", analyses.len()));
    found.keep(unlike(&analyses));
    if header.is_some() {
        found.keep(fields.finish());
    }
    found.problems.sort_by_key(|problem| problem.place.line);

    match (header, ethics, data_use, sites, disclosure, cohort) {
        (Some(header), Some(ethics), Some(data_use), Some(sites), Some(disclosure), Some(cohort))
            if found.problems.is_empty() =>
        {
            Ok(Study {
                id: header.id,
                version: header.version,
                title: header.title,
                question: header.question,
                network: header.network,
                dictionary: header.dictionary,
                dictionary_place: header.dictionary_place,
                not_before: header.not_before,
                expires: header.expires,
                supersedes: header.supersedes,
                investigators,
                ethics,
                data_use,
                sites,
                disclosure,
                cohort,
                derived,
                analyses,
                families,
                outputs,
                digest: Digest::of(bytes),
            })
        }
        _ => Err(found.problems),
    }
}

/// The key `missing`, of a study or of an analysis: complete rows are all this version offers.
pub(super) fn missing(fields: &mut Fields<'_>) -> Result<(), Problem> {
    fields.optional::<CompleteRows>("missing").map(drop)
}

/// `missing = "complete"`
struct CompleteRows;

impl FromField for CompleteRows {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        let offered = one_of(value, &[("complete", true), ("indicator", false)])?;
        let refused = "`missing = \"indicator\"` is not offered by this version; use \"complete\"";
        if offered { Ok(Self) } else { Err(refused.to_owned()) }
    }
}

/// What is wrong so far.
#[derive(Default)]
struct Findings {
    problems: Vec<Problem>,
}

impl Findings {
    /// What was read, or `None` and one problem more.
    fn keep<T>(&mut self, read: Result<T, Problem>) -> Option<T> {
        read.map_err(|problem| self.problems.push(problem)).ok()
    }

    /// A table that must be there, read by `read`.
    fn table<T>(
        &mut self,
        fields: &mut Fields<'_>,
        key: &'static str,
        read: fn(&Section) -> Result<T, Problem>,
    ) -> Option<T> {
        let absent =
            |fields: &Fields<'_>| fields.problem(key, format!("the document lacks the table `[{key}]`"));
        let section = fields.section(key).and_then(|section| section.ok_or_else(|| absent(fields)));
        self.keep(section.and_then(|section| read(&section)))
    }

    /// Those of the tables that can be read by `read`.
    fn all<T>(
        &mut self,
        sections: Result<Vec<Section>, Problem>,
        read: impl Fn(&Section) -> Result<T, Problem>,
    ) -> Vec<T> {
        let sections = self.keep(sections).unwrap_or_default();
        sections.iter().filter_map(|section| self.keep(read(section))).collect()
    }
}

/// The keys of the document that are not tables.
struct Header {
    id: StudyId,
    version: u32,
    title: String,
    question: String,
    network: NetworkName,
    dictionary: Option<String>,
    dictionary_place: Place,
    not_before: Option<Date>,
    expires: Date,
    supersedes: Option<Digest>,
}

fn header(fields: &mut Fields<'_>) -> Result<Header, Problem> {
    let header = Header {
        id: fields.required("id")?,
        version: fields.required("version")?,
        title: fields.required::<people::Named>("title")?.0,
        question: fields.required::<people::Named>("question")?.0,
        network: fields.required("network")?,
        dictionary: fields.optional::<DictionaryVersion>("dictionary")?.map(|version| version.0),
        dictionary_place: fields.place("dictionary"),
        not_before: fields.optional("not_before")?,
        expires: fields.required("expires")?,
        supersedes: fields.optional("supersedes")?,
    };
    if header.version == 0 {
        return Err(fields.problem("version", "versions count from 1"));
    }
    if header.not_before.is_some_and(|first| first > header.expires) {
        return Err(fields.problem("not_before", "is after `expires`; the study could never run"));
    }
    missing(fields)?;
    Ok(header)
}

/// The version of a dictionary: `3` or `"2026-1"`.
struct DictionaryVersion(String);

impl FromField for DictionaryVersion {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        match value {
            FieldValue::Integer(version) => Ok(Self(version.to_string())),
            _ => people::Named::from_field(value).map(|version| Self(version.0)),
        }
    }
}

fn offered(fields: &mut Fields<'_>) -> Result<(), Problem> {
    for key in NOT_OFFERED {
        if fields.optional::<FieldValue>(key)?.is_some() {
            return Err(fields.problem(key, format!("`{key}` is not offered by this version; take it out")));
        }
    }
    Ok(())
}

/// The tables `[[key]]`, one or more.
fn tables(fields: &mut Fields<'_>, key: &'static str) -> Result<Vec<Section>, Problem> {
    let sections = fields.sections(key)?;
    if sections.is_empty() {
        return Err(fields.problem(key, format!("the document lacks a table `[[{key}]]`")));
    }
    Ok(sections)
}

fn few_enough(fields: &Fields<'_>, key: &str, count: usize) -> Result<(), Problem> {
    if count <= MOST_ANALYSES {
        return Ok(());
    }
    Err(fields.problem(key, format!("{count} are too many; a study has at most {MOST_ANALYSES}")))
}

/// No two analyses share an id.
fn unlike(analyses: &[Analysis]) -> Result<(), Problem> {
    let mut ids = BTreeSet::new();
    match analyses.iter().find(|analysis| !ids.insert(&analysis.id)) {
        None => Ok(()),
        Some(Analysis { id, place, .. }) => {
            let message = format!("the id `{id}` is taken by an analysis above; give this one another");
            Err(Problem::new(place.clone(), message))
        }
    }
}
