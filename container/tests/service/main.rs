//! The real binary over real HTTP with real dumps.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod annotations;
mod bounds;
mod fixture;
mod hostile;
mod lifecycle;
mod partial_files;
mod partial_text;
mod process;
mod reference;
mod round_trips;
mod symbol_server;
mod synthetic;
