import pytest

from launcher.drafts import draft_of, exclusive, whole_file, write_whole
from launcher.errors import LauncherError


def test_a_file_is_replaced_at_once(tmp_path):
    path = tmp_path / "song.mid"
    path.write_bytes(b"old")
    with whole_file(path) as draft:
        draft.write_bytes(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_leaves_the_old_file_and_no_draft(tmp_path):
    path = tmp_path / "song.mid"
    write_whole(path, b"old")

    def break_off():
        with whole_file(path) as draft:
            draft.write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_drafts_lie_beside_and_differ(tmp_path):
    drafts = {draft_of(tmp_path / "a") for _ in range(10)}
    assert len(drafts) == 10
    assert {draft.parent for draft in drafts} == {tmp_path}


def test_one_holder_at_a_time(tmp_path):
    with exclusive(tmp_path), pytest.raises(LauncherError, match="Another command"):  # noqa: SIM117
        with exclusive(tmp_path):
            pass
    with exclusive(tmp_path):
        pass
