//! The real binary over real HTTP with real dumps.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod annotations;
mod bounds;
mod fixture;
mod hostile;
mod lifecycle;
mod process;
mod reference;
mod sym_files;
mod symbol_server;
mod synthetic;
