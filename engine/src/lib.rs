//! The room of patient rows: exports become snapshots, and snapshots become the frames that statistics read.
//!
//! Rows come in through [`import`], which keeps what the dictionary asks for and drops names, notes and free
//! text before anything is stored. They rest in an immutable [`snapshot`], known by the hash of its content.
//! For a study, [`frame`] narrows them to the cohort, computes the derived variables and hands each analysis
//! the columns it reads.
//!
//! Nothing in this room can leave it. It opens no socket; the types that hold rows ([`table::Table`],
//! [`snapshot::Snapshot`], `notochord_stats::frame::Frame`) have no `Debug`, `Display` or `Serialize`; and an
//! error that may travel names a variable or a file, never a value. Only an [`import::Finding`] quotes a
//! cell, because the person at the centre who imports the file has to mend it.

pub mod erased;
pub mod frame;
pub mod import;
pub mod quality;
pub mod record_key;
pub mod snapshot;
pub mod table;

mod assemble;
mod cohort;
mod column_builder;
mod evaluate;
mod linkage;
mod patient;
mod placed;
mod record;
mod rows;
mod schema;
mod sealed;
mod sort;
mod table_builder;

#[cfg(test)]
mod sample;
