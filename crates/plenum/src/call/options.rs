use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use plenum_runtime::sip::source_towards;
use plenum_session::{CallConfig, Codec, Destination, NameAddr, PhoneConfig, Source, Tone};

use super::sound;

/// Where a number without a host leads.
const DEFAULT_HOST: &str = "127.0.0.1:5060";

/// Frequency of a tone that names none.
const TONE_HZ: u16 = 440;

/// Level of a tone.
const TONE_DBOV: i8 = -15;

/// Calls a number or a SIP URI with the built-in phone.
///
/// Exit codes: 0 audio flowed both ways (with --check: the echo was heard), 1 it did not, 2 the
/// command line cannot be used, 3 the call was refused or not answered, 130 ended by a second
/// Ctrl-C.
#[derive(Args, Clone, Debug)]
pub struct CallOptions {
    /// Whom to call: a SIP URI, or a number of the server on this machine as in "9196".
    #[arg(value_name = "URI")]
    pub uri: String,
    /// Proves that the other side is an echo: plays a pattern and looks for it in what comes back.
    #[arg(long, conflicts_with_all = ["play", "record", "dtmf", "duration"])]
    pub check: bool,
    /// Plays a sound file, or a tone as in "tone" or "tone:1000" (hertz).
    #[arg(long, value_name = "FILE")]
    pub play: Option<String>,
    /// Records what is heard to a WAV file.
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Sends digits after the answer; a comma is a pause of a second.
    #[arg(long, value_name = "DIGITS", value_parser = digits)]
    pub dtmf: Option<String>,
    /// Hangs up so many seconds after the answer.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub duration: Option<Duration>,
    /// Gives up when nobody answers in so many seconds.
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub patience: Duration,
    /// The address to call from, with or without a SIP port; the one that leads there by default.
    #[arg(long, value_name = "ADDRESS", value_parser = listen)]
    pub listen: Option<SocketAddr>,
    /// Codecs in order of preference: pcmu, pcma, l16; all by default.
    #[arg(long, value_name = "CODEC", value_delimiter = ',', value_parser = codec)]
    pub codec: Vec<Codec>,
    /// Who calls, as in "sip:alice@example.org".
    #[arg(long, value_name = "URI", value_parser = identity)]
    pub from: Option<NameAddr>,
    /// Prints one JSON object a line.
    #[arg(long)]
    pub json: bool,
}

/// What is going to be done, with all that can be found out before the call.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) to: Destination,
    pub(super) phone: PhoneConfig,
    pub(super) call: CallConfig,
    pub(super) check: bool,
    pub(super) play: Option<Source>,
    pub(super) record: Option<PathBuf>,
    pub(super) dtmf: Option<String>,
    pub(super) duration: Option<Duration>,
    pub(super) patience: Duration,
}

impl Plan {
    /// Looks up where the URI leads, and reads the sound.
    ///
    /// # Errors
    ///
    /// The sentence that says what cannot be used.
    pub(super) async fn make(options: &CallOptions) -> Result<Self, String> {
        let uri = uri_of(&options.uri);
        let to = Destination::resolve(&uri)
            .await
            .map_err(|error| error.to_string())?;
        let (bind, sip_port) = match options.listen {
            Some(listen) => (listen.ip(), listen.port()),
            None => (source(to.remote())?, 0),
        };
        let play = match &options.play {
            None => None,
            Some(text) => Some(match tone(text)? {
                Some(tone) => Source::Tone(tone),
                None => sound::load(Path::new(text)).await?,
            }),
        };
        if let Some(path) = &options.record {
            sound::can_record(path)?;
        }
        let mut call = CallConfig {
            from: options.from.clone(),
            ..CallConfig::default()
        };
        if !options.codec.is_empty() {
            call.codecs.clone_from(&options.codec);
        }
        Ok(Self {
            to,
            phone: PhoneConfig {
                bind,
                sip_port,
                ..PhoneConfig::default()
            },
            call,
            check: options.check,
            play,
            record: options.record.clone(),
            dtmf: options.dtmf.clone(),
            duration: options.duration,
            patience: options.patience,
        })
    }
}

/// Completes what people write: `9196` and `9196@host` are SIP URIs too.
fn uri_of(text: &str) -> String {
    let text = text.trim();
    let has_scheme = text
        .split_once(':')
        .is_some_and(|(scheme, _)| scheme.bytes().all(|octet| octet.is_ascii_alphabetic()));
    match text {
        _ if has_scheme || text.is_empty() => text.to_owned(),
        _ if text.contains('@') => format!("sip:{text}"),
        _ => format!("sip:{text}@{DEFAULT_HOST}"),
    }
}

