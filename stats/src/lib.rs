//! The statistics of the network.
//!
//! A statistic is a vector of integers that adds up. The node's half turns the rows of a frame into such a
//! vector ([`Statistic::contribute`]); the network adds vectors; the network's half computes the answer, or the next
//! round's question, from the total ([`Statistic::advance`]). One file per statistic: [`describe`], [`histogram`], [`table`],
//! [`compare`], [`correlate`], [`linear`], [`glm`], [`meta`], [`cox`], [`kaplan_meier`], [`cumulative_incidence`],
//! [`mixed`], [`gee`],
//! [`agreement`], [`calibration`], [`reclassification`], [`roc`], [`transition`]; [`registry`] lists them.
//!
//! Everything here is pure. `advance` gives the same bits on every processor: scalar code without fused
//! multiply-add, and elementary functions of the `libm` crate instead of the platform's.

pub mod contribution;
pub mod frame;
pub mod multiplicity;
pub mod others;
pub mod outcome;
pub mod plan;
pub mod question;
pub mod registry;
pub mod statistic;
pub mod step;
pub mod terms;
pub mod totals;

pub mod agreement;
pub mod calibration;
pub mod compare;
pub mod correlate;
pub mod cox;
pub mod cumulative_incidence;
pub mod describe;
pub mod gee;
pub mod glm;
pub mod histogram;
pub mod kaplan_meier;
pub mod linear;
pub mod meta;
pub mod mixed;
pub mod reclassification;
pub mod roc;
pub mod table;
pub mod transition;

mod arithmetic;
mod by_group;
mod census;
mod cholesky;
mod counts_by_group;
mod design;
mod distribution;
mod exits;
mod figure;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod fixture;
mod formula;
mod grid;
mod group_test;
mod groups;
mod interval;
mod levels;
mod moments;
mod prediction;
mod proportion;
mod quantity;
mod root;
mod sandwich;
mod shape;
mod standard;
mod term_tests;
mod time_grid;
mod twofold;
mod vector;
mod wald;
mod weighted;

pub use contribution::{ContributeError, Contribution, ContributionFault};
pub use frame::{Column, Frame, FrameError};
pub use outcome::{Cell, Outcome, Status, Table};
pub use plan::{Plan, PlannedAnalysis};
pub use question::{Question, QuestionError};
pub use registry::{KINDS, Kind, Parse};
pub use statistic::{Iterative, Next, OneRound, Rounds, Statistic, Summed, Turn, Unit};
pub use totals::Totals;
