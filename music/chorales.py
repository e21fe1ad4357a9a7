"""The Bach chorales of the music21 wheel as a data set of two-bar phrases.

Of the 413 scores, 358 are used: those in 4/4 throughout with exactly four parts, and those with
instruments whose Soprano, Alto, Tenor and Bass can be taken by name. The three `.krn` files are
left out for their licence. A phrase is every two complete, adjacent bars in which all four voices
sound at every sixteenth: 3,719 phrases from 357 chorales. Phrases with notes shorter than a
sixteenth are left out (14 from four chorales), because the grid cannot hold them.

`split.json` divides the chorales by tune, not by number, for Bach harmonised many tunes several
times: the tunes of the validation and test phrases are in no training phrase.
"""

import importlib.metadata
import importlib.util
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from music.errors import MusicError
from music.keys import Key, find_key, pitch_class_weights
from music.musicxml import Measure, Part, read_parts
from music.phrase_file import read_phrases, write_phrases
from music.phrases import REST, SCHEMA_VERSION, PhraseSet

TRACKS = ("Soprano", "Alto", "Tenor", "Bass")
STEPS_PER_BEAT = 4
BAR_STEPS = 16
PHRASE_BARS = 2

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Chorale:
    """One chorale on a grid of sixteenths, `time` from its first note.

    Attributes:
        name: its file in the corpus.
        pitch: int8 `(time, 4)`, -1 for a rest.
        onset: bool `(time, 4)`.
        fermata: bool `(time,)`.
        blurred: bool `(time,)`, where notes shorter than a step were lost.
        bars: the first step of each bar, the pickup left out; None for a bar of irregular length.
        key: of the whole chorale.
    """

    name: str
    pitch: NDArray[np.int8]
    onset: NDArray[np.bool_]
    fermata: NDArray[np.bool_]
    blurred: NDArray[np.bool_]
    bars: tuple[int | None, ...]
    key: Key

    def phrase_starts(self) -> Iterator[tuple[int, int]]:
        """Yields `(bar, step)` of each two adjacent full bars that all voices fill."""
        usable = (self.pitch >= 0).all(axis=1) & ~self.blurred
        for bar, (first, second) in enumerate(zip(self.bars, self.bars[1:], strict=False)):
            if first is not None and second == first + BAR_STEPS:
                end = first + PHRASE_BARS * BAR_STEPS
                if end <= len(usable) and usable[first:end].all():
                    yield bar, first


def load_chorales(
    *, rebuild: bool = False, progress: Progress | None = None, folder: Path | None = None
) -> PhraseSet:
    """Returns the chorale phrases from the user's cache, built there at the first call.

    Two processes may build at once: each writes its own draft and renames it, and both get the
    same bytes.

    Args:
        rebuild: build again even if the cache has them.
        progress: called with (scores read, scores in all) after each score while building.
        folder: the cache folder; the user's cache folder for `accompanist` by default.

    Raises:
        MusicError: `no_corpus` if they must be built and music21 is not installed.
    """
    version = corpus_version()  # without music21 there may be no platformdirs either

    import platformdirs

    folder = folder or Path(platformdirs.user_cache_dir("accompanist"))
    path = folder / f"chorales-{SCHEMA_VERSION}-{version}.npz"
    if not rebuild and path.exists():
        try:
            return read_phrases(path)
        except MusicError:
            pass  # a damaged cache is built again
    phrases = build_chorales(corpus_files(), progress=progress)
    write_phrases(phrases, path)
    return phrases


def corpus_version() -> str:
    """Returns the installed version of music21, whose wheel carries the corpus."""
    try:
        return importlib.metadata.version("music21")
    except importlib.metadata.PackageNotFoundError as error:
        raise _no_corpus() from error


def corpus_files() -> list[Path]:
    """Lists the Bach scores of the music21 corpus in order of their names, without the `.krn`."""
    package = importlib.util.find_spec("music21")  # finding is not importing, which takes seconds
    if package is None or not package.submodule_search_locations:
        raise _no_corpus()
    folder = Path(package.submodule_search_locations[0]) / "corpus" / "bach"
    files = sorted(path for path in folder.glob("*") if path.suffix in (".mxl", ".xml"))
    if not files:
        raise _no_corpus()
    return files


def build_chorales(files: list[Path], *, progress: Progress | None = None) -> PhraseSet:
    """Reads chorales and cuts them into phrases, one every bar.

    Args:
        files: MusicXML scores; those that are no four-part chorale in 4/4 are passed over.
        progress: called with (scores read, scores in all) after each score.
    """
    chorales = []
    for done, path in enumerate(files, start=1):
        if (chorale := read_chorale(path)) is not None:
            chorales.append(chorale)
        if progress is not None:
            progress(done, len(files))
    return _cut(chorales)


