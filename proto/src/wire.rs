//! What travels: the messages and services of `proto/notochord/v1/*.proto`.
//!
//! The code is generated and checked in; the test `generated_code` makes it anew and fails on a difference.

#![allow(missing_docs, unreachable_pub, clippy::all)]

include!("gen/notochord.v1.rs");
