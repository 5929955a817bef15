//! A number of an answer that may be withheld, or may not exist.

use serde::{Serialize, Serializer};

/// A number of a result. Both kinds of absence are `null` in JSON; tables tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Figure<T> {
    /// The number.
    Known(T),
    /// A disclosure rule withheld it, or a number it is computed from.
    Withheld,
    /// There is none, such as the mean of no values.
    Undefined,
}

impl<T> Figure<T> {
    /// The figure computed from this one.
    pub(crate) fn map<U>(self, compute: impl FnOnce(T) -> U) -> Figure<U> {
        self.and_then(|value| Figure::Known(compute(value)))
    }

    /// The figure computed from this one, where there is one.
    pub(crate) fn and_then<U>(self, compute: impl FnOnce(T) -> Figure<U>) -> Figure<U> {
        match self {
            Self::Known(value) => compute(value),
            Self::Withheld => Figure::Withheld,
            Self::Undefined => Figure::Undefined,
        }
    }

    /// Both figures, where both are known.
    pub(crate) fn and<U>(self, other: Figure<U>) -> Figure<(T, U)> {
        match (self, other) {
            (Self::Known(one), Figure::Known(two)) => Figure::Known((one, two)),
            (Self::Withheld, _) | (_, Figure::Withheld) => Figure::Withheld,
            (Self::Undefined, _) | (_, Figure::Undefined) => Figure::Undefined,
        }
    }

    /// The number, where it is known.
    pub(crate) fn known(self) -> Option<T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Withheld | Self::Undefined => None,
        }
    }

    /// All figures, where all are known.
    pub(crate) fn all(figures: impl IntoIterator<Item = Figure<T>>) -> Figure<Vec<T>> {
        let mut values = Vec::new();
        let mut absence = None;
        for figure in figures {
            match figure {
                Self::Known(value) => values.push(value),
                Self::Withheld => return Figure::Withheld,
                Self::Undefined => absence = Some(Figure::Undefined),
            }
        }
        absence.unwrap_or(Figure::Known(values))
    }
}

impl Figure<f64> {
    /// A computed number; one that is infinite or not a number is undefined.
    pub(crate) fn finite(value: f64) -> Self {
        if value.is_finite() { Self::Known(value) } else { Self::Undefined }
    }
}

impl Figure<u64> {
    /// The total of counts, withheld when one of them is.
    pub(crate) fn total(counts: impl IntoIterator<Item = Figure<u64>>) -> Figure<u64> {
        Self::all(counts).map(|counts| counts.into_iter().fold(0, u64::saturating_add))
    }
}

impl<T: Serialize> Serialize for Figure<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Known(value) => value.serialize(serializer),
            Self::Withheld | Self::Undefined => serializer.serialize_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_total_with_a_withheld_part_is_withheld() {
        assert_eq!(Figure::total([Figure::Known(1), Figure::Known(2)]), Figure::Known(3));
        assert_eq!(Figure::total([Figure::Undefined, Figure::Withheld]), Figure::Withheld);
        assert_eq!(Figure::finite(f64::NAN), Figure::Undefined);
    }
}
