//! What people type and write, right and wrong: each mistake gets an answer that names the place and the remedy,
//! and leaves everything as it was.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is wrong")]

mod arguments;
mod bench;
mod case;
mod dictionaries;
mod documents;
mod golden;
mod help;
mod mutations;
mod places;
mod seals;
mod words;
