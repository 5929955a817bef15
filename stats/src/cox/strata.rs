//! Strata, each with a baseline hazard of its own.

use std::collections::BTreeSet;

use notochord_proto::name::VariableName;
use notochord_proto::scope::Scope;

use crate::contribution::ContributeError;
use crate::frame::Frame;
use crate::levels::{LevelColumn, Levels};

/// The most strata that factors make.
const MOST_STRATA: usize = 200;

/// What rows are stratified by.
pub(super) struct Strata {
    site: Option<Levels>,
    factors: Vec<Levels>,
}

/// The columns being read.
pub(super) struct StrataColumns<'a> {
    strata: &'a Strata,
    site: Option<LevelColumn<'a>>,
    factors: Vec<LevelColumn<'a>>,
}

/// Where a row belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stratum {
    /// 0 where the model is not stratified by site.
    pub(super) site: usize,
    /// Its combination of the factors.
    pub(super) factors: usize,
}

impl Strata {
    /// Looks up the names; none asked is by site.
    pub(super) fn new(names: Option<Vec<String>>, scope: &Scope) -> Result<Self, String> {
        let names = names.unwrap_or_else(|| vec!["site".to_owned()]);
        let mut strata = Self { site: None, factors: Vec::new() };
        for (at, name) in names.iter().enumerate() {
            if names[..at].contains(name) {
                return Err(format!("`strata` names `{name}` twice"));
            }
            let variable = VariableName::new(name).map_err(|error| error.to_string())?;
            let levels = Levels::of(&scope.require(&variable)?)?;
            match name.as_str() {
                "site" => strata.site = Some(levels),
                _ => strata.factors.push(levels),
            }
        }
        let count = strata.factors.iter().try_fold(1_usize, |count, levels| count.checked_mul(levels.len()));
        if count.is_none_or(|count| count > MOST_STRATA) {
            return Err(format!("`strata` makes more than {MOST_STRATA} strata"));
        }
        Ok(strata)
    }

    pub(super) fn by_site(&self) -> bool {
        self.site.is_some()
    }

    /// How many combinations the factors have.
    pub(super) fn len(&self) -> usize {
        self.factors.iter().map(Levels::len).product()
    }

    pub(super) fn variables(&self) -> BTreeSet<VariableName> {
        self.site.iter().chain(&self.factors).map(|levels| levels.name.clone()).collect()
    }

    /// The names of what rows are stratified by.
    pub(super) fn names(&self) -> Vec<String> {
        self.site.iter().chain(&self.factors).map(|levels| levels.name.to_string()).collect()
    }

    /// The codes of a combination of the factors.
    pub(super) fn code(&self, at: usize) -> String {
        let mut rest = at;
        let mut codes = Vec::new();
        for levels in self.factors.iter().rev() {
            codes.push(levels.code(rest % levels.len().max(1)));
            rest /= levels.len().max(1);
        }
        codes.reverse();
        codes.join(", ")
    }

    pub(super) fn read<'a>(&'a self, frame: &'a Frame) -> Result<StrataColumns<'a>, ContributeError> {
        let site = self.site.as_ref().map(|levels| levels.read(frame)).transpose()?;
        let factors = self.factors.iter().map(|levels| levels.read(frame)).collect::<Result<_, _>>()?;
        Ok(StrataColumns { strata: self, site, factors })
    }
}

impl StrataColumns<'_> {
    /// The stratum of a row; none where a part of it is missing.
    pub(super) fn at(&self, row: usize) -> Result<Option<Stratum>, ContributeError> {
        let mut stratum = Stratum { site: 0, factors: 0 };
        if let Some(site) = &self.site {
            let Some(level) = site.at(row)? else { return Ok(None) };
            stratum.site = level;
        }
        for (column, levels) in self.factors.iter().zip(&self.strata.factors) {
            let Some(level) = column.at(row)? else { return Ok(None) };
            stratum.factors = stratum.factors * levels.len() + level;
        }
        Ok(Some(stratum))
    }
}
