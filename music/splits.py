"""Divides songs into training, validation and test so that no music is in two of them."""

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

SHARES = {"train": 0.8, "valid": 0.1, "test": 0.1}
LEAST_TRAIN = 0.5  # what training keeps where there are few songs

_MARK = 16  # bytes
_TELLING_NOTES = 8  # a melody of fewer notes in a phrase may be anyone's


def phrase_marks(pitch: NDArray[np.int8], onset: NDArray[np.bool_]) -> bytes:
    """Returns what two versions of one piece have in common, in whatever key they are.

    Args:
        pitch: `(n, time, track)`, the melody first.
        onset: shaped like `pitch`.

    Returns:
        A mark of 16 bytes for each phrase, and one for each of its melodies that is telling: each
        once, in their order, joined, because a large data set has hundreds of thousands.
    """
    marks = set()
    for notes, starts in zip(pitch, onset, strict=True):
        marks.add(_mark(notes, starts))
        if starts[:, 0].sum() >= _TELLING_NOTES:
            marks.add(_mark(notes[:, :1], starts[:, :1]))
    return b"".join(sorted(marks))


def group_songs(marks: Sequence[bytes]) -> list[int]:
    """Puts songs that share a mark, directly or through others, into one group.

    Args:
        marks: of each song, as `phrase_marks` returns them.

    Returns:
        The group of each song: the index of its first song.
    """
    parent = list(range(len(marks)))

    def root(song: int) -> int:
        while parent[song] != song:
            parent[song] = parent[parent[song]]
            song = parent[song]
        return song

    for one, other in _neighbours(marks):
        first, second = sorted((root(one), root(other)))
        parent[second] = first
    return [root(song) for song in range(len(marks))]


def _neighbours(marks: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    """Yields pairs of songs with the same mark: enough to join all that share it."""
    halves = np.frombuffer(b"".join(marks), np.uint64).reshape(-1, 2).T
    owner = np.repeat(np.arange(len(marks)), [len(own) // _MARK for own in marks])
    order = np.lexsort(halves)
    same = (halves[:, order[1:]] == halves[:, order[:-1]]).all(axis=0)
    one, other = owner[order[:-1][same]], owner[order[1:][same]]
    yield from zip(one.tolist(), other.tolist(), strict=True)


def split_songs(groups: Sequence[int], sizes: Sequence[int], marks: Sequence[bytes]) -> list[str]:
    """Gives whole groups to the splits, 80 : 10 : 10 by phrases as nearly as they allow.

    The music alone decides, not the names or the order of the files. Few groups leave the test or
    the validation split empty, for training keeps at least half of the phrases.

    Args:
        groups: the group of each song.
        sizes: the phrases of each song.
        marks: of each song, as `phrase_marks` returns them.

    Returns:
        The split of each song.
    """
    size: dict[int, int] = {}
    order: dict[int, bytes] = {}
    for group, phrases, own in zip(groups, sizes, marks, strict=True):
        size[group] = size.get(group, 0) + phrases
        order[group] = min(filter(None, (order.get(group), own[:_MARK])), default=b"")
    total = sum(sizes)
    room = {split: share * total for split, share in SHARES.items()}
    split_of = {}
    ranked = sorted(size, key=lambda group: (-size[group], order[group]))
    for group in ranked:
        split_of[group] = max(room, key=lambda split: room[split])
        room[split_of[group]] -= size[group]
    for split in ("valid", "test"):
        train = [group for group in ranked if split_of[group] == "train"]
        left = sum(size[group] for group in train) - (size[train[-1]] if train else 0)
        if split not in split_of.values() and left >= LEAST_TRAIN * total > 0:
            split_of[train[-1]] = split
    return [split_of[group] for group in groups]


def _mark(pitch: NDArray[np.int8], onset: NDArray[np.bool_]) -> bytes:
    sounding = pitch >= 0
    lowest = pitch[sounding].min(initial=127)
    content = np.where(sounding, pitch - lowest, -1).astype(np.int8)
    digest = hashlib.blake2b(content.tobytes(), digest_size=_MARK)
    digest.update(np.packbits(onset).tobytes())
    return digest.digest()
