import pytest

from launcher.errors import LauncherError
from launcher.settings import check_settings, encode_values, merge_settings, split_pairs


def test_pairs_are_split_at_the_first_equals_sign():
    values, faults = split_pairs(["seed=1", "progress_s3_uri=s3://a/b=c", "seed=2", "kl_weight="])
    assert values == {"seed": "2", "progress_s3_uri": "s3://a/b=c", "kl_weight": ""}
    assert faults == []


def test_all_faults_are_told_at_once():
    values, faults = split_pairs(
        ["iteratons=3", "batch_size=many", "seed", "=1", "precision=float8"]
    )
    with pytest.raises(LauncherError) as caught:
        check_settings(values, faults)
    for fault in (
        "`seed` is no name=value",
        "`=1` is no name=value",
        "`iteratons` is unknown (did you mean `iterations`?)",
        "`batch_size` must be a valid integer, received 'many'",
        "`precision` must be 'float32' or 'bfloat16'",
    ):
        assert fault in caught.value.message
    assert "docs/hyperparameters.md" in caught.value.hint


def test_values_become_strings_that_mean_the_same():
    strings = encode_values({"iterations": 7, "architecture": "voices", "kl_weight": 1e-5})
    assert strings == {"iterations": "7", "architecture": "voices", "kl_weight": "1e-05"}
    checked = check_settings(strings)
    assert (checked.iterations, checked.kl_weight) == (7, 1e-5)


def test_iterations_beat_the_epochs_that_a_job_began_with():
    merged = merge_settings({"epochs": "3", "seed": "1"}, {"iterations": "9"})
    assert merged == {"iterations": "9", "seed": "1"}
