import shutil
import threading

import numpy as np
import pytest

from inference.errors import ModelError
from inference.predictor import Predictor
from music.errors import MusicError
from music.manifest import GENERATOR_FILE
from music.rolls import roll_to_voices
from tests.tiny_models import ALTO, BASS, TENOR, describe, melody_pitches

MELODY = melody_pitches(60, 62, 64, 64, 67, 65, 64, 62)
ONSET = np.tile([True, False, False, False], 8)


@pytest.fixture(scope="module", params=["voices", "unet"])
def predictor(request, voices_folder, unet_folder):
    return Predictor(voices_folder if request.param == "voices" else unet_folder, threads=1)


def answer(predictor, batch=1, seed=0):
    noise = np.stack([predictor.noise(seed)] * batch)
    return predictor.accompany(np.tile(MELODY, (batch, 1)), np.tile(ONSET, (batch, 1)), noise)


def test_the_voices_are_where_the_model_puts_them(predictor):
    roll, onset = answer(predictor)
    assert roll.shape == onset.shape == (1, 32, 128, 3)
    pitch, _ = roll_to_voices(roll[0], onset[0])
    np.testing.assert_array_equal(pitch[:, 0], MELODY - ALTO)
    np.testing.assert_array_equal(pitch[:, 1], MELODY - TENOR)
    assert set(MELODY - pitch[:, 2]) <= {BASS, BASS + 4}
    assert (roll.sum(axis=2) == 1).all()


def test_repeated_notes_need_the_architecture_that_hears_them(predictor):
    _, onset = answer(predictor)
    starts = np.flatnonzero(onset[0, :, :, 0].any(axis=1)).tolist()
    if predictor.manifest.architecture == "voices":
        assert starts == [0, 4, 8, 12, 16, 20, 24, 28]
    else:  # a roll has no repeated notes, and its first step may be held over
        assert starts == [4, 8, 16, 20, 24, 28]


def test_a_batch_is_answered_like_its_rows(predictor):
    one, many = answer(predictor), answer(predictor, batch=7)
    for row in range(7):
        np.testing.assert_array_equal(many[0][row], one[0][0])
        np.testing.assert_array_equal(many[1][row], one[1][0])
    np.testing.assert_array_equal(answer(predictor)[0], one[0])  # and back to one row


def test_rests_are_answered_with_rests(predictor):
    pitch = np.where(np.arange(32) < 16, 60, -1)[None]
    roll, onset = predictor.accompany(pitch, np.arange(32)[None] == 0, predictor.noise(0)[None])
    assert roll[0, :16].any(axis=1).all()
    assert not roll[0, 16:].any()
    assert not onset[0, 16:].any()


def test_noise(predictor):
    noise = predictor.noise(5)
    assert noise.shape == predictor.manifest.noise_shape
    assert noise.dtype == np.float32
    np.testing.assert_array_equal(noise, predictor.noise(5))
    assert (noise != predictor.noise(6)).all()
    np.testing.assert_array_equal(predictor.noise(5, 0.5), noise / 2)
    assert not predictor.noise(2**32 - 1, 0).any()


def test_noise_decides(predictor):
    basses = {answer(predictor, seed=seed)[0][..., 2].tobytes() for seed in range(8)}
    assert len(basses) > 1


@pytest.mark.parametrize(
    ("pitch", "onset", "noise"),
    [((1, 31), (1, 31), 1), ((2, 32), (1, 32), 2), ((2, 32), (2, 32), 1), ((32,), (32,), 1)],
)
def test_wrong_shapes_are_refused(predictor, pitch, onset, noise):
    noises = np.stack([predictor.noise(0)] * noise)
    with pytest.raises(MusicError, match="must have shape"):
        predictor.accompany(np.full(pitch, 60), np.ones(onset, dtype=bool), noises)


def test_threads_get_their_own_answers(voices_folder):
    predictor = Predictor(voices_folder, threads=1)
    wrong = []

    def ask(transposition):
        for _ in range(50):
            pitch = np.full((3, 32), 60 + transposition)
            roll, _ = predictor.accompany(
                pitch, np.ones((3, 32), dtype=bool), np.stack([predictor.noise(0)] * 3)
            )
            if not roll[:, :, 60 + transposition - ALTO, 0].all():
                wrong.append(transposition)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def copy_of(folder, tmp_path):
    return shutil.copytree(folder, tmp_path / "model")


def fault_of(folder):
    with pytest.raises(ModelError) as caught:
        Predictor(folder)
    return caught.value


def test_a_changed_generator_is_refused(voices_folder, tmp_path):
    folder = copy_of(voices_folder, tmp_path)
    data = bytearray((folder / GENERATOR_FILE).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / GENERATOR_FILE).write_bytes(data)
    assert fault_of(folder).code == "model_file_changed"


def test_no_folder(tmp_path):
    assert fault_of(tmp_path / "absent").code == "model_missing"


@pytest.mark.parametrize("data", [b"", b"not a model", b"\x1c\x00\x00\x00TFL3" + bytes(64)])
def test_what_is_no_generator(data, tmp_path):
    (tmp_path / GENERATOR_FILE).write_bytes(data)
    describe().write(tmp_path, [GENERATOR_FILE])
    assert fault_of(tmp_path).code == "model_corrupt"


@pytest.mark.parametrize(
    "changes",
    [
        {"architecture": "unet", "noise_shape": [2, 8, 512]},
        {"noise_shape": [17]},
        {"phrase_steps": 64},
        {"tracks": ["melody", "bass"], "programs": [0, 0]},
    ],
)
def test_a_generator_that_breaks_the_promise_of_its_manifest(voices_folder, tmp_path, changes):
    folder = copy_of(voices_folder, tmp_path)
    describe(**changes).write(folder, [GENERATOR_FILE])
    fault = fault_of(folder)
    assert fault.code == "model_signature"
    assert "pitch" in fault.message
