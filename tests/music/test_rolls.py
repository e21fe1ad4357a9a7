import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from music.errors import MusicError
from music.midi import read_midi, write_midi
from music.rolls import (
    check_shape,
    count_steps,
    held_onsets,
    melody_of_notes,
    notes_of_roll,
    notes_of_voice,
    roll_of_notes,
    roll_to_voices,
    voices_to_roll,
)
from music.song import Note, Song, Track

# Steps of 480, 96 and 24 ticks a quarter at 4 steps a beat, and two that are no whole numbers.
step_lengths = st.sampled_from((120, 24, 6, 6.25, 480 / 7))


@st.composite
def voices(draw: st.DrawFn, *, tied_in: bool = True, axes: int = 2) -> tuple:
    """Voices `(..., time, voice)` with `axes` axes, as the module describes them."""
    shape = draw(hnp.array_shapes(min_dims=axes, max_dims=axes, max_side=12))
    # Few pitches, so that rests and repeated pitches are frequent.
    pitch = draw(hnp.arrays(np.int8, shape, elements=st.sampled_from((-1, 0, 60, 127))))
    onset = draw(hnp.arrays(bool, shape)) & (pitch >= 0)
    changes = held_onsets(pitch)
    if tied_in:
        changes[..., 0, :] = False
    return pitch, onset | changes


def voice(*steps: str) -> tuple[np.ndarray, np.ndarray]:
    """A voice `(time,)` of words: `60` starts a note, `-` holds it, `.` is a rest."""
    pitch, onset = [], []
    for word in " ".join(steps).split():
        pitch.append(pitch[-1] if word == "-" else -1 if word == "." else int(word))
        onset.append(word not in "-.")
    return np.array(pitch, dtype=np.int8), np.array(onset)


def assert_voice(found: tuple[np.ndarray, np.ndarray], *steps: str) -> None:
    pitch, onset = voice(*steps)
    np.testing.assert_array_equal(found[0], pitch)
    np.testing.assert_array_equal(found[1], onset)
    assert found[0].dtype == np.int8
    assert found[1].dtype == bool


def through_midi(notes: list[Note]) -> tuple[Note, ...]:
    return read_midi(write_midi(Song(480, (Track("Voice", 0, tuple(notes)),)))).tracks[0].notes


class TestCheckShape:
    @pytest.mark.parametrize(
        "shape", [(2, 3), (None, 3), (..., 3), (..., 2, None), (..., 2, 3), (None, None)]
    )
    def test_a_match_passes(self, shape):
        check_shape("roll", np.zeros((2, 3)), shape)

    @pytest.mark.parametrize(
        ("shape", "words"),
        [
            ((3, 2), "(3, 2)"),
            ((2,), "(2)"),
            ((2, 3, None), "(2, 3, any)"),
            ((..., 2), "(..., 2)"),
            ((..., None, 2, 3), "(..., any, 2, 3)"),
        ],
    )
    def test_a_mismatch_is_named(self, shape, words):
        with pytest.raises(MusicError) as caught:
            check_shape("roll", np.zeros((2, 3)), shape)
        assert caught.value.code == "wrong_shape"
        assert caught.value.message == f"`roll` must have shape {words}; received (2, 3)."


class TestHeldOnsets:
    def test_a_note_starts_where_the_pitch_changes(self):
        pitch = [60, 60, 62, -1, -1, 62, 0, 127, 0]
        expected = [1, 0, 1, 0, 0, 1, 1, 1, 1]
        np.testing.assert_array_equal(held_onsets(pitch, axis=-1), expected)

    def test_time_is_the_axis_before_the_voices(self):
        pitch = np.array([[60, 48], [60, 50], [62, 50]])
        np.testing.assert_array_equal(held_onsets(pitch), [[1, 1], [0, 1], [1, 0]])
        np.testing.assert_array_equal(held_onsets(pitch[None])[0], held_onsets(pitch))


