//! The media thread, its ports, and the audio that handles wait for.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use plenum_media::{
    End, LegId, MediaCommand, MediaNotice, MixerId, Patch, PlaybackId, PortId, RecordingId,
    ShardConfig, Source, StreamIdentity, StreamSetup, Target,
};
use plenum_runtime::ShardId;
use plenum_runtime::clock::Clock;
use plenum_runtime::random;
use plenum_runtime::rtp::PortPool;
use plenum_runtime::shard::{ShardHandle, ShardOptions, ShardThread};
use tokio::sync::{Notify, mpsc, oneshot};
use tracing::{debug, warn};

use crate::audio::RECORDING_BUFFER;
use crate::config::PhoneConfig;
use crate::error::SessionError;
use crate::link::CallId;

/// Port pairs that rest before one is used again, so that no call hears the end of another.
const PORTS_RESTING: usize = 4;

/// Buffers that a recording goes round with: 320 ms, which outlasts a driver that is held up.
const RECORDING_BUFFERS: usize = 16;

/// Playbacks at a time on one call.
pub(super) const PLAYBACKS_MAX: usize = 32;

/// Recordings at a time on one call.
pub(super) const RECORDINGS_MAX: usize = 8;

/// The RTP side of a call: its name on the shard and its ports.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seat {
    pub(super) leg: LegId,
    pub(super) rtp_port: u16,
    port: PortId,
}

#[derive(Debug)]
pub(super) struct Media {
    shard: ShardHandle,
    pool: PortPool,
    free: VecDeque<(PortId, u16)>,
    names: u64,
    /// Legs that are being removed, with the ports that they free.
    leaving: BTreeMap<LegId, (PortId, u16)>,
    playbacks: BTreeMap<PlaybackId, (CallId, oneshot::Sender<End>)>,
    recordings: BTreeMap<RecordingId, Recorder>,
}

/// One recording: whose it is and who takes the samples.
#[derive(Debug)]
struct Recorder {
    call: CallId,
    name: RecordingId,
    queue: mpsc::Sender<Vec<i16>>,
    lost: u64,
}

impl Media {
    pub(super) fn start(
        config: &PhoneConfig,
        clock: Clock,
        wake: Arc<Notify>,
    ) -> Result<Self, SessionError> {
        let shard_config = ShardConfig {
            seed: random::number().map_err(SessionError::Start)?,
            cname: config.product.replace('/', "-"),
            wall_at_zero: clock.wall_at_zero(),
            stream_timeout: config.silence,
            talk: None,
            ..ShardConfig::default()
        };
        let options = ShardOptions {
            id: ShardId(0),
            cpu: None,
            real_time: false,
            config: shard_config,
        };
        Ok(Self {
            shard: ShardThread::spawn(options, clock, wake)?,
            pool: PortPool::new(config.bind, config.rtp_ports),
            free: VecDeque::new(),
            names: 0,
            leaving: BTreeMap::new(),
            playbacks: BTreeMap::new(),
            recordings: BTreeMap::new(),
        })
    }

    pub(super) fn is_behind(&self) -> bool {
        self.shard.is_behind()
    }

    pub(super) fn flush(&mut self) {
        self.shard.flush();
    }

    pub(super) fn notice(&mut self) -> Option<MediaNotice> {
        self.shard.notice()
    }

    pub(super) fn stop(self) {
        self.shard.stop();
    }

    /// Makes a mixer for a call. It lets the call send silence while nothing is played.
    pub(super) fn open(&mut self, call: CallId) {
        self.command(MediaCommand::AddMixer { mixer: mixer(call) });
    }

    /// Ends all that plays and records on a call, but not its legs.
    pub(super) fn close(&mut self, call: CallId) {
        self.command(MediaCommand::RemoveMixer { mixer: mixer(call) });
    }

