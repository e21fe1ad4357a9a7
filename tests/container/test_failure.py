"""The failure file: the cause first, in what SageMaker shows of it."""

import pytest

from container import failure


def fail(depth):
    if depth:
        fail(depth - 1)
    raise ValueError("the cause")


@pytest.mark.parametrize("depth", [0, 40])
def test_the_cause_comes_first_and_the_innermost_call_last(depth):
    with pytest.raises(ValueError, match="the cause") as caught:
        fail(depth)
    text = failure.describe(caught.value)
    assert text.startswith("ValueError: the cause\n\n")
    assert text.endswith('raise ValueError("the cause")')
    assert len(text) <= 1024


def test_a_cause_that_fills_the_page_stands_alone():
    text = failure.describe(RuntimeError("x" * 5000))
    assert len(text) == 1024
    assert text.startswith("RuntimeError: xxx")


def test_written_cut_and_cleared_by_the_next_run(tmp_path):
    path = tmp_path / "output" / "failure"
    failure.write(path, "é" * 2000)
    assert path.read_text(encoding="utf-8") == "é" * 1024
    failure.prepare(path)
    failure.prepare(path)
    assert not path.exists()
    failure.give_up_room(path)
    assert list(path.parent.iterdir()) == []


def test_no_base_folder_is_made_for_it(tmp_path):
    path = tmp_path / "absent" / "output" / "failure"
    failure.prepare(path)
    failure.write(path, "x")
    assert list(tmp_path.iterdir()) == []
