"""Divides songs into training, validation and test so that no music is in two of them."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SHARES = {"train": 0.8, "valid": 0.1, "test": 0.1}
LEAST_TRAIN = 0.5  # what training keeps where there are few songs

_TELLING_NOTES = 8  # a melody of fewer notes in a phrase may be anyone's


def phrase_marks(pitch: NDArray[np.int8], onset: NDArray[np.bool_]) -> set[bytes]:
    """Returns what two versions of one piece have in common, in whatever key they are.

    Args:
        pitch: `(n, time, track)`, the melody first.
        onset: shaped like `pitch`.

    Returns:
        A mark for each phrase, and one for each of its melodies that is telling.
    """
    marks = set()
    for notes, starts in zip(pitch, onset, strict=True):
        marks.add(_mark(notes, starts))
        if starts[:, 0].sum() >= _TELLING_NOTES:
            marks.add(_mark(notes[:, :1], starts[:, :1]))
    return marks


def group_songs(marks: Sequence[set[bytes]]) -> list[int]:
    """Puts songs that share a mark, directly or through others, into one group.

    Args:
        marks: of each song.

    Returns:
        The group of each song: the index of its first song.
    """
    parent = list(range(len(marks)))

    def root(song: int) -> int:
        while parent[song] != song:
            parent[song] = parent[parent[song]]
            song = parent[song]
        return song

    owner: dict[bytes, int] = {}
    for song, own in enumerate(marks):
        for mark in own:
            one, other = sorted((root(song), root(owner.setdefault(mark, song))))
            parent[other] = one
    return [root(song) for song in range(len(marks))]


def split_songs(
    groups: Sequence[int], sizes: Sequence[int], marks: Sequence[set[bytes]]
) -> list[str]:
    """Gives whole groups to the splits, 80 : 10 : 10 by phrases as nearly as they allow.

    The music alone decides, not the names or the order of the files. Few groups leave the test or
    the validation split empty, for training keeps at least half of the phrases.

    Args:
        groups: the group of each song.
        sizes: the phrases of each song.
        marks: the marks of each song.

    Returns:
        The split of each song.
    """
    size: dict[int, int] = {}
    order: dict[int, bytes] = {}
    for group, phrases, own in zip(groups, sizes, marks, strict=True):
        size[group] = size.get(group, 0) + phrases
        order[group] = min(own | ({order[group]} if group in order else set()), default=b"")
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
    digest = hashlib.blake2b(content.tobytes(), digest_size=16)
    digest.update(np.packbits(onset).tobytes())
    return digest.digest()
