//! Thresholds: how few patients are too few.

use std::fmt;

use notochord_proto::study::Profile;

/// The smallest count, other than 0, that may be seen: k. With 1 no rule acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Threshold(u32);

/// What a node insists on, whatever a study asks for. A policy may only be stricter than the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeFloor {
    minimum: Threshold,
    open: Open,
}

/// Whether studies of the profile `open` may run at a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Allowed,
    Refused,
}

/// A floor below the one no policy can lower.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a node's smallest count is at least {}, not {asked}", NodeFloor::LOWEST)]
pub struct FloorError {
    asked: Threshold,
}

/// The study asks for the profile `open`, which the node's policy does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the study releases every count, and this node's policy does not allow that")]
pub struct OpenRefused;

/// The rules for one study at one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// The smallest count, other than 0, that may be seen.
    pub minimum: Threshold,
    rows_per_patient: u32,
}

impl Threshold {
    /// Every count may be seen.
    pub const NONE: Self = Self(1);

    /// A threshold; there is none of 0.
    pub fn new(k: u32) -> Option<Self> {
        (k >= 1).then_some(Self(k))
    }

    /// The k of a profile.
    pub fn of(profile: Profile) -> Self {
        match profile {
            Profile::Standard => Self(10),
            Profile::Rare => Self(5),
            Profile::Cms => Self(11),
            Profile::Open => Self::NONE,
        }
    }

    /// The number.
    pub fn get(self) -> u32 {
        self.0
    }

    /// Whether so many are fewer than k, or none.
    pub(crate) fn exceeds(self, count: i128) -> bool {
        count < i128::from(self.0)
    }

    /// Whether `count` is too few to be seen, yet not none.
    pub(crate) fn is_small(self, count: i128) -> bool {
        (1..i128::from(self.0)).contains(&count)
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl NodeFloor {
    /// The floor that no policy can lower.
    pub const LOWEST: Threshold = Threshold(5);

    /// A stricter floor, from a centre's policy.
    pub fn at_least(minimum: Threshold) -> Result<Self, FloorError> {
        if minimum < Self::LOWEST {
            Err(FloorError { asked: minimum })
        } else {
            Ok(Self { minimum, open: Open::Refused })
        }
    }

    /// The same floor, at a centre whose policy also allows studies of the profile `open`.
    pub fn allowing_open(self) -> Self {
        Self { open: Open::Allowed, ..self }
    }
}

impl Default for NodeFloor {
    fn default() -> Self {
        Self { minimum: Self::LOWEST, open: Open::Refused }
    }
}

impl Rules {
    /// The rules of a study at a node: the stricter of the two.
    pub fn new(profile: Profile, floor: NodeFloor) -> Result<Self, OpenRefused> {
        match (profile, floor.open) {
            (Profile::Open, Open::Refused) => Err(OpenRefused),
            (Profile::Open, Open::Allowed) => Ok(Self::of(Threshold::NONE)),
            (Profile::Standard | Profile::Rare | Profile::Cms, _) => {
                Ok(Self::of(Threshold::of(profile).max(floor.minimum)))
            }
        }
    }

    /// The rules in a throw-away network over data that need no protection: its own minimum takes the place
    /// of every profile's k and of every node's floor.
    pub fn throw_away(minimum: Threshold) -> Self {
        Self::of(minimum)
    }

    /// The rules for an analysis of rows of which one patient may have as many as this: visits. A threshold counts
    /// patients, and among k·m rows of which nobody has more than m there are at least k patients. What is none
    /// or one row for each patient changes nothing, and where no rule acts none will.
    pub fn for_rows_per_patient(self, most: usize) -> Self {
        Self { rows_per_patient: u32::try_from(most).unwrap_or(u32::MAX).max(1), ..self }
    }

    /// The fewest rows, other than none, that are certain to be of as many patients as the minimum.
    pub(crate) fn rows(self) -> Threshold {
        match self.act() {
            true => Threshold(self.minimum.0.saturating_mul(self.rows_per_patient)),
            false => self.minimum,
        }
    }

    /// The fewest patients that so many rows can be of.
    pub(crate) fn patients(self, rows: i128) -> i128 {
        let most = i128::from(self.rows_per_patient);
        rows / most + i128::from(rows % most > 0)
    }

    fn of(minimum: Threshold) -> Self {
        Self { minimum, rows_per_patient: 1 }
    }

    /// Whether any rule acts.
    pub fn act(self) -> bool {
        self.minimum > Threshold::NONE
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_stricter_of_study_and_node_holds() {
        let floor = |k| NodeFloor::at_least(Threshold::new(k).unwrap()).unwrap();
        let k = |profile, floor| Rules::new(profile, floor).unwrap().minimum.get();
        assert_eq!(k(Profile::Standard, NodeFloor::default()), 10);
        assert_eq!(k(Profile::Rare, NodeFloor::default()), 5);
        assert_eq!(k(Profile::Cms, NodeFloor::default()), 11);
        assert_eq!(k(Profile::Rare, floor(8)), 8);
        assert_eq!(k(Profile::Standard, floor(20)), 20);
    }

    #[test]
    fn a_policy_cannot_lower_the_floor_and_open_needs_its_consent() {
        let error = NodeFloor::at_least(Threshold::new(4).unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "a node's smallest count is at least 5, not 4");
        assert_eq!(Rules::new(Profile::Open, NodeFloor::default()), Err(OpenRefused));
        assert!(!Rules::new(Profile::Open, NodeFloor::default().allowing_open()).unwrap().act());
        assert!(Threshold::new(0).is_none());
    }
}
