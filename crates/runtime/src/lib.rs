//! The only place with system calls: what drives the machines in real time.
//!
//! The control machine and the media shards are plain values that take time, randomness and bytes
//! as arguments. This crate measures the time, reads and writes the sockets and the files, and
//! carries orders and reports between threads. Each module stands alone, so that a phone is driven
//! by the same parts as the server.
//!
//! # Entry points
//!
//! - [`server::Server::start`]: everything below around one [`server::Machine`].
//! - [`sip::SipTransports`]: SIP over UDP, TCP, TLS and WebSocket.
//! - [`shard::ShardThread`]: one media shard on a thread of its own, with its RTP sockets.
//! - [`rtp::PortPool`]: RTP and RTCP port pairs out of a range.
//! - [`files::FileWorkers`]: sounds, music and recordings, off every other thread.
//! - [`dns::Dns`]: questions of server location, answered over a queue.
//! - [`clock::Clock`] and [`random`]: time and seeds.
//!
//! # Deliberately absent
//!
//! Decisions: what a message means and where audio goes is up to the machines. Stores. Systems
//! other than Linux: the media path needs `recvmmsg`, `epoll` and absolute sleeps.

pub mod clock;
pub mod dns;
pub mod files;
pub mod process;
pub mod random;
pub mod rtp;
pub mod server;
pub mod shard;
pub mod sip;
mod sys;

// What a machine of another crate takes and gives, so that it needs no crate but this one.
pub use plenum_control::{Input, Output, ShardId, SoundJob, SoundName};
