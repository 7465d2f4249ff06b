use std::sync::Arc;
use std::time::Duration;

use super::testing::TempFolder;
use super::*;

/// A WAV file at 8 kHz with one sample.
const BEEP: &[u8] = b"RIFF\x26\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\
    \x02\0\x10\0data\x02\0\0\0\x05\0";

/// File workers over a folder, and the queue of their answers.
struct Story {
    folder: TempFolder,
    workers: FileWorkers,
    answers: mpsc::Receiver<Input>,
}

impl Story {
    fn begin() -> Self {
        let folder = TempFolder::new();
        let config = FilesConfig {
            sounds: Some(folder.path().join("sounds")),
            built_in: &[("beep", BEEP), ("broken", b"RIFF")],
            recordings: Some(folder.path().join("recordings")),
            music: Some(folder.path().join("music")),
            sound_file_bytes_max: 1000,
            ..FilesConfig::default()
        };
        let (inputs, answers) = mpsc::channel(64);
        Self {
            folder,
            workers: FileWorkers::start(config, inputs).unwrap(),
            answers,
        }
    }

    fn load(&mut self, sound: SoundName) -> Result<Arc<[i16]>, String> {
        self.workers.load_sound(SoundJob(9), sound).unwrap();
        match self.answers.blocking_recv() {
            Some(Input::SoundLoaded {
                job: SoundJob(9),
                outcome,
            }) => outcome,
            other => panic!("{other:?}"),
        }
    }

    fn play(&mut self, name: &str) -> Result<Arc<[i16]>, String> {
        self.load(SoundName::File(name.to_owned()))
    }

    fn music(&mut self, class: &str) -> Result<Arc<[i16]>, String> {
        self.load(SoundName::Music(class.to_owned()))
    }
}

#[test]
fn a_sound_is_found_in_the_folder_then_built_in_then_among_recordings() {
    let mut story = Story::begin();
    assert_eq!(*story.play("beep").unwrap(), [5]);
    story.folder.write("recordings/beep.sln", &[6, 0]);
    assert_eq!(*story.play("beep").unwrap(), [5]);
    story.folder.write("sounds/beep.sln", &[7, 0]);
    assert_eq!(*story.play("beep").unwrap(), [7]);
    story.folder.write("recordings/2030/call.wav", BEEP);
    assert_eq!(*story.play("2030/call").unwrap(), [5]);
    assert_eq!(*story.play("2030/call.wav").unwrap(), [5]);
}

#[test]
fn a_missing_sound_is_named_with_all_places_and_the_fix() {
    let mut story = Story::begin();
    let sentence = story.play("conf-foo").unwrap_err();
    let root = story.folder.path().display().to_string();
    let expected = format!(
        "no sound \"conf-foo\": looked in {root}/sounds (.wav, .ulaw, .alaw, .sln), the built-in \
         sounds, the recordings in {root}/recordings; put it at {root}/sounds/conf-foo.wav"
    );
    assert_eq!(sentence, expected);
}

#[test]
fn a_bad_sound_is_named_with_what_is_wrong() {
    let mut story = Story::begin();
    story
        .folder
        .write("sounds/corrupt.wav", b"this is no sound");
    assert!(
        story
            .play("corrupt")
            .unwrap_err()
            .contains("corrupt.wav is no valid WAV file")
    );
    story
        .folder
        .write("sounds/short.wav", &BEEP[..BEEP.len() - 1]);
    assert!(
        story
            .play("short")
            .unwrap_err()
            .contains("short.wav is cut short")
    );
    story.folder.write("sounds/large.ulaw", &[0; 1001]);
    assert!(
        story
            .play("large")
            .unwrap_err()
            .contains("is larger than 1000 octets")
    );
    assert!(
        story
            .play("broken")
            .unwrap_err()
            .contains("the built-in sound \"broken\"")
    );
    assert!(
        story
            .play("../outside")
            .unwrap_err()
            .contains("leads out of its folder")
    );
    assert!(
        story
            .play("/etc/passwd")
            .unwrap_err()
            .contains("is absolute")
    );
}

