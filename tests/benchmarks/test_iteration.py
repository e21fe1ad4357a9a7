"""What is told of the iterations that were measured, and that all sides hear the same music."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import iteration
from benchmarks.bench import Bench
from benchmarks.flops import unet_iteration_flops
from benchmarks.peers.iterate import rolls, voices
from benchmarks.sides import Effort

# CPU-seconds of three rounds. The median of the ratios is 2.0 for TensorFlow; the ratio of the
# medians is 3.0, that of the sums 2.75.
OURS, TENSORFLOW, JAX = (10.0, 20.0, 10.0), (20.0, 30.0, 60.0), (25.0, 35.0, 19.5)
SMALL = (5.0, 10.0, 5.0)  # ours with the batches that JAX has
LOW = (8.0, 8.0, 4.0)  # in bfloat16: 2.5 times, the ratio of the medians is 1.25


@pytest.fixture
def asked(monkeypatch):
    """Lets the sides take known times, and PyTorch be absent; collects what they are asked."""
    seconds = {
        "ours": OURS,
        "ours in bfloat16": LOW,
        "ours, batches of 32": SMALL,
        "TensorFlow": TENSORFLOW,
        "JAX": JAX,
    }
    found = []

    def take_turns(sides, *, rounds, environment):
        found.append((sides, rounds))
        return {name: [Effort(cpu / 2, cpu, 100.0) for cpu in seconds[name]] for name in sides}

    monkeypatch.setattr(iteration, "take_turns", take_turns)
    monkeypatch.setattr(iteration, "find_spec", lambda name: None if name == "torch" else name)
    monkeypatch.setattr(iteration, "has_bfloat16", lambda: True)
    return found


def measure(limits, quick=False):
    section = iteration.measure(Bench(quick, Path("unused"), limits))
    return section, {number.key: number for number in section.numbers if number.key}


def test_ratios_are_of_the_rounds_and_beside_their_goals(asked):
    _, numbers = measure({})
    port = numbers["unet_over_port"]
    assert (port.value, port.lowest, port.highest, port.holds) == (2.0, 1.5, 6.0, True)
    assert (numbers["unet_over_jax"].value, numbers["unet_over_jax"].holds) == (3.9, False)
    ((sides, rounds),) = asked
    assert rounds >= 5
    batches = {name: command[-1] for name, command in sides.items()}
    assert {name for name, batch in batches.items() if batch == "32"} == {
        "JAX",
        "ours, batches of 32",
    }
    assert set(batches.values()) == {"64", "32"}


def test_a_goal_is_told_of_the_batch_that_it_is_for(asked):
    numbers = measure({}, quick=True)[1]
    assert numbers["unet_over_port"].value == 2.0
    assert numbers["unet_over_port"].goal is None


def test_bfloat16_is_beside_float32_where_the_processor_has_it(asked, monkeypatch):
    assert measure({})[1]["unet_over_bfloat16"].value == 2.5
    assert "unet_over_bfloat16" not in measure({}, quick=True)[1]
    monkeypatch.setattr(iteration, "has_bfloat16", lambda: False)
    section, numbers = measure({})
    assert "unet_over_bfloat16" not in numbers
    assert any("no instructions for bfloat16" in remark for remark in section.remarks)


def test_a_peer_that_is_not_installed_is_told(asked):
    section, numbers = measure({})
    assert "unet_over_pytorch" not in numbers
    (remark,) = section.remarks
    assert remark.startswith("PyTorch is not installed")
    assert Path(remark.split("`")[1].rpartition(" ")[2]).exists()


def test_the_share_of_the_limit_is_told_where_that_was_measured(asked):
    assert "unet_share_of_limit" not in measure({"another": 1.0})[1]
    flop = unet_iteration_flops(64, 4).ours
    _, numbers = measure({iteration.LIMIT: flop / 1e9 / 4.0})
    assert numbers["unet_share_of_limit"].value == pytest.approx(80.0)  # 5 s instead of 4


def test_all_sides_hear_the_same_music():
    heard = np.stack(rolls(2))
    assert heard.shape == (6, 2, 32, 128, 4)
    assert set(np.unique(heard)) == {-1.0, 1.0}
    np.testing.assert_array_equal(heard.argmax(axis=3), voices(2))
    assert (heard.sum(axis=3) == -126).all()
