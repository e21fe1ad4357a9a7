import subprocess
import sys

import numpy as np
import pytest

from music.chorales import build_chorales, corpus_files, load_chorales, read_chorale
from music.errors import MusicError
from music.keys import Key
from music.phrase_file import write_phrases
from music.phrases import in_range_transpositions

# A pickup, bars split at repeat signs, an irregular bar, instruments, thirty-seconds, a grace
# note, an unzipped score, a piano piece and a chorale in 3/4.
HANDFUL = (
    "bwv66.6.mxl",
    "bwv432.mxl",
    "bwv4.8.mxl",
    "bwv1.6.mxl",
    "bwv185.6.mxl",
    "bwv315.mxl",
    "bwv69.6.xml",
    "bwv846.mxl",
    "bwv269.mxl",
)


@pytest.fixture(scope="module")
def scores():
    return {path.name: path for path in corpus_files()}


def test_how_many_there_are(chorales):
    assert len(chorales) == 3719
    parts = [chorales.part(split) for split in ("train", "valid", "test")]
    assert [len(part) for part in parts] == [2972, 374, 373]
    songs = [set(part.source) for part in parts]
    assert [len(names) for names in songs] == [281, 40, 36]
    assert len(set.union(*songs)) == 281 + 40 + 36


def test_what_they_are_like(chorales):
    """The published facts of this data set; it was counted by others with music21's own parser."""
    pitch, onset = chorales.pitch, chorales.onset
    assert pitch.shape == (3719, 32, 4)
    assert pitch.min(axis=(0, 1)).tolist() == [57, 53, 48, 36]
    assert pitch.max(axis=(0, 1)).tolist() == [81, 74, 69, 64]
    assert len(np.unique(pitch, axis=0)) == 3513
    assert len(np.unique(pitch - pitch[:, :1, :1], axis=0)) == 3466
    assert onset[:, 1::2].sum() / onset.sum() == pytest.approx(0.014, abs=5e-4)
    repeats = onset[:, 1:] & (pitch[:, 1:] == pitch[:, :-1])
    shares = repeats.sum(axis=(0, 1)) / onset[:, 1:].sum(axis=(0, 1))
    assert shares == pytest.approx([0.155, 0.193, 0.174, 0.028], abs=5e-4)
    assert (~onset[:, 0]).any(axis=1).mean() == pytest.approx(0.09, abs=5e-3)
    assert chorales.fermata.any(axis=1).mean() == pytest.approx(0.89, abs=5e-3)
    by_song = dict(zip(chorales.source, chorales.mode, strict=True))
    minor = sum(mode == "minor" for mode in by_song.values())
    assert minor / 358 == pytest.approx(0.447, abs=5e-4)  # the 358th has no phrase
    low, high = in_range_transpositions(pitch, pitch.min(axis=(0, 1)), pitch.max(axis=(0, 1)))
    assert (high - low + 1).mean() == pytest.approx(12.07, abs=0.02)
    assert np.all((low <= 0) & (high >= 0))


def test_every_change_of_pitch_is_an_onset(chorales):
    changes = chorales.pitch[:, 1:] != chorales.pitch[:, :-1]
    assert np.all(chorales.onset[:, 1:][changes])


def test_a_chorale_by_hand(scores):
    """BWV 66.6, read from the printed score: a pickup of two eighths, F sharp minor."""
    chorale = read_chorale(scores["bwv66.6.mxl"])
    assert chorale.key == Key(6, "minor")
    assert chorale.bars == tuple(range(4, 133, 16))
    assert chorale.pitch[:6].tolist() == [
        [73, 64, 57, 57],
        [73, 64, 57, 57],
        [71, 64, 59, 56],
        [71, 64, 59, 56],
        [69, 66, 61, 54],
        [69, 66, 61, 54],
    ]
    assert chorale.onset[:5].astype(int).tolist() == [
        [1, 1, 1, 1],
        [0, 0, 0, 0],
        [1, 0, 1, 1],
        [0, 0, 0, 0],
        [1, 1, 1, 1],
    ]
    # each line of the hymn ends with a fermata of one beat, on the third beat of its bar
    begins = np.flatnonzero(chorale.fermata[1:] & ~chorale.fermata[:-1]) + 1
    assert begins.tolist() == [12, 28, 44, 76, 108, 140]
    assert list(chorale.phrase_starts()) == [(bar, 4 + 16 * bar) for bar in range(7)]


def test_bars_split_at_repeats_are_merged_and_others_break_the_chain(scores):
    split = read_chorale(scores["bwv432.mxl"])  # 1 + 4 4 4 3|1 4 4 4 3
    assert split.bars == (4, 20, 36, 52, 68, 84, 100, None)
    irregular = read_chorale(scores["bwv4.8.mxl"])  # 1 + 4 4 4 3 4 4 4 3|1 4 4 4 4
    assert irregular.bars[2:5] == (36, None, 64)
    assert [bar for bar, _ in irregular.phrase_starts()] == [0, 1, 4, 5, 6, 7, 8, 9, 10]


