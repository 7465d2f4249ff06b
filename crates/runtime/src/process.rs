//! Limits of the process.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

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
