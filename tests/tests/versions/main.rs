//! Nodes of other releases beside those of this one, links that end as planned, and messages that come twice, late or
//! never. The coordinator and the nodes of this release are processes; a node of another release is the node's library
//! with other capabilities handed in, over the real link.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod calls;
mod copies_at_the_coordinator;
mod copies_at_the_door;
mod copies_at_the_node;
mod lost_run;
mod newer;
mod other_release;
mod parting;
mod releases;
mod stage;
