"""A trained generator that answers phrases: one interface for every architecture, on LiteRT."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from inference.errors import ModelError
from inference.network import SIGNATURE, Network
from inference.threads import usable_threads
from music.errors import MusicError
from music.manifest import GENERATOR_FILE, Manifest
from music.rolls import PITCHES, check_shape, voices_to_roll

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float32]

# Windows that are answered together. Larger batches are no faster on a CPU, and the activations of
# the U-Net, 4 MB a window, would grow with them.
MAX_BATCH = {"voices": 64, "unet": 8}


class Accompanist(Protocol):
    """What the arranger needs of a generator."""

    @property
    def manifest(self) -> Manifest:
        """What the generator is."""

    @property
    def max_batch(self) -> int:
        """How many phrases one call of `accompany` should hold at most."""

    def noise(self, seed: int, temperature: float) -> FloatArray:
        """Draws noise, `manifest.noise_shape`."""

    def accompany(
        self, pitch: NDArray[np.integer], onset: BoolArray, noise: FloatArray
    ) -> tuple[BoolArray, BoolArray]:
        """Answers phrases, see `Predictor.accompany`."""


class Predictor:
    """The generator of one model folder.

    It may be called from several threads, which then wait for one another.

    Attributes:
        manifest: what the folder says about the generator.
        max_batch: phrases that one call should hold at most; more are answered, at the cost of
            memory.

    Raises:
        ModelError: if the folder is not whole, is of another version, or its generator does not
            take and give what the manifest says.
    """

    def __init__(
        self,
        model_folder: Path,
        threads: int | None = None,
        *,
        load: Callable[[Path, int], Network] = Network,
    ) -> None:
        """Loads the generator.

        Args:
            model_folder: an unpacked model artifact; it is only read.
            threads: to compute with; None takes what affinity and control group grant.
            load: makes the network of the generator's file and of the number of threads; the
                benchmarks compare others with ours.
        """
        try:
            self.manifest = Manifest.read(model_folder)
        except MusicError as error:
            raise ModelError(error.code, error.message, error.hint) from error
        self.max_batch = MAX_BATCH[self.manifest.architecture]
        self._lock = threading.Lock()
        self._network = _load(load, model_folder / GENERATOR_FILE, threads or usable_threads())
        _check_signature(self._network, self.manifest)
        self._grow()

    def noise(self, seed: int, temperature: float = 1.0) -> FloatArray:
        """Draws the noise of one song: normal, the same for the same seed.

        Args:
            seed: 0 or more.
            temperature: the standard deviation; 0 gives the middle of all answers.

        Returns:
            float32, `manifest.noise_shape`.
        """
        random = np.random.Generator(np.random.Philox(seed))
        draw = random.standard_normal(self.manifest.noise_shape, dtype=np.float32)
        return draw * np.float32(temperature)

    def accompany(
        self, pitch: NDArray[np.integer], onset: BoolArray, noise: FloatArray
    ) -> tuple[BoolArray, BoolArray]:
        """Answers phrases.

        Args:
            pitch: `(batch, phrase_steps)`, the melody's MIDI pitch or -1 for a rest, transposed to
                C major or A minor if `manifest.tonic_normalized`.
            onset: `(batch, phrase_steps)`, True where a melody note starts.
            noise: `(batch, *manifest.noise_shape)`.

        Returns:
            `roll` and `onset`, `(batch, phrase_steps, 128, track)`, the accompanying tracks only.
            On the first step a sounding pitch without onset may be held over from before.

        Raises:
            MusicError: `wrong_shape`.
            ModelError: `model_failed`, if the generator cannot compute.
        """
        steps = self.manifest.phrase_steps
        check_shape("pitch", pitch, (None, steps))
        check_shape("onset", onset, pitch.shape)
        check_shape("noise", noise, (len(pitch), *self.manifest.noise_shape))
        if self.manifest.architecture == "voices":
            answer = self._run(
                pitch=pitch.astype(np.int32), onset=onset.astype(np.float32), noise=noise
            )
            return _read_voices(answer["pitch"], answer["onset"])
        roll = pitch[..., None] == np.arange(PITCHES)
        answer = self._run(roll=roll[..., None].astype(np.float32), noise=noise)
        return _read_roll(answer["roll"])

    def _grow(self) -> None:
        """Answers as many phrases at once as it ever will: later none is computed twice."""
        noise = np.zeros((self.max_batch, *self.manifest.noise_shape), dtype=np.float32)
        pitch = np.full((self.max_batch, self.manifest.phrase_steps), self.manifest.melody_range[0])
        self.accompany(pitch, np.zeros(pitch.shape, dtype=bool), noise)

    def _run(self, **inputs: NDArray[Any]) -> Mapping[str, NDArray[Any]]:
        try:
            with self._lock:  # an interpreter is not thread-safe
                return self._network(**inputs)
        except (RuntimeError, ValueError) as error:
            raise ModelError(
                "model_failed",
                f"The generator could not compute: {error}.",
                "Export the model again.",
            ) from error


def _load(load: Callable[[Path, int], Network], path: Path, threads: int) -> Network:
    try:
        return load(path, threads)
    except (RuntimeError, ValueError) as error:
        raise ModelError(
            "model_corrupt",
            f"{path} is no LiteRT model with a signature `{SIGNATURE}`: {error}.",
            "Export the model again.",
        ) from error


def _expected(manifest: Manifest) -> dict[str, tuple[int, ...]]:
    """The shapes of the inputs, then of the outputs, without the batch, by name."""
    steps, tracks = manifest.phrase_steps, len(manifest.tracks)
    noise = {"in noise": manifest.noise_shape}
    if manifest.architecture == "unet":
        return noise | {"in roll": (steps, PITCHES, 1), "out roll": (steps, PITCHES, tracks)}
    inputs = {"in pitch": (steps,), "in onset": (steps,)}
    return noise | inputs | {"out pitch": (steps, tracks - 1), "out onset": (steps, tracks - 1)}


def _check_signature(network: Network, manifest: Manifest) -> None:
    shapes = {f"in {name}": shape for name, shape in network.inputs.items()}
    shapes |= {f"out {name}": shape for name, shape in network.outputs.items()}
    expected = _expected(manifest)
    # The converter may leave the sizes of outputs open; they are known once the model has run.
    agree = shapes.keys() == expected.keys() and all(
        len(shape) == len(expected[name])
        and all(size in (-1, want) for size, want in zip(shape, expected[name], strict=True))
        for name, shape in shapes.items()
    )
    if not agree:
        raise ModelError(
            "model_signature",
            f"The generator has {dict(sorted(shapes.items()))}; the manifest's architecture "
            f"`{manifest.architecture}` asks for {dict(sorted(expected.items()))}.",
            "Export the model again.",
        )


def _read_voices(
    pitch: NDArray[np.integer], onset: NDArray[np.floating]
) -> tuple[BoolArray, BoolArray]:
    starts = onset > 0.5
    starts[:, 1:] |= pitch[:, 1:] != pitch[:, :-1]
    return voices_to_roll(pitch, starts)


def _read_roll(roll: NDArray[np.floating]) -> tuple[BoolArray, BoolArray]:
    """Thresholds the tracks after the first, which is only a reconstruction of the melody."""
    sounding = roll[..., 1:] > 0
    onset = np.zeros_like(sounding)
    onset[:, 1:] = sounding[:, 1:] & ~sounding[:, :-1]
    return sounding, onset
