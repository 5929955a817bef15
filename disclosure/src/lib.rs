//! Disclosure control: which numbers of a contribution may be seen.
//!
//! Small counts point at people. Before a site's numbers leave it, [`decide`] looks at them and says which
//! stay behind. It sees the numbers, what each of them counts (a [`Layout`](notochord_proto::layout::Layout))
//! and a threshold k, and nothing else: no clock, no history, no randomness. So every node finds the same
//! pattern for the same numbers, and anybody can check it.
//!
//! Each rule has a file of its own under `rule/`, with its reason in words. The rule numbers, R1 and so on,
//! are those of the network's disclosure control rules.
//!
//! | rule | acts on |
//! |---|---|
//! | [`Rows`](Rule::Rows) | an analysis of fewer than k patients, or of nobody |
//! | [`Primary`](Rule::Primary), R1 | every count |
//! | [`Complement`](Rule::Complement), R2 | frequency tables |
//! | [`Secondary`](Rule::Secondary), R4 | frequency tables and grids |
//! | [`Sum`](Rule::Sum), R8 | sums over patients |
//! | [`Level`](Rule::Level), [`Parameters`](Rule::Parameters), [`ResidualDf`](Rule::ResidualDf), R9 | models |
//!
//! A count is of rows. Where a row is a visit, k still counts patients
//! ([`Rules::for_rows_per_patient`]).
//!
//! # Promises, each with a test
//!
//! - The pattern depends on the numbers, the layout, k, and the most rows that one patient has, alone.
//! - A larger k never lets out more, nor do more rows of one patient.
//! - In a frequency table of several rows and columns no withheld count can be worked out from the released
//!   ones and all margins; unless the whole table is withheld, what can be worked out leaves a range of at
//!   least k (or, in a row or column of fewer than k patients, every value that row and column allow).
//!
//! # Honest limits
//!
//! Each table is protected by itself. Two tables of one study that share margins, or the same table before
//! and after a patient was added, may together say more than each alone.

mod frequency;
mod pattern;
mod profile;
mod rule;

pub use pattern::{Decision, DisclosureError, decide};
pub use profile::{FloorError, NodeFloor, OpenRefused, Rules, Threshold};
pub use rule::{Fired, Rule};
