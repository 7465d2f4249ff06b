//! Limits and priorities of the process.

use std::io;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::shard::REAL_TIME_PRIORITY;
use crate::sys;

/// Raises the number of files and sockets that the process may open to what the system permits.
///
/// Each RTP port pair takes two, each TCP connection one. Returns the number that holds from here
/// on; zero if the system does not say.
pub fn raise_open_files_limit() -> u64 {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return 0;
    };
    if soft < hard && setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok() {
        hard
    } else {
        soft
    }
}

/// Asks that the calling thread runs before ordinary ones (`SCHED_FIFO`), as shard threads do.
///
/// # Errors
///
/// The process may not ask for that.
pub fn request_real_time() -> io::Result<()> {
    sys::request_real_time(REAL_TIME_PRIORITY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_never_falls() {
        let (before, _) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        assert!(raise_open_files_limit() >= before);
        assert_eq!(raise_open_files_limit(), raise_open_files_limit());
    }
}
