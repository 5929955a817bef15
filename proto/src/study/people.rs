//! Who asks, under which approval, and who receives the results.

use crate::fields::{FieldValue, FromField, Section};
use crate::problem::Problem;

/// A person who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Investigator {
    /// The person's name.
    pub name: String,
    /// Where the person works.
    pub institution: String,
    /// The person's part in the study, such as `principal`.
    pub role: String,
}

/// The approval of an ethics committee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ethics {
    /// The committee's reference.
    pub reference: String,
}

/// Where results go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Who receives them; one or more.
    pub recipients: Vec<String>,
    /// In which forms, such as `csv`; every form where none is named.
    pub forms: Vec<String>,
}

/// A text with something in it.
pub(super) struct Named(pub(super) String);

impl FromField for Named {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        let text = String::from_field(value)?;
        if text.trim().is_empty() { Err("must not be empty".to_owned()) } else { Ok(Self(text)) }
    }
}

pub(super) fn investigator(section: &Section) -> Result<Investigator, Problem> {
    let mut fields = section.fields();
    let name = fields.required::<Named>("name")?.0;
    let institution = fields.required::<Named>("institution")?.0;
    let role = fields.required::<Named>("role")?.0;
    fields.finish()?;
    Ok(Investigator { name, institution, role })
}

pub(super) fn ethics(section: &Section) -> Result<Ethics, Problem> {
    let mut fields = section.fields();
    let reference = fields.required::<Named>("reference")?.0;
    fields.finish()?;
    Ok(Ethics { reference })
}

/// The terms of `[data_use]`.
pub(super) fn data_use(section: &Section) -> Result<Vec<String>, Problem> {
    let mut fields = section.fields();
    let terms: Vec<String> = fields.required("terms")?;
    let is_term = |term: &String| {
        term.strip_prefix("DUO:").is_some_and(|id| id.len() == 7 && id.bytes().all(|b| b.is_ascii_digit()))
    };
    if let Some(other) = terms.iter().find(|term| !is_term(term)) {
        return Err(fields.problem("terms", format!("`{other}` is not a DUO term such as `DUO:0000006`")));
    }
    if terms.is_empty() {
        return Err(fields.problem("terms", "name one DUO term or more, such as `DUO:0000006`"));
    }
    fields.finish()?;
    Ok(terms)
}

pub(super) fn output(section: &Section) -> Result<Output, Problem> {
    let mut fields = section.fields();
    let recipients: Vec<String> = fields.required("recipients")?;
    let forms: Vec<String> = fields.optional("forms")?.unwrap_or_default();
    fields.finish()?;
    Ok(Output { recipients, forms })
}
