"""Pictures of samples, of which each is drawn over the one before."""

import numpy as np
import pytest

from training.roll_picture import RollPicture


def rolls(*pitches, steps=48):
    """Tracks that hold one pitch each."""
    drawn = np.zeros((len(pitches), steps, 128), bool)
    drawn[np.arange(len(pitches)), :, pitches] = True
    return list(drawn)


@pytest.fixture
def draw(tmp_path):
    def written(picture, *pitches, title="one"):
        picture.write(rolls(*pitches), tmp_path / "draft", title)
        return (tmp_path / "draft").read_bytes()

    return written


def test_a_picture_shows_its_own_notes_and_title_alone(draw):
    picture = RollPicture(("melody", "bass"), 4)
    first, other, renamed = (
        draw(picture, 60, 50),
        draw(picture, 60, 47),
        draw(picture, 60, 47, title="two"),
    )
    assert len({first, other, renamed}) == 3
    assert draw(picture, 60, 50) == first
    assert draw(RollPicture(("melody", "bass"), 4), 60, 47) == other
