//! What a snapshot is, without its rows.

use notochord_proto::digest::Digest;
use notochord_proto::variable::Variable;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::import::Source;

/// The version of the layout of a snapshot's files.
pub(super) const FORMAT: u32 = 1;

/// `manifest.json`: what a snapshot is and where it came from. The row count is exact, so it stays at the
/// centre.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotManifest {
    /// The version of the snapshot's files.
    pub format: u32,
    /// The hash of the logical content, which names the snapshot.
    pub content: Digest,
    /// The digest of the dictionary the rows were read against.
    pub dictionary: Digest,
    /// How many patients.
    pub rows: u64,
    /// The variables, sorted by name.
    pub variables: Vec<Variable>,
    /// The files the rows came from.
    pub sources: Vec<Source>,
    /// When they were imported.
    #[serde(with = "time::serde::rfc3339")]
    pub imported_at: OffsetDateTime,
    /// The software that imported them.
    pub software: String,
    /// The digest of `patients.parquet`, checked before the file is decoded.
    pub parquet: Digest,
}
