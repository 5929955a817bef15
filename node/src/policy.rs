//! The centre's own policy: stricter than the network's rules, or the same, never looser.

use notochord_disclosure::{NodeFloor, Rules, Threshold};
use notochord_proto::fields::Section;
use notochord_proto::problem::Problem;
use notochord_proto::root::Root;
use notochord_proto::study::Study;

use crate::home::{Home, HomeError};

/// What a centre allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    floor: NodeFloor,
    minimum: Threshold,
    open: Open,
    kinds: Option<Vec<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Allowed,
    Forbidden,
}

/// Why the policy forbids a study.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// A kind of analysis.
    #[error("the centre's policy does not allow analyses of the kind `{0}`")]
    Kind(String),
    /// The profile.
    #[error("the centre's policy does not allow the profile `open`")]
    Open,
}

impl Policy {
    /// The policy of a node.
    pub fn load(home: &Home) -> Result<Self, HomeError> {
        let path = home.path("policy.toml").display().to_string();
        let bytes = home.read("policy.toml")?.unwrap_or_default();
        Ok(Self::read(&Section::from_bytes(&path, &bytes)?)?)
    }

    /// Reads a policy file. What is not said is as the default policy has it.
    pub fn parse(file: &str, text: &str) -> Result<Self, Problem> {
        Self::read(&Section::parse(file, text)?)
    }

    fn read(section: &Section) -> Result<Self, Problem> {
        let mut fields = section.fields();
        let minimum = fields.optional::<u32>("minimum")?.unwrap_or(NodeFloor::LOWEST.get());
        let minimum = Threshold::new(minimum).ok_or_else(|| {
            fields.problem("minimum", "a smallest count of 0 means nothing; write 5 or more")
        })?;
        let floor =
            NodeFloor::at_least(minimum).map_err(|error| fields.problem("minimum", error.to_string()))?;
        let open = match fields.optional("allow_open")? {
            Some(true) => Open::Allowed,
            Some(false) | None => Open::Forbidden,
        };
        let kinds = fields.optional::<Vec<String>>("kinds")?;
        if let Some(unknown) =
            kinds.iter().flatten().find(|kind| !kind_names().any(|name| name == kind.as_str()))
        {
            let known = kind_names().collect::<Vec<_>>().join(", ");
            return Err(fields.problem("kinds", format!("there is no kind `{unknown}`; there are {known}")));
        }
        fields.finish()?;
        let floor = match open {
            Open::Allowed => floor.allowing_open(),
            Open::Forbidden => floor,
        };
        Ok(Self { floor, minimum, open, kinds })
    }

    /// The disclosure rules under which this study runs here. In a throw-away network its own minimum takes the
    /// place of every other.
    pub fn rules(&self, study: &Study, root: &Root) -> Result<Rules, Forbidden> {
        if let Some(kinds) = &self.kinds
            && let Some(other) = study.analyses.iter().find(|analysis| !kinds.contains(&analysis.kind))
        {
            return Err(Forbidden::Kind(other.kind.clone()));
        }
        match root.throwaway_minimum.and_then(Threshold::new) {
            Some(minimum) => Ok(Rules::throw_away(minimum)),
            None => Rules::new(study.disclosure.profile, self.floor).map_err(|_| Forbidden::Open),
        }
    }

    /// The policy in plain words, a line each.
    pub fn in_words(&self) -> Vec<String> {
        let minimum = self.minimum;
        let open = match self.open {
            Open::Allowed => "Studies without thresholds (profile `open`) may run here.",
            Open::Forbidden => "Studies without thresholds (profile `open`) never run here.",
        };
        let kinds = match &self.kinds {
            Some(kinds) => format!("Only these kinds of analysis run here: {}.", kinds.join(", ")),
            None => "Every kind of analysis of this version may run here.".to_owned(),
        };
        vec![
            format!(
                "No count from 1 to {} leaves, nor anything computed from so few patients.",
                minimum.get() - 1
            ),
            "A study of a stricter profile (standard 10, cms 11) is held to its own.".to_owned(),
            open.to_owned(),
            kinds,
            "Nothing leaves for a study that the data steward has not accepted.".to_owned(),
        ]
    }
}

fn kind_names() -> impl Iterator<Item = &'static str> {
    notochord_stats::registry::KINDS.iter().map(|kind| kind.name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_default_policy_is_the_strictest_reading_of_an_empty_one() {
        let default = Policy::parse("policy.toml", include_str!("policy/default.toml")).unwrap();
        assert_eq!(default, Policy::parse("policy.toml", "").unwrap());
    }

    #[test]
    fn a_policy_cannot_go_below_the_floor_and_says_where_it_tried() {
        let problem = Policy::parse("policy.toml", "\nminimum = 3\n").unwrap_err();
        assert_eq!(
            problem.to_string(),
            "policy.toml:2 (minimum): a node's smallest count is at least 5, not 3"
        );
        assert!(
            Policy::parse("policy.toml", "allow_opne = true")
                .unwrap_err()
                .to_string()
                .contains("`allow_open`")
        );
        assert!(Policy::parse("policy.toml", "kinds = [\"describ\"]").is_err());
    }
}
