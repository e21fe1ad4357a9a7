"""The short form of the kill sweep."""

from tests.kill_sweep import sweep


def test_a_training_killed_twice_ends_as_an_undisturbed_one(tmp_path):
    [(moments, differing)] = sweep(tmp_path, ("checkpoint", "export"), seed=0)
    assert len(moments) == 2
    assert differing == []