    /// Makes a leg on ports of its own.
    pub(super) fn seat(&mut self) -> Result<Seat, SessionError> {
        let random = random::number().map_err(SessionError::Start)?.to_ne_bytes();
        let [a, b, c, d, e, f, g, h] = random;
        let identity = StreamIdentity {
            ssrc: u32::from_ne_bytes([a, b, c, d]),
            sequence: u16::from_ne_bytes([e, f]),
            timestamp: u32::from_ne_bytes([g, h, a, c]),
        };
        let (port, rtp_port) = self.take_port()?;
        let leg = LegId(self.name());
        self.command(MediaCommand::AddLeg {
            leg,
            port,
            identity,
            stream: None,
        });
        Ok(Seat {
            leg,
            rtp_port,
            port,
        })
    }

    /// Lets a leg say what its call plays, or what it hears.
    pub(super) fn connect(&mut self, leg: LegId, call: CallId, echo: bool) {
        let to = if echo {
            Patch::Echo
        } else {
            Patch::Mixer(mixer(call))
        };
        self.command(MediaCommand::Connect { leg, to });
    }

    pub(super) fn update(&mut self, leg: LegId, stream: StreamSetup) {
        self.command(MediaCommand::UpdateLeg {
            leg,
            stream: Box::new(stream),
        });
    }

    /// Removes a leg; its ports are free once the shard has reported its figures.
    pub(super) fn leave(&mut self, seat: Seat) {
        self.leaving.insert(seat.leg, (seat.port, seat.rtp_port));
        self.command(MediaCommand::RemoveLeg { leg: seat.leg });
    }

    pub(super) fn left(&mut self, leg: LegId) {
        self.free.extend(self.leaving.remove(&leg));
    }

    pub(super) fn ask_figures(&mut self, leg: LegId) {
        self.command(MediaCommand::ReportStats { leg });
    }

    pub(super) fn send_digits(&mut self, leg: LegId, digits: Vec<char>) {
        let (tone, gap) = (super::digits::TONE, super::digits::GAP);
        self.command(MediaCommand::SendDigits {
            leg,
            digits,
            tone,
            gap,
        });
    }

    pub(super) fn command(&mut self, command: MediaCommand) {
        if let Err(error) = self.shard.command(command) {
            warn!(%error, "media order lost");
        }
    }

    fn name(&mut self) -> u64 {
        self.names += 1;
        self.names
    }

    fn take_port(&mut self) -> Result<(PortId, u16), SessionError> {
        if self.free.len() > PORTS_RESTING
            && let Some(free) = self.free.pop_front()
        {
            return Ok(free);
        }
        let (pairs, shortage) = self.pool.bind_pairs(1);
        let Some(pair) = pairs.into_iter().next() else {
            let shortage = shortage.unwrap_or_default();
            return self.free.pop_front().ok_or(SessionError::NoPort(shortage));
        };
        let rtp_port = pair.port;
        let full =
            |error: plenum_runtime::shard::BacklogFull| SessionError::NoPort(error.to_string());
        let port = self.shard.add_port(pair).map_err(full)?;
        self.command(MediaCommand::AddPort { port });
        Ok((port, rtp_port))
    }
}

/// What is played and recorded.
impl Media {
    pub(super) fn play(
        &mut self,
        call: CallId,
        source: Source,
        end: oneshot::Sender<End>,
    ) -> Result<PlaybackId, SessionError> {
        let playing = self
            .playbacks
            .values()
            .filter(|(owner, _)| *owner == call)
            .count();
        if playing >= PLAYBACKS_MAX {
            return Err(SessionError::Limit {
                what: "playbacks",
                limit: PLAYBACKS_MAX,
            });
        }
        let playback = PlaybackId(self.name());
        self.playbacks.insert(playback, (call, end));
        let target = Target::Mixer(mixer(call));
        self.command(MediaCommand::StartPlayback {
            playback,
            target,
            source,
        });
        Ok(playback)
    }

    pub(super) fn stop_playback(&mut self, playback: PlaybackId) {
        if self.playbacks.contains_key(&playback) {
            self.command(MediaCommand::StopPlayback { playback });
        }
    }

    pub(super) fn playback_ended(&mut self, playback: PlaybackId, end: End) {
        if let Some((_, waiting)) = self.playbacks.remove(&playback) {
            let _ = waiting.send(end);
        }
    }