class TestVoicesAndRolls:
    @settings(deadline=None)
    @given(voices() | voices(axes=3) | voices(axes=4))
    def test_voices_come_back_from_their_roll(self, music):
        pitch, onset = music
        roll, roll_onset = voices_to_roll(pitch, onset)
        assert roll.shape == (*pitch.shape[:-1], 128, pitch.shape[-1])
        assert not (roll_onset & ~roll).any()
        back = roll_to_voices(roll, roll_onset)
        np.testing.assert_array_equal(back[0], pitch)
        np.testing.assert_array_equal(back[1], onset)
        assert back[0].dtype == np.int8

    def test_axes_are_time_pitch_track(self):
        roll, roll_onset = voices_to_roll([[60, -1], [60, 43]], [[True, False], [False, True]])
        assert np.argwhere(roll).tolist() == [[0, 60, 0], [1, 43, 1], [1, 60, 0]]
        assert np.argwhere(roll_onset).tolist() == [[0, 60, 0], [1, 43, 1]]

    def test_the_highest_pitch_wins_and_each_change_is_an_onset(self):
        roll = np.zeros((4, 128, 1), dtype=bool)
        roll[0:4, 48] = roll[1:3, 72] = True
        onset = np.zeros_like(roll)
        onset[0, 48] = onset[1, 72] = onset[2, 48] = True  # the last is hidden below 72
        pitch, starts = roll_to_voices(roll, onset)
        assert pitch[:, 0].tolist() == [48, 72, 72, 48]
        assert starts[:, 0].tolist() == [True, True, False, True]

    def test_a_note_may_be_held_over_from_before(self):
        roll = np.zeros((2, 128, 1), dtype=bool)
        roll[:, 60] = True
        assert not roll_to_voices(roll, np.zeros_like(roll))[1].any()
        assert roll_to_voices(roll)[1][:, 0].tolist() == [True, False]

    def test_wrong_shapes_are_refused(self):
        with pytest.raises(MusicError, match="`onset` must have shape"):
            voices_to_roll(np.zeros((4, 3)), np.zeros((3, 4)))
        with pytest.raises(MusicError, match=r"`roll` must have shape \(..., any, 128, any\)"):
            roll_to_voices(np.zeros((4, 128)))
        with pytest.raises(MusicError, match="`roll_onset` must have shape"):
            roll_to_voices(np.zeros((4, 128, 2)), np.zeros((4, 128, 1)))


class TestVoicesAndNotes:
    def test_known_notes(self):
        pitch, onset = voice("60 - 60 . 62")
        assert notes_of_voice(pitch, onset, 120, start_tick=1000, velocity=99) == [
            Note(1000, 1240, 60, 99),
            Note(1240, 1360, 60, 99),
            Note(1480, 1600, 62, 99),
        ]

    @pytest.mark.parametrize("steps", ["", ". .", "60", "0 - 0 127"])
    def test_short_voices(self, steps):
        pitch, onset = voice(steps)
        notes = notes_of_voice(pitch, onset, 24)
        assert len(notes) == onset.sum()
        assert_voice(melody_of_notes(notes, 24, len(pitch)), steps)

    def test_a_pitch_change_starts_a_note_even_without_an_onset(self):
        pitch, _ = voice("60 62")
        assert len(notes_of_voice(pitch, [False, False], 24)) == 2

    @settings(deadline=None)
    @given(voices(tied_in=False), step_lengths, st.integers(0, 10_000))
    @example((np.array([[60], [60]], np.int8), np.array([[True], [True]])), 120, 0)
    def test_voices_come_back_from_midi(self, music, ticks_per_step, start_tick):
        for pitch, onset in zip(music[0].T, music[1].T, strict=True):
            if not onset.any():
                continue
            notes = through_midi(notes_of_voice(pitch, onset, ticks_per_step, start_tick))
            back = melody_of_notes(notes, ticks_per_step, len(pitch), start_tick)
            np.testing.assert_array_equal(back[0], pitch)
            np.testing.assert_array_equal(back[1], onset)

    def test_wrong_shapes_are_refused(self):
        with pytest.raises(MusicError, match=r"`pitch` must have shape \(any\)"):
            notes_of_voice(np.zeros((4, 1)), np.zeros((4, 1)), 24)
        with pytest.raises(MusicError, match="`onset` must have shape"):
            notes_of_voice(np.zeros(4), np.zeros(5), 24)