def test_phrases_with_thirty_seconds_are_left_out(scores):
    chorale = read_chorale(scores["bwv432.mxl"])
    # soprano, the bar at step 52: F# G in the last sixteenth of the second beat; E.. F# G at 84
    assert np.flatnonzero(chorale.blurred).tolist() == [59, 87]
    assert chorale.pitch[56:61, 0].tolist() == [67, 67, 67, 66, 69]  # the first of the two wins
    assert [bar for bar, _ in chorale.phrase_starts()] == [0, 1]


def test_voices_are_taken_by_name(scores):
    with_horn = read_chorale(scores["bwv1.6.mxl"])
    assert with_horn.pitch[0].tolist() == [65, 60, 57, 53]
    assert read_chorale(scores["bwv846.mxl"]) is None  # a prelude for piano
    assert read_chorale(scores["bwv269.mxl"]) is None  # 3/4
    assert read_chorale(scores["bwv227.3.mxl"]) is None  # five voices, two sopranos


def test_notes_are_those_that_music21_reads(scores):
    from music21.converter import Converter

    for name in HANDFUL[:6]:
        ours = read_chorale(scores[name])
        reader = Converter()
        reader.parseFileNoPickle(scores[name])  # music21 would keep pickles of its own
        by_name = {part.partName: part for part in reader.stream.parts}
        parts = [by_name[voice] for voice in ("Soprano", "Alto", "Tenor", "Bass")]
        for voice, part in enumerate(parts):
            for note in part.flatten().notesAndRests:
                start, end = 4 * note.offset, 4 * (note.offset + note.quarterLength)
                if note.duration.isGrace or start % 1 or end % 1:
                    continue
                span = slice(int(start), int(end))
                expected = -1 if note.isRest else note.pitch.midi
                assert np.all(ours.pitch[span, voice] == expected)
                if not note.isRest:
                    tied = note.tie is not None and note.tie.type in ("stop", "continue")
                    assert ours.onset[int(start), voice] == (not tied)
                    assert not ours.onset[int(start) + 1 : int(end), voice].any()
                if any("Fermata" in mark.classes for mark in note.expressions):
                    assert ours.fermata[span].all()


def test_a_rebuild_is_bit_identical(scores, tmp_path, chorales):
    files = [scores[name] for name in HANDFUL]
    seen = []
    first = build_chorales(files, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(count, len(files)) for count in range(1, len(files) + 1)]
    write_phrases(first, tmp_path / "first.npz")
    write_phrases(build_chorales(files), tmp_path / "second.npz")
    assert (tmp_path / "first.npz").read_bytes() == (tmp_path / "second.npz").read_bytes()
    whole = chorales.take(np.isin(chorales.source, list(HANDFUL)))
    order = np.lexsort((whole.bar, whole.source))
    again = np.lexsort((first.bar, first.source))
    assert whole.take(order).fingerprint == first.take(again).fingerprint


def test_the_cache_is_used_mended_and_rebuilt_when_asked(tmp_path, monkeypatch, scores):
    built = []

    def build(files, *, progress=None):
        built.append(len(files))
        return build_chorales([scores["bwv66.6.mxl"]], progress=progress)

    monkeypatch.setattr("music.chorales.build_chorales", build)
    first = load_chorales(folder=tmp_path)
    (cached,) = tmp_path.iterdir()
    assert cached.name == "chorales-1-10.5.1.npz"
    assert load_chorales(folder=tmp_path).fingerprint == first.fingerprint
    assert built == [410]
    cached.write_bytes(cached.read_bytes()[:1000])
    assert load_chorales(folder=tmp_path).fingerprint == first.fingerprint
    before = cached.read_bytes()
    load_chorales(folder=tmp_path, rebuild=True)
    assert cached.read_bytes() == before
    assert built == [410] * 3


def test_two_processes_may_build_at_once(tmp_path):
    """Each starts with an empty cache folder; both end with the same whole file."""
    code = (
        "import sys; from pathlib import Path; from music import chorales as c;"
        "files = c.corpus_files()[:12]; c.corpus_files = lambda: files;"
        "print(c.load_chorales(folder=Path(sys.argv[1]), rebuild=True).fingerprint)"
    )
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    answers = {child.communicate(timeout=60)[0] for child in children}
    assert [child.returncode for child in children] == [0, 0]
    assert len(answers) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["chorales-1-10.5.1.npz"]


def test_without_music21_the_cure_is_said(monkeypatch, tmp_path):
    def nothing(name):
        raise PackageNotFoundError(name)

    from importlib.metadata import PackageNotFoundError

    monkeypatch.setattr("importlib.metadata.version", nothing)
    with pytest.raises(MusicError, match=r"Install the extra `data`"):
        load_chorales(folder=tmp_path)
