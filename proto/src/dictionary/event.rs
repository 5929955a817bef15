//! The events of a longitudinal registry.

/// An event: a visit that every patient of its arm is meant to have.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// REDCap's unique name, such as `month3_arm_1`.
    pub name: String,
    /// Its label, for reports and for exports with labels.
    pub label: String,
    /// The days since day 0 on which it is due, both ends included.
    pub window: Option<(i64, i64)>,
    /// The forms that are filled in at it; every form may be where absent.
    pub forms: Option<Vec<String>>,
}

/// The name under which the first event, or the first visit, can always be asked for.
pub const BASELINE: &str = "baseline";

impl Event {
    /// Its name without the arm: `month3` of `month3_arm_1`.
    pub fn stem(&self) -> &str {
        match self.name.rsplit_once("_arm_") {
            Some((stem, arm)) if !stem.is_empty() && arm.bytes().all(|byte| byte.is_ascii_digit()) => stem,
            _ => &self.name,
        }
    }

    /// Whether a form is filled in at it.
    pub fn has(&self, form: &str) -> bool {
        self.forms.as_ref().is_none_or(|forms| forms.iter().any(|one| one == form))
    }
}
