"""Model folders with hand-made generators, whose answers are known.

They have the signatures of trained generators and the same noise for nothing but the bass, which
it moves: a third (alto) and a fifth (tenor) below the melody, and a bass an octave or more below.
"""

from pathlib import Path

import numpy as np

from music.manifest import GENERATOR_FILE, Manifest

ALTO, TENOR, BASS = 3, 7, 12  # semitones below the melody
NOISE = 16


def describe(architecture: str = "voices", **changes: object) -> Manifest:
    values = {
        "architecture": architecture,
        "tracks": ["soprano", "alto", "tenor", "bass"],
        "programs": [19, 19, 19, 19],
        "melody_range": [57, 81],
        "noise_shape": [NOISE] if architecture == "voices" else [2, 8, 512],
        "code_version": "0.1.0",
        "files": {GENERATOR_FILE: "0" * 64},
    }
    return Manifest.model_validate(values | changes)


def write_model(folder: Path, architecture: str = "voices", **changes: object) -> Path:
    """Writes a model folder; the converter takes a second, TensorFlow's import eight."""
    folder.mkdir(parents=True, exist_ok=True)
    convert = _voices if architecture == "voices" else _unet
    (folder / GENERATOR_FILE).write_bytes(convert(folder / "1"))
    describe(architecture, **changes).write(folder, [GENERATOR_FILE])
    return folder


def _voices(scratch: Path) -> bytes:
    import tensorflow as tf

    class Parallel(tf.Module):
        @tf.function(
            input_signature=[
                tf.TensorSpec((None, 32), tf.int32, name="pitch"),
                tf.TensorSpec((None, 32), tf.float32, name="onset"),
                tf.TensorSpec((None, NOISE), tf.float32, name="noise"),
            ]
        )
        def __call__(self, pitch, onset, noise):  # type: ignore[no-untyped-def]
            # The noise decides between an octave and an octave and a third, for each half bar.
            low = tf.repeat(tf.cast(noise[:, :4] > 0, tf.int32) * 4, 8, axis=1)
            voices = tf.stack([pitch - ALTO, pitch - TENOR, pitch - BASS - low], axis=-1)
            voices = tf.where(pitch[..., None] < 0, -1, voices)
            change = tf.concat([voices[:, :1] < 0, voices[:, 1:] != voices[:, :-1]], axis=1)
            starts = (onset[..., None] > 0) | (change & (voices >= 0))
            return {"pitch": voices, "onset": tf.cast(starts, tf.float32)}

    return _convert(Parallel(), scratch)


def _unet(scratch: Path) -> bytes:
    import tensorflow as tf

    class Parallel(tf.Module):
        @tf.function(
            input_signature=[
                tf.TensorSpec((None, 32, 128, 1), tf.float32, name="roll"),
                tf.TensorSpec((None, 2, 8, 512), tf.float32, name="noise"),
            ]
        )
        def __call__(self, roll, noise):  # type: ignore[no-untyped-def]
            def below(semitones):  # type: ignore[no-untyped-def]
                return tf.pad(roll[:, :, semitones:], [[0, 0], [0, 0], [0, semitones], [0, 0]])

            octave, tenth = below(BASS), below(BASS + 4)
            wants_tenth = tf.reduce_sum(noise, axis=[1, 2, 3])[:, None, None, None] > 0
            bass = tf.where(wants_tenth, tenth, octave)
            tracks = tf.concat([roll, below(ALTO), below(TENOR), bass], axis=-1)
            return {"roll": 2.0 * tracks - 1.0}

    return _convert(Parallel(), scratch)


def _convert(module: object, scratch: Path) -> bytes:
    import tensorflow as tf

    tf.saved_model.save(module, str(scratch))
    converter = tf.lite.TFLiteConverter.from_saved_model(str(scratch))
    return bytes(converter.convert())


def melody_pitches(*pitches: int, steps: int = 4) -> np.ndarray:
    """A line of equal notes, `(time,)`."""
    return np.repeat(np.array(pitches, dtype=np.int8), steps)
