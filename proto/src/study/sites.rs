//! Which sites answer a study.

use crate::document;
use crate::fields::Section;
use crate::name::SiteId;
use crate::problem::Problem;

/// The rules of `[sites]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteRules {
    /// The fewest contributing sites, 1 or more; whether so few are legal is the network's matter.
    pub minimum: u32,
    /// The sites asked; every enrolled site that accepted where absent.
    pub roster: Option<Vec<SiteId>>,
    /// The committee of a network release; chosen by the public rule where absent.
    pub committee: Option<Vec<SiteId>>,
}

pub(super) fn rules(section: &Section) -> Result<SiteRules, Problem> {
    let mut fields = section.fields();
    let minimum = fields.required("minimum")?;
    if minimum == 0 {
        return Err(fields.problem("minimum", "must be 1 or more"));
    }
    let roster: Option<Vec<SiteId>> = fields.optional("roster")?;
    let committee: Option<Vec<SiteId>> = fields.optional("committee")?;
    for (key, sites) in [("roster", &roster), ("committee", &committee)] {
        if let Some(message) = sites.as_deref().and_then(fault) {
            return Err(fields.problem(key, message));
        }
    }
    if let Some(roster) = &roster
        && (roster.len() as u64) < u64::from(minimum)
    {
        let message = format!("names {} sites, fewer than `minimum = {minimum}`", roster.len());
        return Err(fields.problem("roster", message));
    }
    fields.finish()?;
    Ok(SiteRules { minimum, roster, committee })
}

/// What is wrong with a list of sites.
fn fault(sites: &[SiteId]) -> Option<String> {
    if sites.is_empty() {
        return Some("must name a site, or be left out".to_owned());
    }
    document::repeated(sites).map(|site| format!("names `{site}` twice"))
}