fn source(remote: SocketAddr) -> Result<IpAddr, String> {
    source_towards(remote)
        .map_err(|error| format!("no route leads to {remote}: {error}; `--listen` names one"))
}

/// Reads `tone` and `tone:1000`; nothing if the text names a file.
fn tone(text: &str) -> Result<Option<Tone>, String> {
    let hz = match text.split_once(':') {
        _ if text == "tone" => TONE_HZ,
        Some(("tone", hz)) => hz
            .parse()
            .ok()
            .filter(|hz| (50..=3600).contains(hz))
            .ok_or_else(|| format!("`{text}` is no tone; use one from tone:50 to tone:3600"))?,
        _ => return Ok(None),
    };
    Ok(Some(Tone {
        frequencies_hz: [hz, 0],
        level_dbov: TONE_DBOV,
        cadence: (Duration::from_secs(1), Duration::ZERO),
        length: None,
    }))
}

fn digits(text: &str) -> Result<String, String> {
    let is_known =
        |key: char| matches!(key.to_ascii_uppercase(), '0'..='9' | 'A'..='D' | '*' | '#' | ',');
    match text.chars().find(|key| !is_known(*key)) {
        Some(other) => Err(format!(
            "`{other}` is no digit; use 0-9, A-D, *, # and , for a pause"
        )),
        None => Ok(text.to_owned()),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text
        .parse::<f64>()
        .ok()
        .and_then(|s| Duration::try_from_secs_f64(s).ok());
    seconds.ok_or_else(|| "write seconds as in 10 or 2.5".to_owned())
}

fn listen(text: &str) -> Result<SocketAddr, String> {
    let address = text.parse::<SocketAddr>().ok();
    let address = address.or_else(|| text.parse::<IpAddr>().ok().map(|ip| (ip, 0).into()));
    address.ok_or_else(|| "write an IP address as in 192.0.2.1 or 192.0.2.1:5070".to_owned())
}

fn codec(text: &str) -> Result<Codec, String> {
    let known = Codec::ALL.into_iter();
    let mut found = known.filter(|codec| codec.encoding_name().eq_ignore_ascii_case(text));
    found
        .next()
        .ok_or_else(|| "choose pcmu, pcma or l16".to_owned())
}

fn identity(text: &str) -> Result<NameAddr, String> {
    text.parse()
        .map_err(|error| format!("{error}; write it as in sip:alice@example.org"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lead_to_this_machine() {
        assert_eq!(uri_of("9196"), "sip:9196@127.0.0.1:5060");
        assert_eq!(uri_of("*98"), "sip:*98@127.0.0.1:5060");
        assert_eq!(uri_of("9196@192.0.2.1"), "sip:9196@192.0.2.1");
        assert_eq!(uri_of("sip:9196@192.0.2.1"), "sip:9196@192.0.2.1");
        assert_eq!(uri_of("tel:+49"), "tel:+49");
    }

    #[test]
    fn each_option_reads_or_says_what_to_write() {
        assert_eq!(codec("PcMa"), Ok(Codec::Pcma));
        assert!(codec("opus").unwrap_err().contains("pcmu, pcma or l16"));
        assert_eq!(seconds("2.5"), Ok(Duration::from_millis(2500)));
        assert!(seconds("-1").is_err() && seconds("x").is_err() && seconds("1e30").is_err());
        assert_eq!(listen("127.0.0.1"), Ok("127.0.0.1:0".parse().unwrap()));
        assert_eq!(listen("[::1]:5070"), Ok("[::1]:5070".parse().unwrap()));
        assert!(listen("localhost").is_err());
        assert_eq!(digits("12,#"), Ok("12,#".to_owned()));
        assert!(digits("12x").unwrap_err().contains("`x` is no digit"));
        assert_eq!(
            tone("tone:1000").unwrap().unwrap().frequencies_hz,
            [1000, 0]
        );
        assert_eq!(tone("tones.wav"), Ok(None));
        assert!(tone("tone:9000").unwrap_err().contains("tone:3600"));
        assert!(
            identity("alice")
                .unwrap_err()
                .contains("sip:alice@example.org")
        );
    }
}