class TestRollsAndNotes:
    def test_known_notes(self):
        notes = [Note(0, 48, 60), Note(24, 72, 64), Note(48, 72, 60)]
        roll, onset = roll_of_notes(notes, 24, 4)
        assert np.argwhere(roll).tolist() == [[0, 60], [1, 60], [1, 64], [2, 60], [2, 64]]
        assert np.argwhere(onset).tolist() == [[0, 60], [1, 64], [2, 60]]
        assert notes_of_roll(roll, onset, 24) == sorted(notes)

    @settings(deadline=None)
    @given(
        hnp.arrays(bool, st.tuples(st.integers(1, 12), st.just(6))),
        st.data(),
        step_lengths,
        st.integers(0, 10_000),
    )
    def test_rolls_come_back_from_midi(self, few, data, ticks_per_step, start_tick):
        roll = np.zeros((len(few), 128), dtype=bool)
        roll[:, [0, 1, 59, 60, 126, 127]] = few
        onset = np.zeros_like(roll)
        onset[:, [0, 1, 59, 60, 126, 127]] = data.draw(hnp.arrays(bool, few.shape))
        onset = (onset | held_onsets(np.where(roll, 0, -1))) & roll
        if not roll.any():
            return
        notes = through_midi(notes_of_roll(roll, onset, ticks_per_step, start_tick))
        assert count_steps(notes, ticks_per_step, start_tick) == np.flatnonzero(roll.any(1))[-1] + 1
        back = roll_of_notes(notes, ticks_per_step, len(roll), start_tick)
        np.testing.assert_array_equal(back[0], roll)
        np.testing.assert_array_equal(back[1], onset)

    @settings(deadline=None)
    @given(voices(tied_in=False), step_lengths)
    def test_a_voice_has_the_notes_of_its_roll(self, music, ticks_per_step):
        roll, roll_onset = voices_to_roll(*music)
        for index in range(roll.shape[-1]):
            assert notes_of_roll(
                roll[..., index], roll_onset[..., index], ticks_per_step
            ) == notes_of_voice(music[0][:, index], music[1][:, index], ticks_per_step)

    @pytest.mark.parametrize(
        ("note", "steps"),
        [
            (Note(0, 24, 60), range(1)),
            (Note(11, 35, 60), range(1)),
            (Note(12, 36, 60), range(1, 2)),  # halves go up, at either end
            (Note(35, 36, 60), range(1, 2)),  # too short for a step: one step
            (Note(0, 35, 60), range(1)),
            (Note(0, 36, 60), range(2)),
            (Note(37, 49, 60), range(2, 3)),
        ],
    )
    def test_times_are_rounded_to_the_nearest_step(self, note, steps):
        roll, onset = roll_of_notes([note], 24, 4)
        assert np.flatnonzero(roll[:, 60]).tolist() == list(steps)
        assert np.flatnonzero(onset[:, 60]).tolist() == [steps[0]]
        assert count_steps([note], 24) == steps[-1] + 1

    @settings(deadline=None)
    @given(st.integers(0, 500), st.integers(1, 500), st.integers(0, 9))
    def test_moving_music_by_steps_moves_its_roll(self, start, length, moved):
        note = Note(start, start + length, 60)
        later = Note(start + 24 * moved, start + length + 24 * moved, 60)
        roll, onset = roll_of_notes([note], 24, 50)
        for found in (
            roll_of_notes([later], 24, 50 + moved),
            roll_of_notes([later], 24, 50 + moved, start_tick=0),
        ):
            np.testing.assert_array_equal(found[0][moved:], roll)
            np.testing.assert_array_equal(found[1][moved:], onset)
        np.testing.assert_array_equal(roll_of_notes([later], 24, 50, 24 * moved)[0], roll)

    def test_what_lies_outside_is_left_out(self):
        notes = [Note(0, 48, 60), Note(72, 500, 62), Note(96, 120, 64), Note(0, 24, 65)]
        roll, onset = roll_of_notes(notes, 24, 3, start_tick=24)
        assert np.argwhere(roll).tolist() == [[0, 60], [2, 62]]
        assert np.argwhere(onset).tolist() == [[2, 62]]

    def test_a_note_within_another_of_its_pitch_ends_it(self):
        roll, onset = roll_of_notes([Note(0, 96, 60), Note(24, 48, 60)], 24, 5)
        assert notes_of_roll(roll, onset, 24) == [Note(0, 24, 60), Note(24, 96, 60)]

    def test_nothing(self):
        roll, onset = roll_of_notes([], 24, 3)
        assert roll.shape == onset.shape == (3, 128)
        assert not roll.any()
        assert notes_of_roll(roll, onset, 24) == []
        assert notes_of_roll(roll[:0], onset[:0], 24) == []
        assert count_steps([], 24) == 0

    def test_wrong_input_is_refused(self):
        with pytest.raises(MusicError, match=r"`roll` must have shape \(any, 128\)"):
            notes_of_roll(np.zeros((128, 4)), np.zeros((128, 4)), 24)
        for wrong in (0, 0.5, -24, float("nan")):
            with pytest.raises(MusicError, match="A step lasts one tick at least"):
                roll_of_notes([Note(0, 1, 60)], wrong, 4)