    pub(super) fn record(
        &mut self,
        call: CallId,
        leg: LegId,
        queue: mpsc::Sender<Vec<i16>>,
    ) -> Result<RecordingId, SessionError> {
        let recording = self
            .recordings
            .values()
            .filter(|recorder| recorder.call == call)
            .count();
        if recording >= RECORDINGS_MAX {
            return Err(SessionError::Limit {
                what: "recordings",
                limit: RECORDINGS_MAX,
            });
        }
        let name = RecordingId(self.name());
        self.start_recorder(
            leg,
            Recorder {
                call,
                name,
                queue,
                lost: 0,
            },
            name,
        );
        Ok(name)
    }

    pub(super) fn stop_recording(&mut self, name: RecordingId) {
        let of_name = |(_, recorder): &(&RecordingId, &Recorder)| recorder.name == name;
        let Some(recording) = self
            .recordings
            .iter()
            .rev()
            .find(of_name)
            .map(|(id, _)| *id)
        else {
            return;
        };
        self.command(MediaCommand::StopRecording { recording });
    }

    /// Goes on recording on another leg of the call.
    pub(super) fn move_recordings(&mut self, call: CallId, leg: LegId) {
        let of_call = |recorder: &Recorder| recorder.call == call;
        let moved: Vec<RecordingId> = self
            .recordings
            .iter()
            .filter(|(_, recorder)| of_call(recorder))
            .map(|(id, _)| *id)
            .collect();
        for recording in moved {
            self.command(MediaCommand::StopRecording { recording });
            if let Some(recorder) = self.recordings.get(&recording) {
                let Recorder { name, queue, .. } = recorder;
                let (name, queue) = (*name, queue.clone());
                let id = RecordingId(self.name());
                self.start_recorder(
                    leg,
                    Recorder {
                        call,
                        name,
                        queue,
                        lost: 0,
                    },
                    id,
                );
            }
        }
    }

    pub(super) fn recorded(&mut self, recording: RecordingId, buffer: Vec<i16>) {
        let Some(recorder) = self.recordings.get_mut(&recording) else {
            return;
        };
        let (outcome, buffer) = recorder.pass(buffer);
        if outcome == Passed::NobodyListens {
            self.command(MediaCommand::StopRecording { recording });
            return;
        }
        self.command(MediaCommand::RecycleBuffer { recording, buffer });
    }

    pub(super) fn recording_ended(&mut self, recording: RecordingId, last: Vec<i16>) {
        if let Some(mut recorder) = self.recordings.remove(&recording)
            && !last.is_empty()
        {
            recorder.pass(last);
        }
    }

    /// The call is over: those who wait for its audio need not wait longer.
    pub(super) fn forget(&mut self, call: CallId) {
        self.playbacks.retain(|_, (owner, _)| *owner != call);
        self.recordings.retain(|_, recorder| recorder.call != call);
    }

    fn start_recorder(&mut self, leg: LegId, recorder: Recorder, recording: RecordingId) {
        self.recordings.insert(recording, recorder);
        let buffer = |_| Vec::with_capacity(RECORDING_BUFFER);
        let buffers = (0..RECORDING_BUFFERS).map(buffer).collect();
        let target = Target::Leg(leg);
        self.command(MediaCommand::StartRecording {
            recording,
            target,
            buffers,
        });
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Passed {
    Taken,
    NoRoom,
    NobodyListens,
}

impl Recorder {
    /// Hands samples over; returns a buffer for the next ones.
    fn pass(&mut self, buffer: Vec<i16>) -> (Passed, Vec<i16>) {
        use mpsc::error::TrySendError;
        match self.queue.try_send(buffer) {
            Ok(()) => (Passed::Taken, Vec::with_capacity(RECORDING_BUFFER)),
            Err(TrySendError::Full(buffer)) => {
                self.lost += buffer.len() as u64;
                debug!(
                    call = self.call.0,
                    lost = self.lost,
                    "nobody takes what is recorded"
                );
                (Passed::NoRoom, buffer)
            }
            Err(TrySendError::Closed(buffer)) => (Passed::NobodyListens, buffer),
        }
    }
}

fn mixer(call: CallId) -> MixerId {
    MixerId(call.0)
}
