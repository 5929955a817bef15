//! Names that cannot be malformed.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a text is not a name of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a {kind}: {rule}")]
pub struct NameError {
    text: String,
    kind: &'static str,
    rule: &'static str,
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $kind:literal, $rule:literal, $accepts:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(String);

        impl $type {
            /// Parses a name.
            pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
                let text = text.into();
                let accepts: fn(&str) -> bool = $accepts;
                if accepts(&text) {
                    return Ok(Self(text));
                }
                let text = text.chars().take(80).collect();
                Err(NameError { text, kind: $kind, rule: $rule })
            }

            /// The name as written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $type {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.0
            }
        }

        impl std::str::FromStr for $type {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }
    };
}

name!(
    /// A variable of the dictionary or a derived one, as REDCap names fields; or `variable@event`, its value at
    /// that event.
    VariableName,
    "variable name",
    "lower-case letters, digits and `_`, a letter first, at most 100 characters",
    |text| match text.split_once('@') {
        Some((field, event)) => is_field(field) && (1..=100).contains(&event.len()) && is_snake(event),
        None => is_field(text),
    }
);
name!(
    /// A form of the dictionary, as REDCap names instruments.
    FormName,
    "form name",
    "lower-case letters, digits and `_`, at most 100 characters",
    |text| (1..=100).contains(&text.len()) && is_snake(text)
);
name!(
    /// A centre's name in certificates and messages.
    SiteId,
    "site id",
    "lower-case letters, digits and `-`, a letter or digit first, at most 63 characters",
    is_slug
);
name!(
    /// A network's name.
    NetworkName,
    "network name",
    "lower-case letters, digits and `-`, a letter or digit first, at most 63 characters",
    is_slug
);
name!(
    /// A study's id; versions of one study share it.
    StudyId,
    "study id",
    "lower-case letters, digits and `-`, a letter or digit first, at most 63 characters",
    is_slug
);
name!(
    /// An analysis within a study.
    AnalysisId,
    "analysis id",
    "lower-case letters, digits, `-` and `_`, a letter or digit first, at most 63 characters",
    |text| is_slug(&text.replace('_', "-"))
);
name!(
    /// A family of analyses within a study.
    FamilyName,
    "family name",
    "lower-case letters, digits, `-` and `_`, a letter or digit first, at most 63 characters",
    |text| is_slug(&text.replace('_', "-"))
);
name!(
    /// A run of a study.
    RunId,
    "run id",
    "lower-case letters, digits and `-`, a letter or digit first, at most 63 characters",
    is_slug
);

name!(
    /// Where something listens.
    Address,
    "host:port",
    "write it like registry.example.org:7470, with a port up to 65535",
    |text| text.len() <= 260
        && text.rsplit_once(':').is_some_and(|(host, port)| {
            let is_host = |c: char| !c.is_whitespace() && !c.is_control();
            !host.is_empty() && host.chars().all(is_host) && port.parse::<u16>().is_ok()
        })
);

impl VariableName {
    /// The name without the event: `pain` of `pain@month3`.
    pub fn field(&self) -> &str {
        self.0.split_once('@').map_or(&self.0, |(field, _)| field)
    }

    /// The event of a `variable@event`.
    pub fn event(&self) -> Option<&str> {
        self.0.split_once('@').map(|(_, event)| event)
    }
}

fn is_field(text: &str) -> bool {
    text.len() <= 100 && text.starts_with(|c: char| c.is_ascii_lowercase()) && is_snake(text)
}

fn is_snake(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn is_slug(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_name_with_a_path_or_a_space_in_it_is_refused() {
        for text in ["", "A", "../x", "a b", "-a", &"a".repeat(64)] {
            assert!(SiteId::new(text).is_err(), "{text}");
        }
        assert!(SiteId::new("university-hospital-1").is_ok());
        assert!(VariableName::new("nrs_overall").is_ok());
        assert!(VariableName::new("1st").is_err());
    }

    #[test]
    fn a_variable_may_be_asked_for_at_an_event() {
        let name = VariableName::new("pain@month3_arm_1").unwrap();
        assert_eq!((name.field(), name.event()), ("pain", Some("month3_arm_1")));
        let name = VariableName::new("pain").unwrap();
        assert_eq!((name.field(), name.event()), ("pain", None));
        assert!(VariableName::new("pain@2_weeks").is_ok());
        for text in ["@month3", "pain@", "pain@Month3", "pain@month3@month6", "1st@month3", "pain@-"] {
            assert!(VariableName::new(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_address_is_a_host_and_a_port() {
        for text in ["registry.example.org:7470", "127.0.0.1:0", "[::1]:7470"] {
            assert!(Address::new(text).is_ok(), "{text}");
        }
        for text in ["", "registry.example.org", ":7470", "127.0.0.1:99999", "a b:1"] {
            assert!(Address::new(text).is_err(), "{text}");
        }
    }

    #[test]
    fn deserialising_a_name_goes_through_its_constructor() {
        assert!(serde_json::from_str::<StudyId>("\"../../etc\"").is_err());
    }
}