def line_of(*notes: tuple[int, int, int], steps: int = 8, start: int = 0) -> tuple:
    """The melody of notes (start, end, pitch) in steps."""
    return melody_of_notes([Note(24 * a, 24 * b, p) for a, b, p in notes], 24, steps, 24 * start)


class TestMelody:
    def test_a_melody_is_read_as_it_is(self):
        found = line_of((0, 2, 60), (2, 3, 60), (4, 8, 62))
        assert_voice(found, "60 - 60 . 62 - - -")

    def test_the_order_of_the_notes_does_not_matter(self):
        notes = [(0, 2, 60), (0, 4, 72), (2, 4, 76), (3, 8, 64)]
        for _ in range(len(notes)):
            notes = [*notes[1:], notes[0]]
            assert_voice(line_of(*notes), "72 - 76 64 - - - -")

    def test_of_a_chord_the_highest_is_the_melody(self):
        found = line_of((0, 4, 48), (0, 4, 64), (0, 4, 60))
        assert_voice(found, "64 - - - . . . .")

    def test_a_higher_note_that_starts_later_wins(self):
        assert_voice(line_of((0, 8, 60), (2, 8, 72)), "60 - 72 - - - - -")

    def test_a_lower_note_that_starts_later_waits_until_it_is_on_top(self):
        assert_voice(line_of((0, 4, 72), (2, 6, 60)), "72 - - - 60 - . .")

    def test_a_lower_note_that_ends_first_is_not_heard(self):
        assert_voice(line_of((0, 8, 72), (2, 4, 60)), "72 - - - - - - -")

    def test_a_covered_note_goes_on_with_an_onset(self):
        assert_voice(line_of((0, 8, 60), (2, 4, 72)), "60 - 72 - 60 - - -")

    def test_the_melody_does_not_fall_into_its_chord(self):
        found = line_of((0, 2, 72), (0, 8, 60), (0, 8, 48), (4, 6, 71))
        assert_voice(found, "72 - . . 71 - . .")

    def test_legato_of_one_step_does_not_delay_the_lower_note(self):
        assert_voice(line_of((0, 3, 72), (2, 5, 71), (4, 6, 69)), "72 - 71 - 69 - . .")

    def test_legato_takes_no_note_away(self):
        # The upper note has but this step; or the lower one would not outlast it.
        assert_voice(line_of((0, 1, 72), (0, 4, 60)), "72 . . . . . . .")
        assert_voice(line_of((0, 3, 72), (2, 3, 60)), "72 - - . . . . .")

    def test_a_repeated_pitch_is_an_onset(self):
        assert_voice(line_of((0, 4, 60), (2, 4, 60)), "60 - 60 - . . . .")

    def test_a_window_of_the_song(self):
        notes = [(0, 3, 60), (3, 5, 62), (6, 9, 64)]
        pitch, onset = line_of(*notes, steps=5, start=2)
        assert pitch.tolist() == [60, 62, 62, -1, 64]
        assert onset.tolist() == [False, True, False, False, True]

    def test_no_notes_are_a_rest(self):
        assert_voice(line_of(steps=3), ". . .")

    @settings(deadline=None)
    @given(
        st.lists(
            st.tuples(st.integers(0, 12), st.integers(1, 6), st.integers(60, 66)), max_size=12
        ),
        st.integers(0, 16),
    )
    def test_the_line_has_the_form_of_a_voice(self, rows, steps):
        notes = [Note(24 * a, 24 * (a + length), p) for a, length, p in rows]
        pitch, onset = melody_of_notes(notes, 24, steps)
        roll, _ = roll_of_notes(notes, 24, steps)
        assert not onset[pitch < 0].any()
        assert onset[held_onsets(pitch, axis=-1)].all()
        sounding = np.flatnonzero(pitch >= 0)
        assert roll[sounding, pitch[sounding]].all()
        # Whatever starts highest of all that sounds is in the line from its first step on.
        for note in notes:
            step = note.start // 24
            if step < steps and not roll[step, note.pitch + 1 :].any():
                assert pitch[step] == note.pitch
                assert onset[step]
