//! The coordinator: invites sites, keeps sealed studies, launches runs and assembles results; and the commands
//! of investigators and approvers. It has no power to run anything that was not approved, and no way to ask a
//! node for anything but the steps of a sealed study.

pub mod acceptance;
pub mod announce;
mod ask;
pub mod assembly;
pub mod authority;
mod caller;
mod client;
mod command;
pub mod connections;
pub mod course;
pub mod directory;
pub mod enrolment;
pub mod evidence;
pub mod files;
pub mod home;
pub mod hub;
pub mod in_force;
mod interruption;
pub mod logbook;
pub mod office;
mod operator;
mod outbox;
mod printing;
pub mod progress;
pub mod publication;
pub mod readiness;
pub mod reception;
pub mod renewal;
pub mod report;
pub mod result;
pub mod revocation;
pub mod round;
pub mod run;
pub mod serve;
pub mod service;
pub mod site_status;
pub mod statements;
pub mod status_board;
pub mod store;
pub mod studies;
pub mod succession;
pub mod supersession;
pub mod upkeep;
pub mod verify;
mod witnessing;

pub use command::main;
