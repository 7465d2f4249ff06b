//! What only several keys together, or the disk, can show to be wrong.

use std::net::IpAddr;
use std::path::Path;

use plenum_control::Addresses;
use plenum_runtime::sip::VerifyClient;

use super::{Config, ConfigError, Problem};

impl Config {
    /// Checks what only several keys together can get wrong, and that the folders exist that are
    /// read from.
    ///
    /// # Errors
    ///
    /// Every problem, at the line of the key that is to be mended.
    pub fn coherent(&self) -> Result<(), ConfigError> {
        let rtp = self.announced_nowhere().or_else(|| self.unbound_family());
        let tls = [
            self.half_certificate().or_else(|| self.no_certificate()),
            self.no_authority(),
        ];
        let folders = [
            self.no_folder("sounds.folder", self.sounds.folder.as_deref()),
            self.no_folder("sounds.music", self.sounds.music.as_deref()),
        ];
        let found = rtp.into_iter().chain(tls.into_iter().flatten());
        self.refuse(found.chain(folders.into_iter().flatten()).collect())
    }

    /// Builds the error of the problems found in this configuration; good if there is none.
    ///
    /// # Errors
    ///
    /// The problems in the order of their lines, with the name of the file.
    pub fn refuse(&self, mut problems: Vec<Problem>) -> Result<(), ConfigError> {
        problems.sort();
        let error = ConfigError::of(problems).map(|error| match &self.file {
            Some(file) => error.in_file(file),
            None => error,
        });
        error.map_or(Ok(()), Err)
    }

    fn announced_nowhere(&self) -> Option<Problem> {
        let announced = self.rtp.announced();
        let nowhere = announced.iter().find(IpAddr::is_unspecified)?;
        let bound = self.rtp.bind.iter().any(|bind| bind == nowhere);
        let key = if bound { "rtp.bind" } else { "rtp.advertise" };
        let message = format!(
            "{nowhere} names no one address that could be announced to phones; set [rtp] \
             advertise to the address that they reach"
        );
        Some(self.problem(key, &message))
    }

    fn unbound_family(&self) -> Option<Problem> {
        let bind = self.rtp.bind;
        let mut advertise = self.rtp.advertise.into_iter().flat_map(Addresses::iter);
        let advertise = advertise.find(|advertise| bind.like(*advertise).is_none())?;
        let message = format!(
            "{advertise} and [rtp] bind {bind} are of different families; audio sent to one does \
             not reach the other: list an address of that family in bind as well"
        );
        Some(self.problem("rtp.advertise", &message))
    }

    fn half_certificate(&self) -> Option<Problem> {
        let tls = &self.sip.tls;
        let (there, missing) = match (&tls.certificate, &tls.key) {
            (Some(_), None) => ("sip.tls.certificate", "key"),
            (None, Some(_)) => ("sip.tls.key", "certificate"),
            _ => return None,
        };
        let message = format!(
            "certificate and key belong together; set [sip.tls] {missing} as well, or none of them"
        );
        Some(self.problem(there, &message))
    }

    fn no_certificate(&self) -> Option<Problem> {
        let mut listens = self.sip.listen.iter();
        let secure = listens.find(|listen| listen.transport.is_secure())?;
        let message =
            format!("{secure} needs a certificate; set [sip.tls] certificate and key to PEM files");
        let without = self.sip.tls.certificate.is_none();
        without.then(|| self.problem("sip.listen", &message))
    }

    fn no_authority(&self) -> Option<Problem> {
        let tls = &self.sip.tls;
        let without = tls.verify_client != VerifyClient::None && tls.ca.is_none();
        let message = "this needs the authority that signs the certificates of clients; set \
                       [sip.tls] ca to its PEM file";
        without.then(|| self.problem("sip.tls.verify_client", message))
    }

    fn no_folder(&self, key: &str, folder: Option<&Path>) -> Option<Problem> {
        let folder = folder.filter(|folder| !folder.is_dir())?.display();
        let message = format!(
            "there is no folder {folder}; make it, name another, or leave the key out for what is \
             built in"
        );
        Some(self.problem(key, &message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(text: &str) -> Vec<String> {
        let config = Config::parse(text).expect("each key is good");
        let error = config.coherent().err();
        let text = error.map(|error| error.to_string()).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn an_address_that_cannot_be_announced_is_refused_at_its_line() {
        let lines = complaints("[rtp]\nbind = \"0.0.0.0\"\n");
        assert!(lines[0].starts_with("configuration:2:8: rtp.bind: 0.0.0.0 names no one"));
        assert!(lines[0].contains("set [rtp] advertise"), "{lines:?}");
        let lines = complaints("[rtp]\nbind = \"::1\"\nadvertise = \"192.0.2.1\"\n");
        assert!(lines[0].starts_with("configuration:3:13: rtp.advertise: 192.0.2.1 and [rtp]"));
        let lines = complaints("[rtp]\nbind = [\"10.0.0.5\", \"::\"]\nadvertise = \"192.0.2.1\"\n");
        assert!(lines[0].starts_with("configuration:2:8: rtp.bind: :: names no one"));
        assert_eq!(complaints(""), [""; 0]);
    }

    #[test]
    fn what_tls_lacks_is_told_at_the_line_that_needs_it() {
        let lines = complaints(
            "[sip]\nlisten = [\"tls://127.0.0.1:5061\"]\n[sip.tls]\nverify_client = \"required\"\n",
        );
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].starts_with("configuration:2:10: sip.listen: tls://127.0.0.1:5061 needs"));
        assert!(lines[1].starts_with("configuration:4:17: sip.tls.verify_client: this needs"));
        let lines = complaints("[sip.tls]\nkey = \"a.key\"\n");
        assert!(lines[0].starts_with("configuration:2:7: sip.tls.key: certificate and key"));
        assert!(lines[0].contains("set [sip.tls] certificate as well"));
    }

    #[test]
    fn folders_that_do_not_exist_are_told_with_the_fix() {
        let lines = complaints("[sounds]\nfolder = \"no-such-folder\"\nmusic = \"no-music\"\n");
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].starts_with(
            "configuration:2:10: sounds.folder: there is no folder no-such-folder; make it"
        ));
        assert!(lines[1].starts_with("configuration:3:9: sounds.music: there is no folder"));
        assert_eq!(
            complaints("[sounds]\nfolder = \"/\"\nmusic = \"/\"\n"),
            [""; 0]
        );
    }
}
