import pytest

from launcher.errors import LauncherError
from launcher.folders import exact_folder, find_folder, list_folders, remove_folder


@pytest.fixture
def jobs(tmp_path):
    for name in ("bach-1", "bach-12", "own", ".draft-x", "no-record"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "job.json").touch()
    (tmp_path / "no-record" / "job.json").unlink()
    return tmp_path


def find(name, root):
    return find_folder(name, root, "job.json", "job").name


def test_names_beginnings_and_paths_find_a_job(jobs, monkeypatch):
    assert find("own", jobs) == "own"
    assert find("o", jobs) == "own"
    assert find("bach-12", jobs) == "bach-12"
    assert find("bach-1", jobs) == "bach-1"  # though another begins like it
    assert find(str(jobs / "own"), jobs / "elsewhere") == "own"
    assert find(f"{jobs}/own/", jobs) == "own"
    monkeypatch.chdir(jobs)
    assert find("./own", jobs) == "own"
    monkeypatch.chdir(jobs / "own")
    assert find(".", jobs) == "own"


@pytest.mark.parametrize(
    ("name", "code", "match"),
    [
        ("bach", "several_jobs", "2 jobs begin with 'bach': bach-1, bach-12"),
        ("bahc-1", "no_such_job", "Did you mean bach-1"),
        ("zzz", "no_such_job", "lists them all"),
        ("", "no_such_job", "There is no job ''"),
        ("no-record", "no_such_job", "There is no job"),
        (".draft-x/..", "no_such_job", "There is no job"),
    ],
)
def test_what_is_not_found_is_explained(jobs, name, code, match):
    with pytest.raises(LauncherError, match=match) as caught:
        find(name, jobs)
    assert caught.value.code == code


def test_lists_leave_out_drafts_and_strangers(jobs):
    assert [path.name for path in list_folders(jobs, "job.json")] == ["bach-1", "bach-12", "own"]
    assert list_folders(jobs / "nothing", "job.json") == []


def test_exact_folders_want_the_whole_name(jobs):
    assert exact_folder("own", jobs, "job.json") == jobs / "own"
    assert exact_folder("ow", jobs, "job.json") is None


def test_a_removed_folder_is_gone(jobs):
    (jobs / "own" / "model").mkdir()
    remove_folder(jobs / "own")
    assert sorted(path.name for path in jobs.iterdir()) == [
        ".draft-x",
        "bach-1",
        "bach-12",
        "no-record",
    ]