#[test]
fn a_sound_that_changes_on_disk_is_read_again_and_one_that_does_not_is_shared() {
    let mut story = Story::begin();
    story.folder.write("sounds/hello.sln", &[1, 0]);
    let first = story.play("hello").unwrap();
    assert!(Arc::ptr_eq(&first, &story.play("hello").unwrap()));
    story.folder.write("sounds/hello.sln", &[2, 0, 3, 0]);
    assert_eq!(*story.play("hello").unwrap(), [2, 3]);
}

#[test]
fn music_is_a_folder_in_order_of_names_or_generated() {
    let mut story = Story::begin();
    assert_eq!(story.music("default").unwrap().len(), 128_000);
    story.folder.write("music/jazz/2.sln", &[2, 0]);
    story.folder.write("music/jazz/1.wav", BEEP);
    story.folder.write("music/jazz/cover.png", b"no sound");
    assert_eq!(*story.music("jazz").unwrap(), [5, 2]);
    story.folder.write("music/default/own.sln", &[8, 0]);
    assert_eq!(*story.music("default").unwrap(), [8]);
    let sentence = story.music("rock").unwrap_err();
    assert!(
        sentence.starts_with("no music class \"rock\": make the folder "),
        "{sentence}"
    );
    story.folder.write("music/empty/cover.png", b"no sound");
    assert!(story.music("empty").unwrap_err().contains("holds no sound"));
}

#[test]
fn a_recording_is_written_and_its_buffers_come_back() {
    let mut story = Story::begin();
    let recording = RecordingId(3);
    story
        .workers
        .open_recording(recording, "call.wav".to_owned())
        .unwrap();
    story
        .workers
        .write_recording(recording, vec![1; 8000])
        .unwrap();
    let Some(Input::BufferWritten {
        recording: written,
        buffer,
    }) = story.answers.blocking_recv()
    else {
        panic!("a buffer was to come back");
    };
    assert_eq!((written, buffer.len()), (recording, 0));
    assert!(buffer.capacity() >= 8000);
    story
        .workers
        .close_recording(recording, vec![1; 4000])
        .unwrap();
    match story.answers.blocking_recv() {
        Some(Input::RecordingClosed {
            outcome: Ok(length),
            ..
        }) => {
            assert_eq!(length, Duration::from_millis(1500));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(
        std::fs::read(story.folder.path().join("recordings/call.wav")).unwrap()[..4],
        *b"RIFF"
    );
}

#[test]
fn a_recording_that_fails_says_so_once_and_still_returns_buffers() {
    let story = Story::begin();
    let recording = RecordingId(4);
    story
        .workers
        .open_recording(recording, "../call.wav".to_owned())
        .unwrap();
    story
        .workers
        .write_recording(recording, vec![1; 10])
        .unwrap();
    story
        .workers
        .close_recording(recording, Vec::new())
        .unwrap();
    let Story {
        mut answers,
        workers,
        folder: _folder,
    } = story;
    workers.stop();
    let first = answers.blocking_recv();
    assert!(
        matches!(
            &first,
            Some(Input::RecordingClosed {
                outcome: Err(_),
                ..
            })
        ),
        "{first:?}"
    );
    assert!(matches!(
        answers.blocking_recv(),
        Some(Input::BufferWritten { .. })
    ));
    assert!(answers.blocking_recv().is_none());
}

#[test]
fn stopping_writes_what_was_ordered_and_closes_what_is_open() {
    let story = Story::begin();
    let recording = RecordingId(5);
    story
        .workers
        .open_recording(recording, "call.wav".to_owned())
        .unwrap();
    story
        .workers
        .write_recording(recording, vec![1; 100])
        .unwrap();
    let Story {
        folder,
        workers,
        answers: _answers,
    } = story;
    workers.stop();
    let reader = hound::WavReader::open(folder.path().join("recordings/call.wav")).unwrap();
    assert_eq!(reader.len(), 100);
}