def read_chorale(path: Path) -> Chorale | None:
    """Reads one score, or returns None if it is no four-part chorale in 4/4 throughout."""
    score = read_parts(path)
    parts = score if len(score) == 4 else [p for name in TRACKS for p in score if p.name == name]
    if len(parts) != 4 or {time for part in score for time in part.times} != {"4/4"}:
        return None
    steps = max(round(STEPS_PER_BEAT * sum(m.length for m in part.measures)) for part in parts)
    pitch = np.full((steps, 4), REST, np.int8)
    onset, blurred = np.zeros((steps, 4), np.bool_), np.zeros((steps, 4), np.bool_)
    fermata = np.zeros((steps, 4), np.bool_)
    for voice, part in enumerate(parts):
        _write_voice(part, pitch[:, voice], onset[:, voice], fermata[:, voice], blurred[:, voice])
    return Chorale(
        name=path.name,
        pitch=pitch,
        onset=onset,
        fermata=np.asarray(fermata.any(axis=1)),
        blurred=np.asarray(blurred.any(axis=1)),
        bars=_bars(parts[0].measures),
        key=find_key(pitch_class_weights(pitch), parts[0].sharps),
    )


def _write_voice(
    part: Part,
    pitch: NDArray[np.int8],
    onset: NDArray[np.bool_],
    fermata: NDArray[np.bool_],
    blurred: NDArray[np.bool_],
) -> None:
    """Writes the notes of one part into the columns of its voice."""
    position, sounding = Fraction(0), REST
    for measure in part.measures:
        for note in measure.notes:
            start = STEPS_PER_BEAT * (position + note.start)
            end = start + STEPS_PER_BEAT * note.length
            first, last = -(-start // 1), -(-end // 1)  # a step belongs to the note at its start
            if start != first or end != last:
                blurred[int(start // 1) : int(last)] = True
            if note.pitch is not None and first < last:
                pitch[first:last] = note.pitch
                onset[first] = not (note.continues and note.pitch == sounding)
                fermata[first:last] |= note.fermata
            sounding = REST if note.pitch is None else note.pitch
        position += measure.length


def _bars(measures: tuple[Measure, ...]) -> tuple[int | None, ...]:
    """Finds the first step of each full bar; two measures that make one bar are merged."""
    lengths = [round(STEPS_PER_BEAT * measure.length) for measure in measures]
    starts = [sum(lengths[:index]) for index in range(len(lengths))]
    bars: list[int | None] = []
    index = 1 if lengths[0] < BAR_STEPS else 0  # the pickup
    while index < len(lengths):
        split = index + 1 < len(lengths) and lengths[index] + lengths[index + 1] == BAR_STEPS
        bars.append(starts[index] if split or lengths[index] == BAR_STEPS else None)
        index += 2 if split else 1
    return tuple(bars)


def _cut(chorales: list[Chorale]) -> PhraseSet:
    places = [(chorale, *start) for chorale in chorales for start in chorale.phrase_starts()]
    length = PHRASE_BARS * BAR_STEPS
    split = _splits()
    return PhraseSet(
        pitch=np.stack([c.pitch[step : step + length] for c, _, step in places]),
        onset=np.stack([c.onset[step : step + length] for c, _, step in places]),
        fermata=np.stack([c.fermata[step : step + length] for c, _, step in places]),
        source=np.array([c.name for c, _, _ in places]),
        tags=np.array(["bach"] * len(places)),
        tonic=np.array([c.key.tonic for c, _, _ in places], np.int8),
        mode=np.array([c.key.mode for c, _, _ in places]),
        bar=np.array([bar for _, bar, _ in places], np.int32),
        split=np.array([split.get(c.name, "train") for c, _, _ in places]),
        header={
            "schema_version": SCHEMA_VERSION,
            "name": "Bach chorales",
            "steps_per_beat": STEPS_PER_BEAT,
            "tracks": [track.lower() for track in TRACKS],
            "made": {"source": "Bach chorales, music21 corpus", "music21": corpus_version()},
        },
    )


def _splits() -> dict[str, str]:
    text = Path(__file__).with_name("split.json").read_text("utf-8")
    return {name: split for split, names in json.loads(text).items() for name in names}


def _no_corpus() -> MusicError:
    return MusicError(
        "no_corpus",
        "The Bach chorales come with music21, which is not installed.",
        "Install the extra `data`: pip install 'accompanist[data]'.",
    )
