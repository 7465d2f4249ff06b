//! The Plenum server: configuration, wiring and command line.
//!
//! The binary is a thin shell around this library, so that tests and fuzz targets reach its parts.
//!
//! # Entry points
//!
//! - [`cli::run`]: the command line.
//! - [`config::Config`]: the configuration file, checked.
//! - [`serve::Running`]: a server that is up.
//!
//! # Deliberately absent
//!
//! Protocols and decisions: they are in the machines. System calls: they are in `runtime`.

pub mod call;
pub mod cli;
pub mod config;
pub mod ctl;
pub mod demo;
pub mod doctor;
pub mod http;
pub mod load;
pub mod logs;
pub mod metrics;
pub mod serve;
mod sounds;
