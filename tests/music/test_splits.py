import numpy as np
import pytest

from music.splits import group_songs, phrase_marks, split_songs


def phrases(number, count=3):
    random = np.random.default_rng(number)
    pitch = np.repeat(random.integers(40, 70, (count, 8, 2)), 4, axis=1).astype(np.int8)
    onset = np.broadcast_to((np.arange(32) % 4 == 0)[:, None], pitch.shape)
    return pitch, onset


def marks_of(pitch, onset):
    joined = phrase_marks(pitch, onset)
    return {joined[at : at + 16] for at in range(0, len(joined), 16)}


def test_a_transposed_phrase_has_the_same_marks():
    pitch, onset = phrases(1)
    assert phrase_marks(pitch, onset) == phrase_marks(pitch[::-1] + np.int8(5), onset)
    lower = pitch.copy()
    lower[..., 1] -= 12
    assert len(marks_of(pitch, onset)) == 6
    assert len(marks_of(pitch, onset) & marks_of(lower, onset)) == 3  # the melodies
    assert not marks_of(pitch, onset) & marks_of(*phrases(2))


def test_a_rest_is_not_a_pitch_and_a_repetition_not_a_long_note():
    pitch, onset = phrases(1, 1)
    rested, held = pitch.copy(), onset.copy()
    rested[0, 8:12] = -1
    held[0, 8:12] = False
    marks = [marks_of(*given) for given in ((pitch, onset), (rested, onset), (pitch, held))]
    assert not marks[0] & marks[1]
    assert not marks[0] & marks[2]


def test_a_plain_melody_makes_nobody_kin():
    pitch, onset = phrases(1, 1)
    onset = onset.copy()
    onset[0, 4:, 0] = False
    other = pitch.copy()
    other[0, :, 1] += np.arange(32, dtype=np.int8) % 3
    assert not marks_of(pitch, onset) & marks_of(other, onset)


def marks(*letters):
    """Marks that begin alike, and end in a letter or a zero."""
    return b"".join(b"the same 15 byte"[:15] + letter for letter in letters)


def test_kinship_goes_through_others():
    own = [b"a"], [b"b"], [b"\0"], [b"a", b"\0"], [], [b"b", b"d"], [b"d"]
    assert group_songs([marks(*letters) for letters in own]) == [0, 1, 0, 0, 4, 1, 1]
    assert group_songs([]) == []


@pytest.mark.parametrize(
    ("sizes", "counts"),
    [
        ([10] * 10, (8, 1, 1)),
        ([20], (1, 0, 0)),
        ([10, 10], (1, 1, 0)),
        ([10, 10, 10], (2, 1, 0)),
        ([10, 10, 10, 10], (2, 1, 1)),
        ([30, 5], (1, 1, 0)),
        ([], (0, 0, 0)),
    ],
)
def test_the_shares(sizes, counts):
    own = [marks(bytes([number])) for number in range(len(sizes))]
    found = split_songs(list(range(len(sizes))), sizes, own)
    assert tuple(found.count(split) for split in ("train", "valid", "test")) == counts


def test_a_group_stays_together_and_the_order_of_files_does_not_matter():
    own = [marks(bytes([number // 2])) for number in range(40)]
    sizes = [number // 2 % 5 + 1 for number in range(40)]
    split = split_songs(group_songs(own), sizes, own)
    assert split[::2] == split[1::2]
    assert set(split) == {"train", "valid", "test"}
    turned = split_songs(group_songs(own[::-1]), sizes[::-1], own[::-1])
    assert turned[::-1] == split
